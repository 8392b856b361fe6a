//! What the machine asks of the program that embeds it.
//!
//! The machine opens no files, reads no clock and writes nowhere itself. Every method has a default that refuses, so an
//! embedder supplies what its programs may do and nothing else. What may take long answers with a [`Task`]: the process
//! that asked waits, the others go on.

use std::time::Duration;

use crate::beside::Task;

/// Why an operation of the host failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// There is no such file or directory; the machine puts the path into the message.
    NotFound,
    /// Anything else, in the words of the operating system.
    Other(String),
}

impl HostError {
    fn refused(what: &str) -> Self {
        HostError::Other(format!("{what} is not available here"))
    }
}

impl From<std::io::Error> for HostError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => HostError::NotFound,
            _ => HostError::Other(error.to_string()),
        }
    }
}

/// Result of an operation of the host.
pub type HostResult<T> = Result<T, HostError>;

/// Outcome of a program that ran to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecOutput {
    /// Exit code; negative if a signal ended it.
    pub exit_code: i64,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

/// How to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// For reading.
    Read,
    /// For writing, created or truncated.
    Write,
    /// For writing at the end, created if missing.
    Append,
}

/// Origin of a seek.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeekFrom {
    /// Start of the file.
    Start,
    /// Current position.
    Current,
    /// End of the file.
    End,
}

/// What evaluating source text gave.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// Display form of the value, or what went wrong.
    pub result: Result<String, String>,
    /// Steps that it took, charged to the machine that asked.
    pub steps: u64,
}

/// The embedder. Paths are as the program wrote them.
#[expect(unused_variables, reason = "defaults refuse without looking at their arguments")]
pub trait Host {
    /// Writes to standard output. The machine has buffered already; it calls this before waiting and at the end.
    fn write_stdout(&mut self, text: &str);
    /// Writes to standard error.
    fn write_stderr(&mut self, text: &str);

    /// Milliseconds since 1970-01-01 UTC.
    fn now_millis(&mut self) -> i64 {
        0
    }
    /// Time since some fixed moment, never going back.
    fn monotonic(&mut self) -> Duration {
        Duration::ZERO
    }
    /// Waits. The machine asks for short times so that it can be interrupted.
    fn sleep(&mut self, duration: Duration) {}
    /// Offset of local time from UTC at an instant, in seconds.
    fn utc_offset_seconds(&mut self, at_millis: i64) -> i64 {
        0
    }
    /// Name of the local time zone.
    fn timezone_name(&mut self) -> String {
        "UTC".to_owned()
    }
    /// Random bits from the operating system.
    fn random_seed(&mut self) -> u64 {
        0x9e37_79b9_7f4a_7c15
    }

    /// Arguments of the program.
    fn args(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// An environment variable.
    fn env_get(&mut self, name: &str) -> Option<String> {
        None
    }
    /// Sets or removes an environment variable for this program and those it starts.
    fn env_set(&mut self, name: &str, value: Option<&str>) {}
    /// All environment variables.
    fn env_all(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Working directory.
    fn cwd(&mut self) -> HostResult<String> {
        Err(HostError::refused("the working directory"))
    }
    /// Changes the working directory.
    fn set_cwd(&mut self, path: &str) -> HostResult<()> {
        Err(HostError::refused("the working directory"))
    }
    /// Home directory of the user.
    fn home(&mut self) -> Option<String> {
        None
    }
    /// Name of the operating system: `linux`, `macos`, `windows`.
    fn platform(&mut self) -> String {
        std::env::consts::OS.to_owned()
    }
    /// Whether standard input is a terminal.
    fn is_interactive(&mut self) -> bool {
        false
    }
    /// Id of the operating system's process.
    fn os_pid(&mut self) -> i64 {
        0
    }
    /// Fills `bytes` with what nobody can predict; `false`: there is no such source.
    fn fill_random(&mut self, bytes: &mut [u8]) -> bool {
        false
    }

    /// Evaluates source text in a machine of its own, which may take so many steps.
    fn eval(&mut self, code: &str, steps: Option<u64>) -> Evaluated {
        Evaluated { result: Err("eval: this program runs without a compiler".to_owned()), steps: 0 }
    }

    /// Load of the system over 1, 5 and 15 minutes; zeros where unknown.
    fn load_average(&mut self) -> [f64; 3] {
        [0.0; 3]
    }
    /// Resident memory in KiB, 0 where unknown.
    fn memory_kb(&mut self) -> i64 {
        0
    }

    /// The whole file.
    fn file_read(&mut self, path: &str) -> Task<Vec<u8>> {
        Err(HostError::refused("the file system")).into()
    }
    /// Creates or truncates the file, or appends to it.
    fn file_write(&mut self, path: &str, bytes: &[u8], append: bool) -> Task<()> {
        Err(HostError::refused("the file system")).into()
    }
    /// Whether a file exists there.
    fn file_exists(&mut self, path: &str) -> bool {
        false
    }
    /// Removes a file.
    fn file_remove(&mut self, path: &str) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }
    /// Renames a file.
    fn file_rename(&mut self, from: &str, to: &str) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }
    /// Copies a file.
    fn file_copy(&mut self, from: &str, to: &str) -> Task<()> {
        Err(HostError::refused("the file system")).into()
    }
    /// Size in bytes.
    fn file_size(&mut self, path: &str) -> HostResult<u64> {
        Err(HostError::refused("the file system"))
    }
    /// Opens a file; the number names it in the calls below.
    fn file_open(&mut self, path: &str, mode: OpenMode) -> Task<u64> {
        Err(HostError::refused("the file system")).into()
    }
    /// Closes an open file.
    fn file_close(&mut self, handle: u64) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }
    /// At most `max` bytes; empty at the end.
    fn file_read_some(&mut self, handle: u64, max: usize) -> Task<Vec<u8>> {
        Err(HostError::refused("the file system")).into()
    }
    /// One line with its end; empty at the end.
    fn file_read_line(&mut self, handle: u64) -> Task<Vec<u8>> {
        Err(HostError::refused("the file system")).into()
    }
    /// Writes all bytes.
    fn file_write_some(&mut self, handle: u64, bytes: &[u8]) -> Task<()> {
        Err(HostError::refused("the file system")).into()
    }
    /// Moves the position.
    fn file_seek(&mut self, handle: u64, offset: i64, from: SeekFrom) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }
    /// Writes out what is buffered.
    fn file_flush(&mut self, handle: u64) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }

    /// Whether a directory exists there.
    fn dir_exists(&mut self, path: &str) -> bool {
        false
    }
    /// Creates a directory, with its parents if `all`.
    fn dir_create(&mut self, path: &str, all: bool) -> HostResult<()> {
        Err(HostError::refused("the file system"))
    }
    /// Removes a directory: an empty one, or with its content if `all`.
    fn dir_remove(&mut self, path: &str, all: bool) -> Task<()> {
        Err(HostError::refused("the file system")).into()
    }
    /// Names of the entries, any order.
    fn dir_list(&mut self, path: &str) -> HostResult<Vec<String>> {
        Err(HostError::refused("the file system"))
    }

    /// Runs a program to its end.
    fn exec_run(&mut self, command: &str, args: &[String]) -> Task<ExecOutput> {
        Err(HostError::refused("running programs")).into()
    }
    /// Starts a program with piped input and outputs; the number names it in the calls below.
    fn exec_start(&mut self, command: &str, args: &[String]) -> HostResult<u64> {
        Err(HostError::refused("running programs"))
    }
    /// One line of its standard output or error, with the line end; empty at the end.
    fn exec_read_line(&mut self, handle: u64, stderr: bool) -> Task<String> {
        Err(HostError::refused("running programs")).into()
    }
    /// Writes to its standard input.
    fn exec_write(&mut self, handle: u64, text: &str) -> Task<()> {
        Err(HostError::refused("running programs")).into()
    }
    /// Waits for its end: the exit code.
    fn exec_wait(&mut self, handle: u64) -> Task<i64> {
        Err(HostError::refused("running programs")).into()
    }
    /// Ends it.
    fn exec_kill(&mut self, handle: u64) -> HostResult<()> {
        Err(HostError::refused("running programs"))
    }
}

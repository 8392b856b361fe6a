//! What running programs may do on this machine: output, clock, environment, files, other programs.
//!
//! Input: requests of the machine. Output: results of the operating system, in its words. Handles are numbers given out
//! here; the machine closes none on its own, so all are released when the host is dropped.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Read, Seek, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use vm::{Evaluated, ExecOutput, Host, HostError, HostResult, OpenMode, SeekFrom};

use crate::eval::Evaluator;

/// Where the output of a program goes.
#[derive(Clone, Debug, Default)]
pub enum Output {
    /// To this process's standard output and error.
    #[default]
    Terminal,
    /// Into memory: standard output and error, in the order of writing.
    Captured(Arc<Mutex<String>>),
}

/// The operating system as the machine sees it.
pub(crate) struct OsHost {
    output: Output,
    started: Instant,
    args: Vec<String>,
    /// Variables set by the program: for itself and the programs it starts. `None`: removed.
    variables: BTreeMap<String, Option<String>>,
    files: BTreeMap<u64, BufReader<fs::File>>,
    programs: BTreeMap<u64, Program>,
    next: u64,
    evaluator: Evaluator,
}

struct Program {
    child: Child,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    stderr: Option<BufReader<std::process::ChildStderr>>,
}

impl OsHost {
    pub(crate) fn new(output: Output, args: Vec<String>, evaluator: Evaluator) -> OsHost {
        OsHost {
            output,
            started: Instant::now(),
            args,
            variables: BTreeMap::new(),
            files: BTreeMap::new(),
            programs: BTreeMap::new(),
            next: 1,
            evaluator,
        }
    }

    fn file(&mut self, handle: u64) -> HostResult<&mut BufReader<fs::File>> {
        self.files.get_mut(&handle).ok_or_else(|| HostError::Other("the file is closed".to_owned()))
    }

    fn program(&mut self, handle: u64) -> HostResult<&mut Program> {
        self.programs.get_mut(&handle).ok_or_else(|| HostError::Other("the program is unknown".to_owned()))
    }

    fn command(&self, name: &str, args: &[String]) -> Command {
        let mut command = Command::new(name);
        command.args(args);
        for (variable, value) in &self.variables {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        command
    }

    fn handle(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

impl Host for OsHost {
    fn write_stdout(&mut self, text: &str) {
        match &self.output {
            // A closed pipe is the reader's business.
            Output::Terminal => {
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
            Output::Captured(sink) => sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(text),
        }
    }

    fn write_stderr(&mut self, text: &str) {
        match &self.output {
            Output::Terminal => {
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
            }
            Output::Captured(sink) => sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(text),
        }
    }

    fn now_millis(&mut self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64)
    }

    fn monotonic(&mut self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn random_seed(&mut self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(self.started.elapsed().as_nanos())
    }

    fn args(&mut self) -> Vec<String> {
        self.args.clone()
    }

    fn env_get(&mut self, name: &str) -> Option<String> {
        match self.variables.get(name) {
            Some(value) => value.clone(),
            None => env::var(name).ok(),
        }
    }

    fn env_set(&mut self, name: &str, value: Option<&str>) {
        self.variables.insert(name.to_owned(), value.map(str::to_owned));
    }

    fn env_all(&mut self) -> Vec<(String, String)> {
        let mut all: BTreeMap<String, String> = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        for (name, value) in &self.variables {
            match value {
                Some(value) => all.insert(name.clone(), value.clone()),
                None => all.remove(name),
            };
        }
        all.into_iter().collect()
    }

    fn cwd(&mut self) -> HostResult<String> {
        Ok(env::current_dir()?.display().to_string())
    }

    fn set_cwd(&mut self, path: &str) -> HostResult<()> {
        Ok(env::set_current_dir(path)?)
    }

    fn home(&mut self) -> Option<String> {
        env::var("HOME").ok()
    }

    fn is_interactive(&mut self) -> bool {
        use std::io::IsTerminal;
        std::io::stdin().is_terminal()
    }

    fn os_pid(&mut self) -> i64 {
        i64::from(std::process::id())
    }

    fn fill_random(&mut self, bytes: &mut [u8]) -> bool {
        getrandom::fill(bytes).is_ok()
    }

    fn eval(&mut self, code: &str, steps: Option<u64>) -> Evaluated {
        self.evaluator.eval(code, steps)
    }

    fn load_average(&mut self) -> [f64; 3] {
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
        std::array::from_fn(|_| numbers.next().unwrap_or(0.0))
    }

    fn memory_kb(&mut self) -> i64 {
        crate::machine::resident_kb("VmRSS:")
    }

    fn file_read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        Ok(fs::read(path)?)
    }

    fn file_write(&mut self, path: &str, bytes: &[u8], append: bool) -> HostResult<()> {
        let mut file = fs::OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path)?;
        Ok(file.write_all(bytes)?)
    }

    fn file_exists(&mut self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    fn file_remove(&mut self, path: &str) -> HostResult<()> {
        Ok(fs::remove_file(path)?)
    }

    fn file_rename(&mut self, from: &str, to: &str) -> HostResult<()> {
        Ok(fs::rename(from, to)?)
    }

    fn file_copy(&mut self, from: &str, to: &str) -> HostResult<()> {
        fs::copy(from, to)?;
        Ok(())
    }

    fn file_size(&mut self, path: &str) -> HostResult<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn file_open(&mut self, path: &str, mode: OpenMode) -> HostResult<u64> {
        let mut options = fs::OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.write(true).create(true).truncate(true),
            OpenMode::Append => options.append(true).create(true),
        };
        let file = options.open(path)?;
        let handle = self.handle();
        self.files.insert(handle, BufReader::new(file));
        Ok(handle)
    }

    fn file_close(&mut self, handle: u64) -> HostResult<()> {
        self.file(handle)?.get_mut().flush()?;
        self.files.remove(&handle);
        Ok(())
    }

    fn file_read_some(&mut self, handle: u64, max: usize) -> HostResult<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(handle)?.by_ref().take(max as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn file_read_line(&mut self, handle: u64) -> HostResult<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(handle)?.read_until(b'\n', &mut bytes)?;
        Ok(bytes)
    }

    fn file_write_some(&mut self, handle: u64, bytes: &[u8]) -> HostResult<()> {
        Ok(self.file(handle)?.get_mut().write_all(bytes)?)
    }

    fn file_seek(&mut self, handle: u64, offset: i64, from: SeekFrom) -> HostResult<()> {
        let to = match from {
            SeekFrom::Start => std::io::SeekFrom::Start(offset.max(0) as u64),
            SeekFrom::Current => std::io::SeekFrom::Current(offset),
            SeekFrom::End => std::io::SeekFrom::End(offset),
        };
        self.file(handle)?.seek(to)?;
        Ok(())
    }

    fn file_flush(&mut self, handle: u64) -> HostResult<()> {
        Ok(self.file(handle)?.get_mut().flush()?)
    }

    fn dir_exists(&mut self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn dir_create(&mut self, path: &str, all: bool) -> HostResult<()> {
        let created = if all { fs::create_dir_all(path) } else { fs::create_dir(path) };
        Ok(created?)
    }

    fn dir_remove(&mut self, path: &str, all: bool) -> HostResult<()> {
        let removed = if all { fs::remove_dir_all(path) } else { fs::remove_dir(path) };
        Ok(removed?)
    }

    fn dir_list(&mut self, path: &str) -> HostResult<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn exec_run(&mut self, command: &str, args: &[String]) -> HostResult<ExecOutput> {
        let output = self.command(command, args).stdin(Stdio::null()).output()?;
        Ok(ExecOutput {
            exit_code: exit_code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn exec_start(&mut self, command: &str, args: &[String]) -> HostResult<u64> {
        let mut command = self.command(command, args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let program = Program {
            stdout: child.stdout.take().map(BufReader::new),
            stderr: child.stderr.take().map(BufReader::new),
            child,
        };
        let handle = self.handle();
        self.programs.insert(handle, program);
        Ok(handle)
    }

    fn exec_read_line(&mut self, handle: u64, stderr: bool) -> HostResult<String> {
        let program = self.program(handle)?;
        let mut bytes = Vec::new();
        match (stderr, &mut program.stdout, &mut program.stderr) {
            (false, Some(out), _) => out.read_until(b'\n', &mut bytes)?,
            (true, _, Some(err)) => err.read_until(b'\n', &mut bytes)?,
            _ => 0,
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn exec_write(&mut self, handle: u64, text: &str) -> HostResult<()> {
        let program = self.program(handle)?;
        let Some(stdin) = &mut program.child.stdin else { return Err(HostError::Other("input is closed".to_owned())) };
        stdin.write_all(text.as_bytes())?;
        Ok(stdin.flush()?)
    }

    fn exec_wait(&mut self, handle: u64) -> HostResult<i64> {
        let program = self.program(handle)?;
        // The program may wait for the end of its input.
        drop(program.child.stdin.take());
        Ok(exit_code(program.child.wait()?))
    }

    fn exec_kill(&mut self, handle: u64) -> HostResult<()> {
        let program = self.program(handle)?;
        program.child.kill()?;
        program.child.wait()?;
        Ok(())
    }
}

fn exit_code(status: std::process::ExitStatus) -> i64 {
    use std::os::unix::process::ExitStatusExt;
    status.code().map_or_else(|| -i64::from(status.signal().unwrap_or(1)), i64::from)
}

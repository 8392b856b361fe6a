//! What running programs may do on this machine: output, clock, environment, files, other programs.
//!
//! Input: requests of the machine. Output: results of the operating system, in its words. Handles are numbers given out
//! here; the machine closes none on its own, so all are released when the host is dropped. What may wait for somebody
//! else (pipes, terminals, other programs) or is large is a [`Task`] that owns what it needs.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Read, Seek, Write},
    path::Path,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use vm::{Evaluated, ExecOutput, Host, HostError, HostResult, OpenMode, SeekFrom, Task};

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
    files: Shared<BTreeMap<u64, OpenFile>>,
    programs: BTreeMap<u64, Program>,
    next: u64,
    evaluator: Evaluator,
}

/// Something that tasks use as well.
type Shared<T> = Arc<Mutex<T>>;

fn shared<T>(value: T) -> Shared<T> {
    Arc::new(Mutex::new(value))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
struct OpenFile {
    file: Shared<BufReader<fs::File>>,
    /// Whether it is something else than a regular file.
    may_wait: bool,
}

#[derive(Clone)]
struct Program {
    child: Shared<Child>,
    stdin: Shared<Option<ChildStdin>>,
    stdout: Shared<Option<BufReader<ChildStdout>>>,
    stderr: Shared<Option<BufReader<ChildStderr>>>,
}

/// More bytes than that are read and written beside the machine.
const MUCH: u64 = 1 << 20;

/// Whether the path leads to a regular file of no great size, or nowhere.
fn is_quick(path: &str) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file() && found.len() <= MUCH)
}

/// Does work now, if it is quick, or beside the machine.
fn task<T>(is_quick: bool, work: impl FnOnce() -> HostResult<T> + Send + 'static) -> Task<T> {
    if is_quick { Task::Done(work()) } else { Task::later(work) }
}

fn read_line(from: &mut impl BufRead) -> HostResult<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    Ok(bytes)
}

/// A line of an output of a program: at once if it has come already.
fn line_of<R: Read + Send + 'static>(output: &Shared<Option<BufReader<R>>>) -> Task<String> {
    let output = Arc::clone(output);
    let has_come = output.try_lock().is_ok_and(|output| output.as_ref().is_none_or(has_line));
    task(has_come, move || {
        let line = lock(&output).as_mut().map_or(Ok(Vec::new()), read_line)?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    })
}

/// Whether the end of the next line has been read.
fn has_line<R: Read>(from: &BufReader<R>) -> bool {
    from.buffer().contains(&b'\n')
}

impl OsHost {
    pub(crate) fn new(output: Output, args: Vec<String>, evaluator: Evaluator) -> OsHost {
        OsHost {
            output,
            started: Instant::now(),
            args,
            variables: BTreeMap::new(),
            files: Shared::default(),
            programs: BTreeMap::new(),
            next: 1,
            evaluator,
        }
    }

    fn file(&self, handle: u64) -> HostResult<OpenFile> {
        lock(&self.files).get(&handle).cloned().ok_or_else(|| HostError::Other("the file is closed".to_owned()))
    }

    /// Does something with so many bytes of an open file. `has_come`: whether they are there in any case.
    fn with_file<T>(
        &self,
        handle: u64,
        bytes: usize,
        has_come: impl FnOnce(&BufReader<fs::File>) -> bool,
        work: impl FnOnce(&mut BufReader<fs::File>) -> HostResult<T> + Send + 'static,
    ) -> Task<T> {
        match self.file(handle) {
            Ok(OpenFile { file, may_wait }) => {
                let quick = !may_wait && bytes as u64 <= MUCH;
                let now = file.try_lock().is_ok_and(|file| quick || has_come(&file));
                task(now, move || work(&mut lock(&file)))
            }
            Err(error) => Task::Done(Err(error)),
        }
    }

    fn program(&self, handle: u64) -> HostResult<Program> {
        self.programs.get(&handle).cloned().ok_or_else(|| HostError::Other("the program is unknown".to_owned()))
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

    fn file_read(&mut self, path: &str) -> Task<Vec<u8>> {
        let quick = is_quick(path);
        let path = path.to_owned();
        task(quick, move || Ok(fs::read(path)?))
    }

    fn file_write(&mut self, path: &str, bytes: &[u8], append: bool) -> Task<()> {
        let quick = is_quick(path) && bytes.len() as u64 <= MUCH;
        let (path, bytes) = (path.to_owned(), bytes.to_owned());
        task(quick, move || {
            let mut file =
                fs::OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path)?;
            Ok(file.write_all(&bytes)?)
        })
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

    fn file_copy(&mut self, from: &str, to: &str) -> Task<()> {
        let quick = is_quick(from) && is_quick(to);
        let (from, to) = (from.to_owned(), to.to_owned());
        task(quick, move || {
            fs::copy(from, to)?;
            Ok(())
        })
    }

    fn file_size(&mut self, path: &str) -> HostResult<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn file_open(&mut self, path: &str, mode: OpenMode) -> Task<u64> {
        // A pipe is open when somebody holds its other end.
        let may_wait = fs::metadata(path).is_ok_and(|found| !found.is_file());
        let (path, handle, files) = (path.to_owned(), self.handle(), Arc::clone(&self.files));
        task(!may_wait, move || {
            let mut options = fs::OpenOptions::new();
            match mode {
                OpenMode::Read => options.read(true),
                OpenMode::Write => options.write(true).create(true).truncate(true),
                OpenMode::Append => options.append(true).create(true),
            };
            let file = shared(BufReader::new(options.open(path)?));
            lock(&files).insert(handle, OpenFile { file, may_wait });
            Ok(handle)
        })
    }

    fn file_close(&mut self, handle: u64) -> HostResult<()> {
        self.file(handle)?;
        lock(&self.files).remove(&handle);
        Ok(())
    }

    fn file_read_some(&mut self, handle: u64, max: usize) -> Task<Vec<u8>> {
        self.with_file(
            handle,
            max,
            move |file| file.buffer().len() >= max,
            move |file| {
                let mut bytes = Vec::new();
                file.by_ref().take(max as u64).read_to_end(&mut bytes)?;
                Ok(bytes)
            },
        )
    }

    fn file_read_line(&mut self, handle: u64) -> Task<Vec<u8>> {
        self.with_file(handle, 0, has_line, read_line)
    }

    fn file_write_some(&mut self, handle: u64, bytes: &[u8]) -> Task<()> {
        let bytes = bytes.to_owned();
        self.with_file(handle, bytes.len(), |_| false, move |file| Ok(file.get_mut().write_all(&bytes)?))
    }

    fn file_seek(&mut self, handle: u64, offset: i64, from: SeekFrom) -> HostResult<()> {
        let to = match from {
            SeekFrom::Start => std::io::SeekFrom::Start(offset.max(0) as u64),
            SeekFrom::Current => std::io::SeekFrom::Current(offset),
            SeekFrom::End => std::io::SeekFrom::End(offset),
        };
        let file = self.file(handle)?.file;
        let mut file = file.try_lock().map_err(|_| HostError::Other("the file is in use".to_owned()))?;
        file.seek(to)?;
        Ok(())
    }

    fn file_flush(&mut self, handle: u64) -> HostResult<()> {
        // What is written is written at once.
        self.file(handle).map(drop)
    }

    fn dir_exists(&mut self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn dir_create(&mut self, path: &str, all: bool) -> HostResult<()> {
        let created = if all { fs::create_dir_all(path) } else { fs::create_dir(path) };
        Ok(created?)
    }

    fn dir_remove(&mut self, path: &str, all: bool) -> Task<()> {
        let path = path.to_owned();
        task(!all, move || Ok(if all { fs::remove_dir_all(path) } else { fs::remove_dir(path) }?))
    }

    fn dir_list(&mut self, path: &str) -> HostResult<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn exec_run(&mut self, command: &str, args: &[String]) -> Task<ExecOutput> {
        let mut command = self.command(command, args);
        Task::later(move || {
            let output = command.stdin(Stdio::null()).output()?;
            Ok(ExecOutput {
                exit_code: exit_code(output.status),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            })
        })
    }

    fn exec_start(&mut self, command: &str, args: &[String]) -> HostResult<u64> {
        let mut command = self.command(command, args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let program = Program {
            stdin: shared(child.stdin.take()),
            stdout: shared(child.stdout.take().map(BufReader::new)),
            stderr: shared(child.stderr.take().map(BufReader::new)),
            child: shared(child),
        };
        let handle = self.handle();
        self.programs.insert(handle, program);
        Ok(handle)
    }

    fn exec_read_line(&mut self, handle: u64, stderr: bool) -> Task<String> {
        match self.program(handle) {
            Ok(program) if stderr => line_of(&program.stderr),
            Ok(program) => line_of(&program.stdout),
            Err(error) => Task::Done(Err(error)),
        }
    }

    fn exec_write(&mut self, handle: u64, text: &str) -> Task<()> {
        let stdin = match self.program(handle) {
            Ok(program) => program.stdin,
            Err(error) => return Task::Done(Err(error)),
        };
        let text = text.to_owned();
        Task::later(move || {
            let mut stdin = lock(&stdin);
            let Some(stdin) = &mut *stdin else { return Err(HostError::Other("input is closed".to_owned())) };
            stdin.write_all(text.as_bytes())?;
            Ok(stdin.flush()?)
        })
    }

    fn exec_wait(&mut self, handle: u64) -> Task<i64> {
        let Program { child, stdin, .. } = match self.program(handle) {
            Ok(program) => program,
            Err(error) => return Task::Done(Err(error)),
        };
        Task::later(move || {
            // The program may wait for the end of its input.
            drop(lock(&stdin).take());
            let pid = Pid::from_child(&lock(&child));
            // Without the lock, so that the program can be ended meanwhile; then it is gone, which is no error.
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            Ok(exit_code(lock(&child).wait()?))
        })
    }

    fn exec_kill(&mut self, handle: u64) -> HostResult<()> {
        let program = self.program(handle)?;
        let mut child = lock(&program.child);
        child.kill()?;
        child.wait()?;
        Ok(())
    }
}

fn exit_code(status: std::process::ExitStatus) -> i64 {
    use std::os::unix::process::ExitStatusExt;
    status.code().map_or_else(|| -i64::from(status.signal().unwrap_or(1)), i64::from)
}

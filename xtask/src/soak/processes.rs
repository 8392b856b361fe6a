//! Processes of the command: started, waited for, killed.
//!
//! Input: arguments and a folder. Output: what its user sees. Nothing waits for ever: a process that does not end is
//! killed and that is its outcome.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// After this long a process is taken to hang. Random programs end within a second.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process did, as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `None`: ended by a signal.
    pub(crate) exit: Option<i32>,
    pub(crate) output: String,
    /// Without warnings about the store and without statistics.
    pub(crate) errors: String,
}

/// What the command says beside its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// Lines about the store.
    pub(crate) warnings: Vec<String>,
    /// The object of `--stats=json`; `Null` without.
    pub(crate) statistics: Value,
}

/// The command and how much of it was used.
pub(crate) struct Command {
    binary: PathBuf,
    processes: Cell<u64>,
    busy: Cell<Duration>,
}

/// A process that was started.
pub(crate) struct Running {
    child: Child,
    started: Instant,
    output: PathBuf,
    errors: PathBuf,
}

impl Command {
    pub(crate) fn new(binary: PathBuf) -> Command {
        Command { binary, processes: Cell::default(), busy: Cell::default() }
    }

    /// Processes so far, and how long they lived together.
    pub(crate) fn totals(&self) -> (u64, Duration) {
        (self.processes.get(), self.busy.get())
    }

    /// Starts the command in `folder`. `name` tells its output from that of others at the same time.
    pub(crate) fn start(&self, folder: &Path, name: &str, args: &[&str]) -> Result<Running> {
        let output = folder.join(format!("{name}.out"));
        let errors = folder.join(format!("{name}.err"));
        let child = process::Command::new(&self.binary)
            .current_dir(folder)
            .args(args)
            .env("HOME", folder)
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            .stderr(File::create(&errors)?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        self.processes.set(self.processes.get() + 1);
        Ok(Running { child, started: Instant::now(), output, errors })
    }

    /// Waits for the end of a process.
    pub(crate) fn finish(&self, mut running: Running) -> Result<(Outcome, Beside)> {
        let mut hangs = false;
        let status = loop {
            if let Some(status) = running.child.try_wait()? {
                break status;
            }
            if running.started.elapsed() > PATIENCE {
                hangs = true;
                running.child.kill()?;
            }
            thread::sleep(Duration::from_millis(1));
        };
        self.busy.set(self.busy.get() + running.started.elapsed());
        let read = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (output, said) = (read(&running.output)?, read(&running.errors)?);
        let mut beside = Beside::default();
        let mut errors = String::new();
        for line in said.split_inclusive('\n') {
            if is_about_the_store(line) {
                beside.warnings.push(line.trim_end().to_owned());
            } else if let Ok(statistics @ Value::Object(_)) = serde_json::from_str(line) {
                beside.statistics = statistics;
            } else {
                errors.push_str(line);
            }
        }
        if hangs {
            errors.push_str("the process did not end and was killed\n");
        }
        Ok((Outcome { exit: status.code(), output, errors }, beside))
    }

    pub(crate) fn run(&self, folder: &Path, args: &[&str]) -> Result<(Outcome, Beside)> {
        self.finish(self.start(folder, "process", args)?)
    }

    /// Kills a process without warning after `delay`. `false`: it had ended before.
    pub(crate) fn kill(&self, mut running: Running, delay: Duration) -> Result<bool> {
        thread::sleep(delay);
        let ended = running.child.try_wait()?.is_some();
        if !ended {
            running.child.kill()?;
            running.child.wait()?;
        }
        self.busy.set(self.busy.get() + running.started.elapsed());
        Ok(!ended)
    }
}

fn is_about_the_store(line: &str) -> bool {
    line.starts_with("Warning: cannot use stored results") || line.starts_with("Warning: results are not kept")
}

//! Running: links the machine to the workspace, finds the entry, turns failures into text.
//!
//! Input: an engine without errors. Output: values, result text, failures with traces. Chunks are loaded at their first
//! call, from entries where there are some.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use base_db::{DefKind, DefName, Fingerprint, Name};
use bytecode::{Chunk, TypeDesc};
use database::{Artifact, Workspace, module_of_symbol};
use vm::{ChunkSource, Data, Failure, LinkError, Machine};

pub use crate::os::Output;
use crate::{Engine, Source, eval::Evaluator, os::OsHost, project};

/// What a run may use.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Calls and loop turns of one call from outside; `None`: unlimited.
    pub steps: Option<u64>,
    /// Bytes of values; `None`: the machine's default, 4 GiB.
    pub memory: Option<usize>,
    /// Ends the run from another thread.
    pub interrupt: Interrupt,
    /// Where output goes.
    pub output: Output,
}

/// A handle that ends a run from another thread, within milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Ends the run that has this handle, and every later one until [`Interrupt::clear`].
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Allows runs again.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Why a run gave no value.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program has errors; [`Engine::check`] lists them.
    #[error("the program has errors")]
    Broken,
    /// There is no such function, or no entry function; the text is for the user.
    #[error("{0}")]
    NotFound(String),
    /// The program failed.
    #[error("{0}")]
    Failed(RunFailure),
}

/// An uncaught failure. Its `Display` is what the command prints: the message, then the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFailure {
    /// What was raised, without `Runtime error: `.
    pub message: String,
    /// Functions, innermost first: name and, where known, `file:line`.
    pub trace: Vec<(String, Option<String>)>,
}

impl fmt::Display for RunFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Runtime error: {}", self.message)?;
        if self.trace.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nStack trace:")?;
        for (number, (name, place)) in self.trace.iter().enumerate() {
            match place {
                Some(place) => writeln!(f, "  {}. {name} ({place})", number + 1)?,
                None => writeln!(f, "  {}. {name}", number + 1)?,
            }
        }
        Ok(())
    }
}

/// Times that the workspace does not see, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    pub(crate) link_us: u64,
    pub(crate) run_us: u64,
    /// From opening to the first instruction of the entry.
    pub(crate) start_us: u64,
}

/// Whether an argument can be meant by the declared type of a parameter in an overload's name. Types that the name
/// does not tell apart fit everything.
fn fits(declared: &str, arg: &Data) -> bool {
    let head = match arg {
        Data::Bool(_) => "Bool",
        Data::Int(_) => "Int",
        Data::Float(_) => "Float",
        Data::Char(_) => "Char",
        Data::String(_) => "String",
        Data::List(_) => "List",
        Data::Map(_) => "Map",
        Data::Set(_) => "Set",
        _ => return true,
    };
    let simple = ["Bool", "Int", "Float", "Char", "String", "List", "Map", "Set"];
    let declared = declared.split('[').next().unwrap_or(declared);
    declared == head || !simple.contains(&declared)
}

fn symbol_of(workspace: &mut Workspace, function: &str, args: &[Data]) -> Result<String, RunError> {
    let path = workspace.path_of_module(module_of_symbol(function));
    let artifact = path.and_then(|path| workspace.artifact(&path));
    choose(function, args, |symbol| workspace.has_symbol(symbol), artifact.as_deref())
}

/// Whether anything keeps the program from running.
fn is_broken(workspace: &mut Workspace) -> bool {
    !workspace.files_with_errors().is_empty()
        || workspace.problems().iter().any(|problem| problem.severity == hir::problem::Severity::Error)
}

struct WorkspaceChunks {
    workspace: Arc<Mutex<Workspace>>,
    plain: bool,
}

impl ChunkSource for WorkspaceChunks {
    fn chunk(&mut self, symbol: &str) -> Result<Arc<Chunk>, LinkError> {
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        // What runs is the program as it was; code of another text must not be mixed into it.
        let found = workspace.unless_changed(|workspace| workspace.chunk(symbol));
        let found =
            found.ok_or_else(|| LinkError::Broken("its source changed while the program was running".to_owned()));
        let chunk = found?.ok_or(LinkError::Unknown)?;
        Ok(Arc::new(if self.plain { bytecode::plain(&chunk) } else { chunk }))
    }

    fn type_desc(&mut self, name: &str) -> Option<TypeDesc> {
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        workspace.unless_changed(|workspace| workspace.type_desc(name)).flatten()
    }
}

/// A machine that does what programs do on this machine. `eval_depth`: inside how many `eval` it runs.
pub(crate) fn new_machine(
    source: Box<dyn ChunkSource>,
    limits: &Limits,
    args: Vec<String>,
    eval_depth: u32,
) -> Machine {
    let evaluator = Evaluator { limits: limits.clone(), depth: eval_depth };
    let host = Box::new(OsHost::new(limits.output.clone(), args, evaluator));
    let mut knobs = vm::Limits { max_steps: limits.steps, ..vm::Limits::default() };
    knobs.interrupt = Arc::clone(&limits.interrupt.0);
    if let Some(bytes) = limits.memory {
        knobs.max_bytes = bytes;
    }
    Machine::new(source, host, knobs)
}

/// The symbol of the function that takes these arguments. `artifact`: the entry of its module.
pub(crate) fn choose(
    function: &str,
    args: &[Data],
    has_symbol: impl FnOnce(&str) -> bool,
    artifact: Option<&Artifact>,
) -> Result<String, RunError> {
    let arity = args.len();
    let plain = format!("{function}/{arity}");
    if has_symbol(&plain) {
        return Ok(plain);
    }
    // Overloads with declared parameter types are named by them.
    let candidate =
        |def: &DefName| def.kind() == DefKind::Function && def.qualified() == function && def.arity() == arity;
    let found = artifact.into_iter().flat_map(|artifact| artifact.interface().unwrap_or_default());
    let found: Vec<&DefName> = found.map(|item| &item.def).filter(|def| candidate(def)).collect();
    let takes = |def: &&&DefName| def.key().split(',').zip(args).all(|(declared, arg)| fits(declared, arg));
    let best = found.iter().find(takes).or(found.first()).map(ToString::to_string);
    best.ok_or_else(|| RunError::NotFound(format!("no function `{function}` with {arity} parameters")))
}

/// A failure with the places of its frames, which are looked up only now. `text`: of which text the symbol's code was
/// made; `None`: of today's.
pub(crate) fn failed(
    workspace: &mut Workspace,
    source: &Source,
    failure: &Failure,
    text: &dyn Fn(&str) -> Option<Fingerprint>,
) -> RunError {
    let trace = failure.trace.iter().map(|frame| {
        let made_of = text(&frame.symbol);
        let place =
            workspace.unless_changed(|workspace| place(workspace, &frame.symbol, frame.expr, made_of)).flatten();
        (frame.name.to_string(), place.map(|(path, line)| format!("{}:{line}", source.display(&path))))
    });
    RunError::Failed(RunFailure { trace: trace.collect(), message: failure.text() })
}

fn place(
    workspace: &mut Workspace,
    symbol: &str,
    expr: Option<u32>,
    made_of: Option<Fingerprint>,
) -> Option<(Name, usize)> {
    let module = module_of_symbol(symbol);
    let path = workspace.path_of_module(module)?;
    if path.starts_with('<') {
        return None;
    }
    let artifact = workspace.artifact(&path)?;
    let item = artifact.interface()?.iter().find(|item| item.def.symbol() == symbol)?;
    let anchor = expr.map_or(hir::problem::Anchor::Name, hir::problem::Anchor::Expr);
    let place = hir::problem::Place { module: module.into(), def: Some(item.def.clone()), anchor };
    let db = workspace.database();
    let (file, range) = hir::place_range(db, &place)?;
    let text = base_db::text(db, file);
    if made_of.is_some_and(|hash| hash != Fingerprint::of_bytes(text.as_bytes())) {
        return None;
    }
    let line = text[..usize::from(range.start()).min(text.len())].matches('\n').count() + 1;
    Some((path, line))
}

impl Engine {
    fn machine(&self, limits: &Limits, args: Vec<String>) -> Machine {
        let chunks = WorkspaceChunks { workspace: Arc::clone(&self.workspace), plain: self.plain_code };
        new_machine(Box::new(chunks), limits, args, self.eval_depth)
    }

    /// Brings the project up to date and, if it can run, gives what `find` finds in it; all of one state of the project.
    pub(crate) fn linked<T>(
        &mut self,
        mut find: impl FnMut(&mut Workspace) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        self.update();
        self.workspace().settled(|workspace| if is_broken(workspace) { Err(RunError::Broken) } else { find(workspace) })
    }

    fn initialise(&mut self, machine: &mut Machine, mvars: &[Name]) -> Result<(), RunError> {
        for symbol in mvars {
            machine.init_mvar(symbol).map_err(|failure| self.failed(&failure))?;
        }
        Ok(())
    }

    /// Runs the entry function and gives its result as the command prints it; `None` for `()`. When there is a result or
    /// a failure to print, the output of the program ends with a line end.
    ///
    /// `bin`: which `[[bin]]`; `None`: the default one or `main`. Errors of the program are a value:
    /// [`RunError::Broken`].
    pub fn run_main(
        &mut self,
        bin: Option<&str>,
        args: Vec<String>,
        limits: &Limits,
    ) -> Result<Option<String>, RunError> {
        self.update();
        let linking = Instant::now();
        let entry = self.entry(bin);
        let (symbol, mvars) = self.linked(|workspace| {
            let entry = entry.as_ref().map_err(|text| RunError::NotFound(text.clone()))?;
            let found = entry.symbols.iter().find(|symbol| workspace.has_symbol(symbol));
            let symbol = found.cloned().ok_or_else(|| RunError::NotFound(entry.missing.clone()))?;
            Ok((symbol, workspace.mvars()))
        })?;
        let mut machine = self.machine(limits, args);
        if let Err(error) = self.initialise(&mut machine, &mvars) {
            machine.end_line();
            return Err(error);
        }
        self.timings.link_us = linking.elapsed().as_micros() as u64;
        self.timings.start_us = self.opened.elapsed().as_micros() as u64;
        let running = Instant::now();
        let result = machine.call(&symbol, &[]);
        self.timings.run_us = running.elapsed().as_micros() as u64;
        let main_module = symbol.rsplit_once('.').map_or("", |(module, _)| module).to_owned();
        let result = match result {
            Ok(value) => Ok(vm::result_form(&value, &main_module)),
            Err(failure) => Err(self.failed(&failure)),
        };
        if !matches!(result, Ok(None)) {
            machine.end_line();
        }
        result
    }

    /// Which functions to look for. `Err`: why none, for the user.
    fn entry(&self, bin: Option<&str>) -> Result<project::Entry, String> {
        match &self.source {
            Source::File(_) => Ok(project::Entry::of_file()),
            Source::Folder(root) => {
                // A broken `nostos.toml` was a warning.
                let entry = project::manifest(root).unwrap_or_default().entry(bin)?;
                if entry.symbols[0] == "main.main/0" && !root.join("main.nos").is_file() {
                    return Err(format!("No 'main.nos' found in directory '{}'", root.display()));
                }
                Ok(entry)
            }
            Source::Memory(_) => project::Manifest::default().entry(bin),
        }
    }

    /// Calls a function with arguments: `geo.area` or `area` in a single file, in a machine of its own. Module variables
    /// are initialised first; [`Engine::start`] is for programs that keep them.
    pub fn call(&mut self, function: &str, args: &[Data]) -> Result<Data, RunError> {
        self.call_with(function, args, &Limits::default())
    }

    /// As [`Engine::call`], under limits.
    pub fn call_with(&mut self, function: &str, args: &[Data], limits: &Limits) -> Result<Data, RunError> {
        let (symbol, mvars) = self.linked(|workspace| {
            let symbol = symbol_of(workspace, function, args)?;
            Ok((symbol, workspace.mvars()))
        })?;
        let mut machine = self.machine(limits, Vec::new());
        self.initialise(&mut machine, &mvars)?;
        let result = machine.call(&symbol, args).map(|value| Data::from_value(&value));
        self.steps = machine.steps();
        result.map_err(|failure| self.failed(&failure))
    }

    fn failed(&self, failure: &Failure) -> RunError {
        failed(&mut self.workspace(), &self.source, failure, &|_| None)
    }

    /// Counts and times of the last update and run.
    pub fn stats(&self) -> Statistics {
        let workspace = self.workspace();
        let (stats, times) = (workspace.stats(), self.timings);
        Statistics {
            modules: stats.modules,
            units_recalled: stats.units_recalled,
            units_computed: stats.units_computed,
            files_hashed: stats.files_hashed,
            parsed: stats.parsed,
            bodies_inferred: stats.bodies_inferred,
            chunks_compiled: stats.chunks_compiled,
            chunks_loaded: stats.chunks_loaded,
            entries_written: stats.entries_written,
            bytes_read: stats.bytes_read,
            bytes_written: stats.bytes_written,
            wall_us: self.opened.elapsed().as_micros() as u64,
            start_us: times.start_us,
            scan_us: stats.scan_us,
            recall_us: stats.recall_us,
            compute_us: stats.compute_us,
            link_us: times.link_us,
            run_us: times.run_us,
            save_us: stats.save_us,
            peak_rss_kb: resident_kb("VmHWM:").unsigned_abs(),
        }
    }
}

/// Counts and times of one update and run. The library's own work is not counted in units. Times are microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Statistics {
    /// Source files of the project.
    pub modules: u64,
    /// Units answered by entries.
    pub units_recalled: u64,
    /// Units computed.
    pub units_computed: u64,
    /// Files read and hashed.
    pub files_hashed: u64,
    /// Files parsed.
    pub parsed: u64,
    /// Bodies inferred.
    pub bodies_inferred: u64,
    /// Functions compiled.
    pub chunks_compiled: u64,
    /// Chunks loaded by the machine.
    pub chunks_loaded: u64,
    /// Entries written.
    pub entries_written: u64,
    /// Bytes read from the store.
    pub bytes_read: u64,
    /// Bytes written to the store.
    pub bytes_written: u64,
    /// From opening the project until now.
    pub wall_us: u64,
    /// From opening the project to the first instruction of the entry function.
    pub start_us: u64,
    /// Listing files.
    pub scan_us: u64,
    /// Reading the manifest, comparing stamps and texts.
    pub recall_us: u64,
    /// Queries.
    pub compute_us: u64,
    /// Finding the entry, initialising module variables.
    pub link_us: u64,
    /// Running the entry function.
    pub run_us: u64,
    /// Writing entries.
    pub save_us: u64,
    /// Peak resident memory of this process in KiB.
    pub peak_rss_kb: u64,
}

/// A field of this process's status in KiB; 0 where the system does not tell.
pub(crate) fn resident_kb(field: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

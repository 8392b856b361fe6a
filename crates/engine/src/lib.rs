//! The embedding API of Ithaca: open a project, change texts, check, run, ask why.
//!
//! Input: a folder, a file, or texts in memory. Output: plain data; a broken program is a value, never an `Err`.
//! This is the only package with semantic versioning, and the only door for embedders.
//!
//! ```
//! use ithaca::{Engine, Value};
//!
//! let mut engine = Engine::in_memory([("main.nos", "pub twice(n) = n * 2\nmain() = twice(21)")]);
//! assert!(engine.check().is_empty());
//! assert_eq!(engine.call("main.twice", &[Value::Int(4)]).unwrap(), Value::Int(8));
//!
//! engine.set_text("main.nos", "pub twice(n) = n ++ n\nmain() = twice(\"ab\")");
//! assert_eq!(engine.call("main.main", &[]).unwrap(), Value::String("abab".to_owned()));
//! ```

mod cache;
mod diagnostic;
mod eval;
mod host;
mod machine;
mod os;
mod program;
mod project;
mod tools;
mod why;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base_db::{Name, Options};
use database::{Config, Host, SINGLE_FILE, Stores, Workspace};

pub use cache::{CacheGc, CacheImport, CacheStat, Location as CacheLocation, PastRun};
pub use diagnostic::{Diagnostic, Location, Severity};
pub use host::MAX_FILE;
pub use machine::{Interrupt, Limits, Output, RunError, RunFailure, Statistics};
pub use program::{Installed, Program};
pub use tools::{format, syntax_tree};
pub use vm::Data as Value;
pub use why::{Why, WhyItem};

/// How an [`Engine`] is opened. `OpenOptions::default()` is what the command uses without flags.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Where entries are kept.
    pub cache: Cache,
    /// Threads for large builds; 0: as many as there are processors.
    pub threads: usize,
    /// Told how far a build is.
    pub progress: Option<Progress>,
    /// Calls of the engine run code without last-use moves and typed instructions: slower, with the same answers. To
    /// find out whether the compiler's choice of instructions matters.
    pub plain_code: bool,
}

/// Called during builds with units done and units known so far; from any thread.
#[derive(Clone)]
pub struct Progress(pub Arc<dyn Fn(usize, usize) + Send + Sync>);

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

/// Where entries are kept between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cache {
    /// `.ithaca` in a project folder; the user's cache folder for a single file or where the folder cannot be written.
    #[default]
    Default,
    /// Nowhere: everything is computed in this process.
    Off,
    /// This folder.
    Dir(PathBuf),
}

/// Why a path cannot be opened as a project.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing at the path, or it must not be read.
    #[error("Error reading file '{}': {reason}", path.display())]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// One clause.
        reason: String,
    },
}

/// Units that are visited before an update of many saves and lets go of what it need not keep: about 0.7 GB of it.
const STRETCH: usize = 2048;

/// A project kept up to date, and the machine that runs it.
pub struct Engine {
    workspace: Arc<Mutex<Workspace>>,
    source: Source,
    store: Option<Arc<store::Store>>,
    cache: Option<CacheLocation>,
    stale: Stale,
    /// Why the last [`Engine::save`] failed.
    not_saved: Option<String>,
    /// The last update is in the journal of the store.
    noted: bool,
    maintenance: cache::Maintenance,
    opened: Instant,
    timings: machine::Timings,
    /// Steps of the last [`Engine::call_with`].
    steps: u64,
    /// How many `eval` of running programs this engine is inside of.
    eval_depth: u32,
    plain_code: bool,
}

/// What may differ from the last update.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    Nothing,
    /// Texts that were set.
    Texts,
    /// Anything at the host.
    Everything,
}

#[derive(Clone)]
enum Source {
    Folder(PathBuf),
    File(PathBuf),
    Memory(Arc<host::MemoryHost>),
}

impl Source {
    fn display(&self, path: &str) -> String {
        match self {
            _ if path.starts_with('<') => path.to_owned(),
            Source::Folder(root) => root.join(path).display().to_string(),
            Source::File(file) => file.display().to_string(),
            Source::Memory(_) => path.to_owned(),
        }
    }
}

impl Engine {
    /// Opens a project folder or a single file with default options.
    pub fn open(path: impl AsRef<Path>) -> Result<Engine, OpenError> {
        Engine::open_with(path, OpenOptions::default())
    }

    /// Opens a project folder or a single file. Reads the manifest of the last run, nothing else.
    pub fn open_with(path: impl AsRef<Path>, options: OpenOptions) -> Result<Engine, OpenError> {
        let path = path.as_ref();
        let unreadable = |reason: String| OpenError::Unreadable { path: path.to_path_buf(), reason };
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        let source = if metadata.is_dir() {
            std::fs::read_dir(path).map_err(|error| unreadable(error.to_string()))?;
            Source::Folder(path.to_path_buf())
        } else {
            host::read_text(path).map_err(unreadable)?;
            Source::File(path.to_path_buf())
        };
        Ok(Engine::with_source(source, options))
    }

    /// A project of texts in memory: pairs of a relative path (`geo/shapes.nos`) and a text. Nothing is stored.
    pub fn in_memory<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Engine {
        Engine::in_memory_with(files, OpenOptions { cache: Cache::Off, threads: 1, ..OpenOptions::default() })
    }

    /// As [`Engine::in_memory`], with options: [`Cache::Dir`] keeps entries between engines; the default keeps none.
    pub fn in_memory_with<P: Into<String>, T: Into<String>>(
        files: impl IntoIterator<Item = (P, T)>,
        options: OpenOptions,
    ) -> Engine {
        let memory = Arc::new(host::MemoryHost::default());
        for (path, text) in files {
            memory.set(Name::from(path.into()), Arc::from(text.into()));
        }
        Engine::with_source(Source::Memory(memory), options)
    }

    fn with_source(source: Source, options: OpenOptions) -> Engine {
        let opened = Instant::now();
        let cache = cache::locate(&source, &options.cache);
        let store = cache.as_ref().map(cache::open);
        let host: Arc<dyn Host> = match &source {
            Source::Folder(root) => Arc::new(host::FolderHost { root: root.clone() }),
            Source::File(file) => Arc::new(host::FileHost { file: file.clone() }),
            Source::Memory(memory) => Arc::clone(memory) as Arc<dyn Host>,
        };
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let workspace = Workspace::open(Config {
            host,
            stores: Stores { own: store.clone(), library: cache::library_store(cache.as_ref(), &options.cache) },
            options: Options { single_file: matches!(source, Source::File(_)) },
            manifest: cache::manifest_name(&source, cache.as_ref()),
            threads,
            stretch: STRETCH,
            progress: options.progress.map(|progress| progress.0),
            log: None,
        });
        Engine {
            workspace: Arc::new(Mutex::new(workspace)),
            source,
            store,
            cache,
            stale: Stale::Everything,
            not_saved: None,
            noted: false,
            maintenance: cache::Maintenance::default(),
            opened,
            timings: machine::Timings::default(),
            steps: 0,
            eval_depth: 0,
            plain_code: options.plain_code,
        }
    }

    fn workspace(&self) -> MutexGuard<'_, Workspace> {
        self.workspace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the text of a file, over what the disk has, for this engine only. Takes effect at the next question, which
    /// looks at what was set and not at the disk; see [`Engine::refresh`].
    ///
    /// `path` is relative to the project with `/`; of a single file every path means that file.
    pub fn set_text(&mut self, path: &str, text: impl Into<String>) {
        let text: Arc<str> = Arc::from(text.into());
        match &self.source {
            Source::Memory(memory) => {
                memory.set(Name::from(path), text);
                self.workspace().touch(path);
            }
            Source::Folder(_) => self.workspace().set_overlay(path, text),
            Source::File(_) => self.workspace().set_overlay(SINGLE_FILE, text),
        }
        self.stale = self.stale.max(Stale::Texts);
    }

    /// Removes a file of a project in memory, or forgets what [`Engine::set_text`] set.
    pub fn remove(&mut self, path: &str) {
        match &self.source {
            Source::Memory(memory) => memory.remove(path),
            Source::Folder(_) => self.workspace().clear_overlay(path),
            Source::File(_) => self.workspace().clear_overlay(SINGLE_FILE),
        }
        self.stale = Stale::Everything;
    }

    /// Looks at the disk again at the next question.
    pub fn refresh(&mut self) {
        self.stale = Stale::Everything;
    }

    fn update(&mut self) {
        match self.stale {
            Stale::Nothing => return,
            Stale::Texts => self.workspace().update_touched(),
            Stale::Everything => self.workspace().update(),
        }
        self.stale = Stale::Nothing;
        self.noted = false;
    }

    /// All diagnostics of the project, by file, then place. Empty: the program can run.
    pub fn check(&mut self) -> Vec<Diagnostic> {
        self.update();
        let display = |path: &str| self.display_path(path);
        self.workspace().settled(|workspace| diagnostic::collect(workspace, &display))
    }

    /// A path as people know it: below the path that was opened.
    fn display_path(&self, path: &str) -> String {
        self.source.display(path)
    }

    /// Writes new entries to the store. Those of the library, merging and evicting go on in the background, see
    /// [`Engine::maintain`]. `Err`: one line for a warning; only speed is lost.
    pub fn save(&mut self) -> Result<(), String> {
        let written = |workspace: &Workspace| workspace.stats().entries_written;
        let before = written(&self.workspace());
        let outcome = self.workspace().save();
        self.keep_reasons();
        self.note_run();
        let due = written(&self.workspace()) > before || self.workspace().lacks_library();
        if due {
            self.start_maintenance();
        }
        self.not_saved = outcome.as_ref().err().cloned();
        outcome
    }

    /// Things to tell the user that are no problems of the program: at most one line about the store, one about
    /// `nostos.toml`.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if let Source::Folder(root) = &self.source
            && let Err(warning) = project::manifest(root)
        {
            warnings.push(warning);
        }
        match (&self.not_saved, &self.store) {
            (Some(why), _) => warnings.push(format!("results are not kept: {why}")),
            (None, Some(store)) => warnings.extend(store.warnings().first().map(ToString::to_string)),
            (None, None) => {}
        }
        warnings
    }

    /// Computes everything again without the store and compares. Each line names one difference; empty: none.
    pub fn verify(&mut self) -> Vec<String> {
        // Without a store the library is compiled function by function when called, so there are no units of it.
        let of_the_project = |mut units: Vec<database::UnitDump>| {
            units.retain(|unit| !unit.files.iter().any(|path| path.starts_with('<')));
            units
        };
        self.update();
        let warm = self.dump();
        let cold = self.twin().dump();
        why::differences(&of_the_project(warm), &of_the_project(cold))
    }

    /// The same project without a store.
    fn twin(&self) -> Engine {
        let twin =
            Engine::with_source(self.source.clone(), OpenOptions { cache: Cache::Off, ..OpenOptions::default() });
        for (path, text) in self.workspace().overlay() {
            twin.workspace().set_overlay(path, text);
        }
        twin
    }

    /// Where entries are kept; `None`: nowhere.
    pub fn cache(&self) -> Option<&CacheLocation> {
        self.cache.as_ref()
    }

    /// All bytes that a cold build must reproduce, for tests: units of the project with signatures, code and problems.
    #[doc(hidden)]
    pub fn dump(&mut self) -> Vec<database::UnitDump> {
        self.update();
        let mut units = self.workspace().settled(Workspace::dump);
        // How much of the library is compiled depends on whether results are kept.
        units.retain(|unit| unit.files.iter().all(|file| !file.starts_with('<')));
        units
    }
}

//! The one driver: command, engine, editor and tests bring a project up to date through it.
//!
//! Input: a host that scans and reads files, and a store. Output: problems, chunks by symbol, statistics, reasons.
//!
//! Two speeds, one meaning. The manifest of the last run tells for every file which entry answers for it. While no
//! file differs, these entries are valid as a whole and no database is made. Otherwise a worklist goes through the
//! database: first what changed, then whoever relies on an interface that came out different; the rest keeps its row.
//!
//! Invariant: after [`Workspace::update`] every row describes what a cold build of the same texts gives.

mod change;
mod code;
mod compare;
mod library;
mod problem;
mod report;
mod save;
mod stretch;
mod visit;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, OnceLock, atomic::Ordering},
    time::Instant,
};

use base_db::{Counters, Name, Options};
use hir::problem::Problem;
use rustc_hash::FxHashMap;

pub use self::report::UnitDump;
use self::{
    compare::{Compared, HostTexts},
    save::{Base, delta_name},
};
use crate::{
    artifact::Artifact,
    files::Files,
    manifest::{Manifest, Stamp},
    root::{Log, RootDatabase, Stores, TextChanged},
};

/// A file as the host sees it.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// Relative path with `/`.
    pub path: Name,
    /// When it was last changed; `None`: unknown or too young to be trusted, so its text is compared.
    pub stamp: Option<Stamp>,
}

/// The files of a project, and the only way to their texts.
pub trait Host: Send + Sync {
    /// All source files, sorted by path.
    fn scan(&self) -> Vec<Scanned>;

    /// The text of a file.
    ///
    /// `Err`: one clause that says why it has none (not UTF-8, a directory, too large, unreadable).
    fn read(&self, path: &str) -> Result<Arc<str>, String>;
}

/// How a workspace is opened.
pub struct Config {
    /// Files.
    pub host: Arc<dyn Host>,
    /// Entries; without a store of its own everything is computed.
    pub stores: Stores,
    /// Code-affecting options.
    pub options: Options,
    /// Name of the manifest inside the store.
    pub manifest: String,
    /// Threads for many units at once; at least 1.
    pub threads: usize,
    /// Units after which an update of many saves what it has and goes on as a new process would, so that the memory it
    /// takes does not grow with the project. Without a store there is nothing to go on from.
    pub stretch: usize,
    /// Told units done and units known so far, from any thread.
    pub progress: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
    /// Receives the names of executed queries; tests only.
    pub log: Option<Log>,
}

/// Counts and times of one update. Times are microseconds.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Stats {
    /// Files of the project, without the library.
    pub modules: u64,
    /// Units answered by an entry.
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
    /// Bytes read from the store since it was opened.
    pub bytes_read: u64,
    /// Bytes written to the store.
    pub bytes_written: u64,
    /// Listing files and comparing stamps.
    pub scan_us: u64,
    /// Reading the manifest and marking what differs.
    pub recall_us: u64,
    /// Queries.
    pub compute_us: u64,
    /// Writing entries.
    pub save_us: u64,
}

/// A project that is kept up to date.
pub struct Workspace {
    config: Config,
    counters: Arc<Counters>,
    files: Files,
    /// `None` until something differs from the manifest.
    live: Option<Live>,
    /// Texts set by the embedder and the host's.
    texts: Arc<HostTexts>,
    /// Files whose text the embedder has set since the last update, or whose text at the host it has changed.
    touched: BTreeSet<Name>,
    /// All files were compared once.
    scanned: bool,
    stats: Stats,
    /// Entries opened so far, by place.
    opened: FxHashMap<store::RecordRef, Option<Arc<Artifact>>>,
    pool: OnceLock<rayon::ThreadPool>,
    /// The base of the manifest on disk; `None`: the next save writes one.
    base: Option<Base>,
    /// Rows differ from the manifest on disk.
    dirty: bool,
    /// Library files whose units will be wanted by later processes and have no entry.
    library_due: BTreeSet<Name>,
    /// Files kept changing under us, so the next database is made with all texts and fetches none later.
    holds_texts: bool,
}

struct Live {
    db: RootDatabase,
    /// Made by this update: nothing was asked of it so far.
    is_new: bool,
    project_problems: Vec<Problem>,
}

/// How many times an update starts over because files change under it, before it reads all of them at once.
const RESCANS: usize = 5;

impl Workspace {
    /// A workspace; reads the manifest only.
    pub fn open(config: Config) -> Workspace {
        let start = Instant::now();
        let manifest = config.stores.own.as_ref().and_then(|store| {
            let base = store.read_manifest(&config.manifest)?;
            Manifest::decode(base, store.read_manifest(&delta_name(&config.manifest)))
        });
        let base = manifest.as_ref().map(|manifest| Base {
            id: manifest.base().id(),
            identity: manifest.identity(),
            flags: manifest.flags(),
        });
        let files = Files::new(manifest.map(Arc::new));
        let stats = Stats { recall_us: micros(start), ..Stats::default() };
        let texts = Arc::new(HostTexts { host: Arc::clone(&config.host), overlay: Mutex::default() });
        Workspace {
            config,
            counters: Arc::default(),
            files,
            live: None,
            texts,
            touched: BTreeSet::new(),
            scanned: false,
            stats,
            opened: FxHashMap::default(),
            pool: OnceLock::new(),
            base,
            dirty: false,
            library_due: BTreeSet::new(),
            holds_texts: false,
        }
    }

    /// Sets a text over what the host has; seen by the next update of any kind.
    pub fn set_overlay(&mut self, path: impl Into<Name>, text: impl Into<Arc<str>>) {
        let path = path.into();
        self.texts.overlay().insert(path.clone(), text.into());
        self.touched.insert(path);
    }

    /// Forgets a text set before; the host's is used again. Seen by the next full update.
    pub fn clear_overlay(&mut self, path: &str) {
        self.texts.overlay().remove(path);
    }

    /// Says that the host's text of a file changed; seen by the next update of any kind.
    pub fn touch(&mut self, path: impl Into<Name>) {
        self.touched.insert(path.into());
    }

    /// Texts set over what the host has.
    pub fn overlay(&self) -> BTreeMap<Name, Arc<str>> {
        self.texts.overlay().clone()
    }

    /// Compares files with what is known and brings everything that differs up to date.
    pub fn update(&mut self) {
        self.update_with(Workspace::compare_all);
    }

    /// As [`Workspace::update`], but only files whose texts were set or touched since the last update are compared:
    /// what happened elsewhere at the host is seen by the next full update.
    pub fn update_touched(&mut self) {
        if self.scanned { self.update_with(Workspace::compare_touched) } else { self.update() }
    }

    fn update_with(&mut self, compare: fn(&mut Workspace) -> Compared) {
        self.stats =
            Stats { recall_us: if self.live.is_none() { self.stats.recall_us } else { 0 }, ..Stats::default() };
        let before = self.counts();
        let mut compare = compare;
        for attempt in 1.. {
            if self.unless_changed(|workspace| workspace.update_once(compare)).is_some() {
                break;
            }
            self.forget();
            self.holds_texts |= attempt >= RESCANS;
            compare = Workspace::compare_all;
        }
        self.touched.clear();
        let after = self.counts();
        self.stats.parsed = after.0 - before.0;
        self.stats.bodies_inferred = after.1 - before.1;
        self.stats.chunks_compiled = after.2 - before.2;
    }

    /// Drops the database with all it half knows, and what was known since the last run; entries and rows on disk are
    /// untouched.
    fn forget(&mut self) {
        self.live = None;
        self.files = Files::new(self.files.manifest().cloned());
        self.base = None;
    }

    /// What `ask` answers. `None`: it needs a text that is on disk no longer as the last update saw it.
    pub fn unless_changed<T>(&mut self, ask: impl FnOnce(&mut Workspace) -> T) -> Option<T> {
        match panic::catch_unwind(AssertUnwindSafe(|| ask(self))) {
            Ok(answer) => Some(answer),
            Err(payload) if payload.is::<TextChanged>() => None,
            // What failed for that reason once fails without telling why when it is asked again.
            Err(payload)
                if payload.is::<salsa::Cancelled>()
                    && self.live.as_ref().is_some_and(|live| live.db.text_changed()) =>
            {
                None
            }
            Err(payload) => panic::resume_unwind(payload),
        }
    }

    /// What `ask` answers about one state of the project: the last update's, or if texts that it needs have changed on
    /// disk since, the present one.
    pub fn settled<T>(&mut self, mut ask: impl FnMut(&mut Workspace) -> T) -> T {
        if let Some(answer) = self.unless_changed(&mut ask) {
            return answer;
        }
        self.forget();
        self.holds_texts = true;
        self.update();
        ask(self)
    }

    fn counts(&self) -> (u64, u64, u64) {
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        (load(&counters.parsed), load(&counters.bodies_inferred), load(&counters.chunks_compiled))
    }

    fn update_once(&mut self, compare: fn(&mut Workspace) -> Compared) {
        let scan_us = self.stats.scan_us;
        let start = Instant::now();
        let Compared { differences, restamped } = compare(self);
        for (path, stamp) in restamped {
            // Rewritten with equal text, or old enough by now to trust its stamp.
            self.dirty |= self.files.edit(&path, |state| state.row.stamp = stamp);
        }
        self.stats.modules = self.files.project_count() as u64;
        let flags = self.files.manifest().map(|manifest| manifest.flags());
        if self.live.is_none() && differences.is_empty() && flags == Some(0) && self.files.unanswered().next().is_none()
        {
            self.stats.units_recalled = self.files.untouched_units(&BTreeSet::new(), 0) as u64;
            self.stats.recall_us += micros(start).saturating_sub(self.stats.scan_us - scan_us);
            return;
        }
        self.stats.recall_us += micros(start).saturating_sub(self.stats.scan_us - scan_us);
        let start = Instant::now();
        let fresh = self.live.is_none() && flags != Some(0);
        if self.live.is_none() {
            self.live = Some(Live { is_new: true, ..self.start(&differences) });
        }
        let save_us = self.stats.save_us;
        self.apply(differences, fresh);
        self.stats.compute_us += micros(start).saturating_sub(self.stats.save_us - save_us);
        self.stats.modules = self.files.project_count() as u64;
    }

    fn pool(&self) -> &rayon::ThreadPool {
        self.pool.get_or_init(|| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.config.threads).stack_size(STACK);
            builder.build().expect("threads can be started")
        })
    }

    /// Counts and times of the last update and of what followed it.
    pub fn stats(&self) -> Stats {
        let bytes_read = self.config.stores.own.as_ref().map_or(0, |store| store.counters().bytes_read);
        Stats { bytes_read, ..self.stats.clone() }
    }

    /// The database, made if there was no need for it so far. For answers that only queries give.
    pub fn database(&mut self) -> &RootDatabase {
        if self.live.is_none() {
            self.live = Some(self.start(&[]));
        }
        match &self.live {
            Some(live) => &live.db,
            None => unreachable!("made above"),
        }
    }
}

/// Stack of worker threads in bytes: bodies are walked recursively, to the parser's nesting limit.
const STACK: usize = 64 << 20;

fn micros(start: Instant) -> u64 {
    start.elapsed().as_micros() as u64
}

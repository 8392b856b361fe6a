//! The one driver: command, engine, editor and tests bring a project up to date through it.
//!
//! Input: a host that scans and reads files, and a store. Output: problems, chunks by symbol, statistics, reasons.
//!
//! Two speeds, one meaning. The manifest of the last run tells for every file which entry answers for it. While no
//! file differs, these entries are valid as a whole and no database is made. Otherwise a worklist goes through the
//! database: first what changed, then whoever relies on an interface that came out different; the rest keeps its row.
//!
//! Invariant: after [`Workspace::update`] every row describes what a cold build of the same texts gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use base_db::{
    Change, Content, Counters, DefId, DefKind, DefName, File, Fingerprint, Name, Options, Project, SourceDb,
    library_path,
};
use bytecode::{Chunk, TypeDesc};
use hir::problem::{Anchor, Code, Place, Problem, Severity};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use types::{Signature, TypeDef};

use crate::{
    artifact::{self, Artifact, Head},
    files::{Files, View},
    image::Image,
    manifest::{self, Manifest, Stamp, is_library},
    recall::{self, Reason, Recall},
    root::{Log, Outline, RootDatabase, Stores, TextChanged, Texts},
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

/// A base that deltas may name.
#[derive(Clone, Copy)]
struct Base {
    /// Its file, to see whether it is still there.
    id: store::ManifestId,
    identity: Fingerprint,
    /// The flags that are on disk, of the base or its delta.
    flags: u32,
}

struct Live {
    db: RootDatabase,
    /// Made by this update: nothing was asked of it so far.
    is_new: bool,
    project_problems: Vec<Problem>,
}

/// A file whose text is not what is known of it.
struct Difference {
    path: Name,
    stamp: Option<Stamp>,
    /// `None`: it is gone.
    content: Option<(Fingerprint, Content)>,
}

/// What an update has to visit.
#[derive(Default)]
struct Queue {
    paths: BTreeSet<Name>,
    /// Traits, impls or templates may have come, gone or changed.
    globals_changed: bool,
}

/// What a comparison with the host found.
#[derive(Default)]
struct Compared {
    /// By path.
    differences: Vec<Difference>,
    /// Newest stamps of files whose text is as known.
    restamped: Vec<(Name, Option<Stamp>)>,
}

/// The texts of a project: those that were set, over the host's.
struct HostTexts {
    host: Arc<dyn Host>,
    overlay: Mutex<BTreeMap<Name, Arc<str>>>,
}

impl HostTexts {
    fn overlay(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<str>>> {
        self.overlay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Texts for HostTexts {
    fn load(&self, path: &str, hash: Fingerprint) -> Option<Arc<str>> {
        let set = self.overlay().get(path).cloned();
        let text = set.or_else(|| self.host.read(path).ok())?;
        (Fingerprint::of_bytes(text.as_bytes()) == hash).then_some(text)
    }
}

/// A unit after an update, for comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDump {
    /// Paths of its files.
    pub files: Vec<Name>,
    /// Definitions with their fingerprints and encodings; empty for a unit with errors.
    pub interface: Vec<(String, Fingerprint, Vec<u8>)>,
    /// Symbols and encoded chunks; empty for a unit with errors.
    pub code: Vec<(Name, Vec<u8>)>,
    /// Problems.
    pub problems: Vec<Problem>,
}

/// How many times an update starts over because files change under it, before it reads all of them at once.
const RESCANS: usize = 5;

/// Units from which on a round is given to several threads: fewer are done before the threads are there.
const PARALLEL: usize = 4;

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
        self.apply(differences, fresh);
        self.stats.compute_us += micros(start);
        self.stats.modules = self.files.project_count() as u64;
    }

    /// The host's files and those that exist as texts only, by path.
    fn scan(&mut self) -> Vec<Scanned> {
        let start = Instant::now();
        let mut scan = self.config.host.scan();
        for path in self.texts.overlay().keys() {
            if let Err(at) = scan.binary_search_by(|file| file.path.cmp(path)) {
                scan.insert(at, Scanned { path: path.clone(), stamp: None });
            }
        }
        self.stats.scan_us += micros(start);
        scan
    }

    /// What differs from what is known.
    fn compare_all(&mut self) -> Compared {
        let scan = self.scan();
        self.scanned = true;
        let read_all = self.holds_texts && self.live.is_none();
        let overlay = self.overlay();
        let mut to_read: Vec<&Scanned> = Vec::new();
        let mut gone: Vec<Name> = Vec::new();
        {
            // Both are sorted by path.
            let mut known = self.files.iter().filter(|view| !view.is_library()).peekable();
            for file in &scan {
                while let Some(view) = known.next_if(|view| view.path() < file.path.as_str()) {
                    gone.push(Name::from(view.path()));
                }
                let view = known.next_if(|view| view.path() == file.path);
                let is_set = !overlay.is_empty() && overlay.contains_key(&file.path);
                let clean = file.stamp.is_some()
                    && !(is_set || read_all)
                    && view.is_some_and(|view| view.stamp() == file.stamp);
                if !clean {
                    to_read.push(file);
                }
            }
            gone.extend(known.map(|view| Name::from(view.path())));
        }
        let mut compared = self.read(&to_read, read_all);
        compared.differences.extend(gone.into_iter().map(|path| Difference { path, stamp: None, content: None }));
        compared.differences.sort_by(|a, b| a.path.cmp(&b.path));
        compared
    }

    /// What differs among the files that were set or touched.
    fn compare_touched(&mut self) -> Compared {
        let touched = std::mem::take(&mut self.touched);
        let files: Vec<Scanned> = touched.iter().map(|path| Scanned { path: path.clone(), stamp: None }).collect();
        self.touched = touched;
        self.read(&files.iter().collect::<Vec<_>>(), false)
    }

    /// Reads files and compares their texts with what is known; `all` differ, so that the database has their texts.
    fn read(&mut self, files: &[&Scanned], all: bool) -> Compared {
        let (overlay, host) = (self.overlay(), &*self.config.host);
        let read = |file: &&Scanned| {
            // The stamp is the host's, and so says nothing of a text that was set over it.
            let (text, stamp) = match overlay.get(&file.path) {
                Some(text) => (Ok(Arc::clone(text)), None),
                None => (host.read(&file.path), file.stamp),
            };
            let (hash, content) = match text {
                Ok(text) => (Fingerprint::of_bytes(text.as_bytes()), Content::Text(text)),
                Err(why) => (Fingerprint::of(&("invalid", &why)), Content::Invalid(Arc::from(why))),
            };
            (file.path.clone(), stamp, hash, content)
        };
        let texts: Vec<_> = if files.len() > 64 && self.config.threads > 1 {
            self.pool().install(|| files.par_iter().map(read).collect())
        } else {
            files.iter().map(read).collect()
        };
        self.stats.files_hashed += texts.len() as u64;
        let mut compared = Compared::default();
        for (path, stamp, hash, content) in texts {
            match self.files.get(&path) {
                // A database that is made for the first time has to be told why a file has no text.
                Some(view)
                    if view.hash() == hash && !all && (self.live.is_some() || matches!(content, Content::Text(_))) =>
                {
                    if view.stamp() != stamp {
                        compared.restamped.push((path, stamp));
                    }
                }
                _ => compared.differences.push(Difference { path, stamp, content: Some((hash, content)) }),
            }
        }
        compared
    }

    fn pool(&self) -> &rayon::ThreadPool {
        self.pool.get_or_init(|| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.config.threads).stack_size(STACK);
            builder.build().expect("threads can be started")
        })
    }

    /// A database that knows every file as the last run left it, without texts, and what differs as it is now.
    fn start(&mut self, differences: &[Difference]) -> Live {
        let manifest = self.files.manifest().cloned();
        // Units are not trusted where the project as a whole has problems, two files of one name for example.
        // Nor where an edit of a template may change the imports of other files.
        let is_grouped =
            |manifest: &Arc<Manifest>| manifest.flags() == 0 && !manifest.rows().any(|row| manifest.borrows(row));
        let grouped = manifest.as_ref().is_some_and(is_grouped);
        let (texts, stores) = (Arc::clone(&self.texts), self.config.stores.clone());
        let mut db = RootDatabase::new(stores, manifest, texts, Arc::clone(&self.counters), self.config.log.take());
        let library = stdlib::library().iter().map(|&(name, text)| {
            let path = library_path(name);
            let known = self.files.get(&path).map(View::hash);
            let hash = known.unwrap_or_else(|| Fingerprint::of_bytes(text.as_bytes()));
            (path, hash, Content::Text(Arc::from(text)))
        });
        let differs: FxHashSet<&str> = differences.iter().map(|difference| difference.path.as_str()).collect();
        let own = self.files.iter().filter(|view| !view.is_library() && !differs.contains(view.path()));
        let own = own.map(|view| (Name::from(view.path()), view.hash(), view.content()));
        // The number of shards follows from the files that the database starts with, hence all of them are there at once.
        let set = differences.iter().filter_map(|difference| {
            let (hash, content) = difference.content.clone()?;
            Some((difference.path.clone(), hash, content))
        });
        let files: Vec<_> = library.chain(own).chain(set).collect();
        if files.len() <= KEPT {
            db.keep_everything();
        }
        let project = Project::restored(&db, self.config.options.clone(), files, grouped);
        db.set_project(project);
        Live { db, is_new: false, project_problems: Vec::new() }
    }

    /// `fresh`: nothing is known of the project as a whole.
    fn apply(&mut self, differences: Vec<Difference>, fresh: bool) {
        let Some(mut live) = self.live.take() else { return };
        // Headers are read here, and an embedder's thread may have a small stack.
        stacker::maybe_grow(STACK / 2, STACK, || {
            let queue = self.apply_differences(&mut live, differences, fresh);
            let (visited, single) = self.visit_queue(&mut live, queue);
            self.stats.units_recalled += self.files.untouched_units(&visited, single) as u64;
            if self.keeps_library() {
                self.keep_outlines_of_library(&live);
            }
        });
        self.live = Some(live);
    }

    /// Whether units of the library are kept. Without a store each of their functions is compiled when it is called.
    fn keeps_library(&self) -> bool {
        self.config.stores.own.is_some()
    }

    /// Whether later processes will want units of the library that have no entry; [`Workspace::complete_library`] makes
    /// them.
    pub fn lacks_library(&self) -> bool {
        !self.library_due.is_empty()
    }

    /// Brings units of the library up to date that the project uses, so that a restart finds them, and saves them if
    /// nothing else waits to be saved. The program need not wait for it: what it calls before is compiled alone. `Err` as
    /// [`Workspace::save`].
    pub fn complete_library(&mut self) -> Result<(), String> {
        if !self.lacks_library() {
            return Ok(());
        }
        self.database();
        let Some(mut live) = self.live.take() else { return Ok(()) };
        let complete = |workspace: &mut Workspace| {
            let mut visited = BTreeSet::new();
            loop {
                // They stay due until all of them are made.
                let paths: BTreeSet<Name> = workspace.library_due.difference(&visited).cloned().collect();
                if paths.is_empty() {
                    break;
                }
                let queue = Queue { paths, globals_changed: false };
                stacker::maybe_grow(STACK / 2, STACK, || visited.extend(workspace.visit_queue(&mut live, queue).0));
            }
            workspace.library_due.clear();
        };
        let complete = self.unless_changed(complete);
        // A program that runs goes on with the state of the last update, whatever the texts are by now.
        self.live = Some(live);
        if complete.is_none() {
            return Ok(());
        }
        // Whether a text that was set since is worth keeping is for the next save to say.
        if self.files.unsaved().all(|state| is_library(&state.row.path)) { self.save() } else { Ok(()) }
    }

    /// Tells the database what differs, and finds what has to be visited because of it.
    fn apply_differences(&mut self, live: &mut Live, differences: Vec<Difference>, fresh: bool) -> Queue {
        let mut queue = Queue::default();
        let mut restructured = false;
        let mut invalid = false;
        let mut edited: Vec<Name> = Vec::new();
        let mut change = Change::default();
        let mut came_or_went: FxHashSet<Name> = FxHashSet::default();
        for Difference { path, stamp, content } in differences {
            self.dirty = true;
            let known = self.files.get(&path);
            if let Some(view) = known {
                queue.globals_changed |= view.has_globals();
                // The other members' entries were made with this text.
                queue.paths.extend(self.files.unit_of(view));
            }
            if content.is_none() || known.is_none() {
                restructured = true;
                came_or_went.insert(module_name(&self.config.options, &path));
            }
            match content {
                Some((hash, content)) => {
                    // What keeps a file from being read may go away without a trace at the file.
                    let why = if let Content::Invalid(why) = &content { Some(Arc::clone(why)) } else { None };
                    invalid |= why.is_some();
                    self.files.edit(&path, |state| {
                        state.row.hash = hash;
                        state.row.stamp = stamp.filter(|_| why.is_none());
                        state.invalid = why;
                    });
                    change.files.push((path.clone(), hash, content));
                    queue.paths.insert(path.clone());
                    edited.push(path);
                }
                None => {
                    self.files.remove(&path);
                    change.removed.push(path);
                }
            }
        }
        if restructured {
            // Another file with the same module name may come to own it, or lose it.
            let options = &self.config.options;
            let namesakes = self.files.iter().filter(|view| came_or_went.contains(&module_name(options, view.path())));
            queue.paths.extend(namesakes.map(|view| Name::from(view.path())));
            queue.paths.extend(self.files.users(&came_or_went, &BTreeSet::new()));
            // A file more or less may join or part units.
            queue.paths.extend(self.files.cyclic().cloned());
        }
        queue.paths.extend(self.files.unanswered().cloned());
        change.apply(&mut live.db);
        let db = &live.db;
        let files: Vec<File> = edited.iter().filter_map(|path| db.project().file(db, path)).collect();
        let taken = db.take_outlines(files.clone());
        if files.len() > 64 && self.config.threads > 1 {
            // What they say about the project would otherwise be read from one after the other.
            let db = db.clone();
            self.pool().install(|| {
                files.par_iter().for_each_with(db, |db, &file| {
                    // Whatever fails fails again where it is reported.
                    let _ = db.catch_failure(|| hir::header(db, file));
                });
            });
        }
        live.db.renew_outlines(taken, restructured, std::mem::take(&mut live.is_new));
        let db = &live.db;
        // What is wrong with the project as a whole is about names of files and blocks, and files that cannot be read.
        let had_problems = !live.project_problems.is_empty();
        let has_blocks = |&file: &File| db.catch_failure(|| hir::header(db, file).modules.len() > 1).unwrap_or(false);
        if fresh || restructured || invalid || had_problems || files.iter().any(has_blocks) {
            live.project_problems = hir::project_problems(db).to_vec();
        }
        queue
    }

    /// Visits units until nothing is left whose answers may have changed. Returns the visited files, and how many of
    /// their units have one file and are the project's.
    fn visit_queue(&mut self, live: &mut Live, queue: Queue) -> (BTreeSet<Name>, usize) {
        let Queue { paths: mut queue, mut globals_changed } = queue;
        let keeps_library = self.keeps_library();
        let prelude: Vec<Name> = stdlib::prelude().iter().filter_map(|module| library_file(module)).collect();
        let is_missing = |files: &Files, path: &Name| !files.get(path).is_some_and(View::is_answered);
        let mut may_want_prelude = keeps_library && prelude.iter().any(|path| is_missing(&self.files, path));
        let mut visited: BTreeSet<Name> = BTreeSet::new();
        let mut single = 0;
        let mut asked_globals = false;
        let done = AtomicUsize::new(0);
        let mut stretches = self.config.stores.own.is_some() && !self.holds_texts;
        let mut has_outlines = false;
        loop {
            // Also when there is nothing else to visit: a file that nobody imports may be gone.
            if queue.iter().all(|path| visited.contains(path)) {
                if !globals_changed || std::mem::replace(&mut asked_globals, true) {
                    break;
                }
                queue.extend(self.files.iter().filter(|view| view.asks_globals()).map(|view| Name::from(view.path())));
            }
            let db = &live.db;
            let mut round: BTreeMap<Name, Vec<File>> = BTreeMap::new();
            for path in std::mem::take(&mut queue) {
                if visited.contains(&path) {
                    continue;
                }
                let Some(file) = db.project().file(db, &path) else { continue };
                let files = recall::unit_of(db, file).files(db).clone();
                visited.extend(files.iter().map(|file| file.path(db).clone()));
                if let Some(first) = files.first() {
                    round.insert(first.path(db).clone(), files);
                }
            }
            let mut units: Vec<Vec<File>> = round.into_values().collect();
            if stretches && units.len() > self.config.stretch {
                let rest = units.split_off(self.config.stretch);
                if !std::mem::replace(&mut has_outlines, true) {
                    self.keep_outlines(db, &rest);
                }
                for file in rest.iter().flatten() {
                    visited.remove(file.path(db));
                    queue.insert(file.path(db).clone());
                }
            }
            // Library modules that the program can reach are units like others, so that a restart finds their code.
            let mut library: BTreeSet<Name> = BTreeSet::new();
            let mut changed: FxHashSet<Name> = FxHashSet::default();
            let before = done.load(Ordering::Relaxed);
            let report = || {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(progress) = &self.config.progress {
                    progress(done, before + units.len() + queue.len());
                }
            };
            let pool = (self.config.threads > 1 && units.len() >= PARALLEL).then(|| self.pool());
            let outcomes = visit_all(&mut live.db, pool, &units, &report);
            let db = &live.db;
            for (files, outcome) in units.iter().zip(outcomes) {
                match &outcome.reason {
                    _ if files.iter().all(|file| file.library(db)) => {}
                    Some(_) => self.stats.units_computed += 1,
                    None => self.stats.units_recalled += 1,
                }
                single += usize::from(files.len() == 1 && !files[0].library(db));
                if may_want_prelude && outcome.artifact.as_ref().is_some_and(|artifact| artifact.asks_library()) {
                    may_want_prelude = false;
                    library.extend(prelude.iter().cloned());
                }
                for (file, facts) in files.iter().zip(outcome.files) {
                    let path = file.path(db);
                    let head = outcome.artifact.as_ref().map(|artifact| artifact.head());
                    let entry = outcome.artifact.as_ref().and_then(|artifact| artifact.reference());
                    if keeps_library {
                        library.extend(facts.outline.imports.iter().filter_map(|module| library_file(module)));
                    }
                    self.dirty |= self.files.edit(path, |state| {
                        let is_saved = match (&outcome.artifact, &state.artifact) {
                            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
                            _ => false,
                        };
                        let row = &mut state.row;
                        // What the library says never changes, only what is known of it.
                        if row.interface != facts.interface && !is_library(path) {
                            changed.insert(file.module(db).clone());
                            // A template of another file may have given it impls, or does no longer.
                            globals_changed |= row.has_globals || facts.outline.has_globals;
                        }
                        row.hash = file.hash(db);
                        row.pending = false;
                        row.interface = facts.interface;
                        row.imports = facts.outline.imports.to_vec();
                        row.has_globals = facts.outline.has_globals;
                        row.borrows = facts.outline.borrows;
                        row.unit = (files.len() > 1).then(|| files[0].path(db).clone());
                        row.warnings = !facts.problems.is_empty();
                        // A unit with errors is visited at every update until it has none.
                        row.deps = head.map(recall::consulted).unwrap_or_default();
                        row.asks_globals = facts.outline.borrows || head.is_none_or(Head::asks_globals);
                        row.mvars = head.is_some_and(|head| {
                            head.files.iter().any(|facts| facts.path == *path && !facts.mvars.is_empty())
                        });
                        row.older = if outcome.artifact.is_some() { None } else { row.entry.or(row.older) };
                        // What was made and saved by this process is where it was.
                        row.entry = if is_saved { row.entry } else { entry };
                        state.artifact = outcome.artifact.clone();
                        state.problems = facts.problems;
                        state.failed = outcome.failed;
                        state.reason = outcome.reason.clone();
                    });
                }
            }
            if stretches && !queue.is_empty() {
                stretches = self.renew(live);
            }
            if !changed.is_empty() {
                queue.extend(self.files.users(&changed, &visited));
            }
            self.library_due.extend(library.into_iter().filter(|path| is_missing(&self.files, path)));
        }
        (visited, single)
    }

    /// Notes what the text of files tells whose units were not visited so far.
    fn keep_outlines(&mut self, db: &RootDatabase, units: &[Vec<File>]) {
        for files in units {
            for &file in files {
                // A file on which the compiler fails imports nothing.
                let outline = db.catch_failure(|| db.outline(file)).unwrap_or_default();
                self.files.edit(file.path(db), |state| {
                    let row = &mut state.row;
                    row.imports = outline.imports.to_vec();
                    row.has_globals = outline.has_globals;
                    row.borrows = outline.borrows;
                    row.unit = (files.len() > 1).then(|| files[0].path(db).clone());
                    row.pending = row.entry.is_none() && row.older.is_none();
                });
            }
        }
    }

    /// Saves, and goes on with a database that knows what was saved and nothing else. False: it could not be saved, or
    /// another process has saved at the same time; everything is as it was.
    fn renew(&mut self, live: &mut Live) -> bool {
        let Some(store) = self.config.stores.own.clone() else { return false };
        let flags = self.flags(Some(live));
        // Their headers are saved with the first base, and with no later one.
        self.keep_outlines_of_library(live);
        if self.save_entries(&store, Some(live)).and_then(|()| self.write_base(&store, flags)).is_err() {
            return false;
        }
        let base = store.read_manifest(&self.config.manifest);
        let is_ours = |manifest: &store::Manifest| self.base.is_some_and(|base| base.id == manifest.id());
        let Some(manifest) = base.filter(is_ours).and_then(|base| Manifest::decode(base, None)) else { return false };
        self.files.rebase(Arc::new(manifest));
        let project_problems = std::mem::take(&mut live.project_problems);
        *live = Live { project_problems, ..self.start(&[]) };
        true
    }

    /// Keeps what the module graph and the index of impls need of the whole library, so that no restart parses it.
    fn keep_outlines_of_library(&mut self, live: &Live) {
        let db = &live.db;
        for &(name, _) in stdlib::library() {
            let path = library_path(name);
            if self.files.get(&path).is_none()
                && let Some(file) = db.project().file(db, &path)
            {
                let outline = db.outline(file);
                self.dirty |= self.files.edit(&path, |state| {
                    state.row.hash = file.hash(db);
                    state.row.imports = outline.imports.to_vec();
                    state.row.has_globals = outline.has_globals;
                    state.row.borrows = outline.borrows;
                });
            }
        }
    }

    /// Writes what is new to the store. Failures cost speed only: `Err` has a text for one warning.
    pub fn save(&mut self) -> Result<(), String> {
        let Some(store) = self.config.stores.own.clone() else { return Ok(()) };
        let start = Instant::now();
        let before = store.counters().bytes_written;
        let live = self.live.take();
        let outcome = self.save_to(&store, live.as_ref());
        self.live = live;
        self.stats.bytes_written += store.counters().bytes_written - before;
        self.stats.save_us += micros(start);
        outcome.map_err(|error| error.to_string())
    }

    fn save_to(&mut self, store: &store::Store, live: Option<&Live>) -> Result<(), store::SaveError> {
        let flags = self.flags(live);
        if live.is_some() {
            self.dirty |= self.base.is_none_or(|base| base.flags != flags) || self.files.unsaved().next().is_some();
        }
        if !self.dirty {
            return Ok(());
        }
        self.save_entries(store, live)?;
        self.save_manifest(store, flags)?;
        self.dirty = false;
        Ok(())
    }

    /// Flags of the manifest: 1 if something is wrong with the project as a whole.
    fn flags(&self, live: Option<&Live>) -> u32 {
        match live {
            Some(live) => u32::from(!live.project_problems.is_empty()),
            None => self.base.map_or(0, |base| base.flags),
        }
    }

    /// Writes the entries that were made, and remembers where they are.
    fn save_entries(&mut self, store: &store::Store, live: Option<&Live>) -> Result<(), store::SaveError> {
        let Some(live) = live else { return Ok(()) };
        let options = &self.config.options;
        let mut records: Vec<ToSave> = Vec::new();
        let mut taken: FxHashSet<*const Artifact> = FxHashSet::default();
        for state in self.files.unsaved() {
            let Some(artifact) = &state.artifact else { continue };
            let Some(sections) = artifact.new_sections() else { continue };
            if !taken.insert(Arc::as_ptr(artifact)) {
                continue;
            }
            let files = &artifact.head().files;
            let key = artifact::unit_key(options, files.iter().map(|file| (&file.path, file.hash)));
            let record = store::NewRecord { kind: artifact::UNIT, key: key.0, sections: sections.to_vec() };
            let owners = files.iter().map(|file| file.path.clone()).collect();
            records.push(ToSave { record, owners, library: is_library(&state.row.path) });
            if files.len() > 1 {
                let headers = files.iter().zip(artifact.headers().into_iter().flatten());
                records.extend(headers.map(|(file, header)| header_to_save(options, (&file.path, file.hash), &header)));
            }
            debug_assert!(files.iter().any(|file| file.path == state.row.path), "an artifact knows its files");
        }
        // Headers of the library's other files: names and constructors that any module may ask for. They are in no unit
        // that is saved, and were made with the base.
        let others = if self.base.is_none() { stdlib::library() } else { &[] };
        for path in others.iter().map(|&(name, _)| library_path(name)) {
            let Some(view) = self.files.get(&path).filter(|view| !view.is_answered()) else { continue };
            let key = artifact::file_key(options, (&path, view.hash()));
            if store.lookup(artifact::HEADER, &key.0).is_empty()
                && let Some(file) = live.db.project().file(&live.db, &path)
            {
                let header = &hir::header(&live.db, file).value;
                records.push(header_to_save(options, (&path, view.hash()), header));
            }
        }
        self.stats.entries_written += taken.len() as u64;
        let mut owners = Vec::with_capacity(records.len());
        let mut shared: Vec<bool> = Vec::with_capacity(records.len());
        let mut new = Vec::with_capacity(records.len());
        for ToSave { record, owners: paths, library } in records {
            owners.push(paths);
            shared.push(library);
            new.push(record);
        }
        let places = store.save(&new)?;
        if let Some(library) = &self.config.stores.library {
            let mut is_shared = shared.into_iter();
            new.retain(|record| is_shared.next() == Some(true) && library.lookup(record.kind, &record.key).is_empty());
            // The project has its own, and other projects make theirs.
            let _ = library.save(&new);
        }
        for (owners, place) in owners.iter().zip(places) {
            for path in owners {
                self.files.edit(path, |state| state.row.entry = Some(place));
            }
        }
        Ok(())
    }

    /// Writes the rows that differ from the base, or a new base.
    fn save_manifest(&mut self, store: &store::Store, flags: u32) -> Result<(), store::SaveError> {
        let name = &self.config.manifest;
        // Another process may have written a base meanwhile; a delta of ours would change what it does not know.
        if let Some(base) = self.base.filter(|base| store.is_manifest(name, &base.id)) {
            let (rows, gone) = self.files.delta();
            let delta = manifest::encode(&rows, flags, Some((base.identity, &gone)));
            if !manifest::is_fold_due(delta.bytes.len(), base.id.length() as usize) {
                store.write_manifest(&delta_name(name), &delta.bytes, &delta.entries)?;
                self.base = Some(Base { flags, ..base });
                return Ok(());
            }
        }
        self.write_base(store, flags)
    }

    fn write_base(&mut self, store: &store::Store, flags: u32) -> Result<(), store::SaveError> {
        let name = &self.config.manifest;
        let whole = manifest::encode(&self.files.rows(), flags, None);
        let id = store.write_manifest(name, &whole.bytes, &whole.entries)?;
        // The delta of the base before names that one, so it is harmless should it stay.
        store.remove_manifest(&delta_name(name));
        self.base = Some(Base { id, identity: whole.identity, flags });
        self.files.written_whole();
        Ok(())
    }

    /// Makes one manifest of base and delta, so that the store keeps nothing for rows that are replaced. `Err`: one line.
    pub fn fold(&mut self) -> Result<(), String> {
        let (Some(store), Some(base)) = (self.config.stores.own.clone(), self.base) else { return Ok(()) };
        if !self.files.differ_from_base() {
            return Ok(());
        }
        self.write_base(&store, base.flags).map_err(|error| error.to_string())
    }

    /// Counts and times of the last update and of what followed it.
    pub fn stats(&self) -> Stats {
        let bytes_read = self.config.stores.own.as_ref().map_or(0, |store| store.counters().bytes_read);
        Stats { bytes_read, ..self.stats.clone() }
    }

    /// Texts of files that cannot be read, and why; problems of the project as a whole; then problems of each file.
    pub fn problems(&mut self) -> Vec<Problem> {
        let mut found = self.live.as_ref().map(|live| live.project_problems.clone()).unwrap_or_default();
        let paths: Vec<Name> = self.files.with_problems().cloned().collect();
        for path in paths {
            match self.files.get(&path) {
                Some(View::State(state)) if !state.problems.is_empty() || !state.row.warnings => {
                    let invalid = state.invalid.iter().map(|why| invalid_file(&self.config.options, &path, why));
                    found.extend(invalid);
                    found.extend(state.problems.iter().cloned());
                }
                // Warnings of an earlier run. An entry that cannot be read is computed again.
                _ => found.extend(self.sound_artifact(&path).iter().flat_map(|artifact| warnings_of(artifact))),
            }
        }
        found
    }

    /// Paths of project files with errors of any kind, sorted.
    pub fn files_with_errors(&self) -> Vec<Name> {
        self.files.unanswered().cloned().collect()
    }

    /// The entry at a place, if it is of this text of this file.
    fn open_entry(&mut self, entry: store::RecordRef, path: &str, hash: Fingerprint) -> Option<Arc<Artifact>> {
        let store = self.config.stores.own.as_ref()?;
        let open = || store.record_at(entry).and_then(Artifact::open).map(Arc::new);
        let artifact = self.opened.entry(entry).or_insert_with(open).clone()?;
        let is_own = artifact.head().files.iter().any(|facts| facts.path == path && facts.hash == hash);
        is_own.then_some(artifact)
    }

    /// The entry of the file `path`, opened if necessary; computed again if it cannot be. `None`: the unit has errors.
    pub fn artifact(&mut self, path: &str) -> Option<Arc<Artifact>> {
        let view = self.files.get(path)?;
        if let View::State(state) = view
            && let Some(artifact) = &state.artifact
        {
            return Some(Arc::clone(artifact));
        }
        let (entry, hash) = (view.entry()?, view.hash());
        let opened = self.open_entry(entry, path, hash);
        opened.or_else(|| self.recompute(&Name::from(path)))
    }

    /// As [`Workspace::artifact`], and every section of it can be read.
    fn sound_artifact(&mut self, path: &Name) -> Option<Arc<Artifact>> {
        let artifact = self.artifact(path)?;
        if artifact.is_sound() { Some(artifact) } else { self.recompute(path) }
    }

    /// The path of the file that defines `module` or the file around the block `module`.
    pub fn path_of_module(&self, module: &str) -> Option<Name> {
        if let Some(path) = library_file(module) {
            return Some(path);
        }
        prefixes_longest_first(module).find_map(|prefix| {
            let path = path_of(&self.config.options, prefix);
            self.files.get(&path).is_some().then_some(path)
        })
    }

    /// The chunk of `symbol`, decoded and verified. `None`: nothing has that symbol.
    ///
    /// An entry that turns out to be damaged is computed again.
    pub fn chunk(&mut self, symbol: &str) -> Option<Chunk> {
        self.stats.chunks_loaded += 1;
        let module = module_of_symbol(symbol);
        let path = self.path_of_module(module)?;
        match self.artifact(&path) {
            Some(artifact) => artifact.chunk(symbol).or_else(|| self.recompute(&path)?.chunk(symbol)),
            None => {
                if self.keeps_library() && is_library(&path) {
                    self.library_due.insert(path.clone());
                }
                let db = self.database();
                recall::compiled_symbol(db, db.project().file(db, &path)?, symbol)
            }
        }
    }

    /// What reflection knows of a type, by its full name or, where it is unique, by its own. `None`: there is none.
    pub fn type_desc(&mut self, name: &str) -> Option<TypeDesc> {
        if let Some((module, own)) = name.rsplit_once('.') {
            return self.type_desc_in(module, own);
        }
        let root = path_of(&self.config.options, "");
        if let Some(found) = self.config.options.single_file.then(|| self.type_desc_at(&root, "", name)).flatten() {
            return Some(found);
        }
        let modules: Vec<Name> = self.paths().iter().map(|path| module_name(&self.config.options, path)).collect();
        let library = stdlib::library().iter().map(|(stem, _)| Name::from(format!("stdlib.{stem}")));
        let found: Vec<TypeDesc> =
            modules.into_iter().chain(library).filter_map(|module| self.type_desc_in(&module, name)).collect();
        found.into_iter().next()
    }

    fn type_desc_in(&mut self, module: &str, name: &str) -> Option<TypeDesc> {
        let path = self.path_of_module(module)?;
        self.type_desc_at(&path, module, name)
    }

    fn type_desc_at(&mut self, path: &str, module: &str, name: &str) -> Option<TypeDesc> {
        let def = DefName::new(Name::from(module), DefKind::Type, Name::from(name), Name::default());
        let stored = self.artifact(path);
        let stored = stored.as_ref().and_then(|artifact| artifact.signature(&def));
        let stored: Option<TypeDef> = stored.and_then(|(_, bytes)| base_db::codec::decode(bytes));
        match stored {
            Some(def) => codegen::describe(&def),
            None => {
                let db = self.database();
                let def = types::type_def(db, DefId::new(db, def)).as_ref()?;
                codegen::describe(def)
            }
        }
    }

    /// Paths of all known files, the library's that are in use included, sorted.
    fn paths(&self) -> Vec<Name> {
        self.files.iter().map(|view| Name::from(view.path())).collect()
    }

    /// The entry of a file whose stored one cannot be read where it was: another place of it, or computed. `None`: the
    /// unit has errors.
    fn recompute(&mut self, path: &Name) -> Option<Arc<Artifact>> {
        if self.live.is_none() {
            self.live = Some(self.start(&[]));
        }
        let place = self.files.get(path)?.entry()?;
        let db = &self.live.as_ref()?.db;
        let unit = recall::unit_of(db, db.project().file(db, path)?);
        let files = unit.files(db).clone();
        // Another process may have merged it into another segment.
        let elsewhere = match recall::recall(db, unit) {
            Recall::Hit(entry) if entry.reference() != Some(place) && entry.is_sound() => Some(entry),
            _ => None,
        };
        let lost = || self.config.stores.own.as_ref().map(|store| recall::lost(store, place));
        let reason = if elsewhere.is_some() { None } else { lost() };
        if reason.is_some() && !is_library(path) {
            self.stats.units_computed += 1;
            self.stats.units_recalled = self.stats.units_recalled.saturating_sub(1);
        }
        let artifact = match elsewhere {
            Some(artifact) => artifact,
            None => recall::fresh_artifact(db, &files)?,
        };
        for file in files {
            self.dirty |= self.files.edit(file.path(db), |state| {
                state.row.entry = artifact.reference();
                state.artifact = Some(Arc::clone(&artifact));
                state.reason = reason.clone();
            });
        }
        Some(artifact)
    }

    /// Symbols of all mvars in the order in which their initialisers run: imported modules first, path order
    /// otherwise, declaration order inside a module.
    pub fn mvars(&mut self) -> Vec<Name> {
        if !self.files.has_mvars() {
            return Vec::new();
        }
        let rows: Vec<(Name, Vec<Name>)> =
            self.files.iter().map(|view| (Name::from(view.path()), view.imports())).collect();
        let order = initialisation_order(&rows, |module| self.path_of_module(module));
        let mut symbols = Vec::new();
        for path in order {
            if let Some(artifact) = self.artifact(&path) {
                let facts = artifact.head().files.iter().filter(|facts| facts.path == path);
                symbols.extend(facts.flat_map(|facts| facts.mvars.iter().cloned()));
            }
        }
        symbols
    }

    /// The code as it is now, independent of later updates. Every entry is checked once.
    pub fn image(&mut self) -> Image {
        let variables = self.mvars();
        let mut artifacts = BTreeMap::new();
        for path in self.paths() {
            if let Some(artifact) = self.sound_artifact(&path) {
                artifacts.insert(path, artifact);
            }
        }
        Image::new(self.config.options.clone(), artifacts, variables)
    }

    /// Whether a chunk with that symbol exists.
    pub fn has_symbol(&mut self, symbol: &str) -> bool {
        let module = module_of_symbol(symbol);
        let Some(path) = self.path_of_module(module) else { return false };
        let Some(artifact) = self.artifact(&path) else { return false };
        let artifact = if artifact.code_index().is_some() { Some(artifact) } else { self.recompute(&path) };
        let index = artifact.as_ref().and_then(|artifact| artifact.code_index());
        index.is_some_and(|index| index.binary_search_by(|item| item.symbol.as_str().cmp(symbol)).is_ok())
    }

    /// For each file, by path: recalled (`None`) or why its unit was computed when it was last visited.
    pub fn reasons(&self) -> Vec<(Name, Option<Reason>)> {
        let reason = |view| match view {
            View::Row(..) => None,
            View::State(state) => state.reason.clone(),
        };
        self.files.iter().map(|view| (Name::from(view.path()), reason(view))).collect()
    }

    /// The files of [`Workspace::reasons`] whose units were computed.
    pub fn computed(&self) -> Vec<(Name, Reason)> {
        self.files.visited().filter_map(|state| Some((state.row.path.clone(), state.reason.clone()?))).collect()
    }

    /// Signature of `def` in the last run and now, as text. `None`: it did not exist, does not, or is not known.
    pub fn signature_change(&mut self, def: &DefName) -> Option<(String, String)> {
        let path = self.path_of_module(def.module())?;
        let manifest = Arc::clone(self.files.manifest()?);
        let row = manifest.find(&path)?;
        let before = self.open_entry(manifest.entry(row)?, &path, manifest.hash(row))?;
        let before: Signature = base_db::codec::decode(before.signature(def)?.1)?;
        let db = &self.live.as_ref()?.db;
        let now = types::signature(db, DefId::new(db, def.clone())).as_ref()?;
        Some((types::show_signature(&before), types::show_signature(now)))
    }

    /// Keeps a text beside the manifest, to be read by a later process.
    pub fn keep_note(&self, note: &[u8]) {
        if let Some(store) = &self.config.stores.own {
            // A note that cannot be kept is missing when somebody asks for it, nothing else.
            let _ = store.write_manifest(&format!("{} why", self.config.manifest), note, &[]);
        }
    }

    /// What [`Workspace::keep_note`] kept last.
    pub fn note(&self) -> Option<Vec<u8>> {
        let store = self.config.stores.own.as_ref()?;
        Some(store.read_manifest(&format!("{} why", self.config.manifest))?.bytes().to_vec())
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

    /// All units with the bytes that a cold build must reproduce, sorted by path.
    pub fn dump(&mut self) -> Vec<UnitDump> {
        let paths = self.paths();
        let all = self.problems();
        let mut dumps = Vec::new();
        for path in paths {
            let module = module_name(&self.config.options, &path);
            let own = |problem: &&Problem| {
                let at = &problem.place.module;
                *at == module || at.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('.'))
            };
            let problems = all.iter().filter(own).cloned().collect();
            let (mut interface, mut code, mut files) = (Vec::new(), Vec::new(), vec![path.clone()]);
            if let Some(artifact) = self.sound_artifact(&path) {
                files = artifact.head().files.iter().map(|facts| facts.path.clone()).collect();
                for item in artifact.interface().unwrap_or_default() {
                    let bytes = artifact.signature(&item.def).map(|(_, bytes)| bytes.to_vec()).unwrap_or_default();
                    interface.push((format!("{:?}", item.def), item.fingerprint, bytes));
                }
                for item in artifact.code_index().unwrap_or_default() {
                    let bytes = artifact.chunk_bytes(&item.symbol).map(<[u8]>::to_vec).unwrap_or_default();
                    code.push((item.symbol.clone(), bytes));
                }
            }
            dumps.push(UnitDump { files, interface, code, problems });
        }
        dumps
    }
}

/// Stack of worker threads in bytes: bodies are walked recursively, to the parser's nesting limit.
const STACK: usize = 64 << 20;

fn micros(start: Instant) -> u64 {
    start.elapsed().as_micros() as u64
}

/// Name of the file beside the manifest that has what differs from it.
fn delta_name(manifest: &str) -> String {
    format!("{manifest} delta")
}

/// The module or block that the definition with this symbol stands in.
pub fn module_of_symbol(symbol: &str) -> &str {
    let head = symbol.split(['(', '/', ':']).next().unwrap_or(symbol);
    head.rsplit_once('.').map_or("", |(module, _)| module)
}

pub(crate) fn module_name(options: &Options, path: &str) -> Name {
    if options.single_file && !is_library(path) {
        return Name::default();
    }
    base_db::module_path_of(path).unwrap_or_default()
}

/// Inverse of [`module_name`] for files that follow the rule.
pub(crate) fn path_of(options: &Options, module: &str) -> Name {
    if let Some(rest) = module.strip_prefix("stdlib.") {
        return library_path(&rest.replace('.', "/"));
    }
    if options.single_file {
        return Name::new_static(SINGLE_FILE);
    }
    Name::from(format!("{}.nos", module.replace('.', "/")))
}

/// The path under which a host shows the file of a single-file run.
pub const SINGLE_FILE: &str = "main.nos";

/// `a.b.c` → `a.b.c`, `a.b`, `a`, and at last the root.
pub(crate) fn prefixes_longest_first(module: &str) -> impl Iterator<Item = &str> {
    let shorter = module.rmatch_indices('.').map(|(at, _)| &module[..at]);
    std::iter::once(module).chain(shorter).chain(std::iter::once(""))
}

/// Path of the library file that defines `module`; `None`: not of the library.
pub(crate) fn library_file(module: &str) -> Option<Name> {
    let stem = module.strip_prefix("stdlib.")?;
    stdlib::library().iter().any(|&(name, _)| name == stem).then(|| library_path(stem))
}

/// A record to be written.
struct ToSave {
    record: store::NewRecord,
    /// Files whose entry it is.
    owners: Vec<Name>,
    /// It is of the library, for all projects.
    library: bool,
}

fn header_to_save(options: &Options, file: artifact::FileKey<'_>, header: &hir::item_tree::Header) -> ToSave {
    let key = artifact::file_key(options, file);
    let record =
        store::NewRecord { kind: artifact::HEADER, key: key.0, sections: vec![base_db::codec::encode(header)] };
    ToSave { record, owners: Vec::new(), library: is_library(file.0) }
}

struct FileOutcome {
    interface: Fingerprint,
    outline: Outline,
    problems: Vec<Problem>,
}

struct UnitOutcome {
    failed: bool,
    artifact: Option<Arc<Artifact>>,
    reason: Option<Reason>,
    files: Vec<FileOutcome>,
}

/// Files of a project of which everything is kept.
const KEPT: usize = 2048;

/// Units that are visited before the database of a larger project lets go of what it need not keep; see the bounds on
/// how many results of `body`, `infer_group` and the like live.
const BATCH: usize = 1024;

fn visit_all(
    db: &mut RootDatabase,
    pool: Option<&rayon::ThreadPool>,
    units: &[Vec<File>],
    report: &(dyn Fn() + Sync),
) -> Vec<UnitOutcome> {
    let visit = |db: &RootDatabase, files: &Vec<File>| {
        let outcome = visit(db, files);
        report();
        outcome
    };
    let mut outcomes = Vec::with_capacity(units.len());
    for (number, batch) in units.chunks(BATCH).enumerate() {
        if number > 0 {
            salsa::Database::trigger_lru_eviction(db);
        }
        match pool {
            Some(pool) => {
                let db = db.clone();
                let visited = batch.par_iter().with_max_len(1).map_with(db, |db, files| visit(db, files));
                outcomes.extend(pool.install(|| visited.collect::<Vec<_>>()));
            }
            // An embedder's thread may have a small stack.
            None => stacker::maybe_grow(STACK / 2, STACK, || {
                outcomes.extend(batch.iter().map(|files| visit(db, files)));
            }),
        }
    }
    outcomes
}

/// Everything about one unit. A panic is that unit's problem only.
fn visit(db: &RootDatabase, files: &[File]) -> UnitOutcome {
    let outcome = db.catch_failure(|| {
        let unit = recall::unit_of(db, files[0]);
        let reason = match recall::recall(db, unit) {
            Recall::Hit(_) => None,
            Recall::Miss(reason) => Some(reason),
        };
        let artifact = recall::unit_artifact(db, unit);
        let not_compiled = artifact.is_none() && !files.iter().any(|&file| recall::has_errors(db, file));
        let files = files.iter().map(|&file| {
            let mut problems = recall::file_problems(db, file).clone();
            if not_compiled {
                problems.push(too_large(file.module(db)));
            }
            FileOutcome { interface: recall::interface(db, file), outline: db.outline(file), problems }
        });
        UnitOutcome { failed: false, artifact, reason, files: files.collect() }
    });
    outcome.unwrap_or_else(|text| {
        let failed = files.iter().map(|file| FileOutcome {
            interface: Fingerprint::ABSENT,
            outline: Outline::default(),
            problems: vec![internal_error(file.module(db), &text)],
        });
        UnitOutcome { failed: true, artifact: None, reason: Some(Reason::HadErrors), files: failed.collect() }
    })
}

fn module_problem(module: &Name, code: u16, message: String, notes: Vec<String>, help: Option<String>) -> Problem {
    Problem {
        code: Code(code),
        severity: Severity::Error,
        place: Place { module: module.clone(), def: None, anchor: Anchor::Whole },
        message,
        label: String::new(),
        notes,
        related: Vec::new(),
        help,
    }
}

/// E0901: the compiler itself failed on this module.
fn internal_error(module: &Name, text: &str) -> Problem {
    let notes = vec![text.to_owned(), "nothing was stored for this module; the others are not affected".to_owned()];
    module_problem(module, 901, format!("internal error while checking module `{module}`"), notes, None)
}

/// E0903: code generation gave up although nothing is wrong with the types.
fn too_large(module: &Name) -> Problem {
    let notes = vec!["a function may have about 65,000 values and constants, and 255 parameters".to_owned()];
    let help = Some("split its largest function, or build large tables from smaller ones".to_owned());
    module_problem(module, 903, format!("module `{module}` has a function that is too large to compile"), notes, help)
}

/// E0902: a source file has no text.
fn invalid_file(options: &Options, path: &str, why: &str) -> Problem {
    let help =
        Some("source files are UTF-8 text; remove the file from the project or give it another ending".to_owned());
    module_problem(&module_name(options, path), 902, format!("cannot read `{path}`: {why}"), Vec::new(), help)
}

fn warnings_of(artifact: &Artifact) -> Vec<Problem> {
    artifact.all_warnings().unwrap_or_default()
}

/// Depth-first over imports, path order at the top: imported modules come first.
fn initialisation_order(rows: &[(Name, Vec<Name>)], path_of: impl Fn(&str) -> Option<Name>) -> Vec<Name> {
    let index: FxHashMap<&Name, usize> = rows.iter().enumerate().map(|(i, (path, _))| (path, i)).collect();
    let mut state = vec![false; rows.len()];
    let mut order = Vec::with_capacity(rows.len());
    for root in 0..rows.len() {
        let mut stack = vec![(root, 0)];
        if std::mem::replace(&mut state[root], true) {
            continue;
        }
        while let Some((row, next)) = stack.last_mut() {
            match rows[*row].1.get(*next) {
                Some(module) => {
                    *next += 1;
                    let target = path_of(module).and_then(|path| index.get(&path).copied());
                    if let Some(target) = target.filter(|&target| !std::mem::replace(&mut state[target], true)) {
                        stack.push((target, 0));
                    }
                }
                None => {
                    order.push(rows[*row].0.clone());
                    stack.pop();
                }
            }
        }
    }
    order
}

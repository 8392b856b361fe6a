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
        Arc, Mutex, MutexGuard, PoisonError,
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
    image::Image,
    manifest::{self, Manifest, Row, Stamp},
    recall::{self, Reason, Recall},
    root::{Known, Log, RootDatabase, TextChanged, Texts},
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
    /// Entries; `None`: compute everything.
    pub store: Option<Arc<store::Store>>,
    /// Code-affecting options.
    pub options: Options,
    /// Name of the manifest inside the store.
    pub manifest: String,
    /// Threads for many units at once; at least 1.
    pub threads: usize,
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

/// What is known of one file after an update.
#[derive(Clone, Debug)]
struct State {
    row: Row,
    /// Already opened or just made; otherwise `row.entry` leads to it.
    artifact: Option<Arc<Artifact>>,
    /// Problems of the file, placed late.
    problems: Vec<Problem>,
    /// Why its unit was computed in the last update that visited it; `None`: recalled.
    reason: Option<Reason>,
    /// The text or why there is none, for files that were read.
    content: Content,
    library: bool,
    /// The compiler failed on it: nothing that is known of it is kept.
    failed: bool,
}

/// A project that is kept up to date.
pub struct Workspace {
    config: Config,
    counters: Arc<Counters>,
    manifest: Option<Manifest>,
    /// `None` until something differs from the manifest.
    live: Option<Live>,
    /// Texts set by the embedder and the host's.
    texts: Arc<HostTexts>,
    stats: Stats,
    /// Entries opened by rows while there is no database.
    opened: FxHashMap<usize, Option<Arc<Artifact>>>,
    /// Something differs from the manifest on disk.
    dirty_manifest: bool,
    /// Newest stamps of a fast update whose manifest is still right otherwise.
    restamped: Vec<(Name, Option<Stamp>)>,
    /// Files kept changing under us, so the next database is made with all texts and fetches none later.
    holds_texts: bool,
}

struct Live {
    db: RootDatabase,
    states: BTreeMap<Name, State>,
    project_problems: Vec<Problem>,
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

/// A path whose text differs from what is known, with its content now; `None`: deleted.
type Difference = (Name, Option<(Fingerprint, Content)>);

/// How many times an update starts over because files change under it, before it reads all of them at once.
const RESCANS: usize = 5;

impl Workspace {
    /// A workspace; reads the manifest only.
    pub fn open(config: Config) -> Workspace {
        let start = Instant::now();
        let manifest = config.store.as_ref().and_then(|store| store.read_manifest(&config.manifest));
        let manifest = manifest.and_then(Manifest::decode);
        let stats = Stats { recall_us: micros(start), ..Stats::default() };
        let texts = Arc::new(HostTexts { host: Arc::clone(&config.host), overlay: Mutex::default() });
        Workspace {
            config,
            counters: Arc::default(),
            manifest,
            live: None,
            texts,
            stats,
            opened: FxHashMap::default(),
            dirty_manifest: false,
            restamped: Vec::new(),
            holds_texts: false,
        }
    }

    /// Sets a text over what the host has; seen by the next update.
    pub fn set_overlay(&mut self, path: impl Into<Name>, text: impl Into<Arc<str>>) {
        self.texts.overlay().insert(path.into(), text.into());
    }

    /// Forgets a text set before; the host's is used again.
    pub fn clear_overlay(&mut self, path: &str) {
        self.texts.overlay().remove(path);
    }

    /// Texts set over what the host has.
    pub fn overlay(&self) -> BTreeMap<Name, Arc<str>> {
        self.texts.overlay().clone()
    }

    /// Compares files with what is known and brings everything that differs up to date.
    pub fn update(&mut self) {
        self.stats =
            Stats { recall_us: if self.live.is_none() { self.stats.recall_us } else { 0 }, ..Stats::default() };
        let before = self.counts();
        for attempt in 1.. {
            if self.unless_changed(Workspace::update_once).is_some() {
                break;
            }
            // The database is dropped with what it half knows; entries and rows on disk are untouched.
            self.live = None;
            self.holds_texts |= attempt >= RESCANS;
        }
        let after = self.counts();
        self.stats.parsed = after.0 - before.0;
        self.stats.bodies_inferred = after.1 - before.1;
        self.stats.chunks_compiled = after.2 - before.2;
    }

    /// What `ask` answers. `None`: it needs a text that is on disk no longer as the last update saw it.
    pub fn unless_changed<T>(&mut self, ask: impl FnOnce(&mut Workspace) -> T) -> Option<T> {
        match panic::catch_unwind(AssertUnwindSafe(|| ask(self))) {
            Ok(answer) => Some(answer),
            Err(payload) if payload.is::<TextChanged>() => None,
            Err(payload) => panic::resume_unwind(payload),
        }
    }

    /// What `ask` answers about one state of the project: the last update's, or if texts that it needs have changed on
    /// disk since, the present one.
    pub fn settled<T>(&mut self, mut ask: impl FnMut(&mut Workspace) -> T) -> T {
        if let Some(answer) = self.unless_changed(&mut ask) {
            return answer;
        }
        self.live = None;
        self.holds_texts = true;
        self.update();
        ask(self)
    }

    fn counts(&self) -> (u64, u64, u64) {
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        (load(&counters.parsed), load(&counters.bodies_inferred), load(&counters.chunks_compiled))
    }

    fn update_once(&mut self) {
        let start = Instant::now();
        let mut scan = self.config.host.scan();
        for path in self.texts.overlay().keys() {
            if let Err(at) = scan.binary_search_by(|file| file.path.cmp(path)) {
                scan.insert(at, Scanned { path: path.clone(), stamp: None });
            }
        }
        self.stats.modules = scan.len() as u64;
        self.stats.scan_us += micros(start);
        let start = Instant::now();
        let differences = self.compare(&scan);
        if self.live.is_none() && differences.is_empty() && self.manifest_is_complete() {
            let rows = self.manifest.iter().flat_map(|m| (0..m.len()).map(move |row| (m.path(row), m.entry(row))));
            let units: FxHashSet<_> = rows.filter(|(path, _)| !is_library(path)).map(|(_, entry)| entry).collect();
            self.stats.units_recalled = units.len() as u64;
            // Files that were rewritten with equal text, or have become old enough to trust their stamps.
            self.dirty_manifest |= !self.restamped.is_empty();
            self.stats.recall_us += micros(start);
            return;
        }
        self.stats.recall_us += micros(start);
        let start = Instant::now();
        let mut fresh = false;
        if self.live.is_none() {
            fresh = self.manifest.as_ref().is_none_or(|manifest| manifest.flags() != 0);
            self.live = Some(self.start(&scan, &differences));
        }
        self.apply(&scan, differences, fresh);
        self.stats.compute_us += micros(start);
    }

    /// Paths whose text differs from what is known.
    fn compare(&mut self, scan: &[Scanned]) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut to_read: Vec<&Scanned> = Vec::new();
        let mut seen = 0;
        let overlay = self.overlay();
        let read_all = self.holds_texts && self.live.is_none();
        for file in scan {
            let known = self.known_stamp(&file.path);
            seen += usize::from(known.is_some());
            let clean = file.stamp.is_some()
                && !read_all
                && !overlay.contains_key(&file.path)
                && matches!(known, Some((Some(stamp), _)) if Some(stamp) == file.stamp);
            if !clean {
                to_read.push(file);
            }
        }
        let host = &*self.config.host;
        let read = |file: &&Scanned| {
            let text = match overlay.get(&file.path) {
                Some(text) => Ok(Arc::clone(text)),
                None => host.read(&file.path),
            };
            let (hash, content) = match text {
                Ok(text) => (Fingerprint::of_bytes(text.as_bytes()), Content::Text(text)),
                Err(why) => (Fingerprint::of(&("invalid", &why)), Content::Invalid(Arc::from(why))),
            };
            (file.path.clone(), file.stamp, hash, content)
        };
        let texts: Vec<_> = if to_read.len() > 64 && self.config.threads > 1 {
            self.pool().install(|| to_read.par_iter().map(read).collect())
        } else {
            to_read.iter().map(read).collect()
        };
        self.stats.files_hashed += texts.len() as u64;
        let mut touched = Vec::new();
        for (path, stamp, hash, content) in texts {
            match self.known_stamp(&path) {
                // A database that is made for the first time has to be told why a file has no text.
                Some((before, known))
                    if known == hash && !read_all && (self.live.is_some() || matches!(content, Content::Text(_))) =>
                {
                    if before != stamp {
                        touched.push((path, stamp));
                    }
                }
                _ => differences.push((path, Some((hash, content)))),
            }
        }
        self.restamped = touched;
        if seen < self.known_files() {
            let present: FxHashSet<&Name> = scan.iter().map(|file| &file.path).collect();
            let gone: Vec<Name> = self.known_paths().filter(|path| !present.contains(path)).collect();
            differences.extend(gone.into_iter().map(|path| (path, None)));
        }
        differences.sort_by(|a, b| a.0.cmp(&b.0));
        differences
    }

    fn known_stamp(&self, path: &Name) -> Option<(Option<Stamp>, Fingerprint)> {
        match (&self.live, &self.manifest) {
            (Some(live), _) => live.states.get(path).map(|state| (state.row.stamp, state.row.hash)),
            (None, Some(manifest)) => manifest.find(path).map(|row| (manifest.stamp(row), manifest.hash(row))),
            (None, None) => None,
        }
    }

    /// Project files that are known.
    fn known_files(&self) -> usize {
        match (&self.live, &self.manifest) {
            (Some(live), _) => live.states.values().filter(|state| !state.library).count(),
            (None, Some(manifest)) => (0..manifest.len()).filter(|&row| !is_library(manifest.path(row))).count(),
            (None, None) => 0,
        }
    }

    fn known_paths(&self) -> Box<dyn Iterator<Item = Name> + '_> {
        match (&self.live, &self.manifest) {
            (Some(live), _) => {
                Box::new(live.states.iter().filter(|(_, state)| !state.library).map(|(path, _)| path.clone()))
            }
            (None, Some(manifest)) => Box::new(
                (0..manifest.len()).map(|row| manifest.path(row)).filter(|path| !is_library(path)).map(Name::from),
            ),
            (None, None) => Box::new(std::iter::empty()),
        }
    }

    fn manifest_is_complete(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| {
            let answered = |row| manifest.entry(row).is_some() || is_library(manifest.path(row));
            manifest.flags() == 0 && (0..manifest.len()).all(answered)
        })
    }

    fn pool(&self) -> rayon::ThreadPool {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(self.config.threads).stack_size(STACK);
        builder.build().expect("threads can be started")
    }

    /// A database that knows every file of the manifest as it was then, without texts, and what differs as it is now.
    fn start(&mut self, scan: &[Scanned], differences: &[Difference]) -> Live {
        let mut states = BTreeMap::new();
        let mut known = FxHashMap::default();
        if let Some(manifest) = &self.manifest {
            for index in 0..manifest.len() {
                let row = manifest.row(index);
                let hints = Known {
                    hash: row.hash,
                    entry: row.entry,
                    imports: (!row.borrows).then(|| row.imports.iter().cloned().collect()),
                    has_globals: row.has_globals,
                };
                known.insert(row.path.clone(), hints);
                let library = is_library(&row.path);
                let state = State {
                    row,
                    artifact: None,
                    problems: Vec::new(),
                    reason: None,
                    content: Content::Stored,
                    library,
                    failed: false,
                };
                states.insert(state.row.path.clone(), state);
            }
        }
        let texts = Arc::clone(&self.texts);
        let store = self.config.store.clone();
        let db = RootDatabase::new(store, known, texts, Arc::clone(&self.counters), self.config.log.take());
        let mut files: Vec<(Name, Fingerprint, Content)> = stdlib::library()
            .iter()
            .map(|&(name, text)| {
                (library_path(name), Fingerprint::of_bytes(text.as_bytes()), Content::Text(Arc::from(text)))
            })
            .collect();
        let differs: FxHashSet<&Name> = differences.iter().map(|(path, _)| path).collect();
        for path in scan.iter().map(|file| &file.path).filter(|path| !differs.contains(path)) {
            let known = states.get(path).map(|state: &State| (path.clone(), state.row.hash, Content::Stored));
            files.extend(known);
        }
        // The number of shards follows from the files that the database starts with, hence all of them are there at once.
        let set = |(path, now): &Difference| now.clone().map(|(hash, content)| (path.clone(), hash, content));
        files.extend(differences.iter().filter_map(set));
        let project = Project::with_files(&db, self.config.options.clone(), files);
        db.set_project(project);
        Live { db, states, project_problems: Vec::new() }
    }

    /// `fresh`: nothing is known of the project as a whole.
    fn apply(&mut self, scan: &[Scanned], differences: Vec<Difference>, fresh: bool) {
        let pool = (self.config.threads > 1).then(|| self.pool());
        let Some(live) = &mut self.live else { return };
        let stamps: FxHashMap<&Name, Option<Stamp>> = scan.iter().map(|file| (&file.path, file.stamp)).collect();
        self.dirty_manifest |= !differences.is_empty() || !self.restamped.is_empty();
        for (path, stamp) in self.restamped.drain(..) {
            if let Some(state) = live.states.get_mut(&path) {
                state.row.stamp = stamp;
            }
        }
        let mut users = Users::default();
        let mut namesakes: Option<FxHashMap<Name, Vec<Name>>> = None;
        let mut queue: BTreeSet<Name> = BTreeSet::new();
        let mut globals_changed = false;
        let mut restructured = false;
        let mut edited: Vec<Name> = Vec::new();
        let mut change = Change::default();
        for (path, content) in differences {
            if let Some(state) = live.states.get(&path) {
                globals_changed |= state.row.has_globals;
                if state.row.cyclic {
                    // The other members' entries were made with this text.
                    let entry = state.row.entry;
                    queue.extend(live.states.iter().filter(|(_, s)| s.row.entry == entry).map(|(p, _)| p.clone()));
                }
            }
            let module = module_name(&self.config.options, &path);
            // Another file with the same module name may come to own it, or lose it.
            if content.is_none() || !live.states.contains_key(&path) {
                let namesakes = namesakes.get_or_insert_with(|| by_module(&self.config.options, &live.states));
                queue.extend(namesakes.get(&module).into_iter().flatten().cloned());
            }
            match content {
                Some((hash, content)) => {
                    edited.push(path.clone());
                    if !live.states.contains_key(&path) {
                        restructured = true;
                        queue.extend(users.of(&module, &live.states));
                    }
                    let state = live.states.entry(path.clone()).or_insert_with(|| State {
                        row: Row { path: path.clone(), ..empty_row() },
                        artifact: None,
                        problems: Vec::new(),
                        reason: None,
                        content: Content::Stored,
                        library: false,
                        failed: false,
                    });
                    state.row.hash = hash;
                    // What keeps a file from being read may go away without a trace at the file.
                    let readable = !matches!(content, Content::Invalid(_));
                    state.row.stamp = stamps.get(&path).copied().flatten().filter(|_| readable);
                    state.content = content.clone();
                    change.files.push((path.clone(), hash, content));
                    queue.insert(path);
                }
                None => {
                    restructured = true;
                    live.states.remove(&path);
                    queue.remove(&path);
                    queue.extend(users.of(&module, &live.states));
                    change.removed.push(path);
                }
            }
        }
        let unanswered = |state: &State| state.row.entry.is_none() && state.artifact.is_none();
        queue.extend(live.states.iter().filter(|(_, s)| !s.library && unanswered(s)).map(|(path, _)| path.clone()));
        change.apply(&mut live.db);
        let db = &live.db;
        if let Some(pool) = pool.as_ref().filter(|_| edited.len() > 64) {
            // The module graph needs all headers and would read one file after the other.
            let files: Vec<File> = edited.iter().filter_map(|path| db.project().file(db, path)).collect();
            let db = db.clone();
            pool.install(|| {
                files.par_iter().for_each_with(db, |db, &file| {
                    hir::header(db, file);
                });
            });
        }
        // What is wrong with the project as a whole is about names of files and blocks only.
        let has_blocks = |path: &Name| {
            let file = db.project().file(db, path);
            file.is_some_and(|file| hir::header(db, file).modules.len() > 1)
        };
        if fresh || restructured || edited.iter().any(has_blocks) {
            live.project_problems = hir::project_problems(db).to_vec();
        }
        // Library modules that the program can reach are units like others, so that a restart finds their code. Without
        // a store each of their functions is compiled when it is called.
        let keep_library = self.config.store.is_some();
        if keep_library {
            let missing = |path: &Name| live.states.get(path).is_none_or(unanswered);
            queue.extend(stdlib::prelude().iter().filter_map(|module| library_file(module)).filter(missing));
        }
        let mut visited: BTreeSet<Name> = BTreeSet::new();
        let mut asked_globals = false;
        let done = AtomicUsize::new(0);
        while !queue.is_empty() {
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
            let units: Vec<Vec<File>> = round.into_values().collect();
            let mut library: BTreeSet<Name> = BTreeSet::new();
            let mut changed: Vec<Name> = Vec::new();
            let before = done.load(Ordering::Relaxed);
            let report = || {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(progress) = &self.config.progress {
                    progress(done, before + units.len());
                }
            };
            let outcomes = visit_all(&mut live.db, pool.as_ref(), &units, &report);
            let db = &live.db;
            for (files, outcome) in units.iter().zip(outcomes) {
                match &outcome.reason {
                    _ if files.iter().all(|file| file.library(db)) => {}
                    Some(_) => self.stats.units_computed += 1,
                    None => self.stats.units_recalled += 1,
                }
                for (file, facts) in files.iter().zip(outcome.files) {
                    let path = file.path(db);
                    let state = live.states.entry(path.clone()).or_insert_with(|| State {
                        row: Row { path: path.clone(), hash: file.hash(db), ..empty_row() },
                        artifact: None,
                        problems: Vec::new(),
                        reason: None,
                        content: file.content(db).clone(),
                        library: file.library(db),
                        failed: false,
                    });
                    if state.row.interface != facts.interface {
                        changed.push(file.module(db).clone());
                    }
                    globals_changed |= facts.has_globals && state.row.interface != facts.interface;
                    state.row.interface = facts.interface;
                    if keep_library {
                        library.extend(facts.imports.iter().filter_map(|module| library_file(module)));
                    }
                    state.row.imports = facts.imports;
                    state.row.has_globals = facts.has_globals;
                    state.row.cyclic = files.len() > 1;
                    state.row.warnings = !facts.problems.is_empty();
                    let head = outcome.artifact.as_ref().map(|artifact| artifact.head());
                    state.row.deps = match head {
                        Some(head) => recall::consulted(head),
                        // A unit with errors is visited at every update until it has none.
                        None => Vec::new(),
                    };
                    state.row.asks_globals = head.is_none_or(Head::asks_globals);
                    state.row.borrows = head.is_none_or(Head::asks_templates);
                    state.row.mvars = head.is_some_and(|head| {
                        head.files.iter().any(|facts| facts.path == *path && !facts.mvars.is_empty())
                    });
                    let entry = outcome.artifact.as_ref().and_then(|artifact| artifact.reference());
                    self.dirty_manifest |= state.row.entry != entry || entry.is_none();
                    state.row.entry = entry;
                    state.artifact = outcome.artifact.clone();
                    state.problems = facts.problems;
                    state.failed = outcome.failed;
                    state.reason = outcome.reason.clone();
                }
            }
            for module in &changed {
                queue.extend(users.of(module, &live.states));
            }
            queue.extend(library.into_iter().filter(|path| live.states.get(path).is_none_or(unanswered)));
            if queue.iter().all(|path| visited.contains(path)) && globals_changed && !asked_globals {
                asked_globals = true;
                queue.extend(live.states.iter().filter(|(_, s)| s.row.asks_globals).map(|(p, _)| p.clone()));
            }
        }
        let db = &live.db;
        if keep_library {
            // What the module graph and the index of impls need of the rest of the library, so that no restart parses it.
            for file in db.project().files(db).filter(|file| file.library(db)) {
                live.states.entry(file.path(db).clone()).or_insert_with(|| {
                    let (imports, has_globals) = outline(db, file);
                    let row =
                        Row { path: file.path(db).clone(), hash: file.hash(db), imports, has_globals, ..empty_row() };
                    let content = file.content(db).clone();
                    State {
                        row,
                        artifact: None,
                        problems: Vec::new(),
                        reason: None,
                        content,
                        library: true,
                        failed: false,
                    }
                });
            }
        }
        let untouched = live.states.iter().filter(|(path, state)| !state.library && !visited.contains(*path));
        let untouched: FxHashSet<_> = untouched.map(|(_, state)| state.row.entry).collect();
        self.stats.units_recalled += untouched.len() as u64;
    }

    /// Writes what is new to the store. Failures cost speed only: `Err` has a text for one warning.
    pub fn save(&mut self) -> Result<(), String> {
        let Some(store) = self.config.store.clone() else { return Ok(()) };
        let start = Instant::now();
        let before = store.counters().bytes_written;
        let outcome = self.save_to(&store);
        self.stats.bytes_written += store.counters().bytes_written - before;
        self.stats.save_us += micros(start);
        outcome.map_err(|error| error.to_string())
    }

    fn save_to(&mut self, store: &store::Store) -> Result<(), store::SaveError> {
        if !self.dirty_manifest {
            return Ok(());
        }
        let Some(live) = &mut self.live else {
            // Only stamps differ.
            if let Some(manifest) = &self.manifest {
                let mut rows: Vec<Row> = (0..manifest.len()).map(|row| manifest.row(row)).collect();
                let stamps: FxHashMap<&Name, Option<Stamp>> = self.restamped.iter().map(|(p, s)| (p, *s)).collect();
                for row in &mut rows {
                    if let Some(stamp) = stamps.get(&row.path) {
                        row.stamp = *stamp;
                    }
                }
                let (bytes, entries) = manifest::encode(&mut rows, manifest.flags());
                store.write_manifest(&self.config.manifest, &bytes, &entries)?;
            }
            self.dirty_manifest = false;
            return Ok(());
        };
        let mut records = Vec::new();
        let mut owners: Vec<Vec<Name>> = Vec::new();
        let mut taken: FxHashSet<*const Artifact> = FxHashSet::default();
        for (path, state) in &live.states {
            let Some(artifact) = state.artifact.as_ref().filter(|_| state.row.entry.is_none()) else { continue };
            let Some(sections) = artifact.new_sections() else { continue };
            if !taken.insert(Arc::as_ptr(artifact)) {
                continue;
            }
            let files = &artifact.head().files;
            let key = artifact::unit_key(&self.config.options, files.iter().map(|file| (&file.path, file.hash)));
            records.push(store::NewRecord { kind: artifact::UNIT, key: key.0, sections: sections.to_vec() });
            owners.push(files.iter().map(|file| file.path.clone()).collect());
            if files.len() > 1 {
                for (file, header) in files.iter().zip(artifact.headers().into_iter().flatten()) {
                    let key = artifact::file_key(&self.config.options, (&file.path, file.hash));
                    let sections = vec![base_db::codec::encode(&*header)];
                    records.push(store::NewRecord { kind: artifact::HEADER, key: key.0, sections });
                    owners.push(Vec::new());
                }
            }
            debug_assert!(files.iter().any(|file| file.path == *path), "an artifact knows its files");
        }
        // Headers of the library's other files: names and constructors that any module may ask for.
        let others = live.states.iter().filter(|(_, state)| state.library && state.artifact.is_none());
        for (path, state) in others.filter(|(_, state)| state.row.entry.is_none()) {
            let key = artifact::file_key(&self.config.options, (path, state.row.hash));
            if store.lookup(artifact::HEADER, &key.0).is_empty()
                && let Some(file) = live.db.project().file(&live.db, path)
            {
                let sections = vec![base_db::codec::encode(&*hir::header(&live.db, file).value)];
                records.push(store::NewRecord { kind: artifact::HEADER, key: key.0, sections });
                owners.push(Vec::new());
            }
        }
        self.stats.entries_written += taken.len() as u64;
        let places = store.save(&records)?;
        for (owners, place) in owners.iter().zip(places) {
            for path in owners {
                if let Some(state) = live.states.get_mut(path) {
                    state.row.entry = Some(place);
                }
            }
        }
        let kept = live.states.values().filter(|state| !state.failed);
        let mut rows: Vec<Row> = kept.map(|state| state.row.clone()).collect();
        let flags = u32::from(!live.project_problems.is_empty());
        let (bytes, entries) = manifest::encode(&mut rows, flags);
        store.write_manifest(&self.config.manifest, &bytes, &entries)?;
        self.dirty_manifest = false;
        Ok(())
    }

    /// Counts and times of the last update and of what followed it.
    pub fn stats(&self) -> Stats {
        let bytes_read = self.config.store.as_ref().map_or(0, |store| store.counters().bytes_read);
        Stats { bytes_read, ..self.stats.clone() }
    }

    /// Texts of files that cannot be read, and why; problems of the project as a whole; then problems of each file.
    pub fn problems(&mut self) -> Vec<Problem> {
        if self.live.is_none() {
            // An entry with warnings that cannot be read is computed again, and with that there is a database.
            let rows = self.manifest.iter().flat_map(|m| (0..m.len()).filter(|&r| m.warnings(r)).map(|r| m.path(r)));
            for path in rows.map(Name::from).collect::<Vec<_>>() {
                self.sound_artifact(&path);
            }
        }
        let mut found = Vec::new();
        match &self.live {
            Some(live) => {
                found.extend(live.project_problems.iter().cloned());
                for state in live.states.values() {
                    if let Content::Invalid(why) = &state.content {
                        found.push(invalid_file(&self.config.options, &state.row.path, why));
                    }
                    found.extend(state.problems.iter().cloned());
                    if state.row.warnings && state.problems.is_empty() {
                        found.extend(state.artifact.iter().flat_map(|artifact| warnings_of(artifact)));
                    }
                }
            }
            None => {
                let rows: Vec<usize> =
                    self.manifest.iter().flat_map(|m| (0..m.len()).filter(|&r| m.warnings(r))).collect();
                for row in rows {
                    found.extend(self.artifact_of_row(row).iter().flat_map(|artifact| warnings_of(artifact)));
                }
            }
        }
        found
    }

    /// Paths of project files with errors of any kind, sorted.
    pub fn files_with_errors(&self) -> Vec<Name> {
        let Some(live) = &self.live else { return Vec::new() };
        let failed = |state: &&State| !state.library && state.artifact.is_none() && state.row.entry.is_none();
        live.states.values().filter(failed).map(|state| state.row.path.clone()).collect()
    }

    fn artifact_of_row(&mut self, row: usize) -> Option<Arc<Artifact>> {
        let (manifest, store) = (self.manifest.as_ref()?, self.config.store.as_ref()?);
        let open = || {
            let artifact = Artifact::open(store.record_at(manifest.entry(row)?)?)?;
            let facts = artifact.head().files.iter().find(|facts| facts.path == manifest.path(row))?;
            (facts.hash == manifest.hash(row)).then(|| Arc::new(artifact))
        };
        self.opened.entry(row).or_insert_with(open).clone()
    }

    /// The entry of the file `path`, opened if necessary; computed again if it cannot be. `None`: the unit has errors.
    pub fn artifact(&mut self, path: &str) -> Option<Arc<Artifact>> {
        let (opened, stored) = match &mut self.live {
            Some(live) => {
                let state = live.states.get_mut(path)?;
                if state.artifact.is_none()
                    && let (Some(store), Some(entry)) = (&self.config.store, state.row.entry)
                {
                    state.artifact = store.record_at(entry).and_then(Artifact::open).map(Arc::new);
                }
                (state.artifact.clone(), state.row.entry)
            }
            None => {
                let manifest = self.manifest.as_ref()?;
                let (row, entry) = manifest.find(path).map(|row| (row, manifest.entry(row)))?;
                (self.artifact_of_row(row), entry)
            }
        };
        match stored {
            Some(_) if opened.is_none() => self.recompute(&Name::from(path)),
            _ => opened,
        }
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
            let known = match (&self.live, &self.manifest) {
                (Some(live), _) => live.states.contains_key(&path),
                (None, Some(manifest)) => manifest.find(&path).is_some(),
                (None, None) => false,
            };
            known.then_some(path)
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
        match (&self.live, &self.manifest) {
            (Some(live), _) => live.states.keys().cloned().collect(),
            (None, Some(manifest)) => (0..manifest.len()).map(|row| Name::from(manifest.path(row))).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The entry of a file whose stored one cannot be read where it was: another place of it, or computed. `None`: the
    /// unit has errors.
    fn recompute(&mut self, path: &Name) -> Option<Arc<Artifact>> {
        if self.live.is_none() {
            let scan = self.config.host.scan();
            self.live = Some(self.start(&scan, &[]));
        }
        let live = self.live.as_mut()?;
        let file = live.db.project().file(&live.db, path)?;
        let place = live.states.get(path)?.row.entry?;
        let files = recall::unit_of(&live.db, file).files(&live.db).clone();
        // Another process may have merged it into another segment.
        let elsewhere = match recall::recall(&live.db, recall::unit_of(&live.db, file)) {
            Recall::Hit(entry) if entry.reference() != Some(place) && entry.is_sound() => Some(entry),
            _ => None,
        };
        let lost = || self.config.store.as_ref().map(|store| recall::lost(store, place));
        let reason = if elsewhere.is_some() { None } else { lost() };
        if reason.is_some() && !file.library(&live.db) {
            self.stats.units_computed += 1;
            self.stats.units_recalled = self.stats.units_recalled.saturating_sub(1);
        }
        let artifact = match elsewhere {
            Some(artifact) => artifact,
            None => recall::fresh_artifact(&live.db, &files)?,
        };
        for file in files {
            if let Some(state) = live.states.get_mut(file.path(&live.db)) {
                state.row.entry = artifact.reference();
                state.artifact = Some(Arc::clone(&artifact));
                state.reason = reason.clone();
            }
        }
        self.dirty_manifest = true;
        Some(artifact)
    }

    /// Symbols of all mvars in the order in which their initialisers run: imported modules first, path order
    /// otherwise, declaration order inside a module.
    pub fn mvars(&mut self) -> Vec<Name> {
        let rows: Vec<(Name, Vec<Name>)> = match (&self.live, &self.manifest) {
            (Some(live), _) => {
                let rows = live.states.values().map(|state| &state.row);
                if !rows.clone().any(|row| row.mvars) {
                    return Vec::new();
                }
                rows.map(|row| (row.path.clone(), row.imports.clone())).collect()
            }
            (None, Some(manifest)) => {
                if !(0..manifest.len()).any(|row| manifest.mvars(row)) {
                    return Vec::new();
                }
                (0..manifest.len())
                    .map(|row| (Name::from(manifest.path(row)), manifest.imports(row).map(Name::from).collect()))
                    .collect()
            }
            (None, None) => return Vec::new(),
        };
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

    /// For each unit, by path of its first file: recalled (`None`) or why it was computed in the last update.
    pub fn reasons(&self) -> Vec<(Name, Option<Reason>)> {
        match (&self.live, &self.manifest) {
            (Some(live), _) => live.states.iter().map(|(path, state)| (path.clone(), state.reason.clone())).collect(),
            (None, Some(manifest)) => (0..manifest.len()).map(|row| (Name::from(manifest.path(row)), None)).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// Signature of `def` in the last run and now, as text. `None`: it did not exist, does not, or is not known.
    pub fn signature_change(&mut self, def: &DefName) -> Option<(String, String)> {
        let path = self.path_of_module(def.module())?;
        let row = self.manifest.as_ref()?.find(&path)?;
        let before = self.artifact_of_row(row)?;
        let before: Signature = base_db::codec::decode(before.signature(def)?.1)?;
        let db = &self.live.as_ref()?.db;
        let now = types::signature(db, DefId::new(db, def.clone())).as_ref()?;
        Some((types::show_signature(&before), types::show_signature(now)))
    }

    /// Keeps a text beside the manifest, to be read by a later process.
    pub fn keep_note(&self, note: &[u8]) {
        if let Some(store) = &self.config.store {
            // A note that cannot be kept is missing when somebody asks for it, nothing else.
            let _ = store.write_manifest(&format!("{} why", self.config.manifest), note, &[]);
        }
    }

    /// What [`Workspace::keep_note`] kept last.
    pub fn note(&self) -> Option<Vec<u8>> {
        let store = self.config.store.as_ref()?;
        Some(store.read_manifest(&format!("{} why", self.config.manifest))?.bytes().to_vec())
    }

    /// The database, made if there was no need for it so far. For answers that only queries give.
    pub fn database(&mut self) -> &RootDatabase {
        if self.live.is_none() {
            let scan = self.config.host.scan();
            let live = self.start(&scan, &[]);
            self.live = Some(live);
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

fn is_library(path: &str) -> bool {
    path.starts_with('<')
}

fn empty_row() -> Row {
    Row {
        path: Name::default(),
        stamp: None,
        hash: Fingerprint::ABSENT,
        interface: Fingerprint::ABSENT,
        entry: None,
        deps: Vec::new(),
        imports: Vec::new(),
        asks_globals: false,
        borrows: false,
        has_globals: false,
        warnings: false,
        cyclic: false,
        mvars: false,
    }
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

/// The known files of each module; more than one is an error of the project.
fn by_module(options: &Options, states: &BTreeMap<Name, State>) -> FxHashMap<Name, Vec<Name>> {
    let mut files: FxHashMap<Name, Vec<Name>> = FxHashMap::default();
    for path in states.keys() {
        files.entry(module_name(options, path)).or_default().push(path.clone());
    }
    files
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

/// Who relies on which module; made when somebody asks.
#[derive(Default)]
struct Users(Option<FxHashMap<Name, Vec<Name>>>);

impl Users {
    /// Paths of the files whose units asked `module`, a block of it, or a module below it that did not exist.
    ///
    /// Rows that were renewed meanwhile do not matter: their files were visited.
    fn of(&mut self, module: &Name, states: &BTreeMap<Name, State>) -> Vec<Name> {
        let users = self.0.get_or_insert_with(|| {
            let mut users: FxHashMap<Name, Vec<Name>> = FxHashMap::default();
            for (path, state) in states {
                for prefix in state.row.deps.iter().flat_map(|dep| prefixes(dep)) {
                    users.entry(Name::from(prefix)).or_default().push(path.clone());
                }
            }
            users
        });
        users.get(module).cloned().unwrap_or_default()
    }
}

/// `a.b.c` → `a`, `a.b`, `a.b.c`.
fn prefixes(module: &str) -> impl Iterator<Item = &str> {
    module.match_indices('.').map(|(at, _)| &module[..at]).chain(std::iter::once(module))
}

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

struct FileOutcome {
    interface: Fingerprint,
    imports: Vec<Name>,
    has_globals: bool,
    problems: Vec<Problem>,
}

struct UnitOutcome {
    failed: bool,
    artifact: Option<Arc<Artifact>>,
    reason: Option<Reason>,
    files: Vec<FileOutcome>,
}

/// Units that are visited before the database lets go of what it need not keep; see the bounds on how many results of
/// `body`, `infer_group` and the like live. A project of one batch keeps everything.
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
            Some(pool) if batch.len() > 1 => {
                let db = db.clone();
                let visited = batch.par_iter().with_max_len(1).map_with(db, |db, files| visit(db, files));
                outcomes.extend(pool.install(|| visited.collect::<Vec<_>>()));
            }
            _ => outcomes.extend(batch.iter().map(|files| visit(db, files))),
        }
    }
    outcomes
}

/// Everything about one unit. A panic is that unit's problem only.
fn visit(db: &RootDatabase, files: &[File]) -> UnitOutcome {
    // An embedder's thread may have a small stack.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        stacker::maybe_grow(STACK / 2, STACK, || {
            let unit = recall::unit_of(db, files[0]);
            let reason = match recall::recall(db, unit) {
                Recall::Hit(_) => None,
                Recall::Miss(reason) => Some(reason),
            };
            let artifact = recall::unit_artifact(db, unit);
            let not_compiled = artifact.is_none() && !files.iter().any(|&file| recall::has_errors(db, file));
            let files = files.iter().map(|&file| {
                let (imports, has_globals) = outline(db, file);
                let mut problems = recall::file_problems(db, file).clone();
                if not_compiled {
                    problems.push(too_large(file.module(db)));
                }
                FileOutcome { interface: recall::interface(db, file), imports, has_globals, problems }
            });
            UnitOutcome { failed: false, artifact, reason, files: files.collect() }
        })
    }));
    outcome.unwrap_or_else(|payload| {
        if payload.is::<TextChanged>() || payload.is::<salsa::Cancelled>() {
            panic::resume_unwind(payload);
        }
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        let failed = files.iter().map(|file| FileOutcome {
            interface: Fingerprint::ABSENT,
            imports: Vec::new(),
            has_globals: false,
            problems: vec![internal_error(file.module(db), &text)],
        });
        UnitOutcome { failed: true, artifact: None, reason: Some(Reason::HadErrors), files: failed.collect() }
    })
}

/// What the module graph and the indexes of impls and templates know of a file.
fn outline(db: &RootDatabase, file: File) -> (Vec<Name>, bool) {
    let header = hir::header(db, file);
    let mut defs = header.modules.iter().flat_map(|module| &module.defs);
    let has_globals = defs.any(|def| matches!(def.def.kind(), DefKind::Trait | DefKind::Impl | DefKind::Template));
    (hir::imported_modules(header).collect(), has_globals)
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

//! The inputs and the only writer of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use salsa::{Durability, Setter};

use crate::{Fingerprint, ModuleId, Name};

/// What the lowest layer needs of its host.
#[salsa::db]
pub trait SourceDb: salsa::Database {
    /// The one project of this database.
    fn project(&self) -> Project;

    /// The text of `path` whose fingerprint is `hash`; called for files whose [`Content`] is `Stored`.
    ///
    /// Content addressed, hence a pure function of the inputs. When the host no longer has that text (the file was
    /// changed meanwhile), it must unwind, and the driver scans again.
    fn load_text(&self, path: &str, hash: Fingerprint) -> Arc<str>;

    /// Where queries count the work they did. Never read by a query.
    fn counters(&self) -> &Counters;
}

/// Work done in this process, counted by the queries that do it.
#[derive(Debug, Default)]
pub struct Counters {
    /// Files parsed.
    pub parsed: AtomicU64,
    /// Bodies inferred.
    pub bodies_inferred: AtomicU64,
    /// Functions compiled to chunks.
    pub chunks_compiled: AtomicU64,
}

impl Counters {
    /// Adds one to a counter.
    pub fn bump(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is known of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The text itself: UTF-8 without byte order mark; offsets everywhere are bytes into it.
    Text(Arc<str>),
    /// The host has the text and gives it by [`SourceDb::load_text`] when a query wants it.
    Stored,
    /// No text can be had; the message says why (not UTF-8, a directory, too large, unreadable).
    Invalid(Arc<str>),
}

/// One source file. Queries never touch the disk: [`Change::apply`] is the only writer.
#[salsa::input(debug)]
pub struct File {
    /// Relative to the project root, `/`-separated; library files start with `<stdlib>/`. Never absolute.
    #[returns(ref)]
    pub path: Name,
    /// Name of the module this file defines; empty for a single-file run.
    #[returns(ref)]
    pub module: Name,
    /// Fingerprint of the bytes.
    #[returns(copy)]
    pub hash: Fingerprint,
    /// The text or where to get it. Set together with `hash`.
    #[returns(ref)]
    pub content: Content,
    /// Whether this is a file of the library: read-only, never diagnosed, all members public.
    #[returns(copy)]
    pub library: bool,
}

/// Some of the files of a project: those whose module name falls into one hash bucket, sorted by module, then path.
///
/// Project-wide facts are folded over shards, so that an edit of one file revisits one shard and not all files.
#[salsa::input(debug)]
pub struct FileShard {
    /// Sorted by module name, then path.
    #[returns(ref)]
    pub files: Vec<File>,
    /// Counted up by the host whenever something that it tells of one of these files without their text changes (see
    /// `hir::HirDb`). So what all files say about the project is asked for shard by shard, and an edit that leaves it
    /// as it is touches none.
    #[returns(copy)]
    pub outlines: u32,
}

/// Options that can change an answer. Part of every cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Options {
    /// A file run: the module path of the code is empty and only one file exists.
    pub single_file: bool,
}

/// The project: its files in shards, and options.
#[salsa::input(debug)]
pub struct Project {
    /// Shards; the bucket of a module is `shard_of(module)`. The length never changes while the database lives.
    #[returns(ref)]
    pub shards: Vec<FileShard>,
    /// Code-affecting options.
    #[returns(ref)]
    pub options: Options,
    /// Whether the files and their imports are those for which the host knows the units (see `hir::HirDb`).
    #[returns(copy)]
    pub grouped: bool,
}

fn shard_of(shards: usize, module: &str) -> usize {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    module.hash(&mut hasher);
    (hasher.finish() % shards as u64) as usize
}

impl FileShard {
    /// Says that the host's outlines of its files changed.
    pub fn outlines_changed<Db: SourceDb>(self, db: &mut Db) {
        let next = self.outlines(db).wrapping_add(1);
        self.set_outlines(db).with_durability(Durability::MEDIUM).to(next);
    }
}

/// All changes between two revisions, applied at once.
#[derive(Debug, Default)]
pub struct Change {
    /// Files to add or to replace, by path: `(path, hash, content)`. Equal hashes are no change.
    pub files: Vec<(Name, Fingerprint, Content)>,
    /// Paths of files to remove.
    pub removed: Vec<Name>,
}

impl Change {
    /// Adds or replaces the text of `path`.
    pub fn set_text(&mut self, path: impl Into<Name>, text: impl Into<Arc<str>>) {
        let text = text.into();
        self.files.push((path.into(), Fingerprint::of_bytes(text.as_bytes()), Content::Text(text)));
    }

    /// Removes `path`; unknown paths are ignored.
    pub fn remove(&mut self, path: impl Into<Name>) {
        self.removed.push(path.into());
    }
}

/// The prefix of library paths.
const LIBRARY: &str = "<stdlib>/";

/// Path of the library module `name` (`list` → `<stdlib>/list.nos`).
pub fn library_path(name: &str) -> Name {
    Name::from(format!("{LIBRARY}{name}.nos"))
}

/// The module that `path` defines: separators become dots and one `.nos` is removed. `None`: not a source file.
///
/// `geo/shapes.nos` is `geo.shapes`; `<stdlib>/list.nos` is `stdlib.list`.
pub fn module_path_of(path: &str) -> Option<Name> {
    let stem = path.strip_suffix(".nos")?;
    Some(match stem.strip_prefix(LIBRARY) {
        Some(rest) => Name::from(format!("stdlib.{}", rest.replace('/', "."))),
        None => Name::from(stem.replace('/', ".")),
    })
}

fn module_of(options: &Options, path: &str) -> Option<Name> {
    if options.single_file && !path.starts_with(LIBRARY) { Some(Name::default()) } else { module_path_of(path) }
}

fn new_file(db: &dyn SourceDb, path: Name, module: Name, hash: Fingerprint, content: Content) -> File {
    let library = path.starts_with(LIBRARY);
    // A library file never changes. Any project file may; starting them higher and lowering them at the first edit would
    // defeat early cutoff once for each, because a value that became less durable counts as changed.
    let durability = if library { Durability::HIGH } else { Durability::LOW };
    let file = File::builder(path, module, hash, content, library).durability(durability);
    // What names it never changes, and the graph of modules reads nothing else of a file.
    let file = file.path_durability(Durability::HIGH).module_durability(Durability::HIGH);
    file.library_durability(Durability::HIGH).new(db)
}

impl Project {
    /// A project with these files: `(path, hash, content)`. Paths that are no source files are left out.
    pub fn with_files(db: &dyn SourceDb, options: Options, files: Vec<(Name, Fingerprint, Content)>) -> Project {
        Project::restored(db, options, files, false)
    }

    /// As [`Project::with_files`]. `grouped`: the host knows the units of these files.
    pub fn restored(
        db: &dyn SourceDb,
        options: Options,
        files: Vec<(Name, Fingerprint, Content)>,
        grouped: bool,
    ) -> Project {
        let count = (files.len() / 32).clamp(1, 1024);
        let mut shards: Vec<Vec<(Name, File)>> = vec![Vec::new(); count];
        for (path, hash, content) in files {
            let Some(module) = module_of(&options, &path) else { continue };
            shards[shard_of(count, &module)].push((module.clone(), new_file(db, path, module, hash, content)));
        }
        // Added and removed files are rare next to edited ones, hence the shards themselves are of medium durability.
        let shard = |mut files: Vec<(Name, File)>| {
            files.sort_by(|a, b| (&a.0, a.1.path(db)).cmp(&(&b.0, b.1.path(db))));
            let files = files.into_iter().map(|(_, file)| file).collect();
            FileShard::builder(files, 0).durability(Durability::MEDIUM).new(db)
        };
        let shards = shards.into_iter().map(shard).collect();
        let project = Project::builder(shards, options, grouped).durability(Durability::HIGH);
        project.grouped_durability(Durability::MEDIUM).new(db)
    }

    /// Says that the host no longer knows the units.
    pub fn regroup<Db: SourceDb>(self, db: &mut Db) {
        if self.grouped(db) {
            self.set_grouped(db).with_durability(Durability::MEDIUM).to(false);
        }
    }

    /// Every file, in no particular order across shards.
    pub fn files(self, db: &dyn SourceDb) -> impl Iterator<Item = File> {
        self.shards(db).iter().flat_map(|shard| shard.files(db).iter().copied())
    }

    /// The shard that a module of this name belongs to.
    pub fn shard(self, db: &dyn SourceDb, module: &str) -> FileShard {
        let shards = self.shards(db);
        shards[shard_of(shards.len(), module)]
    }

    /// The file with this path. Depends on one shard's list only.
    pub fn file(self, db: &dyn SourceDb, path: &str) -> Option<File> {
        let module = module_of(self.options(db), path)?;
        let files = self.shard(db, &module).files(db);
        Some(files[position(db, files, &module, path).ok()?])
    }
}

/// Where in the list of a shard a file is, or belongs.
fn position(db: &dyn SourceDb, files: &[File], module: &str, path: &str) -> Result<usize, usize> {
    files.binary_search_by(|file| (file.module(db).as_str(), file.path(db).as_str()).cmp(&(module, path)))
}

impl Change {
    /// Applies the change. Setters run only where something differs, so an empty change starts no revision; the list of
    /// a shard is set once, however many of its files come and go.
    pub fn apply<Db: SourceDb>(self, db: &mut Db) {
        let project = db.project();
        let mut lists: BTreeMap<usize, Vec<File>> = BTreeMap::new();
        let removed = self.removed.into_iter().map(|path| (path, None));
        let set = self.files.into_iter().map(|(path, hash, content)| (path, Some((hash, content))));
        for (path, content) in removed.chain(set) {
            let Some(module) = module_of(project.options(db), &path) else { continue };
            let shard = shard_of(project.shards(db).len(), &module);
            let listed = lists.get(&shard).unwrap_or_else(|| project.shards(db)[shard].files(db));
            match (position(db, listed, &module, &path), content) {
                (Ok(at), Some((hash, content))) => {
                    let file = listed[at];
                    if file.hash(db) != hash
                        || matches!(content, Content::Invalid(_)) != matches!(file.content(db), Content::Invalid(_))
                    {
                        file.set_content(db).with_durability(Durability::LOW).to(content);
                        file.set_hash(db).with_durability(Durability::LOW).to(hash);
                    }
                }
                (Ok(at), None) => {
                    let list = lists.entry(shard).or_insert_with(|| project.shards(db)[shard].files(db).clone());
                    list.remove(at);
                }
                (Err(at), Some((hash, content))) => {
                    let list = lists.entry(shard).or_insert_with(|| project.shards(db)[shard].files(db).clone());
                    list.insert(at, new_file(db, path, module, hash, content));
                }
                (Err(_), None) => {}
            }
        }
        for (shard, files) in lists {
            let shard = project.shards(db)[shard];
            shard.set_files(db).with_durability(Durability::MEDIUM).to(files);
        }
    }
}

/// The file that defines `module`, if there is one; with two (a project error), the first by path.
#[salsa::tracked(returns(copy))]
pub fn file_of_module<'db>(db: &'db dyn SourceDb, module: ModuleId<'db>) -> Option<File> {
    let path = module.path(db);
    let files = db.project().shard(db, path).files(db);
    let start = files.partition_point(|file| file.module(db) < path);
    files.get(start).copied().filter(|file| file.module(db) == path)
}

/// The modules of a shard whose names have one part, sorted.
#[salsa::tracked(returns(deref))]
fn shard_roots(db: &dyn SourceDb, shard: FileShard) -> Arc<[Name]> {
    // The list of a shard is sorted by module.
    shard.files(db).iter().map(|file| file.module(db)).filter(|module| !module.contains('.')).cloned().collect()
}

/// Whether a file defines `module`, a name of one part. As [`file_of_module`], for the many names in a program that
/// mean no module: nothing is kept for each of them.
pub fn is_root_module(db: &dyn SourceDb, module: &str) -> bool {
    let roots = shard_roots(db, db.project().shard(db, module));
    roots.binary_search_by(|root| root.as_str().cmp(module)).is_ok()
}

/// The text of `file`; empty for a file without one.
pub fn text(db: &dyn SourceDb, file: File) -> Arc<str> {
    match file.content(db) {
        Content::Text(text) => Arc::clone(text),
        Content::Stored => db.load_text(file.path(db), file.hash(db)),
        Content::Invalid(_) => Arc::from(""),
    }
}

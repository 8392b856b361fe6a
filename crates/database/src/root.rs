//! The one database: salsa storage, the store, and where texts come from.
//!
//! Input: a store and a source of texts. Output: [`RootDatabase`], which implements the traits of all layers and
//! answers their questions to the store through the queries of [`crate::recall`].

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use base_db::{Counters, DefId, DefKind, File, FileShard, Fingerprint, Name, Project, SourceDb, Stamped};
use hir::item_tree::Header;
use rustc_hash::FxHashMap;
use types::{ImplDef, Signature, TraitDef, TypeDef};

use crate::{manifest::Manifest, recall};

/// Where the texts of files come from that the database did not need so far.
pub trait Texts: Send + Sync {
    /// The text of `path` whose fingerprint is `hash`. `None`: the file has changed or is gone.
    fn load(&self, path: &str, hash: Fingerprint) -> Option<Arc<str>>;
}

/// The payload with which a query unwinds when a file changed after it was scanned. Scan again and start over.
#[derive(Debug, Clone)]
pub(crate) struct TextChanged;

/// What the last run left about one file. Hints: each is checked before it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Fingerprint of the text then.
    pub(crate) hash: Fingerprint,
    /// Entry of the unit that the file belonged to.
    pub(crate) entry: Option<store::RecordRef>,
    /// The last entry it had, if its unit had errors in the last run.
    pub(crate) older: Option<store::RecordRef>,
    /// No process has visited the unit so far.
    pub(crate) pending: bool,
}

/// What a file says about the project around it: all that the graph of modules and the indexes of impls and templates
/// need of most files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outline {
    /// Modules that the file may need by name.
    pub(crate) imports: Arc<[Name]>,
    /// Whether it declares what the whole project sees: traits, impls or templates.
    pub(crate) has_globals: bool,
    /// Whether its header depends on templates of other files. Otherwise the outline is a function of the text.
    pub(crate) borrows: bool,
}

impl Outline {
    /// As the header of `file` has it.
    pub(crate) fn of(db: &RootDatabase, file: File) -> Outline {
        let header = hir::header(db, file);
        let mut defs = header.modules.iter().flat_map(|module| &module.defs);
        let has_globals = defs.any(|def| matches!(def.def.kind(), DefKind::Trait | DefKind::Impl | DefKind::Template));
        let borrows = !header.templates.is_empty();
        Outline { imports: hir::imported_modules(header).collect(), has_globals, borrows }
    }

    /// What the text alone tells. Whether other files were asked follows from it, what came of that does not.
    fn of_text(self) -> Outline {
        if self.borrows { Outline { imports: Arc::default(), has_globals: true, borrows: true } } else { self }
    }
}

/// Where entries are. `None`: nowhere.
#[derive(Clone, Default)]
pub struct Stores {
    /// Those of the project, its library's included.
    pub own: Option<Arc<store::Store>>,
    /// Copies of the library's, for projects that have none so far. Of no use without `own`.
    pub library: Option<Arc<store::Store>>,
}

/// What all handles of one database share.
pub struct Shared {
    pub(crate) project: OnceLock<Project>,
    pub(crate) store: Option<Arc<store::Store>>,
    /// Entries of the library that all projects share.
    pub(crate) library: Option<Arc<store::Store>>,
    known: Option<Arc<Manifest>>,
    /// Outlines of texts that are not those of the last run, by path; `None`: not read so far. Written between revisions,
    /// and where an answer takes the place of none, which is the answer that a header gave.
    outlines: RwLock<FxHashMap<Name, Option<Outline>>>,
    texts: Arc<dyn Texts>,
    /// A text was wanted that the host no longer has.
    text_changed: AtomicBool,
    counters: Arc<Counters>,
}

impl Shared {
    /// What the last run left about a file.
    pub(crate) fn known(&self, path: &str) -> Option<Known> {
        let manifest = self.known.as_ref()?;
        let row = manifest.find(path)?;
        let (hash, entry, older) = (manifest.hash(row), manifest.entry(row), manifest.older(row));
        Some(Known { hash, entry, older, pending: manifest.pending(row) })
    }

    /// Whether the last run left anything.
    pub(crate) fn knows_any(&self) -> bool {
        self.known.as_ref().is_some_and(|manifest| manifest.rows().next().is_some())
    }

    fn outlines(&self) -> RwLockReadGuard<'_, FxHashMap<Name, Option<Outline>>> {
        self.outlines.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_outline(&self, path: &Name, outline: Option<Outline>) {
        self.outlines.write().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), outline);
    }

    /// What is known of the outline of a file without looking at its text: as [`Outline::of_text`].
    fn outline(&self, path: &str) -> Option<Outline> {
        if let Some(outline) = self.outlines().get(path) {
            return outline.clone();
        }
        let manifest = self.known.as_ref()?;
        let row = manifest.find(path)?;
        let imports = manifest.imports(row).map(Name::from).collect();
        let outline = Outline { imports, has_globals: manifest.has_globals(row), borrows: manifest.borrows(row) };
        Some(outline.of_text())
    }
}

/// The database of this layer.
#[salsa::db]
pub trait Db: types::TyDb {
    /// Store, hints and texts.
    fn shared(&self) -> &Shared;
}

/// The database. A clone is a handle for another thread.
#[salsa::db]
#[derive(Clone)]
pub struct RootDatabase {
    storage: salsa::Storage<Self>,
    shared: Arc<Shared>,
}

/// Receives the debug names of executed queries; tests only.
pub type Log = Box<dyn Fn(String) + Send + Sync>;

impl RootDatabase {
    /// A database without files, that computes everything; call [`RootDatabase::set_project`] before any query.
    pub fn without_store(texts: Arc<dyn Texts>, counters: Arc<Counters>) -> RootDatabase {
        RootDatabase::new(Stores::default(), None, texts, counters, None)
    }

    /// A database without files; call [`RootDatabase::set_project`] before any query.
    pub(crate) fn new(
        stores: Stores,
        known: Option<Arc<Manifest>>,
        texts: Arc<dyn Texts>,
        counters: Arc<Counters>,
        log: Option<Log>,
    ) -> RootDatabase {
        let callback = log.map(|log| -> Box<dyn Fn(salsa::Event) + Send + Sync> {
            Box::new(move |event: salsa::Event| {
                if let salsa::EventKind::WillExecute { database_key } = event.kind {
                    log(format!("{database_key:?}"));
                }
            })
        });
        RootDatabase {
            storage: salsa::Storage::new(callback),
            shared: Arc::new(Shared {
                project: OnceLock::new(),
                store: stores.own,
                library: stores.library,
                known,
                outlines: RwLock::default(),
                texts,
                text_changed: AtomicBool::new(false),
                counters,
            }),
        }
    }

    /// The outline of a file, without its text where that is possible.
    pub(crate) fn outline(&self, file: File) -> Outline {
        let known = self.shared.outline(file.path(self)).filter(|outline| !outline.borrows);
        known.unwrap_or_else(|| Outline::of(self, file))
    }

    /// Forgets the outlines of files whose texts are about to be read, and gives them back. The header of one may depend
    /// on the templates of another, so until [`RootDatabase::renew_outlines`] whoever needs them looks at the texts.
    pub(crate) fn take_outlines(&self, files: Vec<File>) -> Vec<(File, Option<Outline>)> {
        let take = |file: File| {
            let path = file.path(self);
            let before = self.shared.outline(path);
            self.shared.set_outline(path, None);
            (file, before)
        };
        files.into_iter().map(take).collect()
    }

    /// Brings the outlines of files up to date whose texts were set; `files` are those of
    /// [`RootDatabase::take_outlines`]. To be called after a change and before any query about the project as a whole.
    /// `regrouped`: files were added or removed. `first`: before they were taken no query was ever asked, so nobody needs
    /// to be told; a revision more would let go of trees that are needed again.
    pub(crate) fn renew_outlines(&mut self, files: Vec<(File, Option<Outline>)>, mut regrouped: bool, first: bool) {
        let mut shards: Vec<FileShard> = Vec::new();
        let mut renewed: Vec<(File, Outline)> = Vec::new();
        for (file, before) in files {
            // A file on which the compiler fails imports nothing; the failure is reported when its unit is visited.
            let outline = self.catch_failure(|| Outline::of(self, file)).unwrap_or_default().of_text();
            if before.as_ref() != Some(&outline) {
                let edges = |outline: &Outline| (Arc::clone(&outline.imports), outline.borrows);
                regrouped |= before.is_none_or(|before| edges(&before) != edges(&outline));
                let shard = self.project().shard(self, file.module(self));
                if !shards.contains(&shard) {
                    shards.push(shard);
                }
            }
            renewed.push((file, outline));
        }
        for (file, outline) in renewed {
            self.shared.set_outline(file.path(self), Some(outline));
        }
        let project = self.project();
        for shard in shards.into_iter().filter(|_| !first) {
            shard.outlines_changed(self);
        }
        if regrouped {
            project.regroup(self);
        }
    }

    /// Keeps all results: for projects of a size where that is no question.
    pub fn keep_everything(&mut self) {
        hir::query::keep_trees(self);
        self.keep_results();
    }

    /// Keeps all results but trees, which are large: for a database that lives as long as its results are needed.
    pub(crate) fn keep_results(&mut self) {
        hir::query::keep_results(self);
        types::keep_everything(self);
        codegen::keep_everything(self);
    }

    /// Whether a text was wanted that the host no longer has.
    pub(crate) fn text_changed(&self) -> bool {
        self.shared.text_changed.load(Ordering::Relaxed)
    }

    /// Runs `f`; a failure of the compiler itself is `Err` with what it said. Unwinding by which the database stops
    /// queries goes on.
    pub(crate) fn catch_failure<T>(&self, f: impl FnOnce() -> T) -> Result<T, String> {
        panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
            if matches!(payload.downcast_ref(), Some(salsa::Cancelled::PropagatedPanic)) {
                // `f` needs what failed before or in another thread, and is not told why.
                if self.text_changed() {
                    panic::resume_unwind(Box::new(TextChanged));
                }
                return "something that it needs has failed".to_owned();
            }
            if payload.is::<TextChanged>() || payload.is::<salsa::Cancelled>() {
                panic::resume_unwind(payload);
            }
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
        })
    }

    /// Names the project; once.
    pub fn set_project(&self, project: Project) {
        let first = self.shared.project.set(project).is_ok();
        debug_assert!(first, "a database has one project");
    }
}

#[salsa::db]
impl salsa::Database for RootDatabase {}

#[salsa::db]
impl SourceDb for RootDatabase {
    fn project(&self) -> Project {
        *self.shared.project.get().expect("the project is set before the first query")
    }

    fn load_text(&self, path: &str, hash: Fingerprint) -> Arc<str> {
        match self.shared.texts.load(path, hash) {
            Some(text) => text,
            None => {
                self.shared.text_changed.store(true, Ordering::Relaxed);
                panic::resume_unwind(Box::new(TextChanged))
            }
        }
    }

    fn counters(&self) -> &Counters {
        &self.shared.counters
    }
}

#[salsa::db]
impl hir::HirDb for RootDatabase {
    fn stored_header(&self, file: File) -> Option<Arc<Header>> {
        recall::stored_header(self, file)
    }

    fn stored_imports(&self, file: File) -> Option<Arc<[Name]>> {
        let outline = self.shared.outline(file.path(self)).filter(|outline| !outline.borrows);
        outline.map(|outline| outline.imports)
    }

    fn lacks_globals(&self, file: File) -> bool {
        let path = file.path(self);
        if let Some(outline) = self.shared.outlines().get(path) {
            return outline.as_ref().is_some_and(|outline| !outline.has_globals);
        }
        let row = self.shared.known.as_ref().and_then(|manifest| Some((manifest, manifest.find(path)?)));
        row.is_some_and(|(manifest, row)| !manifest.has_globals(row) && !manifest.borrows(row))
    }

    fn stored_unit(&self, file: File) -> Option<Vec<File>> {
        let manifest = self.shared.known.as_ref()?;
        let row = manifest.find(file.path(self))?;
        match manifest.unit(row) {
            // Of library files that nobody uses it is known only that they are there.
            None => (manifest.has_entry(row) || !file.library(self)).then(|| vec![file]),
            unit => {
                let members = manifest.rows().filter(|&row| manifest.unit(row) == unit);
                members.map(|row| self.project().file(self, manifest.path(row))).collect()
            }
        }
    }
}

#[salsa::db]
impl types::TyDb for RootDatabase {
    fn stored_signature<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<Signature>> {
        recall::stored(self, def)
    }

    fn stored_type<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<TypeDef>> {
        recall::stored(self, def)
    }

    fn stored_trait<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<TraitDef>> {
        recall::stored(self, def)
    }

    fn stored_impl<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<ImplDef>> {
        recall::stored(self, def)
    }
}

#[salsa::db]
impl Db for RootDatabase {
    fn shared(&self) -> &Shared {
        &self.shared
    }
}

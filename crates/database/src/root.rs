//! The one database: salsa storage, the store, and where texts come from.
//!
//! Input: a store and a source of texts. Output: [`RootDatabase`], which implements the traits of all layers and
//! answers their questions to the store through the queries of [`crate::recall`].

use std::{
    any::Any,
    panic,
    sync::{Arc, OnceLock},
};

use base_db::{Counters, DefId, File, Fingerprint, Name, Project, SourceDb, Stamped};
use hir::item_tree::Header;
use rustc_hash::FxHashMap;
use types::{ImplDef, Signature, TraitDef, TypeDef};

use crate::recall;

/// Where the texts of files come from that the database did not need so far.
pub trait Texts: Send + Sync {
    /// The text of `path` whose fingerprint is `hash`. `None`: the file has changed or is gone.
    fn load(&self, path: &str, hash: Fingerprint) -> Option<Arc<str>>;
}

/// The payload with which a query unwinds when a file changed after it was scanned. Scan again and start over.
#[derive(Debug, Clone)]
pub(crate) struct TextChanged;

/// What the last run left about one file. Hints: each is checked before it is used.
#[derive(Debug, Clone)]
pub struct Known {
    /// Fingerprint of the text then.
    pub hash: Fingerprint,
    /// Entry of the unit that the file belonged to.
    pub entry: Option<store::RecordRef>,
    /// Modules that its `use` declarations named; `None`: templates of other files may have named some.
    pub imports: Option<Arc<[Name]>>,
    /// Whether it declares what the whole project sees: traits, impls or templates.
    pub has_globals: bool,
}

/// All hints of the last run, by path.
pub(crate) type KnownFiles = FxHashMap<Name, Known>;

/// What all handles of one database share.
pub struct Shared {
    pub(crate) project: OnceLock<Project>,
    pub(crate) store: Option<Arc<store::Store>>,
    pub(crate) known: KnownFiles,
    texts: Arc<dyn Texts>,
    counters: Arc<Counters>,
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
    /// A database without files; call [`RootDatabase::set_project`] before any query.
    pub fn new(
        store: Option<Arc<store::Store>>,
        known: KnownFiles,
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
            shared: Arc::new(Shared { project: OnceLock::new(), store, known, texts, counters }),
        }
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
            None => panic::resume_unwind(Box::new(TextChanged) as Box<dyn Any + Send>),
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
        recall::known_text(self, file)?.imports.clone()
    }

    fn lacks_globals(&self, file: File) -> bool {
        recall::known_text(self, file).is_some_and(|known| !known.has_globals)
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

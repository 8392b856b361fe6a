//! Tests of this crate and the small database they run on.
//!
//! A fixture is one text: `//- /path` opens a file, everything below belongs to it; without such a line the text is one
//! file that is run alone. The library's sources are always there.

mod annotate;
mod cases;
mod incremental;
mod limits;
mod properties;
mod suite;

use std::sync::{Arc, Mutex, OnceLock};

use base_db::{Content, Counters, DefId, DefName, File, Fingerprint, ModuleId, Name, Options, Project, Stamped};
use hir::{item_tree::Header, problem::Problem};

use crate::{TyDb, signature::*};

#[salsa::db]
#[derive(Clone)]
pub(crate) struct TestDb {
    storage: salsa::Storage<Self>,
    project: Arc<OnceLock<Project>>,
    counters: Arc<Counters>,
    log: Arc<Mutex<Vec<salsa::DatabaseKeyIndex>>>,
}

#[salsa::db]
impl salsa::Database for TestDb {}

#[salsa::db]
impl base_db::SourceDb for TestDb {
    fn project(&self) -> Project {
        *self.project.get().expect("set when the database is made")
    }

    fn load_text(&self, path: &str, _hash: Fingerprint) -> Arc<str> {
        unreachable!("{path} has a text")
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}

#[salsa::db]
impl hir::HirDb for TestDb {
    fn stored_header(&self, _file: File) -> Option<Arc<Header>> {
        None
    }
}

#[salsa::db]
impl TyDb for TestDb {
    fn stored_signature<'db>(&'db self, _def: DefId<'db>) -> Option<Stamped<Signature>> {
        None
    }

    fn stored_type<'db>(&'db self, _def: DefId<'db>) -> Option<Stamped<TypeDef>> {
        None
    }

    fn stored_trait<'db>(&'db self, _def: DefId<'db>) -> Option<Stamped<TraitDef>> {
        None
    }

    fn stored_impl<'db>(&'db self, _def: DefId<'db>) -> Option<Stamped<ImplDef>> {
        None
    }
}

impl TestDb {
    /// A project of files (path and text), or with one file named `""` a single-file run.
    pub(crate) fn with_files(files: &[(String, String)]) -> TestDb {
        let log: Arc<Mutex<Vec<salsa::DatabaseKeyIndex>>> = Arc::default();
        let events = Arc::clone(&log);
        let callback = move |event: salsa::Event| {
            if let salsa::EventKind::WillExecute { database_key } = event.kind {
                events.lock().expect("no test panics while logging").push(database_key);
            }
        };
        let db = TestDb {
            storage: salsa::Storage::new(Some(Box::new(callback))),
            project: Arc::default(),
            counters: Arc::default(),
            log,
        };
        let single_file = matches!(files, [(path, _)] if path.is_empty());
        let mut all: Vec<(Name, Fingerprint, Content)> = Vec::new();
        let mut add = |path: Name, text: &str| {
            all.push((path, Fingerprint::of_bytes(text.as_bytes()), Content::Text(text.into())));
        };
        for (path, text) in files {
            add(if path.is_empty() { "main.nos".into() } else { Name::from(path.as_str()) }, text);
        }
        for (stem, text) in stdlib::library() {
            add(base_db::library_path(stem), text);
        }
        let project = Project::with_files(&db, Options { single_file }, all);
        assert!(db.project.set(project).is_ok());
        db
    }

    /// A database of a fixture.
    pub(crate) fn new(fixture: &str) -> TestDb {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in fixture.lines() {
            match line.trim().strip_prefix("//- /") {
                Some(path) => files.push((path.trim().to_owned(), String::new())),
                None => {
                    if files.is_empty() {
                        files.push((String::new(), String::new()));
                    }
                    if let Some((_, text)) = files.last_mut() {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        if files.len() > 1 && files[0].0.is_empty() {
            files.remove(0);
        }
        TestDb::with_files(&files)
    }

    /// Replaces or adds one file.
    pub(crate) fn set(&mut self, path: &str, text: &str) {
        let mut change = base_db::Change::default();
        change.set_text(path, text);
        change.apply(self);
    }

    /// The queries of this crate that `work` executes, with their keys, in order.
    pub(crate) fn executed<T>(&self, work: impl FnOnce(&TestDb) -> T) -> Vec<String> {
        self.log.lock().expect("no test panics while logging").clear();
        work(self);
        let keys = std::mem::take(&mut *self.log.lock().expect("no test panics while logging"));
        use salsa::Database as _;
        self.attach(|db| {
            let ours = [
                "infer_group",
                "inference",
                "scheme",
                "type_def",
                "type_shape",
                "trait_def",
                "impl_def",
                "item_problems",
                "binding_group",
                "unit_calls",
                "unit_groups",
                "mentions",
            ];
            let names: Vec<String> =
                keys.iter().map(|key| db.ingredient_debug_name(key.ingredient_index()).into_owned()).collect();
            names.into_iter().filter(|name| ours.contains(&name.as_str())).collect()
        })
    }

    /// The modules and blocks of the project's own files.
    pub(crate) fn modules(&self) -> Vec<Name> {
        use base_db::SourceDb;
        let mut modules: Vec<Name> = self
            .project()
            .files(self)
            .filter(|file| !file.library(self))
            .flat_map(|file| hir::query::item_tree(self, file).modules.iter().map(|items| items.path.clone()))
            .collect();
        modules.sort();
        modules
    }

    /// All definitions of a module that have a body.
    pub(crate) fn bodies(&self, module: &Name) -> Vec<DefName> {
        let Some(items) = hir::module_items(self, ModuleId::new(self, module.clone())) else { return Vec::new() };
        let functions = items.functions.iter().map(|item| item.def.clone());
        let values = items.values.iter().chain(&items.mvars).map(|item| item.def.clone());
        let impls = items.impls.iter().flat_map(|item| item.methods.iter().map(|method| method.def.clone()));
        let traits = items
            .traits
            .iter()
            .flat_map(|item| item.methods.iter().filter(|method| method.has_body).map(|method| method.def.clone()));
        functions.chain(values).chain(impls).chain(traits).collect()
    }

    /// Syntax errors of the project's own files, with their paths.
    pub(crate) fn syntax_errors(&self) -> Vec<(Name, syntax::SyntaxError)> {
        use base_db::SourceDb;
        let files: Vec<File> = self.project().files(self).filter(|file| !file.library(self)).collect();
        let errors = |file: File| {
            hir::syntax_problems(self, file).iter().map(move |error| (file.path(self).clone(), error.clone()))
        };
        files.into_iter().flat_map(errors).collect()
    }

    /// All problems of the project, hir's included.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for module in self.modules() {
            let id = ModuleId::new(self, module.clone());
            problems.extend(hir::import_problems(self, id).iter().cloned());
            problems.extend(crate::item_problems(self, id).0.iter().cloned());
            for def in self.bodies(&module) {
                problems.extend(crate::infer(self, DefId::new(self, def)).problems.iter().cloned());
            }
        }
        problems
    }
}

/// Everything a problem says, one line each.
pub(crate) fn render(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        let place = problem.place.def.as_ref().map(ToString::to_string).unwrap_or_default();
        out.push_str(&format!("error[{}] {}: {}\n", problem.code, place, problem.message));
        for note in &problem.notes {
            out.push_str(&format!("  {note}\n"));
        }
        if let Some(help) = &problem.help {
            out.push_str(&format!("  help: {help}\n"));
        }
    }
    out
}

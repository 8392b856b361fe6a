//! Tests of this crate and the small database they run on.
//!
//! A fixture is one text: `//- /path` opens a file, everything below belongs to it; `single` in the first line makes a
//! single-file run.

mod bodies;
mod incremental;
mod items;
mod names;
mod places;
mod properties;
mod units;

use std::sync::{Arc, Mutex, OnceLock};

use base_db::{Change, Content, Counters, DefId, DefName, File, Fingerprint, ModuleId, Name, Options, Project};

use crate::{HirDb, body::Body, item_tree::Header, problem::Problem, query};

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
impl HirDb for TestDb {
    fn stored_header(&self, _file: File) -> Option<Arc<Header>> {
        None
    }
}

/// Path and text of each file of a fixture.
pub(crate) fn files_of(fixture: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in fixture.lines() {
        if let Some(path) = line.strip_prefix("//- /") {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else if !line.trim().is_empty() {
            files.push(("main.nos".to_owned(), format!("{line}\n")));
        }
    }
    files
}

impl TestDb {
    /// A project of the files of a fixture.
    pub(crate) fn new(fixture: &str) -> TestDb {
        TestDb::with_options(fixture, Options::default())
    }

    /// A single-file run.
    pub(crate) fn single(text: &str) -> TestDb {
        TestDb::with_options(text, Options { single_file: true })
    }

    fn with_options(fixture: &str, options: Options) -> TestDb {
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
        let files = files_of(fixture)
            .into_iter()
            .map(|(path, text)| {
                (Name::from(path), Fingerprint::of_bytes(text.as_bytes()), Content::Text(text.as_str().into()))
            })
            .collect();
        let project = Project::with_files(&db, options, files);
        assert!(db.project.set(project).is_ok());
        db
    }

    /// Replaces or adds one file.
    pub(crate) fn set(&mut self, path: &str, text: &str) {
        let mut change = Change::default();
        change.set_text(path, text);
        change.apply(self);
    }

    /// Removes one file.
    pub(crate) fn remove(&mut self, path: &str) {
        let mut change = Change::default();
        change.remove(path);
        change.apply(self);
    }

    pub(crate) fn file(&self, path: &str) -> File {
        base_db::SourceDb::project(self).file(self, path).expect("the fixture has this file")
    }

    pub(crate) fn module(&self, path: &str) -> ModuleId<'_> {
        ModuleId::new(self, Name::from(path))
    }

    /// The definition that prints as `symbol`.
    pub(crate) fn def(&self, module: &str, symbol: &str) -> DefName {
        let file = query::module_file(self, self.module(module)).expect("the module exists");
        let index = &query::collected(self, file).index;
        let mut found: Vec<&DefName> = index
            .definitions
            .keys()
            .filter(|def| def.module() == module && (def.name() == symbol || def.to_string() == symbol))
            .collect();
        found.sort();
        (*found.first().unwrap_or_else(|| panic!("no definition {symbol}"))).clone()
    }

    pub(crate) fn body(&self, module: &str, symbol: &str) -> &Body {
        query::body(self, DefId::new(self, self.def(module, symbol)))
    }

    /// Names of the queries that `run` executes, sorted, with their numbers: `header`, `parse x2`.
    pub(crate) fn executed(&self, run: impl FnOnce(&TestDb)) -> String {
        use salsa::Database as _;
        self.log.lock().expect("no test panics while logging").clear();
        run(self);
        let log = std::mem::take(&mut *self.log.lock().expect("no test panics while logging"));
        let mut names: Vec<String> = self
            .attach(|db| log.iter().map(|key| db.ingredient_debug_name(key.ingredient_index()).into_owned()).collect());
        names.sort();
        let mut out = String::new();
        for group in names.chunk_by(|a, b| a == b) {
            out.push_str(&group[0]);
            if group.len() > 1 {
                out.push_str(&format!(" x{}", group.len()));
            }
            out.push('\n');
        }
        out
    }
}

/// `code place: message`, one line each.
pub(crate) fn show_problems(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| {
            let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{} {:?}: {}{help}\n", problem.code, problem.place.anchor, problem.message)
        })
        .collect()
}

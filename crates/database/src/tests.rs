//! Lists of executed queries per edit: one for every barrier. A query that is not listed was at most verified.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base_db::{Name, Options};
use expect_test::{Expect, expect};

use crate::workspace::{Config, Host, Scanned, Workspace};

#[derive(Default)]
struct Files(Mutex<BTreeMap<Name, Arc<str>>>);

impl Host for Files {
    fn scan(&self) -> Vec<Scanned> {
        self.0.lock().unwrap().keys().map(|path| Scanned { path: path.clone(), stamp: None }).collect()
    }

    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        self.0.lock().unwrap().get(path).cloned().ok_or_else(|| "it does not exist".to_owned())
    }
}

struct Fixture {
    files: Arc<Files>,
    workspace: Workspace,
    log: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Fixture {
        let host = Arc::new(Files::default());
        for (path, text) in files {
            host.0.lock().unwrap().insert(Name::from(*path), Arc::from(*text));
        }
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        let workspace = Workspace::open(Config {
            host: Arc::clone(&host) as Arc<dyn Host>,
            store: None,
            options: Options::default(),
            manifest: "test".to_owned(),
            threads: 1,
            log: Some(Box::new(move |query| sink.lock().unwrap().push(query))),
        });
        let mut fixture = Fixture { files: host, workspace, log };
        fixture.update();
        fixture
    }

    /// Updates, and gives the executed queries with how often each ran, in order of their names.
    fn update(&mut self) -> String {
        self.log.lock().unwrap().clear();
        self.workspace.update();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for query in self.log.lock().unwrap().iter() {
            let name = query.split('(').next().unwrap_or(query);
            *counts.entry(name.to_owned()).or_default() += 1;
        }
        let lines: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let problems = self.workspace.problems();
        let problems = problems.iter().map(|problem| format!("! {}", problem.message));
        lines.into_iter().chain(problems).collect::<Vec<_>>().join("\n")
    }
}

/// Edits (`None`: deletes) and compares what ran.
#[track_caller]
fn check(files: &[(&str, &str)], edits: &[(&str, Option<&str>)], executed: Expect) {
    let mut fixture = Fixture::new(files);
    for (path, text) in edits {
        let mut files = fixture.files.0.lock().unwrap();
        match text {
            Some(text) => files.insert(Name::from(*path), Arc::from(*text)),
            None => files.remove(*path),
        };
    }
    executed.assert_eq(&fixture.update());
}

const CHAIN: [(&str, &str); 4] = [
    ("a.nos", "use b.*\npub top() = mid() * 2\npub other() = 7\n"),
    ("b.nos", "use c.*\npub mid() = base() + 1\n"),
    ("c.nos", "pub base() = 42\n"),
    ("main.nos", "use a.*\nmain() = top()\n"),
];

#[test]
fn nothing_changed() {
    check(&CHAIN, &[], expect![[""]]);
}

#[test]
fn moving_a_function_lowers_and_infers_nothing() {
    check(&CHAIN, &[("a.nos", Some("use b.*\n\n\npub other() = 7\n\npub top() = mid() * 2\n"))], expect![[""]]);
}

#[test]
fn a_body_edit_that_keeps_the_type_stays_in_its_function() {
    check(&CHAIN, &[("c.nos", Some("pub base() = 43\n"))], expect![[""]]);
}

#[test]
fn an_inferred_type_that_changes_reaches_direct_users_only() {
    // `mid` passes its own type on unchanged: the error is there, and nobody else is asked.
    check(&CHAIN, &[("c.nos", Some("pub base() = \"x\"\n"))], expect![[""]]);
}

#[test]
fn an_annotation_that_changes_reaches_users_without_inferring_them_first() {
    let files = [
        ("lib.nos", "pub f(x: Int) -> Int = x\npub g(x: Int) -> Int = x\n"),
        ("main.nos", "use lib.*\nuser() = f(1)\nmain() = g(2)\n"),
    ];
    check(&files, &[("lib.nos", Some("pub f(x: Int) -> String = show(x)\npub g(x: Int) -> Int = x\n"))], expect![[""]]);
}

#[test]
fn an_unrelated_item_reaches_nobody() {
    check(&CHAIN, &[("c.nos", Some("pub base() = 42\nhelper() = 1\n"))], expect![[""]]);
}

#[test]
fn an_import_that_is_added_reaches_its_module_only() {
    check(&CHAIN, &[("b.nos", Some("use c.*\nuse a.{other}\npub mid() = base() + 1\n"))], expect![[""]]);
}

#[test]
fn an_item_that_a_star_import_now_sees_reaches_who_asked_for_its_name() {
    let files = [
        ("lib.nos", "pub one() = 1\n"),
        ("main.nos", "use lib.*\nmain() = one()\n"),
        ("open.nos", "use lib.*\nf() = missing()\n"),
    ];
    check(&files, &[("lib.nos", Some("pub one() = 1\npub missing() = 2\n"))], expect![[""]]);
}

#[test]
fn a_deleted_module_reaches_its_importers() {
    check(&CHAIN, &[("c.nos", None)], expect![[""]]);
}

#[test]
fn a_broken_cycle_makes_two_units() {
    let files = [
        ("even.nos", "use odd.*\npub isEven(n) = if n == 0 then true else isOdd(n - 1)\n"),
        ("main.nos", "use even.*\nmain() = isEven(10)\n"),
        ("odd.nos", "use even.*\npub isOdd(n) = if n == 0 then false else isEven(n - 1)\n"),
    ];
    check(&files, &[("odd.nos", Some("pub isOdd(n) = n % 2 == 1\n"))], expect![[""]]);
}

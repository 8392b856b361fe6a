//! Lists of executed queries per edit: one for every barrier. A query that is not listed was at most verified.

mod borrowing;
mod changing;
mod saving;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base_db::{Name, Options};
use expect_test::{Expect, expect};
use store::testing::MemoryFiles;

use crate::{
    Stores,
    manifest::Stamp,
    workspace::{Config, Host, Scanned, Workspace},
};

/// Texts, and the stamps of those that have one.
#[derive(Default)]
struct Files(Mutex<BTreeMap<Name, Arc<str>>>, Mutex<BTreeMap<Name, Stamp>>);

impl Host for Files {
    fn scan(&self) -> Vec<Scanned> {
        let stamps = self.1.lock().unwrap();
        let stamped = |path: &Name| Scanned { path: path.clone(), stamp: stamps.get(path).copied() };
        self.0.lock().unwrap().keys().map(stamped).collect()
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
        Fixture::open(host, None)
    }

    fn open(host: Arc<Files>, store: Option<Arc<store::Store>>) -> Fixture {
        Fixture::open_in_stretches(host, store, usize::MAX)
    }

    fn open_in_stretches(host: Arc<Files>, store: Option<Arc<store::Store>>, stretch: usize) -> Fixture {
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        let workspace = Workspace::open(Config {
            host: Arc::clone(&host) as Arc<dyn Host>,
            stores: Stores { own: store, library: None },
            options: Options::default(),
            manifest: "test".to_owned(),
            threads: 1,
            stretch,
            progress: None,
            log: Some(Box::new(move |query| sink.lock().unwrap().push(query))),
        });
        Fixture { files: host, workspace, log }
    }

    fn edit(&self, edits: &[(&str, Option<&str>)]) {
        let mut files = self.files.0.lock().unwrap();
        for (path, text) in edits {
            match text {
                Some(text) => files.insert(Name::from(*path), Arc::from(*text)),
                None => files.remove(*path),
            };
        }
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
    fixture.update();
    fixture.edit(edits);
    executed.assert_eq(&fixture.update());
}

/// As [`check`], in a new process: only the store remembers.
#[track_caller]
fn check_restart(files: &[(&str, &str)], edits: &[(&str, Option<&str>)], executed: Expect) {
    let disk = Arc::new(MemoryFiles::new());
    let store = || Some(Arc::new(store::Store::open(Arc::clone(&disk) as _, "store".into(), [7; 16])));
    let mut fixture = Fixture::new(files);
    fixture = Fixture::open(fixture.files, store());
    fixture.update();
    fixture.workspace.save().unwrap();
    let mut fixture = Fixture::open(fixture.files, store());
    fixture.edit(edits);
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
    check(
        &CHAIN,
        &[("a.nos", Some("use b.*\n\n\npub other() = 7\n\npub top() = mid() * 2\n"))],
        expect![[r#"
            collected 1
            definition_problems 1
            definition_syntax 2
            file_items 1
            file_problems 1
            header 1
            item_problems 1
            item_tree 1
            module_items 1
            parse 1
            syntax_problems 1
            unit_artifact 1
            unit_calls 1"#]],
    );
}

#[test]
fn a_body_edit_that_keeps_the_type_stays_in_its_function() {
    check(
        &CHAIN,
        &[("c.nos", Some("pub base() = 43\n"))],
        expect![[r#"
            body 1
            collected 1
            compiled 1
            definition_syntax 1
            file_problems 1
            group_source 1
            header 1
            infer_group 1
            item_tree 1
            mentions 1
            parse 1
            syntax_problems 1
            unit_artifact 1"#]],
    );
}

#[test]
fn an_inferred_type_that_changes_reaches_its_users_and_theirs() {
    // The error is in `mid`; whoever uses `mid` is looked at again because its type is unknown now, and is silent.
    check(
        &CHAIN,
        &[("c.nos", Some("pub base() = \"x\"\n"))],
        expect![[r#"
            body 1
            collected 1
            compiled 3
            definition_syntax 1
            file_problems 4
            group_source 1
            header 1
            infer_group 4
            interface 3
            item_tree 1
            mentions 1
            parse 1
            scheme 4
            syntax_problems 1
            unit_artifact 4
            ! type mismatch: expected `Int`, found `String`"#]],
    );
}

#[test]
fn an_annotation_that_changes_reaches_users_without_inferring_them_first() {
    let files = [
        ("lib.nos", "pub f(x: Int) -> Int = x\npub g(x: Int) -> Int = x\n"),
        ("main.nos", "use lib.*\nuser() = f(1)\nmain() = g(2)\n"),
    ];
    check(
        &files,
        &[("lib.nos", Some("pub f(x: Int) -> String = show(x)\npub g(x: Int) -> Int = x\n"))],
        expect![[r#"
            body 1
            collected 1
            compiled 2
            definition_problems 1
            definition_syntax 2
            file_impls 10
            file_items 1
            file_problems 2
            group_source 1
            header 1
            impl_tables 1
            impls_of 1
            infer_group 2
            interface 1
            item 2
            item_problems 1
            item_tree 1
            mentions 1
            module_items 1
            parse 1
            project_impls 1
            resolve_name 3
            scheme 2
            shard_impls 1
            signatures 1
            syntax_problems 1
            unit_artifact 2
            unit_calls 1"#]],
    );
}

#[test]
fn an_unrelated_item_reaches_nobody() {
    check(
        &CHAIN,
        &[("c.nos", Some("pub base() = 42\nhelper() = 1\n"))],
        expect![[r#"
            binding_group 2
            body 1
            collected 1
            compiled 1
            definition_problems 1
            definition_syntax 2
            file_items 1
            file_problems 1
            group_source 1
            header 1
            import_problems 1
            infer_group 1
            interface 1
            item 2
            item_problems 1
            item_tree 1
            mentions 1
            module_header 1
            module_items 1
            module_mvars 1
            module_names 1
            module_uses 1
            parse 1
            resolve_name 1
            scheme 1
            syntax_problems 1
            unit_artifact 2
            unit_calls 1
            unit_groups 1"#]],
    );
}

#[test]
fn an_import_that_is_added_reaches_its_module_only() {
    check(
        &CHAIN,
        &[("b.nos", Some("use c.*\nuse a.{other}\npub mid() = base() + 1\n"))],
        expect![[r#"
            binding_group 3
            collected 1
            definition_problems 1
            definition_syntax 1
            file_items 1
            file_problems 2
            header 1
            import_problems 1
            import_table 1
            interface 2
            item_problems 1
            item_tree 1
            module_header 1
            module_items 1
            module_mvars 1
            module_names 1
            module_uses 1
            parse 1
            project_units 1
            recall 1
            resolve_name 1
            shard_imports 1
            syntax_problems 1
            unit_artifact 1
            unit_calls 1
            unit_files 3
            unit_groups 1
            unit_of 2"#]],
    );
}

#[test]
fn an_item_that_a_star_import_now_sees_reaches_who_asked_for_its_name() {
    let files = [
        ("lib.nos", "pub one() = 1\n"),
        ("main.nos", "use lib.*\nmain() = one()\n"),
        ("open.nos", "use lib.*\nf() = missing()\n"),
    ];
    check(
        &files,
        &[("lib.nos", Some("pub one() = 1\npub missing() = 2\n"))],
        expect![[r#"
            binding_group 2
            body 1
            collected 1
            compiled 2
            definition_problems 1
            definition_syntax 2
            file_items 1
            file_problems 2
            group_source 2
            header 1
            import_problems 2
            infer_group 2
            interface 1
            item 2
            item_problems 1
            item_tree 1
            mentions 1
            module_header 1
            module_items 1
            module_mvars 1
            module_names 1
            module_uses 1
            parse 1
            resolve_name 2
            scheme 2
            syntax_problems 1
            unit_artifact 3
            unit_calls 2
            unit_groups 1"#]],
    );
}

#[test]
fn a_deleted_module_reaches_its_importers() {
    check(
        &CHAIN,
        &[("c.nos", None)],
        expect![[r#"
            compiled 2
            file_of_module 7
            file_problems 3
            import_problems 1
            import_table 1
            infer_group 3
            interface 2
            module_file 1
            project_units 1
            resolve_name 3
            scheme 3
            shard_imports 1
            shard_problems 1
            shard_roots 1
            unit_artifact 3
            unit_calls 1
            unit_files 3
            ! module `c` not found
            ! unknown variable `base`"#]],
    );
}

#[test]
fn a_broken_cycle_makes_two_units() {
    let files = [
        ("even.nos", "use odd.*\npub isEven(n) = if n == 0 then true else isOdd(n - 1)\n"),
        ("main.nos", "use even.*\nmain() = isEven(10)\n"),
        ("odd.nos", "use even.*\npub isOdd(n) = if n == 0 then false else isEven(n - 1)\n"),
    ];
    check(
        &files,
        &[("odd.nos", Some("pub isOdd(n) = n % 2 == 1\n"))],
        expect![[r#"
            binding_group 2
            body 1
            collected 1
            compiled 2
            definition_problems 1
            definition_syntax 1
            file_items 1
            file_problems 2
            group_source 2
            header 1
            import_problems 1
            infer_group 2
            interface 2
            item_problems 1
            item_tree 1
            mentions 1
            module_header 1
            module_items 1
            module_mvars 1
            module_names 1
            module_uses 1
            parse 1
            project_units 1
            recall 2
            scheme 2
            shard_imports 1
            syntax_problems 1
            unit_artifact 2
            unit_calls 2
            unit_files 2
            unit_groups 2
            unit_of 2"#]],
    );
}

#[test]
fn nothing_changed_after_a_restart() {
    check_restart(&CHAIN, &[], expect![[""]]);
}

#[test]
fn a_body_edit_after_a_restart_parses_one_file_and_infers_one_body() {
    check_restart(
        &CHAIN,
        &[("c.nos", Some("pub base() = 43\n"))],
        expect![[r#"
            binding_group 1
            body 1
            collected 1
            compiled 1
            definition_problems 1
            definition_syntax 1
            file_items 1
            file_of_module 1
            file_problems 1
            group_source 1
            header 1
            import_problems 1
            infer_group 1
            interface 1
            item 1
            item_problems 1
            item_tree 1
            mentions 1
            module_file 1
            module_header 1
            module_items 1
            module_mvars 1
            module_uses 1
            older_entries 1
            older_group 1
            parse 1
            recall 1
            scheme 1
            syntax_problems 1
            unit_artifact 1
            unit_calls 1
            unit_files 1
            unit_groups 1
            unit_of 1"#]],
    );
}

#[test]
fn a_body_edit_after_a_restart_takes_the_other_functions_over() {
    let files = [("main.nos", "one() = 1\ntwo() = one() + 1\nmain() = two()\n")];
    check_restart(
        &files,
        &[("main.nos", Some("one() = 1\ntwo() = one() + 2\nmain() = two()\n"))],
        expect![[r#"
            binding_group 3
            body 3
            collected 1
            compiled 1
            definition_problems 1
            definition_syntax 3
            file_items 1
            file_of_module 4
            file_problems 1
            group_source 3
            header 4
            import_problems 1
            import_table 1
            infer_group 1
            interface 1
            item 3
            item_problems 1
            item_tree 1
            mentions 3
            module_file 4
            module_header 4
            module_items 1
            module_mvars 1
            module_names 1
            module_uses 1
            older_entries 1
            older_group 3
            parse 1
            prelude_names 1
            recall 1
            resolve_name 2
            scheme 3
            shard_roots 1
            syntax_problems 1
            unit_artifact 1
            unit_calls 1
            unit_files 1
            unit_groups 1
            unit_of 1"#]],
    );
}

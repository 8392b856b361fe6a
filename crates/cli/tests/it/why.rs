//! `ithaca why`: for each file recalled or computed, and each reason, from outside.

use std::fs;

use crate::project::{CHAIN, Folder, Outcome, Texts};

fn chain() -> Folder {
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    Folder::with(&texts)
}

/// `file cause: reason` of each file that was not recalled by the last run.
#[track_caller]
fn reasons(folder: &Folder) -> Vec<String> {
    let why = folder.ithaca(&["why", "project", "--json"]);
    assert_eq!((why.code, why.stderr.as_str()), (Some(0), ""));
    let mut found = Vec::new();
    for line in why.stdout.lines() {
        let item: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| item[name].as_str().unwrap().to_owned();
        match text("outcome").as_str() {
            "recalled" => assert_eq!(text("cause"), "recalled"),
            _ => found.push(format!("{} {}: {}", text("path"), text("cause"), text("reason"))),
        }
    }
    found
}

#[track_caller]
fn run(folder: &Folder) -> Outcome {
    folder.ithaca(&["run", "--stats=json", "-v", "project"])
}

#[test]
fn new_text_and_signature() {
    let folder = chain();
    run(&folder).prints("86");
    let new = |path: &str| format!("{path} new: new: the last run did not know it");
    assert_eq!(reasons(&folder), ["a.nos", "b.nos", "c.nos", "main.nos"].map(new));
    // A run that recalls everything does not make it forget.
    run(&folder).recalls_all();
    assert_eq!(reasons(&folder), ["a.nos", "b.nos", "c.nos", "main.nos"].map(new));

    folder.write("c.nos", "pub base() = 43\n");
    assert_eq!(reasons(&folder), ["c.nos text: text changed: c.nos"]);
    let body = run(&folder);
    assert_eq!(body.computed, [("c.nos".to_owned(), "text changed: c.nos".to_owned())]);

    folder.write("b.nos", "use c.*\npub mid() = show(c.base())\n");
    folder.write("a.nos", "use b.*\npub top() = b.mid() ++ \"!\"\npub other() = 7\n");
    let both = run(&folder);
    both.prints("\"43!\"");
    let main = "main.nos answer: signature of `a.top` was `Int`, is `String`";
    assert_eq!(reasons(&folder), ["a.nos text: text changed: a.nos", "b.nos text: text changed: b.nos", main]);
}

#[test]
fn parameters_are_in_the_signature() {
    let folder = Folder::new();
    folder.write("m.nos", "pub f(n: Int) -> Int = n\n");
    folder.write("main.nos", "use m.*\nmain() = show(f(1))\n");
    run(&folder).prints("\"1\"");
    folder.write("m.nos", "pub f(n: Int) -> String = show(n)\n");
    run(&folder);
    let main = "main.nos answer: signature of `m.f` was `(Int) -> Int`, is `(Int) -> String`";
    assert_eq!(reasons(&folder), ["m.nos text: text changed: m.nos", main]);
}

#[test]
fn errors_leave_no_entry() {
    let folder = chain();
    folder.write("b.nos", "use c.*\npub mid() = c.base() + \"x\"\n");
    run(&folder).refused(&["project/b.nos:2"]);
    run(&folder).refused(&["project/b.nos:2"]);
    assert!(reasons(&folder).contains(&"b.nos errors: it had errors, so there is no entry".to_owned()));
}

fn segments(folder: &Folder) -> Vec<std::path::PathBuf> {
    folder.store_files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "seg")).collect()
}

#[test]
fn evicted() {
    let folder = chain();
    run(&folder).prints("86");
    segments(&folder).iter().for_each(|path| fs::remove_file(path).unwrap());
    let again = run(&folder);
    again.prints("86");
    assert!(again.count("units_computed") >= 1, "{}", again.stats);
    let all = reasons(&folder);
    assert!(!all.is_empty() && all.iter().all(|line| line.ends_with(" evicted: its entry was evicted")), "{all:?}");
    run(&folder).prints("86").recalls_all();
}

#[test]
fn damaged() {
    let folder = chain();
    run(&folder).prints("86");
    for path in segments(&folder) {
        let damaged: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 1).collect();
        fs::write(path, damaged).unwrap();
    }
    run(&folder).prints("86");
    let all = reasons(&folder);
    assert!(!all.is_empty() && all.iter().all(|line| line.ends_with(" damaged: its entry was damaged")), "{all:?}");
    run(&folder).prints("86").recalls_all();
}

/// S76, S77: entries of two builds side by side. The folder of this build, under another name, is that of another.
#[test]
fn s76_s77_another_build() {
    let folder = chain();
    run(&folder).prints("86");
    let store = folder.path(".ithaca");
    let own = fs::read_dir(&store).unwrap().flatten().find(|entry| entry.path().is_dir()).unwrap().path();
    let other = store.join("0123456789abcdef");
    fs::rename(&own, &other).unwrap();
    let files = |folder: &std::path::Path| -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<_> = ["segments", "manifests"]
            .iter()
            .flat_map(|part| fs::read_dir(folder.join(part)).unwrap().flatten())
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
            .collect();
        found.sort();
        found
    };
    let before = files(&other);
    run(&folder).prints("86");
    let build = |path: &str| format!("{path} build: its entry was made by another build of the compiler");
    assert_eq!(reasons(&folder), ["a.nos", "b.nos", "c.nos", "main.nos"].map(build));
    assert_eq!(files(&other), before, "entries of the other build are left alone");
    run(&folder).recalls_all();
    // And back: the other build has its own still.
    fs::rename(&own, store.join("fedcba9876543210")).unwrap();
    fs::rename(&other, &own).unwrap();
    run(&folder).prints("86").recalls_all();
}

#[test]
fn unknown_modules_are_told() {
    let folder = chain();
    run(&folder);
    folder.ithaca(&["why", "project", "nothing"]).refused(&["Error: no module `nothing`"]);
    folder.ithaca(&["why", "project", "b"]).prints("b.nos: computed: new: the last run did not know it");
    folder.ithaca(&["why", "project", "b.mid"]).prints("b.nos: computed: new: the last run did not know it");
}

#[test]
fn a_summary_on_demand() {
    let folder = chain();
    run(&folder);
    folder.write("c.nos", "pub base() = 43\n");
    let check = folder.command().args(["check", "-v", "project"]).output().unwrap();
    assert_eq!(String::from_utf8(check.stderr).unwrap(), "3 of 4 modules recalled\n  c.nos: text changed: c.nos\n");
}

//! S62–S68: several real processes of the command on one store, killed, cleared and edited under each other.

use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use fastrand::Rng;
use test_fixture::Program;

use crate::project::{CHAIN, Folder, Outcome, Texts, run_text};

fn folder_of(files: &[(String, String)]) -> Folder {
    let folder = Folder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    folder
}

/// Starts the command with both outputs kept for [`outcome`].
fn start(folder: &Folder, args: &[&str]) -> Child {
    folder.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn outcome(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn said(outcome: Outcome) -> (Option<i32>, String, String) {
    (outcome.code, outcome.stdout, outcome.stderr)
}

/// What a process without a store says.
fn cold(folder: &Folder) -> (Option<i32>, String, String) {
    said(folder.ithaca(&["run", "project", "--no-cache"]))
}

/// S62: killed at moments from its first instruction to after its end, on stores of all ages.
#[test]
fn s62_a_killed_process_leaves_a_store() {
    let mut program = Program::random(62);
    let mut rng = Rng::with_seed(62);
    let folder = folder_of(&program.files());
    for round in 0..40 {
        let edit = program.random_edit(&mut rng);
        for change in &edit.changes {
            match &change.text {
                Some(text) => folder.write(&change.path, text),
                None => fs::remove_file(folder.path(&change.path)).unwrap(),
            }
        }
        let mut child = start(&folder, &["run", "project"]);
        thread::sleep(Duration::from_micros(rng.u64(500..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 4 == 3 {
            assert_eq!(said(folder.ithaca(&["run", "project"])), cold(&folder), "round {round}: {edit}");
        }
    }
    let verify = folder.ithaca(&["cache", "verify", "project"]);
    assert_eq!(verify.code, Some(0), "{}", verify.stdout);
}

/// S63: the text changes while a process is at work; what it stores belongs to the text it compiled.
#[test]
fn s63_a_text_that_changes_meanwhile_is_compiled_by_the_next_run() {
    let program = Program::random(63);
    let folder = folder_of(&program.files());
    folder.write("late.nos", "pub late() = 0\n");
    let mut rng = Rng::with_seed(63);
    for round in 1..25 {
        let child = start(&folder, &["check", "project"]);
        thread::sleep(Duration::from_micros(rng.u64(..30_000)));
        folder.write("late.nos", format!("pub late() = {round}\n"));
        assert_eq!(outcome(child).0, Some(0), "round {round}");
        let run = folder.ithaca(&["run", "--verify", "project"]);
        assert_eq!(said(run), cold(&folder), "round {round}");
    }
}

/// S65: builds of two texts at once in one folder and store, again and again.
#[test]
fn s65_s66_processes_with_different_texts_share_a_store() {
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    let folder = Folder::with(&texts);
    let other = Folder::with(&texts);
    let store = folder.path(".ithaca").display().to_string();
    for round in 0..8 {
        folder.write("c.nos", format!("pub base() = {round}\n"));
        other.write("c.nos", format!("pub base() = \"{round}\"\n"));
        let expected = [cold(&folder), cold(&other)];
        let children: Vec<(usize, Child)> = (0..6)
            .map(|n| match n % 2 {
                0 => (0, start(&folder, &["run", "project"])),
                _ => (1, start(&other, &["run", "project", "--cache-dir", &store])),
            })
            .collect();
        for (which, child) in children {
            assert_eq!(outcome(child), expected[which], "round {round}");
        }
        // The results of both are there afterwards.
        let warm = folder.ithaca(&["run", "--stats=json", "-v", "project"]);
        warm.recalls_all();
        let theirs = other.ithaca(&["check", "--stats=json", "-v", "project", "--cache-dir", &store]);
        assert!(theirs.count("bodies_inferred") <= 2, "sound parts are recalled: {}", theirs.stats);
    }
    folder.ithaca(&["cache", "verify", "project"]).prints("all entries are sound and equal a cold build");
}

/// S67: `clear` and `gc` beside builds.
#[test]
fn s67_clear_and_gc_during_builds() {
    let folder = folder_of(&Program::random(67).files());
    let expected = cold(&folder);
    for round in 0..8 {
        let builds: Vec<Child> = (0..3).map(|_| start(&folder, &["run", "project"])).collect();
        thread::sleep(Duration::from_millis(round * 3));
        let clear = start(&folder, &["cache", "clear", "project"]);
        let gc = start(&folder, &["cache", "gc", "project", "--max-size", "10K"]);
        for build in builds {
            assert_eq!(outcome(build), expected, "round {round}");
        }
        for action in [clear, gc] {
            let (code, _, errors) = outcome(action);
            assert_eq!((code, errors.as_str()), (Some(0), ""), "round {round}");
        }
        assert_eq!(said(folder.ithaca(&["run", "project"])), expected, "round {round}, afterwards");
    }
}

/// S68: two projects with a module of one name and different texts, at once on one store.
#[test]
fn s68_projects_that_share_a_store_do_not_meet() {
    let library = |result: &str| format!("pub answer() = {result}\n");
    let projects = [("1", "1\n"), ("\"one\"", "\"one\"\n"), ("[1.5]", "[1.5]\n")].map(|(result, expected)| {
        let folder = Folder::new();
        folder.write("lib.nos", library(result));
        folder.write("main.nos", "use lib.*\nmain() = answer()\n");
        (folder, expected)
    });
    let shared = projects[0].0.around().join("shared").display().to_string();
    for _ in 0..4 {
        let children: Vec<(Child, &str)> = projects
            .iter()
            .map(|(folder, expected)| (start(folder, &["run", "project", "--cache-dir", &shared]), *expected))
            .collect();
        for (child, expected) in children {
            assert_eq!(outcome(child), (Some(0), expected.to_owned(), String::new()));
        }
    }
    for (folder, expected) in &projects {
        let warm = folder.ithaca(&["run", "--stats=json", "-v", "project", "--cache-dir", &shared]);
        warm.prints(expected.trim_end()).recalls_all();
    }
}

/// S63, S67: between check and run a text changes and the store goes. What is run is the present program, as a whole.
#[test]
fn s63_texts_and_entries_that_go_after_the_check() {
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    let folder = Folder::with(&texts);
    folder.ithaca(&["run", "project"]).prints("86");
    let mut engine = folder.engine();
    assert_eq!(engine.check(), []);
    fs::remove_dir_all(folder.path(".ithaca")).unwrap();
    folder.write("c.nos", "pub base() = 43\n");
    assert_eq!(run_text(&mut engine), "88\n");
    assert_eq!(engine.verify(), Vec::<String>::new());

    let mut engine = folder.engine();
    engine.check();
    engine.save().unwrap();
    engine.maintain();
    let mut next = folder.engine();
    assert_eq!(next.check(), []);
    fs::remove_dir_all(folder.path(".ithaca")).unwrap();
    folder.write("c.nos", "pub base() = \"x\"\n");
    assert_eq!(run_text(&mut next), "Error: the program has errors\n");
    assert_eq!(next.check().len(), 1);
}

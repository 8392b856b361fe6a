//! `ithaca cache`: what it says, what it leaves, and bad input. Several states of a project, moved and shared stores.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::project::{CHAIN, Folder, Outcome, Project, Texts};

fn chain() -> Folder {
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    let folder = Folder::with(&texts);
    folder.ithaca(&["run", "project"]).prints("86");
    folder
}

fn stat(folder: &Folder) -> Value {
    let stat = folder.ithaca(&["cache", "stat", "project", "--json"]);
    assert_eq!((stat.code, stat.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&stat.stdout).unwrap_or_else(|error| panic!("{error}: {}", stat.stdout))
}

/// A run that computes nothing.
#[track_caller]
fn warm(folder: &Folder) -> Outcome {
    let run = folder.ithaca(&["run", "--stats=json", "-v", "project"]);
    run.prints("86").recalls_all();
    run
}

#[test]
fn stat_tells_what_is_there_and_how_much_the_last_runs_recalled() {
    let folder = chain();
    warm(&folder);
    folder.write("c.nos", "pub base() = 43\n");
    folder.ithaca(&["run", "project"]).prints("88");
    let facts = stat(&folder);
    let number = |name: &str| facts[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {facts}"));
    assert_eq!(facts["dir"], "project/.ithaca");
    assert!(number("entries") > number("live") && number("live") >= 4, "{facts}");
    assert_eq!((number("segments"), number("damaged_segments"), number("other_builds")), (2, 0, 0));
    assert_eq!(number("limit"), 1 << 30);
    assert!(number("bytes") > 1000 && number("newest_seconds") < 600, "{facts}");
    let runs: Vec<[u64; 3]> = facts["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| ["modules", "recalled", "computed"].map(|name| run[name].as_u64().unwrap()))
        .collect();
    assert_eq!(runs, [[4, 0, 4], [4, 4, 0], [4, 3, 1]]);

    let text = folder.ithaca(&["cache", "stat", "project"]);
    for line in ["project/.ithaca\n  entries: ", "\n  segments: 2\n", ": 3 of 4 units recalled, 4 files\n"] {
        assert!(text.stdout.contains(line), "`{line}` is not in\n{}", text.stdout);
    }
    // The folder the command runs in is the default.
    let here = folder.command().args(["cache", "stat"]).current_dir(folder.path("")).output().unwrap();
    assert!(String::from_utf8(here.stdout).unwrap().starts_with("./.ithaca\n  entries: "));
    let none = folder.ithaca(&["cache", "stat", "project", "--no-cache"]);
    none.prints("no entries are kept for this project");
    folder.ithaca(&["cache", "stat", "project", "--no-cache", "--json"]).prints("null");
}

#[test]
fn a_single_file_has_the_limit_of_the_user_folder() {
    let folder = Folder::new();
    folder.write("one.nos", "main() = 1\n");
    folder.ithaca(&["run", "project/one.nos"]).prints("1");
    let stat = folder.ithaca(&["cache", "stat", "project/one.nos", "--json"]);
    let facts: Value = serde_json::from_str(&stat.stdout).unwrap();
    assert_eq!(facts["limit"].as_u64(), Some(2 << 30), "{facts}");
}

/// The library is computed only as far as a program asks for it, and once for all projects.
#[test]
fn the_library_is_computed_once_for_all_projects() {
    let folder = Folder::new();
    folder.write("empty/main.nos", "main() = ()\n");
    let run = |project: &str| folder.ithaca(&["run", "--stats=json", project]);
    let empty = run("project/empty");
    assert_eq!((empty.count("bodies_inferred"), empty.count("entries_written")), (1, 1), "{}", empty.stderr);

    let program = "main() = [3, 1, 2].map(x => x * 2).sortBy((a, b) => a - b)\n";
    folder.write("first/main.nos", program);
    let first = run("project/first");
    first.prints("[2, 4, 6]");
    assert_eq!(first.count("entries_written"), 2, "the program and the prelude");

    folder.write("second/main.nos", program);
    let second = run("project/second");
    second.prints("[2, 4, 6]");
    assert_eq!((second.count("bodies_inferred"), second.count("entries_written")), (1, 2), "{}", second.stderr);
    assert_eq!(second.count("parsed"), 1);
    // A project moves with what it uses of the library.
    std::fs::remove_dir_all(folder.around().join("cache")).unwrap();
    let moved = run("project/second");
    assert_eq!((moved.count("bodies_inferred"), moved.count("entries_written")), (0, 0), "{}", moved.stderr);
    folder.write("third.nos", program);
    run("project/third.nos").prints("[2, 4, 6]");
}

#[test]
fn gc_keeps_the_present_state_and_forgets_the_others() {
    let folder = chain();
    for value in 50..70 {
        folder.write("c.nos", format!("pub base() = {value}\n"));
        folder.ithaca(&["run", "project"]);
    }
    folder.write("c.nos", "pub base() = 42\n");
    warm(&folder);
    let before = stat(&folder);
    let gc = folder.ithaca(&["cache", "gc", "project", "--max-size", "0"]);
    assert_eq!((gc.code, gc.stderr.as_str()), (Some(0), ""));
    assert!(gc.stdout.contains(" entries removed, "), "{}", gc.stdout);
    assert!(gc.stdout.contains("because entries of the current state are kept"), "{}", gc.stdout);
    let after = stat(&folder);
    assert_eq!(after["entries"], after["live"], "{after}");
    // Four units; before, also what the manifest had for texts that were edited since it was made anew.
    assert_eq!(after["live"], 4, "{after}");
    assert!(before["live"].as_u64() >= Some(4), "{before}");
    assert!(after["bytes"].as_u64() < before["bytes"].as_u64());
    assert_eq!(after["segments"], 1);
    warm(&folder);
    // What was evicted is computed again, rightly.
    folder.write("c.nos", "pub base() = 50\n");
    assert_eq!(folder.ithaca(&["run", "--stats=json", "project"]).prints("102").count("units_computed"), 1);
}

/// A hundred saves: the store stays a few files without anybody asking.
#[test]
fn saves_merge_in_the_background() {
    let folder = chain();
    for value in 0..60 {
        folder.write("c.nos", format!("pub base() = {value}\n"));
        folder.ithaca(&["check", "project"]);
    }
    let facts = stat(&folder);
    assert!(facts["segments"].as_u64().unwrap() <= 17, "{facts}");
    assert!(facts["entries"].as_u64().unwrap() >= 60, "nothing is lost: {facts}");
    folder.write("c.nos", "pub base() = 42\n");
    warm(&folder);
}

#[test]
fn entries_move_between_machines_as_one_file() {
    let folder = chain();
    let export = folder.ithaca(&["cache", "export", "entries", "project"]);
    assert_eq!(export.code, Some(0), "{}", export.stderr);
    let length = fs::metadata(folder.around().join("entries")).unwrap().len();
    assert!(export.stdout.ends_with(&format!(" entries, {length} bytes\n")), "{}", export.stdout);

    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    let other = Folder::with(&texts);
    fs::copy(folder.around().join("entries"), other.around().join("entries")).unwrap();
    let import = other.ithaca(&["cache", "import", "entries", "project"]);
    assert_eq!(import.code, Some(0), "{}", import.stderr);
    assert!(import.stdout.ends_with(" entries imported, 0 were there already\n"), "{}", import.stdout);
    warm(&other);
    let again = other.ithaca(&["cache", "import", "entries", "project"]);
    assert!(again.stdout.starts_with("0 entries imported, "), "{}", again.stdout);
    other.ithaca(&["cache", "verify", "project"]).prints("all entries are sound and equal a cold build");
}

#[test]
fn a_damaged_export_is_told_and_does_no_harm() {
    let folder = chain();
    folder.ithaca(&["cache", "export", "entries", "project"]);
    let bytes = fs::read(folder.around().join("entries")).unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    for round in 0..24 {
        let mut damaged = bytes.clone();
        let at = rng.usize(32..damaged.len());
        damaged[at] ^= 1 << rng.u32(..8);
        if round % 3 == 0 {
            damaged.truncate(at);
        }
        fs::write(folder.around().join("damaged"), &damaged).unwrap();
        folder.ithaca(&["cache", "clear", "project"]);
        let import = folder.ithaca(&["cache", "import", "damaged", "project"]);
        import.fails(&["Error: ", "parts of `damaged` are not as they were written and were left out"]);
        let run = folder.ithaca(&["run", "--verify", "project"]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "86\n", ""), "byte {at}");
    }
}

#[test]
fn bad_input_is_told_in_one_line() {
    let folder = chain();
    let cases: [(&[&str], &str); 11] = [
        (&["cache", "import", "missing", "project"], "Error: cannot read `missing`: No such file"),
        (&["cache", "import", "project", "project"], "Error: cannot read `project`: not a regular file"),
        (&["cache", "import", "project/main.nos", "project"], "Error: `project/main.nos` holds no exported entries"),
        (&["cache", "export", "no/such/folder/file", "project"], "Error: cannot write to `no/such/folder/file`"),
        (&["cache", "export", "project", "project"], "Error: cannot write to `project`"),
        (&["cache", "export", "file", "project", "--no-cache"], "Error: no entries are kept for this project"),
        (&["cache", "gc", "project", "--no-cache"], "Error: no entries are kept for this project"),
        (&["cache", "gc", "project", "--cache-dir", "project/main.nos"], "Error: `project/main.nos` is not a folder"),
        (&["cache", "stat", "project", "--cache-dir", "project/main.nos"], "Error: `project/main.nos` is not a folder"),
        (
            &["cache", "clear", "project", "--cache-dir", "project/main.nos"],
            "Error: `project/main.nos` is not a folder",
        ),
        (&["cache", "stat", "nowhere"], "Error: Error reading file 'nowhere'"),
    ];
    for (args, message) in cases {
        let outcome = folder.ithaca(args);
        outcome.refused(&[message]);
        assert_eq!(outcome.stderr.lines().count(), 1, "{args:?}: {}", outcome.stderr);
    }
    for size in ["abc", "-1", "1.5G", "12Q", "99999999999999999999"] {
        let size = format!("--max-size={size}");
        folder.ithaca(&["cache", "gc", "project", &size]).refused(&["--max-size"]);
    }
    assert!(fs::read_dir(folder.around()).unwrap().flatten().all(|entry| {
        let name = entry.file_name();
        !name.to_string_lossy().starts_with("tmp-")
    }));
    warm(&folder);
}

#[test]
fn a_folder_without_entries_is_an_empty_store() {
    let folder = chain();
    let empty = folder.ithaca(&["cache", "stat", "project", "--cache-dir", "nothing"]);
    assert!(empty.stdout.starts_with("nothing\n  entries: 0\n"), "{}", empty.stdout);
    for action in ["gc", "clear", "verify"] {
        let done = folder.ithaca(&["cache", action, "project", "--cache-dir", "nothing"]);
        assert_eq!(done.code, Some(0), "{action}: {}", done.stderr);
    }
    assert!(!folder.around().join("nothing").exists());
}

/// Files cannot grow beyond a few KiB: the disk is full, as far as the command can tell.
fn on_a_full_disk(folder: &Folder, args: &str) -> Outcome {
    let ithaca = folder.command();
    let mut shell = Command::new("sh");
    shell.current_dir(folder.around());
    for (name, value) in ithaca.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    // Without the signal a write beyond the limit is an error like that of a full disk.
    let script = format!("trap '' XFSZ; ulimit -f 4; exec \"$0\" {args}");
    Outcome::of(shell.args(["-c", &script]).arg(ithaca.get_program()))
}

#[test]
fn s64_a_full_disk_costs_time_only() {
    let folder = chain();
    fs::remove_dir_all(folder.path(".ithaca")).unwrap();
    for _ in 0..2 {
        let run = on_a_full_disk(&folder, "run project");
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "86\n"), "{}", run.stderr);
        assert!(run.stderr.starts_with("Warning: results are not kept: cannot write to `"), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    assert!(
        folder.store_files().iter().all(|path| !path.display().to_string().contains("tmp-")),
        "space is given back"
    );
    folder.ithaca(&["run", "--verify", "project"]).prints("86");
    warm(&folder);

    let export = on_a_full_disk(&folder, "cache export entries project");
    export.refused(&["Error: cannot write to `entries`"]);
    assert!(!folder.around().join("entries").exists());
    folder.ithaca(&["cache", "export", "entries", "project"]);
    folder.ithaca(&["cache", "clear", "project"]);
    on_a_full_disk(&folder, "cache import entries project").refused(&["Error: cannot write to `"]);
    folder.ithaca(&["run", "--verify", "project"]).prints("86");
}

/// `count` modules in a row, each with a few functions; `changed` says which have the other state.
fn branch(project: &mut Project, count: usize, other: bool) {
    for n in 0..count {
        let extra = if other && n % 3 == 1 { 1 } else { 0 };
        let text = match n {
            0 => format!("pub f0(n: Int) -> Int = n + {extra}\n"),
            _ => format!(
                "use m{0}.*\npub f{n}(n: Int) -> Int = f{0}(n) + {extra}\npub g{n}(xs) = xs.map(x => f{n}(x))\n",
                n - 1
            ),
        };
        if project.texts().get(&format!("m{n}.nos")) != Some(&text) {
            project.file(&format!("m{n}.nos"), &text);
        }
    }
}

/// Two branches that differ in a third of their files, back and forth ten times.
#[test]
fn branches_are_warm_from_the_second_time_on() {
    const COUNT: usize = 60;
    let mut project = Project::new(&format!("//- /main.nos\nuse m{0}.*\nmain() = g{0}([1, 2])\n", COUNT - 1));
    branch(&mut project, COUNT, false);
    project.command("run", &[]).prints("[1, 2]");
    branch(&mut project, COUNT, true);
    let first = project.command("run", &[]);
    assert_eq!(first.prints("[21, 22]").count("units_computed"), 20);
    for round in 0..10 {
        let other = round % 2 == 1;
        branch(&mut project, COUNT, other);
        let run = project.command("run", if round > 7 { &["--verify"] } else { &[] });
        run.prints(if other { "[21, 22]" } else { "[1, 2]" }).computes(&[]);
        assert_eq!((run.count("units_computed"), run.count("units_recalled")), (0, COUNT as u64 + 1), "round {round}");
        assert_eq!((run.count("bodies_inferred"), run.count("chunks_compiled")), (0, 0), "round {round}");
    }
}

/// Copies everything below a folder; times and inodes become other ones.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_copied_project_is_warm_wherever_it_is() {
    let folder = chain();
    for name in ["a copy", "deep/er/project", "ünïcode"] {
        let target = folder.around().join(name);
        copy(&folder.path(""), &target);
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        fs::File::open(target.join("main.nos")).unwrap().set_modified(old).unwrap();
        folder.ithaca(&["run", "--stats=json", "-v", name]).prints("86").recalls_all();
    }
    // A store alone, beside other checkouts of the same texts.
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    let other = Folder::with(&texts);
    copy(&folder.path(".ithaca"), &other.path("../shared"));
    other.ithaca(&["run", "--stats=json", "-v", "project", "--cache-dir", "shared"]).prints("86").recalls_all();
}

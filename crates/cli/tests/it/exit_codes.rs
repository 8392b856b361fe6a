//! What each outcome prints, and its exit code: 0 ran or nothing found, 1 errors, 3 warm and cold differ.

use std::path::PathBuf;

use expect_test::{Expect, expect};

use crate::project::{Folder, Outcome};

fn folder(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    folder
}

/// Exit code, standard output and standard error.
#[track_caller]
fn check(folder: &Folder, args: &[&str], expected: Expect) -> Outcome {
    let outcome = folder.ithaca(args);
    expected.assert_eq(&format!("{}\n{}---\n{}", outcome.code.unwrap(), outcome.stdout, outcome.stderr));
    outcome
}

#[test]
fn a_program_that_returns_is_0_whatever_it_returns() {
    for (result, printed) in
        [("0", "0\n"), ("7", "7\n"), ("Err(\"bad\")", "Err(\"bad\")\n"), ("()", ""), ("false", "false\n")]
    {
        let folder = folder(&[("main.nos", &format!("main() = {result}\n"))]);
        for path in ["project", "project/main.nos"] {
            let run = folder.ithaca(&["run", path]);
            assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), printed, ""));
        }
    }
}

#[test]
fn output_comes_before_the_result() {
    let folder = folder(&[("main.nos", "main() = {\n  println(\"one\")\n  \"two\"\n}\n")]);
    check(
        &folder,
        &["run", "project"],
        expect![[r#"
        0
        one
        "two"
        ---
    "#]],
    );
}

#[test]
fn an_uncaught_failure_is_1() {
    let folder = folder(&[("main.nos", "half(n) = 1 / n\nmain() = half(0)\n")]);
    check(
        &folder,
        &["run", "project"],
        expect![[r#"
        1
        ---
        Runtime error: Panic: Uncaught exception: (DivisionByZero, Division by zero)

        Stack trace:
          1. half (project/main.nos:1)
    "#]],
    );
    let folder = self::folder(&[("main.nos", "main() = {\n  println(\"before\")\n  throw(\"sorry\")\n}\n")]);
    check(
        &folder,
        &["run", "project/main.nos"],
        expect![[r#"
        1
        before
        ---
        Runtime error: Panic: Uncaught exception: sorry

        Stack trace:
          1. main (project/main.nos:3)
    "#]],
    );
}

#[test]
fn a_failed_assertion_is_1() {
    let folder = folder(&[("main.nos", "main() = assert_eq(1, 2)\n")]);
    check(
        &folder,
        &["run", "project"],
        expect![[r#"
        1
        ---
        Runtime error: Panic: Assertion failed: 1 != 2

        Stack trace:
          1. main (project/main.nos:1)
    "#]],
    );
}

#[test]
fn a_type_error_is_1_and_nothing_runs() {
    let folder = folder(&[("main.nos", "main() = {\n  println(\"never\")\n  1 + \"x\"\n}\n")]);
    check(
        &folder,
        &["run", "--color", "never", "project"],
        expect![[r#"
        1
        ---
        error[E0401]: type mismatch: expected `Int`, found `String`
         --> project/main.nos:3:3
          |
        3 |   1 + "x"
          |   ^^^^^^^
          |
          = note: expected Int, found String
          = note: Cannot unify types: Int and String
          = note: Missing trait implementation: String does not implement Num
    "#]],
    );
    assert_eq!(folder.ithaca(&["check", "project"]).code, Some(1));
}

#[test]
fn a_syntax_error_is_1() {
    let folder = folder(&[("main.nos", "main() = (1\n")]);
    let run = folder.ithaca(&["run", "--color", "never", "project"]);
    run.refused(&["project/main.nos:"]);
}

#[test]
fn an_error_in_a_file_that_nobody_imports_is_1() {
    let folder = folder(&[("main.nos", "main() = 1\n"), ("unused.nos", "f() = missing\n")]);
    folder.ithaca(&["run", "project"]).refused(&["project/unused.nos:1", "`missing`"]);
    // A single file never sees its neighbours.
    folder.ithaca(&["run", "project/main.nos"]).prints("1");
}

#[test]
fn a_missing_path_is_1() {
    let folder = Folder::new();
    for verb in ["run", "check", "why"] {
        folder.ithaca(&[verb, "nowhere.nos"]).refused(&["Error reading file 'nowhere.nos'"]);
    }
    for action in ["stat", "verify", "clear"] {
        folder.ithaca(&["cache", action, "nowhere"]).refused(&["Error reading file 'nowhere'"]);
    }
}

#[test]
fn a_missing_entry_is_1_and_says_what_was_looked_for() {
    let folder = folder(&[("other.nos", "f() = 1\n")]);
    check(
        &folder,
        &["run", "project"],
        expect![[r#"
        1
        ---
        Error: No 'main.nos' found in directory 'project'
    "#]],
    );
    // There is nothing wrong with a library.
    assert_eq!(folder.ithaca(&["check", "project"]).code, Some(0));
    folder.write("main.nos", "f() = 1\n");
    check(
        &folder,
        &["run", "project"],
        expect![[r#"
        1
        ---
        Error: No 'main.main' or 'main' function found in project
    "#]],
    );
    check(
        &folder,
        &["run", "project/main.nos"],
        expect![[r#"
        1
        ---
        Error: Entry point 'main/' not found
    "#]],
    );
    folder.write("main.nos", "main(args) = 1\n");
    folder.ithaca(&["run", "project"]).refused(&["main", "not found"].map(|_| "'main'"));
    folder.write("main.nos", "main(n = 1) = n\n");
    assert_eq!(folder.ithaca(&["run", "project"]).code, Some(1));
}

const BINS: &str = "[project]\nname = \"depot\"\n\n[[bin]]\nname = \"ship\"\nentry = \"depot.ship.start\"\n\n\
                    [[bin]]\nname = \"gone\"\nentry = \"depot.gone\"\n";

#[test]
fn entries_of_the_project_file() {
    let folder = folder(&[("depot/ship.nos", "start() = \"ship\"\n"), ("nostos.toml", BINS)]);
    folder.ithaca(&["run", "--bin", "ship", "project"]).prints("\"ship\"");
    folder.ithaca(&["run", "-b", "gone", "project"]).refused(&["Entry point 'depot.gone' for bin 'gone' not found"]);
    folder.ithaca(&["run", "-b", "nope", "project"]).refused(&["No [[bin]] entry named 'nope' in nostos.toml"]);
    folder.ithaca(&["run", "project"]).refused(&["Project has [[bin]] entries but none is marked as default"]);
    folder.write("nostos.toml", BINS.replacen("start\"", "start\"\ndefault = true", 1));
    folder.ithaca(&["run", "project"]).prints("\"ship\"");
    folder.write("nostos.toml", BINS.replacen("depot.gone\"", "depot.gone\"\ndefault = true", 1));
    folder.ithaca(&["run", "project"]).refused(&["Default entry point 'depot.gone' not found"]);
}

#[test]
fn a_broken_project_file_is_a_warning_and_never_the_last_line() {
    let folder = folder(&[("main.nos", "main() = 1\n"), ("nostos.toml", "[project\n")]);
    let run = folder.ithaca(&["run", "project"]);
    run.prints("1");
    assert!(run.stderr.starts_with("Warning: Failed to load project config"), "{}", run.stderr);
    folder.write("nostos.toml", "name = \"no table\"\n");
    assert!(folder.ithaca(&["run", "project"]).prints("1").stderr.contains("Failed to load project config"));
}

#[test]
fn bad_arguments_are_1_and_help_is_0() {
    let folder = folder(&[("main.nos", "main() = 1\n")]);
    for args in [
        &["run"][..],
        &["run", "--nonsense", "project"],
        &["fly", "project"],
        &[],
        &["run", "--threads", "x", "project"],
    ] {
        let outcome = folder.ithaca(args);
        assert_eq!(outcome.code, Some(1), "{args:?}: {}{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    for args in [&["--help"][..], &["run", "--help"], &["--version"], &["cache", "stat", "--help"]] {
        let outcome = folder.ithaca(args);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(outcome.stdout.contains("ithaca"));
    }
}

#[test]
fn arguments_reach_the_program() {
    let folder = folder(&[("main.nos", "main() = Env.args()\n")]);
    let run = folder.ithaca(&["run", "project", "--", "one", "--two"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\"one\", \"--two\""), "{}", run.stdout);
}

#[test]
fn json_errors_are_one_object_a_line_on_standard_output() {
    let folder = folder(&[
        ("main.nos", "use lib.*\nmain() = missing\nother() = 1 + \"x\"\n"),
        ("lib.nos", "pub f() = nothing\n"),
    ]);
    let check = folder.ithaca(&["check", "--json-errors", "project"]);
    assert_eq!((check.code, check.stderr.as_str()), (Some(1), ""));
    let objects: Vec<serde_json::Value> =
        check.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let places: Vec<_> = objects.iter().map(|o| (o["file"].as_str().unwrap(), o["line"].as_u64().unwrap())).collect();
    assert_eq!(places, [("project/lib.nos", 1), ("project/main.nos", 2), ("project/main.nos", 3)]);
    for object in &objects {
        for field in ["file", "line", "column", "endLine", "endColumn", "severity", "kind", "message", "hint"] {
            assert!(object.get(field).is_some(), "{field} of {object}");
        }
        assert_eq!(object["severity"], "error");
    }
    let warm = folder.ithaca(&["check", "--json-errors", "project"]);
    assert_eq!(warm.stdout, check.stdout);
    folder.write("main.nos", "main() = 1\n");
    folder.write("lib.nos", "pub f() = 1\n");
    let clean = folder.ithaca(&["check", "--json-errors", "project"]);
    assert_eq!((clean.code, clean.stdout.as_str(), clean.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn the_operations_on_the_store() {
    let folder = folder(&[("main.nos", "use lib.*\nmain() = one()\n"), ("lib.nos", "pub one() = 1\n")]);
    folder.ithaca(&["run", "project"]).prints("1");
    let stat = folder.ithaca(&["cache", "stat", "project"]);
    assert_eq!(stat.code, Some(0));
    assert!(stat.stdout.starts_with("project/.ithaca\n  entries: "), "{}", stat.stdout);
    folder.ithaca(&["cache", "verify", "project"]).prints("all entries are sound and equal a cold build");

    let is_segment =
        |path: &PathBuf| path.starts_with(folder.path(".ithaca")) && path.extension().is_some_and(|end| end == "seg");
    let segment = folder.store_files().into_iter().find(is_segment).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let verify = folder.ithaca(&["cache", "verify", "project"]);
    assert_eq!(verify.code, Some(1), "{}", verify.stdout);
    assert!(verify.stdout.starts_with("damaged: "), "{}", verify.stdout);

    let clear = folder.ithaca(&["cache", "clear", "project"]);
    assert_eq!((clear.code, clear.stdout.as_str(), clear.stderr.as_str()), (Some(0), "", ""));
    assert!(!folder.store_files().iter().any(is_segment));
    let run = folder.ithaca(&["run", "--stats=json", "project"]);
    assert!(run.prints("1").count("units_computed") >= 2);
}

#[test]
fn why_says_what_changed() {
    let folder = folder(&[("main.nos", "use lib.*\nmain() = one()\n"), ("lib.nos", "pub one() = 1\n")]);
    check(
        &folder,
        &["why", "project"],
        expect![[r#"
        0
        lib.nos: computed: new: the last run did not know it
        main.nos: computed: new: the last run did not know it
        ---
    "#]],
    );
    folder.ithaca(&["run", "project"]).prints("1");
    check(
        &folder,
        &["why", "project"],
        expect![[r#"
        0
        lib.nos: computed: new: the last run did not know it
        main.nos: computed: new: the last run did not know it
        ---
    "#]],
    );
    folder.write("lib.nos", "pub one() = \"one\"\n");
    check(
        &folder,
        &["why", "project"],
        expect![[r#"
        0
        lib.nos: computed: text changed: lib.nos
        main.nos: computed: signature of `lib.one` was `Int`, is `String`
        ---
    "#]],
    );
    check(
        &folder,
        &["why", "project", "main"],
        expect![[r#"
        0
        main.nos: computed: signature of `lib.one` was `Int`, is `String`
        ---
    "#]],
    );
    check(
        &folder,
        &["why", "project", "lib.one", "--json"],
        expect![[r#"
        0
        {"cause":"text","outcome":"computed","path":"lib.nos","reason":"text changed: lib.nos"}
        ---
    "#]],
    );
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    use std::process::Stdio;

    let correct = folder(&[("main.nos", "main() = { println(\"one\")\n  2 }\n")]);
    let broken = folder(&[("main.nos", "main() = 1 + \"x\"\n")]);
    for (folder, args, code) in [
        (&correct, ["run", "project"].as_slice(), 0),
        (&correct, &["why", "project", "--json"], 0),
        (&correct, &["cache", "stat", "project"], 0),
        (&correct, &["parse", "project/main.nos"], 0),
        (&broken, &["check", "project", "--json-errors"], 1),
        (&broken, &["check", "project"], 1),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let errors = writer.try_clone().unwrap();
        let status = folder.command().args(args).stdout(Stdio::from(writer)).stderr(Stdio::from(errors)).status();
        assert_eq!(status.unwrap().code(), Some(code), "{args:?}");
    }
}

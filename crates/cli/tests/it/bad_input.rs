//! Files, folders and stores that nobody would want: a clear message or a miss, never a panic or a signal.

use std::{fs, os::unix::ffi::OsStrExt, os::unix::fs::PermissionsExt, path::Path};

use crate::project::{CHAIN, Folder, Outcome, Project};

const GOOD: &str = "main() = 1\n";

fn with_main(text: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.write("main.nos", text);
    folder
}

/// Runs the project and the file, both twice; all must end by themselves with one exit code.
#[track_caller]
fn check_all(folder: &Folder, code: i32, fragments: &[&str]) {
    for path in ["project", "project/main.nos"] {
        for _ in 0..2 {
            let run = folder.ithaca(&["run", "--color", "never", path]);
            check_outcome(&run, code, fragments);
        }
    }
}

#[track_caller]
fn check_outcome(run: &Outcome, code: i32, fragments: &[&str]) {
    let start: String = run.stderr.chars().take(2_000).collect();
    assert_eq!(run.code, Some(code), "{start}");
    for fragment in fragments {
        assert!(run.stderr.contains(fragment), "`{fragment}` is not in:\n{start}");
    }
    assert!(run.stderr.len() < 20_000, "a message people can read: {} bytes\n{start}", run.stderr.len());
}

#[test]
fn a_file_that_is_not_utf8() {
    let folder = with_main(b"main() = \"\xff\xfe\"\n");
    check_all(&folder, 1, &["main.nos", "not UTF-8"]);
    folder.write("main.nos", GOOD);
    check_all(&folder, 0, &[]);
    folder.write("lib.nos", [0x80]);
    check_outcome(&folder.ithaca(&["run", "project"]), 1, &["lib.nos", "not UTF-8"]);
}

#[test]
fn a_file_with_a_byte_order_mark_and_carriage_returns() {
    let folder = with_main("\u{feff}use lib.*\r\nmain() = one()\r\n");
    folder.write("lib.nos", "pub one() = 1\r\n");
    folder.ithaca(&["run", "project"]).prints("1");
}

#[test]
fn a_file_with_control_characters() {
    let folder = with_main("main() = 1 \0 + \u{7} \u{202e} 2\n");
    check_all(&folder, 1, &["main.nos:1"]);
}

#[test]
fn a_folder_under_the_name_of_a_file() {
    let folder = with_main(GOOD);
    fs::create_dir_all(folder.path("lib.nos/deeper")).unwrap();
    let run = folder.ithaca(&["run", "project"]);
    check_outcome(&run, 1, &["lib.nos", "folder"]);
    fs::remove_dir_all(folder.path("lib.nos")).unwrap();
    folder.ithaca(&["run", "project"]).prints("1");
    folder.write("user.nos", "use lib.*\nf() = g()\n");
    fs::create_dir(folder.path("lib.nos")).unwrap();
    check_outcome(&folder.ithaca(&["run", "project"]), 1, &["lib.nos", "folder"]);
}

#[test]
fn a_file_that_must_not_be_read() {
    let folder = with_main(GOOD);
    folder.write("lib.nos", "pub f() = 1\n");
    fs::set_permissions(folder.path("lib.nos"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = folder.ithaca(&["run", "project"]);
    if fs::read(folder.path("lib.nos")).is_ok() {
        // Whoever may read everything may read this too.
        run.prints("1");
    } else {
        check_outcome(&run, 1, &["lib.nos", "permission denied"]);
    }
}

#[test]
fn names_that_lead_nowhere_or_in_circles() {
    let folder = with_main(GOOD);
    std::os::unix::fs::symlink("loop.nos", folder.path("loop.nos")).unwrap();
    check_outcome(&folder.ithaca(&["run", "project"]), 1, &["loop.nos"]);
    fs::remove_file(folder.path("loop.nos")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", folder.path("broken.nos")).unwrap();
    check_outcome(&folder.ithaca(&["run", "project"]), 1, &["broken.nos", "does not exist"]);
    fs::remove_file(folder.path("broken.nos")).unwrap();
    // A folder that contains itself is entered once.
    fs::create_dir(folder.path("sub")).unwrap();
    folder.write("sub/one.nos", "pub one() = 1\n");
    std::os::unix::fs::symlink("..", folder.path("sub/up")).unwrap();
    let run = folder.ithaca(&["run", "--stats=json", "project"]);
    run.prints("1");
    assert_eq!(run.count("modules"), 2);
}

#[test]
fn a_pipe_under_the_name_of_a_file() {
    let folder = with_main(GOOD);
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe.nos")).status();
    if made.is_ok_and(|status| status.success()) {
        check_outcome(&folder.ithaca(&["run", "project"]), 1, &["pipe.nos", "no regular file"]);
    }
}

#[test]
fn names_that_are_no_modules() {
    let folder = with_main(GOOD);
    folder.write("two words.nos", "pub f() = 1\n");
    folder.write("my-mod.nos", "pub f() = 2\n");
    folder.write("type.nos", "pub f() = 3\n");
    folder.write(".hidden/broken.nos", "pub f( =\n");
    folder.write("notes.nosx", "pub f( =\n");
    folder.ithaca(&["run", "project"]).prints("1");
    fs::write(folder.path("").join(std::ffi::OsStr::from_bytes(b"bad\xff.nos")), GOOD).unwrap();
    let run = folder.ithaca(&["run", "project"]);
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.stderr);
}

#[test]
fn a_file_of_50_megabytes() {
    let mut text = String::with_capacity(50 << 20);
    while text.len() < 50 << 20 {
        text.push_str("# a comment that goes on and on and says nothing at all, line after line\n");
    }
    text.push_str(GOOD);
    let folder = with_main(&text);
    check_all(&folder, 1, &["main.nos", "too large"]);
}

#[test]
fn a_file_of_a_few_megabytes_is_only_slow() {
    let mut text = String::from("main() = f0(1)\n");
    for n in 0..20_000 {
        text.push_str(&format!("f{n}(x) = x + {n} # and a comment to make it longer\n"));
    }
    let folder = with_main(&text);
    folder.ithaca(&["run", "project"]).prints("1");
    folder.ithaca(&["run", "--stats=json", "-v", "project"]).prints("1").recalls_all();
}

#[test]
fn a_line_of_a_megabyte() {
    let folder = with_main(format!("main() = \"{}\".length() + \"x\"\n", "y".repeat(1 << 20)));
    let run = folder.ithaca(&["run", "--color", "never", "project"]);
    assert_eq!(run.code, Some(1));
    let folder = with_main(format!("main() = \"{}\".length()\n", "y".repeat(1 << 20)));
    folder.ithaca(&["run", "project"]).prints("1048576");
}

#[test]
fn deep_nesting_of_every_kind() {
    let deep = |open: &str, middle: &str, close: &str, count: usize| {
        format!("main() = {}{middle}{}\n", open.repeat(count), close.repeat(count))
    };
    for count in [10_000, 100_000] {
        for text in [
            deep("(", "1", ")", count),
            deep("[", "1", "]", count),
            deep("{", "1", "}", count),
            deep("-", "1", "", count),
            deep("!", "true", "", count),
            deep("x => ", "1", "", count),
            deep("if true then ", "1", " else 2", count),
            deep("Some(", "1", ")", count),
            deep("f(", "1", ")", count),
            deep("%{1: ", "1", "}", count),
            deep("match 1 { _ -> ", "1", " }", count),
            deep("\"${", "1", "}\"", count),
            deep("(", "", "", count),
            deep("1 :: ", "[]", "", count),
            format!("f(x: {}Int{}) = 1\nmain() = 1\n", "List[".repeat(count), "]".repeat(count)),
            format!("f({}x{}) = 1\nmain() = 1\n", "[".repeat(count), "]".repeat(count)),
            format!("{}main() = 1\n", "module A\n".repeat(count)),
        ] {
            let folder = with_main(&text);
            let run = folder.ithaca(&["run", "--color", "never", "project"]);
            let what = &text[..60.min(text.len())];
            assert!(matches!(run.code, Some(0 | 1)), "{what}: {:?}", run.code);
            assert!(run.stderr.len() < 2_000_000, "{what}: a message of {} bytes", run.stderr.len());
        }
    }
    let folder = with_main(deep("(", "1", ")", 10_000));
    check_outcome(&folder.ithaca(&["run", "--color", "never", "project"]), 1, &["main.nos:1", "nest"]);
    with_main(deep("(", "1", ")", 100)).ithaca(&["run", "project"]).prints("1");
}

#[test]
fn long_chains_are_no_nesting() {
    let sum = vec!["1"; 10_000].join(" + ");
    let calls = ".max2(1)".repeat(2_000);
    let lines: String = (0..20_000).map(|n| format!("  x{n} = {n}\n")).collect();
    for text in [
        format!("main() = {sum}\n"),
        format!("max2(a, b) = if a > b then a else b\nmain() = 1{calls}\n"),
        format!("main() = {{\n{lines}  1\n}}\n"),
        format!("main() = [{}].length()\n", vec!["1"; 50_000].join(", ")),
        format!("main() = \"a\"{}\n", " ++ \"b\"".repeat(5_000)),
    ] {
        let folder = with_main(&text);
        let run = folder.ithaca(&["run", "--color", "never", "project"]);
        let what = &text[..60.min(text.len())];
        assert!(matches!(run.code, Some(0 | 1)), "{what}: {:?} {:.300}", run.code, run.stderr);
    }
}

#[test]
fn two_files_of_one_module() {
    let mut project = Project::new("//- /main.nos\nmain() = 1\n//- /a/b.nos\npub f() = 1\n//- /a.b.nos\npub f() = 2\n");
    let run = project.run();
    run.refused(&["a.b.nos", "a/b.nos"]);
}

#[test]
fn a_folder_called_like_the_library() {
    let mut project = Project::new("//- /main.nos\nmain() = 1\n//- /stdlib/list.nos\npub f() = 1\n");
    project.run().refused(&["stdlib"]);
}

#[test]
fn an_empty_project_and_an_empty_file() {
    let folder = Folder::new();
    let run = folder.ithaca(&["run", "project"]);
    check_outcome(&run, 1, &["No 'main.nos' found in directory 'project'"]);
    assert_eq!(folder.ithaca(&["check", "project"]).code, Some(0));
    for text in ["", "\n\n\n", "# only a comment", "#* never ended"] {
        let folder = with_main(text);
        let run = folder.ithaca(&["run", "--color", "never", "project"]);
        check_outcome(&run, 1, &["main"]);
    }
}

#[test]
fn a_store_that_cannot_be_made() {
    let folder = with_main(GOOD);
    fs::write(folder.around().join("file"), "").unwrap();
    for dir in ["file", "file/below", "/proc/nothing/here", "/dev/null"] {
        for _ in 0..2 {
            let run = folder.ithaca(&["run", "--cache-dir", dir, "project"]);
            run.prints("1");
            let warnings = run.stderr.lines().count();
            assert!(warnings <= 1, "{dir}: at most one warning:\n{}", run.stderr);
            assert!(warnings == 0 || run.stderr.starts_with("Warning: "), "{dir}: {}", run.stderr);
        }
    }
    assert_eq!(fs::read(folder.around().join("file")).unwrap(), b"");
}

#[test]
fn a_store_in_a_new_folder_is_made() {
    let folder = with_main(GOOD);
    let run = folder.ithaca(&["run", "--cache-dir", "new/deep/store", "project"]);
    run.prints("1");
    assert_eq!(run.stderr, "");
    assert!(!folder.path(".ithaca").exists());
    let args = ["run", "--stats=json", "-v", "--cache-dir", "new/deep/store", "project"];
    folder.ithaca(&args).prints("1").recalls_all();
}

#[test]
fn no_home_at_all() {
    let folder = with_main(GOOD);
    let mut command = folder.command();
    let run = Outcome::of(command.env_clear().args(["run", "project/main.nos"]));
    run.prints("1");
}

#[test]
fn a_store_full_of_garbage() {
    let mut project = Project::new(CHAIN);
    project.run().prints("86");
    let store = project.folder().path(".ithaca");
    let build = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    let mut garbage = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes: Vec<u8> = (0..rng.usize(0..5_000)).map(|_| rng.u8(..)).collect();
        fs::write(path, bytes).unwrap();
    };
    for n in 0..20 {
        garbage(&build.join(format!("segments/{n:08x}-{:016x}.seg", n * 77)));
        garbage(&build.join(format!("segments/tmp-{n}")));
        garbage(&build.join(format!("segments/nonsense-{n}")));
        garbage(&build.join(format!("manifests/={n:016x}.man")));
        garbage(&build.join(format!("manifests/m{n}.man")));
        garbage(&store.join(format!("{n:016x}/segments/x.seg")));
        garbage(&store.join(format!("junk{n}")));
    }
    garbage(&build.join("lock"));
    fs::create_dir(build.join("segments/folder.seg")).unwrap();
    for (edit, result) in [(("42", "42"), "86"), (("42", "43"), "88"), (("43", "44"), "90")] {
        project.edit("c.nos", edit.0, edit.1);
        let run = project.command("run", &["--verify"]);
        run.prints(result);
        assert!(run.stderr.lines().count() <= 1, "at most one warning:\n{}", run.stderr);
    }
    for action in ["stat", "verify", "clear"] {
        let outcome = project.folder().ithaca(&["cache", action, "project"]);
        assert!(matches!(outcome.code, Some(0 | 1)), "{action}: {}", outcome.stderr);
    }
    project.run().prints("90");
}

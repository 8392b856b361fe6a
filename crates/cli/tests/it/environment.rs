//! S69–S77b: what surrounds a project must not matter.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::project::{CHAIN, Folder, Project, Texts};

fn texts(fixture: &str) -> Texts {
    test_fixture::Fixture::parse(fixture).into_files().into_iter().collect()
}

#[test]
fn s69_a_folder_that_cannot_be_written_keeps_entries_elsewhere() {
    let folder = Folder::with(&texts(CHAIN));
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let writable = fs::write(folder.path("probe"), "").is_ok();
    let first = folder.ithaca(&["run", "--stats=json", "project"]);
    let second = folder.ithaca(&["run", "--stats=json", "project"]);
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    first.prints("86");
    second.prints("86").recalls_all();
    // Whoever may do everything can write there too.
    assert!(writable || !folder.path(".ithaca").exists());
    assert_eq!(first.stderr, "");
}

#[test]
fn s69_a_single_file_keeps_entries_in_the_user_folder() {
    let folder = Folder::new();
    folder.write("one.nos", "main() = [1, 2].map(n => n * 2)\n");
    folder.ithaca(&["run", "project/one.nos"]).prints("[2, 4]");
    assert!(!folder.path(".ithaca").exists(), "nothing is left beside the file");
    assert!(folder.around().join("cache/ithaca").is_dir());
    folder.ithaca(&["run", "--stats=json", "-v", "project/one.nos"]).prints("[2, 4]").recalls_all();

    // Two files with one name do not meet.
    folder.write("other/one.nos", "main() = \"other\"\n");
    folder.ithaca(&["run", "project/other/one.nos"]).prints("\"other\"");
    folder.ithaca(&["run", "--stats=json", "-v", "project/one.nos"]).prints("[2, 4]").recalls_all();
}

#[test]
fn s71_the_prelude_does_not_depend_on_the_store() {
    let mut project = Project::new("//- /main.nos\nmain() = jsonParse(\"1\")\n");
    project.run().refused(&["`jsonParse`"]);
    project.run().refused(&["`jsonParse`"]);
    project.command("run", &["--no-cache"]).refused(&["`jsonParse`"]);

    let mut project = Project::new("//- /main.nos\nrender(n) = \"mine \" ++ show(n)\nmain() = render(1)\n");
    project.run().prints("\"mine 1\"");
    project.run().prints("\"mine 1\"").recalls_all();
    project.command("run", &["--no-cache"]).prints("\"mine 1\"");
}

#[test]
fn s77a_a_copied_project_is_warm_and_names_its_own_paths() {
    let built = Folder::with(&texts(CHAIN));
    built.ithaca(&["run", "project"]).prints("86");
    let copy = Folder::with(&texts(CHAIN));
    for file in built.store_files() {
        let to = copy.around().join(file.strip_prefix(built.around()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    fs::rename(copy.path(""), copy.around().join("moved")).unwrap();
    copy.ithaca(&["run", "--stats=json", "-v", "moved"]).prints("86").recalls_all();

    fs::write(copy.around().join("moved/c.nos"), "pub base() = \"x\"\n").unwrap();
    copy.ithaca(&["run", "moved"]).refused(&["moved/b.nos:2"]).silent_about(&["project"]);
    let absolute = copy.around().join("moved");
    let absolute = absolute.to_str().unwrap();
    copy.ithaca(&["run", absolute]).refused(&[&format!("{absolute}/b.nos:2")]);
}

#[test]
fn s77b_the_working_folder_has_no_say() {
    let mut project = Project::new(CHAIN);
    let around = project.folder().around().to_path_buf();
    fs::create_dir(around.join("stdlib")).unwrap();
    fs::write(around.join("stdlib/list.nos"), "pub map(xs, f) = \"not this one\"\n").unwrap();
    fs::write(around.join("main.nos"), "main() = \"nor this one\"\n").unwrap();
    project.edit("c.nos", "42", "[40].map(n => n + 2).sum()");
    project.run().prints("86");
    let inside = project.folder().command().args(["run", "."]).current_dir(project.folder().path("")).output().unwrap();
    assert_eq!(String::from_utf8(inside.stdout).unwrap(), "86\n");
}

#[test]
fn s88_without_a_store_the_answers_are_the_same() {
    let mut project = Project::new(CHAIN);
    for (from, to, result) in [("42", "43", Some("88")), ("43", "\"x\"", None), ("\"x\"", "44", Some("90"))] {
        project.edit("c.nos", from, to);
        let run = project.command("run", &["--no-cache", "--verify"]);
        run.same_as(&project.cold(), "without a store");
        match result {
            Some(result) => run.prints(result),
            None => run.refused(&["project/b.nos:2"]),
        };
        assert_eq!((run.count("units_recalled"), run.count("entries_written")), (0, 0));
        assert_eq!(project.folder().store_files(), Vec::<std::path::PathBuf>::new());
    }
}

#[test]
fn options_that_change_nothing_share_entries() {
    let mut project = Project::built(CHAIN, "86");
    for options in [["--threads", "1"], ["--threads", "4"], ["--color", "always"]] {
        let folder = project.folder();
        folder
            .ithaca(&[&["run", "--stats=json", "-v"], &options[..], &["project"]].concat())
            .prints("86")
            .recalls_all();
    }
    project.run().prints("86").recalls_all();
}

//! `ithaca fmt`: files are laid out as a whole or left alone, and the exit code says which.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use crate::project::Folder;

const LOOSE: &str = "# Kept.\nmain( ) =  1+2\n\n\n\nother()=[1,2]  # kept\n";
const LAID_OUT: &str = "# Kept.\nmain() = 1 + 2\n\nother() = [1, 2] # kept\n";

fn text(folder: &Folder, path: &str) -> String {
    fs::read_to_string(folder.path(path)).unwrap()
}

#[test]
fn check_names_files_and_changes_none() {
    let folder = Folder::new();
    folder.write("a.nos", LOOSE);
    folder.write("sub/b.nos", LAID_OUT);
    let check = folder.ithaca(&["fmt", "--check", "project"]);
    assert_eq!((check.code, check.stdout.as_str(), check.stderr.as_str()), (Some(1), "project/a.nos\n", ""));
    assert_eq!(text(&folder, "a.nos"), LOOSE);

    let done = folder.ithaca(&["fmt", "project"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(text(&folder, "a.nos"), LAID_OUT);
    assert_eq!(folder.ithaca(&["fmt", "--check", "project"]).code, Some(0));
}

#[test]
fn a_file_with_syntax_errors_is_left_alone_and_the_others_are_not() {
    let folder = Folder::new();
    folder.write("broken.nos", "main( = 1\n");
    folder.write("good.nos", LOOSE);
    let done = folder.ithaca(&["fmt", "project"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.starts_with("Error: project/broken.nos is left as it is: "), "{}", done.stderr);
    assert_eq!(text(&folder, "broken.nos"), "main( = 1\n");
    assert_eq!(text(&folder, "good.nos"), LAID_OUT);
}

#[test]
fn a_link_stays_a_link_and_a_mode_stays_a_mode() {
    let folder = Folder::new();
    folder.write("real.nos", LOOSE);
    fs::set_permissions(folder.path("real.nos"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.nos", folder.path("link.nos")).unwrap();
    assert_eq!(folder.ithaca(&["fmt", "project/link.nos"]).code, Some(0));
    assert_eq!(text(&folder, "real.nos"), LAID_OUT);
    assert!(fs::symlink_metadata(folder.path("link.nos")).unwrap().is_symlink());
    assert_eq!(fs::metadata(folder.path("real.nos")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_file_that_cannot_be_written_or_read_is_an_error() {
    let folder = Folder::new();
    folder.write("a.nos", LOOSE);
    fs::set_permissions(folder.path("a.nos"), fs::Permissions::from_mode(0o444)).unwrap();
    let done = folder.ithaca(&["fmt", "project"]);
    assert_eq!(
        (done.code, done.stderr.as_str()),
        (Some(1), "Error writing file 'project/a.nos': the file is read-only\n")
    );
    assert_eq!(text(&folder, "a.nos"), LOOSE);
    let names: Vec<_> = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.nos"], "nothing is left beside it");

    let missing = folder.ithaca(&["fmt", "project/missing.nos"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.starts_with("Error reading file 'project/missing.nos': "), "{}", missing.stderr);
    folder.write("bytes.nos", [0xff, 0xfe]);
    assert_eq!(folder.ithaca(&["fmt", "project/bytes.nos"]).code, Some(1));
}

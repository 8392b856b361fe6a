//! The identity of a build: everything that can change an answer and nothing else, wherever the checkout is.
//!
//! Input: small trees of sources. Output: identities of the script that computes them for the real build.

#[path = "../build/identity.rs"]
mod script;

use std::{fs, path::Path};

use tempfile::TempDir;

/// A checkout with some sources.
fn checkout() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("crates/hir/src/lib.rs", "fn a() {}"),
        ("crates/hir/src/deep/er.rs", "fn b() {}"),
        ("crates/hir/src/tests.rs", "fn test() {}"),
        ("crates/hir/tests/it/main.rs", "fn test() {}"),
        ("crates/stdlib/lib/list.nos", "pub map(xs, f) = xs"),
        ("crates/types/src/lib.rs", "fn c() {}"),
        ("crates/cli/src/main.rs", "fn main() {}"),
        ("crates/vm/src/lib.rs", "fn run() {}"),
        ("xtask/src/main.rs", "fn main() {}"),
        ("README.md", "words"),
        (
            "Cargo.lock",
            "[[package]]\nname = \"database\"\nversion = \"0.0.0\"\ndependencies = [\n \"salsa\",\n]\n\n\
             [[package]]\nname = \"salsa\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"clap\"\nversion = \"4.0.0\"\n",
        ),
    ] {
        write(dir.path(), path, text);
    }
    dir
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn identity(root: &Path) -> String {
    script::identity(root, &["64", "little"]).unwrap().0
}

#[test]
fn the_place_of_the_checkout_does_not_matter() {
    let (one, two) = (checkout(), checkout());
    assert_eq!(identity(one.path()), identity(two.path()));
    assert_eq!(identity(one.path()).len(), 32);
}

#[test]
fn what_can_change_an_answer_is_covered() {
    let dir = checkout();
    let mut seen = vec![identity(dir.path())];
    let mut changed = |what: &str| {
        let now = identity(dir.path());
        assert!(!seen.contains(&now), "{what} is not covered");
        seen.push(now);
    };
    write(dir.path(), "crates/hir/src/lib.rs", "fn a() { }");
    changed("a source");
    write(dir.path(), "crates/hir/src/deep/er.rs", "fn b() { }");
    changed("a source in a folder");
    write(dir.path(), "crates/stdlib/lib/list.nos", "pub map(xs, f) = []");
    changed("the library");
    fs::rename(dir.path().join("crates/types/src/lib.rs"), dir.path().join("crates/types/src/other.rs")).unwrap();
    changed("the name of a source");
    write(dir.path(), "crates/types/src/new.rs", "");
    changed("a new source");
    let lock = fs::read_to_string(dir.path().join("Cargo.lock")).unwrap();
    write(dir.path(), "Cargo.lock", &lock.replace("1.0.0", "1.0.1"));
    changed("a version of a dependency");
    let other = script::identity(dir.path(), &["32", "little"]).unwrap().0;
    assert!(!seen.contains(&other), "the target is not covered");
}

#[test]
fn what_cannot_change_an_answer_is_not_covered() {
    let dir = checkout();
    let before = identity(dir.path());
    for (path, text) in [
        ("crates/cli/src/main.rs", "fn main() { }"),
        ("crates/vm/src/lib.rs", "fn run() { }"),
        ("crates/hir/src/tests.rs", "fn other() {}"),
        ("crates/hir/tests/it/main.rs", "fn other() {}"),
        ("xtask/src/main.rs", "fn main() { }"),
        ("README.md", "other words"),
    ] {
        write(dir.path(), path, text);
        assert_eq!(identity(dir.path()), before, "{path} does not matter");
    }
    let lock = fs::read_to_string(dir.path().join("Cargo.lock")).unwrap();
    write(dir.path(), "Cargo.lock", &lock.replace("4.0.0", "4.0.1"));
    assert_eq!(identity(dir.path()), before, "a dependency of the command alone does not matter");
}

//! The identity of a build, as a function of a checkout.
//!
//! Input: the root of the checkout, target and features. Output: 32 hex digits, and the paths they depend on.
//!
//! Invariant: no path, time or machine goes in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// What decides answers. The machine, the store, the command and the editor do not.
const ROOMS: [&str; 8] = ["base-db", "bytecode", "codegen", "database", "hir", "stdlib", "syntax", "types"];

/// The identity of the checkout at `root`, and what was read for it. `settings`: target and features.
pub(crate) fn identity(root: &Path, settings: &[impl AsRef<str>]) -> io::Result<(String, Vec<PathBuf>)> {
    let mut hasher = blake3::Hasher::new();
    let mut read = Vec::new();
    for room in ROOMS {
        for folder in ["src", "lib"] {
            let dir = root.join("crates").join(room).join(folder);
            if dir.is_dir() {
                add(&mut hasher, room.as_bytes());
                hash_tree(&mut hasher, &dir)?;
                read.push(dir);
            }
        }
    }
    let lock = root.join("Cargo.lock");
    if lock.is_file() {
        for package in locked(&fs::read_to_string(&lock)?, "database") {
            add(&mut hasher, package.as_bytes());
        }
        read.push(lock);
    }
    for setting in settings {
        add(&mut hasher, setting.as_ref().as_bytes());
    }
    Ok((hasher.finalize().to_hex()[..32].to_owned(), read))
}

/// With its length, so that no two sequences give the same bytes.
fn add(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

/// Names and contents of all files below `dir`, in order of their names. Tests are not part of the compiler.
fn hash_tree(hasher: &mut blake3::Hasher, dir: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "tests" || name == "tests.rs" {
            continue;
        }
        add(hasher, name.as_encoded_bytes());
        if path.is_dir() {
            hash_tree(hasher, &path)?;
        } else {
            add(hasher, &fs::read(&path)?);
        }
    }
    add(hasher, b"/");
    Ok(())
}

/// The sections of a lock file about `root` and all that it depends on, in order. Versions and checksums stand there;
/// what only other packages need does not matter.
fn locked<'l>(lock: &'l str, root: &str) -> Vec<&'l str> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for section in lock.split("[[package]]").skip(1) {
        let name = section.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
        sections.entry(name.trim_matches('"')).or_default().push(section.trim());
    }
    let mut reached = BTreeSet::new();
    let mut wanted = vec![root];
    while let Some(name) = wanted.pop() {
        if !reached.insert(name) {
            continue;
        }
        for section in sections.get(name).into_iter().flatten() {
            // ` "name",` or ` "name version",`
            let lines = section.lines().filter_map(|line| line.strip_prefix(" \""));
            wanted.extend(lines.filter_map(|line| line.split(['"', ' ']).next()));
        }
    }
    reached.iter().filter_map(|name| sections.get(name)).flatten().copied().collect()
}

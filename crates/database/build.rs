//! Computes the identity of this compiler build: a hash of every source that can change an answer.
//!
//! Input: the sources of the crates below `database`, the library and the lock file. Output: `ITHACA_BUILD`, 32 hex
//! digits. Building the same sources again gives the same identity, so entries stay valid.

use std::{fs, io, path::Path};

/// What decides answers. The machine, the store, the command and the editor do not.
const ROOMS: [&str; 8] = ["base-db", "bytecode", "codegen", "database", "hir", "stdlib", "syntax", "types"];

fn main() -> io::Result<()> {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let crates = Path::new(&manifest).parent().ok_or_else(|| io::Error::other("no folder of crates"))?;
    let mut hasher = blake3::Hasher::new();
    for room in ROOMS {
        for folder in ["src", "lib"] {
            let dir = crates.join(room).join(folder);
            if dir.is_dir() {
                println!("cargo:rerun-if-changed={}", dir.display());
                hash_tree(&mut hasher, &dir)?;
            }
        }
    }
    let lock = crates.parent().map(|root| root.join("Cargo.lock")).filter(|lock| lock.is_file());
    if let Some(lock) = lock {
        println!("cargo:rerun-if-changed={}", lock.display());
        hasher.update(&fs::read(lock)?);
    }
    for variable in ["CARGO_CFG_TARGET_POINTER_WIDTH", "CARGO_CFG_TARGET_ENDIAN"] {
        hasher.update(std::env::var(variable).unwrap_or_default().as_bytes());
    }
    println!("cargo:rustc-env=ITHACA_BUILD={}", &hasher.finalize().to_hex()[..32]);
    Ok(())
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
        hasher.update(name.as_encoded_bytes());
        if path.is_dir() {
            hash_tree(hasher, &path)?;
        } else {
            hasher.update(&fs::read(&path)?);
        }
    }
    Ok(())
}

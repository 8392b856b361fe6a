//! Computes the identity of this compiler build: a hash of every source that can change an answer.
//!
//! Input: the sources of the crates below `database`, the library, the versions of what they depend on, features and
//! target. Output: `ITHACA_BUILD`, 32 hex digits. No path, time or machine goes in: building the same sources again,
//! anywhere, gives the same identity, so entries stay valid.

#[path = "build/identity.rs"]
mod identity;

use std::{env, io, path::Path};

fn main() -> io::Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let root = Path::new(&manifest).ancestors().nth(2).ok_or_else(|| io::Error::other("no folder of crates"))?;
    let target = ["CARGO_CFG_TARGET_POINTER_WIDTH", "CARGO_CFG_TARGET_ENDIAN"];
    let mut settings: Vec<String> = target.iter().map(|variable| env::var(variable).unwrap_or_default()).collect();
    settings.extend(env::vars().map(|(name, _)| name).filter(|name| name.starts_with("CARGO_FEATURE_")));
    settings[target.len()..].sort();
    let (identity, read) = identity::identity(root, &settings)?;
    for path in read {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    println!("cargo:rustc-env=ITHACA_BUILD={identity}");
    Ok(())
}

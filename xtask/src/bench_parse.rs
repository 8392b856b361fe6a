//! `cargo xtask bench-parse`: how fast the front end is, beside other parsers.
//!
//! Input: the checkout. Output: what the crate in `xtask/bench-parse` prints. That crate stands outside of the workspace,
//! because it builds other people's parsers, which nobody needs for anything else.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::synthetic::Project;

/// Folders with sources that people wrote.
const SOURCES: &[&str] = &["crates/stdlib/lib", "examples", "test-data/suite"];
/// Modules of the synthetic project.
const MODULES: usize = 500;

/// Builds the measuring program as it is released, and runs it.
pub(crate) fn run(root: &Path) -> Result<()> {
    let synthetic = root.join("target").join("bench-parse-sources");
    Project::new(MODULES).write(&synthetic)?;
    let manifest = root.join("xtask/bench-parse/Cargo.toml");
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--locked", "--manifest-path"])
        .arg(&manifest)
        .arg("--")
        .arg(&synthetic)
        .args(SOURCES)
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "a goal was missed, or a text was not read as expected");
    Ok(())
}

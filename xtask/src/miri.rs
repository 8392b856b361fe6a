//! `cargo xtask miri`: the machine's tests under Miri, which sees undefined behaviour that tests do not.
//!
//! Input: a nightly toolchain with the components `miri` and `rust-src`. Output: what the tests print; the exit code is
//! theirs. Repetitions are fewer under Miri (`cfg!(miri)` in the tests), and what measures time or is long without
//! unsafe code is left out.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only tests whose name contains this.
    #[arg(default_value = "")]
    only: String,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    // The variable names the toolchain that runs this, which is another one.
    let status = Command::new("cargo")
        .current_dir(root)
        .env_remove("RUSTUP_TOOLCHAIN")
        // Tests read files. Pointers that went through numbers are not followed.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-strict-provenance")
        .args(["+nightly", "miri", "test", "--package", "vm", "--no-fail-fast", "--", &options.only])
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "Miri found something, or is not installed: rustup +nightly component add miri rust-src");
    Ok(())
}

//! Chores of this repository that need more than `cargo`: `cargo xtask tidy`, `cargo xtask bench-startup`, ….
//!
//! Input: the checkout and, for measurements, the release binary. Output: tables and problems on standard output; the
//! exit code is 0 only if nothing is wrong.
//!
//! Invariant: nothing here is needed to build or use the product, and no crate of the product depends on this one.

#![expect(clippy::print_stdout, reason = "a terminal program")]

mod bench_check;
mod bench_keystroke;
mod bench_parse;
mod bench_startup;
mod bench_vm;
mod floor;
mod layers;
mod miri;
mod random_program;
mod soak;
mod synthetic;
mod table;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// The command's allocator, so that phases measured here are the command's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "xtask", about = "Chores of this repository")]
enum Task {
    /// Check what rustc and clippy cannot see.
    Tidy,
    /// Measure the phases of a cold build, its memory, and whether it is linear.
    BenchCheck(bench_check::Options),
    /// Measure keystrokes in a process that lives.
    BenchKeystroke(bench_keystroke::Options),
    /// Measure fresh processes on synthetic projects, and assert what they did.
    BenchStartup(bench_startup::Options),
    /// Measure parsing, lowering and typing, with other parsers beside it.
    BenchParse,
    /// Run programs beside other interpreters.
    BenchVm(bench_vm::Options),
    /// The machine's tests under Miri.
    Miri(miri::Options),
    /// Random programs and edits through the real command, warm against cold.
    Soak(soak::Options),
    /// Write a synthetic project, as `bench-startup` measures it, into a folder.
    SyntheticProject {
        /// The folder; existing files are replaced.
        dir: PathBuf,
        /// Modules besides the two with entry points.
        #[arg(long, default_value_t = 1000)]
        modules: usize,
    },
    /// Write the random program of a seed, after some random edits, into a folder; or print it.
    RandomProgram(random_program::Options),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let done = if args.get(1).map(String::as_str) == Some(floor::NAME) {
        // Measured as a whole process, so it does not pay for parsing arguments.
        floor::run(&args[2..])
    } else {
        match Task::parse() {
            Task::Tidy => tidy::run(&root()),
            Task::BenchCheck(options) => bench_check::run(&root(), &options),
            Task::BenchKeystroke(options) => bench_keystroke::run(&root(), &options),
            Task::BenchStartup(options) => bench_startup::run(&root(), &options),
            Task::BenchParse => bench_parse::run(&root()),
            Task::BenchVm(options) => bench_vm::run(&root(), &options),
            Task::Miri(options) => miri::run(&root(), &options),
            Task::Soak(options) => soak::run(&root(), &options),
            Task::SyntheticProject { dir, modules } => synthetic::Project::new(modules).write(&dir),
            Task::RandomProgram(options) => random_program::run(&options),
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the checkout.
fn root() -> PathBuf {
    // Set by cargo at build time; the binary is run by cargo from the same checkout.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

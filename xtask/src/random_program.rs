//! `cargo xtask random-program SEED`: what a failing seed of the oracle means, as files.
//!
//! Input: a seed and a number of edits, as a failing test prints them. Output: the files, in a folder or printed; the
//! edits one a line.

use std::path::PathBuf;

use crate::synthetic::write_file;
use anyhow::Result;
use test_fixture::{Options as ProgramOptions, Program};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seed of the program; the edits start from the same one.
    seed: u64,
    /// How many edits to make.
    #[arg(long, default_value_t = 0)]
    edits: usize,
    /// With traits and implementations.
    #[arg(long)]
    traits: bool,
    /// Write the files here instead of printing them.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let shape = ProgramOptions { traits: options.traits, ..ProgramOptions::default() };
    let mut program = Program::with_options(options.seed, shape);
    let mut rng = fastrand::Rng::with_seed(options.seed);
    for step in 0..options.edits {
        println!("# {step}: {}", program.random_edit(&mut rng));
    }
    if program.is_broken() {
        println!("# an edit put in a mistake that is still there");
    }
    for (path, text) in program.files() {
        match &options.out {
            None => println!("#- /{path}\n{text}"),
            Some(dir) => write_file(dir, &path, &text)?,
        }
    }
    Ok(())
}

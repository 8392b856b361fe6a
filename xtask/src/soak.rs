//! `cargo xtask soak`: random programs, random edits and everything that can happen to a store, warm against cold.
//!
//! Input: a seed and minutes. Output: every difference with the folder that repeats it, and a closing line of counts.
//! Only real processes of the command take part. A step edits the program, kills a process, damages the store, lets
//! several processes loose on it, moves or empties it; after each step a fresh process with the store and one without
//! must print the same, say the same and exit the same.
//!
//! Invariant: which steps are taken is a function of the seed. When a process is killed and in which order several of
//! them run is not, so a difference leaves the project, the store of before and a report behind.

mod damage;
mod processes;
mod walk;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::bench_startup::build;
use processes::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long; walks that were begun are ended early.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    minutes: f64,
    /// Seed of the first walk; a random one if absent.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// End after this many walks.
    #[arg(long, value_name = "N")]
    walks: Option<u64>,
    /// Steps of a walk.
    #[arg(long, default_value_t = 40)]
    steps: usize,
    /// Take steps of these kinds only.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<walk::Kind>,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Where differences are written to.
    #[arg(long, value_name = "DIR")]
    failures: Option<PathBuf>,
}

/// What was done so far.
#[derive(Default)]
struct Counts {
    walks: u64,
    steps: u64,
    /// Steps after which the program had a mistake in it.
    broken: u64,
    comparisons: u64,
    crowds: u64,
    kills: u64,
    corruptions: u64,
    moves: u64,
    differences: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { walks, steps, broken, comparisons, crowds, kills, corruptions, moves, differences } = self;
        write!(
            f,
            "{walks} walks, {steps} steps ({broken} with a broken program), {comparisons} comparisons, {crowds} crowds, \
             {kills} kills, {corruptions} corruptions, {moves} moves, differences found: {differences}"
        )
    }
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let binaries = match &options.binaries {
        Some(binaries) => binaries.clone(),
        None => build(root)?,
    };
    let failures = options.failures.clone().unwrap_or_else(|| std::env::temp_dir().join("ithaca-soak-failures"));
    let command = Command::new(binaries.join("ithaca"));
    // Small enough to be typed again.
    let first = options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    println!("soak: seed {first}, {} minutes", options.minutes);
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(options.minutes.clamp(0.0, 1e6) * 60.0);
    let mut counts = Counts::default();
    let mut seed = first;
    while Instant::now() < end && options.walks.is_none_or(|walks| counts.walks < walks) {
        counts.walks += 1;
        if let Err(difference) = walk::walk(&command, options, seed, end, &mut counts)? {
            counts.differences += 1;
            println!("{difference}");
            println!("left behind in {}\n", difference.keep(&failures)?.display());
        }
        seed = seed.wrapping_add(1);
    }
    let (processes, busy) = command.totals();
    println!(
        "soak: seed {first}, {} s, {processes} processes, {} process-seconds, {counts}",
        started.elapsed().as_secs(),
        busy.as_secs()
    );
    ensure!(counts.differences == 0, "warm and cold differ");
    Ok(())
}

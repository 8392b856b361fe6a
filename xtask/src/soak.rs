//! `cargo xtask soak`: random programs and random edits through the real command, warm against cold, for a long time.
//!
//! Input: seeds and a number of edits, or minutes. Output: every difference with what repeats it, and a closing line of
//! counts. After each edit a fresh process with the store and one without must print the same, say the same and exit the
//! same; the command's own `--verify` compares interfaces and code as well.
//!
//! Invariant: a step is a function of its seed and number. `cargo xtask random-program SEED --edits N` writes its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use test_fixture::{Edit, Options as ProgramOptions, Program};

use crate::bench_startup::{TemporaryFolder, build};
use crate::synthetic::write_file;

/// Lines of each stream of a difference.
const SHOWN: usize = 8;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// First seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Edits of each program.
    #[arg(long, default_value_t = 25)]
    edits: usize,
    /// Go on with further seeds for this long.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Programs with traits and implementations.
    #[arg(long)]
    traits: bool,
    /// Remove a random file of the store before some steps.
    #[arg(long)]
    losses: bool,
    /// Let the command compare interfaces and code with a cold computation too.
    #[arg(long)]
    verify: bool,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// What a process did, as its user sees it.
#[derive(PartialEq, Eq)]
struct Outcome {
    exit: Option<i32>,
    output: String,
    errors: String,
}

#[derive(Default)]
struct Counts {
    programs: u64,
    steps: u64,
    broken: u64,
    losses: u64,
    differences: u64,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let binaries = match &options.binaries {
        Some(binaries) => binaries.clone(),
        None => build(root)?,
    };
    let ithaca = binaries.join("ithaca");
    let started = Instant::now();
    let limit = options.minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let mut counts = Counts::default();
    let mut seed = options.from;
    loop {
        let enough = match limit {
            Some(limit) => started.elapsed() >= limit,
            None => seed >= options.from + options.seeds,
        };
        if enough {
            break;
        }
        walk(&ithaca, options, seed, &mut counts)?;
        seed += 1;
    }
    println!(
        "soak: seeds {}..{seed}, {} programs, {} steps ({} of broken programs), {} files of the store lost, {} s, \
         {} differences",
        options.from,
        counts.programs,
        counts.steps,
        counts.broken,
        counts.losses,
        started.elapsed().as_secs(),
        counts.differences
    );
    ensure!(counts.differences == 0, "warm and cold differ");
    Ok(())
}

/// One program and its edits. Ends at the first difference: later ones would repeat it.
fn walk(ithaca: &Path, options: &Options, seed: u64, counts: &mut Counts) -> Result<()> {
    let shape = ProgramOptions { traits: options.traits, ..ProgramOptions::default() };
    let mut program = Program::with_options(seed, shape);
    let mut rng = fastrand::Rng::with_seed(seed);
    // Not the generator of the edits: those must not depend on what is lost.
    let mut losses = fastrand::Rng::with_seed(!seed);
    let dir = TemporaryFolder::new("soak")?;
    for (path, text) in program.files() {
        write_file(&dir.path, &path, &text)?;
    }
    counts.programs += 1;
    let mut last: Option<Edit> = None;
    for step in 0..=options.edits {
        if options.losses && losses.u32(0..4) == 0 {
            counts.losses += u64::from(lose_a_file(&dir.path.join(".ithaca"), &mut losses)?);
        }
        let warm = outcome(ithaca, &dir.path, &[])?;
        let cold = outcome(ithaca, &dir.path, &["--no-cache"])?;
        counts.steps += 1;
        counts.broken += u64::from(program.is_broken());
        let mut wrong = (warm != cold).then(|| describe(&warm, &cold));
        if wrong.is_none() && options.verify {
            let verified = outcome(ithaca, &dir.path, &["--verify"])?;
            wrong = (verified.exit == Some(3)).then_some(verified.errors);
        }
        if let Some(wrong) = wrong {
            counts.differences += 1;
            println!("seed {seed}, step {step}, after {}", last.map_or("nothing".to_owned(), |it| it.to_string()));
            println!("{wrong}");
            return Ok(());
        }
        let edit = program.random_edit(&mut rng);
        for change in &edit.changes {
            match &change.text {
                Some(text) => write_file(&dir.path, &change.path, text)?,
                None => fs::remove_file(dir.path.join(&change.path))?,
            }
        }
        last = Some(edit);
    }
    Ok(())
}

fn outcome(ithaca: &Path, dir: &Path, more: &[&str]) -> Result<Outcome> {
    let output = Command::new(ithaca)
        .arg("run")
        .arg(dir)
        .args(["--color", "never"])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", ithaca.display()))?;
    Ok(Outcome {
        exit: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn describe(warm: &Outcome, cold: &Outcome) -> String {
    let part = |name: &str, outcome: &Outcome| {
        format!("--- {name}: exit {:?}\n{}{}", outcome.exit, shortened(&outcome.output), shortened(&outcome.errors))
    };
    format!("{}{}", part("warm", warm), part("cold", cold))
}

fn shortened(text: &str) -> String {
    let mut short: String = text.lines().take(SHOWN).flat_map(|line| [line, "\n"]).collect();
    if text.lines().count() > SHOWN {
        short.push_str("…\n");
    }
    short
}

/// Removes one file of the store; `false` if it has none.
fn lose_a_file(store: &Path, rng: &mut fastrand::Rng) -> Result<bool> {
    let mut files = Vec::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry?;
            let kind = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
            kind.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        return Ok(false);
    }
    fs::remove_file(&files[rng.usize(0..files.len())])?;
    Ok(true)
}

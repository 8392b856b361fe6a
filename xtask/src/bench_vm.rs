//! `cargo xtask bench-vm`: how fast programs run, beside other interpreters on the same machine.
//!
//! Input: the programs in `test-data/bench-vm`, each in Nostos, Python, Lua and JavaScript. Output: one table (Markdown,
//! as `BENCHMARKS.md` has it) with the time of each whole process and the ratios.
//!
//! All interpreters run in turn, several rounds; the fastest round counts, because whatever else the machine does only
//! ever adds. JavaScript runs without its compiler to machine code. Interpreters that are not installed are left out.
//!
//! Invariant: all versions of a program print the same; another output fails the benchmark.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::bench_startup::{TemporaryFolder, build};
use crate::table::{Table, milliseconds};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds; the fastest counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only programs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// An interpreter that the benchmark knows.
struct Interpreter {
    name: String,
    extension: &'static str,
    command: Vec<String>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    ensure!(options.runs > 0, "--runs must be at least 1");
    let binaries = match &options.binaries {
        Some(binaries) => binaries.clone(),
        None => build(root)?,
    };
    let store = TemporaryFolder::new("bench-vm")?;
    let interpreters = interpreters(&binaries, &store);
    let folder = root.join("test-data/bench-vm");
    let programs = programs(&folder, &options.only)?;
    ensure!(!programs.is_empty(), "no program has `{}` in its name", options.only);

    let names: Vec<&str> = interpreters.iter().map(|it| it.name.as_str()).collect();
    let mut head: Vec<String> = vec!["program, ms".to_owned()];
    head.extend(names.iter().map(|&name| name.to_owned()));
    head.extend(names[1..].iter().map(|name| format!("to {name}")));
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    // Per other interpreter: sum of logarithms and the programs that are not faster.
    let mut ratios = vec![(0.0f64, Vec::new()); interpreters.len() - 1];
    for program in &programs {
        let times = measure(&folder, program, &interpreters, options.runs)?;
        let mut cells = vec![program.clone()];
        cells.extend(times.iter().map(|&time| milliseconds(time)));
        for (&time, (logarithms, behind)) in times[1..].iter().zip(&mut ratios) {
            let ratio = times[0] as f64 / time.max(1) as f64;
            *logarithms += ratio.ln();
            if ratio > 1.0 {
                behind.push(program.clone());
            }
            cells.push(format!("{ratio:.2}"));
        }
        table.row(cells);
    }
    let mut cells = vec!["geometric mean".to_owned()];
    cells.resize(1 + interpreters.len(), String::new());
    cells.extend(ratios.iter().map(|(logarithms, _)| format!("{:.2}", (logarithms / programs.len() as f64).exp())));
    table.row(cells);
    print!("{}", table.render());
    for (name, (_, behind)) in names[1..].iter().zip(&ratios) {
        if !behind.is_empty() {
            println!("slower than {name}: {}", behind.join(", "));
        }
    }
    Ok(())
}

/// Names of the programs, without extension.
fn programs(folder: &Path, only: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "nos")
            && let Some(name) = path.file_stem().and_then(|it| it.to_str())
            && name.contains(only)
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Ours, then the others that are installed.
fn interpreters(binaries: &Path, store: &TemporaryFolder) -> Vec<Interpreter> {
    let ours =
        [&*binaries.join("ithaca").display().to_string(), "run", "--cache-dir", &*store.path.display().to_string()]
            .map(String::from);
    let mut found = vec![Interpreter { name: "ithaca".to_owned(), extension: "nos", command: ours.to_vec() }];
    // `python3` may be a script that looks for the right one: measure what it finds.
    if let Some(python) = answer("python3", &["-c", "import sys; print(sys.executable)"]) {
        found.push(Interpreter { name: "python3".to_owned(), extension: "py", command: vec![python] });
    }
    if answer("lua5.4", &["-v"]).is_some() {
        found.push(Interpreter { name: "lua5.4".to_owned(), extension: "lua", command: vec!["lua5.4".to_owned()] });
    }
    if answer("node", &["--version"]).is_some() {
        let command = vec!["node".to_owned(), "--jitless".to_owned()];
        found.push(Interpreter { name: "node --jitless".to_owned(), extension: "js", command });
    }
    found
}

/// First line that a program prints, if it is installed.
fn answer(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Fastest time of each interpreter in microseconds.
fn measure(folder: &Path, program: &str, interpreters: &[Interpreter], runs: usize) -> Result<Vec<u64>> {
    let mut fastest = vec![u64::MAX; interpreters.len()];
    let mut expected: Option<String> = None;
    // One round more: the first one fills the store and the caches of the system.
    for round in 0..=runs {
        for (interpreter, fastest) in interpreters.iter().zip(&mut fastest) {
            let file = folder.join(program).with_extension(interpreter.extension);
            let started = Instant::now();
            let output = Command::new(&interpreter.command[0])
                .args(&interpreter.command[1..])
                .arg(&file)
                .output()
                .with_context(|| format!("cannot start {}", interpreter.name))?;
            let time = started.elapsed().as_micros() as u64;
            if !output.status.success() {
                bail!("{program} fails in {}: {}", interpreter.name, String::from_utf8_lossy(&output.stderr).trim());
            }
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let first = expected.get_or_insert_with(|| text.clone());
            if *first != text {
                bail!("{program} prints {:?} in {}, expected {:?}", text.trim(), interpreter.name, first.trim());
            }
            if round > 0 {
                *fastest = time.min(*fastest);
            }
        }
    }
    Ok(fastest)
}

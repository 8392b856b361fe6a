//! One random program and what happens to it and to its store.
//!
//! Input: a seed. Output: counts, or the first difference: later ones would repeat it. After each step the command is
//! run with and without the store in fresh processes, and nothing but time may tell them apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use test_fixture::{Edit, Options as ProgramOptions, Program};

use super::damage::{copy_folder, damage};
use super::processes::{Beside, Command, Outcome};
use super::{Counts, Options};
use crate::bench_startup::TemporaryFolder;
use crate::synthetic::write_file;

/// Lines of each stream of a difference.
const SHOWN: usize = 12;

/// More memory than this no process on these small programs may take, whatever lengths a store claims.
const MEMORY_KIB: u64 = 400 << 10;

/// What a program says whose code is gone from text and store.
const CHANGED: &str = "its source changed while the program was running";

/// Sorts of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// One edit, then a restart.
    Edit,
    /// Something happens to the files of the store.
    Damage,
    /// A process is killed while it computes, saves or merges.
    Kill,
    /// Two to eight processes at once on one store.
    Crowd,
    /// Project and store go elsewhere.
    Move,
    /// The store is emptied.
    Clear,
    /// Entries that are not needed now go; another process may be killed at it.
    Gc,
    /// Entries go to another store as one file, which may be damaged on the way.
    Transfer,
}

/// How often each sort of step is drawn.
const WEIGHTS: [(Kind, u32); 8] = [
    (Kind::Edit, 40),
    (Kind::Damage, 20),
    (Kind::Kill, 18),
    (Kind::Crowd, 14),
    (Kind::Move, 5),
    (Kind::Clear, 3),
    (Kind::Gc, 5),
    (Kind::Transfer, 5),
];

/// A process said something else than a cold one, or something that it must not say.
pub(crate) struct Difference {
    folder: TemporaryFolder,
    seed: u64,
    report: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "difference, seed {}\n{}", self.seed, self.report)
    }
}

impl Difference {
    /// Keeps the project, the store as it is, the store of before the last step, and the report.
    pub(crate) fn keep(self, failures: &Path) -> Result<PathBuf> {
        let kept = failures.join(format!("seed-{}", self.seed));
        copy_folder(&self.folder.path, &kept)?;
        fs::write(kept.join("report.txt"), self.to_string())?;
        Ok(kept)
    }
}

/// Takes the steps of a walk until one shows a difference or `end` is reached.
pub(crate) fn walk(
    command: &Command,
    options: &Options,
    seed: u64,
    end: Instant,
    counts: &mut Counts,
) -> Result<Result<(), Difference>> {
    let shape = ProgramOptions { traits: seed % 2 == 1, interpolation: seed % 3 == 1, ..ProgramOptions::default() };
    let mut walk = Walk {
        command,
        folder: TemporaryFolder::new(&format!("soak-{seed}"))?,
        program: Program::with_options(seed, shape),
        edits: Rng::with_seed(seed),
        dice: Rng::with_seed(!seed),
        cold: BTreeMap::new(),
        scarred: false,
        story: Vec::new(),
    };
    walk.write_program()?;
    let mut wrong = walk.compare(counts)?;
    let kinds: Vec<(Kind, u32)> =
        WEIGHTS.into_iter().filter(|(kind, _)| options.only.is_empty() || options.only.contains(kind)).collect();
    for _ in 0..options.steps {
        if wrong.is_some() || Instant::now() >= end {
            break;
        }
        counts.steps += 1;
        let kind = draw(&kinds, &mut walk.dice);
        wrong = walk.step(kind, counts)?;
        if wrong.is_none() {
            wrong = walk.compare(counts)?;
        }
        counts.broken += u64::from(walk.program.is_broken());
    }
    Ok(match wrong {
        None => Ok(()),
        Some(wrong) => {
            let report = format!("{}\n{wrong}", walk.story.join("\n"));
            Err(Difference { folder: walk.folder, seed, report })
        }
    })
}

fn draw(kinds: &[(Kind, u32)], dice: &mut Rng) -> Kind {
    let sum: u32 = kinds.iter().map(|(_, weight)| weight).sum();
    let mut at = dice.u32(..sum.max(1));
    for &(kind, weight) in kinds {
        if at < weight {
            return kind;
        }
        at -= weight;
    }
    Kind::Edit
}

struct Walk<'a> {
    command: &'a Command,
    /// Holds `project`, and beside it what the steps need.
    folder: TemporaryFolder,
    program: Program,
    /// What is edited must not depend on what else happens.
    edits: Rng,
    dice: Rng,
    /// What cold processes said of the present texts, by arguments.
    cold: BTreeMap<&'static str, Outcome>,
    /// The store was damaged since it was last emptied: it may say so.
    scarred: bool,
    /// One line a step.
    story: Vec<String>,
}

const FLAGS: [&str; 3] = ["--color", "never", "--stats=json"];

impl Walk<'_> {
    fn project(&self) -> PathBuf {
        self.folder.path.join("project")
    }

    fn store(&self) -> PathBuf {
        self.project().join(".ithaca")
    }

    /// The store as it was before the last process of a comparison.
    fn before(&self) -> PathBuf {
        self.folder.path.join("store-before")
    }

    fn write_program(&self) -> Result<()> {
        for (path, text) in self.program.files() {
            write_file(&self.project(), &path, &text)?;
        }
        Ok(())
    }

    fn edit(&mut self) -> Result<Edit> {
        let edit = self.program.random_edit(&mut self.edits);
        apply(&self.project(), &edit)?;
        self.cold.clear();
        Ok(edit)
    }

    fn tell(&mut self, what: String) {
        self.story.push(format!("{}: {what}", self.story.len()));
    }

    fn step(&mut self, kind: Kind, counts: &mut Counts) -> Result<Option<String>> {
        match kind {
            Kind::Edit => {
                let edit = self.edit()?;
                self.tell(edit.to_string());
            }
            Kind::Damage => self.damage(counts)?,
            Kind::Kill => self.kill(counts)?,
            Kind::Crowd => return self.crowd(counts),
            Kind::Move => return self.elsewhere(counts),
            Kind::Gc => return self.gc(counts),
            Kind::Transfer => return self.transfer(counts),
            Kind::Clear => {
                if self.store().exists() {
                    fs::remove_dir_all(self.store())?;
                }
                self.scarred = false;
                self.tell("the store was removed".to_owned());
            }
        }
        Ok(None)
    }

    fn damage(&mut self, counts: &mut Counts) -> Result<()> {
        let edited = self.dice.bool();
        for _ in 0..self.dice.u32(1..=3) {
            if let Some(what) = damage(&self.store(), &self.before(), &mut self.dice)? {
                counts.corruptions += 1;
                self.scarred = true;
                self.tell(what);
            }
        }
        if edited {
            let edit = self.edit()?;
            self.tell(format!("and {edit}"));
        }
        Ok(())
    }

    fn kill(&mut self, counts: &mut Counts) -> Result<()> {
        for _ in 0..self.dice.u32(1..=4) {
            let edit = if self.dice.u8(..4) > 0 { Some(self.edit()?) } else { None };
            // From the first instruction to after the end of nearly all processes.
            let delay = Duration::from_secs_f64(0.001 * 64f64.powf(self.dice.f64()));
            let running = self.command.start(&self.folder.path, "killed", &["run", "project"])?;
            let killed = self.command.kill(running, delay)?;
            counts.kills += u64::from(killed);
            let edit = edit.map_or("nothing".to_owned(), |edit| edit.to_string());
            self.tell(format!("after {edit}, killed after {delay:?}: {killed}"));
        }
        Ok(())
    }

    /// Several processes at once: on the project, on a copy that differs and shares the store, and on the store alone.
    fn crowd(&mut self, counts: &mut Counts) -> Result<Option<String>> {
        counts.crowds += 1;
        let store = self.store().display().to_string();
        let mut other = Walk {
            command: self.command,
            folder: TemporaryFolder::new("soak-other")?,
            program: self.program.clone(),
            edits: self.dice.fork(),
            dice: self.dice.fork(),
            cold: BTreeMap::new(),
            scarred: false,
            story: Vec::new(),
        };
        other.write_program()?;
        let edit = other.edit()?;
        self.tell(format!("a crowd, with a copy after {edit}"));
        let theirs = other.cold("run")?;
        let before = [self.cold("run")?, self.cold("check")?];
        let mut running = Vec::new();
        for number in 0..self.dice.u32(2..=8) {
            let kind = draw_member(&mut self.dice);
            let mut args: Vec<&str> = kind.args().to_vec();
            if matches!(kind, Member::Run | Member::Check | Member::Copy) {
                args.extend(FLAGS);
            }
            let folder = if kind == Member::Copy { &other.folder.path } else { &self.folder.path };
            if kind == Member::Copy {
                args.extend(["--cache-dir", &store]);
            }
            running.push((kind, self.command.start(folder, &format!("member-{number}"), &args)?));
        }
        // Texts change under those that run, in one file and at once.
        let mut allowed = vec![before.clone()];
        let mut compared = true;
        let edited = self.dice.u8(..3) == 0;
        if edited {
            let edit = self.edit()?;
            compared = edit.changes.len() == 1;
            self.tell(format!("in the middle of it {edit}"));
            allowed.push([self.cold("run")?, self.cold("check")?]);
        }
        let mut wrong = None;
        for (kind, running) in running {
            let (outcome, beside) = self.command.finish(running)?;
            let expected: Vec<&Outcome> = match kind {
                Member::Run => allowed.iter().map(|[run, _]| run).collect(),
                Member::Check => allowed.iter().map(|[_, check]| check).collect(),
                Member::Copy => vec![&theirs],
                Member::Verify | Member::Clear | Member::Gc => Vec::new(),
            };
            counts.comparisons += 1;
            let right = match kind {
                Member::Copy => expected.contains(&&outcome),
                Member::Run | Member::Check => {
                    // Cleared and edited at once, before all code was loaded: nobody has it any more.
                    let gone = edited && outcome.errors.contains(CHANGED);
                    !compared || gone || expected.contains(&&outcome)
                }
                // It looks at the texts twice. Damage is an answer where there was some.
                Member::Verify => edited || outcome.exit == Some(0) || (self.scarred && outcome.exit == Some(1)),
                Member::Clear | Member::Gc => outcome.exit == Some(0) || self.scarred,
            };
            let found = if right { self.misbehaviour(&beside) } else { Some(describe(&outcome, &expected)) };
            wrong = wrong.or(found.map(|found| format!("one of several processes ({kind:?}): {found}")));
        }
        Ok(wrong)
    }

    /// Project and store under another path, with other times: everything is recalled.
    fn elsewhere(&mut self, counts: &mut Counts) -> Result<Option<String>> {
        counts.moves += 1;
        let target = TemporaryFolder::new("soak-elsewhere")?;
        copy_folder(&self.project(), &target.path.join("project"))?;
        self.tell(format!("copied to {}", target.path.display()));
        let cold = self.cold("run")?;
        let (outcome, beside) = self.command.run(&target.path, &[&["run", "project"], FLAGS.as_slice()].concat())?;
        counts.comparisons += 1;
        if outcome != cold {
            return Ok(Some(describe(&outcome, &[&cold])));
        }
        let computed = beside.statistics["units_computed"].as_u64();
        if !self.scarred && cold.exit == Some(0) && computed != Some(0) {
            return Ok(Some(format!("{computed:?} units were computed after the move")));
        }
        Ok(self.misbehaviour(&beside))
    }

    /// Merging and evicting, to the end or not.
    fn gc(&mut self, counts: &mut Counts) -> Result<Option<String>> {
        let size = ["0", "100K", "1M", "1G"][self.dice.usize(..4)];
        let args = ["cache", "gc", "project", "--max-size", size];
        if self.dice.bool() {
            let delay = Duration::from_secs_f64(0.001 * 8f64.powf(self.dice.f64()));
            let killed = self.command.kill(self.command.start(&self.folder.path, "killed", &args)?, delay)?;
            counts.kills += u64::from(killed);
            self.tell(format!("gc to {size}, killed after {delay:?}: {killed}"));
            return Ok(None);
        }
        self.tell(format!("gc to {size}"));
        let (outcome, _) = self.command.run(&self.folder.path, &args)?;
        if outcome.exit != Some(0) && !self.scarred {
            return Ok(Some(describe(&outcome, &[])));
        }
        // What the present state needs is still there.
        let cold = self.cold("run")?;
        let (again, beside) = self.command.run(&self.folder.path, &[&["run", "project"], FLAGS.as_slice()].concat())?;
        counts.comparisons += 1;
        let computed = beside.statistics["units_computed"].as_u64();
        let evicted = !self.scarred && cold.exit == Some(0) && computed != Some(0);
        let wrong = again != cold || evicted;
        Ok(wrong.then(|| format!("after gc, {computed:?} computed\n{}", describe(&again, &[&cold]))))
    }

    /// Export, another store in another folder, import.
    fn transfer(&mut self, counts: &mut Counts) -> Result<Option<String>> {
        counts.moves += 1;
        let target = TemporaryFolder::new("soak-transfer")?;
        let file = target.path.join("entries").display().to_string();
        let (exported, _) = self.command.run(&self.folder.path, &["cache", "export", &file, "project"])?;
        if exported.exit != Some(0) {
            return Ok(Some(describe(&exported, &[])));
        }
        for (path, text) in self.program.files() {
            write_file(&target.path.join("project"), &path, &text)?;
        }
        let damaged = self.dice.bool();
        if damaged {
            let mut bytes = fs::read(&file)?;
            let at = self.dice.usize(..bytes.len());
            bytes[at] ^= 1 << self.dice.u8(..8);
            if self.dice.bool() {
                bytes.truncate(self.dice.usize(at..=bytes.len()));
            }
            fs::write(&file, bytes)?;
            counts.corruptions += 1;
        }
        self.tell(format!("moved as one file, damaged: {damaged}"));
        let (imported, _) = self.command.run(&target.path, &["cache", "import", &file, "project"])?;
        if imported.exit != Some(0) && !damaged && !self.scarred {
            return Ok(Some(describe(&imported, &[])));
        }
        let cold = self.cold("run")?;
        let (outcome, beside) = self.command.run(&target.path, &[&["run", "project"], FLAGS.as_slice()].concat())?;
        counts.comparisons += 1;
        let computed = beside.statistics["units_computed"].as_u64();
        let lost = !damaged && !self.scarred && cold.exit == Some(0) && computed != Some(0);
        if outcome != cold || lost {
            return Ok(Some(format!("after the import, {computed:?} computed\n{}", describe(&outcome, &[&cold]))));
        }
        let warned = beside.warnings.first();
        Ok(warned.map(|warning| format!("a warning although only whole entries were imported: {warning}")))
    }

    /// What a process without store says of the present texts.
    fn cold(&mut self, verb: &'static str) -> Result<Outcome> {
        if let Some(outcome) = self.cold.get(verb) {
            return Ok(outcome.clone());
        }
        let args = [&[verb, "project", "--no-cache"], FLAGS.as_slice()].concat();
        let (outcome, _) = self.command.run(&self.folder.path, &args)?;
        self.cold.insert(verb, outcome.clone());
        Ok(outcome)
    }

    /// A fresh process with the store and one without.
    fn compare(&mut self, counts: &mut Counts) -> Result<Option<String>> {
        copy_folder(&self.store(), &self.before())?;
        let cold = self.cold("run")?;
        let mut args = [&["run", "project"], FLAGS.as_slice()].concat();
        // The command's own comparison looks at interfaces and code as well.
        if self.dice.u8(..4) == 0 {
            args.push("--verify");
        }
        let (warm, beside) = self.command.run(&self.folder.path, &args)?;
        counts.comparisons += 1;
        if warm != cold {
            return Ok(Some(describe(&warm, &[&cold])));
        }
        if let Some(wrong) = self.misbehaviour(&beside) {
            return Ok(Some(wrong));
        }
        // What was just saved answers the next one.
        if !self.scarred && cold.exit == Some(0) && self.dice.u8(..8) == 0 {
            let (again, beside) = self.command.run(&self.folder.path, &args)?;
            counts.comparisons += 1;
            let computed = beside.statistics["units_computed"].as_u64();
            if again != cold || computed != Some(0) {
                return Ok(Some(format!("the second run computed {computed:?}\n{}", describe(&again, &[&cold]))));
            }
        }
        Ok(None)
    }

    /// What no process may do, whatever its answer.
    fn misbehaviour(&self, beside: &Beside) -> Option<String> {
        if beside.warnings.len() > 1 {
            return Some(format!("more than one warning: {:?}", beside.warnings));
        }
        if let Some(warning) = beside.warnings.first().filter(|_| !self.scarred) {
            return Some(format!("a warning although nothing was damaged: {warning}"));
        }
        let peak = beside.statistics["peak_rss_kb"].as_u64().filter(|&peak| peak > MEMORY_KIB);
        peak.map(|peak| format!("the process took {peak} KiB"))
    }
}

/// What one process of a crowd does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Run,
    Check,
    /// Another copy of the project on the same store.
    Copy,
    Verify,
    Clear,
    Gc,
}

impl Member {
    fn args(self) -> &'static [&'static str] {
        match self {
            Member::Run | Member::Copy => &["run", "project"],
            Member::Check => &["check", "project"],
            Member::Verify => &["cache", "verify", "project"],
            Member::Clear => &["cache", "clear", "project"],
            Member::Gc => &["cache", "gc", "project", "--max-size", "200K"],
        }
    }
}

fn draw_member(dice: &mut Rng) -> Member {
    match dice.u8(..20) {
        0..=7 => Member::Run,
        8..=11 => Member::Check,
        12..=15 => Member::Copy,
        16 => Member::Verify,
        17 | 18 => Member::Gc,
        _ => Member::Clear,
    }
}

/// Writes what an edit changed. Each file changes at once, as when an editor saves it.
fn apply(project: &Path, edit: &Edit) -> Result<()> {
    for change in &edit.changes {
        let path = project.join(&change.path);
        match &change.text {
            Some(text) => {
                write_file(project, ".new", text)?;
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::rename(project.join(".new"), path)?;
            }
            None => fs::remove_file(path)?,
        }
    }
    Ok(())
}

fn describe(found: &Outcome, expected: &[&Outcome]) -> String {
    let part = |name: &str, outcome: &Outcome| {
        format!("--- {name}: exit {:?}\n{}{}", outcome.exit, shortened(&outcome.output), shortened(&outcome.errors))
    };
    let mut text = part("found", found);
    for expected in expected {
        text.push_str(&part("expected", expected));
    }
    text
}

fn shortened(text: &str) -> String {
    let mut short: String = text.lines().take(SHOWN).flat_map(|line| [line, "\n"]).collect();
    if text.lines().count() > SHOWN {
        short.push_str("…\n");
    }
    short
}

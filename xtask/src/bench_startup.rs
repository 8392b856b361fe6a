//! `cargo xtask bench-startup`: what a fresh process costs, and whether it did only what it should.
//!
//! Input: project sizes. Output: one table per size (Markdown, as `BENCHMARKS.md` has it) or one JSON object.
//!
//! Every row is the median of several fresh processes of the release binary, timed from outside from start to exit, on a
//! synthetic project (see [`crate::synthetic`]) in a temporary folder. The floor is a process that stats the same files
//! and reads as many bytes as the command read from its store.
//!
//! Invariant: each row asserts the counters of each of its runs and that the program printed what a run without store
//! prints. A wrong reuse fails the benchmark, however fast it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::floor;
use crate::synthetic::{Place, Project, lonely_module, write_file};
use crate::table::{Table, bytes, milliseconds};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Sizes of the projects.
    #[arg(long, value_delimiter = ',', default_value = "50,1000,10000")]
    modules: Vec<usize>,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Counted runs of a row; the cold ones of the largest projects are at most three.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Threads of the measured command; 0 means all processors.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// Sources younger than this when a manifest is written are hashed again by the next start, rightly; the benchmark waits
/// instead of measuring that.
const SETTLE: Duration = Duration::from_millis(2_100);

/// The last line that `--stats=json` prints. Fields that a build does not know are zero.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Stats {
    modules: u64,
    pub(crate) units_recalled: u64,
    units_computed: u64,
    files_hashed: u64,
    parsed: u64,
    bodies_inferred: u64,
    chunks_compiled: u64,
    chunks_loaded: u64,
    entries_written: u64,
    bytes_read: u64,
    bytes_written: u64,
    wall_us: u64,
    start_us: u64,
    scan_us: u64,
    recall_us: u64,
    compute_us: u64,
    link_us: u64,
    run_us: u64,
    pub(crate) save_us: u64,
    pub(crate) peak_rss_kb: u64,
}

/// One process.
struct Run {
    /// From before it was started until it had ended.
    wall_us: u64,
    stats: Stats,
    output: String,
}

/// The median run of one row.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    wall_us: u64,
    /// `None`: the floor itself.
    stats: Option<Stats>,
    to_floor: Option<f64>,
    to_cold: Option<f64>,
}

#[derive(Serialize)]
struct Report {
    modules: usize,
    lines: usize,
    /// All of them are ready to be called when the column `link` ends, but only those that were called are loaded.
    functions: usize,
    cold_lines_per_second: u64,
    rows: Vec<Row>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    ensure!(options.runs > 0, "--runs must be at least 1");
    let binaries = match &options.binaries {
        Some(binaries) => binaries.clone(),
        None => build(root)?,
    };
    let first = first_starts(&binaries, options)?;
    if !options.json {
        println!("{}", render_first(&first));
    }
    let mut reports = Vec::new();
    let mut problems = Vec::new();
    for &modules in &options.modules {
        let mut bench = Bench::new(&binaries, options, modules)?;
        let report = bench.measure()?;
        problems.append(&mut bench.problems);
        if !options.json {
            println!("{}", render(&report));
        }
        reports.push(report);
    }
    if options.json {
        let report = serde_json::json!({ "runs": options.runs, "first_starts": first, "projects": reports });
        println!("{}", serde_json::to_string(&report)?);
    }
    for problem in &problems {
        println!("WRONG {problem}");
    }
    ensure!(problems.is_empty(), "{} wrong answers or counters", problems.len());
    Ok(())
}

/// Starts on a machine that never saw the command: neither the project nor the user has stored anything.
fn first_starts(binaries: &Path, options: &Options) -> Result<Vec<Row>> {
    let dir = TemporaryFolder::new("first")?;
    dir.write("empty.nos", "main() = ()\n")?;
    let project = Project::new(49);
    project.write(&dir.join("project"))?;
    let mut rows = Vec::new();
    for (name, path) in [("empty program", "empty.nos"), ("51 modules", "project")] {
        let mut runs = Vec::new();
        for _ in 0..options.runs {
            for store in ["cache", "project/.ithaca"] {
                let store = dir.join(store);
                if store.exists() {
                    fs::remove_dir_all(store)?;
                }
            }
            let mut command = Command::new(binaries.join("ithaca"));
            command.env("XDG_CACHE_HOME", dir.join("cache"));
            let run = measured(command, &dir.join(path), options.threads, &[])?;
            ensure!(run.stats.units_recalled == 0, "{name}: something was stored");
            runs.push(run);
        }
        let run = median(runs);
        rows.push(Row {
            name: name.to_owned(),
            wall_us: run.wall_us,
            stats: Some(run.stats),
            to_floor: None,
            to_cold: None,
        });
    }
    Ok(rows)
}

fn render_first(rows: &[Row]) -> String {
    let mut table = Table::new(&["first start", "wall ms", "until main", "computed", "parsed", "compiled", "written"]);
    for row in rows {
        let stats = row.stats.clone().unwrap_or_default();
        table.row(vec![
            row.name.clone(),
            milliseconds(row.wall_us),
            milliseconds(stats.start_us),
            stats.units_computed.to_string(),
            stats.parsed.to_string(),
            stats.chunks_compiled.to_string(),
            bytes(stats.bytes_written),
        ]);
    }
    format!("### First start on a machine\n\n{}", table.render())
}

/// One run of the command on `path`.
fn measured(mut command: Command, path: &Path, threads: usize, more: &[&str]) -> Result<Run> {
    command.arg("run").arg(path).args(["--stats=json", "--threads"]).arg(threads.to_string());
    command.args(more).stdin(Stdio::null());
    let started = Instant::now();
    let output = command.output().context("cannot start the command")?;
    let wall_us = elapsed_us(started);
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let shown: String = errors.chars().take(2_000).collect();
        bail!("`ithaca run {}` failed:\n{shown}", more.join(" "));
    }
    let last = errors.lines().last().unwrap_or_default();
    let stats = serde_json::from_str(last).with_context(|| format!("the last line is not statistics: {last}"))?;
    Ok(Run { wall_us, stats, output: String::from_utf8_lossy(&output.stdout).into_owned() })
}

/// Builds the command and this program in release mode; answers where they are.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(&cargo)
        .current_dir(root)
        .args(["build", "--release", "--quiet", "--package", "ithaca-cli", "--package", "xtask"])
        .status()
        .context("cannot start cargo")?;
    ensure!(built.success(), "the release build failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release"))
}

/// Segments of the store in the last rows.
const SEGMENTS: usize = 64;

struct Bench<'a> {
    options: &'a Options,
    ithaca: PathBuf,
    xtask: PathBuf,
    project: Project,
    dir: TemporaryFolder,
    /// What a run without store printed.
    expected: String,
    rows: Vec<Row>,
    problems: Vec<String>,
    /// Numbers the edits, so that no two texts are equal.
    edits: usize,
}

impl<'a> Bench<'a> {
    fn new(binaries: &Path, options: &'a Options, modules: usize) -> Result<Bench<'a>> {
        let project = Project::new(modules);
        let dir = TemporaryFolder::new("bench")?;
        project.write(&dir.path)?;
        let list: Vec<String> = project.entry_closure.iter().map(|path| dir.join(path).display().to_string()).collect();
        fs::write(dir.list(), list.join("\n"))?;
        Ok(Bench {
            options,
            ithaca: binaries.join("ithaca"),
            xtask: binaries.join("xtask"),
            project,
            dir,
            expected: String::new(),
            rows: Vec::new(),
            problems: Vec::new(),
            edits: 0,
        })
    }

    fn measure(&mut self) -> Result<Report> {
        let all = self.project.files.len() as u64;
        let runs = self.options.runs;
        self.expected = self.ithaca(&["--no-cache"])?.output;
        thread::sleep(SETTLE);

        let cold_runs = if all > 5_000 { runs.min(3) } else { runs };
        let mut cold = Vec::new();
        for _ in 0..cold_runs {
            self.dir.remove_store()?;
            let run = self.ithaca(&[])?;
            self.same_output("cold", &run);
            self.check("cold", "units_recalled", run.stats.units_recalled, 0);
            cold.push(run);
        }
        let cold = median(cold);
        let cold_wall = cold.wall_us;

        let mut warm = Vec::new();
        for _ in 0..runs {
            let run = self.ithaca(&[])?;
            self.same_output("no change", &run);
            self.check_quiet("no change", &run);
            warm.push(run);
        }
        let warm = median(warm);
        let mut entry = Vec::new();
        for _ in 0..runs {
            let run = self.ithaca(&["--bin", "entry"])?;
            self.check_quiet("one entry", &run);
            entry.push(run);
        }
        let entry = median(entry);

        let floor = self.floor(&[self.dir.display()], warm.stats.bytes_read)?;
        let entry_list = ["--list".to_owned(), self.dir.list().display().to_string()];
        let entry_floor = self.floor(&entry_list, entry.stats.bytes_read)?;
        let reached = self.project.entry_closure.len();
        self.push("floor: stat all, read the same bytes", floor, None, None, None);
        self.push("floor of one entry", entry_floor, None, None, None);
        self.push("cold, with saving", cold_wall, Some(cold.stats), Some(floor), None);
        self.push("no change", warm.wall_us, Some(warm.stats), Some(floor), Some(cold_wall));
        let name = format!("one entry, {reached} modules");
        self.push(&name, entry.wall_us, Some(entry.stats), Some(entry_floor), Some(cold_wall));

        self.edit_rows(floor, cold_wall)?;
        self.file_rows(floor, cold_wall)?;
        self.segment_rows(floor, cold_wall)?;

        let lines = self.project.lines();
        Ok(Report {
            modules: self.project.files.len(),
            lines,
            functions: self.project.functions(),
            cold_lines_per_second: lines as u64 * 1_000_000 / cold_wall.max(1),
            rows: std::mem::take(&mut self.rows),
        })
    }

    /// Body edit, its revert, signature edits.
    fn edit_rows(&mut self, floor: u64, cold: u64) -> Result<()> {
        let mut edited = Vec::new();
        let mut reverted = Vec::new();
        for _ in 0..self.options.runs {
            let path = self.project.body_edit.path.clone();
            self.apply(|project| &project.body_edit)?;
            let run = self.ithaca(&[])?;
            self.check("body edit", "units_computed", run.stats.units_computed, 1);
            self.check("body edit", "parsed", run.stats.parsed, 1);
            self.check("body edit", "chunks_compiled", run.stats.chunks_compiled, 1);
            self.check("body edit", "bodies_inferred", run.stats.bodies_inferred, 1);
            self.equals_cold("body edit", &run)?;
            edited.push(run);

            self.restore(&path)?;
            let run = self.ithaca(&[])?;
            self.check("revert", "units_computed", run.stats.units_computed, 0);
            self.check("revert", "chunks_compiled", run.stats.chunks_compiled, 0);
            self.same_output("revert", &run);
            reverted.push(run);
        }
        let (edited, reverted) = (median(edited), median(reverted));
        self.push("body edit", edited.wall_us, Some(edited.stats), Some(floor), Some(cold));
        self.push("revert of it", reverted.wall_us, Some(reverted.stats), Some(floor), Some(cold));

        let few: fn(&Project) -> &Place = |project| &project.few;
        let many: fn(&Project) -> &Place = |project| &project.many;
        for (what, place) in [("few", few), ("many", many)] {
            let users = place(&self.project).users as u64;
            let path = place(&self.project).path.clone();
            let name = format!("signature edit, {users} users ({what})");
            let mut runs = Vec::new();
            for _ in 0..self.options.runs {
                self.apply(place)?;
                let run = self.ithaca(&[])?;
                self.check(&name, "units_computed", run.stats.units_computed, users + 1);
                self.same_output(&name, &run);
                runs.push(run);
            }
            let run = median(runs);
            self.push(&name, run.wall_us, Some(run.stats), Some(floor), Some(cold));
            self.restore(&path)?;
            self.ithaca(&[])?;
        }
        Ok(())
    }

    /// A module more, a module less.
    fn file_rows(&mut self, floor: u64, cold: u64) -> Result<()> {
        let mut added = Vec::new();
        let mut deleted = Vec::new();
        for _ in 0..self.options.runs {
            self.edits += 1;
            let path = "core/lonely.nos";
            self.dir.write(path, &lonely_module(self.edits))?;
            let run = self.ithaca(&[])?;
            self.check("module added", "units_computed", run.stats.units_computed, 1);
            self.check("module added", "parsed", run.stats.parsed, 1);
            self.same_output("module added", &run);
            added.push(run);

            fs::remove_file(self.dir.join(path))?;
            let run = self.ithaca(&[])?;
            self.check("module deleted", "units_computed", run.stats.units_computed, 0);
            self.check("module deleted", "parsed", run.stats.parsed, 0);
            self.same_output("module deleted", &run);
            deleted.push(run);
        }
        let (added, deleted) = (median(added), median(deleted));
        self.push("module added", added.wall_us, Some(added.stats), Some(floor), Some(cold));
        self.push("module deleted", deleted.wall_us, Some(deleted.stats), Some(floor), Some(cold));
        Ok(())
    }

    /// The same entries in as many segments as if nothing were ever merged, and in one.
    fn segment_rows(&mut self, floor: u64, cold: u64) -> Result<()> {
        self.dir.remove_store()?;
        self.ithaca(&[])?;
        {
            // Who has this lock keeps others from merging.
            let lock = self.dir.build_folder()?.join("lock");
            let lock = fs::OpenOptions::new().write(true).create(true).truncate(false).open(lock)?;
            lock.lock()?;
            let paths: Vec<String> = self.project.files.keys().cloned().collect();
            let mut paths = paths.iter().cycle();
            while self.dir.segments()? < SEGMENTS
                && let Some(path) = paths.next()
            {
                self.edits += 1;
                let edits = self.edits;
                self.dir.write(path, &format!("{}\nadded{edits}() = {edits}\n", self.project.files[path]))?;
                let run = self.ithaca(&[])?;
                self.check("segments", "units_computed", run.stats.units_computed, 1);
            }
        }
        // The last text is too young for its stamp to be trusted.
        std::thread::sleep(Duration::from_millis(100));
        self.ithaca(&[])?;
        for segments in [SEGMENTS, 1] {
            if segments == 1 {
                let gc = self.command().args(["cache", "gc"]).arg(&self.dir.path).output()?;
                ensure!(gc.status.success(), "gc failed: {}", String::from_utf8_lossy(&gc.stderr));
            }
            // Entries that are too many for one segment stay in a few.
            let found = self.dir.segments()?;
            let name = format!("no change, segments: {found}");
            self.check(&name, "many segments", u64::from(found == SEGMENTS), u64::from(segments == SEGMENTS));
            let mut runs = Vec::new();
            for _ in 0..self.options.runs {
                let run = self.ithaca(&[])?;
                self.check_quiet(&name, &run);
                runs.push(run);
            }
            let run = median(runs);
            self.push(&name, run.wall_us, Some(run.stats), Some(floor), Some(cold));
        }
        Ok(())
    }

    fn push(&mut self, name: &str, wall_us: u64, stats: Option<Stats>, floor: Option<u64>, cold: Option<u64>) {
        let ratio = |base: Option<u64>| base.map(|base| wall_us as f64 / base.max(1) as f64);
        let row = Row { name: name.to_owned(), wall_us, stats, to_floor: ratio(floor), to_cold: ratio(cold) };
        self.rows.push(row);
    }

    // --- edits ---------------------------------------------------------------------------------------------------

    fn apply(&mut self, place: impl Fn(&Project) -> &Place) -> Result<()> {
        self.edits += 1;
        let place = place(&self.project);
        self.dir.write(&place.path, &place.edited(&self.project.files[&place.path], self.edits))
    }

    fn restore(&mut self, path: &str) -> Result<()> {
        self.dir.write(path, &self.project.files[path])
    }

    // --- assertions ----------------------------------------------------------------------------------------------

    fn check(&mut self, row: &str, counter: &str, found: u64, expected: u64) {
        if found != expected {
            let modules = self.project.files.len();
            self.problems.push(format!("{modules} modules, {row}: {counter} is {found}, not {expected}"));
        }
    }

    /// Nothing was computed, nothing was read but the store.
    fn check_quiet(&mut self, row: &str, run: &Run) {
        let stats = &run.stats;
        for (counter, found) in [
            ("units_computed", stats.units_computed),
            ("parsed", stats.parsed),
            ("bodies_inferred", stats.bodies_inferred),
            ("chunks_compiled", stats.chunks_compiled),
            ("entries_written", stats.entries_written),
            ("files_hashed", stats.files_hashed),
        ] {
            self.check(row, counter, found, 0);
        }
    }

    fn same_output(&mut self, row: &str, run: &Run) {
        if run.output != self.expected {
            self.problems.push(format!("{row}: printed `{}`, not `{}`", run.output.trim(), self.expected.trim()));
        }
    }

    /// The text differs from the original, so the output is compared with a run that reuses nothing.
    fn equals_cold(&mut self, row: &str, run: &Run) -> Result<()> {
        let cold = self.ithaca(&["--no-cache"])?;
        if cold.output != run.output {
            self.problems.push(format!("{row}: printed `{}`, cold `{}`", run.output.trim(), cold.output.trim()));
        }
        Ok(())
    }

    // --- processes -----------------------------------------------------------------------------------------------

    /// One run of the project.
    fn ithaca(&self, more: &[&str]) -> Result<Run> {
        measured(self.command(), &self.dir.path, self.options.threads, more)
    }

    /// The command, with a user's folder of its own.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.ithaca);
        command.env("XDG_CACHE_HOME", self.dir.user_folder());
        command
    }

    /// Median wall time of the floor.
    fn floor(&self, stamps: &[String], bytes: u64) -> Result<u64> {
        let store = self.dir.store_files()?;
        let mut walls = Vec::new();
        for _ in 0..self.options.runs {
            let mut command = Command::new(&self.xtask);
            command.arg(floor::NAME).args(stamps).arg(bytes.to_string()).args(&store);
            let started = Instant::now();
            let output = command.stdin(Stdio::null()).output().context("cannot start the floor")?;
            walls.push(elapsed_us(started));
            ensure!(output.status.success(), "the floor failed: {}", String::from_utf8_lossy(&output.stdout));
        }
        walls.sort_unstable();
        Ok(walls[walls.len() / 2])
    }
}

fn elapsed_us(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The run in the middle by wall time.
fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by_key(|run| run.wall_us);
    let middle = runs.len() / 2;
    runs.swap_remove(middle)
}

/// One project as text.
fn render(report: &Report) -> String {
    let head = [
        "row", "wall ms", "/ floor", "/ cold", "recalled", "computed", "parsed", "inferred", "compiled", "loaded",
        "hashed", "written", "peak MB", "scan", "recall", "compute", "link", "run", "save",
    ];
    let mut table = Table::new(&head);
    for row in &report.rows {
        let ratio = |ratio: Option<f64>, digits: usize| ratio.map_or(String::new(), |it| format!("{it:.digits$}"));
        let mut cells =
            vec![row.name.clone(), milliseconds(row.wall_us), ratio(row.to_floor, 2), ratio(row.to_cold, 4)];
        if let Some(stats) = &row.stats {
            let counters = [
                stats.units_recalled,
                stats.units_computed,
                stats.parsed,
                stats.bodies_inferred,
                stats.chunks_compiled,
                stats.chunks_loaded,
                stats.files_hashed,
            ];
            cells.extend(counters.map(|it| it.to_string()));
            cells.push(bytes(stats.bytes_written));
            cells.push(format!("{:.1}", stats.peak_rss_kb as f64 / 1024.0));
            let phases = [stats.scan_us, stats.recall_us, stats.compute_us, stats.link_us, stats.run_us, stats.save_us];
            cells.extend(phases.map(milliseconds));
        }
        table.row(cells);
    }
    format!(
        "### {} modules, {} functions, {} lines; cold {} lines a second\n\n{}",
        report.modules,
        report.functions,
        report.lines,
        report.cold_lines_per_second,
        table.render()
    )
}

/// A project on disk; removed when dropped.
pub(crate) struct TemporaryFolder {
    pub(crate) path: PathBuf,
}

impl TemporaryFolder {
    /// `purpose` and this process tell it from others; only one of a purpose at a time.
    pub(crate) fn new(purpose: &str) -> Result<TemporaryFolder> {
        let name = format!("ithaca-{purpose}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(TemporaryFolder { path })
    }

    fn join(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    fn display(&self) -> String {
        self.path.display().to_string()
    }

    /// Where the paths behind the entry are listed for the floor; not a source file.
    fn list(&self) -> PathBuf {
        self.path.join("entry-files.txt")
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        write_file(&self.path, path, text)
    }

    /// Stands for the folder of the user; sources are not looked for in it.
    fn user_folder(&self) -> PathBuf {
        self.path.join(".user")
    }

    fn remove_store(&self) -> Result<()> {
        for store in [self.path.join(".ithaca"), self.user_folder()] {
            if store.exists() {
                fs::remove_dir_all(store)?;
            }
        }
        Ok(())
    }

    /// The folder of the entries of this build.
    fn build_folder(&self) -> Result<PathBuf> {
        for entry in fs::read_dir(self.path.join(".ithaca"))? {
            let path = entry?.path();
            if path.is_dir() {
                return Ok(path);
            }
        }
        anyhow::bail!("nothing was stored")
    }

    fn segments(&self) -> Result<usize> {
        let is_segment = |path: &&String| path.ends_with(".seg");
        Ok(self.store_files()?.iter().filter(is_segment).count())
    }

    /// Every file of the store, manifests first: what a start reads first.
    fn store_files(&self) -> Result<Vec<String>> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.path.join(".ithaca")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    found.insert((!name.contains("manifest"), entry.path()));
                }
            }
        }
        Ok(found.into_iter().map(|(_, path)| path.display().to_string()).collect())
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed is left to the system's cleaning of temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, wall_us: u64, stats: Option<Stats>) -> Row {
        Row { name: name.to_owned(), wall_us, stats, to_floor: Some(2.0), to_cold: Some(0.5) }
    }

    #[test]
    fn a_report_is_a_table() {
        let stats = Stats { units_computed: 1, bytes_written: 4_200, peak_rss_kb: 20_480, ..Stats::default() };
        let rows = vec![row("floor", 1_000, None), row("body edit", 2_000, Some(stats))];
        let report = Report { modules: 52, lines: 3_000, functions: 1_000, cold_lines_per_second: 400_000, rows };
        let text = render(&report);
        let edit = text.lines().last().unwrap_or_default();
        assert!(text.starts_with("### 52 modules, 1000 functions, 3000 lines; cold 400000 lines a second\n"), "{text}");
        assert!(edit.starts_with("| body edit |    2.00 |    2.00 | 0.5000 |"), "{edit}");
        assert!(edit.contains("4.2 kB |    20.0 |"), "{edit}");
    }

    #[test]
    fn statistics_of_another_build_are_read() {
        let stats: Stats =
            serde_json::from_str(r#"{"modules": 3, "units_computed": 2, "something_new": 1}"#).unwrap_or_default();
        assert_eq!((stats.modules, stats.units_computed, stats.bytes_read), (3, 2, 0));
    }

    #[test]
    fn the_median_is_a_run_that_happened() {
        let run =
            |wall_us| Run { wall_us, stats: Stats { parsed: wall_us, ..Stats::default() }, output: String::new() };
        let middle = median(vec![run(5), run(1), run(3)]);
        assert_eq!((middle.wall_us, middle.stats.parsed), (3, 3));
    }
}

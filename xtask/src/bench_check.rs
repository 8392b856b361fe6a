//! `cargo xtask bench-check`: how fast a project is compiled from nothing, phase by phase, and whether it stays linear.
//!
//! Input: sizes of synthetic projects, or a folder with sources. Output: tables (Markdown) or one JSON object.
//!
//! - *Phases*: the queries of one database, asked in the order of the phases for all files, on one thread in this
//!   process. A phase is what is left to do when the ones before it are done, so the phases add up to a build.
//! - *Whole builds*: fresh processes of the command on one thread and on all, without and with saving; peak memory.
//! - *Linearity*: programs of one shape at size n and 2n; a ratio near 2 is linear.
//!
//! Invariant: every program that is measured has no problems, so nothing is fast because it stopped early.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use base_db::{Content, DefId, DefKind, DefName, File, Fingerprint, ModuleId, Name, Options as CodeOptions, SourceDb};
use database::{RootDatabase, Texts};
use serde::Serialize;

use crate::bench_startup::{Stats, TemporaryFolder, build};
use crate::synthetic;
use crate::table::{Table, milliseconds};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Sizes of the synthetic projects.
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    modules: Vec<usize>,
    /// Measure the sources below this folder instead of synthetic projects.
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Runs of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// Sources by path.
type Sources = BTreeMap<String, String>;

/// One project, measured.
#[derive(Serialize)]
struct Report {
    name: String,
    files: usize,
    lines: usize,
    functions: usize,
    phases: Vec<Phase>,
    builds: Vec<Build>,
}

/// Microseconds of one phase on one thread.
#[derive(Clone, Serialize)]
struct Phase {
    name: &'static str,
    us: u64,
}

/// A whole process.
#[derive(Serialize)]
struct Build {
    name: &'static str,
    wall_us: u64,
    save_us: u64,
    peak_rss_kb: u64,
}

/// One shape at two sizes.
#[derive(Serialize)]
struct Shape {
    name: &'static str,
    size: usize,
    infer_us: u64,
    infer_double_us: u64,
    all_us: u64,
    all_double_us: u64,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    ensure!(options.runs > 0, "--runs must be at least 1");
    let binaries = match &options.binaries {
        Some(binaries) => binaries.clone(),
        None => build(root)?,
    };
    if cfg!(debug_assertions) {
        // The phases are measured in this process, so it has to be the optimised one.
        let mut again = Command::new(binaries.join("xtask"));
        again.args(std::env::args_os().skip(1)).arg("--binaries").arg(&binaries);
        let status = again.status().context("cannot start the release build of xtask")?;
        ensure!(status.success(), "the release build of xtask failed");
        return Ok(());
    }
    let mut reports = Vec::new();
    match &options.path {
        Some(folder) => {
            let mut sources = Sources::new();
            read_sources(folder, folder, &mut sources)?;
            reports.push(measure(&folder.display().to_string(), folder, &sources, &binaries, options)?);
        }
        None => {
            for &modules in &options.modules {
                let folder = TemporaryFolder::new("check")?;
                let project = synthetic::Project::new(modules);
                project.write(&folder.path)?;
                let name = format!("{} synthetic modules", project.files.len());
                reports.push(measure(&name, &folder.path, &project.files, &binaries, options)?);
            }
        }
    }
    let shapes: Vec<Shape> = SHAPES.iter().map(|shape| linearity(shape, options.runs)).collect::<Result<_>>()?;
    if options.json {
        println!("{}", serde_json::json!({ "projects": reports, "linearity": shapes }));
        return Ok(());
    }
    for report in &reports {
        println!("{}", render(report));
    }
    println!("{}", render_shapes(&shapes));
    Ok(())
}

/// All sources below `folder`, by path relative to `root`.
fn read_sources(root: &Path, folder: &Path, sources: &mut Sources) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            read_sources(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.insert(relative, text);
        }
    }
    Ok(())
}

fn measure(name: &str, folder: &Path, sources: &Sources, binaries: &Path, options: &Options) -> Result<Report> {
    let mut functions = 0;
    let runs: Vec<Vec<Phase>> = (0..options.runs)
        .map(|_| {
            let (phases, defs) = phases(sources)?;
            functions = defs;
            Ok(phases)
        })
        .collect::<Result<_>>()?;
    let ithaca = binaries.join("ithaca");
    let builds = [
        ("one thread", &["--threads", "1", "--no-cache"][..]),
        ("one thread, with saving", &["--threads", "1"]),
        ("all threads", &["--threads", "0", "--no-cache"]),
        ("all threads, with saving", &["--threads", "0"]),
    ];
    let builds = builds.iter().map(|(name, args)| whole(name, &ithaca, folder, args, options.runs));
    Ok(Report {
        name: name.to_owned(),
        files: sources.len(),
        lines: sources.values().map(|text| text.lines().count()).sum(),
        functions,
        phases: medians(&runs),
        builds: builds.collect::<Result<_>>()?,
    })
}

/// The run in the middle, phase by phase.
fn medians(runs: &[Vec<Phase>]) -> Vec<Phase> {
    let mut medians = runs[0].clone();
    for (index, phase) in medians.iter_mut().enumerate() {
        phase.us = median(runs.iter().map(|run| run[index].us).collect());
    }
    medians
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The median of fresh processes that have nothing to reuse.
fn whole(name: &'static str, ithaca: &Path, folder: &Path, args: &[&str], runs: usize) -> Result<Build> {
    let mut builds = Vec::new();
    for _ in 0..runs {
        let store = folder.join(".ithaca");
        if store.exists() {
            fs::remove_dir_all(&store)?;
        }
        let started = Instant::now();
        let output = Command::new(ithaca)
            .arg("check")
            .arg(folder)
            .arg("--stats=json")
            .args(args)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", ithaca.display()))?;
        let wall_us = micros(started);
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`ithaca check` failed:\n{errors}");
        let stats: Stats = serde_json::from_str(errors.lines().last().unwrap_or_default())?;
        ensure!(stats.units_recalled == 0, "a cold build recalled {} units", stats.units_recalled);
        builds.push(Build { name, wall_us, save_us: stats.save_us, peak_rss_kb: stats.peak_rss_kb });
    }
    builds.sort_by_key(|build| build.wall_us);
    let middle = builds.len() / 2;
    Ok(builds.swap_remove(middle))
}

/// All texts are inputs from the start.
struct NoTexts;

impl Texts for NoTexts {
    fn load(&self, _path: &str, _hash: Fingerprint) -> Option<Arc<str>> {
        None
    }
}

/// A database with the library and `sources`, and the files of `sources` in path order.
fn open(sources: &Sources) -> (RootDatabase, Vec<File>) {
    let mut db = RootDatabase::without_store(Arc::new(NoTexts), Arc::default());
    // As the command does for projects of up to 2,048 files.
    db.keep_everything();
    let text = |text: &str| (Fingerprint::of_bytes(text.as_bytes()), Content::Text(Arc::from(text)));
    let file = |path: Name, content: &str| {
        let (hash, content) = text(content);
        (path, hash, content)
    };
    let library = stdlib::library().iter().map(|(name, text)| file(base_db::library_path(name), text));
    let own = sources.iter().map(|(path, text)| file(Name::from(path.as_str()), text));
    let files = library.chain(own).collect();
    db.set_project(base_db::Project::with_files(&db, CodeOptions::default(), files));
    let files = sources.keys().filter_map(|path| db.project().file(&db, path)).collect();
    (db, files)
}

/// Each phase of a build of `sources`, and the number of definitions with code.
fn phases(sources: &Sources) -> Result<(Vec<Phase>, usize)> {
    let (db, files) = open(sources);
    let mut phases = Vec::new();
    let mut time = |name, work: &mut dyn FnMut()| {
        let started = Instant::now();
        work();
        phases.push(Phase { name, us: micros(started) });
    };
    // What of the library everybody needs is the same for all sizes.
    time("library", &mut || {
        for file in db.project().files(&db).filter(|file| file.library(&db)) {
            hir::header(&db, file);
        }
    });
    time("parse", &mut || {
        for &file in &files {
            hir::parse(&db, file);
        }
    });
    time("collect", &mut || {
        for &file in &files {
            hir::header(&db, file);
        }
    });
    let mut defs = Vec::new();
    time("resolve", &mut || {
        hir::unit_graph(&db);
        hir::impl_index(&db);
        for &file in &files {
            for module in &hir::header(&db, file).modules {
                hir::import_problems(&db, ModuleId::new(&db, module.path.clone()));
                defs.extend(module.defs.iter().flat_map(|item| with_code(&db, &item.def)));
            }
        }
    });
    let ids: Vec<DefId> = defs.iter().map(|def| DefId::new(&db, def.clone())).collect();
    time("lower", &mut || {
        for &id in &ids {
            hir::query::body(&db, id);
        }
    });
    time("group", &mut || {
        for &id in &ids {
            types::binding_group(&db, id);
        }
    });
    time("infer", &mut || {
        // As the driver does it, and what is in no group.
        for &file in &files {
            for &group in types::groups_in_order(&db, file) {
                types::infer_group(&db, group);
            }
        }
        for &id in &ids {
            types::infer(&db, id);
        }
    });
    time("codegen", &mut || {
        for &id in &ids {
            codegen::compiled(&db, id);
        }
    });
    let mut failed = None;
    time("assemble", &mut || {
        for &file in &files {
            if database::unit_artifact(&db, database::unit_of(&db, file)).is_none() {
                failed = Some(file.path(&db).clone());
            }
        }
    });
    ensure!(failed.is_none(), "{} has errors", failed.unwrap_or_default());
    Ok((phases, ids.len()))
}

/// The definitions with code behind a name of a header.
fn with_code(db: &RootDatabase, def: &DefName) -> Vec<DefName> {
    let id = DefId::new(db, def.clone());
    match def.kind() {
        DefKind::Function | DefKind::Value | DefKind::Mvar => vec![def.clone()],
        DefKind::Impl => {
            let methods = types::impl_def(db, id).iter().flat_map(|item| &item.methods);
            methods.map(|(_, method)| method.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn micros(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A program of some size.
struct Program {
    name: &'static str,
    size: usize,
    text: fn(usize) -> String,
}

/// What the checker must take in linear time.
const SHAPES: &[Program] = &[
    Program { name: "functions in a chain", size: 1_000, text: chain },
    Program { name: "functions in one ring", size: 1_000, text: ring },
    Program { name: "constraints in one body", size: 10_000, text: constraints },
    Program { name: "clauses of one function", size: 500, text: clauses },
    Program { name: "elements of a list", size: 2_000, text: list },
    Program { name: "records in a list", size: 2_000, text: records },
    Program { name: "arms of a match", size: 300, text: arms },
    Program { name: "constructors and arms", size: 300, text: constructors },
    Program { name: "statements of a block", size: 5_000, text: statements },
];

/// Each function calls the one before it; nothing is annotated.
fn chain(n: usize) -> String {
    lines("f0(n) = n + 1", (1..n).map(|i| format!("f{i}(n) = f{}(n) + {i}", i - 1)))
}

/// As a chain, and the first calls the last: one binding group.
fn ring(n: usize) -> String {
    let first = format!("f0(n) = if n > 0 then f{}(n - 1) else 0", n - 1);
    lines(&first, (1..n).map(|i| format!("f{i}(n) = f{}(n) + {i}", i - 1)))
}

/// Sums of operands whose type nobody knows.
fn constraints(n: usize) -> String {
    let sums = (1..n).map(|i| format!("  x{i} = x{} + {}", i - 1, if i % 2 == 0 { "a" } else { "b" }));
    lines("f(a, b) = {\n  x0 = a + b", sums.chain([format!("  x{}\n}}", n - 1)]))
}

fn clauses(n: usize) -> String {
    lines("f(0) = 0", (1..n).map(|i| format!("f({i}) = {}", i * 7 % 1000)).chain(["f(n) = n".to_owned()]))
}

fn list(n: usize) -> String {
    let items: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    format!("f() = [{}]\n", items.join(", "))
}

fn records(n: usize) -> String {
    let items: Vec<String> = (0..n).map(|i| format!("Point({i}, \"p{i}\", Some({i}))")).collect();
    format!("type Point = {{ x: Int, name: String, tag: Option[Int] }}\nf() = [{}]\n", items.join(", "))
}

fn arms(n: usize) -> String {
    let arms = (0..n).map(|i| format!("  {i} -> \"a{i}\""));
    lines("f(n) = match n {", arms.chain(["  _ -> \"other\"\n}".to_owned()]))
}

fn constructors(n: usize) -> String {
    let names: Vec<String> = (0..n).map(|i| format!("C{i}(Int)")).collect();
    let head = format!("type T = {}\nf(t) = match t {{", names.join(" | "));
    lines(&head, (0..n).map(|i| format!("  C{i}(x) -> x + {i}")).chain(["}".to_owned()]))
}

fn statements(n: usize) -> String {
    let bindings = (1..n).map(|i| format!("  x{i} = [x{} + 1].map(y => y * {i}).sum()", i - 1));
    lines("f(n: Int) = {\n  x0 = n", bindings.chain([format!("  x{}\n}}", n - 1)]))
}

fn lines(first: &str, more: impl Iterator<Item = String>) -> String {
    let mut text = format!("{first}\n");
    for line in more {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn linearity(program: &Program, runs: usize) -> Result<Shape> {
    let measure = |size: usize| -> Result<(u64, u64)> {
        let sources = Sources::from([("main.nos".to_owned(), (program.text)(size))]);
        let mut infer = Vec::new();
        let mut all = Vec::new();
        for _ in 0..runs {
            let (phases, _) = phases(&sources).with_context(|| format!("{size} {}", program.name))?;
            infer.push(phases.iter().filter(|phase| phase.name == "infer").map(|phase| phase.us).sum());
            all.push(phases.iter().filter(|phase| phase.name != "library").map(|phase| phase.us).sum());
        }
        Ok((median(infer), median(all)))
    };
    let (infer_us, all_us) = measure(program.size)?;
    let (infer_double_us, all_double_us) = measure(program.size * 2)?;
    Ok(Shape { name: program.name, size: program.size, infer_us, infer_double_us, all_us, all_double_us })
}

fn per_second(lines: usize, us: u64) -> String {
    (lines as u64 * 1_000_000 / us.max(1)).to_string()
}

fn render(report: &Report) -> String {
    let mut table = Table::new(&["phase, one thread", "ms", "share", "lines/s"]);
    let own = || report.phases.iter().filter(|phase| phase.name != "library");
    let total: u64 = own().map(|phase| phase.us).sum();
    for phase in own() {
        let share = format!("{:.0}%", phase.us as f64 * 100.0 / total.max(1) as f64);
        let cells = vec![phase.name.to_owned(), milliseconds(phase.us), share, per_second(report.lines, phase.us)];
        table.row(cells);
    }
    table.row(vec!["all".to_owned(), milliseconds(total), String::new(), per_second(report.lines, total)]);
    let mut builds = Table::new(&["fresh process", "ms", "lines/s", "save", "peak MB", "kB a function"]);
    for build in &report.builds {
        builds.row(vec![
            build.name.to_owned(),
            milliseconds(build.wall_us),
            per_second(report.lines, build.wall_us),
            milliseconds(build.save_us),
            format!("{:.1}", build.peak_rss_kb as f64 / 1024.0),
            format!("{:.1}", build.peak_rss_kb as f64 / report.functions.max(1) as f64),
        ]);
    }
    let Report { name, files, lines, functions, .. } = report;
    format!(
        "### {name}: {files} files, {lines} lines, {functions} functions\n\n{}\n{}",
        table.render(),
        builds.render()
    )
}

fn render_shapes(shapes: &[Shape]) -> String {
    let mut table = Table::new(&["linearity", "n", "infer ms", "2n", "ratio", "all ms", "2n", "ratio"]);
    let ratio = |one: u64, two: u64| format!("{:.2}", two as f64 / one.max(1) as f64);
    for shape in shapes {
        table.row(vec![
            shape.name.to_owned(),
            shape.size.to_string(),
            milliseconds(shape.infer_us),
            milliseconds(shape.infer_double_us),
            ratio(shape.infer_us, shape.infer_double_us),
            milliseconds(shape.all_us),
            milliseconds(shape.all_double_us),
            ratio(shape.all_us, shape.all_double_us),
        ]);
    }
    format!("### Linearity, one thread\n\n{}", table.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest programs of each shape have no problems; larger ones differ in size only.
    #[test]
    fn every_shape_compiles() {
        for program in SHAPES {
            let sources = Sources::from([("main.nos".to_owned(), (program.text)(3))]);
            let outcome = phases(&sources).map(|(phases, _)| phases.len());
            assert!(outcome.is_ok(), "{}: {outcome:?}\n{}", program.name, (program.text)(3));
        }
    }

    #[test]
    fn phases_cover_a_synthetic_project() {
        let project = synthetic::Project::new(10);
        let (phases, functions) = phases(&project.files).expect("it has no problems");
        let names: Vec<&str> = phases.iter().map(|phase| phase.name).collect();
        assert_eq!(names, ["library", "parse", "collect", "resolve", "lower", "group", "infer", "codegen", "assemble"]);
        assert!(functions > 150, "{functions} functions");
    }

    #[test]
    fn the_median_is_taken_by_phase() {
        let run = |a, b| vec![Phase { name: "parse", us: a }, Phase { name: "infer", us: b }];
        let found: Vec<u64> = medians(&[run(1, 9), run(5, 7), run(3, 8)]).iter().map(|phase| phase.us).collect();
        assert_eq!(found, [3, 8]);
    }
}

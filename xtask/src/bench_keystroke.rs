//! `cargo xtask bench-keystroke`: what a keystroke costs a process that lives, until all diagnostics are known again.
//!
//! Input: sizes of synthetic projects. Output: a table (Markdown) or one JSON object: medians of many keystrokes through
//! the embedding API, in a process that compiled the project from nothing and in one that was started on what the
//! first one stored.
//!
//! A keystroke sets the text of one file and asks for the diagnostics of the whole project.
//!
//! Invariant: every edit leaves the project without problems and computes exactly the units that it reaches, so nothing
//! is fast because it stopped early.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use ithaca::{Cache, Engine, OpenOptions};
use serde::Serialize;

use crate::bench_startup::{TemporaryFolder, build};
use crate::synthetic::{Place, Project};
use crate::table::{Table, milliseconds};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Sizes of the projects.
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000")]
    modules: Vec<usize>,
    /// Keystrokes of a row.
    #[arg(long, default_value_t = 100)]
    keys: usize,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Use the binaries in this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// The keystrokes of one kind in one process.
#[derive(Serialize)]
struct Row {
    modules: usize,
    process: &'static str,
    edit: &'static str,
    /// The first one: after a restart it makes the database.
    first_us: u64,
    median_us: u64,
    slowest_us: u64,
    units_computed: u64,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    ensure!(options.keys > 1, "--keys must be at least 2");
    if cfg!(debug_assertions) {
        // The keystrokes are measured in this process, so it has to be the optimised one.
        let binaries = match &options.binaries {
            Some(binaries) => binaries.clone(),
            None => build(root)?,
        };
        let mut again = Command::new(binaries.join("xtask"));
        again.args(std::env::args_os().skip(1));
        let status = again.status().context("cannot start the release build of xtask")?;
        ensure!(status.success(), "the release build of xtask failed");
        return Ok(());
    }
    let mut rows = Vec::new();
    for &modules in &options.modules {
        measure(modules, options.keys, &mut rows)?;
    }
    if options.json {
        println!("{}", serde_json::json!({ "keys": options.keys, "rows": rows }));
    } else {
        println!("{}", render(&rows));
    }
    Ok(())
}

fn measure(modules: usize, keys: usize, rows: &mut Vec<Row>) -> Result<()> {
    let project = Project::new(modules);
    let folder = TemporaryFolder::new("keystroke")?;
    project.write(&folder.path)?;
    let cache = Cache::Dir(folder.path.join(".ithaca"));
    let open = || Engine::open_with(&folder.path, OpenOptions { cache: cache.clone(), ..OpenOptions::default() });
    // A process that computed a unit puts its entry together again when the interface of an import changes; one that
    // recalled it asks the entry's single questions.
    for (process, reached) in [("after a cold build", project.importers_of_few), ("after a restart", project.few.users)]
    {
        // Never dropped: taking a database apart is no keystroke.
        let mut engine = std::mem::ManuallyDrop::new(open()?);
        ensure!(engine.check().is_empty(), "the project has problems");
        engine.save().map_err(anyhow::Error::msg)?;
        engine.maintain();
        for (edit, place, reached) in
            [("body", &project.body_edit, 1), ("signature, 2 users", &project.few, 1 + reached as u64)]
        {
            let row = type_keys(&mut engine, &project, place, reached, keys);
            let (first_us, mut times) = row.with_context(|| format!("{modules} modules, {process}, {edit}"))?;
            times.sort_unstable();
            rows.push(Row {
                modules,
                process,
                edit,
                first_us,
                median_us: times[times.len() / 2],
                slowest_us: times[times.len() - 1],
                units_computed: reached,
            });
        }
    }
    Ok(())
}

/// Microseconds of the first keystroke and of the others.
fn type_keys(
    engine: &mut Engine,
    project: &Project,
    place: &Place,
    reached: u64,
    keys: usize,
) -> Result<(u64, Vec<u64>)> {
    let original = &project.files[&place.path];
    let mut times = Vec::new();
    for key in 0..keys {
        let text = place.edited(original, key);
        let started = Instant::now();
        engine.set_text(&place.path, text);
        let problems = engine.check();
        times.push(started.elapsed().as_micros() as u64);
        ensure!(problems.is_empty(), "the edited project has problems");
        let computed = engine.stats().units_computed;
        ensure!(computed == reached, "{computed} units were computed, not {reached}");
    }
    engine.set_text(&place.path, original.as_str());
    ensure!(engine.check().is_empty(), "the restored project has problems");
    Ok((times.remove(0), times))
}

fn render(rows: &[Row]) -> String {
    let mut table =
        Table::new(&["modules", "process", "edit", "units", "median ms", "slowest ms", "first ms", "/ smallest"]);
    for row in rows {
        let smallest = rows.iter().find(|other| (other.process, other.edit) == (row.process, row.edit));
        let ratio = smallest.map_or(1.0, |smallest| row.median_us as f64 / smallest.median_us.max(1) as f64);
        table.row(vec![
            row.modules.to_string(),
            row.process.to_owned(),
            row.edit.to_owned(),
            row.units_computed.to_string(),
            milliseconds(row.median_us),
            milliseconds(row.slowest_us),
            milliseconds(row.first_us),
            format!("{ratio:.2}"),
        ]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_project_is_measured() {
        let mut rows = Vec::new();
        measure(10, 2, &mut rows).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(rows.len(), 4);
        let text = render(&rows);
        assert!(text.contains("after a restart") && text.contains("signature, 2 users"), "{text}");
    }
}

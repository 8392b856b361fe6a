//! `ithaca cache`: look at, check, bound, move and remove stored entries.
//!
//! Input: what the user asked for. Output: facts on standard output, one line on standard error for what went wrong.
//! Exit codes: 0, 1 for damage and all other errors, 3 for an entry that differs from a cold computation.

use std::path::PathBuf;

use clap::Subcommand;
use ithaca::{CacheStat, Engine};

use crate::{Common, open};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Print sizes, counts, and how much the last runs recalled.
    Stat {
        #[command(flatten)]
        project: Project,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check all stored bytes, then recompute everything and compare.
    Verify {
        #[command(flatten)]
        project: Project,
    },
    /// Remove all entries.
    Clear {
        #[command(flatten)]
        project: Project,
    },
    /// Merge small files and remove entries, least recently used first, until the store is small enough.
    Gc {
        #[command(flatten)]
        project: Project,
        /// Bytes, or a number with K, M, G or T. Entries of the current state are kept whatever it is.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<u64>,
    },
    /// Write all entries to one file.
    Export {
        /// The file; replaced as a whole.
        file: PathBuf,
        #[command(flatten)]
        project: Project,
    },
    /// Take over entries from a file that `export` wrote, here or on another machine.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        project: Project,
    },
}

#[derive(clap::Args)]
pub(crate) struct Project {
    /// A file or a folder.
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// A number of bytes as people write it.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit);
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("write bytes, or a number with K, M, G or T, such as `500M`".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a whole number of bytes, or such as `500M`".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "no disk is that large".to_owned())
}

pub(crate) fn run(action: &Action) -> u8 {
    let (Action::Stat { project, .. }
    | Action::Verify { project }
    | Action::Clear { project }
    | Action::Gc { project, .. }
    | Action::Export { project, .. }
    | Action::Import { project, .. }) = action;
    let mut engine = match open(&project.path, &project.common) {
        Ok(engine) => engine,
        Err(code) => return code,
    };
    let done = match action {
        Action::Stat { json, .. } => stat(&engine, *json),
        Action::Verify { .. } => return verify(&mut engine),
        Action::Clear { .. } => engine.cache_clear().map(|()| 0),
        Action::Gc { max_size, .. } => gc(&engine, *max_size),
        Action::Export { file, .. } => engine.cache_export(file).map(|(entries, bytes)| {
            outln!("{entries} entries, {bytes} bytes");
            0
        }),
        Action::Import { file, .. } => import(&engine, file),
    };
    done.unwrap_or_else(|error| {
        errln!("Error: {error}");
        1
    })
}

fn stat(engine: &Engine, json: bool) -> Result<u8, String> {
    match engine.cache_stat()? {
        Some(stat) if json => outln!("{}", serde_json::to_value(&stat).unwrap_or_default()),
        Some(stat) => print_stat(&stat),
        None if json => outln!("null"),
        None => outln!("no entries are kept for this project"),
    }
    Ok(0)
}

fn print_stat(stat: &CacheStat) {
    let age = |seconds: Option<u64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds} s"));
    outln!("{}", stat.dir.display());
    outln!("  entries: {}", stat.entries);
    outln!("  live: {}", stat.live);
    outln!("  bytes: {} of {}", stat.bytes, stat.limit);
    outln!("  segments: {}", stat.segments);
    outln!("  damaged segments: {}", stat.damaged_segments);
    outln!("  manifests: {}", stat.manifests);
    outln!("  oldest: {}", age(stat.oldest_seconds));
    outln!("  newest: {}", age(stat.newest_seconds));
    outln!("  other builds: {}, {} bytes", stat.other_builds, stat.other_builds_bytes);
    outln!("  build: {}", stat.build);
    for run in stat.runs.iter().rev().take(10) {
        let all = run.recalled.saturating_add(run.computed);
        outln!("  run at {}: {} of {all} units recalled, {} files", run.at, run.recalled, run.modules);
    }
}

fn gc(engine: &Engine, max_size: Option<u64>) -> Result<u8, String> {
    let done = engine.cache_gc(max_size)?;
    if done.skipped {
        outln!("another process is at it; nothing was done");
        return Ok(0);
    }
    outln!("{} entries removed, {} bytes before, {} bytes now", done.removed, done.bytes.0, done.bytes.1);
    if let Some(max) = max_size.filter(|&max| done.bytes.1 > max) {
        outln!("more than {max} bytes, because entries of the current state are kept");
    }
    Ok(0)
}

fn import(engine: &Engine, file: &std::path::Path) -> Result<u8, String> {
    let found = engine.cache_import(file)?;
    outln!("{} entries imported, {} were there already", found.new, found.known);
    if found.damaged == 0 {
        return Ok(0);
    }
    Err(format!("{} parts of `{}` are not as they were written and were left out", found.damaged, file.display()))
}

fn verify(engine: &mut Engine) -> u8 {
    let damage = engine.cache_verify();
    for line in &damage {
        outln!("damaged: {line}");
    }
    let differences = engine.verify();
    for line in &differences {
        outln!("differs: {line}");
    }
    if !differences.is_empty() {
        return 3;
    }
    if !damage.is_empty() {
        return 1;
    }
    outln!("all entries are sound and equal a cold build");
    0
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in
            [("0", 0), ("1024", 1024), ("4K", 4096), ("500 MB", 500 << 20), ("1GiB", 1 << 30), ("2t", 2 << 40)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1.5G", "12X", "1 000", "99999999999999999999", "99999999T"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}

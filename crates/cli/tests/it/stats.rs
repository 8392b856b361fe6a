//! `--stats`: one line of JSON, last on standard error, with every documented field.

use serde_json::Value;

use crate::project::{CHAIN, Folder, Texts};

const FIELDS: [&str; 17] = [
    "modules",
    "units_recalled",
    "units_computed",
    "files_hashed",
    "parsed",
    "bodies_inferred",
    "chunks_compiled",
    "chunks_loaded",
    "entries_written",
    "wall_us",
    "scan_us",
    "recall_us",
    "compute_us",
    "link_us",
    "run_us",
    "save_us",
    "peak_rss_kb",
];

fn folder() -> Folder {
    let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    Folder::with(&texts)
}

fn last_line(folder: &Folder, args: &[&str]) -> Value {
    let output = folder.command().args(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.ends_with('\n'), "{stderr:?}");
    serde_json::from_str(stderr.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}:\n{stderr}"))
}

#[test]
fn every_documented_field_is_a_number() {
    let folder = folder();
    for args in [
        &["run", "--stats=json", "project"][..],
        &["check", "--stats=json", "project"],
        &["run", "--stats=json", "-v", "--verify", "project"],
    ] {
        let stats = last_line(&folder, args);
        for field in FIELDS {
            assert!(stats[field].is_u64(), "{field} of {stats}");
        }
        assert_eq!(stats["modules"], 4);
        assert!(stats["peak_rss_kb"].as_u64().unwrap() > 1_000, "{stats}");
        let phases = ["scan_us", "recall_us", "compute_us", "link_us", "run_us", "save_us"];
        let sum: u64 = phases.iter().map(|phase| stats[phase].as_u64().unwrap()).sum();
        assert!(sum <= stats["wall_us"].as_u64().unwrap(), "phases are parts of the whole: {stats}");
    }
}

#[test]
fn it_is_the_last_line_after_errors_too() {
    let folder = folder();
    folder.write("c.nos", "pub base() = \"x\"\n");
    assert_eq!(last_line(&folder, &["run", "--stats=json", "project"])["modules"], 4);
    folder.write("c.nos", "pub base() = [1][5]\n");
    assert_eq!(last_line(&folder, &["run", "--stats=json", "project"])["modules"], 4);
}

#[test]
fn counts_of_three_runs() {
    let folder = folder();
    let first = folder.ithaca(&["run", "--stats=json", "project"]);
    first.prints("86");
    assert!(first.count("units_computed") >= 4 && first.count("entries_written") >= 4, "{}", first.stats);
    assert!(first.count("bodies_inferred") >= 5 && first.count("chunks_compiled") >= 5, "{}", first.stats);
    assert_eq!(first.count("units_recalled"), 0);
    assert_eq!(first.count("files_hashed"), 4);

    let second = folder.ithaca(&["run", "--stats=json", "project"]);
    second.prints("86");
    let counts = ["units_computed", "parsed", "bodies_inferred", "chunks_compiled", "entries_written"];
    for name in counts {
        assert_eq!(second.count(name), 0, "{name} of {}", second.stats);
    }
    assert_eq!(second.count("units_recalled"), first.count("units_computed"));
    assert_eq!(second.count("chunks_loaded"), 4, "main, top, mid, base: {}", second.stats);

    folder.write("c.nos", "pub base() = 43\n");
    let third = folder.ithaca(&["run", "--stats=json", "project"]);
    third.prints("88");
    for name in counts {
        assert_eq!(third.count(name), 1, "{name} of {}", third.stats);
    }
    assert_eq!(third.count("units_recalled"), second.count("units_recalled") - 1);
}

#[test]
fn without_json_it_is_a_table() {
    let folder = folder();
    let output = folder.command().args(["run", "--stats", "project"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    for field in FIELDS {
        assert!(stderr.lines().any(|line| line.trim_start().starts_with(&format!("{field} "))), "{field} in\n{stderr}");
    }
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "86\n");
}

#[test]
fn nothing_is_printed_without_being_asked() {
    let folder = folder();
    let run = folder.ithaca(&["run", "project"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("86\n", ""));
    let check = folder.ithaca(&["check", "project"]);
    assert_eq!((check.stdout.as_str(), check.stderr.as_str(), check.code), ("", "", Some(0)));
}

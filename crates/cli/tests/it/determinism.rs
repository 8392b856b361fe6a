//! R32: equal texts give equal bytes, whatever the order of files and the number of threads.

use std::{collections::BTreeMap, fs};

use fastrand::Rng;
use ithaca::{Cache, Engine, OpenOptions};
use test_fixture::Program;

use crate::project::Folder;

/// Bytes of the segments, and of the units as the engine shows them.
fn build(files: &[(String, String)], threads: usize) -> (String, Vec<Vec<u8>>, Vec<String>) {
    let folder = Folder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    let threads_text = threads.to_string();
    let run = folder.ithaca(&["run", "--color", "never", "--threads", &threads_text, "project"]);
    let said = format!("{:?}\n{}{}", run.code, run.stdout, run.stderr);
    let is_segment = |path: &std::path::PathBuf| path.extension().is_some_and(|found| found == "seg");
    let segments = folder.store_files().into_iter().filter(is_segment).map(|path| fs::read(path).unwrap()).collect();
    let mut engine =
        Engine::open_with(folder.path(""), OpenOptions { cache: Cache::Off, threads, ..OpenOptions::default() })
            .unwrap();
    (said, segments, engine.dump().iter().map(|unit| format!("{unit:?}")).collect())
}

#[test]
fn s93_fifty_cold_builds_are_one() {
    let program: BTreeMap<String, String> = Program::random(93).files().into_iter().collect();
    let mut files: Vec<(String, String)> = program.into_iter().collect();
    let (said, segments, units) = build(&files, 1);
    assert!(!segments.is_empty());
    let mut rng = Rng::with_seed(93);
    for round in 1..50 {
        rng.shuffle(&mut files);
        let threads = [1, 2, 4][round % 3];
        let again = build(&files, threads);
        assert_eq!(again.0, said, "round {round}, {threads} threads: what is printed");
        assert!(again.1 == segments, "round {round}, {threads} threads: bytes of segments");
        assert_eq!(again.2, units, "round {round}, {threads} threads: units");
    }
}

#[test]
fn s93_diagnostics_come_in_one_order() {
    let mut files: Vec<(String, String)> = (0..12)
        .map(|n| (format!("m{n:02}.nos"), format!("pub f{n}() = missing{n} + 1\npub g{n}() = 1 + \"x\"\n")))
        .collect();
    files.push(("main.nos".to_owned(), "main() = 1\n".to_owned()));
    let (said, ..) = build(&files, 1);
    let at = |name: &str| said.find(name).unwrap_or_else(|| panic!("no {name} in\n{said}"));
    for n in 0..11 {
        assert!(at(&format!("m{n:02}.nos")) < at(&format!("m{:02}.nos", n + 1)), "by path:\n{said}");
    }
    let mut rng = Rng::with_seed(7);
    for round in 0..6 {
        rng.shuffle(&mut files);
        assert_eq!(build(&files, [2, 4][round % 2]).0, said, "round {round}");
    }
}

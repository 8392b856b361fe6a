//! Several threads and processes on one real folder: no waiting, no torn reads, nothing lost, also when killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use store::{MaintainOptions, RealFiles, Store};

use crate::common::*;

const FOLDER: &str = "STORE_TEST_FOLDER";
const SEED: &str = "STORE_TEST_SEED";
/// Children with this seed or more are killed by their parent.
const KILLED: u64 = 100;

fn open(dir: &Path) -> Store {
    Store::open(Arc::new(RealFiles), dir.to_owned(), BUILD)
}

/// One participant: saves, reads, merges. `clears`: and clears now and then. Returns the version saved last.
fn work(dir: &Path, seed: u64, rounds: u32, clears: bool) -> u32 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut store = open(dir);
    let base = (seed as u32 + 1) * 1_000_000;
    for round in 1..=rounds {
        let number = random.u32(..40);
        let places = store.save(&[record(number, base + round), record(100 + seed as u32, base + round)]).unwrap();
        match store.record_at(places[0]) {
            Some(found) => assert_eq!(checked_version(&found, number), Some(base + round)),
            // Somebody has merged or cleared it already. The other record nobody else saves, so it is found by key.
            None if clears => {}
            None => {
                store.refresh();
                assert_eq!(versions(&store, 100 + seed as u32)[0], base + round, "own save is lost");
            }
        }
        match random.u8(..8) {
            0 => drop(store.write_manifest("run", &round.to_le_bytes(), &places).unwrap()),
            1 => drop(store.maintain(MaintainOptions { max_segments: 4, ..MaintainOptions::default() }).unwrap()),
            2 => store = open(dir),
            3 => store.refresh(),
            4 if clears && random.u8(..4) == 0 => drop(store.clear()),
            _ => {}
        }
        for number in 0..40 {
            versions(&store, number);
        }
        if let Some(manifest) = store.read_manifest("run") {
            manifest.references().filter_map(|at| store.record_at(at)).for_each(|found| {
                sections(&found).expect("whole");
            });
        }
    }
    assert_eq!(store.warnings(), []);
    base + rounds
}

/// S65, S66: what each saved last is there afterwards.
#[test]
fn s65_s66_threads_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let last: Vec<u32> = std::thread::scope(|scope| {
        let path = dir.path();
        let workers: Vec<_> = (0..4u64).map(|seed| scope.spawn(move || work(path, seed, 120, false))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let store = open(dir.path());
    for (seed, last) in last.into_iter().enumerate() {
        assert_eq!(versions(&store, 100 + seed as u32)[0], last);
    }
    assert_eq!(store.verify(), []);
}

/// S67: somebody clears all the time.
#[test]
fn s67_clear_during_saves() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let path = dir.path();
        let workers: Vec<_> = (0..4u64).map(|seed| scope.spawn(move || work(path, seed, 100, true))).collect();
        workers.into_iter().for_each(|worker| assert!(worker.join().is_ok()));
    });
    let store = open(dir.path());
    assert_eq!(store.verify(), []);
    store.save(&[record(1, 1)]).unwrap();
    assert_eq!(versions(&store, 1)[0], 1);
}

/// One store for several threads.
#[test]
fn threads_share_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for seed in 0..4u32 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..60 {
                    let number = seed * 100 + round;
                    let place = store.save(&[record(number, 1)]).unwrap()[0];
                    if round % 7 == seed {
                        store.maintain(MaintainOptions { max_segments: 3, ..MaintainOptions::default() }).unwrap();
                    }
                    let found = store.record_at(place).expect("moved at most");
                    assert_eq!(checked_version(&found, number), Some(1));
                    assert_eq!(versions(store, number), [1]);
                }
            });
        }
    });
    assert_eq!(store.warnings(), []);
    assert_eq!(store.verify(), []);
}

/// Not a test of its own: what the children of the tests below do. Started by hand it does nothing.
#[test]
fn child() {
    if let (Ok(dir), Ok(seed)) = (std::env::var(FOLDER), std::env::var(SEED)) {
        let seed = seed.parse().unwrap();
        // Those that are to be killed must end some time even if nobody is left to do it.
        work(&PathBuf::from(dir), seed, if seed < KILLED { 80 } else { 3000 }, false);
    }
}

fn spawn(dir: &Path, seed: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["processes::child", "--exact"]).env(FOLDER, dir).env(SEED, seed.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
}

#[test]
fn s65_processes_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (0..4).map(|seed| spawn(dir.path(), seed)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = open(dir.path());
    for seed in 0..4 {
        assert_eq!(versions(&store, 100 + seed)[0], (seed + 1) * 1_000_000 + 80);
    }
    assert_eq!(store.verify(), []);
}

/// S62 with real processes: killed at a random moment, again and again on the same folder.
#[test]
fn s62_killed_processes_leave_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..25 {
        let mut children = [0, 1].map(|i| spawn(dir.path(), KILLED + round * 2 + i));
        std::thread::sleep(Duration::from_millis(random.u64(5..60)));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let store = open(dir.path());
        assert_eq!(store.verify(), []);
        for number in 0..40 {
            versions(&store, number);
        }
        store.save(&[record(1, 1)]).unwrap();
        assert!(!store.lookup(record(1, 1).kind, &key(1)).is_empty());
        assert_eq!(store.warnings(), []);
    }
}

//! What a save writes and what later processes make of it: bases, deltas, and both damaged, foreign or raced.

use std::{path::PathBuf, sync::Arc};

use base_db::Name;
use store::testing::{Fault, FaultyFiles, MemoryFiles};

use super::{Files, Fixture};
use crate::{
    manifest::{self, Stamp},
    workspace::{UnitDump, Workspace},
};

/// A project on a disk, to be opened by one process after the other.
pub(super) struct Disk {
    sources: Arc<Files>,
    store: Arc<MemoryFiles>,
}

impl Disk {
    /// `count` modules that nobody imports, stored.
    pub(super) fn new(count: usize) -> Disk {
        let disk = Disk { sources: Arc::default(), store: Arc::default() };
        for n in 0..count {
            disk.write(n, 0);
        }
        disk.run();
        disk
    }

    fn write(&self, n: usize, version: usize) {
        self.set(&format!("m{n:02}.nos"), Some(&format!("pub f() = {version}\npub g() = f() + {n}\n")));
    }

    pub(super) fn set(&self, path: &str, text: Option<&str>) {
        let mut files = self.sources.0.lock().unwrap();
        match text {
            Some(text) => files.insert(Name::from(path), Arc::from(text)),
            None => files.remove(path),
        };
    }

    /// Says that a file was written at a time that can be trusted.
    pub(super) fn stamp(&self, path: &str, modified: i64) {
        let stamp = Stamp { modified, ..Stamp::default() };
        self.sources.1.lock().unwrap().insert(Name::from(path), stamp);
    }

    /// A process that has not looked yet.
    pub(super) fn open(&self) -> Fixture {
        self.open_on(Arc::clone(&self.store) as _)
    }

    fn open_on(&self, files: Arc<dyn store::Files + Send + Sync>) -> Fixture {
        let store = store::Store::open(files, "store".into(), [7; 16]);
        Fixture::open(Arc::clone(&self.sources), Some(Arc::new(store)))
    }

    pub(super) fn sources(&self) -> Arc<Files> {
        Arc::clone(&self.sources)
    }

    pub(super) fn store(&self) -> Arc<store::Store> {
        Arc::new(store::Store::open(Arc::clone(&self.store) as _, "store".into(), [7; 16]))
    }

    /// A process that has not looked yet, and goes on with a new database after so many units.
    fn open_in_stretches(&self, stretch: usize) -> Fixture {
        let store = store::Store::open(Arc::clone(&self.store) as _, "store".into(), [7; 16]);
        Fixture::open_in_stretches(Arc::clone(&self.sources), Some(Arc::new(store)), stretch)
    }

    /// On an empty store, an update in stretches gives what a cold process gives, and leaves nothing to compute.
    #[track_caller]
    pub(super) fn is_right_in_stretches(&self, stretch: usize) {
        let fresh = Disk { sources: Arc::clone(&self.sources), store: Arc::default() };
        let mut process = fresh.open_in_stretches(stretch);
        assert_eq!(own(&mut process), self.cold(), "{stretch} units at a time");
        process.workspace.save().unwrap();
        let broken = process.workspace.files_with_errors().len() as u64;
        let mut next = fresh.open();
        next.workspace.update();
        let stats = next.workspace.stats();
        assert!(stats.units_computed <= broken, "{stretch} units at a time: {stats:?}");
        assert_eq!(own(&mut next), self.cold(), "after {stretch} units at a time");
    }

    /// A process that brings itself up to date and saves.
    pub(super) fn run(&self) -> Workspace {
        let mut workspace = self.open().workspace;
        workspace.update();
        workspace.save().unwrap();
        workspace
    }

    /// What a process without a store makes of the sources.
    pub(super) fn cold(&self) -> Vec<UnitDump> {
        own(&mut Fixture::open(Arc::clone(&self.sources), None))
    }

    fn base(&self) -> Vec<u8> {
        self.store.get(&self.manifests(false)[0]).unwrap()
    }

    fn delta(&self) -> Option<PathBuf> {
        self.manifests(true).pop()
    }

    fn manifests(&self, delta: bool) -> Vec<PathBuf> {
        let mut paths = self.store.paths();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "man"));
        // A name with a blank is stored under its hash.
        paths.retain(|path| path.ends_with("test.man") != delta);
        paths
    }

    /// A new process answers like a cold one and computes nothing.
    #[track_caller]
    fn is_warm(&self) {
        let mut process = self.open();
        process.workspace.update();
        assert_eq!(process.workspace.stats().units_computed, 0);
        assert_eq!(own(&mut process), self.cold());
    }

    /// As [`Disk::is_warm`], and no query is asked either.
    #[track_caller]
    pub(super) fn is_idle(&self) {
        assert_eq!(self.open().update(), "");
        self.is_warm();
    }
}

/// Units of the project.
pub(super) fn own(process: &mut Fixture) -> Vec<UnitDump> {
    process.workspace.update();
    let mut units = process.workspace.dump();
    units.retain(|unit| !unit.files.iter().any(|path| path.starts_with('<')));
    units
}

#[test]
fn a_save_after_an_edit_leaves_the_base_alone() {
    let disk = Disk::new(40);
    let base = disk.base();
    disk.write(7, 1);
    let stats = disk.run().stats();
    assert_eq!((stats.units_computed, stats.units_recalled, stats.modules), (1, 39, 40));
    assert!(stats.bytes_written < base.len() as u64, "{} bytes", stats.bytes_written);
    assert_eq!(disk.base(), base);
    assert!(disk.delta().is_some());
    disk.is_idle();
}

#[test]
fn one_process_saves_again_and_again() {
    let disk = Disk::new(40);
    let mut process = disk.open();
    for n in 0..30 {
        disk.write(n, 1);
        process.workspace.update();
        process.workspace.save().unwrap();
        disk.is_idle();
    }
}

#[test]
fn a_delta_that_grows_becomes_a_base() {
    let disk = Disk::new(40);
    let mut folds = 0;
    for n in 0..30 {
        let base = disk.base();
        disk.write(n, 1);
        disk.run();
        match disk.delta() {
            Some(delta) => {
                assert_eq!(disk.base(), base);
                assert!(disk.store.get(&delta).unwrap().len() < base.len() / 3);
            }
            None => folds += 1,
        }
        disk.is_idle();
    }
    assert!((2..10).contains(&folds), "{folds} folds");
}

#[test]
fn files_that_come_and_go_are_in_the_delta() {
    let disk = Disk::new(40);
    disk.set("m03.nos", None);
    disk.set("a/new.nos", Some("pub h() = 1\n"));
    disk.run();
    assert!(disk.delta().is_some());
    disk.is_idle();
    disk.write(3, 0);
    disk.set("a/new.nos", None);
    assert_eq!(disk.run().stats().units_computed, 0);
    disk.is_idle();
    assert_eq!(disk.run().stats().modules, 40);
}

#[test]
fn a_damaged_delta_is_a_miss() {
    let disk = Disk::new(40);
    disk.write(7, 1);
    disk.run();
    let delta = disk.delta().unwrap();
    let bytes = disk.store.get(&delta).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        disk.store.put(&delta, &damaged);
        disk.is_warm();
        disk.store.put(&delta, &bytes[..at]);
        disk.is_warm();
    }
    disk.store.put(&delta, &bytes);
    disk.is_idle();
}

#[test]
fn a_delta_of_another_base_is_ignored() {
    let disk = Disk::new(40);
    disk.write(7, 1);
    disk.run();
    let (delta, old) = (disk.delta().unwrap(), disk.store.get(&disk.delta().unwrap()).unwrap());
    (8..40).for_each(|n| disk.write(n, 1));
    disk.run();
    assert_eq!(disk.delta(), None, "so many rows are a new base");
    disk.write(7, 2);
    disk.run();
    disk.store.put(&delta, &old);
    disk.is_warm();
    // The base is right without it, but for the last edit.
    assert_eq!(disk.run().stats().units_computed, 0);
    disk.is_idle();
}

#[test]
fn what_two_processes_compute_at_once_is_there_for_the_third() {
    let disk = Disk::new(40);
    let (mut a, mut b) = (disk.open().workspace, disk.open().workspace);
    disk.write(1, 1);
    a.update();
    disk.write(1, 0);
    disk.write(2, 1);
    b.update();
    a.save().unwrap();
    b.save().unwrap();
    disk.write(1, 1);
    assert_eq!(disk.run().stats().units_computed, 0);
    disk.is_idle();
}

#[test]
fn a_process_whose_base_was_replaced_writes_a_base() {
    let disk = Disk::new(40);
    let mut editor = disk.open().workspace;
    editor.update();
    (0..30).for_each(|n| disk.write(n, 1));
    disk.run();
    let base = disk.base();
    disk.write(35, 1);
    editor.update();
    editor.save().unwrap();
    assert_ne!(disk.base(), base);
    assert_eq!(disk.delta(), None);
    disk.is_idle();
}

/// Two bases have the same rows and differ in where the entries are. A delta of the first, of one row of a unit of two
/// files, is written just after the second took its place.
#[test]
fn a_delta_of_a_base_with_other_places_is_ignored() {
    let sources: Arc<Files> = Arc::default();
    let on = |store| Disk { sources: Arc::clone(&sources), store };
    let (disk, other) = (on(Arc::default()), on(Arc::default()));
    disk.set("a.nos", Some("use b.*\npub f() = 1\n"));
    disk.set("b.nos", Some("use a.*\npub g() = f()\n"));
    other.run();
    other.manifests(false).iter().for_each(|path| store::Files::remove_file(&*other.store, path).unwrap());
    disk.set("c.nos", Some("pub h() = 1\n"));
    other.run();
    disk.run();
    disk.stamp("a.nos", 1);
    disk.run();
    let delta = disk.delta().unwrap();
    other.store.put(&delta, &disk.store.get(&delta).unwrap());
    other.is_warm();
    // The delta would tell that `a.nos` need not be read.
    let mut process = other.open().workspace;
    process.update();
    assert_eq!(process.stats().files_hashed, 3);
}

#[test]
fn a_save_that_stops_anywhere_costs_time_only() {
    let disk = Disk::new(12);
    // One edit is a delta, many are a base.
    for edits in [1, 11] {
        (0..edits).for_each(|n| disk.write(n, edits));
        for at in 0.. {
            let (faulty, store) = {
                let store = Arc::new(disk.store.fork());
                (Arc::new(FaultyFiles::new(Arc::clone(&store) as _, at, Fault::Stop)), store)
            };
            let mut process = disk.open_on(Arc::clone(&faulty) as _).workspace;
            process.update();
            let _ = process.save();
            let after = Disk { sources: Arc::clone(&disk.sources), store };
            assert_eq!(own(&mut after.open()), disk.cold(), "stopped at operation {at}");
            if faulty.operations() <= at {
                break;
            }
        }
    }
}

#[test]
fn a_unit_that_was_broken_is_mended_by_computing_what_the_edit_reaches() {
    let disk = Disk::new(1);
    disk.set("m00.nos", Some("pub f() = 0\npub g() = f() + \"x\"\n"));
    assert_eq!(disk.run().stats().units_computed, 1);
    disk.set("m00.nos", Some("pub f() = 0\npub g() = f() + 2\n"));
    let stats = disk.run().stats();
    assert_eq!((stats.units_computed, stats.chunks_compiled), (1, 1));
    disk.is_idle();
}

#[test]
fn a_unit_that_breaks_again_and_again_keeps_its_last_entry() {
    let disk = Disk::new(1);
    for _ in 0..3 {
        disk.set("m00.nos", Some("pub f() = 0\npub g() = f() +\n"));
        disk.run();
        disk.set("m00.nos", Some("pub f() = nothing()\npub g() = f() + 0\n"));
        disk.run();
    }
    disk.set("m00.nos", Some("pub f() = 0\npub g() = f() + 0\npub h() = 1\n"));
    assert_eq!(disk.run().stats().chunks_compiled, 1);
    disk.is_idle();
}

/// A function that begins to need its type argument is called another way, by those who call it and by nobody else.
#[test]
fn the_need_of_a_type_argument_reaches_callers() {
    let disk = Disk::new(0);
    let load = |body: &str| format!("pub load[T](text: String, value: T) -> T = {body}\npub plain(n) = n\n");
    disk.set("load.nos", Some(&load("value")));
    disk.set("near.nos", Some("use load.*\npub near[T](v: T) -> T = load[T](\"1\", v)\npub aside() = plain(1)\n"));
    disk.set("far.nos", Some("use near.*\npub far() = near(1) + near(2)\npub other() = aside()\n"));
    disk.run();
    disk.set("load.nos", Some(&load("if text.isEmpty() then value else value")));
    assert_eq!(disk.run().stats().chunks_compiled, 1);
    // `load`, `near` and `far`.
    disk.set("load.nos", Some(&load("if typeNameOf[T]() == text then value else value")));
    assert_eq!(disk.run().stats().chunks_compiled, 3);
    disk.set("load.nos", Some(&load("if text == typeNameOf[T]() then value else value")));
    assert_eq!(disk.run().stats().chunks_compiled, 1);
    disk.set("load.nos", Some(&load("value")));
    assert_eq!(disk.run().stats().chunks_compiled, 0);
    disk.is_idle();
}

#[test]
fn an_update_in_stretches_is_an_update() {
    for seed in 0..8 {
        let shape = test_fixture::Options { traits: seed % 2 == 1, ..test_fixture::Options::default() };
        let mut program = test_fixture::Program::with_options(seed, shape);
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..4 {
            program.random_edit(&mut rng);
            let disk = Disk { sources: Arc::default(), store: Arc::default() };
            for (path, text) in program.files() {
                disk.set(&path, Some(&text));
            }
            for stretch in 1..4 {
                disk.is_right_in_stretches(stretch);
            }
        }
    }
}

#[test]
fn stretches_are_saved_and_tell_why() {
    let disk = Disk::new(0);
    (0..10).for_each(|n| disk.write(n, 1));
    disk.set("broken.nos", Some("pub f() = 1 + \"x\"\n"));
    let mut process = disk.open_in_stretches(4);
    process.workspace.update();
    let stats = process.workspace.stats();
    assert_eq!((stats.units_computed, stats.units_recalled, stats.modules), (11, 0, 11));
    // Two stretches are saved, without the broken unit; the last units wait for the save that follows.
    assert_eq!(stats.entries_written, 7);
    let reasons = process.workspace.computed();
    assert!(reasons.iter().all(|(_, reason)| *reason == crate::recall::Reason::New), "{reasons:?}");
    assert_eq!(own(&mut process), disk.cold());
    // It goes on as any process does, and so does the next one: of the library nothing is parsed again.
    disk.write(3, 2);
    assert_eq!(own(&mut process), disk.cold());
    assert_eq!(process.workspace.stats().chunks_compiled, 1);
    process.workspace.save().unwrap();
    disk.set("broken.nos", None);
    disk.is_warm();
    disk.write(3, 3);
    assert_eq!(disk.run().stats().parsed, 1);
}

/// In the order of paths each module would need all that follow.
#[test]
fn a_stretch_needs_nothing_of_a_later_one() {
    let disk = Disk::new(0);
    for n in 0..12 {
        disk.set(&format!("m{n:02}.nos"), Some(&format!("use m{0:02}.*\npub f{n}(x) = f{0}(x) + {n}\n", n + 1)));
    }
    disk.set("m12.nos", Some("pub f12(x) = x * 2\n"));
    let mut process = disk.open_in_stretches(3);
    process.workspace.update();
    let stats = process.workspace.stats();
    assert_eq!((stats.units_computed, stats.bodies_inferred, stats.chunks_compiled), (13, 13, 13));
    assert_eq!(own(&mut process), disk.cold());
}

#[test]
fn folding_is_due_by_share_and_by_size() {
    assert!(!manifest::is_fold_due(900, 4_000));
    assert!(manifest::is_fold_due(1_100, 4_000));
    assert!(!manifest::is_fold_due(40_000, 2_000_000));
    assert!(manifest::is_fold_due(60_000, 2_000_000));
}

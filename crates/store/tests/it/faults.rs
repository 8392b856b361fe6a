//! Every operation on files fails, is cut short, or is the last one, in every place: what is left is a store.

use std::path::PathBuf;
use std::sync::Arc;

use store::testing::{Fault, FaultyFiles, MemoryFiles};
use store::{MaintainOptions, RecordRef, Store};

use crate::common::*;

const FAULTS: [Fault; 4] = [Fault::Fail, Fault::Short, Fault::Lose, Fault::Stop];
const RECORDS: u32 = 12;

/// Records 0 to 11 in segments of two; a manifest lists the first eight.
fn prepared() -> (MemoryFiles, Vec<RecordRef>) {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    let mut places = Vec::new();
    for number in (0..RECORDS).step_by(2) {
        places.extend(store.save(&[record(number, 1), record(number + 1, 1)]).unwrap());
    }
    store.write_manifest("run", b"old", &places[..8]).unwrap();
    (files, places)
}

/// Runs `action` on copies of `files`, with each fault at each operation, and once without; then asks `check`.
#[track_caller]
fn at_every_operation(files: &MemoryFiles, action: impl Fn(&Store), check: impl Fn(&MemoryFiles, Option<Fault>, &str)) {
    for fault in FAULTS {
        for at in 0.. {
            let files = files.fork();
            let faulty = FaultyFiles::new(Arc::new(files.clone()), at, fault);
            let store = Store::open(Arc::new(faulty.clone()), PathBuf::from(DIR), BUILD);
            action(&store);
            assert!(store.warnings().len() <= 1);
            let reached = faulty.operations() > at;
            check(&files, reached.then_some(fault), &format!("{fault:?} at operation {at}"));
            if !reached {
                assert!(at > 1, "the action does nothing");
                break;
            }
        }
    }
}

#[test]
fn s62_s64_save_leaves_old_and_all_or_nothing_of_the_new() {
    for start in [prepared().0, MemoryFiles::new()] {
        let old = if start.paths().is_empty() { 0 } else { RECORDS };
        let action = |store: &Store| {
            if let Ok(places) = store.save(&(0..20).map(|i| record(i, 2)).collect::<Vec<_>>()) {
                let _ = store.write_manifest("run", b"new", &places);
            }
        };
        at_every_operation(&start, action, |files, fault, what| {
            let store = store_on(files);
            for number in 0..old {
                assert!(versions(&store, number).contains(&1), "{what}: lost {number}");
            }
            let new = (0..20).filter(|&number| versions(&store, number).contains(&2)).count();
            assert!(new == 0 || new == 20, "{what}: {new} of 20");
            assert!(fault.is_some() || new == 20, "{what}: not saved");
            match store.read_manifest("run") {
                Some(manifest) if manifest.bytes() == b"new" => {
                    assert!(new == 20 || fault == Some(Fault::Lose), "{what}")
                }
                Some(manifest) => assert_eq!(manifest.bytes(), b"old", "{what}"),
                None => assert!(old == 0 || fault == Some(Fault::Lose), "{what}: lost the manifest"),
            }
            store.save(&[record(99, 1)]).unwrap();
            assert_eq!(versions(&store, 99), [1], "{what}: cannot be saved to");
        });
    }
}

#[test]
fn s62_merging_loses_nothing() {
    let (files, _) = prepared();
    let action = |store: &Store| {
        let _ = store.maintain(MaintainOptions { max_segments: 2, ..MaintainOptions::default() });
    };
    at_every_operation(&files, action, |files, fault, what| {
        let store = store_on(files);
        for number in 0..RECORDS {
            let found = versions(&store, number);
            // Bytes that were lost behind our back may be the only copy after a merge.
            assert!(!found.is_empty() || fault == Some(Fault::Lose), "{what}: lost {number}");
            assert!(found.iter().all(|&version| version == 1));
        }
        if fault != Some(Fault::Lose) {
            assert_eq!(store.read_manifest("run").expect(what).bytes(), b"old");
            assert_eq!(store.verify(), [], "{what}");
        }
        store.maintain(MaintainOptions { max_segments: 1, ..MaintainOptions::default() }).unwrap();
        assert!(store.stat().segments <= 1, "{what}: cannot be maintained");
        assert!(!store.verify().iter().any(|problem| problem.path.ends_with(".seg")), "{what}");
    });
}

#[test]
fn s62_eviction_keeps_what_is_live() {
    let (files, _) = prepared();
    let action = |store: &Store| {
        let _ = store.maintain(MaintainOptions { max_bytes: 0, max_segments: 1, ..MaintainOptions::default() });
    };
    at_every_operation(&files, action, |files, fault, what| {
        let store = store_on(files);
        for number in 0..RECORDS {
            let found = versions(&store, number);
            // A list that lacks the manifest, or a lost manifest, makes records look dead.
            let excused = number >= 8 || matches!(fault, Some(Fault::Lose | Fault::Short));
            assert!(excused || found == [1], "{what}: lost {number}");
            assert!(fault.is_some() || (number < 8) == (found == [1]), "{what}");
        }
    });
}

#[test]
fn s62_clear_leaves_a_store() {
    let (files, places) = prepared();
    let action = |store: &Store| {
        let _ = store.clear();
    };
    at_every_operation(&files, action, |files, fault, what| {
        let store = store_on(files);
        for (number, &place) in places.iter().enumerate() {
            let number = number as u32;
            assert!(versions(&store, number).iter().all(|&version| version == 1), "{what}");
            let by_place = store.record_at(place).and_then(|found| checked_version(&found, number));
            assert!(fault.is_some() || by_place.is_none(), "{what}: not cleared");
        }
        assert!(store.warnings().is_empty(), "{what}: {:?}", store.warnings());
        store.save(&[record(1, 2)]).unwrap();
        assert_eq!(versions(&store, 1)[0], 2, "{what}");
    });
}

#[test]
fn reading_under_faults_gives_right_answers_or_none() {
    let (files, places) = prepared();
    let action = |store: &Store| {
        let manifest = store.read_manifest("run");
        assert!(manifest.is_none_or(|manifest| manifest.bytes() == b"old"));
        for (number, &place) in places.iter().enumerate() {
            if let Some(found) = store.record_at(place) {
                checked_version(&found, number as u32);
            }
            versions(store, number as u32);
        }
        store.stat();
        store.verify();
    };
    at_every_operation(&files, action, |_, _, _| {});
}

/// A random walk over all operations, each with a random fault now and then, against what was saved.
#[test]
fn random_walks_with_faults() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let files = MemoryFiles::new();
        // Versions ever saved; a store may know fewer, never others.
        let mut saved = [0u32; 16];
        for step in 1..60u32 {
            files.advance(std::time::Duration::from_secs(random.u64(..7200)));
            let fault = FAULTS[random.usize(..FAULTS.len())];
            let at = if random.bool() { u64::MAX } else { random.u64(..30) };
            let faulty = FaultyFiles::new(Arc::new(files.clone()), at, fault);
            let store = Store::open(Arc::new(faulty), PathBuf::from(DIR), BUILD);
            match random.u8(..10) {
                0..=5 => {
                    let numbers: Vec<u32> = (0..16).filter(|_| random.u8(..4) == 0).collect();
                    for &number in &numbers {
                        saved[number as usize] = step;
                    }
                    let records: Vec<_> = numbers.iter().map(|&number| record(number, step)).collect();
                    if let Ok(places) = store.save(&records) {
                        let _ = store.write_manifest("run", &step.to_le_bytes(), &places);
                    }
                }
                6 => drop(store.clear()),
                7 => drop(store.maintain(MaintainOptions { max_bytes: 2000, ..MaintainOptions::default() })),
                _ => drop(store.maintain(MaintainOptions { max_segments: 3, ..MaintainOptions::default() })),
            }
            let store = store_on(&files);
            for number in 0..16 {
                for version in versions(&store, number) {
                    assert!(version <= saved[number as usize], "seed {seed}, step {step}");
                }
            }
            if let Some(manifest) = store.read_manifest("run") {
                for at in manifest.references() {
                    if let Some(found) = store.record_at(at) {
                        let number = u32::from_be_bytes(found.key()[..4].try_into().expect("four bytes"));
                        checked_version(&found, number);
                    }
                }
            }
        }
    }
}

//! Moving records as one file: whole, damaged at every byte, made by an enemy, on disks that fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::testing::{Fault, FaultyFiles, MemoryFiles};
use store::{Exported, ImportError, Imported, Store};

use crate::common::*;

const FILE: &str = "elsewhere/entries";
const RECORDS: u32 = 6;

/// A store with three segments, and the bytes of the file it exports.
fn exported() -> (MemoryFiles, Vec<u8>) {
    let files = MemoryFiles::new();
    files.put(Path::new("elsewhere/other"), b"");
    let store = store_on(&files);
    for number in (0..RECORDS).step_by(2) {
        store.save(&[record(number, 1), record(number + 1, 1)]).unwrap();
    }
    let exported = store.export(Path::new(FILE)).unwrap();
    let bytes = files.get(Path::new(FILE)).unwrap();
    assert_eq!(exported, Exported { records: RECORDS as usize, bytes: bytes.len() as u64 });
    (files, bytes)
}

/// A folder without a store and with a file.
fn machine_with(bytes: &[u8]) -> MemoryFiles {
    let files = MemoryFiles::new();
    files.put(Path::new(FILE), bytes);
    files
}

/// How many of the records a store has; each must be as it was saved.
#[track_caller]
fn found(files: &MemoryFiles) -> u32 {
    let store = store_on(files);
    assert_eq!(store.verify(), []);
    (0..RECORDS).filter(|&number| versions(&store, number) == [1]).count() as u32
}

#[test]
fn what_was_exported_is_there_after_an_import() {
    let (_, bytes) = exported();
    let files = machine_with(&bytes);
    let store = store_on(&files);
    let all = RECORDS as usize;
    assert_eq!(store.import(Path::new(FILE)).unwrap(), Imported { new: all, known: 0, damaged: 0 });
    for number in 0..RECORDS {
        assert_eq!(versions(&store, number), [1], "found without another opening");
    }
    assert_eq!(found(&files), RECORDS);
    let before = files.paths();
    assert_eq!(store.import(Path::new(FILE)).unwrap(), Imported { new: 0, known: all, damaged: 0 });
    assert_eq!(files.paths(), before, "what is known is not written again");
}

/// Several records of one key keep their order, and those of the importing store stay.
#[test]
fn the_order_of_saves_is_kept() {
    let files = MemoryFiles::new();
    files.put(Path::new("elsewhere/other"), b"");
    let store = store_on(&files);
    for version in 1..=3 {
        store.save(&[record(7, version)]).unwrap();
    }
    store.export(Path::new(FILE)).unwrap();
    let other = machine_with(&files.get(Path::new(FILE)).unwrap());
    let store = store_on(&other);
    store.save(&[record(7, 9), record(8, 9)]).unwrap();
    store.import(Path::new(FILE)).unwrap();
    assert_eq!(versions(&store, 7), [3, 2, 1, 9]);
    assert_eq!(versions(&store, 8), [9]);
}

#[test]
fn an_empty_store_is_exported_too() {
    let files = MemoryFiles::new();
    files.put(Path::new("elsewhere/other"), b"");
    assert_eq!(store_on(&files).export(Path::new(FILE)).unwrap().records, 0);
    assert_eq!(store_on(&files).import(Path::new(FILE)).unwrap(), Imported::default());
}

#[test]
fn what_is_no_export_is_refused() {
    let (_, bytes) = exported();
    let import = |bytes: &[u8]| store_on(&machine_with(bytes)).import(Path::new(FILE)).unwrap_err();
    assert!(matches!(import(b""), ImportError::NotAnExport { .. }));
    assert!(matches!(import(b"main() = 1\n"), ImportError::NotAnExport { .. }));
    assert!(matches!(import(&[b'x'; 500]), ImportError::NotAnExport { .. }));
    let files = machine_with(&bytes);
    let missing = store_on(&files).import(Path::new("elsewhere/nothing")).unwrap_err();
    assert!(matches!(missing, ImportError::Read { .. }), "{missing}");
    let folder = store_on(&files).import(Path::new("elsewhere")).unwrap_err();
    assert!(matches!(folder, ImportError::Read { .. }), "{folder}");
    let other = Store::open(Arc::new(files.clone()), PathBuf::from(DIR), OTHER_BUILD);
    assert!(matches!(other.import(Path::new(FILE)), Err(ImportError::OtherBuild { .. })));
    assert_eq!(files.paths().len(), 1, "nothing was made: {:?}", files.paths());
}

/// Cut at every length, and every byte changed: what is imported is right, and what is lost is told.
#[test]
fn damage_is_left_out() {
    let (_, bytes) = exported();
    let mut complete = 0;
    for end in 0..bytes.len() {
        let files = machine_with(&bytes[..end]);
        if let Ok(report) = store_on(&files).import(Path::new(FILE)) {
            assert_eq!(found(&files), report.new as u32);
            assert!(report.damaged > 0, "cut to {end}");
        }
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let files = machine_with(&changed);
        if let Ok(report) = store_on(&files).import(Path::new(FILE)) {
            assert_eq!(found(&files), report.new as u32, "byte {at}");
            complete += u32::from(report.damaged == 0);
        }
    }
    // The four spare bytes of the head are nobody's business.
    assert_eq!(complete, 4);
}

/// A length of the file is forged; no more is read than there is.
#[test]
fn huge_lengths_are_refused() {
    let (_, bytes) = exported();
    for value in [u64::MAX, u64::MAX - 39, 1 << 40, bytes.len() as u64] {
        let mut forged = bytes.clone();
        forged[32..40].copy_from_slice(&value.to_le_bytes());
        let files = machine_with(&forged);
        let report = store_on(&files).import(Path::new(FILE)).unwrap();
        assert_eq!(report, Imported { new: 0, known: 0, damaged: 1 });
    }
}

const FAULTS: [Fault; 4] = [Fault::Fail, Fault::Short, Fault::Lose, Fault::Stop];

#[test]
fn s62_s64_an_export_is_whole_or_told() {
    for fault in FAULTS {
        for at in 0.. {
            let (files, bytes) = exported();
            let target = Path::new("elsewhere/second");
            let faulty = FaultyFiles::new(Arc::new(files.clone()), at, fault);
            let store = Store::open(Arc::new(faulty.clone()), PathBuf::from(DIR), BUILD);
            let outcome = store.export(target);
            let reached = faulty.operations() > at;
            let written = files.get(target);
            assert_eq!(outcome.is_ok(), written.is_some(), "{fault:?} at {at}: all or nothing");
            if !reached {
                assert_eq!(written, Some(bytes));
                assert!(at > 5, "the export does nothing");
                break;
            }
            if let Some(written) = written {
                let other = machine_with(&written);
                let report = store_on(&other).import(Path::new(FILE));
                assert!(report.is_err() || found(&other) == report.unwrap().new as u32, "{fault:?} at {at}");
            }
            assert_eq!(found(&files), RECORDS, "{fault:?} at {at}: the store is as it was");
        }
    }
}

#[test]
fn s62_s64_an_import_leaves_a_store() {
    let (_, bytes) = exported();
    for fault in FAULTS {
        for at in 0.. {
            let files = machine_with(&bytes);
            store_on(&files).save(&[record(50, 1)]).unwrap();
            let faulty = FaultyFiles::new(Arc::new(files.clone()), at, fault);
            let store = Store::open(Arc::new(faulty.clone()), PathBuf::from(DIR), BUILD);
            let outcome = store.import(Path::new(FILE));
            let reached = faulty.operations() > at;
            let what = format!("{fault:?} at {at}: {outcome:?}");
            assert_eq!(versions(&store_on(&files), 50), [1], "{what}");
            if fault != Fault::Lose {
                let new = outcome.map_or(0, |report| report.new as u32);
                assert!(found(&files) >= new, "{what}");
            }
            store_on(&files).import(Path::new(FILE)).unwrap();
            assert!(fault == Fault::Lose || found(&files) == RECORDS, "{what}: cannot be imported to");
            if !reached {
                assert!(at > 5, "the import does nothing");
                break;
            }
        }
    }
}

/// A journal gives back what was written, in order, whatever happens to its file.
#[test]
fn journals() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    store.append_note("run", [1; store::NOTE]);
    assert_eq!(store.notes("run"), [[0; store::NOTE]; 0], "nothing is made for its sake");
    store.save(&[record(1, 1)]).unwrap();
    store.write_manifest("run", b"", &[]).unwrap();
    for number in 0..=255u8 {
        store.append_note("run", [number; store::NOTE]);
        store.append_note("other one", [7; store::NOTE]);
    }
    let expected: Vec<[u8; store::NOTE]> = (224..=255u8).map(|number| [number; store::NOTE]).collect();
    assert_eq!(store.notes("run"), expected);
    let log = files.paths().into_iter().find(|path| path.ends_with("run.log")).unwrap();
    let bytes = files.get(&log).unwrap();
    assert!(bytes.len() < 8192, "{} bytes", bytes.len());
    let allowed = |notes: Vec<[u8; store::NOTE]>| notes.iter().all(|note| expected.contains(note) || note[0] > 128);
    for end in 0..bytes.len() {
        files.put(&log, &bytes[..end]);
        assert!(allowed(store.notes("run")), "cut to {end}");
        let mut changed = bytes.clone();
        changed[end] ^= 1;
        files.put(&log, &changed);
        assert!(allowed(store.notes("run")), "byte {end} changed");
    }
    files.put(&log, &bytes[..45]);
    store.append_note("run", [9; store::NOTE]);
    assert_eq!(store.notes("run").last(), Some(&[9; store::NOTE]), "a torn line hides no other");
    store.clear().unwrap();
    assert_eq!(store.notes("run").len(), 0);
}

//! Saving, finding and reading when nothing goes wrong.

use std::path::PathBuf;
use std::sync::Arc;

use store::testing::MemoryFiles;
use store::{MAX_PER_KEY, NewRecord, RecordRef, Store};

use crate::common::*;

#[test]
fn an_empty_folder_has_nothing_and_stays_empty() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    assert!(store.lookup(0, &key(1)).is_empty());
    assert!(store.read_manifest("run").is_none());
    assert!(store.save(&[]).unwrap().is_empty());
    assert!(files.paths().is_empty());
    assert!(store.warnings().is_empty(), "a missing folder is no reason to warn");
}

#[test]
fn what_was_saved_is_found_by_key_and_by_place() {
    let files = MemoryFiles::new();
    let records: Vec<NewRecord> = (0..50).map(|i| record(i, 1)).collect();
    let saver = store_on(&files);
    let places = saver.save(&records).unwrap();
    for store in [saver, store_on(&files)] {
        for (record, &place) in records.iter().zip(&places) {
            assert_eq!(store.lookup(record.kind, &record.key), [place]);
            let place = RecordRef::from_bytes(place.to_bytes());
            let found = store.record_for(place, record.kind, &record.key).unwrap();
            assert_eq!(sections(&found).unwrap(), record.sections);
            assert_eq!(found.reference(), place);
            assert!(found.section(4).is_none());
            assert_eq!(found.section_length(0), Some(4));
            let all = found.sections_in(0..4).unwrap();
            assert!(all.iter().zip(&record.sections).all(|(a, b)| a.as_ref() == b.as_slice()));
        }
        assert!(store.lookup(7, &key(3)).is_empty(), "another kind");
        assert!(store.lookup(0, &key(99)).is_empty());
        assert!(store.warnings().is_empty());
        assert!(store.verify().is_empty());
    }
}

/// Larger than what is read at once: heads beyond the first 4 KiB, sections beyond it, segments not kept in memory.
#[test]
fn large_records_are_read_in_parts() {
    let files = MemoryFiles::new();
    let many = NewRecord { kind: 1, key: key(1), sections: (0..2000u32).map(|i| i.to_le_bytes().to_vec()).collect() };
    let long = NewRecord { kind: 1, key: key(2), sections: vec![vec![1; 5000], vec![2; 300_000], vec![3; 10]] };
    let places = store_on(&files).save(&[many.clone(), long.clone()]).unwrap();
    let store = store_on(&files);
    let found = store.record_at(places[0]).unwrap();
    assert_eq!(sections(&found).unwrap(), many.sections);
    let before = store.counters();
    let found = store.record_at(places[1]).unwrap();
    assert_eq!(found.section(2).unwrap().as_ref(), [3; 10]);
    let after = store.counters();
    assert!(after.bytes_read - before.bytes_read < 5000, "only the head and the section are read");
    assert_eq!(after.reads - before.reads, 2);
    assert_eq!(sections(&found).unwrap(), long.sections);
    assert_eq!(found.sections_in(1..3).unwrap().len(), 2);
    assert!(found.sections_in(1..4).is_none());
}

#[test]
fn several_records_of_a_key_come_newest_first_and_at_most_four() {
    let files = MemoryFiles::new();
    for version in 1..=6 {
        store_on(&files).save(&[record(5, version)]).unwrap();
    }
    assert_eq!(versions(&store_on(&files), 5), [6, 5, 4, 3]);
    store_on(&files).save(&[record(5, 8), record(5, 7)]).unwrap();
    assert_eq!(versions(&store_on(&files), 5), [8, 7, 6, 5]);
    assert_eq!(MAX_PER_KEY, 4);
}

#[test]
fn equal_records_give_equal_files_and_are_not_stored_twice() {
    let files = MemoryFiles::new();
    let records = [record(1, 1), record(2, 1)];
    let first = store_on(&files).save(&records).unwrap();
    let before: Vec<_> = files.paths();
    assert_eq!(store_on(&files).save(&records).unwrap(), first);
    assert_eq!(files.paths(), before);
    let elsewhere = MemoryFiles::new();
    assert_eq!(store_on(&elsewhere).save(&records).unwrap(), first);
    for path in before {
        assert_eq!(files.get(&path), elsewhere.get(&path));
    }
}

#[test]
fn a_start_by_place_opens_one_segment_and_lists_nothing() {
    let files = MemoryFiles::new();
    let writer = store_on(&files);
    let places: Vec<_> = (0..20).map(|i| writer.save(&[record(i, 1)]).unwrap()[0]).collect();
    let store = store_on(&files);
    store.record_at(places[3]).unwrap();
    assert_eq!(store.counters().segments_opened, 1);
    assert_eq!(store.counters().reads, 1);
}

#[test]
fn a_refresh_shows_what_others_saved() {
    let files = MemoryFiles::new();
    let (one, two) = (store_on(&files), store_on(&files));
    assert!(versions(&two, 1).is_empty());
    let places = one.save(&[record(1, 1)]).unwrap();
    assert!(versions(&two, 1).is_empty());
    assert!(two.record_at(places[0]).is_some(), "a place needs no list");
    two.refresh();
    assert_eq!(versions(&two, 1), [1]);
    two.save(&[record(1, 2)]).unwrap();
    assert_eq!(versions(&two, 1), [2, 1], "own saves need no refresh");
}

#[test]
fn s76_s77_builds_do_not_see_each_other() {
    let files = MemoryFiles::new();
    let old = store_on(&files);
    let new = Store::open(Arc::new(files.clone()), PathBuf::from(DIR), OTHER_BUILD);
    let places = old.save(&[record(1, 1)]).unwrap();
    old.write_manifest("run", b"old", &places).unwrap();
    assert!(versions(&new, 1).is_empty());
    assert!(new.record_at(places[0]).is_none());
    assert!(new.read_manifest("run").is_none());
    new.save(&[record(1, 2)]).unwrap();
    assert_eq!(versions(&new, 1), [2]);
    assert_eq!(versions(&old, 1), [1]);
    assert_eq!(old.read_manifest("run").unwrap().bytes(), b"old");
    assert!(new.warnings().is_empty() && old.warnings().is_empty());
}

#[test]
fn manifests_are_replaced_as_a_whole() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    let places = store.save(&[record(1, 1), record(2, 1)]).unwrap();
    for name in ["run", "", "Ünïcode/../../etc", &"long".repeat(100), "tmp-1"] {
        store.write_manifest(name, b"first", &[]).unwrap();
        store.write_manifest(name, name.as_bytes(), &places).unwrap();
    }
    let store = store_on(&files);
    for name in ["run", "", "Ünïcode/../../etc", &"long".repeat(100), "tmp-1"] {
        let manifest = store.read_manifest(name).unwrap();
        assert_eq!(manifest.bytes(), name.as_bytes());
        assert_eq!(manifest.references().collect::<Vec<_>>(), places);
        assert_eq!(manifest.reference(1), Some(places[1]));
        assert_eq!(manifest.reference(2), None);
    }
    assert!(files.paths().iter().all(|path| path.starts_with(DIR)));
    assert!(store.verify().is_empty());
}

#[test]
fn a_new_folder_is_marked_as_disposable_and_an_old_one_is_not() {
    let files = MemoryFiles::new();
    store_on(&files).save(&[record(1, 1)]).unwrap();
    let tag = files.get(&PathBuf::from(DIR).join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"));
    assert!(files.get(&PathBuf::from(DIR).join(".gitignore")).is_some());

    let files = MemoryFiles::new();
    files.put(&PathBuf::from(DIR).join("thesis.txt"), b"the user's own");
    store_on(&files).save(&[record(1, 1)]).unwrap();
    assert!(files.get(&PathBuf::from(DIR).join(".gitignore")).is_none());
    assert_eq!(versions(&store_on(&files), 1), [1]);
}

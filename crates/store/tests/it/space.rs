//! Merging, eviction, clearing, counting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::testing::MemoryFiles;
use store::{Files as _, MaintainOptions, NewRecord, RecordRef, Store};

use crate::common::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn few_segments<'a>() -> MaintainOptions<'a> {
    MaintainOptions { max_segments: 2, ..MaintainOptions::default() }
}

fn small<'a>(max_bytes: u64) -> MaintainOptions<'a> {
    MaintainOptions { max_bytes, ..MaintainOptions::default() }
}

/// One segment per record.
fn save_apart(files: &MemoryFiles, numbers: std::ops::Range<u32>) -> Vec<RecordRef> {
    numbers.map(|i| store_on(files).save(&[record(i, 1)]).unwrap()[0]).collect()
}

fn segment_count(files: &MemoryFiles) -> usize {
    files.paths().iter().filter(|path| path.extension().is_some_and(|extension| extension == "seg")).count()
}

#[test]
fn nothing_to_do_does_nothing() {
    let files = MemoryFiles::new();
    assert_eq!(store_on(&files).maintain(MaintainOptions::default()).unwrap(), Default::default());
    save_apart(&files, 0..3);
    let before = files.paths();
    let done = store_on(&files).maintain(MaintainOptions::default()).unwrap();
    assert_eq!((done.merged, done.dropped, done.skipped), (0, 0, false));
    assert_eq!(files.paths(), before);
}

#[test]
fn merging_keeps_every_record_and_moves_manifests() {
    let files = MemoryFiles::new();
    let places = save_apart(&files, 0..20);
    store_on(&files).write_manifest("run", b"meaning", &places).unwrap();
    let (merger, reader, late) = (store_on(&files), store_on(&files), store_on(&files));
    let held: Vec<_> = places.iter().map(|&place| reader.record_at(place).unwrap()).collect();
    assert_eq!(versions(&merger, 19), [1]);
    assert_eq!(versions(&late, 19), [1]);

    let done = merger.maintain(few_segments()).unwrap();
    assert_eq!((done.merged, done.dropped, done.records_removed), (19, 0, 0));
    assert!(done.bytes_after < done.bytes_before);
    assert_eq!(segment_count(&files), 2);

    let fresh = store_on(&files);
    let manifest = fresh.read_manifest("run").unwrap();
    assert_eq!(manifest.bytes(), b"meaning");
    for (i, (held, &place)) in held.iter().zip(&places).enumerate() {
        let i = i as u32;
        assert_eq!(checked_version(held, i), Some(1), "a reader keeps what it has open");
        assert_eq!(checked_version(&reader.record_at(place).unwrap(), i), Some(1));
        assert_eq!(checked_version(&merger.record_at(place).unwrap(), i), Some(1), "old places work in the merger");
        let moved = manifest.reference(i as usize).unwrap();
        assert_eq!(checked_version(&fresh.record_for(moved, record(i, 1).kind, &key(i)).unwrap(), i), Some(1));
        for store in [&merger, &late, &fresh] {
            assert_eq!(versions(store, i), [1]);
        }
    }
    for store in [merger, reader, late, fresh] {
        assert!(store.warnings().is_empty());
        assert!(store.verify().is_empty());
    }
}

#[test]
fn old_places_survive_several_merges_in_one_process() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    let mut places = Vec::new();
    for i in 0..60 {
        places.extend(store.save(&[record(i, 1)]).unwrap());
        store.maintain(few_segments()).unwrap();
    }
    for (i, &place) in places.iter().enumerate() {
        assert_eq!(checked_version(&store.record_at(place).unwrap(), i as u32), Some(1));
    }
    assert!(segment_count(&files) <= 3);
}

#[test]
fn a_merge_keeps_the_order_and_drops_what_no_lookup_returns() {
    let files = MemoryFiles::new();
    for version in 1..=6 {
        store_on(&files).save(&[record(5, version), record(6, 1)]).unwrap();
    }
    let done = store_on(&files).maintain(MaintainOptions { max_segments: 1, ..MaintainOptions::default() }).unwrap();
    assert_eq!(segment_count(&files), 1);
    assert_eq!(done.records_removed, 2 + 5);
    assert_eq!(versions(&store_on(&files), 5), [6, 5, 4, 3]);
    assert_eq!(versions(&store_on(&files), 6), [1]);
    let again = store_on(&files).maintain(MaintainOptions { max_segments: 0, ..MaintainOptions::default() }).unwrap();
    assert_eq!((again.merged, again.dropped), (0, 0), "one segment is not merged with itself");
}

/// The order of saves, not of files: a merge of some makes an old record part of a new file.
#[test]
fn the_newest_records_survive_merges_of_any_segments() {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let files = MemoryFiles::new();
        for version in 1..=30 {
            let padding = NewRecord { kind: 9, key: key(version), sections: vec![vec![0; random.usize(..5000)]] };
            store_on(&files).save(&[record(5, version), padding]).unwrap();
            if random.u8(..3) == 0 {
                let max_segments = random.usize(1..5);
                store_on(&files).maintain(MaintainOptions { max_segments, ..MaintainOptions::default() }).unwrap();
            }
            let expected: Vec<u32> = (1..=version).rev().take(4).collect();
            assert_eq!(versions(&store_on(&files), 5), expected, "seed {seed}");
        }
    }
}

#[test]
fn the_least_recently_used_go_first() {
    let files = MemoryFiles::new();
    let big = |number| NewRecord { kind: 0, key: key(number), sections: vec![vec![number as u8; 100_000]] };
    let mut places = Vec::new();
    for number in 0..10 {
        places.extend(store_on(&files).save(&[big(number)]).unwrap());
        files.advance(DAY);
    }
    store_on(&files).record_at(places[0]).unwrap();
    let done = store_on(&files).maintain(small(500_000)).unwrap();
    assert_eq!((done.dropped, done.records_removed), (6, 6));
    let store = store_on(&files);
    let left: Vec<u32> = (0..10).filter(|&number| !store.lookup(0, &key(number)).is_empty()).collect();
    assert_eq!(left, [0, 7, 8, 9], "0 was used today");
    assert!(store.record_at(places[3]).is_none());
    assert!(store.warnings().is_empty());
}

#[test]
fn live_records_are_never_evicted() {
    let files = MemoryFiles::new();
    let places = store_on(&files).save(&(0..30).map(|i| record(i, 1)).collect::<Vec<_>>()).unwrap();
    store_on(&files).write_manifest("run", b"", &places[..10]).unwrap();
    let live = |kind, wanted: &[u8; 16]| kind == record(20, 1).kind && *wanted == key(20);
    let store = store_on(&files);
    let done = store.maintain(MaintainOptions { live: &live, ..small(0) }).unwrap();
    assert_eq!((done.merged, done.records_removed), (1, 19));
    let left: Vec<u32> = (0..30).filter(|&i| versions(&store_on(&files), i) == [1]).collect();
    assert_eq!(left, (0..10).chain([20]).collect::<Vec<_>>());
    let manifest = store.read_manifest("run").unwrap();
    assert!(manifest.references().all(|place| store_on(&files).record_at(place).is_some()));
    let again = store.maintain(MaintainOptions { live: &live, ..small(0) }).unwrap();
    assert_eq!((again.merged, again.dropped, again.bytes_after), (0, 0, done.bytes_after));
}

#[test]
fn use_is_noted_once_a_day() {
    let files = MemoryFiles::new();
    let place = store_on(&files).save(&[record(1, 1)]).unwrap()[0];
    store_on(&files).write_manifest("run", b"", &[place]).unwrap();
    let used = || {
        let segment = files.paths().into_iter().find(|path| path.to_string_lossy().ends_with(".seg")).unwrap();
        let manifest = files.paths().into_iter().find(|path| path.to_string_lossy().ends_with(".man")).unwrap();
        (files.metadata(&segment).unwrap().modified, files.metadata(&manifest).unwrap().modified)
    };
    let saved = used();
    files.advance(DAY / 2);
    let touch = || {
        let store = store_on(&files);
        store.record_at(store.read_manifest("run").unwrap().reference(0).unwrap()).unwrap();
    };
    touch();
    assert_eq!(used(), saved);
    files.advance(DAY);
    touch();
    assert_eq!(used(), (files.now(), files.now()));
}

#[test]
fn other_builds_go_when_unused_for_long_or_when_there_is_no_room() {
    let files = MemoryFiles::new();
    let other = || Store::open(Arc::new(files.clone()), PathBuf::from(DIR), OTHER_BUILD);
    other().save(&[record(1, 1)]).unwrap();
    files.advance(29 * DAY);
    store_on(&files).save(&[record(2, 1)]).unwrap();
    assert_eq!(store_on(&files).maintain(MaintainOptions::default()).unwrap().builds_removed, 0);
    assert_eq!(versions(&other(), 1), [1], "used now");
    files.advance(2 * DAY);
    assert_eq!(store_on(&files).maintain(MaintainOptions::default()).unwrap().builds_removed, 0);
    files.advance(30 * DAY);
    assert_eq!(store_on(&files).maintain(MaintainOptions::default()).unwrap().builds_removed, 1);
    assert!(versions(&other(), 1).is_empty());
    assert!(other().stat().other_builds.len() == 1);

    other().save(&[record(1, 1)]).unwrap();
    let own = store_on(&files).stat().bytes;
    assert_eq!(store_on(&files).maintain(small(own)).unwrap().builds_removed, 1);
    assert_eq!(versions(&store_on(&files), 2), [1], "room enough without the other build");
}

#[test]
fn unused_manifests_keep_nothing_alive() {
    let files = MemoryFiles::new();
    let place = store_on(&files).save(&[record(1, 1)]).unwrap();
    store_on(&files).write_manifest("old-script", b"", &place).unwrap();
    files.advance(31 * DAY);
    store_on(&files).save(&[record(2, 1)]).unwrap();
    store_on(&files).maintain(small(100)).unwrap();
    assert!(store_on(&files).read_manifest("old-script").is_none());
    assert!(versions(&store_on(&files), 1).is_empty());
}

#[test]
fn maintenance_is_skipped_while_another_is_at_it() {
    let files = MemoryFiles::new();
    save_apart(&files, 0..9);
    let segment = files.paths().into_iter().find(|path| path.to_string_lossy().ends_with(".seg")).unwrap();
    let lock = segment.parent().and_then(Path::parent).unwrap().join("lock");
    let held = files.try_lock(&lock).unwrap().unwrap();
    let done = store_on(&files).maintain(few_segments()).unwrap();
    assert!(done.skipped);
    assert_eq!(segment_count(&files), 9);
    drop(held);
    assert!(!store_on(&files).maintain(few_segments()).unwrap().skipped);
    assert_eq!(segment_count(&files), 2);
}

#[test]
fn abandoned_and_damaged_files_are_removed() {
    let files = MemoryFiles::new();
    let places = save_apart(&files, 0..4);
    let segment = |place: RecordRef| {
        let name = format!("{:?}", place.segment);
        files.paths().into_iter().find(|path| path.ends_with(&name)).unwrap()
    };
    let damaged = segment(places[0]);
    files.put(&damaged, b"garbage");
    let temporary = damaged.with_file_name("tmp-77-0");
    files.put(&temporary, b"half of a segm");
    let foreign = damaged.with_file_name("notes.txt");
    files.put(&foreign, b"not ours");
    let done = store_on(&files).maintain(few_segments()).unwrap();
    assert_eq!(done.dropped, 1);
    assert!(files.get(&damaged).is_none());
    assert!(files.get(&temporary).is_some(), "its process may be alive");
    files.advance(DAY);
    store_on(&files).maintain(few_segments()).unwrap();
    assert!(files.get(&temporary).is_none());
    assert!(files.get(&foreign).is_some());
    assert_eq!((1..4).map(|i| versions(&store_on(&files), i).len()).sum::<usize>(), 3);
}

/// No limit is exceeded: what was noticed is reason enough.
#[test]
fn what_was_found_damaged_is_removed_by_the_next_maintenance() {
    let files = MemoryFiles::new();
    store_on(&files).save(&[record(0, 1), record(1, 1)]).unwrap();
    let path = files.paths().into_iter().find(|path| path.to_string_lossy().ends_with(".seg")).unwrap();
    let good = files.get(&path).unwrap();
    let kept = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let files = files.fork();
        files.put(&path, &bytes);
        let store = store_on(&files);
        assert_eq!(store.verify().len(), 1);
        let done = store.maintain(MaintainOptions::default()).unwrap();
        assert_eq!(done.merged + done.dropped, 1);
        assert_eq!(store_on(&files).verify(), []);
        (0..2).filter(|&number| versions(&store_on(&files), number) == [1]).count()
    };
    assert_eq!(kept(9), 0, "the header");
    assert_eq!(kept(60), 1, "the head of one record");
    assert_eq!(kept(good.len() - 1), 0, "the index");
}

#[test]
fn clear_removes_all_builds_and_nothing_foreign() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    let other = Store::open(Arc::new(files.clone()), PathBuf::from(DIR), OTHER_BUILD);
    let places = store.save(&[record(1, 1)]).unwrap();
    store.write_manifest("run", b"", &places).unwrap();
    other.save(&[record(1, 1)]).unwrap();
    let foreign = PathBuf::from(DIR).join("0123456789abcdef/segments/readme.txt");
    files.put(&foreign, b"not ours");
    let held = store.record_at(places[0]).unwrap();
    assert_eq!(store.clear().unwrap(), 3);
    assert!(store.record_at(places[0]).is_none());
    assert!(versions(&store, 1).is_empty() && store.read_manifest("run").is_none());
    assert_eq!(checked_version(&held, 1), Some(1), "a reader keeps what it has open");
    assert!(files.get(&foreign).is_some());
    assert!(store.warnings().is_empty());
    store.save(&[record(1, 2)]).unwrap();
    assert_eq!(versions(&store, 1), [2]);
}

#[test]
fn counting_tells_what_is_there() {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    assert_eq!(store.stat(), Default::default());
    let places = store.save(&(0..9).map(|i| record(i, 1)).collect::<Vec<_>>()).unwrap();
    files.advance(2 * DAY);
    store.save(&[record(1, 2)]).unwrap();
    store.write_manifest("run", b"four", &places[..5]).unwrap();
    let stat = store.stat();
    assert_eq!((stat.segments, stat.records, stat.live_records, stat.manifests), (2, 10, 5, 1));
    assert_eq!((stat.oldest, stat.newest), (Some(2 * DAY), Some(Duration::ZERO)));
    assert_eq!(stat.by_kind.iter().map(|(&kind, of)| (kind, of.records)).collect::<Vec<_>>(), [(0, 3), (1, 4), (2, 3)]);
    let on_disk: usize = files
        .paths()
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(".seg"))
        .map(|path| files.get(path).unwrap().len())
        .sum();
    assert_eq!(stat.bytes, on_disk as u64);
}

/// More than one segment's worth: a save and a merge are cut into several files.
#[test]
fn large_saves_and_merges_are_cut() {
    let files = MemoryFiles::new();
    let big = |number: u32| NewRecord { kind: 0, key: key(number), sections: vec![vec![number as u8; 3 << 20]] };
    let store = store_on(&files);
    let mut places = store.save(&(0..15).map(big).collect::<Vec<_>>()).unwrap();
    assert_eq!(segment_count(&files), 2);
    for number in 15..30 {
        places.extend(store.save(&[big(number), big(0)]).unwrap().first());
    }
    store.write_manifest("run", b"", &places).unwrap();
    store.maintain(few_segments()).unwrap();
    assert!(segment_count(&files) <= 4, "{}", segment_count(&files));
    let fresh = store_on(&files);
    let manifest = fresh.read_manifest("run").unwrap();
    for number in 0..30 {
        let at = manifest.reference(number as usize).unwrap();
        let found = fresh.record_for(at, 0, &key(number)).unwrap();
        assert_eq!(found.section(0).unwrap()[..], vec![number as u8; 3 << 20]);
    }
    assert!(fresh.verify().is_empty());
}

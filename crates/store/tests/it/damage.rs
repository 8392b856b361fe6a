//! Whatever the bytes on the disk are, the answer is the right one or none.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use proptest::prelude::*;
use store::testing::MemoryFiles;
use store::{Entry, Files, Lock, MaintainOptions, Metadata, NewRecord, OpenFile, RealFiles, RecordRef, Store};

use crate::common::*;

const RECORDS: u32 = 6;

/// A small store with two segments and a manifest, and the places of all records.
fn prepared() -> (MemoryFiles, Vec<RecordRef>) {
    let files = MemoryFiles::new();
    let store = store_on(&files);
    let mut places = store.save(&(0..4).map(|i| record(i, 1)).collect::<Vec<_>>()).unwrap();
    places.extend(store.save(&[record(4, 1), record(5, 1), record(0, 2)]).unwrap());
    store.write_manifest("run", b"the last run", &places).unwrap();
    (files, places)
}

fn files_of(files: &MemoryFiles, extension: &str) -> Vec<PathBuf> {
    files.paths().into_iter().filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// Asks everything. Returns how many records were found by place.
#[track_caller]
fn ask_everything(files: &MemoryFiles, places: &[RecordRef]) -> usize {
    let store = store_on(files);
    let numbers = [0, 1, 2, 3, 4, 5, 0];
    let mut found = 0;
    for (&number, &place) in numbers.iter().zip(places) {
        let by_place = store.record_for(place, record(number, 0).kind, &key(number));
        found += usize::from(by_place.is_some_and(|by_place| checked_version(&by_place, number).is_some()));
    }
    for number in 0..RECORDS {
        versions(&store, number);
    }
    if let Some(manifest) = store.read_manifest("run") {
        assert_eq!(manifest.bytes(), b"the last run");
        assert_eq!(manifest.references().collect::<Vec<_>>(), places);
    }
    assert!(store.warnings().len() <= 1);
    store.stat();
    found
}

/// After any damage a store that was looked at, maintained and saved to is as good as new.
#[track_caller]
fn heals(files: &MemoryFiles) {
    let store = store_on(files);
    store.verify();
    store.maintain(MaintainOptions { max_segments: 1, ..MaintainOptions::default() }).unwrap();
    store.save(&(0..RECORDS).map(|i| record(i, 3)).collect::<Vec<_>>()).unwrap();
    store.write_manifest("run", b"the last run", &[]).unwrap();
    let store = store_on(files);
    for number in 0..RECORDS {
        assert_eq!(versions(&store, number)[0], 3);
    }
    assert_eq!(store.verify(), []);
}

#[test]
fn s56_truncated_at_every_length() {
    let (files, places) = prepared();
    assert_eq!(ask_everything(&files, &places), 7);
    for path in files_of(&files, "seg").iter().chain(&files_of(&files, "man")) {
        let bytes = files.get(path).unwrap();
        for length in 0..bytes.len() {
            let files = files.fork();
            files.put(path, &bytes[..length]);
            let found = ask_everything(&files, &places);
            assert_eq!(found, if path.extension().unwrap() == "seg" { 7 - records_in(path, &places) } else { 7 });
            assert_eq!(store_on(&files).verify().len(), 1);
            if length % 50 == 0 {
                heals(&files);
            }
        }
        let files = files.fork();
        files.put(path, &[bytes.as_slice(), b"x"].concat());
        ask_everything(&files, &places);
        assert_eq!(store_on(&files).verify().len(), 1, "longer than written");
    }
}

fn records_in(segment: &Path, places: &[RecordRef]) -> usize {
    places.iter().filter(|place| segment.ends_with(format!("{:?}", place.segment))).count()
}

#[test]
fn s57_every_byte_flipped() {
    let (files, places) = prepared();
    for path in files_of(&files, "seg").iter().chain(&files_of(&files, "man")) {
        let bytes = files.get(path).unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let files = files.fork();
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                files.put(path, &bytes);
                ask_everything(&files, &places);
                assert!(!store_on(&files).verify().is_empty(), "byte {at} of {} is not checked", path.display());
                if at % 97 == 0 {
                    heals(&files);
                }
            }
        }
    }
}

/// The same for a segment that is not read whole when it is opened.
#[test]
fn s57_flipped_bytes_of_a_large_segment() {
    let files = MemoryFiles::new();
    let large = |number: u32| NewRecord {
        kind: 1,
        key: key(number),
        sections: (0..30).map(|i| vec![(number + i) as u8; 200 + 40 * i as usize]).collect(),
    };
    let places = store_on(&files).save(&(0..10).map(large).collect::<Vec<_>>()).unwrap();
    let path = files_of(&files, "seg").remove(0);
    let bytes = files.get(&path).unwrap();
    assert!(bytes.len() > 100_000);
    let mut random = fastrand::Rng::with_seed(7);
    let near_the_edges = (0..700).chain(bytes.len() - 500..bytes.len());
    let anywhere: Vec<usize> = (0..1500).map(|_| random.usize(..bytes.len())).collect();
    for at in near_the_edges.chain(anywhere) {
        let mut bytes = bytes.clone();
        bytes[at] ^= random.u8(1..);
        files.put(&path, &bytes);
        let store = store_on(&files);
        for (number, &place) in places.iter().enumerate() {
            if let Some(found) = store.record_at(place) {
                for i in 0..found.sections() {
                    assert!(
                        found.section(i).is_none_or(|section| section.as_ref() == large(number as u32).sections[i])
                    );
                }
                found.sections_in(0..found.sections());
            }
            for found in store.find(1, &key(number as u32)) {
                assert_eq!(found.key(), &key(number as u32));
            }
        }
        assert!(!store.verify().is_empty());
    }
}

#[test]
fn s58_a_valid_file_under_another_name_is_a_miss() {
    let (files, places) = prepared();
    let segments = files_of(&files, "seg");
    files.put(&segments[0], &files.get(&segments[1]).unwrap());
    assert_eq!(ask_everything(&files, &places), 3);
    let store = store_on(&files);
    store.write_manifest("other", b"another program", &[]).unwrap();
    let manifests = files_of(&files, "man");
    let other = files.get(&manifests[0]).unwrap();
    files.put(&manifests[1], &other);
    assert!(store.read_manifest("run").is_none());
    assert!(store.read_manifest("other").is_some());
}

#[test]
fn s58_a_place_of_another_record_is_a_miss() {
    let (files, places) = prepared();
    let store = store_on(&files);
    assert!(store.record_for(places[1], record(2, 1).kind, &key(2)).is_none());
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20_000 {
        let place = places[random.usize(..places.len())];
        let place = RecordRef {
            offset: [place.offset, random.u32(..2000), random.u32(..)][random.usize(..3)],
            length: [place.length, random.u32(..2000), random.u32(..)][random.usize(..3)],
            ..place
        };
        if let Some(found) = store.record_at(place) {
            assert!(places.contains(&place));
            assert_eq!(found.reference(), place);
        }
    }
}

/// S59 on real files.
#[test]
fn s59_not_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Store::open(Arc::new(RealFiles), dir.path().join("store"), BUILD);
    let place = open().save(&[record(1, 1)]).unwrap()[0];
    open().write_manifest("run", b"", &[place]).unwrap();
    let home = std::fs::read_dir(dir.path().join("store")).unwrap().find_map(|entry| {
        let entry = entry.unwrap();
        entry.file_type().unwrap().is_dir().then(|| entry.path())
    });
    let home = home.unwrap();
    let segment = home.join("segments").join(format!("{:?}", place.segment));
    let manifest = home.join("manifests/run.man");
    let miss = |warnings: usize| {
        let store = open();
        assert!(store.record_at(place).is_none());
        assert!(versions(&store, 1).is_empty());
        assert!(store.read_manifest("run").is_none());
        assert_eq!(store.warnings().len(), warnings);
        assert!(store.stat().records == 0);
        store.verify();
    };
    std::fs::remove_file(&segment).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    miss(0);
    std::fs::create_dir(&segment).unwrap();
    std::fs::create_dir(&manifest).unwrap();
    miss(1);
    // A save of the same record cannot replace the folder: an error and a warning, and everything else works.
    assert!(open().save(&[record(1, 1)]).is_err());
    assert_eq!(open().save(&[record(2, 1)]).map(|places| places.len()).unwrap(), 1);
    std::fs::remove_dir(&segment).unwrap();
    std::fs::remove_dir(&manifest).unwrap();
    #[cfg(unix)]
    {
        for path in [&segment, &manifest] {
            std::os::unix::fs::symlink(path, path).unwrap();
        }
        miss_for_links(&open, place);
        open().save(&[record(1, 1)]).unwrap();
        open().write_manifest("run", b"", &[place]).unwrap();
        assert_eq!(versions(&open(), 1), [1], "a save replaces the link");
        std::fs::remove_file(&segment).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(&segment).status();
        if pipe.is_ok_and(|status| status.success()) {
            assert!(open().record_at(place).is_none(), "reading a pipe would wait for ever");
            std::fs::remove_file(&segment).unwrap();
        }
    }
    std::fs::remove_dir_all(home.join("segments")).unwrap();
    std::fs::write(home.join("segments"), b"a file").unwrap();
    let store = open();
    assert!(versions(&store, 1).is_empty());
    assert!(store.save(&[record(1, 1)]).is_err());
    assert!(store.maintain(MaintainOptions { max_segments: 0, ..MaintainOptions::default() }).is_ok());
    assert_eq!(store.warnings().len(), 1);
    store.clear().unwrap();
}

#[cfg(unix)]
fn miss_for_links(open: &dyn Fn() -> Store, place: RecordRef) {
    let store = open();
    assert!(store.record_at(place).is_none());
    assert!(versions(&store, 1).is_empty());
    assert!(store.read_manifest("run").is_none());
    assert_eq!(store.warnings().len(), 1);
}

#[test]
fn s60_manifest_garbage_or_from_the_future() {
    let (files, _) = prepared();
    let path = files_of(&files, "man").remove(0);
    let good = files.get(&path).unwrap();
    let mut future = good.clone();
    future[8] += 1;
    for bytes in [b"".as_slice(), b"ITHMAN\r\n", &[0; 48], &[0xff; 4096], &future] {
        files.put(&path, bytes);
        let store = store_on(&files);
        assert!(store.read_manifest("run").is_none());
        assert_eq!(store.warnings().len(), 1);
        assert_eq!(versions(&store, 1), [1]);
    }
}

/// Notes the largest buffer that a read was asked to fill: memory is taken just before.
struct Watching {
    inner: MemoryFiles,
    largest: Arc<AtomicUsize>,
}

struct Watched {
    inner: Box<dyn OpenFile>,
    /// What the file claims to be, as a file of holes could.
    length: u64,
    largest: Arc<AtomicUsize>,
}

impl OpenFile for Watched {
    fn metadata(&self) -> Metadata {
        Metadata { length: self.length, ..self.inner.metadata() }
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.largest.fetch_max(buffer.len(), Ordering::Relaxed);
        self.inner.read_exact_at(buffer, offset)
    }
}

impl Files for Watching {
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        let inner = self.inner.open(path)?;
        let length = inner.metadata().length;
        Ok(Box::new(Watched { inner, length, largest: Arc::clone(&self.largest) }))
    }
    fn write_temporary(&self, dir: &Path, bytes: &[u8], sync: bool) -> io::Result<PathBuf> {
        self.inner.write_temporary(dir, bytes, sync)
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.inner.append(path, bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.inner.list(dir)
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.inner.metadata(path)
    }
    fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        self.inner.set_modified(path, time)
    }
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.inner.create_dir_all(dir)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }
    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.remove_dir(dir)
    }
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.inner.try_lock(path)
    }
    fn now(&self) -> SystemTime {
        self.inner.now()
    }
}

fn reseal(bytes: &mut [u8], covered: std::ops::Range<usize>) {
    let sum = blake3::hash(&bytes[covered.clone()]);
    bytes[covered.end..covered.end + 8].copy_from_slice(&sum.as_bytes()[..8]);
}

/// Lengths forged with right checksums. Numbers at: header 12 (rows), 40 (length); head of a record 8, 12, sections 32.
#[test]
fn s61_huge_declared_lengths_take_no_memory() {
    let (files, places) = prepared();
    let largest = Arc::new(AtomicUsize::new(0));
    for path in files_of(&files, "seg") {
        let good = files.get(&path).unwrap();
        let mut forged = Vec::new();
        for value in [0, 1, 5, 1 << 20, (1 << 20) + 1, u32::MAX - 1, u32::MAX] {
            for at in [12, 40, 44] {
                let mut bytes = good.clone();
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
                reseal(&mut bytes, 0..48);
                forged.push(bytes);
            }
            for place in places.iter().filter(|place| path.ends_with(format!("{:?}", place.segment))) {
                let start = place.offset as usize;
                for at in [8, 12, 32, 44] {
                    let mut bytes = good.clone();
                    bytes[start + at..start + at + 4].copy_from_slice(&value.to_le_bytes());
                    reseal(&mut bytes, start..start + 32 + 4 * 12);
                    forged.push(bytes);
                }
            }
        }
        for bytes in forged {
            let files = files.fork();
            files.put(&path, &bytes);
            ask_everything(&files, &places);
            let watching = Watching { inner: files.clone(), largest: Arc::clone(&largest) };
            let store = Store::open(Arc::new(watching), PathBuf::from(DIR), BUILD);
            for &place in &places {
                store.record_at(place);
                store.record_at(RecordRef { length: u32::MAX, ..place });
            }
            versions(&store, 0);
            store.verify();
        }
    }
    let path = files_of(&files, "man").remove(0);
    let good = files.get(&path).unwrap();
    for value in [0, 1, 8, u32::MAX] {
        for at in [12, 32, 36] {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            files.put(&path, &bytes);
            let watching = Watching { inner: files.clone(), largest: Arc::clone(&largest) };
            let store = Store::open(Arc::new(watching), PathBuf::from(DIR), BUILD);
            assert!(store.read_manifest("run").is_none() || bytes == good);
        }
    }
    assert!(largest.load(Ordering::Relaxed) <= 2000, "took {} bytes", largest.load(Ordering::Relaxed));
}

#[test]
fn records_beyond_the_limit_are_refused() {
    let files = MemoryFiles::new();
    let huge = NewRecord { kind: 0, key: key(1), sections: vec![vec![0; (1 << 30) + 1]] };
    let store = store_on(&files);
    assert!(matches!(store.save(&[huge]), Err(store::SaveError::TooLarge)));
    assert!(files.paths().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several places of a file overwritten, cut out or repeated at once.
    #[test]
    fn any_mixture_of_damage_is_a_miss(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..40usize, 0..4u8), 1..6),
    ) {
        let (files, places) = prepared();
        let mut paths = files_of(&files, "seg");
        paths.extend(files_of(&files, "man"));
        for (which, at, length, how) in damages {
            let path = &paths[which.index(paths.len())];
            let mut bytes = files.get(path).unwrap();
            if bytes.is_empty() {
                continue;
            }
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            match how {
                0 => bytes[start..end].fill(0),
                1 => bytes[start..end].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(167).wrapping_add(13)),
                2 => drop(bytes.drain(start..end)),
                _ => bytes.extend_from_within(start..end),
            }
            files.put(path, &bytes);
        }
        ask_everything(&files, &places);
        heals(&files);
    }

    #[test]
    fn garbage_under_our_names_is_a_miss(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let (files, places) = prepared();
        for path in files_of(&files, "seg").iter().chain(&files_of(&files, "man")) {
            let mut bytes = bytes.clone();
            if magic && bytes.len() > 40 {
                bytes[..40].copy_from_slice(&files.get(path).unwrap()[..40]);
            }
            files.put(path, &bytes);
        }
        prop_assert_eq!(ask_everything(&files, &places), 0);
        heals(&files);
    }
}

/// What fuzzing found, and a few inputs that reach far: none of it ends the process.
#[test]
fn fuzzed_inputs_are_read_without_harm() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-data/fuzz/store");
    let mut inputs: Vec<Vec<u8>> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let (files, _) = prepared();
    inputs.extend(files.paths().iter().filter_map(|path| files.get(path)));
    inputs.push(Vec::new());
    for input in &inputs {
        store::testing::read_as_every_file(input);
        for at in (0..input.len()).step_by(7) {
            let mut changed = input.clone();
            changed[at] ^= 0x81;
            store::testing::read_as_every_file(&changed);
        }
    }
}

//! Files for tests: a tree in memory with a clock that is set by hand, and a wrapper that breaks one operation.
//!
//! Input: the operations of [`Files`]. Output: what a disk would answer, good or bad. Also of use for a store that
//! needs no disk, as in tests of the crates above.
//!
//! Invariant: [`MemoryFiles`] keeps the promises of [`Files`]: a file open for reading stays as it was, a rename
//! replaces as a whole, a lock excludes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::files::{Entry, Files, Lock, Metadata, OpenFile};
use crate::format::{self, BuildId, HEADER, SegmentId};
use crate::maintain::MaintainOptions;
use crate::store::{Store, build_folder};

/// A tree of files in memory. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryFiles {
    tree: Arc<Mutex<Tree>>,
}

struct Tree {
    files: BTreeMap<PathBuf, MemoryFile>,
    dirs: BTreeSet<PathBuf>,
    locked: BTreeSet<PathBuf>,
    now: SystemTime,
    temporaries: u64,
}

#[derive(Clone)]
struct MemoryFile {
    bytes: Arc<[u8]>,
    modified: SystemTime,
}

struct MemoryLock {
    tree: Arc<Mutex<Tree>>,
    path: PathBuf,
}

impl Default for Tree {
    fn default() -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Tree { files: BTreeMap::new(), dirs: BTreeSet::new(), locked: BTreeSet::new(), now, temporaries: 0 }
    }
}

impl MemoryFiles {
    /// An empty tree. Its clock stands until [`MemoryFiles::advance`].
    pub fn new() -> MemoryFiles {
        MemoryFiles::default()
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.tree().now += by;
    }

    /// All files, sorted.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.tree().files.keys().cloned().collect()
    }

    /// The bytes of a file. `None`: there is none.
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        self.tree().files.get(path).map(|file| file.bytes.to_vec())
    }

    /// Puts a file there, with the folders above it, whatever was there before.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut tree = self.tree();
        if let Some(dir) = path.parent() {
            tree.make_dirs(dir);
        }
        let modified = tree.now;
        tree.files.insert(path.to_owned(), MemoryFile { bytes: bytes.into(), modified });
    }

    /// A tree with the same content that changes on its own.
    pub fn fork(&self) -> MemoryFiles {
        let tree = self.tree();
        let copy = Tree {
            files: tree.files.clone(),
            dirs: tree.dirs.clone(),
            locked: BTreeSet::new(),
            now: tree.now,
            temporaries: tree.temporaries,
        };
        MemoryFiles { tree: Arc::new(Mutex::new(copy)) }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tree {
    fn make_dirs(&mut self, dir: &Path) {
        self.dirs.extend(dir.ancestors().map(Path::to_owned));
    }

    fn file(&mut self, path: &Path) -> io::Result<&mut MemoryFile> {
        if self.dirs.contains(path) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.files.get_mut(path).ok_or_else(missing)
    }

    fn dir(&self, dir: &Path) -> io::Result<()> {
        if self.files.contains_key(dir) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if self.dirs.contains(dir) { Ok(()) } else { Err(missing()) }
    }
}

impl Files for MemoryFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        Ok(Box::new(self.tree().file(path)?.clone()))
    }

    fn write_temporary(&self, dir: &Path, bytes: &[u8], _sync: bool) -> io::Result<PathBuf> {
        let mut tree = self.tree();
        tree.dir(dir)?;
        tree.temporaries += 1;
        let path = dir.join(format!("tmp-{}", tree.temporaries));
        let modified = tree.now;
        tree.files.insert(path.clone(), MemoryFile { bytes: bytes.into(), modified });
        Ok(path)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut tree = self.tree();
        tree.dir(path.parent().unwrap_or(Path::new("")))?;
        let modified = tree.now;
        let before = match tree.file(path) {
            Ok(file) => file.bytes.to_vec(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        tree.files.insert(path.to_owned(), MemoryFile { bytes: [&before, bytes].concat().into(), modified });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        if tree.dirs.contains(to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = tree.files.remove(from).ok_or_else(missing)?;
        tree.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let tree = self.tree();
        tree.dir(dir)?;
        let inside = |path: &PathBuf, is_dir| {
            let name = path.file_name().filter(|_| path.parent() == Some(dir))?.to_str()?.to_owned();
            Some(Entry { name, is_dir })
        };
        let files = tree.files.keys().filter_map(|path| inside(path, false));
        let dirs = tree.dirs.iter().filter_map(|path| inside(path, true));
        Ok(files.chain(dirs).collect())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let mut tree = self.tree();
        if tree.dirs.contains(path) {
            return Ok(Metadata { length: 0, modified: tree.now });
        }
        tree.file(path).map(|file| file.metadata())
    }

    fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        self.tree().file(path)?.modified = time;
        Ok(())
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        if dir.ancestors().any(|dir| tree.files.contains_key(dir)) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        tree.make_dirs(dir);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        tree.file(path)?;
        tree.files.remove(path);
        Ok(())
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        if !self.list(dir)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.tree().dirs.remove(dir);
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut tree = self.tree();
        tree.dir(path.parent().unwrap_or(Path::new("")))?;
        if !tree.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        let modified = tree.now;
        tree.files.entry(path.to_owned()).or_insert(MemoryFile { bytes: Arc::default(), modified });
        Ok(Some(Lock::new(MemoryLock { tree: Arc::clone(&self.tree), path: path.to_owned() })))
    }

    fn now(&self) -> SystemTime {
        self.tree().now
    }
}

impl OpenFile for MemoryFile {
    fn metadata(&self) -> Metadata {
        Metadata { length: self.bytes.len() as u64, modified: self.modified }
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(start..).and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).locked.remove(&self.path);
    }
}

/// What goes wrong at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing and reports an error; later ones work. As a full disk does.
    Fail,
    /// It does half: half of the bytes are written, read or listed. A write or read reports an error, a list does not.
    Short,
    /// A write stores half of the bytes and reports success, as after a loss of power; all else works.
    Lose,
    /// A write does half and nothing works from then on: the process was killed.
    Stop,
}

/// Passes operations on to other files, except at one operation.
#[derive(Clone)]
pub struct FaultyFiles {
    inner: Arc<dyn Files + Send + Sync>,
    plan: Arc<Plan>,
}

struct Plan {
    done: AtomicU64,
    at: u64,
    fault: Fault,
}

struct FaultyFile {
    inner: Box<dyn OpenFile>,
    plan: Arc<Plan>,
}

impl FaultyFiles {
    /// Breaks operation number `at`, counted from 0; `u64::MAX` never.
    pub fn new(inner: Arc<dyn Files + Send + Sync>, at: u64, fault: Fault) -> FaultyFiles {
        FaultyFiles { inner, plan: Arc::new(Plan { done: AtomicU64::new(0), at, fault }) }
    }

    /// How many operations were asked for so far.
    pub fn operations(&self) -> u64 {
        self.plan.done.load(Ordering::Relaxed)
    }

    fn step(&self) -> io::Result<()> {
        self.plan.step().map_or(Ok(()), |fault| if fault == Fault::Lose { Ok(()) } else { Err(broken()) })
    }
}

impl Plan {
    /// Counts an operation. `Some`: it goes wrong.
    fn step(&self) -> Option<Fault> {
        let now = self.done.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Stop if now > self.at => Some(Fault::Fail),
            fault => (now == self.at).then_some(fault),
        }
    }
}

impl Files for FaultyFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        self.step()?;
        Ok(Box::new(FaultyFile { inner: self.inner.open(path)?, plan: Arc::clone(&self.plan) }))
    }

    fn write_temporary(&self, dir: &Path, bytes: &[u8], sync: bool) -> io::Result<PathBuf> {
        let half = &bytes[..bytes.len() / 2];
        match self.plan.step() {
            None => self.inner.write_temporary(dir, bytes, sync),
            Some(Fault::Lose) => self.inner.write_temporary(dir, half, sync),
            Some(Fault::Fail) => Err(broken()),
            Some(Fault::Short | Fault::Stop) => {
                self.inner.write_temporary(dir, half, sync)?;
                Err(broken())
            }
        }
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        match self.plan.step() {
            None => self.inner.append(path, bytes),
            Some(Fault::Lose) => self.inner.append(path, half),
            Some(Fault::Fail) => Err(broken()),
            Some(Fault::Short | Fault::Stop) => {
                self.inner.append(path, half)?;
                Err(broken())
            }
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        self.inner.rename(from, to)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        match self.plan.step() {
            None | Some(Fault::Lose) => self.inner.list(dir),
            Some(Fault::Short) => {
                let mut entries = self.inner.list(dir)?;
                entries.truncate(entries.len() / 2);
                Ok(entries)
            }
            Some(Fault::Fail | Fault::Stop) => Err(broken()),
        }
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.step()?;
        self.inner.metadata(path)
    }

    fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        self.step()?;
        self.inner.set_modified(path, time)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        self.inner.create_dir_all(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.inner.remove_file(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        self.inner.remove_dir(dir)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.step()?;
        self.inner.try_lock(path)
    }

    fn now(&self) -> SystemTime {
        self.inner.now()
    }
}

impl OpenFile for FaultyFile {
    fn metadata(&self) -> Metadata {
        self.inner.metadata()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self.plan.step() {
            None | Some(Fault::Lose) => self.inner.read_exact_at(buffer, offset),
            Some(Fault::Short) => {
                let half = buffer.len() / 2;
                self.inner.read_exact_at(&mut buffer[..half], offset)?;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Some(Fault::Fail | Fault::Stop) => Err(broken()),
        }
    }
}

/// Lets a store read `input` in every role that a file can have: as it is, and with its checksums made right, so that
/// what lies behind them is reached too. Panics if and only if the store does. For fuzzing.
pub fn read_as_every_file(input: &[u8]) {
    const BUILD: BuildId = *b"build of fuzzing";
    let folder = Path::new("store").join(build_folder(&BUILD));
    let name = |hash: u64| SegmentId { sequence: 1, hash }.file_name();
    let declared = input.get(..HEADER).map_or(0, format::declared_hash);
    let (hash, sealed) = sealed(input, &BUILD);
    let export = |segment: &[u8]| {
        let head = [b"ITHEXP\r\n".as_slice(), &format::FORMAT.to_le_bytes(), &[0; 4], &BUILD].concat();
        [&head, (segment.len() as u64).to_le_bytes().as_slice(), segment, &[0; 8]].concat()
    };
    for (segment, bytes) in [(name(declared), input), (name(hash), sealed.as_slice())] {
        let files = MemoryFiles::new();
        files.put(&folder.join("segments").join(segment), bytes);
        files.put(&folder.join("manifests/run.man"), input);
        files.put(&folder.join("manifests/run.log"), input);
        files.put(Path::new("raw"), input);
        files.put(Path::new("export"), &export(bytes));
        let store = || Store::open(Arc::new(files.clone()), PathBuf::from("store"), BUILD);
        let reader = store();
        reader.notes("run");
        let manifest = reader.read_manifest("run");
        let places = manifest.iter().flat_map(|manifest| manifest.references().take(64));
        let rows = bytes.chunks_exact(format::ROW).rev().take(64).map(format::Row::decode);
        let found = rows.flat_map(|row| reader.lookup(row.kind, &row.key));
        for at in places.chain(found).collect::<Vec<_>>() {
            if let Some(record) = reader.record_at(at) {
                (0..record.sections().min(64)).for_each(|i| drop(record.section(i)));
                drop(record.sections_in(0..record.sections()));
            }
        }
        reader.stat();
        reader.verify();
        for from in ["raw", "export"] {
            let _ = store().import(Path::new(from));
        }
        let _ = store().maintain(MaintainOptions { max_bytes: 0, max_segments: 1, ..MaintainOptions::default() });
        reader.verify();
    }
}

/// `body` behind a right header and before a right index, of which the first byte says how many rows it has. Where a row
/// leads to something like the head of a record, the checksums of both are made right.
fn sealed(body: &[u8], build: &BuildId) -> (u64, Vec<u8>) {
    let rows = usize::from(body.first().copied().unwrap_or_default()).min(body.len() / format::ROW);
    let mut bytes = [&[0; HEADER], body].concat();
    let index = bytes.len() - rows * format::ROW;
    for at in (index..bytes.len()).step_by(format::ROW) {
        let row = format::Row::decode(&bytes[at..at + format::ROW]);
        let record = (row.offset as usize..index.min(row.offset.saturating_add(row.length) as usize)).clone();
        let head = bytes.get(record).and_then(|record| format::head_length(record, row.length));
        let end = head.map_or(0, |head| row.offset as usize + head);
        if end > 0 && end <= index && row.offset as usize >= HEADER {
            let sum = format::checksum(&bytes[row.offset as usize..end - 8]).to_le_bytes();
            bytes[end - 8..end].copy_from_slice(&sum);
            bytes[at + 32..at + 40].copy_from_slice(&sum);
        }
    }
    let hash = format::index_hash(build, &bytes[index..]);
    let length = bytes.len() as u64;
    format::write_header(&mut bytes[..HEADER], rows as u32, build, hash, length);
    (hash, bytes)
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "made to fail")
}

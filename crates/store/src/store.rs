//! The store of one compiler build in one folder: find, read, save.
//!
//! Input: a folder that may be missing, full of garbage, read-only or in use by other processes. Output: records and
//! manifests that were checked, or nothing. Opening does no input or output at all; a start that reads a manifest and
//! records by place opens the segments of those records and no other.
//!
//! Invariant: nothing that is found on the disk makes a method fail, panic or wait.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::files::Files;
use crate::format::{self, BuildId, Key, MAX_PER_KEY, NewRecord, RecordRef, SegmentBuilder, SegmentId};
use crate::manifest::{self, Manifest, ManifestId};
use crate::segment::{Record, Segment, Trouble, zeroed};

/// A file used after this long gets its time renewed; eviction is no finer than this.
const TOUCH_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How often something is done again that others got in the way of.
const ATTEMPTS: usize = 8;

/// What a folder that can be deleted says to backup programs.
const CACHEDIR_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
# This folder holds results that can be computed again. It is safe to delete at any time.\n";

/// Records and manifests of one compiler build, in one folder.
///
/// May be shared by threads; any number of stores, in this or other processes, may use the same folder.
pub struct Store {
    pub(crate) files: Arc<dyn Files + Send + Sync>,
    /// What the caller named; folders of other builds lie in it too.
    pub(crate) root: PathBuf,
    pub(crate) build: BuildId,
    sync: bool,
    state: RwLock<State>,
    warning: Mutex<Option<Warning>>,
    pub(crate) tally: Arc<Tally>,
}

#[derive(Default)]
struct State {
    /// Newest first. `None`: not looked at yet.
    listed: Option<Arc<[SegmentId]>>,
    /// Counts our own changes, so that a list made before one of them does not replace a newer one.
    changes: u64,
    /// What cannot be used is remembered too, until the next [`Store::refresh`].
    open: FxHashMap<SegmentId, Result<Arc<Segment>, Unusable>>,
    /// The highest sequence we have given.
    saved: u32,
    /// Where our own merges have moved records that callers may still ask for by their old place.
    moved: FxHashMap<RecordRef, RecordRef>,
}

/// Why a segment is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// There is no such file, probably because its records were merged into another.
    Missing,
    /// Every byte of it is useless.
    Damaged,
    /// It could not be read this time.
    Unreadable,
}

/// The first thing that went wrong, for one line to the user. Further ones are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file or folder.
    pub path: PathBuf,
    /// One clause, no final dot, no path.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use stored results in `{}`: {}", self.path.display(), self.message)
    }
}

/// Why nothing, or only a part, was saved. What is stored stays valid; the results in memory are not affected.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The operating system refused.
    #[error("cannot write to `{}`: {source}", path.display())]
    Io {
        /// The folder that was written to.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A record or manifest of more than 1 GiB.
    #[error("a record or manifest is larger than 1 GiB")]
    TooLarge,
}

/// What has become of a place, see [`Store::fate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is a record whose head is as it was written.
    Present,
    /// Its file is gone: evicted, cleared, or merged into another by another process.
    Gone,
    /// Its file is there, and what should be there is not.
    Damaged,
}

/// What this store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Segment files opened.
    pub segments_opened: u64,
    /// Read operations on segments and manifests.
    pub reads: u64,
    /// Bytes those returned.
    pub bytes_read: u64,
    /// Bytes of segments and manifests written.
    pub bytes_written: u64,
    /// Files, indexes, records, sections or manifests that failed a check.
    pub damaged: u64,
}

/// The counters behind [`Counters`], shared with the open segments.
#[derive(Default)]
pub(crate) struct Tally {
    segments_opened: AtomicU64,
    reads: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    damaged: AtomicU64,
    /// Segments in which something failed a check; the next merge leaves that out.
    suspects: Mutex<BTreeSet<SegmentId>>,
}

impl Tally {
    pub(crate) fn opened(&self, bytes: usize) {
        self.segments_opened.fetch_add(1, Ordering::Relaxed);
        self.read(bytes);
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn damage(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn damage_in(&self, segment: SegmentId) {
        self.damage();
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).insert(segment);
    }

    pub(crate) fn suspects(&self) -> BTreeSet<SegmentId> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files are gone or were written anew.
    pub(crate) fn settled(&self, segments: &[SegmentId]) {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| !segments.contains(id));
    }

    fn written(&self, bytes: usize) {
        self.bytes_written.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Store {
    /// Names a store; nothing is read or created before it is used.
    ///
    /// `build`: identity of the compiler build. Records of other builds in the same folder are neither read nor harmed.
    pub fn open(files: Arc<dyn Files + Send + Sync>, dir: PathBuf, build: BuildId) -> Store {
        Store {
            files,
            root: dir,
            build,
            sync: false,
            state: RwLock::default(),
            warning: Mutex::new(None),
            tally: Arc::default(),
        }
    }

    /// Lets every save wait until its bytes are on the disk, see the documentation of the crate for why not.
    #[must_use]
    pub fn synced(mut self) -> Store {
        self.sync = true;
        self
    }

    /// What the user should be told, if anything: at most one entry, however much went wrong.
    pub fn warnings(&self) -> Vec<Warning> {
        let first = self.warning().clone();
        let damaged = self.counters().damaged;
        let damage = || {
            let message = format!("{damaged} parts are not as they were written");
            (damaged > 0).then(|| Warning { path: self.home(), message })
        };
        first.or_else(damage).into_iter().collect()
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        let tally = &self.tally;
        Counters {
            segments_opened: tally.segments_opened.load(Ordering::Relaxed),
            reads: tally.reads.load(Ordering::Relaxed),
            bytes_read: tally.bytes_read.load(Ordering::Relaxed),
            bytes_written: tally.bytes_written.load(Ordering::Relaxed),
            damaged: tally.damaged.load(Ordering::Relaxed),
        }
    }

    /// Places of the records of a kind and key, newest first, at most [`MAX_PER_KEY`]. Empty: a miss.
    ///
    /// The first lookup lists the folder and each index is read once, so what other processes save afterwards is found
    /// after [`Store::refresh`]. The records are not read; [`Store::find`] does.
    pub fn lookup(&self, kind: u8, key: &Key) -> Vec<RecordRef> {
        let mut found: Vec<(Reverse<u32>, u64, RecordRef)> = Vec::new();
        // A listed segment that is gone was merged into one we do not know: look again, and at last make do.
        for attempt in 1..=ATTEMPTS {
            let mut missing = Vec::new();
            found.clear();
            for &id in self.listed().iter() {
                match self.segment(id) {
                    Ok(segment) => {
                        let rows = segment.index().ok().map(|index| format::rows_of(index, kind, key));
                        for row in rows.into_iter().flatten() {
                            // While a merge is going on, a record is in two places.
                            if !found.iter().any(|&(_, head, _)| head == row.head) {
                                found.push((Reverse(row.sequence_in(id)), row.head, segment.reference(&row)));
                            }
                        }
                    }
                    Err(Unusable::Missing) => missing.push(id),
                    Err(Unusable::Damaged | Unusable::Unreadable) => {}
                }
            }
            if missing.is_empty() {
                break;
            }
            if attempt == ATTEMPTS {
                // A link to nothing, say. Do not list the folder again at each lookup because of it.
                let mut state = self.state_mut();
                state.open.extend(missing.into_iter().map(|id| (id, Err(Unusable::Unreadable))));
            } else {
                self.refresh();
            }
        }
        // Stable: what was saved at once stays in its order.
        found.sort_by_key(|&(sequence, ..)| sequence);
        found.into_iter().map(|(.., at)| at).take(MAX_PER_KEY).collect()
    }

    /// The records of a kind and key, newest first, with their heads checked. Empty: a miss.
    pub fn find(&self, kind: u8, key: &Key) -> Vec<Record> {
        let places = self.lookup(kind, key);
        places.into_iter().filter_map(|at| self.record_for(at, kind, key)).collect()
    }

    /// The record at a place, its head checked. `None`: gone, damaged, or not a record.
    ///
    /// Compare [`Record::kind`] and [`Record::key`], or use [`Store::record_for`], unless whatever named the place was
    /// itself checked. Costs one read, after opening the segment once.
    pub fn record_at(&self, at: RecordRef) -> Option<Record> {
        let mut at = self.moved(at);
        let segment = loop {
            match self.segment(at.segment) {
                Ok(segment) => break segment,
                // Another thread may have merged it just now.
                Err(_) => match self.moved(at) {
                    moved if moved == at => return None,
                    moved => at = moved,
                },
            }
        };
        let record = segment.record(at)?;
        let now = self.files.now();
        if record.wants_touch(now, TOUCH_AFTER) {
            // Only to keep it from eviction; a read-only store works without.
            let _ = self.files.set_modified(&self.segment_path(at.segment), now);
        }
        Some(record)
    }

    /// Why [`Store::record_at`] gives nothing.
    pub fn fate(&self, at: RecordRef) -> Fate {
        let at = self.moved(at);
        match self.segment(at.segment) {
            Err(Unusable::Missing) => Fate::Gone,
            Err(Unusable::Damaged | Unusable::Unreadable) => Fate::Damaged,
            Ok(segment) if segment.record(at).is_some() => Fate::Present,
            Ok(_) => Fate::Damaged,
        }
    }

    /// As [`Store::record_at`]; another kind or key is a miss.
    pub fn record_for(&self, at: RecordRef, kind: u8, key: &Key) -> Option<Record> {
        self.record_at(at).filter(|record| record.kind() == kind && record.key() == key)
    }

    /// Writes records into new segments and returns their places, in the order given.
    ///
    /// Of several records with one kind and key in one call the first counts as the newest. Other processes see all of
    /// a segment or nothing of it. The cost grows with what is saved. No records: nothing is written. After an error
    /// some of the records may have been saved.
    pub fn save(&self, records: &[NewRecord]) -> Result<Vec<RecordRef>, SaveError> {
        let mut places = Vec::with_capacity(records.len());
        let mut rest = records;
        while !rest.is_empty() {
            let mut segment = SegmentBuilder::new();
            let lengths = rest.iter().filter_map(|record| format::record_length(&record.sections));
            segment.reserve(lengths.map(|length| length as usize + format::ROW).sum());
            let mut pushed = Vec::new();
            while let Some((record, after)) = rest.split_first() {
                let length = format::record_length(&record.sections).ok_or(SaveError::TooLarge)?;
                if segment.is_full_for(length as usize) {
                    break;
                }
                pushed.push(segment.push(record).ok_or(SaveError::TooLarge)?);
                rest = after;
            }
            let id = self.publish(segment, None)?;
            places.extend(pushed.into_iter().map(|(offset, length)| RecordRef { segment: id, offset, length }));
        }
        Ok(places)
    }

    /// The manifest of that name. `None`: there is none, or it is damaged.
    pub fn read_manifest(&self, name: &str) -> Option<Manifest> {
        let file_name = manifest::file_name(name);
        let path = self.manifests().join(&file_name);
        match self.read_manifest_file(&file_name) {
            Ok((manifest, modified)) => {
                let now = self.files.now();
                if now.duration_since(modified).is_ok_and(|age| age >= TOUCH_AFTER) {
                    let _ = self.files.set_modified(&path, now);
                }
                Some(manifest)
            }
            Err(trouble) => {
                self.note(&path, &trouble);
                if matches!(trouble, Trouble::Damaged) {
                    self.tally.damage();
                }
                None
            }
        }
    }

    /// Replaces the manifest of that name and returns its identity. `references`: the places it speaks of, see
    /// [`Manifest`]; where this store has merged meanwhile, the new ones are written.
    ///
    /// Any text is a name. The last writer wins.
    pub fn write_manifest(&self, name: &str, bytes: &[u8], references: &[RecordRef]) -> Result<ManifestId, SaveError> {
        let file_name = manifest::file_name(name);
        let file = manifest::encode(&file_name, &self.build, references.iter().map(|&at| self.moved(at)), bytes);
        let file = file.ok_or(SaveError::TooLarge)?;
        self.write_manifest_file(&file_name, &file)?;
        Ok(ManifestId::of(&file))
    }

    /// Whether the manifest of that name is still the one that was read or written as `id`. Reads its header only.
    pub fn is_manifest(&self, name: &str, id: &ManifestId) -> bool {
        let read = || {
            let file = self.files.open(&self.manifests().join(manifest::file_name(name)))?;
            let mut header = [0; manifest::HEADER];
            file.read_exact_at(&mut header, 0)?;
            Ok::<_, io::Error>((header, file.metadata().length))
        };
        read().is_ok_and(|(header, length)| id.fits(&header, length))
    }

    /// Removes the manifest of that name, if there is one. One that cannot be removed stays.
    pub fn remove_manifest(&self, name: &str) {
        // Whoever removes a manifest can do with its being there.
        let _ = self.files.remove_file(&self.manifests().join(manifest::file_name(name)));
    }

    /// Forgets what is known about the folder, so that what other processes saved is found.
    ///
    /// Open segments stay open; they never change.
    pub fn refresh(&self) {
        let mut state = self.state_mut();
        state.changes += 1;
        state.listed = None;
        state.open.retain(|_, segment| segment.is_ok());
    }

    pub(crate) fn read_manifest_file(&self, file_name: &str) -> Result<(Manifest, std::time::SystemTime), Trouble> {
        let file = self.files.open(&self.manifests().join(file_name))?;
        let metadata = file.metadata();
        let mut bytes = zeroed(manifest::HEADER.min(metadata.length as usize))?;
        file.read_exact_at(&mut bytes, 0)?;
        manifest::declared(&bytes, &self.build, metadata.length).ok_or(Trouble::Damaged)?;
        let mut bytes = zeroed(metadata.length as usize)?;
        file.read_exact_at(&mut bytes, 0)?;
        self.tally.read(bytes.len());
        let manifest = Manifest::decode(file_name, &self.build, bytes).ok_or(Trouble::Damaged)?;
        Ok((manifest, metadata.modified))
    }

    pub(crate) fn write_manifest_file(&self, file_name: &str, file: &[u8]) -> Result<(), SaveError> {
        let dir = self.manifests();
        self.place(&dir, file_name, file).map_err(|source| self.refused(&dir, source))
    }

    /// Writes the segment under its own name. `sequence`: `None` for newer than all others.
    pub(crate) fn publish(&self, segment: SegmentBuilder, sequence: Option<u32>) -> Result<SegmentId, SaveError> {
        let (hash, bytes) = segment.finish(&self.build);
        let dir = self.segments();
        let id = match sequence {
            Some(sequence) => SegmentId { sequence, hash },
            None => {
                let ids = self.segment_ids().unwrap_or_default();
                // The same content again keeps its name, and a damaged file under that name is replaced.
                let same = ids.iter().find(|id| id.hash == hash).copied();
                // Later than what is there and than what this store saved before, wherever that is now.
                let before = ids.first().map_or(0, |id| id.sequence).max(self.state().saved);
                let sequence = before.saturating_add(1);
                same.unwrap_or(SegmentId { sequence, hash })
            }
        };
        self.place(&dir, &id.file_name(), &bytes).map_err(|source| self.refused(&dir, source))?;
        self.tally.settled(&[id]);
        let mut state = self.state_mut();
        state.changes += 1;
        state.saved = state.saved.max(id.sequence);
        state.open.remove(&id);
        if let Some(listed) = &state.listed
            && !listed.contains(&id)
        {
            let mut ids = listed.to_vec();
            ids.push(id);
            ids.sort_unstable_by_key(|&id| Reverse(id));
            state.listed = Some(ids.into());
        }
        Ok(id)
    }

    /// Writes a temporary file and renames it; makes the folders when they are missing.
    fn place(&self, dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut written = self.place_once(dir, name, bytes);
        for _ in 0..ATTEMPTS {
            match &written {
                // The folder is missing, or somebody cleared it in the middle of this.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
                    written = self.make_dirs(dir).and_then(|()| self.place_once(dir, name, bytes));
                }
                _ => break,
            }
        }
        if written.is_ok() {
            self.tally.written(bytes.len());
        }
        written
    }

    fn place_once(&self, dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.files.write_temporary(dir, bytes, self.sync)?;
        let renamed = self.files.rename(&temporary, &dir.join(name));
        if renamed.is_err() {
            // Whether or not this works, `maintain` removes what is left.
            let _ = self.files.remove_file(&temporary);
        }
        renamed
    }

    fn make_dirs(&self, dir: &Path) -> io::Result<()> {
        // A folder that has something in it may be the user's own; it must not vanish from backups or version control.
        let ours = self.files.list(&self.root).map_or(true, |entries| entries.is_empty());
        self.files.create_dir_all(dir)?;
        if ours {
            for (name, bytes) in [("CACHEDIR.TAG", CACHEDIR_TAG), (".gitignore", b"*\n".as_slice())] {
                // A convenience: without it backups grow, nothing else.
                let written = self.files.write_temporary(&self.root, bytes, false);
                let _ = written.and_then(|temporary| self.files.rename(&temporary, &self.root.join(name)));
            }
        }
        Ok(())
    }

    /// Segments in the folder, newest first.
    ///
    /// A list made while somebody replaces segments by their merger may lack both. So it is made until two are equal,
    /// or for so long that a miss is the better answer.
    pub(crate) fn segment_ids(&self) -> Result<Vec<SegmentId>, Trouble> {
        let list = || -> io::Result<Vec<SegmentId>> {
            let entries = self.files.list(&self.segments())?;
            let mut ids: Vec<SegmentId> =
                entries.iter().filter_map(|entry| SegmentId::from_file_name(&entry.name)).collect();
            ids.sort_unstable_by_key(|&id| Reverse(id));
            Ok(ids)
        };
        let mut ids = list()?;
        for _ in 0..ATTEMPTS {
            let again = list()?;
            if ids == again {
                break;
            }
            ids = again;
        }
        Ok(ids)
    }

    fn listed(&self) -> Arc<[SegmentId]> {
        let changes = {
            let state = self.state();
            if let Some(listed) = &state.listed {
                return Arc::clone(listed);
            }
            state.changes
        };
        let ids = self.segment_ids().unwrap_or_else(|trouble| {
            self.note(&self.segments(), &trouble);
            Vec::new()
        });
        let ids: Arc<[SegmentId]> = ids.into();
        let mut state = self.state_mut();
        if state.changes == changes {
            state.listed = Some(Arc::clone(&ids));
        }
        ids
    }

    /// The open segment of that name.
    pub(crate) fn segment(&self, id: SegmentId) -> Result<Arc<Segment>, Unusable> {
        if let Some(segment) = self.state().open.get(&id) {
            return segment.clone();
        }
        let path = self.segment_path(id);
        let segment = Segment::open(&*self.files, &path, id, self.build, &self.tally).map(Arc::new);
        let segment = segment.map_err(|trouble| {
            self.note(&path, &trouble);
            match trouble {
                Trouble::Missing => Unusable::Missing,
                Trouble::Damaged => {
                    self.tally.damage_in(id);
                    Unusable::Damaged
                }
                Trouble::Io(_) => Unusable::Unreadable,
            }
        });
        // Another thread may have been faster; then both use the same.
        self.state_mut().open.entry(id).or_insert(segment).clone()
    }

    fn moved(&self, at: RecordRef) -> RecordRef {
        self.state().moved.get(&at).copied().unwrap_or(at)
    }

    /// Takes note of a merge: `gone` are about to be removed, and what was in them is elsewhere.
    pub(crate) fn merged(&self, gone: &[SegmentId], moved: &[(RecordRef, RecordRef)]) {
        self.tally.settled(gone);
        let mut state = self.state_mut();
        state.changes += 1;
        state.listed = None;
        for id in gone {
            state.open.remove(id);
        }
        let forward: FxHashMap<RecordRef, RecordRef> = moved.iter().copied().collect();
        state.moved.retain(|_, to| match forward.get(to) {
            Some(&further) => {
                *to = further;
                true
            }
            None => !gone.contains(&to.segment),
        });
        state.moved.extend(forward);
    }

    /// Forgets everything, as after [`Store::open`].
    pub(crate) fn forget(&self) {
        let mut state = self.state_mut();
        *state = State { changes: state.changes + 1, saved: state.saved, ..State::default() };
    }

    fn note(&self, path: &Path, trouble: &Trouble) {
        if !matches!(trouble, Trouble::Missing) {
            self.warn(path, trouble);
        }
    }

    fn refused(&self, dir: &Path, source: io::Error) -> SaveError {
        self.warn(dir, &source);
        SaveError::Io { path: dir.to_owned(), source }
    }

    fn warn(&self, path: &Path, message: &dyn fmt::Display) {
        self.warning().get_or_insert_with(|| Warning { path: path.to_owned(), message: message.to_string() });
    }

    /// The folder of this build.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.join(build_folder(&self.build))
    }

    pub(crate) fn segments(&self) -> PathBuf {
        self.home().join("segments")
    }

    pub(crate) fn manifests(&self) -> PathBuf {
        self.home().join("manifests")
    }

    pub(crate) fn segment_path(&self, id: SegmentId) -> PathBuf {
        self.segments().join(id.file_name())
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn warning(&self) -> MutexGuard<'_, Option<Warning>> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of the folder of a build: the first half of its identity in hex. Files repeat all of it.
pub(crate) fn build_folder(build: &BuildId) -> String {
    build[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

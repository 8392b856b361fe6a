//! Space and health: merging, eviction, clearing, counting, checking.
//!
//! Input: the folder as it is, limits, and what is wanted today. Output: fewer and smaller files, or a report.
//!
//! Safe beside readers and writers, without their help: new files are complete before old ones go, a reader that has an
//! old one open keeps it, and one that comes too late has a miss. Only one `maintain` works in a folder at a time; if
//! the lock is held the next one returns at once. Should the lock not work, as on some network file systems, two of
//! them do the same work twice and lose nothing: neither removes a file before its own copy is in place.
//!
//! Invariant: only names that this crate gives are ever removed, and no link is followed to a folder to do it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::files::{Entry, Metadata};
use crate::format::{self, Key, MAX_PER_KEY, RecordRef, Row, SegmentBuilder, SegmentId};
use crate::journal;
use crate::manifest;
use crate::segment::{Record, Segment, Trouble};
use crate::store::{SaveError, Store, build_folder};

/// A temporary file of this age belongs to a process that is gone.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Segments of at least this size do not count as small and are merged no further.
const LARGE: u64 = SegmentBuilder::TARGET as u64 / 2;

/// Segments below this size are copied for any gain.
const CHEAP: u64 = 1 << 20;

/// Limits for [`Store::maintain`].
#[derive(Clone, Copy)]
pub struct MaintainOptions<'a> {
    /// Bytes of segments, of all builds in the folder together. Live records are kept even above it.
    pub max_bytes: u64,
    /// How many small segments (below 16 MiB) may stand beside each other before the smallest are merged.
    pub max_segments: usize,
    /// Builds and manifests that nobody used for this long are removed.
    pub unused_after: Duration,
    /// Whether records of this kind and key belong to the current state, on top of all that the manifests list.
    pub live: &'a dyn Fn(u8, &Key) -> bool,
}

impl Default for MaintainOptions<'_> {
    /// 1 GiB, 16 segments, 30 days, and nothing live but what the manifests list.
    fn default() -> Self {
        MaintainOptions {
            max_bytes: 1 << 30,
            max_segments: 16,
            unused_after: Duration::from_secs(30 * 24 * 60 * 60),
            live: &|_, _| false,
        }
    }
}

/// What [`Store::maintain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Somebody else is at it; nothing was done.
    pub skipped: bool,
    /// Segments whose records were copied elsewhere and that were removed.
    pub merged: usize,
    /// Segments removed without a copy: damaged, or nothing in them was kept.
    pub dropped: usize,
    /// Records evicted, duplicate or damaged.
    pub records_removed: usize,
    /// Folders of other builds removed.
    pub builds_removed: usize,
    /// Bytes of segments of this build before.
    pub bytes_before: u64,
    /// The same afterwards.
    pub bytes_after: u64,
}

/// What is in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Usable segments of this build.
    pub segments: usize,
    /// Segments of this build that cannot be used.
    pub damaged_segments: usize,
    /// Bytes of all segments of this build.
    pub bytes: u64,
    /// Records in usable segments.
    pub records: usize,
    /// The same by kind of record.
    pub by_kind: BTreeMap<u8, KindStat>,
    /// Records that a manifest lists and that exist.
    pub live_records: usize,
    /// Manifests of this build.
    pub manifests: usize,
    /// Their bytes.
    pub manifest_bytes: u64,
    /// Time since the least recently used segment was used, to a day. `None`: no segments.
    pub oldest: Option<Duration>,
    /// Time since the most recently used segment was used or saved.
    pub newest: Option<Duration>,
    /// Other builds, by folder name.
    pub other_builds: Vec<BuildStat>,
}

/// Records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindStat {
    /// How many.
    pub records: usize,
    /// Their bytes with heads, without their rows in the index.
    pub bytes: u64,
}

/// The folder of another build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStat {
    /// Name of the folder.
    pub folder: String,
    /// Bytes of its segments and manifests.
    pub bytes: u64,
    /// Last use, to a day.
    pub used: SystemTime,
}

/// One thing that [`Store::verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Place of the record in it, where it is one.
    pub offset: Option<u32>,
    /// One clause, no final dot.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(offset) = self.offset {
            write!(f, ", byte {offset}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A segment file of this build.
struct Candidate {
    id: SegmentId,
    metadata: Metadata,
    /// `None`: cannot be read at present; left alone.
    segment: Option<Arc<Segment>>,
    /// Only what is live is kept of it.
    evict: bool,
}

impl Store {
    /// Merges and evicts until the limits hold, and removes what is damaged, abandoned or unused for long.
    ///
    /// Cheap when there is nothing to do, so it may be called after every save. Never evicts what a manifest lists or
    /// `options.live` names. Manifests are rewritten when their records move; this store also finds moved records by
    /// their old place. An error leaves the store valid and at worst larger than wanted.
    pub fn maintain(&self, options: MaintainOptions<'_>) -> Result<Maintained, SaveError> {
        self.remove_abandoned();
        let files = self.segment_files();
        let bytes_before = files.iter().map(|(_, metadata)| metadata.length).sum();
        let mut report = Maintained { bytes_before, bytes_after: bytes_before, ..Maintained::default() };
        let builds = self.other_builds();
        let bytes = bytes_before + builds.iter().map(|build| build.bytes).sum::<u64>();
        let small = files.iter().filter(|(_, metadata)| metadata.length < LARGE).count();
        let unused = builds.iter().any(|build| self.age(build.used) >= options.unused_after);
        let suspects = self.tally.suspects();
        let suspect = files.iter().any(|(id, _)| suspects.contains(id));
        if !suspect && bytes <= options.max_bytes && small <= options.max_segments && !unused {
            return Ok(report);
        }
        let Some(_lock) = self.lock(&self.home())? else {
            report.skipped = true;
            return Ok(report);
        };
        report.builds_removed = self.remove_builds(builds, bytes_before, &options);
        self.remove_unused_manifests(options.unused_after);
        self.compact(&options, report)
    }

    fn lock(&self, dir: &Path) -> Result<Option<crate::files::Lock>, SaveError> {
        match self.files.try_lock(&dir.join("lock")) {
            // Nothing was ever saved by this build.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SaveError::Io { path: dir.to_owned(), source }),
            Ok(lock) => Ok(lock),
        }
    }

    /// Evicts and merges, under the lock.
    fn compact(&self, options: &MaintainOptions<'_>, mut report: Maintained) -> Result<Maintained, SaveError> {
        let mut gone: Vec<SegmentId> = Vec::new();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (id, metadata) in self.segment_files() {
            let segment = self.segment(id).ok().filter(|segment| segment.index().is_ok());
            if segment.is_none() && self.is_useless(id) {
                gone.push(id);
            } else {
                candidates.push(Candidate { id, metadata, segment, evict: false });
            }
        }
        let listed = self.listed_by_manifests().map_err(|(path, source)| SaveError::Io { path, source })?;
        let live = |at: RecordRef, row: &Row| listed.contains(&at) || (options.live)(row.kind, &row.key);
        evict(&mut candidates, options.max_bytes, &live);
        let rewritten = rewritten(&candidates, options.max_segments, &self.tally.suspects());

        let surplus = surplus(&rewritten, &live);
        let mut merge = Merge::new(self, rewritten.iter().map(|candidate| candidate.id.sequence).max());
        let mut used = None;
        let mut sources: Vec<SegmentId> = Vec::new();
        for candidate in &rewritten {
            // What cannot be read now, for a reason of the operating system, stays for another time.
            let Some(Ok(segment)) = candidate.segment.as_ref().map(|segment| segment.in_memory()) else { continue };
            sources.push(candidate.id);
            used = used.max(Some(candidate.metadata.modified));
            let mut rows: Vec<Row> = format::rows(segment.index().unwrap_or_default()).collect();
            // In the order of the file: records saved together stay together.
            rows.sort_unstable_by_key(|row| row.offset);
            for row in rows {
                let at = segment.reference(&row);
                let unwanted = surplus.contains(&at) || (candidate.evict && !live(at, &row));
                if unwanted || !merge.copy(&segment, row)? {
                    report.records_removed += 1;
                }
            }
        }
        let Merge { outputs, moved, .. } = merge.finish()?;
        for id in &outputs {
            if let Some(used) = used {
                // Else eviction would take the copies for freshly used; a wrong guess costs time only.
                let _ = self.files.set_modified(&self.segment_path(*id), used);
            }
        }
        self.move_manifests(&moved);

        report.dropped = gone.len();
        let copied: FxHashSet<SegmentId> = moved.iter().map(|(from, _)| from.segment).collect();
        let (merged, dropped): (Vec<_>, Vec<_>) =
            sources.into_iter().filter(|id| !outputs.contains(id)).partition(|id| copied.contains(id));
        report.merged = merged.len();
        report.dropped += dropped.len();
        gone.extend(merged);
        gone.extend(dropped);
        // Before they go: another thread must find either.
        self.merged(&gone, &moved);
        for id in &gone {
            // What cannot be removed now is looked at again by the next one.
            let _ = self.files.remove_file(&self.segment_path(*id));
        }
        report.bytes_after = self.segment_files().iter().map(|(_, metadata)| metadata.length).sum();
        Ok(report)
    }

    /// Whether nothing in a segment can be found, seen with fresh eyes: it is about to be removed.
    fn is_useless(&self, id: SegmentId) -> bool {
        match Segment::open(&*self.files, &self.segment_path(id), id, self.build, &self.tally) {
            Ok(segment) => matches!(segment.index(), Err(Trouble::Damaged)),
            Err(trouble) => matches!(trouble, Trouble::Damaged),
        }
    }

    /// Removes all files of all builds.
    ///
    /// Safe at any moment: a save at the same time either survives or is a miss later. Returns how many files were
    /// removed; an error tells the first that could not be, after all others were tried.
    pub fn clear(&self) -> Result<usize, SaveError> {
        let mut removed = 0;
        let mut failed = None;
        for entry in self.list_or_empty(&self.root) {
            let path = self.root.join(&entry.name);
            if entry.is_dir && is_build_folder(&entry.name) {
                self.remove_build(&path, &mut removed, &mut failed);
            } else if !entry.is_dir && is_temporary(&entry.name) {
                self.remove_counted(&path, &mut removed, &mut failed);
            }
        }
        self.forget();
        match failed {
            None => Ok(removed),
            Some((path, source)) => Err(SaveError::Io { path, source }),
        }
    }

    /// Counts what is there. Reads the indexes of all segments.
    pub fn stat(&self) -> Stat {
        let mut stat = Stat { other_builds: self.other_builds(), ..Stat::default() };
        let listed = self.listed_by_manifests().unwrap_or_default();
        for (id, metadata) in self.segment_files() {
            stat.bytes += metadata.length;
            let age = self.age(metadata.modified);
            stat.oldest = stat.oldest.max(Some(age));
            stat.newest = Some(stat.newest.map_or(age, |newest| newest.min(age)));
            let Ok(segment) = self.segment(id) else {
                stat.damaged_segments += 1;
                continue;
            };
            let Ok(index) = segment.index() else {
                stat.damaged_segments += 1;
                continue;
            };
            stat.segments += 1;
            for row in format::rows(index) {
                stat.records += 1;
                stat.live_records += usize::from(listed.contains(&segment.reference(&row)));
                let kind = stat.by_kind.entry(row.kind).or_default();
                kind.records += 1;
                kind.bytes += u64::from(row.length);
            }
        }
        for (_, metadata) in self.manifest_files() {
            stat.manifests += 1;
            stat.manifest_bytes += metadata.length;
        }
        stat
    }

    /// Reads every byte of this build and compares every checksum. Empty: all is well.
    ///
    /// What it finds the next [`Store::maintain`] of this store leaves out or removes.
    pub fn verify(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |path: &Path, offset, message: String| {
            problems.push(Problem { path: path.to_owned(), offset, message });
        };
        for (id, _) in self.segment_files() {
            let path = self.segment_path(id);
            // Opened afresh: a file that was damaged while it was open must be seen.
            let opened = Segment::open(&*self.files, &path, id, self.build, &self.tally);
            let segment = match opened.and_then(|segment| segment.in_memory()) {
                Ok(segment) => segment,
                Err(Trouble::Missing) => continue,
                Err(trouble) => {
                    self.tally.damage_in(id);
                    problem(&path, None, format!("segment {trouble}"));
                    continue;
                }
            };
            let index = match segment.index() {
                Ok(index) => index,
                Err(trouble) => {
                    problem(&path, None, format!("index {trouble}"));
                    continue;
                }
            };
            for row in format::rows(index) {
                if checked(&segment, &row).and_then(|record| record.whole().map(drop)).is_none() {
                    problem(&path, Some(row.offset), "record not as it was written".to_owned());
                }
            }
        }
        for (file_name, _) in self.manifest_files() {
            let path = self.manifests().join(&file_name);
            match self.read_manifest_file(&file_name) {
                Ok(_) | Err(Trouble::Missing) => {}
                Err(trouble) => problem(&path, None, format!("manifest {trouble}")),
            }
        }
        problems
    }

    /// Segment files of this build with their sizes, newest first.
    fn segment_files(&self) -> Vec<(SegmentId, Metadata)> {
        let ids = self.segment_ids().unwrap_or_default();
        ids.into_iter().filter_map(|id| Some((id, self.files.metadata(&self.segment_path(id)).ok()?))).collect()
    }

    /// File names of the manifests of this build with their sizes, sorted.
    fn manifest_files(&self) -> Vec<(String, Metadata)> {
        let dir = self.manifests();
        let names = self.list_or_empty(&dir).into_iter().map(|entry| entry.name);
        let names = names.filter(|name| name.ends_with(manifest::EXTENSION));
        names
            .filter_map(|name| {
                let metadata = self.files.metadata(&dir.join(&name)).ok()?;
                Some((name, metadata))
            })
            .collect()
    }

    /// All places in all manifests of this build. An error: there may be more, so nothing must be taken for dead.
    fn listed_by_manifests(&self) -> Result<FxHashSet<RecordRef>, (PathBuf, io::Error)> {
        let mut listed = FxHashSet::default();
        let dir = self.manifests();
        let entries = match self.files.list(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => entries.map_err(|error| (dir, error))?,
        };
        for entry in entries.iter().filter(|entry| entry.name.ends_with(manifest::EXTENSION)) {
            match self.read_manifest_file(&entry.name) {
                Ok((manifest, _)) => listed.extend(manifest.references()),
                Err(Trouble::Missing | Trouble::Damaged) => {}
                Err(Trouble::Io(error)) => return Err((self.manifests().join(&entry.name), error)),
            }
        }
        Ok(listed)
    }

    /// Writes the new places into the manifests that list an old one.
    fn move_manifests(&self, moved: &[(RecordRef, RecordRef)]) {
        let moved: FxHashMap<RecordRef, RecordRef> = moved.iter().copied().collect();
        if moved.is_empty() {
            return;
        }
        for (file_name, _) in self.manifest_files() {
            // Read now and not before the merge: the shorter the time until it is written, the smaller the chance to
            // overwrite a newer one. If it happens, a start finds its records by key.
            let Ok((manifest, _)) = self.read_manifest_file(&file_name) else { continue };
            if manifest.references().any(|at| moved.contains_key(&at)) {
                let places = manifest.references().map(|at| moved.get(&at).copied().unwrap_or(at));
                if let Some(file) = manifest::encode(&file_name, &self.build, places, manifest.bytes()) {
                    // On failure the manifest leads nowhere, and a start finds its records by key.
                    let _ = self.write_manifest_file(&file_name, &file);
                }
            }
        }
    }

    fn remove_unused_manifests(&self, after: Duration) {
        let dir = self.manifests();
        for entry in self.list_or_empty(&dir) {
            let ours = entry.name.ends_with(manifest::EXTENSION) || entry.name.ends_with(journal::EXTENSION);
            let path = dir.join(&entry.name);
            if ours && self.files.metadata(&path).is_ok_and(|found| self.age(found.modified) >= after) {
                let _ = self.files.remove_file(&path);
            }
        }
    }

    /// Removes the temporary files of processes that ended in the middle of a save.
    fn remove_abandoned(&self) {
        for dir in [self.root.clone(), self.segments(), self.manifests()] {
            for entry in self.list_or_empty(&dir) {
                let path = dir.join(&entry.name);
                let abandoned = is_temporary(&entry.name)
                    && self.files.metadata(&path).is_ok_and(|file| self.age(file.modified) >= ABANDONED);
                if abandoned {
                    let _ = self.files.remove_file(&path);
                }
            }
        }
    }

    /// Whether other builds have a folder here.
    pub fn has_other_builds(&self) -> bool {
        let own = build_folder(&self.build);
        let entries = self.files.list(&self.root).unwrap_or_default();
        entries.iter().any(|entry| entry.is_dir && is_build_folder(&entry.name) && entry.name != own)
    }

    /// Other builds in the folder, sorted by name.
    fn other_builds(&self) -> Vec<BuildStat> {
        let own = build_folder(&self.build);
        let entries = self.list_or_empty(&self.root).into_iter();
        let folders = entries.filter(|entry| entry.is_dir && is_build_folder(&entry.name) && entry.name != own);
        folders
            .map(|entry| {
                let dir = self.root.join(&entry.name);
                let files = self.build_files(&dir);
                let metadata: Vec<Metadata> = files.iter().filter_map(|path| self.files.metadata(path).ok()).collect();
                let of_folder = || self.files.metadata(&dir).map_or_else(|_| self.files.now(), |dir| dir.modified);
                BuildStat {
                    folder: entry.name,
                    bytes: metadata.iter().map(|file| file.length).sum(),
                    used: metadata.iter().map(|file| file.modified).max().unwrap_or_else(of_folder),
                }
            })
            .collect()
    }

    /// Removes other builds that are unused, and as many as needed to make room, least recently used first.
    fn remove_builds(&self, mut builds: Vec<BuildStat>, own_bytes: u64, options: &MaintainOptions<'_>) -> usize {
        builds.sort_by_key(|build| build.used);
        let mut bytes = own_bytes + builds.iter().map(|build| build.bytes).sum::<u64>();
        let mut removed = 0;
        for build in builds {
            if bytes <= options.max_bytes && self.age(build.used) < options.unused_after {
                continue;
            }
            let dir = self.root.join(&build.folder);
            // Held while its owner merges: then it is in use after all.
            if let Ok(Some(_lock)) = self.lock(&dir) {
                self.remove_build(&dir, &mut 0, &mut None);
                bytes -= build.bytes;
                removed += 1;
            }
        }
        removed
    }

    fn remove_build(&self, dir: &Path, removed: &mut usize, failed: &mut Option<(PathBuf, io::Error)>) {
        for path in self.build_files(dir) {
            self.remove_counted(&path, removed, failed);
        }
        // Succeeds for empty folders only. What somebody else put there, or is saving just now, stays.
        for folder in [dir.join("segments"), dir.join("manifests"), dir.to_owned()] {
            let _ = self.files.remove_dir(&folder);
        }
    }

    fn remove_counted(&self, path: &Path, removed: &mut usize, failed: &mut Option<(PathBuf, io::Error)>) {
        match self.files.remove_file(path) {
            Ok(()) => *removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                failed.get_or_insert((path.to_owned(), error));
            }
        }
    }

    /// The files in the folder of a build that have names as this crate gives: manifests first, because they speak of
    /// the segments.
    fn build_files(&self, dir: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in self.list_or_empty(dir) {
            let path = dir.join(&entry.name);
            let ours: fn(&str) -> bool = match entry.name.as_str() {
                "manifests" if entry.is_dir => {
                    |name| name.ends_with(manifest::EXTENSION) || name.ends_with(journal::EXTENSION)
                }
                "segments" if entry.is_dir => |name| SegmentId::from_file_name(name).is_some(),
                "lock" if !entry.is_dir => {
                    found.push(path);
                    continue;
                }
                _ => continue,
            };
            let files = self.list_or_empty(&path).into_iter().filter(|file| !file.is_dir);
            let files = files.filter(|file| ours(&file.name) || is_temporary(&file.name));
            found.extend(files.map(|file| path.join(file.name)));
        }
        found
    }

    /// Names in a folder, sorted; none if it cannot be read.
    fn list_or_empty(&self, dir: &Path) -> Vec<Entry> {
        let mut entries = self.files.list(dir).unwrap_or_default();
        entries.sort_unstable();
        entries
    }

    /// Zero for times in the future.
    fn age(&self, then: SystemTime) -> Duration {
        self.files.now().duration_since(then).unwrap_or_default()
    }
}

/// Marks segments of which only the live records are kept, least recently used first, until nine tenths of the limit
/// are reached: not at once again after the next save.
fn evict(candidates: &mut [Candidate], max_bytes: u64, live: &dyn Fn(RecordRef, &Row) -> bool) {
    let mut bytes: u64 = candidates.iter().map(|candidate| candidate.metadata.length).sum();
    if bytes <= max_bytes {
        return;
    }
    let goal = max_bytes / 10 * 9;
    let mut order: Vec<&mut Candidate> = candidates.iter_mut().collect();
    order.sort_by_key(|candidate| (candidate.metadata.modified, candidate.id));
    for candidate in order {
        if bytes <= goal {
            break;
        }
        let Some(segment) = &candidate.segment else { continue };
        let rows = format::rows(segment.index().unwrap_or_default());
        let dead = rows.filter(|row| !live(segment.reference(row), row)).map(|row| u64::from(row.length)).sum::<u64>();
        // Where little would be gained from copying a lot, the limit may be exceeded by a third.
        let length = candidate.metadata.length;
        candidate.evict = dead > 0 && (dead >= length / 4 || length < CHEAP);
        if candidate.evict {
            bytes = bytes.saturating_sub(dead);
        }
    }
}

/// The segments whose records are copied, newest first: those that lose some, and the smallest of too many.
fn rewritten<'c>(
    candidates: &'c [Candidate],
    max_segments: usize,
    suspects: &BTreeSet<SegmentId>,
) -> Vec<&'c Candidate> {
    let readable = || candidates.iter().filter(|candidate| candidate.segment.is_some());
    let mut small: Vec<&Candidate> = readable().filter(|candidate| candidate.metadata.length < LARGE).collect();
    let loses = |candidate: &Candidate| candidate.evict || suspects.contains(&candidate.id);
    let mut chosen: Vec<&Candidate> = readable().filter(|candidate| loses(candidate)).collect();
    if small.len() > max_segments.max(1) {
        // Half of the permitted number remains, the largest: so a record is copied a logarithmic number of times.
        small.sort_by_key(|candidate| (candidate.metadata.length, candidate.id));
        let merged = small.len() - (max_segments / 2).min(small.len() - 1);
        let merged = small[..merged].iter().filter(|candidate| !loses(candidate));
        chosen.extend(merged);
    }
    chosen.sort_by_key(|candidate| Reverse(candidate.id));
    chosen
}

/// Records that are not live and older than [`MAX_PER_KEY`] others of their key in the same merge.
fn surplus(merged: &[&Candidate], live: &dyn Fn(RecordRef, &Row) -> bool) -> FxHashSet<RecordRef> {
    let mut rows: Vec<(Row, RecordRef, Reverse<u32>)> = Vec::new();
    for segment in merged.iter().filter_map(|candidate| candidate.segment.as_ref()) {
        let of_segment = format::rows(segment.index().unwrap_or_default());
        rows.extend(of_segment.map(|row| (row, segment.reference(&row), Reverse(row.sequence_in(segment.id)))));
    }
    rows.sort_by_key(|(row, _, sequence)| (row.kind, row.key, *sequence));
    let mut surplus = FxHashSet::default();
    for of_key in rows.chunk_by(|(a, ..), (b, ..)| (a.kind, a.key) == (b.kind, b.key)) {
        let mut heads: Vec<u64> = Vec::new();
        for (row, at, _) in of_key {
            if !heads.contains(&row.head) {
                heads.push(row.head);
            }
            if heads.len() > MAX_PER_KEY && !live(*at, row) {
                surplus.insert(*at);
            }
        }
    }
    surplus
}

/// Copies records into new segments.
struct Merge<'s> {
    store: &'s Store,
    /// Of the newest source: the copies count as new as that one.
    sequence: Option<u32>,
    builder: SegmentBuilder,
    outputs: Vec<SegmentId>,
    /// Old and new place. The new one gets its segment when that is written, before that it has [`UNWRITTEN`].
    moved: Vec<(RecordRef, RecordRef)>,
    /// How many of these have their segment.
    written: usize,
    /// Checksums of the heads copied so far, and their positions in `moved`.
    seen: FxHashMap<(u8, Key), Vec<(u64, usize)>>,
}

/// Stands for the segment that is being filled.
const UNWRITTEN: SegmentId = SegmentId { sequence: 0, hash: 0 };

impl<'s> Merge<'s> {
    fn new(store: &'s Store, sequence: Option<u32>) -> Merge<'s> {
        Merge {
            store,
            sequence,
            builder: SegmentBuilder::new(),
            outputs: Vec::new(),
            moved: Vec::new(),
            written: 0,
            seen: FxHashMap::default(),
        }
    }

    /// `Ok(false)`: not copied because it is damaged or the same as one copied before.
    fn copy(&mut self, segment: &Arc<Segment>, row: Row) -> Result<bool, SaveError> {
        let from = segment.reference(&row);
        let seen = self.seen.entry((row.kind, row.key)).or_default();
        if let Some(&(_, copy)) = seen.iter().find(|(head, _)| *head == row.head) {
            self.moved.push((from, self.moved[copy].1));
            return Ok(false);
        }
        let Some(record) = checked(segment, &row) else { return Ok(false) };
        let Some(bytes) = record.whole() else { return Ok(false) };
        seen.push((row.head, self.moved.len()));
        if self.builder.is_full_for(bytes.len()) {
            self.flush()?;
        }
        let offset = self.builder.push_copy(row, row.sequence_in(segment.id), bytes);
        self.moved.push((from, RecordRef { segment: UNWRITTEN, offset, length: row.length }));
        Ok(true)
    }

    fn flush(&mut self) -> Result<(), SaveError> {
        let builder = std::mem::replace(&mut self.builder, SegmentBuilder::new());
        let id = self.store.publish(builder, self.sequence)?;
        self.outputs.push(id);
        for (_, to) in &mut self.moved[self.written..] {
            if to.segment == UNWRITTEN {
                to.segment = id;
            }
        }
        self.written = self.moved.len();
        Ok(())
    }

    fn finish(mut self) -> Result<Merge<'s>, SaveError> {
        if !self.builder.is_empty() {
            self.flush()?;
        }
        Ok(self)
    }
}

/// The record of a row, if it is the one the row speaks of.
pub(crate) fn checked(segment: &Arc<Segment>, row: &Row) -> Option<Record> {
    let record = segment.record(segment.reference(row))?;
    let same = record.kind() == row.kind && *record.key() == row.key && record.head_checksum() == row.head;
    same.then_some(record)
}

fn is_temporary(name: &str) -> bool {
    name.starts_with("tmp-")
}

fn is_build_folder(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

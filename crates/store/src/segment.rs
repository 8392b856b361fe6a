//! One open segment and the records in it.
//!
//! Input: a file. Output: records whose head was checked, sections whose bytes were checked. Opening reads the header
//! only (a small file whole); the index is read when the first record is looked up by key, a record in one positioned
//! read, and what follows its first 4 KiB when asked for.
//!
//! Invariant: memory is taken only for lengths that were compared with the size of the file.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::files::{Files, OpenFile};
use crate::format::{self, BuildId, HEADER, Head, Key, ROW, RecordRef, Row, SegmentId};
use crate::store::Tally;

/// A file up to this size is read whole when it is opened: one read instead of one per record.
const SMALL: u64 = 64 << 10;

/// What opening a record reads at most: the price of a read hardly depends on the size below it.
const PREFIX: u32 = 4 << 10;

/// Why a file gave nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// No such file: somebody cleared or merged. Not worth a word.
    Missing,
    /// Not a file of this store and build, or not as it was written.
    Damaged,
    /// The operating system refused.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::NotFound => Trouble::Missing,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Trouble::Damaged,
            _ => Trouble::Io(error),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => f.write_str("no such file"),
            Trouble::Damaged => f.write_str("not as it was written"),
            Trouble::Io(error) => error.fmt(f),
        }
    }
}

/// Room for `length` bytes, or an error instead of the end of the process.
pub(crate) fn zeroed(length: usize) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Trouble::Io(io::ErrorKind::OutOfMemory.into()))?;
    bytes.resize(length, 0);
    Ok(bytes)
}

pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    /// Bytes of the file.
    pub(crate) length: u64,
    /// Modification time when it was opened: last save or last use.
    pub(crate) modified: SystemTime,
    /// Set when this process has asked for its time to be renewed.
    pub(crate) touched: AtomicBool,
    header: format::Header,
    build: BuildId,
    data: Data,
    index: OnceLock<Result<Box<[u8]>, Trouble>>,
    tally: Arc<Tally>,
}

enum Data {
    Memory(Arc<[u8]>),
    File(Box<dyn OpenFile>),
}

impl Segment {
    pub(crate) fn open(
        files: &dyn Files,
        path: &Path,
        id: SegmentId,
        build: BuildId,
        tally: &Arc<Tally>,
    ) -> Result<Segment, Trouble> {
        let file = files.open(path)?;
        let metadata = file.metadata();
        let length = metadata.length;
        let small = length <= SMALL;
        let mut start = zeroed(if small { length as usize } else { HEADER })?;
        file.read_exact_at(&mut start, 0)?;
        tally.opened(start.len());
        let header = start
            .get(..HEADER)
            .and_then(|header| format::check_header(header, &build, id.hash, length))
            .ok_or(Trouble::Damaged)?;
        Ok(Segment {
            id,
            length,
            modified: metadata.modified,
            touched: AtomicBool::new(false),
            header,
            build,
            data: if small { Data::Memory(start.into()) } else { Data::File(file) },
            index: OnceLock::new(),
            tally: Arc::clone(tally),
        })
    }

    /// A segment that stands in memory, wherever it came from. `None`: it is none of `build`.
    pub(crate) fn of_bytes(bytes: Vec<u8>, build: BuildId, tally: &Arc<Tally>) -> Option<Arc<Segment>> {
        let header = bytes.get(..HEADER)?;
        let id = SegmentId { sequence: 0, hash: format::declared_hash(header) };
        let length = bytes.len() as u64;
        Some(Arc::new(Segment {
            id,
            length,
            modified: SystemTime::UNIX_EPOCH,
            touched: AtomicBool::new(true),
            header: format::check_header(header, &build, id.hash, length)?,
            build,
            data: Data::Memory(bytes.into()),
            index: OnceLock::new(),
            tally: Arc::clone(tally),
        }))
    }

    /// All of it, if it is in memory.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &self.data {
            Data::Memory(bytes) => Some(bytes),
            Data::File(_) => None,
        }
    }

    /// The checked index.
    pub(crate) fn index(&self) -> Result<&[u8], &Trouble> {
        let index = self.index.get_or_init(|| {
            let length = self.header.rows as usize * ROW;
            let index = self.read(u64::from(self.header.index), length)?;
            if format::index_hash(&self.build, &index) != self.id.hash {
                self.tally.damage_in(self.id);
                return Err(Trouble::Damaged);
            }
            Ok(index.into_owned().into_boxed_slice())
        });
        index.as_deref()
    }

    /// The whole segment in memory, so that what cannot be read any more is damaged for sure.
    pub(crate) fn in_memory(&self) -> Result<Arc<Segment>, Trouble> {
        let bytes = self.read(0, usize::try_from(self.length).map_err(|_| Trouble::Damaged)?)?;
        Ok(Arc::new(Segment {
            data: Data::Memory(bytes.into_owned().into()),
            index: OnceLock::new(),
            touched: AtomicBool::new(true),
            tally: Arc::clone(&self.tally),
            ..*self
        }))
    }

    /// The record of a row of this segment's index.
    pub(crate) fn reference(&self, row: &Row) -> RecordRef {
        RecordRef { segment: self.id, offset: row.offset, length: row.length }
    }

    /// `None`: not a record, or damaged.
    pub(crate) fn record(self: &Arc<Segment>, at: RecordRef) -> Option<Record> {
        let end = u64::from(at.offset) + u64::from(at.length);
        let fits = at.offset as usize >= HEADER
            && at.length as usize >= format::smallest_record()
            && end <= u64::from(self.header.index);
        let record = fits.then(|| self.checked_record(at)).flatten();
        if record.is_none() {
            self.tally.damage_in(self.id);
        }
        record
    }

    fn checked_record(self: &Arc<Segment>, at: RecordRef) -> Option<Record> {
        let prefix = match &self.data {
            Data::Memory(_) => Prefix::Shared,
            Data::File(_) => {
                let mut prefix = self.read(u64::from(at.offset), at.length.min(PREFIX) as usize).ok()?.into_owned();
                let head = format::head_length(&prefix, at.length)?;
                if head > prefix.len() {
                    let rest = self.read(u64::from(at.offset) + prefix.len() as u64, head - prefix.len()).ok()?;
                    prefix.extend_from_slice(&rest);
                }
                Prefix::Own(prefix.into_boxed_slice())
            }
        };
        let bytes = prefix.bytes(self, at);
        let head = format::check_head(bytes.get(..format::head_length(bytes, at.length)?)?, at.length)?;
        Some(Record { segment: Arc::clone(self), at, head, prefix })
    }

    fn read(&self, offset: u64, length: usize) -> Result<Cow<'_, [u8]>, Trouble> {
        match &self.data {
            Data::Memory(bytes) => usize::try_from(offset)
                .ok()
                .and_then(|offset| bytes.get(offset..offset.checked_add(length)?))
                .map(Cow::Borrowed)
                .ok_or(Trouble::Damaged),
            Data::File(file) => {
                let fits = offset.checked_add(length as u64).is_some_and(|end| end <= self.length);
                let mut bytes = zeroed(if fits { length } else { return Err(Trouble::Damaged) })?;
                file.read_exact_at(&mut bytes, offset)?;
                self.tally.read(length);
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

/// A record whose head was checked. Keeps its segment readable, also after the file was removed.
///
/// Holds up to the first 4 KiB of the record in memory (nothing of its own if the segment is small); to keep very many
/// records, keep their [`RecordRef`] instead.
pub struct Record {
    segment: Arc<Segment>,
    at: RecordRef,
    head: Head,
    prefix: Prefix,
}

enum Prefix {
    /// The whole segment is in memory.
    Shared,
    /// The start of the record, at least its head.
    Own(Box<[u8]>),
}

impl Prefix {
    fn bytes<'a>(&'a self, segment: &'a Segment, at: RecordRef) -> &'a [u8] {
        match (self, &segment.data) {
            (Prefix::Own(bytes), _) => bytes,
            (Prefix::Shared, Data::Memory(bytes)) => {
                bytes.get(at.offset as usize..).and_then(|bytes| bytes.get(..at.length as usize)).unwrap_or_default()
            }
            (Prefix::Shared, Data::File(_)) => &[],
        }
    }
}

impl Record {
    /// What the record was saved under. Compare it when the place came from elsewhere than a lookup.
    pub fn key(&self) -> &Key {
        &self.head.key
    }

    /// Sort of record.
    pub fn kind(&self) -> u8 {
        self.head.kind
    }

    /// Where it is.
    pub fn reference(&self) -> RecordRef {
        self.at
    }

    /// How many sections it has.
    pub fn sections(&self) -> usize {
        self.head.sections as usize
    }

    /// Bytes of section `i` without reading it. `None`: there is no such section.
    pub fn section_length(&self, i: usize) -> Option<usize> {
        let i = u32::try_from(i).ok().filter(|&i| i < self.head.sections)?;
        Some(format::section_row(self.prefix.bytes(&self.segment, self.at), i).0 as usize)
    }

    /// Section `i`, its checksum compared. `None`: there is no such section, or it is damaged; treat it as a miss of
    /// the whole record.
    ///
    /// Costs one positioned read unless the section lies in the first 4 KiB or the segment is small; finding the
    /// section costs an addition per section in front of it.
    pub fn section(&self, i: usize) -> Option<Cow<'_, [u8]>> {
        self.sections_in(i..i.checked_add(1)?)?.pop()
    }

    /// Sections `range`, in one read. `None`: one of them does not exist or is damaged.
    pub fn sections_in(&self, range: std::ops::Range<usize>) -> Option<Vec<Cow<'_, [u8]>>> {
        if range.start > range.end || range.end > self.sections() {
            return None;
        }
        let prefix = self.prefix.bytes(&self.segment, self.at);
        let row = |i: usize| format::section_row(prefix, i as u32);
        // The head was checked: the sections fill the record exactly, so these sums stay below its length.
        let start = self.head.length as usize + (0..range.start).map(|i| row(i).0 as usize).sum::<usize>();
        let length = range.clone().map(|i| row(i).0 as usize).sum::<usize>();
        let bytes = match prefix.get(start..start + length) {
            Some(bytes) => Cow::Borrowed(bytes),
            None => self.segment.read(u64::from(self.at.offset) + start as u64, length).ok()?,
        };
        let mut sections = Vec::with_capacity(range.len());
        let mut at = 0;
        for i in range.clone() {
            let (length, sum) = row(i);
            let section = at..at + length as usize;
            at = section.end;
            if format::checksum(&bytes[section.clone()]) != sum {
                self.segment.tally.damage_in(self.segment.id);
                return None;
            }
            if range.len() == 1 {
                return Some(vec![bytes]);
            }
            sections.push(match &bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[section]),
                Cow::Owned(bytes) => Cow::Owned(bytes[section].to_vec()),
            });
        }
        Some(sections)
    }

    /// The bytes of the whole record, every checksum compared: what a merge copies and an inspection reads.
    ///
    /// Only for a segment in memory; `None` otherwise and for damage.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        let bytes = self.prefix.bytes(&self.segment, self.at);
        let mut at = self.head.length as usize;
        for i in 0..self.head.sections {
            let (length, sum) = format::section_row(bytes, i);
            let section = bytes.get(at..at + length as usize);
            if section.is_none_or(|section| format::checksum(section) != sum) {
                self.segment.tally.damage_in(self.segment.id);
                return None;
            }
            at += length as usize;
        }
        Some(bytes)
    }

    /// Checksum of the head: equal for equal records.
    pub(crate) fn head_checksum(&self) -> u64 {
        let head = &self.prefix.bytes(&self.segment, self.at)[..self.head.length as usize];
        format::u64_at(head, head.len() - 8)
    }

    /// Whether the file wants its time renewed, so that eviction knows of its use; true once per process.
    pub(crate) fn wants_touch(&self, now: SystemTime, after: std::time::Duration) -> bool {
        !self.segment.touched.swap(true, Ordering::Relaxed)
            && now.duration_since(self.segment.modified).is_ok_and(|age| age >= after)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("at", &self.at).field("head", &self.head).finish_non_exhaustive()
    }
}

//! The bytes of records, segments and indexes: encoding and checks, no files.
//!
//! Numbers are little endian. A checksum is the first eight bytes of a BLAKE3 hash.
//!
//! ```text
//! segment  "ITHSEG\r\n" | format 4 | records 4 | build 16 | hash 8 | file length 8 | checksum of the header 8
//!          records, one after the other
//!          index: one row per record, sorted by kind and key
//! row      kind 1 | 0 0 0 | key 16 | offset 4 | length 4 | sequence 4 | checksum of the record's head 8
//! record   "ITHR" | kind 1 | 0 0 0 | length 4 | sections 4 | key 16
//!          per section: length 4 | checksum 8
//!          checksum of the head so far 8
//!          sections, one after the other
//! ```
//!
//! `hash` covers format, build and index, hence through the checksums in the rows every byte of every record: it is
//! the identity of the segment and part of its name, so a file under another segment's name is noticed.
//!
//! Invariant: equal records in equal order give equal bytes. No time, no place, no process is written.

use std::fmt;

/// Identity of the compiler build; a record is readable only by the build that wrote it.
pub type BuildId = [u8; 16];

/// What a record is found by, together with its kind. Opaque here; meant to be a hash.
pub type Key = [u8; 16];

/// How many records of one kind and key a lookup returns and a merge keeps: one text, different dependencies, as
/// between branches.
pub const MAX_PER_KEY: usize = 4;

/// Raise it with every change of the bytes written here or in `manifest`.
pub(crate) const FORMAT: u32 = 1;
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"ITHSEG\r\n";
pub(crate) const HEADER: usize = 56;
pub(crate) const ROW: usize = 40;
const RECORD_MAGIC: [u8; 4] = *b"ITHR";
const HEAD_FIXED: usize = 32;
const HEAD_SECTION: usize = 12;
/// No segment has more rows: bounds the memory an index can ask for, whatever a header claims.
pub(crate) const MAX_ROWS: usize = 1 << 20;
/// No record is longer, so that offsets in a segment fit into four bytes.
pub(crate) const MAX_RECORD: usize = 1 << 30;

/// A record to be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Sort of record, chosen by the caller.
    pub kind: u8,
    /// What it will be found by.
    pub key: Key,
    /// Byte strings that can be read one by one. Opening a record reads its first 4 KiB, so small ones that are
    /// always wanted belong in front: they cost no further read.
    pub sections: Vec<Vec<u8>>,
}

/// Identity of a segment: part of its file name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId {
    /// Grows with each save into a folder; two processes may choose the same. Only for "newest first".
    pub sequence: u32,
    /// Hash of the content.
    pub hash: u64,
}

impl SegmentId {
    pub(crate) fn file_name(self) -> String {
        format!("{:08x}-{:016x}.seg", self.sequence, self.hash)
    }

    /// `None`: not a name that [`SegmentId::file_name`] makes.
    pub(crate) fn from_file_name(name: &str) -> Option<SegmentId> {
        let (sequence, hash) = name.strip_suffix(".seg")?.split_once('-')?;
        let id =
            SegmentId { sequence: u32::from_str_radix(sequence, 16).ok()?, hash: u64::from_str_radix(hash, 16).ok()? };
        (id.file_name() == name).then_some(id)
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name())
    }
}

/// Place of a record. Plain numbers: may be stored and used again by any process on the same folder.
///
/// It is a hint. What it leads to is checked when it is opened, and may be gone: then look up by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordRef {
    /// The file.
    pub segment: SegmentId,
    /// Bytes from the start of the file.
    pub offset: u32,
    /// Bytes of the whole record.
    pub length: u32,
}

impl RecordRef {
    /// Length of [`RecordRef::to_bytes`].
    pub const BYTES: usize = 20;

    /// Fixed little-endian form.
    pub fn to_bytes(self) -> [u8; RecordRef::BYTES] {
        let mut bytes = [0; RecordRef::BYTES];
        bytes[..4].copy_from_slice(&self.segment.sequence.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.segment.hash.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// Inverse of [`RecordRef::to_bytes`]. Any bytes give a place; whether there is a record is found out on opening.
    pub fn from_bytes(bytes: [u8; RecordRef::BYTES]) -> RecordRef {
        RecordRef {
            segment: SegmentId { sequence: u32_at(&bytes, 0), hash: u64_at(&bytes, 4) },
            offset: u32_at(&bytes, 12),
            length: u32_at(&bytes, 16),
        }
    }
}

/// First eight bytes of the hash of `bytes`.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    u64_at(blake3::hash(bytes).as_bytes(), 0)
}

/// Reads a number the caller knows to be inside `bytes`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// Reads a number the caller knows to be inside `bytes`.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

fn key_at(bytes: &[u8], at: usize) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[at..at + 16]);
    key
}

/// The head of a record that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: u8,
    pub(crate) key: Key,
    pub(crate) sections: u32,
    /// Bytes, also the place of the first section.
    pub(crate) length: u32,
}

/// Length of the head at the start of `record`, of which at least [`smallest_record`] bytes must be given.
/// `length`: of the whole record. `None`: not the start of a record of that length.
pub(crate) fn head_length(record: &[u8], length: u32) -> Option<usize> {
    if record.len() < HEAD_FIXED || record[..4] != RECORD_MAGIC || u32_at(record, 8) != length {
        return None;
    }
    let head = HEAD_FIXED as u64 + u64::from(u32_at(record, 12)) * HEAD_SECTION as u64 + 8;
    (head <= u64::from(length)).then_some(head as usize)
}

/// Length of a record without sections.
pub(crate) const fn smallest_record() -> usize {
    HEAD_FIXED + 8
}

/// Checks a complete head: its checksum, and that the sections fill the record exactly.
pub(crate) fn check_head(head: &[u8], length: u32) -> Option<Head> {
    if head_length(head, length)? != head.len() || head[5..8] != [0; 3] {
        return None;
    }
    let end = head.len() - 8;
    if checksum(&head[..end]) != u64_at(head, end) {
        return None;
    }
    let sections = u32_at(head, 12);
    let bytes: u64 = (0..sections).map(|i| u64::from(section_row(head, i).0)).sum();
    (head.len() as u64 + bytes == u64::from(length)).then(|| Head {
        kind: head[4],
        key: key_at(head, 16),
        sections,
        length: head.len() as u32,
    })
}

/// Length and checksum of section `i` of a checked head, which must have it.
pub(crate) fn section_row(head: &[u8], i: u32) -> (u32, u64) {
    let at = HEAD_FIXED + i as usize * HEAD_SECTION;
    (u32_at(head, at), u64_at(head, at + 4))
}

/// One row of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: u8,
    pub(crate) key: Key,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    /// Sequence of the segment the record was saved into first; 0 for this one. Survives merges, which would otherwise
    /// lose the order of saves, and leaves the bytes of a save without anything that depends on the folder.
    pub(crate) sequence: u32,
    /// Checksum of the record's head.
    pub(crate) head: u64,
}

impl Row {
    /// When the record of this row, found in segment `id`, was saved.
    pub(crate) fn sequence_in(&self, id: SegmentId) -> u32 {
        if self.sequence == 0 { id.sequence } else { self.sequence }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind, 0, 0, 0]);
        out.extend_from_slice(&self.key);
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.head.to_le_bytes());
    }

    pub(crate) fn decode(row: &[u8]) -> Row {
        Row {
            kind: row[0],
            key: key_at(row, 4),
            offset: u32_at(row, 20),
            length: u32_at(row, 24),
            sequence: u32_at(row, 28),
            head: u64_at(row, 32),
        }
    }
}

/// All rows of a checked index, in its order.
pub(crate) fn rows(index: &[u8]) -> impl Iterator<Item = Row> {
    index.chunks_exact(ROW).map(Row::decode)
}

/// The rows of one kind and key, in the order of the index: newest first.
pub(crate) fn rows_of<'i>(index: &'i [u8], kind: u8, key: &Key) -> impl Iterator<Item = Row> + use<'i> {
    let key = *key;
    let of = |i: usize| (index[i * ROW], key_at(index, i * ROW + 4));
    let (mut low, mut high) = (0, index.len() / ROW);
    while low < high {
        let middle = low + (high - low) / 2;
        if of(middle) < (kind, key) { low = middle + 1 } else { high = middle }
    }
    rows(&index[low * ROW..]).take_while(move |row| row.kind == kind && row.key == key)
}

/// Identity of a segment with this index.
pub(crate) fn index_hash(build: &BuildId, index: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&SEGMENT_MAGIC).update(&FORMAT.to_le_bytes()).update(build).update(index);
    u64_at(hasher.finalize().as_bytes(), 0)
}

/// The header of a segment that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Rows of the index.
    pub(crate) rows: u32,
    /// Bytes from the start of the file; the records end here.
    pub(crate) index: u32,
}

/// The identity that a header claims; nothing is checked. `header` must have [`HEADER`] bytes.
pub(crate) fn declared_hash(header: &[u8]) -> u64 {
    u64_at(header, 32)
}

/// Checks the first [`HEADER`] bytes of a file of `length` bytes that claims to be segment `hash` of `build`.
pub(crate) fn check_header(header: &[u8], build: &BuildId, hash: u64, length: u64) -> Option<Header> {
    let fits = header.len() == HEADER
        && header[..8] == SEGMENT_MAGIC
        && u32_at(header, 8) == FORMAT
        && header[16..32] == *build
        && u64_at(header, 32) == hash
        && u64_at(header, 40) == length
        && u64_at(header, 48) == checksum(&header[..48]);
    let rows = fits.then(|| u32_at(header, 12))?;
    let index = length.checked_sub(u64::from(rows) * ROW as u64)?;
    let fits = rows as usize <= MAX_ROWS && index >= HEADER as u64;
    fits.then_some(Header { rows, index: u32::try_from(index).ok()? })
}

/// Fills the [`HEADER`] bytes of `header` so that [`check_header`] accepts them.
pub(crate) fn write_header(header: &mut [u8], rows: u32, build: &BuildId, hash: u64, length: u64) {
    header[..8].copy_from_slice(&SEGMENT_MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..16].copy_from_slice(&rows.to_le_bytes());
    header[16..32].copy_from_slice(build);
    header[32..40].copy_from_slice(&hash.to_le_bytes());
    header[40..48].copy_from_slice(&length.to_le_bytes());
    let sum = checksum(&header[..48]);
    header[48..].copy_from_slice(&sum.to_le_bytes());
}

/// Collects the bytes of one segment.
pub(crate) struct SegmentBuilder {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

impl SegmentBuilder {
    /// Saves are cut into segments of about this many bytes, which bounds the memory of a save or a merge.
    pub(crate) const TARGET: usize = 32 << 20;

    pub(crate) fn new() -> SegmentBuilder {
        SegmentBuilder { bytes: vec![0; HEADER], rows: Vec::new() }
    }

    /// Makes room for records of `length` bytes together, as far as they belong into this segment.
    pub(crate) fn reserve(&mut self, length: usize) {
        self.bytes.reserve(length.min(SegmentBuilder::TARGET));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a record of `length` bytes belongs into the next segment.
    pub(crate) fn is_full_for(&self, length: usize) -> bool {
        !self.is_empty() && (self.bytes.len() + length > SegmentBuilder::TARGET || self.rows.len() == MAX_ROWS)
    }

    /// Appends a record and returns its offset and length. `None`: longer than [`MAX_RECORD`]; nothing was appended.
    pub(crate) fn push(&mut self, record: &NewRecord) -> Option<(u32, u32)> {
        let length = record_length(&record.sections)?;
        let start = self.bytes.len();
        let bytes = &mut self.bytes;
        bytes.reserve(length as usize);
        bytes.extend_from_slice(&RECORD_MAGIC);
        bytes.extend_from_slice(&[record.kind, 0, 0, 0]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&(record.sections.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&record.key);
        for section in &record.sections {
            bytes.extend_from_slice(&(section.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&checksum(section).to_le_bytes());
        }
        let head = checksum(&bytes[start..]);
        bytes.extend_from_slice(&head.to_le_bytes());
        for section in &record.sections {
            bytes.extend_from_slice(section);
        }
        self.rows.push(Row { kind: record.kind, key: record.key, offset: start as u32, length, sequence: 0, head });
        Some((start as u32, length))
    }

    /// Appends the bytes of a whole, checked record that `row` describes, and returns its new offset. `sequence`: when
    /// it was saved; 0: with this segment.
    pub(crate) fn push_copy(&mut self, row: Row, sequence: u32, record: &[u8]) -> u32 {
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(record);
        self.rows.push(Row { offset, sequence, ..row });
        offset
    }

    /// The finished file and its hash. Rows of one key stay in the order they were pushed.
    pub(crate) fn finish(mut self, build: &BuildId) -> (u64, Vec<u8>) {
        self.rows.sort_by_key(|row| (row.kind, row.key));
        let index = self.bytes.len();
        self.bytes.reserve(self.rows.len() * ROW);
        for row in &self.rows {
            row.encode(&mut self.bytes);
        }
        let hash = index_hash(build, &self.bytes[index..]);
        let length = self.bytes.len() as u64;
        write_header(&mut self.bytes[..HEADER], self.rows.len() as u32, build, hash, length);
        (hash, self.bytes)
    }
}

/// Length of a record with these sections. `None`: longer than [`MAX_RECORD`].
pub(crate) fn record_length(sections: &[Vec<u8>]) -> Option<u32> {
    let bytes = sections.iter().try_fold(smallest_record() + sections.len() * HEAD_SECTION, |sum, section| {
        sum.checked_add(section.len()).filter(|&sum| sum <= MAX_RECORD)
    });
    bytes.filter(|&bytes| bytes <= MAX_RECORD).map(|bytes| bytes as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_segments_are_read_back_and_no_others() {
        let id = SegmentId { sequence: 17, hash: 0xab };
        assert_eq!(id.file_name(), "00000011-00000000000000ab.seg");
        assert_eq!(SegmentId::from_file_name(&id.file_name()), Some(id));
        for name in [
            "",
            ".seg",
            "-.seg",
            "11-ab.seg",
            "00000011-00000000000000AB.seg",
            "+0000011-00000000000000ab.seg",
            "notes.txt",
        ] {
            assert_eq!(SegmentId::from_file_name(name), None, "{name}");
        }
    }

    #[test]
    fn places_are_written_and_read_back() {
        let at = RecordRef { segment: SegmentId { sequence: 1, hash: u64::MAX - 1 }, offset: 2, length: 3 };
        assert_eq!(RecordRef::from_bytes(at.to_bytes()), at);
    }

    /// The head is cut at every length and each byte of it changed: nothing but the head itself is accepted.
    #[test]
    fn only_whole_heads_are_accepted() {
        let record = NewRecord { kind: 3, key: [7; 16], sections: vec![vec![1; 5], vec![], vec![2; 9]] };
        let mut builder = SegmentBuilder::new();
        let (offset, length) = builder.push(&record).unwrap();
        let bytes = &builder.bytes[offset as usize..];
        let head = head_length(bytes, length).unwrap();
        let checked = check_head(&bytes[..head], length).unwrap();
        assert_eq!((checked.kind, checked.key, checked.sections), (3, [7; 16], 3));
        for end in 0..head {
            assert_eq!(check_head(&bytes[..end], length), None);
        }
        for at in 0..head {
            let mut changed = bytes[..head].to_vec();
            changed[at] ^= 1;
            assert_eq!(check_head(&changed, length), None, "byte {at}");
        }
        assert_eq!(check_head(&bytes[..head], length + 1), None);
    }

    #[test]
    fn rows_are_found_among_many() {
        let build = [1; 16];
        let mut builder = SegmentBuilder::new();
        let mut expected = 0;
        for number in 0..500u32 {
            let mut key = [0; 16];
            key[0] = (number % 50) as u8;
            expected += u32::from(number % 50 == 7 && number % 2 == 1);
            builder.push(&NewRecord { kind: (number % 2) as u8, key, sections: vec![number.to_le_bytes().to_vec()] });
        }
        let (hash, bytes) = builder.finish(&build);
        let header = check_header(&bytes[..HEADER], &build, hash, bytes.len() as u64).unwrap();
        let index = &bytes[header.index as usize..];
        assert_eq!(index_hash(&build, index), hash);
        let mut key = [0; 16];
        key[0] = 7;
        let found: Vec<Row> = rows_of(index, 1, &key).collect();
        assert_eq!(found.len(), expected as usize);
        assert!(found.is_sorted_by_key(|row| row.offset), "in the order they were pushed");
        assert_eq!(rows_of(index, 0, &key).count(), 0);
        assert_eq!(rows_of(&[], 0, &key).count(), 0);
    }
}

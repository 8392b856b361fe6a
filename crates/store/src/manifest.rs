//! Manifests: one checked blob under a name, replaced as a whole, with the places of records it speaks of.
//!
//! Input: bytes that mean something to the caller, and a list of [`RecordRef`]. Output: the same, or nothing. The places
//! stand apart from the bytes for two reasons: what a manifest refers to is never evicted, and a merge that moves
//! records writes the new places without knowing what the bytes mean. So the bytes should name a place by its number in
//! the list.
//!
//! ```text
//! "ITHMAN\r\n" | format 4 | places 4 | build 16 | length of the bytes 8 | checksum 8 | places, 20 each | bytes
//! ```
//!
//! Invariant: the checksum covers the name of the file too, so a manifest under another name is a miss.

use crate::format::{BuildId, FORMAT, RecordRef, u32_at, u64_at};

/// End of the file names of manifests.
pub(crate) const EXTENSION: &str = ".man";
const MAGIC: [u8; 8] = *b"ITHMAN\r\n";
pub(crate) const HEADER: usize = 48;
/// No manifest is longer: bounds the memory that a file of holes can ask for.
pub(crate) const MAX: u64 = 1 << 30;

/// A manifest as it was written, or with the places renewed by a merge.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    file: Vec<u8>,
    places: usize,
}

/// Which manifest a file holds, cheap to compare with the file: its header, which has the checksum of all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestId {
    header: [u8; HEADER],
    length: u64,
}

impl ManifestId {
    /// Of a whole file.
    pub(crate) fn of(file: &[u8]) -> ManifestId {
        let mut header = [0; HEADER];
        header.copy_from_slice(&file[..HEADER]);
        ManifestId { header, length: file.len() as u64 }
    }

    pub(crate) fn fits(&self, header: &[u8; HEADER], length: u64) -> bool {
        self.header == *header && self.length == length
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Manifest {
    /// Its identity.
    pub fn id(&self) -> ManifestId {
        ManifestId::of(&self.file)
    }

    /// The caller's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.file[HEADER + self.places * RecordRef::BYTES..]
    }

    /// How many places it lists.
    pub fn len(&self) -> usize {
        self.places
    }

    /// Whether it lists no places.
    pub fn is_empty(&self) -> bool {
        self.places == 0
    }

    /// Place `i`, decoded on demand. `None`: not that many. The record may be gone, see [`RecordRef`].
    pub fn reference(&self, i: usize) -> Option<RecordRef> {
        (i < self.places).then(|| {
            let at = HEADER + i * RecordRef::BYTES;
            let mut bytes = [0; RecordRef::BYTES];
            bytes.copy_from_slice(&self.file[at..at + RecordRef::BYTES]);
            RecordRef::from_bytes(bytes)
        })
    }

    /// All places, in order.
    pub fn references(&self) -> impl ExactSizeIterator<Item = RecordRef> + '_ {
        self.file[HEADER..HEADER + self.places * RecordRef::BYTES].chunks_exact(RecordRef::BYTES).map(|place| {
            let mut bytes = [0; RecordRef::BYTES];
            bytes.copy_from_slice(place);
            RecordRef::from_bytes(bytes)
        })
    }

    /// Checks the bytes of a file. `None`: damaged, another build's, or another manifest's.
    pub(crate) fn decode(file_name: &str, build: &BuildId, file: Vec<u8>) -> Option<Manifest> {
        let places = declared(&file, build, file.len() as u64)?;
        (sum(file_name, &file) == u64_at(&file, 40)).then_some(Manifest { file, places })
    }
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifest").field("places", &self.places).field("bytes", &self.bytes().len()).finish()
    }
}

/// The number of places, if `file` starts with the header of a manifest of `length` bytes in all.
pub(crate) fn declared(file: &[u8], build: &BuildId, length: u64) -> Option<usize> {
    if file.len() < HEADER || file[..8] != MAGIC || u32_at(file, 8) != FORMAT || file[16..32] != *build {
        return None;
    }
    let places = u32_at(file, 12);
    let bytes = HEADER as u64 + u64::from(places) * RecordRef::BYTES as u64;
    (length <= MAX && bytes.checked_add(u64_at(file, 32)) == Some(length)).then_some(places as usize)
}

/// The bytes of a file. `None`: longer than [`MAX`].
pub(crate) fn encode(
    file_name: &str,
    build: &BuildId,
    references: impl ExactSizeIterator<Item = RecordRef>,
    bytes: &[u8],
) -> Option<Vec<u8>> {
    let places = u32::try_from(references.len()).ok()?;
    let length = HEADER + references.len() * RecordRef::BYTES + bytes.len();
    if length as u64 > MAX {
        return None;
    }
    let mut file = Vec::with_capacity(length);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&FORMAT.to_le_bytes());
    file.extend_from_slice(&places.to_le_bytes());
    file.extend_from_slice(build);
    file.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    file.extend_from_slice(&[0; 8]);
    for reference in references {
        file.extend_from_slice(&reference.to_bytes());
    }
    file.extend_from_slice(bytes);
    let sum = sum(file_name, &file);
    file[40..48].copy_from_slice(&sum.to_le_bytes());
    Some(file)
}

fn sum(file_name: &str, file: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(file_name.len() as u64).to_le_bytes()).update(file_name.as_bytes());
    hasher.update(&file[..40]).update(&file[HEADER..]);
    u64_at(hasher.finalize().as_bytes(), 0)
}

/// The file name of a manifest: the name itself where that is harmless, a hash of it otherwise.
pub(crate) fn file_name(name: &str) -> String {
    let plain = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
        && !name.starts_with("tmp-");
    if plain {
        format!("{name}{EXTENSION}")
    } else {
        format!("={:016x}{EXTENSION}", crate::format::checksum(name.as_bytes()))
    }
}

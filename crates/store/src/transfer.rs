//! Moving records between machines as one file.
//!
//! Input: a store and the name of a file. Output: the file with all records of this build, or a store that has those
//! that a file holds.
//!
//! ```text
//! "ITHEXP\r\n" | format 4 | 0 0 0 0 | build 16
//! per segment: length 8 | the segment as it stands in a store
//! a length of 0
//! ```
//!
//! Invariant: a file that is read may have been made by an enemy. Every checksum is compared, no more memory is taken
//! than the file is long, no more is written than was read, and records are written anew: neither names nor places of
//! the file are used. What a record says is the caller's to check, as with any other record.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::files::OpenFile;
use crate::format::{self, FORMAT, HEADER, Key, Row, SegmentBuilder, u32_at, u64_at};
use crate::maintain::checked;
use crate::segment::{Segment, Trouble, zeroed};
use crate::store::{SaveError, Store, Tally};

const MAGIC: [u8; 8] = *b"ITHEXP\r\n";
const HEAD: usize = 32;

/// What [`Store::export`] wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Records.
    pub records: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What [`Store::import`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that are in the store now and were not before.
    pub new: usize,
    /// Records that the store had already.
    pub known: usize,
    /// Records and larger parts that were left out because they are not as they were written.
    pub damaged: usize,
}

/// Why nothing, or only a part, was imported. What is in the store stays valid.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The operating system refused.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It does not begin as the files of [`Store::export`] do.
    #[error("`{}` holds no exported entries", path.display())]
    NotAnExport {
        /// The file.
        path: PathBuf,
    },
    /// Made by another compiler build, whose entries are of no use to this one.
    #[error("the entries in `{}` were made by another build of the compiler", path.display())]
    OtherBuild {
        /// The file.
        path: PathBuf,
    },
    /// The store could not be written to.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Tells a record from all others.
type Identity = (u8, Key, u64);

fn identity(row: &Row) -> Identity {
    (row.kind, row.key, row.head)
}

impl Store {
    /// Writes all records of this build to one file, which is replaced as a whole. Manifests stay here: they speak of
    /// one folder on one machine.
    pub fn export(&self, to: &Path) -> Result<Exported, SaveError> {
        let dir = match to.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let failed = |source| SaveError::Io { path: to.to_owned(), source };
        let temporary = self.files.write_temporary(dir, &self.export_head(), false).map_err(failed)?;
        let written = self.export_segments(&temporary).and_then(|exported| {
            self.files.rename(&temporary, to)?;
            Ok(exported)
        });
        if written.is_err() {
            let _ = self.files.remove_file(&temporary);
        }
        written.map_err(failed)
    }

    fn export_head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&FORMAT.to_le_bytes());
        head.extend_from_slice(&[0; 4]);
        head.extend_from_slice(&self.build);
        head
    }

    fn export_segments(&self, to: &Path) -> io::Result<Exported> {
        let mut exported = Exported { records: 0, bytes: HEAD as u64 };
        for id in self.segment_ids().unwrap_or_default() {
            // What cannot be read here is of no use elsewhere.
            let Ok(segment) = self.segment(id) else { continue };
            let Ok(segment) = segment.in_memory() else { continue };
            let (Ok(index), Some(bytes)) = (segment.index(), segment.bytes()) else { continue };
            self.files.append(to, &(bytes.len() as u64).to_le_bytes())?;
            self.files.append(to, bytes)?;
            exported.records += format::rows(index).count();
            exported.bytes += 8 + bytes.len() as u64;
        }
        self.files.append(to, &[0; 8])?;
        exported.bytes += 8;
        Ok(exported)
    }

    /// Takes over the records of a file of [`Store::export`] that this store lacks. Damaged ones are left out.
    pub fn import(&self, from: &Path) -> Result<Imported, ImportError> {
        let unreadable = |source| ImportError::Read { path: from.to_owned(), source };
        let file = self.files.open(from).map_err(unreadable)?;
        let length = file.metadata().length;
        let mut head = [0; HEAD];
        let is_export = length >= HEAD as u64 && {
            file.read_exact_at(&mut head, 0).map_err(unreadable)?;
            head[..8] == MAGIC
        };
        if !is_export {
            return Err(ImportError::NotAnExport { path: from.to_owned() });
        }
        if u32_at(&head, 8) != FORMAT || head[16..] != self.build {
            return Err(ImportError::OtherBuild { path: from.to_owned() });
        }
        self.refresh();
        let mut import = Import {
            store: self,
            known: self.identities(),
            builder: SegmentBuilder::new(),
            report: Imported::default(),
        };
        let mut at = HEAD as u64;
        loop {
            match next_segment(&*file, at, length, self.build) {
                Ok(None) => {
                    import.report.damaged += usize::from(at + 8 != length);
                    break;
                }
                Ok(Some((end, segment))) => {
                    match segment {
                        Some(segment) => import.take(&segment)?,
                        None => import.report.damaged += 1,
                    }
                    at = end;
                }
                Err(Trouble::Io(source)) => return Err(unreadable(source)),
                Err(Trouble::Missing | Trouble::Damaged) => {
                    import.report.damaged += 1;
                    break;
                }
            }
        }
        import.flush()?;
        Ok(import.report)
    }

    /// All records of this store.
    fn identities(&self) -> FxHashSet<Identity> {
        let ids = self.segment_ids().unwrap_or_default();
        let segments = ids.into_iter().filter_map(|id| self.segment(id).ok());
        let mut known = FxHashSet::default();
        for segment in segments {
            known.extend(format::rows(segment.index().unwrap_or_default()).map(|row| identity(&row)));
        }
        known
    }
}

/// The segment whose length stands at `at`, and where the next one starts. `Ok(None)`: the end; a segment of `None` is
/// none, although it has its length.
#[expect(clippy::type_complexity, reason = "said in words above")]
fn next_segment(
    file: &dyn OpenFile,
    at: u64,
    length: u64,
    build: format::BuildId,
) -> Result<Option<(u64, Option<Arc<Segment>>)>, Trouble> {
    let mut declared = [0; 8];
    file.read_exact_at(&mut declared, at)?;
    let declared = u64_at(&declared, 0);
    if declared == 0 {
        return Ok(None);
    }
    let start = at + 8;
    let end = start.checked_add(declared).filter(|&end| end <= length).ok_or(Trouble::Damaged)?;
    if declared < HEADER as u64 {
        return Ok(Some((end, None)));
    }
    let mut bytes = zeroed(usize::try_from(declared).map_err(|_| Trouble::Damaged)?)?;
    file.read_exact_at(&mut bytes, start)?;
    Ok(Some((end, Segment::of_bytes(bytes, build, &Arc::new(Tally::default())))))
}

/// Records on their way into a store.
struct Import<'s> {
    store: &'s Store,
    known: FxHashSet<Identity>,
    builder: SegmentBuilder,
    report: Imported,
}

impl Import<'_> {
    fn take(&mut self, segment: &Arc<Segment>) -> Result<(), SaveError> {
        let Ok(index) = segment.index() else {
            self.report.damaged += 1;
            return Ok(());
        };
        let mut rows: Vec<Row> = format::rows(index).collect();
        // As they were saved: of two with one key the first counts as the newer.
        rows.sort_by_key(|row| row.offset);
        let mut end = 0;
        for row in rows {
            if !self.known.insert(identity(&row)) {
                self.report.known += 1;
                continue;
            }
            // Records that lie in each other would let a small file become a large store.
            let record = (row.offset >= end).then(|| checked(segment, &row)).flatten();
            let Some(bytes) = record.as_ref().and_then(|record| record.whole()) else {
                self.known.remove(&identity(&row));
                self.report.damaged += 1;
                continue;
            };
            end = row.offset.saturating_add(row.length);
            if self.builder.is_full_for(bytes.len()) {
                self.flush()?;
            }
            // Counted as saved now: numbers of another folder mean nothing here.
            self.builder.push_copy(row, 0, bytes);
            self.report.new += 1;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SaveError> {
        let builder = std::mem::replace(&mut self.builder, SegmentBuilder::new());
        if !builder.is_empty() {
            self.store.publish(builder, None)?;
        }
        Ok(())
    }
}

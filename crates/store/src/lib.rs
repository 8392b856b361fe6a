//! Bytes on disk: records found by key, manifests found by name, integrity, and bounded space.
//!
//! Input: records made of opaque sections. Output: the same sections, or nothing. This crate does not know what a
//! record means, and it never reaches the query engine: `database` is the only crate that joins the two.
//!
//! # Layout
//!
//! ```text
//! <dir>/CACHEDIR.TAG, .gitignore          marks the folder as disposable
//! <dir>/<build>/segments/<n>-<hash>.seg   immutable files of records; n grows, hash covers the content
//! <dir>/<build>/manifests/<name>.man      one checked blob each, replaced as a whole
//! <dir>/<build>/manifests/<name>.log      short notes one after the other, each checked
//! <dir>/<build>/lock                      advisory, held by `maintain` only
//! ```
//!
//! `<build>` is the identity of the compiler build in hex, shortened; every file repeats it in full. Builds live side by
//! side and never read each other.
//!
//! # Invariants
//!
//! - **A file under its final name is complete and never changes.** Everything is written under a temporary name in the
//!   same folder and renamed. Readers take no lock, and a reader that has a file open may go on reading it after
//!   somebody removed it. Manifests are replaced by rename as well: the last writer wins.
//! - **What is read is checked first.** A section has a checksum in the head of its record; the head has one in the index
//!   of its segment, and its own; the index's checksum is the name of the segment. Every length is compared with the
//!   size of the file before memory is taken. Whatever does not fit is a *miss*: `None`, at most one warning, no panic.
//! - **Deleting any of it costs time only.** Nothing here is the only copy of anything.
//!
//! # Why nothing is synced
//!
//! A save does not wait for the disk unless [`Store::synced`] was asked for. After a loss of power the file system may
//! keep a name and lose the bytes; the checksums then turn the file into a miss and the results are computed again.
//! Waiting on every save would cost some 20 ms to protect what takes less to recompute.

mod files;
mod format;
mod journal;
mod maintain;
mod manifest;
mod segment;
mod store;
pub mod testing;
mod transfer;

pub use files::{Entry, Files, Lock, Metadata, OpenFile, RealFiles};
pub use format::{BuildId, Key, MAX_PER_KEY, NewRecord, RecordRef, SegmentId};
pub use journal::NOTE;
pub use maintain::{BuildStat, KindStat, MaintainOptions, Maintained, Problem, Stat};
pub use manifest::{Manifest, ManifestId};
pub use segment::Record;
pub use store::{Counters, Fate, SaveError, Store, Warning};
pub use transfer::{Exported, ImportError, Imported};

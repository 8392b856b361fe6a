//! Where queries and the store meet: the database, recall, save, and the driver that keeps a project up to date.
//!
//! Input: files through a [`Host`], entries through a store. Output: problems, entries with code, reasons, statistics.
//! Does not know: protocols, terminals, the machine.
//!
//! Invariant: the store changes time, never an answer. What is taken from it was checked against today's answers.

mod artifact;
mod files;
mod image;
mod manifest;
mod modules;
mod recall;
mod root;
#[cfg(test)]
mod tests;
mod workspace;

pub use artifact::{Artifact, FileFacts, Head};
pub use image::{Image, Variable};
pub use manifest::Stamp;
pub use modules::{SINGLE_FILE, module_of_symbol};
pub use recall::{Reason, UnitId, unit_artifact, unit_of};
pub use root::{Db, Log, RootDatabase, Stores, Texts};
pub use workspace::{Config, Host, Scanned, Stats, UnitDump, Workspace};

/// Identity of this compiler build: entries of other builds are never read.
pub const BUILD: &str = env!("ITHACA_BUILD");

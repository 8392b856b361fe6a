//! The bottom of the database: source files as salsa inputs, content hashes, stable names of definitions.
//!
//! Input: texts and options that a host hands over in a [`Change`]. Output: salsa inputs and plain identities
//! ([`DefName`], [`Fingerprint`]) that mean the same in every process and on every machine.
//! Does not know: paths of the operating system, syntax, types, the store.
//!
//! Invariant: nothing here holds a position; identities are names, never running numbers.

pub mod codec;
mod fingerprint;
mod input;
mod name;

pub use fingerprint::{Fingerprint, Stamped};
pub use input::{
    Change, Content, Counters, File, FileShard, Options, Project, SourceDb, file_of_module, is_root_module,
    library_path, module_path_of, text,
};
pub use name::{DefId, DefKind, DefName, ModuleId, Name};

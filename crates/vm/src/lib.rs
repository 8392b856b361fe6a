//! The machine of Ithaca: values, interpreter, processes, natives.
//!
//! Input: verified chunks from a [`ChunkSource`], the outside world through a [`Host`]. Output: results, failures and
//! text of a running program.
//!
//! Knows neither the compiler nor the database; opens no files, reads no clock. Its threads do work that cannot be
//! interrupted, and what the host says may take long.
#![expect(
    unsafe_code,
    reason = "blocks of values and unchecked registers of verified code; each use says why it is sound"
)]

mod beside;
mod block;
mod collections;
mod compare;
mod copy;
mod cycles;
mod data;
mod failure;
mod host;
mod interp;
mod link;
mod list;
mod machine;
mod mem;
mod natives;
mod number;
mod process;
mod radix;
mod reactive;
mod show;
mod stop;
mod text;
mod ties;
mod value;

pub use beside::Task;
pub use data::Data;
pub use failure::{Failure, Raise, Stop, TraceFrame};
pub use host::{Evaluated, ExecOutput, Host, HostError, HostResult, OpenMode, SeekFrom};
pub use link::{ChunkSource, LinkError};
pub use machine::{Limits, Machine, Variables};
pub use mem::live_bytes;
pub use natives::names as native_names;
pub use show::{display, display_nested, result_form};
pub use value::{SizedKind, Value};

//! Text for tests: the fixture language, random programs and random edits.
//!
//! Input: a seed or a string literal of a test. Output: `(path, text)` pairs and descriptions of what changed.
//! This crate knows Nostos as text only: no syntax tree, no database, no file system. Whoever wants to know what the
//! text means runs the compiler on it, which is what the tests that use this crate compare.
//!
//! Invariant: everything is a function of the seed (or of the literal). No clock, no hash-map order, no global random
//! state, so a seed printed by a failing test is enough to repeat it anywhere.

pub mod fixture;
pub mod program;

pub use fixture::{Annotation, Cursor, Fixture, FixtureFile};
pub use program::{Edit, EditKind, FileChange, Options, Program};

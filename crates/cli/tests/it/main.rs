//! The command from outside: real processes on real files.
//!
//! Input: projects as fixtures. Output: what a user would see. Scenario numbers (`s10_…`) are those of the language
//! reference, chapter 6; [`project::Project`] has the oracles that all of them share.

mod bad_input;
mod damage;
mod dependencies;
mod determinism;
mod environment;
mod exit_codes;
mod files;
mod generics;
mod imports;
mod project;
mod reuse;
mod stats;
mod traits;
mod types;
mod values;

//! Bodies and types to chunks.
//!
//! Input: the body of one definition, its inference result and [`types::Doors`]. Output: [`Compiled`]: the chunk of the
//! definition and of its default arguments, and every question that was asked on the way. Does not know: the machine.
//!
//! - `lower`: shared state, frames, locals and captures. Start there.
//! - `expr`, `call`, `pattern`, `control`, `assign`: the walk over the body.
//! - `emit`: instructions with labels, registers. `liveness`: copies become moves at last uses.
//!
//! Invariant: a chunk holds names and body-relative expression numbers, never positions; equal bodies, types and
//! answers give equal bytes.

mod assign;
mod call;
mod control;
mod emit;
mod expr;
mod liveness;
mod lower;
mod pattern;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use base_db::{DefId, DefName, Name};
use bytecode::{BuildError, Chunk};
use hir::body::Body;
use types::{InferenceResult, Trace, TyDb, TypeDef};

/// The code of one definition.
#[derive(Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Symbol and chunk: the definition itself first (symbol = `DefName` as text), then its default arguments.
    pub chunks: Vec<(Name, Chunk)>,
    /// Questions that code generation asked (inference records its own), sorted.
    pub trace: Trace,
}

/// Definitions of types, for the fields and the order of constructors.
pub trait TypeSource {
    /// The definition of a record or variant; `None` if it does not exist (any more).
    fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>>;
}

/// All that the code of one definition is made of.
pub struct CompileInput<'a> {
    /// The definition.
    pub def: &'a DefName,
    /// Its body; every clause has as many parameters as the first.
    pub body: &'a Body,
    /// Types and meanings of the body, without errors.
    pub inference: &'a InferenceResult,
    /// Types of other definitions.
    pub types: &'a dyn TypeSource,
}

/// The chunks of a definition: its own first, then one `symbol$default$n` for each parameter with a default, which
/// takes the parameters before it.
///
/// `Err`: the function is larger than the format allows.
pub fn compile(input: &CompileInput<'_>) -> Result<Vec<Chunk>, BuildError> {
    lower::chunks(input)
}

/// The code of a function, method, default method, value, mvar initialiser or test.
///
/// `None`: the definition does not exist or its body has errors.
#[salsa::tracked]
pub fn compiled<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Arc<Compiled>> {
    let _ = (db, def);
    None
}

//! Bodies and types to chunks.
//!
//! Input: the body of one definition, its inference result and [`types::Doors`]. Output: [`Compiled`]: the chunk of the
//! definition and of its default arguments, and every question that was asked on the way. Does not know: the machine.
//!
//! - `lower`: shared state, frames, locals and captures. Start there.
//! - `expr`, `call`, `pattern`, `control`, `assign`: the walk over the body.
//! - `reflect`: types that a function is told at run time.
//! - `emit`: instructions with labels, registers. `liveness`: copies become moves at last uses.
//!
//! Invariant: a chunk holds names and body-relative expression numbers, never positions; equal bodies, types and
//! answers give equal bytes.

mod assign;
mod call;
mod control;
mod describe;
mod emit;
mod expr;
mod liveness;
mod lower;
mod pattern;
mod reflect;
#[cfg(test)]
mod tests;
mod walk;

pub use describe::describe;

use std::sync::Arc;

use base_db::{Counters, DefId, DefKind, DefName, Name};
use bytecode::{BuildError, Chunk};
use hir::{body::Body, problem::Problem};
use types::{Doors, InferenceResult, Trace, TyDb, TypeDef, ty::TraitRef};

/// The code of one definition.
#[derive(Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Symbol and chunk: the definition itself first (symbol = `DefName` as text), then what [`compile`] makes besides.
    pub chunks: Vec<(Name, Chunk)>,
    /// Questions that code generation asked (inference records its own), sorted.
    pub trace: Trace,
}

/// Definitions of types, for the fields and the order of constructors.
pub trait TypeSource {
    /// The definition of a record or variant; `None` if it does not exist (any more).
    fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>>;

    /// For a method of an impl: the trait's declaration of it, if that has a default for parameter `index`.
    fn inherited_default(&self, method: &DefName, index: usize) -> Option<DefName>;
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
/// takes the parameters before it. A function that is told types has its code in `symbol$told`, which takes them behind
/// the parameters; the own chunk calls that one, for those who cannot tell.
///
/// `Err`: the function is larger than the format allows.
pub fn compile(input: &CompileInput<'_>) -> Result<Vec<Chunk>, BuildError> {
    lower::chunks(input)
}

/// The code of a function, method, default method, value, mvar initialiser or test.
///
/// `None`: the definition does not exist or has no body, its body has errors, or it is larger than the format allows
/// (then the text has some 65,000 names or literals in one function). How many live is bounded as for
/// [`hir::query::body`].
#[salsa::tracked(lru = 32768)]
pub fn compiled<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Arc<Compiled>> {
    let name = def.name(db);
    let _span = tracing::debug_span!("compiled", %name).entered();
    let body = hir::query::body(db, def);
    let inference = types::infer(db, def);
    let fails = |problems: &[Problem]| problems.iter().any(|problem| problem.severity.is_failure());
    if body.clauses.is_empty() || fails(&body.problems) || fails(&inference.problems) {
        return None;
    }
    let doors = DoorTypes(Doors::new(db));
    let chunks = compile(&CompileInput { def: name, body, inference, types: &doors }).ok()?;
    Counters::bump(&db.counters().chunks_compiled);
    let chunks = chunks.into_iter().map(|chunk| (chunk.symbol.clone(), chunk)).collect();
    Some(Arc::new(Compiled { chunks, trace: doors.0.into_trace() }))
}

/// As [`hir::query::keep_results`], for the queries here.
pub fn keep_everything(db: &mut dyn TyDb) {
    compiled::set_lru_capacity(db, 0);
}

/// Types through the doors, so that the questions are recorded.
struct DoorTypes<'db>(Doors<'db>);

impl TypeSource for DoorTypes<'_> {
    fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>> {
        self.0.type_def(def)
    }

    fn inherited_default(&self, method: &DefName, index: usize) -> Option<DefName> {
        let implementation =
            DefName::new(method.module().clone(), DefKind::Impl, method.owner().clone(), Name::default());
        let TraitRef::Def(trait_) = self.0.impl_def(&implementation)?.trait_.clone() else { return None };
        let trait_ = self.0.trait_def(&trait_)?;
        let declared = trait_.methods.iter().find(|declared| declared.name == *method.name())?;
        declared.signature.params.get(index)?.default.as_ref()?;
        declared.code.clone()
    }
}

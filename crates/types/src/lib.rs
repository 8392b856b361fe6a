//! Types: signatures, inference, traits, type problems.
//!
//! Input: item trees, scopes and bodies of `hir`. Output: a [`Signature`] for each function and value, an
//! [`InferenceResult`] for each body, problems. Does not know: bytecode, the store.
//!
//! Code of one definition learns about every other definition only through [`Doors`], which records each question
//! with the fingerprint of its answer; the list is complete because there is no other way.
//!
//! Invariant: no position in any value; identities are [`base_db::DefName`]s.

mod check;
pub mod doors;
mod group;
pub mod infer;
mod item_check;
mod items;
mod lower;
mod native;
pub mod print;
mod report;
pub mod signature;
mod suggest;
pub mod ty;
mod unify;

use std::sync::Arc;

use base_db::{DefId, Stamped};

pub use doors::{Answer, Doors, Question, Trace, answer, by_fingerprint};
pub use group::{Group, GroupInference, binding_group, groups_in_order, infer_group, is_declared};
pub use infer::{ArgPlan, CallPlan, Callee, FieldAccess, InferenceResult, Resolution, Site, SiteCandidate};
pub use item_check::item_problems;
pub use items::{impl_def, trait_def, type_def, type_shape};
pub use print::scheme as show_signature;
pub use signature::{
    ConstructorDef, CtorRef, DefaultSig, ImplDef, ParamSig, Signature, TraitDef, TraitMethod, TypeDef, TypeShape,
};
pub use ty::{Builtin, Constraint, FnTy, Head, Ty};

/// All that others may know of a function, method, value, constant or mvar. `None`: there is no such definition.
///
/// The cutoff of the whole design: equal while an edit only changes the inside.
pub fn signature<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> &'db Option<Stamped<Signature>> {
    items::scheme(db, def)
}

/// Types and meanings of all nodes of one body.
pub fn infer<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> &'db Arc<InferenceResult> {
    items::inferred(db, def)
}

/// As [`hir::query::keep_results`], for the queries here.
pub fn keep_everything(db: &mut dyn TyDb) {
    group::keep_everything(db);
    items::keep_everything(db);
}

/// What this layer needs of the database.
#[salsa::db]
pub trait TyDb: hir::HirDb {
    /// The signature of a function, method or value from the store, if a valid entry has it.
    fn stored_signature<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<Signature>>;
    /// The definition of a type from the store, if a valid entry has it.
    fn stored_type<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<TypeDef>>;
    /// The definition of a trait from the store, if a valid entry has it.
    fn stored_trait<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<TraitDef>>;
    /// The definition of an impl from the store, if a valid entry has it.
    fn stored_impl<'db>(&'db self, def: DefId<'db>) -> Option<Stamped<ImplDef>>;
}

/// Shared slice of types.
pub type Tys = Arc<[Ty]>;

#[cfg(test)]
mod tests;

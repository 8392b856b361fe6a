//! The only way from one definition to another, with a record of every question.
//!
//! A question is asked by name and answered by a query; what is recorded is the fingerprint of the answer, also when
//! the answer is "there is no such thing". Recorded traces are what the persistence layer checks on recall.

use std::cell::RefCell;

use base_db::{DefName, Fingerprint, Name};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::TyDb;

/// A question to another definition or to the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question {
    /// What does this unqualified or dotted name mean inside `module`? Answered by `hir::scope::Resolved`.
    Resolve {
        /// Module or block.
        module: Name,
        /// The name.
        name: Name,
    },
    /// What is `module.name` seen from outside? Answered by `hir::scope::Exported`.
    Exported {
        /// Module or block.
        module: Name,
        /// The name.
        name: Name,
    },
    /// Does this module exist?
    Module(Name),
    /// Is `of` imported (any form of `use`) or otherwise legal as a qualifier in `module`?
    Qualifier {
        /// Module or block that writes the qualified name.
        module: Name,
        /// The qualifier, as written.
        of: Name,
    },
    /// The signature of a function, method, value, const or mvar.
    Signature(DefName),
    /// The definition of a type.
    Type(DefName),
    /// The definition of a trait.
    Trait(DefName),
    /// The definition of an impl.
    Impl(DefName),
    /// Which impls of a trait exist in the whole project? Sorted list of impl definitions.
    ImplsOf(DefName),
    /// Which impls exist in the whole project whose trait has a method of this name, and which traits have it?
    /// Sorted lists of definitions.
    MethodsNamed(Name),
}

/// A recorded question with the fingerprint of its answer.
pub type Answer = (Question, Fingerprint);

/// All questions of one definition, sorted and without duplicates.
pub type Trace = Vec<Answer>;

/// The reader that inference and code generation of one definition (or binding group) receive.
pub struct Doors<'db> {
    /// For the implementations of the questions only.
    pub(crate) db: &'db dyn TyDb,
    /// Fingerprints of all answers so far.
    pub(crate) trace: RefCell<FxHashMap<Question, Fingerprint>>,
}

//! The only way from one definition to another, with a record of every question.
//!
//! A question is asked by name and answered by a query; what is recorded is the fingerprint of the answer, also when
//! the answer is "there is no such thing". Recorded traces are what the persistence layer checks on recall.

use std::{cell::RefCell, sync::Arc};

use base_db::{DefId, DefName, Fingerprint, ModuleId, Name, Stamped};
use hir::{
    MethodsNamed, Qualifier, TemplateQuestion,
    scope::{Exported, Resolved},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    TyDb,
    signature::{ImplDef, Signature, TraitDef, TypeDef, TypeShape},
};

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
    /// Number of parameters of a type, and the target of an alias: what written types need.
    TypeShape(DefName),
    /// The definition of a trait.
    Trait(DefName),
    /// The definition of an impl.
    Impl(DefName),
    /// Which impls of a trait exist in the whole project? Sorted list of impl definitions.
    ImplsOf(DefName),
    /// Which impls exist in the whole project whose trait has a method of this name, and which traits have it?
    /// Sorted lists of definitions.
    MethodsNamed(Name),
    /// What templates of other files does an expansion run?
    Template(TemplateQuestion),
}

/// A recorded question with the fingerprint of its answer.
pub type Answer = (Question, Fingerprint);

/// All questions of one definition without duplicates, in the order of [`by_fingerprint`].
pub type Trace = Vec<Answer>;

/// The order of recorded answers. Any that follows from the answers alone would do; fingerprints are compared faster
/// than names, and every build of every definition sorts.
pub fn by_fingerprint(a: &Answer, b: &Answer) -> std::cmp::Ordering {
    (&a.1, &a.0).cmp(&(&b.1, &b.0))
}

/// The reader that inference and code generation of one definition (or binding group) receive.
pub struct Doors<'db> {
    /// For the implementations of the questions only.
    pub(crate) db: &'db dyn TyDb,
    /// Fingerprints of all answers so far.
    pub(crate) trace: RefCell<FxHashMap<Question, Fingerprint>>,
}

impl<'db> Doors<'db> {
    /// A reader that has asked nothing yet.
    pub fn new(db: &'db dyn TyDb) -> Self {
        Doors { db, trace: RefCell::default() }
    }

    /// What was asked.
    pub fn into_trace(self) -> Trace {
        let mut trace: Trace = self.trace.into_inner().into_iter().collect();
        trace.sort_unstable_by(by_fingerprint);
        trace
    }

    fn record(&self, question: Question, fingerprint: Fingerprint) {
        self.trace.borrow_mut().insert(question, fingerprint);
    }

    /// What `name` means inside `module`.
    pub fn resolve(&self, module: &Name, name: &Name) -> Arc<Resolved> {
        let answer = hir::resolve(self.db, ModuleId::new(self.db, module.clone()), name);
        self.record(Question::Resolve { module: module.clone(), name: name.clone() }, answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// What `module.name` is, seen from outside.
    pub fn exported(&self, module: &Name, name: &Name) -> Arc<Exported> {
        let answer = hir::exported(self.db, ModuleId::new(self.db, module.clone()), name);
        self.record(Question::Exported { module: module.clone(), name: name.clone() }, answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// Whether a module or block of this name exists.
    pub fn module(&self, name: &Name) -> bool {
        let answer = hir::module_exists(self.db, ModuleId::new(self.db, name.clone()));
        self.record(Question::Module(name.clone()), Fingerprint::of(&answer));
        answer
    }

    /// Whether and how `of` may stand before a dot in `module`.
    pub fn qualifier(&self, module: &Name, of: &Name) -> Arc<Qualifier> {
        let answer = hir::qualifier(self.db, ModuleId::new(self.db, module.clone()), of);
        self.record(Question::Qualifier { module: module.clone(), of: of.clone() }, answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// The signature of a function, method, value, constant or mvar.
    pub fn signature(&self, def: &DefName) -> Option<Arc<Signature>> {
        self.stamped(Question::Signature(def.clone()), crate::signature(self.db, DefId::new(self.db, def.clone())))
    }

    /// The definition of a type.
    pub fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>> {
        self.stamped(Question::Type(def.clone()), crate::type_def(self.db, DefId::new(self.db, def.clone())))
    }

    /// Number of parameters and alias target of a type.
    pub fn type_shape(&self, def: &DefName) -> Option<Arc<TypeShape>> {
        self.stamped(Question::TypeShape(def.clone()), crate::type_shape(self.db, DefId::new(self.db, def.clone())))
    }

    /// The definition of a trait.
    pub fn trait_def(&self, def: &DefName) -> Option<Arc<TraitDef>> {
        self.stamped(Question::Trait(def.clone()), crate::trait_def(self.db, DefId::new(self.db, def.clone())))
    }

    /// The definition of an impl.
    pub fn impl_def(&self, def: &DefName) -> Option<Arc<ImplDef>> {
        self.stamped(Question::Impl(def.clone()), crate::impl_def(self.db, DefId::new(self.db, def.clone())))
    }

    /// The impls of a trait in the whole project, sorted.
    pub fn impls_of(&self, def: &DefName) -> Arc<[DefName]> {
        let answer = hir::impls_of(self.db, DefId::new(self.db, def.clone()));
        self.record(Question::ImplsOf(def.clone()), answer.fingerprint);
        answer.value.as_slice().into()
    }

    /// Who has a method of this name in the whole project.
    pub fn methods_named(&self, name: &Name) -> Arc<MethodsNamed> {
        let answer = hir::methods_named(self.db, name);
        self.record(Question::MethodsNamed(name.clone()), answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// Notes what an expansion asked about templates of other files.
    pub(crate) fn templates(&self, questions: &[TemplateQuestion]) {
        for question in questions {
            let answer = hir::template_answer(self.db, question);
            self.record(Question::Template(question.clone()), answer);
        }
    }

    fn stamped<T>(&self, question: Question, answer: &Option<Stamped<T>>) -> Option<Arc<T>> {
        self.record(question, fingerprint(answer));
        answer.as_ref().map(|answer| Arc::clone(&answer.value))
    }
}

fn fingerprint<T>(answer: &Option<Stamped<T>>) -> Fingerprint {
    answer.as_ref().map_or(Fingerprint::ABSENT, |answer| answer.fingerprint)
}

/// Asks `question` today: what a recorded fingerprint is compared with.
pub fn answer(db: &dyn TyDb, question: &Question) -> Fingerprint {
    let def = |def: &DefName| DefId::new(db, def.clone());
    let module = |name: &Name| ModuleId::new(db, name.clone());
    match question {
        Question::Resolve { module: scope, name } => hir::resolve(db, module(scope), name).fingerprint,
        Question::Exported { module: scope, name } => hir::exported(db, module(scope), name).fingerprint,
        Question::Module(name) => Fingerprint::of(&hir::module_exists(db, module(name))),
        Question::Qualifier { module: scope, of } => hir::qualifier(db, module(scope), of).fingerprint,
        Question::Signature(name) => fingerprint(crate::signature(db, def(name))),
        Question::Type(name) => fingerprint(crate::type_def(db, def(name))),
        Question::TypeShape(name) => fingerprint(crate::type_shape(db, def(name))),
        Question::Trait(name) => fingerprint(crate::trait_def(db, def(name))),
        Question::Impl(name) => fingerprint(crate::impl_def(db, def(name))),
        Question::ImplsOf(name) => hir::impls_of(db, def(name)).fingerprint,
        Question::MethodsNamed(name) => hir::methods_named(db, name).fingerprint,
        Question::Template(question) => hir::template_answer(db, question),
    }
}

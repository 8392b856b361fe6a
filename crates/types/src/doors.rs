//! The only way from one definition to another, with a record of every question.
//!
//! A question is asked by name and answered by a query; what is recorded is the fingerprint of the answer, also when
//! the answer is "there is no such thing". Recorded traces are what the persistence layer checks on recall.

use std::{cell::RefCell, hash::Hash, sync::Arc};

use base_db::{DefId, DefName, Fingerprint, ModuleId, Name, Stamped};
use hir::{
    MethodsNamed, Qualifier, ScopedName, TemplateQuestion,
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

/// A [`Question`] while it is only counted: names are interned, so that asking again costs no look at their letters.
/// The questions that are asked most are missing; [`Doors`] keeps their answers.
#[derive(PartialEq, Eq, Hash)]
enum Asked<'db> {
    Exported(ScopedName<'db>),
    Module(ModuleId<'db>),
    Qualifier(ScopedName<'db>),
    TypeShape(DefId<'db>),
    Trait(DefId<'db>),
    Impl(DefId<'db>),
    ImplsOf(DefId<'db>),
    MethodsNamed(Name),
    Template(TemplateQuestion),
}

impl Asked<'_> {
    fn question(self, db: &dyn TyDb) -> Question {
        let module = |key: ScopedName<'_>| key.module(db).path(db).clone();
        let name = |key: ScopedName<'_>| key.name(db).clone();
        let def = |id: DefId<'_>| id.name(db).clone();
        match self {
            Asked::Exported(key) => Question::Exported { module: module(key), name: name(key) },
            Asked::Module(id) => Question::Module(id.path(db).clone()),
            Asked::Qualifier(key) => Question::Qualifier { module: module(key), of: name(key) },
            Asked::TypeShape(id) => Question::TypeShape(def(id)),
            Asked::Trait(id) => Question::Trait(def(id)),
            Asked::Impl(id) => Question::Impl(def(id)),
            Asked::ImplsOf(id) => Question::ImplsOf(def(id)),
            Asked::MethodsNamed(name) => Question::MethodsNamed(name),
            Asked::Template(question) => Question::Template(question),
        }
    }
}

/// The reader that inference and code generation of one definition (or binding group) receive.
pub struct Doors<'db> {
    /// For the implementations of the questions only.
    pub(crate) db: &'db dyn TyDb,
    /// What names meant so far, by module and name. These three are asked again for nearly every expression.
    resolved: RefCell<FxHashMap<(ModuleId<'db>, Name), &'db Stamped<Resolved>>>,
    /// Signatures so far.
    signatures: RefCell<FxHashMap<DefName, &'db Option<Stamped<Signature>>>>,
    /// Definitions of types so far.
    types: RefCell<FxHashMap<DefName, &'db Option<Stamped<TypeDef>>>>,
    /// Fingerprints of all other answers so far.
    others: RefCell<FxHashMap<Asked<'db>, Fingerprint>>,
    /// The module that was asked about last: nearly always the one that asks.
    module: RefCell<Option<(Name, ModuleId<'db>)>>,
}

fn value_of<T>(answer: &Option<Stamped<T>>) -> Option<Arc<T>> {
    answer.as_ref().map(|answer| Arc::clone(&answer.value))
}

/// The answer in `known`; asked for if it is not there.
fn kept<'db, K: Clone + Eq + Hash, T>(
    known: &RefCell<FxHashMap<K, &'db T>>,
    key: &K,
    ask: impl FnOnce() -> &'db T,
) -> &'db T {
    if let Some(answer) = known.borrow().get(key) {
        return answer;
    }
    let answer = ask();
    known.borrow_mut().insert(key.clone(), answer);
    answer
}

impl<'db> Doors<'db> {
    /// A reader that has asked nothing yet.
    pub fn new(db: &'db dyn TyDb) -> Self {
        Doors {
            db,
            resolved: RefCell::default(),
            signatures: RefCell::default(),
            types: RefCell::default(),
            others: RefCell::default(),
            module: RefCell::default(),
        }
    }

    /// What was asked.
    pub fn into_trace(self) -> Trace {
        let resolved = self.resolved.into_inner().into_iter().map(|((module, name), answer)| {
            (Question::Resolve { module: module.path(self.db).clone(), name }, answer.fingerprint)
        });
        let signatures = self.signatures.into_inner().into_iter();
        let signatures = signatures.map(|(def, answer)| (Question::Signature(def), fingerprint(answer)));
        let types = self.types.into_inner().into_iter();
        let types = types.map(|(def, answer)| (Question::Type(def), fingerprint(answer)));
        let others = self.others.into_inner().into_iter();
        let others = others.map(|(asked, answer)| (asked.question(self.db), answer));
        let mut trace: Trace = Trace::with_capacity(resolved.len() + signatures.len() + types.len() + others.len());
        trace.extend(resolved);
        trace.extend(signatures);
        trace.extend(types);
        trace.extend(others);
        trace.sort_unstable_by(by_fingerprint);
        trace
    }

    fn record(&self, asked: Asked<'db>, fingerprint: Fingerprint) {
        self.others.borrow_mut().insert(asked, fingerprint);
    }

    fn module_id(&self, path: &Name) -> ModuleId<'db> {
        let mut last = self.module.borrow_mut();
        match &*last {
            Some((name, id)) if name == path => *id,
            _ => {
                let id = ModuleId::new(self.db, path.clone());
                *last = Some((path.clone(), id));
                id
            }
        }
    }

    fn scoped(&self, module: &Name, name: &Name) -> ScopedName<'db> {
        ScopedName::new(self.db, self.module_id(module), name.clone())
    }

    fn def(&self, def: &DefName) -> DefId<'db> {
        DefId::new(self.db, def.clone())
    }

    /// What `name` means inside `module`.
    pub fn resolve(&self, module: &Name, name: &Name) -> Arc<Resolved> {
        let key = (self.module_id(module), name.clone());
        let answer = kept(&self.resolved, &key, || ScopedName::new(self.db, key.0, name.clone()).resolved(self.db));
        Arc::clone(&answer.value)
    }

    /// What `module.name` is, seen from outside.
    pub fn exported(&self, module: &Name, name: &Name) -> Arc<Exported> {
        let key = self.scoped(module, name);
        let answer = key.exported(self.db);
        self.record(Asked::Exported(key), answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// Whether a module or block of this name exists.
    pub fn module(&self, name: &Name) -> bool {
        let id = ModuleId::new(self.db, name.clone());
        let answer = hir::module_exists(self.db, id);
        self.record(Asked::Module(id), Fingerprint::of(&answer));
        answer
    }

    /// Whether and how `of` may stand before a dot in `module`.
    pub fn qualifier(&self, module: &Name, of: &Name) -> Arc<Qualifier> {
        let key = self.scoped(module, of);
        let answer = key.qualifier(self.db);
        self.record(Asked::Qualifier(key), answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// The signature of a function, method, value, constant or mvar.
    pub fn signature(&self, def: &DefName) -> Option<Arc<Signature>> {
        value_of(kept(&self.signatures, def, || crate::signature(self.db, self.def(def))))
    }

    /// The definition of a type.
    pub fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>> {
        value_of(kept(&self.types, def, || crate::type_def(self.db, self.def(def))))
    }

    /// Number of parameters and alias target of a type.
    pub fn type_shape(&self, def: &DefName) -> Option<Arc<TypeShape>> {
        let id = self.def(def);
        self.stamped(Asked::TypeShape(id), crate::type_shape(self.db, id))
    }

    /// The definition of a trait.
    pub fn trait_def(&self, def: &DefName) -> Option<Arc<TraitDef>> {
        let id = self.def(def);
        self.stamped(Asked::Trait(id), crate::trait_def(self.db, id))
    }

    /// The definition of an impl.
    pub fn impl_def(&self, def: &DefName) -> Option<Arc<ImplDef>> {
        let id = self.def(def);
        self.stamped(Asked::Impl(id), crate::impl_def(self.db, id))
    }

    /// The impls of a trait in the whole project, sorted.
    pub fn impls_of(&self, def: &DefName) -> Arc<[DefName]> {
        let id = self.def(def);
        let answer = hir::impls_of(self.db, id);
        self.record(Asked::ImplsOf(id), answer.fingerprint);
        answer.value.as_slice().into()
    }

    /// Who has a method of this name in the whole project.
    pub fn methods_named(&self, name: &Name) -> Arc<MethodsNamed> {
        let answer = hir::methods_named(self.db, name);
        self.record(Asked::MethodsNamed(name.clone()), answer.fingerprint);
        Arc::clone(&answer.value)
    }

    /// Notes what an expansion asked about templates of other files.
    pub(crate) fn templates(&self, questions: &[TemplateQuestion]) {
        for question in questions {
            let answer = hir::template_answer(self.db, question);
            self.record(Asked::Template(question.clone()), answer);
        }
    }

    fn stamped<T>(&self, asked: Asked<'db>, answer: &Option<Stamped<T>>) -> Option<Arc<T>> {
        self.record(asked, fingerprint(answer));
        value_of(answer)
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

//! Problems of the checker: one constructor for each kind, with all the lines that belong to it.
//!
//! Input: types and names. Output: [`Problem`]s with stable codes. Every line of a problem is complete on its own,
//! because people (and tools) search for single lines.
//!
//! Codes: 401 mismatch, 402 arguments, 403 trait, 404 method, 405 field, 406 unknown name, 407 privacy, 408 written
//! type, 409 infinite type, 411 exhaustiveness, 412 trait and impl declarations, 413 reserved
//! name, 414 duplicate, 415 mvar, 416 ambiguity, 417 dependency of values, 419 nesting.

use base_db::Name;
use hir::problem::{Anchor, Code, Place, Problem, Severity};

use crate::{
    print,
    ty::{Builtin, Head, TraitRef, Ty},
    unify::Clash,
};

/// A problem without place; the body or item that reports it adds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) notes: Vec<String>,
    pub(crate) severity: Severity,
    pub(crate) related: Vec<(Place, String)>,
    pub(crate) help: Option<String>,
}

impl Draft {
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Draft {
        Draft {
            code,
            message: message.into(),
            label: String::new(),
            notes: Vec::new(),
            severity: Severity::Error,
            related: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Draft {
        self.label = label.into();
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Draft {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Draft {
        self.help = Some(help.into());
        self
    }

    /// Makes it a note: the cause is reported at `place`.
    pub(crate) fn because(mut self, place: Place, why: impl Into<String>) -> Draft {
        self.severity = Severity::Note;
        self.related.push((place, why.into()));
        self
    }

    /// Another place that explains it.
    pub(crate) fn related(mut self, place: Place, why: impl Into<String>) -> Draft {
        self.related.push((place, why.into()));
        self
    }

    /// The problem at a part of a definition.
    pub(crate) fn at(self, module: Name, def: Option<base_db::DefName>, anchor: Anchor) -> Problem {
        Problem {
            code: Code(self.code),
            severity: self.severity,
            place: Place { module, def, anchor },
            message: self.message,
            label: self.label,
            notes: self.notes,
            related: self.related,
            help: self.help,
        }
    }
}

/// The name of a trait in messages.
pub(crate) fn trait_name(trait_: &TraitRef) -> &str {
    match trait_ {
        TraitRef::Builtin(name) => name,
        TraitRef::Def(def) => def.name(),
    }
}

/// Two types that should be equal. Both are resolved.
pub(crate) fn mismatch(expected: &Ty, found: &Ty, clash: &Clash) -> Draft {
    match clash {
        Clash::Infinite => {
            return Draft::new(409, "cannot unify a type with a type containing itself")
                .note("infinite or too deep type")
                .note(format!("expected {expected}, found {found}"))
                .note("type mismatch");
        }
        Clash::Arity { expected: wanted, found: given } => {
            return Draft::new(402, format!("Wrong number of arguments: expected {wanted}, found {given}"))
                .note(format!("type mismatch: expected `{expected}`, found `{found}`"))
                .note(format!("Cannot unify types: {expected} and {found}"));
        }
        Clash::Mismatch => {}
    }
    let (wanted, given) = print::pair(expected, found);
    let same_head = matches!((expected.head(), found.head()), (Some(a), Some(b)) if a == b)
        || matches!((expected, found), (Ty::Fn(_), Ty::Fn(_)));
    let (short_wanted, short_given) =
        if same_head { (wanted.clone(), given.clone()) } else { (short(expected, &wanted), short(found, &given)) };
    let mut draft = Draft::new(401, format!("type mismatch: expected `{short_wanted}`, found `{short_given}`"))
        .label(format!("this is `{given}`"))
        .note(format!("expected {wanted}, found {given}"));
    if matches!(expected, Ty::Fn(_)) && !matches!(found, Ty::Fn(_)) {
        draft = draft.note(format!("expected function, found {given}"));
    }
    if expected.is(Builtin::List) && !found.is(Builtin::List) {
        draft = draft.note(format!("expected List[..], found {given}"));
    }
    draft = draft.note(format!("Cannot unify types: {wanted} and {given}"));
    let mut parts = Vec::new();
    differing(expected, found, &mut parts);
    for (expected, found) in parts {
        for (number, other) in [(expected, found), (found, expected)] {
            if is_number(number) && is_known(other) && !is_number(other) {
                draft = draft.note(format!("Missing trait implementation: {} does not implement Num", other));
            }
        }
    }
    draft
}

/// The smallest parts in which two types differ. Types are bounded, see `unify::MAX_DEPTH`.
fn differing<'t>(expected: &'t Ty, found: &'t Ty, parts: &mut Vec<(&'t Ty, &'t Ty)>) {
    match (expected, found) {
        (Ty::Con(a, a_args), Ty::Con(b, b_args)) if a == b && a_args.len() == b_args.len() => {
            a_args.iter().zip(b_args.iter()).for_each(|(a, b)| differing(a, b, parts));
        }
        (Ty::Fn(a), Ty::Fn(b)) if a.params.len() == b.params.len() => {
            a.params.iter().zip(&b.params).for_each(|(a, b)| differing(a, b, parts));
            differing(&a.result, &b.result, parts);
        }
        _ if expected != found => parts.push((expected, found)),
        _ => {}
    }
}

/// The head when that says enough; names with paths stay as they are.
fn short(ty: &Ty, text: &str) -> String {
    match ty {
        Ty::Con(Head::Builtin(_), args) if !args.is_empty() => print::head(ty),
        _ => text.to_owned(),
    }
}

pub(crate) fn is_number(ty: &Ty) -> bool {
    matches!(ty, Ty::Con(Head::Builtin(builtin), _) if builtin.is_numeric())
}

pub(crate) fn is_known(ty: &Ty) -> bool {
    matches!(ty, Ty::Fn(_)) || matches!(ty, Ty::Con(head, _) if !matches!(head, Head::Rigid(_)))
}

/// `ty` lacks a trait.
pub(crate) fn missing_trait(ty: &Ty, trait_: &TraitRef) -> Draft {
    let name = trait_name(trait_);
    let head = print::head(ty);
    let mut draft = Draft::new(403, format!("{ty} does not implement {name}"))
        .note(format!("Missing trait implementation: {ty} does not implement {name}"));
    if head != ty.to_string() {
        draft = draft.note(format!("{head} does not implement {name}"));
    }
    if let TraitRef::Def(_) = trait_
        && is_known(ty)
    {
        draft = draft.help(format!("add `{ty}: {name} … end`, or pass a value of a type that implements `{name}`"));
    }
    draft
}

/// An operator on two known types that do not go together.
pub(crate) fn bad_operands(left: &Ty, right: &Ty, missing: &[(Ty, &str)]) -> Draft {
    let (wanted, given) = print::pair(left, right);
    let mut draft = if left == right {
        Draft::new(403, format!("{left} does not implement {}", missing.first().map_or("Num", |(_, name)| name)))
            .note(format!("type mismatch: the operator does not accept `{left}`"))
    } else {
        Draft::new(401, format!("type mismatch: expected `{wanted}`, found `{given}`"))
            .note(format!("expected {wanted}, found {given}"))
            .note(format!("Cannot unify types: {wanted} and {given}"))
    };
    for (ty, name) in missing {
        draft = draft.note(format!("Missing trait implementation: {ty} does not implement {name}"));
        let head = print::head(ty);
        if head != ty.to_string() {
            draft = draft.note(format!("{head} does not implement {name}"));
        }
    }
    draft
}

/// An implementation without a method that its trait requires.
pub(crate) fn missing_method(ty: &Ty, method: &str, trait_: &str) -> Draft {
    Draft::new(412, format!("type `{ty}` does not implement method `{method}` required by trait `{trait_}`"))
        .help(format!("add `{method}(…) = …` to the implementation"))
}

/// Number of arguments.
pub(crate) fn arity(expected: usize, found: usize) -> Draft {
    Draft::new(402, format!("Wrong number of arguments: expected {expected}, found {found}"))
}

/// A method that the type does not have.
pub(crate) fn no_method(ty: &Ty, method: &str) -> Draft {
    let head = print::method_head(ty);
    let mut draft = Draft::new(404, format!("no method `{method}` found for type `{ty}`"))
        .note(format!("Type {head} has no method {method}"))
        .note(format!("no method {method} for {ty}"));
    if method == "length" {
        if ty.is(Builtin::Map) || ty.is(Builtin::Set) {
            draft = draft.help("use `.size()`");
        }
        draft = draft.note(format!("{head} has no method length")).note(format!("has no method length: {ty}"));
    }
    draft
}

/// A method that several traits give to the type.
pub(crate) fn ambiguous_method(ty: &Ty, method: &str, traits: &[TraitRef]) -> Draft {
    let place = |trait_: &TraitRef| match trait_ {
        TraitRef::Def(def) => format!("`{}`", def.qualified()),
        TraitRef::Builtin(name) => format!("`{name}`"),
    };
    let list = traits.iter().map(place).collect::<Vec<_>>().join(" and ");
    Draft::new(416, format!("ambiguous method `{method}`"))
        .label(format!("`{ty}` has it from several traits"))
        .note(format!("defined by the traits {list}"))
        .help("import the trait that is meant, and not the other")
}

/// A constructor of several imported types that nothing tells apart.
pub(crate) fn ambiguous_constructor(name: &str, types: &[String]) -> Draft {
    let list = types.iter().map(|ty| format!("`{ty}`")).collect::<Vec<_>>().join(" and ");
    Draft::new(416, format!("ambiguous constructor `{name}`: defined in {list}")).help(format!(
        "name the type's module: `{}.{name}`",
        types[0].rsplit_once('.').map_or("", |(module, _)| module)
    ))
}

/// A field that the type does not have.
pub(crate) fn no_field(ty: &Ty, field: &str) -> Draft {
    let head = print::method_head(ty);
    let mut draft = Draft::new(405, format!("Type {ty} has no field {field}"));
    if head != ty.to_string() {
        draft = draft.note(format!("Type {head} has no field {field}"));
    }
    draft.note(format!("no field `{field}` on type `{ty}`"))
}

/// Function form `length(e)` of something that has no length.
pub(crate) fn no_length(ty: &Ty) -> Draft {
    let hint = if ty.is(Builtin::Map) {
        " (use .size() for Map)"
    } else if ty.is(Builtin::Set) {
        " (use .size() for Set)"
    } else {
        ""
    };
    Draft::new(401, format!("expected List, String, Tuple, or Array{hint}, found {ty}"))
        .note(format!("type mismatch: expected `List`, found `{}`", print::head(ty)))
        .note(format!("Type {} has no method length", print::method_head(ty)))
}

/// A name that means nothing.
pub(crate) fn unknown_variable(name: &str) -> Draft {
    missing(Draft::new(406, format!("unknown variable `{name}`")).label("not found in this scope"), name)
}

/// Says why a name that the language has is not there.
fn missing(draft: Draft, name: &str) -> Draft {
    match stdlib::missing_because(name) {
        Some(needs) => draft.note(format!("`{name}` needs {needs}, which this implementation does not have")),
        None => draft,
    }
}

/// A qualified function that does not exist.
pub(crate) fn unknown_function(name: &str) -> Draft {
    missing(Draft::new(406, format!("unknown function `{name}`")), name)
}

/// A type or qualified constructor that does not exist.
pub(crate) fn unknown_type(name: &str) -> Draft {
    Draft::new(406, format!("unknown type `{name}`"))
}

/// A private type whose constructor is used outside.
pub(crate) fn private_type(name: &str, module: &str) -> Draft {
    Draft::new(407, format!("type `{name}` is private in module `{module}`"))
}

/// A private function (or value) that is used by its qualified name.
pub(crate) fn private_function(name: &str, module: &str) -> Draft {
    Draft::new(407, format!("cannot access private function `{name}` from outside module `{module}`"))
}

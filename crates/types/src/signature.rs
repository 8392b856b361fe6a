//! What others may know of a definition.

use base_db::{DefName, Name};
use hir::body::Literal;
use serde::{Deserialize, Serialize};

use crate::ty::{Constraint, Ty};

/// The type scheme of a function, method, native, module value, constant or mvar, with all that users may see of it.
/// Of values, constants and mvars `params` is empty and `result` is the type.
///
/// `Ty::Param(i)` refers to `generics[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// Generic parameters: declared names first, in order (explicit type arguments use it), then inferred ones,
    /// which are named `'0`, `'1`, … in order of first appearance.
    pub generics: Vec<Name>,
    /// How many of `generics` were declared in brackets.
    pub declared_generics: u32,
    /// Parameters.
    pub params: Vec<ParamSig>,
    /// Result.
    pub result: Ty,
    /// Pending constraints, in a deterministic order.
    pub constraints: Vec<Constraint>,
    /// The literal of a constant; users inline it.
    pub literal: Option<Literal>,
    /// Parameters and result were all declared.
    pub annotated: bool,
    /// The body has errors: callers use fresh types instead of reporting consequences.
    pub failed: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParamSig {
    /// Name for named arguments.
    pub name: Option<Name>,
    /// Type.
    pub ty: Ty,
    /// The default, if there is one.
    pub default: Option<DefaultSig>,
    /// Whether the type was written.
    pub declared: bool,
}

/// What callers that omit an argument must know of its default. A default does not constrain the parameter, so it has
/// generic parameters of its own: those after the ones of the signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DefaultSig {
    /// Type of the expression.
    pub ty: Ty,
    /// Pending constraints on its own generic parameters.
    pub constraints: Vec<Constraint>,
}

impl Signature {
    /// The generic parameters that the code must be told at run time, in the order in which it gets them.
    pub fn told_types(&self) -> impl Iterator<Item = u32> + '_ {
        self.constraints.iter().filter_map(|constraint| match constraint {
            Constraint::Reflect { ty: Ty::Param(index) } => Some(*index),
            _ => None,
        })
    }
}

impl DefaultSig {
    /// A default whose type only its own definition knows; it fits every parameter.
    pub(crate) fn unknown() -> DefaultSig {
        DefaultSig { ty: Ty::Error, constraints: Vec::new() }
    }
}

/// A constructor: its type and its index there. A record has one, index 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CtorRef {
    /// The type.
    pub ty: DefName,
    /// Index in [`TypeDef::constructors`].
    pub index: u32,
}

/// A type definition, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeDef {
    /// Identity.
    pub def: DefName,
    /// `pub` (library types always are).
    pub public: bool,
    /// Names of the parameters; `Ty::Param(i)` below refers to them.
    pub params: Vec<Name>,
    /// Constructors in order; empty for aliases and opaque types.
    pub constructors: Vec<ConstructorDef>,
    /// Declared as a record, or one constructor of the type's own name with named fields.
    pub record: bool,
    /// Fields can be assigned.
    pub mutable: bool,
    /// `reactive`.
    pub reactive: bool,
    /// Target of an alias.
    pub alias: Option<Ty>,
}

/// A constructor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConstructorDef {
    /// Name.
    pub name: Name,
    /// Field types in order.
    pub fields: Vec<Ty>,
    /// Field names; empty for positional ones.
    pub field_names: Vec<Name>,
}

/// A trait, resolved. In its signatures `Ty::Param(0)` is `Self`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraitDef {
    /// Identity.
    pub def: DefName,
    /// `pub`.
    pub public: bool,
    /// Supertraits.
    pub supertraits: Vec<crate::ty::TraitRef>,
    /// Methods in order.
    pub methods: Vec<TraitMethod>,
}

/// A method of a trait.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraitMethod {
    /// Name.
    pub name: Name,
    /// Its type; generics\[0\] is `Self`. A missing result type is a generic parameter of its own.
    pub signature: Signature,
    /// Result type was declared.
    pub result_declared: bool,
    /// The definition of the default body, if there is one.
    pub default: Option<DefName>,
    /// The definition whose body holds the default body or default arguments, if there are any.
    pub code: Option<DefName>,
}

/// An impl, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImplDef {
    /// Identity.
    pub def: DefName,
    /// Names of type parameters of the target.
    pub params: Vec<Name>,
    /// The implementing type.
    pub target: Ty,
    /// The trait.
    pub trait_: crate::ty::TraitRef,
    /// Conditions on parameters.
    pub conditions: Vec<Constraint>,
    /// Methods that the impl defines itself: name and definitions (overloads), sorted by name.
    pub methods: Vec<(Name, DefName)>,
    /// Impls above this one that give the same type a method of the same name, and win.
    pub rivals: Vec<DefName>,
}

/// What written types need to know of a type: no constructors, so that recursive types are no cycle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeShape {
    /// Number of parameters.
    pub arity: u32,
    /// Target of an alias, with `Ty::Param` for its parameters.
    pub alias: Option<Ty>,
}

//! The type universe: plain data, compared structurally, named by [`DefName`]s.

use std::sync::Arc;

use base_db::{DefName, Name};
use hir::body::BinaryOp;
use serde::{Deserialize, Serialize};

/// A type. Clones are cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ty {
    /// A type constructor with its arguments.
    Con(Head, Arc<[Ty]>),
    /// An n-ary function.
    Fn(Arc<FnTy>),
    /// The n-th generic parameter of the scheme it stands in.
    Param(u32),
    /// An inference variable. Never leaves inference.
    Var(u32),
    /// Of expressions that do not return; unifies with everything.
    Never,
    /// The internal dynamic type.
    Dyn,
    /// Of what is already reported; unifies with everything silently.
    Error,
}

/// Type constructors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Head {
    /// A built-in type; arity 0 except where its variant says otherwise.
    Builtin(Builtin),
    /// Two or more components.
    Tuple,
    /// A record or variant (library ones included: `Option`, `Result`, `Json`).
    Adt(DefName),
    /// A declared type parameter inside the body that declares it ("soft rigid").
    Rigid(Name),
    /// An opaque built-in named in the table of natives (`Handle`).
    Opaque(Name),
}

/// Built-in type constructors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Builtin {
    Unit,
    Bool,
    Char,
    String,
    Int,
    Int8,
    Int16,
    Int32,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float,
    Float32,
    BigInt,
    Decimal,
    Pid,
    Ref,
    Buffer,
    Int64Array,
    Float64Array,
    Float32Array,
    /// One argument.
    List,
    /// One argument.
    Array,
    /// One argument.
    Set,
    /// Two arguments.
    Map,
}

/// A function type. Not curried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FnTy {
    /// All parameters, those with defaults included.
    pub params: Vec<Ty>,
    /// How many of them must be passed.
    pub required: u32,
    /// Result.
    pub result: Ty,
}

/// A pending constraint of a scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Constraint {
    /// The type implements the trait. Built-in traits (`Num`, `Eq`, …) are named by their library definition's name.
    Trait {
        /// Bare name for built-in traits, otherwise the definition.
        trait_: TraitRef,
        /// The type.
        ty: Ty,
    },
    /// `e.f`, `e.0`.
    HasField {
        /// Receiver.
        ty: Ty,
        /// Field or index.
        field: Name,
        /// Type of the field.
        result: Ty,
    },
    /// `e.m(args)`.
    HasMethod {
        /// Receiver.
        ty: Ty,
        /// Method.
        method: Name,
        /// Argument types with their names, without the receiver.
        args: Vec<(Option<Name>, Ty)>,
        /// Result.
        result: Ty,
        /// Module in whose scope free functions are looked up.
        scope: Name,
    },
    /// Arithmetic on operands that are not known yet.
    Arith {
        /// Operator.
        op: BinaryOp,
        /// Left.
        left: Ty,
        /// Right.
        right: Ty,
        /// Result.
        result: Ty,
        /// One side is an integer literal that adapts.
        literal: bool,
    },
    /// `c[i]`.
    Index {
        /// Container.
        container: Ty,
        /// Index.
        index: Ty,
        /// Element.
        element: Ty,
    },
    /// `c[i] = v`.
    IndexSet {
        /// Container.
        container: Ty,
        /// Index.
        index: Ty,
        /// Element.
        element: Ty,
    },
    /// Function form `length(e)`.
    Length {
        /// Its argument.
        ty: Ty,
    },
    /// `a ++ b` with an unknown side: must be a list or a string.
    Concat {
        /// The type.
        ty: Ty,
    },
    /// A call of an overloaded function whose arguments are not known yet.
    Overload {
        /// The candidates in order.
        functions: Vec<DefName>,
        /// Argument types with their names.
        args: Vec<(Option<Name>, Ty)>,
        /// Result.
        result: Ty,
    },
}

/// A trait in a constraint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TraitRef {
    /// `Num Eq Ord Show Hash Copy Concat`, unless the program redeclares it.
    Builtin(Name),
    /// A declared trait.
    Def(DefName),
}

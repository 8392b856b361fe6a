//! The result of inferring one body: what code generation needs.

use base_db::{DefName, Name};
use hir::{
    body::{ExprId, Literal, PatId},
    problem::Problem,
};
use rustc_hash::FxHashMap;

use crate::{signature::CtorRef, ty::Ty};

/// Types and meanings of all nodes of one body. Lives in memory only.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct InferenceResult {
    /// Type of each expression by raw index, fully substituted; generic parameters are `Ty::Param`.
    pub expr_types: Vec<Ty>,
    /// Type of each local by raw index.
    pub local_types: Vec<Ty>,
    /// Meaning of `Expr::Name`, `Expr::Field`, and of `Pat::EqualName` through its name expression.
    pub resolutions: FxHashMap<ExprId, Resolution>,
    /// `Expr::Call`, `MethodCall`, `Construct`; operators that a user implementation decides (`Binary`, `Unary`);
    /// `Index` and `AssignIndex` on user types.
    pub calls: FxHashMap<ExprId, CallPlan>,
    /// What the callee of a call, or the function that a name means, must be told at run time: the types of its
    /// [`Signature::told_types`](crate::Signature::told_types). Most functions need none and have no entry.
    pub told: FxHashMap<ExprId, Vec<Ty>>,
    /// Literals that name types to reflection, with the full names of what they mean here.
    pub type_names: FxHashMap<ExprId, Name>,
    /// The generic parameters that this code is told itself.
    pub told_types: Vec<u32>,
    /// Parts of an interpolation that a user's `Show` decides, by part.
    pub shows: FxHashMap<ExprId, Callee>,
    /// Constructor of `Pat::Constructor`. Missing: reported.
    pub constructors: FxHashMap<PatId, CtorRef>,
    /// Meaning of `Pat::EqualName`.
    pub pinned: FxHashMap<PatId, Resolution>,
    /// `Pat::StringPrefix` that is known to be matched against a list.
    pub list_prefixes: Vec<PatId>,
    /// Problems, in source order. Any error means that no code is generated.
    pub problems: Vec<Problem>,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A function as a value, or as a callee.
    Function(DefName),
    /// A native as a value, or as a callee.
    Native(Name),
    /// An overloaded function as a value whose choice is open: decided at run time by the arguments.
    Site(Site),
    /// A constructor: a value when it has no fields, a function otherwise.
    Constructor(CtorRef),
    /// A module value.
    Value(DefName),
    /// A constant: inlined.
    Const(Literal),
    /// An mvar.
    Mvar(DefName),
    /// A module or type used as a namespace: no value.
    Namespace,
    /// A field read.
    Field(FieldAccess),
}

/// How a field is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldAccess {
    /// Of a record or single named constructor: index.
    Index(u32),
    /// Component of a tuple: index.
    Tuple(u32),
    /// The receiver's type is open: by name (or decimal index for tuples) at run time.
    Dynamic(Name),
}

/// A call, all decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPlan {
    /// What is called.
    pub callee: Callee,
    /// Arguments in parameter order.
    pub args: Vec<ArgPlan>,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A known function or method.
    Function(DefName),
    /// A native.
    Native(Name),
    /// A constructor.
    Constructor(CtorRef),
    /// Record update: the first argument is the base, `fields` the indices that the other arguments replace.
    Update {
        /// Constructor.
        ctor: CtorRef,
        /// Index for each argument after the base.
        fields: Vec<u32>,
    },
    /// The value of the callee expression (a local or any expression of function type).
    Value,
    /// The value of a local variable, by raw index: `x.f(…)` with a local `f`.
    Local(u32),
    /// The value of a module value that holds a function.
    ModuleValue(DefName),
    /// The function stored in a field of the receiver; the receiver is not passed.
    Field(FieldAccess),
    /// Decided at run time.
    Site(Site),
    /// `m.update(f)` on an mvar.
    MvarUpdate(DefName),
    /// The identity: `assertType[T](e)`.
    Identity,
}

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgPlan {
    /// The receiver of a method call.
    Receiver,
    /// The n-th argument in source order.
    Arg(u32),
    /// The default of the n-th parameter.
    Default(u32),
}

impl ArgPlan {
    /// The plan of `count` arguments that are passed as they are written.
    pub fn positions(count: usize) -> Vec<ArgPlan> {
        (0..count as u32).map(ArgPlan::Arg).collect()
    }
}

/// A call whose callee depends on the run-time kinds of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Method or function name, for messages.
    pub name: Name,
    /// In order; the first that fits is taken.
    pub candidates: Vec<SiteCandidate>,
    /// How many candidates come before a field of that name of the receiver that holds a function; `None`: no field can be
    /// meant.
    pub field: Option<usize>,
}

/// One candidate of a [`Site`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteCandidate {
    /// Shape that each argument must have; `None`: any. Shorter than the arguments: the rest is any. What is open inside
    /// a shape is the dynamic type.
    pub heads: Vec<Option<Ty>>,
    /// What is called.
    pub callee: Callee,
    /// Arguments in parameter order.
    pub args: Vec<ArgPlan>,
}

//! The type universe: plain data, compared structurally, named by [`DefName`]s.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use base_db::{DefName, Name};
use hir::body::BinaryOp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type. Clones are cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ty {
    /// A type constructor with its arguments.
    Con(Head, Args),
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
        /// The index itself when it is a literal: selects the component of a tuple.
        literal: Option<u32>,
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
    /// An integer literal stands for a value of the type: `Int`, `Float` or `BigInt`.
    Literal {
        /// The type.
        ty: Ty,
    },
    /// `a ++ b` with an unknown side: must be a list or a string.
    Concat {
        /// The type.
        ty: Ty,
    },
    /// Reflection looks at the type while the program runs: whoever chooses it tells the callee. In schemes always a
    /// generic parameter.
    Reflect {
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

/// The traits that exist without a declaration.
pub const BUILTIN_TRAITS: [&str; 7] = ["Concat", "Copy", "Eq", "Hash", "Num", "Ord", "Show"];

/// Arguments of a type constructor. Most have none, and making or copying those touches no memory that is shared.
#[derive(Clone, Default)]
pub struct Args(Option<Arc<[Ty]>>);

impl Deref for Args {
    type Target = [Ty];

    fn deref(&self) -> &[Ty] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<Vec<Ty>> for Args {
    fn from(args: Vec<Ty>) -> Args {
        Args((!args.is_empty()).then(|| args.into()))
    }
}

impl<const N: usize> From<[Ty; N]> for Args {
    fn from(args: [Ty; N]) -> Args {
        Args((N > 0).then(|| args.into()))
    }
}

impl FromIterator<Ty> for Args {
    fn from_iter<I: IntoIterator<Item = Ty>>(args: I) -> Args {
        let mut args = args.into_iter().peekable();
        Args(args.peek().is_some().then(|| args.collect()))
    }
}

/// As the slice, whether it is shared or not.
impl PartialEq for Args {
    fn eq(&self, other: &Args) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Args {}

impl PartialOrd for Args {
    fn partial_cmp(&self, other: &Args) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Args {
    fn cmp(&self, other: &Args) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Args {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Args, D::Error> {
        Vec::deserialize(deserializer).map(Args::from)
    }
}

impl Ty {
    /// A built-in type without arguments.
    pub fn builtin(builtin: Builtin) -> Ty {
        Ty::Con(Head::Builtin(builtin), Args::default())
    }

    /// `Int`.
    pub fn int() -> Ty {
        Ty::builtin(Builtin::Int)
    }

    /// `Float`.
    pub fn float() -> Ty {
        Ty::builtin(Builtin::Float)
    }

    /// `Bool`.
    pub fn bool() -> Ty {
        Ty::builtin(Builtin::Bool)
    }

    /// `String`.
    pub fn string() -> Ty {
        Ty::builtin(Builtin::String)
    }

    /// `()`.
    pub fn unit() -> Ty {
        Ty::builtin(Builtin::Unit)
    }

    /// `List[item]`.
    pub fn list(item: Ty) -> Ty {
        Ty::Con(Head::Builtin(Builtin::List), [item].into())
    }

    /// `Set[item]`.
    pub fn set(item: Ty) -> Ty {
        Ty::Con(Head::Builtin(Builtin::Set), [item].into())
    }

    /// `Map[key, value]`.
    pub fn map(key: Ty, value: Ty) -> Ty {
        Ty::Con(Head::Builtin(Builtin::Map), [key, value].into())
    }

    /// A tuple; `items` has two or more elements.
    pub fn tuple(items: Vec<Ty>) -> Ty {
        Ty::Con(Head::Tuple, items.into())
    }

    /// A declared type with its arguments.
    pub fn adt(def: DefName, args: Vec<Ty>) -> Ty {
        Ty::Con(Head::Adt(def), args.into())
    }

    /// A declared type parameter inside the body that declares it.
    pub fn rigid(name: Name) -> Ty {
        Ty::Con(Head::Rigid(name), Args::default())
    }

    /// A function all of whose parameters are required.
    pub fn function(params: Vec<Ty>, result: Ty) -> Ty {
        let required = params.len() as u32;
        Ty::Fn(Arc::new(FnTy { params, required, result }))
    }

    /// Whether this is the built-in type `builtin`.
    pub fn is(&self, builtin: Builtin) -> bool {
        matches!(self, Ty::Con(Head::Builtin(head), _) if *head == builtin)
    }

    /// The head, if the type has one.
    pub fn head(&self) -> Option<&Head> {
        match self {
            Ty::Con(head, _) => Some(head),
            _ => None,
        }
    }

    /// Rebuilds the type with the leaves (everything without parts) that `leaf` replaces.
    ///
    /// The depth of types is bounded by `unify::MAX_DEPTH` and the nesting limit of the parser.
    pub fn map_leaves<F: FnMut(&Ty) -> Option<Ty> + ?Sized>(&self, leaf: &mut F) -> Ty {
        if let Some(new) = leaf(self) {
            return new;
        }
        match self {
            Ty::Con(head, args) if !args.is_empty() => {
                Ty::Con(head.clone(), args.iter().map(|arg| arg.map_leaves(leaf)).collect())
            }
            Ty::Fn(function) => Ty::Fn(Arc::new(FnTy {
                params: function.params.iter().map(|param| param.map_leaves(leaf)).collect(),
                required: function.required,
                result: function.result.map_leaves(leaf),
            })),
            _ => self.clone(),
        }
    }

    /// Replaces `Ty::Param(i)` by `args[i]`.
    pub fn instantiate(&self, args: &[Ty]) -> Ty {
        if args.is_empty() {
            return self.clone();
        }
        self.map_leaves(&mut |ty| match ty {
            Ty::Param(index) => args.get(*index as usize).cloned(),
            _ => None,
        })
    }

    /// Calls `visit` for this type and all its parts.
    pub fn walk(&self, visit: &mut dyn FnMut(&Ty)) {
        visit(self);
        match self {
            Ty::Con(_, args) => args.iter().for_each(|arg| arg.walk(visit)),
            Ty::Fn(function) => {
                function.params.iter().for_each(|param| param.walk(visit));
                function.result.walk(visit);
            }
            _ => {}
        }
    }

    /// Whether some part satisfies `test`.
    pub fn any<F: FnMut(&Ty) -> bool + ?Sized>(&self, test: &mut F) -> bool {
        if test(self) {
            return true;
        }
        match self {
            Ty::Con(_, args) => args.iter().any(|arg| arg.any(test)),
            Ty::Fn(function) => function.params.iter().any(|param| param.any(test)) || function.result.any(test),
            _ => false,
        }
    }
}

impl Builtin {
    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Builtin::Unit => "()",
            Builtin::Bool => "Bool",
            Builtin::Char => "Char",
            Builtin::String => "String",
            Builtin::Int => "Int",
            Builtin::Int8 => "Int8",
            Builtin::Int16 => "Int16",
            Builtin::Int32 => "Int32",
            Builtin::UInt8 => "UInt8",
            Builtin::UInt16 => "UInt16",
            Builtin::UInt32 => "UInt32",
            Builtin::UInt64 => "UInt64",
            Builtin::Float => "Float",
            Builtin::Float32 => "Float32",
            Builtin::BigInt => "BigInt",
            Builtin::Decimal => "Decimal",
            Builtin::Pid => "Pid",
            Builtin::Ref => "Ref",
            Builtin::Buffer => "Buffer",
            Builtin::Int64Array => "Int64Array",
            Builtin::Float64Array => "Float64Array",
            Builtin::Float32Array => "Float32Array",
            Builtin::List => "List",
            Builtin::Array => "Array",
            Builtin::Set => "Set",
            Builtin::Map => "Map",
        }
    }

    /// The built-in type of this name; `Int64` and `Float64` are other names of `Int` and `Float`.
    pub fn from_name(name: &str) -> Option<Builtin> {
        Some(match name {
            "Unit" => Builtin::Unit,
            "Bool" => Builtin::Bool,
            "Char" => Builtin::Char,
            "String" => Builtin::String,
            "Int" | "Int64" => Builtin::Int,
            "Int8" => Builtin::Int8,
            "Int16" => Builtin::Int16,
            "Int32" => Builtin::Int32,
            "UInt8" => Builtin::UInt8,
            "UInt16" => Builtin::UInt16,
            "UInt32" => Builtin::UInt32,
            "UInt64" => Builtin::UInt64,
            "Float" | "Float64" => Builtin::Float,
            "Float32" => Builtin::Float32,
            "BigInt" => Builtin::BigInt,
            "Decimal" => Builtin::Decimal,
            "Pid" => Builtin::Pid,
            "Ref" => Builtin::Ref,
            "Buffer" => Builtin::Buffer,
            "Int64Array" => Builtin::Int64Array,
            "Float64Array" => Builtin::Float64Array,
            "Float32Array" => Builtin::Float32Array,
            "List" => Builtin::List,
            "Array" => Builtin::Array,
            "Set" => Builtin::Set,
            "Map" => Builtin::Map,
            _ => return None,
        })
    }

    /// Number of type arguments.
    pub fn arity(self) -> usize {
        match self {
            Builtin::List | Builtin::Array | Builtin::Set => 1,
            Builtin::Map => 2,
            _ => 0,
        }
    }

    /// Whether arithmetic is built in.
    pub fn is_numeric(self) -> bool {
        matches!(
            self,
            Builtin::Int
                | Builtin::Int8
                | Builtin::Int16
                | Builtin::Int32
                | Builtin::UInt8
                | Builtin::UInt16
                | Builtin::UInt32
                | Builtin::UInt64
                | Builtin::Float
                | Builtin::Float32
                | Builtin::BigInt
                | Builtin::Decimal
        )
    }
}

impl Head {
    /// The bare name, as the tables of built-in methods and messages use it.
    pub fn name(&self) -> &str {
        match self {
            Head::Builtin(builtin) => builtin.name(),
            Head::Tuple => "Tuple",
            Head::Adt(def) => def.name(),
            Head::Rigid(name) => rigid_name(name),
            Head::Opaque(name) => name,
        }
    }
}

/// The name of a rigid parameter as written: inside one binding group a mark after `'` keeps parameters of different
/// members apart.
pub fn rigid_name(name: &str) -> &str {
    name.split('\'').next().unwrap_or(name)
}

impl Constraint {
    /// Rebuilds the constraint with all its types mapped.
    pub fn map(&self, f: &mut dyn FnMut(&Ty) -> Ty) -> Constraint {
        let args = |args: &[(Option<Name>, Ty)], f: &mut dyn FnMut(&Ty) -> Ty| {
            args.iter().map(|(name, ty)| (name.clone(), f(ty))).collect::<Vec<_>>()
        };
        match self {
            Constraint::Trait { trait_, ty } => Constraint::Trait { trait_: trait_.clone(), ty: f(ty) },
            Constraint::HasField { ty, field, result } => {
                Constraint::HasField { ty: f(ty), field: field.clone(), result: f(result) }
            }
            Constraint::HasMethod { ty, method, args: list, result, scope } => Constraint::HasMethod {
                ty: f(ty),
                method: method.clone(),
                args: args(list, f),
                result: f(result),
                scope: scope.clone(),
            },
            Constraint::Arith { op, left, right, result, literal } => {
                Constraint::Arith { op: *op, left: f(left), right: f(right), result: f(result), literal: *literal }
            }
            Constraint::Index { container, index, literal, element } => {
                Constraint::Index { container: f(container), index: f(index), literal: *literal, element: f(element) }
            }
            Constraint::IndexSet { container, index, element } => {
                Constraint::IndexSet { container: f(container), index: f(index), element: f(element) }
            }
            Constraint::Length { ty } => Constraint::Length { ty: f(ty) },
            Constraint::Literal { ty } => Constraint::Literal { ty: f(ty) },
            Constraint::Concat { ty } => Constraint::Concat { ty: f(ty) },
            Constraint::Reflect { ty } => Constraint::Reflect { ty: f(ty) },
            Constraint::Overload { functions, args: list, result } => {
                Constraint::Overload { functions: functions.clone(), args: args(list, f), result: f(result) }
            }
        }
    }

    /// Calls `visit` for each type of the constraint; the types that decide it come first and have `true`.
    pub fn each_type(&self, visit: &mut dyn FnMut(&Ty, bool)) {
        match self {
            Constraint::Trait { ty, .. }
            | Constraint::Length { ty }
            | Constraint::Literal { ty }
            | Constraint::Concat { ty }
            | Constraint::Reflect { ty } => visit(ty, true),
            Constraint::HasField { ty, result, .. } => {
                visit(ty, true);
                visit(result, false);
            }
            Constraint::HasMethod { ty, args, result, .. } => {
                visit(ty, true);
                args.iter().for_each(|(_, arg)| visit(arg, false));
                visit(result, false);
            }
            Constraint::Arith { left, right, result, .. } => {
                visit(left, true);
                visit(right, true);
                visit(result, false);
            }
            Constraint::Index { container, index, element, .. }
            | Constraint::IndexSet { container, index, element } => {
                visit(container, true);
                visit(index, false);
                visit(element, false);
            }
            Constraint::Overload { args, result, .. } => {
                args.iter().for_each(|(_, arg)| visit(arg, true));
                visit(result, false);
            }
        }
    }
}

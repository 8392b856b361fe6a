//! What is stored for one function: [`Chunk`], its bodies and its tables of symbolic names.
//!
//! Input and output: plain data that the code generator writes, the store keeps and the machine links. Two chunks are
//! equal exactly if they mean the same code; a chunk does not change when the text of its function only moves.
//!
//! Invariant: no positions and no addresses. Whatever lies outside the function is a name that the machine links at the
//! first use. Nested functions are flat (`bodies`), so nothing here is recursive.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::Instr;

/// The bytecode of one function with all its lambdas.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chunk {
    /// The symbol under which others call it, such as `geo.area/2`.
    pub symbol: SmolStr,
    /// `bodies[0]` is the function itself (no captures), the others are its lambdas and local functions at any depth.
    pub bodies: Vec<Body>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Symbols of functions, module values and mvars that live outside.
    pub symbols: Vec<SmolStr>,
    /// Names of natives, as in the table of the `stdlib` crate.
    pub natives: Vec<SmolStr>,
    /// Field names for access by name.
    pub names: Vec<SmolStr>,
    /// Constructors that are used to build or to test.
    pub constructors: Vec<ConstructorRef>,
    /// Places where the function is chosen at run time.
    pub sites: Vec<MethodSite>,
    /// Jump tables; targets are indices into the code of the body that uses the table.
    pub tables: Vec<JumpTable>,
}

/// The code of one function or lambda.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Body {
    /// What a trace or a shown function value calls it: `area`, `<lambda>`.
    pub name: SmolStr,
    /// Number of parameters; they arrive in the first registers.
    pub params: u16,
    /// Number of registers of a frame, parameters included.
    pub registers: u16,
    /// Where each captured value comes from, seen from the body that executes `MakeClosure`.
    pub captures: Vec<Capture>,
    /// Instructions.
    pub code: Vec<Instr>,
    /// `(pc, expression)`: from instruction `pc` on, code belongs to the expression with this number in the function's
    /// body. Sorted by `pc`, each at most once.
    pub anchors: Vec<(u32, u32)>,
}

impl Body {
    /// The expression an instruction belongs to, if any anchor lies before it.
    pub fn expr_at(&self, pc: u32) -> Option<u32> {
        let after = self.anchors.partition_point(|&(start, _)| start <= pc);
        after.checked_sub(1).map(|index| self.anchors[index].1)
    }
}

/// Where `MakeClosure` takes a captured value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Capture {
    /// A register of the creating body: its value, or its cell if it holds one.
    Register(u16),
    /// A captured value (or cell) of the creating body itself.
    Outer(u16),
}

/// A constant. Floats are kept as bits, so that equality is identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the types of the language")]
pub enum Constant {
    Unit,
    Bool(bool),
    Int(i64),
    Int8(i8),
    Int16(i16),
    Int32(i32),
    UInt8(u8),
    UInt16(u16),
    UInt32(u32),
    UInt64(u64),
    /// Bits of a double; see [`Constant::float`].
    Float(u64),
    /// Bits of a single.
    Float32(u32),
    /// Decimal digits with an optional minus.
    BigInt(SmolStr),
    /// Digits with an optional minus and point; the scale counts.
    Decimal(SmolStr),
    Char(char),
    Str(SmolStr),
    /// Only for `JumpNotConst`: Ints from `low` to `high`, both included.
    IntRange {
        low: i64,
        high: i64,
    },
}

impl Constant {
    /// A Float constant.
    pub fn float(value: f64) -> Self {
        Constant::Float(value.to_bits())
    }

    /// A Float32 constant.
    pub fn float32(value: f32) -> Self {
        Constant::Float32(value.to_bits())
    }

    /// A String constant.
    pub fn str(value: &str) -> Self {
        Constant::Str(value.into())
    }
}

/// Identity of a user type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeRef {
    /// Path of the declaring module, `""` for a file that is no module of a project.
    pub module: SmolStr,
    /// Name of the type.
    pub name: SmolStr,
}

/// What the values of a type are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeKind {
    /// One constructor called like the type; printed with field names.
    Record,
    /// Constructors with positional or named fields; printed positionally.
    Variant,
    /// A record with identity and assignable fields.
    Reactive,
    /// A variant in a cell with identity.
    ReactiveVariant,
}

/// A constructor and all that making, testing, showing and comparing its values needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConstructorRef {
    /// The type it belongs to.
    pub ty: TypeRef,
    /// Kind of that type.
    pub kind: TypeKind,
    /// Name of the constructor; for a record the name of the type.
    pub name: SmolStr,
    /// Place among the constructors of the type, in declaration order.
    pub index: u16,
    /// Number of constructors of the type.
    pub siblings: u16,
    /// Field names in declaration order; positional fields are called `_0`, `_1`, ...
    pub fields: Vec<SmolStr>,
}

/// A jump table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JumpTable {
    /// Number that selects the first target.
    pub low: i64,
    /// Targets.
    pub targets: Vec<u32>,
    /// Taken for all other numbers and values.
    pub default: u32,
}

/// The kind of a value at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the types of the language")]
pub enum Kind {
    Unit,
    Bool,
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
    Char,
    String,
    List,
    Tuple,
    /// Record or variant value of a user type, reactive ones included.
    Data,
    Map,
    Set,
    /// Function value: closure, native or constructor.
    Function,
    Pid,
    Int64Array,
    Float64Array,
    Float32Array,
    Buffer,
    /// Handle of a file, program, socket or other resource of the host.
    Handle,
}

/// What a candidate demands of one argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Head {
    /// Anything.
    Any,
    /// A built-in kind.
    Kind(Kind),
    /// A tuple of this many elements.
    Tuple(u16),
    /// A function value of this many parameters.
    Function(u16),
    /// A record or variant of this type.
    Type(TypeRef),
    /// The head, and parts that fit. One row a constructor; other values have one row: the components of a tuple, an
    /// element of a list or set, a key and a value of a map. Parts that a value does not have fit.
    Of(Box<Head>, Vec<Vec<Head>>),
}

/// What a candidate runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallTarget {
    /// A function of the program or the library.
    Function(SmolStr),
    /// A native, by the name in the table of the `stdlib` crate. The operators are natives as well: `op.add`,
    /// `op.sub`, `op.mul`, `op.div`, `op.rem`, `op.pow`, `op.neg`, `op.eq`, `op.ne`, `op.lt`, `op.le`, `op.gt`,
    /// `op.ge`, `op.concat`, `op.show`, `op.hash`, `op.index`: what the generic instructions do.
    Native(SmolStr),
}

/// One function that a site may choose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// Demands on the arguments, first argument first; missing ones count as [`Head::Any`].
    pub heads: Vec<Head>,
    /// What runs.
    pub target: CallTarget,
    /// Number of parameters of the target. It fits a call with this many arguments, or with fewer if `defaults` fills
    /// the rest.
    pub params: u16,
    /// Symbols of the functions that compute the last `defaults.len()` parameters when they are not given. Each one is
    /// called with all parameters before its own.
    pub defaults: Vec<SmolStr>,
    /// Which parameters the arguments are, if they are not the first ones in order; `defaults` then are those of all
    /// others. Else empty.
    pub given: Vec<u16>,
}

/// A call whose function depends on the run-time heads of its arguments.
///
/// The machine takes the first candidate, in order, that fits number and heads of the arguments, and remembers it for
/// the head of the first argument when no candidate looks at the others. A field called `name` of the first argument that
/// holds a function is called with the other arguments, if `field` is set and none of so many candidates fits. If nothing
/// fits, the call fails with a type error.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MethodSite {
    /// Method name, for the field and for messages.
    pub name: SmolStr,
    /// In order of preference.
    pub candidates: Vec<Candidate>,
    /// How many candidates are tried before a field; `None`: fields are none of its business.
    pub field: Option<u16>,
}

/// A type as reflection sees it: answer of the embedder when a program asks for a type by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeDesc {
    /// Names of the type parameters.
    pub params: Vec<SmolStr>,
    /// What it is.
    pub body: TypeDescBody,
}

/// The right-hand side of a [`TypeDesc`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeDescBody {
    /// Record or variant, with the field types of each constructor.
    Data(Vec<(ConstructorRef, Vec<TypeText>)>),
    /// Another name for a type.
    Alias(TypeText),
}

/// A type written out, with resolved names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeText {
    /// A built-in (`Int`, `List`), a user type by its full name (`shop.Item`), or a type parameter, with arguments.
    Named(SmolStr, Vec<TypeText>),
    /// A tuple; `()` without elements.
    Tuple(Vec<TypeText>),
    /// A function type, of which reflection only knows that it is one.
    Function,
}

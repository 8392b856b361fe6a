//! Bodies: expressions, patterns and local names of one definition on arenas. Locals are resolved, everything else
//! is a name.
//!
//! Input: the syntax of all clauses of a definition. Output: a [`Body`] without positions and a [`BodySourceMap`].
//!
//! Invariant: equal bodies (and equal answers to the names in them) give equal types and equal code. Lowering is
//! total: what the parser could not read is [`Expr::Missing`].

use base_db::Name;
use la_arena::{Arena, Idx};
use serde::{Deserialize, Serialize};

use crate::type_ref::{TypeParam, TypeRef};

/// Index of an expression in its body.
pub type ExprId = Idx<Expr>;
/// Index of a pattern in its body.
pub type PatId = Idx<Pat>;
/// Index of a written type in its body.
pub type TypeId = Idx<TypeRef>;
/// Index of a local variable in its body.
pub type LocalId = Idx<Local>;

/// The body of a function, method, value, mvar initialiser, template or test.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Body {
    /// Clauses in source order; values, mvars and tests have one without parameters.
    pub clauses: Vec<Clause>,
    /// Declared type parameters.
    pub type_params: Vec<TypeParam>,
    /// All expressions.
    pub exprs: Arena<Expr>,
    /// All patterns.
    pub pats: Arena<Pat>,
    /// All written types.
    pub types: Arena<TypeRef>,
    /// All local variables.
    pub locals: Arena<Local>,
    /// Decorators made it: see [`crate::expansion_questions`].
    pub expanded: bool,
    /// Problems that lowering itself found, about nodes of this body; `place` is completed by the reader.
    pub problems: Vec<crate::problem::Problem>,
}

/// One clause of a function.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Clause {
    /// Parameters.
    pub params: Vec<Param>,
    /// `when`.
    pub guard: Option<ExprId>,
    /// `-> T`; of a value or mvar: its annotation.
    pub result: Option<TypeId>,
    /// The right side.
    pub value: ExprId,
}

/// A parameter of a clause or lambda.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Param {
    /// What it must match.
    pub pat: PatId,
    /// Declared type.
    pub ty: Option<TypeId>,
    /// Default; sees the parameters before it. Functions and local functions only.
    pub default: Option<ExprId>,
}

/// A local variable. Shadowing makes a new one.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Local {
    /// Its name.
    pub name: Name,
    /// Declared with `var`.
    pub mutable: bool,
    /// The lambda (or clause list, `None`) it belongs to: a use from a deeper lambda is a capture.
    pub owner: Option<ExprId>,
    /// A use from a deeper lambda exists.
    pub captured: bool,
    /// Assigned somewhere after its declaration; also set for a local function that a lambda before its binding
    /// captures (local functions of a block may call each other), whose cell must exist from the start of the block.
    pub assigned: bool,
}

/// Literals. Floats are kept as bits so that equality is equality.
#[derive(Debug, PartialEq, Eq, Clone, Hash, Serialize, Deserialize)]
pub enum Literal {
    /// `42`.
    Int(i64),
    /// `3u8`: value and width.
    Sized(i128, IntWidth),
    /// `10n`, digits without underscores.
    BigInt(String),
    /// `2.5`, bits of the `f64`.
    Float(u64),
    /// `2.5f32`, bits of the `f32`.
    Float32(u32),
    /// `0.5d`, digits as written without underscores and suffix.
    Decimal(String),
    /// `'c'`.
    Char(char),
    /// `"text"`, escapes resolved.
    String(Name),
    /// `true`.
    Bool(bool),
    /// `()`.
    Unit,
    /// Constants only: a list of literals.
    List(Vec<Literal>),
}

/// Widths of suffixed integers.
#[derive(Debug, PartialEq, Eq, Clone, Copy, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum IntWidth {
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    U64,
}

/// Expressions.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Expr {
    /// Nothing usable; the parser or lowering has complained.
    Missing,
    /// A literal.
    Literal(Literal),
    /// `"a ${b}"`: strings as `Literal`.
    Interpolation(Vec<ExprId>),
    /// A local variable.
    Local(LocalId),
    /// A LOWER or UPPER name that is no local: function, value, mvar, constructor without arguments, module.
    Name(Name),
    /// `f(x)`, also `x |> f`.
    Call {
        /// What is called.
        callee: ExprId,
        /// `f[T](…)`.
        type_args: Vec<TypeId>,
        /// Arguments in source order.
        args: Vec<Arg>,
    },
    /// `Name(…)` and `M.Name(…)`: construction or update, or (for a name that is no constructor) an error.
    Construct {
        /// `Name` or dotted `M.Name`.
        path: Name,
        /// Arguments in source order.
        args: Vec<Arg>,
    },
    /// `x.m(…)`: method, module call or call of a field; decided by types.
    MethodCall {
        /// Receiver, or a chain of `Name`/`Field` that denotes a module.
        receiver: ExprId,
        /// Method name.
        name: Name,
        /// `x.m[T](…)`.
        type_args: Vec<TypeId>,
        /// Arguments in source order, without the receiver.
        args: Vec<Arg>,
    },
    /// `x.f`, `t.0`, `M.x`, `M.C`.
    Field {
        /// Base.
        base: ExprId,
        /// Field name or decimal index.
        name: Name,
    },
    /// `x[i]`.
    Index {
        /// Container.
        base: ExprId,
        /// Index.
        index: ExprId,
    },
    /// `-x`, `!x`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Operand.
        operand: ExprId,
    },
    /// Binary operators that are no control flow.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Left.
        left: ExprId,
        /// Right.
        right: ExprId,
    },
    /// `a && b`.
    And(ExprId, ExprId),
    /// `a || b`.
    Or(ExprId, ExprId),
    /// `(a, b)`.
    Tuple(Vec<ExprId>),
    /// `[a, b | tail]`; `a :: b` is a list with one item and a tail.
    List {
        /// Items.
        items: Vec<ExprId>,
        /// Tail.
        tail: Option<ExprId>,
    },
    /// `[a..b]` and `[a..=b]`, both inclusive.
    RangeList(ExprId, ExprId),
    /// `%{k: v}`.
    Map(Vec<(ExprId, ExprId)>),
    /// `#{a, b}`.
    Set(Vec<ExprId>),
    /// A lambda; local functions are bindings of lambdas.
    Lambda(Lambda),
    /// `{ … }`, `do … end`.
    Block {
        /// Statements.
        stmts: Vec<Stmt>,
        /// Value; `None`: `()`.
        tail: Option<ExprId>,
    },
    /// `if`.
    If {
        /// Condition.
        condition: ExprId,
        /// Then.
        then: ExprId,
        /// Else.
        otherwise: Option<ExprId>,
    },
    /// `match`.
    Match {
        /// Scrutinee.
        scrutinee: ExprId,
        /// Arms.
        arms: Vec<Arm>,
    },
    /// `try`.
    Try {
        /// Protected expression.
        body: ExprId,
        /// Catch arms.
        arms: Vec<Arm>,
        /// Finally.
        finally: Option<ExprId>,
    },
    /// `e?`.
    Propagate(ExprId),
    /// `while`.
    While {
        /// Condition.
        condition: ExprId,
        /// Body.
        body: ExprId,
    },
    /// `for i = from to until`, upper end excluded.
    For {
        /// The variable, fresh in every iteration.
        var: LocalId,
        /// First value.
        from: ExprId,
        /// End, excluded.
        until: ExprId,
        /// Body.
        body: ExprId,
    },
    /// `return e`.
    Return(Option<ExprId>),
    /// `break e`.
    Break(Option<ExprId>),
    /// `continue`.
    Continue,
    /// `spawn e`; a block or expression is evaluated in the new process, a lambda is called there.
    Spawn {
        /// Which form.
        kind: SpawnKind,
        /// The lambda without parameters that the process runs (lowering wraps blocks and expressions).
        body: ExprId,
    },
    /// `pid <- message`.
    Send {
        /// Receiver.
        pid: ExprId,
        /// Message.
        message: ExprId,
    },
    /// `receive`.
    Receive {
        /// Arms.
        arms: Vec<Arm>,
        /// `after ms -> e`.
        after: Option<(ExprId, ExprId)>,
    },
    /// `quote`; kept as text of its tokens, templates expand it.
    Quote(Name),
    /// `~e` outside a quote (a problem).
    Splice(ExprId),
    /// An assignment in expression position (match arm bodies, `then` branches).
    Assign(Box<Stmt>),
}

/// A lambda.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Lambda {
    /// Parameters.
    pub params: Vec<Param>,
    /// Declared result.
    pub result: Option<TypeId>,
    /// Body.
    pub body: ExprId,
    /// The local it is bound to, which its body may call.
    pub name: Option<LocalId>,
}

/// An argument.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Arg {
    /// `name: e`.
    pub name: Option<Name>,
    /// The expression.
    pub value: ExprId,
}

/// One arm of match, catch or receive.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Arm {
    /// Pattern.
    pub pat: PatId,
    /// Guard.
    pub guard: Option<ExprId>,
    /// Body.
    pub body: ExprId,
}

/// Statements of a block.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Stmt {
    /// A binding: new names on the left.
    Let {
        /// Left side.
        pat: PatId,
        /// Annotation.
        ty: Option<TypeId>,
        /// Right side; evaluated before the pattern binds.
        value: ExprId,
    },
    /// Assignment to a `var`.
    AssignLocal {
        /// Target.
        local: LocalId,
        /// Value.
        value: ExprId,
    },
    /// Assignment to an mvar of the own module.
    AssignMvar {
        /// Its name.
        name: Name,
        /// Value.
        value: ExprId,
    },
    /// `r.f = e`.
    AssignField {
        /// Record.
        base: ExprId,
        /// Field.
        name: Name,
        /// Value.
        value: ExprId,
    },
    /// `c[i] = e`; rebinds the variable at the root of `base` for persistent containers.
    AssignIndex {
        /// Container expression as written (a local, mvar, field or index chain).
        base: ExprId,
        /// Index.
        index: ExprId,
        /// Value.
        value: ExprId,
    },
    /// An expression whose value is dropped.
    Expr(ExprId),
}

/// Patterns.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Pat {
    /// Nothing usable.
    Missing,
    /// `_`.
    Wild,
    /// Binds a new local.
    Bind(LocalId),
    /// Equal to the value of a local bound before (`^x`, or a bare name that is bound).
    Equal(LocalId),
    /// Equal to a module value, constant or mvar (`^x`).
    EqualName(Name),
    /// Overwrites a `var`.
    Assign(LocalId),
    /// A literal, negative ones included.
    Literal(Literal),
    /// `a..b` (`inclusive: false`) and `a..=b`.
    Range {
        /// Lower end.
        from: i64,
        /// Upper end.
        to: i64,
        /// Whether `to` matches.
        inclusive: bool,
    },
    /// `(p, q)`.
    Tuple(Vec<PatId>),
    /// `[p, q | rest]`.
    List {
        /// Items.
        items: Vec<PatId>,
        /// Rest.
        rest: Option<PatId>,
    },
    /// `["pre" | rest]`: a string prefix or, on a list, a list pattern; decided by types, by the value if unknown.
    StringPrefix {
        /// All items, string literals.
        prefix: Vec<Name>,
        /// The same items as patterns, for the list reading.
        items: Vec<PatId>,
        /// Rest.
        rest: PatId,
    },
    /// `C`, `C(p)`, `C(f: p)`, `C{f, g: p}`.
    Constructor {
        /// Constructor name.
        name: Name,
        /// Fields.
        fields: PatFields,
    },
    /// `{x, y: p}`.
    Record(Vec<(Name, PatId)>),
    /// `%{"k": p}`; a key is a literal or a pinned local.
    Map(Vec<(PatId, PatId)>),
    /// `#{a, ^b}`.
    Set(Vec<PatId>),
    /// `p | q`; all alternatives bind the same locals.
    Or(Vec<PatId>),
}

/// Fields of a constructor pattern.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum PatFields {
    /// `C`.
    None,
    /// `C(p, q)`.
    Positional(Vec<PatId>),
    /// `C(f: p)`, `C{f, g: p}`; fields that are not named match anything.
    Named(Vec<(Name, PatId)>),
}

/// Prefix operators.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum UnaryOp {
    /// `-`.
    Neg,
    /// `!`, `not`.
    Not,
}

/// Binary operators.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Concat,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Forms of spawn.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum SpawnKind {
    /// `spawn`.
    Plain,
    /// `spawn_link`.
    Link,
    /// `spawn_monitor`.
    Monitor,
}

/// Where the nodes of a [`Body`] came from, relative to the start of their clause: a definition that moves keeps its map.
/// Never part of a compared body; `hir::place_range` turns it into positions.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BodySourceMap {
    /// Ranges by raw index of the expression.
    pub exprs: Vec<text_size::TextRange>,
    /// Ranges by raw index of the pattern.
    pub pats: Vec<text_size::TextRange>,
    /// Ranges by raw index of the type.
    pub types: Vec<text_size::TextRange>,
    /// The name in the head of the first clause.
    pub name: text_size::TextRange,
    /// The whole of each clause; all start at 0.
    pub clauses: Vec<text_size::TextRange>,
    /// For each clause the numbers of expressions, patterns and types of the clauses before it.
    pub starts: Vec<(usize, usize, usize)>,
}

impl BodySourceMap {
    /// Changes the ranges of the n-th clause.
    pub(crate) fn translate(&mut self, n: usize, f: impl Fn(text_size::TextRange) -> text_size::TextRange) {
        let Some(&(exprs, pats, types)) = self.starts.get(n) else { return };
        let all = (self.exprs.len(), self.pats.len(), self.types.len());
        let end = self.starts.get(n + 1).copied().unwrap_or(all);
        for range in &mut self.exprs[exprs..end.0] {
            *range = f(*range);
        }
        for range in &mut self.pats[pats..end.1] {
            *range = f(*range);
        }
        for range in &mut self.types[types..end.2] {
            *range = f(*range);
        }
    }
}

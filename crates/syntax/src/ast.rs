//! Typed view of the tree.
//!
//! Input: nodes of the rowan tree. Output: one struct for each kind of node, whose accessors return `Option` or
//! iterators, since any part may be missing in a broken file. Nothing is copied; all structs are handles.
//!
//! Invariant: where the grammar demands an expression, a pattern or a type and the text has none, the parser puts
//! an `ERROR_*` node (maybe empty) in its place, so that positional children such as condition, branch and
//! `else` branch never change places. Names are plain tokens of the node that owns them.
//!
//! # The shape of the tree
//!
//! Punctuation and trivia are left out; `name` is a token (`IDENT` or a soft keyword), `Name` is `UPPER_IDENT` or
//! `Self`, `id` is any of `IDENT UPPER_IDENT self Self`.
//!
//! ```text
//! SOURCE_FILE    = Item*
//! Item           = MODULE_DEF | USE_DECL | TYPE_DEF | TRAIT_DEF | IMPL_DEF | FN_DEF | TEMPLATE_DEF | MVAR_DEF
//!                | CONST_DEF | TOP_BINDING | TEST_DEF | EXTERN_TYPE | EXTERN_FN      (ERROR nodes may stand between)
//! MODULE_DEF     = 'pub'? 'module' Name Item* 'end'
//! USE_DECL       = 'use' PATH ( '.' '*' | '.' USE_LIST | ('as' id)? )
//!                  (third form: the last segment of PATH is the imported name)
//! PATH           = id ('.' id)*
//! USE_LIST       = '{' USE_ITEM* '}'          USE_ITEM = id ('as' id)?
//! TYPE_DEF       = DECORATOR* 'pub'? ('var'? 'type' | 'reactive') Name TYPE_PARAMS?
//!                  ('=' (FIELD_LIST | VARIANT_LIST | Type))?
//! FIELD_LIST     = '{' FIELD_DEF* '}'         FIELD_DEF = 'private'? name ':' Type
//! VARIANT_LIST   = VARIANT*                   VARIANT = Name (VARIANT_TYPES | FIELD_LIST)?
//! VARIANT_TYPES  = '(' Type* ')'
//! TYPE_PARAMS    = '[' TYPE_PARAM* ']'        TYPE_PARAM = id (':' BOUND_LIST)?      BOUND_LIST = Name ('+' Name)*
//! TRAIT_DEF      = 'pub'? 'trait' Name (':' SUPERTRAITS)? TRAIT_METHOD* 'end'        SUPERTRAITS = Name (',' Name)*
//! TRAIT_METHOD   = (name | operator) PARAM_LIST RET_TYPE? ('=' Expr)?
//! IMPL_DEF       = 'pub'? Type ':' Name ('when' IMPL_BOUND*)? FN_DEF* 'end'          IMPL_BOUND = id ':' BOUND_LIST
//! FN_DEF         = DECORATOR* 'pub'? name TYPE_PARAMS? PARAM_LIST GUARD? RET_TYPE? '=' Expr
//! TEMPLATE_DEF   = 'template' name TYPE_PARAMS? PARAM_LIST GUARD? RET_TYPE? '=' Expr
//! PARAM_LIST     = '(' PARAM* ')'             (no parentheses for `x => …`)
//! PARAM          = Pattern (':' Type)? ('=' Expr)?
//! GUARD          = 'when' Expr                RET_TYPE = '->' Type                   DECORATOR = '@' name ARG_LIST?
//! MVAR_DEF       = 'pub'? 'mvar' name ':' Type '=' Expr
//! CONST_DEF      = 'pub'? 'const' id '=' Expr
//! TOP_BINDING    = 'pub'? 'var'? Pattern (':' Type)? '=' Expr
//! TEST_DEF       = 'test' STRING '=' Expr
//! EXTERN_TYPE    = 'extern' 'type' Name       EXTERN_FN = 'extern' name PARAM_LIST RET_TYPE 'from' STRING
//!
//! NAMED_TYPE     = (name | Name ('.' Name)*) TYPE_ARGS?                              TYPE_ARGS = '[' Type* ']'
//! FN_TYPE        = (FN_TYPE_PARAMS | Type) '->' Type                                 FN_TYPE_PARAMS = '(' Type* ')'
//! UNIT_TYPE = '(' ')'    PAREN_TYPE = '(' Type ')'    TUPLE_TYPE = '(' Type* ')'    LIST_TYPE = '[' Type ']'
//! RECORD_TYPE    = '{' FIELD_DEF* '}'         ERROR_TYPE
//!
//! WILDCARD_PAT   NAME_PAT = name              PIN_PAT = '^' name                     UNIT_PAT = '(' ')'
//! LITERAL_PAT    = '-'? literal               RANGE_PAT = '-'? int ('..' | '..=') '-'? int
//! PAREN_PAT = '(' Pattern ')'    TUPLE_PAT = '(' Pattern* ')'    LIST_PAT = '[' Pattern* TAIL? ']'    TAIL = '|' Pattern
//! RECORD_PAT     = FIELD_PAT_LIST             FIELD_PAT_LIST = '{' (FIELD_PAT | REST_PAT)* '}'
//! CON_PAT        = Name (PAT_ARG_LIST | FIELD_PAT_LIST)?                             PAT_ARG_LIST = '(' (Pattern | FIELD_PAT)* ')'
//! FIELD_PAT      = name (':' Pattern)?        REST_PAT = '_'
//! MAP_PAT        = '%' '{' MAP_PAT_ENTRY* '}' MAP_PAT_ENTRY = (LITERAL_PAT | PIN_PAT) ':' Pattern
//! SET_PAT = '#{' Pattern* '}'                 OR_PAT = Pattern ('|' Pattern)+        ERROR_PAT
//!
//! NAME_EXPR = name       CON_EXPR = Name      WILDCARD_EXPR = '_'                    UNIT_EXPR = '(' ')'
//! LITERAL        = '-'? literal               (the sign only before a sized integer that touches it)
//! INTERP_STRING  = STRING_OPEN (STRING_TEXT | HOLE)* STRING_CLOSE                    HOLE = '${' Expr '}'
//! PAREN_EXPR = '(' Expr ')'    TUPLE_EXPR = '(' Expr* ')'    LIST_EXPR = '[' Expr* TAIL? ']'    TAIL = '|' Expr
//! RANGE_LIST     = '[' Expr ('..' | '..=') Expr ']'
//! MAP_EXPR = '%' '{' MAP_ENTRY* '}'           MAP_ENTRY = Expr ':' Expr              SET_EXPR = '#{' Expr* '}'
//! BLOCK_EXPR     = '{' Stmt* '}'              DO_EXPR = 'do' Stmt* 'end'
//! LAMBDA         = PARAM_LIST RET_TYPE? '=>' Expr
//! CALL_EXPR      = Expr TYPE_ARGS? ARG_LIST   (`x.m[T](a)` is a CALL_EXPR of a FIELD_EXPR, `t.0(a)` too)
//! METHOD_CALL    = Expr '.' id ARG_LIST       FIELD_EXPR = Expr '.' (id | INT)
//! CONSTRUCT_EXPR = (Expr '.')? Name ARG_LIST  (the Expr is a module path: FIELD_EXPR or CON_EXPR or NAME_EXPR)
//! INDEX_EXPR     = Expr '[' Expr* ']'         PROPAGATE_EXPR = Expr '?'
//! ARG_LIST       = '(' ARG* ')'               ARG = (name (':' | '='))? Expr
//! PREFIX_EXPR    = ('-' | '!' | 'not') Expr   SPLICE_EXPR = '~' Expr                 BIN_EXPR = Expr op Expr
//! IF_EXPR        = 'if' Expr 'then'? Expr ('else' Expr)?
//! MATCH_EXPR     = 'match' Expr ARM_LIST      RECEIVE_EXPR = 'receive' ARM_LIST
//! ARM_LIST       = '{' MATCH_ARM* AFTER_ARM? '}'
//! MATCH_ARM      = Pattern GUARD? '->' Stmt   AFTER_ARM = 'after' Expr '->' Expr
//! TRY_EXPR       = 'try' Expr CATCH_CLAUSE? FINALLY_CLAUSE?
//! CATCH_CLAUSE   = 'catch' ARM_LIST           FINALLY_CLAUSE = 'finally' Expr
//! WHILE_EXPR     = 'while' Expr Expr          FOR_EXPR = 'for' name '=' Expr 'to' Expr Expr
//! RETURN_EXPR    = 'return' Expr?             BREAK_EXPR = 'break' Expr?             CONTINUE_EXPR
//! SPAWN_EXPR     = ('spawn' | 'spawn_link' | 'spawn_monitor') (PAREN_EXPR | UNIT_EXPR | BLOCK_EXPR)
//! QUOTE_EXPR     = 'quote' (PAREN_EXPR | UNIT_EXPR | BLOCK_EXPR)
//! ERROR_EXPR     = anything, often nothing
//!
//! Stmt           = LET_STMT | BIND_STMT | Expr
//! LET_STMT       = 'var'? Pattern (':' Type)? '=' Expr      (`var p = e`, `var p: T = e`, `p: T = e`; in `do` also `p = e`)
//! BIND_STMT      = Expr RET_TYPE? '=' Expr ELSE_PART*       (`x = e`, `a.b = e`, `f(x) = e`, `if c then x = e else …`)
//! ELSE_PART      = 'else' Expr ('=' Expr)?
//! ```
//!
//! The left side of a `BIND_STMT` is an expression; [`Expr::bind_target`] says what it stands for.

pub use crate::support::AstChildren;

use crate::{
    SyntaxKind, SyntaxNode,
    literal::{self, LiteralValue},
    support::{self, child_after, token_where, tokens_where},
    tree::{Leaf, Tree},
};
use SyntaxKind::{
    AND_AND, BANG, DOT_DOT, DOT_DOT_EQ, EQ, EQ_EQ, GREATER, GREATER_EQ, INT, LEFT_ARROW, LESS, LESS_EQ, MINUS, NOT_EQ,
    NOT_KW, OR_OR, PERCENT, PIPE_GREATER, PLUS, PLUS_PLUS, PUB_KW, SLASH, SQ_STRING, STAR, STAR_STAR, STRING,
};
use rowan::NodeOrToken;

/// A typed handle of a node; `N` is the untyped one.
pub trait AstNode<N = SyntaxNode>: Sized {
    /// Whether a node of this kind is one of these.
    fn can_cast(kind: SyntaxKind) -> bool;

    /// `None`: the node is something else.
    fn cast(node: N) -> Option<Self>;

    /// The untyped handle.
    fn syntax(&self) -> &N;
}

macro_rules! nodes {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name<N = SyntaxNode>(N);

        impl<N: Tree> AstNode<N> for $name<N> {
            fn can_cast(kind: SyntaxKind) -> bool {
                kind == SyntaxKind::$kind
            }

            fn cast(node: N) -> Option<Self> {
                (node.kind() == SyntaxKind::$kind).then_some(Self(node))
            }

            fn syntax(&self) -> &N {
                &self.0
            }
        }
    )*

    /// The typed view with handles that borrow the tree.
    pub mod borrowed {
        pub use super::{AstNode, BinOp, PrefixOp, SpawnKind};
        pub use super::borrowed_unions::*;

        pub type BindTarget<'t> = super::BindTarget<crate::Node<'t>>;
        pub type InterpPart<'t> = super::InterpPart<crate::Node<'t>>;
        $(pub type $name<'t> = super::$name<crate::Node<'t>>;)*
    }
    };
}

macro_rules! unions {
    ($($(#[$doc:meta])* enum $name:ident { $($variant:ident($node:ident) = $kind:ident,)* $(; $nested:ident)? })*) => {
        mod borrowed_unions {
            $(pub type $name<'t> = super::$name<crate::Node<'t>>;)*
        }

        $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name<N = SyntaxNode> {
            $($variant($node<N>),)*
            $(#[doc = "Anything of the nested class."] $nested($nested<N>),)?
        }

        impl<N: Tree> AstNode<N> for $name<N> {
            fn can_cast(kind: SyntaxKind) -> bool {
                matches!(kind, $(SyntaxKind::$kind)|*) $(|| <$nested>::can_cast(kind))?
            }

            fn cast(node: N) -> Option<Self> {
                match node.kind() {
                    $(SyntaxKind::$kind => Some($name::$variant($node(node))),)*
                    _ => unions!(@nested $name node $($nested)?),
                }
            }

            fn syntax(&self) -> &N {
                match self {
                    $($name::$variant(node) => node.syntax(),)*
                    $($name::$nested(node) => node.syntax(),)?
                }
            }
        }

        $(impl<N> From<$node<N>> for $name<N> {
            fn from(node: $node<N>) -> Self {
                $name::$variant(node)
            }
        })*
    )*};
    (@nested $name:ident $node:ident) => { None };
    (@nested $name:ident $node:ident $nested:ident) => { $nested::cast($node).map($name::$nested) };
}

nodes! {
    /// A whole file.
    File = SOURCE_FILE;
    ModuleDef = MODULE_DEF;
    UseDecl = USE_DECL;
    /// `lib.geo.area`
    Path = PATH;
    UseList = USE_LIST;
    UseItem = USE_ITEM;
    TypeDef = TYPE_DEF;
    FieldList = FIELD_LIST;
    FieldDef = FIELD_DEF;
    VariantList = VARIANT_LIST;
    Variant = VARIANT;
    VariantTypes = VARIANT_TYPES;
    TypeParams = TYPE_PARAMS;
    TypeParam = TYPE_PARAM;
    BoundList = BOUND_LIST;
    TraitDef = TRAIT_DEF;
    Supertraits = SUPERTRAITS;
    TraitMethod = TRAIT_METHOD;
    ImplDef = IMPL_DEF;
    ImplBound = IMPL_BOUND;
    FnDef = FN_DEF;
    TemplateDef = TEMPLATE_DEF;
    ParamList = PARAM_LIST;
    Param = PARAM;
    Guard = GUARD;
    RetType = RET_TYPE;
    Decorator = DECORATOR;
    MvarDef = MVAR_DEF;
    ConstDef = CONST_DEF;
    TopBinding = TOP_BINDING;
    TestDef = TEST_DEF;
    ExternType = EXTERN_TYPE;
    ExternFn = EXTERN_FN;

    NamedType = NAMED_TYPE;
    TypeArgs = TYPE_ARGS;
    FnType = FN_TYPE;
    FnTypeParams = FN_TYPE_PARAMS;
    UnitType = UNIT_TYPE;
    ParenType = PAREN_TYPE;
    TupleType = TUPLE_TYPE;
    ListType = LIST_TYPE;
    RecordType = RECORD_TYPE;
    ErrorType = ERROR_TYPE;

    WildcardPat = WILDCARD_PAT;
    LiteralPat = LITERAL_PAT;
    RangePat = RANGE_PAT;
    UnitPat = UNIT_PAT;
    ParenPat = PAREN_PAT;
    TuplePat = TUPLE_PAT;
    ListPat = LIST_PAT;
    RecordPat = RECORD_PAT;
    FieldPatList = FIELD_PAT_LIST;
    FieldPat = FIELD_PAT;
    RestPat = REST_PAT;
    ConPat = CON_PAT;
    PatArgList = PAT_ARG_LIST;
    MapPat = MAP_PAT;
    MapPatEntry = MAP_PAT_ENTRY;
    SetPat = SET_PAT;
    PinPat = PIN_PAT;
    NamePat = NAME_PAT;
    OrPat = OR_PAT;
    ErrorPat = ERROR_PAT;

    /// A lower-case name.
    NameExpr = NAME_EXPR;
    /// An upper-case name without arguments.
    ConExpr = CON_EXPR;
    WildcardExpr = WILDCARD_EXPR;
    Literal = LITERAL;
    InterpString = INTERP_STRING;
    Hole = HOLE;
    UnitExpr = UNIT_EXPR;
    ParenExpr = PAREN_EXPR;
    TupleExpr = TUPLE_EXPR;
    ListExpr = LIST_EXPR;
    /// `| rest` in a list or a list pattern.
    Tail = TAIL;
    RangeList = RANGE_LIST;
    MapExpr = MAP_EXPR;
    MapEntry = MAP_ENTRY;
    SetExpr = SET_EXPR;
    BlockExpr = BLOCK_EXPR;
    Lambda = LAMBDA;
    CallExpr = CALL_EXPR;
    MethodCall = METHOD_CALL;
    FieldExpr = FIELD_EXPR;
    ConstructExpr = CONSTRUCT_EXPR;
    IndexExpr = INDEX_EXPR;
    PropagateExpr = PROPAGATE_EXPR;
    ArgList = ARG_LIST;
    Arg = ARG;
    PrefixExpr = PREFIX_EXPR;
    SpliceExpr = SPLICE_EXPR;
    BinExpr = BIN_EXPR;
    IfExpr = IF_EXPR;
    MatchExpr = MATCH_EXPR;
    ArmList = ARM_LIST;
    MatchArm = MATCH_ARM;
    AfterArm = AFTER_ARM;
    TryExpr = TRY_EXPR;
    CatchClause = CATCH_CLAUSE;
    FinallyClause = FINALLY_CLAUSE;
    DoExpr = DO_EXPR;
    ReceiveExpr = RECEIVE_EXPR;
    WhileExpr = WHILE_EXPR;
    ForExpr = FOR_EXPR;
    ReturnExpr = RETURN_EXPR;
    BreakExpr = BREAK_EXPR;
    ContinueExpr = CONTINUE_EXPR;
    SpawnExpr = SPAWN_EXPR;
    QuoteExpr = QUOTE_EXPR;
    ErrorExpr = ERROR_EXPR;

    /// `var p = e`, `var p: T = e`, `p: T = e`.
    LetStmt = LET_STMT;
    /// `e = e`, whose left side [`Expr::bind_target`] explains.
    BindStmt = BIND_STMT;
    ElsePart = ELSE_PART;
}

unions! {
    /// What may stand at the top of a file or of an inline module.
    enum Item {
        Module(ModuleDef) = MODULE_DEF,
        Use(UseDecl) = USE_DECL,
        Type(TypeDef) = TYPE_DEF,
        Trait(TraitDef) = TRAIT_DEF,
        Impl(ImplDef) = IMPL_DEF,
        Fn(FnDef) = FN_DEF,
        Template(TemplateDef) = TEMPLATE_DEF,
        Mvar(MvarDef) = MVAR_DEF,
        Const(ConstDef) = CONST_DEF,
        Binding(TopBinding) = TOP_BINDING,
        Test(TestDef) = TEST_DEF,
        ExternType(ExternType) = EXTERN_TYPE,
        ExternFn(ExternFn) = EXTERN_FN,
    }

    /// Right side of a type declaration.
    enum TypeBody {
        Record(FieldList) = FIELD_LIST,
        Variants(VariantList) = VARIANT_LIST,
        ; Type
    }

    /// A type expression.
    enum Type {
        Named(NamedType) = NAMED_TYPE,
        Fn(FnType) = FN_TYPE,
        Unit(UnitType) = UNIT_TYPE,
        Paren(ParenType) = PAREN_TYPE,
        Tuple(TupleType) = TUPLE_TYPE,
        List(ListType) = LIST_TYPE,
        Record(RecordType) = RECORD_TYPE,
        Error(ErrorType) = ERROR_TYPE,
    }

    /// A pattern.
    enum Pattern {
        Wildcard(WildcardPat) = WILDCARD_PAT,
        Literal(LiteralPat) = LITERAL_PAT,
        Range(RangePat) = RANGE_PAT,
        Unit(UnitPat) = UNIT_PAT,
        Paren(ParenPat) = PAREN_PAT,
        Tuple(TuplePat) = TUPLE_PAT,
        List(ListPat) = LIST_PAT,
        Record(RecordPat) = RECORD_PAT,
        Con(ConPat) = CON_PAT,
        Map(MapPat) = MAP_PAT,
        Set(SetPat) = SET_PAT,
        Pin(PinPat) = PIN_PAT,
        Name(NamePat) = NAME_PAT,
        Or(OrPat) = OR_PAT,
        Error(ErrorPat) = ERROR_PAT,
    }

    /// An expression.
    enum Expr {
        Name(NameExpr) = NAME_EXPR,
        Con(ConExpr) = CON_EXPR,
        Wildcard(WildcardExpr) = WILDCARD_EXPR,
        Literal(Literal) = LITERAL,
        InterpString(InterpString) = INTERP_STRING,
        Unit(UnitExpr) = UNIT_EXPR,
        Paren(ParenExpr) = PAREN_EXPR,
        Tuple(TupleExpr) = TUPLE_EXPR,
        List(ListExpr) = LIST_EXPR,
        RangeList(RangeList) = RANGE_LIST,
        Map(MapExpr) = MAP_EXPR,
        Set(SetExpr) = SET_EXPR,
        Block(BlockExpr) = BLOCK_EXPR,
        Lambda(Lambda) = LAMBDA,
        Call(CallExpr) = CALL_EXPR,
        MethodCall(MethodCall) = METHOD_CALL,
        Field(FieldExpr) = FIELD_EXPR,
        Construct(ConstructExpr) = CONSTRUCT_EXPR,
        Index(IndexExpr) = INDEX_EXPR,
        Propagate(PropagateExpr) = PROPAGATE_EXPR,
        Prefix(PrefixExpr) = PREFIX_EXPR,
        Splice(SpliceExpr) = SPLICE_EXPR,
        Bin(BinExpr) = BIN_EXPR,
        If(IfExpr) = IF_EXPR,
        Match(MatchExpr) = MATCH_EXPR,
        Try(TryExpr) = TRY_EXPR,
        Do(DoExpr) = DO_EXPR,
        Receive(ReceiveExpr) = RECEIVE_EXPR,
        While(WhileExpr) = WHILE_EXPR,
        For(ForExpr) = FOR_EXPR,
        Return(ReturnExpr) = RETURN_EXPR,
        Break(BreakExpr) = BREAK_EXPR,
        Continue(ContinueExpr) = CONTINUE_EXPR,
        Spawn(SpawnExpr) = SPAWN_EXPR,
        Quote(QuoteExpr) = QUOTE_EXPR,
        Error(ErrorExpr) = ERROR_EXPR,
    }

    /// A statement of a block, or the body of a match arm.
    enum Stmt {
        Let(LetStmt) = LET_STMT,
        Bind(BindStmt) = BIND_STMT,
        ; Expr
    }
}

fn nth_child<N: Tree, C: AstNode<N>>(node: &N, n: usize) -> Option<C> {
    support::children(node).nth(n)
}

fn has<N: Tree>(node: &N, kind: SyntaxKind) -> bool {
    node.has(kind)
}

fn is_string(kind: SyntaxKind) -> bool {
    matches!(kind, STRING | SQ_STRING)
}

fn is_literal_token(kind: SyntaxKind) -> bool {
    (SyntaxKind::INT..=SyntaxKind::CHAR).contains(&kind) || matches!(kind, SyntaxKind::TRUE_KW | SyntaxKind::FALSE_KW)
}

/// Accessors that many nodes share.
macro_rules! shared {
    (@one name $name:ident) => { impl<N: Tree> $name<N> {
        /// The lower-case name.
        #[must_use]
        pub fn name(&self) -> Option<N::Leaf> { token_where(&self.0, SyntaxKind::is_name) }
    } };
    (@one type_name $name:ident) => { impl<N: Tree> $name<N> {
        /// The upper-case name.
        #[must_use]
        pub fn name(&self) -> Option<N::Leaf> { token_where(&self.0, SyntaxKind::is_type_name) }
    } };
    (@one id $name:ident) => { impl<N: Tree> $name<N> {
        /// The name, in either case.
        #[must_use]
        pub fn name(&self) -> Option<N::Leaf> { token_where(&self.0, SyntaxKind::is_id) }
    } };
    (@one is_pub $name:ident) => { impl<N: Tree> $name<N> {
        /// `true` after `pub`.
        #[must_use]
        pub fn is_pub(&self) -> bool { has(&self.0, PUB_KW) }
    } };
    (@one decorators $name:ident) => { impl<N: Tree> $name<N> {
        /// Decorators, outermost first.
        pub fn decorators(&self) -> AstChildren<N, Decorator<N>> { support::children(&self.0) }
    } };
    (@one type_params $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn type_params(&self) -> Option<TypeParams<N>> { support::child(&self.0) }
    } };
    (@one params $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn param_list(&self) -> Option<ParamList<N>> { support::child(&self.0) }
    } };
    (@one guard $name:ident) => { impl<N: Tree> $name<N> {
        /// The `when` part.
        #[must_use]
        pub fn guard(&self) -> Option<Guard<N>> { support::child(&self.0) }
    } };
    (@one ret_type $name:ident) => { impl<N: Tree> $name<N> {
        /// The `-> Type` part.
        #[must_use]
        pub fn ret_type(&self) -> Option<RetType<N>> { support::child(&self.0) }
    } };
    (@one body $name:ident) => { impl<N: Tree> $name<N> {
        /// What stands after `=`.
        #[must_use]
        pub fn body(&self) -> Option<Expr<N>> { child_after(&self.0, EQ) }
    } };
    (@one ty $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn ty(&self) -> Option<Type<N>> { support::child(&self.0) }
    } };
    (@one types $name:ident) => { impl<N: Tree> $name<N> {
        pub fn types(&self) -> AstChildren<N, Type<N>> { support::children(&self.0) }
    } };
    (@one pattern $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn pattern(&self) -> Option<Pattern<N>> { support::child(&self.0) }
    } };
    (@one patterns $name:ident) => { impl<N: Tree> $name<N> {
        pub fn patterns(&self) -> AstChildren<N, Pattern<N>> { support::children(&self.0) }
    } };
    (@one expr $name:ident) => { impl<N: Tree> $name<N> {
        /// The expression inside; the first one if there are several.
        #[must_use]
        pub fn expr(&self) -> Option<Expr<N>> { support::child(&self.0) }
    } };
    (@one exprs $name:ident) => { impl<N: Tree> $name<N> {
        pub fn exprs(&self) -> AstChildren<N, Expr<N>> { support::children(&self.0) }
    } };
    (@one arg_list $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn arg_list(&self) -> Option<ArgList<N>> { support::child(&self.0) }

        /// The arguments in source order.
        pub fn args(&self) -> impl Iterator<Item = Arg<N>> + use<N> {
            self.arg_list().into_iter().flat_map(|list| list.args())
        }
    } };
    (@one arm_list $name:ident) => { impl<N: Tree> $name<N> {
        #[must_use]
        pub fn arm_list(&self) -> Option<ArmList<N>> { support::child(&self.0) }

        pub fn arms(&self) -> impl Iterator<Item = MatchArm<N>> + use<N> {
            self.arm_list().into_iter().flat_map(|list| list.arms())
        }
    } };
    ($($name:ident: $($what:ident)*;)*) => { $($(shared!(@one $what $name);)*)* };
}

shared! {
    ModuleDef: type_name is_pub;
    TypeDef: type_name is_pub decorators type_params;
    FieldDef: name ty;
    Variant: type_name;
    VariantTypes: types;
    TypeParam: id;
    TraitDef: type_name is_pub;
    TraitMethod: params ret_type body;
    ImplDef: is_pub;
    ImplBound: id;
    FnDef: name is_pub decorators type_params params guard ret_type body;
    TemplateDef: name type_params params guard ret_type body;
    Param: pattern ty;
    Guard: expr;
    RetType: ty;
    Decorator: name arg_list;
    MvarDef: name is_pub ty body;
    ConstDef: id is_pub body;
    TopBinding: is_pub pattern ty body;
    TestDef: body;
    ExternType: type_name;
    ExternFn: name params ret_type;
    TypeArgs: types;
    FnTypeParams: types;
    ParenType: ty;
    TupleType: types;
    ListType: ty;
    ParenPat: pattern;
    TuplePat: patterns;
    ListPat: patterns;
    FieldPat: name pattern;
    ConPat: type_name;
    MapPatEntry: ;
    SetPat: patterns;
    PinPat: name;
    NamePat: name;
    OrPat: patterns;
    NameExpr: name;
    ConExpr: type_name;
    Hole: expr;
    ParenExpr: expr;
    TupleExpr: exprs;
    ListExpr: exprs;
    SetExpr: exprs;
    Lambda: params ret_type;
    CallExpr: arg_list;
    MethodCall: arg_list;
    ConstructExpr: arg_list;
    PropagateExpr: expr;
    Arg: name expr;
    PrefixExpr: expr;
    SpliceExpr: expr;
    MatchExpr: arm_list;
    CatchClause: arm_list;
    ReceiveExpr: arm_list;
    MatchArm: pattern guard;
    FinallyClause: expr;
    ForExpr: name;
    ReturnExpr: expr;
    BreakExpr: expr;
    SpawnExpr: expr;
    QuoteExpr: expr;
    LetStmt: pattern ty;
    BindStmt: ret_type;
}

/// Accessors of single nodes, one a line: `[T]` is the first child of that class, `[T at n]` the n-th, `[T after TOKEN]`
/// the first behind a token, `[all T]` all of them; `[token f]` and `[tokens f]` are direct tokens of the kinds for which
/// `f` holds; `[has TOKEN]` tells whether there is one.
macro_rules! accessors {
    ($($node:ident { $($(#[$doc:meta])* $name:ident = $how:tt;)* })*) => {
        $(impl<N: Tree> $node<N> { $(accessors!(@one $(#[$doc])* $name $how);)* })*
    };
    (@one $(#[$doc:meta])* $name:ident [has $token:ident]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> bool { has(&self.0, SyntaxKind::$token) }
    };
    (@one $(#[$doc:meta])* $name:ident [all $child:ident]) => {
        $(#[$doc])*
        pub fn $name(&self) -> AstChildren<N, $child<N>> { support::children(&self.0) }
    };
    (@one $(#[$doc:meta])* $name:ident [token $wanted:path]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<N::Leaf> { token_where(&self.0, $wanted) }
    };
    (@one $(#[$doc:meta])* $name:ident [tokens $wanted:path]) => {
        $(#[$doc])*
        pub fn $name(&self) -> impl Iterator<Item = N::Leaf> + use<N> { tokens_where(&self.0, $wanted) }
    };
    (@one $(#[$doc:meta])* $name:ident [$child:ident at $n:literal]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<$child<N>> { nth_child(&self.0, $n) }
    };
    (@one $(#[$doc:meta])* $name:ident [$child:ident after $token:ident]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<$child<N>> { child_after(&self.0, SyntaxKind::$token) }
    };
    (@one $(#[$doc:meta])* $name:ident [$child:ident]) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<$child<N>> { support::child(&self.0) }
    };
}

accessors! {
    File {
        items = [all Item];
    }
    ModuleDef {
        items = [all Item];
    }
    UseDecl {
        /// The module, and with neither `*` nor braces also the imported name as last segment.
        path = [Path];
        /// `use m.*`
        is_glob = [has STAR];
        /// `use m.{…}`
        list = [UseList];
    }
    Path {
        segments = [tokens SyntaxKind::is_id];
    }
    UseList {
        items = [all UseItem];
    }
    TypeDef {
        /// `var type`: fields may be assigned.
        is_var = [has VAR_KW];
        is_reactive = [has REACTIVE_KW];
        /// `None`: no body, an uninhabited type.
        body = [TypeBody after EQ];
    }
    FieldList {
        fields = [all FieldDef];
    }
    RecordType {
        fields = [all FieldDef];
    }
    FieldDef {
        is_private = [has PRIVATE_KW];
    }
    VariantList {
        variants = [all Variant];
    }
    Variant {
        /// `B(Int)`
        types = [VariantTypes];
        /// `C{ n: Int }`
        fields = [FieldList];
    }
    TypeParams {
        params = [all TypeParam];
    }
    BoundList {
        names = [tokens SyntaxKind::is_type_name];
    }
    TraitDef {
        methods = [all TraitMethod];
    }
    ImplDef {
        /// The type that gets the trait.
        self_type = [Type];
        trait_name = [token SyntaxKind::is_type_name];
        bounds = [all ImplBound];
        methods = [all FnDef];
    }
    ParamList {
        params = [all Param];
    }
    Param {
        /// The default value.
        default = [Expr];
    }
    TopBinding {
        is_var = [has VAR_KW];
    }
    TestDef {
        /// The string token that names the test.
        name = [token is_string];
    }
    ExternFn {
        /// The string token after `from`.
        library = [token is_string];
    }
    NamedType {
        type_args = [TypeArgs];
    }
    FnType {
        ret = [Type after ARROW];
    }
    LiteralPat {
        is_negative = [has MINUS];
        /// The token without the sign.
        token = [token is_literal_token];
    }
    RangePat {
        /// `..=`
        is_inclusive = [has DOT_DOT_EQ];
    }
    Tail {
        expr = [Expr];
        pattern = [Pattern];
    }
    RecordPat {
        field_list = [FieldPatList];
    }
    FieldPatList {
        /// The fields; `pattern()` is `None` for the shorthand `{x}`.
        fields = [all FieldPat];
    }
    ConPat {
        /// `Some(x)`, `Ok(value: v)`
        arg_list = [PatArgList];
        /// `Box{w, h: k, _}`
        field_list = [FieldPatList];
    }
    PatArgList {
        /// Positional arguments.
        patterns = [all Pattern];
        /// Named arguments.
        fields = [all FieldPat];
    }
    MapPat {
        entries = [all MapPatEntry];
    }
    MapPatEntry {
        /// A [`LiteralPat`] or a [`PinPat`].
        key = [Pattern at 0];
        value = [Pattern at 1];
    }
    Literal {
        /// `-128i8`: the sign belongs to the literal.
        is_negative = [has MINUS];
        /// The token without the sign.
        token = [token is_literal_token];
    }
    RangeList {
        start = [Expr at 0];
        end = [Expr at 1];
    }
    MapExpr {
        entries = [all MapEntry];
    }
    MapEntry {
        key = [Expr at 0];
        value = [Expr at 1];
    }
    BlockExpr {
        statements = [all Stmt];
    }
    DoExpr {
        statements = [all Stmt];
    }
    Lambda {
        body = [Expr];
    }
    CallExpr {
        callee = [Expr];
        /// `[Int]` of `f[Int](x)`. Also there for `fs[i](x)` with a name `i`, see the module documentation.
        type_args = [TypeArgs];
    }
    MethodCall {
        receiver = [Expr];
        /// The method name, in either case.
        name = [token SyntaxKind::is_id];
    }
    FieldExpr {
        receiver = [Expr];
        /// A name in either case; `None` for a tuple component.
        name = [token SyntaxKind::is_id];
    }
    ConstructExpr {
        /// The module path before the dot in `Geo.Pt(1, 2)`.
        base = [Expr];
        /// The constructor.
        name = [token SyntaxKind::is_type_name];
    }
    IndexExpr {
        base = [Expr];
    }
    ArgList {
        args = [all Arg];
    }
    Arg {
        /// `true` for `name = e`, the unusual spelling of `name: e`; in the head of a local function a default value.
        has_eq = [has EQ];
        /// `true` for `name: e`; in the head of a local function `e` is a type if it looks like one.
        has_colon = [has COLON];
    }
    BinExpr {
        lhs = [Expr at 0];
        rhs = [Expr at 1];
    }
    IfExpr {
        condition = [Expr at 0];
        then_branch = [Expr at 1];
        else_branch = [Expr at 2];
    }
    MatchExpr {
        scrutinee = [Expr];
    }
    ArmList {
        arms = [all MatchArm];
        /// `after ms -> e`, in `receive` only.
        after = [AfterArm];
    }
    MatchArm {
        body = [Stmt];
    }
    AfterArm {
        timeout = [Expr at 0];
        body = [Expr at 1];
    }
    TryExpr {
        body = [Expr];
        catch = [CatchClause];
        finally = [FinallyClause];
    }
    WhileExpr {
        condition = [Expr at 0];
        body = [Expr at 1];
    }
    ForExpr {
        start = [Expr at 0];
        /// The upper bound, excluded.
        end = [Expr at 1];
        body = [Expr at 2];
    }
    LetStmt {
        /// `var …`
        is_var = [has VAR_KW];
        value = [Expr];
    }
    BindStmt {
        /// The left side; [`Expr::bind_target`] says what it means.
        target = [Expr at 0];
        value = [Expr after EQ];
        /// `else …` after a conditional assignment.
        else_parts = [all ElsePart];
    }
    ElsePart {
        /// The expression after `else`; the target of an assignment if there is a value.
        expr = [Expr at 0];
        /// What stands after `=`.
        value = [Expr after EQ];
    }
}

impl<N: Tree> UseDecl<N> {
    /// The new name in `use a.b as c`; the word `as` is the first name token beside the path.
    #[must_use]
    pub fn alias(&self) -> Option<N::Leaf> {
        tokens_where(&self.0, SyntaxKind::is_id).nth(1)
    }
}

impl<N: Tree> UseItem<N> {
    /// The imported name.
    #[must_use]
    pub fn name(&self) -> Option<N::Leaf> {
        tokens_where(&self.0, SyntaxKind::is_id).next()
    }

    /// The new name after `as`.
    #[must_use]
    pub fn alias(&self) -> Option<N::Leaf> {
        tokens_where(&self.0, SyntaxKind::is_id).nth(2)
    }
}

impl<N: Tree> TypeParam<N> {
    pub fn bounds(&self) -> impl Iterator<Item = N::Leaf> + use<N> {
        support::child::<N, BoundList<N>>(&self.0).into_iter().flat_map(|list| list.names())
    }
}

impl<N: Tree> TraitDef<N> {
    pub fn supertraits(&self) -> impl Iterator<Item = N::Leaf> + use<N> {
        support::child::<N, Supertraits<N>>(&self.0)
            .into_iter()
            .flat_map(|list| tokens_where(&list.0, SyntaxKind::is_type_name))
    }
}

impl<N: Tree> TraitMethod<N> {
    /// A name or an operator.
    #[must_use]
    pub fn name(&self) -> Option<N::Leaf> {
        self.0
            .elements(|kind| !kind.is_trivia())
            .take_while(|element| !matches!(element, NodeOrToken::Node(node) if node.kind() == SyntaxKind::PARAM_LIST))
            .find_map(NodeOrToken::into_token)
    }
}

impl<N: Tree> ImplBound<N> {
    pub fn bounds(&self) -> impl Iterator<Item = N::Leaf> + use<N> {
        support::child::<N, BoundList<N>>(&self.0).into_iter().flat_map(|list| list.names())
    }
}

impl<N: Tree> NamedType<N> {
    /// One name, or the segments of a path; the last is the type.
    pub fn segments(&self) -> impl Iterator<Item = N::Leaf> + use<N> {
        tokens_where(&self.0, |kind| kind.is_type_name() || kind.is_name())
    }
}

impl<N: Tree> FnType<N> {
    /// The parameters: those of the parenthesised list, or the one type before the arrow.
    pub fn params(&self) -> impl Iterator<Item = Type<N>> + use<N> {
        let list = support::child::<N, FnTypeParams<N>>(&self.0);
        let single = if list.is_none() { support::child::<N, Type<N>>(&self.0) } else { None };
        list.into_iter().flat_map(|list| list.types()).chain(single)
    }
}

impl<N: Tree> LiteralPat<N> {
    /// The value with the sign applied.
    #[must_use]
    pub fn value(&self) -> Option<LiteralValue> {
        literal_value(&self.token()?, self.is_negative())
    }
}

impl<N: Tree> RangePat<N> {
    fn bound(&self, last: bool) -> Option<i64> {
        let mut negative = false;
        let mut after_dots = false;
        for token in tokens_where(&self.0, |kind| !kind.is_trivia()) {
            match token.kind() {
                MINUS => negative = true,
                DOT_DOT | DOT_DOT_EQ => (negative, after_dots) = (false, true),
                kind if is_literal_token(kind) && after_dots == last => {
                    return literal::int_value(token.text()).map(|value| if negative { -value } else { value });
                }
                _ => {}
            }
        }
        None
    }

    #[must_use]
    pub fn start(&self) -> Option<i64> {
        self.bound(false)
    }

    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.bound(true)
    }
}

impl<N: Tree> ListPat<N> {
    /// The pattern after `|`.
    #[must_use]
    pub fn tail(&self) -> Option<Pattern<N>> {
        support::child::<N, Tail<N>>(&self.0)?.pattern()
    }
}

impl<N: Tree> FieldPatList<N> {
    /// `_`: other fields are ignored.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        support::child::<N, RestPat<N>>(&self.0).is_some()
    }
}

/// Value of a literal token; `negative` applies the sign of the pattern or of the fused literal.
fn literal_value(token: &impl Leaf, negative: bool) -> Option<LiteralValue> {
    let text = token.text();
    Some(match token.kind() {
        SyntaxKind::INT | SyntaxKind::HEX_INT | SyntaxKind::BIN_INT => {
            let value = literal::int_value(text)?;
            LiteralValue::Int(if negative { -value } else { value })
        }
        SyntaxKind::TYPED_INT => {
            let (suffix, magnitude) = literal::typed_int_value(text)?;
            let value = if negative { -magnitude } else { magnitude };
            let (min, max) = suffix.range();
            if value < min || max < value {
                return None;
            }
            LiteralValue::TypedInt(suffix, value)
        }
        SyntaxKind::BIG_INT => LiteralValue::BigInt(literal::big_int_digits(text)),
        SyntaxKind::FLOAT => LiteralValue::Float(literal::float_value(text)?),
        SyntaxKind::FLOAT32 => LiteralValue::Float32(literal::float32_value(text)?),
        SyntaxKind::DECIMAL => LiteralValue::Decimal(literal::decimal_digits(text)),
        SyntaxKind::STRING | SyntaxKind::SQ_STRING => LiteralValue::String(literal::string_value(text)),
        SyntaxKind::CHAR => LiteralValue::Char(literal::char_value(text)?),
        SyntaxKind::TRUE_KW => LiteralValue::Bool(true),
        SyntaxKind::FALSE_KW => LiteralValue::Bool(false),
        _ => return None,
    })
}

impl<N: Tree> Literal<N> {
    /// `None`: out of range or damaged, reported by the parser.
    #[must_use]
    pub fn value(&self) -> Option<LiteralValue> {
        literal_value(&self.token()?, self.is_negative())
    }
}

/// A piece of a string with holes.
#[derive(Debug, Clone)]
pub enum InterpPart<N: Tree = SyntaxNode> {
    /// Literal text; [`literal::unescape`] expands its escapes.
    Text(N::Leaf),
    /// `${…}`
    Hole(Hole<N>),
}

impl<N: Tree> InterpString<N> {
    pub fn parts(&self) -> impl Iterator<Item = InterpPart<N>> + use<N> {
        let part: fn(SyntaxKind) -> bool = |kind| matches!(kind, SyntaxKind::STRING_TEXT | SyntaxKind::HOLE);
        self.0.elements(part).filter_map(|element| match element {
            NodeOrToken::Token(token) => Some(InterpPart::Text(token)),
            NodeOrToken::Node(node) => Hole::cast(node).map(InterpPart::Hole),
        })
    }
}

impl<N: Tree> ListExpr<N> {
    /// The expression after `|`.
    #[must_use]
    pub fn tail(&self) -> Option<Expr<N>> {
        support::child::<N, Tail<N>>(&self.0)?.expr()
    }
}

impl<N: Tree> Lambda<N> {
    pub fn params(&self) -> impl Iterator<Item = Param<N>> + use<N> {
        self.param_list().into_iter().flat_map(|list| list.params())
    }
}

impl<N: Tree> FieldExpr<N> {
    /// The number of a tuple component (`t.0`).
    #[must_use]
    pub fn index(&self) -> Option<N::Leaf> {
        token_where(&self.0, |kind| kind == INT)
    }
}

impl<N: Tree> IndexExpr<N> {
    /// What stands between the brackets; only one index has a meaning.
    pub fn indices(&self) -> impl Iterator<Item = Expr<N>> + use<N> {
        support::children(&self.0).skip(1)
    }
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrefixOp {
    /// `-`
    Neg,
    /// `!` and `not`
    Not,
}

impl<N: Tree> PrefixExpr<N> {
    #[must_use]
    pub fn op_token(&self) -> Option<N::Leaf> {
        token_where(&self.0, |kind| matches!(kind, MINUS | BANG | NOT_KW))
    }

    #[must_use]
    pub fn op(&self) -> Option<PrefixOp> {
        Some(if self.op_token()?.kind() == MINUS { PrefixOp::Neg } else { PrefixOp::Not })
    }
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinOp {
    /// `**`
    Pow,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `::`
    Cons,
    /// `++`
    Concat,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|>`
    Pipe,
    /// `<-`
    Send,
}

impl BinOp {
    /// The operator that a token stands for.
    #[must_use]
    pub fn from_token(kind: SyntaxKind) -> Option<BinOp> {
        Some(match kind {
            STAR_STAR => BinOp::Pow,
            STAR => BinOp::Mul,
            SLASH => BinOp::Div,
            PERCENT => BinOp::Rem,
            PLUS => BinOp::Add,
            MINUS => BinOp::Sub,
            SyntaxKind::COLON_COLON => BinOp::Cons,
            PLUS_PLUS => BinOp::Concat,
            EQ_EQ => BinOp::Eq,
            NOT_EQ => BinOp::Ne,
            LESS => BinOp::Lt,
            GREATER => BinOp::Gt,
            LESS_EQ => BinOp::Le,
            GREATER_EQ => BinOp::Ge,
            AND_AND => BinOp::And,
            OR_OR => BinOp::Or,
            PIPE_GREATER => BinOp::Pipe,
            LEFT_ARROW => BinOp::Send,
            _ => return None,
        })
    }
}

impl<N: Tree> BinExpr<N> {
    #[must_use]
    pub fn op_token(&self) -> Option<N::Leaf> {
        token_where(&self.0, |kind| BinOp::from_token(kind).is_some())
    }

    #[must_use]
    pub fn op(&self) -> Option<BinOp> {
        BinOp::from_token(self.op_token()?.kind())
    }
}

impl<N: Tree> ReceiveExpr<N> {
    #[must_use]
    pub fn after(&self) -> Option<AfterArm<N>> {
        self.arm_list()?.after()
    }
}

/// Which spawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpawnKind {
    Plain,
    Link,
    Monitor,
}

impl<N: Tree> SpawnExpr<N> {
    #[must_use]
    pub fn kind(&self) -> SpawnKind {
        if has(&self.0, SyntaxKind::SPAWN_LINK_KW) {
            SpawnKind::Link
        } else if has(&self.0, SyntaxKind::SPAWN_MONITOR_KW) {
            SpawnKind::Monitor
        } else {
            SpawnKind::Plain
        }
    }
}

/// What the left side of `e = …` means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BindTarget<N = SyntaxNode> {
    /// Binds names, assigns or asserts: the expression is pattern shaped ([`Expr::is_pattern_shaped`]).
    Pattern(Expr<N>),
    /// `r.f = e`
    Field(FieldExpr<N>),
    /// `xs[i] = e`
    Index(IndexExpr<N>),
    /// `if c then L = e`: the assignment belongs into the branch.
    Conditional(IfExpr<N>),
    /// `f(a, b) = e`: a local function with this name.
    Function(CallExpr<N>),
    /// Anything else; the parser has reported it.
    Invalid(Expr<N>),
}

impl<N: Tree> Expr<N> {
    /// `true` if the expression can be read as a pattern on the left of a plain `=`.
    #[must_use]
    pub fn is_pattern_shaped(&self) -> bool {
        match self {
            // A splice may turn out to be a name when its template is expanded.
            Expr::Name(_) | Expr::Wildcard(_) | Expr::Unit(_) | Expr::Con(_) | Expr::Splice(_) | Expr::Error(_) => true,
            Expr::Literal(literal) => {
                !literal.is_negative()
                    && literal.token().is_some_and(|token| {
                        matches!(
                            token.kind(),
                            INT | SyntaxKind::FLOAT
                                | SyntaxKind::CHAR
                                | STRING
                                | SQ_STRING
                                | SyntaxKind::TRUE_KW
                                | SyntaxKind::FALSE_KW
                                | SyntaxKind::HEX_INT
                                | SyntaxKind::BIN_INT
                        )
                    })
            }
            Expr::Prefix(prefix) => {
                prefix.op() == Some(PrefixOp::Neg)
                    && matches!(prefix.expr(), Some(Expr::Literal(literal))
                        if matches!(literal.value(), Some(LiteralValue::Int(_))))
            }
            Expr::Paren(paren) => paren.expr().is_none_or(|expr| expr.is_pattern_shaped()),
            Expr::Tuple(tuple) => tuple.exprs().all(|expr| expr.is_pattern_shaped()),
            Expr::List(list) => {
                list.exprs().all(|expr| expr.is_pattern_shaped())
                    && list.tail().is_none_or(|tail| tail.is_pattern_shaped())
            }
            Expr::Construct(construct) => {
                construct.base().is_none()
                    && construct.args().all(|arg| arg.expr().is_none_or(|expr| expr.is_pattern_shaped()))
                    && (construct.args().all(|arg| arg.name().is_some())
                        || construct.args().all(|arg| arg.name().is_none()))
            }
            _ => false,
        }
    }

    /// What this expression means on the left of `=` in a statement.
    #[must_use]
    pub fn bind_target(self) -> BindTarget<N> {
        match self {
            Expr::Field(field) => BindTarget::Field(field),
            Expr::Index(index) => BindTarget::Index(index),
            Expr::If(conditional) if conditional.else_branch().is_none() => BindTarget::Conditional(conditional),
            Expr::Call(call) if call.type_args().is_none() && matches!(call.callee(), Some(Expr::Name(_))) => {
                BindTarget::Function(call)
            }
            expr if expr.is_pattern_shaped() => BindTarget::Pattern(expr),
            expr => BindTarget::Invalid(expr),
        }
    }
}

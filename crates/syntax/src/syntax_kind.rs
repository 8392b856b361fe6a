//! The closed list of token and node kinds of the tree.
//!
//! Input: nothing. Output: [`SyntaxKind`], and [`NostosLanguage`], which tells rowan how to store it.
//! Tokens come first, nodes after `TOMBSTONE`; the shape of each node is written in [`crate::ast`].
//!
//! Invariant: a kind is either a token or a node, never both; `SyntaxKind::from_raw(kind.into_raw()) == kind`.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a token or a node is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(non_camel_case_types, reason = "kinds are constants of the grammar and read like them")]
        #[repr(u16)]
        pub enum SyntaxKind { $($(#[$doc])* $name,)* }

        const ALL: &[SyntaxKind] = &[$(SyntaxKind::$name,)*];
    };
}

kinds! {
    // ---- Trivia ----
    /// Spaces, tabs and carriage returns without a line feed.
    WHITESPACE,
    /// A line feed and all white space up to the next other character.
    NEWLINE,
    /// `# …` up to the end of the line, without the line feed.
    COMMENT,
    /// `#* … *#`.
    BLOCK_COMMENT,
    /// Characters that no token begins with. Already reported by the lexer.
    BAD_TOKEN,

    // ---- Names ----
    /// Lower-case name.
    IDENT,
    /// Upper-case name.
    UPPER_IDENT,
    /// `_` alone.
    UNDERSCORE,

    // ---- Literals ----
    INT,
    HEX_INT,
    BIN_INT,
    /// `200u8`.
    TYPED_INT,
    /// `9n`.
    BIG_INT,
    FLOAT,
    /// `0.5f32`.
    FLOAT32,
    /// `19.99d`.
    DECIMAL,
    /// `"…"` without holes, or with holes where they mean nothing (patterns, names of tests).
    STRING,
    /// `'two or more'`.
    SQ_STRING,
    CHAR,
    /// Opening `"` of a string with holes.
    STRING_OPEN,
    /// Literal text between the holes of a string.
    STRING_TEXT,
    /// `${`
    HOLE_OPEN,
    /// The `}` that ends a hole.
    HOLE_CLOSE,
    /// Closing `"` of a string with holes.
    STRING_CLOSE,

    // ---- Punctuation ----
    PLUS,
    MINUS,
    STAR,
    SLASH,
    PERCENT,
    STAR_STAR,
    EQ_EQ,
    NOT_EQ,
    LESS,
    GREATER,
    LESS_EQ,
    GREATER_EQ,
    AND_AND,
    OR_OR,
    BANG,
    PLUS_PLUS,
    COLON_COLON,
    PIPE_GREATER,
    LEFT_ARROW,
    ARROW,
    FAT_ARROW,
    EQ,
    CARET,
    TILDE,
    AT,
    QUESTION,
    DOT,
    DOT_DOT,
    DOT_DOT_EQ,
    COMMA,
    SEMICOLON,
    COLON,
    PIPE,
    /// `#{`
    HASH_BRACE,
    L_PAREN,
    R_PAREN,
    L_BRACKET,
    R_BRACKET,
    L_BRACE,
    R_BRACE,
    /// `+=`; no rule uses it.
    PLUS_EQ,
    /// `-=`; no rule uses it.
    MINUS_EQ,
    /// `*=`; no rule uses it.
    STAR_EQ,
    /// `/=`; no rule uses it.
    SLASH_EQ,
    /// `$`; no rule uses it.
    DOLLAR,

    // ---- Keywords ----
    TYPE_KW,
    VAR_KW,
    MVAR_KW,
    CONST_KW,
    TRAIT_KW,
    MODULE_KW,
    END_KW,
    USE_KW,
    PUB_KW,
    PRIVATE_KW,
    TEMPLATE_KW,
    EXTERN_KW,
    TEST_KW,
    REACTIVE_KW,
    IF_KW,
    THEN_KW,
    ELSE_KW,
    MATCH_KW,
    WHEN_KW,
    TRY_KW,
    CATCH_KW,
    FINALLY_KW,
    DO_KW,
    WHILE_KW,
    FOR_KW,
    BREAK_KW,
    CONTINUE_KW,
    RETURN_KW,
    SPAWN_KW,
    SPAWN_LINK_KW,
    SPAWN_MONITOR_KW,
    RECEIVE_KW,
    AFTER_KW,
    NOT_KW,
    TRUE_KW,
    FALSE_KW,
    QUOTE_KW,
    IMPORT_KW,
    /// Soft: a name wherever a lower-case name may stand.
    SELF_KW,
    /// Soft.
    PANIC_KW,
    /// Soft.
    TO_KW,
    /// Soft.
    FROM_KW,
    /// `Self`, an upper-case name wherever one may stand.
    SELF_TYPE_KW,

    /// End of input; never in a tree.
    EOF,
    /// An event that was given up; never in a tree.
    TOMBSTONE,

    // ---- File and items ----
    SOURCE_FILE,
    MODULE_DEF,
    USE_DECL,
    PATH,
    USE_LIST,
    USE_ITEM,
    TYPE_DEF,
    FIELD_LIST,
    FIELD_DEF,
    VARIANT_LIST,
    VARIANT,
    VARIANT_TYPES,
    TYPE_PARAMS,
    TYPE_PARAM,
    BOUND_LIST,
    TRAIT_DEF,
    SUPERTRAITS,
    TRAIT_METHOD,
    IMPL_DEF,
    IMPL_BOUND,
    FN_DEF,
    TEMPLATE_DEF,
    PARAM_LIST,
    PARAM,
    GUARD,
    RET_TYPE,
    DECORATOR,
    MVAR_DEF,
    CONST_DEF,
    TOP_BINDING,
    TEST_DEF,
    EXTERN_TYPE,
    EXTERN_FN,

    // ---- Types ----
    NAMED_TYPE,
    TYPE_ARGS,
    FN_TYPE,
    FN_TYPE_PARAMS,
    UNIT_TYPE,
    PAREN_TYPE,
    TUPLE_TYPE,
    LIST_TYPE,
    RECORD_TYPE,
    ERROR_TYPE,

    // ---- Patterns ----
    WILDCARD_PAT,
    LITERAL_PAT,
    RANGE_PAT,
    UNIT_PAT,
    PAREN_PAT,
    TUPLE_PAT,
    LIST_PAT,
    RECORD_PAT,
    FIELD_PAT_LIST,
    FIELD_PAT,
    REST_PAT,
    CON_PAT,
    PAT_ARG_LIST,
    MAP_PAT,
    MAP_PAT_ENTRY,
    SET_PAT,
    PIN_PAT,
    NAME_PAT,
    OR_PAT,
    ERROR_PAT,

    // ---- Expressions ----
    NAME_EXPR,
    CON_EXPR,
    WILDCARD_EXPR,
    LITERAL,
    INTERP_STRING,
    HOLE,
    UNIT_EXPR,
    PAREN_EXPR,
    TUPLE_EXPR,
    LIST_EXPR,
    /// `| rest` of a list expression or a list pattern.
    TAIL,
    RANGE_LIST,
    MAP_EXPR,
    MAP_ENTRY,
    SET_EXPR,
    BLOCK_EXPR,
    LAMBDA,
    CALL_EXPR,
    METHOD_CALL,
    FIELD_EXPR,
    CONSTRUCT_EXPR,
    INDEX_EXPR,
    PROPAGATE_EXPR,
    ARG_LIST,
    ARG,
    PREFIX_EXPR,
    SPLICE_EXPR,
    BIN_EXPR,
    IF_EXPR,
    MATCH_EXPR,
    ARM_LIST,
    MATCH_ARM,
    AFTER_ARM,
    TRY_EXPR,
    CATCH_CLAUSE,
    FINALLY_CLAUSE,
    DO_EXPR,
    RECEIVE_EXPR,
    WHILE_EXPR,
    FOR_EXPR,
    RETURN_EXPR,
    BREAK_EXPR,
    CONTINUE_EXPR,
    SPAWN_EXPR,
    QUOTE_EXPR,
    ERROR_EXPR,

    // ---- Statements ----
    LET_STMT,
    BIND_STMT,
    ELSE_PART,

    /// Skipped tokens that belong to nothing.
    ERROR,
}

impl SyntaxKind {
    /// Space, line ends, comments and characters that no token begins with.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        self <= SyntaxKind::BAD_TOKEN
    }

    /// Punctuation and words: the kind says the text of the token.
    pub(crate) fn has_fixed_text(self) -> bool {
        SyntaxKind::PLUS <= self && self <= SyntaxKind::SELF_TYPE_KW
    }

    /// `true` for kinds of tokens, `false` for kinds of nodes.
    #[must_use]
    pub fn is_token(self) -> bool {
        self < SyntaxKind::EOF
    }

    /// Tokens that may stand where the grammar wants a lower-case name.
    #[must_use]
    pub fn is_name(self) -> bool {
        matches!(
            self,
            SyntaxKind::IDENT | SyntaxKind::SELF_KW | SyntaxKind::PANIC_KW | SyntaxKind::TO_KW | SyntaxKind::FROM_KW
        )
    }

    /// Tokens that may stand where the grammar wants an upper-case name.
    #[must_use]
    pub fn is_type_name(self) -> bool {
        matches!(self, SyntaxKind::UPPER_IDENT | SyntaxKind::SELF_TYPE_KW)
    }

    /// Names after a dot, in `use` paths, in type parameters and after `const`.
    #[must_use]
    pub fn is_id(self) -> bool {
        matches!(self, SyntaxKind::IDENT | SyntaxKind::UPPER_IDENT | SyntaxKind::SELF_KW | SyntaxKind::SELF_TYPE_KW)
    }

    /// Reserved words, without the soft ones.
    #[must_use]
    pub fn is_reserved(self) -> bool {
        SyntaxKind::TYPE_KW <= self && self <= SyntaxKind::IMPORT_KW
    }

    /// The number rowan stores.
    #[must_use]
    pub fn into_raw(self) -> u16 {
        self as u16
    }

    /// Inverse of [`SyntaxKind::into_raw`]. Unknown numbers become `ERROR`.
    #[must_use]
    pub fn from_raw(raw: u16) -> SyntaxKind {
        ALL.get(usize::from(raw)).copied().unwrap_or(SyntaxKind::ERROR)
    }
}

impl From<SyntaxKind> for rowan::SyntaxKind {
    fn from(kind: SyntaxKind) -> Self {
        rowan::SyntaxKind(kind.into_raw())
    }
}

/// Marker that connects rowan's generic trees with [`SyntaxKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NostosLanguage {}

impl rowan::Language for NostosLanguage {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::from_raw(raw.0)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        kind.into()
    }
}

/// A node of the tree, with its position and parents.
pub type SyntaxNode = rowan::SyntaxNode<NostosLanguage>;
/// A token of the tree, with its position and parents.
pub type SyntaxToken = rowan::SyntaxToken<NostosLanguage>;
/// A node or a token.
pub type SyntaxElement = rowan::SyntaxElement<NostosLanguage>;

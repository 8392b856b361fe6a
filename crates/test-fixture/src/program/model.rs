//! The structured form of a random program: what the generator makes, edits change and rendering prints.
//!
//! Names are globally unique unless an edit wants a clash; functions, values, types and traits are referred to by
//! [`SymbolId`], so a reference survives renaming and knows the module it points into. Constructors, fields, parameters
//! and locals are plain text.
//!
//! Invariant: a reference may dangle (its definition was removed by an edit); it still renders, as the old name.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModuleId(pub(crate) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SymbolId(pub(crate) u32);

/// What a name is, apart from its definition, which may be gone.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) module: ModuleId,
}

/// One whole program.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) modules: Vec<Module>,
    pub(crate) symbols: Vec<Symbol>,
    /// `geo/shapes` of every module that ever was; references into deleted modules render from it.
    pub(crate) paths: BTreeMap<ModuleId, String>,
    /// Mistakes put in by edits, oldest first. Empty: the program is meant to be correct.
    pub(crate) breaks: Vec<Break>,
    /// Deleted files, for bringing one back.
    pub(crate) graveyard: Vec<Module>,
    pub(crate) next_number: u32,
    pub(crate) next_module: u32,
}

/// A mistake and how to take it back.
#[derive(Clone, Debug)]
pub(crate) enum Break {
    /// [`Module::damage`] is set.
    Syntax(ModuleId),
    /// An [`Expr::Wrong`] stands in this definition.
    Type(SymbolId),
    /// `pub` was dropped though others use the symbol.
    Hidden(SymbolId),
    /// An import was removed.
    Unimported(ModuleId, Import),
    /// The file lies in the graveyard.
    Deleted(ModuleId),
    /// The importers of the module still use its old path.
    Moved(ModuleId),
    /// Only going back to the last good state helps.
    Deep,
}

#[derive(Clone, Debug)]
pub(crate) struct Module {
    pub(crate) id: ModuleId,
    pub(crate) imports: Vec<Import>,
    /// `use` lines stand below the items.
    pub(crate) imports_last: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) damage: Option<Damage>,
}

#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) target: ModuleId,
    pub(crate) form: ImportForm,
    /// The module path written in the file, when it is not (any more) the path of the target.
    pub(crate) stale_path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImportForm {
    /// `use m.*`
    Star,
    /// `use m.{a, b as c}`, possibly empty: only qualified access.
    List(Vec<ImportItem>),
    /// One `use m.a` a line.
    Singles(Vec<ImportItem>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportItem {
    pub(crate) symbol: SymbolId,
    pub(crate) alias: Option<String>,
}

/// A syntax error, put behind the item with this index.
#[derive(Clone, Debug)]
pub(crate) struct Damage {
    pub(crate) after_item: usize,
    pub(crate) text: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Fn(FnDef),
    Type(TypeDef),
    Value(ValueDef),
    Const(ConstDef),
    Trait(TraitDef),
    Impl(ImplDef),
    Comment(String),
    Blank(usize),
}

impl Item {
    /// The symbol the item defines.
    pub(crate) fn symbol(&self) -> Option<SymbolId> {
        match self {
            Item::Fn(it) => Some(it.symbol),
            Item::Type(it) => Some(it.symbol),
            Item::Value(it) => Some(it.symbol),
            Item::Const(it) => Some(it.symbol),
            Item::Trait(it) => Some(it.symbol),
            Item::Impl(_) | Item::Comment(_) | Item::Blank(_) => None,
        }
    }

    pub(crate) fn public_mut(&mut self) -> Option<&mut bool> {
        match self {
            Item::Fn(it) => Some(&mut it.public),
            Item::Type(it) => Some(&mut it.public),
            Item::Value(it) => Some(&mut it.public),
            Item::Const(it) => Some(&mut it.public),
            Item::Trait(it) => Some(&mut it.public),
            Item::Impl(_) | Item::Comment(_) | Item::Blank(_) => None,
        }
    }

    pub(crate) fn is_public(&self) -> bool {
        match self {
            Item::Fn(it) => it.public,
            Item::Type(it) => it.public,
            Item::Value(it) => it.public,
            Item::Const(it) => it.public,
            Item::Trait(it) => it.public,
            Item::Impl(_) | Item::Comment(_) | Item::Blank(_) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    Int,
    Float,
    Bool,
    Str,
    Char,
    List(Box<Ty>),
    Option(Box<Ty>),
    Tuple(Vec<Ty>),
    /// A record, variant or alias with its type arguments.
    Named(SymbolId, Vec<Ty>),
    Fn(Vec<Ty>, Box<Ty>),
    /// Type parameter of the enclosing definition.
    Var(u8),
}

impl Ty {
    pub(crate) fn list(element: Ty) -> Ty {
        Ty::List(Box::new(element))
    }

    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self, Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char)
    }

    /// Functions and type parameters can neither be shown nor compared everywhere.
    pub(crate) fn is_data(&self) -> bool {
        match self {
            Ty::Fn(..) | Ty::Var(_) => false,
            Ty::List(element) | Ty::Option(element) => element.is_data(),
            Ty::Tuple(parts) | Ty::Named(_, parts) => parts.iter().all(Ty::is_data),
            Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char => true,
        }
    }

    /// The type with `arguments` put in for its parameters; parameters without one stay.
    pub(crate) fn substitute(&self, arguments: &[Option<Ty>]) -> Ty {
        let all = |types: &[Ty]| types.iter().map(|ty| ty.substitute(arguments)).collect();
        match self {
            Ty::Var(n) => arguments.get(usize::from(*n)).cloned().flatten().unwrap_or_else(|| self.clone()),
            Ty::List(element) => Ty::list(element.substitute(arguments)),
            Ty::Option(element) => Ty::Option(Box::new(element.substitute(arguments))),
            Ty::Tuple(parts) => Ty::Tuple(all(parts)),
            Ty::Named(symbol, parts) => Ty::Named(*symbol, all(parts)),
            Ty::Fn(parameters, result) => Ty::Fn(all(parameters), Box::new(result.substitute(arguments))),
            Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char => self.clone(),
        }
    }
}

/// Finds the arguments that make `pattern` equal to `wanted`; `false` if there are none.
pub(crate) fn unify(pattern: &Ty, wanted: &Ty, arguments: &mut Vec<Option<Ty>>) -> bool {
    let all = |left: &[Ty], right: &[Ty], arguments: &mut Vec<Option<Ty>>| {
        left.len() == right.len() && left.iter().zip(right).all(|(l, r)| unify(l, r, arguments))
    };
    match (pattern, wanted) {
        (Ty::Var(n), _) => {
            let n = usize::from(*n);
            if arguments.len() <= n {
                arguments.resize(n + 1, None);
            }
            match &arguments[n] {
                Some(bound) => bound == wanted,
                None => {
                    arguments[n] = Some(wanted.clone());
                    true
                }
            }
        }
        (Ty::List(l), Ty::List(r)) | (Ty::Option(l), Ty::Option(r)) => unify(l, r, arguments),
        (Ty::Tuple(l), Ty::Tuple(r)) => all(l, r, arguments),
        (Ty::Named(a, l), Ty::Named(b, r)) => a == b && all(l, r, arguments),
        (Ty::Fn(a, x), Ty::Fn(b, y)) => all(a, b, arguments) && unify(x, y, arguments),
        _ => pattern == wanted,
    }
}

#[derive(Clone, Debug)]
pub(crate) struct FnDef {
    pub(crate) symbol: SymbolId,
    pub(crate) public: bool,
    /// Number of type parameters; they are `Ty::Var(0..n)`.
    pub(crate) generics: u8,
    pub(crate) generic_style: GenericStyle,
    pub(crate) params: Vec<Param>,
    pub(crate) result: Ty,
    pub(crate) annotation: Annotation,
    pub(crate) shape: Shape,
    /// `=` ends the line.
    pub(crate) body_below: bool,
    /// Calls go only to definitions of a lower order, except through [`Shape`]'s bounded recursion: programs terminate.
    pub(crate) order: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GenericStyle {
    /// `f[T](x: T)`
    Declared,
    /// `f(x: a)`
    Implicit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Annotation {
    None,
    Params,
    Result,
    Full,
}

impl Annotation {
    pub(crate) fn params(self) -> bool {
        matches!(self, Annotation::Params | Annotation::Full)
    }

    pub(crate) fn result(self) -> bool {
        matches!(self, Annotation::Result | Annotation::Full)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) default: Option<Expr>,
    /// Counts a recursion: callers pass a number from -9 to 9.
    pub(crate) small: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Single(Expr),
    Clauses(Vec<Clause>),
    /// Counts the first parameter down to zero. `next` is the function itself or its partner in another module.
    Countdown {
        base: Expr,
        step: Expr,
        next: SymbolId,
        combine: Combine,
    },
    /// Walks the list in the first parameter; `head` is the name of the element in `step`.
    ListWalk {
        base: Expr,
        step: Expr,
        head: String,
        tail: String,
        combine: Combine,
    },
}

/// What a recursive function does with its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    /// `step + f(rest)`
    Add,
    /// `step ++ f(rest)`
    Append,
    /// `[step | f(rest)]`
    Cons,
    /// `f(rest, step)`: the last parameter accumulates and `base` is not used.
    Tail,
    /// `f(rest)`: only the base counts.
    Pass,
}

#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) patterns: Vec<Pat>,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeDef {
    pub(crate) symbol: SymbolId,
    pub(crate) public: bool,
    pub(crate) generics: u8,
    pub(crate) kind: TypeKind,
    pub(crate) order: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum TypeKind {
    /// The constructor is called as the type.
    Record(Vec<Field>),
    Variant(Vec<Constructor>),
    Alias(Ty),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Ty,
}

#[derive(Clone, Debug)]
pub(crate) struct Constructor {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    /// `C{ a: Int }` instead of `C(Int)`.
    pub(crate) named: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ValueDef {
    pub(crate) symbol: SymbolId,
    pub(crate) public: bool,
    pub(crate) ty: Ty,
    pub(crate) annotated: bool,
    pub(crate) body: Expr,
    pub(crate) order: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct ConstDef {
    pub(crate) symbol: SymbolId,
    pub(crate) public: bool,
    pub(crate) ty: Ty,
    pub(crate) literal: Expr,
    pub(crate) order: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct TraitDef {
    pub(crate) symbol: SymbolId,
    pub(crate) public: bool,
    pub(crate) methods: Vec<TraitMethod>,
    pub(crate) order: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct TraitMethod {
    pub(crate) name: String,
    /// Without `self`.
    pub(crate) params: Vec<Param>,
    pub(crate) result: Ty,
    pub(crate) default: Option<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct ImplDef {
    pub(crate) of_trait: SymbolId,
    pub(crate) for_type: SymbolId,
    /// Method name and body; parameters are those of the trait.
    pub(crate) methods: Vec<(String, Expr)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pat {
    Wild,
    Bind(String),
    Int(i64),
    Str(String),
    Bool(bool),
    Char(char),
    Range { from: i64, to: i64, inclusive: bool },
    Tuple(Vec<Pat>),
    List(Vec<Pat>, Option<Box<Pat>>),
    Some(Box<Pat>),
    None,
    Constructor { of: SymbolId, name: String, fields: PatFields },
    Or(Vec<Pat>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PatFields {
    Positional(Vec<Pat>),
    /// `C{a, b: p, _}`
    Braces {
        fields: Vec<(String, Pat)>,
        rest: bool,
    },
}

impl Pat {
    /// The pattern and all patterns inside.
    pub(crate) fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Pat)) {
        match self {
            Pat::Tuple(parts) | Pat::Or(parts) => parts.iter_mut().for_each(|part| part.walk_mut(visit)),
            Pat::List(heads, tail) => {
                heads.iter_mut().for_each(|head| head.walk_mut(visit));
                if let Some(tail) = tail {
                    tail.walk_mut(visit);
                }
            }
            Pat::Some(inner) => inner.walk_mut(visit),
            Pat::Constructor { fields: PatFields::Positional(parts), .. } => {
                parts.iter_mut().for_each(|part| part.walk_mut(visit));
            }
            Pat::Constructor { fields: PatFields::Braces { fields, .. }, .. } => {
                fields.iter_mut().for_each(|(_, part)| part.walk_mut(visit));
            }
            Pat::Wild
            | Pat::Bind(_)
            | Pat::Int(_)
            | Pat::Str(_)
            | Pat::Bool(_)
            | Pat::Char(_)
            | Pat::Range { .. }
            | Pat::None => {}
        }
        visit(self);
    }

    pub(crate) fn binds(&self) -> bool {
        let mut copy = self.clone();
        let mut binds = false;
        copy.walk_mut(&mut |pat| binds |= matches!(pat, Pat::Bind(_)));
        binds
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Int(i64),
    /// As written.
    Float(String),
    Bool(bool),
    Str(String),
    Char(char),
    /// Whether the n-th type parameter of the function is `Int`; `false` where it has no name.
    IsInt(u8),
    Local(String),
    /// A module value or const.
    Value(SymbolId),
    /// A function as a value.
    FnRef(SymbolId),
    Call(SymbolId, Vec<Arg>),
    CallLocal(String, Vec<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `e / k` or `e % k`; the divisor is never edited, so it stays above zero.
    Divide(&'static str, Box<Expr>, i64),
    Not(Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Match(Box<Expr>, Vec<Arm>),
    Lambda(Vec<Pat>, Box<Expr>),
    Block(Vec<Stmt>, Box<Expr>),
    List(Vec<Expr>, Option<Box<Expr>>),
    Tuple(Vec<Expr>),
    TupleGet(Box<Expr>, usize),
    Some(Box<Expr>),
    None,
    Construct {
        of: SymbolId,
        name: String,
        args: Vec<Arg>,
    },
    /// `P(base, field: e)`
    Update {
        of: SymbolId,
        name: String,
        base: Box<Expr>,
        fields: Vec<(String, Expr)>,
    },
    Field(Box<Expr>, String),
    /// A library function, as `recv.name(args)` or `name(recv, args)`.
    Library {
        name: &'static str,
        method: bool,
        args: Vec<Expr>,
    },
    TraitCall {
        method: String,
        receiver: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `"text ${e}"`
    Interpolate(String, Box<Expr>),
    /// Something ill-typed that stands in for the original until it is repaired.
    Wrong(&'static str, Box<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arg {
    pub(crate) name: Option<String>,
    pub(crate) value: Expr,
}

impl Arg {
    pub(crate) fn positional(value: Expr) -> Arg {
        Arg { name: None, value }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arm {
    pub(crate) pattern: Pat,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stmt {
    Let(Pat, Option<Ty>, Expr),
    LocalFn(String, Vec<String>, Expr),
    /// `println(show(e))`
    Print(Expr),
}

impl Expr {
    /// The expression and all expressions inside, innermost first.
    pub(crate) fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Expr::Call(_, args) | Expr::Construct { args, .. } => {
                args.iter_mut().for_each(|arg| arg.value.walk_mut(visit));
            }
            Expr::CallLocal(_, args) | Expr::Library { args, .. } | Expr::Tuple(args) => {
                args.iter_mut().for_each(|arg| arg.walk_mut(visit));
            }
            Expr::Binary(_, left, right) => {
                left.walk_mut(visit);
                right.walk_mut(visit);
            }
            Expr::If(condition, yes, no) => {
                condition.walk_mut(visit);
                yes.walk_mut(visit);
                no.walk_mut(visit);
            }
            Expr::Match(scrutinee, arms) => {
                scrutinee.walk_mut(visit);
                for arm in arms {
                    if let Some(guard) = &mut arm.guard {
                        guard.walk_mut(visit);
                    }
                    arm.body.walk_mut(visit);
                }
            }
            Expr::Block(statements, result) => {
                for statement in statements {
                    match statement {
                        Stmt::Let(_, _, value) | Stmt::LocalFn(_, _, value) | Stmt::Print(value) => {
                            value.walk_mut(visit);
                        }
                    }
                }
                result.walk_mut(visit);
            }
            Expr::List(elements, tail) => {
                elements.iter_mut().for_each(|element| element.walk_mut(visit));
                if let Some(tail) = tail {
                    tail.walk_mut(visit);
                }
            }
            Expr::Update { base, fields, .. } => {
                base.walk_mut(visit);
                fields.iter_mut().for_each(|(_, value)| value.walk_mut(visit));
            }
            Expr::TraitCall { receiver, args, .. } => {
                receiver.walk_mut(visit);
                args.iter_mut().for_each(|arg| arg.walk_mut(visit));
            }
            Expr::Divide(_, inner, _)
            | Expr::Not(inner)
            | Expr::Lambda(_, inner)
            | Expr::TupleGet(inner, _)
            | Expr::Some(inner)
            | Expr::Field(inner, _)
            | Expr::Interpolate(_, inner)
            | Expr::Wrong(_, inner) => inner.walk_mut(visit),
            Expr::Int(_)
            | Expr::Float(_)
            | Expr::Bool(_)
            | Expr::Str(_)
            | Expr::Char(_)
            | Expr::Local(_)
            | Expr::Value(_)
            | Expr::FnRef(_)
            | Expr::IsInt(_)
            | Expr::None => {}
        }
        visit(self);
    }

    /// Every pattern of the expression.
    pub(crate) fn patterns_mut(&mut self, visit: &mut dyn FnMut(&mut Pat)) {
        self.walk_mut(&mut |expr| match expr {
            Expr::Match(_, arms) => arms.iter_mut().for_each(|arm| arm.pattern.walk_mut(visit)),
            Expr::Lambda(params, _) => params.iter_mut().for_each(|pat| pat.walk_mut(visit)),
            Expr::Block(statements, _) => {
                for statement in statements {
                    if let Stmt::Let(pattern, ..) = statement {
                        pattern.walk_mut(visit);
                    }
                }
            }
            _ => {}
        });
    }
}

impl Item {
    /// The outermost expressions of the item.
    pub(crate) fn roots_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Item::Fn(function) => {
                let mut roots: Vec<&mut Expr> =
                    function.params.iter_mut().filter_map(|param| param.default.as_mut()).collect();
                match &mut function.shape {
                    Shape::Single(body) => roots.push(body),
                    Shape::Clauses(clauses) => {
                        for clause in clauses {
                            roots.extend(clause.guard.as_mut());
                            roots.push(&mut clause.body);
                        }
                    }
                    Shape::Countdown { base, step, .. } | Shape::ListWalk { base, step, .. } => {
                        roots.extend([base, step]);
                    }
                }
                roots
            }
            Item::Value(value) => vec![&mut value.body],
            Item::Const(constant) => vec![&mut constant.literal],
            Item::Trait(it) => it.methods.iter_mut().filter_map(|method| method.default.as_mut()).collect(),
            Item::Impl(it) => it.methods.iter_mut().map(|(_, body)| body).collect(),
            Item::Type(_) | Item::Comment(_) | Item::Blank(_) => Vec::new(),
        }
    }

    /// Every pattern of the item, those of clauses included.
    pub(crate) fn patterns_mut(&mut self, visit: &mut dyn FnMut(&mut Pat)) {
        if let Item::Fn(FnDef { shape: Shape::Clauses(clauses), .. }) = self {
            for clause in clauses {
                clause.patterns.iter_mut().for_each(|pat| pat.walk_mut(visit));
            }
        }
        for root in self.roots_mut() {
            root.patterns_mut(visit);
        }
    }

    /// Every expression of the item, innermost first.
    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        for root in self.roots_mut() {
            root.walk_mut(visit);
        }
    }
}

/// Adds the named types inside `ty`.
fn type_refs(ty: &Ty, refs: &mut BTreeSet<SymbolId>) {
    match ty {
        Ty::List(inner) | Ty::Option(inner) => type_refs(inner, refs),
        Ty::Tuple(parts) => parts.iter().for_each(|part| type_refs(part, refs)),
        Ty::Fn(params, result) => params.iter().chain([&**result]).for_each(|part| type_refs(part, refs)),
        Ty::Named(symbol, args) => {
            refs.insert(*symbol);
            args.iter().for_each(|arg| type_refs(arg, refs));
        }
        Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char | Ty::Var(_) => {}
    }
}

impl Item {
    /// Every symbol the item refers to, types also where they are not written out.
    pub(crate) fn refs(&self) -> BTreeSet<SymbolId> {
        let mut refs = BTreeSet::new();
        match self {
            Item::Fn(function) => {
                function.params.iter().for_each(|param| type_refs(&param.ty, &mut refs));
                type_refs(&function.result, &mut refs);
                if let Shape::Countdown { next, .. } = &function.shape {
                    refs.insert(*next);
                }
            }
            Item::Type(def) => match &def.kind {
                TypeKind::Record(fields) => fields.iter().for_each(|field| type_refs(&field.ty, &mut refs)),
                TypeKind::Variant(constructors) => {
                    constructors.iter().flat_map(|it| &it.fields).for_each(|field| type_refs(&field.ty, &mut refs));
                }
                TypeKind::Alias(target) => type_refs(target, &mut refs),
            },
            Item::Value(value) => type_refs(&value.ty, &mut refs),
            Item::Impl(it) => refs.extend([it.of_trait, it.for_type]),
            Item::Const(_) | Item::Trait(_) | Item::Comment(_) | Item::Blank(_) => {}
        }
        let mut copy = self.clone();
        copy.exprs_mut(&mut |expr| match expr {
            Expr::Value(symbol) | Expr::FnRef(symbol) | Expr::Call(symbol, _) => {
                refs.insert(*symbol);
            }
            Expr::Construct { of, .. } | Expr::Update { of, .. } => {
                refs.insert(*of);
            }
            Expr::Block(statements, _) => {
                for statement in statements {
                    if let Stmt::Let(_, Some(ty), _) = statement {
                        type_refs(ty, &mut refs);
                    }
                }
            }
            _ => {}
        });
        copy.patterns_mut(&mut |pattern| {
            if let Pat::Constructor { of, .. } = pattern {
                refs.insert(*of);
            }
        });
        refs
    }
}

impl State {
    pub(crate) fn new_symbol(&mut self, name: String, module: ModuleId) -> SymbolId {
        let id = SymbolId(u32::try_from(self.symbols.len()).unwrap_or(u32::MAX));
        self.symbols.push(Symbol { name, module });
        id
    }

    /// A name nobody has: `stem` and a number.
    pub(crate) fn fresh(&mut self, stem: &str) -> String {
        self.next_number += 1;
        format!("{stem}{}", self.next_number)
    }

    pub(crate) fn new_module(&mut self, path: String) -> ModuleId {
        let id = ModuleId(self.next_module);
        self.next_module += 1;
        self.paths.insert(id, path);
        let module = Module { id, imports: Vec::new(), imports_last: false, items: Vec::new(), damage: None };
        self.modules.push(module);
        id
    }

    pub(crate) fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0 as usize]
    }

    pub(crate) fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.iter().find(|module| module.id == id)
    }

    pub(crate) fn module_mut(&mut self, id: ModuleId) -> Option<&mut Module> {
        self.modules.iter_mut().find(|module| module.id == id)
    }

    pub(crate) fn path(&self, id: ModuleId) -> &str {
        self.paths.get(&id).map_or("gone", String::as_str)
    }

    pub(crate) fn item(&self, symbol: SymbolId) -> Option<&Item> {
        let home = self.module(self.symbol(symbol).module)?;
        home.items.iter().find(|item| item.symbol() == Some(symbol))
    }

    pub(crate) fn item_mut(&mut self, symbol: SymbolId) -> Option<&mut Item> {
        let home = self.symbol(symbol).module;
        self.module_mut(home)?.items.iter_mut().find(|item| item.symbol() == Some(symbol))
    }

    pub(crate) fn function(&self, symbol: SymbolId) -> Option<&FnDef> {
        match self.item(symbol) {
            Some(Item::Fn(function)) => Some(function),
            _ => None,
        }
    }

    pub(crate) fn function_mut(&mut self, symbol: SymbolId) -> Option<&mut FnDef> {
        match self.item_mut(symbol) {
            Some(Item::Fn(function)) => Some(function),
            _ => None,
        }
    }

    pub(crate) fn type_def(&self, symbol: SymbolId) -> Option<&TypeDef> {
        match self.item(symbol) {
            Some(Item::Type(def)) => Some(def),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = (ModuleId, &Item)> {
        self.modules.iter().flat_map(|module| module.items.iter().map(move |item| (module.id, item)))
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &FnDef> {
        self.items().filter_map(|(_, item)| match item {
            Item::Fn(function) => Some(function),
            _ => None,
        })
    }

    pub(crate) fn items_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.modules.iter_mut().flat_map(|module| module.items.iter_mut())
    }

    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.items_mut().for_each(|item| item.exprs_mut(visit));
    }

    /// Does `module` see `symbol` under a bare name?
    pub(crate) fn imports_bare(&self, module: ModuleId, symbol: SymbolId) -> bool {
        let home = self.symbol(symbol).module;
        home == module
            || self.module(module).is_some_and(|module| {
                module.imports.iter().filter(|import| import.target == home).any(|import| match &import.form {
                    ImportForm::Star => true,
                    ImportForm::List(items) | ImportForm::Singles(items) => {
                        items.iter().any(|item| item.symbol == symbol)
                    }
                })
            })
    }

    pub(crate) fn imports_module(&self, module: ModuleId, target: ModuleId) -> bool {
        self.module(module).is_some_and(|module| module.imports.iter().any(|import| import.target == target))
    }

    /// Every symbol of other modules that `module` refers to.
    pub(crate) fn foreign_refs(&self, module: ModuleId) -> BTreeSet<SymbolId> {
        let items = self.module(module).map_or(&[][..], |module| &module.items);
        let refs = items.iter().flat_map(Item::refs);
        refs.filter(|&symbol| self.symbol(symbol).module != module).collect()
    }

    /// Does another module refer to `symbol`, or list it in an import?
    pub(crate) fn used_outside(&self, symbol: SymbolId) -> bool {
        let home = self.symbol(symbol).module;
        self.modules.iter().filter(|module| module.id != home).any(|module| {
            self.foreign_refs(module.id).contains(&symbol)
                || module.imports.iter().any(|import| match &import.form {
                    ImportForm::Star => false,
                    ImportForm::List(items) | ImportForm::Singles(items) => {
                        items.iter().any(|item| item.symbol == symbol)
                    }
                })
        })
    }

    /// Does some module see one name from two others?
    pub(crate) fn has_import_conflict(&self) -> bool {
        self.modules.iter().any(|module| {
            let mut seen: BTreeMap<&str, ModuleId> = BTreeMap::new();
            module.imports.iter().any(|import| {
                let names: Vec<&str> = match &import.form {
                    ImportForm::Star => {
                        let items = self.module(import.target).map_or(&[][..], |target| &target.items);
                        let public = items.iter().filter(|item| item.is_public()).filter_map(Item::symbol);
                        public.map(|symbol| self.symbol(symbol).name.as_str()).collect()
                    }
                    ImportForm::List(items) | ImportForm::Singles(items) => items
                        .iter()
                        .map(|item| item.alias.as_deref().unwrap_or(&self.symbol(item.symbol).name))
                        .collect(),
                };
                names.into_iter().any(|name| *seen.entry(name).or_insert(import.target) != import.target)
            })
        })
    }

    /// Aliases replaced by what they stand for, at the top.
    pub(crate) fn expand(&self, ty: &Ty) -> Ty {
        if let Ty::Named(symbol, args) = ty
            && let Some(TypeDef { kind: TypeKind::Alias(target), .. }) = self.type_def(*symbol)
        {
            let args: Vec<Option<Ty>> = args.iter().cloned().map(Some).collect();
            return self.expand(&target.substitute(&args));
        }
        ty.clone()
    }
}

//! Lowers one definition to a [`Body`]: locals are resolved, sugar is removed.
//!
//! Input: the detached trees of all clauses, so that positions are relative to the clause and a move changes nothing;
//! the names of the module's mvars, because `x = e` means three things. Output: a body and its source map.
//!
//! What `x = e` and a name in a pattern mean, with the locals in scope:
//!
//! | the name is | `x = e` | in a destructuring | in an arm of `match`, `catch`, `receive` |
//! | --- | --- | --- | --- |
//! | new | binds | binds | binds |
//! | a `var` of this function | assigns | assigns | assigns |
//! | a `var` of an enclosing function | assigns | assigns | binds |
//! | immutable, of this function | error | error | compares |
//! | immutable, of an enclosing function | error | binds | binds |
//! | an mvar of the module and no local | assigns | assigns | binds |
//!
//! Parameters, `var` and loop variables always make a new local.
//!
//! Invariant: lowering is total, and linear in the size of the definition. Recursion follows the tree, whose depth the
//! parser bounds.

use base_db::{DefName, Name};
use rustc_hash::{FxHashMap, FxHashSet};
use syntax::{
    GreenNode, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, AstNode, BindTarget},
    literal,
};

use crate::{
    body::{
        Arg, Arm, BinaryOp, Body, BodySourceMap, Clause, Expr, ExprId, Lambda, Literal, Local, LocalId, Param, Pat,
        PatFields, PatId, SpawnKind, Stmt, TypeId, UnaryOp,
    },
    collect::{self, lower_type, type_params},
    errors,
    problem::{Anchor, Place, Problem},
    type_ref::TypeRef,
};

/// Lowers all clauses of `def`. `mvars` is sorted.
pub(crate) fn lower_body(def: &DefName, clauses: &[GreenNode], mvars: &[Name]) -> (Body, BodySourceMap) {
    let mut lowering = Lowering {
        def,
        mvars,
        body: Body::default(),
        map: BodySourceMap::default(),
        scope: Vec::new(),
        index: FxHashMap::default(),
        owner: None,
        pattern: Vec::new(),
        alternatives: Vec::new(),
        unbound: FxHashSet::default(),
        pending: Vec::new(),
    };
    for clause in clauses {
        lowering.clause(SyntaxNode::new_root(clause.clone()));
    }
    (lowering.body, lowering.map)
}

/// How names in a pattern are treated; see the table of the module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Parameters: always new.
    Param,
    /// After `var`: always new, and mutable.
    Var,
    /// Left side of `=`.
    Let,
    /// Arms.
    Arm,
}

/// A visible local.
struct Visible {
    name: Name,
    local: LocalId,
    /// Local functions: least and greatest number of arguments.
    arity: Option<(usize, usize)>,
}

/// A name of the first alternative of an or-pattern.
struct Alternative {
    name: Name,
    local: LocalId,
    seen: bool,
}

struct Lowering<'a> {
    def: &'a DefName,
    mvars: &'a [Name],
    body: Body,
    map: BodySourceMap,
    /// Visible locals, innermost last.
    scope: Vec<Visible>,
    /// Places in `scope` by name, innermost last.
    index: FxHashMap<Name, Vec<usize>>,
    /// The lambda whose body is being lowered.
    owner: Option<ExprId>,
    /// Locals that the pattern in progress has bound.
    pattern: Vec<LocalId>,
    /// Names that later alternatives of the or-patterns in progress must bind again.
    alternatives: Vec<Alternative>,
    /// Local functions that are declared but whose binding is not reached yet. A lambda that captures one needs a cell,
    /// so such a local counts as assigned.
    unbound: FxHashSet<LocalId>,
    /// mvars that the destructuring in progress assigns, with the locals that hold their values meanwhile.
    pending: Vec<(Name, LocalId)>,
}

/// A local function or a name bound to a lambda, declared before the statement that defines it is reached.
struct Ahead {
    local: LocalId,
    /// Statements that are further clauses of it.
    clauses: Vec<usize>,
}

impl Lowering<'_> {
    // ---- Clauses ----

    fn clause(&mut self, node: SyntaxNode) {
        let range = node.text_range();
        self.map.starts.push((self.body.exprs.len(), self.body.pats.len(), self.body.types.len()));
        self.map.clauses.push(range);
        if let Some(def) = ast::FnDef::cast(node.clone()) {
            self.note_name(def.name());
            self.note_type_params(def.type_params());
            self.function(def.param_list(), def.guard(), def.ret_type(), def.body(), range);
        } else if let Some(def) = ast::TemplateDef::cast(node.clone()) {
            self.note_name(def.name());
            self.note_type_params(def.type_params());
            self.function(def.param_list(), def.guard(), def.ret_type(), def.body(), range);
        } else if let Some(def) = ast::TraitMethod::cast(node.clone()) {
            self.note_name(def.name());
            if def.body().is_some() {
                self.function(def.param_list(), None, def.ret_type(), def.body(), range);
            }
        } else if let Some(def) = ast::TopBinding::cast(node.clone()) {
            let name = match def.pattern() {
                Some(ast::Pattern::Name(pattern)) => pattern.name(),
                _ => None,
            };
            self.note_name(name);
            self.value(def.ty(), def.body(), range);
        } else if let Some(def) = ast::MvarDef::cast(node.clone()) {
            self.note_name(def.name());
            self.value(def.ty(), def.body(), range);
        } else if let Some(def) = ast::ConstDef::cast(node.clone()) {
            self.note_name(def.name());
            self.value(None, def.body(), range);
        } else if let Some(def) = ast::TestDef::cast(node) {
            self.note_name(def.name());
            self.value(None, def.body(), range);
        }
    }

    fn note_name(&mut self, name: Option<SyntaxToken>) {
        if self.map.clauses.len() == 1 {
            self.map.name = name.map_or(self.map.clauses[0], |token| token.text_range());
        }
    }

    fn note_type_params(&mut self, params: Option<ast::TypeParams>) {
        if self.body.type_params.is_empty() {
            self.body.type_params = type_params(params);
        }
    }

    fn function(
        &mut self,
        params: Option<ast::ParamList>,
        guard: Option<ast::Guard>,
        result: Option<ast::RetType>,
        body: Option<ast::Expr>,
        range: TextRange,
    ) {
        let mark = self.scope.len();
        let params = self.params(params.iter().flat_map(|list| list.params()));
        let guard = guard.map(|guard| self.expr_or_missing(guard.expr(), guard.syntax().text_range()));
        let result = self.ret_type(result);
        let value = self.expr_or_missing(body, range);
        self.leave(mark);
        self.body.clauses.push(Clause { params, guard, result, value });
    }

    fn value(&mut self, ty: Option<ast::Type>, body: Option<ast::Expr>, range: TextRange) {
        let result = ty.map(|ty| self.ty(&ty));
        let value = self.expr_or_missing(body, range);
        self.body.clauses.push(Clause { params: Vec::new(), guard: None, result, value });
    }

    fn params(&mut self, params: impl Iterator<Item = ast::Param>) -> Vec<Param> {
        let outer = std::mem::take(&mut self.pattern);
        let mut lowered = Vec::new();
        for param in params {
            let ty = param.ty().map(|ty| self.ty(&ty));
            // A default sees the parameters before it.
            let default = param.default().map(|default| self.expr(&default));
            let pat = match param.pattern() {
                Some(pattern) => self.pat(&pattern, Mode::Param),
                None => self.alloc_pat(Pat::Missing, param.syntax().text_range()),
            };
            lowered.push(Param { pat, ty, default });
        }
        self.pattern = outer;
        lowered
    }

    fn ret_type(&mut self, ret: Option<ast::RetType>) -> Option<TypeId> {
        ret.and_then(|ret| ret.ty()).map(|ty| self.ty(&ty))
    }

    // ---- Allocation, problems ----

    fn alloc(&mut self, expr: Expr, range: TextRange) -> ExprId {
        self.map.exprs.push(range);
        self.body.exprs.alloc(expr)
    }

    fn alloc_pat(&mut self, pat: Pat, range: TextRange) -> PatId {
        self.map.pats.push(range);
        self.body.pats.alloc(pat)
    }

    fn alloc_type(&mut self, ty: TypeRef, range: TextRange) -> TypeId {
        self.map.types.push(range);
        self.body.types.alloc(ty)
    }

    fn ty(&mut self, ty: &ast::Type) -> TypeId {
        self.alloc_type(lower_type(ty), ty.syntax().text_range())
    }

    fn place(&self, anchor: Anchor) -> Place {
        Place { module: self.def.module().clone(), def: Some(self.def.clone()), anchor }
    }

    fn report(&mut self, anchor: Anchor, problem: impl FnOnce(Place) -> Problem) {
        let place = self.place(anchor);
        self.body.problems.push(problem(place));
    }

    // ---- Locals ----

    fn new_local(&mut self, name: Name, mutable: bool) -> LocalId {
        let owner = self.owner;
        self.body.locals.alloc(Local { name, mutable, owner, captured: false, assigned: false })
    }

    fn declare(&mut self, local: LocalId, arity: Option<(usize, usize)>) {
        let name = self.body.locals[local].name.clone();
        self.index.entry(name.clone()).or_default().push(self.scope.len());
        self.scope.push(Visible { name, local, arity });
    }

    fn leave(&mut self, mark: usize) {
        for visible in self.scope.drain(mark..) {
            if let Some(places) = self.index.get_mut(&visible.name) {
                places.pop();
            }
        }
    }

    fn lookup(&self, name: &str) -> Option<LocalId> {
        let place = *self.index.get(name)?.last()?;
        Some(self.scope[place].local)
    }

    fn is_local_function(&self, name: &str) -> bool {
        self.index.get(name).and_then(|places| places.last()).is_some_and(|&place| self.scope[place].arity.is_some())
    }

    /// The local that a call with `args` arguments means. Local functions are chosen by arity: exactly that many
    /// parameters, else with defaults, else the innermost.
    fn lookup_callee(&self, name: &str, args: usize) -> Option<LocalId> {
        let places = self.index.get(name)?;
        let innermost = &self.scope[*places.last()?];
        let functions = || {
            let visible = places.iter().rev().map(|&place| &self.scope[place]);
            visible.map_while(|visible| Some((visible.local, visible.arity?)))
        };
        let exact = functions().find(|(_, (_, greatest))| *greatest == args);
        let fitting = || functions().find(|(_, (least, greatest))| *least <= args && args <= *greatest);
        Some(exact.or_else(fitting).map_or(innermost.local, |(local, _)| local))
    }

    /// Notes a use of `local` here.
    fn touch(&mut self, local: LocalId) -> LocalId {
        if self.body.locals[local].owner != self.owner {
            self.body.locals[local].captured = true;
            if self.unbound.contains(&local) {
                self.body.locals[local].assigned = true;
            }
        }
        local
    }

    fn assign(&mut self, local: LocalId) -> LocalId {
        self.body.locals[local].assigned = true;
        self.touch(local)
    }

    fn is_mvar(&self, name: &str) -> bool {
        self.mvars.binary_search_by(|mvar| mvar.as_str().cmp(name)).is_ok()
    }

    // ---- Expressions ----

    fn expr_or_missing(&mut self, expr: Option<ast::Expr>, range: TextRange) -> ExprId {
        match expr {
            Some(expr) => self.expr(&expr),
            None => self.alloc(Expr::Missing, range),
        }
    }

    fn exprs(&mut self, exprs: impl Iterator<Item = ast::Expr>) -> Vec<ExprId> {
        exprs.map(|expr| self.expr(&expr)).collect()
    }

    fn expr(&mut self, expr: &ast::Expr) -> ExprId {
        let range = expr.syntax().text_range();
        match expr {
            ast::Expr::Name(name) => self.name(name.name(), range),
            ast::Expr::Con(con) => {
                let lowered = con.name().map_or(Expr::Missing, |name| Expr::Name(name.text().into()));
                self.alloc(lowered, range)
            }
            ast::Expr::Wildcard(_) => {
                let id = self.alloc(Expr::Missing, range);
                self.report(expr_anchor(id), errors::wildcard);
                id
            }
            ast::Expr::Literal(literal) => {
                let lowered = collect::literal(literal.value()).map_or(Expr::Missing, Expr::Literal);
                self.alloc(lowered, range)
            }
            ast::Expr::InterpString(string) => self.interpolation(string, range),
            ast::Expr::Unit(_) => self.alloc(Expr::Literal(Literal::Unit), range),
            ast::Expr::Paren(paren) => self.expr_or_missing(paren.expr(), range),
            ast::Expr::Tuple(tuple) => {
                let items = self.exprs(tuple.exprs());
                self.alloc(Expr::Tuple(items), range)
            }
            ast::Expr::List(list) => {
                let items = self.exprs(list.exprs());
                let tail = list.tail().map(|tail| self.expr(&tail));
                self.alloc(Expr::List { items, tail }, range)
            }
            ast::Expr::RangeList(list) => {
                let start = self.expr_or_missing(list.start(), range);
                let end = self.expr_or_missing(list.end(), range);
                self.alloc(Expr::RangeList(start, end), range)
            }
            ast::Expr::Map(map) => self.map(map, range),
            ast::Expr::Set(set) => {
                let items = self.exprs(set.exprs());
                self.alloc(Expr::Set(items), range)
            }
            ast::Expr::Block(block) => self.block(block.statements(), range),
            ast::Expr::Do(block) => self.block(block.statements(), range),
            ast::Expr::Lambda(lambda) => self.lambda(lambda, None),
            ast::Expr::Call(call) => self.call(call, None, range),
            ast::Expr::MethodCall(call) => self.method_call(call, None, range),
            ast::Expr::Field(field) => self.field(field, range),
            ast::Expr::Construct(construct) => self.construct(construct, None, range),
            ast::Expr::Index(index) => {
                let (base, index) = self.index_parts(index);
                self.alloc(Expr::Index { base, index }, range)
            }
            ast::Expr::Propagate(propagate) => {
                let inner = self.expr_or_missing(propagate.expr(), range);
                self.alloc(Expr::Propagate(inner), range)
            }
            ast::Expr::Prefix(prefix) => self.prefix(prefix, range),
            ast::Expr::Splice(splice) => {
                let inner = self.expr_or_missing(splice.expr(), range);
                let id = self.alloc(Expr::Splice(inner), range);
                self.report(expr_anchor(id), errors::splice_outside_quote);
                id
            }
            ast::Expr::Bin(bin) => self.binary(bin, range),
            ast::Expr::If(conditional) => {
                let condition = self.expr_or_missing(conditional.condition(), range);
                let then = self.expr_or_missing(conditional.then_branch(), range);
                let otherwise = conditional.else_branch().map(|branch| self.expr(&branch));
                self.alloc(Expr::If { condition, then, otherwise }, range)
            }
            ast::Expr::Match(matching) => {
                let scrutinee = self.expr_or_missing(matching.scrutinee(), range);
                let arms = self.arms(matching.arms());
                self.alloc(Expr::Match { scrutinee, arms }, range)
            }
            ast::Expr::Try(attempt) => self.attempt(attempt, range),
            ast::Expr::Receive(receive) => {
                let arms = self.arms(receive.arms());
                let after = receive.after().map(|after| {
                    let timeout = self.expr_or_missing(after.timeout(), range);
                    (timeout, self.expr_or_missing(after.body(), range))
                });
                self.alloc(Expr::Receive { arms, after }, range)
            }
            ast::Expr::While(repeat) => {
                let condition = self.expr_or_missing(repeat.condition(), range);
                let body = self.expr_or_missing(repeat.body(), range);
                self.alloc(Expr::While { condition, body }, range)
            }
            ast::Expr::For(repeat) => self.for_loop(repeat, range),
            ast::Expr::Return(jump) => {
                let value = jump.expr().map(|value| self.expr(&value));
                self.alloc(Expr::Return(value), range)
            }
            ast::Expr::Break(jump) => {
                let value = jump.expr().map(|value| self.expr(&value));
                self.alloc(Expr::Break(value), range)
            }
            ast::Expr::Continue(_) => self.alloc(Expr::Continue, range),
            ast::Expr::Spawn(spawn) => self.spawn(spawn, range),
            ast::Expr::Quote(quote) => {
                let text = quote.expr().map(|code| Name::from(code.syntax().text().to_string())).unwrap_or_default();
                self.alloc(Expr::Quote(text), range)
            }
            ast::Expr::Error(_) => self.alloc(Expr::Missing, range),
        }
    }

    fn name(&mut self, name: Option<SyntaxToken>, range: TextRange) -> ExprId {
        let Some(name) = name else { return self.alloc(Expr::Missing, range) };
        let expr = match self.lookup(name.text()) {
            Some(local) => Expr::Local(self.touch(local)),
            None => Expr::Name(name.text().into()),
        };
        self.alloc(expr, range)
    }

    fn interpolation(&mut self, string: &ast::InterpString, range: TextRange) -> ExprId {
        let mut parts = Vec::new();
        for part in string.parts() {
            parts.push(match part {
                ast::InterpPart::Text(token) => {
                    let text = Literal::String(literal::unescape(token.text()).into());
                    self.alloc(Expr::Literal(text), token.text_range())
                }
                ast::InterpPart::Hole(hole) => self.expr_or_missing(hole.expr(), hole.syntax().text_range()),
            });
        }
        self.alloc(Expr::Interpolation(parts), range)
    }

    fn map(&mut self, map: &ast::MapExpr, range: TextRange) -> ExprId {
        let mut entries = Vec::new();
        for entry in map.entries() {
            let key = self.expr_or_missing(entry.key(), range);
            entries.push((key, self.expr_or_missing(entry.value(), range)));
        }
        self.alloc(Expr::Map(entries), range)
    }

    fn args(&mut self, args: impl Iterator<Item = ast::Arg>) -> Vec<Arg> {
        args.map(|arg| Arg {
            name: arg.name().map(|name| name.text().into()),
            value: self.expr_or_missing(arg.expr(), arg.syntax().text_range()),
        })
        .collect()
    }

    /// The callee as written, where a name means the local of that arity.
    fn callee(&mut self, callee: Option<ast::Expr>, args: usize, range: TextRange) -> ExprId {
        match callee {
            Some(ast::Expr::Name(name)) => {
                let range = name.syntax().text_range();
                let Some(token) = name.name() else { return self.alloc(Expr::Missing, range) };
                let expr = match self.lookup_callee(token.text(), args) {
                    Some(local) => Expr::Local(self.touch(local)),
                    None => Expr::Name(token.text().into()),
                };
                self.alloc(expr, range)
            }
            callee => self.expr_or_missing(callee, range),
        }
    }

    /// A call; `piped` is the left side of `|>`, which becomes the first argument.
    fn call(&mut self, call: &ast::CallExpr, piped: Option<Arg>, range: TextRange) -> ExprId {
        let callee = call.callee();
        if let Some(type_args) = call.type_args()
            && let Some(indexed) = self.index_before_call(callee.as_ref(), &type_args)
        {
            let args = piped.into_iter().chain(self.args(call.args())).collect();
            return self.alloc(Expr::Call { callee: indexed, type_args: Vec::new(), args }, range);
        }
        let type_args = |this: &mut Self| -> Vec<TypeId> {
            call.type_args().iter().flat_map(|args| args.types()).map(|ty| this.ty(&ty)).collect()
        };
        // `x.m[T](a)`
        if let Some(ast::Expr::Field(field)) = &callee
            && let Some(name) = field.name()
        {
            let receiver = self.expr_or_missing(field.receiver(), range);
            let type_args = type_args(self);
            let args = piped.into_iter().chain(self.args(call.args())).collect();
            return self.alloc(Expr::MethodCall { receiver, name: name.text().into(), type_args, args }, range);
        }
        let count = call.args().count() + usize::from(piped.is_some());
        let callee = self.callee(callee, count, range);
        let type_args = type_args(self);
        let args = piped.into_iter().chain(self.args(call.args())).collect();
        self.alloc(Expr::Call { callee, type_args, args }, range)
    }

    /// `fs[i](x)` reads as a type argument; where `fs` is a local value and `i` a local, it is an index.
    fn index_before_call(&mut self, callee: Option<&ast::Expr>, type_args: &ast::TypeArgs) -> Option<ExprId> {
        let Some(ast::Expr::Name(name)) = callee else { return None };
        let token = name.name()?;
        if self.is_local_function(token.text()) {
            return None;
        }
        self.lookup(token.text())?;
        let mut types = type_args.types();
        let (Some(ast::Type::Named(index)), None) = (types.next(), types.next()) else { return None };
        let mut segments = index.segments();
        let (Some(segment), None, None) = (segments.next(), segments.next(), index.type_args()) else { return None };
        self.lookup(segment.text())?;
        let range = name.syntax().text_range().cover(type_args.syntax().text_range());
        let base = self.name(Some(token), name.syntax().text_range());
        let index = self.name(Some(segment), index.syntax().text_range());
        Some(self.alloc(Expr::Index { base, index }, range))
    }

    fn method_call(&mut self, call: &ast::MethodCall, piped: Option<Arg>, range: TextRange) -> ExprId {
        let receiver = self.expr_or_missing(call.receiver(), range);
        let args = piped.into_iter().chain(self.args(call.args())).collect();
        let Some(name) = call.name() else { return self.alloc(Expr::Missing, range) };
        self.alloc(Expr::MethodCall { receiver, name: name.text().into(), type_args: Vec::new(), args }, range)
    }

    fn field(&mut self, field: &ast::FieldExpr, range: TextRange) -> ExprId {
        let base = self.expr_or_missing(field.receiver(), range);
        let expr = match field.name().or_else(|| field.index()) {
            Some(name) => Expr::Field { base, name: name.text().into() },
            // The parser has reported the missing name; the base still counts.
            None => Expr::Missing,
        };
        self.alloc(expr, range)
    }

    fn construct(&mut self, construct: &ast::ConstructExpr, piped: Option<Arg>, range: TextRange) -> ExprId {
        let args = piped.into_iter().chain(self.args(construct.args())).collect();
        let Some(name) = construct.name() else { return self.alloc(Expr::Missing, range) };
        let path = match construct.base() {
            None => Some(name.text().into()),
            Some(base) => module_path(&base).map(|base| Name::from(format!("{base}.{}", name.text()))),
        };
        match path {
            Some(path) => self.alloc(Expr::Construct { path, args }, range),
            None => {
                let id = self.alloc(Expr::Missing, range);
                self.report(expr_anchor(id), errors::not_a_module_path);
                id
            }
        }
    }

    fn index_parts(&mut self, index: &ast::IndexExpr) -> (ExprId, ExprId) {
        let range = index.syntax().text_range();
        let base = self.expr_or_missing(index.base(), range);
        let indices = self.exprs(index.indices());
        match indices.as_slice() {
            [single] => (base, *single),
            many => {
                let missing = self.alloc(Expr::Missing, range);
                self.report(expr_anchor(missing), |place| errors::index_count(place, many.len()));
                (base, missing)
            }
        }
    }

    fn prefix(&mut self, prefix: &ast::PrefixExpr, range: TextRange) -> ExprId {
        let operand = self.expr_or_missing(prefix.expr(), range);
        let op = match prefix.op() {
            Some(ast::PrefixOp::Neg) => UnaryOp::Neg,
            Some(ast::PrefixOp::Not) => UnaryOp::Not,
            None => return operand,
        };
        self.alloc(Expr::Unary { op, operand }, range)
    }

    fn binary(&mut self, bin: &ast::BinExpr, range: TextRange) -> ExprId {
        if bin.op() == Some(ast::BinOp::Pipe) {
            return self.pipe(bin, range);
        }
        let left = self.expr_or_missing(bin.lhs(), range);
        let right = self.expr_or_missing(bin.rhs(), range);
        let op = match bin.op() {
            Some(ast::BinOp::And) => return self.alloc(Expr::And(left, right), range),
            Some(ast::BinOp::Or) => return self.alloc(Expr::Or(left, right), range),
            Some(ast::BinOp::Cons) => {
                return self.alloc(Expr::List { items: vec![left], tail: Some(right) }, range);
            }
            Some(ast::BinOp::Send) => return self.alloc(Expr::Send { pid: left, message: right }, range),
            Some(ast::BinOp::Pow) => BinaryOp::Pow,
            Some(ast::BinOp::Mul) => BinaryOp::Mul,
            Some(ast::BinOp::Div) => BinaryOp::Div,
            Some(ast::BinOp::Rem) => BinaryOp::Rem,
            Some(ast::BinOp::Add) => BinaryOp::Add,
            Some(ast::BinOp::Sub) => BinaryOp::Sub,
            Some(ast::BinOp::Concat) => BinaryOp::Concat,
            Some(ast::BinOp::Eq) => BinaryOp::Eq,
            Some(ast::BinOp::Ne) => BinaryOp::Ne,
            Some(ast::BinOp::Lt) => BinaryOp::Lt,
            Some(ast::BinOp::Gt) => BinaryOp::Gt,
            Some(ast::BinOp::Le) => BinaryOp::Le,
            Some(ast::BinOp::Ge) => BinaryOp::Ge,
            Some(ast::BinOp::Pipe) | None => return self.alloc(Expr::Missing, range),
        };
        self.alloc(Expr::Binary { op, left, right }, range)
    }

    /// `x |> f(a)` is `f(x, a)`; `x |> f` is `f(x)`.
    fn pipe(&mut self, bin: &ast::BinExpr, range: TextRange) -> ExprId {
        let left = Arg { name: None, value: self.expr_or_missing(bin.lhs(), range) };
        let mut right = bin.rhs();
        while let Some(ast::Expr::Paren(paren)) = &right
            && !matches!(paren.expr(), Some(ast::Expr::Call(_) | ast::Expr::MethodCall(_) | ast::Expr::Construct(_)))
        {
            right = paren.expr();
        }
        match right {
            Some(ast::Expr::Call(call)) => self.call(&call, Some(left), range),
            Some(ast::Expr::MethodCall(call)) => self.method_call(&call, Some(left), range),
            Some(ast::Expr::Construct(construct)) => self.construct(&construct, Some(left), range),
            Some(ast::Expr::Con(con)) => {
                let expr = con
                    .name()
                    .map_or(Expr::Missing, |name| Expr::Construct { path: name.text().into(), args: vec![left] });
                self.alloc(expr, range)
            }
            Some(ast::Expr::Field(field)) if field.name().is_some() => {
                let receiver = self.expr_or_missing(field.receiver(), range);
                let name = field.name().map(|name| Name::from(name.text())).unwrap_or_default();
                self.alloc(Expr::MethodCall { receiver, name, type_args: Vec::new(), args: vec![left] }, range)
            }
            right => {
                let callee = self.callee(right, 1, range);
                self.alloc(Expr::Call { callee, type_args: Vec::new(), args: vec![left] }, range)
            }
        }
    }

    fn arms(&mut self, arms: impl Iterator<Item = ast::MatchArm>) -> Vec<Arm> {
        arms.map(|arm| {
            let range = arm.syntax().text_range();
            let mark = self.scope.len();
            let pat = match arm.pattern() {
                Some(pattern) => self.root_pat(&pattern, Mode::Arm),
                None => self.alloc_pat(Pat::Missing, range),
            };
            let guard = arm.guard().map(|guard| self.expr_or_missing(guard.expr(), guard.syntax().text_range()));
            let body = match arm.body() {
                Some(body) => self.stmt_as_expr(&body),
                None => self.alloc(Expr::Missing, range),
            };
            self.leave(mark);
            Arm { pat, guard, body }
        })
        .collect()
    }

    fn attempt(&mut self, attempt: &ast::TryExpr, range: TextRange) -> ExprId {
        let body = self.expr_or_missing(attempt.body(), range);
        let arms = attempt.catch().map(|clause| self.arms(clause.arms())).unwrap_or_default();
        let finally = attempt.finally().map(|clause| self.expr_or_missing(clause.expr(), range));
        self.alloc(Expr::Try { body, arms, finally }, range)
    }

    fn for_loop(&mut self, repeat: &ast::ForExpr, range: TextRange) -> ExprId {
        let from = self.expr_or_missing(repeat.start(), range);
        let until = self.expr_or_missing(repeat.end(), range);
        let mark = self.scope.len();
        let name = repeat.name().map(|name| Name::from(name.text())).unwrap_or_default();
        let var = self.new_local(name, false);
        self.declare(var, None);
        let body = self.expr_or_missing(repeat.body(), range);
        self.leave(mark);
        self.alloc(Expr::For { var, from, until, body }, range)
    }

    /// The body of a spawn is always a lambda without parameters: a written one as it is; a name or member is the
    /// function to call; anything else is evaluated by the new process.
    fn spawn(&mut self, spawn: &ast::SpawnExpr, range: TextRange) -> ExprId {
        let kind = match spawn.kind() {
            ast::SpawnKind::Plain => SpawnKind::Plain,
            ast::SpawnKind::Link => SpawnKind::Link,
            ast::SpawnKind::Monitor => SpawnKind::Monitor,
        };
        let mut inner = spawn.expr();
        while let Some(ast::Expr::Paren(paren)) = &inner {
            inner = paren.expr();
        }
        let body = match inner {
            Some(ast::Expr::Lambda(lambda)) if lambda.params().next().is_none() => self.lambda(&lambda, None),
            Some(ast::Expr::Name(name)) => self.function_value(range, None, |this| {
                let callee = this.callee(Some(ast::Expr::Name(name)), 0, range);
                let call = Expr::Call { callee, type_args: Vec::new(), args: Vec::new() };
                (Vec::new(), None, this.alloc(call, range))
            }),
            Some(ast::Expr::Field(field)) if field.name().is_some() => self.function_value(range, None, |this| {
                let receiver = this.expr_or_missing(field.receiver(), range);
                let name = field.name().map(|name| Name::from(name.text())).unwrap_or_default();
                let call = Expr::MethodCall { receiver, name, type_args: Vec::new(), args: Vec::new() };
                (Vec::new(), None, this.alloc(call, range))
            }),
            inner => self.function_value(range, None, |this| (Vec::new(), None, this.expr_or_missing(inner, range))),
        };
        self.alloc(Expr::Spawn { kind, body }, range)
    }

    fn lambda(&mut self, lambda: &ast::Lambda, name: Option<LocalId>) -> ExprId {
        let range = lambda.syntax().text_range();
        self.function_value(range, name, |this| {
            let params = this.params(lambda.params());
            let result = this.ret_type(lambda.ret_type());
            (params, result, this.expr_or_missing(lambda.body(), range))
        })
    }

    fn function_value(
        &mut self,
        range: TextRange,
        name: Option<LocalId>,
        parts: impl FnOnce(&mut Self) -> (Vec<Param>, Option<TypeId>, ExprId),
    ) -> ExprId {
        // The number is needed before the body: locals of the body say whose they are.
        let id = self.alloc(Expr::Missing, range);
        let outer = self.owner.replace(id);
        let pattern = std::mem::take(&mut self.pattern);
        let alternatives = std::mem::take(&mut self.alternatives);
        let mark = self.scope.len();
        let (params, result, body) = parts(self);
        self.leave(mark);
        self.alternatives = alternatives;
        self.pattern = pattern;
        self.owner = outer;
        self.body.exprs[id] = Expr::Lambda(Lambda { params, result, body, name });
        id
    }

    // ---- Statements ----

    fn block(&mut self, statements: impl Iterator<Item = ast::Stmt>, range: TextRange) -> ExprId {
        let statements: Vec<ast::Stmt> = statements.collect();
        let mark = self.scope.len();
        let mut ahead: FxHashMap<usize, Ahead> = FxHashMap::default();
        // Statements that were lowered as further clauses of an earlier local function.
        let mut merged: Vec<usize> = Vec::new();
        let mut declared_functions = false;
        let mut run_end = 0;
        let mut stmts = Vec::new();
        let mut tail = None;
        for (n, statement) in statements.iter().enumerate() {
            let is_function = local_function(statement).is_some();
            if is_function && !declared_functions {
                declared_functions = true;
                self.declare_functions(&statements, n, &mut ahead, &mut merged);
            }
            if n >= run_end && (is_function || bound_lambda(statement).is_some()) {
                run_end = self.declare_lambdas(&statements, n, &mut ahead);
            }
            if merged.binary_search(&n).is_ok() {
                continue;
            }
            match (statement, ahead.remove(&n)) {
                (ast::Stmt::Expr(expr), _) if n + 1 == statements.len() => tail = Some(self.expr(expr)),
                (statement, Some(ahead)) => self.bind_ahead(&statements, statement, &ahead, &mut stmts),
                (statement, None) => self.stmt(statement, &mut stmts),
            }
        }
        self.leave(mark);
        self.alloc(Expr::Block { stmts, tail }, range)
    }

    /// Declares all local functions of the block from the first one on, so that they may call each other. Statements
    /// with one name and number of parameters are clauses of one function.
    fn declare_functions(
        &mut self,
        statements: &[ast::Stmt],
        from: usize,
        ahead: &mut FxHashMap<usize, Ahead>,
        merged: &mut Vec<usize>,
    ) {
        let mut first: FxHashMap<(Name, usize), usize> = FxHashMap::default();
        for (n, statement) in statements.iter().enumerate().skip(from) {
            let Some((name, call)) = local_function(statement) else { continue };
            let greatest = call.args().count();
            if let Some(&leader) = first.get(&(name.clone(), greatest))
                && let Some(leader) = ahead.get_mut(&leader)
            {
                leader.clauses.push(n);
                merged.push(n);
                continue;
            }
            if self.lookup(&name).is_some_and(|_| !self.is_local_function(&name)) {
                // Reported when the statement is reached.
                continue;
            }
            let least = greatest - call.args().filter(has_default).count();
            let local = self.new_local(name.clone(), false);
            self.declare(local, Some((least, greatest)));
            first.insert((name, greatest), n);
            self.unbound.insert(local);
            ahead.insert(n, Ahead { local, clauses: vec![n] });
        }
    }

    /// Declares the new names of a run of bindings of lambdas, so that they may call each other. Returns its end.
    fn declare_lambdas(&mut self, statements: &[ast::Stmt], from: usize, ahead: &mut FxHashMap<usize, Ahead>) -> usize {
        let mut n = from;
        while let Some(statement) = statements.get(n) {
            if let Some((name, _)) = bound_lambda(statement) {
                if self.lookup(&name).is_none() && !self.is_mvar(&name) {
                    let local = self.new_local(name, false);
                    self.declare(local, None);
                    self.unbound.insert(local);
                    ahead.insert(n, Ahead { local, clauses: vec![n] });
                }
            } else if local_function(statement).is_none() {
                break;
            }
            n += 1;
        }
        n
    }

    /// The binding of a local function or lambda whose name is declared already.
    fn bind_ahead(&mut self, statements: &[ast::Stmt], statement: &ast::Stmt, ahead: &Ahead, stmts: &mut Vec<Stmt>) {
        let range = statement.syntax().text_range();
        self.unbound.remove(&ahead.local);
        let value = if let Some((_, lambda)) = bound_lambda(statement) {
            self.lambda(&lambda, Some(ahead.local))
        } else if let [_] = ahead.clauses.as_slice() {
            self.local_function(statement, ahead.local, range)
        } else {
            self.merged_function(statements, ahead, range)
        };
        let name_range = bind_target(statement).map_or(range, |target| match &target {
            ast::Expr::Call(call) => call.callee().map_or(range, |callee| callee.syntax().text_range()),
            target => target.syntax().text_range(),
        });
        let pat = self.alloc_pat(Pat::Bind(ahead.local), name_range);
        let ty = match statement {
            ast::Stmt::Let(binding) => binding.ty().map(|ty| self.ty(&ty)),
            _ => None,
        };
        stmts.push(Stmt::Let { pat, ty, value });
    }

    /// `f(a, b: T) -> R = e` as a lambda.
    fn local_function(&mut self, statement: &ast::Stmt, local: LocalId, range: TextRange) -> ExprId {
        let (Some((_, call)), ast::Stmt::Bind(bind)) = (local_function(statement), statement) else {
            return self.alloc(Expr::Missing, range);
        };
        self.function_value(range, Some(local), |this| {
            let params = call.args().map(|arg| this.local_param(&arg)).collect();
            let result = this.ret_type(bind.ret_type());
            (params, result, this.expr_or_missing(bind.value(), range))
        })
    }

    /// A parameter of a local function, which the grammar reads as an argument.
    fn local_param(&mut self, arg: &ast::Arg) -> Param {
        let range = arg.syntax().text_range();
        let Some(name) = arg.name() else {
            let pat = match arg.expr() {
                Some(expr) => self.pat_of_expr(&expr, Mode::Param),
                None => self.alloc_pat(Pat::Missing, range),
            };
            return Param { pat, ty: None, default: None };
        };
        let mut ty = None;
        let mut default = None;
        if let Some(expr) = arg.expr() {
            match type_of_expr(&expr).filter(|_| arg.has_colon()) {
                Some(written) => ty = Some(self.alloc_type(written, expr.syntax().text_range())),
                None => default = Some(self.expr(&expr)),
            }
        }
        let pat = self.bind_name(&name, Mode::Param);
        let pat = self.alloc_pat(pat, name.text_range());
        Param { pat, ty, default }
    }

    /// Several clauses of one local function: a lambda that matches its parameters.
    fn merged_function(&mut self, statements: &[ast::Stmt], ahead: &Ahead, range: TextRange) -> ExprId {
        let clauses: Vec<(ast::CallExpr, &ast::BindStmt)> = ahead
            .clauses
            .iter()
            .filter_map(|&n| match (local_function(&statements[n]), &statements[n]) {
                (Some((_, call)), ast::Stmt::Bind(bind)) => Some((call, bind)),
                _ => None,
            })
            .collect();
        let arity = clauses.first().map_or(0, |(call, _)| call.args().count());
        self.function_value(range, Some(ahead.local), |this| {
            let mut params = Vec::new();
            let mut scrutinees = Vec::new();
            for _ in 0..arity {
                // Nobody can write this name, so the clauses cannot mean it.
                let local = this.new_local(Name::default(), false);
                let pat = this.alloc_pat(Pat::Bind(local), range);
                params.push(Param { pat, ty: None, default: None });
                scrutinees.push(this.alloc(Expr::Local(local), range));
            }
            let mut arms = Vec::new();
            let mut result = None;
            for (call, bind) in &clauses {
                let mark = this.scope.len();
                let outer = std::mem::take(&mut this.pattern);
                let mut pats = Vec::new();
                for (n, arg) in call.args().enumerate() {
                    let param = this.local_param(&arg);
                    pats.push(param.pat);
                    params[n].ty = params[n].ty.or(param.ty);
                    params[n].default = params[n].default.or(param.default);
                }
                this.pattern = outer;
                result = result.or_else(|| this.ret_type(bind.ret_type()));
                let range = bind.syntax().text_range();
                let pat = match pats.as_slice() {
                    [single] => *single,
                    _ => this.alloc_pat(Pat::Tuple(pats), call.syntax().text_range()),
                };
                let body = this.expr_or_missing(bind.value(), range);
                this.leave(mark);
                arms.push(Arm { pat, guard: None, body });
            }
            let scrutinee = match scrutinees.as_slice() {
                [single] => *single,
                [] => this.alloc(Expr::Literal(Literal::Unit), range),
                _ => this.alloc(Expr::Tuple(scrutinees), range),
            };
            (params, result, this.alloc(Expr::Match { scrutinee, arms }, range))
        })
    }

    fn stmt(&mut self, statement: &ast::Stmt, stmts: &mut Vec<Stmt>) {
        match statement {
            ast::Stmt::Expr(expr) => {
                let expr = self.expr(expr);
                stmts.push(Stmt::Expr(expr));
            }
            ast::Stmt::Let(binding) => self.let_stmt(binding, stmts),
            ast::Stmt::Bind(bind) => {
                let value = bind.value();
                let range = bind.syntax().text_range();
                let else_parts: Vec<ast::ElsePart> = bind.else_parts().collect();
                match bind.target() {
                    Some(target) => {
                        self.bind_stmt(target, bind.ret_type(), value, &else_parts, range, stmts, Some(statement));
                    }
                    None => {
                        let value = self.expr_or_missing(value, range);
                        stmts.push(Stmt::Expr(value));
                    }
                }
            }
        }
    }

    fn let_stmt(&mut self, binding: &ast::LetStmt, stmts: &mut Vec<Stmt>) {
        let range = binding.syntax().text_range();
        let mode = if binding.is_var() { Mode::Var } else { Mode::Let };
        if let Some(ast::Pattern::Name(pattern)) = binding.pattern()
            && let Some(name) = pattern.name()
        {
            self.bind_plain(&name, mode, binding.ty(), binding.value(), range, stmts);
            return;
        }
        let value = self.expr_or_missing(binding.value(), range);
        let ty = binding.ty().map(|ty| self.ty(&ty));
        let pat = match binding.pattern() {
            Some(pattern) => self.root_pat(&pattern, mode),
            None => self.alloc_pat(Pat::Missing, range),
        };
        self.finish_let(pat, ty, value, range, stmts);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement, which else-branches take apart")]
    fn bind_stmt(
        &mut self,
        target: ast::Expr,
        ret_type: Option<ast::RetType>,
        value: Option<ast::Expr>,
        else_parts: &[ast::ElsePart],
        range: TextRange,
        stmts: &mut Vec<Stmt>,
        whole: Option<&ast::Stmt>,
    ) {
        match target.bind_target() {
            BindTarget::Pattern(ast::Expr::Name(name)) => match name.name() {
                Some(name) => self.bind_plain(&name, Mode::Let, None, value, range, stmts),
                None => {
                    let value = self.expr_or_missing(value, range);
                    stmts.push(Stmt::Expr(value));
                }
            },
            BindTarget::Pattern(pattern) => {
                let value = self.expr_or_missing(value, range);
                let outer = std::mem::take(&mut self.pattern);
                let pat = self.pat_of_expr(&pattern, Mode::Let);
                self.pattern = outer;
                self.finish_let(pat, None, value, range, stmts);
            }
            BindTarget::Field(field) => {
                let value = self.expr_or_missing(value, range);
                let base = self.expr_or_missing(field.receiver(), range);
                stmts.push(match field.name().or_else(|| field.index()) {
                    Some(name) => Stmt::AssignField { base, name: name.text().into(), value },
                    None => Stmt::Expr(value),
                });
            }
            BindTarget::Index(index) => {
                let value = self.expr_or_missing(value, range);
                let (base, index) = self.index_parts(&index);
                // Persistent containers are replaced, so the variable at the root gets a new value.
                let mut root = base;
                while let Expr::Index { base, .. } | Expr::Field { base, .. } = &self.body.exprs[root] {
                    root = *base;
                }
                if let Expr::Local(local) = self.body.exprs[root] {
                    self.assign(local);
                }
                stmts.push(Stmt::AssignIndex { base, index, value });
            }
            BindTarget::Conditional(conditional) => {
                let expr = self.conditional(&conditional, value, else_parts, range);
                stmts.push(Stmt::Expr(expr));
            }
            BindTarget::Function(call) => self.late_function(&call, ret_type, value, whole, range, stmts),
            // The parser has reported it.
            BindTarget::Invalid(_) => {
                let value = self.expr_or_missing(value, range);
                stmts.push(Stmt::Expr(value));
            }
        }
    }

    /// A local function that is not declared ahead: in a branch or arm, or under a name that is taken.
    fn late_function(
        &mut self,
        call: &ast::CallExpr,
        ret_type: Option<ast::RetType>,
        value: Option<ast::Expr>,
        whole: Option<&ast::Stmt>,
        range: TextRange,
        stmts: &mut Vec<Stmt>,
    ) {
        let Some(ast::Expr::Name(name)) = call.callee() else { return };
        let Some(token) = name.name() else { return };
        let taken = self.lookup(token.text()).is_some() && !self.is_local_function(token.text());
        let count = call.args().count();
        let least = count - call.args().filter(has_default).count();
        let local = self.new_local(token.text().into(), false);
        self.declare(local, Some((least, count)));
        let lambda = match whole {
            Some(statement) => self.local_function(statement, local, range),
            None => self.function_value(range, Some(local), |this| {
                let params = call.args().map(|arg| this.local_param(&arg)).collect();
                let result = this.ret_type(ret_type);
                (params, result, this.expr_or_missing(value, range))
            }),
        };
        let pat = self.alloc_pat(Pat::Bind(local), token.text_range());
        if taken {
            self.report(pat_anchor(pat), |place| errors::reassigned(place, token.text()));
        }
        stmts.push(Stmt::Let { pat, ty: None, value: lambda });
    }

    /// `if c then L = e else …`: the assignment belongs into the branch.
    fn conditional(
        &mut self,
        conditional: &ast::IfExpr,
        value: Option<ast::Expr>,
        else_parts: &[ast::ElsePart],
        range: TextRange,
    ) -> ExprId {
        let condition = self.expr_or_missing(conditional.condition(), range);
        let then = match conditional.then_branch() {
            Some(target) => self.assignment_as_expr(target, value, &[], range),
            None => self.alloc(Expr::Missing, range),
        };
        let otherwise = else_parts.split_first().map(|(part, rest)| {
            let range = part.syntax().text_range();
            match (part.expr(), part.value()) {
                (Some(target), Some(value)) => self.assignment_as_expr(target, Some(value), rest, range),
                (expr, _) => self.expr_or_missing(expr, range),
            }
        });
        self.alloc(Expr::If { condition, then, otherwise }, range)
    }

    fn assignment_as_expr(
        &mut self,
        target: ast::Expr,
        value: Option<ast::Expr>,
        else_parts: &[ast::ElsePart],
        range: TextRange,
    ) -> ExprId {
        self.scoped_stmts(range, |this, stmts| {
            this.bind_stmt(target, None, value, else_parts, range, stmts, None);
        })
    }

    fn stmt_as_expr(&mut self, statement: &ast::Stmt) -> ExprId {
        match statement {
            ast::Stmt::Expr(expr) => self.expr(expr),
            statement => self.scoped_stmts(statement.syntax().text_range(), |this, stmts| this.stmt(statement, stmts)),
        }
    }

    /// Statements in a scope of their own, as one expression of type `()`.
    fn scoped_stmts(&mut self, range: TextRange, lower: impl FnOnce(&mut Self, &mut Vec<Stmt>)) -> ExprId {
        let mark = self.scope.len();
        let mut stmts = Vec::new();
        lower(self, &mut stmts);
        self.leave(mark);
        let expr = match stmts.pop() {
            Some(Stmt::Expr(expr)) if stmts.is_empty() => return expr,
            Some(single) if stmts.is_empty() && !matches!(single, Stmt::Let { .. }) => Expr::Assign(Box::new(single)),
            last => {
                stmts.extend(last);
                Expr::Block { stmts, tail: None }
            }
        };
        self.alloc(expr, range)
    }

    /// `x = e`, `x: T = e`, `var x = e`.
    fn bind_plain(
        &mut self,
        name: &SyntaxToken,
        mode: Mode,
        ty: Option<ast::Type>,
        value: Option<ast::Expr>,
        range: TextRange,
        stmts: &mut Vec<Stmt>,
    ) {
        let existing = if mode == Mode::Let { self.lookup(name.text()) } else { None };
        if let Some(local) = existing.filter(|&local| self.body.locals[local].mutable) {
            let value = self.expr_or_missing(value, range);
            self.assign(local);
            stmts.push(match ty {
                Some(ty) => {
                    let ty = Some(self.ty(&ty));
                    let pat = self.alloc_pat(Pat::Assign(local), name.text_range());
                    Stmt::Let { pat, ty, value }
                }
                None => Stmt::AssignLocal { local, value },
            });
            return;
        }
        if existing.is_none() && mode == Mode::Let && self.is_mvar(name.text()) {
            let value = self.expr_or_missing(value, range);
            stmts.push(Stmt::AssignMvar { name: name.text().into(), value });
            return;
        }
        let local = self.new_local(name.text().into(), mode == Mode::Var);
        let value = match lambda_of(value.as_ref()) {
            // A lambda may call itself by the name it is bound to.
            Some(lambda) => {
                self.declare(local, None);
                self.lambda(&lambda, Some(local))
            }
            None => {
                let value = self.expr_or_missing(value, range);
                self.declare(local, None);
                value
            }
        };
        let ty = ty.map(|ty| self.ty(&ty));
        let pat = self.alloc_pat(Pat::Bind(local), name.text_range());
        if existing.is_some() {
            self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
        }
        stmts.push(Stmt::Let { pat, ty, value });
    }

    /// Adds a destructuring and the assignments of the mvars that occur in it.
    fn finish_let(&mut self, pat: PatId, ty: Option<TypeId>, value: ExprId, range: TextRange, stmts: &mut Vec<Stmt>) {
        stmts.push(Stmt::Let { pat, ty, value });
        for (name, local) in std::mem::take(&mut self.pending) {
            let value = self.alloc(Expr::Local(local), range);
            stmts.push(Stmt::AssignMvar { name, value });
        }
    }

    // ---- Patterns ----

    /// A whole pattern of its own.
    fn root_pat(&mut self, pattern: &ast::Pattern, mode: Mode) -> PatId {
        let outer = std::mem::take(&mut self.pattern);
        let pat = self.pat(pattern, mode);
        self.pattern = outer;
        pat
    }

    fn pats(&mut self, patterns: impl Iterator<Item = ast::Pattern>, mode: Mode) -> Vec<PatId> {
        patterns.map(|pattern| self.pat(&pattern, mode)).collect()
    }

    fn pat_or_missing(&mut self, pattern: Option<ast::Pattern>, mode: Mode, range: TextRange) -> PatId {
        match pattern {
            Some(pattern) => self.pat(&pattern, mode),
            None => self.alloc_pat(Pat::Missing, range),
        }
    }

    fn pat(&mut self, pattern: &ast::Pattern, mode: Mode) -> PatId {
        let range = pattern.syntax().text_range();
        let pat = match pattern {
            ast::Pattern::Wildcard(_) => Pat::Wild,
            ast::Pattern::Literal(literal) => collect::literal(literal.value()).map_or(Pat::Missing, Pat::Literal),
            ast::Pattern::Range(bounds) => match (bounds.start(), bounds.end()) {
                (Some(from), Some(to)) => Pat::Range { from, to, inclusive: bounds.is_inclusive() },
                _ => Pat::Missing,
            },
            ast::Pattern::Unit(_) => Pat::Literal(Literal::Unit),
            ast::Pattern::Paren(paren) => return self.pat_or_missing(paren.pattern(), mode, range),
            ast::Pattern::Tuple(tuple) => Pat::Tuple(self.pats(tuple.patterns(), mode)),
            ast::Pattern::List(list) => self.list_pat(list, mode),
            ast::Pattern::Record(record) => Pat::Record(self.field_pats(record.field_list(), mode)),
            ast::Pattern::Con(con) => self.con_pat(con, mode),
            ast::Pattern::Map(map) => {
                let mut entries = Vec::new();
                for entry in map.entries() {
                    let key = self.pat_or_missing(entry.key(), mode, range);
                    entries.push((key, self.pat_or_missing(entry.value(), mode, range)));
                }
                Pat::Map(entries)
            }
            ast::Pattern::Set(set) => Pat::Set(self.pats(set.patterns(), mode)),
            ast::Pattern::Pin(pin) => match pin.name() {
                Some(name) => match self.lookup(name.text()) {
                    Some(local) => Pat::Equal(self.touch(local)),
                    None => Pat::EqualName(name.text().into()),
                },
                None => Pat::Missing,
            },
            ast::Pattern::Name(pattern) => match pattern.name() {
                Some(name) => {
                    let taken = mode == Mode::Let && self.is_taken(name.text());
                    let pat = self.bind_name(&name, mode);
                    let pat = self.alloc_pat(pat, range);
                    if taken {
                        self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
                    }
                    return pat;
                }
                None => Pat::Missing,
            },
            ast::Pattern::Or(or) => return self.or_pat(or, mode, range),
            ast::Pattern::Error(_) => Pat::Missing,
        };
        self.alloc_pat(pat, range)
    }

    fn list_pat(&mut self, list: &ast::ListPat, mode: Mode) -> Pat {
        let items = self.pats(list.patterns(), mode);
        let rest = list.tail().map(|tail| self.pat(&tail, mode));
        self.list_or_prefix(items, rest)
    }

    /// A list pattern; with string literals only and a rest it may be a prefix of a string.
    fn list_or_prefix(&mut self, items: Vec<PatId>, rest: Option<PatId>) -> Pat {
        let prefix: Option<Vec<Name>> = items
            .iter()
            .map(|&item| match &self.body.pats[item] {
                Pat::Literal(Literal::String(text)) => Some(text.clone()),
                _ => None,
            })
            .collect();
        match (prefix, rest) {
            (Some(prefix), Some(rest)) if !prefix.is_empty() => Pat::StringPrefix { prefix, items, rest },
            (_, rest) => Pat::List { items, rest },
        }
    }

    fn field_pats(&mut self, list: Option<ast::FieldPatList>, mode: Mode) -> Vec<(Name, PatId)> {
        let fields: Vec<ast::FieldPat> = list.iter().flat_map(|list| list.fields()).collect();
        fields.iter().filter_map(|field| self.field_pat(field, mode)).collect()
    }

    fn field_pat(&mut self, field: &ast::FieldPat, mode: Mode) -> Option<(Name, PatId)> {
        let name = field.name()?;
        let pat = match field.pattern() {
            Some(pattern) => self.pat(&pattern, mode),
            None => {
                let taken = mode == Mode::Let && self.is_taken(name.text());
                let pat = self.bind_name(&name, mode);
                let pat = self.alloc_pat(pat, name.text_range());
                if taken {
                    self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
                }
                pat
            }
        };
        Some((name.text().into(), pat))
    }

    fn con_pat(&mut self, con: &ast::ConPat, mode: Mode) -> Pat {
        let Some(name) = con.name() else { return Pat::Missing };
        let fields = if let Some(list) = con.arg_list() {
            let named: Vec<ast::FieldPat> = list.fields().collect();
            if named.is_empty() {
                PatFields::Positional(self.pats(list.patterns(), mode))
            } else {
                PatFields::Named(named.iter().filter_map(|field| self.field_pat(field, mode)).collect())
            }
        } else if let Some(list) = con.field_list() {
            PatFields::Named(self.field_pats(Some(list), mode))
        } else {
            PatFields::None
        };
        Pat::Constructor { name: name.text().into(), fields }
    }

    /// All alternatives bind the locals of the first one.
    fn or_pat(&mut self, or: &ast::OrPat, mode: Mode, range: TextRange) -> PatId {
        let mut alternatives = or.patterns();
        let start = self.pattern.len();
        let depth = self.alternatives.len();
        let seen_before: Vec<bool> = self.alternatives.iter().map(|name| name.seen).collect();
        let mut pats = Vec::new();
        pats.extend(alternatives.next().map(|first| self.pat(&first, mode)));
        let bound: Vec<LocalId> = self.pattern[start..].to_vec();
        for alternative in alternatives {
            for (name, seen) in self.alternatives.iter_mut().zip(&seen_before) {
                name.seen = *seen;
            }
            for &local in &bound {
                let name = self.body.locals[local].name.clone();
                self.alternatives.push(Alternative { name, local, seen: false });
            }
            let known = self.pattern.len();
            let pat = self.pat(&alternative, mode);
            let extra = self.pattern.get(known).map(|&local| self.body.locals[local].name.clone());
            let missing = self.alternatives[depth..].iter().find(|name| !name.seen).map(|name| name.name.clone());
            if let Some(name) = missing.or(extra) {
                self.report(pat_anchor(pat), |place| errors::alternatives_differ(place, &name));
            }
            self.alternatives.truncate(depth);
            pats.push(pat);
        }
        self.alloc_pat(Pat::Or(pats), range)
    }

    /// Whether a destructuring may not bind this name: it is an immutable local of the same function.
    fn is_taken(&self, name: &str) -> bool {
        !self.is_in_pattern(name)
            && self.lookup(name).is_some_and(|local| {
                let local = &self.body.locals[local];
                !local.mutable && local.owner == self.owner
            })
    }

    fn is_in_pattern(&self, name: &str) -> bool {
        self.alternatives.iter().any(|other| other.name == name)
            || self.pattern.iter().any(|&local| self.body.locals[local].name == name)
    }

    /// What a name in a pattern means; see the table of the module.
    fn bind_name(&mut self, name: &SyntaxToken, mode: Mode) -> Pat {
        let text = name.text();
        if let Some(known) = self.alternatives.iter_mut().rev().find(|other| other.name == text) {
            let again = std::mem::replace(&mut known.seen, true);
            return if again { Pat::Equal(known.local) } else { Pat::Bind(known.local) };
        }
        if let Some(&local) = self.pattern.iter().rev().find(|&&local| self.body.locals[local].name == text) {
            return Pat::Equal(local);
        }
        let existing = self.lookup(text);
        if let Some(local) = existing.filter(|_| !self.is_local_function(text)) {
            let Local { mutable, owner, .. } = self.body.locals[local];
            match mode {
                Mode::Let if mutable => return Pat::Assign(self.assign(local)),
                Mode::Arm if mutable && owner == self.owner => return Pat::Assign(self.assign(local)),
                Mode::Arm if owner == self.owner => return Pat::Equal(local),
                _ => {}
            }
        }
        let local = self.new_local(text.into(), mode == Mode::Var);
        if existing.is_none() && mode == Mode::Let && self.is_mvar(text) {
            // Holds the value until the mvar is assigned; the name itself keeps meaning the mvar.
            self.pending.push((text.into(), local));
        } else {
            self.declare(local, None);
            self.pattern.push(local);
        }
        Pat::Bind(local)
    }

    /// The left side of a plain `=` or a parameter of a local function, read as a pattern.
    fn pat_of_expr(&mut self, expr: &ast::Expr, mode: Mode) -> PatId {
        let range = expr.syntax().text_range();
        let pat = match expr {
            ast::Expr::Wildcard(_) => Pat::Wild,
            ast::Expr::Unit(_) => Pat::Literal(Literal::Unit),
            ast::Expr::Name(name) => match name.name() {
                Some(name) => {
                    let taken = mode == Mode::Let && self.is_taken(name.text());
                    let pat = self.bind_name(&name, mode);
                    let pat = self.alloc_pat(pat, range);
                    if taken {
                        self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
                    }
                    return pat;
                }
                None => Pat::Missing,
            },
            ast::Expr::Con(con) => match con.name() {
                Some(name) => Pat::Constructor { name: name.text().into(), fields: PatFields::None },
                None => Pat::Missing,
            },
            ast::Expr::Literal(literal) => collect::literal(literal.value()).map_or(Pat::Missing, Pat::Literal),
            ast::Expr::Prefix(prefix) => match prefix.expr() {
                Some(ast::Expr::Literal(literal)) => collect::literal(literal.value())
                    .and_then(|literal| collect::negated(&literal))
                    .map_or(Pat::Missing, Pat::Literal),
                _ => Pat::Missing,
            },
            ast::Expr::Paren(paren) => {
                return match paren.expr() {
                    Some(inner) => self.pat_of_expr(&inner, mode),
                    None => self.alloc_pat(Pat::Missing, range),
                };
            }
            ast::Expr::Tuple(tuple) => Pat::Tuple(tuple.exprs().map(|item| self.pat_of_expr(&item, mode)).collect()),
            ast::Expr::List(list) => {
                let items = list.exprs().map(|item| self.pat_of_expr(&item, mode)).collect();
                let rest = list.tail().map(|tail| self.pat_of_expr(&tail, mode));
                self.list_or_prefix(items, rest)
            }
            ast::Expr::Construct(construct) if construct.base().is_none() => {
                let Some(name) = construct.name() else { return self.alloc_pat(Pat::Missing, range) };
                let mut positional = Vec::new();
                let mut named = Vec::new();
                for arg in construct.args() {
                    let pat = match arg.expr() {
                        Some(expr) => self.pat_of_expr(&expr, mode),
                        None => self.alloc_pat(Pat::Missing, range),
                    };
                    match arg.name() {
                        Some(field) => named.push((field.text().into(), pat)),
                        None => positional.push(pat),
                    }
                }
                let fields = if named.is_empty() { PatFields::Positional(positional) } else { PatFields::Named(named) };
                Pat::Constructor { name: name.text().into(), fields }
            }
            ast::Expr::Error(_) => Pat::Missing,
            _ => {
                let pat = self.alloc_pat(Pat::Missing, range);
                self.report(pat_anchor(pat), errors::not_a_pattern);
                return pat;
            }
        };
        self.alloc_pat(pat, range)
    }
}

fn expr_anchor(id: ExprId) -> Anchor {
    Anchor::Expr(id.into_raw().into_u32())
}

fn pat_anchor(id: PatId) -> Anchor {
    Anchor::Pat(id.into_raw().into_u32())
}

fn bind_target(statement: &ast::Stmt) -> Option<ast::Expr> {
    match statement {
        ast::Stmt::Bind(bind) => bind.target(),
        _ => None,
    }
}

/// The name and the head of `f(a, b) = e`.
fn local_function(statement: &ast::Stmt) -> Option<(Name, ast::CallExpr)> {
    match bind_target(statement)?.bind_target() {
        BindTarget::Function(call) => match call.callee() {
            Some(ast::Expr::Name(name)) => Some((name.name()?.text().into(), call)),
            _ => None,
        },
        _ => None,
    }
}

/// The name and the lambda of `f = (a, b) => e`.
fn bound_lambda(statement: &ast::Stmt) -> Option<(Name, ast::Lambda)> {
    let (name, value) = match statement {
        ast::Stmt::Bind(bind) => match bind.target()? {
            ast::Expr::Name(name) => (name.name()?, bind.value()),
            _ => return None,
        },
        ast::Stmt::Let(binding) if !binding.is_var() => match binding.pattern()? {
            ast::Pattern::Name(pattern) => (pattern.name()?, binding.value()),
            _ => return None,
        },
        _ => return None,
    };
    Some((name.text().into(), lambda_of(value.as_ref())?))
}

fn lambda_of(value: Option<&ast::Expr>) -> Option<ast::Lambda> {
    match value? {
        ast::Expr::Lambda(lambda) => Some(lambda.clone()),
        ast::Expr::Paren(paren) => lambda_of(paren.expr().as_ref()),
        _ => None,
    }
}

/// Whether an argument in the head of a local function declares a default value.
fn has_default(arg: &ast::Arg) -> bool {
    arg.name().is_some() && (arg.has_eq() || arg.expr().is_some_and(|expr| type_of_expr(&expr).is_none()))
}

/// Reads an expression as a type, if it looks like one: `Int`, `List[Int]`, `[T]`, `(A, B)`, `()`, a single letter.
fn type_of_expr(expr: &ast::Expr) -> Option<TypeRef> {
    Some(match expr {
        ast::Expr::Con(con) => TypeRef::Named { path: con.name()?.text().into(), args: Vec::new() },
        ast::Expr::Name(name) => {
            let token = name.name()?;
            if token.text().len() != 1 {
                return None;
            }
            TypeRef::Named { path: token.text().into(), args: Vec::new() }
        }
        ast::Expr::Unit(_) => TypeRef::Unit,
        ast::Expr::Paren(paren) => type_of_expr(&paren.expr()?)?,
        ast::Expr::Tuple(tuple) => {
            TypeRef::Tuple(tuple.exprs().map(|item| type_of_expr(&item)).collect::<Option<_>>()?)
        }
        ast::Expr::List(list) if list.tail().is_none() => {
            let mut items = list.exprs();
            match (items.next(), items.next()) {
                (Some(item), None) => TypeRef::List(Box::new(type_of_expr(&item)?)),
                _ => return None,
            }
        }
        ast::Expr::Index(index) => {
            let ast::Expr::Con(con) = index.base()? else { return None };
            let args = index.indices().map(|arg| type_of_expr(&arg)).collect::<Option<_>>()?;
            TypeRef::Named { path: con.name()?.text().into(), args }
        }
        _ => return None,
    })
}

/// `a.b.C` of a chain of names.
fn module_path(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::Name(name) => Some(name.name()?.text().to_owned()),
        ast::Expr::Con(con) => Some(con.name()?.text().to_owned()),
        ast::Expr::Field(field) => Some(format!("{}.{}", module_path(&field.receiver()?)?, field.name()?.text())),
        _ => None,
    }
}

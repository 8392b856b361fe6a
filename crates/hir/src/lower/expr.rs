//! Expressions.

use base_db::Name;
use syntax::{
    Leaf, TextRange, Token, Tree,
    ast::{AstNode, borrowed as ast},
    literal,
};

use super::{Lowering, Mode, expr_anchor};
use crate::{
    body::{Arg, Arm, BinaryOp, Expr, ExprId, Lambda, Literal, LocalId, Param, Pat, SpawnKind, TypeId, UnaryOp},
    collect, errors,
};

impl Lowering<'_> {
    pub(super) fn expr_or_missing(&mut self, expr: Option<ast::Expr>, range: TextRange) -> ExprId {
        match expr {
            Some(expr) => self.expr(&expr),
            None => self.alloc(Expr::Missing, range),
        }
    }

    pub(super) fn exprs<'t>(&mut self, exprs: impl Iterator<Item = ast::Expr<'t>>) -> Vec<ExprId> {
        exprs.map(|expr| self.expr(&expr)).collect()
    }

    pub(super) fn expr(&mut self, expr: &ast::Expr) -> ExprId {
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
                let text =
                    quote.expr().map(|code| Name::from(syntax::text_of(&code.syntax().to_green()))).unwrap_or_default();
                self.alloc(Expr::Quote(text), range)
            }
            ast::Expr::Error(_) => self.alloc(Expr::Missing, range),
        }
    }

    pub(super) fn name(&mut self, name: Option<Token>, range: TextRange) -> ExprId {
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

    pub(super) fn map(&mut self, map: &ast::MapExpr, range: TextRange) -> ExprId {
        let mut entries = Vec::new();
        for entry in map.entries() {
            let key = self.expr_or_missing(entry.key(), range);
            entries.push((key, self.expr_or_missing(entry.value(), range)));
        }
        self.alloc(Expr::Map(entries), range)
    }

    pub(super) fn args<'t>(&mut self, args: impl Iterator<Item = ast::Arg<'t>>) -> Vec<Arg> {
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

    pub(super) fn index_parts(&mut self, index: &ast::IndexExpr) -> (ExprId, ExprId) {
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

    fn arms<'t>(&mut self, arms: impl Iterator<Item = ast::MatchArm<'t>>) -> Vec<Arm> {
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

    pub(super) fn lambda(&mut self, lambda: &ast::Lambda, name: Option<LocalId>) -> ExprId {
        let range = lambda.syntax().text_range();
        self.function_value(range, name, |this| {
            let params = this.params(lambda.params());
            let result = this.ret_type(lambda.ret_type());
            (params, result, this.expr_or_missing(lambda.body(), range))
        })
    }

    pub(super) fn function_value(
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

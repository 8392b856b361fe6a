//! Blocks and statements: bindings, assignments, local functions.

use base_db::Name;
use rustc_hash::FxHashMap;
use syntax::{
    Leaf, TextRange, Token, Tree,
    ast::{
        AstNode,
        borrowed::{self as ast, BindTarget},
    },
};

use super::{Lowering, Mode, pat_anchor};
use crate::{
    body::{Arm, Expr, ExprId, Literal, LocalId, Param, Pat, PatId, Stmt, TypeId},
    errors,
    type_ref::TypeRef,
};

/// A local function or a name bound to a lambda, declared before the statement that defines it is reached.
struct Ahead {
    local: LocalId,
    /// Statements that are further clauses of it.
    clauses: Vec<usize>,
}

impl Lowering<'_> {
    pub(super) fn block<'t>(&mut self, statements: impl Iterator<Item = ast::Stmt<'t>>, range: TextRange) -> ExprId {
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

    pub(super) fn stmt_as_expr(&mut self, statement: &ast::Stmt) -> ExprId {
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
        name: &Token,
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
}

fn bind_target<'t>(statement: &ast::Stmt<'t>) -> Option<ast::Expr<'t>> {
    match statement {
        ast::Stmt::Bind(bind) => bind.target(),
        _ => None,
    }
}

/// The name and the head of `f(a, b) = e`.
fn local_function<'t>(statement: &ast::Stmt<'t>) -> Option<(Name, ast::CallExpr<'t>)> {
    match bind_target(statement)?.bind_target() {
        BindTarget::Function(call) => match call.callee() {
            Some(ast::Expr::Name(name)) => Some((name.name()?.text().into(), call)),
            _ => None,
        },
        _ => None,
    }
}

/// The name and the lambda of `f = (a, b) => e`.
fn bound_lambda<'t>(statement: &ast::Stmt<'t>) -> Option<(Name, ast::Lambda<'t>)> {
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

fn lambda_of<'t>(value: Option<&ast::Expr<'t>>) -> Option<ast::Lambda<'t>> {
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

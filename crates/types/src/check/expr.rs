//! Types of expressions and statements.
//!
//! Input: an expression and, as a hint, the type that its context wants. Output: its type; problems and decisions go
//! into the state. Loops over statements, items and operator chains are loops here too; recursion follows nesting only.

use base_db::Name;
use hir::body::{BinaryOp, Expr, ExprId, Lambda, Literal, Pat, PatId, Stmt, TypeId, UnaryOp};

use super::{Check, LocalFunction, LocalTy, raw};
use crate::{
    infer::{FieldAccess, Resolution},
    report::{self, Draft},
    ty::{Builtin, Constraint, FnTy, TraitRef, Ty},
};

/// The type of a literal.
pub(crate) fn literal_type(literal: &Literal) -> Ty {
    use hir::body::IntWidth;
    Ty::builtin(match literal {
        Literal::Int(_) => Builtin::Int,
        Literal::Sized(_, width) => match width {
            IntWidth::I8 => Builtin::Int8,
            IntWidth::I16 => Builtin::Int16,
            IntWidth::I32 => Builtin::Int32,
            IntWidth::U8 => Builtin::UInt8,
            IntWidth::U16 => Builtin::UInt16,
            IntWidth::U32 => Builtin::UInt32,
            IntWidth::U64 => Builtin::UInt64,
        },
        Literal::BigInt(_) => Builtin::BigInt,
        Literal::Float(_) => Builtin::Float,
        Literal::Float32(_) => Builtin::Float32,
        Literal::Decimal(_) => Builtin::Decimal,
        Literal::Char(_) => Builtin::Char,
        Literal::String(_) => Builtin::String,
        Literal::Bool(_) => Builtin::Bool,
        Literal::Unit => Builtin::Unit,
        Literal::List(items) => {
            return Ty::list(items.first().map_or(Ty::Dyn, literal_type));
        }
    })
}

impl Check<'_, '_> {
    /// Infers `expr` and makes its type equal to `expected`.
    pub(crate) fn check_expr(&mut self, expr: ExprId, expected: &Ty) -> Ty {
        let found = self.infer_expr(expr, Some(expected));
        self.expect(expr, expected, &found);
        found
    }

    /// The type of `expr`.
    pub(crate) fn infer_expr(&mut self, expr: ExprId, hint: Option<&Ty>) -> Ty {
        if !self.enter(expr) {
            return Ty::Error;
        }
        let ty = self.infer_inner(expr, hint);
        self.leave();
        self.cx().expr_types[raw(expr)] = ty.clone();
        ty
    }

    fn infer_inner(&mut self, expr: ExprId, hint: Option<&Ty>) -> Ty {
        let body = self.body();
        match &body.exprs[expr] {
            Expr::Missing => Ty::Error,
            Expr::Literal(literal) => literal_type(literal),
            Expr::Interpolation(parts) => {
                for &part in parts {
                    let ty = self.infer_expr(part, None);
                    self.require_builtin("Show", &ty, part);
                    self.cx().shows.push((part, ty));
                }
                Ty::string()
            }
            Expr::Local(local) => self.local_type(*local, expr),
            Expr::Name(name) => self.infer_name(expr, name, hint),
            Expr::Call { callee, type_args, args } => self.infer_call(expr, *callee, type_args, args, hint),
            Expr::Construct { path, args } => self.infer_construct(expr, path, args, hint),
            Expr::MethodCall { receiver, name, type_args, args } => {
                self.infer_method_call(expr, *receiver, name, type_args, args, hint)
            }
            Expr::Field { base, name } => self.infer_field(expr, *base, name, hint),
            Expr::Index { base, index } => {
                let container = self.infer_expr(*base, None);
                let index_ty = self.infer_expr(*index, None);
                let literal = match &body.exprs[*index] {
                    Expr::Literal(Literal::Int(value)) => u32::try_from(*value).ok(),
                    _ => None,
                };
                let element = self.table.fresh();
                self.table.mark_open_result(&element, true);
                self.require(
                    Constraint::Index { container, index: index_ty, literal, element: element.clone() },
                    expr,
                    true,
                );
                element
            }
            Expr::Unary { op: UnaryOp::Not, operand } => {
                self.check_expr(*operand, &Ty::bool());
                Ty::bool()
            }
            Expr::Unary { op: UnaryOp::Neg, operand } => {
                let ty = self.infer_expr(*operand, hint);
                self.negate(expr, &ty);
                ty
            }
            Expr::Binary { .. } => self.infer_chain(expr),
            Expr::And(left, right) | Expr::Or(left, right) => {
                self.check_expr(*left, &Ty::bool());
                self.check_expr(*right, &Ty::bool());
                Ty::bool()
            }
            Expr::Tuple(items) => {
                let hints: Vec<Ty> = match hint.map(|hint| self.table.shallow(hint)) {
                    Some(Ty::Con(crate::ty::Head::Tuple, args)) if args.len() == items.len() => args.to_vec(),
                    _ => Vec::new(),
                };
                let items =
                    items.iter().enumerate().map(|(index, &item)| self.infer_expr(item, hints.get(index))).collect();
                Ty::tuple(items)
            }
            Expr::List { items, tail } => {
                let item = self.table.fresh();
                if let Some(Ty::Con(head, args)) = hint.map(|hint| self.table.shallow(hint))
                    && head == crate::ty::Head::Builtin(Builtin::List)
                    && items.iter().any(|&value| matches!(body.exprs[value], Expr::Lambda(_) | Expr::Construct { .. }))
                {
                    // Only what needs the context to be read gets it; mismatches show the first item otherwise.
                    let wanted = args[0].clone();
                    if !matches!(self.table.shallow(&wanted), Ty::Con(crate::ty::Head::Rigid(_), _)) {
                        let _ = self.table.unify(&item, &wanted);
                    }
                }
                let list = Ty::list(item.clone());
                for &value in items {
                    self.check_expr(value, &item);
                }
                if let Some(tail) = tail {
                    self.check_expr(*tail, &list);
                }
                list
            }
            Expr::RangeList(from, to) => {
                self.check_expr(*from, &Ty::int());
                self.check_expr(*to, &Ty::int());
                Ty::list(Ty::int())
            }
            Expr::Map(entries) => self.infer_map(expr, entries, hint),
            Expr::Set(items) => {
                let wanted = match hint.map(|hint| self.table.shallow(hint)) {
                    Some(Ty::Con(crate::ty::Head::Builtin(Builtin::Set), args)) => Some(args[0].clone()),
                    _ => None,
                };
                let item = self.infer_joined(items, wanted);
                self.require_key(&item, expr);
                Ty::set(item)
            }
            Expr::Lambda(lambda) => self.infer_lambda(lambda, hint),
            Expr::Block { stmts, tail } => {
                let visible = self.cx().visible.len();
                for stmt in stmts {
                    self.infer_stmt(stmt);
                }
                let ty = match tail {
                    Some(tail) => self.infer_expr(*tail, hint),
                    None => self.unit_unless_never(stmts),
                };
                self.cx().visible.truncate(visible);
                ty
            }
            Expr::If { .. } => self.infer_if(expr, hint),
            Expr::Match { scrutinee, arms } => {
                let ty = self.infer_expr(*scrutinee, None);
                let pats: Vec<PatId> = arms.iter().map(|arm| arm.pat).collect();
                let ty = self.scrutinee_type(&pats, &ty, false);
                let result = self.infer_arms(arms, &ty, hint);
                self.cx().matches.push((expr, ty));
                result
            }
            Expr::Try { body: inner, arms, finally } => {
                let mut result = self.infer_expr(*inner, hint);
                for arm in arms {
                    let visible = self.cx().visible.len();
                    self.infer_pat(arm.pat, &Ty::Dyn);
                    if let Some(guard) = arm.guard {
                        self.check_expr(guard, &Ty::bool());
                    }
                    let ty = self.infer_expr(arm.body, hint);
                    result = self.join_or_dyn(&result, &ty);
                    self.cx().visible.truncate(visible);
                }
                if let Some(finally) = finally {
                    self.infer_expr(*finally, None);
                }
                result
            }
            Expr::Propagate(inner) => self.infer_expr(*inner, hint),
            Expr::While { condition, body: inner } => {
                self.check_expr(*condition, &Ty::bool());
                self.infer_loop(*inner)
            }
            Expr::For { var, from, until, body: inner } => {
                self.check_expr(*from, &Ty::int());
                self.check_expr(*until, &Ty::int());
                self.bind_local(*var, LocalTy::Mono(Ty::int()));
                let ty = self.infer_loop(*inner);
                self.cx().visible.pop();
                ty
            }
            Expr::Return(value) => {
                let wanted = self.cx().returns.last().cloned();
                match (value, wanted) {
                    (Some(value), Some(wanted)) => {
                        self.check_expr(*value, &wanted);
                    }
                    (Some(value), None) => {
                        self.infer_expr(*value, None);
                    }
                    (None, Some(wanted)) => {
                        self.expect(expr, &wanted, &Ty::unit());
                    }
                    (None, None) => {}
                }
                Ty::Never
            }
            Expr::Break(value) => {
                if let Some(value) = value {
                    let ty = self.infer_expr(*value, None);
                    match self.cx().loops.last().cloned() {
                        Some(Some(wanted)) => {
                            self.expect(*value, &wanted, &ty);
                        }
                        Some(None) => {
                            if let Some(last) = self.cx().loops.last_mut() {
                                *last = Some(ty);
                            }
                        }
                        None => {}
                    }
                }
                Ty::Never
            }
            Expr::Continue => Ty::Never,
            Expr::Spawn { body: inner, .. } => {
                self.infer_expr(*inner, None);
                Ty::builtin(Builtin::Pid)
            }
            Expr::Send { pid, message } => {
                self.check_expr(*pid, &Ty::builtin(Builtin::Pid));
                let sent = self.infer_expr(*message, None);
                self.called_by_anyone(&sent);
                Ty::unit()
            }
            Expr::Receive { arms, after } => {
                let mut result = if arms.is_empty() { Ty::Never } else { self.infer_arms(arms, &Ty::Dyn, hint) };
                if let Some((time, value)) = after {
                    self.check_expr(*time, &Ty::int());
                    let ty = self.infer_expr(*value, hint);
                    result = self.join(*value, &result, &ty);
                }
                result
            }
            Expr::Quote(_) => Ty::Dyn,
            Expr::Splice(inner) => {
                self.infer_expr(*inner, None);
                Ty::Dyn
            }
            Expr::Assign(stmt) => {
                self.infer_stmt(stmt);
                Ty::unit()
            }
        }
    }

    /// A block that ends in a jump does not return either.
    fn unit_unless_never(&mut self, stmts: &[Stmt]) -> Ty {
        match stmts.last() {
            Some(Stmt::Expr(last)) if matches!(self.bodies[self.current].expr_types[raw(*last)], Ty::Never) => {
                Ty::Never
            }
            _ => Ty::unit(),
        }
    }

    fn infer_loop(&mut self, inner: ExprId) -> Ty {
        self.cx().loops.push(None);
        self.infer_expr(inner, None);
        self.cx().loops.pop().flatten().unwrap_or_else(Ty::unit)
    }

    /// `if … else if … else`, as a loop over the chain.
    fn infer_if(&mut self, expr: ExprId, hint: Option<&Ty>) -> Ty {
        let body = self.body();
        let mut result: Option<Ty> = None;
        let mut chain = Vec::new();
        let mut at = expr;
        loop {
            let Expr::If { condition, then, otherwise } = &body.exprs[at] else {
                let ty = self.infer_expr(at, hint);
                let joined = match &result {
                    Some(first) => self.join(at, first, &ty),
                    None => ty,
                };
                result = Some(joined);
                break;
            };
            chain.push(at);
            self.check_expr(*condition, &Ty::bool());
            let visible = self.cx().visible.len();
            let ty = self.infer_expr(*then, hint);
            self.cx().visible.truncate(visible);
            match otherwise {
                Some(next) => {
                    let joined = match &result {
                        Some(first) => self.join(*then, first, &ty),
                        None => ty,
                    };
                    result = Some(joined);
                    at = *next;
                }
                None => {
                    self.expect(*then, &Ty::unit(), &ty);
                    let joined = match &result {
                        Some(first) => self.join(*then, first, &Ty::unit()),
                        None => Ty::unit(),
                    };
                    result = Some(joined);
                    break;
                }
            }
        }
        let result = result.unwrap_or(Ty::Error);
        for link in chain {
            self.cx().expr_types[raw(link)] = result.clone();
        }
        result
    }

    /// Arms of `match` and `receive` against a scrutinee of type `ty`.
    fn infer_arms(&mut self, arms: &[hir::body::Arm], ty: &Ty, hint: Option<&Ty>) -> Ty {
        let mut result = Ty::Never;
        for arm in arms {
            let visible = self.cx().visible.len();
            self.infer_pat(arm.pat, ty);
            if let Some(guard) = arm.guard {
                self.check_expr(guard, &Ty::bool());
            }
            let body = self.infer_expr(arm.body, hint);
            result = self.join(arm.body, &result, &body);
            self.cx().visible.truncate(visible);
        }
        result
    }

    /// Both types if they agree, otherwise the dynamic type. What only the run time knows may be anything, so it agrees
    /// with nothing: the value of `try { 1 / n } catch { e -> e }` is no `Int`.
    pub(crate) fn join_or_dyn(&mut self, first: &Ty, second: &Ty) -> Ty {
        let first = self.table.shallow(first);
        let second = self.table.shallow(second);
        match (&first, &second) {
            (Ty::Never, _) => second,
            (_, Ty::Never) => first,
            (Ty::Dyn, _) | (_, Ty::Dyn) => Ty::Dyn,
            (Ty::Con(a, a_args), Ty::Con(b, b_args))
                if a == b
                    && a_args.len() == b_args.len()
                    && !a_args.is_empty()
                    && (self.has_dyn(&first) || self.has_dyn(&second) || !self.table.may_unify(&first, &second)) =>
            {
                let args = a_args.iter().zip(b_args.iter()).map(|(x, y)| self.join_or_dyn(x, y)).collect();
                Ty::Con(a.clone(), args)
            }
            _ if self.is_excluded(&first, &second) || self.is_excluded(&second, &first) => Ty::Dyn,
            _ => match self.table.may_unify(&first, &second) && self.table.unify(&first, &second).is_ok() {
                true => {
                    self.solve_woken();
                    first
                }
                false => Ty::Dyn,
            },
        }
    }

    fn has_dyn(&mut self, ty: &Ty) -> bool {
        self.table.resolve(ty).any(&mut |part| matches!(part, Ty::Dyn))
    }

    /// Whether `open` is a variable that must be a number, and `known` is none.
    fn is_excluded(&mut self, open: &Ty, known: &Ty) -> bool {
        let (Ty::Var(var), Ty::Con(..) | Ty::Fn(_)) = (open, known) else { return false };
        let is_number = self.table.watchers(*var).into_iter().any(|id| {
            let pending = &self.pending[id as usize];
            pending.status == super::Status::Open
                && match &pending.constraint {
                    Constraint::Trait { trait_: TraitRef::Builtin(name), .. } => name == "Num",
                    Constraint::Arith { .. } => true,
                    _ => false,
                }
        });
        is_number && !self.has_num(known)
    }

    /// The common type of keys, values or set elements; a wanted type that is known is strict.
    fn infer_joined(&mut self, items: &[ExprId], wanted: Option<Ty>) -> Ty {
        let wanted = wanted.map(|ty| self.table.shallow(&ty)).filter(|ty| matches!(ty, Ty::Con(..) | Ty::Fn(_)));
        if let Some(wanted) = wanted {
            for &item in items {
                self.check_expr(item, &wanted);
            }
            return wanted;
        }
        let mut result: Option<Ty> = None;
        for &item in items {
            let ty = self.infer_expr(item, result.as_ref());
            result = Some(match result {
                Some(first) => self.join_or_dyn(&first, &ty),
                None => ty,
            });
        }
        result.unwrap_or_else(|| self.table.fresh())
    }

    fn infer_map(&mut self, expr: ExprId, entries: &[(ExprId, ExprId)], hint: Option<&Ty>) -> Ty {
        let wanted = match hint.map(|hint| self.table.shallow(hint)) {
            Some(Ty::Con(crate::ty::Head::Builtin(Builtin::Map), args)) => Some((args[0].clone(), args[1].clone())),
            _ => None,
        };
        let keys: Vec<ExprId> = entries.iter().map(|(key, _)| *key).collect();
        let values: Vec<ExprId> = entries.iter().map(|(_, value)| *value).collect();
        let (key_hint, value_hint) = wanted.map_or((None, None), |(key, value)| (Some(key), Some(value)));
        let key = self.infer_joined(&keys, key_hint);
        let value = self.infer_joined(&values, value_hint);
        self.require_key(&key, expr);
        Ty::map(key, value)
    }

    /// Keys of maps and members of sets.
    fn require_key(&mut self, ty: &Ty, at: ExprId) {
        self.require_builtin("Hash", ty, at);
        self.require_builtin("Eq", ty, at);
    }

    /// A chain of left-nested binary operators, from the innermost left operand on.
    fn infer_chain(&mut self, expr: ExprId) -> Ty {
        let body = self.body();
        let mut spine = Vec::new();
        let mut at = expr;
        while let Expr::Binary { left, .. } = &body.exprs[at] {
            spine.push(at);
            at = *left;
        }
        let mut left_ty = self.infer_expr(at, None);
        while let Some(at) = spine.pop() {
            let Expr::Binary { op, left, right } = &body.exprs[at] else { continue };
            let hint = match op {
                BinaryOp::Eq | BinaryOp::Ne => Some(left_ty.clone()),
                _ => None,
            };
            let right_ty = self.infer_expr(*right, hint.as_ref());
            let is_literal = |expr: ExprId| {
                let mut expr = expr;
                while let Expr::Unary { op: UnaryOp::Neg, operand } = &body.exprs[expr] {
                    expr = *operand;
                }
                matches!(body.exprs[expr], Expr::Literal(Literal::Int(_)))
            };
            let literals = (is_literal(*left), is_literal(*right));
            left_ty = self.binary(at, *op, (*left, &left_ty), (*right, &right_ty), literals);
            self.cx().expr_types[raw(at)] = left_ty.clone();
        }
        left_ty
    }

    /// A lambda, with the types that its context wants for the parameters.
    pub(crate) fn infer_lambda(&mut self, lambda: &Lambda, hint: Option<&Ty>) -> Ty {
        let hint = hint.map(|hint| self.table.shallow(hint));
        let dynamic = matches!(hint, Some(Ty::Dyn));
        let wanted = match hint {
            Some(Ty::Fn(function)) => Some(function),
            _ => None,
        };
        let visible = self.cx().visible.len();
        let mut params = Vec::with_capacity(lambda.params.len());
        let mut required = 0;
        for (index, param) in lambda.params.iter().enumerate() {
            let ty = match param.ty {
                Some(annotation) => self.annotation(annotation),
                // Whoever calls it is known to the run time only, and so is what it is called with.
                None if dynamic => Ty::Dyn,
                None => self.table.fresh(),
            };
            if let Some(wanted) = &wanted {
                if wanted.params.len() == lambda.params.len() {
                    if self.table.unify(&wanted.params[index], &ty).is_ok() {
                        self.solve_woken();
                    }
                } else if let [only] = wanted.params.as_slice()
                    && let Ty::Con(crate::ty::Head::Tuple, items) = self.table.shallow(only)
                    && items.len() == lambda.params.len()
                    && self.table.unify(&items[index], &ty).is_ok()
                {
                    self.solve_woken();
                }
            }
            self.infer_pat(param.pat, &ty);
            if let Some(default) = param.default {
                let default_ty = self.infer_expr(default, Some(&ty));
                let (ty, default_ty) = (self.table.resolve(&ty), self.table.resolve(&default_ty));
                if !self.table.may_unify(&ty, &default_ty) {
                    self.report_expr(default, report::mismatch(&ty, &default_ty, &crate::unify::Clash::Mismatch));
                }
            } else {
                required += 1;
            }
            params.push(ty);
        }
        let result = match lambda.result {
            Some(annotation) => self.annotation(annotation),
            None => self.table.fresh(),
        };
        self.cx().returns.push(result.clone());
        let loops = std::mem::take(&mut self.cx().loops);
        let result_hint = match (&wanted, lambda.result) {
            (Some(wanted), None) => Some(wanted.result.clone()),
            _ => Some(result.clone()),
        };
        let found = self.infer_expr(lambda.body, result_hint.as_ref());
        let joined = match lambda.result {
            // A declared parameter of the context stays what it is.
            None => self.expect_result(lambda.body, &result, &found),
            Some(_) => {
                self.expect(lambda.body, &result, &found);
                result
            }
        };
        self.cx().loops = loops;
        self.cx().returns.pop();
        self.cx().visible.truncate(visible);
        Ty::Fn(std::sync::Arc::new(FnTy { params, required, result: joined }))
    }

    /// The result of a function body: what `return` and the last expression have in common.
    fn expect_result(&mut self, at: ExprId, result: &Ty, found: &Ty) -> Ty {
        match self.table.shallow(result) {
            Ty::Var(_) => {
                self.expect(at, result, found);
                result.clone()
            }
            known => self.join(at, &known, found),
        }
    }

    // --- statements ---

    fn infer_stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { pat, ty, value } => self.infer_let(*pat, *ty, *value),
            Stmt::AssignLocal { local, value } => {
                let ty = self.local_type(*local, *value);
                self.check_expr(*value, &ty);
            }
            Stmt::AssignMvar { name, value } => {
                let scope = self.scope();
                let resolved = self.doors.resolve(&scope, name);
                match resolved.value.as_ref().map(|def| (def.clone(), self.value_type(def, *value))) {
                    Some((def, Some(ty))) => {
                        self.check_expr(*value, &ty);
                        if def.kind() != base_db::DefKind::Mvar {
                            self.report_expr(
                                *value,
                                Draft::new(415, format!("cannot reassign immutable variable '{name}'")),
                            );
                        }
                    }
                    _ => {
                        self.infer_expr(*value, None);
                        let draft = self.unknown(name, hir::Wanted::Value, report::unknown_variable(name));
                        self.report_expr(*value, draft);
                    }
                }
            }
            Stmt::AssignField { base, name, value } => {
                let record = self.infer_expr(*base, None);
                let field = self.table.fresh();
                self.require(
                    Constraint::HasField { ty: record.clone(), field: name.clone(), result: field.clone() },
                    *base,
                    false,
                );
                self.check_expr(*value, &field);
                self.check_mutable(*value, &record, name);
            }
            Stmt::AssignIndex { base, index, value } => {
                let container = self.infer_expr(*base, None);
                let index = self.infer_expr(*index, None);
                let element = self.table.fresh();
                self.require(Constraint::IndexSet { container, index, element: element.clone() }, *base, false);
                self.check_expr(*value, &element);
            }
            Stmt::Expr(expr) => {
                self.infer_expr(*expr, None);
            }
        }
    }

    /// Fields of ordinary records cannot be assigned.
    fn check_mutable(&mut self, at: ExprId, record: &Ty, field: &Name) {
        if let Ty::Con(crate::ty::Head::Adt(def), _) = self.table.shallow(record)
            && let Some(definition) = self.doors.type_def(&def)
            && !definition.mutable
            && !definition.reactive
        {
            self.report_expr(
                at,
                Draft::new(405, format!("Field `{field}` of `{}` is not mutable", def.name()))
                    .help(format!("make a changed copy: `{}(value, {field}: …)`", def.name())),
            );
        }
    }

    fn infer_let(&mut self, pat: PatId, annotation: Option<TypeId>, value: ExprId) {
        let body = self.body();
        let annotation = annotation.map(|id| self.annotation(id));
        let bound = match &body.pats[pat] {
            Pat::Bind(local) => Some(*local),
            _ => None,
        };
        let is_lambda = matches!(&body.exprs[value], Expr::Lambda(_));
        let generalises = match &body.exprs[value] {
            Expr::Lambda(_) | Expr::Local(_) => true,
            Expr::Name(name) => name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_'),
            Expr::Field { .. } => self.is_qualified_function(value),
            _ => false,
        };
        if let Some(local) = bound
            && generalises
            && !body.locals[local].mutable
        {
            self.table.level += 1;
            let first = self.pending.len();
            let recursive = match &body.exprs[value] {
                Expr::Lambda(Lambda { name: Some(own), .. }) => {
                    let var = self.table.fresh();
                    self.cx().locals[raw(*own)] = LocalTy::Mono(var.clone());
                    self.cx().visible.push(*own);
                    Some((*own, var))
                }
                _ => None,
            };
            if is_lambda && let Expr::Lambda(lambda) = &body.exprs[value] {
                self.note_local_function(local, lambda);
            }
            let mut ty = self.infer_expr(value, annotation.as_ref());
            if let Some(annotation) = &annotation {
                self.expect(value, annotation, &ty);
                ty = annotation.clone();
            }
            if let Some((own, var)) = recursive {
                self.expect(value, &var, &ty);
                self.cx().visible.retain(|visible| *visible != own);
            }
            self.table.level -= 1;
            let ty = self.bounded(value, ty);
            let scheme = self.generalise_local(&ty, first);
            self.cx().locals[raw(local)] = scheme.clone();
            self.bind_local(local, scheme);
            return;
        }
        let found = self.infer_expr(value, annotation.as_ref());
        let ty = match annotation {
            Some(annotation) => {
                self.expect(value, &annotation, &found);
                annotation
            }
            None => found,
        };
        let ty = self.bounded(value, ty);
        let ty = match self.table.shallow(&ty) {
            // A value that never comes may be used as anything.
            Ty::Never => self.table.fresh(),
            _ => ty,
        };
        self.infer_pat(pat, &ty);
    }

    /// The type of a local, unless it is too large to be meant: parts that are shared in memory are not when written out.
    fn bounded(&mut self, at: ExprId, ty: Ty) -> Ty {
        if self.table.is_bounded(&ty) {
            return ty;
        }
        let draft = report::mismatch(&Ty::Error, &Ty::Error, &crate::unify::Clash::Infinite);
        self.report_expr(at, draft);
        Ty::Error
    }

    /// Names and defaults of a local function, for named arguments.
    fn note_local_function(&mut self, local: hir::body::LocalId, lambda: &Lambda) {
        let body = self.body();
        let names = lambda
            .params
            .iter()
            .map(|param| match &body.pats[param.pat] {
                Pat::Bind(local) => Some(body.locals[*local].name.clone()),
                _ => None,
            })
            .collect();
        let defaults = lambda.params.iter().map(|param| param.default.is_some()).collect();
        let function = LocalFunction { names, defaults };
        if let Some(own) = lambda.name {
            self.cx().local_functions.insert(raw(own) as u32, function.clone());
        }
        self.cx().local_functions.insert(raw(local) as u32, function);
    }

    /// Makes a local known from here on.
    pub(crate) fn bind_local(&mut self, local: hir::body::LocalId, ty: LocalTy) {
        let state = self.cx();
        state.locals[raw(local)] = ty;
        state.visible.push(local);
    }

    /// `x.f`, or a qualified name.
    fn infer_field(&mut self, expr: ExprId, base: ExprId, name: &Name, hint: Option<&Ty>) -> Ty {
        if let Some(path) = self.namespace_path(base) {
            return self.infer_qualified(expr, &path, name, hint);
        }
        let record = self.infer_expr(base, None);
        let result = self.table.fresh();
        self.table.mark_open_result(&result, true);
        self.resolution(expr, Resolution::Field(FieldAccess::Dynamic(name.clone())));
        self.require(Constraint::HasField { ty: record, field: name.clone(), result: result.clone() }, expr, true);
        result
    }
}

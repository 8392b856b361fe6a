//! Types of expressions.
//!
//! Input: an expression and, as a hint, the type that its context wants. Output: its type; problems and decisions go
//! into the state. Chains of operators are loops; recursion follows nesting only.

use base_db::Name;
use hir::body::{BinaryOp, Expr, ExprId, Lambda, Literal, UnaryOp};

use super::{Check, raw};
use crate::{
    infer::{FieldAccess, Resolution},
    report,
    ty::{Builtin, Constraint, FnTy, Ty},
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
            Expr::Interpolation(parts) => self.infer_interpolation(parts),
            Expr::Local(local) => self.local_type(*local, expr),
            Expr::Name(name) => self.infer_name(expr, name, hint),
            Expr::Call { callee, type_args, args } => self.infer_call(expr, *callee, type_args, args, hint),
            Expr::Construct { path, args } => self.infer_construct(expr, path, args, hint),
            Expr::MethodCall { receiver, name, type_args, args } => {
                self.infer_method_call(expr, *receiver, name, type_args, args, hint)
            }
            Expr::Field { base, name } => self.infer_field(expr, *base, name, hint),
            Expr::Index { base, index } => self.infer_index(expr, *base, *index),
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
            Expr::Tuple(items) => self.infer_tuple(items, hint),
            Expr::List { items, tail } => self.infer_list(items, *tail, hint),
            Expr::RangeList(from, to) => {
                self.check_expr(*from, &Ty::int());
                self.check_expr(*to, &Ty::int());
                Ty::list(Ty::int())
            }
            Expr::Map(entries) => self.infer_map(expr, entries, hint),
            Expr::Set(items) => self.infer_set(expr, items, hint),
            Expr::Lambda(lambda) => self.infer_lambda(lambda, hint),
            Expr::Block { stmts, tail } => self.infer_block(stmts, *tail, hint),
            Expr::If { .. } => self.infer_if(expr, hint),
            Expr::Match { scrutinee, arms } => self.infer_match(expr, *scrutinee, arms, hint),
            Expr::Try { body, arms, finally } => self.infer_try(*body, arms, *finally, hint),
            Expr::Propagate(inner) => self.infer_expr(*inner, hint),
            Expr::While { condition, body } => {
                self.check_expr(*condition, &Ty::bool());
                self.infer_loop(*body)
            }
            Expr::For { var, from, until, body } => self.infer_for(*var, *from, *until, *body),
            Expr::Return(value) => self.infer_return(expr, *value),
            Expr::Break(value) => self.infer_break(*value),
            Expr::Continue => Ty::Never,
            Expr::Spawn { body, .. } => {
                self.infer_expr(*body, None);
                Ty::builtin(Builtin::Pid)
            }
            Expr::Send { pid, message } => {
                self.check_expr(*pid, &Ty::builtin(Builtin::Pid));
                let sent = self.infer_expr(*message, None);
                self.called_by_anyone(&sent);
                Ty::unit()
            }
            Expr::Receive { arms, after } => self.infer_receive(arms, *after, hint),
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

    fn infer_interpolation(&mut self, parts: &[ExprId]) -> Ty {
        for &part in parts {
            let ty = self.infer_expr(part, None);
            self.require_builtin("Show", &ty, part);
            self.cx().shows.push((part, ty));
        }
        Ty::string()
    }

    fn infer_index(&mut self, expr: ExprId, base: ExprId, index: ExprId) -> Ty {
        let container = self.infer_expr(base, None);
        let index_ty = self.infer_expr(index, None);
        let literal = match &self.body().exprs[index] {
            Expr::Literal(Literal::Int(value)) => u32::try_from(*value).ok(),
            _ => None,
        };
        let element = self.table.fresh();
        self.table.mark_open_result(&element, true);
        let constraint = Constraint::Index { container, index: index_ty, literal, element: element.clone() };
        self.require(constraint, expr, true);
        element
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

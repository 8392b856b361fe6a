//! Types of what decides where a body goes on: blocks, branches, loops, jumps, and waiting for messages.
//!
//! Input: the parts of the expression, and as a hint the type that its context wants. Output: the type of its value. What
//! a branch binds is not visible behind it.

use hir::body::{Arm, Expr, ExprId, LocalId, PatId, Stmt};

use super::{Check, LocalTy, raw};
use crate::ty::Ty;

impl Check<'_, '_> {
    pub(super) fn infer_block(&mut self, stmts: &[Stmt], tail: Option<ExprId>, hint: Option<&Ty>) -> Ty {
        let visible = self.cx().visible.len();
        for stmt in stmts {
            self.infer_stmt(stmt);
        }
        let ty = match tail {
            Some(tail) => self.infer_expr(tail, hint),
            None => self.unit_unless_never(stmts),
        };
        self.cx().visible.truncate(visible);
        ty
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
    pub(super) fn infer_match(&mut self, expr: ExprId, scrutinee: ExprId, arms: &[Arm], hint: Option<&Ty>) -> Ty {
        let ty = self.infer_expr(scrutinee, None);
        let pats: Vec<PatId> = arms.iter().map(|arm| arm.pat).collect();
        let ty = self.scrutinee_type(&pats, &ty, false);
        let result = self.infer_arms(arms, &ty, hint);
        self.cx().matches.push((expr, ty));
        result
    }

    pub(super) fn infer_try(&mut self, body: ExprId, arms: &[Arm], finally: Option<ExprId>, hint: Option<&Ty>) -> Ty {
        let mut result = self.infer_expr(body, hint);
        for arm in arms {
            let visible = self.cx().visible.len();
            let ty = self.infer_arm(arm, &Ty::Dyn, hint);
            result = self.join_or_dyn(&result, &ty);
            self.cx().visible.truncate(visible);
        }
        if let Some(finally) = finally {
            self.infer_expr(finally, None);
        }
        result
    }

    pub(super) fn infer_for(&mut self, var: LocalId, from: ExprId, until: ExprId, body: ExprId) -> Ty {
        self.check_expr(from, &Ty::int());
        self.check_expr(until, &Ty::int());
        self.bind_local(var, LocalTy::Mono(Ty::int()));
        let ty = self.infer_loop(body);
        self.cx().visible.pop();
        ty
    }

    /// The body of a loop; the loop has the type of what its `break`s give.
    pub(super) fn infer_loop(&mut self, inner: ExprId) -> Ty {
        self.cx().loops.push(None);
        self.infer_expr(inner, None);
        self.cx().loops.pop().flatten().unwrap_or_else(Ty::unit)
    }

    pub(super) fn infer_return(&mut self, expr: ExprId, value: Option<ExprId>) -> Ty {
        let wanted = self.cx().returns.last().cloned();
        match (value, wanted) {
            (Some(value), Some(wanted)) => {
                self.check_expr(value, &wanted);
            }
            (Some(value), None) => {
                self.infer_expr(value, None);
            }
            (None, Some(wanted)) => {
                self.expect(expr, &wanted, &Ty::unit());
            }
            (None, None) => {}
        }
        Ty::Never
    }

    pub(super) fn infer_break(&mut self, value: Option<ExprId>) -> Ty {
        let Some(value) = value else { return Ty::Never };
        let ty = self.infer_expr(value, None);
        match self.cx().loops.last().cloned() {
            Some(Some(wanted)) => {
                self.expect(value, &wanted, &ty);
            }
            Some(None) => {
                if let Some(last) = self.cx().loops.last_mut() {
                    *last = Some(ty);
                }
            }
            None => {}
        }
        Ty::Never
    }

    pub(super) fn infer_receive(&mut self, arms: &[Arm], after: Option<(ExprId, ExprId)>, hint: Option<&Ty>) -> Ty {
        let mut result = if arms.is_empty() { Ty::Never } else { self.infer_arms(arms, &Ty::Dyn, hint) };
        if let Some((time, value)) = after {
            self.check_expr(time, &Ty::int());
            let ty = self.infer_expr(value, hint);
            result = self.join(value, &result, &ty);
        }
        result
    }

    /// `if … else if … else`, as a loop over the chain.
    pub(super) fn infer_if(&mut self, expr: ExprId, hint: Option<&Ty>) -> Ty {
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
    fn infer_arms(&mut self, arms: &[Arm], ty: &Ty, hint: Option<&Ty>) -> Ty {
        let mut result = Ty::Never;
        for arm in arms {
            let visible = self.cx().visible.len();
            let body = self.infer_arm(arm, ty, hint);
            result = self.join(arm.body, &result, &body);
            self.cx().visible.truncate(visible);
        }
        result
    }

    /// The type of the body of one arm; what its pattern binds stays visible.
    fn infer_arm(&mut self, arm: &Arm, ty: &Ty, hint: Option<&Ty>) -> Ty {
        self.infer_pat(arm.pat, ty);
        if let Some(guard) = arm.guard {
            self.check_expr(guard, &Ty::bool());
        }
        self.infer_expr(arm.body, hint)
    }
}

//! Operators: arithmetic, comparison, concatenation, negation.
//!
//! Input: operator, operands with their types. Output: the type of the result; a plan where an implementation of the
//! program decides. An operator without a plan, or with a site none of whose candidates fits, is the machine's own.

use base_db::Name;
use hir::{
    body::{BinaryOp, ExprId},
    problem::{Anchor, Place},
};

use super::{Check, site::runtime_shape};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, Site, SiteCandidate},
    report,
    ty::{Builtin, Constraint, Head, TraitRef, Ty},
};

/// The trait and the method that an operator uses for types of the program.
pub(crate) fn operator_method(op: BinaryOp) -> Option<(&'static str, &'static str)> {
    Some(match op {
        BinaryOp::Add => ("Num", "add"),
        BinaryOp::Sub => ("Num", "sub"),
        BinaryOp::Mul => ("Num", "mul"),
        BinaryOp::Div => ("Num", "div"),
        BinaryOp::Eq | BinaryOp::Ne => ("Eq", "eq"),
        BinaryOp::Lt => ("Ord", "lt"),
        BinaryOp::Le => ("Ord", "lte"),
        BinaryOp::Gt => ("Ord", "gt"),
        BinaryOp::Ge => ("Ord", "gte"),
        BinaryOp::Rem | BinaryOp::Pow | BinaryOp::Concat => return None,
    })
}

impl Check<'_, '_> {
    /// `left op right`; `literals`: which sides are integer literals.
    pub(crate) fn binary(
        &mut self,
        at: ExprId,
        op: BinaryOp,
        left: (ExprId, &Ty),
        right: (ExprId, &Ty),
        literals: (bool, bool),
    ) -> Ty {
        match op {
            BinaryOp::Concat => self.concat(at, left, right),
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                if self.expect(right.0, left.1, right.1) {
                    let trait_ = if matches!(op, BinaryOp::Eq | BinaryOp::Ne) { "Eq" } else { "Ord" };
                    // Of a parameter and a concrete type the parameter is what has to have the trait.
                    let ty = left.1.clone();
                    self.require_builtin(trait_, &ty, at);
                }
                Ty::bool()
            }
            _ => {
                let result = self.table.fresh();
                // The literal adapts to the other side, so its own type takes no part.
                let (left_ty, right_ty, literal) = match literals {
                    (true, false) => (right.1.clone(), right.1.clone(), true),
                    (false, true) => (left.1.clone(), left.1.clone(), true),
                    _ => (left.1.clone(), right.1.clone(), false),
                };
                self.require(
                    Constraint::Arith { op, left: left_ty, right: right_ty, result: result.clone(), literal },
                    at,
                    true,
                );
                result
            }
        }
    }

    /// `-e`.
    pub(crate) fn negate(&mut self, at: ExprId, ty: &Ty) {
        self.require_builtin("Num", ty, at);
    }

    /// `left ++ right`.
    fn concat(&mut self, at: ExprId, left: (ExprId, &Ty), right: (ExprId, &Ty)) -> Ty {
        let left_ty = self.table.shallow(left.1);
        let right_ty = self.table.shallow(right.1);
        let list = |ty: &Ty| match ty {
            Ty::Con(Head::Builtin(Builtin::List), args) => Some(args[0].clone()),
            _ => None,
        };
        match (&left_ty, &right_ty) {
            (Ty::Error, other) | (other, Ty::Error) => other.clone(),
            (Ty::Never, other) | (other, Ty::Never) => other.clone(),
            (Ty::Dyn, other) | (other, Ty::Dyn) => other.clone(),
            (Ty::Con(Head::Rigid(_), _), Ty::Con(Head::Rigid(_), _) | Ty::Var(_)) => {
                self.expect(right.0, &left_ty, &right_ty);
                self.require_builtin("Concat", &left_ty, at);
                left_ty
            }
            (Ty::Con(Head::Rigid(_), _), other) => {
                self.require_builtin("Concat", &left_ty, at);
                other.clone()
            }
            (other, Ty::Con(Head::Rigid(_), _)) if !matches!(other, Ty::Var(_)) => {
                self.require_builtin("Concat", &right_ty, at);
                other.clone()
            }
            (Ty::Var(_), Ty::Var(_)) | (Ty::Var(_), Ty::Con(Head::Rigid(_), _)) => {
                self.expect(right.0, &left_ty, &right_ty);
                self.require(Constraint::Concat { ty: left_ty.clone() }, at, false);
                left_ty
            }
            (known, Ty::Var(_)) | (Ty::Var(_), known) => {
                let open = if matches!(left_ty, Ty::Var(_)) { &left_ty } else { &right_ty };
                if list(known).is_some() {
                    let item = self.table.fresh();
                    self.expect(at, open, &Ty::list(item));
                    known.clone()
                } else if known.is(Builtin::String) {
                    let place = if matches!(left_ty, Ty::Var(_)) { left.0 } else { right.0 };
                    self.expect(place, known, open);
                    known.clone()
                } else {
                    let known = self.table.resolve(known);
                    self.report_expr(at, report::missing_trait(&known, &concat_trait()));
                    Ty::Error
                }
            }
            _ => {
                if left_ty.is(Builtin::String) && right_ty.is(Builtin::String) {
                    return left_ty;
                }
                if let (Some(a), Some(b)) = (list(&left_ty), list(&right_ty)) {
                    let a = self.table.shallow(&a);
                    let b = self.table.shallow(&b);
                    // Different known elements are accepted, the left side names the type; two unknown ones stay apart.
                    let both_open = matches!(a, Ty::Var(_)) && matches!(b, Ty::Var(_));
                    if !both_open && self.table.may_unify(&a, &b) {
                        let _ = self.table.unify(&a, &b);
                        self.solve_woken();
                    }
                    return left_ty;
                }
                let (a, b) = (self.table.resolve(&left_ty), self.table.resolve(&right_ty));
                let concatenates = |ty: &Ty| ty.is(Builtin::List) || ty.is(Builtin::String);
                let missing: Vec<(Ty, &str)> =
                    [&a, &b].into_iter().filter(|ty| !concatenates(ty)).map(|ty| (ty.clone(), "Concat")).collect();
                self.report_expr(at, report::bad_operands(&a, &b, &missing));
                Ty::Error
            }
        }
    }

    /// Tries to solve `Arith`. `false`: still open.
    pub(crate) fn solve_arith(&mut self, id: usize) -> bool {
        let pending = &self.pending[id];
        let at = pending.at;
        let Constraint::Arith { op, left, right, result, literal } = pending.constraint.clone() else { return true };
        let left = self.table.shallow(&left);
        let right = self.table.shallow(&right);
        let solved = if literal { self.arith_literal(at, op, &left) } else { self.arith(at, op, &left, &right) };
        let Some(ty) = solved else {
            // The result is as open as its operands.
            return false;
        };
        self.expect(at, &ty, &result);
        true
    }

    /// An operand with an integer literal.
    fn arith_literal(&mut self, at: ExprId, op: BinaryOp, other: &Ty) -> Option<Ty> {
        match other {
            Ty::Var(_) | Ty::Con(Head::Rigid(_), _) => {
                self.require_builtin("Num", other, at);
                self.require(Constraint::Literal { ty: other.clone() }, at, false);
                Some(other.clone())
            }
            Ty::Dyn | Ty::Error | Ty::Never => Some(other.clone()),
            _ => self.arith(at, op, &Ty::int(), other),
        }
    }

    /// Whether an integer literal adapts to `ty`. `false`: not known yet. What is no number is reported as such.
    pub(crate) fn solve_literal(&mut self, at: ExprId, ty: &Ty) -> bool {
        let ty = self.table.shallow(ty);
        match &ty {
            Ty::Var(_) | Ty::Param(_) | Ty::Con(Head::Rigid(_), _) => return false,
            Ty::Con(Head::Builtin(Builtin::Int | Builtin::Float | Builtin::BigInt), _) => {}
            Ty::Con(..) if self.has_num(&ty) => {
                let ty = self.table.resolve(&ty);
                self.report_expr(at, report::bad_operands(&ty, &Ty::int(), &[]));
            }
            _ => {}
        }
        true
    }

    fn arith(&mut self, at: ExprId, op: BinaryOp, left: &Ty, right: &Ty) -> Option<Ty> {
        match (left, right) {
            (Ty::Error, _) | (_, Ty::Error) => Some(Ty::Error),
            (Ty::Never, other) | (other, Ty::Never) => Some(other.clone()),
            (Ty::Dyn, _) | (_, Ty::Dyn) => Some(Ty::Dyn),
            (Ty::Var(a), Ty::Var(b)) => {
                if (self.table.is_open_result(*a) || self.table.is_open_result(*b)) && a != b {
                    return None;
                }
                let _ = self.table.unify(left, right);
                self.require_builtin("Num", left, at);
                Some(left.clone())
            }
            (Ty::Con(Head::Rigid(_), _), Ty::Var(_)) | (Ty::Var(_), Ty::Con(Head::Rigid(_), _)) => {
                let rigid = if matches!(left, Ty::Var(_)) { right } else { left };
                let open = if matches!(left, Ty::Var(_)) { left } else { right };
                let _ = self.table.unify(open, rigid);
                self.require_builtin("Num", rigid, at);
                Some(rigid.clone())
            }
            (rigid @ Ty::Con(Head::Rigid(_), _), _) | (_, rigid @ Ty::Con(Head::Rigid(_), _)) => {
                self.require_builtin("Num", rigid, at);
                Some(rigid.clone())
            }
            (Ty::Var(open), known) | (known, Ty::Var(open)) => {
                if self.table.is_open_result(*open) && is_mixing(known) {
                    return None;
                }
                if !self.has_num(known) {
                    let known = self.table.resolve(known);
                    self.report_expr(at, report::missing_trait(&known, &TraitRef::Builtin("Num".into())));
                    return Some(Ty::Error);
                }
                let _ = self.table.unify(&Ty::Var(*open), known);
                Some(known.clone())
            }
            (a, b) => {
                let builtin = |ty: &Ty| match ty {
                    Ty::Con(Head::Builtin(builtin), _) if builtin.is_numeric() => Some(*builtin),
                    _ => None,
                };
                match (builtin(a), builtin(b)) {
                    (Some(x), Some(y)) if x == y => return Some(a.clone()),
                    (Some(Builtin::Int), Some(Builtin::Float | Builtin::BigInt)) => return Some(b.clone()),
                    (Some(Builtin::Float | Builtin::BigInt), Some(Builtin::Int)) => return Some(a.clone()),
                    _ => {}
                }
                if builtin(a).is_none()
                    && builtin(b).is_none()
                    && self.has_num(a)
                    && operator_method(op).is_some()
                    && self.table.unify(a, b).is_ok()
                {
                    return Some(a.clone());
                }
                let numbers = [(a, self.has_num(a)), (b, self.has_num(b))];
                let missing: Vec<(Ty, &str)> =
                    numbers.iter().filter(|(_, has)| !has).map(|(ty, _)| (self.table.resolve(ty), "Num")).collect();
                let (a, b) = (self.table.resolve(a), self.table.resolve(b));
                self.report_expr(at, report::bad_operands(&a, &b, &missing));
                Some(Ty::Error)
            }
        }
    }

    pub(crate) fn has_num(&mut self, ty: &Ty) -> bool {
        match ty {
            Ty::Con(Head::Builtin(builtin), _) => builtin.is_numeric(),
            Ty::Con(..) | Ty::Fn(_) => self.has_impl(&TraitRef::Builtin("Num".into()), ty),
            _ => true,
        }
    }

    /// Records the implementation of `trait_name.method` for `ty` as plan of `at`.
    pub(crate) fn plan_operator_method(&mut self, at: ExprId, trait_name: &str, method: &str, ty: &Ty, arity: u32) {
        let ty = self.table.shallow(ty);
        let open = match &ty {
            Ty::Con(Head::Builtin(_), _) if !matches!(method, "show" | "hash" | "copy") => return,
            Ty::Con(Head::Rigid(_), _) | Ty::Var(_) | Ty::Dyn | Ty::Param(_) => true,
            Ty::Con(..) | Ty::Fn(_) => false,
            Ty::Never | Ty::Error => return,
        };
        let args = ArgPlan::positions(arity as usize);
        let name = Name::from(method);
        let impls = self.trait_impls(&TraitRef::Builtin(trait_name.into()));
        let mut candidates = Vec::new();
        for implementation in impls {
            let Some((_, def)) = implementation.methods.iter().find(|(own, _)| *own == name) else {
                // Comparisons have an automatic meaning for every type, arithmetic has none.
                if !open && trait_name == "Num" && self.target_fits(&implementation, &ty).is_some() {
                    let ty = self.table.resolve(&ty);
                    let draft = report::missing_method(&ty, method, trait_name);
                    let place = Place {
                        module: implementation.def.module().clone(),
                        def: Some(implementation.def.clone()),
                        anchor: Anchor::Name,
                    };
                    self.report_expr(at, draft.related(place, format!("this implementation lacks `{method}`")));
                    return;
                }
                continue;
            };
            if !open {
                if self.target_fits(&implementation, &ty).is_some() {
                    let callee = Callee::Function(def.clone());
                    self.plan(at, CallPlan { callee, args });
                    return;
                }
                continue;
            }
            let heads = vec![runtime_shape(&implementation.target)];
            candidates.push(SiteCandidate { heads, callee: Callee::Function(def.clone()), args: args.clone() });
        }
        if !candidates.is_empty() {
            let site = Site { name, candidates, field: None };
            self.plan(at, CallPlan { callee: Callee::Site(site), args });
        }
    }
}

fn concat_trait() -> TraitRef {
    TraitRef::Builtin("Concat".into())
}

/// Types that mix with others in arithmetic, so that an open operand may still be another type.
fn is_mixing(ty: &Ty) -> bool {
    matches!(ty, Ty::Con(Head::Builtin(Builtin::Int | Builtin::Float | Builtin::BigInt), _))
}

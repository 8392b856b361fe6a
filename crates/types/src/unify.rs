//! Inference variables and unification: union-find with eager binding, levels for generalisation, wake lists.
//!
//! Input: types that may contain [`Ty::Var`]. Output: bindings, or the clash.
//!
//! Invariant: a bound variable never occurs in its own type, and the type it is bound to is at most [`MAX_DEPTH`] deep
//! and [`MAX_NODES`] large when written out, so that every recursion over types is bounded.

use std::collections::VecDeque;

use crate::ty::{FnTy, Head, Ty};

/// Deepest type that a variable may be bound to.
pub(crate) const MAX_DEPTH: u32 = 160;
/// Largest type, counted without sharing, that a variable may be bound to.
const MAX_NODES: u32 = 60_000;
/// Largest number of steps of one unification; only types that share parts exponentially often reach it.
const MAX_STEPS: u32 = 2_000_000;

/// Why two types cannot be made equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// Different heads somewhere inside.
    Mismatch,
    /// A variable would occur in its own type, or the type is too large to be meant.
    Infinite,
    /// Functions whose parameter lists do not fit.
    Arity {
        /// Of the left type.
        expected: usize,
        /// Of the right type.
        found: usize,
    },
}

enum State {
    Free,
    Link(u32),
    Bound(Ty),
}

struct Slot {
    state: State,
    /// Nesting of generalised bindings in which the variable is free.
    level: u32,
    /// The variable is the result of a field, method or index that is still pending.
    open_result: bool,
    /// Pending constraints to look at again when the variable is bound.
    watchers: Vec<u32>,
}

/// All variables of one binding group.
#[derive(Default)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    /// Constraints whose watched variables were bound, in order.
    pub(crate) woken: VecDeque<u32>,
    /// Current nesting of generalised bindings.
    pub(crate) level: u32,
    steps: u32,
}

impl Table {
    /// A fresh variable at the current level.
    pub(crate) fn fresh(&mut self) -> Ty {
        self.slots.push(Slot { state: State::Free, level: self.level, open_result: false, watchers: Vec::new() });
        Ty::Var(self.slots.len() as u32 - 1)
    }

    fn root(&mut self, var: u32) -> u32 {
        let mut root = var;
        while let State::Link(next) = self.slots[root as usize].state {
            root = next;
        }
        let mut at = var;
        while let State::Link(next) = self.slots[at as usize].state {
            self.slots[at as usize].state = State::Link(root);
            at = next;
        }
        root
    }

    /// The type with its head known, as far as it is: bound variables at the top are followed.
    pub(crate) fn shallow(&mut self, ty: &Ty) -> Ty {
        match ty {
            Ty::Var(var) => {
                let root = self.root(*var);
                match &self.slots[root as usize].state {
                    // A binding may itself be a variable that was bound later.
                    State::Bound(bound @ Ty::Var(_)) => {
                        let bound = bound.clone();
                        self.shallow(&bound)
                    }
                    State::Bound(bound) => bound.clone(),
                    _ => Ty::Var(root),
                }
            }
            _ => ty.clone(),
        }
    }

    /// The type with all bound variables replaced.
    pub(crate) fn resolve(&mut self, ty: &Ty) -> Ty {
        match self.shallow(ty) {
            // Nearly all are known to the end, and shared as they are.
            known @ (Ty::Con(..) | Ty::Fn(_)) if !known.any(&mut |part| matches!(part, Ty::Var(_))) => known,
            Ty::Con(head, args) => Ty::Con(head, args.iter().map(|arg| self.resolve(arg)).collect()),
            Ty::Fn(function) => Ty::Fn(std::sync::Arc::new(FnTy {
                params: function.params.iter().map(|param| self.resolve(param)).collect(),
                required: function.required,
                result: self.resolve(&function.result),
            })),
            other => other,
        }
    }

    /// The unbound variables of `ty`, in order of appearance, each as often as it occurs.
    pub(crate) fn variables(&mut self, ty: &Ty, out: &mut Vec<u32>) {
        match self.shallow(ty) {
            Ty::Var(var) => out.push(var),
            Ty::Con(_, args) => args.iter().for_each(|arg| self.variables(arg, out)),
            Ty::Fn(function) => {
                function.params.iter().for_each(|param| self.variables(param, out));
                self.variables(&function.result, out);
            }
            _ => {}
        }
    }

    /// Level of the unbound variable `var`.
    pub(crate) fn level_of(&mut self, var: u32) -> u32 {
        let root = self.root(var);
        self.slots[root as usize].level
    }

    /// Makes all variables of `ty` as little general as `level`.
    pub(crate) fn lower(&mut self, ty: &Ty, level: u32) -> bool {
        let mut variables = Vec::new();
        self.variables(ty, &mut variables);
        let mut changed = false;
        for var in variables {
            let slot = &mut self.slots[var as usize];
            if slot.level > level {
                slot.level = level;
                changed = true;
            }
        }
        changed
    }

    /// Marks the variable `ty` as result of a pending field or method.
    pub(crate) fn mark_open_result(&mut self, ty: &Ty, open: bool) {
        if let Ty::Var(var) = self.shallow(ty) {
            self.slots[var as usize].open_result = open;
        }
    }

    /// Whether the variable `var` is the result of a pending field or method.
    pub(crate) fn is_open_result(&mut self, var: u32) -> bool {
        let root = self.root(var);
        self.slots[root as usize].open_result
    }

    /// The constraints that wait for the variable `var`.
    pub(crate) fn watchers(&mut self, var: u32) -> Vec<u32> {
        let root = self.root(var);
        self.slots[root as usize].watchers.clone()
    }

    /// Asks to be woken with `constraint` when `var` is bound.
    pub(crate) fn watch(&mut self, var: u32, constraint: u32) {
        let root = self.root(var);
        let watchers = &mut self.slots[root as usize].watchers;
        if watchers.last() != Some(&constraint) {
            watchers.push(constraint);
        }
    }

    /// Makes both types equal. On a clash, bindings made so far stay.
    pub(crate) fn unify(&mut self, expected: &Ty, found: &Ty) -> Result<(), Clash> {
        self.steps = 0;
        self.unify_inner(expected, found)
    }

    fn unify_inner(&mut self, expected: &Ty, found: &Ty) -> Result<(), Clash> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Clash::Infinite);
        }
        let expected = self.shallow(expected);
        let found = self.shallow(found);
        match (&expected, &found) {
            (Ty::Var(left), Ty::Var(right)) => {
                if left != right {
                    self.link(*left, *right);
                }
                Ok(())
            }
            // An expression that does not return says nothing about the type.
            (Ty::Never, _) | (_, Ty::Never) => Ok(()),
            (Ty::Var(var), other) | (other, Ty::Var(var)) => self.bind(*var, other),
            (Ty::Error | Ty::Dyn, _) | (_, Ty::Error | Ty::Dyn) => Ok(()),
            (Ty::Con(Head::Rigid(_), _), _) | (_, Ty::Con(Head::Rigid(_), _)) => Ok(()),
            (Ty::Con(left, left_args), Ty::Con(right, right_args)) => {
                if left != right || left_args.len() != right_args.len() {
                    return Err(Clash::Mismatch);
                }
                for (left, right) in left_args.iter().zip(right_args.iter()) {
                    self.unify_inner(left, right)?;
                }
                Ok(())
            }
            (Ty::Fn(left), Ty::Fn(right)) => {
                let (short, long) = if left.params.len() <= right.params.len() { (left, right) } else { (right, left) };
                if (long.required as usize) > short.params.len() {
                    return Err(Clash::Arity { expected: left.params.len(), found: right.params.len() });
                }
                for (left, right) in left.params.iter().zip(&right.params) {
                    self.unify_inner(left, right)?;
                }
                self.unify_inner(&left.result, &right.result)
            }
            (Ty::Param(left), Ty::Param(right)) if left == right => Ok(()),
            _ => Err(Clash::Mismatch),
        }
    }

    fn link(&mut self, left: u32, right: u32) {
        // The older variable stays: annotations and parameters come before what is made of them.
        let (keep, give) = if left < right { (left, right) } else { (right, left) };
        let level = self.slots[give as usize].level;
        let open = self.slots[give as usize].open_result;
        let watchers = std::mem::take(&mut self.slots[give as usize].watchers);
        self.slots[give as usize].state = State::Link(keep);
        let slot = &mut self.slots[keep as usize];
        slot.level = slot.level.min(level);
        slot.open_result &= open;
        // Both sides may now be decided by what they have in common.
        if !watchers.is_empty() {
            self.woken.extend(slot.watchers.iter().copied());
            self.woken.extend(watchers.iter().copied());
            slot.watchers.clear();
        }
    }

    fn bind(&mut self, var: u32, ty: &Ty) -> Result<(), Clash> {
        let level = self.slots[var as usize].level;
        let mut budget = MAX_NODES;
        if !self.occurs_check(var, ty, level, MAX_DEPTH, &mut budget) {
            return Err(Clash::Infinite);
        }
        let slot = &mut self.slots[var as usize];
        slot.state = State::Bound(ty.clone());
        let watchers = std::mem::take(&mut slot.watchers);
        self.woken.extend(watchers);
        Ok(())
    }

    /// Whether `ty`, written out, is small enough to be bound to a variable.
    pub(crate) fn is_bounded(&mut self, ty: &Ty) -> bool {
        let mut budget = MAX_NODES;
        self.occurs_check(u32::MAX, ty, u32::MAX, MAX_DEPTH, &mut budget)
    }

    /// Whether `ty` may be bound to `var`; lowers the levels of its variables on the way.
    fn occurs_check(&mut self, var: u32, ty: &Ty, level: u32, depth: u32, budget: &mut u32) -> bool {
        if depth == 0 || *budget == 0 {
            return false;
        }
        *budget -= 1;
        match ty {
            Ty::Var(_) => match self.shallow(ty) {
                Ty::Var(other) => {
                    let slot = &mut self.slots[other as usize];
                    slot.level = slot.level.min(level);
                    other != var
                }
                bound => self.occurs_check(var, &bound, level, depth, budget),
            },
            Ty::Con(_, args) => args.iter().all(|arg| self.occurs_check(var, arg, level, depth - 1, budget)),
            Ty::Fn(function) => {
                function.params.iter().all(|param| self.occurs_check(var, param, level, depth - 1, budget))
                    && self.occurs_check(var, &function.result, level, depth - 1, budget)
            }
            _ => true,
        }
    }

    /// Whether unification could succeed, without binding anything. Variables fit everything.
    pub(crate) fn may_unify(&mut self, left: &Ty, right: &Ty) -> bool {
        let left = self.shallow(left);
        let right = self.shallow(right);
        match (&left, &right) {
            (Ty::Var(_) | Ty::Never | Ty::Error | Ty::Dyn | Ty::Param(_) | Ty::Con(Head::Rigid(_), _), _)
            | (_, Ty::Var(_) | Ty::Never | Ty::Error | Ty::Dyn | Ty::Param(_) | Ty::Con(Head::Rigid(_), _)) => true,
            (Ty::Con(a, a_args), Ty::Con(b, b_args)) => {
                a == b
                    && a_args.len() == b_args.len()
                    && a_args.iter().zip(b_args.iter()).all(|(x, y)| self.may_unify(x, y))
            }
            (Ty::Fn(a), Ty::Fn(b)) => {
                let (short, long) = if a.params.len() <= b.params.len() { (a, b) } else { (b, a) };
                long.required as usize <= short.params.len()
                    && a.params.iter().zip(&b.params).all(|(x, y)| self.may_unify(x, y))
                    && self.may_unify(&a.result, &b.result)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ty::Builtin;

    #[test]
    fn binds_and_follows() {
        let mut table = Table::default();
        let (a, b) = (table.fresh(), table.fresh());
        assert_eq!(table.unify(&a, &b), Ok(()));
        assert_eq!(table.unify(&b, &Ty::int()), Ok(()));
        assert_eq!(table.resolve(&Ty::list(a)), Ty::list(Ty::int()));
    }

    #[test]
    fn refuses_infinite_and_too_deep_types() {
        let mut table = Table::default();
        let a = table.fresh();
        assert_eq!(table.unify(&a, &Ty::list(a.clone())), Err(Clash::Infinite));
        let mut last = table.fresh();
        let mut refused = false;
        for _ in 0..10_000 {
            let next = table.fresh();
            if table.unify(&next, &Ty::tuple(vec![last.clone(), last.clone()])).is_err() {
                refused = true;
                break;
            }
            last = next;
        }
        assert!(refused);
    }

    #[test]
    fn optional_parameters_fit_shorter_functions() {
        let mut table = Table::default();
        let optional =
            Ty::Fn(std::sync::Arc::new(FnTy { params: vec![Ty::int(), Ty::int()], required: 1, result: Ty::bool() }));
        assert_eq!(table.unify(&optional, &Ty::function(vec![Ty::int()], Ty::bool())), Ok(()));
        assert_eq!(
            table.unify(&Ty::function(vec![], Ty::bool()), &optional),
            Err(Clash::Arity { expected: 0, found: 2 })
        );
    }

    #[test]
    fn rigid_parameters_tolerate_conflicts() {
        let mut table = Table::default();
        let t = Ty::rigid("T".into());
        assert_eq!(table.unify(&t, &Ty::int()), Ok(()));
        assert_eq!(table.unify(&t, &Ty::rigid("U".into())), Ok(()));
        let a = table.fresh();
        assert_eq!(table.unify(&a, &t), Ok(()));
        assert_eq!(table.resolve(&a), t);
        assert_eq!(table.unify(&Ty::builtin(Builtin::Char), &Ty::string()), Err(Clash::Mismatch));
    }

    #[test]
    fn unification_is_symmetric() {
        let types = [
            Ty::int(),
            Ty::string(),
            Ty::list(Ty::int()),
            Ty::tuple(vec![Ty::int(), Ty::string()]),
            Ty::function(vec![Ty::int()], Ty::int()),
            Ty::function(vec![], Ty::int()),
            Ty::Dyn,
            Ty::Never,
        ];
        for left in &types {
            for right in &types {
                let forth = Table::default().unify(left, right).is_ok();
                assert_eq!(forth, Table::default().unify(right, left).is_ok(), "{left} ~ {right}");
            }
        }
    }
}

//! Types of tuples, lists, maps and sets.
//!
//! Input: the parts of a literal, and as a hint the type that its context wants. Output: the type of the whole. Items of
//! a list are alike; keys, values and members that differ are known to the run time only.

use hir::body::{Expr, ExprId};

use super::{Check, Status};
use crate::ty::{Builtin, Constraint, Head, TraitRef, Ty};

impl Check<'_, '_> {
    pub(super) fn infer_tuple(&mut self, items: &[ExprId], hint: Option<&Ty>) -> Ty {
        let hints: Vec<Ty> = match hint.map(|hint| self.table.shallow(hint)) {
            Some(Ty::Con(Head::Tuple, args)) if args.len() == items.len() => args.to_vec(),
            _ => Vec::new(),
        };
        let items = items.iter().enumerate().map(|(index, &item)| self.infer_expr(item, hints.get(index))).collect();
        Ty::tuple(items)
    }

    pub(super) fn infer_list(&mut self, items: &[ExprId], tail: Option<ExprId>, hint: Option<&Ty>) -> Ty {
        let body = self.body();
        let item = self.table.fresh();
        if let Some(Ty::Con(head, args)) = hint.map(|hint| self.table.shallow(hint))
            && head == Head::Builtin(Builtin::List)
            && items.iter().any(|&value| matches!(body.exprs[value], Expr::Lambda(_) | Expr::Construct { .. }))
        {
            // Only what needs the context to be read gets it; mismatches show the first item otherwise.
            let wanted = args[0].clone();
            if !matches!(self.table.shallow(&wanted), Ty::Con(Head::Rigid(_), _)) {
                let _ = self.table.unify(&item, &wanted);
            }
        }
        let list = Ty::list(item.clone());
        for &value in items {
            self.check_expr(value, &item);
        }
        if let Some(tail) = tail {
            self.check_expr(tail, &list);
        }
        list
    }

    pub(super) fn infer_set(&mut self, expr: ExprId, items: &[ExprId], hint: Option<&Ty>) -> Ty {
        let wanted = match hint.map(|hint| self.table.shallow(hint)) {
            Some(Ty::Con(Head::Builtin(Builtin::Set), args)) => Some(args[0].clone()),
            _ => None,
        };
        let item = self.infer_joined(items, wanted);
        self.require_key(&item, expr);
        Ty::set(item)
    }

    pub(super) fn infer_map(&mut self, expr: ExprId, entries: &[(ExprId, ExprId)], hint: Option<&Ty>) -> Ty {
        let wanted = match hint.map(|hint| self.table.shallow(hint)) {
            Some(Ty::Con(Head::Builtin(Builtin::Map), args)) => Some((args[0].clone(), args[1].clone())),
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
            pending.status == Status::Open
                && match &pending.constraint {
                    Constraint::Trait { trait_: TraitRef::Builtin(name), .. } => name == "Num",
                    Constraint::Arith { .. } => true,
                    _ => false,
                }
        });
        is_number && !self.has_num(known)
    }
}

//! Types that reflection looks at while the program runs.
//!
//! Input: constraints [`Constraint::Reflect`], and the calls of members inside their group. Output: for each call and
//! each function value the types that its function must be told, in the order of [`Signature::told_types`].
//!
//! The need of a function is part of its scheme, so callers in other groups learn of it as of any other constraint. Inside
//! the group nobody has a scheme yet: what members tell one another is settled when all bodies were walked.

use base_db::{DefKind, DefName, Name};
use hir::body::ExprId;
use rustc_hash::FxHashSet;

use super::{Check, Status, finish::Naming, target::Told};
use crate::{
    infer::{Callee, InferenceResult},
    signature::Signature,
    ty::{Constraint, Head, Ty},
};

/// A member of the group that a member calls or takes as a value.
#[derive(Debug)]
pub(crate) struct GroupUse {
    body: usize,
    at: ExprId,
    callee: DefName,
    /// The generic arguments, if the member is used at its declared scheme.
    generics: Vec<Ty>,
}

impl Check<'_, '_> {
    /// Notes what the callee at `at` must be told.
    pub(super) fn tell(&mut self, at: ExprId, callee: &Callee, told: Told) {
        match (told, callee) {
            (Told::Types(types), _) => {
                self.cx().result.told.insert(at, types);
                return;
            }
            (Told::Member(generics), Callee::Function(def)) => {
                let (body, callee) = (self.current, def.clone());
                self.group_uses.push(GroupUse { body, at, callee, generics });
            }
            (Told::Member(_) | Told::Nothing, _) => {}
        }
        if !self.cx().result.told.is_empty() {
            self.cx().result.told.remove(&at);
        }
    }

    /// Reflection needs the parts of a type that are open; `false`: the type itself is.
    pub(super) fn solve_reflect(&mut self, at: ExprId, ty: &Ty) -> bool {
        match self.table.shallow(ty) {
            Ty::Var(_) | Ty::Con(Head::Rigid(_), _) => false,
            Ty::Con(_, args) => {
                for ty in args.iter() {
                    self.require(Constraint::Reflect { ty: ty.clone() }, at, false);
                }
                true
            }
            _ => true,
        }
    }

    /// Members that are used at their declared schemes: what they need, the members that call them need.
    pub(super) fn close_group_needs(&mut self) {
        let mut done: FxHashSet<(usize, usize)> = FxHashSet::default();
        loop {
            let needed = self.reflected_parameters();
            if needed.is_empty() {
                return;
            }
            let mut more = Vec::new();
            for (index, item) in self.group_uses.iter().enumerate() {
                let Some(declared) = self.members.get(&item.callee).and_then(|member| member.declared.as_ref()) else {
                    continue;
                };
                let Ok(callee) = self.bodies.binary_search_by(|state| state.def.cmp(&item.callee)) else { continue };
                let marked = self.bodies[callee].type_params.iter().filter_map(|(_, ty)| match ty {
                    Ty::Con(Head::Rigid(name), _) => Some(name),
                    _ => None,
                });
                for (place, name) in marked.enumerate().take(declared.generics.len()) {
                    if needed.contains(name) && done.insert((index, place)) {
                        more.push((item.body, item.at, item.generics[place].clone()));
                    }
                }
            }
            if more.is_empty() {
                return;
            }
            for (body, at, ty) in more {
                self.current = body;
                self.require(Constraint::Reflect { ty }, at, false);
            }
        }
    }

    /// Declared parameters of members that reflection looks at, as far as that is known.
    fn reflected_parameters(&mut self) -> FxHashSet<Name> {
        let mut needed = FxHashSet::default();
        for index in 0..self.pending.len() {
            let item = &self.pending[index];
            if item.status == Status::Open
                && let Constraint::Reflect { ty } = &item.constraint
                && let Ty::Con(Head::Rigid(name), _) = self.table.shallow(&ty.clone())
            {
                needed.insert(name);
            }
        }
        needed
    }

    /// What members of the group are told, and tell one another.
    pub(super) fn tell_group(&mut self, members: &mut [(DefName, Signature, InferenceResult)], namings: &[Naming]) {
        for (def, signature, result) in members.iter_mut() {
            // Only what is called can be told anything.
            if matches!(def.kind(), DefKind::Function | DefKind::Method | DefKind::DefaultMethod) {
                result.told_types = signature.told_types().collect();
            }
        }
        for item in std::mem::take(&mut self.group_uses) {
            let Ok(callee) = members.binary_search_by(|(def, _, _)| def.cmp(&item.callee)) else { continue };
            if members[callee].2.told_types.is_empty() {
                continue;
            }
            let told = members[callee].2.told_types.iter().map(|&index| match item.generics.get(index as usize) {
                Some(ty) => ty.clone(),
                None => namings[callee].argument(index),
            });
            let told: Vec<Ty> = told.collect();
            let told = told.into_iter().map(|ty| self.finished(ty, &namings[item.body])).collect();
            members[item.body].2.told.insert(item.at, told);
        }
    }
}

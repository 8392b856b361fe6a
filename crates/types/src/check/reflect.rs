//! Types that reflection looks at while the program runs.
//!
//! Input: constraints [`Constraint::Reflect`], and the calls of members inside their group. Output: for each call and
//! each function value the types that its function must be told, in the order of [`Signature::told_types`].
//!
//! The need of a function is part of its scheme, so callers in other groups learn of it as of any other constraint. Inside
//! the group nobody has a scheme yet: what members tell one another is settled when all bodies were walked.

use base_db::{DefKind, DefName, Name};
use hir::body::{Expr, ExprId, Literal};
use rustc_hash::FxHashSet;

use super::{
    Check, Status,
    finish::Naming,
    lookup::is_library,
    target::{Target, Told},
};
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

    /// Gives reflection the full names of the types that a literal names, as far as they mean something here.
    pub(super) fn name_type(&mut self, target: &Target, first: Option<ExprId>) {
        let body = self.body();
        if let Some(at) = first
            && let Expr::Literal(Literal::String(text)) = &body.exprs[at]
            && takes_type_name(target)
        {
            let scope = self.scope();
            let full = with_full_names(text, |name| {
                let resolved = self.doors.resolve(&scope, &Name::from(name));
                resolved.ty.as_ref().map(DefName::qualified)
            });
            if full != *text {
                self.cx().result.type_names.insert(at, full.into());
            }
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

/// Whether the first parameter names a type.
fn takes_type_name(target: &Target) -> bool {
    match &target.callee {
        Callee::Native(name) => {
            stdlib::natives_named(name).any(|native| native.special == Some(stdlib::Special::TypeName))
        }
        Callee::Function(def) => {
            is_library(def)
                && target.params.first().and_then(|param| param.name.as_ref()).is_some_and(|name| name == "typeName")
        }
        _ => false,
    }
}

/// The text of a type with the names replaced that mean a declared type.
fn with_full_names(text: &str, mut full: impl FnMut(&str) -> Option<String>) -> String {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_inside) {
        let (before, from) = rest.split_at(start);
        let (name, after) = from.split_at(from.find(|c| !is_inside(c)).unwrap_or(from.len()));
        out.push_str(before);
        match full(name).filter(|_| !name.contains('.')) {
            Some(full) => out.push_str(&full),
            None => out.push_str(name),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::with_full_names;

    #[test]
    fn names_in_the_text_of_a_type_become_full() {
        let full = |name: &str| (name != "Int").then(|| format!("shop.{name}"));
        let of = |text| with_full_names(text, full);
        assert_eq!(of("Item"), "shop.Item");
        assert_eq!(of("Pair[Int, [Item]]"), "shop.Pair[Int, [shop.Item]]");
        assert_eq!(of("(Int, other.Item)"), "(Int, other.Item)");
        assert_eq!(of(" "), " ");
    }
}

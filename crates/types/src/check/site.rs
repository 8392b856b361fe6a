//! Choices that are left to the run.
//!
//! Input: a name and the arguments of a call. Output: a site that lists the candidates in the order in which the run
//! tries them.

use std::sync::Arc;

use base_db::{DefKind, DefName, Name};
use hir::body::LocalId;

use super::{
    Check,
    argument::{Argument, plan_arguments, with_receiver},
    lookup::free_natives,
    raw,
    target::{callee_of, def_arity},
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, Site, SiteCandidate},
    report,
    signature::ImplDef,
    ty::{BUILTIN_TRAITS, Builtin, Head, Ty},
};

impl Check<'_, '_> {
    /// All implementations of a trait method, by the head of the first argument.
    pub(super) fn trait_site(&mut self, trait_: &DefName, name: &Name, params: usize) -> Site {
        let mut candidates = Vec::new();
        let impls = self.doors.impls_of(trait_);
        let mut ranked: Vec<Arc<ImplDef>> = impls.iter().filter_map(|def| self.doors.impl_def(def)).collect();
        ranked.sort_by_key(|implementation| specificity(&implementation.target));
        for implementation in ranked {
            if let Some(candidate) = self.impl_candidate(&implementation, name, params) {
                candidates.push(candidate);
            }
        }
        if BUILTIN_TRAITS.contains(&trait_.name().as_str()) {
            for def in self.builtin_callees("", name).into_iter().take(1) {
                candidates.push(SiteCandidate {
                    heads: Vec::new(),
                    callee: callee_of(&def),
                    args: ArgPlan::positions(params),
                });
            }
        }
        Site { name: name.clone(), candidates, field: None }
    }

    fn impl_candidate(&mut self, implementation: &ImplDef, name: &Name, params: usize) -> Option<SiteCandidate> {
        let callee = self.impl_method(implementation, name)?;
        Some(SiteCandidate {
            heads: vec![runtime_shape(&implementation.target)],
            callee: Callee::Function(callee),
            args: ArgPlan::positions(params),
        })
    }

    /// A site for a method of every type (`show`, `hash`, `copy`): implementations of the program, then the native.
    pub(crate) fn plain_site(&mut self, name: &Name, traits: &[&str], params: usize) -> Site {
        let named = self.doors.methods_named(name);
        let mut candidates = Vec::new();
        for def in named.impls.clone() {
            let Some(implementation) = self.doors.impl_def(&def) else { continue };
            if !traits.is_empty() && !traits.contains(&report::trait_name(&implementation.trait_)) {
                continue;
            }
            if let Some(candidate) = self.impl_candidate(&implementation, name, params) {
                candidates.push(candidate);
            }
        }
        for def in self.builtin_callees("", name).into_iter().take(1) {
            candidates.push(SiteCandidate {
                heads: Vec::new(),
                callee: callee_of(&def),
                args: ArgPlan::positions(params),
            });
        }
        Site { name: name.clone(), candidates, field: None }
    }

    /// The plan of a method call whose receiver is known at run time only: implementations of the program, built-in
    /// methods by head, a field of the receiver, and free functions.
    pub(crate) fn method_site(
        &mut self,
        name: &Name,
        args: &[Argument],
        scope: &Name,
        local: Option<LocalId>,
    ) -> CallPlan {
        let mut candidates = self.impl_candidates(name, args, scope);
        for table in stdlib::heads_with_method(name) {
            let Some(head) = head_of_table(table) else { continue };
            for def in self.builtin_callees(table, name) {
                if let Some(args) = self.site_arguments(&def, args) {
                    let shape = Some(Ty::Con(head, [].into()));
                    candidates.push(SiteCandidate { heads: vec![shape], callee: callee_of(&def), args });
                    break;
                }
            }
        }
        for def in self.builtin_callees("", name).into_iter().take(1) {
            if let Some(args) = self.site_arguments(&def, args) {
                candidates.push(SiteCandidate { heads: Vec::new(), callee: callee_of(&def), args });
            }
        }
        let field = Some(candidates.len());
        if let Some(local) = local {
            let plan = with_receiver(&Ty::Dyn, args).iter().map(|arg| arg.source.clone()).collect();
            candidates.push(SiteCandidate { heads: Vec::new(), callee: Callee::Local(raw(local) as u32), args: plan });
        }
        for candidate in self.function_candidates(name, args, scope) {
            let known = |other: &SiteCandidate| other.callee == candidate.callee && other.heads == candidate.heads;
            if !candidates.iter().any(known) {
                candidates.push(candidate);
            }
        }
        let args = with_receiver(&Ty::Dyn, args).iter().map(|arg| arg.source.clone()).collect();
        CallPlan { callee: Callee::Site(Site { name: name.clone(), candidates, field }), args }
    }

    /// Implementations of the program.
    fn impl_candidates(&mut self, name: &Name, args: &[Argument], scope: &Name) -> Vec<SiteCandidate> {
        let mut candidates: Vec<SiteCandidate> = Vec::new();
        let named = self.doors.methods_named(name);
        let mut impls: Vec<Arc<ImplDef>> = named.impls.iter().filter_map(|def| self.doors.impl_def(def)).collect();
        impls.sort_by_key(|implementation| specificity(&implementation.target));
        for implementation in in_declared_order(impls) {
            if !self.trait_is_accessible(&implementation.trait_, scope) {
                continue;
            }
            let Some(def) = self.impl_method(&implementation, name) else { continue };
            if let Some(args) = self.site_arguments(&def, args) {
                candidates.push(SiteCandidate {
                    heads: vec![runtime_shape(&implementation.target)],
                    callee: Callee::Function(def),
                    args,
                });
            }
        }
        candidates
    }

    /// Free functions, each for the shapes that its parameters accept.
    fn function_candidates(&mut self, name: &Name, args: &[Argument], scope: &Name) -> Vec<SiteCandidate> {
        let mut candidates = Vec::new();
        let resolved = self.doors.resolve(scope, name);
        for def in resolved.functions.iter().cloned().chain(free_natives(name)) {
            let Some(plan) = self.site_arguments(&def, args) else { continue };
            let mut heads = vec![None; args.len() + 1];
            if let Some(target) = self.target(&def, &[]) {
                for (param, source) in target.params.iter().zip(&plan) {
                    let place = match source {
                        ArgPlan::Receiver => 0,
                        ArgPlan::Arg(index) => *index as usize + 1,
                        ArgPlan::Default(_) => continue,
                    };
                    heads[place] = runtime_shape(&self.table.resolve(&param.ty));
                }
            }
            candidates.push(SiteCandidate { heads, callee: callee_of(&def), args: plan });
        }
        candidates
    }

    /// Arguments in the order of the parameters of `def`; `None`: they do not fit.
    fn site_arguments(&mut self, def: &DefName, args: &[Argument]) -> Option<Vec<ArgPlan>> {
        let all = with_receiver(&Ty::Dyn, args);
        if args.iter().all(|arg| arg.name.is_none()) && def_arity(def) == all.len() {
            return Some(all.into_iter().map(|arg| arg.source).collect());
        }
        let target = self.target(def, &[])?;
        plan_arguments(&target.params, &all)
    }
}

/// What a value of this type looks like at run time; `None`: anything. Inside it, what is open is the dynamic type.
pub(crate) fn runtime_shape(ty: &Ty) -> Option<Ty> {
    match ty {
        Ty::Con(Head::Rigid(_), _) => None,
        Ty::Con(head, args) => {
            Some(Ty::Con(head.clone(), args.iter().map(|arg| runtime_shape(arg).unwrap_or(Ty::Dyn)).collect()))
        }
        _ => None,
    }
}

/// More specific targets first.
fn specificity(target: &Ty) -> std::cmp::Reverse<usize> {
    std::cmp::Reverse(match target {
        Ty::Con(_, args) => args.iter().filter(|arg| !matches!(arg, Ty::Param(_))).count() + 1,
        _ => 0,
    })
}

/// Impls that give one type the same method, the first declared before the others.
fn in_declared_order(impls: Vec<Arc<ImplDef>>) -> Vec<Arc<ImplDef>> {
    if impls.iter().all(|implementation| implementation.rivals.is_empty()) {
        return impls;
    }
    let mut ordered: Vec<Arc<ImplDef>> = Vec::with_capacity(impls.len());
    for implementation in impls {
        let later = ordered.iter().position(|other| other.rivals.contains(&implementation.def));
        ordered.insert(later.unwrap_or(ordered.len()), implementation);
    }
    ordered
}

fn head_of_table(name: &str) -> Option<Head> {
    if name == "Tuple" {
        return Some(Head::Tuple);
    }
    if let Some(builtin) = Builtin::from_name(name) {
        return Some(Head::Builtin(builtin));
    }
    matches!(name, "Option" | "Result")
        .then(|| Head::Adt(DefName::new("stdlib.list".into(), DefKind::Type, Name::from(name), Name::default())))
}

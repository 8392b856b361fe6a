//! Methods of traits and bounds.
//!
//! Input: the type of a receiver and a name. Output: the method of the implementation that is meant; a site while the
//! type leaves it open.

use std::sync::Arc;

use base_db::{DefName, Name};
use hir::body::ExprId;

use super::{
    Check,
    argument::Argument,
    lookup::{Found, is_library},
    target::{Target, target_type},
};
use crate::{
    infer::{ArgPlan, Callee, Resolution},
    report,
    signature::ImplDef,
    ty::{BUILTIN_TRAITS, Constraint, Head, TraitRef, Ty},
};

pub(super) enum TraitMethodChoice {
    One(Box<Target>),
    /// Implementations of this trait for other type arguments, which are not known yet.
    Open(DefName),
    /// These traits all give the type the method, and none is nearer than the others.
    Ambiguous(Vec<TraitRef>),
    None,
}

impl Check<'_, '_> {
    /// Method of a bound of the rigid parameter `param`.
    pub(super) fn find_bound_method(&mut self, receiver: &Ty, param: &Name, name: &Name) -> Found {
        let bounds = self.bounds.get(param).cloned().unwrap_or_default();
        let mut queue: Vec<TraitRef> = bounds;
        let mut seen: Vec<TraitRef> = Vec::new();
        while let Some(trait_) = queue.pop() {
            if seen.contains(&trait_) {
                continue;
            }
            seen.push(trait_.clone());
            let Some(def) = self.trait_definition(&trait_) else { continue };
            let Some(definition) = self.doors.trait_def(&def) else { continue };
            if let Some(method) = definition.methods.iter().find(|method| method.name == *name) {
                let site = self.trait_site(&def, name, method.signature.params.len());
                let mut target =
                    self.instantiate_target(&method.signature, Callee::Site(site), std::slice::from_ref(receiver));
                target.constraints.clear();
                return Found::Target(Box::new(target));
            }
            queue.extend(definition.supertraits.iter().cloned());
        }
        match self.builtin_callees("", name).first().cloned() {
            Some(def) => match self.target(&def, &[]) {
                Some(mut target) => {
                    target.callee = Callee::Site(self.plain_site(name, &[], 1));
                    Found::Target(Box::new(target))
                }
                None => Found::Silent,
            },
            None => Found::Open,
        }
    }

    /// The declaration of a trait; built-in ones are declared in the library unless the program declares its own.
    pub(crate) fn trait_definition(&mut self, trait_: &TraitRef) -> Option<DefName> {
        match trait_ {
            TraitRef::Def(def) => Some(def.clone()),
            TraitRef::Builtin(name) => {
                let scope = self.scope();
                self.doors.resolve(&scope, name).trait_.clone()
            }
        }
    }

    /// Impls of methods called `name` whose target fits `ty`, best first.
    pub(super) fn find_trait_method(&mut self, ty: &Ty, name: &Name, scope: &Name) -> TraitMethodChoice {
        let fitting = self.fitting_impls(ty, name, scope);
        let traits: Vec<TraitRef> = {
            let mut traits: Vec<TraitRef> = Vec::new();
            for (implementation, _) in &fitting {
                if !traits.contains(&implementation.trait_) {
                    traits.push(implementation.trait_.clone());
                }
            }
            traits
        };
        let chosen = match traits.as_slice() {
            [] => return TraitMethodChoice::None,
            [_] => fitting[0].0.clone(),
            _ => match self.nearest_trait(&traits, &fitting, scope) {
                Some(wanted) => match fitting.iter().find(|(implementation, _)| implementation.trait_ == wanted) {
                    Some((implementation, _)) => implementation.clone(),
                    None => return TraitMethodChoice::None,
                },
                None => return TraitMethodChoice::Ambiguous(traits),
            },
        };
        // Implementations for other type arguments, as far as those are not known.
        let rivals = fitting
            .iter()
            .any(|(other, _)| other.trait_ == chosen.trait_ && !self.table.may_unify(&other.target, &chosen.target));
        if rivals && let Some(trait_) = self.trait_definition(&chosen.trait_) {
            let mut variables = Vec::new();
            self.table.variables(ty, &mut variables);
            if !variables.is_empty() && !self.last_resort {
                return TraitMethodChoice::Open(trait_);
            }
            // Of a declared parameter only the run knows.
            if variables.is_empty()
                && let Some(target) = self.open_trait_target(&trait_, name, ty)
            {
                return TraitMethodChoice::One(Box::new(target));
            }
        }
        match self.impl_method_target(&chosen, name) {
            Some(target) => TraitMethodChoice::One(Box::new(target)),
            None => TraitMethodChoice::None,
        }
    }

    /// Impls of methods called `name` that fit `ty`, with how well they do: the most specific target first, among equals
    /// the first declared.
    fn fitting_impls(&mut self, ty: &Ty, name: &Name, scope: &Name) -> Vec<(Arc<ImplDef>, usize)> {
        let mut fitting: Vec<(Arc<ImplDef>, usize)> = Vec::new();
        let named = self.doors.methods_named(name);
        for def in &named.impls {
            let Some(implementation) = self.doors.impl_def(def) else { continue };
            if !self.trait_is_accessible(&implementation.trait_, scope) {
                continue;
            }
            if let Some(rank) = self.target_fits(&implementation, ty) {
                fitting.push((implementation, rank));
            }
        }
        fitting.sort_by_key(|(_, rank)| std::cmp::Reverse(*rank));
        let best = fitting.first().map(|(_, rank)| *rank);
        let equals = fitting.iter().take_while(|(_, rank)| Some(*rank) == best).count();
        let is_first = |(item, _): &(Arc<ImplDef>, usize)| {
            !fitting[..equals].iter().any(|(other, _)| item.rivals.contains(&other.def))
        };
        if let Some(first) = fitting[..equals].iter().position(is_first) {
            fitting.swap(0, first);
        }
        fitting
    }

    /// Of several traits the only one in scope; among implementations of one module the first. `None`: ambiguous.
    fn nearest_trait(
        &mut self,
        traits: &[TraitRef],
        fitting: &[(Arc<ImplDef>, usize)],
        scope: &Name,
    ) -> Option<TraitRef> {
        let mut in_scope: Vec<&TraitRef> = Vec::new();
        for trait_ in traits {
            let named = self.doors.resolve(scope, &Name::from(report::trait_name(trait_)));
            let same = |def: &DefName| match trait_ {
                TraitRef::Def(other) => def == other,
                TraitRef::Builtin(_) => true,
            };
            if named.trait_.as_ref().is_some_and(same) {
                in_scope.push(trait_);
            }
        }
        let one_module = fitting.windows(2).all(|pair| pair[0].0.def.module() == pair[1].0.def.module());
        match in_scope.as_slice() {
            [only] => Some((*only).clone()),
            [first, ..] if one_module => Some((*first).clone()),
            [] if one_module => traits.first().cloned(),
            _ => None,
        }
    }

    /// The default of the trait for the method `name` of an impl.
    fn default_method(&mut self, implementation: &ImplDef, name: &Name) -> Option<DefName> {
        let trait_def = self.trait_definition(&implementation.trait_)?;
        let definition = self.doors.trait_def(&trait_def)?;
        definition.methods.iter().find(|method| method.name == *name)?.default.clone()
    }

    /// The method `name` of an impl: its own, or the default of the trait.
    pub(super) fn impl_method(&mut self, implementation: &ImplDef, name: &Name) -> Option<DefName> {
        match implementation.methods.iter().find(|(method, _)| method == name) {
            Some((_, def)) => Some(def.clone()),
            None => self.default_method(implementation, name),
        }
    }

    /// An instance of [`Check::impl_method`].
    pub(crate) fn impl_method_target(&mut self, implementation: &ImplDef, name: &Name) -> Option<Target> {
        if let Some((_, def)) = implementation.methods.iter().find(|(method, _)| method == name) {
            return self.target(&def.clone(), &[]);
        }
        let default = self.default_method(implementation, name)?;
        let args: Vec<Ty> = implementation.params.iter().map(|_| self.table.fresh()).collect();
        let self_ty = implementation.target.instantiate(&args);
        let mut target = self.target(&default, std::slice::from_ref(&self_ty))?;
        target.callee = Callee::Function(default);
        Some(target)
    }

    /// How specific the target of an impl is for `ty`; `None`: it does not fit.
    pub(crate) fn target_fits(&mut self, implementation: &ImplDef, ty: &Ty) -> Option<usize> {
        if !self.table.may_unify(&implementation.target, ty) {
            return None;
        }
        match (&implementation.target, self.table.shallow(ty)) {
            (Ty::Con(_, args), _) => Some(args.iter().filter(|arg| !matches!(arg, Ty::Param(_))).count() + 1),
            (Ty::Fn(_), Ty::Fn(_)) => Some(1),
            _ => Some(0),
        }
    }

    /// Methods of private traits exist only where the trait is declared.
    pub(crate) fn trait_is_accessible(&mut self, trait_: &TraitRef, scope: &Name) -> bool {
        let TraitRef::Def(def) = trait_ else { return true };
        if def.module().is_empty() || def.module() == scope || is_library(def) {
            return true;
        }
        if scope.strip_prefix(def.module().as_str()).is_some_and(|rest| rest.starts_with('.')) {
            return true;
        }
        self.doors.trait_def(def).is_some_and(|definition| definition.public)
    }

    /// A trait method in function form, `m(x, args)`. `None`: no trait in scope has it.
    pub(crate) fn call_trait_method(
        &mut self,
        expr: ExprId,
        name: &Name,
        traits: &[DefName],
        args: &mut Vec<Argument>,
    ) -> Option<Ty> {
        if traits.is_empty() || args.is_empty() {
            return None;
        }
        let first = args.remove(0);
        let receiver = match (first.ty, first.expr) {
            (Some(ty), _) => ty,
            (None, Some(value)) => self.infer_expr(value, None),
            (None, None) => Ty::Error,
        };
        // The receiver is the first argument of the plan.
        let ty = self.table.shallow(&receiver);
        let target = match &ty {
            Ty::Con(Head::Rigid(param), _) => match self.find_bound_method(&ty, &param.clone(), name) {
                Found::Target(target) => Some(*target),
                _ => None,
            },
            Ty::Con(..) | Ty::Fn(_) => match self.implemented_method(expr, name, traits, &receiver, args) {
                Ok(target) => target,
                Err(reported) => return Some(reported),
            },
            _ => None,
        };
        let target = match target {
            Some(target) => target,
            None => self.open_trait_target(&traits[0].clone(), name, &receiver)?,
        };
        let mut all =
            vec![Argument { name: None, expr: first.expr, ty: Some(receiver.clone()), source: ArgPlan::Arg(0) }];
        all.append(args);
        if let [trait_] = traits
            && matches!(ty, Ty::Var(_) | Ty::Con(Head::Rigid(_), _))
        {
            self.require(Constraint::Trait { trait_: trait_ref(trait_), ty: receiver }, expr, false);
        }
        // The implementation follows from the type of the first argument, perhaps only at run time.
        Some(self.apply(expr, target, &mut all, true))
    }

    /// The method of the implementation for a known receiver. `Err`: there is none, which is reported.
    fn implemented_method(
        &mut self,
        expr: ExprId,
        name: &Name,
        traits: &[DefName],
        receiver: &Ty,
        args: &mut [Argument],
    ) -> Result<Option<Target>, Ty> {
        let scope = self.scope();
        let ty = self.table.shallow(receiver);
        let choice = self.find_trait_method(&ty, name, &scope);
        let resolved = self.table.resolve(receiver);
        let draft = match choice {
            TraitMethodChoice::One(target) => return Ok(Some(*target)),
            TraitMethodChoice::Open(trait_) => return Ok(self.open_trait_target(&trait_, name, receiver)),
            TraitMethodChoice::Ambiguous(all) => report::ambiguous_method(&resolved, name, &all),
            TraitMethodChoice::None => report::missing_trait(&resolved, &TraitRef::Def(traits[0].clone()))
                .note(format!("no method `{name}` found for type `{resolved}`")),
        };
        self.infer_arguments(args);
        self.report_expr(expr, draft);
        Err(Ty::Error)
    }

    /// The declared type of a trait method for a receiver that is not known yet.
    fn open_trait_target(&mut self, trait_: &DefName, name: &Name, receiver: &Ty) -> Option<Target> {
        let definition = self.doors.trait_def(trait_)?;
        let method = definition.methods.iter().find(|method| method.name == *name)?;
        let site = self.trait_site(trait_, name, method.signature.params.len());
        let mut target = self.instantiate_target(&method.signature, Callee::Site(site), std::slice::from_ref(receiver));
        target.constraints.clear();
        Some(target)
    }

    /// A trait method as a value.
    pub(crate) fn trait_method_value(&mut self, expr: ExprId, name: &Name, traits: &[DefName]) -> Option<Ty> {
        let trait_ = traits.first()?.clone();
        let receiver = self.table.fresh();
        let target = self.open_trait_target(&trait_, name, &receiver)?;
        if let Callee::Site(site) = &target.callee {
            let site = site.clone();
            self.resolution(expr, Resolution::Site(site));
        }
        self.require(Constraint::Trait { trait_: trait_ref(&trait_), ty: receiver }, expr, false);
        Some(target_type(&target))
    }
}

/// The reference to a declared trait: the built-in ones by bare name, also when the program declares them again.
pub(crate) fn trait_ref(def: &DefName) -> TraitRef {
    if BUILTIN_TRAITS.contains(&def.name().as_str()) {
        TraitRef::Builtin(def.name().clone())
    } else {
        TraitRef::Def(def.clone())
    }
}

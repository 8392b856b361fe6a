//! What a method name means for a receiver: trait methods, built-in methods, fields that hold functions, functions.
//!
//! Input: the type of the receiver, the name, the arguments. Output: the callee, the candidates, or why there is none.

use base_db::{DefName, Name};
use hir::{
    Wanted,
    body::LocalId,
    problem::{Anchor, Place},
};

use super::{
    Check,
    argument::{Argument, match_arguments, with_receiver},
    raw,
    target::{Target, TargetParam, Told, target_of_value},
    trait_method::TraitMethodChoice,
};
use crate::{
    infer::Callee,
    native,
    report::{self, Draft},
    suggest,
    ty::{Head, TraitRef, Ty},
};

/// What a method name means for a receiver.
pub(super) enum Found {
    /// This.
    Target(Box<Target>),
    /// One of these functions: arguments decide.
    Overloads(Vec<DefName>),
    /// The type of the receiver is not known yet.
    Open,
    /// The receiver is dynamic.
    Dynamic,
    /// These traits all give the type the method.
    Ambiguous(Vec<TraitRef>),
    /// Something was reported before.
    Silent,
    /// Nothing.
    None,
}

impl Check<'_, '_> {
    pub(super) fn find_method(
        &mut self,
        receiver: &Ty,
        name: &Name,
        args: &[Argument],
        scope: &Name,
        local: Option<LocalId>,
    ) -> Found {
        let ty = self.table.shallow(receiver);
        let head = match &ty {
            Ty::Var(_) | Ty::Param(_) => return Found::Open,
            Ty::Dyn => return Found::Dynamic,
            Ty::Error | Ty::Never => return Found::Silent,
            Ty::Con(Head::Rigid(param), _) => {
                let param = param.clone();
                return self.find_bound_method(&ty, &param, name);
            }
            Ty::Con(head, _) => Some(head.clone()),
            Ty::Fn(_) => None,
        };
        // 1. Methods of traits.
        match self.find_trait_method(&ty, name, scope) {
            TraitMethodChoice::One(target) => return Found::Target(target),
            TraitMethodChoice::Ambiguous(traits) => return Found::Ambiguous(traits),
            TraitMethodChoice::Open(_) => return Found::Open,
            TraitMethodChoice::None => {}
        }
        // 2. Built-in methods of the head.
        let table = head.as_ref().and_then(table_head).unwrap_or("Function");
        let rows = self.builtin_callees(table, name);
        if !rows.is_empty() {
            // A function of the program named like a conversion wins for its own parameter types.
            let own = self.replacing_functions(name, scope, &ty);
            return self.one_or_many(if own.is_empty() { rows } else { own });
        }
        // 3. A field that holds a function.
        if let Some(target) = self.find_function_field(&ty, name) {
            return Found::Target(Box::new(target));
        }
        if let Some(target) = self.find_reactive_method(&ty, name) {
            return Found::Target(Box::new(target));
        }
        // 4. Functions in scope.
        if let Some(local) = local
            && let Some(target) = self.local_target(local, &ty)
        {
            return Found::Target(Box::new(target));
        }
        self.find_function(&ty, name, args, scope)
    }

    /// Functions and function values in scope whose first parameter accepts `ty`; those whose other parameters fit the
    /// arguments before the others.
    fn find_function(&mut self, ty: &Ty, name: &Name, args: &[Argument], scope: &Name) -> Found {
        let resolved = self.doors.resolve(scope, name);
        let mut fitting = Vec::new();
        for def in resolved.functions.iter().cloned().chain(free_natives(name)) {
            let Some(target) = self.target(&def, &[]) else { continue };
            let Some(first) = target.params.first() else { continue };
            if self.table.may_unify(&first.ty, ty) {
                fitting.push((def, match_arguments(&target.params, &with_receiver(ty, args)).is_ok()));
            }
        }
        if fitting.iter().any(|(_, fits)| *fits) {
            fitting.retain(|(_, fits)| *fits);
        }
        if let Some(def) = &resolved.value
            && fitting.is_empty()
            && let Some(target) = self.value_target(def, ty)
        {
            return Found::Target(Box::new(target));
        }
        self.one_or_many(fitting.into_iter().map(|(def, _)| def).collect())
    }

    fn one_or_many(&mut self, functions: Vec<DefName>) -> Found {
        match functions.as_slice() {
            [] => Found::None,
            [def] => match self.target(def, &[]) {
                Some(target) => Found::Target(Box::new(target)),
                None => Found::Silent,
            },
            _ => Found::Overloads(functions),
        }
    }

    /// The definitions that a built-in method of a head means; `""`: a method that every type has.
    pub(super) fn builtin_callees(&mut self, head: &str, method: &Name) -> Vec<DefName> {
        match stdlib::builtin_methods(head, method).next() {
            Some(stdlib::Callee::Native(name)) => native::definitions(&Name::from(name)).collect(),
            Some(stdlib::Callee::Function { module, name }) => {
                let exported = self.doors.exported(&Name::from(module), &Name::from(name));
                exported.defs.iter().map(|(def, _)| def.clone()).collect()
            }
            None => Vec::new(),
        }
    }

    /// The problem of a method that `ty` does not have: who has it, or a method with a near name.
    pub(super) fn no_method(&mut self, ty: &Ty, name: &Name) -> Draft {
        let draft = report::no_method(ty, name);
        if draft.help.is_some() {
            return draft;
        }
        let scope = self.scope();
        let named = self.doors.methods_named(name);
        let reachable =
            |check: &mut Self, def: &DefName| check.trait_is_accessible(&TraitRef::Def(def.clone()), &scope);
        if let Some(trait_) = named.traits.iter().find(|def| !is_library(def) && reachable(self, def)) {
            let place = Place { module: trait_.module().clone(), def: Some(trait_.clone()), anchor: Anchor::Name };
            let trait_ = trait_.name();
            return draft
                .note(format!("Missing trait implementation: {ty} does not implement {trait_}"))
                .related(place, format!("`{name}` is a method of this trait"))
                .help(format!("implement it: `{ty}: {trait_} … end`"));
        }
        let db = self.doors.db;
        if let Some(module) = hir::modules_with(db, name, Wanted::Value).iter().find(|module| **module != scope)
            && self.doors.resolve(&scope, name).functions.is_empty()
            && !module.starts_with("stdlib.")
        {
            return draft.help(format!("did you mean `use {module}.{name}`?"));
        }
        let head = ty.head().and_then(table_head).unwrap_or("Function");
        let own = self.field_names(ty).into_iter();
        suggest::near(draft, name, stdlib::method_names(head).map(Name::from).chain(own))
    }

    /// Own functions that may replace a built-in of the same name (`toInt` over a type of the program).
    fn replacing_functions(&mut self, name: &Name, scope: &Name, ty: &Ty) -> Vec<DefName> {
        if !(name.starts_with("to") && native::definitions(name).next().is_some()) {
            return Vec::new();
        }
        let resolved = self.doors.resolve(scope, name);
        let mut own = Vec::new();
        for def in resolved.functions.iter().filter(|def| !is_library(def)) {
            let Some(target) = self.target(def, &[]) else { continue };
            if let Some(first) = target.params.first() {
                let first = self.table.shallow(&first.ty.clone());
                if matches!(first, Ty::Con(..)) && self.table.may_unify(&first, ty) {
                    own.push(def.clone());
                }
            }
        }
        own
    }

    fn find_function_field(&mut self, ty: &Ty, name: &Name) -> Option<Target> {
        let (field, access) = self.field_of(ty, name)?;
        let Ty::Fn(function) = self.table.shallow(&field) else { return None };
        Some(target_of_value(Callee::Field(access), &function, None))
    }

    /// Methods of reactive records and variants: callbacks and cells.
    fn find_reactive_method(&mut self, ty: &Ty, name: &Name) -> Option<Target> {
        let Ty::Con(Head::Adt(def), _) = ty else { return None };
        let definition = self.doors.type_def(def)?;
        if !definition.reactive {
            return None;
        }
        let (params, result) = match name.as_str() {
            "onChange" | "onRead" => {
                let count = match (definition.record, name.as_str()) {
                    (true, "onChange") => 3,
                    (false, "onRead") => 1,
                    _ => 2,
                };
                (vec![Ty::function(vec![Ty::Dyn; count], Ty::Dyn)], Ty::unit())
            }
            "get" if !definition.record => (Vec::new(), ty.clone()),
            "set" if !definition.record => (vec![ty.clone()], Ty::unit()),
            _ => return None,
        };
        let params: Vec<TargetParam> = std::iter::once(ty.clone())
            .chain(params)
            .map(|ty| TargetParam { name: None, ty, has_default: false, default: None })
            .collect();
        let shared = vec![None; params.len()];
        let callee = Callee::Native(Name::from(format!("Reactive.{name}")));
        let (told, constraints) = (Told::Nothing, Vec::new());
        Some(Target { callee, params, result, told, constraints, shared, spreads: false })
    }

    fn local_target(&mut self, local: LocalId, receiver: &Ty) -> Option<Target> {
        let at = self.any_expr();
        let ty = self.local_type(local, at);
        let Ty::Fn(function) = self.table.shallow(&ty) else { return None };
        let first = function.params.first()?.clone();
        if !self.table.may_unify(&first, receiver) {
            return None;
        }
        let info = self.cx().local_functions.get(&(raw(local) as u32)).cloned();
        Some(target_of_value(Callee::Local(raw(local) as u32), &function, info.as_ref()))
    }

    /// A module value that holds a function of the receiver.
    fn value_target(&mut self, def: &DefName, receiver: &Ty) -> Option<Target> {
        let at = self.any_expr();
        let ty = self.value_type(def, at)?;
        let Ty::Fn(function) = self.table.shallow(&ty) else { return None };
        let first = function.params.first()?.clone();
        if !self.table.may_unify(&first, receiver) {
            return None;
        }
        Some(target_of_value(Callee::ModuleValue(def.clone()), &function, None))
    }
}

/// Whether the definition belongs to the library.
pub(crate) fn is_library(def: &DefName) -> bool {
    def.module().starts_with("stdlib.") || native::parts(def).is_some()
}

/// The head under which the table of built-in methods lists `head`.
pub(super) fn table_head(head: &Head) -> Option<&str> {
    match head {
        Head::Adt(def) if def.module() == "stdlib.list" => Some(def.name()),
        Head::Adt(_) | Head::Rigid(_) => Some(""),
        Head::Opaque(name) => Some(name),
        Head::Builtin(_) | Head::Tuple => Some(head.name()),
    }
}

/// Natives that may be called as methods of any fitting type; some have rules of their own.
pub(super) fn free_natives(name: &Name) -> impl Iterator<Item = DefName> + use<> {
    native::definitions(name)
        .filter(|def| native::parts(def).is_some_and(|(name, index)| native::special(name, index).is_none()))
}

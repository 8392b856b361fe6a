//! Method calls: paths, trait methods, built-in methods, fields that hold functions, free functions.
//!
//! Input: receiver, name, arguments. Output: the type of the result and the plan of the call. A receiver whose type is
//! open becomes a `HasMethod` constraint, which is solved by the same functions when the type is known; what is still
//! open when the body is finished is decided at run time, see [`Check::method_site`].

use std::sync::Arc;

use base_db::{DefKind, DefName, Name};
use hir::{
    Wanted,
    body::{Arg, Expr, ExprId, LocalId, TypeId},
    problem::{Anchor, Place},
};

use super::{
    Check,
    call::{Argument, Selection, Target, TargetParam, callee_of, def_arity, match_arguments, target_type},
    raw,
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, FieldAccess, Resolution, Site, SiteCandidate},
    native,
    report::{self, Draft},
    signature::{ImplDef, TypeDef},
    suggest,
    ty::{BUILTIN_TRAITS, Constraint, Head, TraitRef, Ty},
};

/// Whether the definition belongs to the library.
pub(crate) fn is_library(def: &DefName) -> bool {
    def.module().starts_with("stdlib.") || native::parts(def).is_some()
}

/// The head under which the table of built-in methods lists `head`.
fn table_head(head: &Head) -> Option<&str> {
    match head {
        Head::Adt(def) if def.module() == "stdlib.list" => Some(def.name()),
        Head::Adt(_) | Head::Rigid(_) => Some(""),
        Head::Opaque(name) => Some(name),
        Head::Builtin(_) | Head::Tuple => Some(head.name()),
    }
}

impl Check<'_, '_> {
    /// The definitions that a built-in method of a head means; `""`: a method that every type has.
    fn builtin_callees(&mut self, head: &str, method: &Name) -> Vec<DefName> {
        match stdlib::builtin_methods(head, method).next() {
            Some(stdlib::Callee::Native(name)) => native::definitions(&Name::from(name)).collect(),
            Some(stdlib::Callee::Function { module, name }) => {
                let exported = self.doors.exported(&Name::from(module), &Name::from(name));
                exported.defs.iter().map(|(def, _)| def.clone()).collect()
            }
            None => Vec::new(),
        }
    }

    /// `receiver.name(args)`.
    pub(crate) fn infer_method_call(
        &mut self,
        expr: ExprId,
        receiver: ExprId,
        name: &Name,
        type_args: &[TypeId],
        args: &[Arg],
        hint: Option<&Ty>,
    ) -> Ty {
        let explicit: Vec<Ty> = type_args.iter().map(|&id| self.annotation(id)).collect();
        let arguments = self.arguments(args);
        if let Some(space) = self.namespace_path(receiver) {
            return self.call_qualified(expr, &space, name, &explicit, arguments, hint);
        }
        if name == "update"
            && let Some(ty) = self.update_mvar(expr, receiver, &arguments)
        {
            return ty;
        }
        let receiver_ty = self.infer_expr(receiver, None);
        let local = self.callable_local(name);
        self.call_method(expr, &receiver_ty, name, &explicit, arguments, local)
    }

    /// `m.update(f)` on an mvar.
    fn update_mvar(&mut self, expr: ExprId, receiver: ExprId, args: &[Argument]) -> Option<Ty> {
        let body = self.body();
        let Expr::Name(name) = &body.exprs[receiver] else { return None };
        let scope = self.scope();
        let resolved = self.doors.resolve(&scope, name);
        let def = resolved.value.clone().filter(|def| def.kind() == DefKind::Mvar)?;
        let [Argument { expr: Some(function), name: None, .. }] = args else { return None };
        let ty = self.value_type(&def, receiver)?;
        self.resolution(receiver, Resolution::Mvar(def.clone()));
        self.cx().expr_types[raw(receiver)] = ty.clone();
        self.check_expr(*function, &Ty::function(vec![ty.clone()], ty.clone()));
        self.plan(expr, CallPlan { callee: Callee::MvarUpdate(def), args: vec![ArgPlan::Arg(0)] });
        Some(ty)
    }

    /// A method call on a receiver of type `receiver`; open types become a constraint.
    fn call_method(
        &mut self,
        expr: ExprId,
        receiver: &Ty,
        name: &Name,
        explicit: &[Ty],
        mut args: Vec<Argument>,
        local: Option<LocalId>,
    ) -> Ty {
        let scope = self.scope();
        match self.find_method(receiver, name, &args, &scope, local) {
            Found::Target(target) => self.apply_method(expr, *target, receiver, &mut args, true),
            Found::Overloads(functions) => {
                for arg in &mut args {
                    if let (Some(value), None) = (arg.expr, &arg.ty)
                        && !matches!(self.bodies[self.current].body.exprs[value], Expr::Lambda(_))
                    {
                        arg.ty = Some(self.infer_expr(value, None));
                    }
                }
                let mut known = vec![(None, Some(receiver.clone()))];
                known.extend(args.iter().map(|arg| (arg.name.clone(), arg.ty.clone())));
                let def = match self.select(&functions, &known) {
                    Selection::One(def) => def,
                    Selection::None => functions[0].clone(),
                    Selection::Open(_) => return self.defer_method(expr, receiver, name, scope, args, local),
                };
                match self.target(&def, explicit) {
                    Some(target) => self.apply_method(expr, target, receiver, &mut args, true),
                    None => Ty::Error,
                }
            }
            Found::Open => self.defer_method(expr, receiver, name, scope, args, local),
            Found::Dynamic => {
                self.infer_dynamic_arguments(&mut args);
                let site = self.method_site(name, &args, &scope, local);
                self.plan(expr, site);
                Ty::Dyn
            }
            Found::Silent => {
                self.infer_arguments(&mut args);
                Ty::Error
            }
            Found::Ambiguous(traits) => {
                self.infer_arguments(&mut args);
                let ty = self.table.resolve(receiver);
                self.report_expr(expr, report::ambiguous_method(&ty, name, &traits));
                Ty::Error
            }
            Found::None => {
                self.infer_arguments(&mut args);
                let ty = self.table.resolve(receiver);
                let draft = self.no_method(&ty, name);
                self.report_expr(expr, draft);
                Ty::Error
            }
        }
    }

    /// Leaves a method call to when more is known about its receiver or its arguments.
    fn defer_method(
        &mut self,
        expr: ExprId,
        receiver: &Ty,
        name: &Name,
        scope: Name,
        mut args: Vec<Argument>,
        local: Option<LocalId>,
    ) -> Ty {
        self.infer_arguments(&mut args);
        let result = self.table.fresh();
        self.table.mark_open_result(&result, true);
        let constraint = Constraint::HasMethod {
            ty: receiver.clone(),
            method: name.clone(),
            args: args.iter().map(|arg| (arg.name.clone(), arg.ty.clone().unwrap_or(Ty::Error))).collect(),
            result: result.clone(),
            scope,
        };
        self.require_with(constraint, expr, true, local);
        result
    }

    /// Passes the receiver and the arguments.
    fn apply_method(&mut self, expr: ExprId, target: Target, receiver: &Ty, args: &mut [Argument], record: bool) -> Ty {
        if let Callee::Field(_) = target.callee {
            return self.apply(expr, target, args, record);
        }
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(Argument { name: None, expr: None, ty: Some(receiver.clone()), source: ArgPlan::Receiver });
        all.extend(args.iter().cloned());
        let mut target = target;
        target.spreads = true;
        // Wrong numbers are counted without the receiver.
        if let Err(draft) = match_arguments(&target.params, &all) {
            self.infer_arguments(&mut all);
            let draft = if draft.message.starts_with("Wrong number") {
                report::arity(target.params.len().saturating_sub(1), args.len()).note(format!(
                    "Wrong number of arguments: expected {}, found {}",
                    target.params.len(),
                    all.len()
                ))
            } else {
                *draft
            };
            self.report_expr(expr, draft);
            return Ty::Error;
        }
        self.apply(expr, target, &mut all, record)
    }

    /// Tries to solve `HasMethod`. `false`: still open.
    pub(crate) fn solve_method(&mut self, id: usize) -> bool {
        let pending = &self.pending[id];
        let (at, record, local) = (pending.at, pending.record, pending.local);
        let Constraint::HasMethod { ty, method, args, result, scope } = pending.constraint.clone() else { return true };
        let written: Vec<Option<ExprId>> = if record { self.written_arguments(at) } else { Vec::new() };
        let mut arguments: Vec<Argument> = args
            .iter()
            .enumerate()
            .map(|(index, (name, ty))| Argument {
                name: name.clone(),
                expr: written.get(index).copied().flatten(),
                ty: Some(ty.clone()),
                source: ArgPlan::Arg(index as u32),
            })
            .collect();
        let found = match self.find_method(&ty, &method, &arguments, &scope, local) {
            Found::Open => return false,
            Found::Target(target) => {
                self.table.mark_open_result(&result, false);
                self.apply_method(at, *target, &ty, &mut arguments, record)
            }
            Found::Overloads(functions) => {
                let mut known = vec![(None, Some(ty.clone()))];
                known.extend(args.iter().map(|(name, ty)| (name.clone(), Some(ty.clone()))));
                let def = match self.select(&functions, &known) {
                    Selection::One(def) => def,
                    Selection::None => functions[0].clone(),
                    Selection::Open(_) if self.last_resort => functions[0].clone(),
                    Selection::Open(_) => {
                        let mut variables = Vec::new();
                        self.table.variables(&ty, &mut variables);
                        for (_, arg) in &args {
                            self.table.variables(arg, &mut variables);
                        }
                        for var in variables {
                            self.table.watch(var, id as u32);
                        }
                        return false;
                    }
                };
                self.table.mark_open_result(&result, false);
                match self.target(&def, &[]) {
                    Some(target) => self.apply_method(at, target, &ty, &mut arguments, record),
                    None => Ty::Error,
                }
            }
            Found::Dynamic => {
                self.infer_dynamic_arguments(&mut arguments);
                if record {
                    let site = self.method_site(&method, &arguments, &scope, local);
                    self.plan(at, site);
                }
                Ty::Dyn
            }
            Found::Silent => Ty::Error,
            Found::Ambiguous(traits) => {
                let ty = self.table.resolve(&ty);
                self.report_expr(at, report::ambiguous_method(&ty, &method, &traits));
                Ty::Error
            }
            Found::None => {
                let ty = self.table.resolve(&ty);
                let draft = self.no_method(&ty, &method);
                self.report_expr(at, draft);
                Ty::Error
            }
        };
        self.table.mark_open_result(&result, false);
        self.expect(at, &found, &result);
        true
    }

    /// The argument expressions of a recorded call.
    fn written_arguments(&self, at: ExprId) -> Vec<Option<ExprId>> {
        match &self.bodies[self.current].body.exprs[at] {
            Expr::MethodCall { args, .. } | Expr::Call { args, .. } => args.iter().map(|arg| Some(arg.value)).collect(),
            _ => Vec::new(),
        }
    }

    // --- look-up ---

    fn find_method(
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
            let mut functions = self.replacing_functions(name, scope, &ty);
            if functions.is_empty() {
                functions = rows;
            }
            if let [def] = functions.as_slice() {
                return match self.target(&def.clone(), &[]) {
                    Some(target) => Found::Target(Box::new(target)),
                    None => Found::Silent,
                };
            }
            if !functions.is_empty() {
                return Found::Overloads(functions);
            }
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
        let resolved = self.doors.resolve(scope, name);
        let mut fitting = Vec::new();
        for def in resolved.functions.iter().cloned().chain(free_natives(name)) {
            let Some(target) = self.target(&def, &[]) else { continue };
            let Some(first) = target.params.first() else { continue };
            let first = first.ty.clone();
            if self.table.may_unify(&first, &ty) {
                fitting.push((def, match_arguments(&target.params, &with_receiver(&ty, args)).is_ok()));
            }
        }
        if fitting.iter().any(|(_, fits)| *fits) {
            fitting.retain(|(_, fits)| *fits);
        }
        if let Some(def) = &resolved.value
            && fitting.is_empty()
            && let Some(target) = self.value_target(def, &ty)
        {
            return Found::Target(Box::new(target));
        }
        let mut functions: Vec<DefName> = fitting.into_iter().map(|(def, _)| def).collect();
        match functions.len() {
            0 => Found::None,
            1 => match self.target(&functions.remove(0), &[]) {
                Some(target) => Found::Target(Box::new(target)),
                None => Found::Silent,
            },
            _ => Found::Overloads(functions),
        }
    }

    /// The problem of a method that `ty` does not have: who has it, or a method with a near name.
    fn no_method(&mut self, ty: &Ty, name: &Name) -> Draft {
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

    /// The problem of a field that `ty` does not have.
    pub(crate) fn no_field(&mut self, ty: &Ty, field: &Name) -> Draft {
        let draft = report::no_field(ty, field);
        let head = ty.head().and_then(table_head).unwrap_or("Function");
        if stdlib::builtin_methods(head, field).next().is_some() {
            return draft.help(format!("`{field}` is a method: write `.{field}()`"));
        }
        let fields = self.field_names(ty);
        suggest::near(draft, field, fields.into_iter())
    }

    fn field_names(&mut self, ty: &Ty) -> Vec<Name> {
        match ty {
            Ty::Con(Head::Adt(def), _) => match self.doors.type_def(def).as_deref() {
                Some(TypeDef { constructors, .. }) if constructors.len() == 1 => constructors[0].field_names.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
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
        let params: Vec<TargetParam> = function
            .params
            .iter()
            .enumerate()
            .map(|(index, ty)| TargetParam {
                name: None,
                ty: ty.clone(),
                has_default: index >= function.required as usize,
                default: None,
            })
            .collect();
        let shared = vec![None; params.len()];
        Some(Target {
            callee: Callee::Field(access),
            params,
            result: function.result.clone(),
            constraints: Vec::new(),
            shared,
            spreads: false,
        })
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
        Some(Target { callee, params, result, constraints: Vec::new(), shared, spreads: false })
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
        let params: Vec<TargetParam> = function
            .params
            .iter()
            .enumerate()
            .map(|(index, ty)| TargetParam {
                name: info.as_ref().and_then(|info| info.names.get(index).cloned().flatten()),
                ty: ty.clone(),
                has_default: match &info {
                    Some(info) => info.defaults.get(index).copied().unwrap_or_default(),
                    None => index >= function.required as usize,
                },
                default: None,
            })
            .collect();
        let shared = vec![None; params.len()];
        Some(Target {
            callee: Callee::Local(raw(local) as u32),
            params,
            result: function.result.clone(),
            constraints: Vec::new(),
            shared,
            spreads: false,
        })
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
        let params: Vec<TargetParam> = function
            .params
            .iter()
            .map(|ty| TargetParam { name: None, ty: ty.clone(), has_default: false, default: None })
            .collect();
        let shared = vec![None; params.len()];
        Some(Target {
            callee: Callee::ModuleValue(def.clone()),
            params,
            result: function.result.clone(),
            constraints: Vec::new(),
            shared,
            spreads: false,
        })
    }

    // --- traits ---

    /// Method of a bound of the rigid parameter `param`.
    fn find_bound_method(&mut self, receiver: &Ty, param: &Name, name: &Name) -> Found {
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
    fn find_trait_method(&mut self, ty: &Ty, name: &Name, scope: &Name) -> TraitMethodChoice {
        let named = self.doors.methods_named(name);
        let mut fitting: Vec<(Arc<ImplDef>, usize)> = Vec::new();
        for def in &named.impls {
            let Some(implementation) = self.doors.impl_def(def) else { continue };
            if !self.trait_is_accessible(&implementation.trait_, scope) {
                continue;
            }
            if let Some(rank) = self.target_fits(&implementation, ty) {
                fitting.push((implementation, rank));
            }
        }
        // The most specific target first; among equals the first declared.
        fitting.sort_by_key(|(_, rank)| std::cmp::Reverse(*rank));
        let best = fitting.first().map(|(_, rank)| *rank);
        let equals = fitting.iter().take_while(|(_, rank)| Some(*rank) == best).count();
        let is_first = |(item, _): &(Arc<ImplDef>, usize)| {
            !fitting[..equals].iter().any(|(other, _)| item.rivals.contains(&other.def))
        };
        if let Some(first) = fitting[..equals].iter().position(is_first) {
            fitting.swap(0, first);
        }
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
            _ => {
                // Several traits: the only one in scope; among implementations of one module the first.
                let in_scope: Vec<&TraitRef> = traits
                    .iter()
                    .filter(|trait_| {
                        let named = report::trait_name(trait_);
                        self.doors.resolve(scope, &Name::from(named)).trait_.as_ref().is_some_and(|def| match trait_ {
                            TraitRef::Def(other) => def == other,
                            TraitRef::Builtin(_) => true,
                        })
                    })
                    .collect();
                let one_module = fitting.windows(2).all(|pair| pair[0].0.def.module() == pair[1].0.def.module());
                let wanted = match in_scope.as_slice() {
                    [only] => *only,
                    [first, ..] if one_module => *first,
                    [] if one_module => &traits[0],
                    _ => return TraitMethodChoice::Ambiguous(traits),
                };
                match fitting.iter().find(|(implementation, _)| implementation.trait_ == *wanted) {
                    Some((implementation, _)) => implementation.clone(),
                    None => return TraitMethodChoice::None,
                }
            }
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

    /// The method `name` of an impl: its own, or the default of the trait.
    pub(crate) fn impl_method_target(&mut self, implementation: &ImplDef, name: &Name) -> Option<Target> {
        if let Some((_, def)) = implementation.methods.iter().find(|(method, _)| method == name) {
            return self.target(&def.clone(), &[]);
        }
        let trait_def = self.trait_definition(&implementation.trait_)?;
        let definition = self.doors.trait_def(&trait_def)?;
        let method = definition.methods.iter().find(|method| method.name == *name)?;
        let default = method.default.clone()?;
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
            Ty::Con(..) | Ty::Fn(_) => {
                let scope = self.scope();
                match self.find_trait_method(&ty, name, &scope) {
                    TraitMethodChoice::One(target) => Some(*target),
                    TraitMethodChoice::Open(trait_) => self.open_trait_target(&trait_, name, &receiver),
                    TraitMethodChoice::Ambiguous(all) => {
                        self.infer_arguments(args);
                        let resolved = self.table.resolve(&receiver);
                        self.report_expr(expr, report::ambiguous_method(&resolved, name, &all));
                        return Some(Ty::Error);
                    }
                    TraitMethodChoice::None => {
                        self.infer_arguments(args);
                        let resolved = self.table.resolve(&receiver);
                        self.report_expr(
                            expr,
                            report::missing_trait(&resolved, &TraitRef::Def(traits[0].clone()))
                                .note(format!("no method `{name}` found for type `{resolved}`")),
                        );
                        return Some(Ty::Error);
                    }
                }
            }
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

    // --- run-time choice ---

    /// All implementations of a trait method, by the head of the first argument.
    fn trait_site(&mut self, trait_: &DefName, name: &Name, params: usize) -> Site {
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
                candidates.push(SiteCandidate { heads: Vec::new(), callee: callee_of(&def), args: positional(params) });
            }
        }
        Site { name: name.clone(), candidates, field: false }
    }

    fn impl_candidate(&mut self, implementation: &ImplDef, name: &Name, params: usize) -> Option<SiteCandidate> {
        let callee = match implementation.methods.iter().find(|(method, _)| method == name) {
            Some((_, def)) => def.clone(),
            None => {
                let trait_def = self.trait_definition(&implementation.trait_)?;
                let definition = self.doors.trait_def(&trait_def)?;
                definition.methods.iter().find(|method| method.name == *name)?.default.clone()?
            }
        };
        Some(SiteCandidate {
            heads: vec![runtime_shape(&implementation.target)],
            callee: Callee::Function(callee),
            args: positional(params),
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
            candidates.push(SiteCandidate { heads: Vec::new(), callee: callee_of(&def), args: positional(params) });
        }
        Site { name: name.clone(), candidates, field: false }
    }

    /// The plan of a method call whose receiver is known at run time only: implementations of the program, built-in
    /// methods by head, free functions, and a field of the receiver.
    pub(crate) fn method_site(
        &mut self,
        name: &Name,
        args: &[Argument],
        scope: &Name,
        local: Option<LocalId>,
    ) -> CallPlan {
        let mut candidates: Vec<SiteCandidate> = Vec::new();
        let named = self.doors.methods_named(name);
        let mut impls: Vec<Arc<ImplDef>> = named.impls.iter().filter_map(|def| self.doors.impl_def(def)).collect();
        impls.sort_by_key(|implementation| specificity(&implementation.target));
        for implementation in in_declared_order(impls) {
            if !self.trait_is_accessible(&implementation.trait_, scope) {
                continue;
            }
            let def = match implementation.methods.iter().find(|(method, _)| method == name) {
                Some((_, def)) => Some(def.clone()),
                None => self
                    .trait_definition(&implementation.trait_)
                    .and_then(|def| self.doors.trait_def(&def))
                    .and_then(|trait_| trait_.methods.iter().find(|method| method.name == *name)?.default.clone()),
            };
            let Some(def) = def else { continue };
            if let Some(args) = self.site_arguments(&def, args) {
                candidates.push(SiteCandidate {
                    heads: vec![runtime_shape(&implementation.target)],
                    callee: Callee::Function(def),
                    args,
                });
            }
        }
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
        if let Some(local) = local {
            let plan = with_receiver(&Ty::Dyn, args).iter().map(|arg| arg.source.clone()).collect();
            candidates.push(SiteCandidate { heads: Vec::new(), callee: Callee::Local(raw(local) as u32), args: plan });
        }
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
            let callee = callee_of(&def);
            if !candidates.iter().any(|candidate| candidate.callee == callee && candidate.heads == heads) {
                candidates.push(SiteCandidate { heads, callee, args: plan });
            }
        }
        let args = with_receiver(&Ty::Dyn, args).iter().map(|arg| arg.source.clone()).collect();
        CallPlan { callee: Callee::Site(Site { name: name.clone(), candidates, field: true }), args }
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

    /// The plan of a call of an overloaded function that types leave open.
    pub(crate) fn overload_site(&mut self, name: &Name, functions: &[DefName], args: &[(Option<Name>, Ty)]) -> Site {
        let arguments: Vec<Argument> = args
            .iter()
            .enumerate()
            .map(|(index, (name, ty))| Argument {
                name: name.clone(),
                expr: None,
                ty: Some(ty.clone()),
                source: ArgPlan::Arg(index as u32),
            })
            .collect();
        let mut typed = Vec::new();
        let mut untyped = Vec::new();
        for def in functions {
            let Some(target) = self.target(def, &[]) else { continue };
            let Some(plan) = plan_arguments(&target.params, &arguments) else { continue };
            let mut heads = vec![None; arguments.len()];
            if let Ok(slots) = match_arguments(&target.params, &arguments) {
                for (param, slot) in target.params.iter().zip(slots) {
                    if let Some(index) = slot {
                        heads[index] = runtime_shape(&self.table.resolve(&param.ty));
                    }
                }
            }
            let is_typed = heads.iter().any(Option::is_some);
            let candidate = SiteCandidate { heads, callee: callee_of(def), args: plan };
            if is_typed { typed.push(candidate) } else { untyped.push(candidate) }
        }
        typed.append(&mut untyped);
        Site { name: name.clone(), candidates: typed, field: false }
    }

    /// Type and place of a field; `None`: the type has no such field, or is open.
    pub(crate) fn field_of(&mut self, ty: &Ty, name: &Name) -> Option<(Ty, FieldAccess)> {
        match self.table.shallow(ty) {
            Ty::Con(Head::Tuple, items) => {
                let index: usize = name.parse().ok()?;
                Some((items.get(index)?.clone(), FieldAccess::Tuple(index as u32)))
            }
            Ty::Con(Head::Adt(def), args) => {
                let definition = self.doors.type_def(&def)?;
                let [constructor] = definition.constructors.as_slice() else { return None };
                let index = constructor.field_names.iter().position(|field| field == name);
                match index {
                    Some(index) => {
                        Some((constructor.fields[index].instantiate(&args), FieldAccess::Index(index as u32)))
                    }
                    None if definition.reactive && matches!(name.as_str(), "parents" | "children") => {
                        Some((Ty::Dyn, FieldAccess::Dynamic(name.clone())))
                    }
                    None => None,
                }
            }
            _ => None,
        }
    }

    /// Problem of a trait method or bound of the declared scheme.
    pub(crate) fn unresolved_method(&mut self, body: usize, at: ExprId, method: &Name) {
        self.report(
            body,
            hir::problem::Anchor::Expr(raw(at) as u32),
            Draft::new(404, format!("cannot resolve trait method `{method}` without type information"))
                .help("annotate the parameter of the function that calls it"),
        );
    }
}

enum TraitMethodChoice {
    One(Box<Target>),
    /// Implementations of this trait for other type arguments, which are not known yet.
    Open(DefName),
    /// These traits all give the type the method, and none is nearer than the others.
    Ambiguous(Vec<TraitRef>),
    None,
}

/// What a method name means for a receiver.
enum Found {
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

/// The reference to a declared trait: the built-in ones by bare name, also when the program declares them again.
pub(crate) fn trait_ref(def: &DefName) -> TraitRef {
    if BUILTIN_TRAITS.contains(&def.name().as_str()) {
        TraitRef::Builtin(def.name().clone())
    } else {
        TraitRef::Def(def.clone())
    }
}

/// Natives that may be called as methods of any fitting type; some have rules of their own.
fn free_natives(name: &Name) -> impl Iterator<Item = DefName> + use<> {
    native::definitions(name)
        .filter(|def| native::parts(def).is_some_and(|(name, index)| native::special(name, index).is_none()))
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
    if let Some(builtin) = crate::ty::Builtin::from_name(name) {
        return Some(Head::Builtin(builtin));
    }
    matches!(name, "Option" | "Result")
        .then(|| Head::Adt(DefName::new("stdlib.list".into(), DefKind::Type, Name::from(name), Name::default())))
}

fn positional(count: usize) -> Vec<ArgPlan> {
    (0..count as u32).map(ArgPlan::Arg).collect()
}

/// The receiver before the arguments.
fn with_receiver(receiver: &Ty, args: &[Argument]) -> Vec<Argument> {
    let mut all = Vec::with_capacity(args.len() + 1);
    all.push(Argument { name: None, expr: None, ty: Some(receiver.clone()), source: ArgPlan::Receiver });
    all.extend(args.iter().cloned());
    all
}

fn plan_arguments(params: &[TargetParam], args: &[Argument]) -> Option<Vec<ArgPlan>> {
    let slots = match_arguments(params, args).ok()?;
    Some(
        slots
            .iter()
            .enumerate()
            .map(|(index, slot)| match slot {
                Some(arg) => args[*arg].source.clone(),
                None => ArgPlan::Default(index as u32),
            })
            .collect(),
    )
}

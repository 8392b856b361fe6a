//! Problems of declarations: everything that is no body.
//!
//! Input: the items of one module. Output: its problems, in a deterministic order, and the questions that were asked.
//! Problems that need no types (duplicates, constants) are found by `hir` and passed on.

use std::sync::Arc;

use base_db::{DefId, DefName, ModuleId, Name};
use hir::{
    Wanted,
    body::Expr,
    item_tree::{FunctionItem, ImplItem, ModuleItems, TraitItem, TypeBody, TypeItem, VariantFields},
    problem::{Anchor, Place, Problem},
    type_ref::TypeRef,
};

use crate::{
    TyDb,
    check::is_library,
    doors::{Doors, Trace},
    group::{bound_trait, item_lowering, mentions},
    lower::TypeLowering,
    report::{self, Draft},
    signature::{ImplDef, TraitDef},
    suggest,
    ty::{BUILTIN_TRAITS, TraitRef, Ty},
    unify::Table,
};

/// Problems of the declarations of a module: types, traits, impls, reserved names, values that need themselves.
#[salsa::tracked]
pub fn item_problems<'db>(db: &'db dyn TyDb, module: ModuleId<'db>) -> Arc<(Vec<Problem>, Trace)> {
    let doors = Doors::new(db);
    let mut problems: Vec<Problem> = hir::definition_problems(db, module).to_vec();
    let library = hir::module_file(db, module).is_none_or(|file| file.library(db));
    if let Some(items) = hir::module_items(db, module)
        && !library
    {
        if let Some(file) = hir::module_file(db, module) {
            doors.templates(&hir::query::item_tree(db, file).templates_asked);
        }
        let mut check = ItemCheck { doors: &doors, items, problems: Vec::new() };
        check.reserved_names();
        for item in &items.types {
            check.type_item(item);
        }
        for item in &items.traits {
            check.trait_item(item);
        }
        for item in &items.impls {
            check.impl_item(item);
        }
        check.value_cycles();
        problems.append(&mut check.problems);
    }
    Arc::new((problems, doors.into_trace()))
}

struct ItemCheck<'a, 'db> {
    doors: &'a Doors<'db>,
    items: &'a ModuleItems,
    problems: Vec<Problem>,
}

impl<'a, 'db> ItemCheck<'a, 'db> {
    fn report(&mut self, def: &DefName, anchor: Anchor, draft: Draft) {
        self.problems.push(draft.at(self.items.path.clone(), Some(def.clone()), anchor));
    }

    fn id(&self, def: &DefName) -> DefId<'db> {
        DefId::new(self.doors.db, def.clone())
    }

    // --- names ---

    /// Functions may not take the names of built-in functions or of the prelude's.
    fn reserved_names(&mut self) {
        let mut seen: Vec<&Name> = Vec::new();
        for item in &self.items.functions {
            let name = item.def.name();
            if seen.contains(&name) {
                continue;
            }
            let draft = if stdlib::is_reserved_function_name(name) {
                Draft::new(413, format!("Function '{name}' shadows built-in function '{name}'. Choose another name"))
            } else if let Some(module) = stdlib::prelude_function_module(name) {
                Draft::new(
                    413,
                    format!(
                        "Function '{name}' shadows standard library function '{module}.{name}'. Choose another name"
                    ),
                )
            } else {
                continue;
            };
            seen.push(name);
            self.problems.push(draft.label("this name is taken").at(
                self.items.path.clone(),
                Some(item.def.clone()),
                Anchor::Name,
            ));
        }
    }

    // --- types ---

    fn lowering(&self, item: &TypeItem) -> TypeLowering<'a, 'db> {
        let mut lowering = item_lowering(self.doors, &self.items.path);
        lowering.implicit = false;
        lowering.declare(&item.params);
        lowering
    }

    fn type_item(&mut self, item: &TypeItem) {
        let mut found: Vec<(u32, Draft)> = Vec::new();
        let mut twice: Vec<(u32, String)> = Vec::new();
        {
            let mut lowering = self.lowering(item);
            let mut check = |position: usize, ty: &TypeRef| {
                lowering.lower(ty, &mut None);
                let drafts = lowering.problems.drain(..).map(|problem| problem.draft(self.doors, &self.items.path));
                found.extend(drafts.map(|draft| (position as u32, draft)));
            };
            let mut names: Vec<&Name> = Vec::new();
            let mut once = |position: usize, name: &'_ Name, what: &str| {
                twice.push((position as u32, format!("{what} `{name}` is defined multiple times")));
            };
            match &item.body {
                TypeBody::Record(fields) => {
                    for (position, field) in fields.iter().enumerate() {
                        check(position, &field.ty);
                        if names.contains(&&field.name) {
                            once(position, &field.name, "field");
                        }
                        names.push(&field.name);
                    }
                }
                TypeBody::Variant(variants) => {
                    for (position, variant) in variants.iter().enumerate() {
                        match &variant.fields {
                            VariantFields::Unit => {}
                            VariantFields::Positional(types) => types.iter().for_each(|ty| check(position, ty)),
                            VariantFields::Named(fields) => fields.iter().for_each(|field| check(position, &field.ty)),
                        }
                        if names.contains(&&variant.name) {
                            once(position, &variant.name, "constructor");
                        }
                        names.push(&variant.name);
                    }
                }
                TypeBody::Alias(target) => check(0, target),
                TypeBody::Opaque => {}
            }
        }
        for (position, message) in twice {
            self.report(&item.def, Anchor::Member(position), Draft::new(414, message));
        }
        let reported = !found.is_empty();
        for (position, draft) in found {
            self.report(&item.def, Anchor::Member(position), draft);
        }
        if let TypeBody::Alias(_) = item.body
            && !reported
            && self.doors.type_shape(&item.def).is_some_and(|shape| shape.alias == Some(Ty::Error))
        {
            let name = item.def.name();
            self.report(&item.def, Anchor::Name, Draft::new(417, format!("type alias `{name}` depends on itself")));
        }
    }

    // --- traits ---

    /// Whether the trait `def` may be named by something at position `order` of this module's file.
    fn is_declared_before(&self, def: &DefName, order: u32) -> bool {
        let db = self.doors.db;
        let own = hir::file_of_def(db, self.id(def));
        let here = hir::module_file(db, ModuleId::new(db, self.items.path.clone()));
        if own != here {
            return true;
        }
        hir::trait_item(db, self.id(def)).is_none_or(|item| item.order < order)
    }

    fn trait_item(&mut self, item: &TraitItem) {
        for name in &item.supertraits {
            let resolved = self.doors.resolve(&self.items.path, name);
            let known = match &resolved.trait_ {
                Some(def) => is_library(def) || self.is_declared_before(def, item.order),
                None => BUILTIN_TRAITS.contains(&name.as_str()),
            };
            if !known {
                let mut draft = Draft::new(412, format!("unknown trait `{name}`"));
                if resolved.trait_.is_some() {
                    draft = draft.note("a supertrait is declared before the traits that need it");
                } else {
                    draft = self.unknown_trait(name, draft);
                }
                self.report(&item.def, Anchor::Name, draft);
            }
        }
        for (position, method) in item.methods.iter().enumerate() {
            let position = position as u32;
            let (trait_name, name) = (item.def.name(), method.def.name());
            let exempt = matches!(
                (trait_name.as_str(), name.as_str()),
                ("Show", "show")
                    | ("Hash", "hash")
                    | ("Eq", "eq")
                    | ("Copy", "copy")
                    | ("Ord", "compare")
                    | ("Logger", "log" | "flush")
                    | (_, "toString")
            );
            if !exempt && stdlib::is_reserved_function_name(name) {
                let draft = Draft::new(413, format!("Trait method '{name}' shadows built-in function '{name}'"))
                    .help("choose another name");
                self.report(&item.def, Anchor::Member(position), draft);
            }
            for draft in self.method_types(method, None, &[]) {
                self.report(&item.def, Anchor::Member(position), draft);
            }
        }
    }

    /// Problems of the written types of a method.
    fn method_types(&self, method: &FunctionItem, self_ty: Option<Ty>, params: &[Name]) -> Vec<Draft> {
        let mut lowering = item_lowering(self.doors, &self.items.path);
        for param in params {
            lowering.add_param(param.clone());
        }
        lowering.declare(&method.type_params);
        lowering.self_ty = Some(self_ty.unwrap_or(Ty::Error));
        for ty in method.params.iter().filter_map(|param| param.ty.as_ref()).chain(&method.result) {
            lowering.lower(ty, &mut None);
        }
        lowering.problems.iter().map(|problem| problem.draft(self.doors, &self.items.path)).collect()
    }

    fn unknown_trait(&self, name: &Name, draft: Draft) -> Draft {
        let builtin = BUILTIN_TRAITS.into_iter().map(Name::new_static);
        suggest::explain(self.doors, &self.items.path, name, Wanted::Trait, builtin, draft)
    }

    // --- impls ---

    fn impl_item(&mut self, item: &ImplItem) {
        let resolved = self.doors.resolve(&self.items.path, &item.trait_name);
        let Some(trait_name) = resolved.trait_.clone() else {
            let mut draft = Draft::new(412, format!("unknown trait `{}`", item.trait_name));
            if let Some(private) = &resolved.private {
                draft = draft.note(format!("`{}` is private in module `{}`", item.trait_name, private.module()));
            }
            let draft = self.unknown_trait(&item.trait_name, draft);
            self.report(&item.def, Anchor::Name, draft);
            return;
        };
        let drafts: Vec<Draft> = {
            let mut lowering = item_lowering(self.doors, &self.items.path);
            lowering.lower(&item.target, &mut None);
            lowering.problems.iter().map(|problem| problem.draft(self.doors, &self.items.path)).collect()
        };
        if !drafts.is_empty() {
            for draft in drafts {
                self.report(&item.def, Anchor::Name, draft);
            }
            return;
        }
        let (Some(definition), Some(implementation)) =
            (self.doors.trait_def(&trait_name), self.doors.impl_def(&item.def))
        else {
            return;
        };
        self.completeness(item, &definition, &implementation);
        self.method_signatures(item, &definition, &implementation);
        self.supertraits(item, &definition, &implementation);
        self.coherence(item, &trait_name, &implementation);
        for bound in &item.bounds {
            for name in &bound.bounds {
                if bound_trait(self.doors, &self.items.path, name).is_none() {
                    let draft = self.unknown_trait(name, Draft::new(412, format!("unknown trait `{name}`")));
                    self.report(&item.def, Anchor::Name, draft);
                }
            }
        }
    }

    fn completeness(&mut self, item: &ImplItem, definition: &TraitDef, implementation: &ImplDef) {
        // The compiler fills in what an implementation of one of its own traits leaves out.
        if is_library(&definition.def) {
            return;
        }
        let target = &implementation.target;
        for method in &definition.methods {
            if method.default.is_none() && !implementation.methods.iter().any(|(name, _)| *name == method.name) {
                let draft = report::missing_method(target, &method.name, definition.def.name());
                let trait_ = &definition.def;
                let position =
                    definition.methods.iter().position(|other| other.name == method.name).unwrap_or_default();
                let anchor = Anchor::Member(position as u32);
                let place = Place { module: trait_.module().clone(), def: Some(trait_.clone()), anchor };
                self.report(&item.def, Anchor::Name, draft.related(place, "required here"));
            }
        }
    }

    fn method_signatures(&mut self, item: &ImplItem, definition: &TraitDef, implementation: &ImplDef) {
        for (position, method) in item.methods.iter().enumerate() {
            let name = method.def.name();
            for draft in self.method_types(method, Some(implementation.target.clone()), &implementation.params) {
                self.report(&item.def, Anchor::Member(position as u32), draft);
            }
            let declared: Vec<_> = definition.methods.iter().filter(|declared| declared.name == *name).collect();
            if declared.is_empty() {
                continue;
            }
            let fits = declared.iter().any(|declared| {
                declared.signature.params.len() == method.params.len()
                    && self.types_fit(method, &declared.signature, implementation)
            });
            if !fits {
                let target = &implementation.target;
                let draft = Draft::new(
                    412,
                    format!("trait method `{name}` signature mismatch in `{target}: {}`", definition.def.name()),
                )
                .note(format!(
                    "type mismatch: the trait declares {} parameters, the implementation has {}",
                    declared[0].signature.params.len(),
                    method.params.len()
                ));
                self.report(&item.def, Anchor::Member(position as u32), draft);
            }
        }
    }

    /// Whether the annotated types of an impl method can be those that the trait declares.
    fn types_fit(
        &self,
        method: &FunctionItem,
        declared: &crate::signature::Signature,
        implementation: &ImplDef,
    ) -> bool {
        let mut table = Table::default();
        let args: Vec<Ty> = implementation.params.iter().map(|_| table.fresh()).collect();
        let self_ty = implementation.target.instantiate(&args);
        let mut generics = vec![self_ty.clone()];
        generics.extend(declared.generics.iter().skip(1).map(|_| table.fresh()));
        let mut lowering = item_lowering(self.doors, &self.items.path);
        for param in &implementation.params {
            lowering.add_param(param.clone());
        }
        lowering.declare(&method.type_params);
        lowering.self_ty = Some(self_ty);
        let written: Vec<Option<Ty>> =
            method.params.iter().map(|param| param.ty.as_ref().map(|ty| lowering.lower(ty, &mut None))).collect();
        let result = method.result.as_ref().map(|ty| lowering.lower(ty, &mut None));
        let own: Vec<Ty> =
            (0..lowering.params.len()).map(|index| args.get(index).cloned().unwrap_or_else(|| table.fresh())).collect();
        let mut fits =
            |wanted: &Ty, found: &Ty| table.unify(&wanted.instantiate(&generics), &found.instantiate(&own)).is_ok();
        declared
            .params
            .iter()
            .zip(&written)
            .all(|(wanted, found)| found.as_ref().is_none_or(|found| fits(&wanted.ty, found)))
            && result.is_none_or(|found| fits(&declared.result, &found))
    }

    /// All supertraits, direct and transitive, must be implemented before.
    fn supertraits(&mut self, item: &ImplItem, definition: &TraitDef, implementation: &ImplDef) {
        let mut queue: Vec<TraitRef> = definition.supertraits.clone();
        let mut seen: Vec<TraitRef> = Vec::new();
        let mut missing: Vec<Name> = Vec::new();
        while let Some(trait_) = queue.pop() {
            if seen.contains(&trait_) {
                continue;
            }
            seen.push(trait_.clone());
            let TraitRef::Def(def) = &trait_ else { continue };
            if let Some(definition) = self.doors.trait_def(def) {
                queue.extend(definition.supertraits.iter().cloned());
            }
            let found = self.doors.impls_of(def).iter().any(|other| self.implements(other, item, implementation));
            if !found {
                missing.push(def.name().clone());
            }
        }
        missing.sort();
        for name in missing {
            let message = format!(
                "type `{}` must implement supertrait `{name}` before implementing `{}`",
                implementation.target,
                definition.def.name()
            );
            self.report(&item.def, Anchor::Name, Draft::new(412, message));
        }
    }

    /// Whether the impl `other` covers the target of `item` and stands before it.
    fn implements(&self, other: &DefName, item: &ImplItem, implementation: &ImplDef) -> bool {
        let Some(found) = self.doors.impl_def(other) else { return false };
        if !Table::default().may_unify(&found.target, &implementation.target) {
            return false;
        }
        let db = self.doors.db;
        if hir::file_of_def(db, self.id(other)) != hir::file_of_def(db, self.id(&item.def)) {
            return true;
        }
        hir::impl_item(db, self.id(other)).is_none_or(|other| other.order < item.order)
    }

    /// One implementation for a type and trait in the whole project.
    fn coherence(&mut self, item: &ImplItem, trait_name: &DefName, implementation: &ImplDef) {
        let others = self.doors.impls_of(trait_name);
        let twin = others.iter().find(|other| {
            other.module() != item.def.module()
                && self.doors.impl_def(other).is_some_and(|other| other.target == implementation.target)
        });
        if let Some(twin) = twin {
            let message = format!(
                "duplicate implementation of trait `{}` for type `{}`",
                trait_name.name(),
                implementation.target
            );
            let mut problem = Draft::new(412, message)
                .note(format!("implemented in `{}` and in `{}`", item.def.module(), twin.module()))
                .at(self.items.path.clone(), Some(item.def.clone()), Anchor::Name);
            let place = Place { module: twin.module().clone(), def: Some(twin.clone()), anchor: Anchor::Name };
            problem.related.push((place, "also implemented here".to_owned()));
            self.problems.push(problem);
        }
    }

    // --- values ---

    /// Values whose initialisers need each other. Functions may refer to anything.
    fn value_cycles(&mut self) {
        let db = self.doors.db;
        let defs: Vec<&DefName> = self.items.values.iter().map(|item| &item.def).collect();
        let is_lambda = |def: &DefName| {
            let body = hir::query::body(db, self.id(def));
            body.clauses.first().is_some_and(|clause| matches!(body.exprs[clause.value], Expr::Lambda(_)))
        };
        let edges: Vec<Vec<u32>> = defs
            .iter()
            .map(|def| {
                if is_lambda(def) {
                    return Vec::new();
                }
                let mentions = mentions(db, self.id(def));
                (0..defs.len() as u32).filter(|&other| mentions.names(defs[other as usize].name())).collect()
            })
            .collect();
        let mut cyclic: Vec<DefName> = Vec::new();
        for component in hir::components(&edges) {
            let first = component[0];
            if component.len() > 1 || edges[first as usize].contains(&first) {
                cyclic.extend(component.iter().map(|&index| defs[index as usize].clone()));
            }
        }
        cyclic.sort();
        for def in cyclic {
            let message = format!("`{}` depends on itself", def.name());
            self.report(&def, Anchor::Name, Draft::new(417, message).help("break the ring with a function"));
        }
    }
}

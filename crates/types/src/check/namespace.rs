//! Qualified names: `M.x`, `M.f(…)`, `Map.get(…)`.
//!
//! Input: what stands before the dot and the name after it. Output: the members of that name that may be used here.

use base_db::{DefKind, DefName, ModuleId, Name};
use hir::{
    Wanted,
    body::{Expr, ExprId},
};

use super::{Check, argument::Argument, raw};
use crate::{
    infer::{Callee, Resolution},
    native,
    report::{self, Draft},
    ty::{Builtin, Ty},
};

/// What stands before a dot when it is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// A module or block.
    Module(Name),
    /// `String`, `Map`, …: only natives.
    Builtin(Name),
    /// A type of the program: has no members, but its name reads like a namespace.
    Type(Name),
    /// Upper-case name that means nothing.
    Unknown(Name),
}

/// Members of a namespace of one name.
pub(super) enum Members {
    Functions(Vec<DefName>),
    Value(DefName),
    Constructors(Vec<(DefName, u32)>),
    TraitMethods(Vec<DefName>),
}

impl Check<'_, '_> {
    /// The dotted path of a chain of names, if its first segment is no local and the whole denotes no value.
    pub(crate) fn namespace_path(&mut self, expr: ExprId) -> Option<Namespace> {
        let body = self.body();
        let mut segments = Vec::new();
        let mut at = expr;
        loop {
            match &body.exprs[at] {
                Expr::Name(name) => {
                    segments.push(name.clone());
                    break;
                }
                Expr::Field { base, name } => {
                    segments.push(name.clone());
                    at = *base;
                }
                _ => return None,
            }
        }
        segments.reverse();
        let scope = self.scope();
        let first = &segments[0];
        let resolved = self.doors.resolve(&scope, first);
        if resolved.value.is_some() {
            return None;
        }
        let path = Name::from(segments.join("."));
        let qualifier = self.doors.qualifier(&scope, &path);
        if let Some(module) = &qualifier.module {
            let namespace = Namespace::Module(module.clone());
            self.mark_namespace(expr);
            return Some(namespace);
        }
        if segments.len() > 1 {
            return None;
        }
        if stdlib::is_builtin_namespace(first) || first == "Prim" {
            self.mark_namespace(expr);
            return Some(Namespace::Builtin(first.clone()));
        }
        let is_upper = first.starts_with(|c: char| c.is_ascii_uppercase());
        if is_upper && resolved.constructors.is_empty() {
            self.mark_namespace(expr);
            let known = resolved.ty.is_some() || Builtin::from_name(first).is_some();
            return Some(if known { Namespace::Type(first.clone()) } else { Namespace::Unknown(first.clone()) });
        }
        if !is_upper && resolved.is_empty() && native::definitions(first).next().is_none() {
            // `nope.f(1)`: read as a module that does not exist only when nothing else has the name.
            return None;
        }
        None
    }

    /// Whether `expr` is a qualified name that means a function, which may be generalised when it is bound.
    pub(crate) fn is_qualified_function(&mut self, expr: ExprId) -> bool {
        let body = self.body();
        match &body.exprs[expr] {
            Expr::Field { base, name } => {
                name.starts_with(|c: char| c.is_ascii_lowercase()) && self.namespace_path(*base).is_some()
            }
            _ => false,
        }
    }

    fn mark_namespace(&mut self, expr: ExprId) {
        let body = self.body();
        let mut at = expr;
        loop {
            self.resolution(at, Resolution::Namespace);
            self.cx().expr_types[raw(at)] = Ty::unit();
            match &body.exprs[at] {
                Expr::Field { base, .. } => at = *base,
                _ => break,
            }
        }
    }

    /// `M.x` as a value.
    pub(crate) fn infer_qualified(&mut self, expr: ExprId, space: &Namespace, name: &Name, hint: Option<&Ty>) -> Ty {
        match self.members_of(expr, space, name, true) {
            Some(Members::Functions(functions)) => self.function_value(expr, functions, hint),
            Some(Members::Value(def)) => self.use_value(expr, &def),
            Some(Members::Constructors(constructors)) => self.constructor_value(expr, &constructors, hint),
            Some(Members::TraitMethods(traits)) => self.trait_method_value(expr, name, &traits).unwrap_or(Ty::Error),
            None => Ty::Error,
        }
    }

    /// `M.f(args)`.
    pub(crate) fn call_qualified(
        &mut self,
        expr: ExprId,
        space: &Namespace,
        name: &Name,
        explicit: &[Ty],
        mut args: Vec<Argument>,
        hint: Option<&Ty>,
    ) -> Ty {
        match self.members_of(expr, space, name, false) {
            Some(Members::Functions(functions)) => self.call_functions(expr, name, functions, explicit, args, hint),
            Some(Members::Value(def)) => {
                let ty = self.value_type(&def, expr).unwrap_or(Ty::Error);
                let result = self.call_value(expr, &ty, args, None);
                if let Some(plan) = self.cx().result.calls.get_mut(&expr) {
                    plan.callee = Callee::ModuleValue(def);
                }
                result
            }
            Some(Members::Constructors(constructors)) => self.construct(expr, name, &constructors, args, hint),
            Some(Members::TraitMethods(traits)) => {
                self.call_trait_method(expr, name, &traits, &mut args).unwrap_or(Ty::Error)
            }
            None => {
                self.infer_arguments(&mut args);
                Ty::Error
            }
        }
    }

    /// What `name` means in a namespace. `None`: nothing that may be used here, which is reported.
    fn members_of(&mut self, expr: ExprId, space: &Namespace, name: &Name, value: bool) -> Option<Members> {
        let draft = match space {
            Namespace::Module(module) => match self.members_of_module(module, name, value) {
                Ok(members) => return Some(members),
                Err(draft) => *draft,
            },
            Namespace::Builtin(path) | Namespace::Type(path) => {
                let found = natives(path, name);
                if !found.is_empty() {
                    return Some(Members::Functions(found));
                }
                unknown_path(path, name, value)
            }
            Namespace::Unknown(path) => {
                let draft = report::unknown_function(path)
                    .note(format!("unknown function `{path}.{name}`"))
                    .note(format!("unknown type `{path}`"))
                    .note(format!("unknown variable `{path}`"));
                self.unknown(path, Wanted::Type, draft)
            }
        };
        self.report_expr(expr, draft);
        None
    }

    /// Constructors, then functions, values and methods of traits; what a built-in namespace of the name has comes last.
    fn members_of_module(&mut self, module: &Name, name: &Name, value: bool) -> Result<Members, Box<Draft>> {
        let scope = self.scope();
        let qualifier = self.doors.qualifier(&scope, module);
        let exported = self.doors.exported(module, name);
        let reach = qualifier.inside || qualifier.library;
        let constructors: Vec<(DefName, u32)> = exported
            .constructors
            .iter()
            .filter(|(_, _, public)| *public || reach)
            .map(|(def, index, _)| (def.clone(), *index))
            .collect();
        if !constructors.is_empty() {
            return Ok(Members::Constructors(constructors));
        }
        if let Some((def, _, _)) = exported.constructors.first() {
            return Err(Box::new(report::private_type(def.name(), module)));
        }
        let is_value = |def: &DefName| matches!(def.kind(), DefKind::Value | DefKind::Const | DefKind::Mvar);
        let visible: Vec<DefName> =
            exported.defs.iter().filter(|(_, public)| *public || reach).map(|(def, _)| def.clone()).collect();
        let mut functions: Vec<DefName> =
            visible.iter().filter(|def| def.kind() == DefKind::Function).cloned().collect();
        let value_def = visible.into_iter().find(is_value);
        if (!functions.is_empty() || value_def.is_some()) && !qualifier.legal {
            return Err(Box::new(not_imported(module, name)));
        }
        if !functions.is_empty() {
            // A program module named like a built-in namespace keeps the built-in's other overloads.
            functions.extend(natives(module, name));
            return Ok(Members::Functions(functions));
        }
        if let Some(def) = value_def {
            return Ok(Members::Value(def));
        }
        let methods = exported.method_of.iter().filter(|(_, public)| *public || reach);
        let traits: Vec<DefName> = methods.map(|(def, _)| def.clone()).collect();
        if !traits.is_empty() {
            return Ok(Members::TraitMethods(traits));
        }
        let natives = natives(module, name);
        if !natives.is_empty() {
            return Ok(Members::Functions(natives));
        }
        Err(Box::new(match exported.defs.iter().any(|(def, _)| def.kind() == DefKind::Function || is_value(def)) {
            true => report::private_function(name, module),
            false => self.unknown_member(unknown_path(module, name, value), module, name),
        }))
    }

    /// A problem about an unknown member of `module`, with a name there that is near.
    pub(super) fn unknown_member(&mut self, draft: Draft, module: &Name, name: &Name) -> Draft {
        let db = self.doors.db;
        match hir::near_member(db, ModuleId::new(db, module.clone()), name) {
            Some(near) => draft.help(format!("did you mean `{module}.{near}`?")),
            None => draft,
        }
    }
}

/// Natives of a built-in namespace.
fn natives(path: &Name, name: &Name) -> Vec<DefName> {
    native::definitions(&Name::from(format!("{path}.{name}"))).collect()
}

/// The problem of a member that a namespace does not have.
fn unknown_path(path: &Name, name: &Name, value: bool) -> Draft {
    let full = format!("{path}.{name}");
    if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return report::unknown_type(&full);
    }
    let draft = report::unknown_function(&full);
    if value { draft.note(format!("unknown variable `{full}`")) } else { draft }
}

fn not_imported(module: &Name, name: &Name) -> Draft {
    Draft::new(
        406,
        format!("module `{module}` is not imported; add `use {module}.*` or `use {module}.{{{name}}}` to use `{name}`"),
    )
}

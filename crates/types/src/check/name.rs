//! Names as values.
//!
//! Input: a name that is no local. Output: its type and what code generation reads for it; a function that stands for
//! several overloads becomes a constraint.

use base_db::{DefKind, DefName, Name};
use hir::{
    Wanted,
    body::{ExprId, LocalId},
};

use super::{
    Check, LocalTy, raw,
    target::{def_arity, target_type},
};
use crate::{
    infer::{Callee, Resolution},
    native,
    report::{self, Draft},
    ty::{Constraint, Ty},
};

impl Check<'_, '_> {
    /// The type of a name that is no local.
    pub(crate) fn infer_name(&mut self, expr: ExprId, name: &Name, hint: Option<&Ty>) -> Ty {
        let scope = self.scope();
        let resolved = self.doors.resolve(&scope, name);
        if !resolved.constructors.is_empty() && resolved.value.is_none() {
            return self.constructor_value(expr, &resolved.constructors, hint);
        }
        if let Some(def) = &resolved.value {
            return self.use_value(expr, def);
        }
        let functions = self.overloads(name, &resolved.functions);
        if !functions.is_empty() {
            return self.function_value(expr, functions, hint);
        }
        if let Some(ty) = self.trait_method_value(expr, name, &resolved.method_of) {
            return ty;
        }
        if let Some((first, second)) = &resolved.conflict {
            self.report_expr(
                expr,
                Draft::new(416, format!("import conflict: `{name}` is imported from both `{first}` and `{second}`")),
            );
            return Ty::Error;
        }
        if name == "_" {
            self.report_expr(expr, Draft::new(406, "Wildcard '_' is only valid in pattern contexts"));
            return Ty::Error;
        }
        match &resolved.private {
            Some(def) if matches!(def.kind(), DefKind::Type) => {
                self.report_expr(expr, report::private_type(def.name(), def.module()));
            }
            private => {
                let mut draft = report::unknown_variable(name);
                if let Some(def) = private {
                    draft = draft.help(format!("`{name}` exists in module `{}` but is private", def.module()));
                } else if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    draft = draft.note(format!("unknown type `{name}`"));
                }
                let is_upper = name.starts_with(|c: char| c.is_ascii_uppercase());
                let wanted = if is_upper { Wanted::Constructor } else { Wanted::Value };
                let draft = self.unknown(name, wanted, draft);
                self.report_expr(expr, draft);
            }
        }
        Ty::Error
    }

    /// Functions of that name, with natives after them unless a function of the program replaces them.
    pub(crate) fn overloads(&self, name: &Name, functions: &[DefName]) -> Vec<DefName> {
        let mut all = functions.to_vec();
        if all.is_empty() || !stdlib::is_reserved_function_name(name) {
            all.extend(native::definitions(name));
        }
        all
    }

    /// The type of a value, constant or mvar; `None`: there is none of that name any more.
    pub(crate) fn value_type(&mut self, def: &DefName, at: ExprId) -> Option<Ty> {
        if let Some(member) = self.members.get(def) {
            return Some(member.result.clone());
        }
        let signature = self.doors.signature(def)?;
        if signature.failed && !signature.annotated {
            return Some(Ty::Error);
        }
        let generics = self.fresh_generics(&signature, &[]);
        self.require_scheme(&signature, &generics, at);
        Some(signature.result.instantiate(&generics))
    }

    /// What code generation reads for a value, constant or mvar.
    pub(crate) fn value_resolution(&mut self, def: &DefName) -> Resolution {
        match def.kind() {
            DefKind::Const => match self.doors.signature(def).and_then(|signature| signature.literal.clone()) {
                Some(literal) => Resolution::Const(literal),
                None => Resolution::Value(def.clone()),
            },
            DefKind::Mvar => Resolution::Mvar(def.clone()),
            _ => Resolution::Value(def.clone()),
        }
    }

    pub(super) fn use_value(&mut self, expr: ExprId, def: &DefName) -> Ty {
        let meaning = self.value_resolution(def);
        self.resolution(expr, meaning);
        self.value_type(def, expr).unwrap_or(Ty::Error)
    }

    /// A function as a value.
    pub(super) fn function_value(&mut self, expr: ExprId, functions: Vec<DefName>, hint: Option<&Ty>) -> Ty {
        if let [def] = functions.as_slice() {
            let resolution = self.function_resolution(def);
            self.resolution(expr, resolution);
            let Some(target) = self.target(def, &[]) else { return Ty::Error };
            self.add_constraints(&target, expr);
            let ty = target_type(&target);
            self.tell(expr, &target.callee, target.told);
            return ty;
        }
        // Of several, those whose number of parameters fits the wanted function.
        let wanted = match hint.map(|hint| self.table.shallow(hint)) {
            Some(Ty::Fn(function)) => Some(function),
            _ => None,
        };
        let fitting: Vec<DefName> = match &wanted {
            Some(function) => {
                let exact: Vec<DefName> =
                    functions.iter().filter(|def| def_arity(def) == function.params.len()).cloned().collect();
                if exact.is_empty() { functions.clone() } else { exact }
            }
            None => functions.clone(),
        };
        let mut choice: Vec<DefName> = Vec::new();
        for def in &fitting {
            let Some(target) = self.target(def, &[]) else { continue };
            let ty = target_type(&target);
            if hint.is_none_or(|hint| self.table.may_unify(hint, &ty)) {
                choice.push(def.clone());
            }
        }
        if let [def] = choice.as_slice() {
            return self.function_value(expr, vec![def.clone()], None);
        }
        let fitting = if choice.is_empty() { fitting } else { choice };
        let arity = wanted.as_ref().map_or_else(|| commonest_arity(&fitting), |function| function.params.len());
        let fitting: Vec<DefName> = {
            let same: Vec<DefName> = fitting.iter().filter(|def| def_arity(def) == arity).cloned().collect();
            if same.is_empty() { fitting } else { same }
        };
        if let [def] = fitting.as_slice() {
            return self.function_value(expr, vec![def.clone()], None);
        }
        let params: Vec<Ty> = (0..arity).map(|_| self.table.fresh()).collect();
        let result = self.table.fresh();
        let ty = Ty::function(params.clone(), result.clone());
        if let Some(hint) = hint
            && matches!(self.table.shallow(hint), Ty::Fn(_))
            && self.table.may_unify(hint, &ty)
        {
            let _ = self.table.unify(hint, &ty);
        }
        let args = params.into_iter().map(|param| (None, param)).collect();
        self.require(Constraint::Overload { functions: fitting, args, result }, expr, true);
        ty
    }

    /// What a function or native is as a value.
    fn function_resolution(&mut self, def: &DefName) -> Resolution {
        let Some((name, _)) = native::parts(def) else { return Resolution::Function(def.clone()) };
        let name = Name::from(name);
        if let Some(trait_name) = overridable_trait(&name) {
            let site = self.plain_site(&name, &[trait_name], 1);
            if site.candidates.iter().any(|candidate| matches!(candidate.callee, Callee::Function(_))) {
                return Resolution::Site(site);
            }
        }
        Resolution::Native(name)
    }

    /// A local of this name that can be called, innermost first.
    pub(crate) fn callable_local(&mut self, name: &Name) -> Option<LocalId> {
        let state = self.cx();
        let named = state.locals_named(name)?;
        let local = state.visible.iter().rev().find(|local| named.contains(local)).copied()?;
        let ty = match self.cx().locals[raw(local)].clone() {
            LocalTy::Mono(ty) => ty,
            LocalTy::Poly(scheme) => scheme.ty.clone(),
        };
        matches!(self.table.shallow(&ty), Ty::Fn(_)).then_some(local)
    }
}

/// The number of parameters that most of some overloads have; of those that are equally common, the smallest.
fn commonest_arity(functions: &[DefName]) -> usize {
    let mut arities: Vec<usize> = functions.iter().map(def_arity).collect();
    arities.sort_unstable();
    let runs = arities.chunk_by(|a, b| a == b);
    runs.max_by_key(|run| (run.len(), std::cmp::Reverse(run[0]))).map_or(0, |run| run[0])
}

/// The trait whose implementations replace what a native function does for every type.
pub(super) fn overridable_trait(native: &str) -> Option<&'static str> {
    match native {
        "show" => Some("Show"),
        "hash" => Some("Hash"),
        "copy" => Some("Copy"),
        _ => None,
    }
}

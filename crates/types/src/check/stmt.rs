//! Types of statements.
//!
//! Input: a statement. Output: types of what it binds; problems go into the state. What a `let` gives a name is general
//! when its value is a function.

use base_db::Name;
use hir::body::{Expr, ExprId, Lambda, LocalId, Pat, PatId, Stmt, TypeId};

use super::{Check, LocalFunction, LocalTy, raw};
use crate::{
    report::{self, Draft},
    ty::{Constraint, Head, Ty},
};

impl Check<'_, '_> {
    pub(super) fn infer_stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { pat, ty, value } => self.infer_let(*pat, *ty, *value),
            Stmt::AssignLocal { local, value } => {
                let ty = self.local_type(*local, *value);
                self.check_expr(*value, &ty);
            }
            Stmt::AssignMvar { name, value } => {
                let scope = self.scope();
                let resolved = self.doors.resolve(&scope, name);
                match resolved.value.as_ref().map(|def| (def.clone(), self.value_type(def, *value))) {
                    Some((def, Some(ty))) => {
                        self.check_expr(*value, &ty);
                        if def.kind() != base_db::DefKind::Mvar {
                            self.report_expr(
                                *value,
                                Draft::new(415, format!("cannot reassign immutable variable '{name}'")),
                            );
                        }
                    }
                    _ => {
                        self.infer_expr(*value, None);
                        let draft = self.unknown(name, hir::Wanted::Value, report::unknown_variable(name));
                        self.report_expr(*value, draft);
                    }
                }
            }
            Stmt::AssignField { base, name, value } => {
                let record = self.infer_expr(*base, None);
                let field = self.table.fresh();
                self.require(
                    Constraint::HasField { ty: record.clone(), field: name.clone(), result: field.clone() },
                    *base,
                    false,
                );
                self.check_expr(*value, &field);
                self.check_mutable(*value, &record, name);
            }
            Stmt::AssignIndex { base, index, value } => {
                let container = self.infer_expr(*base, None);
                let index = self.infer_expr(*index, None);
                let element = self.table.fresh();
                self.require(Constraint::IndexSet { container, index, element: element.clone() }, *base, false);
                self.check_expr(*value, &element);
            }
            Stmt::Expr(expr) => {
                self.infer_expr(*expr, None);
            }
        }
    }

    /// Fields of ordinary records cannot be assigned.
    fn check_mutable(&mut self, at: ExprId, record: &Ty, field: &Name) {
        if let Ty::Con(Head::Adt(def), _) = self.table.shallow(record)
            && let Some(definition) = self.doors.type_def(&def)
            && !definition.mutable
            && !definition.reactive
        {
            self.report_expr(
                at,
                Draft::new(405, format!("Field `{field}` of `{}` is not mutable", def.name()))
                    .help(format!("make a changed copy: `{}(value, {field}: …)`", def.name())),
            );
        }
    }

    fn infer_let(&mut self, pat: PatId, annotation: Option<TypeId>, value: ExprId) {
        let body = self.body();
        let annotation = annotation.map(|id| self.annotation(id));
        let bound = match &body.pats[pat] {
            Pat::Bind(local) => Some(*local),
            _ => None,
        };
        let is_lambda = matches!(&body.exprs[value], Expr::Lambda(_));
        let generalises = match &body.exprs[value] {
            Expr::Lambda(_) | Expr::Local(_) => true,
            Expr::Name(name) => name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_'),
            Expr::Field { .. } => self.is_qualified_function(value),
            _ => false,
        };
        if let Some(local) = bound
            && generalises
            && !body.locals[local].mutable
        {
            self.table.level += 1;
            let first = self.pending.len();
            let recursive = match &body.exprs[value] {
                Expr::Lambda(Lambda { name: Some(own), .. }) => {
                    let var = self.table.fresh();
                    self.cx().locals[raw(*own)] = LocalTy::Mono(var.clone());
                    self.cx().visible.push(*own);
                    Some((*own, var))
                }
                _ => None,
            };
            if is_lambda && let Expr::Lambda(lambda) = &body.exprs[value] {
                self.note_local_function(local, lambda);
            }
            let mut ty = self.infer_expr(value, annotation.as_ref());
            if let Some(annotation) = &annotation {
                self.expect(value, annotation, &ty);
                ty = annotation.clone();
            }
            if let Some((own, var)) = recursive {
                self.expect(value, &var, &ty);
                self.cx().visible.retain(|visible| *visible != own);
            }
            self.table.level -= 1;
            let ty = self.bounded(value, ty);
            let scheme = self.generalise_local(&ty, first);
            self.cx().locals[raw(local)] = scheme.clone();
            self.bind_local(local, scheme);
            return;
        }
        let found = self.infer_expr(value, annotation.as_ref());
        let ty = match annotation {
            Some(annotation) => {
                self.expect(value, &annotation, &found);
                annotation
            }
            None => found,
        };
        let ty = self.bounded(value, ty);
        let ty = match self.table.shallow(&ty) {
            // A value that never comes may be used as anything.
            Ty::Never => self.table.fresh(),
            _ => ty,
        };
        self.infer_pat(pat, &ty);
    }

    /// The type of a local, unless it is too large to be meant: parts that are shared in memory are not when written out.
    fn bounded(&mut self, at: ExprId, ty: Ty) -> Ty {
        if self.table.is_bounded(&ty) {
            return ty;
        }
        let draft = report::mismatch(&Ty::Error, &Ty::Error, &crate::unify::Clash::Infinite);
        self.report_expr(at, draft);
        Ty::Error
    }

    /// Names and defaults of a local function, for named arguments.
    fn note_local_function(&mut self, local: LocalId, lambda: &Lambda) {
        let body = self.body();
        let names = lambda
            .params
            .iter()
            .map(|param| match &body.pats[param.pat] {
                Pat::Bind(local) => Some(body.locals[*local].name.clone()),
                _ => None,
            })
            .collect();
        let defaults = lambda.params.iter().map(|param| param.default.is_some()).collect();
        let function = LocalFunction { names, defaults };
        if let Some(own) = lambda.name {
            self.cx().local_functions.insert(raw(own) as u32, function.clone());
        }
        self.cx().local_functions.insert(raw(local) as u32, function);
    }

    /// Makes a local known from here on.
    pub(crate) fn bind_local(&mut self, local: LocalId, ty: LocalTy) {
        let state = self.cx();
        state.locals[raw(local)] = ty;
        state.visible.push(local);
    }
}

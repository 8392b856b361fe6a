//! Calls.
//!
//! Input: what is written before the parentheses and the arguments. Output: the type of the result, the plan of the call;
//! open choices become constraints.

use base_db::{DefName, Name};
use hir::body::{Arg, Expr, ExprId, TypeId};

use super::{
    Check, LocalFunction,
    argument::{Argument, match_arguments},
    raw,
    target::target_of_value,
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee},
    native,
    report::{self, Draft},
    ty::{Constraint, Head, Ty},
    unify::Clash,
};

impl Check<'_, '_> {
    /// `callee(args)`.
    pub(crate) fn infer_call(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        type_args: &[TypeId],
        args: &[Arg],
        hint: Option<&Ty>,
    ) -> Ty {
        let body = self.body();
        let explicit: Vec<Ty> = type_args.iter().map(|&id| self.annotation(id)).collect();
        let mut arguments = self.arguments(args);
        match &body.exprs[callee] {
            Expr::Name(name) => {
                let scope = self.scope();
                let resolved = self.doors.resolve(&scope, name);
                if let Some(def) = &resolved.value {
                    let ty = self.use_value(callee, def);
                    self.cx().expr_types[raw(callee)] = ty.clone();
                    return self.call_value(expr, &ty, arguments, None);
                }
                let functions = self.overloads(name, &resolved.functions);
                if !functions.is_empty() {
                    return self.call_functions(expr, name, functions, &explicit, arguments, hint);
                }
                if !resolved.constructors.is_empty() {
                    return self.construct(expr, name, &resolved.constructors, arguments, hint);
                }
                if let Some(ty) = self.call_trait_method(expr, name, &resolved.method_of, &mut arguments) {
                    return ty;
                }
                self.infer_arguments(&mut arguments);
                let ty = self.infer_name(callee, name, None);
                self.cx().expr_types[raw(callee)] = ty;
                Ty::Error
            }
            Expr::Local(local) => {
                let local = *local;
                let ty = self.infer_expr(callee, None);
                let function = self.cx().local_functions.get(&(raw(local) as u32)).cloned();
                self.call_value(expr, &ty, arguments, function)
            }
            _ => {
                let ty = self.infer_expr(callee, None);
                self.call_value(expr, &ty, arguments, None)
            }
        }
    }

    /// Calls a value of type `ty`.
    pub(crate) fn call_value(
        &mut self,
        expr: ExprId,
        ty: &Ty,
        mut args: Vec<Argument>,
        function: Option<LocalFunction>,
    ) -> Ty {
        match self.table.shallow(ty) {
            Ty::Fn(known) => {
                let target = target_of_value(Callee::Value, &known, function.as_ref());
                self.apply(expr, target, &mut args, true)
            }
            open @ Ty::Var(_) => {
                self.infer_arguments(&mut args);
                let params: Vec<Ty> = args.iter().map(|arg| arg.ty.clone().unwrap_or(Ty::Error)).collect();
                let result = self.table.fresh();
                self.expect(expr, &open, &Ty::function(params, result.clone()));
                self.plan_value_call(expr, args.len());
                result
            }
            Ty::Error | Ty::Never => {
                self.infer_arguments(&mut args);
                Ty::Error
            }
            Ty::Dyn => {
                self.infer_dynamic_arguments(&mut args);
                self.plan_value_call(expr, args.len());
                Ty::Dyn
            }
            Ty::Con(Head::Rigid(_), _) => {
                self.infer_arguments(&mut args);
                self.plan_value_call(expr, args.len());
                Ty::Dyn
            }
            other => {
                self.infer_arguments(&mut args);
                let params: Vec<Ty> = args.iter().map(|arg| arg.ty.clone().unwrap_or(Ty::Error)).collect();
                let result = self.table.fresh();
                let wanted = self.table.resolve(&Ty::function(params, result));
                let other = self.table.resolve(&other);
                self.report_expr(expr, report::mismatch(&wanted, &other, &Clash::Mismatch));
                Ty::Error
            }
        }
    }

    fn plan_value_call(&mut self, expr: ExprId, count: usize) {
        let args = ArgPlan::positions(count);
        self.plan(expr, CallPlan { callee: Callee::Value, args });
    }

    /// Calls one of some functions of a name.
    pub(super) fn call_functions(
        &mut self,
        expr: ExprId,
        name: &Name,
        functions: Vec<DefName>,
        explicit: &[Ty],
        mut args: Vec<Argument>,
        _hint: Option<&Ty>,
    ) -> Ty {
        if let Some(ty) = self.call_special(expr, name, &functions, explicit, &mut args) {
            return ty;
        }
        let mut fitting: Vec<DefName> = Vec::new();
        if functions.len() > 1 {
            for def in &functions {
                if let Some(target) = self.target(def, explicit)
                    && match_arguments(&target.params, &args).is_ok()
                {
                    fitting.push(def.clone());
                }
            }
        }
        match (functions.as_slice(), fitting.as_slice()) {
            ([def], _) | (_, [def]) => self.call_one(expr, &def.clone(), explicit, &mut args),
            ([def, ..], []) => self.call_one(expr, &def.clone(), explicit, &mut args),
            _ => {
                for arg in &mut args {
                    if let (Some(value), None, false) = (arg.expr, &arg.ty, self.is_lambda(arg.expr)) {
                        arg.ty = Some(self.infer_expr(value, None));
                    }
                }
                self.choose(expr, fitting, explicit, args)
            }
        }
    }

    /// Calls a known function.
    pub(crate) fn call_one(&mut self, expr: ExprId, def: &DefName, explicit: &[Ty], args: &mut [Argument]) -> Ty {
        let Some(target) = self.target(def, explicit) else {
            self.infer_arguments(args);
            return Ty::Error;
        };
        self.apply(expr, target, args, true)
    }

    /// Calls of natives whose type alone does not say everything.
    fn call_special(
        &mut self,
        expr: ExprId,
        name: &Name,
        functions: &[DefName],
        explicit: &[Ty],
        args: &mut [Argument],
    ) -> Option<Ty> {
        let [def] = functions else { return None };
        let (native_name, index) = native::parts(def)?;
        let special = native::special(native_name, index)?;
        if args.len() != 1 {
            return None;
        }
        match special {
            stdlib::Special::Length => {
                self.infer_arguments(args);
                let ty = args[0].ty.clone()?;
                self.require(Constraint::Length { ty }, args[0].expr.unwrap_or(expr), false);
                self.plan(expr, CallPlan { callee: Callee::Native(name.clone()), args: vec![args[0].source.clone()] });
                Some(Ty::int())
            }
            stdlib::Special::AssertType => self.assert_type(expr, explicit.first(), &args[0]),
            stdlib::Special::Pairs => {
                self.infer_arguments(args);
                let found = args[0].ty.clone()?;
                let pair = Ty::tuple(vec![self.table.fresh(), self.table.fresh()]);
                if self.table.may_unify(&Ty::list(pair), &found) {
                    return None;
                }
                let found = self.table.resolve(&found);
                self.report_expr(
                    args[0].expr.unwrap_or(expr),
                    Draft::new(401, format!("expected List of key-value tuples, found {found}"))
                        .note("type mismatch: a list of pairs is wanted"),
                );
                Some(Ty::Error)
            }
            stdlib::Special::TypeArguments | stdlib::Special::TypeName => None,
        }
    }

    /// `assertType[T](x)`.
    fn assert_type(&mut self, expr: ExprId, expected: Option<&Ty>, arg: &Argument) -> Option<Ty> {
        let found = match (arg.expr, expected) {
            (Some(value), hint) => self.infer_expr(value, hint),
            (None, _) => arg.ty.clone()?,
        };
        if let Some(expected) = expected {
            let (wanted, given) = (self.table.resolve(expected), self.table.resolve(&found));
            if let Err(clash) = self.table.unify(expected, &found) {
                let mismatch = report::mismatch(&wanted, &given, &clash);
                let draft = Draft::new(401, format!("assertType failed: expected `{wanted}`, found `{given}`"))
                    .note(mismatch.message);
                self.report_expr(expr, mismatch.notes.into_iter().fold(draft, Draft::note));
            }
            self.solve_woken();
        }
        self.plan(expr, CallPlan { callee: Callee::Identity, args: vec![arg.source.clone()] });
        Some(expected.cloned().unwrap_or(found))
    }
}

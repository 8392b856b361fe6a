//! Method calls.
//!
//! Input: receiver, name, arguments. Output: the type of the result and the plan of the call. A receiver whose type is
//! open becomes a `HasMethod` constraint, which is solved by the same look-up when the type is known; what is still open
//! when the body is finished is decided at run time, see [`Check::method_site`].

use base_db::{DefKind, DefName, Name};
use hir::{
    body::{Arg, Expr, ExprId, LocalId, TypeId},
    problem::Anchor,
};

use super::{
    Check,
    argument::{Argument, known_arguments, match_arguments, with_receiver},
    lookup::Found,
    overload::Selection,
    raw,
    target::Target,
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, Resolution},
    report::{self, Draft},
    ty::{Constraint, Ty},
};

impl Check<'_, '_> {
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
                    Selection::Dynamic(_) => return self.call_dynamic(&mut args, Some((expr, name, &scope, local))),
                };
                match self.target(&def, explicit) {
                    Some(target) => self.apply_method(expr, target, receiver, &mut args, true),
                    None => Ty::Error,
                }
            }
            Found::Open => self.defer_method(expr, receiver, name, scope, args, local),
            Found::Dynamic => self.call_dynamic(&mut args, Some((expr, name, &scope, local))),
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
        let mut all = with_receiver(receiver, args);
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
        let mut arguments = known_arguments(&args);
        if record {
            for (argument, written) in arguments.iter_mut().zip(self.written_arguments(at)) {
                argument.expr = written;
            }
        }
        let found = match self.find_method(&ty, &method, &arguments, &scope, local) {
            Found::Open => return false,
            Found::Target(target) => {
                self.table.mark_open_result(&result, false);
                if !record && self.is_repeated(at, &target.callee, &ty, &args, &result) {
                    return true;
                }
                self.apply_method(at, *target, &ty, &mut arguments, record)
            }
            Found::Overloads(functions) => {
                let def = match self.chosen_overload(id, &functions, &ty, &args) {
                    Selection::Open(_) => return false,
                    Selection::One(def) => Some(def),
                    Selection::None => functions.first().cloned(),
                    Selection::Dynamic(_) => None,
                };
                self.table.mark_open_result(&result, false);
                match def.map(|def| self.target(&def, &[])) {
                    Some(Some(target)) if !record && self.is_repeated(at, &target.callee, &ty, &args, &result) => {
                        return true;
                    }
                    Some(Some(target)) => self.apply_method(at, target, &ty, &mut arguments, record),
                    Some(None) => Ty::Error,
                    None => self.call_dynamic(&mut arguments, record.then_some((at, &method, &scope, local))),
                }
            }
            Found::Dynamic => self.call_dynamic(&mut arguments, record.then_some((at, &method, &scope, local))),
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

    /// The overload that a pending method call means; while that is open the call waits for what would decide it.
    fn chosen_overload(
        &mut self,
        id: usize,
        functions: &[DefName],
        receiver: &Ty,
        args: &[(Option<Name>, Ty)],
    ) -> Selection {
        let mut known = vec![(None, Some(receiver.clone()))];
        known.extend(args.iter().map(|(name, ty)| (name.clone(), Some(ty.clone()))));
        let selection = self.select(functions, &known);
        if let Selection::Open(_) = selection {
            if self.last_resort {
                return Selection::None;
            }
            let mut variables = Vec::new();
            for (_, ty) in &known {
                ty.iter().for_each(|ty| self.table.variables(ty, &mut variables));
            }
            for var in variables {
                self.table.watch(var, id as u32);
            }
        }
        selection
    }

    /// A method call that only the run time understands; `plan`: where it is written, if it is one of this body.
    fn call_dynamic(&mut self, args: &mut [Argument], plan: Option<(ExprId, &Name, &Name, Option<LocalId>)>) -> Ty {
        self.infer_dynamic_arguments(args);
        if let Some((at, method, scope, local)) = plan {
            let site = self.method_site(method, args, scope, local);
            self.plan(at, site);
        }
        Ty::Dyn
    }

    /// Problem of a trait method or bound of the declared scheme.
    pub(crate) fn unresolved_method(&mut self, body: usize, at: ExprId, method: &Name) {
        self.report(
            body,
            Anchor::Expr(raw(at) as u32),
            Draft::new(404, format!("cannot resolve trait method `{method}` without type information"))
                .help("annotate the parameter of the function that calls it"),
        );
    }
}

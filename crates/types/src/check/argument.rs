//! Arguments: inferred, matched against parameters, passed.
//!
//! Input: the arguments as written and an instantiated callee. Output: the type of the result and the plan of the call.

use base_db::Name;
use hir::body::{Arg, Expr, ExprId};

use super::{
    Check,
    target::{Target, TargetParam},
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee},
    report::{self, Draft},
    suggest,
    ty::{Head, Ty},
    unify::Clash,
};

/// One argument of a call.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) name: Option<Name>,
    /// `None`: the receiver, or an argument of a constraint that came with a scheme.
    pub(crate) expr: Option<ExprId>,
    /// Known already.
    pub(crate) ty: Option<Ty>,
    /// Where it comes from in the plan.
    pub(crate) source: ArgPlan,
}

impl Argument {
    /// The argument at `index` of a call of which types are all that is known. `None`: not even that.
    pub(super) fn known(index: usize, name: &Option<Name>, ty: Option<&Ty>) -> Argument {
        Argument { name: name.clone(), expr: None, ty: ty.cloned(), source: ArgPlan::Arg(index as u32) }
    }
}

/// The arguments of a constraint.
pub(super) fn known_arguments(args: &[(Option<Name>, Ty)]) -> Vec<Argument> {
    args.iter().enumerate().map(|(index, (name, ty))| Argument::known(index, name, Some(ty))).collect()
}

impl Check<'_, '_> {
    /// Arguments as written.
    pub(crate) fn arguments(&self, args: &[Arg]) -> Vec<Argument> {
        args.iter()
            .enumerate()
            .map(|(index, arg)| Argument {
                name: arg.name.clone(),
                expr: Some(arg.value),
                ty: None,
                source: ArgPlan::Arg(index as u32),
            })
            .collect()
    }

    /// Infers the arguments that were not looked at yet, without any hint.
    pub(crate) fn infer_arguments(&mut self, args: &mut [Argument]) {
        for arg in args {
            if let (Some(expr), None) = (arg.expr, &arg.ty) {
                arg.ty = Some(self.infer_expr(expr, None));
            }
        }
    }

    /// The arguments of a call whose callee only the run time knows: so are the parameters of lambdas among them.
    pub(crate) fn infer_dynamic_arguments(&mut self, args: &mut [Argument]) {
        for arg in args {
            match (arg.expr, &arg.ty) {
                (Some(expr), None) => {
                    let hint = self.is_lambda(arg.expr).then_some(Ty::Dyn);
                    arg.ty = Some(self.infer_expr(expr, hint.as_ref()));
                }
                (_, Some(ty)) => {
                    let ty = ty.clone();
                    self.called_by_anyone(&ty);
                }
                (None, None) => {}
            }
        }
    }

    /// The functions in a value of this type go where only the run time knows what they are called with.
    pub(crate) fn called_by_anyone(&mut self, ty: &Ty) {
        let mut params = Vec::new();
        self.table.resolve(ty).walk(&mut |part| {
            if let Ty::Fn(function) = part {
                params.extend(function.params.iter().cloned());
            }
        });
        for param in &params {
            // Cannot fail: `Dyn` fits everything and is taken by what is still open.
            let _ = self.table.unify(param, &Ty::Dyn);
        }
        self.solve_woken();
    }

    pub(super) fn is_lambda(&self, expr: Option<ExprId>) -> bool {
        expr.is_some_and(|expr| matches!(self.bodies[self.current].body.exprs[expr], Expr::Lambda(_)))
    }

    /// Matches arguments against the parameters of a callee, unifies, records the plan.
    pub(crate) fn apply(&mut self, expr: ExprId, target: Target, args: &mut [Argument], record: bool) -> Ty {
        let slots = match match_arguments(&target.params, args) {
            Ok(slots) => slots,
            Err(draft) => {
                self.infer_arguments(args);
                self.report_expr(expr, *draft);
                return Ty::Error;
            }
        };
        self.add_constraints(&target, expr);
        // Lambdas come last: what the other arguments say helps to read them.
        for lambdas in [false, true] {
            for (index, slot) in slots.iter().enumerate() {
                let Some(arg) = *slot else { continue };
                let is_lambda = args[arg].ty.is_none() && self.is_lambda(args[arg].expr);
                if is_lambda != lambdas {
                    continue;
                }
                let param = target.params[index].ty.clone();
                let found = match (&args[arg].ty, args[arg].expr) {
                    (Some(ty), _) => ty.clone(),
                    (None, Some(value)) => self.infer_expr(value, Some(&param)),
                    (None, None) => Ty::Error,
                };
                args[arg].ty = Some(found.clone());
                self.pass(expr, &target, args, index, arg, &param, &found, &slots);
            }
        }
        let mut plan = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            match slot {
                Some(arg) => plan.push(args[*arg].source.clone()),
                None => {
                    plan.push(ArgPlan::Default(index as u32));
                    if let Some(default) = target.params[index].default.clone() {
                        let param = target.params[index].ty.clone();
                        self.require_all(&default.constraints, expr);
                        self.expect(expr, &param, &default.ty);
                    }
                }
            }
        }
        if record {
            if let Some(first) = slots.first().copied().flatten() {
                self.name_type(&target, args[first].expr);
            }
            self.tell(expr, &target.callee, target.told);
            let mut callee = target.callee;
            if let Callee::Site(site) = &mut callee {
                for candidate in &mut site.candidates {
                    candidate.args = plan.clone();
                }
            }
            self.plan(expr, CallPlan { callee, args: plan });
        }
        target.result
    }

    /// Passes one argument.
    #[expect(clippy::too_many_arguments, reason = "one step of `apply`, apart for its length only")]
    fn pass(
        &mut self,
        expr: ExprId,
        target: &Target,
        args: &[Argument],
        index: usize,
        arg: usize,
        param: &Ty,
        found: &Ty,
        slots: &[Option<usize>],
    ) {
        let at = args[arg].expr.unwrap_or(expr);
        let Err(clash) = self.unify_argument(param, found, target.spreads) else {
            self.solve_woken();
            return;
        };
        let expected = self.table.resolve(param);
        let found = self.table.resolve(found);
        let mut draft = report::mismatch(&expected, &found, &clash);
        // Two undeclared parameters of one variable that get different types.
        if let Some(shared) = target.shared.get(index).copied().flatten()
            && let Some(first) = (0..target.shared.len()).find(|&other| {
                other != index && target.shared[other] == Some(shared) && slots.get(other).is_some_and(Option::is_some)
            })
        {
            let (low, high) = (first.min(index) + 1, first.max(index) + 1);
            draft = draft.note(format!(
                "Type annotation required: parameters {low} and {high} must have the same type, but used as {expected} \
                 and {found}"
            ));
        }
        if let Callee::Function(def) = &target.callee
            && def.name() == "unzip"
        {
            draft = draft.note(format!("expected List of tuples, found {found}"));
        }
        self.report_expr(at, draft);
        self.solve_woken();
    }

    /// Unifies a parameter with an argument; functions of several parameters may stand for functions of one tuple.
    pub(crate) fn unify_argument(&mut self, param: &Ty, arg: &Ty, spreads: bool) -> Result<(), Clash> {
        if let (Ty::Fn(wanted), Ty::Fn(given)) = (self.table.shallow(param), self.table.shallow(arg))
            && wanted.params.len() == 1
            && given.params.len() > 1
            && given.required as usize == given.params.len()
        {
            let only = self.table.shallow(&wanted.params[0]);
            let spread = match &only {
                Ty::Con(Head::Tuple, items) => items.len() == given.params.len(),
                Ty::Var(_) => spreads,
                Ty::Dyn | Ty::Error => true,
                _ => false,
            };
            if spread {
                self.table.unify(&only, &Ty::tuple(given.params.clone()))?;
                return self.table.unify(&wanted.result, &given.result);
            }
        }
        self.table.unify(param, arg)
    }

    /// The argument expressions of a recorded call.
    pub(super) fn written_arguments(&self, at: ExprId) -> Vec<Option<ExprId>> {
        match &self.bodies[self.current].body.exprs[at] {
            Expr::MethodCall { args, .. } | Expr::Call { args, .. } => args.iter().map(|arg| Some(arg.value)).collect(),
            _ => Vec::new(),
        }
    }
}

/// For each parameter the argument that is passed, `None` for a default.
pub(crate) fn match_arguments(params: &[TargetParam], args: &[Argument]) -> Result<Vec<Option<usize>>, Box<Draft>> {
    let mut slots: Vec<Option<usize>> = vec![None; params.len()];
    let mut next = 0;
    for (index, arg) in args.iter().enumerate() {
        match &arg.name {
            Some(name) => {
                let Some(param) = params.iter().position(|param| param.name.as_ref() == Some(name)) else {
                    let draft = Draft::new(402, format!("unknown named argument '{name}'"));
                    let names = params.iter().filter_map(|param| param.name.clone());
                    return Err(Box::new(suggest::near(draft, name, names)));
                };
                if slots[param].is_some() {
                    return Err(Box::new(Draft::new(402, format!("duplicate named argument '{name}'"))));
                }
                slots[param] = Some(index);
            }
            None => {
                while next < params.len() && slots[next].is_some() {
                    next += 1;
                }
                if next == params.len() {
                    return Err(Box::new(report::arity(params.len(), args.len())));
                }
                slots[next] = Some(index);
                next += 1;
            }
        }
    }
    if slots.iter().zip(params).any(|(slot, param)| slot.is_none() && !param.has_default) {
        return Err(Box::new(report::arity(params.len(), args.len())));
    }
    Ok(slots)
}

/// The receiver before the arguments.
pub(super) fn with_receiver(receiver: &Ty, args: &[Argument]) -> Vec<Argument> {
    let mut all = Vec::with_capacity(args.len() + 1);
    all.push(Argument { name: None, expr: None, ty: Some(receiver.clone()), source: ArgPlan::Receiver });
    all.extend(args.iter().cloned());
    all
}

pub(super) fn plan_arguments(params: &[TargetParam], args: &[Argument]) -> Option<Vec<ArgPlan>> {
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

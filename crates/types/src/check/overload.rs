//! The choice among overloads.
//!
//! Input: functions of one name and the arguments as far as they are known. Output: the one that is meant, a constraint
//! while types leave the choice open, a site when only the run can tell.

use base_db::{DefName, Name};
use hir::body::{Expr, ExprId};

use super::{
    Check,
    argument::{Argument, known_arguments, match_arguments, plan_arguments},
    site::runtime_shape,
    target::callee_of,
};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, Resolution, Site, SiteCandidate},
    ty::{Constraint, Ty},
    unify::Table,
};

/// Which overload is meant.
pub(crate) enum Selection {
    /// This one.
    One(DefName),
    /// None fits.
    None,
    /// Not known yet: one of these.
    Open(Vec<DefName>),
    /// Only the run time knows: one of these.
    Dynamic(Vec<DefName>),
}

/// Why an argument cannot choose among candidates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undecided {
    /// Its type is not known yet.
    Type,
    /// Its type will never be known.
    Run,
}

impl Check<'_, '_> {
    /// Chooses among overloads by the types of the arguments, or defers the choice.
    pub(super) fn choose(
        &mut self,
        expr: ExprId,
        functions: Vec<DefName>,
        explicit: &[Ty],
        mut args: Vec<Argument>,
    ) -> Ty {
        // Of a lambda the number of parameters is known.
        let lambda = |check: &mut Self, arg: &Argument| {
            let expr = arg.expr.filter(|_| arg.ty.is_none())?;
            let Expr::Lambda(lambda) = &check.bodies[check.current].body.exprs[expr] else { return None };
            let params = lambda.params.iter().map(|_| check.table.fresh()).collect();
            Some(Ty::function(params, check.table.fresh()))
        };
        let known: Vec<(Option<Name>, Option<Ty>)> =
            args.iter().map(|arg| (arg.name.clone(), lambda(self, arg).or_else(|| arg.ty.clone()))).collect();
        match self.select(&functions, &known) {
            Selection::One(def) => self.call_one(expr, &def, explicit, &mut args),
            Selection::None => self.call_one(expr, &functions[0].clone(), explicit, &mut args),
            Selection::Dynamic(rest) => {
                self.infer_dynamic_arguments(&mut args);
                self.plan_overloads(expr, &rest, &named_types(&args), true);
                Ty::Dyn
            }
            Selection::Open(rest) => {
                self.infer_arguments(&mut args);
                let result = self.table.fresh();
                let args = named_types(&args);
                self.require(Constraint::Overload { functions: rest, args, result: result.clone() }, expr, true);
                result
            }
        }
    }

    /// The best of some overloads for arguments as far as they are known.
    pub(crate) fn select(&mut self, functions: &[DefName], args: &[(Option<Name>, Option<Ty>)]) -> Selection {
        let known = args.iter().enumerate().map(|(index, (name, ty))| Argument::known(index, name, ty.as_ref()));
        let arguments: Vec<Argument> = known.collect();
        let mut best: Vec<(u32, usize, DefName, Vec<Option<Ty>>)> = Vec::new();
        for (order, def) in functions.iter().enumerate() {
            let Some(target) = self.target(def, &[]) else { continue };
            let Ok(slots) = match_arguments(&target.params, &arguments) else { continue };
            let mut score = 0;
            let mut wanted: Vec<Option<Ty>> = vec![None; args.len()];
            let mut fits = true;
            for (param, slot) in target.params.iter().zip(&slots) {
                let Some(index) = slot else { continue };
                wanted[*index] = Some(param.ty.clone());
                let Some(ty) = &args[*index].1 else {
                    score += 1;
                    continue;
                };
                match self.rank(&param.ty, ty) {
                    Some(rank) => score += rank,
                    None => {
                        fits = false;
                        break;
                    }
                }
            }
            if fits {
                best.push((score, order, def.clone(), wanted));
            }
        }
        if best.len() <= 1 {
            return best.pop().map_or(Selection::None, |(_, _, def, _)| Selection::One(def));
        }
        let mut undecided = Vec::new();
        for (index, (_, ty)) in args.iter().enumerate() {
            let wanted: Vec<Option<Ty>> = best.iter().map(|(_, _, _, wanted)| wanted[index].clone()).collect();
            undecided.extend(ty.as_ref().and_then(|ty| self.undecided(ty, &wanted)));
        }
        if !undecided.is_empty() {
            let rest = best.into_iter().map(|(_, _, def, _)| def).collect();
            return match undecided.contains(&Undecided::Type) {
                true => Selection::Open(rest),
                false => Selection::Dynamic(rest),
            };
        }
        best.sort_by_key(|candidate| (std::cmp::Reverse(candidate.0), candidate.1));
        Selection::One(best.swap_remove(0).2)
    }

    /// Whether `ty` is not known well enough to choose among candidates that want these types of it.
    fn undecided(&mut self, ty: &Ty, wanted: &[Option<Ty>]) -> Option<Undecided> {
        let ty = self.table.resolve(ty);
        let unknown = matches!(ty, Ty::Var(_) | Ty::Dyn);
        let why = if ty.any(&mut |part| matches!(part, Ty::Var(_))) {
            Undecided::Type
        } else if ty.any(&mut |part| matches!(part, Ty::Dyn)) {
            Undecided::Run
        } else {
            return None;
        };
        let mut shapes: Vec<Option<Ty>> = Vec::new();
        for wanted in wanted {
            let shape = wanted.as_ref().and_then(|ty| runtime_shape(&self.table.resolve(ty)));
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        // Of a type that is known in part only what excludes one another is still open.
        let exclusive = |table: &mut Table| {
            shapes.iter().enumerate().any(|(place, a)| {
                let rest = &shapes[place + 1..];
                rest.iter().any(|b| matches!((a, b), (Some(a), Some(b)) if !table.may_unify(a, b)))
            })
        };
        (shapes.len() > 1 && (unknown || exclusive(&mut self.table))).then_some(why)
    }

    /// How well an argument fits a parameter: exact type, same head, unknown argument, any type. `None`: not at all.
    pub(super) fn rank(&mut self, param: &Ty, arg: &Ty) -> Option<u32> {
        if !self.table.may_unify(param, arg) {
            // Functions of several parameters may stand for functions of one tuple.
            let (Ty::Fn(wanted), Ty::Fn(given)) = (self.table.shallow(param), self.table.shallow(arg)) else {
                return None;
            };
            return (wanted.params.len() == 1 && given.params.len() > 1).then_some(2);
        }
        let param = self.table.resolve(param);
        let arg = self.table.resolve(arg);
        Some(match (&param, &arg) {
            (Ty::Var(_), _) => 1,
            (_, Ty::Var(_)) => 2,
            _ if param == arg => 4,
            _ => 3,
        })
    }

    /// Leaves the choice among overloads to the run: of a call, or of a function as a value.
    pub(super) fn plan_overloads(
        &mut self,
        at: ExprId,
        functions: &[DefName],
        args: &[(Option<Name>, Ty)],
        is_call: bool,
    ) {
        let name = functions.first().map(|def| def.name().clone()).unwrap_or_default();
        let site = self.overload_site(&name, functions, args);
        if is_call {
            self.plan(at, CallPlan { callee: Callee::Site(site), args: ArgPlan::positions(args.len()) });
        } else {
            self.resolution(at, Resolution::Site(site));
        }
    }

    /// The plan of a call of an overloaded function that types leave open.
    pub(crate) fn overload_site(&mut self, name: &Name, functions: &[DefName], args: &[(Option<Name>, Ty)]) -> Site {
        let arguments = known_arguments(args);
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
        Site { name: name.clone(), candidates: typed, field: None }
    }
}

fn named_types(args: &[Argument]) -> Vec<(Option<Name>, Ty)> {
    args.iter().map(|arg| (arg.name.clone(), arg.ty.clone().unwrap_or(Ty::Error))).collect()
}

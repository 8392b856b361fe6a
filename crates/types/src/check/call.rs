//! Names, calls and constructions.
//!
//! Input: what is written before the parentheses and the arguments. Output: the type of the result, the plan of the
//! call; open choices become constraints.

use std::sync::Arc;

use base_db::{DefKind, DefName, ModuleId, Name};
use hir::{
    Wanted,
    body::{Arg, Expr, ExprId, LocalId, TypeId},
};

use super::{Check, LocalFunction, method::runtime_shape, raw};
use crate::{
    infer::{ArgPlan, CallPlan, Callee, Resolution},
    native,
    report::{self, Draft},
    signature::{CtorRef, DefaultSig, Signature, TypeDef},
    suggest,
    ty::{Builtin, Constraint, Head, Ty},
    unify::{Clash, Table},
};

/// A parameter of a callee at one call.
#[derive(Clone, Debug)]
pub(crate) struct TargetParam {
    pub(crate) name: Option<Name>,
    pub(crate) ty: Ty,
    pub(crate) has_default: bool,
    /// With the types of this call.
    pub(crate) default: Option<DefaultSig>,
}

/// A callee, instantiated for one call.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) callee: Callee,
    pub(crate) params: Vec<TargetParam>,
    pub(crate) result: Ty,
    /// Added before arguments are looked at.
    pub(crate) constraints: Vec<Constraint>,
    /// Undeclared parameters that share one variable are reported in words of their own.
    pub(crate) shared: Vec<Option<u32>>,
    /// A function of one tuple parameter may get a function of several parameters although the tuple is not known yet.
    pub(crate) spreads: bool,
}

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

/// A constructor whose type is decided later.
#[derive(Debug)]
pub(crate) struct OpenConstructor {
    body: usize,
    at: ExprId,
    candidates: Vec<CtorRef>,
    args: Vec<(Option<Name>, Ty)>,
    called: bool,
    ty: Ty,
}

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

    fn is_lambda(&self, expr: Option<ExprId>) -> bool {
        expr.is_some_and(|expr| matches!(self.bodies[self.current].body.exprs[expr], Expr::Lambda(_)))
    }

    // --- names as values ---

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

    fn use_value(&mut self, expr: ExprId, def: &DefName) -> Ty {
        let meaning = self.value_resolution(def);
        self.resolution(expr, meaning);
        self.value_type(def, expr).unwrap_or(Ty::Error)
    }

    /// A function as a value.
    fn function_value(&mut self, expr: ExprId, functions: Vec<DefName>, hint: Option<&Ty>) -> Ty {
        if let [def] = functions.as_slice() {
            let resolution = function_resolution(def);
            self.resolution(expr, resolution);
            let Some(target) = self.target(def, &[]) else { return Ty::Error };
            self.add_constraints(&target, expr);
            return target_type(&target);
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
        let arity = wanted.as_ref().map_or_else(|| def_arity(&fitting[0]), |function| function.params.len());
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

    /// Adds the constraints of an instantiated callee.
    pub(crate) fn add_constraints(&mut self, target: &Target, at: ExprId) {
        self.require_all(&target.constraints, at);
    }

    // --- callees ---

    /// A function, method or native, instantiated. `None`: it does not exist any more.
    pub(crate) fn target(&mut self, def: &DefName, explicit: &[Ty]) -> Option<Target> {
        let callee = callee_of(def);
        if let Some(member) = self.members.get(def) {
            match member.declared.clone() {
                Some(declared) => return Some(self.instantiate_target(&declared, callee, explicit)),
                None => {
                    let params = member
                        .params
                        .iter()
                        .map(|(name, ty, has_default, _)| TargetParam {
                            name: name.clone(),
                            ty: ty.clone(),
                            has_default: *has_default,
                            default: None,
                        })
                        .collect::<Vec<_>>();
                    let shared = vec![None; params.len()];
                    let result = member.result.clone();
                    return Some(Target { callee, params, result, constraints: Vec::new(), shared, spreads: false });
                }
            }
        }
        if let Some((name, index)) = native::parts(def) {
            let signature = native::signature(self.doors.db, name, index)?;
            let mut target = self.instantiate_target(&signature, callee, explicit);
            target.spreads = true;
            return Some(target);
        }
        let signature = self.doors.signature(def)?;
        let mut target = self.instantiate_target(&signature, callee, explicit);
        target.spreads = super::method::is_library(def);
        Some(target)
    }

    /// A callee with this scheme.
    pub(crate) fn instantiate_target(&mut self, signature: &Signature, callee: Callee, explicit: &[Ty]) -> Target {
        if signature.failed && !signature.annotated {
            let params = signature
                .params
                .iter()
                .map(|param| TargetParam {
                    name: param.name.clone(),
                    ty: Ty::Error,
                    has_default: param.default.is_some(),
                    default: None,
                })
                .collect::<Vec<_>>();
            let shared = vec![None; params.len()];
            return Target { callee, params, result: Ty::Error, constraints: Vec::new(), shared, spreads: true };
        }
        let generics = self.fresh_generics(signature, explicit);
        let params = signature
            .params
            .iter()
            .map(|param| TargetParam {
                name: param.name.clone(),
                ty: param.ty.instantiate(&generics),
                has_default: param.default.is_some(),
                default: param.default.as_ref().map(|default| self.instantiate_default(default, &generics)),
            })
            .collect();
        let shared = signature
            .params
            .iter()
            .map(|param| match (&param.ty, param.declared) {
                (Ty::Param(index), false) => Some(*index),
                _ => None,
            })
            .collect();
        Target {
            callee,
            params,
            result: signature.result.instantiate(&generics),
            constraints: signature
                .constraints
                .iter()
                .map(|constraint| constraint.map(&mut |ty| ty.instantiate(&generics)))
                .collect(),
            shared,
            spreads: false,
        }
    }

    /// A default at one call; its own variables (beyond the generics of the scheme) are fresh.
    fn instantiate_default(&mut self, default: &DefaultSig, generics: &[Ty]) -> DefaultSig {
        let mut fresh: Vec<(u32, Ty)> = Vec::new();
        let mut leaf = |leaf: &Ty| match leaf {
            Ty::Param(index) => Some(match generics.get(*index as usize) {
                Some(ty) => ty.clone(),
                None => match fresh.iter().find(|(known, _)| known == index) {
                    Some((_, ty)) => ty.clone(),
                    None => {
                        let ty = self.table.fresh();
                        fresh.push((*index, ty.clone()));
                        ty
                    }
                },
            }),
            _ => None,
        };
        DefaultSig {
            ty: default.ty.map_leaves(&mut leaf),
            constraints: default
                .constraints
                .iter()
                .map(|constraint| constraint.map(&mut |ty| ty.map_leaves(&mut leaf)))
                .collect(),
        }
    }

    // --- calls ---

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
                let params: Vec<TargetParam> = known
                    .params
                    .iter()
                    .enumerate()
                    .map(|(index, ty)| TargetParam {
                        name: function.as_ref().and_then(|function| function.names.get(index).cloned().flatten()),
                        ty: ty.clone(),
                        has_default: match &function {
                            Some(function) => function.defaults.get(index).copied().unwrap_or_default(),
                            None => index >= known.required as usize,
                        },
                        default: None,
                    })
                    .collect();
                let shared = vec![None; params.len()];
                let target = Target {
                    callee: Callee::Value,
                    params,
                    result: known.result.clone(),
                    constraints: Vec::new(),
                    shared,
                    spreads: false,
                };
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
        let args = (0..count as u32).map(ArgPlan::Arg).collect();
        self.plan(expr, CallPlan { callee: Callee::Value, args });
    }

    /// Calls one of some functions of a name.
    fn call_functions(
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

    /// Chooses among overloads by the types of the arguments, or defers the choice.
    fn choose(&mut self, expr: ExprId, functions: Vec<DefName>, explicit: &[Ty], mut args: Vec<Argument>) -> Ty {
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
            Selection::Open(rest) => {
                self.infer_arguments(&mut args);
                let result = self.table.fresh();
                let args = args.iter().map(|arg| (arg.name.clone(), arg.ty.clone().unwrap_or(Ty::Error))).collect();
                self.require(Constraint::Overload { functions: rest, args, result: result.clone() }, expr, true);
                result
            }
        }
    }

    /// The best of some overloads for arguments as far as they are known.
    pub(crate) fn select(&mut self, functions: &[DefName], args: &[(Option<Name>, Option<Ty>)]) -> Selection {
        let mut best: Vec<(u32, usize, DefName, Vec<Option<Ty>>)> = Vec::new();
        for (order, def) in functions.iter().enumerate() {
            let Some(target) = self.target(def, &[]) else { continue };
            let arguments: Vec<Argument> = args
                .iter()
                .enumerate()
                .map(|(index, (name, ty))| Argument {
                    name: name.clone(),
                    expr: None,
                    ty: ty.clone(),
                    source: ArgPlan::Arg(index as u32),
                })
                .collect();
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
        // An argument that is not known yet and about which the candidates disagree leaves the choice open.
        let open = (0..args.len()).any(|index| {
            let Some(ty) = &args[index].1 else { return false };
            let unknown = matches!(self.table.shallow(ty), Ty::Var(_));
            let mut variables = Vec::new();
            self.table.variables(ty, &mut variables);
            if variables.is_empty() {
                return false;
            }
            let mut shapes: Vec<Option<Ty>> = Vec::new();
            for (_, _, _, wanted) in &best {
                let shape = wanted[index].as_ref().and_then(|ty| runtime_shape(&self.table.resolve(ty)));
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
            shapes.len() > 1 && (unknown || exclusive(&mut self.table))
        });
        if open {
            return Selection::Open(best.into_iter().map(|(_, _, def, _)| def).collect());
        }
        best.sort_by_key(|candidate| (std::cmp::Reverse(candidate.0), candidate.1));
        Selection::One(best.swap_remove(0).2)
    }

    /// How well an argument fits a parameter: exact type, same head, unknown argument, any type. `None`: not at all.
    fn rank(&mut self, param: &Ty, arg: &Ty) -> Option<u32> {
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
        match native::special(native_name, index)? {
            stdlib::Special::Length => {
                if args.len() != 1 {
                    return None;
                }
                self.infer_arguments(args);
                let ty = args[0].ty.clone()?;
                self.require(Constraint::Length { ty }, args[0].expr.unwrap_or(expr), false);
                self.plan(expr, CallPlan { callee: Callee::Native(name.clone()), args: vec![args[0].source.clone()] });
                Some(Ty::int())
            }
            stdlib::Special::AssertType => {
                if args.len() != 1 {
                    return None;
                }
                let found = match (args[0].expr, explicit.first()) {
                    (Some(value), hint) => self.infer_expr(value, hint),
                    (None, _) => args[0].ty.clone()?,
                };
                if let Some(expected) = explicit.first() {
                    let (wanted, given) = (self.table.resolve(expected), self.table.resolve(&found));
                    if let Err(clash) = self.table.unify(expected, &found) {
                        let mut draft =
                            Draft::new(401, format!("assertType failed: expected `{wanted}`, found `{given}`"));
                        let mismatch = report::mismatch(&wanted, &given, &clash);
                        draft = draft.note(mismatch.message);
                        for note in mismatch.notes {
                            draft = draft.note(note);
                        }
                        self.report_expr(expr, draft);
                    }
                    self.solve_woken();
                }
                self.plan(expr, CallPlan { callee: Callee::Identity, args: vec![args[0].source.clone()] });
                Some(explicit.first().cloned().unwrap_or(found))
            }
            stdlib::Special::Pairs => {
                if args.len() != 1 {
                    return None;
                }
                self.infer_arguments(args);
                let found = args[0].ty.clone()?;
                let pair = Ty::tuple(vec![self.table.fresh(), self.table.fresh()]);
                if !self.table.may_unify(&Ty::list(pair), &found) {
                    let found = self.table.resolve(&found);
                    self.report_expr(
                        args[0].expr.unwrap_or(expr),
                        Draft::new(401, format!("expected List of key-value tuples, found {found}"))
                            .note("type mismatch: a list of pairs is wanted"),
                    );
                    return Some(Ty::Error);
                }
                None
            }
            stdlib::Special::TypeArguments => None,
        }
    }

    // --- constructors ---

    /// `Name(…)` and `M.Name(…)`.
    pub(crate) fn infer_construct(&mut self, expr: ExprId, path: &Name, args: &[Arg], hint: Option<&Ty>) -> Ty {
        let mut arguments = self.arguments(args);
        let scope = self.scope();
        if let Some((module, name)) = path.rsplit_once('.') {
            let (module, name) = (Name::from(module), Name::from(name));
            let qualifier = self.doors.qualifier(&scope, &module);
            let Some(target) = qualifier.module.clone() else {
                self.infer_arguments(&mut arguments);
                let draft = self.unknown(&module, Wanted::Value, report::unknown_type(path));
                self.report_expr(expr, draft);
                return Ty::Error;
            };
            let exported = self.doors.exported(&target, &name);
            let visible: Vec<(DefName, u32)> = exported
                .constructors
                .iter()
                .filter(|(_, _, public)| *public || qualifier.inside || qualifier.library)
                .map(|(def, index, _)| (def.clone(), *index))
                .collect();
            if visible.is_empty() {
                self.infer_arguments(&mut arguments);
                let draft = match exported.constructors.first() {
                    Some((def, _, _)) => report::private_type(def.name(), &target),
                    None => self.unknown_member(report::unknown_type(path), &target, &name),
                };
                self.report_expr(expr, draft);
                return Ty::Error;
            }
            return self.construct(expr, &name, &visible, arguments, hint);
        }
        let resolved = self.doors.resolve(&scope, path);
        if !resolved.constructors.is_empty() {
            return self.construct(expr, path, &resolved.constructors, arguments, hint);
        }
        self.infer_arguments(&mut arguments);
        let draft = match &resolved.private {
            Some(def) => {
                let name = if def.kind() == DefKind::Type { def.name() } else { path };
                report::private_type(name, def.module())
            }
            None => {
                let draft = report::unknown_type(path).note(format!("Unknown constructor: {path}"));
                self.unknown(path, Wanted::Constructor, draft)
            }
        };
        self.report_expr(expr, draft);
        Ty::Error
    }

    /// A constructor without parentheses.
    pub(crate) fn constructor_value(&mut self, expr: ExprId, candidates: &[(DefName, u32)], hint: Option<&Ty>) -> Ty {
        let wanted = hint.map(|hint| match self.table.shallow(hint) {
            Ty::Fn(function) => self.table.shallow(&function.result),
            other => other,
        });
        match self.known_constructor(candidates, wanted.as_ref()) {
            Ok(ctor) => {
                let Some(definition) = self.doors.type_def(&ctor.ty) else { return Ty::Error };
                self.resolution(expr, Resolution::Constructor(ctor.clone()));
                let (fields, result) = self.constructor_type(&definition, ctor.index);
                if fields.is_empty() { result } else { Ty::function(fields, result) }
            }
            Err(candidates) => {
                let ty = self.table.fresh();
                let body = self.current;
                self.open_constructors.push(OpenConstructor {
                    body,
                    at: expr,
                    candidates,
                    args: Vec::new(),
                    called: false,
                    ty: ty.clone(),
                });
                ty
            }
        }
    }

    /// The only possible constructor, or those among which types decide later.
    fn known_constructor(
        &mut self,
        candidates: &[(DefName, u32)],
        wanted: Option<&Ty>,
    ) -> Result<CtorRef, Vec<CtorRef>> {
        let refs =
            || candidates.iter().map(|(ty, index)| CtorRef { ty: ty.clone(), index: *index }).collect::<Vec<_>>();
        if let Some(Ty::Con(Head::Adt(def), _)) = wanted
            && let Some(found) = refs().into_iter().find(|ctor| ctor.ty == *def)
        {
            return Ok(found);
        }
        // Those of the own module hide others; those of the project hide the library's.
        let Some((first, _)) = self.preferred_constructor(candidates) else { return Err(Vec::new()) };
        let library = super::method::is_library(&first);
        let near: Vec<CtorRef> = refs()
            .into_iter()
            .filter(|ctor| ctor.ty.module() == first.module() || (!library && !super::method::is_library(&ctor.ty)))
            .collect();
        let own = &self.bodies[self.current].scope;
        let near = if first.module() == own {
            near.into_iter().filter(|ctor| ctor.ty.module() == own).collect()
        } else {
            near
        };
        match <[CtorRef; 1]>::try_from(near) {
            Ok([only]) => Ok(only),
            Err(many) => Err(many),
        }
    }

    /// Field types and result type of a constructor with fresh arguments.
    pub(crate) fn constructor_type(&mut self, definition: &TypeDef, index: u32) -> (Vec<Ty>, Ty) {
        let args: Vec<Ty> = definition.params.iter().map(|_| self.table.fresh()).collect();
        let fields = definition
            .constructors
            .get(index as usize)
            .map(|ctor| ctor.fields.iter().map(|field| field.instantiate(&args)).collect())
            .unwrap_or_default();
        (fields, Ty::adt(definition.def.clone(), args))
    }

    /// `Name(args)`: construction or update.
    fn construct(
        &mut self,
        expr: ExprId,
        name: &Name,
        candidates: &[(DefName, u32)],
        mut args: Vec<Argument>,
        hint: Option<&Ty>,
    ) -> Ty {
        let wanted = hint.map(|hint| self.table.shallow(hint));
        match self.known_constructor(candidates, wanted.as_ref()) {
            Ok(ctor) => self.construct_known(expr, &ctor, &mut args),
            Err(candidates) => {
                // The number of arguments and their types may decide at once.
                self.infer_arguments(&mut args);
                let types: Vec<(Option<Name>, Ty)> =
                    args.iter().map(|arg| (arg.name.clone(), arg.ty.clone().unwrap_or(Ty::Error))).collect();
                let fitting = self.fitting_constructors(&candidates, &types);
                match fitting.as_slice() {
                    [ctor] => self.construct_known(expr, &ctor.clone(), &mut args),
                    [] => match candidates.first().cloned() {
                        Some(first) => self.construct_known(expr, &first, &mut args),
                        None => {
                            self.report_expr(expr, report::unknown_type(name));
                            Ty::Error
                        }
                    },
                    _ => {
                        let ty = self.table.fresh();
                        let body = self.current;
                        self.open_constructors.push(OpenConstructor {
                            body,
                            at: expr,
                            candidates: fitting,
                            args: types,
                            called: true,
                            ty: ty.clone(),
                        });
                        ty
                    }
                }
            }
        }
    }

    fn fitting_constructors(&mut self, candidates: &[CtorRef], args: &[(Option<Name>, Ty)]) -> Vec<CtorRef> {
        let mut fitting = Vec::new();
        for ctor in candidates {
            let Some(definition) = self.doors.type_def(&ctor.ty) else { continue };
            let (fields, _) = self.constructor_type(&definition, ctor.index);
            let names = &definition.constructors[ctor.index as usize].field_names;
            let fits = fields.len() == args.len()
                && args.iter().enumerate().all(|(position, (name, ty))| {
                    let index = match name {
                        Some(name) => names.iter().position(|field| field == name),
                        None => Some(position),
                    };
                    index.is_some_and(|index| self.table.may_unify(&fields[index], ty))
                });
            if fits {
                fitting.push(ctor.clone());
            }
        }
        fitting
    }

    fn construct_known(&mut self, expr: ExprId, ctor: &CtorRef, args: &mut [Argument]) -> Ty {
        let Some(definition) = self.doors.type_def(&ctor.ty) else {
            self.infer_arguments(args);
            return Ty::Error;
        };
        let Some(constructor) = definition.constructors.get(ctor.index as usize) else {
            self.infer_arguments(args);
            return Ty::Error;
        };
        let (fields, result) = self.constructor_type(&definition, ctor.index);
        let named = args.iter().filter(|arg| arg.name.is_some()).count();
        let is_update = named > 0 && args.len() == named + 1 && args[0].name.is_none();
        if is_update {
            return self.update(expr, ctor, &definition, &fields, &result, args);
        }
        let type_text = definition.def.name().clone();
        let mut slots: Vec<Option<usize>> = vec![None; fields.len()];
        let mut problem: Option<Draft> = None;
        for (position, arg) in args.iter().enumerate() {
            let index = match &arg.name {
                Some(name) => {
                    let index = constructor.field_names.iter().position(|field| field == name);
                    if index.is_none() {
                        let draft = Draft::new(405, format!("Type {type_text} has no field {name}"))
                            .note(format!("no field `{name}` on type `{type_text}`"));
                        problem.get_or_insert(suggest::near(draft, name, constructor.field_names.iter().cloned()));
                    }
                    index
                }
                None => (position < fields.len()).then_some(position),
            };
            if let Some(index) = index {
                if slots[index].is_some() {
                    let name = arg.name.as_deref().unwrap_or("_");
                    problem.get_or_insert(Draft::new(402, format!("duplicate named argument '{name}'")));
                }
                slots[index] = Some(position);
            }
        }
        if named == 0 && args.len() != fields.len() {
            problem.get_or_insert(report::arity(fields.len(), args.len()));
        } else if let Some(missing) = slots.iter().position(Option::is_none) {
            let field = constructor.field_names.get(missing).map_or("_", |name| name.as_str());
            problem.get_or_insert(Draft::new(405, format!("Missing field: {field}")));
        }
        if let Some(draft) = problem {
            self.infer_arguments(args);
            self.report_expr(expr, draft);
            return result;
        }
        for lambdas in [false, true] {
            for (index, slot) in slots.iter().enumerate() {
                let Some(position) = *slot else { continue };
                if (args[position].ty.is_none() && self.is_lambda(args[position].expr)) != lambdas {
                    continue;
                }
                self.pass_field(expr, &fields[index], &mut args[position]);
            }
        }
        let plan = slots.iter().flatten().map(|&position| args[position].source.clone()).collect();
        self.plan(expr, CallPlan { callee: Callee::Constructor(ctor.clone()), args: plan });
        result
    }

    fn pass_field(&mut self, expr: ExprId, field: &Ty, arg: &mut Argument) {
        let found = match (&arg.ty, arg.expr) {
            (Some(ty), _) => ty.clone(),
            (None, Some(value)) => self.infer_expr(value, Some(field)),
            (None, None) => Ty::Error,
        };
        self.expect(arg.expr.unwrap_or(expr), field, &found);
        arg.ty = Some(found);
    }

    fn update(
        &mut self,
        expr: ExprId,
        ctor: &CtorRef,
        definition: &TypeDef,
        fields: &[Ty],
        result: &Ty,
        args: &mut [Argument],
    ) -> Ty {
        let constructor = &definition.constructors[ctor.index as usize];
        self.pass_field(expr, result, &mut args[0]);
        let mut replaced = Vec::new();
        for arg in &mut args[1..] {
            let Some(name) = arg.name.clone() else { continue };
            match constructor.field_names.iter().position(|field| *field == name) {
                Some(index) => {
                    if replaced.contains(&(index as u32)) {
                        self.report_expr(expr, Draft::new(402, format!("duplicate named argument '{name}'")));
                    }
                    replaced.push(index as u32);
                    self.pass_field(expr, &fields[index], arg);
                }
                None => {
                    if let Some(value) = arg.expr {
                        self.infer_expr(value, None);
                    }
                    let type_text = definition.def.name();
                    self.report_expr(
                        expr,
                        Draft::new(405, format!("Type {type_text} has no field {name}"))
                            .note(format!("no field `{name}` on type `{type_text}`")),
                    );
                }
            }
        }
        let plan = args.iter().map(|arg| arg.source.clone()).collect();
        self.plan(expr, CallPlan { callee: Callee::Update { ctor: ctor.clone(), fields: replaced }, args: plan });
        result.clone()
    }

    /// Decides constructors whose type is known by now; `last`: all of them.
    pub(crate) fn settle_constructors(&mut self, last: bool) {
        let mut open = std::mem::take(&mut self.open_constructors);
        let mut left = Vec::new();
        for item in open.drain(..) {
            let known = match self.table.shallow(&item.ty) {
                Ty::Con(Head::Adt(def), _) => Some(def),
                Ty::Fn(function) => match self.table.shallow(&function.result) {
                    Ty::Con(Head::Adt(def), _) => Some(def),
                    _ => None,
                },
                _ => None,
            };
            let chosen = match &known {
                Some(def) => item.candidates.iter().find(|ctor| ctor.ty == *def).or(item.candidates.first()).cloned(),
                None if last => item.candidates.first().cloned(),
                None => None,
            };
            if last && known.is_none() {
                self.check_ambiguous(&item);
            }
            let Some(ctor) = chosen else {
                left.push(item);
                continue;
            };
            let before = std::mem::replace(&mut self.current, item.body);
            let ty = if item.called {
                let mut args: Vec<Argument> = item
                    .args
                    .iter()
                    .enumerate()
                    .map(|(index, (name, ty))| Argument {
                        name: name.clone(),
                        expr: None,
                        ty: Some(ty.clone()),
                        source: ArgPlan::Arg(index as u32),
                    })
                    .collect();
                self.construct_known(item.at, &ctor, &mut args)
            } else {
                self.constructor_value(item.at, &[(ctor.ty.clone(), ctor.index)], None)
            };
            self.expect(item.at, &item.ty, &ty);
            self.current = before;
        }
        left.append(&mut self.open_constructors);
        self.open_constructors = left;
    }

    /// Candidates of one module are told apart by their order; of several imported modules none is nearer.
    fn check_ambiguous(&mut self, item: &OpenConstructor) {
        let types: Vec<DefName> = item.candidates.iter().map(|ctor| ctor.ty.clone()).collect();
        let Some(first) = item.candidates.first().filter(|_| are_rivals(&types, &self.bodies[item.body].scope)) else {
            return;
        };
        let name = self
            .doors
            .type_def(&first.ty)
            .and_then(|definition| Some(definition.constructors.get(first.index as usize)?.name.clone()))
            .unwrap_or_default();
        let types: Vec<String> = types.iter().map(DefName::qualified).collect();
        let draft = report::ambiguous_constructor(&name, &types);
        self.report(item.body, hir::problem::Anchor::Expr(raw(item.at) as u32), draft);
    }

    // --- qualified names ---

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

    fn members_of(&mut self, expr: ExprId, space: &Namespace, name: &Name, value: bool) -> Option<Members> {
        let scope = self.scope();
        let unknown = |path: &Name, value: bool| {
            let full = format!("{path}.{name}");
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                report::unknown_type(&full)
            } else {
                let draft = report::unknown_function(&full);
                if value { draft.note(format!("unknown variable `{full}`")) } else { draft }
            }
        };
        let natives = |path: &Name| native::definitions(&Name::from(format!("{path}.{name}"))).collect::<Vec<_>>();
        match space {
            Namespace::Module(module) => {
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
                    return Some(Members::Constructors(constructors));
                }
                if let Some((def, _, _)) = exported.constructors.first() {
                    self.report_expr(expr, report::private_type(def.name(), module));
                    return None;
                }
                let visible: Vec<DefName> =
                    exported.defs.iter().filter(|(_, public)| *public || reach).map(|(def, _)| def.clone()).collect();
                let mut functions: Vec<DefName> =
                    visible.iter().filter(|def| def.kind() == DefKind::Function).cloned().collect();
                let value_def = visible
                    .iter()
                    .find(|def| matches!(def.kind(), DefKind::Value | DefKind::Const | DefKind::Mvar))
                    .cloned();
                let found = !functions.is_empty() || value_def.is_some();
                if found && !qualifier.legal {
                    self.report_expr(
                        expr,
                        Draft::new(
                            406,
                            format!(
                                "module `{module}` is not imported; add `use {module}.*` or `use {module}.{{{name}}}` \
                                 to use `{name}`"
                            ),
                        ),
                    );
                    return None;
                }
                if !functions.is_empty() {
                    // A program module named like a built-in namespace keeps the built-in's other overloads.
                    functions.extend(natives(module));
                    return Some(Members::Functions(functions));
                }
                if let Some(def) = value_def {
                    return Some(Members::Value(def));
                }
                let traits: Vec<DefName> = exported
                    .method_of
                    .iter()
                    .filter(|(_, public)| *public || reach)
                    .map(|(def, _)| def.clone())
                    .collect();
                if !traits.is_empty() {
                    return Some(Members::TraitMethods(traits));
                }
                let natives = natives(module);
                if !natives.is_empty() {
                    return Some(Members::Functions(natives));
                }
                if exported.defs.iter().any(|(def, _)| {
                    matches!(def.kind(), DefKind::Function | DefKind::Value | DefKind::Const | DefKind::Mvar)
                }) {
                    self.report_expr(expr, report::private_function(name, module));
                } else {
                    let draft = self.unknown_member(unknown(module, value), module, name);
                    self.report_expr(expr, draft);
                }
                None
            }
            Namespace::Builtin(path) | Namespace::Type(path) => {
                let found = natives(path);
                if !found.is_empty() {
                    return Some(Members::Functions(found));
                }
                self.report_expr(expr, unknown(path, value));
                None
            }
            Namespace::Unknown(path) => {
                let draft = report::unknown_function(path)
                    .note(format!("unknown function `{path}.{name}`"))
                    .note(format!("unknown type `{path}`"))
                    .note(format!("unknown variable `{path}`"));
                let draft = self.unknown(path, Wanted::Type, draft);
                self.report_expr(expr, draft);
                None
            }
        }
    }

    /// A problem about an unknown member of `module`, with a name there that is near.
    fn unknown_member(&mut self, draft: Draft, module: &Name, name: &Name) -> Draft {
        let db = self.doors.db;
        match hir::near_member(db, ModuleId::new(db, module.clone()), name) {
            Some(near) => draft.help(format!("did you mean `{module}.{near}`?")),
            None => draft,
        }
    }

    /// A local of this name that can be called, innermost first.
    pub(crate) fn callable_local(&mut self, name: &Name) -> Option<LocalId> {
        let state = self.cx();
        let named = state.locals_named(name)?;
        let local = state.visible.iter().rev().find(|local| named.contains(local)).copied()?;
        let ty = match self.cx().locals[raw(local)].clone() {
            super::LocalTy::Mono(ty) => ty,
            super::LocalTy::Poly(scheme) => scheme.ty.clone(),
        };
        matches!(self.table.shallow(&ty), Ty::Fn(_)).then_some(local)
    }
}

/// Members of a namespace of one name.
enum Members {
    Functions(Vec<DefName>),
    Value(DefName),
    Constructors(Vec<(DefName, u32)>),
    TraitMethods(Vec<DefName>),
}

/// Which overload is meant.
pub(crate) enum Selection {
    /// This one.
    One(DefName),
    /// None fits.
    None,
    /// Not known yet: one of these.
    Open(Vec<DefName>),
}

/// Whether none of these types is nearer to `scope` than the others: all of other modules, and of different ones.
pub(crate) fn are_rivals(types: &[DefName], scope: &Name) -> bool {
    types.iter().any(|ty| ty.module() != types[0].module())
        && !types.iter().any(|ty| ty.module() == scope || super::method::is_library(ty))
}

/// The callee that a definition is.
pub(crate) fn callee_of(def: &DefName) -> Callee {
    match native::parts(def) {
        Some((name, _)) => Callee::Native(Name::from(name)),
        None => Callee::Function(def.clone()),
    }
}

fn function_resolution(def: &DefName) -> Resolution {
    match native::parts(def) {
        Some((name, _)) => Resolution::Native(Name::from(name)),
        None => Resolution::Function(def.clone()),
    }
}

/// Number of parameters of a function or native.
pub(crate) fn def_arity(def: &DefName) -> usize {
    match native::parts(def) {
        Some((name, index)) => native::arity(name, index),
        None => def.arity(),
    }
}

/// The function type of an instantiated callee.
pub(crate) fn target_type(target: &Target) -> Ty {
    // Only trailing parameters can be left out of a call through a value.
    let required = target.params.iter().rposition(|param| !param.has_default).map_or(0, |index| index + 1);
    Ty::Fn(Arc::new(crate::ty::FnTy {
        params: target.params.iter().map(|param| param.ty.clone()).collect(),
        required: required as u32,
        result: target.result.clone(),
    }))
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

//! Calls: functions, natives, constructors, updates, function values, sites that decide at run time.
//!
//! Input: a call and its [`CallPlan`]. Output: code that evaluates the arguments into a window and calls. Arguments are
//! evaluated in the order of the parameters, those of constructors in the order of the source.

use bytecode::{CallTarget, Candidate, Head as RunHead, Instr, Kind, MethodSite};
use hir::body::{Arg, Expr, ExprId, LocalId};
use la_arena::RawIdx;
use smol_str::SmolStr;
use stdlib::Special;
use types::{ArgPlan, Builtin, CallPlan, Callee, CtorRef, Head, Site, SiteCandidate, Ty};

use crate::{
    emit::{Label, Reg},
    lower::{Dest, Gen, default_symbol, type_ref},
    pattern::Static,
    reflect::told_symbol,
};

/// The parts of a call as written.
struct Source<'a> {
    /// `f` of `f(x)`.
    callee: Option<ExprId>,
    /// `x` of `x.m()`.
    receiver: Option<ExprId>,
    args: &'a [Arg],
}

/// Where the defaults of left-out arguments come from.
#[derive(Clone, Copy)]
enum Defaults<'a> {
    /// Chunks of the function with this symbol.
    Function(&'a str),
    /// The parameters of this lambda.
    Local(ExprId),
    /// Nothing is left out, or whoever is called fills it in.
    None,
}

/// Number of arguments before the defaults that end the list.
fn given(plan: &[ArgPlan]) -> usize {
    plan.iter().rposition(|arg| !matches!(arg, ArgPlan::Default(_))).map_or(0, |last| last + 1)
}

impl Source<'_> {
    fn expr(&self, plan: &ArgPlan) -> Option<ExprId> {
        match plan {
            ArgPlan::Receiver => self.receiver,
            ArgPlan::Arg(index) => self.args.get(*index as usize).map(|arg| arg.value),
            ArgPlan::Default(_) => None,
        }
    }
}

impl<'a> Gen<'a> {
    /// A call, method call or construction.
    pub(crate) fn call(&mut self, expr: ExprId, dest: Dest) {
        let source = match self.expr_of(expr) {
            Expr::Call { callee, args, .. } => Source { callee: Some(*callee), receiver: None, args },
            Expr::MethodCall { receiver, args, .. } => Source { callee: None, receiver: Some(*receiver), args },
            Expr::Construct { args, .. } => Source { callee: None, receiver: None, args },
            _ => return,
        };
        let mark = self.code().mark();
        let Some(plan) = self.input.inference.calls.get(&expr) else {
            // A function value of unknown type, such as a local function that is bound later.
            if let Some(Expr::Local(local)) = source.callee.map(|callee| self.expr_of(callee)) {
                let callee = self.alloc();
                self.read_local(*local, callee);
                let args = ArgPlan::positions(source.args.len());
                self.call_of_value(expr, callee, Some(*local), &args, &source, dest);
            } else {
                // Reported: no code of this body runs.
                self.unit(dest);
            }
            return self.code().release(mark);
        };
        self.planned_call(expr, plan, &source, dest);
        self.code().release(mark);
    }

    fn planned_call(&mut self, expr: ExprId, plan: &'a CallPlan, source: &Source<'a>, dest: Dest) {
        match &plan.callee {
            Callee::Function(def) => {
                if dest == Dest::Return
                    && def == self.input.def
                    && self.frames.len() == 1
                    && let Some(start) = self.start
                    && !plan.args.iter().any(|arg| matches!(arg, ArgPlan::Default(_)))
                {
                    return self.call_of_itself(expr, &plan.args, source, start);
                }
                let symbol = def.symbol();
                let told = self.told(expr);
                let (args, argc) = self.arguments(expr, &plan.args, source, Defaults::Function(symbol), told);
                let symbol =
                    self.chunk.symbol(if told.is_empty() { symbol.clone() } else { told_symbol(symbol).into() });
                self.finish_call(
                    dest,
                    |dst| Instr::Call { argc, dst, symbol, args },
                    Some(Instr::TailCall { argc, symbol, args }),
                );
            }
            Callee::Native(name) => self.native_call(expr, name, plan, source, dest),
            Callee::Constructor(ctor) => self.construct(expr, ctor, &plan.args, source, dest),
            Callee::Update { ctor, fields } => self.update(expr, ctor, fields, &plan.args, source, dest),
            Callee::Value => {
                let Some(function) = source.callee.or(source.receiver) else { return self.unit(dest) };
                let later: Vec<ExprId> = plan.args.iter().filter_map(|arg| source.expr(arg)).collect();
                let callee = self.operand_before(function, &later);
                let local = match self.expr_of(function) {
                    Expr::Local(local) => Some(*local),
                    _ => None,
                };
                self.call_of_value(expr, callee, local, &plan.args, source, dest);
            }
            Callee::Local(index) => {
                let local = LocalId::from_raw(RawIdx::from_u32(*index));
                let callee = self.alloc();
                self.read_local(local, callee);
                self.call_of_value(expr, callee, Some(local), &plan.args, source, dest);
            }
            Callee::ModuleValue(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                let callee = self.alloc();
                self.at(expr);
                self.emit(Instr::LoadValue { dst: callee, symbol });
                self.call_of_value(expr, callee, None, &plan.args, source, dest);
            }
            Callee::Field(access) => {
                let Some(receiver) = source.receiver.or(source.callee) else { return self.unit(dest) };
                let obj = self.operand(receiver);
                let callee = self.alloc();
                self.at(expr);
                self.field(access, obj, callee);
                self.call_of_value(expr, callee, None, &plan.args, source, dest);
            }
            Callee::Site(site) => self.site_call(expr, site, plan, source, dest),
            Callee::MvarUpdate(def) => {
                let Some(&Arg { value: function, .. }) = source.args.first() else { return self.unit(dest) };
                let callee = self.operand(function);
                let symbol = self.chunk.symbol(def.symbol().clone());
                let dst = self.alloc();
                self.at(expr);
                self.emit(Instr::AtomicEnter { symbol });
                self.emit(Instr::MvarGet { dst, symbol });
                self.emit(Instr::CallValue { argc: 1, dst, callee, args: dst });
                self.emit(Instr::MvarSet { symbol, src: dst });
                self.emit(Instr::AtomicLeave);
                self.finish_value(dst, dest);
            }
            Callee::Identity => match plan.args.first().and_then(|arg| source.expr(arg)) {
                Some(value) => self.expr(value, dest),
                None => self.unit(dest),
            },
        }
    }

    /// A call of the running function in tail position: new arguments in the registers of the parameters, and a jump.
    fn call_of_itself(&mut self, expr: ExprId, plan: &[ArgPlan], source: &Source<'_>, start: Label) {
        let params = plan.len() as Reg;
        let args = self.code().alloc_many(plan.len());
        let mut moves = Vec::with_capacity(plan.len());
        for (param, arg) in (0..params).zip(plan) {
            let value = source.expr(arg);
            let unchanging = match value.map(|value| self.expr_of(value)) {
                Some(Expr::Local(local)) if !self.is_changing(*local) => self.register_of(*local),
                _ => None,
            };
            match (unchanging, value) {
                (Some(register), _) if register == param => continue,
                // No parameter, so not overwritten before it is moved.
                (Some(register), _) if register >= params => moves.push((param, register)),
                (_, Some(value)) => {
                    self.expr(value, Dest::Reg(args + param));
                    moves.push((param, args + param));
                }
                (_, None) => {}
            }
        }
        self.at(expr);
        for (dst, src) in moves {
            self.emit(Instr::Move { dst, src });
        }
        self.code().goto(start);
    }

    /// The instruction of a call whose arguments are ready, and what its destination asks for.
    fn finish_call(&mut self, dest: Dest, call: impl Fn(Reg) -> Instr, tail: Option<Instr>) {
        match (dest, tail) {
            (Dest::Return, Some(tail)) => self.emit(tail),
            (Dest::Reg(dst), _) => self.emit(call(dst)),
            (Dest::Return | Dest::Ignore, _) => {
                let dst = self.alloc();
                self.emit(call(dst));
                self.finish_value(dst, dest);
            }
        }
    }

    /// Calls the function value in `callee`. `local`: the variable it was read from.
    fn call_of_value(
        &mut self,
        expr: ExprId,
        callee: Reg,
        local: Option<LocalId>,
        plan: &[ArgPlan],
        source: &Source<'_>,
        dest: Dest,
    ) {
        let function = local.and_then(|local| self.local_functions.get(&local).copied());
        // Without a known function the machine fills in what is left out at the end.
        let known = function.is_some();
        let plan = if known { plan } else { &plan[..given(plan)] };
        let defaults = match function {
            Some(function) => Defaults::Local(function),
            None => Defaults::None,
        };
        let (args, argc) = self.arguments(expr, plan, source, defaults, &[]);
        self.finish_call(
            dest,
            |dst| Instr::CallValue { argc, dst, callee, args },
            Some(Instr::TailCallValue { argc, callee, args }),
        );
    }

    /// A call that the heads of the arguments decide at run time.
    fn site_call(&mut self, expr: ExprId, site: &Site, plan: &CallPlan, source: &Source<'_>, dest: Dest) {
        // A function in a local variable takes whatever no candidate before it wants; there is no other way to say it.
        if let Some(SiteCandidate { callee: Callee::Local(index), args, .. }) = site.candidates.first() {
            let local = LocalId::from_raw(RawIdx::from_u32(*index));
            let callee = self.alloc();
            self.read_local(local, callee);
            return self.call_of_value(expr, callee, Some(local), args, source, dest);
        }
        // All candidates see the arguments in one order. A candidate that speaks of the arguments of this call (and not
        // of positions) may have reordered named ones.
        let method = plan.args.contains(&ArgPlan::Receiver);
        let passed = |args: &[ArgPlan]| -> Vec<ArgPlan> {
            args.iter().filter(|arg| !matches!(arg, ArgPlan::Default(_))).cloned().collect()
        };
        let written = passed(&plan.args);
        let order = site
            .candidates
            .iter()
            .map(|candidate| passed(&candidate.args))
            .find(|args| args.len() == written.len() && args.contains(&ArgPlan::Receiver) == method)
            .unwrap_or(written);
        let (args, argc) = self.arguments(expr, &order, source, Defaults::None, &[]);
        let site = self.site(site, &order, None);
        self.finish_call(
            dest,
            |dst| Instr::CallMethod { argc, dst, site, args },
            Some(Instr::TailCallMethod { argc, site, args }),
        );
    }

    /// Evaluates arguments into a window, and behind them what the callee is told.
    fn arguments(
        &mut self,
        expr: ExprId,
        plan: &[ArgPlan],
        source: &Source<'_>,
        defaults: Defaults<'_>,
        told: &[Ty],
    ) -> (Reg, u8) {
        let args = self.code().alloc_many(plan.len() + told.len());
        for (index, arg) in plan.iter().enumerate() {
            let register = args + index as Reg;
            match (arg, source.expr(arg)) {
                (_, Some(value)) => self.expr(value, Dest::Reg(register)),
                (ArgPlan::Default(_), _) => self.default_argument(expr, index, args, defaults),
                (ArgPlan::Receiver | ArgPlan::Arg(_), None) => self.emit(Instr::LoadUnit { dst: register }),
            }
        }
        for (register, ty) in (args + plan.len() as Reg..).zip(told) {
            self.told_type(ty, register);
        }
        self.at(expr);
        (args, self.argc(plan.len() + told.len()))
    }

    pub(crate) fn argc(&mut self, count: usize) -> u8 {
        u8::try_from(count).unwrap_or_else(|_| {
            self.fail("arguments");
            0
        })
    }

    /// The default of parameter `index`, from the arguments before it in the window at `args`.
    fn default_argument(&mut self, expr: ExprId, index: usize, args: Reg, defaults: Defaults<'_>) {
        let dst = args + index as Reg;
        let mark = self.code().mark();
        match defaults {
            Defaults::Function(symbol) => {
                let window = self.code().alloc_many(index);
                for offset in 0..index as Reg {
                    self.emit(Instr::Move { dst: window + offset, src: args + offset });
                }
                let argc = self.argc(index);
                let symbol = self.chunk.symbol(default_symbol(symbol, index));
                self.at(expr);
                self.emit(Instr::Call { argc, dst, symbol, args: window });
            }
            Defaults::Local(function) => self.local_default(function, index, args, dst),
            Defaults::None => self.emit(Instr::LoadUnit { dst }),
        }
        self.code().release(mark);
    }

    /// The default of a parameter of a local function is evaluated where the function is called.
    fn local_default(&mut self, function: ExprId, index: usize, args: Reg, dst: Reg) {
        let Expr::Lambda(lambda) = self.expr_of(function) else { return };
        let Some(default) = lambda.params.get(index).and_then(|param| param.default) else {
            return self.emit(Instr::LoadUnit { dst });
        };
        // The parameters mean the arguments of this call while the default is evaluated, also inside the function.
        let saved = self.frame().places.clone();
        let mut locals = Vec::new();
        lambda.params.iter().for_each(|param| self.bound_locals(param.pat, &mut locals));
        for local in locals {
            self.frame().places.remove(local);
        }
        let fail = self.code().label();
        for (offset, param) in lambda.params.iter().enumerate().take(index) {
            self.pattern(param.pat, args + offset as Reg, &Static::Typed, fail, true);
        }
        self.bind_match_failure(fail);
        self.expr(default, Dest::Reg(dst));
        self.frame().places = saved;
    }

    // --- natives ---

    fn native_call(&mut self, expr: ExprId, name: &str, plan: &CallPlan, source: &Source<'_>, dest: Dest) {
        match (name, plan.args.as_slice()) {
            ("self", []) => {
                let dst = self.alloc();
                self.emit(Instr::SelfPid { dst });
                return self.finish_value(dst, dest);
            }
            ("throw", [arg]) if let Some(value) = source.expr(arg) => {
                let src = self.operand(value);
                self.at(expr);
                return self.emit(Instr::Throw { src });
            }
            ("show" | "toString", [arg]) if let Some(value) = source.expr(arg) => {
                let src = self.operand(value);
                self.at(expr);
                return self.finish_call(dest, |dst| Instr::Show { dst, src }, None);
            }
            ("toFloat", [arg])
                if let Some(value) = source.expr(arg)
                    && self.is(value, Builtin::Int) =>
            {
                let src = self.operand(value);
                self.at(expr);
                return self.finish_call(dest, |dst| Instr::IntToFloat { dst, src }, None);
            }
            _ => {}
        }
        let special = stdlib::natives_named(name).find_map(|native| native.special);
        let (args, argc) = if special == Some(Special::TypeArguments) {
            self.reflection_arguments(expr, plan, source)
        } else {
            self.arguments(expr, &plan.args, source, Defaults::None, &[])
        };
        let native = self.chunk.native(name);
        self.finish_call(dest, |dst| Instr::CallNative { argc, dst, native, args }, None);
    }

    /// The type argument as text, then the arguments.
    fn reflection_arguments(&mut self, expr: ExprId, plan: &CallPlan, source: &Source<'_>) -> (Reg, u8) {
        let args = self.code().alloc_many(plan.args.len() + 1);
        for (register, arg) in (args + 1..).zip(&plan.args) {
            match source.expr(arg) {
                Some(value) => self.expr(value, Dest::Reg(register)),
                None => self.emit(Instr::LoadUnit { dst: register }),
            }
        }
        self.told_type(self.told(expr).first().unwrap_or(&Ty::Dyn), args);
        self.at(expr);
        (args, self.argc(plan.args.len() + 1))
    }

    // --- constructors ---

    /// Number of fields of a constructor.
    pub(crate) fn field_count(&self, ctor: &CtorRef) -> usize {
        let def = self.input.types.type_def(&ctor.ty);
        def.and_then(|def| Some(def.constructors.get(ctor.index as usize)?.fields.len())).unwrap_or(0)
    }

    fn construct(&mut self, expr: ExprId, ctor: &CtorRef, plan: &[ArgPlan], source: &Source<'_>, dest: Dest) {
        let fields = self.field_count(ctor);
        let start = self.code().alloc_many(fields.max(1));
        let mut order: Vec<(usize, &ArgPlan)> = plan.iter().enumerate().take(fields).collect();
        order.sort_by_key(|(_, arg)| match arg {
            ArgPlan::Receiver => 0,
            ArgPlan::Arg(index) | ArgPlan::Default(index) => index + 1,
        });
        for (field, arg) in order {
            if let Some(value) = source.expr(arg) {
                self.expr(value, Dest::Reg(start + field as Reg));
            }
        }
        self.at(expr);
        match self.constructor(ctor) {
            Some(ctor) => self.finish_call(dest, |dst| Instr::Construct { dst, ctor, start }, None),
            None => self.unit(dest),
        }
    }

    fn update(
        &mut self,
        expr: ExprId,
        ctor: &CtorRef,
        fields: &[u32],
        plan: &[ArgPlan],
        source: &Source<'_>,
        dest: Dest,
    ) {
        let obj = self.alloc();
        let mut values = plan.iter().filter_map(|arg| source.expr(arg));
        match values.next() {
            Some(base) => self.expr(base, Dest::Reg(obj)),
            None => self.emit(Instr::LoadUnit { dst: obj }),
        }
        let replaced: Vec<Reg> = values
            .map(|value| {
                let dst = self.alloc();
                self.expr(value, Dest::Reg(dst));
                dst
            })
            .collect();
        self.at(expr);
        // The constructor belongs to the meaning of the code: a type of another shape makes another chunk.
        self.constructor(ctor);
        for (&index, src) in fields.iter().zip(replaced) {
            self.emit(Instr::SetField { obj, index: index as u16, src });
        }
        self.finish_value(obj, dest);
    }

    // --- operators and sites ---

    /// An operator, index or display that an implementation decides. `native`: what values without one do.
    pub(crate) fn operator_call(&mut self, expr: ExprId, operands: &[ExprId], native: Option<&str>, dest: Dest) {
        let Some(plan) = self.input.inference.calls.get(&expr) else { return self.unit(dest) };
        let args = self.window(operands);
        let argc = operands.len() as u8;
        self.at(expr);
        match &plan.callee {
            Callee::Function(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                self.finish_call(dest, |dst| Instr::Call { argc, dst, symbol, args }, None);
            }
            Callee::Native(name) => {
                // Of `!=` only the equality is called; the caller negates.
                let native = self.chunk.native(if name == "op.ne" { "op.eq" } else { name });
                self.finish_call(dest, |dst| Instr::CallNative { argc, dst, native, args }, None);
            }
            Callee::Site(site) => {
                let site = self.site(site, &ArgPlan::positions(operands.len()), native);
                self.finish_call(dest, |dst| Instr::CallMethod { argc, dst, site, args }, None);
            }
            _ => self.unit(dest),
        }
    }

    /// Index of a site called with the arguments `order`. `fallback`: a native that takes whatever no candidate wants.
    pub(crate) fn site(&mut self, site: &Site, order: &[ArgPlan], fallback: Option<&str>) -> u16 {
        let argc = order.len();
        let is_method = order.contains(&ArgPlan::Receiver);
        let mut candidates = Vec::with_capacity(site.candidates.len() + 1);
        let deep = looks_inside(site);
        let mut field = None;
        for (place, candidate) in site.candidates.iter().enumerate() {
            if site.field == Some(place) {
                field = Some(candidates.len() as u16);
            }
            let (target, symbol) = match &candidate.callee {
                Callee::Function(def) => {
                    let symbol = def.symbol();
                    (CallTarget::Function(symbol.clone()), Some(symbol))
                }
                Callee::Native(name) => {
                    let name = if name == "op.ne" { SmolStr::new("op.eq") } else { name.clone() };
                    (CallTarget::Native(name), None)
                }
                // Nothing else can be chosen by the heads of the arguments.
                _ => continue,
            };
            let params = candidate.args.len().max(argc);
            // A candidate may speak of positions instead of the arguments of this call.
            let is_positional = candidate.args.contains(&ArgPlan::Receiver) != is_method;
            let place = |arg: &ArgPlan| candidate.args.iter().position(|param| param == arg).map(|at| at as u16);
            let given: Option<Vec<u16>> = order.iter().map(place).collect();
            let given = given.filter(|given| !is_positional && !given.iter().copied().eq(0..argc as u16));
            let given = given.unwrap_or_default();
            let missing = (0..params as u16).filter(|param| match given.as_slice() {
                [] => usize::from(*param) >= argc,
                given => !given.contains(param),
            });
            let defaults = match symbol {
                Some(symbol) => missing.map(|param| default_symbol(symbol, usize::from(param)).into()).collect(),
                None => Vec::new(),
            };
            let heads = order.iter().enumerate().map(|(index, arg)| {
                let index = match arg {
                    ArgPlan::Arg(arg) if !is_positional => *arg as usize + usize::from(is_method),
                    ArgPlan::Receiver if !is_positional => 0,
                    _ => index,
                };
                match candidate.heads.get(index) {
                    Some(Some(shape)) if deep => self.shape(shape, MAX_SHAPE_DEPTH),
                    Some(Some(Ty::Con(head, _))) => run_head(head),
                    _ => RunHead::Any,
                }
            });
            let heads = heads.collect();
            candidates.push(Candidate { heads, target, params: params as u16, defaults, given });
        }
        let field = field.or(site.field.map(|_| candidates.len() as u16));
        let open = candidates.iter().any(|candidate| candidate.heads.iter().all(|head| *head == RunHead::Any));
        if let Some(native) = fallback.filter(|_| !open) {
            let target = CallTarget::Native(SmolStr::new(native));
            let params = argc as u16;
            candidates.push(Candidate { heads: Vec::new(), target, params, defaults: Vec::new(), given: Vec::new() });
        }
        self.chunk.site(MethodSite { name: site.name.clone(), candidates, field })
    }

    /// What a candidate demands of an argument, parts included.
    fn shape(&self, ty: &Ty, depth: u32) -> RunHead {
        let Ty::Con(head, args) = ty else { return RunHead::Any };
        let outer = match head {
            Head::Tuple => RunHead::Tuple(args.len() as u16),
            _ => run_head(head),
        };
        let Some(depth) = depth.checked_sub(1).filter(|_| !args.is_empty()) else { return outer };
        let rows: Vec<Vec<RunHead>> = match head {
            Head::Adt(def) => match self.input.types.type_def(def) {
                Some(def) => {
                    let field = |ty: &Ty| match ty {
                        Ty::Param(index) => args.get(*index as usize).map_or(RunHead::Any, |ty| self.shape(ty, depth)),
                        // Lists of lists of the same are decided by what stands beside them.
                        Ty::Con(Head::Adt(inner), _) if *inner == def.def => RunHead::Any,
                        open if open.any(&mut |part| matches!(part, Ty::Param(_))) => {
                            self.shape(&open.instantiate(args), depth)
                        }
                        // The same in every instance.
                        _ => RunHead::Any,
                    };
                    def.constructors.iter().map(|ctor| ctor.fields.iter().map(field).collect()).collect()
                }
                None => return outer,
            },
            _ => vec![args.iter().map(|ty| self.shape(ty, depth)).collect()],
        };
        match rows.iter().flatten().any(|part| *part != RunHead::Any) {
            true => RunHead::Of(Box::new(outer), rows),
            false => outer,
        }
    }

    /// A function value that chooses among overloads when it is called.
    pub(crate) fn site_as_value(&mut self, site: &Site, dst: Reg) {
        let params = site.candidates.first().map_or(1, |candidate| candidate.args.len());
        let body = self.chunk.reserve_body();
        self.enter(params, None);
        let args = self.code().alloc_many(params);
        for offset in 0..params as Reg {
            self.emit(Instr::Move { dst: args + offset, src: offset });
        }
        let argc = self.argc(params);
        let index = self.site(site, &ArgPlan::positions(params), None);
        self.emit(Instr::TailCallMethod { argc, site: index, args });
        self.leave(body, &site.name);
        self.emit(Instr::MakeClosure { dst, body });
    }
}

/// How deep a site looks into its arguments.
const MAX_SHAPE_DEPTH: u32 = 3;

/// Whether heads alone do not tell the candidates of a site apart.
fn looks_inside(site: &Site) -> bool {
    let alike = |a: &Option<Ty>, b: &Option<Ty>| match (a, b) {
        (Some(Ty::Con(a, left)), Some(Ty::Con(b, right))) => a == b && left != right,
        _ => false,
    };
    site.candidates.iter().enumerate().any(|(place, candidate)| {
        let mut rest = site.candidates[place + 1..].iter();
        rest.any(|other| candidate.heads.iter().zip(&other.heads).any(|(a, b)| alike(a, b)))
    })
}

/// What a candidate demands at run time.
fn run_head(head: &Head) -> RunHead {
    let kind = match head {
        Head::Adt(def) => return RunHead::Type(type_ref(def)),
        Head::Rigid(_) => return RunHead::Any,
        Head::Tuple => Kind::Tuple,
        Head::Opaque(_) => Kind::Handle,
        Head::Builtin(builtin) => match builtin {
            Builtin::Unit => Kind::Unit,
            Builtin::Bool => Kind::Bool,
            Builtin::Char => Kind::Char,
            Builtin::String => Kind::String,
            Builtin::Int => Kind::Int,
            Builtin::Int8 => Kind::Int8,
            Builtin::Int16 => Kind::Int16,
            Builtin::Int32 => Kind::Int32,
            Builtin::UInt8 => Kind::UInt8,
            Builtin::UInt16 => Kind::UInt16,
            Builtin::UInt32 => Kind::UInt32,
            Builtin::UInt64 => Kind::UInt64,
            Builtin::Float => Kind::Float,
            Builtin::Float32 => Kind::Float32,
            Builtin::BigInt => Kind::BigInt,
            Builtin::Decimal => Kind::Decimal,
            Builtin::Pid | Builtin::Ref => Kind::Pid,
            Builtin::Buffer => Kind::Buffer,
            Builtin::Int64Array => Kind::Int64Array,
            Builtin::Float64Array => Kind::Float64Array,
            Builtin::Float32Array => Kind::Float32Array,
            Builtin::List | Builtin::Array => Kind::List,
            Builtin::Set => Kind::Set,
            Builtin::Map => Kind::Map,
        },
    };
    RunHead::Kind(kind)
}

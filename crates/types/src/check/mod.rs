//! Inference of one binding group: the state that all parts share.
//!
//! Input: bodies of the group's members and a [`Doors`]. Output: types of all nodes, decisions for code generation,
//! types and pending constraints to generalise.
//!
//! Invariant: a constraint is open, done or parked (copied into the scheme of a local function); only open ones are
//! looked at again. At most one type problem is kept for each member, the first.

mod argument;
mod call;
mod collection;
mod construct;
mod control;
mod expr;
mod field;
mod finish;
mod lookup;
mod method;
mod name;
mod namespace;
mod operator;
mod overload;
mod pat;
mod race;
mod recursion;
mod reflect;
mod site;
mod solve;
mod stmt;
mod target;
mod trait_method;

use std::{cell::OnceCell, sync::Arc};

use base_db::{DefName, Name};
use hir::{
    Wanted,
    body::{Body, ExprId, LocalId, PatId},
    problem::{Anchor, Problem, Severity},
};
use la_arena::RawIdx;
use rustc_hash::FxHashMap;

use crate::{
    doors::Doors,
    infer::{CallPlan, InferenceResult, Resolution},
    lower::{ParamStyle, TypeLowering},
    report::{self, Draft},
    signature::Signature,
    suggest,
    ty::{Constraint, TraitRef, Ty},
    unify::Table,
};

pub(crate) use expr::literal_type;
pub(crate) use lookup::is_library;
pub(crate) use trait_method::trait_ref;

/// Deepest nesting of expressions and patterns that is followed.
const MAX_NESTING: u32 = 400;

/// A constraint that waits for types.
#[derive(Debug)]
pub(crate) struct Pending {
    /// What must hold.
    pub(crate) constraint: Constraint,
    /// Member whose body caused it.
    pub(crate) body: usize,
    /// Where problems are reported.
    pub(crate) at: ExprId,
    /// The solution is the plan (or field access) of `at`; otherwise it came with a scheme.
    pub(crate) record: bool,
    /// A local function or function-valued local of the method's name.
    pub(crate) local: Option<LocalId>,
    /// What is done with it.
    pub(crate) status: Status,
}

/// State of a [`Pending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Done,
    Parked,
}

/// What is known of a local variable.
#[derive(Clone, Debug)]
pub(crate) enum LocalTy {
    /// One type for all uses.
    Mono(Ty),
    /// Generalised: the variables are fresh at each use.
    Poly(Arc<LocalScheme>),
}

/// Scheme of a local function.
#[derive(Debug)]
pub(crate) struct LocalScheme {
    /// Generalised variables.
    vars: Vec<u32>,
    /// Type.
    ty: Ty,
    /// Constraints that are copied at each use.
    constraints: Vec<Constraint>,
}

/// Parameter names and defaults of a local function.
#[derive(Clone, Debug)]
pub(crate) struct LocalFunction {
    names: Vec<Option<Name>>,
    defaults: Vec<bool>,
}

/// What is known of a member of the group while it is inferred.
pub(crate) struct Member {
    /// Parameters: name, type, type of the default, declared.
    pub(crate) params: Vec<(Option<Name>, Ty, bool, bool)>,
    /// Result; of values: their type.
    pub(crate) result: Ty,
    /// Values are used without a call.
    pub(crate) is_value: bool,
    /// The declared scheme, for completely annotated generic members.
    pub(crate) declared: Option<Arc<Signature>>,
}

/// State of one body.
pub(crate) struct BodyState {
    /// The member.
    pub(crate) def: DefName,
    /// Module whose scope the body sees.
    pub(crate) scope: Name,
    /// Module that places are reported in.
    pub(crate) module: Name,
    /// The nodes.
    pub(crate) body: Arc<Body>,
    /// Types so far, by raw index.
    pub(crate) expr_types: Vec<Ty>,
    /// Locals so far, by raw index.
    pub(crate) locals: Vec<LocalTy>,
    local_functions: FxHashMap<u32, LocalFunction>,
    /// Locals in scope, innermost last.
    visible: Vec<LocalId>,
    /// All locals by name, once a call asks for one.
    named_locals: OnceCell<FxHashMap<Name, Vec<LocalId>>>,
    /// Type parameters in scope.
    pub(crate) type_params: Vec<(Name, Ty)>,
    /// Mark of rigid parameters of this member.
    pub(crate) mark: String,
    /// The implementing type, in methods.
    pub(crate) self_ty: Option<Ty>,
    /// Decisions.
    pub(crate) result: InferenceResult,
    /// First type problem.
    pub(crate) problem: Option<Problem>,
    /// Other problems (exhaustiveness, mvar races).
    pub(crate) more: Vec<Problem>,
    /// Result types of the functions and lambdas around the current expression.
    returns: Vec<Ty>,
    /// Types of `break` values of the loops around it; `None`: no `break` with a value was met.
    loops: Vec<Option<Ty>>,
    /// Parts of interpolations and arguments of `show` with their types.
    shows: Vec<(ExprId, Ty)>,
    /// Matches to be checked for exhaustiveness when types are known.
    matches: Vec<(ExprId, Ty)>,
    /// String-prefix patterns and the types they match.
    prefixes: Vec<(PatId, Ty)>,
    /// Constructors chosen by types: pattern or expression candidates.
    depth: u32,
}

/// Inference of one binding group.
pub(crate) struct Check<'a, 'db> {
    pub(crate) doors: &'a Doors<'db>,
    pub(crate) table: Table,
    pub(crate) pending: Vec<Pending>,
    /// Members by definition.
    pub(crate) members: FxHashMap<DefName, Member>,
    /// Declared bounds of rigid parameters, by marked name.
    pub(crate) bounds: FxHashMap<Name, Vec<TraitRef>>,
    pub(crate) bodies: Vec<BodyState>,
    /// Index of the body that is walked.
    pub(crate) current: usize,
    solving: bool,
    /// The pending requirement of a trait on a variable.
    required: FxHashMap<(TraitRef, u32), u32>,
    /// The pending field constraint of a variable and field.
    fields: FxHashMap<(u32, Name), u32>,
    /// Types of parameter defaults: callers that omit the argument decide what they leave open.
    default_types: Vec<Ty>,
    /// Constructors in expressions whose type was open when they were met.
    open_constructors: Vec<construct::OpenConstructor>,
    open_patterns: Vec<pat::OpenPattern>,
    /// Method calls that came with schemes, to find those that go on for ever.
    inherited_calls: recursion::InheritedCalls,
    /// Calls and values of members of the group.
    group_uses: Vec<reflect::GroupUse>,
    /// What is still open now takes its first candidate.
    last_resort: bool,
}

pub(crate) fn raw<T>(id: la_arena::Idx<T>) -> usize {
    id.into_raw().into_u32() as usize
}

pub(crate) fn expr_id(raw: u32) -> ExprId {
    ExprId::from_raw(RawIdx::from_u32(raw))
}

impl BodyState {
    /// The state of a body that was not walked yet.
    pub(crate) fn new(def: DefName, scope: Name, body: Arc<Body>) -> BodyState {
        let exprs = body.exprs.len();
        let locals = body.locals.len();
        BodyState {
            named_locals: OnceCell::new(),
            module: def.module().clone(),
            def,
            scope,
            expr_types: vec![Ty::Dyn; exprs],
            locals: vec![LocalTy::Mono(Ty::Error); locals],
            body,
            local_functions: FxHashMap::default(),
            visible: Vec::new(),
            type_params: Vec::new(),
            mark: String::new(),
            self_ty: None,
            result: InferenceResult::default(),
            problem: None,
            more: Vec::new(),
            returns: Vec::new(),
            loops: Vec::new(),
            shows: Vec::new(),
            matches: Vec::new(),
            prefixes: Vec::new(),
            depth: 0,
        }
    }
}

impl BodyState {
    /// All locals called `name`.
    fn locals_named(&self, name: &Name) -> Option<&[LocalId]> {
        let named = self.named_locals.get_or_init(|| {
            let mut named: FxHashMap<Name, Vec<LocalId>> = FxHashMap::default();
            for (id, local) in self.body.locals.iter() {
                named.entry(local.name.clone()).or_default().push(id);
            }
            named
        });
        named.get(name).map(Vec::as_slice)
    }

    /// Enters a function whose `return` gives `result`.
    pub(crate) fn push_return(&mut self, result: Ty) {
        self.returns.push(result);
    }

    /// Leaves the innermost function.
    pub(crate) fn pop_return(&mut self) {
        self.returns.pop();
    }

    /// Forgets the locals of a clause.
    pub(crate) fn leave_clause(&mut self) {
        self.visible.clear();
    }
}

impl<'a, 'db> Check<'a, 'db> {
    /// An empty group.
    pub(crate) fn new(doors: &'a Doors<'db>) -> Self {
        Check {
            doors,
            table: Table::default(),
            pending: Vec::new(),
            members: FxHashMap::default(),
            bounds: FxHashMap::default(),
            bodies: Vec::new(),
            current: 0,
            solving: false,
            required: FxHashMap::default(),
            fields: FxHashMap::default(),
            default_types: Vec::new(),
            open_constructors: Vec::new(),
            open_patterns: Vec::new(),
            inherited_calls: recursion::InheritedCalls::default(),
            group_uses: Vec::new(),
            last_resort: false,
        }
    }

    pub(crate) fn cx(&mut self) -> &mut BodyState {
        &mut self.bodies[self.current]
    }

    pub(crate) fn body(&self) -> Arc<Body> {
        Arc::clone(&self.bodies[self.current].body)
    }

    pub(crate) fn scope(&self) -> Name {
        self.bodies[self.current].scope.clone()
    }

    // --- problems ---

    /// Keeps the problem if it is the first of its body, or a note.
    pub(crate) fn report(&mut self, body: usize, anchor: Anchor, draft: Draft) {
        let state = &mut self.bodies[body];
        let is_note = draft.severity == Severity::Note;
        let problem = draft.at(state.module.clone(), Some(state.def.clone()), anchor);
        // A consequence hides nothing, and one of a kind is enough.
        if is_note && !state.more.iter().any(|other| other.message == problem.message) {
            state.more.push(problem);
        } else if !is_note && state.problem.is_none() {
            state.problem = Some(problem);
        }
    }

    pub(crate) fn report_expr(&mut self, at: ExprId, draft: Draft) {
        let current = self.current;
        self.report(current, Anchor::Expr(raw(at) as u32), draft);
    }

    pub(crate) fn report_pat(&mut self, at: PatId, draft: Draft) {
        let current = self.current;
        self.report(current, Anchor::Pat(raw(at) as u32), draft);
    }

    // --- unification with messages ---

    /// Makes `found`, the type of `at`, equal to what the context expects.
    pub(crate) fn expect(&mut self, at: ExprId, expected: &Ty, found: &Ty) -> bool {
        self.expect_at(Anchor::Expr(raw(at) as u32), expected, found)
    }

    /// As [`Check::expect`], for a pattern.
    pub(crate) fn expect_pat(&mut self, at: PatId, expected: &Ty, found: &Ty) -> bool {
        self.expect_at(Anchor::Pat(raw(at) as u32), expected, found)
    }

    fn expect_at(&mut self, at: Anchor, expected: &Ty, found: &Ty) -> bool {
        let unified = self.table.unify(expected, found);
        if let Err(clash) = &unified {
            let expected = self.table.resolve(expected);
            let found = self.table.resolve(found);
            let current = self.current;
            self.report(current, at, report::mismatch(&expected, &found, clash));
        }
        self.solve_woken();
        unified.is_ok()
    }

    /// Joins the types of two branches: what both have in common, or a mismatch at the second.
    pub(crate) fn join(&mut self, at: ExprId, first: &Ty, second: &Ty) -> Ty {
        let left = self.table.shallow(first);
        let right = self.table.shallow(second);
        match self.join_rigid(&left, &right) {
            Some(joined) => joined,
            None => {
                if matches!(left, Ty::Never) {
                    return right;
                }
                self.expect(at, &left, &right);
                left
            }
        }
    }

    /// Positions where declared parameters meet something else decide by rule; `None`: ordinary unification.
    fn join_rigid(&mut self, left: &Ty, right: &Ty) -> Option<Ty> {
        use crate::ty::Head;
        let left = self.table.shallow(left);
        let right = self.table.shallow(right);
        match (&left, &right) {
            (Ty::Con(Head::Rigid(a), _), Ty::Con(Head::Rigid(b), _)) => Some(if a == b { left } else { Ty::Dyn }),
            (Ty::Con(Head::Rigid(_), _), Ty::Con(..) | Ty::Fn(_)) => Some(left),
            (Ty::Con(..) | Ty::Fn(_), Ty::Con(Head::Rigid(_), _)) => Some(right),
            (Ty::Con(a, a_args), Ty::Con(b, b_args)) if a == b && a_args.len() == b_args.len() => {
                let has_rigid = |table: &mut Table, ty: &Ty| {
                    table.resolve(ty).any(&mut |part| matches!(part, Ty::Con(Head::Rigid(_), _)))
                };
                if !has_rigid(&mut self.table, &left) && !has_rigid(&mut self.table, &right) {
                    return None;
                }
                let args: Option<Vec<Ty>> = a_args
                    .iter()
                    .zip(b_args.iter())
                    .map(|(x, y)| match self.join_rigid(x, y) {
                        Some(joined) => Some(joined),
                        None => self.table.unify(x, y).ok().map(|()| x.clone()),
                    })
                    .collect();
                args.map(|args| Ty::Con(a.clone(), args.into()))
            }
            _ => None,
        }
    }

    // --- constraints ---

    /// Adds a constraint and tries it at once.
    pub(crate) fn require(&mut self, constraint: Constraint, at: ExprId, record: bool) {
        self.require_with(constraint, at, record, None);
    }

    pub(crate) fn require_with(&mut self, constraint: Constraint, at: ExprId, record: bool, local: Option<LocalId>) {
        let id = self.pending.len() as u32;
        self.pending.push(Pending { constraint, body: self.current, at, record, local, status: Status::Open });
        self.table.woken.push_back(id);
        self.solve_woken();
    }

    /// `ty` must implement a built-in trait.
    pub(crate) fn require_builtin(&mut self, name: &str, ty: &Ty, at: ExprId) {
        let constraint = Constraint::Trait { trait_: TraitRef::Builtin(name.into()), ty: ty.clone() };
        self.require(constraint, at, false);
    }

    // --- schemes ---

    /// Fresh types for the generic parameters of `signature`; the first ones may be given explicitly.
    pub(crate) fn fresh_generics(&mut self, signature: &Signature, explicit: &[Ty]) -> Vec<Ty> {
        (0..signature.generics.len())
            .map(|index| explicit.get(index).cloned().unwrap_or_else(|| self.table.fresh()))
            .collect()
    }

    /// Adds the constraints of a scheme for these generic arguments.
    pub(crate) fn require_scheme(&mut self, signature: &Signature, generics: &[Ty], at: ExprId) {
        let constraints: Vec<Constraint> =
            signature.constraints.iter().map(|constraint| constraint.map(&mut |ty| ty.instantiate(generics))).collect();
        self.require_all(&constraints, at);
    }

    /// Adds instantiated constraints. What fields and methods give is open until they are solved, whatever the order; and
    /// so are the operands of arithmetic that a scheme kept open because of them.
    pub(crate) fn require_all(&mut self, constraints: &[Constraint], at: ExprId) {
        for constraint in constraints {
            match constraint {
                Constraint::HasField { result, .. }
                | Constraint::HasMethod { result, .. }
                | Constraint::Index { element: result, .. } => self.table.mark_open_result(result, true),
                Constraint::Arith { left, right, .. } => {
                    self.table.mark_open_result(left, true);
                    self.table.mark_open_result(right, true);
                }
                _ => {}
            }
        }
        for constraint in constraints {
            self.require(constraint.clone(), at, false);
        }
    }

    /// The type of a local at one use.
    pub(crate) fn local_type(&mut self, local: LocalId, at: ExprId) -> Ty {
        match self.bodies[self.current].locals[raw(local)].clone() {
            LocalTy::Mono(ty) => ty,
            LocalTy::Poly(scheme) => {
                let fresh: FxHashMap<u32, Ty> = scheme.vars.iter().map(|var| (*var, self.table.fresh())).collect();
                let mut replace = |ty: &Ty| {
                    ty.map_leaves(&mut |leaf| match leaf {
                        Ty::Var(var) => fresh.get(var).cloned(),
                        _ => None,
                    })
                };
                let ty = replace(&scheme.ty);
                let constraints: Vec<Constraint> =
                    scheme.constraints.iter().map(|constraint| constraint.map(&mut replace)).collect();
                self.require_all(&constraints, at);
                ty
            }
        }
    }

    /// Generalises the type of a local function whose inference started with constraint `first`.
    pub(crate) fn generalise_local(&mut self, ty: &Ty, first: usize) -> LocalTy {
        let level = self.table.level;
        // A constraint that the environment decides keeps all its variables in the environment.
        loop {
            let mut changed = false;
            for index in first..self.pending.len() {
                if self.pending[index].status != Status::Open {
                    continue;
                }
                // What reflection looks at is one type: a local function is not told any.
                let mut outer = matches!(self.pending[index].constraint, Constraint::Reflect { .. });
                let mut parts = Vec::new();
                self.pending[index].constraint.each_type(&mut |ty, decides| parts.push((ty.clone(), decides)));
                for (part, decides) in &parts {
                    if *decides {
                        outer |= match self.table.shallow(part) {
                            Ty::Var(var) => self.table.level_of(var) <= level,
                            Ty::Con(crate::ty::Head::Rigid(_), _) => true,
                            _ => false,
                        };
                    }
                }
                if outer {
                    for (part, _) in &parts {
                        changed |= self.table.lower(part, level);
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let ty = self.table.resolve(ty);
        let mut vars = Vec::new();
        self.table.variables(&ty, &mut vars);
        vars.retain(|var| self.table.level_of(*var) > level);
        let mut constraints = Vec::new();
        for index in first..self.pending.len() {
            if self.pending[index].status != Status::Open {
                continue;
            }
            let constraint = self.pending[index].constraint.clone();
            let resolved = constraint.map(&mut |ty| self.table.resolve(ty));
            let mut own = Vec::new();
            let mut decided_inside = false;
            resolved.each_type(&mut |ty, decides| {
                let start = own.len();
                self.table.variables(ty, &mut own);
                if decides {
                    decided_inside |= own[start..].iter().any(|var| self.table.level_of(*var) > level);
                }
            });
            if !decided_inside {
                continue;
            }
            own.retain(|var| self.table.level_of(*var) > level);
            vars.extend(own);
            constraints.push(resolved);
            self.pending[index].status = Status::Parked;
        }
        vars.sort_unstable();
        vars.dedup();
        if vars.is_empty() {
            return LocalTy::Mono(ty);
        }
        LocalTy::Poly(Arc::new(LocalScheme { vars, ty, constraints }))
    }

    // --- decisions ---

    pub(crate) fn plan(&mut self, at: ExprId, plan: CallPlan) {
        self.cx().result.calls.insert(at, plan);
    }

    pub(crate) fn resolution(&mut self, at: ExprId, resolution: Resolution) {
        self.cx().result.resolutions.insert(at, resolution);
    }

    // --- written types ---

    /// The type that an annotation inside the current body means.
    pub(crate) fn annotation(&mut self, id: hir::body::TypeId) -> Ty {
        let body = self.body();
        let state = &self.bodies[self.current];
        let mut lowering = TypeLowering::new(self.doors, state.scope.clone(), ParamStyle::Rigid(state.mark.clone()));
        lowering.params = state.type_params.clone();
        lowering.self_ty = state.self_ty.clone();
        let ty = lowering.lower(&body.types[id], &mut Some(&mut self.table));
        let params = std::mem::take(&mut lowering.params);
        let problems = std::mem::take(&mut lowering.problems);
        drop(lowering);
        self.cx().type_params = params;
        let current = self.current;
        let scope = self.scope();
        for problem in problems {
            self.report(current, Anchor::Type(raw(id) as u32), problem.draft(self.doors, &scope));
        }
        ty
    }

    /// A problem about an unknown `name`, with what is known of it.
    pub(crate) fn unknown(&mut self, name: &str, wanted: Wanted, draft: Draft) -> Draft {
        let scope = self.scope();
        let state = &self.bodies[self.current];
        if state.problem.is_some() {
            // Only a note is told besides: a proposal would be sought among all names in vain.
            return suggest::consequence(self.doors, &scope, name, draft);
        }
        let locals: Vec<Name> = match wanted {
            Wanted::Value => state.visible.iter().map(|local| state.body.locals[*local].name.clone()).collect(),
            _ => Vec::new(),
        };
        suggest::explain(self.doors, &scope, name, wanted, locals.into_iter(), draft)
    }

    /// Whether following one more level of nesting is allowed; reports once when not.
    pub(crate) fn enter(&mut self, at: ExprId) -> bool {
        self.cx().depth += 1;
        if self.cx().depth > MAX_NESTING {
            self.report_expr(at, Draft::new(419, "expression is nested too deeply"));
            self.cx().depth -= 1;
            return false;
        }
        true
    }

    pub(crate) fn leave(&mut self) {
        self.cx().depth -= 1;
    }
}

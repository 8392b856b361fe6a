//! The end of a binding group: leftovers, generalisation, decisions that types left to run time.
//!
//! Input: the state after all bodies were walked. Output: for each member its [`Signature`] and [`InferenceResult`].
//!
//! Invariant: a scheme holds each pending constraint that mentions one of its variables, in the order of appearance,
//! once; variables of nobody are gone.

use base_db::{DefName, Name};
use hir::body::{BinaryOp, Expr, ExprId, Pat, PatId, UnaryOp};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Check, Status, argument::known_arguments, name::overridable_trait, operator::operator_method, raw};
use crate::{
    infer::{CallPlan, Callee, InferenceResult},
    report::{self, Draft},
    signature::{DefaultSig, ParamSig, Signature},
    ty::{Builtin, Constraint, Head, TraitRef, Ty},
    unify::Clash,
};

/// What inference of a group gives.
pub(crate) struct GroupOutcome {
    /// For each member in order.
    pub(crate) members: Vec<(DefName, Signature, InferenceResult)>,
}

impl Check<'_, '_> {
    /// Settles what is left and takes the results out. `defaults`: types of parameter defaults, by member.
    pub(crate) fn finish(mut self, defaults: &[Vec<Option<(ExprId, Ty)>>]) -> GroupOutcome {
        self.solve_woken();
        self.default_types = defaults.iter().flatten().flatten().map(|(_, ty)| ty.clone()).collect();
        self.settle_constructors(false);
        self.settle_patterns(false);
        self.settle_constructors(true);
        self.settle_patterns(true);
        self.settle_prefixes();
        self.close_group_needs();
        self.settle_leftovers();
        let mut members = Vec::with_capacity(self.bodies.len());
        for (index, defaults) in defaults.iter().enumerate() {
            self.current = index;
            self.check_defaults(defaults);
        }
        // A group may have thousands of members, so none looks at the constraints of all.
        let mut sites: Vec<Vec<usize>> = vec![Vec::new(); self.bodies.len()];
        let mut open: Vec<usize> = Vec::new();
        let mut sorted = 0;
        let mut namings = Vec::with_capacity(self.bodies.len());
        for (index, defaults) in defaults.iter().enumerate() {
            self.current = index;
            let def = self.bodies[index].def.clone();
            for (pending, item) in self.pending.iter().enumerate().skip(sorted) {
                if item.record {
                    sites[item.body].push(pending);
                }
                if item.status == Status::Open {
                    open.push(pending);
                }
            }
            sorted = self.pending.len();
            let (signature, names) = self.generalise(index, defaults, &open);
            self.decide(index, &sites[index]);
            let result = self.results(index, &names);
            namings.push(names);
            let mut signature = signature;
            signature.failed = result.problems.iter().any(|problem| problem.severity.is_failure());
            members.push((def, signature, result));
        }
        self.tell_group(&mut members, &namings);
        GroupOutcome { members }
    }

    fn settle_prefixes(&mut self) {
        for index in 0..self.bodies.len() {
            self.current = index;
            for (pat, ty) in std::mem::take(&mut self.cx().prefixes) {
                match self.table.shallow(&ty) {
                    Ty::Con(Head::Builtin(Builtin::List), args) => {
                        self.expect_pat(pat, &args[0], &Ty::string());
                        self.cx().result.list_prefixes.push(pat);
                    }
                    Ty::Var(_) => {
                        self.expect_pat(pat, &ty, &Ty::string());
                    }
                    known @ (Ty::Con(..) | Ty::Fn(_)) if !matches!(known, Ty::Con(Head::Rigid(_), _)) => {
                        self.expect_pat(pat, &known, &Ty::string());
                    }
                    _ => {}
                }
            }
        }
    }

    // --- leftovers ---

    /// Variables from which constraints are reachable that callers can still decide.
    fn reachable(&mut self) -> (FxHashSet<u32>, FxHashSet<u32>) {
        let mut by_params: Vec<u32> = Vec::new();
        let mut by_result: Vec<u32> = Vec::new();
        let members: Vec<(Vec<Ty>, Ty)> = self
            .bodies
            .iter()
            .filter_map(|state| self.members.get(&state.def))
            .map(|member| (member.params.iter().map(|param| param.1.clone()).collect(), member.result.clone()))
            .collect();
        for default in self.default_types.clone() {
            self.table.variables(&default, &mut by_params);
        }
        for (params, result) in members {
            for param in &params {
                self.table.variables(param, &mut by_params);
            }
            self.table.variables(&result, &mut by_result);
            // Parameters of returned functions are parameters too.
            let mut result = self.table.shallow(&result);
            while let Ty::Fn(function) = result {
                for param in &function.params {
                    self.table.variables(param, &mut by_params);
                }
                result = self.table.shallow(&function.result);
            }
        }
        let reached = self.close_over(by_params);
        by_result.extend(reached.iter().copied());
        (reached, self.close_over(by_result))
    }

    /// All variables of open constraints that one of `start` decides, and so on.
    fn close_over(&mut self, start: Vec<u32>) -> FxHashSet<u32> {
        let mut users: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        let mut all: Vec<Vec<u32>> = Vec::new();
        let mut queue: Vec<u32> = start;
        for index in 0..self.pending.len() {
            all.push(Vec::new());
            if self.pending[index].status != Status::Open {
                continue;
            }
            let constraint = self.pending[index].constraint.clone();
            let mut variables = Vec::new();
            let mut rigid = false;
            let by_arguments = self.is_decided_by_arguments(&constraint);
            constraint.each_type(&mut |ty, decides| {
                let start = variables.len();
                self.table.variables(ty, &mut variables);
                if decides || by_arguments {
                    for var in &variables[start..] {
                        users.entry(*var).or_default().push(index);
                    }
                    rigid |= matches!(self.table.shallow(ty), Ty::Con(Head::Rigid(_), _));
                }
            });
            if rigid {
                queue.extend(variables.iter().copied());
            }
            all[index] = variables;
        }
        let mut reached: FxHashSet<u32> = FxHashSet::default();
        while let Some(var) = queue.pop() {
            if !reached.insert(var) {
                continue;
            }
            for &index in users.get(&var).into_iter().flatten() {
                queue.extend(all[index].iter().copied());
            }
        }
        reached
    }

    /// Whether any constraint still waits.
    fn has_open(&self) -> bool {
        self.pending.iter().any(|pending| pending.status == Status::Open)
    }

    /// Constraints that no caller can decide get their last resort.
    fn settle_leftovers(&mut self) {
        for _round in 0..64 {
            if !self.has_open() {
                return;
            }
            let (by_params, by_result) = self.reachable();
            let mut progress = false;
            for index in 0..self.pending.len() {
                if self.pending[index].status != Status::Open {
                    continue;
                }
                let constraint = self.pending[index].constraint.clone();
                let mut deciding = Vec::new();
                let mut rigid = false;
                let by_arguments = self.is_decided_by_arguments(&constraint);
                constraint.each_type(&mut |ty, decides| {
                    if decides || by_arguments {
                        self.table.variables(ty, &mut deciding);
                        rigid |= matches!(self.table.shallow(ty), Ty::Con(Head::Rigid(_), _));
                    }
                });
                if rigid || deciding.iter().any(|var| by_params.contains(var)) {
                    continue;
                }
                let in_result = deciding.iter().any(|var| by_result.contains(var));
                self.current = self.pending[index].body;
                progress |= self.settle_leftover(index, &constraint, in_result);
                if progress {
                    self.solve_woken();
                }
            }
            if !progress {
                return;
            }
        }
    }

    /// Whether `constraint` is a method call whose receiver is known as far as its head: type arguments choose among
    /// implementations, and the arguments of the call among overloads.
    fn is_decided_by_arguments(&mut self, constraint: &Constraint) -> bool {
        let Constraint::HasMethod { ty, .. } = constraint else { return false };
        matches!(self.table.shallow(ty), Ty::Con(..) | Ty::Fn(_))
    }

    /// The last resort of one constraint; whether something changed.
    fn settle_leftover(&mut self, index: usize, constraint: &Constraint, in_result: bool) -> bool {
        let at = self.pending[index].at;
        match constraint {
            Constraint::Trait { trait_: TraitRef::Builtin(name), ty } if name == "Num" => {
                if in_result {
                    return false;
                }
                self.expect(at, ty, &Ty::int());
            }
            Constraint::Trait { trait_: TraitRef::Builtin(_), .. }
            | Constraint::Length { .. }
            | Constraint::Reflect { .. }
            | Constraint::Literal { .. } => {
                if in_result {
                    return false;
                }
            }
            Constraint::Trait { .. } => return false,
            Constraint::HasField { .. } => return false,
            Constraint::HasMethod { .. } if self.is_decided_by_arguments(constraint) => {
                self.last_resort = true;
                let solved = self.solve_method(index);
                self.last_resort = false;
                if solved {
                    self.pending[index].status = Status::Done;
                }
                return solved;
            }
            Constraint::HasMethod { ty, method, .. } => {
                let heads = stdlib::heads_with_method(method);
                let named = self.doors.methods_named(method);
                let head = match (heads.as_slice(), named.impls.as_slice()) {
                    ([head], []) => self.exclusive_type(head),
                    ([], [only]) => {
                        let implementation = self.doors.impl_def(only);
                        implementation.map(|implementation| {
                            let args: Vec<Ty> = implementation.params.iter().map(|_| self.table.fresh()).collect();
                            implementation.target.instantiate(&args)
                        })
                    }
                    _ => None,
                };
                match head {
                    Some(head) => {
                        self.expect(at, ty, &head);
                    }
                    None if !in_result && stdlib::builtin_methods("", method).next().is_some() => {
                        // Every type has it.
                        let head = self.table.shallow(ty);
                        self.expect(at, &head, &Ty::unit());
                    }
                    // The body that wrote the call chooses at run time; here nothing has such a value (`all([])`).
                    None if !self.pending[index].record => self.pending[index].status = Status::Done,
                    None => {
                        let body = self.pending[index].body;
                        self.unresolved_method(body, at, method);
                        let ty = self.table.shallow(ty);
                        self.expect(at, &ty, &Ty::Error);
                    }
                }
            }
            Constraint::Arith { left, right, .. } => {
                if in_result {
                    return false;
                }
                let (left, right) = (self.table.shallow(left), self.table.shallow(right));
                let _ = self.table.unify(&left, &right);
                if matches!(self.table.shallow(&left), Ty::Var(_)) {
                    self.expect(at, &left, &Ty::int());
                }
                self.solve_woken();
                return true;
            }
            Constraint::Index { container, .. } | Constraint::IndexSet { container, .. } => {
                let item = self.table.fresh();
                self.expect(at, container, &Ty::list(item));
                return true;
            }
            Constraint::Concat { ty } => {
                if in_result {
                    return false;
                }
                self.expect(at, ty, &Ty::string());
            }
            Constraint::Overload { functions, args, result } => {
                if let Some(first) = functions.first() {
                    self.settle_overload(index, first, args, result);
                }
                self.pending[index].status = Status::Done;
                return true;
            }
        }
        if let Constraint::HasMethod { .. } = constraint {
            return true;
        }
        self.pending[index].status = Status::Done;
        true
    }

    /// The type of a receiver that one head only can have.
    fn exclusive_type(&mut self, head: &str) -> Option<Ty> {
        Some(match head {
            "List" => Ty::list(self.table.fresh()),
            "Set" => Ty::set(self.table.fresh()),
            "Map" => Ty::map(self.table.fresh(), self.table.fresh()),
            "Option" => Ty::adt(library_type("Option"), vec![self.table.fresh()]),
            "Result" => Ty::adt(library_type("Result"), vec![self.table.fresh(), self.table.fresh()]),
            "Tuple" => return None,
            other => Ty::builtin(Builtin::from_name(other)?),
        })
    }

    /// A default must fit some instance of its parameter.
    fn check_defaults(&mut self, defaults: &[Option<(ExprId, Ty)>]) {
        let def = self.cx().def.clone();
        let Some(params) =
            self.members.get(&def).map(|member| member.params.iter().map(|param| param.1.clone()).collect::<Vec<_>>())
        else {
            return;
        };
        for (param, default) in params.iter().zip(defaults) {
            let Some((at, default)) = default else { continue };
            if !self.table.may_unify(param, default) {
                let (param, default) = (self.table.resolve(param), self.table.resolve(default));
                self.report_expr(*at, report::mismatch(&param, &default, &Clash::Mismatch));
            }
        }
    }

    // --- generalisation ---

    /// The scheme of a member and the names of its variables. `open`: all constraints that nobody decided.
    fn generalise(&mut self, index: usize, defaults: &[Option<(ExprId, Ty)>], open: &[usize]) -> (Signature, Naming) {
        let def = self.bodies[index].def.clone();
        let type_params = self.bodies[index].type_params.clone();
        let declared = self.bodies[index].body.type_params.len();
        let Some(member) = self.members.get(&def) else {
            return (Signature::failed(), Naming::default());
        };
        let shapes: Vec<(Option<Name>, Ty, bool, bool)> = member.params.clone();
        let result = member.result.clone();
        let declared_scheme = member.declared.clone();
        let mut naming = Naming::default();
        let mut generics = Vec::new();
        for (name, ty) in &type_params {
            if let Ty::Con(Head::Rigid(marked), _) = ty {
                naming.rigid.insert(marked.clone(), generics.len() as u32);
                generics.push(name.clone());
            }
        }
        let declared_generics = declared.min(generics.len()) as u32;
        let mut params = Vec::new();
        let mut own: Vec<u32> = Vec::new();
        for (_, ty, _, _) in &shapes {
            self.table.variables(ty, &mut own);
        }
        self.table.variables(&result, &mut own);
        naming.add_all(&own, &mut generics);
        for (name, ty, has_default, declared) in &shapes {
            let ty = self.named(ty, &mut naming, &mut generics);
            params.push((name.clone(), ty, *has_default, *declared));
        }
        let result = self.named(&result, &mut naming, &mut generics);
        // Constraints: those that a variable (or declared parameter) of the member decides, and so on.
        let reached = {
            let mut start: Vec<u32> = naming.vars.keys().copied().collect();
            start.sort_unstable();
            self.member_closure(start, open, &naming)
        };
        let mut constraints: Vec<Constraint> =
            declared_scheme.map(|scheme| scheme.constraints.clone()).unwrap_or_default();
        if constraints.is_empty() {
            // Bounds as declared.
            for (name, ty) in &type_params {
                if let Ty::Con(Head::Rigid(marked), _) = ty {
                    let _ = name;
                    for bound in self.bounds.get(marked).cloned().unwrap_or_default() {
                        let ty = self.named(ty, &mut naming, &mut generics);
                        constraints.push(Constraint::Trait { trait_: bound, ty });
                    }
                }
            }
        }
        let mut seen: FxHashSet<Constraint> = constraints.iter().cloned().collect();
        for &pending in &reached {
            let constraint = self.pending[pending].constraint.clone();
            let constraint = constraint.map(&mut |ty| self.named(ty, &mut naming, &mut generics));
            if seen.insert(constraint.clone()) {
                constraints.push(constraint);
            }
        }
        // Defaults have their own variables after all others.
        let mut extra = generics.clone();
        let params: Vec<ParamSig> = params
            .into_iter()
            .enumerate()
            .map(|(position, (name, ty, has_default, declared))| {
                let default = match defaults.get(position) {
                    Some(Some((_, default))) => {
                        Some(self.default_signature(default, &naming, open, &reached, &mut extra))
                    }
                    _ => has_default.then(DefaultSig::unknown),
                };
                ParamSig { name, ty, default, declared }
            })
            .collect();
        let annotated = params.iter().all(|param| param.declared)
            && self.bodies[index].body.clauses.iter().any(|c| c.result.is_some());
        let signature = Signature {
            generics,
            declared_generics,
            params,
            result,
            constraints,
            literal: None,
            annotated,
            failed: false,
        };
        (signature, naming)
    }

    /// The scheme of a default. `taken`: constraints that the parameters and the result decide already.
    fn default_signature(
        &mut self,
        ty: &Ty,
        naming: &Naming,
        open: &[usize],
        taken: &[usize],
        generics: &mut Vec<Name>,
    ) -> DefaultSig {
        let mut naming = naming.clone();
        let mut own = Vec::new();
        self.table.variables(ty, &mut own);
        own.retain(|var| !naming.vars.contains_key(var));
        let reached = self.member_closure(own, open, &Naming::default());
        let ty = self.named(ty, &mut naming, generics);
        let mut constraints = Vec::new();
        for index in reached.into_iter().filter(|index| taken.binary_search(index).is_err()) {
            let constraint = self.pending[index].constraint.clone();
            let constraint = constraint.map(&mut |ty| self.named(ty, &mut naming, generics));
            if !constraints.contains(&constraint) {
                constraints.push(constraint);
            }
        }
        DefaultSig { ty, constraints }
    }

    /// Those of the `open` constraints that belong to the scheme that `start` begins, in order.
    fn member_closure(&mut self, start: Vec<u32>, open: &[usize], naming: &Naming) -> Vec<usize> {
        let open: Vec<usize> = open.iter().copied().filter(|&at| self.pending[at].status == Status::Open).collect();
        if open.is_empty() {
            return Vec::new();
        }
        let mut users: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        let mut variables: Vec<Vec<u32>> = Vec::with_capacity(open.len());
        let mut chosen = vec![false; open.len()];
        let mut queue: Vec<u32> = start;
        for (index, &pending) in open.iter().enumerate() {
            let constraint = self.pending[pending].constraint.clone();
            let mut own = Vec::new();
            let mut rigid = false;
            constraint.each_type(&mut |ty, decides| {
                let from = own.len();
                self.table.variables(ty, &mut own);
                if decides {
                    for var in &own[from..] {
                        users.entry(*var).or_default().push(index);
                    }
                    rigid |= matches!(self.table.shallow(ty), Ty::Con(Head::Rigid(name), _) if naming.rigid.contains_key(&name));
                }
            });
            if rigid {
                chosen[index] = true;
                queue.extend(own.iter().copied());
            }
            variables.push(own);
        }
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        while let Some(var) = queue.pop() {
            if !seen.insert(var) {
                continue;
            }
            for &index in users.get(&var).into_iter().flatten() {
                if !chosen[index] {
                    chosen[index] = true;
                    queue.extend(variables[index].iter().copied());
                }
            }
        }
        open.into_iter().zip(chosen).filter_map(|(pending, chosen)| chosen.then_some(pending)).collect()
    }

    /// `ty` with variables and declared parameters replaced by generic parameters; new variables get new ones.
    fn named(&mut self, ty: &Ty, naming: &mut Naming, generics: &mut Vec<Name>) -> Ty {
        let ty = self.table.resolve(ty);
        ty.map_leaves(&mut |leaf| match leaf {
            Ty::Var(var) => Some(Ty::Param(naming.index(*var, generics))),
            Ty::Con(Head::Rigid(name), _) => Some(match naming.rigid.get(name) {
                Some(index) => Ty::Param(*index),
                None => {
                    // A parameter of another member of the group.
                    let index = generics.len() as u32;
                    generics.push(Name::from(format!("'{index}")));
                    naming.rigid.insert(name.clone(), index);
                    Ty::Param(index)
                }
            }),
            _ => None,
        })
    }

    // --- decisions ---

    /// Decides at run time what types left open, and operators by the types of their operands.
    fn decide(&mut self, index: usize, sites: &[usize]) {
        self.current = index;
        for &pending in sites {
            let item = &self.pending[pending];
            if item.status == Status::Done {
                continue;
            }
            let (at, local, constraint) = (item.at, item.local, item.constraint.clone());
            match constraint {
                Constraint::HasMethod { method, args, scope, .. } => {
                    let plan = self.method_site(&method, &known_arguments(&args), &scope, local);
                    self.plan(at, plan);
                }
                Constraint::Overload { functions, args, .. } => {
                    let is_call =
                        matches!(self.bodies[index].body.exprs[at], Expr::Call { .. } | Expr::MethodCall { .. });
                    self.plan_overloads(at, &functions, &args, is_call);
                }
                _ => {}
            }
        }
        self.decide_operators(index);
        self.decide_shows(index);
        self.check_matches(index);
        self.check_races();
    }

    fn decide_operators(&mut self, index: usize) {
        let body = self.body();
        for (at, expr) in body.exprs.iter() {
            match expr {
                Expr::Binary { op, left, right } => {
                    if operator_method(*op).is_none() {
                        continue;
                    }
                    let ty = self.bodies[index].expr_types[raw(*left)].clone();
                    let mut ty = self.table.shallow(&ty);
                    if ty.is(Builtin::Int)
                        && matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div)
                    {
                        // A literal adapts to the other side.
                        let other = self.bodies[index].expr_types[raw(*right)].clone();
                        ty = self.table.shallow(&other);
                    }
                    if let Some((trait_name, method)) = operator_method(*op) {
                        self.plan_operator_method(at, trait_name, method, &ty, 2);
                    }
                }
                Expr::Call { callee, args, .. } if args.len() == 1 => {
                    // `show(x)`, `hash(x)`, `copy(x)` use an implementation of the type of `x` itself.
                    let Some(CallPlan { callee: Callee::Native(name), .. }) = self.bodies[index].result.calls.get(&at)
                    else {
                        continue;
                    };
                    let Some(trait_name) = overridable_trait(name) else { continue };
                    let method = name.clone();
                    let ty = self.bodies[index].expr_types[raw(args[0].value)].clone();
                    let native = Callee::Native(method.clone());
                    self.plan_operator_method(at, trait_name, &method, &ty, 1);
                    if let Some(CallPlan { callee: Callee::Site(site), args }) = self.cx().result.calls.get_mut(&at) {
                        let args = args.clone();
                        site.candidates.push(crate::infer::SiteCandidate { heads: Vec::new(), callee: native, args });
                    }
                    let _ = callee;
                }
                Expr::Unary { op: UnaryOp::Neg, .. } => {}
                _ => {}
            }
        }
    }

    fn decide_shows(&mut self, index: usize) {
        for (part, ty) in std::mem::take(&mut self.bodies[index].shows) {
            self.current = index;
            let saved = self.cx().result.calls.remove(&part);
            self.plan_operator_method(part, "Show", "show", &ty, 1);
            let planned = self.cx().result.calls.remove(&part);
            if let Some(saved) = saved {
                self.cx().result.calls.insert(part, saved);
            }
            if let Some(plan) = planned {
                self.cx().result.shows.insert(part, plan.callee);
            }
        }
    }

    // --- exhaustiveness ---

    fn check_matches(&mut self, index: usize) {
        let body = self.body();
        for (at, ty) in std::mem::take(&mut self.bodies[index].matches) {
            let Expr::Match { arms, .. } = &body.exprs[at] else { continue };
            let names: Vec<Name> = match self.table.shallow(&ty) {
                Ty::Con(Head::Builtin(Builtin::Bool), _) => vec!["true".into(), "false".into()],
                Ty::Con(Head::Adt(def), _) => match self.doors.type_def(&def) {
                    Some(definition) => definition.constructors.iter().map(|ctor| ctor.name.clone()).collect(),
                    None => continue,
                },
                _ => continue,
            };
            // Constructors count by their place in the type: a pattern may use another name for an imported one.
            let mut covered: FxHashSet<usize> = FxHashSet::default();
            let mut all = false;
            for arm in arms {
                self.cover(index, arm.pat, &mut covered, &mut all);
            }
            if all || names.is_empty() {
                continue;
            }
            let missing: Vec<&Name> =
                names.iter().enumerate().filter(|(place, _)| !covered.contains(place)).map(|(_, name)| name).collect();
            if missing.is_empty() {
                continue;
            }
            let list = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let draft = Draft::new(411, format!("non-exhaustive patterns: {list} not covered"))
                .help("add the missing arms, or an arm `_ -> …`");
            let state = &mut self.bodies[index];
            let problem =
                draft.at(state.module.clone(), Some(state.def.clone()), hir::problem::Anchor::Expr(raw(at) as u32));
            state.more.push(problem);
        }
    }

    fn cover(&self, index: usize, pat: PatId, covered: &mut FxHashSet<usize>, all: &mut bool) {
        let state = &self.bodies[index];
        match &state.body.pats[pat] {
            Pat::Wild | Pat::Bind(_) | Pat::Assign(_) | Pat::Missing | Pat::Record(_) => *all = true,
            Pat::Constructor { .. } => match state.result.constructors.get(&pat) {
                Some(constructor) => {
                    covered.insert(constructor.index as usize);
                }
                // What means nothing is reported already.
                None => *all |= !state.result.pinned.contains_key(&pat),
            },
            Pat::Literal(hir::body::Literal::Bool(value)) => {
                covered.insert(usize::from(!*value));
            }
            Pat::Or(parts) => parts.iter().for_each(|&part| self.cover(index, part, covered, all)),
            _ => {}
        }
    }

    // --- results ---

    fn results(&mut self, index: usize, naming: &Naming) -> InferenceResult {
        let types = std::mem::take(&mut self.bodies[index].expr_types);
        let locals = std::mem::take(&mut self.bodies[index].locals);
        let mut result = std::mem::take(&mut self.bodies[index].result);
        result.expr_types = types.into_iter().map(|ty| self.finished(ty, naming)).collect();
        result.told = std::mem::take(&mut result.told)
            .into_iter()
            .map(|(at, told)| (at, told.into_iter().map(|ty| self.finished(ty, naming)).collect()))
            .collect();
        let locals = locals.into_iter().map(|local| match local {
            super::LocalTy::Mono(ty) => self.finished(ty, naming),
            super::LocalTy::Poly(scheme) => self.finished(scheme.ty.clone(), naming),
        });
        result.local_types = locals.collect();
        let state = &mut self.bodies[index];
        let mut problems: Vec<_> = state
            .body
            .problems
            .iter()
            .map(|problem| {
                let mut problem = problem.clone();
                problem.place.module = state.module.clone();
                problem.place.def = Some(state.def.clone());
                problem
            })
            .collect();
        problems.extend(state.problem.take());
        problems.append(&mut state.more);
        result.problems = problems;
        result
    }

    /// A type for code generation: no variables.
    pub(super) fn finished(&mut self, ty: Ty, naming: &Naming) -> Ty {
        let is_open = |part: &Ty| matches!(part, Ty::Var(_) | Ty::Con(Head::Rigid(_), _));
        // Most are known to the end, and stay as they are.
        if !ty.any(&mut { is_open }) {
            return ty;
        }
        let ty = self.table.resolve(&ty);
        if !ty.any(&mut { is_open }) {
            return ty;
        }
        ty.map_leaves(&mut |leaf| match leaf {
            Ty::Var(var) => Some(naming.vars.get(var).map_or(Ty::Dyn, |index| Ty::Param(*index))),
            Ty::Con(Head::Rigid(name), _) => Some(naming.rigid.get(name).map_or(Ty::Dyn, |index| Ty::Param(*index))),
            _ => None,
        })
    }
}

fn library_type(name: &str) -> DefName {
    DefName::new("stdlib.list".into(), base_db::DefKind::Type, name.into(), Name::default())
}

/// Which generic parameter a variable or declared parameter became.
#[derive(Clone, Default)]
pub(super) struct Naming {
    vars: FxHashMap<u32, u32>,
    rigid: FxHashMap<Name, u32>,
}

impl Naming {
    /// What became the generic parameter `index`, as it is known inside the group.
    pub(super) fn argument(&self, index: u32) -> Ty {
        let var = self.vars.iter().find(|(_, place)| **place == index).map(|(var, _)| Ty::Var(*var));
        let rigid = || self.rigid.iter().find(|(_, place)| **place == index).map(|(name, _)| Ty::rigid(name.clone()));
        var.or_else(rigid).unwrap_or(Ty::Dyn)
    }

    fn add_all(&mut self, vars: &[u32], generics: &mut Vec<Name>) {
        for var in vars {
            self.index(*var, generics);
        }
    }

    fn index(&mut self, var: u32, generics: &mut Vec<Name>) -> u32 {
        *self.vars.entry(var).or_insert_with(|| {
            let index = generics.len() as u32;
            generics.push(Name::from(format!("'{index}")));
            index
        })
    }
}

impl Signature {
    /// The signature of something that cannot be read.
    pub(crate) fn failed() -> Signature {
        Signature {
            generics: Vec::new(),
            declared_generics: 0,
            params: Vec::new(),
            result: Ty::Error,
            constraints: Vec::new(),
            literal: None,
            annotated: false,
            failed: true,
        }
    }
}

//! Binding groups: functions and values that must be inferred together, and their inference.
//!
//! Input: the definitions of one unit and what their bodies mention. Output: for each definition its group, and for
//! each group the types of its members. Mentions are taken generously: a name or method that could mean a definition of
//! the unit counts. Completely annotated definitions without type variables are never waited for.
//!
//! Invariant: which member is asked first makes no difference.

use std::sync::Arc;

use base_db::{DefId, DefKind, DefName, File, ModuleId, Name};
use hir::{
    ScopedName,
    body::{Body, Expr, ExprId, Pat},
    item_tree::FunctionItem,
    type_ref::TypeRef,
};
use rustc_hash::FxHashMap;

use crate::{
    TyDb,
    check::{BodyState, Check, LocalTy, Member},
    doors::{Doors, Trace},
    infer::InferenceResult,
    lower::{ParamStyle, TypeLowering},
    report::Draft,
    signature::Signature,
    ty::{Head, TraitRef, Ty},
};

/// Stack that must be left before a body is walked, in bytes; otherwise a new piece of [`STACK_STEP`] is taken.
const STACK_LEFT: usize = 1 << 20;
const STACK_STEP: usize = 16 << 20;

/// Definitions that are inferred together, sorted.
#[salsa::interned(debug, revisions = usize::MAX)]
pub struct Group<'db> {
    /// The members.
    #[returns(ref)]
    pub members: Vec<DefName>,
}

/// Result of inferring a [`Group`].
#[derive(Debug, PartialEq, Eq)]
pub struct GroupInference {
    /// For each member in order: its signature and the types of its body.
    pub members: Vec<(DefName, Signature, Arc<InferenceResult>)>,
    /// All questions that were asked.
    pub trace: Trace,
}

impl GroupInference {
    /// The result of one member.
    pub fn member(&self, def: &DefName) -> Option<(&Signature, &Arc<InferenceResult>)> {
        let index = self.members.binary_search_by(|(name, _, _)| name.cmp(def)).ok()?;
        let (_, signature, result) = &self.members[index];
        Some((signature, result))
    }
}

/// Global names and method names that a body mentions, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Mentions {
    names: Vec<Name>,
    /// Last segments of qualified names, methods.
    members: Vec<Name>,
}

impl Mentions {
    /// Whether the global name `name` is mentioned.
    pub(crate) fn names(&self, name: &Name) -> bool {
        self.names.binary_search(name).is_ok()
    }
}

/// What the body of `def` mentions. An edit that mentions the same names stops here.
#[salsa::tracked]
pub(crate) fn mentions<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Arc<Mentions> {
    let body = hir::query::body(db, def);
    let mut names = Vec::new();
    let mut members = Vec::new();
    for (_, expr) in body.exprs.iter() {
        match expr {
            Expr::Name(name) => names.push(name.clone()),
            Expr::MethodCall { name, .. } | Expr::Field { name, .. } => members.push(name.clone()),
            _ => {}
        }
    }
    for (_, pat) in body.pats.iter() {
        if let Pat::EqualName(name) = pat {
            names.push(name.clone());
        }
    }
    for list in [&mut names, &mut members] {
        list.sort_unstable();
        list.dedup();
    }
    Arc::new(Mentions { names, members })
}

/// Whether the definition's signature can be read without its body.
pub fn is_declared<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> bool {
    match def.name(db).kind() {
        DefKind::Function | DefKind::Method | DefKind::DefaultMethod => {
            hir::function_item(db, def).is_some_and(|item| {
                let library = || hir::file_of_def(db, def).is_some_and(|file| file.library(db));
                complete(item) && (is_closed(item) || library())
            })
        }
        DefKind::Const => true,
        DefKind::Mvar => true,
        DefKind::Value => hir::value_item(db, def).is_some_and(|item| item.ty.as_ref().is_some_and(is_closed_type)),
        _ => false,
    }
}

fn complete(item: &FunctionItem) -> bool {
    item.result.is_some() && item.params.iter().all(|param| param.ty.is_some())
}

/// No type variables: nothing that the body does adds to the scheme.
fn is_closed(item: &FunctionItem) -> bool {
    item.type_params.is_empty()
        && item.params.iter().all(|param| !param.has_default && param.ty.as_ref().is_some_and(is_closed_type))
        && item.result.as_ref().is_some_and(is_closed_type)
}

/// Whether a written type mentions no variable and no bare generic name (which may hide one).
fn is_closed_type(ty: &TypeRef) -> bool {
    match ty {
        TypeRef::Named { path, args } => {
            let variable = path.len() == 1 || path.starts_with(|c: char| c.is_ascii_lowercase());
            let bare = args.is_empty()
                && matches!(path.as_str(), "List" | "Array" | "Set" | "Map" | "Option" | "Result" | "IO");
            !variable && !bare && args.iter().all(is_closed_type)
        }
        TypeRef::List(item) => is_closed_type(item),
        TypeRef::Tuple(items) => items.iter().all(is_closed_type),
        TypeRef::Function { params, result } => params.iter().all(is_closed_type) && is_closed_type(result),
        TypeRef::Unit => true,
        TypeRef::Record(_) | TypeRef::Error => false,
    }
}

/// All groups of a unit and how they depend on each other.
#[derive(Debug, PartialEq, Eq, salsa::SalsaValue)]
struct UnitCalls<'db> {
    groups: Arc<UnitGroups<'db>>,
    /// Each group after those that it waits for.
    order: Vec<Group<'db>>,
}

/// All groups of a unit.
#[derive(Debug, PartialEq, Eq, salsa::SalsaValue)]
struct UnitGroups<'db> {
    /// All members, sorted.
    members: Vec<DefName>,
    /// For each of them its group.
    groups: Vec<Group<'db>>,
}

/// The groups of the unit that starts with `file` (its first file by path). A call that is added or removed stops here
/// unless it changes a group.
#[salsa::tracked]
fn unit_groups<'db>(db: &'db dyn TyDb, file: File) -> Arc<UnitGroups<'db>> {
    Arc::clone(&unit_calls(db, file).groups)
}

/// The groups of the unit of `file`, each after those that it waits for. Who infers all of them in this order never has
/// one wait for another, however long the chains of definitions are.
pub fn groups_in_order<'db>(db: &'db dyn TyDb, file: File) -> &'db [Group<'db>] {
    &unit_calls(db, first_of_unit(db, file)).order
}

fn first_of_unit(db: &dyn TyDb, file: File) -> File {
    hir::unit_files(db, file).first().copied().unwrap_or(file)
}

#[salsa::tracked]
fn unit_calls<'db>(db: &'db dyn TyDb, file: File) -> UnitCalls<'db> {
    let mut nodes: Vec<DefName> = Vec::new();
    for &file in hir::unit_files(db, file) {
        for module in &hir::query::item_tree(db, file).modules {
            let functions = module.functions.iter().map(|item| &item.def);
            let values = module.values.iter().map(|item| &item.def);
            let impls = module.impls.iter().flat_map(|item| item.methods.iter().map(|method| &method.def));
            let traits = module
                .traits
                .iter()
                .flat_map(|item| item.methods.iter().filter(|method| method.has_body).map(|method| &method.def));
            nodes.extend(functions.chain(values).chain(impls).chain(traits).cloned());
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    let index: FxHashMap<&DefName, u32> = nodes.iter().enumerate().map(|(n, def)| (def, n as u32)).collect();
    let mut by_name: FxHashMap<&Name, Vec<u32>> = FxHashMap::default();
    for (n, def) in nodes.iter().enumerate() {
        by_name.entry(def.name()).or_default().push(n as u32);
    }
    let ids: Vec<DefId<'_>> = nodes.iter().map(|def| DefId::new(db, def.clone())).collect();
    let waits: Vec<bool> = ids.iter().map(|&id| !is_declared(db, id)).collect();
    let mut edges: Vec<Vec<u32>> = Vec::with_capacity(nodes.len());
    let mut scope: Option<(&Name, ModuleId<'_>)> = None;
    for (def, &id) in nodes.iter().zip(&ids) {
        let mentions = mentions(db, id);
        let mut targets: Vec<u32> = Vec::new();
        // Definitions of one module stand together.
        let module = match scope {
            Some((path, module)) if path == def.module() => module,
            _ => ModuleId::new(db, def.module().clone()),
        };
        scope = Some((def.module(), module));
        for name in &mentions.names {
            let resolved = &ScopedName::new(db, module, name.clone()).resolved(db).value;
            targets.extend(resolved.functions.iter().chain(&resolved.value).filter_map(|def| index.get(def)));
        }
        for name in &mentions.members {
            targets.extend(by_name.get(name).into_iter().flatten());
        }
        targets.retain(|&target| waits[target as usize]);
        targets.sort_unstable();
        targets.dedup();
        edges.push(targets);
    }
    let mut order = Vec::with_capacity(nodes.len());
    // By node, so that definitions are compared no more.
    let mut group_of: Vec<(u32, Group<'_>)> = Vec::with_capacity(nodes.len());
    for mut component in hir::components(&edges) {
        component.sort_unstable();
        let members: Vec<DefName> = component.iter().map(|&n| nodes[n as usize].clone()).collect();
        let group = Group::new(db, members);
        group_of.extend(component.into_iter().map(|member| (member, group)));
        order.push(group);
    }
    group_of.sort_unstable_by_key(|(node, _)| *node);
    let groups = group_of.into_iter().map(|(_, group)| group).collect();
    UnitCalls { groups: Arc::new(UnitGroups { members: nodes, groups }), order }
}

/// The group of `def`. Definitions that nothing waits for are groups of their own.
#[salsa::tracked(returns(copy))]
pub fn binding_group<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Group<'db> {
    let name = def.name(db);
    let alone = || Group::new(db, vec![name.clone()]);
    if matches!(name.kind(), DefKind::Mvar | DefKind::Const | DefKind::Test | DefKind::Template) {
        return alone();
    }
    let Some(file) = hir::file_of_def(db, def) else { return alone() };
    let groups = unit_groups(db, first_of_unit(db, file));
    match groups.members.binary_search(name) {
        Ok(found) => groups.groups[found],
        Err(_) => alone(),
    }
}

/// Types of all members of a group.
///
/// Groups that still wait for each other in a ring (through impl methods whose result nobody declared) all get unknown
/// types, whichever is asked first. How many live is bounded as for [`hir::query::body`].
#[salsa::tracked(cycle_result = cyclic_group, lru = 32768)]
pub fn infer_group<'db>(db: &'db dyn TyDb, group: Group<'db>) -> Arc<GroupInference> {
    let _span = tracing::debug_span!("infer_group", members = ?group.members(db)).entered();
    // A chain of definitions that wait for each other is as long as the program makes it.
    stacker::maybe_grow(STACK_LEFT, STACK_STEP, || {
        let doors = Doors::new(db);
        let members = infer_members(&doors, group.members(db));
        Arc::new(GroupInference { members, trace: doors.into_trace() })
    })
}

/// See [`crate::keep_everything`].
pub(crate) fn keep_everything(db: &mut dyn TyDb) {
    infer_group::set_lru_capacity(db, 0);
}

fn cyclic_group<'db>(db: &'db dyn TyDb, _id: salsa::Id, group: Group<'db>) -> Arc<GroupInference> {
    let members = group
        .members(db)
        .iter()
        .map(|def| {
            let mut result = InferenceResult::default();
            result.problems.push(
                Draft::new(404, format!("the type of `{}` depends on itself", def.name()))
                    .help("declare its result type")
                    .at(def.module().clone(), Some(def.clone()), hir::problem::Anchor::Name),
            );
            (def.clone(), Signature::failed(), Arc::new(result))
        })
        .collect();
    Arc::new(GroupInference { members, trace: Trace::new() })
}

fn infer_members(doors: &Doors<'_>, members: &[DefName]) -> Vec<(DefName, Signature, Arc<InferenceResult>)> {
    let db = doors.db;
    let mut check = Check::new(doors);
    // Everything of the group is generalised at its end.
    check.table.level = 1;
    for (index, def) in members.iter().enumerate() {
        base_db::Counters::bump(&db.counters().bodies_inferred);
        let id = DefId::new(db, def.clone());
        let body = Arc::clone(hir::query::body(db, id));
        if body.expanded {
            doors.templates(hir::expansion_questions(db, id));
        }
        let mut state = BodyState::new(def.clone(), def.module().clone(), body);
        if index > 0 {
            state.mark = index.to_string();
        }
        check.bodies.push(state);
    }
    for index in 0..members.len() {
        declare(&mut check, index);
    }
    let mut defaults = Vec::with_capacity(members.len());
    for index in 0..members.len() {
        check.current = index;
        defaults.push(check.infer_body());
    }
    let outcome = check.finish(&defaults);
    outcome.members.into_iter().map(|(def, signature, result)| (def, signature, Arc::new(result))).collect()
}

/// Declares a member: parameter and result types as written, fresh variables for the rest.
fn declare(check: &mut Check<'_, '_>, index: usize) {
    check.current = index;
    let db = check.doors.db;
    let def = check.bodies[index].def.clone();
    let id = DefId::new(db, def.clone());
    let body = check.body();
    let context = method_context(check, &def);
    {
        let state = check.cx();
        state.self_ty = context.self_ty.clone();
        state.type_params = context.params.clone();
    }
    for (marked, trait_) in context.bounds {
        check.bounds.entry(marked).or_default().push(trait_);
    }
    // Type parameters with their bounds.
    let scope = check.scope();
    for param in &body.type_params {
        let mark = check.bodies[index].mark.clone();
        let marked = if mark.is_empty() { param.name.clone() } else { Name::from(format!("{}'{mark}", param.name)) };
        check.cx().type_params.push((param.name.clone(), Ty::rigid(marked.clone())));
        for bound in &param.bounds {
            match bound_trait(check.doors, &scope, bound) {
                Some(trait_) => check.bounds.entry(marked.clone()).or_default().push(trait_),
                None => {
                    let draft = Draft::new(412, format!("unknown trait `{bound}`"))
                        .note(format!("no type implements {bound}"))
                        .note(format!("does not implement {bound}"));
                    let draft = check.unknown(bound, hir::Wanted::Trait, draft);
                    check.report(index, hir::problem::Anchor::Name, draft);
                }
            }
        }
    }
    let arity = body.clauses.first().map_or(0, |clause| clause.params.len());
    let is_value = matches!(def.kind(), DefKind::Value | DefKind::Mvar | DefKind::Const | DefKind::Test);
    let item = hir::function_item(db, id).cloned();
    let mut params = Vec::new();
    let mut all_declared = true;
    for position in 0..arity {
        let mut ty: Option<Ty> = None;
        let mut has_default = false;
        for clause in &body.clauses {
            let Some(param) = clause.params.get(position) else { continue };
            has_default |= param.default.is_some();
            if let Some(written) = param.ty {
                let lowered = check.annotation(written);
                ty.get_or_insert(lowered);
            }
        }
        let declared = ty.is_some();
        // What an impl does not say, its trait does.
        let inherited = context.trait_params.get(position).cloned();
        let ty = match (ty, inherited) {
            (Some(ty), _) => ty,
            (None, Some(ty)) => ty,
            (None, None) => {
                all_declared = false;
                check.table.fresh()
            }
        };
        let name = item.as_ref().and_then(|item| item.params.get(position)).and_then(|param| param.name.clone());
        let name = name.or_else(|| {
            body.clauses.first().and_then(|clause| match &body.pats[clause.params[position].pat] {
                Pat::Bind(local) => Some(body.locals[*local].name.clone()),
                _ => None,
            })
        });
        let has_default = has_default || context.trait_defaults.get(position).copied().unwrap_or_default();
        params.push((name, ty, has_default, declared));
    }
    let mut result: Option<Ty> = None;
    for clause in &body.clauses {
        if let Some(written) = clause.result {
            let lowered = check.annotation(written);
            result.get_or_insert(lowered);
        }
    }
    let result = match (result, context.trait_result) {
        (Some(ty), _) | (None, Some(ty)) => ty,
        (None, None) => {
            all_declared = false;
            check.table.fresh()
        }
    };
    let generic = params
        .iter()
        .map(|param| &param.1)
        .chain([&result])
        .any(|ty| ty.any(&mut |part| matches!(part, Ty::Con(Head::Rigid(_), _))));
    // Polymorphic recursion: a completely annotated generic function is used at its declared scheme.
    let declared = (all_declared && generic && !is_value && def.kind() == DefKind::Function)
        .then(|| Arc::new(declared_scheme(check, index, &params, &result)));
    check.members.insert(def, Member { params, result, is_value, declared });
}

/// The scheme as annotated, bounds included.
fn declared_scheme(
    check: &Check<'_, '_>,
    index: usize,
    params: &[(Option<Name>, Ty, bool, bool)],
    result: &Ty,
) -> Signature {
    let state = &check.bodies[index];
    let names: Vec<(Name, Name)> = state
        .type_params
        .iter()
        .filter_map(|(name, ty)| match ty {
            Ty::Con(Head::Rigid(marked), _) => Some((name.clone(), marked.clone())),
            _ => None,
        })
        .collect();
    let close = |ty: &Ty| {
        ty.map_leaves(&mut |leaf| match leaf {
            Ty::Con(Head::Rigid(marked), _) => {
                names.iter().position(|(_, other)| other == marked).map(|index| Ty::Param(index as u32))
            }
            _ => None,
        })
    };
    let mut constraints = Vec::new();
    for (index, (_, marked)) in names.iter().enumerate() {
        for trait_ in check.bounds.get(marked).into_iter().flatten() {
            constraints.push(crate::ty::Constraint::Trait { trait_: trait_.clone(), ty: Ty::Param(index as u32) });
        }
    }
    Signature {
        generics: names.iter().map(|(name, _)| name.clone()).collect(),
        declared_generics: state.body.type_params.len() as u32,
        params: params
            .iter()
            .map(|(name, ty, has_default, declared)| crate::signature::ParamSig {
                name: name.clone(),
                ty: close(ty),
                default: has_default.then(crate::signature::DefaultSig::unknown),
                declared: *declared,
            })
            .collect(),
        result: close(result),
        constraints,
        literal: None,
        annotated: true,
        failed: false,
    }
}

/// The trait that a bound names.
pub(crate) fn bound_trait(doors: &Doors<'_>, scope: &Name, name: &Name) -> Option<TraitRef> {
    let resolved = doors.resolve(scope, name);
    if crate::ty::BUILTIN_TRAITS.contains(&name.as_str()) {
        return Some(TraitRef::Builtin(name.clone()));
    }
    resolved.trait_.clone().map(TraitRef::Def)
}

/// What surrounds the body of a method.
#[derive(Default)]
struct MethodContext {
    self_ty: Option<Ty>,
    params: Vec<(Name, Ty)>,
    bounds: Vec<(Name, TraitRef)>,
    trait_params: Vec<Ty>,
    trait_defaults: Vec<bool>,
    trait_result: Option<Ty>,
}

fn method_context(check: &mut Check<'_, '_>, def: &DefName) -> MethodContext {
    let mark = check.bodies[check.current].mark.clone();
    let marked = |name: &str| if mark.is_empty() { Name::from(name) } else { Name::from(format!("{name}'{mark}")) };
    match def.kind() {
        DefKind::DefaultMethod => {
            let owner = DefName::new(def.module().clone(), DefKind::Trait, def.owner().clone(), Name::default());
            let mut context = MethodContext::default();
            let self_ty = Ty::rigid(marked("Self"));
            context.self_ty = Some(self_ty.clone());
            context.params.push(("Self".into(), self_ty.clone()));
            context.bounds.push((marked("Self"), crate::check::trait_ref(&owner)));
            if let Some(definition) = check.doors.trait_def(&owner)
                && let Some(method) = definition.methods.iter().find(|method| method.name == *def.name())
            {
                take_trait_types(check, &mut context, &method.signature, method.result_declared, &self_ty);
            } else {
                context.trait_params.push(self_ty);
            }
            context
        }
        DefKind::Method => {
            let owner = DefName::new(def.module().clone(), DefKind::Impl, def.owner().clone(), Name::default());
            let mut context = MethodContext::default();
            let Some(implementation) = check.doors.impl_def(&owner) else { return context };
            let args: Vec<Ty> = implementation.params.iter().map(|name| Ty::rigid(marked(name))).collect();
            for (name, ty) in implementation.params.iter().zip(&args) {
                context.params.push((name.clone(), ty.clone()));
            }
            for condition in &implementation.conditions {
                if let crate::ty::Constraint::Trait { trait_, ty: Ty::Param(index) } = condition
                    && let Some(name) = implementation.params.get(*index as usize)
                {
                    context.bounds.push((marked(name), trait_.clone()));
                }
            }
            let self_ty = implementation.target.instantiate(&args);
            context.self_ty = Some(self_ty.clone());
            let trait_def = check.trait_definition(&implementation.trait_);
            let arity = def.arity();
            let found = trait_def.and_then(|trait_def| check.doors.trait_def(&trait_def)).and_then(|definition| {
                definition
                    .methods
                    .iter()
                    .find(|method| method.name == *def.name() && method.signature.params.len() == arity)
                    .cloned()
            });
            match found {
                Some(method) => {
                    take_trait_types(check, &mut context, &method.signature, method.result_declared, &self_ty);
                }
                None => context.trait_params.push(self_ty),
            }
            context
        }
        _ => MethodContext::default(),
    }
}

fn take_trait_types(
    check: &mut Check<'_, '_>,
    context: &mut MethodContext,
    signature: &Signature,
    result_declared: bool,
    self_ty: &Ty,
) {
    let generics = check.fresh_generics(signature, std::slice::from_ref(self_ty));
    context.trait_params = signature.params.iter().map(|param| param.ty.instantiate(&generics)).collect();
    context.trait_defaults = signature.params.iter().map(|param| param.default.is_some()).collect();
    if result_declared {
        context.trait_result = Some(signature.result.instantiate(&generics));
    }
}

impl Check<'_, '_> {
    /// Walks the current body; returns the types of parameter defaults.
    pub(crate) fn infer_body(&mut self) -> Vec<Option<(ExprId, Ty)>> {
        let def = self.cx().def.clone();
        let body = self.body();
        let Some(member) = self.members.get(&def) else { return Vec::new() };
        let params: Vec<(Ty, bool)> = member.params.iter().map(|param| (param.1.clone(), param.3)).collect();
        let result = member.result.clone();
        let is_value = member.is_value;
        let mut defaults: Vec<Option<(ExprId, Ty)>> = vec![None; params.len()];
        let types: Vec<Ty> = self.clause_types(&body, &params);
        for clause in &body.clauses {
            for (position, param) in clause.params.iter().enumerate() {
                let Some(default) = param.default else { continue };
                // A default does not constrain the parameter, and sees the parameters before it.
                let ty = self.infer_default(&clause.params[..position], &types, default, &params[position].0);
                defaults[position].get_or_insert((default, ty));
            }
            for (param, ty) in clause.params.iter().zip(&types) {
                self.infer_pat(param.pat, ty);
            }
            if let Some(guard) = clause.guard {
                self.check_expr(guard, &Ty::bool());
            }
            if is_value {
                self.infer_value(clause.value, &result);
            } else {
                self.infer_clause(clause.value, &result);
            }
            self.cx().leave_clause();
        }
        defaults
    }

    /// Types that the parameters of all clauses have together; where tuples differ in shape, the dynamic type.
    fn clause_types(&mut self, body: &Body, params: &[(Ty, bool)]) -> Vec<Ty> {
        let mut types = Vec::with_capacity(params.len());
        for (position, (ty, declared)) in params.iter().enumerate() {
            let pats: Vec<hir::body::PatId> =
                body.clauses.iter().filter_map(|clause| clause.params.get(position)).map(|param| param.pat).collect();
            let common = self.scrutinee_type(&pats, ty, true);
            if matches!(common, Ty::Dyn) && !declared {
                // Callers pass anything.
                let _ = self.table.unify(ty, &Ty::Dyn);
            }
            types.push(if matches!(common, Ty::Dyn) && !*declared { Ty::Dyn } else { ty.clone() });
        }
        types
    }

    fn infer_default(&mut self, before: &[hir::body::Param], types: &[Ty], default: ExprId, wanted: &Ty) -> Ty {
        for (param, ty) in before.iter().zip(types) {
            if let Pat::Bind(local) = self.body().pats[param.pat] {
                self.bind_local(local, LocalTy::Mono(ty.clone()));
            }
        }
        let known = self.table.shallow(wanted);
        let hint = matches!(known, Ty::Con(..) | Ty::Fn(_)).then_some(known);
        let ty = self.infer_expr(default, None);
        if let Some(hint) = &hint {
            // A declared type is known at once.
            let _ = self.table.may_unify(hint, &ty) && self.table.unify(hint, &ty).is_ok();
        }
        self.cx().leave_clause();
        ty
    }

    fn infer_value(&mut self, value: ExprId, result: &Ty) {
        let found = self.infer_expr(value, Some(result));
        self.expect(value, result, &found);
    }

    fn infer_clause(&mut self, value: ExprId, result: &Ty) {
        self.cx().push_return(result.clone());
        let found = self.infer_expr(value, Some(result));
        self.expect(value, result, &found);
        self.cx().pop_return();
        self.settle_constructors(false);
        self.settle_patterns(false);
    }
}

/// A reader of written types whose parameters become `Ty::Param`.
pub(crate) fn item_lowering<'a, 'db>(doors: &'a Doors<'db>, scope: &Name) -> TypeLowering<'a, 'db> {
    TypeLowering::new(doors, scope.clone(), ParamStyle::Param)
}

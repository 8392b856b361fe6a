//! Solving constraints when the types that decide them become known.
//!
//! Input: the queue of woken constraints. Output: unifications, plans, problems. A constraint that stays open watches
//! the variables that decide it.
//!
//! Invariant: the loop is not re-entered; work that solving causes goes through the same queue.

use std::sync::Arc;

use base_db::Name;
use hir::body::ExprId;

use super::{Check, Status};
use crate::{
    infer::{CallPlan, Callee, Resolution},
    report::{self, Draft},
    signature::ImplDef,
    ty::{Builtin, Constraint, Head, TraitRef, Ty},
};

/// Deepest chain of impl conditions and component types that is followed for one requirement.
const MAX_TRAIT_DEPTH: u32 = 40;

/// Who requires a trait.
enum Requirement<'t> {
    /// The pending constraint itself.
    Pending(u32),
    /// A component of this type, which messages name.
    Part(&'t Ty),
}

impl Check<'_, '_> {
    /// Looks at all woken constraints.
    pub(crate) fn solve_woken(&mut self) {
        if self.solving {
            return;
        }
        self.solving = true;
        while let Some(id) = self.table.woken.pop_front() {
            let id = id as usize;
            if self.pending[id].status != Status::Open {
                continue;
            }
            let before = std::mem::replace(&mut self.current, self.pending[id].body);
            if self.solve(id) {
                self.pending[id].status = Status::Done;
            } else {
                self.watch(id);
            }
            self.current = before;
        }
        self.solving = false;
    }

    /// Watches the variables that decide a constraint.
    fn watch(&mut self, id: usize) {
        let mut deciding = Vec::new();
        self.pending[id].constraint.each_type(&mut |ty, decides| {
            if decides {
                deciding.push(ty.clone());
            }
        });
        let inside = match &self.pending[id].constraint {
            Constraint::Overload { .. } => true,
            // The head is known: other type arguments may choose another implementation.
            Constraint::HasMethod { .. } => !matches!(self.table.shallow(&deciding[0]), Ty::Var(_)),
            _ => false,
        };
        if inside {
            let mut variables = Vec::new();
            deciding.iter().for_each(|ty| self.table.variables(ty, &mut variables));
            variables.into_iter().for_each(|var| self.table.watch(var, id as u32));
            return;
        }
        for ty in deciding {
            if let Ty::Var(var) = self.table.shallow(&ty) {
                self.table.watch(var, id as u32);
            }
        }
    }

    /// Tries one constraint. `false`: still open.
    fn solve(&mut self, id: usize) -> bool {
        let at = self.pending[id].at;
        match self.pending[id].constraint.clone() {
            Constraint::Trait { trait_, ty } => {
                self.solve_trait(at, &trait_, &ty, Requirement::Pending(id as u32), MAX_TRAIT_DEPTH)
            }
            Constraint::HasField { ty, field, result } => self.solve_field(id, &ty, &field, &result),
            Constraint::HasMethod { .. } => self.solve_method(id),
            Constraint::Arith { .. } => self.solve_arith(id),
            Constraint::Index { container, index, literal, element } => {
                self.solve_index(id, &container, &index, literal, &element, false)
            }
            Constraint::IndexSet { container, index, element } => {
                self.solve_index(id, &container, &index, None, &element, true)
            }
            Constraint::Length { ty } => {
                let ty = self.table.shallow(&ty);
                match &ty {
                    Ty::Var(_) | Ty::Param(_) => false,
                    Ty::Con(Head::Rigid(_), _) | Ty::Dyn | Ty::Error | Ty::Never => {
                        !matches!(ty, Ty::Con(Head::Rigid(_), _))
                    }
                    Ty::Con(
                        Head::Tuple
                        | Head::Builtin(
                            Builtin::List
                            | Builtin::String
                            | Builtin::Array
                            | Builtin::Int64Array
                            | Builtin::Float64Array
                            | Builtin::Float32Array,
                        ),
                        _,
                    ) => true,
                    _ => {
                        let ty = self.table.resolve(&ty);
                        self.report_expr(at, report::no_length(&ty));
                        true
                    }
                }
            }
            Constraint::Literal { ty } => self.solve_literal(at, &ty),
            Constraint::Concat { ty } => {
                let ty = self.table.shallow(&ty);
                match &ty {
                    Ty::Var(_) | Ty::Con(Head::Rigid(_), _) | Ty::Param(_) => false,
                    Ty::Dyn | Ty::Error | Ty::Never => true,
                    _ if ty.is(Builtin::String) || ty.is(Builtin::List) => true,
                    _ => {
                        let ty = self.table.resolve(&ty);
                        let draft = report::missing_trait(&ty, &TraitRef::Builtin("Concat".into()));
                        self.report_expr(at, with_mismatch(draft, &ty));
                        true
                    }
                }
            }
            Constraint::Reflect { ty } => self.solve_reflect(at, &ty),
            Constraint::Overload { functions, args, result } => {
                let known: Vec<(Option<Name>, Option<Ty>)> =
                    args.iter().map(|(name, ty)| (name.clone(), Some(ty.clone()))).collect();
                let def = match self.select(&functions, &known) {
                    super::overload::Selection::Open(_) => return false,
                    super::overload::Selection::Dynamic(rest) => {
                        let (at, record) = (self.pending[id].at, self.pending[id].record);
                        if record {
                            let is_call = self.is_call(at);
                            self.plan_overloads(at, &rest, &args, is_call);
                        }
                        self.expect(at, &Ty::Dyn, &result);
                        return true;
                    }
                    super::overload::Selection::One(def) => def,
                    super::overload::Selection::None => functions[0].clone(),
                };
                self.settle_overload(id, &def, &args, &result);
                true
            }
        }
    }

    fn is_call(&self, at: ExprId) -> bool {
        matches!(
            self.bodies[self.current].body.exprs[at],
            hir::body::Expr::Call { .. } | hir::body::Expr::MethodCall { .. }
        )
    }

    /// Takes one overload for a deferred call.
    pub(crate) fn settle_overload(
        &mut self,
        id: usize,
        def: &base_db::DefName,
        args: &[(Option<Name>, Ty)],
        result: &Ty,
    ) {
        let (at, record) = (self.pending[id].at, self.pending[id].record);
        let Some(target) = self.target(def, &[]) else { return };
        if !record && self.is_repeated(at, &target.callee, &Ty::unit(), args, result) {
            return;
        }
        let is_call = self.is_call(at);
        if record && !is_call {
            self.tell(at, &target.callee, target.told.clone());
        }
        let found = self.apply(at, target, &mut super::argument::known_arguments(args), record && is_call);
        if record && !is_call {
            let resolution = match super::target::callee_of(def) {
                Callee::Native(name) => Resolution::Native(name),
                _ => Resolution::Function(def.clone()),
            };
            self.resolution(at, resolution);
        }
        self.expect(at, result, &found);
    }

    fn solve_field(&mut self, id: usize, ty: &Ty, field: &Name, result: &Ty) -> bool {
        let (at, record) = (self.pending[id].at, self.pending[id].record);
        let ty = self.table.shallow(ty);
        match &ty {
            Ty::Var(var) => {
                let key = (*var, field.clone());
                match self.fields.get(&key).copied() {
                    Some(other) if other as usize != id && self.pending[other as usize].status == Status::Open => {
                        if let Constraint::HasField { result: first, .. } =
                            self.pending[other as usize].constraint.clone()
                        {
                            self.expect(at, &first, result);
                        }
                        // A recorded access stays, to be decided with the others.
                        !record
                    }
                    _ => {
                        self.fields.insert(key, id as u32);
                        false
                    }
                }
            }
            Ty::Con(Head::Rigid(_), _) | Ty::Param(_) => false,
            Ty::Dyn => {
                self.table.mark_open_result(result, false);
                self.expect(at, &Ty::Dyn, result);
                true
            }
            Ty::Error | Ty::Never => {
                self.table.mark_open_result(result, false);
                self.expect(at, &Ty::Error, result);
                true
            }
            _ => {
                self.table.mark_open_result(result, false);
                match self.field_of(&ty, field) {
                    Some((found, access)) => {
                        if record {
                            self.resolution(at, Resolution::Field(access));
                        }
                        self.expect(at, result, &found);
                    }
                    None => {
                        let ty = self.table.resolve(&ty);
                        let draft = self.no_field(&ty, field);
                        self.report_expr(at, draft);
                        self.expect(at, &Ty::Error, result);
                    }
                }
                true
            }
        }
    }

    fn solve_index(
        &mut self,
        id: usize,
        container: &Ty,
        index: &Ty,
        literal: Option<u32>,
        element: &Ty,
        assigns: bool,
    ) -> bool {
        let (at, record) = (self.pending[id].at, self.pending[id].record);
        let ty = self.table.shallow(container);
        let (wanted, found) = match &ty {
            Ty::Var(_) | Ty::Con(Head::Rigid(_), _) | Ty::Param(_) => return false,
            Ty::Dyn => (None, Ty::Dyn),
            Ty::Error | Ty::Never => (None, Ty::Error),
            Ty::Con(Head::Builtin(builtin), args) => match builtin {
                Builtin::List | Builtin::Array => (Some(Ty::int()), args[0].clone()),
                Builtin::Int64Array => (Some(Ty::int()), Ty::int()),
                Builtin::Float64Array | Builtin::Float32Array => (Some(Ty::int()), Ty::float()),
                Builtin::Map => (Some(args[0].clone()), args[1].clone()),
                Builtin::Set => (Some(args[0].clone()), Ty::bool()),
                Builtin::String => (Some(Ty::int()), Ty::string()),
                _ => return self.no_index(at, &ty, element),
            },
            Ty::Con(Head::Tuple, items) => match literal {
                Some(position) => match items.get(position as usize) {
                    Some(item) => (Some(Ty::int()), item.clone()),
                    None => {
                        let ty = self.table.resolve(&ty);
                        self.report_expr(
                            at,
                            report::no_field(&ty, &position.to_string())
                                .note(format!("Index {position} out of bounds for a tuple of {}", items.len())),
                        );
                        (None, Ty::Error)
                    }
                },
                None => (Some(Ty::int()), Ty::Dyn),
            },
            Ty::Con(Head::Adt(def), _) => {
                // A function of the program named after the type: `matrixGet(m, i)`.
                let mut name = String::new();
                let mut chars = def.name().chars();
                name.extend(chars.next().map(|first| first.to_ascii_lowercase()));
                name.extend(chars);
                name.push_str(if assigns { "Set" } else { "Get" });
                let scope = self.scope();
                let resolved = self.doors.resolve(&scope, &Name::from(name));
                let Some(function) = resolved.functions.first().cloned() else {
                    return self.no_index(at, &ty, element);
                };
                let Some(target) = self.target(&function, &[]) else { return true };
                if let (Some(first), Some(second)) = (target.params.first(), target.params.get(1)) {
                    let (first, second) = (first.ty.clone(), second.ty.clone());
                    self.expect(at, &first, &ty);
                    self.expect(at, &second, index);
                }
                if record {
                    let count = target.params.len() as u32;
                    let args = (0..count).map(crate::infer::ArgPlan::Arg).collect();
                    self.plan(at, CallPlan { callee: target.callee.clone(), args });
                }
                (None, target.result.clone())
            }
            _ => return self.no_index(at, &ty, element),
        };
        self.table.mark_open_result(element, false);
        if let Some(wanted) = wanted {
            self.expect(at, &wanted, index);
        }
        self.expect(at, &found, element);
        true
    }

    fn no_index(&mut self, at: ExprId, ty: &Ty, element: &Ty) -> bool {
        let ty = self.table.resolve(ty);
        self.report_expr(
            at,
            Draft::new(401, format!("type mismatch: `{ty}` cannot be indexed"))
                .note(format!("expected List, Array, Map, Set, String or tuple, found {ty}")),
        );
        self.table.mark_open_result(element, false);
        self.expect(at, &Ty::Error, element);
        true
    }

    // --- traits ---

    /// Requires a trait of a type. `false`: still open.
    fn solve_trait(&mut self, at: ExprId, trait_: &TraitRef, ty: &Ty, whole: Requirement<'_>, depth: u32) -> bool {
        let ty = self.table.shallow(ty);
        match &ty {
            Ty::Dyn | Ty::Error | Ty::Never => return true,
            Ty::Param(_) => return true,
            Ty::Var(var) => {
                let key = (trait_.clone(), *var);
                let owner = self.required.get(&key).copied();
                let owned = owner.is_some_and(|owner| self.pending[owner as usize].status == Status::Open);
                return match whole {
                    // The same requirement of the same variable is kept once.
                    Requirement::Pending(id) => {
                        if owned && owner != Some(id) {
                            return true;
                        }
                        self.required.insert(key, id);
                        false
                    }
                    // A component gets a requirement of its own.
                    Requirement::Part(_) => {
                        if !owned {
                            self.require(Constraint::Trait { trait_: trait_.clone(), ty: ty.clone() }, at, false);
                        }
                        true
                    }
                };
            }
            Ty::Con(Head::Rigid(param), _) => {
                let param = param.clone();
                return self.solve_rigid_trait(trait_, &param);
            }
            _ => {}
        }
        let whole = match whole {
            Requirement::Pending(_) => ty.clone(),
            Requirement::Part(whole) => whole.clone(),
        };
        if depth == 0 {
            return true;
        }
        match trait_ {
            TraitRef::Builtin(name) => self.solve_builtin_trait(at, trait_, &name.clone(), &ty, &whole, depth),
            TraitRef::Def(_) => {
                if !self.solve_by_impl(at, trait_, &ty, depth) {
                    let whole = self.table.resolve(&whole);
                    let draft = report::missing_trait(&whole, trait_);
                    self.report_expr(at, with_mismatch(draft, &whole));
                }
            }
        }
        true
    }

    /// A declared parameter: its bounds, their supertraits; otherwise the requirement joins the scheme.
    fn solve_rigid_trait(&mut self, trait_: &TraitRef, param: &Name) -> bool {
        let mut queue = self.bounds.get(param).cloned().unwrap_or_default();
        let mut seen: Vec<TraitRef> = Vec::new();
        while let Some(bound) = queue.pop() {
            if bound == *trait_ {
                return true;
            }
            if seen.contains(&bound) {
                continue;
            }
            seen.push(bound.clone());
            if let TraitRef::Def(def) = &bound
                && let Some(definition) = self.doors.trait_def(def)
            {
                queue.extend(definition.supertraits.iter().cloned());
            }
        }
        // What every ordered or numeric type has as well.
        matches!(trait_, TraitRef::Builtin(name) if matches!(name.as_str(), "Show" | "Copy"))
            || (matches!(trait_, TraitRef::Builtin(name) if name == "Eq")
                && seen.iter().any(
                    |bound| matches!(bound, TraitRef::Builtin(name) if matches!(name.as_str(), "Ord" | "Num" | "Hash")),
                ))
    }

    fn solve_builtin_trait(&mut self, at: ExprId, trait_: &TraitRef, name: &str, ty: &Ty, whole: &Ty, depth: u32) {
        let fails = |check: &mut Self| {
            let whole = check.table.resolve(whole);
            let part = check.table.resolve(ty);
            let mut draft = report::missing_trait(&whole, trait_);
            if part != whole {
                draft = draft.note(format!("{part} does not implement {name}"));
            }
            if matches!(name, "Hash" | "Eq") {
                // Keys need both, and the two lines are looked for alike.
                draft = draft.note(format!("{whole} does not implement Eq"));
            }
            if name == "Ord" && part != whole {
                draft = draft.note(format!("values of type {whole} are not comparable"));
            }
            check.report_expr(at, with_mismatch(draft, &whole));
        };
        match ty {
            Ty::Con(Head::Builtin(builtin), args) => {
                use Builtin::{Array, Bool, Char, List, Map, Pid, Ref, Set, String, Unit};
                let numeric = builtin.is_numeric();
                let (own, parts) = match name {
                    "Num" => (numeric, false),
                    "Concat" => (matches!(builtin, String | List), false),
                    "Ord" => (numeric || matches!(builtin, String | Char), false),
                    "Eq" => (true, true),
                    "Show" | "Copy" => (true, name == "Show"),
                    "Hash" => (numeric || matches!(builtin, String | Char | Bool | Unit | Pid | Ref), false),
                    _ => (false, false),
                };
                let own = own
                    || (!args.is_empty() || matches!(builtin, Bool)) && {
                        matches!(builtin, List | Array | Set | Map | Bool) && self.solve_by_impl(at, trait_, ty, depth)
                    };
                if !own {
                    fails(self);
                } else if parts {
                    for arg in args.iter() {
                        self.solve_trait(at, trait_, arg, Requirement::Part(whole), depth - 1);
                    }
                }
            }
            Ty::Con(Head::Tuple, items) => {
                if matches!(name, "Num" | "Concat") {
                    if !self.solve_by_impl(at, trait_, ty, depth) {
                        fails(self);
                    }
                } else {
                    for item in items.iter() {
                        self.solve_trait(at, trait_, item, Requirement::Part(whole), depth - 1);
                    }
                }
            }
            Ty::Con(Head::Adt(def), args) => {
                if self.solve_by_impl(at, trait_, ty, depth) {
                    return;
                }
                match name {
                    "Num" | "Concat" => fails(self),
                    "Copy" => {}
                    _ => {
                        for arg in args.iter() {
                            self.solve_trait(at, trait_, arg, Requirement::Part(whole), depth - 1);
                        }
                        if matches!(name, "Ord" | "Hash") {
                            let def = def.clone();
                            self.require_of_fields(at, trait_, name, &def, whole);
                        }
                    }
                }
            }
            Ty::Con(Head::Opaque(_), _) if matches!(name, "Eq" | "Show" | "Copy") => {}
            Ty::Con(Head::Opaque(_), _) | Ty::Fn(_) => fails(self),
            _ => {}
        }
    }

    /// Order and hash look into the fields of records and variants; types may be recursive.
    fn require_of_fields(&mut self, at: ExprId, trait_: &TraitRef, name: &str, def: &base_db::DefName, whole: &Ty) {
        let mut seen = vec![def.clone()];
        let mut queue = vec![def.clone()];
        while let Some(def) = queue.pop() {
            let Some(definition) = self.doors.type_def(&def) else { continue };
            for field in definition.constructors.iter().flat_map(|ctor| &ctor.fields) {
                let mut offender: Option<Ty> = None;
                let mut inner: Vec<base_db::DefName> = Vec::new();
                let ordered = name == "Ord";
                field.walk(&mut |part| match part {
                    Ty::Fn(_) => offender = Some(part.clone()),
                    Ty::Con(Head::Builtin(builtin), _) => {
                        let lacks = if ordered {
                            !(builtin.is_numeric() || matches!(builtin, Builtin::String | Builtin::Char))
                        } else {
                            matches!(builtin, Builtin::List | Builtin::Array | Builtin::Set | Builtin::Map)
                        };
                        // A Bool, a unit or a list inside a record is refused at run time only if it is compared.
                        if lacks && !ordered {
                            offender = Some(part.clone());
                        }
                    }
                    Ty::Con(Head::Adt(other), _) => inner.push(other.clone()),
                    _ => {}
                });
                if let Some(offender) = offender {
                    let whole = self.table.resolve(whole);
                    let draft = report::missing_trait(&whole, trait_)
                        .note(format!("{offender} does not implement {name}"))
                        .note(format!("values of type {whole} are not comparable"));
                    self.report_expr(at, with_mismatch(draft, &whole));
                    return;
                }
                for other in inner {
                    if !seen.contains(&other) {
                        seen.push(other.clone());
                        queue.push(other);
                    }
                }
            }
        }
    }

    /// Impls of a trait, also of one that the program declares under the name of a built-in one.
    pub(crate) fn trait_impls(&mut self, trait_: &TraitRef) -> Vec<Arc<ImplDef>> {
        let impls = match trait_ {
            TraitRef::Def(def) => self.doors.impls_of(def),
            TraitRef::Builtin(name) => {
                let mut all = Vec::new();
                let scope = self.scope();
                let near = self.doors.resolve(&scope, name).trait_.clone();
                let library = crate::native::library_trait(name);
                for def in near.into_iter().chain(library) {
                    for found in self.doors.impls_of(&def).iter() {
                        if !all.contains(found) {
                            all.push(found.clone());
                        }
                    }
                }
                Arc::from(all)
            }
        };
        impls.iter().filter_map(|def| self.doors.impl_def(def)).collect()
    }

    /// Whether an impl fits, without adding its conditions.
    pub(crate) fn has_impl(&mut self, trait_: &TraitRef, ty: &Ty) -> bool {
        self.trait_impls(trait_).iter().any(|implementation| self.target_fits(implementation, ty).is_some())
    }

    /// Uses the most specific impl that fits and requires its conditions.
    fn solve_by_impl(&mut self, at: ExprId, trait_: &TraitRef, ty: &Ty, depth: u32) -> bool {
        let mut best: Option<(usize, Arc<ImplDef>)> = None;
        for implementation in self.trait_impls(trait_) {
            if let Some(rank) = self.target_fits(&implementation, ty)
                && best.as_ref().is_none_or(|(other, _)| rank > *other)
            {
                best = Some((rank, implementation));
            }
        }
        let Some((_, implementation)) = best else { return false };
        if !implementation.conditions.is_empty() {
            let args: Vec<Ty> = implementation.params.iter().map(|_| self.table.fresh()).collect();
            let target = implementation.target.instantiate(&args);
            if self.table.unify(&target, ty).is_ok() {
                for condition in &implementation.conditions {
                    if let Constraint::Trait { trait_, ty } = condition {
                        let ty = ty.instantiate(&args);
                        self.solve_trait(at, trait_, &ty, Requirement::Part(&ty.clone()), depth - 1);
                    }
                }
            }
        }
        true
    }
}

/// A missing trait is a mismatch as well.
fn with_mismatch(draft: Draft, ty: &Ty) -> Draft {
    let needs = draft.message.rsplit(' ').next().unwrap_or_default().to_owned();
    draft.note(format!("type mismatch: `{ty}` where a type with `{needs}` is wanted"))
}

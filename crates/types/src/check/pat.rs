//! Types of patterns.
//!
//! Input: a pattern and the type of what it is matched against. Output: types of the locals that it binds, choices of
//! constructors; problems go into the state.

use base_db::{DefKind, DefName, Name};
use hir::{
    Wanted,
    body::{LocalId, Pat, PatFields, PatId},
};

use super::{Check, LocalTy, construct::are_rivals, expr::literal_type, raw};
use crate::{
    report::{self, Draft},
    signature::CtorRef,
    suggest,
    ty::{Builtin, Constraint, Head, Ty},
};

/// A constructor pattern whose type is decided by what else is learned of the scrutinee.
#[derive(Debug)]
pub(crate) struct OpenPattern {
    body: usize,
    pat: PatId,
    candidates: Vec<CtorRef>,
    expected: Ty,
    /// The patterns inside with the types they got.
    parts: Vec<(PatId, Ty)>,
}

impl Check<'_, '_> {
    /// Infers `pat` against a value of type `expected`.
    pub(crate) fn infer_pat(&mut self, pat: PatId, expected: &Ty) {
        self.cx().depth += 1;
        if self.cx().depth > super::MAX_NESTING {
            self.report_pat(pat, Draft::new(419, "pattern is nested too deeply"));
        } else {
            self.infer_pat_inner(pat, expected);
        }
        self.cx().depth -= 1;
    }

    fn infer_pat_inner(&mut self, pat: PatId, expected: &Ty) {
        let body = self.body();
        match &body.pats[pat] {
            // An equality test says nothing about the types: they may differ, and then it fails.
            Pat::Missing | Pat::Wild | Pat::Equal(_) => {}
            Pat::Bind(local) => self.bind_local(*local, LocalTy::Mono(expected.clone())),
            Pat::EqualName(name) => self.infer_pinned_name(pat, name),
            Pat::Assign(local) => {
                if let LocalTy::Mono(ty) = self.cx().locals[raw(*local)].clone() {
                    self.expect_pat(pat, &ty, expected);
                }
            }
            Pat::Literal(literal) => {
                let ty = literal_type(literal);
                self.expect_pat(pat, expected, &ty);
            }
            Pat::Range { .. } => {
                self.expect_pat(pat, expected, &Ty::int());
            }
            Pat::Tuple(items) => self.infer_tuple_pat(pat, items, expected),
            Pat::List { items, rest } => {
                let item = self.list_item(pat, expected);
                for &part in items {
                    self.infer_pat(part, &item);
                }
                if let Some(rest) = rest {
                    self.infer_pat(*rest, &Ty::list(item));
                }
            }
            Pat::StringPrefix { items, rest, .. } => self.infer_prefix_pat(pat, items, *rest, expected),
            Pat::Constructor { name, fields } => self.infer_constructor_pat(pat, name, fields, expected),
            Pat::Record(fields) => self.infer_record_pat(fields, expected),
            Pat::Map(entries) => {
                let parts = self.refutable_parts(pat, Builtin::Map, 2, expected);
                for (key, value) in entries {
                    self.infer_pat(*key, &parts[0]);
                    self.infer_pat(*value, &parts[1]);
                }
            }
            Pat::Set(items) => {
                let parts = self.refutable_parts(pat, Builtin::Set, 1, expected);
                for &item in items {
                    self.infer_pat(item, &parts[0]);
                }
            }
            Pat::Or(alternatives) => self.infer_alternatives(alternatives, expected),
        }
    }

    /// `^x` where `x` is no local.
    fn infer_pinned_name(&mut self, pat: PatId, name: &Name) {
        let scope = self.scope();
        let resolved = self.doors.resolve(&scope, name);
        match &resolved.value {
            Some(def) => {
                let meaning = self.value_resolution(def);
                self.cx().result.pinned.insert(pat, meaning);
            }
            None => {
                let draft = self.unknown(name, Wanted::Value, report::unknown_variable(name));
                self.report_pat(pat, draft);
            }
        }
    }

    fn infer_tuple_pat(&mut self, pat: PatId, items: &[PatId], expected: &Ty) {
        let types: Vec<Ty> = match self.table.shallow(expected) {
            Ty::Con(Head::Tuple, args) if args.len() == items.len() => args.to_vec(),
            Ty::Dyn => vec![Ty::Dyn; items.len()],
            _ => {
                let types: Vec<Ty> = items.iter().map(|_| self.table.fresh()).collect();
                self.expect_pat(pat, expected, &Ty::tuple(types.clone()));
                types
            }
        };
        for (item, ty) in items.iter().zip(&types) {
            self.infer_pat(*item, ty);
        }
    }

    /// `["pre" | rest]`, which matches strings and lists.
    fn infer_prefix_pat(&mut self, pat: PatId, items: &[PatId], rest: PatId, expected: &Ty) {
        match self.table.shallow(expected) {
            Ty::Con(Head::Builtin(Builtin::List), args) => {
                for &part in items {
                    self.infer_pat(part, &args[0]);
                }
                self.infer_pat(rest, expected);
                self.cx().result.list_prefixes.push(pat);
            }
            known @ (Ty::Con(..) | Ty::Fn(_)) => {
                self.expect_pat(pat, &known, &Ty::string());
                self.infer_pat(rest, &Ty::string());
            }
            // The rest has the type of the whole in both readings.
            open => {
                self.infer_pat(rest, &open);
                self.cx().prefixes.push((pat, open));
            }
        }
    }

    /// `{ x, y: p }`: any type that has these fields.
    fn infer_record_pat(&mut self, fields: &[(Name, PatId)], expected: &Ty) {
        for (name, part) in fields {
            let result = self.table.fresh();
            let at = self.any_expr();
            let constraint = Constraint::HasField { ty: expected.clone(), field: name.clone(), result: result.clone() };
            self.require(constraint, at, false);
            self.infer_pat(*part, &result);
        }
    }

    /// The type arguments of a container that a pattern tests for: a value of another type does not match, which is no
    /// mistake. Only what is not known yet becomes that container.
    fn refutable_parts(&mut self, pat: PatId, container: Builtin, arity: usize, expected: &Ty) -> Vec<Ty> {
        match self.table.shallow(expected) {
            Ty::Con(Head::Builtin(found), args) if found == container => args.to_vec(),
            Ty::Dyn => vec![Ty::Dyn; arity],
            known => {
                let parts: Vec<Ty> = (0..arity).map(|_| self.table.fresh()).collect();
                if matches!(known, Ty::Var(_)) {
                    self.expect_pat(pat, &known, &Ty::Con(Head::Builtin(container), parts.clone().into()));
                }
                parts
            }
        }
    }

    /// All alternatives bind the same locals with the same types.
    fn infer_alternatives(&mut self, alternatives: &[PatId], expected: &Ty) {
        let start = self.cx().visible.len();
        let mut bound: Vec<(LocalId, Ty)> = Vec::new();
        for (index, &alternative) in alternatives.iter().enumerate() {
            let from = self.cx().visible.len();
            self.infer_pat(alternative, expected);
            let locals: Vec<LocalId> = self.cx().visible[from..].to_vec();
            for local in locals {
                let LocalTy::Mono(ty) = self.cx().locals[raw(local)].clone() else { continue };
                match bound.iter().find(|(other, _)| *other == local).cloned() {
                    Some((_, first)) => {
                        self.expect_pat(alternative, &first, &ty);
                    }
                    None => bound.push((local, ty)),
                }
            }
            if index > 0 {
                self.cx().visible.truncate(from);
            }
        }
        for (local, ty) in bound {
            if !self.cx().visible[start..].contains(&local) {
                self.cx().visible.push(local);
            }
            self.cx().locals[raw(local)] = LocalTy::Mono(ty);
        }
    }

    fn list_item(&mut self, pat: PatId, expected: &Ty) -> Ty {
        match self.table.shallow(expected) {
            Ty::Con(Head::Builtin(Builtin::List), args) => args[0].clone(),
            Ty::Dyn => Ty::Dyn,
            _ => {
                let item = self.table.fresh();
                self.expect_pat(pat, expected, &Ty::list(item.clone()));
                item
            }
        }
    }

    /// Some expression of the body, as place for constraints that patterns cause.
    pub(crate) fn any_expr(&self) -> hir::body::ExprId {
        self.bodies[self.current].body.clauses.first().map_or_else(|| super::expr_id(0), |clause| clause.value)
    }

    fn infer_constructor_pat(&mut self, pat: PatId, name: &Name, fields: &PatFields, expected: &Ty) {
        let Some(ctor) = self.pattern_constructor(name, expected) else {
            let scope = self.scope();
            let resolved = self.doors.resolve(&scope, name);
            match &resolved.value {
                Some(def) if def.kind() == DefKind::Const && *fields == PatFields::None => {
                    if let Some(ty) = self.value_type(def, self.any_expr()) {
                        self.expect_pat(pat, expected, &ty);
                    }
                    // A constant in a pattern is an equality test: code generation finds its meaning as for `^x`.
                    let meaning = self.value_resolution(def);
                    self.cx().result.pinned.insert(pat, meaning);
                }
                _ => {
                    self.bind_all(fields);
                    let draft = Draft::new(406, format!("Unknown constructor: {name}"))
                        .note(format!("unknown constructor `{name}`"));
                    let draft = match &resolved.private {
                        Some(def) => {
                            let private = report::private_type(def.name(), def.module());
                            draft.note(private.message)
                        }
                        None => draft,
                    };
                    // The constructors of the type that is matched come first.
                    let own = self.constructor_names(expected);
                    let draft = suggest::near(draft, name, own.into_iter());
                    let draft = self.unknown(name, Wanted::Constructor, draft);
                    self.report_pat(pat, draft);
                }
            }
            return;
        };
        if let Some(candidates) = self.rival_constructors(name, expected) {
            let mut parts = Vec::new();
            for part in inner_patterns(fields) {
                let ty = self.table.fresh();
                self.infer_pat(part, &ty);
                parts.push((part, ty));
            }
            let expected = expected.clone();
            self.open_patterns.push(OpenPattern { body: self.current, pat, candidates, expected, parts });
            return;
        }
        for (part, ty) in self.constructor_parts(pat, ctor, fields, expected) {
            self.infer_pat(part, &ty);
        }
    }

    /// Constructors of other modules among which only more knowledge of the scrutinee decides.
    fn rival_constructors(&mut self, name: &Name, expected: &Ty) -> Option<Vec<CtorRef>> {
        if !matches!(self.table.shallow(expected), Ty::Var(_)) {
            return None;
        }
        let scope = self.scope();
        let resolved = self.doors.resolve(&scope, name);
        let types: Vec<DefName> = resolved.constructors.iter().map(|(ty, _)| ty.clone()).collect();
        are_rivals(&types, &scope).then(|| {
            resolved.constructors.iter().map(|(ty, index)| CtorRef { ty: ty.clone(), index: *index }).collect()
        })
    }

    /// Decides the patterns whose scrutinee is known by now; the `last` time the others are reported.
    pub(crate) fn settle_patterns(&mut self, last: bool) {
        for item in std::mem::take(&mut self.open_patterns) {
            let known = match self.table.shallow(&item.expected) {
                Ty::Con(Head::Adt(def), _) => item.candidates.iter().find(|ctor| ctor.ty == def).cloned(),
                Ty::Var(_) if !last => {
                    self.open_patterns.push(item);
                    continue;
                }
                _ => None,
            };
            let before = std::mem::replace(&mut self.current, item.body);
            let body = self.body();
            if let Pat::Constructor { name, fields } = &body.pats[item.pat] {
                match known {
                    Some(ctor) => {
                        let types = self.constructor_parts(item.pat, ctor, fields, &item.expected);
                        for ((part, ty), (_, given)) in types.iter().zip(&item.parts) {
                            self.expect_pat(*part, ty, given);
                        }
                    }
                    None if matches!(self.table.shallow(&item.expected), Ty::Var(_)) => {
                        let types: Vec<String> = item.candidates.iter().map(|ctor| ctor.ty.qualified()).collect();
                        let draft = report::ambiguous_constructor(name, &types);
                        self.report_pat(item.pat, draft.help("annotate the type of what is matched"));
                        self.give_up(&item);
                    }
                    // The scrutinee is of a type without such a constructor: the mismatch says it.
                    None => {
                        self.constructor_parts(item.pat, item.candidates[0].clone(), fields, &item.expected);
                        self.give_up(&item);
                    }
                }
            }
            self.current = before;
        }
    }

    fn give_up(&mut self, item: &OpenPattern) {
        for ty in item.parts.iter().map(|(_, ty)| ty).chain([&item.expected]) {
            if matches!(self.table.shallow(ty), Ty::Var(_)) {
                let _ = self.table.unify(ty, &Ty::Error);
            }
        }
        self.solve_woken();
    }

    /// Records the constructor of a pattern; the patterns inside with the types that they match.
    fn constructor_parts(&mut self, pat: PatId, ctor: CtorRef, fields: &PatFields, expected: &Ty) -> Vec<(PatId, Ty)> {
        let Some(definition) = self.doors.type_def(&ctor.ty) else {
            return inner_patterns(fields).into_iter().map(|part| (part, Ty::Error)).collect();
        };
        let constructor = &definition.constructors[ctor.index as usize];
        let args: Vec<Ty> = match self.table.shallow(expected) {
            Ty::Con(Head::Adt(def), args) if def == ctor.ty => args.to_vec(),
            Ty::Dyn => vec![Ty::Dyn; definition.params.len()],
            _ => {
                let args: Vec<Ty> = definition.params.iter().map(|_| self.table.fresh()).collect();
                self.expect_pat(pat, expected, &Ty::adt(ctor.ty.clone(), args.clone()));
                args
            }
        };
        self.cx().result.constructors.insert(pat, ctor);
        match fields {
            PatFields::None => {
                if !constructor.fields.is_empty() {
                    self.report_pat(pat, report::arity(constructor.fields.len(), 0));
                }
                Vec::new()
            }
            PatFields::Positional(parts) => {
                if parts.len() != constructor.fields.len() {
                    self.report_pat(pat, report::arity(constructor.fields.len(), parts.len()));
                }
                let ty = |index: usize| constructor.fields.get(index).map_or(Ty::Error, |ty| ty.instantiate(&args));
                parts.iter().enumerate().map(|(index, part)| (*part, ty(index))).collect()
            }
            PatFields::Named(parts) => {
                let mut types = Vec::with_capacity(parts.len());
                for (field, part) in parts {
                    let index = constructor.field_names.iter().position(|name| name == field);
                    let ty = match index {
                        Some(index) => constructor.fields[index].instantiate(&args),
                        None => {
                            let ty = Ty::adt(definition.def.clone(), args.clone());
                            let ty = self.table.resolve(&ty);
                            let draft = self.no_field(&ty, field);
                            self.report_pat(*part, draft);
                            Ty::Error
                        }
                    };
                    types.push((*part, ty));
                }
                types
            }
        }
    }

    /// The names of all constructors of a known type.
    fn constructor_names(&mut self, ty: &Ty) -> Vec<Name> {
        match self.table.shallow(ty) {
            Ty::Con(Head::Adt(def), _) => self.doors.type_def(&def).map_or_else(Vec::new, |definition| {
                definition.constructors.iter().map(|constructor| constructor.name.clone()).collect()
            }),
            _ => Vec::new(),
        }
    }

    /// Locals below a pattern that cannot be read get the error type.
    fn bind_all(&mut self, fields: &PatFields) {
        for part in inner_patterns(fields) {
            self.infer_pat(part, &Ty::Error);
        }
    }

    /// Which constructor a pattern means: of the type it is matched against, else by name.
    fn pattern_constructor(&mut self, name: &Name, expected: &Ty) -> Option<CtorRef> {
        if let Ty::Con(Head::Adt(def), _) = self.table.shallow(expected)
            && let Some(definition) = self.doors.type_def(&def)
            && let Some(index) = definition.constructors.iter().position(|ctor| ctor.name == *name)
        {
            return Some(CtorRef { ty: def, index: index as u32 });
        }
        let scope = self.scope();
        let resolved = self.doors.resolve(&scope, name);
        let (ty, index) = self.preferred_constructor(&resolved.constructors)?;
        Some(CtorRef { ty, index })
    }

    /// Of several constructors of one name: own module, then the project, then the library.
    pub(crate) fn preferred_constructor(&self, candidates: &[(DefName, u32)]) -> Option<(DefName, u32)> {
        let scope = &self.bodies[self.current].scope;
        candidates.iter().min_by_key(|(def, _)| (def.module() != scope, super::is_library(def))).cloned()
    }

    /// The type of a scrutinee, as far as the patterns that are matched against it decide it together: the type that
    /// has all their constructors, or the dynamic type where tuples differ in shape.
    pub(crate) fn scrutinee_type(&mut self, pats: &[PatId], ty: &Ty, clauses: bool) -> Ty {
        let body = self.body();
        let shallow = self.table.shallow(ty);
        let shapes: Vec<PatId> = pats.iter().flat_map(|&pat| flat_alternatives(&body, pat)).collect();
        if tuples_differ(&body, &shapes, clauses) {
            return Ty::Dyn;
        }
        if !matches!(shallow, Ty::Var(_)) {
            return ty.clone();
        }
        let mut common: Option<Vec<DefName>> = None;
        let mut names: Vec<&Name> = Vec::new();
        for &pat in &shapes {
            if let Pat::Constructor { name, .. } = &body.pats[pat]
                && !names.contains(&name)
            {
                names.push(name);
                let scope = self.scope();
                let resolved = self.doors.resolve(&scope, name);
                let types: Vec<DefName> = resolved.constructors.iter().map(|(ty, _)| ty.clone()).collect();
                if types.is_empty() {
                    continue;
                }
                common = Some(match common {
                    Some(before) => before.into_iter().filter(|ty| types.contains(ty)).collect(),
                    None => types,
                });
            }
        }
        if let Some(types) = common
            && names.len() > 1
        {
            if are_rivals(&types, &self.scope()) {
                return ty.clone();
            }
            let candidates: Vec<(DefName, u32)> = types.into_iter().map(|ty| (ty, 0)).collect();
            if let Some((def, _)) = self.preferred_constructor(&candidates)
                && let Some(definition) = self.doors.type_def(&def)
            {
                let args: Vec<Ty> = definition.params.iter().map(|_| self.table.fresh()).collect();
                // The scrutinee is a variable: this cannot clash.
                let _ = self.table.unify(ty, &Ty::adt(def, args));
                self.solve_woken();
            }
        }
        ty.clone()
    }
}

fn inner_patterns(fields: &PatFields) -> Vec<PatId> {
    match fields {
        PatFields::None => Vec::new(),
        PatFields::Positional(parts) => parts.clone(),
        PatFields::Named(parts) => parts.iter().map(|(_, part)| *part).collect(),
    }
}

/// The alternatives of or-patterns, written out.
fn flat_alternatives(body: &hir::body::Body, pat: PatId) -> Vec<PatId> {
    match &body.pats[pat] {
        Pat::Or(parts) => parts.iter().flat_map(|&part| flat_alternatives(body, part)).collect(),
        _ => vec![pat],
    }
}

/// Whether tuple patterns at one position have different shapes: other arity, or (between the clauses of a function) a
/// tuple where another has a name.
fn tuples_differ(body: &hir::body::Body, pats: &[PatId], clauses: bool) -> bool {
    let tuples: Vec<&Vec<PatId>> = pats
        .iter()
        .filter_map(|&pat| match &body.pats[pat] {
            Pat::Tuple(items) => Some(items),
            _ => None,
        })
        .collect();
    let Some(first) = tuples.first() else { return false };
    if tuples.iter().any(|items| items.len() != first.len()) {
        return true;
    }
    (0..first.len()).any(|position| {
        let column: Vec<PatId> = tuples.iter().map(|items| items[position]).collect();
        let has_tuple = column.iter().any(|&pat| matches!(body.pats[pat], Pat::Tuple(_)));
        let has_name = column.iter().any(|&pat| matches!(body.pats[pat], Pat::Bind(_)));
        (clauses && has_tuple && has_name) || tuples_differ(body, &column, clauses)
    })
}

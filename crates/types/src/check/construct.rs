//! Constructions and updates.
//!
//! Input: a constructor name and arguments. Output: the type of the value and the plan. Of constructors that share a name
//! one is chosen when the type is known, at the latest when the body is finished.

use base_db::{DefKind, DefName, Name};
use hir::{
    Wanted,
    body::{Arg, ExprId},
    problem::Anchor,
};

use super::{
    Check,
    argument::{Argument, known_arguments},
    lookup::is_library,
    raw,
};
use crate::{
    infer::{CallPlan, Callee, Resolution},
    report::{self, Draft},
    signature::{CtorRef, TypeDef},
    suggest,
    ty::{Head, Ty},
};

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

impl Check<'_, '_> {
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
        let library = is_library(&first);
        let near: Vec<CtorRef> = refs()
            .into_iter()
            .filter(|ctor| ctor.ty.module() == first.module() || (!library && !is_library(&ctor.ty)))
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
    pub(super) fn construct(
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
        let (slots, problem) = match_fields(definition.def.name(), &constructor.field_names, fields.len(), args);
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

    pub(super) fn update(
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
                self.construct_known(item.at, &ctor, &mut known_arguments(&item.args))
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
        self.report(item.body, Anchor::Expr(raw(item.at) as u32), draft);
    }
}

/// For each field the argument that gives it, and the first problem with that.
fn match_fields(
    type_text: &Name,
    names: &[Name],
    count: usize,
    args: &[Argument],
) -> (Vec<Option<usize>>, Option<Draft>) {
    let named = args.iter().filter(|arg| arg.name.is_some()).count();
    let mut slots: Vec<Option<usize>> = vec![None; count];
    let mut problem: Option<Draft> = None;
    for (position, arg) in args.iter().enumerate() {
        let index = match &arg.name {
            Some(name) => {
                let index = names.iter().position(|field| field == name);
                if index.is_none() {
                    let draft = Draft::new(405, format!("Type {type_text} has no field {name}"))
                        .note(format!("no field `{name}` on type `{type_text}`"));
                    problem.get_or_insert(suggest::near(draft, name, names.iter().cloned()));
                }
                index
            }
            None => (position < count).then_some(position),
        };
        if let Some(index) = index {
            if slots[index].is_some() {
                let name = arg.name.as_deref().unwrap_or("_");
                problem.get_or_insert(Draft::new(402, format!("duplicate named argument '{name}'")));
            }
            slots[index] = Some(position);
        }
    }
    if named == 0 && args.len() != count {
        problem.get_or_insert(report::arity(count, args.len()));
    } else if let Some(missing) = slots.iter().position(Option::is_none) {
        let field = names.get(missing).map_or("_", |name| name.as_str());
        problem.get_or_insert(Draft::new(405, format!("Missing field: {field}")));
    }
    (slots, problem)
}

/// Whether none of these types is nearer to `scope` than the others: all of other modules, and of different ones.
pub(crate) fn are_rivals(types: &[DefName], scope: &Name) -> bool {
    types.iter().any(|ty| ty.module() != types[0].module())
        && !types.iter().any(|ty| ty.module() == scope || is_library(ty))
}

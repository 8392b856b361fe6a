//! Written types to types: names are resolved, aliases expanded.
//!
//! Input: a [`TypeRef`] and what its names mean. Output: a [`Ty`] and, for names that mean nothing, messages.
//!
//! Invariant: never fails; what cannot be read is [`Ty::Error`] after one message.

use base_db::{DefKind, DefName, Name};
use hir::{
    Wanted,
    type_ref::{TypeParam, TypeRef},
};

use crate::{
    doors::Doors,
    report::Draft,
    suggest,
    ty::{Builtin, Head, Ty},
    unify::Table,
};

/// What a type parameter becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParamStyle {
    /// `Ty::Param` with the index in [`TypeLowering::params`].
    Param,
    /// `Head::Rigid` with this mark after the name (see [`crate::ty::rigid_name`]).
    Rigid(String),
}

/// Reads written types of one definition.
pub(crate) struct TypeLowering<'a, 'db> {
    /// Where names are asked.
    pub(crate) doors: &'a Doors<'db>,
    /// Module in whose scope the type is written.
    pub(crate) scope: Name,
    /// Type parameters in order; implicit ones are added when they are met.
    pub(crate) params: Vec<(Name, Ty)>,
    /// What a new parameter becomes.
    pub(crate) style: ParamStyle,
    /// Whether unknown single letters and lower-case names are new parameters.
    pub(crate) implicit: bool,
    /// The implementing type, inside traits and impls.
    pub(crate) self_ty: Option<Ty>,
    /// A bare generic name (`Map`) was met; with `ParamStyle::Param` each argument is a new parameter.
    pub(crate) bare: bool,
    /// Messages; the text is final.
    pub(crate) problems: Vec<TypeProblem>,
}

/// What is wrong with a written type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeProblem {
    /// The name means nothing here.
    Unknown(Name),
    /// The type exists and is private: type, module.
    Private(Name, Name),
    /// Number of type arguments: name, expected, found.
    Arity(Name, usize, usize),
}

impl TypeProblem {
    /// The problem for people, with a proposal.
    pub(crate) fn draft(&self, doors: &Doors<'_>, scope: &Name) -> Draft {
        let draft = Draft::new(408, self.message()).label("not known here");
        match self {
            TypeProblem::Unknown(name) => {
                suggest::explain(doors, scope, name, Wanted::Type, suggest::builtin_types(), draft)
            }
            TypeProblem::Private(..) => draft.label("it cannot be named here"),
            TypeProblem::Arity(..) => draft.label(""),
        }
    }

    /// The message line.
    pub(crate) fn message(&self) -> String {
        match self {
            TypeProblem::Unknown(name) => format!("unknown type `{name}`"),
            TypeProblem::Private(name, module) => format!("type `{name}` is private in module `{module}`"),
            TypeProblem::Arity(_, expected, found) => {
                format!("Wrong number of type arguments: expected {expected}, found {found}")
            }
        }
    }
}

impl<'a, 'db> TypeLowering<'a, 'db> {
    /// A reader for `scope` without parameters.
    pub(crate) fn new(doors: &'a Doors<'db>, scope: Name, style: ParamStyle) -> Self {
        TypeLowering {
            doors,
            scope,
            params: Vec::new(),
            style,
            implicit: true,
            self_ty: None,
            bare: false,
            problems: Vec::new(),
        }
    }

    /// Declares type parameters.
    pub(crate) fn declare(&mut self, params: &[TypeParam]) {
        for param in params {
            self.add_param(param.name.clone());
        }
    }

    /// Adds one parameter and returns its type.
    pub(crate) fn add_param(&mut self, name: Name) -> Ty {
        let ty = match &self.style {
            ParamStyle::Param => Ty::Param(self.params.len() as u32),
            ParamStyle::Rigid(mark) => {
                Ty::rigid(if mark.is_empty() { name.clone() } else { Name::from(format!("{name}'{mark}")) })
            }
        };
        self.params.push((name, ty.clone()));
        ty
    }

    /// The type that `written` means. `table` gives variables for the arguments of bare generic names.
    pub(crate) fn lower(&mut self, written: &TypeRef, table: &mut Option<&mut Table>) -> Ty {
        match written {
            TypeRef::Named { path, args } => {
                let args: Vec<Ty> = args.iter().map(|arg| self.lower(arg, table)).collect();
                self.named(path, args, table)
            }
            TypeRef::List(item) => {
                let item = self.lower(item, table);
                Ty::list(item)
            }
            TypeRef::Tuple(items) => Ty::tuple(items.iter().map(|item| self.lower(item, table)).collect()),
            TypeRef::Unit => Ty::unit(),
            TypeRef::Function { params, result } => {
                let params = params.iter().map(|param| self.lower(param, table)).collect();
                Ty::function(params, self.lower(result, table))
            }
            // Structural records have no values of their own; anything may be passed.
            TypeRef::Record(fields) => {
                for (_, ty) in fields {
                    self.lower(ty, table);
                }
                Ty::Dyn
            }
            TypeRef::Error => Ty::Error,
        }
    }

    fn named(&mut self, path: &Name, args: Vec<Ty>, table: &mut Option<&mut Table>) -> Ty {
        if let Some((_, ty)) = self.params.iter().find(|(name, _)| name == path) {
            return ty.clone();
        }
        if let (Some(ty), "Self" | "self") = (&self.self_ty, path.as_str()) {
            return ty.clone();
        }
        let resolved = self.doors.resolve(&self.scope, path);
        if let Some(def) = &resolved.ty {
            return self.declared(def.clone(), path, args, table);
        }
        if let Some((module, name)) = path.rsplit_once('.') {
            return self.qualified(path, &Name::from(module), &Name::from(name), args, table);
        }
        if let Some(builtin) = Builtin::from_name(path) {
            let args = self.arguments(path, builtin.arity(), args, table);
            return Ty::Con(Head::Builtin(builtin), args.into());
        }
        match path.as_str() {
            // A tag of do-blocks only.
            "IO" if args.len() == 1 => return args.into_iter().next().unwrap_or(Ty::Error),
            "IO" => return self.fresh(table),
            "Never" if args.is_empty() => return Ty::Never,
            _ => {}
        }
        let mut chars = path.chars();
        let is_variable = chars.next().is_some_and(|first| {
            let single = chars.next().is_none();
            first.is_ascii_lowercase() || (single && first.is_ascii_uppercase())
        });
        if is_variable && args.is_empty() {
            if self.implicit {
                return self.add_param(path.clone());
            }
            self.problems.push(TypeProblem::Unknown(path.clone()));
            return Ty::Error;
        }
        match &resolved.private {
            Some(def) => self.problems.push(TypeProblem::Private(path.clone(), def.module().clone())),
            None => self.problems.push(TypeProblem::Unknown(path.clone())),
        }
        Ty::Error
    }

    /// `M.Name`: a type of a block or imported module.
    fn qualified(
        &mut self,
        path: &Name,
        module: &Name,
        name: &Name,
        args: Vec<Ty>,
        table: &mut Option<&mut Table>,
    ) -> Ty {
        let qualifier = self.doors.qualifier(&self.scope, module);
        if let Some(target) = &qualifier.module {
            let exported = self.doors.exported(target, name);
            let found = exported.defs.iter().find(|(def, _)| def.kind() == DefKind::Type);
            match found {
                Some((def, public)) if *public || qualifier.inside || qualifier.library => {
                    return self.declared(def.clone(), path, args, table);
                }
                Some(_) => {
                    self.problems.push(TypeProblem::Private(name.clone(), target.clone()));
                    return Ty::Error;
                }
                None => {}
            }
        }
        self.problems.push(TypeProblem::Unknown(path.clone()));
        Ty::Error
    }

    fn declared(&mut self, def: DefName, path: &Name, args: Vec<Ty>, table: &mut Option<&mut Table>) -> Ty {
        let Some(shape) = self.doors.type_shape(&def) else { return Ty::Error };
        let args = self.arguments(path, shape.arity as usize, args, table);
        match &shape.alias {
            Some(target) => target.instantiate(&args),
            None => Ty::adt(def, args),
        }
    }

    fn arguments(&mut self, path: &Name, expected: usize, args: Vec<Ty>, table: &mut Option<&mut Table>) -> Vec<Ty> {
        if args.len() == expected {
            return args;
        }
        if !args.is_empty() {
            self.problems.push(TypeProblem::Arity(path.clone(), expected, args.len()));
            return vec![Ty::Error; expected];
        }
        (0..expected).map(|_| self.fresh(table)).collect()
    }

    /// The argument of a bare generic name.
    fn fresh(&mut self, table: &mut Option<&mut Table>) -> Ty {
        self.bare = true;
        match table {
            Some(table) => table.fresh(),
            None => Ty::Dyn,
        }
    }
}

//! Callees, instantiated for one call.
//!
//! Input: a definition or its signature. Output: parameters and result with fresh variables, and the constraints that
//! a call of it adds.

use std::sync::Arc;

use base_db::{DefName, Name};
use hir::body::ExprId;

use super::{Check, LocalFunction, lookup::is_library};
use crate::{
    infer::Callee,
    native,
    signature::{DefaultSig, Signature},
    ty::{Constraint, FnTy, Ty},
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

/// What the code of a callee must be told at run time.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// Nothing, as most.
    Nothing,
    /// These types.
    Types(Vec<Ty>),
    /// It is a member of the group, used with these generic arguments if it has a declared scheme: what it needs is not
    /// known yet.
    Member(Vec<Ty>),
}

/// A callee, instantiated for one call.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) callee: Callee,
    pub(crate) params: Vec<TargetParam>,
    pub(crate) result: Ty,
    /// What the code must be told at run time.
    pub(crate) told: Told,
    /// Added before arguments are looked at.
    pub(crate) constraints: Vec<Constraint>,
    /// Undeclared parameters that share one variable are reported in words of their own.
    pub(crate) shared: Vec<Option<u32>>,
    /// A function of one tuple parameter may get a function of several parameters although the tuple is not known yet.
    pub(crate) spreads: bool,
}

impl Check<'_, '_> {
    /// Adds the constraints of an instantiated callee.
    pub(crate) fn add_constraints(&mut self, target: &Target, at: ExprId) {
        self.require_all(&target.constraints, at);
    }

    /// A function, method or native, instantiated. `None`: it does not exist any more.
    pub(crate) fn target(&mut self, def: &DefName, explicit: &[Ty]) -> Option<Target> {
        let callee = callee_of(def);
        if let Some(member) = self.members.get(def) {
            match member.declared.clone() {
                Some(declared) => {
                    let generics = self.fresh_generics(&declared, explicit);
                    let mut target = self.instantiate_with(&declared, callee, &generics);
                    target.told = Told::Member(generics);
                    return Some(target);
                }
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
                    let (told, constraints) = (Told::Member(Vec::new()), Vec::new());
                    return Some(Target { callee, params, result, told, constraints, shared, spreads: false });
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
        target.spreads = is_library(def);
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
            let (told, constraints) = (Told::Nothing, Vec::new());
            return Target { callee, params, result: Ty::Error, told, constraints, shared, spreads: true };
        }
        let generics = self.fresh_generics(signature, explicit);
        self.instantiate_with(signature, callee, &generics)
    }

    fn instantiate_with(&mut self, signature: &Signature, callee: Callee, generics: &[Ty]) -> Target {
        let mut told = signature.told_types().map(|index| generics[index as usize].clone()).peekable();
        let told = if told.peek().is_some() { Told::Types(told.collect()) } else { Told::Nothing };
        let params = signature
            .params
            .iter()
            .map(|param| TargetParam {
                name: param.name.clone(),
                ty: param.ty.instantiate(generics),
                has_default: param.default.is_some(),
                default: param.default.as_ref().map(|default| self.instantiate_default(default, generics)),
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
            result: signature.result.instantiate(generics),
            told,
            constraints: signature
                .constraints
                .iter()
                .map(|constraint| constraint.map(&mut |ty| ty.instantiate(generics)))
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
}

/// A callee that is known by its function type only; `local`: the local function that it is, if it is one.
pub(super) fn target_of_value(callee: Callee, function: &FnTy, local: Option<&LocalFunction>) -> Target {
    let params: Vec<TargetParam> = function
        .params
        .iter()
        .enumerate()
        .map(|(index, ty)| TargetParam {
            name: local.and_then(|local| local.names.get(index).cloned().flatten()),
            ty: ty.clone(),
            has_default: match local {
                Some(local) => local.defaults.get(index).copied().unwrap_or_default(),
                None => index >= function.required as usize,
            },
            default: None,
        })
        .collect();
    let shared = vec![None; params.len()];
    let result = function.result.clone();
    Target { callee, params, result, told: Told::Nothing, constraints: Vec::new(), shared, spreads: false }
}

/// The callee that a definition is.
pub(crate) fn callee_of(def: &DefName) -> Callee {
    match native::parts(def) {
        Some((name, _)) => Callee::Native(Name::from(name)),
        None => Callee::Function(def.clone()),
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
    Ty::Fn(Arc::new(FnTy {
        params: target.params.iter().map(|param| param.ty.clone()).collect(),
        required: required as u32,
        result: target.result.clone(),
    }))
}

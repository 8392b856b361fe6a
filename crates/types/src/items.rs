//! Definitions of types, traits and impls, and the signatures of everything that has one.
//!
//! Input: item trees. Output: resolved plain data. What a valid store entry knows is never computed.
//!
//! Invariant: nothing here reads a body, except that the signature of a definition without complete annotation is
//! what inference of its group says.

use std::sync::Arc;

use base_db::{DefId, DefKind, DefName, Name, Stamped};
use hir::{
    item_tree::{FunctionItem, TypeBody, VariantFields},
    type_ref::TypeRef,
};

use crate::{
    TyDb,
    check::{is_library, trait_ref},
    doors::Doors,
    group::{binding_group, bound_trait, infer_group, is_declared, item_lowering},
    infer::InferenceResult,
    lower::TypeLowering,
    signature::{ConstructorDef, DefaultSig, ImplDef, ParamSig, Signature, TraitDef, TraitMethod, TypeDef, TypeShape},
    ty::{Constraint, Head, TraitRef, Ty},
};

/// Number of parameters and alias target of a type. Does not look at fields, so recursive types are no cycle; a cycle
/// of aliases gives opaque types, and is reported by `item_problems`.
#[salsa::tracked(cycle_result = cyclic_shape)]
pub fn type_shape<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Stamped<TypeShape>> {
    if let Some(stored) = db.stored_type(def) {
        return Some(Stamped::new(TypeShape { arity: stored.params.len() as u32, alias: stored.alias.clone() }));
    }
    let item = hir::type_item(db, def)?;
    let alias = match &item.body {
        TypeBody::Alias(target) => {
            let doors = Doors::new(db);
            let mut lowering = item_lowering(&doors, def.name(db).module());
            lowering.implicit = false;
            lowering.declare(&item.params);
            Some(lowering.lower(target, &mut None))
        }
        _ => None,
    };
    Some(Stamped::new(TypeShape { arity: item.params.len() as u32, alias }))
}

fn cyclic_shape<'db>(_db: &'db dyn TyDb, _id: salsa::Id, _def: DefId<'db>) -> Option<Stamped<TypeShape>> {
    Some(Stamped::new(TypeShape { arity: 0, alias: Some(Ty::Error) }))
}

/// The definition of a type: its constructors with resolved field types.
#[salsa::tracked]
pub fn type_def<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Stamped<TypeDef>> {
    if let Some(stored) = db.stored_type(def) {
        return Some(stored);
    }
    let item = hir::type_item(db, def)?;
    let name = def.name(db);
    let doors = Doors::new(db);
    let mut lowering = item_lowering(&doors, name.module());
    lowering.implicit = false;
    lowering.declare(&item.params);
    let mut constructors = Vec::new();
    let mut record = false;
    let mut alias = None;
    match &item.body {
        TypeBody::Record(fields) => {
            record = true;
            constructors.push(ConstructorDef {
                name: name.name().clone(),
                fields: fields.iter().map(|field| lowering.lower(&field.ty, &mut None)).collect(),
                field_names: fields.iter().map(|field| field.name.clone()).collect(),
            });
        }
        TypeBody::Variant(variants) => {
            for variant in variants {
                let (fields, field_names) = match &variant.fields {
                    VariantFields::Unit => (Vec::new(), Vec::new()),
                    VariantFields::Positional(types) => {
                        (types.iter().map(|ty| lowering.lower(ty, &mut None)).collect(), Vec::new())
                    }
                    VariantFields::Named(fields) => (
                        fields.iter().map(|field| lowering.lower(&field.ty, &mut None)).collect(),
                        fields.iter().map(|field| field.name.clone()).collect(),
                    ),
                };
                constructors.push(ConstructorDef { name: variant.name.clone(), fields, field_names });
            }
            record = matches!(variants.as_slice(), [only]
                if only.name == *name.name() && matches!(only.fields, VariantFields::Named(_)));
        }
        TypeBody::Alias(target) => alias = Some(lowering.lower(target, &mut None)),
        TypeBody::Opaque => {}
    }
    Some(Stamped::new(TypeDef {
        def: name.clone(),
        public: item.public || is_library(name),
        params: item.params.iter().map(|param| param.name.clone()).collect(),
        constructors,
        record,
        mutable: item.mutable,
        reactive: item.reactive,
        alias,
    }))
}

/// The definition of a trait.
#[salsa::tracked]
pub fn trait_def<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Stamped<TraitDef>> {
    if let Some(stored) = db.stored_trait(def) {
        return Some(stored);
    }
    let item = hir::trait_item(db, def)?;
    let name = def.name(db);
    let doors = Doors::new(db);
    let supertraits =
        item.supertraits.iter().filter_map(|written| bound_trait(&doors, name.module(), written)).collect();
    let methods = item.methods.iter().map(|method| trait_method(&doors, name.module(), method)).collect();
    Some(Stamped::new(TraitDef { def: name.clone(), public: item.public || is_library(name), supertraits, methods }))
}

/// A method as its trait declares it; parameter 0 of the scheme is `Self`.
fn trait_method(doors: &Doors<'_>, scope: &Name, method: &FunctionItem) -> TraitMethod {
    let mut lowering = item_lowering(doors, scope);
    let self_ty = lowering.add_param("Self".into());
    lowering.self_ty = Some(self_ty.clone());
    let mut params = Vec::new();
    for (position, param) in method.params.iter().enumerate() {
        let ty = match &param.ty {
            Some(written) => lowering.lower(written, &mut None),
            None if position == 0 => self_ty.clone(),
            // What an undeclared parameter is, implementations say.
            None => lowering.add_param(Name::from(format!("'{position}"))),
        };
        params.push(ParamSig {
            name: param.name.clone(),
            ty,
            default: param.has_default.then(DefaultSig::unknown),
            declared: param.ty.is_some() || position == 0,
        });
    }
    let result = match &method.result {
        Some(written) => lowering.lower(written, &mut None),
        None => lowering.add_param("'result".into()),
    };
    let signature = Signature {
        generics: lowering.params.iter().map(|(name, _)| name.clone()).collect(),
        declared_generics: 0,
        params,
        result,
        constraints: Vec::new(),
        literal: None,
        annotated: true,
        failed: false,
    };
    TraitMethod {
        name: method.def.name().clone(),
        signature,
        result_declared: method.result.is_some(),
        default: method.has_body.then(|| method.def.clone()),
        code: (method.has_body || method.params.iter().any(|param| param.has_default)).then(|| method.def.clone()),
    }
}

/// The definition of an impl. `None`: its trait or type is unknown, which `item_problems` reports.
#[salsa::tracked]
pub fn impl_def<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Stamped<ImplDef>> {
    if let Some(stored) = db.stored_impl(def) {
        return Some(stored);
    }
    let item = hir::impl_item(db, def)?;
    let name = def.name(db);
    let doors = Doors::new(db);
    let trait_ = doors.resolve(name.module(), &item.trait_name).trait_.as_ref().map(trait_ref)?;
    let mut lowering = item_lowering(&doors, name.module());
    let target = impl_target(&doors, &mut lowering, &item.target);
    let mut conditions = Vec::new();
    for bound in &item.bounds {
        let index = lowering
            .params
            .iter()
            .position(|(param, _)| *param == bound.name || param.eq_ignore_ascii_case(&bound.name));
        let Some(index) = index else { continue };
        for trait_name in &bound.bounds {
            if let Some(trait_) = bound_trait(&doors, name.module(), trait_name) {
                conditions.push(Constraint::Trait { trait_, ty: Ty::Param(index as u32) });
            }
        }
    }
    let mut methods: Vec<(Name, DefName)> =
        item.methods.iter().map(|method| (method.def.name().clone(), method.def.clone())).collect();
    methods.sort();
    methods.dedup();
    Some(Stamped::new(ImplDef {
        def: name.clone(),
        params: lowering.params.iter().map(|(name, _)| name.clone()).collect(),
        target,
        trait_,
        conditions,
        methods,
        rivals: item.rivals.clone(),
    }))
}

/// The implementing type; a bare generic name means all instances.
fn impl_target(doors: &Doors<'_>, lowering: &mut TypeLowering<'_, '_>, written: &TypeRef) -> Ty {
    if let TypeRef::Named { path, args } = written
        && args.is_empty()
    {
        let resolved = doors.resolve(&lowering.scope.clone(), path);
        let arity = match &resolved.ty {
            Some(def) => match doors.type_shape(def) {
                Some(shape) if shape.alias.is_none() => Some((Head::Adt(def.clone()), shape.arity as usize)),
                _ => None,
            },
            None => crate::ty::Builtin::from_name(path).map(|builtin| (Head::Builtin(builtin), builtin.arity())),
        };
        if let Some((head, arity)) = arity
            && arity > 0
        {
            let args = (0..arity).map(|index| lowering.add_param(Name::from(format!("t{index}")))).collect();
            return Ty::Con(head, args);
        }
    }
    lowering.lower(written, &mut None)
}

/// All that others may know of a function, method, value, constant or mvar.
///
/// The cutoff of the whole design: equal while an edit only changes the inside.
#[salsa::tracked(cycle_result = cyclic_signature)]
pub(crate) fn scheme<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Option<Stamped<Signature>> {
    if let Some(stored) = db.stored_signature(def) {
        return Some(stored);
    }
    let name = def.name(db);
    let signature = match name.kind() {
        DefKind::Const => {
            let item = hir::const_item(db, def)?;
            let literal = item.value.clone();
            let ty = literal.as_ref().map_or(Ty::Error, crate::check::literal_type);
            Signature { result: ty, literal, annotated: true, ..Signature::unknown() }
        }
        DefKind::Mvar | DefKind::Value if is_declared(db, def) => {
            let item = hir::value_item(db, def)?;
            match &item.ty {
                Some(written) => {
                    let doors = Doors::new(db);
                    let mut lowering = item_lowering(&doors, name.module());
                    let result = lowering.lower(written, &mut None);
                    let generics = lowering.params.iter().map(|(name, _)| name.clone()).collect();
                    Signature { generics, result, annotated: true, ..Signature::unknown() }
                }
                None => Signature { result: Ty::Error, ..Signature::unknown() },
            }
        }
        DefKind::Function | DefKind::Method | DefKind::DefaultMethod if is_declared(db, def) => {
            let item = hir::function_item(db, def)?;
            annotation(db, name, item)
        }
        DefKind::Function | DefKind::Method | DefKind::DefaultMethod | DefKind::Value => {
            hir::item(db, def).as_ref()?;
            let inferred = infer_group(db, binding_group(db, def));
            inferred.member(name)?.0.clone()
        }
        _ => return None,
    };
    Some(Stamped::new(signature))
}

fn cyclic_signature<'db>(_db: &'db dyn TyDb, _id: salsa::Id, _def: DefId<'db>) -> Option<Stamped<Signature>> {
    Some(Stamped::new(Signature::failed()))
}

/// The signature that the annotations give.
fn annotation(db: &dyn TyDb, name: &DefName, item: &FunctionItem) -> Signature {
    let doors = Doors::new(db);
    let mut lowering = item_lowering(&doors, name.module());
    if name.kind() == DefKind::Method {
        let owner = DefName::new(name.module().clone(), DefKind::Impl, name.owner().clone(), Name::default());
        if let Some(implementation) = doors.impl_def(&owner) {
            for param in &implementation.params {
                lowering.add_param(param.clone());
            }
            lowering.self_ty = Some(implementation.target.clone());
        }
    } else if name.kind() == DefKind::DefaultMethod {
        let self_ty = lowering.add_param("Self".into());
        lowering.self_ty = Some(self_ty);
    }
    let before = lowering.params.len();
    lowering.declare(&item.type_params);
    let mut constraints = Vec::new();
    for (index, param) in item.type_params.iter().enumerate() {
        for bound in &param.bounds {
            if let Some(trait_) = bound_trait(&doors, name.module(), bound) {
                let ty = Ty::Param((before + index) as u32);
                if trait_ == TraitRef::Builtin("Hash".into()) && is_library(name) {
                    constraints.push(Constraint::Trait { trait_: TraitRef::Builtin("Eq".into()), ty: ty.clone() });
                }
                constraints.push(Constraint::Trait { trait_, ty });
            }
        }
    }
    let params = item
        .params
        .iter()
        .map(|param| ParamSig {
            name: param.name.clone(),
            ty: param.ty.as_ref().map_or(Ty::Error, |written| lowering.lower(written, &mut None)),
            default: param.has_default.then(DefaultSig::unknown),
            declared: true,
        })
        .collect();
    let result = item.result.as_ref().map_or_else(Ty::unit, |written| lowering.lower(written, &mut None));
    Signature {
        generics: lowering.params.iter().map(|(name, _)| name.clone()).collect(),
        declared_generics: (before + item.type_params.len()) as u32,
        params,
        result,
        constraints,
        annotated: true,
        ..Signature::unknown()
    }
}

impl Signature {
    /// Nothing is known yet.
    fn unknown() -> Signature {
        Signature { failed: false, ..Signature::failed() }
    }
}

/// Types and meanings of all nodes of one body. For a group of one definition this is what the group knows, for a larger
/// one a query, so that an edit of one member leaves alone who uses another.
pub(crate) fn inferred<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> &'db Arc<InferenceResult> {
    let group = binding_group(db, def);
    match (group.members(db).as_slice(), infer_group(db, group).members.as_slice()) {
        ([_], [(_, _, result)]) => result,
        _ => inference(db, def),
    }
}

/// [`inferred`] for members of larger groups. How many live is bounded as for [`hir::query::body`].
#[salsa::tracked(lru = 32768)]
fn inference<'db>(db: &'db dyn TyDb, def: DefId<'db>) -> Arc<InferenceResult> {
    let inferred = infer_group(db, binding_group(db, def));
    inferred.member(def.name(db)).map(|(_, result)| Arc::clone(result)).unwrap_or_default()
}

/// See [`crate::keep_everything`].
pub(crate) fn keep_everything(db: &mut dyn TyDb) {
    inference::set_lru_capacity(db, 0);
}

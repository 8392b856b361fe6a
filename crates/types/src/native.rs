//! Natives as definitions: their signatures, read once from the table of the library.
//!
//! Input: rows of `stdlib::natives`. Output: [`Signature`]s, and [`DefName`]s that stand for natives wherever overloads
//! of the program and of the machine are mixed. Such names never leave this crate.
//!
//! Invariant: a row's text parses; names in it mean built-in types or types of the prelude, `stdlib.io`, `stdlib.json`.

use std::sync::Arc;

use base_db::{DefKind, DefName, Name};
use hir::type_ref::TypeRef;

use crate::{
    TyDb,
    signature::{ParamSig, Signature},
    ty::{Builtin, Constraint, TraitRef, Ty},
};

/// The module of the definitions that stand for natives; no file can have this name.
const MODULE: &str = "<native>";

/// The natives of that name, as definitions.
pub(crate) fn definitions(name: &Name) -> impl Iterator<Item = DefName> + use<> {
    let name = name.clone();
    stdlib::natives_named(&name).enumerate().map(move |(index, row)| {
        // The key keeps the number of parameters readable for ranking: one entry a parameter.
        let key = Name::from(vec!["_"; count_params(row.ty)].join(","));
        DefName::owned(MODULE.into(), DefKind::Function, Name::from(index.to_string()), name.clone(), key)
    })
}

/// Name and row of a definition that stands for a native.
pub(crate) fn parts(def: &DefName) -> Option<(&str, usize)> {
    (def.module() == MODULE).then(|| (def.name().as_str(), def.owner().parse().unwrap_or(0)))
}

/// What the type of a native cannot say.
pub(crate) fn special(name: &str, index: usize) -> Option<stdlib::Special> {
    stdlib::natives_named(name).nth(index)?.special
}

/// Number of parameters of a native.
pub(crate) fn arity(name: &str, index: usize) -> usize {
    stdlib::natives_named(name).nth(index).map_or(0, |row| count_params(row.ty))
}

/// The trait of that name that the library declares.
pub(crate) fn library_trait(name: &str) -> Option<DefName> {
    // `Concat` exists in the checker only.
    (name != "Concat").then(|| DefName::new("stdlib.traits".into(), DefKind::Trait, name.into(), Name::default()))
}

/// Counts the parameters in the text of a function head.
fn count_params(ty: &str) -> usize {
    let text = match ty.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(_, params)| params),
        None => ty,
    };
    let mut depth = 0;
    let mut count = 0;
    let mut any = false;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            ',' if depth == 1 => count += 1,
            ' ' => {}
            _ => any = true,
        }
    }
    if any { count + 1 } else { 0 }
}

/// Salsa's key for the natives of one name.
#[salsa::interned(debug, revisions = usize::MAX)]
struct NativeName<'db> {
    #[returns(ref)]
    name: Name,
}

/// The signature of one overload of a native.
pub(crate) fn signature(db: &dyn TyDb, name: &str, index: usize) -> Option<Arc<Signature>> {
    signatures(db, NativeName::new(db, Name::from(name))).get(index).cloned()
}

/// The signatures of all natives of a name. Depends on nothing, hence never computed twice in a process.
#[salsa::tracked(returns(deref))]
fn signatures<'db>(db: &'db dyn TyDb, key: NativeName<'db>) -> Arc<[Arc<Signature>]> {
    stdlib::natives_named(key.name(db)).map(|row| Arc::new(signature_of(row))).collect()
}

fn signature_of(row: &stdlib::Native) -> Signature {
    let mut signature = read(row.ty);
    if row.special == Some(stdlib::Special::TypeArguments) {
        let all = 0..signature.generics.len() as u32;
        signature.constraints.extend(all.map(|index| Constraint::Reflect { ty: Ty::Param(index) }));
    }
    signature
}

/// Reads the text of a function head.
fn read(ty: &str) -> Signature {
    let text = format!("f{ty} = ()\n");
    let items = hir::lower_items(&syntax::parse(&text), &Name::default()).tree;
    let mut signature = Signature {
        generics: Vec::new(),
        declared_generics: 0,
        params: Vec::new(),
        result: Ty::Error,
        constraints: Vec::new(),
        literal: None,
        annotated: true,
        failed: false,
    };
    let Some(function) = items.modules.first().and_then(|module| module.functions.first()) else {
        debug_assert!(false, "the type of a native cannot be read: {ty}");
        return signature;
    };
    for (index, param) in function.type_params.iter().enumerate() {
        signature.generics.push(param.name.clone());
        for bound in &param.bounds {
            let ty = Ty::Param(index as u32);
            signature.constraints.push(Constraint::Trait { trait_: TraitRef::Builtin(bound.clone()), ty: ty.clone() });
            if bound == "Hash" {
                signature.constraints.push(Constraint::Trait { trait_: TraitRef::Builtin("Eq".into()), ty });
            }
        }
    }
    signature.declared_generics = signature.generics.len() as u32;
    let lower = |ty: &TypeRef| lower(ty, &signature.generics);
    let params = function
        .params
        .iter()
        .map(|param| ParamSig {
            name: param.name.clone(),
            ty: param.ty.as_ref().map_or(Ty::Error, lower),
            default: None,
            declared: true,
        })
        .collect();
    let result = function.result.as_ref().map_or_else(Ty::unit, lower);
    signature.params = params;
    signature.result = result;
    signature
}

fn lower(ty: &TypeRef, generics: &[Name]) -> Ty {
    match ty {
        TypeRef::Named { path, args } => {
            let args: Vec<Ty> = args.iter().map(|arg| lower(arg, generics)).collect();
            if let Some(index) = generics.iter().position(|name| name == path) {
                return Ty::Param(index as u32);
            }
            if path == "Dyn" {
                return Ty::Dyn;
            }
            if let Some(builtin) = Builtin::from_name(path) {
                return Ty::Con(crate::ty::Head::Builtin(builtin), args.into());
            }
            let module = match path.as_str() {
                "Option" | "Result" => "stdlib.list",
                "Json" => "stdlib.json",
                _ => "stdlib.io",
            };
            Ty::adt(DefName::new(module.into(), DefKind::Type, path.clone(), Name::default()), args)
        }
        TypeRef::List(item) => Ty::list(lower(item, generics)),
        TypeRef::Tuple(items) => Ty::tuple(items.iter().map(|item| lower(item, generics)).collect()),
        TypeRef::Unit => Ty::unit(),
        TypeRef::Function { params, result } => {
            Ty::function(params.iter().map(|param| lower(param, generics)).collect(), lower(result, generics))
        }
        TypeRef::Record(_) | TypeRef::Error => Ty::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_read() {
        for row in stdlib::natives() {
            let signature = read(row.ty);
            assert_eq!(signature.params.len(), count_params(row.ty), "{}: {}", row.name, row.ty);
            assert!(!signature.result.any(&mut |ty| matches!(ty, Ty::Error)), "{}: {}", row.name, row.ty);
            for param in &signature.params {
                assert!(!param.ty.any(&mut |ty| matches!(ty, Ty::Error)), "{}: {}", row.name, row.ty);
            }
        }
    }
}

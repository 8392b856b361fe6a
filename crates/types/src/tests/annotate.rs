//! Annotating a function with its own inferred type changes nothing: the program is accepted as before, and the
//! function has the same type.
//!
//! Input: the accepted single-file programs of the suite. Each function whose type can be written gets its parameters,
//! its result and its bounds written down.

use std::collections::BTreeMap;

use base_db::{DefId, DefKind, DefName, ModuleId, Name};
use syntax::ast::{self, AstNode};

use super::{TestDb, render, suite};
use crate::{
    print,
    signature::Signature,
    ty::{Constraint, Head, TraitRef, Ty},
};

/// The functions of the root module that are alone under their name, with their schemes.
pub(super) fn schemes(db: &TestDb) -> BTreeMap<Name, (DefName, Signature)> {
    let mut all: BTreeMap<Name, Vec<DefName>> = BTreeMap::new();
    for def in db.bodies(&Name::default()) {
        if def.kind() == DefKind::Function {
            all.entry(def.name().clone()).or_default().push(def);
        }
    }
    let mut schemes = BTreeMap::new();
    for (name, defs) in all {
        let [def] = defs.as_slice() else { continue };
        if let Some(signature) = crate::signature(db, DefId::new(db, def.clone())) {
            schemes.insert(name, (def.clone(), Signature::clone(signature)));
        }
    }
    schemes
}

/// Whether all types of a scheme can be written as annotations: types have names in the root module, and no generic
/// parameter is decided by constraints alone (a declared one stands for itself, whatever constraints say).
fn can_be_written(db: &TestDb, signature: &Signature) -> bool {
    let root = ModuleId::new(db, Name::default());
    let is_visible = |ty: &Ty| {
        !ty.any(&mut |part| match part {
            Ty::Con(Head::Adt(def), _) => hir::resolve(db, root, def.name()).ty.as_ref() != Some(def),
            _ => false,
        })
    };
    let in_params =
        |index: u32| signature.params.iter().any(|param| param.ty.any(&mut |part| *part == Ty::Param(index)));
    if !(0..signature.generics.len() as u32).all(in_params) {
        return false;
    }
    let plain = |ty: &Ty| {
        !ty.any(&mut |part| {
            matches!(part, Ty::Dyn | Ty::Never | Ty::Error | Ty::Var(_) | Ty::Con(Head::Opaque(_), _))
                || matches!(part, Ty::Fn(function) if function.required as usize != function.params.len())
        })
    };
    let fits = |ty: &Ty| plain(ty) && is_visible(ty);
    signature.params.iter().all(|param| fits(&param.ty) && param.default.is_none()) && fits(&signature.result)
}

/// A generic parameter as it is written: not a name that programs use.
fn written(ty: &Ty) -> String {
    ty.map_leaves(&mut |leaf| match leaf {
        Ty::Param(index) => Some(Ty::rigid(format!("Par{index}").into())),
        _ => None,
    })
    .to_string()
}

/// The text with the functions `names` annotated.
fn annotated(text: &str, schemes: &BTreeMap<Name, (DefName, Signature)>, names: &[&Name]) -> String {
    let tree = syntax::parse(text).tree();
    let mut edits: Vec<(usize, String)> = Vec::new();
    for item in tree.items() {
        let ast::Item::Fn(function) = item else { continue };
        let Some(name) = function.name() else { continue };
        let Some((own, (_, signature))) = schemes.get_key_value(name.text()) else { continue };
        if !names.contains(&own) || function.type_params().is_some() {
            continue;
        }
        let Some(params) = function.param_list() else { continue };
        if !signature.generics.is_empty() {
            let list: Vec<String> = (0..signature.generics.len() as u32)
                .map(|index| {
                    let bounds: Vec<&str> = signature
                        .constraints
                        .iter()
                        .filter_map(|constraint| match constraint {
                            Constraint::Trait { trait_: TraitRef::Builtin(name), ty } if *ty == Ty::Param(index) => {
                                Some(name.as_str())
                            }
                            Constraint::Trait { trait_: TraitRef::Def(def), ty } if *ty == Ty::Param(index) => {
                                Some(def.name().as_str())
                            }
                            _ => None,
                        })
                        .collect();
                    let colon = if bounds.is_empty() { "" } else { ": " };
                    format!("Par{index}{colon}{}", bounds.join(" + "))
                })
                .collect();
            edits.push((usize::from(name.text_range().end()), format!("[{}]", list.join(", "))));
        }
        for (param, known) in params.params().zip(&signature.params) {
            if let (None, Some(pattern)) = (param.ty(), param.pattern()) {
                let end = usize::from(pattern.syntax().text_range().end());
                edits.push((end, format!(": {}", written(&known.ty))));
            }
        }
        if function.ret_type().is_none() {
            let after = match function.guard() {
                Some(guard) => guard.syntax().text_range().end(),
                None => params.syntax().text_range().end(),
            };
            edits.push((usize::from(after), format!(" -> {}", written(&signature.result))));
        }
    }
    edits.sort_by_key(|(at, _)| *at);
    let mut out = String::new();
    let mut from = 0;
    for (at, insert) in edits {
        out.push_str(text[from..at].trim_end());
        out.push_str(&insert);
        from = at;
    }
    out + &text[from..]
}

/// Parameters and result of a scheme with its generic parameters numbered in order of appearance.
fn canonical(signature: &Signature) -> String {
    let mut order: Vec<u32> = Vec::new();
    let mut number = |ty: &Ty| {
        ty.walk(&mut |part| {
            if let Ty::Param(index) = part
                && !order.contains(index)
            {
                order.push(*index);
            }
        });
    };
    signature.params.iter().for_each(|param| number(&param.ty));
    number(&signature.result);
    let renamed = |ty: &Ty| {
        ty.map_leaves(&mut |leaf| match leaf {
            Ty::Param(index) => {
                Some(Ty::Param(order.iter().position(|known| known == index).unwrap_or(order.len()) as u32))
            }
            _ => None,
        })
    };
    let params: Vec<String> = signature.params.iter().map(|param| renamed(&param.ty).to_string()).collect();
    format!("({}) -> {}", params.join(", "), renamed(&signature.result))
}

/// What changes when all functions of the program are annotated.
fn difference(text: &str) -> Option<String> {
    let db = TestDb::with_files(&[(String::new(), text.to_owned())]);
    if !db.problems().is_empty() || !db.syntax_errors().is_empty() {
        return None;
    }
    let schemes = schemes(&db);
    let names: Vec<&Name> =
        schemes.iter().filter(|(_, (_, signature))| can_be_written(&db, signature)).map(|(name, _)| name).collect();
    let changed = annotated(text, &schemes, &names);
    if changed == text {
        return None;
    }
    let after = TestDb::with_files(&[(String::new(), changed.clone())]);
    let problems = render(&after.problems());
    if !problems.is_empty() || !after.syntax_errors().is_empty() {
        return Some(format!("refused:\n{problems}{:?}\n{changed}", after.syntax_errors()));
    }
    let again = self::schemes(&after);
    // Others may become more general, since what is declared is generic for them too.
    let pairs = names.iter().filter_map(|&name| Some((name, &schemes.get(name)?.1, &again.get(name)?.1)));
    let mut changes = pairs.filter(|(_, before, after)| canonical(before) != canonical(after));
    changes.next().map(|(name, before, after)| {
        format!("`{name}` was {}, is {}\n{changed}", print::scheme(before), print::scheme(after))
    })
}

#[test]
fn annotating_a_function_with_its_own_type_changes_nothing() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, text) in suite::single_files() {
        if text.contains("# expect_error") {
            continue;
        }
        count += 1;
        failures.extend(difference(&text).map(|difference| format!("== {name}\n{difference}")));
    }
    assert!(count > 500, "only {count} programs");
    assert!(failures.is_empty(), "{} of {count} programs:\n{}", failures.len(), failures.join("\n"));
}

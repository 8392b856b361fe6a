//! Annotating a function with its own inferred type changes nothing: the program is accepted as before, and the
//! function has the same type.
//!
//! Input: the accepted single-file programs of the suite, and random programs of several modules. Each function whose
//! type can be written gets its parameters, its result and its bounds written down.

use std::collections::BTreeMap;

use base_db::{DefId, DefKind, DefName, ModuleId, Name};
use syntax::ast::{self, AstNode};

use super::{TestDb, render, suite};
use crate::{
    print,
    signature::Signature,
    ty::{Constraint, Head, TraitRef, Ty},
};

/// The functions of a module that are alone under their name, with their schemes.
pub(super) fn schemes(db: &TestDb, module: &Name) -> BTreeMap<Name, (DefName, Signature)> {
    let mut all: BTreeMap<Name, Vec<DefName>> = BTreeMap::new();
    for def in db.bodies(module) {
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

/// Whether all types of a scheme can be written as annotations: types have names in the module, and no generic
/// parameter is decided by constraints alone (a declared one stands for itself, whatever constraints say).
fn can_be_written(db: &TestDb, module: &Name, signature: &Signature) -> bool {
    let module = ModuleId::new(db, module.clone());
    let is_visible = |ty: &Ty| {
        !ty.any(&mut |part| match part {
            Ty::Con(Head::Adt(def), _) => hir::resolve(db, module, def.name()).ty.as_ref() != Some(def),
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

/// What changes when all functions of a program are annotated; `None`: nothing, or the program is refused as it is.
fn difference(files: &[(String, String)]) -> Option<String> {
    let db = TestDb::with_files(files);
    if !db.problems().is_empty() || !db.syntax_errors().is_empty() {
        return None;
    }
    let modules: Vec<Name> = files
        .iter()
        .map(|(path, _)| Name::from(path.strip_suffix(".nos").unwrap_or_default().replace('/', ".")))
        .collect();
    let schemes: Vec<_> = modules.iter().map(|module| schemes(&db, module)).collect();
    let names: Vec<Vec<&Name>> = modules
        .iter()
        .zip(&schemes)
        .map(|(module, schemes)| {
            let written = schemes.iter().filter(|(_, (_, signature))| can_be_written(&db, module, signature));
            written.map(|(name, _)| name).collect()
        })
        .collect();
    let changed: Vec<(String, String)> = files
        .iter()
        .enumerate()
        .map(|(index, (path, text))| (path.clone(), annotated(text, &schemes[index], &names[index])))
        .collect();
    if changed == files {
        return None;
    }
    let after = TestDb::with_files(&changed);
    let text = || changed.iter().map(|(path, text)| format!("//- /{path}\n{text}")).collect::<String>();
    let problems = render(&after.problems());
    if !problems.is_empty() || !after.syntax_errors().is_empty() {
        return Some(format!("refused:\n{problems}{:?}\n{}", after.syntax_errors(), text()));
    }
    for (index, module) in modules.iter().enumerate() {
        let again = self::schemes(&after, module);
        // Others may become more general, since what is declared is generic for them too.
        for &name in &names[index] {
            let (Some((_, before)), Some((_, after))) = (schemes[index].get(name), again.get(name)) else { continue };
            if canonical(before) != canonical(after) {
                let (before, after) = (print::scheme(before), print::scheme(after));
                return Some(format!("`{name}` was {before}, is {after}\n{}", text()));
            }
        }
    }
    None
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
        let files = [(String::new(), text)];
        failures.extend(difference(&files).map(|difference| format!("== {name}\n{difference}")));
    }
    assert!(count > 500, "only {count} programs");
    assert!(failures.is_empty(), "{} of {count} programs:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn annotating_random_programs_changes_nothing() {
    let mut failures = Vec::new();
    for seed in 0..60 {
        let options = test_fixture::Options { traits: true, ..test_fixture::Options::default() };
        let files = test_fixture::Program::with_options(seed, options).files();
        failures.extend(difference(&files).map(|difference| format!("== seed {seed}\n{difference}")));
    }
    assert!(failures.is_empty(), "{} of 60 programs:\n{}", failures.len(), failures.join("\n"));
}

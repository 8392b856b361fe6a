//! Types as text, in the syntax of the language.
//!
//! Input: a [`Ty`]. Output: text that means the same type when it is read as an annotation, as far as the type can be
//! written: generic parameters are single letters, unknown types `_`.

use std::fmt::{self, Display, Formatter, Write};

use crate::{
    signature::Signature,
    ty::{Builtin, Constraint, Head, TraitRef, Ty, rigid_name},
};

impl Display for Ty {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_ty(f, self, false)
    }
}

/// `ty` with full module paths; for two different types whose bare names are equal.
pub fn qualified(ty: &Ty) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_ty(&mut out, ty, true);
    out
}

/// Both types as text; with module paths when the bare names would not tell them apart.
pub fn pair(left: &Ty, right: &Ty) -> (String, String) {
    let bare = (left.to_string(), right.to_string());
    if bare.0 == bare.1 && left != right { (qualified(left), qualified(right)) } else { bare }
}

/// The head alone: `List` for `List[Int]`.
pub fn head(ty: &Ty) -> String {
    match ty {
        Ty::Con(Head::Tuple, _) | Ty::Fn(_) => ty.to_string(),
        Ty::Con(head, _) => head.name().to_owned(),
        _ => ty.to_string(),
    }
}

/// The head as the method errors name it: `Unit`, `Tuple`, `Function`.
pub fn method_head(ty: &Ty) -> String {
    match ty {
        Ty::Con(Head::Builtin(Builtin::Unit), _) => "Unit".to_owned(),
        Ty::Con(head, _) => head.name().to_owned(),
        Ty::Fn(_) => "Function".to_owned(),
        _ => ty.to_string(),
    }
}

fn write_ty(f: &mut dyn Write, ty: &Ty, paths: bool) -> fmt::Result {
    match ty {
        Ty::Con(Head::Tuple, items) => {
            f.write_char('(')?;
            write_list(f, items, paths)?;
            f.write_char(')')
        }
        Ty::Con(head, args) => {
            match head {
                Head::Adt(def) if paths => f.write_str(&def.qualified())?,
                _ => f.write_str(head.name())?,
            }
            if !args.is_empty() {
                f.write_char('[')?;
                write_list(f, args, paths)?;
                f.write_char(']')?;
            }
            Ok(())
        }
        Ty::Fn(function) => {
            match function.params.as_slice() {
                [
                    param @ (Ty::Con(Head::Builtin(_) | Head::Adt(_) | Head::Rigid(_) | Head::Opaque(_), _)
                    | Ty::Param(_)
                    | Ty::Var(_)),
                ] if !param.is(Builtin::Unit) => {
                    write_ty(f, param, paths)?;
                }
                params => {
                    f.write_char('(')?;
                    write_list(f, params, paths)?;
                    f.write_char(')')?;
                }
            }
            f.write_str(" -> ")?;
            write_ty(f, &function.result, paths)
        }
        Ty::Param(index) => write_param(f, *index),
        Ty::Var(_) | Ty::Error => f.write_char('_'),
        Ty::Never => f.write_str("Never"),
        Ty::Dyn => f.write_str("Dyn"),
    }
}

fn write_list(f: &mut dyn Write, items: &[Ty], paths: bool) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write_ty(f, item, paths)?;
    }
    Ok(())
}

fn write_param(f: &mut dyn Write, index: u32) -> fmt::Result {
    let letter = char::from(b'a' + (index % 26) as u8);
    f.write_char(letter)?;
    if index >= 26 {
        write!(f, "{}", index / 26)?;
    }
    Ok(())
}

/// The name of the generic parameter as it is shown: a declared one by its own name, an inferred one by a letter.
pub fn generic_name(name: &str, index: u32) -> String {
    if name.starts_with('\'') {
        let mut out = String::new();
        let _ = write_param(&mut out, index);
        out
    } else {
        rigid_name(name).to_owned()
    }
}

/// A scheme as one line: `[T](T, a) -> a where Num a, a.name: b`.
pub fn scheme(signature: &Signature) -> String {
    let name = |ty: &Ty| {
        let named = ty.map_leaves(&mut |leaf| match leaf {
            Ty::Param(index) => {
                let name = signature.generics.get(*index as usize).map_or("", |name| name.as_str());
                Some(Ty::rigid(generic_name(name, *index).into()))
            }
            _ => None,
        });
        named.to_string()
    };
    let list =
        |types: &[(Option<base_db::Name>, Ty)]| types.iter().map(|(_, ty)| name(ty)).collect::<Vec<_>>().join(", ");
    let params: Vec<String> = signature
        .params
        .iter()
        .map(|param| if param.default.is_some() { format!("{}?", name(&param.ty)) } else { name(&param.ty) })
        .collect();
    let mut out = if params.is_empty() { String::new() } else { format!("({}) -> ", params.join(", ")) };
    out.push_str(&name(&signature.result));
    let constraints: Vec<String> = signature
        .constraints
        .iter()
        .map(|constraint| match constraint {
            Constraint::Trait { trait_: TraitRef::Builtin(trait_), ty } => format!("{trait_} {}", name(ty)),
            Constraint::Trait { trait_: TraitRef::Def(def), ty } => format!("{} {}", def.name(), name(ty)),
            Constraint::HasField { ty, field, result } => format!("{}.{field}: {}", name(ty), name(result)),
            Constraint::HasMethod { ty, method, args, result, .. } => {
                format!("{}.{method}({}) -> {}", name(ty), list(args), name(result))
            }
            Constraint::Arith { left, right, result, .. } => {
                format!("{} with {} is {}", name(left), name(right), name(result))
            }
            Constraint::Index { container, index, element, .. } => {
                format!("{}[{}]: {}", name(container), name(index), name(element))
            }
            Constraint::IndexSet { container, index, element } => {
                format!("{}[{}] = {}", name(container), name(index), name(element))
            }
            Constraint::Length { ty } => format!("length({})", name(ty)),
            Constraint::Literal { ty } => format!("{} from a literal", name(ty)),
            Constraint::Concat { ty } => format!("Concat {}", name(ty)),
            Constraint::Reflect { ty } => format!("{} at run time", name(ty)),
            Constraint::Overload { functions, args, result } => {
                let function = functions.first().map_or("", |def| def.name().as_str());
                format!("{function}({}) -> {}", list(args), name(result))
            }
        })
        .collect();
    if !constraints.is_empty() {
        out.push_str(" where ");
        out.push_str(&constraints.join(", "));
    }
    out
}

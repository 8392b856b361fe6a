//! Types as reflection sees them, and constructors as chunks name them.
//!
//! Input: resolved type definitions. Output: plain data of `bytecode`, with full names.

use bytecode::{ConstructorRef, TypeDesc, TypeDescBody, TypeKind, TypeText};
use types::{Head, Ty, TypeDef};

use crate::lower::type_ref;

/// How chunks name the constructor with that index; `None`: there is none.
pub(crate) fn constructor_ref(def: &TypeDef, index: u32) -> Option<ConstructorRef> {
    let constructor = def.constructors.get(index as usize)?;
    let kind = match (def.record, def.mutable || def.reactive) {
        (true, false) => TypeKind::Record,
        (true, true) => TypeKind::Reactive,
        (false, false) => TypeKind::Variant,
        (false, true) => TypeKind::ReactiveVariant,
    };
    let fields = match constructor.field_names.is_empty() {
        true => (0..constructor.fields.len()).map(|index| format!("_{index}").into()).collect(),
        false => constructor.field_names.clone(),
    };
    Some(ConstructorRef {
        ty: type_ref(&def.def),
        kind,
        name: constructor.name.clone(),
        index: index as u16,
        siblings: def.constructors.len() as u16,
        fields,
    })
}

/// A type as reflection sees it. `None`: an opaque type, of which nothing can be told.
pub fn describe(def: &TypeDef) -> Option<TypeDesc> {
    let body = match &def.alias {
        Some(target) => TypeDescBody::Alias(text(target, def)),
        None if def.constructors.is_empty() => return None,
        None => {
            let constructors = def.constructors.iter().zip(0..).filter_map(|(constructor, index)| {
                let fields = constructor.fields.iter().map(|ty| text(ty, def)).collect();
                Some((constructor_ref(def, index)?, fields))
            });
            TypeDescBody::Data(constructors.collect())
        }
    };
    Some(TypeDesc { params: def.params.clone(), body })
}

fn text(ty: &Ty, def: &TypeDef) -> TypeText {
    let all = |types: &[Ty]| types.iter().map(|ty| text(ty, def)).collect();
    match ty {
        Ty::Con(Head::Tuple, items) => TypeText::Tuple(all(items)),
        Ty::Con(Head::Builtin(types::Builtin::Unit), _) => TypeText::Tuple(Vec::new()),
        Ty::Con(Head::Adt(adt), args) => TypeText::Named(adt.qualified().into(), all(args)),
        Ty::Con(head, args) => TypeText::Named(head.name().into(), all(args)),
        Ty::Param(index) => TypeText::Named(def.params.get(*index as usize).cloned().unwrap_or_default(), Vec::new()),
        Ty::Fn(_) => TypeText::Function,
        Ty::Var(_) | Ty::Never | Ty::Dyn | Ty::Error => TypeText::Named(ty.to_string().into(), Vec::new()),
    }
}

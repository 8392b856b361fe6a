//! Fields.
//!
//! Input: the type of a value and a name. Output: type and place of the field, or the problem that there is none.

use base_db::Name;

use super::{Check, lookup::table_head};
use crate::{
    infer::FieldAccess,
    report::{self, Draft},
    signature::TypeDef,
    suggest,
    ty::{Head, Ty},
};

impl Check<'_, '_> {
    /// Type and place of a field; `None`: the type has no such field, or is open.
    pub(crate) fn field_of(&mut self, ty: &Ty, name: &Name) -> Option<(Ty, FieldAccess)> {
        match self.table.shallow(ty) {
            Ty::Con(Head::Tuple, items) => {
                let index: usize = name.parse().ok()?;
                Some((items.get(index)?.clone(), FieldAccess::Tuple(index as u32)))
            }
            Ty::Con(Head::Adt(def), args) => {
                let definition = self.doors.type_def(&def)?;
                let [constructor] = definition.constructors.as_slice() else { return None };
                let index = constructor.field_names.iter().position(|field| field == name);
                match index {
                    Some(index) => {
                        Some((constructor.fields[index].instantiate(&args), FieldAccess::Index(index as u32)))
                    }
                    None if definition.reactive && matches!(name.as_str(), "parents" | "children") => {
                        Some((Ty::Dyn, FieldAccess::Dynamic(name.clone())))
                    }
                    None => None,
                }
            }
            _ => None,
        }
    }

    /// The problem of a field that `ty` does not have.
    pub(crate) fn no_field(&mut self, ty: &Ty, field: &Name) -> Draft {
        let draft = report::no_field(ty, field);
        let head = ty.head().and_then(table_head).unwrap_or("Function");
        if stdlib::builtin_methods(head, field).next().is_some() {
            return draft.help(format!("`{field}` is a method: write `.{field}()`"));
        }
        let fields = self.field_names(ty);
        suggest::near(draft, field, fields.into_iter())
    }

    pub(super) fn field_names(&mut self, ty: &Ty) -> Vec<Name> {
        match ty {
            Ty::Con(Head::Adt(def), _) => match self.doors.type_def(def).as_deref() {
                Some(TypeDef { constructors, .. }) if constructors.len() == 1 => constructors[0].field_names.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

//! Why a name means nothing, and what to write instead.
//!
//! Input: a problem about an unknown name. Output: the same problem with a proposal, or as a note that points at the
//! import that failed. Only problems come here, and definitions with problems are never kept on disk, so the questions
//! are not recorded as answers of other definitions.

use base_db::{ModuleId, Name};
use hir::{Wanted, problem::Severity};

use crate::{doors::Doors, report::Draft};

/// Adds to `draft`, a problem about `name` in `scope`, what is known of the name. `more`: further names that are in scope.
pub(crate) fn explain(
    doors: &Doors<'_>,
    scope: &Name,
    name: &str,
    wanted: Wanted,
    more: impl Iterator<Item = Name>,
    draft: Draft,
) -> Draft {
    let draft = consequence(doors, scope, name, draft);
    if draft.severity == Severity::Note || draft.help.is_some() {
        return draft;
    }
    let db = doors.db;
    let module = ModuleId::new(db, scope.clone());
    if let Some(path) = hir::private_in_import(db, module, name, wanted) {
        return draft
            .note(format!("`{name}` is private in module `{path}`"))
            .help(format!("mark it `pub` in `{path}`"));
    }
    let own = |path: &&Name| *path != scope;
    let modules: Vec<String> =
        hir::modules_with(db, name, wanted).iter().filter(own).map(|module| format!("`use {module}.{name}`")).collect();
    match modules.as_slice() {
        [] => match hir::near_in_scope(db, module, name, wanted, more) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft,
        },
        [only] => draft.help(format!("did you mean {only}?")),
        [first, second, ..] => draft.help(format!("did you mean {first} or {second}?")),
    }
}

/// Makes `draft`, a problem about `name` in `scope`, a note that points at an import that failed, if one explains it.
pub(crate) fn consequence(doors: &Doors<'_>, scope: &Name, name: &str, draft: Draft) -> Draft {
    match hir::failed_import(doors.db, ModuleId::new(doors.db, scope.clone()), name) {
        Some((place, why)) => draft.because(place, why),
        None => draft,
    }
}

/// Names of built-in types, for proposals.
pub(crate) fn builtin_types() -> impl Iterator<Item = Name> {
    const NAMES: [&str; 26] = [
        "Array",
        "BigInt",
        "Bool",
        "Buffer",
        "Char",
        "Decimal",
        "Float",
        "Float32",
        "Float32Array",
        "Float64Array",
        "Int",
        "Int16",
        "Int32",
        "Int64Array",
        "Int8",
        "List",
        "Map",
        "Pid",
        "Ref",
        "Set",
        "String",
        "UInt16",
        "UInt32",
        "UInt64",
        "UInt8",
        "Unit",
    ];
    NAMES.into_iter().map(Name::new_static)
}

/// Adds the name among `candidates` that `name` was probably meant to be.
pub(crate) fn near(draft: Draft, name: &str, candidates: impl Iterator<Item = Name>) -> Draft {
    match hir::near(name, candidates) {
        Some(near) if draft.help.is_none() => draft.help(format!("did you mean `{near}`?")),
        _ => draft,
    }
}

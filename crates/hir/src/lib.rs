//! What the text means before types: item trees, headers, scopes and imports, units, bodies.
//!
//! Input: syntax trees and the inputs of `base-db`. Output: plain data whose identities are names
//! ([`base_db::DefName`]), and queries that answer with it. Does not know: types, bytecode, the store.
//!
//! Invariant: no value that others compare holds a position. Positions are found late, by [`place_range`].

pub mod body;
mod collect;
mod errors;
mod impls;
mod imports;
mod item_header;
pub mod item_tree;
mod lower;
mod near;
mod place;
mod print;
pub mod problem;
mod project;
pub mod query;
mod resolve;
pub mod scope;
mod suggest;
mod template;
pub mod type_ref;
mod units;

pub use collect::{Collected, DefinitionIndex, lower_items, lower_type};
pub use impls::{ImplIndex, MethodsNamed, impl_index, impls_of, methods_named};
pub use imports::import_problems;
pub use lower::lower_body;
pub use near::near;
pub use place::{place_range, source_fingerprint};
pub use project::{definition_problems, project_problems, syntax_problems};
pub use query::{
    Item, const_item, expansion_questions, file_of_def, function_item, header, impl_item, item, module_exists,
    module_file, module_header, module_items, parse, trait_item, type_item, value_item,
};
pub use resolve::{Qualifier, ScopedName, exported, qualifier, resolve};
pub use suggest::{Wanted, failed_import, modules_with, near_in_scope, near_member, private_in_import};
pub use template::{TemplateQuestion, template_answer, templates_fingerprint};
pub use units::{Unit, UnitGraph, components, imported_modules, unit_files, unit_graph};

/// What this layer needs of the database.
#[salsa::db]
pub trait HirDb: base_db::SourceDb {
    /// The header of `file`, if the store has one for its text; equal to what lowering would give as long as the answers
    /// in [`item_tree::Header::templates`] hold.
    fn stored_header(&self, file: base_db::File) -> Option<std::sync::Arc<item_tree::Header>>;

    /// [`imported_modules`] of the header of `file`, if they are known without its header: what the module graph needs of
    /// all files, also of those that nobody asks for. Not known where the header depends on templates of other files.
    ///
    /// This and [`HirDb::lacks_globals`] are the outline of a file: a function of its text that the host keeps up to date.
    /// "Not known" is always right, and needs no announcement. When what was known of a file is something else now,
    /// [`base_db::FileShard::outlines_changed`] says so before anybody relies on a fold over files.
    fn stored_imports(&self, file: base_db::File) -> Option<std::sync::Arc<[base_db::Name]>> {
        let _ = file;
        None
    }

    /// Whether it is known without the header of `file` that it declares nothing that the whole project sees: no trait, no
    /// impl and no template.
    fn lacks_globals(&self, file: base_db::File) -> bool {
        let _ = file;
        false
    }

    /// The files of the unit of `file`, sorted by path, if they are known without the module graph. Asked only while
    /// [`base_db::Project::grouped`] holds.
    fn stored_unit(&self, file: base_db::File) -> Option<Vec<base_db::File>> {
        let _ = file;
        None
    }
}

#[cfg(test)]
mod tests;

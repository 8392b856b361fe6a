//! What the text means before types: item trees, headers, scopes and imports, units, bodies.
//!
//! Input: syntax trees and the inputs of `base-db`. Output: plain data whose identities are names
//! ([`base_db::DefName`]), and queries that answer with it. Does not know: types, bytecode, the store.
//!
//! Invariant: no value that others compare holds a position. Positions are found late, by [`place_range`].

pub mod body;
mod collect;
mod errors;
mod item_header;
pub mod item_tree;
mod lower;
pub mod problem;
pub mod query;
mod resolve;
pub mod scope;
pub mod type_ref;

pub use collect::{Collected, DefinitionIndex, collect, lower_items, lower_type};
pub use query::{
    Item, const_item, file_of_def, function_item, header, impl_item, item, module_exists, module_file, module_header,
    module_items, parse, trait_item, type_item, value_item,
};
pub use resolve::{Qualifier, ScopedName, exported, qualifier, resolve};

/// What this layer needs of the database.
#[salsa::db]
pub trait HirDb: base_db::SourceDb {
    /// The header of `file`, if the store has a valid one; equal to what lowering its text would give.
    fn stored_header(&self, file: base_db::File) -> Option<std::sync::Arc<item_tree::Header>>;
}

//! Headers: the names of an item tree.
//!
//! Input: an item tree. Output: a [`Header`]. Invariant: a header is a pure projection, so that a stored one equals the
//! one that lowering would give.

use base_db::Name;
use rustc_hash::FxHashMap;

use crate::{
    item_tree::{Header, HeaderDef, ItemTree, ModuleHeader, ModuleItems, TypeBody, TypeItem},
    type_ref::TypeRef,
};

impl Header {
    /// The header of a file with these items, as if no decorator had asked other files.
    pub fn of(tree: &ItemTree) -> Header {
        Header {
            modules: tree.modules.iter().map(|module| ModuleHeader::of(module)).collect(),
            mentions: tree.mentions.clone(),
            templates: Vec::new(),
        }
    }
}

impl ModuleHeader {
    fn of(items: &ModuleItems) -> ModuleHeader {
        // One public overload makes the name public.
        let mut public: FxHashMap<&Name, bool> = FxHashMap::default();
        for item in &items.functions {
            *public.entry(item.def.name()).or_default() |= item.public;
        }
        let plain = |def: &base_db::DefName, public| HeaderDef { def: def.clone(), public, members: Vec::new() };
        let mut defs: Vec<HeaderDef> = Vec::new();
        defs.extend(items.functions.iter().map(|item| plain(&item.def, public[item.def.name()])));
        defs.extend(items.values.iter().chain(&items.mvars).map(|item| plain(&item.def, item.public)));
        defs.extend(items.consts.iter().map(|item| plain(&item.def, item.public)));
        defs.extend(items.templates.iter().map(|item| plain(&item.def, false)));
        defs.extend(items.types.iter().map(|item| HeaderDef {
            def: item.def.clone(),
            public: item.public,
            members: constructors(item),
        }));
        defs.extend(items.traits.iter().map(|item| HeaderDef {
            def: item.def.clone(),
            public: item.public,
            members: item.methods.iter().map(|method| method.def.name().clone()).collect(),
        }));
        defs.extend(items.impls.iter().map(|item| HeaderDef {
            def: item.def.clone(),
            public: true,
            members: vec![item.target.head(), item.trait_name.clone()],
        }));
        defs.sort_unstable_by(|a, b| a.def.cmp(&b.def));
        ModuleHeader { path: items.path.clone(), uses: items.uses.clone(), defs, blocks: items.blocks.clone() }
    }
}

/// Names of the constructors in order; a record has one with the name of the type.
fn constructors(item: &TypeItem) -> Vec<Name> {
    match &item.body {
        TypeBody::Record(_) => vec![item.def.name().clone()],
        TypeBody::Variant(variants) => variants.iter().map(|variant| variant.name.clone()).collect(),
        TypeBody::Alias(_) | TypeBody::Opaque => Vec::new(),
    }
}

impl TypeRef {
    /// The type constructor as written, without its arguments.
    pub fn head(&self) -> Name {
        match self {
            TypeRef::Named { path, .. } => path.clone(),
            TypeRef::List(_) => Name::new_static("List"),
            TypeRef::Tuple(_) => Name::new_static("Tuple"),
            TypeRef::Unit => Name::new_static("()"),
            TypeRef::Function { .. } => Name::new_static("->"),
            TypeRef::Record(_) => Name::new_static("{}"),
            TypeRef::Error => Name::default(),
        }
    }
}

//! The traits and impls of the whole project, library included, by trait and by method name.
//!
//! Input: headers and what trait names in them mean. Output: [`ImplIndex`] and its projections [`impls_of`] and
//! [`methods_named`], which are what others should ask. Folded over shards, so that an edit revisits one shard.
//!
//! Invariant: sorted lists; nothing of a body or signature.

use std::sync::Arc;

use base_db::{DefId, DefKind, DefName, File, FileShard, ModuleId, Name, Project, Stamped};
use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{HirDb, query::header, resolve::resolve};

/// Traits and impls of the project, each with its methods.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImplIndex {
    /// Traits and the names of their methods, sorted by trait.
    pub traits: Vec<(DefName, Vec<Name>)>,
    /// Impls with the trait each implements, sorted by trait, then impl. Impls of unknown traits are missing.
    pub impls: Vec<(DefName, DefName)>,
}

/// Who has a method of one name; see [`methods_named`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct MethodsNamed {
    /// Traits with a method of that name, sorted.
    pub traits: Vec<DefName>,
    /// Impls of those traits, sorted.
    pub impls: Vec<DefName>,
}

/// The traits and impls of one file.
#[salsa::tracked]
fn file_impls(db: &dyn HirDb, file: File) -> Arc<ImplIndex> {
    let mut index = ImplIndex::default();
    for module in &header(db, file).modules {
        for item in &module.defs {
            match item.def.kind() {
                DefKind::Trait => index.traits.push((item.def.clone(), item.members.clone())),
                DefKind::Impl => {
                    let Some(name) = item.members.last() else { continue };
                    let scope = ModuleId::new(db, module.path.clone());
                    if let Some(trait_) = &resolve(db, scope, name).trait_ {
                        index.impls.push((trait_.clone(), item.def.clone()));
                    }
                }
                _ => {}
            }
        }
    }
    Arc::new(index)
}

/// The traits and impls of one shard. Files of which the host knows that they have none are not looked at.
#[salsa::tracked]
fn shard_impls(db: &dyn HirDb, shard: FileShard) -> Arc<ImplIndex> {
    let _ = shard.outlines(db);
    let files = shard.files(db).iter().filter(|&&file| !db.lacks_globals(file));
    Arc::new(merged(files.map(|&file| &**file_impls(db, file))))
}

fn merged<'a>(parts: impl Iterator<Item = &'a ImplIndex>) -> ImplIndex {
    let mut index = ImplIndex::default();
    for part in parts {
        index.traits.extend_from_slice(&part.traits);
        index.impls.extend_from_slice(&part.impls);
    }
    index.traits.sort_unstable();
    index.impls.sort_unstable();
    index
}

/// All traits and impls of the project. Changes with each added or removed one: ask [`impls_of`] and [`methods_named`].
pub fn impl_index(db: &dyn HirDb) -> &Stamped<ImplIndex> {
    project_impls(db, db.project())
}

#[salsa::tracked]
fn project_impls(db: &dyn HirDb, project: Project) -> Stamped<ImplIndex> {
    Stamped::new(merged(project.shards(db).iter().map(|&shard| &**shard_impls(db, shard))))
}

/// Lookup tables over [`impl_index`].
#[derive(Debug, PartialEq, Eq, Default)]
struct Tables {
    impls: FxHashMap<DefName, Vec<DefName>>,
    methods: FxHashMap<Name, MethodsNamed>,
}

#[salsa::tracked]
fn impl_tables(db: &dyn HirDb, project: Project) -> Arc<Tables> {
    let index = project_impls(db, project);
    let mut impls: IndexMap<DefName, Vec<DefName>, rustc_hash::FxBuildHasher> = IndexMap::default();
    for (trait_, item) in &index.impls {
        impls.entry(trait_.clone()).or_default().push(item.clone());
    }
    let mut methods: FxHashMap<Name, MethodsNamed> = FxHashMap::default();
    for (trait_, names) in &index.traits {
        for name in names {
            let entry = methods.entry(name.clone()).or_default();
            if entry.traits.last() != Some(trait_) {
                entry.traits.push(trait_.clone());
                entry.impls.extend(impls.get(trait_).into_iter().flatten().cloned());
            }
        }
    }
    methods.values_mut().for_each(|entry| entry.impls.sort_unstable());
    Arc::new(Tables { impls: impls.into_iter().collect(), methods })
}

/// The impls of `trait_` in the whole project, sorted.
#[salsa::tracked]
pub fn impls_of<'db>(db: &'db dyn HirDb, trait_: DefId<'db>) -> Stamped<Vec<DefName>> {
    Stamped::new(impl_tables(db, db.project()).impls.get(trait_.name(db)).cloned().unwrap_or_default())
}

/// Salsa's key for a method name.
#[salsa::interned(debug, revisions = usize::MAX)]
struct MethodName<'db> {
    #[returns(ref)]
    name: Name,
}

/// The traits of the whole project that have a method of this name, and their impls.
pub fn methods_named<'db>(db: &'db dyn HirDb, name: &str) -> &'db Stamped<MethodsNamed> {
    methods_of_name(db, MethodName::new(db, Name::from(name)))
}

#[salsa::tracked]
fn methods_of_name<'db>(db: &'db dyn HirDb, name: MethodName<'db>) -> Stamped<MethodsNamed> {
    Stamped::new(impl_tables(db, db.project()).methods.get(name.name(db)).cloned().unwrap_or_default())
}

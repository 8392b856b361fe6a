//! What an unknown name was probably meant to be.
//!
//! Input: a name that means nothing in a module, and what kind of thing is wanted. Output: a name in scope that is few
//! letters away, the modules that would have to be imported, or the failed import that the name should have come from.
//!
//! Only definitions with a problem ask, so what is looked at (whole modules, the whole project) is a dependency of
//! nobody else.

use std::sync::Arc;

use base_db::{DefKind, FileShard, ModuleId, Name};
use rustc_hash::FxHashMap;

use crate::{
    HirDb,
    item_tree::UseKind,
    near::{near, near_names},
    problem::{Anchor, Place},
    query::{header, module_file, module_uses},
    resolve::{file_scope, module_names, prelude_names, use_target},
    scope::Exported,
};

/// The name spaces that an unknown name may be missing from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// A function, value or constant.
    Value,
    /// A type.
    Type,
    /// A trait.
    Trait,
    /// A constructor.
    Constructor,
}

impl Wanted {
    fn of(kind: DefKind) -> Option<Wanted> {
        match kind {
            DefKind::Function | DefKind::Value | DefKind::Const => Some(Wanted::Value),
            DefKind::Type => Some(Wanted::Type),
            DefKind::Trait => Some(Wanted::Trait),
            _ => None,
        }
    }

    /// Whether `exported` has such a thing, a public one if `public` is asked for.
    fn is_in(self, exported: &Exported, public: bool) -> bool {
        match self {
            Wanted::Constructor => exported.constructors.iter().any(|(_, _, visible)| *visible || !public),
            _ => {
                exported.defs.iter().any(|(def, visible)| (*visible || !public) && Wanted::of(def.kind()) == Some(self))
            }
        }
    }
}

/// The name in scope of `module` that `name` was probably meant to be; `more` are names that the caller knows besides.
pub fn near_in_scope<'db>(
    db: &'db dyn HirDb,
    module: ModuleId<'db>,
    name: &str,
    wanted: Wanted,
    more: impl Iterator<Item = Name>,
) -> Option<Name> {
    let mut candidates: Vec<Name> = more.collect();
    let mut add = |of: ModuleId<'db>, public: bool| {
        candidates.extend(near_names(db, of, name, |_, found| wanted.is_in(found, public)));
    };
    let mut aliases: Vec<Name> = Vec::new();
    for scope in [Some(module), file_scope(db, module)].into_iter().flatten() {
        if scope == module || scope.path(db).is_empty() {
            add(scope, false);
        }
        for decl in module_uses(db, scope) {
            match &decl.kind {
                UseKind::Star => {
                    if let Some(path) = use_target(db, scope, &decl.path) {
                        add(ModuleId::new(db, path), true);
                    }
                }
                UseKind::List(items) => {
                    aliases.extend(items.iter().map(|(original, alias)| alias.as_ref().unwrap_or(original).clone()));
                }
                UseKind::Single(original, alias) => aliases.push(alias.as_ref().unwrap_or(original).clone()),
                UseKind::Bare => {}
            }
        }
    }
    let prelude = prelude_names(db, db.project()).iter().filter(|(_, found)| match wanted {
        Wanted::Value => !found.functions.is_empty() || found.value.is_some(),
        Wanted::Type => found.ty.is_some(),
        Wanted::Trait => found.trait_.is_some(),
        Wanted::Constructor => !found.constructors.is_empty(),
    });
    candidates.extend(prelude.map(|(name, _)| name.clone()));
    near(name, candidates.into_iter().chain(aliases))
}

/// The public member of `module` that `name` was probably meant to be.
pub fn near_member<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, name: &str) -> Option<Name> {
    let is_upper = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
    near(
        name,
        near_names(db, module, name, |found, exported| exported.is_public() && is_upper(found) == is_upper(name)),
    )
}

/// Salsa's key of [`modules_with`].
#[salsa::interned(debug, revisions = usize::MAX)]
struct WantedName<'db> {
    #[returns(ref)]
    name: Name,
    #[returns(copy)]
    wanted: Wanted,
}

/// The modules of the project and of the library that have a public definition of this name, sorted.
pub fn modules_with<'db>(db: &'db dyn HirDb, name: &str, wanted: Wanted) -> &'db [Name] {
    definers(db, WantedName::new(db, Name::from(name), wanted))
}

#[salsa::tracked(returns(deref))]
fn definers<'db>(db: &'db dyn HirDb, key: WantedName<'db>) -> Arc<[Name]> {
    let mut modules: Vec<Name> = Vec::new();
    for &shard in db.project().shards(db) {
        let found = shard_exports(db, shard).get(key.name(db)).into_iter().flatten();
        modules.extend(found.filter(|(_, kind)| *kind == key.wanted(db)).map(|(module, _)| module.clone()));
    }
    modules.sort_unstable();
    modules.dedup();
    modules.into()
}

type Exports = FxHashMap<Name, Vec<(Name, Wanted)>>;

/// The public names of the files of one shard with the modules that define them.
#[salsa::tracked]
fn shard_exports(db: &dyn HirDb, shard: FileShard) -> Arc<Exports> {
    let mut exports = Exports::default();
    for &file in shard.files(db) {
        let library = file.library(db);
        for module in header(db, file).modules.iter().filter(|module| !module.path.is_empty()) {
            for item in module.defs.iter().filter(|item| item.public || library) {
                let Some(kind) = Wanted::of(item.def.kind()) else { continue };
                exports.entry(item.def.name().clone()).or_default().push((module.path.clone(), kind));
                if kind == Wanted::Type {
                    for constructor in &item.members {
                        let entry = exports.entry(constructor.clone()).or_default();
                        entry.push((module.path.clone(), Wanted::Constructor));
                    }
                }
            }
        }
    }
    Arc::new(exports)
}

/// The import of `module`, or of its file, that failed and may be why `name` means nothing, with what is wrong with it.
pub fn failed_import<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, name: &str) -> Option<(Place, String)> {
    let first = name.split('.').next().unwrap_or(name);
    for scope in [Some(module), file_scope(db, module)].into_iter().flatten() {
        for (n, decl) in module_uses(db, scope).iter().enumerate() {
            let place = |item| Place { module: scope.path(db).clone(), def: None, anchor: Anchor::Use(n as u32, item) };
            let target = use_target(db, scope, &decl.path).map(|path| ModuleId::new(db, path));
            let lacks = |original: &Name| match target {
                Some(target) => !module_names(db, target).contains_key(original),
                None => true,
            };
            let item = match &decl.kind {
                UseKind::Star => target.is_none_or(|target| is_broken(db, target)).then_some(None),
                UseKind::List(items) => items
                    .iter()
                    .position(|(original, alias)| alias.as_ref().unwrap_or(original) == first && lacks(original))
                    .map(|at| Some(at as u32)),
                UseKind::Single(original, alias) => {
                    (alias.as_ref().unwrap_or(original) == first && lacks(original)).then_some(None)
                }
                UseKind::Bare => None,
            };
            // `gone.f(…)` after any `use gone…`.
            let item = item.or_else(|| (target.is_none() && decl.path == name).then_some(None));
            if let Some(item) = item {
                let why = match target {
                    Some(_) if matches!(decl.kind, UseKind::Star) => "has syntax errors",
                    Some(_) => "does not define it",
                    None => "was not found",
                };
                return Some((place(item), format!("it should come from here, but module `{}` {why}", decl.path)));
            }
        }
    }
    None
}

/// The module that `module` or its file imports with `*` and that has a private `name`.
pub fn private_in_import<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, name: &str, wanted: Wanted) -> Option<Name> {
    [Some(module), file_scope(db, module)].into_iter().flatten().find_map(|scope| {
        module_uses(db, scope).iter().find_map(|decl| {
            let path = use_target(db, scope, &decl.path).filter(|_| matches!(decl.kind, UseKind::Star))?;
            let names = module_names(db, ModuleId::new(db, path.clone()));
            names.get(name).is_some_and(|found| wanted.is_in(found, false)).then_some(path)
        })
    })
}

/// Whether names may be missing from a module because its text cannot be read.
pub(crate) fn is_broken<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> bool {
    module_file(db, module).is_some_and(|file| !crate::project::syntax_problems(db, file).is_empty())
}

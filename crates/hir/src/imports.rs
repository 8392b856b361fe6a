//! Problems of `use` declarations.
//!
//! Input: the imports of one module and the names of the modules they mention. Output: problems that name the n-th
//! `use`. Conflicts are found eagerly, hence this looks at whole modules, which nothing else does.

use std::sync::Arc;

use base_db::{DefKind, ModuleId, Name};
use rustc_hash::FxHashMap;

use crate::{
    HirDb,
    collect::join,
    errors,
    item_tree::UseKind,
    near::{near, near_module, near_names},
    problem::{Anchor, Place, Problem},
    query::{module_file, module_uses},
    resolve::{claims, encloses, module_names, use_target},
    suggest::is_broken,
};

/// What is wrong with the imports of one module or block.
#[salsa::tracked(returns(deref))]
pub fn import_problems<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Arc<[Problem]> {
    let mut check = Check { db, module, problems: Vec::new(), imported: FxHashMap::default() };
    for (n, decl) in module_uses(db, module).iter().enumerate() {
        let n = n as u32;
        match &decl.kind {
            UseKind::Star => {
                if let Some(target) = check.target(n, &decl.path) {
                    check.star(n, target);
                }
            }
            UseKind::List(items) => {
                let Some(target) = check.target(n, &decl.path) else { continue };
                for (k, (name, alias)) in items.iter().enumerate() {
                    check.named(n, Some(k as u32), target, name, alias.as_ref().unwrap_or(name));
                }
            }
            UseKind::Single(name, alias) => {
                // `use a.b` may name a module, which then becomes legal as a qualifier.
                let whole = join(&decl.path, name);
                let is_module = use_target(db, module, &whole).is_some() || is_missing_library_module(&whole);
                let target = if is_module { check.find(&decl.path) } else { check.target(n, &decl.path) };
                let Some(target) = target else { continue };
                if !is_module || module_names(db, target).contains_key(name) {
                    check.named(n, None, target, name, alias.as_ref().unwrap_or(name));
                }
            }
            // A syntax error.
            UseKind::Bare => {}
        }
    }
    check.problems.into()
}

/// Number of a `use` and of the item in its list.
type At = (u32, Option<u32>);

struct Check<'db> {
    db: &'db dyn HirDb,
    module: ModuleId<'db>,
    problems: Vec<Problem>,
    /// Local names with the module and the name there, and where they were imported first.
    imported: FxHashMap<&'db Name, (&'db Name, &'db Name, At)>,
}

impl<'db> Check<'db> {
    fn place(&self, n: u32, item: Option<u32>) -> Place {
        Place { module: self.module.path(self.db).clone(), def: None, anchor: Anchor::Use(n, item) }
    }

    fn find(&self, path: &str) -> Option<ModuleId<'db>> {
        use_target(self.db, self.module, path).map(|path| ModuleId::new(self.db, path))
    }

    fn target(&mut self, n: u32, path: &Name) -> Option<ModuleId<'db>> {
        let found = self.find(path);
        if found.is_none() {
            let db = self.db;
            let problem = errors::module_not_found(self.place(n, None), path, near_module(db, path));
            self.problems.push(problem);
        }
        found
    }

    fn named(&mut self, n: u32, item: Option<u32>, target: ModuleId<'db>, name: &'db Name, local: &'db Name) {
        let db = self.db;
        let names = module_names(db, target);
        let path = target.path(db);
        let place = || self.place(n, item);
        // Templates are known to the whole project; importing one says which of several is meant.
        let is_template = names
            .get(name)
            .is_some_and(|exported| exported.defs.iter().any(|(def, _)| def.kind() == DefKind::Template));
        if is_template && names.get(name).is_some_and(|exported| !claims(exported)) {
            return;
        }
        // mvars cannot be imported, so for importers they do not exist.
        let Some(exported) = names
            .get(name)
            .filter(|exported| claims(exported) || !exported.constructors.is_empty() || !exported.method_of.is_empty())
        else {
            let visible = near_names(db, target, name, |_, exported| exported.is_public());
            let mut problem = errors::not_defined_in(place(), name, path, near(name, visible));
            if is_broken(db, target) {
                errors::consequence(&mut problem, path);
            }
            self.problems.push(problem);
            return;
        };
        let library = module_file(db, target).is_some_and(|file| file.library(db));
        if !exported.is_public() && !library && !encloses(db, target, self.module) {
            let is_trait = exported.defs.iter().any(|(def, _)| def.kind() == DefKind::Trait);
            self.problems.push(errors::private_in(place(), name, path, is_trait));
        } else if claims(exported) {
            self.claim(local, path, name, (n, item));
        }
    }

    fn star(&mut self, n: u32, target: ModuleId<'db>) {
        let path = target.path(self.db);
        if path == self.module.path(self.db) {
            return;
        }
        let mut names: Vec<&'db Name> = module_names(self.db, target)
            .iter()
            .filter(|(_, exported)| claims(exported) && exported.is_public())
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        // One `use` is one mistake, however many names it brings twice.
        let before = self.problems.len();
        for name in names {
            self.claim(name, path, name, (n, None));
        }
        let more = self.problems.len().saturating_sub(before + 1);
        self.problems.truncate(before + 1);
        if more > 0
            && let Some(problem) = self.problems.last_mut()
        {
            problem.notes.push(format!("{more} more {} in conflict", if more == 1 { "name is" } else { "names are" }));
        }
    }

    fn claim(&mut self, local: &'db Name, path: &'db Name, name: &'db Name, at: At) {
        let &mut (module, original, first) = self.imported.entry(local).or_insert((path, name, at));
        if module != path || original != name {
            let [place, first] = [at, first].map(|(n, item)| self.place(n, item));
            self.problems.push(errors::import_conflict(place, local, module, path, first));
        }
    }
}

/// Whether `path` is a module that the language's library has and this one has not. Importing one is harmless as long as
/// nothing of it is used.
fn is_missing_library_module(path: &str) -> bool {
    path.strip_prefix("stdlib.").is_some_and(|name| stdlib::missing_module(name).is_some())
}

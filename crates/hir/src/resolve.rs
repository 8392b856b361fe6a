//! What a name means inside a module, and what a module shows to others.
//!
//! Input: headers of modules. Output: [`Resolved`] and [`Exported`], stamped, because who asks records the fingerprint.
//!
//! The order is: own definitions, definitions of the root for blocks of a single file, imports of the block, imports of
//! the file, the prelude; and as the very last step a constructor that is unique in the library. Functions of a later
//! step stay visible beside those of an earlier one unless an earlier one takes all their calls.
//!
//! Invariant: what a name means is a query of its own, and equal while no header changes what it means. Names that
//! another module got or lost are seen by those who import from it, and stop there for all other names.

use std::sync::Arc;

use base_db::{DefKind, DefName, ModuleId, Name, Stamped, is_root_module, library_path};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    HirDb,
    collect::join,
    item_tree::{ModuleHeader, UseKind},
    query::{header, module_exists, module_file, module_header, module_uses},
    scope::{Exported, Resolved},
};

/// Salsa's key for one name inside or of a module.
#[salsa::interned(debug, revisions = usize::MAX)]
pub struct ScopedName<'db> {
    /// The module.
    #[returns(copy)]
    pub module: ModuleId<'db>,
    /// The name; for [`resolve`] also a dotted path.
    #[returns(ref)]
    pub name: Name,
}

impl<'db> ScopedName<'db> {
    /// See [`resolve`].
    pub fn resolved(self, db: &'db dyn HirDb) -> &'db Stamped<Resolved> {
        resolve_name(db, self)
    }

    /// See [`exported`].
    pub fn exported(self, db: &'db dyn HirDb) -> &'db Stamped<Exported> {
        exported_name(db, self)
    }

    /// See [`qualifier`].
    pub fn qualifier(self, db: &'db dyn HirDb) -> &'db Stamped<Qualifier> {
        qualifier_path(db, self)
    }
}

/// What `name` means inside `module`. Of a dotted path only [`Resolved::module`] is looked up.
pub fn resolve<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, name: &str) -> &'db Stamped<Resolved> {
    ScopedName::new(db, module, Name::from(name)).resolved(db)
}

/// What `module.name` is, seen from outside. All members of a library module count as public.
pub fn exported<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, name: &str) -> &'db Stamped<Exported> {
    ScopedName::new(db, module, Name::from(name)).exported(db)
}

/// How a qualifier may be used; answered by [`qualifier`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Qualifier {
    /// The module that the path denotes; `None`: there is no such module.
    pub module: Option<Name>,
    /// Members may be named through it: it is a block of the project, imported in any form, or the asking module or
    /// one that encloses it. Constructors need no permission.
    pub legal: bool,
    /// The asking module is that module or a block inside it, so that private members are reachable.
    pub inside: bool,
    /// Library modules show all their members.
    pub library: bool,
}

/// Whether and how `of` may stand before a dot in `module`.
pub fn qualifier<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, of: &str) -> &'db Stamped<Qualifier> {
    ScopedName::new(db, module, Name::from(of)).qualifier(db)
}

#[salsa::tracked]
fn qualifier_path<'db>(db: &'db dyn HirDb, key: ScopedName<'db>) -> Stamped<Qualifier> {
    let from = key.module(db);
    let Some(path) = denoted_module(db, from, key.name(db)) else { return Stamped::new(Qualifier::default()) };
    let target = ModuleId::new(db, path.clone());
    let file = module_file(db, target);
    let inside = encloses(db, target, from);
    let library = file.is_some_and(|file| file.library(db));
    let is_block = file.is_some_and(|file| *file.module(db) != path && !library);
    let legal = is_block || inside || imports(db, from, &path);
    Stamped::new(Qualifier { module: Some(path), legal, inside, library })
}

/// Whether `inner` is `outer` or a block inside it.
pub(crate) fn encloses<'db>(db: &'db dyn HirDb, outer: ModuleId<'db>, inner: ModuleId<'db>) -> bool {
    if outer == inner {
        return true;
    }
    let (outer_path, inner_path) = (outer.path(db), inner.path(db));
    let below =
        outer_path.is_empty() || inner_path.strip_prefix(outer_path.as_str()).is_some_and(|rest| rest.starts_with('.'));
    // `geo.shapes` in its own file is not inside `geo`.
    below && module_file(db, outer) == module_file(db, inner)
}

/// Whether `module` or, for a block, its file imports from `path` in any form.
fn imports<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, path: &Name) -> bool {
    let imports_here = |scope: ModuleId<'db>| {
        module_uses(db, scope).iter().any(|decl| {
            use_target(db, scope, &decl.path).as_ref() == Some(path)
                || matches!(&decl.kind, UseKind::Single(name, _)
                    if use_target(db, scope, &join(&decl.path, name)).as_ref() == Some(path))
        })
    };
    imports_here(module) || file_scope(db, module).is_some_and(imports_here)
}

/// The file's own module, if `module` is a block of it.
pub(crate) fn file_scope<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Option<ModuleId<'db>> {
    let file = module_file(db, module)?;
    (file.module(db) != module.path(db)).then(|| ModuleId::new(db, file.module(db).clone()))
}

/// The module that `path`, written in `module`, denotes: a child block, an absolute path, or a block beside or above.
fn denoted_module<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, path: &str) -> Option<Name> {
    let first = path.split('.').next().unwrap_or(path);
    // Blocks have upper-case names, so a lower-case name asks for a file only.
    let may_be_block = is_upper(first);
    if may_be_block && let Some(found) = child_block(db, module, first, path) {
        return Some(found);
    }
    // A name of one part is a file, or a block of the one file that is a module without a name.
    let found = if path.contains('.') || (may_be_block && db.project().options(db).single_file) {
        module_exists(db, ModuleId::new(db, Name::from(path)))
    } else {
        is_root_module(db, path)
    };
    if found {
        return Some(Name::from(path));
    }
    if !may_be_block {
        return None;
    }
    let file = module_file(db, module)?;
    let mut scope = module.path(db).as_str();
    while scope != file.module(db).as_str() {
        scope = scope.rfind('.').map_or("", |at| &scope[..at]);
        if let Some(found) = child_block(db, ModuleId::new(db, Name::from(scope)), first, path) {
            return Some(found);
        }
    }
    None
}

fn child_block<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, first: &str, path: &str) -> Option<Name> {
    let header = module_header(db, module).as_ref()?;
    header
        .blocks
        .iter()
        .any(|block| block == first)
        .then(|| join(module.path(db), path))
        .filter(|full| first == path || module_exists(db, ModuleId::new(db, full.clone())))
}

/// The module that the path of a `use` in `module` denotes: absolute, or a block of the same file.
pub(crate) fn use_target<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, path: &str) -> Option<Name> {
    if module_exists(db, ModuleId::new(db, Name::from(path))) {
        return Some(Name::from(path));
    }
    denoted_module(db, module, path)
}

/// All names of one module with what they are, private ones included.
#[salsa::tracked]
pub(crate) fn module_names<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> FxHashMap<Name, Exported> {
    module_header(db, module).as_ref().map(|header| names_of(header)).unwrap_or_default()
}

fn names_of(header: &ModuleHeader) -> FxHashMap<Name, Exported> {
    let mut names: FxHashMap<Name, Exported> = FxHashMap::default();
    // `defs` is sorted, hence so are all lists.
    for item in &header.defs {
        if item.def.kind() == DefKind::Impl {
            continue;
        }
        names.entry(item.def.name().clone()).or_default().defs.push((item.def.clone(), item.public));
        for (index, member) in item.members.iter().enumerate() {
            let entry = names.entry(member.clone()).or_default();
            match item.def.kind() {
                DefKind::Type => entry.constructors.push((item.def.clone(), index as u32, item.public)),
                _ if entry.method_of.last().is_some_and(|(last, _)| *last == item.def) => {}
                _ => entry.method_of.push((item.def.clone(), item.public)),
            }
        }
    }
    names
}

#[salsa::tracked]
fn exported_name<'db>(db: &'db dyn HirDb, key: ScopedName<'db>) -> Stamped<Exported> {
    let module = key.module(db);
    let mut exported = module_names(db, module).get(key.name(db)).cloned().unwrap_or_default();
    if module_file(db, module).is_some_and(|file| file.library(db)) {
        exported.defs.iter_mut().for_each(|(_, public)| *public = true);
        exported.constructors.iter_mut().for_each(|(_, _, public)| *public = true);
        exported.method_of.iter_mut().for_each(|(_, public)| *public = true);
    }
    exported.is_module = module_exists(db, ModuleId::new(db, join(module.path(db), key.name(db))));
    Stamped::new(exported)
}

/// The public names of all prelude modules.
#[salsa::tracked]
pub(crate) fn prelude_names(db: &dyn HirDb, _project: base_db::Project) -> Arc<FxHashMap<Name, Resolved>> {
    let mut names: FxHashMap<Name, Resolved> = FxHashMap::default();
    for module in stdlib::prelude() {
        let Some(header) = module_header(db, ModuleId::new(db, Name::new_static(module))) else { continue };
        #[expect(clippy::iter_over_hash_type, reason = "each name is added to its own entry")]
        for (name, exported) in names_of(header) {
            let level = public_part(&exported);
            if !level.is_empty() {
                add_level(names.entry(name).or_default(), level);
            }
        }
    }
    Arc::new(names)
}

/// The public constructors of the whole library by name: the last resort for a bare constructor.
#[salsa::tracked]
fn library_constructors(db: &dyn HirDb, project: base_db::Project) -> Arc<FxHashMap<Name, Vec<(DefName, u32)>>> {
    let mut constructors: FxHashMap<Name, Vec<(DefName, u32)>> = FxHashMap::default();
    for (stem, _) in stdlib::library() {
        let Some(file) = project.file(db, &library_path(stem)) else { continue };
        for module in &header(db, file).modules {
            for item in module.defs.iter().filter(|item| item.def.kind() == DefKind::Type && item.public) {
                for (index, member) in item.members.iter().enumerate() {
                    constructors.entry(member.clone()).or_default().push((item.def.clone(), index as u32));
                }
            }
        }
    }
    Arc::new(constructors)
}

/// Everything of `exported`, private or not.
fn whole(exported: &Exported) -> Resolved {
    select(exported, |_| true)
}

fn public_part(exported: &Exported) -> Resolved {
    select(exported, |public| public)
}

fn select(exported: &Exported, visible: impl Fn(bool) -> bool) -> Resolved {
    let mut level = Resolved::default();
    for (def, public) in &exported.defs {
        if !visible(*public) {
            continue;
        }
        match def.kind() {
            DefKind::Function => level.functions.push(def.clone()),
            DefKind::Value | DefKind::Const | DefKind::Mvar => {
                level.value.get_or_insert_with(|| def.clone());
            }
            DefKind::Type => level.ty = Some(def.clone()),
            DefKind::Trait => level.trait_ = Some(def.clone()),
            DefKind::Template => level.template = Some(def.clone()),
            DefKind::Impl | DefKind::Method | DefKind::DefaultMethod | DefKind::Test => {}
        }
    }
    let constructors = exported.constructors.iter().filter(|(_, _, public)| visible(*public));
    level.constructors = constructors.map(|(def, index, _)| (def.clone(), *index)).collect();
    level.method_of =
        exported.method_of.iter().filter(|(_, public)| visible(*public)).map(|(def, _)| def.clone()).collect();
    level
}

/// Whether every call that fits the overload `later` fits `earlier` at least as well.
fn covers(earlier: &DefName, later: &DefName) -> bool {
    earlier.key() == later.key()
        || (earlier.arity() == later.arity() && earlier.key().split(',').all(|part| part == "_" || part.is_empty()))
}

/// Adds the names of a later step to those of the earlier ones.
fn add_level(resolved: &mut Resolved, level: Resolved) {
    let decided = resolved.value.is_some() || !resolved.constructors.is_empty();
    if !decided {
        if resolved.functions.is_empty() {
            resolved.value = level.value;
            resolved.constructors = level.constructors;
        }
        let earlier = resolved.functions.len();
        for function in level.functions {
            if !resolved.functions[..earlier].iter().any(|other| covers(other, &function)) {
                resolved.functions.push(function);
            }
        }
    }
    if resolved.ty.is_none() {
        resolved.ty = level.ty;
    }
    if resolved.trait_.is_none() {
        resolved.trait_ = level.trait_;
    }
    if resolved.template.is_none() {
        resolved.template = level.template;
    }
    if resolved.conflict.is_none() {
        resolved.conflict = level.conflict;
    }
    let earlier = resolved.method_of.len();
    for trait_ in level.method_of {
        // A trait that is hidden by one of the same name is not in scope.
        if !resolved.method_of[..earlier].iter().any(|other| other.name() == trait_.name()) {
            resolved.method_of.push(trait_);
        }
    }
}

/// One import that brings a certain local name.
struct Import {
    /// The module it comes from.
    from: Name,
    /// The name there.
    name: Name,
    /// What it brings.
    level: Resolved,
    /// See [`claims`].
    claims: bool,
}

/// Whether an imported name takes part in conflicts. Constructors alone are told apart by type, and methods by trait.
pub(crate) fn claims(exported: &Exported) -> bool {
    exported.defs.iter().any(|(def, _)| is_importable(def.kind()))
}

/// Whether a definition of this kind can be imported under its own name.
fn is_importable(kind: DefKind) -> bool {
    matches!(kind, DefKind::Function | DefKind::Value | DefKind::Const | DefKind::Type | DefKind::Trait)
}

/// The `use` declarations of one module or block by what they may bring.
#[derive(Clone, Debug, PartialEq, Eq, Default, salsa::SalsaValue)]
struct ImportTable<'db> {
    /// See [`file_scope`].
    outer: Option<ModuleId<'db>>,
    /// The file has blocks, or is one module without a name, so that a name may denote a block.
    has_blocks: bool,
    /// Modules of which everything is imported, with the number of the declaration.
    stars: Vec<(u32, ModuleId<'db>)>,
    /// Sorted by local name, then declaration.
    named: Vec<NamedImport<'db>>,
    /// Those of `named` that may be types, whose constructors come with them; by declaration.
    types: Vec<NamedImport<'db>>,
}

/// One name in a `use` declaration.
#[derive(Clone, Debug, PartialEq, Eq, salsa::SalsaValue)]
struct NamedImport<'db> {
    local: Name,
    /// Number of the declaration.
    decl: u32,
    from: ModuleId<'db>,
    /// The name there.
    name: Name,
}

/// The imports of exactly this module or block from modules that exist.
#[salsa::tracked]
fn import_table<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> ImportTable<'db> {
    let file = module_file(db, module);
    let has_blocks =
        db.project().options(db).single_file || file.is_some_and(|file| header(db, file).modules.len() > 1);
    let mut table = ImportTable { outer: file_scope(db, module), has_blocks, ..ImportTable::default() };
    for (decl, item) in (0..).zip(module_uses(db, module)) {
        let Some(from) = use_target(db, module, &item.path).map(|path| ModuleId::new(db, path)) else { continue };
        let mut import = |name: &Name, alias: &Option<Name>| {
            let local = alias.as_ref().unwrap_or(name).clone();
            let import = NamedImport { local, decl, from, name: name.clone() };
            if is_upper(name) {
                table.types.push(import.clone());
            }
            table.named.push(import);
        };
        match &item.kind {
            UseKind::Star => table.stars.push((decl, from)),
            UseKind::List(items) => items.iter().for_each(|(name, alias)| import(name, alias)),
            UseKind::Single(name, alias) => import(name, alias),
            UseKind::Bare => {}
        }
    }
    table.named.sort_by(|a, b| (&a.local, a.decl).cmp(&(&b.local, b.decl)));
    table
}

/// What the `use` declarations of exactly this module or block, which are in `table`, bring under the local name `name`,
/// in source order.
fn imports_of<'db>(db: &'db dyn HirDb, module: ModuleId<'db>, table: &ImportTable<'db>, name: &Name) -> Vec<Import> {
    let start = table.named.partition_point(|import| import.local < *name);
    let named = table.named[start..].iter().take_while(|import| import.local == *name);
    let named = named.map(|import| (import.decl, import_name(db, module, import.from, &import.name, true)));
    let stars = table.stars.iter().map(|&(decl, from)| (decl, import_name(db, module, from, name, false)));
    let types = table.types.iter().filter(|import| is_upper(name) && import.name != *name && import.local != *name);
    let types = types.map(|import| (import.decl, import_constructors(db, import, name)));
    let mut imports: Vec<(u32, Import)> =
        named.chain(stars).chain(types).filter_map(|(decl, import)| Some((decl, import?))).collect();
    imports.sort_by_key(|(decl, _)| *decl);
    imports.into_iter().map(|(_, import)| import).collect()
}

/// The constructors called `name` that come with an imported type.
fn import_constructors<'db>(db: &'db dyn HirDb, import: &NamedImport<'db>, name: &Name) -> Option<Import> {
    let from = import.from;
    let names = module_names(db, from);
    let exported = names.get(&import.name)?;
    let (ty, _) = exported.defs.iter().find(|(def, _)| def.kind() == DefKind::Type)?;
    let exported = names.get(name)?;
    let constructors = exported.constructors.iter().filter(|(def, _, _)| def == ty);
    let constructors = constructors.map(|(def, index, _)| (def.clone(), *index)).collect();
    let level = Resolved { constructors, ..Resolved::default() };
    let from = from.path(db).clone();
    (!level.is_empty()).then(|| Import { from, name: name.clone(), level, claims: false })
}

fn import_name<'db>(
    db: &'db dyn HirDb,
    module: ModuleId<'db>,
    from: ModuleId<'db>,
    original: &Name,
    named: bool,
) -> Option<Import> {
    let exported = module_names(db, from).get(original)?;
    // A private name in a list is reported at the `use`; binding it avoids a second message for each use.
    let mut level = if named { whole(exported) } else { public_part(exported) };
    if level.value.as_ref().is_some_and(|value| value.kind() == DefKind::Mvar) {
        level.value = None;
    }
    if level.is_empty() {
        return None;
    }
    // Importing from oneself brings nothing new.
    let claims = from != module && claims(exported);
    Some(Import { from: from.path(db).clone(), name: original.clone(), level, claims })
}

fn is_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// All imports of a name merged; the first wins where they conflict.
fn merge_imports(mut imports: Vec<Import>) -> Resolved {
    if imports.len() < 2 {
        return imports.pop().map(|import| import.level).unwrap_or_default();
    }
    let mut merged = Resolved::default();
    let mut claimed: Option<(Name, Name)> = None;
    for Import { from, name, level, claims } in imports {
        if claims {
            match &claimed {
                Some((module, original)) if *module != from || *original != name => {
                    merged.conflict.get_or_insert((module.clone(), from));
                    continue;
                }
                _ => claimed = Some((from, name)),
            }
        }
        merged.functions.extend(level.functions);
        merged.value = merged.value.or(level.value);
        merged.ty = merged.ty.or(level.ty);
        merged.trait_ = merged.trait_.or(level.trait_);
        merged.template = merged.template.or(level.template);
        merged.constructors.extend(level.constructors);
        merged.method_of.extend(level.method_of);
    }
    merged.functions.sort_unstable();
    merged.functions.dedup();
    merged.constructors.sort_unstable();
    merged.constructors.dedup();
    merged.method_of.sort_unstable();
    merged.method_of.dedup();
    merged
}

#[salsa::tracked]
fn resolve_name<'db>(db: &'db dyn HirDb, key: ScopedName<'db>) -> Stamped<Resolved> {
    let (module, name) = (key.module(db), key.name(db));
    let mut resolved = Resolved::default();
    let table = import_table(db, module);
    let ImportTable { outer, has_blocks, .. } = *table;
    let is_path = name.contains('.');
    if !is_path {
        let root = outer.filter(|root| root.path(db).is_empty());
        for scope in [Some(module), root].into_iter().flatten() {
            if let Some(own) = module_names(db, scope).get(name) {
                add_level(&mut resolved, whole(own));
            }
        }
        add_level(&mut resolved, merge_imports(imports_of(db, module, table, name)));
        if let Some(outer) = outer {
            let table = import_table(db, outer);
            add_level(&mut resolved, merge_imports(imports_of(db, outer, table, name)));
        }
        if let Some(level) = prelude_names(db, db.project()).get(name) {
            add_level(&mut resolved, level.clone());
        }
        if resolved.is_empty() && is_upper(name) {
            resolved.private = private_type(db, module, outer, name);
            if resolved.private.is_none()
                && let Some([constructor]) = library_constructors(db, db.project()).get(name).map(Vec::as_slice)
            {
                resolved.constructors.push(constructor.clone());
            }
        }
    }
    resolved.module = if is_path || has_blocks {
        denoted_module(db, module, name)
    } else {
        is_root_module(db, name).then(|| name.clone())
    };
    Stamped::new(resolved)
}

/// A private type of this name, or with a constructor of this name, in a module that is imported from.
fn private_type<'db>(
    db: &'db dyn HirDb,
    module: ModuleId<'db>,
    outer: Option<ModuleId<'db>>,
    name: &Name,
) -> Option<DefName> {
    for scope in [Some(module), outer].into_iter().flatten() {
        for decl in module_uses(db, scope) {
            let Some(target) = use_target(db, scope, &decl.path) else { continue };
            let Some(exported) = module_names(db, ModuleId::new(db, target)).get(name) else { continue };
            let mut types = exported.defs.iter().filter(|(def, public)| def.kind() == DefKind::Type && !public);
            let mut owners = exported.constructors.iter().filter(|(_, _, public)| !public).map(|(def, _, _)| def);
            if let Some(def) = owners.next().or_else(|| types.next().map(|(def, _)| def)) {
                return Some(def.clone());
            }
        }
    }
    None
}

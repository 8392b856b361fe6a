//! Where the evaluator finds templates and functions.
//!
//! Input: files. Output: the trees of all clauses of a name, and which other file has the templates of a name. Templates
//! are known everywhere in their file, those of the asking module and of the modules around it first; functions only
//! where the asking module sees them. What a file does not have itself may come from one it imports, or from the only
//! other one that has it.
//!
//! Invariant: nothing here waits for an expansion, which would wait for the answer: outlines are facts of one text.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base_db::{DefKind, File, FileShard, Fingerprint, ModuleId, Name, Project, file_of_module};
use serde::{Deserialize, Serialize};
use syntax::{
    GreenNode,
    ast::{self, AstNode},
};

use crate::{
    HirDb,
    collect::{join, lower_use},
    item_tree::{UseDecl, UseKind},
    query::parse,
    resolve::ScopedName,
};

/// The definitions that an expansion may use.
pub(crate) trait Scope {
    /// What `module` finds under `name` in its own file.
    fn own(&self, module: &str, name: &str) -> Clauses;
    /// The modules of other files whose template `module` may mean by `name`: none, one, or several that nothing tells
    /// apart.
    fn elsewhere(&self, module: &str, name: &str) -> Vec<Name>;
    /// Names of all templates of the file of `module`, for messages.
    fn template_names(&self, module: &str) -> Vec<Name>;
    /// What was asked about other files so far, sorted.
    fn asked(&self) -> Vec<TemplateQuestion>;
}

/// The trees behind one name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Clauses {
    /// All clauses of a template.
    pub(crate) templates: Vec<GreenNode>,
    /// All clauses of all functions of that name.
    pub(crate) functions: Vec<GreenNode>,
}

/// The definitions of one file, by module.
#[derive(Debug, Default)]
pub(crate) struct FileDefinitions {
    templates: Vec<(Name, Name, GreenNode)>,
    functions: Vec<(Name, Name, GreenNode)>,
    uses: Vec<(Name, UseDecl)>,
}

impl FileDefinitions {
    /// The definitions of a file that defines `module`.
    pub(crate) fn of(file: &ast::File, module: &Name) -> FileDefinitions {
        let mut definitions = FileDefinitions::default();
        definitions.collect(module, file.items());
        definitions
    }

    fn collect(&mut self, module: &Name, items: impl Iterator<Item = ast::Item>) {
        for item in items {
            let (list, name) = match &item {
                ast::Item::Template(def) => (&mut self.templates, def.name()),
                ast::Item::Fn(def) => (&mut self.functions, def.name()),
                ast::Item::Module(block) => {
                    if let Some(name) = block.name() {
                        self.collect(&join(module, name.text()), block.items());
                    }
                    continue;
                }
                ast::Item::Use(decl) => {
                    self.uses.extend(lower_use(decl).map(|decl| (module.clone(), decl)));
                    continue;
                }
                _ => continue,
            };
            if let Some(name) = name {
                list.push((module.clone(), name.text().into(), item.syntax().green().into_owned()));
            }
        }
    }

    fn clauses(&self, module: &str, name: &str) -> Clauses {
        Clauses {
            templates: clauses(&self.templates, module, name, true),
            functions: clauses(&self.functions, module, name, false),
        }
    }
}

/// Whether `inner` is `outer` or a block inside it.
fn is_around(outer: &str, inner: &str) -> bool {
    outer.is_empty() || outer == inner || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// The clauses of `name` in the module that `module` means: itself, the nearest around it, or with `everywhere` the
/// first of all.
fn clauses(list: &[(Name, Name, GreenNode)], module: &str, name: &str, everywhere: bool) -> Vec<GreenNode> {
    let rank = |path: &str| if is_around(path, module) { path.len() + 1 } else { 0 };
    let named = list.iter().filter(|(path, other, _)| other == name && (everywhere || is_around(path, module)));
    let mut best: Option<&Name> = None;
    for (path, ..) in named.clone() {
        if best.is_none_or(|best| rank(best) < rank(path)) {
            best = Some(path);
        }
    }
    named.filter(|(path, ..)| Some(path) == best).map(|(_, _, node)| node.clone()).collect()
}

/// One file alone: for texts without a project.
impl Scope for FileDefinitions {
    fn own(&self, module: &str, name: &str) -> Clauses {
        self.clauses(module, name)
    }

    fn elsewhere(&self, _module: &str, _name: &str) -> Vec<Name> {
        Vec::new()
    }

    fn template_names(&self, _module: &str) -> Vec<Name> {
        self.templates.iter().map(|(_, name, _)| name.clone()).collect()
    }

    fn asked(&self) -> Vec<TemplateQuestion> {
        Vec::new()
    }
}

// ---- Queries --------------------------------------------------------------------------------------------------------

/// What an expansion asked about other files. The answer is a fingerprint: [`template_answer`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TemplateQuestion {
    /// Which other modules have the template that `module` means by `name`?
    Elsewhere {
        /// Who asks.
        module: Name,
        /// Name of the template.
        name: Name,
    },
    /// What is the text of what `module` finds under `name` in its own file?
    Text {
        /// Who asks: a module of another file than the decorated definition.
        module: Name,
        /// Name of a template or function.
        name: Name,
    },
}

/// Asks `question` today.
pub fn template_answer(db: &dyn HirDb, question: &TemplateQuestion) -> Fingerprint {
    let key = |module: &Name, name: &Name| ScopedName::new(db, ModuleId::new(db, module.clone()), name.clone());
    match question {
        TemplateQuestion::Elsewhere { module, name } => Fingerprint::of(&**template_homes(db, key(module, name))),
        TemplateQuestion::Text { module, name } => {
            let clauses = own_clauses(db, key(module, name));
            let texts = |trees: &[GreenNode]| -> Vec<String> { trees.iter().map(syntax::text_of).collect() };
            Fingerprint::of(&(texts(&clauses.templates), texts(&clauses.functions)))
        }
    }
}

/// Fingerprint of all that templates of `file` may run: the texts of its templates and functions.
#[salsa::tracked(returns(copy))]
pub fn templates_fingerprint(db: &dyn HirDb, file: File) -> Fingerprint {
    let definitions = definitions(db, file);
    let items = definitions.templates.iter().chain(&definitions.functions);
    let texts: Vec<_> = items.map(|(module, name, tree)| (module, name, syntax::text_of(tree))).collect();
    Fingerprint::of(&texts)
}

/// The trees of a file. Holds every edit of it, hence no comparison; ask [`own_clauses`].
#[salsa::tracked(no_eq, lru = 256)]
fn definitions(db: &dyn HirDb, file: File) -> Arc<FileDefinitions> {
    Arc::new(FileDefinitions::of(&parse(db, file).tree(), file.module(db)))
}

/// The names of the templates of a file and its imports, each with its module.
#[derive(Debug, PartialEq, Eq, Default)]
struct Outline {
    templates: Vec<(Name, Name)>,
    uses: Vec<(Name, UseDecl)>,
}

/// The outline of `file`. A stored header answers too, also one whose other names are out of date: no template produces
/// templates or imports.
#[salsa::tracked]
fn outline(db: &dyn HirDb, file: File) -> Arc<Outline> {
    let _ = file.hash(db);
    let mut outline = match db.stored_header(file) {
        Some(header) => {
            let defs = header.modules.iter().flat_map(|module| &module.defs).map(|item| &item.def);
            let templates = defs.filter(|def| def.kind() == DefKind::Template);
            let uses = header.modules.iter().flat_map(|m| m.uses.iter().map(|decl| (m.path.clone(), decl.clone())));
            Outline {
                templates: templates.map(|def| (def.module().clone(), def.name().clone())).collect(),
                uses: uses.collect(),
            }
        }
        None => {
            let definitions = definitions(db, file);
            Outline {
                templates: definitions.templates.iter().map(|(path, name, _)| (path.clone(), name.clone())).collect(),
                uses: definitions.uses.clone(),
            }
        }
    };
    outline.templates.sort_unstable();
    outline.templates.dedup();
    Arc::new(outline)
}

/// Modules and names of the templates of one shard. Files of which the host knows that they have none are not looked at.
#[salsa::tracked(returns(deref))]
fn shard_templates(db: &dyn HirDb, shard: FileShard) -> Arc<[(Name, Name)]> {
    let _ = shard.outlines(db);
    let mut templates = Vec::new();
    for &file in shard.files(db) {
        if file.library(db) || db.lacks_globals(file) {
            continue;
        }
        // Of two files that define one module, only the first is asked for anything.
        if file_of_module(db, ModuleId::new(db, file.module(db).clone())) == Some(file) {
            templates.extend_from_slice(&outline(db, file).templates);
        }
    }
    templates.into()
}

/// The modules of the project that have templates, by name of the template.
#[salsa::tracked]
fn template_index(db: &dyn HirDb, project: Project) -> Arc<BTreeMap<Name, BTreeSet<Name>>> {
    let mut index: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    for (module, name) in project.shards(db).iter().flat_map(|&shard| shard_templates(db, shard)) {
        index.entry(name.clone()).or_default().insert(module.clone());
    }
    Arc::new(index)
}

/// The file that holds `module`, as far as its name tells: whether there is such a block is not asked.
fn home(db: &dyn HirDb, module: &str) -> Option<File> {
    let mut prefix = module;
    loop {
        if let Some(file) = file_of_module(db, ModuleId::new(db, Name::from(prefix))) {
            return Some(file);
        }
        prefix = match prefix.rfind('.') {
            Some(at) => &prefix[..at],
            None if !prefix.is_empty() => "",
            None => return None,
        };
    }
}

/// What a module finds under a name in its own file: a view of [`definitions`] that few edits change.
#[salsa::tracked]
fn own_clauses<'db>(db: &'db dyn HirDb, key: ScopedName<'db>) -> Arc<Clauses> {
    let module = key.module(db).path(db);
    let Some(file) = home(db, module) else { return Arc::default() };
    Arc::new(definitions(db, file).clauses(module, key.name(db)))
}

/// See [`Scope::elsewhere`].
#[salsa::tracked]
fn template_homes<'db>(db: &'db dyn HirDb, key: ScopedName<'db>) -> Arc<[Name]> {
    let (module, name) = (key.module(db).path(db), key.name(db));
    let Some(candidates) = template_index(db, db.project()).get(name) else { return Arc::from([]) };
    let file = home(db, module);
    let mut candidates: Vec<Name> =
        candidates.iter().filter(|candidate| home(db, candidate) != file).cloned().collect();
    if candidates.len() > 1
        && let Some(file) = file
    {
        let outline = outline(db, file);
        let uses = outline.uses.iter().filter(|(path, _)| is_around(path, module));
        let uses: Vec<&UseDecl> = uses.map(|(_, decl)| decl).collect();
        let is_imported = |candidate: &Name| uses.iter().any(|decl| imports(decl, module, candidate, name));
        if candidates.iter().any(is_imported) {
            candidates.retain(is_imported);
        }
    }
    candidates.into()
}

/// Whether `decl`, written in `module`, brings `name` of `target`.
fn imports(decl: &UseDecl, module: &str, target: &str, name: &str) -> bool {
    let denotes = |path: &str| {
        let parents = module.match_indices('.').map(|(at, _)| &module[..at]).chain([module]);
        path == target || parents.into_iter().any(|parent| join(parent, path) == *target)
    };
    match &decl.kind {
        UseKind::Star => denotes(&decl.path),
        UseKind::List(items) => denotes(&decl.path) && items.iter().any(|(item, _)| item == name),
        UseKind::Single(item, _) => item == name && denotes(&decl.path),
        UseKind::Bare => false,
    }
}

/// The scope of a file of a project; notes what is asked about other files.
pub(crate) struct ProjectScope<'db> {
    db: &'db dyn HirDb,
    file: Option<File>,
    asked: RefCell<BTreeSet<TemplateQuestion>>,
}

impl<'db> ProjectScope<'db> {
    /// For decorated definitions of `file`.
    pub(crate) fn new(db: &'db dyn HirDb, file: Option<File>) -> ProjectScope<'db> {
        ProjectScope { db, file, asked: RefCell::default() }
    }

    fn key(&self, module: &str, name: &str) -> ScopedName<'db> {
        ScopedName::new(self.db, ModuleId::new(self.db, Name::from(module)), Name::from(name))
    }
}

impl Scope for ProjectScope<'_> {
    fn own(&self, module: &str, name: &str) -> Clauses {
        if home(self.db, module) != self.file {
            let question = TemplateQuestion::Text { module: module.into(), name: name.into() };
            self.asked.borrow_mut().insert(question);
        }
        Clauses::clone(own_clauses(self.db, self.key(module, name)))
    }

    fn elsewhere(&self, module: &str, name: &str) -> Vec<Name> {
        self.asked.borrow_mut().insert(TemplateQuestion::Elsewhere { module: module.into(), name: name.into() });
        template_homes(self.db, self.key(module, name)).to_vec()
    }

    fn template_names(&self, module: &str) -> Vec<Name> {
        let file = home(self.db, module);
        file.map(|file| outline(self.db, file).templates.iter().map(|(_, name)| name.clone()).collect())
            .unwrap_or_default()
    }

    fn asked(&self) -> Vec<TemplateQuestion> {
        self.asked.borrow().iter().cloned().collect()
    }
}

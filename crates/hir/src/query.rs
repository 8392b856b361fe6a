//! The queries about one file: parse, items, header; and which file defines a module.
//!
//! Input: files. Output: see each query. Invariant: everything below [`collected`] is compared by value and holds no
//! position, so an edit that only moves text stops there.

use std::{borrow::Cow, sync::Arc};

use base_db::{Counters, DefId, DefKind, DefName, File, Fingerprint, ModuleId, Name, Stamped, file_of_module};
use rustc_hash::FxHashMap;
use syntax::{
    GreenNode, Parse, SyntaxNode,
    ast::{self, AstNode},
};

use crate::{
    HirDb,
    body::{Body, BodySourceMap},
    collect::{Collected, collect},
    errors,
    item_tree::{
        ConstItem, FunctionItem, Header, ImplItem, ItemTree, ModuleHeader, ModuleItems, TraitItem, TypeItem, UseDecl,
        ValueItem,
    },
    lower::{lower_body, lower_with_places},
    problem::{Anchor, Place},
    template::{self, Failure, ProjectScope, Scope as _, TemplateQuestion, template_answer},
};

/// Lifts the bounds on how many trees of files live.
pub fn keep_trees(db: &mut dyn HirDb) {
    parse::set_lru_capacity(db, 0);
    collected::set_lru_capacity(db, 0);
}

/// Lifts the bounds on how many other results of the queries here live, for a database of which everything may be kept:
/// counting who was used last costs more than it saves there.
pub fn keep_results(db: &mut dyn HirDb) {
    definition_syntax::set_lru_capacity(db, 0);
    body::set_lru_capacity(db, 0);
}

/// The tree of `file`. Every edit changes it, hence no comparison; the tree is large, hence a bound on how many live;
/// a cold build of fewer files parses each once.
#[salsa::tracked(no_eq, lru = 2048)]
pub fn parse(db: &dyn HirDb, file: File) -> Parse {
    let _span = tracing::debug_span!("parse", path = %file.path(db)).entered();
    Counters::bump(&db.counters().parsed);
    syntax::parse(&base_db::text(db, file))
}

/// Items and places of `file`, from one traversal. Ask [`item_tree`] or [`definition_syntax`] instead.
#[salsa::tracked(no_eq, lru = 2048)]
pub(crate) fn collected(db: &dyn HirDb, file: File) -> Arc<Collected> {
    let scope = ProjectScope::new(db, Some(file));
    Arc::new(collect(parse(db, file), file.module(db), &scope))
}

/// The items of `file`: names, parameters, annotations. No bodies, no positions.
///
/// The barrier of the front end: typing inside a body gives an equal tree and everything about names stops here.
#[salsa::tracked]
pub fn item_tree(db: &dyn HirDb, file: File) -> Arc<ItemTree> {
    Arc::clone(&collected(db, file).tree)
}

/// The names of `file`: what scopes and the module graph need. From the store if it has them, else from the text.
#[salsa::tracked]
pub fn header(db: &dyn HirDb, file: File) -> Stamped<Header> {
    // The store answers for a text, so the answer depends on the hash, whatever the host reads to find it.
    let _ = file.hash(db);
    let is_valid =
        |header: &Header| header.templates.iter().all(|(asked, before)| template_answer(db, asked) == *before);
    if let Some(header) = db.stored_header(file).filter(|header| is_valid(header)) {
        return Stamped { fingerprint: Fingerprint::of(&*header), value: header };
    }
    let tree = item_tree(db, file);
    let asked = tree.templates_asked.iter();
    let templates = asked.map(|question| (question.clone(), template_answer(db, question))).collect();
    Stamped::new(Header { templates, ..Header::of(tree) })
}

/// The file that defines `module`: a file module, or a block in the file of its longest existing prefix.
#[salsa::tracked(returns(copy))]
pub fn module_file<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Option<File> {
    if let Some(file) = file_of_module(db, module) {
        return Some(file);
    }
    let path = module.path(db);
    let mut prefix = path.as_str();
    loop {
        prefix = match prefix.rfind('.') {
            Some(at) => &prefix[..at],
            None if !prefix.is_empty() && db.project().options(db).single_file => "",
            None => return None,
        };
        if let Some(file) = file_of_module(db, ModuleId::new(db, Name::from(prefix))) {
            return header(db, file).modules.iter().any(|header| header.path == *path).then_some(file);
        }
    }
}

/// Whether a module or block of this name exists.
pub fn module_exists<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> bool {
    module_file(db, module).is_some()
}

/// The names of one module or block. Cut off from edits of other blocks of the file.
#[salsa::tracked]
pub fn module_header<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Option<Arc<ModuleHeader>> {
    let file = module_file(db, module)?;
    let path = module.path(db);
    header(db, file).modules.iter().find(|header| header.path == *path).cloned().map(Arc::new)
}

/// The imports of one module or block, in source order.
#[salsa::tracked(returns(deref))]
pub(crate) fn module_uses<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Arc<[UseDecl]> {
    module_header(db, module).as_ref().map_or_else(|| Arc::from([]), |header| header.uses.as_slice().into())
}

/// The names of the mvars of one module or block, sorted: what lowering of a body must know about its module.
#[salsa::tracked(returns(deref))]
pub(crate) fn module_mvars<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Arc<[Name]> {
    let Some(header) = module_header(db, module) else { return Arc::from([]) };
    header.defs.iter().filter(|def| def.def.kind() == DefKind::Mvar).map(|def| def.def.name().clone()).collect()
}

/// The items of one module or block.
#[salsa::tracked]
pub fn module_items<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Option<Arc<ModuleItems>> {
    let file = module_file(db, module)?;
    let path = module.path(db);
    item_tree(db, file).modules.iter().find(|items| items.path == *path).cloned()
}

/// One item of an item tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A function, template, method or trait method.
    Function(Arc<FunctionItem>),
    /// A type.
    Type(Arc<TypeItem>),
    /// A trait.
    Trait(Arc<TraitItem>),
    /// All blocks of an impl.
    Impl(Arc<ImplItem>),
    /// A module value or an mvar.
    Value(Arc<ValueItem>),
    /// A constant.
    Const(Arc<ConstItem>),
    /// A test.
    Test,
}

macro_rules! item_accessors {
    ($($(#[$doc:meta])* $name:ident = $variant:ident($ty:ty);)*) => {
        impl Item { $(
            $(#[$doc])*
            pub fn $name(&self) -> Option<&Arc<$ty>> {
                match self {
                    Item::$variant(item) => Some(item),
                    _ => None,
                }
            }
        )* }
    };
}

item_accessors! {
    /// As a function.
    as_function = Function(FunctionItem);
    /// As a type.
    as_type = Type(TypeItem);
    /// As a trait.
    as_trait = Trait(TraitItem);
    /// As an impl.
    as_impl = Impl(ImplItem);
    /// As a value or mvar.
    as_value = Value(ValueItem);
    /// As a constant.
    as_const = Const(ConstItem);
}

/// All items of a file by identity, so that [`item`] does not search.
#[salsa::tracked]
fn file_items(db: &dyn HirDb, file: File) -> Arc<FxHashMap<DefName, Item>> {
    let mut items = FxHashMap::default();
    for module in &item_tree(db, file).modules {
        for item in module.functions.iter().chain(&module.templates) {
            items.insert(item.def.clone(), Item::Function(Arc::clone(item)));
        }
        for item in &module.types {
            items.insert(item.def.clone(), Item::Type(Arc::clone(item)));
        }
        for item in &module.traits {
            items.insert(item.def.clone(), Item::Trait(Arc::clone(item)));
            for method in &item.methods {
                items.insert(method.def.clone(), Item::Function(Arc::clone(method)));
            }
        }
        for item in &module.impls {
            items.insert(item.def.clone(), Item::Impl(Arc::clone(item)));
            for method in &item.methods {
                items.insert(method.def.clone(), Item::Function(Arc::clone(method)));
            }
        }
        for item in module.values.iter().chain(&module.mvars) {
            items.insert(item.def.clone(), Item::Value(Arc::clone(item)));
        }
        for item in &module.consts {
            items.insert(item.def.clone(), Item::Const(Arc::clone(item)));
        }
        for test in &module.tests {
            items.insert(test.clone(), Item::Test);
        }
    }
    Arc::new(items)
}

/// One item. An edit elsewhere in the file is cut off here. `None`: no such definition.
#[salsa::tracked]
pub fn item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<Item> {
    let file = file_of_def(db, def)?;
    file_items(db, file).get(def.name(db)).cloned()
}

/// The function, method, trait method or template with this identity.
pub fn function_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<FunctionItem>> {
    item(db, def).as_ref()?.as_function()
}

/// The type with this identity.
pub fn type_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<TypeItem>> {
    item(db, def).as_ref()?.as_type()
}

/// The trait with this identity.
pub fn trait_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<TraitItem>> {
    item(db, def).as_ref()?.as_trait()
}

/// The impl with this identity.
pub fn impl_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<ImplItem>> {
    item(db, def).as_ref()?.as_impl()
}

/// The module value or mvar with this identity.
pub fn value_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<ValueItem>> {
    item(db, def).as_ref()?.as_value()
}

/// The constant with this identity.
pub fn const_item<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<&'db Arc<ConstItem>> {
    item(db, def).as_ref()?.as_const()
}

/// The file whose module or block holds `def`. The definition itself may not exist.
pub fn file_of_def<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<File> {
    module_file(db, ModuleId::new(db, def.name(db).module().clone()))
}

/// The text of one definition as trees without positions.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct DefinitionSyntax {
    /// All clauses of a function, the block of a value; empty for a definition that does not exist.
    pub(crate) clauses: Box<[GreenNode]>,
    /// Fingerprint of their texts.
    pub(crate) fingerprint: Fingerprint,
}

/// The text of one definition. Equal while that is the same, wherever it stands; so an edit of one function does not
/// lower the others of the file again.
#[salsa::tracked(lru = 32768)]
pub(crate) fn definition_syntax<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Arc<DefinitionSyntax> {
    let Some(file) = file_of_def(db, def) else { return Arc::default() };
    let collected = collected(db, file);
    let Some(places) = collected.index.definitions.get(def.name(db)) else { return Arc::default() };
    let parse = parse(db, file);
    let root = parse.syntax();
    // Of what may be defined once, the first definition counts.
    let places = match def.name(db).kind() {
        DefKind::Value | DefKind::Const | DefKind::Mvar | DefKind::Type | DefKind::Trait | DefKind::Test => {
            &places[..1]
        }
        _ => places,
    };
    let generated = collected.index.generated.get(def.name(db)).map(Vec::as_slice).unwrap_or_default();
    let mut clauses = Vec::with_capacity(places.len());
    let mut texts: Vec<Cow<'_, str>> = Vec::with_capacity(places.len());
    for (n, place) in places.iter().enumerate() {
        if let Some((_, tree)) = generated.iter().find(|(at, _)| *at == n) {
            texts.push(syntax::text_of(tree).into());
            clauses.push(tree.clone());
        } else if let Some(node) = place.try_to_node(&root) {
            texts.push(parse.text()[place.text_range()].into());
            clauses.push(node.green().into_owned());
        }
    }
    Arc::new(DefinitionSyntax { clauses: clauses.into(), fingerprint: Fingerprint::of(&texts) })
}

/// The clauses of a decorated function with the bodies that its decorators make, and why some could not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExpandedClauses {
    /// As many as were written.
    pub(crate) clauses: Arc<[GreenNode]>,
    /// One for each clause that keeps its written body; equal ones once.
    pub(crate) failures: Vec<Failure>,
    /// What the templates asked about other files.
    asked: Vec<TemplateQuestion>,
}

/// What the decorators of the function `def` asked about other files: of those whose body is [`Body::expanded`].
pub fn expansion_questions<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> &'db [TemplateQuestion] {
    expanded_clauses(db, def, definition_syntax(db, def)).map_or(&[], |expanded| &expanded.asked)
}

/// What the decorators of the function `def`, whose text is `syntax`, make of it. `None`: it has none.
pub(crate) fn expanded_clauses<'db>(
    db: &'db dyn HirDb,
    def: DefId<'db>,
    syntax: &DefinitionSyntax,
) -> Option<&'db ExpandedClauses> {
    let is_decorated =
        def.name(db).kind() == DefKind::Function && syntax.clauses.first().is_some_and(template::is_decorated);
    is_decorated.then(|| &**expansion(db, def))
}

/// Runs the templates that decorate `def`. Depends on the text of the templates and functions that run.
#[salsa::tracked]
fn expansion<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Arc<ExpandedClauses> {
    let module = def.name(db).module();
    let scope = ProjectScope::new(db, file_of_def(db, def));
    let written = &definition_syntax(db, def).clauses;
    let decorators = |clause: &GreenNode| -> Vec<ast::Decorator> {
        let def = ast::FnDef::cast(SyntaxNode::new_root(clause.clone()));
        def.iter().flat_map(ast::FnDef::decorators).collect()
    };
    // Decorators of the first clause hold for all that have none of their own.
    let first = written.first().map(decorators).unwrap_or_default();
    let mut failures = Vec::new();
    let clauses = written.iter().map(|clause| {
        let own = decorators(clause);
        match template::expand(clause, if own.is_empty() { &first } else { &own }, &scope, module) {
            Ok(expansion) => expansion.item,
            Err(failure) => {
                if !failures.contains(&failure) {
                    failures.push(failure);
                }
                clause.clone()
            }
        }
    });
    let clauses = clauses.collect();
    Arc::new(ExpandedClauses { clauses, failures, asked: scope.asked() })
}

/// The clauses of `def` that are lowered: as written, or as decorators made them.
fn clauses<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> (&'db [GreenNode], Option<&'db ExpandedClauses>) {
    let syntax = definition_syntax(db, def);
    let expanded = expanded_clauses(db, def, syntax);
    (expanded.map_or(&syntax.clauses, |expanded| &expanded.clauses), expanded)
}

/// What lowering must know of the module of `name`.
fn mvars_around<'db>(db: &'db dyn HirDb, name: &DefName) -> &'db [Name] {
    module_mvars(db, ModuleId::new(db, name.module().clone()))
}

/// The body of a function, method, value, constant, mvar, template or test; without clauses if there is no such
/// definition or it has no body. Holds no positions: equal after an edit of blanks or comments.
///
/// The number of bodies that live is bounded, as is that of their types and code: they are most of what a database
/// holds, and names, signatures and entries are enough to go on. The bound is far above what one person edits; in larger
/// projects the first edit of a file works out all its functions once.
#[salsa::tracked(lru = 32768)]
pub fn body<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Arc<Body> {
    let name = def.name(db);
    let (clauses, expanded) = clauses(db, def);
    let mut body = lower_body(name, clauses, mvars_around(db, name));
    body.expanded = expanded.is_some();
    for failure in expanded.iter().flat_map(|expanded| &expanded.failures) {
        let anchor = Anchor::Decorator(failure.decorator);
        let place = Place { module: name.module().clone(), def: Some(name.clone()), anchor };
        body.problems.push(errors::expansion_failed(place, failure));
    }
    Arc::new(body)
}

/// Where the nodes of [`body`] came from: asked to show a problem, so nothing is kept of bodies without one.
#[salsa::tracked(no_eq, lru = 128)]
pub(crate) fn source_map<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Arc<BodySourceMap> {
    let name = def.name(db);
    let (clauses, expanded) = clauses(db, def);
    let (_, mut map) = lower_with_places(name, clauses, mvars_around(db, name));
    if expanded.is_some() {
        let written = &definition_syntax(db, def).clauses;
        for (n, (written, expanded)) in written.iter().zip(clauses).enumerate() {
            if let Some(origins) = template::Origins::new(written, expanded) {
                map.translate(n, |range| origins.written(range));
            }
        }
    }
    Arc::new(map)
}

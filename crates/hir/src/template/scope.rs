//! Where the evaluator finds templates and functions.
//!
//! Input: a file. Output: the trees of all clauses of a name. Templates are known everywhere in the file, those of the
//! asking module and of the modules around it first; functions only where the asking module sees them.

use base_db::Name;
use syntax::{
    GreenNode,
    ast::{self, AstNode},
};

/// The definitions that an expansion may use.
pub(crate) trait Scope {
    /// All clauses of a template.
    fn template(&self, name: &str) -> Vec<GreenNode>;
    /// All clauses of all functions of that name.
    fn function(&self, name: &str) -> Vec<GreenNode>;
    /// Names of all templates, for messages.
    fn template_names(&self) -> Vec<Name>;
}

/// The definitions of one file, by module.
#[derive(Debug, Default)]
pub(crate) struct FileDefinitions {
    templates: Vec<(Name, Name, GreenNode)>,
    functions: Vec<(Name, Name, GreenNode)>,
}

impl FileDefinitions {
    /// Templates and functions of `items`, which stand in `module`.
    pub(crate) fn collect(&mut self, module: &Name, items: impl Iterator<Item = ast::Item>) {
        for item in items {
            let (list, name) = match &item {
                ast::Item::Template(def) => (&mut self.templates, def.name()),
                ast::Item::Fn(def) => (&mut self.functions, def.name()),
                ast::Item::Module(block) => {
                    if let Some(name) = block.name() {
                        self.collect(&crate::collect::join(module, name.text()), block.items());
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some(name) = name {
                list.push((module.clone(), name.text().into(), item.syntax().green().into_owned()));
            }
        }
    }
}

/// The definitions of one file, seen from one of its modules.
pub(crate) struct FileScope<'a> {
    /// All of them.
    pub(crate) definitions: &'a FileDefinitions,
    /// Who asks.
    pub(crate) module: &'a str,
}

/// Whether `inner` is `outer` or a block inside it.
fn is_around(outer: &str, inner: &str) -> bool {
    outer.is_empty() || outer == inner || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// Of the modules that define a name, the one that `module` means: itself, the nearest around it, or with `everywhere`
/// the first of all.
pub(crate) fn nearest_module<'a>(
    paths: impl Iterator<Item = &'a Name>,
    module: &str,
    everywhere: bool,
) -> Option<&'a Name> {
    let rank = |path: &str| if is_around(path, module) { path.len() + 1 } else { 0 };
    let mut best: Option<&Name> = None;
    for path in paths.filter(|path| everywhere || is_around(path, module)) {
        if best.is_none_or(|best| rank(best) < rank(path)) {
            best = Some(path);
        }
    }
    best
}

fn clauses(list: &[(Name, Name, GreenNode)], module: &str, name: &str, everywhere: bool) -> Vec<GreenNode> {
    let named = list.iter().filter(|(_, other, _)| other == name);
    let best = nearest_module(named.clone().map(|(path, _, _)| path), module, everywhere);
    named.filter(|(path, _, _)| Some(path) == best).map(|(_, _, node)| node.clone()).collect()
}

impl Scope for FileScope<'_> {
    fn template(&self, name: &str) -> Vec<GreenNode> {
        clauses(&self.definitions.templates, self.module, name, true)
    }

    fn function(&self, name: &str) -> Vec<GreenNode> {
        clauses(&self.definitions.functions, self.module, name, false)
    }

    fn template_names(&self) -> Vec<Name> {
        self.definitions.templates.iter().map(|(_, name, _)| name.clone()).collect()
    }
}

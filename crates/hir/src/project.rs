//! Problems of the project as a set of files, of declarations, and syntax errors of single files.
//!
//! Input: paths, headers, item trees. Output: problems about modules. Folded over shards, so that an edit revisits one shard.

use std::sync::Arc;

use base_db::{Content, DefName, File, FileShard, ModuleId, Name, Project, file_of_module};
use syntax::{
    SyntaxError,
    ast::{self, AstNode},
};

use crate::{
    HirDb, errors,
    problem::{Anchor, Place, Problem, Severity},
    query::{header, module_items, parse},
};

/// Syntax errors of `file` and bindings that the top level cannot have, with ranges. They live in memory only and change
/// with every move.
#[salsa::tracked(returns(deref))]
pub fn syntax_problems(db: &dyn HirDb, file: File) -> Arc<[SyntaxError]> {
    let parse = parse(db, file);
    let mut errors = parse.errors().to_vec();
    check_bindings(parse.tree().items(), &mut errors);
    errors.sort_by_key(|error| (error.range.start(), error.range.end()));
    errors.into()
}

/// Values at the top level bind one name and never change.
fn check_bindings(items: impl Iterator<Item = ast::Item>, errors: &mut Vec<SyntaxError>) {
    for item in items {
        match item {
            ast::Item::Module(block) => check_bindings(block.items(), errors),
            ast::Item::Binding(binding) => {
                let Some(pattern) = binding.pattern() else { continue };
                let name = match &pattern {
                    ast::Pattern::Name(pattern) => pattern.name(),
                    // The parser has said more about it.
                    ast::Pattern::Error(_) => continue,
                    ast::Pattern::Con(con) if con.syntax().first_token() == con.syntax().last_token() => continue,
                    _ => None,
                };
                let (message, help) = match name {
                    Some(name) if binding.is_var() => {
                        ("a module has no `var`", format!("write `mvar {name}: Type = …`, or leave out `var`"))
                    }
                    Some(_) => continue,
                    None => (
                        "a module value binds one name",
                        "bind the whole to a name and take it apart where it is used".to_owned(),
                    ),
                };
                errors.push(SyntaxError {
                    range: pattern.syntax().text_range(),
                    message: message.to_owned(),
                    help: Some(help),
                    notes: Vec::new(),
                });
            }
            _ => {}
        }
    }
}

/// Definitions of one module or block that occur twice, and constants that are no literals.
#[salsa::tracked(returns(deref))]
pub fn definition_problems<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Arc<[Problem]> {
    let Some(items) = module_items(db, module) else { return Arc::from([]) };
    let place = |def: &DefName, anchor| Place { module: items.path.clone(), def: Some(def.clone()), anchor };
    let mut problems = Vec::new();
    for (def, n) in &items.duplicates {
        let first = place(def, Anchor::Name);
        problems.push(errors::defined_twice(place(def, Anchor::Occurrence(*n)), def.name(), first));
    }
    // Values, constants and mvars share one name space.
    let mut values: Vec<&DefName> = items.values.iter().chain(&items.mvars).map(|item| &item.def).collect();
    values.extend(items.consts.iter().map(|item| &item.def));
    values.sort_by(|a, b| (a.name(), a.kind()).cmp(&(b.name(), b.kind())));
    for pair in values.windows(2).filter(|pair| pair[0].name() == pair[1].name()) {
        let first = place(pair[0], Anchor::Name);
        problems.push(errors::defined_twice(place(pair[1], Anchor::Name), pair[1].name(), first));
    }
    for (def, failure) in &items.failed {
        problems.push(errors::expansion_failed(place(def, Anchor::Decorator(failure.decorator)), failure));
    }
    for item in items.consts.iter().filter(|item| item.value.is_none()) {
        problems.push(errors::const_not_literal(place(&item.def, Anchor::Expr(0))));
    }
    problems.into()
}

/// What is wrong with the set of files: two files for one module, names that no module can have, unreadable files.
/// In order of the modules' names.
pub fn project_problems(db: &dyn HirDb) -> &[Problem] {
    all_problems(db, db.project())
}

#[salsa::tracked(returns(deref))]
fn all_problems(db: &dyn HirDb, project: Project) -> Arc<[Problem]> {
    let mut problems: Vec<Problem> =
        project.shards(db).iter().flat_map(|&shard| shard_problems(db, shard).iter().cloned()).collect();
    problems.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    // One folder that takes the name of the library is one mistake.
    let mut taken = problems.iter().filter(|problem| problem.code == errors::STDLIB_TAKEN);
    if let Some(first) = taken.next().cloned() {
        problems.retain(|problem| problem.code != errors::STDLIB_TAKEN || *problem == first);
    }
    problems.into()
}

#[salsa::tracked(returns(deref))]
fn shard_problems(db: &dyn HirDb, shard: FileShard) -> Arc<[Problem]> {
    let mut problems = Vec::new();
    let files = shard.files(db);
    let named = !db.project().options(db).single_file;
    for (n, &file) in files.iter().enumerate() {
        if file.library(db) {
            continue;
        }
        let place = Place { module: file.module(db).clone(), def: None, anchor: Anchor::Whole };
        if let Some(reason) = unreadable(db, file) {
            problems.push(errors::unreadable(place.clone(), file.path(db), reason));
        }
        if !named {
            continue;
        }
        if n > 0 && files[n - 1].module(db) == file.module(db) {
            let first = files[n - 1].path(db);
            problems.push(errors::two_files(place.clone(), file.module(db), first, file.path(db)));
        }
        problems.extend(path_problem(&place, file.path(db)));
        problems.extend(block_of_same_name(db, file));
    }
    problems.into()
}

/// A block that has the name of the module of `file`. Looks at the headers of files with a shorter name only.
fn block_of_same_name(db: &dyn HirDb, file: File) -> Option<Problem> {
    let module = file.module(db);
    let (mut prefix, last) = module.rsplit_once('.')?;
    if !last.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    loop {
        if let Some(other) = file_of_module(db, ModuleId::new(db, Name::from(prefix)))
            && header(db, other).modules.iter().any(|block| block.path == *module)
        {
            let place = Place { module: Name::from(prefix), def: None, anchor: Anchor::Whole };
            return Some(errors::block_is_file(place, module, file.path(db)));
        }
        prefix = prefix.rsplit_once('.')?.0;
    }
}

/// Why a file has no text.
#[salsa::tracked(returns(as_deref))]
fn unreadable(db: &dyn HirDb, file: File) -> Option<Arc<str>> {
    match file.content(db) {
        Content::Invalid(reason) => Some(Arc::clone(reason)),
        Content::Text(_) | Content::Stored => None,
    }
}

fn path_problem(place: &Place, path: &Name) -> Option<Problem> {
    let stem = path.strip_suffix(".nos").unwrap_or(path);
    if stem == "stdlib" || stem.starts_with("stdlib/") {
        return Some(errors::stdlib_taken(place.clone(), path));
    }
    if stem.contains('.') {
        return Some(errors::dotted_file(place.clone(), path));
    }
    let part = stem.split('/').find(|part| !is_name(part))?;
    let mut problem = errors::not_importable(place.clone(), path, part);
    problem.severity = Severity::Warning;
    Some(problem)
}

/// Whether a `use` can name this part of a path.
fn is_name(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        // Keywords are what the parser says.
        && syntax::parse(&format!("use {part}.*")).errors().is_empty()
}

//! From ids to positions: the last step before a problem is shown.
//!
//! Input: a [`Place`]. Output: file and range today. Nothing that others compare may call this.

use base_db::{DefId, DefKind, DefName, File, Fingerprint, ModuleId, Name};
use syntax::{
    SyntaxKind, SyntaxNode, SyntaxNodePtr, SyntaxToken, TextRange, TextSize,
    ast::{self, AstNode},
};

use crate::{
    HirDb,
    problem::{Anchor, Place},
    query::{collected, definition_syntax, expanded_clauses, item, module_file, module_mvars, parse, source_map},
};

/// Where `place` is today. `None`: its module, definition or node no longer exists.
pub fn place_range(db: &dyn HirDb, place: &Place) -> Option<(File, TextRange)> {
    let module = ModuleId::new(db, place.module.clone());
    let file = module_file(db, module)?;
    let root = parse(db, file).syntax();
    let index = &collected(db, file).index;
    let range = match &place.def {
        None => match place.anchor {
            Anchor::Use(n, item) => {
                let decl = index.uses.get(&place.module)?.get(n as usize)?.try_to_node(&root)?;
                use_range(&decl, item)
            }
            _ => match index.modules.get(&place.module) {
                Some(blocks) => name_range(&blocks.first()?.try_to_node(&root)?),
                None => TextRange::empty(TextSize::new(0)),
            },
        },
        Some(def) => {
            let places = index.definitions.get(def)?;
            let node = |n: usize| -> Option<SyntaxNode> { places.get(n)?.try_to_node(&root) };
            match place.anchor {
                Anchor::Name | Anchor::Use(..) => name_range(&node(0)?),
                Anchor::Whole => node(0)?.text_range(),
                Anchor::Occurrence(n) => name_range(&node(n as usize)?),
                Anchor::Decorator(n) => {
                    let node = node(0)?;
                    let decorator =
                        node.children().filter(|child| child.kind() == SyntaxKind::DECORATOR).nth(n as usize);
                    decorator.unwrap_or(node).text_range()
                }
                // What a template produced stands at the decorator.
                Anchor::Member(_) if is_generated(&node(0)?) => node(0)?.text_range(),
                Anchor::Member(n) => member_range(def, n, &node(0)?).or_else(|| {
                    let method = method_of(db, def, n)?;
                    Some(name_range(&index.definitions.get(&method)?.first()?.try_to_node(&root)?))
                })?,
                Anchor::Expr(_) | Anchor::Pat(_) | Anchor::Type(_) => body_range(db, def, place.anchor, places)?,
            }
        }
    };
    Some((file, range))
}

fn is_generated(place: &SyntaxNode) -> bool {
    place.kind() == SyntaxKind::DECORATOR
}

/// Range of a node of a body: the map is relative to the clause.
fn body_range(db: &dyn HirDb, def: &DefName, anchor: Anchor, clauses: &[SyntaxNodePtr]) -> Option<TextRange> {
    let map = source_map(db, DefId::new(db, def.clone()));
    let (ranges, n) = match anchor {
        Anchor::Expr(n) => (&map.exprs, n as usize),
        Anchor::Pat(n) => (&map.pats, n as usize),
        Anchor::Type(n) => (&map.types, n as usize),
        _ => return None,
    };
    let first = |starts: &(usize, usize, usize)| match anchor {
        Anchor::Expr(_) => starts.0,
        Anchor::Pat(_) => starts.1,
        _ => starts.2,
    };
    let clause = map.starts.partition_point(|starts| first(starts) <= n).checked_sub(1)?;
    let clause = clauses.get(clause)?;
    if clause.kind() == SyntaxKind::DECORATOR {
        return Some(clause.text_range());
    }
    Some(*ranges.get(n)? + clause.text_range().start())
}

fn use_range(decl: &SyntaxNode, item: Option<u32>) -> TextRange {
    let listed = || {
        let list = ast::UseDecl::cast(decl.clone())?.list()?;
        let item = list.items().filter(|item| item.name().is_some()).nth(item? as usize)?;
        Some(item.syntax().text_range())
    };
    listed().unwrap_or_else(|| decl.text_range())
}

fn member_range(def: &DefName, n: u32, node: &SyntaxNode) -> Option<TextRange> {
    let name = |token: Option<SyntaxToken>| Some(token?.text_range());
    match def.kind() {
        DefKind::Type => match ast::TypeDef::cast(node.clone())?.body()? {
            ast::TypeBody::Record(list) => name(list.fields().nth(n as usize)?.name()),
            ast::TypeBody::Variants(list) => name(list.variants().nth(n as usize)?.name()),
            ast::TypeBody::Type(ty) => Some(ty.syntax().text_range()),
        },
        DefKind::Function | DefKind::Method | DefKind::DefaultMethod | DefKind::Template => {
            let params = node.children().find_map(ast::ParamList::cast)?;
            Some(params.params().nth(n as usize)?.syntax().text_range())
        }
        _ => None,
    }
}

fn method_of(db: &dyn HirDb, def: &DefName, n: u32) -> Option<DefName> {
    let item = item(db, DefId::new(db, def.clone())).as_ref()?;
    let methods = match def.kind() {
        DefKind::Trait => &item.as_trait()?.methods,
        DefKind::Impl => &item.as_impl()?.methods,
        _ => return None,
    };
    Some(methods.get(n as usize)?.def.clone())
}

/// The name in the head of a definition, or its first line.
fn name_range(node: &SyntaxNode) -> TextRange {
    let token = ast::FnDef::cast(node.clone())
        .and_then(|def| def.name())
        .or_else(|| ast::TypeDef::cast(node.clone())?.name())
        .or_else(|| ast::TraitDef::cast(node.clone())?.name())
        .or_else(|| ast::TraitMethod::cast(node.clone())?.name())
        .or_else(|| ast::TemplateDef::cast(node.clone())?.name())
        .or_else(|| ast::MvarDef::cast(node.clone())?.name())
        .or_else(|| ast::ConstDef::cast(node.clone())?.name())
        .or_else(|| ast::TestDef::cast(node.clone())?.name())
        .or_else(|| ast::ModuleDef::cast(node.clone())?.name())
        .or_else(|| ast::ExternType::cast(node.clone())?.name());
    if let Some(token) = token {
        return token.text_range();
    }
    if let Some(def) = ast::TopBinding::cast(node.clone())
        && let Some(pattern) = def.pattern()
    {
        return pattern.syntax().text_range();
    }
    if let Some(def) = ast::ImplDef::cast(node.clone())
        && let (Some(target), Some(name)) = (def.self_type(), def.trait_name())
    {
        return target.syntax().text_range().cover(name.text_range());
    }
    node.text_range()
}

/// Fingerprint of the text of a definition and of all else that its body is lowered from. `None`: no such definition.
/// No query: it is asked once for each binding group.
pub fn source_fingerprint<'db>(db: &'db dyn HirDb, def: DefId<'db>) -> Option<Fingerprint> {
    let syntax = definition_syntax(db, def);
    if syntax.clauses.is_empty() {
        return None;
    }
    let mvars: &[Name] = module_mvars(db, ModuleId::new(db, def.name(db).module().clone()));
    let written = Fingerprint::of(&(syntax.fingerprint, mvars));
    Some(match expanded_clauses(db, def, syntax) {
        Some(expanded) => {
            let texts: Vec<String> = expanded.clauses.iter().map(syntax::text_of).collect();
            Fingerprint::combine([written, Fingerprint::of(&(texts, &expanded.failures))])
        }
        None => written,
    })
}

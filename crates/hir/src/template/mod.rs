//! Templates: functions from code to code that run while the program is compiled, and decorators that apply them.
//!
//! Input: the tree of a decorated item, the trees of the templates and functions that a [`Scope`] offers, the arguments
//! of the decorators. Output: an [`Expansion`]: the new body of a function, and items that stand beside the decorated
//! one. Decorators apply from the innermost outwards, each to what the one below it left.
//!
//! Works on syntax alone: code is a tree without positions, `~e` in a quote is replaced by the tree of the value of `e`.
//! Nothing is typed here; what comes out is lowered and checked as if it had been written.
//!
//! Invariants: total (steps, depth and size have bounds, a template that exceeds one is a [`Failure`]) and
//! deterministic: fresh names are numbered per expansion and carry the name of the decorated item.

mod builtin;
mod code;
mod eval;
mod pattern;
mod quote;
mod scope;
#[cfg(test)]
mod tests;
mod value;

use base_db::Name;
use serde::{Deserialize, Serialize};
use syntax::{
    GreenNode, SyntaxKind, SyntaxNode, TextRange, TextSize, WalkEvent,
    ast::{self, AstNode},
};

pub(crate) use code::is_decorated;
pub(crate) use scope::{FileDefinitions, ProjectScope, Scope};
pub use scope::{TemplateQuestion, template_answer, templates_fingerprint};

use eval::Evaluator;
use value::{Item, Value};

/// How many places the trail of a failure has at most.
const MAX_TRAIL: usize = 8;

/// Why an expansion did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// One clause, no final dot.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// No template has the name of the decorator.
    pub unknown: bool,
    /// Which decorator, outermost first.
    pub decorator: u32,
    /// Where it happened, innermost first: the expression, then the templates and functions that were running.
    pub trail: Vec<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None, unknown: false, decorator: 0, trail: Vec::new() }
    }

    /// Notes one more place on the way out. Places beyond [`MAX_TRAIL`] are left out.
    pub(crate) fn passing(mut self, place: impl FnOnce() -> String) -> Failure {
        if self.trail.len() < MAX_TRAIL {
            self.trail.push(place());
        }
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}

/// Result of the evaluator.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What the decorators of one item make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    /// The decorated item, for functions with its new body.
    pub item: GreenNode,
    /// Items that stand beside it, in order.
    pub beside: Vec<GreenNode>,
}

/// Applies `decorators` (outermost first) to a function or type of `module`.
pub(crate) fn expand(
    item: &GreenNode,
    decorators: &[ast::Decorator],
    scope: &dyn Scope,
    module: &Name,
) -> Result<Expansion> {
    let root = SyntaxNode::new_root(item.clone());
    let name = code::item_name(&root).unwrap_or_default();
    let mut evaluator = Evaluator::new(scope, name, module.clone());
    let mut expansion = Expansion { item: item.clone(), beside: Vec::new() };
    for (n, decorator) in decorators.iter().enumerate().rev() {
        decorate(&mut evaluator, decorator, &mut expansion)
            .map_err(|failure| Failure { decorator: n as u32, ..failure })?;
    }
    Ok(expansion)
}

/// Applies one decorator to what those below it left.
fn decorate(evaluator: &mut Evaluator<'_>, decorator: &ast::Decorator, expansion: &mut Expansion) -> Result<()> {
    let Some(name) = decorator.name() else { return Ok(()) };
    let args = decorator.args().filter_map(|arg| arg.expr()).map(|arg| evaluator.argument(&arg));
    let args: Vec<Value> = args.collect::<Result<_>>()?;
    let item = Item::new(expansion.item.clone());
    let is_function = item.is_function();
    let value = evaluator.decorate(name.text(), item, args)?;
    let before = expansion.beside.len();
    if is_function {
        decorate_function(expansion, value)?;
    } else {
        decorate_type(expansion, code::items(value)?);
    }
    code::check_bounds(&expansion.item)?;
    for item in &expansion.beside[before..] {
        code::check_bounds(item)?;
        let kind = SyntaxKind::from_raw(item.kind().0);
        if matches!(kind, SyntaxKind::USE_DECL | SyntaxKind::MODULE_DEF | SyntaxKind::TEMPLATE_DEF) {
            return Err(Failure::new(format!(
                "template `{}` cannot produce imports, modules or templates",
                name.text()
            )));
        }
    }
    Ok(())
}

/// The result of a template becomes the body; definitions alone stand beside the function instead.
fn decorate_function(expansion: &mut Expansion, value: Value) -> Result<()> {
    if !value.is_definitions() {
        let body = code::expression(&value)?;
        expansion.item = code::with_body(&expansion.item, body);
        return Ok(());
    }
    let root = SyntaxNode::new_root(expansion.item.clone());
    for item in code::items(value)? {
        let produced = SyntaxNode::new_root(item.clone());
        match (ast::FnDef::cast(root.clone()), ast::FnDef::cast(produced)) {
            (Some(old), Some(new)) if code::same_head(&old, &new) => {
                if let Some(body) = new.body() {
                    expansion.item = code::with_body(&expansion.item, body.syntax().green().into_owned());
                }
            }
            _ => expansion.beside.push(item),
        }
    }
    Ok(())
}

/// What a template makes of a type stands beside it; a type of the same name takes its place.
fn decorate_type(expansion: &mut Expansion, produced: Vec<GreenNode>) {
    let name = code::item_name(&SyntaxNode::new_root(expansion.item.clone()));
    for item in produced {
        let root = SyntaxNode::new_root(item.clone());
        if <ast::TypeDef>::can_cast(root.kind()) && code::item_name(&root) == name {
            expansion.item = item;
        } else {
            expansion.beside.push(item);
        }
    }
}

/// From ranges in an expanded clause to ranges in the written one.
pub(crate) struct Origins {
    /// Where the new body begins, and what stands for everything in it that was not written there.
    body: TextRange,
    decorator: TextRange,
    /// Copies of the written body, and where that begins.
    copies: Vec<TextRange>,
    written: TextSize,
}

impl Origins {
    /// `None` if nothing was expanded.
    pub(crate) fn new(written: &GreenNode, expanded: &GreenNode) -> Option<Origins> {
        if written == expanded {
            return None;
        }
        let old = ast::FnDef::cast(SyntaxNode::new_root(written.clone()))?;
        let new = ast::FnDef::cast(SyntaxNode::new_root(expanded.clone()))?;
        let (old_body, new_body) = (old.body()?, new.body()?);
        let old_green = old_body.syntax().green().into_owned();
        let mut copies = Vec::new();
        let mut events = new_body.syntax().preorder();
        while let Some(event) = events.next() {
            if let WalkEvent::Enter(node) = event
                && node.kind() == old_body.syntax().kind()
                && node.text_range().len() == old_green.text_len()
                && node.green().into_owned() == old_green
            {
                copies.push(node.text_range());
                events.skip_subtree();
            }
        }
        let decorator = old.decorators().next().map(|decorator| decorator.syntax().text_range());
        let head = TextRange::new(TextSize::new(0), old_body.syntax().text_range().start());
        Some(Origins {
            body: new_body.syntax().text_range(),
            decorator: decorator.unwrap_or(head),
            copies,
            written: old_body.syntax().text_range().start(),
        })
    }

    /// Where a person sees what stands at `range` of the expanded clause.
    pub(crate) fn written(&self, range: TextRange) -> TextRange {
        if range.end() <= self.body.start() {
            return range;
        }
        match self.copies.iter().find(|copy| copy.contains_range(range)) {
            Some(copy) => range - copy.start() + self.written,
            None => self.decorator,
        }
    }
}

/// The failure of a decorator of `module` that names no template.
pub(crate) fn unknown_template(name: &str, module: &str, scope: &dyn Scope) -> Failure {
    let near = crate::near(name, scope.template_names(module).into_iter());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it: `template {name}(fn) = quote {{ … }}`"),
    };
    Failure { unknown: true, ..Failure::new(format!("unknown template `{name}`")).help(help) }
}

/// The failure of a decorator that several other modules have a template for.
pub(crate) fn ambiguous_template(name: &str, modules: &[Name]) -> Failure {
    let shown: Vec<String> = modules.iter().map(|module| format!("`{module}`")).collect();
    let first = modules.first().map(Name::as_str).unwrap_or_default();
    Failure::new(format!("ambiguous template `{name}`: it is declared in {}", shown.join(" and ")))
        .help(format!("import the one that is meant: `use {first}.{{{name}}}`"))
}

//! Code as a value: trees without positions, made, taken apart and put together again.
//!
//! Input: trees and values. Output: trees that the lowering takes like those of the parser. A tree that is put into
//! another one is enclosed in parentheses unless it binds as tightly as a name, so that its text means the same.

use std::rc::Rc;

use syntax::{
    GreenNode, NodeOrToken, SyntaxKind, SyntaxNode,
    ast::{self, AstNode},
};

use super::{
    Failure, Result,
    value::{Item, Value},
};

/// Greatest depth of an expanded tree; deeper ones would exhaust the stack of those who walk it.
const MAX_DEPTH: usize = syntax::MAX_TREE_DEPTH;

/// Greatest size of an expanded item in bytes.
const MAX_SIZE: u32 = 1 << 20;

/// A piece of program.
#[derive(Clone, Debug)]
pub(super) enum Code {
    /// An expression.
    Expr(GreenNode),
    /// Statements, from `quote { … }` or `eval`.
    Block(Rc<[Piece]>),
}

/// One or several statements.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// A statement.
    Stmt(GreenNode),
    /// The text given to `eval`.
    Source(Rc<Source>),
    /// The decorated item itself.
    Item(Rc<Item>),
}

/// What the text given to `eval` can be read as; not both are `None`.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// Statements.
    stmts: Option<Vec<GreenNode>>,
    /// Items of a module.
    items: Option<Vec<GreenNode>>,
}

impl Code {
    /// The text of it.
    pub(super) fn text(&self) -> String {
        match self {
            Code::Expr(node) => node.to_string().trim().to_owned(),
            Code::Block(pieces) => pieces.iter().map(Piece::text).collect::<Vec<_>>().join("\n"),
        }
    }

    pub(super) fn is_definitions(&self) -> bool {
        match self {
            Code::Expr(_) => false,
            Code::Block(pieces) => !pieces.is_empty() && pieces.iter().all(Piece::is_definition),
        }
    }

    /// Reads the text of a program.
    pub(super) fn read(text: &str) -> Result<Code> {
        let stmts = read_block(text).map(|block| statements_of(&block));
        let items = read_items(text);
        if stmts.is_none() && items.is_none() {
            // As statements, since the top level refuses most of what an expression begins with.
            let errors = syntax::parse(&format!("f() = {{\n{text}\n}}")).errors().to_vec();
            let reason = errors.first().map(|error| format!(": {}", error.message)).unwrap_or_default();
            let shown: String = text.chars().take(60).collect();
            return Err(Failure::new(format!("`eval` cannot read `{shown}`{reason}")));
        }
        if let (Some([single]), None) = (stmts.as_deref(), &items)
            && <ast::Expr>::can_cast(SyntaxKind::from_raw(single.kind().0))
        {
            return Ok(Code::Expr(single.clone()));
        }
        Ok(Code::Block(Rc::new([Piece::Source(Rc::new(Source { text: text.to_owned(), stmts, items }))])))
    }
}

impl Piece {
    fn text(&self) -> String {
        match self {
            Piece::Stmt(node) => node.to_string().trim().to_owned(),
            Piece::Source(source) => source.text.clone(),
            Piece::Item(item) => undecorated(&item.syntax()),
        }
    }

    /// A function definition or other item.
    fn is_definition(&self) -> bool {
        match self {
            Piece::Stmt(node) => local_function(&SyntaxNode::new_root(node.clone())).is_some(),
            Piece::Source(source) => match (&source.stmts, &source.items) {
                (Some(stmts), Some(_)) => {
                    stmts.iter().all(|stmt| local_function(&SyntaxNode::new_root(stmt.clone())).is_some())
                }
                (None, Some(_)) => true,
                (_, None) => false,
            },
            Piece::Item(_) => true,
        }
    }

    /// Whether it only makes names for the statements below it.
    fn is_binding(&self) -> bool {
        match self {
            Piece::Stmt(node) => {
                matches!(SyntaxKind::from_raw(node.kind().0), SyntaxKind::BIND_STMT | SyntaxKind::LET_STMT)
            }
            Piece::Source(_) | Piece::Item(_) => true,
        }
    }

    fn statements(&self) -> Result<Vec<GreenNode>> {
        match self {
            Piece::Stmt(node) => Ok(vec![node.clone()]),
            Piece::Source(source) => source.stmts.clone().ok_or_else(|| {
                Failure::new("definitions of types, traits and implementations cannot stand in a body")
                    .help("let the template produce nothing but definitions")
            }),
            Piece::Item(item) => {
                let text = undecorated(&item.syntax());
                read_block(&text)
                    .map(|block| statements_of(&block))
                    .ok_or_else(|| Failure::new("the decorated item itself cannot stand in a body"))
            }
        }
    }
}

/// The call on the left of `f(a) = e`.
fn local_function(stmt: &SyntaxNode) -> Option<ast::CallExpr> {
    match ast::BindStmt::cast(stmt.clone())?.target()?.bind_target() {
        ast::BindTarget::Function(call) => Some(call),
        _ => None,
    }
}

/// The text of an item without its decorators.
fn undecorated(item: &SyntaxNode) -> String {
    let parts =
        item.children_with_tokens().skip_while(|part| part.kind() == SyntaxKind::DECORATOR || part.kind().is_trivia());
    parts.map(|part| part.to_string()).collect()
}

// ---- Reading text ----

/// The only item of `text`, if it has no errors.
fn read_single(text: &str) -> Option<SyntaxNode> {
    let parse = syntax::parse(text);
    if !parse.errors().is_empty() {
        return None;
    }
    let root = parse.syntax();
    let mut items = root.children();
    match (items.next(), items.next()) {
        (Some(item), None) => Some(item),
        _ => None,
    }
}

/// An expression from its text.
pub(super) fn read_expr(text: &str) -> Option<GreenNode> {
    let def = ast::FnDef::cast(read_single(&format!("f() =\n{text}\n"))?)?;
    Some(def.body()?.syntax().green().into_owned())
}

fn read_block(text: &str) -> Option<GreenNode> {
    let block = read_expr(&format!("{{\n{text}\n}}"))?;
    (SyntaxKind::from_raw(block.kind().0) == SyntaxKind::BLOCK_EXPR).then_some(block)
}

fn statements_of(block: &GreenNode) -> Vec<GreenNode> {
    let root = SyntaxNode::new_root(block.clone());
    let Some(block) = ast::BlockExpr::cast(root) else { return Vec::new() };
    block.statements().map(|stmt| stmt.syntax().green().into_owned()).collect()
}

fn read_items(text: &str) -> Option<Vec<GreenNode>> {
    let parse = syntax::parse(text);
    if !parse.errors().is_empty() {
        return None;
    }
    Some(parse.tree().items().map(|item| item.syntax().green().into_owned()).collect())
}

// ---- Making trees ----

/// The children of `node`, with its child nodes replaced by what `f` gives for each.
pub(super) fn map_children(
    node: &GreenNode,
    mut f: impl FnMut(usize, GreenNode) -> Result<GreenNode>,
) -> Result<GreenNode> {
    let mut n = 0;
    let children = node.children().map(|child| {
        Ok(match child {
            NodeOrToken::Node(child) => {
                n += 1;
                NodeOrToken::Node(f(n - 1, child.to_owned())?)
            }
            NodeOrToken::Token(token) => NodeOrToken::Token(token.to_owned()),
        })
    });
    let children = children.collect::<Result<Vec<_>>>()?;
    let lengths = children.iter().map(|child| match child {
        NodeOrToken::Node(node) => u64::from(u32::from(node.text_len())),
        NodeOrToken::Token(token) => u64::from(u32::from(token.text_len())),
    });
    if lengths.sum::<u64>() > u64::from(MAX_SIZE) {
        return Err(too_large());
    }
    Ok(node.splice_children(.., children))
}

/// A tree of `text`, an expression whose direct children are names, with these replaced by `nodes` in order.
fn filled(text: &str, nodes: &[GreenNode]) -> Result<GreenNode> {
    let shape = read_expr(text).ok_or_else(too_large)?;
    map_children(&shape, |n, child| Ok(nodes.get(n).cloned().unwrap_or(child)))
}

/// A block of these statements.
pub(super) fn block(stmts: &[GreenNode]) -> Result<GreenNode> {
    filled(&format!("{{\n{}}}", "a\n".repeat(stmts.len())), stmts)
}

/// `node` enclosed in parentheses unless it needs none.
pub(super) fn enclosed(node: GreenNode) -> Result<GreenNode> {
    use SyntaxKind as K;
    match SyntaxKind::from_raw(node.kind().0) {
        K::NAME_EXPR
        | K::CON_EXPR
        | K::LITERAL
        | K::INTERP_STRING
        | K::UNIT_EXPR
        | K::PAREN_EXPR
        | K::TUPLE_EXPR
        | K::LIST_EXPR
        | K::RANGE_LIST
        | K::MAP_EXPR
        | K::SET_EXPR
        | K::BLOCK_EXPR
        | K::CALL_EXPR
        | K::METHOD_CALL
        | K::FIELD_EXPR
        | K::CONSTRUCT_EXPR
        | K::INDEX_EXPR
        | K::WILDCARD_EXPR => Ok(node),
        _ => filled("(a)", &[node]),
    }
}

/// The text of a Float, always with a fraction.
pub(super) fn float_text(value: f64) -> String {
    let text = value.to_string();
    if text.contains(['.', 'N', 'i']) { text } else { format!("{text}.0") }
}

fn string_literal(text: &str) -> String {
    // A string in single quotes has no holes, but at least two characters.
    let quote = if text.contains("${") { '\'' } else { '"' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// The expression that stands for a value in the program.
pub(super) fn expression(value: &Value) -> Result<GreenNode> {
    let read = |text: String| {
        read_expr(&text).ok_or_else(|| Failure::new(format!("`{text}` cannot be spliced: it is not an expression")))
    };
    match value {
        Value::Unit => read("()".to_owned()),
        Value::Bool(value) => read(value.to_string()),
        // The least Int has no literal.
        Value::Int(i64::MIN) => read("-9223372036854775807 - 1".to_owned()),
        Value::Int(value) => read(value.to_string()),
        Value::Float(value) if value.is_finite() => read(float_text(*value)),
        Value::Char(c @ ('\'' | '\\')) => read(format!("'\\{c}'")),
        Value::Char('\n') => read("'\\n'".to_owned()),
        Value::Char(c) => read(format!("'{c}'")),
        Value::Str(text) => read(string_literal(text)),
        Value::Ident(name) | Value::Function(name) => read(name.to_string()),
        Value::List(items) if items.is_empty() => read("[]".to_owned()),
        Value::List(items) => filled(&format!("[{}]", commas(items.len())), &expressions(items)?),
        Value::Tuple(items) => filled(&format!("({})", commas(items.len())), &expressions(items)?),
        Value::Variant(name, args) if args.is_empty() => read(name.to_string()),
        Value::Variant(name, args) => call(read(format!("{name}({})", commas(args.len())))?, &expressions(args)?),
        Value::Code(Code::Expr(node)) => Ok(node.clone()),
        Value::Code(Code::Block(pieces)) => {
            let stmts = statements(pieces)?;
            match stmts.as_slice() {
                [single] if <ast::Expr>::can_cast(SyntaxKind::from_raw(single.kind().0)) => Ok(single.clone()),
                _ => block(&stmts),
            }
        }
        Value::Closure(closure) if closure.name.is_none() => {
            let lambda = closure.body.syntax().parent().filter(|node| node.kind() == SyntaxKind::LAMBDA);
            lambda.map(|node| node.green().into_owned()).ok_or_else(|| not_code(value))
        }
        Value::Float(_) | Value::Record(_) | Value::Item(_) | Value::Closure(_) => Err(not_code(value)),
    }
}

fn not_code(value: &Value) -> Failure {
    Failure::new(format!("{} cannot be spliced as an expression", value.kind()))
        .help("splice one of its fields, such as `~fn.name` or `~fn.body`")
}

fn expressions(items: &[Value]) -> Result<Vec<GreenNode>> {
    items.iter().map(expression).collect()
}

fn commas(n: usize) -> String {
    vec!["a"; n].join(", ")
}

/// `shape`, a call or construction, with these arguments instead of those it has.
fn call(shape: GreenNode, args: &[GreenNode]) -> Result<GreenNode> {
    let mut args = args.iter();
    map_children(&shape, |_, child| {
        if SyntaxKind::from_raw(child.kind().0) != SyntaxKind::ARG_LIST {
            return Ok(child);
        }
        map_children(&child, |_, arg| map_children(&arg, |_, old| Ok(args.next().cloned().unwrap_or(old))))
    })
}

/// A call of `callee` with these arguments.
pub(super) fn call_of(callee: GreenNode, args: &[GreenNode]) -> Result<GreenNode> {
    let shape = read_expr(&format!("f({})", commas(args.len()))).ok_or_else(|| Failure::new("too many arguments"))?;
    let shape = call(shape, args)?;
    let callee = enclosed(callee)?;
    map_children(&shape, |n, child| Ok(if n == 0 { callee.clone() } else { child }))
}

/// The statements that a spliced value stands for.
pub(super) fn pieces(value: Value) -> Result<Vec<Piece>> {
    match value {
        Value::List(items) if items.iter().all(is_statements) => {
            let mut all = Vec::new();
            for item in items.iter() {
                all.extend(pieces(item.clone())?);
            }
            Ok(all)
        }
        Value::Item(item) => Ok(vec![Piece::Item(item)]),
        Value::Code(Code::Block(pieces)) if pieces.len() == 1 || pieces.last().is_none_or(Piece::is_binding) => {
            Ok(pieces.to_vec())
        }
        value => Ok(vec![Piece::Stmt(expression(&value)?)]),
    }
}

/// Whether a value is code, so that a list of such is a sequence of statements rather than a list.
fn is_statements(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(is_statements),
        value => matches!(value, Value::Code(_) | Value::Item(_) | Value::Unit),
    }
}

/// Statements of pieces that stand in a body.
pub(super) fn statements(pieces: &[Piece]) -> Result<Vec<GreenNode>> {
    let mut stmts = Vec::new();
    for piece in pieces {
        stmts.extend(piece.statements()?);
    }
    Ok(stmts)
}

// ---- Items ----

/// The items that a value stands for at module level.
pub(super) fn items(value: Value) -> Result<Vec<GreenNode>> {
    let mut out = Vec::new();
    add_items(&value, &mut out)?;
    Ok(out)
}

fn add_items(value: &Value, out: &mut Vec<GreenNode>) -> Result<()> {
    match value {
        Value::Unit | Value::Item(_) => Ok(()),
        Value::List(items) => items.iter().try_for_each(|item| add_items(item, out)),
        Value::Str(text) => add_items(&Value::Code(Code::read(text)?), out),
        Value::Code(Code::Expr(node)) => add_statement(node, out),
        Value::Code(Code::Block(pieces)) => pieces.iter().try_for_each(|piece| match piece {
            Piece::Stmt(node) => add_statement(node, out),
            Piece::Source(source) => match &source.items {
                Some(items) => {
                    out.extend(items.iter().cloned());
                    Ok(())
                }
                None => Err(not_an_item(&source.text)),
            },
            Piece::Item(item) => {
                out.extend(read_items(&undecorated(&item.syntax())).into_iter().flatten());
                Ok(())
            }
        }),
        value => Err(not_an_item(value.kind())),
    }
}

/// A statement of a quote as an item: a local function becomes a function of the module.
fn add_statement(node: &GreenNode, out: &mut Vec<GreenNode>) -> Result<()> {
    match SyntaxKind::from_raw(node.kind().0) {
        SyntaxKind::UNIT_EXPR => Ok(()),
        SyntaxKind::BLOCK_EXPR => statements_of(node).iter().try_for_each(|stmt| add_statement(stmt, out)),
        SyntaxKind::BIND_STMT | SyntaxKind::LET_STMT => {
            let text = node.to_string();
            let read = read_items(&text).ok_or_else(|| not_an_item(&text))?;
            out.extend(read);
            Ok(())
        }
        _ => Err(not_an_item(&node.to_string())),
    }
}

fn not_an_item(text: &str) -> Failure {
    let shown: String = text.trim().chars().take(40).collect();
    Failure::new(format!("a template for a type must produce definitions, found `{shown}`"))
        .help("write functions in the quote: `name(x) = …`, or their text in `eval(\"…\")`")
}

/// `item`, a function, with another body.
pub(super) fn with_body(item: &GreenNode, body: GreenNode) -> GreenNode {
    let mut after_eq = false;
    let mut body = Some(body);
    let children = item.children().map(|child| match child {
        NodeOrToken::Node(child) if after_eq && <ast::Expr>::can_cast(SyntaxKind::from_raw(child.kind().0)) => {
            NodeOrToken::Node(body.take().unwrap_or_else(|| child.to_owned()))
        }
        NodeOrToken::Node(child) => NodeOrToken::Node(child.to_owned()),
        NodeOrToken::Token(token) => {
            after_eq |= SyntaxKind::from_raw(token.kind().0) == SyntaxKind::EQ;
            NodeOrToken::Token(token.to_owned())
        }
    });
    let children: Vec<_> = children.collect();
    item.splice_children(.., children)
}

/// Whether both functions have the same name and parameters.
pub(super) fn same_head(old: &ast::FnDef, new: &ast::FnDef) -> bool {
    let text = |def: &ast::FnDef| {
        let params = def.param_list().map(|list| list.syntax().text().to_string()).unwrap_or_default();
        params.split_whitespace().collect::<String>()
    };
    old.name().map(|name| name.text().to_owned()) == new.name().map(|name| name.text().to_owned())
        && text(old) == text(new)
}

/// The name of a function or type.
pub(super) fn item_name(item: &SyntaxNode) -> Option<String> {
    let name =
        ast::FnDef::cast(item.clone()).and_then(|def| def.name()).or_else(|| ast::TypeDef::cast(item.clone())?.name());
    Some(name?.text().to_owned())
}

/// Whether an item begins with a decorator.
pub(crate) fn is_decorated(item: &GreenNode) -> bool {
    let first = item.children().find_map(NodeOrToken::into_node);
    first.is_some_and(|node| SyntaxKind::from_raw(node.kind().0) == SyntaxKind::DECORATOR)
}

fn too_large() -> Failure {
    Failure::new("this expansion is too large")
}

/// Refuses trees that are too large or too deep.
pub(super) fn check_bounds(node: &GreenNode) -> Result<()> {
    if u32::from(node.text_len()) > MAX_SIZE {
        return Err(too_large());
    }
    let mut stack = vec![node.children()];
    while let Some(top) = stack.last_mut() {
        match top.next() {
            Some(NodeOrToken::Node(child)) => stack.push(child.children()),
            Some(NodeOrToken::Token(_)) => {}
            None => {
                stack.pop();
            }
        }
        if stack.len() > MAX_DEPTH {
            return Err(Failure::new("this expansion is nested too deeply"));
        }
    }
    Ok(())
}

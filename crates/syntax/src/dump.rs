//! A tree as text, for people and for snapshots.
//!
//! Input: a [`Parse`]. Output: one line for each node and token, indented by depth; a node with a single token takes
//! one line together with it. Spaces are left out, line ends and comments are shown. Errors follow the tree.

use crate::{Parse, SyntaxElement, SyntaxError, SyntaxKind, SyntaxNode};
use std::fmt::Write as _;

/// The tree and the errors of a file.
#[must_use]
pub fn dump(parse: &Parse) -> String {
    let mut out = String::new();
    node(&mut out, &parse.syntax(), 0);
    if !parse.errors().is_empty() {
        out.push('\n');
    }
    for error in parse.errors() {
        render_error(&mut out, error);
    }
    out
}

fn render_error(out: &mut String, error: &SyntaxError) {
    let range = error.range;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "error {}..{}: {}", u32::from(range.start()), u32::from(range.end()), error.message);
    for note in &error.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    if let Some(help) = &error.help {
        let _ = writeln!(out, "  help: {help}");
    }
}

fn node(out: &mut String, node: &SyntaxNode, depth: usize) {
    // The tree is at most `MAX_TREE_DEPTH` deep.
    let _ = write!(out, "{:width$}{:?}", "", node.kind(), width = depth * 2);
    let children: Vec<SyntaxElement> =
        node.children_with_tokens().filter(|child| child.kind() != SyntaxKind::WHITESPACE).collect();
    if let [SyntaxElement::Token(token)] = children.as_slice() {
        let _ = writeln!(out, " {:?}", token.text());
        return;
    }
    out.push('\n');
    for child in children {
        match child {
            SyntaxElement::Node(child) => self::node(out, &child, depth + 1),
            SyntaxElement::Token(token) => {
                let _ = writeln!(out, "{:width$}{:?} {:?}", "", token.kind(), token.text(), width = depth * 2 + 2);
            }
        }
    }
}

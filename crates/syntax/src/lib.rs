//! Syntax of the language: text to a lossless tree, and a typed view of it.
//!
//! Input: the text of one file. Output: a [`Parse`] — a tree whose text is the input byte for byte, and the list of
//! syntax errors. [`parse`] never fails and never panics; a broken file gives a tree with `ERROR_*` nodes.
//!
//! This crate knows no files, no database and no types. Trees are at most [`MAX_TREE_DEPTH`] nodes deep, so walking
//! one by recursion is safe for everybody above.

pub mod ast;
mod dump;
mod format;
mod grammar;
mod lexer;
pub mod literal;
mod parser;
mod sink;
mod support;
mod syntax_kind;
#[cfg(test)]
mod tests;
mod tree;

pub use crate::dump::dump;
pub use crate::format::{FormatError, format};
pub use crate::syntax_kind::{NostosLanguage, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};
pub use crate::tree::{Leaf, Node, SyntaxNodePtr, Token, Tree, Wanted};
pub use rowan::{Direction, GreenNode, NodeOrToken, TextRange, TextSize, TokenAtOffset, WalkEvent};

use ast::AstNode as _;
use rowan::GreenNodeData;
use std::sync::Arc;

/// Bound of the depth of every tree, in nodes.
pub const MAX_TREE_DEPTH: usize = 1000;

/// One mistake in the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SyntaxError {
    /// Bytes of the text, half open; empty for something that is missing.
    pub range: TextRange,
    /// One clause, no final dot.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Further explanation.
    pub notes: Vec<String>,
}

/// The tree of one file and its syntax errors, in order of position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    text: Arc<str>,
    green: GreenNode,
    errors: Arc<[SyntaxError]>,
}

impl Parse {
    /// The typed root.
    ///
    /// # Panics
    /// Never: the parser always builds a `SOURCE_FILE`.
    #[must_use]
    pub fn tree(&self) -> ast::File {
        ast::File::cast(self.syntax()).expect("the root is a SOURCE_FILE")
    }

    /// The root of the tree.
    #[must_use]
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// The tree without positions and parents; may be sent between threads.
    #[must_use]
    pub fn green(&self) -> &GreenNode {
        &self.green
    }

    /// The text that was parsed, which is also that of the tree.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Syntax errors, in order of position.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }
}

/// The text of a detached tree; much cheaper than formatting it, which goes through a formatter for every token.
#[must_use]
pub fn text_of(node: &GreenNode) -> String {
    fn push(node: &GreenNodeData, text: &mut String) {
        for child in node.children() {
            match child {
                NodeOrToken::Node(node) => push(node, text),
                NodeOrToken::Token(token) => text.push_str(token.text()),
            }
        }
    }
    let mut text = String::with_capacity(node.text_len().into());
    push(node, &mut text);
    text
}

/// Parses one file.
#[must_use]
pub fn parse(text: &str) -> Parse {
    let attempt = attempt(text, None);
    if attempt.errors.is_empty() || attempt.long_strings.is_empty() {
        attempt.parse(text)
    } else {
        repaired(text, attempt)
    }
}

/// How many strings are tried as the one that lacks its quote.
const MAX_REPAIRS: usize = 6;

/// A string without its quote goes on to the quote of the next one, and what was text is read as code from there. The
/// end of the file need not show it: a `#` in such a text makes the rest of the line a comment, and the quotes match
/// again. So of the strings that span lines those next to mistakes are tried as the one that lacks its quote: the
/// last that begins before the mistake, or, where an opening quote is missing, behind it on its line.
fn repaired(text: &str, first: Attempt) -> Parse {
    let last_before = |at: usize| {
        let before = first.long_strings.partition_point(|&start| (start as usize) < at);
        Some(first.long_strings[before.checked_sub(1)?])
    };
    let beside = |error: &SyntaxError| {
        let end = usize::from(error.range.end());
        let line_end = text[end..].find('\n').map_or(text.len(), |n| end + n);
        [last_before(end), last_before(line_end)]
    };
    let mut candidates: Vec<u32> = first.errors.iter().take(MAX_REPAIRS).flat_map(beside).flatten().collect();
    candidates.dedup();
    candidates.truncate(MAX_REPAIRS);
    let mut best = first;
    for start in candidates {
        let other = attempt(text, Some(start));
        if other.doubt() < best.doubt() {
            best = other;
        }
    }
    best.parse(text)
}

/// One reading of a text.
struct Attempt {
    green: GreenNode,
    /// In the order of the text.
    errors: Vec<SyntaxError>,
    /// Starts of strings that span lines; ascending.
    long_strings: Vec<u32>,
}

impl Attempt {
    /// How much speaks against it: a lost quote turns each later pair around, so it shows in strings that span lines
    /// as much as in mistakes.
    fn doubt(&self) -> usize {
        self.errors.len() + self.long_strings.len()
    }

    fn parse(self, text: &str) -> Parse {
        Parse { text: Arc::from(text), green: self.green, errors: self.errors.into() }
    }
}

/// Reads `text`; a string at the offset `broken` ends on its line.
fn attempt(text: &str, broken: Option<u32>) -> Attempt {
    let lexed = lexer::lex(text, broken);
    let tokens = parser::Tokens::new(lexed.tokens, text);
    let mut parser = parser::Parser::new(text, &tokens);
    grammar::items::file(&mut parser);
    let (events, mut errors) = parser.finish();
    let sink::Built { green, cut_at } = sink::build(text, &tokens, events);
    if let Some(at) = cut_at
        && !errors.iter().any(|error| error.message == parser::TOO_DEEP)
    {
        errors.push(SyntaxError {
            range: TextRange::empty(at.into()),
            message: parser::TOO_DEEP.to_owned(),
            help: Some(parser::TOO_DEEP_HELP.to_owned()),
            notes: Vec::new(),
        });
    }
    errors.extend(lexed.errors);
    errors.sort_by_key(|error| (error.range.start(), error.range.end()));
    Attempt { green, errors, long_strings: lexed.long_strings }
}

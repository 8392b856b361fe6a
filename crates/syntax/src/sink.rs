//! Events of the parser to a rowan tree.
//!
//! Input: the events, the tokens, the text. Output: the green tree, and whether it had to be cut.
//! Space and comments before a node belong to its parent, so that ranges of nodes are tight.
//!
//! Invariant: the tree contains every token once and is at most [`MAX_TREE_DEPTH`] deep. Long operator chains lean
//! to the left and are as deep as they are long, which the parser cannot see while it reads them; what lies deeper
//! than the limit is put flat into one error node here.

mod builder;

use crate::{
    MAX_TREE_DEPTH, SyntaxKind,
    parser::{Event, Tokens},
};
use builder::Builder;
use rowan::GreenNode;

/// What [`build`] returns.
pub(crate) struct Built {
    pub(crate) green: GreenNode,
    /// Byte offset of the first node that was too deep.
    pub(crate) cut_at: Option<u32>,
}

/// Builds the tree.
pub(crate) fn build(text: &str, tokens: &Tokens, events: Vec<Event>) -> Built {
    let builder = Builder::new(tokens.raw_len());
    let mut sink = Sink { text, tokens, raw: 0, next: 0, builder, depth: 0, cut_at: None };
    sink.run(events);
    Built { green: sink.builder.finish(), cut_at: sink.cut_at }
}

struct Sink<'t> {
    text: &'t str,
    tokens: &'t Tokens,
    /// Next raw token.
    raw: usize,
    /// Next significant token.
    next: usize,
    builder: Builder,
    depth: usize,
    cut_at: Option<u32>,
}

impl Sink<'_> {
    fn run(&mut self, mut events: Vec<Event>) {
        let mut kinds = Vec::new();
        for at in 0..events.len() {
            match events[at] {
                Event::Start { kind: SyntaxKind::TOMBSTONE, .. } => {}
                Event::Start { kind, parent } => {
                    // Parents that were put in front later come first.
                    kinds.push(kind);
                    let (mut from, mut parent) = (at, parent);
                    while parent != 0 {
                        from += parent as usize;
                        let Event::Start { kind, parent: next } = events[from] else { break };
                        events[from] = Event::TOMBSTONE;
                        if kind != SyntaxKind::TOMBSTONE {
                            kinds.push(kind);
                        }
                        parent = next;
                    }
                    let empty = matches!(events.get(at + 1), Some(Event::Finish));
                    if self.depth > 0 && !empty {
                        self.trivia(self.tokens.raw_index(self.next));
                    }
                    for kind in kinds.drain(..).rev() {
                        self.start(kind);
                    }
                }
                Event::Token { kind, count } => {
                    let first = self.tokens.raw_index(self.next);
                    self.next += count as usize;
                    let last = self.tokens.raw_index(self.next - 1);
                    self.trivia(first);
                    self.token(kind, last + 1);
                }
                Event::Finish => {
                    if self.depth == 1 {
                        self.trivia(self.tokens.raw_len());
                    }
                    if self.depth <= MAX_TREE_DEPTH {
                        self.builder.finish_node();
                    }
                    self.depth -= 1;
                }
            }
        }
    }

    fn start(&mut self, kind: SyntaxKind) {
        self.depth += 1;
        match self.depth.cmp(&MAX_TREE_DEPTH) {
            std::cmp::Ordering::Less => self.builder.start_node(kind),
            std::cmp::Ordering::Equal => {
                self.cut_at.get_or_insert(self.tokens.raw_start(self.raw));
                self.builder.start_node(SyntaxKind::ERROR_EXPR);
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Moves raw tokens before `end` into the tree.
    fn trivia(&mut self, end: usize) {
        while self.raw < end {
            self.token(self.tokens.raw_kind(self.raw), self.raw + 1);
        }
    }

    /// Moves raw tokens before `end` into the tree as one token.
    fn token(&mut self, kind: SyntaxKind, end: usize) {
        let (from, to) = (self.tokens.raw_start(self.raw), self.tokens.raw_start(end));
        self.builder.token(kind, &self.text[from as usize..to as usize]);
        self.raw = end;
    }
}

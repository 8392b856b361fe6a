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
    let builder = Builder::of_thread();
    let mut sink =
        Sink { text, tokens, raw: 0, next: 0, builder, depth: 0, begun: Vec::with_capacity(16), cut_at: None };
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
    builder: Box<Builder>,
    /// Nodes that are open, without the ones in `begun`.
    depth: usize,
    /// Nodes that have begun since the last token, outermost first. They are opened when it is known that they hold
    /// more than one token: what holds a single one is taken from the builder as a whole.
    begun: Vec<SyntaxKind>,
    cut_at: Option<u32>,
}

impl Sink<'_> {
    fn run(&mut self, mut events: Vec<Event>) {
        let mut at = 0;
        while let Some(&event) = events.get(at) {
            match event {
                Event::Start { kind: SyntaxKind::TOMBSTONE, .. } => {}
                Event::Start { kind, parent } => {
                    let empty = matches!(events.get(at + 1), Some(Event::Finish));
                    if self.depth > 0 && !empty {
                        self.trivia(self.tokens.raw_index(self.next));
                    }
                    let first = self.begun.len();
                    self.begun.push(kind);
                    // Parents that were put in front later come first.
                    let (mut from, mut parent) = (at, parent);
                    while parent != 0 {
                        from += parent as usize;
                        let Event::Start { kind, parent: next } = events[from] else { break };
                        events[from] = Event::TOMBSTONE;
                        if kind != SyntaxKind::TOMBSTONE {
                            self.begun.push(kind);
                        }
                        parent = next;
                    }
                    self.begun[first..].reverse();
                    if self.depth == 0 {
                        self.open(0);
                    }
                }
                Event::Token { kind, count } => {
                    let first = self.tokens.raw_index(self.next);
                    self.next += count as usize;
                    let last = self.tokens.raw_index(self.next - 1);
                    self.trivia(first);
                    if self.begun.is_empty() {
                        self.token(kind, last + 1);
                    } else {
                        let ends = events[at + 1..].iter().take(self.begun.len());
                        let ends = ends.take_while(|event| matches!(event, Event::Finish)).count();
                        at += self.token_in(ends, kind, last + 1);
                    }
                }
                Event::Finish => {
                    if !self.begun.is_empty() {
                        self.open(0);
                    }
                    if self.depth == 1 {
                        self.trivia(self.tokens.raw_len());
                    }
                    if self.depth <= MAX_TREE_DEPTH {
                        self.builder.finish_node();
                    }
                    self.depth -= 1;
                }
            }
            at += 1;
        }
    }

    /// Opens the nodes that have begun, but for the `rest` innermost ones.
    fn open(&mut self, rest: usize) {
        let opened = self.begun.len() - rest;
        for at in 0..opened {
            self.start(self.begun[at]);
        }
        if rest == 0 {
            self.begun.clear();
        } else if opened > 0 {
            self.begun.drain(..opened);
        }
    }

    /// Moves raw tokens before `end` into the tree as the only token of the `nodes` innermost nodes that have begun.
    /// Returns how many of them that has finished.
    fn token_in(&mut self, nodes: usize, kind: SyntaxKind, end: usize) -> usize {
        self.open(nodes);
        if nodes == 0 || self.depth + nodes >= MAX_TREE_DEPTH {
            self.open(0);
            self.token(kind, end);
            return 0;
        }
        self.builder.leaf(&self.begun, kind, text_between(self.text, self.tokens, self.raw, end));
        self.begun.clear();
        self.raw = end;
        nodes
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
        self.builder.token(kind, text_between(self.text, self.tokens, self.raw, end));
        self.raw = end;
    }
}

/// The text of the raw tokens `from..to`.
fn text_between<'t>(text: &'t str, tokens: &Tokens, from: usize, to: usize) -> &'t str {
    &text[tokens.raw_start(from) as usize..tokens.raw_start(to) as usize]
}

//! Builds the green tree bottom up, and shares equal parts of it.
//!
//! Input: tokens and the starts and ends of nodes, in order. Output: the root.
//!
//! Most tokens of a file occur many times, and so do the nodes around a single one: `x` as an argument, `Int` as a type.
//! rowan's own builder finds every repetition with hash tables that grow; here a table of fixed size remembers what was
//! made last for a hash and forgets it when another takes its place. That finds nearly as many repetitions and never
//! hashes anything twice. Nodes around a single token are looked up by its text, all of them at once: counting
//! references is the dearest part of building a tree, and so there is one to count and not one a level.
//!
//! A thread keeps its builder for the next file: most files are small, and have most of their tokens in common with the
//! one before. What is kept is bounded, and nobody can see it: trees are equal with and without.
//!
//! Invariant: sharing is invisible; the tree is the one that would be built without it.

use std::cell::Cell;

use crate::SyntaxKind;
use rowan::{GreenNode, GreenNodeData, GreenToken, NodeOrToken};

type Element = NodeOrToken<GreenNode, GreenToken>;

/// Places in a table; a power of two. Larger tables find more, but what they hold is no longer at hand.
const PLACES: usize = 1024;

/// Bytes of the longest token that is remembered.
const LONGEST: usize = 64;

/// Capacity of the lists that is kept for the next file.
const KEPT: usize = 1024;

thread_local! {
    /// The builder of the thread while it builds nothing.
    static SPARE: Cell<Option<Box<Builder>>> = const { Cell::new(None) };
}

pub(super) struct Builder {
    /// Open nodes: kind, and number of finished children before the first of their own.
    open: Vec<(SyntaxKind, usize)>,
    /// Finished children of all open nodes.
    children: Vec<Element>,
    /// Tokens whose kind says their text, by kind; and the single space.
    fixed: Box<[Option<GreenToken>]>,
    /// Other tokens, by kind and text.
    tokens: Recent<GreenToken>,
    /// Nodes that hold one token, by their kinds, and kind and text of the token.
    leaves: Recent<GreenNode>,
}

impl Builder {
    /// The builder of this thread, empty.
    pub(super) fn of_thread() -> Box<Builder> {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        spare.unwrap_or_else(|| {
            Box::new(Builder {
                open: Vec::new(),
                children: Vec::new(),
                fixed: vec![None; usize::from(SyntaxKind::EOF.into_raw())].into(),
                tokens: Recent::new(),
                leaves: Recent::new(),
            })
        })
    }

    pub(super) fn token(&mut self, kind: SyntaxKind, text: &str) {
        let token = self.green_token(kind, text);
        self.children.push(NodeOrToken::Token(token));
    }

    fn green_token(&mut self, kind: SyntaxKind, text: &str) -> GreenToken {
        let raw = rowan::SyntaxKind::from(kind);
        if kind.has_fixed_text() || (kind == SyntaxKind::WHITESPACE && text == " ") {
            return self.fixed[usize::from(raw.0)].get_or_insert_with(|| GreenToken::new(raw, text)).clone();
        }
        if text.len() > LONGEST {
            return GreenToken::new(raw, text);
        }
        let place = self.tokens.place(u64::from(raw.0) ^ ends(text.as_bytes()));
        match place {
            Some(known) if known.kind() == raw && known.text() == text => known.clone(),
            _ => place.insert(GreenToken::new(raw, text)).clone(),
        }
    }

    /// Nodes of these kinds in each other, outermost first, around one token.
    pub(super) fn leaf(&mut self, nodes: &[SyntaxKind], kind: SyntaxKind, text: &str) {
        let node = self.green_leaf(nodes, kind, text);
        self.children.push(NodeOrToken::Node(node));
    }

    fn green_leaf(&mut self, nodes: &[SyntaxKind], kind: SyntaxKind, text: &str) -> GreenNode {
        let kinds = nodes.iter().chain([&kind]).fold(0, |all: u64, kind| all << 9 ^ u64::from(kind.into_raw()));
        let hash = kinds ^ ends(text.as_bytes());
        if let Some(known) = self.leaves.place(hash)
            && is_leaf(known, nodes, kind, text)
        {
            return known.clone();
        }
        let child = match &nodes[1..] {
            [] => NodeOrToken::Token(self.green_token(kind, text)),
            inner => NodeOrToken::Node(self.green_leaf(inner, kind, text)),
        };
        let node = GreenNode::new(nodes[0].into(), [child]);
        if text.len() <= LONGEST {
            *self.leaves.place(hash) = Some(node.clone());
        }
        node
    }

    pub(super) fn start_node(&mut self, kind: SyntaxKind) {
        self.open.push((kind, self.children.len()));
    }

    pub(super) fn finish_node(&mut self) {
        let Some((kind, first)) = self.open.pop() else { return };
        let node = GreenNode::new(kind.into(), self.children.drain(first..));
        self.children.push(NodeOrToken::Node(node));
    }

    /// The root: the only node that is left.
    pub(super) fn finish(mut self: Box<Builder>) -> GreenNode {
        let root = match self.children.pop() {
            Some(NodeOrToken::Node(root)) => root,
            _ => GreenNode::new(SyntaxKind::SOURCE_FILE.into(), []),
        };
        self.open.clear();
        self.open.shrink_to(KEPT);
        self.children.clear();
        self.children.shrink_to(KEPT);
        // A thread that is ending has no place for it any more.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        root
    }
}

/// Whether the nodes from `node` inwards are exactly those that [`Builder::leaf`] makes.
fn is_leaf(node: &GreenNode, nodes: &[SyntaxKind], kind: SyntaxKind, text: &str) -> bool {
    let mut node: &GreenNodeData = node;
    for (depth, &wanted) in nodes.iter().enumerate() {
        let mut children = node.children();
        let (Some(child), 0) = (children.next(), children.len()) else { return false };
        if node.kind() != wanted.into() {
            return false;
        }
        match child {
            NodeOrToken::Node(child) => node = child,
            NodeOrToken::Token(token) => {
                return depth + 1 == nodes.len() && token.kind() == kind.into() && token.text() == text;
            }
        }
    }
    false
}

/// The length and up to eight bytes from each end of a text.
fn ends(text: &[u8]) -> u64 {
    let (head, tail) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(head), Some(tail)) => (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into()),
            _ => (text.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)), 0),
        },
    };
    head ^ tail.rotate_left(29) ^ (text.len() as u64).rotate_left(53)
}

/// A table that remembers the last value of each place.
struct Recent<T> {
    places: Box<[Option<T>; PLACES]>,
}

impl<T> Recent<T> {
    fn new() -> Recent<T> {
        Recent { places: Box::new([const { None }; PLACES]) }
    }

    fn place(&mut self, hash: u64) -> &mut Option<T> {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        &mut self.places[(hash.wrapping_mul(ODD) >> (u64::BITS - PLACES.ilog2())) as usize]
    }
}

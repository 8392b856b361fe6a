//! Builds the green tree bottom up, and shares equal parts of it.
//!
//! Input: tokens and the starts and ends of nodes, in order. Output: the root.
//!
//! Most tokens of a file occur many times, and so do nodes around a single one: `x` as an expression, `Int` as a type.
//! rowan's own builder finds every repetition with hash tables that grow; here a table of fixed size remembers what was
//! made last for a hash and forgets it when another takes its place. That finds nearly as many repetitions, never hashes
//! anything twice, and made parsing a third faster.
//!
//! Invariant: sharing is invisible; the tree is the one that would be built without it.

use crate::SyntaxKind;
use rowan::{GreenNode, GreenToken, NodeOrToken};

type Element = NodeOrToken<GreenNode, GreenToken>;

/// Bounds of the number of places in a table; a power of two each.
const PLACES: std::ops::RangeInclusive<usize> = 16..=4096;

pub(super) struct Builder {
    /// Open nodes: kind, and number of finished children before the first of their own.
    open: Vec<(SyntaxKind, usize)>,
    /// Finished children of all open nodes.
    children: Vec<Element>,
    /// Tokens whose kind says their text, by kind; and the single space.
    fixed: Box<[Option<GreenToken>]>,
    /// Other tokens, by kind and text.
    tokens: Recent<GreenToken>,
    /// Nodes with one child, by kind and address of the child.
    wrappers: Recent<GreenNode>,
}

impl Builder {
    /// A builder for a text of about `tokens` tokens.
    pub(super) fn new(tokens: usize) -> Builder {
        let places = (tokens / 2).clamp(*PLACES.start(), *PLACES.end()).next_power_of_two();
        Builder {
            open: Vec::with_capacity(64),
            children: Vec::with_capacity(256),
            fixed: vec![None; usize::from(SyntaxKind::EOF.into_raw())].into(),
            tokens: Recent::new(places),
            wrappers: Recent::new(places),
        }
    }

    pub(super) fn token(&mut self, kind: SyntaxKind, text: &str) {
        let raw = rowan::SyntaxKind::from(kind);
        let token = if kind.has_fixed_text() || (kind == SyntaxKind::WHITESPACE && text == " ") {
            self.fixed[usize::from(raw.0)].get_or_insert_with(|| GreenToken::new(raw, text)).clone()
        } else {
            let place = self.tokens.place(u64::from(raw.0) ^ ends(text.as_bytes()));
            match place {
                Some(known) if known.kind() == raw && known.text() == text => known.clone(),
                _ => place.insert(GreenToken::new(raw, text)).clone(),
            }
        };
        self.children.push(NodeOrToken::Token(token));
    }

    pub(super) fn start_node(&mut self, kind: SyntaxKind) {
        self.open.push((kind, self.children.len()));
    }

    pub(super) fn finish_node(&mut self) {
        let Some((kind, first)) = self.open.pop() else { return };
        let kind = rowan::SyntaxKind::from(kind);
        let node = if let [child] = &self.children[first..] {
            let child = address(child);
            let place = self.wrappers.place(u64::from(kind.0) ^ child as u64);
            match place {
                Some(known) if known.kind() == kind && only_child(known) == Some(child) => {
                    self.children.truncate(first);
                    known.clone()
                }
                _ => place.insert(GreenNode::new(kind, self.children.drain(first..))).clone(),
            }
        } else {
            GreenNode::new(kind, self.children.drain(first..))
        };
        self.children.push(NodeOrToken::Node(node));
    }

    /// The root: the only node that is left.
    pub(super) fn finish(mut self) -> GreenNode {
        match self.children.pop() {
            Some(NodeOrToken::Node(root)) => root,
            _ => GreenNode::new(SyntaxKind::SOURCE_FILE.into(), []),
        }
    }
}

/// Where an element lives. Equal for clones; two elements that are alive at once never share it.
fn address(element: &Element) -> usize {
    match element {
        NodeOrToken::Node(node) => std::ptr::from_ref(&**node).addr(),
        NodeOrToken::Token(token) => std::ptr::from_ref(&**token).addr(),
    }
}

fn only_child(node: &GreenNode) -> Option<usize> {
    node.children().next().map(|child| match child {
        NodeOrToken::Node(node) => std::ptr::from_ref(node).addr(),
        NodeOrToken::Token(token) => std::ptr::from_ref(token).addr(),
    })
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
    places: Box<[Option<T>]>,
    shift: u32,
}

impl<T> Recent<T> {
    /// `places` is a power of two.
    fn new(places: usize) -> Recent<T> {
        Recent { places: std::iter::repeat_with(|| None).take(places).collect(), shift: 64 - places.ilog2() }
    }

    fn place(&mut self, hash: u64) -> &mut Option<T> {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        &mut self.places[(hash.wrapping_mul(ODD) >> self.shift) as usize]
    }
}

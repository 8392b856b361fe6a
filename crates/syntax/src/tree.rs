//! Handles of nodes and tokens, as the typed view needs them.
//!
//! Input: a tree. Output: [`Tree`] and [`Leaf`], which two kinds of handles have: rowan's, which know their parents, live
//! as long as they want and are an allocation each; and [`Node`] and [`Token`], which borrow the tree, know what lies
//! below them, and are two words. Whoever only goes down takes these.
//!
//! Invariant: both kinds see the same tree; positions count from the node that one began with.

use std::{cell::Cell, fmt::Debug};

use rowan::{GreenNode, GreenNodeData, GreenTokenData, NodeOrToken, TextRange, TextSize};

use crate::{NostosLanguage, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// Which kinds are wanted.
pub type Wanted = fn(SyntaxKind) -> bool;

/// A handle of a node.
pub trait Tree: Clone + Debug {
    /// The handle of a token.
    type Leaf: Leaf;
    /// See [`Tree::nodes`].
    type Nodes: Iterator<Item = Self> + Clone + Debug;
    /// See [`Tree::elements`].
    type Elements: Iterator<Item = NodeOrToken<Self, Self::Leaf>>;

    /// What it is.
    fn kind(&self) -> SyntaxKind;

    /// Where it is.
    fn text_range(&self) -> TextRange;

    /// The tree below it.
    fn to_green(&self) -> GreenNode;

    /// The direct children of the wanted kinds.
    fn nodes(&self, wanted: Wanted) -> Self::Nodes;

    /// The direct children and tokens of the wanted kinds.
    fn elements(&self, wanted: Wanted) -> Self::Elements;

    /// The first direct child of a wanted kind.
    fn first_node(&self, wanted: Wanted) -> Option<Self>;

    /// The first direct child of a wanted kind behind a direct token `kind`.
    fn first_node_after(&self, kind: SyntaxKind, wanted: Wanted) -> Option<Self>;

    /// The first direct token of a wanted kind.
    fn first_leaf(&self, wanted: Wanted) -> Option<Self::Leaf>;

    /// Whether there is a direct token `kind`.
    fn has(&self, kind: SyntaxKind) -> bool;
}

/// A handle of a token.
pub trait Leaf: Clone + Debug {
    /// What it is.
    fn kind(&self) -> SyntaxKind;

    /// Where it is.
    fn text_range(&self) -> TextRange;

    /// What is written.
    fn text(&self) -> &str;
}

/// A node of a borrowed tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    green: &'t GreenNodeData,
    start: TextSize,
}

/// A token of a borrowed tree.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    green: &'t GreenTokenData,
    start: TextSize,
}

impl<'t> Node<'t> {
    /// The root of a tree, at position 0.
    #[must_use]
    pub fn new_root(green: &'t GreenNode) -> Node<'t> {
        Node { green, start: TextSize::new(0) }
    }

    fn children(&self) -> Elements<'t> {
        Elements { children: self.green.children(), at: self.start, wanted: |_| true }
    }
}

impl Leaf for Token<'_> {
    fn kind(&self) -> SyntaxKind {
        SyntaxKind::from_raw(self.green.kind().0)
    }

    fn text_range(&self) -> TextRange {
        TextRange::at(self.start, self.green.text_len())
    }

    fn text(&self) -> &str {
        self.green.text()
    }
}

/// The children and tokens of a [`Node`].
#[derive(Clone, Debug)]
pub struct Elements<'t> {
    children: rowan::Children<'t>,
    at: TextSize,
    wanted: Wanted,
}

impl<'t> Iterator for Elements<'t> {
    type Item = NodeOrToken<Node<'t>, Token<'t>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            match self.children.next()? {
                NodeOrToken::Node(green) => {
                    self.at += green.text_len();
                    if (self.wanted)(SyntaxKind::from_raw(green.kind().0)) {
                        return Some(NodeOrToken::Node(Node { green, start }));
                    }
                }
                NodeOrToken::Token(green) => {
                    self.at += green.text_len();
                    if (self.wanted)(SyntaxKind::from_raw(green.kind().0)) {
                        return Some(NodeOrToken::Token(Token { green, start }));
                    }
                }
            }
        }
    }
}

/// The children of a [`Node`].
#[derive(Clone, Debug)]
pub struct Nodes<'t>(Elements<'t>);

impl<'t> Iterator for Nodes<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        self.0.find_map(NodeOrToken::into_node)
    }
}

impl<'t> Tree for Node<'t> {
    type Leaf = Token<'t>;
    type Nodes = Nodes<'t>;
    type Elements = Elements<'t>;

    fn kind(&self) -> SyntaxKind {
        SyntaxKind::from_raw(self.green.kind().0)
    }

    fn text_range(&self) -> TextRange {
        TextRange::at(self.start, self.green.text_len())
    }

    fn to_green(&self) -> GreenNode {
        self.green.to_owned()
    }

    fn nodes(&self, wanted: Wanted) -> Nodes<'t> {
        Nodes(self.elements(wanted))
    }

    fn elements(&self, wanted: Wanted) -> Elements<'t> {
        Elements { wanted, ..self.children() }
    }

    fn first_node(&self, wanted: Wanted) -> Option<Self> {
        self.nodes(wanted).next()
    }

    fn first_node_after(&self, kind: SyntaxKind, wanted: Wanted) -> Option<Self> {
        let mut children = self.children();
        children.by_ref().filter_map(NodeOrToken::into_token).find(|token| token.kind() == kind)?;
        Nodes(Elements { wanted, ..children }).next()
    }

    fn first_leaf(&self, wanted: Wanted) -> Option<Token<'t>> {
        self.elements(wanted).find_map(NodeOrToken::into_token)
    }

    fn has(&self, kind: SyntaxKind) -> bool {
        self.children().filter_map(NodeOrToken::into_token).any(|token| token.kind() == kind)
    }
}

/// The children of one of rowan's nodes. A handle is an allocation, so only children that are returned get one.
#[derive(Clone, Debug)]
pub struct SyntaxNodes {
    at: At,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum At {
    /// Nothing was returned so far; the parent.
    Start(SyntaxNode),
    /// The node that was returned last.
    After(SyntaxNode),
    End,
}

impl Iterator for SyntaxNodes {
    type Item = SyntaxNode;

    fn next(&mut self) -> Option<SyntaxNode> {
        let found = match &self.at {
            At::Start(parent) => parent.first_child_by_kind(&self.wanted),
            At::After(node) => node.next_sibling_by_kind(&self.wanted),
            At::End => None,
        };
        self.at = found.clone().map_or(At::End, At::After);
        found
    }
}

/// The children and tokens of one of rowan's nodes.
#[derive(Debug)]
pub struct SyntaxElements {
    all: rowan::SyntaxElementChildren<NostosLanguage>,
    wanted: Wanted,
}

impl Iterator for SyntaxElements {
    type Item = SyntaxElement;

    fn next(&mut self) -> Option<SyntaxElement> {
        let wanted = self.wanted;
        self.all.find(|element| wanted(element.kind()))
    }
}

impl Tree for SyntaxNode {
    type Leaf = SyntaxToken;
    type Nodes = SyntaxNodes;
    type Elements = SyntaxElements;

    fn kind(&self) -> SyntaxKind {
        self.kind()
    }

    fn text_range(&self) -> TextRange {
        self.text_range()
    }

    fn to_green(&self) -> GreenNode {
        self.green().into_owned()
    }

    fn nodes(&self, wanted: Wanted) -> SyntaxNodes {
        SyntaxNodes { at: At::Start(self.clone()), wanted }
    }

    fn elements(&self, wanted: Wanted) -> SyntaxElements {
        SyntaxElements { all: self.children_with_tokens(), wanted }
    }

    fn first_node(&self, wanted: Wanted) -> Option<Self> {
        self.first_child_by_kind(&wanted)
    }

    fn first_node_after(&self, kind: SyntaxKind, wanted: Wanted) -> Option<Self> {
        let passed = Cell::new(false);
        self.first_child_by_kind(&|found| {
            passed.set(passed.get() || found == kind);
            passed.get() && wanted(found)
        })
    }

    fn first_leaf(&self, wanted: Wanted) -> Option<SyntaxToken> {
        let mut next = self.first_child_or_token_by_kind(&wanted);
        loop {
            match next? {
                NodeOrToken::Token(token) => return Some(token),
                NodeOrToken::Node(node) => next = node.next_sibling_or_token_by_kind(&wanted),
            }
        }
    }

    fn has(&self, kind: SyntaxKind) -> bool {
        self.first_child_or_token_by_kind(&|found| found == kind).is_some_and(|found| found.as_token().is_some())
    }
}

impl Leaf for SyntaxToken {
    fn kind(&self) -> SyntaxKind {
        self.kind()
    }

    fn text_range(&self) -> TextRange {
        self.text_range()
    }

    fn text(&self) -> &str {
        self.text()
    }
}

/// Kind and range of a node; finds the node again in a tree of the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxNodePtr {
    kind: SyntaxKind,
    range: TextRange,
}

impl SyntaxNodePtr {
    /// Of a node whose position counts from the root.
    #[must_use]
    pub fn new(node: &impl Tree) -> SyntaxNodePtr {
        SyntaxNodePtr { kind: node.kind(), range: node.text_range() }
    }

    /// What the node is.
    #[must_use]
    pub fn kind(&self) -> SyntaxKind {
        self.kind
    }

    /// Where it is.
    #[must_use]
    pub fn text_range(&self) -> TextRange {
        self.range
    }

    /// The node below `root`. `None`: the text is another one.
    #[must_use]
    pub fn try_to_node(&self, root: &SyntaxNode) -> Option<SyntaxNode> {
        let below = |node: &SyntaxNode| node.child_or_token_at_range(self.range)?.into_node();
        std::iter::successors(Some(root.clone()), below)
            .find(|node| node.text_range() == self.range && node.kind() == self.kind)
    }
}

//! Look-ups among the children of a node, for the typed view.
//!
//! Input: a node and the kinds that are wanted. Output: handles of what matches.
//!
//! Invariant: a handle is a small allocation, so only nodes and tokens that are returned get one; what is passed over is
//! looked at in the tree without positions.

use std::{cell::Cell, marker::PhantomData};

use rowan::{NodeOrToken, ast::AstNode};

use crate::{NostosLanguage, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// The children of one type, in order.
#[derive(Debug, Clone)]
pub struct AstChildren<N> {
    at: At,
    of: PhantomData<N>,
}

#[derive(Debug, Clone)]
enum At {
    /// Nothing was returned so far; the parent.
    Start(SyntaxNode),
    /// The node that was returned last.
    After(SyntaxNode),
    End,
}

impl<N: AstNode<Language = NostosLanguage>> Iterator for AstChildren<N> {
    type Item = N;

    fn next(&mut self) -> Option<N> {
        let found = match &self.at {
            At::Start(parent) => parent.first_child_by_kind(&N::can_cast),
            At::After(node) => node.next_sibling_by_kind(&N::can_cast),
            At::End => None,
        };
        self.at = found.clone().map_or(At::End, At::After);
        N::cast(found?)
    }
}

/// The direct children of type `N`.
pub(crate) fn children<N: AstNode<Language = NostosLanguage>>(parent: &SyntaxNode) -> AstChildren<N> {
    AstChildren { at: At::Start(parent.clone()), of: PhantomData }
}

/// First direct child of type `N`.
pub(crate) fn child<N: AstNode<Language = NostosLanguage>>(parent: &SyntaxNode) -> Option<N> {
    parent.first_child_by_kind(&N::can_cast).and_then(N::cast)
}

/// First direct child of type `N` after the token `kind`.
pub(crate) fn child_after<N: AstNode<Language = NostosLanguage>>(parent: &SyntaxNode, kind: SyntaxKind) -> Option<N> {
    let passed = Cell::new(false);
    let wanted = |found| {
        passed.set(passed.get() || found == kind);
        passed.get() && N::can_cast(found)
    };
    parent.first_child_by_kind(&wanted).and_then(N::cast)
}

/// First direct token of this kind.
pub(crate) fn token(parent: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxToken> {
    parent.first_child_or_token_by_kind(&|found| found == kind)?.into_token()
}

/// First direct token that satisfies `wanted`.
pub(crate) fn token_where(parent: &SyntaxNode, wanted: impl Fn(SyntaxKind) -> bool) -> Option<SyntaxToken> {
    let mut next = parent.first_child_or_token_by_kind(&wanted);
    loop {
        match next? {
            NodeOrToken::Token(token) => return Some(token),
            NodeOrToken::Node(node) => next = node.next_sibling_or_token_by_kind(&wanted),
        }
    }
}

/// Direct tokens that satisfy `wanted`.
pub(crate) fn tokens_where<W>(parent: &SyntaxNode, wanted: W) -> impl Iterator<Item = SyntaxToken> + use<W>
where
    W: Fn(SyntaxKind) -> bool,
{
    elements_where(parent, wanted).filter_map(NodeOrToken::into_token)
}

/// Direct children and tokens that satisfy `wanted`.
pub(crate) fn elements_where<W>(parent: &SyntaxNode, wanted: W) -> impl Iterator<Item = SyntaxElement> + use<W>
where
    W: Fn(SyntaxKind) -> bool,
{
    parent.children_with_tokens().by_kind(wanted)
}

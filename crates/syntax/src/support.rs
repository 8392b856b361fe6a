//! Look-ups among the children of a node, for the typed view.
//!
//! Input: a node and the kinds that are wanted. Output: handles of what matches.

use std::marker::PhantomData;

use crate::{
    SyntaxKind,
    ast::AstNode,
    tree::{Tree, Wanted},
};
use rowan::NodeOrToken;

/// The children of one type, in order.
#[derive(Debug, Clone)]
pub struct AstChildren<N: Tree, C> {
    nodes: N::Nodes,
    of: PhantomData<C>,
}

impl<N: Tree, C: AstNode<N>> Iterator for AstChildren<N, C> {
    type Item = C;

    fn next(&mut self) -> Option<C> {
        C::cast(self.nodes.next()?)
    }
}

/// The direct children of type `C`.
pub(crate) fn children<N: Tree, C: AstNode<N>>(parent: &N) -> AstChildren<N, C> {
    AstChildren { nodes: parent.nodes(C::can_cast), of: PhantomData }
}

/// First direct child of type `C`.
pub(crate) fn child<N: Tree, C: AstNode<N>>(parent: &N) -> Option<C> {
    parent.first_node(C::can_cast).and_then(C::cast)
}

/// First direct child of type `C` after the token `kind`.
pub(crate) fn child_after<N: Tree, C: AstNode<N>>(parent: &N, kind: SyntaxKind) -> Option<C> {
    parent.first_node_after(kind, C::can_cast).and_then(C::cast)
}

/// First direct token that satisfies `wanted`.
pub(crate) fn token_where<N: Tree>(parent: &N, wanted: Wanted) -> Option<N::Leaf> {
    parent.first_leaf(wanted)
}

/// Direct tokens that satisfy `wanted`.
pub(crate) fn tokens_where<N: Tree>(parent: &N, wanted: Wanted) -> impl Iterator<Item = N::Leaf> + use<N> {
    parent.elements(wanted).filter_map(NodeOrToken::into_token)
}

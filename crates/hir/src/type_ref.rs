//! Types as written, nothing resolved.

use base_db::Name;
use serde::{Deserialize, Serialize};

/// A type expression. Depth is bounded by the parser's nesting limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeRef {
    /// `Name`, `a`, `M.Name`, `Name[A, B]`, `Self`; `args` is empty for a bare name.
    Named {
        /// As written, dots included.
        path: Name,
        /// Type arguments.
        args: Vec<TypeRef>,
    },
    /// `[T]`.
    List(Box<TypeRef>),
    /// `(A, B)`, two or more.
    Tuple(Vec<TypeRef>),
    /// `()`.
    Unit,
    /// `(A, B) -> C`.
    Function {
        /// Parameter types.
        params: Vec<TypeRef>,
        /// Result type.
        result: Box<TypeRef>,
    },
    /// `{x: Int}`.
    Record(Vec<(Name, TypeRef)>),
    /// Something the parser has already complained about.
    Error,
}

/// `T: Ord + Show` in a list of type parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeParam {
    /// `T`.
    pub name: Name,
    /// Bare trait names.
    pub bounds: Vec<Name>,
}

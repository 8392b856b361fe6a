//! Types as written, nothing resolved.

use std::fmt;

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

/// As written, without blanks: `Map[String,[Int]]`, `(A,B)->C`. Part of overload keys.
impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, items: &[TypeRef]) -> fmt::Result {
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    f.write_str(",")?;
                }
                write!(f, "{item}")?;
            }
            Ok(())
        }
        match self {
            TypeRef::Named { path, args } => {
                f.write_str(path)?;
                if args.is_empty() {
                    return Ok(());
                }
                f.write_str("[")?;
                list(f, args)?;
                f.write_str("]")
            }
            TypeRef::List(item) => write!(f, "[{item}]"),
            TypeRef::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            TypeRef::Unit => f.write_str("()"),
            TypeRef::Function { params, result } => {
                f.write_str("(")?;
                list(f, params)?;
                write!(f, ")->{result}")
            }
            TypeRef::Record(fields) => {
                f.write_str("{")?;
                for (n, (name, ty)) in fields.iter().enumerate() {
                    if n > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{name}:{ty}")?;
                }
                f.write_str("}")
            }
            TypeRef::Error => f.write_str("?"),
        }
    }
}

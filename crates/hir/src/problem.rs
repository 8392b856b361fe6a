//! Problems as data: what is wrong and which node of which definition it is about. Placed in the text late.

use base_db::{DefName, Name};
use serde::{Deserialize, Serialize};

/// A problem of the program. Holds ids, never positions; the text is final.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code, `E0301`. The catalogue is in `docs` of each constructor function.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub place: Place,
    /// One clause, no final dot, first letter lower case.
    pub message: String,
    /// Short text under the marked place; empty for none.
    pub label: String,
    /// Further lines, each on its own: expected and found, reasons.
    pub notes: Vec<String>,
    /// Other places that explain it.
    pub related: Vec<(Place, String)>,
    /// What to write instead.
    pub help: Option<String>,
}

/// Severity of a [`Problem`]. Only errors stop a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program runs.
    Warning,
    /// A consequence of another problem; points at the cause.
    Note,
}

impl Severity {
    /// Errors and their consequences: what has one of them is not compiled.
    pub fn is_failure(self) -> bool {
        self != Severity::Warning
    }
}

/// A stable diagnostic code: `Code(301)` prints as `E0301`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "E{:04}", self.0)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A node without a position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Module or block that contains it.
    pub module: Name,
    /// The definition it belongs to; `None`: the module itself (imports, duplicates of modules).
    pub def: Option<DefName>,
    /// Which part.
    pub anchor: Anchor,
}

/// Part of a definition or module. Numbers are arena indices of that definition's own body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Anchor {
    /// The name in the head of the definition (its first clause).
    Name,
    /// The whole definition or, without a definition, the start of the module.
    Whole,
    /// `ExprId` of the body.
    Expr(u32),
    /// `PatId` of the body.
    Pat(u32),
    /// `TypeId` of the body (annotations inside it and in its head).
    Type(u32),
    /// The n-th `use` of the module, and the n-th name in its list.
    Use(u32, Option<u32>),
    /// The n-th occurrence of a definition with this name (a duplicate).
    Occurrence(u32),
    /// Types: n-th field or constructor. Traits and impls: n-th method.
    Member(u32),
    /// n-th decorator of the first clause, outermost first.
    Decorator(u32),
}

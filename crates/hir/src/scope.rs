//! Names: what a name means inside a module, and what a module shows to others.

use base_db::{DefName, Name};
use serde::{Deserialize, Serialize};

/// What one name means, over all name spaces. All lists are sorted and empty when nothing is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Resolved {
    /// The overload set. Own functions first, then imported ones, then the prelude's; a later set is present only
    /// if its overloads are not hidden by an equal key before.
    pub functions: Vec<DefName>,
    /// A module value, constant or mvar.
    pub value: Option<DefName>,
    /// Constructors: type and index of the constructor. Several: decided by types.
    pub constructors: Vec<(DefName, u32)>,
    /// A type.
    pub ty: Option<DefName>,
    /// A trait.
    pub trait_: Option<DefName>,
    /// Traits in scope that have a method of this name (it may be called as a function).
    pub method_of: Vec<DefName>,
    /// A template.
    pub template: Option<DefName>,
    /// Full name of the module that this name, as first segment or dotted path, denotes.
    pub module: Option<Name>,
    /// Nothing visible was found, but this private definition was: for messages.
    pub private: Option<DefName>,
    /// The name is imported from two modules; both, in order of the imports.
    pub conflict: Option<(Name, Name)>,
}

impl Resolved {
    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        *self == Resolved::default()
    }
}

/// What `module.name` is, seen from outside, private or not. All lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Exported {
    /// Definitions of that name, each with whether it is public.
    pub defs: Vec<(DefName, bool)>,
    /// Constructors of that name: type, index, whether the type is public.
    pub constructors: Vec<(DefName, u32, bool)>,
    /// Traits of the module that have a method of that name, and whether the trait is public.
    pub method_of: Vec<(DefName, bool)>,
    /// Whether `module.name` is a module or block.
    pub is_module: bool,
}

impl Exported {
    /// Whether importers may name it.
    pub fn is_public(&self) -> bool {
        self.defs.iter().any(|(_, public)| *public)
            || self.constructors.iter().any(|(_, _, public)| *public)
            || self.method_of.iter().any(|(_, public)| *public)
    }
}

//! Names that identify definitions: in memory, in fingerprints and on disk.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An identifier or a dotted module path. Cheap to clone, compares by text.
pub type Name = smol_str::SmolStr;

/// The kinds of definitions. The order is the order of items in interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DefKind {
    /// All clauses of one name, arity and list of declared parameter types.
    Function,
    /// A record, variant, alias or opaque type.
    Type,
    /// A trait declaration.
    Trait,
    /// All `Type: Trait` blocks of one pair in one module.
    Impl,
    /// A method inside an impl; `owner` names the impl.
    Method,
    /// A default method inside a trait; `owner` names the trait.
    DefaultMethod,
    /// `x = e` at module level.
    Value,
    /// `const K = literal`.
    Const,
    /// `mvar m: T = e`.
    Mvar,
    /// A compile-time function from code to code.
    Template,
    /// `test "…" = e`.
    Test,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
struct Parts {
    module: Name,
    kind: DefKind,
    owner: Name,
    name: Name,
    key: Name,
}

/// The identity of a definition: module, kind, owner, name, overload key. Plain data without positions, equal in
/// every process; clones share one allocation and equality is nearly always decided by address or hash.
#[derive(Clone)]
pub struct DefName {
    hash: u64,
    shared: Arc<Shared>,
}

struct Shared {
    parts: Parts,
    /// See [`DefName::symbol`].
    symbol: OnceLock<Name>,
}

impl DefName {
    /// A definition directly inside a module. `key` is empty except for functions.
    pub fn new(module: Name, kind: DefKind, name: Name, key: Name) -> DefName {
        DefName::owned(module, kind, Name::default(), name, key)
    }

    /// A definition inside an impl or a trait, named by `owner` (`Box:Sized` or `Sized`).
    pub fn owned(module: Name, kind: DefKind, owner: Name, name: Name, key: Name) -> DefName {
        let parts = Parts { module, kind, owner, name, key };
        let mut hasher = rustc_hash::FxHasher::default();
        parts.module.hash(&mut hasher);
        parts.kind.hash(&mut hasher);
        parts.owner.hash(&mut hasher);
        parts.name.hash(&mut hasher);
        parts.key.hash(&mut hasher);
        DefName { hash: hasher.finish(), shared: Arc::new(Shared { parts, symbol: OnceLock::new() }) }
    }

    /// Full dotted name of the module or block that holds the definition; empty for a single-file run.
    pub fn module(&self) -> &Name {
        &self.shared.parts.module
    }

    /// What it is.
    pub fn kind(&self) -> DefKind {
        self.shared.parts.kind
    }

    /// `Type:Trait` for methods of impls, the trait for default methods, empty otherwise.
    pub fn owner(&self) -> &Name {
        &self.shared.parts.owner
    }

    /// The bare name. For an impl: `Type:Trait`.
    pub fn name(&self) -> &Name {
        &self.shared.parts.name
    }

    /// Functions and methods: one entry a parameter, separated by commas: the declared type as written without
    /// blanks, or `_` for an undeclared one. Empty for no parameters and for everything else.
    pub fn key(&self) -> &Name {
        &self.shared.parts.key
    }

    /// Number of parameters that [`DefName::key`] lists.
    pub fn arity(&self) -> usize {
        if self.key().is_empty() { 0 } else { split_key(self.key()).count() }
    }

    /// The symbol of the definition's code (its text form), made once for all clones.
    pub fn symbol(&self) -> &Name {
        self.shared.symbol.get_or_init(|| {
            let mut text = String::with_capacity(64);
            // Writing to a text does not fail.
            let _ = self.write_symbol(&mut text);
            text.into()
        })
    }

    fn write_symbol(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let Parts { module, kind, owner, name, key } = &self.shared.parts;
        for outer in [module, owner] {
            if !outer.is_empty() {
                out.write_str(outer)?;
                out.write_str(".")?;
            }
        }
        out.write_str(name)?;
        match kind {
            DefKind::Function | DefKind::Method | DefKind::DefaultMethod | DefKind::Template => {
                if key.split(',').all(|part| part.is_empty() || part == "_") {
                    write!(out, "/{}", self.arity())
                } else {
                    write!(out, "({key})")
                }
            }
            _ => Ok(()),
        }
    }

    /// `module.name`, or the bare name in the root module. For messages.
    pub fn qualified(&self) -> String {
        let Parts { module, owner, name, .. } = &self.shared.parts;
        let mut out = String::with_capacity(module.len() + owner.len() + name.len() + 2);
        for outer in [module, owner].into_iter().filter(|outer| !outer.is_empty()) {
            out.push_str(outer);
            out.push('.');
        }
        out.push_str(name);
        out
    }
}

/// Splits an overload key at the commas that are not inside brackets.
fn split_key(key: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0i32;
    key.split(move |c| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

/// The symbol of the definition's code: `geo.area/2`, `geo.label(Int)`, `geo.Box:Sized.size/1`, `geo.origin`.
impl fmt::Display for DefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_symbol(f)
    }
}

impl fmt::Debug for DefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.shared.parts.kind, self)
    }
}

impl PartialEq for DefName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) || (self.hash == other.hash && self.shared.parts == other.shared.parts)
    }
}

impl Eq for DefName {}

impl Hash for DefName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for DefName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DefName {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.shared, &other.shared) {
            Ordering::Equal
        } else {
            self.shared.parts.cmp(&other.shared.parts)
        }
    }
}

impl Serialize for DefName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shared.parts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DefName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts { module, kind, owner, name, key } = Parts::deserialize(deserializer)?;
        Ok(DefName::owned(module, kind, owner, name, key))
    }
}

/// Salsa's key for one definition.
#[salsa::interned(debug, revisions = usize::MAX)]
pub struct DefId<'db> {
    /// The definition.
    #[returns(ref)]
    pub name: DefName,
}

/// Salsa's key for one module or module block.
#[salsa::interned(debug, revisions = usize::MAX)]
pub struct ModuleId<'db> {
    /// Full dotted name (`geo.Inner`); empty for the root module of a single-file run.
    #[returns(ref)]
    pub path: Name,
}

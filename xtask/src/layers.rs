//! Who may know whom: one table for the whole workspace.
//!
//! Input: names of crates. Output: whether an edge is allowed. A new crate or edge needs a line here, which is where its
//! reason is reviewed.
//!
//! Invariant: the table is a wide graph without cycles; tests may use more than the product (see [`TEST_ONLY`]).

/// A crate of the workspace and what it may depend on, besides packages from outside.
pub(crate) struct Layer {
    /// Name of the package.
    pub(crate) name: &'static str,
    /// Crates of the workspace it may name.
    pub(crate) knows: &'static [&'static str],
    /// Whether it may touch files, environment, clock and terminal.
    pub(crate) touches_the_system: bool,
    /// Packages that it must not reach, not even through others.
    pub(crate) never: &'static [&'static str],
}

const fn layer(name: &'static str, knows: &'static [&'static str]) -> Layer {
    Layer { name, knows, touches_the_system: false, never: &[] }
}

/// A layer that knows no query engine.
const fn plain(name: &'static str, knows: &'static [&'static str]) -> Layer {
    Layer { name, knows, touches_the_system: false, never: &["salsa"] }
}

/// A layer at the edge of the process.
const fn edge(name: &'static str, knows: &'static [&'static str]) -> Layer {
    Layer { name, knows, touches_the_system: true, never: &[] }
}

/// Every crate, vocabulary first.
pub(crate) const LAYERS: &[Layer] = &[
    plain("test-fixture", &[]),
    plain("syntax", &[]),
    plain("bytecode", &[]),
    // The sources of the library are text and its natives a table; both are compiled in.
    plain("stdlib", &[]),
    // Files only behind its own trait; `store/src/files.rs` is the one implementation.
    Layer { name: "store", knows: &[], touches_the_system: true, never: &["salsa", "rowan"] },
    plain("vm", &["bytecode", "stdlib"]),
    layer("base-db", &[]),
    layer("hir", &["base-db", "stdlib", "syntax"]),
    layer("types", &["base-db", "hir", "stdlib", "syntax"]),
    layer("codegen", &["base-db", "bytecode", "hir", "stdlib", "types"]),
    layer("database", &["base-db", "bytecode", "codegen", "hir", "stdlib", "store", "syntax", "types"]),
    layer("ide", &["base-db", "database", "hir", "stdlib", "syntax", "types"]),
    edge(
        "ithaca",
        &["base-db", "bytecode", "codegen", "database", "hir", "ide", "stdlib", "store", "syntax", "types", "vm"],
    ),
    edge("lsp", &["ide", "ithaca"]),
    edge("editor", &["ide", "ithaca"]),
    edge("ithaca-cli", &["ithaca", "lsp", "editor"]),
    edge("embed", &["ithaca"]),
    // `bench-check` asks single queries, which the embedding API has no names for.
    edge("xtask", &["base-db", "codegen", "database", "hir", "ithaca", "stdlib", "syntax", "test-fixture", "types"]),
];

/// What tests of any crate may use in addition.
pub(crate) const TEST_ONLY: &[&str] = &["test-fixture", "syntax", "stdlib"];

/// The layer of a package, if the table has one.
pub(crate) fn of(package: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == package)
}

impl Layer {
    /// May the crate name `dependency` of the workspace?
    pub(crate) fn allows(&self, dependency: &str, in_tests: bool) -> bool {
        self.knows.contains(&dependency) || (in_tests && TEST_ONLY.contains(&dependency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_only_know_earlier_ones() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for known in layer.knows {
                // The command starts the other programs at the edge; they come before it in the table.
                let place = LAYERS.iter().position(|it| it.name == *known);
                assert!(place.is_some_and(|place| place < index), "{} knows {known}", layer.name);
            }
        }
    }

    #[test]
    fn tests_may_use_more() {
        let store = of("store");
        assert!(store.is_some_and(|it| it.allows("test-fixture", true) && !it.allows("test-fixture", false)));
        assert!(of("nothing").is_none());
    }
}

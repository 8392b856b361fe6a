//! The library of the language: its sources, the one table of natives, and which names and methods are built in.
//!
//! Input: nothing. Output: static data for name resolution, the checker, code generation, completion and the machine.
//! Does not know: the compiler, the machine; types appear as text of the language.
//!
//! Invariant: every table is sorted by name, so that a look-up is a binary search and no answer depends on hashing.

mod method;
mod names;
mod native;

pub use method::{Callee, builtin_methods, heads_with_method, method_names};
pub use names::{
    is_builtin_namespace, is_reserved_function_name, missing_because, missing_module, prelude_function_module,
    reserved_function_names,
};
pub use native::{Native, Special, natives, natives_named};

/// The library modules: stem of the module path (`list` for `stdlib.list`) and source text.
pub fn library() -> &'static [(&'static str, &'static str)] {
    &[
        ("html", include_str!("../lib/html.nos")),
        ("io", include_str!("../lib/io.nos")),
        ("json", include_str!("../lib/json.nos")),
        ("list", include_str!("../lib/list.nos")),
        ("logging", include_str!("../lib/logging.nos")),
        ("pool", include_str!("../lib/pool.nos")),
        ("server", include_str!("../lib/server.nos")),
        ("traits", include_str!("../lib/traits.nos")),
        ("url", include_str!("../lib/url.nos")),
        ("validation", include_str!("../lib/validation.nos")),
    ]
}

/// The modules whose public names every module sees without an import.
pub fn prelude() -> &'static [&'static str] {
    &["stdlib.list", "stdlib.traits", "stdlib.io"]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        syntax::parse(text).errors().iter().map(|error| format!("{:?} {}", error.range, error.message)).collect()
    }

    #[test]
    fn library_sources_parse() {
        for (stem, text) in library() {
            assert_eq!(errors(text), Vec::<String>::new(), "{stem}");
        }
    }

    #[test]
    fn types_of_natives_parse_as_function_heads() {
        for native in natives() {
            assert_eq!(errors(&format!("f{} = ()", native.ty)), Vec::<String>::new(), "{}: {}", native.name, native.ty);
        }
    }

    #[test]
    fn modules_are_sorted_and_the_prelude_exists() {
        assert!(library().is_sorted_by(|a, b| a.0 < b.0));
        for module in prelude() {
            let stem = module.strip_prefix("stdlib.").expect("a library module");
            assert!(library().iter().any(|(name, _)| *name == stem), "{module}");
        }
    }
}

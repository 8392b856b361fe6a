//! Problems that the driver itself finds: files without a text, and failures of the compiler.
//!
//! Input: a path or a module, and what went wrong. Output: problems like those that queries report.

use base_db::{Name, Options};
use hir::problem::{Anchor, Code, Place, Problem, Severity};

use crate::modules::module_name;

fn module_problem(module: &Name, code: u16, message: String, notes: Vec<String>, help: Option<String>) -> Problem {
    Problem {
        code: Code(code),
        severity: Severity::Error,
        place: Place { module: module.clone(), def: None, anchor: Anchor::Whole },
        message,
        label: String::new(),
        notes,
        related: Vec::new(),
        help,
    }
}

/// E0901: the compiler itself failed on this module.
pub(super) fn internal_error(module: &Name, text: &str) -> Problem {
    let notes = vec![text.to_owned(), "nothing was stored for this module; the others are not affected".to_owned()];
    module_problem(module, 901, format!("internal error while checking module `{module}`"), notes, None)
}

/// E0903: code generation gave up although nothing is wrong with the types.
pub(super) fn too_large(module: &Name) -> Problem {
    let notes = vec!["a function may have about 65,000 values and constants, and 255 parameters".to_owned()];
    let help = Some("split its largest function, or build large tables from smaller ones".to_owned());
    module_problem(module, 903, format!("module `{module}` has a function that is too large to compile"), notes, help)
}

/// E0902: a source file has no text.
pub(super) fn invalid_file(options: &Options, path: &str, why: &str) -> Problem {
    let help =
        Some("source files are UTF-8 text; remove the file from the project or give it another ending".to_owned());
    module_problem(&module_name(options, path), 902, format!("cannot read `{path}`: {why}"), Vec::new(), help)
}

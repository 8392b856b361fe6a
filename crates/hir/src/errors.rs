//! Every problem that this layer reports: one constructor function for each code, with its text and help.
//!
//! Input: names and a place. Output: a [`Problem`]. Codes 02xx are about bodies, 03xx about names and modules.

use base_db::Name;

use crate::{
    problem::{Code, Place, Problem, Severity},
    template::Failure,
};

fn error(code: u16, place: Place, message: String) -> Problem {
    Problem {
        code: Code(code),
        severity: Severity::Error,
        place,
        message,
        label: String::new(),
        notes: Vec::new(),
        related: Vec::new(),
        help: None,
    }
}

fn labelled(mut problem: Problem, label: impl Into<String>) -> Problem {
    problem.label = label.into();
    problem
}

fn helped(mut problem: Problem, help: impl Into<String>) -> Problem {
    problem.help = Some(help.into());
    problem
}

/// E0201: `x = e` for a local `x` that is not a `var`.
pub(crate) fn reassigned(place: Place, name: &str) -> Problem {
    let message = format!("cannot reassign immutable variable '{name}'; use 'var' to declare a mutable variable");
    helped(
        labelled(error(201, place, message), "it already has a value here"),
        format!("declare it with `var {name} = …`, or choose another name"),
    )
}

/// E0202: `_` where a value is wanted.
pub(crate) fn wildcard(place: Place) -> Problem {
    labelled(error(202, place, "Wildcard '_' is only valid in pattern contexts".to_owned()), "a value is expected here")
}

/// E0203: `~e` outside a quote.
pub(crate) fn splice_outside_quote(place: Place) -> Problem {
    helped(error(203, place, "`~` is only valid inside a quote".to_owned()), "wrap the code in `quote { … }`")
}

/// E0204: alternatives of an or-pattern bind different names.
pub(crate) fn alternatives_differ(place: Place, name: &str) -> Problem {
    labelled(
        error(204, place, format!("variable `{name}` is not bound in every alternative of this pattern")),
        "all alternatives must bind the same names",
    )
}

/// E0205: `x[]` or `x[i, j]`.
pub(crate) fn index_count(place: Place, found: usize) -> Problem {
    helped(
        error(205, place, format!("an index takes exactly one value, found {found}")),
        "index step by step: `x[i][j]`",
    )
}

/// E0206: the part before the dot of a qualified construction is no module path.
pub(crate) fn not_a_module_path(place: Place) -> Problem {
    error(206, place, "only a module name may stand before the dot of a constructor".to_owned())
}

/// E0207: a parameter of a local function that is no pattern.
pub(crate) fn not_a_pattern(place: Place) -> Problem {
    helped(
        error(207, place, "this parameter is not a pattern".to_owned()),
        "write a name, a literal, a tuple, a list or a constructor",
    )
}

/// E0208: a decorator names no template, or its template failed.
pub(crate) fn expansion_failed(place: Place, failure: &Failure) -> Problem {
    let label = if failure.unknown { "no template has this name" } else { "this decorator could not be applied" };
    let mut problem = labelled(error(208, place, failure.message.clone()), label);
    problem.help.clone_from(&failure.help);
    problem.notes.clone_from(&failure.trail);
    problem
}

/// E0301: a `use` names a module that does not exist.
pub(crate) fn module_not_found(place: Place, module: &str, near: Option<Name>) -> Problem {
    let mut problem =
        labelled(error(301, place, format!("module `{module}` not found")), "no file or block defines this module");
    match stdlib::missing_because(module) {
        Some(needs) => {
            problem.notes.push(format!("`{module}` needs {needs}, which this implementation does not have"));
        }
        None => problem.help = near.map(|near| format!("did you mean `{near}`?")),
    }
    problem
}

/// E0302: a `use` names something that the module does not define.
pub(crate) fn not_defined_in(place: Place, name: &str, module: &str, near: Option<Name>) -> Problem {
    let mut problem = error(302, place, format!("`{name}` is not defined in module `{module}`"));
    problem.help = near.map(|near| format!("did you mean `{near}`?"));
    problem
}

/// E0303: a `use` names a private definition. A private trait is invisible, which the message says first.
pub(crate) fn private_in(place: Place, name: &str, module: &str, is_trait: bool) -> Problem {
    let private = format!("`{name}` is private in module `{module}`");
    let mut problem = error(303, place, private.clone());
    if is_trait {
        problem.message = format!("`{name}` is not defined in module `{module}`");
        problem.notes.push(private);
    }
    helped(labelled(problem, "it cannot be imported"), format!("mark it `pub` in `{module}`"))
}

/// E0305: one name from two modules.
pub(crate) fn import_conflict(place: Place, name: &str, first: &str, second: &str, first_place: Place) -> Problem {
    let message = format!("import conflict: `{name}` is imported from both `{first}` and `{second}`");
    let mut problem = helped(
        labelled(error(305, place, message), format!("`{name}` comes from `{second}` here")),
        format!("rename one of them: `use {second}.{{{name} as …}}`, or name it as `{second}.{name}`"),
    );
    problem.related.push((first_place, format!("`{name}` comes from `{first}` here")));
    problem
}

/// E0311: two files define one module.
pub(crate) fn two_files(place: Place, module: &str, first: &str, second: &str) -> Problem {
    helped(
        error(311, place, format!("module `{module}` is defined by two files: `{first}` and `{second}`")),
        "rename one of them",
    )
}

/// E0312: a file name with a dot.
pub(crate) fn dotted_file(place: Place, path: &str) -> Problem {
    helped(
        error(312, place, format!("the name of `{path}` contains a dot besides its suffix")),
        "dots separate folders in module names: rename the file or make it a folder",
    )
}

/// E0313: a block has the name of a file module.
pub(crate) fn block_is_file(place: Place, module: &str, path: &str) -> Problem {
    helped(
        error(313, place, format!("module `{module}` is a block of this file and also the file `{path}`")),
        "rename one of them",
    )
}

/// E0314.
pub(crate) const STDLIB_TAKEN: Code = Code(314);

/// E0314: a project folder that takes the name of the library.
pub(crate) fn stdlib_taken(place: Place, path: &str) -> Problem {
    helped(
        error(314, place, format!("`{path}` takes a module name that belongs to the standard library")),
        "rename the folder or file `stdlib`",
    )
}

/// E0315: a file without a text.
pub(crate) fn unreadable(place: Place, path: &str, reason: &str) -> Problem {
    error(315, place, format!("cannot read `{path}`: {reason}"))
}

/// E0316: a file that no `use` can name.
pub(crate) fn not_importable(place: Place, path: &str, part: &str) -> Problem {
    let problem = error(316, place, format!("no other module can import `{path}`: `{part}` is not a name"));
    Problem {
        severity: Severity::Warning,
        ..helped(problem, "use letters, digits and `_` in the names of files and folders")
    }
}

/// E0321: a second definition of one name.
pub(crate) fn defined_twice(place: Place, name: &str, first: Place) -> Problem {
    let mut problem = labelled(error(321, place, format!("`{name}` is defined multiple times")), "defined again here");
    problem.related.push((first, "first defined here".to_owned()));
    problem
}

/// E0322: a constant whose value is computed.
pub(crate) fn const_not_literal(place: Place) -> Problem {
    helped(
        error(322, place, "const value must be a literal".to_owned()),
        "write a number, a string, a character or a Bool; computed values need no `const`: `name = …`",
    )
}

/// Turns a problem of an importer into a note: the text of `module` cannot be read, so names of it are missing.
pub(crate) fn consequence(problem: &mut Problem, module: &Name) {
    problem.severity = Severity::Note;
    problem.help = None;
    let start = Place { module: module.clone(), def: None, anchor: crate::problem::Anchor::Whole };
    problem.related.push((start, format!("module `{module}` has syntax errors")));
}

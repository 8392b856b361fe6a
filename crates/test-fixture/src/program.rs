//! Random programs and random edits of them.
//!
//! Input: a seed. Output: the files of a project that is meant to compile and whose `main` ends quickly, and edits of
//! it as texts before and after.
//!
//! ```
//! let mut program = test_fixture::Program::random(7);
//! let mut rng = fastrand::Rng::with_seed(7);
//! let files = program.files();
//! let edit = program.random_edit(&mut rng);
//! assert_ne!(files, program.files(), "{edit}");
//! ```
//!
//! Most edits keep the program correct; some put in a mistake ([`Program::is_broken`]), and while one is there every
//! second edit takes it back or returns to an earlier state. Correctness is a matter of likelihood, not a promise: the
//! model knows no inference. What is promised: the same seed gives the same texts, every edit changes a text, and no
//! program runs long, broken or not.

mod cost;
mod edit;
mod generate;
mod model;
mod render;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use fastrand::Rng;

use self::generate::{Gen, Reach};
use self::model::State;

/// What random programs may contain.
#[derive(Clone, Debug)]
pub struct Options {
    /// Modules besides `main`.
    pub modules: RangeInclusive<usize>,
    /// Items a module, on average.
    pub items_per_module: RangeInclusive<usize>,
    /// Records, variants and aliases.
    pub types: bool,
    /// Type parameters of functions and types.
    pub generics: bool,
    /// Module values with any initialiser. Consts are always there.
    pub values: bool,
    /// `Float` arithmetic.
    pub floats: bool,
    /// Parameters of function type, local functions, functions kept in values.
    pub closures: bool,
    /// Default arguments.
    pub defaults: bool,
    /// Named arguments.
    pub named_args: bool,
    /// Functions of different modules that call each other; import cycles arise without them too.
    pub cycles: bool,
    /// Traits, implementations and their calls.
    pub traits: bool,
    /// `"${e}"`.
    pub interpolation: bool,
    /// Methods and fields on parameters whose type only their use determines.
    pub deferred: bool,
    /// Percent of edits of a correct program that put in a mistake on purpose.
    pub mistakes: u32,
}

impl Default for Options {
    /// Everything but traits.
    fn default() -> Options {
        Options {
            modules: 2..=7,
            items_per_module: 3..=7,
            types: true,
            generics: true,
            values: true,
            floats: true,
            closures: true,
            defaults: true,
            named_args: true,
            cycles: true,
            traits: false,
            interpolation: true,
            deferred: true,
            mistakes: 22,
        }
    }
}

/// A random project with its history.
#[derive(Clone, Debug)]
pub struct Program {
    options: Options,
    state: State,
    /// Earlier states, oldest first, for reverts.
    history: Vec<State>,
    /// The last state without a mistake.
    last_good: State,
}

/// One text that an edit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the project, `/`-separated.
    pub path: String,
    /// The whole new text; `None`: the file is gone.
    pub text: Option<String>,
}

/// What [`Program::random_edit`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which kind was drawn.
    pub kind: EditKind,
    /// For people: names and places.
    pub description: String,
    /// In path order; never empty. A renamed file is one that went and one that came.
    pub changes: Vec<FileChange>,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} (", self.kind, self.description)?;
        for (index, change) in self.changes.iter().enumerate() {
            let sign = if change.text.is_some() { "" } else { "-" };
            write!(f, "{}{sign}{}", if index > 0 { ", " } else { "" }, change.path)?;
        }
        f.write_str(")")
    }
}

/// The kinds of edits. Those called "may break" leave users alone in some draws, which is a mistake put in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// Another number, text or truth value somewhere in a body.
    ChangeLiteral,
    /// Another body for a function, of the same type.
    ChangeBody,
    /// A function returns a pair, a text or a number instead; may break.
    ChangeResultType,
    /// Types of parameters and result are written or left out.
    ToggleAnnotation,
    /// A new function, sometimes called by `main`.
    AddFunction,
    /// A function goes; may break.
    RemoveFunction,
    /// A function gets another name; may break.
    RenameFunction,
    /// A parameter more, with or without default; may break.
    AddParameter,
    /// A parameter gets another name; may break callers that name it.
    RenameParameter,
    /// Another place in the file.
    MoveFunction,
    /// `pub` comes or goes; may break.
    TogglePub,
    /// A variant gets a constructor; may break matches.
    AddConstructor,
    /// A variant loses a constructor.
    RemoveConstructor,
    /// The constructors in another order.
    ReorderConstructors,
    /// A record gets a field; may break.
    AddField,
    /// A record loses a field; may break.
    RemoveField,
    /// The fields of a record in another order; may break positional uses.
    ReorderFields,
    /// Another value of a const or module value.
    ChangeValue,
    /// An import that nothing needs yet.
    AddImport,
    /// An import goes; breaks if it was needed.
    RemoveImport,
    /// `use m.*` becomes `use m.{…}`, names that are not listed become qualified.
    StarToList,
    /// `use m.{…}` becomes `use m.*`.
    ListToStar,
    /// Two modules import each other from now on.
    MakeCycle,
    /// An import that closes a cycle goes, if nothing needs it.
    BreakCycle,
    /// A public function under a name that a star import of somebody already sees; may break.
    AddClash,
    /// A new file.
    AddFile,
    /// A file goes; breaks if it was imported.
    DeleteFile,
    /// A file moves; may break.
    RenameFile,
    /// An implementation of a trait more.
    AddImpl,
    /// An implementation less; breaks if it was used.
    RemoveImpl,
    /// Text that does not parse.
    BreakSyntax,
    /// An expression of the wrong type or an unknown name.
    BreakType,
    /// The last mistake is taken back.
    Repair,
    /// A comment more.
    InsertComment,
    /// Empty lines more.
    InsertBlankLines,
    /// Back to an earlier state, as after a switch of branches.
    Revert,
}

impl Program {
    /// A random project made with [`Options::default`].
    pub fn random(seed: u64) -> Program {
        Program::with_options(seed, Options::default())
    }

    /// A random project.
    pub fn with_options(seed: u64, options: Options) -> Program {
        let mut rng = Rng::with_seed(seed);
        let mut state = State::default();
        Gen::new(&mut state, &mut rng, &options, Reach::Friends(BTreeMap::new())).program();
        Program { options, last_good: state.clone(), history: Vec::new(), state }
    }

    /// `(path, text)` of every file, in path order; `main.nos` is always among them.
    pub fn files(&self) -> Vec<(String, String)> {
        render::files(&self.state)
    }

    /// Did an edit put in a mistake that is still there?
    pub fn is_broken(&self) -> bool {
        !self.state.breaks.is_empty()
    }

    /// Changes the program in one of the ways of [`EditKind`].
    pub fn random_edit(&mut self, rng: &mut Rng) -> Edit {
        self.edit(rng)
    }
}

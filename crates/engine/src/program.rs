//! A program that stays alive: its module variables and processes survive calls, and new code is swapped in.
//!
//! Input: an engine whose texts have no errors. Output: results of calls, and reports of what an install changed.
//!
//! Texts are checked as often as they change, by [`Engine::check`]; a program sees none of it until
//! [`Program::install`]. What is installed is an image: chunks that are loaded later come from the same texts as those
//! that ran already.
//!
//! Invariant: an install happens as a whole or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use base_db::{Fingerprint, Name};
use bytecode::{Chunk, TypeDesc};
use database::{Image, Variable, Workspace, module_of_symbol};
use vm::{ChunkSource, Data, Failure, LinkError, Machine};

use crate::{
    Engine, Source,
    machine::{Limits, RunError, choose, failed, new_machine},
};

/// A running program, made by [`Engine::start`].
///
/// It keeps the code it was started with, or that was last installed, whatever happens to the texts of the engine. It
/// belongs to one thread; an [`crate::Interrupt`] ends its calls from others, after which it can go on.
///
/// ```
/// use ithaca::{Engine, Limits, Value};
///
/// let mut engine = Engine::in_memory([("main.nos", "mvar hits: Int = 0\nhit() = { hits = hits + 1; hits }\nmain() = hit()")]);
/// let mut program = engine.start(Limits::default())?;
/// assert_eq!(program.call("main.hit", &[])?, Value::Int(1));
///
/// engine.set_text("main.nos", "mvar hits: Int = 0\nhit() = { hits = hits + 10; hits }\nmain() = hit()");
/// assert_eq!(program.call("main.hit", &[])?, Value::Int(2));
/// program.install(&mut engine)?;
/// assert_eq!(program.call("main.hit", &[])?, Value::Int(12));
/// # Ok::<(), ithaca::RunError>(())
/// ```
pub struct Program {
    machine: Machine,
    installed: Shared,
    workspace: Arc<Mutex<Workspace>>,
    source: Source,
}

/// What an install did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// Symbols whose code is new, different or gone (`shop.price.gross/1`), sorted.
    pub changed: Vec<String>,
    /// Module variables that are new, or whose old value is no value of their type any more: they hold what their
    /// initialiser gave just now. In the order of the initialisers.
    pub initialised: Vec<String>,
    /// Module variables that keep their value although their initialiser changed; [`Program::reset`] runs it.
    pub kept: Vec<String>,
}

/// The image that the machine loads from.
type Shared = Arc<Mutex<Arc<Image>>>;

fn current(shared: &Shared) -> Arc<Image> {
    Arc::clone(&shared.lock().unwrap_or_else(PoisonError::into_inner))
}

struct ImageChunks {
    installed: Shared,
    /// For the library, which is the same in all images.
    workspace: Arc<Mutex<Workspace>>,
}

impl ImageChunks {
    fn library<T>(&self, answer: impl FnOnce(&mut Workspace) -> Option<T>) -> Option<T> {
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        workspace.unless_changed(answer).flatten()
    }
}

impl ChunkSource for ImageChunks {
    fn chunk(&mut self, symbol: &str) -> Result<Arc<Chunk>, LinkError> {
        let found = current(&self.installed).chunk(symbol).or_else(|| match is_library(symbol) {
            true => self.library(|workspace| workspace.chunk(symbol)),
            false => None,
        });
        found.map(Arc::new).ok_or(LinkError::Unknown)
    }

    fn type_desc(&mut self, name: &str) -> Option<TypeDesc> {
        current(&self.installed).type_desc(name).or_else(|| self.library(|workspace| workspace.type_desc(name)))
    }
}

fn is_library(symbol: &str) -> bool {
    symbol.starts_with("stdlib.")
}

impl Engine {
    /// Starts the program: initialises all module variables. Nothing else runs until [`Program::call`].
    ///
    /// `limits.steps` counts anew for each call; memory and interrupt are those of the program.
    pub fn start(&mut self, limits: Limits) -> Result<Program, RunError> {
        let image = Arc::new(self.linked(|workspace| Ok(workspace.image()))?);
        let installed = Arc::new(Mutex::new(Arc::clone(&image)));
        let chunks = ImageChunks { installed: Arc::clone(&installed), workspace: Arc::clone(&self.workspace) };
        let machine = new_machine(Box::new(chunks), &limits, Vec::new(), 0);
        let workspace = Arc::clone(&self.workspace);
        let mut program = Program { machine, installed, workspace, source: self.source.clone() };
        for variable in image.variables() {
            program.machine.init_mvar(&variable.symbol).map_err(|failure| program.failed(&failure))?;
        }
        Ok(program)
    }
}

impl Program {
    /// Calls a function: `geo.area`, or `area` of a single file. Processes that it leaves behind wait where they are
    /// until the next call.
    pub fn call(&mut self, function: &str, args: &[Data]) -> Result<Data, RunError> {
        let image = current(&self.installed);
        let artifact = image.artifact_of_module(module_of_symbol(function));
        let symbol = choose(function, args, |symbol| image.has_symbol(symbol), artifact)?;
        let result = self.machine.call(&symbol, args);
        result.map(|value| Data::from_value(&value)).map_err(|failure| self.failed(&failure))
    }

    /// Current value of a module variable: `shop.hits`, or `hits` of a single file.
    pub fn variable(&mut self, name: &str) -> Option<Data> {
        self.known(name)?;
        self.machine.mvar(name).map(|value| Data::from_value(&value))
    }

    /// Runs the initialiser of a module variable again. If it fails, all variables keep their values.
    pub fn reset(&mut self, name: &str) -> Result<(), RunError> {
        let missing = || RunError::NotFound(format!("no module variable `{name}`"));
        let symbol = self.known(name).ok_or_else(missing)?;
        self.all_or_nothing(|program| program.initialise(&[symbol]))
    }

    /// Replaces the code by what the texts of `engine` mean now. Calls use the new code at once; processes that wait
    /// finish the function they are in and use the new code from their next call on.
    ///
    /// Module variables keep their values while their types stay the same, whatever their initialisers say now. On
    /// `Err` (the texts have errors, or an initialiser failed) everything is as before, except for what an initialiser
    /// did outside of the program.
    pub fn install(&mut self, engine: &mut Engine) -> Result<Installed, RunError> {
        if !Arc::ptr_eq(&self.workspace, &engine.workspace) {
            return Err(RunError::NotFound("the program was started by another engine".to_owned()));
        }
        let before = current(&self.installed);
        let after = Arc::new(engine.linked(|workspace| Ok(workspace.image()))?);
        let changed = after.changes(&before);
        let is_old = |variable: &Variable| before.variables().contains(variable);
        let (old, new): (Vec<&Variable>, Vec<&Variable>) = after.variables().iter().partition(|it| is_old(it));
        let names = |variables: &[&Variable]| variables.iter().map(|it| it.symbol.to_string()).collect::<Vec<_>>();
        let kept: Vec<&Variable> = old.into_iter().filter(|it| changed.binary_search(&it.symbol).is_ok()).collect();
        let report = Installed {
            changed: changed.iter().map(ToString::to_string).collect(),
            initialised: names(&new),
            kept: names(&kept),
        };

        let gone = before.variables().iter().filter(|it| !after.variables().contains(it));
        let gone: Vec<Name> = gone.map(|it| it.symbol.clone()).collect();
        let new: Vec<Name> = new.into_iter().map(|it| it.symbol.clone()).collect();
        self.swap(after);
        let outcome = self.all_or_nothing(|program| {
            gone.iter().for_each(|symbol| program.machine.forget_mvar(symbol));
            program.initialise(&new)
        });
        if outcome.is_err() {
            self.swap(before);
        }
        outcome.map(|()| report)
    }

    /// Makes `image` the code of the machine.
    fn swap(&mut self, image: Arc<Image>) {
        *self.installed.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&image);
        // Only what was loaded has to be forgotten. Library chunks without an entry list the methods of the project.
        let mut chunks = ImageChunks { installed: Arc::clone(&self.installed), workspace: Arc::clone(&self.workspace) };
        let linked = self.machine.linked().into_iter();
        let stale = linked.filter(|(symbol, chunk)| chunks.chunk(symbol).ok().as_deref() != Some(&**chunk));
        let stale: Vec<Name> = stale.map(|(symbol, _)| symbol).collect();
        self.machine.replace(&stale);
    }

    /// Functions in memory, replaced ones that something still uses included.
    pub fn loaded_functions(&self) -> usize {
        self.machine.linked_functions()
    }

    fn known(&self, name: &str) -> Option<Name> {
        let image = current(&self.installed);
        image.variables().iter().map(|variable| &variable.symbol).find(|symbol| *symbol == name).cloned()
    }

    fn initialise(&mut self, symbols: &[Name]) -> Result<(), Failure> {
        symbols.iter().for_each(|symbol| self.machine.forget_mvar(symbol));
        symbols.iter().try_for_each(|symbol| self.machine.init_mvar(symbol))
    }

    fn all_or_nothing(&mut self, run: impl FnOnce(&mut Program) -> Result<(), Failure>) -> Result<(), RunError> {
        let variables = self.machine.variables();
        run(self).map_err(|failure| {
            self.machine.restore(variables);
            self.failed(&failure)
        })
    }

    /// Lines are known while the text of the module is the one that is installed.
    fn failed(&self, failure: &Failure) -> RunError {
        let image = current(&self.installed);
        let text = |symbol: &str| -> Option<Fingerprint> { image.text_of_module(module_of_symbol(symbol)) };
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        failed(&mut workspace, &self.source, failure, &text)
    }
}

//! Failures: what a running program raises, what `catch` receives, what the user reads.
//!
//! [`Raise`] is the cause. [`Failure`] is the cause with the trace of the place, and it travels: first through the
//! handlers of its process, then, uncaught, to the embedder.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::beside::Work;
use crate::show;
use crate::value::Value;

/// Why execution cannot go on.
#[derive(Clone)]
pub enum Raise {
    /// `throw(v)`.
    Throw(Value),
    /// `panic(text)` and all library failures of that form.
    Panic(String),
    /// `/` or `%` by zero.
    DivisionByZero,
    /// `head` or `tail` of an empty list.
    EmptyList,
    /// Too many frames.
    StackOverflow,
    /// A value of a wrong kind; the text says `expected X, got Y`.
    Type(String),
    /// An operation of the host failed.
    Io(String),
    /// Not catchable: the embedder's limits, or nothing left to do.
    Stop(Stop),
}

/// Reasons that no handler sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The interrupt flag was set.
    Interrupted,
    /// The step limit was reached.
    Steps,
    /// The memory limit was reached.
    Memory,
    /// The main process waits and nobody can ever send.
    Deadlock,
    /// A function cannot be loaded.
    Link(String),
}

/// A function value and its arguments.
pub(crate) type Callback = (Value, Vec<Value>);

/// What natives return instead of a value.
pub(crate) enum Trap {
    /// A failure.
    Raise(Box<Raise>),
    /// The process continues with `()` after so many milliseconds.
    Sleep(i64),
    /// The process continues with the answer of this work.
    Beside(Box<Work>),
    /// The native has this result, and these calls (function, arguments) come first, in order.
    Callbacks(Box<(Value, Vec<Callback>)>),
    /// A failure raised before goes on its way.
    Again(Rc<Failure>),
}

impl From<Raise> for Trap {
    #[cold]
    fn from(raise: Raise) -> Self {
        Trap::Raise(Box::new(raise))
    }
}

/// A panic with this text.
#[cold]
pub(crate) fn panic(text: impl Into<String>) -> Trap {
    Raise::Panic(text.into()).into()
}

/// A type error.
#[cold]
pub(crate) fn type_error(expected: &str, got: &Value) -> Trap {
    Raise::Type(format!("expected {expected}, got {}", got.kind_name())).into()
}

/// A thrown String.
#[cold]
pub(crate) fn throw_text(text: &str) -> Trap {
    Raise::Throw(Value::str(text)).into()
}

/// `Index N out of bounds`.
#[cold]
pub(crate) fn out_of_bounds(index: i64) -> Trap {
    panic(format!("Index {index} out of bounds"))
}

impl Raise {
    /// What a catch arm receives. `None`: not catchable.
    pub fn caught(&self) -> Option<Value> {
        let pair = |kind: &str, text: &str| Some(Value::tuple(vec![Value::str(kind), Value::str(text)]));
        match self {
            Raise::Throw(value) => Some(value.clone()),
            Raise::Panic(text) => pair("Panic", text),
            Raise::DivisionByZero => pair("DivisionByZero", "Division by zero"),
            Raise::EmptyList => pair("IndexOutOfBounds", "index 0 out of bounds (length 0)"),
            Raise::StackOverflow => pair("StackOverflow", "stack overflow"),
            Raise::Type(text) => pair("TypeError", text),
            Raise::Io(text) => pair("io_error", text),
            Raise::Stop(_) => None,
        }
    }

    /// What stands behind `Runtime error: ` when nobody catches it.
    pub fn text(&self) -> String {
        match self {
            Raise::Throw(value) => format!("Panic: Uncaught exception: {}", show::display(value)),
            Raise::Panic(text) => format!("Panic: {text}"),
            Raise::DivisionByZero => "Panic: Uncaught exception: (DivisionByZero, Division by zero)".to_owned(),
            Raise::EmptyList => "Index out of bounds: 0 (length 0)".to_owned(),
            Raise::StackOverflow => "Stack overflow".to_owned(),
            Raise::Type(text) => format!("Type error: {text}"),
            Raise::Io(text) => format!("Panic: Uncaught exception: (io_error, {text})"),
            Raise::Stop(Stop::Interrupted) => "Interrupted".to_owned(),
            Raise::Stop(Stop::Steps) => "Step limit reached".to_owned(),
            Raise::Stop(Stop::Memory) => "Memory limit reached".to_owned(),
            Raise::Stop(Stop::Deadlock) => {
                "Deadlock: the main process waits for a message that nobody can send".to_owned()
            }
            Raise::Stop(Stop::Link(text)) => text.clone(),
        }
    }
}

/// One line of a stack trace, innermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFrame {
    /// Symbol of the chunk.
    pub symbol: SmolStr,
    /// Name of the function or lambda inside it.
    pub name: SmolStr,
    /// Number of the expression in the body of the chunk's function; the compiler knows its line.
    pub expr: Option<u32>,
}

/// A failure with the place where it was raised.
#[derive(Clone)]
pub struct Failure {
    /// The cause.
    pub raise: Raise,
    /// Innermost frames first; long traces are cut.
    pub trace: Rc<[TraceFrame]>,
}

impl Failure {
    /// What stands behind `Runtime error: `.
    pub fn text(&self) -> String {
        self.raise.text()
    }

    /// The reason, if this is no failure of the program itself.
    pub fn stop(&self) -> Option<&Stop> {
        match &self.raise {
            Raise::Stop(stop) => Some(stop),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failure").field("text", &self.text()).field("trace", &self.trace).finish()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

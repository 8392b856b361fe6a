//! `eval` of a running program: source text to text.
//!
//! Input: code, what the run may still use. Output: the display form of its value, or one line that says what is wrong.
//! The code is a program of its own: it sees the library and nothing of the program that asks. It is compiled and run by
//! the same driver as everything else, from memory, without a store.
//!
//! Invariant: ends when the asking run has to end: limits and interrupt are shared, nesting has a bound.

use vm::{Data, Evaluated};

use crate::{Engine, Limits, RunError, Severity};

/// How deep code that is evaluated may evaluate code. Each level has its own compiler on the stack.
const MAX_DEPTH: u32 = 4;

/// Evaluates for one machine.
pub(crate) struct Evaluator {
    /// Of the run that asks.
    pub(crate) limits: Limits,
    /// How deep that run is.
    pub(crate) depth: u32,
}

impl Evaluator {
    /// Evaluates `code`, a block without its braces.
    pub(crate) fn eval(&self, code: &str, steps: Option<u64>) -> Evaluated {
        if self.depth >= MAX_DEPTH {
            return Evaluated { result: Err("eval: nested too deeply".to_owned()), steps: 0 };
        }
        let text = format!("main() = toString({{\n{code}\n}})\n");
        let mut engine = Engine::in_memory([("main.nos", text)]);
        engine.eval_depth = self.depth + 1;
        let limits = Limits { steps: steps.or(self.limits.steps), ..self.limits.clone() };
        let result = engine.call_with("main.main", &[], &limits);
        let steps = engine.steps;
        let result = match result {
            Ok(Data::String(text)) => Ok(text),
            // `toString` gives a String.
            Ok(_) => Ok(String::new()),
            Err(RunError::Broken) => Err(first_problem(&mut engine)),
            Err(RunError::NotFound(why)) => Err(why),
            Err(RunError::Failed(failure)) => Err(failure.message),
        };
        Evaluated { result: result.map_err(|why| format!("eval: {why}")), steps }
    }
}

fn first_problem(engine: &mut Engine) -> String {
    let problems = engine.check();
    let first = problems.into_iter().find(|problem| problem.severity == Severity::Error);
    first.map(|problem| problem.message).unwrap_or_default()
}

//! The engine from outside: programs of the suite, random edits against cold builds, scenarios, bad input.

mod differential;
mod limits;
mod oracle;
mod program;
mod suite;

use ithaca::{Diagnostic, Engine, Limits, Output, RunError};
use std::sync::{Arc, Mutex};

/// What a user sees of one run: diagnostics, output, result or failure; the last line is what `# expect` compares.
fn run_text(engine: &mut Engine) -> String {
    let captured = Arc::new(Mutex::new(String::new()));
    let diagnostics = engine.check();
    let mut text: String = diagnostics.iter().map(plain).collect();
    let limits =
        Limits { steps: Some(200_000_000), output: Output::Captured(Arc::clone(&captured)), ..Limits::default() };
    let result = engine.run_main(None, Vec::new(), &limits);
    text.push_str(&captured.lock().unwrap());
    match result {
        Ok(Some(value)) => text.push_str(&format!("{value}\n")),
        Ok(None) => {}
        Err(RunError::Failed(failure)) => text.push_str(&failure.to_string()),
        Err(error) => text.push_str(&format!("Error: {error}\n")),
    }
    text
}

/// A diagnostic without its excerpt.
fn plain(diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(location) = &diagnostic.location {
        text.push_str(&format!("{}:{}:{}: ", location.file, location.line, location.column));
    }
    text.push_str(&format!("{}[{}]: {}\n", diagnostic.severity.as_str(), diagnostic.code, diagnostic.message));
    for note in &diagnostic.notes {
        text.push_str(&format!("  {note}\n"));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("  help: {help}\n"));
    }
    text
}

//! A progress bar for long builds: only on a terminal, only after half a second.
//!
//! Input: units done and known. Output: a bar on standard error that disappears with the last unit.

use std::{
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use ithaca::Progress;

/// Work that ends sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// `None`: standard error is no terminal.
pub(crate) fn bar() -> Option<Progress> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let started = Instant::now();
    let bar: Mutex<Option<ProgressBar>> = Mutex::new(None);
    Some(Progress(Arc::new(move |done, known| {
        if started.elapsed() < PATIENCE {
            return;
        }
        let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} units");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        shown.set_length(known as u64);
        shown.set_position(done as u64);
        if done == known {
            shown.finish_and_clear();
            *bar = None;
        }
    })))
}

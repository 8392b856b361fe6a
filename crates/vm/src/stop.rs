//! The embedder's interrupt inside long computations of one instruction.
//!
//! Input: the flag of the machine that runs on this thread. Output: the failure that ends the run, asked for by natives
//! every few thousand steps of theirs. Between instructions the interpreter looks at the flag itself.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Raise, Stop, Trap};

thread_local! {
    static FLAG: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// From now on [`check`] looks at this flag. Machines of one thread do not run inside each other.
pub(crate) fn watch(flag: &Arc<AtomicBool>) {
    FLAG.with(|watched| *watched.borrow_mut() = Some(Arc::clone(flag)));
}

/// Fails if the run was interrupted.
pub(crate) fn check() -> Result<(), Trap> {
    let set = FLAG.with(|flag| flag.borrow().as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)));
    if set { Err(Raise::Stop(Stop::Interrupted).into()) } else { Ok(()) }
}

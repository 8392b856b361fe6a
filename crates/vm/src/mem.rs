//! Memory accounting, and release of deep structures without recursion.
//!
//! Every structure of values reports what it holds with [`charge`] and [`discharge`]; the scheduler compares the sum
//! with the limit of the embedder. Structures that own values hand their content to [`release`] when they die: it
//! drops in place down to a small depth and queues the rest, so that dropping a million nested nodes uses constant
//! native stack.
//!
//! Invariant: per thread, because values never leave the thread of their machine.

use std::cell::{Cell, RefCell};

use crate::collections::{PMap, PSet};
use crate::list::Below;
use crate::value::Value;

/// Content of a dead structure that still waits for its turn.
#[expect(dead_code, reason = "only held, to be dropped later")]
pub(crate) enum Garbage {
    Values(Vec<Value>),
    Chain(Box<Below>),
    Map(PMap),
    Set(PSet),
}

const MAX_NATIVE_DEPTH: u32 = 48;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PENDING: RefCell<Vec<Garbage>> = const { RefCell::new(Vec::new()) };
}

/// `bytes` more are in use.
#[inline]
pub(crate) fn charge(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_add(bytes)));
}

/// `bytes` fewer are in use.
#[inline]
pub(crate) fn discharge(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub(bytes)));
}

/// Bytes in use by values of this thread; approximate, the allocator's own overhead is not counted.
pub fn live_bytes() -> usize {
    LIVE.with(Cell::get)
}

/// Whether a dying structure may drop its content directly. If so, [`leave`] must follow.
#[inline]
pub(crate) fn enter() -> bool {
    DEPTH
        .try_with(|depth| {
            let fits = depth.get() < MAX_NATIVE_DEPTH;
            if fits {
                depth.set(depth.get() + 1);
            }
            fits
        })
        .unwrap_or(true)
}

/// Ends what [`enter`] allowed; the outermost one empties the queue.
#[inline]
pub(crate) fn leave() {
    let _ = DEPTH.try_with(|depth| {
        if depth.get() == 1 {
            drain();
        }
        depth.set(depth.get() - 1);
    });
}

fn drain() {
    // Depth is 1 here, so what dies below queues again instead of draining recursively.
    while let Ok(Some(garbage)) = PENDING.try_with(|pending| pending.borrow_mut().pop()) {
        drop(garbage);
    }
}

/// Queues content; it is dropped when the native stack is shallow again.
pub(crate) fn defer(garbage: Garbage) {
    let mut garbage = Some(garbage);
    let _ = PENDING.try_with(|pending| pending.borrow_mut().extend(garbage.take()));
}

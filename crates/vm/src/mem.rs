//! Memory accounting, and release of large and deep structures without recursion and without long pauses.
//!
//! Every structure of values reports what it holds with [`charge`] and [`discharge`]; the scheduler compares the sum
//! with the limit of the embedder. Structures that own values drop their content in place only if [`enter`] allows it:
//! down to a small depth, and, while a program runs, until the turn's budget is used up. The rest is queued as
//! [`Garbage`]. So dropping a million nested nodes uses constant native stack, and no instruction takes long because
//! something large dies in it.
//!
//! While a program runs, the queue is worked off a slice a [`turn`], and so much of it that what is in use does not grow
//! meanwhile; between two turns it grows by [`SLACK`] at most. Outside of runs whoever drops something waits for the
//! end. What waits in the queue counts as in use, but no limit is exceeded before the queue is empty ([`Run`]).
//!
//! Invariant: per thread, because values never leave the thread of their machine.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::collections::{PMap, PSet};
use crate::failure::Trap;
use crate::list::Below;
use crate::stop;
use crate::value::Value;

/// Content of a dead structure that still waits for its turn.
pub(crate) enum Garbage {
    Value(Value),
    /// A row, and what it was charged with.
    Values(Vec<Value>, usize),
    /// Messages that nobody received.
    Messages(VecDeque<Value>),
    Chain(Box<Below>),
    Map(PMap),
    Set(PSet),
}

impl Garbage {
    /// Drops some of it, for one value of the budget at least. `Some`: the rest.
    fn shed(self) -> Option<Self> {
        spend(1);
        match self {
            Garbage::Values(mut values, bytes) => {
                values.truncate(values.len() - part(values.len()));
                if !values.is_empty() {
                    return Some(Garbage::Values(values, bytes));
                }
                drop(values);
                discharge(bytes);
            }
            Garbage::Messages(mut messages) => {
                let part = part(messages.len());
                messages.truncate(messages.len() - part);
                discharge(part * size_of::<Value>());
                if !messages.is_empty() {
                    return Some(Garbage::Messages(messages));
                }
            }
            Garbage::Value(value) => drop(value),
            Garbage::Chain(below) => drop(below),
            Garbage::Map(map) => drop(map),
            Garbage::Set(set) => drop(set),
        }
        None
    }
}

/// How many of so many values of a row are dropped at once; the budget pays for them.
fn part(len: usize) -> usize {
    const PART: usize = 1 << 10;
    let part = len.min(PART);
    spend(price(part));
    part
}

/// What so many values in a row cost: they lie beside each other, and structures among them pay for themselves.
fn price(values: usize) -> usize {
    values / 4
}

const MAX_NATIVE_DEPTH: u32 = 48;
/// Values that are dropped during a turn, and from the queue after it: a millisecond or two each.
const SLICE: u32 = 1 << 14;
/// So many bytes more may be in use before a turn is over, although there is garbage.
const SLACK: usize = 1 << 26;

/// Cells of their own: what is written in parts and then read as a whole stalls the processor.
struct State {
    /// Structures on the native stack that are dropping their content.
    depth: Cell<u32>,
    /// Values that may be dropped in place.
    budget: Cell<u32>,
    /// Whether a program is running.
    runs: Cell<bool>,
    /// Whether garbage is waiting.
    waits: Cell<bool>,
}

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    /// Bytes that were in use after the last turn.
    static BEFORE: Cell<usize> = const { Cell::new(0) };
    static STATE: State = const {
        State {
            depth: Cell::new(0),
            budget: Cell::new(u32::MAX),
            runs: Cell::new(false),
            waits: Cell::new(false),
        }
    };
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

fn spend(values: usize) {
    STATE.with(|state| state.budget.set(state.budget.get().saturating_sub(values.min(u32::MAX as usize) as u32)));
}

/// Whether a dying structure may drop so many values of its own directly. If so, [`leave`] must follow; if not, they are
/// for [`defer`].
#[inline]
pub(crate) fn enter(values: usize) -> bool {
    STATE.with(|state| {
        let (depth, budget) = (state.depth.get(), state.budget.get());
        let fits = depth < MAX_NATIVE_DEPTH && values < budget as usize;
        if fits {
            state.depth.set(depth + 1);
            state.budget.set(budget - values as u32 - 1);
        }
        fits
    })
}

/// Ends what [`enter`] allowed. Outside of runs the outermost one empties the queue.
#[inline]
pub(crate) fn leave() {
    let is_last = STATE.with(|state| {
        let depth = state.depth.get() - 1;
        state.depth.set(depth);
        depth == 0 && !state.runs.get()
    });
    if is_last {
        settle();
    }
}

/// Queues content that [`enter`] did not allow to drop.
#[cold]
pub(crate) fn defer(garbage: impl IntoIterator<Item = Garbage>) {
    // At the end of the thread there is no queue any more.
    let queued = PENDING.try_with(|pending| pending.borrow_mut().extend(garbage));
    let (depth, runs) = STATE.with(|state| {
        state.waits.set(queued.is_ok());
        (state.depth.get(), state.runs.get())
    });
    if depth > 0 {
        return;
    }
    if !runs {
        settle();
    } else if live_bytes() > BEFORE.get().saturating_add(SLACK) {
        // An interrupt that is seen here is seen again after the instruction.
        let _ = shrink(BEFORE.get());
    }
}

/// Drops a row of values that was charged with so many bytes.
pub(crate) fn release(values: Vec<Value>, bytes: usize) {
    if enter(price(values.len())) {
        drop(values);
        discharge(bytes);
        leave();
    } else {
        defer([Garbage::Values(values, bytes)]);
    }
}

/// Empties the queue, however long it takes.
#[cold]
fn settle() {
    while slice(u32::MAX) {}
    STATE.with(|state| state.budget.set(u32::MAX));
}

/// Works the queue off until so many values were dropped. Returns whether something is left. Afterwards as many may be
/// dropped in place.
fn slice(budget: u32) -> bool {
    STATE.with(|state| state.budget.set(budget));
    if !waits() {
        return false;
    }
    // As inside of a structure: what dies below queues again instead of coming here.
    STATE.with(|state| state.depth.set(state.depth.get() + 1));
    let mut left = true;
    while left && STATE.with(|state| state.budget.get()) > 0 {
        let next = PENDING.try_with(|pending| pending.borrow_mut().pop()).ok().flatten();
        left = next.is_some();
        if let Some(rest) = next.and_then(Garbage::shed) {
            let _ = PENDING.try_with(|pending| pending.borrow_mut().push(rest));
        }
    }
    STATE.with(|state| {
        state.depth.set(state.depth.get() - 1);
        state.waits.set(left);
        state.budget.set(budget);
    });
    left
}

fn waits() -> bool {
    STATE.with(|state| state.waits.get())
}

/// Works the queue off, at least a slice, until no more than `bytes` are in use. Fails if the run has to end.
fn shrink(bytes: usize) -> Result<(), Trap> {
    while slice(SLICE) && live_bytes() > bytes {
        stop::interrupted()?;
    }
    Ok(())
}

/// A turn of a process is over: a new budget, and work on what it left over from the last one. Fails if the run has to
/// end.
pub(crate) fn turn() -> Result<(), Trap> {
    let done = shrink(BEFORE.get());
    BEFORE.set(live_bytes());
    done
}

/// Works off a slice of the queue. Returns whether there was something in it.
pub(crate) fn idle() -> bool {
    let waited = waits();
    if waited {
        slice(SLICE);
    }
    waited
}

/// Empties the queue. Fails if the run has to end; whoever is outside of runs waits.
pub(crate) fn empty() -> Result<(), Trap> {
    while slice(SLICE) {
        stop::interrupted()?;
    }
    Ok(())
}

/// While it lives, a program runs on this thread: what dies may wait.
pub(crate) struct Run {
    /// Whether one did before.
    outer: bool,
}

impl Run {
    pub(crate) fn begin() -> Self {
        let outer = STATE.with(|state| {
            state.budget.set(SLICE);
            state.runs.replace(true)
        });
        BEFORE.set(live_bytes());
        Self { outer }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        STATE.with(|state| {
            state.runs.set(self.outer);
            state.budget.set(if self.outer { SLICE } else { u32::MAX });
        });
    }
}

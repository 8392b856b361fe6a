//! The embedder's interrupt and memory limit inside long computations of one instruction.
//!
//! Input: the limits of the machine that runs on this thread. Output: the failure that ends the run. Whatever may take
//! long looks here every few thousand steps of its own, and before it allocates much; between instructions the
//! interpreter looks at the limits itself.
//!
//! What cannot fail half-way, because a tree or a formatter calls it, stops early with whatever it has. The failure is
//! remembered then: [`tripped`] says so right after the instruction, and nobody sees the result.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::failure::{Raise, Stop, Trap, panic};
use crate::machine::Limits;
use crate::mem;

struct Watched {
    interrupt: Arc<AtomicBool>,
    max_bytes: usize,
    max_work: u64,
    _run: mem::Run,
}

/// What [`check`] found during this run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Interrupt,
    NoRoom,
    NoSteps,
}

thread_local! {
    static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) };
    static FOUND: Cell<Found> = const { Cell::new(Found::Nothing) };
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// Text and other results that are made outside of a run take so many bytes at most.
const MAX_UNWATCHED: usize = 1 << 30;

/// The limits hold while this lives.
pub(crate) struct Watch {
    before: Option<Watched>,
    work_before: u64,
}

/// From now on these limits hold on this thread, until the result dies: then those from before, because code that is
/// evaluated by a program runs inside of its machine. `steps`: what the step limit leaves.
pub(crate) fn watch(limits: &Limits, steps: Option<u64>) -> Watch {
    #[cfg(test)]
    testing::begin();
    FOUND.set(Found::Nothing);
    let watched = Watched {
        interrupt: Arc::clone(&limits.interrupt),
        max_bytes: limits.bytes(),
        max_work: steps.unwrap_or(u64::MAX),
        _run: mem::Run::begin(),
    };
    Watch { before: WATCHED.replace(Some(watched)), work_before: WORK.replace(0) }
}

impl Drop for Watch {
    fn drop(&mut self) {
        #[cfg(test)]
        testing::end();
        FOUND.set(Found::Nothing);
        WORK.set(self.work_before);
        let _ = WATCHED.replace(self.before.take());
    }
}

/// Fails if the run was interrupted.
pub(crate) fn check() -> Result<(), Trap> {
    room(0)
}

/// Fails if `bytes` more do not fit the memory limit, or the run was interrupted: asked before large allocations.
pub(crate) fn room(bytes: usize) -> Result<(), Trap> {
    interrupted()?;
    let look = || {
        WATCHED.with_borrow(|watched| match watched {
            Some(watched) if mem::live_bytes().saturating_add(bytes) > watched.max_bytes => Found::NoRoom,
            Some(watched) if WORK.get() > watched.max_work => Found::NoSteps,
            None if bytes > MAX_UNWATCHED => Found::NoRoom,
            _ => Found::Nothing,
        })
    };
    let mut found = look();
    if found == Found::NoRoom {
        // Some of what is in use may be waiting to be returned.
        mem::empty()?;
        found = look();
    }
    match found {
        Found::Nothing => tripped(),
        found => Err(trip(found)),
    }
}

/// Fails if the run was interrupted, whatever else it has used up.
pub(crate) fn interrupted() -> Result<(), Trap> {
    #[cfg(test)]
    testing::note();
    let is_set = |watched: &Watched| watched.interrupt.load(Ordering::Relaxed);
    if WATCHED.with_borrow(|watched| watched.as_ref().is_some_and(is_set)) {
        return Err(trip(Found::Interrupt));
    }
    Ok(())
}

fn trip(found: Found) -> Trap {
    // Outside of a run nobody would take it away again.
    FOUND.set(if WATCHED.with_borrow(Option::is_some) { found } else { Found::Nothing });
    failure(found)
}

/// Fails if a computation of this run stopped early.
#[inline]
pub(crate) fn tripped() -> Result<(), Trap> {
    match FOUND.get() {
        Found::Nothing => Ok(()),
        found => Err(failure(found)),
    }
}

#[cold]
fn failure(found: Found) -> Trap {
    Raise::Stop(match found {
        Found::NoRoom => Stop::Memory,
        Found::NoSteps => Stop::Steps,
        Found::Interrupt | Found::Nothing => Stop::Interrupted,
    })
    .into()
}

/// Counts the steps of one computation and looks at the limits now and then.
#[derive(Default)]
pub(crate) struct Steps(u32);

impl Steps {
    /// Steps between two looks. A step is a look at one value or at a few dozen bytes.
    const PERIOD: u32 = 1 << 12;

    /// One more step.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Trap> {
        self.0 += 1;
        if self.0 < Self::PERIOD {
            return Ok(());
        }
        self.0 = 0;
        // Comparing or showing a value may take exponentially longer than making it: it counts for the step limit.
        WORK.set(WORK.get() + u64::from(Self::PERIOD));
        check()
    }

    /// So many steps more, and one.
    #[inline]
    pub(crate) fn steps(&mut self, count: usize) -> Result<(), Trap> {
        self.0 = self.0.saturating_add(count.min(Self::PERIOD as usize) as u32);
        self.step()
    }
}

/// An iterator whose owner can be interrupted.
pub(crate) fn polled<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = Result<T, Trap>> {
    let mut steps = Steps::default();
    items.map(move |item| steps.step().map(|()| item))
}

/// An iterator that ends early when the run has to end; the interpreter drops what became of it.
pub(crate) fn until_stopped<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    polled(items).map_while(Result::ok)
}

/// Bytes that are left of the memory limit.
pub(crate) fn bytes_left() -> usize {
    // Whoever asks looks at the limits as well.
    let _ = mem::empty();
    let max = WATCHED.with_borrow(|watched| watched.as_ref().map_or(MAX_UNWATCHED, |watched| watched.max_bytes));
    max.saturating_sub(mem::live_bytes())
}

/// Time between two looks at the limits while somebody else works.
const NAP: Duration = Duration::from_millis(2);

/// Does work that cannot look at the limits, on a thread of its own, while this one does. When the run has to end, the
/// work is left to itself: it must not take for ever, and may ask whether anybody still waits.
pub(crate) fn apart<T: Send + 'static>(work: impl FnOnce(&Asked) -> T + Send + 'static) -> Result<T, Trap> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let asked = Asked(Arc::new(AtomicBool::new(true)));
    let worker = Asked(Arc::clone(&asked.0));
    let started = std::thread::Builder::new().spawn(move || drop(sender.send(work(&worker))));
    started.map_err(|error| panic(format!("no thread: {error}")))?;
    loop {
        match receiver.recv_timeout(NAP) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(trap) = check() {
                    asked.0.store(false, Ordering::Relaxed);
                    return Err(trap);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(panic("the work was given up")),
        }
    }
}

/// Whether anybody waits for the result of some work.
pub(crate) struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Somebody does.
    pub(crate) fn always() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub(crate) fn still(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Elements that are sorted between two looks at the limits.
const RUN: usize = 1 << 12;

/// A stable sort that can be interrupted: runs of [`RUN`] elements, merged.
pub(crate) fn sorted<T: Default>(
    mut items: Vec<T>,
    sort: impl Fn(&mut [T]),
    in_order: impl Fn(&T, &T) -> bool,
) -> Result<Vec<T>, Trap> {
    for run in items.chunks_mut(RUN) {
        sort(run);
        check()?;
    }
    let len = items.len();
    let mut width = RUN;
    while width < len {
        let mut merged = Vec::with_capacity(len);
        for start in (0..len).step_by(2 * width) {
            let (middle, end) = ((start + width).min(len), (start + 2 * width).min(len));
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                if merged.len() % RUN == 0 {
                    check()?;
                }
                let next = if in_order(&items[left], &items[right]) { &mut left } else { &mut right };
                merged.push(std::mem::take(&mut items[*next]));
                *next += 1;
            }
            merged.extend(items[left..middle].iter_mut().map(std::mem::take));
            merged.extend(items[right..end].iter_mut().map(std::mem::take));
        }
        items = merged;
        width *= 2;
    }
    Ok(items)
}

#[cfg(test)]
pub(crate) mod testing {
    //! How long the machine did not look at its limits, in processor time of the thread, which other work on the
    //! machine does not change.

    use std::cell::Cell;
    use std::time::Duration;

    thread_local! {
        static LAST: Cell<Option<Duration>> = const { Cell::new(None) };
        static LONGEST: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    fn spent() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    pub(super) fn note() {
        if let Some(last) = LAST.get() {
            let now = spent();
            LONGEST.set(LONGEST.get().max(now - last));
            LAST.set(Some(now));
        }
    }

    /// From now on looks are noted.
    pub(super) fn begin() {
        LAST.set(Some(spent()));
    }

    pub(super) fn end() {
        note();
        LAST.set(None);
    }

    /// The longest time without a look of the runs of `work`.
    #[cfg(not(miri))]
    pub(crate) fn longest_gap(work: impl FnOnce()) -> Duration {
        LONGEST.set(Duration::ZERO);
        work();
        LONGEST.get()
    }
}

// They measure time.
#[cfg(all(test, not(miri)))]
mod tests;

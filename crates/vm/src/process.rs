//! A process of the language: its registers, frames, handlers and mailbox.
//!
//! Invariant: registers above the topmost frame hold no heap values; each frame's base is the end of the frame below.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::beside::Answer;
use crate::block::Block;
use crate::failure::{Failure, Raise, TraceFrame};
use crate::link::{Entry, Unit};
use crate::mem;
use crate::value::{FunctionMeta, Value};

/// A call in progress.
pub(crate) struct Frame {
    pub(crate) entry: *const Entry,
    /// Next instruction.
    pub(crate) pc: u32,
    /// First register in the stack.
    pub(crate) base: u32,
    /// What happens to the result.
    pub(crate) ret: Ret,
    /// The running closure, for its captures.
    pub(crate) closure: Option<Block<FunctionMeta>>,
}

/// Where a result goes.
#[derive(Clone, Copy)]
pub(crate) enum Ret {
    /// Into a register of the frame below.
    Register(u16),
    /// Into the slot of a module value; the frame below repeats its instruction.
    Value(u32),
    /// Nowhere: a callback.
    Discard,
}

/// An open try region.
pub(crate) struct Handler {
    /// Number of frames when it was opened.
    pub(crate) frames: u32,
    pub(crate) target: u32,
    pub(crate) dst: u16,
    /// Number of open updates to go back to.
    pub(crate) atomic: u32,
}

/// What a process waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    /// For a message, until a moment (milliseconds of the machine's clock) or for ever.
    Receiving(Option<i64>),
    /// For a moment.
    Sleeping(i64),
    /// For the end of an update of a module variable.
    Locked,
    /// For the answer of work beside the machine.
    Beside,
}

/// Messages in the order of their arrival.
#[derive(Default)]
pub(crate) struct Mailbox(VecDeque<Value>);

impl Mailbox {
    pub(crate) fn push(&mut self, message: Value) {
        mem::charge(size_of::<Value>());
        self.0.push_back(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Value> {
        let message = self.0.pop_front()?;
        mem::discharge(size_of::<Value>());
        Some(message)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let messages = std::mem::take(&mut self.0);
        if mem::enter(messages.len()) {
            mem::discharge(messages.len() * size_of::<Value>());
            drop(messages);
            mem::leave();
        } else {
            mem::defer([mem::Garbage::Messages(messages)]);
        }
    }
}

/// A process.
pub(crate) struct Process {
    pub(crate) id: u64,
    pub(crate) stack: Vec<Value>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) mailbox: Mailbox,
    /// Slots of the module variables that it is updating, innermost last.
    pub(crate) atomic: Vec<u32>,
    pub(crate) state: State,
    /// Clock when it started.
    pub(crate) started: i64,
    /// Arguments on their way into a new frame.
    pub(crate) scratch: Vec<Value>,
    /// Where the result of the native goes whose work is done beside the machine; see `settle`.
    pub(crate) result_to: Option<u16>,
    /// The answer of that work.
    pub(crate) answer: Option<Answer>,
}

/// Registers a process may have: a second bound of recursion, for frames of many registers.
pub(crate) const MAX_STACK: usize = 1 << 23;

/// Innermost frames that a trace keeps.
const TRACE_TOP: usize = 40;
/// Outermost frames that a longer trace keeps.
const TRACE_BOTTOM: usize = 10;

impl Drop for Process {
    fn drop(&mut self) {
        mem::discharge(size_of::<Self>());
        let stack = std::mem::take(&mut self.stack);
        let bytes = stack.len() * size_of::<Value>();
        mem::release(stack, bytes);
    }
}

impl Process {
    pub(crate) fn new(id: u64, started: i64) -> Self {
        mem::charge(size_of::<Self>());
        Self {
            id,
            stack: Vec::new(),
            frames: Vec::new(),
            handlers: Vec::new(),
            mailbox: Mailbox::default(),
            atomic: Vec::new(),
            state: State::Ready,
            started,
            scratch: Vec::new(),
            result_to: None,
            answer: None,
        }
    }

    /// First register behind the topmost frame.
    #[inline]
    pub(crate) fn top(&self) -> usize {
        match self.frames.last() {
            // SAFETY: entries live as long as a frame points at them, see `World::drop_retired`.
            Some(frame) => frame.base as usize + usize::from(unsafe { (*frame.entry).registers }),
            None => 0,
        }
    }

    /// Whether no further frame of any size may be opened.
    pub(crate) fn is_full(&self, max_frames: usize) -> bool {
        self.frames.len() >= max_frames || self.top() + usize::from(u16::MAX) > MAX_STACK
    }

    /// Makes sure that registers up to `end` exist, unless those are too many.
    #[inline]
    #[must_use]
    pub(crate) fn reserve(&mut self, end: usize) -> bool {
        end <= self.stack.len() || self.grow(end)
    }

    /// Adds registers up to `end` at least, if a process may have so many.
    #[cold]
    fn grow(&mut self, end: usize) -> bool {
        if end > MAX_STACK {
            return false;
        }
        let len = end.max((self.stack.len() * 2).min(MAX_STACK)).max(64);
        mem::charge((len - self.stack.len()) * size_of::<Value>());
        self.stack.resize(len, Value::Unit);
        true
    }

    /// Opens a frame whose registers are in place. Written field by field: a frame put together elsewhere and moved
    /// here stalls on its own stores.
    #[inline(always)]
    pub(crate) fn push_frame(
        &mut self,
        entry: *const Entry,
        base: u32,
        dst: u16,
        closure: Option<Block<FunctionMeta>>,
    ) {
        if self.frames.len() == self.frames.capacity() {
            self.frames.reserve(8);
        }
        // SAFETY: there is room for one more, and all fields are written before it counts.
        unsafe {
            let len = self.frames.len();
            let frame = self.frames.as_mut_ptr().add(len);
            (&raw mut (*frame).entry).write(entry);
            (&raw mut (*frame).pc).write(0);
            (&raw mut (*frame).base).write(base);
            (&raw mut (*frame).ret).write(Ret::Register(dst));
            (&raw mut (*frame).closure).write(closure);
            self.frames.set_len(len + 1);
        }
    }

    /// Opens a frame whose arguments are in `scratch`; their number has been checked, and that the process is not full.
    pub(crate) fn push_scratch(&mut self, entry: *const Entry, ret: Ret, closure: Option<Block<FunctionMeta>>) {
        let base = self.top();
        // SAFETY: it comes from a cache or a closure, and entries live as long as either points at them.
        let registers = usize::from(unsafe { (*entry).registers });
        let fits = self.reserve(base + registers);
        debug_assert!(fits);
        for (slot, arg) in self.stack[base..].iter_mut().zip(self.scratch.drain(..)) {
            *slot = arg;
        }
        self.frames.push(Frame { entry, pc: 0, base: base as u32, ret, closure });
    }

    /// Closes the topmost frame, whose registers hold nothing any more.
    #[inline(always)]
    pub(crate) fn drop_frame(&mut self) {
        if let Some(last) = self.frames.len().checked_sub(1) {
            drop(self.frames[last].closure.take());
            // SAFETY: one less than before; what is left of the frame needs no drop.
            unsafe { self.frames.set_len(last) };
        }
    }

    /// What the running closure has captured.
    #[inline]
    pub(crate) fn captured(&self, index: u16) -> Option<&Value> {
        self.frames.last()?.closure.as_ref()?.get(usize::from(index))
    }

    /// Closes the topmost frame and drops its registers.
    pub(crate) fn pop_frame(&mut self) {
        let end = self.top();
        if let Some(frame) = self.frames.pop() {
            for slot in &mut self.stack[frame.base as usize..end] {
                if slot.is_heap() {
                    *slot = Value::Unit;
                }
            }
        }
    }

    /// The units that the frames run.
    pub(crate) fn units(&self) -> impl Iterator<Item = *const Unit> {
        // SAFETY: entries live as long as a frame points at them, see `World::drop_retired`.
        self.frames.iter().map(|frame| unsafe { (*frame.entry).unit.get() })
    }

    /// The frames as a trace.
    pub(crate) fn trace(&self) -> Rc<[TraceFrame]> {
        let line = |frame: &Frame| {
            // SAFETY: entries and units live as long as a frame points at them, see `World::drop_retired`.
            let (body, unit) = unsafe { (&*(*frame.entry).body, &*(*frame.entry).unit.get()) };
            TraceFrame {
                symbol: unit.chunk.symbol.clone(),
                name: body.name.clone(),
                expr: body.expr_at(frame.pc.saturating_sub(1)),
            }
        };
        let frames = self.frames.iter().rev();
        if self.frames.len() <= TRACE_TOP + TRACE_BOTTOM {
            return frames.map(line).collect();
        }
        let skip = self.frames.len() - TRACE_TOP - TRACE_BOTTOM;
        frames.clone().take(TRACE_TOP).chain(frames.skip(TRACE_TOP + skip)).map(line).collect()
    }

    /// Hands a failure to the innermost handler. `Err` gives it back when there is none.
    pub(crate) fn unwind(&mut self, failure: Failure) -> Result<(), Box<Failure>> {
        let Some(caught) = failure.raise.caught() else {
            self.clear();
            return Err(Box::new(failure));
        };
        let Some(handler) = self.handlers.pop() else {
            self.clear();
            return Err(Box::new(failure));
        };
        while self.frames.len() > handler.frames as usize {
            self.pop_frame();
        }
        self.atomic.truncate(handler.atomic as usize);
        if let Some(frame) = self.frames.last_mut() {
            let dst = frame.base as usize + usize::from(handler.dst);
            frame.pc = handler.target;
            self.stack[dst] = caught;
            self.stack[dst + 1] = Value::Failure(Rc::new(failure));
        }
        Ok(())
    }

    /// A failure raised at the current place.
    pub(crate) fn failure(&self, raise: Raise) -> Failure {
        Failure { raise, trace: self.trace() }
    }

    fn clear(&mut self) {
        while !self.frames.is_empty() {
            self.pop_frame();
        }
        self.handlers.clear();
        self.atomic.clear();
    }
}

//! Work of the host that may take long: it runs on threads of its own, and the process that asked for it waits.
//!
//! Input: a [`Task`] that a native got from the host. Output: answers, in the order in which they become known; each is
//! the rest of a native, which runs when its process does. Work whose process has gone, or that is not done when a call
//! ends, is left to itself.
//!
//! Invariant: whatever begins is answered once, also if it panics.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::failure::{Trap, panic};
use crate::host::HostResult;
use crate::natives::NativeCtx;
use crate::value::Value;

/// What the host has been asked for.
pub enum Task<T> {
    /// It is done.
    Done(HostResult<T>),
    /// It may take long, so that the machine does not wait for it.
    Later(Box<dyn FnOnce() -> HostResult<T> + Send>),
}

impl<T> Task<T> {
    /// Work that may take long.
    pub fn later(work: impl FnOnce() -> HostResult<T> + Send + 'static) -> Self {
        Task::Later(Box::new(work))
    }
}

impl<T> From<HostResult<T>> for Task<T> {
    fn from(result: HostResult<T>) -> Self {
        Task::Done(result)
    }
}

impl<T: Send + 'static> Task<T> {
    /// The result of a native, which `then` makes of the host's; at once or later.
    pub(crate) fn then(
        self,
        ctx: &mut NativeCtx<'_>,
        then: impl FnOnce(&mut NativeCtx<'_>, HostResult<T>) -> Result<Value, Trap> + Send + 'static,
    ) -> Result<Value, Trap> {
        match self {
            Task::Done(result) => then(ctx, result),
            Task::Later(work) => Err(Trap::Beside(Box::new(Box::new(move || {
                let result = work();
                Box::new(move |ctx: &mut NativeCtx<'_>| then(ctx, result))
            })))),
        }
    }
}

/// What is left to do for a native whose work is done.
pub(crate) type Answer = Box<dyn FnOnce(&mut NativeCtx<'_>) -> Result<Value, Trap> + Send>;
/// Something to be done on another thread.
pub(crate) type Work = Box<dyn FnOnce() -> Answer + Send>;

/// The threads beside a machine.
pub(crate) struct Beside {
    sender: Sender<(u64, Answer)>,
    receiver: Receiver<(u64, Answer)>,
    /// Answers that are to come.
    open: usize,
}

impl Default for Beside {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver, open: 0 }
    }
}

impl Beside {
    /// Begins work for a process.
    pub(crate) fn begin(&mut self, pid: u64, work: Work) -> Result<(), Trap> {
        let sender = self.sender.clone();
        let started = thread::Builder::new().spawn(move || {
            let mut report = Report { pid, sender, answer: None };
            report.answer = Some(work());
        });
        started.map_err(|error| panic(format!("no thread: {error}")))?;
        self.open += 1;
        Ok(())
    }

    /// An answer that is there, with the process that it is for.
    #[inline]
    pub(crate) fn answer(&mut self) -> Option<(u64, Answer)> {
        if self.open == 0 {
            return None;
        }
        let answer = self.receiver.try_recv().ok()?;
        self.open -= 1;
        Some(answer)
    }

    /// The next answer, if it comes in time.
    pub(crate) fn wait(&mut self, time: Duration) -> Option<(u64, Answer)> {
        match self.receiver.recv_timeout(time) {
            Ok(answer) => {
                self.open -= 1;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// Sends the answer when its thread ends.
struct Report {
    pid: u64,
    sender: Sender<(u64, Answer)>,
    answer: Option<Answer>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let answer = self.answer.take().unwrap_or_else(|| Box::new(|_| Err(panic("the work was given up"))));
        // Nobody listens when the machine has gone.
        let _ = self.sender.send((self.pid, answer));
    }
}

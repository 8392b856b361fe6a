//! Links and monitors: who learns that a process has ended.
//!
//! Input: pairs of processes, and the ends of processes. Output: who ends too, and who is told.
//!
//! Invariant: a tie is forgotten when one of its ends is gone, so what is kept is bounded by the living processes.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::failure::Failure;
use crate::value::Value;

/// How a process came to its end.
#[derive(Clone, Copy)]
pub(crate) enum End<'a> {
    /// Its function returned.
    Normal,
    /// Another process ended it.
    Killed,
    /// A failure that it did not catch.
    Failed(&'a Failure),
}

impl End<'_> {
    /// Whether linked processes end as well.
    fn spreads(self) -> bool {
        !matches!(self, End::Normal)
    }

    /// The third part of the message `("DOWN", pid, reason)`: `"normal"`, `"killed"`, or what a `catch` had received.
    fn reason(self) -> Value {
        match self {
            End::Normal => Value::str("normal"),
            End::Killed => Value::str("killed"),
            End::Failed(failure) => failure.raise.caught().unwrap_or_else(|| Value::str(&failure.text())),
        }
    }
}

/// What the end of a process means for others.
pub(crate) struct Consequences {
    /// Processes that end in the same way, in the order of their numbers.
    pub(crate) linked: BTreeSet<u64>,
    /// Who gets which message.
    pub(crate) told: Option<(u64, Value)>,
}

/// All ties between living processes.
#[derive(Default)]
pub(crate) struct Ties {
    /// Both directions of each link.
    links: FxHashMap<u64, BTreeSet<u64>>,
    /// By the watched process: its watcher is the one that started it.
    watchers: FxHashMap<u64, u64>,
    /// By the watcher.
    watched: FxHashMap<u64, BTreeSet<u64>>,
}

impl Ties {
    /// Ties two processes to each other: if one ends by a failure or is killed, so does the other.
    pub(crate) fn link(&mut self, one: u64, other: u64) {
        self.links.entry(one).or_default().insert(other);
        self.links.entry(other).or_default().insert(one);
    }

    /// `watcher` gets a message when `process` ends, however it does.
    pub(crate) fn watch(&mut self, watcher: u64, process: u64) {
        self.watchers.insert(process, watcher);
        self.watched.entry(watcher).or_default().insert(process);
    }

    /// Forgets the ties of a process that has ended and says what follows.
    pub(crate) fn ended(&mut self, pid: u64, end: End<'_>) -> Consequences {
        let mut linked = self.links.remove(&pid).unwrap_or_default();
        for other in &linked {
            remove(&mut self.links, *other, pid);
        }
        if !end.spreads() {
            linked.clear();
        }
        for process in self.watched.remove(&pid).unwrap_or_default() {
            self.watchers.remove(&process);
        }
        let told = self.watchers.remove(&pid).map(|watcher| {
            remove(&mut self.watched, watcher, pid);
            (watcher, Value::tuple(vec![Value::str("DOWN"), Value::Pid(pid), end.reason()]))
        });
        Consequences { linked, told }
    }
}

/// Takes `pid` out of the set of `of`.
fn remove(sets: &mut FxHashMap<u64, BTreeSet<u64>>, of: u64, pid: u64) {
    if let Some(set) = sets.get_mut(&of) {
        set.remove(&pid);
        if set.is_empty() {
            sets.remove(&of);
        }
    }
}

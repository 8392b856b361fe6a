//! The machine: linked code, module variables, processes and their scheduler.
//!
//! Input: a [`ChunkSource`], a [`Host`] and [`Limits`]. Output: results of [`Machine::call`].
//!
//! One thread runs all processes in turn. A process is switched only at calls and backward jumps outside of atomic
//! regions, or when it waits; so an mvar needs a lock only while a process waits in the middle of its update.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytecode::{CallTarget, Candidate, Chunk, ConstructorRef, TypeKind, TypeRef};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::beside::{Answer, Beside};
use crate::copy::isolate;
use crate::cycles;
use crate::data::Data;
use crate::failure::{Failure, Raise, Stop, Trap};
use crate::host::Host;
use crate::interp::{self, Exit};
use crate::link::{ChunkSource, Ctors, Entry, SiteTarget, Unit, defaults_stub, fits, link_failure};
use crate::mem;
use crate::process::{Process, Ret, State};
use crate::reactive::Reactives;
use crate::stop;
use crate::ties::{Consequences, End, Ties};
use crate::value::{Ctor, Value};

/// Knobs of the embedder.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Frames a process may have.
    pub max_frames: usize,
    /// Calls and backward jumps of all processes during one [`Machine::call`], and as many values that one instruction
    /// walks through; `None` for no limit. Checked a few thousand steps at a time.
    pub max_steps: Option<u64>,
    /// Bytes that values may occupy on this thread; more than [`Limits::MOST_BYTES`] count as so many.
    pub max_bytes: usize,
    /// Set it from another thread to end the running call.
    pub interrupt: Arc<AtomicBool>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_frames: 10_000, max_steps: None, max_bytes: 4 << 30, interrupt: Arc::default() }
    }
}

impl Limits {
    /// Lengths are numbers of 32 bits. This is less than 2^32 values take, by more than a turn can make between two
    /// looks at the limits, so no length can grow beyond them.
    pub const MOST_BYTES: usize = 60 << 30;

    pub(crate) fn bytes(&self) -> usize {
        self.max_bytes.min(Self::MOST_BYTES)
    }
}

const _: () = assert!(Limits::MOST_BYTES + ((QUANTUM as usize) << 16) < (1 << 32) * size_of::<Value>());

/// Steps of one turn of a process.
pub(crate) const QUANTUM: i64 = 4_000;
/// Output is handed to the host when so much is waiting.
const OUTPUT_BUFFER: usize = 1 << 14;
/// Longest wait without a look at the interrupt flag.
const NAP: Duration = Duration::from_millis(4);

/// Everything of a machine besides the running process.
pub(crate) struct World {
    pub(crate) source: Box<dyn ChunkSource>,
    pub(crate) host: Box<dyn Host>,
    pub(crate) limits: Limits,
    pub(crate) steps: u64,
    /// `steps` at which the running call has used up its limit.
    last_step: Option<u64>,
    pub(crate) ctors: Ctors,
    units: FxHashMap<SmolStr, Rc<Unit>>,
    /// Replaced units: frames and caches may still point at them.
    retired: Vec<Rc<Unit>>,
    values: Slots,
    mvars: Slots,
    /// All processes but the running one.
    pub(crate) processes: FxHashMap<u64, Box<Process>>,
    ready: VecDeque<u64>,
    timers: BinaryHeap<Reverse<(i64, u64)>>,
    /// Work for processes in the state [`State::Beside`].
    pub(crate) beside: Beside,
    next_pid: u64,
    pub(crate) ties: Ties,
    /// Module variables in the middle of an update that waits: slot and process. A process that runs needs no entry, as
    /// nobody comes in between.
    locks: Vec<(u32, u64)>,
    /// Processes that wait for one of `locks`.
    locked: Vec<u64>,
    /// Messages to the running process, which is not among `processes`.
    held: Vec<Value>,
    /// First failure of a process other than main that nobody was told of.
    child_failure: Option<Box<Failure>>,
    stdout: String,
    /// Where the last line of the output has no end yet.
    open_line: Option<Stream>,
    pub(crate) random: u64,
    pub(crate) reactive: Reactives,
    pub(crate) regexes: FxHashMap<SmolStr, regex::Regex>,
}

/// What a program writes to.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

/// Named places with a value that may not be known yet.
#[derive(Default)]
struct Slots {
    index: FxHashMap<SmolStr, u32>,
    values: Vec<Option<Value>>,
}

impl Slots {
    fn slot(&mut self, symbol: &SmolStr) -> u32 {
        if let Some(&slot) = self.index.get(symbol) {
            return slot;
        }
        let slot = self.values.len() as u32;
        self.values.push(None);
        self.index.insert(symbol.clone(), slot);
        slot
    }
}

impl World {
    /// Slot of a module value.
    pub(crate) fn value_slot(&mut self, symbol: &SmolStr) -> u32 {
        self.values.slot(symbol)
    }

    /// Slot of an mvar.
    pub(crate) fn mvar_slot(&mut self, symbol: &SmolStr) -> u32 {
        self.mvars.slot(symbol)
    }

    pub(crate) fn value(&self, slot: u32) -> Option<&Value> {
        self.values.values[slot as usize].as_ref()
    }

    pub(crate) fn set_value(&mut self, slot: u32, value: Value) {
        self.values.values[slot as usize] = Some(value);
    }

    pub(crate) fn mvar(&self, slot: u32) -> Option<&Value> {
        self.mvars.values[slot as usize].as_ref()
    }

    pub(crate) fn set_mvar(&mut self, slot: u32, value: Value) {
        let old = self.mvars.values[slot as usize].replace(value);
        drop(old);
    }

    /// The unit of a symbol, loaded on first use.
    pub(crate) fn unit(&mut self, symbol: &SmolStr) -> Result<Rc<Unit>, Trap> {
        if let Some(unit) = self.units.get(symbol) {
            return Ok(Rc::clone(unit));
        }
        let chunk = self.source.chunk(symbol).map_err(|error| link_failure(symbol, error))?;
        let unit = Unit::link(chunk, &mut self.ctors).map_err(|error| link_failure(symbol, error))?;
        self.units.insert(symbol.clone(), Rc::clone(&unit));
        Ok(unit)
    }

    /// Entry of a function.
    pub(crate) fn entry(&mut self, symbol: &SmolStr) -> Result<*const Entry, Trap> {
        Ok(&raw const self.unit(symbol)?.entries[0])
    }

    /// The function that takes `given` arguments of `callee`, a function of the program with `params` parameters, and
    /// computes the rest from its defaults; `None` if it has none.
    pub(crate) fn with_defaults(&mut self, callee: &Unit, given: usize, params: usize) -> Option<Value> {
        let symbol = &callee.chunk.symbol;
        let name = SmolStr::from(format!("{symbol}#{given}"));
        if !self.units.contains_key(&name) {
            let defaults: Vec<SmolStr> =
                (given..params).map(|index| format!("{symbol}$default${index}").into()).collect();
            if defaults.iter().any(|default| self.source.chunk(default).is_err()) {
                return None;
            }
            let target = CallTarget::Function(symbol.clone());
            let (params, given_params) = (params as u16, Vec::new());
            let candidate = Candidate { heads: Vec::new(), target, params, defaults, given: given_params };
            let stub = defaults_stub(&callee.chunk.bodies[0].name, &candidate, given).ok()?;
            let stub = Unit::link(Arc::new(stub), &mut self.ctors).ok()?;
            self.units.insert(name.clone(), stub);
        }
        self.units.get(&name).map(|unit| unit.function(0))
    }

    /// The candidate of a site that fits; `None`: no one, or a field comes first.
    pub(crate) fn resolve_site(
        &mut self,
        unit: &Unit,
        site: usize,
        args: &[Value],
    ) -> Result<Option<SiteTarget>, Trap> {
        let def = &unit.chunk.sites[site];
        let Some((index, candidate)) = def.candidates.iter().enumerate().find(|(_, it)| fits(it, args)) else {
            return Ok(None);
        };
        if def.field.is_some_and(|before| usize::from(before) <= index) && has_function(args, &def.name) {
            return Ok(None);
        }
        if args.len() < usize::from(candidate.params) || !candidate.given.is_empty() {
            let name = SmolStr::from(format!("{}#{site}.{index}/{}", unit.chunk.symbol, args.len()));
            if !self.units.contains_key(&name) {
                let stub = defaults_stub(&def.name, candidate, args.len())
                    .and_then(|chunk| Unit::link(Arc::new(chunk), &mut self.ctors))
                    .map_err(|error| link_failure(&name, error))?;
                self.units.insert(name.clone(), stub);
            }
            return Ok(Some(SiteTarget::Function(self.entry(&name)?)));
        }
        Ok(Some(match &candidate.target {
            CallTarget::Function(symbol) => SiteTarget::Function(self.entry(symbol)?),
            CallTarget::Native(name) => match crate::natives::find(name) {
                Some(native) => SiteTarget::Native(native),
                None => {
                    return Err(Raise::Stop(Stop::Link(format!("Link error: no native `{name}`"))).into());
                }
            },
        }))
    }

    /// Adds a process; it is ready.
    pub(crate) fn spawn(&mut self, function: &Value) -> Result<u64, Trap> {
        let isolated = isolate(function);
        stop::tripped()?;
        let Value::Closure(function) = isolated else {
            return Err(crate::failure::type_error("Function", function));
        };
        let pid = self.next_pid;
        self.next_pid += 1;
        let now = self.clock();
        let mut process = Box::new(Process::new(pid, now));
        let meta = function.meta();
        let entry = &raw const meta.unit.entries[usize::from(meta.body)];
        if meta.unit.entries[usize::from(meta.body)].params != 0 {
            return Err(Raise::Type("expected a function without parameters".to_owned()).into());
        }
        process.push_scratch(entry, Ret::Discard, Some(function));
        self.processes.insert(pid, process);
        self.ready.push_back(pid);
        Ok(pid)
    }

    /// Puts a message into a mailbox; nothing happens if the process is gone.
    /// It shares nothing mutable with the sender.
    pub(crate) fn send(&mut self, pid: u64, message: Value) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.mailbox.push(message);
            if matches!(process.state, State::Receiving(_)) {
                process.state = State::Ready;
                self.ready.push_back(pid);
            }
        }
    }

    /// Ends a process that is not running, and those linked to it but `killer`, the running one.
    pub(crate) fn kill(&mut self, pid: u64, killer: u64) -> bool {
        if self.processes.remove(&pid).is_none() {
            return false;
        }
        self.ended(pid, End::Killed, Some(killer));
        true
    }

    /// A process has ended: ends those that are linked to it, and tells those that watch one of them. `running` is the
    /// process that runs at this moment, which goes on. Returns whether somebody has been told.
    fn ended(&mut self, pid: u64, end: End<'_>, running: Option<u64>) -> bool {
        let mut heard = false;
        let mut queue = vec![pid];
        while let Some(pid) = queue.pop() {
            self.hold(pid, &[]);
            let Consequences { linked, told } = self.ties.ended(pid, end);
            for other in linked {
                if self.processes.remove(&other).is_some() {
                    queue.push(other);
                }
            }
            if let Some((watcher, message)) = told {
                let message = isolate(&message);
                if Some(watcher) == running {
                    self.held.push(message);
                } else {
                    self.send(watcher, message);
                }
                heard = true;
            }
        }
        heard
    }

    /// Whether another process is in the middle of an update of the variable.
    #[inline]
    pub(crate) fn is_locked(&self, slot: u32, pid: u64) -> bool {
        !self.locks.is_empty() && self.locks.iter().any(|&(locked, owner)| locked == slot && owner != pid)
    }

    /// Whether somebody waits for the end of an update.
    #[inline]
    pub(crate) fn somebody_is_locked(&self) -> bool {
        !self.locked.is_empty()
    }

    /// From now on the process holds exactly the locks of these variables. If it lets go of one, who waits tries again.
    fn hold(&mut self, pid: u64, slots: &[u32]) {
        let before = self.locks.len();
        self.locks.retain(|(slot, owner)| *owner != pid || slots.contains(slot));
        let released = self.locks.len() < before;
        for &slot in slots {
            if !self.locks.contains(&(slot, pid)) {
                self.locks.push((slot, pid));
            }
        }
        if !released {
            return;
        }
        for pid in std::mem::take(&mut self.locked) {
            if let Some(process) = self.processes.get_mut(&pid) {
                process.state = State::Ready;
                self.ready.push_back(pid);
            }
        }
    }

    /// Milliseconds of a clock that never goes back.
    pub(crate) fn clock(&mut self) -> i64 {
        self.host.monotonic().as_millis() as i64
    }

    /// Whether another process could run now.
    fn others_wait(&mut self) -> bool {
        self.take_answers();
        if !self.ready.is_empty() {
            return true;
        }
        match self.timers.peek() {
            Some(&Reverse((due, _))) => due <= self.clock(),
            None => false,
        }
    }

    /// What the limit leaves, as of the last turn.
    pub(crate) fn steps_left(&self) -> Option<u64> {
        self.limits.max_steps.map(|max| max.saturating_sub(self.steps))
    }

    /// Called when a process has used up its turn. `Ok(true)`: another one should run.
    #[inline(never)]
    pub(crate) fn tick(&mut self, used: i64) -> Result<bool, Trap> {
        self.steps += used.max(0) as u64;
        stop::check()?;
        if self.last_step.is_some_and(|last| self.steps >= last) {
            return Err(Raise::Stop(Stop::Steps).into());
        }
        mem::turn()?;
        cycles::turn()?;
        Ok(self.others_wait())
    }

    /// Fails if `bytes` more do not fit the memory limit, or the run was interrupted: asked before large allocations.
    pub(crate) fn room(&self, bytes: usize) -> Result<(), Trap> {
        if bytes > (1 << 16) { stop::room(bytes) } else { Ok(()) }
    }

    /// Buffers text for standard output.
    pub(crate) fn print(&mut self, text: &str) {
        self.stdout.push_str(text);
        if self.stdout.len() > OUTPUT_BUFFER {
            self.flush();
        }
    }

    /// Hands buffered output to the host.
    pub(crate) fn flush(&mut self) {
        if !self.stdout.is_empty() {
            self.host.write_stdout(&self.stdout);
            self.open_line = (!self.stdout.ends_with('\n')).then_some(Stream::Output);
            self.stdout.clear();
        }
    }

    /// Writes to standard error, after what was printed before.
    pub(crate) fn print_error(&mut self, text: &str) {
        self.flush();
        self.host.write_stderr(text);
        if !text.is_empty() {
            self.open_line = (!text.ends_with('\n')).then_some(Stream::Error);
        }
    }

    /// A constructor by the names of the library's own types.
    pub(crate) fn library_ctor(
        &mut self,
        module: &str,
        ty: &str,
        kind: TypeKind,
        name: &str,
        place: (u16, u16),
        fields: &[&str],
    ) -> Rc<Ctor> {
        self.ctors.intern(&ConstructorRef {
            ty: TypeRef { module: module.into(), name: ty.into() },
            kind,
            name: name.into(),
            index: place.0,
            siblings: place.1,
            fields: fields.iter().map(|&field| field.into()).collect(),
        })
    }

    /// Whose work is done goes on.
    fn take_answers(&mut self) {
        while let Some((pid, answer)) = self.beside.answer() {
            self.answered(pid, answer);
        }
    }

    fn answered(&mut self, pid: u64, answer: Answer) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.answer = Some(answer);
            process.state = State::Ready;
            self.ready.push_back(pid);
        }
    }

    fn wake_due(&mut self) {
        while let Some(&Reverse((due, pid))) = self.timers.peek() {
            if due > self.clock() {
                return;
            }
            self.timers.pop();
            if let Some(process) = self.processes.get_mut(&pid)
                && matches!(process.state, State::Sleeping(at) | State::Receiving(Some(at)) if at == due)
            {
                process.state = State::Ready;
                self.ready.push_back(pid);
            }
        }
    }

    /// Runs processes until `main` is finished.
    fn run(&mut self, main: u64) -> Result<Value, Box<Failure>> {
        loop {
            self.wake_due();
            self.take_answers();
            let Some(pid) = self.ready.pop_front() else {
                self.wait(main)?;
                continue;
            };
            let Some(mut process) = self.processes.remove(&pid) else { continue };
            let exit = interp::run(self, &mut process);
            let held = std::mem::take(&mut self.held);
            // A process that could go on is not in the middle of an update.
            self.hold(pid, if matches!(exit, Exit::Wait) { &process.atomic } else { &[] });
            match exit {
                Exit::Yield => {
                    self.ready.push_back(pid);
                    self.processes.insert(pid, process);
                }
                Exit::Wait => {
                    if let State::Receiving(Some(due)) | State::Sleeping(due) = process.state {
                        self.timers.push(Reverse((due, pid)));
                    }
                    if process.state == State::Locked {
                        self.locked.push(pid);
                    }
                    self.processes.insert(pid, process);
                }
                Exit::Done(value) if pid == main => return Ok(value),
                Exit::Failed(failure) if pid == main || failure.stop().is_some() => return Err(failure),
                Exit::Done(_) => {
                    self.ended(pid, End::Normal, None);
                }
                Exit::Failed(failure) => {
                    let heard = self.ended(pid, End::Failed(&failure), None);
                    if !self.processes.contains_key(&main) {
                        return Err(failure);
                    }
                    if !heard {
                        self.child_failure.get_or_insert(failure);
                    }
                }
            }
            for message in held {
                self.send(pid, message);
            }
            if !self.processes.contains_key(&main) {
                let raise = Raise::Panic("the main process was killed".to_owned());
                return Err(Box::new(Failure { raise, trace: Rc::new([]) }));
            }
            if self.child_failure.is_some() && self.main_is_stuck(main) {
                return Err(self.child_failure.take().unwrap_or_else(|| self.deadlock()));
            }
        }
    }

    fn main_is_stuck(&self, main: u64) -> bool {
        self.processes.get(&main).is_some_and(|process| process.state == State::Receiving(None))
    }

    /// Nothing is ready: waits for the next timer or answer.
    fn wait(&mut self, main: u64) -> Result<(), Box<Failure>> {
        self.flush();
        let due = self.timers.peek().map(|&Reverse((due, _))| due);
        let answers = self.processes.values().any(|process| process.state == State::Beside);
        if due.is_none() && !answers {
            let failure = self.child_failure.take().unwrap_or_else(|| self.deadlock());
            self.processes.remove(&main);
            return Err(failure);
        }
        if stop::interrupted().is_err() {
            return Err(Box::new(Failure { raise: Raise::Stop(Stop::Interrupted), trace: Rc::new([]) }));
        }
        if mem::idle() {
            return Ok(());
        }
        let left = due.map_or(NAP, |due| Duration::from_millis(due.saturating_sub(self.clock()).max(0) as u64));
        if answers {
            if let Some((pid, answer)) = self.beside.wait(NAP.min(left)) {
                self.answered(pid, answer);
            }
        } else if !left.is_zero() {
            self.host.sleep(NAP.min(left));
        }
        Ok(())
    }

    /// Lets go of replaced units that no frame and no function value needs.
    ///
    /// Call caches point at units without counting them: this comes after all of them were forgotten.
    fn drop_retired(&mut self) {
        let processes = self.processes.values();
        let running: FxHashSet<*const Unit> = processes.flat_map(|process| process.units()).collect();
        self.retired.retain(|unit| Rc::strong_count(unit) > 1 || running.contains(&Rc::as_ptr(unit)));
    }

    fn deadlock(&self) -> Box<Failure> {
        Box::new(Failure { raise: Raise::Stop(Stop::Deadlock), trace: Rc::new([]) })
    }
}

/// Module variables at some moment.
pub struct Variables(Vec<Option<Value>>);

/// Whether the first argument is a record with a function in the field called `name`.
fn has_function(args: &[Value], name: &str) -> bool {
    let Some(Value::Data(fields)) = args.first() else { return false };
    let place = fields.meta().def.fields.iter().position(|field| field == name);
    place.is_some_and(|place| matches!(fields[place], Value::Closure(_) | Value::Native(_) | Value::Constructor(_)))
}

/// Whether the machine made the unit itself, see [`crate::link::defaults_stub`].
fn is_stub(symbol: &str) -> bool {
    symbol.contains('#')
}

impl Drop for World {
    fn drop(&mut self) {
        // Processes point into units: they go first.
        self.processes.clear();
    }
}

/// Runs programs.
///
/// Values come out of a machine and never go in: a function value of another machine would point at its code. What goes
/// in is [`Data`].
pub struct Machine {
    world: World,
}

impl Machine {
    /// A machine without any code loaded.
    pub fn new(source: Box<dyn ChunkSource>, mut host: Box<dyn Host>, limits: Limits) -> Self {
        let random = host.random_seed() | 1;
        Self {
            world: World {
                source,
                host,
                limits,
                steps: 0,
                last_step: None,
                ctors: Ctors::default(),
                units: FxHashMap::default(),
                retired: Vec::new(),
                values: Slots::default(),
                mvars: Slots::default(),
                processes: FxHashMap::default(),
                ready: VecDeque::new(),
                timers: BinaryHeap::new(),
                beside: Beside::default(),
                next_pid: 1,
                ties: Ties::default(),
                locks: Vec::new(),
                locked: Vec::new(),
                held: Vec::new(),
                child_failure: None,
                stdout: String::new(),
                open_line: None,
                random,
                reactive: Reactives::default(),
                regexes: FxHashMap::default(),
            },
        }
    }

    /// Calls a function in a new process and runs everything until it returns. Other processes that still live then
    /// stay where they are until the next call. Output has been handed to the host.
    pub fn call(&mut self, symbol: &str, args: &[Data]) -> Result<Value, Failure> {
        let args = args.iter().map(|arg| arg.to_value(&mut self.world.ctors)).collect();
        self.world.last_step = self.world.limits.max_steps.map(|max| self.world.steps.saturating_add(max));
        let result = self.start(symbol, args).and_then(|main| {
            let world = &mut self.world;
            let _watch = stop::watch(&world.limits, world.last_step.map(|last| last.saturating_sub(world.steps)));
            let result = world.run(main);
            world.processes.remove(&main);
            world.ended(main, result.as_ref().map_or_else(|failure| End::Failed(failure), |_| End::Normal), None);
            // What an interrupt leaves is for whoever drops something next.
            let _ = mem::empty();
            result
        });
        self.world.flush();
        result.map_err(|failure| *failure)
    }

    /// Ends the line that the program has left open, if it has, so that a result or a failure can start a line of its own.
    pub fn end_line(&mut self) {
        match self.world.open_line.take() {
            Some(Stream::Output) => self.world.host.write_stdout("\n"),
            Some(Stream::Error) => self.world.host.write_stderr("\n"),
            None => {}
        }
    }

    fn start(&mut self, symbol: &str, args: Vec<Value>) -> Result<u64, Box<Failure>> {
        let world = &mut self.world;
        let symbol = SmolStr::from(symbol);
        let fail = |trap| {
            let raise = match trap {
                Trap::Raise(raise) => *raise,
                Trap::Again(failure) => failure.raise.clone(),
                Trap::Sleep(_) | Trap::Beside(_) | Trap::Callbacks(_) => Raise::Stop(Stop::Deadlock),
            };
            Box::new(Failure { raise, trace: Rc::new([]) })
        };
        let unit = world.unit(&symbol).map_err(fail)?;
        let entry = &unit.entries[0];
        if usize::from(entry.params) != args.len() {
            return Err(fail(Raise::Type(format!("expected {} arguments, got {}", entry.params, args.len())).into()));
        }
        let pid = world.next_pid;
        world.next_pid += 1;
        let now = world.clock();
        let mut process = Box::new(Process::new(pid, now));
        process.scratch = args;
        process.push_scratch(entry, Ret::Discard, None);
        world.processes.insert(pid, process);
        world.ready.push_front(pid);
        Ok(pid)
    }

    /// Runs the initialiser of a module variable (the chunk of the same symbol) and stores the result, unless it has a
    /// value already. Call it for all mvars in order of declaration before `main`.
    pub fn init_mvar(&mut self, symbol: &str) -> Result<(), Failure> {
        let slot = self.world.mvar_slot(&symbol.into());
        if self.world.mvar(slot).is_none() {
            let value = self.call(symbol, &[])?;
            self.world.set_mvar(slot, value);
        }
        Ok(())
    }

    /// Current value of a module variable, if it has one.
    pub fn mvar(&mut self, symbol: &str) -> Option<Value> {
        let slot = self.world.mvar_slot(&symbol.into());
        self.world.mvar(slot).cloned()
    }

    /// Sets a module variable.
    pub fn set_mvar(&mut self, symbol: &str, value: &Data) {
        let slot = self.world.mvar_slot(&symbol.into());
        let value = value.to_value(&mut self.world.ctors);
        self.world.set_mvar(slot, value);
    }

    /// Forgets the value of a module variable: the next reader runs its initialiser.
    pub fn forget_mvar(&mut self, symbol: &str) {
        let slot = self.world.mvar_slot(&symbol.into());
        self.world.mvars.values[slot as usize] = None;
    }

    /// All module variables as they are, for [`Machine::restore`].
    pub fn variables(&self) -> Variables {
        Variables(self.world.mvars.values.iter().map(|value| value.as_ref().map(interp::snapshot)).collect())
    }

    /// Sets all module variables back. Those that were first used meanwhile have no value then.
    pub fn restore(&mut self, Variables(mut values): Variables) {
        values.resize_with(self.world.mvars.values.len(), || None);
        self.world.mvars.values = values;
    }

    /// Functions that are loaded, with their code; sorted by symbol.
    pub fn linked(&self) -> Vec<(SmolStr, Arc<Chunk>)> {
        let units = self.world.units.iter().filter(|(symbol, _)| !is_stub(symbol));
        let mut linked: Vec<_> = units.map(|(symbol, unit)| (symbol.clone(), Arc::clone(&unit.chunk))).collect();
        linked.sort_by(|a, b| a.0.cmp(&b.0));
        linked
    }

    /// Forgets the code of some symbols: the next call of each asks the source again. Processes that wait inside such
    /// a function finish it with the old code. All remembered module values are forgotten; mvars stay.
    pub fn replace(&mut self, symbols: &[SmolStr]) {
        let world = &mut self.world;
        for symbol in symbols {
            world.retired.extend(world.units.remove(symbol));
        }
        // Stubs speak of the defaults of the functions they call.
        world.retired.extend(world.units.extract_if(|symbol, _| is_stub(symbol)).map(|(_, unit)| unit));
        world.values.values.fill(None);
        world.units.values().chain(&world.retired).for_each(|unit| unit.unlink());
        world.drop_retired();
    }

    /// Calls and backward jumps so far.
    pub fn steps(&self) -> u64 {
        self.world.steps
    }

    /// Number of functions that were loaded so far.
    pub fn linked_functions(&self) -> usize {
        self.world.units.len() + self.world.retired.len()
    }

    /// The limits, to change them between calls.
    pub fn limits_mut(&mut self) -> &mut Limits {
        &mut self.world.limits
    }

    /// The embedder's side.
    pub fn host_mut(&mut self) -> &mut dyn Host {
        &mut *self.world.host
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Calls and sites point at units without counting; only closures in caches count.
        self.world.processes.clear();
        self.world.mvars.values.clear();
        self.world.values.values.clear();
        // Nobody interrupts this.
        let _ = cycles::collect();
        let _ = mem::empty();
    }
}

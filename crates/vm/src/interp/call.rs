//! Calls: what is called, how its frame is opened, and where its result goes.
//!
//! Input: a callee, and arguments in a window of registers or in `Process::scratch`. Output: [`Next`].
//!
//! Invariant: on `Err` no frame was opened.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::Exit;
use super::element::field_place;
use super::step::Next;
use bytecode::Capture;

use crate::block::Block;
use crate::failure::{Raise, Stop, Trap, type_error};
use crate::link::{Entry, SiteKey, SiteTarget, Unit, head_key};
use crate::machine::World;
use crate::natives::{NativeCtx, NativeDef};
use crate::process::{Process, Ret, State};
use crate::reactive;
use crate::stop::{self, Steps};
use crate::value::{FunctionMeta, Value};

/// Runs a native on a window of arguments, which hold nothing afterwards.
pub(super) fn call_native(
    world: &mut World,
    process: &mut Process,
    native: &'static NativeDef,
    args: &mut [Value],
) -> Result<Value, Trap> {
    if !native.takes(args.len()) {
        return Err(Raise::Type(format!("Wrong number of arguments for {}: {}", native.name, args.len())).into());
    }
    // A loop around a native takes thousands of turns until the next tick.
    if world.limits.interrupt.load(Ordering::Relaxed) {
        return Err(Raise::Stop(Stop::Interrupted).into());
    }
    let result = (native.run)(&mut context(world, process), args);
    for slot in args {
        if slot.is_heap() {
            *slot = Value::Unit;
        }
    }
    stop::tripped()?;
    result
}

#[inline]
fn context<'a>(world: &'a mut World, process: &Process) -> NativeCtx<'a> {
    NativeCtx {
        world,
        pid: process.id,
        started: process.started,
        mailbox: process.mailbox.len(),
        steps: Steps::default(),
    }
}

/// Goes on with a native whose work beside the machine is done. `Some`: the process stops again.
#[cold]
pub(super) fn resume(world: &mut World, process: &mut Process) -> Result<Option<Exit>, Trap> {
    let Some(answer) = process.answer.take() else { return Ok(None) };
    let result = answer(&mut context(world, process));
    stop::tripped()?;
    let dst = process.result_to;
    Ok(match settle(world, process, result, dst)? {
        Next::Exit(exit) => Some(exit),
        Next::On | Next::By(_) | Next::To(_) | Next::Frame => None,
    })
}

/// A callback of several parameters gets the elements of a tuple.
#[inline]
fn spread(process: &mut Process, wanted: usize) {
    if process.scratch.len() == 1
        && wanted >= 2
        && let Value::Tuple(items) = &process.scratch[0]
        && items.len() == wanted
    {
        let items = items.clone();
        process.scratch.clear();
        process.scratch.extend(items.iter().cloned());
    }
}

/// Calls any function value with the arguments in scratch. `dst`: register for the result, `None` for a tail call.
pub(super) fn invoke(world: &mut World, process: &mut Process, callee: &Value, dst: Option<u16>) -> Result<Next, Trap> {
    let wanted = match callee {
        Value::Closure(function) => {
            let meta = function.meta();
            usize::from(meta.unit.entries[usize::from(meta.body)].params)
        }
        Value::Constructor(ctor) => ctor.def.fields.len(),
        Value::Native(native) if native.takes(process.scratch.len()) => process.scratch.len(),
        Value::Native(native) => usize::from(native.params),
        other => return Err(type_error("Function", other)),
    };
    spread(process, wanted);
    // A function of the program keeps its defaults when it is passed around.
    let filled = match callee {
        Value::Closure(function) if process.scratch.len() < wanted && function.meta().body == 0 => {
            world.with_defaults(&function.meta().unit, process.scratch.len(), wanted)
        }
        _ => None,
    };
    if let Some(filled) = filled {
        return invoke(world, process, &filled, dst);
    }
    if process.scratch.len() != wanted {
        let got = process.scratch.len();
        process.scratch.clear();
        return Err(Raise::Type(format!("Wrong number of arguments: expected {wanted}, got {got}")).into());
    }
    match callee {
        Value::Closure(function) => {
            let meta = function.meta();
            let entry = &raw const meta.unit.entries[usize::from(meta.body)];
            let ret = frame_for(world, process, dst)?;
            process.push_scratch(entry, ret, Some(function.clone()));
            Ok(Next::Frame)
        }
        Value::Constructor(ctor) => {
            let fields = process.scratch.drain(..).collect();
            let value = if reactive::is_reactive(ctor) {
                reactive::construct(world, ctor, fields)
            } else {
                Value::data(Rc::clone(ctor), fields)
            };
            settle(world, process, Ok(value), dst)
        }
        Value::Native(native) => {
            let mut args = std::mem::take(&mut process.scratch);
            let result = call_native(world, process, native, &mut args);
            args.clear();
            process.scratch = args;
            settle(world, process, result, dst)
        }
        other => Err(type_error("Function", other)),
    }
}

/// Puts the result of a native into register `dst`, or returns it from the topmost frame. Natives that sleep or call
/// back have `()` or another value as their result; those with work beside the machine have it later.
pub(super) fn settle(
    world: &mut World,
    process: &mut Process,
    result: Result<Value, Trap>,
    dst: Option<u16>,
) -> Result<Next, Trap> {
    let (value, callbacks, sleeps) = match result {
        Ok(value) => (value, Vec::new(), false),
        Err(Trap::Sleep(millis)) => {
            process.state = State::Sleeping(world.clock().saturating_add(millis.max(0)));
            (Value::Unit, Vec::new(), true)
        }
        Err(Trap::Beside(work)) => {
            world.beside.begin(process.id, *work)?;
            process.result_to = dst;
            process.state = State::Beside;
            return Ok(Next::Exit(Exit::Wait));
        }
        Err(Trap::Callbacks(callbacks)) => {
            let (value, callbacks) = *callbacks;
            (value, callbacks, false)
        }
        Err(trap) => return Err(trap),
    };
    let ended = match dst {
        Some(dst) => deliver(world, process, Ret::Register(dst), value),
        None => leave(world, process, value),
    };
    if let Some(value) = ended {
        return Ok(Next::Exit(Exit::Done(value)));
    }
    for (callee, args) in callbacks.into_iter().rev() {
        push_callback(world, process, &callee, args)?;
    }
    Ok(if sleeps { Next::Exit(Exit::Wait) } else { Next::Frame })
}

/// Opens a frame for a callback whose result nobody wants; it runs before the topmost frame goes on.
pub(crate) fn push_callback(
    world: &World,
    process: &mut Process,
    callee: &Value,
    args: Vec<Value>,
) -> Result<(), Trap> {
    // A callback may do what it is called for.
    if process.is_full(world.limits.max_frames) {
        return Err(Raise::StackOverflow.into());
    }
    if let Value::Closure(function) = callee {
        let meta = function.meta();
        let entry = &meta.unit.entries[usize::from(meta.body)];
        process.scratch = args;
        let wanted = usize::from(entry.params);
        spread(process, wanted);
        process.scratch.truncate(wanted);
        process.push_scratch(entry, Ret::Discard, Some(function.clone()));
    }
    Ok(())
}

/// Closes the topmost frame with a result. `Some`: it was the last one.
pub(super) fn leave(world: &mut World, process: &mut Process, value: Value) -> Option<Value> {
    let ret = process.frames.last().map_or(Ret::Discard, |frame| frame.ret);
    process.pop_frame();
    deliver(world, process, ret, value)
}

/// Puts a result where it belongs. `Some`: there is no frame left.
fn deliver(world: &mut World, process: &mut Process, ret: Ret, value: Value) -> Option<Value> {
    let Some(caller) = process.frames.last() else { return Some(value) };
    match ret {
        Ret::Register(dst) => process.stack[caller.base as usize + usize::from(dst)] = value,
        Ret::Value(slot) => world.set_value(slot, value),
        Ret::Discard => {}
    }
    None
}

/// Opens the frame of an initialiser; the instruction that needs it runs again afterwards.
pub(super) fn initialise(world: &World, process: &mut Process, callee: *const Entry, ret: Ret) -> Result<Next, Trap> {
    // SAFETY: the caller has it from a cache or a closure, and entries live as long as either points at them.
    if unsafe { (*callee).params } != 0 {
        return Err(wrong_arguments(callee, 0));
    }
    if process.is_full(world.limits.max_frames) {
        return Err(Raise::StackOverflow.into());
    }
    again(process);
    process.scratch.clear();
    process.push_scratch(callee, ret, None);
    Ok(Next::Frame)
}

/// The topmost frame goes on with the instruction that it has just begun.
pub(super) fn again(process: &mut Process) {
    if let Some(frame) = process.frames.last_mut() {
        frame.pc -= 1;
    }
}

/// The function of a symbol, remembered for the next call.
pub(super) fn link_call(world: &mut World, unit: &Unit, symbol: u16) -> Result<*const Entry, Trap> {
    let cached = &unit.calls[usize::from(symbol)];
    if cached.get().is_null() {
        cached.set(world.entry(&unit.chunk.symbols[usize::from(symbol)])?);
    }
    Ok(cached.get())
}

/// Opens a frame for a function of the program whose arguments are in `scratch`. Without `dst` it takes the place of the
/// topmost one.
pub(super) fn enter(
    world: &World,
    process: &mut Process,
    callee: *const Entry,
    dst: Option<u16>,
) -> Result<Next, Trap> {
    let got = process.scratch.len();
    // SAFETY: the caller has it from a cache or a closure, and entries live as long as either points at them.
    if usize::from(unsafe { (*callee).params }) != got {
        process.scratch.clear();
        return Err(wrong_arguments(callee, got));
    }
    let ret = frame_for(world, process, dst)?;
    process.push_scratch(callee, ret, None);
    Ok(Next::Frame)
}

/// Makes place for a frame whose arguments are in `scratch`.
fn frame_for(world: &World, process: &mut Process, dst: Option<u16>) -> Result<Ret, Trap> {
    if process.is_full(world.limits.max_frames) {
        process.scratch.clear();
        return Err(Raise::StackOverflow.into());
    }
    Ok(match dst {
        Some(dst) => Ret::Register(dst),
        None => {
            let ret = process.frames.last().map_or(Ret::Discard, |frame| frame.ret);
            process.pop_frame();
            ret
        }
    })
}

/// What a method site remembers these arguments by, unless it looks at too many.
#[inline]
fn site_key(unit: &Unit, site: usize, args: &[Value]) -> Option<SiteKey> {
    let looks_at = unit.sites[site].looks_at;
    let key = |index: usize| if looks_at > index { args.get(index).map_or(0, head_key) } else { 0 };
    (looks_at <= 2).then(|| [(key(0) << 8) | args.len() as u64 & 0xff, key(1)])
}

/// The function of a method site for these arguments, if its last call had the same.
#[inline]
pub(super) fn find_target(unit: &Unit, site: usize, args: &[Value]) -> Option<SiteTarget> {
    let (known, target) = unit.sites[site].last.get()?;
    (site_key(unit, site, args) == Some(known)).then_some(target)
}

/// The function of a method site for these arguments: from its cache, or by the rules.
pub(super) fn resolve_target(
    world: &mut World,
    unit: &Unit,
    site: usize,
    args: &[Value],
) -> Result<Option<SiteTarget>, Trap> {
    let Some(key) = site_key(unit, site, args) else { return world.resolve_site(unit, site, args) };
    let cache = &unit.sites[site];
    let known = cache.all.borrow().iter().find(|(known, _)| *known == key).map(|(_, target)| *target);
    let target = match known {
        Some(target) => target,
        None => {
            let Some(target) = world.resolve_site(unit, site, args)? else { return Ok(None) };
            cache.all.borrow_mut().push((key, target));
            target
        }
    };
    cache.last.set(Some((key, target)));
    Ok(Some(target))
}

/// The function in the field that a method site means.
pub(super) fn method_field(unit: &Unit, site: usize, args: &[Value]) -> Result<Value, Trap> {
    let def = &unit.chunk.sites[site];
    let Some(receiver) = args.first() else {
        return Err(Raise::Type(format!("expected arguments for {}", def.name)).into());
    };
    if def.field.is_some()
        && let Some(place) = field_place(receiver, &def.name)
    {
        match receiver {
            Value::Data(fields) => return Ok(fields[place].clone()),
            Value::Reactive(object) => return reactive::read(object, place),
            _ => {}
        }
    }
    Err(Raise::Type(format!("expected a type with method {}, got {}", def.name, receiver.kind_name())).into())
}

#[cold]
fn wrong_arguments(callee: *const Entry, got: usize) -> Trap {
    // SAFETY: as above; the body lies in the chunk that the unit keeps.
    let (name, params) = unsafe { (&(*(*callee).body).name, (*callee).params) };
    Raise::Type(format!("Wrong number of arguments for {name}: expected {params}, got {got}")).into()
}

/// A closure of a body of the running function, with what it captures.
#[inline(never)]
pub(super) fn make_closure(process: &Process, entry: &Entry, body: u16) -> Value {
    let unit = unit_rc(entry);
    let captures = &unit.chunk.bodies[usize::from(body)].captures;
    let base = process.frames.last().map_or(0, |frame| frame.base as usize);
    let values = captures.iter().map(|capture| match *capture {
        Capture::Register(register) => process.stack[base + usize::from(register)].clone(),
        Capture::Outer(index) => process.captured(index).cloned().unwrap_or_default(),
    });
    Value::Closure(Block::new(FunctionMeta { unit: Rc::clone(&unit), body }, captures.len(), values))
}

/// Another reference to the unit of an entry.
pub(super) fn unit_rc(entry: &Entry) -> Rc<Unit> {
    let unit = entry.unit.get();
    // SAFETY: `Unit::link` got the address from `Rc::as_ptr`, so it reaches the count as well, which a reference to the
    // unit would not; and the unit is alive, because one of its bodies runs.
    unsafe {
        Rc::increment_strong_count(unit);
        Rc::from_raw(unit)
    }
}

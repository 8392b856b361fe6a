//! Any instruction, for any operands: what the loop of [`super`] leaves over, and how instructions fail.
//!
//! Input: an instruction of the topmost frame, whose `pc` is already behind it. Output: where the process goes on. The
//! registers are a slice here, so what this costs is bounded by checks instead of proofs.

use std::rc::Rc;

use bytecode::{Constant, Instr};

use super::Exit;
use super::call::{
    again, call_native, enter, initialise, invoke, leave, link_call, method_field, resolve_target, settle, unit_rc,
};
use super::element::{concat, field_place, index, no_field, set_field, set_index, snapshot, tag_of};
use crate::block::Block;
use crate::collections::{MapObj, SetObj};
use crate::compare::{check_key, compare, equal};
use crate::copy::isolate;
use crate::failure::{Raise, Trap, out_of_bounds, panic, type_error};
use crate::link::{Entry, NO_SLOT, SiteTarget, Unit};
use crate::list::List;
use crate::machine::World;
use crate::natives;
use crate::number::{self, Op};
use crate::process::{Handler, Process, Ret, State};
use crate::reactive;
use crate::show;
use crate::stop;
use crate::text::Str;
use crate::value::{CellObj, Value};

/// How a process goes on.
pub(super) enum Next {
    /// With the next instruction.
    On,
    /// With a jump.
    By(i16),
    /// With a jump to an absolute place.
    To(u32),
    /// With what the topmost frame says.
    Frame,
    /// Not now.
    Exit(Exit),
}

#[inline(never)]
pub(super) fn step(world: &mut World, process: &mut Process, instr: &Instr) -> Result<Next, Trap> {
    let Some(frame) = process.frames.last() else { return Ok(Next::Frame) };
    // SAFETY: entries and units live as long as a frame points at them, see `World::drop_retired`.
    let entry: &Entry = unsafe { &*frame.entry };
    // SAFETY: as above.
    let unit: &Unit = unsafe { &*entry.unit.get() };
    let base = frame.base as usize;
    // SAFETY: opening the frame reserved its registers, and the stack is not used in another way while they are: what
    // opens or closes frames, or writes into the registers of one, comes last in an arm.
    let regs: &mut [Value] =
        unsafe { std::slice::from_raw_parts_mut(process.stack.as_mut_ptr().add(base), usize::from(entry.registers)) };

    macro_rules! reg {
        ($r:expr) => {
            &regs[usize::from($r)]
        };
    }
    macro_rules! set {
        ($r:expr, $value:expr) => {
            regs[usize::from($r)] = $value
        };
    }
    macro_rules! window {
        ($start:expr, $count:expr) => {
            &mut regs[usize::from($start)..][..usize::from($count)]
        };
    }
    macro_rules! take_window {
        ($start:expr, $count:expr) => {
            (window!($start, $count)).iter_mut().map(std::mem::take)
        };
    }
    macro_rules! jump_if {
        ($test:expr, $offset:expr) => {
            if $test {
                return Ok(Next::By($offset));
            }
        };
    }
    macro_rules! float_test {
        ($dst:expr, $a:expr, $b:expr, $op:tt) => {{
            let (a, b) = adapted(reg!($a), reg!($b))?;
            set!($dst, Value::Bool(a $op b));
        }};
    }
    macro_rules! float_op {
        ($dst:expr, $a:expr, $b:expr, $op:tt) => {{
            let (a, b) = adapted(reg!($a), reg!($b))?;
            set!($dst, Value::Float(a $op b));
        }};
    }
    macro_rules! float_jump {
        ($a:expr, $b:expr, $wanted:expr, $op:tt, $offset:expr) => {{
            let (a, b) = adapted(reg!($a), reg!($b))?;
            jump_if!((a $op b) == $wanted, $offset);
        }};
    }
    macro_rules! arith {
        ($dst:expr, $a:expr, $b:expr, $op:expr) => {
            set!($dst, number::arith($op, reg!($a), reg!($b))?)
        };
    }
    macro_rules! less {
        ($a:expr, $b:expr) => {
            compare(reg!($a), reg!($b))?.is_some_and(|order| order.is_lt())
        };
    }
    macro_rules! less_equal {
        ($a:expr, $b:expr) => {
            compare(reg!($a), reg!($b))?.is_some_and(|order| order.is_le())
        };
    }
    // Slot of a module value or variable, found at its first use.
    macro_rules! slot {
        ($cache:ident, $find:ident, $symbol:expr) => {{
            let cached = &unit.$cache[usize::from($symbol)];
            if cached.get() == NO_SLOT {
                cached.set(world.$find(&unit.chunk.symbols[usize::from($symbol)]));
            }
            cached.get()
        }};
    }
    // Waits while another process is updating the variable.
    macro_rules! unlocked {
        ($slot:expr) => {
            if world.is_locked($slot, process.id) {
                process.state = State::Locked;
                again(process);
                return Ok(Next::Exit(Exit::Wait));
            }
        };
    }

    match *instr {
        // Nothing of these is left over by the loop.
        Instr::Nop
        | Instr::Move { .. }
        | Instr::Take { .. }
        | Instr::LoadUnit { .. }
        | Instr::LoadBool { .. }
        | Instr::LoadInt { .. }
        | Instr::LoadConst { .. }
        | Instr::MakeClosure { .. }
        | Instr::Jump { .. }
        | Instr::SwitchInt { .. }
        | Instr::MakeTuple { .. }
        | Instr::JumpNotTuple { .. }
        | Instr::JumpNotList { .. }
        | Instr::JumpListShorter { .. }
        | Instr::JumpNotCons { .. }
        | Instr::TakeCons { .. } => debug_assert!(false, "{instr:?}"),
        Instr::LoadFunction { dst, symbol } => {
            let callee = world.unit(&unit.chunk.symbols[usize::from(symbol)])?;
            set!(dst, callee.function(0));
        }
        Instr::LoadNative { dst, native } => set!(dst, Value::Native(unit.natives[usize::from(native)])),
        Instr::LoadConstructor { dst, ctor } => {
            set!(dst, Value::Constructor(Rc::clone(&unit.ctors[usize::from(ctor)])));
        }
        Instr::LoadSelf { dst } => {
            set!(
                dst,
                match frame.closure.clone() {
                    Some(closure) => Value::Closure(closure),
                    None => unit_rc(entry).function(entry.index),
                }
            );
        }
        Instr::LoadCapture { .. } | Instr::CaptureCellGet { .. } | Instr::CaptureCellSet { .. } => {
            return Err(Raise::Type("expected a closure, got a function without captures".to_owned()).into());
        }
        Instr::CellNew { dst, src } => {
            let cell = Value::Cell(Rc::new(CellObj::new(reg!(src).clone())));
            set!(dst, cell);
        }
        Instr::CellGet { cell, .. } | Instr::CellSet { cell, .. } => return Err(type_error("cell", reg!(cell))),

        Instr::LoadValue { dst, symbol } => {
            let slot = slot!(values, value_slot, symbol);
            match world.value(slot) {
                Some(value) => set!(dst, value.clone()),
                None => {
                    let callee = world.entry(&unit.chunk.symbols[usize::from(symbol)])?;
                    return initialise(world, process, callee, Ret::Value(slot));
                }
            }
        }
        Instr::MvarGet { dst, symbol } => {
            let slot = slot!(mvars, mvar_slot, symbol);
            match world.mvar(slot) {
                Some(value) => set!(dst, snapshot(value)),
                None => {
                    let name = &unit.chunk.symbols[usize::from(symbol)];
                    return Err(panic(format!("mvar `{name}` is read before it is initialised")));
                }
            }
        }
        Instr::MvarSet { symbol, src } => {
            let slot = slot!(mvars, mvar_slot, symbol);
            unlocked!(slot);
            world.set_mvar(slot, snapshot(reg!(src)));
        }
        Instr::AtomicEnter { symbol } => {
            let slot = slot!(mvars, mvar_slot, symbol);
            unlocked!(slot);
            process.atomic.push(slot);
        }
        Instr::AtomicLeave => {
            process.atomic.pop();
            // Without a pause here, one that updates in a loop would never let the others in.
            if process.atomic.is_empty() && world.somebody_is_locked() {
                return Ok(Next::Exit(Exit::Yield));
            }
        }

        Instr::DivInt { a, b, .. } | Instr::RemInt { a, b, .. } => {
            return Err(match (reg!(a), reg!(b)) {
                (Value::Int(_), Value::Int(0)) => Raise::DivisionByZero.into(),
                (a, b) => not_ints(a, b),
            });
        }
        Instr::AddInt { a, b, .. }
        | Instr::SubInt { a, b, .. }
        | Instr::MulInt { a, b, .. }
        | Instr::EqInt { a, b, .. }
        | Instr::LtInt { a, b, .. }
        | Instr::LeInt { a, b, .. }
        | Instr::JumpEqInt { a, b, .. }
        | Instr::JumpNeInt { a, b, .. }
        | Instr::JumpLtInt { a, b, .. }
        | Instr::JumpLeInt { a, b, .. }
        | Instr::ForLoop { counter: a, limit: b, .. } => return Err(not_ints(reg!(a), reg!(b))),
        Instr::AddIntImm { a, .. }
        | Instr::MulIntImm { a, .. }
        | Instr::DivIntImm { a, .. }
        | Instr::RemIntImm { a, .. }
        | Instr::IntToFloat { src: a, .. }
        | Instr::JumpEqImm { a, .. }
        | Instr::JumpNeImm { a, .. }
        | Instr::JumpLtImm { a, .. }
        | Instr::JumpLeImm { a, .. }
        | Instr::JumpGtImm { a, .. }
        | Instr::JumpGeImm { a, .. } => return Err(type_error("Int", reg!(a))),
        Instr::Not { src, .. } | Instr::JumpIf { cond: src, .. } | Instr::JumpIfNot { cond: src, .. } => {
            return Err(type_error("Bool", reg!(src)));
        }
        Instr::AddFloat { dst, a, b } => float_op!(dst, a, b, +),
        Instr::SubFloat { dst, a, b } => float_op!(dst, a, b, -),
        Instr::MulFloat { dst, a, b } => float_op!(dst, a, b, *),
        Instr::DivFloat { dst, a, b } => float_op!(dst, a, b, /),
        Instr::Add { dst, a, b } => arith!(dst, a, b, Op::Add),
        Instr::Sub { dst, a, b } => arith!(dst, a, b, Op::Sub),
        Instr::Mul { dst, a, b } => arith!(dst, a, b, Op::Mul),
        Instr::Div { dst, a, b } => arith!(dst, a, b, Op::Div),
        Instr::Rem { dst, a, b } => arith!(dst, a, b, Op::Rem),
        Instr::Pow { dst, a, b } => arith!(dst, a, b, Op::Pow),
        Instr::Neg { dst, src } => set!(dst, number::negate(reg!(src))?),

        Instr::LtFloat { dst, a, b } => float_test!(dst, a, b, <),
        Instr::LeFloat { dst, a, b } => float_test!(dst, a, b, <=),
        Instr::Eq { dst, a, b } => set!(dst, Value::Bool(equal(reg!(a), reg!(b))?)),
        Instr::Ne { dst, a, b } => set!(dst, Value::Bool(!equal(reg!(a), reg!(b))?)),
        Instr::Lt { dst, a, b } => set!(dst, Value::Bool(less!(a, b))),
        Instr::Le { dst, a, b } => set!(dst, Value::Bool(less_equal!(a, b))),

        Instr::JumpLtFloat { a, b, offset } => float_jump!(a, b, true, <, offset),
        Instr::JumpNotLtFloat { a, b, offset } => float_jump!(a, b, false, <, offset),
        Instr::JumpLeFloat { a, b, offset } => float_jump!(a, b, true, <=, offset),
        Instr::JumpNotLeFloat { a, b, offset } => float_jump!(a, b, false, <=, offset),
        Instr::JumpEq { a, b, offset } => jump_if!(equal(reg!(a), reg!(b))?, offset),
        Instr::JumpNe { a, b, offset } => jump_if!(!equal(reg!(a), reg!(b))?, offset),
        Instr::JumpLt { a, b, offset } => jump_if!(less!(a, b), offset),
        Instr::JumpNotLt { a, b, offset } => jump_if!(!less!(a, b), offset),
        Instr::JumpLe { a, b, offset } => jump_if!(less_equal!(a, b), offset),
        Instr::JumpNotLe { a, b, offset } => jump_if!(!less_equal!(a, b), offset),
        Instr::SwitchTag { src, table } => {
            let table = &unit.chunk.tables[usize::from(table)];
            let target = tag_of(reg!(src)).and_then(|tag| table.targets.get(usize::from(tag)).copied());
            return Ok(Next::To(target.unwrap_or(table.default)));
        }

        Instr::Call { argc, dst, symbol, args } => {
            let callee = link_call(world, unit, symbol)?;
            process.scratch.clear();
            process.scratch.extend(take_window!(args, argc));
            return enter(world, process, callee, Some(dst));
        }
        Instr::TailCall { argc, symbol, args } => {
            let callee = link_call(world, unit, symbol)?;
            process.scratch.clear();
            process.scratch.extend(take_window!(args, argc));
            return enter(world, process, callee, None);
        }
        Instr::CallValue { argc, callee, args, .. } | Instr::TailCallValue { argc, callee, args } => {
            let function = reg!(callee).clone();
            process.scratch.clear();
            process.scratch.extend(take_window!(args, argc));
            return invoke(world, process, &function, result_register(instr));
        }
        Instr::CallNative { argc, dst, native, args } => {
            let native = unit.natives[usize::from(native)];
            let result = call_native(world, process, native, window!(args, argc));
            return settle(world, process, result, Some(dst));
        }
        Instr::CallMethod { argc, site, args, .. } | Instr::TailCallMethod { argc, site, args } => {
            let window = window!(args, argc);
            let target = resolve_target(world, unit, usize::from(site), window)?;
            let field = match target {
                Some(_) => None,
                None => Some(method_field(unit, usize::from(site), window)?),
            };
            process.scratch.clear();
            process.scratch.extend(window.iter_mut().map(std::mem::take).skip(usize::from(field.is_some())));
            let dst = result_register(instr);
            return match (target, field) {
                (Some(SiteTarget::Function(callee)), _) => enter(world, process, callee, dst),
                (Some(SiteTarget::Native(native)), _) => invoke(world, process, &Value::Native(native), dst),
                (None, function) => invoke(world, process, &function.unwrap_or_default(), dst),
            };
        }
        Instr::Return { src } => {
            let value = std::mem::take(&mut regs[usize::from(src)]);
            return Ok(match leave(world, process, value) {
                Some(value) => Next::Exit(Exit::Done(value)),
                None => Next::Frame,
            });
        }

        Instr::Concat { dst, a, b } => {
            let left = if dst == a { std::mem::take(&mut regs[usize::from(a)]) } else { reg!(a).clone() };
            // With `a == b` the left one was taken away.
            let right = if dst == a && a == b { left.clone() } else { reg!(b).clone() };
            set!(dst, concat(world, left, right)?);
        }
        Instr::Show { dst, src } => {
            let text = match reg!(src) {
                Value::Str(text) => text.clone(),
                other => Str::from(show::display(other)),
            };
            stop::tripped()?;
            set!(dst, Value::Str(text));
        }
        Instr::Interpolate { dst, start, count } => {
            let mut text = String::new();
            for part in window!(start, count) {
                show::display_into(&mut text, part);
                *part = Value::Unit;
            }
            stop::tripped()?;
            world.room(text.len())?;
            set!(dst, Value::Str(Str::from(text)));
        }

        Instr::TupleGet { dst, src, index } => match reg!(src) {
            Value::Tuple(items) => match items.get(usize::from(index)) {
                Some(item) => set!(dst, item.clone()),
                None => return Err(out_of_bounds(i64::from(index))),
            },
            other => return Err(type_error("Tuple", other)),
        },
        Instr::MakeList { dst, start, count } => {
            let items: Vec<Value> = take_window!(start, count).rev().collect();
            set!(dst, List::from_reversed(items).into());
        }
        Instr::MakeListTail { dst, start, count } => {
            let tail = std::mem::take(&mut regs[usize::from(start) + usize::from(count)]);
            let Value::List(len, buf) = tail else { return Err(type_error("List", &tail)) };
            let mut list = List { buf, len };
            for item in take_window!(start, count).rev() {
                list = list.cons(item);
            }
            set!(dst, list.into());
        }
        Instr::Cons { tail, .. } => return Err(type_error("List", reg!(tail))),
        Instr::MakeRange { dst, a, b } => match (reg!(a), reg!(b)) {
            (Value::Int(low), Value::Int(high)) => {
                let list = natives::int_range(world, *low, high.saturating_add(1))?;
                set!(dst, list);
            }
            (a, b) => return Err(not_ints(a, b)),
        },
        Instr::ListHead { src, .. } | Instr::ListGet { src, .. } => return Err(not_that_list(reg!(src))),
        Instr::ListDrop { dst, src, count } => {
            let Value::List(len, buf) = reg!(src) else { return Err(type_error("List", reg!(src))) };
            let rest = List { buf: buf.clone(), len: *len }.drop_front(usize::from(count));
            set!(dst, rest.into());
        }
        Instr::MakeMap { dst, start, count } => {
            let window = &mut regs[usize::from(start)..][..usize::from(count) * 2];
            for key in window.iter().step_by(2) {
                check_key(key)?;
            }
            let map = MapObj::collect(
                window.chunks_exact_mut(2).map(|pair| (std::mem::take(&mut pair[0]), std::mem::take(&mut pair[1]))),
            );
            stop::tripped()?;
            set!(dst, map);
        }
        Instr::MakeSet { dst, start, count } => {
            let window = window!(start, count);
            for item in window.iter() {
                check_key(item)?;
            }
            let set = SetObj::collect(window.iter_mut().map(std::mem::take));
            stop::tripped()?;
            set!(dst, set);
        }
        Instr::Index { dst, obj, key } => set!(dst, index(reg!(obj), reg!(key))?),
        Instr::SetIndex { obj, key, src } => {
            let key = reg!(key).clone();
            let value = reg!(src).clone();
            set_index(&mut regs[usize::from(obj)], key, value)?;
            stop::tripped()?;
        }

        Instr::Construct { dst, ctor, start } => {
            let index = usize::from(ctor);
            let ctor = &unit.ctors[index];
            let len = ctor.def.fields.len();
            let value = if reactive::is_reactive(ctor) {
                reactive::construct(world, ctor, take_window!(start, len as u16).collect())
            } else if len == 0 {
                unit.nullary(index)
            } else {
                Value::Data(Block::new(Rc::clone(ctor), len, take_window!(start, len as u16)))
            };
            set!(dst, value);
        }
        Instr::GetField { dst, obj, index } => match reg!(obj) {
            Value::Data(fields) => match fields.get(usize::from(index)) {
                Some(value) => set!(dst, value.clone()),
                None => return Err(no_field(reg!(obj))),
            },
            Value::Reactive(object) => {
                let object = Rc::clone(object);
                set!(dst, reactive::read(&object, usize::from(index))?);
                return notified(reactive::notify_read(world, process, &object, usize::from(index)));
            }
            other => return Err(no_field(other)),
        },
        Instr::GetFieldNamed { dst, obj, name } => {
            let name = &unit.chunk.names[usize::from(name)];
            if let Value::Reactive(object) = reg!(obj)
                && let Some(value) = reactive::relatives(object, name)
            {
                set!(dst, value);
                return Ok(Next::On);
            }
            let Some(place) = field_place(reg!(obj), name) else { return Err(no_field(reg!(obj))) };
            match reg!(obj) {
                Value::Reactive(object) => {
                    let object = Rc::clone(object);
                    set!(dst, reactive::read(&object, place)?);
                    return notified(reactive::notify_read(world, process, &object, place));
                }
                Value::Data(fields) => {
                    let value = fields.get(place).cloned().unwrap_or_default();
                    set!(dst, value);
                }
                other => return Err(no_field(other)),
            }
        }
        Instr::SetField { obj, index, src } => {
            let value = reg!(src).clone();
            set_field(&mut regs[usize::from(obj)], usize::from(index), value)?;
        }
        Instr::SetFieldNamed { obj, name, src } => {
            let name = &unit.chunk.names[usize::from(name)];
            let Some(place) = field_place(reg!(obj), name) else { return Err(no_field(reg!(obj))) };
            let value = reg!(src).clone();
            set_field(&mut regs[usize::from(obj)], place, value)?;
        }
        Instr::AssignField { obj, name, src } => {
            let name = &unit.chunk.names[usize::from(name)];
            let Some(place) = field_place(reg!(obj), name) else { return Err(no_field(reg!(obj))) };
            let Value::Reactive(object) = reg!(obj) else {
                return Err(panic(format!("Field at index {place} is not mutable")));
            };
            let object = Rc::clone(object);
            let value = reg!(src).clone();
            return notified(reactive::assign(world, process, &object, place, value));
        }

        Instr::JumpNotKind { kind, src, target } => {
            if reg!(src).kind() != kind {
                return Ok(Next::To(target));
            }
        }
        Instr::JumpNotTag { src, tag, offset } => jump_if!(tag_of(reg!(src)) != Some(tag), offset),
        Instr::JumpNotCtor { src, ctor, offset } => {
            let ctor = &unit.ctors[usize::from(ctor)];
            let same = match reg!(src) {
                Value::Reactive(object) => {
                    let own = object.ctor.borrow();
                    own.type_id == ctor.type_id && own.def.index == ctor.def.index
                }
                Value::Data(data) => data.meta().type_id == ctor.type_id && data.meta().def.index == ctor.def.index,
                _ => false,
            };
            jump_if!(!same, offset);
        }
        Instr::JumpNotConst { src, constant, offset } => {
            let index = usize::from(constant);
            let same = match (&unit.chunk.constants[index], reg!(src)) {
                (Constant::IntRange { low, high }, Value::Int(value)) => (low..=high).contains(&value),
                (Constant::IntRange { .. }, _) => false,
                (_, value) => equal(value, &unit.constants[index])?,
            };
            jump_if!(!same, offset);
        }
        Instr::JumpNotKey { src, key, offset } => {
            let found = match reg!(src) {
                Value::Map(map) => map.get(reg!(key)).cloned(),
                _ => None,
            };
            stop::tripped()?;
            match found {
                Some(value) => set!(key, value),
                None => return Ok(Next::By(offset)),
            }
        }
        Instr::JumpNotMember { src, item, offset } => {
            let found = matches!(reg!(src), Value::Set(set) if set.contains(reg!(item)));
            stop::tripped()?;
            jump_if!(!found, offset);
        }
        Instr::JumpNotPrefix { src, constant, offset } => {
            let fits = match (reg!(src), &unit.constants[usize::from(constant)]) {
                (Value::Str(text), Value::Str(prefix)) => text.starts_with(&prefix[..]),
                _ => false,
            };
            jump_if!(!fits, offset);
        }
        Instr::StripPrefix { dst, src, constant } => {
            let rest = match (reg!(src), &unit.constants[usize::from(constant)]) {
                (Value::Str(text), Value::Str(prefix)) => text.strip_prefix(&prefix[..]).map(Str::from),
                _ => None,
            };
            match rest {
                Some(rest) => set!(dst, Value::Str(rest)),
                None => return Err(type_error("String", reg!(src))),
            }
        }

        Instr::Throw { src } => return Err(Raise::Throw(reg!(src).clone()).into()),
        Instr::FailMatch => return Err(panic("Non-exhaustive match: no pattern matched")),
        Instr::TryPush { dst, handler } => process.handlers.push(Handler {
            frames: process.frames.len() as u32,
            target: handler,
            dst,
            atomic: process.atomic.len() as u32,
        }),
        Instr::TryPop => drop(process.handlers.pop()),
        Instr::Rethrow { token } => {
            return Err(match reg!(token) {
                Value::Failure(failure) => Trap::Again(Rc::clone(failure)),
                other => Raise::Throw(other.clone()).into(),
            });
        }

        Instr::Spawn { dst, function } => set!(dst, Value::Pid(world.spawn(reg!(function))?)),
        Instr::Link { pid } => match reg!(pid) {
            Value::Pid(pid) => world.ties.link(process.id, *pid),
            other => return Err(type_error("Pid", other)),
        },
        Instr::Monitor { pid } => match reg!(pid) {
            Value::Pid(pid) => world.ties.watch(process.id, *pid),
            other => return Err(type_error("Pid", other)),
        },
        Instr::Send { pid, src } => match reg!(pid) {
            Value::Pid(pid) => {
                let message = isolate(reg!(src));
                stop::tripped()?;
                if *pid == process.id {
                    process.mailbox.push(message);
                } else {
                    world.send(*pid, message);
                }
            }
            other => return Err(type_error("Pid", other)),
        },
        Instr::SelfPid { dst } => set!(dst, Value::Pid(process.id)),
        Instr::Receive { dst } => match process.mailbox.pop() {
            Some(message) => set!(dst, message),
            None => {
                process.state = State::Receiving(None);
                again(process);
                return Ok(Next::Exit(Exit::Wait));
            }
        },
        Instr::Deadline { dst, millis } => match reg!(millis) {
            Value::Int(millis) => {
                let due = world.clock().saturating_add((*millis).max(0));
                set!(dst, Value::Int(due));
            }
            other => return Err(type_error("Int", other)),
        },
        Instr::ReceiveUntil { dst, deadline, offset } => match process.mailbox.pop() {
            Some(message) => set!(dst, message),
            None => {
                let Value::Int(due) = *reg!(deadline) else { return Err(type_error("Int", reg!(deadline))) };
                jump_if!(world.clock() >= due, offset);
                process.state = State::Receiving(Some(due));
                again(process);
                return Ok(Next::Exit(Exit::Wait));
            }
        },
    }
    Ok(Next::On)
}

/// After something that may have opened the frames of callbacks.
fn notified(opened: Result<bool, Trap>) -> Result<Next, Trap> {
    Ok(if opened? { Next::Frame } else { Next::On })
}

/// Where a call puts its result; a tail call returns it.
fn result_register(instr: &Instr) -> Option<u16> {
    match *instr {
        Instr::CallValue { dst, .. } | Instr::CallMethod { dst, .. } => Some(dst),
        _ => None,
    }
}

#[cold]
fn not_ints(a: &Value, b: &Value) -> Trap {
    type_error("Int", if matches!(a, Value::Int(_)) { b } else { a })
}

/// Operands of which one is no Float: an integer literal of generic code, such as the sum of an empty list, becomes one.
#[cold]
fn adapted(a: &Value, b: &Value) -> Result<(f64, f64), Trap> {
    let float = |value: &Value| match value {
        Value::Float(value) => Ok(*value),
        Value::Int(value) => Ok(*value as f64),
        other => Err(type_error("Float", other)),
    };
    Ok((float(a)?, float(b)?))
}

#[cold]
fn not_that_list(value: &Value) -> Trap {
    match value {
        Value::List(..) => Raise::EmptyList.into(),
        other => type_error("List", other),
    }
}

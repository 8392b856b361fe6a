//! The interpreter: runs one process until it ends, waits or has used up its turn.
//!
//! Input: a [`Process`] with at least one frame. Output: [`Exit`]; unless the process ended, it can be run again.
//!
//! Invariants the unsafe code relies on:
//!
//! - chunks passed the verifier, so register, table and jump operands are in bounds of the running body;
//! - `regs` points at the registers of the topmost frame. Everything that may move the stack (opening a frame) or
//!   change the topmost frame goes on at `'frame`, where all pointers are read again;
//! - entries and units live as long as a frame or a call cache points at them (`World::drop_retired`).

use std::rc::Rc;
use std::sync::atomic::Ordering;

use bytecode::{Capture, Constant, Instr};

use crate::block::Block;
use crate::collections::{Key, MapObj, SetObj};
use crate::compare::{check_key, compare, equal};
use crate::copy::isolate;
use crate::failure::{Failure, Raise, Stop, Trap, out_of_bounds, panic, type_error};
use crate::link::{Entry, NO_SLOT, SiteTarget, Unit, head_key};
use crate::list::List;
use crate::machine::{QUANTUM, World};
use crate::natives::{self, NativeCtx, NativeDef};
use crate::number::{self, Op};
use crate::process::{Handler, MAX_STACK, Process, Ret, State};
use crate::reactive;
use crate::show;
use crate::stop::{self, Steps};
use crate::text::Str;
use crate::value::{ArrayObj, CellObj, FunctionMeta, Value, raw};

/// Why the interpreter stopped.
pub(crate) enum Exit {
    /// The turn is over.
    Yield,
    /// The process waits; its state says for what.
    Wait,
    /// The first frame returned.
    Done(Value),
    /// A failure that no handler took.
    Failed(Box<Failure>),
}

/// What became of a call of any function value.
enum Invoked {
    /// A frame was opened.
    Entered,
    /// The result is there.
    Value(Value),
}

pub(crate) fn run(world: &mut World, process: &mut Process) -> Exit {
    let mut fuel = QUANTUM;
    loop {
        let trap = match run_frames(world, process, &mut fuel) {
            Ok(exit) => {
                world.steps += (QUANTUM - fuel).max(0) as u64;
                return exit;
            }
            Err(Trap::Raise(raise)) => process.failure(*raise),
            // Natives that sleep or call back are handled where they are called.
            Err(Trap::Sleep(_) | Trap::Callbacks(_)) => {
                process.failure(Raise::Type("expected a value, got a pause".to_owned()))
            }
            Err(Trap::Again(failure)) => (*failure).clone(),
        };
        if let Err(failure) = process.unwind(trap) {
            return Exit::Failed(failure);
        }
    }
}

/// Runs until the process stops or fails. On `Err` the topmost frame's `pc` is behind the failing instruction.
fn run_frames(world: &mut World, process: &mut Process, fuel: &mut i64) -> Result<Exit, Trap> {
    'frame: loop {
        let Some(frame) = process.frames.last() else { return Ok(Exit::Done(Value::Unit)) };
        // SAFETY: entries and units live as long as the machine.
        let entry: &Entry = unsafe { &*frame.entry };
        // SAFETY: as above.
        let unit: &Unit = unsafe { &*entry.unit.get() };
        let code = entry.code;
        let base = frame.base as usize;
        // SAFETY: a frame's place lies inside its code: the verifier proved each target, and that the end is not reached.
        let mut ip: *const Instr = unsafe { code.add(frame.pc as usize) };
        // SAFETY: opening the frame reserved its registers.
        let regs: *mut Value = unsafe { process.stack.as_mut_ptr().add(base) };

        *fuel -= 1;
        if *fuel <= 0 {
            let used = QUANTUM - *fuel;
            *fuel = QUANTUM;
            if world.tick(used)? && process.atomic.is_empty() {
                return Ok(Exit::Yield);
            }
        }

        // Place of the next instruction.
        macro_rules! pc {
            () => {
                // SAFETY: both point into the code of the running body.
                unsafe { ip.offset_from(code) as u32 }
            };
        }
        macro_rules! save {
            () => {
                save!(pc!())
            };
            ($pc:expr) => {
                if let Some(frame) = process.frames.last_mut() {
                    frame.pc = $pc;
                }
            };
        }
        macro_rules! fail {
            ($trap:expr) => {{
                let trap: Trap = $trap;
                save!();
                return Err(trap);
            }};
        }
        macro_rules! tri {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(trap) => fail!(trap),
                }
            };
        }
        // SAFETY of the five: the verifier proved the operand to be below the number of registers.
        macro_rules! reg {
            ($r:expr) => {
                unsafe { &*regs.add($r as usize) }
            };
        }
        macro_rules! reg_mut {
            ($r:expr) => {
                unsafe { &mut *regs.add($r as usize) }
            };
        }
        macro_rules! set {
            ($r:expr, $value:expr) => {{
                let value: Value = $value;
                unsafe {
                    let slot = regs.add($r as usize);
                    raw::discard(slot);
                    slot.write(value);
                }
            }};
        }
        macro_rules! set_int {
            ($r:expr, $value:expr) => {{
                let value: i64 = $value;
                unsafe { raw::set_int(regs.add($r as usize), value) };
            }};
        }
        macro_rules! set_float {
            ($r:expr, $value:expr) => {{
                let value: f64 = $value;
                unsafe { raw::set_float(regs.add($r as usize), value) };
            }};
        }
        // A jump back: the only place besides calls where a turn ends.
        macro_rules! tick {
            () => {{
                *fuel -= 1;
                if *fuel <= 0 {
                    let used = QUANTUM - *fuel;
                    *fuel = QUANTUM;
                    save!();
                    if world.tick(used)? && process.atomic.is_empty() {
                        return Ok(Exit::Yield);
                    }
                }
            }};
        }
        macro_rules! jump_to {
            ($target:expr) => {{
                // SAFETY: the verifier proved the target.
                let target = unsafe { code.add($target as usize) };
                let back = target < ip;
                ip = target;
                if back {
                    tick!();
                }
            }};
        }
        macro_rules! jump_by {
            ($offset:expr) => {{
                let offset = $offset;
                // SAFETY: the verifier proved the target.
                ip = unsafe { ip.offset(offset as isize) };
                if offset < 0 {
                    tick!();
                }
            }};
        }
        macro_rules! int_op {
            ($dst:expr, $a:expr, $b:expr, $f:ident, $op:expr) => {{
                if let (Value::Int(a), Value::Int(b)) = (reg!($a), reg!($b)) {
                    let value = a.$f(*b);
                    set_int!($dst, value);
                } else {
                    fail!(not_ints(reg!($a), reg!($b)));
                }
            }};
        }
        macro_rules! float_op {
            ($dst:expr, $a:expr, $b:expr, $op:tt) => {{
                if let (Value::Float(a), Value::Float(b)) = (reg!($a), reg!($b)) {
                    let value = a $op b;
                    set_float!($dst, value);
                } else {
                    let (a, b) = tri!(adapted(reg!($a), reg!($b)));
                    let value = a $op b;
                    set_float!($dst, value);
                }
            }};
        }
        macro_rules! arith {
            ($dst:expr, $a:expr, $b:expr, $op:expr) => {{
                let value = tri!(number::arith($op, reg!($a), reg!($b)));
                set!($dst, value);
            }};
            ($dst:expr, $a:expr, $b:expr, $op:expr, $int:ident, $float:tt) => {
                match (reg!($a), reg!($b)) {
                    (Value::Int(a), Value::Int(b)) => set_int!($dst, a.$int(*b)),
                    (Value::Float(a), Value::Float(b)) => set_float!($dst, a $float b),
                    _ => arith!($dst, $a, $b, $op),
                }
            };
        }
        macro_rules! int_test {
            ($a:expr, $b:expr, $op:tt, $offset:expr) => {{
                if let (Value::Int(a), Value::Int(b)) = (reg!($a), reg!($b)) {
                    if a $op b {
                        jump_by!($offset);
                    }
                } else {
                    fail!(not_ints(reg!($a), reg!($b)));
                }
            }};
        }
        macro_rules! imm_test {
            ($a:expr, $imm:expr, $op:tt, $offset:expr) => {{
                if let Value::Int(a) = reg!($a) {
                    if *a $op i64::from($imm) {
                        jump_by!($offset);
                    }
                } else {
                    fail!(type_error("Int", reg!($a)));
                }
            }};
        }
        macro_rules! float_test {
            ($a:expr, $b:expr, $test:expr, $offset:expr) => {{
                if let (Value::Float(a), Value::Float(b)) = (reg!($a), reg!($b)) {
                    if $test(a, b) {
                        jump_by!($offset);
                    }
                } else {
                    let (a, b) = tri!(adapted(reg!($a), reg!($b)));
                    if $test(&a, &b) {
                        jump_by!($offset);
                    }
                }
            }};
        }
        macro_rules! bool_of {
            ($r:expr) => {
                match reg!($r) {
                    Value::Bool(value) => *value,
                    other => fail!(type_error("Bool", other)),
                }
            };
        }
        macro_rules! less {
            ($a:expr, $b:expr) => {
                tri!(compare(reg!($a), reg!($b))).is_some_and(|order| order.is_lt())
            };
        }
        macro_rules! less_equal {
            ($a:expr, $b:expr) => {
                tri!(compare(reg!($a), reg!($b))).is_some_and(|order| order.is_le())
            };
        }
        macro_rules! window {
            ($start:expr, $count:expr) => {
                // SAFETY: the verifier proved the window to be inside the frame.
                unsafe { std::slice::from_raw_parts_mut(regs.add($start as usize), $count as usize) }
            };
        }
        macro_rules! take_window {
            ($start:expr, $count:expr) => {
                window!($start, $count).iter_mut().map(std::mem::take)
            };
        }
        macro_rules! captured {
            ($index:expr) => {
                match process.frames.last().and_then(|frame| frame.closure.as_ref()?.get(usize::from($index))) {
                    Some(value) => value,
                    None => fail!(no_captures()),
                }
            };
        }
        // Result of a native into `dst`, or the process goes to sleep with `()` in it.
        macro_rules! native_result {
            ($result:expr, $dst:expr) => {
                match $result {
                    Ok(value) => set!($dst, value),
                    Err(Trap::Sleep(millis)) => {
                        set!($dst, Value::Unit);
                        save!();
                        process.state = State::Sleeping(world.clock().saturating_add(millis.max(0)));
                        return Ok(Exit::Wait);
                    }
                    Err(Trap::Callbacks(callbacks)) => {
                        let (value, calls) = *callbacks;
                        set!($dst, value);
                        save!();
                        for (callee, args) in calls.into_iter().rev() {
                            push_callback(process, &callee, args);
                        }
                        continue 'frame;
                    }
                    Err(trap) => fail!(trap),
                }
            };
        }
        // A call through `invoke`, arguments in scratch.
        macro_rules! invoked {
            ($result:expr, $dst:expr) => {
                match $result {
                    Ok(Invoked::Entered) => continue 'frame,
                    Ok(Invoked::Value(value)) => set!($dst, value),
                    Err(trap @ (Trap::Sleep(_) | Trap::Callbacks(_))) => native_result!(Err(trap), $dst),
                    Err(trap) => fail!(trap),
                }
            };
        }
        macro_rules! tail_invoked {
            ($result:expr) => {
                match $result {
                    Ok(Invoked::Entered) => continue 'frame,
                    Ok(Invoked::Value(value)) => match leave(world, process, value) {
                        Some(value) => return Ok(Exit::Done(value)),
                        None => continue 'frame,
                    },
                    Err(Trap::Callbacks(callbacks)) => {
                        let (value, calls) = *callbacks;
                        if let Some(value) = leave(world, process, value) {
                            return Ok(Exit::Done(value));
                        }
                        for (callee, args) in calls.into_iter().rev() {
                            push_callback(process, &callee, args);
                        }
                        continue 'frame;
                    }
                    Err(Trap::Sleep(millis)) => {
                        process.state = State::Sleeping(world.clock().saturating_add(millis.max(0)));
                        return Ok(match leave(world, process, Value::Unit) {
                            Some(value) => Exit::Done(value),
                            None => Exit::Wait,
                        });
                    }
                    Err(trap) => fail!(trap),
                }
            };
        }
        // Opens a frame for `callee` with the window as arguments.
        macro_rules! enter {
            ($callee:expr, $argc:expr, $args:expr, $dst:expr, $closure:expr) => {{
                let callee: *const Entry = $callee;
                // SAFETY: entries live as long as the machine.
                let (params, registers) = unsafe { ((*callee).params, (*callee).registers) };
                debug_assert_eq!(params, u16::from($argc));
                if process.frames.len() >= world.limits.max_frames {
                    fail!(Raise::StackOverflow.into());
                }
                save!();
                let new_base = base + usize::from(entry.registers);
                if new_base + usize::from(registers) > MAX_STACK {
                    fail!(Raise::StackOverflow.into());
                }
                process.reserve(new_base + usize::from(registers));
                // SAFETY: both windows are inside the reserved stack and do not overlap, because the arguments end
                // before the caller's registers do. Slots above the top hold nothing that needs dropping, and what was
                // moved out is overwritten without dropping.
                unsafe {
                    let from = process.stack.as_mut_ptr().add(base + usize::from($args));
                    let to = process.stack.as_mut_ptr().add(new_base);
                    for index in 0..usize::from($argc) {
                        raw::copy(from.add(index), to.add(index));
                        from.add(index).write(Value::Unit);
                    }
                }
                process.push_frame(callee, new_base as u32, $dst, $closure);
                continue 'frame;
            }};
        }
        // Replaces the frame by one for `callee`.
        macro_rules! tail_enter {
            ($callee:expr, $argc:expr, $args:expr, $closure:expr) => {{
                let callee: *const Entry = $callee;
                let closure: Option<Block<FunctionMeta>> = $closure;
                // SAFETY: entries live as long as the machine.
                let registers = usize::from(unsafe { (*callee).registers });
                let argc = usize::from($argc);
                let first = usize::from($args);
                // Arguments go down to the first registers; what is overwritten dies, what is left is cleared.
                if first > 0 {
                    for index in 0..argc {
                        // SAFETY: registers of this frame; `first > 0`, so the two differ.
                        unsafe {
                            let (from, to) = (regs.add(first + index), regs.add(index));
                            raw::discard(to);
                            raw::copy(from, to);
                            from.write(Value::Unit);
                        }
                    }
                }
                for slot in window!(argc, usize::from(entry.registers) - argc) {
                    if slot.is_heap() {
                        *slot = Value::Unit;
                    }
                }
                process.reserve(base + registers);
                if let Some(frame) = process.frames.last_mut() {
                    frame.entry = callee;
                    frame.pc = 0;
                    frame.closure = closure;
                }
                continue 'frame;
            }};
        }

        loop {
            // SAFETY: the verifier proved that control stays inside the code.
            let instr = unsafe { &*ip };
            // SAFETY: as above.
            ip = unsafe { ip.add(1) };
            // Operands are read where they are used: read before the branch they would take the registers that this
            // loop needs.
            match *instr {
                Instr::Nop => {}
                Instr::Move { dst, src } => {
                    // SAFETY: registers of this frame; the copy is taken before the destination dies.
                    unsafe { raw::put(regs.add(usize::from(dst)), raw::cloned(regs.add(usize::from(src)))) }
                }
                Instr::Take { dst, src } => {
                    if dst != src {
                        // SAFETY: two registers of this frame; the source is overwritten without dropping.
                        unsafe {
                            let (from, to) = (regs.add(usize::from(src)), regs.add(usize::from(dst)));
                            raw::discard(to);
                            raw::copy(from, to);
                            from.write(Value::Unit);
                        }
                    }
                }
                Instr::LoadUnit { dst } => set!(dst, Value::Unit),
                Instr::LoadBool { dst, value } => set!(dst, Value::Bool(value)),
                Instr::LoadInt { dst, value } => set_int!(dst, i64::from(value)),
                Instr::LoadConst { dst, constant } => set!(dst, unit.constants[usize::from(constant)].clone()),
                Instr::LoadFunction { dst, symbol } => {
                    let callee = tri!(world.unit(&unit.chunk.symbols[usize::from(symbol)]));
                    set!(dst, callee.function(0));
                }
                Instr::LoadNative { dst, native } => set!(dst, Value::Native(unit.natives[usize::from(native)])),
                Instr::LoadConstructor { dst, ctor } => {
                    set!(dst, Value::Constructor(Rc::clone(&unit.ctors[usize::from(ctor)])));
                }
                Instr::MakeClosure { dst, body } => {
                    let captures = &unit.chunk.bodies[usize::from(body)].captures;
                    let outer = process.frames.last().and_then(|frame| frame.closure.as_ref());
                    let values = captures.iter().map(|capture| match *capture {
                        Capture::Register(register) => reg!(register).clone(),
                        Capture::Outer(index) => {
                            outer.and_then(|outer| outer.get(usize::from(index))).cloned().unwrap_or_default()
                        }
                    });
                    let meta = FunctionMeta { unit: unit_rc(entry), body };
                    let closure = Value::Closure(Block::new(meta, captures.len(), values));
                    set!(dst, closure);
                }
                Instr::LoadSelf { dst } => {
                    let closure = process.frames.last().and_then(|frame| frame.closure.clone());
                    set!(
                        dst,
                        match closure {
                            Some(closure) => Value::Closure(closure),
                            None => unit_rc(entry).function(entry.index),
                        }
                    );
                }
                Instr::LoadCapture { dst, index } => {
                    let value = captured!(index).clone();
                    set!(dst, value);
                }

                Instr::CellNew { dst, src } => {
                    let cell = Value::Cell(Rc::new(CellObj::new(reg!(src).clone())));
                    set!(dst, cell);
                }
                Instr::CellGet { dst, cell } => {
                    let Value::Cell(cell) = reg!(cell) else { fail!(type_error("cell", reg!(cell))) };
                    let value = cell.get();
                    set!(dst, value);
                }
                Instr::CellSet { cell, src } => {
                    let Value::Cell(cell) = reg!(cell) else { fail!(type_error("cell", reg!(cell))) };
                    CellObj::assign(cell, reg!(src).clone());
                }
                Instr::CaptureCellGet { dst, index } => {
                    let Value::Cell(cell) = captured!(index) else { fail!(no_captures()) };
                    let value = cell.get();
                    set!(dst, value);
                }
                Instr::CaptureCellSet { index, src } => {
                    let Value::Cell(cell) = captured!(index) else { fail!(no_captures()) };
                    CellObj::assign(cell, reg!(src).clone());
                }

                Instr::LoadValue { dst, symbol } => {
                    let name = &unit.chunk.symbols[usize::from(symbol)];
                    let cached = &unit.values[usize::from(symbol)];
                    if cached.get() == NO_SLOT {
                        cached.set(world.value_slot(name));
                    }
                    match world.value(cached.get()) {
                        Some(value) => set!(dst, value.clone()),
                        None => {
                            let slot = cached.get();
                            let callee = tri!(world.entry(name));
                            tri!(initialise(world, process, callee, Ret::Value(slot), pc!()));
                            continue 'frame;
                        }
                    }
                }
                Instr::MvarGet { dst, symbol } => {
                    let name = &unit.chunk.symbols[usize::from(symbol)];
                    let cached = &unit.mvars[usize::from(symbol)];
                    if cached.get() == NO_SLOT {
                        cached.set(world.mvar_slot(name));
                    }
                    match world.mvar(cached.get()) {
                        Some(value) => set!(dst, snapshot(value)),
                        None => fail!(panic(format!("mvar `{name}` is read before it is initialised"))),
                    }
                }
                Instr::MvarSet { symbol, src } => {
                    let cached = &unit.mvars[usize::from(symbol)];
                    if cached.get() == NO_SLOT {
                        cached.set(world.mvar_slot(&unit.chunk.symbols[usize::from(symbol)]));
                    }
                    if world.is_locked(cached.get(), process.id) {
                        save!(pc!() - 1);
                        process.state = State::Locked;
                        return Ok(Exit::Wait);
                    }
                    world.set_mvar(cached.get(), snapshot(reg!(src)));
                }
                Instr::AtomicEnter { symbol } => {
                    let cached = &unit.mvars[usize::from(symbol)];
                    if cached.get() == NO_SLOT {
                        cached.set(world.mvar_slot(&unit.chunk.symbols[usize::from(symbol)]));
                    }
                    if world.is_locked(cached.get(), process.id) {
                        save!(pc!() - 1);
                        process.state = State::Locked;
                        return Ok(Exit::Wait);
                    }
                    process.atomic.push(cached.get());
                }
                Instr::AtomicLeave => {
                    process.atomic.pop();
                    // Without a pause here, one that updates in a loop would never let the others in.
                    if process.atomic.is_empty() && world.somebody_is_locked() {
                        save!();
                        return Ok(Exit::Yield);
                    }
                }

                Instr::AddInt { dst, a, b } => int_op!(dst, a, b, wrapping_add, Op::Add),
                Instr::SubInt { dst, a, b } => int_op!(dst, a, b, wrapping_sub, Op::Sub),
                Instr::MulInt { dst, a, b } => int_op!(dst, a, b, wrapping_mul, Op::Mul),
                Instr::DivInt { dst, a, b } => {
                    if let (Value::Int(_), Value::Int(0)) = (reg!(a), reg!(b)) {
                        fail!(Raise::DivisionByZero.into());
                    }
                    int_op!(dst, a, b, wrapping_div, Op::Div);
                }
                Instr::RemInt { dst, a, b } => {
                    if let (Value::Int(_), Value::Int(0)) = (reg!(a), reg!(b)) {
                        fail!(Raise::DivisionByZero.into());
                    }
                    int_op!(dst, a, b, wrapping_rem, Op::Rem);
                }
                Instr::AddIntImm { dst, a, imm } => match reg!(a) {
                    Value::Int(value) => set_int!(dst, value.wrapping_add(i64::from(imm))),
                    other => fail!(type_error("Int", other)),
                },
                Instr::MulIntImm { dst, a, imm } => match reg!(a) {
                    Value::Int(value) => set_int!(dst, value.wrapping_mul(i64::from(imm))),
                    other => fail!(type_error("Int", other)),
                },
                Instr::DivIntImm { dst, a, imm } => match reg!(a) {
                    Value::Int(value) => set_int!(dst, value.wrapping_div(i64::from(imm))),
                    other => fail!(type_error("Int", other)),
                },
                Instr::RemIntImm { dst, a, imm } => match reg!(a) {
                    Value::Int(value) => set_int!(dst, value.wrapping_rem(i64::from(imm))),
                    other => fail!(type_error("Int", other)),
                },
                Instr::AddFloat { dst, a, b } => float_op!(dst, a, b, +),
                Instr::SubFloat { dst, a, b } => float_op!(dst, a, b, -),
                Instr::MulFloat { dst, a, b } => float_op!(dst, a, b, *),
                Instr::DivFloat { dst, a, b } => float_op!(dst, a, b, /),
                Instr::Add { dst, a, b } => arith!(dst, a, b, Op::Add, wrapping_add, +),
                Instr::Sub { dst, a, b } => arith!(dst, a, b, Op::Sub, wrapping_sub, -),
                Instr::Mul { dst, a, b } => arith!(dst, a, b, Op::Mul, wrapping_mul, *),
                Instr::Div { dst, a, b } => arith!(dst, a, b, Op::Div),
                Instr::Rem { dst, a, b } => arith!(dst, a, b, Op::Rem),
                Instr::Pow { dst, a, b } => arith!(dst, a, b, Op::Pow),
                Instr::Neg { dst, src } => {
                    let value = tri!(number::negate(reg!(src)));
                    set!(dst, value);
                }
                Instr::Not { dst, src } => {
                    let value = bool_of!(src);
                    set!(dst, Value::Bool(!value));
                }
                Instr::IntToFloat { dst, src } => match reg!(src) {
                    Value::Int(value) => set_float!(dst, *value as f64),
                    other => fail!(type_error("Int", other)),
                },

                Instr::EqInt { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Int(a), Value::Int(b)) => set!(dst, Value::Bool(a == b)),
                    (a, b) => fail!(not_ints(a, b)),
                },
                Instr::LtInt { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Int(a), Value::Int(b)) => set!(dst, Value::Bool(a < b)),
                    (a, b) => fail!(not_ints(a, b)),
                },
                Instr::LeInt { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Int(a), Value::Int(b)) => set!(dst, Value::Bool(a <= b)),
                    (a, b) => fail!(not_ints(a, b)),
                },
                Instr::LtFloat { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Float(a), Value::Float(b)) => set!(dst, Value::Bool(a < b)),
                    (a, b) => {
                        let (a, b) = tri!(adapted(a, b));
                        set!(dst, Value::Bool(a < b));
                    }
                },
                Instr::LeFloat { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Float(a), Value::Float(b)) => set!(dst, Value::Bool(a <= b)),
                    (a, b) => {
                        let (a, b) = tri!(adapted(a, b));
                        set!(dst, Value::Bool(a <= b));
                    }
                },
                Instr::Eq { dst, a, b } => {
                    let value = tri!(equal(reg!(a), reg!(b)));
                    set!(dst, Value::Bool(value));
                }
                Instr::Ne { dst, a, b } => {
                    let value = !tri!(equal(reg!(a), reg!(b)));
                    set!(dst, Value::Bool(value));
                }
                Instr::Lt { dst, a, b } => {
                    let value = less!(a, b);
                    set!(dst, Value::Bool(value));
                }
                Instr::Le { dst, a, b } => {
                    let value = less_equal!(a, b);
                    set!(dst, Value::Bool(value));
                }

                Instr::Jump { target } => jump_to!(target),
                Instr::JumpIf { cond, target } => {
                    if bool_of!(cond) {
                        jump_to!(target);
                    }
                }
                Instr::JumpIfNot { cond, target } => {
                    if !bool_of!(cond) {
                        jump_to!(target);
                    }
                }
                Instr::JumpEqInt { a, b, offset } => int_test!(a, b, ==, offset),
                Instr::JumpNeInt { a, b, offset } => int_test!(a, b, !=, offset),
                Instr::JumpLtInt { a, b, offset } => int_test!(a, b, <, offset),
                Instr::JumpLeInt { a, b, offset } => int_test!(a, b, <=, offset),
                Instr::JumpEqImm { a, imm, offset } => imm_test!(a, imm, ==, offset),
                Instr::JumpNeImm { a, imm, offset } => imm_test!(a, imm, !=, offset),
                Instr::JumpLtImm { a, imm, offset } => imm_test!(a, imm, <, offset),
                Instr::JumpLeImm { a, imm, offset } => imm_test!(a, imm, <=, offset),
                Instr::JumpGtImm { a, imm, offset } => imm_test!(a, imm, >, offset),
                Instr::JumpGeImm { a, imm, offset } => imm_test!(a, imm, >=, offset),
                Instr::JumpLtFloat { a, b, offset } => float_test!(a, b, |a, b| a < b, offset),
                Instr::JumpNotLtFloat { a, b, offset } => float_test!(a, b, not_less, offset),
                Instr::JumpLeFloat { a, b, offset } => float_test!(a, b, |a, b| a <= b, offset),
                Instr::JumpNotLeFloat { a, b, offset } => float_test!(a, b, not_less_equal, offset),
                Instr::JumpEq { a, b, offset } => {
                    if tri!(equal(reg!(a), reg!(b))) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNe { a, b, offset } => {
                    if !tri!(equal(reg!(a), reg!(b))) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpLt { a, b, offset } => {
                    if less!(a, b) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotLt { a, b, offset } => {
                    if !less!(a, b) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpLe { a, b, offset } => {
                    if less_equal!(a, b) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotLe { a, b, offset } => {
                    if !less_equal!(a, b) {
                        jump_by!(offset);
                    }
                }
                Instr::ForLoop { counter, limit, offset } => match (reg!(counter), reg!(limit)) {
                    (Value::Int(value), Value::Int(limit)) => {
                        let next = value.wrapping_add(1);
                        let again = next < *limit;
                        set_int!(counter, next);
                        if again {
                            jump_by!(offset);
                        }
                    }
                    (a, b) => fail!(not_ints(a, b)),
                },
                Instr::SwitchInt { src, table } => {
                    let table = &unit.chunk.tables[usize::from(table)];
                    let target = match reg!(src) {
                        Value::Int(value) => usize::try_from(value.wrapping_sub(table.low))
                            .ok()
                            .and_then(|index| table.targets.get(index))
                            .copied(),
                        _ => None,
                    };
                    jump_to!(target.unwrap_or(table.default));
                }
                Instr::SwitchTag { src, table } => {
                    let table = &unit.chunk.tables[usize::from(table)];
                    let target = tag_of(reg!(src)).and_then(|tag| table.targets.get(usize::from(tag)).copied());
                    jump_to!(target.unwrap_or(table.default));
                }

                Instr::Call { argc, dst, symbol, args } => {
                    // SAFETY: the verifier proved the index.
                    let cached = unsafe { unit.calls.get_unchecked(usize::from(symbol)) };
                    let mut callee = cached.get();
                    if callee.is_null() {
                        callee = tri!(link_call(world, unit, symbol));
                    }
                    // SAFETY: entries live as long as the machine.
                    if unsafe { (*callee).params } != u16::from(argc) {
                        fail!(wrong_arguments(callee, usize::from(argc)));
                    }
                    enter!(callee, argc, args, dst, None);
                }
                Instr::TailCall { argc, symbol, args } => {
                    let mut callee = unit.calls[usize::from(symbol)].get();
                    if callee.is_null() {
                        callee = tri!(link_call(world, unit, symbol));
                    }
                    // SAFETY: entries live as long as the machine.
                    if unsafe { (*callee).params } != u16::from(argc) {
                        fail!(wrong_arguments(callee, usize::from(argc)));
                    }
                    tail_enter!(callee, argc, args, None);
                }
                Instr::CallValue { argc, dst, callee, args } => {
                    if let Value::Closure(closure) = reg!(callee) {
                        let meta = closure.meta();
                        let target = &raw const meta.unit.entries[usize::from(meta.body)];
                        // SAFETY: entries live as long as the machine.
                        if unsafe { (*target).params } == u16::from(argc) {
                            let closure = closure.clone();
                            enter!(target, argc, args, dst, Some(closure));
                        }
                    }
                    process.scratch.clear();
                    process.scratch.extend(take_window!(args, argc));
                    let function = reg!(callee).clone();
                    save!();
                    invoked!(invoke(world, process, &function, Some(dst)), dst);
                }
                Instr::TailCallValue { argc, callee, args } => {
                    if let Value::Closure(closure) = reg!(callee) {
                        let meta = closure.meta();
                        let target = &raw const meta.unit.entries[usize::from(meta.body)];
                        // SAFETY: entries live as long as the machine.
                        if unsafe { (*target).params } == u16::from(argc) {
                            let closure = closure.clone();
                            tail_enter!(target, argc, args, Some(closure));
                        }
                    }
                    process.scratch.clear();
                    process.scratch.extend(take_window!(args, argc));
                    let function = reg!(callee).clone();
                    save!();
                    tail_invoked!(invoke(world, process, &function, None));
                }
                Instr::CallNative { argc, dst, native, args } => {
                    let native = unit.natives[usize::from(native)];
                    save!();
                    let window = window!(args, argc);
                    let result = call_native(world, process, native, window);
                    for slot in window {
                        *slot = Value::Unit;
                    }
                    native_result!(result, dst);
                }
                Instr::CallMethod { argc, dst, site, args } => {
                    match tri!(find_target(world, unit, usize::from(site), window!(args, argc))) {
                        Some(SiteTarget::Function(callee)) => {
                            // SAFETY: entries live as long as the machine.
                            if unsafe { (*callee).params } != u16::from(argc) {
                                fail!(wrong_arguments(callee, usize::from(argc)));
                            }
                            enter!(callee, argc, args, dst, None);
                        }
                        Some(SiteTarget::Native(native)) => {
                            save!();
                            let window = window!(args, argc);
                            let result = call_native(world, process, native, window);
                            for slot in window {
                                *slot = Value::Unit;
                            }
                            native_result!(result, dst);
                        }
                        None => {
                            let function = tri!(method_field(unit, usize::from(site), window!(args, argc)));
                            process.scratch.clear();
                            process.scratch.extend(take_window!(args, argc).skip(1));
                            save!();
                            invoked!(invoke(world, process, &function, Some(dst)), dst);
                        }
                    }
                }
                Instr::TailCallMethod { argc, site, args } => {
                    match tri!(find_target(world, unit, usize::from(site), window!(args, argc))) {
                        Some(SiteTarget::Function(callee)) => {
                            // SAFETY: entries live as long as the machine.
                            if unsafe { (*callee).params } != u16::from(argc) {
                                fail!(wrong_arguments(callee, usize::from(argc)));
                            }
                            tail_enter!(callee, argc, args, None);
                        }
                        Some(SiteTarget::Native(native)) => {
                            process.scratch.clear();
                            process.scratch.extend(take_window!(args, argc));
                            save!();
                            tail_invoked!(invoke(world, process, &Value::Native(native), None));
                        }
                        None => {
                            let function = tri!(method_field(unit, usize::from(site), window!(args, argc)));
                            process.scratch.clear();
                            process.scratch.extend(take_window!(args, argc).skip(1));
                            save!();
                            tail_invoked!(invoke(world, process, &function, None));
                        }
                    }
                }
                Instr::Return { src } => {
                    // The common case moves the result straight into the caller's register.
                    let depth = process.frames.len();
                    if depth >= 2
                        && let Ret::Register(dst) = process.frames[depth - 1].ret
                    {
                        let caller_base = process.frames[depth - 2].base as usize;
                        // SAFETY: `src` is a register of this frame; the verifier proved `dst` to be one of the
                        // caller's, which lies below. The source is overwritten without dropping.
                        unsafe {
                            let from = regs.add(usize::from(src));
                            let to = process.stack.as_mut_ptr().add(caller_base + usize::from(dst));
                            raw::discard(to);
                            raw::copy(from, to);
                            from.write(Value::Unit);
                        }
                        for slot in window!(0, entry.registers) {
                            if slot.is_heap() {
                                *slot = Value::Unit;
                            }
                        }
                        process.frames.pop();
                        continue 'frame;
                    }
                    let value = std::mem::take(reg_mut!(src));
                    match leave(world, process, value) {
                        Some(value) => return Ok(Exit::Done(value)),
                        None => continue 'frame,
                    }
                }

                Instr::Concat { dst, a, b } => {
                    let left = if dst == a { std::mem::take(reg_mut!(a)) } else { reg!(a).clone() };
                    // With `a == b` the left one was taken away.
                    let right = if dst == a && a == b { left.clone() } else { reg!(b).clone() };
                    let value = tri!(concat(world, left, right));
                    set!(dst, value);
                }
                Instr::Show { dst, src } => {
                    let text = match reg!(src) {
                        Value::Str(text) => text.clone(),
                        other => Str::from(show::display(other)),
                    };
                    tri!(stop::tripped());
                    set!(dst, Value::Str(text));
                }
                Instr::Interpolate { dst, start, count } => {
                    let mut text = String::new();
                    for part in window!(start, count) {
                        show::display_into(&mut text, part);
                        *part = Value::Unit;
                    }
                    tri!(stop::tripped());
                    tri!(world.room(text.len()));
                    set!(dst, Value::Str(Str::from(text)));
                }

                Instr::MakeTuple { dst, start, count } => {
                    let tuple = Block::new((), usize::from(count), take_window!(start, count));
                    set!(dst, Value::Tuple(tuple));
                }
                Instr::TupleGet { dst, src, index } => match reg!(src) {
                    Value::Tuple(items) => match items.get(usize::from(index)) {
                        Some(item) => set!(dst, item.clone()),
                        None => fail!(out_of_bounds(i64::from(index))),
                    },
                    other => fail!(type_error("Tuple", other)),
                },
                Instr::MakeList { dst, start, count } => {
                    let items: Vec<Value> = take_window!(start, count).rev().collect();
                    set!(dst, List::from_reversed(items).into());
                }
                Instr::MakeListTail { dst, start, count } => {
                    let tail = std::mem::take(reg_mut!(start + count));
                    let Value::List(len, buf) = tail else { fail!(type_error("List", &tail)) };
                    let mut list = List { buf, len };
                    for item in take_window!(start, count).rev() {
                        list = list.cons(item);
                    }
                    set!(dst, list.into());
                }
                Instr::Cons { dst, head, tail } => {
                    let first = reg!(head).clone();
                    let rest = if dst == tail { std::mem::take(reg_mut!(tail)) } else { reg!(tail).clone() };
                    let Value::List(len, buf) = rest else { fail!(type_error("List", &rest)) };
                    // SAFETY: a register of this frame.
                    unsafe { raw::set_list(regs.add(usize::from(dst)), List { buf, len }.cons(first)) };
                }
                Instr::MakeRange { dst, a, b } => match (reg!(a), reg!(b)) {
                    (Value::Int(low), Value::Int(high)) => {
                        let list = tri!(natives::int_range(world, *low, high.saturating_add(1)));
                        set!(dst, list);
                    }
                    (a, b) => fail!(not_ints(a, b)),
                },
                Instr::ListHead { dst, src } => match reg!(src).as_list().and_then(|list| list.head()) {
                    Some(head) => set!(dst, head.clone()),
                    None => fail!(not_that_list(reg!(src))),
                },
                Instr::ListDrop { dst, src, count } => {
                    let Value::List(len, buf) = reg!(src) else { fail!(type_error("List", reg!(src))) };
                    let rest = List { buf: buf.clone(), len: *len }.drop_front(usize::from(count));
                    set!(dst, rest.into());
                }
                Instr::ListGet { dst, src, index } => {
                    match reg!(src).as_list().and_then(|list| list.get(usize::from(index))) {
                        Some(item) => set!(dst, item.clone()),
                        None => fail!(not_that_list(reg!(src))),
                    }
                }
                Instr::MakeMap { dst, start, count } => {
                    let window = window!(start, usize::from(count) * 2);
                    for key in window.iter().step_by(2) {
                        tri!(check_key(key));
                    }
                    let map = MapObj::collect(
                        window
                            .chunks_exact_mut(2)
                            .map(|pair| (std::mem::take(&mut pair[0]), std::mem::take(&mut pair[1]))),
                    );
                    tri!(stop::tripped());
                    set!(dst, map);
                }
                Instr::MakeSet { dst, start, count } => {
                    for item in window!(start, count).iter() {
                        tri!(check_key(item));
                    }
                    let set = SetObj::collect(take_window!(start, count));
                    tri!(stop::tripped());
                    set!(dst, set);
                }
                Instr::Index { dst, obj, key } => {
                    let value = match (reg!(obj), reg!(key)) {
                        (list @ Value::List(..), Value::Int(index)) => {
                            let item = usize::try_from(*index)
                                .ok()
                                .and_then(|index| list.as_list().and_then(|list| list.get(index)));
                            match item {
                                Some(item) => {
                                    // SAFETY: as for `GetField`.
                                    unsafe { raw::put(regs.add(usize::from(dst)), raw::cloned(item)) };
                                    continue;
                                }
                                None => fail!(out_of_bounds(*index)),
                            }
                        }
                        (obj, key) => tri!(index(obj, key)),
                    };
                    set!(dst, value);
                }
                Instr::SetIndex { obj, key, src } => {
                    let key = reg!(key).clone();
                    let value = reg!(src).clone();
                    tri!(set_index(reg_mut!(obj), key, value));
                    tri!(stop::tripped());
                }

                Instr::Construct { dst, ctor, start } => {
                    let index = usize::from(ctor);
                    let ctor = &unit.ctors[index];
                    let len = ctor.def.fields.len();
                    let value = if reactive::is_reactive(ctor) {
                        reactive::construct(world, ctor, take_window!(start, len).collect())
                    } else if len == 0 {
                        unit.nullary(index)
                    } else {
                        Value::Data(Block::new(Rc::clone(ctor), len, take_window!(start, len)))
                    };
                    set!(dst, value);
                }
                Instr::GetField { dst, obj, index } => match reg!(obj) {
                    Value::Data(fields) => match fields.get(usize::from(index)) {
                        // SAFETY: a register of this frame; the copy is taken before the record may die.
                        Some(value) => unsafe { raw::put(regs.add(usize::from(dst)), raw::cloned(value)) },
                        None => fail!(no_field(reg!(obj))),
                    },
                    Value::Reactive(object) => {
                        let object = Rc::clone(object);
                        let value = tri!(reactive::read(&object, usize::from(index)));
                        set!(dst, value);
                        save!();
                        if reactive::notify_read(world, process, &object, usize::from(index)) {
                            continue 'frame;
                        }
                    }
                    other => fail!(no_field(other)),
                },
                Instr::GetFieldNamed { dst, obj, name } => {
                    let name = &unit.chunk.names[usize::from(name)];
                    if let Value::Reactive(object) = reg!(obj)
                        && let Some(value) = reactive::relatives(object, name)
                    {
                        set!(dst, value);
                        continue;
                    }
                    let Some(place) = field_place(reg!(obj), name) else { fail!(no_field(reg!(obj))) };
                    match reg!(obj) {
                        Value::Reactive(object) => {
                            let object = Rc::clone(object);
                            let value = tri!(reactive::read(&object, place));
                            set!(dst, value);
                            save!();
                            if reactive::notify_read(world, process, &object, place) {
                                continue 'frame;
                            }
                        }
                        Value::Data(fields) => {
                            let value = fields.get(place).cloned().unwrap_or_default();
                            set!(dst, value);
                        }
                        other => fail!(no_field(other)),
                    }
                }
                Instr::SetField { obj, index, src } => {
                    let value = reg!(src).clone();
                    tri!(set_field(reg_mut!(obj), usize::from(index), value));
                }
                Instr::SetFieldNamed { obj, name, src } => {
                    let name = &unit.chunk.names[usize::from(name)];
                    let Some(place) = field_place(reg!(obj), name) else { fail!(no_field(reg!(obj))) };
                    let value = reg!(src).clone();
                    tri!(set_field(reg_mut!(obj), place, value));
                }
                Instr::AssignField { obj, name, src } => {
                    let name = &unit.chunk.names[usize::from(name)];
                    let Some(place) = field_place(reg!(obj), name) else { fail!(no_field(reg!(obj))) };
                    let Value::Reactive(object) = reg!(obj) else {
                        fail!(panic(format!("Field at index {place} is not mutable")))
                    };
                    let object = Rc::clone(object);
                    let value = reg!(src).clone();
                    save!();
                    if tri!(reactive::assign(world, process, &object, place, value)) {
                        continue 'frame;
                    }
                }

                Instr::JumpNotKind { kind, src, target } => {
                    if reg!(src).kind() != kind {
                        jump_to!(target);
                    }
                }
                Instr::JumpNotTag { src, tag, offset } => {
                    let same = match reg!(src) {
                        Value::Data(data) => data.meta().def.index == tag,
                        other => tag_of(other) == Some(tag),
                    };
                    if !same {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotCtor { src, ctor, offset } => {
                    let ctor = &unit.ctors[usize::from(ctor)];
                    let same = match reg!(src) {
                        Value::Data(data) => {
                            Rc::ptr_eq(data.meta(), ctor)
                                || (data.meta().type_id == ctor.type_id && data.meta().def.index == ctor.def.index)
                        }
                        Value::Reactive(object) => {
                            let own = object.ctor.borrow();
                            own.type_id == ctor.type_id && own.def.index == ctor.def.index
                        }
                        _ => false,
                    };
                    if !same {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotConst { src, constant, offset } => {
                    let index = usize::from(constant);
                    let same = match (&unit.chunk.constants[index], reg!(src)) {
                        (Constant::IntRange { low, high }, Value::Int(value)) => (low..=high).contains(&value),
                        (Constant::IntRange { .. }, _) => false,
                        (_, value) => tri!(equal(value, &unit.constants[index])),
                    };
                    if !same {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotTuple { src, arity, offset } => {
                    if !matches!(reg!(src), Value::Tuple(items) if items.len() == usize::from(arity)) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotList { src, len, offset } => {
                    if !matches!(reg!(src), Value::List(have, _) if *have == u32::from(len)) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpListShorter { src, len, offset } => {
                    if !matches!(reg!(src), Value::List(have, _) if *have >= u32::from(len)) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotCons { src, head, offset } => {
                    if let Value::List(len, Some(buf)) = reg!(src) {
                        let buf = Rc::clone(buf);
                        let len = *len;
                        // SAFETY: `head` and `head + 1` are registers of this frame. The element is copied before its
                        // list may die, and a list with a buffer is not empty.
                        unsafe {
                            let first = raw::cloned(buf.at(len - 1));
                            let rest = List { buf: Some(buf), len }.drop_front(1);
                            raw::put(regs.add(usize::from(head)), first);
                            raw::set_list(regs.add(usize::from(head) + 1), rest);
                        }
                    } else {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotKey { src, key, offset } => {
                    let found = match reg!(src) {
                        Value::Map(map) => map.get(reg!(key)).cloned(),
                        _ => None,
                    };
                    tri!(stop::tripped());
                    match found {
                        Some(value) => set!(key, value),
                        None => jump_by!(offset),
                    }
                }
                Instr::JumpNotMember { src, item, offset } => {
                    if !matches!(reg!(src), Value::Set(set) if set.contains(reg!(item))) {
                        jump_by!(offset);
                    }
                }
                Instr::JumpNotPrefix { src, constant, offset } => {
                    let fits = match (reg!(src), &unit.constants[usize::from(constant)]) {
                        (Value::Str(text), Value::Str(prefix)) => text.starts_with(&prefix[..]),
                        _ => false,
                    };
                    if !fits {
                        jump_by!(offset);
                    }
                }
                Instr::StripPrefix { dst, src, constant } => {
                    let rest = match (reg!(src), &unit.constants[usize::from(constant)]) {
                        (Value::Str(text), Value::Str(prefix)) => text.strip_prefix(&prefix[..]).map(Str::from),
                        _ => None,
                    };
                    match rest {
                        Some(rest) => set!(dst, Value::Str(rest)),
                        None => fail!(type_error("String", reg!(src))),
                    }
                }

                Instr::Throw { src } => fail!(Raise::Throw(reg!(src).clone()).into()),
                Instr::FailMatch => fail!(panic("Non-exhaustive match: no pattern matched")),
                Instr::TryPush { dst, handler } => process.handlers.push(Handler {
                    frames: process.frames.len() as u32,
                    target: handler,
                    dst,
                    atomic: process.atomic.len() as u32,
                }),
                Instr::TryPop => drop(process.handlers.pop()),
                Instr::Rethrow { token } => match reg!(token) {
                    Value::Failure(failure) => fail!(Trap::Again(Rc::clone(failure))),
                    other => fail!(Raise::Throw(other.clone()).into()),
                },

                Instr::Spawn { dst, function } => {
                    let pid = tri!(world.spawn(reg!(function)));
                    set!(dst, Value::Pid(pid));
                }
                Instr::Link { pid } => match reg!(pid) {
                    Value::Pid(pid) => world.ties.link(process.id, *pid),
                    other => fail!(type_error("Pid", other)),
                },
                Instr::Monitor { pid } => match reg!(pid) {
                    Value::Pid(pid) => world.ties.watch(process.id, *pid),
                    other => fail!(type_error("Pid", other)),
                },
                Instr::Send { pid, src } => match reg!(pid) {
                    Value::Pid(pid) => {
                        let message = isolate(reg!(src));
                        tri!(stop::tripped());
                        if *pid == process.id {
                            process.mailbox.push(message);
                        } else {
                            world.send(*pid, message);
                        }
                    }
                    other => fail!(type_error("Pid", other)),
                },
                Instr::SelfPid { dst } => set!(dst, Value::Pid(process.id)),
                Instr::Receive { dst } => match process.mailbox.pop() {
                    Some(message) => set!(dst, message),
                    None => {
                        save!(pc!() - 1);
                        process.state = State::Receiving(None);
                        return Ok(Exit::Wait);
                    }
                },
                Instr::Deadline { dst, millis } => match reg!(millis) {
                    Value::Int(millis) => {
                        let due = world.clock().saturating_add((*millis).max(0));
                        set!(dst, Value::Int(due));
                    }
                    other => fail!(type_error("Int", other)),
                },
                Instr::ReceiveUntil { dst, deadline, offset } => match process.mailbox.pop() {
                    Some(message) => set!(dst, message),
                    None => {
                        let Value::Int(due) = *reg!(deadline) else { fail!(type_error("Int", reg!(deadline))) };
                        if world.clock() >= due {
                            jump_by!(offset);
                        } else {
                            save!(pc!() - 1);
                            process.state = State::Receiving(Some(due));
                            return Ok(Exit::Wait);
                        }
                    }
                },
            }
        }
    }
}

/// Runs a native on a window of arguments.
fn call_native(
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
    let mut ctx = NativeCtx {
        world,
        pid: process.id,
        started: process.started,
        mailbox: process.mailbox.len(),
        steps: Steps::default(),
    };
    let result = (native.run)(&mut ctx, args);
    stop::tripped()?;
    result
}

/// Calls any function value with the arguments in scratch. `dst`: register for the result, `None` for a tail call.
fn invoke(world: &mut World, process: &mut Process, callee: &Value, dst: Option<u16>) -> Result<Invoked, Trap> {
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
    // A callback of several parameters gets the elements of a tuple.
    if process.scratch.len() == 1
        && wanted >= 2
        && let Value::Tuple(items) = &process.scratch[0]
        && items.len() == wanted
    {
        let items = items.clone();
        process.scratch.clear();
        process.scratch.extend(items.iter().cloned());
    }
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
            let ret = match dst {
                Some(_) if process.is_full(world.limits.max_frames) => {
                    process.scratch.clear();
                    return Err(Raise::StackOverflow.into());
                }
                Some(dst) => Ret::Register(dst),
                None => {
                    let ret = process.frames.last().map_or(Ret::Discard, |frame| frame.ret);
                    process.pop_frame();
                    ret
                }
            };
            process.push_scratch(entry, ret, Some(function.clone()));
            Ok(Invoked::Entered)
        }
        Value::Constructor(ctor) => {
            let fields = process.scratch.drain(..).collect();
            Ok(Invoked::Value(if reactive::is_reactive(ctor) {
                reactive::construct(world, ctor, fields)
            } else {
                Value::data(Rc::clone(ctor), fields)
            }))
        }
        Value::Native(native) => {
            let mut args = std::mem::take(&mut process.scratch);
            let result = call_native(world, process, native, &mut args);
            args.clear();
            process.scratch = args;
            result.map(Invoked::Value)
        }
        other => Err(type_error("Function", other)),
    }
}

/// Opens a frame for a callback whose result nobody wants; it runs before the topmost frame goes on.
pub(crate) fn push_callback(process: &mut Process, callee: &Value, args: Vec<Value>) {
    if let Value::Closure(function) = callee {
        let meta = function.meta();
        let entry = &meta.unit.entries[usize::from(meta.body)];
        process.scratch = args;
        let wanted = usize::from(entry.params);
        if process.scratch.len() == 1
            && wanted >= 2
            && let Value::Tuple(items) = &process.scratch[0]
            && items.len() == wanted
        {
            let items = items.clone();
            process.scratch.clear();
            process.scratch.extend(items.iter().cloned());
        }
        process.scratch.truncate(wanted);
        process.push_scratch(entry, Ret::Discard, Some(function.clone()));
    }
}

/// Closes the topmost frame with a result. `Some`: it was the last one.
fn leave(world: &mut World, process: &mut Process, value: Value) -> Option<Value> {
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

/// Opens the frame of an initialiser; the instruction before `pc` runs again afterwards.
fn initialise(world: &World, process: &mut Process, callee: *const Entry, ret: Ret, pc: u32) -> Result<(), Trap> {
    // SAFETY: entries live as long as the machine.
    if unsafe { (*callee).params } != 0 {
        return Err(wrong_arguments(callee, 0));
    }
    if process.is_full(world.limits.max_frames) {
        return Err(Raise::StackOverflow.into());
    }
    if let Some(frame) = process.frames.last_mut() {
        frame.pc = pc - 1;
    }
    process.scratch.clear();
    process.push_scratch(callee, ret, None);
    Ok(())
}

/// What an mvar gives and takes: typed arrays have identity and are copied.
pub(crate) fn snapshot(value: &Value) -> Value {
    match value {
        Value::Array(array) => array.copy(),
        other => other.clone(),
    }
}

#[cold]
fn link_call(world: &mut World, unit: &Unit, symbol: u16) -> Result<*const Entry, Trap> {
    let entry = world.entry(&unit.chunk.symbols[usize::from(symbol)])?;
    unit.calls[usize::from(symbol)].set(entry);
    Ok(entry)
}

/// Another reference to the unit of an entry.
fn unit_rc(entry: &Entry) -> Rc<Unit> {
    let unit = entry.unit.get();
    // SAFETY: `Unit::link` got the address from `Rc::as_ptr`, so it reaches the count as well, which a reference to the
    // unit would not; and the unit is alive, because one of its bodies runs.
    unsafe {
        Rc::increment_strong_count(unit);
        Rc::from_raw(unit)
    }
}

/// The function of a method site for these arguments: from its cache, or by the rules.
#[inline]
fn find_target(world: &mut World, unit: &Unit, site: usize, args: &[Value]) -> Result<Option<SiteTarget>, Trap> {
    let cache = &unit.sites[site];
    if cache.looks_at > 2 {
        return world.resolve_site(unit, site, args);
    }
    let key = |index: usize| if cache.looks_at > index { args.get(index).map_or(0, head_key) } else { 0 };
    let key = [(key(0) << 8) | args.len() as u64 & 0xff, key(1)];
    if let Some((known, target)) = cache.last.get()
        && known == key
    {
        return Ok(Some(target));
    }
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

/// The function in the field that a method site falls back to.
fn method_field(unit: &Unit, site: usize, args: &[Value]) -> Result<Value, Trap> {
    let def = &unit.chunk.sites[site];
    let Some(receiver) = args.first() else {
        return Err(Raise::Type(format!("expected arguments for {}", def.name)).into());
    };
    if def.field_fallback
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

/// Place of a field by name.
pub(crate) fn field_place(value: &Value, name: &str) -> Option<usize> {
    match value {
        Value::Data(fields) => fields.meta().def.fields.iter().position(|field| field == name),
        Value::Reactive(object) => object.ctor.borrow().def.fields.iter().position(|field| field == name),
        _ => None,
    }
}

fn set_field(slot: &mut Value, index: usize, value: Value) -> Result<(), Trap> {
    let Value::Data(fields) = slot else { return Err(no_field(slot)) };
    if index >= fields.len() {
        return Err(no_field(slot));
    }
    if let Some(own) = fields.get_mut() {
        own[index] = value;
        return Ok(());
    }
    let mut copy = fields.to_vec();
    copy[index] = value;
    *slot = Value::data(Rc::clone(fields.meta()), copy);
    Ok(())
}

#[inline]
fn tag_of(value: &Value) -> Option<u16> {
    match value {
        Value::Data(data) => Some(data.meta().def.index),
        Value::Reactive(object) => Some(object.ctor.borrow().def.index),
        _ => None,
    }
}

/// `a ++ b`.
pub(crate) fn concat(world: &World, a: Value, b: Value) -> Result<Value, Trap> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            world.room(a.len() + b.len())?;
            Ok(Value::Str(if a.is_empty() { b } else { a.append(&b)? }))
        }
        (Value::List(n, a), Value::List(m, b)) => {
            let (a, b) = (List { buf: a, len: n }, List { buf: b, len: m });
            if n == 0 {
                return Ok(b.into());
            }
            if m == 0 {
                return Ok(a.into());
            }
            world.room((n as usize + m as usize) * size_of::<Value>())?;
            if n < m / 8 {
                // Few in front of many: share the tail.
                return Ok(a.into_reversed().into_iter().fold(b, List::cons).into());
            }
            let mut items = b.into_reversed();
            items.extend(a.into_reversed());
            Ok(List::from_reversed(items).into())
        }
        (Value::Str(_), other) => Err(type_error("String", &other)),
        (Value::List(..), other) => Err(type_error("List", &other)),
        (other, _) => Err(type_error("String or List", &other)),
    }
}

/// `obj[key]`.
pub(crate) fn index(obj: &Value, key: &Value) -> Result<Value, Trap> {
    if let Value::Map(map) = obj {
        return Ok(map.get(key).cloned().unwrap_or_default());
    }
    if let Value::Set(set) = obj {
        return Ok(Value::Bool(set.contains(key)));
    }
    let Value::Int(at) = *key else { return Err(type_error("Int", key)) };
    let place = usize::try_from(at).ok();
    let item = match obj {
        Value::List(..) => obj.as_list().and_then(|list| list.get(place?)).cloned(),
        Value::Tuple(items) => place.and_then(|place| items.get(place)).cloned(),
        Value::Array(array) => place.and_then(|place| array.get(place)),
        Value::Str(text) => {
            let found = place.and_then(|place| {
                if text.is_ascii() {
                    text.get(place..place + 1).map(Str::from)
                } else {
                    text.chars().nth(place).map(|char| Str::from(char.to_string()))
                }
            });
            return found
                .map(Value::Str)
                .ok_or_else(|| panic(format!("Index {at} out of bounds for string of length {}", text.chars_len())));
        }
        other => return Err(type_error("List, Tuple, String, Map, Set or Array", other)),
    };
    item.ok_or_else(|| out_of_bounds(at))
}

/// `obj[key] = value`.
fn set_index(slot: &mut Value, key: Value, value: Value) -> Result<(), Trap> {
    if let Value::Map(map) = slot {
        check_key(&key)?;
        let old = Rc::make_mut(map).0.insert(Key::new(key), value);
        drop(old);
        return Ok(());
    }
    let Value::Int(at) = key else { return Err(type_error("Int", &key)) };
    match slot {
        Value::List(len, _) => {
            let place = usize::try_from(at).ok().filter(|place| *place < *len as usize);
            let Some(place) = place else { return Err(out_of_bounds(at)) };
            if let Value::List(len, buf) = std::mem::take(slot) {
                *slot = List { buf, len }.with(place, value).into();
            }
            Ok(())
        }
        Value::Array(array) => set_array(array, at, &value),
        other => Err(type_error("List, Map or Array", other)),
    }
}

/// Element of a typed array, in place.
pub(crate) fn set_array(array: &ArrayObj, at: i64, value: &Value) -> Result<(), Trap> {
    let place = usize::try_from(at).unwrap_or(usize::MAX);
    match (array, value) {
        (ArrayObj::Int64(items), Value::Int(value)) => match items.borrow_mut().get_mut(place) {
            Some(slot) => *slot = *value,
            None => return Err(out_of_bounds(at)),
        },
        (ArrayObj::Float64(items), Value::Float(value)) => match items.borrow_mut().get_mut(place) {
            Some(slot) => *slot = *value,
            None => return Err(out_of_bounds(at)),
        },
        (ArrayObj::Float32(items), Value::Float(_) | Value::Float32(_)) => {
            let value = number::to_float32(value)?;
            match items.borrow_mut().get_mut(place) {
                Some(slot) => *slot = value,
                None => return Err(out_of_bounds(at)),
            }
        }
        (ArrayObj::Int64(_), other) => return Err(type_error("Int", other)),
        (_, other) => return Err(type_error("Float", other)),
    }
    Ok(())
}

#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "true with NaN")]
fn not_less(a: &f64, b: &f64) -> bool {
    !(a < b)
}

#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "true with NaN")]
fn not_less_equal(a: &f64, b: &f64) -> bool {
    !(a <= b)
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

#[cold]
fn no_field(value: &Value) -> Trap {
    type_error("a record with this field", value)
}

#[cold]
fn no_captures() -> Trap {
    Raise::Type("expected a closure, got a function without captures".to_owned()).into()
}

#[cold]
fn wrong_arguments(callee: *const Entry, got: usize) -> Trap {
    // SAFETY: entries and their bodies live as long as the machine.
    let (name, params) = unsafe { (&(*(*callee).body).name, (*callee).params) };
    Raise::Type(format!("Wrong number of arguments for {name}: expected {params}, got {got}")).into()
}

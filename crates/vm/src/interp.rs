//! The interpreter: runs one process until it ends, waits or has used up its turn.
//!
//! Input: a [`Process`] with at least one frame. Output: [`Exit`]; unless the process ended, it can be run again.
//!
//! Two functions know the instructions. The loop here has what programs do all the time, for the operands that they
//! nearly always have, and almost no calls, so that its few variables stay in registers of the processor. Whatever
//! else an instruction may be or find, all failures included, is for [`step`].
//!
//! Invariants the unsafe code relies on:
//!
//! - chunks passed the verifier, so register, table and jump operands are in bounds of the running body;
//! - `regs` points at the registers of the topmost frame. Everything that may move the stack (opening a frame) or
//!   change the topmost frame goes on at `'frame`, where all pointers are read again;
//! - entries and units live as long as a frame or a call cache points at them (`World::drop_retired`).

mod call;
mod element;
mod step;

use std::rc::Rc;

use bytecode::Instr;

pub(crate) use self::call::push_callback;
use self::call::{call_native, find_target, make_closure, resume, settle};
pub(crate) use self::element::{concat, index, set_array, snapshot};
use self::step::{Next, step};
use crate::block::Block;
use crate::failure::{Failure, Raise, Trap};
use crate::link::{Entry, SiteTarget, Unit};
use crate::list::List;
use crate::machine::{QUANTUM, World};
use crate::process::{Process, Ret};
use crate::reactive;
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

pub(crate) fn run(world: &mut World, process: &mut Process) -> Exit {
    let mut fuel = QUANTUM;
    loop {
        let resumed = if process.answer.is_some() { resume(world, process) } else { Ok(None) };
        let ran = match resumed {
            Ok(Some(exit)) => Ok(exit),
            Ok(None) => run_frames(world, process, &mut fuel),
            Err(trap) => Err(trap),
        };
        let trap = match ran {
            Ok(exit) => {
                world.steps += (QUANTUM - fuel).max(0) as u64;
                return exit;
            }
            Err(Trap::Raise(raise)) => process.failure(*raise),
            // Natives that wait or call back are handled where they are called.
            Err(Trap::Sleep(_) | Trap::Beside(_) | Trap::Callbacks(_)) => {
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
        // SAFETY: entries and units live as long as a frame points at them.
        let entry: &Entry = unsafe { &*frame.entry };
        // SAFETY: as above.
        let unit: &Unit = unsafe { &*entry.unit.get() };
        let code = entry.code;
        let base = frame.base as usize;
        // SAFETY: a frame's place lies inside its code: the verifier proved each target, and that the end is not
        // reached.
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

        macro_rules! save {
            () => {
                if let Some(frame) = process.frames.last_mut() {
                    // SAFETY: both point into the code of the running body.
                    frame.pc = unsafe { ip.offset_from(code) as u32 };
                }
            };
        }
        // SAFETY of the seven: the verifier proved the operand to be below the number of registers.
        macro_rules! reg {
            ($r:expr) => {
                unsafe { &*regs.add($r as usize) }
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
        macro_rules! set_bool {
            ($r:expr, $value:expr) => {{
                let value: bool = $value;
                unsafe { raw::set_bool(regs.add($r as usize), value) };
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
        // A clone of a value that lies anywhere: it is taken before the destination dies, which may own it.
        macro_rules! set_clone {
            ($r:expr, $from:expr) => {{
                let from: &Value = $from;
                unsafe { raw::put(regs.add($r as usize), raw::cloned(from)) };
            }};
        }
        // Moves a value and leaves `()`; a source that is its own destination is the caller's business.
        macro_rules! move_to {
            ($from:expr, $to:expr) => {
                unsafe {
                    let (from, to): (*mut Value, *mut Value) = ($from, $to);
                    raw::discard(to);
                    raw::copy(from, to);
                    from.write(Value::Unit);
                }
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
        // Drops what registers hold.
        macro_rules! clear {
            ($window:expr) => {
                for slot in $window {
                    if slot.is_heap() {
                        *slot = Value::Unit;
                    }
                }
            };
        }
        // A jump back; besides calls the only place where a turn ends.
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

        'instr: loop {
            // SAFETY: the verifier proved that control stays inside the code.
            let instr: &Instr = unsafe { &*ip };
            // SAFETY: as above.
            ip = unsafe { ip.add(1) };
            let next = 'out: {
                'slow: {
                    macro_rules! int_op {
                        ($dst:expr, $a:expr, $b:expr, $f:ident) => {{
                            let (Value::Int(a), Value::Int(b)) = (reg!($a), reg!($b)) else { break 'slow };
                            set_int!($dst, a.$f(*b));
                        }};
                    }
                    macro_rules! div_op {
                        ($dst:expr, $a:expr, $b:expr, $f:ident) => {{
                            let (Value::Int(a), Value::Int(b @ (..=-1 | 1..))) = (reg!($a), reg!($b)) else {
                                break 'slow;
                            };
                            set_int!($dst, a.$f(*b));
                        }};
                    }
                    macro_rules! imm_op {
                        ($dst:expr, $a:expr, $imm:expr, $f:ident) => {{
                            let Value::Int(a) = reg!($a) else { break 'slow };
                            set_int!($dst, a.$f(i64::from($imm)));
                        }};
                    }
                    macro_rules! float_op {
                        ($dst:expr, $a:expr, $b:expr, $op:tt) => {{
                            let (Value::Float(a), Value::Float(b)) = (reg!($a), reg!($b)) else { break 'slow };
                            set_float!($dst, a $op b);
                        }};
                    }
                    macro_rules! arith {
                        ($dst:expr, $a:expr, $b:expr, $int:ident, $float:tt) => {
                            match (reg!($a), reg!($b)) {
                                (Value::Int(a), Value::Int(b)) => set_int!($dst, a.$int(*b)),
                                (Value::Float(a), Value::Float(b)) => set_float!($dst, a $float b),
                                _ => break 'slow,
                            }
                        };
                    }
                    macro_rules! same_kind {
                        ($dst:expr, $a:expr, $b:expr, $kind:ident, $op:tt) => {{
                            let (Value::$kind(a), Value::$kind(b)) = (reg!($a), reg!($b)) else { break 'slow };
                            set_bool!($dst, a $op b);
                        }};
                    }
                    macro_rules! int_test {
                        ($a:expr, $b:expr, $op:tt, $offset:expr) => {{
                            let (Value::Int(a), Value::Int(b)) = (reg!($a), reg!($b)) else { break 'slow };
                            if a $op b {
                                jump_by!($offset);
                            }
                        }};
                    }
                    macro_rules! imm_test {
                        ($a:expr, $imm:expr, $op:tt, $offset:expr) => {{
                            let Value::Int(a) = reg!($a) else { break 'slow };
                            if *a $op i64::from($imm) {
                                jump_by!($offset);
                            }
                        }};
                    }
                    macro_rules! float_test {
                        ($a:expr, $b:expr, $wanted:expr, $op:tt, $offset:expr) => {{
                            let (Value::Float(a), Value::Float(b)) = (reg!($a), reg!($b)) else { break 'slow };
                            if (a $op b) == $wanted {
                                jump_by!($offset);
                            }
                        }};
                    }
                    // A test of values of any kind.
                    macro_rules! any_test {
                        ($a:expr, $b:expr, $wanted:expr, $op:tt, $offset:expr $(, $bool:ident)?) => {{
                            let holds = match (reg!($a), reg!($b)) {
                                (Value::Int(a), Value::Int(b)) => a $op b,
                                (Value::Float(a), Value::Float(b)) => a $op b,
                                $((Value::$bool(a), Value::$bool(b)) => a $op b,)?
                                _ => break 'slow,
                            };
                            if holds == $wanted {
                                jump_by!($offset);
                            }
                        }};
                    }
                    // Opens a frame for `callee` with the window as arguments.
                    macro_rules! enter {
                        ($callee:expr, $argc:expr, $args:expr, $dst:expr, $closure:expr) => {{
                            let callee: *const Entry = $callee;
                            // SAFETY: the caller has it from a cache of the running unit, which is emptied before
                            // entries go, or from a closure, which keeps its unit.
                            let (params, registers) = unsafe { ((*callee).params, (*callee).registers) };
                            let new_base = base + usize::from(entry.registers);
                            if params != u16::from($argc)
                                || process.frames.len() >= world.limits.max_frames
                                || !process.reserve(new_base + usize::from(registers))
                            {
                                break 'slow;
                            }
                            save!();
                            // SAFETY: both windows are inside the reserved stack and do not overlap, because the
                            // arguments end before the caller's registers do. Slots above the top hold nothing that
                            // needs dropping, and what was moved out is overwritten without dropping.
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
                            // SAFETY: the caller has it from a cache of the running unit, which is emptied before
                            // entries go, or from a closure, which keeps its unit.
                            let (params, registers) = unsafe { ((*callee).params, (*callee).registers) };
                            if params != u16::from($argc) || !process.reserve(base + usize::from(registers)) {
                                break 'slow;
                            }
                            let closure: Option<Block<FunctionMeta>> = $closure;
                            // SAFETY: as for `regs` of the frame, which may have moved.
                            let regs = unsafe { process.stack.as_mut_ptr().add(base) };
                            let argc = usize::from($argc);
                            let first = usize::from($args);
                            // Arguments go down to the first registers; what is overwritten dies, what is left is
                            // cleared.
                            if first > 0 {
                                for index in 0..argc {
                                    // SAFETY: registers of this frame; `first > 0`, so the two differ.
                                    move_to!(regs.add(first + index), regs.add(index));
                                }
                            }
                            for index in argc..usize::from(entry.registers) {
                                // SAFETY: registers of this frame.
                                unsafe {
                                    let slot = regs.add(index);
                                    if raw::is_heap(slot) {
                                        raw::discard(slot);
                                        slot.write(Value::Unit);
                                    }
                                }
                            }
                            if let Some(frame) = process.frames.last_mut() {
                                frame.entry = callee;
                                frame.pc = 0;
                                frame.closure = closure;
                            }
                            continue 'frame;
                        }};
                    }

                    // Operands are read where they are used: read before the branch they would take the registers
                    // that this loop needs.
                    match *instr {
                        Instr::Nop => {}
                        Instr::Move { dst, src } => set_clone!(dst, reg!(src)),
                        Instr::Take { dst, src } => {
                            if dst != src {
                                // SAFETY: two registers of this frame.
                                move_to!(regs.add(usize::from(src)), regs.add(usize::from(dst)));
                            }
                        }
                        Instr::LoadUnit { dst } => set!(dst, Value::Unit),
                        Instr::LoadBool { dst, value } => set_bool!(dst, value),
                        Instr::LoadInt { dst, value } => set_int!(dst, i64::from(value)),
                        Instr::LoadConst { dst, constant } => set_clone!(dst, &unit.constants[usize::from(constant)]),
                        Instr::LoadCapture { dst, index } => {
                            let Some(value) = process.captured(index) else { break 'slow };
                            set_clone!(dst, value);
                        }

                        Instr::MakeClosure { dst, body } => {
                            let closure = make_closure(process, entry, body);
                            set!(dst, closure);
                        }
                        Instr::CellGet { dst, cell } => {
                            let Value::Cell(cell) = reg!(cell) else { break 'slow };
                            let value = cell.get();
                            set!(dst, value);
                        }
                        Instr::CellSet { cell, src } => {
                            let Value::Cell(cell) = reg!(cell) else { break 'slow };
                            CellObj::assign(cell, reg!(src).clone());
                        }
                        Instr::CaptureCellGet { dst, index } => {
                            let Some(Value::Cell(cell)) = process.captured(index) else { break 'slow };
                            let value = cell.get();
                            set!(dst, value);
                        }
                        Instr::CaptureCellSet { index, src } => {
                            let Some(Value::Cell(cell)) = process.captured(index) else { break 'slow };
                            CellObj::assign(cell, reg!(src).clone());
                        }

                        Instr::AddInt { dst, a, b } => int_op!(dst, a, b, wrapping_add),
                        Instr::SubInt { dst, a, b } => int_op!(dst, a, b, wrapping_sub),
                        Instr::MulInt { dst, a, b } => int_op!(dst, a, b, wrapping_mul),
                        Instr::DivInt { dst, a, b } => div_op!(dst, a, b, wrapping_div),
                        Instr::RemInt { dst, a, b } => div_op!(dst, a, b, wrapping_rem),
                        Instr::AddIntImm { dst, a, imm } => imm_op!(dst, a, imm, wrapping_add),
                        Instr::MulIntImm { dst, a, imm } => imm_op!(dst, a, imm, wrapping_mul),
                        Instr::DivIntImm { dst, a, imm } => imm_op!(dst, a, imm, wrapping_div),
                        Instr::RemIntImm { dst, a, imm } => imm_op!(dst, a, imm, wrapping_rem),
                        Instr::AddFloat { dst, a, b } => float_op!(dst, a, b, +),
                        Instr::SubFloat { dst, a, b } => float_op!(dst, a, b, -),
                        Instr::MulFloat { dst, a, b } => float_op!(dst, a, b, *),
                        Instr::DivFloat { dst, a, b } => float_op!(dst, a, b, /),
                        Instr::Add { dst, a, b } => arith!(dst, a, b, wrapping_add, +),
                        Instr::Sub { dst, a, b } => arith!(dst, a, b, wrapping_sub, -),
                        Instr::Mul { dst, a, b } => arith!(dst, a, b, wrapping_mul, *),
                        Instr::Not { dst, src } => {
                            let Value::Bool(value) = reg!(src) else { break 'slow };
                            set_bool!(dst, !value);
                        }
                        Instr::IntToFloat { dst, src } => {
                            let Value::Int(value) = reg!(src) else { break 'slow };
                            set_float!(dst, *value as f64);
                        }

                        Instr::EqInt { dst, a, b } => same_kind!(dst, a, b, Int, ==),
                        Instr::LtInt { dst, a, b } => same_kind!(dst, a, b, Int, <),
                        Instr::LeInt { dst, a, b } => same_kind!(dst, a, b, Int, <=),
                        Instr::LtFloat { dst, a, b } => same_kind!(dst, a, b, Float, <),
                        Instr::LeFloat { dst, a, b } => same_kind!(dst, a, b, Float, <=),

                        Instr::Jump { target } => jump_to!(target),
                        Instr::JumpIf { cond, target } => match reg!(cond) {
                            Value::Bool(true) => jump_to!(target),
                            Value::Bool(false) => {}
                            _ => break 'slow,
                        },
                        Instr::JumpIfNot { cond, target } => match reg!(cond) {
                            Value::Bool(true) => {}
                            Value::Bool(false) => jump_to!(target),
                            _ => break 'slow,
                        },
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
                        Instr::JumpLtFloat { a, b, offset } => float_test!(a, b, true, <, offset),
                        Instr::JumpNotLtFloat { a, b, offset } => float_test!(a, b, false, <, offset),
                        Instr::JumpLeFloat { a, b, offset } => float_test!(a, b, true, <=, offset),
                        Instr::JumpNotLeFloat { a, b, offset } => float_test!(a, b, false, <=, offset),
                        Instr::JumpEq { a, b, offset } => any_test!(a, b, true, ==, offset, Bool),
                        Instr::JumpNe { a, b, offset } => any_test!(a, b, false, ==, offset, Bool),
                        Instr::JumpLt { a, b, offset } => any_test!(a, b, true, <, offset),
                        Instr::JumpNotLt { a, b, offset } => any_test!(a, b, false, <, offset),
                        Instr::JumpLe { a, b, offset } => any_test!(a, b, true, <=, offset),
                        Instr::JumpNotLe { a, b, offset } => any_test!(a, b, false, <=, offset),
                        Instr::ForLoop { counter, limit, offset } => {
                            let (Value::Int(value), Value::Int(limit)) = (reg!(counter), reg!(limit)) else {
                                break 'slow;
                            };
                            let next = value.wrapping_add(1);
                            let again = next < *limit;
                            set_int!(counter, next);
                            if again {
                                jump_by!(offset);
                            }
                        }
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
                            let Value::Data(data) = reg!(src) else { break 'slow };
                            let table = &unit.chunk.tables[usize::from(table)];
                            let target = table.targets.get(usize::from(data.meta().def.index));
                            jump_to!(target.copied().unwrap_or(table.default));
                        }

                        Instr::Call { argc, dst, symbol, args } => {
                            // SAFETY: one cell for each symbol, and the verifier proved the index.
                            let callee = unsafe { unit.calls.get_unchecked(usize::from(symbol)) }.get();
                            if callee.is_null() {
                                break 'slow;
                            }
                            enter!(callee, argc, args, dst, None);
                        }
                        Instr::TailCall { argc, symbol, args } => {
                            // SAFETY: one cell for each symbol, and the verifier proved the index.
                            let callee = unsafe { unit.calls.get_unchecked(usize::from(symbol)) }.get();
                            if callee.is_null() {
                                break 'slow;
                            }
                            tail_enter!(callee, argc, args, None);
                        }
                        Instr::CallValue { argc, dst, callee, args } => {
                            let Value::Closure(closure) = reg!(callee) else { break 'slow };
                            // Before the stack moves, and its register with it.
                            let closure = closure.clone();
                            let meta = closure.meta();
                            let target = &raw const meta.unit.entries[usize::from(meta.body)];
                            enter!(target, argc, args, dst, Some(closure));
                        }
                        Instr::TailCallValue { argc, callee, args } => {
                            let Value::Closure(closure) = reg!(callee) else { break 'slow };
                            let closure = closure.clone();
                            let meta = closure.meta();
                            let target = &raw const meta.unit.entries[usize::from(meta.body)];
                            tail_enter!(target, argc, args, Some(closure));
                        }
                        Instr::CallNative { argc, dst, native, args } => {
                            let native = unit.natives[usize::from(native)];
                            save!();
                            match call_native(world, process, native, window!(args, argc)) {
                                Ok(value) => set!(dst, value),
                                result => break 'out settle(world, process, result, Some(dst)),
                            }
                        }
                        Instr::CallMethod { argc, dst, site, args } => {
                            match find_target(unit, usize::from(site), window!(args, argc)) {
                                Some(SiteTarget::Function(callee)) => enter!(callee, argc, args, dst, None),
                                _ => break 'slow,
                            }
                        }
                        Instr::TailCallMethod { argc, site, args } => {
                            match find_target(unit, usize::from(site), window!(args, argc)) {
                                Some(SiteTarget::Function(callee)) => tail_enter!(callee, argc, args, None),
                                _ => break 'slow,
                            }
                        }
                        Instr::Return { src } => {
                            let depth = process.frames.len();
                            if depth < 2 {
                                break 'slow;
                            }
                            let Ret::Register(dst) = process.frames[depth - 1].ret else { break 'slow };
                            let caller_base = process.frames[depth - 2].base as usize;
                            // SAFETY: `src` is a register of this frame; the verifier proved `dst` to be one of the
                            // caller's, which lies below.
                            move_to!(
                                regs.add(usize::from(src)),
                                process.stack.as_mut_ptr().add(caller_base + usize::from(dst))
                            );
                            clear!(window!(0, entry.registers));
                            process.drop_frame();
                            continue 'frame;
                        }

                        Instr::MakeTuple { dst, start, count } => {
                            let tuple = Block::new((), usize::from(count), take_window!(start, count));
                            set!(dst, Value::Tuple(tuple));
                        }
                        Instr::TupleGet { dst, src, index } => {
                            let Value::Tuple(items) = reg!(src) else { break 'slow };
                            let Some(item) = items.get(usize::from(index)) else { break 'slow };
                            set_clone!(dst, item);
                        }
                        Instr::Cons { dst, head, tail } => {
                            let Value::List(len, buf) = reg!(tail) else { break 'slow };
                            let len = *len;
                            let first = reg!(head).clone();
                            let buf = if dst == tail {
                                // SAFETY: the buffer moves out of a register of this frame, which is written over
                                // without dropping.
                                unsafe {
                                    let buf = std::ptr::read(buf);
                                    regs.add(usize::from(tail)).write(Value::Unit);
                                    buf
                                }
                            } else {
                                buf.clone()
                            };
                            let list = List { buf, len }.cons(first);
                            // SAFETY: a register of this frame.
                            unsafe { raw::set_list(regs.add(usize::from(dst)), list) };
                        }
                        Instr::ListHead { dst, src } => {
                            let Some(head) = reg!(src).as_list().and_then(|list| list.head()) else { break 'slow };
                            set_clone!(dst, head);
                        }
                        Instr::ListGet { dst, src, index } => {
                            let item = reg!(src).as_list().and_then(|list| list.get(usize::from(index)));
                            let Some(item) = item else { break 'slow };
                            set_clone!(dst, item);
                        }
                        Instr::Index { dst, obj, key } => {
                            let Value::Int(place) = reg!(key) else { break 'slow };
                            let place = usize::try_from(*place).unwrap_or(usize::MAX);
                            match reg!(obj) {
                                list @ Value::List(..) => {
                                    let item = list.as_list().and_then(|list| list.get(place));
                                    let Some(item) = item else { break 'slow };
                                    set_clone!(dst, item);
                                }
                                Value::Array(array) => match &**array {
                                    ArrayObj::Float64(items) => {
                                        let item = items.borrow().get(place).copied();
                                        let Some(item) = item else { break 'slow };
                                        set_float!(dst, item);
                                    }
                                    ArrayObj::Int64(items) => {
                                        let item = items.borrow().get(place).copied();
                                        let Some(item) = item else { break 'slow };
                                        set_int!(dst, item);
                                    }
                                    ArrayObj::Float32(_) => break 'slow,
                                },
                                _ => break 'slow,
                            }
                        }
                        Instr::Construct { dst, ctor, start } => {
                            let ctor = &unit.ctors[usize::from(ctor)];
                            let len = ctor.def.fields.len();
                            if len == 0 || reactive::is_reactive(ctor) {
                                break 'slow;
                            }
                            set!(dst, Value::Data(Block::new(Rc::clone(ctor), len, take_window!(start, len))));
                        }
                        Instr::GetField { dst, obj, index } => {
                            let Value::Data(fields) = reg!(obj) else { break 'slow };
                            let Some(value) = fields.get(usize::from(index)) else { break 'slow };
                            set_clone!(dst, value);
                        }

                        Instr::JumpNotTag { src, tag, offset } => {
                            let Value::Data(data) = reg!(src) else { break 'slow };
                            if data.meta().def.index != tag {
                                jump_by!(offset);
                            }
                        }
                        Instr::JumpNotCtor { src, ctor, offset } => {
                            let Value::Data(data) = reg!(src) else { break 'slow };
                            let ctor = &unit.ctors[usize::from(ctor)];
                            let own = data.meta();
                            if !Rc::ptr_eq(own, ctor)
                                && (own.type_id != ctor.type_id || own.def.index != ctor.def.index)
                            {
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
                                // SAFETY: `head` and `head + 1` are registers of this frame. The element is copied
                                // before its list may die, and a list with a buffer is not empty.
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
                        Instr::TakeCons { src, head, offset } => {
                            if let Value::List(len, Some(buf)) = reg!(src) {
                                let len = *len;
                                // SAFETY: as above; the list moves out of `src`, which is written over without
                                // dropping and may be one of the two.
                                unsafe {
                                    let buf = std::ptr::read(buf);
                                    regs.add(usize::from(src)).write(Value::Unit);
                                    let first = raw::cloned(buf.at(len - 1));
                                    let rest = List { buf: Some(buf), len }.drop_front(1);
                                    raw::put(regs.add(usize::from(head)), first);
                                    raw::set_list(regs.add(usize::from(head) + 1), rest);
                                }
                            } else {
                                jump_by!(offset);
                            }
                        }
                        _ => break 'slow,
                    }
                    continue 'instr;
                }
                save!();
                step(world, process, instr)
            };
            match next {
                Ok(Next::On) => {}
                Ok(Next::By(offset)) => jump_by!(offset),
                Ok(Next::To(target)) => jump_to!(target),
                // The place is in the frame: at this instruction, at the one behind it, or in another frame.
                Ok(Next::Frame) => continue 'frame,
                Ok(Next::Exit(exit)) => return Ok(exit),
                Err(trap) => return Err(trap),
            }
        }
    }
}

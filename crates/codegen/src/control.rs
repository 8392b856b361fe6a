//! Control flow: conditions, loops, jumps out of regions, `try`, processes.
//!
//! Regions (`try`, atomic) are closed on every way out. A `finally` block is written once: each way through it leaves a
//! number in a register, and the code behind the block goes on by that number. So the size of the code is linear in
//! the size of the program, however deeply such blocks are nested.

use bytecode::Instr;
use hir::body::{Arm, BinaryOp, Expr, ExprId, Literal, LocalId, UnaryOp};
use types::Builtin;

use crate::{
    emit::{Label, Reg},
    lower::{Dest, Gen},
    pattern::{NoArm, Static},
};

/// A region that is open at a place of the code, innermost last.
#[derive(Debug)]
pub(crate) enum Region {
    /// `AtomicEnter` without its `AtomicLeave`.
    Atomic,
    /// A try region without `finally`.
    Try,
    /// A try region whose `finally` block must run on the way out.
    Finally(Finally),
}

/// The ways through a `finally` block so far.
#[derive(Debug)]
pub(crate) struct Finally {
    block: Label,
    /// Register of the number of the way; way 0 is the normal end, way 1 a failure.
    way: Reg,
    exits: Vec<Exit>,
}

/// Ways out of a region other than its end and failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Return,
    Break(usize),
    Continue(usize),
}

/// A loop around a place of the code, innermost last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    on_break: Label,
    on_continue: Label,
    /// Register of the value of `break`.
    result: Option<Reg>,
    /// Number of regions open around the loop.
    regions: usize,
}

const NORMAL: i32 = 0;
const FAILED: i32 = 1;
const FIRST_EXIT: i32 = 2;

impl Gen<'_> {
    // --- conditions ---

    /// Goes to `target` if the condition is `when`, else on.
    pub(crate) fn branch(&mut self, condition: ExprId, target: Label, when: bool) {
        match self.expr_of(condition) {
            Expr::Literal(Literal::Bool(value)) => {
                if *value == when {
                    self.code().goto(target);
                }
                return;
            }
            Expr::Unary { op: UnaryOp::Not, operand } => return self.branch(*operand, target, !when),
            Expr::And(left, right) | Expr::Or(left, right) => {
                let is_and = matches!(self.expr_of(condition), Expr::And(..));
                if is_and == when {
                    let skip = self.code().label();
                    self.branch(*left, skip, !when);
                    self.branch(*right, target, when);
                    self.code().bind_if_used(skip);
                } else {
                    self.branch(*left, target, when);
                    self.branch(*right, target, when);
                }
                return;
            }
            Expr::Binary { op, left, right }
                if !self.input.inference.calls.contains_key(&condition)
                    && self.branch_comparison(condition, *op, *left, *right, target, when) =>
            {
                return;
            }
            _ => {}
        }
        let mark = self.code().mark();
        let cond = self.operand(condition);
        self.at(condition);
        let instr = match when {
            true => Instr::JumpIf { cond, target: 0 },
            false => Instr::JumpIfNot { cond, target: 0 },
        };
        self.code().jump(instr, target);
        self.code().release(mark);
    }

    /// A comparison and its jump in one instruction; `false` if the operator is no comparison.
    fn branch_comparison(
        &mut self,
        expr: ExprId,
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        target: Label,
        when: bool,
    ) -> bool {
        if !matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge) {
            return false;
        }
        let mark = self.code().mark();
        let instr = if self.is(left, Builtin::Int) && self.is(right, Builtin::Int) {
            let op = if when { op } else { negate(op) };
            match (self.small_int(left), self.small_int(right)) {
                (_, Some(imm)) => {
                    let a = self.operand(left);
                    int_jump_imm(op, a, imm)
                }
                (Some(imm), None) => {
                    let a = self.operand(right);
                    int_jump_imm(mirror(op), a, imm)
                }
                (None, None) => {
                    let (a, b) = self.operands(left, right);
                    match op {
                        BinaryOp::Eq => Instr::JumpEqInt { a, b, offset: 0 },
                        BinaryOp::Ne => Instr::JumpNeInt { a, b, offset: 0 },
                        BinaryOp::Lt => Instr::JumpLtInt { a, b, offset: 0 },
                        BinaryOp::Le => Instr::JumpLeInt { a, b, offset: 0 },
                        BinaryOp::Gt => Instr::JumpLtInt { a: b, b: a, offset: 0 },
                        _ => Instr::JumpLeInt { a: b, b: a, offset: 0 },
                    }
                }
            }
        } else {
            let float = self.is(left, Builtin::Float) && self.is(right, Builtin::Float);
            let (left, right) = self.operands(left, right);
            // `a > b` is `b < a`; NaN makes the negation of a comparison different from its opposite.
            let (a, b) = if matches!(op, BinaryOp::Gt | BinaryOp::Ge) { (right, left) } else { (left, right) };
            let strict = matches!(op, BinaryOp::Lt | BinaryOp::Gt);
            match (op, strict, float, when) {
                (BinaryOp::Eq, ..) if when => Instr::JumpEq { a, b, offset: 0 },
                (BinaryOp::Ne, ..) if !when => Instr::JumpEq { a, b, offset: 0 },
                (BinaryOp::Eq | BinaryOp::Ne, ..) => Instr::JumpNe { a, b, offset: 0 },
                (_, true, true, true) => Instr::JumpLtFloat { a, b, offset: 0 },
                (_, true, true, false) => Instr::JumpNotLtFloat { a, b, offset: 0 },
                (_, false, true, true) => Instr::JumpLeFloat { a, b, offset: 0 },
                (_, false, true, false) => Instr::JumpNotLeFloat { a, b, offset: 0 },
                (_, true, false, true) => Instr::JumpLt { a, b, offset: 0 },
                (_, true, false, false) => Instr::JumpNotLt { a, b, offset: 0 },
                (_, false, false, true) => Instr::JumpLe { a, b, offset: 0 },
                (_, false, false, false) => Instr::JumpNotLe { a, b, offset: 0 },
            }
        };
        self.at(expr);
        self.code().jump(instr, target);
        self.code().release(mark);
        true
    }

    /// `if`.
    pub(crate) fn if_expr(&mut self, condition: ExprId, then: ExprId, otherwise: Option<ExprId>, dest: Dest) {
        let on_false = self.code().label();
        let end = self.code().label();
        self.branch(condition, on_false, false);
        self.expr(then, dest);
        if otherwise.is_some() || dest != Dest::Ignore {
            self.code().goto(end);
        }
        self.code().bind_if_used(on_false);
        match otherwise {
            Some(otherwise) => self.expr(otherwise, dest),
            None => self.unit(dest),
        }
        self.code().bind_if_used(end);
    }

    /// `match`.
    pub(crate) fn match_expr(&mut self, expr: ExprId, scrutinee: ExprId, arms: &[Arm], dest: Dest) {
        let mark = self.code().mark();
        let known = Static::of(self.ty(scrutinee));
        let src = match self.expr_of(scrutinee) {
            Expr::Local(local) if !self.is_changing(*local) => self.operand(scrutinee),
            _ => {
                let src = self.alloc();
                self.expr(scrutinee, Dest::Reg(src));
                src
            }
        };
        self.at(expr);
        self.arms(arms, src, &known, dest, NoArm::FailMatch);
        self.code().release(mark);
    }

    // --- loops ---

    /// `while`.
    pub(crate) fn while_expr(&mut self, condition: ExprId, body: ExprId, dest: Dest) {
        let mark = self.code().mark();
        let result = self.loop_result(dest);
        let top = self.code().label();
        let test = self.code().label();
        let end = self.code().label();
        self.code().goto(test);
        self.code().bind(top);
        self.loop_body(body, Loop { on_break: end, on_continue: test, result, regions: self.open_regions() });
        self.code().bind(test);
        self.branch(condition, top, true);
        self.loop_end(end, result, dest);
        self.code().release(mark);
    }

    /// `for var = from to until`.
    pub(crate) fn for_expr(&mut self, var: LocalId, from: ExprId, until: ExprId, body: ExprId, dest: Dest) {
        let mark = self.code().mark();
        let result = self.loop_result(dest);
        let counter = self.alloc();
        let limit = self.alloc();
        self.expr(from, Dest::Reg(counter));
        self.expr(until, Dest::Reg(limit));
        let top = self.code().label();
        let next = self.code().label();
        let end = self.code().label();
        let exit = self.code().label();
        self.code().jump(Instr::JumpLeInt { a: limit, b: counter, offset: 0 }, exit);
        self.code().bind(top);
        let inner = self.code().mark();
        // A changing variable must not disturb the counter; any other may share its register.
        self.declare(var, counter, true);
        self.loop_body(body, Loop { on_break: end, on_continue: next, result, regions: self.open_regions() });
        self.code().release(inner);
        self.code().bind(next);
        self.code().jump(Instr::ForLoop { counter, limit, offset: 0 }, top);
        self.code().bind(exit);
        self.loop_end(end, result, dest);
        self.code().release(mark);
    }

    fn open_regions(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.regions.len())
    }

    fn loop_result(&mut self, dest: Dest) -> Option<Reg> {
        match dest {
            Dest::Ignore => None,
            Dest::Reg(_) | Dest::Return => Some(self.alloc()),
        }
    }

    fn loop_body(&mut self, body: ExprId, this: Loop) {
        self.frame().loops.push(this);
        self.expr(body, Dest::Ignore);
        self.frame().loops.pop();
    }

    /// The normal end of a loop, then the place where `break` goes.
    fn loop_end(&mut self, end: Label, result: Option<Reg>, dest: Dest) {
        if let Some(dst) = result {
            self.emit(Instr::LoadUnit { dst });
        }
        self.code().bind_if_used(end);
        match (result, dest) {
            (Some(src), Dest::Reg(dst)) => self.emit(Instr::Move { dst, src }),
            (Some(src), Dest::Return) => self.emit(Instr::Return { src }),
            (_, Dest::Ignore) | (None, _) => {}
        }
    }

    // --- ways out ---

    /// `return`.
    pub(crate) fn return_expr(&mut self, value: Option<ExprId>) {
        if self.frame().regions.is_empty() {
            match value {
                Some(value) => self.expr(value, Dest::Return),
                None => self.unit(Dest::Return),
            }
            return;
        }
        let src = match self.frame().return_value {
            Some(register) => register,
            None => {
                // The `finally` blocks on the way out must not reuse it.
                let register = self.code().alloc_pinned();
                self.frame().return_value = Some(register);
                register
            }
        };
        match value {
            Some(value) => self.expr(value, Dest::Reg(src)),
            None => self.emit(Instr::LoadUnit { dst: src }),
        }
        self.leave_regions(Exit::Return);
    }

    /// `break` and `continue`; without a loop around (reported elsewhere) nothing.
    pub(crate) fn break_expr(&mut self, value: Option<ExprId>) {
        let Some(&this) = self.frame().loops.last() else { return };
        match (value, this.result) {
            (Some(value), Some(dst)) => self.expr(value, Dest::Reg(dst)),
            (Some(value), None) => self.expr(value, Dest::Ignore),
            (None, Some(dst)) => self.emit(Instr::LoadUnit { dst }),
            (None, None) => {}
        }
        let index = self.frame().loops.len() - 1;
        self.leave_regions(Exit::Break(index));
    }

    /// See [`Gen::break_expr`].
    pub(crate) fn continue_expr(&mut self) {
        if let Some(index) = self.frame().loops.len().checked_sub(1) {
            self.leave_regions(Exit::Continue(index));
        }
    }

    /// Closes regions from the innermost outwards until `exit` is reached or a `finally` block takes over.
    fn leave_regions(&mut self, exit: Exit) {
        let keep = match exit {
            Exit::Return => 0,
            Exit::Break(index) | Exit::Continue(index) => self.frame().loops[index].regions,
        };
        for depth in (keep..self.open_regions()).rev() {
            match &mut self.frame().regions[depth] {
                Region::Atomic => self.emit(Instr::AtomicLeave),
                Region::Try => self.emit(Instr::TryPop),
                Region::Finally(finally) => {
                    let way = match finally.exits.iter().position(|known| *known == exit) {
                        Some(index) => index,
                        None => {
                            finally.exits.push(exit);
                            finally.exits.len() - 1
                        }
                    };
                    let (dst, block) = (finally.way, finally.block);
                    self.emit(Instr::TryPop);
                    self.emit(Instr::LoadInt { dst, value: FIRST_EXIT + way as i32 });
                    self.code().goto(block);
                    return;
                }
            }
        }
        match exit {
            Exit::Return => {
                if let Some(src) = self.frame().return_value {
                    self.emit(Instr::Return { src });
                }
            }
            Exit::Break(index) => {
                let label = self.frame().loops[index].on_break;
                self.code().goto(label);
            }
            Exit::Continue(index) => {
                let label = self.frame().loops[index].on_continue;
                self.code().goto(label);
            }
        }
    }

    // --- failures ---

    /// `try`.
    pub(crate) fn try_expr(&mut self, body: ExprId, arms: &[Arm], finally: Option<ExprId>, dest: Dest) {
        let mark = self.code().mark();
        let result = self.alloc();
        match finally {
            Some(finally) => self.try_finally(body, arms, finally, result),
            None if arms.is_empty() => self.expr(body, Dest::Reg(result)),
            None => {
                let caught = self.code().alloc_many(2);
                let handler = self.code().label();
                let end = self.code().label();
                self.code().jump(Instr::TryPush { dst: caught, handler: 0 }, handler);
                self.frame().regions.push(Region::Try);
                self.expr(body, Dest::Reg(result));
                self.frame().regions.pop();
                self.emit(Instr::TryPop);
                self.code().goto(end);
                self.code().bind(handler);
                let arm_dest = if dest == Dest::Return && self.open_regions() == 0 { dest } else { Dest::Reg(result) };
                self.arms(arms, caught, &Static::Dynamic, arm_dest, NoArm::Rethrow(caught + 1));
                self.code().bind(end);
            }
        }
        self.finish_value(result, dest);
        self.code().release(mark);
    }

    fn try_finally(&mut self, body: ExprId, arms: &[Arm], finally: ExprId, result: Reg) {
        let way = self.alloc();
        let caught = self.code().alloc_many(2);
        let pending = self.code().alloc_many(2);
        let handler = self.code().label();
        let failed = self.code().label();
        let block = self.code().label();
        let region = |exits| Region::Finally(Finally { block, way, exits });

        self.code().jump(Instr::TryPush { dst: caught, handler: 0 }, handler);
        self.frame().regions.push(region(Vec::new()));
        self.expr(body, Dest::Reg(result));
        let mut exits = self.end_finally_region();
        self.emit(Instr::TryPop);
        self.emit(Instr::LoadInt { dst: way, value: NORMAL });
        self.code().goto(block);

        self.code().bind(handler);
        if arms.is_empty() {
            self.emit(Instr::Move { dst: pending + 1, src: caught + 1 });
        } else {
            self.code().jump(Instr::TryPush { dst: pending, handler: 0 }, failed);
            self.frame().regions.push(region(exits));
            self.arms(arms, caught, &Static::Dynamic, Dest::Reg(result), NoArm::Rethrow(caught + 1));
            exits = self.end_finally_region();
            self.emit(Instr::TryPop);
            self.emit(Instr::LoadInt { dst: way, value: NORMAL });
            self.code().goto(block);
            self.code().bind(failed);
        }
        self.emit(Instr::LoadInt { dst: way, value: FAILED });

        self.code().bind(block);
        self.expr(finally, Dest::Ignore);
        let normal = self.code().label();
        self.code().jump(Instr::JumpEqImm { a: way, imm: NORMAL as i16, offset: 0 }, normal);
        for (index, exit) in exits.into_iter().enumerate() {
            let other = self.code().label();
            let imm = (FIRST_EXIT + index as i32) as i16;
            self.code().jump(Instr::JumpNeImm { a: way, imm, offset: 0 }, other);
            self.leave_regions(exit);
            self.code().bind(other);
        }
        self.emit(Instr::Rethrow { token: pending + 1 });
        self.code().bind(normal);
    }

    fn end_finally_region(&mut self) -> Vec<Exit> {
        match self.frame().regions.pop() {
            Some(Region::Finally(finally)) => finally.exits,
            _ => Vec::new(),
        }
    }

    // --- processes ---

    /// `receive`.
    pub(crate) fn receive(&mut self, expr: ExprId, arms: &[Arm], after: Option<(ExprId, ExprId)>, dest: Dest) {
        let mark = self.code().mark();
        let message = self.alloc();
        let again = self.code().label();
        let timeout = self.code().label();
        let end = self.code().label();
        match after {
            Some((millis, _)) => {
                let deadline = self.alloc();
                self.expr(millis, Dest::Reg(deadline));
                self.emit(Instr::Deadline { dst: deadline, millis: deadline });
                self.code().bind(again);
                self.at(expr);
                self.code().jump(Instr::ReceiveUntil { dst: message, deadline, offset: 0 }, timeout);
            }
            None => {
                self.code().bind(again);
                self.at(expr);
                self.emit(Instr::Receive { dst: message });
            }
        }
        self.arms(arms, message, &Static::Dynamic, dest, NoArm::Again(again));
        if let Some((_, value)) = after {
            self.code().goto(end);
            self.code().bind(timeout);
            self.expr(value, dest);
        }
        self.code().bind_if_used(end);
        self.code().release(mark);
    }

    /// The value of a literal that fits an instruction.
    pub(crate) fn small_int(&self, expr: ExprId) -> Option<i16> {
        match self.expr_of(expr) {
            Expr::Literal(Literal::Int(value)) => i16::try_from(*value).ok(),
            Expr::Unary { op: UnaryOp::Neg, operand } => match self.expr_of(*operand) {
                Expr::Literal(Literal::Int(value)) => value.checked_neg().and_then(|value| i16::try_from(value).ok()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The comparison that holds exactly when `op` does not, for whole numbers.
fn negate(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Eq => BinaryOp::Ne,
        BinaryOp::Ne => BinaryOp::Eq,
        BinaryOp::Lt => BinaryOp::Ge,
        BinaryOp::Le => BinaryOp::Gt,
        BinaryOp::Gt => BinaryOp::Le,
        BinaryOp::Ge => BinaryOp::Lt,
        other => other,
    }
}

/// The comparison with its operands exchanged.
fn mirror(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        other => other,
    }
}

fn int_jump_imm(op: BinaryOp, a: Reg, imm: i16) -> Instr {
    match op {
        BinaryOp::Eq => Instr::JumpEqImm { a, imm, offset: 0 },
        BinaryOp::Ne => Instr::JumpNeImm { a, imm, offset: 0 },
        BinaryOp::Lt => Instr::JumpLtImm { a, imm, offset: 0 },
        BinaryOp::Le => Instr::JumpLeImm { a, imm, offset: 0 },
        BinaryOp::Gt => Instr::JumpGtImm { a, imm, offset: 0 },
        _ => Instr::JumpGeImm { a, imm, offset: 0 },
    }
}

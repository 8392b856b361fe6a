//! Turns copies whose source is not needed any more into moves.
//!
//! Input: the operations of one body. Output: the same operations, some `Move` replaced by `Take`, and some `JumpNotCons`
//! by `TakeCons`. A value that is moved to its last use keeps one owner, and what has one owner is updated in place by
//! the machine: this is what makes loops that build lists, strings and maps linear.
//!
//! Method: backward liveness over basic blocks. Registers that a handler of a try region reads count as live
//! everywhere, because any instruction may fail. Bodies of extreme size are left as they are.

use bytecode::{Instr, Operand};

use crate::emit::{Emitter, Reg};

/// Bits of all blocks together that the analysis may use: 8 MiB.
const MAX_BITS: usize = 64 << 20;

/// Registers captured by the closures that the body makes, by number of the made body.
pub(crate) trait ClosureRegisters {
    /// Registers of the creating body that `MakeClosure` of `body` reads.
    fn registers(&self, body: u16) -> &[Reg];
}

/// A set of registers. Few bodies have more than 64, so the first word is at hand.
#[derive(Clone, PartialEq)]
struct Bits {
    first: u64,
    more: Vec<u64>,
}

impl Bits {
    fn new(len: usize) -> Bits {
        Bits { first: 0, more: vec![0; len.div_ceil(64).saturating_sub(1)] }
    }
    fn word(&mut self, bit: Reg) -> &mut u64 {
        match usize::from(bit) / 64 {
            0 => &mut self.first,
            n => &mut self.more[n - 1],
        }
    }
    fn get(&self, bit: Reg) -> bool {
        let word = match usize::from(bit) / 64 {
            0 => self.first,
            n => self.more[n - 1],
        };
        word >> (bit % 64) & 1 == 1
    }
    fn set(&mut self, bit: Reg) {
        *self.word(bit) |= 1 << (bit % 64);
    }
    fn clear(&mut self, bit: Reg) {
        *self.word(bit) &= !(1 << (bit % 64));
    }
    /// Adds all of `other`; whether that changed anything.
    fn add(&mut self, other: &Bits) -> bool {
        let mut changed = other.first & !self.first != 0;
        self.first |= other.first;
        for (word, &more) in self.more.iter_mut().zip(&other.more) {
            changed |= more & !*word != 0;
            *word |= more;
        }
        changed
    }
}

/// What an operation does with a register.
#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    /// Written when control goes on to the next instruction.
    Write,
    /// Written when the jump is taken.
    WriteOnJump,
}

/// Rewrites the body. `widths` gives the number of fields of a constructor by its index in the chunk.
pub(crate) fn take_last_uses(code: &mut Emitter, closures: &dyn ClosureRegisters, widths: &dyn Fn(u16) -> usize) {
    let Some(registers) = code.registers().map(usize::from) else { return };
    if !code.ops.iter().any(|op| matches!(op.instr, Instr::Move { .. } | Instr::JumpNotCons { .. })) {
        return;
    }
    let blocks = blocks(code);
    if blocks.len() * registers.max(64) > MAX_BITS {
        return;
    }
    let mut block_of = vec![blocks.len(); code.ops.len() + 1];
    for (number, block) in blocks.iter().enumerate() {
        block_of[block.clone()].fill(number);
    }
    let mut analysis = Analysis {
        accesses: &|instr, visit| accesses(instr, closures, widths, visit),
        block_of,
        // The last one is the empty set behind the code.
        live_in: vec![Bits::new(registers); blocks.len() + 1],
        handlers: Bits::new(registers),
        reads: Vec::new(),
    };
    // Blocks are visited from the last to the first: without jumps back, all that comes after a block is known when it
    // is its turn.
    if has_cycles(code) {
        while analysis.round(code, &blocks) {}
    }
    for (number, block) in blocks.iter().enumerate().rev() {
        let last = block.end - 1;
        // A block that ends in a move goes on to the next one; one that ends in a test does if its value is taken apart.
        let mut after = analysis.live_in[analysis.block_of[block.end]].clone();
        after.add(&analysis.handlers);
        take_if_dead(code, last, &after);
        let mut live = analysis.before_last(code, block);
        for index in block.clone().rev().skip(1) {
            take_if_dead(code, index, &live);
            analysis.step(code.ops[index].instr, &mut live);
        }
        analysis.live_in[number] = live;
    }
}

fn take_if_dead(code: &mut Emitter, index: usize, after: &Bits) {
    match code.ops[index].instr {
        Instr::Move { dst, src } if dst != src && !after.get(src) => {
            code.ops[index].instr = Instr::Take { dst, src };
        }
        Instr::JumpNotCons { src, head, offset } if src != head && src != head + 1 && !after.get(src) => {
            code.ops[index].instr = Instr::TakeCons { src, head, offset };
        }
        _ => {}
    }
}

/// Whether some jump goes back, or a handler may be entered from anywhere.
fn has_cycles(code: &Emitter) -> bool {
    code.ops.iter().enumerate().any(|(index, op)| {
        matches!(op.instr, Instr::TryPush { .. }) || op.label.is_some_and(|label| code.place(label) <= index)
    })
}

/// Calls the visitor for everything an instruction reads and writes.
type Accesses<'a> = dyn Fn(Instr, &mut dyn FnMut(Access, Reg)) + 'a;

struct Analysis<'a> {
    accesses: &'a Accesses<'a>,
    /// Block of each operation, and of the end of the code.
    block_of: Vec<usize>,
    /// Live registers before each block.
    live_in: Vec<Bits>,
    /// Registers that some handler reads.
    handlers: Bits,
    /// Room for what one operation reads.
    reads: Vec<Reg>,
}

impl Analysis<'_> {
    /// One round over all blocks; whether anything changed.
    fn round(&mut self, code: &Emitter, blocks: &[std::ops::Range<usize>]) -> bool {
        let mut changed = false;
        for (number, block) in blocks.iter().enumerate().rev() {
            let mut live = self.before_last(code, block);
            for index in block.clone().rev().skip(1) {
                self.step(code.ops[index].instr, &mut live);
            }
            if live != self.live_in[number] {
                self.live_in[number] = live;
                changed = true;
            }
        }
        for op in &code.ops {
            if let (Instr::TryPush { dst, .. }, Some(label)) = (op.instr, op.label) {
                let mut at_handler = self.live_in[self.block_of[code.place(label)]].clone();
                at_handler.clear(dst);
                at_handler.clear(dst + 1);
                changed |= self.handlers.add(&at_handler);
            }
        }
        changed
    }

    /// What is live before the last operation of `block`.
    fn before_last(&self, code: &Emitter, block: &std::ops::Range<usize>) -> Bits {
        let op = code.ops[block.end - 1];
        let without = |place: usize, written: Access| {
            let mut live = self.live_in[self.block_of[place]].clone();
            (self.accesses)(op.instr, &mut |access, register| {
                if access == written {
                    live.clear(register);
                }
            });
            live
        };
        let mut live = self.handlers.clone();
        if !op.instr.is_terminator() {
            live.add(&without(block.end, Access::Write));
        }
        if let Some(label) = op.label {
            live.add(&without(code.place(label), Access::WriteOnJump));
        }
        if let Instr::SwitchTag { table, .. } | Instr::SwitchInt { table, .. } = op.instr {
            let table = &code.tables[usize::from(table)];
            for &label in table.targets.iter().chain([&table.default]) {
                live.add(&self.live_in[self.block_of[code.place(label)]]);
            }
        }
        self.add_reads(op.instr, &mut live);
        live
    }

    /// From what is live after an operation inside a block to what is live before it.
    fn step(&mut self, instr: Instr, live: &mut Bits) {
        let reads = &mut self.reads;
        reads.clear();
        (self.accesses)(instr, &mut |access, register| match access {
            Access::Read => reads.push(register),
            Access::Write => live.clear(register),
            Access::WriteOnJump => {}
        });
        reads.iter().for_each(|&register| live.set(register));
        live.add(&self.handlers);
    }

    fn add_reads(&self, instr: Instr, live: &mut Bits) {
        (self.accesses)(instr, &mut |access, register| {
            if access == Access::Read {
                live.set(register);
            }
        });
    }
}

/// Ranges of operations without a jump or a jump target inside.
fn blocks(code: &Emitter) -> Vec<std::ops::Range<usize>> {
    let len = code.ops.len();
    let mut starts = vec![false; len + 1];
    starts[0] = true;
    let mut start = |place: usize| starts[place] = true;
    for (index, op) in code.ops.iter().enumerate() {
        if let Some(label) = op.label {
            start(code.place(label));
        }
        if op.label.is_some() || op.instr.is_terminator() {
            start(index + 1);
        }
    }
    for table in &code.tables {
        table.targets.iter().chain([&table.default]).for_each(|&label| start(code.place(label)));
    }
    let starts: Vec<usize> = (0..len).filter(|&index| starts[index]).collect();
    starts.iter().enumerate().map(|(n, &from)| from..starts.get(n + 1).copied().unwrap_or(len)).collect()
}

fn accesses(
    instr: Instr,
    closures: &dyn ClosureRegisters,
    widths: &dyn Fn(u16) -> usize,
    visit: &mut dyn FnMut(Access, Reg),
) {
    let write = if matches!(instr, Instr::TryPush { .. }) { Access::WriteOnJump } else { Access::Write };
    let mut window = None;
    let mut width = 0usize;
    instr.operands(&mut |_, operand| match operand {
        Operand::Dst(register) => visit(write, register),
        // An `InOut` is written as well, but never without being read before.
        Operand::Src(register) | Operand::InOut(register) => visit(Access::Read, register),
        Operand::Start(register) => window = Some(register),
        Operand::Count(count) => width = usize::from(count),
        Operand::Argc(count) => width = usize::from(count),
        _ => {}
    });
    match instr {
        Instr::MakeListTail { .. } => width += 1,
        Instr::MakeMap { .. } => width *= 2,
        Instr::Construct { ctor, .. } => width = widths(ctor),
        Instr::JumpNotCons { head, .. } | Instr::TakeCons { head, .. } => visit(Access::Write, head + 1),
        Instr::TryPush { dst, .. } => visit(Access::WriteOnJump, dst + 1),
        Instr::MakeClosure { body, .. } => {
            closures.registers(body).iter().for_each(|&register| visit(Access::Read, register));
        }
        _ => {}
    }
    if let Some(first) = window {
        (0..width as u16).for_each(|offset| visit(Access::Read, first.saturating_add(offset)));
    }
}

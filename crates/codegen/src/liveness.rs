//! Turns copies whose source is not needed any more into moves.
//!
//! Input: the operations of one body. Output: the same operations, some `Move` replaced by `Take`. A value that is
//! moved to its last use keeps one owner, and what has one owner is updated in place by the machine: this is what makes
//! loops that build lists, strings and maps linear.
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

#[derive(Clone, PartialEq)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(len: usize) -> Bits {
        Bits(vec![0; len.div_ceil(64)])
    }
    fn get(&self, bit: Reg) -> bool {
        self.0[usize::from(bit) / 64] >> (bit % 64) & 1 == 1
    }
    fn set(&mut self, bit: Reg) {
        self.0[usize::from(bit) / 64] |= 1 << (bit % 64);
    }
    fn clear(&mut self, bit: Reg) {
        self.0[usize::from(bit) / 64] &= !(1 << (bit % 64));
    }
    /// Adds all of `other`; whether that changed anything.
    fn add(&mut self, other: &Bits) -> bool {
        let mut changed = false;
        for (word, &more) in self.0.iter_mut().zip(&other.0) {
            changed |= more & !*word != 0;
            *word |= more;
        }
        changed
    }
}

/// What one operation reads and writes. `written` counts only when control goes on to the next instruction.
#[derive(Default)]
struct Effect {
    read: Vec<Reg>,
    written: Vec<Reg>,
    /// Written when the jump is taken.
    written_by_jump: Vec<Reg>,
}

/// Rewrites the body. `widths` gives the number of fields of a constructor by its index in the chunk.
pub(crate) fn take_last_uses(code: &mut Emitter, closures: &dyn ClosureRegisters, widths: &dyn Fn(u16) -> usize) {
    let Some(registers) = code.registers().map(usize::from) else { return };
    if !code.ops.iter().any(|op| matches!(op.instr, Instr::Move { .. })) {
        return;
    }
    let blocks = blocks(code);
    if blocks.len() * registers.max(64) > MAX_BITS {
        return;
    }
    let effect = |code: &Emitter, index: usize| effect(code.ops[index].instr, closures, widths);
    let mut block_of = vec![0usize; code.ops.len() + 1];
    for (number, block) in blocks.iter().enumerate() {
        block_of[block.clone()].fill(number);
    }
    block_of[code.ops.len()] = blocks.len();

    // live_in[blocks.len()] is the empty set behind the code.
    let mut live_in = vec![Bits::new(registers); blocks.len() + 1];
    let mut handlers = Bits::new(registers);
    loop {
        let mut changed = false;
        for number in (0..blocks.len()).rev() {
            let mut live = live_out(code, &blocks[number], &block_of, &live_in, &handlers, &effect);
            let mut steps = blocks[number].clone().rev();
            // The last operation is part of `live_out`.
            steps.next();
            for index in steps {
                step(&effect(code, index), &mut live, &handlers);
            }
            if live != live_in[number] {
                live_in[number] = live;
                changed = true;
            }
        }
        for op in &code.ops {
            if let (Instr::TryPush { dst, .. }, Some(label)) = (op.instr, op.label) {
                let mut at_handler = live_in[block_of[code.place(label)]].clone();
                at_handler.clear(dst);
                at_handler.clear(dst + 1);
                changed |= handlers.add(&at_handler);
            }
        }
        if !changed {
            break;
        }
    }

    for block in &blocks {
        let last = block.end - 1;
        // A block that ends in a move goes on to the next one: what is live behind it.
        let mut after = live_in[block_of[block.end]].clone();
        after.add(&handlers);
        if let Instr::Move { dst, src } = code.ops[last].instr
            && dst != src
            && !after.get(src)
        {
            code.ops[last].instr = Instr::Take { dst, src };
        }
        let mut live = live_out(code, block, &block_of, &live_in, &handlers, &effect);
        for index in block.clone().rev().skip(1) {
            if let Instr::Move { dst, src } = code.ops[index].instr
                && dst != src
                && !live.get(src)
            {
                code.ops[index].instr = Instr::Take { dst, src };
            }
            step(&effect(code, index), &mut live, &handlers);
        }
    }
}

/// What is live before the last operation of `block`.
fn live_out(
    code: &Emitter,
    block: &std::ops::Range<usize>,
    block_of: &[usize],
    live_in: &[Bits],
    handlers: &Bits,
    effect: &dyn Fn(&Emitter, usize) -> Effect,
) -> Bits {
    let last = block.end - 1;
    let op = code.ops[last];
    let effect = effect(code, last);
    let mut live = handlers.clone();
    if !op.instr.is_terminator() {
        let mut next = live_in[block_of[block.end]].clone();
        effect.written.iter().for_each(|&register| next.clear(register));
        live.add(&next);
    }
    if let Some(label) = op.label {
        let mut target = live_in[block_of[code.place(label)]].clone();
        effect.written_by_jump.iter().for_each(|&register| target.clear(register));
        live.add(&target);
    }
    if let Instr::SwitchTag { table, .. } | Instr::SwitchInt { table, .. } = op.instr {
        let table = &code.tables[usize::from(table)];
        for &label in table.targets.iter().chain([&table.default]) {
            live.add(&live_in[block_of[code.place(label)]]);
        }
    }
    effect.read.iter().for_each(|&register| live.set(register));
    live
}

fn step(effect: &Effect, live: &mut Bits, handlers: &Bits) {
    effect.written.iter().for_each(|&register| live.clear(register));
    effect.read.iter().for_each(|&register| live.set(register));
    live.add(handlers);
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

fn effect(instr: Instr, closures: &dyn ClosureRegisters, widths: &dyn Fn(u16) -> usize) -> Effect {
    let mut effect = Effect::default();
    let mut window = None;
    let mut width = 0usize;
    instr.operands(&mut |_, operand| match operand {
        Operand::Src(register) => effect.read.push(register),
        Operand::Dst(register) => effect.written.push(register),
        // Written as well, but never without being read before.
        Operand::InOut(register) => effect.read.push(register),
        Operand::Start(register) => window = Some(register),
        Operand::Count(count) => width = usize::from(count),
        Operand::Argc(count) => width = usize::from(count),
        _ => {}
    });
    match instr {
        Instr::MakeListTail { .. } => width += 1,
        Instr::MakeMap { .. } => width *= 2,
        Instr::Construct { ctor, .. } => width = widths(ctor),
        Instr::JumpNotCons { head, .. } => effect.written.push(head + 1),
        Instr::TryPush { dst, .. } => {
            effect.written.clear();
            effect.written_by_jump = vec![dst, dst + 1];
        }
        Instr::MakeClosure { body, .. } => effect.read.extend_from_slice(closures.registers(body)),
        _ => {}
    }
    if let Some(first) = window {
        effect.read.extend((0..width as u16).map(|offset| first.saturating_add(offset)));
    }
    effect
}

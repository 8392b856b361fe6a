//! Code of one body before it is final: instructions with labels, and the registers of its frame.
//!
//! Input: instructions in order. Output: a [`bytecode::BodyBuilder`], after last uses have become moves
//! ([`crate::liveness`]). Registers are a stack: whoever allocates above a mark gives back down to it.
//!
//! Invariant: a label is bound at most once; every jump goes to a bound label.

use bytecode::{BodyBuilder, ChunkBuilder, Instr};

/// A place in the code of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(u32);

/// A register.
pub(crate) type Reg = u16;

/// An instruction with what the final form cannot say yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The instruction; its jump field is meaningless.
    pub(crate) instr: Instr,
    /// Target of its jump.
    pub(crate) label: Option<Label>,
    /// Expression it belongs to.
    pub(crate) anchor: u32,
}

/// A jump table in terms of labels.
#[derive(Debug)]
pub(crate) struct Table {
    low: i64,
    pub(crate) targets: Vec<Label>,
    pub(crate) default: Label,
}

/// One body under construction.
#[derive(Debug, Default)]
pub(crate) struct Emitter {
    pub(crate) ops: Vec<Op>,
    /// Index of the operation a label stands before.
    labels: Vec<Option<u32>>,
    /// Whether a label is the target of some jump.
    used: Vec<bool>,
    pub(crate) tables: Vec<Table>,
    /// The last bound label stands at the end of the code.
    label_at_end: bool,
    anchor: u32,
    params: u16,
    next: u32,
    max: u32,
    /// A register outside the stack.
    pinned: Option<u32>,
}

impl Emitter {
    /// An empty body whose first `params` registers hold arguments.
    pub(crate) fn new(params: usize) -> Emitter {
        let height = params as u32;
        Emitter { params: params as u16, next: height, max: height, ..Emitter::default() }
    }

    /// Number of parameters.
    pub(crate) fn params(&self) -> u16 {
        self.params
    }

    /// Instructions from here on belong to the expression with this number.
    pub(crate) fn at(&mut self, anchor: u32) {
        self.anchor = anchor;
    }

    pub(crate) fn emit(&mut self, instr: Instr) {
        self.ops.push(Op { instr, label: None, anchor: self.anchor });
        self.label_at_end = false;
    }

    /// Appends an instruction that jumps to `label`.
    pub(crate) fn jump(&mut self, instr: Instr, label: Label) {
        self.used[label.0 as usize] = true;
        self.ops.push(Op { instr, label: Some(label), anchor: self.anchor });
        self.label_at_end = false;
    }

    /// Appends an unconditional jump, unless this place is unreachable.
    pub(crate) fn goto(&mut self, label: Label) {
        if !self.unreachable() {
            self.jump(Instr::Jump { target: 0 }, label);
        }
    }

    /// A label that is not bound yet.
    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(None);
        self.used.push(false);
        Label(self.labels.len() as u32 - 1)
    }

    /// Binds `label` to the next instruction.
    pub(crate) fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.ops.len() as u32);
        self.label_at_end = true;
    }

    /// Binds `label` if some jump before goes to it; for ends of forms that may never be reached.
    pub(crate) fn bind_if_used(&mut self, label: Label) {
        if self.is_used(label) {
            self.bind(label);
        }
    }

    /// Whether some jump goes to `label`.
    pub(crate) fn is_used(&self, label: Label) -> bool {
        self.used[label.0 as usize]
    }

    /// Whether no way leads to the next instruction.
    pub(crate) fn unreachable(&self) -> bool {
        !self.label_at_end && self.ops.last().is_some_and(|op| op.instr.is_terminator())
    }

    /// Adds a jump table; its number goes into the instruction that uses it.
    pub(crate) fn table(&mut self, low: i64, targets: Vec<Label>, default: Label) -> u16 {
        for label in targets.iter().chain([&default]) {
            self.used[label.0 as usize] = true;
        }
        self.tables.push(Table { low, targets, default });
        (self.tables.len() - 1) as u16
    }

    /// Index of the instruction behind `label`.
    pub(crate) fn place(&self, label: Label) -> usize {
        self.labels[label.0 as usize].map_or(self.ops.len(), |place| place as usize)
    }

    /// A fresh register.
    pub(crate) fn alloc(&mut self) -> Reg {
        self.alloc_many(1)
    }

    /// The first of `count` consecutive fresh registers.
    pub(crate) fn alloc_many(&mut self, count: usize) -> Reg {
        let count = count as u32;
        if self.pinned.is_some_and(|pinned| (self.next..self.next.saturating_add(count)).contains(&pinned)) {
            self.next = self.pinned.map_or(self.next, |pinned| pinned + 1);
        }
        let first = self.next;
        self.next = self.next.saturating_add(count);
        self.max = self.max.max(self.next);
        first.min(u32::from(Reg::MAX)) as Reg
    }

    /// A register that is never given back; one for each body.
    pub(crate) fn alloc_pinned(&mut self) -> Reg {
        let register = self.max;
        self.max = self.max.saturating_add(1);
        self.pinned = Some(register);
        register.min(u32::from(Reg::MAX)) as Reg
    }

    /// The current height of the register stack.
    pub(crate) fn mark(&self) -> u32 {
        self.next
    }

    /// Gives back all registers above `mark`.
    pub(crate) fn release(&mut self, mark: u32) {
        self.next = mark;
    }

    /// Number of registers of the frame, if it fits the format.
    pub(crate) fn registers(&self) -> Option<u16> {
        u16::try_from(self.max).ok()
    }

    /// The final code.
    pub(crate) fn finish(self, chunk: &mut ChunkBuilder) -> BodyBuilder {
        let mut builder = BodyBuilder::new();
        let labels: Vec<bytecode::Label> = self.labels.iter().map(|_| builder.label()).collect();
        let mut bound: Vec<(u32, usize)> =
            self.labels.iter().enumerate().filter_map(|(label, place)| place.map(|place| (place, label))).collect();
        bound.sort_unstable();
        let mut bound = bound.into_iter().peekable();
        for (index, op) in self.ops.iter().enumerate() {
            while let Some((_, label)) = bound.next_if(|&(place, _)| place as usize == index) {
                builder.bind(labels[label]);
            }
            builder.anchor(op.anchor);
            let instr = match op.instr {
                Instr::SwitchTag { src, table } => {
                    Instr::SwitchTag { src, table: self.finish_table(table, chunk, &mut builder, &labels) }
                }
                Instr::SwitchInt { src, table } => {
                    Instr::SwitchInt { src, table: self.finish_table(table, chunk, &mut builder, &labels) }
                }
                other => other,
            };
            match op.label {
                Some(label) => builder.emit_jump(instr, labels[label.0 as usize]),
                None => builder.emit(instr),
            }
        }
        for (_, label) in bound {
            builder.bind(labels[label]);
        }
        builder
    }

    fn finish_table(
        &self,
        table: u16,
        chunk: &mut ChunkBuilder,
        builder: &mut BodyBuilder,
        labels: &[bytecode::Label],
    ) -> u16 {
        let Table { low, targets, default } = &self.tables[usize::from(table)];
        let targets = targets.iter().map(|label| labels[label.0 as usize]).collect();
        chunk.table(builder, *low, targets, labels[default.0 as usize])
    }
}

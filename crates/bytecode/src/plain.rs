//! The same function without what makes it fast, to compare with.
//!
//! Input: a chunk. Output: a chunk of the same shape in which moves of last uses are copies, and instructions for Ints
//! and Floats are those that look at their operands first.
//!
//! Invariant: both give the same results and failures; jumps and windows stay where they are.

use crate::{Chunk, Instr};

/// `chunk` without moves of last uses and without instructions that expect a type.
pub fn plain(chunk: &Chunk) -> Chunk {
    let mut chunk = chunk.clone();
    for instr in chunk.bodies.iter_mut().flat_map(|body| &mut body.code) {
        *instr = general(*instr);
    }
    chunk
}

fn general(instr: Instr) -> Instr {
    match instr {
        Instr::Take { dst, src } => Instr::Move { dst, src },
        Instr::TakeCons { src, head, offset } => Instr::JumpNotCons { src, head, offset },
        Instr::AddInt { dst, a, b } | Instr::AddFloat { dst, a, b } => Instr::Add { dst, a, b },
        Instr::SubInt { dst, a, b } | Instr::SubFloat { dst, a, b } => Instr::Sub { dst, a, b },
        Instr::MulInt { dst, a, b } | Instr::MulFloat { dst, a, b } => Instr::Mul { dst, a, b },
        Instr::DivInt { dst, a, b } | Instr::DivFloat { dst, a, b } => Instr::Div { dst, a, b },
        Instr::RemInt { dst, a, b } => Instr::Rem { dst, a, b },
        Instr::EqInt { dst, a, b } => Instr::Eq { dst, a, b },
        Instr::LtInt { dst, a, b } | Instr::LtFloat { dst, a, b } => Instr::Lt { dst, a, b },
        Instr::LeInt { dst, a, b } | Instr::LeFloat { dst, a, b } => Instr::Le { dst, a, b },
        Instr::JumpEqInt { a, b, offset } => Instr::JumpEq { a, b, offset },
        Instr::JumpNeInt { a, b, offset } => Instr::JumpNe { a, b, offset },
        Instr::JumpLtInt { a, b, offset } | Instr::JumpLtFloat { a, b, offset } => Instr::JumpLt { a, b, offset },
        Instr::JumpLeInt { a, b, offset } | Instr::JumpLeFloat { a, b, offset } => Instr::JumpLe { a, b, offset },
        Instr::JumpNotLtFloat { a, b, offset } => Instr::JumpNotLt { a, b, offset },
        Instr::JumpNotLeFloat { a, b, offset } => Instr::JumpNotLe { a, b, offset },
        other => other,
    }
}

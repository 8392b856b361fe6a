//! The bytecode of Ithaca: instructions, chunks, a builder, a verifier and a disassembler.
//!
//! Input: what the code generator decides. Output: [`Chunk`], plain data that can be compared, stored and sent.
//!
//! - [`instr`]: every instruction with its meaning. Read its module documentation first.
//! - [`chunk`]: what surrounds the code: tables of symbolic names, bodies, method sites.
//! - [`build`]: [`ChunkBuilder`] and [`BodyBuilder`] with labels; the normal way to make a chunk.
//! - [`mod@verify`]: the only way into the machine. A verified chunk never leaves its registers, tables or code.
//! - [`disasm`]: text for people and snapshots.
//!
//! Invariant: knows neither the compiler nor the machine.

pub mod build;
pub mod chunk;
pub mod disasm;
pub mod instr;
mod plain;
pub mod verify;

pub use build::{BodyBuilder, BuildError, ChunkBuilder, Label};
pub use chunk::{
    Body, CallTarget, Candidate, Capture, Chunk, Constant, ConstructorRef, Head, JumpTable, Kind, MethodSite, TypeDesc,
    TypeDescBody, TypeKind, TypeRef, TypeText,
};
pub use disasm::disassemble;
pub use instr::{Instr, Operand};
pub use plain::plain;
pub use verify::{VerifyError, VerifyProblem, verify};

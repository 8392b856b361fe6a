//! The disassembler: a chunk as text.
//!
//! Input: any chunk, verified or not. Output: one line per instruction; names from the tables stand behind `;`, jump
//! targets are absolute, anchors stand in brackets. Deterministic, for snapshots and `ithaca disasm`.

use std::fmt::Write as _;

use crate::chunk::{Body, Chunk};
use crate::instr::{Instr, Operand};

/// The whole chunk as text, ends with a newline.
pub fn disassemble(chunk: &Chunk) -> String {
    let mut out = format!("chunk {}\n", chunk.symbol);
    for (index, body) in chunk.bodies.iter().enumerate() {
        body_text(&mut out, chunk, index, body);
    }
    for (index, site) in chunk.sites.iter().enumerate() {
        let _ = writeln!(out, "site {index}: {}{}", site.name, if site.field.is_some() { " or field" } else { "" });
        for candidate in &site.candidates {
            let _ = writeln!(
                out,
                "  {:?} -> {:?} of {} params, defaults {:?}",
                candidate.heads, candidate.target, candidate.params, candidate.defaults
            );
        }
    }
    out
}

fn body_text(out: &mut String, chunk: &Chunk, index: usize, body: &Body) {
    let _ = writeln!(out, "body {index} {}: {} params, {} registers", body.name, body.params, body.registers);
    if !body.captures.is_empty() {
        let _ = writeln!(out, "  captures {:?}", body.captures);
    }
    for (pc, &instr) in body.code.iter().enumerate() {
        if let Ok(anchor) = body.anchors.binary_search_by_key(&(pc as u32), |&(start, _)| start) {
            let _ = writeln!(out, "  [e{}]", body.anchors[anchor].1);
        }
        let _ = writeln!(out, "{pc:5} {}", instr_text(chunk, pc, instr));
    }
}

/// One instruction with its operands.
pub fn instr_text(chunk: &Chunk, pc: usize, instr: Instr) -> String {
    let mut text = String::from(instr.name());
    let mut note = String::new();
    instr.operands(&mut |field, operand| {
        let mut named = |kind: &str, index: u16, name: Option<String>| {
            let _ = write!(text, " {kind}{index}");
            let _ = write!(note, " {}", name.unwrap_or_else(|| "?".to_owned()));
        };
        let at = |table: &[smol_str::SmolStr], index: u16| table.get(usize::from(index)).map(ToString::to_string);
        match operand {
            Operand::ConstIx(ix) => named("k", ix, chunk.constants.get(usize::from(ix)).map(|it| format!("{it:?}"))),
            Operand::SymbolIx(ix) => named("s", ix, at(&chunk.symbols, ix)),
            Operand::NativeIx(ix) => named("n", ix, at(&chunk.natives, ix)),
            Operand::NameIx(ix) => named("f", ix, at(&chunk.names, ix)),
            Operand::CtorIx(ix) => {
                named("c", ix, chunk.constructors.get(usize::from(ix)).map(|ctor| ctor.name.to_string()));
            }
            Operand::SiteIx(ix) => named("m", ix, chunk.sites.get(usize::from(ix)).map(|site| site.name.to_string())),
            Operand::BodyIx(ix) => named("b", ix, chunk.bodies.get(usize::from(ix)).map(|body| body.name.to_string())),
            Operand::TableIx(ix) => named("t", ix, chunk.tables.get(usize::from(ix)).map(|it| format!("{it:?}"))),
            Operand::CaptureIx(ix) => {
                let _ = write!(text, " ^{ix}");
            }
            Operand::Dst(r) | Operand::Src(r) | Operand::InOut(r) => {
                let _ = write!(text, " r{r}");
            }
            Operand::Start(r) => {
                let _ = write!(text, " r{r}..");
            }
            Operand::Count(count) => {
                let _ = write!(text, " x{count}");
            }
            Operand::Argc(count) => {
                let _ = write!(text, " x{count}");
            }
            Operand::Target(target) => {
                let _ = write!(text, " @{target}");
            }
            Operand::Offset(offset) => {
                let _ = write!(text, " @{}", pc as i64 + 1 + i64::from(offset));
            }
            Operand::Imm(value) => {
                let _ = write!(text, " {value}");
            }
            Operand::Imm32(value) => {
                let _ = write!(text, " {value}");
            }
            Operand::Plain(value) => {
                let _ = write!(text, " {field}={value}");
            }
            Operand::Kind(kind) => {
                let _ = write!(text, " {kind:?}");
            }
            Operand::Bool(value) => {
                let _ = write!(text, " {value}");
            }
        }
    });
    if !note.is_empty() {
        let _ = write!(text, "  ;{note}");
    }
    text
}

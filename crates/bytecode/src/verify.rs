//! The verifier: a chunk that passes can be run without checking registers, tables or jumps again.
//!
//! Input: any [`Chunk`], also a damaged or hostile one. Output: `Ok`, or the first [`VerifyError`].
//!
//! What is proved for every body:
//!
//! - every register, window, capture and table index is inside its bounds;
//! - every jump and every entry of a used jump table lands on an instruction; control cannot run off the end;
//! - constants fit the instructions that use them; constructors, sites and captures are well formed;
//! - try and atomic regions are balanced: each instruction is reached with one and the same stack of open regions,
//!   closers match openers, and return and tail calls happen with none open.
//!
//! What is not proved: types of values. Instructions check those themselves.
//!
//! Invariant: linear time in the size of the chunk, no recursion.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::chunk::{Body, Candidate, Capture, Chunk, Constant, ConstructorRef, Head, JumpTable, MethodSite, TypeKind};
use crate::instr::{Instr, Operand};

/// Where a chunk is malformed and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// Index of the body, `None` for a table of the chunk.
    pub body: Option<usize>,
    /// Index of the instruction inside the body.
    pub pc: Option<usize>,
    /// What is wrong.
    pub problem: VerifyProblem,
}

/// One kind of malformation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the Display text describes each variant")]
pub enum VerifyProblem {
    NoBody,
    EmptyCode,
    TooLong,
    ParamsExceedRegisters,
    RegisterOutOfBounds,
    IndexOutOfBounds,
    JumpOutOfBounds,
    FallsOffTheEnd,
    WrongConstant,
    BadConstant,
    BadConstructor,
    BadSite,
    BadCapture,
    BadTable,
    BadOperand,
    AnchorsNotSorted,
    RegionsDiffer,
    RegionMismatch,
    RegionOpenAtExit,
}

impl fmt::Display for VerifyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VerifyProblem::NoBody => "no body",
            VerifyProblem::EmptyCode => "a body without instructions",
            VerifyProblem::TooLong => "a body of too many instructions",
            VerifyProblem::ParamsExceedRegisters => "more parameters than registers",
            VerifyProblem::RegisterOutOfBounds => "a register outside the frame",
            VerifyProblem::IndexOutOfBounds => "an index outside its table",
            VerifyProblem::JumpOutOfBounds => "a jump outside the body",
            VerifyProblem::FallsOffTheEnd => "control can run off the end",
            VerifyProblem::WrongConstant => "a constant of a kind the instruction cannot use",
            VerifyProblem::BadConstant => "a malformed constant",
            VerifyProblem::BadConstructor => "a malformed constructor",
            VerifyProblem::BadSite => "a malformed method site",
            VerifyProblem::BadCapture => "a capture that does not exist where the closure is made",
            VerifyProblem::BadTable => "a jump table that does not fit its use",
            VerifyProblem::BadOperand => "an operand the instruction does not allow",
            VerifyProblem::AnchorsNotSorted => "anchors out of order",
            VerifyProblem::RegionsDiffer => "an instruction reached with different open regions",
            VerifyProblem::RegionMismatch => "a region closed that is not the innermost",
            VerifyProblem::RegionOpenAtExit => "a region open at return or tail call",
        })
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed bytecode: {}", self.problem)?;
        if let Some(body) = self.body {
            write!(f, ", body {body}")?;
        }
        if let Some(pc) = self.pc {
            write!(f, ", instruction {pc}")?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyError {}

/// More instructions than this in one body are refused; keeps `u32` arithmetic on targets safe.
const MAX_CODE: usize = 1 << 28;
/// How deep a candidate may look into an argument.
const MAX_HEAD_DEPTH: u32 = 8;

/// Checks a whole chunk.
pub fn verify(chunk: &Chunk) -> Result<(), VerifyError> {
    let in_tables = |problem| VerifyError { body: None, pc: None, problem };
    if chunk.bodies.is_empty() {
        return Err(in_tables(VerifyProblem::NoBody));
    }
    if !chunk.constants.iter().all(constant_is_sound) {
        return Err(in_tables(VerifyProblem::BadConstant));
    }
    if !chunk.constructors.iter().all(constructor_is_sound) {
        return Err(in_tables(VerifyProblem::BadConstructor));
    }
    if !chunk.sites.iter().all(site_is_sound) {
        return Err(in_tables(VerifyProblem::BadSite));
    }
    for (index, body) in chunk.bodies.iter().enumerate() {
        let at = |(pc, problem)| VerifyError { body: Some(index), pc, problem };
        if index == 0 && !body.captures.is_empty() {
            return Err(at((None, VerifyProblem::BadCapture)));
        }
        verify_body(chunk, body).map_err(at)?;
    }
    Ok(())
}

type Problem = (Option<usize>, VerifyProblem);

fn verify_body(chunk: &Chunk, body: &Body) -> Result<(), Problem> {
    let code = &body.code;
    match code.last() {
        None => return Err((None, VerifyProblem::EmptyCode)),
        Some(last) if !last.is_terminator() => return Err((Some(code.len() - 1), VerifyProblem::FallsOffTheEnd)),
        Some(_) => {}
    }
    if code.len() > MAX_CODE {
        return Err((None, VerifyProblem::TooLong));
    }
    if body.params > body.registers {
        return Err((None, VerifyProblem::ParamsExceedRegisters));
    }
    if !body.anchors.is_sorted_by(|a, b| a.0 < b.0) {
        return Err((None, VerifyProblem::AnchorsNotSorted));
    }
    for (pc, &instr) in code.iter().enumerate() {
        verify_operands(chunk, body, pc, instr).map_err(|problem| (Some(pc), problem))?;
    }
    verify_regions(chunk, body)
}

/// Bounds of one instruction.
fn verify_operands(chunk: &Chunk, body: &Body, pc: usize, instr: Instr) -> Result<(), VerifyProblem> {
    let registers = usize::from(body.registers);
    let mut start = None;
    let mut width = 0usize;
    let mut result = Ok(());
    let mut check = |fits: bool, problem| {
        if !fits && result.is_ok() {
            result = Err(problem);
        }
    };
    instr.operands(&mut |_, operand| {
        let mut index = |index: u16, len: usize| check(usize::from(index) < len, VerifyProblem::IndexOutOfBounds);
        match operand {
            Operand::Dst(r) | Operand::Src(r) | Operand::InOut(r) => {
                check(usize::from(r) < registers, VerifyProblem::RegisterOutOfBounds);
            }
            Operand::Start(r) => start = Some(usize::from(r)),
            Operand::Count(count) => width = usize::from(count),
            Operand::Argc(count) => width = usize::from(count),
            Operand::ConstIx(ix) => index(ix, chunk.constants.len()),
            Operand::SymbolIx(ix) => index(ix, chunk.symbols.len()),
            Operand::NativeIx(ix) => index(ix, chunk.natives.len()),
            Operand::NameIx(ix) => index(ix, chunk.names.len()),
            Operand::CtorIx(ix) => index(ix, chunk.constructors.len()),
            Operand::SiteIx(ix) => index(ix, chunk.sites.len()),
            Operand::BodyIx(ix) => index(ix, chunk.bodies.len()),
            Operand::TableIx(ix) => index(ix, chunk.tables.len()),
            Operand::CaptureIx(ix) => index(ix, body.captures.len()),
            Operand::Target(target) => check((target as usize) < body.code.len(), VerifyProblem::JumpOutOfBounds),
            Operand::Offset(offset) => {
                let target = pc as i64 + 1 + i64::from(offset);
                check(target >= 0 && target < body.code.len() as i64, VerifyProblem::JumpOutOfBounds);
            }
            Operand::Imm(_) | Operand::Imm32(_) | Operand::Plain(_) | Operand::Kind(_) | Operand::Bool(_) => {}
        }
    });
    result?;

    match instr {
        Instr::MakeListTail { .. } => width += 1,
        Instr::MakeMap { .. } => width *= 2,
        Instr::Construct { ctor, .. } => width = chunk.constructors[usize::from(ctor)].fields.len(),
        _ => {}
    }
    if let Some(start) = start
        && start + width > registers
    {
        return Err(VerifyProblem::RegisterOutOfBounds);
    }
    let constant = |index: u16| &chunk.constants[usize::from(index)];
    match instr {
        Instr::MakeTuple { count, .. } if count < 2 => Err(VerifyProblem::BadOperand),
        Instr::DivIntImm { imm: 0, .. } | Instr::RemIntImm { imm: 0, .. } => Err(VerifyProblem::BadOperand),
        Instr::JumpNotCons { head: second, .. }
        | Instr::TakeCons { head: second, .. }
        | Instr::TryPush { dst: second, .. }
            if usize::from(second) + 1 >= registers =>
        {
            Err(VerifyProblem::RegisterOutOfBounds)
        }
        Instr::LoadConst { constant: ix, .. } if matches!(constant(ix), Constant::IntRange { .. }) => {
            Err(VerifyProblem::WrongConstant)
        }
        Instr::JumpNotPrefix { constant: ix, .. } | Instr::StripPrefix { constant: ix, .. }
            if !matches!(constant(ix), Constant::Str(_)) =>
        {
            Err(VerifyProblem::WrongConstant)
        }
        Instr::SwitchInt { table, .. } | Instr::SwitchTag { table, .. } => {
            let JumpTable { low, targets, default } = &chunk.tables[usize::from(table)];
            let inside = |&target: &u32| (target as usize) < body.code.len();
            let tag_low = matches!(instr, Instr::SwitchInt { .. }) || *low == 0;
            if tag_low && targets.iter().chain([default]).all(inside) { Ok(()) } else { Err(VerifyProblem::BadTable) }
        }
        Instr::MakeClosure { body: ix, .. } => {
            let fits = |capture: &Capture| match *capture {
                Capture::Register(register) => usize::from(register) < registers,
                Capture::Outer(outer) => usize::from(outer) < body.captures.len(),
            };
            // Body 0 is the function itself; as a value it is `LoadFunction` or `LoadSelf`.
            let made = &chunk.bodies[usize::from(ix)];
            if ix != 0 && made.captures.iter().all(fits) { Ok(()) } else { Err(VerifyProblem::BadCapture) }
        }
        _ => Ok(()),
    }
}

/// A kind of region that must be closed in the reverse order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Region {
    Try,
    Atomic,
}

/// Flows the stack of open regions along all edges. Stacks are nodes of a tree, so equality is one number.
fn verify_regions(chunk: &Chunk, body: &Body) -> Result<(), Problem> {
    let code = &body.code;
    if !code.iter().any(|instr| {
        matches!(instr, Instr::TryPush { .. } | Instr::TryPop | Instr::AtomicEnter { .. } | Instr::AtomicLeave)
    }) {
        return Ok(());
    }
    // Node 0 is the empty stack; `nodes[n]` = (rest of the stack, top).
    let mut nodes: Vec<(u32, Option<Region>)> = vec![(0, None)];
    let mut children: FxHashMap<(u32, Region), u32> = FxHashMap::default();
    let mut state: Vec<Option<u32>> = vec![None; code.len()];
    let mut work = vec![(0usize, 0u32)];
    while let Some((pc, stack)) = work.pop() {
        match state[pc] {
            Some(known) if known == stack => continue,
            Some(_) => return Err((Some(pc), VerifyProblem::RegionsDiffer)),
            None => state[pc] = Some(stack),
        }
        let instr = code[pc];
        let mut push = |region| {
            *children.entry((stack, region)).or_insert_with(|| {
                nodes.push((stack, Some(region)));
                nodes.len() as u32 - 1
            })
        };
        let after = match instr {
            Instr::TryPush { .. } => push(Region::Try),
            Instr::AtomicEnter { .. } => push(Region::Atomic),
            Instr::TryPop | Instr::AtomicLeave => {
                let closes = if matches!(instr, Instr::TryPop) { Region::Try } else { Region::Atomic };
                let (rest, top) = nodes[stack as usize];
                if top != Some(closes) {
                    return Err((Some(pc), VerifyProblem::RegionMismatch));
                }
                rest
            }
            Instr::Return { .. }
            | Instr::TailCall { .. }
            | Instr::TailCallValue { .. }
            | Instr::TailCallMethod { .. }
                if stack != 0 =>
            {
                return Err((Some(pc), VerifyProblem::RegionOpenAtExit));
            }
            _ => stack,
        };
        // A handler starts with the regions that were open before its own.
        let at_target = if matches!(instr, Instr::TryPush { .. }) { stack } else { after };
        instr.operands(&mut |_, operand| match operand {
            Operand::Target(target) => work.push((target as usize, at_target)),
            Operand::Offset(offset) => work.push(((pc as i64 + 1 + i64::from(offset)) as usize, at_target)),
            Operand::TableIx(table) => {
                let table = &chunk.tables[usize::from(table)];
                work.extend(table.targets.iter().chain([&table.default]).map(|&target| (target as usize, after)));
            }
            _ => {}
        });
        if !instr.is_terminator() {
            work.push((pc + 1, after));
        }
    }
    Ok(())
}

fn constant_is_sound(constant: &Constant) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match constant {
        Constant::BigInt(text) => digits(text.strip_prefix('-').unwrap_or(text)),
        Constant::Decimal(text) => {
            let text = text.strip_prefix('-').unwrap_or(text);
            match text.split_once('.') {
                Some((whole, fraction)) => digits(whole) && digits(fraction),
                None => digits(text),
            }
        }
        _ => true,
    }
}

fn constructor_is_sound(ctor: &ConstructorRef) -> bool {
    let single = matches!(ctor.kind, TypeKind::Record | TypeKind::Reactive);
    ctor.index < ctor.siblings && (!single || ctor.siblings == 1) && ctor.fields.len() <= usize::from(u16::MAX)
}

fn site_is_sound(site: &MethodSite) -> bool {
    site.candidates.iter().all(|candidate| {
        let params = usize::from(candidate.params);
        params <= usize::from(u8::MAX)
            && candidate.defaults.len() <= params
            && candidate.heads.len() <= params
            && candidate.heads.iter().all(|head| head_is_sound(head, MAX_HEAD_DEPTH))
            && (candidate.given.is_empty() || given_is_sound(candidate))
    })
}

/// Arguments and defaults are all parameters, each once.
fn given_is_sound(candidate: &Candidate) -> bool {
    let given = &candidate.given;
    given.len() + candidate.defaults.len() == usize::from(candidate.params)
        && given.iter().enumerate().all(|(index, param)| *param < candidate.params && !given[..index].contains(param))
}

/// The machine follows parts by recursion.
fn head_is_sound(head: &Head, depth: u32) -> bool {
    let Head::Of(head, rows) = head else { return true };
    depth > 0 && !matches!(**head, Head::Of(..)) && rows.iter().flatten().all(|part| head_is_sound(part, depth - 1))
}

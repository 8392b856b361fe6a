//! Random chunks for the verifier and, if it accepts them, for the machine.
//!
//! Input: choices, from a generator of random numbers or from the bytes of a fuzzer. Output: programs of three functions
//! that call each other, and what became of running them under limits.

use std::sync::Arc;

use bytecode::{
    Body, CallTarget, Candidate, Capture, Chunk, Constant, ConstructorRef, Head, Instr, JumpTable, Kind, MethodSite,
    TypeKind, TypeRef, verify,
};
use vm::{Data, Limits};

use super::Program;

/// Where decisions come from.
pub(crate) trait Choices {
    /// A number below `n`, which is at least 1.
    fn below(&mut self, n: u64) -> u64;
}

/// xorshift: the same programs in every run.
pub(crate) struct Random(pub(crate) u64);

impl Choices for Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// One byte a choice, zero when there is none left.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Choices for Bytes<'_> {
    fn below(&mut self, n: u64) -> u64 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u64::from(first) % n
    }
}

/// What became of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The verifier refused a chunk, also after its first body was replaced.
    Refused,
    Finished,
    Failed,
}

/// Makes a program, runs it if the verifier accepts it, and looks at the result. `whole`: counts the chunks that were
/// accepted as they were made.
pub(crate) fn run(choices: &mut impl Choices, whole: &mut usize) -> Outcome {
    let mut program = Program::new();
    let mut sound = true;
    for (symbol, params) in [("f/0", 0), ("g/1", 1), ("h/2", 2)] {
        let mut chunk = chunk(choices, symbol, params);
        *whole += usize::from(verify(&chunk).is_ok());
        if verify(&chunk).is_err() {
            // Only the broken body is replaced, so that more programs do something.
            chunk.bodies[0].code = vec![Instr::Return { src: 0 }];
            chunk.bodies[0].registers = REGISTERS;
        }
        if verify(&chunk).is_err() {
            chunk.bodies[1].code = vec![Instr::LoadCapture { dst: 0, index: 0 }, Instr::Return { src: 0 }];
        }
        sound &= verify(&chunk).is_ok();
        program.insert(symbol, Arc::new(chunk));
    }
    if !sound {
        return Outcome::Refused;
    }
    // Miri takes a thousand times as long for each step.
    let max_steps = Some(if cfg!(miri) { 2_000 } else { 12_000 });
    let limits = Limits { max_steps, max_bytes: 1 << 24, max_frames: 200, ..Limits::default() };
    let (mut machine, _) = program.machine_with(limits);
    match machine.call("f/0", &[]) {
        Ok(value) => {
            let _ = (vm::display(&value), Data::from_value(&value));
            Outcome::Finished
        }
        Err(failure) => {
            let _ = failure.text();
            Outcome::Failed
        }
    }
}

const REGISTERS: u16 = 8;

/// A register, rarely one that does not exist.
fn register(random: &mut impl Choices) -> u16 {
    let beyond = u64::from(random.below(64) == 63);
    random.below(u64::from(REGISTERS) + beyond) as u16
}

/// A random instruction. Most operands are in bounds, so that many programs are accepted.
fn instr(random: &mut impl Choices, pc: u64, len: u64) -> Instr {
    let (a, b, c) = (register(random), register(random), register(random));
    let beyond = u64::from(random.below(64) == 63);
    let offset = random.below(len + beyond) as i16 - pc as i16 - 1;
    let window = random.below(u64::from(REGISTERS) - 3) as u16;
    let target = random.below(len) as u32;
    let count = random.below(4) as u16;
    let argc = count as u8;
    let index = random.below(3) as u16;
    match random.below(78) {
        0 => Instr::Move { dst: a, src: b },
        1 => Instr::Take { dst: a, src: b },
        2 => Instr::LoadInt { dst: a, value: random.below(40) as i32 - 20 },
        3 => Instr::LoadConst { dst: a, constant: index },
        4 => Instr::LoadFunction { dst: a, symbol: index },
        5 => Instr::LoadNative { dst: a, native: index },
        6 => Instr::LoadConstructor { dst: a, ctor: index },
        7 | 8 => Instr::MakeClosure { dst: a, body: 1 },
        9 => Instr::LoadSelf { dst: a },
        10 if random.below(2) == 0 => Instr::LoadCapture { dst: a, index: count.min(1) },
        11 => Instr::CellNew { dst: a, src: b },
        12 => Instr::CellGet { dst: a, cell: b },
        13 => Instr::CellSet { cell: a, src: b },
        14 => Instr::LoadValue { dst: a, symbol: index },
        15 => Instr::MvarGet { dst: a, symbol: index },
        16 => Instr::MvarSet { symbol: index, src: a },
        17 if random.below(8) == 0 => Instr::AtomicEnter { symbol: index },
        18 if random.below(8) == 0 => Instr::AtomicLeave,
        19 => Instr::AddInt { dst: a, a: b, b: c },
        20 => Instr::DivInt { dst: a, a: b, b: c },
        21 => Instr::Add { dst: a, a: b, b: c },
        22 => Instr::Pow { dst: a, a: b, b: c },
        23 => Instr::Eq { dst: a, a: b, b: c },
        24 => Instr::Lt { dst: a, a: b, b: c },
        25 => Instr::Jump { target },
        26 => Instr::JumpIf { cond: a, target },
        27 => Instr::JumpLtInt { a, b, offset },
        28 => Instr::JumpEq { a, b, offset },
        29 => Instr::ForLoop { counter: a, limit: b, offset },
        30 => Instr::SwitchInt { src: a, table: 0 },
        31 => Instr::SwitchTag { src: a, table: 0 },
        32..=35 => Instr::Call { argc, dst: a, symbol: index, args: window },
        36 => Instr::TailCall { argc, symbol: index, args: window },
        37..=40 => Instr::CallValue { argc, dst: a, callee: b, args: window },
        41 => Instr::TailCallValue { argc, callee: b, args: window },
        42 => Instr::CallNative { argc, dst: a, native: index, args: window },
        43..=45 => Instr::CallMethod { argc, dst: a, site: 0, args: window },
        46 => Instr::TailCallMethod { argc, site: 0, args: window },
        47 | 48 => Instr::Return { src: a },
        49 => Instr::Concat { dst: a, a: b, b: c },
        50 => Instr::Interpolate { dst: a, start: window, count },
        51 | 52 => Instr::MakeTuple { dst: a, start: window, count: count.max(2) },
        53 => Instr::TupleGet { dst: a, src: b, index },
        54..=56 => Instr::MakeList { dst: a, start: window, count },
        57 => Instr::MakeListTail { dst: a, start: window, count: count / 2 },
        58 | 59 => Instr::Cons { dst: a, head: b, tail: c },
        60 => Instr::ListHead { dst: a, src: b },
        61 => Instr::ListDrop { dst: a, src: b, count },
        62 => Instr::MakeMap { dst: a, start: window, count: count / 2 },
        63 => Instr::MakeSet { dst: a, start: window, count },
        64 => Instr::Index { dst: a, obj: b, key: c },
        65 => Instr::SetIndex { obj: a, key: b, src: c },
        66 | 67 => Instr::Construct { dst: a, ctor: index, start: window },
        68 => Instr::GetField { dst: a, obj: b, index },
        69 => Instr::SetField { obj: a, index, src: b },
        70 => Instr::GetFieldNamed { dst: a, obj: b, name: 0 },
        71 if count < 2 => Instr::JumpNotCons { src: a, head: window, offset },
        71 => Instr::TakeCons { src: a, head: window, offset },
        72 => Instr::JumpNotKey { src: a, key: b, offset },
        73 => Instr::JumpNotKind { kind: Kind::List, src: a, target },
        74 => Instr::Throw { src: a },
        75 if random.below(3) == 0 => Instr::TryPush { dst: window, handler: target },
        76 if random.below(3) == 0 => Instr::TryPop,
        _ => match random.below(24) {
            0 => Instr::Rethrow { token: a },
            1 => Instr::Spawn { dst: a, function: b },
            2 => Instr::Send { pid: a, src: b },
            3 => Instr::SelfPid { dst: a },
            4 => Instr::ReceiveUntil { dst: a, deadline: b, offset },
            5 => Instr::Deadline { dst: a, millis: b },
            6 => Instr::SetFieldNamed { obj: a, name: 0, src: b },
            7 => Instr::JumpNotTag { src: a, tag: index, offset },
            8 => Instr::JumpNotCtor { src: a, ctor: index, offset },
            9 => Instr::JumpNotConst { src: a, constant: index, offset },
            10 => Instr::JumpNotTuple { src: a, arity: count, offset },
            11 => Instr::JumpNotList { src: a, len: count, offset },
            12 => Instr::JumpListShorter { src: a, len: count, offset },
            22 => Instr::Link { pid: a },
            23 => Instr::Monitor { pid: a },
            13 => Instr::JumpNotMember { src: a, item: b, offset },
            14 => Instr::JumpNotPrefix { src: a, constant: 0, offset },
            15 => Instr::StripPrefix { dst: a, src: b, constant: 0 },
            16 => Instr::ListGet { dst: a, src: b, index: count },
            17 => Instr::MakeRange { dst: a, a: b, b: c },
            18 => Instr::CaptureCellGet { dst: a, index: count.min(1) },
            19 => Instr::CaptureCellSet { index: count.min(1), src: a },
            20 => Instr::Show { dst: a, src: b },
            _ => Instr::AssignField { obj: a, name: 0, src: b },
        },
    }
}

fn body(random: &mut impl Choices, name: &str, params: u16, captures: Vec<Capture>) -> Body {
    let len = 3 + random.below(24);
    let mut code: Vec<Instr> = (0..len).map(|pc| instr(random, pc, len)).collect();
    code.push(Instr::Return { src: 0 });
    Body { name: name.into(), params, registers: REGISTERS, captures, code, anchors: vec![(0, 1)] }
}

/// A chunk with a lambda; most are well formed.
pub(crate) fn chunk(random: &mut impl Choices, symbol: &str, params: u16) -> Chunk {
    let ctor = |name: &str, kind, index, siblings, fields: &[&str]| ConstructorRef {
        ty: TypeRef { module: "m".into(), name: if siblings == 1 { name.into() } else { "V".into() } },
        kind,
        name: name.into(),
        index,
        siblings,
        fields: fields.iter().map(|&field| field.into()).collect(),
    };
    let lambda_params = random.below(3) as u16;
    Chunk {
        symbol: symbol.into(),
        bodies: vec![
            body(random, "f", params, Vec::new()),
            body(random, "<lambda>", lambda_params, vec![Capture::Register(0), Capture::Register(1)]),
        ],
        constants: vec![Constant::str("text"), Constant::float(1.5), Constant::BigInt("123".into())],
        symbols: vec!["f/0".into(), "g/1".into(), "h/2".into()],
        natives: vec!["Prim.listReverse".into(), "Map.insert".into(), "show".into()],
        names: vec!["x".into()],
        constructors: vec![
            ctor("P", TypeKind::Record, 0, 1, &["x", "y"]),
            ctor("B", TypeKind::Variant, 1, 2, &[]),
            ctor("R", TypeKind::Reactive, 0, 1, &["x"]),
        ],
        sites: vec![MethodSite {
            name: "x".into(),
            candidates: vec![
                Candidate {
                    heads: vec![Head::Of(Box::new(Head::Kind(Kind::List)), vec![vec![Head::Kind(Kind::Int)]])],
                    target: CallTarget::Native("Prim.listReverse".into()),
                    params: 1,
                    defaults: Vec::new(),
                    given: Vec::new(),
                },
                Candidate {
                    heads: vec![Head::Kind(Kind::Int), Head::Any],
                    target: CallTarget::Function("h/2".into()),
                    params: 2,
                    defaults: vec!["g/1".into()],
                    given: vec![0],
                },
            ],
            field: Some(1),
        }],
        tables: vec![JumpTable { low: 0, targets: vec![random.below(4) as u32, 1], default: 0 }],
    }
}

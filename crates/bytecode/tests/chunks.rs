//! Builder, verifier and disassembler on small chunks.

use bytecode::{
    BodyBuilder, BuildError, Capture, Chunk, ChunkBuilder, Constant, ConstructorRef, Instr, TypeKind, TypeRef,
    VerifyProblem, disassemble, verify,
};
use expect_test::expect;

/// One body of `registers` registers, no parameters.
fn chunk_of(registers: u16, code: &[Instr]) -> Chunk {
    let mut chunk = ChunkBuilder::new("t.f/0");
    chunk.str("text");
    chunk.symbol("t.m");
    chunk.constant(Constant::IntRange { low: 1, high: 5 });
    let mut body = BodyBuilder::new();
    for &instr in code {
        body.emit(instr);
    }
    chunk.set_body(0, "f", 0, registers, Vec::new(), body);
    chunk.finish().unwrap()
}

#[track_caller]
fn check(registers: u16, code: &[Instr], expected: Result<(), VerifyProblem>) {
    assert_eq!(verify(&chunk_of(registers, code)).map_err(|error| error.problem), expected);
}

#[test]
fn a_whole_function_reads_well() {
    let mut chunk = ChunkBuilder::new("geo.fact/1");
    let itself = chunk.symbol("geo.fact/1");
    let mut body = BodyBuilder::new();
    let rest = body.label();
    body.anchor(3);
    body.emit_jump(Instr::JumpGtImm { a: 0, imm: 1, offset: 0 }, rest);
    body.emit(Instr::LoadInt { dst: 1, value: 1 });
    body.emit(Instr::Return { src: 1 });
    body.bind(rest);
    body.anchor(5);
    body.emit(Instr::AddIntImm { dst: 1, a: 0, imm: -1 });
    body.emit(Instr::Call { argc: 1, dst: 1, symbol: itself, args: 1 });
    body.emit(Instr::MulInt { dst: 0, a: 0, b: 1 });
    body.emit(Instr::Return { src: 0 });
    chunk.set_body(0, "fact", 1, 2, Vec::new(), body);
    let chunk = chunk.finish().unwrap();
    verify(&chunk).unwrap();
    assert_eq!(chunk.bodies[0].expr_at(2), Some(3));
    assert_eq!(chunk.bodies[0].expr_at(4), Some(5));
    expect![[r#"
        chunk geo.fact/1
        body 0 fact: 1 params, 2 registers
          [e3]
            0 JumpGtImm r0 1 @3
            1 LoadInt r1 1
            2 Return r1
          [e5]
            3 AddIntImm r1 r0 -1
            4 Call x1 r1 s0 r1..  ; geo.fact/1
            5 MulInt r0 r0 r1
            6 Return r0
    "#]]
    .assert_eq(&disassemble(&chunk));
}

#[test]
fn registers_and_windows_stay_in_the_frame() {
    let ret = Instr::Return { src: 0 };
    check(1, &[Instr::LoadUnit { dst: 1 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
    check(3, &[Instr::MakeList { dst: 0, start: 0, count: 3 }, ret], Ok(()));
    check(3, &[Instr::MakeList { dst: 0, start: 1, count: 3 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
    check(3, &[Instr::MakeListTail { dst: 0, start: 0, count: 3 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
    check(3, &[Instr::MakeMap { dst: 0, start: 0, count: 2 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
    check(1, &[Instr::TryPush { dst: 0, handler: 1 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
    check(0, &[Instr::MakeList { dst: 0, start: 65535, count: 65535 }, ret], Err(VerifyProblem::RegisterOutOfBounds));
}

#[test]
fn control_stays_in_the_body() {
    check(1, &[], Err(VerifyProblem::EmptyCode));
    check(1, &[Instr::Nop], Err(VerifyProblem::FallsOffTheEnd));
    check(1, &[Instr::Jump { target: 1 }], Err(VerifyProblem::JumpOutOfBounds));
    check(1, &[Instr::Jump { target: 0 }], Ok(()));
    check(
        1,
        &[Instr::JumpEqImm { a: 0, imm: 0, offset: -2 }, Instr::Return { src: 0 }],
        Err(VerifyProblem::JumpOutOfBounds),
    );
}

#[test]
fn tables_and_constants_fit() {
    let ret = Instr::Return { src: 0 };
    check(1, &[Instr::LoadConst { dst: 0, constant: 0 }, ret], Ok(()));
    check(1, &[Instr::LoadConst { dst: 0, constant: 2 }, ret], Err(VerifyProblem::IndexOutOfBounds));
    check(1, &[Instr::LoadConst { dst: 0, constant: 1 }, ret], Err(VerifyProblem::WrongConstant));
    check(1, &[Instr::StripPrefix { dst: 0, src: 0, constant: 1 }, ret], Err(VerifyProblem::WrongConstant));
    check(1, &[Instr::Call { argc: 0, dst: 0, symbol: 9, args: 0 }, ret], Err(VerifyProblem::IndexOutOfBounds));
    check(1, &[Instr::LoadCapture { dst: 0, index: 0 }, ret], Err(VerifyProblem::IndexOutOfBounds));
    check(1, &[Instr::DivIntImm { dst: 0, a: 0, imm: 0 }, ret], Err(VerifyProblem::BadOperand));

    let mut chunk = chunk_of(1, &[ret]);
    chunk.constants.push(Constant::BigInt("12x".into()));
    assert_eq!(verify(&chunk).unwrap_err().problem, VerifyProblem::BadConstant);

    let mut chunk = chunk_of(1, &[ret]);
    chunk.constructors.push(ConstructorRef {
        ty: TypeRef { module: "m".into(), name: "T".into() },
        kind: TypeKind::Variant,
        name: "A".into(),
        index: 2,
        siblings: 2,
        fields: Vec::new(),
    });
    assert_eq!(verify(&chunk).unwrap_err().problem, VerifyProblem::BadConstructor);
}

#[test]
fn regions_are_balanced() {
    let ret = Instr::Return { src: 0 };
    let open = Instr::TryPush { dst: 0, handler: 2 };
    let enter = Instr::AtomicEnter { symbol: 0 };
    check(2, &[open, Instr::TryPop, ret], Ok(()));
    check(2, &[open, ret, ret], Err(VerifyProblem::RegionOpenAtExit));
    check(2, &[Instr::TryPop, ret], Err(VerifyProblem::RegionMismatch));
    check(2, &[enter, Instr::TryPop, ret], Err(VerifyProblem::RegionMismatch));
    check(2, &[enter, Instr::AtomicLeave, ret], Ok(()));
    // A loop that opens one more region each time.
    check(2, &[enter, Instr::Jump { target: 0 }], Err(VerifyProblem::RegionsDiffer));
}

#[test]
fn captures_exist_where_the_closure_is_made() {
    let make = |capture| {
        let mut chunk = ChunkBuilder::new("t.f/0");
        let lambda = chunk.reserve_body();
        let mut inner = BodyBuilder::new();
        inner.emit(Instr::LoadCapture { dst: 0, index: 0 });
        inner.emit(Instr::Return { src: 0 });
        chunk.set_body(lambda, "<lambda>", 0, 1, vec![capture], inner);
        let mut outer = BodyBuilder::new();
        outer.emit(Instr::MakeClosure { dst: 0, body: lambda });
        outer.emit(Instr::Return { src: 0 });
        chunk.set_body(0, "f", 0, 1, Vec::new(), outer);
        verify(&chunk.finish().unwrap()).map_err(|error| error.problem)
    };
    assert_eq!(make(Capture::Register(0)), Ok(()));
    assert_eq!(make(Capture::Register(1)), Err(VerifyProblem::BadCapture));
    assert_eq!(make(Capture::Outer(0)), Err(VerifyProblem::BadCapture));
}

#[test]
fn far_jumps_are_lengthened() {
    let mut chunk = ChunkBuilder::new("t.f/0");
    let mut body = BodyBuilder::new();
    let end = body.label();
    let start = body.label_here();
    body.emit_jump(Instr::JumpEqImm { a: 0, imm: 1, offset: 0 }, end);
    for _ in 0..40_000 {
        body.emit(Instr::Nop);
    }
    body.emit_jump(Instr::JumpNeImm { a: 0, imm: 1, offset: 0 }, start);
    body.bind(end);
    body.emit(Instr::Return { src: 0 });
    chunk.set_body(0, "f", 0, 1, Vec::new(), body);
    let chunk = chunk.finish().unwrap();
    verify(&chunk).unwrap();
    let code = &chunk.bodies[0].code;
    assert_eq!(code[0], Instr::JumpEqImm { a: 0, imm: 1, offset: 1 });
    assert_eq!(code[1], Instr::Jump { target: 3 });
    assert_eq!(code[2], Instr::Jump { target: code.len() as u32 - 1 });
    assert_eq!(code[code.len() - 2], Instr::Jump { target: 0 });
}

#[test]
fn unbound_labels_are_an_error() {
    let mut chunk = ChunkBuilder::new("t.f/0");
    let mut body = BodyBuilder::new();
    let nowhere = body.label();
    body.emit_jump(Instr::Jump { target: 0 }, nowhere);
    chunk.set_body(0, "f", 0, 0, Vec::new(), body);
    assert_eq!(chunk.finish().unwrap_err(), BuildError::Unfinished("label"));
}

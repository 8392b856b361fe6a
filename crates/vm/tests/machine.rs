//! The machine on small hand-made chunks: calls, failures, closures, processes, limits.

mod common;

use bytecode::{
    CallTarget, Candidate, Capture, Constant, ConstructorRef, Head, Instr, Kind, MethodSite, TypeKind, TypeRef,
};
use common::{Program, check, fails};
use vm::{Data, Limits};

fn record(module: &str, name: &str, fields: &[&str]) -> ConstructorRef {
    ConstructorRef {
        ty: TypeRef { module: module.into(), name: name.into() },
        kind: TypeKind::Record,
        name: name.into(),
        index: 0,
        siblings: 1,
        fields: fields.iter().map(|&field| field.into()).collect(),
    }
}

/// A number of repetitions that also Miri gets to the end of.
fn times(many: i32) -> i32 {
    if cfg!(miri) { many / 1_000 } else { many }
}

/// 0 + 1 + .. + n
fn sum_to(n: i32) -> i64 {
    i64::from(n) * i64::from(n + 1) / 2
}

#[test]
fn naive_fib() {
    let mut program = Program::new();
    program.fib();
    let (n, result) = if cfg!(miri) { (10, "55") } else { (25, "75025") };
    check(program, "fib/1", &[Data::Int(n)], result);
}

#[test]
fn a_million_tail_calls_in_one_frame() {
    let mut program = Program::new();
    program.function("count/2", 2, 5, |chunk, body| {
        let itself = chunk.symbol("count/2");
        let more = body.label();
        body.emit_jump(Instr::JumpGtImm { a: 0, imm: 0, offset: 0 }, more);
        body.emit(Instr::Return { src: 1 });
        body.bind(more);
        body.emit(Instr::AddIntImm { dst: 2, a: 0, imm: -1 });
        body.emit(Instr::AddInt { dst: 3, a: 1, b: 0 });
        body.emit(Instr::TailCall { argc: 2, symbol: itself, args: 2 });
    });
    let n = times(1_000_000);
    check(program, "count/2", &[Data::Int(n.into()), Data::Int(0)], &sum_to(n).to_string());
}

/// `deep(n) = if n == 0 then 0 else 1 + deep(n - 1)`
fn deep() -> Program {
    let mut program = Program::new();
    program.function("deep/1", 1, 2, |chunk, body| {
        let itself = chunk.symbol("deep/1");
        let more = body.label();
        body.anchor(7);
        body.emit_jump(Instr::JumpNeImm { a: 0, imm: 0, offset: 0 }, more);
        body.emit(Instr::Return { src: 0 });
        body.bind(more);
        body.anchor(9);
        body.emit(Instr::AddIntImm { dst: 1, a: 0, imm: -1 });
        body.emit(Instr::Call { argc: 1, dst: 1, symbol: itself, args: 1 });
        body.emit(Instr::AddIntImm { dst: 1, a: 1, imm: 1 });
        body.emit(Instr::Return { src: 1 });
    });
    program
}

#[test]
fn deep_recursion_works_and_ends_in_a_failure() {
    let n = times(9_990);
    check(deep(), "deep/1", &[Data::Int(n.into())], &n.to_string());
    let limits = Limits { max_frames: times(10_000) as usize, ..Limits::default() };
    let failure = deep().machine_with(limits).0.call("deep/1", &[Data::Int(100_000)]).err().unwrap();
    assert_eq!(failure.text(), "Stack overflow");
    assert_eq!(failure.trace[0].symbol, "deep/1");
    assert_eq!(failure.trace[0].expr, Some(9));
    assert!(failure.trace.len() < 100);
}

#[test]
fn overflow_is_caught_like_any_failure() {
    let mut program = deep();
    program.function("main/0", 0, 3, |chunk, body| {
        let deep = chunk.symbol("deep/1");
        let handler = body.label();
        body.emit_jump(Instr::TryPush { dst: 0, handler: 0 }, handler);
        body.emit(Instr::LoadInt { dst: 2, value: 100_000 });
        body.emit(Instr::Call { argc: 1, dst: 0, symbol: deep, args: 2 });
        body.emit(Instr::TryPop);
        body.emit(Instr::Return { src: 0 });
        body.bind(handler);
        body.emit(Instr::Return { src: 0 });
    });
    check(program, "main/0", &[], r#"("StackOverflow", "stack overflow")"#);
}

/// A function that fails with `raise`, called by `main`, which catches and returns or rethrows.
fn catching(rethrow: bool, raise: impl FnOnce(&mut bytecode::ChunkBuilder, &mut bytecode::BodyBuilder)) -> Program {
    let mut program = Program::new();
    program.function("f/0", 0, 8, |chunk, body| {
        raise(chunk, body);
        body.emit(Instr::Return { src: 0 });
    });
    program.function("main/0", 0, 3, |chunk, body| {
        let callee = chunk.symbol("f/0");
        let handler = body.label();
        body.emit_jump(Instr::TryPush { dst: 0, handler: 0 }, handler);
        body.emit(Instr::Call { argc: 0, dst: 0, symbol: callee, args: 0 });
        body.emit(Instr::TryPop);
        body.emit(Instr::Return { src: 0 });
        body.bind(handler);
        if rethrow {
            body.emit(Instr::Rethrow { token: 1 });
        } else {
            body.emit(Instr::Return { src: 0 });
        }
    });
    program
}

#[track_caller]
fn raises(caught: &str, uncaught: &str, raise: impl Fn(&mut bytecode::ChunkBuilder, &mut bytecode::BodyBuilder)) {
    check(catching(false, &raise), "main/0", &[], caught);
    fails(catching(true, &raise), "main/0", uncaught);
    fails(catching(false, &raise), "f/0", uncaught);
}

#[test]
fn failures_are_caught_and_printed_as_the_language_says() {
    raises(
        r#"("DivisionByZero", "Division by zero")"#,
        "Panic: Uncaught exception: (DivisionByZero, Division by zero)",
        |_, body| {
            body.emit(Instr::LoadInt { dst: 0, value: 1 });
            body.emit(Instr::LoadInt { dst: 1, value: 0 });
            body.emit(Instr::DivInt { dst: 0, a: 0, b: 1 });
        },
    );
    raises(r#"("empty", 0)"#, r#"Panic: Uncaught exception: ("empty", 0)"#, |chunk, body| {
        let text = chunk.str("empty");
        body.emit(Instr::LoadConst { dst: 0, constant: text });
        body.emit(Instr::LoadInt { dst: 1, value: 0 });
        body.emit(Instr::MakeTuple { dst: 0, start: 0, count: 2 });
        body.emit(Instr::Throw { src: 0 });
    });
    raises(
        r#"("Panic", "Non-exhaustive match: no pattern matched")"#,
        "Panic: Non-exhaustive match: no pattern matched",
        |_, body| body.emit(Instr::FailMatch),
    );
    raises(r#"("Panic", "Assertion failed: 1 != 2")"#, "Panic: Assertion failed: 1 != 2", |chunk, body| {
        let native = chunk.native("assert_eq");
        body.emit(Instr::LoadInt { dst: 0, value: 1 });
        body.emit(Instr::LoadInt { dst: 1, value: 2 });
        body.emit(Instr::CallNative { argc: 2, dst: 0, native, args: 0 });
    });
    raises(
        r#"("IndexOutOfBounds", "index 0 out of bounds (length 0)")"#,
        "Index out of bounds: 0 (length 0)",
        |chunk, body| {
            let native = chunk.native("Prim.listHead");
            body.emit(Instr::MakeList { dst: 0, start: 0, count: 0 });
            body.emit(Instr::CallNative { argc: 1, dst: 0, native, args: 0 });
        },
    );
    raises(r#"("Panic", "Index 9 out of bounds")"#, "Panic: Index 9 out of bounds", |_, body| {
        body.emit(Instr::MakeList { dst: 0, start: 0, count: 0 });
        body.emit(Instr::LoadInt { dst: 1, value: 9 });
        body.emit(Instr::Index { dst: 0, obj: 0, key: 1 });
    });
    raises(r#"("TypeError", "expected Int, got String")"#, "Type error: expected Int, got String", |chunk, body| {
        let text = chunk.str("x");
        body.emit(Instr::LoadConst { dst: 0, constant: text });
        body.emit(Instr::AddIntImm { dst: 0, a: 0, imm: 1 });
    });
}

#[test]
fn closures_share_cells() {
    let mut program = Program::new();
    program.chunk("tally/0", |chunk| {
        let bump = chunk.reserve_body();
        let mut inner = bytecode::BodyBuilder::new();
        inner.emit(Instr::CaptureCellGet { dst: 0, index: 0 });
        inner.emit(Instr::AddIntImm { dst: 0, a: 0, imm: 1 });
        inner.emit(Instr::CaptureCellSet { index: 0, src: 0 });
        inner.emit(Instr::Return { src: 0 });
        chunk.set_body(bump, "<lambda>", 0, 1, vec![Capture::Register(0)], inner);
        let mut body = bytecode::BodyBuilder::new();
        body.emit(Instr::LoadInt { dst: 1, value: 0 });
        body.emit(Instr::CellNew { dst: 0, src: 1 });
        body.emit(Instr::MakeClosure { dst: 1, body: bump });
        body.emit(Instr::CallValue { argc: 0, dst: 2, callee: 1, args: 2 });
        body.emit(Instr::CallValue { argc: 0, dst: 2, callee: 1, args: 2 });
        body.emit(Instr::CellGet { dst: 2, cell: 0 });
        body.emit(Instr::Return { src: 2 });
        chunk.set_body(0, "tally", 0, 3, Vec::new(), body);
    });
    check(program, "tally/0", &[], "2");
}

#[test]
fn callbacks_of_several_parameters_take_tuples_apart() {
    let mut program = Program::new();
    program.function("add/2", 2, 2, |_, body| {
        body.emit(Instr::AddInt { dst: 0, a: 0, b: 1 });
        body.emit(Instr::Return { src: 0 });
    });
    program.function("main/0", 0, 3, |chunk, body| {
        let add = chunk.symbol("add/2");
        body.emit(Instr::LoadFunction { dst: 2, symbol: add });
        body.emit(Instr::LoadInt { dst: 0, value: 40 });
        body.emit(Instr::LoadInt { dst: 1, value: 2 });
        body.emit(Instr::MakeTuple { dst: 0, start: 0, count: 2 });
        body.emit(Instr::TailCallValue { argc: 1, callee: 2, args: 0 });
    });
    check(program, "main/0", &[], "42");
}

#[test]
fn lists_are_consed_shared_and_taken_apart() {
    let n = times(100_000);
    let mut program = Program::new();
    program.function("sum/2", 2, 6, |chunk, body| {
        let itself = chunk.symbol("sum/2");
        let empty = body.label();
        body.emit_jump(Instr::JumpNotCons { src: 0, head: 2, offset: 0 }, empty);
        body.emit(Instr::AddInt { dst: 5, a: 1, b: 2 });
        body.emit(Instr::Take { dst: 4, src: 3 });
        body.emit(Instr::TailCall { argc: 2, symbol: itself, args: 4 });
        body.bind(empty);
        body.emit(Instr::Return { src: 1 });
    });
    program.function("main/0", 0, 6, |chunk, body| {
        let sum = chunk.symbol("sum/2");
        body.emit(Instr::LoadInt { dst: 0, value: 1 });
        body.emit(Instr::LoadInt { dst: 1, value: n });
        body.emit(Instr::MakeRange { dst: 2, a: 0, b: 1 });
        body.emit(Instr::Cons { dst: 3, head: 1, tail: 2 });
        body.emit(Instr::Cons { dst: 2, head: 0, tail: 2 });
        body.emit(Instr::Concat { dst: 2, a: 2, b: 3 });
        body.emit(Instr::LoadInt { dst: 3, value: 0 });
        body.emit(Instr::TailCall { argc: 2, symbol: sum, args: 2 });
    });
    check(program, "main/0", &[], &(2 * sum_to(n) + 1 + i64::from(n)).to_string());
}

#[test]
fn records_show_update_and_dispatch() {
    let point = record("geo", "Point", &["x", "y"]);
    let mut program = Program::new();
    program.function("len/1", 1, 1, |_, body| {
        body.emit(Instr::GetField { dst: 0, obj: 0, index: 1 });
        body.emit(Instr::Return { src: 0 });
    });
    let ty = point.ty.clone();
    program.function("main/0", 0, 6, move |chunk, body| {
        let x = chunk.name("x");
        let ctor = chunk.constructor(point);
        let text = chunk.str("four");
        let candidate =
            |head, target| Candidate { heads: vec![head], target, params: 1, defaults: Vec::new(), given: Vec::new() };
        let site = chunk.site(MethodSite {
            name: "length".into(),
            candidates: vec![
                candidate(Head::Type(ty), CallTarget::Function("len/1".into())),
                candidate(Head::Kind(Kind::String), CallTarget::Native("String.length".into())),
            ],
            field: None,
        });
        body.emit(Instr::LoadInt { dst: 0, value: 1 });
        body.emit(Instr::LoadInt { dst: 1, value: 2 });
        body.emit(Instr::Construct { dst: 0, ctor, start: 0 });
        body.emit(Instr::Move { dst: 1, src: 0 });
        body.emit(Instr::LoadInt { dst: 2, value: 9 });
        body.emit(Instr::SetFieldNamed { obj: 1, name: x, src: 2 });
        body.emit(Instr::Move { dst: 3, src: 1 });
        body.emit(Instr::CallMethod { argc: 1, dst: 2, site, args: 3 });
        body.emit(Instr::LoadConst { dst: 3, constant: text });
        body.emit(Instr::CallMethod { argc: 1, dst: 3, site, args: 3 });
        body.emit(Instr::MakeTuple { dst: 0, start: 0, count: 4 });
        body.emit(Instr::Return { src: 0 });
    });
    check(program, "main/0", &[], "(Point{x: 1, y: 2}, Point{x: 9, y: 2}, 2, 4)");
}

#[test]
fn a_site_fills_in_defaults() {
    let mut program = Program::new();
    program.function("half/1", 1, 1, |_, body| {
        body.emit(Instr::DivIntImm { dst: 0, a: 0, imm: 2 });
        body.emit(Instr::Return { src: 0 });
    });
    program.function("area/2", 2, 2, |_, body| {
        body.emit(Instr::MulInt { dst: 0, a: 0, b: 1 });
        body.emit(Instr::Return { src: 0 });
    });
    program.function("main/0", 0, 1, |chunk, body| {
        let site = chunk.site(MethodSite {
            name: "area".into(),
            candidates: vec![Candidate {
                heads: Vec::new(),
                target: CallTarget::Function("area/2".into()),
                params: 2,
                defaults: vec!["half/1".into()],
                given: Vec::new(),
            }],
            field: None,
        });
        body.emit(Instr::LoadInt { dst: 0, value: 10 });
        body.emit(Instr::CallMethod { argc: 1, dst: 0, site, args: 0 });
        body.emit(Instr::Return { src: 0 });
    });
    check(program, "main/0", &[], "50");
}

/// `worker` sends its parent (captured) the number 7; `main` spawns it and receives.
#[test]
fn processes_send_and_receive() {
    let mut program = Program::new();
    program.chunk("main/0", |chunk| {
        let worker = chunk.reserve_body();
        let mut inner = bytecode::BodyBuilder::new();
        inner.emit(Instr::LoadCapture { dst: 0, index: 0 });
        inner.emit(Instr::LoadInt { dst: 1, value: 7 });
        inner.emit(Instr::Send { pid: 0, src: 1 });
        inner.emit(Instr::Return { src: 1 });
        chunk.set_body(worker, "<lambda>", 0, 2, vec![Capture::Register(0)], inner);
        let mut body = bytecode::BodyBuilder::new();
        body.emit(Instr::SelfPid { dst: 0 });
        body.emit(Instr::MakeClosure { dst: 1, body: worker });
        body.emit(Instr::Spawn { dst: 1, function: 1 });
        body.emit(Instr::Receive { dst: 1 });
        let late = body.label();
        body.emit(Instr::LoadInt { dst: 2, value: 20 });
        body.emit(Instr::Deadline { dst: 2, millis: 2 });
        body.emit_jump(Instr::ReceiveUntil { dst: 3, deadline: 2, offset: 0 }, late);
        body.emit(Instr::FailMatch);
        body.bind(late);
        body.emit(Instr::Return { src: 1 });
        chunk.set_body(0, "main", 0, 4, Vec::new(), body);
    });
    check(program, "main/0", &[], "7");
}

#[test]
fn waiting_for_nobody_is_a_failure() {
    let mut program = Program::new();
    program.function("main/0", 0, 1, |_, body| {
        body.emit(Instr::Receive { dst: 0 });
        body.emit(Instr::Return { src: 0 });
    });
    fails(program, "main/0", "Deadlock: the main process waits for a message that nobody can send");
}

#[test]
fn mvars_start_with_their_initialiser() {
    let mut program = Program::new();
    program.function("hits", 0, 1, |_, body| {
        body.emit(Instr::LoadInt { dst: 0, value: 40 });
        body.emit(Instr::Return { src: 0 });
    });
    program.function("main/0", 0, 1, |chunk, body| {
        let hits = chunk.symbol("hits");
        body.emit(Instr::AtomicEnter { symbol: hits });
        body.emit(Instr::MvarGet { dst: 0, symbol: hits });
        body.emit(Instr::AddIntImm { dst: 0, a: 0, imm: 1 });
        body.emit(Instr::MvarSet { symbol: hits, src: 0 });
        body.emit(Instr::AtomicLeave);
        body.emit(Instr::MvarGet { dst: 0, symbol: hits });
        body.emit(Instr::Return { src: 0 });
    });
    let (mut machine, _) = program.machine();
    machine.init_mvar("hits").unwrap();
    assert_eq!(Data::from_value(&machine.call("main/0", &[]).unwrap()), Data::Int(41));
    assert_eq!(Data::from_value(&machine.call("main/0", &[]).unwrap()), Data::Int(42));
}

fn forever() -> Program {
    let mut program = Program::new();
    program.function("main/0", 0, 1, |_, body| body.emit(Instr::Jump { target: 0 }));
    program
}

#[test]
fn a_runaway_program_is_stopped() {
    let limits = Limits { max_steps: Some(100_000), ..Limits::default() };
    let (mut machine, _) = forever().machine_with(limits);
    assert_eq!(machine.call("main/0", &[]).err().unwrap().text(), "Step limit reached");

    let limits = Limits::default();
    let flag = limits.interrupt.clone();
    let (mut machine, _) = forever().machine_with(limits);
    let setter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(5));
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(machine.call("main/0", &[]).err().unwrap().text(), "Interrupted");
    setter.join().unwrap();
}

/// A child reads a file that waits until the main process has done something.
#[test]
fn who_waits_for_the_host_stops_nobody_else() {
    let mut program = Program::new();
    program.chunk("main/0", |chunk| {
        let (path, read, exists) = (chunk.str("gate"), chunk.native("File.readAll"), chunk.native("File.exists"));
        let sleep = chunk.native("sleep");
        let worker = chunk.reserve_body();
        let mut inner = bytecode::BodyBuilder::new();
        inner.emit(Instr::LoadCapture { dst: 0, index: 0 });
        inner.emit(Instr::LoadConst { dst: 1, constant: path });
        inner.emit(Instr::CallNative { argc: 1, dst: 1, native: read, args: 1 });
        inner.emit(Instr::Send { pid: 0, src: 1 });
        inner.emit(Instr::Return { src: 1 });
        chunk.set_body(worker, "<lambda>", 0, 2, vec![Capture::Register(0)], inner);
        let mut body = bytecode::BodyBuilder::new();
        body.emit(Instr::SelfPid { dst: 0 });
        body.emit(Instr::MakeClosure { dst: 1, body: worker });
        body.emit(Instr::Spawn { dst: 1, function: 1 });
        body.emit(Instr::LoadInt { dst: 2, value: 1 });
        body.emit(Instr::CallNative { argc: 1, dst: 2, native: sleep, args: 2 });
        body.emit(Instr::LoadConst { dst: 2, constant: path });
        body.emit(Instr::CallNative { argc: 1, dst: 2, native: exists, args: 2 });
        body.emit(Instr::Receive { dst: 1 });
        body.emit(Instr::Return { src: 1 });
        chunk.set_body(0, "main", 0, 3, Vec::new(), body);
    });
    check(program, "main/0", &[], "open");
}

#[test]
fn who_waits_for_the_host_is_interrupted() {
    let mut program = Program::new();
    program.function("main/0", 0, 1, |chunk, body| {
        let (path, read) = (chunk.str("gate"), chunk.native("File.readAll"));
        body.emit(Instr::LoadConst { dst: 0, constant: path });
        body.emit(Instr::CallNative { argc: 1, dst: 0, native: read, args: 0 });
        body.emit(Instr::Return { src: 0 });
    });
    let limits = Limits::default();
    let flag = limits.interrupt.clone();
    let (mut machine, _) = program.machine_with(limits);
    let setter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(5));
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(machine.call("main/0", &[]).err().unwrap().text(), "Interrupted");
    setter.join().unwrap();
}

#[test]
fn growing_without_end_meets_the_memory_limit() {
    let mut program = Program::new();
    program.function("main/0", 0, 2, |chunk, body| {
        let text = chunk.str("x");
        body.emit(Instr::LoadConst { dst: 0, constant: text });
        let again = body.label_here();
        body.emit(Instr::Concat { dst: 0, a: 0, b: 0 });
        body.emit_jump(Instr::Jump { target: 0 }, again);
    });
    let max_bytes = if cfg!(miri) { 1 << 18 } else { 1 << 26 };
    let (mut machine, _) = program.machine_with(Limits { max_bytes, ..Limits::default() });
    assert_eq!(machine.call("main/0", &[]).err().unwrap().text(), "Memory limit reached");
}

#[test]
fn deep_structures_are_dropped_without_recursion() {
    for (kind, levels) in [(TypeKind::Record, 1_000_000), (TypeKind::Reactive, 200_000)] {
        let node = ConstructorRef { kind, ..record("m", "Node", &["next"]) };
        let mut program = Program::new();
        program.function("main/0", 0, 4, move |chunk, body| {
            let ctor = chunk.constructor(node);
            body.emit(Instr::LoadInt { dst: 1, value: 0 });
            body.emit(Instr::LoadInt { dst: 2, value: times(levels) });
            let again = body.label_here();
            body.emit(Instr::Construct { dst: 0, ctor, start: 0 });
            body.emit_jump(Instr::ForLoop { counter: 1, limit: 2, offset: 0 }, again);
            body.emit(Instr::Eq { dst: 3, a: 0, b: 0 });
            body.emit(Instr::Return { src: 3 });
        });
        check(program, "main/0", &[], "true");
        assert_eq!(vm::live_bytes(), 0);
    }
}

/// Much more dies in this loop than there is room for, and each time in one instruction.
#[test]
fn garbage_does_not_outrun_its_return() {
    let mut program = Program::new();
    program.function("main/0", 0, 3, |chunk, body| {
        let replicate = chunk.native("Prim.listReplicate");
        body.emit(Instr::LoadInt { dst: 0, value: 0 });
        let again = body.label_here();
        body.emit(Instr::LoadInt { dst: 1, value: times(1 << 20) });
        body.emit(Instr::LoadInt { dst: 2, value: 7 });
        body.emit(Instr::CallNative { argc: 2, dst: 1, native: replicate, args: 1 });
        body.emit(Instr::LoadInt { dst: 1, value: 40 });
        body.emit_jump(Instr::ForLoop { counter: 0, limit: 1, offset: 0 }, again);
        body.emit(Instr::Return { src: 0 });
    });
    let (mut machine, _) = program.machine_with(Limits { max_bytes: 1 << 27, ..Limits::default() });
    assert!(machine.call("main/0", &[]).is_ok());
    assert_eq!(vm::live_bytes(), 0);
}

#[test]
fn literals_of_thousands_of_elements() {
    let mut program = Program::new();
    program.function("main/0", 0, 2_001, |_, body| {
        for index in 0..2_000u16 {
            body.emit(Instr::LoadInt { dst: index, value: i32::from(index) });
        }
        body.emit(Instr::MakeList { dst: 0, start: 0, count: 2_000 });
        body.emit(Instr::LoadInt { dst: 1, value: 1_999 });
        body.emit(Instr::Index { dst: 0, obj: 0, key: 1 });
        body.emit(Instr::Return { src: 0 });
    });
    check(program, "main/0", &[], "1999");
}

#[test]
fn patterns_jump_when_they_do_not_fit() {
    let mut program = Program::new();
    // First pattern that fits: 1..=9 -> 1, "ab" prefix -> rest, two-element tuple -> its first, else 0.
    program.function("f/1", 1, 3, |chunk, body| {
        let range = chunk.constant(Constant::IntRange { low: 1, high: 9 });
        let prefix = chunk.str("ab");
        let (second, third, last) = (body.label(), body.label(), body.label());
        body.emit_jump(Instr::JumpNotConst { src: 0, constant: range, offset: 0 }, second);
        body.emit(Instr::LoadInt { dst: 1, value: 1 });
        body.emit(Instr::Return { src: 1 });
        body.bind(second);
        body.emit_jump(Instr::JumpNotPrefix { src: 0, constant: prefix, offset: 0 }, third);
        body.emit(Instr::StripPrefix { dst: 1, src: 0, constant: prefix });
        body.emit(Instr::Return { src: 1 });
        body.bind(third);
        body.emit_jump(Instr::JumpNotTuple { src: 0, arity: 2, offset: 0 }, last);
        body.emit(Instr::TupleGet { dst: 1, src: 0, index: 0 });
        body.emit(Instr::Return { src: 1 });
        body.bind(last);
        body.emit(Instr::LoadInt { dst: 1, value: 0 });
        body.emit(Instr::Return { src: 1 });
    });
    let (mut machine, _) = program.machine();
    let mut run = |arg: Data| vm::display(&machine.call("f/1", &[arg]).unwrap());
    assert_eq!(run(Data::Int(9)), "1");
    assert_eq!(run(Data::Int(10)), "0");
    assert_eq!(run(Data::String("abc".into())), "c");
    assert_eq!(run(Data::Tuple(vec![Data::Char('x'), Data::Unit])), "x");
}

/// `main` spawns `count` workers that each send one number, and adds the numbers up.
#[test]
fn ten_thousand_processes() {
    let mut program = Program::new();
    program.chunk("main/1", |chunk| {
        let worker = chunk.reserve_body();
        let mut inner = bytecode::BodyBuilder::new();
        inner.emit(Instr::LoadCapture { dst: 0, index: 0 });
        inner.emit(Instr::LoadCapture { dst: 1, index: 1 });
        inner.emit(Instr::Send { pid: 0, src: 1 });
        inner.emit(Instr::Return { src: 1 });
        let captures = vec![Capture::Register(1), Capture::Register(2)];
        chunk.set_body(worker, "<lambda>", 0, 2, captures, inner);
        let mut body = bytecode::BodyBuilder::new();
        body.emit(Instr::SelfPid { dst: 1 });
        body.emit(Instr::LoadInt { dst: 2, value: 0 });
        let spawning = body.label_here();
        body.emit(Instr::MakeClosure { dst: 3, body: worker });
        body.emit(Instr::Spawn { dst: 3, function: 3 });
        body.emit_jump(Instr::ForLoop { counter: 2, limit: 0, offset: 0 }, spawning);
        body.emit(Instr::LoadInt { dst: 2, value: 0 });
        body.emit(Instr::LoadInt { dst: 4, value: 0 });
        let collecting = body.label_here();
        body.emit(Instr::Receive { dst: 3 });
        body.emit(Instr::AddInt { dst: 4, a: 4, b: 3 });
        body.emit_jump(Instr::ForLoop { counter: 2, limit: 0, offset: 0 }, collecting);
        body.emit(Instr::Return { src: 4 });
        chunk.set_body(0, "main", 1, 5, Vec::new(), body);
    });
    let n = times(10_000);
    check(program, "main/1", &[Data::Int(n.into())], &sum_to(n - 1).to_string());
}

#[test]
fn a_failed_child_ends_a_main_that_waits() {
    let mut program = Program::new();
    program.function("child/0", 0, 1, |_, body| body.emit(Instr::FailMatch));
    program.function("main/0", 0, 1, |chunk, body| {
        let child = chunk.symbol("child/0");
        body.emit(Instr::LoadFunction { dst: 0, symbol: child });
        body.emit(Instr::Spawn { dst: 0, function: 0 });
        body.emit(Instr::Receive { dst: 0 });
        body.emit(Instr::Return { src: 0 });
    });
    fails(program, "main/0", "Panic: Non-exhaustive match: no pattern matched");
}

#[test]
fn a_child_has_its_own_copy_of_a_var() {
    let mut program = Program::new();
    program.chunk("main/0", |chunk| {
        let child = chunk.reserve_body();
        let mut inner = bytecode::BodyBuilder::new();
        inner.emit(Instr::LoadInt { dst: 0, value: 99 });
        inner.emit(Instr::CaptureCellSet { index: 0, src: 0 });
        inner.emit(Instr::LoadCapture { dst: 1, index: 1 });
        inner.emit(Instr::CaptureCellGet { dst: 0, index: 0 });
        inner.emit(Instr::Send { pid: 1, src: 0 });
        inner.emit(Instr::Return { src: 0 });
        let captures = vec![Capture::Register(0), Capture::Register(1)];
        chunk.set_body(child, "<lambda>", 0, 2, captures, inner);
        let mut body = bytecode::BodyBuilder::new();
        body.emit(Instr::LoadInt { dst: 0, value: 1 });
        body.emit(Instr::CellNew { dst: 0, src: 0 });
        body.emit(Instr::SelfPid { dst: 1 });
        body.emit(Instr::MakeClosure { dst: 2, body: child });
        body.emit(Instr::Spawn { dst: 2, function: 2 });
        body.emit(Instr::Receive { dst: 2 });
        body.emit(Instr::CellGet { dst: 1, cell: 0 });
        body.emit(Instr::MakeTuple { dst: 0, start: 1, count: 2 });
        body.emit(Instr::Return { src: 0 });
        chunk.set_body(0, "main", 0, 3, Vec::new(), body);
    });
    check(program, "main/0", &[], "(1, 99)");
}

#[test]
fn output_comes_in_order() {
    let mut program = Program::new();
    program.function("main/0", 0, 1, |chunk, body| {
        let (print, eprint) = (chunk.native("println"), chunk.native("eprintln"));
        for (native, text) in [(print, "one"), (eprint, "two"), (print, "three")] {
            let text = chunk.str(text);
            body.emit(Instr::LoadConst { dst: 0, constant: text });
            body.emit(Instr::CallNative { argc: 1, dst: 0, native, args: 0 });
        }
        body.emit(Instr::FailMatch);
    });
    let (mut machine, out) = program.machine();
    assert!(machine.call("main/0", &[]).is_err());
    assert_eq!(*out.borrow(), "one\ntwo\nthree\n");
}

#[test]
fn missing_and_broken_chunks_are_failures() {
    let mut program = Program::new();
    program.function("main/0", 0, 1, |chunk, body| {
        let nobody = chunk.symbol("nobody/0");
        body.emit(Instr::TailCall { argc: 0, symbol: nobody, args: 0 });
    });
    program.function("broken/0", 0, 1, |_, body| body.emit(Instr::Move { dst: 5, src: 0 }));
    let (mut machine, _) = program.machine();
    let text = |failure: Option<vm::Failure>| failure.map(|failure| failure.text()).unwrap_or_default();
    assert_eq!(text(machine.call("main/0", &[]).err()), "Link error: `nobody/0` is not defined");
    assert!(text(machine.call("broken/0", &[]).err()).contains("malformed bytecode"));
}

/// Chunks that the test can change while the machine lives.
struct Living(std::rc::Rc<std::cell::RefCell<Program>>);

impl vm::ChunkSource for Living {
    fn chunk(&mut self, symbol: &str) -> Result<std::sync::Arc<bytecode::Chunk>, vm::LinkError> {
        vm::ChunkSource::chunk(&mut *self.0.borrow_mut(), symbol)
    }
}

#[test]
fn replaced_functions_are_used_from_the_next_call_on() {
    let answer = |program: &mut Program, value| {
        program.function("answer/0", 0, 1, move |_, body| {
            body.emit(Instr::LoadInt { dst: 0, value });
            body.emit(Instr::Return { src: 0 });
        });
    };
    let mut program = Program::new();
    answer(&mut program, 41);
    program.function("main/0", 0, 1, |chunk, body| {
        let answer = chunk.symbol("answer/0");
        body.emit(Instr::Call { argc: 0, dst: 0, symbol: answer, args: 0 });
        body.emit(Instr::Return { src: 0 });
    });
    let shared = std::rc::Rc::new(std::cell::RefCell::new(program));
    let host = common::TestHost::new();
    let mut machine = vm::Machine::new(Box::new(Living(shared.clone())), Box::new(host), Limits::default());
    let run = |machine: &mut vm::Machine| Data::from_value(&machine.call("main/0", &[]).unwrap());
    assert_eq!(run(&mut machine), Data::Int(41));
    answer(&mut shared.borrow_mut(), 42);
    assert_eq!(run(&mut machine), Data::Int(41));
    machine.replace(&["answer/0".into()]);
    assert_eq!(run(&mut machine), Data::Int(42));
}

//! Every native that may take long looks at the limits often enough, sees an interrupt, and asks before it allocates.

use std::sync::Arc;
use std::time::Duration;

use bytecode::{BodyBuilder, Chunk, ChunkBuilder, Instr};

use super::testing::longest_gap;
use crate::{ChunkSource, Data, Host, Limits, LinkError, Machine};

/// The command's: others put work of seconds into one `free`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A function that does nothing but call a native, some of whose arguments may be made by others.
struct Call(Arc<Chunk>);

impl ChunkSource for Call {
    fn chunk(&mut self, _: &str) -> Result<Arc<Chunk>, LinkError> {
        Ok(Arc::clone(&self.0))
    }
}

struct Silent;

impl Host for Silent {
    fn write_stdout(&mut self, _: &str) {}
    fn write_stderr(&mut self, _: &str) {}
    fn monotonic(&mut self) -> Duration {
        Duration::ZERO
    }
    fn sleep(&mut self, _: Duration) {}
}

fn machine(native: &str, args: usize, limits: Limits) -> Machine {
    let mut chunk = ChunkBuilder::new("f");
    let mut body = BodyBuilder::new();
    let native = chunk.native(native);
    body.emit(Instr::CallNative { argc: args as u8, dst: 0, native, args: 0 });
    body.emit(Instr::Return { src: 0 });
    chunk.set_body(0, "f", args as u16, args as u16 + 1, Vec::new(), body);
    Machine::new(Box::new(Call(Arc::new(chunk.finish().unwrap()))), Box::new(Silent), limits)
}

/// What a native answers, as text.
fn outcome(native: &str, args: &[Data], limits: Limits) -> String {
    match machine(native, args.len(), limits).call("f", args) {
        Ok(value) => crate::display(&value).chars().take(100).collect(),
        Err(failure) => failure.text(),
    }
}

fn text(part: &str, bytes: usize) -> Data {
    Data::String(part.repeat(bytes / part.len()))
}

fn digits(count: usize) -> Data {
    Data::BigInt("1234567891".repeat(count / 10))
}

fn ints(count: i64) -> Data {
    Data::List((0..count).map(|item| Data::Int(item * 7_919 % 100_003)).collect())
}

fn words(count: i64) -> Data {
    Data::List((0..count).map(|item| Data::String(format!("word {}", item * 7_919 % 100_003))).collect())
}

fn pairs(count: i64) -> Data {
    Data::List((0..count).map(|item| Data::Tuple(vec![Data::Int(item), Data::Int(item)])).collect())
}

/// Work of many milliseconds each: natives with arguments.
fn long_work() -> Vec<(&'static str, Vec<Data>)> {
    let big = || text("some words, ", 1 << 23);
    let string = |text: &str| Data::String(text.to_owned());
    vec![
        ("op.mul", vec![digits(300_000), digits(300_000)]),
        ("op.div", vec![digits(300_000), digits(140_000)]),
        ("op.div", vec![digits(2_000_000), digits(500)]),
        ("op.rem", vec![digits(300_000), digits(9_000)]),
        ("op.pow", vec![Data::BigInt("7".to_owned()), Data::BigInt("400000".to_owned())]),
        ("show", vec![digits(200_000)]),
        ("String.toBigInt", vec![text("1234567891", 400_000)]),
        ("String.repeat", vec![string("ab"), Data::Int(1 << 23)]),
        ("String.replaceAll", vec![big(), string("words"), string("numbers")]),
        ("String.replaceAll", vec![big(), string("missing"), string("x")]),
        ("String.replaceAll", vec![text("a", 1 << 20), string("a"), string("")]),
        ("String.split", vec![text("some words, ", 1 << 21), string(",")]),
        ("String.split", vec![big(), string("missing")]),
        ("String.contains", vec![big(), string("some words, some numbers")]),
        ("String.lastIndexOf", vec![big(), string("some words, some numbers")]),
        ("String.reverse", vec![text("some words, ", 1 << 22)]),
        ("String.toUpper", vec![text("some wörds, ", 1 << 23)]),
        ("String.length", vec![text("wörd", 1 << 24)]),
        ("String.chars", vec![text("wörd", 1 << 20)]),
        ("String.substring", vec![text("wörd", 1 << 24), Data::Int(5_000_000), Data::Int(12_000_000)]),
        ("String.words", vec![text("some words, ", 1 << 20)]),
        ("String.padStart", vec![string(""), Data::Int(1 << 24), string("ö")]),
        ("op.eq", vec![big(), big()]),
        ("op.lt", vec![big(), big()]),
        ("op.concat", vec![big(), big()]),
        ("hash", vec![text("some words, ", 1 << 23)]),
        ("Crypto.sha512", vec![text("some words, ", 1 << 23)]),
        ("Crypto.bcryptHash", vec![string("secret"), Data::Int(9)]),
        ("Base64.encode", vec![text("some words, ", 1 << 22)]),
        ("Json.escapeString", vec![text("some \"words\", ", 1 << 21)]),
        ("Regex.findAll", vec![text("some words, ", 1 << 20), string("w[a-z]+s")]),
        ("Regex.matches", vec![text("a", 1 << 16), string("(a?){60}b")]),
        ("Regex.replaceAll", vec![text("some words, ", 1 << 20), string("words"), string("$0 and $0")]),
        ("op.eq", vec![ints(100_000), ints(100_000)]),
        ("op.eq", vec![words(50_000), words(50_000)]),
        ("show", vec![words(50_000)]),
        ("hash", vec![words(50_000)]),
        ("Prim.listSort", vec![words(50_000)]),
        ("Prim.listSort", vec![ints(100_000)]),
        ("Prim.listUnique", vec![words(30_000)]),
        ("Prim.listContains", vec![words(50_000), string("missing")]),
        ("Prim.listJoin", vec![words(50_000), string(", ")]),
        ("Prim.listRange", vec![Data::Int(0), Data::Int(10_000_000)]),
        ("Prim.listReplicate", vec![Data::Int(10_000_000), Data::Int(7)]),
        ("Map.fromList", vec![pairs(50_000)]),
        ("Set.fromList", vec![words(30_000)]),
        ("newInt64Array", vec![Data::Int(1 << 24)]),
        ("Int64Array.make", vec![Data::Int(1 << 23), Data::Int(7)]),
    ]
}

#[test]
fn nothing_runs_for_ten_milliseconds_without_a_look_at_the_limits() {
    let mut too_long = Vec::new();
    for (native, args) in long_work() {
        let mut machine = machine(native, args.len(), Limits::default());
        // The second run tells more: memory that is used for the first time costs the system's time.
        let gap = (0..2).map(|_| longest_gap(|| drop(machine.call("f", &args)))).min().unwrap();
        if gap > Duration::from_millis(10) {
            too_long.push(format!("{native}: {gap:?}"));
        }
    }
    assert_eq!(too_long, Vec::<String>::new());
}

/// A program that does something a million times over with register 0, drops what is in it, and goes on for a while.
fn dropped(millions: i32, step: &[Instr]) -> Machine {
    let mut chunk = ChunkBuilder::new("f");
    let mut body = BodyBuilder::new();
    let times = |body: &mut BodyBuilder, times: i32, step: &[Instr]| {
        body.emit(Instr::LoadInt { dst: COUNTER, value: 0 });
        body.emit(Instr::LoadInt { dst: COUNTER + 1, value: times });
        let again = body.label_here();
        step.iter().for_each(|instr| body.emit(*instr));
        body.emit_jump(Instr::ForLoop { counter: COUNTER, limit: COUNTER + 1, offset: 0 }, again);
    };
    body.emit(Instr::MakeList { dst: 0, start: 0, count: 0 });
    times(&mut body, millions * 1_000_000, step);
    body.emit(Instr::LoadUnit { dst: 0 });
    times(&mut body, 3_000_000, &[]);
    body.emit(Instr::Return { src: 0 });
    chunk.set_body(0, "f", 0, COUNTER + 2, Vec::new(), body);
    Machine::new(Box::new(Call(Arc::new(chunk.finish().unwrap()))), Box::new(Silent), Limits::default())
}

const COUNTER: u16 = 6;

/// What is dropped is worked off while the program goes on; rings are looked for between two instructions.
#[test]
fn large_structures_die_without_a_pause() {
    let copy = |dst| Instr::Move { dst, src: COUNTER };
    let cons = |head| Instr::Cons { dst: 0, head, tail: 0 };
    let pair = |dst, start| Instr::MakeTuple { dst, start, count: 2 };
    let ring = |cell| {
        [
            Instr::CellNew { dst: cell, src: 5 },
            Instr::Move { dst: 2, src: cell },
            copy(3),
            pair(2, 2),
            Instr::CellSet { cell, src: 2 },
        ]
    };
    let works = [
        ("ints", 10, vec![copy(1), cons(1)]),
        ("tuples", 2, vec![copy(1), copy(2), pair(1, 1), cons(1)]),
        ("chain", 2, vec![copy(1), pair(0, 0)]),
        ("rings", 1, ring(1).to_vec()),
        ("live rings", 1, [ring(1).to_vec(), vec![cons(1)]].concat()),
    ];
    let mut too_long = Vec::new();
    for (name, millions, step) in works {
        let mut machine = dropped(millions, &step);
        let gap = longest_gap(|| assert!(machine.call("f", &[]).is_ok()));
        if gap > Duration::from_millis(10) {
            too_long.push(format!("{name}: {gap:?}"));
        }
    }
    assert_eq!(too_long, Vec::<String>::new());
}

#[test]
fn an_interrupt_ends_every_long_work() {
    for (native, args) in long_work() {
        let limits = Limits::default();
        limits.interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
        let outcome = outcome(native, &args, limits);
        assert_eq!(outcome, "Interrupted", "{native}");
    }
}

/// A value that refers to the one before twice, thirty times over, is small; its text is not.
#[test]
fn what_takes_exponentially_long_counts_for_the_step_limit() {
    let mut chunk = ChunkBuilder::new("f");
    let mut body = BodyBuilder::new();
    for register in 0..2 {
        for _ in 0..40 {
            body.emit(Instr::Move { dst: 2, src: register });
            body.emit(Instr::Move { dst: 3, src: register });
            body.emit(Instr::MakeTuple { dst: register, start: 2, count: 2 });
        }
    }
    body.emit(Instr::Eq { dst: 0, a: 0, b: 1 });
    body.emit(Instr::Return { src: 0 });
    chunk.set_body(0, "f", 2, 4, Vec::new(), body);
    let limits = Limits { max_steps: Some(100_000), ..Limits::default() };
    let mut machine = Machine::new(Box::new(Call(Arc::new(chunk.finish().unwrap()))), Box::new(Silent), limits);
    let failure = machine.call("f", &[Data::Int(1), Data::Int(1)]).err().unwrap();
    assert_eq!(failure.text(), "Step limit reached");
}

#[test]
fn huge_results_are_refused_before_they_are_made() {
    let limits = || Limits { max_bytes: 1 << 26, ..Limits::default() };
    let big = Data::BigInt("9".repeat(3_000_000));
    let string = |text: &str| Data::String(text.to_owned());
    for (native, args) in [
        ("String.repeat", vec![string("a"), Data::Int(1_000_000_000_000)]),
        ("String.repeat", vec![string("abc"), Data::Int(i64::MAX)]),
        ("String.padEnd", vec![string("a"), Data::Int(1_000_000_000_000), string("x")]),
        ("String.replaceAll", vec![text("a", 1 << 20), string("a"), text("b", 1 << 10)]),
        ("Regex.replaceAll", vec![text("a", 1 << 20), string("a"), text("b", 1 << 10)]),
        ("Prim.listRange", vec![Data::Int(0), Data::Int(i64::MAX)]),
        ("Prim.listReplicate", vec![Data::Int(1_000_000_000_000), Data::Int(0)]),
        ("newFloat64Array", vec![Data::Int(1_000_000_000_000)]),
        ("Random.bytes", vec![Data::Int(1_000_000_000_000)]),
        ("Prim.listJoin", vec![Data::List(vec![text("a", 1 << 20); 100]), string("")]),
    ] {
        let (outcome, peak) = (outcome(native, &args, limits()), crate::mem::live_bytes());
        assert_eq!(outcome, "Memory limit reached", "{native}");
        assert!(peak < 1 << 20, "{native}: {peak} bytes are still in use");
    }
    // Without a limit of the embedder there is the one of lengths.
    let none = Limits { max_bytes: usize::MAX, ..Limits::default() };
    assert_eq!(outcome("Prim.listReplicate", &[Data::Int(1 << 32), Data::Int(0)], none), "Memory limit reached");
    let tight = || Limits { max_bytes: 1 << 23, ..Limits::default() };
    let exponent = Data::BigInt("13".to_owned());
    assert_eq!(outcome("op.pow", &[big.clone(), exponent], tight()), "Memory limit reached");
    let huge = Data::BigInt("1000000000000".to_owned());
    assert_eq!(outcome("op.pow", &[big, huge], limits()), "Panic: PowInt: exponent too large");
}

//! What an embedder's limits stop, and how soon: steps, memory, frames, and an interrupt from another thread.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use ithaca::{Engine, Limits, RunError, Value};

/// Programs that would run for long. Each spends its time in another place of the machine.
const LONG: &[(&str, &str)] = &[
    ("calls", "forever(n) = forever(n + 1)\nmain() = forever(0)"),
    ("loop", "main() = { var n = 0\n while true { n = n + 1 }\n n }"),
    ("sleep", "main() = sleep(100000)"),
    ("receive", "main() = { me = self()\n spawn { sleep(100000)\n me <- 1 }\n receive { n -> n } }"),
    ("sort", "main() = { xs = [1..300000].map(x => x * 7919 % 400037)\n WHILE n + xs.sort().length() }\n n }"),
    ("sort by", "main() = [1..4000000].map(x => x * 7919 % 4000037).sortBy((a, b) => b - a).length()"),
    (
        "multiplication",
        "grow(n, x: BigInt) -> BigInt = if n == 0 then x else grow(n - 1, x * x)\nmain() = grow(26, 3n) == 0n",
    ),
    ("power", "main() = 7n ** 40000000n == 0n"),
    (
        "regex",
        "main() = { t = \"ab\".repeat(100000)\n WHILE n + Regex.replace(t, \"(a|b|ab)*c\", \"\").length() }\n n }",
    ),
    ("repeat", "main() = { WHILE n + \"ab\".repeat(4000000).length() }\n n }"),
    ("split", "main() = { t = \"ab,\".repeat(100000)\n WHILE n + t.split(\",\").length() }\n n }"),
    ("replace", "main() = { t = \"ab,\".repeat(200000)\n WHILE n + t.replace(\"b\", \"c\").length() }\n n }"),
    ("show", "main() = { xs = [1..100000]\n WHILE n + show(xs).length() }\n n }"),
    ("range", "main() = { WHILE n + range(0, 300000).length() }\n n }"),
    ("append", "main() = { xs = [1..300000]\n WHILE n + (xs ++ xs).length() }\n n }"),
    ("set", "main() = { xs = [1..30000]\n WHILE n + Set.fromList(xs).size() }\n n }"),
];

/// Time from the interrupt until the engine answers again.
fn latency(program: &str) -> Duration {
    let program = program.replace("WHILE", "var n = 0\n while true { n = ");
    let mut engine = Engine::in_memory([("main.nos", format!("{program}\n"))]);
    let problems = engine.check();
    assert!(problems.is_empty(), "{program}: {problems:?}");
    let limits = Limits::default();
    let interrupt = limits.interrupt.clone();
    let (started, start) = mpsc::channel();
    let other = thread::spawn(move || {
        start.recv().unwrap();
        thread::sleep(Duration::from_millis(150));
        interrupt.interrupt();
        Instant::now()
    });
    started.send(()).unwrap();
    let outcome = engine.call_with("main.main", &[], &limits);
    let ended = Instant::now();
    let interrupted = other.join().unwrap();
    match outcome {
        Err(RunError::Failed(failure)) => assert_eq!(failure.message, "Interrupted", "{program}"),
        other => panic!("{program}: {other:?}"),
    }
    ended.duration_since(interrupted)
}

#[test]
fn an_interrupt_ends_a_program_wherever_it_is() {
    // A busy machine may be late once, a program that does not look is late each time.
    let is_late = |program| (0..5).all(|_| latency(program) > Duration::from_millis(500));
    let late: Vec<&str> = LONG.iter().filter(|(_, program)| is_late(program)).map(|(name, _)| *name).collect();
    assert!(late.is_empty(), "{late:?}");
}

fn failure(program: &str, limits: Limits) -> String {
    let mut engine = Engine::in_memory([("main.nos", format!("{program}\n"))]);
    match engine.call_with("main.main", &[], &limits) {
        Err(RunError::Failed(failure)) => failure.message,
        other => format!("{other:?}"),
    }
}

#[test]
fn memory_and_steps_end_a_program_and_no_handler_takes_that() {
    let memory = || Limits { memory: Some(32 << 20), ..Limits::default() };
    let growing = [
        "grow(xs) = grow([1 | xs])\nmain() = grow([])",
        "grow(s) = grow(s ++ s)\nmain() = try { grow(\"ab\") } catch { _ -> \"caught\" }",
        "grow(m, n) = grow(m.insert(n, n), n + 1)\nmain() = grow(%{}, 0)",
        "main() = { me = self()\n while true { me <- 1 } }",
        "main() = { while true { spawn { receive { _ -> () } } } }",
        "main() = newFloat64Array(100000000)[0]",
        "main() = range(0, 1000000000).length()",
        "main() = \"ab\".repeat(1000000000)",
    ];
    for program in growing {
        assert_eq!(failure(program, memory()), "Memory limit reached", "{program}");
    }
    let steps = Limits { steps: Some(1_000_000), ..Limits::default() };
    let endless = "again(n) = again(n + 1)\nmain() = try { again(0) } catch { _ -> 1 } finally { again(0) }";
    assert_eq!(failure(endless, steps), "Step limit reached");
}

#[test]
fn deep_recursion_is_a_failure_that_can_be_caught() {
    let program =
        "f(n: Int) -> Int = 1 + f(n + 1)\nmain() = try { f(0) } catch { (kind, text) -> kind ++ \": \" ++ text }";
    let mut engine = Engine::in_memory([("main.nos", format!("{program}\n"))]);
    assert_eq!(engine.call("main.main", &[]).unwrap(), Value::String("StackOverflow: stack overflow".to_owned()));
    assert_eq!(failure("f(n: Int) -> Int = 1 + f(n + 1)\nmain() = f(0)", Limits::default()), "Stack overflow");
}

#[test]
fn loops_run_in_bounded_space() {
    let loops = [
        "turn(n) = if n == 0 then 0 else turn(n - 1)\nmain() = turn(1000000)",
        "even(n) = if n == 0 then 0 else odd(n - 1)\nodd(n) = if n == 0 then 1 else even(n - 1)\nmain() = even(1000000)",
        "turn(n) = match n { 0 -> 0\n _ -> turn(n - 1) }\nmain() = turn(1000000)",
        "turn(n) = if n == 0 then 0 else try { throw(n) } catch { k -> turn(k - 1) }\nmain() = turn(200000)",
        "turn(n) = if n == 0 then 0 else { self() <- n\n receive { k -> turn(k - 1) } }\nmain() = turn(200000)",
        "main() = { turn = n => if n == 0 then 0 else turn(n - 1)\n turn(1000000) }",
        "both(n) = { even = k => if k == 0 then 0 else odd(k - 1)\n odd = k => if k == 0 then 0 else even(k - 1)\n \
         even(n) }\nturn(n) = if n == 0 then 0 else { both(2)\n turn(n - 1) }\nmain() = turn(200000)",
        "self1(n) = { var f = k => 0\n f = k => if k == 0 then n else f(k - 1)\n f(1) }\n\
         turn(n) = if n == 0 then 0 else { self1(n)\n turn(n - 1) }\nmain() = turn(200000)",
        "turn(n, xs: List[Int]) -> Int = if n == 0 then 0 else turn(n - 1, [1..100].map(x => x + n))\nmain() = turn(20000, [])",
        "main() = { for i = 0 to 20000 { spawn { self() <- i\n receive { n -> n } }\n if i % 100 == 0 then sleep(0) else () }\n 0 }",
    ];
    for program in loops {
        let mut engine = Engine::in_memory([("main.nos", format!("{program}\n"))]);
        let limits = Limits { memory: Some(8 << 20), ..Limits::default() };
        let result = engine.call_with("main.main", &[], &limits);
        assert!(matches!(result, Ok(Value::Int(0))), "{program}: {result:?}");
    }
}

//! Large and deep programs: they end, and the stack does not grow with them.

use std::fmt::Write;

use super::{TestDb, render};

/// Checks the program on a small stack; returns its problems.
fn check(text: String) -> String {
    let work = move || {
        let db = TestDb::new(&text);
        render(&db.problems())
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread");
    thread.join().expect("no panic")
}

/// Accepted, also at ten times the size. How long it takes is measured by `cargo xtask bench-startup`, not here; what
/// grows with the square of the size would not end.
fn grows_gently(make: impl Fn(usize) -> String, small: usize) {
    assert_eq!(check(make(small)), "");
    assert_eq!(check(make(small * 10)), "");
}

fn repeat(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    for index in 0..count {
        let _ = writeln!(out, "{}", line(index));
    }
    out
}

#[test]
fn many_constraints_on_one_parameter() {
    grows_gently(|n| format!("f(x, r) = {{\n{}x\n}}\n", repeat(n, |i| format!("v{i} = x + {i} + r.a + r.b"))), 300);
}

#[test]
fn many_method_calls_on_open_receivers() {
    grows_gently(
        |n| format!("f(x) = {{\n{}x\n}}\n", repeat(n, |i| format!("v{i} = x.map(y => y * {i}).take(2)"))),
        100,
    );
}

#[test]
fn long_lists_clauses_and_matches() {
    let list = |n: usize| {
        format!("xs() = [{}]\n", (0..n).map(|i| format!("(1, \"{i}\", [{i}])")).collect::<Vec<_>>().join(", "))
    };
    grows_gently(list, 300);
    grows_gently(|n| repeat(n, |i| format!("f({i}, x) = x + {i}")), 100);
    let arms = |n: usize| format!("f(x, r) = match x {{\n{}_ -> r.a }}\n", repeat(n, |i| format!("{i} -> r.a + {i}")));
    grows_gently(arms, 100);
}

#[test]
fn long_operator_chains_and_else_ifs() {
    grows_gently(|n| format!("f(x) = x{}\n", " + x".repeat(n)), 500);
    grows_gently(|n| format!("f(s) = s{}\n", " ++ \"a\"".repeat(n)), 500);
}

#[test]
fn chains_of_functions() {
    let chain = |n: usize| {
        let mut text = repeat(n, |i| format!("f{i}(x, y) = f{}(y, x) + 1", i + 1));
        let _ = writeln!(text, "f{n}(x, y) = x + y");
        text
    };
    grows_gently(chain, 20);
}

#[test]
fn deep_nesting_is_refused_or_fits() {
    for depth in [100, 200, 1000] {
        check(format!("f(x) = {}x{}\n", "(".repeat(depth), ")".repeat(depth)));
        check(format!("f(x) = {}x{}\n", "[".repeat(depth), "]".repeat(depth)));
        check(format!("f(x) = {}x{}\n", "f(".repeat(depth), ")".repeat(depth)));
        check(format!("f(x) = {}x{}\n", "{ y = ".repeat(depth), "; y }".repeat(depth)));
        check(format!("f(x) = {}x{}\n", "match x { _ -> ".repeat(depth), "}".repeat(depth)));
        check(format!("f(x) = {}x\n", "y => ".repeat(depth)));
        check(format!("f(x) = x{}\n", ".g(1)".repeat(depth)));
        check(format!("f(x: {}Int{}) = x\n", "[".repeat(depth), "]".repeat(depth)));
        check(format!("f({}x{}) = x\n", "[".repeat(depth), "]".repeat(depth)));
    }
    let problems =
        check(format!("f(x) = {{ a0 = (x, x)\n{}a400 }}\n", repeat(400, |i| format!("a{} = (a{i}, a{i})", i + 1))));
    assert!(problems.contains("too deep"), "{problems}");
}

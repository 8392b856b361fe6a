//! Stack traces of uncaught failures: innermost first, each with function, file and line, from a cold start, from stored
//! code, and after lines were moved.

use expect_test::{Expect, expect};

use crate::project::Folder;

/// The trace of a run, of a restart that computes nothing, of a run without a store, and of a run after `lines` blank
/// lines came in front of each file, whose line numbers are that much larger.
#[track_caller]
fn check(files: &[(&str, &str)], expected: Expect) {
    let folder = Folder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    let run = |args: &[&str]| {
        let outcome = folder.ithaca(&[&["run", "project"], args].concat());
        assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
        outcome.stderr
    };
    let cold = run(&[]);
    expected.assert_eq(&cold);
    assert_eq!(run(&[]), cold, "after a restart");
    assert_eq!(run(&["--no-cache"]), cold, "without a store");
    for (path, text) in files {
        folder.write(path, format!("\n\n\n{text}"));
    }
    let moved: Vec<String> = cold
        .lines()
        .map(|line| match line.rsplit_once(':') {
            Some((place, number)) if line.starts_with("  ") => {
                let number: u32 = number.trim_end_matches(')').parse().unwrap();
                format!("{place}:{})\n", number + 3)
            }
            _ => format!("{line}\n"),
        })
        .collect();
    for after in ["moved", "moved, after a restart"] {
        assert_eq!(run(&[]), moved.concat(), "{after}");
    }
}

#[test]
fn calls_across_modules() {
    check(
        &[
            (
                "main.nos",
                "use geo.area.share\n\ntotal(n: Int) = {\n  part = share(n, 0)\n  part + 1\n}\n\nmain() = {\n  x = 1 + total(4)\n  x\n}\n",
            ),
            (
                "geo/area.nos",
                "pub share(n, parts) = 1 + divide(n,\n  parts)\n\ndivide(n, parts) = {\n  println(\"dividing\")\n  2 * (n / parts)\n}\n",
            ),
        ],
        expect![[r#"
            Runtime error: Panic: Uncaught exception: (DivisionByZero, Division by zero)

            Stack trace:
              1. divide (project/geo/area.nos:6)
              2. share (project/geo/area.nos:1)
              3. total (project/main.nos:4)
              4. main (project/main.nos:9)
        "#]],
    );
}

#[test]
fn closures_and_callbacks_of_the_library() {
    check(
        &[
            (
                "main.nos",
                "use work.each_of\n\nmain() = {\n  var sum = 0\n  add = n => {\n    sum = sum + 10 / n\n    sum\n  }\n  found = each_of([2, 1, 0], add)\n  found.length() + sum\n}\n",
            ),
            ("work.nos", "pub each_of(items, f) = {\n  all = items.map(item =>\n    1 + f(item))\n  all\n}\n"),
        ],
        expect![[r#"
            Runtime error: Panic: Uncaught exception: (DivisionByZero, Division by zero)

            Stack trace:
              1. add (project/main.nos:6)
              2. <lambda> (project/work.nos:3)
              3. mapOnto
              4. each_of (project/work.nos:2)
              5. main (project/main.nos:9)
        "#]],
    );
}

#[test]
fn a_failure_that_goes_on_keeps_its_place() {
    check(
        &[(
            "main.nos",
            "risky(n) = {\n  if n > 2 then throw(\"too many\") else n\n}\n\nguarded(n) = {\n  r = try { risky(n) + 1 } catch { 0 -> 1 } finally {\n    println(\"cleaning\")\n  }\n  r\n}\n\nmain() = {\n  guarded(1) + guarded(3)\n}\n",
        )],
        expect![[r#"
            Runtime error: Panic: Uncaught exception: too many

            Stack trace:
              1. risky (project/main.nos:2)
              2. guarded (project/main.nos:6)
              3. main (project/main.nos:13)
        "#]],
    );
}

#[test]
fn methods_of_traits_and_defaults() {
    check(
        &[
            ("main.nos", "use shape.*\n\nmain() = {\n  c = Circle(2)\n  1 + c.weight()\n}\n"),
            (
                "shape.nos",
                "pub trait Heavy\n  weight(self) -> Int\nend\n\npub type Circle = { r: Int }\n\nCircle: Heavy\n  weight(self) = 1 + scaled(self.r)\nend\n\nscaled(r: Int, by = fail(r)) = r + by\n\nfail(r: Int) -> Int = {\n  panic(\"no scale for \" ++ show(r))\n}\n",
            ),
        ],
        expect![[r#"
            Runtime error: Panic: no scale for 2

            Stack trace:
              1. fail (project/shape.nos:14)
              2. weight (project/shape.nos:8)
              3. main (project/main.nos:5)
        "#]],
    );
}

#[test]
fn a_process_for_which_main_waits() {
    check(
        &[(
            "main.nos",
            "worker(parent, n) = {\n  parent <- 1 + slow(n)\n}\n\nslow(n) = {\n  [1, 2][n]\n}\n\nmain() = {\n  me = self()\n  spawn { worker(me, 5) }\n  receive { n -> n }\n}\n",
        )],
        expect![[r#"
            Runtime error: Panic: Index 5 out of bounds

            Stack trace:
              1. slow (project/main.nos:6)
              2. worker (project/main.nos:2)
        "#]],
    );
}

#[test]
fn code_that_a_template_made() {
    check(
        &[
            (
                "main.nos",
                "use deco.*\n\n@twice\nrisky(n: Int) -> Int = {\n  m = n - 3\n  6 / m\n}\n\nmain() = {\n  1 + risky(3)\n}\n",
            ),
            ("deco.nos", "pub template twice(fn) = quote {\n  first = ~fn.body\n  first + first\n}\n"),
        ],
        expect![[r#"
            Runtime error: Panic: Uncaught exception: (DivisionByZero, Division by zero)

            Stack trace:
              1. risky (project/main.nos:6)
              2. main (project/main.nos:10)
        "#]],
    );
}

#[test]
fn deep_recursion_shows_both_ends() {
    let text = "down(n) = 1 + down(n + 1)\n\nstart() = 1 + down(0)\n\nmain() = 1 + start()\n";
    let folder = Folder::new();
    folder.write("main.nos", text);
    let outcome = folder.ithaca(&["run", "project"]);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines[0], "Runtime error: Stack overflow");
    assert_eq!(lines[3], "  1. down (project/main.nos:1)");
    assert!(lines.len() < 80, "{}", lines.len());
    assert!(lines[lines.len() - 2].ends_with(". start (project/main.nos:3)"), "{lines:?}");
    assert!(lines[lines.len() - 1].ends_with(". main (project/main.nos:5)"), "{lines:?}");
}

//! Lowering of bodies: what names mean, and that sugar is gone.

use expect_test::{Expect, expect};

use super::TestDb;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let db = TestDb::single(text);
    let errors = crate::syntax_problems(&db, db.file("main.nos"));
    assert!(errors.is_empty(), "{errors:?}");
    expected.assert_eq(&db.body("", "f").to_string());
}

#[test]
fn clauses_guards_and_defaults() {
    check(
        "f(0, acc = 1) = acc\nf(n, acc) when n > 0 -> Int = f(n - 1, acc * n)",
        expect![[r#"
            (0, acc#0 = 1) = acc#0
            (n#1, acc#2) when n#1 > 0 -> Int = f(n#1 - 1, acc#2 * n#1)
        "#]],
    );
}

#[test]
fn a_new_name_binds_and_a_var_is_assigned() {
    check(
        "f(a) = {\n  x = a\n  var y = x\n  y = y + 1\n  _ = y\n  y\n}",
        expect![[r#"
        (a#0) = {
          x#1 = a#0
          ~y#2 = x#1
          ~y#2 := ~y#2 + 1
          _ = ~y#2
          ~y#2
        }
        locals: y#2*
    "#]],
    );
}

#[test]
fn immutable_names_cannot_be_reassigned() {
    check(
        "f(a) = {\n  a = 1\n  x = 1\n  { x = 2 }\n  g = () => { x = 3 }\n  g()\n}",
        expect![[r#"
        (a#0) = {
          a#1 = 1
          x#2 = 1
          {
            x#3 = 2
          }
          g#4 = fn#4() => {
            x#5 = 3
          }
          g#4()
        }
        E0201: cannot reassign immutable variable 'a'; use 'var' to declare a mutable variable
        E0201: cannot reassign immutable variable 'x'; use 'var' to declare a mutable variable
        E0201: cannot reassign immutable variable 'x'; use 'var' to declare a mutable variable
    "#]],
    );
}

#[test]
fn var_may_shadow() {
    check(
        "f(a) = {\n  var a = a + 1\n  a = 2\n  var a = a\n  a\n}",
        expect![[r#"
        (a#0) = {
          ~a#1 = a#0 + 1
          ~a#1 := 2
          ~a#2 = ~a#1
          ~a#2
        }
        locals: a#1*
    "#]],
    );
}

#[test]
fn destructuring() {
    check(
        "f(p) = {\n  var a = 0\n  (a, b) = p\n  (b, c) = p\n  [h | t] = c\n  Some(v) = h\n  5 = v\n  t\n}",
        expect![[r#"
        (p#0) = {
          ~a#1 = 0
          (~a#1:=, b#2) = p#0
          (b#3, c#4) = p#0
          [h#5 | t#6] = c#4
          Some(v#7) = h#5
          5 = v#7
          t#6
        }
        locals: a#1*
        E0201: cannot reassign immutable variable 'b'; use 'var' to declare a mutable variable
    "#]],
    );
}

#[test]
fn mvars_are_assigned_unless_a_local_hides_them() {
    check(
        "mvar hits: Int = 0\nf(p) = {\n  hits = hits + 1\n  (hits, b) = p\n  var hits = 2\n  hits = 3\n}",
        expect![[r#"
            (p#0) = {
              mvar hits := hits + 1
              (hits#1, b#2) = p#0
              mvar hits := hits#1
              ~hits#3 = 2
              ~hits#3 := 3
            }
            locals: hits#3*
        "#]],
    );
}

#[test]
fn names_in_arms_compare_bind_or_assign() {
    check(
        "f(who) = {\n  var seen = 0\n  match who {\n    Pair(who, new) -> new\n    seen -> seen\n    (x, x) -> x\n  }\n  g = y => match y { who -> who }\n  g(1)\n}",
        expect![[r#"
            (who#0) = {
              ~seen#1 = 0
              match who#0 {
                Pair(^who#0, new#2) -> new#2
                ~seen#1:= -> ~seen#1
                (x#3, ^x#3) -> x#3
              }
              g#4 = fn#4(y#5) => match y#5 {
                who#6 -> who#6
              }
              g#4(1)
            }
            locals: seen#1*
        "#]],
    );
}

#[test]
fn alternatives_bind_the_same_locals() {
    check(
        "f(e) = match e {\n  A(x, 1) | B(1, x) -> x\n  C(y) | D(z) -> 0\n  (1 | 2, w) -> w\n  _ -> 0\n}",
        expect![[r#"
        (e#0) = match e#0 {
          (A(x#1, 1) | B(1, x#1)) -> x#1
          (C(y#2) | D(z#3)) -> 0
          ((1 | 2), w#4) -> w#4
          _ -> 0
        }
        E0204: variable `y` is not bound in every alternative of this pattern
    "#]],
    );
}

#[test]
fn patterns() {
    check(
        "f(e) = match e {\n  -3 -> 1\n  1..10 -> 2\n  -1..=1 -> 3\n  [\"get \" | path] -> 4\n  [\"a\"] -> 5\n  Box{w, h: k, _} -> 6\n  Ok(value: v) -> 7\n  %{\"k\": v, ^e: u} -> 8\n  #{1, ^e} -> 9\n  ^limit -> 10\n  () -> 11\n  'c' -> 12\n  {x, y: 2} -> 13\n}",
        expect![[r#"
            (e#0) = match e#0 {
              -3 -> 1
              1..10 -> 2
              -1..=1 -> 3
              prefix["get " | path#1] -> 4
              ["a"] -> 5
              Box{w: w#2, h: k#3} -> 6
              Ok{value: v#4} -> 7
              %{"k": v#5, ^e#0: u#6} -> 8
              #{1, ^e#0} -> 9
              ^limit -> 10
              () -> 11
              'c' -> 12
              {x: x#7, y: 2} -> 13
            }
        "#]],
    );
}

#[test]
fn local_functions_call_themselves_and_each_other() {
    check(
        "f(n) = {\n  even(k) = if k == 0 then true else odd(k - 1)\n  odd(k) = if k == 0 then false else even(k - 1)\n  even(n)\n}",
        expect![[r#"
            (n#0) = {
              even#1 = fn#1(k#3) => if k#3 == 0 then true else odd#2(k#3 - 1)
              odd#2 = fn#2(k#4) => if k#4 == 0 then false else even#1(k#4 - 1)
              even#1(n#0)
            }
            locals: even#1! odd#2!*
        "#]],
    );
}

#[test]
fn lambdas_call_themselves_and_each_other() {
    check(
        "f(n) = {\n  a = k => b(k)\n  b = k => a(k)\n  c = k => c(k)\n  a(n) + c(n)\n}",
        expect![[r#"
        (n#0) = {
          a#1 = fn#1(k#4) => b#2(k#4)
          b#2 = fn#2(k#5) => a#1(k#5)
          c#3 = fn#3(k#6) => c#3(k#6)
          a#1(n#0) + c#3(n#0)
        }
        locals: a#1! b#2!* c#3!
    "#]],
    );
}

#[test]
fn local_functions_are_chosen_by_arity_and_clauses_merge() {
    check(
        "f(n) = {\n  g(x) = x\n  g(x, y = 2) = x + y\n  h(0) = 1\n  h(k: Int) -> Int = k * h(k - 1)\n  g(1) + g(1, 2) + h(n)\n}",
        expect![[r#"
            (n#0) = {
              g#1 = fn#1(x#4) => x#4
              g#2 = fn#2(x#5, y#6 = 2) => x#5 + y#6
              h#3 = fn#3(#7: Int) -> Int => match #7 {
                0 -> 1
                k#8 -> k#8 * h#3(k#8 - 1)
              }
              (g#1(1) + g#2(1, 2)) + h#3(n#0)
            }
            locals: h#3!
        "#]],
    );
}

#[test]
fn operators_and_sugar() {
    check(
        "f(a, b) = {\n  c = a |> g(1) |> h\n  d = a |> x.m(2)\n  e = a |> Some\n  i = 1 :: 2 :: [3]\n  j = !a && not b || -a.abs() < 2 ** 3\n  k = [a..b]\n  l = \"n ${a + 1}\\n\"\n  m = %{\"k\": a}\n  o = #{a, b}\n  a.0.1[2]\n}",
        expect![[r#"
            (a#0, b#1) = {
              c#2 = h(g(a#0, 1))
              d#3 = x.m(a#0, 2)
              e#4 = new Some(a#0)
              i#5 = [1 | [2 | [3]]]
              j#6 = ((!a#0) && (!b#1)) || ((-a#0.abs()) < (2 ** 3))
              k#7 = [a#0 .. b#1]
              l#8 = interpolate("n ", a#0 + 1, "\n")
              m#9 = %{"k": a#0}
              o#10 = #{a#0, b#1}
              a#0.0.1[2]
            }
        "#]],
    );
}

#[test]
fn calls() {
    check(
        "f(fs, i) = {\n  a = g[Int](1, size: 2)\n  b = fs[i](3)\n  c = i.m[String](4)\n  d = Geo.Pt(1, x: 2)\n  e = geo.area(d)\n  t = (1, x => x)\n  t.1(5)\n}",
        expect![[r#"
            (fs#0, i#1) = {
              a#2 = g[Int](1, size: 2)
              b#3 = fs#0[i#1](3)
              c#4 = i#1.m[String](4)
              d#5 = new Geo.Pt(1, x: 2)
              e#6 = geo.area(d#5)
              t#7 = (1, (x#8) => x#8)
              t#7.1(5)
            }
        "#]],
    );
}

#[test]
fn conditional_assignment() {
    check(
        "f(c) = {\n  var x = 0\n  if c then x = 1 else if x > 1 then x = 2 else println(3)\n  match c { true -> x = 4, _ -> () }\n  for i = 0 to 3 { if i == 1 then return x }\n  while x < 9 { x = x + 1; continue }\n  x\n}",
        expect![[r#"
            (c#0) = {
              ~x#1 = 0
              if c#0 then ~x#1 := 1 else if ~x#1 > 1 then ~x#1 := 2 else println(3)
              match c#0 {
                true -> ~x#1 := 4
                _ -> ()
              }
              for i#2 = 0 to 3 {
                if i#2 == 1 then return ~x#1
              }
              while ~x#1 < 9 {
                ~x#1 := ~x#1 + 1
                continue
              }
              ~x#1
            }
            locals: x#1*
        "#]],
    );
}

#[test]
fn element_and_field_assignment() {
    check(
        "f(r) = {\n  xs = [1]\n  xs[0] = 2\n  m = r\n  m.a.b = 3\n  m.g[1][2] = 4\n}",
        expect![[r#"
        (r#0) = {
          xs#1 = [1]
          xs#1[0] := 2
          m#2 = r#0
          m#2.a.b := 3
          m#2.g[1][2] := 4
        }
        locals: xs#1* m#2*
    "#]],
    );
}

#[test]
fn captures() {
    check(
        "f(a) = {\n  var n = 0\n  bump = () => { n = n + a; n }\n  k = 1\n  bump()\n  xs.map(x => y => x + k)\n}",
        expect![[r#"
            (a#0) = {
              ~n#1 = 0
              bump#2 = fn#2() => {
                ~n#1 := ~n#1 + a#0
                ~n#1
              }
              k#3 = 1
              bump#2()
              xs.map((x#4) => (y#5) => x#4 + k#3)
            }
            locals: a#0! n#1!* k#3! x#4!
        "#]],
    );
}

#[test]
fn processes() {
    check(
        "f(p) = {\n  me = self()\n  spawn { me <- 1 }\n  spawn(p)\n  spawn(() => 2)\n  spawn_link(g(3))\n  spawn(M.run)\n  receive { (\"sum\", n) -> n, after 10 -> 0 }\n}",
        expect![[r#"
            (p#0) = {
              me#1 = self()
              spawn () => {
                me#1 <- 1
              }
              spawn () => p#0()
              spawn () => 2
              spawn_link () => g(3)
              spawn () => M.run()
              receive {
                ("sum", n#2) -> n#2
                after 10 -> 0
              }
            }
            locals: p#0! me#1!
        "#]],
    );
}

#[test]
fn exceptions_and_do() {
    check(
        "f(p) = try { risky(p)? } catch { \"x\" -> 1, e -> throw(e) } finally { println(0) }\n",
        expect![[r#"
            (p#0) = try {
              risky(p#0)?
            } catch {
              "x" -> 1
              e#1 -> throw(e#1)
            } finally {
              println(0)
            }
        "#]],
    );
}

#[test]
fn quotes_are_text_and_wildcards_are_no_values() {
    check(
        "f(p) = {\n  q = quote { ~p + 1 }\n  g(_)\n}",
        expect![[r#"
        (p#0) = {
          q#1 = quote "{ ~p + 1 }"
          g(<missing>)
        }
        E0202: Wildcard '_' is only valid in pattern contexts
    "#]],
    );
}

#[test]
fn literals() {
    check(
        "f() = [0x1F, 1_000, 200u8, -128i8, 9n, 2.5, 0.5f32, 19.99d, 'c', '\\n', \"a\\tb\", 'two', true, ()]",
        expect![[r#"
        () = [31, 1000, 200u8, -128i8, 9n, 2.5, 0.5f32, 19.99d, 'c', '\n', "a\tb", "two", true, ()]
    "#]],
    );
}

#[test]
fn deep_nesting_does_not_overflow() {
    let mut text = "f() = ".to_owned();
    text.push_str(&"(1 + ".repeat(100_000));
    let db = TestDb::single(&text);
    assert!(!crate::syntax_problems(&db, db.file("main.nos")).is_empty());
    let _ = db.body("", "f");
    let nested = format!("f() = {}1{}", "[".repeat(250), "]".repeat(250));
    let db = TestDb::single(&nested);
    let _ = db.body("", "f").to_string();
}

//! Rules as small programs: accepted with a type, or refused with a line of the message.

use base_db::DefId;

use super::{TestDb, render};

/// The program has no problems.
#[track_caller]
fn accepts(text: &str) {
    let db = TestDb::new(text);
    let problems = render(&db.problems());
    assert!(problems.is_empty(), "{problems}");
}

/// Some line of the problems contains each fragment.
#[track_caller]
fn refuses(text: &str, fragments: &[&str]) {
    let db = TestDb::new(text);
    let problems = render(&db.problems());
    assert!(!problems.is_empty(), "accepted");
    for fragment in fragments {
        assert!(problems.lines().any(|line| line.contains(fragment)), "no `{fragment}` in\n{problems}");
    }
}

/// The scheme of the definition `name` of the first module.
#[track_caller]
fn scheme(text: &str, name: &str) -> String {
    let db = TestDb::new(text);
    let problems = render(&db.problems());
    assert!(problems.is_empty(), "{problems}");
    let def = db
        .modules()
        .iter()
        .flat_map(|module| db.bodies(module))
        .find(|def| def.name() == name)
        .expect("the definition exists");
    let signature = crate::signature(&db, DefId::new(&db, def));
    crate::print::scheme(&signature.as_ref().expect("it has a signature").value)
}

// --- schemes ---

#[test]
fn functions_are_generalised_with_their_constraints() {
    assert_eq!(scheme("id(x) = x", "id"), "(a) -> a");
    assert_eq!(scheme("plus(p, q) = p + q", "plus"), "(a, a) -> a where Num a");
    assert_eq!(scheme("eqq(a, b) = a == b", "eqq"), "(a, a) -> Bool where Eq a");
    assert_eq!(scheme("total(xs) = xs.sum()", "total"), "(a) -> b where a.sum() -> b");
    assert_eq!(scheme("sq(ys) = ys.map(y => y * y)", "sq"), "(a) -> b where Num c, a.map(c -> c) -> b");
    assert_eq!(scheme("nm(r) = r.name", "nm"), "(a) -> b where a.name: b");
    assert_eq!(scheme("s(r) = r.x + r.x", "s"), "(a) -> b where a.x: b, Num b");
    assert_eq!(scheme("first(p) = p.0", "first"), "(a) -> b where a.0: b");
    assert_eq!(scheme("compose(f, g) = x => f(g(x))", "compose"), "(a -> b, c -> a) -> c -> b");
    assert_eq!(scheme("len2(x) = length(x)", "len2"), "(a) -> Int where length(a)");
    assert_eq!(
        scheme("sumTo(a, i, acc) = if i < 0 then acc else sumTo(a, i - 1, acc + a[i])", "sumTo"),
        "(a, Int, b) -> b where a[Int]: c, b with c is b"
    );
}

#[test]
fn declared_parameters_keep_their_names() {
    assert_eq!(scheme("dup[T](v: T) = v + v", "dup"), "(T) -> T where Num T");
    assert_eq!(scheme("sorted(xs: [a]) = xs.sort()", "sorted"), "(List[a]) -> List[a] where Ord a");
    assert_eq!(scheme("wrap[T, U](x: T, y: U) -> (T, U) = (x, y)", "wrap"), "(T, U) -> (T, U)");
}

#[test]
fn mutual_recursion_is_one_group() {
    let text = "isEven(n) = if n == 0 then true else isOdd(n - 1)\nisOdd(n) = if n == 0 then false else isEven(n - 1)";
    assert_eq!(scheme(text, "isEven"), "(Int) -> Bool");
    assert_eq!(scheme(text, "isOdd"), "(Int) -> Bool");
}

// --- 02 section 4 and 5 ---

#[test]
fn numbers_mix_in_arithmetic_only() {
    accepts("main() = { n = 5; a = n + 2.5; b = 2 * 1.5; c = 3 * 2n; d = 3.7.round() / 2.0; (a, b, c, d) }");
    for (bad, fragment) in [
        ("1 + 2i32", "type mismatch"),
        ("1.0 + 2.0f32", "type mismatch"),
        ("1 + 0.5d", "type mismatch"),
        ("1.5 + 2n", "type mismatch"),
        ("'a' + 1", "Char does not implement Num"),
        ("1 < 2.5", "type mismatch"),
        ("1 == 1.0", "type mismatch"),
        ("sqrt(4)", "type mismatch"),
        ("1 + \"s\"", "type mismatch"),
        ("1 + \"s\"", "String does not implement Num"),
        ("() + 1", "type mismatch"),
        ("[1] + [2]", "does not implement Num"),
        ("Some(1) + 1", "does not implement Num"),
        ("1 ++ \"x\"", "does not implement Concat"),
        ("[1] ++ \"x\"", "type mismatch"),
        ("true < false", "Bool does not implement Ord"),
        ("(p => 1) == (q => 2)", "does not implement Eq"),
        ("%{[1]: 2}", "does not implement Hash"),
        ("#{[1]}", "does not implement Eq"),
        ("[1, \"two\"]", "type mismatch"),
        ("product(['c'])", "does not implement Num"),
        ("[false].maximum()", "does not implement Ord"),
        ("length(#{1})", "use .size() for Set"),
        ("length(%{1: 2})", "use .size() for Map"),
        ("length(5)", "expected List, String, Tuple, or Array"),
        ("[1].map(7)", "expected function"),
        ("[1].zip(9)", "expected List"),
        ("[1].unzip()", "expected List of tuples"),
        ("Some(\"q\").reverse()", "no method"),
        ("[3, 1].sort().toUpper()", "Type List has no method toUpper"),
        ("xyz", "unknown variable `xyz`"),
        ("xyz(1)", "unknown variable `xyz`"),
        ("Foo(1)", "unknown type `Foo`"),
        ("Option.peel(1)", "unknown function"),
        ("Map.nope(1)", "unknown function `Map.nope`"),
        ("if (\"a\", 1) then 0 else 1", "Bool"),
        ("{ if true { 1 }; 2 }", "type mismatch"),
        ("(\"a\", 1).4", "has no field 4"),
        ("match [true] { (p, q) -> p }", "Cannot unify types"),
    ] {
        refuses(&format!("main() = {bad}"), &[fragment]);
    }
}

#[test]
fn calls_of_generic_functions_are_checked() {
    let plus = "plus(p, q) = p + q\n";
    refuses(&format!("{plus}main() = plus(\"a\", 2)"), &["String does not implement Num"]);
    refuses(&format!("{plus}s(x) = show(x)\nmain() = plus(s(1), 2)"), &["type mismatch"]);
    refuses(&format!("{plus}main() = plus(1, 2.5)"), &["type mismatch"]);
    refuses("k() = 5\nmain() = k() + 1 + \"s\"", &["String does not implement Num"]);
    refuses("main() = { g = x => x + x; g(\"s\") }", &["Num"]);
    refuses("main() = { g = xs => xs.map(x => x + 1); g([\"s\"]) }", &["type mismatch"]);
    refuses("sq(ys) = ys.map(y => y * y)\nmain() = sq([\"a\"])", &["String does not implement Num"]);
    refuses("dbl(xs) = xs.map(x => x + x)\nmain() = dbl([\"a\"])", &["does not implement Num"]);
    refuses("eqq(a, b) = a == b\nmain() = eqq(x => x, y => y)", &["does not implement Eq"]);
    refuses("top(xs) = xs.maximum()\nmain() = top([true])", &["does not implement Ord"]);
    refuses("f(x: Int) = x\nmain() = f(\"q\")", &["type mismatch: expected `Int`, found `String`"]);
    refuses("neg(n: Int) = -n\nmain() = neg([1])", &["expected `Int`, found `List`"]);
    refuses("main() = { k: Int = 1.5; k }", &["expected Int, found Float"]);
    refuses(
        "duo(k, p, q) = [k(p), k(q)]\nmain() = duo(show, 1.5, \"a\")",
        &["Type annotation required: parameters 2 and 3 must have the same type, but used as Float and String"],
    );
    refuses("add(a, b) = a + b\nmain() = add(1)", &["Wrong number of arguments: expected 2, found 1"]);
    refuses("main() = { g = x => x; g(1, 2) }", &["Wrong number of arguments: expected 1, found 2"]);
    refuses("main() = [1].sortBy(x => x)", &["Wrong number of arguments"]);
    refuses("main() = [(1, \"x\")].map((a, b) => a + b)", &["type mismatch"]);
}

#[test]
fn lists_concatenate_loosely() {
    accepts("main() = [1] ++ [\"a\"]");
    accepts("pre(ys) = [\"-\"] ++ ys\nmain() = pre([1, 2])");
    refuses(
        "spell(k) = if k < 1 then [] else [\"#\"] ++ spell(k - 1)\nmain() = spell(3).sum()",
        &["String does not implement Num"],
    );
    accepts("tagged(w) = { k = w.toInt(); w ++ \"?\" }\nmain() = tagged(\"a\")");
}

// --- 02 section 7 ---

#[test]
fn overloads_are_chosen_by_types() {
    let label = "label(x: Int) = \"n\" ++ show(x)\nlabel(x: String) = \"s\" ++ x\nwrap(v) = label(v)\n";
    accepts(&format!("{label}main() = wrap(1) ++ wrap(\"a\") ++ [\"a\"].map(label).head()"));
    refuses(&format!("{label}main() = label(true)"), &["type mismatch"]);
    accepts("inc(x) = x\ninc(x: String) = x ++ \"!\"\nmain() = (inc(1), inc(\"a\"))");
}

#[test]
fn defaults_and_names() {
    accepts("run(x, f = y => y) = f(x)\nmain() = (run(1), run(\"a\"))");
    refuses("bang(k = 7) = k ++ \"!\"\nmain() = 1", &["type mismatch"]);
    accepts("f(a, b = 2, c = 3) = a + b + c\nmain() = f(1, c: 5) + f(1) + f(b: 1, a: 2)");
    refuses("f(a) = a\nmain() = f(1, z: 2)", &["unknown named argument 'z'"]);
    refuses("f(x) = x\nmain() = f(1, x: 2)", &["duplicate named argument 'x'"]);
    accepts("f(a, b = 2) = a + b\nmain() = { g = f; g(1) + g(1, 2) }");
}

// --- 02 section 8 ---

#[test]
fn local_functions_are_polymorphic() {
    accepts("main() = { box = v => [v]; (box(1), box(\"a\")) }");
    accepts("main() = { hd = xs => xs.head(); (hd([1]), hd([\"a\"])) }");
    accepts("k(x) = x\nmain() = { via = y => k(y); (via(1), via(\"a\")) }");
    accepts("main() = { member(c, v) = c.contains(v); (member(\"abc\", \"a\"), member([1], 1)) }");
    accepts("main() = { str = v => show(v); str(1) ++ str(true) }");
    accepts("main() = { t = c => c.map(e => [e]); (t([1]), t([\"a\"])) }");
    refuses("main() = { plus = (p, q) => p + q; plus(1, \"x\") }", &["String does not implement Num"]);
    refuses("main() = (f => (f(1), f(\"a\")))(x => x)", &["type mismatch"]);
    refuses(
        "twice(f) = x => f(f(x))\nbump(n: Int) = n + 1\nmain() = { g = twice(bump); g(\"s\") }",
        &["type mismatch"],
    );
    refuses("main() = { dec = t => match t { None -> 0, Some(k) -> dec(k + 1) }; dec(Some(1)) }", &["type mismatch"]);
}

#[test]
fn receivers_are_not_guessed() {
    accepts("pairUp(p, q) = p.flatMap(u => q.map(v => (u, v)))\nmain() = (pairUp(Ok(1), Ok(2)), pairUp([1], [2]))");
    accepts("lift(k, s) = k(s).map(v => (v, s))\nmain() = (lift(x => Some(x), 1), lift(x => [x], 2))");
    accepts("andThen(k, j, s) = k(s).flatMap(j)\nmain() = andThen(x => Some(x), y => Some(y + 1), 3)");
    accepts("bumpAll(c) = c.map(x => x + 1)\nmain() = (bumpAll([1]), bumpAll(Some(1)), bumpAll(Ok(1)))");
    accepts("prefix(c) = c.take(2)\nmain() = (prefix(\"abc\"), prefix([1, 2, 3]))");
    accepts("largest(xs) = xs.sort().reverse().head()\nmain() = largest([1, 2])");
    accepts("app(c, k) = c.map(k)\nmain() = app([(1, \"a\")], kv => (kv[0], kv[1]))");
    accepts("app(xs, f) = xs.map(f)\nmain() = app([\"ab\"], n => n.reverse()).map(s => s.length())");
    accepts("foldWith(f, xs) = xs.map(f)\ntype P = { n: Int }\nmain() = foldWith(p => p.n, [P(1)])");
    refuses("type R = { run: (a) -> String }\nmk(x) = R(v => v.map(y => y).join(\",\"))\nmain() = 1", &["type"]);
}

#[test]
fn declared_parameters_are_soft() {
    accepts("two[P, Q](x: P, y: Q, rev: Bool) = if rev then (y, x) else (x, y)\nmain() = two(1, \"a\", true)");
    refuses("two(x, y, rev) = if rev then (y, x) else (x, y)\nmain() = two(1, \"a\", true)", &["type mismatch"]);
    accepts(
        "trait Step\n  step(self) -> Int\nend\nInt: Step\n  step(self) = self + 1\nend\nrep[T: Step](x: T, n: Int) -> Int = if n == 0 then x.step() else rep(x.step(), n - 1)\nmain() = rep(1, 3)",
    );
    accepts("twice[T: Num](x: T) -> T = x * 2\nmain() = (twice(2), twice(1.5))");
    accepts("depth[T](x: T, n: Int) -> Int = if n == 0 then 0 else 1 + depth([x], n - 1)\nmain() = depth(1, 3)");
    accepts("id[Option](x: Option) -> Option = x\nmain() = id(3)");
}

// --- 02 section 9 to 14 ---

#[test]
fn records() {
    let p = "type P = { x: Int, y: Int }\n";
    accepts(&format!("{p}main() = {{ a = P(1, 2); b = P(y: 2, x: 1); c = P(a, x: 9); (a == b, c.x) }}"));
    refuses(&format!("{p}main() = P(x: 1)"), &["Missing field: y"]);
    refuses(&format!("{p}main() = P(x: 1, y: 2, z: 3)"), &["Type P has no field z"]);
    refuses(&format!("{p}main() = P(1, 2, 3)"), &["Wrong number of arguments: expected 2, found 3"]);
    refuses(&format!("{p}main() = P(1, 2).z"), &["Type P has no field z"]);
    refuses(&format!("{p}main() = {{ p = P(1, 2); p.n(5) }}"), &["no method"]);
    accepts("type H = { run: Int -> Int }\nmain() = H(x => x + 1).run(3)");
    accepts("type B[T] = { v: T }\nmain() = (B(1).v + 1, B(\"a\").v ++ \"b\")");
    refuses("type B = { f: Int -> Int }\nmain() = B(x => x) < B(x => x)", &["not comparable"]);
    refuses(&format!("{p}main() = {{ p = P(1, 2); p.x = 3 }}"), &["not mutable"]);
}

#[test]
fn variants() {
    accepts("type S = A | B(Int)\nmain() = [A, B(1)].map(s => match s { A -> 0, B(n) -> n })");
    refuses("type S = A | B(Int)\nmain() = match A { A -> 0 }", &["non-exhaustive patterns: `B` not covered"]);
    refuses("type S = A | B(Int)\nmain() = B(1, 2)", &["Wrong number of arguments: expected 1, found 2"]);
    refuses("main() = match 1 { Nope -> 1 }", &["Unknown constructor: Nope"]);
    accepts(
        "type Road = Stop | Link(Int, Road)\ntype Rail = Depot | Link(String, Rail)\n\
         lenR(r) = match r { Stop -> 0  Link(_, t) -> 1 + lenR(t) }\n\
         lenL(r) = match r { Depot -> 0  Link(_, t) -> 1 + lenL(t) }\n\
         dup(r) = match r { Depot -> Depot  Link(s, t) -> Link(s, dup(t)) }\n\
         main() = lenR(Link(1, Stop)) + lenL(dup(Link(\"a\", Depot)))",
    );
}

#[test]
fn traits() {
    let scorable = "trait Scorable\n  getScore(self) -> Int\nend\nInt: Scorable\n  getScore(self) = self\nend\n";
    accepts(&format!("{scorable}main() = 5.getScore() + getScore(3) + [1].map(getScore).sum()"));
    refuses(
        &format!("{scorable}cost[T: Scorable](x: T) -> Int = x.getScore()\nmain() = cost(\"s\")"),
        &["String does not implement Scorable"],
    );
    refuses(
        &format!("{scorable}wrapper(x) = getScore(x)\nmain() = wrapper(\"s\")"),
        &["String does not implement Scorable"],
    );
    accepts(&format!(
        "{scorable}best[T: Scorable](xs: List[T]) -> Int = xs.map(x => x.getScore()).fold(0, (a, b) => a + b)\nmain() = best([1, 2])"
    ));
    accepts(
        "type Box[T] = Box(T)\ntrait Sz\n  sz(self) -> Int\nend\nBox: Sz\n  sz(self) = 1\nend\nmain() = Box(1).sz() + Box(\"a\").sz()",
    );
    accepts(
        "type V = { x: Int }\nV: Num\n  add(self, o) = V(self.x + o.x)\n  sub(self, o) = V(self.x - o.x)\n  mul(self, o) = V(self.x * o.x)\n  div(self, o) = V(self.x / o.x)\nend\nmain() = (V(1) + V(2)).x",
    );
    accepts(
        "trait Named\n  name(self) -> String\n  hello(self) -> String = \"hi \" ++ self.name()\nend\nInt: Named\n  name(self) = \"int\"\nend\nmain() = 5.hello()",
    );
    accepts(
        "trait M\n  merge(self, other: Self) -> Self\nend\nInt: M\n  merge(self, other) = self + other\nend\nf[T: M](x: T) -> T = x.merge(x).merge(x)\nmain() = f(2)",
    );
}

#[test]
fn dynamic_places() {
    accepts("main() = try { 1 } catch { e -> \"no\" }");
    accepts("main() = %{\"id\": 1, \"role\": \"x\"}");
    accepts("main() = #{1, \"a\", true}");
    refuses("main() = { m: Map[String, Int] = %{\"a\": 1}; m.insert(\"b\", \"x\") }", &["type mismatch"]);
    accepts("area(((w, h), d)) = w * h * d\narea((w, h)) = w * h\nmain() = area((2, 3)) + area(((1, 2), 3))");
}

#[test]
fn modules_see_each_other() {
    accepts(
        "//- /main.nos\nuse util.*\nmain() = (app([1], x => x + 1), app([\"a\"], s => s ++ \"b\"))\n//- /util.nos\npub app(c, k) = c.map(k)\n",
    );
    refuses(
        "//- /main.nos\nuse util.*\nmain() = secret(1)\n//- /util.nos\nsecret(x) = x\n",
        &["unknown variable `secret`"],
    );
    refuses(
        "//- /main.nos\nuse util.{open}\nmain() = util.secret(1)\n//- /util.nos\nsecret(x) = x\npub open(x) = x\n",
        &["cannot access private function `secret` from outside module `util`"],
    );
    refuses(
        "//- /main.nos\nmain() = util.open(1)\n//- /util.nos\npub open(x) = x\n",
        &["module `util` is not imported; add `use "],
    );
    accepts(
        "//- /a.nos\nuse b.*\nmain() = g(1) + g(2)\n//- /b.nos\nuse c.*\npub g(x) = h(x)\n//- /c.nos\nuse a.*\npub h(x) = x\n",
    );
}

#[test]
fn mistakes_stay_where_they_are() {
    let db = TestDb::new("bad(x) = x + \"a\" + 1\ngood(y) = bad(y)\nmain() = good(1)");
    let problems = db.problems();
    assert_eq!(problems.len(), 1, "{}", render(&problems));
}

#[test]
fn immutability() {
    refuses("main() = { n = 3; n = 4; n }", &["cannot reassign immutable variable 'n'"]);
    accepts("main() = { var n = 3; n = 4; n }");
    refuses("main() = { var n = 3; n = \"a\"; n }", &["type mismatch"]);
}

//! The evaluator and the expansion of items, on texts.

use base_db::Name;
use expect_test::{Expect, expect};
use syntax::{
    TextRange, TextSize,
    ast::{self, AstNode},
};

use super::{Expansion, FileDefinitions, Origins, Result};

/// Expands the first decorated item of `text`.
fn expanded(text: &str) -> Result<Expansion> {
    let parse = syntax::parse(text);
    assert!(parse.errors().is_empty(), "{:?}", parse.errors());
    let file = parse.tree();
    let scope = FileDefinitions::of(&file, &Name::default());
    let (item, decorators): (_, Vec<ast::Decorator>) = file
        .items()
        .find_map(|item| {
            let decorators: Vec<_> = match &item {
                ast::Item::Fn(def) => def.decorators().collect(),
                ast::Item::Type(def) => def.decorators().collect(),
                _ => Vec::new(),
            };
            (!decorators.is_empty()).then(|| (item.syntax().green().into_owned(), decorators))
        })
        .expect("something is decorated");
    super::expand(&item, &decorators, &scope, &Name::default())
}

/// The item below its first line, which holds decorators, and what stands beside it; or the failure.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match expanded(text) {
        Ok(expansion) => {
            let item = expansion.item.to_string();
            let mut lines = vec![item.trim_start_matches(|c| c != '\n').trim().to_owned()];
            lines.extend(expansion.beside.iter().map(|item| item.to_string().trim().to_owned()));
            for line in &lines {
                assert!(syntax::parse(line).errors().is_empty(), "{line}");
            }
            lines.join("\n")
        }
        Err(failure) => {
            let help = failure.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", failure.decorator, failure.message)
        }
    };
    expected.assert_eq(&shown);
}

/// The value of `expr`, with `fn` the function `sample(a: Int, b) -> Int = a + b`.
#[track_caller]
fn check_value(expr: &str, expected: &str) {
    let text = format!("template t(fn) = {expr}\n@t\nsample(a: Int, b) -> Int = a + b\n");
    let shown = match expanded(&text) {
        Ok(expansion) => {
            let item = expansion.item.to_string();
            item.split_once("Int = ").map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        }
        Err(failure) => failure.message,
    };
    assert_eq!(shown, expected, "{expr}");
}

#[test]
fn values() {
    for (expr, value) in [
        ("1 + 2 * 3", "7"),
        ("-7 / 2", "-3"),
        ("2 ** 3 ** 2", "64"),
        ("1.5 + 1.5", "3.0"),
        ("\"a\" ++ 'b' ++ \"c\"", "\"abc\""),
        ("\"$\" ++ \"{x}\"", "'${x}'"),
        ("\"${1 + 1} of ${fn.name}\"", "\"2 of sample\""),
        ("[1, 2 | [3]].map(x => x * 2)", "[2, 4, 6]"),
        ("[1..3].fold(0, (sum, x) => sum + x)", "6"),
        ("[3, 1, 2].sort().reverse()", "[3, 2, 1]"),
        ("fn.params.map(p => p.name).join(\"-\")", "\"a-b\""),
        ("fn.params.map(p => p.ty)", "[\"Int\", \"_\"]"),
        ("fn.params[1].name", "\"b\""),
        ("fn.params.length() == fn.arity && !false", "true"),
        ("fn.returnType", "\"Int\""),
        ("show(fn.body)", "\"a + b\""),
        ("fn.body", "a + b"),
        ("param(1)", "b"),
        ("toVar(\"x\" ++ \"y\")", "xy"),
        ("gensym(\"t\")", "t_sample_1"),
        ("eval(\"f(1)\")", "f(1)"),
        ("comptime(\"2 + 3\")", "5"),
        ("comptime(quote(4 * 5))", "20"),
        ("match fn.params { [p | _] when p.name == \"b\" -> 1, [p, q] -> p.name ++ q.name, _ -> 2 }", "\"ab\""),
        ("{ (x, [y | _]) = (1, [2, 3]); f(z) = z + x; f(y) }", "3"),
        ("{ g(n) = if n == 0 then 0 else n + g(n - 1); g(10) }", "55"),
        ("if fn.name.startsWith(\"sam\") then quote(1) else quote(2)", "1"),
        ("\"hello\".substring(1, 3).toUpper()", "\"EL\""),
        ("\"a,b\".split(\",\").enumerate()", "[(0, \"a\"), (1, \"b\")]"),
        ("[1, 2, 3] |> filter(x => x > 1)", "[2, 3]"),
        ("Some(fn.name)", "Some(\"sample\")"),
        ("quote(~fn.body * 2)", "(a + b) * 2"),
        ("quote { ~1 + ~\"x\".length() }", "1 + 1"),
        ("quote(f(~[1, 2], ~fn.name))", "f([1, 2], \"sample\")"),
        ("quote(quote(~x))", "quote(~x)"),
        ("quote(gensym(\"a\"))", "a_sample_1"),
    ] {
        check_value(expr, value);
    }
}

#[test]
fn failures() {
    for (expr, message) in [
        ("x", "`x` is not known while templates run"),
        ("fn.size", "the decorated item has no field `size`"),
        ("fn.params[2]", "a list of 2 elements has no element 2"),
        ("param(5)", "`sample` has no parameter 5"),
        ("1 / 0", "this template divides by zero"),
        ("9223372036854775807 + 1", "an Int of this template is out of range"),
        ("fn.body + 1", "this operator does not apply to code and an Int"),
        ("eval(\"(\")", "`eval` cannot read `(`: this `(` is never closed"),
        ("if 1 then 2 else 3", "a condition of a template is a Bool, found an Int"),
        ("fn.params[0]", "a part of the decorated item cannot be spliced as an expression"),
        ("while true { 1 }", "a template cannot run `while true { 1 }`"),
        ("\"x\".fly()", "a String has no `fly` that templates can call"),
        ("t(fn)", "this template nests too deeply"),
        (
            "{ f(s, n) = if n == 0 then s else f(s ++ s, n - 1); f(\"0123456789\", 40) }",
            "this template makes a value that is too large",
        ),
        ("[1..1000].map(a => [1..1000].map(b => a * b))", "this template runs for too long"),
    ] {
        check_value(expr, message);
    }
}

#[test]
fn decorators_apply_from_the_function_outwards() {
    check(
        "template a(fn) = quote(a(~fn.body))\ntemplate b(fn, n) = quote(b(~fn.body, ~n))\n@a @b(2)\n@a\nf(x) = x + 1",
        expect![[r#"
            @a
            f(x) = a(b(a((x + 1)), 2))"#]],
    );
}

#[test]
fn lists_of_code_are_statements() {
    check(
        "template t(fn) = quote {\n  ~fn.params.map(p => quote { check(~toVar(p.name)) })\n  if ready { ~[quote(a()), quote(b())] }\n  ~fn.body\n}\n@t\nf(x, y) = { y }",
        expect![[r#"
            f(x, y) = {
            check(x)
            check(y)
            if ready {
            a()
            b()
            }
            { y }
            }"#]],
    );
}

#[test]
fn types_get_items_beside_them() {
    check(
        "template t(d) = quote {\n  ~d\n  ~d.fields.map(f => eval(\"get_${f.name}(r: ${d.name}) = r.${f.name}\"))\n  count() = ~d.fields.length()\n}\n@t\ntype P = { x: Int, y: [Int] }",
        expect![[r#"

            get_x(r: P) = r.x
            get_y(r: P) = r.y
            count() = 2"#]],
    );
    check(
        "template t(d) = eval(d.variants.map(v => \"is${v.name}(v) = match v { ${v.name}${if v.arity > 0 then \"(_)\" else \"\"} -> true, _ -> false }\").join(\"\\n\"))\n@t\ntype C = A | B(Int)",
        expect![[r#"
            type C = A | B(Int)
            isA(v) = match v { A -> true, _ -> false }
            isB(v) = match v { B(_) -> true, _ -> false }"#]],
    );
    check(
        "template t(d) = quote(1 + 1)\n@t\ntype C = A | B",
        expect![
            "0: a template for a type must produce definitions, found `1 + 1` (write functions in the quote: `name(x) = …`, or their text in `eval(\"…\")`)"
        ],
    );
}

#[test]
fn failures_name_their_decorator() {
    check(
        "template twice(fn) = quote(~fn.body * 2)\n@twice\n@twic\nf() = 1",
        expect!["1: unknown template `twic` (did you mean `twice`?)"],
    );
    check(
        "template twice(fn, n) = quote(~fn.body * ~n)\n@twice\nf() = 1",
        expect!["0: template `twice` takes 1 arguments besides the decorated item, found 0"],
    );
    check(
        "template deep(code, n) = if n == 0 then code else deep(quote(f(~code, ~code)), n - 1)\ntemplate t(fn) = deep(fn.body, 40)\n@t\nf() = 1",
        expect![
            "0: this template runs for too long (the work of templates is bounded, since they run whenever the program is compiled)"
        ],
    );
}

#[test]
fn ranges_lead_to_the_written_body() {
    let text = "@t\nf(x) = x + 1";
    let source = format!("template t(fn) = quote {{ a = ~fn.body\n a * 2 }}\n{text}");
    let expansion = expanded(&source).unwrap();
    let written = syntax::parse(text).tree().items().next().unwrap().syntax().green().into_owned();
    let origins = Origins::new(&written, &expansion.item).unwrap();
    let shown = expansion.item.to_string();
    let range = |part: &str, in_text: &str| {
        let start = TextSize::new(in_text.find(part).unwrap() as u32);
        TextRange::at(start, TextSize::of(part))
    };
    assert_eq!(origins.written(range("x + 1", &shown)), range("x + 1", text));
    assert_eq!(origins.written(range("a * 2", &shown)), range("@t", text));
    assert_eq!(origins.written(range("f(x)", &shown)), range("f(x)", text));
}

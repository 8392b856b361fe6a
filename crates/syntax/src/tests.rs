//! Tests of lexer, parser and tree on whole files.
//!
//! `test-data/parser/{ok,err}/*.nos` each have a snapshot `.rast` with tree and errors. A missing snapshot is written
//! and the test fails once; `UPDATE_EXPECT=1` rewrites them. Read a snapshot before you accept it.

use crate::{Parse, SyntaxToken, WalkEvent, ast, ast::AstNode as _, dump, parse};
use expect_test::expect_file;
use proptest::prelude::*;
use std::{fs, path::PathBuf};

pub(crate) fn cases(folder: &str) -> Vec<(PathBuf, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-data/parser").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.expect("readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nos"))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).expect("readable case"))).collect()
}

/// Properties of every tree: it contains the text, it is bounded, and its errors lie within the text.
fn check_invariants(text: &str) -> Parse {
    let parse = parse(text);
    assert_eq!(parse.syntax().text().to_string(), text);
    let mut depth = 0;
    for event in parse.syntax().preorder() {
        match event {
            WalkEvent::Enter(_) => depth += 1,
            WalkEvent::Leave(_) => depth -= 1,
        }
        assert!(depth <= crate::MAX_TREE_DEPTH);
    }
    for error in parse.errors() {
        assert!(usize::from(error.range.end()) <= text.len(), "{error:?}");
        assert!(!error.message.ends_with('.'), "{error:?}");
    }
    parse
}

/// What the fuzz targets and the random tests have found, once: `test-data/fuzz/<target>`.
#[test]
fn what_fuzzing_has_found() {
    for target in ["parse", "format"] {
        for (path, text) in cases(&format!("../fuzz/{target}")) {
            let parse = check_invariants(&text);
            assert!(parse == crate::parse(&text), "{}: two trees", path.display());
            if target == "format" {
                let once = crate::format(&parse).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let twice = crate::format(&crate::parse(&once));
                assert_eq!(twice.as_ref(), Ok(&once), "{}", path.display());
            }
        }
    }
}

fn check_snapshots(folder: &str, has_errors: bool) {
    let mut missing = Vec::new();
    for (path, text) in cases(folder) {
        let parse = check_invariants(&text);
        assert_eq!(!parse.errors().is_empty(), has_errors, "{}: {:#?}", path.display(), parse.errors());
        let snapshot = path.with_extension("rast");
        if !snapshot.exists() {
            fs::write(&snapshot, dump(&parse)).expect("writable snapshot");
            missing.push(snapshot);
            continue;
        }
        expect_file![snapshot].assert_eq(&dump(&parse));
    }
    assert!(missing.is_empty(), "new snapshots were written, read them: {missing:#?}");
}

#[test]
fn valid_files() {
    check_snapshots("ok", false);
}

#[test]
fn broken_files() {
    check_snapshots("err", true);
}

/// `test-data/parser/mistakes.txt`: programs with one mistake each, separated by `---`, and below each what people are
/// told, after `>>`. One mistake gives one message, and the definitions after it stay.
#[test]
fn one_mistake_gives_one_message() {
    use std::fmt::Write as _;
    const NEIGHBOURS: &str = "\n\nnext(n: Int) -> Int = n + 1\nmain() = next(1)\n";
    // A comment or string that never ends may take what follows; a module is never closed by its neighbours.
    const SWALLOWS: [&str; 3] = ["#*", "f(x) = {\n  #*", "module M\n  f() = 1\n>>"];
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-data/parser/mistakes.txt"));
    let file = fs::read_to_string(&path).expect("readable mistakes");
    let mut out = Vec::new();
    let mut failures = Vec::new();
    for case in file.split("\n---\n") {
        let program: Vec<&str> = case.lines().filter(|line| !line.starts_with(">> ")).collect();
        let program = program.join("\n");
        let text = format!("{program}{NEIGHBOURS}");
        let parse = check_invariants(&text);
        let mut told = program.clone();
        for error in parse.errors() {
            let at = usize::from(error.range.start());
            let line = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
            let (row, column) = (text[..at].matches('\n').count() + 1, text[line..at].chars().count() + 1);
            let _ = write!(told, "\n>> {row}:{column} {}", error.message);
            let notes = error.notes.iter().map(|note| format!("note: {note}"));
            for more in notes.chain(error.help.iter().map(|help| format!("help: {help}"))) {
                let _ = write!(told, "\n>>   {more}");
            }
        }
        let names = item_names(parse.tree().items());
        let keeps = ["FN_DEF next", "FN_DEF main"].iter().all(|name| names.iter().any(|other| other == name));
        if parse.errors().len() != 1 || !(keeps || SWALLOWS.iter().any(|start| told.starts_with(start))) {
            failures.push(told.clone());
        }
        out.push(told);
    }
    expect_file![path].assert_eq(&(out.join("\n---\n") + "\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n---\n"));
}

/// Texts made of what the lexer and the parser treat specially.
fn token_soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "${",
        "#{",
        "%{",
        "=>",
        "->",
        "<-",
        "=",
        "|",
        "\n",
        "\n\n  ",
        " ",
        "end",
        "if",
        "then",
        "else",
        "match",
        "do",
        "try",
        "catch",
        "finally",
        "receive",
        "after",
        "when",
        "type",
        "trait",
        "module",
        "use",
        "pub",
        "#",
        "#*",
        "*#",
        "::",
        ".",
        "..",
        "..=",
        ",",
        ";",
        ":",
        "x",
        "f",
        "Some",
        "1",
        "2.5",
        "7u8",
        "-",
        "~",
        "!",
        "+=",
        "@",
        "é",
        "&",
        "\\",
        "var",
        "spawn",
        "quote",
        "return",
        "f(x) = ",
        "T: Show\n",
    ]);
    prop::collection::vec((piece, prop::bool::ANY), 0..60).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, space)| if space { format!("{piece} ") } else { piece.to_owned() }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_has_a_lossless_tree(text in any::<String>()) {
        check_invariants(&text);
    }

    #[test]
    fn any_tokens_have_a_lossless_tree(text in token_soup()) {
        check_invariants(&text);
    }

    /// Damage in a valid file: cut out a range, put something else there.
    #[test]
    fn any_damage_leaves_a_lossless_tree(at in 0..NEIGHBOURS.len(), len in 0..12usize, piece in token_soup()) {
        let mut text = NEIGHBOURS.to_owned();
        let start = (0..=at).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
        let end = (start + len..).find(|&n| n >= text.len() || text.is_char_boundary(n)).unwrap_or(start);
        text.replace_range(start..end.min(text.len()), &piece);
        check_invariants(&text);
    }
}

pub(crate) const NEIGHBOURS: &str = r#"use geo.{area, Pt as P}
use lib.strings.*

pub type Account = {
  owner: String,
  cents: Int,
}
type Entry = Deposit(Int) | Transfer{ to: String, cents: Int } | Nothing
type Pred = (Int, Int) -> Bool

trait Describe: Show
  describe(self) -> String
  short(self, n: Int = 1) -> String = self.describe()
end

Account: Describe
  describe(self) = self.owner ++ " has ${self.cents} cents"
end

mvar hits: Int = 0
const MAX = 10
limit: Int = 10

template plus(fn, n) = quote { ~fn.body + ~n }

@plus(5)
ten() = 5

fact(0) = 1
fact(n) when n > 0 -> Int = n * fact(n - 1)

total(entries) = match entries {
  [] -> 0
  [Deposit(n) | rest] when n > 0 -> n + total(rest)
  [_ | rest] -> total(rest)
}

module Geo
  pub origin = (0, 0)
  shift(p, by: Int) = p.map(x => x + by)
end

safe(a, b) = try { a / b } catch { _ -> 0 } finally { println("done") }

main() = {
  xs = [1, 2 | rest]
  var sum = 0
  for i = 0 to xs.length() {
    sum = sum + xs[i]
  }
  (first, second) = (xs[0], %{"k": 1})
  if first > 1 then sum = 2 else ()
  pid = spawn { receive { n -> n } }
  pid <- ("sum", #{sum})
}
"#;

/// Kind and name of each item, modules with their content.
fn item_names(items: impl Iterator<Item = ast::Item>) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        let name = match &item {
            ast::Item::Module(module) => {
                names.extend(item_names(module.items()));
                module.name()
            }
            ast::Item::Use(decl) => decl.path().and_then(|path| path.segments().last()),
            ast::Item::Type(def) => def.name(),
            ast::Item::Trait(def) => def.name(),
            ast::Item::Impl(def) => def.trait_name(),
            ast::Item::Fn(def) => def.name(),
            ast::Item::Template(def) => def.name(),
            ast::Item::Mvar(def) => def.name(),
            ast::Item::Const(def) => def.name(),
            ast::Item::Binding(def) => def.syntax().first_token(),
            ast::Item::Test(def) => def.name(),
            ast::Item::ExternType(def) => def.name(),
            ast::Item::ExternFn(def) => def.name(),
        };
        let name = name.map_or_else(|| "?".to_owned(), |token| token.text().to_owned());
        names.push(format!("{:?} {name}", item.syntax().kind()));
    }
    names
}

/// The items of `text`, of `whole` without one token, that are gone although the token belongs to another item.
fn hidden_by(whole: &Parse, text: &str, token: &SyntaxToken) -> Vec<String> {
    let at = token.text_range();
    let mut damaged = text.to_owned();
    damaged.replace_range(usize::from(at.start())..usize::from(at.end()), "");
    let mut found = item_names(check_invariants(&damaged).tree().items());
    let others = whole.tree().items().filter(|item| !item.syntax().text_range().contains_range(at));
    let mut hidden = item_names(others);
    hidden.retain(|name| match found.iter().position(|other| other == name) {
        Some(place) => {
            found.remove(place);
            false
        }
        None => true,
    });
    hidden
}

fn significant_tokens(parse: &Parse) -> Vec<SyntaxToken> {
    let tokens = parse.syntax().descendants_with_tokens().filter_map(crate::SyntaxElement::into_token);
    tokens.filter(|token| !token.kind().is_trivia()).collect()
}

#[test]
fn a_missing_token_hides_no_other_item() {
    let whole = check_invariants(NEIGHBOURS);
    assert_eq!(whole.errors(), &[]);
    let mut failures = Vec::new();
    for token in significant_tokens(&whole) {
        let hidden = hidden_by(&whole, NEIGHBOURS, &token);
        if !hidden.is_empty() {
            failures.push(format!("without {:?} at {:?}: {hidden:?}", token.text(), token.text_range()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The programs of the suite that are correct.
fn programs() -> Vec<(PathBuf, String)> {
    fn read(folder: &std::path::Path, programs: &mut Vec<(PathBuf, String)>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable entry").path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                read(&path, programs);
            } else if path.extension().is_some_and(|extension| extension == "nos") {
                let text = fs::read_to_string(&path).expect("readable program");
                programs.push((path, text));
            }
        }
    }
    let mut programs = Vec::new();
    read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-data/suite").as_ref(), &mut programs);
    programs.retain(|(_, text)| parse(text).errors().is_empty());
    programs
}

#[test]
fn a_missing_token_of_a_program_hides_no_other_item() {
    let mut failures = Vec::new();
    for (path, text) in programs() {
        let whole = parse(&text);
        if whole.tree().items().count() < 2 {
            continue;
        }
        for token in significant_tokens(&whole) {
            let hidden = hidden_by(&whole, &text, &token);
            if !hidden.is_empty() {
                let range = token.text_range();
                failures.push(format!("{}: without {:?} at {range:?}: {hidden:?}", path.display(), token.text()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn deep_and_long_texts_give_one_message() {
    const N: usize = 100_000;
    let r = |text: &str| text.repeat(N);
    for (name, text) in [
        ("parentheses", format!("f() = {}1{}\ng() = 2", r("("), r(")"))),
        ("unclosed parentheses", format!("f() = {}", r("("))),
        ("lists", format!("f() = {}1{}", r("["), r("]"))),
        ("blocks", format!("f() = {}1{}", r("{"), r("}"))),
        ("mismatched brackets", format!("f() = {}{}", r("("), r("]"))),
        ("sums", format!("f() = 1{}", r(" + 1"))),
        ("prepends", format!("f() = 1{}", r(" :: 1"))),
        ("prefixes", format!("f() = {}1", r("- "))),
        ("else if", format!("f() = {} 3", r("if a then b else "))),
        ("lambdas", format!("f() = {} 3", r("x => "))),
        ("calls", format!("f() = {}x{}", r("f("), r(")"))),
        ("methods", format!("f() = x{}", r(".a(1)"))),
        ("indices", format!("f() = x{}", r("[1]"))),
        ("types", format!("f(x: {}Int{}) = 1", r("["), r("]"))),
        ("function types", format!("f(x: {}Int) = 1", r("Int -> "))),
        ("patterns", format!("f({}x{}) = 1", r("A("), r(")"))),
        ("modules", format!("{}{}", r("module A\n"), r("end\n"))),
        ("matches", format!("f() = {}1{}", r("match x { a -> "), r("}"))),
        ("do", format!("f() = {}1{}", r("do "), r(" end"))),
        ("holes", format!("f() = {}1{}", r("\"${"), r("}\""))),
    ] {
        let parse = check_invariants(&text);
        let messages: Vec<&str> = parse.errors().iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, [crate::parser::TOO_DEEP], "{name}");
    }
    for (name, text) in [
        ("elements", format!("f() = [{}1]", r("1, "))),
        ("statements", format!("f() = {{\n{}}}", r("x = 1\n"))),
        ("alternatives", format!("f(1{}) = 1", r(" | 1"))),
        ("items", r("f() = 1\n")),
        ("items on one line", r("f() = 1 ")),
    ] {
        assert_eq!(check_invariants(&text).errors(), &[], "{name}");
    }
}

fn check_bindings(body: &str, expect: expect_test::Expect) {
    use std::fmt::Write as _;
    let mut out = String::new();
    let parse = parse(&format!("f() = {{\n{body}\n}}"));
    for stmt in parse.syntax().descendants().filter_map(ast::BindStmt::cast) {
        let target = stmt.target().expect("a target").bind_target();
        let (kind, node) = match &target {
            ast::BindTarget::Pattern(expr) => ("pattern", expr.syntax()),
            ast::BindTarget::Field(field) => ("field", field.syntax()),
            ast::BindTarget::Index(index) => ("index", index.syntax()),
            ast::BindTarget::Conditional(conditional) => ("conditional", conditional.syntax()),
            ast::BindTarget::Function(call) => ("function", call.syntax()),
            ast::BindTarget::Invalid(expr) => ("invalid", expr.syntax()),
        };
        writeln!(out, "{kind}: {}", node.text()).expect("writing to a string");
    }
    expect.assert_eq(&out);
}

#[test]
fn left_sides_of_bindings() {
    check_bindings(
        "x = 1\n(a, _) = p\n[h | t] = xs\nSome(v) = o\n-5 = n\nr.f = 1\nxs[0] = 2\nif c then x = 1\nf(a, n: Int) = a\n\
         1.5d = x\nSome(a + 1) = x\nP(a, x: b) = c\nf[Int](x) = 1",
        expect_test::expect![[r#"
            pattern: x
            pattern: (a, _)
            pattern: [h | t]
            pattern: Some(v)
            pattern: -5
            field: r.f
            index: xs[0]
            conditional: if c then x
            function: f(a, n: Int)
            invalid: 1.5d
            invalid: Some(a + 1)
            invalid: P(a, x: b)
            invalid: f[Int](x)
        "#]],
    );
}

/// The parser decides by shape while it reads, the typed tree by looking at the nodes: both must agree.
#[test]
fn parser_and_tree_agree_on_left_sides() {
    for folder in ["ok", "err"] {
        for (path, text) in cases(folder) {
            let parse = parse(&text);
            for stmt in parse.syntax().descendants().filter_map(ast::BindStmt::cast) {
                let target = stmt.target().expect("a target");
                let range = target.syntax().text_range();
                let invalid = matches!(target.bind_target(), ast::BindTarget::Invalid(_));
                let reported = parse.errors().iter().any(|error| error.range.intersect(range).is_some());
                assert!(!invalid || reported, "{}: {}", path.display(), stmt.syntax().text());
            }
        }
    }
}

#[test]
fn literal_values() {
    use crate::literal::LiteralValue as V;
    let parse = parse("f() = [0x1F, -128i8, 12n, 2.5, 0.5f32, 1.5d, 'c', \"a\\n\", true]\ng(-7, 1..=-2) = 1");
    let values: Vec<V> = parse
        .syntax()
        .descendants()
        .filter_map(ast::Literal::cast)
        .map(|literal| literal.value().expect("a value"))
        .take(9)
        .collect();
    assert_eq!(
        values,
        [
            V::Int(31),
            V::TypedInt(crate::literal::IntSuffix::I8, -128),
            V::BigInt("12".to_owned()),
            V::Float(2.5),
            V::Float32(0.5),
            V::Decimal("1.5".to_owned()),
            V::Char('c'),
            V::String("a\n".to_owned()),
            V::Bool(true),
        ]
    );
    let negative = parse.syntax().descendants().find_map(ast::LiteralPat::cast).expect("a literal pattern");
    assert_eq!(negative.value(), Some(V::Int(-7)));
    let range = parse.syntax().descendants().find_map(ast::RangePat::cast).expect("a range");
    assert_eq!((range.start(), range.end(), range.is_inclusive()), (Some(1), Some(-2), true));
}

//! Layouts, and the properties of all layouts.

use crate::{FormatError, format, parse};
use expect_test::{Expect, expect};
use proptest::prelude::*;

/// Formats, and checks that formatting again changes nothing.
#[track_caller]
fn format_twice(text: &str) -> String {
    let once = format(&parse(text)).unwrap_or_else(|error| panic!("{error}\n{:#?}\n{text}", parse(text).errors()));
    let twice = format(&parse(&once)).unwrap_or_else(|error| panic!("{error}, second time\n{once}"));
    assert_eq!(once, twice);
    once
}

#[track_caller]
fn check(text: &str, expect: Expect) {
    expect.assert_eq(&format_twice(text));
}

#[test]
fn spaces_and_blank_lines() {
    check(
        "\n\n# head\n\nf( x,y )=x+y*  - 2   # behind\n\n\n\n#one\n#two\ntype   A=B|C( Int ,a )\nuse a . { b ,c as d}\ng()=%{ 1:2,}\n",
        expect![[r#"
            # head

            f(x, y) = x + y * -2 # behind

            #one
            #two
            type A = B | C(Int, a)
            use a.{b, c as d}
            g() = %{1: 2}
        "#]],
    );
}

#[test]
fn blocks_and_arms() {
    check(
        "f(x) = {\n\n# first\na=1;b=2\n\n\n  c , d # last\n# end\n}\ng(x) = match x { 1 -> a,2 -> {b} | _ -> c }\nh(x) = match x {\n| 1->a,\n 2 -> b; 3 ->\n c }\ni() = { a ; b }",
        expect![[r#"
            f(x) = {
              # first
              a = 1
              b = 2

              c
              d # last
              # end
            }
            g(x) = match x { 1 -> a, 2 -> { b } | _ -> c }
            h(x) = match x {
              1 -> a
              2 -> b
              3 ->
                c
            }
            i() = { a; b }
        "#]],
    );
}

#[test]
fn long_lines_break() {
    check(
        "main() = {\n  result = someFunction(firstArgument, secondArgument, thirdArgument, fourthArgument, fifthArgument, sixth)\n  text = \"a rather long piece of text\" ++ show(someValue) ++ \" and another long piece of text\" ++ show(other)\n  xs.filter(x => x > someThreshold && x < anotherThreshold).map(x => x * someFactor + someOffset).sum()\n  value = if someCondition && anotherCondition then computeTheFirstAlternative(a) else computeTheSecondOne(b)\n}\ntype Shape = Circle(Float) | Rectangle{ width: Float, height: Float } | Triangle(Float, Float, Float) | Empty",
        expect![[r#"
            main() = {
              result =
                someFunction(firstArgument, secondArgument, thirdArgument, fourthArgument, fifthArgument, sixth)
              text =
                "a rather long piece of text" ++
                show(someValue) ++
                " and another long piece of text" ++
                show(other)
              xs.filter(x => x > someThreshold && x < anotherThreshold)
                .map(x => x * someFactor + someOffset)
                .sum()
              value =
                if someCondition && anotherCondition then computeTheFirstAlternative(a)
                else computeTheSecondOne(b)
            }
            type Shape =
              | Circle(Float)
              | Rectangle{ width: Float, height: Float }
              | Triangle(Float, Float, Float)
              | Empty
        "#]],
    );
}

#[test]
fn values_move_before_they_break() {
    check(
        "pub moneyColumn(title: String) -> Column = Column(title: title, align: FlushRight, width: MONEY_WIDTH, n: 1)\n\
         (journal, problems) = results.fold((emptyJournal, []), (state, result) => addResult(state, result, theRest))\n\
         f(p) = match p {\n  Unknown(_, path, Some(near)) -> \"account \" ++ path ++ \" is not declared, did you mean \" ++ near ++ \"?\"\n  \
         _ -> parsePostings(p.below, []).map(postings => Booking(Transaction(at, date, status, payee, postings)))\n}\n\
         g(x) = { if File.exists(x.path) && File.size(x.path) >= x.maxBytes then rotate(x, x.backups) else (), 1 }\n\
         h(x) = x |> firstStep(withArgument) |> secondStep(withArgument, andAnother) |> thirdStep |> fourthStep(a)\n",
        expect![[r#"
            pub moneyColumn(title: String) -> Column =
              Column(title: title, align: FlushRight, width: MONEY_WIDTH, n: 1)
            (journal, problems) =
              results.fold((emptyJournal, []), (state, result) => addResult(state, result, theRest))
            f(p) = match p {
              Unknown(_, path, Some(near)) ->
                "account " ++ path ++ " is not declared, did you mean " ++ near ++ "?"
              _ -> parsePostings(p.below, []).map(postings =>
                Booking(Transaction(at, date, status, payee, postings))
              )
            }
            g(x) = {
              if File.exists(x.path) && File.size(x.path) >= x.maxBytes then rotate(x, x.backups) else ()
              1
            }
            h(x) =
              x |> firstStep(withArgument) |> secondStep(withArgument, andAnother) |> thirdStep |> fourthStep(a)
        "#]],
    );
}

#[test]
fn last_arguments_stay_with_their_call() {
    check(
        "f(xs) = xs.each(x => {\nprintln(x)\n})\ng(xs) = fold(xs, 0, (a, b) => match a {\n0 -> b\n_ -> a })",
        expect![[r#"
            f(xs) = xs.each(x => {
              println(x)
            })
            g(xs) = fold(xs, 0, (a, b) => match a {
              0 -> b
              _ -> a
            })
        "#]],
    );
}

#[test]
fn breaks_of_the_author_stay() {
    check(
        "grade(n) =\n if n >= 90 then \"top\"\n else if n >= 50 {\"pass\"}\n else\n  \"retry\"\nx = [\n 1,2,\n 3]\ny = a +\nb\nz = xs\n.map(f)\n |> g",
        expect![[r#"
            grade(n) =
              if n >= 90 then "top"
              else if n >= 50 { "pass" }
              else
                "retry"
            x = [
              1,
              2,
              3
            ]
            y = a +
              b
            z = xs
              .map(f)
              |> g
        "#]],
    );
}

#[test]
fn declarations() {
    check(
        "module A\nf()=1\n\n\npub module B end end\ntrait T : A,B\n  m( self )->Int\n==(self,o) -> Bool\nend\nInt:T when t:A+B\n\n# c\nm(self)=1 end\n@a@b( 1 )\n@c\npub type R={x:Int,\nprivate y : Int}\nextern f(a:Int)->Int from \"x\"\ntest \"t\"={\n1}",
        expect![[r#"
            module A
              f() = 1

              pub module B
              end
            end
            trait T: A, B
              m(self) -> Int
              ==(self, o) -> Bool
            end
            Int: T when t: A + B
              # c
              m(self) = 1
            end
            @a @b(1)
            @c
            pub type R = { x: Int, private y: Int }
            extern f(a: Int) -> Int from "x"
            test "t" = {
              1
            }
        "#]],
    );
}

#[test]
fn broken_files_are_refused() {
    assert_eq!(format(&parse("f( = 1")), Err(FormatError::Broken));
    assert_eq!(format(&parse("")), Ok(String::new()));
}

#[test]
fn every_valid_case_formats() {
    for (_, text) in crate::tests::cases("ok") {
        format_twice(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Space and comments anywhere: either the text is wrong now, or it can be laid out.
    #[test]
    fn any_trivia_can_be_laid_out(places in prop::collection::vec((any::<prop::sample::Index>(), 0..6usize), 0..8)) {
        let mut text = crate::tests::NEIGHBOURS.to_owned();
        for (place, what) in places {
            let tokens: Vec<usize> = parse(&text)
                .syntax()
                .descendants_with_tokens()
                .filter_map(crate::SyntaxElement::into_token)
                .filter(|token| !matches!(token.kind(), crate::SyntaxKind::STRING_TEXT | crate::SyntaxKind::HOLE_OPEN))
                .map(|token| usize::from(token.text_range().start()))
                .collect();
            let trivia = ["\n", " # c\n", "\n\n\n# d\n", " #* e *# ", "\n# f\n\n", "\n#* g\n *#\n"][what];
            let mut damaged = text.clone();
            damaged.insert_str(*place.get(&tokens), trivia);
            if parse(&damaged).errors().is_empty() {
                text = damaged;
            }
        }
        format_twice(&text);
    }
}

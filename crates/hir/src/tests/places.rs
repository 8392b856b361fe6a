//! From ids to positions.

use expect_test::{Expect, expect};

use super::TestDb;
use crate::{
    place_range,
    problem::{Anchor, Place},
};

#[track_caller]
fn check(text: &str, places: &[(&str, Anchor)], expected: Expect) {
    let text = format!("\n# moved\n{text}");
    let db = TestDb::new(&format!("//- /m.nos\n{text}"));
    let shown: String = places
        .iter()
        .map(|(def, anchor)| {
            let def = (!def.is_empty()).then(|| db.def("m", def));
            let place = Place { module: "m".into(), def, anchor: *anchor };
            match place_range(&db, &place) {
                Some((_, range)) => format!("{anchor:?}: {:?}\n", &text[range]),
                None => format!("{anchor:?}: nowhere\n"),
            }
        })
        .collect();
    expected.assert_eq(&shown);
}

#[test]
fn anchors() {
    check(
        "use a.{b, c as d}\nuse e.*\npub type P = A | B(Int)\nf(0) = 1\nlimit: Int = 3\nf(x) = x + g(2)\ntrait T\n  m(self) -> Int\n  n(self) -> Int = 1\nend\nP: T\n  m(self) = 5\nend\ntype P = C\n",
        &[
            ("", Anchor::Whole),
            ("", Anchor::Use(0, Some(1))),
            ("", Anchor::Use(1, None)),
            ("P", Anchor::Name),
            ("P", Anchor::Member(1)),
            ("P", Anchor::Occurrence(1)),
            ("f", Anchor::Name),
            ("f", Anchor::Expr(0)),
            ("f", Anchor::Expr(1)),
            ("f", Anchor::Expr(3)),
            ("f", Anchor::Pat(0)),
            ("f", Anchor::Pat(1)),
            ("f", Anchor::Expr(99)),
            ("limit", Anchor::Type(0)),
            ("T", Anchor::Member(1)),
            ("P:T", Anchor::Name),
            ("P:T", Anchor::Member(0)),
            ("limit", Anchor::Whole),
        ],
        expect![[r#"
            Whole: ""
            Use(0, Some(1)): "c as d"
            Use(1, None): "use e.*"
            Name: "P"
            Member(1): "B"
            Occurrence(1): "P"
            Name: "f"
            Expr(0): "1"
            Expr(1): "x"
            Expr(3): "2"
            Pat(0): "0"
            Pat(1): "x"
            Expr(99): nowhere
            Type(0): "Int"
            Member(1): "n"
            Name: "P: T"
            Member(0): "m"
            Whole: "limit: Int = 3"
        "#]],
    );
}

//! What an edit reaches: the queries of this crate that run again, by edit.

use expect_test::{Expect, expect};

use super::TestDb;

/// Checks everything, edits one file, checks everything again; lists what ran, each query with how often.
#[track_caller]
fn check_edit(before: &str, path: &str, text: &str, executed: Expect) {
    let mut db = TestDb::new(before);
    db.problems();
    db.set(path, text);
    let mut counts: Vec<(String, usize)> = Vec::new();
    for name in db.executed(TestDb::problems) {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort();
    let lines: Vec<String> = counts.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
    executed.assert_eq(&lines.join("\n"));
}

const PROJECT: &str = "\
//- /main.nos
use util.*
main() = helper(1) + other(2)
//- /util.nos
pub helper(x) = x + 1
pub other(y) = y
unrelated(s: String) -> Int = s.length()
";

#[test]
fn moving_text_infers_nothing() {
    check_edit(
        PROJECT,
        "util.nos",
        "# a comment\n\npub helper(x) = x + 1\n\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\n",
        expect![""],
    );
}

#[test]
fn an_edit_that_keeps_the_type_stays_in_its_body() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 2\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\n",
        expect![[r#"
            infer_group 1
            mentions 1"#]],
    );
}

#[test]
fn an_edit_of_a_declared_body_does_not_touch_its_signature() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 1\npub other(y) = y\nunrelated(s: String) -> Int = s.length() + 1\n",
        expect![[r#"
            infer_group 1
            inference 1
            mentions 1"#]],
    );
}

#[test]
fn a_changed_type_reaches_its_users() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 1.5\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\n",
        expect![[r#"
            infer_group 2
            inference 2
            mentions 1
            scheme 1"#]],
    );
}

#[test]
fn an_unrelated_item_is_no_news() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 1\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\nfresh(z) = z\n",
        expect![[r#"
            binding_group 4
            infer_group 1
            inference 1
            item_problems 1
            mentions 1
            unit_groups 1"#]],
    );
}

const VARIANT: &str = "\
//- /main.nos
use shape.*
area(s) = match s { Dot -> 0, Box(w) -> w }
name(s: Shape) -> String = \"shape\"
//- /shape.nos
pub type Shape = Dot | Box(Int)
";

#[test]
fn a_new_constructor_reaches_matches_but_not_mentions() {
    check_edit(
        VARIANT,
        "shape.nos",
        "pub type Shape = Dot | Box(Int) | Line(Int)\n",
        expect![[r#"
            infer_group 1
            inference 1
            item_problems 1
            type_def 1
            type_shape 1"#]],
    );
}

#[test]
fn a_new_impl_reaches_users_of_its_methods() {
    check_edit(
        "//- /main.nos\nuse t.*\nshown(x) = x.label()\nplain(x) = x\n//- /t.nos\npub trait Label\n  label(self) -> String\nend\n",
        "t.nos",
        "pub trait Label\n  label(self) -> String\nend\nInt: Label\n  label(self) = \"int\"\nend\n",
        expect![[r#"
            binding_group 1
            impl_def 1
            infer_group 2
            inference 2
            item_problems 1
            mentions 1
            trait_def 1
            unit_groups 1"#]],
    );
}

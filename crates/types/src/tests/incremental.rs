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

const DEFAULTS: &str = "\
//- /main.nos
use util.*
omits() = area(2)
passes() = area(2, 3)
named() = area(2, height: 3)
//- /util.nos
pub area(width, height = 1) = width * height
";

#[test]
fn an_edited_default_of_the_same_type_reaches_no_caller() {
    check_edit(
        DEFAULTS,
        "util.nos",
        "pub area(width, height = 2) = width * height\n",
        expect![[r#"
        infer_group 1
        mentions 1"#]],
    );
}

#[test]
fn a_default_of_another_type_reaches_callers() {
    check_edit(
        DEFAULTS,
        "util.nos",
        "pub area(width, height = 1.5) = width * height\n",
        expect![[r#"
        infer_group 4
        inference 4
        mentions 1
        scheme 1"#]],
    );
}

#[test]
fn a_renamed_parameter_reaches_callers() {
    check_edit(
        DEFAULTS,
        "util.nos",
        "pub area(width, tall = 1) = width * tall\n",
        expect![[r#"
            infer_group 4
            inference 4
            item_problems 1
            mentions 1
            scheme 1
            unit_groups 1"#]],
    );
}

#[test]
fn a_constant_reaches_who_uses_it() {
    let before = "\
//- /main.nos
use util.*
uses() = LIMIT + 1
other() = 1
//- /util.nos
pub const LIMIT = 5
pub const REST = 1
";
    check_edit(
        before,
        "util.nos",
        "pub const LIMIT = 6\npub const REST = 1\n",
        expect![[r#"
        infer_group 1
        inference 1
        item_problems 1
        scheme 1"#]],
    );
}

#[test]
fn a_definition_that_becomes_private_reaches_who_uses_it() {
    check_edit(
        PROJECT,
        "util.nos",
        "helper(x) = x + 1\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\n",
        expect![[r#"
            infer_group 2
            inference 1
            item_problems 1
            unit_groups 2"#]],
    );
}

#[test]
fn an_impl_in_a_third_module_reaches_users_of_the_method() {
    let before = "\
//- /main.nos
use shape.*
uses(s) = s.label()
plain(s: Shape) = s
//- /shape.nos
pub type Shape = Dot | Box(Int)
//- /label.nos
pub trait Label
  label(self) -> String
end
//- /impls.nos
use shape.*
use label.*
";
    check_edit(
        before,
        "impls.nos",
        "use shape.*\nuse label.*\nShape: Label\n  label(self) = \"shape\"\nend\n",
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

const DEFAULT_METHOD: &str = "\
//- /main.nos
use t.*
uses(n: Int) = n.twice()
other(n: Int) = n + 1
//- /t.nos
pub trait Label
  once(self) -> Int
  twice(self) -> Int = self.once() * 2
end
Int: Label
  once(self) = self
end
";

#[test]
fn an_edited_default_method_stays_in_its_body() {
    let text = DEFAULT_METHOD.split_once("t.nos\n").map_or("", |(_, text)| text).replace("* 2", "* 3");
    check_edit(
        DEFAULT_METHOD,
        "t.nos",
        &text,
        expect![[r#"
        infer_group 1
        mentions 1"#]],
    );
}

#[test]
fn a_field_type_reaches_who_reads_the_type() {
    let before = "\
//- /main.nos
use t.*
reads(p: P) = p.x
keeps(p: P) = p
other() = 1
//- /t.nos
pub type P = { x: Int, y: Int }
";
    check_edit(
        before,
        "t.nos",
        "pub type P = { x: Float, y: Int }\n",
        expect![[r#"
        infer_group 1
        inference 1
        item_problems 1
        type_def 1
        type_shape 1"#]],
    );
}

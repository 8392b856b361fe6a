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
fn a_comment_inside_a_body_infers_nothing() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x  +  1 # one more\npub other(y) =\n  y\nunrelated(s: String) -> Int = s.length()\n",
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
            item_problems 1
            mentions 1
            unit_calls 1
            unit_groups 1"#]],
    );
}

const REFLECTS: &str = "\
//- /main.nos
use util.*
near[T](x: T) -> String = name(x)
far() = near(1)
aside() = plain(1)
//- /util.nos
pub name[T](x: T) -> String = \"?\"
pub plain(y) = y
";

/// The schemes of `name` and `near` change; `aside` calls neither.
#[test]
fn the_need_of_a_type_argument_reaches_callers() {
    check_edit(
        REFLECTS,
        "util.nos",
        "pub name[T](x: T) -> String = typeNameOf[T]()\npub plain(y) = y\n",
        expect![[r#"
            infer_group 3
            mentions 1
            scheme 2
            unit_calls 1"#]],
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
            item_problems 1
            mentions 1
            trait_def 1
            unit_calls 1
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
            item_problems 1
            mentions 1
            scheme 1
            unit_calls 1"#]],
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
            item_problems 1
            unit_calls 2"#]],
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
            item_problems 1
            mentions 1
            trait_def 1
            unit_calls 1
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
            item_problems 1
            type_def 1
            type_shape 1"#]],
    );
}

#[test]
fn an_added_overload_reaches_users_of_the_name() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 1\npub helper(x: String) = x\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\n",
        expect![[r#"
            binding_group 4
            infer_group 2
            item_problems 1
            mentions 1
            scheme 1
            unit_calls 2
            unit_groups 1"#]],
    );
}

#[test]
fn a_default_that_is_added_reaches_callers() {
    let before = DEFAULTS.replace("height = 1", "height");
    let before = before.replace("area(2)", "area(2, 1)");
    check_edit(
        &before,
        "util.nos",
        "pub area(width, height = 1) = width * height\n",
        expect![[r#"
            infer_group 4
            item_problems 1
            mentions 1
            scheme 1
            unit_calls 1"#]],
    );
}

#[test]
fn an_added_private_function_reaches_nobody() {
    check_edit(
        PROJECT,
        "util.nos",
        "pub helper(x) = x + 1\npub other(y) = y\nunrelated(s: String) -> Int = s.length()\nfresh(x) = x\n",
        expect![[r#"
            binding_group 4
            infer_group 1
            item_problems 1
            mentions 1
            unit_calls 1
            unit_groups 1"#]],
    );
}

const SHAPES: &str = "\
//- /main.nos
use t.*
makes() = P(1, 2)
matches(s) = match s { Dot -> 0, Box(n) -> n }
keeps(p: P) = p
pairs(xs: Pairs) = xs
other() = 1
//- /t.nos
pub type P = { x: Int, y: Int }
pub type S = Dot | Box(Int)
pub type Pairs = List[Int]
";

#[test]
fn an_added_field_reaches_constructions() {
    let text = "pub type P = { x: Int, y: Int, z: Int }\npub type S = Dot | Box(Int)\npub type Pairs = List[Int]\n";
    check_edit(
        SHAPES,
        "t.nos",
        text,
        expect![[r#"
            infer_group 1
            item_problems 1
            type_def 1
            type_shape 1"#]],
    );
}

#[test]
fn constructors_in_another_order_reach_matches() {
    let text = "pub type P = { x: Int, y: Int }\npub type S = Box(Int) | Dot\npub type Pairs = List[Int]\n";
    check_edit(
        SHAPES,
        "t.nos",
        text,
        expect![[r#"
            infer_group 1
            item_problems 1
            type_def 1"#]],
    );
}

#[test]
fn another_target_of_an_alias_reaches_who_writes_it() {
    let text = "pub type P = { x: Int, y: Int }\npub type S = Dot | Box(Int)\npub type Pairs = List[String]\n";
    check_edit(
        SHAPES,
        "t.nos",
        text,
        expect![[r#"
            infer_group 1
            item_problems 1
            type_shape 1"#]],
    );
}

#[test]
fn an_added_trait_method_reaches_impls_and_users_of_the_trait() {
    let text = DEFAULT_METHOD.split_once("t.nos\n").map_or("", |(_, text)| text);
    let text = text.replace("  once(self) -> Int\n", "  once(self) -> Int\n  extra(self) -> Int = 0\n");
    check_edit(
        DEFAULT_METHOD,
        "t.nos",
        &text,
        expect![[r#"
            binding_group 3
            infer_group 4
            item_problems 1
            mentions 1
            scheme 1
            trait_def 1
            unit_calls 1
            unit_groups 1"#]],
    );
}

#[test]
fn a_removed_impl_reaches_users_of_its_methods() {
    let text = DEFAULT_METHOD.split_once("t.nos\n").map_or("", |(_, text)| text);
    let text = text.split_once("Int: Label").map_or("", |(text, _)| text);
    check_edit(
        DEFAULT_METHOD,
        "t.nos",
        text,
        expect![[r#"
            binding_group 1
            infer_group 2
            item_problems 1
            unit_calls 1
            unit_groups 1"#]],
    );
}

#[test]
fn impls_in_another_order_reach_users_of_a_method_that_both_have() {
    let before = "\
//- /main.nos
use t.*
uses(n: Int) = n.twice()
other(n: Int) = n + 1
//- /t.nos
pub trait A
  twice(self) -> Int
end
pub trait B
  twice(self) -> String
end
Int: A
  twice(self) = self
end
Int: B
  twice(self) = show(self)
end
";
    let text = before.split_once("t.nos\n").map_or("", |(_, text)| text);
    let (traits, impls) = text.split_at(text.find("Int: A").unwrap_or_default());
    let (first, second) = impls.split_at(impls.find("Int: B").unwrap_or_default());
    check_edit(
        before,
        "t.nos",
        &format!("{traits}{second}{first}"),
        expect![[r#"
            impl_def 2
            infer_group 3
            item_problems 1
            scheme 1
            unit_calls 1"#]],
    );
}

#[test]
fn the_type_of_a_value_reaches_its_users() {
    let before = "\
//- /main.nos
use t.*
uses() = start
other() = 1
//- /t.nos
pub start = base + 1
base = 1
";
    check_edit(
        before,
        "t.nos",
        "pub start = base + 2\nbase = 1\n",
        expect![[r#"
        infer_group 1
        item_problems 1
        mentions 1"#]],
    );
    check_edit(
        before,
        "t.nos",
        "pub start = base + 1\nbase = 1.5\n",
        expect![[r#"
            infer_group 3
            item_problems 1
            mentions 1
            scheme 2"#]],
    );
}

#[test]
fn the_type_of_an_mvar_reaches_who_reads_it() {
    let before = "\
//- /t.nos
mvar count: Int = 1
reads() = count
other() = 1
//- /main.nos
main() = 1
";
    check_edit(before, "t.nos", "mvar count: Int = 2\nreads() = count\nother() = 1\n", expect!["infer_group 1"]);
    check_edit(
        before,
        "t.nos",
        "mvar count: Float = 1.5\nreads() = count\nother() = 1\n",
        expect![[r#"
            infer_group 2
            item_problems 1
            scheme 1
            unit_calls 1"#]],
    );
}

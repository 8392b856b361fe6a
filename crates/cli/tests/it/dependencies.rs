//! S10–S19: how far an edit of one definition reaches.

use crate::project::{CHAIN, DIAMOND, Project, RING};

#[test]
fn s10_a_body_edit_computes_one_function() {
    let mut project = Project::built(CHAIN, "86");
    project.edit("c.nos", "42", "43");
    project.run().prints("88").computes(&["c.nos"]).parses(1).work(1, 1);
    let living = project.living().stats();
    assert_eq!((living.bodies_inferred, living.chunks_compiled, living.parsed), (1, 1, 1));
}

#[test]
fn s10_a_body_edit_in_a_cycle_computes_one_function() {
    let mut project = Project::built(RING, "true");
    project.edit("odd.nos", "then false", "then 1 == 2");
    project.run().prints("true").computes(&["even.nos", "odd.nos"]).work(1, 1);
    project.edit("odd.nos", "then 1 == 2", "then true");
    project.run().prints("true").work(1, 1);
}

#[test]
fn s11_another_type_is_an_error_where_it_does_not_fit() {
    let mut project = Project::built(CHAIN, "86");
    project.edit("c.nos", "42", "\"x\"");
    let broken = project.run();
    broken.refused(&["project/b.nos:2", "type mismatch"]).silent_about(&["project/c.nos:"]);
}

#[test]
fn s12_another_type_passes_through_until_it_does_not_fit() {
    let mut project = Project::new(CHAIN);
    project.edit("b.nos", "c.base() + 1", "c.base()");
    project.run().prints("84");
    project.edit("c.nos", "42", "\"x\"");
    let broken = project.run();
    broken.refused(&["project/a.nos:2"]).silent_about(&["project/b.nos:", "project/c.nos:"]);
}

#[test]
fn s13_a_revert_hits_the_entries_of_before() {
    let mut project = Project::built(CHAIN, "86");
    project.edit("c.nos", "42", "\"x\"");
    project.run().refused(&["project/b.nos"]);
    project.edit("c.nos", "\"x\"", "42");
    project.run().prints("86").recalls_all();
}

#[test]
fn s13_two_states_live_side_by_side() {
    let mut project = Project::built(DIAMOND, "32");
    project.edit("base.nos", "origin() = 1", "origin() = 2.5");
    project.edit("left.nos", "10", "10.5");
    project.edit("right.nos", "20", "20.5");
    project.run().prints("36.0");
    for _ in 0..2 {
        project.edit("base.nos", "2.5", "1").edit("left.nos", "10.5", "10").edit("right.nos", "20.5", "20");
        project.run().prints("32").recalls_all();
        project.edit("base.nos", "origin() = 1", "origin() = 2.5");
        project.edit("left.nos", "10", "10.5").edit("right.nos", "20", "20.5");
        project.run().prints("36.0").recalls_all();
    }
}

#[test]
fn s14_a_chain_of_five_reports_at_its_end() {
    let mut project = Project::new(
        "
//- /l1.nos
pub f1() = 1
//- /l2.nos
use l1.*
pub f2() = f1()
//- /l3.nos
use l2.*
pub f3() = f2()
//- /l4.nos
use l3.*
pub f4() = f3()
//- /l5.nos
use l4.*
pub f5() = f4()
//- /main.nos
use l5.*
main() = f5() + 1
",
    );
    project.run().prints("2");
    project.edit("l1.nos", "f1() = 1", "f1() = \"x\"");
    let broken = project.run();
    broken.refused(&["project/main.nos:2"]).silent_about(&["/l1.nos", "/l2.nos", "/l3.nos", "/l4.nos", "/l5.nos"]);
    // Each of the six functions once: nobody was asked before what it depends on.
    assert_eq!(broken.count("bodies_inferred"), 6);
    assert_eq!(project.living().stats().bodies_inferred, 6);
}

#[test]
fn s15_of_two_users_only_the_one_that_did_not_adapt_is_wrong() {
    let mut project = Project::built(DIAMOND, "32");
    project.edit("base.nos", "origin() = 1", "origin() = \"x\"");
    project.edit("left.nos", "origin() + 10", "origin().length() + 10");
    let broken = project.run();
    broken.refused(&["project/right.nos:2"]).silent_about(&["project/left.nos", "project/base.nos"]);
    assert!(broken.count("bodies_inferred") <= 4, "each body at most once: {}", broken.stats);
    project.edit("right.nos", "origin() + 20", "origin().length() + 20");
    let repaired = project.run();
    repaired.prints("32");
    assert!(repaired.count("bodies_inferred") <= 2, "only right and top: {}", repaired.stats);
}

#[test]
fn s16_a_renamed_parameter_reaches_callers_that_name_it() {
    let mut project = Project::new(
        "
//- /rect.nos
pub area(w: Int, h: Int) = w * h
//- /main.nos
use rect.*
main() = area(w: 2, h: 3)
",
    );
    project.run().prints("6");
    project.edit("rect.nos", "w: Int, h: Int) = w * h", "width: Int, h: Int) = width * h");
    project.run().refused(&["project/main.nos:2", "w"]);
    project.edit("main.nos", "w: 2", "width: 2");
    project.run().prints("6").computes(&["main.nos"]);
}

#[test]
fn s17_a_fix_elsewhere_removes_the_diagnostic() {
    let mut project = Project::new(CHAIN);
    project.edit("c.nos", "42", "\"x\"");
    project.run().refused(&["project/b.nos:2"]);
    project.edit("c.nos", "\"x\"", "7");
    project.run().prints("16");
    assert_eq!(project.living().check(), []);
}

#[test]
fn s18_a_default_argument_reaches_callers_that_rely_on_it() {
    let mut project = Project::new(
        "
//- /price.nos
pub total(n: Int, tax: Int = 2) = n + tax
pub unrelated() = 1
//- /relying.nos
use price.*
pub short() = total(10)
//- /other.nos
use price.{unrelated}
pub same() = unrelated()
//- /main.nos
use relying.*
use other.*
main() = (short(), same())
",
    );
    project.run().prints("(12, 1)");
    project.edit("price.nos", "tax: Int = 2", "tax: Int = 5");
    project.run().prints("(15, 1)").leaves(&["other.nos", "main.nos"]);
    project.edit("price.nos", "tax: Int = 5", "tax: Int");
    project.run().refused(&["project/relying.nos:2"]).silent_about(&["project/other.nos"]);
}

#[test]
fn s19_two_edits_at_once_are_one_step() {
    let mut project = Project::new(
        "
//- /lib.nos
pub shown(n: Int) = show(n)
//- /main.nos
use lib.*
main() = shown(1)
",
    );
    project.run().prints("\"1\"");
    project.edit("lib.nos", "n: Int", "n: String").edit("main.nos", "shown(1)", "shown(\"1\")");
    project.run().prints("\"1\"").computes(&["lib.nos", "main.nos"]).work(2, 2);
}

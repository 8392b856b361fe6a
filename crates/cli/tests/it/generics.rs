//! S20–S26: generic functions and functions passed around.

use std::fs;

use crate::project::{GEN, Project};

#[test]
fn s20_an_edited_generic_body_reaches_all_its_uses() {
    let mut project = Project::built(GEN, "([1, 1], [\"w\", \"w\"])");
    project.edit("lib.nos", "[x, x]", "[x, x, x]");
    project.run().prints("([1, 1, 1], [\"w\", \"w\", \"w\"])").computes(&["lib.nos"]).work(1, 1);
}

#[test]
fn s21_an_edited_generic_body_reaches_through_four_modules() {
    let mut project = Project::new(
        "
//- /lib.nos
pub dup(x) = [x, x]
//- /w1.nos
use lib.*
pub wrap1(x) = dup(x)
//- /w2.nos
use w1.*
pub wrap2(x) = wrap1(x)
//- /w3.nos
use w2.*
pub wrap3(x) = wrap2(x)
//- /w4.nos
use w3.*
pub wrap4(x) = wrap3(x)
//- /main.nos
use lib.*
use w1.*
use w2.*
use w3.*
use w4.*
main() = (wrap1(1), wrap2(\"a\"), wrap3(true), wrap4(2.5))
",
    );
    project.run().prints("([1, 1], [\"a\", \"a\"], [true, true], [2.5, 2.5])");
    project.edit("lib.nos", "[x, x]", "[x]");
    project.run().prints("([1], [\"a\"], [true], [2.5])").computes(&["lib.nos"]).work(1, 1);
}

#[test]
fn s22_a_generic_body_that_needs_more_refuses_callers_without_it() {
    let mut project = Project::built(GEN, "([1, 1], [\"w\", \"w\"])");
    project.edit("lib.nos", "[x, x]", "[x, x + x]");
    let broken = project.run();
    broken.refused(&["String does not implement Num", "project/user.nos:3"]).silent_about(&["project/user.nos:2"]);
    project.edit("user.nos", "dup(\"w\")", "dup(2.5)");
    project.run().prints("([1, 2], [2.5, 5.0])");
}

#[test]
fn s23_a_user_of_a_generic_can_go_without_harm_to_another() {
    let mut project = Project::new(GEN);
    project.file("p.nos", "use lib.*\npub alsoNumbers() = dup(5)\n");
    project.run().prints("([1, 1], [\"w\", \"w\"])");
    project.delete("p.nos");
    project.run().prints("([1, 1], [\"w\", \"w\"])").leaves(&["lib.nos", "user.nos", "main.nos"]).work(0, 0);
}

#[test]
fn s24_a_user_that_sorts_before_the_generic_has_code() {
    let mut project = Project::new(
        "
//- /aaa.nos
use zzz.*
pub early() = last2([1, 2]) + last2([3])
//- /zzz.nos
pub last2(xs) = xs.fold(0, (_, x) => x)
//- /main.nos
use aaa.*
main() = early()
",
    );
    project.run().prints("5");
    project.run().prints("5").recalls_all();
}

#[test]
fn s25_a_lambda_keeps_calling_the_right_function() {
    let mut project = Project::new(
        "
//- /ops.nos
pub plusOne(n) = n + 1
//- /user.nos
use ops.*
pub mapped(xs) = xs.map(x => plusOne(x) * 10)
//- /main.nos
use user.*
main() = mapped([1, 2])
",
    );
    project.run().prints("[20, 30]");
    project.edit("ops.nos", "pub plusOne", "before(n) = n - 1\npub another() = before(2)\npub plusOne");
    project.file("aaa.nos", "pub unrelated(n) = n + 100\n");
    project.run().prints("[20, 30]").computes(&["aaa.nos", "ops.nos"]).work(3, 3);
}

#[test]
fn s26_two_users_of_one_generic_do_not_depend_on_each_other() {
    let texts = "
//- /lib.nos
pub dup(x) = [x, x]
//- /p.nos
use lib.*
pub viaP() = dup(1)
//- /q.nos
use lib.*
pub viaQ() = dup(2)
//- /main.nos
use p.*
use q.*
main() = viaP() ++ viaQ()
";
    let mut project = Project::built(texts, "[1, 1, 2, 2]");
    project.edit("p.nos", "dup(1)", "dup(3)");
    project.run().prints("[3, 3, 2, 2]");
    project.edit("q.nos", "dup(2)", "dup(4)");
    project.run().prints("[3, 3, 4, 4]");
    // One file of the store a save; losing any of them costs time only.
    for file in project.folder().store_files() {
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        project.run().prints("[3, 3, 4, 4]");
        if !file.exists() {
            fs::write(&file, bytes).unwrap();
        }
        project.run().prints("[3, 3, 4, 4]");
    }
}

//! S38–S42: traits and their implementations, templates.

use crate::project::Project;

const SHOWN: &str = "
//- /thing.nos
pub type Thing = { n: Int }
//- /printer.nos
use thing.*
pub printed() = show(Thing(1))
//- /main.nos
use printer.*
main() = printed()
";

const SHOW_IMPL: &str = "use thing.*\nThing: Show\n  show(self) = \"thing \" ++ show(self.n)\nend\n";

#[test]
fn s38_s39_an_impl_that_comes_and_goes_reaches_users_that_import_nothing_new() {
    let mut project = Project::built(SHOWN, "\"Thing{n: 1}\"");
    project.file("third.nos", SHOW_IMPL);
    project.run().prints("\"thing 1\"");
    project.edit("third.nos", "\"thing \"", "\"T\"");
    project.run().prints("\"T1\"").leaves(&["thing.nos", "main.nos"]);
    project.delete("third.nos");
    project.run().prints("\"Thing{n: 1}\"");
}

const BOUND: &str = "
//- /weigh.nos
pub trait Weigh
  weight(self) -> Int
end
pub heavier[T: Weigh](a: T, b: T) -> Bool = a.weight() > b.weight()
//- /thing.nos
pub type Thing = { n: Int }
//- /impls.nos
use weigh.*
use thing.*
Thing: Weigh
  weight(self) = scaled(self.n)
end
scaled(n: Int) = n * 2
//- /main.nos
use weigh.*
use thing.*
main() = (heavier(Thing(2), Thing(1)), Thing(3).weight())
";

#[test]
fn s39_a_removed_impl_breaks_bounded_calls() {
    let mut project = Project::built(BOUND, "(true, 6)");
    let text = project.texts()["impls.nos"].clone();
    project.delete("impls.nos");
    project.run().refused(&["does not implement Weigh", "project/main.nos:3"]);
    project.file("impls.nos", &text);
    project.run().prints("(true, 6)").computes(&[]);
}

#[test]
fn s40_a_trait_that_gains_a_method_reaches_every_impl() {
    let mut project = Project::built(BOUND, "(true, 6)");
    project.edit("weigh.nos", "weight(self) -> Int\n", "weight(self) -> Int\n  name2(self) -> String\n");
    project.run().refused(&["does not implement method `name2`", "project/impls.nos"]);
    project.edit("weigh.nos", "-> String", "-> String = \"w\" ++ show(self.weight())");
    project.run().prints("(true, 6)");
    project.edit("main.nos", "Thing(3).weight()", "Thing(3).name2()");
    project.run().prints("(true, \"w6\")");
    // Who inherits the default runs the new one.
    project.edit("weigh.nos", "\"w\" ++", "\"W\" ++");
    project.run().prints("(true, \"W6\")").leaves(&["main.nos"]);
}

#[test]
fn s41_a_helper_of_an_impl_that_changes_its_type_is_an_error_inside() {
    let mut project = Project::built(BOUND, "(true, 6)");
    project.edit("impls.nos", "= n * 2", "= \"x\"");
    project.run().refused(&["project/impls.nos", "type mismatch"]).silent_about(&["project/main.nos"]);
    project.edit("impls.nos", "= \"x\"", "= n * 5");
    // A unit with errors has no entry, so its other body is computed too.
    project.run().prints("(true, 15)").computes(&["impls.nos"]).work(2, 2);
}

#[test]
fn s42_an_edited_template_reaches_what_it_decorates() {
    let mut project = Project::new(
        "
//- /lib.nos
template scaled(fn) = quote(~fn.body * 2)
@scaled
pub answer() = 21
pub plain() = 1
//- /user.nos
use lib.*
pub both() = (answer(), plain())
//- /main.nos
use user.*
main() = both()
",
    );
    project.run().prints("(42, 1)");
    project.edit("lib.nos", "* 2", "* 3");
    project.run().prints("(63, 1)").computes(&["lib.nos"]).work(1, 1);
    project.edit("lib.nos", "* 3", "++ \"x\"");
    project.run().refused(&["project/lib.nos"]);
    project.edit("lib.nos", "++ \"x\"", "* 2");
    project.run().prints("(42, 1)").recalls_all();
}

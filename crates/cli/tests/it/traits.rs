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
    // The older entry has the other body's code, which is right again. Its type is not taken from there.
    project.run().prints("(true, 15)").computes(&["impls.nos"]).work(2, 1);
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

#[test]
fn s42_an_edited_template_reaches_decorated_functions_of_other_modules() {
    let mut project = Project::new(
        "
//- /deco.nos
template scaled(fn, n) = quote(~twice(fn.body) * ~factor(n))
template twice(code) = quote(~code + ~code)
factor(n) = n * 5
unused() = 1
//- /a.nos
@scaled(2)
pub one() = 1
pub plain() = 3
//- /b.nos
use a.*
pub both() = (one(), plain())
//- /main.nos
use b.*
main() = both()
",
    );
    project.run().prints("(20, 3)");
    // A function that the template runs: only the decorated function is computed again, though nobody imports `deco`.
    project.edit("deco.nos", "n * 5", "n * 6");
    project.run().prints("(24, 3)").leaves(&["b.nos", "main.nos"]).work(2, 2);
    // A template that the template runs.
    project.edit("deco.nos", "quote(~code + ~code)", "quote(~code)");
    project.run().prints("(12, 3)").computes(&["a.nos", "deco.nos"]).work(1, 1);
    // What it does not run reaches nobody.
    project.edit("deco.nos", "unused() = 1", "unused() = 2");
    project.run().prints("(12, 3)").computes(&["deco.nos"]);
    // A type that changes goes on to the callers.
    project.edit("deco.nos", "quote(~twice(fn.body) * ~factor(n))", "quote(show(~fn.body))");
    project.run().prints("(\"1\", 3)");
    project.edit("deco.nos", "quote(show(~fn.body))", "quote(show(~fn.body) + 1)");
    project.run().refused(&["project/a.nos"]);
    project.edit("deco.nos", "quote(show(~fn.body) + 1)", "quote(show(~fn.body))");
    project.run().prints("(\"1\", 3)").computes(&[]).work(0, 0);
}

#[test]
fn s42_a_template_of_another_module_that_makes_definitions() {
    let mut project = Project::new(
        "
//- /deco.nos
template getter(typ) = typ.fields.map(f => eval(\"pub get_\" ++ f.name ++ \"(r: \" ++ typ.name ++ \") = r.\" ++ f.name))
//- /shape.nos
@getter
pub type Box = { side: Int }
//- /user.nos
use shape.*
pub read() = get_side(Box(4))
//- /main.nos
use user.*
main() = read()
",
    );
    project.run().prints("4");
    project.edit("deco.nos", "\") = r.\"", "\") = 10 * r.\"");
    project.run().prints("40").leaves(&["user.nos", "main.nos"]);
    // Another name: whoever used the old one is an error now.
    project.edit("deco.nos", "pub get_", "pub fetch_");
    project.run().refused(&["project/user.nos", "get_side"]);
    project.edit("user.nos", "get_side", "fetch_side");
    project.run().prints("40");
    project.edit("deco.nos", "pub fetch_", "pub get_");
    project.edit("user.nos", "fetch_side", "get_side");
    project.run().prints("40").computes(&[]).work(0, 0);
}

#[test]
fn s42_the_template_that_is_meant_changes() {
    let mut project = Project::new(
        "
//- /one.nos
template mark(fn) = quote(~fn.body + 1)
//- /two.nos
other() = 0
//- /main.nos
@mark
f() = 40
main() = f()
",
    );
    project.run().prints("41");
    project.edit("two.nos", "other() = 0", "template mark(fn) = quote(~fn.body + 2)");
    project.run().refused(&["ambiguous template `mark`", "`one` and `two`", "use one.{mark}"]);
    project.edit("main.nos", "@mark", "use two.{mark}\n@mark");
    project.run().prints("42");
    project.edit("one.nos", "template mark(fn) = quote(~fn.body + 1)", "third() = 0");
    project.run().prints("42");
    // The own one wins.
    project.edit("main.nos", "use two.{mark}\n@mark", "template mark(fn) = quote(~fn.body)\n@mark");
    project.run().prints("40");
    project.edit("main.nos", "template mark(fn) = quote(~fn.body)\n", "");
    project.edit("two.nos", "template mark", "template marked");
    project.run().refused(&["unknown template `mark`"]);
}

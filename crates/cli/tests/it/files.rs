//! S47–S53: files that come, go, move and collide.

use crate::project::{CHAIN, NEST, Project};

const THREE: &str = "
//- /h.nos
pub help(n) = n + 1
//- /user.nos
use h.*
pub uses() = help(1)
//- /main.nos
use user.*
main() = uses()
";

#[test]
fn s47_a_deleted_import_is_an_error_before_anything_runs() {
    let mut project = Project::built(THREE, "2");
    project.delete("h.nos");
    project.run().refused(&["module `h` not found", "project/user.nos:1"]);
    let checked = project.command("check", &[]);
    checked.refused(&["module `h` not found"]);
    project.file("h.nos", "pub help(n) = n + 1\n");
    project.run().prints("2").recalls_all();
}

#[test]
fn s48_a_deleted_file_with_an_impl_reaches_users_of_the_impl() {
    let mut project = Project::new(
        "
//- /thing.nos
pub type Thing = { n: Int }
//- /weigh.nos
pub trait Weigh
  weight(self) -> Int
end
//- /impls.nos
use thing.*
use weigh.*
Thing: Weigh
  weight(self) = self.n
end
//- /main.nos
use thing.*
main() = Thing(3).weight()
",
    );
    project.run().prints("3");
    project.delete("impls.nos");
    project.run().refused(&["no method `weight`", "project/main.nos:2"]);
    project.file("impls.nos", "use thing.*\nuse weigh.*\nThing: Weigh\n  weight(self) = self.n * 2\nend\n");
    project.run().prints("6");
}

#[test]
fn s49_a_new_file_with_a_syntax_error_leaves_the_others_as_they_were() {
    let mut project = Project::built(CHAIN, "86");
    project.file("broken.nos", "pub f( = 1\n");
    let broken = project.run();
    broken.refused(&["project/broken.nos:1"]).silent_about(&["/a.nos", "/b.nos", "/c.nos", "/main.nos"]);
    broken.leaves(&["a.nos", "b.nos", "c.nos", "main.nos"]);
    let found = project.living().check();
    assert!(!found.is_empty() && found.iter().all(|d| d.location.as_ref().unwrap().file == "broken.nos"), "{found:?}");
    project.delete("broken.nos");
    project.run().prints("86").recalls_all();
}

#[test]
fn s49_a_file_that_stops_parsing_is_the_error() {
    let mut project = Project::built(CHAIN, "86");
    project.edit("c.nos", "pub base() = 42", "pub base() = 42 +");
    project.run().refused(&["project/c.nos:"]);
    project.edit("c.nos", "42 +", "42");
    project.run().prints("86").recalls_all();
}

#[test]
fn s50_modules_with_one_last_name_are_told_apart() {
    let mut project = Project::built(NEST, "\"area 6\"");
    project.edit("ui/shapes.nos", "\"area \"", "\"Area \"");
    project.run().prints("\"Area 6\"").computes(&["ui/shapes.nos"]).work(1, 1);
    project.edit("ui/shapes.nos", "\"Area \"", "\"area:\"");
    let why = project.folder().ithaca(&["why", "project", "ui.shapes"]);
    assert_eq!(why.stdout, "ui/shapes.nos: computed: text changed: ui/shapes.nos\n");
    let why = project.folder().ithaca(&["why", "project", "geo.shapes"]);
    assert_eq!(why.stdout, "geo/shapes.nos: recalled: text and all recorded answers are unchanged\n");
    project.folder().ithaca(&["why", "project", "shapes"]).fails(&["no module `shapes`"]);
}

#[test]
fn s51_a_moved_module_leaves_no_trace_of_its_old_name() {
    let mut project = Project::built(NEST, "\"area 6\"");
    project.rename("geo/shapes.nos", "geo/forms.nos").edit("main.nos", "use geo.shapes", "use geo.forms");
    project.run().prints("\"area 6\"").leaves(&["ui/shapes.nos"]);
    project.edit("main.nos", "use geo.forms", "use geo.shapes");
    project.run().refused(&["module `geo.shapes` not found"]);
    project.edit("main.nos", "use geo.shapes", "use geo.forms").edit("main.nos", "area(2", "geo.shapes.area(2");
    project.run().refused(&["project/main.nos:3"]);
}

#[test]
fn s52_two_files_of_one_module_are_an_error_of_the_project() {
    let mut project = Project::new(
        "
//- /a/b.nos
pub which() = \"folder\"
//- /main.nos
use a.b.*
main() = which()
",
    );
    project.run().prints("\"folder\"");
    project.file("a.b.nos", "pub which() = \"dot\"\n");
    project.run().refused(&["a/b.nos", "a.b.nos"]);
    project.delete("a/b.nos");
    project.run();
    project.delete("a.b.nos").file("a/b.nos", "pub which() = \"folder\"\n");
    project.run().prints("\"folder\"");
}

#[test]
fn s52_nothing_is_kept_of_two_files_of_one_module() {
    let mut project = Project::new(
        "
//- /a/b.nos
pub which() = \"folder\"
//- /a.b.nos
pub which() = \"dot\"
//- /main.nos
use a.b.*
main() = which()
",
    );
    project.run().refused(&["a/b.nos", "a.b.nos"]);
    project.delete("a.b.nos");
    project.run().prints("\"folder\"");
}

#[test]
fn s53_a_rename_of_case_only_is_another_module() {
    let mut project = Project::new(
        "
//- /Util.nos
pub help() = 1
//- /main.nos
use Util.*
main() = help()
",
    );
    project.run().prints("1");
    project.rename("Util.nos", "util.nos");
    project.run().refused(&["module `Util` not found", "project/main.nos:1"]);
    project.edit("main.nos", "use Util", "use util");
    project.run().prints("1");
}

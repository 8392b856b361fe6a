//! S27–S34: edits of types and constructors.

use crate::project::Project;

const POINT: &str = "
//- /point.nos
pub type P = { x: Int, y: Int }
//- /user.nos
use point.*
pub made() = P(1, 2)
pub firstOf(p: P) = p.x
//- /main.nos
use user.*
main() = firstOf(made())
";

#[test]
fn s27_swapped_fields_reach_positional_constructions() {
    let mut project = Project::built(POINT, "1");
    project.edit("point.nos", "x: Int, y: Int", "y: Int, x: Int");
    project.run().prints("2");
    project.edit("point.nos", "y: Int, x: Int", "x: Int, y: Int");
    // Nothing is computed; the type itself is read from the text again to be compared.
    project.run().prints("1").computes(&[]);
}

#[test]
fn s28_an_added_field_is_missing_in_constructions() {
    let mut project = Project::new(POINT);
    project.file("reader.nos", "use point.*\npub lastOf(p: P) = p.y\n");
    project.edit("main.nos", "use user.*", "use user.*\nuse reader.*").edit("main.nos", "firstOf(", "lastOf(");
    project.run().prints("2");
    // In front, so that reading a field needs another layout.
    project.edit("point.nos", "{ x: Int", "{ name: String, x: Int");
    project.run().refused(&["project/user.nos:2"]).silent_about(&["project/reader.nos"]);
    project.edit("user.nos", "P(1, 2)", "P(\"p\", 1, 2)");
    project.run().prints("2");
}

#[test]
fn s29_an_added_constructor_is_missing_in_every_match() {
    let mut project = Project::new(
        "
//- /color.nos
pub type Color = Red | Green
//- /first.nos
use color.*
pub number(c: Color) = match c { Red -> 1, Green -> 2 }
//- /second.nos
use color.*
pub letter(c: Color) = match c { Red -> \"r\", Green -> \"g\" }
//- /third.nos
use color.*
pub isRed(c: Color) = match c { Red -> true, _ -> false }
//- /main.nos
use color.*
use first.*
use second.*
use third.*
main() = (number(Red), letter(Green), isRed(Red))
",
    );
    project.run().prints("(1, \"g\", true)");
    project.edit("color.nos", "Red | Green", "Red | Green | Blue");
    let broken = project.run();
    broken.refused(&["project/first.nos:2", "project/second.nos:2", "non-exhaustive patterns: `Blue` not covered"]);
    broken.silent_about(&["project/third.nos", "project/main.nos"]);
    project.edit("color.nos", " | Blue", "");
    project.run().prints("(1, \"g\", true)").computes(&[]);
}

#[test]
fn s30_reordered_constructors_change_comparisons() {
    let mut project = Project::new(
        "
//- /level.nos
pub type Level = Low | High
//- /user.nos
use level.*
pub below() = Low < High
//- /main.nos
use user.*
use level.*
main() = (below(), [High, Low].sort(), match Low { Low -> 1, High -> 2 })
",
    );
    project.run().prints("(true, [Low, High], 1)");
    project.edit("level.nos", "Low | High", "High | Low");
    project.run().prints("(false, [High, Low], 1)");
}

#[test]
fn s31_an_alias_reaches_through_another_alias() {
    let mut project = Project::new(
        "
//- /ids.nos
pub type Id = Int
//- /keys.nos
use ids.*
pub type Key = Id
//- /user.nos
use keys.*
pub next(k: Key) = k + 1
//- /main.nos
use user.*
main() = next(4)
",
    );
    project.run().prints("5");
    project.edit("ids.nos", "Id = Int", "Id = String");
    project.run().refused(&["project/user.nos:2"]);
    project.edit("user.nos", "k + 1", "k ++ \"!\"").edit("main.nos", "next(4)", "next(\"k\")");
    project.run().prints("\"k!\"");
}

#[test]
fn s32_a_type_edited_in_its_line_is_a_change() {
    let mut project =
        Project::new("//- /main.nos\ntype Box = { v: Int }\nunbox(b: Box) = b.v + 1\nmain() = unbox(Box(1))\n");
    project.run().prints("2");
    project.edit("main.nos", "v: Int", "v: Float");
    project.run().refused(&["type mismatch"]);
    project.edit("main.nos", "v: Float", "v: Int");
    project.run().prints("2").recalls_all();
}

#[test]
fn s33_type_parameters_of_a_recalled_type_are_intact() {
    let mut project = Project::new(
        "
//- /boxes.nos
pub type Box[T] = { v: T }
pub wrap(x) = Box(Box(x))
//- /main.nos
use boxes.*
main() = wrap(1).v.v + 1
",
    );
    project.run().prints("2");
    project.file("user.nos", "use boxes.*\npub lengthOf(b: Box[Box[String]]) -> Int = b.v.v.length()\n");
    project.edit("main.nos", "use boxes.*", "use boxes.*\nuse user.*");
    project.edit("main.nos", "wrap(1).v.v + 1", "lengthOf(wrap(\"abc\"))");
    project.run().prints("3").computes(&["main.nos", "user.nos"]).work(2, 2);
    project.edit("main.nos", "wrap(\"abc\")", "wrap(1)");
    project.run().refused(&["project/main.nos:3", "type mismatch"]);
}

#[test]
fn s34_a_module_variable_of_an_edited_type_is_initialised_again() {
    let mut project = Project::new(
        "
//- /state.nos
use shape.*
mvar current: Shape = Shape(1)
pub grow() = {
  current = Shape(current.size + 1)
  current
}
//- /shape.nos
pub type Shape = { size: Int }
//- /main.nos
use state.*
main() = (grow(), grow())
",
    );
    project.run().prints("(shape.Shape{size: 2}, shape.Shape{size: 3})");
    project.edit("shape.nos", "size: Int", "size: Float");
    project.run().refused(&["project/state.nos"]);
    project.edit("state.nos", "Shape(1)", "Shape(1.0)").edit("state.nos", "size + 1)", "size + 0.5)");
    project.run().prints("(shape.Shape{size: 1.5}, shape.Shape{size: 2.0})");
}

//! S35–S36: consts, values and module variables.

use crate::project::Project;

#[test]
fn s35_an_edited_const_reaches_its_users() {
    let mut project = Project::new(
        "
//- /limits.nos
pub const LIMIT = 3
pub doubled = LIMIT * 2
//- /user.nos
use limits.*
pub below(n) = n < LIMIT
pub atLimit(n) = match n {
  k when k == LIMIT -> \"at\"
  _ -> \"off\"
}
//- /main.nos
use limits.*
use user.*
main() = (LIMIT, doubled, below(3), atLimit(3))
",
    );
    project.run().prints("(3, 6, false, \"at\")");
    project.edit("limits.nos", "LIMIT = 3", "LIMIT = 4");
    project.run().prints("(4, 8, true, \"off\")");
    project.edit("limits.nos", "LIMIT = 4", "LIMIT = 3");
    project.run().prints("(3, 6, false, \"at\")").recalls_all();
}

#[test]
fn s36_a_computed_initialiser_runs_once_warm_as_cold() {
    let mut project = Project::new(
        "
//- /state.nos
mvar count: Int = start()
start() = {
  println(\"initialised\")
  40
}
pub up() = {
  count = count + 1
  count
}
//- /main.nos
use state.*
main() = (up(), up())
",
    );
    project.run().prints("initialised\n(41, 42)");
    project.run().prints("initialised\n(41, 42)").recalls_all();
    project.edit("state.nos", "  40", "  50");
    project.run().prints("initialised\n(51, 52)").computes(&["state.nos"]).work(1, 1);
}

#[test]
fn s36_initialisers_run_imported_modules_first() {
    let mut project = Project::new(
        "
//- /a.nos
use z.*
mvar first: Int = started() + 1
pub firstOf() = first
//- /z.nos
mvar zero: Int = 10
pub started() = {
  zero = zero + 1
  zero
}
//- /main.nos
use a.*
main() = firstOf()
",
    );
    project.run().prints("12");
    project.edit("z.nos", "Int = 10", "Int = 20");
    project.run().prints("22");
}

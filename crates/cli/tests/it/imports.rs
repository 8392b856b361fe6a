//! S43–S46c: imports, visibility, names that appear and disappear.

use ithaca::Value;

use crate::project::{Project, RING};

const TWO_USERS: &str = "
//- /lib.nos
pub one() = 1
pub two() = 2
pub three() = 3
//- /p.nos
use lib.*
pub viaP() = one() + two()
//- /q.nos
use lib.*
pub viaQ() = two() + three()
//- /main.nos
use p.*
use q.*
main() = (viaP(), viaQ())
";

#[test]
fn s43_a_removed_import_is_missed_in_its_module_only() {
    let mut project = Project::built(TWO_USERS, "(3, 5)");
    project.edit("p.nos", "use lib.*\n", "");
    project.run().refused(&["project/p.nos:1", "`one`"]).silent_about(&["project/q.nos"]).leaves(&["q.nos"]);
    project.edit("p.nos", "pub viaP", "use lib.*\npub viaP");
    project.run().prints("(3, 5)").recalls_all();
}

#[test]
fn s44_a_narrowed_import_hides_the_other_names() {
    let mut project = Project::built(TWO_USERS, "(3, 5)");
    project.edit("p.nos", "use lib.*", "use lib.{one}");
    project.run().refused(&["project/p.nos:2", "`two`"]).silent_about(&["`one`", "project/q.nos"]);
    project.edit("p.nos", "{one}", "{one, two}");
    // All names mean what they meant before the errors, so the older entry has the code.
    project.run().prints("(3, 5)").leaves(&["lib.nos", "q.nos"]).work(0, 0);
}

#[test]
fn s45_after_a_deletion_every_other_call_hits_its_function() {
    let mut project = Project::new(TWO_USERS);
    project.edit("q.nos", "two() + three()", "three()").edit("p.nos", "one() + two()", "one()");
    project.run().prints("(1, 3)");
    project.edit("lib.nos", "pub two() = 2\n", "");
    project.run().prints("(1, 3)").leaves(&["main.nos"]).work(0, 0);
    let living = project.living();
    assert_eq!(living.call("lib.one", &[]).unwrap(), Value::Int(1));
    assert_eq!(living.call("lib.three", &[]).unwrap(), Value::Int(3));
    assert!(living.call("lib.two", &[]).unwrap_err().to_string().contains("lib.two"));
}

#[test]
fn s46_two_modules_import_one_name_from_two_places() {
    let mut project = Project::new(
        "
//- /a.nos
pub help() = \"a\"
//- /b.nos
pub help() = \"b\"
//- /p.nos
use a.{help}
pub viaP() = help()
//- /q.nos
use b.{help}
pub viaQ() = help()
//- /main.nos
use p.*
use q.*
main() = (viaP(), viaQ())
",
    );
    project.run().prints("(\"a\", \"b\")");
    project.edit("q.nos", "use b.", "use a.");
    project.run().prints("(\"a\", \"a\")").computes(&["q.nos"]);
    project.edit("p.nos", "use a.", "use b.");
    project.run().prints("(\"b\", \"a\")").computes(&["p.nos"]);
}

#[test]
fn s46a_a_star_import_gains_a_name_that_the_importer_has() {
    let mut project = Project::new(
        "
//- /lib.nos
pub one() = 1
//- /other.nos
pub two() = 2
//- /main.nos
use lib.*
use other.*
helper() = 10
main() = one() + two() + helper()
",
    );
    project.run().prints("13");
    project.edit("lib.nos", "pub one() = 1", "pub one() = 1\npub helper() = 20");
    project.run().prints("13");
    // Now the two stars meet, although `main.nos` is as it was and uses neither name.
    project.edit("lib.nos", "helper", "twice");
    project.run().prints("13");
    project.edit("other.nos", "pub two() = 2", "pub two() = 2\npub twice() = 22");
    project.run().refused(&["import conflict", "twice", "project/main.nos:2"]);
    project.edit("other.nos", "\npub twice() = 22", "");
    project.run().prints("13").recalls_all();
}

#[test]
fn s46b_a_dropped_pub_reaches_importers() {
    let mut project = Project::new(
        "
//- /lib.nos
pub hidden() = 1
pub shown() = 2
//- /user.nos
use lib.{hidden}
pub uses() = hidden()
//- /other.nos
use lib.{shown}
pub also() = shown()
//- /main.nos
use user.*
use other.*
main() = uses() + also()
",
    );
    project.run().prints("3");
    project.edit("lib.nos", "pub hidden", "hidden");
    let broken = project.run();
    broken.refused(&["`hidden` is private in module `lib`", "project/user.nos:1"]).leaves(&["other.nos"]);
    project.edit("lib.nos", "hidden", "pub hidden");
    project.run().prints("3").recalls_all();
}

#[test]
fn s46c_a_new_file_provides_what_was_missing() {
    let mut project = Project::new(
        "
//- /user.nos
use new.*
pub uses() = provided() + 1
//- /main.nos
use user.*
main() = uses()
",
    );
    project.run().refused(&["module `new` not found", "project/user.nos:1"]);
    project.file("new.nos", "pub different() = 1\n");
    project.run().refused(&["`provided`", "project/user.nos:2"]).silent_about(&["module `new`"]);
    project.edit("new.nos", "different", "provided");
    project.run().prints("2");
    project.delete("new.nos");
    project.run().refused(&["module `new` not found"]);
    project.file("new.nos", "pub provided() = 1\n");
    project.run().prints("2").recalls_all();
}

#[test]
fn an_import_that_breaks_a_cycle_makes_two_units() {
    let mut project = Project::built(RING, "true");
    project.edit("odd.nos", "use even.*\n", "").edit("odd.nos", "isEven(n - 1)", "n % 2 == 1");
    project.run().prints("true");
    project.edit("odd.nos", "n % 2 == 1", "n % 2 != 0");
    project.run().prints("true").computes(&["odd.nos"]).work(1, 1);
    project.edit("odd.nos", "n % 2 != 0", "isEven(n - 1)").edit("odd.nos", "pub isOdd", "use even.*\npub isOdd");
    project.run().prints("true").recalls_all();
}

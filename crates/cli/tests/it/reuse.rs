//! S01–S09: what is reused when nothing, or nothing that matters, changed.

use std::fs;

use ithaca::Value;

use crate::project::{CHAIN, DIAMOND, GEN, NEST, Project, RING, run_text};

#[test]
fn s01_an_unchanged_project_is_recalled() {
    for (project, result) in
        [(CHAIN, "86"), (DIAMOND, "32"), (RING, "true"), (GEN, "([1, 1], [\"w\", \"w\"])"), (NEST, "\"area 6\"")]
    {
        let mut project = Project::built(project, result);
        project.run().prints(result).recalls_all();
    }
}

#[test]
fn s02_time_stamps_and_equal_bytes_are_no_change() {
    let mut project = Project::built(CHAIN, "86");
    let text = project.texts()["b.nos"].clone();
    project.file("b.nos", &text);
    project.run().prints("86").recalls_all();

    let file = fs::File::options().write(true).open(project.folder().path("c.nos")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    project.run().prints("86").recalls_all();
}

#[test]
fn s02_an_edit_that_keeps_size_and_time_stamp_is_seen() {
    let mut project = Project::built(CHAIN, "86");
    let path = project.folder().path("c.nos");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    project.edit("c.nos", "42", "43");
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    project.run().prints("88").computes(&["c.nos"]);
}

#[test]
fn s03_engine_and_command_share_entries() {
    let mut project = Project::new(CHAIN);
    let open = |project: &Project| project.folder().engine();
    let mut engine = open(&project);
    assert_eq!(engine.check(), []);
    engine.save().unwrap();
    drop(engine);
    project.run().prints("86").recalls_all();

    project.edit("c.nos", "42", "43");
    project.run().prints("88").computes(&["c.nos"]);
    let mut engine = open(&project);
    assert_eq!(run_text(&mut engine), "88\n");
    let stats = engine.stats();
    assert_eq!((stats.units_computed, stats.parsed, stats.bodies_inferred, stats.chunks_compiled), (0, 0, 0, 0));
    assert!(stats.units_recalled >= 4, "{stats:?}");
}

#[test]
fn a_text_that_is_set_wins_over_the_disk_even_if_the_store_knows_it() {
    let mut project = Project::built(CHAIN, "86");
    let known = project.texts()["c.nos"].clone();
    project.edit("c.nos", "42", "\"x\"");
    let mut engine = project.folder().engine();
    engine.set_text("c.nos", known);
    assert_eq!(run_text(&mut engine), "86\n");
    // Now a database is needed, and with it the text that only the engine was told.
    engine.set_text("b.nos", "use c.*\npub mid() = c.base() + 2\n");
    assert_eq!(run_text(&mut engine), "88\n");
    assert_eq!(engine.verify(), Vec::<String>::new());
    engine.remove("c.nos");
    assert!(!engine.check().is_empty());
}

const EVERYTHING_CALLABLE: &str = r#"
//- /lib.nos
pub type Shape = Circle(Int) | Rect { w: Int, h: Int }
pub inc(n) = n + 1
pub adder(n) = m => n + m
pub renamed = inc
pub couple(a, b) = (a, b)
pub padded(a, b = 2, c = 3) = a * 100 + b * 10 + c
pub area(Circle(r)) = r * r * 3
pub area(Rect(w, h)) = w * h
pub nextOdd(xs) = xs.filter(x => x % 2 == 0).map(x => x + 1)
pub thrice(f, x) = f(f(f(x)))
pub text(n: Int) = "i" ++ show(n)
pub text(s: String) = "s" ++ s
pub countdown(n) = {
  go(k, acc) = if k == 0 then acc else go(k - 1, acc ++ [k])
  go(n, [])
}
//- /main.nos
use lib.*
main() = {
  println(show(inc(1)))
  println(show(adder(1)(2)))
  println(show(renamed(3)))
  println(show(couple(1, "a")))
  println(show([padded(1), padded(1, c: 9), padded(1, 5)]))
  println(show([area(Circle(2)), area(Rect(w: 2, h: 3))]))
  println(show(nextOdd([1, 2, 3, 4])))
  println(show(thrice(inc, 1)))
  println(text(1) ++ text("x"))
  println(show(countdown(3)))
}
"#;

#[test]
fn s04_every_function_has_code_after_a_restart() {
    let expected = "2\n3\n4\n(1, \"a\")\n[123, 129, 153]\n[12, 6]\n[3, 5]\n4\ni1sx\n[3, 2, 1]";
    let mut project = Project::new(EVERYTHING_CALLABLE);
    // Nothing ran when the entries were made.
    let checked = project.command("check", &[]);
    assert_eq!((checked.code, checked.stdout.as_str(), checked.stderr.as_str()), (Some(0), "", ""));
    project.run().prints(expected).recalls_all();

    let mut engine = project.folder().engine();
    let list = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int).collect());
    assert_eq!(engine.call("lib.inc", &[Value::Int(1)]).unwrap(), Value::Int(2));
    assert_eq!(engine.call("lib.nextOdd", &[list(&[2, 5, 8])]).unwrap(), list(&[3, 9]));
    assert_eq!(engine.call("lib.text", &[Value::Int(7)]).unwrap(), Value::String("i7".to_owned()));
    assert_eq!(engine.call("lib.text", &[Value::String("y".to_owned())]).unwrap(), Value::String("sy".to_owned()));
    assert_eq!(engine.stats().chunks_compiled, 0);
}

const EVERY_KIND: &str = r#"
//- /kinds.nos
pub type Point = { x: Int, y: Int }
pub type Tree[T] = Leaf | Node(Tree[T], T, Tree[T])
pub type Names = [String]
pub type Money = Money(Int)
pub trait Weight
  weight(self) -> Int
  double(self) -> Int = self.weight() * 2
end
Point: Weight
  weight(self) = self.x + self.y
end
Money: Show
  show(self) = {
    Money(n) = self
    show(n) ++ " cents"
  }
end
pub const LIMIT = 3
pub scale = n => n * LIMIT
pub steps = [n => n + 1, n => n * 10]
start() = LIMIT * 100
mvar counter: Int = start()
pub hit() = {
  counter = counter + 1
  counter
}
pub insert2(t: Tree[Int], v: Int) -> Tree[Int] = match t {
  Leaf -> Node(Leaf, v, Leaf)
  Node(l, k, r) when v < k -> Node(insert2(l, v), k, r)
  Node(l, k, r) -> Node(l, k, insert2(r, v))
}
pub inorder(t) = match t {
  Leaf -> []
  Node(l, v, r) -> inorder(l) ++ [v] ++ inorder(r)
}
pub guarded(a, b) = try { a / b } catch { e -> -1 }
pub module Inner
  pub deep(n) = n + 1000
end
//- /main.nos
use kinds.*
names: Names = ["b", "a"]
main() = {
  println(show(Point(1, 2)))
  println(show(Point(1, 2).double()))
  println(show(Money(5)))
  println(show(scale(2)))
  println(show(steps.map(f => f(4))))
  println(show((hit(), hit())))
  println(show(inorder(insert2(insert2(insert2(Leaf, 2), 3), 1))))
  println(show(guarded(1, 0)))
  println(show(kinds.Inner.deep(1)))
  println(show(names.sort()))
  println(show(%{"k": [1]}))
  Point(LIMIT, 4)
}
"#;

#[test]
fn s05_every_item_kind_is_the_same_warm() {
    let expected = "Point{x: 1, y: 2}\n6\n5 cents\n6\n[5, 40]\n(301, 302)\n[1, 2, 3]\n-1\n1001\n[\"a\", \"b\"]\n\
                    %{\"k\": [1]}\nkinds.Point{x: 3, y: 4}";
    let mut project = Project::built(EVERY_KIND, expected);
    project.run().prints(expected).recalls_all();
    project.edit("main.nos", "Point(LIMIT, 4)", "Point(LIMIT, 5)");
    let edited = project.run();
    // The second body is that of a method without a declared type, which is never taken from an entry.
    edited.prints(&expected.replace("y: 4}", "y: 5}")).computes(&["main.nos"]).work(2, 1);
}

#[test]
fn s06_a_comment_moves_lines_and_computes_no_body() {
    let mut project = Project::new(CHAIN);
    project.edit("b.nos", "c.base() + 1", "[1, 2][c.base()]");
    project.run().fails(&["Runtime error: ", "project/b.nos:2"]);
    project.edit("b.nos", "pub mid", "# why\n\npub mid");
    let moved = project.run();
    moved.fails(&["project/b.nos:4"]).silent_about(&["project/b.nos:2"]);
    moved.computes(&["b.nos"]).parses(1).work(0, 0);
}

#[test]
fn s07_blanks_inside_a_literal_matter() {
    let mut project =
        Project::new("//- /text.nos\npub twoBlanks() = \"a  b\"\n//- /main.nos\nuse text.*\nmain() = twoBlanks()\n");
    project.run().prints("\"a  b\"");
    project.edit("text.nos", "a  b", "a b");
    project.run().prints("\"a b\"").computes(&["text.nos"]).work(1, 1);
}

#[test]
fn s08_the_first_of_three_clauses_matters() {
    let mut project = Project::new(
        "
//- /clauses.nos
pub kind(0) = \"zero\"
pub kind(1) = \"one\"
pub kind(_) = \"many\"
//- /main.nos
use clauses.*
main() = [kind(0), kind(1), kind(2)]
",
    );
    project.run().prints("[\"zero\", \"one\", \"many\"]");
    project.edit("clauses.nos", "\"zero\"", "\"none\"");
    project.run().prints("[\"none\", \"one\", \"many\"]").computes(&["clauses.nos"]).work(1, 1);
}

#[test]
fn s09_an_edited_overload_leaves_the_other_one_alone() {
    let mut project = Project::new(
        "
//- /over.nos
pub tag(n: Int) = \"int\"
pub tag(s: String) = \"string\"
//- /ints.nos
use over.*
pub ofInt() = tag(1)
//- /texts.nos
use over.*
pub ofText() = tag(\"x\")
//- /main.nos
use ints.*
use texts.*
main() = (ofInt(), ofText())
",
    );
    project.run().prints("(\"int\", \"string\")");
    project.edit("over.nos", "\"int\"", "\"Int\"");
    project.run().prints("(\"Int\", \"string\")").computes(&["over.nos"]).work(1, 1);
    // Another result type is a question of everybody who uses the name; the answer to `texts.nos` is the same.
    project.edit("over.nos", "\"Int\"", "1");
    project.run().prints("(1, \"string\")");
}

/// Whatever is built, set or saved: the bytes of the sources are the user's.
#[test]
fn s54_sources_are_never_written() {
    let text = "# head\r\nuse   b.{ one as uno }\n\n\nmvar  hits: Int=0   # odd layout\nmain( ) = {hits=hits+1;uno( )}";
    let folder = crate::project::Folder::new();
    folder.write("main.nos", text);
    folder.write("b.nos", "pub one() = 1\n");
    folder.ithaca(&["run", "project"]).prints("1");
    let mut engine = folder.engine();
    engine.set_text("b.nos", "pub one() = 2\n");
    assert_eq!(crate::project::run_text(&mut engine), "2\n");
    engine.save().unwrap();
    folder.ithaca(&["check", "project"]);
    assert_eq!(std::fs::read(folder.path("main.nos")).unwrap(), text.as_bytes());
    assert_eq!(std::fs::read(folder.path("b.nos")).unwrap(), b"pub one() = 1\n");
}

//! The module graph and the index of impls.

use base_db::DefId;
use expect_test::{Expect, expect};

use super::TestDb;
use crate::{impls_of, methods_named, unit_files, unit_graph};

fn show(db: &TestDb) -> String {
    let graph = unit_graph(db);
    graph
        .units
        .iter()
        .map(|unit| {
            let files: Vec<&str> = unit.files.iter().map(|file| file.path(db).as_str()).collect();
            format!("{} <- {:?}\n", files.join(" + "), unit.dependencies)
        })
        .collect()
}

#[track_caller]
fn check(fixture: &str, expected: Expect) {
    expected.assert_eq(&show(&TestDb::new(fixture)));
}

#[test]
fn cycles_blocks_and_prelude() {
    check(
        "//- /main.nos\nuse a.*\nmain() = Deep.f() + geo.Inner.x()\n//- /a.nos\nuse b.{g}\n//- /b.nos\nuse a.f\n//- /c.nos\nuse c.*\nuse lib.deep\n//- /lib/deep.nos\nx = 1\n//- /geo.nos\nmodule Inner\nend\n//- /<stdlib>/list.nos\n//- /<stdlib>/traits.nos\n//- /<stdlib>/io.nos\n//- /<stdlib>/json.nos\nuse stdlib.list.*\n",
        expect![[r#"
            <stdlib>/io.nos + <stdlib>/list.nos + <stdlib>/traits.nos <- []
            <stdlib>/json.nos <- [0]
            a.nos + b.nos <- [0]
            lib/deep.nos <- [0]
            c.nos <- [0, 3]
            geo.nos <- [0]
            main.nos <- [0, 2, 5]
        "#]],
    );
}

#[test]
fn the_order_does_not_depend_on_the_order_of_files() {
    let one = TestDb::new("//- /a.nos\nuse b.*\n//- /b.nos\n//- /c.nos\nuse a.*\n");
    let other = TestDb::new("//- /c.nos\nuse a.*\n//- /b.nos\n//- /a.nos\nuse b.*\n");
    assert_eq!(show(&one), show(&other));
    assert_eq!(unit_files(&one, one.file("a.nos")).len(), 1);
}

#[test]
fn impls_by_trait_and_method() {
    let db = TestDb::new(
        "//- /t.nos\npub trait Sized\n  size(self) -> Int\nend\n//- /a.nos\nuse t.*\ntype A = { x: Int }\nA: Sized\n  size(self) = 1\nend\n//- /b.nos\nuse t.{Sized}\nInt: Sized\n  size(self) = 2\nend\nInt: Unknown\nend\n",
    );
    let sized = DefId::new(&db, db.def("t", "Sized"));
    let impls: Vec<String> = impls_of(&db, sized).iter().map(ToString::to_string).collect();
    assert_eq!(impls, ["a.A:Sized", "b.Int:Sized"]);
    assert_eq!(methods_named(&db, "size").impls.len(), 2);
    assert!(methods_named(&db, "sise").traits.is_empty());
}

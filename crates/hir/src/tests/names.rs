//! What names mean, and problems of imports.

use expect_test::{Expect, expect};

use super::{TestDb, show_problems};
use crate::{definition_problems, exported, import_problems, project_problems, qualifier, resolve, scope::Resolved};

fn show(resolved: &Resolved) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(resolved.functions.iter().map(|def| format!("fn {def}")));
    parts.extend(resolved.value.iter().map(|def| format!("{:?} {def}", def.kind()).to_lowercase()));
    parts.extend(resolved.constructors.iter().map(|(def, n)| format!("constructor {n} of {def}")));
    parts.extend(resolved.ty.iter().map(|def| format!("type {def}")));
    parts.extend(resolved.trait_.iter().map(|def| format!("trait {def}")));
    parts.extend(resolved.method_of.iter().map(|def| format!("method of {def}")));
    parts.extend(resolved.template.iter().map(|def| format!("template {def}")));
    parts.extend(resolved.module.iter().map(|name| format!("module {name}")));
    parts.extend(resolved.private.iter().map(|def| format!("private {def}")));
    parts.extend(resolved.conflict.iter().map(|(a, b)| format!("conflict of {a} and {b}")));
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

#[track_caller]
fn check_in(db: &TestDb, module: &str, names: &[&str], expected: Expect) {
    let table: String =
        names.iter().map(|name| format!("{name}: {}\n", show(resolve(db, db.module(module), name)))).collect();
    expected.assert_eq(&table);
}

#[test]
fn own_imported_prelude() {
    let db = TestDb::new(
        r#"
//- /main.nos
use geo.*
use util.{help as aid, Mode}
helper(a, b) = 1
map(x: Int) = x
origin = 5
//- /geo.nos
pub helper(a) = a
pub helper(a, b: Int) = a
hidden(x) = x
pub type Shape = Dot | Seg(Int)
type Secret = Inside
pub origin = 0
pub mvar count: Int = 0
pub trait Sized
  size(self) -> Int
end
//- /util.nos
pub help(x) = x
pub type Mode = On | Off
pub other() = 1
//- /<stdlib>/list.nos
pub type Option[T] = Some(T) | None
pub map(xs, f) = xs
pub each(xs, f) = xs
inner(x) = x
//- /<stdlib>/json.nos
pub type Json = Null | Integer(Int)
"#,
    );
    check_in(
        &db,
        "main",
        &[
            "helper", "hidden", "Shape", "Seg", "Inside", "Secret", "origin", "count", "size", "Sized", "aid", "help",
            "Mode", "On", "other", "map", "each", "inner", "Some", "Option", "Integer", "Json", "geo", "nope",
            "println",
        ],
        expect![[r#"
            helper: fn main.helper/2, fn geo.helper/1
            hidden: nothing
            Shape: type geo.Shape
            Seg: constructor 1 of geo.Shape
            Inside: nothing
            Secret: private geo.Secret
            origin: value main.origin
            count: nothing
            size: method of geo.Sized
            Sized: trait geo.Sized
            aid: fn util.help/1
            help: nothing
            Mode: type util.Mode
            On: constructor 0 of util.Mode
            other: nothing
            map: fn main.map(Int), fn stdlib.list.map/2
            each: fn stdlib.list.each/2
            inner: nothing
            Some: constructor 0 of stdlib.list.Option
            Option: type stdlib.list.Option
            Integer: constructor 1 of stdlib.json.Json
            Json: nothing
            geo: module geo
            nope: nothing
            println: nothing
        "#]],
    );
}

#[test]
fn blocks_of_a_single_file() {
    let db = TestDb::single(
        "use Ledger.{fee}\nrate = 1\nroot(x) = x\nmodule Ledger\n  rate = 3\n  pub fee(n) = n * rate + Audit.tag()\n  pub module Audit\n    pub tag() = 1\n    seal() = 2\n  end\nend\nmodule Other\n  x = 1\nend\n",
    );
    check_in(
        &db,
        "",
        &["fee", "rate", "Audit", "Ledger", "Ledger.Audit"],
        expect![[r#"
        fee: fn Ledger.fee/1
        rate: value rate
        Audit: nothing
        Ledger: module Ledger
        Ledger.Audit: module Ledger.Audit
    "#]],
    );
    check_in(
        &db,
        "Ledger",
        &["fee", "rate", "root", "Audit", "tag", "Other"],
        expect![[r#"
        fee: fn Ledger.fee/1
        rate: value ledger.rate
        root: fn root/1
        Audit: module Ledger.Audit
        tag: nothing
        Other: module Other
    "#]],
    );
    check_in(
        &db,
        "Ledger.Audit",
        &["fee", "rate", "root", "Audit", "tag", "Other"],
        expect![[r#"
        fee: fn Ledger.fee/1
        rate: value rate
        root: fn root/1
        Audit: module Ledger.Audit
        tag: fn Ledger.Audit.tag/0
        Other: module Other
    "#]],
    );
    let show = |module: &str, of: &str| format!("{:?}\n", qualifier(&db, db.module(module), of).value);
    expect![[r#"
        Qualifier { module: Some("Ledger.Audit"), legal: true, inside: false, library: false }
        Qualifier { module: Some("Ledger.Audit"), legal: true, inside: false, library: false }
        Qualifier { module: Some("Ledger"), legal: true, inside: true, library: false }
        Qualifier { module: None, legal: false, inside: false, library: false }
    "#]]
    .assert_eq(
        &[show("", "Ledger.Audit"), show("Ledger", "Audit"), show("Ledger.Audit", "Ledger"), show("", "Nope")].concat(),
    );
}

#[test]
fn qualifiers_of_files() {
    let db = TestDb::new(
        "//- /main.nos\nuse util.{help}\nuse lib.deep\nuse stdlib.json\n//- /util.nos\npub help() = 1\n//- /geo.nos\npub module Inner\n  pub x = 1\nend\n//- /lib/deep.nos\npub y = 1\n//- /geo/shapes.nos\nz = 1\n//- /<stdlib>/json.nos\npub parse(s) = s\n",
    );
    let table: String = ["util", "geo", "geo.Inner", "Inner", "lib.deep", "lib", "main", "stdlib.json", "stdlib.list"]
        .iter()
        .map(|of| format!("{of}: {:?}\n", qualifier(&db, db.module("main"), of).value))
        .collect();
    expect![[r#"
        util: Qualifier { module: Some("util"), legal: true, inside: false, library: false }
        geo: Qualifier { module: Some("geo"), legal: false, inside: false, library: false }
        geo.Inner: Qualifier { module: Some("geo.Inner"), legal: true, inside: false, library: false }
        Inner: Qualifier { module: None, legal: false, inside: false, library: false }
        lib.deep: Qualifier { module: Some("lib.deep"), legal: true, inside: false, library: false }
        lib: Qualifier { module: None, legal: false, inside: false, library: false }
        main: Qualifier { module: Some("main"), legal: true, inside: true, library: false }
        stdlib.json: Qualifier { module: Some("stdlib.json"), legal: true, inside: false, library: true }
        stdlib.list: Qualifier { module: None, legal: false, inside: false, library: false }
    "#]]
    .assert_eq(&table);
    let inside = |module: &str, of: &str| qualifier(&db, db.module(module), of).inside;
    assert!(inside("geo.Inner", "geo"));
    assert!(!inside("geo", "geo.Inner"));
    assert!(!inside("geo.shapes", "geo"));
}

#[test]
fn exports_say_what_is_private() {
    let db = TestDb::new(
        "//- /m.nos\nf(x) = x\npub f(x, y) = y\ntype T = A | B\nmodule In\nend\n//- /<stdlib>/json.nos\nhelp(x) = x\n",
    );
    let show = |module: &str, name: &str| format!("{name}: {:?}\n", exported(&db, db.module(module), name).value);
    expect![[r#"
        f: Exported { defs: [(Function m.f/1, true), (Function m.f/2, true)], constructors: [], method_of: [], is_module: false }
        A: Exported { defs: [], constructors: [(Type m.T, 0, false)], method_of: [], is_module: false }
        T: Exported { defs: [(Type m.T, false)], constructors: [], method_of: [], is_module: false }
        In: Exported { defs: [], constructors: [], method_of: [], is_module: true }
        no: Exported { defs: [], constructors: [], method_of: [], is_module: false }
        help: Exported { defs: [(Function stdlib.json.help/1, true)], constructors: [], method_of: [], is_module: false }
    "#]].assert_eq(
        &[show("m", "f"), show("m", "A"), show("m", "T"), show("m", "In"), show("m", "no"), show("stdlib.json", "help")]
            .concat(),
    );
}

#[track_caller]
fn check_imports(fixture: &str, module: &str, expected: Expect) {
    let db = TestDb::new(fixture);
    expected.assert_eq(&show_problems(import_problems(&db, db.module(module))));
}

#[test]
fn import_errors() {
    check_imports(
        "//- /main.nos\nuse gio.*\nuse geo.{area, hidden, aera, Secret, count}\nuse geo.peri\nuse geo.{}\nuse nope.x\nuse stdlib.ws\nuse main.*\n//- /geo.nos\npub area(x) = x\nhidden(x) = x\ntype Secret = S\npub peri = 1\npub mvar count: Int = 0\n",
        "main",
        expect![[r#"
            E0301 Use(0, None): module `gio` not found (did you mean `geo`?)
            E0303 Use(1, Some(1)): `hidden` is private in module `geo` (mark it `pub` in `geo`)
            E0302 Use(1, Some(2)): `aera` is not defined in module `geo` (did you mean `area`?)
            E0303 Use(1, Some(3)): `Secret` is private in module `geo` (mark it `pub` in `geo`)
            E0302 Use(1, Some(4)): `count` is not defined in module `geo`
            E0301 Use(4, None): module `nope` not found
        "#]],
    );
}

#[test]
fn import_conflicts() {
    check_imports(
        "//- /main.nos\nuse a.*\nuse b.*\nuse c.{f}\nuse a.{f}\nuse a.{g as z, h as z}\n//- /a.nos\npub f(x) = x\npub g = 1\npub h = 1\npub type T = K | L\n//- /b.nos\npub f(x: Int) = x\npub g = 1\npub type U = K | M\n//- /c.nos\npub f() = 1\n",
        "main",
        expect![[r#"
            E0305 Use(1, None): import conflict: `f` is imported from both `a` and `b` (rename one of them: `use b.{f as …}`, or name it as `b.f`)
            E0305 Use(2, Some(0)): import conflict: `f` is imported from both `a` and `c` (rename one of them: `use c.{f as …}`, or name it as `c.f`)
            E0305 Use(4, Some(1)): import conflict: `z` is imported from both `a` and `a` (rename one of them: `use a.{z as …}`, or name it as `a.z`)
        "#]],
    );
}

#[test]
fn imports_of_other_modules_do_not_conflict() {
    let db = TestDb::new(
        "//- /p.nos\nuse a.{helper}\n//- /q.nos\nuse b.{helper}\n//- /a.nos\npub helper() = 1\n//- /b.nos\npub helper() = 2\n",
    );
    assert!(import_problems(&db, db.module("p")).is_empty());
    assert!(import_problems(&db, db.module("q")).is_empty());
}

#[test]
fn projects() {
    let db = TestDb::new(
        "//- /a.b.nos\nx = 1\n//- /a/b.nos\nx = 1\n//- /geo.nos\nmodule Inner\nend\n//- /geo/Inner.nos\ny = 1\n//- /stdlib/list.nos\n//- /stdlib/map.nos\n//- /two words.nos\n//- /type.nos\n//- /x.nos.nos\n//- /main.nos\n",
    );
    expect![[r#"
        E0311 Whole: module `a.b` is defined by two files: `a.b.nos` and `a/b.nos` (rename one of them)
        E0312 Whole: the name of `a.b.nos` contains a dot besides its suffix (dots separate folders in module names: rename the file or make it a folder)
        E0313 Whole: module `geo.Inner` is a block of this file and also the file `geo/Inner.nos` (rename one of them)
        E0314 Whole: `stdlib/list.nos` takes a module name that belongs to the standard library (rename the folder or file `stdlib`)
        E0316 Whole: no other module can import `two words.nos`: `two words` is not a name (use letters, digits and `_` in the names of files and folders)
        E0316 Whole: no other module can import `type.nos`: `type` is not a name (use letters, digits and `_` in the names of files and folders)
        E0312 Whole: the name of `x.nos.nos` contains a dot besides its suffix (dots separate folders in module names: rename the file or make it a folder)
    "#]].assert_eq(&show_problems(project_problems(&db)));
}

#[test]
fn definitions_that_occur_twice() {
    let db = TestDb::new(
        "//- /m.nos\nx = 1\nx = 2\ntype T = A | B\ntype T = C\nconst x = 3\nconst K = 1 + 2\nf(x: Int) = 1\nf(x: Int) = 2\n",
    );
    expect![[r#"
        E0321 Occurrence(1): `x` is defined multiple times
        E0321 Occurrence(1): `T` is defined multiple times
        E0321 Name: `x` is defined multiple times
        E0322 Expr(0): const value must be a literal (write a number, a string, a character or a Bool; computed values need no `const`: `name = …`)
    "#]].assert_eq(&show_problems(definition_problems(&db, db.module("m"))));
}

#[test]
fn the_top_level_binds_plain_names() {
    let db = TestDb::new("//- /m.nos\n(a, b) = (1, 2)\nmodule In\n  var x = 5\nend\ny = 1\n");
    let errors = crate::syntax_problems(&db, db.file("m.nos"));
    let shown: String = errors.iter().map(|error| format!("{:?} {}\n", error.range, error.message)).collect();
    expect![[r#"
        0..6 a module value binds one name
        32..33 a module has no `var`
    "#]]
    .assert_eq(&shown);
}

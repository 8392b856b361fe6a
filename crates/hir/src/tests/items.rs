//! Item trees and headers.

use expect_test::{Expect, expect};

use super::TestDb;
use crate::{
    item_tree::{FunctionItem, ModuleItems},
    query,
};

fn show_function(item: &FunctionItem) -> String {
    let public = if item.public { "pub " } else { "" };
    let params: Vec<String> = item
        .params
        .iter()
        .map(|param| {
            let name = param.name.as_deref().unwrap_or("_");
            let ty = param.ty.as_ref().map(|ty| format!(": {ty}")).unwrap_or_default();
            format!("{name}{ty}{}", if param.has_default { " = …" } else { "" })
        })
        .collect();
    let generics: Vec<String> =
        item.type_params.iter().map(|param| format!("{}: {}", param.name, param.bounds.join("+"))).collect();
    let generics = if generics.is_empty() { String::new() } else { format!("[{}]", generics.join(", ")) };
    let result = item.result.as_ref().map(|ty| format!(" -> {ty}")).unwrap_or_default();
    format!("{public}{}{generics} ({}){result}", item.def, params.join(", "))
}

fn show_module(items: &ModuleItems) -> String {
    let mut out = format!("module `{}` blocks {:?}\n", items.path, items.blocks);
    for decl in &items.uses {
        out.push_str(&format!("  use {} {:?}\n", decl.path, decl.kind));
    }
    for item in items.functions.iter().chain(&items.templates) {
        out.push_str(&format!("  {}\n", show_function(item)));
    }
    for item in &items.types {
        out.push_str(&format!("  type {} {:?}\n", item.def, item.body));
    }
    for item in &items.traits {
        out.push_str(&format!("  trait {} : {:?} #{}\n", item.def, item.supertraits, item.order));
        item.methods.iter().for_each(|method| out.push_str(&format!("    {}\n", show_function(method))));
    }
    for item in &items.impls {
        out.push_str(&format!("  impl {} #{}\n", item.def, item.order));
        item.methods.iter().for_each(|method| out.push_str(&format!("    {}\n", show_function(method))));
    }
    for item in items.values.iter().chain(&items.mvars) {
        out.push_str(&format!("  value {:?} public {}\n", item.def, item.public));
    }
    for item in &items.consts {
        out.push_str(&format!("  const {} = {:?}\n", item.def, item.value));
    }
    for (def, n) in &items.duplicates {
        out.push_str(&format!("  duplicate {n} of {def:?}\n"));
    }
    out
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    let db = TestDb::new(&format!("//- /m.nos\n{text}"));
    let file = db.file("m.nos");
    assert!(crate::syntax_problems(&db, file).is_empty(), "{:?}", crate::syntax_problems(&db, file));
    let tree = query::item_tree(&db, file);
    let mut shown: String = tree.modules.iter().map(|module| show_module(module)).collect();
    shown.push_str(&format!("mentions {:?}\n", tree.mentions));
    expected.assert_eq(&shown);
}

#[test]
fn functions_group_by_declared_types() {
    check(
        "f(0) = 1\npub f(n) = n\nf(n: Int) -> Int = n\nf(a, b: [Int], c: (Int, a) -> Map[String, b] = g) = 1\nf(s: String)[T: Ord + Show] = s\n"
            .replace("f(s: String)[T: Ord + Show]", "f[T: Ord + Show](s: String)")
            .as_str(),
        expect![[r#"
            module `m` blocks []
              pub m.f/1 (n)
              m.f(Int) (n: Int) -> Int
              m.f(_,[Int],(Int,a)->Map[String,b]) (a, b: [Int], c: (Int,a)->Map[String,b] = …)
              m.f(String)[T: Ord+Show] (s: String)
            mentions []
        "#]],
    );
}

#[test]
fn types_traits_and_impls() {
    check(
        "pub type P[T] = { x: Int, y: T }\ntype S = Dot | Box{ w: Int } | Seg(Int, [S])\ntype A = Int -> Bool\ntype Void\ntrait Sized: Show, Eq\n  size(self) -> Int\n  big(self) -> Bool = true\nend\nP[T]: Sized\n  size(self) = self.x\nend\nP[T]: Sized\n  big(self) = false\nend\n[Int]: Sized\n  size(self) = 1\nend\n(Int, Int): Sized\nend",
        expect![[r#"
            module `m` blocks []
              type m.P Record([FieldItem { name: "x", ty: Named { path: "Int", args: [] } }, FieldItem { name: "y", ty: Named { path: "T", args: [] } }])
              type m.S Variant([VariantItem { name: "Dot", fields: Unit }, VariantItem { name: "Box", fields: Named([FieldItem { name: "w", ty: Named { path: "Int", args: [] } }]) }, VariantItem { name: "Seg", fields: Positional([Named { path: "Int", args: [] }, List(Named { path: "S", args: [] })]) }])
              type m.A Alias(Function { params: [Named { path: "Int", args: [] }], result: Named { path: "Bool", args: [] } })
              type m.Void Opaque
              trait m.Sized : ["Show", "Eq"] #1
                pub m.Sized.size/1 (self) -> Int
                pub m.Sized.big/1 (self) -> Bool
              impl m.P[T]:Sized #2
                m.P[T]:Sized.size/1 (self)
                m.P[T]:Sized.big/1 (self)
              impl m.[Int]:Sized #4
                m.[Int]:Sized.size/1 (self)
              impl m.(Int,Int):Sized #5
            mentions []
        "#]],
    );
}

#[test]
fn values_uses_and_blocks() {
    check(
        "use a.b.*\nuse c.{d, e as f}\nuse g.h\nuse i.j as k\nlimit = 10\npub const MAX = -4\nconst LIST = [1, 2]\nconst BAD = 1 + 2\npub mvar hits: Int = 0\nmodule Geo\n  use a.*\n  pub area(x) = Geo.Inner.f(x) + util.Some(x) + x.len()\n  module Inner\n    one = 1\n  end\nend\nmodule Geo\n  more(y) = y\nend\nlimit = 11\ntype T = A | B\ntype T = C | D\ntemplate twice(fn) = quote { ~fn.body }\n@twice\nten() = 10\ntest \"works\" = ten()",
        expect![[r#"
            module `m` blocks ["Geo"]
              use a.b Star
              use c List([("d", None), ("e", Some("f"))])
              use g Single("h", None)
              use i Single("j", Some("k"))
              m.ten/0 ()
              m.twice/1 (fn)
              type m.T Variant([VariantItem { name: "A", fields: Unit }, VariantItem { name: "B", fields: Unit }])
              value Value m.limit public false
              value Mvar m.hits public true
              const m.MAX = Some(Int(-4))
              const m.LIST = Some(List([Int(1), Int(2)]))
              const m.BAD = None
              duplicate 1 of Value m.limit
              duplicate 1 of Type m.T
            module `m.Geo` blocks ["Inner"]
              use a Star
              pub m.Geo.area/1 (x)
              m.Geo.more/1 (y)
            module `m.Geo.Inner` blocks []
              value Value m.Geo.Inner.one public false
            mentions ["Geo", "Geo.Inner", "util"]
        "#]],
    );
}

#[test]
fn broken_items_do_not_hide_others() {
    let db = TestDb::new("//- /m.nos\nf(x = 1\n\ng(y) = y +\n\ntype = { }\n\nh(z) = z\n");
    let items = query::item_tree(&db, db.file("m.nos"));
    let names: Vec<String> = items.modules[0].functions.iter().map(|item| item.def.to_string()).collect();
    assert!(names.contains(&"m.h/1".to_owned()), "{names:?}");
    assert!(names.contains(&"m.g/1".to_owned()), "{names:?}");
}

//! Which queries run after an edit. The lists name executed queries, not those that were only verified.

use base_db::DefId;
use expect_test::{Expect, expect};

use super::TestDb;
use crate::{impl_index, import_problems, query, resolve, unit_graph};

/// What a front end asks of every module: names, units, impls, bodies, import problems.
fn ask(db: &TestDb) {
    unit_graph(db);
    impl_index(db);
    let mut files: Vec<base_db::File> = base_db::SourceDb::project(db).files(db).collect();
    files.sort_by(|a, b| a.path(db).cmp(b.path(db)));
    for file in files {
        for module in &query::header(db, file).modules {
            let id = base_db::ModuleId::new(db, module.path.clone());
            import_problems(db, id);
            for item in &module.defs {
                resolve(db, id, item.def.name());
                query::item(db, DefId::new(db, item.def.clone()));
                query::body(db, DefId::new(db, item.def.clone()));
            }
            resolve(db, id, "helper");
        }
    }
}

#[track_caller]
fn check(before: &str, edit: impl FnOnce(&mut TestDb), expected: Expect) {
    let mut db = TestDb::new(before);
    ask(&db);
    edit(&mut db);
    expected.assert_eq(&db.executed(ask));
}

const TWO: &str = "//- /a.nos\nuse b.*\nf(x) = helper(x)\ng(x) = f(x)\n//- /b.nos\npub helper(x) = x\nother(x) = x\n";

#[test]
fn moving_a_function_lowers_nothing() {
    check(
        TWO,
        |db| db.set("a.nos", "use b.*\n\n\n# moved\nf(x) = helper(x)\ng(x) = f(x)\n"),
        expect![[r#"
            collected
            definition_syntax x2
            header
            item_tree
            parse
        "#]],
    );
}

#[test]
fn editing_a_body_lowers_that_body() {
    check(
        TWO,
        |db| db.set("a.nos", "use b.*\nf(x) = helper(x) + 1\ng(x) = f(x)\n"),
        expect![[r#"
            body
            collected
            definition_syntax x2
            header
            item_tree
            parse
        "#]],
    );
}

#[test]
fn blanks_in_a_body_stop_at_the_body() {
    check(
        TWO,
        |db| db.set("a.nos", "use b.*\nf(x) =   helper(x)\ng(x) = f(x)\n"),
        expect![[r#"
            body
            collected
            definition_syntax x2
            header
            item_tree
            parse
        "#]],
    );
}

#[test]
fn an_unrelated_item_reaches_no_other_module() {
    check(
        TWO,
        |db| db.set("b.nos", "pub helper(x) = x\nother(x) = x\nthird(x) = x\n"),
        expect![[r#"
            body
            collected
            definition_syntax x3
            file_impls
            file_items
            header
            import_names
            import_problems
            import_table
            item x3
            item_tree
            module_header
            module_mvars
            module_names
            module_uses
            parse
            resolve_name x6
        "#]],
    );
}

#[test]
fn adding_an_import() {
    check(
        "//- /a.nos\nf(x) = x\n//- /b.nos\npub helper(x) = x\n",
        |db| db.set("a.nos", "use b.*\nf(x) = x\n"),
        expect![[r#"
            collected
            definition_syntax
            file_impls
            file_items
            header
            import_names
            import_problems
            import_table
            item_tree
            module_header
            module_mvars
            module_names
            module_uses
            parse
            project_units
            resolve_name x2
            shard_imports
        "#]],
    );
}

#[test]
fn a_star_import_sees_a_new_item() {
    check(
        "//- /a.nos\nuse b.*\nf(x) = helper(x)\n//- /b.nos\npub other(x) = x\n",
        |db| db.set("b.nos", "pub other(x) = x\npub helper(x) = x\n"),
        expect![[r#"
            body
            collected
            definition_syntax x2
            file_impls
            file_items
            header
            import_names
            import_problems
            import_table
            item x2
            item_tree
            module_header
            module_mvars
            module_names
            module_uses
            parse
            resolve_name x4
        "#]],
    );
}

#[test]
fn deleting_a_module() {
    check(
        TWO,
        |db| db.remove("b.nos"),
        expect![[r#"
            file_of_module x6
            import_problems
            import_table
            module_file
            project_units
            resolve_name x3
            shard_impls
            shard_imports
            shard_roots
        "#]],
    );
}

#[test]
fn breaking_a_cycle() {
    check(
        "//- /a.nos\nuse b.*\npub f(x) = g(x)\n//- /b.nos\nuse a.*\npub g(x) = f(x)\n",
        |db| db.set("b.nos", "pub g(x) = x\n"),
        expect![[r#"
            body
            collected
            definition_syntax
            file_impls
            file_items
            header
            import_names
            import_problems
            import_table
            item_tree
            module_header
            module_mvars
            module_names
            module_uses
            parse
            project_units
            resolve_name x2
            shard_imports
        "#]],
    );
}

#[test]
fn nothing_changed() {
    check(TWO, |db| db.set("a.nos", "use b.*\nf(x) = helper(x)\ng(x) = f(x)\n"), expect![]);
}

#[test]
fn warm_answers_like_cold() {
    let texts = [
        "use b.*\nf(x) = helper(x)\n",
        "use b.{helper}\nmvar m: Int = 0\nf(x) = { m = 1 }\n",
        "f(x) = helper(x)\nmodule In\n  helper(x) = x\nend\n",
        "f(x = \n",
        "use nope.*\ntrait T\n  helper(self) -> Int\nend\nInt: T\n  helper(self) = 1\nend\n",
        "",
    ];
    let dump = |db: &TestDb| -> String {
        let mut out = format!("{:?}\n", impl_index(db).value);
        for path in ["a", "b", "a.In", "b.In"] {
            let module = db.module(path);
            out.push_str(&format!("{:?}\n", query::module_header(db, module)));
            out.push_str(&format!("{:?}\n", import_problems(db, module)));
            out.push_str(&format!("{:?}\n", resolve(db, module, "helper").value));
            for item in query::module_header(db, module).iter().flat_map(|header| &header.defs) {
                out.push_str(&query::body(db, DefId::new(db, item.def.clone())).to_string());
            }
        }
        let graph = unit_graph(db);
        for unit in &graph.units {
            let files: Vec<&str> = unit.files.iter().map(|file| file.path(db).as_str()).collect();
            out.push_str(&format!("{files:?} {:?}\n", unit.dependencies));
        }
        out
    };
    let mut warm = TestDb::new(&format!("//- /a.nos\n{}//- /b.nos\n{}", texts[0], texts[1]));
    for step in 0..72 {
        let (a, b) = (texts[step % 6], texts[(step * step / 6 + step) % 6]);
        warm.set("a.nos", a);
        warm.set("b.nos", b);
        if step % 7 == 3 {
            warm.remove("b.nos");
        }
        let b_file = if step % 7 == 3 { String::new() } else { format!("//- /b.nos\n{b}") };
        let cold = TestDb::new(&format!("//- /a.nos\n{a}{b_file}"));
        assert_eq!(dump(&warm), dump(&cold), "step {step}");
    }
}

#[test]
fn editing_a_template_lowers_what_it_decorates() {
    check(
        "//- /a.nos\ntemplate t(fn) = quote(~fn.body + 1)\n@t\nf(x) = x\ng(x) = x\nh(x) = g(x)\n",
        |db| db.set("a.nos", "template t(fn) = quote(~fn.body + 2)\n@t\nf(x) = x\ng(x) = x\nh(x) = g(x)\n"),
        expect![[r#"
            body x2
            collected
            definition_syntax x4
            definitions
            expansion
            header
            item_tree
            own_clauses
            parse
        "#]],
    );
}

#[test]
fn moving_a_template_lowers_nothing() {
    check(
        "//- /a.nos\ntemplate t(fn) = quote(~fn.body + 1)\n@t\nf(x) = x\ng(x) = x\n",
        |db| db.set("a.nos", "g(x) = x\n@t\nf(x) = x\ntemplate t(fn) = quote(~fn.body + 1)\n"),
        expect![[r#"
            collected
            definition_syntax x3
            definitions
            file_items
            header
            item_tree
            own_clauses
            parse
        "#]],
    );
}

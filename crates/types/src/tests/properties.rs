//! Properties of inference and of types as text, over random types and over the programs of the suite.

use base_db::{DefId, DefKind, DefName, Name};
use fastrand::Rng;
use syntax::ast::{self, AstNode};

use super::{TestDb, annotate, render, suite};
use crate::{
    print,
    ty::{Builtin, Ty},
    unify::Table,
};

/// What the leaves of a random type may be besides built-in types.
#[derive(Clone, Copy)]
enum Leaves {
    /// Generic parameters.
    Params,
    /// Inference variables below this number.
    Variables(u32),
}

fn random_type(rng: &mut Rng, depth: u32, leaves: Leaves) -> Ty {
    const PLAIN: [Builtin; 8] = [
        Builtin::Int,
        Builtin::String,
        Builtin::Bool,
        Builtin::Unit,
        Builtin::Float,
        Builtin::UInt8,
        Builtin::Buffer,
        Builtin::Decimal,
    ];
    let kind = if depth == 0 { rng.u32(0..4) } else { rng.u32(0..10) };
    let part = |rng: &mut Rng| random_type(rng, depth.saturating_sub(1), leaves);
    match kind {
        0..3 => Ty::builtin(PLAIN[rng.usize(..PLAIN.len())]),
        3 => match leaves {
            Leaves::Params => Ty::Param(rng.u32(0..4)),
            Leaves::Variables(count) => Ty::Var(rng.u32(0..count)),
        },
        4 => Ty::list(part(rng)),
        5 => Ty::map(part(rng), part(rng)),
        6 => {
            let count = rng.usize(2..4);
            Ty::tuple((0..count).map(|_| part(rng)).collect())
        }
        7 => {
            let def = DefName::new(Name::default(), DefKind::Type, "Box".into(), Name::default());
            Ty::adt(def, vec![part(rng)])
        }
        _ => {
            let count = rng.usize(0..3);
            Ty::function((0..count).map(|_| part(rng)).collect(), part(rng))
        }
    }
}

/// The same type with its parameters numbered in order of appearance, as a written signature numbers them.
fn numbered(ty: &Ty) -> Ty {
    let mut seen: Vec<u32> = Vec::new();
    ty.walk(&mut |part| {
        if let Ty::Param(index) = part
            && !seen.contains(index)
        {
            seen.push(*index);
        }
    });
    ty.map_leaves(&mut |leaf| match leaf {
        Ty::Param(index) => seen.iter().position(|known| known == index).map(|at| Ty::Param(at as u32)),
        _ => None,
    })
}

#[test]
fn a_type_that_is_printed_and_read_again_is_the_same() {
    let mut rng = Rng::with_seed(7);
    let types: Vec<Ty> = (0..300).map(|_| numbered(&random_type(&mut rng, 4, Leaves::Params))).collect();
    let mut text = String::from("type Box[T] = { item: T }\n");
    for (index, ty) in types.iter().enumerate() {
        text.push_str(&format!("f{index}(x: {ty}) -> Int = 0\n"));
    }
    let db = TestDb::with_files(&[(String::new(), text)]);
    assert_eq!(render(&db.problems()), "");
    let schemes = annotate::schemes(&db, &Name::default());
    for (index, ty) in types.iter().enumerate() {
        let (_, signature) = &schemes[&Name::from(format!("f{index}"))];
        assert_eq!(signature.params[0].ty, *ty, "printed as `{ty}`");
    }
}

#[test]
fn unification_of_random_types_is_symmetric() {
    const VARIABLES: u32 = 4;
    let mut rng = Rng::with_seed(11);
    let mut succeeded = 0;
    for _ in 0..5_000 {
        let left = random_type(&mut rng, 3, Leaves::Variables(VARIABLES));
        let right = random_type(&mut rng, 3, Leaves::Variables(VARIABLES));
        let solve = |first: &Ty, second: &Ty| {
            let mut table = Table::default();
            (0..VARIABLES).for_each(|_| {
                table.fresh();
            });
            let solved = table.unify(first, second).is_ok();
            (solved, table.resolve(&left), table.resolve(&right))
        };
        let (forth, left_forth, right_forth) = solve(&left, &right);
        let (back, left_back, _) = solve(&right, &left);
        assert_eq!(forth, back, "{left:?} ~ {right:?}");
        if forth {
            succeeded += 1;
            assert_eq!(left_forth, right_forth, "both sides of {left:?} ~ {right:?} are one type");
            assert_eq!(left_forth, left_back, "{left:?} ~ {right:?} and back");
        }
    }
    assert!(succeeded > 300, "only {succeeded} pairs unify");
}

/// All schemes of the root module as text.
fn all_schemes(db: &TestDb) -> Vec<(Name, String)> {
    annotate::schemes(db, &Name::default())
        .into_iter()
        .map(|(name, (_, signature))| (name, print::scheme(&signature).replace("Dyn", "dyn")))
        .collect()
}

/// The text with its functions in reverse order; clauses of one name stay together, everything else comes first.
fn reversed(text: &str) -> String {
    let tree = syntax::parse(text).tree();
    let mut first = String::new();
    let mut functions: Vec<(String, String)> = Vec::new();
    for item in tree.items() {
        let source = item.syntax().text().to_string();
        match &item {
            ast::Item::Fn(function) => {
                let name = function.name().map(|name| name.text().to_owned()).unwrap_or_default();
                match functions.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, clauses)) => {
                        clauses.push('\n');
                        clauses.push_str(&source);
                    }
                    None => functions.push((name, source)),
                }
            }
            _ => {
                first.push_str(&source);
                first.push('\n');
            }
        }
    }
    functions.reverse();
    let functions: Vec<String> = functions.into_iter().map(|(_, text)| text).collect();
    first + &functions.join("\n") + "\n"
}

/// Programs of the suite without problems, with their schemes.
fn accepted() -> impl Iterator<Item = (String, String, Vec<(Name, String)>)> {
    let chosen = ["types/", "traits/", "names/", "modules/", "programs/"];
    suite::single_files().into_iter().filter_map(move |(name, text)| {
        if text.contains("# expect_error") || !chosen.iter().any(|folder| name.starts_with(folder)) {
            return None;
        }
        let db = TestDb::with_files(&[(String::new(), text.clone())]);
        (db.problems().is_empty() && db.syntax_errors().is_empty()).then(|| {
            let schemes = all_schemes(&db);
            (name, text, schemes)
        })
    })
}

#[test]
fn inference_depends_neither_on_the_order_of_items_nor_on_unused_ones() {
    let mut count = 0;
    for (name, text, schemes) in accepted() {
        count += 1;
        let db = TestDb::with_files(&[(String::new(), reversed(&text))]);
        assert_eq!(render(&db.problems()), "", "{name} reversed");
        assert_eq!(all_schemes(&db), schemes, "{name} reversed");
        let more = format!(
            "{text}\nunused99(q, w) = q.map(e => e.reverse()).length() + w\ntype Unused99 = Unused98 | Unused97(Int)\n"
        );
        let db = TestDb::with_files(&[(String::new(), more)]);
        assert_eq!(render(&db.problems()), "", "{name} with unused items");
        let mut after = all_schemes(&db);
        after.retain(|(name, _)| name != "unused99");
        assert_eq!(after, schemes, "{name} with unused items");
    }
    assert!(count > 250, "only {count} programs");
}

#[test]
fn inference_does_not_depend_on_the_names_of_files() {
    let chain = |names: [&str; 4]| {
        let [top, mid, low, user] = names;
        let files = [
            (format!("{top}.nos"), format!("use {mid}.*\npub top(xs) = mid(xs, x => x * 2)\n")),
            (format!("{mid}.nos"), format!("use {low}.*\npub mid(c, k) = low(c, k)\npub again(n) = tick(n)\n")),
            (
                format!("{low}.nos"),
                format!(
                    "use {mid}.*\npub low(c, k) = c.map(k).reverse()\npub tick(n) = if n < 1 then [] else [n] ++ \
                     again(n - 1)\n"
                ),
            ),
            (format!("{user}.nos"), format!("use {top}.*\npub both() = (top([1]), top([1.5]))\n")),
        ];
        let db = TestDb::with_files(&files);
        assert_eq!(render(&db.problems()), "", "{names:?}");
        let scheme = |module: &str, name: &str| {
            let def = db.bodies(&Name::from(module)).into_iter().find(|def| def.name() == name).expect("it is defined");
            let signature = crate::signature(&db, DefId::new(&db, def)).clone().expect("it has a scheme");
            print::scheme(&signature)
        };
        [scheme(top, "top"), scheme(mid, "mid"), scheme(mid, "again"), scheme(low, "tick"), scheme(user, "both")]
    };
    let expected = chain(["a", "b", "c", "d"]);
    for names in [["d", "c", "b", "a"], ["b", "d", "a", "c"], ["c", "a", "d", "b"], ["z", "a", "y", "b"]] {
        assert_eq!(chain(names), expected, "{names:?}");
    }
}

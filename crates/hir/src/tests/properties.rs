//! What holds for every text: layout means nothing, old answers are forgotten, a body is nobody's business.
//!
//! The texts are all sources of the repository, random programs, and random damage of both.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use base_db::{DefId, DefName, Name};
use proptest::{prelude::*, sample::Index};
use syntax::{
    SyntaxElement, SyntaxKind, SyntaxNode,
    ast::{self, AstNode as _},
};

use super::TestDb;
use crate::{collect::collect, item_tree::ItemTree, lower::lower_body, query, template::FileDefinitions};

/// The correct sources below `folder`.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn read(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable entry").path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                read(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "nos") {
                let text = std::fs::read_to_string(&path).expect("readable source");
                if syntax::parse(&text).errors().is_empty() {
                    sources.push((path, text));
                }
            }
        }
    }
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder), &mut sources);
    assert!(!sources.is_empty(), "no sources in {folder}");
    sources
}

/// Items and bodies of a text, as plain functions give them.
fn meaning(text: &str) -> (Arc<ItemTree>, Vec<(DefName, String)>) {
    let parse = syntax::parse(text);
    let root = parse.syntax();
    let module = Name::from("main");
    let collected = collect(&parse, &module, &FileDefinitions::of(&parse.tree(), &module));
    let mut bodies: Vec<(DefName, String)> = collected
        .index
        .definitions
        .iter()
        .map(|(def, places)| {
            let trees = places.iter().filter_map(|place| Some(place.try_to_node(&root)?.green().into_owned()));
            let body = lower_body(def, &trees.collect::<Vec<_>>(), &[]);
            (def.clone(), format!("{body:?}"))
        })
        .collect();
    bodies.sort();
    (collected.tree, bodies)
}

/// Without what layout may change in the text of a quote: space and separators.
fn without_layout(body: &str) -> String {
    body.replace("\\n", "").chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | ';' | '|')).collect()
}

/// The laid out text means what the text means.
#[track_caller]
fn check_layout(what: &str, text: &str) {
    let laid_out = syntax::format(&syntax::parse(text)).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
    let ((items, bodies), (laid_out_items, laid_out_bodies)) = (meaning(text), meaning(&laid_out));
    assert!(items == laid_out_items, "{what}: other items\n{laid_out}");
    assert_eq!(bodies.len(), laid_out_bodies.len(), "{what}");
    for ((def, body), (_, laid_out_body)) in bodies.iter().zip(&laid_out_bodies) {
        assert_eq!(without_layout(body), without_layout(laid_out_body), "{what}: {def}\n{laid_out}");
    }
}

#[test]
fn layout_means_nothing() {
    for folder in ["test-data/suite", "test-data/parser/ok", "crates/stdlib/lib", "examples"] {
        for (path, text) in sources(folder) {
            check_layout(&path.display().to_string(), &text);
        }
    }
}

#[test]
fn layout_of_random_programs_means_nothing() {
    for seed in 0..60 {
        for (path, text) in test_fixture::Program::random(seed).files() {
            if path.ends_with(".nos") {
                check_layout(&format!("seed {seed}, {path}"), &text);
            }
        }
    }
}

/// Pieces that damage: brackets, keywords, line ends, names.
const PIECES: [&str; 24] = [
    "",
    "",
    " ",
    "\n",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "=",
    "x",
    "X",
    "1",
    ",",
    "|",
    "->",
    "end\n",
    "pub ",
    "\nf(x) = x\n",
    "if ",
    "# ",
    "type T = A | B\n",
];

/// Replaces some bytes of `text` by a piece.
fn damaged(text: &str, at: Index, len: usize, piece: Index) -> String {
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let start = at.index(boundaries.len());
    let end = (start + len).min(boundaries.len() - 1);
    format!("{}{}{}", &text[..boundaries[start]], piece.get(&PIECES), &text[boundaries[end]..])
}

/// Items and bodies as queries answer.
fn answers(db: &TestDb) -> (ItemTree, Vec<(DefName, String)>) {
    let file = db.file("main.nos");
    let mut defs: Vec<DefName> = query::collected(db, file).index.definitions.keys().cloned().collect();
    defs.sort();
    let bodies = defs.into_iter().map(|def| {
        let body = query::body(db, DefId::new(db, def.clone()));
        (def, format!("{body:?}"))
    });
    (ItemTree::clone(query::item_tree(db, file)), bodies.collect())
}

/// One program with most kinds of items and expressions.
const PROGRAM: &str = include_str!("../../../../examples/shapes.nos");

/// Places of tokens in bodies of functions that an edit may change without changing an item: numbers, and names that
/// are part of no path.
fn places_in_bodies(text: &str) -> Vec<std::ops::Range<usize>> {
    let root = syntax::parse(text).syntax();
    let bodies = root.descendants().filter_map(ast::FnDef::cast).filter_map(|def| def.body());
    let tokens = bodies.flat_map(|body| {
        let tokens = body.syntax().descendants_with_tokens().filter_map(SyntaxElement::into_token);
        tokens.collect::<Vec<_>>()
    });
    let alone = |node: Option<SyntaxNode>| {
        let outer = node.and_then(|node| node.parent());
        outer.is_none_or(|outer| !matches!(outer.kind(), SyntaxKind::FIELD_EXPR | SyntaxKind::METHOD_CALL))
    };
    let editable = tokens.filter(|token| match token.kind() {
        SyntaxKind::INT => token.parent().is_some_and(|node| node.kind() == SyntaxKind::LITERAL),
        SyntaxKind::IDENT => {
            token.parent().is_some_and(|node| node.kind() == SyntaxKind::NAME_EXPR) && alone(token.parent())
        }
        _ => false,
    });
    editable.map(|token| token.text_range().into()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn queries_forget_what_they_knew(
        edits in prop::collection::vec((any::<Index>(), 0..20usize, any::<Index>()), 1..8)
    ) {
        let mut text = PROGRAM.to_owned();
        let mut warm = TestDb::new("");
        warm.set("main.nos", &text);
        answers(&warm);
        for (at, len, piece) in edits {
            text = damaged(&text, at, len, piece);
            warm.set("main.nos", &text);
            let mut cold = TestDb::new("");
            cold.set("main.nos", &text);
            prop_assert_eq!(answers(&warm), answers(&cold), "{}", text);
        }
    }

    #[test]
    fn typing_in_a_body_changes_no_item(place in any::<Index>(), typed in prop::sample::select(vec![
        "7", "other", "(a + 1)", "{ y = 2\n y }", "if a then b else c", "x => x", "\"t ${a}\"", "[1, 2]", "match a { 1 -> 2 }",
    ])) {
        let places = places_in_bodies(PROGRAM);
        let mut text = PROGRAM.to_owned();
        text.replace_range(place.get(&places).clone(), typed);
        let (before, after) = (meaning(PROGRAM), meaning(&text));
        prop_assert!(before.0 == after.0, "{}", text);
        prop_assert!(before.1 != after.1, "the edit reached no body\n{}", text);
    }
}

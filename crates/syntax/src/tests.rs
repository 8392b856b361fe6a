//! Tests of lexer, parser and tree on whole files.
//!
//! `test-data/parser/{ok,err}/*.nos` each have a snapshot `.rast` with tree and errors. A missing snapshot is written
//! and the test fails once; `UPDATE_EXPECT=1` rewrites them. Read a snapshot before you accept it.

use crate::{Parse, SyntaxKind, WalkEvent, ast, ast::AstNode as _, dump, parse};
use expect_test::expect_file;
use proptest::prelude::*;
use std::{fs, path::PathBuf};

fn cases(folder: &str) -> Vec<(PathBuf, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-data/parser").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.expect("readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nos"))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).expect("readable case"))).collect()
}

/// Properties of every tree: it contains the text, it is bounded, and its errors lie within the text.
fn check_invariants(text: &str) -> Parse {
    let parse = parse(text);
    assert_eq!(parse.syntax().text().to_string(), text);
    let mut depth = 0;
    for event in parse.syntax().preorder() {
        match event {
            WalkEvent::Enter(_) => depth += 1,
            WalkEvent::Leave(_) => depth -= 1,
        }
        assert!(depth <= crate::MAX_TREE_DEPTH);
    }
    for error in parse.errors() {
        assert!(usize::from(error.range.end()) <= text.len(), "{error:?}");
        assert!(!error.message.ends_with('.'), "{error:?}");
    }
    parse
}

fn check_snapshots(folder: &str, has_errors: bool) {
    let mut missing = Vec::new();
    for (path, text) in cases(folder) {
        let parse = check_invariants(&text);
        assert_eq!(!parse.errors().is_empty(), has_errors, "{}: {:#?}", path.display(), parse.errors());
        let snapshot = path.with_extension("rast");
        if !snapshot.exists() {
            fs::write(&snapshot, dump(&parse)).expect("writable snapshot");
            missing.push(snapshot);
            continue;
        }
        expect_file![snapshot].assert_eq(&dump(&parse));
    }
    assert!(missing.is_empty(), "new snapshots were written, read them: {missing:#?}");
}

#[test]
fn valid_files() {
    check_snapshots("ok", false);
}

#[test]
fn broken_files() {
    check_snapshots("err", true);
}

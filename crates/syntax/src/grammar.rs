//! The grammar of the language as a recursive-descent parser.
//!
//! Input: a [`Parser`] in front of some construct. Output: its events and errors. One function for each rule; those
//! for expressions, patterns and types always leave exactly one node, an `ERROR_*` node if there is nothing to read.
//!
//! Invariant: a broken construct ends at the next separator of the list that contains it, at the end of its line or
//! at the next item, whichever comes first, so that its neighbours are read as if it were whole.

mod control;
mod expressions;
mod foreign;
pub(crate) mod items;
mod patterns;
mod statements;
mod types;

use crate::{SyntaxKind, parser::Parser};
use SyntaxKind::*;

/// What [`list`] needs to know about a bracketed, comma-separated list.
#[derive(Clone, Copy)]
struct List {
    close: SyntaxKind,
    /// The closer in words.
    close_text: &'static str,
    /// One element in words, with article.
    element: &'static str,
    /// The whole in words, plural.
    what: &'static str,
    multiline: bool,
    trailing_comma: bool,
}

/// Reads the elements and the closer of a list whose opener is the current token.
///
/// `can_start` tells whether an element may begin at the current token. `stop` ends the list before the closer
/// (the `|` of lists); the caller then reads on and closes.
fn list_until(
    p: &mut Parser<'_>,
    spec: List,
    can_start: impl Fn(&Parser<'_>) -> bool,
    stop: Option<SyntaxKind>,
    mut element: impl FnMut(&mut Parser<'_>),
) -> bool {
    let open = p.pos();
    p.bump();
    let closed_at = p.partner(open);
    let stop = stop.unwrap_or(spec.close);
    let mut line_reported = spec.multiline;
    p.inside(|p| {
        loop {
            if p.at_end() {
                unclosed(p, open, spec.close_text);
                return true;
            }
            // An element with a mistake took the closer for its own.
            if closed_at.is_some_and(|close| p.pos() > close) {
                return true;
            }
            if p.newline() && !line_reported && closed_at.is_some() {
                p.error(format!("{} must stand on one line", spec.what));
                line_reported = true;
            }
            if p.closes_outer(open) {
                unclosed(p, open, spec.close_text);
                return true;
            }
            if p.at(spec.close) {
                p.bump();
                return true;
            }
            if p.at(stop) {
                return false;
            }
            let next_binding = p.at_next_binding() && !p.indented();
            if p.newline() && closed_at.is_none() && (!can_start(p) || next_binding) {
                unclosed(p, open, spec.close_text);
                return true;
            }
            if p.at(COMMA) {
                p.expected(spec.element);
                while p.at(COMMA) {
                    p.bump();
                }
                continue;
            }
            let before = p.pos();
            if can_start(p) {
                element(p);
            } else {
                p.expected(spec.element);
            }
            if p.pos() == before {
                match closed_at {
                    Some(close) => p.skip_until(ERROR, |p| p.pos() >= close || p.at(COMMA)),
                    None => return true,
                }
            }
            if p.at(COMMA) {
                let comma = p.pos();
                p.bump();
                if p.at(spec.close) && !spec.trailing_comma {
                    p.error_at(comma, format!("{} do not end with a comma", spec.what)).help("remove the comma");
                }
                continue;
            }
            if p.at(spec.close) || p.at(stop) {
                continue;
            }
            if closed_at.is_none() && (p.newline() || p.at_end()) {
                unclosed(p, open, spec.close_text);
                return true;
            }
            let Some(close) = closed_at else {
                p.expected(&format!("`,` or {}", spec.close_text));
                return true;
            };
            let skip = stray_in_list(p, spec);
            if skip || !can_start(p) {
                p.skip_until(ERROR, |p| p.pos() >= close || p.at(COMMA));
                p.eat(COMMA);
            }
        }
    })
}

/// Something other than a comma or the closer follows an element; `true` if the rest of the element is nonsense.
fn stray_in_list(p: &mut Parser<'_>, spec: List) -> bool {
    match p.current() {
        EQ => {
            p.error("an assignment is a statement and cannot stand here")
                .help("put it into a block: `{ x = … }`; to compare write `==`");
        }
        SEMICOLON => {
            p.error(format!("{} are separated by `,`", spec.what));
        }
        FOR_KW => {
            p.error("there are no comprehensions").help("write `list.map(x => …)` or `list.filter(x => …)`");
            return true;
        }
        L_BRACE if p.pos() > 0 && p.kind_at(p.pos() - 1).is_type_name() => record_braces(p),
        COLON if spec.what == "indices" => {
            p.error("there are no slices").help("write `list.drop(a).take(n)`");
            return true;
        }
        _ if !spec.what.ends_with("patterns") && !p.newline() && foreign::foreign_continuation(p) => return true,
        _ => {
            p.expected(&format!("`,` or {}", spec.close_text));
        }
    }
    false
}

/// `Name{…}` as an expression; the current token is the brace.
fn record_braces(p: &mut Parser<'_>) {
    let name = p.text_at(p.pos() - 1);
    p.error("records are constructed with parentheses").help(format!("write `{name}(field: value)`"));
    let error = p.start();
    p.bump_tree();
    p.complete(error, ERROR);
}

fn list(p: &mut Parser<'_>, spec: List, can_start: impl Fn(&Parser<'_>) -> bool, element: impl FnMut(&mut Parser<'_>)) {
    list_until(p, spec, can_start, None, element);
}

/// Reports an opener without a closer; only the innermost one at a place is reported.
fn unclosed(p: &mut Parser<'_>, open: usize, close_text: &str) {
    let text = p.text_at(open).to_owned();
    p.error_for(open, format!("this `{text}` is never closed")).help(format!("add the missing {close_text}"));
}

/// Builds the node that replaces something nested too deeply, and skips it.
fn too_deep(p: &mut Parser<'_>, kind: SyntaxKind) -> crate::parser::Completed {
    let marker = p.start();
    let mut first = true;
    // `do` and `end` enclose like brackets, but are not paired by the tokens.
    let mut blocks = 0u32;
    while !p.at_end() && (first || blocks > 0 || !p.newline()) {
        first = false;
        match p.current() {
            COMMA | SEMICOLON | R_PAREN | R_BRACKET | R_BRACE | HOLE_CLOSE | END_KW if blocks == 0 => break,
            DO_KW => blocks += 1,
            END_KW => blocks -= 1,
            _ => {}
        }
        p.bump_tree();
    }
    p.complete(marker, kind)
}

//! Blocks and statements.
//!
//! The left side of a plain `=` is read as an expression; its [`Shape`] tells here whether it can be bound or
//! assigned, and the layers above reinterpret it. Only `var` and annotated bindings have patterns.

use super::{
    control::begins_arm,
    expressions::{can_start_expr, expr, required_expr},
    foreign::{expected_after, foreign_continuation, foreign_definition},
    items::{self, item, only_item},
    patterns::{pattern, pattern_end},
    record_braces,
    types::{self, type_end},
    unclosed,
};
use crate::{
    SyntaxKind,
    parser::{Completed, Marker, Parser, Shape},
};
use SyntaxKind::*;

/// `{ Stmt … }`
pub(super) fn block(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let open = p.pos();
    p.bump();
    if matches!(p.current(), COMMA | SEMICOLON | COLON) {
        let text = p.current_text();
        p.error(format!("a block cannot begin with `{text}`")).help("remove it");
        p.bump();
    }
    p.inside(|p| statements(p, open));
    p.complete(marker, BLOCK_EXPR)
}

fn statements(p: &mut Parser<'_>, open: usize) {
    let closed_at = p.partner(open);
    loop {
        while matches!(p.current(), COMMA | SEMICOLON | COLON) {
            p.bump();
        }
        if p.at_end() {
            unclosed(p, open, "`}`");
            return;
        }
        if p.closes_outer(open) {
            unclosed(p, open, "`}`");
            return;
        }
        if p.at(R_BRACE) {
            p.bump();
            return;
        }
        // What continues something outside of this block shows where its brace is missing.
        if closed_at.is_none() && p.newline() && (p.at(ELSE_KW) || begins_arm(p, p.pos())) {
            unclosed(p, open, "`}`");
            return;
        }
        let before = p.pos();
        match p.current() {
            R_PAREN | R_BRACKET | HOLE_CLOSE | STRING_CLOSE if closed_at.is_none() => {
                unclosed(p, open, "`}`");
                return;
            }
            R_PAREN | R_BRACKET | HOLE_CLOSE => {
                let text = p.current_text();
                p.error(format!("this `{text}` closes nothing")).help("remove it, or add the bracket it closes");
                let error = p.start();
                p.bump();
                p.complete(error, ERROR);
                continue;
            }
            IMPORT_KW => {
                items::import(p);
                p.skip_until(ERROR, at_statement_end);
            }
            _ if only_item(p) => {
                if closed_at.is_none() && p.newline() {
                    unclosed(p, open, "`}`");
                    return;
                }
                let text = p.current_text();
                p.error(format!("`{text}` cannot stand inside a block")).help("move it to the top level of the file");
                p.nested(item);
            }
            _ => stmt(p, Surroundings::Block),
        }
        if p.pos() == before {
            // The message is there already; the token must not be seen again.
            let error = p.start();
            p.bump();
            p.complete(error, ERROR);
        }
        if !at_statement_end(p) {
            after_statement(p);
        }
    }
}

fn at_statement_end(p: &Parser<'_>) -> bool {
    p.at(R_BRACE) || p.at_end() || p.newline() || matches!(p.current(), COMMA | SEMICOLON | COLON)
}

/// A statement has ended in the middle of a line.
fn after_statement(p: &mut Parser<'_>) {
    let text = p.current_text();
    match p.current() {
        PLUS_EQ | MINUS_EQ | STAR_EQ | SLASH_EQ => {
            let operator = &text[..1];
            p.error(format!("there is no operator `{text}`")).help(format!("write `x = x {operator} …`"));
            let error = p.start();
            p.bump();
            if can_start_expr(p) {
                expr(p);
            }
            p.complete(error, ERROR);
        }
        L_BRACE if p.pos() > 0 && p.kind_at(p.pos() - 1).is_type_name() => record_braces(p),
        WHEN_KW => {
            p.error("a local function has no guard").help("use `if` in its body, or move it to the top level");
            p.skip_until(ERROR, at_statement_end);
        }
        R_PAREN | R_BRACKET | HOLE_CLOSE => {}
        EQ => {
            p.error("only one `=` can stand in a statement");
            p.mute_line();
            let error = p.start();
            p.bump();
            if can_start_expr(p) {
                expr(p);
            }
            p.complete(error, ERROR);
        }
        FAT_ARROW => {
            foreign_continuation(p);
            let error = p.start();
            p.bump();
            if can_start_expr(p) {
                expr(p);
            }
            p.complete(error, ERROR);
        }
        _ if foreign_continuation(p) => {
            p.mute_line();
            p.skip_until(ERROR, at_end_of_skipping);
        }
        _ => {
            expected_after(p, "a new line or `;` between statements");
            p.mute_line();
            if can_start_expr(p) {
                stmt(p, Surroundings::Block);
            }
            p.skip_until(ERROR, at_end_of_skipping);
        }
    }
}

/// Where a statement ends, or a bracket around the block does.
fn at_end_of_skipping(p: &Parser<'_>) -> bool {
    at_statement_end(p) || matches!(p.current(), R_PAREN | R_BRACKET | HOLE_CLOSE)
}

/// What a statement belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    Block,
    Arm,
    Do,
}

/// `Stmt`
pub(super) fn stmt(p: &mut Parser<'_>, surroundings: Surroundings) {
    if p.at(VAR_KW) {
        let marker = p.start();
        p.bump();
        let_rest(p, marker);
        return;
    }
    if is_typed_binding(p) || (surroundings == Surroundings::Do && is_pattern_binding(p)) {
        let marker = p.start();
        let_rest(p, marker);
        return;
    }
    if surroundings == Surroundings::Block && (foreign_word(p) || unfinished_binding(p)) {
        return;
    }
    if surroundings == Surroundings::Block && no_statement(p) {
        return;
    }
    let line_starts_with = p.pos();
    let lhs = expr(p);
    let annotated = p.at_same_line(ARROW) && lhs.shape == Shape::Function;
    if !annotated && !p.at_same_line(EQ) {
        return;
    }
    let marker = p.precede(lhs);
    types::ret_type(p);
    if lhs.shape == Shape::Value {
        not_assignable(p, lhs, line_starts_with);
    }
    if p.at_same_line(EQ) {
        bound_value(p);
    } else {
        p.expected("`=` and the body of the function");
        p.missing(ERROR_EXPR);
    }
    while lhs.shape == Shape::Conditional && p.at(ELSE_KW) {
        let part = p.start();
        p.bump();
        required_expr(p, "the branch after `else`");
        if p.at_same_line(EQ) {
            bound_value(p);
        }
        p.complete(part, ELSE_PART);
    }
    p.complete(marker, BIND_STMT);
}

/// `= Expr`; the current token is the `=`.
fn bound_value(p: &mut Parser<'_>) {
    p.bump();
    if p.operand_missing() {
        p.expected("a value");
        p.missing(ERROR_EXPR);
    } else {
        required_expr(p, "a value");
    }
}

/// Reports a line of a block that cannot begin a statement, and skips it.
fn no_statement(p: &mut Parser<'_>) -> bool {
    let kind = p.current();
    if can_start_expr(p) || kind.is_reserved() || matches!(kind, PLUS | CARET) {
        return false;
    }
    let text = p.current_text();
    if matches!(kind, PIPE | OR_OR) {
        p.error("parameters do not stand between bars").help("a function is written `x => …` or `(a, b) => …`");
    } else {
        p.error(format!("expected a statement, found `{text}`"));
    }
    let from = p.pos();
    p.skip_until(ERROR, |p| p.pos() > from && (p.newline() || at_separator(p)));
    true
}

fn at_separator(p: &Parser<'_>) -> bool {
    matches!(p.current(), R_BRACE | COMMA | SEMICOLON)
}

/// The left side of `=` is nothing that can be bound or assigned.
fn not_assignable(p: &mut Parser<'_>, lhs: Completed, from: usize) {
    let to = p.pos().saturating_sub(1);
    let help = match lhs.kind {
        TRY_EXPR => "an assignment in `try` needs braces: `try { x = … }`",
        WHILE_EXPR | FOR_EXPR => "an assignment as the body of a loop needs braces: `{ x = … }`",
        LAMBDA => "an assignment as the body of a function needs braces: `x => { y = … }`",
        CALL_EXPR | CONSTRUCT_EXPR => "parameters and fields on the left of `=` must be patterns",
        MAP_EXPR | SET_EXPR | BLOCK_EXPR => "such a pattern can only stand after `var` or before `: Type =`",
        _ => "to compare two values write `==`",
    };
    p.error_range(from, to, "this cannot stand on the left of `=`").help(help);
    p.mute_line();
}

/// After `var`, or at the start of an annotated binding.
fn let_rest(p: &mut Parser<'_>, marker: Marker) {
    pattern(p);
    if p.at_same_line(COLON) {
        p.bump();
        types::ty(p);
    }
    if p.at_same_line(EQ) {
        bound_value(p);
    } else {
        if matches!(p.current(), PLUS_EQ | MINUS_EQ | STAR_EQ | SLASH_EQ) {
            after_statement(p);
        } else {
            p.expected("`=` and a value");
        }
        p.missing(ERROR_EXPR);
    }
    p.complete(marker, LET_STMT);
}

/// `Pattern ":" Type "="`
fn is_typed_binding(p: &Parser<'_>) -> bool {
    let at = p.pos();
    if p.current().is_name() && !matches!(p.nth(1), COLON | PIPE) {
        return false;
    }
    pattern_end(p, at).is_some_and(|colon| {
        p.kind_at(colon) == COLON
            && !p.tokens.newline_before(colon)
            && type_end(p, colon + 1).is_some_and(|eq| p.kind_at(eq) == EQ && !p.tokens.newline_before(eq))
    })
}

/// In `do` the left side is a pattern; forms that are also expressions are read as such, like in a block.
fn is_pattern_binding(p: &Parser<'_>) -> bool {
    matches!(p.current(), PERCENT | HASH_BRACE | L_BRACE | CARET)
        && pattern_end(p, p.pos()).is_some_and(|eq| p.kind_at(eq) == EQ && !p.tokens.newline_before(eq))
}

/// `let x = …`: reports the word and takes it away.
pub(super) fn foreign_word(p: &mut Parser<'_>) -> bool {
    let follows = p.nth(1);
    if !p.at(IDENT)
        || p.tokens.newline_before(p.pos() + 1)
        || !(follows.is_name() || follows.is_type_name() || follows == VAR_KW)
    {
        return false;
    }
    let word = p.current_text();
    let Some(help) = foreign_definition(word) else { return false };
    p.error(format!("`{word}` is not a keyword")).help(help);
    let error = p.start();
    p.bump();
    p.complete(error, ERROR);
    if !p.at(VAR_KW) && !matches!(p.nth(1), EQ | COLON | L_PAREN | L_BRACKET) {
        p.skip_until(ERROR, |p| p.newline() || p.at(R_BRACE));
    } else {
        stmt(p, Surroundings::Block);
    }
    true
}

/// `name: Type = …` where the type is written in a way that only other languages have.
fn binding_with_bad_type(p: &Parser<'_>) -> bool {
    let start = p.pos() + 2;
    let kind = p.kind_at(start);
    (kind.is_type_name() || kind.is_name() || matches!(kind, L_PAREN | L_BRACKET))
        && !p.tokens.newline_before(start)
        && (start + 1..start + 16)
            .take_while(|&at| {
                !p.tokens.newline_before(at) && !matches!(p.kind_at(at), COMMA | R_BRACE | SEMICOLON | EOF)
            })
            .any(|at| p.kind_at(at) == EQ)
}

/// `x: Int` without a value, and `{x: 1}` meant as a record.
fn unfinished_binding(p: &mut Parser<'_>) -> bool {
    let at = p.pos();
    if !p.current().is_name() || p.nth(1) != COLON || p.tokens.newline_before(at + 1) {
        return false;
    }
    if p.nth(2) == EQ && p.touches_previous(at + 2) {
        p.error_range(at + 1, at + 2, "there is no operator `:=`").help("write `x = …`, or `var x = …` if it changes");
        let marker = p.start();
        pattern(p);
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
        bound_value(p);
        p.complete(marker, LET_STMT);
        return true;
    }
    if binding_with_bad_type(p) {
        let marker = p.start();
        let_rest(p, marker);
        return true;
    }
    let ends = |end: usize| p.tokens.newline_before(end) || matches!(p.kind_at(end), R_BRACE | COMMA | SEMICOLON | EOF);
    let name = p.current_text();
    let mut first = at + 2;
    while matches!(p.kind_at(first), L_PAREN | L_BRACKET) {
        first += 1;
    }
    let is_type = p.kind_at(first).is_type_name() && type_end(p, at + 2).is_some_and(ends);
    if !is_type && ends(at + 2) {
        // `a:` is a statement and a separator.
        return false;
    }
    let marker = p.start();
    if is_type {
        let end = type_end(p, at + 2).unwrap_or(at + 2);
        p.error_range(at, end - 1, format!("the binding of `{name}` needs a value"))
            .help("add `= …`, or remove the line");
        pattern(p);
        p.bump();
        types::ty(p);
        p.missing(ERROR_EXPR);
    } else {
        p.error_range(at, at + 1, "braces make a block here, not a record")
            .help("write `Name(field: value)` for a record or `%{key: value}` for a map");
        pattern(p);
        p.bump();
        expr(p);
    }
    p.complete(marker, LET_STMT);
    // One message for all the fields.
    while p.at_same_line(COMMA) && p.nth(1).is_name() && p.nth(2) == COLON && !is_type {
        p.bump();
        if is_typed_binding(p) {
            break;
        }
        let marker = p.start();
        pattern(p);
        p.bump();
        expr(p);
        p.complete(marker, LET_STMT);
    }
    true
}

//! Expressions that begin with a keyword: conditions, `match` and its arms, exceptions, loops, processes, quotes.

use super::{
    expressions::{can_start_expr, close_all, expr, parenthesized, required_expr},
    patterns::{self, pattern, pattern_end},
    statements::{Surroundings, block, stmt},
    unclosed,
};
use crate::{
    SyntaxKind,
    parser::{Completed, Context, Parser, Shape},
};
use SyntaxKind::*;

pub(super) fn if_expr(p: &mut Parser<'_>) -> Completed {
    // `else if` is a loop: chains may be longer than the stack is deep.
    let mut markers = Vec::new();
    loop {
        let marker = p.start();
        p.bump();
        let had_then = {
            required_expr(p, "a condition");
            p.eat(THEN_KW)
        };
        if p.at_same_line(COLON) && !had_then {
            p.error("a condition is followed by `then`, not `:`").help("write `if c then a else b`, or `if c { a }`");
            p.bump();
        }
        let branch = if matches!(p.current(), ELSE_KW) || !can_start_expr(p) || p.at_next_item() {
            let mut error = p.expected("the branch for a true condition");
            if !had_then {
                error.note("without `then` a branch that begins with `(`, `[` or `-` is read as part of the condition");
            }
            p.missing(ERROR_EXPR)
        } else {
            expr(p)
        };
        if p.at(IDENT) && matches!(p.current_text(), "elif" | "elsif" | "elseif") && p.nth(1) != EQ {
            let word = p.current_text();
            p.error(format!("there is no `{word}`")).help("write `else if`");
            markers.push(marker);
            continue;
        }
        if !p.eat(ELSE_KW) {
            let assignable = matches!(branch.shape, Shape::Pattern | Shape::Place | Shape::Conditional);
            let shape = if assignable { Shape::Conditional } else { Shape::Value };
            let inner = p.complete(marker, IF_EXPR).with_shape(shape);
            let alone = markers.is_empty();
            let outer = close_all(p, markers, IF_EXPR, inner);
            return if alone { inner } else { outer };
        }
        markers.push(marker);
        if p.at(IF_KW) {
            continue;
        }
        let last = required_expr(p, "the branch after `else`");
        return close_all(p, markers, IF_EXPR, last);
    }
}

pub(super) fn match_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    if p.at(L_BRACE) && begins_arm(p, p.pos() + 1) {
        p.expected("the value to match").help("write `match value { pattern -> … }`");
        p.missing(ERROR_EXPR);
    } else {
        required_expr(p, "the value to match");
    }
    arm_list(p, Arms::Match);
    p.complete(marker, MATCH_EXPR)
}

pub(super) fn receive_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    if p.at_same_line(L_PAREN) {
        p.error("`receive` takes no argument").help("write `receive { pattern -> … }`");
        let error = p.start();
        p.bump_tree();
        p.complete(error, ERROR);
        if p.at(L_BRACE) {
            arm_list(p, Arms::Receive);
        }
    } else {
        arm_list(p, Arms::Receive);
    }
    p.complete(marker, RECEIVE_EXPR)
}

pub(super) fn try_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    required_expr(p, "the expression to try");
    if p.at(CATCH_KW) {
        let clause = p.start();
        p.bump();
        if !p.at(L_BRACE) && !p.newline() && !p.at_end() {
            p.error("`catch` is followed by arms in braces").help("write `catch { error -> … }`");
            let error = p.start();
            p.bump_tree();
            p.complete(error, ERROR);
            if p.at(L_BRACE) {
                handler_block(p);
            } else if p.at(ARROW) {
                p.bump();
                expr(p);
            }
        } else {
            arm_list(p, Arms::Catch);
        }
        p.complete(clause, CATCH_CLAUSE);
    }
    if p.at(FINALLY_KW) {
        let clause = p.start();
        p.bump();
        required_expr(p, "the expression of `finally`");
        p.complete(clause, FINALLY_CLAUSE);
    }
    p.complete(marker, TRY_EXPR)
}

/// The braces after `catch (e)`, which hold arms or plain statements; the mistake is reported already.
fn handler_block(p: &mut Parser<'_>) {
    let arms = pattern_end(p, p.pos() + 1).is_some_and(|end| matches!(p.kind_at(end), ARROW | WHEN_KW));
    if arms {
        arm_list(p, Arms::Catch);
    } else {
        block(p);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arms {
    Match,
    Catch,
    Receive,
}

/// `nl "{" Arm { Arm } … "}"`
fn arm_list(p: &mut Parser<'_>, arms: Arms) {
    if !p.at(L_BRACE) {
        p.expected("`{` and the arms").help(match arms {
            Arms::Match => "write `match value { pattern -> … }`",
            Arms::Catch => "write `catch { pattern -> … }`",
            Arms::Receive => "write `receive { pattern -> … }`",
        });
        arms_without_brace(p);
        return;
    }
    let marker = p.start();
    let open = p.pos();
    p.bump();
    let empty = p.at(R_BRACE);
    p.inside(|p| {
        loop {
            if p.at_end() {
                unclosed(p, open, "`}`");
                break;
            }
            if p.closes_outer(open) {
                unclosed(p, open, "`}`");
                break;
            }
            if p.at(R_BRACE) {
                p.bump();
                break;
            }
            if p.partner(open).is_none() && p.newline() && begins_binding(p) {
                unclosed(p, open, "`}`");
                break;
            }
            let before = p.pos();
            if p.at(AFTER_KW) && arms == Arms::Receive {
                after_arm(p);
            } else {
                arm(p, open);
            }
            if matches!(p.current(), COMMA | SEMICOLON | PIPE) && !p.newline() {
                p.bump();
            }
            if p.pos() == before {
                let Some(close) = p.partner(open) else {
                    unclosed(p, open, "`}`");
                    break;
                };
                p.skip_until(ERROR, |p| p.pos() == close || (p.pos() > before && p.newline()));
            }
        }
    });
    if empty && arms == Arms::Match {
        p.error_range(open, p.pos().saturating_sub(1), "a `match` needs at least one arm")
            .help("write `pattern -> result`");
    }
    p.complete(marker, ARM_LIST);
}

/// Reads the arms that follow a forgotten `{`, or another word in its place.
fn arms_without_brace(p: &mut Parser<'_>) {
    let marker = p.start();
    if !p.newline() && (p.at(COLON) || p.at(IDENT)) && begins_arm(p, p.pos() + 1) {
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
    }
    let nobody = p.pos();
    while begins_arm(p, p.pos()) && !p.at_next_item() {
        arm(p, nobody);
        if matches!(p.current(), COMMA | SEMICOLON) && !p.newline() {
            p.bump();
        }
    }
    if p.pos() > nobody && p.at(R_BRACE) && p.partner(p.pos()).is_none() {
        p.bump();
    }
    p.complete(marker, ARM_LIST);
}

/// A pattern and an arrow or guard begin at `at`, maybe after a bar.
pub(super) fn begins_arm(p: &Parser<'_>, at: usize) -> bool {
    let at = at + usize::from(p.kind_at(at) == PIPE);
    pattern_end(p, at).is_some_and(|end| matches!(p.kind_at(end), ARROW | WHEN_KW) && !p.tokens.newline_before(end))
}

/// A pattern and `=`: a statement, no arm.
fn begins_binding(p: &Parser<'_>) -> bool {
    pattern_end(p, p.pos()).is_some_and(|end| p.kind_at(end) == EQ)
}

fn arm(p: &mut Parser<'_>, open: usize) {
    if p.at(COMMA) {
        p.error("a line cannot begin with `,`").help("separate arms by new lines");
        p.bump();
    }
    let marker = p.start();
    p.eat(PIPE);
    if p.at(IDENT)
        && p.current_text() == "case"
        && !p.tokens.newline_before(p.pos() + 1)
        && !matches!(p.nth(1), ARROW | WHEN_KW | PIPE | FAT_ARROW | COLON | EQ | IF_KW)
    {
        p.error("arms have no `case`").help("write `pattern -> body`");
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
        p.mute_line();
    }
    if p.at(ELSE_KW) || p.at(AFTER_KW) || !patterns::can_start_pattern(p) && !is_bad_name(p) {
        p.abandon(marker);
        stray_arm(p);
        return;
    }
    pattern(p);
    if p.at(WHEN_KW) && !p.newline() {
        guard(p);
    } else if p.at_same_line(IF_KW) {
        p.error("guards begin with `when`").help("write `pattern when condition -> …`");
        guard(p);
    }
    match p.current() {
        ARROW if !p.newline() => p.bump(),
        COLON if !p.newline() && p.nth(1).is_type_name() => {
            p.error("a pattern of an arm has no type annotation").help("match on a constructor, or annotate a binding");
            p.skip_until(ERROR, |p| p.newline() || matches!(p.current(), ARROW | R_BRACE | COMMA));
            p.eat(ARROW);
        }
        FAT_ARROW | EQ | COLON if !p.newline() => {
            let text = p.current_text();
            p.error(format!("the body of an arm follows `->`, not `{text}`")).help("write `pattern -> body`");
            p.bump();
        }
        _ => {
            p.expected("`->` and the body of the arm");
            p.missing(ERROR_EXPR);
            let close = p.partner(open);
            p.skip_until(ERROR, |p| p.newline() || Some(p.pos()) == close || p.at(R_BRACE) || p.at(COMMA));
            p.complete(marker, MATCH_ARM);
            return;
        }
    }
    let next_arm = p.newline()
        && patterns::alternative_end(p, p.pos())
            .is_some_and(|end| matches!(p.kind_at(end), ARROW | WHEN_KW) && !p.tokens.newline_before(end));
    if next_arm || p.at(R_BRACE) || p.at_end() {
        p.expected("the body of the arm");
        p.missing(ERROR_EXPR);
    } else {
        stmt(p, Surroundings::Arm);
    }
    p.complete(marker, MATCH_ARM);
}

/// A keyword where the name of a pattern belongs.
fn is_bad_name(p: &Parser<'_>) -> bool {
    p.current().is_reserved() && matches!(p.nth(1), ARROW | WHEN_KW | FAT_ARROW)
}

/// Something in a list of arms that begins none.
fn stray_arm(p: &mut Parser<'_>) {
    match p.current() {
        AFTER_KW => {
            p.error("`after` belongs to `receive`");
        }
        ELSE_KW => {
            p.error("a `match` has no `else`").help("write `_ -> …` as the last arm");
        }
        _ => {
            let found = p.current_text();
            p.error(format!("expected an arm `pattern -> body`, found `{found}`"));
        }
    }
    let start = p.pos();
    p.skip_until(ERROR, |p| p.at(R_BRACE) || (p.pos() > start && (p.newline() || p.at(COMMA))));
}

fn after_arm(p: &mut Parser<'_>) {
    let marker = p.start();
    p.bump();
    let context = Context { arrow_ends: true, ..p.context };
    p.with_context(context, |p| required_expr(p, "the time to wait, in milliseconds"));
    if p.at_same_line(ARROW) {
        p.bump();
        required_expr(p, "the body of `after`");
    } else {
        p.expected("`->` and the body of `after`");
        p.missing(ERROR_EXPR);
    }
    p.complete(marker, AFTER_ARM);
    while matches!(p.current(), COMMA | SEMICOLON) {
        p.bump();
    }
    if !p.at(R_BRACE) && !p.at_end() {
        p.error("`after` must be the last arm of `receive`").help("move the other arms in front of it");
    }
}

/// `when Expr`; the current token is the keyword.
pub(super) fn guard(p: &mut Parser<'_>) {
    let marker = p.start();
    p.bump();
    let context = Context { arrow_ends: true, ..p.context };
    p.with_context(context, |p| required_expr(p, "a condition"));
    p.complete(marker, GUARD);
}

pub(super) fn while_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    required_expr(p, "a condition");
    if p.at(DO_KW) && !closes_with_end(p) {
        p.error("`while` has no `do`").help("write `while condition { … }`");
        p.bump();
    }
    required_expr(p, "the body of the loop");
    p.complete(marker, WHILE_EXPR)
}

/// The braces after `do` show that a body in the style of other languages is meant.
fn closes_with_end(p: &Parser<'_>) -> bool {
    p.nth(1) != L_BRACE
}

pub(super) fn for_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    if p.at_same_line(L_PAREN) && p.partner(p.pos()).is_some() {
        p.error("`for` has no parentheses").help("write `for i = first to limit { … }`");
        let error = p.start();
        p.bump_tree();
        p.complete(error, ERROR);
        p.missing(ERROR_EXPR);
        p.missing(ERROR_EXPR);
        required_expr(p, "the body of the loop");
        return p.complete(marker, FOR_EXPR);
    }
    if p.current().is_name() {
        p.bump();
    } else {
        p.expected("the name of the loop variable");
        if !can_start_expr(p) || patterns::can_start_pattern(p) {
            let error = p.start();
            if !p.newline() && !p.at(EQ) && !p.at_end() {
                p.bump_tree();
            }
            p.complete(error, ERROR);
        }
    }
    let in_word = p.at(IDENT) && p.current_text() == "in";
    if in_word {
        p.error("there is no `for … in`")
            .help("write `for i = first to limit { … }` for numbers, or `list.each(x => …)` for a list");
        p.bump();
        expr(p);
        p.missing(ERROR_EXPR);
    } else {
        if !p.eat(EQ) {
            p.expected("`=` and the first value");
        }
        required_expr(p, "the first value");
        if p.eat(TO_KW) {
            required_expr(p, "the limit of the loop");
        } else {
            if matches!(p.current(), DOT_DOT | DOT_DOT_EQ) {
                p.error("the bounds of `for` are joined by `to`").help("write `for i = a to b`; b is excluded");
                p.bump();
                expr(p);
            } else {
                p.expected("`to` and the limit of the loop");
                if !p.newline() && can_start_expr(p) && !p.at(L_BRACE) {
                    expr(p);
                } else {
                    p.missing(ERROR_EXPR);
                }
            }
        }
    }
    required_expr(p, "the body of the loop");
    p.complete(marker, FOR_EXPR)
}

pub(super) fn jump(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let kind = match p.current() {
        RETURN_KW => RETURN_EXPR,
        BREAK_KW => BREAK_EXPR,
        _ => CONTINUE_EXPR,
    };
    p.bump();
    if kind != CONTINUE_EXPR && !p.newline() && can_start_expr(p) {
        expr(p);
    }
    p.complete(marker, kind)
}

/// `spawn` or `quote` with `(e)` or a block on the same line.
pub(super) fn enclosed(p: &mut Parser<'_>, kind: SyntaxKind) -> Completed {
    let marker = p.start();
    let keyword = p.current_text();
    p.bump();
    match p.current() {
        L_BRACE if !p.newline() => {
            block(p);
        }
        L_PAREN if !p.newline() => {
            let at = p.pos();
            let inner = parenthesized(p);
            if inner.kind == TUPLE_EXPR {
                p.error_range(at, p.pos() - 1, format!("`{keyword}` takes one expression"))
                    .help(format!("write `{keyword} {{ … }}`"));
            }
        }
        _ => {
            p.expected("`{` or `(`").help(format!("write `{keyword} {{ … }}`"));
            p.missing(ERROR_EXPR);
        }
    }
    p.complete(marker, kind)
}

pub(super) fn do_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let open = p.pos();
    p.bump();
    p.inside(|p| {
        loop {
            if p.at(END_KW) {
                p.bump();
                break;
            }
            if p.at_end() || p.at_next_item() || matches!(p.current(), R_BRACE | R_PAREN | R_BRACKET | HOLE_CLOSE) {
                p.error_for(open, "this `do` is never closed").help("add the missing `end`");
                break;
            }
            let before = p.pos();
            stmt(p, Surroundings::Do);
            if p.pos() == before {
                p.skip_until(ERROR, |p| p.pos() > before);
            }
        }
    });
    p.complete(marker, DO_EXPR)
}

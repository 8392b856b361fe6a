//! Expressions: operators, members, calls, literals, collections, lambdas.
//!
//! Left recursion is a loop, and so are chains of prefix operators, `::` and `else if`: only brackets, lambdas and
//! bodies recurse.

use super::{
    List, control, foreign, list, list_until,
    patterns::{self, pattern, pattern_end},
    statements::block,
    too_deep,
    types::{self, type_end},
};
use crate::{
    SyntaxKind,
    parser::{Completed, Context, Marker, Parser, Shape},
};
use SyntaxKind::*;

pub(super) const ARGUMENTS: List = List {
    close: R_PAREN,
    close_text: "`)`",
    element: "an argument",
    what: "arguments",
    multiline: true,
    trailing_comma: false,
};

/// The current token may begin an expression.
pub(super) fn can_start_expr(p: &Parser<'_>) -> bool {
    let kind = p.current();
    kind.is_name()
        || kind.is_type_name()
        || is_literal(kind)
        || matches!(
            kind,
            UNDERSCORE
                | MINUS
                | BANG
                | NOT_KW
                | TILDE
                | L_PAREN
                | L_BRACKET
                | L_BRACE
                | HASH_BRACE
                | STRING_OPEN
                | IF_KW
                | MATCH_KW
                | TRY_KW
                | DO_KW
                | WHILE_KW
                | FOR_KW
                | BREAK_KW
                | CONTINUE_KW
                | RETURN_KW
                | SPAWN_KW
                | SPAWN_LINK_KW
                | SPAWN_MONITOR_KW
                | RECEIVE_KW
                | QUOTE_KW
        )
        || (kind == PERCENT && p.nth(1) == L_BRACE)
        || (kind == CARET && p.nth(2) == FAT_ARROW)
}

fn is_literal(kind: SyntaxKind) -> bool {
    (INT..=CHAR).contains(&kind) || matches!(kind, TRUE_KW | FALSE_KW)
}

/// Left and right binding power of a binary operator.
fn binding_power(kind: SyntaxKind) -> Option<(u8, u8)> {
    Some(match kind {
        LEFT_ARROW => (1, 2),
        PIPE_GREATER => (3, 4),
        OR_OR => (5, 6),
        AND_AND => (7, 8),
        EQ_EQ | NOT_EQ | LESS | GREATER | LESS_EQ | GREATER_EQ => (9, 10),
        PLUS_PLUS => (11, 12),
        COLON_COLON => (13, 14),
        PLUS | MINUS => (15, 16),
        STAR | SLASH | PERCENT => (17, 18),
        STAR_STAR => (19, 20),
        _ => return None,
    })
}

/// `Expr`
pub(super) fn expr(p: &mut Parser<'_>) -> Completed {
    p.nested(|p| binary(p, 0)).unwrap_or_else(|| too_deep(p, ERROR_EXPR).with_shape(Shape::Pattern))
}

fn binary(p: &mut Parser<'_>, min: u8) -> Completed {
    let mut lhs = unary(p);
    loop {
        let kind = p.current();
        let Some((left, right)) = binding_power(kind) else { break };
        if left < min || !continues_line(p, kind) {
            break;
        }
        if kind == COLON_COLON {
            lhs = cons_chain(p, lhs, right);
            continue;
        }
        let marker = p.precede(lhs);
        p.bump();
        if kind == PLUS_PLUS && foreign::counts_up(p) {
            p.missing(ERROR_EXPR);
        } else {
            operand(p, right);
        }
        lhs = p.complete(marker, BIN_EXPR);
        if kind == LEFT_ARROW && p.at(LEFT_ARROW) && !p.newline() {
            p.error("`<-` cannot be chained").help("send one message per line");
        }
    }
    lhs
}

/// The right operand of an operator.
fn operand(p: &mut Parser<'_>, power: u8) -> Completed {
    if p.operand_missing() {
        p.expected("an expression");
        return p.missing(ERROR_EXPR);
    }
    foreign::foreign_operator(p);
    binary(p, power)
}

/// An operator at the start of a line continues the expression only if it is `|>`. One that cannot begin a
/// statement is reported and read as if it stood on the line before.
fn continues_line(p: &mut Parser<'_>, kind: SyntaxKind) -> bool {
    if !p.newline() {
        return true;
    }
    if p.context.operator_methods && p.nth(1) == L_PAREN {
        return false;
    }
    match kind {
        PIPE_GREATER => true,
        MINUS => false,
        PERCENT if p.nth(1) == L_BRACE => false,
        _ => {
            let text = p.current_text();
            p.error(format!("a line cannot begin with `{text}`"))
                .help(format!("put `{text}` at the end of the line before"));
            true
        }
    }
}

/// `a :: b :: c`, to the right, without recursion.
fn cons_chain(p: &mut Parser<'_>, first: Completed, power: u8) -> Completed {
    let mut markers = Vec::new();
    let mut last = first;
    while p.at(COLON_COLON) && continues_line(p, COLON_COLON) {
        markers.push(p.precede(last));
        p.bump();
        last = operand(p, power);
    }
    close_all(p, markers, BIN_EXPR, last)
}

/// Closes nested nodes from the inside out.
pub(super) fn close_all(p: &mut Parser<'_>, markers: Vec<Marker>, kind: SyntaxKind, inner: Completed) -> Completed {
    markers.into_iter().rev().fold(inner, |_, marker| p.complete(marker, kind))
}

/// `{ "-" | "!" | "not" } { "~" } Postfix`
fn unary(p: &mut Parser<'_>) -> Completed {
    if !matches!(p.current(), MINUS | BANG | NOT_KW | TILDE | PLUS) {
        return postfix(p);
    }
    let mut markers = Vec::new();
    while matches!(p.current(), MINUS | BANG | NOT_KW | TILDE | PLUS) {
        match p.current() {
            MINUS if is_fused(p) || is_lambda(p) => break,
            PLUS if !prefixes_operand(p) => break,
            PLUS => {
                p.error("there is no prefix `+`").help("leave out the `+`");
                let error = p.start();
                p.bump();
                p.complete(error, ERROR);
            }
            kind => {
                markers.push((p.start(), kind));
                p.bump();
            }
        }
    }
    if !markers.is_empty() && p.operand_missing() {
        p.expected("an expression");
        let mut inner = p.missing(ERROR_EXPR);
        for (marker, kind) in markers.into_iter().rev() {
            inner = p.complete(marker, if kind == TILDE { SPLICE_EXPR } else { PREFIX_EXPR });
        }
        return inner;
    }
    let operand = p.pos();
    let negatable = matches!(p.current(), INT | HEX_INT | BIN_INT);
    let mut inner = postfix(p);
    for (marker, kind) in markers.into_iter().rev() {
        let shape = match kind {
            MINUS if negatable && inner.kind == LITERAL && p.pos() == operand + 1 => Shape::Pattern,
            _ => Shape::Value,
        };
        inner = if kind == TILDE {
            p.complete(marker, SPLICE_EXPR).with_shape(Shape::Pattern)
        } else {
            p.complete(marker, PREFIX_EXPR).with_shape(shape)
        };
    }
    inner
}

/// Something that can be an operand follows the sign.
fn prefixes_operand(p: &Parser<'_>) -> bool {
    let next = p.nth(1);
    next.is_name() || next.is_type_name() || is_literal(next) || matches!(next, L_PAREN | MINUS | PLUS)
}

/// A minus sign and a sized, signed literal that touch are one literal.
fn is_fused(p: &Parser<'_>) -> bool {
    p.at(MINUS) && p.nth(1) == TYPED_INT && p.touches_previous(p.pos() + 1) && !p.text_at(p.pos() + 1).contains('u')
}

fn postfix(p: &mut Parser<'_>) -> Completed {
    let mut lhs = primary(p);
    loop {
        match p.current() {
            L_PAREN if !p.newline() => {
                let marker = p.precede(lhs);
                let patterns = arg_list(p, false);
                let shape = if lhs.kind == NAME_EXPR && patterns { Shape::Function } else { Shape::Value };
                lhs = p.complete(marker, CALL_EXPR).with_shape(shape);
            }
            L_BRACKET if !p.newline() => lhs = brackets(p, lhs),
            DOT => lhs = member(p, lhs),
            QUESTION if !p.newline() => {
                if foreign::is_ternary(p) {
                    p.error("there is no `c ? a : b`").help("write `if c then a else b`");
                    p.mute_line();
                }
                let marker = p.precede(lhs);
                p.bump();
                lhs = p.complete(marker, PROPAGATE_EXPR);
            }
            _ => return lhs,
        }
    }
}

/// `f[T](x)` or `xs[i]`.
fn brackets(p: &mut Parser<'_>, lhs: Completed) -> Completed {
    let open = p.pos();
    let type_applied = p.partner(open).is_some_and(|close| {
        p.kind_at(close + 1) == L_PAREN
            && !p.tokens.newline_before(close + 1)
            && types::brackets_hold_types(p, open, close)
    });
    let marker = p.precede(lhs);
    if type_applied {
        types::type_arg_list(p);
        arg_list(p, false);
        return p.complete(marker, CALL_EXPR);
    }
    let spec = List { close: R_BRACKET, close_text: "`]`", element: "an index", what: "indices", ..ARGUMENTS };
    let mut count = 0;
    list(p, spec, can_start_expr, |p| {
        expr(p);
        count += 1;
    });
    if count == 0 {
        p.error_range(open, p.pos() - 1, "the index is missing").help("write `list[0]`");
    }
    p.complete(marker, INDEX_EXPR).with_shape(Shape::Place)
}

/// `.name`, `.name(…)`, `.0`, `.Name(…)`; the current token is the dot.
fn member(p: &mut Parser<'_>, lhs: Completed) -> Completed {
    let marker = p.precede(lhs);
    p.bump();
    let kind = p.current();
    if p.newline() || p.at_end() {
        p.expected("a name after `.`");
        return p.complete(marker, FIELD_EXPR).with_shape(Shape::Place);
    }
    if kind == INT {
        p.bump();
        return p.complete(marker, FIELD_EXPR);
    }
    if kind.is_id() {
        p.bump();
    } else if kind.is_reserved() || kind.is_name() {
        let text = p.current_text();
        let mut error = p.error(format!("`.{text}` cannot be written: `{text}` is a keyword"));
        if kind.is_name() {
            error.help("match on the record to read the field");
        }
        p.bump();
    } else {
        p.expected("a name after `.`");
        return p.complete(marker, FIELD_EXPR).with_shape(Shape::Place);
    }
    if !p.at_same_line(L_PAREN) {
        return p.complete(marker, FIELD_EXPR).with_shape(Shape::Place);
    }
    let constructor = kind.is_type_name();
    arg_list(p, constructor);
    p.complete(marker, if constructor { CONSTRUCT_EXPR } else { METHOD_CALL })
}

/// `ARG_LIST`; `true` if all arguments can be read as patterns, or as parameters of a local function.
fn arg_list(p: &mut Parser<'_>, construction: bool) -> bool {
    let marker = p.start();
    let spec = List { trailing_comma: construction, ..ARGUMENTS };
    let (mut named, mut positional, mut patterns) = (false, false, true);
    list(p, spec, can_start_arg, |p| {
        let arg = p.start();
        let is_named = is_named_arg(p);
        if is_named {
            if !p.current().is_name() {
                p.expected("the name of an argument");
            }
            p.bump();
            p.bump();
        }
        let value = expr(p);
        if construction || !is_named {
            patterns &= value.shape == Shape::Pattern;
        }
        named |= is_named;
        positional |= !is_named;
        if p.at_same_line(ARROW) && !p.context.arrow_ends {
            p.error("a function type cannot be written in the head of a local function")
                .help("leave the type out, or move the function to the top level");
            types::ret_type(p);
        }
        p.complete(arg, ARG);
    });
    p.complete(marker, ARG_LIST);
    patterns && !(construction && named && positional)
}

fn is_named_arg(p: &Parser<'_>) -> bool {
    (p.current().is_name() || (p.current().is_reserved() && !is_expression_keyword(p.current())))
        && matches!(p.nth(1), COLON | EQ)
        && !p.tokens.newline_before(p.pos() + 1)
}

fn is_expression_keyword(kind: SyntaxKind) -> bool {
    matches!(kind, TRUE_KW | FALSE_KW | NOT_KW | RETURN_KW | BREAK_KW | CONTINUE_KW)
}

fn can_start_arg(p: &Parser<'_>) -> bool {
    can_start_expr(p) || is_named_arg(p)
}

/// A lambda begins here: a pattern, or parameters in parentheses, directly followed by `=>`.
pub(super) fn is_lambda(p: &Parser<'_>) -> bool {
    let at = p.pos();
    if p.context.fat_arrow_ends {
        return false;
    }
    match p.current() {
        // The common short cut: a name that is followed by neither `=>` nor another alternative.
        kind if kind.is_name() && !matches!(p.nth(1), FAT_ARROW | PIPE) => return false,
        L_PAREN => {
            let Some(close) = p.partner(at) else { return false };
            if p.kind_at(close + 1) == ARROW && !p.context.arrow_ends {
                return type_end(p, close + 2).is_some_and(|end| p.kind_at(end) == FAT_ARROW);
            }
        }
        _ => {}
    }
    pattern_end(p, at).is_some_and(|end| p.kind_at(end) == FAT_ARROW && !p.tokens.newline_before(end))
}

fn lambda(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    if p.at(L_PAREN) {
        super::items::param_list(p, false);
        types::ret_type(p);
    } else {
        let params = p.start();
        let param = p.start();
        pattern(p);
        p.complete(param, PARAM);
        p.complete(params, PARAM_LIST);
    }
    if !p.eat(FAT_ARROW) {
        p.expected("`=>`");
    }
    if p.operand_missing() {
        p.expected("the body of the function");
        p.missing(ERROR_EXPR);
    } else {
        required_expr(p, "the body of the function");
    }
    assignment_as_value(p, "the body of a function");
    p.complete(marker, LAMBDA)
}

/// `= e` where an expression has ended but no statement can stand.
pub(super) fn assignment_as_value(p: &mut Parser<'_>, place: &str) {
    if !p.at_same_line(EQ) {
        return;
    }
    p.error(format!("an assignment cannot be {place}")).help("put it into a block: `{ x = … }`");
    let error = p.start();
    p.bump();
    if can_start_expr(p) {
        expr(p);
    }
    p.complete(error, ERROR);
}

fn primary(p: &mut Parser<'_>) -> Completed {
    let kind = p.current();
    match kind {
        IF_KW => return control::if_expr(p),
        MATCH_KW => return control::match_expr(p),
        TRY_KW => return control::try_expr(p),
        DO_KW => return control::do_expr(p),
        RECEIVE_KW => return control::receive_expr(p),
        WHILE_KW => return control::while_expr(p),
        FOR_KW => return control::for_expr(p),
        RETURN_KW | BREAK_KW | CONTINUE_KW => return control::jump(p),
        SPAWN_KW | SPAWN_LINK_KW | SPAWN_MONITOR_KW => return control::enclosed(p, SPAWN_EXPR),
        QUOTE_KW => return control::enclosed(p, QUOTE_EXPR),
        _ => {}
    }
    if is_lambda(p) {
        return lambda(p);
    }
    match kind {
        MINUS => {
            let marker = p.start();
            p.bump();
            patterns::check_number(p, true);
            p.bump();
            p.complete(marker, LITERAL)
        }
        _ if is_literal(kind) => {
            patterns::check_number(p, false);
            let marker = p.start();
            p.bump();
            let plain = !matches!(kind, TYPED_INT | BIG_INT | FLOAT32 | DECIMAL);
            p.complete(marker, LITERAL).with_shape(if plain { Shape::Pattern } else { Shape::Value })
        }
        STRING_OPEN => interpolated(p),
        UNDERSCORE => single(p, WILDCARD_EXPR),
        L_PAREN => parenthesized(p),
        L_BRACKET => list_expr(p),
        L_BRACE => block(p),
        HASH_BRACE => {
            let marker = p.start();
            let spec = List {
                close: R_BRACE,
                close_text: "`}`",
                element: "an element",
                what: "sets",
                trailing_comma: true,
                ..ARGUMENTS
            };
            list(p, spec, can_start_expr, |p| {
                expr(p);
            });
            p.complete(marker, SET_EXPR)
        }
        PERCENT if p.nth(1) == L_BRACE => map_expr(p),
        _ if kind.is_type_name() => constructor(p),
        _ if kind.is_name() => single(p, NAME_EXPR),
        _ => no_expression(p),
    }
}

fn single(p: &mut Parser<'_>, kind: SyntaxKind) -> Completed {
    let marker = p.start();
    p.bump();
    p.complete(marker, kind).with_shape(Shape::Pattern)
}

/// Nothing here begins an expression.
fn no_expression(p: &mut Parser<'_>) -> Completed {
    let kind = p.current();
    let marker = p.start();
    let text = p.current_text();
    let keyword_as_name =
        kind.is_reserved() && !ends_expression(kind) && (!p.newline() || matches!(p.nth(1), EQ | COLON | DOT));
    match kind {
        _ if p.at_end() || p.newline() && !keyword_as_name => {
            p.expected("an expression");
        }
        IMPORT_KW => {
            p.error("`import` is not a form of the language").help("write `use module.*` at the top level");
            p.bump();
        }
        _ if keyword_as_name => {
            p.error(format!("`{text}` is a reserved keyword and cannot be used as a name"));
            p.bump();
        }
        CARET => {
            p.error("`^` is only used in patterns").help("power is `**`");
            bump_with_name(p);
        }
        PIPE | OR_OR => {
            p.error("parameters do not stand between bars").help("a function is written `x => …` or `(a, b) => …`");
            p.mute_line();
            p.bump();
        }
        DOLLAR => {
            p.error("`$` has no meaning outside of strings").help("remove it");
            bump_with_name(p);
        }
        STAR | SLASH | PERCENT | STAR_STAR | EQ_EQ | NOT_EQ | LESS | GREATER | LESS_EQ | GREATER_EQ | AND_AND
        | PLUS_PLUS | COLON_COLON | PIPE_GREATER | LEFT_ARROW => {
            p.expected("an expression").note("this operator needs a left operand");
            p.bump();
            if can_start_expr(p) && !p.newline() {
                p.nested(|p| binary(p, 0));
            }
        }
        DOT if p.nth(1) == INT => {
            p.error("a `Float` needs digits on both sides of the dot").help("write `0.5`");
            p.bump();
            p.bump();
        }
        _ => {
            p.expected("an expression");
        }
    }
    p.complete(marker, ERROR_EXPR).with_shape(Shape::Pattern)
}

/// Consumes a sign, and the name that touches it.
fn bump_with_name(p: &mut Parser<'_>) {
    p.bump();
    if p.current().is_name() && p.touches_previous(p.pos()) {
        p.bump();
    }
}

/// Keywords before which an expression may rightly have been forgotten, and that the surroundings will need.
pub(super) fn ends_expression(kind: SyntaxKind) -> bool {
    matches!(kind, THEN_KW | ELSE_KW | CATCH_KW | FINALLY_KW | END_KW | AFTER_KW | WHEN_KW)
}

fn interpolated(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    while !p.at_end() {
        match p.current() {
            STRING_TEXT => p.bump(),
            HOLE_OPEN => hole(p),
            STRING_CLOSE => {
                p.bump();
                break;
            }
            _ => break,
        }
    }
    p.complete(marker, INTERP_STRING)
}

fn hole(p: &mut Parser<'_>) {
    let marker = p.start();
    let open = p.pos();
    p.bump();
    p.inside(|p| {
        if p.at(HOLE_CLOSE) {
            p.error_range(open, p.pos(), "the hole `${}` is empty")
                .help("write an expression between the braces; the two characters alone are `\"$\" ++ \"{\"`");
            p.missing(ERROR_EXPR);
        } else {
            expr(p);
            if !p.at(HOLE_CLOSE) {
                p.expected("`}`");
                let close = p.partner(open);
                p.skip_until(ERROR, |p| p.at(HOLE_CLOSE) && close.is_none_or(|close| close == p.pos()));
            }
        }
    });
    p.eat(HOLE_CLOSE);
    p.complete(marker, HOLE);
}

/// `()`, `(e)` or a tuple.
pub(super) fn parenthesized(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let mut count = 0;
    let mut shape = Shape::Pattern;
    let mut inner = Shape::Value;
    let spec = List { element: "an expression", what: "tuples", ..ARGUMENTS };
    list(p, spec, can_start_expr, |p| {
        inner = expr(p).shape;
        if inner != Shape::Pattern {
            shape = Shape::Value;
        }
        count += 1;
        if p.at_same_line(COLON) {
            p.error("a type annotation cannot stand here").help("only parameters and bindings have annotations");
            p.bump();
            if types::can_start_type(p) {
                types::ty(p);
            }
        }
    });
    match count {
        0 => p.complete(marker, UNIT_EXPR).with_shape(Shape::Pattern),
        1 => p.complete(marker, PAREN_EXPR).with_shape(shape),
        _ => p.complete(marker, TUPLE_EXPR).with_shape(shape),
    }
}

/// A list, a list with a tail, or a range.
fn list_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let open = p.pos();
    let spec = List { close: R_BRACKET, close_text: "`]`", element: "an element", what: "lists", ..ARGUMENTS };
    let mut shape = Shape::Pattern;
    let mut range = false;
    let mut count = 0;
    let closed = list_until(p, spec, can_start_expr, Some(PIPE), |p| {
        count += 1;
        if expr(p).shape != Shape::Pattern {
            shape = Shape::Value;
        }
        if matches!(p.current(), DOT_DOT | DOT_DOT_EQ) && !p.newline() {
            range = true;
            p.bump();
            expr(p);
        }
    });
    if !closed {
        let tail = p.start();
        p.bump();
        if p.inside(expr).shape != Shape::Pattern {
            shape = Shape::Value;
        }
        p.complete(tail, TAIL);
        patterns::close_list(p, open);
    }
    if range {
        if count > 1 {
            p.error_range(open, p.pos() - 1, "a range must be alone in its brackets")
                .help("write `[a..b]`, and join lists with `++`");
        }
        return p.complete(marker, RANGE_LIST);
    }
    p.complete(marker, LIST_EXPR).with_shape(shape)
}

fn map_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    let spec = List {
        close: R_BRACE,
        close_text: "`}`",
        element: "an entry `key: value`",
        what: "maps",
        trailing_comma: true,
        ..ARGUMENTS
    };
    list(p, spec, can_start_expr, |p| {
        let entry = p.start();
        p.with_context(Context { fat_arrow_ends: true, ..Context::default() }, expr);
        if p.at(COLON) {
            p.bump();
            expr(p);
        } else if matches!(p.current(), FAT_ARROW | EQ | ARROW) {
            p.error("the key and the value of a map entry are separated by `:`").help("write `key: value`");
            p.bump();
            expr(p);
        } else {
            p.expected("`:` and the value of the entry");
            p.missing(ERROR_EXPR);
        }
        p.complete(entry, MAP_ENTRY);
    });
    p.complete(marker, MAP_EXPR)
}

/// `Name` or `Name(…)`.
fn constructor(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    if p.at_same_line(L_PAREN) {
        let patterns = arg_list(p, true);
        let shape = if patterns { Shape::Pattern } else { Shape::Value };
        return p.complete(marker, CONSTRUCT_EXPR).with_shape(shape);
    }
    p.complete(marker, CON_EXPR).with_shape(Shape::Pattern)
}

/// An expression, or a message that says what it would have been.
pub(super) fn required_expr(p: &mut Parser<'_>, what: &str) -> Completed {
    if p.at_next_item() {
        p.expected(what);
        return p.missing(ERROR_EXPR);
    }
    if can_start_expr(p) || is_prefix_like(p.current()) || p.at_same_line(PIPE) {
        return expr(p);
    }
    if p.current().is_reserved() && !ends_expression(p.current()) && !p.newline() {
        return expr(p);
    }
    p.expected(what);
    p.missing(ERROR_EXPR)
}

fn is_prefix_like(kind: SyntaxKind) -> bool {
    binding_power(kind).is_some()
}

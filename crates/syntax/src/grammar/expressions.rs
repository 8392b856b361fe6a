//! Expressions, statements and match arms.

use super::{
    List, list, list_until,
    patterns::{self, pattern, pattern_end},
    too_deep,
    types::{self, type_end},
    unclosed,
};
use crate::{
    SyntaxKind,
    parser::{Completed, Context, Marker, Parser, Shape},
};
use SyntaxKind::*;

const ARGUMENTS: List = List {
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
        binary(p, right);
        lhs = p.complete(marker, BIN_EXPR);
        if kind == LEFT_ARROW && p.at(LEFT_ARROW) && !p.newline() {
            p.error("`<-` cannot be chained").help("send one message per line");
        }
    }
    lhs
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
fn cons_chain(p: &mut Parser<'_>, first: Completed, operand: u8) -> Completed {
    let mut markers = Vec::new();
    let mut last = first;
    while p.at(COLON_COLON) && continues_line(p, COLON_COLON) {
        markers.push(p.precede(last));
        p.bump();
        last = binary(p, operand);
    }
    close_all(p, markers, BIN_EXPR, last)
}

/// Closes nested nodes from the inside out.
fn close_all(p: &mut Parser<'_>, markers: Vec<Marker>, kind: SyntaxKind, inner: Completed) -> Completed {
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
    let operand = p.pos();
    let negatable = matches!(p.current(), INT | HEX_INT | BIN_INT);
    let mut inner = postfix(p);
    for (marker, kind) in markers.into_iter().rev() {
        let shape = match kind {
            MINUS if negatable && inner.kind == LITERAL && p.pos() == operand + 1 => Shape::Pattern,
            _ => Shape::Value,
        };
        inner = p.complete(marker, if kind == TILDE { SPLICE_EXPR } else { PREFIX_EXPR }).with_shape(shape);
    }
    inner
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
    list(p, spec, can_start_expr, |p| {
        expr(p);
    });
    if p.pos() == open + 2 {
        p.error_range(open, open + 1, "the index is missing").help("write `list[0]`");
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
fn is_lambda(p: &Parser<'_>) -> bool {
    let at = p.pos();
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
    expr(p);
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
        IF_KW => return if_expr(p),
        MATCH_KW => return match_expr(p),
        TRY_KW => return try_expr(p),
        DO_KW => return do_expr(p),
        RECEIVE_KW => return receive_expr(p),
        WHILE_KW => return while_expr(p),
        FOR_KW => return for_expr(p),
        RETURN_KW | BREAK_KW | CONTINUE_KW => return jump(p),
        SPAWN_KW | SPAWN_LINK_KW | SPAWN_MONITOR_KW => return enclosed(p, SPAWN_EXPR),
        QUOTE_KW => return enclosed(p, QUOTE_EXPR),
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
    match kind {
        _ if p.newline() || p.at_end() => {
            p.expected("an expression");
        }
        IMPORT_KW => {
            p.error("`import` is not a form of the language").help("write `use module.*` at the top level");
            p.bump();
        }
        _ if is_word(kind) && !ends_expression(kind) => {
            p.error(format!("`{text}` is a keyword and cannot be used as a name"));
            p.bump();
        }
        CARET => {
            p.error("`^` is only used in patterns");
            p.bump();
        }
        DOLLAR => {
            p.error("`$` has no meaning outside of strings");
            p.bump();
        }
        STAR | SLASH | PERCENT | STAR_STAR | EQ_EQ | NOT_EQ | LESS | GREATER | LESS_EQ | GREATER_EQ | AND_AND
        | OR_OR | PLUS_PLUS | COLON_COLON | PIPE_GREATER | LEFT_ARROW => {
            p.expected("an expression").note("this operator needs a left operand");
            p.bump();
            if can_start_expr(p) && !p.newline() {
                p.nested(|p| binary(p, 0));
            }
        }
        _ => {
            p.expected("an expression");
        }
    }
    p.complete(marker, ERROR_EXPR).with_shape(Shape::Pattern)
}

fn is_word(kind: SyntaxKind) -> bool {
    kind.is_reserved()
}

/// Keywords before which an expression may rightly have been forgotten, and that the surroundings will need.
fn ends_expression(kind: SyntaxKind) -> bool {
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
fn parenthesized(p: &mut Parser<'_>) -> Completed {
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
            if count > 1 || range {
                p.error("a range must be alone in its brackets").help("write `[a..b]`, and join lists with `++`");
            }
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
        expr(p);
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

fn if_expr(p: &mut Parser<'_>) -> Completed {
    // `else if` is a loop: chains may be longer than the stack is deep.
    let mut markers = Vec::new();
    loop {
        let marker = p.start();
        p.bump();
        let had_then = {
            required_expr(p, "a condition");
            p.eat(THEN_KW)
        };
        let branch = if matches!(p.current(), ELSE_KW) || !can_start_expr(p) {
            let mut error = p.expected("the branch for a true condition");
            if !had_then {
                error.note("without `then` a branch that begins with `(`, `[` or `-` is read as part of the condition");
            }
            p.missing(ERROR_EXPR)
        } else {
            expr(p)
        };
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

/// An expression, or a message that says what it would have been.
fn required_expr(p: &mut Parser<'_>, what: &str) -> Completed {
    if can_start_expr(p) || is_prefix_like(p.current()) {
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

fn match_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    required_expr(p, "the value to match");
    arm_list(p, Arms::Match);
    p.complete(marker, MATCH_EXPR)
}

fn receive_expr(p: &mut Parser<'_>) -> Completed {
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

fn try_expr(p: &mut Parser<'_>) -> Completed {
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
            if p.at(R_BRACE) {
                p.bump();
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

fn arm(p: &mut Parser<'_>, open: usize) {
    if p.at(COMMA) {
        p.error("a line cannot begin with `,`").help("separate arms by new lines");
        p.bump();
    }
    let marker = p.start();
    p.eat(PIPE);
    if !patterns::can_start_pattern(p) && !is_bad_name(p) {
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
        && pattern_end(p, p.pos())
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
            p.expected("an arm `pattern -> body`");
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

fn while_expr(p: &mut Parser<'_>) -> Completed {
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

fn for_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
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
                p.missing(ERROR_EXPR);
            }
        }
    }
    required_expr(p, "the body of the loop");
    p.complete(marker, FOR_EXPR)
}

fn jump(p: &mut Parser<'_>) -> Completed {
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
fn enclosed(p: &mut Parser<'_>, kind: SyntaxKind) -> Completed {
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

fn do_expr(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let open = p.pos();
    p.bump();
    p.inside(|p| {
        loop {
            if p.at(END_KW) {
                p.bump();
                break;
            }
            if p.at_end() || matches!(p.current(), R_BRACE | R_PAREN | R_BRACKET | HOLE_CLOSE) {
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
        if p.at(R_BRACE) {
            p.bump();
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
            _ if super::items::only_item(p) => {
                if closed_at.is_none() && p.newline() {
                    unclosed(p, open, "`}`");
                    return;
                }
                let text = p.current_text();
                p.error(format!("`{text}` cannot stand inside a block")).help("move it to the top level of the file");
                p.nested(super::items::item);
            }
            _ => stmt(p, Surroundings::Block),
        }
        if p.pos() == before {
            // The message is there already; the token must not be seen again.
            let error = p.start();
            p.bump();
            p.complete(error, ERROR);
        }
        if p.at(R_BRACE) || p.at_end() || p.newline() || matches!(p.current(), COMMA | SEMICOLON | COLON) {
            continue;
        }
        after_statement(p);
    }
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
        L_BRACE if p.pos() > 0 && p.kind_at(p.pos() - 1).is_type_name() => {
            let name = p.text_at(p.pos() - 1);
            p.error("records are constructed with parentheses").help(format!("write `{name}(field: value)`"));
            let error = p.start();
            p.bump_tree();
            p.complete(error, ERROR);
        }
        L_BRACE => {
            p.expected("a new line or `;` between statements");
        }
        R_PAREN | R_BRACKET | HOLE_CLOSE => {}
        EQ => {
            p.error("only one `=` can stand in a statement");
            let error = p.start();
            p.bump();
            if can_start_expr(p) {
                expr(p);
            }
            p.complete(error, ERROR);
        }
        FAT_ARROW => {
            p.error("what stands before `=>` is not a parameter")
                .help("a function is written `x => …` or `(a, b) => …`");
            let error = p.start();
            p.bump();
            if can_start_expr(p) {
                expr(p);
            }
            p.complete(error, ERROR);
        }
        _ => {
            p.expected("a new line or `;` between statements");
            if !can_start_expr(p) && !super::items::only_item(p) {
                p.skip_until(ERROR, |p| p.newline() || matches!(p.current(), R_BRACE | SEMICOLON | COMMA));
            }
        }
    }
}

/// What a statement belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Block,
    Arm,
    Do,
}

/// Words that begin a definition in other languages.
pub(super) fn foreign_definition(word: &str) -> Option<&'static str> {
    Some(match word {
        "let" | "val" => "bindings have no keyword: write `x = …`, or `var x = …` if it changes",
        "fn" | "def" | "func" | "fun" | "function" => "functions have no keyword: write `name(x) = …`",
        "impl" => "write `Type: Trait … end`",
        "struct" | "record" | "class" | "data" => "write `type Name = { field: Type }`",
        "enum" => "write `type Name = A | B(Int)`",
        "interface" | "protocol" => "write `trait Name … end`",
        "mut" => "write `var x = …`",
        _ => return None,
    })
}

/// `Stmt`
fn stmt(p: &mut Parser<'_>, surroundings: Surroundings) {
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
        p.bump();
        required_expr(p, "a value");
    } else {
        p.expected("`=` and the body of the function");
        p.missing(ERROR_EXPR);
    }
    while lhs.shape == Shape::Conditional && p.at(ELSE_KW) {
        let part = p.start();
        p.bump();
        required_expr(p, "the branch after `else`");
        if p.at_same_line(EQ) {
            p.bump();
            required_expr(p, "a value");
        }
        p.complete(part, ELSE_PART);
    }
    p.complete(marker, BIND_STMT);
}

/// The left side of `=` is nothing that can be bound or assigned.
fn not_assignable(p: &mut Parser<'_>, lhs: Completed, from: usize) {
    let to = p.pos().saturating_sub(1);
    let help = match lhs.kind {
        WHILE_EXPR | FOR_EXPR => "an assignment as the body of a loop needs braces: `{ x = … }`",
        LAMBDA => "an assignment as the body of a function needs braces: `x => { y = … }`",
        CALL_EXPR | CONSTRUCT_EXPR => "parameters and fields on the left of `=` must be patterns",
        MAP_EXPR | SET_EXPR | BLOCK_EXPR => "such a pattern can only stand after `var` or before `: Type =`",
        _ => "to compare two values write `==`",
    };
    p.error_range(from, to, "this cannot stand on the left of `=`").help(help);
}

/// After `var`, or at the start of an annotated binding.
fn let_rest(p: &mut Parser<'_>, marker: Marker) {
    pattern(p);
    if p.at_same_line(COLON) {
        p.bump();
        types::ty(p);
    }
    if p.at_same_line(EQ) {
        p.bump();
        required_expr(p, "a value");
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

/// `x: Int` without a value, and `{x: 1}` meant as a record.
fn unfinished_binding(p: &mut Parser<'_>) -> bool {
    let at = p.pos();
    if !p.current().is_name() || p.nth(1) != COLON || p.tokens.newline_before(at + 1) {
        return false;
    }
    let ends = |end: usize| p.tokens.newline_before(end) || matches!(p.kind_at(end), R_BRACE | COMMA | SEMICOLON | EOF);
    let name = p.current_text();
    let is_type = type_end(p, at + 2).is_some_and(&ends) && p.kind_at(at + 2).is_type_name();
    if !is_type && ends(at + 2) {
        // `a:` is a statement and a separator.
        return false;
    }
    let marker = p.start();
    if is_type {
        let end = type_end(p, at + 2).unwrap_or(at + 2);
        p.error_range(at, end - 1, format!("the binding of `{name}` needs a value"))
            .help(format!("write `{name}: Type = value`"));
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

//! Types and type parameters.

use super::{List, list, too_deep};
use crate::{
    SyntaxKind,
    parser::{Completed, Parser},
};
use SyntaxKind::*;

const TYPE_LIST: List = List {
    close: R_BRACKET,
    close_text: "`]`",
    element: "a type",
    what: "type arguments",
    multiline: false,
    trailing_comma: true,
};

pub(super) fn can_start_type(p: &Parser<'_>) -> bool {
    let kind = p.current();
    kind.is_type_name() || kind.is_name() || matches!(kind, L_PAREN | L_BRACKET | L_BRACE)
}

/// `Type`
pub(super) fn ty(p: &mut Parser<'_>) -> Completed {
    p.nested(ty_inner).unwrap_or_else(|| too_deep(p, ERROR_TYPE))
}

fn ty_inner(p: &mut Parser<'_>) -> Completed {
    let first = if p.at(L_PAREN) { parenthesized(p) } else { atom(p) };
    match p.current() {
        ARROW if !p.newline() => {
            let marker = p.precede(first);
            p.bump();
            required_ty(p);
            p.complete(marker, FN_TYPE)
        }
        QUESTION if !p.newline() => {
            p.error("there are no optional types").help("write `Option[T]`");
            p.bump();
            first
        }
        PIPE if !p.newline() && !p.context.bar_ends => {
            p.error("there are no union types").help("declare `type Name = A(…) | B(…)`");
            let error = p.start();
            while p.at_same_line(PIPE) {
                p.bump();
                if can_start_type(p) {
                    ty(p);
                }
            }
            p.complete(error, ERROR);
            first
        }
        _ => first,
    }
}

/// A type on the line of the arrow before it.
fn required_ty(p: &mut Parser<'_>) {
    if p.newline() {
        p.expected("a type");
        p.missing(ERROR_TYPE);
    } else {
        ty(p);
    }
}

fn parenthesized(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let mut count = 0;
    let spec = List { close: R_PAREN, close_text: "`)`", what: "tuple types", trailing_comma: false, ..TYPE_LIST };
    list(p, spec, can_start_type, |p| {
        ty(p);
        count += 1;
    });
    let kind = match count {
        _ if p.at_same_line(ARROW) => FN_TYPE_PARAMS,
        0 => UNIT_TYPE,
        1 => PAREN_TYPE,
        _ => TUPLE_TYPE,
    };
    p.complete(marker, kind)
}

fn atom(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let kind = match p.current() {
        kind if kind.is_type_name() => {
            p.bump();
            while p.at_same_line(DOT) {
                p.bump();
                if p.current().is_type_name() {
                    p.bump();
                } else {
                    p.expected("the name of a type");
                }
            }
            type_args(p);
            NAMED_TYPE
        }
        kind if kind.is_name() => {
            p.bump();
            if p.at_same_line(DOT) && p.nth(1).is_type_name() {
                p.error("a type of a file module is written without the module")
                    .help("import it first: `use module.{Type}`");
                p.bump();
                p.bump();
            }
            type_args(p);
            NAMED_TYPE
        }
        L_BRACKET => {
            let spec =
                List { what: "list types", element: "the type of the elements", trailing_comma: false, ..TYPE_LIST };
            let mut count = 0;
            let open = p.pos();
            list(p, spec, can_start_type, |p| {
                ty(p);
                count += 1;
            });
            if count != 1 {
                p.error_range(open, p.pos() - 1, "a list type has one element type").help("write `[T]`");
            }
            LIST_TYPE
        }
        L_BRACE => {
            field_defs(p, false);
            RECORD_TYPE
        }
        _ => {
            p.expected("a type");
            ERROR_TYPE
        }
    };
    p.complete(marker, kind)
}

/// `[A, B]` after the name of a type.
fn type_args(p: &mut Parser<'_>) {
    if p.at_same_line(L_BRACKET) {
        type_arg_list(p);
    } else if p.at_same_line(LESS) && p.touches_previous(p.pos()) {
        angle_brackets(p);
    }
}

/// `<T>`: reports it, and reads it as far as it looks like type arguments.
pub(super) fn angle_brackets(p: &mut Parser<'_>) {
    p.error("type arguments stand in square brackets").help("write `[T]` instead of `<T>`");
    let marker = p.start();
    let mut depth = 0;
    while !p.at_end() && !p.newline() {
        match p.current() {
            LESS => depth += 1,
            GREATER => depth -= 1,
            COMMA | COLON | PLUS | UPPER_IDENT | IDENT | DOT => {}
            _ => break,
        }
        p.bump();
        if depth == 0 {
            break;
        }
    }
    p.complete(marker, ERROR);
}

/// `TYPE_ARGS`; the current token is `[`.
pub(super) fn type_arg_list(p: &mut Parser<'_>) {
    let marker = p.start();
    list(p, TYPE_LIST, can_start_type, |p| {
        ty(p);
    });
    p.complete(marker, TYPE_ARGS);
}

/// `{ name: Type, … }`; declarations may span lines and have private fields.
pub(super) fn field_defs(p: &mut Parser<'_>, declaration: bool) {
    let spec = List {
        close: R_BRACE,
        close_text: "`}`",
        element: "a field `name: Type`",
        what: if declaration { "fields" } else { "the fields of a record type" },
        multiline: declaration,
        trailing_comma: true,
    };
    list(
        p,
        spec,
        |p| p.at(PRIVATE_KW) || p.current().is_name() || p.current().is_reserved(),
        |p| {
            let marker = p.start();
            p.eat(PRIVATE_KW);
            if p.current().is_name() {
                p.bump();
            } else {
                p.expected("the name of a field");
                if p.nth(1) == COLON {
                    p.bump();
                }
            }
            if p.at(COLON) {
                p.bump();
                ty(p);
            } else {
                p.expected("`:` and the type of the field");
                p.missing(ERROR_TYPE);
            }
            p.complete(marker, FIELD_DEF);
        },
    );
}

/// `[T: Ord + Show, U]` if there is one.
pub(super) fn type_params(p: &mut Parser<'_>) {
    if p.at_same_line(LESS) {
        angle_brackets(p);
        return;
    }
    if !p.at_same_line(L_BRACKET) {
        return;
    }
    let marker = p.start();
    let spec = List { element: "a type parameter", what: "type parameters", trailing_comma: false, ..TYPE_LIST };
    list(
        p,
        spec,
        |p| p.current().is_id(),
        |p| {
            let marker = p.start();
            p.bump();
            if p.eat(COLON) {
                bounds(p);
            }
            p.complete(marker, TYPE_PARAM);
        },
    );
    p.complete(marker, TYPE_PARAMS);
}

/// `A + B`
pub(super) fn bounds(p: &mut Parser<'_>) {
    let marker = p.start();
    loop {
        if p.current().is_type_name() {
            p.bump();
        } else {
            p.expected("the name of a trait");
        }
        if !p.at_same_line(PLUS) {
            break;
        }
        p.bump();
    }
    p.complete(marker, BOUND_LIST);
}

/// `-> Type` if there is one.
pub(super) fn ret_type(p: &mut Parser<'_>) -> bool {
    if !p.at_same_line(ARROW) {
        return false;
    }
    let marker = p.start();
    p.bump();
    required_ty(p);
    p.complete(marker, RET_TYPE);
    true
}

/// Skips a type token by token, on one line: the position behind it if there is one at `at`.
pub(super) fn type_end(p: &Parser<'_>, at: usize) -> Option<usize> {
    type_end_within(p, at, 0)
}

fn type_end_within(p: &Parser<'_>, mut at: usize, depth: u32) -> Option<usize> {
    const MAX_DEPTH: u32 = 32;
    if depth > MAX_DEPTH {
        return None;
    }
    loop {
        at = match p.kind_at(at) {
            _ if p.tokens.newline_before(at) => return None,
            L_PAREN => {
                let close = p.partner(at)?;
                type_list_end(p, at + 1, close, depth)?;
                close + 1
            }
            L_BRACKET => {
                let close = p.partner(at)?;
                (type_end_within(p, at + 1, depth + 1)? == close).then_some(close + 1)?
            }
            L_BRACE => {
                let close = p.partner(at)?;
                let mut field = at + 1;
                while field < close {
                    if !p.kind_at(field).is_name() || p.kind_at(field + 1) != COLON {
                        return None;
                    }
                    field = type_end_within(p, field + 2, depth + 1)?;
                    match p.kind_at(field) {
                        COMMA => field += 1,
                        _ if field == close => {}
                        _ => return None,
                    }
                }
                close + 1
            }
            kind if kind.is_type_name() || kind.is_name() => {
                let mut end = at + 1;
                while kind.is_type_name() && p.kind_at(end) == DOT && p.kind_at(end + 1).is_type_name() {
                    end += 2;
                }
                if kind.is_type_name() && p.kind_at(end) == L_BRACKET && !p.tokens.newline_before(end) {
                    let close = p.partner(end)?;
                    type_list_end(p, end + 1, close, depth)?;
                    end = close + 1;
                }
                end
            }
            _ => return None,
        };
        if p.kind_at(at) != ARROW || p.tokens.newline_before(at) {
            return Some(at);
        }
        at += 1;
    }
}

/// `Some` if the tokens from `at` to the closer `close` are a list of types, maybe empty.
fn type_list_end(p: &Parser<'_>, mut at: usize, close: usize, depth: u32) -> Option<()> {
    while at < close {
        at = type_end_within(p, at, depth + 1)?;
        match p.kind_at(at) {
            COMMA => at += 1,
            _ if at == close => {}
            _ => return None,
        }
    }
    Some(())
}

/// The tokens between the bracket `open` and its partner read as one or more types.
pub(super) fn brackets_hold_types(p: &Parser<'_>, open: usize, close: usize) -> bool {
    open + 1 < close && type_list_end(p, open + 1, close, 0).is_some()
}

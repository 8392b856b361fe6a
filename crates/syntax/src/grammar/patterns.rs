//! Patterns. They never span lines.

use super::{List, list, list_until, too_deep};
use crate::{
    SyntaxKind, literal,
    parser::{Completed, Parser},
};
use SyntaxKind::*;

const PATTERN_LIST: List = List {
    close: R_PAREN,
    close_text: "`)`",
    element: "a pattern",
    what: "patterns",
    multiline: false,
    trailing_comma: false,
};

pub(super) fn can_start_pattern(p: &Parser<'_>) -> bool {
    is_pattern_start(p.current()) || (p.at(PERCENT) && p.nth(1) == L_BRACE)
}

pub(super) fn is_pattern_start(kind: SyntaxKind) -> bool {
    kind.is_name()
        || kind.is_type_name()
        || is_literal(kind)
        || matches!(kind, UNDERSCORE | MINUS | L_PAREN | L_BRACKET | L_BRACE | HASH_BRACE | CARET | STRING_OPEN)
}

fn is_literal(kind: SyntaxKind) -> bool {
    (INT..=CHAR).contains(&kind) || matches!(kind, TRUE_KW | FALSE_KW)
}

fn is_plain_int(kind: SyntaxKind) -> bool {
    matches!(kind, INT | HEX_INT | BIN_INT)
}

/// `Pattern`
pub(super) fn pattern(p: &mut Parser<'_>) -> Completed {
    p.nested(|p| {
        let mut first = base(p);
        if p.at_same_line(PIPE) {
            let marker = p.precede(first);
            while p.at_same_line(PIPE) {
                p.bump();
                base(p);
            }
            first = p.complete(marker, OR_PAT);
        }
        unknown_pattern_syntax(p);
        first
    })
    .unwrap_or_else(|| too_deep(p, ERROR_PAT))
}

/// Pattern forms of other languages directly behind a pattern.
fn unknown_pattern_syntax(p: &mut Parser<'_>) {
    if p.newline() || p.at_end() {
        return;
    }
    match p.current() {
        COLON_COLON => {
            p.error("`::` does not take lists apart").help("write `[head | tail]`");
        }
        PLUS_PLUS => {
            p.error("`++` does not take strings apart").help("write `[\"prefix\" | rest]`");
        }
        AT => {
            p.error("a pattern cannot be named with `@`").help("match on a name and destructure in the body");
        }
        IDENT if p.current_text() == "as" => {
            p.error("a pattern cannot be named with `as`").help("match on a name and destructure in the body");
        }
        _ => return,
    }
    let marker = p.start();
    p.bump();
    if can_start_pattern(p) {
        base(p);
    }
    p.complete(marker, ERROR);
}

/// One alternative.
fn base(p: &mut Parser<'_>) -> Completed {
    let kind = p.current();
    match kind {
        UNDERSCORE => single(p, WILDCARD_PAT),
        MINUS => literal_or_range(p),
        _ if is_literal(kind) => literal_or_range(p),
        STRING_OPEN => {
            let marker = p.start();
            let end = p.partner(p.pos()).unwrap_or(p.pos());
            p.bump_as(STRING, end + 1 - p.pos());
            p.complete(marker, LITERAL_PAT)
        }
        L_PAREN => parenthesized(p),
        L_BRACKET => {
            let marker = p.start();
            let spec = List { close: R_BRACKET, close_text: "`]`", ..PATTERN_LIST };
            let open = p.pos();
            let element = |p: &mut Parser<'_>| {
                p.nested(base).unwrap_or_else(|| too_deep(p, ERROR_PAT));
                unknown_pattern_syntax(p);
            };
            if !list_until(p, spec, can_start_pattern, Some(PIPE), element) {
                let tail = p.start();
                p.bump();
                p.inside(pattern);
                p.complete(tail, TAIL);
                close_list(p, open);
            }
            p.complete(marker, LIST_PAT)
        }
        L_BRACE => {
            let marker = p.start();
            field_patterns(p);
            p.complete(marker, RECORD_PAT)
        }
        PERCENT if p.nth(1) == L_BRACE => {
            let marker = p.start();
            p.bump();
            let spec = List {
                close: R_BRACE,
                close_text: "`}`",
                element: "an entry `key: pattern`",
                what: "map patterns",
                trailing_comma: true,
                ..PATTERN_LIST
            };
            list(p, spec, can_start_pattern, map_entry);
            p.complete(marker, MAP_PAT)
        }
        HASH_BRACE => {
            let marker = p.start();
            let spec =
                List { close: R_BRACE, close_text: "`}`", what: "set patterns", trailing_comma: true, ..PATTERN_LIST };
            list(p, spec, can_start_pattern, |p| {
                pattern(p);
            });
            p.complete(marker, SET_PAT)
        }
        CARET => {
            let marker = p.start();
            p.bump();
            if p.current().is_name() {
                p.bump();
            } else {
                p.expected("the name of a variable");
            }
            p.complete(marker, PIN_PAT)
        }
        _ if kind.is_type_name() => constructor(p),
        _ if kind.is_name() => single(p, NAME_PAT),
        _ => {
            let marker = p.start();
            if kind.is_reserved() && matches!(p.nth(1), COMMA | COLON | EQ | R_PAREN | ARROW | FAT_ARROW | WHEN_KW) {
                let text = p.current_text();
                p.error(format!("`{text}` is a reserved keyword and cannot be used as a name"));
                p.bump();
            } else {
                p.expected("a pattern");
            }
            p.complete(marker, ERROR_PAT)
        }
    }
}

fn single(p: &mut Parser<'_>, kind: SyntaxKind) -> Completed {
    let marker = p.start();
    p.bump();
    p.complete(marker, kind)
}

fn literal_or_range(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let minus = p.pos();
    let negative = p.eat(MINUS);
    let kind = p.current();
    if !is_literal(kind) {
        p.expected("a number");
        return p.complete(marker, ERROR_PAT);
    }
    check_number(p, negative);
    let signed = is_plain_int(kind) || kind == TYPED_INT && p.current_text().contains('i');
    if negative && !signed {
        p.error_range(minus, p.pos(), "only integers can be negative in a pattern")
            .help("compare in a guard: `when x == …`");
    }
    p.bump();
    if is_plain_int(kind) && matches!(p.current(), DOT_DOT | DOT_DOT_EQ) && !p.newline() {
        p.bump();
        let negative = p.eat(MINUS);
        if is_plain_int(p.current()) {
            check_number(p, negative);
            p.bump();
        } else {
            p.expected("an integer, the upper bound of the range");
        }
        return p.complete(marker, RANGE_PAT);
    }
    p.complete(marker, LITERAL_PAT)
}

/// Reports the current token if it is a number out of range. `negative`: a minus sign belongs to it.
pub(super) fn check_number(p: &mut Parser<'_>, negative: bool) {
    let text = p.current_text();
    match p.current() {
        INT | HEX_INT | BIN_INT if literal::int_value(text).is_none() => {
            let minimum = !negative && p.pos() > 0 && p.kind_at(p.pos() - 1) == MINUS && text == "9223372036854775808";
            p.error(format!("the integer literal `{text}` is out of range"))
                .help(if minimum {
                    "the smallest `Int` is `-9223372036854775807 - 1`".to_owned()
                } else if p_is_decimal(text) {
                    format!("write `{text}n` for a `BigInt`")
                } else {
                    "the largest `Int` is 0x7FFFFFFFFFFFFFFF".to_owned()
                })
                .note("an `Int` has 64 bits: -9223372036854775808 to 9223372036854775807");
        }
        TYPED_INT => {
            let Some((suffix, magnitude)) = literal::typed_int_value(text) else { return };
            let value = if negative { -magnitude } else { magnitude };
            let (min, max) = suffix.range();
            if value < min || max < value {
                let sign = if negative { "-" } else { "" };
                p.error(format!(
                    "integer literal `{sign}{text}` is out of range for {} (valid range: {min} to {max})",
                    suffix.type_name()
                ));
            }
        }
        _ => {}
    }
}

fn p_is_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

fn parenthesized(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    let mut count = 0;
    list(p, List { what: "tuple patterns", ..PATTERN_LIST }, can_start_pattern, |p| {
        pattern(p);
        count += 1;
        if p.at(COLON) {
            p.error("a type annotation cannot stand inside a pattern").help("annotate the whole parameter or binding");
            p.bump();
            super::types::ty(p);
        }
    });
    let kind = match count {
        0 => UNIT_PAT,
        1 => PAREN_PAT,
        _ => TUPLE_PAT,
    };
    p.complete(marker, kind)
}

/// Reads `]` after the tail of a list.
pub(super) fn close_list(p: &mut Parser<'_>, open: usize) {
    if p.eat(R_BRACKET) {
        return;
    }
    match p.partner(open) {
        Some(close) => {
            if p.at(PIPE) {
                p.error("a list has one tail").help("separate the first elements with commas: `[a, b | rest]`");
            } else if p.at(COMMA) {
                p.error("the tail is the last part of a list").help("write `[a, b | rest]`");
            } else {
                p.expected("`]`");
            }
            p.skip_until(ERROR, |p| p.pos() == close);
            p.bump();
        }
        None => super::unclosed(p, open, "`]`"),
    }
}

/// `{x, y: p, _}`; the current token is `{`.
fn field_patterns(p: &mut Parser<'_>) {
    let marker = p.start();
    let spec = List {
        close: R_BRACE,
        close_text: "`}`",
        element: "a field",
        what: "record patterns",
        trailing_comma: true,
        ..PATTERN_LIST
    };
    list(
        p,
        spec,
        |p| p.current().is_name() || p.at(UNDERSCORE),
        |p| {
            if p.at(UNDERSCORE) {
                single(p, REST_PAT);
                return;
            }
            let marker = p.start();
            p.bump();
            if p.eat(COLON) {
                pattern(p);
            }
            p.complete(marker, FIELD_PAT);
        },
    );
    p.complete(marker, FIELD_PAT_LIST);
}

fn map_entry(p: &mut Parser<'_>) {
    let marker = p.start();
    let at = p.pos();
    let key = base(p);
    if !matches!(key.kind, LITERAL_PAT | PIN_PAT | ERROR_PAT) {
        p.error_range(at, p.pos() - 1, "the key of a map pattern must be a literal or a pinned variable")
            .help("write `^name` to match the key that a variable holds");
    }
    if p.at(COLON) {
        p.bump();
        pattern(p);
    } else {
        p.expected("`:` and a pattern for the value");
        p.missing(ERROR_PAT);
    }
    p.complete(marker, MAP_PAT_ENTRY);
}

fn constructor(p: &mut Parser<'_>) -> Completed {
    let marker = p.start();
    p.bump();
    if p.at_same_line(DOT) && p.nth(1).is_type_name() {
        p.error("constructors in patterns are written without their module")
            .help("import the constructor with `use`, then write its name alone");
        while p.at(DOT) && p.nth(1).is_type_name() {
            let error = p.start();
            p.bump();
            p.bump();
            p.complete(error, ERROR);
        }
    }
    if p.at_same_line(L_PAREN) {
        let args = p.start();
        let named = p.nth(1).is_name() && p.nth(2) == COLON;
        let spec = List { what: "constructor patterns", trailing_comma: named, ..PATTERN_LIST };
        list(p, spec, can_start_pattern, |p| {
            if p.current().is_name() && p.nth(1) == COLON {
                let field = p.start();
                p.bump();
                p.bump();
                pattern(p);
                p.complete(field, FIELD_PAT);
            } else {
                pattern(p);
            }
        });
        p.complete(args, PAT_ARG_LIST);
    } else if p.at_same_line(L_BRACE) {
        field_patterns(p);
    }
    p.complete(marker, CON_PAT)
}

/// Skips a pattern token by token: the position behind it if one begins at `at`. Brackets are trusted to hold
/// patterns; the caller looks at what follows.
pub(super) fn pattern_end(p: &Parser<'_>, mut at: usize) -> Option<usize> {
    const MAX_ALTERNATIVES: u32 = 64;
    for _ in 0..MAX_ALTERNATIVES {
        at = alternative_end(p, at)?;
        if p.kind_at(at) != PIPE || p.tokens.newline_before(at) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// [`pattern_end`] of one alternative.
pub(super) fn alternative_end(p: &Parser<'_>, mut at: usize) -> Option<usize> {
    let mut kind = p.kind_at(at);
    if kind == MINUS {
        at += 1;
        kind = p.kind_at(at);
        if !is_literal(kind) {
            return None;
        }
    }
    Some(match kind {
        L_PAREN | L_BRACKET | L_BRACE | HASH_BRACE | STRING_OPEN => p.partner(at)? + 1,
        PERCENT if p.kind_at(at + 1) == L_BRACE => p.partner(at + 1)? + 1,
        CARET => at + 2,
        _ if is_plain_int(kind) && matches!(p.kind_at(at + 1), DOT_DOT | DOT_DOT_EQ) => {
            let bound = at + 2 + usize::from(p.kind_at(at + 2) == MINUS);
            is_plain_int(p.kind_at(bound)).then_some(bound + 1)?
        }
        _ if kind.is_type_name() => match p.kind_at(at + 1) {
            L_PAREN | L_BRACE if !p.tokens.newline_before(at + 1) => p.partner(at + 1)? + 1,
            _ => at + 1,
        },
        UNDERSCORE => at + 1,
        _ if kind.is_name() || is_literal(kind) => at + 1,
        _ => return None,
    })
}

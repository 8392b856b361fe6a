//! Forms of other languages, and misspelt words: what to write instead of them.
//!
//! Input: a [`Parser`] in front of something that no rule wants. Output: the message a person can act on. Nothing here
//! is part of the language: without this file the same texts would be refused, in worse words.
//!
//! Invariant: no correct program reaches this code.

use super::expressions::can_start_expr;
use crate::{SyntaxKind, parser::Parser};
use SyntaxKind::*;

/// Words that begin a definition in other languages.
pub(super) fn foreign_definition(word: &str) -> Option<&'static str> {
    Some(match word {
        "public" | "export" => "write `pub`",
        "static" | "async" | "inline" | "abstract" | "override" | "final" => "remove it",
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

/// Words before an expression that other languages have.
fn foreign_prefix(word: &str) -> Option<&'static str> {
    Some(match word {
        "let" | "val" => "bind the value in a block: `{ x = …⏎ … }`",
        "fn" | "fun" | "func" | "function" | "lambda" => "a function is written `x => …` or `(a, b) => …`",
        "new" => "values are made without it: `Name(…)`",
        "await" | "async" => "processes are started with `spawn { … }` and answer by messages",
        "case" | "switch" => "write `match value { pattern -> … }`",
        "loop" | "repeat" | "until" => "write `while condition { … }` or `for i = a to b { … }`",
        "begin" => "a block stands in braces",
        "unless" => "write `if !condition then …`",
        "elif" | "elsif" | "elseif" => "write `else if`",
        "yield" | "mut" | "ref" => "remove it",
        _ => return None,
    })
}

/// Words between two expressions that other languages have.
fn foreign_infix(word: &str) -> Option<&'static str> {
    Some(match word {
        "and" => "write `&&`",
        "or" => "write `||`",
        "xor" => "write `!=`",
        "mod" => "write `%`",
        "div" => "write `/`",
        "elif" | "elsif" | "elseif" => "write `else if`",
        "except" | "rescue" => "write `catch { error -> … }`",
        "unless" => "write `if !condition then …`",
        "is" | "instanceof" => "take the value apart with `match`",
        "as" => "convert with a function or a method",
        "in" => "ask with a method, such as `xs.contains(x)`",
        "where" => "bind what the expression needs before it, in a block",
        _ => return None,
    })
}

/// The keyword that `word` was probably meant to be: one letter more, less or other, or two swapped.
fn misspelt(word: &str) -> Option<&'static str> {
    const KEYWORDS: [&str; 12] = [
        "then", "else", "catch", "finally", "match", "while", "when", "spawn", "receive", "return", "quote", "template",
    ];
    KEYWORDS.into_iter().find(|keyword| word.len() > 2 && is_near(word.as_bytes(), keyword.as_bytes()))
}

fn is_near(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => false,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) if rest == a => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a0, a1, a @ ..], [b0, b1, b @ ..]) => a0 == b1 && a1 == b0 && a == b,
        _ => false,
    }
}

/// An expression has ended in the middle of a line, and what stands there, or the word before it, is a form of another
/// language or misspelt: reports it. `false`: nothing is known about it.
pub(super) fn foreign_continuation(p: &mut Parser<'_>) -> bool {
    let text = p.current_text();
    if let Some((word, help)) = word_before(p) {
        let at = p.pos() - 1;
        p.error_for(at, format!("`{word}` is not a keyword")).help(help);
        return true;
    }
    let (message, help) = match p.current() {
        DOT_DOT | DOT_DOT_EQ => ("a range stands in brackets".to_owned(), "write `[a..b]` for a list of numbers"),
        ARROW => ("`->` belongs to types and to the arms of `match`".to_owned(), "a function is written `x => …`"),
        FAT_ARROW => {
            ("what stands before `=>` is not a parameter".to_owned(), "a function is written `x => …` or `(a, b) => …`")
        }
        IF_KW => ("a condition stands before what depends on it".to_owned(), "write `if c then a else b`"),
        PIPE => ("`|` joins patterns, not values".to_owned(), "logical or is `||`"),
        STRING | SQ_STRING | STRING_OPEN if is_string(p.kind_at(p.pos().saturating_sub(1))) => {
            ("strings do not join by themselves".to_owned(), "join them with `++`")
        }
        IDENT => match foreign_infix(text) {
            Some(help) if matches!(text, "and" | "or" | "xor" | "mod" | "div" | "is" | "in" | "instanceof") => {
                (format!("`{text}` is not an operator"), help)
            }
            Some(help) => (format!("there is no `{text}`"), help),
            None => return false,
        },
        _ => return false,
    };
    p.error(message).help(help);
    true
}

/// The word directly before the current token, if it is one that people write for a keyword.
fn word_before<'t>(p: &Parser<'t>) -> Option<(&'t str, String)> {
    let at = p.pos().checked_sub(1)?;
    if p.kind_at(at) != IDENT || !(can_start_expr(p) || p.at(UPPER_IDENT)) {
        return None;
    }
    let word = p.text_at(at);
    match foreign_prefix(word) {
        Some(help) => Some((word, help.to_owned())),
        None => misspelt(word).map(|keyword| (word, format!("did you mean `{keyword}`?"))),
    }
}

fn is_string(kind: SyntaxKind) -> bool {
    matches!(kind, STRING | SQ_STRING | STRING_CLOSE)
}

/// Reports that `what` should follow the expression before the current token, and what may have been meant.
pub(super) fn expected_after(p: &mut Parser<'_>, what: &str) {
    let help = if let Some(keyword) = p.at(IDENT).then(|| misspelt(p.current_text())).flatten() {
        Some(format!("did you mean `{keyword}`?"))
    } else if matches!(p.current(), STRING | STRING_OPEN | SQ_STRING | CHAR) && p.touches_previous(p.pos()) {
        Some("strings have no prefix".to_owned())
    } else if p.pos() > 0 && p.kind_at(p.pos() - 1) == IDENT && can_start_expr(p) && !p.at(L_BRACE) {
        Some(format!("a call has parentheses: `{}(…)`", p.text_at(p.pos() - 1)))
    } else {
        None
    };
    let mut error = p.expected(what);
    if let Some(help) = help {
        error.help(help);
    }
}

/// A sign that lengthens the operator before it to one of another language: `===`, `<>`. Reports it and takes it away.
pub(super) fn foreign_operator(p: &mut Parser<'_>) {
    let Some(before) = p.pos().checked_sub(1) else { return };
    if !p.touches_previous(p.pos()) {
        return;
    }
    let written = match (p.kind_at(before), p.current()) {
        (EQ_EQ, EQ) => "==",
        (NOT_EQ, EQ) | (LESS, GREATER) => "!=",
        _ => return,
    };
    let operator = format!("{}{}", p.text_at(before), p.current_text());
    p.error_for_range(before, p.pos(), format!("there is no operator `{operator}`")).help(format!("write `{written}`"));
    let error = p.start();
    p.bump();
    p.complete(error, ERROR);
}

/// `x++` at the end of a statement, with the operator just read.
pub(super) fn counts_up(p: &mut Parser<'_>) -> bool {
    let operator = p.pos() - 1;
    let ends = p.newline() || p.at_end() || matches!(p.current(), SEMICOLON | R_BRACE | R_PAREN);
    if !ends || can_start_expr(p) && !p.operand_missing() || !p.touches_previous(operator) {
        return false;
    }
    p.error_for(operator, "there is no operator that counts").help("write `x = x + 1`");
    true
}

/// `c ? a : b`, with the current token the question mark.
pub(super) fn is_ternary(p: &Parser<'_>) -> bool {
    const MAX_LOOK: usize = 32;
    let mut at = p.pos() + 1;
    let first = p.kind_at(at);
    if p.tokens.newline_before(at) || !(first.is_name() || first.is_type_name() || (INT..=STRING_OPEN).contains(&first))
    {
        return false;
    }
    let end = at + MAX_LOOK;
    while at < end && !p.tokens.newline_before(at) {
        match p.kind_at(at) {
            COLON => return true,
            COMMA | SEMICOLON | EQ | EOF | R_BRACE | R_PAREN | R_BRACKET | ARROW => return false,
            _ => at = p.partner(at).filter(|&partner| partner > at).unwrap_or(at) + 1,
        }
    }
    false
}

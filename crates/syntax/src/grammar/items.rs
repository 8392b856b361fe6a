//! Files, modules and declarations.

use super::{
    List, control,
    expressions::{ARGUMENTS, assignment_as_value, can_start_expr, expr, required_expr},
    foreign::{expected_after, foreign_continuation, foreign_definition},
    list,
    patterns::{can_start_pattern, is_pattern_start, pattern, pattern_end},
    record_braces, statements, types,
};
use crate::{
    SyntaxKind,
    parser::{Context, Parser},
};
use SyntaxKind::*;

/// `File`
pub(crate) fn file(p: &mut Parser<'_>) {
    let marker = p.start();
    while !p.at_end() {
        let before = p.pos();
        item(p);
        if p.pos() == before {
            let error = p.start();
            p.bump();
            p.complete(error, ERROR);
        }
    }
    p.complete(marker, SOURCE_FILE);
}

/// The current token begins an item and nothing else.
pub(super) fn only_item(p: &Parser<'_>) -> bool {
    let kind = p.current();
    (kind == AT || kind.is_reserved()) && kind != END_KW && p.tokens.certainly_begins_item(p.pos())
}

/// A keyword stands where a name is defined.
fn keyword_as_name(p: &Parser<'_>) -> bool {
    p.current().is_reserved()
        && !p.tokens.newline_before(p.pos() + 1)
        && match p.nth(1) {
            EQ | COLON => true,
            L_PAREN => p.partner(p.pos() + 1).is_some_and(|close| matches!(p.kind_at(close + 1), EQ | ARROW)),
            _ => false,
        }
}

/// One item, or what stands in place of one.
///
/// The next barrier confines it, except for modules, traits and implementations: those contain items themselves.
pub(super) fn item(p: &mut Parser<'_>) {
    let limit = p.enter_item();
    let start = p.pos();
    let marker = p.start();
    while p.at(AT) {
        decorator(p);
    }
    let decorated = p.pos() > start;
    let public = p.pos();
    let is_pub = p.eat(PUB_KW);
    if is_pub && p.newline() {
        p.expected("a declaration after `pub`");
    }
    if matches!(p.current(), MODULE_KW | TRAIT_KW) || is_impl(p) {
        p.leave_item(limit);
    }
    let kind = declaration(p, is_pub);
    match kind {
        Some(kind) => {
            if decorated && !matches!(kind, FN_DEF | TYPE_DEF) {
                p.error_range(start, start, "only functions and types can be decorated");
            }
            if is_pub && matches!(kind, USE_DECL | TEST_DEF | EXTERN_FN | EXTERN_TYPE) {
                p.error_at(public, "`pub` cannot stand here").help("remove `pub`");
            }
            p.complete(marker, kind);
        }
        None if p.pos() > start => {
            p.complete(marker, ERROR);
        }
        None => p.abandon(marker),
    }
    p.leave_item(limit);
}

/// Reads the declaration after decorators and `pub`; `None` if there is none, with the mistake reported and its
/// tokens consumed.
fn declaration(p: &mut Parser<'_>, is_pub: bool) -> Option<SyntaxKind> {
    let kind = p.current();
    if keyword_as_name(p) {
        let text = p.current_text();
        p.error(format!("`{text}` is a reserved keyword and cannot be used as a name")).help("choose another name");
        p.bump();
        recover(p);
        return None;
    }
    match kind {
        MODULE_KW => Some(module(p)),
        USE_KW => Some(use_decl(p)),
        TYPE_KW | REACTIVE_KW => Some(type_def(p)),
        VAR_KW if p.nth(1) == TYPE_KW => Some(type_def(p)),
        TRAIT_KW => Some(trait_def(p)),
        MVAR_KW => Some(mvar_def(p)),
        CONST_KW => Some(const_def(p)),
        TEMPLATE_KW => Some(template(p)),
        TEST_KW => Some(test_def(p)),
        EXTERN_KW => Some(extern_decl(p)),
        VAR_KW => Some(top_binding(p)),
        _ if kind.is_name() => {
            let next = p.nth(1);
            let same_line = !p.tokens.newline_before(p.pos() + 1);
            match next {
                L_PAREN | L_BRACKET | LESS if same_line && is_function(p) => Some(function(p)),
                EQ | COLON | PIPE => Some(top_binding(p)),
                _ if same_line && foreign_item(p) => None,
                _ => {
                    expression_item(p);
                    None
                }
            }
        }
        _ if kind.is_type_name() || matches!(kind, L_PAREN | L_BRACKET) => {
            if is_impl(p) {
                return Some(impl_def(p));
            }
            if is_binding(p) {
                let upper = kind.is_type_name() && p.nth(1) == EQ;
                if upper {
                    let name = p.current_text();
                    p.error("a binding begins with a lower-case name").help(format!("write `const {name} = …`"));
                }
                return Some(top_binding(p));
            }
            expression_item(p);
            None
        }
        _ if can_start_pattern(p) && is_binding(p) => Some(top_binding(p)),
        _ if is_pub => {
            p.expected("a declaration after `pub`");
            recover(p);
            None
        }
        _ if can_start_expr(p) => {
            expression_item(p);
            None
        }
        _ => {
            stray_token(p);
            None
        }
    }
}

/// A lower-case name with parentheses is a definition, unless its closing parenthesis shows that it is a call.
fn is_function(p: &Parser<'_>) -> bool {
    let mut at = p.pos() + 1;
    if p.kind_at(at) == LESS {
        return true;
    }
    if p.kind_at(at) == L_BRACKET {
        match p.partner(at) {
            Some(close) => at = close + 1,
            None => return true,
        }
    }
    match p.partner(at) {
        Some(close) if p.kind_at(at) == L_PAREN => {
            let after = close + 1;
            // What follows on the same line tells; a line that ends here lacks its body.
            let closes = matches!(p.kind_at(after), R_PAREN | R_BRACKET);
            matches!(p.kind_at(after), EQ | ARROW | WHEN_KW | L_BRACE | COLON | FAT_ARROW | EQ_EQ | IF_KW)
                && (p.kind_at(after) == EQ || !p.tokens.newline_before(after))
                || closes && matches!(p.kind_at(after + 1), EQ | ARROW) && !p.tokens.newline_before(after)
                || (p.tokens.newline_before(after)
                    && (holds_parameters(p, at, close) || p.column(after) > p.column(p.pos())))
        }
        _ => true,
    }
}

/// The parentheses contain names with types, as only the head of a function does.
fn holds_parameters(p: &Parser<'_>, open: usize, close: usize) -> bool {
    open + 2 < close && p.kind_at(open + 1).is_name() && p.kind_at(open + 2) == COLON
}

/// `ImplType ":" TName` and no value after it.
fn is_impl(p: &Parser<'_>) -> bool {
    let at = p.pos();
    if !(p.current().is_type_name() || matches!(p.current(), L_PAREN | L_BRACKET)) {
        return false;
    }
    let mut end = match p.kind_at(at) {
        L_PAREN | L_BRACKET => match p.partner(at) {
            Some(close) if p.kind_at(at + 1).is_type_name() => close + 1,
            _ => return false,
        },
        _ => at + 1,
    };
    while p.kind_at(end) == DOT && p.kind_at(end + 1).is_type_name() {
        end += 2;
    }
    if p.kind_at(at).is_type_name() && p.kind_at(end) == L_BRACKET {
        match p.partner(end) {
            Some(close) => end = close + 1,
            None => return false,
        }
    }
    let ends_here = p.tokens.newline_before(end + 1) && p.current().is_type_name();
    p.kind_at(end) == COLON
        && (ends_here
            || p.kind_at(end + 1).is_type_name() && (p.kind_at(end + 2) != EQ || p.tokens.newline_before(end + 2)))
}

fn is_binding(p: &Parser<'_>) -> bool {
    pattern_end(p, p.pos()).is_some_and(|end| matches!(p.kind_at(end), EQ | COLON) && !p.tokens.newline_before(end))
}

/// Definitions in the style of other languages; the current token is a name.
fn foreign_item(p: &mut Parser<'_>) -> bool {
    let word = p.current_text();
    let next = p.nth(1);
    if p.at(FROM_KW) && next.is_id() && p.nth(2) == IMPORT_KW {
        let module = p.text_at(p.pos() + 1);
        p.error("`from … import` is not a form of the language").help(format!("write `use {module}.{{name}}`"));
        p.bump();
        p.skip_until(ERROR, |p| p.newline());
        return true;
    }
    let Some(help) = foreign_definition(word) else { return false };
    if !(next.is_name() || next.is_type_name() || matches!(next, VAR_KW | LESS | L_BRACKET)) {
        return false;
    }
    let column = p.column(p.pos());
    p.error(format!("`{word}` is not a keyword")).help(help);
    p.bump();
    p.mute_line();
    if word == "impl" && is_impl(p) {
        return true;
    }
    if word == "impl" {
        p.skip_until(ERROR, |p| p.newline() || p.at(L_BRACE));
        if p.newline() {
            foreign_methods(p, column);
            return true;
        }
    }
    if !matches!(word, "impl" | "struct" | "record" | "class" | "data" | "enum" | "interface" | "protocol") {
        // What follows is a definition of ours.
        return true;
    }
    recover(p);
    if p.at(END_KW) {
        p.bump();
    }
    true
}

/// Methods up to `end`, indented deeper than the header at `column` that was given up.
fn foreign_methods(p: &mut Parser<'_>, column: usize) {
    while !p.at_end() && !p.at(END_KW) && p.column(p.pos()) > column {
        let before = p.pos();
        item(p);
        if p.pos() == before {
            return;
        }
    }
    p.eat(END_KW);
}

/// An expression where only declarations may stand.
fn expression_item(p: &mut Parser<'_>) {
    let start = p.pos();
    let line_end = (start..start + 200).find(|&at| p.tokens.newline_before(at + 1)).unwrap_or(start);
    let equals = (start..line_end).find(|&at| p.kind_at(at) == EQ);
    if let Some(equals) = equals
        && p.current().is_name()
        && is_pattern_start(p.nth(1))
        && p.nth(1) != L_PAREN
    {
        let name = p.current_text();
        p.error_range(start + 1, equals - 1, "parameters stand in parentheses, separated by commas")
            .help(format!("write `{name}(a, b) = …`"));
        p.mute_line();
    }
    p.error_range(start, line_end, "only declarations can stand at the top level")
        .help("put statements into a function, such as `main() = { … }`");
    expr(p);
    if p.at_same_line(EQ) {
        p.bump();
        expr(p);
    }
    recover(p);
}

/// A token that begins neither an item nor an expression.
fn stray_token(p: &mut Parser<'_>) {
    let text = p.current_text();
    match p.current() {
        SEMICOLON => {
            p.error("declarations are not separated by `;`").help("remove it");
            while p.at(SEMICOLON) {
                p.bump();
            }
            if !p.newline() {
                p.mute_line();
            }
            return;
        }
        END_KW => {
            p.error("this `end` closes nothing").help("only modules, traits and implementations end with `end`");
            p.bump();
            return;
        }
        R_BRACE | R_PAREN | R_BRACKET => {
            p.error(format!("this `{text}` closes nothing")).help("remove it, or add the bracket it closes");
            p.bump();
            if p.newline() {
                return;
            }
        }
        IMPORT_KW => import(p),
        PRIVATE_KW => {
            p.error("declarations are private unless they are marked with `pub`").help("remove `private`");
            p.bump();
            return;
        }
        EQ => {
            p.error("`=` must stand on the line of what it defines");
            p.bump();
        }
        _ => {
            p.expected("a declaration");
            p.bump();
        }
    }
    recover(p);
}

/// Reports `import …`, and consumes the word.
pub(super) fn import(p: &mut Parser<'_>) {
    let from = p.pos();
    let mut path = String::new();
    let mut at = from + 1;
    while !p.tokens.newline_before(at) && (p.kind_at(at).is_id() || p.kind_at(at) == DOT) {
        path.push_str(p.text_at(at));
        at += 1;
    }
    let path = if path.is_empty() { "module".to_owned() } else { path };
    p.error("`import` is not a form of the language")
        .help(format!("write `use {path}.*`, or `use {path}.{{name}}` for single names"));
    p.bump();
}

/// Skips to the next line that begins an item, or that ends the module.
fn recover(p: &mut Parser<'_>) {
    p.skip_until(ERROR, |p| p.newline() && (p.tokens.begins_item(p.pos()) || begins_foreign_item(p)));
}

fn begins_foreign_item(p: &Parser<'_>) -> bool {
    let next = p.nth(1);
    (p.at(IDENT) || p.at(PRIVATE_KW))
        && (next.is_name() || next.is_type_name())
        && !p.tokens.newline_before(p.pos() + 1)
        && (p.at(PRIVATE_KW) || foreign_definition(p.current_text()).is_some())
}

fn decorator(p: &mut Parser<'_>) {
    let marker = p.start();
    p.bump();
    if p.newline() {
        p.expected("the name of a template");
    } else {
        name(p, "the name of a template");
    }
    if p.at_same_line(L_PAREN) {
        let args = p.start();
        list(p, ARGUMENTS, can_start_expr, |p| {
            let arg = p.start();
            expr(p);
            p.complete(arg, ARG);
        });
        p.complete(args, ARG_LIST);
    }
    p.complete(marker, DECORATOR);
}

fn name(p: &mut Parser<'_>, what: &str) {
    if p.current().is_name() && !p.newline() {
        p.bump();
    } else {
        bad_name(p, what, "it begins with a lower-case letter");
    }
}

fn type_name(p: &mut Parser<'_>, what: &str) {
    if p.current().is_type_name() && !p.newline() {
        p.bump();
    } else {
        bad_name(p, what, "it begins with a capital letter");
    }
}

/// Reports a token in place of a name, and consumes it if it is a word.
fn bad_name(p: &mut Parser<'_>, what: &str, rule: &str) {
    let kind = p.current();
    let word = kind.is_name() || kind.is_type_name() || kind.is_reserved();
    let on_next_line = p.newline();
    let mut error = p.expected(what);
    if word && !on_next_line {
        error.help(rule);
    }
    if word && !p.newline() {
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
    }
}

// ---- Modules and imports ----

fn module(p: &mut Parser<'_>) -> SyntaxKind {
    let open = p.pos();
    p.bump();
    type_name(p, "the name of the module");
    let mut brace = None;
    if p.at(L_BRACE) || p.at_same_line(EQ) {
        p.error("a module has no braces").help("write the items below `module Name`, then `end`");
        brace = p.partner(p.pos());
        p.bump();
    }
    let closed = p.nested(|p| {
        loop {
            if p.at(END_KW) || Some(p.pos()) == brace {
                p.bump();
                return true;
            }
            if p.at_end() {
                return false;
            }
            let before = p.pos();
            item(p);
            if p.pos() == before {
                let error = p.start();
                p.bump();
                p.complete(error, ERROR);
            }
        }
    });
    match closed {
        Some(true) => {}
        Some(false) => {
            p.error_for(open, "this module is never closed").help("add the missing `end`");
        }
        None => p.skip_until(ERROR, |_| false),
    }
    MODULE_DEF
}

fn use_decl(p: &mut Parser<'_>) -> SyntaxKind {
    let start = p.pos();
    p.bump();
    let path = p.start();
    let mut segments = 1;
    if p.current().is_id() && !p.newline() {
        p.bump();
        while p.at_same_line(DOT) && p.nth(1).is_id() && !p.tokens.newline_before(p.pos() + 1) {
            p.bump();
            p.bump();
            segments += 1;
        }
    } else {
        p.expected("the name of a module");
        p.complete(path, PATH);
        p.skip_until(ERROR, |p| p.newline());
        return USE_DECL;
    }
    let last = p.pos() - 1;
    p.complete(path, PATH);
    if p.at_same_line(DOT) {
        p.bump();
        match p.current() {
            STAR if !p.newline() => p.bump(),
            L_BRACE if !p.newline() => use_list(p),
            _ => {
                p.expected("`*`, `{` or a name");
                if !p.newline() {
                    p.skip_until(ERROR, |p| p.newline());
                }
            }
        }
    } else if p.at_same_line(SLASH) || p.at_same_line(COLON_COLON) {
        p.error("the parts of a module path are joined by `.`").help("write `use a.b.*`");
        p.skip_until(ERROR, |p| p.newline());
    } else if p.at_same_line(L_BRACE) || p.at_same_line(L_PAREN) {
        p.error("a `.` is missing before the list of names").help("write `use module.{a, b}`");
        if p.at(L_BRACE) {
            use_list(p);
        } else {
            p.skip_until(ERROR, |p| p.newline());
        }
    } else if segments == 1 && !(p.at_same_line(IDENT) && p.current_text() == "as") {
        let module = p.text_at(last);
        p.error_range(start, last, format!("bare `use {module}` is not valid: it does not say which names to import"))
            .help(format!("write `use {module}.*` or `use {module}.{{name}}`"));
    }
    if p.at_same_line(IDENT) && p.current_text() == "as" {
        if segments == 1 {
            p.error("a module cannot be renamed").help("only imported names can: `use module.name as other`");
        }
        p.bump();
        if p.current().is_id() && !p.newline() {
            p.bump();
        } else {
            p.expected("the new name");
        }
    }
    if !p.newline() && !p.at_end() && !p.at(SEMICOLON) && !p.tokens.begins_item(p.pos()) {
        p.expected("the end of the line");
        p.skip_until(ERROR, |p| p.newline());
    }
    USE_DECL
}

fn use_list(p: &mut Parser<'_>) {
    let marker = p.start();
    let spec = List {
        close: R_BRACE,
        close_text: "`}`",
        element: "a name",
        what: "imports",
        multiline: true,
        trailing_comma: true,
    };
    list(
        p,
        spec,
        |p| p.current().is_id(),
        |p| {
            let item = p.start();
            p.bump();
            if p.at_same_line(IDENT) && p.current_text() == "as" {
                p.bump();
                if p.current().is_id() {
                    p.bump();
                } else {
                    p.expected("the new name");
                }
            }
            p.complete(item, USE_ITEM);
        },
    );
    p.complete(marker, USE_LIST);
}

// ---- Types ----

fn type_def(p: &mut Parser<'_>) -> SyntaxKind {
    p.eat(VAR_KW);
    p.bump();
    type_name(p, "the name of the type");
    types::type_params(p);
    if !p.at_same_line(EQ) {
        if p.at_same_line(L_BRACE) {
            p.error("`=` is missing before the fields").help("write `type Name = { field: Type }`");
            field_list(p);
        } else if p.at(EQ) {
            p.error("`=` must stand on the line of the name");
            p.bump();
            type_body(p);
        }
        return TYPE_DEF;
    }
    p.bump();
    if p.newline() && !p.at(PIPE) {
        let begins = p.at(L_BRACE) || (p.current().is_type_name() && !p.tokens.begins_item(p.pos()));
        if begins {
            p.error("the body of a type begins on the line of the `=`, or with `|`");
        } else {
            p.expected("the body of the type").help("leave out the `=` for a type without values");
            p.missing(ERROR_TYPE);
            return TYPE_DEF;
        }
    }
    type_body(p);
    TYPE_DEF
}

fn type_body(p: &mut Parser<'_>) {
    match p.current() {
        L_BRACE => field_list(p),
        PIPE => variants(p),
        kind if kind.is_type_name() && begins_variants(p) => variants(p),
        _ => {
            types::ty(p);
        }
    }
    if p.at_same_line(IDENT) && p.current_text() == "deriving" {
        p.error("types derive nothing").help("write an implementation, or decorate the type with a template");
        p.skip_until(ERROR, |p| p.newline());
    } else if p.at_same_line(L_PAREN) || p.at_same_line(L_BRACE) {
        p.expected("the end of the declaration");
        p.skip_until(ERROR, |p| p.newline());
    }
}

/// `Name(…)`, `Name{…}` or `Name |`.
fn begins_variants(p: &Parser<'_>) -> bool {
    let next = p.pos() + 1;
    match p.kind_at(next) {
        L_PAREN | L_BRACE => !p.tokens.newline_before(next),
        PIPE => true,
        _ => false,
    }
}

fn variants(p: &mut Parser<'_>) {
    let marker = p.start();
    p.eat(PIPE);
    loop {
        let variant = p.start();
        if p.current().is_type_name() {
            p.bump();
            if p.at_same_line(L_PAREN) {
                variant_types(p);
            } else if p.at_same_line(L_BRACE) {
                field_list(p);
            }
        } else {
            bad_name(p, "the name of a variant", "it begins with a capital letter");
        }
        p.complete(variant, VARIANT);
        if !p.eat(PIPE) {
            break;
        }
    }
    p.complete(marker, VARIANT_LIST);
}

fn variant_types(p: &mut Parser<'_>) {
    let marker = p.start();
    let spec = List {
        close: R_PAREN,
        close_text: "`)`",
        element: "a type",
        what: "the fields of a variant",
        multiline: true,
        trailing_comma: false,
    };
    let mut count = 0;
    let open = p.pos();
    let context = Context { bar_ends: p.partner(open).is_none(), ..Context::default() };
    list(p, spec, types::can_start_type, |p| {
        count += 1;
        p.with_context(context, types::ty);
        if p.at(COLON) {
            p.error("fields with names stand in braces").help("write `Name{ field: Type }`");
            p.bump();
            types::ty(p);
        }
    });
    if count == 0 {
        p.error_range(open, p.pos() - 1, "a variant without fields has no parentheses").help("remove `()`");
    }
    p.complete(marker, VARIANT_TYPES);
}

fn field_list(p: &mut Parser<'_>) {
    let marker = p.start();
    types::field_defs(p, true);
    p.complete(marker, FIELD_LIST);
}

// ---- Traits and implementations ----

fn is_operator_name(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        EQ_EQ
            | NOT_EQ
            | LESS
            | GREATER
            | LESS_EQ
            | GREATER_EQ
            | PLUS
            | MINUS
            | STAR
            | SLASH
            | PERCENT
            | STAR_STAR
            | PLUS_PLUS
            | PIPE_GREATER
    )
}

/// Whether `end` closes the trait or implementation whose header, at `column`, was just read: the first of `end`
/// and the next item that is not indented deeper decides.
fn has_end(p: &Parser<'_>, column: usize) -> bool {
    let mut at = p.pos();
    let mut blocks = 0;
    loop {
        match p.kind_at(at) {
            EOF => return false,
            DO_KW => blocks += 1,
            END_KW if blocks == 0 => return true,
            END_KW => blocks -= 1,
            kind if p.tokens.newline_before(at)
                && p.tokens.begins_item(at)
                && !kind.is_name()
                && p.column(at) <= column =>
            {
                return false;
            }
            L_PAREN | L_BRACKET | L_BRACE | HASH_BRACE => at = p.partner(at).unwrap_or(at),
            _ => {}
        }
        at += 1;
    }
}

fn trait_def(p: &mut Parser<'_>) -> SyntaxKind {
    let open = p.pos();
    let column = p.column(open);
    p.bump();
    type_name(p, "the name of the trait");
    if p.at_same_line(L_BRACKET) || p.at_same_line(LESS) {
        p.error("a trait has no type parameters");
        types::type_params(p);
    }
    if p.at_same_line(COLON) {
        p.bump();
        let marker = p.start();
        loop {
            type_name(p, "the name of a trait");
            if p.at_same_line(PLUS) {
                p.error("supertraits are separated by `,`");
            } else if !p.at_same_line(COMMA) {
                break;
            }
            p.bump();
        }
        p.complete(marker, SUPERTRAITS);
    }
    body_of_trait(p, open, column, "trait", |p| {
        misplaced_pub(p);
        let kind = p.current();
        if !(kind.is_name() || is_operator_name(kind)) || !matches!(p.nth(1), L_PAREN | L_BRACKET) {
            return false;
        }
        let marker = p.start();
        p.bump();
        if p.at(L_BRACKET) {
            p.error("a method of a trait has no type parameters");
            types::type_params(p);
        }
        if p.at_same_line(L_PAREN) {
            param_list(p, true);
        }
        types::ret_type(p);
        if p.at_same_line(EQ) {
            p.bump();
            p.with_context(Context { operator_methods: true, ..Context::default() }, expr);
            assignment_as_value(p, "the body of a method");
        } else if p.at_same_line(WHEN_KW) {
            p.error("a method signature has no guard");
            control::guard(p);
        }
        p.complete(marker, TRAIT_METHOD);
        true
    });
    TRAIT_DEF
}

fn impl_def(p: &mut Parser<'_>) -> SyntaxKind {
    let open = p.pos();
    let column = p.column(open);
    types::ty(p);
    p.bump();
    type_name(p, "the name of a trait");
    if p.at_same_line(L_BRACKET) {
        p.error("a trait has no type arguments");
        types::type_arg_list(p);
    }
    if p.at_same_line(COMMA) || p.at_same_line(PLUS) {
        p.error("an implementation is for one trait").help("write one implementation for each trait");
        p.skip_until(ERROR, |p| p.newline());
    }
    if p.at_same_line(WHEN_KW) {
        p.bump();
        loop {
            let bound = p.start();
            if p.current().is_name() || p.current().is_type_name() {
                p.bump();
            } else {
                p.expected("a type parameter");
            }
            if p.at_same_line(COLON) {
                p.bump();
                types::bounds(p);
            } else {
                p.expected("`:` and the name of a trait");
            }
            p.complete(bound, IMPL_BOUND);
            if !p.at_same_line(COMMA) {
                break;
            }
            p.bump();
        }
    }
    body_of_trait(p, open, column, "implementation", |p| {
        misplaced_pub(p);
        let operator = is_operator_name(p.current()) && p.nth(1) == L_PAREN;
        if !operator && (!p.current().is_name() || !matches!(p.nth(1), L_PAREN | L_BRACKET)) {
            return false;
        }
        let marker = p.start();
        if operator {
            p.error("an implementation cannot define an operator");
        }
        p.bump();
        p.with_context(Context { operator_methods: true, ..Context::default() }, function_rest);
        p.complete(marker, FN_DEF);
        true
    });
    IMPL_DEF
}

/// `pub` before a method.
fn misplaced_pub(p: &mut Parser<'_>) {
    if p.at(PUB_KW) && p.nth(1).is_name() && p.nth(2) == L_PAREN {
        p.error("methods have no `pub`").help("a method is as visible as its trait and its type");
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
    }
}

/// Methods and `end`. Without an `end`, what begins at the column of the header or left of it is no method: so a
/// forgotten `end` does not swallow the rest of the file.
fn body_of_trait(
    p: &mut Parser<'_>,
    open: usize,
    column: usize,
    what: &str,
    mut method: impl FnMut(&mut Parser<'_>) -> bool,
) {
    let mut brace = None;
    if p.at_same_line(L_BRACE) || p.at_same_line(EQ) {
        p.error(format!("the methods of the {what} stand between its first line and `end`"))
            .help("remove the brace, and write `end` after the last method");
        brace = p.partner(p.pos());
        p.bump();
    }
    let ends = brace.is_some() || has_end(p, column);
    loop {
        if Some(p.pos()) == brace || brace.is_none() && ends && p.at(END_KW) {
            p.bump();
            return;
        }
        let in_column = !ends && p.newline() && p.column(p.pos()) <= column;
        if p.at_end() || in_column || !ends && (p.at(END_KW) || !p.current().is_name() && only_item(p)) {
            break;
        }
        let before = p.pos();
        let limit = p.enter_item();
        let found = method(p);
        p.leave_item(limit);
        if found {
            continue;
        }
        if !ends && p.newline() && p.tokens.begins_item(p.pos()) {
            break;
        }
        if p.pos() == before {
            let singular = if what == "trait" { "a method signature, or `end`" } else { "a method, or `end`" };
            let found = p.current_text();
            p.error(format!("expected {singular}, found `{found}`"));
            let from = p.pos();
            p.skip_until(ERROR, |p| {
                Some(p.pos()) == brace
                    || p.at(END_KW)
                    || p.pos() > from && p.newline() && (p.current().is_name() || only_item(p))
            });
            if p.pos() == from {
                break;
            }
        }
    }
    p.error_for(open, format!("this {what} is never closed")).help("add `end` after its last method");
}

// ---- Functions ----

/// `template Name FnRest`; the current token is the keyword.
fn template(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    name(p, "the name of the template");
    if !p.newline() {
        function_rest(p);
    }
    TEMPLATE_DEF
}

/// `Name FnRest`
fn function(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    function_rest(p);
    FN_DEF
}

fn function_rest(p: &mut Parser<'_>) {
    types::type_params(p);
    if p.at_same_line(L_PAREN) {
        param_list(p, true);
    } else {
        p.expected("`(` and the parameters");
    }
    if p.at_same_line(WHEN_KW) {
        control::guard(p);
    }
    if p.at_same_line(IF_KW) {
        p.error("guards begin with `when`").help("write `f(x) when condition = …`");
        control::guard(p);
    }
    if matches!(p.current(), R_PAREN | R_BRACKET) && !p.newline() && matches!(p.nth(1), EQ | ARROW) {
        let text = p.current_text();
        p.error(format!("this `{text}` closes nothing")).help("remove it, or add the bracket it closes");
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
    }
    if p.at_same_line(COLON) && p.nth(1) == EQ && p.touches_previous(p.pos() + 1) {
        p.error_range(p.pos(), p.pos() + 1, "there is no operator `:=`").help("write `f(x) = …`");
        let error = p.start();
        p.bump();
        p.complete(error, ERROR);
    } else if p.at_same_line(COLON) {
        p.error("the return type follows `->`").help("write `f(x) -> Type = …`");
        let error = p.start();
        p.bump();
        types::ty(p);
        p.complete(error, ERROR);
    }
    types::ret_type(p);
    if p.at_same_line(WHEN_KW) {
        p.error("the guard stands before the return type").help("write `f(x) when condition -> Type = …`");
        let error = p.start();
        control::guard(p);
        p.complete(error, ERROR);
    }
    if p.at_same_line(IDENT) && p.current_text() == "where" {
        p.error("there is no `where`").help("bounds stand in the type parameters: `f[T: Ord](x: T) = …`");
        p.skip_until(ERROR, |p| p.newline() || p.at(EQ));
    }
    body(p);
}

/// `nl "=" Expr`
fn body(p: &mut Parser<'_>) {
    if p.at(EQ) {
        p.bump();
        if p.at_next_item() || p.at_next_binding() && !p.indented() {
            p.expected("the body of the function");
            p.missing(ERROR_EXPR);
            return;
        }
        expr(p);
        assignment_as_value(p, "the body of a function");
    } else if p.at_same_line(FAT_ARROW) {
        p.error("the body of a function follows `=`").help("write `f(x) = …`");
        p.bump();
        expr(p);
    } else if p.at_same_line(EQ_EQ) {
        p.error("`==` compares; the body of a function follows `=`").help("write `f(x) = …`");
        p.bump();
        required_expr(p, "the body of the function");
    } else {
        let indented = p.newline() && p.indented() && can_start_expr(p);
        let block = p.at_same_line(L_BRACE) || indented && p.at(L_BRACE);
        p.expected("`=` and the body of the function").help("write `f(x) = …`");
        if block {
            statements::block(p);
        } else if indented {
            expr(p);
        } else {
            p.missing(ERROR_EXPR);
        }
    }
    leftovers(p);
}

/// What follows the end of a declaration without beginning another one.
fn leftovers(p: &mut Parser<'_>) {
    if p.newline() || p.at_end() || p.at(END_KW) || p.at(SEMICOLON) {
        return;
    }
    if foreign_continuation(p) {
        p.mute_line();
        p.skip_until(ERROR, |p| p.newline() || p.at(END_KW));
        return;
    }
    if p.tokens.begins_item(p.pos()) {
        return;
    }
    match p.current() {
        R_PAREN | R_BRACKET | R_BRACE => {
            let text = p.current_text();
            p.error(format!("this `{text}` closes nothing")).help("remove it, or add the bracket it closes");
        }
        L_BRACE if p.pos() > 0 && p.kind_at(p.pos() - 1).is_type_name() => record_braces(p),
        _ => expected_after(p, "the end of the declaration"),
    }
    p.mute_line();
    p.skip_until(ERROR, |p| p.newline() || p.at(END_KW));
}

/// `PARAM_LIST`; the current token is `(`.
pub(super) fn param_list(p: &mut Parser<'_>, defaults: bool) {
    let marker = p.start();
    let spec = List {
        close: R_PAREN,
        close_text: "`)`",
        element: "a parameter",
        what: "parameters",
        multiline: false,
        trailing_comma: false,
    };
    list(
        p,
        spec,
        |p| can_start_pattern(p) || is_keyword_param(p),
        |p| {
            let param = p.start();
            pattern(p);
            if p.at(COLON) {
                p.bump();
                types::ty(p);
            }
            if p.at(EQ) {
                if !defaults {
                    p.error("parameters of a lambda have no defaults").help("define a named function instead");
                }
                p.bump();
                expr(p);
            }
            p.complete(param, PARAM);
        },
    );
    p.complete(marker, PARAM_LIST);
}

/// `( name: Type, … )` of a foreign function; the current token is `(`.
fn foreign_params(p: &mut Parser<'_>) {
    let marker = p.start();
    let spec = List {
        close: R_PAREN,
        close_text: "`)`",
        element: "a parameter `name: Type`",
        what: "parameters",
        multiline: false,
        trailing_comma: false,
    };
    list(p, spec, can_start_pattern, |p| {
        let param = p.start();
        pattern(p);
        if p.at(COLON) {
            p.bump();
            types::ty(p);
        } else {
            p.expected("`:` and the type of the parameter");
        }
        p.complete(param, PARAM);
    });
    p.complete(marker, PARAM_LIST);
}

/// A keyword where a parameter is meant.
fn is_keyword_param(p: &Parser<'_>) -> bool {
    p.current().is_reserved() && matches!(p.nth(1), COMMA | COLON | R_PAREN | EQ)
}

// ---- Values ----

fn required_type(p: &mut Parser<'_>) {
    if types::can_start_type(p) && !p.newline() {
        types::ty(p);
    } else {
        p.expected("a type");
        p.missing(ERROR_TYPE);
    }
}

/// `= Expr`
fn value(p: &mut Parser<'_>, what: &str) {
    if p.at_same_line(EQ) {
        p.bump();
        let annotated = p.newline() && p.current().is_name() && p.nth(1) == COLON;
        if annotated || p.operand_missing() {
            p.expected("a value");
            p.missing(ERROR_EXPR);
            return;
        }
        expr(p);
        assignment_as_value(p, "a value");
    } else if p.at(EQ) {
        p.error("`=` must stand on the line of what it defines");
        p.bump();
        expr(p);
    } else {
        p.expected(what);
        p.missing(ERROR_EXPR);
    }
    leftovers(p);
}

fn mvar_def(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    name(p, "the name of the variable");
    if p.at_same_line(COLON) {
        p.bump();
        required_type(p);
    } else {
        p.expected("`:` and a type").help("a module variable needs its type: `mvar name: Type = value`");
        p.missing(ERROR_TYPE);
    }
    value(p, "`=` and the first value");
    MVAR_DEF
}

fn const_def(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    if p.current().is_id() {
        p.bump();
    } else {
        bad_name(p, "the name of the constant", "choose another name");
    }
    if p.at_same_line(COLON) {
        p.error("a constant has no annotation").help("remove the type");
        let error = p.start();
        p.bump();
        required_type(p);
        p.complete(error, ERROR);
    }
    value(p, "`=` and a value");
    CONST_DEF
}

fn top_binding(p: &mut Parser<'_>) -> SyntaxKind {
    p.eat(VAR_KW);
    pattern(p);
    if p.at_same_line(COLON) {
        p.bump();
        required_type(p);
    }
    value(p, "`=` and a value");
    TOP_BINDING
}

fn string(p: &mut Parser<'_>, what: &str) {
    match p.current() {
        STRING | SQ_STRING => p.bump(),
        STRING_OPEN => {
            let end = p.partner(p.pos()).unwrap_or(p.pos());
            p.bump_as(STRING, end + 1 - p.pos());
        }
        _ => {
            p.expected(what);
        }
    }
}

fn test_def(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    string(p, "the name of the test as a string");
    value(p, "`=` and the body of the test");
    TEST_DEF
}

fn extern_decl(p: &mut Parser<'_>) -> SyntaxKind {
    p.bump();
    if p.eat(TYPE_KW) {
        type_name(p, "the name of the type");
        return EXTERN_TYPE;
    }
    name(p, "the name of the function");
    if p.at_same_line(L_PAREN) {
        foreign_params(p);
    } else {
        p.expected("`(` and the parameters");
    }
    if !types::ret_type(p) {
        p.expected("`->` and the type of the result");
    }
    if p.eat(FROM_KW) {
        string(p, "the name of the library as a string");
    } else {
        p.expected("`from` and the name of the library");
    }
    EXTERN_FN
}

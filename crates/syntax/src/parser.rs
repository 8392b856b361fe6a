//! The machine under the grammar: tokens without trivia, events, errors, look-ahead.
//!
//! Input: the tokens of a file. Output: a flat list of events from which [`crate::sink`] builds the tree, and errors.
//! The rules of the language live in [`crate::grammar`].
//!
//! The grammar is written for backtracking, this parser never goes back: brackets are paired before parsing, so
//! that "is there a `=>` behind the closing parenthesis" is one look at a table, and patterns and types can be
//! skipped token by token without building anything.
//!
//! Invariants: every loop consumes a token or leaves; recursion is at most [`MAX_NESTING`] deep; at most one error
//! is reported between two consumed tokens.

use crate::{SyntaxError, SyntaxKind, TextRange, TextSize, lexer::RawToken};
use SyntaxKind::*;

/// How deep expressions, patterns, types and items may be nested in each other.
pub(crate) const MAX_NESTING: u32 = 250;

/// Message for what is nested deeper than the limits.
pub(crate) const TOO_DEEP: &str = "this is nested too deeply";
pub(crate) const TOO_DEEP_HELP: &str = "name the inner parts and build the whole from them";

const NONE: u32 = u32::MAX;

/// How far back the start of a line is looked for: a file may be one long line, and must not take quadratic time.
const MAX_LINE: usize = 1000;

/// One step of building the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// Opens a node. `parent`: distance to the event of a node that was put around this one later, or 0.
    Start { kind: SyntaxKind, parent: u32 },
    /// The next `count` significant tokens, with the trivia between them, as one token.
    Token { kind: SyntaxKind, count: u32 },
    /// Closes the innermost open node.
    Finish,
}

impl Event {
    pub(crate) const TOMBSTONE: Event = Event::Start { kind: SyntaxKind::TOMBSTONE, parent: 0 };
}

/// A token that is not trivia.
#[derive(Clone, Copy)]
struct Token {
    kind: SyntaxKind,
    /// A NEWLINE stands before the token.
    newline: bool,
    /// Its raw index.
    raw: u32,
}

/// The significant tokens of a file, with what the grammar wants to know about the trivia between them.
pub(crate) struct Tokens {
    raw: Vec<RawToken>,
    /// The last is `EOF`.
    significant: Vec<Token>,
    /// Index of the matching bracket, or `NONE`.
    partner: Vec<u32>,
    /// Tokens that certainly begin an item although brackets are open before them; ascending.
    barriers: Vec<u32>,
    /// Closers that come too late: the bracket they belong to was crossed by another closer, which is reported.
    crossed: Vec<u32>,
}

impl Tokens {
    pub(crate) fn new(raw: Vec<RawToken>, text: &str) -> Tokens {
        let mut significant = Vec::with_capacity(raw.len());
        let mut newline = false;
        for (at, &RawToken { kind, .. }) in raw.iter().enumerate() {
            if kind.is_trivia() {
                newline |= kind == NEWLINE;
                continue;
            }
            let newline = std::mem::take(&mut newline);
            significant.push(Token { kind, newline, raw: u32::try_from(at).unwrap_or(NONE) });
        }
        let mut tokens = Tokens { raw, significant, partner: Vec::new(), barriers: Vec::new(), crossed: Vec::new() };
        if !tokens.pair(None) {
            tokens.pair(Some(text));
        }
        tokens
    }

    /// Pairs brackets; `true` if all have a partner. With a text, a line that begins an item at the left edge ends
    /// everything that is open: the usual sign of a missing closer.
    fn pair(&mut self, barrier_text: Option<&str>) -> bool {
        self.partner.clear();
        self.crossed.clear();
        self.partner.resize(self.significant.len(), NONE);
        let mut stack: Vec<usize> = Vec::new();
        let mut open = [0u32; 5];
        // Openers that lost their closer to another bracket since the last line that begins an item.
        let mut crossed = [0u32; 5];
        let mut balanced = true;
        for at in 0..self.significant.len() {
            let Token { kind, newline, .. } = self.significant[at];
            if newline && self.ends_open_brackets(at, &stack, barrier_text) {
                self.barriers.push(u32::try_from(at).unwrap_or(NONE));
                stack.clear();
                open = [0; 5];
                crossed = [0; 5];
                balanced = false;
            }
            if let Some(class) = opener(kind) {
                stack.push(at);
                open[class] += 1;
            } else if let Some(class) = closer(kind) {
                if open[class] == 0 {
                    balanced = false;
                    if crossed[class] > 0 {
                        crossed[class] -= 1;
                        self.crossed.push(u32::try_from(at).unwrap_or(NONE));
                    }
                    continue;
                }
                let aligned = barrier_text.and_then(|text| self.aligned_opener(at, &stack, text));
                while let Some(from) = stack.pop() {
                    let found = opener(self.kind(from)).unwrap_or_default();
                    open[found] -= 1;
                    if found == class && aligned.is_none_or(|aligned| aligned == from) {
                        self.partner[from] = u32::try_from(at).unwrap_or(NONE);
                        self.partner[at] = u32::try_from(from).unwrap_or(NONE);
                        break;
                    }
                    crossed[found] += 1;
                    balanced = false;
                }
            }
        }
        balanced && stack.is_empty()
    }

    /// The line of `at` begins an item although brackets are open before it. In parentheses no definition can stand
    /// anyway; in braces one may, so there it must not be indented deeper than the line of the outermost bracket, in
    /// a file known to be unbalanced.
    fn ends_open_brackets(&self, at: usize, stack: &[usize], barrier_text: Option<&str>) -> bool {
        let (Some(&outermost), Some(&innermost)) = (stack.first(), stack.last()) else { return false };
        if !self.certainly_begins_item(at) {
            return false;
        }
        matches!(self.kind(innermost), L_PAREN | L_BRACKET)
            || barrier_text.is_some_and(|text| column(text, self.start(at)) <= indentation(text, self.start(outermost)))
    }

    /// For a closer at the start of a line in an unbalanced file: the opener whose line is indented like it.
    fn aligned_opener(&self, at: usize, stack: &[usize], text: &str) -> Option<usize> {
        const MAX_LOOK: usize = 32;
        if !self.newline_before(at) {
            return None;
        }
        let wanted = column(text, self.start(at));
        let class = closer(self.kind(at));
        stack
            .iter()
            .rev()
            .take(MAX_LOOK)
            .copied()
            .find(|&from| opener(self.kind(from)) == class && indentation(text, self.start(from)) == wanted)
    }

    /// The token begins an item as far as two or three tokens tell.
    pub(crate) fn begins_item(&self, at: usize) -> bool {
        match self.kind(at) {
            TYPE_KW | REACTIVE_KW | TRAIT_KW | MODULE_KW | MVAR_KW | CONST_KW | USE_KW | TEMPLATE_KW | TEST_KW
            | EXTERN_KW | PUB_KW | AT | END_KW | IMPORT_KW => true,
            VAR_KW => self.kind(at + 1) == TYPE_KW || self.kind(at + 1).is_name(),
            kind if kind.is_name() => matches!(self.kind(at + 1), L_PAREN | L_BRACKET | EQ | COLON),
            kind if kind.is_type_name() => match self.kind(at + 1) {
                COLON => self.kind(at + 2).is_type_name(),
                L_BRACKET => {
                    (at + 2..at + 16).find(|&n| self.kind(n) == R_BRACKET).is_some_and(|n| self.kind(n + 1) == COLON)
                }
                _ => false,
            },
            L_PAREN | L_BRACKET => self.head_of_impl(at),
            _ => false,
        }
    }

    /// A bracketed type, `:` and the name of a trait at the end of the line.
    fn head_of_impl(&self, at: usize) -> bool {
        const MAX_LOOK: usize = 64;
        let mut depth = 0;
        for here in at..at + MAX_LOOK {
            match self.kind(here) {
                L_PAREN | L_BRACKET => depth += 1,
                R_PAREN | R_BRACKET => depth -= 1,
                COMMA | DOT | UPPER_IDENT | SELF_TYPE_KW => {}
                _ => return false,
            }
            if depth == 0 {
                let ends = self.newline_before(here + 3) || self.kind(here + 3) == WHEN_KW;
                return self.kind(here + 1) == COLON && self.kind(here + 2).is_type_name() && ends;
            }
        }
        false
    }

    /// The token begins an item and can be nothing else at the start of a line.
    pub(crate) fn certainly_begins_item(&self, at: usize) -> bool {
        let next = self.kind(at + 1);
        match self.kind(at) {
            TYPE_KW | TRAIT_KW | MODULE_KW | REACTIVE_KW => next.is_type_name(),
            MVAR_KW | TEMPLATE_KW => next.is_name(),
            CONST_KW | USE_KW => next.is_id(),
            TEST_KW => matches!(next, STRING | SQ_STRING | STRING_OPEN),
            EXTERN_KW => next == TYPE_KW || next.is_name(),
            PUB_KW | AT => true,
            END_KW => self.newline_before(at + 1),
            kind if kind.is_name() && matches!(next, L_PAREN | L_BRACKET) => self.head_of_function(at + 1),
            kind if kind.is_type_name() || matches!(kind, L_PAREN | L_BRACKET) => self.begins_item(at),
            _ => false,
        }
    }

    /// From the bracket at `at` a parameter list ends on its line, and `=`, `->` or `when` follows it.
    fn head_of_function(&self, mut at: usize) -> bool {
        const MAX_LOOK: usize = 256;
        let end = at + MAX_LOOK;
        let mut depth = 0;
        while at < end {
            let kind = self.kind(at);
            if opener(kind).is_some() {
                depth += 1;
            } else if closer(kind).is_some() {
                depth -= 1;
            }
            at += 1;
            if depth == 0 && self.kind(at) != L_PAREN {
                return matches!(self.kind(at), EQ | ARROW | WHEN_KW);
            }
            if self.newline_before(at) {
                return false;
            }
        }
        false
    }

    pub(crate) fn kind(&self, at: usize) -> SyntaxKind {
        self.significant.get(at).map_or(EOF, |token| token.kind)
    }

    pub(crate) fn newline_before(&self, at: usize) -> bool {
        self.significant.get(at).is_none_or(|token| token.newline)
    }

    pub(crate) fn partner(&self, at: usize) -> Option<usize> {
        self.partner.get(at).copied().filter(|&n| n != NONE).map(|n| n as usize)
    }

    /// Byte offset of a significant token.
    pub(crate) fn start(&self, at: usize) -> u32 {
        self.raw[self.raw_index(at)].start
    }

    /// Byte offset behind a significant token.
    pub(crate) fn end(&self, at: usize) -> u32 {
        self.raw_start(self.raw_index(at) + 1)
    }

    pub(crate) fn raw_index(&self, at: usize) -> usize {
        self.significant[at.min(self.significant.len() - 1)].raw as usize
    }

    pub(crate) fn raw_kind(&self, raw: usize) -> SyntaxKind {
        self.raw[raw].kind
    }

    pub(crate) fn raw_start(&self, raw: usize) -> u32 {
        self.raw[raw.min(self.raw.len() - 1)].start
    }

    /// Number of raw tokens without `EOF`.
    pub(crate) fn raw_len(&self) -> usize {
        self.raw.len() - 1
    }

    /// The lexer has complained about something before the token on its line, or on the line that ends before it.
    fn after_bad_token(&self, at: usize) -> bool {
        let end = self.raw_index(at);
        let before = self.raw[..end].iter().rev().map(|token| token.kind);
        before
            .skip_while(|kind| matches!(kind, NEWLINE | WHITESPACE | COMMENT))
            .take_while(|&kind| kind != NEWLINE)
            .take(MAX_LINE)
            .any(|kind| kind == BAD_TOKEN)
    }
}

/// Bytes between the start of the line and `at`, at most [`MAX_LINE`].
fn column(text: &str, at: u32) -> usize {
    text.as_bytes()[..at as usize].iter().rev().take(MAX_LINE).take_while(|&&b| b != b'\n').count()
}

/// Column of the first character of the line of `at` that is not white space.
fn indentation(text: &str, at: u32) -> usize {
    let line = at as usize - column(text, at);
    text.as_bytes()[line..].iter().take_while(|&&b| matches!(b, b' ' | b'\t')).count()
}

/// The class of a bracket that opens something, by kind; a closer of the same class ends it.
fn opener(kind: SyntaxKind) -> Option<usize> {
    match BRACKETS.get(usize::from(kind.into_raw())) {
        Some(&Bracket::Opener(class)) => Some(class.into()),
        _ => None,
    }
}

fn closer(kind: SyntaxKind) -> Option<usize> {
    match BRACKETS.get(usize::from(kind.into_raw())) {
        Some(&Bracket::Closer(class)) => Some(class.into()),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Bracket {
    Opener(u8),
    Closer(u8),
    Neither,
}

/// What each kind of token is; a table, because every token is asked.
static BRACKETS: [Bracket; EOF as usize] = {
    let mut table = [Bracket::Neither; EOF as usize];
    table[L_PAREN as usize] = Bracket::Opener(0);
    table[R_PAREN as usize] = Bracket::Closer(0);
    table[L_BRACKET as usize] = Bracket::Opener(1);
    table[R_BRACKET as usize] = Bracket::Closer(1);
    table[L_BRACE as usize] = Bracket::Opener(2);
    table[HASH_BRACE as usize] = Bracket::Opener(2);
    table[R_BRACE as usize] = Bracket::Closer(2);
    table[STRING_OPEN as usize] = Bracket::Opener(3);
    table[STRING_CLOSE as usize] = Bracket::Closer(3);
    table[HOLE_OPEN as usize] = Bracket::Opener(4);
    table[HOLE_CLOSE as usize] = Bracket::Closer(4);
    table
};

/// A node that has been opened.
#[must_use]
pub(crate) struct Marker {
    event: u32,
}

/// What a finished expression may stand for on the left of `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Cannot be assigned to.
    Value,
    /// Can be read as a pattern.
    Pattern,
    /// A field or an element.
    Place,
    /// A call of a plain name: head of a local function.
    Function,
    /// `if` without `else` whose branch can be assigned to.
    Conditional,
}

/// A node that has been closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed {
    event: u32,
    pub(crate) kind: SyntaxKind,
    pub(crate) shape: Shape,
}

impl Completed {
    pub(crate) fn with_shape(mut self, shape: Shape) -> Completed {
        self.shape = shape;
        self
    }
}

/// Where an expression stands, as far as its grammar depends on it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context {
    /// In a guard or a timeout: `->` ends the expression, so `(a) -> T => e` is no lambda.
    pub(crate) arrow_ends: bool,
    /// In the key of a map: `=>` is a mistake for `:`.
    pub(crate) fat_arrow_ends: bool,
    /// In a trait outside brackets: an operator at the start of a line is the name of a method.
    pub(crate) operator_methods: bool,
    /// In the fields of a variant whose parenthesis is never closed: `|` begins the next variant.
    pub(crate) bar_ends: bool,
}

/// A line on which nothing more is reported.
#[derive(Clone, Copy)]
struct Muted {
    from: usize,
    /// Tokens up to here are known to stand on the line.
    to: usize,
}

pub(crate) struct Parser<'t> {
    pub(crate) tokens: &'t Tokens,
    text: &'t str,
    pos: usize,
    /// Tokens from here on read as `EOF`.
    limit: usize,
    events: Vec<Event>,
    errors: Vec<SyntaxError>,
    /// Position of the last error: at most one for each token.
    last_error: usize,
    depth: u32,
    /// Column of the item that is being read.
    item_column: usize,
    /// After a statement that could not be read to its end: no further errors on the line of this token.
    muted: Option<Muted>,
    /// The nesting limit was hit in this item; further errors there would only repeat it.
    pub(crate) too_deep: bool,
    pub(crate) context: Context,
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, tokens: &'t Tokens) -> Parser<'t> {
        Parser {
            tokens,
            text,
            pos: 0,
            limit: tokens.significant.len() - 1,
            events: Vec::with_capacity(tokens.significant.len() * 3),
            errors: Vec::new(),
            last_error: usize::MAX,
            muted: None,
            depth: 0,
            item_column: 0,
            too_deep: false,
            context: Context::default(),
        }
    }

    pub(crate) fn finish(self) -> (Vec<Event>, Vec<SyntaxError>) {
        (self.events, self.errors)
    }

    // ---- Looking ----

    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    pub(crate) fn current(&self) -> SyntaxKind {
        self.kind_at(self.pos)
    }

    pub(crate) fn nth(&self, n: usize) -> SyntaxKind {
        self.kind_at(self.pos + n)
    }

    pub(crate) fn kind_at(&self, at: usize) -> SyntaxKind {
        if at < self.limit { self.tokens.kind(at) } else { EOF }
    }

    pub(crate) fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == kind
    }

    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.limit
    }

    /// The current token stands on a new line.
    pub(crate) fn newline(&self) -> bool {
        self.tokens.newline_before(self.pos)
    }

    /// The current token is `kind` and stands on the line of the one before.
    pub(crate) fn at_same_line(&self, kind: SyntaxKind) -> bool {
        self.at(kind) && !self.newline()
    }

    /// The partner of a bracket, if it lies within the item.
    pub(crate) fn partner(&self, at: usize) -> Option<usize> {
        self.tokens.partner(at).filter(|&n| n < self.limit)
    }

    pub(crate) fn text_at(&self, at: usize) -> &'t str {
        &self.text[self.tokens.start(at) as usize..self.tokens.end(at) as usize]
    }

    pub(crate) fn current_text(&self) -> &'t str {
        if self.at_end() { "" } else { self.text_at(self.pos) }
    }

    /// No trivia between the token `at` and the one before it.
    pub(crate) fn touches_previous(&self, at: usize) -> bool {
        at > 0 && self.tokens.end(at - 1) == self.tokens.start(at)
    }

    /// Column of a token in bytes, from 0; tabs count one.
    pub(crate) fn column(&self, at: usize) -> usize {
        column(self.text, self.tokens.start(at))
    }

    /// The current token is a closer, but the one of a bracket outside of `open`, which has none.
    pub(crate) fn closes_outer(&self, open: usize) -> bool {
        self.partner(open).is_none() && self.partner(self.pos).is_some_and(|partner| partner < open)
    }

    /// A new line begins with a definition, not deeper than the item that is being read: what should stand here is
    /// missing.
    pub(crate) fn at_next_item(&self) -> bool {
        self.newline() && self.tokens.certainly_begins_item(self.pos) && self.column(self.pos) <= self.item_column
    }

    /// A new line begins with `name =`.
    pub(crate) fn at_next_binding(&self) -> bool {
        self.newline() && self.current().is_name() && self.nth(1) == EQ && !self.tokens.newline_before(self.pos + 1)
    }

    /// The current token stands deeper than the item that is being read.
    pub(crate) fn indented(&self) -> bool {
        self.column(self.pos) > self.item_column
    }

    /// The next binding or item begins: the operand that should stand here is missing.
    pub(crate) fn operand_missing(&self) -> bool {
        self.newline() && (self.at_next_binding() || self.at_next_item())
    }

    // ---- Consuming ----

    pub(crate) fn bump(&mut self) {
        self.bump_as(self.current(), 1);
    }

    /// Consumes `count` tokens as one of kind `kind`.
    pub(crate) fn bump_as(&mut self, kind: SyntaxKind, count: usize) {
        if self.pos + count <= self.limit {
            self.events.push(Event::Token { kind, count: u32::try_from(count).unwrap_or(1) });
            self.pos += count;
        }
    }

    pub(crate) fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    pub(crate) fn start(&mut self) -> Marker {
        let event = u32::try_from(self.events.len()).unwrap_or(NONE);
        self.events.push(Event::TOMBSTONE);
        Marker { event }
    }

    pub(crate) fn complete(&mut self, marker: Marker, kind: SyntaxKind) -> Completed {
        if let Event::Start { kind: slot, .. } = &mut self.events[marker.event as usize] {
            *slot = kind;
        }
        self.events.push(Event::Finish);
        Completed { event: marker.event, kind, shape: Shape::Value }
    }

    /// Forgets a node; what was parsed since belongs to its parent.
    pub(crate) fn abandon(&mut self, marker: Marker) {
        if marker.event as usize + 1 == self.events.len() {
            self.events.pop();
        }
    }

    /// Opens a node around a closed one.
    pub(crate) fn precede(&mut self, completed: Completed) -> Marker {
        let marker = self.start();
        if let Event::Start { parent, .. } = &mut self.events[completed.event as usize] {
            *parent = marker.event - completed.event;
        }
        marker
    }

    /// A node without tokens, in place of something that is missing.
    pub(crate) fn missing(&mut self, kind: SyntaxKind) -> Completed {
        let marker = self.start();
        self.complete(marker, kind).with_shape(Shape::Pattern)
    }

    /// Runs `f` one level deeper, or reports that the limit is reached and skips what `f` would have read.
    pub(crate) fn nested<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.depth >= MAX_NESTING {
            self.report_depth();
            return None;
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        Some(result)
    }

    fn report_depth(&mut self) {
        let at = self.pos;
        self.error_at(at, TOO_DEEP).help(TOO_DEEP_HELP);
        self.too_deep = true;
    }

    /// Reads what stands between brackets: the rules of the surroundings do not reach inside.
    pub(crate) fn inside<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::take(&mut self.context);
        let result = f(self);
        self.context = outer;
        result
    }

    pub(crate) fn with_context<R>(&mut self, context: Context, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.context, context);
        let result = f(self);
        self.context = outer;
        result
    }

    /// Confines the parser to the tokens before the next barrier, for the item that begins here.
    pub(crate) fn enter_item(&mut self) -> usize {
        let here = self.pos;
        let next = self.tokens.barriers.partition_point(|&at| at as usize <= here);
        let barrier = self.tokens.barriers.get(next).map_or(usize::MAX, |&at| at as usize);
        self.last_error = usize::MAX;
        self.too_deep = false;
        self.item_column = self.column(here);
        let outer = self.limit;
        self.limit = outer.min(barrier);
        outer
    }

    pub(crate) fn leave_item(&mut self, limit: usize) {
        self.limit = limit;
    }

    // ---- Errors ----

    /// Reports a mistake at a range of bytes. Nothing is reported twice for one token.
    fn push_error(&mut self, at: usize, range: TextRange, message: String) -> ErrorHandle<'_> {
        self.muted =
            self.muted.filter(|muted| muted.from <= at && (muted.to + 1..=at).all(|n| !self.tokens.newline_before(n)));
        if let Some(muted) = &mut self.muted {
            muted.to = muted.to.max(at);
        }
        let muted = self.muted.is_some();
        let silent = muted
            || self.too_deep
            || self.last_error == at
            || self.tokens.crossed.binary_search(&u32::try_from(at).unwrap_or(NONE)).is_ok()
            || self.tokens.after_bad_token(at);
        self.last_error = at;
        let index = if silent {
            None
        } else {
            self.errors.push(SyntaxError { range, message, help: None, notes: Vec::new() });
            Some(self.errors.len() - 1)
        };
        ErrorHandle { errors: &mut self.errors, index }
    }

    /// Reports nothing more on the line of the current token: what follows a mistake on a line is a guess.
    pub(crate) fn mute_line(&mut self) {
        self.muted = Some(Muted { from: self.pos, to: self.pos });
    }

    /// Range of tokens `from..=to`.
    pub(crate) fn token_range(&self, from: usize, to: usize) -> TextRange {
        let (start, end) = (self.tokens.start(from), self.tokens.end(to.max(from)));
        TextRange::new(TextSize::new(start), TextSize::new(end.max(start)))
    }

    /// Reports a mistake about the token `at`.
    pub(crate) fn error_at(&mut self, at: usize, message: impl Into<String>) -> ErrorHandle<'_> {
        let range = self.token_range(at, at);
        self.push_error(at, range, message.into())
    }

    /// Reports a mistake about the tokens `from..=to`.
    pub(crate) fn error_range(&mut self, from: usize, to: usize, message: impl Into<String>) -> ErrorHandle<'_> {
        let range = self.token_range(from, to);
        self.push_error(from, range, message.into())
    }

    /// Reports a mistake that is noticed here at the earlier token `at`.
    pub(crate) fn error_for(&mut self, at: usize, message: impl Into<String>) -> ErrorHandle<'_> {
        let range = self.token_range(at, at);
        self.push_error(self.pos, range, message.into())
    }

    /// [`Parser::error_for`] about the tokens `from..=to`.
    pub(crate) fn error_for_range(&mut self, from: usize, to: usize, message: impl Into<String>) -> ErrorHandle<'_> {
        let range = self.token_range(from, to);
        self.push_error(self.pos, range, message.into())
    }

    /// Reports the current token.
    pub(crate) fn error(&mut self, message: impl Into<String>) -> ErrorHandle<'_> {
        self.error_at(self.pos, message)
    }

    /// Reports that `what` is missing: behind the last token if the line or the text ends here, else at the
    /// current token.
    pub(crate) fn expected(&mut self, what: &str) -> ErrorHandle<'_> {
        let found = self.found();
        let message = format!("expected {what}, found {found}");
        let at = self.pos;
        if at > 0 && (self.at_end() || self.newline()) {
            let end = TextSize::new(self.tokens.end(at - 1));
            return self.push_error(at, TextRange::empty(end), message);
        }
        let reserved = self.current().is_reserved() && what.contains("name");
        let word = self.current_text();
        let mut handle = self.error_at(at, message);
        if reserved {
            handle.note(format!("`{word}` is a reserved word and cannot be a name"));
        }
        handle
    }

    /// The current token in words.
    pub(crate) fn found(&self) -> String {
        if self.tokens.kind(self.pos) == EOF {
            return "end of input".to_owned();
        }
        if self.pos > 0 && (self.at_end() || self.newline()) {
            return "end of line".to_owned();
        }
        match self.current() {
            STRING | SQ_STRING | STRING_OPEN | STRING_TEXT => "a string".to_owned(),
            STRING_CLOSE | HOLE_CLOSE => "the end of the hole".to_owned(),
            _ => {
                let text = self.current_text();
                if self.current().is_reserved() { format!("the keyword `{text}`") } else { format!("`{text}`") }
            }
        }
    }

    /// Puts the current token, with everything up to its partner if it opens a bracket, into the open node.
    pub(crate) fn bump_tree(&mut self) {
        match self.partner(self.pos).filter(|&partner| partner > self.pos) {
            Some(partner) => {
                while self.pos <= partner {
                    self.bump();
                }
            }
            None => self.bump(),
        }
    }

    /// Puts tokens into an error node until `stop` or the end; brackets are skipped as a whole. No node if nothing
    /// is skipped.
    pub(crate) fn skip_until(&mut self, kind: SyntaxKind, stop: impl Fn(&Self) -> bool) {
        if self.at_end() || stop(self) {
            return;
        }
        let marker = self.start();
        while !self.at_end() && !stop(self) {
            self.bump_tree();
        }
        self.complete(marker, kind);
    }
}

/// Adds advice to an error that was just reported; does nothing if the report was suppressed.
pub(crate) struct ErrorHandle<'e> {
    errors: &'e mut Vec<SyntaxError>,
    index: Option<usize>,
}

impl ErrorHandle<'_> {
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        if let Some(error) = self.index.and_then(|index| self.errors.get_mut(index)) {
            error.help = Some(help.into());
        }
        self
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) -> &mut Self {
        if let Some(error) = self.index.and_then(|index| self.errors.get_mut(index)) {
            error.notes.push(note.into());
        }
        self
    }
}

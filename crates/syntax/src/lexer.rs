//! Text to tokens.
//!
//! Input: the text of a file. Output: tokens that cover it without gaps, and the mistakes that can be seen without
//! grammar. A string with holes becomes a sequence of tokens (`STRING_OPEN`, text, `HOLE_OPEN`, code, `HOLE_CLOSE`,
//! …, `STRING_CLOSE`), so that the parser sees the code inside.
//!
//! Invariant: tokens touch, none is empty, and openers and closers of strings and holes are balanced.
//!
//! A string may span lines, so one forgotten quote would swallow the file. When the end of the text is reached
//! inside a string, the lexer goes back to the first string that spans lines, ends that one at its line, and goes on.
//! What the end of the text does not show, the parser may find: it names the string that lacks its quote.

use crate::{SyntaxError, SyntaxKind, TextRange, TextSize, literal::IntSuffix};
use SyntaxKind::*;

/// How often the lexer goes back for an open string before it stops to accept strings of several lines.
const MAX_REWINDS: u32 = 16;

/// A token as it stands in the text.
#[derive(Clone, Copy)]
pub(crate) struct RawToken {
    pub(crate) kind: SyntaxKind,
    /// Byte offset; it ends where the next one starts.
    pub(crate) start: u32,
}

/// The tokens of a text, one `EOF` at the end.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<RawToken>,
    pub(crate) errors: Vec<SyntaxError>,
    /// Starts of the finished strings that span lines; ascending.
    pub(crate) long_strings: Vec<u32>,
}

/// Splits `text` into tokens. A string that starts at the offset `broken` ends on its line.
pub(crate) fn lex(text: &str, broken: Option<u32>) -> Lexed {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        pos: 0,
        // Few texts have more than one token for two bytes.
        out: Lexed { tokens: Vec::with_capacity(text.len() / 2 + 2), errors: Vec::new(), long_strings: Vec::new() },
        broken: broken.map(|at| at as usize),
        after_dot: false,
        holes: Vec::new(),
        string_start: None,
        suspect: None,
        rewinds: 0,
    };
    lexer.run();
    lexer.out
}

/// A place to go back to.
#[derive(Clone, Copy)]
struct Checkpoint {
    pos: usize,
    tokens: usize,
    errors: usize,
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    pos: usize,
    out: Lexed,
    /// Start of the string that is known to lack its quote.
    broken: Option<usize>,
    /// The last significant token is `.`: digits are tuple components, never floats.
    after_dot: bool,
    /// For each open hole the number of `{` that are open in it.
    holes: Vec<u32>,
    /// Start of the outermost string that is being read.
    string_start: Option<Checkpoint>,
    /// First finished string that spans lines since the last rewind.
    suspect: Option<Checkpoint>,
    rewinds: u32,
}

/// Whether each byte may stand in a name.
static NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

fn range(start: usize, end: usize) -> TextRange {
    let size = |at: usize| TextSize::new(u32::try_from(at).unwrap_or(u32::MAX));
    TextRange::new(size(start), size(end))
}

impl Lexer<'_> {
    fn run(&mut self) {
        loop {
            while self.pos < self.bytes.len() {
                self.token();
            }
            if self.string_start.is_none() {
                break;
            }
            self.rewind();
        }
        self.push(EOF, self.bytes.len());
    }

    /// The text ended inside a string: gives up the string that most likely lacks its quote.
    fn rewind(&mut self) {
        let Some(point) = self.suspect.take().or(self.string_start) else { return };
        self.rewinds += 1;
        self.pos = point.pos;
        self.out.tokens.truncate(point.tokens);
        self.out.errors.truncate(point.errors);
        self.out.long_strings.retain(|&start| (start as usize) < point.pos);
        self.holes.clear();
        self.string_start = None;
        self.broken_string();
    }

    /// Reads a string that was found to lack its quote or the end of a hole.
    fn broken_string(&mut self) {
        let point = self.checkpoint();
        self.one_line_string();
        // A string that does end on its line was opened again inside a hole: by the quote that should have ended it.
        let hole = self.text[point.pos..self.pos].find("${");
        if let Some(hole) = hole.filter(|_| self.out.errors.len() == point.errors) {
            let start = point.pos + hole;
            let help = Some("add `}` behind the expression".to_owned());
            self.error(start, start + 2, "this `${` is never closed".to_owned(), help);
        }
    }

    /// Reads a string that must end on its line; `${` has no meaning in it.
    fn one_line_string(&mut self) {
        let start = self.pos;
        let quote = self.bytes[start];
        let mut at = start + 1;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\n' => break,
                b'\\' if self.bytes.get(at + 1).is_some_and(|&next| next != b'\n') => at += 2,
                byte if byte == quote => {
                    let kind = if quote == b'"' { STRING } else { self.quoted_kind(start, at + 1) };
                    self.push(kind, self.floor(at + 1));
                    return;
                }
                _ => at += 1,
            }
        }
        let mut end = self.floor(at.min(self.bytes.len()));
        if self.bytes[start..end].ends_with(b"\r") {
            end -= 1;
        }
        self.error(
            start,
            end,
            "this string has no closing quote".to_owned(),
            Some(format!("add `{}` where the text ends", char::from(quote))),
        );
        self.push(if quote == b'"' { STRING } else { SQ_STRING }, end);
    }

    /// The nearest character boundary at or after `at`.
    fn floor(&self, mut at: usize) -> usize {
        while !self.text.is_char_boundary(at) {
            at += 1;
        }
        at
    }

    fn error(&mut self, start: usize, end: usize, message: String, help: Option<String>) {
        self.out.errors.push(SyntaxError { range: range(start, end), message, help, notes: Vec::new() });
    }

    /// Ends a token at `end`.
    fn push(&mut self, kind: SyntaxKind, end: usize) {
        self.out.tokens.push(RawToken { kind, start: u32::try_from(self.pos).unwrap_or(u32::MAX) });
        if !kind.is_trivia() {
            self.after_dot = kind == DOT;
        }
        self.pos = end;
    }

    fn peek(&self, n: usize) -> u8 {
        self.bytes.get(self.pos + n).copied().unwrap_or(0)
    }

    fn token(&mut self) {
        let byte = self.bytes[self.pos];
        match byte {
            b' ' | b'\t' | b'\r' => {
                let end = self.skip(self.pos + 1, |b| matches!(b, b' ' | b'\t' | b'\r'));
                self.push(WHITESPACE, end);
            }
            b'\n' => {
                let end = self.skip(self.pos + 1, |b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
                self.push(NEWLINE, end);
            }
            b'a'..=b'z' | b'_' => {
                let end = self.skip(self.pos + 1, is_name_byte);
                let kind = keyword(&self.bytes[self.pos..end]);
                self.push(kind, end);
            }
            b'A'..=b'Z' => {
                let end = self.skip(self.pos + 1, is_name_byte);
                let kind = if &self.bytes[self.pos..end] == b"Self" { SELF_TYPE_KW } else { UPPER_IDENT };
                self.push(kind, end);
            }
            b'0'..=b'9' => self.number(),
            b'"' => self.string(),
            b'\'' => self.quoted(),
            b'#' => self.hash(),
            b'/' if matches!(self.peek(1), b'/' | b'*') => self.foreign_comment(),
            b'{' => {
                if let Some(depth) = self.holes.last_mut() {
                    *depth += 1;
                }
                self.push(L_BRACE, self.pos + 1);
            }
            b'}' => match self.holes.last_mut() {
                Some(0) => {
                    self.holes.pop();
                    self.push(HOLE_CLOSE, self.pos + 1);
                    self.string_rest();
                }
                Some(depth) => {
                    *depth -= 1;
                    self.push(R_BRACE, self.pos + 1);
                }
                None => self.push(R_BRACE, self.pos + 1),
            },
            _ => match punctuation(byte, self.peek(1), self.peek(2)) {
                Some((kind, len)) => self.push(kind, self.pos + len),
                None => self.bad(),
            },
        }
    }

    /// First position at or after `from` whose byte does not satisfy `wanted`.
    fn skip(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        self.bytes[from..].iter().position(|&b| !wanted(b)).map_or(self.bytes.len(), |n| from + n)
    }

    fn number(&mut self) {
        let start = self.pos;
        let radix_digits = |digit: fn(&u8) -> bool, lexer: &Self| {
            let first = lexer.bytes.get(start + 2).is_some_and(digit);
            first.then(|| lexer.skip(start + 2, |b| digit(&b) || b == b'_'))
        };
        let (mut kind, mut end) = match (self.bytes[start], self.peek(1)) {
            (b'0', b'x' | b'X') => (HEX_INT, radix_digits(u8::is_ascii_hexdigit, self).unwrap_or(start + 1)),
            (b'0', b'b' | b'B') => (BIN_INT, radix_digits(|b| matches!(b, b'0' | b'1'), self).unwrap_or(start + 1)),
            _ => (INT, self.skip(start + 1, |b| b.is_ascii_digit() || b == b'_')),
        };
        if end == start + 1 {
            kind = INT;
        }
        let digit_at = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        if kind == INT && !self.after_dot && self.bytes.get(end) == Some(&b'.') && digit_at(end + 1) {
            kind = FLOAT;
            end = self.skip(end + 1, |b| b.is_ascii_digit() || b == b'_');
            if matches!(self.bytes.get(end), Some(b'e' | b'E')) {
                let signed = matches!(self.bytes.get(end + 1), Some(b'+' | b'-'));
                let digits = end + 1 + usize::from(signed);
                if digit_at(digits) {
                    end = self.skip(digits, |b| b.is_ascii_digit());
                }
            }
        }
        let suffix_end = self.skip(end, is_name_byte);
        if suffix_end == end {
            self.push(kind, end);
            return;
        }
        let suffix = &self.text[end..suffix_end];
        let typed = match (kind, suffix) {
            (INT, "n") => Some(BIG_INT),
            (INT | FLOAT, "d") => Some(DECIMAL),
            (FLOAT, "f32") => Some(FLOAT32),
            (INT, _) if IntSuffix::ALL.iter().any(|(name, _)| *name == suffix) => Some(TYPED_INT),
            _ => None,
        };
        if let Some(typed) = typed {
            self.push(typed, suffix_end);
            return;
        }
        let digits = &self.text[start..end];
        let help = match (kind, suffix) {
            (INT, "f32") => Some(format!("a `Float32` needs a fraction: `{digits}.0f32`")),
            (INT | FLOAT, "f64") => Some("a number with a fraction is a `Float` without any suffix".to_owned()),
            (_, "i64") => Some("an integer is an `Int` of 64 bits without any suffix".to_owned()),
            (INT, _) if suffix.starts_with(['e', 'E']) => {
                Some(format!("a `Float` needs digits on both sides of a dot: `{digits}.0{suffix}`"))
            }
            (INT, _) if digits == "0" && suffix.starts_with(['o', 'O']) => {
                Some("there are no octal literals; use decimal, `0x…` or `0b…`".to_owned())
            }
            (HEX_INT | BIN_INT, _) => Some("hexadecimal and binary literals have no suffix".to_owned()),
            _ => Some("suffixes are i8 i16 i32 u8 u16 u32 u64 for sized integers, n, d and f32".to_owned()),
        };
        self.error(end, suffix_end, format!("`{suffix}` cannot follow the number `{digits}`"), help);
        self.push(kind, end);
        self.push(BAD_TOKEN, suffix_end);
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { pos: self.pos, tokens: self.out.tokens.len(), errors: self.out.errors.len() }
    }

    /// Remembers the outermost string, and sends a hopeless file to the line-wise reading.
    fn begin_string(&mut self) -> bool {
        if self.holes.is_empty() {
            if self.broken == Some(self.pos) {
                self.broken_string();
                return false;
            }
            if self.rewinds >= MAX_REWINDS {
                self.one_line_string();
                return false;
            }
            self.string_start = Some(self.checkpoint());
        }
        true
    }

    fn finish_string(&mut self) {
        if self.holes.is_empty()
            && let Some(start) = self.string_start.take()
            && self.bytes[start.pos..self.pos].contains(&b'\n')
        {
            self.out.long_strings.push(u32::try_from(start.pos).unwrap_or(u32::MAX));
            self.suspect.get_or_insert(start);
        }
    }

    /// End of the text before the next `"` or `${`, and which of them follows.
    fn string_text(&self, from: usize) -> (usize, u8) {
        let mut at = from;
        loop {
            at = self.skip(at, |b| !matches!(b, b'"' | b'\\' | b'$'));
            match self.bytes.get(at) {
                None => return (self.bytes.len(), 0),
                Some(b'"') => return (at, b'"'),
                Some(b'$') if self.bytes.get(at + 1) == Some(&b'{') => return (at, b'$'),
                // A backslash hides the next character, but never the `$` of a hole.
                Some(b'\\') if self.bytes.get(at + 1).is_some_and(|&next| next != b'$') => at += 2,
                Some(_) => at += 1,
            }
        }
    }

    fn string(&mut self) {
        if !self.begin_string() {
            return;
        }
        let (end, next) = self.string_text(self.pos + 1);
        match next {
            b'"' => {
                self.push(STRING, end + 1);
                self.finish_string();
            }
            b'$' => {
                self.push(STRING_OPEN, self.pos + 1);
                self.open_hole(end);
            }
            _ => self.pos = self.bytes.len(),
        }
    }

    /// Pushes the text up to `end` and the `${` there.
    fn open_hole(&mut self, end: usize) {
        if end > self.pos {
            self.push(STRING_TEXT, end);
        }
        self.push(HOLE_OPEN, end + 2);
        self.holes.push(0);
    }

    /// After the `}` of a hole.
    fn string_rest(&mut self) {
        let (end, next) = self.string_text(self.pos);
        match next {
            b'"' => {
                if end > self.pos {
                    self.push(STRING_TEXT, end);
                }
                self.push(STRING_CLOSE, end + 1);
                self.finish_string();
            }
            b'$' => self.open_hole(end),
            _ => self.pos = self.bytes.len(),
        }
    }

    /// `'c'` or `'longer text'`.
    fn quoted(&mut self) {
        let start = self.pos;
        if !self.begin_string() {
            return;
        }
        let mut at = start + 1;
        loop {
            at = self.skip(at, |b| !matches!(b, b'\'' | b'\\'));
            match self.bytes.get(at) {
                None => {
                    self.pos = self.bytes.len();
                    return;
                }
                Some(b'\'') => break,
                Some(_) => at = (at + 2).min(self.bytes.len()),
            }
        }
        let kind = self.quoted_kind(start, at + 1);
        self.push(kind, at + 1);
        self.finish_string();
    }

    /// Tells a character from a quoted string; `''` and a character with an unknown escape are reported.
    fn quoted_kind(&mut self, start: usize, end: usize) -> SyntaxKind {
        let text = &self.text[start..end];
        let inner = &text[1..text.len() - 1];
        if inner.is_empty() {
            self.error(
                start,
                end,
                "a character literal needs one character".to_owned(),
                Some("the empty string is `\"\"`".to_owned()),
            );
            return CHAR;
        }
        let mut chars = inner.chars();
        let escaped = chars.next() == Some('\\');
        let length = chars.as_str().chars().count() + usize::from(!escaped);
        if length != 1 {
            return SQ_STRING;
        }
        if escaped && crate::literal::char_value(text).is_none() {
            self.error(
                start,
                end,
                format!("`{inner}` is not an escape"),
                Some(r#"escapes are \n \r \t \\ \' \" \0"#.to_owned()),
            );
        }
        CHAR
    }

    fn hash(&mut self) {
        match self.peek(1) {
            b'{' => {
                if let Some(depth) = self.holes.last_mut() {
                    *depth += 1;
                }
                self.push(HASH_BRACE, self.pos + 2);
            }
            b'*' => {
                let start = self.pos;
                match self.text[start + 2..].find("*#") {
                    Some(n) => self.push(BLOCK_COMMENT, start + n + 4),
                    None => {
                        let help = Some("close it with `*#`".to_owned());
                        self.error(start, start + 2, "this block comment never ends".to_owned(), help);
                        self.push(BAD_TOKEN, self.bytes.len());
                    }
                }
            }
            _ => {
                let end = self.skip(self.pos + 1, |b| b != b'\n');
                self.push(COMMENT, end);
            }
        }
    }

    /// `// …` and `/* … */`: no program contains them, so they are read as the comments they are meant to be.
    fn foreign_comment(&mut self) {
        let start = self.pos;
        if self.peek(1) == b'/' {
            let end = self.skip(start, |b| b != b'\n');
            self.error(start, start + 2, "comments start with `#`".to_owned(), Some("write `# …`".to_owned()));
            self.push(BAD_TOKEN, end);
        } else {
            let end = self.text[start..].find("*/").map_or(self.skip(start, |b| b != b'\n'), |n| start + n + 2);
            let help = Some("write `#* … *#`".to_owned());
            self.error(start, start + 2, "block comments stand between `#*` and `*#`".to_owned(), help);
            self.push(BAD_TOKEN, end);
        }
    }

    /// Characters that begin no token, as many as stand together.
    fn bad(&mut self) {
        let start = self.pos;
        let rest = &self.text[start..];
        let first = rest.chars().next().unwrap_or_default();
        let len = match first {
            '`' | '“' | '”' | '„' | '‘' | '’' => quotation(rest),
            _ if first.is_ascii() => 1,
            _ => rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len()),
        };
        let end = start + len;
        let shown = &self.text[start..end];
        let (message, help) = match first {
            '&' => ("`&` is not an operator".to_owned(), Some("logical and is `&&`".to_owned())),
            '\\' => ("unexpected `\\`".to_owned(), Some("a function is written `x => …`".to_owned())),
            '“' | '”' | '„' | '‘' | '’' => {
                ("typographic quotes do not enclose strings".to_owned(), Some("use `\"`".to_owned()))
            }
            c if c.is_alphabetic() => (
                format!("`{shown}` cannot be part of a name"),
                Some("names consist of ASCII letters, digits and `_`".to_owned()),
            ),
            '`' => ("unexpected backquote".to_owned(), Some("strings stand in `\"`".to_owned())),
            c if c.is_control() || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{206f}' | '\u{feff}') => {
                (format!("unexpected character U+{:04X}", u32::from(c)), None)
            }
            _ => (format!("unexpected character `{shown}`"), None),
        };
        self.error(start, end, message, help);
        self.push(BAD_TOKEN, end);
    }
}

/// Length of a text in quotes of another kind, which `text` begins with: up to the closing quote if it stands on the
/// same line, else the quote alone.
fn quotation(text: &str) -> usize {
    let line = text.lines().next().unwrap_or(text);
    let mut chars = line.char_indices();
    let opening = chars.next().map_or(0, |(_, quote)| quote.len_utf8());
    let closing = chars.find(|(_, c)| matches!(c, '`' | '“' | '”' | '‘' | '’'));
    closing.map_or(opening, |(at, quote)| at + quote.len_utf8())
}

fn punctuation(first: u8, second: u8, third: u8) -> Option<(SyntaxKind, usize)> {
    Some(match (first, second, third) {
        (b'.', b'.', b'=') => (DOT_DOT_EQ, 3),
        (b'+', b'+', _) => (PLUS_PLUS, 2),
        (b'+', b'=', _) => (PLUS_EQ, 2),
        (b'-', b'>', _) => (ARROW, 2),
        (b'-', b'=', _) => (MINUS_EQ, 2),
        (b'*', b'*', _) => (STAR_STAR, 2),
        (b'*', b'=', _) => (STAR_EQ, 2),
        (b'/', b'=', _) => (SLASH_EQ, 2),
        (b'=', b'=', _) => (EQ_EQ, 2),
        (b'=', b'>', _) => (FAT_ARROW, 2),
        (b'!', b'=', _) => (NOT_EQ, 2),
        (b'<', b'=', _) => (LESS_EQ, 2),
        (b'<', b'-', _) => (LEFT_ARROW, 2),
        (b'>', b'=', _) => (GREATER_EQ, 2),
        (b'&', b'&', _) => (AND_AND, 2),
        (b'|', b'|', _) => (OR_OR, 2),
        (b'|', b'>', _) => (PIPE_GREATER, 2),
        (b':', b':', _) => (COLON_COLON, 2),
        (b'.', b'.', _) => (DOT_DOT, 2),
        (b'+', ..) => (PLUS, 1),
        (b'-', ..) => (MINUS, 1),
        (b'*', ..) => (STAR, 1),
        (b'/', ..) => (SLASH, 1),
        (b'%', ..) => (PERCENT, 1),
        (b'=', ..) => (EQ, 1),
        (b'!', ..) => (BANG, 1),
        (b'<', ..) => (LESS, 1),
        (b'>', ..) => (GREATER, 1),
        (b'^', ..) => (CARET, 1),
        (b'~', ..) => (TILDE, 1),
        (b'@', ..) => (AT, 1),
        (b'?', ..) => (QUESTION, 1),
        (b'.', ..) => (DOT, 1),
        (b',', ..) => (COMMA, 1),
        (b';', ..) => (SEMICOLON, 1),
        (b':', ..) => (COLON, 1),
        (b'|', ..) => (PIPE, 1),
        (b'(', ..) => (L_PAREN, 1),
        (b')', ..) => (R_PAREN, 1),
        (b'[', ..) => (L_BRACKET, 1),
        (b']', ..) => (R_BRACKET, 1),
        (b'$', ..) => (DOLLAR, 1),
        _ => return None,
    })
}

fn keyword(text: &[u8]) -> SyntaxKind {
    match text {
        b"_" => UNDERSCORE,
        b"type" => TYPE_KW,
        b"var" => VAR_KW,
        b"mvar" => MVAR_KW,
        b"const" => CONST_KW,
        b"trait" => TRAIT_KW,
        b"module" => MODULE_KW,
        b"end" => END_KW,
        b"use" => USE_KW,
        b"pub" => PUB_KW,
        b"private" => PRIVATE_KW,
        b"template" => TEMPLATE_KW,
        b"extern" => EXTERN_KW,
        b"test" => TEST_KW,
        b"reactive" => REACTIVE_KW,
        b"if" => IF_KW,
        b"then" => THEN_KW,
        b"else" => ELSE_KW,
        b"match" => MATCH_KW,
        b"when" => WHEN_KW,
        b"try" => TRY_KW,
        b"catch" => CATCH_KW,
        b"finally" => FINALLY_KW,
        b"do" => DO_KW,
        b"while" => WHILE_KW,
        b"for" => FOR_KW,
        b"break" => BREAK_KW,
        b"continue" => CONTINUE_KW,
        b"return" => RETURN_KW,
        b"spawn" => SPAWN_KW,
        b"spawn_link" => SPAWN_LINK_KW,
        b"spawn_monitor" => SPAWN_MONITOR_KW,
        b"receive" => RECEIVE_KW,
        b"after" => AFTER_KW,
        b"not" => NOT_KW,
        b"true" => TRUE_KW,
        b"false" => FALSE_KW,
        b"quote" => QUOTE_KW,
        b"import" => IMPORT_KW,
        b"self" => SELF_KW,
        b"panic" => PANIC_KW,
        b"to" => TO_KW,
        b"from" => FROM_KW,
        _ => IDENT,
    }
}

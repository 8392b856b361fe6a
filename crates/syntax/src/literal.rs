//! Meaning of literal tokens: numbers, characters, strings.
//!
//! Input: the text of one token. Output: plain values; `None` where the text is out of range or damaged (the parser
//! has reported that already). Big integers and decimals stay digits: their value types belong to later layers.

/// The value of a literal.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralValue {
    /// `1_024`, `0x1F`, `0b1011`.
    Int(i64),
    /// `200u8`; the value fits the type.
    TypedInt(IntSuffix, i128),
    /// Decimal digits without `_` and without the suffix.
    BigInt(String),
    Float(f64),
    Float32(f32),
    /// Digits with an optional fraction, without `_` and without the suffix.
    Decimal(String),
    Char(char),
    /// Escapes are expanded.
    String(String),
    Bool(bool),
}

/// Suffix of a sized integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntSuffix {
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    U64,
}

impl IntSuffix {
    /// All suffixes, as written.
    pub const ALL: [(&'static str, IntSuffix); 7] = [
        ("i8", IntSuffix::I8),
        ("i16", IntSuffix::I16),
        ("i32", IntSuffix::I32),
        ("u8", IntSuffix::U8),
        ("u16", IntSuffix::U16),
        ("u32", IntSuffix::U32),
        ("u64", IntSuffix::U64),
    ];

    /// Name of the type in the language.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            IntSuffix::I8 => "Int8",
            IntSuffix::I16 => "Int16",
            IntSuffix::I32 => "Int32",
            IntSuffix::U8 => "UInt8",
            IntSuffix::U16 => "UInt16",
            IntSuffix::U32 => "UInt32",
            IntSuffix::U64 => "UInt64",
        }
    }

    /// Smallest and largest value of the type.
    #[must_use]
    pub fn range(self) -> (i128, i128) {
        match self {
            IntSuffix::I8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
            IntSuffix::I16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
            IntSuffix::I32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
            IntSuffix::U8 => (0, i128::from(u8::MAX)),
            IntSuffix::U16 => (0, i128::from(u16::MAX)),
            IntSuffix::U32 => (0, i128::from(u32::MAX)),
            IntSuffix::U64 => (0, i128::from(u64::MAX)),
        }
    }

    /// `true` for the types that have negative values.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self.range().0 < 0
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|&c| c != '_').collect()
}

/// Value of an `INT`, `HEX_INT` or `BIN_INT`; `None` above 2^63 − 1.
#[must_use]
pub fn int_value(text: &str) -> Option<i64> {
    let (radix, body) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        _ => (10, text),
    };
    i64::from_str_radix(&digits(body), radix).ok()
}

/// Suffix and magnitude of a `TYPED_INT`; the magnitude may be out of range of the type.
#[must_use]
pub fn typed_int_value(text: &str) -> Option<(IntSuffix, i128)> {
    let at = text.find(['i', 'u'])?;
    let (_, suffix) = IntSuffix::ALL.into_iter().find(|(name, _)| *name == &text[at..])?;
    Some((suffix, digits(&text[..at]).parse().unwrap_or(i128::MAX)))
}

/// Digits of a `BIG_INT`.
#[must_use]
pub fn big_int_digits(text: &str) -> String {
    digits(text.trim_end_matches('n'))
}

/// Digits of a `DECIMAL`.
#[must_use]
pub fn decimal_digits(text: &str) -> String {
    digits(text.trim_end_matches('d'))
}

/// Value of a `FLOAT`.
#[must_use]
pub fn float_value(text: &str) -> Option<f64> {
    digits(text).parse().ok()
}

/// Value of a `FLOAT32`.
#[must_use]
pub fn float32_value(text: &str) -> Option<f32> {
    digits(text.strip_suffix("f32").unwrap_or(text)).parse().ok()
}

fn escape(c: char) -> Option<char> {
    Some(match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        '\\' | '\'' | '"' => c,
        _ => return None,
    })
}

/// Expands the escapes of text between quotes. Unknown escapes stay as they are, backslash included.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(next) => match escape(next) {
                Some(value) => out.push(value),
                None => out.extend(['\\', next]),
            },
            None => out.push('\\'),
        }
    }
    out
}

/// Text between the quotes of a `STRING` or `SQ_STRING`, escapes expanded; a missing closing quote is tolerated.
#[must_use]
pub fn string_value(text: &str) -> String {
    let Some(quote @ ('"' | '\'')) = text.chars().next() else { return unescape(text) };
    let inner = &text[1..];
    let closed = inner.strip_suffix(quote).filter(|body| !ends_in_escape(body));
    unescape(closed.unwrap_or(inner))
}

fn ends_in_escape(text: &str) -> bool {
    text.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

/// The character of a `CHAR` token.
#[must_use]
pub fn char_value(text: &str) -> Option<char> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut chars = inner.chars();
    let value = match chars.next()? {
        '\\' => escape(chars.next()?)?,
        c => c,
    };
    chars.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(int_value("1_024"), Some(1024));
        assert_eq!(int_value("0x1F"), Some(31));
        assert_eq!(int_value("0B10_11"), Some(11));
        assert_eq!(int_value("9223372036854775808"), None);
        assert_eq!(typed_int_value("200u8"), Some((IntSuffix::U8, 200)));
        assert_eq!(typed_int_value("128i8"), Some((IntSuffix::I8, 128)));
        assert_eq!(float_value("6.0e2_3".replace('_', "").as_str()), Some(6.0e23));
        assert_eq!(float32_value("0.5f32"), Some(0.5));
        assert_eq!(decimal_digits("1_9.99d"), "19.99");
        assert_eq!(big_int_digits("12_3n"), "123");
    }

    #[test]
    fn strings() {
        assert_eq!(string_value(r#""a\tb\"\q""#), "a\tb\"\\q");
        assert_eq!(string_value("'she said \"hi\"'"), "she said \"hi\"");
        assert_eq!(string_value(r#""open \""#), "open \"");
        assert_eq!(char_value(r"'\n'"), Some('\n'));
        assert_eq!(char_value("'é'"), Some('é'));
        assert_eq!(char_value("'ab'"), None);
    }
}

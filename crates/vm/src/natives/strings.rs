//! Strings. Positions count Unicode scalar values.

use crate::failure::{Trap, type_error};
use crate::natives::lists::join;
use crate::natives::{NativeDef, int, list, native, string};
use crate::number;
use crate::stop::{Steps, polled};
use crate::text::{Builder, copied, ends_with, find, rfind, starts_with};
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("String.chars", 1, |ctx, args| {
        let text = string(&args[0])?;
        ctx.world.room(text.len().saturating_mul(size_of::<Value>()))?;
        collected(text.chars().map(Value::Char))
    }),
    native("String.contains", 2, |_, args| Ok(Value::Bool(find(string(&args[0])?, string(&args[1])?, 0)?.is_some()))),
    native("String.drop", 2, |_, args| {
        let text = string(&args[0])?;
        let from = text.offset(usize::try_from(int(&args[1])?).unwrap_or(0));
        copied(&text[from..]).map(Value::Str)
    }),
    native("String.endsWith", 2, |_, args| ends_with(string(&args[0])?, string(&args[1])?).map(Value::Bool)),
    native("String.from_chars", 1, |_, args| {
        let mut out = Builder::default();
        for item in list(&args[0])?.iter() {
            match item {
                Value::Char(char) => out.push_char(*char)?,
                Value::Str(part) => out.push(part)?,
                other => return Err(type_error("Char", other)),
            }
        }
        Ok(Value::Str(out.finish()))
    }),
    native("String.indexOf", 2, |_, args| {
        let text = string(&args[0])?;
        let found = find(text, string(&args[1])?, 0)?;
        Ok(Value::Int(found.map_or(-1, |offset| text.position(offset) as i64)))
    }),
    native("String.isEmpty", 1, |_, args| Ok(Value::Bool(string(&args[0])?.is_empty()))),
    native("String.join", 2, |_, args| join(&args[0], &args[1])),
    native("String.lastIndexOf", 2, |_, args| {
        let text = string(&args[0])?;
        let found = rfind(text, string(&args[1])?)?;
        Ok(Value::Int(found.map_or(-1, |offset| text.position(offset) as i64)))
    }),
    native("String.length", 1, |_, args| Ok(Value::Int(string(&args[0])?.chars_len() as i64))),
    native("String.lines", 1, |ctx, args| {
        let text = string(&args[0])?;
        ctx.world.room(text.len())?;
        parts(text.lines())
    }),
    native("String.padEnd", 3, |_, args| padded(args, false)),
    native("String.padStart", 3, |_, args| padded(args, true)),
    native("String.parseFloat", 1, |ctx, args| {
        let value = parse_float(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.parseInt", 1, |ctx, args| {
        let value = parse_int(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.repeat", 2, |_, args| {
        let part = string(&args[0])?;
        let count = usize::try_from(int(&args[1])?).unwrap_or(0);
        let count = if part.is_empty() { 0 } else { count };
        let mut out = Builder::with_room(part.len().saturating_mul(count))?;
        repeat(&mut out, part, count)?;
        Ok(Value::Str(out.finish()))
    }),
    native("String.replace", 3, |_, args| replaced(args, 1)),
    native("String.replaceAll", 3, |_, args| replaced(args, usize::MAX)),
    native("String.reverse", 1, |_, args| {
        let mut out = Builder::default();
        for char in string(&args[0])?.chars().rev() {
            out.push_char(char)?;
        }
        Ok(Value::Str(out.finish()))
    }),
    native("String.split", 2, |ctx, args| {
        let (text, separator) = (string(&args[0])?, string(&args[1])?);
        ctx.world.room(text.len().saturating_mul(2))?;
        if separator.is_empty() && !text.is_empty() {
            return collected(text.chars().map(|char| Value::str(char.encode_utf8(&mut [0; 4]))));
        }
        if separator.is_empty() {
            return Ok(Value::list(vec![Value::str("")]));
        }
        let mut pieces = Vec::new();
        let mut steps = Steps::default();
        let mut from = 0;
        while let Some(at) = find(text, separator, from)? {
            steps.step()?;
            pieces.push(Value::Str(copied(&text[from..at])?));
            from = at + separator.len();
        }
        pieces.push(Value::Str(copied(&text[from..])?));
        Ok(Value::list(pieces))
    }),
    native("String.startsWith", 2, |_, args| starts_with(string(&args[0])?, string(&args[1])?).map(Value::Bool)),
    native("String.substring", 3, |_, args| {
        let text = string(&args[0])?;
        let (from, to) = (int(&args[1])?, int(&args[2])?);
        if from < 0 || to <= from {
            return Ok(Value::str(""));
        }
        let (from, to) = (text.offset(from as usize), text.offset(to as usize));
        copied(&text[from..to]).map(Value::Str)
    }),
    native("String.take", 2, |_, args| {
        let text = string(&args[0])?;
        let to = text.offset(usize::try_from(int(&args[1])?).unwrap_or(0));
        copied(&text[..to]).map(Value::Str)
    }),
    native("String.toBigInt", 1, |ctx, args| {
        let value = match trimmed_integer(string(&args[0])?) {
            Some(digits) => number::parse_big(digits)?,
            None => None,
        };
        Ok(ctx.option(value.map(number::big)))
    }),
    native("String.toFloat", 1, |ctx, args| {
        let value = parse_float(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.toInt", 1, |ctx, args| {
        let value = parse_int(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.toLower", 1, |_, args| cased(string(&args[0])?, str::to_lowercase)),
    native("String.toUpper", 1, |_, args| cased(string(&args[0])?, str::to_uppercase)),
    native("String.trim", 1, |_, args| copied(string(&args[0])?.trim()).map(Value::Str)),
    native("String.trimEnd", 1, |_, args| copied(string(&args[0])?.trim_end()).map(Value::Str)),
    native("String.trimStart", 1, |_, args| copied(string(&args[0])?.trim_start()).map(Value::Str)),
    native("String.words", 1, |_, args| parts(string(&args[0])?.split_whitespace())),
];

fn trimmed_integer(text: &str) -> Option<&str> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn parse_int(text: &str) -> Option<Value> {
    trimmed_integer(text)?.parse().ok().map(Value::Int)
}

fn parse_float(text: &str) -> Option<Value> {
    let text = text.trim();
    // What Rust reads besides numbers: `inf`, `nan`, `infinity`.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
        return None;
    }
    text.parse().ok().map(Value::Float)
}

/// A list of what may be many values.
fn collected(items: impl Iterator<Item = Value>) -> Result<Value, Trap> {
    polled(items).collect::<Result<Vec<_>, _>>().map(Value::list)
}

/// A list of parts of a text.
fn parts<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Value, Trap> {
    polled(parts).map(|part| copied(part?).map(Value::Str)).collect::<Result<Vec<_>, _>>().map(Value::list)
}

/// Appends `part` so many times.
fn repeat(out: &mut Builder, part: &str, count: usize) -> Result<(), Trap> {
    // Of something short a few at once.
    let few = (1 << 12) / part.len().max(1) + 1;
    let many = part.repeat(few.min(count));
    for _ in 0..count / few {
        out.push(&many)?;
    }
    out.push(&many[..count % few * part.len()])
}

/// The first `count` occurrences of `args[1]` in `args[0]` replaced by `args[2]`.
fn replaced(args: &[Value], count: usize) -> Result<Value, Trap> {
    let (text, old, new) = (string(&args[0])?, string(&args[1])?, string(&args[2])?);
    let mut out = Builder::default();
    let mut from = 0;
    for _ in 0..count {
        let Some(at) = find(text, old, from)? else { break };
        out.push(&text[from..at])?;
        out.push(new)?;
        from = at + old.len();
        if old.is_empty() {
            // Between all characters, and at the end.
            let Some(char) = text[from..].chars().next() else { return Ok(Value::Str(out.finish())) };
            out.push_char(char)?;
            from += char.len_utf8();
        }
    }
    out.push(&text[from..])?;
    Ok(Value::Str(out.finish()))
}

/// The text in another case. Pieces end behind white space, because a letter may depend on its neighbours.
fn cased(text: &str, case: impl Fn(&str) -> String) -> Result<Value, Trap> {
    let mut out = Builder::default();
    let mut rest = text;
    while !rest.is_empty() {
        let near = rest.floor_char_boundary(1 << 16);
        let end = rest[near..].find(char::is_whitespace).map_or(rest.len(), |space| near + space);
        out.push(&case(&rest[..end]))?;
        rest = &rest[end..];
    }
    Ok(Value::Str(out.finish()))
}

/// `args[0]`, filled up to `args[1]` characters with the first one of `args[2]`, before or behind it.
fn padded(args: &[Value], before: bool) -> Result<Value, Trap> {
    let (text, fill) = (string(&args[0])?, string(&args[2])?);
    let fill = fill.chars().next().map_or("", |char| &fill[..char.len_utf8()]);
    let width = if fill.is_empty() { 0 } else { usize::try_from(int(&args[1])?).unwrap_or(0) };
    let missing = width.saturating_sub(text.chars_len());
    let mut out = Builder::with_room(missing.saturating_mul(fill.len()).saturating_add(text.len()))?;
    if !before {
        out.push(text)?;
    }
    repeat(&mut out, fill, missing)?;
    if before {
        out.push(text)?;
    }
    Ok(Value::Str(out.finish()))
}

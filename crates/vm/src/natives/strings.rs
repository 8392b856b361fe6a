//! Strings. Positions count Unicode scalar values.

use std::rc::Rc;

use num_bigint::BigInt;

use crate::failure::{Trap, type_error};
use crate::natives::lists::join;
use crate::natives::{NativeDef, int, list, native, string, text};
use crate::text::Str;
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("String.chars", 1, |ctx, args| {
        let text = string(&args[0])?;
        ctx.world.room(text.len() * size_of::<Value>())?;
        Ok(Value::list(text.chars().map(Value::Char).collect()))
    }),
    native("String.contains", 2, |_, args| Ok(Value::Bool(string(&args[0])?.contains(&string(&args[1])?[..])))),
    native("String.drop", 2, |_, args| {
        let text = string(&args[0])?;
        let from = text.offset(usize::try_from(int(&args[1])?).unwrap_or(0));
        Ok(Value::str(&text[from..]))
    }),
    native("String.endsWith", 2, |_, args| Ok(Value::Bool(string(&args[0])?.ends_with(&string(&args[1])?[..])))),
    native("String.from_chars", 1, |_, args| {
        let mut out = String::new();
        for item in list(&args[0])?.iter() {
            match item {
                Value::Char(char) => out.push(*char),
                Value::Str(part) => out.push_str(part),
                other => return Err(type_error("Char", other)),
            }
        }
        Ok(text(out))
    }),
    native("String.indexOf", 2, |_, args| {
        let text = string(&args[0])?;
        let found = text.find(&string(&args[1])?[..]);
        Ok(Value::Int(found.map_or(-1, |offset| text.position(offset) as i64)))
    }),
    native("String.isEmpty", 1, |_, args| Ok(Value::Bool(string(&args[0])?.is_empty()))),
    native("String.join", 2, |ctx, args| join(ctx.world, &args[0], &args[1])),
    native("String.lastIndexOf", 2, |_, args| {
        let text = string(&args[0])?;
        let found = text.rfind(&string(&args[1])?[..]);
        Ok(Value::Int(found.map_or(-1, |offset| text.position(offset) as i64)))
    }),
    native("String.length", 1, |_, args| Ok(Value::Int(string(&args[0])?.chars_len() as i64))),
    native("String.lines", 1, |ctx, args| {
        let text = string(&args[0])?;
        ctx.world.room(text.len())?;
        Ok(Value::list(text.lines().map(Value::str).collect()))
    }),
    native("String.padEnd", 3, |ctx, args| {
        let fill = padding(args)?;
        ctx.world.room(fill.len())?;
        Ok(text(string(&args[0])?.to_string() + &fill))
    }),
    native("String.padStart", 3, |ctx, args| {
        let fill = padding(args)?;
        ctx.world.room(fill.len())?;
        Ok(text(fill + string(&args[0])?))
    }),
    native("String.parseFloat", 1, |ctx, args| {
        let value = parse_float(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.parseInt", 1, |ctx, args| {
        let value = parse_int(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.repeat", 2, |ctx, args| {
        let text_in = string(&args[0])?;
        let count = usize::try_from(int(&args[1])?).unwrap_or(0);
        ctx.world.room(text_in.len().saturating_mul(count))?;
        Ok(text(text_in.repeat(count)))
    }),
    native("String.replace", 3, |_, args| {
        let old = string(&args[1])?;
        Ok(text(string(&args[0])?.replacen(&old[..], string(&args[2])?, 1)))
    }),
    native("String.replaceAll", 3, |ctx, args| {
        let (text_in, old, new) = (string(&args[0])?, string(&args[1])?, string(&args[2])?);
        ctx.world.room(text_in.len().saturating_add(text_in.len().saturating_mul(new.len())))?;
        Ok(text(text_in.replace(&old[..], new)))
    }),
    native("String.reverse", 1, |_, args| Ok(text(string(&args[0])?.chars().rev().collect::<String>()))),
    native("String.split", 2, |ctx, args| {
        let (text, separator) = (string(&args[0])?, string(&args[1])?);
        ctx.world.room(text.len() * 2)?;
        if separator.is_empty() && !text.is_empty() {
            return Ok(Value::list(text.chars().map(|char| Value::Str(Str::from(char.to_string()))).collect()));
        }
        if separator.is_empty() {
            return Ok(Value::list(vec![Value::str("")]));
        }
        Ok(Value::list(text.split(&separator[..]).map(Value::str).collect()))
    }),
    native("String.startsWith", 2, |_, args| Ok(Value::Bool(string(&args[0])?.starts_with(&string(&args[1])?[..])))),
    native("String.substring", 3, |_, args| {
        let text = string(&args[0])?;
        let (from, to) = (int(&args[1])?, int(&args[2])?);
        if from < 0 || to <= from {
            return Ok(Value::str(""));
        }
        let (from, to) = (text.offset(from as usize), text.offset(to as usize));
        Ok(Value::str(&text[from..to]))
    }),
    native("String.take", 2, |_, args| {
        let text = string(&args[0])?;
        let to = text.offset(usize::try_from(int(&args[1])?).unwrap_or(0));
        Ok(Value::str(&text[..to]))
    }),
    native("String.toBigInt", 1, |ctx, args| {
        let value = trimmed_integer(string(&args[0])?).and_then(|digits| digits.parse::<BigInt>().ok());
        Ok(ctx.option(value.map(|value| Value::BigInt(Rc::new(value)))))
    }),
    native("String.toFloat", 1, |ctx, args| {
        let value = parse_float(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.toInt", 1, |ctx, args| {
        let value = parse_int(string(&args[0])?);
        Ok(ctx.option(value))
    }),
    native("String.toLower", 1, |_, args| Ok(text(string(&args[0])?.to_lowercase()))),
    native("String.toUpper", 1, |_, args| Ok(text(string(&args[0])?.to_uppercase()))),
    native("String.trim", 1, |_, args| Ok(Value::str(string(&args[0])?.trim()))),
    native("String.trimEnd", 1, |_, args| Ok(Value::str(string(&args[0])?.trim_end()))),
    native("String.trimStart", 1, |_, args| Ok(Value::str(string(&args[0])?.trim_start()))),
    native("String.words", 1, |_, args| {
        Ok(Value::list(string(&args[0])?.split_whitespace().map(Value::str).collect()))
    }),
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

fn padding(args: &[Value]) -> Result<String, Trap> {
    let have = string(&args[0])?.chars_len();
    let width = usize::try_from(int(&args[1])?).unwrap_or(0);
    let Some(fill) = string(&args[2])?.chars().next() else { return Ok(String::new()) };
    // A width that no memory holds fails when the room for it is asked for; this keeps the arithmetic sane.
    let missing = width.saturating_sub(have).min(1 << 40);
    if missing > 1 << 28 {
        return Err(crate::failure::panic("String.pad: width too large"));
    }
    Ok(std::iter::repeat_n(fill, missing).collect())
}

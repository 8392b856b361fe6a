//! Values as text: display form and result form.
//!
//! Input: a value. Output: text. Works with an explicit stack, so deep values cost no native stack. During a run it stops
//! early when the run has to end, see [`crate::stop`]: what is shared inside of a value is written each time, so that a
//! small value may have a text that no memory holds.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytecode::TypeKind;

use crate::collections::{KeyRef, MapObj};
use crate::failure::Trap;
use crate::list;
use crate::number;
use crate::stop::{self, Steps};
use crate::text;
use crate::value::Value;

/// Which of the two forms.
#[derive(Clone, Copy)]
struct Form<'m> {
    /// Result form; records of modules other than this one are printed with their path.
    result: Option<&'m str>,
    /// Reactive values may hold each other in circles: inside of one the others are shown by name only.
    inside_reactive: bool,
}

const DISPLAY: Form<'static> = Form { result: None, inside_reactive: false };

/// Display form at top level: strings and characters raw.
pub fn display(value: &Value) -> String {
    // The library writes numbers alone faster than it appends them.
    if let Value::Int(value) = value {
        return value.to_string();
    }
    let mut out = String::new();
    display_into(&mut out, value);
    out
}

/// Appends the display form at top level.
pub(crate) fn display_into(out: &mut String, value: &Value) {
    match value {
        Value::Str(text) => drop(text::append(out, text)),
        Value::Char(char) => out.push(*char),
        _ => drop(write_value(out, value, DISPLAY)),
    }
}

/// Display form as inside of a container: strings and characters quoted.
pub fn display_nested(value: &Value) -> String {
    let mut out = String::new();
    drop(write_value(&mut out, value, DISPLAY));
    out
}

/// What the command prints for the result of `main`; `None` for `()`.
pub fn result_form(value: &Value, main_module: &str) -> Option<String> {
    if matches!(value, Value::Unit) {
        return None;
    }
    let mut out = String::new();
    drop(write_value(&mut out, value, Form { result: Some(main_module), inside_reactive: false }));
    Some(out)
}

/// Shortest text that reads back to the same number, never with an exponent.
pub(crate) fn float(value: f64) -> String {
    with_point(value.is_finite(), format!("{value}"))
}

/// As [`float`] for singles.
pub(crate) fn float32(value: f32) -> String {
    with_point(value.is_finite(), format!("{value}"))
}

fn with_point(finite: bool, mut text: String) -> String {
    if finite && !text.contains('.') {
        text.push_str(".0");
    }
    text
}

/// A container that is being written.
struct Open<'a> {
    rest: Rest<'a>,
    first: bool,
    end: &'static str,
}

/// What is left to write of it.
enum Rest<'a> {
    Slice(std::slice::Iter<'a, Value>),
    Fields(std::iter::Zip<std::slice::Iter<'a, smol_str::SmolStr>, std::slice::Iter<'a, Value>>),
    List(list::Iter<'a>),
    Map(Box<dyn Iterator<Item = (KeyRef<'a>, &'a Value)> + 'a>, Option<&'a Value>),
}

impl<'a> Open<'a> {
    fn new(rest: Rest<'a>, end: &'static str) -> Option<Self> {
        Some(Self { rest, first: true, end })
    }

    /// Writes the separator and gives the next element, or writes the end.
    fn step(&mut self, out: &mut String) -> Option<&'a Value> {
        if let Rest::Map(_, pending) = &mut self.rest
            && let Some(value) = pending.take()
        {
            out.push_str(": ");
            return Some(value);
        }
        let (name, item) = match &mut self.rest {
            Rest::Slice(items) => (None, items.next()),
            Rest::List(items) => (None, items.next()),
            Rest::Fields(fields) => match fields.next() {
                Some((name, value)) => (Some(Cow::Borrowed(&name[..])), Some(value)),
                None => (None, None),
            },
            Rest::Map(entries, pending) => match entries.next() {
                Some((KeyRef::Value(key), value)) => {
                    *pending = Some(value);
                    (None, Some(key))
                }
                Some((KeyRef::Int(key), value)) => (Some(Cow::Owned(key.to_string())), Some(value)),
                None => (None, None),
            },
        };
        if item.is_none() {
            out.push_str(self.end);
            return None;
        }
        if !std::mem::replace(&mut self.first, false) {
            out.push_str(", ");
        }
        if let Some(name) = name {
            out.push_str(&name);
            out.push_str(": ");
        }
        item
    }
}

fn write_value(out: &mut String, value: &Value, form: Form<'_>) -> Result<(), Trap> {
    let mut stack: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    let mut steps = Steps::default();
    let mut granted = 1 << 16;
    loop {
        steps.step()?;
        if out.len() > granted {
            // The buffer doubles as it grows.
            granted = out.len() * 2;
            stop::room(granted)?;
        }
        if let Some(value) = next.take() {
            stack.extend(write_head(out, value, form)?);
        }
        let Some(open) = stack.last_mut() else { return Ok(()) };
        next = open.step(out);
        if next.is_none() {
            stack.pop();
            if stack.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Writes a scalar, or the beginning of a container.
fn write_head<'a>(out: &mut String, value: &'a Value, form: Form<'_>) -> Result<Option<Open<'a>>, Trap> {
    let result = form.result.is_some();
    match value {
        Value::Unit => out.push_str("()"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Sized(kind, bits) => {
            let _ = match kind {
                crate::value::SizedKind::UInt64 => write!(out, "{}", *bits as u64),
                _ => write!(out, "{bits}"),
            };
            if result {
                out.push_str(kind.suffix());
            }
        }
        Value::Float(value) => out.push_str(&float(*value)),
        Value::Float32(value) => {
            out.push_str(&float32(*value));
            if result {
                out.push_str("f32");
            }
        }
        Value::BigInt(value) => out.push_str(&number::big_text(value)?),
        Value::Decimal(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Char(value) => {
            out.push('\'');
            out.push(*value);
            out.push('\'');
        }
        Value::Str(text) => {
            out.push('"');
            if result {
                text::append(out, text)?;
            } else {
                quote(out, text)?;
            }
            out.push('"');
        }
        Value::Pid(pid) => {
            let _ = if result { write!(out, "<pid:{pid}>") } else { write!(out, "<pid {pid}>") };
        }
        Value::Handle(kind, id) => {
            let _ = write!(out, "<{kind:?} {id}>");
        }
        Value::Array(array) => {
            let quotes = if result { "\"" } else { "" };
            let _ = write!(out, "{quotes}{}[{}]{quotes}", array.type_name(), array.len());
        }
        Value::Buffer(_) => out.push_str("<buffer>"),
        Value::Closure(function) => {
            let meta = function.meta();
            function_name(out, &meta.unit.chunk.bodies[usize::from(meta.body)].name, result);
        }
        Value::Native(native) => function_name(out, native.name, result),
        Value::Constructor(ctor) => function_name(out, &ctor.def.name, result),
        Value::Cell(_) => out.push_str("<cell>"),
        Value::Failure(_) => out.push_str("<failure>"),
        Value::List(..) => {
            out.push('[');
            return Ok(value.as_list().and_then(|items| Open::new(Rest::List(items.iter()), "]")));
        }
        Value::Tuple(items) => {
            out.push('(');
            return Ok(Open::new(Rest::Slice(items.iter()), ")"));
        }
        Value::Map(map) => {
            out.push_str("%{");
            let entries: &'a MapObj = map;
            return Ok(Open::new(Rest::Map(Box::new(entries.iter()), None), "}"));
        }
        Value::Set(set) => {
            // Members are ordered by their text. They are hashable, so no set is inside a set and this ends.
            let mut texts = Vec::with_capacity(set.len());
            for item in stop::polled(set.iter()) {
                let mut text = String::new();
                write_value(&mut text, &item?.to_value(), form)?;
                texts.push(text);
            }
            let texts = stop::sorted(texts, |run| run.sort_unstable(), |a, b| a <= b)?;
            out.push_str("#{");
            for (index, text) in texts.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                text::append(out, text)?;
            }
            out.push('}');
        }
        Value::Data(data) => {
            let def = &data.meta().def;
            if let (Some(main_module), TypeKind::Record) = (form.result, def.kind)
                && !def.ty.module.is_empty()
                && def.ty.module != main_module
            {
                out.push_str(&def.ty.module);
                out.push('.');
            }
            out.push_str(&def.name);
            return Ok(match def.kind {
                TypeKind::Record | TypeKind::Reactive => {
                    out.push('{');
                    Open::new(Rest::Fields(def.fields.iter().zip(data.iter())), "}")
                }
                TypeKind::Variant | TypeKind::ReactiveVariant if data.is_empty() => None,
                TypeKind::Variant | TypeKind::ReactiveVariant => {
                    out.push('(');
                    Open::new(Rest::Slice(data.iter()), ")")
                }
            });
        }
        Value::Reactive(object) => {
            let ctor = object.ctor.borrow();
            out.push_str(&ctor.def.name);
            if form.inside_reactive {
                return Ok(None);
            }
            let form = Form { inside_reactive: true, ..form };
            let record = matches!(ctor.def.kind, TypeKind::Record | TypeKind::Reactive);
            let fields = object.fields.borrow();
            if record || !fields.is_empty() {
                out.push(if record { '{' } else { '(' });
                for (index, (name, value)) in ctor.def.fields.iter().zip(fields.iter()).enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    if record {
                        out.push_str(name);
                        out.push_str(": ");
                    }
                    write_value(out, value, form)?;
                }
                out.push(if record { '}' } else { ')' });
            }
        }
    }
    Ok(None)
}

fn function_name(out: &mut String, name: &str, result: bool) {
    let quotes = if result { "\"" } else { "" };
    let _ = write!(out, "{quotes}<function {name}>{quotes}");
}

/// Escapes backslash and quote.
fn quote(out: &mut String, text: &str) -> Result<(), Trap> {
    for piece in text::pieces(text) {
        if piece.len() < text.len() {
            stop::room(out.len())?;
        }
        for char in piece.chars() {
            if matches!(char, '\\' | '"') {
                out.push('\\');
            }
            out.push(char);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_back_and_have_no_exponent() {
        assert_eq!(float(2.0), "2.0");
        assert_eq!(float(1e20), "100000000000000000000.0");
        assert_eq!(float(1e-7), "0.0000001");
        assert_eq!(float(-0.0), "-0.0");
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(f64::NAN), "NaN");
        assert_eq!(float(f64::NEG_INFINITY), "-inf");
        assert_eq!(float32(1.5), "1.5");
    }

    #[test]
    fn strings_are_raw_at_the_top_and_quoted_inside() {
        let text = Value::str("a\"b\\");
        assert_eq!(display(&text), "a\"b\\");
        assert_eq!(display(&Value::list(vec![text.clone()])), r#"["a\"b\\"]"#);
        assert_eq!(result_form(&text, "").as_deref(), Some("\"a\"b\\\""));
        assert_eq!(display(&Value::tuple(vec![Value::Char('('), Value::Int(1)])), "('(', 1)");
    }

    #[test]
    fn a_million_levels_are_shown() {
        const LEVELS: usize = if cfg!(miri) { 1_000 } else { 1_000_000 };
        let mut value = Value::Unit;
        for _ in 0..LEVELS {
            value = Value::list(vec![value]);
        }
        assert_eq!(display(&value).len(), 2 * LEVELS + 2);
    }
}

//! Functions of the library that templates may call, as methods or with the receiver as first argument.
//!
//! Input: a receiver, a name, arguments. Output: a value; what differs from the library at run time is a mistake here.

use std::{cmp::Ordering, rc::Rc};

use super::{Failure, Result, eval::Evaluator, value::Value};

/// Names of the library, and of the functions that only templates have: no template of another file is asked for them,
/// and they may be passed around without being called.
pub(super) fn is_library(name: &str) -> bool {
    matches!(name, "toVar" | "charAt")
        || stdlib::is_reserved_function_name(name)
        || stdlib::prelude_function_module(name).is_some()
        || !stdlib::heads_with_method(name).is_empty()
}

/// Order of two values of one kind.
pub(super) fn compare(a: &Value, b: &Value) -> Result<Ordering> {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Char(a), Value::Char(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => match (a.text(), b.text()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => None,
        },
    };
    order.ok_or_else(|| Failure::new(format!("{} and {} have no order", a.kind(), b.kind())))
}

impl Evaluator<'_> {
    /// `receiver.name(args)`.
    pub(super) fn method(&mut self, receiver: Value, name: &str, args: Vec<Value>) -> Result<Value> {
        self.step()?;
        match (name, args.as_slice()) {
            ("show" | "toString", []) => {
                let mut text = String::new();
                receiver.show(false, &mut text);
                self.charge(text.len())?;
                return Ok(Value::str(text));
            }
            ("println" | "print" | "eprintln", []) => return Ok(Value::Unit),
            ("range", [end]) => return self.int_range(&receiver, end, 0),
            ("max", [other]) => return Ok(if compare(&receiver, other)?.is_lt() { other.clone() } else { receiver }),
            ("min", [other]) => return Ok(if compare(&receiver, other)?.is_gt() { other.clone() } else { receiver }),
            ("param", [index]) if matches!(receiver, Value::Item(_)) => return self.param(index),
            ("throw" | "panic", []) => {
                let mut text = String::new();
                receiver.show(false, &mut text);
                return Err(Failure::new(text));
            }
            _ => {}
        }
        let value = match &receiver {
            Value::List(items) => {
                let items = Rc::clone(items);
                self.charge(items.len())?;
                self.nest()?;
                self.list_method(&items, name, &args)?
            }
            Value::Str(text) | Value::Ident(text) => {
                let text = Rc::clone(text);
                self.charge(text.len())?;
                text_method(&text, name, &args)?
            }
            Value::Code(_) => {
                let text = receiver.text().unwrap_or_default();
                self.charge(text.len())?;
                text_method(&text, name, &args)?
            }
            Value::Variant(constructor, parts) => {
                self.nest()?;
                self.option_method(constructor, parts, name, &args)?
            }
            Value::Int(n) if name == "abs" && args.is_empty() => n.checked_abs().map(Value::Int),
            Value::Record(fields) if args.is_empty() => {
                fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone())
            }
            _ => None,
        };
        value.ok_or_else(|| {
            Failure::new(format!("{} has no `{name}` that templates can call", receiver.kind()))
                .help("templates know the common functions of strings and lists, and those of their module")
        })
    }

    fn list_method(&mut self, items: &Rc<[Value]>, name: &str, args: &[Value]) -> Result<Option<Value>> {
        Ok(Some(match (name, args) {
            ("length" | "len" | "size", []) => Value::Int(items.len() as i64),
            ("count", []) => Value::Int(items.len() as i64),
            ("isEmpty", []) => Value::Bool(items.is_empty()),
            ("head", []) => self.element(items, 0)?,
            ("last", []) => self.element(items, items.len() as i64 - 1)?,
            ("get", [Value::Int(n)]) => self.element(items, *n)?,
            ("tail", []) => Value::List(items.get(1..).unwrap_or_default().into()),
            ("init", []) => Value::List(items[..items.len().saturating_sub(1)].into()),
            ("take", [Value::Int(n)]) => Value::List(items[..clamp(*n, items.len())].into()),
            ("drop", [Value::Int(n)]) => Value::List(items[clamp(*n, items.len())..].into()),
            ("reverse", []) => Value::list(items.iter().rev().cloned().collect()),
            ("contains" | "elem", [item]) => Value::Bool(items.contains(item)),
            ("indexOf", [item]) => match items.iter().position(|other| other == item) {
                Some(n) => Value::some(Value::Int(n as i64)),
                None => Value::none(),
            },
            ("unique", []) => {
                self.charge(items.len().saturating_mul(items.len()).min(1 << 17))?;
                let mut seen: Vec<Value> = Vec::new();
                for item in items.iter() {
                    if !seen.contains(item) {
                        seen.push(item.clone());
                    }
                }
                Value::list(seen)
            }
            ("concat" | "append", [Value::List(more)]) => {
                self.charge(more.len())?;
                Value::list(items.iter().chain(more.iter()).cloned().collect())
            }
            ("flatten" | "concat", []) => {
                let mut out = Vec::new();
                for item in items.iter() {
                    match item {
                        Value::List(inner) => out.extend(inner.iter().cloned()),
                        other => out.push(other.clone()),
                    }
                    self.charge(out.len())?;
                }
                Value::list(out)
            }
            ("enumerate", []) => Value::list(
                (0..).zip(items.iter()).map(|(n, item)| Value::Tuple(Rc::new([Value::Int(n), item.clone()]))).collect(),
            ),
            ("zip", [Value::List(others)]) => Value::list(
                items.iter().zip(others.iter()).map(|(a, b)| Value::Tuple(Rc::new([a.clone(), b.clone()]))).collect(),
            ),
            ("join", []) => self.join(items, "")?,
            ("join", [separator]) => {
                let separator = self.text_of(separator, "join")?;
                self.join(items, &separator)?
            }
            ("sum", []) => self.total(items, 0, i64::checked_add)?,
            ("product", []) => self.total(items, 1, i64::checked_mul)?,
            ("sort", []) => {
                let mut sorted = items.to_vec();
                for pair in sorted.windows(2) {
                    compare(&pair[0], &pair[1])?;
                }
                sorted.sort_by(|a, b| compare(a, b).unwrap_or(Ordering::Equal));
                Value::list(sorted)
            }
            (_, [f]) => return self.list_with_function(items, name, f),
            ("fold" | "foldl", [start, f]) => {
                let mut state = start.clone();
                for item in items.iter() {
                    state = self.apply(f, vec![state, item.clone()])?;
                }
                state
            }
            ("foldr", [start, f]) => {
                let mut state = start.clone();
                for item in items.iter().rev() {
                    state = self.apply(f, vec![item.clone(), state])?;
                }
                state
            }
            ("zipWith", [Value::List(others), f]) => {
                let pairs = items.iter().zip(others.iter());
                let values = pairs.map(|(a, b)| self.apply(f, vec![a.clone(), b.clone()]));
                Value::list(values.collect::<Result<_>>()?)
            }
            _ => return Ok(None),
        }))
    }

    /// Functions of a list and a function.
    fn list_with_function(&mut self, items: &[Value], name: &str, f: &Value) -> Result<Option<Value>> {
        let mut call = |item: &Value| self.apply(f, vec![item.clone()]);
        Ok(Some(match name {
            "map" => Value::list(items.iter().map(call).collect::<Result<_>>()?),
            "each" => {
                items.iter().try_for_each(|item| call(item).map(|_| ()))?;
                Value::Unit
            }
            "mapIndexed" => {
                let pairs = (0..).zip(items.iter());
                let values = pairs.map(|(n, item)| self.apply(f, vec![Value::Int(n), item.clone()]));
                Value::list(values.collect::<Result<_>>()?)
            }
            "flatMap" => {
                let mut out = Vec::new();
                for item in items {
                    match call(item)? {
                        Value::List(inner) => out.extend(inner.iter().cloned()),
                        other => out.push(other),
                    }
                }
                self.charge(out.len())?;
                Value::list(out)
            }
            "filter" | "find" | "any" | "all" | "count" => {
                let mut kept = Vec::new();
                for item in items {
                    let Value::Bool(keep) = call(item)? else {
                        return Err(Failure::new(format!("the function given to `{name}` must give a Bool")));
                    };
                    match (name, keep) {
                        ("any", true) => return Ok(Some(Value::Bool(true))),
                        ("all", false) => return Ok(Some(Value::Bool(false))),
                        ("find", true) => return Ok(Some(Value::some(item.clone()))),
                        (_, true) => kept.push(item.clone()),
                        _ => {}
                    }
                }
                match name {
                    "any" => Value::Bool(false),
                    "all" => Value::Bool(true),
                    "find" => Value::none(),
                    "count" => Value::Int(kept.len() as i64),
                    _ => Value::list(kept),
                }
            }
            _ => return Ok(None),
        }))
    }

    fn option_method(&mut self, con: &str, parts: &[Value], name: &str, args: &[Value]) -> Result<Option<Value>> {
        Ok(match (name, args, parts) {
            ("isSome" | "isOk", [], _) => Some(Value::Bool(matches!(con, "Some" | "Ok"))),
            ("isNone" | "isErr", [], _) => Some(Value::Bool(matches!(con, "None" | "Err"))),
            ("unwrapOr" | "getOrElse" | "unwrap" | "get", _, [value]) if matches!(con, "Some" | "Ok") => {
                Some(value.clone())
            }
            ("unwrapOr" | "getOrElse", [other], _) => Some(other.clone()),
            ("map", [f], [value]) if matches!(con, "Some" | "Ok") => {
                Some(Value::Variant(con.into(), Rc::new([self.apply(f, vec![value.clone()])?])))
            }
            ("map", [_], _) => Some(Value::Variant(con.into(), parts.into())),
            _ => None,
        })
    }

    fn element(&self, items: &[Value], n: i64) -> Result<Value> {
        let item = usize::try_from(n).ok().and_then(|n| items.get(n)).cloned();
        item.ok_or_else(|| Failure::new(format!("a list of {} elements has no element {n}", items.len())))
    }

    fn join(&mut self, items: &[Value], separator: &str) -> Result<Value> {
        let mut out = String::new();
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push_str(separator);
            }
            out.push_str(&self.text_of(item, "join")?);
            self.charge(out.len())?;
        }
        Ok(Value::str(out))
    }

    fn total(&self, items: &[Value], start: i64, f: fn(i64, i64) -> Option<i64>) -> Result<Value> {
        let mut total = start;
        for item in items {
            let Value::Int(item) = item else { return Err(Failure::new("this is a function of lists of Ints")) };
            total = f(total, *item).ok_or_else(|| Failure::new("an Int of this template is out of range"))?;
        }
        Ok(Value::Int(total))
    }
}

fn clamp(n: i64, length: usize) -> usize {
    usize::try_from(n).unwrap_or(0).min(length)
}

/// Positions count characters.
fn slice(text: &str, from: i64, to: i64) -> Value {
    let from = clamp(from, usize::MAX);
    let to = clamp(to, usize::MAX);
    Value::str(text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>())
}

fn text_method(text: &str, name: &str, args: &[Value]) -> Result<Option<Value>> {
    let texts: Vec<Option<Rc<str>>> = args.iter().map(Value::text).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let length = || text.chars().count() as i64;
    Ok(Some(match (name, args, texts.as_slice()) {
        ("length" | "len", [], _) => Value::Int(length()),
        ("isEmpty", [], _) => Value::Bool(text.is_empty()),
        ("toUpper", [], _) => Value::str(text.to_uppercase()),
        ("toLower", [], _) => Value::str(text.to_lowercase()),
        ("capitalize", [], _) => {
            let mut chars = text.chars();
            let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
            Value::str(first + chars.as_str())
        }
        ("trim", [], _) => Value::str(text.trim()),
        ("trimStart", [], _) => Value::str(text.trim_start()),
        ("trimEnd", [], _) => Value::str(text.trim_end()),
        ("reverse", [], _) => Value::str(text.chars().rev().collect::<String>()),
        ("chars", [], _) => Value::list(text.chars().map(Value::Char).collect()),
        ("head", [], _) if !text.is_empty() => slice(text, 0, 1),
        ("tail", [], _) if !text.is_empty() => slice(text, 1, length()),
        ("toInt", [], _) => text.trim().parse().map_or_else(|_| Value::none(), |n| Value::some(Value::Int(n))),
        ("toFloat", [], _) => text.trim().parse().map_or_else(|_| Value::none(), |n| Value::some(Value::Float(n))),
        ("contains", _, [Some(part)]) => Value::Bool(text.contains(part)),
        ("startsWith", _, [Some(part)]) => Value::Bool(text.starts_with(part)),
        ("endsWith", _, [Some(part)]) => Value::Bool(text.ends_with(part)),
        ("indexOf", _, [Some(part)]) => Value::Int(text.find(part).map_or(-1, |at| text[..at].chars().count() as i64)),
        ("split", _, [Some("")]) => Value::list(text.chars().map(|c| Value::str(c.to_string())).collect()),
        ("split", _, [Some(part)]) => Value::list(text.split(part).map(Value::str).collect()),
        ("replace", _, [Some(from), Some(to)]) => Value::str(text.replacen(from, to, 1)),
        ("replaceAll", _, [Some(""), Some(to)]) => Value::str(format!("{to}{text}")),
        ("replaceAll", _, [Some(from), Some(to)]) if text.len() * (to.len() + 1) <= 1 << 20 => {
            Value::str(text.replace(from, to))
        }
        ("concat", _, [Some(other)]) => Value::str(format!("{text}{other}")),
        ("substring" | "slice", [Value::Int(from), Value::Int(to)], _) => {
            if *from < 0 || to <= from {
                Value::str("")
            } else {
                slice(text, *from, *to)
            }
        }
        ("take", [Value::Int(n)], _) => slice(text, 0, *n),
        ("drop", [Value::Int(n)], _) => slice(text, *n, length()),
        ("charAt" | "get", [Value::Int(n)], _) => {
            let c = usize::try_from(*n).ok().and_then(|n| text.chars().nth(n));
            Value::Char(c.ok_or_else(|| Failure::new(format!("the text has no character {n}")))?)
        }
        ("repeat", [Value::Int(n)], _) => {
            let n = usize::try_from(*n).unwrap_or(0);
            if n.saturating_mul(text.len()) > 1 << 16 {
                return Err(Failure::new("this template makes a value that is too large"));
            }
            Value::str(text.repeat(n))
        }
        ("padStart" | "padLeft", [Value::Int(n), _], [_, Some(fill)]) if *n < 1 << 16 && fill.len() < 5 => {
            Value::str(fill.repeat(clamp(*n - length(), usize::MAX)) + text)
        }
        ("padEnd" | "padRight", [Value::Int(n), _], [_, Some(fill)]) if *n < 1 << 16 && fill.len() < 5 => {
            Value::str(text.to_owned() + &fill.repeat(clamp(*n - length(), usize::MAX)))
        }
        _ => return Ok(None),
    }))
}

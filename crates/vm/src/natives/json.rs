//! JSON text, reflection, and values built from JSON by the description of their type.
//!
//! Descriptions come from the embedder ([`crate::ChunkSource::type_desc`]); type arguments arrive as text with full
//! names. Nesting is limited by [`MAX_DEPTH`], so nothing here overflows the native stack.

use std::rc::Rc;

use bytecode::{ConstructorRef, TypeDesc, TypeDescBody, TypeKind, TypeText};
use smol_str::SmolStr;

use crate::collections::MapObj;
use crate::compare::check_key;
use crate::failure::{Trap, throw_text, type_error};
use crate::natives::maps::map;
use crate::natives::{NativeCtx, NativeDef, list, native, string, text};
use crate::number;
use crate::show::{display, float};
use crate::stop::until_stopped;
use crate::text::Builder;
use crate::value::{Ctor, SizedKind, Value};

pub(super) static TABLE: &[NativeDef] = &[
    native("Json.escapeString", 1, |_, args| {
        let mut out = Builder::default();
        escape(&mut out, string(&args[0])?)?;
        Ok(Value::Str(out.finish()))
    }),
    native("Json.parse", 1, |ctx, args| {
        let source = string(&args[0])?.clone();
        ctx.world.room(source.len() * 8)?;
        Parser { ctx, text: source.as_bytes(), source: &source, at: 0 }.value(0).map_err(|why| throw_text(&why))
    }),
    native("Json.stringify", 1, |_, args| {
        let mut out = Builder::default();
        stringify(&mut out, &args[0], 0)?;
        Ok(Value::Str(out.finish()))
    }),
    native("fromJson", 2, by_type_text),
    native("jsonToType", 2, by_type_text),
    native("jsonToTypeByName", 2, by_type_text),
    native("makeRecord", 2, make_record),
    native("makeRecordByName", 2, make_record),
    native("makeVariant", 3, make_variant),
    native("makeVariantByName", 3, make_variant),
    native("reflect", 1, |ctx, args| reflect(ctx, &args[0], 0)),
    native("typeInfo", 1, |ctx, args| {
        let name = string(&args[0])?.clone();
        type_info(ctx, &name)
    }),
    native("typeNameOf", 1, |_, args| {
        let name = string(&args[0])?;
        // Programs know types by their own name.
        Ok(text(parse_type(name).map_or_else(|| name.to_string(), |ty| type_text(&ty))))
    }),
];

/// Deepest nesting of JSON and of types.
const MAX_DEPTH: usize = 1_000;

fn too_deep() -> Trap {
    throw_text("Json is nested too deeply")
}

// ---- The Json type --------------------------------------------------------------------------------------------------

/// Constructors of `Json` in declaration order.
const NAMES: [&str; 7] = ["Null", "Bool", "Number", "Integer", "String", "Array", "Object"];
const NULL: usize = 0;
const BOOL: usize = 1;
const NUMBER: usize = 2;
const INTEGER: usize = 3;
const STRING: usize = 4;
const ARRAY: usize = 5;
const OBJECT: usize = 6;

impl NativeCtx<'_> {
    fn json(&mut self, which: usize, content: Option<Value>) -> Value {
        let fields: &[&str] = if content.is_some() { &["_0"] } else { &[] };
        let ctor =
            self.world.library_ctor("stdlib.json", "Json", TypeKind::Variant, NAMES[which], (which as u16, 7), fields);
        Value::data(ctor, content.into_iter().collect())
    }
}

/// Which constructor of `Json`, and its content (unit for `Null`).
fn json_of(value: &Value) -> Result<(usize, Value), Trap> {
    match value {
        Value::Data(data) if data.meta().def.ty.name == "Json" => {
            let which = usize::from(data.meta().def.index);
            Ok((which.min(OBJECT), data.first().cloned().unwrap_or_default()))
        }
        other => Err(type_error("Json", other)),
    }
}

/// Fields of an object: the later of equal names wins.
fn object_fields(content: &Value) -> Result<Vec<(Value, Value)>, Trap> {
    list(content)?
        .iter()
        .map(|pair| match pair {
            Value::Tuple(pair) if pair.len() == 2 => Ok((pair[0].clone(), pair[1].clone())),
            other => Err(type_error("(String, Json)", other)),
        })
        .collect()
}

// ---- Text -----------------------------------------------------------------------------------------------------------

struct Parser<'a, 'c> {
    ctx: &'a mut NativeCtx<'c>,
    text: &'a [u8],
    source: &'a str,
    at: usize,
}

impl Parser<'_, '_> {
    /// The message of a run that has to end is seen by nobody, see [`crate::stop`].
    fn step(&mut self) -> Result<(), String> {
        self.ctx.steps.step().map_err(|_| String::new())
    }

    fn blank(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> String {
        match self.source.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(char) => format!("Invalid Json: unexpected `{char}` at position {}", self.at),
            None => "Invalid Json: unexpected end".to_owned(),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("Json is nested too deeply".to_owned());
        }
        self.step()?;
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let mut fields = Vec::new();
                while !self.eat(b'}') {
                    if !fields.is_empty() && !self.eat(b',') {
                        return Err(self.unexpected());
                    }
                    if self.peek() != Some(b'"') {
                        return Err(self.unexpected());
                    }
                    let name = text(self.string()?);
                    if !self.eat(b':') {
                        return Err(self.unexpected());
                    }
                    let value = self.value(depth + 1)?;
                    fields.push(Value::tuple(vec![name, value]));
                }
                Ok(self.ctx.json(OBJECT, Some(Value::list(fields))))
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.eat(b']') {
                    if !items.is_empty() && !self.eat(b',') {
                        return Err(self.unexpected());
                    }
                    items.push(self.value(depth + 1)?);
                }
                Ok(self.ctx.json(ARRAY, Some(Value::list(items))))
            }
            Some(b'"') => {
                let content = text(self.string()?);
                Ok(self.ctx.json(STRING, Some(content)))
            }
            Some(b't') if self.word("true") => Ok(self.ctx.json(BOOL, Some(Value::Bool(true)))),
            Some(b'f') if self.word("false") => Ok(self.ctx.json(BOOL, Some(Value::Bool(false)))),
            Some(b'n') if self.word("null") => Ok(self.ctx.json(NULL, None)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        let digit = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        while self.text.get(self.at).is_some_and(digit) {
            self.at += 1;
        }
        let digits = &self.source[start..self.at];
        if !digits.contains(['.', 'e', 'E'])
            && let Ok(value) = digits.parse::<i64>()
        {
            return Ok(self.ctx.json(INTEGER, Some(Value::Int(value))));
        }
        match digits.parse::<f64>() {
            Ok(value) => Ok(self.ctx.json(NUMBER, Some(Value::Float(value)))),
            Err(_) => Err(format!("Invalid Json: bad number `{digits}`")),
        }
    }

    /// A string; the current byte is its opening quote.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            self.step()?;
            let start = self.at;
            let rest = &self.text[start..];
            self.at += until_stopped(rest.iter()).position(|byte| b"\"\\".contains(byte)).unwrap_or(rest.len());
            out.push_str(&self.source[start..self.at]);
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(_) => {
                    self.at += 1;
                    out.push(self.escaped()?);
                }
                None => return Err("Invalid Json: unterminated string".to_owned()),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let Some(&byte) = self.text.get(self.at) else { return Err(self.unexpected()) };
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(byte),
            b'u' => {
                let high = self.hex4()?;
                let code = if (0xd800..0xdc00).contains(&high) && self.word("\\u") {
                    let low = self.hex4()?;
                    0x10000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff)
                } else {
                    high
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        })
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let digits = self.source.get(self.at..self.at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        digits.ok_or_else(|| "Invalid Json: bad \\u escape".to_owned())
    }
}

fn escape(out: &mut Builder, text: &str) -> Result<(), Trap> {
    for char in text.chars() {
        match char {
            '"' => out.push("\\\"")?,
            '\\' => out.push("\\\\")?,
            '\n' => out.push("\\n")?,
            '\r' => out.push("\\r")?,
            '\t' => out.push("\\t")?,
            char if char < ' ' => out.push(&format!("\\u{:04x}", u32::from(char)))?,
            char => out.push_char(char)?,
        }
    }
    Ok(())
}

fn stringify(out: &mut Builder, value: &Value, depth: usize) -> Result<(), Trap> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let (which, content) = json_of(value)?;
    match which {
        NULL => out.push("null")?,
        BOOL | INTEGER => out.push(&display(&content))?,
        NUMBER => match content {
            // JSON has no text for infinities.
            Value::Float(value) if value.is_finite() => out.push(&float(value))?,
            Value::Float(_) => out.push("null")?,
            other => out.push(&display(&other))?,
        },
        STRING => {
            out.push_char('"')?;
            escape(out, string(&content)?)?;
            out.push_char('"')?;
        }
        ARRAY => {
            out.push_char('[')?;
            for (index, item) in list(&content)?.iter().enumerate() {
                if index > 0 {
                    out.push_char(',')?;
                }
                stringify(out, item, depth + 1)?;
            }
            out.push_char(']')?;
        }
        _ => {
            out.push_char('{')?;
            for (index, (name, value)) in object_fields(&content)?.iter().enumerate() {
                if index > 0 {
                    out.push_char(',')?;
                }
                out.push_char('"')?;
                escape(out, string(name)?)?;
                out.push("\":")?;
                stringify(out, value, depth + 1)?;
            }
            out.push_char('}')?;
        }
    }
    Ok(())
}

// ---- Value to Json --------------------------------------------------------------------------------------------------

fn reflect(ctx: &mut NativeCtx<'_>, value: &Value, depth: usize) -> Result<Value, Trap> {
    ctx.steps.step()?;
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let entry = |name: &str, value: Value| Value::tuple(vec![Value::str(name), value]);
    Ok(match value {
        Value::Unit => ctx.json(NULL, None),
        Value::Bool(_) => ctx.json(BOOL, Some(value.clone())),
        Value::Int(_) => ctx.json(INTEGER, Some(value.clone())),
        Value::Sized(_, bits) => ctx.json(INTEGER, Some(Value::Int(*bits))),
        Value::Float(_) => ctx.json(NUMBER, Some(value.clone())),
        Value::Float32(_) | Value::BigInt(_) | Value::Decimal(_) => {
            let value = number::to_float(value)?;
            ctx.json(NUMBER, Some(Value::Float(value)))
        }
        Value::Str(_) => ctx.json(STRING, Some(value.clone())),
        Value::Char(char) => ctx.json(STRING, Some(text(char.to_string()))),
        Value::List(..) => {
            let items = list(value)?.iter().map(|item| reflect(ctx, item, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            ctx.json(ARRAY, Some(Value::list(items)))
        }
        Value::Set(set) => {
            let items =
                set.iter().map(|item| reflect(ctx, &item.to_value(), depth + 1)).collect::<Result<Vec<_>, _>>()?;
            ctx.json(ARRAY, Some(Value::list(items)))
        }
        Value::Tuple(items) => {
            let items = items.iter().map(|item| reflect(ctx, item, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            ctx.json(ARRAY, Some(Value::list(items)))
        }
        Value::Array(array) => {
            let items = (0..array.len())
                .filter_map(|index| array.get(index))
                .map(|item| reflect(ctx, &item, depth + 1))
                .collect::<Result<Vec<_>, _>>()?;
            ctx.json(ARRAY, Some(Value::list(items)))
        }
        Value::Map(map) => {
            let fields = map
                .iter()
                .map(|(key, value)| Ok(entry(&display(&key.to_value()), reflect(ctx, value, depth + 1)?)))
                .collect::<Result<Vec<_>, Trap>>()?;
            ctx.json(OBJECT, Some(Value::list(fields)))
        }
        Value::Data(fields) => reflect_data(ctx, fields.meta(), fields, depth)?,
        Value::Reactive(object) => {
            let (ctor, fields) = (Rc::clone(&object.ctor.borrow()), object.fields.borrow().clone());
            reflect_data(ctx, &ctor, &fields, depth)?
        }
        other => ctx.json(STRING, Some(text(display(other)))),
    })
}

fn reflect_data(ctx: &mut NativeCtx<'_>, ctor: &Ctor, fields: &[Value], depth: usize) -> Result<Value, Trap> {
    let entry = |name: &str, value: Value| Value::tuple(vec![Value::str(name), value]);
    let def = &ctor.def;
    let content = match def.kind {
        TypeKind::Record | TypeKind::Reactive => {
            let fields = def
                .fields
                .iter()
                .zip(fields)
                .map(|(name, value)| Ok(entry(name, reflect(ctx, value, depth + 1)?)))
                .collect::<Result<Vec<_>, Trap>>()?;
            return Ok(ctx.json(OBJECT, Some(Value::list(fields))));
        }
        TypeKind::Variant | TypeKind::ReactiveVariant => match fields {
            [] => ctx.json(NULL, None),
            [only] => reflect(ctx, only, depth + 1)?,
            fields => {
                let items = fields.iter().map(|item| reflect(ctx, item, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                ctx.json(ARRAY, Some(Value::list(items)))
            }
        },
    };
    Ok(ctx.json(OBJECT, Some(Value::list(vec![entry(&def.name, content)]))))
}

// ---- Types as text --------------------------------------------------------------------------------------------------

/// Reads a type written as text: `shop.Item`, `List[Int]`, `[Int]`, `(Int, String)`, `(Int) -> Int`.
fn parse_type(text: &str) -> Option<TypeText> {
    let mut rest = text.trim();
    let ty = read_type(&mut rest, 0)?;
    rest.trim().is_empty().then_some(ty)
}

fn read_type(rest: &mut &str, depth: usize) -> Option<TypeText> {
    if depth > 100 {
        return None;
    }
    *rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        let items = read_types(rest, ')', depth)?;
        *rest = rest.trim_start();
        if let Some(result) = rest.strip_prefix("->") {
            *rest = result;
            read_type(rest, depth + 1)?;
            return Some(TypeText::Function);
        }
        return Some(if items.len() == 1 { items.into_iter().next()? } else { TypeText::Tuple(items) });
    }
    if let Some(inner) = rest.strip_prefix('[') {
        *rest = inner;
        return Some(TypeText::Named("List".into(), read_types(rest, ']', depth)?));
    }
    let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_' && char != '.').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        return None;
    }
    *rest = after;
    let args = match rest.strip_prefix('[') {
        Some(inner) => {
            *rest = inner;
            read_types(rest, ']', depth)?
        }
        None => Vec::new(),
    };
    Some(TypeText::Named(name.into(), args))
}

/// Types between commas up to `close`.
fn read_types(rest: &mut &str, close: char, depth: usize) -> Option<Vec<TypeText>> {
    let mut types = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(close) {
            *rest = after;
            return Some(types);
        }
        if !types.is_empty() {
            *rest = rest.strip_prefix(',')?;
        }
        types.push(read_type(rest, depth + 1)?);
    }
}

/// A type with its parameters replaced.
fn substitute(ty: &TypeText, params: &[SmolStr], args: &[TypeText]) -> TypeText {
    match ty {
        TypeText::Named(name, inner) if inner.is_empty() => {
            match params.iter().position(|param| param == name).and_then(|index| args.get(index)) {
                Some(arg) => arg.clone(),
                None => ty.clone(),
            }
        }
        TypeText::Named(name, inner) => {
            TypeText::Named(name.clone(), inner.iter().map(|ty| substitute(ty, params, args)).collect())
        }
        TypeText::Tuple(items) => TypeText::Tuple(items.iter().map(|ty| substitute(ty, params, args)).collect()),
        TypeText::Function => TypeText::Function,
    }
}

fn type_text(ty: &TypeText) -> String {
    let all = |types: &[TypeText]| types.iter().map(type_text).collect::<Vec<_>>().join(", ");
    match ty {
        TypeText::Named(name, args) => {
            let plain = name.rsplit('.').next().unwrap_or(name);
            if args.is_empty() { plain.to_owned() } else { format!("{plain}[{}]", all(args)) }
        }
        TypeText::Tuple(items) => format!("({})", all(items)),
        TypeText::Function => "Function".to_owned(),
    }
}

fn describe(ctx: &mut NativeCtx<'_>, name: &str) -> Option<TypeDesc> {
    ctx.world.source.type_desc(name)
}

fn unknown_type(name: &str) -> Trap {
    throw_text(&format!("Unknown type: {name}"))
}

// ---- Json to value --------------------------------------------------------------------------------------------------

/// `jsonToType` and its relatives: type as text, then the Json value.
fn by_type_text(ctx: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    let name = string(&args[0])?.clone();
    let ty = parse_type(&name).ok_or_else(|| unknown_type(&name))?;
    build(ctx, &ty, &args[1], 0)
}

fn expected(what: &str, which: usize) -> Trap {
    throw_text(&format!("Expected Json {what}, found {}", NAMES[which]))
}

fn build(ctx: &mut NativeCtx<'_>, ty: &TypeText, json: &Value, depth: usize) -> Result<Value, Trap> {
    ctx.steps.step()?;
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let (which, content) = json_of(json)?;
    let (name, args) = match ty {
        TypeText::Function => return Err(throw_text("A function cannot be made from Json")),
        TypeText::Tuple(items) if items.is_empty() => {
            return if which == NULL { Ok(Value::Unit) } else { Err(expected("Null", which)) };
        }
        TypeText::Tuple(types) => return build_each(ctx, types, json, depth).map(Value::tuple),
        TypeText::Named(name, args) => (name, args),
    };
    let sized = |kind: SizedKind| match (which, &content) {
        (INTEGER, Value::Int(value)) => Ok(Value::Sized(kind, kind.wrap(*value))),
        (NUMBER, Value::Float(value)) if value.fract() == 0.0 => number::to_sized(kind, &Value::Float(*value)),
        _ => Err(expected("Integer", which)),
    };
    let real = || match which {
        NUMBER | INTEGER => number::to_float(&content),
        _ => Err(expected("Number", which)),
    };
    match name.as_str() {
        "Json" | "stdlib.json.Json" => Ok(json.clone()),
        "Int" | "Int64" => match (which, &content) {
            (INTEGER, _) => Ok(content),
            (NUMBER, Value::Float(value)) if value.fract() == 0.0 => Ok(Value::Int(*value as i64)),
            _ => Err(expected("Integer", which)),
        },
        "Int8" => sized(SizedKind::Int8),
        "Int16" => sized(SizedKind::Int16),
        "Int32" => sized(SizedKind::Int32),
        "UInt8" => sized(SizedKind::UInt8),
        "UInt16" => sized(SizedKind::UInt16),
        "UInt32" => sized(SizedKind::UInt32),
        "UInt64" => sized(SizedKind::UInt64),
        "Float" | "Float64" => real().map(Value::Float),
        "Float32" => real().map(|value| Value::Float32(value as f32)),
        "BigInt" => real().and_then(|_| number::to_bigint(&content)).map(number::big),
        "Decimal" => match content {
            Value::Int(value) if which == INTEGER => Ok(number::decimal(value.into())),
            Value::Float(value) if which == NUMBER => {
                number::decimal_from_float(value).map(number::decimal).ok_or_else(|| throw_text("Decimal overflow"))
            }
            _ => Err(expected("Number", which)),
        },
        "Bool" if which == BOOL => Ok(content),
        "Bool" => Err(expected("Bool", which)),
        "String" if which == STRING => Ok(content),
        "String" => Err(expected("String", which)),
        "Unit" if which == NULL => Ok(Value::Unit),
        "Unit" => Err(expected("Null", which)),
        "Char" => {
            if which != STRING {
                return Err(expected("String", which));
            }
            let mut chars = string(&content)?.chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) => Ok(Value::Char(char)),
                _ => Err(throw_text("Expected Json String of length 1")),
            }
        }
        "List" | "Set" => {
            if which != ARRAY {
                return Err(expected("Array", which));
            }
            let item = args.first().cloned().unwrap_or(TypeText::Named("Json".into(), Vec::new()));
            let items =
                list(&content)?.iter().map(|json| build(ctx, &item, json, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            if name == "List" {
                return Ok(Value::list(items));
            }
            for item in &items {
                check_key(item)?;
            }
            Ok(crate::collections::SetObj::collect(items.into_iter()))
        }
        "Map" => {
            if which != OBJECT {
                return Err(expected("Object", which));
            }
            let value = args.get(1).cloned().unwrap_or(TypeText::Named("Json".into(), Vec::new()));
            let entries = object_fields(&content)?
                .into_iter()
                .map(|(key, json)| Ok((key, build(ctx, &value, &json, depth + 1)?)))
                .collect::<Result<Vec<_>, Trap>>()?;
            Ok(MapObj::collect(entries.into_iter()))
        }
        "Option" | "stdlib.list.Option" => {
            if which == NULL {
                return Ok(ctx.option(None));
            }
            let inner = args.first().cloned().unwrap_or(TypeText::Named("Json".into(), Vec::new()));
            let value = build(ctx, &inner, json, depth + 1)?;
            Ok(ctx.option(Some(value)))
        }
        _ => build_declared(ctx, name, args, (which, content), depth),
    }
}

/// A value of a declared type.
fn build_declared(
    ctx: &mut NativeCtx<'_>,
    name: &str,
    args: &[TypeText],
    (which, content): (usize, Value),
    depth: usize,
) -> Result<Value, Trap> {
    let Some(desc) = describe(ctx, name) else {
        return Err(unknown_type(name.rsplit('.').next().unwrap_or(name)));
    };
    let ctors = match &desc.body {
        TypeDescBody::Alias(ty) => {
            let ty = substitute(ty, &desc.params, args);
            let json = ctx.json(which, (which != NULL).then_some(content));
            return build(ctx, &ty, &json, depth + 1);
        }
        TypeDescBody::Data(ctors) => ctors,
    };
    if let [(def, types)] = &ctors[..]
        && matches!(def.kind, TypeKind::Record | TypeKind::Reactive)
    {
        if which != OBJECT {
            return Err(expected("Object", which));
        }
        let fields = object_fields(&content)?;
        let field =
            |name: &str| fields.iter().rev().find(|(key, _)| matches!(key, Value::Str(key) if &key[..] == name));
        let mut values = Vec::with_capacity(types.len());
        for (name, ty) in def.fields.iter().zip(types) {
            let ty = substitute(ty, &desc.params, args);
            match field(name) {
                Some((_, json)) => values.push(build(ctx, &ty, json, depth + 1)?),
                None => return Err(throw_text(&format!("Missing field: {name}"))),
            }
        }
        return Ok(make(ctx, def, values));
    }
    // A variant: the only field names the constructor; a plain string does for one without fields.
    let (ctor_name, inner) = match which {
        STRING => (content, None),
        OBJECT => {
            let mut fields = object_fields(&content)?;
            if fields.len() != 1 {
                return Err(throw_text(&format!(
                    "Variant json must have exactly one key (constructor), found {}",
                    fields.len()
                )));
            }
            let Some((name, json)) = fields.pop() else { return Err(expected("Object", which)) };
            (name, Some(json))
        }
        _ => return Err(expected("Object", which)),
    };
    let ctor_name = string(&ctor_name)?;
    let Some((def, types)) = ctors.iter().find(|(def, _)| def.name == ctor_name[..]) else {
        return Err(throw_text(&format!("Unknown constructor: {}", &ctor_name[..])));
    };
    let types: Vec<TypeText> = types.iter().map(|ty| substitute(ty, &desc.params, args)).collect();
    let values = match (&types[..], inner) {
        ([], _) => Vec::new(),
        (_, None) => return Err(expected("Object", STRING)),
        ([only], Some(json)) => vec![build(ctx, only, &json, depth + 1)?],
        (types, Some(json)) => build_each(ctx, types, &json, depth)?,
    };
    Ok(make(ctx, def, values))
}

/// One value for each of `types`, from a `Json` array of as many elements.
fn build_each(ctx: &mut NativeCtx<'_>, types: &[TypeText], json: &Value, depth: usize) -> Result<Vec<Value>, Trap> {
    let (which, content) = json_of(json)?;
    if which != ARRAY {
        return Err(expected("Array", which));
    }
    let items = list(&content)?;
    if items.len() != types.len() {
        let (wanted, found) = (types.len(), items.len());
        return Err(throw_text(&format!("Expected Json Array of {wanted} elements, found {found}")));
    }
    types.iter().zip(items.iter()).map(|(ty, item)| build(ctx, ty, item, depth + 1)).collect()
}

fn make(ctx: &mut NativeCtx<'_>, def: &ConstructorRef, values: Vec<Value>) -> Value {
    let ctor = ctx.world.ctors.intern(def);
    if crate::reactive::is_reactive(&ctor) {
        return crate::reactive::construct(ctx.world, &ctor, values);
    }
    Value::data(ctor, values)
}

/// Constructors of a declared type given as text, with the arguments applied to their field types.
fn declared(ctx: &mut NativeCtx<'_>, name: &str) -> Result<Vec<(ConstructorRef, Vec<TypeText>)>, Trap> {
    let Some(TypeText::Named(name, args)) = parse_type(name) else { return Err(unknown_type(name)) };
    match describe(ctx, &name) {
        Some(TypeDesc { params, body: TypeDescBody::Data(ctors) }) => Ok(ctors
            .into_iter()
            .map(|(def, types)| (def, types.iter().map(|ty| substitute(ty, &params, &args)).collect()))
            .collect()),
        _ => Err(unknown_type(name.rsplit('.').next().unwrap_or(&name))),
    }
}

/// Fields of a constructor from a map of Json values.
fn fields_from_map(
    ctx: &mut NativeCtx<'_>,
    def: &ConstructorRef,
    types: &[TypeText],
    fields: &Value,
) -> Result<Value, Trap> {
    let fields = Rc::clone(map(fields)?);
    let mut values = Vec::with_capacity(types.len());
    for (index, (name, ty)) in def.fields.iter().zip(types).enumerate() {
        let json = fields.get(&Value::str(name)).or_else(|| fields.get(&text(format!("_{index}"))));
        match json {
            Some(json) => values.push(build(ctx, ty, json, 0)?),
            None => return Err(throw_text(&format!("Missing field: {name}"))),
        }
    }
    Ok(make(ctx, def, values))
}

fn make_record(ctx: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    let name = string(&args[0])?.clone();
    let ctors = declared(ctx, &name)?;
    match ctors.first() {
        Some((def, types)) => fields_from_map(ctx, def, types, &args[1]),
        None => Err(unknown_type(&name)),
    }
}

fn make_variant(ctx: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    let name = string(&args[0])?.clone();
    let wanted = string(&args[1])?.clone();
    let ctors = declared(ctx, &name)?;
    match ctors.iter().find(|(def, _)| def.name == wanted[..]) {
        Some((def, types)) => fields_from_map(ctx, def, types, &args[2]),
        None => Err(throw_text(&format!("Unknown constructor: {}", &wanted[..]))),
    }
}

// ---- Type descriptions ----------------------------------------------------------------------------------------------

fn type_info(ctx: &mut NativeCtx<'_>, name: &str) -> Result<Value, Trap> {
    let entry = |name: &str, value: Value| (Value::str(name), value);
    let collect = |entries: Vec<(Value, Value)>| MapObj::collect(entries.into_iter());
    const PRIMITIVES: [&str; 16] = [
        "Int", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Float32", "Float64",
        "BigInt", "Decimal", "Bool", "Char",
    ];
    if PRIMITIVES.contains(&name) || matches!(name, "String" | "Unit") {
        return Ok(collect(vec![entry("name", Value::str(name)), entry("kind", Value::str("primitive"))]));
    }
    let Some(desc) = describe(ctx, name) else { return Ok(super::core::empty_map()) };
    let fields = |def: &ConstructorRef, types: &[TypeText]| {
        let field = |(name, ty): (&SmolStr, &TypeText)| {
            collect(vec![entry("name", Value::str(name)), entry("type", text(type_text(ty)))])
        };
        Value::list(def.fields.iter().zip(types).map(field).collect())
    };
    let mut entries = vec![
        entry("name", Value::str(name.rsplit('.').next().unwrap_or(name))),
        entry("type_params", Value::list(desc.params.iter().map(|param| Value::str(param)).collect())),
    ];
    match &desc.body {
        TypeDescBody::Alias(ty) => {
            entries.push(entry("kind", Value::str("alias")));
            entries.push(entry("target", text(type_text(ty))));
        }
        TypeDescBody::Data(ctors) => {
            let kind = ctors.first().map_or(TypeKind::Variant, |(def, _)| def.kind);
            entries.push(entry(
                "kind",
                Value::str(match kind {
                    TypeKind::Record => "record",
                    TypeKind::Variant => "variant",
                    TypeKind::Reactive => "reactive",
                    TypeKind::ReactiveVariant => "reactive_variant",
                }),
            ));
            if let (TypeKind::Record | TypeKind::Reactive, Some((def, types))) = (kind, ctors.first()) {
                entries.push(entry("fields", fields(def, types)));
            } else {
                let ctor = |(def, types): &(ConstructorRef, Vec<TypeText>)| {
                    collect(vec![entry("name", Value::str(&def.name)), entry("fields", fields(def, types))])
                };
                entries.push(entry("constructors", Value::list(ctors.iter().map(ctor).collect())));
            }
        }
    }
    Ok(collect(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_text() {
        let named = |name: &str, args: Vec<TypeText>| TypeText::Named(name.into(), args);
        assert_eq!(parse_type("shop.Item"), Some(named("shop.Item", vec![])));
        assert_eq!(
            parse_type("Map[String, (Int, [Bool])]"),
            Some(named(
                "Map",
                vec![
                    named("String", vec![]),
                    TypeText::Tuple(vec![named("Int", vec![]), named("List", vec![named("Bool", vec![])])]),
                ]
            ))
        );
        assert_eq!(parse_type("(Int) -> Int"), Some(TypeText::Function));
        assert_eq!(parse_type("List["), None);
        assert_eq!(parse_type(&"[".repeat(100_000)), None);
    }
}

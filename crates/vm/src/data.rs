//! [`Data`]: values as plain data that may cross threads and live longer than a machine.

use std::cell::Cell;

use bytecode::ConstructorRef;

use crate::collections::{MapObj, SetObj};
use crate::compare::check_key;
use crate::link::Ctors;
use crate::number;
use crate::show;
use crate::text::Str;
use crate::value::{ArrayObj, SizedKind, Value};

/// A value of the language without sharing or identity.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the types of the language")]
pub enum Data {
    Unit,
    Bool(bool),
    Int(i64),
    /// Integer of another width, sign-extended; a UInt64 as its bits.
    Sized(SizedKind, i64),
    Float(f64),
    Float32(f32),
    /// Digits.
    BigInt(String),
    /// Digits with the scale.
    Decimal(String),
    Char(char),
    String(String),
    List(Vec<Data>),
    Tuple(Vec<Data>),
    /// Record or variant value: constructor and fields.
    Record(ConstructorRef, Vec<Data>),
    /// Entries in key order.
    Map(Vec<(Data, Data)>),
    /// Members in key order.
    Set(Vec<Data>),
    Int64Array(Vec<i64>),
    Float64Array(Vec<f64>),
    Float32Array(Vec<f32>),
    /// What is no data: functions, processes, handles, reactive values, and values nested deeper than
    /// [`Data::MAX_DEPTH`], as their display form; `...` behind the first [`Data::MAX_VALUES`].
    Opaque(String),
}

impl Data {
    /// Deepest nesting that is kept, so that code working on plain data may recurse.
    pub const MAX_DEPTH: usize = 500;

    /// Most values inside of one that are kept. What a value shares is copied each time, so a small one may have more
    /// of them than any memory holds.
    pub const MAX_VALUES: usize = 1 << 24;

    /// Copies a value out.
    pub fn from_value(value: &Value) -> Self {
        from_value(value, 0, &Cell::new(0))
    }

    /// Makes a value. Opaque data becomes its text; entries with keys that are not hashable are left out.
    pub(crate) fn to_value(&self, ctors: &mut Ctors) -> Value {
        let mut all = |items: &[Data]| items.iter().map(|item| item.to_value(ctors)).collect::<Vec<_>>();
        match self {
            Data::Unit => Value::Unit,
            Data::Bool(value) => Value::Bool(*value),
            Data::Int(value) => Value::Int(*value),
            Data::Sized(kind, value) => Value::Sized(*kind, kind.wrap(*value)),
            Data::Float(value) => Value::Float(*value),
            Data::Float32(value) => Value::Float32(*value),
            Data::BigInt(text) => number::parse_big(text).ok().flatten().map_or(Value::Unit, number::big),
            Data::Decimal(text) => number::parse_decimal(text).map_or(Value::Unit, number::decimal),
            Data::Char(value) => Value::Char(*value),
            Data::String(text) | Data::Opaque(text) => Value::Str(Str::from(text.as_str())),
            Data::List(items) => Value::list(all(items)),
            Data::Tuple(items) => match all(items) {
                items if items.len() < 2 => items.into_iter().next().unwrap_or_default(),
                items => Value::tuple(items),
            },
            Data::Record(def, fields) => {
                let fields = all(fields);
                Value::data(ctors.intern(def), fields)
            }
            Data::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.to_value(ctors), value.to_value(ctors)));
                MapObj::collect(entries.filter(|(key, _)| check_key(key).is_ok()))
            }
            Data::Set(items) => SetObj::collect(all(items).into_iter().filter(|item| check_key(item).is_ok())),
            Data::Int64Array(items) => ArrayObj::Int64(items.clone().into()).into_value(),
            Data::Float64Array(items) => ArrayObj::Float64(items.clone().into()).into_value(),
            Data::Float32Array(items) => ArrayObj::Float32(items.clone().into()).into_value(),
        }
    }
}

fn from_value(value: &Value, depth: usize, count: &Cell<usize>) -> Data {
    if count.replace(count.get() + 1) >= Data::MAX_VALUES {
        return Data::Opaque("...".to_owned());
    }
    if depth > Data::MAX_DEPTH {
        return Data::Opaque(show::display(value));
    }
    let inner = |item: &Value| from_value(item, depth + 1, count);
    match value {
        Value::Unit => Data::Unit,
        Value::Bool(value) => Data::Bool(*value),
        Value::Int(value) => Data::Int(*value),
        Value::Sized(kind, value) => Data::Sized(*kind, *value),
        Value::Float(value) => Data::Float(*value),
        Value::Float32(value) => Data::Float32(*value),
        Value::BigInt(value) => Data::BigInt(number::big_text(value).unwrap_or_default()),
        Value::Decimal(value) => Data::Decimal(value.to_string()),
        Value::Char(value) => Data::Char(*value),
        Value::Str(text) => Data::String(text.to_string()),
        Value::List(..) => {
            Data::List(value.as_list().map(|items| items.iter().map(inner).collect()).unwrap_or_default())
        }
        Value::Tuple(items) => Data::Tuple(items.iter().map(inner).collect()),
        Value::Data(fields) => Data::Record(fields.meta().def.clone(), fields.iter().map(inner).collect()),
        Value::Map(map) => Data::Map(map.iter().map(|(key, value)| (inner(&key.to_value()), inner(value))).collect()),
        Value::Set(set) => Data::Set(set.iter().map(|item| inner(&item.to_value())).collect()),
        Value::Array(array) => match &**array {
            ArrayObj::Int64(items) => Data::Int64Array(items.borrow().clone()),
            ArrayObj::Float64(items) => Data::Float64Array(items.borrow().clone()),
            ArrayObj::Float32(items) => Data::Float32Array(items.borrow().clone()),
        },
        _ => Data::Opaque(show::display(value)),
    }
}

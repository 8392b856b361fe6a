//! Elements and fields: reading and replacing them, joining what has them.
//!
//! Input: values of any kind, as a program may have them. Output: values, or the failure of the language.

use std::rc::Rc;

use crate::compare::check_key;
use crate::failure::{Trap, out_of_bounds, panic, type_error};
use crate::list::List;
use crate::machine::World;
use crate::number;
use crate::text::Str;
use crate::value::{ArrayObj, Value};

/// What an mvar gives and takes: typed arrays have identity and are copied.
pub(crate) fn snapshot(value: &Value) -> Value {
    match value {
        Value::Array(array) => array.copy(),
        other => other.clone(),
    }
}

/// Place of a field by name.
pub(crate) fn field_place(value: &Value, name: &str) -> Option<usize> {
    match value {
        Value::Data(fields) => fields.meta().def.fields.iter().position(|field| field == name),
        Value::Reactive(object) => object.ctor.borrow().def.fields.iter().position(|field| field == name),
        _ => None,
    }
}

pub(super) fn set_field(slot: &mut Value, index: usize, value: Value) -> Result<(), Trap> {
    let Value::Data(fields) = slot else { return Err(no_field(slot)) };
    if index >= fields.len() {
        return Err(no_field(slot));
    }
    if let Some(own) = fields.get_mut() {
        own[index] = value;
        return Ok(());
    }
    let mut copy = fields.to_vec();
    copy[index] = value;
    *slot = Value::data(Rc::clone(fields.meta()), copy);
    Ok(())
}

#[inline]
pub(super) fn tag_of(value: &Value) -> Option<u16> {
    match value {
        Value::Data(data) => Some(data.meta().def.index),
        Value::Reactive(object) => Some(object.ctor.borrow().def.index),
        _ => None,
    }
}

/// `a ++ b`.
pub(crate) fn concat(world: &World, a: Value, b: Value) -> Result<Value, Trap> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            world.room(a.len() + b.len())?;
            Ok(Value::Str(if a.is_empty() { b } else { a.append(&b)? }))
        }
        (Value::List(n, a), Value::List(m, b)) => {
            let (a, b) = (List { buf: a, len: n }, List { buf: b, len: m });
            if n == 0 {
                return Ok(b.into());
            }
            if m == 0 {
                return Ok(a.into());
            }
            world.room((n as usize + m as usize) * size_of::<Value>())?;
            if n < m / 8 {
                // Few in front of many: share the tail.
                return Ok(a.into_reversed().into_iter().fold(b, List::cons).into());
            }
            let mut items = b.into_reversed();
            items.extend(a.into_reversed());
            Ok(List::from_reversed(items).into())
        }
        (Value::Str(_), other) => Err(type_error("String", &other)),
        (Value::List(..), other) => Err(type_error("List", &other)),
        (other, _) => Err(type_error("String or List", &other)),
    }
}

/// `obj[key]`.
pub(crate) fn index(obj: &Value, key: &Value) -> Result<Value, Trap> {
    if let Value::Map(map) = obj {
        return Ok(map.get(key).cloned().unwrap_or_default());
    }
    if let Value::Set(set) = obj {
        return Ok(Value::Bool(set.contains(key)));
    }
    let Value::Int(at) = *key else { return Err(type_error("Int", key)) };
    let place = usize::try_from(at).ok();
    let item = match obj {
        Value::List(..) => obj.as_list().and_then(|list| list.get(place?)).cloned(),
        Value::Tuple(items) => place.and_then(|place| items.get(place)).cloned(),
        Value::Array(array) => place.and_then(|place| array.get(place)),
        Value::Str(text) => {
            let found = place.and_then(|place| {
                if text.is_ascii() {
                    text.get(place..place + 1).map(Str::from)
                } else {
                    text.chars().nth(place).map(|char| Str::from(char.to_string()))
                }
            });
            return found
                .map(Value::Str)
                .ok_or_else(|| panic(format!("Index {at} out of bounds for string of length {}", text.chars_len())));
        }
        other => return Err(type_error("List, Tuple, String, Map, Set or Array", other)),
    };
    item.ok_or_else(|| out_of_bounds(at))
}

/// `obj[key] = value`.
pub(super) fn set_index(slot: &mut Value, key: Value, value: Value) -> Result<(), Trap> {
    if let Value::Map(map) = slot {
        check_key(&key)?;
        let old = Rc::make_mut(map).0.insert(key, value);
        drop(old);
        return Ok(());
    }
    let Value::Int(at) = key else { return Err(type_error("Int", &key)) };
    match slot {
        Value::List(len, _) => {
            let place = usize::try_from(at).ok().filter(|place| *place < *len as usize);
            let Some(place) = place else { return Err(out_of_bounds(at)) };
            if let Value::List(len, buf) = std::mem::take(slot) {
                *slot = List { buf, len }.with(place, value).into();
            }
            Ok(())
        }
        Value::Array(array) => set_array(array, at, &value),
        other => Err(type_error("List, Map or Array", other)),
    }
}

/// Element of a typed array, in place.
pub(crate) fn set_array(array: &ArrayObj, at: i64, value: &Value) -> Result<(), Trap> {
    let place = usize::try_from(at).unwrap_or(usize::MAX);
    match (array, value) {
        (ArrayObj::Int64(items), Value::Int(value)) => match items.borrow_mut().get_mut(place) {
            Some(slot) => *slot = *value,
            None => return Err(out_of_bounds(at)),
        },
        (ArrayObj::Float64(items), Value::Float(value)) => match items.borrow_mut().get_mut(place) {
            Some(slot) => *slot = *value,
            None => return Err(out_of_bounds(at)),
        },
        (ArrayObj::Float32(items), Value::Float(_) | Value::Float32(_)) => {
            let value = number::to_float32(value)?;
            match items.borrow_mut().get_mut(place) {
                Some(slot) => *slot = value,
                None => return Err(out_of_bounds(at)),
            }
        }
        (ArrayObj::Int64(_), other) => return Err(type_error("Int", other)),
        (_, other) => return Err(type_error("Float", other)),
    }
    Ok(())
}

#[cold]
pub(super) fn no_field(value: &Value) -> Trap {
    type_error("a record with this field", value)
}

//! Equality, order and hash of values, structurally.
//!
//! All walks use an explicit stack, so deep values cost no native stack, and look at the limits of the run now and then.
//! User implementations of `Eq`, `Ord` and `Hash` are the compiler's business: it calls them where the language wants
//! them.

use std::cmp::Ordering;
use std::rc::Rc;

use bytecode::TypeKind;
use num_bigint::BigInt;

use crate::collections::KeyRef;
use crate::failure::{Trap, panic, type_error};
use crate::list;
use crate::number::Big;
use crate::stop::{self, Steps};
use crate::text;
use crate::value::{SizedKind, Value};

/// Two containers that are compared element by element.
enum Pairs<'a> {
    Slices(std::iter::Zip<std::slice::Iter<'a, Value>, std::slice::Iter<'a, Value>>),
    Lists(std::iter::Zip<list::Iter<'a>, list::Iter<'a>>),
    Maps(Box<dyn Iterator<Item = (&'a Value, &'a Value)> + 'a>),
}

impl<'a> Pairs<'a> {
    fn next(&mut self) -> Option<(&'a Value, &'a Value)> {
        match self {
            Pairs::Slices(pairs) => pairs.next(),
            Pairs::Lists(pairs) => pairs.next(),
            Pairs::Maps(pairs) => pairs.next(),
        }
    }

    fn slices(a: &'a [Value], b: &'a [Value]) -> Self {
        Pairs::Slices(a.iter().zip(b))
    }
}

/// What a first look at two values says.
enum Look<'a, T> {
    Done(T),
    /// Equal so far; the elements decide, then `T`.
    Inside(Pairs<'a>, T),
}

/// Deep structural equality.
#[inline]
pub(crate) fn equal(a: &Value, b: &Value) -> Result<bool, Trap> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Str(a), Value::Str(b)) => text::equal(a, b),
        _ => equal_deep(a, b),
    }
}

fn equal_deep(a: &Value, b: &Value) -> Result<bool, Trap> {
    let mut stack: Vec<Pairs<'_>> = Vec::new();
    let mut next = (a, b);
    let mut steps = Steps::default();
    loop {
        steps.step()?;
        match look_equal(next.0, next.1)? {
            Look::Done(false) | Look::Inside(_, false) => return Ok(false),
            Look::Done(true) => {}
            Look::Inside(pairs, true) => stack.push(pairs),
        }
        next = loop {
            match stack.last_mut() {
                None => return Ok(true),
                Some(pairs) => match pairs.next() {
                    Some(pair) => break pair,
                    None => drop(stack.pop()),
                },
            }
        };
    }
}

fn look_equal<'a>(a: &'a Value, b: &'a Value) -> Result<Look<'a, bool>, Trap> {
    let inside = |same: bool, pairs: Pairs<'a>| Ok(if same { Look::Inside(pairs, true) } else { Look::Done(false) });
    Ok(Look::Done(match (a, b) {
        (Value::Unit, Value::Unit) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Float32(a), Value::Float32(b)) => a == b,
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::Sized(k, a), Value::Sized(l, b)) => k == l && a == b,
        (Value::Pid(a), Value::Pid(b)) => a == b,
        (Value::Handle(k, a), Value::Handle(l, b)) => k == l && a == b,
        (Value::Str(a), Value::Str(b)) => text::equal(a, b)?,
        (Value::BigInt(a), Value::BigInt(b)) => Big::eq(a, b),
        (Value::Decimal(a), Value::Decimal(b)) => a == b,
        (Value::Tuple(a), Value::Tuple(b)) => return inside(a.len() == b.len(), Pairs::slices(a, b)),
        (Value::Data(x), Value::Data(y)) => {
            if x.same(y) && x.is_empty() {
                return Ok(Look::Done(true));
            }
            let (c, d) = (x.meta(), y.meta());
            let same = Rc::ptr_eq(c, d) || (c.type_id == d.type_id && c.def.index == d.def.index);
            return inside(same && x.len() == y.len(), Pairs::slices(x, y));
        }
        (Value::List(..), Value::List(..)) => {
            let (Some(x), Some(y)) = (a.as_list(), b.as_list()) else { return Ok(Look::Done(false)) };
            return inside(x.len() == y.len(), Pairs::Lists(x.iter().zip(y.iter())));
        }
        (Value::Map(x), Value::Map(y)) => {
            if Rc::ptr_eq(x, y) && x.is_empty() {
                return Ok(Look::Done(true));
            }
            let keys = x.iter().map(|(key, _)| key).zip(y.iter().map(|(key, _)| key));
            let same = x.len() == y.len() && same_keys(keys)?;
            let values = x.iter().zip(y.iter()).map(|((_, x), (_, y))| (x, y));
            return inside(same, Pairs::Maps(Box::new(values)));
        }
        (Value::Set(x), Value::Set(y)) => x.len() == y.len() && same_keys(x.iter().zip(y.iter()))?,
        (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b),
        (Value::Buffer(a), Value::Buffer(b)) => Rc::ptr_eq(a, b),
        (Value::Reactive(a), Value::Reactive(b)) => Rc::ptr_eq(a, b),
        (Value::Closure(a), Value::Closure(b)) => a.same(b),
        (Value::Native(a), Value::Native(b)) => std::ptr::eq(*a, *b),
        (Value::Constructor(a), Value::Constructor(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }))
}

fn same_keys<'a>(pairs: impl Iterator<Item = (KeyRef<'a>, KeyRef<'a>)>) -> Result<bool, Trap> {
    let mut steps = Steps::default();
    for (a, b) in pairs {
        steps.step()?;
        let same = match (a, b) {
            (KeyRef::Int(a), KeyRef::Int(b)) => a == b,
            _ => total_order(&a.to_value(), &b.to_value()).is_eq(),
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The language's order. `None`: a NaN decides, so every comparison is false.
#[inline]
pub(crate) fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>, Trap> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Str(a), Value::Str(b)) => text::order(a, b).map(Some),
        _ => compare_deep(a, b),
    }
}

fn compare_deep(a: &Value, b: &Value) -> Result<Option<Ordering>, Trap> {
    let mut stack: Vec<(Pairs<'_>, Ordering)> = Vec::new();
    let mut next = (a, b);
    let mut steps = Steps::default();
    loop {
        steps.step()?;
        match look_ordered(next.0, next.1)? {
            Look::Done(Some(Ordering::Equal)) => {}
            Look::Done(decided) => return Ok(decided),
            Look::Inside(pairs, at_end) => stack.push((pairs, at_end.unwrap_or(Ordering::Equal))),
        }
        next = loop {
            match stack.last_mut() {
                None => return Ok(Some(Ordering::Equal)),
                Some((pairs, at_end)) => match pairs.next() {
                    Some(pair) => break pair,
                    None if at_end.is_ne() => return Ok(Some(*at_end)),
                    None => drop(stack.pop()),
                },
            }
        };
    }
}

fn look_ordered<'a>(a: &'a Value, b: &'a Value) -> Result<Look<'a, Option<Ordering>>, Trap> {
    Ok(Look::Done(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Float32(a), Value::Float32(b)) => a.partial_cmp(b),
        (Value::Sized(SizedKind::UInt64, a), Value::Sized(SizedKind::UInt64, b)) => Some((*a as u64).cmp(&(*b as u64))),
        (Value::Sized(k, a), Value::Sized(l, b)) if k == l => Some(a.cmp(b)),
        (Value::Char(a), Value::Char(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(text::order(a, b)?),
        (Value::BigInt(a), Value::BigInt(b)) => Some(Big::cmp(a, b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Tuple(a), Value::Tuple(b)) => {
            return Ok(Look::Inside(Pairs::slices(a, b), Some(a.len().cmp(&b.len()))));
        }
        (Value::Data(x), Value::Data(y)) if x.meta().type_id == y.meta().type_id => {
            let by_ctor = x.meta().def.index.cmp(&y.meta().def.index);
            if by_ctor.is_ne() {
                return Ok(Look::Done(Some(by_ctor)));
            }
            return Ok(Look::Inside(Pairs::slices(x, y), Some(x.len().cmp(&y.len()))));
        }
        _ => return Err(panic("Lt: values are not comparable")),
    }))
}

/// A total order of all values, for keys of maps and sets: by kind, then by content. An interrupted comparison says
/// that they are equal, see [`stop`].
pub(crate) fn total_order(a: &Value, b: &Value) -> Ordering {
    let mut stack: Vec<(Pairs<'_>, Ordering)> = Vec::new();
    let mut next = (a, b);
    let mut steps = Steps::default();
    loop {
        if steps.step().is_err() {
            return Ordering::Equal;
        }
        match look_total(next.0, next.1) {
            Look::Done(Ordering::Equal) => {}
            Look::Done(decided) => return decided,
            Look::Inside(pairs, at_end) => stack.push((pairs, at_end)),
        }
        next = loop {
            match stack.last_mut() {
                None => return Ordering::Equal,
                Some((pairs, at_end)) => match pairs.next() {
                    Some(pair) => break pair,
                    None if at_end.is_ne() => return *at_end,
                    None => drop(stack.pop()),
                },
            }
        };
    }
}

fn look_total<'a>(a: &'a Value, b: &'a Value) -> Look<'a, Ordering> {
    Look::Done(match (a, b) {
        (Value::Unit, Value::Unit) => Ordering::Equal,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Float32(a), Value::Float32(b)) => a.total_cmp(b),
        (Value::Char(a), Value::Char(b)) => a.cmp(b),
        (Value::Sized(SizedKind::UInt64, a), Value::Sized(SizedKind::UInt64, b)) => (*a as u64).cmp(&(*b as u64)),
        (Value::Sized(k, a), Value::Sized(l, b)) => k.cmp(l).then(a.cmp(b)),
        (Value::Pid(a), Value::Pid(b)) => a.cmp(b),
        (Value::Handle(k, a), Value::Handle(l, b)) => k.cmp(l).then(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => text::order(a, b).unwrap_or(Ordering::Equal),
        (Value::BigInt(a), Value::BigInt(b)) => Big::cmp(a, b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Tuple(x), Value::Tuple(y)) => return Look::Inside(Pairs::slices(x, y), x.len().cmp(&y.len())),
        (Value::Data(x), Value::Data(y)) => {
            let (c, d) = (x.meta(), y.meta());
            // By name, not by number: the order must not depend on what was linked first.
            let by_type = if c.type_id == d.type_id { Ordering::Equal } else { c.def.ty.cmp(&d.def.ty) };
            let by_ctor = by_type.then(c.def.index.cmp(&d.def.index));
            if by_ctor.is_ne() {
                return Look::Done(by_ctor);
            }
            return Look::Inside(Pairs::slices(x, y), x.len().cmp(&y.len()));
        }
        _ => a.kind().cmp(&b.kind()),
    })
}

/// Whether a value may be a key of a map or a member of a set.
pub(crate) fn check_key(key: &Value) -> Result<(), Trap> {
    if !key.is_heap() || matches!(key, Value::Str(_)) {
        return match key {
            Value::Float(_) | Value::Float32(_) | Value::Native(_) => Err(type_error("hashable type", key)),
            _ => Ok(()),
        };
    }
    let mut work = vec![key];
    let mut steps = Steps::default();
    while let Some(value) = work.pop() {
        steps.step()?;
        match value {
            Value::Tuple(items) => work.extend(items.iter()),
            Value::Data(fields) => work.extend(fields.iter()),
            Value::Unit
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Char(_)
            | Value::Sized(..)
            | Value::Pid(_)
            | Value::Handle(..)
            | Value::Str(_) => {}
            _ => return Err(type_error("hashable type", value)),
        }
    }
    Ok(())
}

/// 64-bit FNV-1a over the content; equal values have equal hashes. Bools give 0 and 1, unit gives 0.
pub(crate) fn hash(value: &Value) -> Result<i64, Trap> {
    match value {
        Value::Unit => Ok(0),
        Value::Bool(value) => Ok(i64::from(*value)),
        _ => {
            let mut state = Fnv(0xcbf2_9ce4_8422_2325);
            let mut work = vec![KeyRef::Value(value)];
            let mut steps = Steps::default();
            while let Some(value) = work.pop() {
                steps.step()?;
                match value {
                    KeyRef::Value(value) => hash_head(&mut state, value, &mut work)?,
                    KeyRef::Int(int) => state.bytes(&int.to_le_bytes()),
                }
            }
            Ok(state.0 as i64)
        }
    }
}

struct Fnv(u64);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn hash_head<'a>(state: &mut Fnv, value: &'a Value, work: &mut Vec<KeyRef<'a>>) -> Result<(), Trap> {
    match value {
        Value::Unit => state.bytes(&[0]),
        Value::Bool(value) => state.bytes(&[u8::from(*value)]),
        Value::Int(value) | Value::Sized(_, value) => state.bytes(&value.to_le_bytes()),
        // Equal floats: both zeros.
        Value::Float(value) => state.bytes(&(value + 0.0).to_bits().to_le_bytes()),
        Value::Float32(value) => state.bytes(&(value + 0.0).to_bits().to_le_bytes()),
        Value::Char(value) => state.bytes(&u32::from(*value).to_le_bytes()),
        Value::Pid(id) | Value::Handle(_, id) => state.bytes(&id.to_le_bytes()),
        Value::Str(text) => {
            for piece in text::pieces(text) {
                if piece.len() < text.len() {
                    stop::check()?;
                }
                state.bytes(piece.as_bytes());
            }
        }
        Value::BigInt(value) => state.bytes(&BigInt::to_signed_bytes_le(value)),
        Value::Decimal(value) => state.bytes(value.normalize().to_string().as_bytes()),
        Value::Tuple(items) => work.extend(items.iter().rev().map(KeyRef::Value)),
        Value::Data(fields) => {
            let def = &fields.meta().def;
            state.bytes(def.name.as_bytes());
            if def.kind == TypeKind::Variant {
                state.bytes(&def.index.to_le_bytes());
            }
            work.extend(fields.iter().rev().map(KeyRef::Value));
        }
        Value::List(..) => {
            if let Some(items) = value.as_list() {
                state.bytes(&(items.len() as u64).to_le_bytes());
                let from = work.len();
                work.extend(items.iter().map(KeyRef::Value));
                work[from..].reverse();
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter() {
                work.push(KeyRef::Value(value));
                work.push(key);
            }
        }
        Value::Set(set) => work.extend(set.iter()),
        Value::Array(array) => state.bytes(&(Rc::as_ptr(array) as usize).to_le_bytes()),
        Value::Buffer(buffer) => state.bytes(&(Rc::as_ptr(buffer) as usize).to_le_bytes()),
        Value::Reactive(object) => state.bytes(&object.id.to_le_bytes()),
        Value::Native(native) => state.bytes(native.name.as_bytes()),
        Value::Constructor(ctor) => state.bytes(ctor.def.name.as_bytes()),
        Value::Closure(function) => {
            let meta = function.meta();
            state.bytes(meta.unit.chunk.symbol.as_bytes());
            state.bytes(&meta.body.to_le_bytes());
        }
        Value::Cell(_) | Value::Failure(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_follow_the_reference() {
        let hash = |value: &Value| hash(value).ok().unwrap();
        assert_eq!(hash(&Value::Int(42)), -55_488_592_825_689_361);
        assert_eq!(hash(&Value::str("hello")), -6_615_550_055_289_275_125);
        assert_eq!(hash(&Value::Bool(true)), 1);
        assert_eq!(hash(&Value::Unit), 0);
    }

    #[test]
    fn maps_are_hashed_from_the_last_key_on() {
        let entries =
            [(Value::str("b"), Value::Unit), (Value::Int(70), Value::str("x")), (Value::Int(-3), Value::Int(7))];
        let map = crate::collections::MapObj::collect(entries.into_iter());
        let mut state = Fnv(0xcbf2_9ce4_8422_2325);
        state.bytes(b"b");
        state.bytes(&[0]);
        state.bytes(&70i64.to_le_bytes());
        state.bytes(b"x");
        state.bytes(&(-3i64).to_le_bytes());
        state.bytes(&7i64.to_le_bytes());
        assert_eq!(hash(&map).ok(), Some(state.0 as i64));
    }

    #[test]
    fn keys_are_hashable() {
        assert!(check_key(&Value::Float(1.0)).is_err());
        assert!(check_key(&Value::tuple(vec![Value::Int(1), Value::list(vec![])])).is_err());
        assert!(check_key(&Value::tuple(vec![Value::Int(1), Value::str("a")])).is_ok());
    }

    #[test]
    fn nan_is_not_ordered_and_not_equal() {
        let nan = Value::Float(f64::NAN);
        assert_eq!(equal(&nan, &nan).ok(), Some(false));
        assert!(matches!(compare(&nan, &Value::Float(1.0)), Ok(None)));
        assert!(compare(&Value::Bool(true), &Value::Bool(false)).is_err());
    }
}

//! Maps and sets: persistent trees in the total order of keys, so that iteration is deterministic.
//!
//! Ints, the most frequent keys, are kept apart from all others: digits lead to them, the others are compared.
//!
//! Invariant: keys are hashable values ([`crate::compare::check_key`] runs before every insert).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use bytecode::Kind;
use equivalent::{Comparable, Equivalent};
use imbl::GenericOrdMap;
use imbl::shared_ptr::RcK;

use crate::compare::total_order;
use crate::mem::{self, Garbage};
use crate::radix::IntMap;
use crate::text;
use crate::value::Value;

/// A value used as key: ordered by [`total_order`]. Trees share nodes and copy some of them, so what they occupy is
/// counted by the keys in them.
struct Key {
    /// What most comparisons need, beside each other in a node: the kind, and the first bytes of a String.
    head: u64,
    value: Value,
}

/// A key with a value and its part of a node.
const SLOT: usize = 48;

impl Key {
    #[inline]
    fn new(value: Value) -> Self {
        mem::charge(SLOT);
        Key { head: head(&value), value }
    }
}

impl Clone for Key {
    #[inline]
    fn clone(&self) -> Self {
        mem::charge(SLOT);
        Key { head: self.head, value: self.value.clone() }
    }
}

impl Drop for Key {
    #[inline]
    fn drop(&mut self) {
        mem::discharge(SLOT);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        Wanted { head: self.head, value: &self.value }.compare(other)
    }
}

/// A key that is looked for.
struct Wanted<'a> {
    head: u64,
    value: &'a Value,
}

impl<'a> Wanted<'a> {
    #[inline]
    fn new(value: &'a Value) -> Self {
        Self { head: head(value), value }
    }
}

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.compare(key).is_eq()
    }
}

impl Comparable<Key> for Wanted<'_> {
    #[inline]
    fn compare(&self, key: &Key) -> Ordering {
        self.head.cmp(&key.head).then_with(|| order(self.value, &key.value))
    }
}

/// A number in the order of the values; equal ones leave it to [`order`].
#[inline]
fn head(value: &Value) -> u64 {
    let mut bytes = [0; 8];
    if let Value::Str(text) = value {
        let text = &text.as_bytes()[..text.len().min(7)];
        bytes[1..=text.len()].copy_from_slice(text);
    }
    bytes[0] = value.kind() as u8;
    u64::from_be_bytes(bytes)
}

/// The order of two values with the same head. Few comparisons of a search come here.
#[inline(never)]
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => text::order(a, b).unwrap_or(Ordering::Equal),
        (a, b) => total_order(a, b),
    }
}

/// Entries in key order.
#[derive(Clone)]
pub(crate) struct Tree<V> {
    ints: IntMap<V>,
    /// Keys that are no Ints.
    others: GenericOrdMap<Key, V, RcK>,
}

pub(crate) type PMap = Tree<Value>;
pub(crate) type PSet = Tree<()>;

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Self { ints: IntMap::default(), others: GenericOrdMap::new() }
    }
}

impl<V> Tree<V> {
    fn len(&self) -> usize {
        self.ints.len() + self.others.len()
    }

    #[inline]
    fn get(&self, key: &Value) -> Option<&V> {
        match key {
            Value::Int(int) => self.ints.get(*int),
            _ => self.others.get(&Wanted::new(key)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (Cow<'_, Value>, &V)> {
        let is_below = |(key, _): &(&Key, &V)| key.value.kind() < Kind::Int;
        let below = self.others.iter().take_while(is_below).map(borrowed);
        let above = self.others.iter().skip_while(is_below).map(borrowed);
        below.chain(self.ints.iter().map(|(int, value)| (Cow::Owned(Value::Int(int)), value))).chain(above)
    }
}

fn borrowed<'a, V>((key, value): (&'a Key, &'a V)) -> (Cow<'a, Value>, &'a V) {
    (Cow::Borrowed(&key.value), value)
}

impl<V: Clone + Default> Tree<V> {
    /// Puts a key in, which has been checked; gives what belonged to it before.
    #[inline]
    pub(crate) fn insert(&mut self, key: Value, value: V) -> Option<V> {
        match key {
            Value::Int(int) => self.ints.insert(int, value),
            _ => self.others.insert(Key::new(key), value),
        }
    }

    /// Takes a key out. Nothing is copied if it is not there.
    pub(crate) fn remove(&mut self, key: &Value) -> Option<V> {
        match key {
            Value::Int(int) => self.ints.remove(*int),
            _ if self.get(key).is_some() => self.others.remove(&Wanted::new(key)),
            _ => None,
        }
    }
}

/// A map value; `Rc::make_mut` gives the persistent update.
#[derive(Clone, Default)]
pub struct MapObj(pub(crate) PMap);

/// A set value.
#[derive(Clone, Default)]
pub struct SetObj(pub(crate) PSet);

impl Drop for MapObj {
    fn drop(&mut self) {
        let content = std::mem::take(&mut self.0);
        if mem::enter() {
            drop(content);
            mem::leave();
        } else {
            mem::defer(Garbage::Map(content));
        }
    }
}

impl Drop for SetObj {
    fn drop(&mut self) {
        let content = std::mem::take(&mut self.0);
        if mem::enter() {
            drop(content);
            mem::leave();
        } else {
            mem::defer(Garbage::Set(content));
        }
    }
}

impl MapObj {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value of a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.0.get(key)
    }

    /// Entries in key order. Ints are not kept as values, so they are made here.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, Value>, &Value)> {
        self.0.iter()
    }

    /// A map value of entries; later keys win. The keys have been checked.
    pub(crate) fn collect(entries: impl Iterator<Item = (Value, Value)>) -> Value {
        let mut map = PMap::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        Value::Map(Rc::new(MapObj(map)))
    }
}

impl SetObj {
    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `item` is a member.
    pub fn contains(&self, item: &Value) -> bool {
        self.0.get(item).is_some()
    }

    /// Members in key order, as [`MapObj::iter`] gives keys.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, Value>> {
        self.0.iter().map(|(item, ())| item)
    }

    /// A set value of members. They have been checked.
    pub(crate) fn collect(items: impl Iterator<Item = Value>) -> Value {
        let mut set = PSet::default();
        for item in items {
            set.insert(item, ());
        }
        Value::Set(Rc::new(SetObj(set)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::SizedKind;

    #[test]
    fn keys_of_all_kinds_come_in_the_total_order() {
        let mut keys = vec![
            Value::Unit,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Int(0),
            Value::Int(i64::MAX),
            Value::Sized(SizedKind::Int8, 0),
            Value::Char('a'),
            Value::str(""),
            Value::str("\0"),
            Value::str("a"),
            Value::str("a\0"),
            Value::str("longer, and the end decides: a"),
            Value::str("longer, and the end decides: b"),
            Value::str("seven b"),
            Value::str("seven by"),
            Value::str("seven bz"),
            Value::str("\u{fc}"),
            Value::Sized(SizedKind::UInt64, -1),
            Value::tuple(vec![Value::Int(1), Value::Int(1)]),
            Value::tuple(vec![Value::Int(1), Value::Int(2)]),
        ];
        keys.sort_by(total_order);
        let entries = || keys.iter().rev().map(|key| (key.clone(), key.clone()));
        let (Value::Map(map), Value::Set(set)) =
            (MapObj::collect(entries()), SetObj::collect(entries().map(|(key, _)| key)))
        else {
            panic!("a map and a set")
        };
        let same = |a: &Value, b: &Value| total_order(a, b).is_eq();
        assert_eq!((map.len(), set.len()), (keys.len(), keys.len()));
        assert!(map.iter().zip(&keys).all(|((key, value), wanted)| same(&key, wanted) && same(value, wanted)));
        assert!(set.iter().zip(&keys).all(|(item, wanted)| same(&item, wanted)));
        for key in &keys {
            assert!(map.get(key).is_some() && set.contains(key));
            let mut less = map.0.clone();
            assert!(less.remove(key).is_some() && less.remove(key).is_none());
            assert_eq!((less.len(), map.len()), (keys.len() - 1, keys.len()));
        }
    }
}

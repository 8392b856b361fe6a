//! Maps and sets: persistent trees in the total order of keys, so that iteration is deterministic.
//!
//! Once there are more than a few Ints, the most frequent keys, they are kept apart from all others: digits lead to them,
//! the others are compared.
//!
//! Invariant: keys are hashable values ([`crate::compare::check_key`] runs before every insert).

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::iter::Peekable;
use std::rc::Rc;

use bytecode::Kind;
use equivalent::{Comparable, Equivalent};
use imbl::shared_ptr::RcK;
use imbl::{GenericOrdMap, ordmap};

use crate::compare::total_order;
use crate::mem::{self, Garbage};
use crate::radix::{self, IntMap};
use crate::text;
use crate::value::Value;

/// A value used as key: ordered by [`total_order`]. Trees share nodes and copy some of them, so what they occupy is
/// counted by the keys in them.
struct Key {
    /// What most comparisons need, beside each other in a node: the kind, and the first bytes of a String or an Int.
    head: u64,
    value: Value,
}

/// A key with a value and its part of a node.
const SLOT: usize = 48;

impl Key {
    #[inline(always)]
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
#[inline(always)]
fn head(value: &Value) -> u64 {
    let (kind, first) = match value {
        Value::Int(int) => (Kind::Int, (*int as u64 ^ (1 << 63)) >> 8),
        Value::Str(text) => {
            let text = text.as_bytes();
            let first = match text.first_chunk() {
                Some(chunk) => u64::from_be_bytes(*chunk) >> 8,
                None => (0..7).fold(0, |bytes, place| bytes << 8 | text.get(place).map_or(0, |byte| u64::from(*byte))),
            };
            (Kind::String, first)
        }
        other => (other.kind(), 0),
    };
    (kind as u64) << 56 | first
}

/// The order of two values with the same head. Few comparisons of a search come here.
#[inline(never)]
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => text::order(a, b).unwrap_or(Ordering::Equal),
        (a, b) => total_order(a, b),
    }
}

/// Entries in key order.
#[derive(Clone)]
pub(crate) struct Tree<V> {
    /// All keys that are Ints, or none: then they are among the others.
    ints: IntMap<V>,
    others: GenericOrdMap<Key, V, RcK>,
    family: Family,
}

/// The trees that come from each other by cloning and may share nodes.
#[derive(Default)]
struct Family(OnceCell<Rc<()>>);

impl Clone for Family {
    fn clone(&self) -> Self {
        Self(OnceCell::from(Rc::clone(self.0.get_or_init(Rc::default))))
    }
}

/// So many keys fit into one node of the others, which costs less than rows for the digits of few Ints.
const FEW: usize = 16;

pub(crate) type PMap = Tree<Value>;
pub(crate) type PSet = Tree<()>;

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Self { ints: IntMap::default(), others: GenericOrdMap::new(), family: Family::default() }
    }
}

impl<V> Tree<V> {
    /// Whether all nodes are certainly its own, so that a reference in them is one of this tree.
    pub(crate) fn is_alone(&self) -> bool {
        self.family.0.get().is_none_or(|members| Rc::strong_count(members) == 1)
    }

    fn len(&self) -> usize {
        self.ints.len() + self.others.len()
    }

    #[inline]
    fn get(&self, key: &Value) -> Option<&V> {
        match key {
            Value::Int(int) if self.ints.len() > 0 => self.ints.get(*int),
            _ => self.others.get(&Wanted::new(key)),
        }
    }

    fn has(&self, key: KeyRef<'_>) -> bool {
        match key {
            KeyRef::Int(int) => self.get(&Value::Int(int)).is_some(),
            KeyRef::Value(value) => self.get(value).is_some(),
        }
    }

    fn iter(&self) -> Iter<'_, V> {
        Iter { others: self.others.iter().peekable(), ints: self.ints.iter() }
    }
}

impl<V: Clone + Default> Tree<V> {
    /// Puts a key in, which has been checked; gives what belonged to it before.
    #[inline]
    pub(crate) fn insert(&mut self, key: Value, value: V) -> Option<V> {
        if let Value::Int(int) = key {
            if self.ints.len() == 0 && self.others.len() >= FEW {
                self.part();
            }
            if self.ints.len() > 0 || self.others.len() >= FEW {
                return self.ints.insert(int, value);
            }
        }
        self.others.insert(Key::new(key), value)
    }

    /// Moves the Ints among the others to where digits lead to them. There are few, and few keys below them.
    #[cold]
    fn part(&mut self) {
        let ints = self.others.keys().take_while(|key| key.value.kind() <= Kind::Int);
        for key in ints.cloned().collect::<Vec<_>>() {
            if let Value::Int(int) = key.value
                && let Some(value) = self.others.remove(&key)
            {
                self.ints.insert(int, value);
            }
        }
    }

    /// Takes out a key that is there; nodes may be copied in vain if it is not.
    pub(crate) fn remove(&mut self, key: &Value) -> Option<V> {
        match key {
            Value::Int(int) if self.ints.len() > 0 => self.ints.remove(*int),
            _ => self.others.remove(&Wanted::new(key)),
        }
    }
}

/// A key in a map or set. It is two words: a value that is put together and handed on costs more than finding it.
#[derive(Clone, Copy)]
pub enum KeyRef<'a> {
    /// An Int that is not kept as a value.
    Int(i64),
    /// Any key.
    Value(&'a Value),
}

impl KeyRef<'_> {
    /// The key as a value of its own.
    #[inline]
    pub fn to_value(self) -> Value {
        match self {
            KeyRef::Int(int) => Value::Int(int),
            KeyRef::Value(value) => value.clone(),
        }
    }
}

/// Entries of a tree in key order.
struct Iter<'a, V> {
    others: Peekable<ordmap::Iter<'a, Key, V, RcK>>,
    ints: radix::Iter<'a, V>,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (KeyRef<'a>, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.others.peek().is_none_or(|(key, _)| key.value.kind() > Kind::Int)
            && let Some((int, value)) = self.ints.next()
        {
            return Some((KeyRef::Int(int), value));
        }
        self.others.next().map(|(key, value)| (KeyRef::Value(&key.value), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.others.len() + self.ints.len();
        (len, Some(len))
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
        if mem::enter(1) {
            drop(content);
            mem::leave();
        } else {
            mem::defer([Garbage::Map(content)]);
        }
    }
}

impl Drop for SetObj {
    fn drop(&mut self) {
        let content = std::mem::take(&mut self.0);
        if mem::enter(1) {
            drop(content);
            mem::leave();
        } else {
            mem::defer([Garbage::Set(content)]);
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

    /// Whether there is an entry for a key of some map.
    pub(crate) fn has(&self, key: KeyRef<'_>) -> bool {
        self.0.has(key)
    }

    /// Entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (KeyRef<'_>, &Value)> {
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

    /// Whether a member of some set is a member.
    pub(crate) fn has(&self, item: KeyRef<'_>) -> bool {
        self.0.has(item)
    }

    /// Members in key order.
    pub fn iter(&self) -> impl Iterator<Item = KeyRef<'_>> {
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
        for more in [0, 1, FEW as i64, 60] {
            check_order(more);
        }
    }

    /// Of some keys of all kinds, and so many more Ints.
    fn check_order(more: i64) {
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
        keys.extend((1..=more).map(|number| Value::Int(number * 3)));
        keys.sort_by(total_order);
        let before = mem::live_bytes();
        let entries = || keys.iter().rev().map(|key| (key.clone(), key.clone()));
        let (Value::Map(map), Value::Set(set)) =
            (MapObj::collect(entries()), SetObj::collect(entries().map(|(key, _)| key)))
        else {
            panic!("a map and a set")
        };
        let same = |a: &Value, b: &Value| total_order(a, b).is_eq();
        assert_eq!((map.len(), set.len()), (keys.len(), keys.len()));
        assert!(
            map.iter().zip(&keys).all(|((key, value), wanted)| same(&key.to_value(), wanted) && same(value, wanted))
        );
        assert!(set.iter().zip(&keys).all(|(item, wanted)| same(&item.to_value(), wanted)));
        for key in &keys {
            assert!(map.get(key).is_some() && set.contains(key));
            let mut less = map.0.clone();
            assert!(less.remove(key).is_some() && less.remove(key).is_none());
            assert_eq!((less.len(), map.len(), less.iter().count()), (keys.len() - 1, keys.len(), keys.len() - 1));
        }
        drop((map, set));
        assert_eq!(mem::live_bytes(), before);
    }
}

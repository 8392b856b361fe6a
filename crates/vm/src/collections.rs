//! Maps and sets: persistent B-trees in the total order of keys, so that iteration is deterministic.
//!
//! Invariant: keys are hashable values ([`crate::compare::check_key`] runs before every insert).

use std::rc::Rc;

use imbl::GenericOrdMap;
use imbl::shared_ptr::RcK;

use crate::compare::total_order;
use crate::mem::{self, Garbage};
use crate::text;
use crate::value::Value;

/// A value used as key: ordered by [`total_order`]. Trees share nodes and copy some of them, so what they occupy is
/// counted by the keys in them.
#[repr(transparent)]
pub(crate) struct Key(pub Value);

/// A key with a value and its part of a node.
const SLOT: usize = 40;

impl Clone for Key {
    #[inline]
    fn clone(&self) -> Self {
        Key::new(self.0.clone())
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
        total_order(&self.0, &other.0).is_eq()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (&self.0, &other.0) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Str(a), Value::Str(b)) => text::order(a, b).unwrap_or(std::cmp::Ordering::Equal),
            (a, b) => total_order(a, b),
        }
    }
}

pub(crate) type PMap = GenericOrdMap<Key, Value, RcK>;
pub(crate) type PSet = GenericOrdMap<Key, (), RcK>;

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
        self.0.is_empty()
    }

    /// Value of a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.0.get(Key::of(key))
    }

    /// Entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.0.iter().map(|(key, value)| (&key.0, value))
    }

    /// A map value of entries; later keys win. The keys have been checked.
    pub(crate) fn collect(entries: impl Iterator<Item = (Value, Value)>) -> Value {
        let mut map = PMap::new();
        for (key, value) in entries {
            map.insert(Key::new(key), value);
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
        self.0.is_empty()
    }

    /// Whether `item` is a member.
    pub fn contains(&self, item: &Value) -> bool {
        self.0.contains_key(Key::of(item))
    }

    /// Members in key order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.keys().map(|key| &key.0)
    }

    /// A set value of members. They have been checked.
    pub(crate) fn collect(items: impl Iterator<Item = Value>) -> Value {
        let mut set = PSet::new();
        for item in items {
            set.insert(Key::new(item), ());
        }
        Value::Set(Rc::new(SetObj(set)))
    }
}

impl Key {
    #[inline]
    pub(crate) fn new(value: Value) -> Self {
        mem::charge(SLOT);
        Key(value)
    }

    /// A borrowed value seen as a key, for look-ups without cloning.
    #[inline]
    pub(crate) fn of(value: &Value) -> &Key {
        // SAFETY: `Key` is `repr(transparent)` over `Value`.
        unsafe { &*std::ptr::from_ref(value).cast::<Key>() }
    }
}

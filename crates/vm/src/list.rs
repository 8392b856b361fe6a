//! Lists: persistent, with constant-time `[h | t]` in both directions, index and iteration like an array.
//!
//! A list is a view `(buffer, len)`. The buffer holds the elements *in reverse*, so the head of the view is the element
//! `len - 1` of the buffer, the tail is the view `(buffer, len - 1)`, and a new head is pushed at the end: if the view
//! reaches exactly to the end, it shares the buffer with everybody else who looks at a shorter part. A second,
//! different head in front of the same tail starts a new buffer that continues the old one (`parent`), like a cons cell
//! would; short ones are copied. Views never point into a parent: they are normalised to the parent itself.
//! When an index walks too many parents the buffer is flattened in place, once.
//!
//! Measured against cons cells: a list of n Ints takes 16 n bytes instead of 40 n; building in a loop and folding are
//! amortised constant per element; `++`, `push` and `set` copy, but in place when the list has one owner.
//!
//! Invariants: a view has `len > parent_len` of its buffer, or is empty and has no buffer; elements below a view's
//! `len` never change while it exists.

use std::cell::UnsafeCell;
use std::rc::Rc;

use crate::mem::{self, Garbage};
use crate::value::Value;

/// Forks of views shorter than this are copied instead of chained.
const COPY_BELOW: u32 = 16;
/// An index that walks more parents than this flattens.
const FLATTEN_BEYOND: u32 = 8;

/// Shared storage of lists, see the module documentation.
pub struct Buf {
    inner: UnsafeCell<Inner>,
}

struct Inner {
    /// The elements below `parent_len`, shared with the list this one was forked from.
    parent: Option<Rc<Buf>>,
    parent_len: u32,
    /// Elements from `parent_len` on; the last one is the head of the longest view.
    items: Vec<Value>,
}

impl Buf {
    fn new(parent: Option<Rc<Buf>>, parent_len: u32, items: Vec<Value>) -> Rc<Self> {
        mem::charge(items.capacity() * size_of::<Value>() + size_of::<Self>());
        Rc::new(Self { inner: UnsafeCell::new(Inner { parent, parent_len, items }) })
    }

    #[inline]
    fn get(&self) -> &Inner {
        // SAFETY: one thread; the writers (`push`, `flatten`, `make_own`) never run while a reference from here is
        // alive: they call nothing but allocation and drops of values that they took out first.
        unsafe { &*self.inner.get() }
    }

    /// Appends a new head to a buffer that ends at the view.
    #[inline]
    fn push(&self, head: Value) {
        // SAFETY: as in `get`; views see elements below their length only, which stay where they are logically, and no
        // reference into `items` outlives a list operation that could push: iterators borrow the list value, and a
        // push needs the interpreter or a native to run in between with its own clone. Iterators re-read `items`.
        let inner = unsafe { &mut *self.inner.get() };
        let before = inner.items.capacity();
        inner.items.push(head);
        let after = inner.items.capacity();
        if after != before {
            mem::charge((after - before) * size_of::<Value>());
        }
    }

    /// Visits the elements of this buffer and the list it continues.
    pub(crate) fn for_each_part(&self, visit: &mut dyn FnMut(&Value)) {
        let inner = self.get();
        inner.items.iter().for_each(&mut *visit);
        if let Some(parent) = &inner.parent {
            visit(&Value::List(inner.parent_len, Some(Rc::clone(parent))));
        }
    }

    fn total(&self) -> u32 {
        let inner = self.get();
        inner.parent_len + inner.items.len() as u32
    }

    /// Element by its place from the bottom; `place` lies below the total.
    #[inline]
    pub(crate) fn at(&self, place: u32) -> &Value {
        let inner = self.get();
        if place >= inner.parent_len {
            return &inner.items[(place - inner.parent_len) as usize];
        }
        self.at_deep(place)
    }

    #[cold]
    fn at_deep(&self, place: u32) -> &Value {
        let mut buf = self;
        let mut steps = 0;
        loop {
            let inner = buf.get();
            if place >= inner.parent_len {
                break;
            }
            let Some(parent) = &inner.parent else { break };
            buf = parent;
            steps += 1;
        }
        if steps > FLATTEN_BEYOND {
            self.flatten();
            buf = self;
        }
        let inner = buf.get();
        &inner.items[(place - inner.parent_len) as usize]
    }

    /// Makes this buffer independent of its parents; no view notices.
    fn flatten(&self) {
        let mut items = Vec::with_capacity(self.total() as usize + 1);
        self.collect_below(self.total(), &mut items);
        mem::charge(items.capacity() * size_of::<Value>());
        // SAFETY: as in `push`: element addresses change, logical content does not. The old content dies after the
        // exclusive reference.
        let old = unsafe {
            let inner = &mut *self.inner.get();
            std::mem::replace(inner, Inner { parent: None, parent_len: 0, items })
        };
        mem::discharge(old.items.capacity() * size_of::<Value>());
    }

    /// Appends clones of the lowest `len` elements to `out`, bottom first.
    fn collect_below(&self, len: u32, out: &mut Vec<Value>) {
        let mut parts: Vec<&[Value]> = Vec::new();
        let mut buf = self;
        let mut len = len;
        loop {
            let inner = buf.get();
            if len > inner.parent_len {
                parts.push(&inner.items[..(len - inner.parent_len) as usize]);
                len = inner.parent_len;
            }
            match &inner.parent {
                Some(parent) if len > 0 => buf = parent,
                _ => break,
            }
        }
        for part in parts.iter().rev() {
            out.extend_from_slice(part);
        }
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        let inner = self.inner.get_mut();
        mem::discharge(inner.items.capacity() * size_of::<Value>() + size_of::<Self>());
        let items = std::mem::take(&mut inner.items);
        let parent = inner.parent.take();
        if mem::enter() {
            drop(items);
            drop(parent);
            mem::leave();
        } else {
            if !items.is_empty() {
                mem::defer(Garbage::Values(items));
            }
            if let Some(parent) = parent {
                mem::defer(Garbage::Chain(parent));
            }
        }
    }
}

/// A list value. Cloning counts references.
#[derive(Clone, Default)]
pub struct List {
    pub(crate) buf: Option<Rc<Buf>>,
    pub(crate) len: u32,
}

/// A borrowed list: what a [`Value::List`] holds.
#[derive(Clone, Copy)]
pub struct ListRef<'a> {
    buf: Option<&'a Rc<Buf>>,
    len: u32,
}

impl List {
    /// The empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// A list of values that are given last element first.
    pub fn from_reversed(items: Vec<Value>) -> Self {
        if items.is_empty() {
            return Self::new();
        }
        // Longer lists than 2^32 - 1 do not fit the memory limit; keep the newest elements rather than wrap.
        let len = items.len().min(u32::MAX as usize) as u32;
        Self { buf: Some(Buf::new(None, 0, items)), len }
    }

    /// Borrows.
    pub fn view(&self) -> ListRef<'_> {
        ListRef { buf: self.buf.as_ref(), len: self.len }
    }

    /// `[head | self]`.
    pub fn cons(self, head: Value) -> Self {
        let Some(buf) = self.buf else {
            let mut items = Vec::with_capacity(4);
            items.push(head);
            return Self::from_reversed(items);
        };
        if buf.total() == self.len {
            buf.push(head);
            return Self { buf: Some(buf), len: self.len + 1 };
        }
        Self { buf: Some(buf), len: self.len }.cons_fork(head)
    }

    #[cold]
    fn cons_fork(self, head: Value) -> Self {
        let len = self.len;
        let Some(mut buf) = self.buf else { return Self::new() };
        if let Some(own) = Rc::get_mut(&mut buf) {
            // Nobody else looks: what lies in front of the view is garbage.
            let inner = own.inner.get_mut();
            let dead = inner.items.split_off((len - inner.parent_len) as usize);
            inner.items.push(head);
            drop(dead);
            return Self { buf: Some(buf), len: len + 1 };
        }
        if len < COPY_BELOW {
            let mut items = Vec::with_capacity(len as usize + 4);
            buf.collect_below(len, &mut items);
            items.push(head);
            return Self::from_reversed(items);
        }
        let mut items = Vec::with_capacity(4);
        items.push(head);
        Self { buf: Some(Buf::new(Some(buf), len, items)), len: len + 1 }
    }

    /// All but the first `count` elements.
    #[inline]
    pub(crate) fn drop_front(self, count: usize) -> Self {
        if count >= self.len as usize {
            return Self::new();
        }
        let len = self.len - count as u32;
        match self.buf {
            Some(buf) if len > buf.get().parent_len => Self { buf: Some(buf), len },
            buf => Self { buf, len }.normalised(),
        }
    }

    /// A view that ends inside a parent becomes a view of the parent.
    #[cold]
    fn normalised(self) -> Self {
        let Some(mut buf) = self.buf else { return Self::new() };
        while self.len <= buf.get().parent_len {
            let Some(parent) = buf.get().parent.clone() else { break };
            buf = parent;
        }
        Self { buf: Some(buf), len: self.len }
    }

    /// The elements, last one first, as an own vector; without copying if this is the only owner.
    pub fn into_reversed(self) -> Vec<Value> {
        let Some(mut buf) = self.buf else { return Vec::new() };
        if let Some(own) = Rc::get_mut(&mut buf)
            && own.inner.get_mut().parent.is_none()
        {
            let inner = own.inner.get_mut();
            let mut items = std::mem::take(&mut inner.items);
            mem::discharge(items.capacity() * size_of::<Value>());
            items.truncate(self.len as usize);
            return items;
        }
        let mut items = Vec::with_capacity(self.len as usize + 1);
        buf.collect_below(self.len, &mut items);
        items
    }

    /// The elements in order, as an own vector.
    pub fn into_vec(self) -> Vec<Value> {
        let mut items = self.into_reversed();
        items.reverse();
        items
    }

    /// Copy with element `index`, which exists, replaced; in place if this is the only owner.
    pub fn with(mut self, index: usize, value: Value) -> Self {
        let place = self.len as usize - 1 - index;
        if let Some(buf) = &mut self.buf
            && let Some(own) = Rc::get_mut(buf)
        {
            let inner = own.inner.get_mut();
            if place >= inner.parent_len as usize {
                let old = std::mem::replace(&mut inner.items[place - inner.parent_len as usize], value);
                drop(old);
                return self;
            }
        }
        let mut items = self.into_reversed();
        items[place] = value;
        Self::from_reversed(items)
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        let mut items: Vec<Value> = iter.into_iter().collect();
        items.reverse();
        Self::from_reversed(items)
    }
}

impl From<Vec<Value>> for List {
    fn from(mut items: Vec<Value>) -> Self {
        items.reverse();
        Self::from_reversed(items)
    }
}

impl<'a> ListRef<'a> {
    #[inline]
    pub(crate) fn new(buf: Option<&'a Rc<Buf>>, len: u32) -> Self {
        Self { buf, len }
    }

    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// First element.
    #[inline]
    pub fn head(self) -> Option<&'a Value> {
        self.buf.map(|buf| buf.at(self.len - 1))
    }

    /// Element `index`, 0 for the first.
    #[inline]
    pub fn get(self, index: usize) -> Option<&'a Value> {
        if index >= self.len as usize {
            return None;
        }
        self.buf.map(|buf| buf.at(self.len - 1 - index as u32))
    }

    /// Elements in order.
    pub fn iter(self) -> Iter<'a> {
        if let Some(buf) = self.buf {
            // One walk over the parents now instead of one for every element.
            buf.flatten_if_chained(self.len);
        }
        Iter { list: self, next: 0 }
    }

    /// An own list of the same elements.
    pub fn to_owned(self) -> List {
        List { buf: self.buf.cloned(), len: self.len }
    }
}

impl Buf {
    fn flatten_if_chained(&self, len: u32) {
        let inner = self.get();
        if inner.parent_len > 0 && len > inner.parent_len {
            self.flatten();
        }
    }
}

/// Iterator over the elements of a list, in order.
#[derive(Clone)]
pub struct Iter<'a> {
    list: ListRef<'a>,
    next: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Value;

    #[inline]
    fn next(&mut self) -> Option<&'a Value> {
        let item = self.list.get(self.next)?;
        self.next += 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.list.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(list: &List) -> Vec<i64> {
        let int = |value: &Value| if let Value::Int(value) = value { *value } else { -1 };
        let all: Vec<i64> = list.view().iter().map(int).collect();
        let by_index: Vec<i64> = (0..list.view().len()).filter_map(|index| list.view().get(index)).map(int).collect();
        assert_eq!(all, by_index);
        all
    }

    /// Many lists that share parts of each other behave like vectors of their own.
    #[test]
    fn lists_behave_like_vectors() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below) as usize
        };
        let mut lists: Vec<(List, Vec<i64>)> = vec![(List::new(), Vec::new())];
        for step in 0..30_000i64 {
            let (mut list, mut model) = lists[random(lists.len() as u64)].clone();
            match random(9) {
                0..=4 => {
                    for extra in 0..random(6) as i64 {
                        list = list.cons(Value::Int(step * 10 + extra));
                        model.insert(0, step * 10 + extra);
                    }
                }
                5 | 6 => {
                    let count = random(model.len() as u64 / 2 + 3);
                    list = list.drop_front(count);
                    model.drain(..count.min(model.len()));
                }
                7 if !model.is_empty() => {
                    let index = random(model.len() as u64);
                    list = list.with(index, Value::Int(step));
                    model[index] = step;
                }
                _ => {
                    list = List::from(list.into_vec());
                }
            }
            if step % 16 == 0 {
                assert_eq!(ints(&list), model);
            }
            if lists.len() < 40 {
                lists.push((list, model));
            } else {
                let place = random(lists.len() as u64);
                lists[place] = (list, model);
            }
        }
        for (list, model) in &lists {
            assert_eq!(ints(list), *model);
        }
    }

    /// Long chains of forks are flattened when they are read, and dropped without recursion.
    #[test]
    fn long_chains_of_forks() {
        let mut list: List = (0..COPY_BELOW as i64).map(Value::Int).collect();
        for step in 0..100_000 {
            let other = list.clone().cons(Value::Int(-1));
            list = list.cons(Value::Int(step));
            drop(other);
            if step % 10_000 == 0 {
                let _ = list.clone().cons(Value::Unit);
            }
        }
        assert_eq!(list.view().len(), 100_000 + COPY_BELOW as usize);
        assert!(matches!(list.view().get(99_999), Some(Value::Int(0))));
        assert!(matches!(list.view().get(100_000), Some(Value::Int(0))));
        drop(list);
        assert_eq!(mem::live_bytes(), 0);
    }
}

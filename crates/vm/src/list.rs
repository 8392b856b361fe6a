//! Lists: persistent, with constant-time `[h | t]` in both directions, index and iteration like an array.
//!
//! A list is a view `(buffer, len)`. The buffer holds the elements *in reverse*, so the head of the view is the element
//! `len - 1` of the buffer, the tail is the view `(buffer, len - 1)`, and a new head is pushed at the end: if the view
//! reaches exactly to the end, it shares the buffer with everybody else who looks at a shorter part. A second,
//! different head in front of the same tail starts a new buffer that continues the old one, like a cons cell would;
//! short ones are copied. Views never point into a continued buffer: they are normalised to that buffer itself. A buffer
//! that continues others also knows one far below, so that an index walks a logarithmic number of them.
//!
//! Measured against cons cells: a list of n Ints takes 16 n bytes instead of 40 n; building in a loop and folding are
//! amortised constant per element; `++`, `push` and `set` copy, but in place when the list has one owner.
//!
//! A buffer is never inside of itself: a new head goes into a shared buffer only if there is no list in it.
//!
//! Invariants: a view has `len > start` of its buffer, or is empty and has no buffer; elements never move or change
//! while their buffer is shared, so a reference to one lives as long as the borrow of the list.

use std::cell::{Cell, UnsafeCell};
use std::rc::Rc;

use crate::failure::Trap;
use crate::mem::{self, Garbage};
use crate::value::Value;

/// Forks of views shorter than this are copied instead of chained.
const COPY_BELOW: u32 = 16;

/// Longer rows are not moved to where there is more room: that takes milliseconds.
const MAX_ROW: usize = 1 << 20;

/// Elements that stay where they are while they are shared: the only thing that is done to a shared row is to write
/// behind its last element, if there is room.
struct Items(UnsafeCell<Vec<Value>>);

impl Items {
    #[inline]
    fn as_slice(&self) -> &[Value] {
        // SAFETY: while `self` is borrowed, `try_push` is the only writer. It writes behind the elements of this slice
        // and never moves them, and it runs no code that could come back here, so the vector itself is not borrowed
        // twice. `UnsafeCell` keeps the row on one thread.
        unsafe { (*self.0.get()).as_slice() }
    }

    #[inline]
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Appends if that moves nothing; gives the value back otherwise.
    #[inline]
    fn try_push(&self, value: Value) -> Result<(), Value> {
        // SAFETY: slices that were handed out point at elements, not at the vector, and a push with room left writes
        // behind all of them.
        let items = unsafe { &mut *self.0.get() };
        if items.len() == items.capacity() {
            return Err(value);
        }
        items.push(value);
        Ok(())
    }

    fn get_mut(&mut self) -> &mut Vec<Value> {
        self.0.get_mut()
    }

    /// Drops all but the first `len` elements. If those are many, they go with the row, and what stays moves.
    fn truncate(&mut self, len: usize) {
        let items = self.0.get_mut();
        let dead = items.len() - len;
        if mem::enter(dead) {
            items.truncate(len);
            mem::leave();
        } else if len < dead {
            let kept = items[..len].iter_mut().map(std::mem::take).collect();
            let before = std::mem::replace(items, kept);
            mem::charge(items.capacity() * size_of::<Value>());
            let bytes = before.capacity() * size_of::<Value>();
            mem::release(before, bytes);
        } else {
            let dead = items.split_off(len);
            let bytes = dead.capacity() * size_of::<Value>();
            mem::charge(bytes);
            mem::release(dead, bytes);
        }
    }
}

/// Shared storage of lists, see the module documentation.
pub struct Buf {
    /// Number of elements that lie in the buffers below.
    start: u32,
    /// Whether a list of this whole buffer goes on in another one that has room for as many elements again.
    continued: Cell<bool>,
    below: Option<Box<Below>>,
    /// Elements from `start` on; the last one is the head of the longest view.
    items: Items,
}

/// What a buffer continues: the lowest `start` elements of `parent`.
pub(crate) struct Below {
    parent: Rc<Buf>,
    /// Number of buffers below.
    depth: u32,
    /// A buffer further below, which has the lowest `jump_end` elements.
    jump: Rc<Buf>,
    jump_end: u32,
}

impl Below {
    /// Jump pointers as in Myers' random-access stack: any buffer below is a logarithmic number of steps away.
    fn new(parent: Rc<Buf>, start: u32) -> Self {
        if let Some(near) = &parent.below
            && let Some(far) = &near.jump.below
            && near.depth - far.depth == far.depth - far.jump.depth()
        {
            let (jump, jump_end) = (Rc::clone(&far.jump), far.jump_end);
            return Self { depth: near.depth + 1, jump, jump_end, parent };
        }
        Self { depth: parent.depth() + 1, jump: Rc::clone(&parent), jump_end: start, parent }
    }
}

impl Buf {
    fn new(items: Vec<Value>) -> Rc<Self> {
        Self::above(None, 0, items)
    }

    fn above(below: Option<Box<Below>>, start: u32, items: Vec<Value>) -> Rc<Self> {
        mem::charge(Self::bytes(items.capacity(), below.is_some()));
        Rc::new(Self { start, continued: Cell::new(false), below, items: Items(UnsafeCell::new(items)) })
    }

    fn bytes(capacity: usize, chained: bool) -> usize {
        capacity * size_of::<Value>() + size_of::<Self>() + if chained { size_of::<Below>() } else { 0 }
    }

    fn depth(&self) -> u32 {
        self.below.as_ref().map_or(0, |below| below.depth)
    }

    #[inline]
    fn total(&self) -> u32 {
        self.start + self.items.len() as u32
    }

    /// Visits the elements of this buffer and the lists it continues, until a visit fails.
    pub(crate) fn for_each_part(&self, visit: &mut dyn FnMut(&Value) -> Result<(), Trap>) -> Result<(), Trap> {
        self.items.as_slice().iter().try_for_each(&mut *visit)?;
        if let Some(below) = &self.below {
            visit(&Value::List(self.start, Some(Rc::clone(&below.parent))))?;
            visit(&Value::List(below.jump_end, Some(Rc::clone(&below.jump))))?;
        }
        Ok(())
    }

    /// Element by its place from the bottom; `place` lies below the total.
    #[inline]
    pub(crate) fn at(&self, place: u32) -> &Value {
        if place >= self.start {
            return &self.items.as_slice()[(place - self.start) as usize];
        }
        self.at_deep(place)
    }

    #[cold]
    fn at_deep(&self, place: u32) -> &Value {
        let mut buf = self;
        while place < buf.start
            && let Some(below) = &buf.below
        {
            buf = if place < below.jump_end { &below.jump } else { &below.parent };
        }
        &buf.items.as_slice()[(place - buf.start) as usize]
    }

    /// The lowest `len` elements, topmost first.
    fn iter(&self, len: u32) -> Iter<'_> {
        Iter {
            items: self.items.as_slice()[..(len - self.start) as usize].iter(),
            below: self.below.as_deref(),
            start: self.start,
        }
    }

    /// Appends clones of the lowest `len` elements to `out`, bottom first.
    fn collect_below(&self, len: u32, out: &mut Vec<Value>) {
        let mut parts: Vec<&[Value]> = Vec::new();
        let mut part = Some(self.iter(len));
        while let Some(iter) = part {
            parts.push(iter.items.as_slice());
            part = iter.lower();
        }
        for part in parts.iter().rev() {
            out.extend_from_slice(part);
        }
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        let items = std::mem::take(self.items.get_mut());
        let below = self.below.take();
        mem::discharge(Self::bytes(0, below.is_some()));
        let bytes = items.capacity() * size_of::<Value>();
        mem::release(items, bytes);
        if let Some(below) = below {
            if mem::enter(1) {
                drop(below);
                mem::leave();
            } else {
                mem::defer([Garbage::Chain(below)]);
            }
        }
    }
}

/// Whether there is certainly no list inside of a value.
#[inline]
fn is_flat(value: &Value) -> bool {
    let plain =
        |value: &Value| !value.is_heap() || matches!(value, Value::Str(_) | Value::BigInt(_) | Value::Decimal(_));
    match value {
        Value::Tuple(items) => items.iter().all(plain),
        Value::Data(fields) => fields.iter().all(plain),
        value => plain(value),
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
        // No program gets to longer lists (`Limits::MOST_BYTES`).
        let len = items.len().min(u32::MAX as usize) as u32;
        Self { buf: Some(Buf::new(items)), len }
    }

    /// Borrows.
    pub fn view(&self) -> ListRef<'_> {
        ListRef { buf: self.buf.as_ref(), len: self.len }
    }

    /// `[head | self]`.
    #[inline]
    pub fn cons(self, head: Value) -> Self {
        let Some(buf) = self.buf else {
            let mut items = Vec::with_capacity(4);
            items.push(head);
            return Self::from_reversed(items);
        };
        if buf.total() != self.len {
            return Self { buf: Some(buf), len: self.len }.cons_fork(head, 4);
        }
        // A buffer that somebody else has might be inside of the new head: it would keep itself alive for ever.
        let pushed = if Rc::strong_count(&buf) == 1 || is_flat(&head) { buf.items.try_push(head) } else { Err(head) };
        match pushed {
            Ok(()) => Self { buf: Some(buf), len: self.len + 1 },
            Err(head) => {
                let first = !buf.continued.replace(true);
                let room = if first { MAX_ROW.min(self.len as usize) } else { 4 };
                Self { buf: Some(buf), len: self.len }.cons_fork(head, room)
            }
        }
    }

    /// `[head | self]` for a buffer that has no place for it: other elements are there, or it is full.
    #[cold]
    fn cons_fork(self, head: Value, room: usize) -> Self {
        let len = self.len;
        let Some(mut buf) = self.buf else { return Self::new() };
        if let Some(own) = Rc::get_mut(&mut buf)
            && (own.items.len() < MAX_ROW || len < own.total())
        {
            // Nobody else looks: the elements may move, and what lies in front of the view is garbage.
            own.continued.set(false);
            own.items.truncate((len - own.start) as usize);
            let items = own.items.get_mut();
            let before = items.capacity();
            items.push(head);
            mem::charge((items.capacity() - before) * size_of::<Value>());
            return Self { buf: Some(buf), len: len + 1 };
        }
        if len < COPY_BELOW {
            let mut items = Vec::with_capacity(len as usize + 4);
            buf.collect_below(len, &mut items);
            items.push(head);
            return Self::from_reversed(items);
        }
        let mut items = Vec::with_capacity(room);
        items.push(head);
        Self { buf: Some(Buf::above(Some(Box::new(Below::new(buf, len))), len, items)), len: len + 1 }
    }

    /// All but the first `count` elements.
    #[inline]
    pub(crate) fn drop_front(self, count: usize) -> Self {
        if count >= self.len as usize {
            return Self::new();
        }
        let len = self.len - count as u32;
        match self.buf {
            Some(buf) if len > buf.start => Self { buf: Some(buf), len },
            buf => Self { buf, len }.normalised(),
        }
    }

    /// A view that ends inside a buffer below becomes a view of that one.
    #[cold]
    fn normalised(self) -> Self {
        let Some(mut buf) = self.buf else { return Self::new() };
        while self.len <= buf.start
            && let Some(below) = &buf.below
        {
            buf = Rc::clone(if self.len <= below.jump_end { &below.jump } else { &below.parent });
        }
        Self { buf: Some(buf), len: self.len }
    }

    /// The elements, last one first, as an own vector; without copying if this is the only owner.
    pub fn into_reversed(self) -> Vec<Value> {
        let Some(mut buf) = self.buf else { return Vec::new() };
        if let Some(own) = Rc::get_mut(&mut buf)
            && own.below.is_none()
        {
            own.items.truncate(self.len as usize);
            let items = std::mem::take(own.items.get_mut());
            mem::discharge(items.capacity() * size_of::<Value>());
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
            && let Some(place) = place.checked_sub(own.start as usize)
        {
            own.items.get_mut()[place] = value;
            return self;
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
        match self.buf {
            Some(buf) => buf.iter(self.len),
            None => Iter { items: [].iter(), below: None, start: 0 },
        }
    }

    /// An own list of the same elements.
    pub fn to_owned(self) -> List {
        List { buf: self.buf.cloned(), len: self.len }
    }
}

/// Iterator over the elements of a list, in order.
#[derive(Clone)]
pub struct Iter<'a> {
    /// What is left of one buffer; its end comes first.
    items: std::slice::Iter<'a, Value>,
    below: Option<&'a Below>,
    /// Number of elements below.
    start: u32,
}

impl<'a> Iter<'a> {
    /// The elements of the buffers below this one's part.
    #[cold]
    fn lower(&self) -> Option<Self> {
        self.below.map(|below| below.parent.iter(self.start))
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Value;

    #[inline]
    fn next(&mut self) -> Option<&'a Value> {
        if let Some(item) = self.items.next_back() {
            return Some(item);
        }
        *self = self.lower()?;
        self.items.next_back()
    }

    fn nth(&mut self, mut count: usize) -> Option<&'a Value> {
        while count >= self.items.len() {
            count -= self.items.len();
            let Some(lower) = self.lower() else {
                self.items = [].iter();
                return None;
            };
            *self = lower;
        }
        self.items.nth_back(count)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.items.len() + self.start as usize;
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
        for from in [0, 1.min(all.len()), all.len() / 2, all.len()] {
            assert!(list.view().iter().skip(from).map(int).eq(all[from..].iter().copied()));
        }
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
        for step in 0..if cfg!(miri) { 600 } else { 30_000i64 } {
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

    /// A buffer a fork, each on top of the one before.
    fn chain(forks: i64) -> List {
        let mut list: List = (0..i64::from(COPY_BELOW)).map(Value::Int).collect();
        for step in 0..forks {
            let other = list.clone().cons(Value::Int(-1));
            list = list.cons(Value::Int(step));
            drop(other);
        }
        list
    }

    #[test]
    fn long_chains_of_forks_are_read_in_few_steps_and_dropped_without_recursion() {
        const FORKS: usize = if cfg!(miri) { 2_000 } else { 100_000 };
        let before = mem::live_bytes();
        let list = chain(FORKS as i64);
        let (all, view) = (list.view().len(), list.view());
        assert_eq!(all, FORKS + COPY_BELOW as usize);
        assert!(list.buf.as_ref().unwrap().depth() as usize > FORKS / 2);
        assert!(view.iter().zip(0..).all(|(item, index)| std::ptr::eq(item, view.get(index).unwrap())));
        assert!(matches!(view.get(FORKS - 1), Some(Value::Int(0))));
        assert!(matches!(view.get(FORKS), Some(Value::Int(0))));
        let steps = |place: u32| {
            let (mut buf, mut steps) = (list.buf.as_deref().unwrap(), 0);
            while place < buf.start {
                let below = buf.below.as_ref().unwrap();
                buf = if place < below.jump_end { &below.jump } else { &below.parent };
                steps += 1;
            }
            steps
        };
        let most = (0..FORKS as u32).map(steps).max();
        assert!(most < Some(60), "{most:?} steps");
        drop(list);
        assert_eq!(mem::live_bytes(), before);
    }

    /// A reference to an element stays good whatever becomes of other views of the same buffer.
    #[test]
    fn elements_stay_where_they_are() {
        let list = chain(100);
        let kept: Vec<&Value> = list.view().iter().collect();
        let mut others = Vec::new();
        for round in 0..100 {
            let mut other = list.clone().drop_front(round);
            for step in 0..round as i64 {
                other = other.cons(Value::Int(step));
            }
            others.push(other.clone().with(0, Value::Int(-7)));
            others.push(List::from(other.into_vec()));
        }
        drop(others);
        assert!(kept.iter().zip(0..).all(|(item, index)| std::ptr::eq(*item, list.view().get(index).unwrap())));
        let ints: Vec<i64> = kept.iter().map(|item| if let Value::Int(item) = item { *item } else { -1 }).collect();
        assert!(ints.iter().copied().eq((0..100).rev().chain(0..i64::from(COPY_BELOW))));
    }

    /// `[(xs, 1) | xs]`, where `xs` is still used.
    #[test]
    fn a_list_in_front_of_itself_is_let_go() {
        let before = mem::live_bytes();
        for wrap in [|list: List| Value::from(list), |list: List| Value::tuple(vec![list.into(), Value::Int(1)])] {
            let mut list = List::new().cons(Value::Int(0));
            for _ in 0..100 {
                let inside = list.clone();
                list = list.cons(wrap(inside));
            }
            assert_eq!(list.view().len(), 101);
            drop(list);
            assert_eq!(mem::live_bytes(), before);
        }
    }

    /// A list that grows while somebody holds each of its stages takes memory in proportion to its length.
    #[test]
    fn shared_growth_is_amortised() {
        const STAGES: usize = if cfg!(miri) { 1_000 } else { 10_000 };
        let before = mem::live_bytes();
        let mut stages = vec![List::new()];
        for step in 0..STAGES {
            let next = stages[step].clone().cons(Value::Int(step as i64));
            stages.push(next);
        }
        let bytes = mem::live_bytes() - before;
        assert!(bytes < STAGES * 16 * 3, "{bytes}");
        let last = stages.last().unwrap();
        assert!(last.buf.as_ref().unwrap().depth() < 16);
        assert_eq!(ints(last), (0..STAGES as i64).rev().collect::<Vec<_>>());
    }
}

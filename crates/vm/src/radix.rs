//! Maps whose keys are Ints: persistent radix trees.
//!
//! Input: Ints and what belongs to them. Output: look-ups, and the entries in the order of their keys. Cloning a map
//! counts a reference; a change copies the rows on the way down that somebody else refers to, and none if nobody does.
//!
//! A key is a sequence of digits, and the digits lead to its value: nothing is compared on the way. What a look-up costs
//! is waiting for memory, so all that it wants to know of a node lies in the slot above it, and it reads one slot of each
//! row. Levels on which all keys agree are left out, so keys far apart cost little more than a slot each; keys close
//! together share a leaf, which is one bit for each member of a set.
//!
//! Invariants: the keys alone decide which nodes there are. Only the root is ever empty; a leaf and a branch have two
//! keys or nodes at least.

use std::rc::Rc;

use crate::mem;

/// Bits of a digit. One more makes sets a little faster, and copies of shared rows twice as long.
const DIGIT: u32 = 5;

/// One bit for each digit.
type Bits = u32;

/// Number of digits, and slots of the longest row.
const WIDTH: usize = Bits::BITS as usize;

/// See the module documentation.
#[derive(Clone)]
pub(crate) struct IntMap<V> {
    root: Node<V>,
    len: usize,
}

#[derive(Clone, Default)]
enum Node<V> {
    #[default]
    Empty,
    One {
        key: Key,
        value: V,
    },
    /// Values of keys that differ in the last digit only.
    Leaf {
        /// All digits but the last one.
        prefix: u64,
        present: Bits,
        row: Row<V>,
    },
    /// Nodes whose keys agree in the digits above the one that begins at `shift`.
    Branch {
        /// Some key that agrees with them.
        key: Key,
        present: Bits,
        shift: u8,
        row: Row<Node<V>>,
    },
}

/// Items by digit. The longest row has a slot for each digit; a shorter one has the items that are present, in order, and
/// free slots behind them.
type Row<T> = Rc<Slots<[T]>>;

/// Slots that are accounted for.
struct Slots<T: ?Sized>(T);

/// A key, as a number without sign in the order of Ints.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u64);

impl Key {
    #[inline(always)]
    fn new(int: i64) -> Self {
        Key(int as u64 ^ (1 << 63))
    }

    fn int(self) -> i64 {
        (self.0 ^ (1 << 63)) as i64
    }

    #[inline(always)]
    fn prefix(self) -> u64 {
        self.0 >> DIGIT
    }

    #[inline(always)]
    fn digit(self, shift: u8) -> usize {
        (self.0 >> (shift % 64)) as usize % WIDTH
    }

    /// Whether the two agree in all digits above the one that begins at `shift`.
    #[inline(always)]
    fn agrees(self, other: Key, shift: u8) -> bool {
        (self.0 ^ other.0) >> (shift % 64) >> DIGIT == 0
    }

    /// Where the first digit begins in which the two differ.
    fn parting(self, other: Key) -> u8 {
        ((self.0 ^ other.0).checked_ilog2().unwrap_or(0) / DIGIT * DIGIT) as u8
    }
}

impl<T> Slots<T> {
    fn new(slots: T) -> Rc<Self> {
        mem::charge(counted(size_of::<T>()));
        Rc::new(Slots(slots))
    }
}

impl<T: ?Sized> Drop for Slots<T> {
    fn drop(&mut self) {
        mem::discharge(counted(size_of_val(self)));
    }
}

/// So many bytes behind the counts of references.
fn counted(bytes: usize) -> usize {
    2 * size_of::<usize>() + bytes
}

/// A row with at least `len` slots. `item` says what is in them, from the first to the last.
fn row<T>(len: usize, item: impl FnMut(usize) -> T) -> Row<T> {
    match len {
        // Nothing is saved by short rows of nothing.
        _ if size_of::<T>() == 0 => Slots::new(std::array::from_fn::<T, WIDTH, _>(item)),
        0..=4 => Slots::new(std::array::from_fn::<T, 4, _>(item)),
        5..=8 => Slots::new(std::array::from_fn::<T, 8, _>(item)),
        9..=16 => Slots::new(std::array::from_fn::<T, 16, _>(item)),
        _ => Slots::new(std::array::from_fn::<T, WIDTH, _>(item)),
    }
}

#[inline(always)]
fn bit(digit: usize) -> Bits {
    1 << (digit % WIDTH)
}

/// Place of a digit in a row of `len` slots.
#[inline(always)]
fn place(present: Bits, len: usize, digit: usize) -> usize {
    if len == WIDTH { digit } else { (present & (bit(digit) - 1)).count_ones() as usize }
}

/// The item of a digit that is present.
#[inline(always)]
fn item<T>(row: &Row<T>, present: Bits, digit: usize) -> Option<&T> {
    row.0.get(place(present, row.0.len(), digit))
}

/// The slots of a row, which is copied if somebody else refers to it.
#[inline(always)]
fn own<T: Clone>(own: &mut Row<T>) -> &mut [T] {
    if Rc::get_mut(own).is_none() {
        *own = row(own.0.len(), |place| own.0[place].clone());
    }
    Rc::get_mut(own).map_or(&mut [], |slots| &mut slots.0)
}

/// Moves the items to a row with at least `len` slots.
fn resize<T: Clone + Default>(old: &mut Row<T>, present: Bits, len: usize) {
    let mut new = row(len, |_| T::default());
    if let Some(new) = Rc::get_mut(&mut new) {
        let (from, to) = (own(old), &mut new.0);
        for digit in digits(present) {
            to[place(present, to.len(), digit)] = std::mem::take(&mut from[place(present, from.len(), digit)]);
        }
    }
    *old = new;
}

fn digits(mut present: Bits) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let digit = present.trailing_zeros() as usize;
        present &= present.checked_sub(1)?;
        Some(digit)
    })
}

/// Puts in the item of a digit that is not present.
#[inline(always)]
fn put<T: Clone + Default>(row: &mut Row<T>, present: &mut Bits, digit: usize, item: T) {
    let count = present.count_ones() as usize;
    if count == row.0.len() {
        resize(row, *present, count + 1);
    }
    let slots = own(row);
    let place = place(*present, slots.len(), digit);
    if slots.len() < WIDTH {
        slots[place..=count].rotate_right(1);
    }
    slots[place] = item;
    *present |= bit(digit);
}

/// Takes out the item of a digit, if it is present.
fn take<T: Clone + Default>(row: &mut Row<T>, present: &mut Bits, digit: usize) -> Option<T> {
    if *present & bit(digit) == 0 {
        return None;
    }
    let slots = own(row);
    let place = place(*present, slots.len(), digit);
    let item = std::mem::take(&mut slots[place]);
    let count = present.count_ones() as usize;
    if slots.len() < WIDTH {
        slots[place..count].rotate_left(1);
    }
    *present &= !bit(digit);
    // Not at once, or taking out and putting in by turns would move all each time.
    if count * 4 < row.0.len() && size_of::<T>() > 0 {
        resize(row, *present, count);
    }
    Some(item)
}

impl<V> Default for IntMap<V> {
    fn default() -> Self {
        Self { root: Node::Empty, len: 0 }
    }
}

impl<V> IntMap<V> {
    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What belongs to a key.
    #[inline]
    pub(crate) fn get(&self, int: i64) -> Option<&V> {
        let key = Key::new(int);
        let mut node = &self.root;
        loop {
            match node {
                // That the key agrees with the digits above is seen at the end of the way.
                Node::Branch { present, shift, row, .. } => {
                    let digit = key.digit(*shift);
                    if present & bit(digit) == 0 {
                        return None;
                    }
                    node = item(row, *present, digit)?;
                }
                Node::Leaf { prefix, present, row } => {
                    let digit = key.digit(0);
                    let is_present = *prefix == key.prefix() && present & bit(digit) != 0;
                    return if is_present { item(row, *present, digit) } else { None };
                }
                Node::One { key: own, value } if *own == key => return Some(value),
                Node::One { .. } | Node::Empty => return None,
            }
        }
    }

    /// Entries in key order.
    pub(crate) fn iter(&self) -> Iter<'_, V> {
        let mut iter = Iter { above: Vec::new(), at: At::Nothing, left: self.len };
        iter.enter(&self.root);
        iter
    }
}

impl<V: Clone + Default> IntMap<V> {
    /// Puts a key in; gives what belonged to it before.
    pub(crate) fn insert(&mut self, int: i64, value: V) -> Option<V> {
        let key = Key::new(int);
        let mut node = &mut self.root;
        // Looked at twice: the borrow of a branch must end here unless the way goes on in it.
        while matches!(node, Node::Branch { key: own, shift, .. } if own.agrees(key, *shift)) {
            let Node::Branch { present, shift, row, .. } = node else { break };
            let digit = key.digit(*shift);
            if *present & bit(digit) == 0 {
                put(row, present, digit, Node::One { key, value });
                self.len += 1;
                return None;
            }
            let slots = own(row);
            node = &mut slots[place(*present, slots.len(), digit)];
        }
        match node {
            Node::One { key: own, value: old } if *own == key => return Some(std::mem::replace(old, value)),
            Node::Leaf { prefix, present, row } if *prefix == key.prefix() => {
                let digit = key.digit(0);
                if *present & bit(digit) != 0 {
                    let slots = own(row);
                    return Some(std::mem::replace(&mut slots[place(*present, slots.len(), digit)], value));
                }
                put(row, present, digit, value);
            }
            node => *node = std::mem::take(node).beside(key, value),
        }
        self.len += 1;
        None
    }

    /// Takes a key out; rows may be copied in vain if it is not there.
    pub(crate) fn remove(&mut self, int: i64) -> Option<V> {
        let removed = self.root.remove(Key::new(int))?;
        self.len -= 1;
        Some(removed)
    }
}

impl<V: Clone + Default> Node<V> {
    /// A node of the keys of this one and another, which differs from all of them above the digits of this one.
    fn beside(self, key: Key, value: V) -> Self {
        let own = match &self {
            Node::Empty => return Node::One { key, value },
            Node::One { key, .. } | Node::Branch { key, .. } => *key,
            Node::Leaf { prefix, .. } => Key(prefix << DIGIT),
        };
        let shift = own.parting(key);
        let mut present = 0;
        match self {
            Node::One { value: old, .. } if shift == 0 => {
                let mut row = row(2, |_| V::default());
                put(&mut row, &mut present, own.digit(0), old);
                put(&mut row, &mut present, key.digit(0), value);
                Node::Leaf { prefix: key.prefix(), present, row }
            }
            node => {
                let mut row = row(2, |_| Node::Empty);
                put(&mut row, &mut present, own.digit(shift), node);
                put(&mut row, &mut present, key.digit(shift), Node::One { key, value });
                Node::Branch { key, present, shift, row }
            }
        }
    }

    /// Takes a key out. There are no more levels than digits.
    fn remove(&mut self, key: Key) -> Option<V> {
        match self {
            Node::One { key: own, value } if *own == key => {
                let value = std::mem::take(value);
                *self = Node::Empty;
                Some(value)
            }
            Node::Leaf { prefix, present, row } if *prefix == key.prefix() => {
                let value = take(row, present, key.digit(0))?;
                if present.is_power_of_two() {
                    let digit = present.trailing_zeros();
                    let value = take(row, present, digit as usize)?;
                    *self = Node::One { key: Key(*prefix << DIGIT | u64::from(digit)), value };
                }
                Some(value)
            }
            Node::Branch { present, shift, row, .. } => {
                let digit = key.digit(*shift);
                if *present & bit(digit) == 0 {
                    return None;
                }
                let slots = own(row);
                let node = &mut slots[place(*present, slots.len(), digit)];
                let value = node.remove(key)?;
                if matches!(node, Node::Empty) {
                    take(row, present, digit)?;
                    if present.is_power_of_two() {
                        *self = take(row, present, present.trailing_zeros() as usize)?;
                    }
                }
                Some(value)
            }
            Node::One { .. } | Node::Leaf { .. } | Node::Empty => None,
        }
    }
}

/// Entries in key order.
pub(crate) struct Iter<'a, V> {
    /// What is left of the branches on the way.
    above: Vec<std::slice::Iter<'a, Node<V>>>,
    at: At<'a, V>,
    left: usize,
}

enum At<'a, V> {
    Nothing,
    One(Key, &'a V),
    Leaf {
        /// The key whose last digit is 0.
        first: u64,
        /// Digits that are left.
        left: Bits,
        row: &'a [V],
        /// Of the last one that was given.
        place: usize,
    },
}

impl<'a, V> Iter<'a, V> {
    fn enter(&mut self, node: &'a Node<V>) {
        match node {
            Node::Empty => {}
            Node::One { key, value } => self.at = At::One(*key, value),
            Node::Leaf { prefix, present, row } => {
                self.at = At::Leaf { first: prefix << DIGIT, left: *present, row: &row.0, place: usize::MAX };
            }
            Node::Branch { row, .. } => self.above.push(row.0.iter()),
        }
    }
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (i64, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let At::Leaf { first, left, row, place } = &mut self.at
                && *left != 0
            {
                let digit = left.trailing_zeros();
                *left &= *left - 1;
                self.left -= 1;
                // Slots of a short row follow each other: nothing is counted.
                *place = if row.len() == WIDTH { digit as usize } else { place.wrapping_add(1) };
                return Some((Key(*first | u64::from(digit)).int(), row.get(*place)?));
            }
            if let At::One(key, value) = std::mem::replace(&mut self.at, At::Nothing) {
                self.left -= 1;
                return Some((key.int(), value));
            }
            match self.above.last_mut()?.next() {
                Some(node) => self.enter(node),
                None => drop(self.above.pop()),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<V> ExactSizeIterator for Iter<'_, V> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl<V> Node<V> {
        /// Asserts what the module documentation promises; gives the number of keys.
        fn check(&self, fits: &dyn Fn(Key) -> bool) -> usize {
            match self {
                Node::Empty => panic!("empty below the root"),
                Node::One { key, .. } => {
                    assert!(fits(*key));
                    1
                }
                Node::Leaf { prefix, present, row } => {
                    let first = Key(prefix << DIGIT);
                    assert!(fits(first) && fits(Key(first.0 + WIDTH as u64 - 1)));
                    check_row(row, *present)
                }
                Node::Branch { key, present, shift, row } => {
                    assert!(*shift > 0 && u32::from(*shift) % DIGIT == 0 && fits(*key));
                    check_row(row, *present);
                    let below = |digit: usize| {
                        let fits = |it: Key| it.digit(*shift) == digit && it.agrees(*key, *shift);
                        item(row, *present, digit).unwrap().check(&fits)
                    };
                    digits(*present).map(below).sum()
                }
            }
        }
    }

    fn check_row<T>(row: &Row<T>, present: Bits) -> usize {
        let count = present.count_ones() as usize;
        assert!(count >= 2 && count <= row.0.len());
        assert!(size_of::<T>() == 0 || count >= row.0.len() / 4);
        count
    }

    fn check(map: &IntMap<i64>, model: &BTreeMap<i64, i64>) {
        assert!(map.iter().eq(model.iter().map(|(key, value)| (*key, value))));
        assert_eq!((map.len(), map.iter().size_hint().0), (model.len(), model.len()));
        if !model.is_empty() {
            assert_eq!(map.root.check(&|_| true), model.len());
        }
    }

    /// A slot is all that a look-up reads of a node.
    #[test]
    fn nodes_are_small() {
        assert_eq!((size_of::<Node<crate::value::Value>>(), size_of::<Node<()>>()), (32, 32));
    }

    /// Many maps that share parts of each other behave like maps of their own.
    #[test]
    fn versions_behave_like_maps_of_their_own() {
        let mut random = fastrand::Rng::with_seed(7);
        let before = mem::live_bytes();
        let mut maps = vec![(IntMap::default(), BTreeMap::new())];
        for step in 0..if cfg!(miri) { 8 } else { 1_000 } {
            let (mut map, mut model) = maps[random.usize(..maps.len())].clone();
            let mask = u64::MAX >> random.u32(..64);
            let start = random.i64(..);
            for index in 0..random.i64(..300) {
                // In order, against the order, near zero, anywhere, multiples; more of them come than go.
                let key = match step % 5 {
                    0 => start.wrapping_add(index),
                    1 => 150 - index,
                    2 => (random.u64(..) & mask) as i64,
                    3 => (random.u64(..) | !mask) as i64,
                    _ => (index % 64).wrapping_mul(1 << (step % 60)),
                };
                if random.u32(..7) < if step % 4 == 0 { 5 } else { 2 } {
                    assert_eq!(map.remove(key), model.remove(&key));
                } else {
                    assert_eq!(map.insert(key, index), model.insert(key, index));
                }
                for near in [key, key.wrapping_add(1), key ^ (1 << (index % 64))] {
                    assert_eq!(map.get(near), model.get(&near));
                }
            }
            check(&map, &model);
            let place = random.usize(..20);
            if maps.len() < 20 { maps.push((map, model)) } else { maps[place] = (map, model) }
        }
        for (map, model) in &mut maps {
            check(map, model);
            while let Some((key, value)) = model.pop_first() {
                assert_eq!(map.remove(key), Some(value));
            }
            check(map, model);
        }
        drop(maps);
        assert_eq!(mem::live_bytes(), before);
    }

    #[test]
    fn the_shape_is_that_of_the_keys() {
        /// Depth, leaves and branches.
        fn shape(node: &Node<()>) -> (usize, usize, usize) {
            match node {
                Node::Empty | Node::One { .. } => (0, 0, 0),
                Node::Leaf { .. } => (1, 1, 0),
                Node::Branch { row, .. } => row
                    .0
                    .iter()
                    .map(shape)
                    .fold((1, 0, 1), |all, one| (all.0.max(one.0 + 1), all.1 + one.1, all.2 + one.2)),
            }
        }
        let of = |keys: &mut dyn Iterator<Item = i64>| {
            let mut map = IntMap::default();
            keys.for_each(|key| assert!(map.insert(key, ()).is_none()));
            shape(&map.root)
        };
        assert_eq!(of(&mut [5].into_iter()), (0, 0, 0));
        assert_eq!(of(&mut (0..32)), (1, 1, 0));
        assert_eq!(of(&mut (0..1_024)), (2, 32, 1));
        assert_eq!(of(&mut (-16..16)), (2, 2, 1));
        assert_eq!(of(&mut [i64::MIN, -1, 0, i64::MAX].into_iter()), (1, 0, 1));
        // The worst keys: each digit tells two of them apart.
        let powers = (0..64).map(|bit| i64::MIN ^ (1i64 << bit)).chain([i64::MIN]);
        assert_eq!(of(&mut powers.into_iter()), (13, 1, 12));
    }
}

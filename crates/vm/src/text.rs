//! [`Str`]: an immutable shared string of Unicode scalar values that knows whether it is plain ASCII.
//!
//! Large texts are copied, compared and searched in pieces, with a look at the limits between two of them.
//!
//! Invariant: `chars` is the number of scalars or `UNKNOWN`; if it equals the number of bytes, positions are offsets.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Deref;
use std::rc::Rc;

use crate::failure::Trap;
use crate::mem;
use crate::stop::{self, Steps};

const UNKNOWN: u32 = u32::MAX;

struct StrObj {
    text: String,
    chars: Cell<u32>,
}

impl Drop for StrObj {
    fn drop(&mut self) {
        mem::discharge(self.text.capacity() + size_of::<StrObj>());
    }
}

/// A string value. Cloning counts references.
#[derive(Clone)]
pub struct Str(Rc<StrObj>);

impl Str {
    /// Number of scalars.
    pub fn chars_len(&self) -> usize {
        let known = self.0.chars.get();
        if known != UNKNOWN {
            return known as usize;
        }
        let mut count = 0;
        for piece in pieces(&self.0.text) {
            if stop::check().is_err() {
                return count;
            }
            count += if piece.is_ascii() { piece.len() } else { piece.chars().count() };
        }
        if count < UNKNOWN as usize {
            self.0.chars.set(count as u32);
        }
        count
    }

    /// Whether byte offsets and positions of scalars are the same.
    pub fn is_ascii(&self) -> bool {
        self.chars_len() == self.0.text.len()
    }

    /// Byte offset of scalar `index`, clamped to the end.
    pub fn offset(&self, index: usize) -> usize {
        if self.is_ascii() {
            return index.min(self.0.text.len());
        }
        let (mut offset, mut left) = (0, index);
        for piece in pieces(&self.0.text) {
            let count = piece.chars().count();
            if left < count || stop::check().is_err() {
                return offset + piece.char_indices().nth(left).map_or(0, |(offset, _)| offset);
            }
            left -= count;
            offset += piece.len();
        }
        offset
    }

    /// Position in scalars of a byte offset.
    pub fn position(&self, offset: usize) -> usize {
        if self.is_ascii() {
            return offset;
        }
        let counts = pieces(&self.0.text[..offset]).map(|piece| stop::check().map(|()| piece.chars().count()));
        counts.map_while(Result::ok).sum()
    }

    /// `self ++ other`, in place if this is the only reference.
    pub(crate) fn append(mut self, other: &str) -> Result<Self, Trap> {
        if let Some(obj) = Rc::get_mut(&mut self.0) {
            let before = (obj.text.capacity(), obj.text.len());
            let appended = append(&mut obj.text, other);
            mem::charge(obj.text.capacity() - before.0);
            let both_ascii = obj.chars.get() as usize == before.1 && other.len() <= PIECE && other.is_ascii();
            obj.chars.set(if both_ascii { obj.text.len() as u32 } else { UNKNOWN });
            return appended.map(|()| self);
        }
        // Room for more of the same: a string under construction is appended to again.
        let mut text = String::with_capacity((self.0.text.len() + other.len()).next_power_of_two().max(16));
        append(&mut text, &self.0.text)?;
        append(&mut text, other)?;
        Ok(Self::from(text))
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        mem::charge(text.capacity() + size_of::<StrObj>());
        Self(Rc::new(StrObj { text, chars: Cell::new(UNKNOWN) }))
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

// ---- Large texts ----------------------------------------------------------------------------------------------------

/// Bytes that are handled between two looks at the limits; less than a millisecond for all that is done to text.
const PIECE: usize = if cfg!(miri) { 1 << 8 } else { 1 << 18 };

/// The text in pieces of bounded length.
pub(crate) fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (piece, rest) = text.split_at(text.ceil_char_boundary(PIECE.min(text.len())));
        text = rest;
        Some(piece)
    })
}

/// Appends, and asks for the room if it is much.
pub(crate) fn append(out: &mut String, text: &str) -> Result<(), Trap> {
    if text.len() <= PIECE {
        out.push_str(text);
        return Ok(());
    }
    stop::room(text.len())?;
    out.reserve(text.len());
    for piece in pieces(text) {
        stop::check()?;
        out.push_str(piece);
    }
    Ok(())
}

/// A string value of a part of another text.
pub(crate) fn copied(text: &str) -> Result<Str, Trap> {
    let mut copy = String::with_capacity(text.len().min(PIECE));
    append(&mut copy, text)?;
    Ok(Str::from(copy))
}

/// Text under construction, of any length.
#[derive(Default)]
pub(crate) struct Builder {
    text: String,
    steps: Steps,
    /// Length for which the memory limit has been asked.
    granted: usize,
}

impl Builder {
    /// For a text of so many bytes, if there is room for them.
    pub(crate) fn with_room(bytes: usize) -> Result<Self, Trap> {
        stop::room(bytes)?;
        Ok(Self { text: String::with_capacity(bytes), granted: bytes, steps: Steps::default() })
    }

    pub(crate) fn push(&mut self, part: &str) -> Result<(), Trap> {
        self.steps.steps(part.len() / 32)?;
        let len = self.text.len() + part.len();
        if len > self.granted {
            // The buffer doubles as it grows.
            self.granted = len * 2 + PIECE;
            stop::room(self.granted)?;
        }
        append(&mut self.text, part)
    }

    pub(crate) fn push_char(&mut self, part: char) -> Result<(), Trap> {
        self.push(part.encode_utf8(&mut [0; 4]))
    }

    pub(crate) fn finish(self) -> Str {
        Str::from(self.text)
    }
}

/// Equality, in pieces.
pub(crate) fn equal(a: &str, b: &str) -> Result<bool, Trap> {
    equal_bytes(a.as_bytes(), b.as_bytes())
}

fn equal_bytes(a: &[u8], b: &[u8]) -> Result<bool, Trap> {
    if a.len() != b.len() || a.len() <= PIECE {
        return Ok(a == b);
    }
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        stop::check()?;
        if a != b {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Order by code points, in pieces.
#[inline]
pub(crate) fn order(a: &str, b: &str) -> Result<Ordering, Trap> {
    if a.len().min(b.len()) <= PIECE { Ok(a.cmp(b)) } else { order_large(a, b) }
}

#[cold]
fn order_large(a: &str, b: &str) -> Result<Ordering, Trap> {
    for (a, b) in a.as_bytes().chunks(PIECE).zip(b.as_bytes().chunks(PIECE)) {
        stop::check()?;
        // The shorter of the two last pieces ends its text.
        let order = a.cmp(b);
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(a.len().cmp(&b.len()))
}

/// Whether the text begins with another.
pub(crate) fn starts_with(text: &str, start: &str) -> Result<bool, Trap> {
    let (text, start) = (text.as_bytes(), start.as_bytes());
    Ok(text.len() >= start.len() && equal_bytes(&text[..start.len()], start)?)
}

/// Whether the text ends with another.
pub(crate) fn ends_with(text: &str, end: &str) -> Result<bool, Trap> {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    Ok(text.len() >= end.len() && equal_bytes(&text[text.len() - end.len()..], end)?)
}

/// Offset of the first `what` at or behind `from`, which is a boundary.
pub(crate) fn find(text: &str, what: &str, from: usize) -> Result<Option<usize>, Trap> {
    if what.len() > PIECE {
        let (rest, what) = (text[from..].to_owned(), what.to_owned());
        return stop::apart(move |_| rest.find(&what).map(|found| from + found));
    }
    let mut at = from;
    loop {
        let end = text.ceil_char_boundary((at + PIECE).min(text.len()));
        // The window has all that begins before `end`.
        let window = &text[at..text.floor_char_boundary((end + what.len()).saturating_sub(1).clamp(end, text.len()))];
        match window.find(what) {
            Some(found) => return Ok(Some(at + found)),
            None if end == text.len() => return Ok(None),
            None => at = end,
        }
        stop::check()?;
    }
}

/// Offset of the last `what`.
pub(crate) fn rfind(text: &str, what: &str) -> Result<Option<usize>, Trap> {
    if what.len() > PIECE {
        let (text, what) = (text.to_owned(), what.to_owned());
        return stop::apart(move |_| text.rfind(&what));
    }
    let mut end = text.len();
    loop {
        let start = text.floor_char_boundary(end.saturating_sub(PIECE));
        let window = &text[start..text.floor_char_boundary((end + what.len()).min(text.len()))];
        match window.rfind(what) {
            Some(found) => return Ok(Some(start + found)),
            None if start == 0 => return Ok(None),
            None => end = start,
        }
        stop::check()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches and comparisons in pieces give what the library gives, also where a piece ends.
    #[test]
    fn pieces_are_seamless() {
        let mut text = "äbc".repeat(PIECE / 2);
        let keys = ["", "ä", "äbcä", "cä", "x", "bx", "xä"];
        for place in [0, 4, PIECE - 4, PIECE, PIECE + 4, 2 * PIECE - 4, text.len()] {
            let place = text.floor_char_boundary(place);
            text.insert(place, 'x');
            let long = text[place..].to_owned();
            for key in keys.into_iter().chain([
                &long[..],
                &text[..text.floor_char_boundary(PIECE + 2)],
                &long[long.ceil_char_boundary(long.len() / 3)..],
            ]) {
                assert_eq!(find(&text, key, 0).ok(), Some(text.find(key)), "{place}");
                assert_eq!(rfind(&text, key).ok(), Some(text.rfind(key)), "{place}");
                assert_eq!(starts_with(&text, key).ok(), Some(text.starts_with(key)));
                assert_eq!(ends_with(&text, key).ok(), Some(text.ends_with(key)));
                assert_eq!(equal(&long, key).ok(), Some(long == key));
                assert_eq!(order(&long, key).ok(), Some(long.as_str().cmp(key)));
            }
            let value = Str::from(text.as_str());
            assert_eq!(value.chars_len(), text.chars().count());
            assert_eq!(value.position(place), text[..place].chars().count());
            assert_eq!(value.offset(value.position(place)), place);
            assert_eq!(pieces(&text).collect::<String>(), text);
        }
    }
}

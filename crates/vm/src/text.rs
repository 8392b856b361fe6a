//! [`Str`]: an immutable shared string of Unicode scalar values that knows whether it is plain ASCII.
//!
//! Invariant: `chars` is the number of scalars or `UNKNOWN`; if it equals the number of bytes, positions are offsets.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;

use crate::mem;

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
        let count = if self.0.text.is_ascii() { self.0.text.len() } else { self.0.text.chars().count() };
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
        self.0.text.char_indices().nth(index).map_or(self.0.text.len(), |(offset, _)| offset)
    }

    /// Position in scalars of a byte offset.
    pub fn position(&self, offset: usize) -> usize {
        if self.is_ascii() { offset } else { self.0.text[..offset].chars().count() }
    }

    /// `self ++ other`, in place if this is the only reference.
    pub(crate) fn append(mut self, other: &str) -> Self {
        if let Some(obj) = Rc::get_mut(&mut self.0) {
            let before = obj.text.capacity();
            obj.text.push_str(other);
            mem::charge(obj.text.capacity() - before);
            let both_ascii = obj.chars.get() as usize + other.len() == obj.text.len() && other.is_ascii();
            obj.chars.set(if both_ascii { obj.text.len() as u32 } else { UNKNOWN });
            return self;
        }
        // Room for more of the same: a string under construction is appended to again.
        let mut text = String::with_capacity((self.0.text.len() + other.len()).next_power_of_two().max(16));
        text.push_str(&self.0.text);
        text.push_str(other);
        Self::from(text)
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

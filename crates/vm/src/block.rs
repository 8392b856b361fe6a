//! [`Block`]: one allocation that holds a reference count, a header and a fixed number of values.
//!
//! Tuples, records, variant values and closures are blocks: one allocation each, one pointer in a [`Value`].
//!
//! Invariant: `len` slots behind the header are always initialised.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use crate::mem;
use crate::value::Value;

#[repr(C)]
struct Header<M> {
    refs: Cell<u32>,
    len: u32,
    meta: M,
}

/// A shared, immutable row of values with a header of type `M`. Cloning counts references.
pub struct Block<M> {
    ptr: NonNull<Header<M>>,
    own: PhantomData<Header<M>>,
}

impl<M> Block<M> {
    /// Layout of a block of so many values, and where they begin in it; none for more than its length can tell.
    fn layout(len: usize) -> Option<(Layout, usize)> {
        u32::try_from(len).ok()?;
        let (layout, offset) = Layout::new::<Header<M>>().extend(Layout::array::<Value>(len).ok()?).ok()?;
        Some((layout.pad_to_align(), offset))
    }

    /// A block of the values of `items`, which must give exactly `len` of them. A program cannot ask for more than there
    /// may be (see `Limits::MOST_BYTES`); for anybody else it is as if there were no memory.
    #[inline]
    pub(crate) fn new(meta: M, len: usize, items: impl Iterator<Item = Value>) -> Self {
        let Some((layout, offset)) = Self::layout(len) else { handle_alloc_error(Layout::new::<Header<M>>()) };
        mem::charge(layout.size());
        // SAFETY: the layout is not empty (the header has a count). Header and all slots are written before the block
        // exists as a value: missing items are filled with unit, superfluous ones are not taken.
        unsafe {
            let raw = alloc(layout);
            let Some(base) = NonNull::new(raw) else { handle_alloc_error(layout) };
            let ptr = base.cast::<Header<M>>();
            ptr.as_ptr().write(Header { refs: Cell::new(1), len: len as u32, meta });
            let slots = raw.add(offset).cast::<Value>();
            let mut items = items;
            for index in 0..len {
                slots.add(index).write(items.next().unwrap_or(Value::Unit));
            }
            Self { ptr, own: PhantomData }
        }
    }

    #[inline]
    fn header(&self) -> &Header<M> {
        // SAFETY: the pointer is valid while a reference is counted, and `self` is one.
        unsafe { self.ptr.as_ref() }
    }

    #[inline]
    fn slots(&self) -> *mut Value {
        let offset = const {
            let header = Layout::new::<Header<M>>();
            header.size().next_multiple_of(align_of::<Value>())
        };
        // SAFETY: `offset` is where `layout` put the values, inside the allocation.
        unsafe { self.ptr.as_ptr().cast::<u8>().add(offset).cast::<Value>() }
    }

    /// The header.
    #[inline]
    pub fn meta(&self) -> &M {
        &self.header().meta
    }

    /// The values, writable if nobody else refers to the block.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut [Value]> {
        if self.header().refs.get() != 1 {
            return None;
        }
        // SAFETY: `len` initialised slots; the only reference is borrowed mutably.
        Some(unsafe { std::slice::from_raw_parts_mut(self.slots(), self.header().len as usize) })
    }

    /// Number of references.
    pub(crate) fn references(&self) -> usize {
        self.header().refs.get() as usize
    }

    /// Whether both are the same allocation.
    #[inline]
    pub fn same(&self, other: &Self) -> bool {
        self.ptr == other.ptr
    }

    #[cold]
    fn free(&mut self) {
        let len = self.header().len as usize;
        // SAFETY: the last reference is gone, so slots and header are dropped once and then given back with the layout
        // they were made with. Slots are moved out or dropped in place before the memory is freed.
        unsafe {
            if len > 0 {
                let slots = self.slots();
                if mem::enter(len) {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(slots, len));
                    mem::leave();
                } else {
                    let values = (0..len).map(|index| slots.add(index).read());
                    mem::defer(values.filter(Value::is_heap).map(mem::Garbage::Value));
                }
            }
            ptr::drop_in_place(self.ptr.as_ptr());
            if let Some((layout, _)) = Self::layout(len) {
                mem::discharge(layout.size());
                dealloc(self.ptr.as_ptr().cast(), layout);
            }
        }
    }
}

impl<M> Deref for Block<M> {
    type Target = [Value];

    #[inline]
    fn deref(&self) -> &[Value] {
        // SAFETY: `len` initialised slots that are only written through `get_mut`.
        unsafe { std::slice::from_raw_parts(self.slots(), self.header().len as usize) }
    }
}

impl<M> Clone for Block<M> {
    #[inline]
    fn clone(&self) -> Self {
        let refs = &self.header().refs;
        // Saturation keeps the block alive for ever instead of freeing it too early.
        refs.set(refs.get().saturating_add(1));
        Self { ptr: self.ptr, own: PhantomData }
    }
}

impl<M> Drop for Block<M> {
    #[inline]
    fn drop(&mut self) {
        let refs = self.header().refs.get();
        if refs == u32::MAX {
            return;
        }
        self.header().refs.set(refs - 1);
        if refs == 1 {
            self.free();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_cannot_be_told_is_refused() {
        assert!(Block::<()>::layout(u32::MAX as usize).is_some());
        assert!(Block::<()>::layout(u32::MAX as usize + 1).is_none());
        assert!(Block::<()>::layout(usize::MAX).is_none());
    }
}

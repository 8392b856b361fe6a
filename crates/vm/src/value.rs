//! Values: sixteen bytes, immediate scalars, everything else shared by reference counts.
//!
//! Invariant: a value never leaves the thread of its machine; [`crate::Data`] is what crosses.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytecode::{ConstructorRef, Kind, TypeKind};
use rust_decimal::Decimal;

use crate::block::Block;
use crate::collections::{MapObj, SetObj};
use crate::cycles;
use crate::failure::{Failure, Trap};
use crate::link::Unit;
use crate::list::{Buf, List, ListRef};
use crate::mem;
use crate::natives::NativeDef;
use crate::number::Big;
use crate::text::{self, Str};

/// A value of the language.
///
/// The layout is fixed (`repr(u8)`: the tag is the first byte, one word of payload lies in the second half), because
/// the interpreter writes and moves scalars word by word, see `raw`.
#[derive(Clone, Default)]
#[repr(u8)]
pub enum Value {
    /// `()`.
    #[default]
    Unit,
    /// `true`, `false`.
    Bool(bool),
    /// 64-bit signed integer.
    Int(i64),
    /// Double.
    Float(f64),
    /// Unicode scalar value.
    Char(char),
    /// Single.
    Float32(f32),
    /// Integers of other widths; a UInt64 is kept as its bits.
    Sized(SizedKind, i64),
    /// Process.
    Pid(u64),
    /// Resource of the host.
    Handle(HandleKind, u64),
    /// Native function.
    Native(&'static NativeDef),
    // Heap from here on: `is_heap` depends on the order.
    /// String.
    Str(Str),
    /// List: length and shared buffer.
    List(u32, Option<Rc<Buf>>),
    /// Tuple of at least two elements.
    Tuple(Block<()>),
    /// Record or variant value.
    Data(Block<Rc<Ctor>>),
    /// Closure, or a function without captures.
    Closure(Block<FunctionMeta>),
    /// Constructor as a function.
    Constructor(Rc<Ctor>),
    /// Map.
    Map(Rc<MapObj>),
    /// Set.
    Set(Rc<SetObj>),
    /// Unbounded integer.
    BigInt(Rc<Big>),
    /// Exact decimal.
    Decimal(Rc<Decimal>),
    /// Typed array, changed in place.
    Array(Rc<ArrayObj>),
    /// Text buffer, changed in place.
    Buffer(Rc<BufferObj>),
    /// Reactive record or variant: identity and assignable fields.
    Reactive(Rc<ReactiveObj>),
    /// A captured `var`; never seen by programs.
    Cell(Rc<CellObj>),
    /// A failure on its way, held by `finally` code; never seen by programs.
    Failure(Rc<Failure>),
}

const _: () = assert!(size_of::<Value>() == 16);

/// Register accesses of the interpreter's hottest instructions.
///
/// A value written as tag and payload and then read as one block of sixteen bytes stalls the processor: it cannot
/// forward two stores to one load. Moving by words avoids that; it made calls a third faster.
pub(crate) mod raw {
    use std::mem::MaybeUninit;

    use std::rc::Rc;

    use super::Value;
    use crate::list::{Buf, List};

    type Word = MaybeUninit<u64>;

    const BOOL: u64 = 1;
    const INT: u64 = 2;
    const FLOAT: u64 = 3;
    const LIST: u64 = 11;
    const FIRST_HEAP: u8 = 10;

    /// Whether the register holds something to drop.
    ///
    /// # Safety
    /// `slot` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn is_heap(slot: *const Value) -> bool {
        // SAFETY: `repr(u8)`: the first byte is the tag.
        unsafe { *slot.cast::<u8>() >= FIRST_HEAP }
    }

    /// Drops what the register holds, which stays there as bytes.
    ///
    /// # Safety
    /// `slot` points at a value, and the caller overwrites it without dropping.
    #[inline(always)]
    pub(crate) unsafe fn discard(slot: *mut Value) {
        #[inline(never)]
        unsafe fn drop_heap(slot: *mut Value) {
            // SAFETY: by the contract of `discard`.
            unsafe {
                // Another owner of most lists that die is the rest of the same walk.
                if let Value::List(_, Some(buf)) = &*slot
                    && Rc::strong_count(buf) > 1
                {
                    return Rc::decrement_strong_count(Rc::as_ptr(buf));
                }
                std::ptr::drop_in_place(slot);
            }
        }
        // SAFETY: as above.
        unsafe {
            if is_heap(slot) {
                drop_heap(slot);
            }
        }
    }

    /// A value as two words, to be put somewhere else.
    pub(crate) type Words = (Word, Word);

    /// Counts one more reference to what the value holds.
    ///
    /// # Safety
    /// `from` points at a value.
    #[inline(always)]
    unsafe fn retain(from: *const Value) {
        #[inline(never)]
        unsafe fn retain_heap(from: *const Value) {
            // SAFETY: by the contract.
            match unsafe { &*from } {
                Value::List(_, buf) => std::mem::forget(buf.clone()),
                // A clone that is forgotten only counts.
                other => std::mem::forget(other.clone()),
            }
        }
        // SAFETY: as above.
        unsafe {
            if is_heap(from) {
                retain_heap(from);
            }
        }
    }

    /// A copy of a value, as words that must be put into a register once.
    ///
    /// # Safety
    /// `from` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn cloned(from: *const Value) -> Words {
        // SAFETY: sixteen bytes, aligned to eight; padding is allowed in `MaybeUninit`. Volatile keeps the two loads
        // apart, which is the point.
        unsafe {
            retain(from);
            let from = from.cast::<Word>();
            (from.read_volatile(), from.add(1).read_volatile())
        }
    }

    /// Writes words over a register and drops what it held.
    ///
    /// # Safety
    /// `to` points at a value; the words are a value that nobody else owns.
    #[inline(always)]
    pub(crate) unsafe fn put(to: *mut Value, words: Words) {
        // SAFETY: by the contract.
        unsafe {
            discard(to);
            let to = to.cast::<Word>();
            to.write(words.0);
            to.add(1).write(words.1);
        }
    }

    /// `*to = Value::from(list)`
    ///
    /// # Safety
    /// `to` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn set_list(to: *mut Value, list: List) {
        if cfg!(target_endian = "little") {
            let head = LIST | (u64::from(list.len) << 32);
            // SAFETY: an optional counted pointer is one word, null for `None`. It stays a pointer: a number would not
            // be allowed to become one again.
            let buf = unsafe { std::mem::transmute::<Option<Rc<Buf>>, Word>(list.buf) };
            // SAFETY: `repr(u8)` puts the length into the upper half of the first word and the pointer into the second.
            unsafe { put(to, (Word::new(head), buf)) }
        } else {
            // SAFETY: by the contract.
            unsafe { *to = list.into() }
        }
    }

    /// Moves the bytes of a value; the source must not be used or dropped as a value afterwards.
    ///
    /// # Safety
    /// `from` points at a value, `to` at memory for one that needs no drop.
    #[inline(always)]
    pub(crate) unsafe fn copy(from: *const Value, to: *mut Value) {
        let (from, to) = (from.cast::<Word>(), to.cast::<Word>());
        // SAFETY: sixteen bytes, aligned to eight; padding is allowed in `MaybeUninit`. Volatile keeps the two loads
        // apart, which is the point.
        unsafe {
            let words = (from.read_volatile(), from.add(1).read_volatile());
            to.write(words.0);
            to.add(1).write(words.1);
        }
    }

    /// `*slot = Value::Bool(value)`
    ///
    /// # Safety
    /// `slot` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn set_bool(slot: *mut Value, value: bool) {
        if cfg!(target_endian = "little") {
            // SAFETY: `repr(u8)` puts the payload of one byte behind the tag. The second word is padding; a later copy
            // by words reads it, which `MaybeUninit` allows.
            unsafe {
                discard(slot);
                slot.cast::<u64>().write(BOOL | (u64::from(value) << 8));
            }
        } else {
            // SAFETY: by the contract.
            unsafe { *slot = Value::Bool(value) }
        }
    }

    #[inline(always)]
    unsafe fn scalar(slot: *mut Value, tag: u64, payload: u64) {
        // SAFETY: `repr(u8)`: the tag is the first byte (little endian: of the first word), the payload the second
        // word; the bytes between are padding for these variants.
        unsafe {
            discard(slot);
            slot.cast::<u64>().write(tag.to_le());
            slot.cast::<u64>().add(1).write(payload);
        }
    }

    /// `*slot = Value::Int(value)`
    ///
    /// # Safety
    /// `slot` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn set_int(slot: *mut Value, value: i64) {
        // SAFETY: by the contract.
        unsafe { scalar(slot, INT, value as u64) }
    }

    /// `*slot = Value::Float(value)`
    ///
    /// # Safety
    /// `slot` points at a value.
    #[inline(always)]
    pub(crate) unsafe fn set_float(slot: *mut Value, value: f64) {
        // SAFETY: by the contract.
        unsafe { scalar(slot, FLOAT, value.to_bits()) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_layout_is_as_assumed() {
            let tag = |value: &Value| {
                // SAFETY: `repr(u8)`.
                unsafe { *std::ptr::from_ref(value).cast::<u8>() }
            };
            assert_eq!(u64::from(tag(&Value::Bool(true))), BOOL);
            assert_eq!(u64::from(tag(&Value::Int(7))), INT);
            assert_eq!(u64::from(tag(&Value::Float(7.0))), FLOAT);
            assert_eq!(tag(&Value::str("")), FIRST_HEAP);
            assert_eq!(u64::from(tag(&List::new().into())), LIST);
            assert!(tag(&Value::Native(crate::natives::find("show").unwrap())) < FIRST_HEAP);
            let mut value = Value::str("x");
            // SAFETY: `value` is a value.
            unsafe { set_int(&mut value, -5) };
            assert!(matches!(value, Value::Int(-5)));
            // SAFETY: as above.
            unsafe { set_list(&mut value, List::from_reversed(vec![Value::Int(1), Value::Unit])) };
            assert_eq!(crate::show::display(&value), "[(), 1]");
            // SAFETY: as above.
            unsafe { set_float(&mut value, 1.5) };
            assert!(matches!(value, Value::Float(1.5)));
            for bool in [true, false] {
                // SAFETY: as above.
                unsafe { set_bool(&mut value, bool) };
                assert!(matches!(value, Value::Bool(it) if it == bool));
            }
        }
    }
}

/// Widths of integers besides Int.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the types of the language")]
pub enum SizedKind {
    Int8,
    Int16,
    Int32,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
}

impl SizedKind {
    /// `value` modulo the width.
    pub fn wrap(self, value: i64) -> i64 {
        match self {
            SizedKind::Int8 => i64::from(value as i8),
            SizedKind::Int16 => i64::from(value as i16),
            SizedKind::Int32 => i64::from(value as i32),
            SizedKind::UInt8 => i64::from(value as u8),
            SizedKind::UInt16 => i64::from(value as u16),
            SizedKind::UInt32 => i64::from(value as u32),
            SizedKind::UInt64 => value,
        }
    }

    /// Suffix in result form.
    pub fn suffix(self) -> &'static str {
        match self {
            SizedKind::Int8 => "i8",
            SizedKind::Int16 => "i16",
            SizedKind::Int32 => "i32",
            SizedKind::UInt8 => "u8",
            SizedKind::UInt16 => "u16",
            SizedKind::UInt32 => "u32",
            SizedKind::UInt64 => "u64",
        }
    }

    /// The kind of values of this width.
    pub fn kind(self) -> Kind {
        match self {
            SizedKind::Int8 => Kind::Int8,
            SizedKind::Int16 => Kind::Int16,
            SizedKind::Int32 => Kind::Int32,
            SizedKind::UInt8 => Kind::UInt8,
            SizedKind::UInt16 => Kind::UInt16,
            SizedKind::UInt32 => Kind::UInt32,
            SizedKind::UInt64 => Kind::UInt64,
        }
    }
}

/// What a handle stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandleKind {
    /// An open file.
    File,
    /// A running program.
    Exec,
}

/// A linked constructor. Constructors are interned by the machine: the same one is the same allocation.
pub struct Ctor {
    /// Number of the type inside this machine; equal types have equal numbers.
    pub type_id: u32,
    /// What the chunk said.
    pub def: ConstructorRef,
}

/// Header of a function value.
#[derive(Clone)]
pub struct FunctionMeta {
    /// The chunk it belongs to.
    pub(crate) unit: Rc<Unit>,
    /// Which body of it.
    pub(crate) body: u16,
}

/// A typed array.
pub enum ArrayObj {
    /// `Int64Array`.
    Int64(RefCell<Vec<i64>>),
    /// `Float64Array`.
    Float64(RefCell<Vec<f64>>),
    /// `Float32Array`.
    Float32(RefCell<Vec<f32>>),
}

impl Drop for ArrayObj {
    fn drop(&mut self) {
        mem::discharge(self.bytes());
    }
}

impl ArrayObj {
    fn bytes(&self) -> usize {
        match self {
            ArrayObj::Int64(items) => items.borrow().capacity() * 8,
            ArrayObj::Float64(items) => items.borrow().capacity() * 8,
            ArrayObj::Float32(items) => items.borrow().capacity() * 4,
        }
    }

    /// An array value that is accounted for. Typed arrays never grow.
    pub(crate) fn into_value(self) -> Value {
        mem::charge(self.bytes());
        Value::Array(Rc::new(self))
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            ArrayObj::Int64(items) => items.borrow().len(),
            ArrayObj::Float64(items) => items.borrow().len(),
            ArrayObj::Float32(items) => items.borrow().len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        match self {
            ArrayObj::Int64(items) => items.borrow().get(index).map(|&item| Value::Int(item)),
            ArrayObj::Float64(items) => items.borrow().get(index).map(|&item| Value::Float(item)),
            ArrayObj::Float32(items) => items.borrow().get(index).map(|&item| Value::Float(f64::from(item))),
        }
    }

    /// A copy with its own identity.
    pub(crate) fn copy(&self) -> Value {
        match self {
            ArrayObj::Int64(items) => ArrayObj::Int64(items.clone()),
            ArrayObj::Float64(items) => ArrayObj::Float64(items.clone()),
            ArrayObj::Float32(items) => ArrayObj::Float32(items.clone()),
        }
        .into_value()
    }

    /// Name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            ArrayObj::Int64(_) => "Int64Array",
            ArrayObj::Float64(_) => "Float64Array",
            ArrayObj::Float32(_) => "Float32Array",
        }
    }
}

/// Text that is appended to in place.
#[derive(Default)]
pub struct BufferObj(RefCell<String>);

impl BufferObj {
    /// Bytes in it.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn append(&self, more: &str) -> Result<(), Trap> {
        let mut text = self.0.borrow_mut();
        let before = text.capacity();
        let appended = text::append(&mut text, more);
        mem::charge(text.capacity() - before);
        appended
    }

    pub(crate) fn text(&self) -> Result<Str, Trap> {
        text::copied(&self.0.borrow())
    }

    /// A copy with its own identity; empty if the run has to end, see [`crate::stop`].
    pub(crate) fn copy(&self) -> Value {
        let copy = Self::default();
        let _ = copy.append(&self.0.borrow());
        Value::Buffer(Rc::new(copy))
    }
}

impl Drop for BufferObj {
    fn drop(&mut self) {
        mem::discharge(self.0.borrow().capacity());
    }
}

/// A reactive record, or a reactive variant (one field: its current value).
pub struct ReactiveObj {
    /// Stable number, never used twice by a machine.
    pub id: u64,
    /// Its constructor; changes when a reactive variant is set.
    pub(crate) ctor: RefCell<Rc<Ctor>>,
    /// Current fields.
    pub(crate) fields: RefCell<Vec<Value>>,
    /// Callbacks of `onChange`, in order of registration.
    pub(crate) on_change: RefCell<Vec<Value>>,
    /// Callbacks of `onRead`.
    pub(crate) on_read: RefCell<Vec<Value>>,
    /// Reactive records that hold this one, with the field; weak, because a parent owns its children.
    pub(crate) parents: RefCell<Vec<(std::rc::Weak<ReactiveObj>, u16)>>,
}

impl Drop for ReactiveObj {
    fn drop(&mut self) {
        for values in [&mut self.fields, &mut self.on_change, &mut self.on_read] {
            mem::release(std::mem::take(values.get_mut()), 0);
        }
    }
}

/// Content of a captured `var`.
pub struct CellObj {
    value: Cell<Value>,
    /// [`cycles`] knows of it.
    noted: Cell<bool>,
}

impl CellObj {
    pub(crate) fn new(value: Value) -> Self {
        Self { value: Cell::new(value), noted: Cell::new(false) }
    }

    /// A copy of the content.
    #[inline]
    pub(crate) fn get(&self) -> Value {
        let value = self.value.take();
        let copy = value.clone();
        self.value.set(value);
        copy
    }

    /// Replaces the content. The old one dies after the new one is in place.
    #[inline]
    pub(crate) fn assign(this: &Rc<Self>, value: Value) {
        let may_hold_cells = matches!(
            value,
            Value::Closure(_) | Value::Tuple(_) | Value::Data(_) | Value::List(..) | Value::Map(_) | Value::Cell(_)
        );
        drop(this.value.replace(value));
        if may_hold_cells && !this.noted.replace(true) {
            cycles::note(this);
        }
    }

    /// The content; the cell holds `()` afterwards.
    pub(crate) fn take(&self) -> Value {
        self.value.take()
    }
}

impl Drop for CellObj {
    fn drop(&mut self) {
        let content = self.value.take();
        if content.is_heap() {
            if mem::enter(1) {
                drop(content);
                mem::leave();
            } else {
                mem::defer([mem::Garbage::Value(content)]);
            }
        }
    }
}

impl Value {
    /// Whether dropping the value does anything.
    #[inline]
    pub(crate) fn is_heap(&self) -> bool {
        !matches!(
            self,
            Value::Unit
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Char(_)
                | Value::Float32(_)
                | Value::Sized(..)
                | Value::Pid(_)
                | Value::Handle(..)
                | Value::Native(_)
        )
    }

    /// A string.
    pub fn str(text: &str) -> Self {
        Value::Str(Str::from(text))
    }

    /// A tuple.
    pub fn tuple(items: Vec<Value>) -> Self {
        let len = items.len();
        Value::Tuple(Block::new((), len, items.into_iter()))
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Self {
        List::from(items).into()
    }

    /// A record or variant value.
    pub(crate) fn data(ctor: Rc<Ctor>, fields: Vec<Value>) -> Self {
        let len = fields.len();
        Value::Data(Block::new(ctor, len, fields.into_iter()))
    }

    /// The list, if it is one.
    #[inline]
    pub fn as_list(&self) -> Option<ListRef<'_>> {
        match self {
            Value::List(len, buf) => Some(ListRef::new(buf.as_ref(), *len)),
            _ => None,
        }
    }

    /// The kind, which for records, variants and functions says no more than that.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Unit => Kind::Unit,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Char(_) => Kind::Char,
            Value::Float32(_) => Kind::Float32,
            Value::Sized(sized, _) => sized.kind(),
            Value::Pid(_) => Kind::Pid,
            Value::Handle(..) | Value::Failure(_) | Value::Cell(_) => Kind::Handle,
            Value::Native(_) | Value::Closure(_) | Value::Constructor(_) => Kind::Function,
            Value::Str(_) => Kind::String,
            Value::List(..) => Kind::List,
            Value::Tuple(_) => Kind::Tuple,
            Value::Data(_) | Value::Reactive(_) => Kind::Data,
            Value::Map(_) => Kind::Map,
            Value::Set(_) => Kind::Set,
            Value::BigInt(_) => Kind::BigInt,
            Value::Decimal(_) => Kind::Decimal,
            Value::Array(array) => match **array {
                ArrayObj::Int64(_) => Kind::Int64Array,
                ArrayObj::Float64(_) => Kind::Float64Array,
                ArrayObj::Float32(_) => Kind::Float32Array,
            },
            Value::Buffer(_) => Kind::Buffer,
        }
    }

    /// Name of the kind as `typeOf` and type errors give it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Data(data) => match data.meta().def.kind {
                TypeKind::Record | TypeKind::Reactive => "Record",
                TypeKind::Variant | TypeKind::ReactiveVariant => "Variant",
            },
            Value::Reactive(object) => match object.ctor.borrow().def.kind {
                TypeKind::Record | TypeKind::Reactive => "Record",
                TypeKind::Variant | TypeKind::ReactiveVariant => "Variant",
            },
            _ => kind_name(self.kind()),
        }
    }

    /// The constructor of a record or variant value.
    #[inline]
    pub(crate) fn ctor(&self) -> Option<Rc<Ctor>> {
        match self {
            Value::Data(data) => Some(Rc::clone(data.meta())),
            Value::Reactive(object) => Some(Rc::clone(&object.ctor.borrow())),
            _ => None,
        }
    }
}

/// Name of a kind.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Unit => "Unit",
        Kind::Bool => "Bool",
        Kind::Int => "Int",
        Kind::Int8 => "Int8",
        Kind::Int16 => "Int16",
        Kind::Int32 => "Int32",
        Kind::UInt8 => "UInt8",
        Kind::UInt16 => "UInt16",
        Kind::UInt32 => "UInt32",
        Kind::UInt64 => "UInt64",
        Kind::Float => "Float",
        Kind::Float32 => "Float32",
        Kind::BigInt => "BigInt",
        Kind::Decimal => "Decimal",
        Kind::Char => "Char",
        Kind::String => "String",
        Kind::List => "List",
        Kind::Tuple => "Tuple",
        Kind::Data => "Record",
        Kind::Map => "Map",
        Kind::Set => "Set",
        Kind::Function => "Function",
        Kind::Pid => "Pid",
        Kind::Int64Array => "Int64Array",
        Kind::Float64Array => "Float64Array",
        Kind::Float32Array => "Float32Array",
        Kind::Buffer => "Buffer",
        Kind::Handle => "Handle",
    }
}

impl From<List> for Value {
    #[inline]
    fn from(list: List) -> Self {
        Value::List(list.len, list.buf)
    }
}

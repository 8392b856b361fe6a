//! Reactive records and variants: identity, assignable fields, callbacks.
//!
//! A write puts the id into the change set and opens one frame per callback; they run, in order of registration,
//! before the writing code goes on.

use std::cell::RefCell;
use std::rc::Rc;

use bytecode::TypeKind;

use crate::failure::{Trap, type_error};
use crate::interp::push_callback;
use crate::machine::World;
use crate::process::Process;
use crate::value::{Ctor, ReactiveObj, Value};

/// Whether values of this constructor have identity.
#[inline]
pub(crate) fn is_reactive(ctor: &Ctor) -> bool {
    matches!(ctor.def.kind, TypeKind::Reactive | TypeKind::ReactiveVariant)
}

/// A new reactive value.
pub(crate) fn construct(world: &mut World, ctor: &Rc<Ctor>, fields: Vec<Value>) -> Value {
    let id = world.next_reactive;
    world.next_reactive += 1;
    let object = Rc::new(ReactiveObj {
        id,
        ctor: RefCell::new(Rc::clone(ctor)),
        fields: RefCell::new(fields),
        on_change: RefCell::default(),
        on_read: RefCell::default(),
        parents: RefCell::default(),
    });
    for (place, field) in object.fields.borrow().iter().enumerate() {
        adopt(&object, place, field);
    }
    Value::Reactive(object)
}

/// Tells a reactive value in a field who holds it.
fn adopt(parent: &Rc<ReactiveObj>, place: usize, field: &Value) {
    if let Value::Reactive(child) = field {
        child.parents.borrow_mut().push((Rc::downgrade(parent), place as u16));
    }
}

/// Field `place`.
pub(crate) fn read(object: &ReactiveObj, place: usize) -> Result<Value, Trap> {
    match object.fields.borrow().get(place) {
        Some(value) => Ok(value.clone()),
        None => Err(type_error("a record with this field", &Value::Unit)),
    }
}

/// Opens the frames of `onRead` callbacks; whether there are any.
pub(crate) fn notify_read(_world: &mut World, process: &mut Process, object: &ReactiveObj, place: usize) -> bool {
    let callbacks = object.on_read.borrow();
    if callbacks.is_empty() {
        return false;
    }
    let name = object.ctor.borrow().def.fields.get(place).map_or(Value::Unit, |name| Value::str(name));
    let value = object.fields.borrow().get(place).cloned().unwrap_or_default();
    for callback in callbacks.iter().rev() {
        push_callback(process, callback, vec![name.clone(), value.clone()]);
    }
    true
}

/// Writes a field and opens the frames of `onChange` callbacks; whether there are any.
pub(crate) fn assign(
    world: &mut World,
    process: &mut Process,
    object: &Rc<ReactiveObj>,
    place: usize,
    value: Value,
) -> Result<bool, Trap> {
    let old = match object.fields.borrow_mut().get_mut(place) {
        Some(slot) => std::mem::replace(slot, value.clone()),
        None => return Err(type_error("a record with this field", &value)),
    };
    if let Value::Reactive(child) = &old {
        let here = Rc::as_ptr(object);
        child.parents.borrow_mut().retain(|(parent, at)| parent.as_ptr() != here || usize::from(*at) != place);
    }
    adopt(object, place, &value);
    if !world.changed_reactives.contains(&object.id) {
        world.changed_reactives.push(object.id);
    }
    let name = object.ctor.borrow().def.fields.get(place).map_or(Value::Unit, |name| Value::str(name));
    let callbacks = object.on_change.borrow();
    for callback in callbacks.iter().rev() {
        push_callback(process, callback, vec![name.clone(), old.clone(), value.clone()]);
    }
    Ok(!callbacks.is_empty())
}

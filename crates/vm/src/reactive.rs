//! Reactive records and variants: identity, assignable fields, callbacks, and what reads what.
//!
//! A write puts the id into the change set and opens one frame per callback; they run, in order of registration,
//! before the writing code goes on. A read while a component renders is remembered for that component.

use std::cell::RefCell;
use std::rc::Rc;

use bytecode::TypeKind;
use smol_str::SmolStr;

use crate::failure::{Trap, type_error};
use crate::interp::push_callback;
use crate::machine::World;
use crate::process::Process;
use crate::value::{Ctor, ReactiveObj, Value};

/// The reactive part of a machine.
#[derive(Default)]
pub(crate) struct Reactives {
    last_id: u64,
    /// Ids written since they were last asked for, in order of the first write.
    pub(crate) changed: Vec<u64>,
    /// Components that are rendering, innermost last.
    pub(crate) rendering: Vec<SmolStr>,
    /// What each component read, in order of the first rendering.
    pub(crate) components: Vec<(SmolStr, Vec<u64>)>,
}

impl Reactives {
    /// A component begins to render; what it read before is forgotten.
    pub(crate) fn begin(&mut self, name: SmolStr) {
        match self.components.iter_mut().find(|(known, _)| *known == name) {
            Some((_, reads)) => reads.clear(),
            None => self.components.push((name.clone(), Vec::new())),
        }
        self.rendering.push(name);
    }

    fn note_read(&mut self, id: u64) {
        if let Some(name) = self.rendering.last()
            && let Some((_, reads)) = self.components.iter_mut().find(|(known, _)| known == name)
            && !reads.contains(&id)
        {
            reads.push(id);
        }
    }

    fn note_write(&mut self, id: u64) {
        if !self.changed.contains(&id) {
            self.changed.push(id);
        }
    }
}

/// Whether values of this constructor have identity.
#[inline]
pub(crate) fn is_reactive(ctor: &Ctor) -> bool {
    matches!(ctor.def.kind, TypeKind::Reactive | TypeKind::ReactiveVariant)
}

/// A new reactive value.
pub(crate) fn construct(world: &mut World, ctor: &Rc<Ctor>, fields: Vec<Value>) -> Value {
    world.reactive.last_id += 1;
    let object = Rc::new(ReactiveObj {
        id: world.reactive.last_id,
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

fn abandon(parent: &Rc<ReactiveObj>, place: usize, field: &Value) {
    if let Value::Reactive(child) = field {
        let here = Rc::as_ptr(parent);
        child.parents.borrow_mut().retain(|(parent, at)| parent.as_ptr() != here || usize::from(*at) != place);
    }
}

/// `.parents` and `.children`, unless the record has a field of that name.
pub(crate) fn relatives(object: &ReactiveObj, name: &str) -> Option<Value> {
    if object.ctor.borrow().def.fields.iter().any(|field| field == name) {
        return None;
    }
    match name {
        "parents" => Some(parents(object)),
        "children" => Some(children(object)),
        _ => None,
    }
}

/// `(parent, fieldName)` of the reactive records that hold this one.
fn parents(object: &ReactiveObj) -> Value {
    let parents = object.parents.borrow();
    let pairs = parents.iter().filter_map(|(parent, place)| {
        let parent = parent.upgrade()?;
        let name =
            parent.ctor.borrow().def.fields.get(usize::from(*place)).map_or(Value::Unit, |name| Value::str(name));
        Some(Value::tuple(vec![Value::Reactive(parent), name]))
    });
    Value::list(pairs.collect())
}

/// Reactive values in the fields.
fn children(object: &ReactiveObj) -> Value {
    let fields = object.fields.borrow();
    Value::list(fields.iter().filter(|field| matches!(field, Value::Reactive(_))).cloned().collect())
}

/// Field `place`.
pub(crate) fn read(object: &ReactiveObj, place: usize) -> Result<Value, Trap> {
    match object.fields.borrow().get(place) {
        Some(value) => Ok(value.clone()),
        None => Err(type_error("a record with this field", &Value::Unit)),
    }
}

/// A read happened: opens the frames of `onRead` callbacks; whether there are any.
pub(crate) fn notify_read(
    world: &mut World,
    process: &mut Process,
    object: &ReactiveObj,
    place: usize,
) -> Result<bool, Trap> {
    world.reactive.note_read(object.id);
    let callbacks = object.on_read.borrow();
    if callbacks.is_empty() {
        return Ok(false);
    }
    let name = field_name(object, place);
    let value = object.fields.borrow().get(place).cloned().unwrap_or_default();
    for callback in callbacks.iter().rev() {
        push_callback(world, process, callback, vec![name.clone(), value.clone()])?;
    }
    Ok(true)
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
    abandon(object, place, &old);
    adopt(object, place, &value);
    world.reactive.note_write(object.id);
    let name = field_name(object, place);
    let callbacks = object.on_change.borrow();
    for callback in callbacks.iter().rev() {
        push_callback(world, process, callback, vec![name.clone(), old.clone(), value.clone()])?;
    }
    Ok(!callbacks.is_empty())
}

/// `.get()` of a reactive variant.
pub(crate) fn read_whole(world: &mut World, object: &ReactiveObj, content: Value) -> Result<Value, Trap> {
    world.reactive.note_read(object.id);
    let callbacks = object.on_read.borrow();
    if callbacks.is_empty() {
        return Ok(content);
    }
    let calls = callbacks.iter().map(|callback| (callback.clone(), vec![content.clone()])).collect();
    Err(Trap::Callbacks(Box::new((content, calls))))
}

/// `.set(v)` of a reactive variant: takes over the content of `value`.
pub(crate) fn set_whole(world: &mut World, object: &Rc<ReactiveObj>, value: &Value) -> Result<Value, Trap> {
    let (ctor, fields) = match value {
        Value::Reactive(other) => (Rc::clone(&other.ctor.borrow()), other.fields.borrow().clone()),
        Value::Data(fields) => (Rc::clone(fields.meta()), fields.to_vec()),
        other => return Err(type_error("a reactive value", other)),
    };
    let new = Value::data(Rc::clone(&ctor), fields.clone());
    let old_fields = object.fields.replace(fields);
    let old = Value::data(object.ctor.replace(ctor), old_fields);
    world.reactive.note_write(object.id);
    let callbacks = object.on_change.borrow();
    if callbacks.is_empty() {
        return Ok(Value::Unit);
    }
    let calls = callbacks.iter().map(|callback| (callback.clone(), vec![old.clone(), new.clone()])).collect();
    Err(Trap::Callbacks(Box::new((Value::Unit, calls))))
}

fn field_name(object: &ReactiveObj, place: usize) -> Value {
    object.ctor.borrow().def.fields.get(place).map_or(Value::Unit, |name| Value::str(name))
}

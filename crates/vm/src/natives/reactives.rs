//! Reactive values: callbacks, change sets, components.

use std::rc::Rc;

use crate::failure::{Trap, type_error};
use crate::natives::{NativeDef, native, text};
use crate::reactive;
use crate::value::{ReactiveObj, Value};

pub(super) static TABLE: &[NativeDef] = &[
    native("Reactive.flushPending", 0, |ctx, _| {
        let changed = std::mem::take(&mut ctx.world.reactive.changed);
        let names =
            ctx.world.reactive.components.iter().filter(|(_, reads)| reads.iter().any(|id| changed.contains(id)));
        Ok(Value::list(names.map(|(name, _)| Value::str(name)).collect()))
    }),
    native("Reactive.get", 1, |ctx, args| {
        let object = Rc::clone(object(&args[0])?);
        let content = Value::data(Rc::clone(&object.ctor.borrow()), object.fields.borrow().clone());
        reactive::read_whole(ctx.world, &object, content)
    }),
    native("Reactive.getChangedRecordIds", 0, |ctx, _| {
        let changed = std::mem::take(&mut ctx.world.reactive.changed);
        Ok(Value::list(changed.into_iter().map(|id| Value::Int(id as i64)).collect()))
    }),
    native("Reactive.onChange", 2, |_, args| {
        object(&args[0])?.on_change.borrow_mut().push(args[1].clone());
        Ok(Value::Unit)
    }),
    native("Reactive.onRead", 2, |_, args| {
        object(&args[0])?.on_read.borrow_mut().push(args[1].clone());
        Ok(Value::Unit)
    }),
    native("Reactive.set", 2, |ctx, args| reactive::set_whole(ctx.world, object(&args[0])?, &args[1])),
    native("RenderStack.current", 0, |ctx, _| {
        Ok(text(ctx.world.reactive.rendering.last().map_or("", |name| name.as_str())))
    }),
    native("RenderStack.pop", 0, |ctx, _| {
        ctx.world.reactive.rendering.pop();
        Ok(Value::Unit)
    }),
    native("RenderStack.push", 1, |ctx, args| {
        let name = super::string(&args[0])?;
        ctx.world.reactive.begin((&name[..]).into());
        Ok(Value::Unit)
    }),
    native("reactiveId", 1, |_, args| Ok(Value::Int(object(&args[0])?.id as i64))),
];

fn object(value: &Value) -> Result<&Rc<ReactiveObj>, Trap> {
    match value {
        Value::Reactive(object) => Ok(object),
        other => Err(type_error("a reactive value", other)),
    }
}

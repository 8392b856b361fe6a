//! Typed arrays.

use crate::failure::{Trap, panic, type_error};
use crate::interp::{index, set_array};
use crate::natives::{NativeCtx, NativeDef, int, list, native};
use crate::number;
use crate::stop::{self, polled, until_stopped};
use crate::value::{ArrayObj, Value};

pub(super) static TABLE: &[NativeDef] = &[
    native("Float32Array.fromList", 1, |_, args| {
        let items = numbers(&args[0], number::to_float32)?;
        Ok(ArrayObj::Float32(items.into()).into_value())
    }),
    native("Float32Array.get", 2, get),
    native("Float32Array.length", 1, length),
    native("Float32Array.make", 2, |ctx, args| {
        let (count, item) = (count(ctx, &args[0])?, number::to_float32(&args[1])?);
        Ok(ArrayObj::Float32(filled(item, count)?.into()).into_value())
    }),
    native("Float32Array.set", 3, set),
    native("Float32Array.toList", 1, to_list),
    native("Float64Array.fromList", 1, |_, args| {
        let items = numbers(&args[0], number::to_float)?;
        Ok(ArrayObj::Float64(items.into()).into_value())
    }),
    native("Float64Array.get", 2, get),
    native("Float64Array.length", 1, length),
    native("Float64Array.make", 2, |ctx, args| {
        let (count, item) = (count(ctx, &args[0])?, number::to_float(&args[1])?);
        Ok(ArrayObj::Float64(filled(item, count)?.into()).into_value())
    }),
    native("Float64Array.set", 3, set),
    native("Float64Array.toList", 1, to_list),
    native("Int64Array.fromList", 1, |_, args| {
        let items = numbers(&args[0], int)?;
        Ok(ArrayObj::Int64(items.into()).into_value())
    }),
    native("Int64Array.get", 2, get),
    native("Int64Array.length", 1, length),
    native("Int64Array.make", 2, |ctx, args| {
        let (count, item) = (count(ctx, &args[0])?, int(&args[1])?);
        Ok(ArrayObj::Int64(filled(item, count)?.into()).into_value())
    }),
    native("Int64Array.set", 3, set),
    native("Int64Array.toList", 1, to_list),
    native("newFloat32Array", 1, |ctx, args| {
        let count = count(ctx, &args[0])?;
        Ok(ArrayObj::Float32(filled(0.0, count)?.into()).into_value())
    }),
    native("newFloat64Array", 1, |ctx, args| {
        let count = count(ctx, &args[0])?;
        Ok(ArrayObj::Float64(filled(0.0, count)?.into()).into_value())
    }),
    native("newInt64Array", 1, |ctx, args| {
        let count = count(ctx, &args[0])?;
        Ok(ArrayObj::Int64(filled(0, count)?.into()).into_value())
    }),
    native("sumInt64Array", 1, |_, args| match array(&args[0])? {
        ArrayObj::Int64(items) => {
            let mut sum = 0i64;
            for part in items.borrow().chunks(PART) {
                stop::check()?;
                sum = part.iter().fold(sum, |sum, item| sum.wrapping_add(*item));
            }
            Ok(Value::Int(sum))
        }
        _ => Err(type_error("Int64Array", &args[0])),
    }),
];

/// Elements that are handled between two looks at the limits.
const PART: usize = 1 << 16;

fn numbers<T>(items: &Value, number: impl Fn(&Value) -> Result<T, Trap>) -> Result<Vec<T>, Trap> {
    polled(list(items)?.iter()).map(|item| number(item?)).collect()
}

fn filled<T: Clone>(item: T, count: usize) -> Result<Vec<T>, Trap> {
    let mut items = Vec::with_capacity(count);
    while items.len() < count {
        stop::check()?;
        items.resize(count.min(items.len() + PART), item.clone());
    }
    Ok(items)
}

fn array(value: &Value) -> Result<&ArrayObj, Trap> {
    match value {
        Value::Array(array) => Ok(array),
        other => Err(type_error("Array", other)),
    }
}

fn count(ctx: &NativeCtx<'_>, value: &Value) -> Result<usize, Trap> {
    let count = int(value)?;
    let count = usize::try_from(count).map_err(|_| panic(format!("Invalid array size: {count}")))?;
    ctx.world.room(count.saturating_mul(8))?;
    Ok(count)
}

fn get(_: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    array(&args[0])?;
    index(&args[0], &args[1])
}

fn length(_: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    Ok(Value::Int(array(&args[0])?.len() as i64))
}

/// A new array with one element replaced.
fn set(ctx: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    let at = int(&args[1])?;
    let old = array(&args[0])?;
    ctx.world.room(old.len() * 8)?;
    let copy = old.copy();
    set_array(array(&copy)?, at, &args[2])?;
    Ok(copy)
}

fn to_list(_: &mut NativeCtx<'_>, args: &mut [Value]) -> Result<Value, Trap> {
    let array = array(&args[0])?;
    Ok(Value::list(until_stopped(0..array.len()).filter_map(|index| array.get(index)).collect()))
}

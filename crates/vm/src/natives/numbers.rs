//! Numbers: conversions, elementary functions, random numbers.

use crate::compare::compare;
use crate::failure::{Trap, panic};
use crate::list::List;
use crate::natives::{NativeDef, float, int, list, native, take_list};
use crate::number::{self, Op};
use crate::stop::until_stopped;
use crate::value::{SizedKind, Value};

pub(super) static TABLE: &[NativeDef] = &[
    native("Random.bool", 0, |ctx, _| Ok(Value::Bool(ctx.random() >> 63 == 1))),
    native("Random.bytes", 1, |ctx, args| {
        let count = int(&args[0])?.max(0) as usize;
        ctx.world.room(count.saturating_mul(size_of::<Value>()))?;
        Ok(Value::list(until_stopped(0..count).map(|_| Value::Int((ctx.random() >> 56) as i64)).collect()))
    }),
    native("Random.choice", 1, |ctx, args| {
        let items = list(&args[0])?;
        if items.is_empty() {
            return Err(panic("Random.choice: empty list"));
        }
        let index = ctx.random_below(items.len() as u64) as usize;
        Ok(items.get(index).cloned().unwrap_or_default())
    }),
    native("Random.float", 0, |ctx, _| Ok(Value::Float((ctx.random() >> 11) as f64 / (1u64 << 53) as f64))),
    native("Random.int", 2, |ctx, args| {
        let (low, high) = (int(&args[0])?, int(&args[1])?);
        if high < low {
            return Err(panic("Random.int: empty range"));
        }
        let width = high.wrapping_sub(low) as u64;
        let step = if width == u64::MAX { ctx.random() } else { ctx.random_below(width + 1) };
        Ok(Value::Int(low.wrapping_add(step as i64)))
    }),
    native("Random.shuffle", 1, |ctx, args| {
        let mut items = take_list(&mut args[0])?.into_reversed();
        for index in until_stopped((1..items.len()).rev()) {
            let other = ctx.random_below(index as u64 + 1) as usize;
            items.swap(index, other);
        }
        Ok(List::from_reversed(items).into())
    }),
    native("abs", 1, |_, args| number::absolute(&args[0])),
    native("asBigInt", 1, |_, args| number::to_bigint(&args[0]).map(number::big)),
    native("asFloat", 1, |_, args| number::to_float(&args[0]).map(Value::Float)),
    native("asFloat32", 1, |_, args| number::to_float32(&args[0]).map(Value::Float32)),
    native("asFloat64", 1, |_, args| number::to_float(&args[0]).map(Value::Float)),
    native("asInt", 1, |_, args| number::to_int(&args[0]).map(Value::Int)),
    native("asInt16", 1, |_, args| number::to_sized(SizedKind::Int16, &args[0])),
    native("asInt32", 1, |_, args| number::to_sized(SizedKind::Int32, &args[0])),
    native("asInt64", 1, |_, args| number::to_int(&args[0]).map(Value::Int)),
    native("asInt8", 1, |_, args| number::to_sized(SizedKind::Int8, &args[0])),
    native("asUInt16", 1, |_, args| number::to_sized(SizedKind::UInt16, &args[0])),
    native("asUInt32", 1, |_, args| number::to_sized(SizedKind::UInt32, &args[0])),
    native("asUInt64", 1, |_, args| number::to_sized(SizedKind::UInt64, &args[0])),
    native("asUInt8", 1, |_, args| number::to_sized(SizedKind::UInt8, &args[0])),
    native("ceil", 1, |_, args| Ok(Value::Int(real(&args[0])?.ceil() as i64))),
    native("cos", 1, |_, args| Ok(Value::Float(float(&args[0])?.cos()))),
    native("floor", 1, |_, args| Ok(Value::Int(real(&args[0])?.floor() as i64))),
    native("log", 1, |_, args| Ok(Value::Float(float(&args[0])?.ln()))),
    native("log10", 1, |_, args| Ok(Value::Float(float(&args[0])?.log10()))),
    native("max", 2, |_, args| {
        let second = compare(&args[0], &args[1])?.is_some_and(|order| order.is_lt());
        Ok(std::mem::take(&mut args[usize::from(second)]))
    }),
    native("min", 2, |_, args| {
        let second = compare(&args[0], &args[1])?.is_some_and(|order| order.is_gt());
        Ok(std::mem::take(&mut args[usize::from(second)]))
    }),
    native("pow", 2, |_, args| number::arith(Op::Pow, &args[0], &args[1])),
    native("round", 1, |_, args| Ok(Value::Int(real(&args[0])?.round() as i64))),
    native("sin", 1, |_, args| Ok(Value::Float(float(&args[0])?.sin()))),
    native("sqrt", 1, |_, args| Ok(Value::Float(float(&args[0])?.sqrt()))),
    native("tan", 1, |_, args| Ok(Value::Float(float(&args[0])?.tan()))),
    native("toBigInt", 1, |_, args| number::to_bigint(&args[0]).map(number::big)),
    native("toChar", 1, |_, args| {
        let code = int(&args[0])?;
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(char) => Ok(Value::Char(char)),
            None => Err(panic(format!("Invalid character code: {code}"))),
        }
    }),
    native("toFloat", 1, |_, args| number::to_float(&args[0]).map(Value::Float)),
    native("toFloat32", 1, |_, args| number::to_float32(&args[0]).map(Value::Float32)),
    native("toFloat64", 1, |_, args| number::to_float(&args[0]).map(Value::Float)),
    native("toInt", 1, |_, args| number::to_int(&args[0]).map(Value::Int)),
    native("toInt16", 1, |_, args| number::to_sized(SizedKind::Int16, &args[0])),
    native("toInt32", 1, |_, args| number::to_sized(SizedKind::Int32, &args[0])),
    native("toInt64", 1, |_, args| number::to_int(&args[0]).map(Value::Int)),
    native("toInt8", 1, |_, args| number::to_sized(SizedKind::Int8, &args[0])),
    native("toUInt16", 1, |_, args| number::to_sized(SizedKind::UInt16, &args[0])),
    native("toUInt32", 1, |_, args| number::to_sized(SizedKind::UInt32, &args[0])),
    native("toUInt64", 1, |_, args| number::to_sized(SizedKind::UInt64, &args[0])),
    native("toUInt8", 1, |_, args| number::to_sized(SizedKind::UInt8, &args[0])),
];

/// A Float, or a Float32 widened.
fn real(value: &Value) -> Result<f64, Trap> {
    match value {
        Value::Float32(value) => Ok(f64::from(*value)),
        other => float(other),
    }
}

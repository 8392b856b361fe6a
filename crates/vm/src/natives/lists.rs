//! Lists: what the library's list module cannot do as fast in the language itself.

use std::cell::Cell;
use std::cmp::Ordering;

use crate::collections::PSet;
use crate::compare::{check_key, compare, equal, total_order};
use crate::failure::{Raise, Trap, panic, throw_text, type_error};
use crate::list::List;
use crate::machine::World;
use crate::natives::{NativeDef, int, list, native, string, take_list};
use crate::stop::{self, Steps, polled, until_stopped};
use crate::text::Builder;
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Prim.listContains", 2, |_, args| Ok(Value::Bool(position(&args[0], &args[1])?.is_some()))),
    native("Prim.listDrop", 2, |_, args| {
        let count = int(&args[1])?;
        let items = take_list(&mut args[0])?;
        Ok(match usize::try_from(count) {
            Ok(count) => items.drop_front(count).into(),
            Err(_) => List::new().into(),
        })
    }),
    native("Prim.listFlatten", 1, |ctx, args| {
        let lists = list(&args[0])?;
        let mut total = 0;
        for inner in lists.iter() {
            total += list(inner)?.len();
        }
        ctx.world.room(total * size_of::<Value>())?;
        let mut items = Vec::with_capacity(total);
        let mut steps = Steps::default();
        for inner in lists.iter() {
            let inner = list(inner)?;
            steps.steps(inner.len())?;
            items.extend(inner.iter().cloned());
        }
        Ok(Value::list(items))
    }),
    native("Prim.listGet", 2, |_, args| {
        let index = int(&args[1])?;
        let items = list(&args[0])?;
        match usize::try_from(index) {
            Err(_) => Err(throw_text(&format!("Index out of bounds: {index} (negative index not allowed)"))),
            Ok(at) => items
                .get(at)
                .cloned()
                .ok_or_else(|| throw_text(&format!("Index out of bounds: index {index} is out of range"))),
        }
    }),
    native("Prim.listHead", 1, |_, args| list(&args[0])?.head().cloned().ok_or_else(|| Raise::EmptyList.into())),
    native("Prim.listIndexOf", 2, |_, args| {
        Ok(Value::Int(position(&args[0], &args[1])?.map_or(-1, |index| index as i64)))
    }),
    native("Prim.listIsEmpty", 1, |_, args| Ok(Value::Bool(list(&args[0])?.is_empty()))),
    native("Prim.listIsSorted", 1, |_, args| {
        let mut before: Option<&Value> = None;
        for item in polled(list(&args[0])?.iter()) {
            let item = item?;
            if let Some(before) = before
                && compare(before, item)?.is_some_and(Ordering::is_gt)
            {
                return Ok(Value::Bool(false));
            }
            before = Some(item);
        }
        Ok(Value::Bool(true))
    }),
    native("Prim.listJoin", 2, |_, args| join(&args[0], &args[1])),
    native("Prim.listLast", 1, |_, args| {
        let items = list(&args[0])?;
        items.get(items.len().wrapping_sub(1)).cloned().ok_or_else(|| panic("last: empty list"))
    }),
    native("Prim.listLength", 1, |_, args| Ok(Value::Int(list(&args[0])?.len() as i64))),
    native("Prim.listMax", 1, |_, args| extreme(&args[0], Ordering::Greater, "listMax: empty list")),
    native("Prim.listMin", 1, |_, args| extreme(&args[0], Ordering::Less, "listMin: empty list")),
    native("Prim.listPush", 2, |ctx, args| {
        let last = std::mem::take(&mut args[1]);
        let items = take_list(&mut args[0])?;
        ctx.world.room((items.view().len() + 1) * size_of::<Value>())?;
        let mut items = items.into_vec();
        items.push(last);
        Ok(Value::list(items))
    }),
    native("Prim.listRange", 2, |ctx, args| int_range(ctx.world, int(&args[0])?, int(&args[1])?)),
    native("Prim.listReplicate", 2, |ctx, args| {
        let count = int(&args[0])?.max(0) as usize;
        ctx.world.room(count.saturating_mul(size_of::<Value>()))?;
        Ok(List::from_reversed(row(count, (0..count).map(|_| args[1].clone()))).into())
    }),
    native("Prim.listReverse", 1, |_, args| {
        let mut items = take_list(&mut args[0])?.into_reversed();
        items.reverse();
        Ok(List::from_reversed(items).into())
    }),
    native("Prim.listSet", 3, |_, args| {
        let index = int(&args[1])?;
        let value = std::mem::take(&mut args[2]);
        let items = take_list(&mut args[0])?;
        Ok(match usize::try_from(index) {
            Ok(index) if index < items.view().len() => items.with(index, value).into(),
            _ => items.into(),
        })
    }),
    native("Prim.listSlice", 3, |_, args| {
        let (from, to) = (int(&args[1])?.max(0), int(&args[2])?);
        let items = take_list(&mut args[0])?;
        let len = items.view().len();
        let to = usize::try_from(to).unwrap_or(0).min(len);
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(len);
        if to <= from {
            return Ok(List::new().into());
        }
        if to == len {
            return Ok(items.drop_front(from).into());
        }
        Ok(Value::list(items.view().iter().skip(from).take(to - from).cloned().collect()))
    }),
    native("Prim.listSort", 1, |_, args| Ok(Value::list(sort(take_list(&mut args[0])?.into_vec())?))),
    native("Prim.listTail", 1, |_, args| {
        let items = take_list(&mut args[0])?;
        if items.view().is_empty() {
            return Err(Raise::EmptyList.into());
        }
        Ok(items.drop_front(1).into())
    }),
    native("Prim.listTake", 2, |_, args| {
        let count = int(&args[1])?;
        let items = take_list(&mut args[0])?;
        match usize::try_from(count) {
            Ok(count) if count < items.view().len() => {
                Ok(Value::list(items.view().iter().take(count).cloned().collect()))
            }
            _ => Ok(items.into()),
        }
    }),
    native("Prim.listUnique", 1, |_, args| Ok(Value::list(unique(list(&args[0])?.iter())?))),
    native("intListRange", 1, |ctx, args| {
        let count = int(&args[0])?;
        let Value::List(len, buf) = int_range(ctx.world, 1, count.saturating_add(1))? else {
            return Ok(List::new().into());
        };
        let mut items = List { buf, len }.into_reversed();
        items.reverse();
        Ok(List::from_reversed(items).into())
    }),
    native("len", 1, |_, args| Ok(Value::Int(list(&args[0])?.len() as i64))),
    native("toIntList", 1, |_, args| Ok(std::mem::take(&mut args[0]))),
];

/// So many values, unless the run has to end. A row that grows would be moved again and again.
fn row(count: usize, items: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut row = Vec::with_capacity(count);
    row.extend(until_stopped(items));
    row
}

/// Ints from `low` up to `high`, which is excluded.
pub(crate) fn int_range(world: &World, low: i64, high: i64) -> Result<Value, Trap> {
    if high <= low {
        return Ok(List::new().into());
    }
    let count = usize::try_from(high.abs_diff(low)).unwrap_or(usize::MAX);
    world.room(count.saturating_mul(size_of::<Value>()))?;
    Ok(List::from_reversed(row(count, (low..high).rev().map(Value::Int))).into())
}

/// Strings or characters with a separator between them.
pub(super) fn join(parts: &Value, separator: &Value) -> Result<Value, Trap> {
    let separator = string(separator)?;
    let mut out = Builder::default();
    for (index, part) in list(parts)?.iter().enumerate() {
        if index > 0 {
            out.push(separator)?;
        }
        match part {
            Value::Str(part) => out.push(part)?,
            Value::Char(part) => out.push_char(*part)?,
            other => return Err(type_error("String", other)),
        }
    }
    Ok(Value::Str(out.finish()))
}

/// Place of the first element that equals `wanted`.
fn position(items: &Value, wanted: &Value) -> Result<Option<usize>, Trap> {
    for (index, item) in polled(list(items)?.iter()).enumerate() {
        if equal(item?, wanted)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn extreme(value: &Value, wanted: Ordering, empty: &str) -> Result<Value, Trap> {
    let mut items = list(value)?.iter();
    let Some(mut best) = items.next() else { return Err(panic(empty)) };
    for item in polled(items) {
        let item = item?;
        if compare(item, best)? == Some(wanted) {
            best = item;
        }
    }
    Ok(best.clone())
}

/// Stable sort by the language's order; a failure of the comparison wins.
fn sort(mut items: Vec<Value>) -> Result<Vec<Value>, Trap> {
    if items.iter().all(|item| matches!(item, Value::Int(_))) {
        return stop::sorted(items, |run| run.sort_by_key(int_key), |a, b| int_key(a) <= int_key(b));
    }
    let failure = Cell::new(None);
    let order = |a: &Value, b: &Value| match compare(a, b) {
        Ok(Some(order)) => order,
        // NaN: kept in a total order, or the sort would be undefined.
        Ok(None) => total_order(a, b),
        Err(trap) => {
            failure.set(Some(failure.take().unwrap_or(trap)));
            Ordering::Equal
        }
    };
    items = stop::sorted(items, |run| run.sort_by(order), |a, b| order(a, b).is_le())?;
    failure.take().map_or(Ok(items), Err)
}

fn int_key(item: &Value) -> i64 {
    if let Value::Int(value) = item { *value } else { 0 }
}

/// First occurrences. Hashable elements are found in a tree, others by search.
fn unique<'a>(items: impl Iterator<Item = &'a Value>) -> Result<Vec<Value>, Trap> {
    let mut kept: Vec<Value> = Vec::new();
    let mut keys = PSet::default();
    for item in polled(items) {
        let item = item?;
        if check_key(item).is_ok() {
            if keys.insert(item.clone(), ()).is_none() {
                kept.push(item.clone());
            }
            continue;
        }
        let mut known = false;
        for other in polled(kept.iter()) {
            if equal(other?, item)? {
                known = true;
                break;
            }
        }
        if !known {
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

//! Maps and sets. Updates work in place when the argument has no other owner.

use std::rc::Rc;

use crate::collections::{KeyRef, MapObj, SetObj};
use crate::compare::check_key;
use crate::failure::{Trap, panic, type_error};
use crate::natives::{NativeDef, list, native};
use crate::show::display_nested;
use crate::stop::until_stopped;
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Map.contains", 2, |_, args| Ok(Value::Bool(map(&args[0])?.get(&args[1]).is_some()))),
    native("Map.difference", 2, |_, args| {
        let other = take_map(&mut args[1])?;
        filtered(&mut args[0], |key| !other.has(key))
    }),
    native("Map.empty", 0, |_, _| Ok(super::core::empty_map())),
    native("Map.fromList", 1, |_, args| {
        let pairs = list(&args[0])?;
        for pair in pairs.iter() {
            match pair {
                Value::Tuple(pair) if pair.len() == 2 => check_key(&pair[0])?,
                other => return Err(type_error("List of key-value tuples", other)),
            }
        }
        Ok(MapObj::collect(until_stopped(pairs.iter()).filter_map(|pair| match pair {
            Value::Tuple(pair) => Some((pair[0].clone(), pair[1].clone())),
            _ => None,
        })))
    }),
    native("Map.get", 2, |_, args| Ok(map(&args[0])?.get(&args[1]).cloned().unwrap_or_default())),
    native("Map.getOrThrow", 2, |_, args| match map(&args[0])?.get(&args[1]) {
        Some(value) => Ok(value.clone()),
        None => Err(panic(format!("Map.getOrThrow: key {} not found", display_nested(&args[1])))),
    }),
    native("Map.insert", 3, |_, args| {
        check_key(&args[1])?;
        let mut map = take_map(&mut args[0])?;
        let (key, value) = (std::mem::take(&mut args[1]), std::mem::take(&mut args[2]));
        Rc::make_mut(&mut map).0.insert(key, value);
        Ok(Value::Map(map))
    }),
    native("Map.intersection", 2, |_, args| {
        let other = take_map(&mut args[1])?;
        filtered(&mut args[0], |key| other.has(key))
    }),
    native("Map.isEmpty", 1, |_, args| Ok(Value::Bool(map(&args[0])?.is_empty()))),
    native("Map.keys", 1, |_, args| {
        Ok(Value::list(until_stopped(map(&args[0])?.iter()).map(|(key, _)| key.to_value()).collect()))
    }),
    native("Map.lookup", 2, |ctx, args| {
        let found = map(&args[0])?.get(&args[1]).cloned();
        Ok(ctx.option(found))
    }),
    native("Map.remove", 2, |_, args| {
        let mut map = take_map(&mut args[0])?;
        if map.get(&args[1]).is_some() {
            Rc::make_mut(&mut map).0.remove(&args[1]);
        }
        Ok(Value::Map(map))
    }),
    native("Map.size", 1, |_, args| Ok(Value::Int(map(&args[0])?.len() as i64))),
    native("Map.toList", 1, |_, args| {
        let pair = |(key, value): (KeyRef<'_>, &Value)| Value::tuple(vec![key.to_value(), value.clone()]);
        Ok(Value::list(until_stopped(map(&args[0])?.iter()).map(pair).collect()))
    }),
    native("Map.union", 2, |_, args| {
        let (own, mut other) = (take_map(&mut args[0])?, take_map(&mut args[1])?);
        let union = Rc::make_mut(&mut other);
        for (key, value) in until_stopped(own.iter()) {
            union.0.insert(key.to_value(), value.clone());
        }
        Ok(Value::Map(other))
    }),
    native("Map.values", 1, |_, args| {
        Ok(Value::list(until_stopped(map(&args[0])?.iter()).map(|(_, value)| value.clone()).collect()))
    }),
    native("Set.contains", 2, |_, args| Ok(Value::Bool(set(&args[0])?.contains(&args[1])))),
    native("Set.difference", 2, |_, args| {
        let (own, other) = (set(&args[0])?, set(&args[1])?);
        Ok(SetObj::collect(until_stopped(own.iter()).filter(|item| !other.has(*item)).map(KeyRef::to_value)))
    }),
    native("Set.empty", 0, |_, _| Ok(SetObj::collect(std::iter::empty()))),
    native("Set.fromList", 1, |_, args| {
        let items = list(&args[0])?;
        for item in items.iter() {
            check_key(item)?;
        }
        Ok(SetObj::collect(until_stopped(items.iter()).cloned()))
    }),
    native("Set.insert", 2, |_, args| {
        check_key(&args[1])?;
        let mut set = take_set(&mut args[0])?;
        // Others go on sharing all of a set that has the item.
        if Rc::strong_count(&set) == 1 || !set.contains(&args[1]) {
            Rc::make_mut(&mut set).0.insert(std::mem::take(&mut args[1]), ());
        }
        Ok(Value::Set(set))
    }),
    native("Set.intersection", 2, |_, args| {
        let (own, other) = (set(&args[0])?, set(&args[1])?);
        Ok(SetObj::collect(until_stopped(own.iter()).filter(|item| other.has(*item)).map(KeyRef::to_value)))
    }),
    native("Set.isEmpty", 1, |_, args| Ok(Value::Bool(set(&args[0])?.is_empty()))),
    native("Set.isProperSubset", 2, |_, args| {
        let (own, other) = (set(&args[0])?, set(&args[1])?);
        Ok(Value::Bool(own.len() < other.len() && own.iter().all(|item| other.has(item))))
    }),
    native("Set.isSubset", 2, |_, args| {
        let (own, other) = (set(&args[0])?, set(&args[1])?);
        Ok(Value::Bool(own.len() <= other.len() && own.iter().all(|item| other.has(item))))
    }),
    native("Set.remove", 2, |_, args| {
        let mut set = take_set(&mut args[0])?;
        if set.contains(&args[1]) {
            Rc::make_mut(&mut set).0.remove(&args[1]);
        }
        Ok(Value::Set(set))
    }),
    native("Set.size", 1, |_, args| Ok(Value::Int(set(&args[0])?.len() as i64))),
    native("Set.symmetricDifference", 2, |_, args| {
        let (own, other) = (set(&args[0])?, set(&args[1])?);
        let only_own = until_stopped(own.iter()).filter(|item| !other.has(*item));
        Ok(SetObj::collect(only_own.chain(other.iter().filter(|item| !own.has(*item))).map(KeyRef::to_value)))
    }),
    native("Set.toList", 1, |_, args| {
        Ok(Value::list(until_stopped(set(&args[0])?.iter()).map(KeyRef::to_value).collect()))
    }),
    native("Set.union", 2, |_, args| {
        let other = take_set(&mut args[1])?;
        let mut own = take_set(&mut args[0])?;
        let union = Rc::make_mut(&mut own);
        for item in other.iter() {
            if !union.has(item) {
                union.0.insert(item.to_value(), ());
            }
        }
        Ok(Value::Set(own))
    }),
];

pub(super) fn map(value: &Value) -> Result<&Rc<MapObj>, Trap> {
    match value {
        Value::Map(map) => Ok(map),
        other => Err(type_error("Map", other)),
    }
}

fn set(value: &Value) -> Result<&Rc<SetObj>, Trap> {
    match value {
        Value::Set(set) => Ok(set),
        other => Err(type_error("Set", other)),
    }
}

fn take_map(value: &mut Value) -> Result<Rc<MapObj>, Trap> {
    match std::mem::take(value) {
        Value::Map(map) => Ok(map),
        other => Err(type_error("Map", &other)),
    }
}

fn take_set(value: &mut Value) -> Result<Rc<SetObj>, Trap> {
    match std::mem::take(value) {
        Value::Set(set) => Ok(set),
        other => Err(type_error("Set", &other)),
    }
}

/// The map without the entries whose key is not wanted.
fn filtered(value: &mut Value, wanted: impl Fn(KeyRef<'_>) -> bool) -> Result<Value, Trap> {
    let map = take_map(value)?;
    let kept = map.iter().filter(|(key, _)| wanted(*key)).map(|(key, value)| (key.to_value(), value.clone()));
    Ok(MapObj::collect(kept))
}

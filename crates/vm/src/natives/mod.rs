//! Natives: the functions that the machine implements, by the names of the table in the `stdlib` crate.
//!
//! Input: evaluated arguments in the caller's registers; a native may take them. Output: a value or a [`Trap`].
//! Natives never call back into the interpreter.
//!
//! Invariant: each table below is sorted by name, so that [`find`] needs no initialisation.

mod arrays;
mod codec;
mod core;
mod files;
mod json;
mod lists;
mod maps;
mod numbers;
mod patterns;
mod reactives;
mod strings;
mod time;

use bytecode::TypeKind;

use crate::failure::{Trap, type_error};
use crate::list::{List, ListRef};
use crate::machine::World;
use crate::stop::Steps;
use crate::text::Str;
use crate::value::Value;

pub(crate) use self::lists::int_range;

/// What a native may use besides its arguments.
pub(crate) struct NativeCtx<'a> {
    pub(crate) world: &'a mut World,
    /// The running process.
    pub(crate) pid: u64,
    /// Clock when it started.
    pub(crate) started: i64,
    /// Number of messages waiting for it.
    pub(crate) mailbox: usize,
    /// What it has done.
    pub(crate) steps: Steps,
}

/// Implementation of a native.
pub(crate) type NativeFn = fn(&mut NativeCtx<'_>, &mut [Value]) -> Result<Value, Trap>;

/// A native.
pub struct NativeDef {
    /// Name in the table of the `stdlib` crate.
    pub name: &'static str,
    /// Number of parameters.
    pub params: u8,
    /// Number of parameters of the longest overload.
    pub max_params: u8,
    /// Implementation.
    pub(crate) run: NativeFn,
}

impl NativeDef {
    /// Whether it may be called with so many arguments.
    #[inline]
    pub fn takes(&self, arguments: usize) -> bool {
        (usize::from(self.params)..=usize::from(self.max_params)).contains(&arguments)
    }
}

const fn native(name: &'static str, params: u8, run: NativeFn) -> NativeDef {
    NativeDef { name, params, max_params: params, run }
}

static TABLES: &[&[NativeDef]] = &[
    core::TABLE,
    lists::TABLE,
    strings::TABLE,
    numbers::TABLE,
    maps::TABLE,
    arrays::TABLE,
    time::TABLE,
    files::TABLE,
    codec::TABLE,
    json::TABLE,
    patterns::TABLE,
    reactives::TABLE,
];

/// The native of this name.
pub(crate) fn find(name: &str) -> Option<&'static NativeDef> {
    TABLES
        .iter()
        .find_map(|table| table.binary_search_by(|native| native.name.cmp(name)).ok().map(|index| &table[index]))
}

/// Names of all natives, table by table.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|table| table.iter().map(|native| native.name))
}

// ---- Arguments ------------------------------------------------------------------------------------------------------

fn int(value: &Value) -> Result<i64, Trap> {
    match value {
        Value::Int(value) => Ok(*value),
        other => Err(type_error("Int", other)),
    }
}

fn float(value: &Value) -> Result<f64, Trap> {
    match value {
        Value::Float(value) => Ok(*value),
        other => Err(type_error("Float", other)),
    }
}

fn boolean(value: &Value) -> Result<bool, Trap> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(type_error("Bool", other)),
    }
}

fn string(value: &Value) -> Result<&Str, Trap> {
    match value {
        Value::Str(text) => Ok(text),
        other => Err(type_error("String", other)),
    }
}

fn list(value: &Value) -> Result<ListRef<'_>, Trap> {
    value.as_list().ok_or_else(|| type_error("List", value))
}

/// Moves a list out of its register.
fn take_list(value: &mut Value) -> Result<List, Trap> {
    match std::mem::take(value) {
        Value::List(len, buf) => Ok(List { buf, len }),
        other => Err(type_error("List", &other)),
    }
}

fn pid(value: &Value) -> Result<u64, Trap> {
    match value {
        Value::Pid(pid) => Ok(*pid),
        other => Err(type_error("Pid", other)),
    }
}

/// The strings of a list.
fn strings_of(value: &Value) -> Result<Vec<String>, Trap> {
    list(value)?.iter().map(|item| string(item).map(|text| text.to_string())).collect()
}

// ---- Results --------------------------------------------------------------------------------------------------------

fn text(text: impl Into<String>) -> Value {
    Value::Str(Str::from(text.into()))
}

/// `("ok", text)` or `("error", reason)`.
fn outcome(result: Result<String, String>) -> Value {
    let (kind, content) = match result {
        Ok(content) => ("ok", content),
        Err(reason) => ("error", reason),
    };
    Value::tuple(vec![Value::str(kind), text(content)])
}

impl NativeCtx<'_> {
    /// `Some(value)` or `None`.
    fn option(&mut self, value: Option<Value>) -> Value {
        let mut ctor = |name, place, fields: &[&str]| {
            self.world.library_ctor("stdlib.list", "Option", TypeKind::Variant, name, place, fields)
        };
        match value {
            Some(value) => Value::data(ctor("Some", (1, 2), &["_0"]), vec![value]),
            None => Value::data(ctor("None", (0, 2), &[]), Vec::new()),
        }
    }

    /// `Ok(value)` or `Err(error)`.
    fn result(&mut self, value: Result<Value, Value>) -> Value {
        let (name, index, value) = match value {
            Ok(value) => ("Ok", 0, value),
            Err(error) => ("Err", 1, error),
        };
        let ctor = self.world.library_ctor("stdlib.list", "Result", TypeKind::Variant, name, (index, 2), &["_0"]);
        Value::data(ctor, vec![value])
    }

    /// A record of a type of `stdlib.io`.
    fn io_record(&mut self, name: &str, fields: &[(&str, Value)]) -> Value {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let ctor = self.world.library_ctor("stdlib.io", name, TypeKind::Record, name, (0, 1), &names);
        Value::data(ctor, fields.iter().map(|(_, value)| value.clone()).collect())
    }

    /// The next random bits (xorshift*), seeded by the host.
    fn random(&mut self) -> u64 {
        let mut x = self.world.random;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.world.random = x;
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A uniform number below `n`, which is not 0.
    fn random_below(&mut self, n: u64) -> u64 {
        ((u128::from(self.random()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in TABLES {
            for pair in table.windows(2) {
                assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
            }
        }
    }

    #[test]
    fn every_native_of_the_library_is_implemented() {
        let missing: Vec<&str> =
            stdlib::natives().iter().map(|native| native.name).filter(|name| find(name).is_none()).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}

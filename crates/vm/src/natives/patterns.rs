//! Regular expressions: subject first, pattern second. Compiled patterns are remembered.

use std::rc::Rc;

use regex::Regex;

use crate::failure::{Trap, panic};
use crate::natives::{NativeCtx, NativeDef, native, string, text};
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Regex.captures", 2, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        let groups = regex.captures(string(&args[0])?).map(|groups| {
            let group = |group: Option<regex::Match<'_>>| Value::str(group.map_or("", |group| group.as_str()));
            Value::list(groups.iter().map(group).collect())
        });
        Ok(ctx.option(groups))
    }),
    native("Regex.find", 2, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        let found = regex.find(string(&args[0])?).map(|found| Value::str(found.as_str()));
        Ok(ctx.option(found))
    }),
    native("Regex.findAll", 2, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        let found = regex.find_iter(string(&args[0])?).map(|found| Value::str(found.as_str()));
        Ok(Value::list(found.collect()))
    }),
    native("Regex.matches", 2, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        Ok(Value::Bool(regex.is_match(string(&args[0])?)))
    }),
    native("Regex.replace", 3, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        Ok(text(regex.replace(string(&args[0])?, &string(&args[2])?[..])))
    }),
    native("Regex.replaceAll", 3, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        Ok(text(regex.replace_all(string(&args[0])?, &string(&args[2])?[..])))
    }),
    native("Regex.split", 2, |ctx, args| {
        let regex = compile(ctx, &args[1])?;
        Ok(Value::list(regex.split(string(&args[0])?).map(Value::str).collect()))
    }),
];

/// Patterns that are remembered at most.
const MAX_REMEMBERED: usize = 256;

fn compile(ctx: &mut NativeCtx<'_>, pattern: &Value) -> Result<Rc<Regex>, Trap> {
    let pattern = string(pattern)?;
    if let Some(regex) = ctx.world.regexes.get(&pattern[..]) {
        return Ok(Rc::clone(regex));
    }
    let regex = Regex::new(pattern).map_err(|error| panic(format!("Invalid regex: {error}")))?;
    let regex = Rc::new(regex);
    if ctx.world.regexes.len() >= MAX_REMEMBERED {
        ctx.world.regexes.clear();
    }
    ctx.world.regexes.insert((&pattern[..]).into(), Rc::clone(&regex));
    Ok(regex)
}

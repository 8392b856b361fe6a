//! Regular expressions: subject first, pattern second. Compiled patterns are remembered.
//!
//! A search cannot be interrupted. It takes time in proportion to the text, but with a large factor for some patterns: all
//! but short texts are searched on a thread of their own, and so is compiled what may become large.

use regex::{Captures, Regex};

use crate::failure::{Raise, Stop, Trap, panic};
use crate::natives::{NativeCtx, NativeDef, native, string, text};
use crate::stop::{self, Asked, until_stopped};
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Regex.captures", 2, |ctx, args| {
        let groups = search(ctx, args, |regex, text, _| {
            let groups = regex.captures(text)?;
            let group = |group: Option<regex::Match<'_>>| group.map_or("", |group| group.as_str()).to_owned();
            Some(groups.iter().map(group).collect::<Vec<_>>())
        })?;
        Ok(ctx.option(groups.map(texts)))
    }),
    native("Regex.find", 2, |ctx, args| {
        let found = search(ctx, args, |regex, text, _| regex.find(text).map(|found| found.as_str().to_owned()))?;
        Ok(ctx.option(found.map(text)))
    }),
    native("Regex.findAll", 2, |ctx, args| {
        let all = search(ctx, args, |regex, text, asked| {
            let found = regex.find_iter(text).take_while(|_| asked.still());
            found.map(|found| found.as_str().to_owned()).collect::<Vec<_>>()
        })?;
        Ok(texts(all))
    }),
    native("Regex.matches", 2, |ctx, args| search(ctx, args, |regex, text, _| regex.is_match(text)).map(Value::Bool)),
    native("Regex.replace", 3, |ctx, args| replace(ctx, args, 1)),
    native("Regex.replaceAll", 3, |ctx, args| replace(ctx, args, usize::MAX)),
    native("Regex.split", 2, |ctx, args| {
        let parts = search(ctx, args, |regex, text, asked| {
            regex.split(text).take_while(|_| asked.still()).map(str::to_owned).collect::<Vec<_>>()
        })?;
        Ok(texts(parts))
    }),
];

/// Patterns that are remembered at most.
const MAX_REMEMBERED: usize = 256;
/// Longest text that is searched at once.
const SHORT_TEXT: usize = 1 << 12;
/// Longest pattern that is compiled at once. Counted repetitions are written out, so they are never short.
const SHORT_PATTERN: usize = 1 << 7;

fn texts(texts: Vec<String>) -> Value {
    Value::list(until_stopped(texts.into_iter()).map(text).collect())
}

/// What `look` makes of the subject.
fn search<T: Send + 'static>(
    ctx: &mut NativeCtx<'_>,
    args: &[Value],
    look: impl FnOnce(&Regex, &str, &Asked) -> T + Send + 'static,
) -> Result<T, Trap> {
    let subject = string(&args[0])?;
    let regex = compile(ctx, &args[1])?;
    let short = subject.len() <= SHORT_TEXT && is_short(regex.as_str());
    if short {
        return Ok(look(&regex, subject, &Asked::always()));
    }
    ctx.world.room(subject.len())?;
    let subject = subject.to_string();
    stop::apart(move |asked| look(&regex, &subject, asked))
}

fn is_short(pattern: &str) -> bool {
    pattern.len() <= SHORT_PATTERN && !pattern.contains('{')
}

fn compile(ctx: &mut NativeCtx<'_>, pattern: &Value) -> Result<Regex, Trap> {
    let pattern = string(pattern)?;
    if let Some(regex) = ctx.world.regexes.get(&pattern[..]) {
        return Ok(regex.clone());
    }
    let compiled = if is_short(pattern) {
        Regex::new(pattern)
    } else {
        let pattern = pattern.to_string();
        stop::apart(move |_| Regex::new(&pattern))?
    };
    let regex = compiled.map_err(|error| panic(format!("Invalid regex: {error}")))?;
    if ctx.world.regexes.len() >= MAX_REMEMBERED {
        ctx.world.regexes.clear();
    }
    ctx.world.regexes.insert((&pattern[..]).into(), regex.clone());
    Ok(regex)
}

/// The first `count` matches replaced by a text in which `$name` and `$1` stand for groups.
fn replace(ctx: &mut NativeCtx<'_>, args: &[Value], count: usize) -> Result<Value, Trap> {
    let template = string(&args[2])?.to_string();
    let most = stop::bytes_left();
    let replaced = search(ctx, args, move |regex, text, asked| {
        let mut out = String::new();
        let mut from = 0;
        let copy = |groups: Captures<'_>| {
            let Some(found) = groups.get(0) else { return true };
            out.push_str(&text[from..found.start()]);
            groups.expand(&template, &mut out);
            from = found.end();
            out.len() <= most && asked.still()
        };
        let fits = regex.captures_iter(text).take(count).all(copy);
        out.push_str(&text[from..]);
        fits.then_some(out)
    })?;
    replaced.map(text).ok_or_else(|| Raise::Stop(Stop::Memory).into())
}

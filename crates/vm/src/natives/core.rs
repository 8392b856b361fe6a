//! Output, assertions, failures, operators, processes, reflection on kinds.

use crate::collections::MapObj;
use crate::compare::{compare, equal, hash};
use crate::copy::isolate;
use crate::failure::{Raise, Trap, panic, throw_text, type_error};
use crate::interp::{concat, index};
use crate::mem;
use crate::natives::{NativeDef, boolean, int, native, pid, string, text};
use crate::number::{self, Op};
use crate::process::State;
use crate::show::{display, display_into, display_nested};
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Buffer.append", 2, |ctx, args| {
        let Value::Buffer(buffer) = &args[0] else { return Err(type_error("Buffer", &args[0])) };
        let more = string(&args[1])?;
        ctx.world.room(buffer.len() + more.len())?;
        buffer.append(more)?;
        Ok(Value::Unit)
    }),
    native("Buffer.new", 0, |_, _| Ok(Value::Buffer(Default::default()))),
    native("Buffer.toString", 1, |_, args| match &args[0] {
        Value::Buffer(buffer) => buffer.text().map(Value::Str),
        other => Err(type_error("Buffer", other)),
    }),
    native("Gc.collect", 0, |_, _| Ok(Value::Unit)),
    native("Gc.stats", 0, |ctx, _| {
        let counters = [
            ("liveBytes", Value::Int(mem::live_bytes() as i64)),
            ("processes", Value::Int(ctx.world.processes.len() as i64 + 1)),
            ("memoryKb", Value::Int(ctx.world.host.memory_kb())),
        ];
        Ok(ctx.io_record("GcStats", &counters))
    }),
    native("Prim.compare", 2, |_, args| Ok(Value::Int(compare(&args[0], &args[1])?.map_or(0, |order| order as i64)))),
    native("Prim.equal", 2, |_, args| equal(&args[0], &args[1]).map(Value::Bool)),
    native("Prim.one", 0, |_, _| Ok(Value::Int(1))),
    native("Prim.zero", 0, |_, _| Ok(Value::Int(0))),
    native("Process.alive", 1, |ctx, args| {
        let pid = pid(&args[0])?;
        Ok(Value::Bool(pid == ctx.pid || ctx.world.processes.contains_key(&pid)))
    }),
    native("Process.all", 0, |ctx, _| {
        let mut pids: Vec<u64> = ctx.world.processes.keys().copied().chain([ctx.pid]).collect();
        pids.sort_unstable();
        Ok(Value::list(pids.into_iter().map(Value::Pid).collect()))
    }),
    native("Process.info", 1, |ctx, args| {
        let pid = pid(&args[0])?;
        let now = ctx.world.clock();
        let (status, mailbox, started) = if pid == ctx.pid {
            ("running", ctx.mailbox, ctx.started)
        } else {
            match ctx.world.processes.get(&pid) {
                None => ("dead", 0, now),
                Some(process) => {
                    let status = match process.state {
                        State::Ready => "ready",
                        State::Receiving(_) | State::Locked | State::Beside => "waiting",
                        State::Sleeping(_) => "sleeping",
                    };
                    (status, process.mailbox.len(), process.started)
                }
            }
        };
        Ok(ctx.io_record(
            "ProcessInfo",
            &[
                ("status", Value::str(status)),
                ("mailbox", Value::Int(mailbox as i64)),
                ("uptime", Value::Int(now - started)),
            ],
        ))
    }),
    native("Process.kill", 1, |ctx, args| {
        let pid = pid(&args[0])?;
        if pid == ctx.pid {
            return Err(panic("Process.kill: a process cannot kill itself"));
        }
        Ok(Value::Bool(ctx.world.kill(pid, ctx.pid)))
    }),
    native("Process.time", 1, |ctx, args| {
        let pid = pid(&args[0])?;
        let now = ctx.world.clock();
        let started = if pid == ctx.pid {
            ctx.started
        } else {
            ctx.world.processes.get(&pid).map_or(now, |process| process.started)
        };
        Ok(Value::Int(now - started))
    }),
    native("Runtime.blockingThreads", 0, |_, _| Ok(Value::Int(0))),
    native("Runtime.isInteractive", 0, |ctx, _| Ok(Value::Bool(ctx.world.host.is_interactive()))),
    native("Runtime.loadAvg", 0, |ctx, _| {
        Ok(Value::tuple(ctx.world.host.load_average().into_iter().map(Value::Float).collect()))
    }),
    native("Runtime.memoryKb", 0, |ctx, _| Ok(Value::Int(ctx.world.host.memory_kb()))),
    native("Runtime.numThreads", 0, |_, _| Ok(Value::Int(1))),
    native("Runtime.pid", 0, |ctx, _| Ok(Value::Int(ctx.world.host.os_pid()))),
    native("Runtime.threadCount", 0, |_, _| Ok(Value::Int(1))),
    native("Runtime.tokioWorkers", 0, |_, _| Ok(Value::Int(0))),
    native("Runtime.uptimeMs", 0, |ctx, _| Ok(Value::Int(ctx.world.clock()))),
    NativeDef {
        name: "assert",
        params: 1,
        max_params: 2,
        run: |_, args| match (boolean(&args[0])?, args.get(1)) {
            (true, _) => Ok(Value::Unit),
            (false, None) => Err(panic("Assertion failed")),
            (false, Some(why)) => Err(panic(format!("Assertion failed: {}", display(why)))),
        },
    },
    native("assertType", 1, |_, args| Ok(std::mem::take(&mut args[0]))),
    native("assert_eq", 2, |_, args| {
        if equal(&args[0], &args[1])? {
            return Ok(Value::Unit);
        }
        Err(panic(format!("Assertion failed: {} != {}", display(&args[0]), display(&args[1]))))
    }),
    native("copy", 1, |_, args| Ok(isolate(&args[0]))),
    native("eprint", 1, |ctx, args| {
        ctx.world.print_error(&display(&args[0]));
        Ok(Value::Unit)
    }),
    native("eprintln", 1, |ctx, args| {
        ctx.world.print_error(&(display(&args[0]) + "\n"));
        Ok(Value::Unit)
    }),
    native("eval", 1, |ctx, args| {
        let steps = ctx.world.steps_left();
        let outcome = ctx.world.host.eval(string(&args[0])?, steps);
        ctx.world.steps += outcome.steps;
        outcome.result.map(text).map_err(|problem| throw_text(&problem))
    }),
    native("flushStderr", 0, |_, _| Ok(Value::Unit)),
    native("flushStdout", 0, |ctx, _| {
        ctx.world.flush();
        Ok(Value::Unit)
    }),
    native("hash", 1, |_, args| hash(&args[0]).map(Value::Int)),
    native("inspect", 2, |ctx, args| {
        let line = format!("[inspect] {}: {}\n", display(&args[1]), display_nested(&args[0]));
        ctx.world.print(&line);
        Ok(Value::Unit)
    }),
    native("length", 1, |_, args| {
        Ok(Value::Int(match &args[0] {
            Value::List(len, _) => i64::from(*len),
            Value::Str(text) => text.chars_len() as i64,
            Value::Tuple(items) => items.len() as i64,
            Value::Array(array) => array.len() as i64,
            Value::Map(map) => map.len() as i64,
            Value::Set(set) => set.len() as i64,
            other => return Err(type_error("List, String, Tuple, or Array", other)),
        }))
    }),
    native("op.add", 2, |_, args| number::arith(Op::Add, &args[0], &args[1])),
    native("op.concat", 2, |ctx, args| {
        let (left, right) = (std::mem::take(&mut args[0]), std::mem::take(&mut args[1]));
        concat(ctx.world, left, right)
    }),
    native("op.div", 2, |_, args| number::arith(Op::Div, &args[0], &args[1])),
    native("op.eq", 2, |_, args| equal(&args[0], &args[1]).map(Value::Bool)),
    native("op.ge", 2, |_, args| Ok(Value::Bool(compare(&args[0], &args[1])?.is_some_and(|order| order.is_ge())))),
    native("op.gt", 2, |_, args| Ok(Value::Bool(compare(&args[0], &args[1])?.is_some_and(|order| order.is_gt())))),
    native("op.hash", 1, |_, args| hash(&args[0]).map(Value::Int)),
    native("op.index", 2, |_, args| index(&args[0], &args[1])),
    native("op.le", 2, |_, args| Ok(Value::Bool(compare(&args[0], &args[1])?.is_some_and(|order| order.is_le())))),
    native("op.lt", 2, |_, args| Ok(Value::Bool(compare(&args[0], &args[1])?.is_some_and(|order| order.is_lt())))),
    native("op.mul", 2, |_, args| number::arith(Op::Mul, &args[0], &args[1])),
    native("op.ne", 2, |_, args| equal(&args[0], &args[1]).map(|same| Value::Bool(!same))),
    native("op.neg", 1, |_, args| number::negate(&args[0])),
    native("op.pow", 2, |_, args| number::arith(Op::Pow, &args[0], &args[1])),
    native("op.rem", 2, |_, args| number::arith(Op::Rem, &args[0], &args[1])),
    native("op.show", 1, |_, args| Ok(text(display(&args[0])))),
    native("op.sub", 2, |_, args| number::arith(Op::Sub, &args[0], &args[1])),
    native("panic", 1, |_, args| Err(panic(display(&args[0])))),
    native("print", 1, |ctx, args| {
        ctx.world.print(&display(&args[0]));
        Ok(Value::Unit)
    }),
    native("println", 1, |ctx, args| {
        let mut line = String::new();
        display_into(&mut line, &args[0]);
        line.push('\n');
        ctx.world.print(&line);
        Ok(Value::Unit)
    }),
    native("self", 0, |ctx, _| Ok(Value::Pid(ctx.pid))),
    native("show", 1, |_, args| show(args)),
    native("sleep", 1, |_, args| Err(Trap::Sleep(int(&args[0])?))),
    native("tagOf", 1, |_, args| {
        let tag = match args[0].ctor() {
            Some(ctor) if args[0].kind_name() == "Variant" => ctor.def.name.to_string(),
            _ => String::new(),
        };
        Ok(text(tag))
    }),
    native("throw", 1, |_, args| Err(Raise::Throw(std::mem::take(&mut args[0])).into())),
    native("toString", 1, |_, args| show(args)),
    native("typeOf", 1, |_, args| {
        let packed = |value: &Value| {
            value
                .as_list()
                .is_some_and(|items| !items.is_empty() && items.iter().all(|item| matches!(item, Value::Int(_))))
        };
        Ok(Value::str(if packed(&args[0]) { "Int64List" } else { args[0].kind_name() }))
    }),
    native("vmStats", 0, |ctx, _| {
        let counters = [ctx.world.processes.len() as i64 + 1, ctx.world.steps as i64, mem::live_bytes() as i64];
        Ok(Value::tuple(counters.into_iter().map(Value::Int).collect()))
    }),
];

fn show(args: &mut [Value]) -> Result<Value, Trap> {
    match std::mem::take(&mut args[0]) {
        Value::Str(text) => Ok(Value::Str(text)),
        other => Ok(text(display(&other))),
    }
}

/// An empty map, for natives of other tables.
pub(super) fn empty_map() -> Value {
    MapObj::collect(std::iter::empty())
}

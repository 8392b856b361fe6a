//! Files, directories, programs, environment, paths. Everything that leaves the machine goes through the host.

use crate::failure::{Raise, Trap, type_error};
use crate::host::{HostError, HostResult, OpenMode, SeekFrom};
use crate::natives::{NativeCtx, NativeDef, int, native, string, strings_of, text};
use crate::value::{HandleKind, Value};

pub(super) static TABLE: &[NativeDef] = &[
    native("Dir.create", 1, |ctx, args| on_path(args, |path| ctx.world.host.dir_create(path, false))),
    native("Dir.createAll", 1, |ctx, args| on_path(args, |path| ctx.world.host.dir_create(path, true))),
    native("Dir.exists", 1, |ctx, args| Ok(Value::Bool(ctx.world.host.dir_exists(string(&args[0])?)))),
    native("Dir.list", 1, |ctx, args| {
        let path = string(&args[0])?;
        let mut names = io(path, ctx.world.host.dir_list(path))?;
        names.sort_unstable();
        Ok(Value::list(names.into_iter().map(text).collect()))
    }),
    native("Dir.remove", 1, |ctx, args| remove_dir(ctx, args, false)),
    native("Dir.removeAll", 1, |ctx, args| remove_dir(ctx, args, true)),
    native("Env.all", 0, |ctx, _| {
        let mut all = ctx.world.host.env_all();
        all.sort_unstable();
        let pair = |(name, value): (String, String)| Value::tuple(vec![text(name), text(value)]);
        Ok(Value::list(all.into_iter().map(pair).collect()))
    }),
    native("Env.args", 0, |ctx, _| Ok(Value::list(ctx.world.host.args().into_iter().map(text).collect()))),
    native("Env.cwd", 0, |ctx, _| io(".", ctx.world.host.cwd()).map(text)),
    native("Env.get", 1, |ctx, args| {
        let value = ctx.world.host.env_get(string(&args[0])?);
        Ok(ctx.option(value.map(text)))
    }),
    native("Env.home", 0, |ctx, _| {
        let home = ctx.world.host.home();
        Ok(ctx.option(home.map(text)))
    }),
    native("Env.isInteractive", 0, |ctx, _| Ok(Value::Bool(ctx.world.host.is_interactive()))),
    native("Env.platform", 0, |ctx, _| Ok(text(ctx.world.host.platform()))),
    native("Env.remove", 1, |ctx, args| {
        ctx.world.host.env_set(string(&args[0])?, None);
        Ok(Value::Unit)
    }),
    native("Env.set", 2, |ctx, args| {
        ctx.world.host.env_set(string(&args[0])?, Some(string(&args[1])?));
        Ok(Value::Unit)
    }),
    native("Env.setCwd", 1, |ctx, args| {
        let path = string(&args[0])?.clone();
        let result = match ctx.world.host.set_cwd(&path) {
            Ok(()) => Ok(Value::Unit),
            Err(error) => Err(text(message(&path, error))),
        };
        Ok(ctx.result(result))
    }),
    native("Exec.kill", 1, |ctx, args| {
        let handle = exec(&args[0])?;
        io("", ctx.world.host.exec_kill(handle)).map(|()| Value::Unit)
    }),
    native("Exec.readStderr", 1, |ctx, args| {
        ctx.world.flush();
        let handle = exec(&args[0])?;
        ctx.world.host.exec_read_line(handle, true).then(ctx, |_, line| io("", line).map(text))
    }),
    native("Exec.readline", 1, |ctx, args| {
        ctx.world.flush();
        let handle = exec(&args[0])?;
        ctx.world.host.exec_read_line(handle, false).then(ctx, |_, line| io("", line).map(text))
    }),
    native("Exec.run", 2, |ctx, args| {
        ctx.world.flush();
        let command = string(&args[0])?.to_string();
        ctx.world.host.exec_run(&command, &strings_of(&args[1])?).then(ctx, move |ctx, output| {
            let output = io(&command, output)?;
            Ok(ctx.io_record(
                "ExecResult",
                &[
                    ("exitCode", Value::Int(output.exit_code)),
                    ("stdout", text(output.stdout)),
                    ("stderr", text(output.stderr)),
                ],
            ))
        })
    }),
    native("Exec.start", 2, |ctx, args| {
        ctx.world.flush();
        let command = string(&args[0])?;
        let handle = io(command, ctx.world.host.exec_start(command, &strings_of(&args[1])?))?;
        Ok(Value::Handle(HandleKind::Exec, handle))
    }),
    native("Exec.wait", 1, |ctx, args| {
        ctx.world.flush();
        let handle = exec(&args[0])?;
        ctx.world.host.exec_wait(handle).then(ctx, |_, code| io("", code).map(Value::Int))
    }),
    native("Exec.write", 2, |ctx, args| {
        let handle = exec(&args[0])?;
        ctx.world.host.exec_write(handle, string(&args[1])?).then(ctx, |_, done| io("", done).map(|()| Value::Unit))
    }),
    native("File.append", 2, |ctx, args| write_file(ctx, args, true)),
    native("File.close", 1, |ctx, args| {
        let handle = file(&args[0])?;
        io("", ctx.world.host.file_close(handle)).map(|()| Value::Unit)
    }),
    native("File.copy", 2, |ctx, args| {
        let (path, to) = (string(&args[0])?.to_string(), string(&args[1])?);
        ctx.world.host.file_copy(&path, to).then(ctx, move |_, done| io(&path, done).map(|()| Value::Unit))
    }),
    native("File.exists", 1, |ctx, args| Ok(Value::Bool(ctx.world.host.file_exists(string(&args[0])?)))),
    native("File.flush", 1, |ctx, args| {
        let handle = file(&args[0])?;
        io("", ctx.world.host.file_flush(handle)).map(|()| Value::Unit)
    }),
    native("File.open", 2, |ctx, args| {
        let path = string(&args[0])?.to_string();
        let mode = match &string(&args[1])?[..] {
            "r" => OpenMode::Read,
            "w" => OpenMode::Write,
            "a" => OpenMode::Append,
            other => return Err(Raise::Io(format!("IO error: unknown mode {other}")).into()),
        };
        let handle = |handle| Value::Handle(HandleKind::File, handle);
        ctx.world.host.file_open(&path, mode).then(ctx, move |_, opened| io(&path, opened).map(handle))
    }),
    native("File.read", 2, |ctx, args| {
        let max = usize::try_from(int(&args[1])?).unwrap_or(0);
        ctx.world.room(max)?;
        let handle = file(&args[0])?;
        ctx.world.host.file_read_some(handle, max).then(ctx, |_, bytes| io("", bytes).map(lossy))
    }),
    native("File.readAll", 1, |ctx, args| {
        let path = string(&args[0])?.to_string();
        ctx.world.host.file_read(&path).then(ctx, move |_, bytes| match String::from_utf8(io(&path, bytes)?) {
            Ok(content) => Ok(text(content)),
            Err(_) => Err(Raise::Io("IO error: stream did not contain valid UTF-8".to_owned()).into()),
        })
    }),
    native("File.readBytes", 1, |ctx, args| {
        let path = string(&args[0])?.to_string();
        ctx.world.host.file_read(&path).then(ctx, move |ctx, bytes| {
            let bytes = io(&path, bytes)?;
            ctx.world.room(bytes.len() * size_of::<Value>())?;
            Ok(Value::list(bytes.into_iter().map(|byte| Value::Int(i64::from(byte))).collect()))
        })
    }),
    native("File.readLine", 1, |ctx, args| {
        let handle = file(&args[0])?;
        ctx.world.host.file_read_line(handle).then(ctx, |_, line| io("", line).map(lossy))
    }),
    native("File.remove", 1, |ctx, args| on_path(args, |path| ctx.world.host.file_remove(path))),
    native("File.rename", 2, |ctx, args| {
        let to = string(&args[1])?.clone();
        on_path(args, |path| ctx.world.host.file_rename(path, &to))
    }),
    native("File.seek", 3, |ctx, args| {
        let from = match &string(&args[2])?[..] {
            "start" => SeekFrom::Start,
            "current" => SeekFrom::Current,
            "end" => SeekFrom::End,
            other => return Err(Raise::Io(format!("IO error: unknown origin {other}")).into()),
        };
        let handle = file(&args[0])?;
        io("", ctx.world.host.file_seek(handle, int(&args[1])?, from)).map(|()| Value::Unit)
    }),
    native("File.size", 1, |ctx, args| {
        let path = string(&args[0])?;
        io(path, ctx.world.host.file_size(path)).map(|size| Value::Int(size as i64))
    }),
    native("File.write", 2, |ctx, args| {
        let content = string(&args[1])?;
        let (handle, written) = (file(&args[0])?, content.len() as i64);
        let done = ctx.world.host.file_write_some(handle, content.as_bytes());
        done.then(ctx, move |_, done| io("", done).map(|()| Value::Int(written)))
    }),
    native("File.writeAll", 2, |ctx, args| write_file(ctx, args, false)),
    native("Path.basename", 1, |_, args| Ok(Value::str(split_last(string(&args[0])?).1))),
    native("Path.dirname", 1, |_, args| Ok(Value::str(split_last(string(&args[0])?).0))),
    native("Path.extension", 1, |_, args| Ok(Value::str(split_extension(string(&args[0])?).1))),
    native("Path.isAbsolute", 1, |_, args| Ok(Value::Bool(string(&args[0])?.starts_with('/')))),
    native("Path.isRelative", 1, |_, args| Ok(Value::Bool(!string(&args[0])?.starts_with('/')))),
    native("Path.join", 2, |_, args| {
        let (base, more) = (string(&args[0])?, string(&args[1])?);
        Ok(if more.starts_with('/') || base.is_empty() {
            Value::str(more)
        } else if base.ends_with('/') {
            text(format!("{}{}", &base[..], &more[..]))
        } else {
            text(format!("{}/{}", &base[..], &more[..]))
        })
    }),
    native("Path.normalize", 1, |_, args| Ok(text(normalize(string(&args[0])?)))),
    native("Path.split", 1, |_, args| {
        let path = string(&args[0])?;
        let root = path.starts_with('/').then_some("/");
        let parts = path.split('/').filter(|part| !part.is_empty());
        Ok(Value::list(root.into_iter().chain(parts).map(Value::str).collect()))
    }),
    native("Path.withExtension", 2, |_, args| {
        let (path, extension) = (string(&args[0])?, string(&args[1])?);
        let stem = split_extension(path).0;
        let extension = extension.strip_prefix('.').unwrap_or(extension);
        Ok(text(if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }))
    }),
];

fn message(path: &str, error: HostError) -> String {
    match error {
        HostError::NotFound => format!("File not found: {path}"),
        HostError::Other(why) => format!("IO error: {why}"),
    }
}

fn io<T>(path: &str, result: HostResult<T>) -> Result<T, Trap> {
    result.map_err(|error| Raise::Io(message(path, error)).into())
}

/// An operation on the path in the first argument.
fn on_path(args: &[Value], run: impl FnOnce(&str) -> HostResult<()>) -> Result<Value, Trap> {
    let path = string(&args[0])?;
    io(path, run(path)).map(|()| Value::Unit)
}

fn remove_dir(ctx: &mut NativeCtx<'_>, args: &[Value], all: bool) -> Result<Value, Trap> {
    let path = string(&args[0])?.to_string();
    ctx.world.host.dir_remove(&path, all).then(ctx, move |_, done| io(&path, done).map(|()| Value::Unit))
}

/// The text in the second argument into the file.
fn write_file(ctx: &mut NativeCtx<'_>, args: &[Value], append: bool) -> Result<Value, Trap> {
    let (path, content) = (string(&args[0])?.to_string(), string(&args[1])?);
    let done = ctx.world.host.file_write(&path, content.as_bytes(), append);
    done.then(ctx, move |_, done| io(&path, done).map(|()| Value::Unit))
}

fn lossy(bytes: Vec<u8>) -> Value {
    text(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn file(value: &Value) -> Result<u64, Trap> {
    match value {
        Value::Handle(HandleKind::File, handle) => Ok(*handle),
        other => Err(type_error("FileHandle", other)),
    }
}

fn exec(value: &Value) -> Result<u64, Trap> {
    match value {
        Value::Handle(HandleKind::Exec, handle) => Ok(*handle),
        other => Err(type_error("ExecHandle", other)),
    }
}

/// Everything before the last part, and the last part.
fn split_last(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return (if path.is_empty() { "" } else { "/" }, "");
    }
    match trimmed.rfind('/') {
        None => ("", trimmed),
        Some(0) => ("/", &trimmed[1..]),
        Some(slash) => (trimmed[..slash].trim_end_matches('/'), &trimmed[slash + 1..]),
    }
}

/// Path without extension, and the extension. A leading dot of a name is no extension.
fn split_extension(path: &str) -> (&str, &str) {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].rfind('.') {
        Some(dot) if dot > 0 => (&path[..name + dot], &path[name + dot + 1..]),
        _ => (path, ""),
    }
}

fn normalize(path: &str) -> String {
    let root = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if root => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (root, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_text() {
        assert_eq!(split_last("/a/b.txt"), ("/a", "b.txt"));
        assert_eq!(split_last("b.txt"), ("", "b.txt"));
        assert_eq!(split_last("/b"), ("/", "b"));
        assert_eq!(split_extension("a.d/b.tar.gz"), ("a.d/b.tar", "gz"));
        assert_eq!(split_extension("a/.profile"), ("a/.profile", ""));
        assert_eq!(normalize("/a/./b//../c"), "/a/c");
        assert_eq!(normalize("../x/.."), "..");
    }
}

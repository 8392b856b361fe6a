//! The one table of natives: what the machine supplies and the checker, code generation and completion know of it.
//!
//! Input: nothing. Output: rows sorted by name; rows of one name are overloads. A type is written as a function head of
//! the language; names in it mean the prelude, `stdlib.io` or `stdlib.json`, whatever a program declares, and `Dyn` is the
//! type of a value that only the run time knows.
//!
//! Invariant: a row is added together with its implementation in the machine; names starting with `Prim.` are visible
//! to library sources only.

/// One function that the machine implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// Unqualified (`println`) or with its namespace (`String.length`).
    pub name: &'static str,
    /// Type parameters, parameters and result: `[T: Show](x: T) -> ()`.
    pub ty: &'static str,
    /// One line of Markdown: what it does and how it fails.
    pub doc: &'static str,
    /// What the type alone cannot say.
    pub special: Option<Special>,
}

/// Rules for calls of a native that its type cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Only lists, strings, tuples and typed arrays are accepted.
    Length,
    /// A mismatch with the explicit type argument is reported in its own words.
    AssertType,
    /// The argument must be a list of pairs, which is reported in its own words.
    Pairs,
    /// The machine receives the type arguments, written as text, as one leading String argument each.
    TypeArguments,
    /// The first argument names a type; in a literal it means what it means to the module that writes it.
    TypeName,
}

/// All natives, sorted by name.
pub fn natives() -> &'static [Native] {
    NATIVES
}

/// The overloads of `name`; empty for an unknown name.
pub fn natives_named(name: &str) -> impl Iterator<Item = &'static Native> + use<> {
    let start = NATIVES.partition_point(|native| native.name < name);
    let len = NATIVES[start..].iter().take_while(|native| native.name == name).count();
    NATIVES[start..start + len].iter()
}

const fn row(name: &'static str, ty: &'static str, doc: &'static str) -> Native {
    Native { name, ty, doc, special: None }
}

const fn special(name: &'static str, ty: &'static str, doc: &'static str, special: Special) -> Native {
    Native { name, ty, doc, special: Some(special) }
}

const NATIVES: &[Native] = &[
    row("Base64.decode", "(s: String) -> (String, String)", "`(\"ok\", text)` or `(\"error\", reason)`."),
    row("Base64.encode", "(s: String) -> String", "Text to Base64."),
    row("Buffer.append", "(b: Buffer, text: String) -> ()", "Adds text in place."),
    row("Buffer.new", "() -> Buffer", "An empty text buffer."),
    row("Buffer.toString", "(b: Buffer) -> String", "The text so far."),
    row(
        "Crypto.bcryptHash",
        "(s: String, cost: Int) -> String",
        "Password hash with a random salt; throws a String for a cost outside of 4 to 20.",
    ),
    row(
        "Crypto.bcryptVerify",
        "(s: String, hash: String) -> Bool",
        "Whether the hash was made from this password; `false` for a text that is no hash.",
    ),
    row("Crypto.md5", "(s: String) -> String", "Hash of the UTF-8 bytes in hexadecimal."),
    row("Crypto.randomBytes", "(n: Int) -> String", "`n` random bytes in hexadecimal."),
    row("Crypto.sha256", "(s: String) -> String", "Hash of the UTF-8 bytes in hexadecimal."),
    row("Crypto.sha512", "(s: String) -> String", "Hash of the UTF-8 bytes in hexadecimal."),
    row(
        "Dir.create",
        "(path: String) -> ()",
        "Creates a directory; the parent must exist and the directory must not; raises `(\"io_error\", text)`.",
    ),
    row(
        "Dir.createAll",
        "(path: String) -> ()",
        "Creates a directory with its parents; raises `(\"io_error\", text)`.",
    ),
    row("Dir.exists", "(path: String) -> Bool", "Whether a directory exists there."),
    row("Dir.list", "(path: String) -> List[String]", "Names of the entries, sorted; raises `(\"io_error\", text)`."),
    row("Dir.remove", "(path: String) -> ()", "Removes an empty directory; raises `(\"io_error\", text)`."),
    row(
        "Dir.removeAll",
        "(path: String) -> ()",
        "Removes a directory with its content; raises `(\"io_error\", text)`.",
    ),
    row("Encoding.fromBytes", "(bs: List[Int]) -> (String, String)", "`(\"ok\", text)` or `(\"error\", reason)`."),
    row("Encoding.toBytes", "(s: String) -> List[Int]", "UTF-8 bytes."),
    row("Env.all", "() -> List[(String, String)]", "All variables, sorted by name."),
    row("Env.args", "() -> List[String]", "Arguments of the program."),
    row("Env.cwd", "() -> String", "Working directory."),
    row("Env.get", "(name: String) -> Option[String]", "Value of an environment variable."),
    row("Env.home", "() -> Option[String]", "Home directory of the user."),
    row("Env.isInteractive", "() -> Bool", "Whether standard input is a terminal."),
    row("Env.platform", "() -> String", "Name of the operating system."),
    row("Env.remove", "(name: String) -> ()", "Removes a variable."),
    row("Env.set", "(name: String, v: String) -> ()", "Sets a variable for this program and the programs it starts."),
    row("Env.setCwd", "(path: String) -> Result[(), String]", "Changes the working directory."),
    row("Exec.kill", "(h: ExecHandle) -> ()", "Ends the program; nothing happens if it has ended."),
    row(
        "Exec.readStderr",
        "(h: ExecHandle) -> String",
        "One line of its standard error, with the line end; empty at the end.",
    ),
    row(
        "Exec.readline",
        "(h: ExecHandle) -> String",
        "One line of its standard output, with the line end; empty at the end.",
    ),
    row(
        "Exec.run",
        "(cmd: String, args: List[String]) -> ExecResult",
        "Runs a program to its end; raises `(\"io_error\", text)`.",
    ),
    row(
        "Exec.start",
        "(cmd: String, args: List[String]) -> ExecHandle",
        "Starts a program with piped input and outputs; raises `(\"io_error\", text)`.",
    ),
    row(
        "Exec.wait",
        "(h: ExecHandle) -> Int",
        "Waits for the end, gives the exit code; minus the signal that ended it.",
    ),
    row(
        "Exec.write",
        "(h: ExecHandle, text: String) -> ()",
        "Writes to its standard input; raises `(\"io_error\", text)`.",
    ),
    row(
        "File.append",
        "(path: String, text: String) -> ()",
        "Writes at the end of a file, created if missing; raises `(\"io_error\", text)`.",
    ),
    row("File.close", "(h: FileHandle) -> ()", "Closes the handle; raises `(\"io_error\", text)`."),
    row("File.copy", "(from: String, to: String) -> ()", "Copies a file; raises `(\"io_error\", text)`."),
    row("File.exists", "(path: String) -> Bool", "Whether a file exists there."),
    row("File.flush", "(h: FileHandle) -> ()", "Writes out what is buffered; raises `(\"io_error\", text)`."),
    row(
        "File.open",
        "(path: String, mode: String) -> FileHandle",
        "Opens a file: `r`, `w` (truncate) or `a` (append); raises `(\"io_error\", text)`.",
    ),
    row("File.read", "(h: FileHandle, n: Int) -> String", "At most `n` bytes as text; raises `(\"io_error\", text)`."),
    row("File.readAll", "(path: String) -> String", "The whole text; raises `(\"io_error\", text)`."),
    row("File.readBytes", "(path: String) -> List[Int]", "The whole file as bytes; raises `(\"io_error\", text)`."),
    row(
        "File.readLine",
        "(h: FileHandle) -> String",
        "One line with its end, empty at the end of the file; raises `(\"io_error\", text)`.",
    ),
    row("File.remove", "(path: String) -> ()", "Removes a file; raises `(\"io_error\", text)`."),
    row("File.rename", "(from: String, to: String) -> ()", "Renames a file; raises `(\"io_error\", text)`."),
    row(
        "File.seek",
        "(h: FileHandle, offset: Int, whence: String) -> ()",
        "Moves the position relative to `start`, `current` or `end`; raises `(\"io_error\", text)`.",
    ),
    row("File.size", "(path: String) -> Int", "Size in bytes; raises `(\"io_error\", text)`."),
    row(
        "File.write",
        "(h: FileHandle, text: String) -> Int",
        "Writes text, gives the number of bytes; raises `(\"io_error\", text)`.",
    ),
    row(
        "File.writeAll",
        "(path: String, text: String) -> ()",
        "Creates or truncates the file and writes the text; raises `(\"io_error\", text)`.",
    ),
    row("Float32Array.fromList", "(xs: List[Float]) -> Float32Array", "Array of the elements."),
    row("Float32Array.get", "(a: Float32Array, i: Int) -> Float", "Element `i`; panics with `Index N out of bounds`."),
    row("Float32Array.length", "(a: Float32Array) -> Int", "Number of elements."),
    row("Float32Array.make", "(n: Int, v: Float) -> Float32Array", "Array of `n` times `v`."),
    row(
        "Float32Array.set",
        "(a: Float32Array, i: Int, v: Float) -> Float32Array",
        "A new array with element `i` replaced; panics with `Index N out of bounds`.",
    ),
    row("Float32Array.toList", "(a: Float32Array) -> List[Float]", "Elements as a list."),
    row("Float64Array.fromList", "(xs: List[Float]) -> Float64Array", "Array of the elements."),
    row("Float64Array.get", "(a: Float64Array, i: Int) -> Float", "Element `i`; panics with `Index N out of bounds`."),
    row("Float64Array.length", "(a: Float64Array) -> Int", "Number of elements."),
    row("Float64Array.make", "(n: Int, v: Float) -> Float64Array", "Array of `n` times `v`."),
    row(
        "Float64Array.set",
        "(a: Float64Array, i: Int, v: Float) -> Float64Array",
        "A new array with element `i` replaced; panics with `Index N out of bounds`.",
    ),
    row("Float64Array.toList", "(a: Float64Array) -> List[Float]", "Elements as a list."),
    row("Gc.collect", "() -> ()", "Accepted for compatibility; memory is returned as soon as nothing refers to it."),
    row("Gc.stats", "() -> GcStats", "Counters of the memory that values take; for diagnosis only."),
    row("Int64Array.fromList", "(xs: List[Int]) -> Int64Array", "Array of the elements."),
    row("Int64Array.get", "(a: Int64Array, i: Int) -> Int", "Element `i`; panics with `Index N out of bounds`."),
    row("Int64Array.length", "(a: Int64Array) -> Int", "Number of elements."),
    row("Int64Array.make", "(n: Int, v: Int) -> Int64Array", "Array of `n` times `v`."),
    row(
        "Int64Array.set",
        "(a: Int64Array, i: Int, v: Int) -> Int64Array",
        "A new array with element `i` replaced; panics with `Index N out of bounds`.",
    ),
    row("Int64Array.toList", "(a: Int64Array) -> List[Int]", "Elements as a list."),
    row(
        "Json.escapeString",
        "(s: String) -> String",
        "Text with the escapes of a JSON string, without quotes around it.",
    ),
    row(
        "Json.parse",
        "(text: String) -> Json",
        "Reads one JSON value; text after it is ignored, anything malformed throws a String.",
    ),
    row("Json.stringify", "(j: Json) -> String", "Compact text without blanks."),
    row("Map.contains", "[K, V](m: Map[K, V], k: K) -> Bool", "Whether the key is present."),
    row("Map.difference", "[K, V, W](m: Map[K, V], o: Map[K, W]) -> Map[K, V]", "Entries whose key is not in `o`."),
    row("Map.empty", "[K, V]() -> Map[K, V]", "The empty map."),
    special(
        "Map.fromList",
        "[K: Hash, V](ps: List[(K, V)]) -> Map[K, V]",
        "Map of the pairs; later keys win.",
        Special::Pairs,
    ),
    row("Map.get", "[K, V](m: Map[K, V], k: K) -> V", "Value of the key itself; `()` for a missing key."),
    row(
        "Map.getOrThrow",
        "[K, V](m: Map[K, V], k: K) -> V",
        "Value of the key; panics with `Map.getOrThrow: key K not found` (nested display form).",
    ),
    row("Map.insert", "[K: Hash, V](m: Map[K, V], k: K, v: V) -> Map[K, V]", "With the entry added or replaced."),
    row(
        "Map.intersection",
        "[K, V, W](m: Map[K, V], o: Map[K, W]) -> Map[K, V]",
        "Entries whose key is in both, values of `m`.",
    ),
    row("Map.isEmpty", "[K, V](m: Map[K, V]) -> Bool", "Whether there is no entry."),
    row("Map.keys", "[K, V](m: Map[K, V]) -> List[K]", "Keys, in the order of `values` and `toList`."),
    row("Map.lookup", "[K, V](m: Map[K, V], k: K) -> Option[V]", "Value of the key, if present."),
    row("Map.remove", "[K, V](m: Map[K, V], k: K) -> Map[K, V]", "Without the key."),
    row("Map.size", "[K, V](m: Map[K, V]) -> Int", "Number of entries."),
    row("Map.toList", "[K, V](m: Map[K, V]) -> List[(K, V)]", "Entries as pairs."),
    row("Map.union", "[K, V](m: Map[K, V], o: Map[K, V]) -> Map[K, V]", "Entries of both; values of `m` win."),
    row("Map.values", "[K, V](m: Map[K, V]) -> List[V]", "Values, in the order of `keys`."),
    row("Path.basename", "(p: String) -> String", "Last part of the path."),
    row("Path.dirname", "(p: String) -> String", "Path without its last part."),
    row("Path.extension", "(p: String) -> String", "Extension of the last part without the dot, or empty."),
    row("Path.isAbsolute", "(p: String) -> Bool", "Whether the path starts at the root."),
    row("Path.isRelative", "(p: String) -> Bool", "Whether the path does not start at the root."),
    row("Path.join", "(a: String, b: String) -> String", "Both with one separator; an absolute `b` alone."),
    row("Path.normalize", "(p: String) -> String", "Path without `.`, `..` and doubled separators."),
    row("Path.split", "(p: String) -> List[String]", "Parts of the path."),
    row("Path.withExtension", "(p: String, e: String) -> String", "Path with another extension."),
    row(
        "Prim.compare",
        "[T](a: T, b: T) -> Int",
        "Structural order: negative, 0 or positive; panics with `Lt: values are not comparable`.",
    ),
    row("Prim.equal", "[T](a: T, b: T) -> Bool", "Structural equality; implementations of `Eq` are not asked."),
    row("Prim.listContains", "[T](xs: List[T], x: T) -> Bool", "Whether a structurally equal element exists."),
    row(
        "Prim.listDrop",
        "[T](xs: List[T], n: Int) -> List[T]",
        "Without the first `n`; empty for a negative or too large `n`.",
    ),
    row("Prim.listFlatten", "[T](xss: List[List[T]]) -> List[T]", "One level of lists joined."),
    row(
        "Prim.listGet",
        "[T](xs: List[T], i: Int) -> T",
        "Element `i`; throws the String `Index out of bounds: index I is out of range` or `Index out of bounds: I (negative index not allowed)`.",
    ),
    row(
        "Prim.listHead",
        "[T](xs: List[T]) -> T",
        "First element; raises `(\"IndexOutOfBounds\", \"index 0 out of bounds (length 0)\")`.",
    ),
    row(
        "Prim.listIndexOf",
        "[T](xs: List[T], x: T) -> Int",
        "Position of the first structurally equal element, -1 if none.",
    ),
    row("Prim.listIsEmpty", "[T](xs: List[T]) -> Bool", "Whether there is no element."),
    row("Prim.listIsSorted", "[T](xs: List[T]) -> Bool", "Whether no neighbours are in falling structural order."),
    row(
        "Prim.listJoin",
        "[T](parts: List[T], sep: String) -> String",
        "Strings or characters with `sep` between them; any other element is a type error at run time.",
    ),
    row("Prim.listLast", "[T](xs: List[T]) -> T", "Last element; panics with `last: empty list`."),
    row("Prim.listLength", "[T](xs: List[T]) -> Int", "Number of elements."),
    row(
        "Prim.listMax",
        "[T](xs: List[T]) -> T",
        "Largest element by structural order, the first of equals; panics with `listMax: empty list`.",
    ),
    row(
        "Prim.listMin",
        "[T](xs: List[T]) -> T",
        "Smallest element by structural order, the first of equals; panics with `listMin: empty list`.",
    ),
    row("Prim.listPush", "[T](xs: List[T], x: T) -> List[T]", "With `x` at the end."),
    row("Prim.listRange", "(from: Int, to: Int) -> List[Int]", "`from` up to `to`, which is excluded."),
    row("Prim.listReplicate", "[T](n: Int, x: T) -> List[T]", "`n` times `x`; empty for `n <= 0`."),
    row("Prim.listReverse", "[T](xs: List[T]) -> List[T]", "Elements in reverse order."),
    row(
        "Prim.listSet",
        "[T](xs: List[T], i: Int, v: T) -> List[T]",
        "With element `i` replaced; unchanged when `i` is outside.",
    ),
    row(
        "Prim.listSlice",
        "[T](xs: List[T], from: Int, to: Int) -> List[T]",
        "Elements `from` up to `to`, which is excluded; both clamped, empty for `to <= from`.",
    ),
    row(
        "Prim.listSort",
        "[T](xs: List[T]) -> List[T]",
        "Stable ascending sort by structural order; panics with `Lt: values are not comparable`.",
    ),
    row(
        "Prim.listTail",
        "[T](xs: List[T]) -> List[T]",
        "All but the first; raises the failure of `Prim.listHead` when empty.",
    ),
    row(
        "Prim.listTake",
        "[T](xs: List[T], n: Int) -> List[T]",
        "The first `n`, clamped; the whole list for a negative `n`.",
    ),
    row(
        "Prim.listUnique",
        "[T](xs: List[T]) -> List[T]",
        "First occurrences of structurally equal elements, order kept.",
    ),
    row("Prim.one", "[T]() -> T", "The Int 1, the value of an empty product whatever its type."),
    row("Prim.zero", "[T]() -> T", "The Int 0, the value of an empty sum whatever its type."),
    row("Process.alive", "(p: Pid) -> Bool", "Whether the process lives."),
    row("Process.all", "() -> List[Pid]", "All living processes."),
    row("Process.info", "(p: Pid) -> ProcessInfo", "Status, mailbox length and age of a process."),
    row("Process.kill", "(p: Pid) -> Bool", "Ends another process; true if it was alive."),
    row("Process.time", "(p: Pid) -> Int", "Milliseconds since the process started."),
    row("Random.bool", "() -> Bool", "True or false."),
    row("Random.bytes", "(n: Int) -> List[Int]", "`n` random bytes."),
    row("Random.choice", "[T](xs: List[T]) -> T", "One element; panics for an empty list."),
    row("Random.float", "() -> Float", "Uniform in [0, 1)."),
    row("Random.int", "(lo: Int, hi: Int) -> Int", "Uniform, both ends included."),
    row("Random.shuffle", "[T](xs: List[T]) -> List[T]", "The elements in random order."),
    row(
        "Reactive.flushPending",
        "() -> List[String]",
        "Names of the components that depend on changed records; forgets the changes.",
    ),
    row("Reactive.get", "[T](r: T) -> T", "Content of a reactive variant."),
    row("Reactive.getChangedRecordIds", "() -> List[Int]", "Identities of the records changed since the last call."),
    row(
        "Reactive.onChange",
        "[T, F](r: T, f: F) -> ()",
        "Calls `f` at each write: `(field, old, new)` of a record, `(old, new)` of a variant.",
    ),
    row(
        "Reactive.onRead",
        "[T, F](r: T, f: F) -> ()",
        "Calls `f` at each read: `(field, value)` of a record, `(value)` of a variant.",
    ),
    row("Reactive.set", "[T](r: T, v: T) -> ()", "Replaces the content of a reactive variant."),
    row("Regex.captures", "(s: String, re: String) -> Option[List[String]]", "Whole match and groups."),
    row("Regex.find", "(s: String, re: String) -> Option[String]", "First match."),
    row("Regex.findAll", "(s: String, re: String) -> List[String]", "All matches."),
    row(
        "Regex.matches",
        "(s: String, re: String) -> Bool",
        "Whether the pattern matches anywhere; an invalid pattern panics.",
    ),
    row("Regex.replace", "(s: String, re: String, new: String) -> String", "First match replaced."),
    row("Regex.replaceAll", "(s: String, re: String, new: String) -> String", "All matches replaced."),
    row("Regex.split", "(s: String, re: String) -> List[String]", "Pieces between matches."),
    row("RenderStack.current", "() -> String", "Name of the innermost component, empty outside."),
    row("RenderStack.pop", "() -> ()", "Ends the innermost component."),
    row("RenderStack.push", "(name: String) -> ()", "Begins a component whose reads are tracked."),
    row("Runtime.blockingThreads", "() -> Int", "Threads that only wait; none in this implementation."),
    row("Runtime.isInteractive", "() -> Bool", "Whether standard input is a terminal."),
    row(
        "Runtime.loadAvg",
        "() -> (Float, Float, Float)",
        "Load of the system over 1, 5 and 15 minutes; zeros where unknown.",
    ),
    row("Runtime.memoryKb", "() -> Int", "Resident memory of this process in KiB, 0 where unknown."),
    row("Runtime.numThreads", "() -> Int", "Number of threads the machine may use."),
    row("Runtime.pid", "() -> Int", "Process id given by the operating system."),
    row("Runtime.threadCount", "() -> Int", "Number of threads the machine uses now."),
    row("Runtime.tokioWorkers", "() -> Int", "Threads of an event loop; none in this implementation."),
    row("Runtime.uptimeMs", "() -> Int", "Milliseconds since the program started."),
    row(
        "Server.matchPath",
        "(pattern: String, path: String) -> List[(String, String)]",
        "Values of the `:name` parts of a path; empty if the path does not fit.",
    ),
    row("Set.contains", "[T](s: Set[T], x: T) -> Bool", "Whether `x` is a member."),
    row("Set.difference", "[T](s: Set[T], o: Set[T]) -> Set[T]", "Members that are not in `o`."),
    row("Set.empty", "[T]() -> Set[T]", "The empty set."),
    row("Set.fromList", "[T: Hash](xs: List[T]) -> Set[T]", "Set of the elements."),
    row("Set.insert", "[T: Hash](s: Set[T], x: T) -> Set[T]", "With `x`."),
    row("Set.intersection", "[T](s: Set[T], o: Set[T]) -> Set[T]", "Members of both."),
    row("Set.isEmpty", "[T](s: Set[T]) -> Bool", "Whether there is no member."),
    row("Set.isProperSubset", "[T](s: Set[T], o: Set[T]) -> Bool", "Whether `s` is within `o` and smaller."),
    row("Set.isSubset", "[T](s: Set[T], o: Set[T]) -> Bool", "Whether `s` is within `o`."),
    row("Set.remove", "[T](s: Set[T], x: T) -> Set[T]", "Without `x`."),
    row("Set.size", "[T](s: Set[T]) -> Int", "Number of members."),
    row("Set.symmetricDifference", "[T](s: Set[T], o: Set[T]) -> Set[T]", "Members of exactly one."),
    row("Set.toList", "[T](s: Set[T]) -> List[T]", "Members as a list."),
    row("Set.union", "[T](s: Set[T], o: Set[T]) -> Set[T]", "Members of either."),
    row("String.chars", "(s: String) -> List[Char]", "Characters in order."),
    row("String.contains", "(s: String, t: String) -> Bool", "Whether `t` occurs in `s`."),
    row(
        "String.drop",
        "(s: String, n: Int) -> String",
        "Without the first `n` characters; none dropped for a negative `n`.",
    ),
    row("String.endsWith", "(s: String, t: String) -> Bool", "Whether `s` ends with `t`."),
    row("String.from_chars", "(cs: List[Char]) -> String", "String of the characters."),
    row(
        "String.indexOf",
        "(s: String, t: String) -> Int",
        "Position in characters of the first `t`, -1 if there is none.",
    ),
    row("String.isEmpty", "(s: String) -> Bool", "Whether there is no character."),
    row("String.join", "(parts: List[String], sep: String) -> String", "The parts with `sep` between them."),
    row(
        "String.lastIndexOf",
        "(s: String, t: String) -> Int",
        "Position in characters of the last `t`, -1 if there is none.",
    ),
    row("String.length", "(s: String) -> Int", "Number of characters (Unicode scalar values)."),
    row("String.lines", "(s: String) -> List[String]", "Lines without their ends; no empty last line."),
    row(
        "String.padEnd",
        "(s: String, width: Int, pad: String) -> String",
        "Filled at the end to `width` characters with the first character of `pad`.",
    ),
    row(
        "String.padStart",
        "(s: String, width: Int, pad: String) -> String",
        "Filled at the start to `width` characters with the first character of `pad`.",
    ),
    row("String.parseFloat", "(s: String) -> Option[Float]", "Number written in `s`, surrounding blanks ignored."),
    row(
        "String.parseInt",
        "(s: String) -> Option[Int]",
        "Integer written in `s`, optional sign, surrounding blanks ignored.",
    ),
    row("String.repeat", "(s: String, n: Int) -> String", "`n` copies; empty for `n <= 0`."),
    row(
        "String.replace",
        "(s: String, old: String, new: String) -> String",
        "First `old` replaced; an empty `old` inserts at the start.",
    ),
    row("String.replaceAll", "(s: String, old: String, new: String) -> String", "Every `old` replaced."),
    row("String.reverse", "(s: String) -> String", "Characters in reverse order."),
    row(
        "String.split",
        "(s: String, sep: String) -> List[String]",
        "Pieces between separators, empty ones kept; an empty `sep` gives single characters.",
    ),
    row("String.startsWith", "(s: String, t: String) -> Bool", "Whether `s` starts with `t`."),
    row(
        "String.substring",
        "(s: String, from: Int, to: Int) -> String",
        "Characters `from` up to `to`, which is excluded and clamped; empty for a negative `from` or `to <= from`.",
    ),
    row("String.take", "(s: String, n: Int) -> String", "The first `n` characters, clamped."),
    row("String.toBigInt", "(s: String) -> Option[BigInt]", "Integer of any size written in `s`."),
    row("String.toFloat", "(s: String) -> Option[Float]", "As `parseFloat`."),
    row("String.toInt", "(s: String) -> Option[Int]", "As `parseInt`."),
    row("String.toLower", "(s: String) -> String", "Unicode lower case."),
    row("String.toUpper", "(s: String) -> String", "Unicode upper case."),
    row("String.trim", "(s: String) -> String", "Without white space at both ends."),
    row("String.trimEnd", "(s: String) -> String", "Without white space at the end."),
    row("String.trimStart", "(s: String) -> String", "Without white space at the start."),
    row("String.words", "(s: String) -> List[String]", "Pieces between white space, no empty ones."),
    row("Time.day", "(t: Int) -> Int", "Day of the month of an instant in UTC."),
    row("Time.format", "(t: Int, fmt: String) -> String", "Formats an instant in local time by strftime directives."),
    row("Time.formatUtc", "(t: Int, fmt: String) -> String", "Formats an instant in UTC by strftime directives."),
    row("Time.fromDate", "(y: Int, m: Int, d: Int) -> Int", "Midnight UTC of a date."),
    row(
        "Time.fromDateTime",
        "(y: Int, m: Int, d: Int, h: Int, mi: Int, s: Int) -> Int",
        "Instant of a date and time in UTC.",
    ),
    row("Time.fromTime", "(h: Int, m: Int, s: Int) -> Int", "Milliseconds since midnight."),
    row("Time.fromUtc", "(t: Int) -> Int", "UTC to local time."),
    row("Time.hour", "(t: Int) -> Int", "Hour of an instant in UTC."),
    row("Time.minute", "(t: Int) -> Int", "Minute of an instant in UTC."),
    row("Time.month", "(t: Int) -> Int", "Month, 1 to 12, of an instant in UTC."),
    row("Time.now", "() -> Int", "Milliseconds since 1970-01-01 UTC."),
    row("Time.nowSecs", "() -> Int", "Seconds since 1970-01-01 UTC."),
    row(
        "Time.parse",
        "(text: String, fmt: String) -> Option[Int]",
        "Reads date and time in UTC by strftime directives.",
    ),
    row("Time.second", "(t: Int) -> Int", "Second of an instant in UTC."),
    row("Time.timezone", "() -> String", "Name of the local time zone."),
    row("Time.timezoneOffset", "() -> Int", "Offset of local time from UTC in minutes."),
    row("Time.toUtc", "(t: Int) -> Int", "Local time to UTC."),
    row("Time.weekday", "(t: Int) -> Int", "Day of the week in UTC, 0 for Sunday."),
    row("Time.year", "(t: Int) -> Int", "Year of an instant in UTC."),
    row("Url.decode", "(s: String) -> (String, String)", "`(\"ok\", text)` or `(\"error\", reason)`."),
    row("Url.encode", "(s: String) -> String", "Text to percent encoding."),
    row("Uuid.isValid", "(s: String) -> Bool", "Whether the text is a UUID."),
    row("Uuid.v4", "() -> String", "A random UUID."),
    row("abs", "[T: Num](x: T) -> T", "Absolute value in the same type; wraps at the minimum."),
    row("asBigInt", "[T: Num](x: T) -> BigInt", "Number as `BigInt`, fractions are cut."),
    row("asFloat", "[T: Num](x: T) -> Float", "Number as `Float`, nearest."),
    row("asFloat32", "[T: Num](x: T) -> Float32", "Number as `Float32`, nearest."),
    row("asFloat64", "[T: Num](x: T) -> Float64", "Number as `Float64`, nearest."),
    row(
        "asInt",
        "[T: Num](x: T) -> Int",
        "Number as `Int`: fractions are cut and saturate, NaN gives 0; a BigInt that is too large fails.",
    ),
    row("asInt", "(c: Char) -> Int", "Code point of a character."),
    row("asInt16", "[T: Num](x: T) -> Int16", "Number as `Int16`: integers wrap, fractions are cut and saturate."),
    row("asInt32", "[T: Num](x: T) -> Int32", "Number as `Int32`: integers wrap, fractions are cut and saturate."),
    row("asInt64", "[T: Num](x: T) -> Int64", "Number as `Int64`: integers wrap, fractions are cut and saturate."),
    row("asInt8", "[T: Num](x: T) -> Int8", "Number as `Int8`: integers wrap, fractions are cut and saturate."),
    row("asUInt16", "[T: Num](x: T) -> UInt16", "Number as `UInt16`: integers wrap, fractions are cut and saturate."),
    row("asUInt32", "[T: Num](x: T) -> UInt32", "Number as `UInt32`: integers wrap, fractions are cut and saturate."),
    row("asUInt64", "[T: Num](x: T) -> UInt64", "Number as `UInt64`: integers wrap, fractions are cut and saturate."),
    row("asUInt8", "[T: Num](x: T) -> UInt8", "Number as `UInt8`: integers wrap, fractions are cut and saturate."),
    row("assert", "(condition: Bool) -> ()", "Panics with `Assertion failed` unless `condition` holds."),
    row(
        "assert",
        "(condition: Bool, why: String) -> ()",
        "Panics with `Assertion failed: why` unless `condition` holds.",
    ),
    special(
        "assertType",
        "[T](x: T) -> T",
        "The value `x`; only the checker compares its static type with `T`.",
        Special::AssertType,
    ),
    row(
        "assert_eq",
        "[T: Eq](expected: T, actual: T) -> ()",
        "Panics with `Assertion failed: A != B` (display forms) unless both are structurally equal.",
    ),
    row("ceil", "(x: Float) -> Int", "Smallest Int not below `x`; saturates, NaN gives 0."),
    row("copy", "[T](x: T) -> T", "Deep copy, observable for typed arrays. Implementations of `Copy` win."),
    row("cos", "(x: Float) -> Float", "Cosine, radians."),
    row("eprint", "[T: Show](x: T) -> ()", "As `print`, to standard error."),
    row("eprintln", "[T: Show](x: T) -> ()", "As `println`, to standard error."),
    row(
        "eval",
        "(code: String) -> String",
        "Display form of what source text evaluates to, which sees the library only; throws a String for a problem or failure.",
    ),
    row("floor", "(x: Float) -> Int", "Largest Int not above `x`; saturates, NaN gives 0."),
    row("flushStderr", "() -> ()", "Writes out what standard error has buffered."),
    row("flushStdout", "() -> ()", "Writes out what standard output has buffered."),
    special("fromJson", "[T](j: Json) -> T", "As `jsonToType`.", Special::TypeArguments),
    row("hash", "[T](x: T) -> Int", "Hash of `x`; equal values have equal hashes. Implementations of `Hash` win."),
    row("inspect", "[T](x: T, label: String) -> ()", "Prints `[inspect] label: x`."),
    row("intListRange", "(n: Int) -> List[Int]", "`n`, `n - 1`, ... down to 1."),
    special(
        "jsonToType",
        "[T](j: Json) -> T",
        "Builds a value of type `T`; throws a String such as `Missing field: age`.",
        Special::TypeArguments,
    ),
    special(
        "jsonToTypeByName",
        "(typeName: String, j: Json) -> Dyn",
        "As `jsonToType`, the type given as text; throws `Unknown type: N`.",
        Special::TypeName,
    ),
    row("len", "[T](xs: List[T]) -> Int", "Number of elements of a list."),
    special(
        "length",
        "[T](x: T) -> Int",
        "Number of elements of a list, tuple or typed array, of characters of a string.",
        Special::Length,
    ),
    row("log", "(x: Float) -> Float", "Natural logarithm."),
    row("log10", "(x: Float) -> Float", "Logarithm to base 10."),
    special(
        "makeRecord",
        "[T](fields: Map[String, Json]) -> T",
        "Builds a record; throws `Missing field: f`.",
        Special::TypeArguments,
    ),
    special(
        "makeRecordByName",
        "(typeName: String, fields: Map[String, Json]) -> Dyn",
        "As `makeRecord`, the type given as text.",
        Special::TypeName,
    ),
    special(
        "makeVariant",
        "[T](constructor: String, fields: Map[String, Json]) -> T",
        "Builds a variant, positional fields keyed `_0`, `_1`; throws `Unknown constructor: C`.",
        Special::TypeArguments,
    ),
    special(
        "makeVariantByName",
        "(typeName: String, constructor: String, fields: Map[String, Json]) -> Dyn",
        "As `makeVariant`, the type given as text.",
        Special::TypeName,
    ),
    row("max", "[T: Ord](a: T, b: T) -> T", "The larger one, `a` when equal."),
    row("min", "[T: Ord](a: T, b: T) -> T", "The smaller one, `a` when equal."),
    row("newFloat32Array", "(n: Int) -> Float32Array", "Array of `n` zeros; panics for a negative `n`."),
    row("newFloat64Array", "(n: Int) -> Float64Array", "Array of `n` zeros; panics for a negative `n`."),
    row("newInt64Array", "(n: Int) -> Int64Array", "Array of `n` zeros; panics for a negative `n`."),
    row("panic", "[R](message: String) -> R", "Raises the failure `(\"Panic\", message)`."),
    row("pow", "[T: Num](a: T, b: T) -> T", "`a ** b`."),
    row("print", "[T: Show](x: T) -> ()", "Writes the display form of `x` to standard output, without a line end."),
    row(
        "println",
        "[T: Show](x: T) -> ()",
        "Writes the display form of `x` and a line end to standard output; a user `Show` is not asked.",
    ),
    row("reactiveId", "[T](r: T) -> Int", "Identity of a reactive value."),
    row("reflect", "[T](x: T) -> Json", "The value as a `Json` tree."),
    row("round", "(x: Float) -> Int", "Nearest Int, half away from zero; saturates, NaN gives 0."),
    row("self", "() -> Pid", "The running process."),
    row(
        "show",
        "[T: Show](x: T) -> String",
        "Display form of `x`; an implementation of `Show` for the type of `x` itself wins.",
    ),
    row("sin", "(x: Float) -> Float", "Sine, radians."),
    row("sleep", "(milliseconds: Int) -> ()", "Suspends the calling process only."),
    row("sqrt", "(x: Float) -> Float", "Square root; NaN for a negative number."),
    row("sumInt64Array", "(a: Int64Array) -> Int", "Wrapping sum of the elements."),
    row("tagOf", "[T](x: T) -> String", "Name of the constructor of a variant, empty for any other value."),
    row("tan", "(x: Float) -> Float", "Tangent, radians."),
    row("throw", "[T, R](v: T) -> R", "Raises `v` itself."),
    row("toBigInt", "[T: Num](x: T) -> BigInt", "Number as `BigInt`, fractions are cut."),
    row("toChar", "(n: Int) -> Char", "Character of a code point; panics for an invalid one."),
    row("toFloat", "[T: Num](x: T) -> Float", "Number as `Float`, nearest."),
    row("toFloat32", "[T: Num](x: T) -> Float32", "Number as `Float32`, nearest."),
    row("toFloat64", "[T: Num](x: T) -> Float64", "Number as `Float64`, nearest."),
    row(
        "toInt",
        "[T: Num](x: T) -> Int",
        "Number as `Int`: fractions are cut and saturate, NaN gives 0; a BigInt that is too large fails.",
    ),
    row("toInt", "(c: Char) -> Int", "Code point of a character."),
    row("toInt16", "[T: Num](x: T) -> Int16", "Number as `Int16`: integers wrap, fractions are cut and saturate."),
    row("toInt32", "[T: Num](x: T) -> Int32", "Number as `Int32`: integers wrap, fractions are cut and saturate."),
    row("toInt64", "[T: Num](x: T) -> Int64", "Number as `Int64`: integers wrap, fractions are cut and saturate."),
    row("toInt8", "[T: Num](x: T) -> Int8", "Number as `Int8`: integers wrap, fractions are cut and saturate."),
    row("toIntList", "(xs: List[Int]) -> List[Int]", "The same list (packed in other implementations)."),
    row("toString", "[T](x: T) -> String", "Display form of `x`, structural even where `Show` is implemented."),
    row("toUInt16", "[T: Num](x: T) -> UInt16", "Number as `UInt16`: integers wrap, fractions are cut and saturate."),
    row("toUInt32", "[T: Num](x: T) -> UInt32", "Number as `UInt32`: integers wrap, fractions are cut and saturate."),
    row("toUInt64", "[T: Num](x: T) -> UInt64", "Number as `UInt64`: integers wrap, fractions are cut and saturate."),
    row("toUInt8", "[T: Num](x: T) -> UInt8", "Number as `UInt8`: integers wrap, fractions are cut and saturate."),
    special(
        "typeInfo",
        "(name: String) -> Map[String, Dyn]",
        "Description of a declared type; an empty map for an unknown name.",
        Special::TypeName,
    ),
    special("typeNameOf", "[T]() -> String", "Name of the type argument.", Special::TypeArguments),
    row(
        "typeOf",
        "[T](x: T) -> String",
        "Kind of the value: `Int`, `List`, `Record`, ...; `Int64List` for a non-empty list of Ints only.",
    ),
    row(
        "vmStats",
        "() -> (Int, Int, Int)",
        "Counters of the machine: processes, calls, live values; for diagnosis only.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_overloads_differ() {
        assert!(NATIVES.is_sorted_by(|a, b| (a.name, a.ty) != (b.name, b.ty) && a.name <= b.name));
    }

    #[test]
    fn overloads_are_found_together() {
        assert_eq!(natives_named("assert").count(), 2);
        assert_eq!(natives_named("println").count(), 1);
        assert_eq!(natives_named("nope").count(), 0);
    }

    #[test]
    fn docs_are_one_sentence_line() {
        for native in NATIVES {
            assert!(native.doc.ends_with('.') && !native.doc.contains('\n'), "{}", native.name);
        }
    }
}

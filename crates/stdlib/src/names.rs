//! Names with a fixed meaning: what programs may not define, and the namespaces that exist without an import.

/// Names that no function of a program may have, sorted. Values, parameters, types, fields and constructors may.
pub fn reserved_function_names() -> &'static [&'static str] {
    RESERVED
}

/// Whether a top-level function of this name shadows a built-in function.
pub fn is_reserved_function_name(name: &str) -> bool {
    RESERVED.binary_search(&name).is_ok()
}

/// The prelude module whose function a program's function of this name would shadow.
///
/// `None` for reserved names, which have their own message, and for names that are free.
pub fn prelude_function_module(name: &str) -> Option<&'static str> {
    PRELUDE.binary_search(&name).is_ok().then_some("stdlib.list")
}

/// Whether `name` qualifies built-in functions (`String.length`) in every module.
pub fn is_builtin_namespace(name: &str) -> bool {
    NAMESPACES.binary_search(&name).is_ok()
}

/// Why a function of the language's library is missing here: what it needs and this implementation does not have.
///
/// `name`: qualified (`Http.get`), bare (`requestToType`) or the path of a module (`stdlib.ws`). `None` for a name that the
/// language does not know either.
pub fn missing_because(name: &str) -> Option<&'static str> {
    let first = match name.strip_prefix("stdlib.") {
        Some(rest) => rest,
        None => name.split('.').next().unwrap_or(name),
    };
    Some(match first {
        "Http" | "Server" | "Tcp" | "WebSocket" | "requestToType" => "the network",
        "Pg" => "a database",
        "Selenium" => "a browser",
        "Panel" => "the panels of an editor",
        module => return missing_module(module),
    })
}

/// The same for a module of the language's library, by its name below `stdlib`: `ws`.
pub fn missing_module(name: &str) -> Option<&'static str> {
    Some(match name {
        "ws" => "the network",
        "db" => "a database",
        "rhtml" | "rhtml_session" | "rhttp_server" | "rweb" | "rweb_state" | "html_parser" => "web pages",
        _ => return None,
    })
}

#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "abs", "all", "any", "asBigInt", "asFloat", "asFloat32", "asFloat64", "asInt", "asInt16", "asInt32",
    "asInt64", "asInt8", "asUInt16", "asUInt32", "asUInt64", "asUInt8", "assert", "assertType", "assert_eq",
    "ceil", "concat", "copy", "cos", "drop", "dropWhile", "empty", "enumerate", "eprint", "eprintln", "eval",
    "filter", "find", "flatMap", "flatten", "floor", "flushStderr", "flushStdout", "fold", "fromJson", "get",
    "groupBy", "hash", "head", "indexOf", "init", "inspect", "intListRange", "intersperse", "isEmpty", "isSorted",
    "isSortedBy", "join", "jsonToType", "jsonToTypeByName", "last", "len", "length", "log", "log10", "makeRecord",
    "makeRecordByName", "makeVariant", "makeVariantByName", "map", "max", "maximum", "min", "minimum",
    "newFloat32Array", "newFloat64Array", "newInt64Array", "nth", "optFlatMap", "optIsNone", "optIsSome",
    "optMap", "optUnwrap", "optUnwrapOr", "pairwise", "partition", "pop", "position", "pow", "print", "println",
    "product", "push", "range", "reactiveId", "receive", "reflect", "replicate", "requestToType", "resFlatMap",
    "resIsErr", "resIsOk", "resMap", "resMapErr", "resToOption", "resUnwrap", "resUnwrapOr", "reverse", "round",
    "self", "send", "set", "show", "sin", "sleep", "slice", "sort", "sortBy", "spanList", "spawn", "split",
    "sqrt", "sum", "sumInt64Array", "tagOf", "tail", "take", "takeWhile", "tan", "toBigInt", "toChar",
    "toIntList", "toString", "transpose", "typeInfo", "typeNameOf", "typeOf", "unique", "unzip", "vmStats", "zip",
    "zipWith",
];

#[rustfmt::skip]
const PRELUDE: &[&str] = &[
    "contains", "count", "each", "elem", "enumerateFrom", "findIndices", "foldl", "foldr", "fst", "group",
    "insertAt", "interleave", "remove", "removeAt", "scanl", "snd", "span", "splitAt",
];

#[rustfmt::skip]
const NAMESPACES: &[&str] = &[
    "Base64", "Buffer", "Crypto", "Dir", "Encoding", "Env", "Exec", "File", "Float32Array", "Float64Array", "Gc",
    "Http", "Int64Array", "Json", "Map", "Panel", "Path", "Pg", "Process", "Random", "Reactive", "Regex",
    "RenderStack", "Runtime", "Selenium", "Server", "Set", "String", "Tcp", "Time", "Url", "Uuid", "WebSocket",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_disjoint() {
        for table in [RESERVED, PRELUDE, NAMESPACES] {
            assert!(table.is_sorted_by(|a, b| a < b));
        }
        assert!(PRELUDE.iter().all(|name| !is_reserved_function_name(name)));
    }

    #[test]
    fn what_is_missing_has_a_reason() {
        assert_eq!(missing_because("Http.get"), Some("the network"));
        assert_eq!(missing_because("stdlib.ws"), Some("the network"));
        assert_eq!(missing_because("Pg.connect"), Some("a database"));
        for name in ["stdlib.list", "String.nope", "nope", "Http2.get"] {
            assert_eq!(missing_because(name), None, "{name}");
        }
        // What exists has no reason to be missing.
        for native in crate::natives().iter().filter(|native| !native.name.starts_with("Server.")) {
            assert_eq!(missing_because(native.name), None, "{}", native.name);
        }
    }

    #[test]
    fn conversions_are_free() {
        for name in ["toInt", "toInt8", "toUInt64", "toFloat", "toFloat64", "main", "first"] {
            assert!(!is_reserved_function_name(name), "{name}");
        }
    }
}

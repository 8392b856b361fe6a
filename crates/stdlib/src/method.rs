//! Built-in methods: which native or library function `x.m(…)` means for the head of the type of `x`.
//!
//! Input: the name of a type head (`String`, `List`, `Tuple`, `Int64Array`, …) and of a method. Output: what is called,
//! with the receiver as first argument. Methods of user traits, fields and free functions are the checker's business.

/// What a built-in method calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A native of the table, by name.
    Native(&'static str),
    /// A function of a library module.
    Function {
        /// Full path: `stdlib.list`.
        module: &'static str,
        /// Bare name.
        name: &'static str,
    },
}

/// The meanings of method `method` on a receiver whose type has the head `head`; none for an unknown pair.
pub fn builtin_methods(head: &str, method: &str) -> impl Iterator<Item = Callee> + use<> {
    let own = METHODS
        .iter()
        .filter(move |group| group.heads.contains(&head))
        .find_map(|group| find(group.methods, method))
        .or_else(|| find(UNIVERSAL, method));
    own.into_iter()
}

/// The heads that have a built-in method of this name, each once, in a fixed order; empty for an unknown name and for
/// methods that every type has.
pub fn heads_with_method(method: &str) -> Vec<&'static str> {
    let mut heads = Vec::new();
    for group in METHODS.iter().filter(|group| find(group.methods, method).is_some()) {
        heads.extend(group.heads.iter().copied().filter(|head| !heads.contains(head)).collect::<Vec<_>>());
    }
    heads
}

/// The names of all built-in methods of a head, those that every type has included.
pub fn method_names(head: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let own = METHODS.iter().filter(move |group| group.heads.contains(&head)).flat_map(|group| group.methods);
    own.chain(UNIVERSAL).map(|(name, _)| *name)
}

fn find(methods: &[(&str, Callee)], method: &str) -> Option<Callee> {
    methods.binary_search_by(|(name, _)| (*name).cmp(method)).ok().map(|index| methods[index].1)
}

/// Methods shared by some heads, sorted by name.
struct Group {
    heads: &'static [&'static str],
    methods: &'static [(&'static str, Callee)],
}

const fn native(method: &'static str, native: &'static str) -> (&'static str, Callee) {
    (method, Callee::Native(native))
}

/// A method that calls the library function `name` of the list module.
const fn list(method: &'static str, name: &'static str) -> (&'static str, Callee) {
    (method, Callee::Function { module: "stdlib.list", name })
}

/// Methods that every type has; a head's own method of the same name wins.
#[rustfmt::skip]
const UNIVERSAL: &[(&str, Callee)] = &[
    native("copy", "copy"),
    native("hash", "hash"),
    native("show", "show"),
    native("toString", "toString"),
];

#[rustfmt::skip]
const METHODS: &[Group] = &[
    Group {
        heads: &["List"],
        methods: &[
            list("all", "all"),
            list("any", "any"),
            list("concat", "concat"),
            list("contains", "contains"),
            list("count", "count"),
            native("drop", "Prim.listDrop"),
            list("dropWhile", "dropWhile"),
            list("each", "each"),
            list("enumerate", "enumerate"),
            list("enumerateFrom", "enumerateFrom"),
            list("filter", "filter"),
            list("find", "find"),
            list("findIndices", "findIndices"),
            list("flatMap", "flatMap"),
            native("flatten", "Prim.listFlatten"),
            list("fold", "fold"),
            list("foldl", "foldl"),
            list("foldr", "foldr"),
            native("get", "Prim.listGet"),
            list("group", "group"),
            list("groupBy", "groupBy"),
            native("head", "Prim.listHead"),
            list("indexOf", "indexOf"),
            list("init", "init"),
            list("insertAt", "insertAt"),
            list("interleave", "interleave"),
            list("intersperse", "intersperse"),
            native("isEmpty", "Prim.listIsEmpty"),
            list("isSorted", "isSorted"),
            list("isSortedBy", "isSortedBy"),
            native("join", "Prim.listJoin"),
            native("last", "Prim.listLast"),
            native("len", "Prim.listLength"),
            native("length", "length"),
            list("map", "map"),
            list("maximum", "maximum"),
            list("minimum", "minimum"),
            native("nth", "Prim.listGet"),
            list("pairwise", "pairwise"),
            list("partition", "partition"),
            list("pop", "pop"),
            list("position", "position"),
            list("product", "product"),
            native("push", "Prim.listPush"),
            list("remove", "remove"),
            list("removeAt", "removeAt"),
            native("reverse", "Prim.listReverse"),
            list("scanl", "scanl"),
            native("set", "Prim.listSet"),
            native("slice", "Prim.listSlice"),
            list("sort", "sort"),
            list("sortBy", "sortBy"),
            list("span", "span"),
            list("spanList", "spanList"),
            list("splitAt", "splitAt"),
            list("sum", "sum"),
            native("tail", "Prim.listTail"),
            native("take", "Prim.listTake"),
            list("takeWhile", "takeWhile"),
            list("transpose", "transpose"),
            list("unique", "unique"),
            list("unzip", "unzip"),
            list("zip", "zip"),
            list("zipWith", "zipWith"),
        ],
    },
    Group {
        heads: &["String"],
        methods: &[
            native("chars", "String.chars"),
            native("contains", "String.contains"),
            native("drop", "String.drop"),
            native("endsWith", "String.endsWith"),
            native("indexOf", "String.indexOf"),
            native("isEmpty", "String.isEmpty"),
            native("lastIndexOf", "String.lastIndexOf"),
            native("length", "String.length"),
            native("lines", "String.lines"),
            native("padEnd", "String.padEnd"),
            native("padStart", "String.padStart"),
            native("parseFloat", "String.parseFloat"),
            native("parseInt", "String.parseInt"),
            native("repeat", "String.repeat"),
            native("replace", "String.replace"),
            native("replaceAll", "String.replaceAll"),
            native("reverse", "String.reverse"),
            native("split", "String.split"),
            native("startsWith", "String.startsWith"),
            native("substring", "String.substring"),
            native("take", "String.take"),
            native("toBigInt", "String.toBigInt"),
            native("toFloat", "String.toFloat"),
            native("toInt", "String.toInt"),
            native("toLower", "String.toLower"),
            native("toUpper", "String.toUpper"),
            native("trim", "String.trim"),
            native("trimEnd", "String.trimEnd"),
            native("trimStart", "String.trimStart"),
            native("words", "String.words"),
        ],
    },
    Group {
        heads: &["Map"],
        methods: &[
            native("contains", "Map.contains"),
            native("difference", "Map.difference"),
            native("get", "Map.get"),
            native("getOrThrow", "Map.getOrThrow"),
            native("insert", "Map.insert"),
            native("intersection", "Map.intersection"),
            native("isEmpty", "Map.isEmpty"),
            native("keys", "Map.keys"),
            native("length", "Map.size"),
            native("lookup", "Map.lookup"),
            native("merge", "Map.union"),
            native("remove", "Map.remove"),
            native("size", "Map.size"),
            native("toList", "Map.toList"),
            native("union", "Map.union"),
            native("values", "Map.values"),
        ],
    },
    Group {
        heads: &["Set"],
        methods: &[
            native("contains", "Set.contains"),
            native("difference", "Set.difference"),
            native("insert", "Set.insert"),
            native("intersection", "Set.intersection"),
            native("isEmpty", "Set.isEmpty"),
            native("isProperSubset", "Set.isProperSubset"),
            native("isSubset", "Set.isSubset"),
            native("length", "Set.size"),
            native("remove", "Set.remove"),
            native("size", "Set.size"),
            native("symmetricDifference", "Set.symmetricDifference"),
            native("toList", "Set.toList"),
            native("union", "Set.union"),
        ],
    },
    Group {
        heads: &["Int64Array"],
        methods: &[
            native("get", "Int64Array.get"),
            native("length", "Int64Array.length"),
            native("set", "Int64Array.set"),
            native("toList", "Int64Array.toList"),
        ],
    },
    Group {
        heads: &["Float64Array"],
        methods: &[
            native("get", "Float64Array.get"),
            native("length", "Float64Array.length"),
            native("set", "Float64Array.set"),
            native("toList", "Float64Array.toList"),
        ],
    },
    Group {
        heads: &["Float32Array"],
        methods: &[
            native("get", "Float32Array.get"),
            native("length", "Float32Array.length"),
            native("set", "Float32Array.set"),
            native("toList", "Float32Array.toList"),
        ],
    },
    Group {
        heads: &["Buffer"],
        methods: &[
            native("append", "Buffer.append"),
            native("toString", "Buffer.toString"),
        ],
    },
    Group {
        heads: &["Tuple"],
        methods: &[
            native("length", "length"),
        ],
    },
    Group {
        heads: &["Option"],
        methods: &[
            list("flatMap", "optFlatMap"),
            list("isNone", "optIsNone"),
            list("isSome", "optIsSome"),
            list("map", "optMap"),
            list("optFlatMap", "optFlatMap"),
            list("optIsNone", "optIsNone"),
            list("optIsSome", "optIsSome"),
            list("optMap", "optMap"),
            list("optUnwrap", "optUnwrap"),
            list("optUnwrapOr", "optUnwrapOr"),
            list("unwrap", "optUnwrap"),
            list("unwrapOr", "optUnwrapOr"),
        ],
    },
    Group {
        heads: &["Result"],
        methods: &[
            list("flatMap", "resFlatMap"),
            list("isErr", "resIsErr"),
            list("isOk", "resIsOk"),
            list("map", "resMap"),
            list("mapErr", "resMapErr"),
            list("resFlatMap", "resFlatMap"),
            list("resIsErr", "resIsErr"),
            list("resIsOk", "resIsOk"),
            list("resMap", "resMap"),
            list("resMapErr", "resMapErr"),
            list("resToOption", "resToOption"),
            list("resUnwrap", "resUnwrap"),
            list("resUnwrapOr", "resUnwrapOr"),
            list("toOption", "resToOption"),
            list("unwrap", "resUnwrap"),
            list("unwrapOr", "resUnwrapOr"),
        ],
    },
    Group {
        heads: &["Int", "Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Float32", "BigInt", "Decimal"],
        methods: &[
            native("abs", "abs"),
            native("asBigInt", "asBigInt"),
            native("asFloat", "asFloat"),
            native("asFloat32", "asFloat32"),
            native("asFloat64", "asFloat64"),
            native("asInt", "asInt"),
            native("asInt16", "asInt16"),
            native("asInt32", "asInt32"),
            native("asInt64", "asInt64"),
            native("asInt8", "asInt8"),
            native("asUInt16", "asUInt16"),
            native("asUInt32", "asUInt32"),
            native("asUInt64", "asUInt64"),
            native("asUInt8", "asUInt8"),
            native("max", "max"),
            native("min", "min"),
            native("pow", "pow"),
            native("toBigInt", "toBigInt"),
            native("toFloat", "toFloat"),
            native("toFloat32", "toFloat32"),
            native("toFloat64", "toFloat64"),
            native("toInt", "toInt"),
            native("toInt16", "toInt16"),
            native("toInt32", "toInt32"),
            native("toInt64", "toInt64"),
            native("toInt8", "toInt8"),
            native("toUInt16", "toUInt16"),
            native("toUInt32", "toUInt32"),
            native("toUInt64", "toUInt64"),
            native("toUInt8", "toUInt8"),
        ],
    },
    Group {
        heads: &["Float"],
        methods: &[
            native("ceil", "ceil"),
            native("cos", "cos"),
            native("floor", "floor"),
            native("log", "log"),
            native("log10", "log10"),
            native("round", "round"),
            native("sin", "sin"),
            native("sqrt", "sqrt"),
            native("tan", "tan"),
        ],
    },
    Group {
        heads: &["Int"],
        methods: &[
            native("toChar", "toChar"),
        ],
    },
    Group {
        heads: &["Char"],
        methods: &[
            native("asInt", "asInt"),
            native("toInt", "toInt"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_name_what_exists() {
        let list_module = crate::library().iter().find(|(stem, _)| *stem == "list").expect("the list module").1;
        for methods in METHODS.iter().map(|group| group.methods).chain([UNIVERSAL]) {
            assert!(methods.is_sorted_by(|a, b| a.0 < b.0));
            for (method, callee) in methods {
                match callee {
                    Callee::Native(name) => assert!(crate::natives_named(name).next().is_some(), "{method}: {name}"),
                    Callee::Function { name, .. } => assert!(
                        list_module.contains(&format!("\npub {name}["))
                            || list_module.contains(&format!("\npub {name}(")),
                        "{method}: {name}"
                    ),
                }
            }
        }
    }

    #[test]
    fn short_names_depend_on_the_head() {
        let callee = |head, method| builtin_methods(head, method).next();
        let function = |name| Some(Callee::Function { module: "stdlib.list", name });
        assert_eq!(callee("Option", "map"), function("optMap"));
        assert_eq!(callee("Result", "map"), function("resMap"));
        assert_eq!(callee("List", "map"), function("map"));
        assert_eq!(callee("String", "take"), Some(Callee::Native("String.take")));
        assert_eq!(callee("Buffer", "toString"), Some(Callee::Native("Buffer.toString")));
        assert_eq!(callee("Pid", "toString"), Some(Callee::Native("toString")));
        assert_eq!(callee("Int", "length"), None);
        assert_eq!(callee("Option", "filter"), None);
    }

    #[test]
    fn some_methods_determine_the_receiver() {
        assert_eq!(heads_with_method("filter"), ["List"]);
        assert_eq!(heads_with_method("lookup"), ["Map"]);
        assert_eq!(heads_with_method("toUpper"), ["String"]);
        assert!(heads_with_method("take").len() > 1);
        assert!(heads_with_method("nope").is_empty());
    }
}

//! Names of modules, the paths of their files, and the symbols in them.
//!
//! Input: options, paths, names. Output: the same said in another way, and the order in which modules are initialised.
//!
//! Invariant: nothing here depends on what is in a file.

use base_db::{Name, Options, library_path};

use crate::manifest::is_library;

/// The path under which a host shows the file of a single-file run.
pub const SINGLE_FILE: &str = "main.nos";

/// The module or block that the definition with this symbol stands in.
pub fn module_of_symbol(symbol: &str) -> &str {
    let head = symbol.split(['(', '/', ':']).next().unwrap_or(symbol);
    head.rsplit_once('.').map_or("", |(module, _)| module)
}

pub(crate) fn module_name(options: &Options, path: &str) -> Name {
    if options.single_file && !is_library(path) {
        return Name::default();
    }
    base_db::module_path_of(path).unwrap_or_default()
}

/// Inverse of [`module_name`] for files that follow the rule.
pub(crate) fn path_of(options: &Options, module: &str) -> Name {
    if let Some(rest) = module.strip_prefix("stdlib.") {
        return library_path(&rest.replace('.', "/"));
    }
    if options.single_file {
        return Name::new_static(SINGLE_FILE);
    }
    Name::from(format!("{}.nos", module.replace('.', "/")))
}

/// `a.b.c` → `a.b.c`, `a.b`, `a`, and at last the root.
pub(crate) fn prefixes_longest_first(module: &str) -> impl Iterator<Item = &str> {
    let shorter = module.rmatch_indices('.').map(|(at, _)| &module[..at]);
    std::iter::once(module).chain(shorter).chain(std::iter::once(""))
}

/// Path of the library file that defines `module`; `None`: not of the library.
pub(crate) fn library_file(module: &str) -> Option<Name> {
    let stem = module.strip_prefix("stdlib.")?;
    stdlib::library().iter().any(|&(name, _)| name == stem).then(|| library_path(stem))
}

/// Rows in an order in which what they import comes first: depth-first over imports, by number at the top.
pub(crate) fn imports_first(rows: usize, imports: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut seen = vec![false; rows];
    let mut order = Vec::with_capacity(rows);
    for root in 0..rows {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut stack = vec![(root, imports(root).into_iter())];
        while let Some((row, rest)) = stack.last_mut() {
            match rest.next() {
                Some(target) if std::mem::replace(&mut seen[target], true) => {}
                Some(target) => stack.push((target, imports(target).into_iter())),
                None => {
                    order.push(*row);
                    stack.pop();
                }
            }
        }
    }
    order
}

//! `cargo xtask tidy`: what rustc and clippy cannot see.
//!
//! Input: the checkout and `cargo metadata`. Output: one line per problem; all are reported, then it fails once.
//!
//! Checked: module docs, edges between crates ([`crate::layers`], also through others), the operating system only at the
//! edges, no leftovers (`todo`, `dbg`, ignored tests, paths of somebody's machine), pinned versions, clean line ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::layers::{self, Layer};

/// Folders without text of ours.
const SKIPPED: &[&str] = &["target", "corpus", "artifacts"];

/// Inputs of the parser's tests, broken on purpose.
const ODD_TEXTS: [&str; 2] = ["test-data/parser/", "test-data/fuzz/"];

/// Code that touches files, environment, clock or terminal. `std::env::consts` is data of the compiler.
const SYSTEM: &[&str] = &[
    "std::fs",
    "std::env::var",
    "std::env::args",
    "std::env::current",
    "std::env::set",
    "std::env::temp",
    "std::net",
    "std::process",
    "io::stdin(",
    "io::stdout(",
    "io::stderr(",
    "SystemTime::now",
    "println!(",
    "print!(",
];

/// Members of a `use std::{…}` that mean the same.
const SYSTEM_MODULES: &[&str] = &["fs", "env", "net", "process"];

/// What may not be left in code, with what to do instead.
const LEFTOVERS: &[(&str, &str)] = &[
    ("todo!(", "finish it or return an error"),
    ("unimplemented!(", "finish it or return an error"),
    ("dbg!(", "use `tracing`"),
    ("#[ignore", "assert today's answer with a FIXME instead"),
];

/// Absolute paths that only one machine has; written apart so that this file does not contain them.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/tm", "p/")];

pub(crate) fn run(root: &Path) -> Result<()> {
    let mut problems = Problems::default();
    let metadata = Metadata::load(root)?;
    metadata.check_edges(&mut problems);
    check_versions(root, &mut problems)?;
    let mut files = Vec::new();
    list(root, &mut files)?;
    for path in &files {
        let Ok(bytes) = fs::read(path) else { continue };
        let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        match path.extension().and_then(|it| it.to_str()) {
            Some("rs") => {
                let text = String::from_utf8_lossy(&bytes);
                check_rust(&relative, &text, metadata.layer_of(path), &mut problems);
                check_lines(&relative, &text, &mut problems);
            }
            Some("toml" | "md") => check_lines(&relative, &String::from_utf8_lossy(&bytes), &mut problems),
            Some("nos") if ODD_TEXTS.iter().any(|folder| relative.starts_with(folder)) => {}
            Some("nos") if !bytes.is_empty() && !bytes.ends_with(b"\n") => {
                problems.add(&relative, None, "ends without a newline")
            }
            _ => {}
        }
    }
    problems.into_result(files.len())
}

/// What is wrong, in the order of finding.
#[derive(Default)]
struct Problems {
    lines: Vec<String>,
}

impl Problems {
    fn add(&mut self, path: &str, line: Option<usize>, message: impl std::fmt::Display) {
        let line = line.map_or(String::new(), |line| format!(":{line}"));
        self.lines.push(format!("{path}{line}: {message}"));
    }

    fn into_result(self, files: usize) -> Result<()> {
        for line in &self.lines {
            println!("{line}");
        }
        ensure!(self.lines.is_empty(), "tidy: {} problems", self.lines.len());
        println!("tidy: {files} files, no problems");
        Ok(())
    }
}

/// Every file below `folder`, in path order, without what version control ignores anyway.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut entries: Vec<fs::DirEntry> = entries.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&&*name) {
            list(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

// --- text ------------------------------------------------------------------------------------------------------------

fn check_lines(path: &str, text: &str, problems: &mut Problems) {
    for (index, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            problems.add(path, Some(index + 1), "white space at the end of the line");
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        problems.add(path, None, "ends without a newline");
    }
}

/// `layer`: that of the crate the file belongs to.
fn check_rust(path: &str, text: &str, layer: Option<&Layer>, problems: &mut Problems) {
    if !text.starts_with("//!") {
        problems.add(path, Some(1), "starts without `//!`: say what the file is for");
    }
    let code = without_comments_and_strings(text);
    for (index, line) in code.lines().enumerate() {
        for (leftover, instead) in LEFTOVERS {
            if line.contains(leftover) {
                problems.add(path, Some(index + 1), format_args!("`{leftover}`: {instead}"));
            }
        }
    }
    // Tests stand at the end of a file or in a folder of their own; they may use temporary files.
    let in_tests = path.contains("/tests/") || path.contains("/tests.rs") || path.contains("/testing.rs");
    let product = if in_tests { 0 } else { code.find("#[cfg(test)]").unwrap_or(code.len()) };
    // Blanking keeps offsets, so the same cut fits the original.
    for (index, line) in text[..product].lines().enumerate() {
        for machine in MACHINE_PATHS {
            if line.contains(machine) {
                problems.add(path, Some(index + 1), format_args!("`{machine}` is a path of one machine"));
            }
        }
    }
    if layer.is_some_and(|layer| !layer.touches_the_system) && !is_build_script(path) {
        check_system(path, &code[..product], problems);
    }
}

/// Build scripts are programs of their own, as `build.rs` or, with their modules, as a folder `build`.
fn is_build_script(path: &str) -> bool {
    path.ends_with("/build.rs") || path.contains("/build/")
}

/// The operating system belongs to the crates at the edge.
fn check_system(path: &str, code: &str, problems: &mut Problems) {
    for (index, line) in code.lines().enumerate() {
        for system in SYSTEM {
            if line.contains(system) {
                problems.add(path, Some(index + 1), format_args!("`{system}` belongs to the crates at the edge"));
            }
        }
    }
    for (start, _) in code.match_indices("use std::{") {
        let group = code[start..].split(';').next().unwrap_or_default();
        let line = code[..start].matches('\n').count() + 1;
        for module in group.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if SYSTEM_MODULES.contains(&module) {
                problems.add(path, Some(line), format_args!("`std::{module}` belongs to the crates at the edge"));
            }
        }
    }
}

/// The text with the insides of comments and literals replaced by blanks of the same number of bytes.
fn without_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        match end {
            Some(end) => {
                for byte in &mut out[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            None => at += 1,
        }
    }
    // Only whole literals were replaced, each by ASCII, so this is still UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// Where the comment or literal that starts at `at` ends; `None` if none starts there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let preceded_by_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => Some(at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => {
            let (mut depth, mut end) = (0, 0);
            while end < rest.len() {
                match &rest[end..] {
                    [b'/', b'*', ..] => (depth, end) = (depth + 1, end + 2),
                    [b'*', b'/', ..] => (depth, end) = (depth - 1, end + 2),
                    _ => end += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            Some(at + end.min(rest.len()))
        }
        [b'r', b'"' | b'#', ..] if !preceded_by_name => {
            let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return None;
            }
            let close: Vec<u8> = [b'"'].into_iter().chain(std::iter::repeat_n(b'#', hashes)).collect();
            let body = &rest[2 + hashes..];
            let length = body.windows(close.len()).position(|window| window == close).unwrap_or(body.len());
            Some((at + 2 + hashes + length + close.len()).min(bytes.len()))
        }
        [b'"', ..] => Some(at + quoted_end(rest, b'"')),
        // A quote starts a character if it is closed after one; otherwise it is a lifetime.
        [b'\'', b'\\', ..] => Some(at + quoted_end(rest, b'\'')),
        [b'\'', ..] => {
            let closed = (2..=5).find(|&end| rest.get(end) == Some(&b'\''))?;
            let inside = std::str::from_utf8(&rest[1..closed]).ok()?;
            (inside.chars().count() == 1).then_some(at + closed + 1)
        }
        _ => None,
    }
}

/// Length of a literal with escapes, both quotes included.
fn quoted_end(rest: &[u8], quote: u8) -> usize {
    let mut end = 1;
    while end < rest.len() {
        match rest[end] {
            b'\\' => end += 2,
            byte if byte == quote => return end + 1,
            _ => end += 1,
        }
    }
    rest.len()
}

// --- manifests -------------------------------------------------------------------------------------------------------

/// Versions stand once, in the root manifest, and are exact.
fn check_versions(root: &Path, problems: &mut Problems) -> Result<()> {
    let text = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let manifest: toml::Table = text.parse().context("Cargo.toml")?;
    let dependencies = manifest.get("workspace").and_then(|it| it.get("dependencies")).and_then(toml::Value::as_table);
    for (name, dependency) in dependencies.into_iter().flatten() {
        let version = match dependency {
            toml::Value::String(version) => Some(version.as_str()),
            other if other.get("path").is_some() => continue,
            other => other.get("version").and_then(toml::Value::as_str),
        };
        if !version.is_some_and(|version| version.starts_with('=')) {
            problems.add("Cargo.toml", None, format_args!("`{name}` needs an exact version, `=x.y.z`"));
        }
    }
    Ok(())
}

/// The part of `cargo metadata` that is looked at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None`: a normal one; otherwise `dev` or `build`.
    kind: Option<String>,
    req: String,
    /// `None`: a folder of ours.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<NodeDependency>,
}

#[derive(Deserialize)]
struct NodeDependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Metadata {
    fn load(root: &Path) -> Result<Metadata> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .current_dir(root)
            .args(["metadata", "--format-version", "1", "--locked"])
            .output()
            .context("cannot start cargo")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).context("cargo metadata")
    }

    fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The layer of the crate that a file belongs to.
    fn layer_of(&self, file: &Path) -> Option<&'static Layer> {
        let owners =
            self.members().filter(|it| it.manifest_path.parent().is_some_and(|folder| file.starts_with(folder)));
        owners.max_by_key(|it| it.manifest_path.as_os_str().len()).and_then(|it| layers::of(&it.name))
    }

    fn check_edges(&self, problems: &mut Problems) {
        let ours: BTreeSet<&str> = self.members().map(|it| it.name.as_str()).collect();
        for package in self.members() {
            let Some(layer) = layers::of(&package.name) else {
                problems.add(&package.name, None, "has no line in xtask/src/layers.rs");
                continue;
            };
            for dependency in &package.dependencies {
                let in_tests = dependency.kind.as_deref() == Some("dev");
                if ours.contains(dependency.name.as_str()) {
                    if !layer.allows(&dependency.name, in_tests) {
                        problems.add(&package.name, None, format_args!("may not depend on `{}`", dependency.name));
                    }
                } else if dependency.source.is_some() && !dependency.req.starts_with('=') {
                    let name = &dependency.name;
                    problems.add(&package.name, None, format_args!("`{name}` needs the version of the workspace"));
                }
            }
            for reached in self.reached(&package.id) {
                if layer.never.contains(&reached) {
                    problems.add(
                        &package.name,
                        None,
                        format_args!("must not reach `{reached}`, not even through others"),
                    );
                }
            }
        }
    }

    /// Names of all packages that are compiled into `id`, directly or through others; not those of tests.
    fn reached(&self, id: &str) -> BTreeSet<&str> {
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let names: BTreeMap<&str, &str> = self.packages.iter().map(|it| (it.id.as_str(), it.name.as_str())).collect();
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for dependency in nodes.get(id).map_or(&[][..], |node| &node.deps) {
                let compiled = dependency.dep_kinds.iter().any(|it| it.kind.as_deref() != Some("dev"));
                if compiled && seen.insert(dependency.pkg.as_str()) {
                    open.push(&dependency.pkg);
                }
            }
        }
        seen.into_iter().filter_map(|id| names.get(id).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, layer: &str, expected: &[&str]) {
        let mut problems = Problems::default();
        check_rust("crates/x/src/lib.rs", text, layers::of(layer), &mut problems);
        assert_eq!(problems.lines, expected);
    }

    #[test]
    fn files_say_what_they_are_for() {
        check("//! Purpose.\n", "syntax", &[]);
        check("fn f() {}\n", "syntax", &["crates/x/src/lib.rs:1: starts without `//!`: say what the file is for"]);
    }

    #[test]
    fn leftovers_are_found_in_code_only() {
        check(
            "//! X.\nfn f() { todo!() }\n",
            "syntax",
            &["crates/x/src/lib.rs:2: `todo!(`: finish it or return an error"],
        );
        check("//! X. todo!()\nconst S: &str = \"dbg!(1)\"; // dbg!(2)\n", "syntax", &[]);
    }

    #[test]
    fn only_edges_touch_the_system() {
        let text = "//! X.\nuse std::{collections::BTreeMap, env};\nfn f() { std::fs::read(\"x\"); }\n";
        check(
            text,
            "vm",
            &[
                "crates/x/src/lib.rs:3: `std::fs` belongs to the crates at the edge",
                "crates/x/src/lib.rs:2: `std::env` belongs to the crates at the edge",
            ],
        );
        check(text, "ithaca-cli", &[]);
        check("//! X.\n#[cfg(test)]\nmod tests { use std::fs; }\n", "vm", &[]);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let path = MACHINE_PATHS[0];
        let text = format!("//! X.\nconst P: &str = \"{path}x\";\n");
        let expected = format!("crates/x/src/lib.rs:2: `{path}` is a path of one machine");
        check(&text, "syntax", &[&expected]);
    }

    #[test]
    fn literals_and_comments_are_blanked() {
        let blank = |text: &str| without_comments_and_strings(text);
        assert_eq!(blank("a \"b\\\"c\" d"), "a        d");
        assert_eq!(blank("r#\"x\"# y"), "       y");
        assert_eq!(blank("'x' 'a: 'ä' z"), "    'a:      z");
        assert_eq!(blank("/* /* */ */ y // z"), "            y     ");
        assert_eq!(blank("\"a\nb\" c"), "  \n   c");
    }

    #[test]
    fn line_ends_are_clean() {
        let mut problems = Problems::default();
        check_lines("a.md", "one \ntwo", &mut problems);
        assert_eq!(problems.lines, ["a.md:1: white space at the end of the line", "a.md: ends without a newline"]);
    }
}

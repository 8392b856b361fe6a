//! Synthetic projects for measurements.
//!
//! Input: a number of modules. Output: the files of a project that compiles, and the places that measurements edit.
//!
//! Shape, after the feasibility study: five core modules and up to twenty areas; a module imports eight earlier ones, two
//! of the core and six of its own area, has about twenty functions on about sixty lines, and its own record, variant and
//! generic record. `main` reaches every area, `entry` one. About half of the functions are annotated; the others' types
//! are inferred from what they call in other modules.
//!
//! Invariant: the text is a function of the number of modules; no randomness from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use fastrand::Rng;

const CORE: usize = 5;
const IMPORTS_FROM_CORE: usize = 2;
const IMPORTS_FROM_AREA: usize = 6;
/// Depth of the calls that `main` makes; each level doubles them.
const CALL_DEPTH: u32 = 2;

/// The project file: both entry points.
const MANIFEST: &str = "\
[project]
name = \"synthetic\"

[[bin]]
name = \"all\"
entry = \"main.main\"
default = true

[[bin]]
name = \"entry\"
entry = \"entry.start\"
";

/// A project in memory.
pub(crate) struct Project {
    /// `(path, text)`, in path order.
    pub(crate) files: BTreeMap<String, String>,
    /// Paths of `entry.nos` and of everything it reaches.
    pub(crate) entry_closure: BTreeSet<String>,
    /// One body that nobody's type depends on.
    pub(crate) body_edit: Place,
    /// A function that two modules call.
    pub(crate) few: Place,
    /// Modules that import the one of `few`.
    pub(crate) importers_of_few: usize,
    /// A function of the core that many modules call.
    pub(crate) many: Place,
}

/// A place in a file that an edit fills: the text there is replaced by one that contains a number.
pub(crate) struct Place {
    pub(crate) path: String,
    old: String,
    new: String,
    /// Modules whose code depends on the edited signature, the edited one not counted.
    pub(crate) users: usize,
}

impl Place {
    /// The text of the file after edit number `n`, which is different for every `n`.
    pub(crate) fn edited(&self, text: &str, n: usize) -> String {
        debug_assert_eq!(text.matches(&self.old).count(), 1, "`{}` stands once in {}", self.old, self.path);
        text.replace(&self.old, &self.new.replace("{n}", &(n + 1000).to_string()))
    }
}

/// A module while it is made.
struct Part {
    area: Option<usize>,
    imports: Vec<usize>,
}

impl Project {
    /// A project of `count` modules besides `main` and `entry`; at least ten.
    pub(crate) fn new(count: usize) -> Project {
        let count = count.max(10);
        let mut rng = Rng::with_seed(count as u64);
        let parts = layout(count, &mut rng);
        let path = |index: usize| match parts[index].area {
            None => format!("core/base{index}"),
            Some(area) => format!("area{area:02}/part{index}"),
        };
        let mut users_of_shared = 0;
        let mut files = BTreeMap::new();
        for (index, part) in parts.iter().enumerate() {
            let text = module(index, part, &path, &mut users_of_shared);
            files.insert(format!("{}.nos", path(index)), text);
        }
        let last_of_area = last_of_areas(&parts);
        files.insert("main.nos".to_owned(), entry_module("main", &last_of_area, &path));
        files.insert("entry.nos".to_owned(), entry_module("start", &last_of_area[..1], &path));

        let mut reached = BTreeSet::new();
        let mut open = vec![last_of_area[0]];
        while let Some(index) = open.pop() {
            if reached.insert(index) {
                open.extend(&parts[index].imports);
            }
        }
        let entry_closure =
            reached.iter().map(|&index| format!("{}.nos", path(index))).chain(["entry.nos".to_owned()]).collect();

        // The second module of the last area has both its successors as users.
        let area = parts.iter().filter_map(|part| part.area).max().unwrap_or(0);
        let first = parts.iter().position(|part| part.area == Some(area)).unwrap_or(CORE);
        let few = first + 1;
        let users = parts.iter().enumerate().filter(|(index, part)| uses_rare(*index, part, few)).count();
        let importers_of_few = parts.iter().filter(|part| part.imports.contains(&few)).count();
        let place = |index: usize, old: String, new: String, users| {
            let path = format!("{}.nos", path(index));
            Place { path, old, new, users }
        };
        // A parameter with a default, under another name each time: the signature changes, no caller's text does.
        let widened = |name: String| (format!("{name}(n: Int)"), format!("{name}(n: Int, pad{{n}}: Int = 0)"));
        let (rare, wide_rare) = widened(format!("rare{few}"));
        let (shared, wide_shared) = widened("shared0".to_owned());
        Project {
            body_edit: place(few, format!("n + {few} * 1"), "n + {n}".to_owned(), 0),
            few: place(few, rare, wide_rare, users),
            importers_of_few,
            many: place(0, shared, wide_shared, users_of_shared),
            files,
            entry_closure,
        }
    }

    /// Writes the sources and the project file below `dir`.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let manifest = ("nostos.toml".to_owned(), MANIFEST.to_owned());
        for (path, text) in self.files.iter().chain([(&manifest.0, &manifest.1)]) {
            write_file(dir, path, text)?;
        }
        Ok(())
    }

    pub(crate) fn lines(&self) -> usize {
        self.files.values().map(|text| text.lines().count()).sum()
    }

    /// Number of functions: what begins a line with a small letter and has parameters and a body.
    pub(crate) fn functions(&self) -> usize {
        let is_function = |line: &&str| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.starts_with(|first: char| first.is_ascii_lowercase())
                && line.split_once('(').is_some_and(|(name, rest)| !name.contains(' ') && rest.contains(" ="))
        };
        self.files.values().map(|text| text.lines().filter(is_function).count()).sum()
    }
}

/// Writes one file below `dir`.
pub(crate) fn write_file(dir: &Path, path: &str, text: &str) -> Result<()> {
    let file = dir.join(path);
    let folder = file.parent().unwrap_or(dir);
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// A module that nobody imports.
pub(crate) fn lonely_module(n: usize) -> String {
    format!("# Added by a measurement.\npub lonely(n: Int) -> Int = n + {n}\n")
}

/// Which modules there are and what they import.
fn layout(count: usize, rng: &mut Rng) -> Vec<Part> {
    let areas = ((count - CORE) / 5).clamp(1, 20);
    let size = (count - CORE).div_ceil(areas);
    let mut parts: Vec<Part> = (0..CORE).map(|_| Part { area: None, imports: Vec::new() }).collect();
    for index in CORE..count {
        let area = (index - CORE) / size;
        let start = CORE + area * size;
        let mut imports: BTreeSet<usize> = BTreeSet::new();
        // The two before it always; `rare` counts on that.
        imports.extend((start..index).rev().take(2));
        let earlier = index - start;
        while imports.len() < IMPORTS_FROM_AREA.min(earlier) {
            imports.insert(rng.usize(start..index));
        }
        let wanted = imports.len() + IMPORTS_FROM_CORE;
        while imports.len() < wanted {
            imports.insert(rng.usize(0..CORE));
        }
        parts.push(Part { area: Some(area), imports: imports.into_iter().collect() });
    }
    parts
}

fn last_of_areas(parts: &[Part]) -> Vec<usize> {
    let mut last = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        if let Some(area) = part.area {
            last.insert(area, index);
        }
    }
    last.into_values().collect()
}

/// Does module `index` call `rare` of module `of`? Each calls those of the two before it.
fn uses_rare(index: usize, part: &Part, of: usize) -> bool {
    part.area.is_some() && part.imports.contains(&of) && (of + 1 == index || of + 2 == index)
}

fn entry_module(function: &str, targets: &[usize], path: &dyn Fn(usize) -> String) -> String {
    let mut text = "# Where the program starts.\n".to_owned();
    for &target in targets {
        let _ = writeln!(text, "use {}.{{run{target}}}", path(target).replace('/', "."));
    }
    let calls: Vec<String> = targets.iter().map(|target| format!("run{target}({CALL_DEPTH})")).collect();
    let _ = writeln!(text, "\n{function}() = [{}].sum()", calls.join(", "));
    text
}

/// The text of module `index`.
fn module(index: usize, part: &Part, path: &dyn Fn(usize) -> String, users_of_shared: &mut usize) -> String {
    let i = index;
    // Names by imported module, in the order of use.
    let mut names: BTreeMap<usize, BTreeSet<String>> = part.imports.iter().map(|&it| (it, BTreeSet::new())).collect();
    let mut body = String::new();
    let area: Vec<usize> = part.imports.iter().copied().filter(|&it| it >= CORE).collect();
    let core: Vec<usize> = part.imports.iter().copied().filter(|&it| it < CORE).collect();
    let other = |n: usize| -> Option<usize> {
        let all: Vec<usize> = area.iter().chain(&core).copied().collect();
        (!all.is_empty()).then(|| all[n % all.len()])
    };
    let mut call = |target: Option<usize>, stem: &str, args: &str| -> String {
        match target {
            Some(target) => {
                names.entry(target).or_default().insert(format!("{stem}{target}"));
                format!("{stem}{target}({args})")
            }
            None => format!("{stem}{i}({args})"),
        }
    };

    let deep = match (other(0), other(1)) {
        (None, _) | (_, None) => format!("n * {i}"),
        (left, right) => format!("{} + {}", call(left, "deep", "n - 1"), call(right, "deep", "n - 1")),
    };
    let made = call(other(2), "make", "n");
    let scored = call(other(2), "score", &made);
    let started = call(other(3), "start", "");
    let stepped = call(other(3), "next", &started);
    let leveled = call(other(3), "level", &stepped);
    let picked = call(other(4), "pick", "[n, 1], 2");
    let walked = call(other(5), "walk", "[n, n], 0");
    let labelled = call(other(6), "label", "n, \"-\"");
    let rare: Vec<String> = [i.wrapping_sub(1), i.wrapping_sub(2)]
        .into_iter()
        .filter(|&of| uses_rare(i, part, of))
        .map(|of| call(Some(of), "rare", "n"))
        .collect();
    let carried = if rare.is_empty() { "n".to_owned() } else { rare.join(" + ") };
    let tallied = if core.contains(&0) {
        *users_of_shared += 1;
        call(Some(0), "shared", "n")
    } else {
        "n + 3".to_owned()
    };

    let factor = i % 7 + 2;
    let _ = write!(
        body,
        "
pub type Item{i} = {{ id: Int, name: String, parts: [Int] }}
pub type State{i} = Idle{i} | Busy{i}(Int) | Done{i}(String, Int)
type Slot{i}[T] = {{ value: T, uses: Int }}

pub make{i}(n: Int) -> Item{i} = Item{i}(n, \"part\" ++ show(n), [n, n + 1, {i}])
pub start{i}() = Idle{i}

pub next{i}(s: State{i}) -> State{i} = match s {{
  Idle{i} -> Busy{i}(1)
  Busy{i}(n) when n > 3 -> Done{i}(\"over\", n)
  Busy{i}(n) -> Busy{i}(n + 1)
  Done{i}(text, n) -> Done{i}(text ++ \".\", n)
}}
pub level{i}(s: State{i}) = match s {{
  Idle{i} -> 0
  Busy{i}(n) -> n
  Done{i}(_, n) -> n * {factor}
}}

pub score{i}(item: Item{i}) -> Int = item.id + item.parts.fold(0, (acc, x) => acc + x)
pub walk{i}([], acc) = acc
pub walk{i}([x | rest], acc) = walk{i}(rest, acc + x)
pub pick{i}[T](xs: [T], other: T) -> T = match xs {{
  [] -> other
  [x | _] -> x
}}
pub label{i}(n, mark) = mark ++ show(n)

pub rare{i}(n: Int) -> Int = n * {factor} + 1
pub deep{i}(n) when n <= 0 = {i}
pub deep{i}(n) = {deep}

# What other modules give.
blend{i}(n: Int) -> Int = {leveled} + {scored}
chain{i}(n) = {picked} + {walked}
carry{i}(n: Int) = {carried}
tally{i}(n: Int) -> Int = {tallied}
texts{i}(xs: [Int]) = xs.map(x => label{i}(x, \"+\"))
both{i}(n) = ({labelled}, Slot{i}(n, {i}))
tune{i}(n: Int) -> Int = n + {i} * 1
total{i}(n: Int) -> Int = {{
  (text, slot) = both{i}(n)
  texts{i}([n, n + 1]).length() + text.length() + slot.uses + chain{i}(n)
}}

pub run{i}(n: Int) -> Int =
  if n > 0 then blend{i}(n) + carry{i}(n) + tally{i}(n) + tune{i}(total{i}(n)) + deep{i}(n) else 0
"
    );
    if i == 0 {
        body.push_str("pub shared0(n: Int) -> Int = n * 2\n");
    }

    let mut text = format!("# Module {i} of the synthetic project.\n");
    for (position, (target, names)) in names.iter().enumerate() {
        let module = path(*target).replace('/', ".");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let _ = match position % 4 {
            // The types come with the star; elsewhere they are inferred and need no name.
            3 if *target >= CORE => writeln!(text, "use {module}.*"),
            _ => writeln!(text, "use {module}.{{{}}}", names.join(", ")),
        };
    }
    text.push_str(&body);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_study() {
        let project = Project::new(1000);
        assert_eq!(project.files.len(), 1002);
        let lines = project.lines();
        assert!((55_000..65_000).contains(&lines), "{lines} lines");
        let reached = project.entry_closure.len();
        assert!((45..60).contains(&reached), "the entry reaches {reached} modules");
        assert_eq!(project.few.users, 2);
        assert!((300..500).contains(&project.many.users), "{} users of the core", project.many.users);
    }

    #[test]
    fn the_same_number_gives_the_same_text() {
        assert_eq!(Project::new(50).files, Project::new(50).files);
    }

    #[test]
    fn edits_have_one_place_and_differ() {
        for count in [10, 50, 300] {
            let project = Project::new(count);
            for place in [&project.body_edit, &project.few, &project.many] {
                let text = &project.files[&place.path];
                let (one, two) = (place.edited(text, 1), place.edited(text, 2));
                assert!(one != *text && one != two, "{count} modules, {}", place.path);
            }
        }
    }

    #[test]
    fn imports_name_what_is_used() {
        let project = Project::new(60);
        let text = &project.files["area00/part8.nos"];
        assert!(text.contains("use core.base"), "{text}");
        assert!(text.contains("rare7(n) + rare6(n)"), "{text}");
    }
}

//! Every program of `test-data/suite`: cold, restarted, and typed into a living engine, with equal outcomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bytecode::{CallTarget, Chunk, Instr};
use ithaca::{Cache, Engine, OpenOptions};

use crate::run_text;

struct Case {
    name: String,
    /// Path and text of every file; `main.nos` carries the header.
    files: Vec<(String, String)>,
    expect: Vec<String>,
    expect_error: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-data/suite")
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    collect(&root(), &mut cases);
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn collect(dir: &Path, cases: &mut Vec<Case>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.parent().is_some_and(|parent| parent.ends_with("multifile")) {
                cases.push(case(&path, files_below(&path, &path)));
            } else {
                collect(&path, cases);
            }
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            cases.push(case(&path, vec![("main.nos".to_owned(), fs::read_to_string(&path).unwrap())]));
        }
    }
}

fn files_below(root: &Path, dir: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(root, &path));
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((relative, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

fn case(path: &Path, files: Vec<(String, String)>) -> Case {
    let name = path.strip_prefix(root()).unwrap().display().to_string();
    let main = files.iter().find(|(path, _)| path == "main.nos").unwrap_or_else(|| panic!("{name}: no main.nos"));
    let header = |key: &str| -> Vec<String> {
        main.1.lines().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect()
    };
    let (expect, expect_error) = (header("# expect: "), header("# expect_error: "));
    assert!(!expect.is_empty() || !expect_error.is_empty(), "{name}: no header");
    Case { name, files, expect, expect_error }
}

/// Quotes that the expectation may leave out: around the whole text, and of strings in lists and small tuples.
fn normalised(text: &str) -> String {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    text.replace('"', "")
}

fn verdict(case: &Case, text: &str) -> Result<(), String> {
    let shown = || format!("{}:\n{text}", case.name);
    if !case.expect_error.is_empty() {
        let found = |fragment: &String| text.lines().any(|line| line.contains(fragment.as_str()));
        let failed = text.contains("error[") || text.contains("Error: ") || text.contains("Runtime error: ");
        return match case.expect_error.iter().find(|fragment| !found(fragment)) {
            Some(fragment) => Err(format!("expected the fragment {fragment:?} of {}", shown())),
            None if !failed => Err(format!("expected a failure of {}", shown())),
            None => Ok(()),
        };
    }
    let last = text.lines().last().unwrap_or_default();
    let wanted = &case.expect[0];
    if last == wanted || normalised(last) == normalised(wanted) {
        Ok(())
    } else {
        Err(format!("expected {wanted:?} of {}", shown()))
    }
}

/// Single files run as such: their module has no name.
fn open(case: &Case, dir: &Path, cache: Cache) -> Engine {
    for (path, text) in &case.files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = if case.files.len() == 1 { dir.join("main.nos") } else { dir.to_path_buf() };
    Engine::open_with(path, OpenOptions { cache, threads: 1, ..OpenOptions::default() }).unwrap()
}

#[test]
fn every_program_of_the_suite_behaves_as_its_header_says() {
    let mut problems = Vec::new();
    let store = tempfile::tempdir().unwrap();
    for case in cases() {
        let dir = tempfile::tempdir().unwrap();
        let cold = run_text(&mut open(&case, dir.path(), Cache::Off));
        if let Err(problem) = verdict(&case, &cold) {
            problems.push(problem);
            continue;
        }
        // Programs that look at the clock, at random numbers or at the system say so in their names.
        if case.name.contains("nondeterministic") {
            continue;
        }
        let cache = || Cache::Dir(store.path().to_path_buf());
        let mut first = open(&case, dir.path(), cache());
        let stored = run_text(&mut first);
        first.save().unwrap();
        let restarted = run_text(&mut open(&case, dir.path(), cache()));
        let mut typed = open(&case, dir.path(), Cache::Off);
        for (path, _) in &case.files {
            typed.set_text(path, "");
        }
        typed.check();
        for (path, text) in &case.files {
            typed.set_text(path, text.as_str());
        }
        let typed = run_text(&mut typed);
        for (mode, text) in [("stored", stored), ("restarted", restarted), ("typed", typed)] {
            if text != cold {
                problems.push(format!("{}: {mode} differs from cold:\n{text}\n--- cold:\n{cold}", case.name));
            }
        }
    }
    assert!(problems.is_empty(), "{} programs fail:\n\n{}", problems.len(), problems.join("\n\n"));
}

/// Natives and functions of the library that the code of a program calls.
fn called(engine: &mut Engine) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    for (_, bytes) in engine.dump().into_iter().flat_map(|unit| unit.code) {
        let chunk: Chunk = base_db::codec::decode(&bytes).unwrap();
        let targets = chunk.sites.iter().flat_map(|site| site.candidates.iter().map(|candidate| &candidate.target));
        for target in targets {
            match target {
                CallTarget::Function(symbol) => called.insert(symbol.to_string()),
                CallTarget::Native(name) => called.insert(name.to_string()),
            };
        }
        called.extend(chunk.natives.iter().chain(&chunk.symbols).map(ToString::to_string));
        // Some natives are instructions.
        for instruction in chunk.bodies.iter().flat_map(|body| &body.code) {
            let names: &[&str] = match instruction {
                Instr::SelfPid { .. } => &["self"],
                Instr::Throw { .. } => &["throw"],
                Instr::Show { .. } => &["show", "toString"],
                _ => continue,
            };
            called.extend(names.iter().map(ToString::to_string));
        }
    }
    // Without the number and types of the parameters.
    called.into_iter().map(|symbol| symbol.split(['/', '(']).next().unwrap_or_default().to_owned()).collect()
}

/// Every native that programs see, and every public function of the library.
fn callable() -> BTreeSet<String> {
    let natives = stdlib::natives().iter().map(|native| native.name.to_owned());
    // Nothing is left of `assertType` after checking.
    let is_seen = |name: &String| !name.starts_with("Prim.") && name != "assertType";
    let mut names: BTreeSet<String> = natives.filter(is_seen).collect();
    for (module, text) in stdlib::library() {
        for line in text.lines().filter_map(|line| line.strip_prefix("pub ")) {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
            if line[name.len()..].starts_with(['(', '[']) {
                names.insert(format!("stdlib.{module}.{name}"));
            }
        }
    }
    names
}

/// Natives that can fail, by what their documentation says.
fn failing() -> BTreeSet<&'static str> {
    let fails =
        |doc: &str| ["raises", "Raises", "panics", "Panics", "throws", "fails"].iter().any(|it| doc.contains(it));
    let seen = stdlib::natives().iter().filter(|native| !native.name.starts_with("Prim."));
    seen.filter(|native| fails(native.doc)).map(|native| native.name).collect()
}

#[test]
fn every_native_and_library_function_is_called_by_two_programs_and_fails_in_one_if_it_can() {
    let mut calls: BTreeMap<String, usize> = callable().into_iter().map(|name| (name, 0)).collect();
    let mut unfailing = failing();
    for case in cases() {
        let mut engine = match case.files.as_slice() {
            [(_, text)] => Engine::in_memory([("main.nos", text.clone())]),
            files => Engine::in_memory(files.to_vec()),
        };
        let fails = !case.expect_error.is_empty() || case.files.iter().any(|(_, text)| text.contains("catch"));
        for name in called(&mut engine) {
            if fails {
                unfailing.remove(name.as_str());
            }
            if let Some(count) = calls.get_mut(&name) {
                *count += 1;
            }
        }
    }
    let rare: Vec<String> =
        calls.into_iter().filter(|(_, count)| *count < 2).map(|(name, count)| format!("{name}: {count}")).collect();
    assert_eq!(rare, Vec::<String>::new());
    assert_eq!(unfailing, BTreeSet::new(), "no program shows how these fail");
}

/// The sections of the language whose rules a program can show, by chapter.
const SECTIONS: [(&str, &[&str]); 5] = [
    (
        "01",
        &[
            "01-1", "01-2", "01-3", "01-4", "01-5", "01-6", "02", "03-1", "03-2", "03-3", "03-4", "03-5", "03-6",
            "03-7", "03-8", "03-9", "03-10", "03-11", "03-12", "04", "05", "06-1", "06-2", "06-3", "06-4", "06-5",
            "06-6", "06-7", "07", "08", "09",
        ],
    ),
    (
        "02",
        &[
            "01", "02", "03", "04", "04-1", "04-2", "04-4", "05", "05-1", "06", "07-1", "07-2", "07-3", "07-4", "07-5",
            "08-1", "08-2", "08-3", "08-4", "08-5", "09-1", "09-2", "09-3", "09-4", "10", "10-1", "10-2", "10-3",
            "11-1", "11-2", "11-3", "12", "13", "14-1", "14-2", "14-3", "14-4", "14-5", "15-1", "15-2", "15-3", "15-4",
            "16", "17", "17-2", "17-3", "17-4", "17-5", "18", "18-1", "19",
        ],
    ),
    (
        "03",
        &[
            "01", "02", "03", "04", "04-1", "04-2", "05", "06", "07", "08-1", "08-2", "08-3", "08-4", "08-5", "09",
            "10", "11", "12", "13", "14-1", "14-2", "14-3", "15-1",
        ],
    ),
    ("04", &["02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17"]),
    (
        "05",
        &["02", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "20", "21", "22"],
    ),
];

/// Prints how many programs each section has (run with `--no-capture`); a section without any fails.
#[test]
#[expect(clippy::print_stdout, reason = "the table is what a person runs this for")]
fn every_section_has_programs() {
    let names: Vec<String> = cases().iter().filter_map(|case| Some(case.name.rsplit('/').next()?.to_owned())).collect();
    let mut empty = Vec::new();
    for (chapter, sections) in SECTIONS {
        for section in sections {
            let prefix = format!("{chapter}-{section}-");
            let count = names.iter().filter(|name| name.starts_with(&prefix)).count();
            println!("{chapter}-{section:<6} {count:>4}");
            if count == 0 {
                empty.push(prefix);
            }
        }
    }
    assert!(empty.is_empty(), "no programs for {empty:?}");
}

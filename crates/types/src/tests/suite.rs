//! The programs of the suite: those that expect a value must be accepted, those that expect a compile error refused
//! with its fragment.

use std::path::{Path, PathBuf};

use super::{TestDb, render};

/// Folders whose expected errors may be failures at run time.
const RUN_TIME: [&str; 6] = ["runtime", "stdlib", "processes", "programs", "core", "03-15-"];

/// Fragments that only a run can produce.
const RUN_TIME_FRAGMENTS: [&str; 5] =
    ["Division by zero", "out of bounds", "Assertion failed", "Non-exhaustive match", "Stack overflow"];

fn programs(folder: &Path, out: &mut Vec<Vec<PathBuf>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    if folder.parent().is_some_and(|parent| parent.ends_with("multifile")) {
        let mut files = Vec::new();
        collect(folder, &mut files);
        out.push(files);
        return;
    }
    for path in entries {
        if path.is_dir() {
            programs(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            out.push(vec![path]);
        }
    }
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            out.push(path);
        }
    }
}

/// Name and text of each program that is one file.
pub(super) fn single_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-data/suite");
    let mut all = Vec::new();
    programs(&root, &mut all);
    let single = all.into_iter().filter(|paths| !paths[0].components().any(|part| part.as_os_str() == "multifile"));
    single
        .map(|paths| {
            let name = paths[0].strip_prefix(&root).unwrap_or(&paths[0]).display().to_string();
            (name, std::fs::read_to_string(&paths[0]).unwrap_or_default())
        })
        .collect()
}

/// What is wrong with the answer for one program; `None`: nothing.
fn judge(root: &Path, paths: &[PathBuf]) -> Option<String> {
    let single = paths.len() == 1 && !root.components().any(|part| part.as_os_str() == "multifile");
    let folder = paths[0].parent()?;
    let base = paths.iter().find(|path| path.ends_with("main.nos")).and_then(|path| path.parent()).unwrap_or(folder);
    let files: Vec<(String, String)> = paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let name = path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned();
            (if single { String::new() } else { name }, text)
        })
        .collect();
    let header = files.iter().find(|(path, _)| single || path == "main.nos").map(|(_, text)| text.clone())?;
    let expected: Vec<&str> = header.lines().filter_map(|line| line.strip_prefix("# expect_error: ")).collect();
    let db = TestDb::with_files(&files);
    let problems = db.problems();
    let mut text = render(&problems);
    for (path, error) in db.syntax_errors() {
        text.push_str(&format!("error: {path}: {}\n{}\n", error.message, error.notes.join("\n")));
        text.extend(error.help);
    }
    if expected.is_empty() {
        return (!text.is_empty()).then(|| format!("refused:\n{text}"));
    }
    let at_run_time = RUN_TIME.iter().any(|part| root.to_string_lossy().contains(part))
        || expected.iter().any(|fragment| RUN_TIME_FRAGMENTS.iter().any(|run| fragment.contains(run)));
    if text.is_empty() && at_run_time {
        return None;
    }
    let missing: Vec<&str> = expected.into_iter().filter(|fragment| !text.contains(fragment)).collect();
    (!missing.is_empty()).then(|| format!("wanted {missing:?}, got:\n{text}"))
}

#[test]
fn suite_is_accepted_and_refused_as_its_headers_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-data/suite");
    let only = std::env::var("SUITE_ONLY").unwrap_or_default();
    let mut all = Vec::new();
    programs(&root, &mut all);
    let mut failures = Vec::new();
    let mut count = 0;
    for paths in &all {
        let name = paths[0].strip_prefix(&root).unwrap_or(&paths[0]).display().to_string();
        // Syntax and bare imports are worded by other crates.
        if !name.contains(&only) || name.contains("errors/01-") || name.contains("bare-use") {
            continue;
        }
        count += 1;
        if let Some(failure) = judge(Path::new(&name), paths) {
            failures.push(format!("== {name}\n{failure}"));
        }
    }
    assert!(failures.is_empty(), "{} of {count} programs:\n{}", failures.len(), failures.join("\n"));
}

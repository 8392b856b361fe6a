//! `ithaca fmt` and `ithaca parse`: commands about source files, without a project.
//!
//! Input: paths. Output: exit codes; texts on standard output; files replaced as a whole, never in part.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ithaca::{Cache, Engine, OpenOptions};

/// Source files at or below `path`, sorted; hidden folders are skipped.
fn sources(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    if path.is_file() {
        return Ok(folders);
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "nos") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Formats files, or with `check` only tells which are not formatted. 1: something is wrong.
pub(crate) fn format(path: &Path, check: bool) -> u8 {
    let files = match sources(path) {
        Ok(files) => files,
        Err(error) => {
            errln!("Error reading file '{}': {error}", path.display());
            return 1;
        }
    };
    let mut code = 0;
    for file in files {
        let outcome = fs::read_to_string(&file).map_err(|error| error.to_string()).and_then(|text| {
            let formatted = ithaca::format(&text)?;
            Ok((formatted != text).then_some(formatted))
        });
        match outcome {
            Ok(None) => {}
            Ok(Some(_)) if check => {
                outln!("{}", file.display());
                code = 1;
            }
            Ok(Some(formatted)) => {
                if let Err(error) = replace(&file, &formatted) {
                    errln!("Error writing file '{}': {error}", file.display());
                    code = 1;
                }
            }
            Err(reason) => {
                errln!("Error: {} is left as it is: {reason}", file.display());
                code = 1;
            }
        }
    }
    code
}

/// Writes beside the file and renames: whoever reads it sees the old text or the new one. A file that says that it must
/// not be written stays, although a rename would ask its folder only.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = file.canonicalize()?;
    let permissions = fs::metadata(&file)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| fs::rename(&beside, &file));
    if written.is_err() {
        // The file itself was not touched.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Prints the tree of a file, or its lowered bodies. 1: the file cannot be read or has syntax errors.
pub(crate) fn parse(path: &Path, body: bool) -> u8 {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            errln!("Error reading file '{}': {error}", path.display());
            return 1;
        }
    };
    if !body {
        out!("{}", ithaca::syntax_tree(&text));
        return 0;
    }
    match Engine::open_with(path, OpenOptions { cache: Cache::Off, ..OpenOptions::default() }) {
        Ok(mut engine) => {
            out!("{}", engine.lowered_bodies("main.nos"));
            0
        }
        Err(error) => {
            errln!("Error: {error}");
            1
        }
    }
}

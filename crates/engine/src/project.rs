//! What a path on the command line means: a file or a folder, its `nostos.toml`, its entry function.
//!
//! Input: a path. Output: [`Manifest`] and the symbol of the entry, or a message for the user.

use std::path::Path;

use serde::Deserialize;

/// `nostos.toml`, as far as it concerns us.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    bin: Vec<Bin>,
}

#[derive(Debug, Deserialize)]
struct File {
    #[expect(dead_code, reason = "the table must exist; nothing in it changes a program")]
    project: toml::Table,
    #[serde(default)]
    bin: Vec<Bin>,
}

/// One `[[bin]]`.
#[derive(Debug, Deserialize)]
struct Bin {
    name: String,
    entry: String,
    #[serde(default)]
    default: bool,
}

/// Reads `nostos.toml` of `folder` or of the nearest folder above it. `Err`: a warning; go on as if there was none.
pub(crate) fn manifest(folder: &Path) -> Result<Manifest, String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    for dir in folder.ancestors() {
        let path = dir.join("nostos.toml");
        if !path.is_file() {
            continue;
        }
        let failed = |why: &dyn std::fmt::Display| {
            format!("Failed to load project config `{}`: {}", path.display(), why.to_string().trim_end())
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let file: File = toml::from_str(&text).map_err(|error| failed(&error.message()))?;
        return Ok(Manifest { bin: file.bin });
    }
    Ok(Manifest::default())
}

impl Manifest {
    /// Candidates for the entry of a folder, in order, as symbols; `missing` is the message when none exists.
    ///
    /// `Err`: which bin is meant cannot be told.
    pub(crate) fn entry(&self, bin: Option<&str>) -> Result<Entry, String> {
        if let Some(name) = bin {
            let found = self.bin.iter().find(|bin| bin.name == name);
            let bin = found.ok_or_else(|| {
                let known: Vec<&str> = self.bin.iter().map(|bin| bin.name.as_str()).collect();
                let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
                format!("No [[bin]] entry named '{name}' in nostos.toml (known: {known})")
            })?;
            let missing = format!("Entry point '{}' for bin '{name}' not found", bin.entry);
            return Ok(Entry { symbols: vec![symbol(&bin.entry)], missing });
        }
        if self.bin.is_empty() {
            let missing = "No 'main.main' or 'main' function found in project".to_owned();
            return Ok(Entry { symbols: vec!["main.main/0".to_owned()], missing });
        }
        let default = self.bin.iter().find(|bin| bin.default).ok_or_else(|| {
            "Project has [[bin]] entries but none is marked as default; add `default = true` to one or name it with --bin"
                .to_owned()
        })?;
        let missing = format!("Default entry point '{}' not found", default.entry);
        Ok(Entry { symbols: vec![symbol(&default.entry)], missing })
    }
}

/// An entry function to look for.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Symbols to try.
    pub(crate) symbols: Vec<String>,
    /// What to say when none exists.
    pub(crate) missing: String,
}

fn symbol(path: &str) -> String {
    format!("{path}/0")
}

impl Entry {
    /// The entry of a single file.
    pub(crate) fn of_file() -> Entry {
        Entry { symbols: vec!["main/0".to_owned()], missing: "Entry point 'main/' not found".to_owned() }
    }
}

//! Where the store of a project is, and the operations of `ithaca cache`.
//!
//! Input: what was opened and what the user asked for. Output: a [`store::Store`]. An unwritable or missing place
//! degrades: first to the user's cache folder, then to none.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{Access, access};
use store::{RealFiles, Store};

use crate::{Cache, Engine, Source};

/// Name of the folder inside a project.
const FOLDER: &str = ".ithaca";

/// The folder that holds the entries of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The folder; it may not exist yet.
    pub dir: PathBuf,
}

/// What `ithaca cache stat` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheReport {
    /// The folder.
    pub dir: PathBuf,
    /// Lines of `name: value`.
    pub lines: Vec<(String, String)>,
}

/// Where entries go. `None`: nowhere.
pub(crate) fn locate(source: &Source, wanted: &Cache) -> Option<Location> {
    let dir = match (wanted, source) {
        (Cache::Off, _) => return None,
        (Cache::Dir(dir), _) => dir.clone(),
        (Cache::Default, Source::Memory(_)) => return None,
        (Cache::Default, Source::Folder(root)) => {
            let inside = root.join(FOLDER);
            let usable = if inside.is_dir() { writable(&inside) } else { writable(root) };
            if usable { inside } else { user_folder()? }
        }
        (Cache::Default, Source::File(_)) => user_folder()?,
    };
    Some(Location { dir })
}

fn writable(path: &Path) -> bool {
    access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// `$XDG_CACHE_HOME/ithaca` or `~/.cache/ithaca`.
fn user_folder() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Some(cache.or_else(home)?.join("ithaca"))
}

pub(crate) fn open(location: &Location) -> Arc<Store> {
    Arc::new(Store::open(Arc::new(RealFiles), location.dir.clone(), build()))
}

fn build() -> store::BuildId {
    let mut id = [0; 16];
    for (byte, hex) in id.iter_mut().zip(database::BUILD.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or_default();
    }
    id
}

/// Name of the manifest. A store inside the project moves with it; one outside serves many projects, told apart by
/// their paths. The name is in no key.
pub(crate) fn manifest_name(source: &Source, location: Option<&Location>) -> String {
    match source {
        Source::Folder(root) if location.is_some_and(|location| location.dir == root.join(FOLDER)) => {
            "project".to_owned()
        }
        Source::Folder(path) | Source::File(path) => {
            path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string()
        }
        Source::Memory(_) => "memory".to_owned(),
    }
}

impl Engine {
    /// Facts about the store. `None`: there is none.
    pub fn cache_stat(&self) -> Option<CacheReport> {
        let (store, location) = (self.store.as_ref()?, self.cache.as_ref()?);
        Some(CacheReport { dir: location.dir.clone(), lines: store_facts(store) })
    }

    /// Merges small segments and evicts what was not used for long, if limits are exceeded; does nothing while another
    /// process does it. For the end of a process: places that this engine remembers are not renewed.
    pub fn maintain(&self) {
        if let Some(store) = &self.store {
            // A store that cannot be tidied works as before.
            let _ = store.maintain(store::MaintainOptions::default());
        }
    }

    /// Removes all entries of this build. `Err`: one line.
    pub fn cache_clear(&self) -> Result<(), String> {
        match &self.store {
            Some(store) => store.clear().map(|_| ()).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Reads every record and compares checksums. Each line is one damage.
    pub fn cache_verify(&self) -> Vec<String> {
        self.store.iter().flat_map(|store| store.verify()).map(|problem| problem.to_string()).collect()
    }
}

fn store_facts(store: &Store) -> Vec<(String, String)> {
    let stat = store.stat();
    let age = |age: Option<std::time::Duration>| age.map_or("-".to_owned(), |age| format!("{} s", age.as_secs()));
    let fact = |name: &str, value: String| (name.to_owned(), value);
    vec![
        fact("entries", stat.records.to_string()),
        fact("live", stat.live_records.to_string()),
        fact("bytes", stat.bytes.to_string()),
        fact("segments", stat.segments.to_string()),
        fact("damaged segments", stat.damaged_segments.to_string()),
        fact("manifests", stat.manifests.to_string()),
        fact("oldest", age(stat.oldest)),
        fact("newest", age(stat.newest)),
        fact("other builds", stat.other_builds.len().to_string()),
        fact("build", database::BUILD.to_owned()),
    ]
}

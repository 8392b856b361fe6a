//! Where the store of a project is, and the operations of `ithaca cache`.
//!
//! Input: what was opened and what the user asked for. Output: a [`store::Store`]. An unwritable or missing place
//! degrades: first to the user's cache folder, then to none.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    thread::{self, JoinHandle},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{Access, access};
use store::{MaintainOptions, RealFiles, Store};

use crate::{Cache, Engine, Source};

/// Name of the folder inside a project.
const FOLDER: &str = ".ithaca";

/// Bytes that the store of one project may have.
const PROJECT_LIMIT: u64 = 1 << 30;

/// Bytes that the store in the user's folder, which serves all single files, may have.
const USER_LIMIT: u64 = 2 << 30;

/// The thread that merges and evicts, if there is one. Nobody touches the store's folder once this is dropped.
#[derive(Default)]
pub(crate) struct Maintenance(Option<JoinHandle<()>>);

impl Maintenance {
    fn is_running(&self) -> bool {
        self.0.as_ref().is_some_and(|running| !running.is_finished())
    }

    fn wait(&mut self) {
        if let Some(running) = self.0.take() {
            // What a failed tidying left behind is valid, as after a kill.
            let _ = running.join();
        }
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.wait();
    }
}

/// The folder that holds the entries of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The folder; it may not exist yet.
    pub dir: PathBuf,
    /// Bytes it may have; entries of the current state are kept even above it.
    pub limit: u64,
}

/// What is in the store of a project, for `ithaca cache stat`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CacheStat {
    /// The folder.
    pub dir: PathBuf,
    /// Entries of this build.
    pub entries: usize,
    /// Those of the current state of a project; never evicted.
    pub live: usize,
    /// Bytes of all entries.
    pub bytes: u64,
    /// Bytes that are allowed before entries are evicted.
    pub limit: u64,
    /// Files that hold entries.
    pub segments: usize,
    /// Files that cannot be used.
    pub damaged_segments: usize,
    /// States of projects that are remembered.
    pub manifests: usize,
    /// Seconds since the least recently used file was used, to a day. `None`: there are none.
    pub oldest_seconds: Option<u64>,
    /// Seconds since the last use or save.
    pub newest_seconds: Option<u64>,
    /// Builds of the compiler that have entries here, without this one.
    pub other_builds: usize,
    /// Their bytes.
    pub other_builds_bytes: u64,
    /// This build.
    pub build: String,
    /// The last runs of this project, oldest first.
    pub runs: Vec<PastRun>,
}

/// How much of one run was recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct PastRun {
    /// Seconds since 1970.
    pub at: u64,
    /// Source files.
    pub modules: u32,
    /// Units answered by entries.
    pub recalled: u32,
    /// Units computed.
    pub computed: u32,
}

/// What [`Engine::cache_gc`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheGc {
    /// Another process is at it, so nothing was done.
    pub skipped: bool,
    /// Entries that are gone.
    pub removed: usize,
    /// Bytes before and after.
    pub bytes: (u64, u64),
}

/// What [`Engine::cache_import`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheImport {
    /// Entries that were not there before.
    pub new: usize,
    /// Entries that were.
    pub known: usize,
    /// Parts of the file that are not as they were written, and were left out.
    pub damaged: usize,
}

/// Where entries go. `None`: nowhere.
pub(crate) fn locate(source: &Source, wanted: &Cache) -> Option<Location> {
    let of_user = || Some(Location { dir: user_folder()?, limit: USER_LIMIT });
    match (wanted, source) {
        (Cache::Off, _) | (Cache::Default, Source::Memory(_)) => None,
        (Cache::Dir(dir), _) => Some(Location { dir: dir.clone(), limit: PROJECT_LIMIT }),
        (Cache::Default, Source::Folder(root)) => {
            let inside = root.join(FOLDER);
            let usable = if inside.is_dir() { writable(&inside) } else { writable(root) };
            if usable { Some(Location { dir: inside, limit: PROJECT_LIMIT }) } else { of_user() }
        }
        (Cache::Default, Source::File(_)) => of_user(),
    }
}

/// The store of the user, where a project with one of its own finds entries of the library and leaves copies of its own.
pub(crate) fn library_store(own: Option<&Location>, wanted: &Cache) -> Option<Arc<Store>> {
    let (own, Cache::Default) = (own?, wanted) else { return None };
    let dir = user_folder().filter(|dir| *dir != own.dir)?;
    Some(open(&Location { dir, limit: USER_LIMIT }))
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

impl PastRun {
    fn encode(self) -> [u8; store::NOTE] {
        let mut note = [0; store::NOTE];
        note[..8].copy_from_slice(&self.at.to_le_bytes());
        for (part, value) in note[8..].chunks_exact_mut(4).zip([self.modules, self.recalled, self.computed]) {
            part.copy_from_slice(&value.to_le_bytes());
        }
        note
    }

    fn decode(note: [u8; store::NOTE]) -> PastRun {
        let part = |at: usize| u32::from_le_bytes([note[at], note[at + 1], note[at + 2], note[at + 3]]);
        let at = u64::from(part(0)) | u64::from(part(4)) << 32;
        PastRun { at, modules: part(8), recalled: part(12), computed: part(16) }
    }
}

/// What an operation on the store says where there is none.
const NO_STORE: &str = "no entries are kept for this project";

impl Engine {
    /// Facts about the store. `Ok(None)`: there is none. `Err`: one line.
    pub fn cache_stat(&self) -> Result<Option<CacheStat>, String> {
        let (Some(store), Some(location)) = (&self.store, &self.cache) else { return Ok(None) };
        self.usable_store()?;
        let stat = store.stat();
        let name = manifest_name(&self.source, self.cache.as_ref());
        Ok(Some(CacheStat {
            dir: location.dir.clone(),
            entries: stat.records,
            live: stat.live_records,
            bytes: stat.bytes,
            limit: location.limit,
            segments: stat.segments,
            damaged_segments: stat.damaged_segments,
            manifests: stat.manifests,
            oldest_seconds: stat.oldest.map(|age| age.as_secs()),
            newest_seconds: stat.newest.map(|age| age.as_secs()),
            other_builds: stat.other_builds.len(),
            other_builds_bytes: stat.other_builds.iter().map(|build| build.bytes).sum(),
            build: database::BUILD.to_owned(),
            runs: store.notes(&name).into_iter().map(PastRun::decode).collect(),
        }))
    }

    /// The store, if it can be one. `Err`: one line.
    fn usable_store(&self) -> Result<&Arc<Store>, String> {
        let (Some(store), Some(location)) = (&self.store, &self.cache) else { return Err(NO_STORE.to_owned()) };
        match std::fs::metadata(&location.dir) {
            Ok(found) if !found.is_dir() => Err(format!("`{}` is not a folder", location.dir.display())),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot read `{}`: {error}", location.dir.display()))
            }
            _ => Ok(store),
        }
    }

    /// Notes how much of the last update was recalled, for [`Engine::cache_stat`]; once an update.
    pub(crate) fn note_run(&mut self) {
        let Some(store) = self.store.as_ref().filter(|_| !self.noted) else { return };
        let stats = self.workspace().stats();
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let run = PastRun {
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            modules: count(stats.modules),
            recalled: count(stats.units_recalled),
            computed: count(stats.units_computed),
        };
        store.append_note(&manifest_name(&self.source, self.cache.as_ref()), run.encode());
        self.noted = true;
    }

    /// Starts, in the background, to make entries of the library if some are missing, to merge small files, and to evict
    /// what was not used for long if limits are exceeded.
    pub(crate) fn start_maintenance(&mut self) {
        let (Some(store), Some(location)) = (&self.store, &self.cache) else { return };
        if self.maintenance.is_running() {
            return;
        }
        let (store, max_bytes) = (Arc::clone(store), location.limit);
        let workspace = Arc::clone(&self.workspace);
        let work = move || {
            // Whatever keeps it from being saved has kept the project's entries too, and is told with those.
            let _ = workspace.lock().unwrap_or_else(PoisonError::into_inner).complete_library();
            // A store that cannot be tidied works as before, and a process may end in the middle of it.
            let _ = store.maintain(MaintainOptions { max_bytes, ..MaintainOptions::default() });
        };
        self.maintenance = Maintenance(thread::Builder::new().name("maintenance".to_owned()).spawn(work).ok());
    }

    /// Waits for what [`Engine::save`] started in the background: entries of the library, merging, evicting. Dropping the engine waits too;
    /// this is for processes that end without.
    pub fn maintain(&mut self) {
        self.maintenance.wait();
    }

    /// Merges everything and evicts entries, least recently used first, until the store has at most `max_bytes` (its
    /// limit if `None`). Entries of the current state are kept whatever it is. `Err`: one line.
    pub fn cache_gc(&self, max_bytes: Option<u64>) -> Result<CacheGc, String> {
        let store = self.usable_store()?;
        self.workspace().fold()?;
        let limit = self.cache.as_ref().map_or(PROJECT_LIMIT, |location| location.limit);
        let options =
            MaintainOptions { max_bytes: max_bytes.unwrap_or(limit), max_segments: 1, ..MaintainOptions::default() };
        let done = store.maintain(options).map_err(|error| error.to_string())?;
        let bytes = (done.bytes_before, done.bytes_after);
        Ok(CacheGc { skipped: done.skipped, removed: done.records_removed, bytes })
    }

    /// Writes all entries of this build to one file and tells how many and how many bytes. `Err`: one line.
    pub fn cache_export(&self, to: &Path) -> Result<(usize, u64), String> {
        let exported = self.usable_store()?.export(to).map_err(|error| error.to_string())?;
        Ok((exported.records, exported.bytes))
    }

    /// Takes over entries that [`Engine::cache_export`] wrote, here or elsewhere. Nothing in the file is trusted: what is
    /// not as it was written is left out, and an entry is used only if its texts and all recorded answers are those of
    /// today. But the code in an entry is as honest as who made it. `Err`: one line.
    pub fn cache_import(&self, from: &Path) -> Result<CacheImport, String> {
        let imported = self.usable_store()?.import(from).map_err(|error| error.to_string())?;
        Ok(CacheImport { new: imported.new, known: imported.known, damaged: imported.damaged })
    }

    /// Removes all entries of all builds. `Err`: one line.
    pub fn cache_clear(&self) -> Result<(), String> {
        match &self.store {
            Some(_) => self.usable_store()?.clear().map(|_| ()).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Reads every record and compares checksums. Each line is one damage.
    pub fn cache_verify(&self) -> Vec<String> {
        self.store.iter().flat_map(|store| store.verify()).map(|problem| problem.to_string()).collect()
    }
}

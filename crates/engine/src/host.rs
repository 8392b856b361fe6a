//! Where files come from: a folder, a single file, or memory.
//!
//! Input: the operating system or the embedder's texts. Output: relative paths, stamps, texts. The only code of this
//! crate that looks at a disk; it never writes.

use std::{
    collections::BTreeMap,
    ffi::{CString, OsStr},
    io::Read,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use base_db::Name;
use database::{Host, SINGLE_FILE, Scanned, Stamp};
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, statat},
    time::{ClockId, clock_gettime},
};

/// Largest source file, in bytes: 32 MiB.
pub const MAX_FILE: u64 = 32 << 20;

/// Deepest nesting of folders that is looked into.
const MAX_DEPTH: usize = 64;

/// Source files from which on several threads ask for stamps: fewer are done before the threads are there.
const MANY: usize = 1024;

/// Source files that one thread looks at before it asks for more.
const SHARE: usize = 128;

/// More threads wait for the file system, and for each other.
const MAX_THREADS: usize = 8;

/// A project folder.
#[derive(Debug)]
pub(crate) struct FolderHost {
    pub(crate) root: PathBuf,
}

/// A single file, shown as [`SINGLE_FILE`].
#[derive(Debug)]
pub(crate) struct FileHost {
    pub(crate) file: PathBuf,
}

/// Texts in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryHost {
    files: Mutex<BTreeMap<Name, Arc<str>>>,
}

impl MemoryHost {
    pub(crate) fn set(&self, path: Name, text: Arc<str>) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path, text);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

impl Host for MemoryHost {
    fn scan(&self) -> Vec<Scanned> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.keys().map(|path| Scanned { path: path.clone(), stamp: None }).collect()
    }

    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(path).cloned().ok_or_else(|| "it does not exist".to_owned())
    }
}

impl Host for FolderHost {
    fn scan(&self) -> Vec<Scanned> {
        let now = now();
        let mut found = thread::scope(|scope| {
            let mut walk = Walk { now, above: Vec::new(), found: Vec::new(), helpers: Helpers::new(scope, now) };
            walk.folder(CWD, self.root.as_os_str(), "");
            walk.finish()
        });
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        read_text(&self.root.join(path))
    }
}

impl Host for FileHost {
    fn scan(&self) -> Vec<Scanned> {
        let stamp = statat(CWD, &self.file, AtFlags::empty()).ok().and_then(|stat| trusted(&stat, now()));
        vec![Scanned { path: Name::new_static(SINGLE_FILE), stamp }]
    }

    fn read(&self, _path: &str) -> Result<Arc<str>, String> {
        read_text(&self.file)
    }
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// The stamp of a file that was left alone for longer than the file system's clock ticks; otherwise a change within the
/// same tick could go unseen, so `None`.
fn trusted(stat: &Stat, now: i64) -> Option<Stamp> {
    #[expect(clippy::unnecessary_cast, reason = "field widths differ between platforms")]
    let stamp = Stamp {
        size: stat.st_size as u64,
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        inode: stat.st_ino as u64,
    };
    // Whole milliseconds mean a coarse clock (two seconds at worst); otherwise the kernel's tick bounds it.
    let tick = if stamp.modified % 1_000_000 == 0 { 2_000_000_000 } else { 20_000_000 };
    (stamp.modified.max(stamp.changed) < now - tick).then_some(stamp)
}

/// Source files of a project, found folder by folder. Folders whose name starts with a dot are skipped, and loops of
/// links are not entered.
struct Walk<'scope, 'env> {
    now: i64,
    /// The folders around this one.
    above: Vec<(u64, u64)>,
    found: Vec<Scanned>,
    helpers: Helpers<'scope, 'env>,
}

impl Walk<'_, '_> {
    fn folder(&mut self, parent: impl AsFd, name: &OsStr, prefix: &str) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(folder) = openat(parent, name, flags, Mode::empty()).map(Arc::new) else { return };
        let Ok(identity) = rustix::fs::fstat(&folder).map(|stat| (stat.st_dev, stat.st_ino)) else { return };
        if self.above.contains(&identity) || self.above.len() >= MAX_DEPTH {
            return;
        }
        self.above.push(identity);
        let Ok(entries) = Dir::read_from(&folder) else { return };
        let mut folders: Vec<(Vec<u8>, String)> = Vec::new();
        let mut sources = Sources { folder: Arc::clone(&folder), files: Vec::new() };
        for entry in entries.flatten() {
            let bytes = entry.file_name().to_bytes();
            if bytes.starts_with(b".") {
                continue;
            }
            let source = bytes.ends_with(b".nos");
            let kind = entry.file_type();
            if !source && !matches!(kind, FileType::Directory | FileType::Symlink | FileType::Unknown) {
                continue;
            }
            let path = format!("{prefix}{}", String::from_utf8_lossy(bytes));
            if source {
                sources.files.push((entry.file_name().to_owned(), Name::from(path)));
                if sources.files.len() == SHARE {
                    self.stat(sources.take());
                }
            } else {
                folders.push((bytes.to_vec(), path + "/"));
            }
        }
        self.stat(sources);
        for (name, prefix) in folders {
            self.folder(&folder, OsStr::from_bytes(&name), &prefix);
        }
        self.above.pop();
    }

    /// In a small project, or when everybody else is busy, it is done here.
    fn stat(&mut self, sources: Sources) {
        let rest = if self.found.len() < MANY { Some(sources) } else { self.helpers.give(sources) };
        if let Some(sources) = rest {
            sources.stat(self.now, &mut self.found);
        }
    }

    fn finish(mut self) -> Vec<Scanned> {
        self.helpers.finish(&mut self.found);
        self.found
    }
}

/// Source files of one folder, as many as one thread looks at.
struct Sources {
    folder: Arc<OwnedFd>,
    files: Vec<(CString, Name)>,
}

impl Sources {
    /// What was gathered; goes on with nothing.
    fn take(&mut self) -> Sources {
        Sources { folder: Arc::clone(&self.folder), files: std::mem::take(&mut self.files) }
    }

    fn stat(self, now: i64, found: &mut Vec<Scanned>) {
        for (name, path) in self.files {
            let stat = statat(&self.folder, &name, AtFlags::empty());
            // A folder or a broken link under a source name is reported when it is read.
            let stamp = stat.ok().filter(is_file).and_then(|stat| trusted(&stat, now));
            found.push(Scanned { path, stamp });
        }
    }
}

/// Threads that ask for stamps in a large project, started when there is something for them to do.
struct Helpers<'scope, 'env> {
    scope: &'scope thread::Scope<'scope, 'env>,
    now: i64,
    threads: Vec<thread::ScopedJoinHandle<'scope, Vec<Scanned>>>,
    /// `None`: not started.
    work: Option<mpsc::SyncSender<Sources>>,
}

impl<'scope, 'env> Helpers<'scope, 'env> {
    fn new(scope: &'scope thread::Scope<'scope, 'env>, now: i64) -> Helpers<'scope, 'env> {
        Helpers { scope, now, threads: Vec::new(), work: None }
    }

    /// Gives the files back if nobody has time for them soon.
    fn give(&mut self, sources: Sources) -> Option<Sources> {
        if self.work.is_none() {
            self.start();
        }
        match &self.work {
            Some(work) => work.try_send(sources).err().map(|error| match error {
                mpsc::TrySendError::Full(sources) | mpsc::TrySendError::Disconnected(sources) => sources,
            }),
            None => Some(sources),
        }
    }

    fn start(&mut self) {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS) - 1;
        let (work, todo) = mpsc::sync_channel::<Sources>(count);
        let (todo, now) = (Arc::new(Mutex::new(todo)), self.now);
        for _ in 0..count {
            let todo = Arc::clone(&todo);
            let next = move || todo.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
            let run = move || {
                let mut found = Vec::new();
                while let Some(sources) = next() {
                    sources.stat(now, &mut found);
                }
                found
            };
            self.threads.extend(thread::Builder::new().spawn_scoped(self.scope, run));
        }
        self.work = Some(work);
    }

    fn finish(&mut self, found: &mut Vec<Scanned>) {
        self.work = None;
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(own) => found.extend(own),
                Err(payload) => std::panic::resume_unwind(payload),
            }
        }
    }
}

fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// The text of a source file; `Err` says in one clause why there is none.
pub(crate) fn read_text(path: &Path) -> Result<Arc<str>, String> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(|error| describe(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if metadata.len() > MAX_FILE {
        let (size, limit) = (metadata.len() >> 20, MAX_FILE >> 20);
        return Err(format!("it is too large ({size} MiB, the limit is {limit} MiB)"));
    }
    let mut file = std::fs::File::open(path).map_err(|error| describe(&error))?;
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    file.by_ref().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| describe(&error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))?;
    // A byte order mark is no part of the program.
    Ok(Arc::from(text.strip_prefix('\u{feff}').unwrap_or(&text)))
}

fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it must not be read (permission denied)".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More files than one thread looks at, in several folders, with what is no source beside them.
    #[test]
    fn a_large_project_is_scanned_as_a_small_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for (name, files) in [("a", 0), ("b", SHARE), ("c", MANY + SHARE + 1), ("c/d", 2 * MANY), (".e", 3)] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for file in 0..files {
                let path = format!("{name}/f{file:04}.nos");
                std::fs::write(folder.path().join(&path), path.repeat(file % 3)).unwrap();
                if !name.starts_with('.') {
                    expected.push((Name::from(path.as_str()), Some((path.len() * (file % 3)) as u64)));
                }
            }
        }
        std::fs::write(folder.path().join("c/readme.md"), "").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("c/d/loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("c/d/broken.nos")).unwrap();
        expected.push((Name::from("c/d/broken.nos"), None));
        expected.sort();
        // Stamps of files that were just written are not trusted.
        thread::sleep(std::time::Duration::from_millis(50));
        let host = FolderHost { root: folder.path().to_owned() };
        let found = host.scan().into_iter().map(|file| (file.path, file.stamp.map(|stamp| stamp.size)));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

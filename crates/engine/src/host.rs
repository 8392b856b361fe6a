//! Where files come from: a folder, a single file, or memory.
//!
//! Input: the operating system or the embedder's texts. Output: relative paths, stamps, texts. The only code of this
//! crate that looks at a disk; it never writes.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
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
        let mut found = Vec::new();
        let mut above = Vec::new();
        walk(CWD, self.root.as_os_str(), "", &mut above, now(), &mut found);
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

/// Source files below one folder. Folders whose name starts with a dot are skipped, and loops of links are not entered.
fn walk(
    parent: impl std::os::fd::AsFd,
    name: &OsStr,
    prefix: &str,
    above: &mut Vec<(u64, u64)>,
    now: i64,
    found: &mut Vec<Scanned>,
) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = openat(parent, name, flags, Mode::empty()) else { return };
    let Ok(identity) = rustix::fs::fstat(&folder).map(|stat| (stat.st_dev, stat.st_ino)) else { return };
    if above.contains(&identity) || above.len() >= MAX_DEPTH {
        return;
    }
    above.push(identity);
    let Ok(entries) = Dir::read_from(&folder) else { return };
    let mut folders: Vec<(Vec<u8>, String)> = Vec::new();
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
            let stat = statat(&folder, entry.file_name(), AtFlags::empty());
            // A folder or a broken link under a source name is reported when it is read.
            let stamp = stat.ok().filter(is_file).and_then(|stat| trusted(&stat, now));
            found.push(Scanned { path: Name::from(path), stamp });
        } else {
            folders.push((bytes.to_vec(), path + "/"));
        }
    }
    for (name, prefix) in folders {
        walk(&folder, OsStr::from_bytes(&name), &prefix, above, now, found);
    }
    above.pop();
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

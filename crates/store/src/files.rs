//! The few operations on files that the store needs, as a trait, and the real ones.
//!
//! Input: paths. Output: bytes or an [`io::Error`]. The trait exists so that tests can fail, shorten or stop at any
//! single operation (see [`crate::testing`]) and so that a host without a disk can keep a store in memory.
//!
//! Invariant: [`RealFiles`] is the only code of this crate that touches the operating system, the clock included.

use std::any::Any;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

/// File operations. All paths are as the store was given them, absolute or relative to the working directory.
pub trait Files {
    /// Opens a regular file for positioned reads.
    ///
    /// Anything else under that name (a folder, a pipe, a loop of links) is an error, and opening must not block.
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>>;

    /// Creates a new file in `dir` under a name that starts with `tmp-`, writes `bytes` to it and returns its path.
    ///
    /// `sync`: wait until the bytes are on the disk. After an error the file may exist with some of the bytes; its path
    /// is unknown to the caller, who leaves it to [`crate::Store::maintain`].
    fn write_temporary(&self, dir: &Path, bytes: &[u8], sync: bool) -> io::Result<PathBuf>;

    /// Adds bytes to the end of a file, which is made if there is none. After an error some of them may be there.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file another name in the same folder, atomically, replacing what had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Names in a folder, in no particular order. Names that are not UTF-8 are left out: the store makes none.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Size and time of what the path leads to, following links.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Sets the modification time of a file.
    fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()>;

    /// Creates a folder and those above it; no error if they exist.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Removes a file or a link.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes an exclusive advisory lock on a file, created if absent. `Ok(None)`: somebody else holds it. Never waits.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>>;

    /// The clock that modification times are compared with.
    fn now(&self) -> SystemTime;
}

/// A file open for reading. It stays readable after its name was removed or given to another file.
pub trait OpenFile: Send + Sync {
    /// Size and time when the file was opened.
    fn metadata(&self) -> Metadata;

    /// Fills `buffer` from `offset` bytes after the start; an error if the file is shorter.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

/// What the store wants to know of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Bytes.
    pub length: u64,
    /// Last modification, or last use where the store touched it.
    pub modified: SystemTime,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of the path.
    pub name: String,
    /// Whether the name itself is a folder; a link to one is not.
    pub is_dir: bool,
}

/// A held lock; dropping it releases it.
pub struct Lock {
    _held: Box<dyn Any + Send>,
}

impl Lock {
    /// Wraps whatever keeps the lock while it lives.
    pub fn new(held: impl Any + Send) -> Lock {
        Lock { _held: Box::new(held) }
    }
}

/// The files of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

struct RealFile {
    file: fs::File,
    metadata: Metadata,
}

impl Files for RealFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        // Looked at before it is opened: opening a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Err(not_a_file());
        }
        let file = fs::File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_a_file());
        }
        let metadata = Metadata { length: metadata.len(), modified: metadata.modified()? };
        Ok(Box::new(RealFile { file, metadata }))
    }

    fn write_temporary(&self, dir: &Path, bytes: &[u8], sync: bool) -> io::Result<PathBuf> {
        // The number of the process keeps two of them apart, the counter two threads; on a folder shared between
        // machines the name may still be taken, then the next one is tried.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let path = dir.join(format!("tmp-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            let mut file = match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened?,
            };
            let written = file.write_all(bytes).and_then(|()| if sync { file.sync_all() } else { Ok(()) });
            return match written {
                Ok(()) => Ok(path),
                Err(error) => {
                    // A full disk is the usual reason: give the space back. If even that fails, `maintain` will.
                    drop(file);
                    let _ = fs::remove_file(&path);
                    Err(error)
                }
            };
        }
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // As above: a pipe would wait.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(not_a_file());
        }
        fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                // Some file systems have to look it up, and the entry may be gone by then.
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                entries.push(Entry { name, is_dir });
            }
        }
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = fs::metadata(path)?;
        Ok(Metadata { length: metadata.len(), modified: metadata.modified()? })
    }

    fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        fs::File::open(path)?.set_modified(time)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir(dir)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl OpenFile for RealFile {
    fn metadata(&self) -> Metadata {
        self.metadata
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => {
                    buffer = &mut buffer[read..];
                    offset += read as u64;
                }
            }
        }
        Ok(())
    }
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a regular file")
}

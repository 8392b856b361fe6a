//! The floor of every start: ask the file system for the time stamps of the sources and read as many bytes as the store.
//!
//! Input: a folder, or a file that lists paths; a number of bytes and the files to take them from. Output: nothing.
//! Run as a process of its own and timed from outside, like the command that is compared with it.
//!
//! Invariant: does the least any program could do to see that nothing changed, by the same system calls.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

/// First argument of the process.
pub(crate) const NAME: &str = "floor";

/// `DIR | --list FILE`, then `BYTES FILE…`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (stamps, rest) = match args {
        [flag, list, rest @ ..] if flag == "--list" => (stat_listed(Path::new(list))?, rest),
        [dir, rest @ ..] => (stat_below(Path::new(dir))?, rest),
        [] => bail!("floor needs a folder"),
    };
    std::hint::black_box(stamps);
    if let [bytes, files @ ..] = rest {
        std::hint::black_box(read(bytes.parse().context("number of bytes")?, files)?);
    }
    Ok(())
}

/// Stats every `.nos` file below `dir`. Answers a sum, so that nothing can be left out.
fn stat_below(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let handle = openat(CWD, &folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .with_context(|| format!("cannot open {}", folder.display()))?;
        for entry in Dir::read_from(&handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            match entry.file_type() {
                FileType::Directory if !name.starts_with(b".") => folders.push(folder.join(OsStr::from_bytes(name))),
                FileType::RegularFile if name.ends_with(b".nos") => {
                    let stat = statat(&handle, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                    sum += stat.st_size as u64 + stat.st_mtime_nsec as u64;
                }
                _ => {}
            }
        }
    }
    Ok(sum)
}

/// Stats the paths in `list`, one a line.
fn stat_listed(list: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(list)?;
    let mut sum = 0;
    for path in text.lines() {
        let stat = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).with_context(|| format!("cannot stat {path}"))?;
        sum += stat.st_size as u64 + stat.st_mtime_nsec as u64;
    }
    Ok(sum)
}

/// Reads `bytes` from the beginnings of `files`, in their order.
fn read(bytes: u64, files: &[String]) -> Result<usize> {
    let mut left = bytes;
    let mut total = 0;
    let mut buffer = Vec::new();
    for path in files {
        if left == 0 {
            break;
        }
        buffer.clear();
        let read = File::open(path)?.take(left).read_to_end(&mut buffer)?;
        left -= read as u64;
        total += read;
    }
    Ok(total)
}

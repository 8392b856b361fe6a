//! What can happen to the files of a store.
//!
//! Input: the folder of a store and earlier files of it. Output: the folder with one thing wrong, and words for it.
//! Some of it is what disks and crashes do, some of it only somebody with bad intentions: lengths with right checksums,
//! files under the names of others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Files below `folder`, sorted; links are not followed.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let found = if is_dir { &mut folders } else { &mut files };
            found.push(entry.path());
        }
    }
    files.sort();
    files
}

/// Does one thing to one file of the store. `earlier`: a folder with the store as it once was. `None`: it has no files.
pub(crate) fn damage(store: &Path, earlier: &Path, rng: &mut fastrand::Rng) -> Result<Option<String>> {
    let files = files_below(store);
    if files.is_empty() {
        return Ok(None);
    }
    let path = &files[rng.usize(..files.len())];
    match change(path, &files, earlier, rng) {
        Ok(what) => Ok(Some(what)),
        Err(_) => {
            // A link of an earlier step leads nowhere, or in a circle.
            fs::remove_file(path)?;
            Ok(Some(format!("{} was removed", path.display())))
        }
    }
}

/// `files`: all of the store.
fn change(path: &Path, files: &[PathBuf], earlier: &Path, rng: &mut fastrand::Rng) -> io::Result<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut bytes = fs::read(path)?;
    let what = match rng.u8(..12) {
        0..=2 if !bytes.is_empty() => {
            let flips = rng.usize(1..=3);
            for _ in 0..flips {
                let at = rng.usize(..bytes.len());
                bytes[at] ^= 1 << rng.u8(..8);
            }
            fs::write(path, &bytes)?;
            format!("{flips} bits of {name} were flipped")
        }
        3 | 4 => {
            bytes.truncate(rng.usize(..=bytes.len()));
            fs::write(path, &bytes)?;
            format!("{name} was cut to {} bytes", bytes.len())
        }
        5 if !bytes.is_empty() => {
            let length = rng.usize(1..=bytes.len().min(4096));
            let at = rng.usize(..=bytes.len() - length);
            bytes[at..at + length].fill(0);
            fs::write(path, &bytes)?;
            format!("{length} bytes of {name} were lost")
        }
        6 => {
            let other = &files[rng.usize(..files.len())];
            let content = fs::read(other).unwrap_or_default();
            fs::write(other, &bytes)?;
            fs::write(path, content)?;
            format!("{name} and {} were swapped", other.display())
        }
        7 => {
            fs::remove_file(path)?;
            fs::create_dir(path)?;
            format!("{name} is a folder now")
        }
        8 => {
            let other = &files[rng.usize(..files.len())];
            fs::remove_file(path)?;
            std::os::unix::fs::symlink(other, path)?;
            format!("{name} is a link to {} now", other.display())
        }
        9 => {
            forge(&mut bytes, rng);
            fs::write(path, &bytes)?;
            format!("lengths of {name} were forged")
        }
        10 if earlier.exists() => {
            let before = files_below(earlier);
            let same = before.iter().filter(|before| before.extension() == path.extension());
            match same.collect::<Vec<_>>().as_slice() {
                [] => fs::remove_file(path)?,
                candidates => drop(fs::copy(candidates[rng.usize(..candidates.len())], path)?),
            }
            format!("{name} is one of earlier now")
        }
        _ => {
            fs::remove_file(path)?;
            format!("{name} was removed")
        }
    };
    Ok(what)
}

/// Puts a huge number somewhere into the head of a file, and makes the checksum of a segment's head right again.
fn forge(bytes: &mut [u8], rng: &mut fastrand::Rng) {
    const SEGMENT_HEAD: usize = 48;
    let end = bytes.len().min(SEGMENT_HEAD);
    if end < 16 {
        return;
    }
    let at = rng.usize(8..=end - 8);
    let value = [u64::MAX, u64::MAX >> 1, 1 << 40, 1 << 32, 1 << 31][rng.usize(..5)];
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    if bytes.len() >= SEGMENT_HEAD + 8 && bytes.starts_with(b"ITHSEG") {
        let sum = blake3::hash(&bytes[..SEGMENT_HEAD]);
        bytes[SEGMENT_HEAD..SEGMENT_HEAD + 8].copy_from_slice(&sum.as_bytes()[..8]);
    }
}

/// Copies a folder with everything in it; what cannot be read is left out.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    let mut folders = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&from) else { continue };
        for entry in entries.flatten() {
            let target = to.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    fs::create_dir_all(&target)?;
                    folders.push((entry.path(), target));
                }
                Ok(kind) if kind.is_symlink() => {
                    std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
                }
                _ => drop(fs::copy(entry.path(), target)),
            }
        }
    }
    Ok(())
}

//! Journals: short notes of equal length, one after the other, under a name.
//!
//! Input: [`NOTE`] bytes that mean something to the caller. Output: the last [`KEPT`] of them, oldest first. Writing one
//! costs opening a file and one write; now and then the file is written anew with the last ones.
//!
//! Invariant: each note has a checksum, so whatever happened to the file, what is read was written.

use std::path::PathBuf;

use crate::format::{self, u64_at};
use crate::manifest;
use crate::store::Store;

/// Bytes of a note.
pub const NOTE: usize = 24;

/// How many notes are given back, and how many are kept when a journal is written anew.
const KEPT: usize = 32;

/// A journal that is longer is written anew.
const LONGEST: usize = 4 * KEPT;

const LINE: usize = NOTE + 8;

/// End of the file names of journals.
pub(crate) const EXTENSION: &str = ".log";

impl Store {
    /// Adds a note to the journal `name`. It may get lost: nothing is made for its sake, and nobody is told.
    pub fn append_note(&self, name: &str, note: [u8; NOTE]) {
        let path = self.journal(name);
        let long = self.files.metadata(&path).is_ok_and(|file| file.length >= (LONGEST * LINE) as u64);
        let line = line(&note);
        if long {
            let mut bytes: Vec<u8> = self.notes(name).iter().flat_map(self::line).collect();
            bytes.extend_from_slice(&line);
            let written = self.files.write_temporary(&self.manifests(), &bytes, false);
            let _ = written.and_then(|temporary| self.files.rename(&temporary, &path));
        } else {
            let _ = self.files.append(&path, &line);
        }
    }

    /// The last notes of the journal `name`, oldest first.
    pub fn notes(&self, name: &str) -> Vec<[u8; NOTE]> {
        let Ok(file) = self.files.open(&self.journal(name)) else { return Vec::new() };
        // Only the end of a file of any length is read. Lines that were cut short shift those after them, so each place
        // is tried.
        let length = file.metadata().length;
        let wanted = length.min((LONGEST * LINE * 2) as u64);
        let mut bytes = vec![0; wanted as usize];
        if file.read_exact_at(&mut bytes, length - wanted).is_err() {
            return Vec::new();
        }
        let mut notes = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((first, after)) = rest.split_at_checked(LINE) {
            match checked(first) {
                Some(note) => {
                    notes.push(note);
                    rest = after;
                }
                None => rest = &rest[1..],
            }
        }
        notes.drain(..notes.len().saturating_sub(KEPT));
        notes
    }

    fn journal(&self, name: &str) -> PathBuf {
        let file = manifest::file_name(name);
        let stem = file.strip_suffix(manifest::EXTENSION).unwrap_or(&file);
        self.manifests().join(format!("{stem}{EXTENSION}"))
    }
}

fn line(note: &[u8; NOTE]) -> [u8; LINE] {
    let mut line = [0; LINE];
    line[..NOTE].copy_from_slice(note);
    line[NOTE..].copy_from_slice(&format::checksum(note).to_le_bytes());
    line
}

fn checked(line: &[u8]) -> Option<[u8; NOTE]> {
    let note: [u8; NOTE] = line[..NOTE].try_into().ok()?;
    (format::checksum(&note) == u64_at(line, NOTE)).then_some(note)
}

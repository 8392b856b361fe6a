//! What the tests share: small stores with known content, and the question whether an answer is a right one.

use std::path::PathBuf;
use std::sync::Arc;

use store::testing::MemoryFiles;
use store::{Key, NewRecord, Record, Store};

pub(crate) const BUILD: [u8; 16] = *b"build-number-one";
pub(crate) const OTHER_BUILD: [u8; 16] = *b"another-compiler";
pub(crate) const DIR: &str = "project/.ithaca";

pub(crate) fn store_on(files: &MemoryFiles) -> Store {
    Store::open(Arc::new(files.clone()), PathBuf::from(DIR), BUILD)
}

pub(crate) fn key(number: u32) -> Key {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

/// A record whose content follows from its key and a version.
pub(crate) fn record(number: u32, version: u32) -> NewRecord {
    let bytes = |length: usize| -> Vec<u8> {
        (0..length as u32).map(|i| (i.wrapping_mul(31) ^ number.wrapping_mul(7) ^ version) as u8).collect()
    };
    NewRecord {
        kind: (number % 3) as u8,
        key: key(number),
        sections: vec![version.to_le_bytes().to_vec(), Vec::new(), bytes(40 + number as usize), bytes(3)],
    }
}

/// All sections. `None`: one of them is damaged.
pub(crate) fn sections(record: &Record) -> Option<Vec<Vec<u8>>> {
    (0..record.sections()).map(|i| record.section(i).map(|section| section.into_owned())).collect()
}

/// Versions of a record that the store finds, newest first. A wrong content is an error of the test; damage is a miss.
#[track_caller]
pub(crate) fn versions(store: &Store, number: u32) -> Vec<u32> {
    let found = store.find(record(number, 0).kind, &key(number));
    found.iter().filter_map(|found| checked_version(found, number)).collect()
}

/// The version of a record that must be right if it can be read.
#[track_caller]
pub(crate) fn checked_version(found: &Record, number: u32) -> Option<u32> {
    let sections = sections(found)?;
    let version = u32::from_le_bytes(sections[0].as_slice().try_into().expect("four bytes"));
    assert_eq!(sections, record(number, version).sections, "record {number} has another one's content");
    Some(version)
}

//! The manifest of the last run: what makes the unchanged part of a project free.
//!
//! Input: one row per file with its stamp, text fingerprint, entry and what the entry relies on. Output: the same rows,
//! read in place from one buffer; nothing is decoded before it is asked for.
//!
//! It is a hint: the last writer wins, and whatever it does not know is found by key.
//!
//! Layout, little endian: `rows: u32, names: u32, deps: u32, text: u32`, the project's flags `u32`, then `rows` rows of
//! [`ROW`] bytes sorted by path, `deps` module numbers of four bytes, `names` ends of names in the text, the text.

use base_db::{Fingerprint, Name};
use rustc_hash::FxHashMap;

/// When and how large a file was. Only ever saves a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970 of the last change of the content.
    pub modified: i64,
    /// Nanoseconds since 1970 of the last change of the inode.
    pub changed: i64,
    /// Number of the inode.
    pub inode: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Path relative to the project.
    pub path: Name,
    /// Stamp at the scan; `None`: the file was too young to trust its stamp, or its text is no file's.
    pub stamp: Option<Stamp>,
    /// Fingerprint of the text.
    pub hash: Fingerprint,
    /// Interface fingerprint.
    pub interface: Fingerprint,
    /// Place of the entry of its unit; `None`: the unit had errors.
    pub entry: Option<store::RecordRef>,
    /// Modules that the unit's answers depend on, existing or not.
    pub deps: Vec<Name>,
    /// Modules that its own `use` declarations name.
    pub imports: Vec<Name>,
    /// The unit asked about impls of the whole project, or about templates of other files.
    pub asks_globals: bool,
    /// The file declares what the whole project sees: traits, impls or templates.
    pub has_globals: bool,
    /// Templates of other files have a part in the unit, perhaps in its imports.
    pub borrows: bool,
    /// The entry holds warnings.
    pub warnings: bool,
    /// The unit has more files than this one.
    pub cyclic: bool,
    /// The file declares mvars.
    pub mvars: bool,
}

/// Bytes of a row: path, stamp 4 × 8, hash 16, interface 16, dep and import ranges 4 × 4, entry number, flags.
const ROW: usize = 4 + 32 + 16 + 16 + 16 + 4 + 4;
const HEADER: usize = 20;

const STAMPED: u32 = 1;
const ASKS_GLOBALS: u32 = 2;
const HAS_GLOBALS: u32 = 4;
const WARNINGS: u32 = 8;
const CYCLIC: u32 = 16;
const MVARS: u32 = 32;
const BORROWS: u32 = 64;

const NO_ENTRY: u32 = u32::MAX;

/// A manifest as read; rows are views into the buffer.
pub(crate) struct Manifest {
    blob: store::Manifest,
    rows: usize,
    deps: usize,
    names: usize,
    text: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap_or_default())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default())
}

/// Writes rows, sorted by path here. `flags` is the caller's.
pub(crate) fn encode(rows: &mut [Row], flags: u32) -> (Vec<u8>, Vec<store::RecordRef>) {
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    let mut names: Vec<&str> = Vec::new();
    let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
    let mut deps: Vec<u32> = Vec::new();
    let mut entries: Vec<store::RecordRef> = Vec::new();
    let mut entry_numbers: FxHashMap<store::RecordRef, u32> = FxHashMap::default();
    let mut table = Vec::with_capacity(rows.len() * ROW);
    for row in rows.iter() {
        let mut number = |name| {
            *numbers.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() as u32 - 1
            })
        };
        table.extend_from_slice(&number(row.path.as_str()).to_le_bytes());
        let stamp = row.stamp.unwrap_or_default();
        table.extend_from_slice(&stamp.size.to_le_bytes());
        table.extend_from_slice(&stamp.modified.to_le_bytes());
        table.extend_from_slice(&stamp.changed.to_le_bytes());
        table.extend_from_slice(&stamp.inode.to_le_bytes());
        table.extend_from_slice(&row.hash.0);
        table.extend_from_slice(&row.interface.0);
        for list in [&row.deps, &row.imports] {
            table.extend_from_slice(&(deps.len() as u32).to_le_bytes());
            deps.extend(list.iter().map(|name| number(name.as_str())));
            table.extend_from_slice(&(deps.len() as u32).to_le_bytes());
        }
        let entry = row.entry.map_or(NO_ENTRY, |at| {
            *entry_numbers.entry(at).or_insert_with(|| {
                entries.push(at);
                entries.len() as u32 - 1
            })
        });
        table.extend_from_slice(&entry.to_le_bytes());
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        let bits = flag(row.stamp.is_some(), STAMPED)
            | flag(row.asks_globals, ASKS_GLOBALS)
            | flag(row.has_globals, HAS_GLOBALS)
            | flag(row.borrows, BORROWS)
            | flag(row.warnings, WARNINGS)
            | flag(row.cyclic, CYCLIC)
            | flag(row.mvars, MVARS);
        table.extend_from_slice(&bits.to_le_bytes());
    }
    let text: usize = names.iter().map(|name| name.len()).sum();
    let mut out = Vec::with_capacity(HEADER + table.len() + 4 * (deps.len() + names.len()) + text);
    for number in [rows.len(), names.len(), deps.len(), text] {
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&table);
    for dep in &deps {
        out.extend_from_slice(&dep.to_le_bytes());
    }
    let mut end = 0u32;
    for name in &names {
        end += name.len() as u32;
        out.extend_from_slice(&end.to_le_bytes());
    }
    for name in &names {
        out.extend_from_slice(name.as_bytes());
    }
    (out, entries)
}

impl Manifest {
    /// Checks the shape. The store has checked that the bytes are the ones that were written.
    pub(crate) fn decode(blob: store::Manifest) -> Option<Manifest> {
        let bytes = blob.bytes();
        if bytes.len() < HEADER {
            return None;
        }
        let count = |i: usize| u32_at(bytes, 4 * i) as usize;
        let (rows, names, deps, text) = (count(0), count(1), count(2), count(3));
        let deps_at = HEADER.checked_add(rows.checked_mul(ROW)?)?;
        let names_at = deps_at.checked_add(deps.checked_mul(4)?)?;
        let text_at = names_at.checked_add(names.checked_mul(4)?)?;
        if text_at.checked_add(text)? != bytes.len() {
            return None;
        }
        let manifest = Manifest { rows, deps: deps_at, names: names_at, text: text_at, blob };
        Some(manifest)
    }

    fn bytes(&self) -> &[u8] {
        self.blob.bytes()
    }

    /// The caller's flags.
    pub(crate) fn flags(&self) -> u32 {
        u32_at(self.bytes(), 16)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    fn row_bytes(&self, row: usize) -> &[u8] {
        let at = HEADER + row * ROW;
        &self.bytes()[at..at + ROW]
    }

    fn name(&self, number: u32) -> &str {
        let number = number as usize;
        if number >= (self.text - self.names) / 4 {
            return "";
        }
        let end = |i: usize| u32_at(self.bytes(), self.names + 4 * i) as usize;
        let start = if number == 0 { 0 } else { end(number - 1) };
        let bytes = self.bytes().get(self.text + start..self.text + end(number)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Path of a row; rows are sorted by it.
    pub(crate) fn path(&self, row: usize) -> &str {
        self.name(u32_at(self.row_bytes(row), 0))
    }

    /// Row of a path.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.path(middle).cmp(path) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn flag(&self, row: usize, bit: u32) -> bool {
        u32_at(self.row_bytes(row), ROW - 4) & bit != 0
    }

    /// Stamp of a row, if it can be trusted.
    pub(crate) fn stamp(&self, row: usize) -> Option<Stamp> {
        let bytes = self.row_bytes(row);
        self.flag(row, STAMPED).then(|| Stamp {
            size: u64_at(bytes, 4),
            modified: u64_at(bytes, 12) as i64,
            changed: u64_at(bytes, 20) as i64,
            inode: u64_at(bytes, 28),
        })
    }

    fn fingerprint(&self, row: usize, at: usize) -> Fingerprint {
        Fingerprint(self.row_bytes(row)[at..at + 16].try_into().unwrap_or_default())
    }

    /// Fingerprint of the text.
    pub(crate) fn hash(&self, row: usize) -> Fingerprint {
        self.fingerprint(row, 36)
    }

    /// Interface fingerprint.
    pub(crate) fn interface(&self, row: usize) -> Fingerprint {
        self.fingerprint(row, 52)
    }

    fn list(&self, row: usize, at: usize) -> impl Iterator<Item = &str> + '_ {
        let bytes = self.row_bytes(row);
        let limit = (self.names - self.deps) / 4;
        let end = (u32_at(bytes, at + 4) as usize).min(limit);
        let start = (u32_at(bytes, at) as usize).min(end);
        (start..end).map(|i| self.name(u32_at(self.bytes(), self.deps + 4 * i)))
    }

    /// Modules that the unit's answers depend on.
    pub(crate) fn deps(&self, row: usize) -> impl Iterator<Item = &str> + '_ {
        self.list(row, 68)
    }

    /// Modules that the file's `use` declarations name.
    pub(crate) fn imports(&self, row: usize) -> impl Iterator<Item = &str> + '_ {
        self.list(row, 76)
    }

    /// Place of the entry.
    pub(crate) fn entry(&self, row: usize) -> Option<store::RecordRef> {
        match u32_at(self.row_bytes(row), 84) {
            NO_ENTRY => None,
            number => self.blob.reference(number as usize),
        }
    }

    /// The unit asked about impls of the whole project, or about templates of other files.
    pub(crate) fn asks_globals(&self, row: usize) -> bool {
        self.flag(row, ASKS_GLOBALS)
    }

    /// The file declares what the whole project sees: traits, impls or templates.
    pub(crate) fn has_globals(&self, row: usize) -> bool {
        self.flag(row, HAS_GLOBALS)
    }

    /// The entry holds warnings.
    pub(crate) fn warnings(&self, row: usize) -> bool {
        self.flag(row, WARNINGS)
    }

    /// The file declares mvars.
    pub(crate) fn mvars(&self, row: usize) -> bool {
        self.flag(row, MVARS)
    }

    /// A row as a value.
    pub(crate) fn row(&self, row: usize) -> Row {
        Row {
            path: Name::from(self.path(row)),
            stamp: self.stamp(row),
            hash: self.hash(row),
            interface: self.interface(row),
            entry: self.entry(row),
            deps: self.deps(row).map(Name::from).collect(),
            imports: self.imports(row).map(Name::from).collect(),
            asks_globals: self.asks_globals(row),
            has_globals: self.has_globals(row),
            borrows: self.flag(row, BORROWS),
            warnings: self.warnings(row),
            cyclic: self.flag(row, CYCLIC),
            mvars: self.mvars(row),
        }
    }
}

//! The manifest of the last run: what makes the unchanged part of a project free.
//!
//! Input: one row per file with its stamp, text fingerprint, entry and what the entry relies on. Output: the same rows,
//! read in place from one or two buffers; nothing is decoded before it is asked for.
//!
//! It is a hint: the last writer wins, and whatever it does not know is found by key.
//!
//! Two files make a manifest: a **base** with a row for every file, and a **delta** that names its base and has a row
//! for every file that differs from it, also for those that are gone. So a save after an edit writes what was edited
//! and not the project. A delta of another base is no part of the manifest: the base alone is what the project was at
//! some earlier time, which is as good a hint.
//!
//! Layout of both, little endian: `rows: u32, names: u32, deps: u32, text: u32`, the project's flags `u32`, identity 16,
//! identity of the base 16 (zero in a base), then `rows` rows of [`ROW`] bytes sorted by path, `deps` module numbers of
//! four bytes, `names` ends of names in the text, the text.

use std::cmp::Ordering;

use base_db::{Fingerprint, Name};
use rustc_hash::FxHashMap;

use crate::root::Outline;

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
    /// Where there is no entry: the last one it had, for another text. Its parts may still be right.
    pub older: Option<store::RecordRef>,
    /// Modules that the unit's answers depend on, existing or not.
    pub deps: Vec<Name>,
    /// Modules that its own `use` declarations name.
    pub imports: Vec<Name>,
    /// The unit asked about impls of the whole project, or about templates of other files.
    pub asks_globals: bool,
    /// The file declares what the whole project sees: traits, impls or templates.
    pub has_globals: bool,
    /// Its header depends on templates of other files: what it names, and so what it imports, may come from them.
    pub borrows: bool,
    /// The entry holds warnings.
    pub warnings: bool,
    /// Path of the first file of the unit, if it has more files than this one. Which files are a unit is said here and not
    /// by their entry: its place may be another in the base and in the delta while a merge renews both.
    pub unit: Option<Name>,
    /// The file declares mvars.
    pub mvars: bool,
    /// No process has visited the unit so far.
    pub pending: bool,
}

impl Row {
    /// A row that knows nothing but a path.
    pub(crate) fn new(path: Name) -> Row {
        Row {
            path,
            stamp: None,
            hash: Fingerprint::ABSENT,
            interface: Fingerprint::ABSENT,
            entry: None,
            older: None,
            deps: Vec::new(),
            imports: Vec::new(),
            asks_globals: false,
            has_globals: false,
            borrows: false,
            warnings: false,
            unit: None,
            mvars: false,
            pending: false,
        }
    }

    /// Takes over what the text of the file tells.
    pub(crate) fn note_outline(&mut self, outline: &Outline) {
        self.imports = outline.imports.to_vec();
        self.has_globals = outline.has_globals;
        self.borrows = outline.borrows;
    }
}

/// Bytes of a row: path, stamp 4 × 8, hash 16, interface 16, dep and import ranges 4 × 4, two entry numbers, first path of
/// the unit, flags.
const ROW: usize = 4 + 32 + 16 + 16 + 16 + 8 + 4 + 4;
const HEADER: usize = 52;
/// A fold is due when a delta is larger than this, or than a share of its base.
const DELTA_MAX: usize = 48 << 10;

const STAMPED: u32 = 1;
const ASKS_GLOBALS: u32 = 2;
const HAS_GLOBALS: u32 = 4;
const WARNINGS: u32 = 8;
const MVARS: u32 = 16;
const BORROWS: u32 = 32;
const LIBRARY: u32 = 64;
const PENDING: u32 = 128;
/// Of a delta: the base's row of this path is gone.
const REMOVED: u32 = 256;

/// In place of the number of an entry or a name.
const NONE: u32 = u32::MAX;

/// One file as read; rows are views into the buffer.
struct Table {
    blob: store::Manifest,
    rows: usize,
    deps: usize,
    names: usize,
    text: usize,
}

/// A manifest as read. A row has a number that stays the same: those of the base come first, then those of the delta.
pub(crate) struct Manifest {
    base: Table,
    delta: Option<Delta>,
}

struct Delta {
    table: Table,
    /// For each row the place in the base of its path: of the row it replaces, or of the one it stands before.
    places: Vec<(usize, bool)>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap_or_default())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default())
}

/// A file to be written: bytes with the places they speak of by number.
pub(crate) struct Encoded {
    /// What [`Manifest::identity`] gives for a base with these bytes and places.
    pub(crate) identity: Fingerprint,
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<store::RecordRef>,
}

/// Whether a delta of that many bytes is better written as a new base of about `base` bytes.
pub(crate) fn is_fold_due(delta: usize, base: usize) -> bool {
    delta > DELTA_MAX.min(base / 4)
}

/// Writes rows, sorted by path. `flags` is the caller's. `base`: for a delta, the identity of the base that it changes,
/// and paths of the base that are gone, sorted.
pub(crate) fn encode(rows: &[Row], flags: u32, base: Option<(Fingerprint, &[Name])>) -> Encoded {
    let (base, removed) = base.unwrap_or((Fingerprint::ABSENT, &[]));
    let gone: Vec<Row> = removed.iter().cloned().map(Row::new).collect();
    let mut all: Vec<(&Row, u32)> = rows.iter().map(|row| (row, 0)).collect();
    all.extend(gone.iter().map(|row| (row, REMOVED)));
    all.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let mut names: Vec<&str> = Vec::new();
    let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
    let mut deps: Vec<u32> = Vec::new();
    let mut entries: Vec<store::RecordRef> = Vec::new();
    let mut entry_numbers: FxHashMap<store::RecordRef, u32> = FxHashMap::default();
    let mut table = Vec::with_capacity(all.len() * ROW);
    for &(row, extra) in &all {
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
        for place in [row.entry, row.older] {
            let place = place.map_or(NONE, |at| {
                *entry_numbers.entry(at).or_insert_with(|| {
                    entries.push(at);
                    entries.len() as u32 - 1
                })
            });
            table.extend_from_slice(&place.to_le_bytes());
        }
        table.extend_from_slice(&row.unit.as_deref().map_or(NONE, &mut number).to_le_bytes());
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        let bits = flag(row.stamp.is_some(), STAMPED)
            | flag(row.asks_globals, ASKS_GLOBALS)
            | flag(row.has_globals, HAS_GLOBALS)
            | flag(row.borrows, BORROWS)
            | flag(row.warnings, WARNINGS)
            | flag(row.mvars, MVARS)
            | flag(row.pending, PENDING)
            | flag(is_library(&row.path), LIBRARY)
            | extra;
        table.extend_from_slice(&bits.to_le_bytes());
    }
    let text: usize = names.iter().map(|name| name.len()).sum();
    let mut out = Vec::with_capacity(HEADER + table.len() + 4 * (deps.len() + names.len()) + text);
    for number in [all.len(), names.len(), deps.len(), text] {
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&Fingerprint::ABSENT.0);
    out.extend_from_slice(&base.0);
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
    // Two processes may come to the same rows and keep their entries at two places; a delta is of one of the two.
    let places = entries.iter().map(|place| Fingerprint::of_bytes(&place.to_bytes()));
    let identity = Fingerprint::combine(std::iter::once(Fingerprint::of_bytes(&out)).chain(places));
    out[20..36].copy_from_slice(&identity.0);
    Encoded { identity, bytes: out, entries }
}

/// Whether a path is one of the library.
pub(crate) fn is_library(path: &str) -> bool {
    path.starts_with('<')
}

impl Table {
    /// Checks the shape. The store has checked that the bytes are the ones that were written.
    fn decode(blob: store::Manifest) -> Option<Table> {
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
        Some(Table { rows, deps: deps_at, names: names_at, text: text_at, blob })
    }

    fn bytes(&self) -> &[u8] {
        self.blob.bytes()
    }

    fn flags(&self) -> u32 {
        u32_at(self.bytes(), 16)
    }

    fn identity(&self) -> Fingerprint {
        Fingerprint(self.bytes()[20..36].try_into().unwrap_or_default())
    }

    fn base(&self) -> Fingerprint {
        Fingerprint(self.bytes()[36..52].try_into().unwrap_or_default())
    }

    fn row_bytes(&self, row: usize) -> &[u8] {
        let at = HEADER + row * ROW;
        &self.bytes()[at..at + ROW]
    }

    fn name_count(&self) -> usize {
        (self.text - self.names) / 4
    }

    fn name(&self, number: u32) -> &str {
        let number = number as usize;
        if number >= self.name_count() {
            return "";
        }
        let end = |i: usize| u32_at(self.bytes(), self.names + 4 * i) as usize;
        let start = if number == 0 { 0 } else { end(number - 1) };
        let bytes = self.bytes().get(self.text + start..self.text + end(number)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn path(&self, row: usize) -> &str {
        self.name(u32_at(self.row_bytes(row), 0))
    }

    /// Row of a path, or where it would stand.
    fn find(&self, path: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.path(middle).cmp(path) {
                Ordering::Equal => return Ok(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    fn flag(&self, row: usize, bit: u32) -> bool {
        u32_at(self.row_bytes(row), ROW - 4) & bit != 0
    }

    fn fingerprint(&self, row: usize, at: usize) -> Fingerprint {
        Fingerprint(self.row_bytes(row)[at..at + 16].try_into().unwrap_or_default())
    }

    /// Numbers of the names in a list of a row: the places in the section of all lists.
    fn list(&self, row: usize, at: usize) -> std::ops::Range<usize> {
        let bytes = self.row_bytes(row);
        let limit = (self.names - self.deps) / 4;
        let end = (u32_at(bytes, at + 4) as usize).min(limit);
        (u32_at(bytes, at) as usize).min(end)..end
    }

    fn listed(&self, place: usize) -> u32 {
        u32_at(self.bytes(), self.deps + 4 * place)
    }

    fn names_in(&self, row: usize, at: usize) -> impl Iterator<Item = &str> + '_ {
        self.list(row, at).map(|place| self.name(self.listed(place)))
    }

    fn place(&self, row: usize, at: usize) -> Option<store::RecordRef> {
        match u32_at(self.row_bytes(row), at) {
            NONE => None,
            number => self.blob.reference(number as usize),
        }
    }
}

const DEPS: usize = 68;
const IMPORTS: usize = 76;
const ENTRY: usize = 84;
const OLDER: usize = 88;
const UNIT: usize = 92;

impl Manifest {
    /// A base, with its delta if there is one and it is this base's. `None`: not of this shape.
    pub(crate) fn decode(base: store::Manifest, delta: Option<store::Manifest>) -> Option<Manifest> {
        let base = Table::decode(base)?;
        let fits = |table: &Table| table.base() == base.identity();
        let delta = delta.and_then(Table::decode).filter(fits).map(|table| {
            let place = |row| match base.find(table.path(row)) {
                Ok(at) => (at, true),
                Err(at) => (at, false),
            };
            Delta { places: (0..table.rows).map(place).collect(), table }
        });
        Some(Manifest { base, delta })
    }

    /// The base as the store has it.
    pub(crate) fn base(&self) -> &store::Manifest {
        &self.base.blob
    }

    /// Names the base in its deltas.
    pub(crate) fn identity(&self) -> Fingerprint {
        self.base.identity()
    }

    /// Paths of the delta, of files that are gone as well.
    pub(crate) fn delta_paths(&self) -> impl Iterator<Item = &str> + '_ {
        self.delta.iter().flat_map(|delta| (0..delta.table.rows).map(|row| delta.table.path(row)))
    }

    /// The caller's flags.
    pub(crate) fn flags(&self) -> u32 {
        self.delta.as_ref().map_or(&self.base, |delta| &delta.table).flags()
    }

    /// All rows in the order of their paths.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        let places = self.delta.as_ref().map_or(&[][..], |delta| &delta.places);
        let (mut at, mut next) = (0, 0);
        std::iter::from_fn(move || {
            loop {
                let own = places.get(next).filter(|place| place.0 == at);
                if let Some(&(_, replaces)) = own {
                    let row = self.base.rows + next;
                    next += 1;
                    at += usize::from(replaces);
                    if !self.flag(row, REMOVED) {
                        return Some(row);
                    }
                } else if at < self.base.rows {
                    at += 1;
                    return Some(at - 1);
                } else {
                    return None;
                }
            }
        })
    }

    fn table(&self, row: usize) -> (&Table, usize) {
        match &self.delta {
            Some(delta) if row >= self.base.rows => (&delta.table, row - self.base.rows),
            _ => (&self.base, row),
        }
    }

    /// Path of a row.
    pub(crate) fn path(&self, row: usize) -> &str {
        let (table, row) = self.table(row);
        table.path(row)
    }

    /// Row of a path.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        if let Some(delta) = &self.delta
            && let Ok(row) = delta.table.find(path)
        {
            return (!delta.table.flag(row, REMOVED)).then_some(self.base.rows + row);
        }
        self.base.find(path).ok()
    }

    fn flag(&self, row: usize, bit: u32) -> bool {
        let (table, row) = self.table(row);
        table.flag(row, bit)
    }

    /// Stamp of a row, if it can be trusted.
    pub(crate) fn stamp(&self, row: usize) -> Option<Stamp> {
        let (table, row) = self.table(row);
        let bytes = table.row_bytes(row);
        table.flag(row, STAMPED).then(|| Stamp {
            size: u64_at(bytes, 4),
            modified: u64_at(bytes, 12) as i64,
            changed: u64_at(bytes, 20) as i64,
            inode: u64_at(bytes, 28),
        })
    }

    /// Fingerprint of the text.
    pub(crate) fn hash(&self, row: usize) -> Fingerprint {
        let (table, row) = self.table(row);
        table.fingerprint(row, 36)
    }

    /// Modules that the file's `use` declarations name.
    pub(crate) fn imports(&self, row: usize) -> impl Iterator<Item = &str> + '_ {
        let (table, row) = self.table(row);
        table.names_in(row, IMPORTS)
    }

    /// Place of the entry.
    pub(crate) fn entry(&self, row: usize) -> Option<store::RecordRef> {
        let (table, row) = self.table(row);
        table.place(row, ENTRY)
    }

    /// Whether there is an entry.
    pub(crate) fn has_entry(&self, row: usize) -> bool {
        let (table, row) = self.table(row);
        u32_at(table.row_bytes(row), ENTRY) != NONE
    }

    /// The last entry of a file without one.
    pub(crate) fn older(&self, row: usize) -> Option<store::RecordRef> {
        let (table, row) = self.table(row);
        table.place(row, OLDER)
    }

    /// The unit asked about impls of the whole project, or about templates of other files.
    pub(crate) fn asks_globals(&self, row: usize) -> bool {
        self.flag(row, ASKS_GLOBALS)
    }

    /// The file declares what the whole project sees: traits, impls or templates.
    pub(crate) fn has_globals(&self, row: usize) -> bool {
        self.flag(row, HAS_GLOBALS)
    }

    /// Its header depends on templates of other files.
    pub(crate) fn borrows(&self, row: usize) -> bool {
        self.flag(row, BORROWS)
    }

    /// The entry holds warnings.
    pub(crate) fn warnings(&self, row: usize) -> bool {
        self.flag(row, WARNINGS)
    }

    /// Path of the first file of the unit, if it has more files than this one.
    pub(crate) fn unit(&self, row: usize) -> Option<&str> {
        let (table, row) = self.table(row);
        match u32_at(table.row_bytes(row), UNIT) {
            NONE => None,
            number => Some(table.name(number)),
        }
    }

    /// The file declares mvars.
    pub(crate) fn mvars(&self, row: usize) -> bool {
        self.flag(row, MVARS)
    }

    /// No process has visited the unit so far.
    pub(crate) fn pending(&self, row: usize) -> bool {
        self.flag(row, PENDING)
    }

    /// The file is one of the library.
    pub(crate) fn library(&self, row: usize) -> bool {
        self.flag(row, LIBRARY)
    }

    /// Rows whose unit depends on a module that `wanted` accepts. Looks at each name once, however many depend on it.
    pub(crate) fn users(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let tables =
            std::iter::once((&self.base, 0)).chain(self.delta.iter().map(|delta| (&delta.table, self.base.rows)));
        let mut found = Vec::new();
        for (table, first) in tables {
            let names: Vec<bool> = (0..table.name_count() as u32).map(|number| wanted(table.name(number))).collect();
            let is_wanted = |place| names.get(table.listed(place) as usize).copied().unwrap_or(false);
            found.extend((0..table.rows).filter(|&row| table.list(row, DEPS).any(is_wanted)).map(|row| first + row));
        }
        found.retain(|&row| self.find(self.path(row)) == Some(row));
        found
    }

    /// A row as a value.
    pub(crate) fn row(&self, at: usize) -> Row {
        let (table, row) = self.table(at);
        Row {
            path: Name::from(self.path(at)),
            stamp: self.stamp(at),
            hash: self.hash(at),
            interface: table.fingerprint(row, 52),
            entry: self.entry(at),
            older: self.older(at),
            deps: table.names_in(row, DEPS).map(Name::from).collect(),
            imports: self.imports(at).map(Name::from).collect(),
            asks_globals: self.asks_globals(at),
            has_globals: self.has_globals(at),
            borrows: self.borrows(at),
            warnings: self.warnings(at),
            unit: self.unit(at).map(Name::from),
            mvars: self.mvars(at),
            pending: self.pending(at),
        }
    }
}

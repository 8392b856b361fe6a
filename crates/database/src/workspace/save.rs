//! What an update leaves for later processes: entries, headers, the manifest.
//!
//! Input: the files as an update left them. Output: records and a base or a delta in the store.
//!
//! Invariant: a failure costs time only; rows are written after the entries they name.

use std::{sync::Arc, time::Instant};

use base_db::{Fingerprint, Name, Options, SourceDb, library_path};
use rustc_hash::FxHashSet;

use super::{Live, Workspace, micros};
use crate::{
    artifact::{self, Artifact},
    manifest::{self, is_library},
    root::RootDatabase,
};

/// A base that deltas may name.
#[derive(Clone, Copy)]
pub(super) struct Base {
    /// Its file, to see whether it is still there.
    pub(super) id: store::ManifestId,
    pub(super) identity: Fingerprint,
    /// The flags that are on disk, of the base or its delta.
    pub(super) flags: u32,
}

/// Name of the file beside the manifest that has what differs from it.
pub(super) fn delta_name(manifest: &str) -> String {
    format!("{manifest} delta")
}

/// A record to be written.
struct ToSave {
    record: store::NewRecord,
    /// Files whose entry it is.
    owners: Vec<Name>,
    /// It is of the library, for all projects.
    library: bool,
}

fn header_to_save(options: &Options, file: artifact::FileKey<'_>, header: &hir::item_tree::Header) -> ToSave {
    let key = artifact::file_key(options, file);
    let record =
        store::NewRecord { kind: artifact::HEADER, key: key.0, sections: vec![base_db::codec::encode(header)] };
    ToSave { record, owners: Vec::new(), library: is_library(file.0) }
}

impl Workspace {
    /// Writes what is new to the store. Failures cost speed only: `Err` has a text for one warning.
    pub fn save(&mut self) -> Result<(), String> {
        let live = self.live.take();
        let outcome = self.counted(|workspace, store| workspace.save_to(store, live.as_ref()));
        self.live = live;
        outcome.unwrap_or(Ok(())).map_err(|error| error.to_string())
    }

    /// What `save` gives; counts what it writes and how long it takes. `None`: there is no store.
    pub(super) fn counted<T>(&mut self, save: impl FnOnce(&mut Workspace, &store::Store) -> T) -> Option<T> {
        let store = self.config.stores.own.clone()?;
        let start = Instant::now();
        let before = store.counters().bytes_written;
        let outcome = save(self, &store);
        self.stats.bytes_written += store.counters().bytes_written - before;
        self.stats.save_us += micros(start);
        Some(outcome)
    }

    fn save_to(&mut self, store: &store::Store, live: Option<&Live>) -> Result<(), store::SaveError> {
        let flags = self.flags(live);
        if live.is_some() {
            self.dirty |= self.base.is_none_or(|base| base.flags != flags) || self.files.unsaved().next().is_some();
        }
        if !self.dirty {
            return Ok(());
        }
        self.save_entries(store, live)?;
        self.save_manifest(store, flags)?;
        self.dirty = false;
        Ok(())
    }

    /// Flags of the manifest: 1 if something is wrong with the project as a whole.
    pub(super) fn flags(&self, live: Option<&Live>) -> u32 {
        match live {
            Some(live) => u32::from(!live.project_problems.is_empty()),
            None => self.base.map_or(0, |base| base.flags),
        }
    }

    /// Writes the entries that were made, and remembers where they are.
    pub(super) fn save_entries(&mut self, store: &store::Store, live: Option<&Live>) -> Result<(), store::SaveError> {
        let Some(live) = live else { return Ok(()) };
        let mut due = self.new_entries();
        self.stats.entries_written += due.iter().filter(|due| due.record.kind == artifact::UNIT).count() as u64;
        due.extend(self.library_headers(store, &live.db));
        let (mut records, mut owners) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
        let mut shared = Vec::with_capacity(due.len());
        for due in due {
            records.push(due.record);
            owners.push(due.owners);
            shared.push(due.library);
        }
        let places = store.save(&records)?;
        if let Some(library) = &self.config.stores.library {
            let mut is_shared = shared.into_iter();
            records
                .retain(|record| is_shared.next() == Some(true) && library.lookup(record.kind, &record.key).is_empty());
            // The project has its own, and other projects make theirs.
            let _ = library.save(&records);
        }
        for (owners, place) in owners.iter().zip(places) {
            for path in owners {
                self.files.edit(path, |state| state.row.entry = Some(place));
            }
        }
        Ok(())
    }

    /// The entries that were made, and headers of files that are not alone in theirs.
    fn new_entries(&self) -> Vec<ToSave> {
        let options = &self.config.options;
        let mut due = Vec::new();
        let mut taken: FxHashSet<*const Artifact> = FxHashSet::default();
        for state in self.files.unsaved() {
            let Some(artifact) = &state.artifact else { continue };
            let Some(sections) = artifact.new_sections() else { continue };
            if !taken.insert(Arc::as_ptr(artifact)) {
                continue;
            }
            let files = &artifact.head().files;
            debug_assert!(files.iter().any(|file| file.path == state.row.path), "an artifact knows its files");
            let key = artifact::unit_key(options, files.iter().map(|file| (&file.path, file.hash)));
            let record = store::NewRecord { kind: artifact::UNIT, key: key.0, sections: sections.to_vec() };
            let owners = files.iter().map(|file| file.path.clone()).collect();
            due.push(ToSave { record, owners, library: is_library(&state.row.path) });
            if files.len() > 1 {
                let headers = files.iter().zip(artifact.headers().into_iter().flatten());
                due.extend(headers.map(|(file, header)| header_to_save(options, (&file.path, file.hash), &header)));
            }
        }
        due
    }

    /// Headers of library files without entries: names and constructors that any module may ask for. They are in no unit
    /// that is saved, and are kept with the first base.
    fn library_headers(&self, store: &store::Store, db: &RootDatabase) -> Vec<ToSave> {
        let options = &self.config.options;
        let files = if self.base.is_none() { stdlib::library() } else { &[] };
        let due = files.iter().filter_map(|&(name, _)| {
            let path = library_path(name);
            let view = self.files.get(&path).filter(|view| !view.is_answered())?;
            let key = artifact::file_key(options, (&path, view.hash()));
            if !store.lookup(artifact::HEADER, &key.0).is_empty() {
                return None;
            }
            let header = &hir::header(db, db.project().file(db, &path)?).value;
            Some(header_to_save(options, (&path, view.hash()), header))
        });
        due.collect()
    }

    /// Writes the rows that differ from the base, or a new base.
    fn save_manifest(&mut self, store: &store::Store, flags: u32) -> Result<(), store::SaveError> {
        let name = &self.config.manifest;
        // Another process may have written a base meanwhile; a delta of ours would change what it does not know.
        if let Some(base) = self.base.filter(|base| store.is_manifest(name, &base.id)) {
            let (rows, gone) = self.files.delta();
            let delta = manifest::encode(&rows, flags, Some((base.identity, &gone)));
            if !manifest::is_fold_due(delta.bytes.len(), base.id.length() as usize) {
                store.write_manifest(&delta_name(name), &delta.bytes, &delta.entries)?;
                self.base = Some(Base { flags, ..base });
                return Ok(());
            }
        }
        self.write_base(store, flags)
    }

    pub(super) fn write_base(&mut self, store: &store::Store, flags: u32) -> Result<(), store::SaveError> {
        let name = &self.config.manifest;
        let whole = manifest::encode(&self.files.rows(), flags, None);
        let id = store.write_manifest(name, &whole.bytes, &whole.entries)?;
        // The delta of the base before names that one, so it is harmless should it stay.
        store.remove_manifest(&delta_name(name));
        self.base = Some(Base { id, identity: whole.identity, flags });
        self.files.written_whole();
        Ok(())
    }

    /// Makes one manifest of base and delta, so that the store keeps nothing for rows that are replaced. `Err`: one line.
    pub fn fold(&mut self) -> Result<(), String> {
        let Some(base) = self.base.filter(|_| self.files.differ_from_base()) else { return Ok(()) };
        let outcome = self.counted(|workspace, store| workspace.write_base(store, base.flags));
        outcome.unwrap_or(Ok(())).map_err(|error| error.to_string())
    }

    /// Keeps a text beside the manifest, to be read by a later process.
    pub fn keep_note(&self, note: &[u8]) {
        if let Some(store) = &self.config.stores.own {
            // A note that cannot be kept is missing when somebody asks for it, nothing else.
            let _ = store.write_manifest(&format!("{} why", self.config.manifest), note, &[]);
        }
    }

    /// What [`Workspace::keep_note`] kept last.
    pub fn note(&self) -> Option<Vec<u8>> {
        let store = self.config.stores.own.as_ref()?;
        Some(store.read_manifest(&format!("{} why", self.config.manifest))?.bytes().to_vec())
    }
}

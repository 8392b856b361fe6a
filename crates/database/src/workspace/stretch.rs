//! Large updates in stretches: save, drop the database, go on as a new process would.
//!
//! Input: files that are queued, more than one database should hold results of. Output: their order, and a database
//! that knows what the one before it has saved.
//!
//! Invariant: imported modules come first, so a stretch asks for results of itself and of saved ones only; the memory
//! that an update takes grows with the longest stretch, and the number of stretches is bounded.

use std::{collections::BTreeSet, sync::Arc};

use base_db::{File, Name, SourceDb};
use rustc_hash::FxHashMap;

use super::{Live, Workspace};
use crate::{
    manifest::Manifest,
    modules::{imports_first, prefixes_longest_first},
    recall,
    root::{Outline, RootDatabase},
};

/// Each stretch costs a look at all files, so there are never many more of them.
const STRETCHES: usize = 16;

impl Workspace {
    /// Whether there is a store to go on from, and the texts are still those that were scanned.
    pub(super) fn goes_in_stretches(&self) -> bool {
        self.config.stores.own.is_some() && !self.holds_texts
    }

    /// How many units of an update of `files` files are visited with one database.
    pub(super) fn stretch(&self, files: usize) -> usize {
        self.config.stretch.max(files / STRETCHES)
    }

    /// Files in an order in which imported ones come first. What their texts tell is noted, since the databases to come
    /// look at it instead.
    pub(super) fn order(&mut self, db: &RootDatabase, paths: &BTreeSet<Name>) -> Vec<Name> {
        let project = db.project();
        let files: Vec<File> = paths.iter().filter_map(|path| project.file(db, path)).collect();
        let outlines: Vec<Outline> = files
            .iter()
            // A file on which the compiler fails imports nothing.
            .map(|&file| db.catch_failure(|| db.outline(file)).unwrap_or_default())
            .collect();
        for (&file, outline) in files.iter().zip(&outlines) {
            self.keep_outline(db, file, outline);
        }
        let of_module: FxHashMap<&str, usize> =
            files.iter().enumerate().map(|(row, file)| (file.module(db).as_str(), row)).collect();
        let row_of = |module: &Name| prefixes_longest_first(module).find_map(|prefix| of_module.get(prefix).copied());
        let order = imports_first(files.len(), |row| outlines[row].imports.iter().filter_map(row_of).collect());
        order.into_iter().map(|row| files[row].path(db).clone()).collect()
    }

    /// Notes what the text of a file tells whose unit was not visited so far.
    fn keep_outline(&mut self, db: &RootDatabase, file: File, outline: &Outline) {
        let unit = recall::unit_of(db, file).files(db);
        self.files.edit(file.path(db), |state| {
            let row = &mut state.row;
            row.hash = file.hash(db);
            row.note_outline(outline);
            row.unit = (unit.len() > 1).then(|| unit[0].path(db).clone());
            row.pending = row.entry.is_none() && row.older.is_none();
        });
    }

    /// Saves, and goes on with a database that knows what was saved and nothing else. False: it could not be saved, or
    /// another process has saved at the same time; everything is as it was.
    pub(super) fn renew(&mut self, live: &mut Live) -> bool {
        // Headers of the library are saved with the first base, and with no later one.
        self.keep_outlines_of_library(live);
        let Some(manifest) = self.save_stretch(live) else { return false };
        self.files.rebase(Arc::new(manifest));
        let project_problems = std::mem::take(&mut live.project_problems);
        *live = Live { project_problems, ..self.start(&[]) };
        true
    }

    /// Saves entries and a base, and gives back what a new process would find. `None`: nothing, or what another left.
    fn save_stretch(&mut self, live: &Live) -> Option<Manifest> {
        let flags = self.flags(Some(live));
        let save = |workspace: &mut Workspace, store: &store::Store| {
            workspace.save_entries(store, Some(live))?;
            workspace.write_base(store, flags)
        };
        self.counted(save)?.ok()?;
        let base = self.config.stores.own.as_ref()?.read_manifest(&self.config.manifest)?;
        let is_ours = self.base.is_some_and(|ours| ours.id == base.id());
        if is_ours { Manifest::decode(base, None) } else { None }
    }
}

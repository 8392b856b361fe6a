//! Units of the library: made beside a program that uses them, and kept for later processes.
//!
//! Input: the library files that visited units and running programs name. Output: entries, and rows with outlines.
//!
//! Invariant: no program waits for them; what it calls before they are there is compiled alone.

use std::collections::BTreeSet;

use base_db::{Name, SourceDb, library_path};

use super::{Live, STACK, Workspace, visit::Queue};
use crate::manifest::is_library;

impl Workspace {
    /// Whether units of the library are kept. Without a store each of their functions is compiled when it is called.
    pub(super) fn keeps_library(&self) -> bool {
        self.config.stores.own.is_some()
    }

    /// Whether later processes will want units of the library that have no entry; [`Workspace::complete_library`] makes
    /// them.
    pub fn lacks_library(&self) -> bool {
        !self.library_due.is_empty()
    }

    /// Brings units of the library up to date that the project uses, so that a restart finds them, and saves them if
    /// nothing else waits to be saved. The program need not wait for it: what it calls before is compiled alone. `Err` as
    /// [`Workspace::save`].
    pub fn complete_library(&mut self) -> Result<(), String> {
        if !self.lacks_library() {
            return Ok(());
        }
        self.database();
        let Some(mut live) = self.live.take() else { return Ok(()) };
        let complete = |workspace: &mut Workspace| {
            let mut visited = BTreeSet::new();
            loop {
                // They stay due until all of them are made.
                let paths: BTreeSet<Name> = workspace.library_due.difference(&visited).cloned().collect();
                if paths.is_empty() {
                    break;
                }
                let queue = Queue { paths, globals_changed: false };
                stacker::maybe_grow(STACK / 2, STACK, || visited.extend(workspace.visit_queue(&mut live, queue).0));
            }
            workspace.library_due.clear();
        };
        let complete = self.unless_changed(complete);
        // A program that runs goes on with the state of the last update, whatever the texts are by now.
        self.live = Some(live);
        if complete.is_none() {
            return Ok(());
        }
        // Whether a text that was set since is worth keeping is for the next save to say.
        if self.files.unsaved().all(|state| is_library(&state.row.path)) { self.save() } else { Ok(()) }
    }

    /// Keeps what the module graph and the index of impls need of the whole library, so that no restart parses it.
    pub(super) fn keep_outlines_of_library(&mut self, live: &Live) {
        let db = &live.db;
        for &(name, _) in stdlib::library() {
            let path = library_path(name);
            if self.files.get(&path).is_none()
                && let Some(file) = db.project().file(db, &path)
            {
                let outline = db.outline(file);
                self.dirty |= self.files.edit(&path, |state| {
                    state.row.hash = file.hash(db);
                    state.row.note_outline(&outline);
                });
            }
        }
    }
}

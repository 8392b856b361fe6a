//! The database that an update works with, and what it is told.
//!
//! Input: the files as last seen, and the differences that a comparison found. Output: a database whose inputs are the
//! texts of today, and a queue of what has to be visited because of the differences.
//!
//! Invariant: texts that do not differ are not read.

use std::{collections::BTreeSet, sync::Arc};

use base_db::{Change, Content, File, Fingerprint, Name, Project, SourceDb, library_path};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{
    Live, Workspace,
    compare::Difference,
    visit::{BATCH, Queue},
};
use crate::{files::View, manifest::Manifest, modules::module_name, root::RootDatabase};

/// Files of a project of which everything is kept.
const KEPT: usize = 2048;

/// Files from which on headers are read by several threads.
const MANY: usize = 64;

/// What an update has to tell its database.
#[derive(Default)]
struct Edits {
    change: Change,
    /// Files that were added or have another text.
    edited: Vec<Name>,
    /// Modules whose files were added or removed.
    came_or_went: FxHashSet<Name>,
    /// Some of them have no text.
    invalid: bool,
}

impl Workspace {
    /// A database that knows every file as the last run left it, without texts, and what differs as it is now.
    pub(super) fn start(&mut self, differences: &[Difference]) -> Live {
        let manifest = self.files.manifest().cloned();
        // Units are not trusted where the project as a whole has problems, two files of one name for example.
        // Nor where an edit of a template may change the imports of other files.
        let is_grouped =
            |manifest: &Arc<Manifest>| manifest.flags() == 0 && !manifest.rows().any(|row| manifest.borrows(row));
        let grouped = manifest.as_ref().is_some_and(is_grouped);
        let (texts, stores) = (Arc::clone(&self.texts), self.config.stores.clone());
        let mut db = RootDatabase::new(stores, manifest, texts, Arc::clone(&self.counters), self.config.log.take());
        let files = self.inputs(differences);
        if files.len() <= KEPT {
            db.keep_everything();
        } else if self.goes_in_stretches() {
            // What a stretch makes goes with its database.
            db.keep_results();
        }
        let project = Project::restored(&db, self.config.options.clone(), files, grouped);
        db.set_project(project);
        Live { db, is_new: false, project_problems: Vec::new() }
    }

    /// All files. The number of shards follows from those that a database starts with.
    fn inputs(&self, differences: &[Difference]) -> Vec<(Name, Fingerprint, Content)> {
        let library = stdlib::library().iter().map(|&(name, text)| {
            let path = library_path(name);
            let known = self.files.get(&path).map(View::hash);
            let hash = known.unwrap_or_else(|| Fingerprint::of_bytes(text.as_bytes()));
            (path, hash, Content::Text(Arc::from(text)))
        });
        let differs: FxHashSet<&str> = differences.iter().map(|difference| difference.path.as_str()).collect();
        let own = self.files.iter().filter(|view| !view.is_library() && !differs.contains(view.path()));
        let own = own.map(|view| (Name::from(view.path()), view.hash(), view.content()));
        let set = differences.iter().filter_map(|difference| {
            let (hash, content) = difference.content.clone()?;
            Some((difference.path.clone(), hash, content))
        });
        library.chain(own).chain(set).collect()
    }

    /// Tells the database what differs, and finds what has to be visited because of it. `fresh`: nothing is known of the
    /// project as a whole.
    pub(super) fn apply_differences(&mut self, live: &mut Live, differences: Vec<Difference>, fresh: bool) -> Queue {
        let mut queue = Queue::default();
        let edits = self.note_differences(differences, &mut queue);
        let restructured = !edits.came_or_went.is_empty();
        if restructured {
            self.queue_neighbours(&edits.came_or_went, &mut queue);
        }
        queue.paths.extend(self.files.unanswered().cloned());
        edits.change.apply(&mut live.db);
        let project = live.db.project();
        let files: Vec<File> = edits.edited.iter().filter_map(|path| project.file(&live.db, path)).collect();
        let taken = live.db.take_outlines(files.clone());
        if files.len() > MANY {
            self.read_headers(live, &files);
        }
        live.db.renew_outlines(taken, restructured, std::mem::take(&mut live.is_new));
        let db = &live.db;
        // What is wrong with the project as a whole is about names of files and blocks, and files that cannot be read.
        let had_problems = !live.project_problems.is_empty();
        let has_blocks = |&file: &File| db.catch_failure(|| hir::header(db, file).modules.len() > 1).unwrap_or(false);
        if fresh || restructured || edits.invalid || had_problems || files.iter().any(has_blocks) {
            live.project_problems = hir::project_problems(db).to_vec();
        }
        queue
    }

    /// Notes differences in the rows, and queues the files and who was made together with them.
    fn note_differences(&mut self, differences: Vec<Difference>, queue: &mut Queue) -> Edits {
        let mut edits = Edits::default();
        for Difference { path, stamp, content } in differences {
            self.dirty = true;
            let known = self.files.get(&path);
            if let Some(view) = known {
                queue.globals_changed |= view.has_globals();
                // The other members' entries were made with this text.
                queue.paths.extend(self.files.unit_of(view));
            }
            if content.is_none() || known.is_none() {
                edits.came_or_went.insert(module_name(&self.config.options, &path));
            }
            let Some((hash, content)) = content else {
                self.files.remove(&path);
                edits.change.removed.push(path);
                continue;
            };
            let why = if let Content::Invalid(why) = &content { Some(Arc::clone(why)) } else { None };
            edits.invalid |= why.is_some();
            self.files.edit(&path, |state| {
                state.row.hash = hash;
                // What keeps a file from being read may go away without a trace at the file.
                state.row.stamp = stamp.filter(|_| why.is_none());
                state.invalid = why;
            });
            edits.change.files.push((path.clone(), hash, content));
            queue.paths.insert(path.clone());
            edits.edited.push(path);
        }
        edits
    }

    /// Queues files whose units or names may be others because files of these modules came or went.
    fn queue_neighbours(&self, modules: &FxHashSet<Name>, queue: &mut Queue) {
        // Another file with the same module name may come to own it, or lose it.
        let options = &self.config.options;
        let namesakes = self.files.iter().filter(|view| modules.contains(&module_name(options, view.path())));
        queue.paths.extend(namesakes.map(|view| Name::from(view.path())));
        queue.paths.extend(self.files.users(modules, &BTreeSet::new()));
        // A file more or less may join or part units.
        queue.paths.extend(self.files.cyclic().cloned());
    }

    /// Reads headers that would otherwise be asked for one after the other.
    fn read_headers(&self, live: &mut Live, files: &[File]) {
        // Trees are let go of between batches; those of the files that are visited first are read last.
        for (number, batch) in files.rchunks(BATCH).enumerate() {
            if number > 0 {
                salsa::Database::trigger_lru_eviction(&mut live.db);
            }
            // Whatever fails fails again where it is reported.
            let read = |db: &RootDatabase, file| {
                let _ = db.catch_failure(|| hir::header(db, file));
            };
            if self.config.threads > 1 {
                let db = live.db.clone();
                let read = |db: &mut RootDatabase, &file: &File| read(db, file);
                self.pool().install(|| batch.par_iter().for_each_with(db, read));
            } else {
                batch.iter().for_each(|&file| read(&live.db, file));
            }
        }
    }
}

//! Visiting units: first those that differ, then whoever relies on an interface that came out different.
//!
//! Input: a queue of files, and a database that was told what differs. Output: rows with entries, interfaces, problems
//! and reasons of all visited files.
//!
//! Invariant: when nothing is queued any more, every unit that was not visited has the answers it was made from.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base_db::{File, Fingerprint, Name, SourceDb};
use hir::problem::Problem;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{
    Live, STACK, Workspace,
    compare::Difference,
    problem::{internal_error, too_large},
};
use crate::{
    artifact::{Artifact, Head},
    files::{State, View},
    manifest::is_library,
    modules::library_file,
    recall::{self, Reason, Recall},
    root::{Outline, RootDatabase},
};

/// Units from which on a round is given to several threads: fewer are done before the threads are there.
const PARALLEL: usize = 4;

/// Units that are visited before the database of a larger project lets go of what it need not keep; see the bounds on
/// how many trees, and without a store also on how many results of `body`, `infer_group` and the like live.
pub(super) const BATCH: usize = 1024;

/// What an update has to visit.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) paths: BTreeSet<Name>,
    /// Traits, impls or templates may have come, gone or changed.
    pub(super) globals_changed: bool,
}

/// How far an update has come.
struct Walk {
    queue: Queue,
    /// Files for which there was no room in the stretch, in the order in which they will be visited.
    later: VecDeque<Name>,
    visited: BTreeSet<Name>,
    /// Visited units that are the project's and have one file.
    single: usize,
    /// Units that asked about the whole project were queued.
    asked_globals: bool,
    /// Units of the prelude, while they have no entry and nobody was found to use them.
    prelude: Vec<Name>,
    /// Units that one database is used for; `None`: all.
    stretch: Option<usize>,
    done: AtomicUsize,
}

/// What came of the units of one round.
#[derive(Default)]
struct Found {
    /// Modules with another interface.
    changed: FxHashSet<Name>,
    /// Library files that units use.
    library: BTreeSet<Name>,
}

struct FileOutcome {
    interface: Fingerprint,
    outline: Outline,
    problems: Vec<Problem>,
}

struct UnitOutcome {
    failed: bool,
    artifact: Option<Arc<Artifact>>,
    reason: Option<Reason>,
    files: Vec<FileOutcome>,
}

impl Workspace {
    /// Brings up to date what differs and whoever relies on it. `fresh`: nothing is known of the project as a whole.
    pub(super) fn apply(&mut self, differences: Vec<Difference>, fresh: bool) {
        let Some(mut live) = self.live.take() else { return };
        // Headers are read here, and an embedder's thread may have a small stack.
        stacker::maybe_grow(STACK / 2, STACK, || {
            let queue = self.apply_differences(&mut live, differences, fresh);
            let (visited, single) = self.visit_queue(&mut live, queue);
            self.stats.units_recalled += self.files.untouched_units(&visited, single) as u64;
            if self.keeps_library() {
                self.keep_outlines_of_library(&live);
            }
        });
        self.live = Some(live);
    }

    /// Visits units until nothing is left whose answers may have changed. Returns the visited files, and how many of
    /// their units have one file and are the project's.
    pub(super) fn visit_queue(&mut self, live: &mut Live, queue: Queue) -> (BTreeSet<Name>, usize) {
        let mut walk = self.walk(queue);
        while self.goes_on(&mut walk) {
            self.postpone(&live.db, &mut walk);
            let units = walk.next_units(&live.db);
            let outcomes = self.visit_all(live, &units, &walk);
            let mut found = Found::default();
            for (files, outcome) in units.iter().zip(outcomes) {
                self.note_unit(&live.db, files, outcome, &mut walk, &mut found);
            }
            if !walk.later.is_empty() && !self.renew(live) {
                walk.stretch = None;
            }
            if !found.changed.is_empty() {
                walk.queue.paths.extend(self.files.users(&found.changed, &walk.visited));
            }
            found.library.retain(|path| !self.is_answered(path));
            self.library_due.append(&mut found.library);
        }
        (walk.visited, walk.single)
    }

    fn walk(&self, queue: Queue) -> Walk {
        let prelude: Vec<Name> = stdlib::prelude().iter().filter_map(|module| library_file(module)).collect();
        let is_wanted = self.keeps_library() && !prelude.iter().all(|path| self.is_answered(path));
        Walk {
            stretch: self.goes_in_stretches().then(|| self.stretch(queue.paths.len())),
            queue,
            later: VecDeque::new(),
            visited: BTreeSet::new(),
            single: 0,
            asked_globals: false,
            prelude: if is_wanted { prelude } else { Vec::new() },
            done: AtomicUsize::new(0),
        }
    }

    fn is_answered(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(View::is_answered)
    }

    /// Whether anything is left to visit. If that is all, and something that the whole project sees has changed, it is
    /// who asked about such things; also when nothing was visited: a file that nobody imports may be gone.
    fn goes_on(&self, walk: &mut Walk) -> bool {
        walk.queue.paths.retain(|path| !walk.visited.contains(path));
        if walk.queue.paths.is_empty() && walk.later.is_empty() {
            if !walk.queue.globals_changed || std::mem::replace(&mut walk.asked_globals, true) {
                return false;
            }
            let askers = self.files.iter().filter(|view| view.asks_globals());
            walk.queue.paths.extend(askers.map(|view| Name::from(view.path())));
        }
        true
    }

    /// Leaves for later stretches what one database should not do at once.
    fn postpone(&mut self, db: &RootDatabase, walk: &mut Walk) {
        if walk.stretch.is_some_and(|stretch| walk.queue.paths.len() > stretch) {
            let mut paths = std::mem::take(&mut walk.queue.paths);
            paths.extend(walk.later.drain(..).filter(|path| !walk.visited.contains(path)));
            walk.later = self.order(db, &paths).into();
        }
    }

    /// Visits units, by several threads if they are many.
    fn visit_all(&self, live: &mut Live, units: &[Vec<File>], walk: &Walk) -> Vec<UnitOutcome> {
        let before = walk.done.load(Ordering::Relaxed);
        let known = before + units.len() + walk.queue.paths.len() + walk.later.len();
        let (done, progress) = (&walk.done, &self.config.progress);
        let visit = |db: &RootDatabase, files: &Vec<File>| {
            let outcome = visit(db, files);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(progress) = progress {
                progress(done, known);
            }
            outcome
        };
        let mut outcomes = Vec::with_capacity(units.len());
        for (number, batch) in units.chunks(BATCH).enumerate() {
            if number > 0 {
                salsa::Database::trigger_lru_eviction(&mut live.db);
            }
            if self.config.threads > 1 && units.len() >= PARALLEL {
                let db = live.db.clone();
                let visited = batch.par_iter().with_max_len(1).map_with(db, |db, files| visit(db, files));
                outcomes.extend(self.pool().install(|| visited.collect::<Vec<_>>()));
            } else {
                // An embedder's thread may have a small stack.
                stacker::maybe_grow(STACK / 2, STACK, || {
                    outcomes.extend(batch.iter().map(|files| visit(&live.db, files)));
                });
            }
        }
        outcomes
    }

    /// Notes what came of a unit.
    fn note_unit(
        &mut self,
        db: &RootDatabase,
        files: &[File],
        outcome: UnitOutcome,
        walk: &mut Walk,
        found: &mut Found,
    ) {
        let UnitOutcome { failed, artifact, reason, files: facts } = outcome;
        if files.iter().any(|file| !file.library(db)) {
            match reason {
                Some(_) => self.stats.units_computed += 1,
                None => self.stats.units_recalled += 1,
            }
            walk.single += usize::from(files.len() == 1);
        }
        if !walk.prelude.is_empty() && artifact.as_ref().is_some_and(|artifact| artifact.asks_library()) {
            found.library.extend(walk.prelude.drain(..));
        }
        for (&file, facts) in files.iter().zip(facts) {
            // Library modules that the program can reach are units like others, so that a restart finds their code.
            if self.keeps_library() {
                found.library.extend(facts.outline.imports.iter().filter_map(|module| library_file(module)));
            }
            self.dirty |= self.files.edit(file.path(db), |state| {
                let row = &state.row;
                // What the library says never changes, only what is known of it.
                if row.interface != facts.interface && !is_library(&row.path) {
                    found.changed.insert(file.module(db).clone());
                    // A template of another file may have given it impls, or does no longer.
                    walk.queue.globals_changed |= row.has_globals || facts.outline.has_globals;
                }
                state.row.hash = file.hash(db);
                state.row.unit = (files.len() > 1).then(|| files[0].path(db).clone());
                state.note(facts, artifact.clone());
                state.failed = failed;
                state.reason = reason.clone();
            });
        }
    }
}

impl Walk {
    /// The units of the next round: all that are queued, and as many of the others as the stretch has room for.
    fn next_units(&mut self, db: &RootDatabase) -> Vec<Vec<File>> {
        let room = self.stretch.unwrap_or(usize::MAX);
        let mut units = Vec::new();
        while let Some(path) = self.queue.paths.pop_first().or_else(|| {
            let has_room = units.len() < room;
            if has_room { self.later.pop_front() } else { None }
        }) {
            if self.visited.contains(&path) {
                continue;
            }
            let Some(file) = db.project().file(db, &path) else { continue };
            let files = recall::unit_of(db, file).files(db).clone();
            self.visited.extend(files.iter().map(|file| file.path(db).clone()));
            units.push(files);
        }
        units
    }
}

impl State {
    /// What a visit found out about the file.
    fn note(&mut self, facts: FileOutcome, artifact: Option<Arc<Artifact>>) {
        let is_saved = match (&artifact, &self.artifact) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            _ => false,
        };
        let head = artifact.as_ref().map(|artifact| artifact.head());
        let row = &mut self.row;
        row.pending = false;
        row.interface = facts.interface;
        row.note_outline(&facts.outline);
        row.warnings = !facts.problems.is_empty();
        // A unit with errors is visited at every update until it has none.
        row.deps = head.map(recall::consulted).unwrap_or_default();
        row.asks_globals = facts.outline.borrows || head.is_none_or(Head::asks_globals);
        let own = head.and_then(|head| head.files.iter().find(|facts| facts.path == row.path));
        row.mvars = own.is_some_and(|facts| !facts.mvars.is_empty());
        row.older = if artifact.is_some() { None } else { row.entry.or(row.older) };
        // What was made and saved by this process is where it was.
        if !is_saved {
            row.entry = artifact.as_ref().and_then(|artifact| artifact.reference());
        }
        self.artifact = artifact;
        self.problems = facts.problems;
    }
}

/// Everything about one unit. A panic is that unit's problem only.
fn visit(db: &RootDatabase, files: &[File]) -> UnitOutcome {
    let outcome = db.catch_failure(|| {
        let unit = recall::unit_of(db, files[0]);
        let reason = match recall::recall(db, unit) {
            Recall::Hit(_) => None,
            Recall::Miss(reason) => Some(reason),
        };
        let artifact = recall::unit_artifact(db, unit);
        let not_compiled = artifact.is_none() && !files.iter().any(|&file| recall::has_errors(db, file));
        let files = files.iter().map(|&file| {
            let mut problems = recall::file_problems(db, file).clone();
            if not_compiled {
                problems.push(too_large(file.module(db)));
            }
            FileOutcome { interface: recall::interface(db, file), outline: db.outline(file), problems }
        });
        UnitOutcome { failed: false, artifact, reason, files: files.collect() }
    });
    outcome.unwrap_or_else(|text| {
        let failed = files.iter().map(|file| FileOutcome {
            interface: Fingerprint::ABSENT,
            outline: Outline::default(),
            problems: vec![internal_error(file.module(db), &text)],
        });
        UnitOutcome { failed: true, artifact: None, reason: Some(Reason::HadErrors), files: failed.collect() }
    })
}

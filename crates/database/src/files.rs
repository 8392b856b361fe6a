//! What is known of the files of a project: the rows of the last run, under what was visited since.
//!
//! Input: a [`Manifest`], which is never copied, and [`State`]s of the files that an update visits. Output: both as one
//! table by path, with the few sets that an update would otherwise have to look through all files for.
//!
//! Invariant: what is said of a file is what the last of these sources says; the cost of an edit grows with what is
//! edited, not with the table.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base_db::{Content, Fingerprint, Name};
use hir::problem::Problem;
use rustc_hash::FxHashSet;
use store::RecordRef;

use crate::{
    artifact::Artifact,
    manifest::{Manifest, Row, Stamp, is_library},
    recall::Reason,
};

/// What is known of one file after it was visited.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) row: Row,
    /// Already opened or just made; otherwise `row.entry` leads to it.
    pub(crate) artifact: Option<Arc<Artifact>>,
    /// Problems of the file, placed late.
    pub(crate) problems: Vec<Problem>,
    /// Why its unit was computed in the last update that visited it; `None`: recalled.
    pub(crate) reason: Option<Reason>,
    /// Why it has no text.
    pub(crate) invalid: Option<Arc<str>>,
    /// The compiler failed on it: nothing that is known of it is kept.
    pub(crate) failed: bool,
}

impl State {
    fn new(row: Row) -> State {
        State { row, artifact: None, problems: Vec::new(), reason: None, invalid: None, failed: false }
    }

    fn is_answered(&self) -> bool {
        self.row.entry.is_some() || self.artifact.is_some()
    }
}

/// One file, wherever it is known from.
#[derive(Clone, Copy)]
pub(crate) enum View<'a> {
    /// As the last run left it.
    Row(&'a Manifest, usize),
    /// Visited since.
    State(&'a State),
}

impl<'a> View<'a> {
    pub(crate) fn path(self) -> &'a str {
        match self {
            View::Row(manifest, row) => manifest.path(row),
            View::State(state) => &state.row.path,
        }
    }

    pub(crate) fn stamp(self) -> Option<Stamp> {
        match self {
            View::Row(manifest, row) => manifest.stamp(row),
            View::State(state) => state.row.stamp,
        }
    }

    pub(crate) fn hash(self) -> Fingerprint {
        match self {
            View::Row(manifest, row) => manifest.hash(row),
            View::State(state) => state.row.hash,
        }
    }

    pub(crate) fn entry(self) -> Option<RecordRef> {
        match self {
            View::Row(manifest, row) => manifest.entry(row),
            View::State(state) => state.row.entry,
        }
    }

    pub(crate) fn imports(self) -> Vec<Name> {
        match self {
            View::Row(manifest, row) => manifest.imports(row).map(Name::from).collect(),
            View::State(state) => state.row.imports.clone(),
        }
    }

    /// Why it has no text, or that there is one.
    pub(crate) fn content(self) -> Content {
        match self {
            View::State(State { invalid: Some(why), .. }) => Content::Invalid(Arc::clone(why)),
            _ => Content::Stored,
        }
    }

    pub(crate) fn is_library(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.library(row),
            View::State(state) => is_library(&state.row.path),
        }
    }

    pub(crate) fn has_globals(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.has_globals(row),
            View::State(state) => state.row.has_globals,
        }
    }

    pub(crate) fn asks_globals(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.asks_globals(row),
            View::State(state) => state.row.asks_globals,
        }
    }

    /// Path of the first file of its unit, if that has more files than this one.
    fn unit(self) -> Option<&'a str> {
        match self {
            View::Row(manifest, row) => manifest.unit(row),
            View::State(state) => state.row.unit.as_deref(),
        }
    }

    fn has_mvars(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.mvars(row),
            View::State(state) => state.row.mvars,
        }
    }

    /// Its unit has an entry, stored or made.
    pub(crate) fn is_answered(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.has_entry(row),
            View::State(state) => state.is_answered(),
        }
    }

    fn has_problems(self) -> bool {
        match self {
            View::Row(manifest, row) => manifest.warnings(row),
            View::State(state) => state.row.warnings || !state.problems.is_empty() || state.invalid.is_some(),
        }
    }

    fn is_unsaved(self) -> bool {
        match self {
            View::Row(..) => false,
            View::State(state) => state.artifact.is_some() && state.row.entry.is_none(),
        }
    }
}

/// All files that are known.
#[derive(Default)]
pub(crate) struct Files {
    manifest: Option<Arc<Manifest>>,
    states: BTreeMap<Name, State>,
    /// Rows of the manifest whose files are gone.
    removed: FxHashSet<Name>,
    /// Project files.
    count: usize,
    sets: Sets,
    /// Files whose row is not that of the base on disk.
    changed: BTreeSet<Name>,
}

/// Files with a property, by path.
#[derive(Default)]
struct Sets {
    /// Project files whose unit has more files.
    cyclic: BTreeSet<Name>,
    /// Project files whose unit has no entry.
    unanswered: BTreeSet<Name>,
    /// Files with problems of any kind.
    with_problems: BTreeSet<Name>,
    /// Files that declare mvars.
    with_mvars: BTreeSet<Name>,
    /// Files whose entry was made and not saved.
    unsaved: BTreeSet<Name>,
}

impl Sets {
    fn note(&mut self, path: &Name, view: Option<View<'_>>) {
        let note = |set: &mut BTreeSet<Name>, property: fn(View<'_>) -> bool| {
            if view.is_some_and(property) {
                if !set.contains(path) {
                    set.insert(path.clone());
                }
            } else {
                set.remove(path);
            }
        };
        note(&mut self.cyclic, |view| !view.is_library() && view.unit().is_some());
        note(&mut self.unanswered, |view| !view.is_library() && !view.is_answered());
        note(&mut self.with_problems, |view| view.has_problems());
        note(&mut self.with_mvars, |view| view.has_mvars());
        note(&mut self.unsaved, |view| view.is_unsaved());
    }
}

impl Files {
    /// What the last run left.
    pub(crate) fn new(manifest: Option<Arc<Manifest>>) -> Files {
        let mut files = Files::default();
        if let Some(manifest) = &manifest {
            for row in manifest.rows() {
                let view = View::Row(manifest, row);
                files.count += usize::from(!view.is_library());
                let special = view.unit().is_some() || !view.is_answered() || view.has_problems() || view.has_mvars();
                if special {
                    files.sets.note(&Name::from(view.path()), Some(view));
                }
            }
            files.changed = manifest.delta_paths().map(Name::from).collect();
        }
        files.manifest = manifest;
        files
    }

    /// What the last run left.
    pub(crate) fn manifest(&self) -> Option<&Arc<Manifest>> {
        self.manifest.as_ref()
    }

    /// How many files the project has.
    pub(crate) fn project_count(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, path: &str) -> Option<View<'_>> {
        if let Some(state) = self.states.get(path) {
            return Some(View::State(state));
        }
        let manifest = self.manifest.as_ref().filter(|_| !self.removed.contains(path))?;
        manifest.find(path).map(|row| View::Row(manifest, row))
    }

    /// All files by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = View<'_>> {
        let rows = self.manifest.iter().flat_map(|manifest| manifest.rows().map(move |row| View::Row(manifest, row)));
        let mut rows = rows.filter(|view| !self.removed.contains(view.path())).peekable();
        let mut states = self.states.values().map(View::State).peekable();
        std::iter::from_fn(move || match (rows.peek(), states.peek()) {
            (Some(row), Some(state)) => match row.path().cmp(state.path()) {
                std::cmp::Ordering::Less => rows.next(),
                std::cmp::Ordering::Equal => {
                    rows.next();
                    states.next()
                }
                std::cmp::Ordering::Greater => states.next(),
            },
            (Some(_), None) => rows.next(),
            (None, _) => states.next(),
        })
    }

    /// Files that were visited.
    pub(crate) fn visited(&self) -> impl Iterator<Item = &State> {
        self.states.values()
    }

    /// Project files without an entry.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &Name> {
        self.sets.unanswered.iter()
    }

    /// Project files in units with more files.
    pub(crate) fn cyclic(&self) -> impl Iterator<Item = &Name> {
        self.sets.cyclic.iter()
    }

    /// Files with problems of any kind.
    pub(crate) fn with_problems(&self) -> impl Iterator<Item = &Name> {
        self.sets.with_problems.iter()
    }

    /// Whether any file declares mvars.
    pub(crate) fn has_mvars(&self) -> bool {
        !self.sets.with_mvars.is_empty()
    }

    /// The files of the unit of `view`, if it has more than one.
    pub(crate) fn unit_of(&self, view: View<'_>) -> Vec<Name> {
        let Some(unit) = view.unit() else { return Vec::new() };
        let is_member = |path: &&Name| self.get(path).is_some_and(|other| other.unit() == Some(unit));
        self.cyclic().filter(is_member).cloned().collect()
    }

    /// How many units the project files have that are not in `visited`, of which `single` are units of one file.
    pub(crate) fn untouched_units(&self, visited: &BTreeSet<Name>, single: usize) -> usize {
        let others = self.cyclic().filter(|path| !visited.contains(*path));
        let units: FxHashSet<_> = others.filter_map(|path| self.get(path)?.unit()).collect();
        self.count.saturating_sub(self.sets.cyclic.len() + single) + units.len()
    }

    /// Paths of files whose units asked one of these modules, a block of one, or a module below one that did not exist;
    /// without those in `visited`.
    pub(crate) fn users(&self, modules: &FxHashSet<Name>, visited: &BTreeSet<Name>) -> Vec<Name> {
        // Mostly it is one module that changed, and every file of the project is asked.
        let few: Vec<&Name> = if modules.len() <= 4 { modules.iter().collect() } else { Vec::new() };
        let is_below = |dep: &str, module: &Name| {
            dep.strip_prefix(module.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let wanted = |dep: &str| match &few[..] {
            [] => prefixes(dep).any(|prefix| modules.contains(prefix)),
            few => few.iter().any(|module| is_below(dep, module)),
        };
        let mut found = Vec::new();
        if let Some(manifest) = &self.manifest {
            let paths = manifest.users(wanted).into_iter().map(|row| manifest.path(row));
            let current = paths.filter(|path| !self.states.contains_key(*path) && !self.removed.contains(*path));
            found.extend(current.map(Name::from));
        }
        let states = self.states.iter().filter(|(path, _)| !visited.contains(*path));
        let states = states.filter(|(_, state)| state.row.deps.iter().any(|dep| wanted(dep)));
        found.extend(states.map(|(path, _)| path.clone()));
        found
    }

    /// Changes what is known of a file; what was unknown starts as an empty row. Returns whether its row is another now.
    pub(crate) fn edit(&mut self, path: &Name, edit: impl FnOnce(&mut State)) -> bool {
        let (mut state, before) = match self.states.remove(path) {
            Some(state) => {
                let before = state.row.clone();
                (state, Some(before))
            }
            None => match self.get(path) {
                Some(View::Row(manifest, row)) => {
                    let row = manifest.row(row);
                    (State::new(row.clone()), Some(row))
                }
                _ => (State::new(Row::new(path.clone())), None),
            },
        };
        edit(&mut state);
        if before.is_none() {
            self.count += usize::from(!is_library(path));
        }
        let differs = before.as_ref() != Some(&state.row) || state.failed;
        if differs {
            self.changed.insert(path.clone());
        }
        self.sets.note(path, Some(View::State(&state)));
        self.states.insert(path.clone(), state);
        differs
    }

    /// Forgets a file.
    pub(crate) fn remove(&mut self, path: &Name) {
        let Some(view) = self.get(path) else { return };
        self.count -= usize::from(!view.is_library());
        self.sets.note(path, None);
        self.states.remove(path);
        if self.manifest.as_ref().is_some_and(|manifest| manifest.find(path).is_some()) {
            self.removed.insert(path.clone());
        }
        self.changed.insert(path.clone());
    }

    /// Files whose entry was made and not saved.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = &State> {
        self.sets.unsaved.iter().filter_map(|path| self.states.get(path))
    }

    /// Whether any row is not the base's.
    pub(crate) fn differ_from_base(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The rows that differ from the base, and the paths it has and should not.
    pub(crate) fn delta(&self) -> (Vec<Row>, Vec<Name>) {
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for path in &self.changed {
            match self.get(path).and_then(kept) {
                Some(row) => rows.push(row),
                None => gone.push(path.clone()),
            }
        }
        (rows, gone)
    }

    /// All rows that are worth keeping.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.iter().filter_map(kept).collect()
    }

    /// What is known is as `manifest` has it, a base; states keep what a manifest has no place for.
    pub(crate) fn rebase(&mut self, manifest: Arc<Manifest>) {
        for state in self.states.values_mut().filter(|state| state.row.entry.is_some()) {
            state.artifact = None;
        }
        self.removed.clear();
        self.changed.clear();
        self.manifest = Some(manifest);
    }

    /// A base with all rows was written.
    pub(crate) fn written_whole(&mut self) {
        self.changed.clear();
    }
}

/// The row of a file, unless the compiler failed on it.
fn kept(view: View<'_>) -> Option<Row> {
    match view {
        View::Row(manifest, row) => Some(manifest.row(row)),
        View::State(state) => (!state.failed).then(|| state.row.clone()),
    }
}

/// `a.b.c` → `a`, `a.b`, `a.b.c`.
fn prefixes(module: &str) -> impl Iterator<Item = &str> {
    module.match_indices('.').map(|(at, _)| &module[..at]).chain(std::iter::once(module))
}

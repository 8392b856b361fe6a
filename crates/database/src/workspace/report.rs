//! What people and tests ask about an update: problems, reasons, what changed, everything.
//!
//! Input: the files as the last update left them. Output: plain data.

use std::sync::Arc;

use base_db::{DefId, DefName, Fingerprint, Name};
use hir::problem::Problem;
use types::Signature;

use super::{Workspace, problem::invalid_file};
use crate::{artifact::Artifact, files::View, modules::module_name, recall::Reason};

/// A unit after an update, for comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDump {
    /// Paths of its files.
    pub files: Vec<Name>,
    /// Definitions with their fingerprints and encodings; empty for a unit with errors.
    pub interface: Vec<(String, Fingerprint, Vec<u8>)>,
    /// Symbols and encoded chunks; empty for a unit with errors.
    pub code: Vec<(Name, Vec<u8>)>,
    /// Problems.
    pub problems: Vec<Problem>,
}

impl Workspace {
    /// Texts of files that cannot be read, and why; problems of the project as a whole; then problems of each file.
    pub fn problems(&mut self) -> Vec<Problem> {
        let mut found = self.live.as_ref().map(|live| live.project_problems.clone()).unwrap_or_default();
        let paths: Vec<Name> = self.files.with_problems().cloned().collect();
        for path in paths {
            match self.files.get(&path) {
                Some(View::State(state)) if !state.problems.is_empty() || !state.row.warnings => {
                    let invalid = state.invalid.iter().map(|why| invalid_file(&self.config.options, &path, why));
                    found.extend(invalid);
                    found.extend(state.problems.iter().cloned());
                }
                // Warnings of an earlier run. An entry that cannot be read is computed again.
                _ => found.extend(self.sound_artifact(&path).iter().flat_map(|artifact| warnings_of(artifact))),
            }
        }
        found
    }

    /// Paths of project files with errors of any kind, sorted.
    pub fn files_with_errors(&self) -> Vec<Name> {
        self.files.unanswered().cloned().collect()
    }

    /// For each file, by path: recalled (`None`) or why its unit was computed when it was last visited.
    pub fn reasons(&self) -> Vec<(Name, Option<Reason>)> {
        let reason = |view| match view {
            View::Row(..) => None,
            View::State(state) => state.reason.clone(),
        };
        self.files.iter().map(|view| (Name::from(view.path()), reason(view))).collect()
    }

    /// The files of [`Workspace::reasons`] whose units were computed.
    pub fn computed(&self) -> Vec<(Name, Reason)> {
        self.files.visited().filter_map(|state| Some((state.row.path.clone(), state.reason.clone()?))).collect()
    }

    /// Signature of `def` in the last run and now, as text. `None`: it did not exist, does not, or is not known.
    pub fn signature_change(&mut self, def: &DefName) -> Option<(String, String)> {
        let path = self.path_of_module(def.module())?;
        let manifest = Arc::clone(self.files.manifest()?);
        let row = manifest.find(&path)?;
        let before = self.open_entry(manifest.entry(row)?, &path, manifest.hash(row))?;
        let before: Signature = base_db::codec::decode(before.signature(def)?.1)?;
        let db = &self.live.as_ref()?.db;
        let now = types::signature(db, DefId::new(db, def.clone())).as_ref()?;
        Some((types::show_signature(&before), types::show_signature(now)))
    }

    /// All units with the bytes that a cold build must reproduce, sorted by path.
    pub fn dump(&mut self) -> Vec<UnitDump> {
        let paths = self.paths();
        let all = self.problems();
        let mut dumps = Vec::new();
        for path in paths {
            let module = module_name(&self.config.options, &path);
            let own = |problem: &&Problem| {
                let at = &problem.place.module;
                *at == module || at.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('.'))
            };
            let problems = all.iter().filter(own).cloned().collect();
            let (mut interface, mut code, mut files) = (Vec::new(), Vec::new(), vec![path.clone()]);
            if let Some(artifact) = self.sound_artifact(&path) {
                files = artifact.head().files.iter().map(|facts| facts.path.clone()).collect();
                for item in artifact.interface().unwrap_or_default() {
                    let bytes = artifact.signature(&item.def).map(|(_, bytes)| bytes.to_vec()).unwrap_or_default();
                    interface.push((format!("{:?}", item.def), item.fingerprint, bytes));
                }
                for item in artifact.code_index().unwrap_or_default() {
                    let bytes = artifact.chunk_bytes(&item.symbol).map(<[u8]>::to_vec).unwrap_or_default();
                    code.push((item.symbol.clone(), bytes));
                }
            }
            dumps.push(UnitDump { files, interface, code, problems });
        }
        dumps
    }
}

fn warnings_of(artifact: &Artifact) -> Vec<Problem> {
    artifact.all_warnings().unwrap_or_default()
}

//! What a program asks for: entries, chunks, types by name, variables.
//!
//! Input: symbols and paths. Output: code as of the last update, opened when it is first asked for.
//!
//! Invariant: an entry that cannot be read is computed again, and nobody is told.

use std::{collections::BTreeMap, sync::Arc};

use base_db::{DefId, DefKind, DefName, Fingerprint, Name, SourceDb};
use bytecode::{Chunk, TypeDesc};
use rustc_hash::FxHashMap;
use types::TypeDef;

use super::Workspace;
use crate::{
    artifact::Artifact,
    files::View,
    image::Image,
    manifest::is_library,
    modules::{imports_first, library_file, module_of_symbol, path_of, prefixes_longest_first},
    recall::{self, Recall},
};

impl Workspace {
    /// The entry at a place, if it is of this text of this file.
    pub(super) fn open_entry(
        &mut self,
        entry: store::RecordRef,
        path: &str,
        hash: Fingerprint,
    ) -> Option<Arc<Artifact>> {
        let store = self.config.stores.own.as_ref()?;
        let open = || store.record_at(entry).and_then(Artifact::open).map(Arc::new);
        let artifact = self.opened.entry(entry).or_insert_with(open).clone()?;
        let is_own = artifact.head().files.iter().any(|facts| facts.path == path && facts.hash == hash);
        is_own.then_some(artifact)
    }

    /// The entry of the file `path`, opened if necessary; computed again if it cannot be. `None`: the unit has errors.
    pub fn artifact(&mut self, path: &str) -> Option<Arc<Artifact>> {
        let view = self.files.get(path)?;
        if let View::State(state) = view
            && let Some(artifact) = &state.artifact
        {
            return Some(Arc::clone(artifact));
        }
        let (entry, hash) = (view.entry()?, view.hash());
        let opened = self.open_entry(entry, path, hash);
        opened.or_else(|| self.recompute(&Name::from(path)))
    }

    /// As [`Workspace::artifact`], and every section of it can be read.
    pub(super) fn sound_artifact(&mut self, path: &Name) -> Option<Arc<Artifact>> {
        let artifact = self.artifact(path)?;
        if artifact.is_sound() { Some(artifact) } else { self.recompute(path) }
    }

    /// The entry of a file whose stored one cannot be read where it was: another place of it, or computed. `None`: the
    /// unit has errors.
    fn recompute(&mut self, path: &Name) -> Option<Arc<Artifact>> {
        if self.live.is_none() {
            self.live = Some(self.start(&[]));
        }
        let place = self.files.get(path)?.entry()?;
        let db = &self.live.as_ref()?.db;
        let unit = recall::unit_of(db, db.project().file(db, path)?);
        let files = unit.files(db).clone();
        // Another process may have merged it into another segment.
        let elsewhere = match recall::recall(db, unit) {
            Recall::Hit(entry) if entry.reference() != Some(place) && entry.is_sound() => Some(entry),
            _ => None,
        };
        let lost = || self.config.stores.own.as_ref().map(|store| recall::lost(store, place));
        let reason = if elsewhere.is_some() { None } else { lost() };
        if reason.is_some() && !is_library(path) {
            self.stats.units_computed += 1;
            self.stats.units_recalled = self.stats.units_recalled.saturating_sub(1);
        }
        let artifact = match elsewhere {
            Some(artifact) => artifact,
            None => recall::fresh_artifact(db, &files)?,
        };
        for file in files {
            self.dirty |= self.files.edit(file.path(db), |state| {
                state.row.entry = artifact.reference();
                state.artifact = Some(Arc::clone(&artifact));
                state.reason = reason.clone();
            });
        }
        Some(artifact)
    }

    /// The path of the file that defines `module` or the file around the block `module`.
    pub fn path_of_module(&self, module: &str) -> Option<Name> {
        if let Some(path) = library_file(module) {
            return Some(path);
        }
        prefixes_longest_first(module).find_map(|prefix| {
            let path = path_of(&self.config.options, prefix);
            self.files.get(&path).is_some().then_some(path)
        })
    }

    /// The chunk of `symbol`, decoded and verified. `None`: nothing has that symbol.
    ///
    /// An entry that turns out to be damaged is computed again.
    pub fn chunk(&mut self, symbol: &str) -> Option<Chunk> {
        self.stats.chunks_loaded += 1;
        let module = module_of_symbol(symbol);
        let path = self.path_of_module(module)?;
        match self.artifact(&path) {
            Some(artifact) => artifact.chunk(symbol).or_else(|| self.recompute(&path)?.chunk(symbol)),
            None => {
                if self.keeps_library() && is_library(&path) {
                    self.library_due.insert(path.clone());
                }
                let db = self.database();
                recall::compiled_symbol(db, db.project().file(db, &path)?, symbol)
            }
        }
    }

    /// Whether a chunk with that symbol exists.
    pub fn has_symbol(&mut self, symbol: &str) -> bool {
        let module = module_of_symbol(symbol);
        let Some(path) = self.path_of_module(module) else { return false };
        let Some(artifact) = self.artifact(&path) else { return false };
        let artifact = if artifact.code_index().is_some() { Some(artifact) } else { self.recompute(&path) };
        let index = artifact.as_ref().and_then(|artifact| artifact.code_index());
        index.is_some_and(|index| index.binary_search_by(|item| item.symbol.as_str().cmp(symbol)).is_ok())
    }

    /// What reflection knows of a type, by its full name or by its own: then the first one in the order of paths. `None`:
    /// there is none.
    pub fn type_desc(&mut self, name: &str) -> Option<TypeDesc> {
        if let Some((module, own)) = name.rsplit_once('.') {
            return self.type_desc_in(module, own);
        }
        let own = self.paths().into_iter().find_map(|path| {
            let artifact = self.artifact(&path)?;
            self.type_desc_at(&path, artifact.type_called(name)?.module(), name)
        });
        let mut library = stdlib::library().iter().map(|(stem, _)| Name::from(format!("stdlib.{stem}")));
        own.or_else(|| library.find_map(|module| self.type_desc_in(&module, name)))
    }

    fn type_desc_in(&mut self, module: &str, name: &str) -> Option<TypeDesc> {
        let path = self.path_of_module(module)?;
        self.type_desc_at(&path, module, name)
    }

    fn type_desc_at(&mut self, path: &str, module: &str, name: &str) -> Option<TypeDesc> {
        let def = DefName::new(Name::from(module), DefKind::Type, Name::from(name), Name::default());
        let stored = self.artifact(path);
        let stored = stored.as_ref().and_then(|artifact| artifact.signature(&def));
        let stored: Option<TypeDef> = stored.and_then(|(_, bytes)| base_db::codec::decode(bytes));
        match stored {
            Some(def) => codegen::describe(&def),
            None => {
                let db = self.database();
                let def = types::type_def(db, DefId::new(db, def)).as_ref()?;
                codegen::describe(def)
            }
        }
    }

    /// Paths of all known files, the library's that are in use included, sorted.
    pub(super) fn paths(&self) -> Vec<Name> {
        self.files.iter().map(|view| Name::from(view.path())).collect()
    }

    /// Symbols of all mvars in the order in which their initialisers run: imported modules first, path order
    /// otherwise, declaration order inside a module.
    pub fn mvars(&mut self) -> Vec<Name> {
        if !self.files.has_mvars() {
            return Vec::new();
        }
        let rows: Vec<(Name, Vec<Name>)> =
            self.files.iter().map(|view| (Name::from(view.path()), view.imports())).collect();
        let index: FxHashMap<&Name, usize> = rows.iter().enumerate().map(|(row, (path, _))| (path, row)).collect();
        let row_of = |module: &Name| index.get(&self.path_of_module(module)?).copied();
        let order = imports_first(rows.len(), |row| rows[row].1.iter().filter_map(row_of).collect());
        let mut symbols = Vec::new();
        for path in order.into_iter().map(|row| &rows[row].0) {
            if let Some(artifact) = self.artifact(path) {
                let facts = artifact.head().files.iter().filter(|facts| facts.path == *path);
                symbols.extend(facts.flat_map(|facts| facts.mvars.iter().cloned()));
            }
        }
        symbols
    }

    /// The code as it is now, independent of later updates. Every entry is checked once.
    pub fn image(&mut self) -> Image {
        let variables = self.mvars();
        let mut artifacts = BTreeMap::new();
        for path in self.paths() {
            if let Some(artifact) = self.sound_artifact(&path) {
                artifacts.insert(path, artifact);
            }
        }
        Image::new(self.config.options.clone(), artifacts, variables)
    }
}

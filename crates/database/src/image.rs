//! The code of a project at one moment, for a program that lives longer than the texts it was made from.
//!
//! Input: a workspace after an update. Output: chunks by symbol, module variables with the shape of their values, and
//! what differs between two images.
//!
//! Invariant: an image never changes. Its entries are shared with the workspace, which replaces entries but does not
//! change them; their sections are read when they are first needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base_db::{DefKind, DefName, Fingerprint, Name, Options, codec};
use bytecode::{Chunk, TypeDesc};
use types::{FnTy, Head, Signature, Ty, TypeDef};

use crate::{
    artifact::Artifact,
    modules::{library_file, module_of_symbol, path_of, prefixes_longest_first},
};

/// The code of a project, and of the library files that have entries.
pub struct Image {
    options: Options,
    artifacts: BTreeMap<Name, Arc<Artifact>>,
    variables: Vec<Variable>,
}

/// A module variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its symbol, which is also the symbol of its initialiser.
    pub symbol: Name,
    /// Fingerprint of its type and of all that values of this type are made of.
    pub shape: Fingerprint,
}

impl Image {
    /// `variables`: symbols of all module variables, in the order of their initialisers.
    pub(crate) fn new(options: Options, artifacts: BTreeMap<Name, Arc<Artifact>>, variables: Vec<Name>) -> Image {
        let mut image = Image { options, artifacts, variables: Vec::new() };
        image.variables =
            variables.into_iter().map(|symbol| Variable { shape: image.shape(&symbol), symbol }).collect();
        image
    }

    /// Module variables, in the order in which their initialisers run.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The entry that defines what `module` holds. `None`: nothing of that name, or a library file without an entry.
    pub fn artifact_of_module(&self, module: &str) -> Option<&Artifact> {
        if let Some(path) = library_file(module) {
            return self.artifacts.get(&path).map(|artifact| &**artifact);
        }
        let mut paths = prefixes_longest_first(module).map(|prefix| path_of(&self.options, prefix));
        paths.find_map(|path| self.artifacts.get(&path)).map(|artifact| &**artifact)
    }

    /// The chunk of `symbol`, decoded and verified.
    pub fn chunk(&self, symbol: &str) -> Option<Chunk> {
        self.artifact_of_module(module_of_symbol(symbol))?.chunk(symbol)
    }

    /// Whether a chunk with that symbol exists.
    pub fn has_symbol(&self, symbol: &str) -> bool {
        let artifact = self.artifact_of_module(module_of_symbol(symbol));
        artifact.is_some_and(|artifact| artifact.chunk_bytes(symbol).is_some())
    }

    /// What reflection knows of a type, by its full name or by its own: then the first one in the order of paths.
    pub fn type_desc(&self, name: &str) -> Option<TypeDesc> {
        let found = match name.rsplit_once('.') {
            Some((module, own)) => self.type_def(&type_name(module, own)),
            None => self.artifacts.values().find_map(|artifact| self.type_def(artifact.type_called(name)?)),
        };
        codegen::describe(&found?)
    }

    /// Fingerprint of the text that the module came from.
    pub fn text_of_module(&self, module: &str) -> Option<Fingerprint> {
        let paths = prefixes_longest_first(module).map(|prefix| path_of(&self.options, prefix));
        let (path, artifact) = paths.into_iter().find_map(|path| Some((path.clone(), self.artifacts.get(&path)?)))?;
        artifact.head().files.iter().find(|facts| facts.path == path).map(|facts| facts.hash)
    }

    /// Symbols whose code is not the same in both images, or is in one of them only; sorted.
    pub fn changes(&self, before: &Image) -> Vec<Name> {
        let mut changed = BTreeSet::new();
        for (path, artifact) in &self.artifacts {
            match before.artifacts.get(path) {
                Some(old) if old == artifact => {}
                Some(old) => compare(old, artifact, &mut changed),
                None => changed.extend(symbols(artifact)),
            }
        }
        for (path, artifact) in &before.artifacts {
            if !self.artifacts.contains_key(path) {
                changed.extend(symbols(artifact));
            }
        }
        // A definition may have moved from one file of a unit to another.
        changed.retain(|symbol| self.bytes(symbol) != before.bytes(symbol));
        changed.into_iter().collect()
    }

    fn bytes(&self, symbol: &str) -> Option<&[u8]> {
        self.artifact_of_module(module_of_symbol(symbol))?.chunk_bytes(symbol)
    }

    fn type_def(&self, def: &DefName) -> Option<TypeDef> {
        let (_, bytes) = self.artifact_of_module(def.module())?.signature(def)?;
        codec::decode(bytes)
    }

    /// Two shapes are equal when a value of one type is a value of the other.
    fn shape(&self, symbol: &Name) -> Fingerprint {
        let (module, own) = symbol.rsplit_once('.').unwrap_or(("", symbol));
        let def = DefName::new(Name::from(module), DefKind::Mvar, Name::from(own), Name::default());
        let signature = self.artifact_of_module(module).and_then(|artifact| artifact.signature(&def));
        let signature: Option<Signature> = signature.and_then(|(_, bytes)| codec::decode(bytes));
        let Some(signature) = signature else { return Fingerprint::ABSENT };
        let mut types: BTreeMap<DefName, Option<TypeDef>> = BTreeMap::new();
        let mut open = Vec::new();
        adts(&signature.result, &mut open);
        while let Some(def) = open.pop() {
            if types.contains_key(&def) {
                continue;
            }
            // Who may name the type has nothing to do with its values.
            let known = self.type_def(&def).map(|known| TypeDef { public: true, ..known });
            if let Some(known) = &known {
                known.alias.iter().for_each(|ty| adts(ty, &mut open));
                known.constructors.iter().flat_map(|it| &it.fields).for_each(|ty| adts(ty, &mut open));
            }
            types.insert(def, known);
        }
        Fingerprint::of(&(signature.result, types.into_iter().collect::<Vec<_>>()))
    }
}

fn type_name(module: &str, own: &str) -> DefName {
    DefName::new(Name::from(module), DefKind::Type, Name::from(own), Name::default())
}

fn symbols(artifact: &Artifact) -> impl Iterator<Item = Name> {
    artifact.code_index().unwrap_or_default().iter().map(|item| item.symbol.clone())
}

fn compare(before: &Artifact, after: &Artifact, changed: &mut BTreeSet<Name>) {
    for symbol in symbols(before).chain(symbols(after)) {
        if before.chunk_bytes(&symbol) != after.chunk_bytes(&symbol) {
            changed.insert(symbol);
        }
    }
}

/// The records and variants that a type mentions. Types are as deep as the parser lets them be written.
fn adts(ty: &Ty, found: &mut Vec<DefName>) {
    match ty {
        Ty::Con(head, args) => {
            if let Head::Adt(def) = head {
                found.push(def.clone());
            }
            args.iter().for_each(|arg| adts(arg, found));
        }
        Ty::Fn(function) => {
            let FnTy { params, result, .. } = &**function;
            params.iter().chain([result]).for_each(|ty| adts(ty, found));
        }
        Ty::Param(_) | Ty::Var(_) | Ty::Never | Ty::Dyn | Ty::Error => {}
    }
}

//! What is kept of one unit: the same form in memory and on disk, each section decoded only when asked for.
//!
//! Input: finished parts of a unit that has no errors, or a record of the store. Output: interface fingerprints,
//! signatures, recorded questions, parts, code. What the sections are is decided here and nowhere else.
//!
//! Invariant: the bytes are a pure function of the texts, the options and the compiler build.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use base_db::{DefKind, DefName, Fingerprint, Name, Options, codec};
use bytecode::Chunk;
use hir::{item_tree::Header, problem::Problem};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use types::{Answer, Question};

use crate::{manifest::is_library, recall};

/// Kind of the record of a unit, keyed by [`unit_key`].
pub(crate) const UNIT: u8 = 1;
/// Kind of the record of the header of one file of a unit with several files, keyed by [`file_key`].
pub(crate) const HEADER: u8 = 2;

/// Changes whenever the meaning of a section changes without a change of the types that are encoded.
const FORMAT: u32 = 1;

const HEAD: usize = 0;
const HEADERS: usize = 1;
const WARNINGS: usize = 2;
const CODE_INDEX: usize = 3;
const INTERFACE: usize = 4;
const QUESTIONS: usize = 5;
const PARTS: usize = 6;
const SIGNATURES: usize = 7;
const CODE: usize = 8;
const SECTIONS: usize = 9;

/// Identity of a file inside keys.
pub(crate) type FileKey<'a> = (&'a Name, Fingerprint);

/// Key of the record of a unit: options, module paths and texts; no absolute path, time or host.
pub(crate) fn unit_key<'a>(options: &Options, files: impl Iterator<Item = FileKey<'a>>) -> Fingerprint {
    let files: Vec<FileKey<'a>> = files.collect();
    Fingerprint::of(&(FORMAT, options_for(options, files.first()), files))
}

/// Key of the header record of one file.
pub(crate) fn file_key(options: &Options, file: FileKey<'_>) -> Fingerprint {
    Fingerprint::of(&(FORMAT, options_for(options, Some(&file)), file))
}

/// The options that decide what is in an entry: none of a project's for the library, whose units have files of its own
/// only.
fn options_for(options: &Options, file: Option<&FileKey<'_>>) -> Options {
    if file.is_some_and(|(path, _)| is_library(path)) { Options::default() } else { options.clone() }
}

/// What decides whether an entry is valid, and what importers compare first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The files of the unit, sorted by path.
    pub files: Vec<FileFacts>,
    /// Modules outside the unit that any question was about, sorted, each with the fingerprint of its interface;
    /// [`Fingerprint::ABSENT`] for a module that did not exist.
    pub deps: Vec<(Name, Fingerprint)>,
    /// Fingerprint of the index of all impls of the project, if a question was about it.
    pub impls: Option<Fingerprint>,
    /// Questions about types, traits and impls of files that are in no import chain, and about templates of other files:
    /// checked one by one.
    pub loose: Vec<Answer>,
}

impl Head {
    /// Whether an edit of any file with something for the whole project may change an answer.
    pub fn asks_globals(&self) -> bool {
        self.impls.is_some() || self.asks_templates()
    }

    /// Whether templates of other files have a part in it.
    pub fn asks_templates(&self) -> bool {
        self.loose.iter().any(|(question, _)| matches!(question, Question::Template(_)))
    }
}

/// One file of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Relative path.
    pub path: Name,
    /// Fingerprint of the text.
    pub hash: Fingerprint,
    /// Fingerprint of all that importers may know.
    pub interface: Fingerprint,
    /// Symbols of its mvars in order of declaration: their initialisers run before `main`.
    pub mvars: Vec<Name>,
}

/// One definition in the table of signatures, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceItem {
    /// The definition.
    pub def: DefName,
    /// Fingerprint of its signature, type, trait or impl.
    pub fingerprint: Fingerprint,
    /// Bytes in the section of signatures.
    pub start: u32,
    /// End of the bytes.
    pub end: u32,
}

/// What is known of one definition with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The definition.
    pub def: DefName,
    /// Number of its [`GroupFacts`].
    pub group: u32,
    /// Indices into the questions that code generation asked.
    pub compiled: Vec<u32>,
    /// Symbols of its chunks.
    pub symbols: Vec<Name>,
    /// Warnings about its body.
    pub warnings: Vec<Problem>,
}

/// What the parts of the members of one binding group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupFacts {
    /// Fingerprint of the names and the sources of all members.
    pub source: Fingerprint,
    /// Indices into the questions that inference of the group asked.
    pub inferred: Vec<u32>,
}

/// A chunk in the table of code, sorted by symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeItem {
    /// Symbol.
    pub symbol: Name,
    /// Bytes in the section of code.
    pub start: u32,
    /// End of the bytes.
    pub end: u32,
}

/// The entry of one unit.
pub struct Artifact {
    head: Head,
    identity: Fingerprint,
    sections: Sections,
    interface: OnceLock<Option<Vec<InterfaceItem>>>,
    signatures: OnceLock<Option<Vec<u8>>>,
    questions: OnceLock<Option<Vec<Answer>>>,
    parts: OnceLock<Option<Parts>>,
    code_index: OnceLock<Option<Vec<CodeItem>>>,
    code: OnceLock<Option<Vec<u8>>>,
}

struct Parts {
    groups: Vec<GroupFacts>,
    by_def: FxHashMap<DefName, Part>,
}

enum Sections {
    Memory(Vec<Vec<u8>>),
    Stored(store::Record),
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact").field("head", &self.head).finish_non_exhaustive()
    }
}

/// Two artifacts are equal when they were made or read from the same bytes.
impl PartialEq for Artifact {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for Artifact {}

/// Everything an artifact is assembled from.
pub(crate) struct Contents {
    pub(crate) head: Head,
    pub(crate) headers: Vec<Arc<Header>>,
    /// Sorted by definition: fingerprint and encoding.
    pub(crate) interface: Vec<(DefName, Fingerprint, Vec<u8>)>,
    /// In the order of [`types::by_fingerprint`], and unique.
    pub(crate) questions: Vec<Answer>,
    /// What [`Part::group`] refers to.
    pub(crate) groups: Vec<GroupFacts>,
    /// Sorted by definition.
    pub(crate) parts: Vec<Part>,
    /// Sorted by symbol: encoded chunks.
    pub(crate) code: Vec<(Name, Vec<u8>)>,
    /// Warnings that belong to no part.
    pub(crate) warnings: Vec<Problem>,
}

impl Artifact {
    pub(crate) fn assemble(contents: Contents) -> Artifact {
        let Contents { head, headers, interface, questions, groups, parts, code, warnings } = contents;
        let mut signatures = Vec::new();
        let interface: Vec<InterfaceItem> = interface
            .into_iter()
            .map(|(def, fingerprint, bytes)| {
                let start = signatures.len() as u32;
                signatures.extend_from_slice(&bytes);
                InterfaceItem { def, fingerprint, start, end: signatures.len() as u32 }
            })
            .collect();
        let mut blob = Vec::new();
        let code_index: Vec<CodeItem> = code
            .into_iter()
            .map(|(symbol, bytes)| {
                let start = blob.len() as u32;
                blob.extend_from_slice(&bytes);
                CodeItem { symbol, start, end: blob.len() as u32 }
            })
            .collect();
        let mut sections = vec![Vec::new(); SECTIONS];
        sections[HEAD] = codec::encode(&head);
        sections[HEADERS] = codec::encode(&headers);
        sections[WARNINGS] = codec::encode(&warnings);
        sections[CODE_INDEX] = codec::encode(&code_index);
        sections[INTERFACE] = codec::encode(&interface);
        sections[QUESTIONS] = codec::encode(&questions);
        sections[PARTS] = codec::encode(&(groups, parts));
        sections[SIGNATURES] = signatures;
        sections[CODE] = blob;
        Artifact::in_memory(head, sections)
    }

    fn in_memory(head: Head, sections: Vec<Vec<u8>>) -> Artifact {
        let identity = Fingerprint::combine(sections.iter().map(|section| Fingerprint::of_encoding(section)));
        Artifact::new(head, identity, Sections::Memory(sections))
    }

    fn new(head: Head, identity: Fingerprint, sections: Sections) -> Artifact {
        Artifact {
            head,
            identity,
            sections,
            interface: OnceLock::new(),
            signatures: OnceLock::new(),
            questions: OnceLock::new(),
            parts: OnceLock::new(),
            code_index: OnceLock::new(),
            code: OnceLock::new(),
        }
    }

    /// Opens a stored entry. `None`: damaged, or not an entry of a unit.
    pub(crate) fn open(record: store::Record) -> Option<Artifact> {
        if record.kind() != UNIT || record.sections() != SECTIONS {
            return None;
        }
        let head: Head = codec::decode(&record.section(HEAD)?)?;
        let identity = Fingerprint::of_bytes(&record.reference().to_bytes());
        Some(Artifact::new(head, identity, Sections::Stored(record)))
    }

    /// The same, in no store. `None`: damaged.
    pub(crate) fn detached(&self) -> Option<Artifact> {
        let sections: Option<Vec<Vec<u8>>> =
            (0..SECTIONS).map(|index| self.section(index).map(Cow::into_owned)).collect();
        Some(Artifact::in_memory(self.head.clone(), sections?))
    }

    /// Whether any answer it was made from is about the library.
    pub(crate) fn asks_library(&self) -> bool {
        let is_library = |question: &Question| {
            recall::definition_of(question).is_some_and(|def| def.module().starts_with("stdlib."))
        };
        self.questions().into_iter().flatten().any(|(question, _)| is_library(question))
    }

    /// The sections to save; `None` for an entry that came from the store.
    pub(crate) fn new_sections(&self) -> Option<&[Vec<u8>]> {
        match &self.sections {
            Sections::Memory(sections) => Some(sections),
            Sections::Stored(_) => None,
        }
    }

    /// Place in the store, for an entry that came from there.
    pub(crate) fn reference(&self) -> Option<store::RecordRef> {
        match &self.sections {
            Sections::Memory(_) => None,
            Sections::Stored(record) => Some(record.reference()),
        }
    }

    /// Whether all of it can be read.
    pub(crate) fn is_sound(&self) -> bool {
        (0..SECTIONS).all(|index| self.section(index).is_some())
    }

    fn section(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        match &self.sections {
            Sections::Memory(sections) => sections.get(index).map(|bytes| Cow::Borrowed(&bytes[..])),
            Sections::Stored(record) => record.section(index),
        }
    }

    fn decoded<T: DeserializeOwned>(&self, index: usize) -> Option<T> {
        codec::decode(&self.section(index)?)
    }

    /// What decides validity.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Interface fingerprint of one file of the unit.
    pub fn interface_of(&self, path: &str) -> Option<Fingerprint> {
        self.head.files.iter().find(|file| file.path == path).map(|file| file.interface)
    }

    /// Headers of the files, in the order of [`Head::files`]. `None`: damaged.
    pub(crate) fn headers(&self) -> Option<Vec<Arc<Header>>> {
        self.decoded(HEADERS)
    }

    /// Warnings outside bodies. `None`: damaged.
    pub(crate) fn warnings(&self) -> Option<Vec<Problem>> {
        self.decoded(WARNINGS)
    }

    /// All warnings of the unit. `None`: damaged.
    pub(crate) fn all_warnings(&self) -> Option<Vec<Problem>> {
        let mut found = self.warnings()?;
        let (_, parts): (Vec<GroupFacts>, Vec<Part>) = self.decoded(PARTS)?;
        found.extend(parts.into_iter().flat_map(|part| part.warnings));
        Some(found)
    }

    /// The table of signatures, sorted by definition. `None`: damaged.
    pub fn interface(&self) -> Option<&[InterfaceItem]> {
        self.interface.get_or_init(|| self.decoded(INTERFACE)).as_deref()
    }

    /// The first type of this name, in the order of modules and blocks.
    pub fn type_called(&self, name: &str) -> Option<&DefName> {
        let types = self.interface()?.iter().map(|item| &item.def).filter(|def| def.kind() == DefKind::Type);
        types.filter(|def| def.name() == name).min_by_key(|def| def.module())
    }

    /// Bytes and fingerprint of one signature, type, trait or impl. `None`: there is none, or damaged.
    pub fn signature(&self, def: &DefName) -> Option<(Fingerprint, &[u8])> {
        let items = self.interface()?;
        let item = &items[items.binary_search_by(|item| item.def.cmp(def)).ok()?];
        let bytes = self.signatures.get_or_init(|| self.section(SIGNATURES).map(Cow::into_owned)).as_deref()?;
        Some((item.fingerprint, bytes.get(item.start as usize..item.end as usize)?))
    }

    /// All recorded questions, in the order of [`types::by_fingerprint`]. `None`: damaged.
    pub(crate) fn questions(&self) -> Option<&[Answer]> {
        self.questions.get_or_init(|| self.decoded(QUESTIONS)).as_deref()
    }

    /// The part of `def`. `None`: there is none, or damaged.
    pub(crate) fn part(&self, def: &DefName) -> Option<&Part> {
        self.parts()?.by_def.get(def)
    }

    /// What `part` has in common with the others of its group. `None`: damaged.
    pub(crate) fn group_of(&self, part: &Part) -> Option<&GroupFacts> {
        self.parts()?.groups.get(part.group as usize)
    }

    fn parts(&self) -> Option<&Parts> {
        let parts = self.parts.get_or_init(|| {
            let (groups, parts): (Vec<GroupFacts>, Vec<Part>) = self.decoded(PARTS)?;
            Some(Parts { groups, by_def: parts.into_iter().map(|part| (part.def.clone(), part)).collect() })
        });
        parts.as_ref()
    }

    /// The recorded questions of these numbers. `None`: damaged.
    pub(crate) fn answers<'a>(&'a self, indices: &'a [u32]) -> Option<Vec<&'a Answer>> {
        let questions = self.questions()?;
        indices.iter().map(|&index| questions.get(index as usize)).collect()
    }

    /// The table of code, sorted by symbol. `None`: damaged.
    pub fn code_index(&self) -> Option<&[CodeItem]> {
        self.code_index.get_or_init(|| self.decoded(CODE_INDEX)).as_deref()
    }

    /// The encoded chunk of `symbol`. `None`: there is none, or damaged.
    pub fn chunk_bytes(&self, symbol: &str) -> Option<&[u8]> {
        let items = self.code_index()?;
        let item = &items[items.binary_search_by(|item| item.symbol.as_str().cmp(symbol)).ok()?];
        let code = self.code.get_or_init(|| self.section(CODE).map(Cow::into_owned)).as_deref()?;
        code.get(item.start as usize..item.end as usize)
    }

    /// The decoded and verified chunk of `symbol`. `None`: there is none, or damaged, or refused by the verifier.
    pub fn chunk(&self, symbol: &str) -> Option<Chunk> {
        let chunk: Chunk = codec::decode(self.chunk_bytes(symbol)?)?;
        bytecode::verify(&chunk).is_ok().then_some(chunk)
    }
}

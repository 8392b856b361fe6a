//! Recall as queries: answers from entries whose recorded questions still have the recorded answers.
//!
//! Input: entries of the store, today's answers. Output: for each unit an [`Artifact`] or the reason why there is
//! none, interface fingerprints, problems. Because these are queries, a later edit in the same process invalidates
//! them by salsa's own means.
//!
//! Invariant: whatever is taken from an entry is what computing would give; a doubt is a miss.

use std::{borrow::Cow, sync::Arc};

use base_db::{Content, DefId, DefKind, DefName, File, Fingerprint, ModuleId, Name, Stamped, codec};
use bytecode::Chunk;
use hir::{
    item_tree::{Header, ModuleHeader},
    problem::Problem,
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Serialize, de::DeserializeOwned};
use types::{Answer, Group, Question};

use crate::{
    artifact::{self, Artifact, Contents, FileFacts, GroupFacts, Head, Part},
    root::Db,
};

/// A strongly connected component of the import graph.
#[salsa::interned(debug, revisions = usize::MAX)]
pub struct UnitId<'db> {
    /// Its files, sorted by path.
    #[returns(ref)]
    pub files: Vec<File>,
}

/// The unit of a file; equal while the imports that decide it are equal.
#[salsa::tracked(returns(copy))]
pub fn unit_of<'db>(db: &'db dyn Db, file: File) -> UnitId<'db> {
    UnitId::new(db, hir::unit_files(db, file))
}

/// Whether an entry answers for a unit, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recall {
    /// The entry is valid.
    Hit(Arc<Artifact>),
    /// The unit must be computed.
    Miss(Reason),
}

/// Why a unit was computed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Reason {
    /// There is no store.
    NoStore,
    /// No entry is known for any of its files.
    New,
    /// The texts of these files differ from the last known ones.
    TextChanged(Vec<Name>),
    /// Texts are equal, but this question has another answer now.
    Answer(Question),
    /// An import that was legal no longer is.
    Imports,
    /// The entry is there and is not as it was written.
    Damaged,
    /// The entry is gone.
    Evicted,
    /// There are entries, but of other builds of the compiler.
    OtherBuild,
    /// The unit and another one need each other's entries.
    Cycle,
    /// An entry was never made: the unit had errors.
    HadErrors,
}

/// The entry that answers for `unit`.
#[salsa::tracked(returns(clone), cycle_result = recall_cycle)]
pub fn recall<'db>(db: &'db dyn Db, unit: UnitId<'db>) -> Recall {
    let _span = tracing::debug_span!("recall").entered();
    let Some(store) = &db.shared().store else { return Recall::Miss(Reason::NoStore) };
    let files = unit.files(db);
    if files.iter().any(|&file| matches!(file.content(db), Content::Invalid(_)) || is_shadowed(db, file)) {
        return Recall::Miss(Reason::New);
    }
    let mut reason = None;
    for entry in candidates(db, store, files) {
        match why_invalid(db, unit, &entry) {
            None => return Recall::Hit(entry),
            Some(why) => reason = reason.or(Some(why)),
        }
    }
    Recall::Miss(reason.unwrap_or_else(|| absence(db, store, files)))
}

fn recall_cycle<'db>(_db: &'db dyn Db, _id: salsa::Id, _unit: UnitId<'db>) -> Recall {
    Recall::Miss(Reason::Cycle)
}

/// Entries made from exactly these texts, the last run's first, then newest first, then those of the library that other
/// projects made. The store is searched only when the last run's entry does not answer: it may have been made while what
/// it relies on had another meaning.
fn candidates<'a>(
    db: &'a dyn Db,
    store: &'a store::Store,
    files: &'a [File],
) -> impl Iterator<Item = Arc<Artifact>> + 'a {
    let options = db.project().options(db);
    let key = artifact::unit_key(options, files.iter().map(|file| (file.path(db), file.hash(db)))).0;
    let hint = files.first().and_then(|file| {
        let known = db.shared().known(file.path(db))?;
        (known.hash == file.hash(db)).then_some(known.entry).flatten()
    });
    let hinted = hint.and_then(|at| store.record_for(at, artifact::UNIT, &key));
    let others = std::iter::once_with(move || store.find(artifact::UNIT, &key)).flatten();
    let others = others.filter(move |record| Some(record.reference()) != hint);
    let found = hinted.into_iter().chain(others).filter_map(Artifact::open);
    let shared = files.first().and_then(|file| library_store(db, *file));
    let shared = shared.into_iter().flat_map(move |store| store.find(artifact::UNIT, &key));
    let shared = shared.filter_map(|record| Artifact::open(record)?.detached());
    found.chain(shared).map(Arc::new).filter(move |entry| made_from(db, entry, files))
}

/// Where entries of `file` may be that other projects made; `None` for files of the project.
fn library_store(db: &dyn Db, file: File) -> Option<&store::Store> {
    db.shared().library.as_deref().filter(|_| file.library(db))
}

/// The key is a hash; the texts are compared again.
fn made_from(db: &dyn Db, entry: &Artifact, files: &[File]) -> bool {
    let facts = &entry.head().files;
    facts.len() == files.len()
        && facts.iter().zip(files).all(|(facts, file)| facts.path == *file.path(db) && facts.hash == file.hash(db))
}

fn absence(db: &dyn Db, store: &store::Store, files: &[File]) -> Reason {
    let known = |file: &File| db.shared().known(file.path(db)).filter(|known| !known.pending);
    if files.iter().all(|file| known(file).is_none()) {
        let is_first = !db.shared().knows_any() && store.has_other_builds();
        return if is_first { Reason::OtherBuild } else { Reason::New };
    }
    let changed = |file: &&File| known(file).is_none_or(|known| known.hash != file.hash(db));
    let changed: Vec<Name> = files.iter().filter(changed).map(|file| file.path(db).clone()).collect();
    if !changed.is_empty() {
        return Reason::TextChanged(changed);
    }
    let entry = files.iter().find_map(|file| known(file)?.entry);
    entry.map_or(Reason::HadErrors, |at| lost(store, at))
}

/// Why the entry at `at` cannot be read.
pub(crate) fn lost(store: &store::Store, at: store::RecordRef) -> Reason {
    match store.fate(at) {
        store::Fate::Gone => Reason::Evicted,
        store::Fate::Damaged | store::Fate::Present => Reason::Damaged,
    }
}

/// `None`: every recorded answer holds. First whole interfaces are compared, then single questions.
fn why_invalid(db: &dyn Db, unit: UnitId<'_>, entry: &Artifact) -> Option<Reason> {
    let head = entry.head();
    let same = head.deps.iter().all(|(module, before)| module_interface(db, module) == *before)
        && head.impls.is_none_or(|before| hir::impl_index(db).fingerprint == before)
        && head.loose.iter().all(|(question, before)| types::answer(db, question) == *before);
    if same {
        return None;
    }
    let Some(questions) = entry.questions() else { return Some(Reason::Damaged) };
    // Answers about the unit itself follow from its texts and the other answers; asking would wait for this very query.
    let is_own = |question: &Question| {
        let file =
            definition_of(question).and_then(|def| hir::module_file(db, ModuleId::new(db, def.module().clone())));
        file.is_some_and(|file| unit.files(db).contains(&file))
    };
    let differs = |(question, before): &&Answer| !is_own(question) && types::answer(db, question) != *before;
    // The first in the order of questions is told: what a name means before what it is.
    if let Some((question, _)) = questions.iter().filter(differs).min() {
        return Some(Reason::Answer(question.clone()));
    }
    // Conflicts between imports are found by looking at whole modules, which no single question tells.
    let legal = |file: &File| module_headers(db, *file).all(|module| import_problems(db, &module.path).is_empty());
    (!unit.files(db).iter().all(legal)).then_some(Reason::Imports)
}

fn import_problems<'db>(db: &'db dyn Db, module: &Name) -> &'db [Problem] {
    hir::import_problems(db, ModuleId::new(db, module.clone()))
}

fn module_headers(db: &dyn Db, file: File) -> impl Iterator<Item = &ModuleHeader> {
    hir::header(db, file).value.modules.iter()
}

/// Fingerprint of what importers of `module`'s file may know; absent for a module that does not exist.
fn module_interface(db: &dyn Db, module: &Name) -> Fingerprint {
    match hir::module_file(db, ModuleId::new(db, module.clone())) {
        Some(file) => interface(db, file),
        None => Fingerprint::ABSENT,
    }
}

/// Fingerprint of all that other units may know of `file`: names with visibility, signatures, types, traits, impls.
#[salsa::tracked(returns(copy), cycle_result = interface_cycle)]
pub fn interface(db: &dyn Db, file: File) -> Fingerprint {
    if let Recall::Hit(entry) = recall(db, unit_of(db, file))
        && let Some(fingerprint) = entry.interface_of(file.path(db))
    {
        return fingerprint;
    }
    let header = hir::header(db, file);
    let mut parts = vec![names_fingerprint(header, file.library(db))];
    if header.modules.iter().flat_map(|module| &module.defs).any(|item| item.def.kind() == DefKind::Template) {
        parts.push(hir::templates_fingerprint(db, file));
    }
    for (def, public) in definitions(db, file) {
        let hidden = matches!(def.kind(), DefKind::Function | DefKind::Value | DefKind::Const | DefKind::Mvar);
        if public || !hidden || file.library(db) {
            parts.push(definition_fingerprint(db, &def));
        }
    }
    Fingerprint::combine(parts)
}

fn interface_cycle(_db: &dyn Db, _id: salsa::Id, _file: File) -> Fingerprint {
    // Equal to no recorded fingerprint: whoever compares it goes on to single questions.
    Fingerprint([0xff; 16])
}

/// Names, kinds and visibility; imports are nobody else's business.
fn names_fingerprint(header: &Header, library: bool) -> Fingerprint {
    let modules = header.modules.iter().map(|module| (&module.path, &module.defs, &module.blocks));
    Fingerprint::of(&(library, modules.collect::<Vec<_>>()))
}

/// All definitions that have a signature of their own, methods included, sorted, and whether each is public.
fn definitions(db: &dyn Db, file: File) -> Vec<(DefName, bool)> {
    let mut found = Vec::new();
    for module in module_headers(db, file) {
        for item in &module.defs {
            match item.def.kind() {
                DefKind::Impl => {
                    let methods = types::impl_def(db, DefId::new(db, item.def.clone()));
                    found.extend(methods.iter().flat_map(|def| &def.methods).map(|(_, method)| (method.clone(), true)));
                }
                DefKind::Trait => {
                    let methods = types::trait_def(db, DefId::new(db, item.def.clone()));
                    let defaults = methods.iter().flat_map(|def| &def.methods).filter_map(|m| m.code.clone());
                    found.extend(defaults.map(|method| (method, true)));
                }
                DefKind::Test | DefKind::Template => continue,
                _ => {}
            }
            found.push((item.def.clone(), item.public));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn definition_fingerprint(db: &dyn Db, def: &DefName) -> Fingerprint {
    types::answer(db, &question_about(def))
}

/// The definition that a question is about, if it is about one.
pub(crate) fn definition_of(question: &Question) -> Option<&DefName> {
    match question {
        Question::Signature(def)
        | Question::Type(def)
        | Question::TypeShape(def)
        | Question::Trait(def)
        | Question::Impl(def) => Some(def),
        Question::Resolve { .. }
        | Question::Exported { .. }
        | Question::Module(_)
        | Question::Qualifier { .. }
        | Question::ImplsOf(_)
        | Question::MethodsNamed(_)
        | Question::Template(_) => None,
    }
}

fn question_about(def: &DefName) -> Question {
    match def.kind() {
        DefKind::Type => Question::Type(def.clone()),
        DefKind::Trait => Question::Trait(def.clone()),
        DefKind::Impl => Question::Impl(def.clone()),
        _ => Question::Signature(def.clone()),
    }
}

/// The stored header of a file: by the last run's hint, else by key.
pub(crate) fn stored_header(db: &dyn Db, file: File) -> Option<Arc<Header>> {
    let store = db.shared().store.as_ref()?;
    if matches!(file.content(db), Content::Invalid(_)) {
        return None;
    }
    let (path, hash, options) = (file.path(db), file.hash(db), db.project().options(db));
    let from_unit = |record: store::Record| {
        let entry = Artifact::open(record)?;
        let index = entry.head().files.iter().position(|facts| facts.path == *path && facts.hash == hash)?;
        entry.headers()?.into_iter().nth(index)
    };
    if let Some(known) = db.shared().known(path)
        && known.hash == hash
        && let Some(header) = known.entry.and_then(|at| store.record_at(at)).and_then(from_unit)
    {
        return Some(header);
    }
    let alone = artifact::unit_key(options, std::iter::once((path, hash))).0;
    let key = artifact::file_key(options, (path, hash)).0;
    std::iter::once(&**store).chain(library_store(db, file)).find_map(|store| {
        let unit = store.find(artifact::UNIT, &alone).into_iter().find_map(from_unit);
        let header = |record: store::Record| codec::decode(&record.section(0)?);
        unit.or_else(|| store.find(artifact::HEADER, &key).into_iter().find_map(header))
    })
}

/// The stored signature, type, trait or impl of `def`, if the entry of its unit, or at least its part, is valid.
///
/// Recall must not wait for itself. Functions and values are asked along imports only, whose units form no ring. Impls,
/// and with them types, traits and methods, are known to the whole project: their users may be imported by the file
/// that declares them. So these are always read from the text, unless they are the library's; and what is declared is
/// read from the text when the entry of its unit is not valid as a whole, because checking its part would ask for it.
pub(crate) fn stored<'db, T>(db: &'db dyn Db, def: DefId<'db>) -> Option<Stamped<T>>
where
    T: Serialize + DeserializeOwned,
{
    db.shared().store.as_ref()?;
    let name = def.name(db);
    let file = hir::module_file(db, ModuleId::new(db, name.module().clone()))?;
    if is_project_wide(name.kind()) && !file.library(db) {
        return None;
    }
    let entry = match recall(db, unit_of(db, file)) {
        Recall::Hit(entry) => entry,
        Recall::Miss(_) if is_project_wide(name.kind()) || is_cold(db, file) || types::is_declared(db, def) => {
            return None;
        }
        Recall::Miss(_) => recall_part(db, def)?,
    };
    let (fingerprint, bytes) = entry.signature(name)?;
    Some(Stamped { fingerprint, value: Arc::new(codec::decode(bytes)?) })
}

/// Kinds of definitions that may be asked for from anywhere, not only along imports.
fn is_project_wide(kind: DefKind) -> bool {
    match kind {
        DefKind::Function | DefKind::Value | DefKind::Const | DefKind::Mvar => false,
        DefKind::Type
        | DefKind::Trait
        | DefKind::Impl
        | DefKind::Method
        | DefKind::DefaultMethod
        | DefKind::Template
        | DefKind::Test => true,
    }
}

/// Whether no entry has any part of `file`, so that there is nothing to ask for each of its definitions.
fn is_cold(db: &dyn Db, file: File) -> bool {
    older_entries(db, file).is_empty()
}

/// An older entry whose part of `def` is still right. Not asked in files that are cold.
fn recall_part<'db>(db: &'db dyn Db, def: DefId<'db>) -> Option<Arc<Artifact>> {
    older_group(db, types::binding_group(db, def))
}

/// An older entry that has `group` as it is: the sources of all members are equal and every recorded answer holds.
#[salsa::tracked(returns(clone), cycle_result = older_group_cycle)]
fn older_group<'db>(db: &'db dyn Db, group: Group<'db>) -> Option<Arc<Artifact>> {
    let members = group.members(db);
    let file = hir::module_file(db, ModuleId::new(db, members.first()?.module().clone()))?;
    let source = group_source(db, group)?;
    let holds = |entry: &&Arc<Artifact>| group_holds(db, entry, members, source) == Some(true);
    older_entries(db, file).iter().find(holds).cloned()
}

fn older_group_cycle<'db>(_db: &'db dyn Db, _id: salsa::Id, _group: Group<'db>) -> Option<Arc<Artifact>> {
    None
}

fn group_holds(db: &dyn Db, entry: &Artifact, members: &[DefName], source: Fingerprint) -> Option<bool> {
    let facts = entry.group_of(entry.part(members.first()?)?)?;
    if facts.source != source {
        return Some(false);
    }
    let mut answers = entry.answers(&facts.inferred)?;
    for member in members {
        let part = entry.part(member)?;
        answers.extend(entry.answers(&part.compiled)?);
        // What is taken from the entry must be readable, or the part is worth nothing.
        entry.signature(member)?;
        for symbol in &part.symbols {
            entry.chunk_bytes(symbol)?;
        }
    }
    Some(answers.into_iter().all(|(question, before)| types::answer(db, question) == *before))
}

/// Entries that may hold parts of the unit of `file`: those made from the same texts, and the last run's.
#[salsa::tracked]
pub fn older_entries(db: &dyn Db, file: File) -> Vec<Arc<Artifact>> {
    let Some(store) = &db.shared().store else { return Vec::new() };
    let mut entries: Vec<Arc<Artifact>> = candidates(db, store, unit_of(db, file).files(db)).collect();
    let hint = db.shared().known(file.path(db)).and_then(|known| known.entry.or(known.older));
    let last = hint.and_then(|at| store.record_at(at)).and_then(Artifact::open).map(Arc::new);
    entries.extend(last.filter(|entry| entry.head().files.iter().any(|facts| facts.path == *file.path(db))));
    entries
}

/// Fingerprint of the names and the texts of all members. `None`: one does not exist. A query, because an edit of one
/// function asks for all groups of the unit again.
#[salsa::tracked(returns(copy))]
fn group_source<'db>(db: &'db dyn Db, group: Group<'db>) -> Option<Fingerprint> {
    let members = group.members(db);
    let sources = members.iter().map(|member| hir::source_fingerprint(db, DefId::new(db, member.clone())));
    Some(Fingerprint::of(&(members, sources.collect::<Option<Vec<_>>>()?)))
}

/// Definitions of `file` with a body to infer and compile, sorted.
fn bodies(db: &dyn Db, file: File) -> Vec<DefName> {
    definitions(db, file).into_iter().map(|(def, _)| def).filter(has_code).collect()
}

fn has_code(def: &DefName) -> bool {
    matches!(def.kind(), DefKind::Function | DefKind::Method | DefKind::DefaultMethod | DefKind::Value | DefKind::Mvar)
}

/// Problems of the unit of `file` that are about `file`, semantic ones only, in source order of their kind. Syntax
/// errors are positional and come from `hir::syntax_problems`; a file that has some is not looked at further.
#[salsa::tracked]
pub fn file_problems(db: &dyn Db, file: File) -> Vec<Problem> {
    if file.library(db) || matches!(file.content(db), Content::Invalid(_)) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if let Recall::Hit(entry) = recall(db, unit_of(db, file)) {
        let modules: FxHashSet<&Name> = module_headers(db, file).map(|module| &module.path).collect();
        problems.extend(entry.warnings().into_iter().flatten());
        for def in bodies(db, file) {
            problems.extend(entry.part(&def).into_iter().flat_map(|part| part.warnings.iter().cloned()));
        }
        problems.retain(|problem| modules.contains(&problem.place.module));
        return problems;
    }
    if !hir::syntax_problems(db, file).is_empty() {
        return problems;
    }
    for module in module_headers(db, file) {
        problems.extend_from_slice(import_problems(db, &module.path));
        problems.extend_from_slice(&types::item_problems(db, ModuleId::new(db, module.path.clone())).0);
    }
    let is_cold = is_cold(db, file);
    for def in bodies(db, file) {
        let id = DefId::new(db, def.clone());
        match if is_cold { None } else { recall_part(db, id) } {
            Some(entry) => problems.extend(entry.part(&def).into_iter().flat_map(|part| part.warnings.iter().cloned())),
            None => problems.extend_from_slice(&types::infer(db, id).problems),
        }
    }
    problems
}

/// Whether another file defines one of the modules of `file`: an error of the project. What names mean there is the
/// other file's, so nothing may be kept under this one's text.
fn is_shadowed(db: &dyn Db, file: File) -> bool {
    module_headers(db, file).any(|module| hir::module_file(db, ModuleId::new(db, module.path.clone())) != Some(file))
}

/// Whether `file` is not looked at beyond its syntax.
fn is_unreadable(db: &dyn Db, file: File) -> bool {
    matches!(file.content(db), Content::Invalid(_))
        || is_shadowed(db, file)
        || (!file.library(db) && !hir::syntax_problems(db, file).is_empty())
}

/// Whether anything in `file` keeps the program from running.
pub(crate) fn has_errors(db: &dyn Db, file: File) -> bool {
    is_unreadable(db, file) || file_problems(db, file).iter().any(|problem| problem.severity.is_failure())
}

/// Infers a unit of which no entry knows anything, callees first: asked for in any other order, definitions would wait for
/// each other as deep as they call each other.
fn infer_in_order(db: &dyn Db, files: &[File]) {
    let Some(&first) = files.first() else { return };
    if files.iter().all(|&file| is_cold(db, file) && !is_unreadable(db, file)) {
        for &group in types::groups_in_order(db, first) {
            types::infer_group(db, group);
        }
    }
}

/// The entry of a unit, recalled or assembled from its parts. `None`: the unit has errors.
#[salsa::tracked(returns(clone))]
pub fn unit_artifact<'db>(db: &'db dyn Db, unit: UnitId<'db>) -> Option<Arc<Artifact>> {
    if let Recall::Hit(entry) = recall(db, unit) {
        return Some(entry);
    }
    let _span = tracing::debug_span!("unit_artifact").entered();
    let files = unit.files(db);
    infer_in_order(db, files);
    if files.iter().any(|&file| has_errors(db, file)) {
        return None;
    }
    assemble(db, files).map(Arc::new)
}

/// The entry of a unit whose stored one turned out to be unreadable. `None`: the unit has errors.
pub(crate) fn fresh_artifact(db: &dyn Db, files: &[File]) -> Option<Arc<Artifact>> {
    assemble(db, files).map(Arc::new)
}

/// Questions before they have numbers.
type Asked<'db> = Cow<'db, [Answer]>;

/// The parts of a unit, as they are gathered.
#[derive(Default)]
struct Gathered<'db> {
    /// Source, and what inference asked.
    groups: Vec<(Fingerprint, Asked<'db>)>,
    numbers: FxHashMap<Group<'db>, u32>,
    /// Each with what code generation asked.
    parts: Vec<(Part, Asked<'db>)>,
    /// Symbols and encoded chunks.
    code: Vec<(Name, Vec<u8>)>,
}

impl<'db> Gathered<'db> {
    /// Takes what is known of `def` from an older entry, if there are any, or computes it. `None`: it has errors.
    fn add(&mut self, db: &'db dyn Db, def: &DefName, is_cold: bool) -> Option<()> {
        let id = DefId::new(db, def.clone());
        let group = types::binding_group(db, id);
        if let Some(entry) = if is_cold { None } else { recall_part(db, id) } {
            let facts = entry.group_of(entry.part(def)?)?;
            let number = self.number(db, group, || Some(owned(entry.answers(&facts.inferred)?)))?;
            let part = Part { group: number, ..entry.part(def)?.clone() };
            for symbol in &part.symbols {
                self.code.push((symbol.clone(), entry.chunk_bytes(symbol)?.to_vec()));
            }
            let asked = owned(entry.answers(&part.compiled)?);
            self.parts.push((part, asked));
            return Some(());
        }
        let inferred = types::infer_group(db, group);
        let number = self.number(db, group, || Some(Cow::Borrowed(inferred.trace.as_slice())))?;
        let compiled = codegen::compiled(db, id).as_ref()?;
        let symbols = compiled.chunks.iter().map(|(symbol, _)| symbol.clone()).collect();
        self.code.extend(compiled.chunks.iter().map(|(symbol, chunk)| (symbol.clone(), codec::encode(chunk))));
        let warnings = inferred.member(def)?.1.problems.clone();
        let part = Part { def: def.clone(), group: number, compiled: Vec::new(), symbols, warnings };
        self.parts.push((part, Cow::Borrowed(compiled.trace.as_slice())));
        Some(())
    }

    /// The number of `group`, of which `asked` gives what inference asked. `None`: a member does not exist.
    fn number(
        &mut self,
        db: &'db dyn Db,
        group: Group<'db>,
        asked: impl FnOnce() -> Option<Asked<'db>>,
    ) -> Option<u32> {
        if let Some(&number) = self.numbers.get(&group) {
            return Some(number);
        }
        let number = self.groups.len() as u32;
        self.groups.push((group_source(db, group)?, asked()?));
        self.numbers.insert(group, number);
        Some(number)
    }
}

fn owned(answers: Vec<&Answer>) -> Asked<'static> {
    answers.into_iter().cloned().collect()
}

fn assemble(db: &dyn Db, files: &[File]) -> Option<Artifact> {
    let mut gathered = Gathered::default();
    let mut own_traces: Vec<&[Answer]> = Vec::new();
    let mut warnings = Vec::new();
    let mut interface = Vec::new();
    for &file in files {
        for module in module_headers(db, file) {
            let id = ModuleId::new(db, module.path.clone());
            let (problems, trace) = &**types::item_problems(db, id);
            own_traces.push(trace);
            if !file.library(db) {
                warnings.extend_from_slice(import_problems(db, &module.path));
                warnings.extend_from_slice(problems);
            }
        }
        let definitions = definitions(db, file);
        let is_cold = is_cold(db, file);
        for (def, _) in definitions.iter().filter(|(def, _)| has_code(def)) {
            gathered.add(db, def, is_cold)?;
        }
        for (def, _) in definitions {
            let (fingerprint, bytes) = encoded_definition(db, &def)?;
            interface.push((def, fingerprint, bytes));
        }
    }
    let Gathered { groups, parts, mut code, .. } = gathered;
    // Each answer once; there are a few times as many of them in all parts together.
    let of_groups = groups.iter().map(|(_, asked)| &**asked);
    let of_parts = parts.iter().map(|(_, asked)| &**asked);
    let mut unique: Vec<&Answer> = own_traces.into_iter().chain(of_groups).chain(of_parts).flatten().collect();
    unique.sort_unstable_by(|a, b| types::by_fingerprint(a, b));
    unique.dedup();
    let number = |answer: &Answer| unique.binary_search_by(|other| types::by_fingerprint(other, answer)).ok();
    let numbers = |asked: &[Answer]| asked.iter().filter_map(number).map(|number| number as u32).collect();
    let groups_of =
        |(source, asked): &(Fingerprint, Asked<'_>)| GroupFacts { source: *source, inferred: numbers(asked) };
    let groups: Vec<GroupFacts> = groups.iter().map(groups_of).collect();
    let numbered = |(part, asked): &(Part, Asked<'_>)| Part { compiled: numbers(asked), ..part.clone() };
    let mut parts: Vec<Part> = parts.iter().map(numbered).collect();
    parts.sort_by(|a, b| a.def.cmp(&b.def));
    let questions: Vec<Answer> = unique.into_iter().cloned().collect();
    interface.sort_by(|a, b| a.0.cmp(&b.0));
    code.sort();
    Some(Artifact::assemble(Contents {
        head: head(db, files, &questions),
        headers: files.iter().map(|&file| Arc::clone(&hir::header(db, file).value)).collect(),
        interface,
        questions,
        groups,
        parts,
        code,
        warnings,
    }))
}

fn encoded_definition(db: &dyn Db, def: &DefName) -> Option<(Fingerprint, Vec<u8>)> {
    fn both<T: Serialize>(stamped: &Stamped<T>) -> (Fingerprint, Vec<u8>) {
        (stamped.fingerprint, codec::encode(&*stamped.value))
    }
    let id = DefId::new(db, def.clone());
    Some(match def.kind() {
        DefKind::Type => both(types::type_def(db, id).as_ref()?),
        DefKind::Trait => both(types::trait_def(db, id).as_ref()?),
        DefKind::Impl => both(types::impl_def(db, id).as_ref()?),
        _ => both(types::signature(db, id).as_ref()?),
    })
}

fn head(db: &dyn Db, files: &[File], questions: &[Answer]) -> Head {
    let own: FxHashSet<&Name> = files.iter().map(|file| file.module(db)).collect();
    let mut modules: Vec<Name> = Vec::new();
    for &file in files {
        modules.extend(hir::imported_modules(hir::header(db, file)));
    }
    let mut impls = None;
    let mut project_wide: Vec<(&DefName, &Answer)> = Vec::new();
    let mut loose: Vec<Answer> = Vec::new();
    for answer in questions {
        match (definition_of(&answer.0), &answer.0) {
            (Some(def), _) if is_project_wide(def.kind()) => project_wide.push((def, answer)),
            (Some(def), _) => modules.push(def.module().clone()),
            (None, Question::Exported { module, .. } | Question::Module(module)) => modules.push(module.clone()),
            (None, Question::ImplsOf(_) | Question::MethodsNamed(_)) => {
                impls = Some(hir::impl_index(db).fingerprint);
            }
            (None, Question::Template(_)) => loose.push(answer.clone()),
            (None, _) => {}
        }
    }
    // A block is known by its file; a module that does not exist by its own name. The library is part of the build's
    // identity, and so of every key.
    let mut deps: Vec<(Name, Fingerprint)> = Vec::new();
    modules.sort();
    modules.dedup();
    for module in modules {
        match hir::module_file(db, ModuleId::new(db, module.clone())) {
            Some(file) if own.contains(file.module(db)) || file.library(db) => {}
            Some(file) => deps.push((file.module(db).clone(), interface(db, file))),
            None => deps.push((module, Fingerprint::ABSENT)),
        }
    }
    deps.sort();
    deps.dedup();
    let is_settled = |def: &DefName| {
        let file = hir::module_file(db, ModuleId::new(db, def.module().clone()));
        file.is_some_and(|file| {
            let module = file.module(db);
            file.library(db) || own.contains(module) || deps.binary_search_by(|(dep, _)| dep.cmp(module)).is_ok()
        })
    };
    loose.extend(project_wide.into_iter().filter(|(def, _)| !is_settled(def)).map(|(_, answer)| answer.clone()));
    let files = files.iter().map(|&file| FileFacts {
        path: file.path(db).clone(),
        hash: file.hash(db),
        interface: interface(db, file),
        mvars: mvars(db, file),
    });
    Head { files: files.collect(), deps, impls, loose }
}

/// The definitions with code of `file` by their symbols.
#[salsa::tracked]
fn definitions_by_symbol(db: &dyn Db, file: File) -> FxHashMap<Name, DefName> {
    bodies(db, file).into_iter().map(|def| (def.symbol().clone(), def)).collect()
}

/// The chunk of `symbol`, compiled alone. `None`: nothing in `file` has that symbol, or it has errors.
pub(crate) fn compiled_symbol(db: &dyn Db, file: File, symbol: &str) -> Option<Chunk> {
    // Chunks of default arguments are named after their function.
    let owner = symbol.split('$').next().unwrap_or(symbol);
    let def = definitions_by_symbol(db, file).get(owner)?;
    let compiled = codegen::compiled(db, DefId::new(db, def.clone())).as_ref()?;
    compiled.chunks.iter().find(|(name, _)| name == symbol).map(|(_, chunk)| chunk.clone())
}

/// Modules whose edits may change an answer of the entry.
pub(crate) fn consulted(head: &Head) -> Vec<Name> {
    let loose = head.loose.iter().filter_map(|(question, _)| Some(definition_of(question)?.module().clone()));
    let mut modules: Vec<Name> = head.deps.iter().map(|(module, _)| module.clone()).chain(loose).collect();
    modules.sort();
    modules.dedup();
    modules
}

fn mvars(db: &dyn Db, file: File) -> Vec<Name> {
    let tree = hir::query::item_tree(db, file);
    tree.modules.iter().flat_map(|module| &module.mvars).map(|item| item.def.symbol().clone()).collect()
}

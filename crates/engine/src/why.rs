//! Why something was recalled or computed, and what differs between two builds; in words.
//!
//! Input: reasons of the database, dumps. Output: sentences for people.

use base_db::{Name, codec};
use database::{Reason, UnitDump, Workspace};
use hir::TemplateQuestion;
use types::Question;

use crate::Engine;

/// What became of the modules of the last update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// One item a file, sorted by path.
    pub items: Vec<WhyItem>,
}

/// What became of one file's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyItem {
    /// Path of the file.
    pub path: String,
    /// Its entry answered.
    pub recalled: bool,
    /// What sort of reason, one word: `recalled`, `text`, `answer`, `imports`, `new`, `build`, `errors`, `evicted`,
    /// `damaged`, `cycle`, `no-store`.
    pub cause: String,
    /// The reason, one clause.
    pub reason: String,
}

impl Engine {
    /// For each file: recalled or computed in the last update, and why.
    pub fn why(&mut self) -> Why {
        self.update();
        let computed = self.computed();
        self.why_of(&computed)
    }

    /// As [`Engine::why`]; but if nothing differs from what the last run left, it tells about the last run that computed
    /// something, even if that was another process.
    pub fn why_last_run(&mut self) -> Why {
        self.update();
        let mut computed = self.computed();
        if computed.is_empty() {
            computed = self.workspace().note().and_then(|note| codec::decode(&note)).unwrap_or_default();
        }
        self.why_of(&computed)
    }

    fn why_of(&mut self, computed: &[Computed]) -> Why {
        let reasons = self.workspace().reasons();
        let paths = reasons.into_iter().map(|(path, _)| path).filter(|path| !path.starts_with('<'));
        let items = paths.map(|path| match computed.binary_search_by(|(other, ..)| other.cmp(&path)) {
            Ok(at) => {
                let (_, cause, reason) = &computed[at];
                WhyItem { path: path.to_string(), recalled: false, cause: cause.clone(), reason: reason.clone() }
            }
            Err(_) => WhyItem {
                path: path.to_string(),
                recalled: true,
                cause: "recalled".to_owned(),
                reason: "text and all recorded answers are unchanged".to_owned(),
            },
        });
        Why { items: items.collect() }
    }

    /// Files whose units the last update computed, with the reason in words.
    fn computed(&mut self) -> Vec<Computed> {
        self.workspace().settled(computed)
    }

    /// Leaves the reasons of the last update for a later process that asks.
    pub(crate) fn keep_reasons(&mut self) {
        if self.workspace().stats().units_computed > 0 {
            let computed = self.computed();
            self.workspace().keep_note(&codec::encode(&computed));
        }
    }
}

/// Path, cause and reason of a file whose unit was computed.
type Computed = (Name, String, String);

fn computed(workspace: &mut Workspace) -> Vec<Computed> {
    let computed = workspace.computed().into_iter().filter(|(path, _)| !path.starts_with('<'));
    let mut computed: Vec<Computed> =
        computed.map(|(path, reason)| (path, cause(&reason).to_owned(), sentence(&reason, workspace))).collect();
    computed.sort();
    computed
}

/// A reason in one word.
fn cause(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoStore => "no-store",
        Reason::New => "new",
        Reason::OtherBuild => "build",
        Reason::TextChanged(_) => "text",
        Reason::Answer(_) => "answer",
        Reason::Imports => "imports",
        Reason::Damaged => "damaged",
        Reason::Evicted => "evicted",
        Reason::Cycle => "cycle",
        Reason::HadErrors => "errors",
    }
}

/// A reason in words.
fn sentence(reason: &Reason, workspace: &mut Workspace) -> String {
    match reason {
        Reason::Answer(Question::Signature(def)) => match workspace.signature_change(def) {
            Some((before, now)) if before != now => {
                format!("signature of `{}` was `{before}`, is `{now}`", def.qualified())
            }
            _ => format!("signature of `{}` changed", def.qualified()),
        },
        Reason::NoStore => "there is no store".to_owned(),
        Reason::New => "new: the last run did not know it".to_owned(),
        Reason::TextChanged(paths) => {
            format!("text changed: {}", paths.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", "))
        }
        Reason::Answer(question) => answer_changed(question),
        Reason::Imports => "an import conflicts or is missing now".to_owned(),
        Reason::Damaged => "its entry was damaged".to_owned(),
        Reason::Cycle => "its entry and another one rely on each other".to_owned(),
        Reason::HadErrors => "it had errors, so there is no entry".to_owned(),
        Reason::Evicted => "its entry was evicted".to_owned(),
        Reason::OtherBuild => "its entry was made by another build of the compiler".to_owned(),
    }
}

fn answer_changed(question: &Question) -> String {
    let module = |module: &str| if module.is_empty() { "this file".to_owned() } else { format!("`{module}`") };
    match question {
        Question::Resolve { module: at, name } => format!("`{name}` means something else in {}", module(at)),
        Question::Exported { module: at, name } => format!("what {} shows as `{name}` changed", module(at)),
        Question::Module(name) => format!("module `{name}` appeared or disappeared"),
        Question::Qualifier { of, .. } => format!("what the qualifier `{of}` stands for changed"),
        Question::Signature(def) => format!("signature of `{}` changed", def.qualified()),
        Question::Type(def) | Question::TypeShape(def) => format!("type `{}` changed", def.qualified()),
        Question::Trait(def) => format!("trait `{}` changed", def.qualified()),
        Question::Impl(def) => format!("impl `{}` changed", def.qualified()),
        Question::ImplsOf(def) => format!("the set of impls of `{}` changed", def.qualified()),
        Question::MethodsNamed(name) => format!("the set of methods named `{name}` changed"),
        Question::Template(TemplateQuestion::Elsewhere { name, .. }) => {
            format!("another module has the template `{name}` now")
        }
        Question::Template(TemplateQuestion::Text { module, name }) => {
            format!("the template `{name}` of `{module}` changed")
        }
    }
}

/// One line for each difference between two builds of the same texts.
pub(crate) fn differences(warm: &[UnitDump], cold: &[UnitDump]) -> Vec<String> {
    let mut found = Vec::new();
    let path = |dump: &UnitDump| dump.files.first().map(ToString::to_string).unwrap_or_default();
    for (a, b) in warm.iter().zip(cold) {
        if a == b {
            continue;
        }
        if a.files != b.files {
            found.push(format!("unit of {}: files {:?} warm, {:?} cold", path(a), a.files, b.files));
            continue;
        }
        if a.problems != b.problems {
            found.push(format!("{}: {} problems warm, {} cold", path(a), a.problems.len(), b.problems.len()));
        }
        for (name, fingerprint, bytes) in &a.interface {
            match b.interface.iter().find(|(other, ..)| other == name) {
                None => found.push(format!("{}: signature of {name} only warm", path(a))),
                Some((_, other, cold)) if (other, cold) != (fingerprint, bytes) => {
                    found.push(format!("{}: signature of {name} differs", path(a)));
                }
                Some(_) => {}
            }
        }
        for (symbol, bytes) in &a.code {
            match b.code.iter().find(|(other, _)| other == symbol) {
                None => found.push(format!("{}: chunk {symbol} only warm", path(a))),
                Some((_, cold)) if cold != bytes => found.push(format!("{}: chunk {symbol} differs", path(a))),
                Some(_) => {}
            }
        }
        if a.interface.len() != b.interface.len() || a.code.len() != b.code.len() {
            found.push(format!(
                "{}: {} signatures and {} chunks warm, {} and {} cold",
                path(a),
                a.interface.len(),
                a.code.len(),
                b.interface.len(),
                b.code.len()
            ));
        }
    }
    if warm.len() != cold.len() {
        found.push(format!("{} units warm, {} cold", warm.len(), cold.len()));
    }
    found
}

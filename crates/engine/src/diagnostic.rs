//! Problems with places: what a terminal, an editor or a test shows.
//!
//! Input: problems as ids, syntax errors as ranges. Output: [`Diagnostic`]s in a stable order. Plain data.

use std::sync::Arc;

use base_db::{File, Name, SourceDb};
use database::Workspace;
use hir::problem::{Problem, Severity as HirSeverity};
use rustc_hash::FxHashMap;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not run.
    Error,
    /// The program runs.
    Warning,
    /// A consequence of an error elsewhere.
    Note,
}

impl Severity {
    /// `error`, `warning`, `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Path for people: relative to where the project was opened from.
    pub file: String,
    /// Start, in bytes into the text.
    pub start: u32,
    /// End, in bytes, excluded.
    pub end: u32,
    /// Line of the start, from 1.
    pub line: u32,
    /// Column of the start in characters, from 1.
    pub column: u32,
    /// Line of the end, from 1.
    pub end_line: u32,
    /// Column of the end in characters, from 1.
    pub end_column: u32,
    /// The whole text of the file, for excerpts.
    pub text: Arc<str>,
}

/// A problem, placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable code, `E0301`.
    pub code: String,
    /// One clause, no final dot.
    pub message: String,
    /// Where; `None`: the project as a whole.
    pub location: Option<Location>,
    /// Short text at the place; may be empty.
    pub label: String,
    /// Further lines.
    pub notes: Vec<String>,
    /// Other places that explain it.
    pub related: Vec<(Location, String)>,
    /// What to write instead.
    pub help: Option<String>,
}

/// Code of all syntax errors.
const SYNTAX: &str = "E0001";

/// All diagnostics of a workspace after an update, by file, then place; each once.
pub(crate) fn collect(workspace: &mut Workspace, display: &dyn Fn(&str) -> String) -> Vec<Diagnostic> {
    let problems = workspace.problems();
    let with_syntax_errors = workspace.files_with_errors();
    if problems.is_empty() && with_syntax_errors.is_empty() {
        return Vec::new();
    }
    let db = workspace.database();
    let mut lines: FxHashMap<File, Lines> = FxHashMap::default();
    let mut locate = |file: File, range: text_size::TextRange| -> Location {
        let lines = lines.entry(file).or_insert_with(|| Lines::new(base_db::text(db, file)));
        lines.location(display(file.path(db)), range.start().into(), range.end().into())
    };
    let mut found: Vec<(Option<Name>, Diagnostic)> = Vec::new();
    for path in with_syntax_errors {
        let Some(file) = db.project().file(db, &path) else { continue };
        for error in hir::syntax_problems(db, file).iter() {
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                code: SYNTAX.to_owned(),
                message: error.message.clone(),
                location: Some(locate(file, error.range)),
                label: String::new(),
                notes: error.notes.clone(),
                related: Vec::new(),
                help: error.help.clone(),
            };
            found.push((Some(path.clone()), diagnostic));
        }
    }
    for problem in problems {
        let place = hir::place_range(db, &problem.place);
        let Problem { code, severity, message, label, notes, related, help, .. } = problem;
        let related = related.into_iter().filter_map(|(place, text)| {
            let (file, range) = hir::place_range(db, &place)?;
            Some((locate(file, range), text))
        });
        let diagnostic = Diagnostic {
            severity: match severity {
                HirSeverity::Error => Severity::Error,
                HirSeverity::Warning => Severity::Warning,
                HirSeverity::Note => Severity::Note,
            },
            code: code.to_string(),
            message,
            related: related.collect(),
            location: place.map(|(file, range)| locate(file, range)),
            label,
            notes,
            help,
        };
        found.push((place.map(|(file, _)| file.path(db).clone()), diagnostic));
    }
    found.sort_by(|(a_path, a), (b_path, b)| {
        let key = |d: &Diagnostic| (d.location.as_ref().map(|l| (l.start, l.end)), d.severity);
        (a_path, key(a), &a.message).cmp(&(b_path, key(b), &b.message))
    });
    let mut found: Vec<Diagnostic> = found.into_iter().map(|(_, diagnostic)| diagnostic).collect();
    found.dedup();
    found
}

/// A text that knows where its lines start: there may be as many places to find in it as it has lines.
struct Lines {
    text: Arc<str>,
    /// Offsets of the lines, ascending; the first is 0.
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: Arc<str>) -> Lines {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// Lines and columns of a range. Offsets past the end are the end.
    fn location(&self, file: String, start: u32, end: u32) -> Location {
        let end = end.max(start);
        let ((line, column), (end_line, end_column)) = (self.position(start), self.position(end));
        Location { file, start, end, line, column, end_line, end_column, text: Arc::clone(&self.text) }
    }

    fn position(&self, offset: u32) -> (u32, u32) {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        (line as u32, column as u32)
    }
}

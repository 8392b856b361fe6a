//! Diagnostics as text with source excerpts, and as JSON lines.
//!
//! Input: diagnostics of the engine. Output: strings; nothing is printed here.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use ithaca::{Diagnostic, Location, Severity, Statistics};

/// Framed text of one diagnostic, with a final line break.
pub(crate) fn framed(diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let mut group = match &diagnostic.location {
        Some(location) => {
            let mut annotation = AnnotationKind::Primary.span(span(location));
            if !diagnostic.label.is_empty() {
                annotation = annotation.label(diagnostic.label.as_str());
            }
            let mut snippet = Snippet::source(&*location.text).path(location.file.as_str()).annotation(annotation);
            for (other, label) in diagnostic.related.iter().filter(|(other, _)| other.file == location.file) {
                snippet = snippet.annotation(AnnotationKind::Context.span(span(other)).label(label.as_str()));
            }
            title.element(snippet)
        }
        None => Group::with_title(title),
    };
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    let here = diagnostic.location.as_ref().map(|location| &location.file);
    for (other, label) in diagnostic.related.iter().filter(|(other, _)| Some(&other.file) != here) {
        let snippet = Snippet::source(&*other.text)
            .path(other.file.as_str())
            .annotation(AnnotationKind::Primary.span(span(other)));
        groups.push(Level::NOTE.secondary_title(label.as_str()).element(snippet));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups) + "\n"
}

fn span(location: &Location) -> std::ops::Range<usize> {
    let end = (location.end as usize).min(location.text.len());
    (location.start as usize).min(end)..end
}

/// One JSON object on one line: `file line column endLine endColumn severity kind message notes related hint`.
pub(crate) fn json(diagnostic: &Diagnostic) -> String {
    let place = |location: &Location| {
        serde_json::json!({
            "file": location.file,
            "line": location.line,
            "column": location.column,
            "endLine": location.end_line,
            "endColumn": location.end_column,
        })
    };
    let mut object = match &diagnostic.location {
        Some(location) => place(location),
        None => serde_json::json!({ "file": null, "line": 0, "column": 0, "endLine": 0, "endColumn": 0 }),
    };
    let related = diagnostic.related.iter().map(|(location, message)| {
        let mut object = place(location);
        object["message"] = message.as_str().into();
        object
    });
    object["severity"] = diagnostic.severity.as_str().into();
    object["kind"] = diagnostic.code.as_str().into();
    object["message"] = diagnostic.message.as_str().into();
    object["notes"] = diagnostic.notes.clone().into();
    object["related"] = related.collect::<Vec<_>>().into();
    object["hint"] = diagnostic.help.clone().into();
    object.to_string()
}

/// Statistics as one line of JSON or as a table, with a final line break.
pub(crate) fn statistics(statistics: &Statistics, json: bool) -> String {
    let value = serde_json::to_value(statistics).unwrap_or_default();
    if json {
        return format!("{value}\n");
    }
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name:>16} {value}\n")).collect()
}

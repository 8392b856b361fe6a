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
            let here: Vec<&(Location, String)> =
                diagnostic.related.iter().filter(|(other, _)| other.file == location.file).collect();
            let excerpt = Excerpt::around(location, here.iter().map(|(other, _)| other));
            let mut annotation = AnnotationKind::Primary.span(excerpt.span(location));
            if !diagnostic.label.is_empty() {
                annotation = annotation.label(diagnostic.label.as_str());
            }
            let mut snippet = excerpt.snippet().path(location.file.as_str()).annotation(annotation);
            for (other, label) in here {
                snippet = snippet.annotation(AnnotationKind::Context.span(excerpt.span(other)).label(label.as_str()));
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
        let excerpt = Excerpt::around(other, []);
        let snippet =
            excerpt.snippet().path(other.file.as_str()).annotation(AnnotationKind::Primary.span(excerpt.span(other)));
        groups.push(Level::NOTE.secondary_title(label.as_str()).element(snippet));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups) + "\n"
}

/// The lines that a diagnostic is about, with one before and one behind. The renderer reads all of the text that it is
/// given, and a file may have as many mistakes as lines.
struct Excerpt<'t> {
    text: &'t str,
    /// Byte offset of the excerpt in its file.
    start: usize,
    /// Number of its first line.
    line: usize,
}

impl<'t> Excerpt<'t> {
    /// The lines of a place and of others in the same file.
    fn around<'l>(place: &'t Location, others: impl IntoIterator<Item = &'l Location>) -> Excerpt<'t> {
        let bytes = place.text.as_bytes();
        let mut first = place;
        let mut end = place.end as usize;
        for other in others {
            end = end.max(other.end as usize);
            if other.start < first.start {
                first = other;
            }
        }
        let feed_before = |at: usize| bytes[..at].iter().rposition(|&byte| byte == b'\n');
        let feed_behind = |at: usize| bytes[at..].iter().position(|&byte| byte == b'\n').map(|n| at + n);
        let (start, line) = match feed_before((first.start as usize).min(bytes.len())) {
            Some(feed) => (feed_before(feed).map_or(0, |feed| feed + 1), first.line as usize - 1),
            None => (0, 1),
        };
        let end = feed_behind(end.min(bytes.len()))
            .and_then(|feed| feed_behind(feed + 1))
            .map_or(bytes.len(), |feed| feed + 1);
        Excerpt { text: &place.text[start..end], start, line }
    }

    fn snippet(&self) -> Snippet<'t, annotate_snippets::Annotation<'t>> {
        Snippet::source(self.text).line_start(self.line)
    }

    fn span(&self, location: &Location) -> std::ops::Range<usize> {
        let inside = |offset: u32| (offset as usize).saturating_sub(self.start).min(self.text.len());
        inside(location.start)..inside(location.end)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "f(x) =\n  x + é\n\n\ng() = {\n  h(1,\n    2)\n}\n";

    fn place(start: usize, end: usize) -> Location {
        let at = |offset: usize| {
            let before = &TEXT[..offset];
            let line = before.matches('\n').count() as u32 + 1;
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count() as u32 + 1;
            (line, column)
        };
        let ((line, column), (end_line, end_column)) = (at(start), at(end));
        let (file, text) = ("main.nos".to_owned(), TEXT.into());
        Location { file, start: start as u32, end: end as u32, line, column, end_line, end_column, text }
    }

    /// What the renderer makes of the whole text.
    fn framed_in_whole_text(diagnostic: &Diagnostic) -> String {
        let primary = diagnostic.location.as_ref().expect("a place");
        let range = |place: &Location| place.start as usize..place.end as usize;
        let mut snippet =
            Snippet::source(TEXT).path("main.nos").annotation(AnnotationKind::Primary.span(range(primary)));
        for (other, label) in &diagnostic.related {
            snippet = snippet.annotation(AnnotationKind::Context.span(range(other)).label(label));
        }
        let group = Level::ERROR.primary_title("no").id("E").element(snippet);
        Renderer::plain().render(&[group]) + "\n"
    }

    #[test]
    fn an_excerpt_is_framed_like_the_whole_text() {
        let offsets: Vec<usize> = (0..=TEXT.len()).filter(|&at| TEXT.is_char_boundary(at)).collect();
        for (n, &start) in offsets.iter().enumerate() {
            for &end in &offsets[n..] {
                for related in [None, Some(place(0, 1)), Some(place(start / 8, start / 8)), Some(place(end, end))] {
                    let diagnostic = Diagnostic {
                        severity: Severity::Error,
                        code: "E".to_owned(),
                        message: "no".to_owned(),
                        location: Some(place(start, end)),
                        label: String::new(),
                        notes: Vec::new(),
                        related: related.into_iter().map(|place| (place, "here".to_owned())).collect(),
                        help: None,
                    };
                    assert_eq!(framed(&diagnostic, false), framed_in_whole_text(&diagnostic), "{start}..{end}");
                }
            }
        }
    }
}

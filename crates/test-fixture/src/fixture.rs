//! The fixture language: several annotated files in one string literal.
//!
//! Input: the literal of a test. Output: a [`Fixture`] with the files, the cursor and the annotations.
//!
//! ```text
//! //- /main.nos
//! use list2.{pick}
//! main() = pick($0[1, 2]) + missing
//!                         # ^^^^^^^ error[E0301]: unknown variable `missing`
//! //- /list2.nos
//! pub pick(xs) = 1
//! #<^^ note: starts where the `#` stands
//! ```
//!
//! - `//- /path` opens a file; the path is kept without its leading slash. Text before the first header (or all of
//!   it, if there is none) is the file `main.nos`. Nostos comments start with `#`, so a header cannot be Nostos text.
//! - `$0` is the cursor, at most one in the whole fixture; it is removed from the text.
//! - A line that holds only `#`, blanks and a run of `^` is an annotation of the nearest line above that is not an
//!   annotation. The carets stand under the characters they mean; the rest of the line is the message. `#<^^` begins
//!   under the `#` itself, for ranges at the start of a line. A following line `#   | more` continues the message.
//! - Annotation lines are comments of the language and stay in the text, so offsets into [`FixtureFile::text`] need no
//!   translation.
//!
//! Invariant: a malformed fixture is a mistake in a test and panics with the offending line.

use std::ops::Range;

/// The parsed fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// In the order of the headers.
    pub files: Vec<FixtureFile>,
    /// Where `$0` stood.
    pub cursor: Option<Cursor>,
}

/// One file of a fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixtureFile {
    /// Relative to the project, `/`-separated, without a leading slash.
    pub path: String,
    /// Annotation lines included, `$0` removed; ends with a newline unless empty.
    pub text: String,
    /// In the order of their lines, then of their columns.
    pub annotations: Vec<Annotation>,
}

/// What a test says about a range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Bytes, half open, into the text of the file.
    pub range: Range<usize>,
    /// Lines joined by `\n`, outer blanks removed.
    pub message: String,
}

/// The place of `$0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Index into [`Fixture::files`].
    pub file: usize,
    /// Bytes into the text of that file.
    pub offset: usize,
}

const HEADER: &str = "//- ";
const CURSOR: &str = "$0";
const IMPLICIT_PATH: &str = "main.nos";

impl Fixture {
    /// Parses a fixture; see the module documentation for the language.
    ///
    /// # Panics
    /// On a header without a path, a path that occurs twice, a second cursor, an annotation above which no line stands,
    /// or one that reaches past the end of its line.
    pub fn parse(source: &str) -> Fixture {
        let mut fixture = Fixture { files: Vec::new(), cursor: None };
        for (path, text) in split(source) {
            assert!(!path.is_empty(), "a fixture header needs a path: `//- /main.nos`");
            assert!(fixture.files.iter().all(|file| file.path != path), "the fixture has two files `{path}`");
            let text = fixture.take_cursor(text);
            let annotations = annotations(&text);
            fixture.files.push(FixtureFile { path, text, annotations });
        }
        fixture
    }

    /// `(path, text)` of every file, as project loaders take them.
    pub fn into_files(self) -> Vec<(String, String)> {
        self.files.into_iter().map(|file| (file.path, file.text)).collect()
    }

    /// The file called `path`.
    pub fn file(&self, path: &str) -> Option<&FixtureFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn take_cursor(&mut self, text: String) -> String {
        let Some(offset) = text.find(CURSOR) else { return text };
        let rest = &text[offset + CURSOR.len()..];
        assert!(self.cursor.is_none() && !rest.contains(CURSOR), "a fixture has at most one `$0`");
        self.cursor = Some(Cursor { file: self.files.len(), offset });
        format!("{}{rest}", &text[..offset])
    }
}

/// `(path, text)` per header. A leading blank line, as raw string literals have it, belongs to no file.
fn split(source: &str) -> Vec<(String, String)> {
    let source = source.strip_prefix('\n').unwrap_or(source);
    let mut files: Vec<(String, String)> = Vec::new();
    for line in source.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix(HEADER) {
            files.push((path.trim().trim_start_matches('/').to_owned(), String::new()));
            continue;
        }
        if files.is_empty() {
            files.push((IMPLICIT_PATH.to_owned(), String::new()));
        }
        if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            if !line.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    files
}

/// The annotations of one text.
fn annotations(text: &str) -> Vec<Annotation> {
    let mut found: Vec<Annotation> = Vec::new();
    // The nearest line above that is no annotation: its start and its text.
    let mut target: Option<(usize, &str)> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        match AnnotationLine::parse(content) {
            Some(AnnotationLine::Carets { columns, message }) => {
                let (start, annotated) = target.unwrap_or_else(|| panic!("nothing above the annotation `{content}`"));
                let byte = |column| start + byte_of_column(annotated, column, content);
                let range = byte(columns.start)..byte(columns.end);
                found.push(Annotation { range, message: message.to_owned() });
            }
            Some(AnnotationLine::Continuation(more)) if found.last().is_some() => {
                if let Some(annotation) = found.last_mut() {
                    annotation.message.push('\n');
                    annotation.message.push_str(more);
                }
            }
            _ => target = Some((offset, content)),
        }
        offset += line.len();
    }
    found.sort_by_key(|annotation| (annotation.range.start, annotation.range.end));
    found
}

enum AnnotationLine<'a> {
    /// Columns are counted in characters.
    Carets {
        columns: Range<usize>,
        message: &'a str,
    },
    Continuation(&'a str),
}

impl AnnotationLine<'_> {
    fn parse(line: &str) -> Option<AnnotationLine<'_>> {
        let hash = line.find(|c: char| !c.is_whitespace())?;
        let after_hash = line[hash..].strip_prefix('#')?;
        if let Some(rest) = after_hash.strip_prefix("<^") {
            let carets = 1 + rest.len() - rest.trim_start_matches('^').len();
            let columns = hash..hash + 2 + carets;
            return Some(AnnotationLine::Carets { columns, message: rest.trim_start_matches('^').trim() });
        }
        let rest = after_hash.trim_start_matches(' ');
        let start = line.len() - rest.len();
        if let Some(more) = rest.strip_prefix("| ") {
            return Some(AnnotationLine::Continuation(more.trim()));
        }
        let message = rest.trim_start_matches('^');
        let carets = rest.len() - message.len();
        (carets > 0).then(|| AnnotationLine::Carets { columns: start..start + carets, message: message.trim() })
    }
}

/// Byte offset of a column of `line`; one past the last character is the end of the line.
fn byte_of_column(line: &str, column: usize, annotation: &str) -> usize {
    let mut ends = line.char_indices().map(|(byte, _)| byte).chain([line.len()]);
    ends.nth(column).unwrap_or_else(|| panic!("`{annotation}` reaches past the end of `{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[(&str, &str, &str)]) {
        let fixture = Fixture::parse(source);
        let found: Vec<(&str, &str, &str)> = fixture
            .files
            .iter()
            .flat_map(|file| {
                file.annotations.iter().map(|annotation| {
                    (file.path.as_str(), &file.text[annotation.range.clone()], annotation.message.as_str())
                })
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn text_without_a_header_is_main() {
        let fixture = Fixture::parse("\nmain() = 1\n");
        assert_eq!(fixture.into_files(), [("main.nos".to_owned(), "main() = 1\n".to_owned())]);
    }

    #[test]
    fn headers_open_files() {
        let fixture = Fixture::parse("//- /main.nos\nmain() = 1\n//- /geo/shapes.nos\npub f() = 2");
        assert_eq!(
            fixture.into_files(),
            [
                ("main.nos".to_owned(), "main() = 1\n".to_owned()),
                ("geo/shapes.nos".to_owned(), "pub f() = 2\n".to_owned()),
            ]
        );
    }

    #[test]
    fn the_cursor_is_removed_and_remembered() {
        let fixture = Fixture::parse("//- /a.nos\nf() = 1\n//- /b.nos\ng() = $0f()\n");
        assert_eq!(fixture.cursor, Some(Cursor { file: 1, offset: 6 }));
        assert_eq!(fixture.files[1].text, "g() = f()\n");
    }

    #[test]
    fn carets_mean_the_line_above() {
        check("main() = list.maap(xs)\n              #^^^ unknown member\n", &[("main.nos", "aap", "unknown member")]);
        check("f(x) = y\n#      ^ unknown variable `y`\n", &[("main.nos", "y", "unknown variable `y`")]);
    }

    #[test]
    fn several_annotations_share_a_line() {
        check(
            "f(xs) = a + bb\n#       ^ first\n#           ^^ second\n#              | and more\n",
            &[("main.nos", "a", "first"), ("main.nos", "bb", "second\nand more")],
        );
    }

    #[test]
    fn ranges_at_the_start_of_a_line_begin_under_the_hash() {
        check("total = 1\n#<^^^ here\n", &[("main.nos", "total", "here")]);
    }

    #[test]
    fn columns_are_characters_and_ranges_are_bytes() {
        check("f() = \"äö\" ++ x\n#             ^ unknown\n", &[("main.nos", "x", "unknown")]);
    }

    #[test]
    fn ordinary_comments_are_no_annotations() {
        check("# a comment\n#\nf() = 1 # ^ not at the start\n", &[]);
    }
}

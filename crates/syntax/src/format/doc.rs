//! A document of text and possible line breaks, and the printer that decides which of them become real.
//!
//! Input: a [`Doc`]. Output: text of at most [`WIDTH`] columns where the breaks allow it.
//!
//! A group is printed on one line if it fits up to its first certain line end; else its own lines break, while the
//! groups inside decide for themselves. A certain line end inside does not break the groups around it: that is why
//! `xs.each(x => {` stays together. What follows a group counts only up to the first place where it may break itself.
//!
//! Invariant: nothing but a line end follows a line comment.

/// Columns of a line.
pub(super) const WIDTH: usize = 100;
const INDENT: usize = 2;

#[derive(Debug)]
pub(super) enum Doc<'t> {
    Text(&'t str),
    /// A space, or a line end if the group breaks.
    Line,
    /// Nothing, or a line end if the group breaks.
    SoftLine,
    /// A line end.
    Hard,
    /// A line end and an empty line.
    Blank,
    /// Text that is printed only if the group breaks, or only if it does not.
    IfBreak {
        broken: &'static str,
        flat: &'static str,
    },
    /// A comment. `own_line`: on a line of its own. `line`: it reaches to the end of the line.
    Comment {
        text: &'t str,
        own_line: bool,
        line: bool,
    },
    Concat(Vec<Doc<'t>>),
    /// `broken`: breaks even if it would fit.
    Group {
        content: Vec<Doc<'t>>,
        broken: bool,
    },
    /// One level deeper, if the group breaks.
    Indent(Vec<Doc<'t>>),
    /// What follows `=`, `->` or `=>`: after a space if it fits there, else on the next line, one level deeper.
    /// `keeps`: if it fits on neither, it stays and breaks inside.
    Value {
        content: Vec<Doc<'t>>,
        keeps: bool,
    },
    /// Never breaks, as far as that can be chosen.
    Flat(Vec<Doc<'t>>),
}

impl<'t> Doc<'t> {
    pub(super) fn broken(content: Vec<Doc<'t>>) -> Doc<'t> {
        Doc::Group { content, broken: true }
    }
}

/// Line ends that were asked for and not printed yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    None,
    Line,
    Blank,
}

#[derive(Clone, Copy)]
struct Entry<'d, 't> {
    indent: usize,
    broken: bool,
    /// Groups do not break, unless they must.
    flat: bool,
    doc: &'d Doc<'t>,
}

/// Lays out `doc`.
pub(super) fn print(doc: &Doc<'_>, capacity: usize) -> String {
    let mut printer = Printer { out: String::with_capacity(capacity), column: 0, pending: Pending::None };
    let mut stack = vec![Entry { indent: 0, broken: true, flat: false, doc }];
    while let Some(Entry { indent, broken, flat, doc }) = stack.pop() {
        match doc {
            Doc::Text(text) => printer.text(text, indent),
            Doc::Line if broken => printer.ask(Pending::Line),
            Doc::Line => printer.space(),
            Doc::SoftLine if broken => printer.ask(Pending::Line),
            Doc::SoftLine => {}
            Doc::Hard => printer.ask(Pending::Line),
            Doc::Blank => printer.ask(Pending::Blank),
            Doc::IfBreak { broken: text, flat: other } => printer.text(if broken { text } else { other }, indent),
            Doc::Comment { text, own_line, line } => {
                if *own_line {
                    printer.ask(Pending::Line);
                } else {
                    printer.space();
                }
                printer.text(text, indent);
                if *line || *own_line {
                    printer.ask(Pending::Line);
                } else {
                    printer.space();
                }
            }
            Doc::Concat(docs) => stack.extend(docs.iter().rev().map(|doc| Entry { indent, broken, flat, doc })),
            Doc::Flat(docs) => {
                stack.extend(docs.iter().rev().map(|doc| Entry { indent, broken: false, flat: true, doc }));
            }
            Doc::Indent(docs) => {
                let indent = if broken { indent + INDENT } else { indent };
                stack.extend(docs.iter().rev().map(|doc| Entry { indent, broken, flat, doc }));
            }
            Doc::Group { content, broken } => {
                let from = if printer.pending > Pending::None { indent } else { printer.column };
                let broken = *broken || !flat && !fits(content, &stack, indent, WIDTH.saturating_sub(from));
                stack.extend(content.iter().rev().map(|doc| Entry { indent, broken, flat, doc }));
            }
            Doc::Value { content, keeps } => {
                let deeper = indent + INDENT;
                let here = flat || fits(content, &stack, indent, WIDTH.saturating_sub(printer.column + 1));
                let stays = here || *keeps && !fits(content, &stack, deeper, WIDTH.saturating_sub(deeper));
                if stays {
                    printer.space();
                } else {
                    printer.ask(Pending::Line);
                }
                let indent = if stays { indent } else { deeper };
                stack.extend(content.iter().rev().map(|doc| Entry { indent, broken: !here, flat, doc }));
            }
        }
    }
    printer.out.truncate(printer.out.trim_end().len());
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

/// Whether `content` printed flat, and what follows it up to the next line end, needs at most `room` columns.
fn fits(content: &[Doc<'_>], rest: &[Entry<'_, '_>], indent: usize, room: usize) -> bool {
    let mut room = room;
    let entry = |doc, broken| Entry { indent, broken, flat: false, doc };
    let mut stack: Vec<Entry<'_, '_>> = content.iter().rev().map(|doc| entry(doc, false)).collect();
    let mut rest = rest.iter().rev();
    loop {
        let Some(Entry { broken, doc, .. }) = stack.pop().or_else(|| rest.next().copied()) else { return true };
        let width = match doc {
            Doc::Text(text) => match text.find('\n') {
                Some(end) => return text[..end].chars().count() <= room,
                None => text.chars().count(),
            },
            Doc::Line | Doc::SoftLine if broken => return true,
            Doc::Line => 1,
            Doc::SoftLine => 0,
            Doc::Hard | Doc::Blank => return true,
            Doc::IfBreak { broken: text, flat: other } => if broken { text } else { other }.len(),
            // Comments may be longer than the line; they never make code break.
            Doc::Comment { .. } => return true,
            Doc::Concat(docs) | Doc::Indent(docs) => {
                stack.extend(docs.iter().rev().map(|doc| entry(doc, broken)));
                0
            }
            Doc::Flat(docs) => {
                stack.extend(docs.iter().rev().map(|doc| entry(doc, false)));
                0
            }
            Doc::Group { content, broken: must } => {
                stack.extend(content.iter().rev().map(|doc| entry(doc, *must || broken)));
                0
            }
            // What follows may still begin on a new line.
            Doc::Value { .. } if broken => return true,
            Doc::Value { content, .. } => {
                stack.extend(content.iter().rev().map(|doc| entry(doc, false)));
                1
            }
        };
        if width > room {
            return false;
        }
        room -= width;
    }
}

struct Printer {
    out: String,
    column: usize,
    pending: Pending,
}

impl Printer {
    fn ask(&mut self, pending: Pending) {
        if !self.out.is_empty() {
            self.pending = self.pending.max(pending);
        }
    }

    fn space(&mut self) {
        if self.pending == Pending::None && !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
            self.column += 1;
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if text.is_empty() {
            return;
        }
        if self.pending > Pending::None {
            let end = self.out.trim_end_matches(' ').len();
            self.out.truncate(end);
            self.out.push('\n');
            if self.pending == Pending::Blank {
                self.out.push('\n');
            }
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.column = indent;
            self.pending = Pending::None;
            if text == " " {
                return;
            }
        }
        self.out.push_str(text);
        self.column = match text.rfind('\n') {
            Some(at) => text[at + 1..].chars().count(),
            None => self.column + text.chars().count(),
        };
    }
}

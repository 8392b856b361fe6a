//! The formatter.
//!
//! Input: a [`Parse`] without errors. Output: the text in the one layout of the language, at most 100 columns where
//! the grammar allows a line to end.
//!
//! Line ends mean something in this language, so the layout keeps what the author broke and only adds breaks where a
//! line is too long: a list that begins on a new line stays vertical, a body below its `=` stays below. Comments and
//! single empty lines stay. Tokens stay as they are, except separators that the grammar makes optional: those between
//! statements and arms, commas before a closer, the bar before the first variant.
//!
//! Invariants: formatting twice changes nothing; the tree of the result is the tree of the input. The second is
//! checked on each call, so a fault here can never change a program.

mod doc;
#[cfg(test)]
mod tests;

use crate::{Parse, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize, parse};
use SyntaxKind::*;
use doc::Doc;
use std::fmt;

/// Why a text was not formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// The text has syntax errors.
    Broken,
    /// The layout would have changed the program: a fault of the formatter.
    Unfaithful,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormatError::Broken => "the file has syntax errors",
            FormatError::Unfaithful => "the formatter cannot lay out this file without changing it",
        })
    }
}

impl std::error::Error for FormatError {}

/// Lays out a file.
///
/// # Errors
/// [`FormatError::Broken`] if the parse has errors; [`FormatError::Unfaithful`] never, unless the formatter is wrong.
pub fn format(source: &Parse) -> Result<String, FormatError> {
    if !source.errors().is_empty() {
        return Err(FormatError::Broken);
    }
    let root = source.syntax();
    let text = root.text().to_string();
    let mut formatter = Formatter { text: &text, done: TextSize::new(0), blanks: Blanks::AfterComment };
    let mut content = formatter.lines(&elements(&root));
    content.extend(formatter.comments_before(TextSize::of(&text)));
    let out = doc::print(&Doc::Concat(content), text.len() + text.len() / 8);
    let result = parse(&out);
    if result.errors().is_empty() && outline(&root) == outline(&result.syntax()) {
        Ok(out)
    } else {
        Err(FormatError::Unfaithful)
    }
}

/// What must not change.
#[derive(Default, PartialEq, Eq)]
struct Outline {
    /// Nodes and tokens in order, without trivia and optional separators.
    code: Vec<(SyntaxKind, String)>,
    /// Comments in order; they may move over a separator, into or out of a node.
    comments: Vec<String>,
}

fn outline(root: &SyntaxNode) -> Outline {
    let mut outline = Outline::default();
    for element in root.descendants_with_tokens() {
        match element {
            SyntaxElement::Node(node) => outline.code.push((node.kind(), String::new())),
            SyntaxElement::Token(token) if matches!(token.kind(), COMMENT | BLOCK_COMMENT) => {
                outline.comments.push(token.text().trim_end().to_owned());
            }
            SyntaxElement::Token(token) if !token.kind().is_trivia() && !is_optional(&token) => {
                outline.code.push((token.kind(), token.text().to_owned()));
            }
            SyntaxElement::Token(_) => {}
        }
    }
    outline
}

/// Separators that may come and go.
fn is_optional(token: &SyntaxToken) -> bool {
    let parent = token.parent().map_or(ERROR, |node| node.kind());
    match token.kind() {
        SEMICOLON | COLON => matches!(parent, BLOCK_EXPR | ARM_LIST),
        COMMA => true,
        PIPE => matches!(parent, ARM_LIST | MATCH_ARM | VARIANT_LIST),
        _ => false,
    }
}

/// Which empty lines are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    None,
    /// Between comments, and between a comment and the token after it.
    AfterComment,
    All,
}

struct Formatter<'t> {
    text: &'t str,
    /// Comments before this offset are in the document.
    done: TextSize,
    /// Which empty lines before the next token are kept.
    blanks: Blanks,
}

fn elements(node: &SyntaxNode) -> Vec<SyntaxElement> {
    node.children_with_tokens().filter(|element| !element.kind().is_trivia()).collect()
}

/// A line feed stands in the trivia before the element.
fn newline_before(element: &SyntaxElement) -> bool {
    let first = match element {
        SyntaxElement::Node(node) => node.first_token(),
        SyntaxElement::Token(token) => Some(token.clone()),
    };
    let mut before = first.and_then(|token| token.prev_token());
    while let Some(token) = before {
        match token.kind() {
            NEWLINE => return true,
            kind if kind.is_trivia() => before = token.prev_token(),
            _ => return false,
        }
    }
    false
}

/// A bracketed list, as far as its layout is concerned.
#[derive(Clone, Copy)]
struct Brackets {
    /// Spaces inside the brackets on one line.
    padded: bool,
    /// The grammar accepts a comma before the closer.
    trailing_comma: bool,
}

impl<'t> Formatter<'t> {
    // ---- Tokens and comments ----

    fn slice(&self, start: TextSize, end: TextSize) -> &'t str {
        &self.text[usize::from(start)..usize::from(end)]
    }

    /// The comments between the last token and `end`.
    fn comments_before(&mut self, end: TextSize) -> Vec<Doc<'t>> {
        let blanks = std::mem::replace(&mut self.blanks, Blanks::None);
        if end <= self.done {
            return Vec::new();
        }
        let gap = self.slice(self.done, end);
        self.done = end;
        let mut docs = Vec::new();
        // No comment is shorter than this, but the empty one at the end of a file.
        if gap.len() < 2 && gap != "#" {
            return docs;
        }
        let mut rest = gap;
        let mut lines = 0;
        let mut blank_here = blanks == Blanks::All;
        let mut own_line = self.at_start(gap);
        while let Some(start) = rest.find(['#', '\n']) {
            if rest.as_bytes()[start] == b'\n' {
                lines += 1;
                rest = &rest[start + 1..];
                continue;
            }
            let line = rest.as_bytes().get(start + 1) != Some(&b'*');
            let len = if line {
                rest[start..].find('\n').unwrap_or(rest.len() - start)
            } else {
                rest[start + 2..].find("*#").map_or(rest.len() - start, |n| n + 4)
            };
            let comment = rest[start..start + len].trim_end();
            if lines > 1 && blank_here {
                docs.push(Doc::Blank);
            }
            // What follows a comment on a line of its own gets one, too.
            own_line |= lines > 0;
            docs.push(Doc::Comment { text: comment, own_line, line });
            blank_here = blanks != Blanks::None;
            lines = 0;
            rest = &rest[start + len..];
        }
        if lines > 1 && blank_here {
            docs.push(Doc::Blank);
        } else if lines > 0 && !docs.is_empty() {
            docs.push(Doc::Hard);
        }
        docs
    }

    /// The gap is the beginning of the file.
    fn at_start(&self, gap: &str) -> bool {
        gap.as_ptr() == self.text.as_ptr()
    }

    fn has_comments(&self, end: TextSize) -> bool {
        end > self.done && self.slice(self.done, end).contains('#')
    }

    fn token(&mut self, token: &SyntaxToken) -> Doc<'t> {
        let range = token.text_range();
        let mut docs = self.comments_before(range.start());
        self.done = range.end();
        let text = Doc::Text(self.slice(range.start(), range.end()));
        if docs.is_empty() {
            return text;
        }
        docs.push(text);
        Doc::Concat(docs)
    }

    /// Leaves a token out, but not the comments before it.
    fn drop_token(&mut self, token: &SyntaxToken) -> Doc<'t> {
        let range = token.text_range();
        let blanks = self.blanks;
        let docs = self.comments_before(range.start());
        self.blanks = blanks;
        self.done = range.end();
        Doc::Concat(docs)
    }

    fn element(&mut self, element: &SyntaxElement) -> Doc<'t> {
        match element {
            SyntaxElement::Node(node) => self.node(node),
            SyntaxElement::Token(token) => self.token(token),
        }
    }

    /// The text of a range as it stands.
    fn verbatim(&mut self, range: TextRange) -> Vec<Doc<'t>> {
        let mut docs = self.comments_before(range.start());
        self.done = range.end();
        docs.push(Doc::Text(self.slice(range.start(), range.end())));
        docs
    }

    // ---- Nodes ----

    fn node(&mut self, node: &SyntaxNode) -> Doc<'t> {
        match node.kind() {
            INTERP_STRING => Doc::Concat(self.verbatim(node.text_range())),
            MODULE_DEF | TRAIT_DEF | IMPL_DEF => self.with_items(node),
            FN_DEF | TEMPLATE_DEF | TYPE_DEF if has_decorators(node) => self.decorated(node),
            TYPE_DEF => Doc::Concat(self.type_def(&elements(node))),
            FN_DEF | TEMPLATE_DEF | TRAIT_METHOD | MVAR_DEF | CONST_DEF | TOP_BINDING | TEST_DEF | LET_STMT
            | BIND_STMT | LAMBDA => Doc::Concat(self.definition(node.kind(), &elements(node))),
            BLOCK_EXPR => self.block(node),
            DO_EXPR => self.do_expr(node),
            ARM_LIST => self.arm_list(node),
            MATCH_ARM => self.arm(node),
            TUPLE_EXPR | LIST_EXPR | PAREN_EXPR | VARIANT_TYPES | RANGE_LIST => {
                self.brackets(node, Brackets { padded: false, trailing_comma: false })
            }
            MAP_EXPR | SET_EXPR | USE_LIST | ARG_LIST => {
                self.brackets(node, Brackets { padded: false, trailing_comma: true })
            }
            FIELD_LIST => self.brackets(node, Brackets { padded: true, trailing_comma: true }),
            BIN_EXPR => self.binary(node, true),
            METHOD_CALL | FIELD_EXPR | CONSTRUCT_EXPR | CALL_EXPR | INDEX_EXPR | PROPAGATE_EXPR => self.chain(node),
            IF_EXPR => self.if_expr(node),
            WHILE_EXPR | FOR_EXPR | TRY_EXPR | CATCH_CLAUSE | FINALLY_CLAUSE | MATCH_EXPR | RECEIVE_EXPR => {
                Doc::Concat(self.header_and_body(node))
            }
            _ => Doc::Concat(self.flat(node)),
        }
    }

    /// All on one line.
    fn flat(&mut self, node: &SyntaxNode) -> Vec<Doc<'t>> {
        self.flat_slice(node.kind(), &elements(node))
    }

    fn flat_slice(&mut self, parent: SyntaxKind, elements: &[SyntaxElement]) -> Vec<Doc<'t>> {
        let mut docs = Vec::with_capacity(elements.len() * 2);
        for (n, element) in elements.iter().enumerate() {
            if n > 0 {
                let space = if spaced(parent, &elements[n - 1], element) { " " } else { "" };
                docs.push(self.gap(element, Doc::Text(space)));
            }
            docs.push(self.element(element));
        }
        docs
    }

    /// Comments before `next`, then `line`: a comment at the end of a line stays on it.
    fn gap(&mut self, next: &SyntaxElement, line: Doc<'t>) -> Doc<'t> {
        self.gap_before(next.text_range().start(), line)
    }

    fn gap_before(&mut self, next: TextSize, line: Doc<'t>) -> Doc<'t> {
        let mut docs = self.comments_before(next);
        if docs.is_empty() {
            return line;
        }
        docs.push(line);
        Doc::Concat(docs)
    }

    /// The bar before an arm goes, before anything of the arm is printed.
    fn drop_leading_bar(&mut self, element: &SyntaxElement) -> Option<Doc<'t>> {
        leading_bar(element).map(|bar| self.drop_token(&bar))
    }

    /// Elements on lines of their own; single empty lines between them stay.
    fn lines(&mut self, nodes: &[SyntaxElement]) -> Vec<Doc<'t>> {
        let mut docs = Vec::with_capacity(nodes.len() * 2);
        for (n, element) in nodes.iter().enumerate() {
            if is_separator(element) {
                if let SyntaxElement::Token(token) = element {
                    docs.push(self.drop_token(token));
                }
                continue;
            }
            if n > 0 {
                self.blanks = Blanks::All;
                docs.extend(self.drop_leading_bar(element));
                let gap = self.gap_before(first_offset(element), Doc::Hard);
                docs.push(gap);
            }
            docs.push(self.element(element));
        }
        docs
    }

    // ---- Items ----

    /// A module, a trait or an implementation.
    fn with_items(&mut self, node: &SyntaxNode) -> Doc<'t> {
        let elements = elements(node);
        let first = elements
            .iter()
            .position(|element| is_item(element.kind()) || element.kind() == END_KW)
            .unwrap_or(elements.len());
        let last = elements.len() - usize::from(elements.last().is_some_and(|last| last.kind() == END_KW));
        let mut docs = self.flat_slice(node.kind(), &elements[..first]);
        let mut inner = Vec::new();
        if let Some(item) = elements[first..last].first() {
            self.blanks = Blanks::AfterComment;
            inner.push(self.gap(item, Doc::Hard));
            inner.extend(self.lines(&elements[first..last]));
        }
        if let Some(SyntaxElement::Token(end)) = elements.get(last) {
            inner.extend(self.comments_before(end.text_range().start()));
            docs.push(Doc::Indent(inner));
            docs.push(Doc::Hard);
            docs.push(self.token(end));
        }
        Doc::broken(docs)
    }

    fn decorated(&mut self, node: &SyntaxNode) -> Doc<'t> {
        let elements = elements(node);
        let first = elements.iter().position(|element| element.kind() != DECORATOR).unwrap_or(0);
        let mut docs = Vec::new();
        for (n, decorator) in elements[..first].iter().enumerate() {
            docs.push(self.element(decorator));
            let next = &elements[n + 1];
            let line = if newline_before(next) { Doc::Hard } else { Doc::Text(" ") };
            docs.push(self.gap(next, line));
        }
        docs.extend(match node.kind() {
            TYPE_DEF => self.type_def(&elements[first..]),
            kind => self.definition(kind, &elements[first..]),
        });
        Doc::Concat(docs)
    }

    /// A header, `=` or `=>`, and what it defines.
    fn definition(&mut self, kind: SyntaxKind, elements: &[SyntaxElement]) -> Vec<Doc<'t>> {
        let Some(at) = elements.iter().position(|element| matches!(element.kind(), EQ | FAT_ARROW)) else {
            return self.flat_slice(kind, elements);
        };
        let header = self.flat_slice(kind, &elements[..=at]);
        let mut docs = if kind == BIND_STMT { vec![Doc::Flat(header)] } else { header };
        let mut rest = elements[at + 1..].iter();
        if let Some(value) = rest.next() {
            docs.push(self.value(value));
        }
        for part in rest {
            let line = if newline_before(part) { Doc::Hard } else { Doc::Text(" ") };
            docs.push(self.gap(part, line));
            docs.push(self.element(part));
        }
        docs
    }

    /// What follows `=`, `=>` or `->`: on its own line if it was, unless it begins with a brace.
    fn value(&mut self, value: &SyntaxElement) -> Doc<'t> {
        let comments = self.has_comments(value.text_range().start());
        if comments || newline_before(value) && value.kind() != BLOCK_EXPR {
            let line = self.gap(value, Doc::Hard);
            return Doc::broken(vec![Doc::Indent(vec![line, self.own_line(value)])]);
        }
        let SyntaxElement::Node(node) = value else {
            return Doc::Concat(vec![Doc::Text(" "), self.element(value)]);
        };
        let fit = Fit::of(node);
        let content = if fit == Fit::Moves { self.own_line(value) } else { self.node(node) };
        match fit {
            Fit::Hugs => Doc::Concat(vec![Doc::Text(" "), content]),
            Fit::Keeps => Doc::Value { content: vec![content], keeps: true },
            Fit::Moves => Doc::Value { content: vec![content], keeps: false },
            Fit::NextLine => Doc::broken(vec![Doc::Indent(vec![Doc::Hard, content])]),
        }
    }

    /// What stands on lines of its own: all operands begin in one column.
    fn own_line(&mut self, element: &SyntaxElement) -> Doc<'t> {
        match element {
            SyntaxElement::Node(node) if node.kind() == BIN_EXPR => self.binary(node, false),
            _ => self.element(element),
        }
    }

    fn type_def(&mut self, elements: &[SyntaxElement]) -> Vec<Doc<'t>> {
        let Some((SyntaxElement::Node(list), header)) =
            elements.split_last().filter(|(last, _)| last.kind() == VARIANT_LIST)
        else {
            return self.flat_slice(TYPE_DEF, elements);
        };
        let mut docs = self.flat_slice(TYPE_DEF, header);
        let parts = self::elements(list);
        let variants = parts.iter().filter(|part| part.kind() == VARIANT).count();
        let bar_first = parts.first().is_some_and(|part| part.kind() == PIPE);
        let broken = parts.iter().any(newline_before) || has_direct_comment(list);
        let alone = variants == 1 && !bar_first;
        let bar_needed = variants == 1 && bar_first;
        let mut inner = Vec::new();
        let mut first = true;
        for part in &parts {
            if let SyntaxElement::Token(bar) = part {
                inner.push(self.drop_token(bar));
                continue;
            }
            inner.push(self.gap(part, if alone { Doc::Text(" ") } else { Doc::Line }));
            if !first {
                inner.push(Doc::Text("| "));
            } else if !alone {
                inner.push(Doc::IfBreak { broken: "| ", flat: if bar_needed { "| " } else { "" } });
            }
            first = false;
            inner.push(self.element(part));
        }
        docs.push(Doc::Group { content: vec![Doc::Indent(inner)], broken: broken && !alone });
        docs
    }

    // ---- Braces ----

    /// Statements or arms between `open` and `close`: on one line if they were and fit, else one on each line.
    fn braces(&mut self, node: &SyntaxNode, between: impl Fn(Option<SyntaxKind>) -> &'static str) -> Doc<'t> {
        let elements = elements(node);
        let (Some(SyntaxElement::Token(open)), Some(SyntaxElement::Token(close))) = (elements.first(), elements.last())
        else {
            return Doc::Concat(self.flat(node));
        };
        let parts = &elements[1..elements.len() - 1];
        let mut docs = vec![self.token(open)];
        let empty = parts.is_empty() && !has_direct_comment(node);
        if empty {
            if open.kind() == DO_KW {
                docs.push(Doc::Text(" "));
            }
            docs.push(self.token(close));
            return Doc::Concat(docs);
        }
        let broken = has_direct_newline(node) || has_direct_comment(node);
        let mut inner = Vec::new();
        if broken {
            self.blanks = Blanks::AfterComment;
            if let Some(first) = parts.first() {
                inner.push(self.gap(first, Doc::Hard));
            }
            inner.extend(self.lines(parts));
            inner.extend(self.comments_before(close.text_range().start()));
        } else {
            let mut separator = None;
            let mut first = true;
            for part in parts {
                if is_separator(part) {
                    separator = separator.or(Some(part.kind()));
                    if let SyntaxElement::Token(token) = part {
                        inner.push(self.drop_token(token));
                    }
                    continue;
                }
                if !first {
                    inner.push(Doc::IfBreak { broken: "", flat: between(separator.take()) });
                }
                first = false;
                inner.extend(self.drop_leading_bar(part));
                inner.push(Doc::Line);
                inner.push(self.element(part));
            }
        }
        docs.push(Doc::Indent(inner));
        docs.push(if broken { Doc::Hard } else { Doc::Line });
        docs.push(self.token(close));
        Doc::Group { content: docs, broken }
    }

    fn block(&mut self, node: &SyntaxNode) -> Doc<'t> {
        self.braces(node, |_| ";")
    }

    fn do_expr(&mut self, node: &SyntaxNode) -> Doc<'t> {
        self.braces(node, |_| "")
    }

    fn arm_list(&mut self, node: &SyntaxNode) -> Doc<'t> {
        self.braces(node, |separator| if separator == Some(PIPE) { " |" } else { "," })
    }

    fn arm(&mut self, node: &SyntaxNode) -> Doc<'t> {
        let elements = elements(node);
        let mut docs = Vec::new();
        let mut from = 0;
        if let Some(SyntaxElement::Token(bar)) = elements.first() {
            if self.done < bar.text_range().end() {
                docs.push(self.drop_token(bar));
            }
            from = 1;
        }
        let body = elements.len() - 1;
        docs.extend(self.flat_slice(node.kind(), &elements[from..body]));
        docs.push(self.value(&elements[body]));
        Doc::Concat(docs)
    }

    /// A bracketed list: on one line if it fits and did not begin on a new line, else one element on each line.
    fn brackets(&mut self, node: &SyntaxNode, spec: Brackets) -> Doc<'t> {
        let elements = elements(node);
        let one_line = node.parent().is_some_and(|parent| matches!(parent.kind(), SPAWN_EXPR | QUOTE_EXPR | DECORATOR));
        let openers = elements.iter().take_while(|element| matches!(element, SyntaxElement::Token(_))).count();
        if one_line || openers >= elements.len() - 1 && !has_direct_comment(node) {
            return Doc::Concat(self.flat(node));
        }
        if node.kind() == ARG_LIST
            && let Some(lambda) = last_lambda(node, &elements)
        {
            return self.with_last_lambda(&elements, &lambda);
        }
        let last = elements.len() - 1;
        let openers = openers.min(last);
        let mut docs: Vec<Doc<'t>> = elements[..openers].iter().map(|opener| self.element(opener)).collect();
        let padding = || if spec.padded { Doc::Line } else { Doc::SoftLine };
        let broken = elements.get(openers).is_some_and(newline_before) && openers < last
            || node.children_with_tokens().any(|element| element.kind() == COMMENT);
        let mut inner = Vec::new();
        let mut line = Some(padding());
        for (n, element) in elements[openers..last].iter().enumerate() {
            match element {
                SyntaxElement::Token(comma) if comma.kind() == COMMA => {
                    if openers + n + 1 == last && spec.trailing_comma {
                        inner.push(self.drop_token(comma));
                        inner.push(Doc::IfBreak { broken: ",", flat: "" });
                    } else {
                        inner.push(self.token(comma));
                    }
                    line = Some(Doc::Line);
                }
                _ => {
                    if element.kind() == TAIL {
                        line = Some(Doc::Line);
                    }
                    if let Some(line) = line.take() {
                        inner.push(self.gap(element, line));
                    }
                    inner.push(self.element(element));
                }
            }
        }
        inner.extend(self.comments_before(elements[last].text_range().start()));
        docs.push(Doc::Indent(inner));
        docs.push(padding());
        docs.push(self.element(&elements[last]));
        Doc::Group { content: docs, broken }
    }

    /// Arguments on one line, of which the last is a function whose body may stand on lines of its own.
    fn with_last_lambda(&mut self, elements: &[SyntaxElement], lambda: &SyntaxNode) -> Doc<'t> {
        let parts = self::elements(lambda);
        let (body, header) = (&parts[parts.len() - 1], &parts[..parts.len() - 1]);
        let mut docs = vec![Doc::Flat(self.flat_slice(ARG_LIST, &elements[..elements.len() - 2]))];
        if elements.len() > 3 {
            docs.push(Doc::Text(" "));
        }
        docs.push(Doc::Flat(self.flat_slice(LAMBDA, header)));
        let broken = newline_before(body) || body.as_node().is_some_and(|body| Fit::of(body) == Fit::NextLine);
        let body = self.own_line(body);
        docs.push(Doc::Group { content: vec![Doc::Indent(vec![Doc::Line, body]), Doc::SoftLine], broken });
        docs.push(self.element(&elements[elements.len() - 1]));
        Doc::Concat(docs)
    }

    // ---- Expressions ----

    /// A chain of operators of one level: breaks after each operator, before each `|>`.
    fn binary(&mut self, node: &SyntaxNode, indented: bool) -> Doc<'t> {
        let level = operator(node).map(operator_level);
        let mut parts: Vec<SyntaxElement> = Vec::new();
        if level == Some(Level::Cons) {
            let mut current = node.clone();
            loop {
                let elements = elements(&current);
                let Some((SyntaxElement::Node(right), front)) = elements.split_last() else { break };
                parts.extend_from_slice(front);
                if right.kind() == BIN_EXPR && operator(right).map(operator_level) == level {
                    current = right.clone();
                } else {
                    parts.push(SyntaxElement::Node(right.clone()));
                    break;
                }
            }
        } else {
            let mut current = node.clone();
            loop {
                let elements = elements(&current);
                let Some((SyntaxElement::Node(left), back)) = elements.split_first() else { break };
                parts.extend(back.iter().rev().cloned());
                if left.kind() == BIN_EXPR && operator(left).map(operator_level) == level {
                    current = left.clone();
                } else {
                    parts.push(SyntaxElement::Node(left.clone()));
                    break;
                }
            }
            parts.reverse();
        }
        let mut broken = false;
        let mut docs = Vec::new();
        let mut inner = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            if n == 0 {
                docs.push(self.element(part));
                continue;
            }
            broken |= newline_before(part) || self.has_comments(part.text_range().start());
            // Operators stand at odd places.
            let breaks_here = (n % 2 == 1) == (level == Some(Level::Pipe));
            inner.push(self.gap(part, if breaks_here { Doc::Line } else { Doc::Text(" ") }));
            inner.push(self.element(part));
        }
        if indented {
            docs.push(Doc::Indent(inner));
        } else {
            docs.extend(inner);
        }
        Doc::Group { content: docs, broken }
    }

    /// Members, calls and indices of one receiver: breaks before methods.
    fn chain(&mut self, node: &SyntaxNode) -> Doc<'t> {
        let mut links = Vec::new();
        let mut base = node.clone();
        while is_link(base.kind()) {
            let Some(SyntaxElement::Node(receiver)) = elements(&base).into_iter().next() else { break };
            links.push(std::mem::replace(&mut base, receiver));
        }
        links.reverse();
        let mut docs =
            vec![if base.kind() == CONSTRUCT_EXPR { Doc::Concat(self.flat(&base)) } else { self.node(&base) }];
        let mut inner = Vec::new();
        let mut broken = false;
        let mut methods = 0;
        // The first of several methods stays with a name; behind a call it is one of the links.
        let first = links.first().map(SyntaxNode::kind);
        let stays = usize::from(!matches!(base.kind(), NAME_EXPR | CON_EXPR) || first != Some(CALL_EXPR));
        let chained = links.iter().filter(|link| link.kind() == METHOD_CALL).count() > 1;
        for link in &links {
            let elements = elements(link);
            let parts = &elements[1..];
            let Some(first) = parts.first() else { continue };
            let on_new_line = newline_before(first);
            broken |= on_new_line;
            methods += usize::from(link.kind() == METHOD_CALL);
            let breaks = on_new_line || chained && link.kind() == METHOD_CALL && methods > stays;
            let target = if breaks || !inner.is_empty() { &mut inner } else { &mut docs };
            if breaks {
                target.push(self.gap(first, Doc::SoftLine));
            } else if ends_with_int(&elements[0]) && parts.get(1).is_some_and(|part| part.kind() == INT) {
                // `1 .0` is a component of a number, `1.0` a float.
                target.push(Doc::Text(" "));
            }
            // A line end in the brackets tells `f[⏎T](x)`, a call of an element, from a call with type arguments.
            let range = TextRange::new(first.text_range().start(), link.text_range().end());
            if link.kind() == INDEX_EXPR && self.slice(range.start(), range.end()).contains('\n') {
                target.extend(self.verbatim(range));
                continue;
            }
            for (n, part) in parts.iter().enumerate() {
                if n > 0 && spaced(link.kind(), &parts[n - 1], part) {
                    target.push(Doc::Text(" "));
                }
                target.push(self.element(part));
            }
        }
        if inner.is_empty() {
            return Doc::Concat(docs);
        }
        docs.push(Doc::Indent(inner));
        Doc::Group { content: docs, broken }
    }

    /// A chain of conditions.
    fn if_expr(&mut self, node: &SyntaxNode) -> Doc<'t> {
        let mut docs = Vec::new();
        let mut rest = Vec::new();
        let mut broken = false;
        let mut current = node.clone();
        loop {
            let elements = elements(&current);
            let mut after_else = false;
            let mut next = None;
            let mut seen = 0;
            let out = if rest.is_empty() { &mut docs } else { &mut rest };
            for (n, element) in elements.iter().enumerate() {
                match element {
                    SyntaxElement::Token(token) if token.kind() == ELSE_KW => {
                        after_else = true;
                        break;
                    }
                    SyntaxElement::Token(token) => {
                        if n > 0 {
                            out.push(self.gap(element, Doc::Text(" ")));
                        }
                        out.push(self.token(token));
                    }
                    SyntaxElement::Node(_) if seen == 0 => {
                        seen = 1;
                        out.push(self.gap(element, Doc::Text(" ")));
                        out.push(self.element(element));
                    }
                    SyntaxElement::Node(_) => out.push(self.value_in_branch(element)),
                }
            }
            if after_else {
                let at = elements.iter().position(|element| element.kind() == ELSE_KW).unwrap_or(0);
                let keyword = &elements[at];
                broken |= newline_before(keyword);
                rest.push(self.gap(keyword, Doc::Line));
                rest.push(self.element(keyword));
                match elements.get(at + 1) {
                    Some(SyntaxElement::Node(branch)) if branch.kind() == IF_EXPR => {
                        rest.push(self.gap(&elements[at + 1], Doc::Text(" ")));
                        next = Some(branch.clone());
                    }
                    Some(branch) => rest.push(self.value_in_branch(branch)),
                    None => {}
                }
            }
            match next {
                Some(branch) => current = branch,
                None => break,
            }
        }
        docs.extend(rest);
        Doc::Group { content: docs, broken }
    }

    /// A branch or a body: on its own line if it was, unless it begins with a brace.
    fn value_in_branch(&mut self, value: &SyntaxElement) -> Doc<'t> {
        let comments = self.has_comments(value.text_range().start());
        if comments || newline_before(value) && value.kind() != BLOCK_EXPR {
            let line = self.gap(value, Doc::Hard);
            return Doc::broken(vec![Doc::Indent(vec![line, self.own_line(value)])]);
        }
        match value {
            SyntaxElement::Node(node) if Fit::of(node) == Fit::Keeps => {
                Doc::Value { content: vec![self.node(node)], keeps: true }
            }
            SyntaxElement::Node(node) if Fit::of(node) != Fit::Hugs => {
                Doc::Value { content: vec![self.own_line(value)], keeps: false }
            }
            _ => Doc::Concat(vec![Doc::Text(" "), self.element(value)]),
        }
    }

    /// Loops, `match`, `try` and their parts: everything on the line of the keyword, except bodies and clauses that
    /// were not.
    fn header_and_body(&mut self, node: &SyntaxNode) -> Vec<Doc<'t>> {
        let elements = elements(node);
        let mut docs = Vec::new();
        for (n, element) in elements.iter().enumerate() {
            let last = n + 1 == elements.len();
            match element.kind() {
                _ if n == 0 => docs.push(self.element(element)),
                CATCH_CLAUSE | FINALLY_CLAUSE => {
                    let line = if newline_before(element) { Doc::Hard } else { Doc::Text(" ") };
                    docs.push(self.gap(element, line));
                    docs.push(self.element(element));
                }
                kind if (last || node.kind() == TRY_EXPR) && kind != ARM_LIST => {
                    docs.push(self.value_in_branch(element));
                }
                _ => {
                    docs.push(self.gap(element, Doc::Text(" ")));
                    docs.push(self.element(element));
                }
            }
        }
        docs
    }
}

/// The function at the end of short arguments that stand on one line without comments.
fn last_lambda(node: &SyntaxNode, elements: &[SyntaxElement]) -> Option<SyntaxNode> {
    const MAX_BEFORE: usize = 40;
    let last = elements.get(elements.len().checked_sub(2)?)?.as_node()?;
    let lambda =
        last.first_child().filter(|child| child.kind() == LAMBDA && child.text_range() == last.text_range())?;
    let body = lambda.last_child()?;
    let before = usize::from(last.text_range().start() - node.text_range().start());
    let text = node.text();
    let on_one_line = !elements[1..elements.len() - 1].iter().any(newline_before);
    let is_plain = !text.contains_char('#') && on_one_line && before <= MAX_BEFORE;
    let header_is_plain = !lambda.children_with_tokens().any(|element| element.kind() == NEWLINE)
        || newline_before(&SyntaxElement::Node(body.clone()));
    (is_plain && header_is_plain && Fit::of(&body) != Fit::Hugs).then_some(lambda)
}

fn has_decorators(node: &SyntaxNode) -> bool {
    node.first_child().is_some_and(|child| child.kind() == DECORATOR)
}

fn is_item(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        MODULE_DEF
            | USE_DECL
            | TYPE_DEF
            | TRAIT_DEF
            | TRAIT_METHOD
            | IMPL_DEF
            | FN_DEF
            | TEMPLATE_DEF
            | MVAR_DEF
            | CONST_DEF
            | TOP_BINDING
            | TEST_DEF
            | EXTERN_TYPE
            | EXTERN_FN
    )
}

fn is_separator(element: &SyntaxElement) -> bool {
    matches!(element, SyntaxElement::Token(token) if is_optional(token))
}

fn leading_bar(element: &SyntaxElement) -> Option<SyntaxToken> {
    let first = element.as_node().filter(|node| node.kind() == MATCH_ARM)?.first_token()?;
    (first.kind() == PIPE).then_some(first)
}

/// Where the element begins, without the bar before an arm.
fn first_offset(element: &SyntaxElement) -> TextSize {
    let after_bar = leading_bar(element).and_then(|_| element.as_node()?.first_child());
    after_bar.map_or(element.text_range(), |node| node.text_range()).start()
}

fn is_link(kind: SyntaxKind) -> bool {
    matches!(kind, METHOD_CALL | FIELD_EXPR | CONSTRUCT_EXPR | CALL_EXPR | INDEX_EXPR | PROPAGATE_EXPR)
}

fn has_direct_newline(node: &SyntaxNode) -> bool {
    node.children_with_tokens().any(|element| element.kind() == NEWLINE)
}

fn has_direct_comment(node: &SyntaxNode) -> bool {
    node.children_with_tokens().any(|element| matches!(element.kind(), COMMENT | BLOCK_COMMENT))
}

/// Where a value stands that does not fit behind its `=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Behind the `=`; its own brackets break.
    Hugs,
    /// On the next line if it fits there, else behind the `=`.
    Keeps,
    /// On the next line.
    Moves,
    /// On the next line even if it fits.
    NextLine,
}

impl Fit {
    fn of(node: &SyntaxNode) -> Fit {
        match node.kind() {
            BLOCK_EXPR | MATCH_EXPR | RECEIVE_EXPR | DO_EXPR | WHILE_EXPR | FOR_EXPR | TRY_EXPR | SPAWN_EXPR
            | QUOTE_EXPR | LAMBDA => Fit::Hugs,
            IF_EXPR if then_is_block(node) => Fit::Hugs,
            IF_EXPR if else_on_new_line(node) => Fit::NextLine,
            BIN_EXPR if breaks_at_operators(node) => Fit::Hugs,
            IF_EXPR | BIN_EXPR => Fit::Moves,
            _ => Fit::Keeps,
        }
    }
}

/// An `else` of the chain begins a line.
fn else_on_new_line(node: &SyntaxNode) -> bool {
    let mut current = Some(node.clone());
    while let Some(node) = current {
        let elements = elements(&node);
        let Some(at) = elements.iter().position(|element| element.kind() == ELSE_KW) else { return false };
        if newline_before(&elements[at]) {
            return true;
        }
        let branch = elements.get(at + 1).and_then(SyntaxElement::as_node);
        current = branch.filter(|branch| branch.kind() == IF_EXPR).cloned();
    }
    false
}

/// A line ends, or a comment stands, between the operands of a chain.
fn breaks_at_operators(node: &SyntaxNode) -> bool {
    let level = operator(node).map(operator_level);
    let mut current = Some(node.clone());
    while let Some(node) = current {
        let elements = elements(&node);
        if elements[1..].iter().any(newline_before) || has_direct_comment(&node) {
            return true;
        }
        let next = if level == Some(Level::Cons) { elements.last() } else { elements.first() };
        let next = next.and_then(SyntaxElement::as_node).filter(|next| next.kind() == BIN_EXPR);
        current = next.filter(|next| operator(next).map(operator_level) == level).cloned();
    }
    false
}

fn then_is_block(node: &SyntaxNode) -> bool {
    node.children().nth(1).is_some_and(|branch| branch.kind() == BLOCK_EXPR)
}

fn operator(node: &SyntaxNode) -> Option<SyntaxKind> {
    elements(node).get(1).map(SyntaxElement::kind)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Send,
    Pipe,
    Or,
    And,
    Compare,
    Concat,
    Cons,
    Sum,
    Product,
    Power,
}

fn operator_level(kind: SyntaxKind) -> Level {
    match kind {
        LEFT_ARROW => Level::Send,
        PIPE_GREATER => Level::Pipe,
        OR_OR => Level::Or,
        AND_AND => Level::And,
        PLUS_PLUS => Level::Concat,
        COLON_COLON => Level::Cons,
        PLUS | MINUS => Level::Sum,
        STAR | SLASH | PERCENT => Level::Product,
        STAR_STAR => Level::Power,
        _ => Level::Compare,
    }
}

/// Whether a space stands between two neighbours of one node on one line.
fn spaced(parent: SyntaxKind, left: &SyntaxElement, right: &SyntaxElement) -> bool {
    match (left.kind(), right.kind()) {
        (_, COMMA | R_PAREN | R_BRACKET | SEMICOLON | COLON | QUESTION | DOT | DOT_DOT | DOT_DOT_EQ) => false,
        (L_PAREN | L_BRACKET | HASH_BRACE | DOT | DOT_DOT | DOT_DOT_EQ | AT | CARET | TILDE | BANG, _) => false,
        // A sign that touches a sized integer would become a part of it.
        (MINUS, _) if parent == PREFIX_EXPR => starts_with_typed_int(right),
        (MINUS, _) if matches!(parent, LITERAL | LITERAL_PAT | RANGE_PAT) => false,
        (_, TYPE_PARAMS | PARAM_LIST | TYPE_ARGS | ARG_LIST | PAT_ARG_LIST | VARIANT_TYPES) => {
            !matches!(left.kind(), IDENT | UPPER_IDENT | SELF_TYPE_KW | TYPE_PARAMS | TYPE_ARGS)
                && !left.kind().is_name()
                && !matches!(parent, CALL_EXPR | METHOD_CALL | TRAIT_METHOD | INDEX_EXPR)
        }
        (_, L_BRACKET) if parent == INDEX_EXPR => false,
        (_, FIELD_LIST) if parent == VARIANT => false,
        (_, FIELD_PAT_LIST) if parent == CON_PAT => false,
        (SPAWN_KW | SPAWN_LINK_KW | SPAWN_MONITOR_KW | QUOTE_KW, PAREN_EXPR | UNIT_EXPR) => false,
        (PERCENT, L_BRACE) => false,
        (L_BRACE, _) | (_, R_BRACE) => !matches!(
            parent,
            FIELD_PAT_LIST | RECORD_TYPE | MAP_PAT | SET_PAT | MAP_EXPR | SET_EXPR | USE_LIST | FIELD_LIST
        ),
        _ => true,
    }
}

fn ends_with_int(element: &SyntaxElement) -> bool {
    element
        .as_node()
        .is_some_and(|node| node.kind() == LITERAL && node.last_token().is_some_and(|token| token.kind() == INT))
}

fn starts_with_typed_int(element: &SyntaxElement) -> bool {
    element.as_node().and_then(SyntaxNode::first_token).is_some_and(|token| token.kind() == TYPED_INT)
}

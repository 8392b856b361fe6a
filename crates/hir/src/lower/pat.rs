//! Patterns, also those that the grammar reads as expressions.

use base_db::Name;
use syntax::{
    Leaf, TextRange, Token, Tree,
    ast::{AstNode, borrowed as ast},
};

use super::{Alternative, Lowering, Mode, pat_anchor};
use crate::{
    body::{Literal, Local, LocalId, Pat, PatFields, PatId},
    collect, errors,
};

impl Lowering<'_> {
    /// A whole pattern of its own.
    pub(super) fn root_pat(&mut self, pattern: &ast::Pattern, mode: Mode) -> PatId {
        let outer = std::mem::take(&mut self.pattern);
        let pat = self.pat(pattern, mode);
        self.pattern = outer;
        pat
    }

    fn pats<'t>(&mut self, patterns: impl Iterator<Item = ast::Pattern<'t>>, mode: Mode) -> Vec<PatId> {
        patterns.map(|pattern| self.pat(&pattern, mode)).collect()
    }

    fn pat_or_missing(&mut self, pattern: Option<ast::Pattern>, mode: Mode, range: TextRange) -> PatId {
        match pattern {
            Some(pattern) => self.pat(&pattern, mode),
            None => self.alloc_pat(Pat::Missing, range),
        }
    }

    pub(super) fn pat(&mut self, pattern: &ast::Pattern, mode: Mode) -> PatId {
        let range = pattern.syntax().text_range();
        let pat = match pattern {
            ast::Pattern::Wildcard(_) => Pat::Wild,
            ast::Pattern::Literal(literal) => collect::literal(literal.value()).map_or(Pat::Missing, Pat::Literal),
            ast::Pattern::Range(bounds) => match (bounds.start(), bounds.end()) {
                (Some(from), Some(to)) => Pat::Range { from, to, inclusive: bounds.is_inclusive() },
                _ => Pat::Missing,
            },
            ast::Pattern::Unit(_) => Pat::Literal(Literal::Unit),
            ast::Pattern::Paren(paren) => return self.pat_or_missing(paren.pattern(), mode, range),
            ast::Pattern::Tuple(tuple) => Pat::Tuple(self.pats(tuple.patterns(), mode)),
            ast::Pattern::List(list) => self.list_pat(list, mode),
            ast::Pattern::Record(record) => Pat::Record(self.field_pats(record.field_list(), mode)),
            ast::Pattern::Con(con) => self.con_pat(con, mode),
            ast::Pattern::Map(map) => {
                let mut entries = Vec::new();
                for entry in map.entries() {
                    let key = self.pat_or_missing(entry.key(), mode, range);
                    entries.push((key, self.pat_or_missing(entry.value(), mode, range)));
                }
                Pat::Map(entries)
            }
            ast::Pattern::Set(set) => Pat::Set(self.pats(set.patterns(), mode)),
            ast::Pattern::Pin(pin) => match pin.name() {
                Some(name) => match self.lookup(name.text()) {
                    Some(local) => Pat::Equal(self.touch(local)),
                    None => Pat::EqualName(name.text().into()),
                },
                None => Pat::Missing,
            },
            ast::Pattern::Name(pattern) => match pattern.name() {
                Some(name) => return self.name_pat(&name, mode, range),
                None => Pat::Missing,
            },
            ast::Pattern::Or(or) => return self.or_pat(or, mode, range),
            ast::Pattern::Error(_) => Pat::Missing,
        };
        self.alloc_pat(pat, range)
    }

    fn list_pat(&mut self, list: &ast::ListPat, mode: Mode) -> Pat {
        let items = self.pats(list.patterns(), mode);
        let rest = list.tail().map(|tail| self.pat(&tail, mode));
        self.list_or_prefix(items, rest)
    }

    /// A list pattern; with string literals only and a rest it may be a prefix of a string.
    fn list_or_prefix(&mut self, items: Vec<PatId>, rest: Option<PatId>) -> Pat {
        let prefix: Option<Vec<Name>> = items
            .iter()
            .map(|&item| match &self.body.pats[item] {
                Pat::Literal(Literal::String(text)) => Some(text.clone()),
                _ => None,
            })
            .collect();
        match (prefix, rest) {
            (Some(prefix), Some(rest)) if !prefix.is_empty() => Pat::StringPrefix { prefix, items, rest },
            (_, rest) => Pat::List { items, rest },
        }
    }

    fn field_pats(&mut self, list: Option<ast::FieldPatList>, mode: Mode) -> Vec<(Name, PatId)> {
        let fields: Vec<ast::FieldPat> = list.iter().flat_map(|list| list.fields()).collect();
        fields.iter().filter_map(|field| self.field_pat(field, mode)).collect()
    }

    fn field_pat(&mut self, field: &ast::FieldPat, mode: Mode) -> Option<(Name, PatId)> {
        let name = field.name()?;
        let pat = match field.pattern() {
            Some(pattern) => self.pat(&pattern, mode),
            None => {
                let taken = mode == Mode::Let && self.is_taken(name.text());
                let pat = self.bind_name(&name, mode);
                let pat = self.alloc_pat(pat, name.text_range());
                if taken {
                    self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
                }
                pat
            }
        };
        Some((name.text().into(), pat))
    }

    fn con_pat(&mut self, con: &ast::ConPat, mode: Mode) -> Pat {
        let Some(name) = con.name() else { return Pat::Missing };
        let fields = if let Some(list) = con.arg_list() {
            let named: Vec<ast::FieldPat> = list.fields().collect();
            if named.is_empty() {
                PatFields::Positional(self.pats(list.patterns(), mode))
            } else {
                PatFields::Named(named.iter().filter_map(|field| self.field_pat(field, mode)).collect())
            }
        } else if let Some(list) = con.field_list() {
            PatFields::Named(self.field_pats(Some(list), mode))
        } else {
            PatFields::None
        };
        Pat::Constructor { name: name.text().into(), fields }
    }

    /// All alternatives bind the locals of the first one.
    fn or_pat(&mut self, or: &ast::OrPat, mode: Mode, range: TextRange) -> PatId {
        let mut alternatives = or.patterns();
        let start = self.pattern.len();
        let depth = self.alternatives.len();
        let seen_before: Vec<bool> = self.alternatives.iter().map(|name| name.seen).collect();
        let mut pats = Vec::new();
        pats.extend(alternatives.next().map(|first| self.pat(&first, mode)));
        let bound: Vec<LocalId> = self.pattern[start..].to_vec();
        for alternative in alternatives {
            for (name, seen) in self.alternatives.iter_mut().zip(&seen_before) {
                name.seen = *seen;
            }
            for &local in &bound {
                let name = self.body.locals[local].name.clone();
                self.alternatives.push(Alternative { name, local, seen: false });
            }
            let known = self.pattern.len();
            let pat = self.pat(&alternative, mode);
            let extra = self.pattern.get(known).map(|&local| self.body.locals[local].name.clone());
            let missing = self.alternatives[depth..].iter().find(|name| !name.seen).map(|name| name.name.clone());
            if let Some(name) = missing.or(extra) {
                self.report(pat_anchor(pat), |place| errors::alternatives_differ(place, &name));
            }
            self.alternatives.truncate(depth);
            pats.push(pat);
        }
        self.alloc_pat(Pat::Or(pats), range)
    }

    /// Whether a destructuring may not bind this name: it is an immutable local of the same function.
    fn is_taken(&self, name: &str) -> bool {
        !self.is_in_pattern(name)
            && self.lookup(name).is_some_and(|local| {
                let local = &self.body.locals[local];
                !local.mutable && local.owner == self.owner
            })
    }

    fn is_in_pattern(&self, name: &str) -> bool {
        self.alternatives.iter().any(|other| other.name == name)
            || self.pattern.iter().any(|&local| self.body.locals[local].name == name)
    }

    /// A name as a pattern. A `let` of a name that is taken is a mistake.
    fn name_pat(&mut self, name: &Token, mode: Mode, range: TextRange) -> PatId {
        let taken = mode == Mode::Let && self.is_taken(name.text());
        let pat = self.bind_name(name, mode);
        let pat = self.alloc_pat(pat, range);
        if taken {
            self.report(pat_anchor(pat), |place| errors::reassigned(place, name.text()));
        }
        pat
    }

    /// What a name in a pattern means; see the table of the module.
    pub(super) fn bind_name(&mut self, name: &Token, mode: Mode) -> Pat {
        let text = name.text();
        if let Some(known) = self.alternatives.iter_mut().rev().find(|other| other.name == text) {
            let again = std::mem::replace(&mut known.seen, true);
            return if again { Pat::Equal(known.local) } else { Pat::Bind(known.local) };
        }
        if let Some(&local) = self.pattern.iter().rev().find(|&&local| self.body.locals[local].name == text) {
            return Pat::Equal(local);
        }
        let existing = self.lookup(text);
        if let Some(local) = existing.filter(|_| !self.is_local_function(text)) {
            let Local { mutable, owner, .. } = self.body.locals[local];
            match mode {
                Mode::Let if mutable => return Pat::Assign(self.assign(local)),
                Mode::Arm if mutable && owner == self.owner => return Pat::Assign(self.assign(local)),
                Mode::Arm if owner == self.owner => return Pat::Equal(local),
                _ => {}
            }
        }
        let local = self.new_local(text.into(), mode == Mode::Var);
        if existing.is_none() && mode == Mode::Let && self.is_mvar(text) {
            // Holds the value until the mvar is assigned; the name itself keeps meaning the mvar.
            self.pending.push((text.into(), local));
        } else {
            self.declare(local, None);
            self.pattern.push(local);
        }
        Pat::Bind(local)
    }

    /// The left side of a plain `=` or a parameter of a local function, read as a pattern.
    pub(super) fn pat_of_expr(&mut self, expr: &ast::Expr, mode: Mode) -> PatId {
        let range = expr.syntax().text_range();
        let pat = match expr {
            ast::Expr::Wildcard(_) => Pat::Wild,
            ast::Expr::Unit(_) => Pat::Literal(Literal::Unit),
            ast::Expr::Name(name) => match name.name() {
                Some(name) => return self.name_pat(&name, mode, range),
                None => Pat::Missing,
            },
            ast::Expr::Con(con) => match con.name() {
                Some(name) => Pat::Constructor { name: name.text().into(), fields: PatFields::None },
                None => Pat::Missing,
            },
            ast::Expr::Literal(literal) => collect::literal(literal.value()).map_or(Pat::Missing, Pat::Literal),
            ast::Expr::Prefix(prefix) => match prefix.expr() {
                Some(ast::Expr::Literal(literal)) => collect::literal(literal.value())
                    .and_then(|literal| collect::negated(&literal))
                    .map_or(Pat::Missing, Pat::Literal),
                _ => Pat::Missing,
            },
            ast::Expr::Paren(paren) => {
                return match paren.expr() {
                    Some(inner) => self.pat_of_expr(&inner, mode),
                    None => self.alloc_pat(Pat::Missing, range),
                };
            }
            ast::Expr::Tuple(tuple) => Pat::Tuple(tuple.exprs().map(|item| self.pat_of_expr(&item, mode)).collect()),
            ast::Expr::List(list) => {
                let items = list.exprs().map(|item| self.pat_of_expr(&item, mode)).collect();
                let rest = list.tail().map(|tail| self.pat_of_expr(&tail, mode));
                self.list_or_prefix(items, rest)
            }
            ast::Expr::Construct(construct) if construct.base().is_none() => {
                let Some(name) = construct.name() else { return self.alloc_pat(Pat::Missing, range) };
                let mut positional = Vec::new();
                let mut named = Vec::new();
                for arg in construct.args() {
                    let pat = match arg.expr() {
                        Some(expr) => self.pat_of_expr(&expr, mode),
                        None => self.alloc_pat(Pat::Missing, range),
                    };
                    match arg.name() {
                        Some(field) => named.push((field.text().into(), pat)),
                        None => positional.push(pat),
                    }
                }
                let fields = if named.is_empty() { PatFields::Positional(positional) } else { PatFields::Named(named) };
                Pat::Constructor { name: name.text().into(), fields }
            }
            ast::Expr::Error(_) => Pat::Missing,
            _ => {
                let pat = self.alloc_pat(Pat::Missing, range);
                self.report(pat_anchor(pat), errors::not_a_pattern);
                return pat;
            }
        };
        self.alloc_pat(pat, range)
    }
}

//! Patterns: tests that jump to the next arm, and bindings.
//!
//! Input: a pattern and the register of the value. Output: code that falls through when the value fits, with all
//! locals of the pattern declared. Arms are tried in order; when all of them look at one constructor or at whole
//! numbers first, a jump table chooses the first arm that can fit.

use bytecode::{Constant, Instr, Kind};
use hir::body::{ExprId, Literal, LocalId, Pat, PatFields, PatId};
use types::{Builtin, CtorRef, Head, Ty, TypeDef};

use crate::{
    emit::{Label, Reg},
    lower::{Dest, Gen, Place, constant},
};

/// What is known of the value of a pattern before it is tested.
#[derive(Clone, Debug)]
pub(crate) enum Static {
    /// Its type.
    Ty(Ty),
    /// The checker made sure that the value has the type of the pattern.
    Typed,
    /// Nothing: caught values, messages, the dynamic type.
    Dynamic,
}

impl Static {
    /// What the type of an expression tells about its value.
    pub(crate) fn of(ty: Option<&Ty>) -> Static {
        match ty {
            Some(ty @ (Ty::Con(..) | Ty::Fn(_))) => Static::Ty(ty.clone()),
            _ => Static::Dynamic,
        }
    }

    fn is(&self, builtin: Builtin) -> bool {
        match self {
            Static::Ty(Ty::Con(Head::Builtin(found), _)) => *found == builtin,
            Static::Ty(_) | Static::Dynamic => false,
            Static::Typed => true,
        }
    }

    fn argument(&self, head: Builtin, index: usize) -> Static {
        match self {
            Static::Ty(Ty::Con(Head::Builtin(found), args)) if *found == head => Static::of(args.get(index)),
            Static::Typed => Static::Typed,
            _ => Static::Dynamic,
        }
    }
}

/// What happens when no arm fits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoArm {
    /// `match`.
    FailMatch,
    /// `catch`: the failure with this token goes on.
    Rethrow(Reg),
    /// `receive`: the next message.
    Again(Label),
}

/// How the first test of the arms can be one jump.
#[derive(Clone, Copy)]
enum Switch {
    Tag { siblings: usize },
    Int { low: i64, span: usize },
}

/// Entries of arms.
struct Entries {
    /// In front of the test of the head.
    tested: Vec<Label>,
    /// Behind it: where the jump table goes.
    known: Vec<Label>,
}

/// How an arm behind a jump table is entered.
#[derive(Clone, Copy)]
struct Entry {
    /// To be bound behind the test of the outermost constructor or number.
    behind_test: Label,
    /// Whether anything comes to the test itself.
    test_is_reached: bool,
}

impl Gen<'_> {
    /// Tests `src` against `pat` and binds its locals; goes to `fail` if it does not fit. `stable`: `src` keeps its
    /// value as long as the locals live, so that they may share it.
    pub(crate) fn pattern(&mut self, pat: PatId, src: Reg, known: &Static, fail: Label, stable: bool) {
        self.pattern_from(pat, src, known, fail, stable, None);
    }

    /// As [`Gen::pattern`], for an arm that may be entered behind its first test.
    fn pattern_from(&mut self, pat: PatId, src: Reg, known: &Static, fail: Label, stable: bool, entry: Option<Entry>) {
        let tested = entry.is_none_or(|entry| entry.test_is_reached);
        match self.pat_of(pat) {
            Pat::Missing | Pat::Wild => {}
            Pat::Bind(local) => self.declare(*local, src, stable),
            Pat::Assign(local) => self.write_local(*local, src),
            Pat::Equal(local) => {
                let expected = match self.register_of(*local) {
                    Some(register) => register,
                    None => {
                        let register = self.alloc();
                        self.read_local(*local, register);
                        register
                    }
                };
                self.code().jump(Instr::JumpNe { a: src, b: expected, offset: 0 }, fail);
            }
            Pat::EqualName(_) => {
                let expected = self.alloc();
                match self.input.inference.pinned.get(&pat) {
                    Some(resolution) => self.resolution(resolution, expected),
                    None => self.emit(Instr::LoadUnit { dst: expected }),
                }
                self.code().jump(Instr::JumpNe { a: src, b: expected, offset: 0 }, fail);
            }
            Pat::Literal(literal) => {
                if tested {
                    self.literal_test(literal, src, known, fail);
                }
                if let Some(entry) = entry {
                    self.code().bind(entry.behind_test);
                }
            }
            Pat::Range { from, to, inclusive } => {
                let high = if *inclusive { Some(*to) } else { to.checked_sub(1) };
                match high.filter(|high| from <= high) {
                    Some(high) => {
                        let constant = self.chunk.constant(Constant::IntRange { low: *from, high });
                        self.code().jump(Instr::JumpNotConst { src, constant, offset: 0 }, fail);
                    }
                    None => {
                        self.code().goto(fail);
                    }
                }
            }
            Pat::Tuple(items) => self.tuple(items, src, known, fail),
            Pat::List { items, rest } => self.list(items, *rest, src, known, fail),
            Pat::StringPrefix { prefix, items, rest } => {
                if self.input.inference.list_prefixes.contains(&pat) {
                    self.list(items, Some(*rest), src, known, fail);
                } else {
                    self.string_prefix(&prefix.concat(), items, *rest, src, known, fail);
                }
            }
            Pat::Constructor { fields, .. } => {
                let Some(ctor) = self.input.inference.constructors.get(&pat) else { return };
                let Some(def) = self.input.types.type_def(&ctor.ty) else { return };
                if tested {
                    self.constructor_test(ctor, &def, src, known, fail);
                }
                if let Some(entry) = entry {
                    self.code().bind(entry.behind_test);
                }
                self.constructor_fields(ctor, &def, fields, src, known, fail);
            }
            Pat::Record(fields) => {
                for (name, field) in fields {
                    let dst = self.alloc();
                    let name = self.chunk.name(name);
                    self.emit(Instr::GetFieldNamed { dst, obj: src, name });
                    self.pattern(*field, dst, &Static::Dynamic, fail, true);
                }
            }
            Pat::Map(entries) => {
                if entries.is_empty() {
                    self.code().jump(Instr::JumpNotKind { kind: Kind::Map, src, target: 0 }, fail);
                }
                for (key, value) in entries {
                    let register = self.alloc();
                    self.pattern_value(*key, register);
                    self.code().jump(Instr::JumpNotKey { src, key: register, offset: 0 }, fail);
                    self.pattern(*value, register, &known.argument(Builtin::Map, 1), fail, true);
                }
            }
            Pat::Set(items) => {
                if items.is_empty() {
                    self.code().jump(Instr::JumpNotKind { kind: Kind::Set, src, target: 0 }, fail);
                }
                for &item in items {
                    let register = self.alloc();
                    self.pattern_value(item, register);
                    self.code().jump(Instr::JumpNotMember { src, item: register, offset: 0 }, fail);
                }
            }
            Pat::Or(alternatives) => self.alternatives(alternatives, src, known, fail),
        }
    }

    /// The value of a pattern that is a literal or a pinned name (keys of maps, members of sets).
    fn pattern_value(&mut self, pat: PatId, dst: Reg) {
        match self.pat_of(pat) {
            Pat::Literal(literal) => self.literal(literal, dst),
            Pat::Equal(local) | Pat::Bind(local) => self.read_local(*local, dst),
            Pat::EqualName(_) => match self.input.inference.pinned.get(&pat) {
                Some(resolution) => self.resolution(resolution, dst),
                None => self.emit(Instr::LoadUnit { dst }),
            },
            _ => self.emit(Instr::LoadUnit { dst }),
        }
    }

    fn literal_test(&mut self, literal: &Literal, src: Reg, known: &Static, fail: Label) {
        let instr = match literal {
            Literal::Int(value) if known.is(Builtin::Int) && i16::try_from(*value).is_ok() => {
                Instr::JumpNeImm { a: src, imm: *value as i16, offset: 0 }
            }
            Literal::Bool(true) if known.is(Builtin::Bool) => Instr::JumpIfNot { cond: src, target: 0 },
            Literal::Bool(false) if known.is(Builtin::Bool) => Instr::JumpIf { cond: src, target: 0 },
            Literal::Unit if known.is(Builtin::Unit) => return,
            other => match constant(other) {
                Some(constant) => {
                    let constant = self.chunk.constant(constant);
                    Instr::JumpNotConst { src, constant, offset: 0 }
                }
                None => return,
            },
        };
        self.code().jump(instr, fail);
    }

    fn tuple(&mut self, items: &[PatId], src: Reg, known: &Static, fail: Label) {
        let types = match known {
            Static::Ty(Ty::Con(Head::Tuple, types)) if types.len() == items.len() => Some(types.clone()),
            _ => None,
        };
        if types.is_none() {
            self.code().jump(Instr::JumpNotTuple { src, arity: items.len() as u16, offset: 0 }, fail);
        }
        for (index, &item) in items.iter().enumerate() {
            if self.ignores(item) {
                continue;
            }
            let dst = self.alloc();
            self.emit(Instr::TupleGet { dst, src, index: index as u16 });
            let known = types.as_ref().map_or(Static::Dynamic, |types| Static::of(types.get(index)));
            self.pattern(item, dst, &known, fail, true);
        }
    }

    fn list(&mut self, items: &[PatId], rest: Option<PatId>, src: Reg, known: &Static, fail: Label) {
        let element = known.argument(Builtin::List, 0);
        match (items, rest) {
            ([], Some(rest)) => {
                self.code().jump(Instr::JumpListShorter { src, len: 0, offset: 0 }, fail);
                self.pattern(rest, src, known, fail, false);
            }
            ([head], Some(rest)) => {
                let pair = self.code().alloc_many(2);
                self.code().jump(Instr::JumpNotCons { src, head: pair, offset: 0 }, fail);
                self.pattern(*head, pair, &element, fail, true);
                self.pattern(rest, pair + 1, known, fail, true);
            }
            (items, rest) => {
                let len = items.len() as u16;
                let test = match rest {
                    Some(_) => Instr::JumpListShorter { src, len, offset: 0 },
                    None => Instr::JumpNotList { src, len, offset: 0 },
                };
                self.code().jump(test, fail);
                for (index, &item) in items.iter().enumerate() {
                    if self.ignores(item) {
                        continue;
                    }
                    let dst = self.alloc();
                    self.emit(Instr::ListGet { dst, src, index: index as u16 });
                    self.pattern(item, dst, &element, fail, true);
                }
                if let Some(rest) = rest.filter(|&rest| !self.ignores(rest)) {
                    let dst = self.alloc();
                    self.emit(Instr::ListDrop { dst, src, count: len });
                    self.pattern(rest, dst, known, fail, true);
                }
            }
        }
    }

    /// `["pre" | rest]`: on a String the prefix, on a list its first elements; the value decides.
    fn string_prefix(&mut self, text: &str, items: &[PatId], rest: PatId, src: Reg, known: &Static, fail: Label) {
        let remaining = self.alloc();
        let is_list = self.code().label();
        let done = self.code().label();
        let is_string = matches!(known, Static::Ty(_)) && known.is(Builtin::String);
        if !is_string {
            self.code().jump(Instr::JumpNotKind { kind: Kind::String, src, target: 0 }, is_list);
        }
        let constant = self.chunk.str(text);
        self.code().jump(Instr::JumpNotPrefix { src, constant, offset: 0 }, fail);
        self.emit(Instr::StripPrefix { dst: remaining, src, constant });
        if !is_string {
            self.code().goto(done);
            self.code().bind(is_list);
            let len = items.len() as u16;
            self.code().jump(Instr::JumpListShorter { src, len, offset: 0 }, fail);
            for (index, &item) in items.iter().enumerate() {
                let dst = self.alloc();
                self.emit(Instr::ListGet { dst, src, index: index as u16 });
                self.pattern(item, dst, &Static::Dynamic, fail, true);
            }
            self.emit(Instr::ListDrop { dst: remaining, src, count: len });
        }
        self.code().bind(done);
        self.pattern(rest, remaining, &Static::Dynamic, fail, true);
    }

    fn constructor_test(&mut self, ctor: &CtorRef, def: &TypeDef, src: Reg, known: &Static, fail: Label) {
        match self.is_of_type(known, ctor) {
            true if def.constructors.len() == 1 => {}
            true => self.code().jump(Instr::JumpNotTag { src, tag: ctor.index as u16, offset: 0 }, fail),
            false => {
                if let Some(ctor) = self.constructor(ctor) {
                    self.code().jump(Instr::JumpNotCtor { src, ctor, offset: 0 }, fail);
                }
            }
        }
    }

    fn is_of_type(&self, known: &Static, ctor: &CtorRef) -> bool {
        match known {
            Static::Ty(Ty::Con(Head::Adt(def), _)) => *def == ctor.ty,
            Static::Ty(_) | Static::Dynamic => false,
            Static::Typed => true,
        }
    }

    fn constructor_fields(
        &mut self,
        ctor: &CtorRef,
        def: &TypeDef,
        fields: &PatFields,
        src: Reg,
        known: &Static,
        fail: Label,
    ) {
        let Some(constructor) = def.constructors.get(ctor.index as usize) else { return };
        let args = match known {
            Static::Ty(Ty::Con(Head::Adt(found), args)) if *found == ctor.ty => Some(args.clone()),
            _ => None,
        };
        let named: Vec<(usize, PatId)> = match fields {
            PatFields::None => return,
            PatFields::Positional(pats) => pats.iter().copied().enumerate().collect(),
            PatFields::Named(pats) => pats
                .iter()
                .filter_map(|(name, pat)| Some((constructor.field_names.iter().position(|field| field == name)?, *pat)))
                .collect(),
        };
        for (index, pat) in named {
            if self.ignores(pat) {
                continue;
            }
            let dst = self.alloc();
            self.emit(Instr::GetField { dst, obj: src, index: index as u16 });
            let field = constructor.fields.get(index);
            let known = match (field, &args) {
                (Some(field), Some(args)) => Static::of(Some(&instantiate(field, args))),
                // Without the arguments only a field type that mentions no parameter is known.
                (Some(field @ Ty::Con(_, none)), None) if none.is_empty() => Static::of(Some(field)),
                _ => Static::Dynamic,
            };
            self.pattern(pat, dst, &known, fail, true);
        }
    }

    /// `p | q`: the locals get their registers before the first alternative.
    fn alternatives(&mut self, alternatives: &[PatId], src: Reg, known: &Static, fail: Label) {
        if let Some(&first) = alternatives.first() {
            let mut locals = Vec::new();
            self.bound_locals(first, &mut locals);
            for local in locals {
                if self.frame().places.get(local).is_none() {
                    self.reserve(local);
                }
            }
        }
        let done = self.code().label();
        for (index, &alternative) in alternatives.iter().enumerate() {
            let last = index + 1 == alternatives.len();
            let next = if last { fail } else { self.code().label() };
            let mark = self.code().mark();
            self.pattern(alternative, src, known, next, false);
            self.code().release(mark);
            if !last {
                self.code().goto(done);
                self.code().bind(next);
            }
        }
        self.code().bind(done);
    }

    pub(crate) fn bound_locals(&self, pat: PatId, out: &mut Vec<LocalId>) {
        match self.pat_of(pat) {
            Pat::Bind(local) => out.push(*local),
            Pat::Tuple(pats) | Pat::Set(pats) => pats.iter().for_each(|&pat| self.bound_locals(pat, out)),
            Pat::List { items, rest } => {
                items.iter().chain(rest).for_each(|&pat| self.bound_locals(pat, out));
            }
            Pat::StringPrefix { rest, .. } => self.bound_locals(*rest, out),
            Pat::Constructor { fields, .. } => match fields {
                PatFields::None => {}
                PatFields::Positional(pats) => pats.iter().for_each(|&pat| self.bound_locals(pat, out)),
                PatFields::Named(pats) => pats.iter().for_each(|&(_, pat)| self.bound_locals(pat, out)),
            },
            Pat::Record(pats) => pats.iter().for_each(|&(_, pat)| self.bound_locals(pat, out)),
            Pat::Map(entries) => entries.iter().for_each(|&(_, pat)| self.bound_locals(pat, out)),
            // All alternatives bind the same locals.
            Pat::Or(pats) => pats.first().into_iter().for_each(|&pat| self.bound_locals(pat, out)),
            Pat::Missing
            | Pat::Wild
            | Pat::Equal(_)
            | Pat::EqualName(_)
            | Pat::Assign(_)
            | Pat::Literal(_)
            | Pat::Range { .. } => {}
        }
    }

    fn ignores(&self, pat: PatId) -> bool {
        matches!(self.pat_of(pat), Pat::Wild | Pat::Missing)
    }

    /// Behind a pattern that must match: what happens when it does not.
    pub(crate) fn bind_match_failure(&mut self, fail: Label) {
        if !self.code().is_used(fail) {
            return;
        }
        let done = self.code().label();
        self.code().goto(done);
        self.code().bind(fail);
        self.emit(Instr::FailMatch);
        self.code().bind_if_used(done);
    }

    // --- arms ---

    /// Arms of `match`, `catch` or `receive`, with the value in `src`, which keeps it to the end of the arms.
    pub(crate) fn arms(&mut self, arms: &[hir::body::Arm], src: Reg, known: &Static, dest: Dest, otherwise: NoArm) {
        let end = self.code().label();
        let fail = match otherwise {
            NoArm::Again(label) => label,
            NoArm::FailMatch | NoArm::Rethrow(_) => self.code().label(),
        };
        let heads: Vec<PatId> = arms.iter().map(|arm| arm.pat).collect();
        let entries = self.switch(&heads, src, known, fail);
        for (index, arm) in arms.iter().enumerate() {
            let next = match &entries {
                Some(entries) => entries.tested.get(index + 1).copied().unwrap_or(fail),
                None if index + 1 == arms.len() => fail,
                None => self.code().label(),
            };
            let mark = self.code().mark();
            self.arm_pattern(arm.pat, index, &entries, src, known, next);
            if let Some(guard) = arm.guard {
                self.branch(guard, next, false);
            }
            self.expr(arm.body, dest);
            self.code().release(mark);
            self.code().goto(end);
            if entries.is_none() && index + 1 < arms.len() {
                if !self.code().is_used(next) {
                    // This arm always fits: the others are never reached.
                    break;
                }
                self.code().bind(next);
            }
        }
        if arms.is_empty() {
            self.code().goto(fail);
        }
        match otherwise {
            NoArm::FailMatch if self.code().is_used(fail) => {
                self.code().bind(fail);
                self.emit(Instr::FailMatch);
            }
            NoArm::Rethrow(token) if self.code().is_used(fail) => {
                self.code().bind(fail);
                self.emit(Instr::Rethrow { token });
            }
            NoArm::FailMatch | NoArm::Rethrow(_) | NoArm::Again(_) => {}
        }
        self.code().bind_if_used(end);
    }

    /// Dispatches on the first parameter of the clauses, if that helps; writes all clauses then.
    pub(crate) fn switch_on_clauses(&mut self) -> bool {
        let clauses = &self.input.body.clauses;
        let Some(heads) =
            clauses.iter().map(|clause| clause.params.first().map(|param| param.pat)).collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        let fail = self.code().label();
        let Some(entries) = self.switch(&heads, 0, &Static::Typed, fail) else {
            return false;
        };
        let entries = Some(entries);
        for (index, clause) in clauses.iter().enumerate() {
            let next = entries.as_ref().and_then(|entries| entries.tested.get(index + 1).copied()).unwrap_or(fail);
            let mark = self.code().mark();
            for (register, param) in clause.params.iter().enumerate() {
                if register == 0 {
                    self.arm_pattern(param.pat, index, &entries, 0, &Static::Typed, next);
                } else {
                    self.pattern(param.pat, register as Reg, &Static::Typed, next, true);
                }
            }
            self.clause_rest(clause, next);
            self.code().release(mark);
        }
        self.code().bind(fail);
        true
    }

    /// The pattern of arm `index`, with its entries bound if a jump table leads to them.
    fn arm_pattern(
        &mut self,
        pat: PatId,
        index: usize,
        entries: &Option<Entries>,
        src: Reg,
        known: &Static,
        next: Label,
    ) {
        match entries {
            Some(entries) => {
                let (tested, behind) = (entries.tested[index], entries.known[index]);
                let test_is_reached = self.code().is_used(tested);
                self.code().bind(tested);
                if matches!(self.pat_of(pat), Pat::Constructor { .. } | Pat::Literal(_)) {
                    self.pattern_from(
                        pat,
                        src,
                        known,
                        next,
                        true,
                        Some(Entry { behind_test: behind, test_is_reached }),
                    );
                } else {
                    self.code().bind(behind);
                    self.pattern(pat, src, known, next, true);
                }
            }
            None => self.pattern(pat, src, known, next, true),
        }
    }

    /// Emits a jump table over the heads of the arms; `None` if they do not suit one.
    fn switch(&mut self, heads: &[PatId], src: Reg, known: &Static, fail: Label) -> Option<Entries> {
        let switch = self.suits(heads, known)?;
        let entries = Entries {
            tested: heads.iter().map(|_| self.code().label()).collect(),
            known: heads.iter().map(|_| self.code().label()).collect(),
        };
        let (low, len) = match switch {
            Switch::Tag { siblings } => (0, siblings),
            Switch::Int { low, span } => (low, span),
        };
        let mut targets = vec![None; len];
        let mut default = fail;
        for (&head, &entry) in heads.iter().zip(&entries.known) {
            if self.always_fits(head) {
                // Later arms can only be reached from this one.
                default = entry;
                break;
            }
            let value = match switch {
                Switch::Tag { .. } => self.constructor_index(head).map(|(_, index)| index),
                Switch::Int { .. } => self.int(head).map(|value| (value - low) as usize),
            };
            if let Some(target) = value.and_then(|value| targets.get_mut(value)) {
                target.get_or_insert(entry);
            }
        }
        let targets = targets.into_iter().map(|target| target.unwrap_or(default)).collect();
        let table = self.code().table(low, targets, default);
        self.emit(match switch {
            Switch::Tag { .. } => Instr::SwitchTag { src, table },
            Switch::Int { .. } => Instr::SwitchInt { src, table },
        });
        Some(entries)
    }

    fn suits(&self, heads: &[PatId], known: &Static) -> Option<Switch> {
        let numbers: Vec<i64> = heads.iter().filter_map(|&head| self.int(head)).collect();
        if numbers.len() >= 4 && known.is(Builtin::Int) {
            if !heads.iter().all(|&head| self.int(head).is_some() || self.always_fits(head)) {
                return None;
            }
            let low = *numbers.iter().min()?;
            let span = numbers.iter().max()?.checked_sub(low)?.checked_add(1)?;
            return (span <= 4 * numbers.len() as i64).then_some(Switch::Int { low, span: span as usize });
        }
        let constructors: Vec<&CtorRef> =
            heads.iter().filter_map(|&head| self.constructor_index(head)).map(|(ctor, _)| ctor).collect();
        let ctor = *constructors.first()?;
        if constructors.len() < 3
            || !self.is_of_type(known, ctor)
            || !constructors.iter().all(|other| other.ty == ctor.ty)
            || !heads.iter().all(|&head| self.constructor_index(head).is_some() || self.always_fits(head))
        {
            return None;
        }
        let siblings = self.input.types.type_def(&ctor.ty)?.constructors.len();
        (3..=1024).contains(&siblings).then_some(Switch::Tag { siblings })
    }

    fn constructor_index(&self, pat: PatId) -> Option<(&CtorRef, usize)> {
        match self.pat_of(pat) {
            Pat::Constructor { .. } => {
                let ctor = self.input.inference.constructors.get(&pat)?;
                Some((ctor, ctor.index as usize))
            }
            _ => None,
        }
    }

    fn int(&self, pat: PatId) -> Option<i64> {
        match self.pat_of(pat) {
            Pat::Literal(Literal::Int(value)) => Some(*value),
            _ => None,
        }
    }

    fn always_fits(&self, pat: PatId) -> bool {
        matches!(self.pat_of(pat), Pat::Wild | Pat::Bind(_))
    }

    // --- bindings ---

    /// `pat = value` as a statement.
    pub(crate) fn bind_value(&mut self, pat: PatId, value: ExprId) {
        if let Pat::Bind(local) = self.pat_of(pat) {
            let reserved = if self.is_forward(*local) { self.frame().places.get(*local).copied() } else { None };
            let place = reserved.unwrap_or_else(|| self.reserve(*local));
            match place {
                Place::Register(register) => self.expr(value, Dest::Reg(register)),
                Place::Cell(cell) => {
                    let names_itself = self.local_functions.get(local) == Some(&value);
                    let mark = self.code().mark();
                    let src = self.alloc();
                    if reserved.is_some() {
                        self.expr(value, Dest::Reg(src));
                        self.emit(Instr::CellSet { cell, src });
                    } else if names_itself {
                        // The lambda captures the cell before its value is known.
                        self.emit(Instr::LoadUnit { dst: src });
                        self.emit(Instr::CellNew { dst: cell, src });
                        self.expr(value, Dest::Reg(src));
                        self.emit(Instr::CellSet { cell, src });
                    } else {
                        self.expr(value, Dest::Reg(src));
                        self.emit(Instr::CellNew { dst: cell, src });
                    }
                    self.code().release(mark);
                }
            }
            return;
        }
        if matches!(self.pat_of(pat), Pat::Wild) {
            self.expr(value, Dest::Ignore);
            return;
        }
        let src = self.alloc();
        self.expr(value, Dest::Reg(src));
        self.at(value);
        let fail = self.code().label();
        let known = Static::of(self.ty(value));
        self.pattern(pat, src, &known, fail, true);
        self.bind_match_failure(fail);
    }
}

/// The type of a field for the given arguments of its type.
fn instantiate(ty: &Ty, args: &[Ty]) -> Ty {
    match ty {
        Ty::Param(index) => args.get(*index as usize).cloned().unwrap_or(Ty::Dyn),
        Ty::Con(head, inner) => Ty::Con(head.clone(), inner.iter().map(|ty| instantiate(ty, args)).collect()),
        other => other.clone(),
    }
}

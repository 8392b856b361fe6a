//! Builders: interning of tables, labels, anchors, and lengthening of jumps that do not fit.
//!
//! Input: instructions in order, with labels in place of jump targets. Output: a [`Chunk`], or [`BuildError`] when a
//! function is larger than the format allows.
//!
//! Invariant: [`ChunkBuilder::finish`] resolves every label; an unbound label is an error, never a wild jump.

use std::fmt;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::instr::JumpWidth;
use crate::{Body, Capture, Chunk, Constant, ConstructorRef, Instr, JumpTable, MethodSite};

/// Why a function cannot be expressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// More than 65,535 entries in the named table.
    TooMany(&'static str),
    /// A label was used and never bound, or a body was reserved and never given.
    Unfinished(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::TooMany(what) => write!(f, "the function has too many {what}"),
            BuildError::Unfinished(what) => write!(f, "a {what} was used and never defined"),
        }
    }
}

impl std::error::Error for BuildError {}

/// A place in a body that may not be known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label(u32);

/// Instructions and anchors.
type Resolved = (Vec<Instr>, Vec<(u32, u32)>);

/// Code of one body under construction.
#[derive(Debug, Default)]
pub struct BodyBuilder {
    code: Vec<Instr>,
    /// Label of the jump at the same index of `code`.
    jumps: Vec<Option<Label>>,
    labels: Vec<Option<u32>>,
    anchors: Vec<(u32, u32)>,
    /// Tables whose targets are labels: index into the chunk's tables, targets, default.
    tables: Vec<(u16, Vec<Label>, Label)>,
}

impl BodyBuilder {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an instruction without a jump.
    pub fn emit(&mut self, instr: Instr) {
        self.code.push(instr);
        self.jumps.push(None);
    }

    /// Appends an instruction with a jump to `label`; what its jump field holds is ignored.
    pub fn emit_jump(&mut self, instr: Instr, label: Label) {
        debug_assert!(instr.jump_width().is_some(), "{} has no jump", instr.name());
        self.code.push(instr);
        self.jumps.push(Some(label));
    }

    /// A new label, not bound yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// Binds `label` to the next instruction.
    pub fn bind(&mut self, label: Label) {
        debug_assert!(self.labels[label.0 as usize].is_none(), "a label is bound once");
        self.labels[label.0 as usize] = Some(self.code.len() as u32);
    }

    /// A label bound to the next instruction.
    pub fn label_here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// The instructions from here on belong to expression `expr`.
    pub fn anchor(&mut self, expr: u32) {
        let pc = self.code.len() as u32;
        match self.anchors.last_mut() {
            Some(last) if last.0 == pc => last.1 = expr,
            Some(last) if last.1 == expr => {}
            _ => self.anchors.push((pc, expr)),
        }
    }

    /// Number of instructions so far.
    pub fn len(&self) -> usize {
        self.code.len()
    }

    /// Whether nothing was emitted yet.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// Whether the next instruction can only be reached by a label: the last one never falls through.
    pub fn is_terminated(&self) -> bool {
        self.code.last().is_some_and(|instr| instr.is_terminator())
    }

    /// Resolves labels: code and anchors. Short jumps that are too far become three instructions.
    fn finish(self, tables: &mut [JumpTable]) -> Result<Resolved, BuildError> {
        let target =
            |label: Label| self.labels.get(label.0 as usize).copied().flatten().ok_or(BuildError::Unfinished("label"));
        // A lengthened jump adds two instructions, so code grows at most threefold: what is closer than this fits.
        let near = i64::from(i16::MAX) / 3 - 1;
        let mut place = Vec::with_capacity(self.code.len() + 1);
        let mut far = vec![false; self.code.len()];
        let mut next = 0u32;
        for (pc, &instr) in self.code.iter().enumerate() {
            place.push(next);
            if let Some(label) = self.jumps[pc]
                && instr.jump_width() == Some(JumpWidth::Short)
                && (i64::from(target(label)?) - pc as i64).abs() > near
            {
                far[pc] = true;
                next += 2;
            }
            next += 1;
        }
        place.push(next);
        let place_of = |pc: u32| place.get(pc as usize).copied().ok_or(BuildError::Unfinished("label"));

        let mut code = Vec::with_capacity(next as usize);
        for (pc, &instr) in self.code.iter().enumerate() {
            let Some(label) = self.jumps[pc] else {
                code.push(instr);
                continue;
            };
            let to = place_of(target(label)?)?;
            if far[pc] {
                code.push(instr.with_jump(0, 1));
                code.push(Instr::Jump { target: place[pc] + 3 });
                code.push(Instr::Jump { target: to });
            } else {
                let offset = i64::from(to) - i64::from(place[pc]) - 1;
                code.push(instr.with_jump(to, offset as i16));
            }
        }
        for (index, targets, default) in &self.tables {
            let table = &mut tables[usize::from(*index)];
            table.targets = targets.iter().map(|&label| place_of(target(label)?)).collect::<Result<_, _>>()?;
            table.default = place_of(target(*default)?)?;
        }
        let anchors = self.anchors.iter().map(|&(pc, expr)| (place[pc as usize], expr)).collect();
        Ok((code, anchors))
    }
}

/// Interns values of one table.
#[derive(Debug)]
struct Interner<T> {
    items: Vec<T>,
    index: FxHashMap<T, u16>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn intern(&mut self, item: T) -> u16 {
        if let Some(&index) = self.index.get(&item) {
            return index;
        }
        // The 65,536th entry and later ones get a number that is wrong but harmless: `finish` refuses the chunk.
        let index = self.items.len().min(usize::from(u16::MAX)) as u16;
        self.index.insert(item.clone(), index);
        self.items.push(item);
        index
    }

    fn finish(self, what: &'static str) -> Result<Vec<T>, BuildError> {
        if self.items.len() > usize::from(u16::MAX) { Err(BuildError::TooMany(what)) } else { Ok(self.items) }
    }
}

/// A chunk under construction: tables shared by the function and its lambdas.
#[derive(Debug, Default)]
pub struct ChunkBuilder {
    symbol: SmolStr,
    bodies: Vec<Option<Body>>,
    constants: Interner<Constant>,
    symbols: Interner<SmolStr>,
    natives: Interner<SmolStr>,
    names: Interner<SmolStr>,
    constructors: Interner<ConstructorRef>,
    sites: Interner<MethodSite>,
    tables: Vec<JumpTable>,
    error: Option<BuildError>,
}

impl ChunkBuilder {
    /// A chunk for `symbol`. Body 0, the function itself, is reserved already.
    pub fn new(symbol: impl Into<SmolStr>) -> Self {
        Self { symbol: symbol.into(), bodies: vec![None], ..Self::default() }
    }

    /// Index of a constant.
    pub fn constant(&mut self, constant: Constant) -> u16 {
        self.constants.intern(constant)
    }

    /// Index of a string constant.
    pub fn str(&mut self, text: &str) -> u16 {
        self.constants.intern(Constant::str(text))
    }

    /// Index of a function, value or mvar symbol.
    pub fn symbol(&mut self, symbol: impl Into<SmolStr>) -> u16 {
        self.symbols.intern(symbol.into())
    }

    /// Index of a native.
    pub fn native(&mut self, name: &str) -> u16 {
        self.natives.intern(name.into())
    }

    /// Index of a field name.
    pub fn name(&mut self, name: &str) -> u16 {
        self.names.intern(name.into())
    }

    /// Index of a constructor.
    pub fn constructor(&mut self, ctor: ConstructorRef) -> u16 {
        self.constructors.intern(ctor)
    }

    /// Index of a method site. Equal sites share one entry, and so one inline cache.
    pub fn site(&mut self, site: MethodSite) -> u16 {
        self.sites.intern(site)
    }

    /// A jump table for `body`; its labels are resolved when that body is finished.
    pub fn table(&mut self, body: &mut BodyBuilder, low: i64, targets: Vec<Label>, default: Label) -> u16 {
        if self.tables.len() >= usize::from(u16::MAX) {
            self.error = Some(BuildError::TooMany("jump tables"));
            return 0;
        }
        let index = self.tables.len() as u16;
        self.tables.push(JumpTable { low, targets: Vec::new(), default: 0 });
        body.tables.push((index, targets, default));
        index
    }

    /// Reserves the index of a lambda, for `MakeClosure`.
    pub fn reserve_body(&mut self) -> u16 {
        if self.bodies.len() >= usize::from(u16::MAX) {
            self.error = Some(BuildError::TooMany("lambdas"));
            return 0;
        }
        self.bodies.push(None);
        self.bodies.len() as u16 - 1
    }

    /// Gives the code of body `index` (0 or reserved).
    pub fn set_body(
        &mut self,
        index: u16,
        name: &str,
        params: u16,
        registers: u16,
        captures: Vec<Capture>,
        body: BodyBuilder,
    ) {
        match body.finish(&mut self.tables) {
            Ok((code, anchors)) => {
                self.bodies[usize::from(index)] =
                    Some(Body { name: name.into(), params, registers, captures, code, anchors });
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// The chunk. It is not verified yet.
    pub fn finish(self) -> Result<Chunk, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(Chunk {
            symbol: self.symbol,
            bodies: self.bodies.into_iter().collect::<Option<Vec<_>>>().ok_or(BuildError::Unfinished("body"))?,
            constants: self.constants.finish("constants")?,
            symbols: self.symbols.finish("symbols")?,
            natives: self.natives.finish("natives")?,
            names: self.names.finish("field names")?,
            constructors: self.constructors.finish("constructors")?,
            sites: self.sites.finish("method sites")?,
            tables: self.tables,
        })
    }
}

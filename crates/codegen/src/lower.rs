//! The state of code generation for one definition, and the frames of its functions and lambdas.
//!
//! Input: a [`CompileInput`]. Output: chunks. The walk itself is spread over `expr`, `call`, `pattern`, `control` and
//! `assign`; this file holds what they share: registers of locals, captures, constructors, constants, types.
//!
//! How locals live: an immutable local is a register (captured by value). A local that is assigned and captured is a
//! cell in a register, shared by all closures over it. A local function finds itself in the running closure.

use base_db::{DefKind, DefName, Name};
use bytecode::{BuildError, Capture, Chunk, ChunkBuilder, Constant, Instr, TypeRef};
use hir::body::{Clause, Expr, ExprId, IntWidth, Lambda, Literal, LocalId, Pat, PatId, Stmt};
use la_arena::ArenaMap;
use rustc_hash::{FxHashMap, FxHashSet};
use types::{Builtin, CtorRef, Head, Ty};

use crate::{
    CompileInput,
    control::{Loop, Region},
    describe,
    emit::{Emitter, Label, Reg},
    liveness::{self, ClosureRegisters},
    pattern::Static,
    reflect,
};

/// Where the value of an expression goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dest {
    /// Into a register.
    Reg(Reg),
    /// It is the result of the function; only where no region is open.
    Return,
    /// Nowhere: evaluated for its effects.
    Ignore,
}

/// Where a local of the running function lives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// The register holds the value.
    Register(Reg),
    /// The register holds the cell.
    Cell(Reg),
}

impl Place {
    /// The register itself, whatever it holds.
    pub(crate) fn register(self) -> Reg {
        match self {
            Place::Register(register) | Place::Cell(register) => register,
        }
    }
}

/// A function or lambda under construction.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) code: Emitter,
    pub(crate) places: ArenaMap<LocalId, Place>,
    captures: Vec<Capture>,
    capture_index: FxHashMap<LocalId, u16>,
    /// The local that names this very lambda.
    self_local: Option<LocalId>,
    pub(crate) regions: Vec<Region>,
    pub(crate) loops: Vec<Loop>,
    /// Holds the result of a `return` while `finally` blocks run.
    pub(crate) return_value: Option<Reg>,
}

/// Code generation of one chunk.
pub(crate) struct Gen<'a> {
    pub(crate) input: &'a CompileInput<'a>,
    pub(crate) chunk: ChunkBuilder,
    pub(crate) frames: Vec<Frame>,
    /// Locals that change after their declaration.
    changing: FxHashSet<LocalId>,
    /// Local functions that an earlier statement of their block mentions: cells from the start of the block.
    forward: FxHashSet<LocalId>,
    /// Lambdas bound to a local, for the defaults of local functions.
    pub(crate) local_functions: FxHashMap<LocalId, ExprId>,
    /// Start of the definition's own code, where its calls of itself in tail position may jump to.
    pub(crate) start: Option<Label>,
    /// Registers each body captures from its creator.
    closures: Closures,
    /// Number of fields by constructor index of the chunk.
    ctor_widths: Vec<usize>,
    error: Option<BuildError>,
}

#[derive(Default)]
struct Closures(Vec<Vec<Reg>>);

impl ClosureRegisters for Closures {
    fn registers(&self, body: u16) -> &[Reg] {
        self.0.get(usize::from(body)).map_or(&[], Vec::as_slice)
    }
}

/// The chunks of a definition: its own and those of its default arguments.
pub(crate) fn chunks(input: &CompileInput<'_>) -> Result<Vec<Chunk>, BuildError> {
    let symbol = input.def.symbol();
    let mut own = Gen::new(input, symbol.clone());
    let params = input.body.clauses.first().map_or(0, |clause| clause.params.len());
    let told = input.inference.told_types.len();
    own.enter(params, None);
    if told == 0 {
        own.clauses();
    } else {
        own.call_untold(params, told);
    }
    own.leave(0, input.def.name());
    let mut chunks = vec![own.finish()?];
    if told > 0 {
        let mut own = Gen::new(input, reflect::told_symbol(symbol).into());
        own.enter(params + told, None);
        own.declare_told(params);
        own.clauses();
        own.leave(0, input.def.name());
        chunks.push(own.finish()?);
    }
    if has_defaults(input.def.kind()) {
        for index in 0..params {
            let clause = input.body.clauses.iter().find(|clause| clause.params[index].default.is_some());
            let own = clause.and_then(|clause| Some((clause, clause.params[index].default?)));
            let inherits = own.is_none() && input.def.kind() == DefKind::Method && index > 0;
            let inherited = if inherits { input.types.inherited_default(input.def, index) } else { None };
            if own.is_none() && inherited.is_none() {
                continue;
            }
            let mut default = Gen::new(input, default_symbol(symbol, index).into());
            default.enter(index, None);
            if let Some((clause, value)) = own {
                default.default_value(clause, index, value);
            }
            if let Some(declared) = inherited {
                default.inherited_value(&declared, index);
            }
            default.leave(0, input.def.name());
            chunks.push(default.finish()?);
        }
    }
    Ok(chunks)
}

fn has_defaults(kind: DefKind) -> bool {
    matches!(kind, DefKind::Function | DefKind::Method | DefKind::DefaultMethod)
}

/// Symbol of the function that computes the default of parameter `index` from the parameters before it.
pub(crate) fn default_symbol(symbol: &str, index: usize) -> String {
    format!("{symbol}$default${index}")
}

impl<'a> Gen<'a> {
    fn new(input: &'a CompileInput<'a>, symbol: Name) -> Gen<'a> {
        let body = input.body;
        let mut changing: FxHashSet<LocalId> =
            body.locals.iter().filter(|(_, local)| local.assigned).map(|(id, _)| id).collect();
        let mut local_functions = FxHashMap::default();
        let mut forward = FxHashSet::default();
        for (id, expr) in body.exprs.iter() {
            match expr {
                Expr::Lambda(Lambda { name: Some(local), .. }) => {
                    local_functions.insert(*local, id);
                }
                Expr::Block { stmts, .. } => {
                    changing.extend(stmts.iter().filter_map(|stmt| updated_local(input, stmt)));
                    forward_functions(input, stmts, &mut forward);
                }
                Expr::Assign(stmt) => changing.extend(updated_local(input, stmt)),
                _ => {}
            }
        }
        changing.extend(body.pats.iter().filter_map(|(_, pat)| match pat {
            Pat::Assign(local) => Some(*local),
            _ => None,
        }));
        Gen {
            input,
            chunk: ChunkBuilder::new(symbol),
            frames: Vec::new(),
            changing,
            forward,
            local_functions,
            start: None,
            closures: Closures::default(),
            ctor_widths: Vec::new(),
            error: None,
        }
    }

    fn finish(self) -> Result<Chunk, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => self.chunk.finish(),
        }
    }

    // --- frames ---

    /// The frame that is being written.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("code is generated inside a frame")
    }

    /// The code that is being written.
    pub(crate) fn code(&mut self) -> &mut Emitter {
        &mut self.frame().code
    }

    pub(crate) fn emit(&mut self, instr: Instr) {
        self.code().emit(instr);
    }

    /// What follows belongs to `expr`.
    pub(crate) fn at(&mut self, expr: ExprId) {
        self.code().at(raw(expr));
    }

    pub(crate) fn alloc(&mut self) -> Reg {
        self.code().alloc()
    }

    /// Starts a function with `params` parameters.
    pub(crate) fn enter(&mut self, params: usize, self_local: Option<LocalId>) {
        self.frames.push(Frame { code: Emitter::new(params), self_local, ..Frame::default() });
    }

    /// Ends the innermost function, which becomes body `index` of the chunk.
    pub(crate) fn leave(&mut self, index: u16, name: &str) {
        let Some(mut frame) = self.frames.pop() else { return };
        let widths = &self.ctor_widths;
        let width = |ctor: u16| widths.get(usize::from(ctor)).copied().unwrap_or(0);
        liveness::take_last_uses(&mut frame.code, &self.closures, &width);
        let registers = match frame.code.registers() {
            Some(registers) => registers,
            None => {
                self.fail("registers");
                0
            }
        };
        let params = frame.code.params();
        if self.closures.0.len() <= usize::from(index) {
            self.closures.0.resize(usize::from(index) + 1, Vec::new());
        }
        self.closures.0[usize::from(index)] = frame
            .captures
            .iter()
            .filter_map(|capture| match capture {
                Capture::Register(register) => Some(*register),
                Capture::Outer(_) => None,
            })
            .collect();
        let builder = frame.code.finish(&mut self.chunk);
        self.chunk.set_body(index, name, params, registers, frame.captures, builder);
    }

    /// The function is larger than the format allows.
    pub(crate) fn fail(&mut self, what: &'static str) {
        self.error.get_or_insert(BuildError::TooMany(what));
    }

    // --- the definition itself ---

    /// All clauses of the definition in the order of the source; the arguments are in the first registers.
    fn clauses(&mut self) {
        let body = self.input.body;
        let params = body.clauses.first().map_or(0, |clause| clause.params.len());
        // A call by name enters the newest version of a function. Only what never changes may stay inside.
        if self.input.def.module().starts_with("stdlib.") && self.input.inference.told_types.is_empty() {
            let start = self.code().label();
            self.code().bind(start);
            self.start = Some(start);
        }
        if !self.switch_on_clauses() {
            for clause in &body.clauses {
                let next = self.code().label();
                let mark = self.code().mark();
                for (index, param) in clause.params.iter().enumerate().take(params) {
                    self.pattern(param.pat, index as Reg, &Static::Typed, next, true);
                }
                self.clause_rest(clause, next);
                self.code().release(mark);
                if !self.code().is_used(next) {
                    return;
                }
                self.code().bind(next);
            }
        }
        self.no_clause(params);
    }

    /// Guard and value of a clause whose parameters are bound.
    pub(crate) fn clause_rest(&mut self, clause: &Clause, next: Label) {
        if let Some(guard) = clause.guard {
            self.branch(guard, next, false);
        }
        self.expr(clause.value, Dest::Return);
    }

    fn no_clause(&mut self, params: usize) {
        let holes = vec!["_"; params].join(",");
        let text = format!("No clause matched for function '{}/{holes}'", self.input.def.name());
        let src = self.alloc();
        let constant = self.chunk.str(&text);
        self.emit(Instr::LoadConst { dst: src, constant });
        self.emit(Instr::Throw { src });
    }

    fn default_value(&mut self, clause: &Clause, index: usize, value: ExprId) {
        let fail = self.code().label();
        for (register, param) in clause.params.iter().enumerate().take(index) {
            self.pattern(param.pat, register as Reg, &Static::Typed, fail, true);
        }
        self.expr(value, Dest::Return);
        self.bind_match_failure(fail);
    }

    /// The trait's own default, from the same parameters.
    fn inherited_value(&mut self, declared: &DefName, index: usize) {
        let symbol = self.chunk.symbol(default_symbol(declared.symbol(), index));
        let Ok(argc) = u8::try_from(index) else { return self.fail("arguments") };
        self.emit(Instr::TailCall { argc, symbol, args: 0 });
    }

    // --- locals ---

    /// Whether the local may change after its declaration, so that its register must not be shared.
    pub(crate) fn is_changing(&self, local: LocalId) -> bool {
        self.changing.contains(&local) || self.forward.contains(&local)
    }

    /// Whether the local lives in a cell.
    pub(crate) fn is_cell(&self, local: LocalId) -> bool {
        self.is_forward(local) || (self.changing.contains(&local) && self.input.body.locals[local].captured)
    }

    /// Whether the local is a function that is mentioned before its binding.
    pub(crate) fn is_forward(&self, local: LocalId) -> bool {
        self.forward.contains(&local)
    }

    /// The register of an immutable local or an uncaptured `var` of the running function, readable in place.
    pub(crate) fn register_of(&mut self, local: LocalId) -> Option<Reg> {
        match self.frame().places.get(local) {
            Some(Place::Register(register)) => Some(*register),
            _ => None,
        }
    }

    /// Declares `local` with the value of `src`. `stable`: nothing else will write `src` while the local lives.
    pub(crate) fn declare(&mut self, local: LocalId, src: Reg, stable: bool) {
        if let Some(&Place::Register(register)) = self.frame().places.get(local) {
            // An alternative of an or-pattern: the register was chosen before.
            self.emit(Instr::Move { dst: register, src });
        } else if let Some(&Place::Cell(register)) = self.frame().places.get(local) {
            self.emit(Instr::CellNew { dst: register, src });
        } else if self.is_cell(local) {
            let dst = self.alloc();
            self.emit(Instr::CellNew { dst, src });
            self.frame().places.insert(local, Place::Cell(dst));
        } else if stable && !self.is_changing(local) {
            self.frame().places.insert(local, Place::Register(src));
        } else {
            let dst = self.alloc();
            self.emit(Instr::Move { dst, src });
            self.frame().places.insert(local, Place::Register(dst));
        }
    }

    /// Chooses where `local` will live, before its value is known.
    pub(crate) fn reserve(&mut self, local: LocalId) -> Place {
        let register = self.alloc();
        let place = if self.is_cell(local) { Place::Cell(register) } else { Place::Register(register) };
        self.frame().places.insert(local, place);
        place
    }

    /// `dst` = value of a local.
    pub(crate) fn read_local(&mut self, local: LocalId, dst: Reg) {
        match self.frame().places.get(local).copied() {
            Some(Place::Register(src)) if src == dst => {}
            Some(Place::Register(src)) => self.emit(Instr::Move { dst, src }),
            Some(Place::Cell(cell)) => self.emit(Instr::CellGet { dst, cell }),
            None if self.names_running_closure(local) => self.emit(Instr::LoadSelf { dst }),
            None => {
                let level = self.frames.len() - 1;
                match self.capture(level, local) {
                    Some(index) if self.is_cell(local) => self.emit(Instr::CaptureCellGet { dst, index }),
                    Some(index) => self.emit(Instr::LoadCapture { dst, index }),
                    // Only in bodies with reported problems.
                    None => self.emit(Instr::LoadUnit { dst }),
                }
            }
        }
    }

    /// A local that is a `var` = `src`.
    pub(crate) fn write_local(&mut self, local: LocalId, src: Reg) {
        match self.frame().places.get(local).copied() {
            Some(Place::Register(dst)) if dst == src => {}
            Some(Place::Register(dst)) => self.emit(Instr::Move { dst, src }),
            Some(Place::Cell(cell)) => self.emit(Instr::CellSet { cell, src }),
            None => {
                let level = self.frames.len() - 1;
                if let Some(index) = self.capture(level, local).filter(|_| self.is_cell(local)) {
                    self.emit(Instr::CaptureCellSet { index, src });
                }
            }
        }
    }

    fn names_running_closure(&mut self, local: LocalId) -> bool {
        !self.is_cell(local) && self.frame().self_local == Some(local)
    }

    /// Number of the capture of `local` in the frame at `level`; `None` if no enclosing frame has it.
    fn capture(&mut self, level: usize, local: LocalId) -> Option<u16> {
        if let Some(&index) = self.frames[level].capture_index.get(&local) {
            return Some(index);
        }
        let parent = level.checked_sub(1)?;
        let source = match self.frames[parent].places.get(local) {
            Some(Place::Register(register) | Place::Cell(register)) => Capture::Register(*register),
            None if self.frames[parent].self_local == Some(local) && !self.is_cell(local) => {
                let code = &mut self.frames[parent].code;
                let dst = code.alloc();
                code.emit(Instr::LoadSelf { dst });
                Capture::Register(dst)
            }
            None => Capture::Outer(self.capture(parent, local)?),
        };
        let frame = &mut self.frames[level];
        let index = frame.captures.len() as u16;
        frame.captures.push(source);
        frame.capture_index.insert(local, index);
        Some(index)
    }

    // --- tables of the chunk ---

    /// Index of a constructor; `None` if its type is not known (reported elsewhere).
    pub(crate) fn constructor(&mut self, ctor: &CtorRef) -> Option<u16> {
        let def = self.input.types.type_def(&ctor.ty)?;
        let constructor = describe::constructor_ref(&def, ctor.index)?;
        let width = constructor.fields.len();
        let index = self.chunk.constructor(constructor);
        if self.ctor_widths.len() <= usize::from(index) {
            self.ctor_widths.resize(usize::from(index) + 1, width);
        }
        Some(index)
    }

    /// Loads a literal.
    pub(crate) fn literal(&mut self, literal: &Literal, dst: Reg) {
        let instr = match literal {
            Literal::Unit => Instr::LoadUnit { dst },
            Literal::Bool(value) => Instr::LoadBool { dst, value: *value },
            Literal::Int(value) if i32::try_from(*value).is_ok() => Instr::LoadInt { dst, value: *value as i32 },
            Literal::List(items) => {
                let start = self.code().alloc_many(items.len());
                for (register, item) in (start..).zip(items) {
                    self.literal(item, register);
                }
                Instr::MakeList { dst, start, count: items.len() as u16 }
            }
            other => match constant(other) {
                Some(constant) => Instr::LoadConst { dst, constant: self.chunk.constant(constant) },
                None => Instr::LoadUnit { dst },
            },
        };
        self.emit(instr);
    }

    // --- types ---

    /// The type of an expression.
    pub(crate) fn ty(&self, expr: ExprId) -> Option<&'a Ty> {
        self.input.inference.expr_types.get(raw(expr) as usize)
    }

    /// Whether the type of `expr` is this built-in.
    pub(crate) fn is(&self, expr: ExprId, builtin: Builtin) -> bool {
        matches!(self.ty(expr), Some(Ty::Con(Head::Builtin(found), _)) if *found == builtin)
    }

    pub(crate) fn expr_of(&self, expr: ExprId) -> &'a Expr {
        &self.input.body.exprs[expr]
    }

    pub(crate) fn pat_of(&self, pat: PatId) -> &'a Pat {
        &self.input.body.pats[pat]
    }

    pub(crate) fn local_name(&self, local: LocalId) -> &'a Name {
        &self.input.body.locals[local].name
    }
}

/// The local that an assignment to an element or field replaces by an updated copy.
fn updated_local(input: &CompileInput<'_>, stmt: &Stmt) -> Option<LocalId> {
    let mut base = match stmt {
        Stmt::AssignLocal { local, .. } => return Some(*local),
        Stmt::AssignIndex { base, .. } | Stmt::AssignField { base, .. } => *base,
        _ => return None,
    };
    loop {
        match &input.body.exprs[base] {
            Expr::Local(local) => return Some(*local),
            Expr::Index { base: inner, .. } | Expr::Field { base: inner, .. } => base = *inner,
            _ => return None,
        }
    }
}

/// Local functions of a block that a statement before their own mentions.
fn forward_functions(input: &CompileInput<'_>, stmts: &[Stmt], forward: &mut FxHashSet<LocalId>) {
    let functions: FxHashMap<LocalId, usize> =
        stmts.iter().enumerate().filter_map(|(index, stmt)| Some((bound_function(input, stmt)?, index))).collect();
    if functions.len() < 2 {
        return;
    }
    for (index, stmt) in stmts.iter().enumerate() {
        crate::walk::mentions(input.body, stmt, &mut |local| {
            if functions.get(&local).is_some_and(|&place| place > index) {
                forward.insert(local);
            }
        });
    }
}

/// The local function that a statement binds.
pub(crate) fn bound_function(input: &CompileInput<'_>, stmt: &Stmt) -> Option<LocalId> {
    match stmt {
        Stmt::Let { pat, value, .. } => match (&input.body.pats[*pat], &input.body.exprs[*value]) {
            (Pat::Bind(local), Expr::Lambda(_)) => Some(*local),
            _ => None,
        },
        _ => None,
    }
}

/// The number of an expression, as anchors name it.
pub(crate) fn raw(expr: ExprId) -> u32 {
    expr.into_raw().into_u32()
}

/// The name of a type at run time.
pub(crate) fn type_ref(def: &DefName) -> TypeRef {
    TypeRef { module: def.module().clone(), name: def.name().clone() }
}

/// A literal as a constant of the chunk; `None` for lists.
pub(crate) fn constant(literal: &Literal) -> Option<Constant> {
    Some(match literal {
        Literal::Int(value) => Constant::Int(*value),
        Literal::Sized(value, width) => match width {
            IntWidth::I8 => Constant::Int8(*value as i8),
            IntWidth::I16 => Constant::Int16(*value as i16),
            IntWidth::I32 => Constant::Int32(*value as i32),
            IntWidth::U8 => Constant::UInt8(*value as u8),
            IntWidth::U16 => Constant::UInt16(*value as u16),
            IntWidth::U32 => Constant::UInt32(*value as u32),
            IntWidth::U64 => Constant::UInt64(*value as u64),
        },
        Literal::BigInt(digits) => Constant::BigInt(digits.into()),
        Literal::Float(bits) => Constant::Float(*bits),
        Literal::Float32(bits) => Constant::Float32(*bits),
        Literal::Decimal(digits) => Constant::Decimal(digits.into()),
        Literal::Char(value) => Constant::Char(*value),
        Literal::String(text) => Constant::Str(text.clone()),
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Unit => Constant::Unit,
        Literal::List(_) => return None,
    })
}

//! Expressions: operands, operators, literals of collections, names, lambdas, blocks.
//!
//! Input: an expression and a [`Dest`]. Output: code that leaves the value there. Evaluation is strict and from left
//! to right; a value is written to its register only after everything it is made of was evaluated, except where the
//! register is fresh.

use bytecode::{Constant, Instr};
use hir::body::{BinaryOp, Expr, ExprId, Lambda, Literal, SpawnKind, Stmt, UnaryOp};
use types::{ArgPlan, Builtin, Callee, FieldAccess, Resolution};

use crate::{
    emit::Reg,
    lower::{Dest, Gen, bound_function},
    pattern::Static,
};

/// Longest window for the elements of one literal; longer literals are built in pieces.
const PIECE: usize = 64;

impl Gen<'_> {
    /// Evaluates `expr` into `dest`.
    pub(crate) fn expr(&mut self, expr: ExprId, dest: Dest) {
        match self.expr_of(expr) {
            // Forms that hand their destination on.
            Expr::Block { stmts, tail } => return self.block(stmts, *tail, dest),
            Expr::If { condition, then, otherwise } => return self.if_expr(*condition, *then, *otherwise, dest),
            Expr::Match { scrutinee, arms } => return self.match_expr(expr, *scrutinee, arms, dest),
            Expr::Try { body, arms, finally } => return self.try_expr(*body, arms, *finally, dest),
            Expr::Receive { arms, after } => return self.receive(expr, arms, *after, dest),
            Expr::While { condition, body } => return self.while_expr(*condition, *body, dest),
            Expr::For { var, from, until, body } => return self.for_expr(*var, *from, *until, *body, dest),
            Expr::Propagate(inner) => return self.expr(*inner, dest),
            Expr::Return(value) => return self.return_expr(*value),
            Expr::Break(value) => return self.break_expr(*value),
            Expr::Continue => return self.continue_expr(),
            Expr::Assign(stmt) => {
                self.stmt(stmt);
                return self.unit(dest);
            }
            Expr::Call { .. } | Expr::MethodCall { .. } | Expr::Construct { .. } => return self.call(expr, dest),
            Expr::Literal(_) | Expr::Local(_) | Expr::Lambda(_) if dest == Dest::Ignore => return,
            _ => {}
        }
        match dest {
            Dest::Reg(dst) => self.value(expr, dst),
            Dest::Return => {
                let src = self.operand(expr);
                self.emit(Instr::Return { src });
            }
            Dest::Ignore => {
                let mark = self.code().mark();
                let dst = self.alloc();
                self.value(expr, dst);
                self.code().release(mark);
            }
        }
    }

    /// Puts `()` into `dest`.
    pub(crate) fn unit(&mut self, dest: Dest) {
        match dest {
            Dest::Reg(dst) => self.emit(Instr::LoadUnit { dst }),
            Dest::Return => {
                let src = self.alloc();
                self.emit(Instr::LoadUnit { dst: src });
                self.emit(Instr::Return { src });
            }
            Dest::Ignore => {}
        }
    }

    /// Hands a value that is in a register to `dest`.
    pub(crate) fn finish_value(&mut self, src: Reg, dest: Dest) {
        match dest {
            Dest::Reg(dst) if dst == src => {}
            Dest::Reg(dst) => self.emit(Instr::Move { dst, src }),
            Dest::Return => self.emit(Instr::Return { src }),
            Dest::Ignore => {}
        }
    }

    /// The register of the value of `expr`: that of a local as it is, otherwise a fresh one.
    pub(crate) fn operand(&mut self, expr: ExprId) -> Reg {
        if let Expr::Local(local) = self.expr_of(expr)
            && let Some(register) = self.register_of(*local)
        {
            return register;
        }
        let dst = self.alloc();
        self.expr(expr, Dest::Reg(dst));
        dst
    }

    /// As [`Gen::operand`], for a value that is used only after `later` were evaluated.
    pub(crate) fn operand_before(&mut self, expr: ExprId, later: &[ExprId]) -> Reg {
        match self.expr_of(expr) {
            Expr::Local(local) if self.is_changing(*local) && later.iter().any(|&later| self.may_assign(later)) => {
                let dst = self.alloc();
                self.expr(expr, Dest::Reg(dst));
                dst
            }
            _ => self.operand(expr),
        }
    }

    /// Both operands of an operator, left to right.
    pub(crate) fn operands(&mut self, left: ExprId, right: ExprId) -> (Reg, Reg) {
        let left = self.operand_before(left, &[right]);
        (left, self.operand(right))
    }

    /// Whether evaluating `expr` may assign a `var` that lives in a register of this function.
    fn may_assign(&self, expr: ExprId) -> bool {
        let all = |exprs: &[ExprId]| exprs.iter().any(|&expr| self.may_assign(expr));
        match self.expr_of(expr) {
            // Assignments inside a lambda reach cells only.
            Expr::Missing | Expr::Literal(_) | Expr::Local(_) | Expr::Name(_) | Expr::Lambda(_) => false,
            Expr::Field { base, .. } => self.may_assign(*base),
            Expr::Index { base, index } => all(&[*base, *index]),
            Expr::Unary { operand, .. } => self.may_assign(*operand),
            Expr::Binary { left, right, .. } => all(&[*left, *right]),
            Expr::Tuple(items) => all(items),
            Expr::Call { callee, args, .. } => {
                self.may_assign(*callee) || args.iter().any(|arg| self.may_assign(arg.value))
            }
            Expr::MethodCall { receiver, args, .. } => {
                self.may_assign(*receiver) || args.iter().any(|arg| self.may_assign(arg.value))
            }
            _ => true,
        }
    }

    /// Evaluates an expression that is no control flow into a register.
    fn value(&mut self, expr: ExprId, dst: Reg) {
        let mark = self.code().mark();
        match self.expr_of(expr) {
            Expr::Literal(literal) => match self.input.inference.type_names.get(&expr) {
                Some(name) => {
                    let constant = self.chunk.str(name);
                    self.emit(Instr::LoadConst { dst, constant });
                }
                None => self.literal(literal, dst),
            },
            Expr::Local(local) => self.read_local(*local, dst),
            Expr::Name(_) => self.name(expr, dst),
            Expr::Field { base, .. } => match self.input.inference.resolutions.get(&expr) {
                Some(Resolution::Field(access)) => {
                    let obj = self.operand(*base);
                    self.at(expr);
                    self.field(access, obj, dst);
                }
                _ => self.name(expr, dst),
            },
            Expr::Interpolation(parts) => self.interpolation(expr, parts, dst),
            Expr::Index { base, index } => {
                if self.input.inference.calls.contains_key(&expr) {
                    self.operator_call(expr, &[*base, *index], None, Dest::Reg(dst));
                } else {
                    let (obj, key) = self.operands(*base, *index);
                    self.at(expr);
                    self.emit(Instr::Index { dst, obj, key });
                }
            }
            Expr::Unary { op, operand } => self.unary(expr, *op, *operand, dst),
            Expr::Binary { op, left, right } => self.binary(expr, *op, *left, *right, dst),
            Expr::And(..) | Expr::Or(..) => {
                let on_false = self.code().label();
                let end = self.code().label();
                self.branch(expr, on_false, false);
                self.emit(Instr::LoadBool { dst, value: true });
                self.code().goto(end);
                self.code().bind_if_used(on_false);
                self.emit(Instr::LoadBool { dst, value: false });
                self.code().bind(end);
            }
            Expr::Tuple(items) => {
                let start = self.window(items);
                self.emit(Instr::MakeTuple { dst, start, count: items.len() as u16 });
            }
            Expr::List { items, tail } => self.list_literal(items, *tail, dst),
            Expr::RangeList(from, to) => {
                let (a, b) = self.operands(*from, *to);
                self.at(expr);
                self.emit(Instr::MakeRange { dst, a, b });
            }
            Expr::Map(entries) => self.map_literal(expr, entries, dst),
            Expr::Set(items) => self.set_literal(expr, items, dst),
            Expr::Lambda(lambda) => self.lambda(lambda, dst),
            Expr::Spawn { kind, body } => {
                let function = self.operand(*body);
                self.at(expr);
                self.emit(Instr::Spawn { dst, function });
                match kind {
                    SpawnKind::Plain => {}
                    SpawnKind::Link => self.emit(Instr::Link { pid: dst }),
                    SpawnKind::Monitor => self.emit(Instr::Monitor { pid: dst }),
                }
            }
            Expr::Send { pid, message } => {
                let (pid, src) = self.operands(*pid, *message);
                self.at(expr);
                self.emit(Instr::Send { pid, src });
                self.emit(Instr::LoadUnit { dst });
            }
            Expr::Missing | Expr::Quote(_) | Expr::Splice(_) => self.emit(Instr::LoadUnit { dst }),
            Expr::Block { .. }
            | Expr::If { .. }
            | Expr::Match { .. }
            | Expr::Try { .. }
            | Expr::Receive { .. }
            | Expr::While { .. }
            | Expr::For { .. }
            | Expr::Propagate(_)
            | Expr::Return(_)
            | Expr::Break(_)
            | Expr::Continue
            | Expr::Assign(_)
            | Expr::Call { .. }
            | Expr::MethodCall { .. }
            | Expr::Construct { .. } => self.expr(expr, Dest::Reg(dst)),
        }
        self.code().release(mark);
    }

    /// The values of `items` in consecutive fresh registers.
    pub(crate) fn window(&mut self, items: &[ExprId]) -> Reg {
        let start = self.code().alloc_many(items.len());
        for (register, &item) in (start..).zip(items) {
            self.expr(item, Dest::Reg(register));
        }
        start
    }

    fn block(&mut self, stmts: &[Stmt], tail: Option<ExprId>, dest: Dest) {
        let mark = self.code().mark();
        // Functions that call each other find the cells of those that are bound later.
        for local in stmts.iter().filter_map(|stmt| bound_function(self.input, stmt)) {
            if self.is_forward(local) {
                let cell = self.reserve(local).register();
                self.emit(Instr::LoadUnit { dst: cell });
                self.emit(Instr::CellNew { dst: cell, src: cell });
            }
        }
        for stmt in stmts {
            self.stmt(stmt);
        }
        match tail {
            Some(tail) => self.expr(tail, dest),
            None => self.unit(dest),
        }
        self.code().release(mark);
    }

    // --- names and fields ---

    fn name(&mut self, expr: ExprId, dst: Reg) {
        self.at(expr);
        match self.input.inference.resolutions.get(&expr) {
            Some(resolution) => match self.told(expr) {
                [] => self.resolution(resolution, dst),
                told => self.told_function(expr, resolution, told, dst),
            },
            // Reported: no code of this body runs.
            None => self.emit(Instr::LoadUnit { dst }),
        }
    }

    /// `dst` = what a name means, as a value.
    pub(crate) fn resolution(&mut self, resolution: &Resolution, dst: Reg) {
        match resolution {
            Resolution::Function(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                self.emit(Instr::LoadFunction { dst, symbol });
            }
            Resolution::Native(name) => {
                let native = self.chunk.native(name);
                self.emit(Instr::LoadNative { dst, native });
            }
            Resolution::Site(site) => self.site_as_value(site, dst),
            Resolution::Constructor(ctor) => {
                let fields = self.field_count(ctor);
                match self.constructor(ctor) {
                    Some(ctor) if fields == 0 => self.emit(Instr::Construct { dst, ctor, start: dst }),
                    Some(ctor) => self.emit(Instr::LoadConstructor { dst, ctor }),
                    None => self.emit(Instr::LoadUnit { dst }),
                }
            }
            Resolution::Value(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                self.emit(Instr::LoadValue { dst, symbol });
            }
            Resolution::Const(literal) => {
                let mark = self.code().mark();
                self.literal(literal, dst);
                self.code().release(mark);
            }
            Resolution::Mvar(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                self.emit(Instr::MvarGet { dst, symbol });
            }
            Resolution::Namespace | Resolution::Field(_) => self.emit(Instr::LoadUnit { dst }),
        }
    }

    /// `dst` = field of `obj`.
    pub(crate) fn field(&mut self, access: &FieldAccess, obj: Reg, dst: Reg) {
        match access {
            FieldAccess::Index(index) => self.emit(Instr::GetField { dst, obj, index: *index as u16 }),
            FieldAccess::Tuple(index) => self.emit(Instr::TupleGet { dst, src: obj, index: *index as u16 }),
            FieldAccess::Dynamic(name) => match name.parse::<i32>() {
                Ok(index) => {
                    let mark = self.code().mark();
                    let key = self.alloc();
                    self.emit(Instr::LoadInt { dst: key, value: index });
                    self.emit(Instr::Index { dst, obj, key });
                    self.code().release(mark);
                }
                Err(_) => {
                    let name = self.chunk.name(name);
                    self.emit(Instr::GetFieldNamed { dst, obj, name });
                }
            },
        }
    }

    // --- operators ---

    fn unary(&mut self, expr: ExprId, op: UnaryOp, operand: ExprId, dst: Reg) {
        if self.input.inference.calls.contains_key(&expr) {
            return self.operator_call(expr, &[operand], Some("op.neg"), Dest::Reg(dst));
        }
        match (op, self.expr_of(operand)) {
            (UnaryOp::Neg, Expr::Literal(literal)) if let Some(negative) = negated(literal) => {
                self.literal(&negative, dst);
            }
            (UnaryOp::Neg, _) => {
                let src = self.operand(operand);
                self.at(expr);
                self.emit(Instr::Neg { dst, src });
            }
            (UnaryOp::Not, _) => {
                let src = self.operand(operand);
                self.at(expr);
                self.emit(Instr::Not { dst, src });
            }
        }
    }

    fn binary(&mut self, expr: ExprId, op: BinaryOp, left: ExprId, right: ExprId, dst: Reg) {
        if self.input.inference.calls.contains_key(&expr) {
            return self.user_operator(expr, op, left, right, dst);
        }
        if op == BinaryOp::Concat {
            // The left value is moved to where the result grows.
            self.expr(left, Dest::Reg(dst));
            let b = self.operand(right);
            self.at(expr);
            return self.emit(Instr::Concat { dst, a: dst, b });
        }
        let ints = self.is(left, Builtin::Int) && self.is(right, Builtin::Int);
        if ints && let Some(instr) = self.int_with_literal(op, left, right, dst) {
            self.at(expr);
            return self.emit(instr);
        }
        let floats = self.is_float_arithmetic(op, left, right);
        let (a, b) = if floats {
            let a = self.float_operand(left, right);
            (a, self.float_operand(right, right))
        } else {
            self.operands(left, right)
        };
        let floats = floats || (self.is(left, Builtin::Float) && self.is(right, Builtin::Float));
        self.at(expr);
        let instr = match (op, ints, floats) {
            (BinaryOp::Add, true, _) => Instr::AddInt { dst, a, b },
            (BinaryOp::Sub, true, _) => Instr::SubInt { dst, a, b },
            (BinaryOp::Mul, true, _) => Instr::MulInt { dst, a, b },
            (BinaryOp::Div, true, _) => Instr::DivInt { dst, a, b },
            (BinaryOp::Rem, true, _) => Instr::RemInt { dst, a, b },
            (BinaryOp::Eq, true, _) => Instr::EqInt { dst, a, b },
            (BinaryOp::Lt, true, _) => Instr::LtInt { dst, a, b },
            (BinaryOp::Le, true, _) => Instr::LeInt { dst, a, b },
            (BinaryOp::Gt, true, _) => Instr::LtInt { dst, a: b, b: a },
            (BinaryOp::Ge, true, _) => Instr::LeInt { dst, a: b, b: a },
            (BinaryOp::Add, _, true) => Instr::AddFloat { dst, a, b },
            (BinaryOp::Sub, _, true) => Instr::SubFloat { dst, a, b },
            (BinaryOp::Mul, _, true) => Instr::MulFloat { dst, a, b },
            (BinaryOp::Div, _, true) => Instr::DivFloat { dst, a, b },
            (BinaryOp::Lt, _, true) => Instr::LtFloat { dst, a, b },
            (BinaryOp::Le, _, true) => Instr::LeFloat { dst, a, b },
            (BinaryOp::Gt, _, true) => Instr::LtFloat { dst, a: b, b: a },
            (BinaryOp::Ge, _, true) => Instr::LeFloat { dst, a: b, b: a },
            (BinaryOp::Add, ..) => Instr::Add { dst, a, b },
            (BinaryOp::Sub, ..) => Instr::Sub { dst, a, b },
            (BinaryOp::Mul, ..) => Instr::Mul { dst, a, b },
            (BinaryOp::Div, ..) => Instr::Div { dst, a, b },
            (BinaryOp::Rem, ..) => Instr::Rem { dst, a, b },
            (BinaryOp::Pow, ..) => Instr::Pow { dst, a, b },
            (BinaryOp::Concat, ..) => Instr::Concat { dst, a, b },
            (BinaryOp::Eq, ..) => Instr::Eq { dst, a, b },
            (BinaryOp::Ne, ..) => Instr::Ne { dst, a, b },
            (BinaryOp::Lt, ..) => Instr::Lt { dst, a, b },
            (BinaryOp::Le, ..) => Instr::Le { dst, a, b },
            (BinaryOp::Gt, ..) => Instr::Lt { dst, a: b, b: a },
            (BinaryOp::Ge, ..) => Instr::Le { dst, a: b, b: a },
        };
        self.emit(instr);
    }

    /// Arithmetic of a number and a small literal in one instruction.
    fn int_with_literal(&mut self, op: BinaryOp, left: ExprId, right: ExprId, dst: Reg) -> Option<Instr> {
        if let Some(imm) = self.small_int(right) {
            let negative = imm.checked_neg();
            return Some(match op {
                BinaryOp::Add => Instr::AddIntImm { dst, a: self.operand(left), imm },
                BinaryOp::Sub => Instr::AddIntImm { dst, a: self.operand(left), imm: negative? },
                BinaryOp::Mul => Instr::MulIntImm { dst, a: self.operand(left), imm },
                BinaryOp::Div if imm != 0 => Instr::DivIntImm { dst, a: self.operand(left), imm },
                BinaryOp::Rem if imm != 0 => Instr::RemIntImm { dst, a: self.operand(left), imm },
                _ => return None,
            });
        }
        let imm = self.small_int(left)?;
        Some(match op {
            BinaryOp::Add => Instr::AddIntImm { dst, a: self.operand(right), imm },
            BinaryOp::Mul => Instr::MulIntImm { dst, a: self.operand(right), imm },
            _ => return None,
        })
    }

    /// `+ - * /` of Floats, or of a Float and an Int, which is widened.
    fn is_float_arithmetic(&self, op: BinaryOp, left: ExprId, right: ExprId) -> bool {
        let float = |expr| self.is(expr, Builtin::Float);
        let int = |expr| self.is(expr, Builtin::Int);
        matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div)
            && ((float(left) && (float(right) || int(right))) || (int(left) && float(right)))
    }

    /// An operand of Float arithmetic, an Int one as Float.
    fn float_operand(&mut self, expr: ExprId, later: ExprId) -> Reg {
        if !self.is(expr, Builtin::Int) {
            return if expr == later { self.operand(expr) } else { self.operand_before(expr, &[later]) };
        }
        let dst = self.alloc();
        if let Expr::Literal(Literal::Int(value)) = self.expr_of(expr) {
            let constant = self.chunk.constant(Constant::float(*value as f64));
            self.emit(Instr::LoadConst { dst, constant });
        } else {
            let src = self.operand(expr);
            self.at(expr);
            self.emit(Instr::IntToFloat { dst, src });
        }
        dst
    }

    /// An operator that an implementation of a trait decides. `!=` is the negation of `eq`.
    fn user_operator(&mut self, expr: ExprId, op: BinaryOp, left: ExprId, right: ExprId, dst: Reg) {
        let native = match op {
            BinaryOp::Add => "op.add",
            BinaryOp::Sub => "op.sub",
            BinaryOp::Mul => "op.mul",
            BinaryOp::Div => "op.div",
            BinaryOp::Rem => "op.rem",
            BinaryOp::Pow => "op.pow",
            BinaryOp::Concat => "op.concat",
            BinaryOp::Eq | BinaryOp::Ne => "op.eq",
            BinaryOp::Lt => "op.lt",
            BinaryOp::Le => "op.le",
            BinaryOp::Gt => "op.gt",
            BinaryOp::Ge => "op.ge",
        };
        self.operator_call(expr, &[left, right], Some(native), Dest::Reg(dst));
        if op == BinaryOp::Ne {
            self.emit(Instr::Not { dst, src: dst });
        }
    }

    fn interpolation(&mut self, expr: ExprId, parts: &[ExprId], dst: Reg) {
        let start = self.code().alloc_many(parts.len());
        for (register, &part) in (start..).zip(parts) {
            self.expr(part, Dest::Reg(register));
            if let Some(callee) = self.input.inference.shows.get(&part) {
                self.at(part);
                self.show(callee, register);
            }
        }
        self.at(expr);
        self.emit(Instr::Interpolate { dst, start, count: parts.len() as u16 });
    }

    /// Register = its value as a user's `Show` writes it.
    fn show(&mut self, callee: &Callee, register: Reg) {
        match callee {
            Callee::Function(def) => {
                let symbol = self.chunk.symbol(def.symbol().clone());
                self.emit(Instr::Call { argc: 1, dst: register, symbol, args: register });
            }
            Callee::Site(site) => {
                let site = self.site(site, &ArgPlan::positions(1), Some("op.show"));
                self.emit(Instr::CallMethod { argc: 1, dst: register, site, args: register });
            }
            _ => {}
        }
    }

    // --- collections ---

    fn list_literal(&mut self, items: &[ExprId], tail: Option<ExprId>, dst: Reg) {
        match (items, tail) {
            ([head], Some(tail)) => {
                // The tail is moved to where the list grows, after the head was evaluated.
                let head = self.operand_before(*head, &[tail]);
                self.expr(tail, Dest::Reg(dst));
                self.emit(Instr::Cons { dst, head, tail: dst });
            }
            (items, Some(tail)) if items.len() <= PIECE => {
                let start = self.code().alloc_many(items.len() + 1);
                for (register, &item) in (start..).zip(items.iter().chain([&tail])) {
                    self.expr(item, Dest::Reg(register));
                }
                self.emit(Instr::MakeListTail { dst, start, count: items.len() as u16 });
            }
            (items, tail) => {
                let mut pieces = items.chunks(PIECE);
                let first = pieces.next().unwrap_or(&[]);
                let mark = self.code().mark();
                let start = self.window(first);
                self.emit(Instr::MakeList { dst, start, count: first.len() as u16 });
                self.code().release(mark);
                for piece in pieces {
                    let start = self.window(piece);
                    self.emit(Instr::MakeList { dst: start, start, count: piece.len() as u16 });
                    self.emit(Instr::Concat { dst, a: dst, b: start });
                    self.code().release(mark);
                }
                if let Some(tail) = tail {
                    let b = self.operand(tail);
                    self.emit(Instr::Concat { dst, a: dst, b });
                }
            }
        }
    }

    fn map_literal(&mut self, expr: ExprId, entries: &[(ExprId, ExprId)], dst: Reg) {
        let (first, others) = entries.split_at(entries.len().min(PIECE / 2));
        let window: Vec<ExprId> = first.iter().flat_map(|&(key, value)| [key, value]).collect();
        let mark = self.code().mark();
        let start = self.window(&window);
        self.at(expr);
        self.emit(Instr::MakeMap { dst, start, count: first.len() as u16 });
        self.code().release(mark);
        for &(key, value) in others {
            let (key, src) = self.operands(key, value);
            self.at(expr);
            self.emit(Instr::SetIndex { obj: dst, key, src });
            self.code().release(mark);
        }
    }

    fn set_literal(&mut self, expr: ExprId, items: &[ExprId], dst: Reg) {
        let (first, others) = items.split_at(items.len().min(PIECE));
        let mark = self.code().mark();
        let start = self.window(first);
        self.at(expr);
        self.emit(Instr::MakeSet { dst, start, count: first.len() as u16 });
        self.code().release(mark);
        for &item in others {
            let native = self.chunk.native("Set.insert");
            let args = self.code().alloc_many(2);
            self.expr(item, Dest::Reg(args + 1));
            self.emit(Instr::Move { dst: args, src: dst });
            self.at(expr);
            self.emit(Instr::CallNative { argc: 2, dst, native, args });
            self.code().release(mark);
        }
    }

    // --- lambdas ---

    fn lambda(&mut self, lambda: &Lambda, dst: Reg) {
        let body = self.chunk.reserve_body();
        self.enter(lambda.params.len(), lambda.name);
        let fail = self.code().label();
        for (register, param) in lambda.params.iter().enumerate() {
            self.pattern(param.pat, register as Reg, &Static::Typed, fail, true);
        }
        self.bind_match_failure(fail);
        self.expr(lambda.body, Dest::Return);
        let name = lambda.name.map_or("<lambda>", |local| self.local_name(local).as_str());
        self.leave(body, name);
        self.emit(Instr::MakeClosure { dst, body });
    }
}

/// The literal with a minus in front of it, where that is a literal of the same type.
fn negated(literal: &Literal) -> Option<Literal> {
    Some(match literal {
        Literal::Int(value) => Literal::Int(value.wrapping_neg()),
        Literal::Float(bits) => Literal::Float((-f64::from_bits(*bits)).to_bits()),
        Literal::Float32(bits) => Literal::Float32((-f32::from_bits(*bits)).to_bits()),
        _ => return None,
    })
}

//! Statements: bindings, and assignments to variables, mvars, fields and elements.
//!
//! An assignment to an element of a persistent container replaces the container in the variable at the root of the
//! chain; a typed array changes in place. The assigned value is evaluated before the container and the index.

use base_db::{DefKind, DefName, Name};
use bytecode::Instr;
use hir::body::{BinaryOp, Expr, ExprId, LocalId, Stmt};
use types::{Callee, FieldAccess, Resolution};

use crate::{
    control::Region,
    emit::Reg,
    lower::{Dest, Gen, Place},
};

/// Where an updated container is put back.
enum Target {
    Local(LocalId),
    Mvar(u16),
    /// Element `key` of the container in register `obj`.
    Element {
        parent: Box<Target>,
        obj: Reg,
        key: Reg,
    },
    /// Field of the record in register `obj`.
    Field {
        parent: Box<Target>,
        obj: Reg,
        access: FieldAccess,
    },
    /// Nowhere: the value of some other expression.
    Nowhere,
}

impl Gen<'_> {
    /// Runs a statement.
    pub(crate) fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { pat, value, .. } => self.bind_value(*pat, *value),
            Stmt::AssignLocal { local, value } => self.assign_local(*local, *value),
            Stmt::AssignMvar { name, value } => self.assign_mvar(name, *value),
            Stmt::AssignField { base, name, value } => {
                let mark = self.code().mark();
                let src = self.operand_before(*value, &[*base]);
                let obj = self.operand(*base);
                let name = self.chunk.name(name);
                self.at(*value);
                self.emit(Instr::AssignField { obj, name, src });
                self.code().release(mark);
            }
            Stmt::AssignIndex { base, index, value } => {
                let mark = self.code().mark();
                let src = self.operand_before(*value, &[*base, *index]);
                let (target, obj) = self.target(*base);
                let key = self.operand(*index);
                self.at(*index);
                self.emit(Instr::SetIndex { obj, key, src });
                self.put_back(target, obj);
                self.code().release(mark);
            }
            Stmt::Expr(expr) => self.expr(*expr, Dest::Ignore),
        }
    }

    fn assign_local(&mut self, local: LocalId, value: ExprId) {
        if let Some(Place::Register(register)) = self.frame().places.get(local).copied()
            && self.writes_last(value)
        {
            return self.expr(value, Dest::Reg(register));
        }
        let mark = self.code().mark();
        let src = self.alloc();
        self.expr(value, Dest::Reg(src));
        self.write_local(local, src);
        self.code().release(mark);
    }

    /// Whether the code of `value` writes its destination with its last instruction only, so that the destination may
    /// be a variable that `value` reads.
    fn writes_last(&self, value: ExprId) -> bool {
        match self.expr_of(value) {
            Expr::Literal(_) | Expr::Local(_) | Expr::Unary { .. } | Expr::Field { .. } | Expr::Index { .. } => true,
            Expr::Binary { op, .. } => *op != BinaryOp::Concat,
            Expr::Call { .. } | Expr::MethodCall { .. } => matches!(
                self.input.inference.calls.get(&value).map(|plan| &plan.callee),
                Some(Callee::Function(_) | Callee::Native(_) | Callee::Value | Callee::Site(_))
            ),
            _ => false,
        }
    }

    /// `m = e`. When `e` reads `m`, no other process comes in between.
    fn assign_mvar(&mut self, name: &Name, value: ExprId) {
        let def = DefName::new(self.input.def.module().clone(), DefKind::Mvar, name.clone(), Name::default());
        let symbol = self.chunk.symbol(def.symbol().clone());
        let updates_itself = self.reads_mvar(value, &def);
        let mark = self.code().mark();
        if updates_itself {
            self.emit(Instr::AtomicEnter { symbol });
            self.frame().regions.push(Region::Atomic);
        }
        let src = self.operand(value);
        self.at(value);
        self.emit(Instr::MvarSet { symbol, src });
        if updates_itself {
            self.frame().regions.pop();
            self.emit(Instr::AtomicLeave);
        }
        self.code().release(mark);
    }

    /// Whether evaluating `expr` reads the mvar in this very function.
    fn reads_mvar(&self, expr: ExprId, def: &DefName) -> bool {
        let mut work = vec![expr];
        while let Some(expr) = work.pop() {
            if let Some(Resolution::Mvar(found)) = self.input.inference.resolutions.get(&expr)
                && found == def
            {
                return true;
            }
            crate::walk::children(self.expr_of(expr), &mut |child| work.push(child));
        }
        false
    }

    // --- elements ---

    /// The register of a container, and where to put it after it was updated.
    fn target(&mut self, expr: ExprId) -> (Target, Reg) {
        match self.expr_of(expr) {
            Expr::Local(local) => {
                let register = match self.register_of(*local) {
                    Some(register) => register,
                    None => {
                        let register = self.alloc();
                        self.read_local(*local, register);
                        register
                    }
                };
                (Target::Local(*local), register)
            }
            Expr::Index { base, index } if !self.input.inference.calls.contains_key(&expr) => {
                let (parent, obj) = self.target(*base);
                let key = self.operand(*index);
                let dst = self.alloc();
                self.at(expr);
                self.emit(Instr::Index { dst, obj, key });
                (Target::Element { parent: Box::new(parent), obj, key }, dst)
            }
            Expr::Field { base, .. }
                if let Some(Resolution::Field(access)) = self.input.inference.resolutions.get(&expr) =>
            {
                let (parent, obj) = self.target(*base);
                let dst = self.alloc();
                self.at(expr);
                self.field(access, obj, dst);
                (Target::Field { parent: Box::new(parent), obj, access: access.clone() }, dst)
            }
            _ => {
                let dst = self.alloc();
                self.expr(expr, Dest::Reg(dst));
                let target = match self.input.inference.resolutions.get(&expr) {
                    Some(Resolution::Mvar(def)) => Target::Mvar(self.chunk.symbol(def.symbol().clone())),
                    _ => Target::Nowhere,
                };
                (target, dst)
            }
        }
    }

    fn put_back(&mut self, target: Target, src: Reg) {
        match target {
            Target::Local(local) => self.write_local(local, src),
            Target::Mvar(symbol) => self.emit(Instr::MvarSet { symbol, src }),
            Target::Element { parent, obj, key } => {
                self.emit(Instr::SetIndex { obj, key, src });
                self.put_back(*parent, obj);
            }
            Target::Field { parent, obj, access } => {
                match access {
                    FieldAccess::Index(index) => self.emit(Instr::SetField { obj, index: index as u16, src }),
                    FieldAccess::Dynamic(name) => {
                        let name = self.chunk.name(&name);
                        self.emit(Instr::SetFieldNamed { obj, name, src });
                    }
                    // Tuples have no assignable components.
                    FieldAccess::Tuple(_) => return,
                }
                self.put_back(*parent, obj);
            }
            Target::Nowhere => {}
        }
    }
}

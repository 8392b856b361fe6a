//! Bodies as text, for tests and for `ithaca parse --body`.
//!
//! Input: a [`Body`]. Output: one line for each clause, more for blocks and arms. Locals carry their number, so that it
//! shows which one a name means: `x#0`; `^x#0` compares, `x#0 :=` assigns, `!` marks captured and `*` assigned locals
//! in the list at the end.

use std::fmt::{self, Write as _};

use crate::body::{
    Arg, Arm, BinaryOp, Body, Expr, ExprId, IntWidth, Literal, LocalId, Param, Pat, PatFields, PatId, SpawnKind, Stmt,
    TypeId, UnaryOp,
};

/// Prints with [`fmt::Display`].
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { body: self, out: String::new(), indent: 0 };
        for clause in &self.clauses {
            printer.params(&clause.params);
            if let Some(guard) = clause.guard {
                printer.out.push_str(" when ");
                printer.expr(guard);
            }
            if let Some(result) = clause.result {
                printer.out.push_str(" -> ");
                printer.ty(result);
            }
            printer.out.push_str(" = ");
            printer.expr(clause.value);
            printer.out.push('\n');
        }
        let marked: Vec<String> = self
            .locals
            .iter()
            .filter(|(_, local)| local.captured || local.assigned)
            .map(|(id, local)| {
                let captured = if local.captured { "!" } else { "" };
                let assigned = if local.assigned { "*" } else { "" };
                format!("{}#{}{captured}{assigned}", local.name, id.into_raw().into_u32())
            })
            .collect();
        if !marked.is_empty() {
            printer.out.push_str("locals: ");
            printer.out.push_str(&marked.join(" "));
            printer.out.push('\n');
        }
        for problem in &self.problems {
            let _ = writeln!(printer.out, "{}: {}", problem.code, problem.message);
        }
        f.write_str(&printer.out)
    }
}

struct Printer<'a> {
    body: &'a Body,
    out: String,
    indent: usize,
}

impl Printer<'_> {
    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.indent));
    }

    fn list<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T)) {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.out.push_str(", ");
            }
            one(self, item);
        }
    }

    fn text(&mut self, args: fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(args);
    }

    fn local(&mut self, local: LocalId) {
        let name = &self.body.locals[local].name;
        let var = if self.body.locals[local].mutable { "~" } else { "" };
        self.text(format_args!("{var}{name}#{}", local.into_raw().into_u32()));
    }

    fn ty(&mut self, ty: TypeId) {
        self.text(format_args!("{}", self.body.types[ty]));
    }

    fn params(&mut self, params: &[Param]) {
        self.out.push('(');
        self.list(params, |this, param| {
            this.pat(param.pat);
            if let Some(ty) = param.ty {
                this.out.push_str(": ");
                this.ty(ty);
            }
            if let Some(default) = param.default {
                this.out.push_str(" = ");
                this.expr(default);
            }
        });
        self.out.push(')');
    }

    fn args(&mut self, args: &[Arg]) {
        self.out.push('(');
        self.list(args, |this, arg| {
            if let Some(name) = &arg.name {
                this.text(format_args!("{name}: "));
            }
            this.expr(arg.value);
        });
        self.out.push(')');
    }

    fn type_args(&mut self, types: &[TypeId]) {
        if !types.is_empty() {
            self.out.push('[');
            self.list(types, |this, ty| this.ty(*ty));
            self.out.push(']');
        }
    }

    fn arms(&mut self, arms: &[Arm], after: Option<(ExprId, ExprId)>) {
        self.out.push_str(" {");
        self.indent += 1;
        for arm in arms {
            self.line();
            self.pat(arm.pat);
            if let Some(guard) = arm.guard {
                self.out.push_str(" when ");
                self.expr(guard);
            }
            self.out.push_str(" -> ");
            self.expr(arm.body);
        }
        if let Some((timeout, body)) = after {
            self.line();
            self.out.push_str("after ");
            self.expr(timeout);
            self.out.push_str(" -> ");
            self.expr(body);
        }
        self.indent -= 1;
        self.line();
        self.out.push('}');
    }

    /// An operand: in parentheses unless it is plain.
    fn operand(&mut self, expr: ExprId) {
        let plain = !matches!(
            self.body.exprs[expr],
            Expr::Binary { .. }
                | Expr::And(..)
                | Expr::Or(..)
                | Expr::Unary { .. }
                | Expr::Lambda(_)
                | Expr::If { .. }
                | Expr::Send { .. }
                | Expr::Assign(_)
        );
        if !plain {
            self.out.push('(');
        }
        self.expr(expr);
        if !plain {
            self.out.push(')');
        }
    }

    fn infix(&mut self, left: ExprId, op: &str, right: ExprId) {
        self.operand(left);
        self.text(format_args!(" {op} "));
        self.operand(right);
    }

    fn optional(&mut self, word: &str, value: Option<ExprId>) {
        self.out.push_str(word);
        if let Some(value) = value {
            self.out.push(' ');
            self.expr(value);
        }
    }

    fn expr(&mut self, expr: ExprId) {
        match &self.body.exprs[expr] {
            Expr::Missing => self.out.push_str("<missing>"),
            Expr::Literal(literal) => self.literal(literal),
            Expr::Interpolation(parts) => {
                self.out.push_str("interpolate(");
                self.list(parts, |this, part| this.expr(*part));
                self.out.push(')');
            }
            Expr::Local(local) => self.local(*local),
            Expr::Name(name) => self.out.push_str(name),
            Expr::Call { callee, type_args, args } => {
                self.operand(*callee);
                self.type_args(type_args);
                self.args(args);
            }
            Expr::Construct { path, args } => {
                self.text(format_args!("new {path}"));
                self.args(args);
            }
            Expr::MethodCall { receiver, name, type_args, args } => {
                self.operand(*receiver);
                self.text(format_args!(".{name}"));
                self.type_args(type_args);
                self.args(args);
            }
            Expr::Field { base, name } => {
                self.operand(*base);
                self.text(format_args!(".{name}"));
            }
            Expr::Index { base, index } => {
                self.operand(*base);
                self.out.push('[');
                self.expr(*index);
                self.out.push(']');
            }
            Expr::Unary { op, operand } => {
                self.out.push(match op {
                    UnaryOp::Neg => '-',
                    UnaryOp::Not => '!',
                });
                self.operand(*operand);
            }
            Expr::Binary { op, left, right } => self.infix(*left, symbol(*op), *right),
            Expr::And(left, right) => self.infix(*left, "&&", *right),
            Expr::Or(left, right) => self.infix(*left, "||", *right),
            Expr::Tuple(items) => {
                self.out.push('(');
                self.list(items, |this, item| this.expr(*item));
                self.out.push(')');
            }
            Expr::List { items, tail } => {
                self.out.push('[');
                self.list(items, |this, item| this.expr(*item));
                if let Some(tail) = tail {
                    self.out.push_str(" | ");
                    self.expr(*tail);
                }
                self.out.push(']');
            }
            Expr::RangeList(from, to) => {
                self.out.push('[');
                self.infix(*from, "..", *to);
                self.out.push(']');
            }
            Expr::Map(entries) => {
                self.out.push_str("%{");
                self.list(entries, |this, (key, value)| {
                    this.expr(*key);
                    this.out.push_str(": ");
                    this.expr(*value);
                });
                self.out.push('}');
            }
            Expr::Set(items) => {
                self.out.push_str("#{");
                self.list(items, |this, item| this.expr(*item));
                self.out.push('}');
            }
            Expr::Lambda(lambda) => {
                if let Some(name) = lambda.name {
                    self.text(format_args!("fn#{}", name.into_raw().into_u32()));
                }
                self.params(&lambda.params);
                if let Some(result) = lambda.result {
                    self.out.push_str(" -> ");
                    self.ty(result);
                }
                self.out.push_str(" => ");
                self.expr(lambda.body);
            }
            Expr::Block { stmts, tail } => {
                self.out.push('{');
                self.indent += 1;
                for stmt in stmts {
                    self.line();
                    self.stmt(stmt);
                }
                if let Some(tail) = tail {
                    self.line();
                    self.expr(*tail);
                }
                self.indent -= 1;
                if !stmts.is_empty() || tail.is_some() {
                    self.line();
                }
                self.out.push('}');
            }
            Expr::If { condition, then, otherwise } => {
                self.out.push_str("if ");
                self.expr(*condition);
                self.out.push_str(" then ");
                self.expr(*then);
                if let Some(otherwise) = otherwise {
                    self.out.push_str(" else ");
                    self.expr(*otherwise);
                }
            }
            Expr::Match { scrutinee, arms } => {
                self.out.push_str("match ");
                self.expr(*scrutinee);
                self.arms(arms, None);
            }
            Expr::Try { body, arms, finally } => {
                self.out.push_str("try ");
                self.expr(*body);
                if !arms.is_empty() {
                    self.out.push_str(" catch");
                    self.arms(arms, None);
                }
                if let Some(finally) = finally {
                    self.out.push_str(" finally ");
                    self.expr(*finally);
                }
            }
            Expr::Propagate(inner) => {
                self.operand(*inner);
                self.out.push('?');
            }
            Expr::While { condition, body } => {
                self.out.push_str("while ");
                self.expr(*condition);
                self.out.push(' ');
                self.expr(*body);
            }
            Expr::For { var, from, until, body } => {
                self.out.push_str("for ");
                self.local(*var);
                self.out.push_str(" = ");
                self.expr(*from);
                self.out.push_str(" to ");
                self.expr(*until);
                self.out.push(' ');
                self.expr(*body);
            }
            Expr::Return(value) => self.optional("return", *value),
            Expr::Break(value) => self.optional("break", *value),
            Expr::Continue => self.out.push_str("continue"),
            Expr::Spawn { kind, body } => {
                self.out.push_str(match kind {
                    SpawnKind::Plain => "spawn ",
                    SpawnKind::Link => "spawn_link ",
                    SpawnKind::Monitor => "spawn_monitor ",
                });
                self.expr(*body);
            }
            Expr::Send { pid, message } => self.infix(*pid, "<-", *message),
            Expr::Receive { arms, after } => {
                self.out.push_str("receive");
                self.arms(arms, *after);
            }
            Expr::Quote(text) => self.text(format_args!("quote {text:?}")),
            Expr::Splice(inner) => {
                self.out.push_str("splice ");
                self.operand(*inner);
            }
            Expr::Assign(stmt) => self.stmt(stmt),
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { pat, ty, value } => {
                self.pat(*pat);
                if let Some(ty) = ty {
                    self.out.push_str(": ");
                    self.ty(*ty);
                }
                self.out.push_str(" = ");
                self.expr(*value);
            }
            Stmt::AssignLocal { local, value } => {
                self.local(*local);
                self.out.push_str(" := ");
                self.expr(*value);
            }
            Stmt::AssignMvar { name, value } => {
                self.text(format_args!("mvar {name} := "));
                self.expr(*value);
            }
            Stmt::AssignField { base, name, value } => {
                self.operand(*base);
                self.text(format_args!(".{name} := "));
                self.expr(*value);
            }
            Stmt::AssignIndex { base, index, value } => {
                self.operand(*base);
                self.out.push('[');
                self.expr(*index);
                self.out.push_str("] := ");
                self.expr(*value);
            }
            Stmt::Expr(expr) => self.expr(*expr),
        }
    }

    fn pats(&mut self, pats: &[PatId]) {
        self.list(pats, |this, pat| this.pat(*pat));
    }

    fn named_pats(&mut self, fields: &[(base_db::Name, PatId)]) {
        self.out.push('{');
        self.list(fields, |this, (name, pat)| {
            this.text(format_args!("{name}: "));
            this.pat(*pat);
        });
        self.out.push('}');
    }

    fn pat(&mut self, pat: PatId) {
        match &self.body.pats[pat] {
            Pat::Missing => self.out.push_str("<missing>"),
            Pat::Wild => self.out.push('_'),
            Pat::Bind(local) => self.local(*local),
            Pat::Equal(local) => {
                self.out.push('^');
                self.local(*local);
            }
            Pat::EqualName(name) => self.text(format_args!("^{name}")),
            Pat::Assign(local) => {
                self.local(*local);
                self.out.push_str(":=");
            }
            Pat::Literal(literal) => self.literal(literal),
            Pat::Range { from, to, inclusive } => {
                self.text(format_args!("{from}{}{to}", if *inclusive { "..=" } else { ".." }));
            }
            Pat::Tuple(items) => {
                self.out.push('(');
                self.pats(items);
                self.out.push(')');
            }
            Pat::List { items, rest } => {
                self.out.push('[');
                self.pats(items);
                if let Some(rest) = rest {
                    self.out.push_str(" | ");
                    self.pat(*rest);
                }
                self.out.push(']');
            }
            Pat::StringPrefix { items, rest, .. } => {
                self.out.push_str("prefix[");
                self.pats(items);
                self.out.push_str(" | ");
                self.pat(*rest);
                self.out.push(']');
            }
            Pat::Constructor { name, fields } => {
                self.out.push_str(name);
                match fields {
                    PatFields::None => {}
                    PatFields::Positional(items) => {
                        self.out.push('(');
                        self.pats(items);
                        self.out.push(')');
                    }
                    PatFields::Named(fields) => self.named_pats(fields),
                }
            }
            Pat::Record(fields) => self.named_pats(fields),
            Pat::Map(entries) => {
                self.out.push_str("%{");
                self.list(entries, |this, (key, value)| {
                    this.pat(*key);
                    this.out.push_str(": ");
                    this.pat(*value);
                });
                self.out.push('}');
            }
            Pat::Set(items) => {
                self.out.push_str("#{");
                self.pats(items);
                self.out.push('}');
            }
            Pat::Or(items) => {
                self.out.push('(');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        self.out.push_str(" | ");
                    }
                    self.pat(*item);
                }
                self.out.push(')');
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Int(value) => self.text(format_args!("{value}")),
            Literal::Sized(value, width) => self.text(format_args!("{value}{}", suffix(*width))),
            Literal::BigInt(digits) => self.text(format_args!("{digits}n")),
            Literal::Float(bits) => self.text(format_args!("{:?}", f64::from_bits(*bits))),
            Literal::Float32(bits) => self.text(format_args!("{:?}f32", f32::from_bits(*bits))),
            Literal::Decimal(digits) => self.text(format_args!("{digits}d")),
            Literal::Char(value) => self.text(format_args!("{value:?}")),
            Literal::String(text) => self.text(format_args!("{text:?}")),
            Literal::Bool(value) => self.text(format_args!("{value}")),
            Literal::Unit => self.out.push_str("()"),
            Literal::List(items) => {
                self.out.push('[');
                self.list(items, |this, item| this.literal(item));
                self.out.push(']');
            }
        }
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Pow => "**",
        BinaryOp::Concat => "++",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
    }
}

fn suffix(width: IntWidth) -> &'static str {
    match width {
        IntWidth::I8 => "i8",
        IntWidth::I16 => "i16",
        IntWidth::I32 => "i32",
        IntWidth::U8 => "u8",
        IntWidth::U16 => "u16",
        IntWidth::U32 => "u32",
        IntWidth::U64 => "u64",
    }
}

//! Writes of an mvar that lose another write.
//!
//! Input: a body. Output: a problem for each `if` or `match` that reads an mvar and, in a branch, assigns it a value
//! that does not read it again: another process may have written in between; and one for each assignment of an mvar
//! inside the value of another assignment of the same mvar.

use base_db::{DefKind, DefName, Name};
use hir::body::{Body, Expr, ExprId, Stmt};

use super::{Check, raw};
use crate::report::Draft;

/// Calls `visit` for each expression below `expr`, itself included.
fn walk(body: &Body, expr: ExprId, visit: &mut dyn FnMut(ExprId)) {
    let mut queue = vec![expr];
    while let Some(expr) = queue.pop() {
        visit(expr);
        children(body, expr, &mut queue);
    }
}

fn stmt_children(stmt: &Stmt, out: &mut Vec<ExprId>) {
    match stmt {
        Stmt::Let { value, .. } | Stmt::AssignLocal { value, .. } | Stmt::AssignMvar { value, .. } => out.push(*value),
        Stmt::AssignField { base, value, .. } => out.extend([*base, *value]),
        Stmt::AssignIndex { base, index, value } => out.extend([*base, *index, *value]),
        Stmt::Expr(expr) => out.push(*expr),
    }
}

/// The direct parts of an expression.
fn children(body: &Body, expr: ExprId, out: &mut Vec<ExprId>) {
    let arms = |arms: &[hir::body::Arm], out: &mut Vec<ExprId>| {
        for arm in arms {
            out.extend(arm.guard);
            out.push(arm.body);
        }
    };
    match &body.exprs[expr] {
        Expr::Missing
        | Expr::Literal(_)
        | Expr::Local(_)
        | Expr::Name(_)
        | Expr::Continue
        | Expr::Quote(_)
        | Expr::Return(None)
        | Expr::Break(None) => {}
        Expr::Interpolation(parts) | Expr::Tuple(parts) | Expr::Set(parts) => out.extend(parts),
        Expr::Call { callee, args, .. } => {
            out.push(*callee);
            out.extend(args.iter().map(|arg| arg.value));
        }
        Expr::Construct { args, .. } => out.extend(args.iter().map(|arg| arg.value)),
        Expr::MethodCall { receiver, args, .. } => {
            out.push(*receiver);
            out.extend(args.iter().map(|arg| arg.value));
        }
        Expr::Field { base, .. } => out.push(*base),
        Expr::Index { base, index } => out.extend([*base, *index]),
        Expr::Unary { operand, .. } => out.push(*operand),
        Expr::Binary { left, right, .. } => out.extend([*left, *right]),
        Expr::And(left, right) | Expr::Or(left, right) | Expr::RangeList(left, right) => out.extend([*left, *right]),
        Expr::List { items, tail } => {
            out.extend(items);
            out.extend(tail);
        }
        Expr::Map(entries) => out.extend(entries.iter().flat_map(|(key, value)| [*key, *value])),
        Expr::Lambda(lambda) => {
            out.extend(lambda.params.iter().filter_map(|param| param.default));
            out.push(lambda.body);
        }
        Expr::Block { stmts, tail } => {
            stmts.iter().for_each(|stmt| stmt_children(stmt, out));
            out.extend(tail);
        }
        Expr::If { condition, then, otherwise } => {
            out.extend([*condition, *then]);
            out.extend(otherwise);
        }
        Expr::Match { scrutinee, arms: list } => {
            out.push(*scrutinee);
            arms(list, out);
        }
        Expr::Try { body: inner, arms: list, finally } => {
            out.push(*inner);
            arms(list, out);
            out.extend(finally);
        }
        Expr::Propagate(inner) | Expr::Splice(inner) => out.push(*inner),
        Expr::Return(Some(inner)) | Expr::Break(Some(inner)) => out.push(*inner),
        Expr::While { condition, body: inner } => out.extend([*condition, *inner]),
        Expr::For { from, until, body: inner, .. } => out.extend([*from, *until, *inner]),
        Expr::Spawn { body: inner, .. } => out.push(*inner),
        Expr::Send { pid, message } => out.extend([*pid, *message]),
        Expr::Receive { arms: list, after } => {
            arms(list, out);
            if let Some((time, value)) = after {
                out.extend([*time, *value]);
            }
        }
        Expr::Assign(stmt) => stmt_children(stmt, out),
    }
}

/// Assignments to mvars directly in an expression: name and value.
fn assignments(body: &Body, expr: ExprId, out: &mut Vec<(Name, ExprId)>) {
    let mut add = |stmt: &Stmt| {
        if let Stmt::AssignMvar { name, value } = stmt {
            out.push((name.clone(), *value));
        }
    };
    match &body.exprs[expr] {
        Expr::Block { stmts, .. } => stmts.iter().for_each(add),
        Expr::Assign(stmt) => add(stmt),
        _ => {}
    }
}

impl Check<'_, '_> {
    /// Reports races of the current body.
    pub(crate) fn check_races(&mut self) {
        let body = self.body();
        let mut any = Vec::new();
        for (expr, _) in body.exprs.iter() {
            assignments(&body, expr, &mut any);
        }
        if any.is_empty() {
            return;
        }
        self.check_nested_writes(&body, &any);
        let mut found: Vec<(ExprId, Name)> = Vec::new();
        for (expr, node) in body.exprs.iter() {
            let (decides, branches): (ExprId, Vec<ExprId>) = match node {
                Expr::If { condition, then, otherwise } => {
                    (*condition, std::iter::once(*then).chain(*otherwise).collect())
                }
                Expr::Match { scrutinee, arms } => (*scrutinee, arms.iter().map(|arm| arm.body).collect()),
                _ => continue,
            };
            let read = self.mvars_read(&body, decides);
            if read.is_empty() {
                continue;
            }
            let mut written = Vec::new();
            for branch in branches {
                walk(&body, branch, &mut |part| assignments(&body, part, &mut written));
            }
            for (name, value) in written {
                if read.iter().any(|def| *def.name() == name)
                    && !self.mvars_read(&body, value).iter().any(|def| *def.name() == name)
                    && !found.iter().any(|(_, other)| *other == name)
                {
                    found.push((expr, name));
                }
            }
        }
        for (expr, name) in found {
            let state = self.cx();
            let function = state.def.name().clone();
            let draft = Draft::new(
                415,
                format!(
                    "function `{function}` reads mvar `{name}` and later writes it: another process may write between"
                ),
            )
            .help(format!("use `{name}.update(value => …)`, or let the new value depend on `{name}`"));
            let problem =
                draft.at(state.module.clone(), Some(state.def.clone()), hir::problem::Anchor::Expr(raw(expr) as u32));
            state.more.push(problem);
        }
    }

    /// Reports a write of an mvar inside the value that is assigned to the same mvar: the cell is locked from the read to
    /// the write, so the inner one would be lost.
    fn check_nested_writes(&mut self, body: &Body, all: &[(Name, ExprId)]) {
        for (name, value) in all {
            let mut inner = Vec::new();
            walk(body, *value, &mut |part| assignments(body, part, &mut inner));
            if !inner.iter().any(|(other, _)| other == name) {
                continue;
            }
            let state = self.cx();
            let function = state.def.name().clone();
            let draft = Draft::new(
                416,
                format!("function `{function}` writes mvar `{name}` inside the value that is assigned to it"),
            )
            .help("compute the value first and assign it in a statement of its own");
            let at = hir::problem::Anchor::Expr(raw(*value) as u32);
            let problem = draft.at(state.module.clone(), Some(state.def.clone()), at);
            state.more.push(problem);
        }
    }

    fn mvars_read(&mut self, body: &Body, expr: ExprId) -> Vec<DefName> {
        let mut names = Vec::new();
        walk(body, expr, &mut |part| {
            if let Expr::Name(name) = &body.exprs[part] {
                names.push(name.clone());
            }
        });
        let scope = self.scope();
        names
            .iter()
            .filter_map(|name| self.doors.resolve(&scope, name).value.clone())
            .filter(|def| def.kind() == DefKind::Mvar)
            .collect()
    }
}

//! Walks over expressions: children inside the same function, and all uses of locals.

use hir::body::{Arm, Body, Expr, ExprId, LocalId, Stmt};

/// Calls `visit` with every direct child of `expr`.
pub(crate) fn children(expr: &Expr, visit: &mut dyn FnMut(ExprId)) {
    match expr {
        Expr::Missing
        | Expr::Literal(_)
        | Expr::Local(_)
        | Expr::Name(_)
        | Expr::Lambda(_)
        | Expr::Spawn { .. }
        | Expr::Continue
        | Expr::Quote(_) => {}
        Expr::Interpolation(items) | Expr::Tuple(items) | Expr::Set(items) => items.iter().copied().for_each(visit),
        Expr::Call { callee, args, .. } => {
            visit(*callee);
            args.iter().for_each(|arg| visit(arg.value));
        }
        Expr::Construct { args, .. } => args.iter().for_each(|arg| visit(arg.value)),
        Expr::MethodCall { receiver, args, .. } => {
            visit(*receiver);
            args.iter().for_each(|arg| visit(arg.value));
        }
        Expr::Field { base, .. } => visit(*base),
        Expr::Unary { operand: inner, .. } | Expr::Propagate(inner) | Expr::Splice(inner) => visit(*inner),
        Expr::Index { base: a, index: b }
        | Expr::Binary { left: a, right: b, .. }
        | Expr::And(a, b)
        | Expr::Or(a, b)
        | Expr::RangeList(a, b)
        | Expr::While { condition: a, body: b }
        | Expr::Send { pid: a, message: b } => {
            visit(*a);
            visit(*b);
        }
        Expr::List { items, tail } => items.iter().chain(tail).copied().for_each(visit),
        Expr::Map(entries) => entries.iter().for_each(|&(key, value)| {
            visit(key);
            visit(value);
        }),
        Expr::Block { stmts, tail } => {
            stmts.iter().for_each(|stmt| statement(stmt, visit));
            tail.iter().copied().for_each(visit);
        }
        Expr::If { condition, then, otherwise } => {
            visit(*condition);
            visit(*then);
            otherwise.iter().copied().for_each(visit);
        }
        Expr::Match { scrutinee, arms: list } => {
            visit(*scrutinee);
            arms(list, visit);
        }
        Expr::Try { body, arms: list, finally } => {
            visit(*body);
            arms(list, visit);
            finally.iter().copied().for_each(visit);
        }
        Expr::For { from, until, body, .. } => [*from, *until, *body].into_iter().for_each(visit),
        Expr::Return(value) | Expr::Break(value) => value.iter().copied().for_each(visit),
        Expr::Receive { arms: list, after } => {
            arms(list, visit);
            if let Some((millis, value)) = after {
                visit(*millis);
                visit(*value);
            }
        }
        Expr::Assign(stmt) => statement(stmt, visit),
    }
}

/// Calls `visit` with every use of a local in `stmt`, lambdas included.
pub(crate) fn mentions(body: &Body, stmt: &Stmt, visit: &mut dyn FnMut(LocalId)) {
    let mut work = Vec::new();
    statement(stmt, &mut |expr| work.push(expr));
    while let Some(expr) = work.pop() {
        match &body.exprs[expr] {
            Expr::Local(local) => visit(*local),
            Expr::Lambda(lambda) => {
                work.push(lambda.body);
                work.extend(lambda.params.iter().filter_map(|param| param.default));
            }
            Expr::Spawn { body, .. } => work.push(*body),
            other => children(other, &mut |child| work.push(child)),
        }
    }
}

fn arms(arms: &[Arm], visit: &mut dyn FnMut(ExprId)) {
    for arm in arms {
        arm.guard.iter().copied().for_each(&mut *visit);
        visit(arm.body);
    }
}

fn statement(stmt: &Stmt, visit: &mut dyn FnMut(ExprId)) {
    match stmt {
        Stmt::Let { value, .. } | Stmt::AssignLocal { value, .. } | Stmt::AssignMvar { value, .. } => visit(*value),
        Stmt::AssignField { base, value, .. } => {
            visit(*base);
            visit(*value);
        }
        Stmt::AssignIndex { base, index, value } => {
            visit(*base);
            visit(*index);
            visit(*value);
        }
        Stmt::Expr(expr) => visit(*expr),
    }
}

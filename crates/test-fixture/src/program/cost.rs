//! An upper estimate of how many steps a program takes, so that random programs stay quick.
//!
//! Input: a state. Output: a number per definition. Lambdas and counted recursions count [`REPEAT`] times; branches are
//! added up. Calls follow the order of definitions, so the estimate terminates where the program does.

use std::collections::BTreeMap;

use super::model::{Expr, Item, Shape, State, SymbolId};

/// Lists and counters of random programs are shorter than this nearly everywhere.
const REPEAT: u64 = 10;
/// What a trait method call counts, whichever implementation it meets.
const TRAIT_CALL: u64 = 60;

/// Estimates, each computed once.
#[derive(Default)]
pub(crate) struct Costs {
    known: BTreeMap<SymbolId, u64>,
}

impl Costs {
    /// The cost of one call of a function, or of one evaluation of a value.
    pub(crate) fn of(&mut self, state: &State, symbol: SymbolId) -> u64 {
        if let Some(cost) = self.known.get(&symbol) {
            return *cost;
        }
        // What an edit made circular by mistake counts once.
        self.known.insert(symbol, 1);
        let cost = match state.item(symbol) {
            Some(Item::Fn(function)) => {
                let defaults: u64 = function
                    .params
                    .iter()
                    .filter_map(|param| param.default.as_ref())
                    .map(|it| self.expr(state, it))
                    .sum();
                let body = match &function.shape {
                    Shape::Single(body) => self.expr(state, body),
                    Shape::Clauses(clauses) => clauses
                        .iter()
                        .map(|clause| {
                            self.expr(state, &clause.body) + clause.guard.as_ref().map_or(0, |it| self.expr(state, it))
                        })
                        .sum(),
                    Shape::Countdown { base, step, next, .. } => {
                        let partner = match state.function(*next).map(|it| &it.shape) {
                            Some(Shape::Countdown { base, step, .. }) if *next != symbol => {
                                self.expr(state, base) + self.expr(state, step)
                            }
                            _ => 0,
                        };
                        let own = self.expr(state, base) + self.expr(state, step);
                        own.saturating_add(partner).saturating_mul(REPEAT)
                    }
                    Shape::ListWalk { base, step, .. } => {
                        (self.expr(state, base) + self.expr(state, step)).saturating_mul(REPEAT)
                    }
                };
                body.saturating_add(defaults)
            }
            Some(Item::Value(value)) => self.expr(state, &value.body),
            _ => 1,
        };
        self.known.insert(symbol, cost);
        cost
    }

    fn expr(&mut self, state: &State, expr: &Expr) -> u64 {
        // Lambdas multiply what is inside, so the walk cannot be the flat one.
        match expr {
            Expr::Lambda(_, body) => self.expr(state, body).saturating_mul(REPEAT),
            _ => {
                let mut total: u64 = match expr {
                    Expr::Call(symbol, _) | Expr::Value(symbol) => self.of(state, *symbol),
                    Expr::FnRef(symbol) => self.of(state, *symbol).saturating_mul(REPEAT),
                    Expr::TraitCall { .. } => TRAIT_CALL,
                    _ => 1,
                };
                for child in children(expr) {
                    total = total.saturating_add(self.expr(state, child));
                }
                total
            }
        }
    }
}

/// The direct parts of an expression.
fn children(expr: &Expr) -> Vec<&Expr> {
    use super::model::Stmt;
    match expr {
        Expr::Call(_, args) | Expr::Construct { args, .. } => args.iter().map(|arg| &arg.value).collect(),
        Expr::CallLocal(_, args) | Expr::Library { args, .. } | Expr::Tuple(args) => args.iter().collect(),
        Expr::Binary(_, left, right) => vec![left, right],
        Expr::If(condition, yes, no) => vec![condition, yes, no],
        Expr::Match(scrutinee, arms) => {
            let arms = arms.iter().flat_map(|arm| arm.guard.iter().chain([&arm.body]));
            [&**scrutinee].into_iter().chain(arms).collect()
        }
        Expr::Block(statements, result) => statements
            .iter()
            .map(|statement| match statement {
                Stmt::Let(_, _, value) | Stmt::LocalFn(_, _, value) | Stmt::Print(value) => value,
            })
            .chain([&**result])
            .collect(),
        Expr::List(elements, tail) => elements.iter().chain(tail.as_deref()).collect(),
        Expr::Update { base, fields, .. } => {
            [&**base].into_iter().chain(fields.iter().map(|(_, value)| value)).collect()
        }
        Expr::TraitCall { receiver, args, .. } => [&**receiver].into_iter().chain(args).collect(),
        Expr::Divide(_, inner, _)
        | Expr::Not(inner)
        | Expr::Lambda(_, inner)
        | Expr::TupleGet(inner, _)
        | Expr::Some(inner)
        | Expr::Field(inner, _)
        | Expr::Interpolate(_, inner)
        | Expr::Wrong(_, inner) => vec![inner],
        Expr::Int(_)
        | Expr::Float(_)
        | Expr::Bool(_)
        | Expr::Str(_)
        | Expr::Char(_)
        | Expr::Local(_)
        | Expr::Value(_)
        | Expr::FnRef(_)
        | Expr::IsInt(_)
        | Expr::None => Vec::new(),
    }
}

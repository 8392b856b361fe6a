//! Patterns of templates.
//!
//! Input: a pattern and a value. Output: whether it fits; names are bound in the environment. Names that a failed
//! pattern has bound stay, which nobody sees: the environment is thrown away then.

use syntax::{
    ast::{self, AstNode},
    literal::LiteralValue,
};

use super::{
    Failure, Result,
    eval::Evaluator,
    value::{Env, Value},
};

impl Evaluator<'_> {
    /// Patterns of parameters and arms.
    pub(super) fn matches(&mut self, pattern: &ast::Pattern, value: &Value, env: &mut Env) -> Result<bool> {
        self.step()?;
        Ok(match pattern {
            ast::Pattern::Wildcard(_) => true,
            ast::Pattern::Name(name) => {
                if let Some(name) = name.name() {
                    env.bind(name.text(), value.clone());
                }
                true
            }
            ast::Pattern::Paren(paren) => match paren.pattern() {
                Some(inner) => self.matches(&inner, value, env)?,
                None => true,
            },
            ast::Pattern::Unit(_) => *value == Value::Unit,
            ast::Pattern::Literal(literal) => literal.value().is_some_and(|literal| equals(&literal, value)),
            ast::Pattern::Range(range) => match (range.start(), range.end(), value) {
                (Some(start), Some(end), Value::Int(n)) => {
                    start <= *n && (*n < end || (range.is_inclusive() && *n == end))
                }
                _ => false,
            },
            ast::Pattern::Pin(pin) => {
                pin.name().and_then(|name| env.get(name.text())).is_some_and(|bound| bound == value)
            }
            ast::Pattern::Or(or) => {
                for alternative in or.patterns() {
                    if self.matches(&alternative, value, env)? {
                        return Ok(true);
                    }
                }
                false
            }
            ast::Pattern::Tuple(tuple) => match value {
                Value::Tuple(items) => self.sequence(tuple.patterns(), None, items, env)?,
                _ => false,
            },
            ast::Pattern::List(list) => match value {
                Value::List(items) => self.sequence(list.patterns(), list.tail(), items, env)?,
                _ => false,
            },
            ast::Pattern::Con(con) => match value {
                Value::Variant(name, args) if con.name().is_some_and(|con| *con.text() == **name) => {
                    let patterns = con.arg_list();
                    self.sequence(patterns.iter().flat_map(|list| list.patterns()), None, args, env)?
                }
                _ => false,
            },
            ast::Pattern::Record(record) => self.fields(record, value, env)?,
            ast::Pattern::Map(_) | ast::Pattern::Set(_) | ast::Pattern::Error(_) => {
                return Err(Failure::new(format!("a template cannot use the pattern `{}`", pattern.syntax().text())));
            }
        })
    }

    fn sequence(
        &mut self,
        patterns: impl Iterator<Item = ast::Pattern>,
        tail: Option<ast::Pattern>,
        items: &[Value],
        env: &mut Env,
    ) -> Result<bool> {
        let mut rest = items;
        for pattern in patterns {
            let Some((first, others)) = rest.split_first() else { return Ok(false) };
            if !self.matches(&pattern, first, env)? {
                return Ok(false);
            }
            rest = others;
        }
        match tail {
            Some(tail) => self.matches(&tail, &Value::List(rest.into()), env),
            None => Ok(rest.is_empty()),
        }
    }

    fn fields(&mut self, record: &ast::RecordPat, value: &Value, env: &mut Env) -> Result<bool> {
        let Value::Record(fields) = value else { return Ok(false) };
        let Some(list) = record.field_list() else { return Ok(true) };
        for field in list.fields() {
            let Some(name) = field.name() else { return Ok(false) };
            let Some((_, value)) = fields.iter().find(|(field, _)| *field == name.text()) else { return Ok(false) };
            match field.pattern() {
                Some(pattern) => {
                    if !self.matches(&pattern, value, env)? {
                        return Ok(false);
                    }
                }
                None => env.bind(name.text(), value.clone()),
            }
        }
        Ok(true)
    }

    /// The left side of a plain `=`, which is an expression.
    pub(super) fn destructure(&mut self, target: &ast::Expr, value: &Value, env: &mut Env) -> Result<bool> {
        self.step()?;
        let parts = |exprs: Vec<ast::Expr>, items: &[Value]| exprs.into_iter().zip(items.to_vec()).collect::<Vec<_>>();
        let pairs = match (target, value) {
            (ast::Expr::Name(name), _) => {
                if let Some(name) = name.name() {
                    env.bind(name.text(), value.clone());
                }
                return Ok(true);
            }
            (ast::Expr::Wildcard(_), _) => return Ok(true),
            (ast::Expr::Paren(paren), _) => {
                return paren.expr().map_or(Ok(true), |inner| self.destructure(&inner, value, env));
            }
            (ast::Expr::Tuple(tuple), Value::Tuple(items)) if tuple.exprs().count() == items.len() => {
                parts(tuple.exprs().collect(), items)
            }
            (ast::Expr::List(list), Value::List(items)) => {
                let count = list.exprs().count();
                if items.len() < count || (list.tail().is_none() && items.len() > count) {
                    return Ok(false);
                }
                let mut pairs = parts(list.exprs().collect(), &items[..count]);
                pairs.extend(list.tail().map(|tail| (tail, Value::List(items[count..].into()))));
                pairs
            }
            (ast::Expr::Construct(construct), Value::Variant(name, args))
                if construct.name().is_some_and(|con| *con.text() == **name)
                    && construct.args().count() == args.len() =>
            {
                parts(construct.args().filter_map(|arg| arg.expr()).collect(), args)
            }
            (ast::Expr::Literal(literal), _) => {
                return Ok(literal.value().is_some_and(|literal| equals(&literal, value)));
            }
            _ => return Ok(false),
        };
        for (target, value) in pairs {
            if !self.destructure(&target, &value, env)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn equals(literal: &LiteralValue, value: &Value) -> bool {
    match (literal, value) {
        (LiteralValue::Int(a), Value::Int(b)) => a == b,
        (LiteralValue::Float(a), Value::Float(b)) => a == b,
        (LiteralValue::Bool(a), Value::Bool(b)) => a == b,
        (LiteralValue::Char(a), Value::Char(b)) => a == b,
        (LiteralValue::String(a), Value::Str(b) | Value::Ident(b)) => **a == **b,
        _ => false,
    }
}

//! Quotes: trees in which `~e` is replaced by the code of the value of `e`.
//!
//! Input: the tree of a quote. Output: code. A splice that is a statement may stand for several statements. A quote
//! inside a quote is left as it is.

use syntax::{
    GreenNode, SyntaxKind, SyntaxNode,
    ast::{self, AstNode},
};

use super::{
    Failure, Result,
    code::{self, Code, Piece},
    eval::Evaluator,
    value::{Env, Value},
};

/// Functions that only templates have: inside a quote they run even without `~`.
const COMPILE_TIME: [&str; 5] = ["eval", "comptime", "gensym", "toVar", "param"];

impl Evaluator<'_> {
    pub(super) fn quote(&mut self, quote: &ast::QuoteExpr, env: &Env) -> Result<Value> {
        let code = match quote.expr() {
            Some(ast::Expr::Block(block)) => {
                let mut pieces = Vec::new();
                for statement in block.statements() {
                    pieces.extend(self.quoted_statement(statement.syntax(), env)?);
                }
                match pieces.as_slice() {
                    [Piece::Stmt(single)] if <ast::Expr>::can_cast(SyntaxKind::from_raw(single.kind().0)) => {
                        Code::Expr(single.clone())
                    }
                    _ => Code::Block(pieces.into()),
                }
            }
            Some(ast::Expr::Paren(paren)) => match paren.expr() {
                Some(inner) => Code::Expr(self.quoted(inner.syntax(), env)?),
                None => return Ok(Value::Unit),
            },
            Some(other) => Code::Expr(self.quoted(other.syntax(), env)?),
            None => return Ok(Value::Unit),
        };
        let code = match code {
            Code::Expr(node) => Code::Expr(self.made(node)?),
            Code::Block(pieces) => {
                for piece in pieces.iter() {
                    if let Piece::Stmt(node) = piece {
                        self.made(node.clone())?;
                    }
                }
                Code::Block(pieces)
            }
        };
        Ok(Value::Code(code))
    }

    /// The statements that a statement of a quote becomes.
    fn quoted_statement(&mut self, node: &SyntaxNode, env: &Env) -> Result<Vec<Piece>> {
        match self.spliced(node, env)? {
            Some(value) => code::pieces(value),
            None => match self.named_by_splice(node, env)? {
                Some(stmt) => Ok(vec![Piece::Stmt(stmt)]),
                None => Ok(vec![Piece::Stmt(self.quoted(node, env)?)]),
            },
        }
    }

    /// The value of a splice, or of a call of a function that only templates have.
    fn spliced(&mut self, node: &SyntaxNode, env: &Env) -> Result<Option<Value>> {
        match ast::Expr::cast(node.clone()) {
            Some(ast::Expr::Splice(splice)) => match splice.expr() {
                Some(inner) => self.eval(&inner, env).map(Some),
                None => Err(Failure::new("`~` needs an expression")),
            },
            Some(ast::Expr::Call(call)) => {
                let Some(ast::Expr::Name(name)) = call.callee() else { return Ok(None) };
                let is_own = name.name().is_some_and(|name| COMPILE_TIME.contains(&name.text()));
                if !is_own {
                    return Ok(None);
                }
                // Where the argument is a value of the running program, the call is left to it.
                Ok(self.eval(&ast::Expr::Call(call), env).ok())
            }
            _ => Ok(None),
        }
    }

    /// `~name(a, b) = e`: a function whose name is computed.
    fn named_by_splice(&mut self, node: &SyntaxNode, env: &Env) -> Result<Option<GreenNode>> {
        let Some(binding) = ast::BindStmt::cast(node.clone()) else { return Ok(None) };
        let Some(ast::Expr::Splice(splice)) = binding.target() else { return Ok(None) };
        let Some(ast::Expr::Call(call)) = splice.expr() else { return Ok(None) };
        // `~toVar("x") = e` binds a variable; in a head the callee is the name.
        let callee = match call.callee() {
            Some(ast::Expr::Name(name)) => {
                let name = name.name();
                let Some(value) = name.and_then(|name| env.get(name.text()).cloned()) else { return Ok(None) };
                value
            }
            Some(callee) => self.eval(&callee, env)?,
            None => return Ok(None),
        };
        if !matches!(callee, Value::Ident(_) | Value::Str(_) | Value::Code(_)) {
            return Ok(None);
        }
        let name = match callee {
            Value::Str(text) => Value::Ident(text),
            other => other,
        };
        let name = code::expression(&name)?;
        let args = call.syntax().green().into_owned();
        let head = code::map_children(&args, |n, child| Ok(if n == 0 { name.clone() } else { child }))?;
        let children: Vec<SyntaxNode> = node.children().collect();
        let green = node.green().into_owned();
        let stmt = code::map_children(&green, |n, child| {
            if n == 0 {
                return Ok(head.clone());
            }
            children.get(n).map_or(Ok(child), |part| self.quoted(part, env))
        })?;
        Ok(Some(stmt))
    }

    /// A tree with its splices replaced. Linear in its size.
    pub(super) fn quoted(&mut self, node: &SyntaxNode, env: &Env) -> Result<GreenNode> {
        self.step()?;
        if let Some(value) = self.spliced(node, env)? {
            return code::enclosed(code::expression(&value)?);
        }
        let green = node.green().into_owned();
        if node.kind() == SyntaxKind::QUOTE_EXPR {
            return Ok(green);
        }
        if let Some(block) = ast::BlockExpr::cast(node.clone()) {
            return self.quoted_block(&block, env);
        }
        let children: Vec<SyntaxNode> = node.children().collect();
        code::map_children(&green, |n, child| children.get(n).map_or(Ok(child), |part| self.quoted(part, env)))
    }

    fn quoted_block(&mut self, block: &ast::BlockExpr, env: &Env) -> Result<GreenNode> {
        let mut pieces = Vec::new();
        for statement in block.statements() {
            pieces.extend(self.quoted_statement(statement.syntax(), env)?);
        }
        code::block(&code::statements(&pieces)?)
    }
}

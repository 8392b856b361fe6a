//! The evaluator: expressions of templates to values.
//!
//! Input: trees of templates and the values of their parameters. Output: a value or a [`Failure`]. The language is the
//! ordinary one without types, mutation, loops and effects.
//!
//! Invariant: ends. Every node costs a step, every level a unit of depth, both bounded; values grow by steps.

use std::rc::Rc;

use base_db::Name;
use syntax::{
    GreenNode, SyntaxNode,
    ast::{self, AstNode, BinOp},
    literal::{self, LiteralValue},
};

use super::{
    Failure, Result, Scope,
    code::{self, Code},
    scope::Clauses,
    value::{Closure, Env, Item, Value},
};

/// How many nodes one expansion may evaluate.
const MAX_STEPS: u32 = 100_000;

/// Steps that a new list, tuple, variant or closure costs: bounds how deep values nest, for those who walk them.
const NESTING_COST: u32 = 40;

/// How deep evaluation may nest; calls and nested expressions count alike.
const MAX_DEPTH: u32 = 300;

/// Greatest length of a text or list that one operation makes.
const MAX_LENGTH: usize = 1 << 18;

/// Evaluates the templates of one decorated item.
pub(super) struct Evaluator<'a> {
    scope: &'a dyn Scope,
    /// Where names are looked up: the module of the decorated item, or of the other file's template that runs.
    module: Name,
    /// Name of the decorated item: fresh names carry it.
    item_name: String,
    /// The item that the running template decorates; `param(n)` asks it.
    item: Option<Rc<Item>>,
    steps: u32,
    depth: u32,
    fresh: u32,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(scope: &'a dyn Scope, item_name: String, module: Name) -> Evaluator<'a> {
        Evaluator { scope, module, item_name, item: None, steps: 0, depth: 0, fresh: 0 }
    }

    /// The value that a decorator's argument has: literals and lists of them as values, anything else as code.
    pub(super) fn argument(&mut self, arg: &ast::Expr) -> Result<Value> {
        let is_value = match arg {
            ast::Expr::Literal(_) | ast::Expr::Unit(_) | ast::Expr::Quote(_) => true,
            ast::Expr::List(list) => list.tail().is_none(),
            ast::Expr::Tuple(_) | ast::Expr::Paren(_) => true,
            ast::Expr::Prefix(prefix) => matches!(prefix.expr(), Some(ast::Expr::Literal(_))),
            ast::Expr::Bin(_) => true,
            _ => false,
        };
        let node = || Value::Code(Code::Expr(arg.syntax().green().into_owned()));
        if !is_value {
            return Ok(node());
        }
        match self.eval(arg, &Env::default()) {
            Ok(Value::Closure(_)) | Err(_) => Ok(node()),
            Ok(value) => Ok(value),
        }
    }

    /// Runs the template `name` for `item`.
    pub(super) fn decorate(&mut self, name: &str, item: Item, args: Vec<Value>) -> Result<Value> {
        let item = Rc::new(item);
        self.item = Some(Rc::clone(&item));
        let mut values = vec![Value::Item(item)];
        values.extend(args);
        let own = self.scope.own(&self.module, name).templates;
        if !own.is_empty() {
            return self.call_clauses(&format!("template `{name}`"), &own, values);
        }
        let unknown = |evaluator: &Self| super::unknown_template(name, &evaluator.module, evaluator.scope);
        self.call_elsewhere(name, values).unwrap_or_else(|_| Err(unknown(self)))
    }

    /// Calls the template `name` of another file; gives the arguments back if there is none.
    fn call_elsewhere(&mut self, name: &str, args: Vec<Value>) -> std::result::Result<Result<Value>, Vec<Value>> {
        let homes = self.scope.elsewhere(&self.module, name);
        let [home] = homes.as_slice() else {
            return if homes.is_empty() { Err(args) } else { Ok(Err(super::ambiguous_template(name, &homes))) };
        };
        let clauses = self.scope.own(home, name).templates;
        let outer = std::mem::replace(&mut self.module, home.clone());
        let result = self.call_clauses(&format!("template `{name}`"), &clauses, args);
        self.module = outer;
        Ok(result)
    }

    // ---- Calls ----

    /// Calls the first clause that fits.
    fn call_clauses(&mut self, what: &str, clauses: &[GreenNode], args: Vec<Value>) -> Result<Value> {
        let mut arity = None;
        for clause in clauses {
            let root = SyntaxNode::new_root(clause.clone());
            let (params, guard, body) = if let Some(def) = ast::TemplateDef::cast(root.clone()) {
                (def.param_list(), def.guard(), def.body())
            } else if let Some(def) = ast::FnDef::cast(root) {
                (def.param_list(), def.guard(), def.body())
            } else {
                continue;
            };
            let params: Vec<ast::Param> = params.iter().flat_map(|list| list.params()).collect();
            arity.get_or_insert(params.len());
            let mut env = Env::default();
            if !self.bind_params(&params, &args, &mut env)? {
                continue;
            }
            if let Some(guard) = guard.and_then(|guard| guard.expr())
                && self.eval(&guard, &env)? != Value::Bool(true)
            {
                continue;
            }
            let Some(body) = body else { break };
            return self.eval(&body, &env).map_err(|failure| failure.passing(|| format!("in {what}")));
        }
        let arity = arity.unwrap_or_default();
        Err(if arity == args.len() {
            Failure::new(format!("no clause of {what} fits its arguments"))
        } else if what.starts_with("template") {
            // The decorated item is not written among the arguments.
            let (wanted, found) = (arity.saturating_sub(1), args.len().saturating_sub(1));
            Failure::new(format!("{what} takes {wanted} arguments besides the decorated item, found {found}"))
        } else {
            Failure::new(format!("{what} takes {arity} arguments, found {}", args.len()))
        })
    }

    /// Binds arguments to parameters, defaults to the rest; `false` if they do not fit.
    fn bind_params(&mut self, params: &[ast::Param], args: &[Value], env: &mut Env) -> Result<bool> {
        if args.len() > params.len() {
            return Ok(false);
        }
        for (n, param) in params.iter().enumerate() {
            let value = match (args.get(n), param.default()) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => self.eval(&default, env)?,
                (None, None) => return Ok(false),
            };
            let Some(pattern) = param.pattern() else { return Ok(false) };
            if !self.matches(&pattern, &value, env)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Calls a value.
    pub(super) fn apply(&mut self, callee: &Value, args: Vec<Value>) -> Result<Value> {
        match callee {
            Value::Closure(closure) => {
                let mut env = closure.env.clone();
                if let Some(name) = &closure.name {
                    env.bind(name, callee.clone());
                }
                if !self.bind_params(&closure.params, &args, &mut env)? {
                    // `((a, b)) => …` is called with two values by functions that pass pairs.
                    let [Value::Tuple(parts)] = args.as_slice() else {
                        return Err(Failure::new("the parameters of this function do not fit its arguments"));
                    };
                    env = closure.env.clone();
                    if !self.bind_params(&closure.params, parts, &mut env)? {
                        return Err(Failure::new("the parameters of this function do not fit its arguments"));
                    }
                }
                self.eval(&closure.body, &env)
            }
            Value::Function(name) => self.call_name(name, args),
            Value::Code(Code::Expr(node)) => match ast::Expr::cast(SyntaxNode::new_root(node.clone())) {
                // A lambda that was given as code, for instance as an argument of the decorator.
                Some(ast::Expr::Lambda(lambda)) if args.iter().all(|arg| !matches!(arg, Value::Code(_))) => {
                    let closure = self.lambda(&lambda, &Env::default());
                    self.apply(&closure, args)
                }
                _ => self.call_of_code(callee, &args),
            },
            Value::Ident(_) | Value::Code(_) => self.call_of_code(callee, &args),
            other => Err(Failure::new(format!("{} cannot be called", other.kind()))),
        }
    }

    fn call_of_code(&mut self, callee: &Value, args: &[Value]) -> Result<Value> {
        let args = args.iter().map(code::expression).collect::<Result<Vec<_>>>()?;
        let call = code::call_of(code::expression(callee)?, &args)?;
        Ok(Value::Code(Code::Expr(self.made(call)?)))
    }

    /// Calls what a name stands for at the top level: a template, a function of the program or a built-in function.
    fn call_name(&mut self, name: &str, mut args: Vec<Value>) -> Result<Value> {
        let Clauses { templates, functions: mut clauses } = self.scope.own(&self.module, name);
        if !templates.is_empty() {
            return self.call_clauses(&format!("template `{name}`"), &templates, args);
        }
        clauses.retain(|clause| {
            let root = SyntaxNode::new_root(clause.clone());
            ast::FnDef::cast(root)
                .and_then(|def| def.param_list())
                .is_some_and(|list| list.params().count() >= args.len())
        });
        if !clauses.is_empty() {
            return self.call_clauses(&format!("function `{name}`"), &clauses, args);
        }
        if !super::builtin::is_library(name) {
            match self.call_elsewhere(name, args) {
                Ok(result) => return result,
                Err(given) => args = given,
            }
        }
        if args.is_empty() {
            return match name {
                "println" | "print" => Ok(Value::Unit),
                _ => Err(unknown(name)),
            };
        }
        let receiver = args.remove(0);
        self.method(receiver, name, args)
    }

    fn call(&mut self, call: &ast::CallExpr, env: &Env) -> Result<Value> {
        let args: Vec<ast::Expr> = call.args().filter_map(|arg| arg.expr()).collect();
        let Some(callee) = call.callee() else { return Err(Failure::new("this call has no function")) };
        let ast::Expr::Name(name) = &callee else {
            let callee = self.eval(&callee, env)?;
            return self.apply_to_exprs(&callee, &args, env);
        };
        let Some(name) = name.name() else { return Err(Failure::new("this call has no function")) };
        let name = name.text();
        if let Some(callee) = env.get(name).cloned() {
            return self.apply_to_exprs(&callee, &args, env);
        }
        if let Some(value) = self.intrinsic(name, &args, env)? {
            return Ok(value);
        }
        let args = args.iter().map(|arg| self.eval(arg, env)).collect::<Result<Vec<_>>>()?;
        self.call_name(name, args)
    }

    /// Code that is called makes a call: names that the template does not know belong to the program then.
    fn apply_to_exprs(&mut self, callee: &Value, args: &[ast::Expr], env: &Env) -> Result<Value> {
        let is_code = match callee {
            Value::Ident(_) => true,
            Value::Code(Code::Expr(node)) => !<ast::Lambda>::can_cast(syntax::SyntaxKind::from_raw(node.kind().0)),
            _ => false,
        };
        let mut values = Vec::new();
        for arg in args {
            let is_foreign = is_code
                && matches!(arg, ast::Expr::Name(name) if name.name().is_some_and(|name| env.get(name.text()).is_none()));
            values.push(if is_foreign {
                Value::Code(Code::Expr(arg.syntax().green().into_owned()))
            } else {
                self.eval(arg, env)?
            });
        }
        self.apply(callee, values)
    }

    /// The functions that only templates have.
    fn intrinsic(&mut self, name: &str, args: &[ast::Expr], env: &Env) -> Result<Option<Value>> {
        let value = match (name, args) {
            ("eval", [arg]) => match self.eval(arg, env)? {
                code @ Value::Code(_) => code,
                value => Value::Code(Code::read(&self.text_of(&value, "eval")?)?),
            },
            ("comptime", [arg]) => self.comptime(arg, env)?,
            ("gensym", []) => self.fresh_name("g"),
            ("gensym", [arg]) => {
                let value = self.eval(arg, env)?;
                let prefix = self.text_of(&value, "gensym")?;
                self.fresh_name(&prefix)
            }
            ("toVar", [arg]) => {
                let value = self.eval(arg, env)?;
                Value::Ident(self.text_of(&value, "toVar")?)
            }
            ("param", [arg]) => {
                let value = self.eval(arg, env)?;
                self.param(&value)?
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// Evaluates code now; a string literal holds the text of the code.
    fn comptime(&mut self, arg: &ast::Expr, env: &Env) -> Result<Value> {
        let value = self.eval(arg, env)?;
        let read = match (&value, arg) {
            (Value::Code(code), _) => Some(code.clone()),
            (Value::Str(text), ast::Expr::Literal(_)) => Code::read(text).ok(),
            _ => None,
        };
        let Some(code) = read else { return Ok(value) };
        let is_text = matches!(value, Value::Str(_));
        let node = code::expression(&Value::Code(code))?;
        match ast::Expr::cast(SyntaxNode::new_root(node)).map(|expr| self.eval(&expr, env)) {
            Some(Ok(value)) => Ok(value),
            // A text that is no code is a text.
            Some(Err(_)) if is_text => Ok(value),
            Some(Err(failure)) => Err(failure),
            None => Ok(value),
        }
    }

    fn fresh_name(&mut self, prefix: &str) -> Value {
        self.fresh += 1;
        let base: String = prefix.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let base =
            if base.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') { base } else { format!("g{base}") };
        let item: String = self.item_name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        Value::Ident(format!("{base}_{item}_{}", self.fresh).into())
    }

    pub(super) fn param(&self, index: &Value) -> Result<Value> {
        let Value::Int(n) = index else {
            return Err(Failure::new(format!("`param` takes the number of a parameter, found {}", index.kind())));
        };
        let param = self.item.as_ref().and_then(|item| item.param(*n));
        param.ok_or_else(|| Failure::new(format!("`{}` has no parameter {n}", self.item_name)))
    }

    pub(super) fn text_of(&self, value: &Value, user: &str) -> Result<Rc<str>> {
        value.text().ok_or_else(|| Failure::new(format!("`{user}` takes a String, found {}", value.kind())))
    }

    // ---- Expressions ----

    pub(super) fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Failure::new("this template runs for too long")
                .help("the work of templates is bounded, since they run whenever the program is compiled"));
        }
        Ok(())
    }

    /// Charges a value that holds others.
    pub(super) fn nest(&mut self) -> Result<()> {
        self.steps = self.steps.saturating_add(NESTING_COST);
        self.step()
    }

    /// Code that was put together; charges its size, and refuses what is too deep or too large.
    pub(super) fn made(&mut self, node: GreenNode) -> Result<GreenNode> {
        self.steps = self.steps.saturating_add(u32::from(node.text_len()) / 8);
        self.step()?;
        code::check_bounds(&node)?;
        Ok(node)
    }

    /// Charges the steps that making `length` elements costs.
    pub(super) fn charge(&mut self, length: usize) -> Result<()> {
        if length > MAX_LENGTH {
            return Err(Failure::new("this template makes a value that is too large"));
        }
        self.steps = self.steps.saturating_add((length / 16) as u32);
        self.step()
    }

    pub(super) fn eval(&mut self, expr: &ast::Expr, env: &Env) -> Result<Value> {
        self.step()?;
        if self.depth >= MAX_DEPTH {
            return Err(Failure::new("this template nests too deeply").help("does it call itself without an end?"));
        }
        self.depth += 1;
        let value = self.eval_expr(expr, env);
        self.depth -= 1;
        // The innermost expression; around it only calls are noted.
        value.map_err(|failure| if failure.trail.is_empty() { failure.passing(|| excerpt(expr)) } else { failure })
    }

    fn eval_some(&mut self, expr: Option<ast::Expr>, env: &Env) -> Result<Value> {
        match expr {
            Some(expr) => self.eval(&expr, env),
            None => Err(Failure::new("an expression is missing in this template")),
        }
    }

    fn eval_expr(&mut self, expr: &ast::Expr, env: &Env) -> Result<Value> {
        match expr {
            ast::Expr::Name(name) => self.name(name, env),
            ast::Expr::Con(con) => Ok(con.name().map_or(Value::Unit, |name| constructor(name.text(), Vec::new()))),
            ast::Expr::Literal(value) => self.literal(value),
            ast::Expr::InterpString(string) => self.interpolation(string, env),
            ast::Expr::Unit(_) => Ok(Value::Unit),
            ast::Expr::Paren(paren) => self.eval_some(paren.expr(), env),
            ast::Expr::Splice(splice) => self.eval_some(splice.expr(), env),
            ast::Expr::Tuple(tuple) => {
                self.nest()?;
                Ok(Value::Tuple(self.all(tuple.exprs(), env)?.into()))
            }
            ast::Expr::List(list) => self.list(list, env),
            ast::Expr::RangeList(range) => self.range(range, env),
            ast::Expr::Block(block) => self.block(block.statements(), env),
            ast::Expr::Do(block) => self.block(block.statements(), env),
            ast::Expr::Lambda(lambda) => {
                self.nest()?;
                Ok(self.lambda(lambda, env))
            }
            ast::Expr::Call(call) => self.call(call, env),
            ast::Expr::MethodCall(call) => self.method_call(call, env),
            ast::Expr::Field(field) => self.field(field, env),
            ast::Expr::Construct(construct) => {
                self.nest()?;
                let args = self.all(construct.args().filter_map(|arg| arg.expr()), env)?;
                Ok(construct.name().map_or(Value::Unit, |name| constructor(name.text(), args)))
            }
            ast::Expr::Index(index) => self.index(index, env),
            ast::Expr::Prefix(prefix) => self.prefix(prefix, env),
            ast::Expr::Bin(bin) => self.binary(bin, env),
            ast::Expr::If(conditional) => self.conditional(conditional, env),
            ast::Expr::Match(matching) => self.matching(matching, env),
            ast::Expr::Quote(quote) => self.quote(quote, env),
            other => {
                let text = other.syntax().text().to_string();
                let shown: String = text.trim().chars().take(40).collect();
                Err(Failure::new(format!("a template cannot run `{shown}`"))
                    .help("code that belongs to the result stands in `quote { … }`"))
            }
        }
    }

    pub(super) fn all(&mut self, exprs: impl Iterator<Item = ast::Expr>, env: &Env) -> Result<Vec<Value>> {
        exprs.map(|expr| self.eval(&expr, env)).collect()
    }

    fn name(&mut self, name: &ast::NameExpr, env: &Env) -> Result<Value> {
        let Some(token) = name.name() else { return Err(Failure::new("a name is missing in this template")) };
        let name = token.text();
        if let Some(value) = env.get(name) {
            return Ok(value.clone());
        }
        let known = super::builtin::is_library(name)
            || self.scope.own(&self.module, name) != Clauses::default()
            || !self.scope.elsewhere(&self.module, name).is_empty();
        if known { Ok(Value::Function(name.into())) } else { Err(unknown(name)) }
    }

    fn literal(&self, literal: &ast::Literal) -> Result<Value> {
        Ok(match literal.value() {
            Some(LiteralValue::Int(value)) => Value::Int(value),
            Some(LiteralValue::Float(value)) => Value::Float(value),
            Some(LiteralValue::Char(value)) => Value::Char(value),
            Some(LiteralValue::String(value)) => Value::str(value),
            Some(LiteralValue::Bool(value)) => Value::Bool(value),
            // Numbers of other types pass through unchanged.
            _ => Value::Code(Code::Expr(literal.syntax().green().into_owned())),
        })
    }

    fn interpolation(&mut self, string: &ast::InterpString, env: &Env) -> Result<Value> {
        let mut text = String::new();
        for part in string.parts() {
            match part {
                ast::InterpPart::Text(token) => text.push_str(&literal::unescape(token.text())),
                ast::InterpPart::Hole(hole) => self.eval_some(hole.expr(), env)?.show(false, &mut text),
            }
        }
        self.charge(text.len())?;
        Ok(Value::str(text))
    }

    fn list(&mut self, list: &ast::ListExpr, env: &Env) -> Result<Value> {
        self.nest()?;
        let mut items = self.all(list.exprs(), env)?;
        if let Some(tail) = list.tail() {
            match self.eval(&tail, env)? {
                Value::List(rest) => items.extend(rest.iter().cloned()),
                other => return Err(Failure::new(format!("the tail of a list is a list, found {}", other.kind()))),
            }
        }
        self.charge(items.len())?;
        Ok(Value::list(items))
    }

    fn range(&mut self, range: &ast::RangeList, env: &Env) -> Result<Value> {
        let (start, end) = (self.eval_some(range.start(), env)?, self.eval_some(range.end(), env)?);
        self.int_range(&start, &end, 1)
    }

    /// The numbers from `start` to `end`, `end` included if `beyond` is 1.
    pub(super) fn int_range(&mut self, start: &Value, end: &Value, beyond: i64) -> Result<Value> {
        let (Value::Int(start), Value::Int(end)) = (start, end) else {
            return Err(Failure::new("a range has two Ints"));
        };
        let end = end.saturating_add(beyond);
        self.charge(usize::try_from(end.saturating_sub(*start)).unwrap_or_default())?;
        Ok(Value::list((*start..end).map(Value::Int).collect()))
    }

    pub(super) fn lambda(&self, lambda: &ast::Lambda, env: &Env) -> Value {
        match lambda.body() {
            Some(body) => Value::Closure(Rc::new(Closure {
                params: lambda.params().collect(),
                name: None,
                body,
                env: env.clone(),
            })),
            None => Value::Unit,
        }
    }

    fn block(&mut self, statements: impl Iterator<Item = ast::Stmt>, env: &Env) -> Result<Value> {
        let mut env = env.clone();
        let mut last = Value::Unit;
        for statement in statements {
            last = self.statement(&statement, &mut env)?;
        }
        Ok(last)
    }

    fn statement(&mut self, statement: &ast::Stmt, env: &mut Env) -> Result<Value> {
        match statement {
            ast::Stmt::Expr(expr) => return self.eval(expr, env),
            ast::Stmt::Let(binding) => {
                let value = self.eval_some(binding.value(), env)?;
                if let Some(pattern) = binding.pattern()
                    && !self.matches(&pattern, &value, env)?
                {
                    return Err(Failure::new("a binding of this template does not fit its value"));
                }
            }
            ast::Stmt::Bind(binding) => match binding.target().map(ast::Expr::bind_target) {
                Some(ast::BindTarget::Pattern(target)) => {
                    let value = self.eval_some(binding.value(), env)?;
                    if !self.destructure(&target, &value, env)? {
                        return Err(Failure::new("a binding of this template does not fit its value"));
                    }
                }
                Some(ast::BindTarget::Function(call)) => self.local_function(binding, &call, env)?,
                _ => return Err(Failure::new("a template cannot assign to this").help("bind a new name: `x = …`")),
            },
        }
        Ok(Value::Unit)
    }

    fn local_function(&mut self, binding: &ast::BindStmt, call: &ast::CallExpr, env: &mut Env) -> Result<()> {
        // Read as a definition, since the head is an expression here.
        let text = format!("{}\n", binding.syntax().text());
        let def = syntax::parse(&text).tree().items().next();
        let (Some(ast::Item::Fn(def)), Some(ast::Expr::Name(name))) = (def, call.callee()) else {
            return Err(Failure::new("this local function of a template has parameters that are no patterns"));
        };
        let (Some(name), Some(body)) = (name.name(), def.body()) else { return Ok(()) };
        self.nest()?;
        let params = def.param_list().iter().flat_map(|list| list.params()).collect();
        let closure = Closure { params, name: Some(name.text().into()), body, env: env.clone() };
        env.bind(name.text(), Value::Closure(Rc::new(closure)));
        Ok(())
    }

    fn method_call(&mut self, call: &ast::MethodCall, env: &Env) -> Result<Value> {
        let Some(name) = call.name() else { return Err(Failure::new("a method name is missing in this template")) };
        // `String.join(parts, ", ")`: the function of a module of the library.
        if let Some(ast::Expr::Con(_)) = call.receiver() {
            let args = self.all(call.args().filter_map(|arg| arg.expr()), env)?;
            return self.call_name(name.text(), args);
        }
        let receiver = self.eval_some(call.receiver(), env)?;
        let args = self.all(call.args().filter_map(|arg| arg.expr()), env)?;
        self.method(receiver, name.text(), args)
    }

    fn field(&mut self, field: &ast::FieldExpr, env: &Env) -> Result<Value> {
        let base = self.eval_some(field.receiver(), env)?;
        if let Some(index) = field.index() {
            let n: Option<usize> = index.text().parse().ok();
            return match &base {
                Value::Tuple(items) => n.and_then(|n| items.get(n)).cloned(),
                _ => None,
            }
            .ok_or_else(|| Failure::new(format!("{} has no component {}", base.kind(), index.text())));
        }
        let Some(name) = field.name() else { return Err(Failure::new("a field name is missing in this template")) };
        match &base {
            Value::Item(item) => item.field(name.text()),
            Value::Record(fields) => {
                let found = fields.iter().find(|(field, _)| *field == name.text()).map(|(_, value)| value.clone());
                found.ok_or_else(|| {
                    let known: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
                    Failure::new(format!("a part of the decorated item has no field `{}`", name.text()))
                        .help(format!("it has {}", known.join(", ")))
                })
            }
            // The field of code is code: `~self.x` with `self = toVar("self")`.
            Value::Ident(_) | Value::Code(_) => {
                let base = code::enclosed(code::expression(&base)?)?;
                let text = format!("a.{}", name.text());
                let shape = code::read_expr(&text).ok_or_else(|| Failure::new("this field has no name"))?;
                let node = code::map_children(&shape, |n, child| Ok(if n == 0 { base.clone() } else { child }))?;
                Ok(Value::Code(Code::Expr(self.made(node)?)))
            }
            other => Err(Failure::new(format!("{} has no field `{}`", other.kind(), name.text()))),
        }
    }

    fn index(&mut self, index: &ast::IndexExpr, env: &Env) -> Result<Value> {
        let base = self.eval_some(index.base(), env)?;
        let at = self.eval_some(index.indices().next(), env)?;
        self.method(base, "get", vec![at])
    }

    fn prefix(&mut self, prefix: &ast::PrefixExpr, env: &Env) -> Result<Value> {
        let value = self.eval_some(prefix.expr(), env)?;
        match (prefix.op(), value) {
            (Some(ast::PrefixOp::Not), Value::Bool(value)) => Ok(Value::Bool(!value)),
            (Some(ast::PrefixOp::Neg), Value::Int(value)) => value.checked_neg().map(Value::Int).ok_or_else(overflow),
            (Some(ast::PrefixOp::Neg), Value::Float(value)) => Ok(Value::Float(-value)),
            (_, value) => Err(Failure::new(format!("this operator does not apply to {}", value.kind()))),
        }
    }

    fn binary(&mut self, bin: &ast::BinExpr, env: &Env) -> Result<Value> {
        let Some(op) = bin.op() else { return Err(Failure::new("an operator is missing in this template")) };
        if op == BinOp::Pipe {
            return self.pipe(bin, env);
        }
        let left = self.eval_some(bin.lhs(), env)?;
        match (op, &left) {
            (BinOp::And, Value::Bool(false)) | (BinOp::Or, Value::Bool(true)) => return Ok(left),
            (BinOp::And | BinOp::Or, Value::Bool(_)) => return self.eval_some(bin.rhs(), env),
            _ => {}
        }
        let right = self.eval_some(bin.rhs(), env)?;
        self.operate(op, left, right)
    }

    fn operate(&mut self, op: BinOp, left: Value, right: Value) -> Result<Value> {
        match (op, &left, &right) {
            (BinOp::Eq, _, _) => Ok(Value::Bool(left == right)),
            (BinOp::Ne, _, _) => Ok(Value::Bool(left != right)),
            (BinOp::Cons, _, Value::List(rest)) => {
                self.nest()?;
                let mut items = vec![left];
                items.extend(rest.iter().cloned());
                self.charge(items.len())?;
                Ok(Value::list(items))
            }
            (BinOp::Concat, Value::List(a), Value::List(b)) => {
                self.charge(a.len() + b.len())?;
                Ok(Value::list(a.iter().chain(b.iter()).cloned().collect()))
            }
            (BinOp::Concat, _, _) => {
                let (a, b) = (self.text_of(&left, "++")?, self.text_of(&right, "++")?);
                self.charge(a.len() + b.len())?;
                Ok(Value::str(format!("{a}{b}")))
            }
            (BinOp::Lt | BinOp::Gt | BinOp::Le | BinOp::Ge, _, _) => {
                let order = super::builtin::compare(&left, &right)?;
                Ok(Value::Bool(match op {
                    BinOp::Lt => order.is_lt(),
                    BinOp::Gt => order.is_gt(),
                    BinOp::Le => order.is_le(),
                    _ => order.is_ge(),
                }))
            }
            (_, Value::Int(a), Value::Int(b)) => int_operation(op, *a, *b),
            (_, Value::Float(a), Value::Float(b)) => float_operation(op, *a, *b),
            _ => Err(Failure::new(format!("this operator does not apply to {} and {}", left.kind(), right.kind()))
                .help("arithmetic on code stands in a quote: `quote(~fn.body + 1)`")),
        }
    }

    /// `x |> f(a)` is `f(x, a)`.
    fn pipe(&mut self, bin: &ast::BinExpr, env: &Env) -> Result<Value> {
        let mut args = vec![self.eval_some(bin.lhs(), env)?];
        match bin.rhs() {
            Some(ast::Expr::Call(call)) => {
                args.extend(self.all(call.args().filter_map(|arg| arg.expr()), env)?);
                let callee = self.eval_some(call.callee(), env)?;
                self.apply(&callee, args)
            }
            right => {
                let callee = self.eval_some(right, env)?;
                self.apply(&callee, args)
            }
        }
    }

    fn conditional(&mut self, conditional: &ast::IfExpr, env: &Env) -> Result<Value> {
        match self.eval_some(conditional.condition(), env)? {
            Value::Bool(true) => self.eval_some(conditional.then_branch(), env),
            Value::Bool(false) => match conditional.else_branch() {
                Some(branch) => self.eval(&branch, env),
                None => Ok(Value::Unit),
            },
            other => Err(Failure::new(format!("a condition of a template is a Bool, found {}", other.kind()))
                .help("a condition on values of the running program stands in the quote")),
        }
    }

    fn matching(&mut self, matching: &ast::MatchExpr, env: &Env) -> Result<Value> {
        let scrutinee = self.eval_some(matching.scrutinee(), env)?;
        for arm in matching.arms() {
            let mut inner = env.clone();
            let Some(pattern) = arm.pattern() else { continue };
            if !self.matches(&pattern, &scrutinee, &mut inner)? {
                continue;
            }
            if let Some(guard) = arm.guard().and_then(|guard| guard.expr())
                && self.eval(&guard, &inner)? != Value::Bool(true)
            {
                continue;
            }
            return match arm.body() {
                Some(body) => self.statement(&body, &mut inner),
                None => Ok(Value::Unit),
            };
        }
        Err(Failure::new("no arm of a `match` in this template fits its value"))
    }
}

fn constructor(name: &str, args: Vec<Value>) -> Value {
    Value::Variant(name.into(), args.into())
}

/// The start of an expression's text, on one line.
fn excerpt(expr: &ast::Expr) -> String {
    const LENGTH: usize = 60;
    let text = expr.syntax().text().to_string();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(LENGTH) {
        words.truncate(end);
        words.push('…');
    }
    format!("while running `{words}`")
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("`{name}` is not known while templates run"))
        .help("a variable of the program is named in a quote, without `~`")
}

fn overflow() -> Failure {
    Failure::new("an Int of this template is out of range")
}

fn int_operation(op: BinOp, a: i64, b: i64) -> Result<Value> {
    let value = match op {
        BinOp::Add => a.checked_add(b),
        BinOp::Sub => a.checked_sub(b),
        BinOp::Mul => a.checked_mul(b),
        BinOp::Div | BinOp::Rem if b == 0 => return Err(Failure::new("this template divides by zero")),
        BinOp::Div => a.checked_div(b),
        BinOp::Rem => a.checked_rem(b),
        BinOp::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        _ => return Err(Failure::new("this operator does not apply to Ints")),
    };
    value.map(Value::Int).ok_or_else(overflow)
}

fn float_operation(op: BinOp, a: f64, b: f64) -> Result<Value> {
    Ok(Value::Float(match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mul => a * b,
        BinOp::Div => a / b,
        BinOp::Rem => a % b,
        BinOp::Pow => a.powf(b),
        _ => return Err(Failure::new("this operator does not apply to Floats")),
    }))
}

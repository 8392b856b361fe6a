//! Values of the evaluator.
//!
//! Invariant: a value is immutable and holds no position.

use std::rc::Rc;

use syntax::{
    GreenNode, SyntaxNode,
    ast::{self, AstNode},
};

use super::{
    Failure, Result,
    code::{self, Code},
};

/// What an expression of a template evaluates to.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Unit,
    Bool(bool),
    Int(i64),
    Float(f64),
    Char(char),
    Str(Rc<str>),
    /// A name: text for the template, a variable where it is spliced.
    Ident(Rc<str>),
    List(Rc<[Value]>),
    Tuple(Rc<[Value]>),
    /// A parameter, field or variant of the decorated item.
    Record(Rc<[(&'static str, Value)]>),
    /// `Some(x)`, `None`, …
    Variant(Rc<str>, Rc<[Value]>),
    /// A piece of program.
    Code(Code),
    /// The decorated item.
    Item(Rc<Item>),
    /// A lambda or local function.
    Closure(Rc<Closure>),
    /// A function that is known by its name: a template, a function of the program, a built-in one.
    Function(Rc<str>),
}

/// The decorated function or type.
#[derive(Debug)]
pub(super) struct Item {
    /// As it is when the template runs: inner decorators have been applied.
    pub(super) node: GreenNode,
}

/// A lambda with the names around it.
#[derive(Debug)]
pub(super) struct Closure {
    pub(super) params: Vec<ast::Param>,
    /// A local function may call itself.
    pub(super) name: Option<Rc<str>>,
    pub(super) body: ast::Expr,
    pub(super) env: Env,
}

/// Names in scope, innermost first.
#[derive(Clone, Debug, Default)]
pub(super) struct Env(Option<Rc<Binding>>);

#[derive(Debug)]
struct Binding {
    name: Rc<str>,
    value: Value,
    outer: Env,
}

impl Env {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let mut env = self;
        while let Some(binding) = &env.0 {
            if *binding.name == *name {
                return Some(&binding.value);
            }
            env = &binding.outer;
        }
        None
    }

    pub(super) fn bind(&mut self, name: &str, value: Value) {
        *self = Env(Some(Rc::new(Binding { name: name.into(), value, outer: self.clone() })));
    }
}

/// Chains may be long, so they are taken apart in a loop.
impl Drop for Env {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(binding) = next {
            next = Rc::try_unwrap(binding).ok().and_then(|mut binding| binding.outer.0.take());
        }
    }
}

impl Value {
    pub(super) fn str(text: impl AsRef<str>) -> Value {
        Value::Str(text.as_ref().into())
    }

    pub(super) fn list(items: Vec<Value>) -> Value {
        Value::List(items.into())
    }

    pub(super) fn some(value: Value) -> Value {
        Value::Variant("Some".into(), Rc::new([value]))
    }

    pub(super) fn none() -> Value {
        Value::Variant("None".into(), Rc::new([]))
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Unit => "()",
            Value::Bool(_) => "a Bool",
            Value::Int(_) => "an Int",
            Value::Float(_) => "a Float",
            Value::Char(_) => "a Char",
            Value::Str(_) => "a String",
            Value::Ident(_) => "a name",
            Value::List(_) => "a list",
            Value::Tuple(_) => "a tuple",
            Value::Record(_) => "a part of the decorated item",
            Value::Variant(..) => "a variant",
            Value::Code(_) => "code",
            Value::Item(_) => "the decorated item",
            Value::Closure(_) | Value::Function(_) => "a function",
        }
    }

    /// Strings and names as text, code as it is written.
    pub(super) fn text(&self) -> Option<Rc<str>> {
        match self {
            Value::Str(text) | Value::Ident(text) => Some(Rc::clone(text)),
            Value::Char(c) => Some(c.to_string().into()),
            Value::Code(code) => Some(code.text().into()),
            _ => None,
        }
    }

    /// The text that `show` gives.
    pub(super) fn show(&self, nested: bool, out: &mut String) {
        match self {
            Value::Unit => out.push_str("()"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&code::float_text(*value)),
            Value::Char(value) if nested => out.push_str(&format!("'{value}'")),
            Value::Str(text) if nested => out.push_str(&format!("\"{text}\"")),
            Value::Char(value) => out.push(*value),
            Value::Str(text) | Value::Ident(text) | Value::Function(text) => out.push_str(text),
            Value::List(items) => show_all("[", items, "]", out),
            Value::Tuple(items) => show_all("(", items, ")", out),
            Value::Record(fields) => {
                out.push('{');
                for (n, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if n > 0 { ", " } else { "" });
                    out.push_str(name);
                    out.push_str(": ");
                    value.show(true, out);
                }
                out.push('}');
            }
            Value::Variant(name, args) => {
                out.push_str(name);
                if !args.is_empty() {
                    show_all("(", args, ")", out);
                }
            }
            Value::Code(code) => out.push_str(&code.text()),
            Value::Item(item) => out.push_str(&code::item_name(&item.syntax()).unwrap_or_default()),
            Value::Closure(_) => out.push_str("<function>"),
        }
    }

    /// Whether it consists of definitions alone, which stand beside a decorated function.
    pub(super) fn is_definitions(&self) -> bool {
        match self {
            Value::Item(_) => true,
            Value::Code(code) => code.is_definitions(),
            Value::List(items) => !items.is_empty() && items.iter().all(Value::is_definitions),
            _ => false,
        }
    }
}

fn show_all(open: &str, items: &[Value], close: &str, out: &mut String) {
    out.push_str(open);
    for (n, item) in items.iter().enumerate() {
        out.push_str(if n > 0 { ", " } else { "" });
        item.show(true, out);
    }
    out.push_str(close);
}

/// Names and code compare by their text, so that `p.ty == "Int"` holds however `p.ty` was made.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Unit, Value::Unit) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Char(a), Value::Char(b)) => a == b,
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => a == b,
            (Value::Record(a), Value::Record(b)) => a == b,
            (Value::Variant(a, x), Value::Variant(b, y)) => a == b && x == y,
            (Value::Item(a), Value::Item(b)) => a.node == b.node,
            (Value::Function(a), Value::Function(b)) => a == b,
            (Value::Closure(a), Value::Closure(b)) => Rc::ptr_eq(a, b),
            (Value::Char(_), _) | (_, Value::Char(_)) => false,
            _ => match (self.text(), other.text()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Item {
    pub(super) fn new(node: GreenNode) -> Item {
        Item { node }
    }

    pub(super) fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.node.clone())
    }

    /// `fn.name`, `typeDef.fields`, …
    pub(super) fn field(&self, name: &str) -> Result<Value> {
        let root = self.syntax();
        let field = match (ast::FnDef::cast(root.clone()), ast::TypeDef::cast(root)) {
            (Some(def), _) => function_field(&def, name),
            (_, Some(def)) => type_field(&def, name),
            _ => None,
        };
        field.ok_or_else(|| {
            let known = if self.is_function() {
                "a decorated function has `name`, `body`, `params`, `arity`, `returnType`, `typeParams`, `isPublic`"
            } else {
                "a decorated type has `name`, `fields`, `variants`, `typeParams`, `kind`, `isPublic`"
            };
            Failure::new(format!("the decorated item has no field `{name}`")).help(known)
        })
    }

    pub(super) fn is_function(&self) -> bool {
        <ast::FnDef>::can_cast(self.syntax().kind())
    }

    /// The name of the n-th parameter.
    pub(super) fn param(&self, n: i64) -> Option<Value> {
        let def = ast::FnDef::cast(self.syntax())?;
        let param = def.param_list()?.params().nth(usize::try_from(n).ok()?)?;
        Some(Value::Ident(trimmed(param.pattern()?.syntax()).as_str().into()))
    }
}

fn trimmed(node: &SyntaxNode) -> String {
    node.text().to_string().trim().to_owned()
}

fn type_text(ty: Option<ast::Type>) -> Value {
    Value::str(ty.map_or_else(|| "_".to_owned(), |ty| trimmed(ty.syntax())))
}

fn named_type(name: String, ty: Option<ast::Type>) -> Vec<(&'static str, Value)> {
    let ty = type_text(ty);
    vec![("name", Value::str(name)), ("ty", ty.clone()), ("type", ty.clone()), ("typeName", ty)]
}

fn type_params(params: Option<ast::TypeParams>) -> Value {
    let names = params.iter().flat_map(|list| list.params()).filter_map(|param| Some(Value::str(param.name()?.text())));
    Value::list(names.collect())
}

fn function_field(def: &ast::FnDef, name: &str) -> Option<Value> {
    let params = || def.param_list().into_iter().flat_map(|list| list.params());
    Some(match name {
        "name" => Value::str(def.name()?.text()),
        "body" => Value::Code(Code::Expr(def.body()?.syntax().green().into_owned())),
        "params" | "parameters" | "args" => Value::list(
            params()
                .map(|param| {
                    let pattern = param.pattern().map(|pattern| trimmed(pattern.syntax())).unwrap_or_default();
                    let mut fields = named_type(pattern, param.ty());
                    fields.push(("hasDefault", Value::Bool(param.default().is_some())));
                    Value::Record(fields.into())
                })
                .collect(),
        ),
        "arity" | "paramCount" => Value::Int(params().count() as i64),
        "returnType" | "retType" | "ret" => type_text(def.ret_type().and_then(|ret| ret.ty())),
        "typeParams" => type_params(def.type_params()),
        "isPublic" | "isPub" | "public" => Value::Bool(def.is_pub()),
        "kind" => Value::str("function"),
        _ => return None,
    })
}

fn fields(list: impl Iterator<Item = ast::FieldDef>) -> Value {
    Value::list(
        list.filter_map(|field| {
            let mut parts = named_type(field.name()?.text().to_owned(), field.ty());
            parts.push(("isPrivate", Value::Bool(field.is_private())));
            Some(Value::Record(parts.into()))
        })
        .collect(),
    )
}

fn variant(variant: &ast::Variant) -> Option<Value> {
    let parts = match (variant.fields(), variant.types()) {
        (Some(list), _) => fields(list.fields()),
        (None, Some(types)) => Value::list(
            types
                .types()
                .enumerate()
                .map(|(n, ty)| Value::Record(named_type(format!("_{n}"), Some(ty)).into()))
                .collect(),
        ),
        (None, None) => Value::list(Vec::new()),
    };
    let arity = if let Value::List(parts) = &parts { parts.len() as i64 } else { 0 };
    let named = Value::Bool(variant.fields().is_some());
    let name = Value::str(variant.name()?.text());
    Some(Value::Record(Rc::new([("name", name), ("fields", parts), ("arity", Value::Int(arity)), ("isNamed", named)])))
}

fn type_field(def: &ast::TypeDef, name: &str) -> Option<Value> {
    Some(match (name, def.body()) {
        ("name", _) => Value::str(def.name()?.text()),
        ("fields", Some(ast::TypeBody::Record(list))) => fields(list.fields()),
        // A type of one constructor has its fields.
        ("fields", Some(ast::TypeBody::Variants(list))) => {
            let mut variants = list.variants();
            match (variants.next().and_then(|only| variant(&only)), variants.next()) {
                (Some(Value::Record(parts)), None) => parts.iter().find(|(name, _)| *name == "fields")?.1.clone(),
                _ => Value::list(Vec::new()),
            }
        }
        ("variants" | "constructors", Some(ast::TypeBody::Variants(list))) => {
            Value::list(list.variants().filter_map(|item| variant(&item)).collect())
        }
        ("fields" | "variants" | "constructors", _) => Value::list(Vec::new()),
        ("typeParams" | "params", _) => type_params(def.type_params()),
        ("isPublic" | "isPub" | "public", _) => Value::Bool(def.is_pub()),
        ("kind", body) => Value::str(match body {
            Some(ast::TypeBody::Record(_)) => "record",
            Some(ast::TypeBody::Variants(_)) => "variant",
            Some(ast::TypeBody::Type(_)) => "alias",
            None => "opaque",
        }),
        _ => return None,
    })
}

//! Prints a program as Nostos text.
//!
//! Input: the state and a module of it. Output: the text of its file. How a name is written (bare, alias, qualified)
//! follows from the imports of the module, so an edit of the imports changes the uses with it.
//!
//! Invariant: operands are atoms or stand in parentheses, and no line starts with an operator, so the text has one
//! reading without knowing precedences.

use std::fmt::Write as _;

use super::model::{
    Annotation, Arg, Arm, Combine, Constructor, Expr, Field, FnDef, GenericStyle, ImplDef, Import, ImportForm,
    ImportItem, Item, Module, ModuleId, Param, Pat, PatFields, Shape, State, Stmt, SymbolId, TraitDef, Ty, TypeDef,
    TypeKind,
};

/// `(path, text)` of every file, in path order.
pub(crate) fn files(state: &State) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = state
        .modules
        .iter()
        .map(|module| (format!("{}.nos", state.path(module.id)), module_text(state, module)))
        .collect();
    files.sort();
    files
}

fn module_text(state: &State, module: &Module) -> String {
    let mut renderer = Renderer {
        state,
        module: module.id,
        type_args: GenericStyle::Declared,
        names_types: false,
        out: String::new(),
    };
    if !module.imports_last {
        renderer.imports(&module.imports);
    }
    for (index, item) in module.items.iter().enumerate() {
        renderer.item(item);
        if let Some(damage) = &module.damage
            && damage.after_item == index
        {
            renderer.out.push_str(damage.text);
            renderer.out.push('\n');
        }
    }
    if let Some(damage) = &module.damage
        && damage.after_item >= module.items.len()
    {
        renderer.out.push_str(damage.text);
        renderer.out.push('\n');
    }
    if module.imports_last {
        renderer.imports(&module.imports);
    }
    renderer.out
}

struct Renderer<'a> {
    state: &'a State,
    module: ModuleId,
    /// How type parameters of the current definition are written: `T` or `a`.
    type_args: GenericStyle,
    /// The types of the function's parameters are written.
    names_types: bool,
    out: String,
}

impl Renderer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        for _ in 0..indent {
            self.out.push_str("  ");
        }
    }

    /// `items` separated by commas.
    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            each(self, item);
        }
    }

    fn dotted(&self, target: ModuleId) -> String {
        self.state.path(target).replace('/', ".")
    }

    fn import_path(&self, import: &Import) -> String {
        import.stale_path.as_deref().map_or_else(|| self.dotted(import.target), |path| path.replace('/', "."))
    }

    fn imports(&mut self, imports: &[Import]) {
        for import in imports {
            let path = self.import_path(import);
            match &import.form {
                ImportForm::Star => {
                    let _ = writeln!(self.out, "use {path}.*");
                }
                ImportForm::List(items) => {
                    let names: Vec<String> = items.iter().map(|item| self.import_item(item)).collect();
                    let _ = writeln!(self.out, "use {path}.{{{}}}", names.join(", "));
                }
                ImportForm::Singles(items) => {
                    for item in items {
                        let _ = writeln!(self.out, "use {path}.{}", self.import_item(item));
                    }
                }
            }
        }
    }

    fn import_item(&self, item: &ImportItem) -> String {
        let name = &self.state.symbol(item.symbol).name;
        item.alias.as_ref().map_or_else(|| name.clone(), |alias| format!("{name} as {alias}"))
    }

    /// How this module writes `symbol`; types are `bare` because the language has no qualified types.
    fn name(&self, symbol: SymbolId) -> String {
        let found = self.state.symbol(symbol);
        if found.module == self.module {
            return found.name.clone();
        }
        let imports = self.state.module(self.module).map_or(&[][..], |module| &module.imports);
        let mut qualifier = None;
        for import in imports.iter().filter(|import| import.target == found.module) {
            match &import.form {
                ImportForm::Star => return found.name.clone(),
                ImportForm::List(items) | ImportForm::Singles(items) => {
                    if let Some(item) = items.iter().find(|item| item.symbol == symbol) {
                        return item.alias.clone().unwrap_or_else(|| found.name.clone());
                    }
                }
            }
            qualifier = Some(self.import_path(import));
        }
        format!("{}.{}", qualifier.unwrap_or_else(|| self.dotted(found.module)), found.name)
    }

    /// A constructor in an expression.
    fn constructor(&self, of: SymbolId, name: &str) -> String {
        if self.state.imports_bare(self.module, of) {
            return name.to_owned();
        }
        let home = self.state.symbol(of).module;
        let imports = self.state.module(self.module).map_or(&[][..], |module| &module.imports);
        let path = imports
            .iter()
            .find(|import| import.target == home)
            .map_or_else(|| self.dotted(home), |import| self.import_path(import));
        format!("{path}.{name}")
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(function) => self.function(function),
            Item::Type(def) => self.type_def(def),
            Item::Value(value) => {
                self.public(value.public);
                let name = self.state.symbol(value.symbol).name.clone();
                self.push(&name);
                if value.annotated {
                    self.push(": ");
                    self.ty(&value.ty);
                }
                self.push(" = ");
                self.expr(&value.body, 0);
                self.push("\n");
            }
            Item::Const(constant) => {
                self.public(constant.public);
                let name = self.state.symbol(constant.symbol).name.clone();
                let _ = write!(self.out, "const {name} = ");
                self.expr(&constant.literal, 0);
                self.push("\n");
            }
            Item::Trait(def) => self.trait_def(def),
            Item::Impl(def) => self.impl_def(def),
            Item::Comment(text) => {
                let _ = writeln!(self.out, "# {text}");
            }
            Item::Blank(lines) => {
                for _ in 0..*lines {
                    self.push("\n");
                }
            }
        }
    }

    fn public(&mut self, public: bool) {
        if public {
            self.push("pub ");
        }
    }

    fn function(&mut self, function: &FnDef) {
        self.type_args = function.generic_style;
        self.names_types = function.annotation.params();
        let name = self.state.symbol(function.symbol).name.clone();
        match &function.shape {
            Shape::Single(body) => {
                self.head(function, &name, None, None);
                self.body(function, body);
            }
            Shape::Clauses(clauses) => {
                for clause in clauses {
                    self.head(function, &name, Some(&clause.patterns), clause.guard.as_ref());
                    self.body(function, &clause.body);
                }
            }
            Shape::Countdown { base, step, next, combine } => {
                let counter = &function.params[0].name;
                let guard = Expr::Binary("<=", Box::new(Expr::Local(counter.clone())), Box::new(Expr::Int(0)));
                self.head(function, &name, None, Some(&guard));
                self.body(function, &base_of(function, base, *combine));
                self.head(function, &name, None, None);
                let fewer = Expr::Binary("-", Box::new(Expr::Local(counter.clone())), Box::new(Expr::Int(1)));
                self.body(function, &recursion(function, *next, fewer, step, *combine));
            }
            Shape::ListWalk { base, step, head, tail, combine } => {
                let list = Pat::List(vec![Pat::Bind(head.clone())], Some(Box::new(Pat::Bind(tail.clone()))));
                for (first, body) in [
                    (Pat::List(Vec::new(), None), base_of(function, base, *combine)),
                    (list, recursion(function, function.symbol, Expr::Local(tail.clone()), step, *combine)),
                ] {
                    let rest = function.params[1..].iter().map(|param| Pat::Bind(param.name.clone()));
                    let patterns: Vec<Pat> = [first].into_iter().chain(rest).collect();
                    self.head(function, &name, Some(&patterns), None);
                    self.body(function, &body);
                }
            }
        }
        self.type_args = GenericStyle::Declared;
    }

    /// Everything up to the `=`.
    fn head(&mut self, function: &FnDef, name: &str, patterns: Option<&[Pat]>, guard: Option<&Expr>) {
        self.public(function.public);
        self.push(name);
        let typed = function.annotation != Annotation::None;
        if typed && function.generics > 0 && function.generic_style == GenericStyle::Declared {
            let names: Vec<String> = (0..function.generics).map(|n| self.type_parameter(n)).collect();
            let _ = write!(self.out, "[{}]", names.join(", "));
        }
        self.push("(");
        for (index, param) in function.params.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            match patterns.and_then(|patterns| patterns.get(index)) {
                Some(pattern) => self.pattern(pattern),
                None => self.push(&param.name),
            }
            self.param_rest(param, function.annotation.params());
        }
        self.push(")");
        if let Some(guard) = guard {
            self.push(" when ");
            self.expr(guard, 0);
        }
        if function.annotation.result() {
            self.push(" -> ");
            self.ty(&function.result);
        }
        self.push(" =");
    }

    fn param_rest(&mut self, param: &Param, typed: bool) {
        if typed {
            self.push(": ");
            self.ty(&param.ty);
        }
        if let Some(default) = &param.default {
            self.push(" = ");
            self.expr(default, 0);
        }
    }

    fn body(&mut self, function: &FnDef, body: &Expr) {
        if function.body_below && !matches!(body, Expr::Block(..)) {
            self.line(1);
        } else {
            self.push(" ");
        }
        self.expr(body, 0);
        self.push("\n");
    }

    fn type_def(&mut self, def: &TypeDef) {
        self.public(def.public);
        let name = self.state.symbol(def.symbol).name.clone();
        let _ = write!(self.out, "type {name}");
        if def.generics > 0 {
            let names: Vec<String> = (0..def.generics).map(|n| self.type_parameter(n)).collect();
            let _ = write!(self.out, "[{}]", names.join(", "));
        }
        match &def.kind {
            TypeKind::Record(fields) => {
                self.push(" = ");
                self.fields(fields);
            }
            TypeKind::Variant(constructors) => {
                self.push(" =");
                // A leading bar also keeps a single nullary constructor from being an alias.
                for constructor in constructors {
                    self.line(1);
                    self.push("| ");
                    self.constructor_def(constructor);
                }
            }
            TypeKind::Alias(target) => {
                self.push(" = ");
                self.ty(target);
            }
        }
        self.push("\n");
    }

    fn fields(&mut self, fields: &[Field]) {
        self.push("{ ");
        self.list(fields, |it, field| {
            let _ = write!(it.out, "{}: ", field.name);
            it.ty(&field.ty);
        });
        self.push(" }");
    }

    fn constructor_def(&mut self, constructor: &Constructor) {
        self.push(&constructor.name);
        if constructor.fields.is_empty() {
            return;
        }
        if constructor.named {
            self.fields(&constructor.fields);
        } else {
            self.push("(");
            self.list(&constructor.fields, |it, field| it.ty(&field.ty));
            self.push(")");
        }
    }

    fn trait_def(&mut self, def: &TraitDef) {
        self.public(def.public);
        let _ = writeln!(self.out, "trait {}", self.state.symbol(def.symbol).name);
        for method in &def.methods {
            let _ = write!(self.out, "  {}(self", method.name);
            for param in &method.params {
                let _ = write!(self.out, ", {}", param.name);
                self.param_rest(param, true);
            }
            self.push(") -> ");
            self.ty(&method.result);
            if let Some(default) = &method.default {
                self.push(" = ");
                self.expr(default, 1);
            }
            self.push("\n");
        }
        self.push("end\n");
    }

    fn impl_def(&mut self, def: &ImplDef) {
        let for_type = self.type_name(def.for_type);
        let of_trait = self.type_name(def.of_trait);
        let _ = writeln!(self.out, "{for_type}: {of_trait}");
        let state = self.state;
        for (name, body) in &def.methods {
            let params: &[Param] = match state.item(def.of_trait) {
                Some(Item::Trait(of)) => {
                    of.methods.iter().find(|method| method.name == *name).map_or(&[], |method| &method.params)
                }
                _ => &[],
            };
            let _ = write!(self.out, "  {name}(self");
            for param in params {
                let _ = write!(self.out, ", {}", param.name);
            }
            self.push(") = ");
            self.expr(body, 1);
            self.push("\n");
        }
        self.push("end\n");
    }

    fn type_name(&self, symbol: SymbolId) -> String {
        self.state.symbol(symbol).name.clone()
    }

    fn type_parameter(&self, n: u8) -> String {
        let base = match self.type_args {
            GenericStyle::Declared => b'T',
            GenericStyle::Implicit => b'a',
        };
        char::from(base + n).to_string()
    }

    fn ty(&mut self, ty: &Ty) {
        match ty {
            Ty::Int => self.push("Int"),
            Ty::Float => self.push("Float"),
            Ty::Bool => self.push("Bool"),
            Ty::Str => self.push("String"),
            Ty::Char => self.push("Char"),
            Ty::List(element) => {
                self.push("[");
                self.ty(element);
                self.push("]");
            }
            Ty::Option(inner) => {
                self.push("Option[");
                self.ty(inner);
                self.push("]");
            }
            Ty::Tuple(parts) => {
                self.push("(");
                self.list(parts, |it, part| it.ty(part));
                self.push(")");
            }
            Ty::Named(symbol, args) => {
                let name = self.type_name(*symbol);
                self.push(&name);
                if !args.is_empty() {
                    self.push("[");
                    self.list(args, |it, arg| it.ty(arg));
                    self.push("]");
                }
            }
            Ty::Fn(params, result) => {
                self.push("(");
                self.list(params, |it, param| match param {
                    // One parameter that is a tuple or a function needs its own parentheses.
                    Ty::Tuple(_) | Ty::Fn(..) if params.len() == 1 => {
                        it.push("(");
                        it.ty(param);
                        it.push(")");
                    }
                    _ => it.ty(param),
                });
                self.push(") -> ");
                self.ty(result);
            }
            Ty::Var(n) => {
                let name = self.type_parameter(*n);
                self.push(&name);
            }
        }
    }

    fn pattern(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Wild => self.push("_"),
            Pat::Bind(name) => self.push(name),
            Pat::Int(value) => {
                let _ = write!(self.out, "{value}");
            }
            Pat::Str(text) => self.string(text),
            Pat::Bool(value) => {
                let _ = write!(self.out, "{value}");
            }
            Pat::Char(value) => {
                let _ = write!(self.out, "'{value}'");
            }
            Pat::Range { from, to, inclusive } => {
                let _ = write!(self.out, "{from}{}{to}", if *inclusive { "..=" } else { ".." });
            }
            Pat::Tuple(parts) => {
                self.push("(");
                self.list(parts, |it, part| it.pattern(part));
                self.push(")");
            }
            Pat::List(heads, tail) => {
                self.push("[");
                self.list(heads, |it, head| it.pattern(head));
                if let Some(tail) = tail {
                    self.push(" | ");
                    self.pattern(tail);
                }
                self.push("]");
            }
            Pat::Some(inner) => {
                self.push("Some(");
                self.pattern(inner);
                self.push(")");
            }
            Pat::None => self.push("None"),
            Pat::Constructor { name, fields, .. } => {
                self.push(name);
                match fields {
                    PatFields::Positional(parts) if parts.is_empty() => {}
                    PatFields::Positional(parts) => {
                        self.push("(");
                        self.list(parts, |it, part| it.pattern(part));
                        self.push(")");
                    }
                    PatFields::Braces { fields, rest } => {
                        self.push("{");
                        self.list(fields, |it, (field, part)| {
                            if *part == Pat::Bind(field.clone()) {
                                it.push(field);
                            } else {
                                let _ = write!(it.out, "{field}: ");
                                it.pattern(part);
                            }
                        });
                        if *rest {
                            self.push(if fields.is_empty() { "_" } else { ", _" });
                        }
                        self.push("}");
                    }
                }
            }
            Pat::Or(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        self.push(" | ");
                    }
                    self.pattern(part);
                }
            }
        }
    }

    fn string(&mut self, text: &str) {
        let _ = write!(self.out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }

    fn args(&mut self, args: &[Arg], indent: usize) {
        self.push("(");
        self.list(args, |it, arg| {
            if let Some(name) = &arg.name {
                let _ = write!(it.out, "{name}: ");
            }
            it.expr(&arg.value, indent);
        });
        self.push(")");
    }

    fn exprs(&mut self, exprs: &[Expr], indent: usize) {
        self.list(exprs, |it, expr| it.expr(expr, indent));
    }

    /// `expr` as an operand, receiver or callee.
    fn atom(&mut self, expr: &Expr, indent: usize) {
        let is_atom = match expr {
            Expr::Int(value) => *value >= 0,
            Expr::Float(text) => !text.starts_with('-'),
            Expr::Bool(_)
            | Expr::Str(_)
            | Expr::Char(_)
            | Expr::Local(_)
            | Expr::Value(_)
            | Expr::FnRef(_)
            | Expr::Call(..)
            | Expr::CallLocal(..)
            | Expr::Library { .. }
            | Expr::List(..)
            | Expr::Tuple(_)
            | Expr::TupleGet(..)
            | Expr::Some(_)
            | Expr::None
            | Expr::Construct { .. }
            | Expr::Update { .. }
            | Expr::Field(..)
            | Expr::TraitCall { .. }
            | Expr::Interpolate(..) => true,
            Expr::Binary(..)
            | Expr::Divide(..)
            | Expr::IsInt(_)
            | Expr::Not(_)
            | Expr::If(..)
            | Expr::Match(..)
            | Expr::Lambda(..)
            | Expr::Block(..)
            | Expr::Wrong(..) => false,
        };
        if is_atom {
            self.expr(expr, indent);
        } else {
            self.push("(");
            self.expr(expr, indent);
            self.push(")");
        }
    }

    fn expr(&mut self, expr: &Expr, indent: usize) {
        match expr {
            Expr::Int(value) => {
                let _ = write!(self.out, "{value}");
            }
            Expr::Float(text) => self.push(text),
            Expr::Bool(value) => {
                let _ = write!(self.out, "{value}");
            }
            Expr::IsInt(n) if self.names_types => {
                let _ = write!(self.out, "typeNameOf[{}]() == \"Int\"", self.type_parameter(*n));
            }
            Expr::IsInt(_) => self.push("false"),
            Expr::Str(text) => self.string(text),
            Expr::Char(value) => {
                let _ = write!(self.out, "'{value}'");
            }
            Expr::Local(name) => self.push(name),
            Expr::Value(symbol) | Expr::FnRef(symbol) => {
                let name = self.name(*symbol);
                self.push(&name);
            }
            Expr::Call(symbol, args) => {
                let name = self.name(*symbol);
                self.push(&name);
                self.args(args, indent);
            }
            Expr::CallLocal(name, args) => {
                self.push(name);
                self.push("(");
                self.exprs(args, indent);
                self.push(")");
            }
            Expr::Binary(op, left, right) => {
                self.atom(left, indent);
                let _ = write!(self.out, " {op} ");
                self.atom(right, indent);
            }
            Expr::Divide(op, left, divisor) => {
                self.atom(left, indent);
                let _ = write!(self.out, " {op} {divisor}");
            }
            Expr::Not(inner) => {
                self.push("!");
                self.atom(inner, indent);
            }
            Expr::If(condition, yes, no) => {
                self.push("if ");
                self.expr(condition, indent);
                self.push(" then ");
                self.expr(yes, indent);
                self.push(" else ");
                self.expr(no, indent);
            }
            Expr::Match(scrutinee, arms) => self.match_expr(scrutinee, arms, indent),
            Expr::Lambda(params, body) => {
                match params.as_slice() {
                    [Pat::Bind(name)] => self.push(name),
                    _ => {
                        self.push("(");
                        self.list(params, |it, param| it.pattern(param));
                        self.push(")");
                    }
                }
                self.push(" => ");
                self.expr(body, indent);
            }
            Expr::Block(statements, result) => {
                self.push("{");
                for statement in statements {
                    self.line(indent + 1);
                    self.statement(statement, indent + 1);
                }
                self.line(indent + 1);
                self.expr(result, indent + 1);
                self.line(indent);
                self.push("}");
            }
            Expr::List(elements, tail) => {
                self.push("[");
                self.exprs(elements, indent);
                if let Some(tail) = tail {
                    self.push(" | ");
                    self.expr(tail, indent);
                }
                self.push("]");
            }
            Expr::Tuple(parts) => {
                self.push("(");
                self.exprs(parts, indent);
                self.push(")");
            }
            Expr::TupleGet(inner, index) => {
                self.atom(inner, indent);
                let _ = write!(self.out, ".{index}");
            }
            Expr::Some(inner) => {
                self.push("Some(");
                self.expr(inner, indent);
                self.push(")");
            }
            Expr::None => self.push("None"),
            Expr::Construct { of, name, args } => {
                let name = self.constructor(*of, name);
                self.push(&name);
                if !args.is_empty() {
                    self.args(args, indent);
                }
            }
            Expr::Update { of, name, base, fields } => {
                let name = self.constructor(*of, name);
                self.push(&name);
                self.push("(");
                self.expr(base, indent);
                for (field, value) in fields {
                    let _ = write!(self.out, ", {field}: ");
                    self.expr(value, indent);
                }
                self.push(")");
            }
            Expr::Field(base, field) => {
                self.atom(base, indent);
                let _ = write!(self.out, ".{field}");
            }
            Expr::Library { name, method: true, args } => {
                self.atom(&args[0], indent);
                let _ = write!(self.out, ".{name}(");
                self.exprs(&args[1..], indent);
                self.push(")");
            }
            Expr::Library { name, method: false, args } => {
                let _ = write!(self.out, "{name}(");
                self.exprs(args, indent);
                self.push(")");
            }
            Expr::TraitCall { method, receiver, args } => {
                self.atom(receiver, indent);
                let _ = write!(self.out, ".{method}(");
                self.exprs(args, indent);
                self.push(")");
            }
            Expr::Interpolate(text, inner) => {
                let _ = write!(self.out, "\"{text} ${{");
                self.expr(inner, indent);
                self.push("}\"");
            }
            Expr::Wrong(text, _) => self.push(text),
        }
    }

    fn match_expr(&mut self, scrutinee: &Expr, arms: &[Arm], indent: usize) {
        self.push("match ");
        self.expr(scrutinee, indent);
        self.push(" {");
        for arm in arms {
            self.line(indent + 1);
            self.pattern(&arm.pattern);
            if let Some(guard) = &arm.guard {
                self.push(" when ");
                self.expr(guard, indent + 1);
            }
            self.push(" -> ");
            self.expr(&arm.body, indent + 1);
        }
        self.line(indent);
        self.push("}");
    }

    fn statement(&mut self, statement: &Stmt, indent: usize) {
        match statement {
            Stmt::Let(pattern, ty, value) => {
                self.pattern(pattern);
                if let Some(ty) = ty {
                    self.push(": ");
                    self.ty(ty);
                }
                self.push(" = ");
                self.expr(value, indent);
            }
            Stmt::LocalFn(name, params, body) => {
                let _ = write!(self.out, "{name}({}) = ", params.join(", "));
                self.expr(body, indent);
            }
            Stmt::Print(value) => {
                self.push("println(show(");
                self.expr(value, indent);
                self.push("))");
            }
        }
    }
}

/// What the recursion ends with: its base, or the accumulator.
fn base_of(function: &FnDef, base: &Expr, combine: Combine) -> Expr {
    match (combine, function.params.last()) {
        (Combine::Tail, Some(last)) => Expr::Local(last.name.clone()),
        _ => base.clone(),
    }
}

/// The recursive clause: `rest` is the smaller first argument.
fn recursion(function: &FnDef, next: SymbolId, rest: Expr, step: &Expr, combine: Combine) -> Expr {
    let mut args: Vec<Arg> = vec![Arg::positional(rest)];
    args.extend(function.params[1..].iter().map(|param| Arg::positional(Expr::Local(param.name.clone()))));
    if combine == Combine::Tail
        && let Some(last) = args.last_mut()
    {
        last.value = step.clone();
    }
    let call = Expr::Call(next, args);
    match combine {
        Combine::Add => Expr::Binary("+", Box::new(step.clone()), Box::new(call)),
        Combine::Append => Expr::Binary("++", Box::new(step.clone()), Box::new(call)),
        Combine::Cons => Expr::List(vec![step.clone()], Some(Box::new(call))),
        Combine::Tail | Combine::Pass => call,
    }
}

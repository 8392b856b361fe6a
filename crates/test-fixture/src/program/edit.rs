//! Random edits of a program.
//!
//! Input: a program and randomness. Output: the changed program and what happened.
//!
//! An edit is either careful (users of what changes are changed with it, or the edit does not apply) or careless (they
//! are left alone, and a [`Break`] remembers how to take it back). Every kind is a method that answers `None` where it
//! does not apply; the state is then put back and another kind is drawn.

use fastrand::Rng;

use super::cost::Costs;
use super::generate::{Gen, Reach};
use super::model::{
    Annotation, Arg, Arm, Break, Clause, Damage, Expr, FnDef, GenericStyle, Import, ImportForm, ImportItem, Item,
    ModuleId, Param, Pat, PatFields, Shape, State, Stmt, SymbolId, Ty, TypeDef, TypeKind,
};
use super::{Edit, EditKind, FileChange, Options, Program};

/// A program that costs more is not made.
const PROGRAM_COST: u64 = 60_000;
const HISTORY: usize = 8;
const ATTEMPTS: usize = 200;

/// Text that parses in no context, or only together with what follows it.
const DAMAGES: &[&str] = &[
    "oops(n = ",
    "pub broken(n) = = 1",
    "spare9 = (1, 2",
    "loose(x) = { y = x",
    "text9 = \"unterminated",
    "type = 3",
    "use .*",
    "half(n) =",
    "stray ) ]",
];

/// Ill-typed or unresolvable text.
const WRONGS: &[&str] =
    &["(1 + \"x\")", "missingName", "missingFunction(1)", "(true + 1)", "[1, \"two\"]", "show(1, 2)"];

/// Kinds and their weights, for edits that mean no harm.
const CAREFUL: &[(EditKind, u32)] = &[
    (EditKind::ChangeLiteral, 16),
    (EditKind::ChangeBody, 10),
    (EditKind::ChangeResultType, 5),
    (EditKind::ToggleAnnotation, 4),
    (EditKind::AddFunction, 6),
    (EditKind::RemoveFunction, 4),
    (EditKind::RenameFunction, 4),
    (EditKind::AddParameter, 4),
    (EditKind::RenameParameter, 3),
    (EditKind::MoveFunction, 4),
    (EditKind::TogglePub, 5),
    (EditKind::AddConstructor, 3),
    (EditKind::RemoveConstructor, 3),
    (EditKind::ReorderConstructors, 3),
    (EditKind::AddField, 3),
    (EditKind::RemoveField, 3),
    (EditKind::ReorderFields, 3),
    (EditKind::ChangeValue, 5),
    (EditKind::AddImport, 4),
    (EditKind::RemoveImport, 3),
    (EditKind::StarToList, 3),
    (EditKind::ListToStar, 3),
    (EditKind::MakeCycle, 3),
    (EditKind::BreakCycle, 3),
    (EditKind::AddClash, 2),
    (EditKind::AddFile, 3),
    (EditKind::DeleteFile, 2),
    (EditKind::RenameFile, 3),
    (EditKind::AddImpl, 8),
    (EditKind::RemoveImpl, 2),
    (EditKind::InsertComment, 4),
    (EditKind::InsertBlankLines, 3),
    (EditKind::Revert, 4),
];

/// Kinds that put in a mistake when they are careless.
const CARELESS: &[(EditKind, u32)] = &[
    (EditKind::BreakSyntax, 10),
    (EditKind::BreakType, 10),
    (EditKind::ChangeResultType, 5),
    (EditKind::RemoveFunction, 4),
    (EditKind::RenameFunction, 4),
    (EditKind::AddParameter, 4),
    (EditKind::RenameParameter, 2),
    (EditKind::TogglePub, 5),
    (EditKind::AddConstructor, 4),
    (EditKind::RemoveConstructor, 3),
    (EditKind::AddField, 4),
    (EditKind::RemoveField, 3),
    (EditKind::ReorderFields, 4),
    (EditKind::RemoveImport, 5),
    (EditKind::AddClash, 3),
    (EditKind::DeleteFile, 4),
    (EditKind::RenameFile, 4),
    (EditKind::RemoveImpl, 2),
];

impl Program {
    pub(super) fn edit(&mut self, rng: &mut Rng) -> Edit {
        let files = self.files();
        let before = self.state.clone();
        for attempt in 0..ATTEMPTS {
            let (kind, careless) = self.draw(rng, attempt);
            let done = match kind {
                EditKind::Revert => self.revert(rng),
                EditKind::Repair => self.repair(),
                _ => Editor { state: &mut self.state, rng, options: &self.options, careless }.apply(kind),
            };
            // An edit of one file may bring two equal names together in another one.
            let sound = !self.state.breaks.is_empty() || !self.state.has_import_conflict();
            if let Some(description) = done
                && sound
                && self.cheap()
            {
                let changes = changes(&files, &self.files());
                if !changes.is_empty() {
                    self.remember(before, rng);
                    return Edit { kind, description, changes };
                }
            }
            self.state = before.clone();
        }
        unreachable!("a comment can always be added");
    }

    fn draw(&self, rng: &mut Rng, attempt: usize) -> (EditKind, bool) {
        // The last resort always applies.
        if attempt + 1 == ATTEMPTS {
            return (EditKind::InsertComment, false);
        }
        if self.is_broken() && rng.u32(0..100) < 45 {
            return (if rng.u32(0..100) < 85 { EditKind::Repair } else { EditKind::Revert }, false);
        }
        let careless = rng.u32(0..100) < self.options.mistakes;
        let table = if careless { CARELESS } else { CAREFUL };
        let mut roll = rng.u32(0..table.iter().map(|(_, weight)| weight).sum());
        for (kind, weight) in table {
            if roll < *weight {
                return (*kind, careless);
            }
            roll -= weight;
        }
        (EditKind::InsertComment, careless)
    }

    fn cheap(&self) -> bool {
        let main = self.state.functions().find(|it| self.state.symbol(it.symbol).name == "main").map(|it| it.symbol);
        main.is_some_and(|main| Costs::default().of(&self.state, main) < PROGRAM_COST)
    }

    fn remember(&mut self, before: State, rng: &mut Rng) {
        if self.state.breaks.is_empty() {
            self.last_good = self.state.clone();
        }
        if rng.u32(0..100) < 30 {
            if self.history.len() == HISTORY {
                self.history.remove(rng.usize(0..HISTORY));
            }
            self.history.push(before);
        }
    }

    fn revert(&mut self, rng: &mut Rng) -> Option<String> {
        if self.history.is_empty() {
            return None;
        }
        let index = rng.usize(0..self.history.len());
        self.state = self.history[index].clone();
        Some(format!("back to remembered state {index}"))
    }

    fn repair(&mut self) -> Option<String> {
        let last = self.state.breaks.pop()?;
        let description = format!("{last:?}");
        if undo(&mut self.state, last).is_none() {
            self.state = self.last_good.clone();
        }
        Some(description)
    }
}

/// Takes one mistake back; `None` if later edits made that impossible.
fn undo(state: &mut State, mistake: Break) -> Option<()> {
    match mistake {
        Break::Syntax(module) => state.module_mut(module)?.damage = None,
        Break::Type(symbol) => {
            state.item_mut(symbol)?.exprs_mut(&mut |expr| {
                if let Expr::Wrong(_, original) = expr {
                    *expr = (**original).clone();
                }
            });
        }
        Break::Hidden(symbol) => *state.item_mut(symbol)?.public_mut()? = true,
        Break::Unimported(module, import) => state.module_mut(module)?.imports.push(import),
        Break::Deleted(module) => {
            let place = state.graveyard.iter().position(|it| it.id == module)?;
            let module = state.graveyard.remove(place);
            state.modules.push(module);
        }
        Break::Moved(target) => {
            let imports = state.modules.iter_mut().flat_map(|module| &mut module.imports);
            imports.filter(|import| import.target == target).for_each(|import| import.stale_path = None);
        }
        Break::Deep => return None,
    }
    Some(())
}

/// The difference of two file lists in path order.
fn changes(before: &[(String, String)], after: &[(String, String)]) -> Vec<FileChange> {
    let mut changes = Vec::new();
    for (path, text) in after {
        if !before.iter().any(|(old, old_text)| old == path && old_text == text) {
            changes.push(FileChange { path: path.clone(), text: Some(text.clone()) });
        }
    }
    for (path, _) in before {
        if !after.iter().any(|(new, _)| new == path) {
            changes.push(FileChange { path: path.clone(), text: None });
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

struct Editor<'a> {
    state: &'a mut State,
    rng: &'a mut Rng,
    options: &'a Options,
    careless: bool,
}

impl Editor<'_> {
    fn apply(&mut self, kind: EditKind) -> Option<String> {
        match kind {
            EditKind::ChangeLiteral => self.change_literal(),
            EditKind::ChangeBody => self.change_body(),
            EditKind::ChangeResultType => self.change_result_type(),
            EditKind::ToggleAnnotation => self.toggle_annotation(),
            EditKind::AddFunction => self.add_function(),
            EditKind::RemoveFunction => self.remove_function(),
            EditKind::RenameFunction => self.rename_function(),
            EditKind::AddParameter => self.add_parameter(),
            EditKind::RenameParameter => self.rename_parameter(),
            EditKind::MoveFunction => self.move_item(),
            EditKind::TogglePub => self.toggle_pub(),
            EditKind::AddConstructor => self.add_constructor(),
            EditKind::RemoveConstructor => self.remove_constructor(),
            EditKind::ReorderConstructors => self.reorder_constructors(),
            EditKind::AddField => self.add_field(),
            EditKind::RemoveField => self.remove_field(),
            EditKind::ReorderFields => self.reorder_fields(),
            EditKind::ChangeValue => self.change_value(),
            EditKind::AddImport => self.add_import(),
            EditKind::RemoveImport => self.remove_import(),
            EditKind::StarToList => self.star_to_list(),
            EditKind::ListToStar => self.list_to_star(),
            EditKind::MakeCycle => self.make_cycle(),
            EditKind::BreakCycle => self.break_cycle(),
            EditKind::AddClash => self.add_clash(),
            EditKind::AddFile => self.add_file(),
            EditKind::DeleteFile => self.delete_file(),
            EditKind::RenameFile => self.rename_file(),
            EditKind::AddImpl => self.add_impl(),
            EditKind::RemoveImpl => self.remove_impl(),
            EditKind::BreakSyntax => self.break_syntax(),
            EditKind::BreakType => self.break_type(),
            EditKind::InsertComment => self.insert(Item::Comment("A remark.".to_owned())),
            EditKind::InsertBlankLines => {
                let lines = self.rng.usize(1..=3);
                self.insert(Item::Blank(lines))
            }
            EditKind::Repair | EditKind::Revert => None,
        }
    }

    // --- choosing ------------------------------------------------------------------------------------------------

    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.rng.usize(0..items.len())].clone())
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn main(&self) -> Option<SymbolId> {
        self.state.functions().map(|it| it.symbol).find(|&it| self.state.symbol(it).name == "main")
    }

    /// A random function other than `main` that passes the test.
    fn function(&mut self, test: impl Fn(&FnDef) -> bool) -> Option<FnDef> {
        let main = self.main();
        let found: Vec<SymbolId> =
            self.state.functions().filter(|it| Some(it.symbol) != main && test(it)).map(|it| it.symbol).collect();
        let symbol = self.pick(&found)?;
        self.state.function(symbol).cloned()
    }

    fn type_def(&mut self, test: impl Fn(&TypeKind) -> bool) -> Option<TypeDef> {
        let items = self.state.items();
        let found: Vec<SymbolId> = items
            .filter_map(|(_, item)| match item {
                Item::Type(def) if test(&def.kind) => Some(def.symbol),
                _ => None,
            })
            .collect();
        let symbol = self.pick(&found)?;
        self.state.type_def(symbol).cloned()
    }

    fn module(&mut self) -> Option<ModuleId> {
        let main = self.main().map(|main| self.state.symbol(main).module);
        let ids: Vec<ModuleId> = self.state.modules.iter().map(|it| it.id).filter(|&it| Some(it) != main).collect();
        self.pick(&ids)
    }

    fn place(&self, symbol: SymbolId) -> String {
        let symbol = self.state.symbol(symbol);
        format!("{}.{}", self.state.path(symbol.module), symbol.name)
    }

    fn generator(&mut self, reach: Reach) -> Gen<'_> {
        Gen::new(self.state, self.rng, self.options, reach)
    }

    /// Remembers a mistake that only the last good state can undo.
    fn deep(&mut self) {
        self.state.breaks.push(Break::Deep);
    }

    /// Calls of the function, and mentions of it as a value or as the partner of a recursion.
    fn uses(&self, symbol: SymbolId) -> (usize, usize) {
        let (mut calls, mut values) = (0, 0);
        for (_, item) in self.state.items() {
            if let Item::Fn(FnDef { symbol: of, shape: Shape::Countdown { next, .. }, .. }) = item
                && *next == symbol
                && *of != symbol
            {
                values += 1;
            }
            item.clone().exprs_mut(&mut |expr| match expr {
                Expr::Call(of, _) if *of == symbol => calls += 1,
                Expr::FnRef(of) if *of == symbol => values += 1,
                _ => {}
            });
        }
        (calls, values)
    }

    // --- bodies --------------------------------------------------------------------------------------------------

    fn change_literal(&mut self) -> Option<String> {
        let main = self.main();
        let mut found: Vec<SymbolId> = Vec::new();
        for (_, item) in self.state.items() {
            if let (Item::Fn(_) | Item::Value(_), Some(symbol)) = (item, item.symbol()) {
                let mut literals = 0;
                item.clone().exprs_mut(&mut |expr| literals += usize::from(is_literal(expr)));
                // `main` is one function among many here, although it is the longest.
                if literals > 0 && (Some(symbol) != main || self.rng.u32(0..3) == 0) {
                    found.push(symbol);
                }
            }
        }
        let symbol = self.pick(&found)?;
        let mut literals = 0;
        let item = self.state.item_mut(symbol)?;
        item.exprs_mut(&mut |expr| literals += usize::from(is_literal(expr)));
        let mut left = self.rng.usize(0..literals);
        let rng = &mut *self.rng;
        let mut description = String::new();
        self.state.item_mut(symbol)?.exprs_mut(&mut |expr| {
            if !is_literal(expr) {
                return;
            }
            if left == 0 && description.is_empty() {
                let old = format!("{expr:?}");
                change_literal(expr, rng);
                description = format!("{old} to {expr:?}");
            }
            left = left.saturating_sub(1);
        });
        Some(format!("{description} in {}", self.place(symbol)))
    }

    fn change_body(&mut self) -> Option<String> {
        let mut function = self.function(|_| true)?;
        let mut generator = self.generator(Reach::Visible);
        let mut scope = generator.scope_of(&function);
        let result = function.result.clone();
        match &mut function.shape {
            Shape::Single(body) => *body = generator.expr(&mut scope, &result, 3),
            Shape::Clauses(clauses) => {
                let index = generator.rng.usize(0..clauses.len());
                // The variables of the pattern are not used by the new body.
                let mut scope = Gen::scope_at(generator.state.symbol(function.symbol).module, function.order);
                clauses[index].body = generator.expr(&mut scope, &result, 2);
            }
            Shape::Countdown { base, .. } => *base = generator.expr(&mut scope, &result, 1),
            Shape::ListWalk { base, .. } => {
                let mut scope = Gen::scope_at(generator.state.symbol(function.symbol).module, function.order);
                *base = generator.expr(&mut scope, &result, 1);
            }
        }
        let symbol = function.symbol;
        *self.state.function_mut(symbol)? = function;
        Some(self.place(symbol))
    }

    fn change_value(&mut self) -> Option<String> {
        let items = self.state.items();
        let found: Vec<SymbolId> = items
            .filter_map(|(_, item)| match item {
                Item::Value(value) => Some(value.symbol),
                Item::Const(constant) => Some(constant.symbol),
                _ => None,
            })
            .collect();
        let symbol = self.pick(&found)?;
        let mut item = self.state.item(symbol)?.clone();
        match &mut item {
            Item::Const(constant) => change_literal(&mut constant.literal, self.rng),
            Item::Value(value) => {
                let module = self.state.symbol(symbol).module;
                let mut scope = Gen::scope_at(module, value.order);
                value.body = self.generator(Reach::Visible).expr(&mut scope, &value.ty.clone(), 2);
            }
            _ => return None,
        }
        if let Item::Const(constant) = &mut item
            && let Expr::Int(value) = &mut constant.literal
        {
            // Consts are literals, and those have no sign.
            *value = value.abs();
        }
        *self.state.item_mut(symbol)? = item;
        Some(self.place(symbol))
    }

    fn break_type(&mut self) -> Option<String> {
        let function = self.function(|it| !matches!(it.shape, Shape::Clauses(_)))?;
        let wrong = WRONGS[self.rng.usize(0..WRONGS.len())];
        let symbol = function.symbol;
        let item = self.state.item_mut(symbol)?;
        let mut nested = false;
        item.exprs_mut(&mut |expr| nested |= matches!(expr, Expr::Wrong(..)));
        if nested {
            return None;
        }
        let body = item.roots_mut().pop()?;
        *body = Expr::Wrong(wrong, Box::new(body.clone()));
        self.state.breaks.push(Break::Type(symbol));
        Some(format!("{wrong} in {}", self.place(symbol)))
    }

    // --- signatures ----------------------------------------------------------------------------------------------

    fn change_result_type(&mut self) -> Option<String> {
        let mut function = self.function(|it| matches!(it.shape, Shape::Single(_) | Shape::Clauses(_)))?;
        let symbol = function.symbol;
        let (calls, values) = self.uses(symbol);
        if values > 0 && !self.careless {
            return None;
        }
        let pair = function.result.clone();
        let change = match &function.result {
            Ty::Int if self.rng.bool() => ResultChange::Shown,
            Ty::Str if self.rng.bool() => ResultChange::Measured,
            _ => ResultChange::Paired,
        };
        function.result = match change {
            ResultChange::Shown => Ty::Str,
            ResultChange::Measured => Ty::Int,
            ResultChange::Paired => Ty::Tuple(vec![pair, Ty::Int]),
        };
        match &mut function.shape {
            Shape::Single(body) => change.body(body),
            Shape::Clauses(clauses) => clauses.iter_mut().for_each(|clause| change.body(&mut clause.body)),
            Shape::Countdown { .. } | Shape::ListWalk { .. } => return None,
        }
        *self.state.function_mut(symbol)? = function;
        if !self.careless {
            self.state.exprs_mut(&mut |expr| {
                if matches!(expr, Expr::Call(of, _) if *of == symbol) {
                    change.call(expr);
                }
            });
        } else if calls + values > 0 {
            self.deep();
        }
        Some(format!("{} is {change:?}", self.place(symbol)))
    }

    fn toggle_annotation(&mut self) -> Option<String> {
        let deferred = self.options.deferred;
        let function = self.function(|it| {
            matches!(it.shape, Shape::Single(_) | Shape::Countdown { .. })
                && (deferred || it.annotation != Annotation::Full)
        })?;
        let symbol = function.symbol;
        let function = self.state.function_mut(symbol)?;
        function.annotation = if function.annotation == Annotation::Full { Annotation::None } else { Annotation::Full };
        let now = function.annotation;
        Some(format!("{} is {now:?}", self.place(symbol)))
    }

    fn add_parameter(&mut self) -> Option<String> {
        let function = self.function(|it| matches!(it.shape, Shape::Single(_) | Shape::Clauses(_)))?;
        let symbol = function.symbol;
        let (calls, values) = self.uses(symbol);
        if values > 0 && !self.careless {
            return None;
        }
        let ty = [Ty::Int, Ty::Str, Ty::Bool][self.rng.usize(0..3)].clone();
        let single = matches!(function.shape, Shape::Single(_));
        let with_default = single && self.options.defaults && self.chance(35);
        let value = plain_literal(&ty, self.rng);
        let name = self.generator(Reach::Visible).local_name(&ty);
        let default = with_default.then(|| value.clone());
        let has_defaults = function.params.iter().any(|param| param.default.is_some());
        if has_defaults && !with_default && !self.options.named_args {
            return None;
        }
        let function = self.state.function_mut(symbol)?;
        function.params.push(Param { name: name.clone(), ty, default, small: false });
        if let Shape::Clauses(clauses) = &mut function.shape {
            clauses.iter_mut().for_each(|clause| clause.patterns.push(Pat::Bind(name.clone())));
        }
        if with_default {
            return Some(format!("{name} with default in {}", self.place(symbol)));
        }
        if self.careless {
            if calls + values > 0 {
                self.deep();
            }
        } else {
            self.state.exprs_mut(&mut |expr| {
                if let Expr::Call(of, args) = expr
                    && *of == symbol
                {
                    let named = has_defaults || args.iter().any(|arg| arg.name.is_some());
                    args.push(Arg { name: named.then(|| name.clone()), value: value.clone() });
                }
            });
        }
        Some(format!("{name} in {}", self.place(symbol)))
    }

    fn rename_parameter(&mut self) -> Option<String> {
        let function = self.function(|it| matches!(it.shape, Shape::Single(_)) && !it.params.is_empty())?;
        let symbol = function.symbol;
        let index = self.rng.usize(0..function.params.len());
        let old = function.params[index].name.clone();
        let new = self.state.fresh("arg");
        let function = self.state.function_mut(symbol)?;
        function.params[index].name.clone_from(&new);
        if let Shape::Single(body) = &mut function.shape {
            body.walk_mut(&mut |expr| match expr {
                Expr::Local(name) | Expr::CallLocal(name, _) if *name == old => name.clone_from(&new),
                _ => {}
            });
        }
        let mut named = 0;
        let careless = self.careless;
        self.state.exprs_mut(&mut |expr| {
            if let Expr::Call(of, args) = expr
                && *of == symbol
            {
                for name in args.iter_mut().filter_map(|arg| arg.name.as_mut()).filter(|name| **name == old) {
                    named += 1;
                    if !careless {
                        name.clone_from(&new);
                    }
                }
            }
        });
        if careless && named > 0 {
            self.deep();
        }
        Some(format!("{old} to {new} in {}", self.place(symbol)))
    }

    // --- functions as a whole ------------------------------------------------------------------------------------

    fn add_function(&mut self) -> Option<String> {
        let module = self.module()?;
        let item = self.generator(Reach::Visible).function_item(module);
        let symbol = item.symbol()?;
        let items = &mut self.state.module_mut(module)?.items;
        let place = self.rng.usize(0..=items.len());
        items.insert(place, item);
        if self.chance(60) {
            self.call_from_main(symbol);
        }
        Some(self.place(symbol))
    }

    /// `main` prints a call of `symbol` too, if that is possible.
    fn call_from_main(&mut self, symbol: SymbolId) -> Option<()> {
        let main = self.main()?;
        let home = self.state.symbol(main).module;
        let target = self.state.symbol(symbol).module;
        let mut generator = self.generator(Reach::Friends([(home, vec![target])].into()));
        let mut scope = Gen::scope_at(home, u32::MAX);
        let call = generator.main_call(&mut scope, symbol)?;
        match &mut self.state.function_mut(main)?.shape {
            Shape::Single(Expr::Block(statements, _)) => statements.push(Stmt::Print(call)),
            Shape::Single(body) => *body = Expr::Block(vec![Stmt::Print(call)], Box::new(body.clone())),
            _ => return None,
        }
        Some(())
    }

    fn remove_function(&mut self) -> Option<String> {
        let function = self.function(|_| true)?;
        let symbol = function.symbol;
        let (calls, values) = self.uses(symbol);
        let listed = self.state.used_outside(symbol);
        let place = self.place(symbol);
        if self.careless {
            if calls + values > 0 || listed {
                self.deep();
            }
        } else {
            if values > 0 || (calls > 0 && !is_plain(&function.result)) {
                return None;
            }
            let rng = &mut *self.rng;
            self.state.exprs_mut(&mut |expr| {
                if matches!(expr, Expr::Call(of, _) if *of == symbol) {
                    *expr = plain_literal(&function.result, rng);
                }
            });
            self.unlist(symbol);
        }
        let home = self.state.symbol(symbol).module;
        self.state.module_mut(home)?.items.retain(|item| item.symbol() != Some(symbol));
        Some(place)
    }

    /// Takes the symbol out of all import lists. Lists of single imports that become empty go as a whole.
    fn unlist(&mut self, symbol: SymbolId) {
        for module in &mut self.state.modules {
            for import in &mut module.imports {
                if let ImportForm::List(items) | ImportForm::Singles(items) = &mut import.form {
                    items.retain(|item| item.symbol != symbol);
                    if items.is_empty() {
                        import.form = ImportForm::List(Vec::new());
                    }
                }
            }
        }
    }

    fn rename_function(&mut self) -> Option<String> {
        let function = self.function(|_| true)?;
        let old = function.symbol;
        let before = self.place(old);
        let name = self.state.fresh("renamed");
        if !self.careless {
            self.state.symbols[old.0 as usize].name.clone_from(&name);
            return Some(format!("{before} to {name}"));
        }
        let (calls, values) = self.uses(old);
        let used = calls + values > 0 || self.state.used_outside(old);
        let home = self.state.symbol(old).module;
        let new = self.state.new_symbol(name.clone(), home);
        let function = self.state.function_mut(old)?;
        function.symbol = new;
        if let Shape::Countdown { next, .. } = &mut function.shape
            && *next == old
        {
            *next = new;
        }
        if used {
            self.deep();
        }
        Some(format!("{before} to {name}, not its users"))
    }

    fn move_item(&mut self) -> Option<String> {
        let module = self.module()?;
        let items = &mut self.state.module_mut(module)?.items;
        if items.len() < 2 {
            return None;
        }
        let from = self.rng.usize(0..items.len());
        let item = items.remove(from);
        let to = self.rng.usize(0..=items.len());
        items.insert(to, item);
        Some(format!("item {from} to {to} in {}", self.state.path(module)))
    }

    fn toggle_pub(&mut self) -> Option<String> {
        let main = self.main();
        let symbols: Vec<SymbolId> =
            self.state.items().filter_map(|(_, item)| item.symbol()).filter(|&it| Some(it) != main).collect();
        let symbol = self.pick(&symbols)?;
        let used = self.state.used_outside(symbol);
        let careless = self.careless;
        let public = self.state.item_mut(symbol)?.public_mut()?;
        if *public && used && !careless {
            return None;
        }
        *public = !*public;
        if used && !*public {
            self.state.breaks.push(Break::Hidden(symbol));
        }
        Some(self.place(symbol))
    }

    // --- types ---------------------------------------------------------------------------------------------------

    /// Matches and clause lists over the type that name its constructors and have no arm for the rest.
    fn exhaustive_arms(&mut self, of: SymbolId, mut change: impl FnMut(&mut Vec<Arm>)) {
        self.state.exprs_mut(&mut |expr| {
            if let Expr::Match(_, arms) = expr
                && lists_constructors(arms.iter().map(|arm| &arm.pattern), of)
            {
                change(arms);
            }
        });
        for item in self.state.items_mut() {
            if let Item::Fn(FnDef { shape: Shape::Clauses(clauses), .. }) = item
                && lists_constructors(clauses.iter().filter_map(|clause| clause.patterns.first()), of)
            {
                let rest: Vec<Vec<Pat>> = clauses.iter().map(|clause| clause.patterns[1..].to_vec()).collect();
                let mut arms: Vec<Arm> = clauses
                    .iter()
                    .map(|clause| Arm {
                        pattern: clause.patterns[0].clone(),
                        guard: clause.guard.clone(),
                        body: clause.body.clone(),
                    })
                    .collect();
                change(&mut arms);
                *clauses = arms
                    .into_iter()
                    .map(|arm| Clause {
                        patterns: [arm.pattern].into_iter().chain(rest[0].clone()).collect(),
                        guard: arm.guard,
                        body: arm.body,
                    })
                    .collect();
            }
        }
    }

    fn add_constructor(&mut self) -> Option<String> {
        let def = self.type_def(|kind| matches!(kind, TypeKind::Variant(_)))?;
        let of = def.symbol;
        let module = self.state.symbol(of).module;
        let mut constructor = self.generator(Reach::Visible).constructor(module, def.order);
        constructor.fields.truncate(1);
        constructor.fields.retain(|field| field.ty.is_scalar());
        let name = constructor.name.clone();
        let binds: Vec<Pat> = constructor.fields.iter().map(|_| Pat::Wild).collect();
        let careless = self.careless;
        let (mut broken, mut stuck) = (0, 0);
        self.exhaustive_arms(of, |arms| {
            let copied =
                arms.iter().find(|arm| !arm.pattern.binds() && arm.guard.is_none()).map(|arm| arm.body.clone());
            match copied {
                _ if careless => broken += 1,
                Some(body) => {
                    let fields = PatFields::Positional(binds.clone());
                    let pattern = Pat::Constructor { of, name: name.clone(), fields };
                    arms.push(Arm { pattern, guard: None, body });
                }
                None => stuck += 1,
            }
        });
        if stuck > 0 {
            return None;
        }
        if broken > 0 {
            self.deep();
        }
        let place = self.rng.usize(0..=2);
        match self.state.item_mut(of)? {
            Item::Type(TypeDef { kind: TypeKind::Variant(constructors), .. }) => {
                constructors.insert(place.min(constructors.len()), constructor);
            }
            _ => return None,
        }
        Some(format!("{name} of {}", self.place(of)))
    }

    fn remove_constructor(&mut self) -> Option<String> {
        let def = self.type_def(|kind| matches!(kind, TypeKind::Variant(constructors) if constructors.len() > 2))?;
        let of = def.symbol;
        let TypeKind::Variant(constructors) = def.kind else { return None };
        let index = self.rng.usize(0..constructors.len());
        let gone = constructors[index].name.clone();
        let substitute = constructors.iter().find(|it| it.fields.is_empty() && it.name != gone)?.name.clone();
        let mut used = false;
        let careless = self.careless;
        self.state.exprs_mut(&mut |expr| match expr {
            Expr::Construct { name, args, .. } if *name == gone => {
                used = true;
                if !careless {
                    name.clone_from(&substitute);
                    args.clear();
                }
            }
            Expr::Match(_, arms) if arms.iter().any(|arm| names(&arm.pattern, &gone)) => {
                used = true;
                if !careless && arms.len() > 1 {
                    arms.retain(|arm| !names(&arm.pattern, &gone));
                }
            }
            _ => {}
        });
        for item in self.state.items_mut() {
            if let Item::Fn(FnDef { shape: Shape::Clauses(clauses), .. }) = item
                && clauses.iter().any(|clause| names(&clause.patterns[0], &gone))
            {
                used = true;
                if !careless && clauses.len() > 1 {
                    clauses.retain(|clause| !names(&clause.patterns[0], &gone));
                }
            }
        }
        if used && careless {
            self.deep();
        }
        match self.state.item_mut(of)? {
            Item::Type(TypeDef { kind: TypeKind::Variant(constructors), .. }) => {
                constructors.remove(index);
            }
            _ => return None,
        }
        Some(format!("{gone} of {}", self.place(of)))
    }

    fn reorder_constructors(&mut self) -> Option<String> {
        let def = self.type_def(|kind| matches!(kind, TypeKind::Variant(_)))?;
        if let Some(Item::Type(TypeDef { kind: TypeKind::Variant(constructors), .. })) = self.state.item_mut(def.symbol)
        {
            self.rng.shuffle(constructors);
        }
        Some(self.place(def.symbol))
    }

    /// Visits the arguments of every construction and the sub-patterns of every pattern of the record `of`.
    fn record_sites(&mut self, of: SymbolId, mut visit: impl FnMut(Site<'_>)) {
        for item in self.state.items_mut() {
            item.exprs_mut(&mut |expr| match expr {
                Expr::Construct { of: it, args, .. } if *it == of => visit(Site::Construct(args)),
                Expr::Update { of: it, fields, .. } if *it == of => {
                    for (name, _) in fields {
                        visit(Site::Mention(name));
                    }
                }
                // Field names are unique, so the name tells the record.
                Expr::Field(_, name) => visit(Site::Mention(name)),
                _ => {}
            });
            item.patterns_mut(&mut |pattern| {
                if let Pat::Constructor { of: it, fields, .. } = pattern
                    && *it == of
                {
                    visit(Site::Pattern(fields));
                }
            });
        }
    }

    fn record(&mut self, at_least: usize) -> Option<(SymbolId, usize)> {
        let def = self.type_def(|kind| matches!(kind, TypeKind::Record(fields) if fields.len() >= at_least))?;
        match def.kind {
            TypeKind::Record(fields) => Some((def.symbol, fields.len())),
            TypeKind::Variant(_) | TypeKind::Alias(_) => None,
        }
    }

    fn fields_mut(&mut self, of: SymbolId) -> Option<&mut Vec<super::model::Field>> {
        match self.state.item_mut(of) {
            Some(Item::Type(TypeDef { kind: TypeKind::Record(fields), .. })) => Some(fields),
            _ => None,
        }
    }

    fn add_field(&mut self) -> Option<String> {
        let (of, count) = self.record(1)?;
        let ty = [Ty::Int, Ty::Str, Ty::Bool][self.rng.usize(0..3)].clone();
        let value = plain_literal(&ty, self.rng);
        let name = self.state.fresh("extra");
        let index = self.rng.usize(0..=count);
        let careless = self.careless;
        let mut sites = 0;
        self.record_sites(of, |site| match site {
            Site::Construct(args) => {
                sites += 1;
                if careless {
                } else if args.iter().all(|arg| arg.name.is_none()) {
                    args.insert(index.min(args.len()), Arg::positional(value.clone()));
                } else {
                    args.push(Arg { name: Some(name.clone()), value: value.clone() });
                }
            }
            Site::Pattern(PatFields::Positional(parts)) => {
                sites += 1;
                if !careless {
                    parts.insert(index.min(parts.len()), Pat::Wild);
                }
            }
            Site::Pattern(PatFields::Braces { rest, .. }) => *rest = true,
            Site::Mention(_) => {}
        });
        if careless && sites > 0 {
            self.deep();
        }
        self.fields_mut(of)?.insert(index, super::model::Field { name: name.clone(), ty });
        Some(format!("{name} of {}", self.place(of)))
    }

    fn remove_field(&mut self) -> Option<String> {
        let (of, count) = self.record(2)?;
        let index = self.rng.usize(0..count);
        let name = self.fields_mut(of)?[index].name.clone();
        let careless = self.careless;
        let (mut sites, mut stuck) = (0, false);
        self.record_sites(of, |site| match site {
            Site::Construct(args) => {
                sites += 1;
                if careless {
                } else if args.iter().all(|arg| arg.name.is_none()) {
                    if index < args.len() {
                        args.remove(index);
                    }
                } else {
                    args.retain(|arg| arg.name.as_deref() != Some(&name));
                }
            }
            Site::Pattern(PatFields::Positional(parts)) if index < parts.len() => {
                sites += 1;
                stuck |= parts[index].binds();
                if !careless {
                    parts.remove(index);
                }
            }
            Site::Pattern(PatFields::Braces { fields, .. }) if fields.iter().any(|(it, _)| *it == name) => stuck = true,
            Site::Mention(mention) if *mention == name => stuck = true,
            Site::Pattern(_) | Site::Mention(_) => {}
        });
        if careless && (sites > 0 || stuck) {
            self.deep();
        } else if stuck {
            return None;
        }
        self.fields_mut(of)?.remove(index);
        Some(format!("{name} of {}", self.place(of)))
    }

    fn reorder_fields(&mut self) -> Option<String> {
        let (of, count) = self.record(2)?;
        let (left, right) = (self.rng.usize(0..count), self.rng.usize(0..count));
        if left == right {
            return None;
        }
        let fields = self.fields_mut(of)?;
        // Equal types: every use stays well typed and means something else.
        let silent = fields[left].ty == fields[right].ty;
        fields.swap(left, right);
        let update = !silent && !self.careless;
        let mut sites = 0;
        self.record_sites(of, |site| match site {
            Site::Construct(args) if args.iter().all(|arg| arg.name.is_none()) => {
                sites += 1;
                if update && left.max(right) < args.len() {
                    args.swap(left, right);
                }
            }
            Site::Pattern(PatFields::Positional(parts)) => {
                sites += 1;
                if update && left.max(right) < parts.len() {
                    parts.swap(left, right);
                }
            }
            Site::Construct(_) | Site::Pattern(_) | Site::Mention(_) => {}
        });
        if self.careless && !silent && sites > 0 {
            self.deep();
        }
        Some(format!("{left} and {right} of {}", self.place(of)))
    }

    // --- traits --------------------------------------------------------------------------------------------------

    fn add_impl(&mut self) -> Option<String> {
        let module = self.module()?;
        let item = self.generator(Reach::Visible).impl_item(module)?;
        self.generator(Reach::Visible).append(module, item);
        Some(format!("in {}", self.state.path(module)))
    }

    fn remove_impl(&mut self) -> Option<String> {
        let mut found = Vec::new();
        for (home, item) in self.state.items() {
            if let Item::Impl(it) = item {
                found.push((home, it.of_trait, it.for_type));
            }
        }
        let (home, of_trait, for_type) = self.pick(&found)?;
        let Some(Item::Trait(def)) = self.state.item(of_trait).cloned() else { return None };
        let mut used = false;
        self.state.exprs_mut(&mut |expr| {
            if let Expr::TraitCall { method, .. } = expr {
                used |= def.methods.iter().any(|it| it.name == *method);
            }
        });
        if used {
            if !self.careless {
                return None;
            }
            self.deep();
        }
        let gone = |item: &Item| matches!(item, Item::Impl(it) if it.of_trait == of_trait && it.for_type == for_type);
        self.state.module_mut(home)?.items.retain(|item| !gone(item));
        Some(format!("{} for {}", self.place(of_trait), self.place(for_type)))
    }

    // --- imports -------------------------------------------------------------------------------------------------

    fn add_import(&mut self) -> Option<String> {
        let (from, to) = (self.module()?, self.module()?);
        if from == to || self.state.imports_module(from, to) {
            return None;
        }
        let form = if self.chance(60) { ImportForm::Star } else { ImportForm::List(Vec::new()) };
        self.state.module_mut(from)?.imports.push(Import { target: to, form, stale_path: None });
        Some(format!("{} into {}", self.state.path(to), self.state.path(from)))
    }

    /// Imports with the module they stand in and whether something there needs them.
    fn imports(&self) -> Vec<(ModuleId, Import, bool)> {
        let mut found = Vec::new();
        for module in &self.state.modules {
            let refs = self.state.foreign_refs(module.id);
            for import in &module.imports {
                let needed = refs.iter().any(|&symbol| self.state.symbol(symbol).module == import.target);
                found.push((module.id, import.clone(), needed));
            }
        }
        found
    }

    fn remove_import(&mut self) -> Option<String> {
        let mut found = self.imports();
        found.retain(|(_, _, needed)| *needed == self.careless);
        let (module, import, needed) = self.pick(&found)?;
        let description = format!("{} from {}", self.state.path(import.target), self.state.path(module));
        self.state.module_mut(module)?.imports.retain(|it| it.target != import.target);
        if needed {
            self.state.breaks.push(Break::Unimported(module, import));
        }
        Some(description)
    }

    fn star_to_list(&mut self) -> Option<String> {
        let mut found = self.imports();
        found.retain(|(_, import, _)| import.form == ImportForm::Star);
        let (module, import, _) = self.pick(&found)?;
        let mut items = Vec::new();
        for symbol in self.state.foreign_refs(module) {
            let is_type = matches!(self.state.item(symbol), Some(Item::Type(_) | Item::Trait(_)));
            // Types have no qualified form; of the others half become qualified.
            if self.state.symbol(symbol).module == import.target && (is_type || self.rng.bool()) {
                items.push(ImportItem { symbol, alias: None });
            }
        }
        self.set_form(module, import.target, ImportForm::List(items))
    }

    fn list_to_star(&mut self) -> Option<String> {
        let mut found = self.imports();
        found.retain(|(_, import, _)| import.form != ImportForm::Star);
        let (module, import, _) = self.pick(&found)?;
        self.set_form(module, import.target, ImportForm::Star)
    }

    fn set_form(&mut self, module: ModuleId, target: ModuleId, form: ImportForm) -> Option<String> {
        let import = self.state.module_mut(module)?.imports.iter_mut().find(|import| import.target == target)?;
        import.form = form;
        Some(format!("{} in {}", self.state.path(target), self.state.path(module)))
    }

    fn make_cycle(&mut self) -> Option<String> {
        let main = self.main().map(|main| self.state.symbol(main).module);
        let mut found = self.imports();
        found.retain(|(module, import, _)| {
            Some(*module) != main
                && self.state.module(import.target).is_some()
                && !self.state.imports_module(import.target, *module)
        });
        let (module, import, _) = self.pick(&found)?;
        let form = if self.rng.bool() { ImportForm::Star } else { ImportForm::List(Vec::new()) };
        let back = Import { target: module, form, stale_path: None };
        self.state.module_mut(import.target)?.imports.push(back);
        Some(format!("{} and {}", self.state.path(module), self.state.path(import.target)))
    }

    fn break_cycle(&mut self) -> Option<String> {
        let mut found = self.imports();
        found.retain(|(module, import, needed)| !needed && self.state.imports_module(import.target, *module));
        let (module, import, _) = self.pick(&found)?;
        self.state.module_mut(module)?.imports.retain(|it| it.target != import.target);
        Some(format!("{} and {}", self.state.path(module), self.state.path(import.target)))
    }

    /// A function without parameters under a name that exists elsewhere. Careful: the importer's own name hides it.
    /// Careless: two star imports of one module bring it, which is a conflict.
    fn add_clash(&mut self) -> Option<String> {
        let mut found = Vec::new();
        for module in &self.state.modules {
            let stars: Vec<ModuleId> =
                module.imports.iter().filter(|it| it.form == ImportForm::Star).map(|it| it.target).collect();
            for &star in &stars {
                let state = &*self.state;
                let names = |home: ModuleId| {
                    state
                        .functions()
                        .filter(move |it| state.symbol(it.symbol).module == home)
                        .map(|it| (it.symbol, it.public))
                };
                if self.careless {
                    let others = stars.iter().filter(|&&other| other != star);
                    let public = others.flat_map(|&other| names(other)).filter(|(_, public)| *public);
                    found.extend(public.map(|(symbol, _)| (star, symbol)));
                } else {
                    found.extend(names(module.id).map(|(symbol, _)| (star, symbol)));
                }
            }
        }
        let (home, like) = self.pick(&found)?;
        let name = self.state.symbol(like).name.clone();
        let own = self.state.functions().any(|it| {
            let symbol = self.state.symbol(it.symbol);
            symbol.module == home && symbol.name == name
        });
        if own || name == "main" {
            return None;
        }
        let symbol = self.state.new_symbol(name, home);
        let body = plain_literal(&Ty::Int, self.rng);
        let function = FnDef {
            symbol,
            public: true,
            generics: 0,
            generic_style: GenericStyle::Declared,
            params: Vec::new(),
            result: Ty::Int,
            annotation: Annotation::None,
            shape: Shape::Single(body),
            body_below: false,
            order: 0,
        };
        self.generator(Reach::Visible).append(home, Item::Fn(function));
        if self.careless {
            self.deep();
        }
        Some(self.place(symbol))
    }

    // --- files ---------------------------------------------------------------------------------------------------

    fn add_file(&mut self) -> Option<String> {
        let neighbour = self.module();
        let mut generator = self.generator(Reach::Visible);
        let module = generator.module();
        if let Some(target) = neighbour {
            let import = Import { target, form: ImportForm::Star, stale_path: None };
            generator.state.module_mut(module)?.imports.push(import);
        }
        for _ in 0..generator.rng.usize(1..=4) {
            generator.item(module);
        }
        let items = self.state.module(module).map_or(&[][..], |module| &module.items);
        let symbols: Vec<SymbolId> = items.iter().filter_map(Item::symbol).collect();
        for symbol in symbols {
            self.call_from_main(symbol);
        }
        Some(self.state.path(module).to_owned())
    }

    fn delete_file(&mut self) -> Option<String> {
        let module = self.module()?;
        let imported = self.state.modules.iter().any(|it| it.imports.iter().any(|import| import.target == module));
        if imported && !self.careless {
            return None;
        }
        let place = self.state.modules.iter().position(|it| it.id == module)?;
        let gone = self.state.modules.remove(place);
        self.state.graveyard.push(gone);
        if imported {
            self.state.breaks.push(Break::Deleted(module));
        }
        Some(self.state.path(module).to_owned())
    }

    fn rename_file(&mut self) -> Option<String> {
        let module = self.module()?;
        let old = self.state.path(module).to_owned();
        let name = self.state.fresh("moved");
        let folder = if self.rng.bool() { "geo/" } else { "" };
        self.state.paths.insert(module, format!("{folder}{name}"));
        if self.careless {
            let mut importers = 0;
            for import in self.state.modules.iter_mut().flat_map(|it| &mut it.imports) {
                if import.target == module {
                    import.stale_path.get_or_insert_with(|| old.clone());
                    importers += 1;
                }
            }
            if importers > 0 {
                self.state.breaks.push(Break::Moved(module));
            }
        }
        Some(format!("{old} to {}", self.state.path(module)))
    }

    fn break_syntax(&mut self) -> Option<String> {
        let module = self.module()?;
        let text = DAMAGES[self.rng.usize(0..DAMAGES.len())];
        let module = self.state.module_mut(module)?;
        if module.damage.is_some() {
            return None;
        }
        let after_item = self.rng.usize(0..=module.items.len());
        module.damage = Some(Damage { after_item, text });
        let id = module.id;
        self.state.breaks.push(Break::Syntax(id));
        Some(format!("`{text}` in {}", self.state.path(id)))
    }

    fn insert(&mut self, item: Item) -> Option<String> {
        let ids: Vec<ModuleId> = self.state.modules.iter().map(|it| it.id).collect();
        let module = self.pick(&ids)?;
        let items = &mut self.state.module_mut(module)?.items;
        let place = self.rng.usize(0..=items.len());
        items.insert(place, item);
        Some(format!("at item {place} of {}", self.state.path(module)))
    }
}

/// A place where the fields of a record matter.
enum Site<'a> {
    Construct(&'a mut Vec<Arg>),
    Pattern(&'a mut PatFields),
    /// The name of a field, read or updated.
    Mention(&'a mut String),
}

/// How a result changes, and what its users do about it.
#[derive(Clone, Copy, Debug)]
enum ResultChange {
    /// `Int` to `String`; users take the length.
    Shown,
    /// `String` to `Int`; users show it.
    Measured,
    /// `T` to `(T, Int)`; users take the first.
    Paired,
}

impl ResultChange {
    fn body(self, body: &mut Expr) {
        let old = body.clone();
        *body = match self {
            ResultChange::Shown => Expr::Library { name: "show", method: false, args: vec![old] },
            ResultChange::Measured => Expr::Library { name: "length", method: false, args: vec![old] },
            ResultChange::Paired => Expr::Tuple(vec![old, Expr::Int(0)]),
        };
    }

    fn call(self, call: &mut Expr) {
        let old = call.clone();
        *call = match self {
            ResultChange::Shown => Expr::Library { name: "length", method: false, args: vec![old] },
            ResultChange::Measured => Expr::Library { name: "show", method: false, args: vec![old] },
            ResultChange::Paired => Expr::TupleGet(Box::new(old), 0),
        };
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Int(_) | Expr::Float(_) | Expr::Bool(_) | Expr::Str(_) | Expr::Char(_) | Expr::IsInt(_))
}

/// Another literal of the same type. Small numbers stay small: they may count a recursion.
fn change_literal(expr: &mut Expr, rng: &mut Rng) {
    *expr = match &*expr {
        Expr::Int(old) if (-9..=9).contains(old) => {
            let new = rng.i64(-9..9);
            Expr::Int(if new >= *old { new + 1 } else { new })
        }
        Expr::Int(old) => Expr::Int((*old + rng.i64(1..50)) % 1000),
        Expr::Float(old) => Expr::Float(if old.len() > 6 { "0.5".to_owned() } else { format!("{old}1") }),
        Expr::Bool(old) => Expr::Bool(!*old),
        Expr::IsInt(_) => Expr::Bool(true),
        Expr::Str(old) if old.len() > 12 => Expr::Str("short".to_owned()),
        Expr::Str(old) => Expr::Str(format!("{old}x")),
        Expr::Char('a') => Expr::Char('b'),
        Expr::Char(_) => Expr::Char('a'),
        other => other.clone(),
    };
}

/// Types whose values can be written anywhere.
fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::List(element) | Ty::Option(element) => is_plain(element),
        Ty::Tuple(parts) => parts.iter().all(is_plain),
        Ty::Named(..) | Ty::Fn(..) | Ty::Var(_) => false,
        Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char => true,
    }
}

fn plain_literal(ty: &Ty, rng: &mut Rng) -> Expr {
    match ty {
        Ty::Float => Expr::Float("2.5".to_owned()),
        Ty::Bool => Expr::Bool(rng.bool()),
        Ty::Str => Expr::Str("plain".to_owned()),
        Ty::Char => Expr::Char('z'),
        Ty::List(element) => Expr::List(vec![plain_literal(element, rng)], None),
        Ty::Option(inner) => Expr::Some(Box::new(plain_literal(inner, rng))),
        Ty::Tuple(parts) => Expr::Tuple(parts.iter().map(|part| plain_literal(part, rng)).collect()),
        Ty::Int | Ty::Named(..) | Ty::Fn(..) | Ty::Var(_) => Expr::Int(rng.i64(0..10)),
    }
}

/// Do the patterns name constructors of `of`, without one for everything else?
fn lists_constructors<'a>(patterns: impl Iterator<Item = &'a Pat>, of: SymbolId) -> bool {
    let (mut named, mut open) = (false, false);
    for pattern in patterns {
        match pattern {
            Pat::Constructor { of: it, .. } => named |= *it == of,
            Pat::Wild | Pat::Bind(_) => open = true,
            _ => {}
        }
    }
    named && !open
}

fn names(pattern: &Pat, constructor: &str) -> bool {
    matches!(pattern, Pat::Constructor { name, .. } if name == constructor)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::model::Combine;
    use super::*;

    const SEEDS: u64 = 60;
    const STEPS: usize = 40;

    #[test]
    fn one_seed_gives_one_program_and_one_walk() {
        let walk = |seed| {
            let mut program = Program::random(seed);
            let mut rng = Rng::with_seed(seed);
            let edits: Vec<Edit> = (0..20).map(|_| program.random_edit(&mut rng)).collect();
            (program.files(), edits)
        };
        for seed in 0..10 {
            assert_eq!(walk(seed), walk(seed), "seed {seed}");
        }
        assert_ne!(walk(1).0, walk(2).0);
    }

    #[test]
    fn programs_stay_small_and_keep_a_main() {
        for seed in 0..SEEDS {
            let mut program = Program::random(seed);
            let mut rng = Rng::with_seed(seed);
            for step in 0..STEPS {
                let files = program.files();
                let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
                assert!(bytes < 120_000, "seed {seed}, step {step}: {bytes} bytes");
                assert!(files.iter().any(|(path, text)| path == "main.nos" && text.contains("main()")));
                program.random_edit(&mut rng);
            }
        }
    }

    #[test]
    fn the_changes_of_an_edit_are_the_difference() {
        for seed in 0..SEEDS {
            let mut program = Program::random(seed);
            let mut rng = Rng::with_seed(seed ^ 77);
            let mut files: BTreeMap<String, String> = program.files().into_iter().collect();
            for step in 0..STEPS {
                let edit = program.random_edit(&mut rng);
                assert!(!edit.changes.is_empty(), "seed {seed}, step {step}: {edit}");
                for change in edit.changes {
                    match change.text {
                        Some(text) => files.insert(change.path, text),
                        None => files.remove(&change.path),
                    };
                }
                assert!(files.clone().into_iter().eq(program.files()), "seed {seed}, step {step}");
            }
        }
    }

    #[test]
    fn every_kind_of_edit_occurs_and_most_programs_are_whole() {
        let mut kinds: BTreeMap<EditKind, usize> = BTreeMap::new();
        let mut broken = 0;
        let mut total = 0;
        for seed in 0..150 {
            let mut program = Program::with_options(seed, Options { traits: true, ..Options::default() });
            let mut rng = Rng::with_seed(seed);
            for _ in 0..STEPS {
                *kinds.entry(program.random_edit(&mut rng).kind).or_default() += 1;
                broken += usize::from(program.is_broken());
                total += 1;
            }
        }
        let all = CAREFUL.iter().chain(CARELESS).map(|(kind, _)| *kind).chain([EditKind::Repair]);
        let missing: Vec<EditKind> = all.filter(|kind| kinds.get(kind).copied().unwrap_or(0) < 5).collect();
        assert!(missing.is_empty(), "too rare: {missing:?} in {kinds:?}");
        let percent = broken * 100 / total;
        assert!((15..60).contains(&percent), "{percent}% of the programs are broken");
    }

    #[test]
    fn mistakes_are_taken_back() {
        let mut repaired = 0;
        for seed in 0..SEEDS {
            let mut program = Program::random(seed);
            let mut rng = Rng::with_seed(seed);
            for _ in 0..STEPS {
                let was_broken = program.is_broken();
                program.random_edit(&mut rng);
                repaired += usize::from(was_broken && !program.is_broken());
            }
        }
        assert!(repaired > 100, "only {repaired} mistakes were taken back");
    }

    #[test]
    fn recursion_counts_small_numbers_only() {
        for seed in 0..SEEDS {
            let mut program = Program::random(seed);
            let mut rng = Rng::with_seed(seed);
            for _ in 0..STEPS {
                program.random_edit(&mut rng);
                let state = program.state.clone();
                let mut items: Vec<Item> = state.items().map(|(_, item)| item.clone()).collect();
                for item in &mut items {
                    item.exprs_mut(&mut |expr| {
                        let Expr::Call(symbol, args) = expr else { return };
                        let Some(function) = state.function(*symbol) else { return };
                        let (Some(param), Some(arg)) = (function.params.first(), args.first()) else { return };
                        let bounded = match &arg.value {
                            Expr::Int(value) => (-9..=9).contains(value),
                            Expr::Divide("%", _, divisor) => *divisor <= 9,
                            Expr::Wrong(..) => true,
                            _ => false,
                        };
                        assert!(!param.small || bounded, "seed {seed}: {:?}", arg.value);
                    });
                }
            }
        }
    }

    #[test]
    fn tail_steps_use_the_accumulator_once() {
        for seed in 0..SEEDS {
            for function in Program::random(seed).state.functions() {
                let (Shape::Countdown { step, combine: Combine::Tail, .. }
                | Shape::ListWalk { step, combine: Combine::Tail, .. }) = &function.shape
                else {
                    continue;
                };
                let Some(last) = function.params.last() else { continue };
                if !matches!(last.ty, Ty::Str | Ty::List(_)) {
                    continue;
                }
                let mut uses = 0;
                step.clone().walk_mut(&mut |expr| uses += usize::from(*expr == Expr::Local(last.name.clone())));
                assert!(uses <= 1, "seed {seed}: {step:?}");
            }
        }
    }
}

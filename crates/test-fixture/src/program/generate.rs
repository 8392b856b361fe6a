//! Makes random definitions and expressions of a wanted type.
//!
//! Input: the state so far, a source of randomness, what the module may see. Output: definitions appended by the
//! caller, expressions that are well typed under the signatures of the model.
//!
//! Invariant: a definition of order `n` calls only definitions of a lower order. Recursion exists only as the counted
//! shapes of [`Shape`], so every program terminates, whatever edits do to literals.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::Options;
use super::cost::Costs;
use super::model::{
    Annotation, Arg, Arm, Clause, Combine, ConstDef, Constructor, Expr, Field, FnDef, GenericStyle, ImplDef, Import,
    ImportForm, ImportItem, Item, ModuleId, Param, Pat, PatFields, Shape, State, Stmt, SymbolId, TraitDef, TraitMethod,
    Ty, TypeDef, TypeKind, ValueDef, unify,
};

const FUNCTION_STEMS: &[&str] =
    &["tally", "blend", "scale", "route", "carry", "weigh", "prune", "merge", "bump", "fuse", "rank", "lift", "shade"];
const VALUE_STEMS: &[&str] = &["limit", "origin", "rate", "table", "offset"];
const TYPE_STEMS: &[&str] = &["Point", "Shape", "Node", "Entry", "Token", "Basket", "Route"];
const CONSTRUCTOR_STEMS: &[&str] = &["Red", "Leaf", "Open", "Pair", "Cell", "Move", "Idle"];
const FIELD_STEMS: &[&str] = &["width", "label", "items", "owner", "depth", "flag"];
const MODULE_STEMS: &[&str] = &["ink", "ore", "fern", "dune", "reed", "moss", "clay", "rust"];
const FOLDERS: &[&str] = &["geo", "shop", "util", "geo/deep", "shop/parts"];
const WORDS: &[&str] = &["amber", "birch", "coral", "delta", "ember", "flint", "a  b", "", "it's", "say \"hi\""];

/// What an expression may call: a definition that costs more is left alone.
const CALL_COST: u64 = 300;
const FUEL: u32 = 3;

/// Which modules a definition may refer to.
pub(crate) enum Reach {
    /// What the imports of the module show today; nothing is added.
    Visible,
    /// These modules too; imports and `pub` are added as needed.
    Friends(BTreeMap<ModuleId, Vec<ModuleId>>),
}

pub(crate) struct Gen<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) rng: &'a mut Rng,
    pub(crate) options: &'a Options,
    pub(crate) reach: Reach,
    pub(crate) costs: Costs,
}

#[derive(Clone)]
struct Local {
    name: String,
    ty: Ty,
    /// The checker knows the type before it sees uses: methods and fields are safe.
    known: bool,
}

/// Where an expression stands.
#[derive(Clone)]
pub(crate) struct Scope {
    module: ModuleId,
    order: u32,
    locals: Vec<Local>,
}

/// A pattern with what it binds and whether it can fail.
struct PatPlan {
    pattern: Pat,
    locals: Vec<Local>,
}

impl<'a> Gen<'a> {
    pub(crate) fn new(state: &'a mut State, rng: &'a mut Rng, options: &'a Options, reach: Reach) -> Gen<'a> {
        Gen { state, rng, options, reach, costs: Costs::default() }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.rng.usize(0..items.len())].clone())
    }

    fn stem(&mut self, stems: &[&'static str]) -> &'static str {
        stems[self.rng.usize(0..stems.len())]
    }

    fn next_order(&mut self) -> u32 {
        self.state.next_number += 1;
        self.state.next_number
    }

    pub(crate) fn local_name(&mut self, ty: &Ty) -> String {
        let stem = match ty {
            Ty::Int => "n",
            Ty::Float => "d",
            Ty::Bool => "b",
            Ty::Str => "s",
            Ty::Char => "c",
            Ty::List(_) => "xs",
            Ty::Option(_) => "o",
            Ty::Tuple(_) => "p",
            Ty::Named(..) => "r",
            Ty::Fn(..) => "go",
            Ty::Var(_) => "v",
        };
        self.state.fresh(stem)
    }

    // --- the whole program ---------------------------------------------------------------------------------------

    /// Fills an empty state.
    pub(crate) fn program(&mut self) {
        let count = self.rng.usize(self.options.modules.clone());
        let main = self.state.new_module("main".to_owned());
        let modules: Vec<ModuleId> = (0..count).map(|_| self.module()).collect();
        let mut friends: BTreeMap<ModuleId, Vec<ModuleId>> = BTreeMap::new();
        for &module in &modules {
            let mut known: Vec<ModuleId> = modules.iter().copied().filter(|&it| it != module).collect();
            self.rng.shuffle(&mut known);
            known.truncate(self.rng.usize(1..=3));
            friends.insert(module, known);
        }
        friends.insert(main, modules.clone());
        self.reach = Reach::Friends(friends);
        let items = count * self.rng.usize(self.options.items_per_module.clone());
        for _ in 0..items {
            if let Some(module) = self.pick(&modules) {
                self.item(module);
            }
        }
        if self.options.cycles {
            self.mutual_recursion(&modules);
        }
        self.main(main, &modules);
        for index in 0..self.state.modules.len() {
            self.decorate(index);
        }
    }

    /// An empty module under a new path.
    pub(crate) fn module(&mut self) -> ModuleId {
        let name = {
            let stem = self.stem(MODULE_STEMS);
            self.state.fresh(stem)
        };
        let path = if self.chance(60) { format!("{}/{name}", self.stem(FOLDERS)) } else { name };
        self.state.new_module(path)
    }

    /// One random item at the end of `module`.
    pub(crate) fn item(&mut self, module: ModuleId) {
        let roll = self.rng.u32(0..100);
        let traits = self.options.traits;
        let item = match roll {
            0..16 if self.options.types => self.type_item(module),
            16..24 if self.options.values => self.value_item(module),
            24..29 => self.const_item(module),
            29..33 if traits => self.trait_item(module),
            33..40 if traits => match self.impl_item(module) {
                Some(item) => item,
                None => self.function_item(module),
            },
            _ => self.function_item(module),
        };
        self.append(module, item);
    }

    pub(crate) fn append(&mut self, module: ModuleId, item: Item) {
        if let Some(module) = self.state.module_mut(module) {
            module.items.push(item);
        }
    }

    /// Comments, blank lines, some `pub`, the place of the imports.
    fn decorate(&mut self, index: usize) {
        let mut items = std::mem::take(&mut self.state.modules[index].items);
        if self.chance(40) {
            self.rng.shuffle(&mut items);
        }
        let mut decorated = Vec::with_capacity(items.len() * 2);
        for mut item in items {
            if self.chance(30)
                && let Some(public) = item.public_mut()
            {
                *public = true;
            }
            if self.chance(15) {
                decorated.push(Item::Comment(format!("About {}.", self.stem(VALUE_STEMS))));
            }
            decorated.push(item);
            if self.chance(70) {
                decorated.push(Item::Blank(1));
            }
        }
        let last = self.chance(10);
        let module = &mut self.state.modules[index];
        module.items = decorated;
        module.imports_last = last;
    }

    /// Two or three functions that count down through each other, each in its own module.
    fn mutual_recursion(&mut self, modules: &[ModuleId]) {
        let mut homes = modules.to_vec();
        self.rng.shuffle(&mut homes);
        homes.truncate(self.rng.usize(2..=3));
        if homes.len() < 2 {
            return;
        }
        let order = self.next_order();
        let ty = if self.chance(50) { Ty::Bool } else { Ty::Int };
        let annotation = if self.chance(50) { Annotation::Full } else { Annotation::None };
        let symbols: Vec<SymbolId> = homes
            .iter()
            .map(|&home| {
                let stem = self.stem(FUNCTION_STEMS);
                let name = self.state.fresh(stem);
                self.state.new_symbol(name, home)
            })
            .collect();
        let combine = if ty == Ty::Int { Combine::Add } else { Combine::Pass };
        for (index, &home) in homes.iter().enumerate() {
            let mut scope = Scope { module: home, order, locals: Vec::new() };
            let base = self.literal(&mut scope, &ty, 0);
            let step = if ty == Ty::Int { self.expr(&mut scope, &ty, 1) } else { base.clone() };
            let name = self.local_name(&Ty::Int);
            let next = symbols[(index + 1) % symbols.len()];
            let function = FnDef {
                symbol: symbols[index],
                public: true,
                generics: 0,
                generic_style: GenericStyle::Declared,
                params: vec![Param { name, ty: Ty::Int, default: None, small: true }],
                result: ty.clone(),
                annotation,
                shape: Shape::Countdown { base, step, next, combine },
                body_below: false,
                order,
            };
            self.append(home, Item::Fn(function));
        }
        for (index, &home) in homes.iter().enumerate() {
            self.require(home, symbols[(index + 1) % symbols.len()], false);
        }
    }

    /// `main` prints some calls and returns a number that depends on others.
    fn main(&mut self, main: ModuleId, modules: &[ModuleId]) {
        let order = self.next_order();
        let mut scope = Scope { module: main, order, locals: Vec::new() };
        let mut prints = Vec::new();
        let mut total: Option<Expr> = None;
        for &module in modules {
            let mut symbols: Vec<SymbolId> = self
                .state
                .functions()
                .map(|it| it.symbol)
                .filter(|&it| self.state.symbol(it).module == module)
                .collect();
            self.rng.shuffle(&mut symbols);
            for symbol in symbols.into_iter().take(3) {
                let Some(call) = self.main_call(&mut scope, symbol) else { continue };
                let is_int = self.state.function(symbol).is_some_and(|it| it.result == Ty::Int);
                match total.take() {
                    sum if !is_int => {
                        total = sum;
                        prints.push(Stmt::Print(call));
                    }
                    Some(sum) => total = Some(Expr::Binary("+", Box::new(sum), Box::new(call))),
                    None => total = Some(call),
                }
            }
        }
        let result = total.unwrap_or(Expr::Int(0));
        let body = if prints.is_empty() { result } else { Expr::Block(prints, Box::new(result)) };
        let symbol = self.state.new_symbol("main".to_owned(), main);
        let function = FnDef {
            symbol,
            public: false,
            generics: 0,
            generic_style: GenericStyle::Declared,
            params: Vec::new(),
            result: Ty::Int,
            annotation: Annotation::None,
            shape: Shape::Single(body),
            body_below: false,
            order: u32::MAX,
        };
        self.append(main, Item::Fn(function));
    }

    /// A call of `symbol` whose result can be printed.
    pub(crate) fn main_call(&mut self, scope: &mut Scope, symbol: SymbolId) -> Option<Expr> {
        let function = self.state.function(symbol)?;
        let arguments = vec![Some(Ty::Int); usize::from(function.generics)];
        let printable = function.result.substitute(&arguments).is_data();
        let cheap = self.costs.of(self.state, symbol) < CALL_COST * 10;
        if !printable || !cheap || !self.callable(scope, symbol, &arguments) {
            return None;
        }
        Some(self.call_to(scope, symbol, &arguments, 1))
    }

    /// The scope of a body of `symbol`: its parameters.
    pub(crate) fn scope_of(&self, function: &FnDef) -> Scope {
        let known = function.annotation.params();
        let locals = function
            .params
            .iter()
            .map(|param| Local { name: param.name.clone(), ty: param.ty.clone(), known })
            .collect();
        Scope { module: self.state.symbol(function.symbol).module, order: function.order, locals }
    }

    pub(crate) fn scope_at(module: ModuleId, order: u32) -> Scope {
        Scope { module, order, locals: Vec::new() }
    }

    // --- visibility ----------------------------------------------------------------------------------------------

    /// May `module` refer to `symbol`? `bare`: under its bare name, as types must be.
    fn can_use(&self, module: ModuleId, symbol: SymbolId, bare: bool) -> bool {
        let home = self.state.symbol(symbol).module;
        if home == module {
            return true;
        }
        match &self.reach {
            Reach::Friends(friends) if friends.get(&module).is_some_and(|known| known.contains(&home)) => true,
            _ => {
                self.state.item(symbol).is_some_and(Item::is_public)
                    && if bare {
                        self.state.imports_bare(module, symbol)
                    } else {
                        self.state.imports_module(module, home)
                    }
            }
        }
    }

    /// Adds the `pub` and the import that a reference needs.
    fn require(&mut self, module: ModuleId, symbol: SymbolId, bare: bool) {
        let home = self.state.symbol(symbol).module;
        if home == module || matches!(self.reach, Reach::Visible) {
            return;
        }
        if let Some(public) = self.state.item_mut(symbol).and_then(Item::public_mut) {
            *public = true;
        }
        let listed = bare || self.chance(60);
        let alias = !bare && self.chance(12);
        if !self.state.imports_module(module, home) {
            let form = match self.rng.u32(0..100) {
                0..45 => ImportForm::Star,
                45..90 => ImportForm::List(Vec::new()),
                _ => ImportForm::Singles(Vec::new()),
            };
            if let Some(module) = self.state.module_mut(module) {
                module.imports.push(Import { target: home, form, stale_path: None });
            }
        }
        let alias = if alias {
            let stem = self.stem(FUNCTION_STEMS);
            Some(self.state.fresh(stem))
        } else {
            None
        };
        let Some(import) =
            self.state.module_mut(module).and_then(|it| it.imports.iter_mut().find(|import| import.target == home))
        else {
            return;
        };
        match &mut import.form {
            ImportForm::Star => {}
            ImportForm::List(items) | ImportForm::Singles(items) => {
                // `use m.a` lines need a first name, otherwise the import would vanish from the text.
                let needed = listed || items.is_empty();
                if needed && items.iter().all(|item| item.symbol != symbol) {
                    items.push(ImportItem { symbol, alias });
                }
            }
        }
    }

    /// Can `module` build and take apart values of `ty`?
    fn usable(&self, module: ModuleId, ty: &Ty) -> bool {
        self.usable_within(module, ty, &mut Vec::new())
    }

    fn usable_within(&self, module: ModuleId, ty: &Ty, seen: &mut Vec<SymbolId>) -> bool {
        match ty {
            Ty::List(element) | Ty::Option(element) => self.usable_within(module, element, seen),
            Ty::Tuple(parts) => parts.iter().all(|part| self.usable_within(module, part, seen)),
            Ty::Fn(params, result) => {
                params.iter().chain([&**result]).all(|part| self.usable_within(module, part, seen))
            }
            Ty::Named(symbol, args) => {
                if seen.contains(symbol) {
                    return true;
                }
                seen.push(*symbol);
                let Some(def) = self.state.type_def(*symbol) else { return false };
                self.can_use(module, *symbol, true)
                    && args.iter().all(|arg| self.usable_within(module, arg, seen))
                    && match &def.kind {
                        TypeKind::Record(fields) => {
                            fields.iter().all(|field| self.usable_within(module, &field.ty, seen))
                        }
                        TypeKind::Variant(constructors) => constructors
                            .iter()
                            .flat_map(|it| &it.fields)
                            .all(|field| self.usable_within(module, &field.ty, seen)),
                        TypeKind::Alias(target) => self.usable_within(module, target, seen),
                    }
            }
            Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char | Ty::Var(_) => true,
        }
    }

    /// Imports every type that occurs in `ty`.
    fn require_types(&mut self, module: ModuleId, ty: &Ty) {
        match ty {
            Ty::List(element) | Ty::Option(element) => self.require_types(module, element),
            Ty::Tuple(parts) => parts.iter().for_each(|part| self.require_types(module, part)),
            Ty::Fn(params, result) => {
                params.iter().chain([&**result]).for_each(|part| self.require_types(module, part));
            }
            Ty::Named(symbol, args) => {
                self.require(module, *symbol, true);
                args.iter().for_each(|arg| self.require_types(module, arg));
            }
            Ty::Int | Ty::Float | Ty::Bool | Ty::Str | Ty::Char | Ty::Var(_) => {}
        }
    }

    // --- types ---------------------------------------------------------------------------------------------------

    fn scalar(&mut self) -> Ty {
        match self.rng.u32(0..100) {
            0..55 => Ty::Int,
            55..80 => Ty::Str,
            80..93 => Ty::Bool,
            93..97 if self.options.floats => Ty::Float,
            _ => Ty::Char,
        }
    }

    /// A type without functions and parameters that `module` can use.
    pub(crate) fn data(&mut self, module: ModuleId, order: u32, depth: u32) -> Ty {
        if depth == 0 {
            return self.scalar();
        }
        match self.rng.u32(0..100) {
            0..15 => Ty::list(self.data(module, order, depth - 1)),
            15..23 => Ty::Tuple(vec![self.data(module, order, depth - 1), self.data(module, order, depth - 1)]),
            23..30 => Ty::Option(Box::new(self.data(module, order, depth - 1))),
            30..48 => {
                let named: Vec<(SymbolId, u8)> = self
                    .state
                    .items()
                    .filter_map(|(_, item)| match item {
                        Item::Type(def) if def.order < order => Some((def.symbol, def.generics)),
                        _ => None,
                    })
                    .filter(|(symbol, _)| self.usable(module, &Ty::Named(*symbol, Vec::new())))
                    .collect();
                match self.pick(&named) {
                    Some((symbol, generics)) => {
                        let args = (0..generics).map(|_| self.scalar()).collect();
                        Ty::Named(symbol, args)
                    }
                    None => self.scalar(),
                }
            }
            _ => self.scalar(),
        }
    }

    fn type_item(&mut self, module: ModuleId) -> Item {
        let order = self.next_order();
        let stem = self.stem(TYPE_STEMS);
        let name = self.state.fresh(stem);
        let roll = self.rng.u32(0..100);
        let generics = u8::from(roll < 85 && self.options.generics && self.chance(20));
        let symbol = self.state.new_symbol(name, module);
        let kind = match roll {
            0..42 => {
                let count = self.rng.usize(1..=4);
                let mut fields: Vec<Field> = (0..count).map(|_| self.field(module, order)).collect();
                if generics > 0 {
                    fields[0].ty = Ty::Var(0);
                }
                TypeKind::Record(fields)
            }
            42..85 => TypeKind::Variant(self.constructors(module, symbol, order, generics)),
            _ => {
                let target = self.data(module, order, 1);
                self.require_types(module, &target);
                TypeKind::Alias(target)
            }
        };
        Item::Type(TypeDef { symbol, public: false, generics, kind, order })
    }

    pub(crate) fn field(&mut self, module: ModuleId, order: u32) -> Field {
        let stem = self.stem(FIELD_STEMS);
        let name = self.state.fresh(stem);
        let ty = self.data(module, order, 1);
        self.require_types(module, &ty);
        Field { name, ty }
    }

    fn constructors(&mut self, module: ModuleId, symbol: SymbolId, order: u32, generics: u8) -> Vec<Constructor> {
        let count = self.rng.usize(2..=4);
        let mut constructors: Vec<Constructor> = (0..count).map(|_| self.constructor(module, order)).collect();
        if generics > 0 {
            let field = self.field(module, order);
            constructors[1].fields = vec![Field { ty: Ty::Var(0), ..field }];
        }
        if self.chance(25) {
            // The first constructor stays free of recursion, so that values end.
            let field = self.field(module, order);
            let args = (0..generics).map(Ty::Var).collect();
            constructors[1].fields.push(Field { ty: Ty::Named(symbol, args), ..field });
        }
        constructors
    }

    pub(crate) fn constructor(&mut self, module: ModuleId, order: u32) -> Constructor {
        let stem = self.stem(CONSTRUCTOR_STEMS);
        let name = self.state.fresh(stem);
        let count = self.rng.usize(0..=2);
        let fields: Vec<Field> = (0..count).map(|_| self.field(module, order)).collect();
        Constructor { name, fields, named: self.chance(25) }
    }

    // --- definitions ---------------------------------------------------------------------------------------------

    pub(crate) fn value_item(&mut self, module: ModuleId) -> Item {
        let order = self.next_order();
        let stem = self.stem(VALUE_STEMS);
        let name = self.state.fresh(stem);
        let ty = if self.options.closures && self.chance(12) {
            Ty::Fn(vec![Ty::Int], Box::new(Ty::Int))
        } else {
            self.data(module, order, 1)
        };
        self.require_types(module, &ty);
        let annotated = self.chance(40);
        let mut scope = Scope { module, order, locals: Vec::new() };
        let body = self.expr(&mut scope, &ty, 2);
        let symbol = self.state.new_symbol(name, module);
        Item::Value(ValueDef { symbol, public: false, ty, annotated, body, order })
    }

    fn const_item(&mut self, module: ModuleId) -> Item {
        let order = self.next_order();
        let stem = if self.chance(70) { "MAX" } else { "unit" };
        let name = self.state.fresh(stem);
        let (ty, literal) = match self.rng.u32(0..4) {
            0 | 1 => (Ty::Int, Expr::Int(self.rng.i64(0..100))),
            2 => (Ty::Str, Expr::Str(self.stem(WORDS).to_owned())),
            _ => (Ty::Bool, Expr::Bool(self.rng.bool())),
        };
        let symbol = self.state.new_symbol(name, module);
        Item::Const(ConstDef { symbol, public: false, ty, literal, order })
    }

    fn trait_item(&mut self, module: ModuleId) -> Item {
        let order = self.next_order();
        let name = self.state.fresh("Trait");
        let mut methods = Vec::new();
        for _ in 0..self.rng.usize(1..=2) {
            let name = self.state.fresh("measure");
            let params = if self.chance(40) { vec![self.param(Ty::Int)] } else { Vec::new() };
            let result = self.scalar();
            let locals =
                params.iter().map(|it| Local { name: it.name.clone(), ty: it.ty.clone(), known: true }).collect();
            let mut scope = Scope { module, order, locals };
            let default = if self.chance(30) { Some(self.expr(&mut scope, &result, 1)) } else { None };
            methods.push(TraitMethod { name, params, result, default });
        }
        let symbol = self.state.new_symbol(name, module);
        Item::Trait(TraitDef { symbol, public: true, methods, order })
    }

    /// An implementation in `module` of a trait it can see, for a type it can see, that does not exist yet.
    pub(crate) fn impl_item(&mut self, module: ModuleId) -> Option<Item> {
        let mut pairs = Vec::new();
        for (_, item) in self.state.items() {
            let Item::Trait(of) = item else { continue };
            for (_, item) in self.state.items() {
                let Item::Type(def) = item else { continue };
                let taken = self.state.items().any(
                    |(_, item)| matches!(item, Item::Impl(it) if it.of_trait == of.symbol && it.for_type == def.symbol),
                );
                let plain = def.generics == 0 && !matches!(def.kind, TypeKind::Alias(_)) && def.order < of.order;
                if plain
                    && !taken
                    && self.can_use(module, of.symbol, true)
                    && self.usable(module, &Ty::Named(def.symbol, Vec::new()))
                {
                    pairs.push((of.symbol, def.symbol));
                }
            }
        }
        let (of_trait, for_type) = self.pick(&pairs)?;
        let Some(Item::Trait(def)) = self.state.item(of_trait).cloned() else { return None };
        self.require(module, of_trait, true);
        self.require(module, for_type, true);
        let mut methods = Vec::new();
        for method in &def.methods {
            if method.default.is_some() && self.chance(50) {
                continue;
            }
            let mut locals: Vec<Local> = method
                .params
                .iter()
                .map(|it| Local { name: it.name.clone(), ty: it.ty.clone(), known: true })
                .collect();
            locals.push(Local { name: "self".to_owned(), ty: Ty::Named(for_type, Vec::new()), known: true });
            let mut scope = Scope { module, order: def.order, locals };
            methods.push((method.name.clone(), self.expr(&mut scope, &method.result, 2)));
        }
        Some(Item::Impl(ImplDef { of_trait, for_type, methods }))
    }

    fn param(&mut self, ty: Ty) -> Param {
        Param { name: self.local_name(&ty), ty, default: None, small: false }
    }

    pub(crate) fn function_item(&mut self, module: ModuleId) -> Item {
        let order = self.next_order();
        let stem = self.stem(FUNCTION_STEMS);
        let name = self.state.fresh(stem);
        let function = match self.rng.u32(0..100) {
            0..16 if self.options.generics => self.generic_function(module, order),
            16..26 => self.countdown(module, order),
            26..37 => self.list_walk(module, order),
            37..55 => self.clauses(module, order),
            _ => self.single(module, order),
        };
        let symbol = self.state.new_symbol(name, module);
        Item::Fn(with_symbol(function, symbol))
    }

    fn blank_function(&mut self, params: Vec<Param>, result: Ty, annotation: Annotation, order: u32) -> FnDef {
        FnDef {
            symbol: UNNAMED,
            public: false,
            generics: 0,
            generic_style: if self.chance(70) { GenericStyle::Declared } else { GenericStyle::Implicit },
            params,
            result,
            annotation,
            shape: Shape::Single(Expr::None),
            body_below: self.chance(15),
            order,
        }
    }

    fn annotation(&mut self) -> Annotation {
        match self.rng.u32(0..100) {
            0..40 => Annotation::Full,
            40..75 => Annotation::None,
            75..90 => Annotation::Params,
            _ => Annotation::Result,
        }
    }

    fn body_scope(&self, module: ModuleId, function: &FnDef) -> Scope {
        let known = function.annotation.params();
        let locals = function
            .params
            .iter()
            .map(|param| Local { name: param.name.clone(), ty: param.ty.clone(), known })
            .collect();
        Scope { module, order: function.order, locals }
    }

    fn single(&mut self, module: ModuleId, order: u32) -> FnDef {
        let mut params = Vec::new();
        for _ in 0..self.rng.usize(0..=3) {
            let ty = if self.options.closures && self.chance(12) {
                Ty::Fn(vec![Ty::Int], Box::new(self.scalar()))
            } else {
                self.data(module, order, 2)
            };
            self.require_types(module, &ty);
            params.push(self.param(ty));
        }
        let result = self.data(module, order, 2);
        self.require_types(module, &result);
        if self.options.defaults
            && self.chance(20)
            && let Some(last) = params.last_mut()
            && last.ty.is_scalar()
        {
            let mut scope = Scope { module, order, locals: Vec::new() };
            last.default = Some(self.leaf(&mut scope, &last.ty.clone(), 0));
        }
        let annotation = self.annotation();
        let mut function = self.blank_function(params, result, annotation, order);
        let mut scope = self.body_scope(module, &function);
        function.shape = Shape::Single(self.expr(&mut scope, &function.result.clone(), FUEL));
        function
    }

    fn generic_function(&mut self, module: ModuleId, order: u32) -> FnDef {
        let generics = self.rng.u8(1..=2);
        // A parameter of each type, so that bodies can always produce one.
        let mut params: Vec<Param> = (0..generics).map(|n| self.param(Ty::Var(n))).collect();
        for _ in 0..self.rng.usize(0..=2) {
            let n = self.rng.u8(0..generics);
            let ty = match self.rng.u32(0..5) {
                0 => Ty::list(Ty::Var(n)),
                1 if self.options.closures => Ty::Fn(vec![Ty::Var(n)], Box::new(Ty::Var(0))),
                2 => Ty::Bool,
                3 => Ty::Option(Box::new(Ty::Var(n))),
                _ => Ty::Var(n),
            };
            params.push(self.param(ty));
        }
        let last = Ty::Var(generics - 1);
        let result = match self.rng.u32(0..5) {
            0 => Ty::list(Ty::Var(0)),
            1 => Ty::Tuple(vec![last, Ty::Var(0)]),
            2 => Ty::Option(Box::new(last)),
            _ => Ty::Var(0),
        };
        let annotation = if self.chance(50) { Annotation::Full } else { Annotation::None };
        let mut function = self.blank_function(params, result, annotation, order);
        function.generics = generics;
        let mut scope = self.body_scope(module, &function);
        let body = self.expr(&mut scope, &function.result.clone(), 2);
        function.shape = Shape::Single(match self.chance(30) {
            true => {
                let other = self.leaf(&mut scope, &function.result.clone(), 0);
                let asked = Expr::IsInt(self.rng.u8(0..generics));
                Expr::If(Box::new(asked), Box::new(body), Box::new(other))
            }
            false => body,
        });
        function
    }

    fn countdown(&mut self, module: ModuleId, order: u32) -> FnDef {
        let counter = Param { small: true, ..self.param(Ty::Int) };
        let result = match self.rng.u32(0..4) {
            0 | 1 => Ty::Int,
            2 => Ty::Str,
            _ => Ty::list(self.scalar()),
        };
        let mut params = vec![counter];
        if self.chance(40) {
            let ty = self.scalar();
            params.push(self.param(ty));
        }
        let tail = self.chance(35);
        if tail {
            params.push(self.param(result.clone()));
        }
        let annotation = self.annotation();
        let mut function = self.blank_function(params, result, annotation, order);
        let mut scope = self.body_scope(module, &function);
        let accumulator = function.params.last().filter(|_| tail).map(|param| param.name.clone());
        let (base, step, combine) = self.base_and_step(&mut scope, &function.result.clone(), accumulator);
        // The symbol is not known yet; `function_item` puts the function itself here.
        function.shape = Shape::Countdown { base, step, next: UNNAMED, combine };
        function
    }

    fn list_walk(&mut self, module: ModuleId, order: u32) -> FnDef {
        let element = self.data(module, order, 1);
        self.require_types(module, &element);
        let result = match self.rng.u32(0..4) {
            0 | 1 => Ty::Int,
            2 => Ty::Str,
            _ => Ty::list(self.scalar()),
        };
        let mut params = vec![self.param(Ty::list(element.clone()))];
        let tail_call = self.chance(35);
        if tail_call {
            params.push(self.param(result.clone()));
        }
        let annotation = if self.chance(60) { Annotation::None } else { Annotation::Result };
        let mut function = self.blank_function(params, result, annotation, order);
        let mut scope = self.body_scope(module, &function);
        scope.locals.remove(0);
        let head = self.local_name(&element);
        let tail = self.local_name(&Ty::list(element.clone()));
        let base_scope = scope.clone();
        scope.locals.push(Local { name: head.clone(), ty: element, known: false });
        let accumulator = function.params.last().filter(|_| tail_call).map(|param| param.name.clone());
        let (_, step, combine) = self.base_and_step(&mut scope, &function.result.clone(), accumulator);
        let base = self.expr(&mut base_scope.clone(), &function.result.clone(), 1);
        function.shape = Shape::ListWalk { base, step, head, tail, combine };
        function
    }

    /// `accumulator`: the last parameter, for a function whose recursion is its whole result.
    fn base_and_step(&mut self, scope: &mut Scope, result: &Ty, accumulator: Option<String>) -> (Expr, Expr, Combine) {
        let base = self.expr(scope, result, 1);
        let Some(accumulator) = accumulator.map(Expr::Local) else {
            let (step, combine) = match result {
                Ty::Str => (Ty::Str, Combine::Append),
                Ty::List(element) => ((**element).clone(), Combine::Cons),
                _ => (Ty::Int, Combine::Add),
            };
            return (base, self.expr(scope, &step, 2), combine);
        };
        // It may be used once only, or texts and lists grow beyond all bounds.
        let step = match result {
            Ty::Str => {
                let word = Expr::Str(self.stem(WORDS).to_owned());
                Expr::Binary("++", Box::new(accumulator), Box::new(word))
            }
            Ty::List(element) => Expr::List(vec![self.literal(scope, element, 0)], Some(Box::new(accumulator))),
            _ => self.expr(scope, result, 2),
        };
        (base, step, Combine::Tail)
    }

    fn clauses(&mut self, module: ModuleId, order: u32) -> FnDef {
        let ty = self.data(module, order, 2);
        self.require_types(module, &ty);
        let mut params = vec![self.param(ty.clone())];
        if self.chance(50) {
            let ty = self.data(module, order, 1);
            self.require_types(module, &ty);
            params.push(self.param(ty));
        }
        let result = self.data(module, order, 1);
        self.require_types(module, &result);
        let annotation = if self.chance(60) { Annotation::None } else { Annotation::Result };
        let mut function = self.blank_function(params, result, annotation, order);
        let mut scope = self.body_scope(module, &function);
        scope.locals.remove(0);
        let rest: Vec<Pat> = function.params[1..].iter().map(|param| Pat::Bind(param.name.clone())).collect();
        let result = function.result.clone();
        let mut clauses = Vec::new();
        for arm in self.arms(&mut scope, &ty, &result, 2, true) {
            let patterns = [arm.pattern].into_iter().chain(rest.clone()).collect();
            clauses.push(Clause { patterns, guard: arm.guard, body: arm.body });
        }
        function.shape = Shape::Clauses(clauses);
        function
    }

    // --- expressions ---------------------------------------------------------------------------------------------

    /// A random expression of type `ty`.
    pub(crate) fn expr(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Expr {
        let ty = self.state.expand(ty);
        if fuel == 0 {
            return self.leaf(scope, &ty, 0);
        }
        for _ in 0..4 {
            let made = match self.rng.u32(0..100) {
                0..18 => Some(self.leaf(scope, &ty, fuel - 1)),
                18..46 => self.call(scope, &ty, fuel - 1),
                46..53 => {
                    let condition = self.expr(scope, &Ty::Bool, fuel - 1);
                    let yes = self.expr(scope, &ty, fuel - 1);
                    let no = self.expr(scope, &ty, fuel - 1);
                    Some(Expr::If(Box::new(condition), Box::new(yes), Box::new(no)))
                }
                53..63 => self.match_expr(scope, &ty, fuel - 1),
                63..70 => Some(self.block(scope, &ty, fuel - 1)),
                70..78 => self.projection(scope, &ty, fuel - 1),
                _ => self.operator(scope, &ty, fuel - 1),
            };
            if let Some(expr) = made {
                return expr;
            }
        }
        self.leaf(scope, &ty, fuel - 1)
    }

    fn is(&self, have: &Ty, want: &Ty) -> bool {
        self.state.expand(have) == *want
    }

    /// A local, a module value, or a literal.
    fn leaf(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Expr {
        let ty = &self.state.expand(ty);
        if self.chance(70) {
            let locals: Vec<String> =
                scope.locals.iter().filter(|local| self.is(&local.ty, ty)).map(|local| local.name.clone()).collect();
            if let Some(name) = self.pick(&locals) {
                return Expr::Local(name);
            }
        }
        if self.chance(40) {
            let values: Vec<SymbolId> = self
                .state
                .items()
                .filter_map(|(_, item)| match item {
                    Item::Value(it) if it.order < scope.order && self.is(&it.ty, ty) => Some(it.symbol),
                    Item::Const(it) if it.order < scope.order && self.is(&it.ty, ty) => Some(it.symbol),
                    _ => None,
                })
                .filter(|&symbol| self.can_use(scope.module, symbol, false))
                .collect();
            if let Some(symbol) = self.pick(&values) {
                self.require(scope.module, symbol, false);
                return Expr::Value(symbol);
            }
        }
        self.literal(scope, ty, fuel)
    }

    /// A value written out; type parameters come from the scope.
    pub(crate) fn literal(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Expr {
        match self.state.expand(ty) {
            Ty::Int => Expr::Int(self.rng.i64(-9..100)),
            Ty::Float => Expr::Float(format!("{}.{}", self.rng.u32(0..20), self.rng.u32(0..100))),
            Ty::Bool => Expr::Bool(self.rng.bool()),
            Ty::Str => Expr::Str(self.stem(WORDS).to_owned()),
            Ty::Char => Expr::Char(self.rng.char('a'..='z')),
            Ty::List(element) => {
                let count = self.rng.usize(0..=3);
                Expr::List((0..count).map(|_| self.leaf(scope, &element, fuel)).collect(), None)
            }
            Ty::Option(_) if self.chance(30) => Expr::None,
            Ty::Option(inner) => Expr::Some(Box::new(self.leaf(scope, &inner, fuel))),
            Ty::Tuple(parts) => Expr::Tuple(parts.iter().map(|part| self.leaf(scope, part, fuel)).collect()),
            Ty::Named(symbol, args) => self.construct(scope, symbol, &args, fuel),
            Ty::Fn(params, result) => self.lambda(scope, &params, &result, fuel.min(1)),
            Ty::Var(_) => {
                let found = scope.locals.iter().find(|local| local.ty == *ty);
                found.map_or(Expr::Int(0), |local| Expr::Local(local.name.clone()))
            }
        }
    }

    fn construct(&mut self, scope: &mut Scope, symbol: SymbolId, args: &[Ty], fuel: u32) -> Expr {
        self.require(scope.module, symbol, true);
        let Some(def) = self.state.type_def(symbol).cloned() else { return Expr::None };
        let arguments: Vec<Option<Ty>> = args.iter().cloned().map(Some).collect();
        let (name, fields) = match &def.kind {
            TypeKind::Record(fields) => (self.state.symbol(symbol).name.clone(), fields.clone()),
            TypeKind::Variant(constructors) => {
                // With no fuel left only those that do not recurse; there always is one.
                let ends = |it: &&Constructor| {
                    fuel > 0 || !it.fields.iter().any(|field| matches!(&field.ty, Ty::Named(of, _) if *of == symbol))
                };
                let fitting: Vec<Constructor> = constructors.iter().filter(ends).cloned().collect();
                match self.pick(&fitting) {
                    Some(chosen) => (chosen.name, chosen.fields),
                    None => return Expr::None,
                }
            }
            TypeKind::Alias(_) => return Expr::None,
        };
        let record = matches!(def.kind, TypeKind::Record(_));
        let named = record && self.chance(35);
        let mut filled: Vec<Arg> = fields
            .iter()
            .map(|field| {
                let value = self.leaf(scope, &field.ty.substitute(&arguments), fuel.saturating_sub(1));
                Arg { name: named.then(|| field.name.clone()), value }
            })
            .collect();
        if named && self.chance(50) {
            filled.reverse();
        }
        Expr::Construct { of: symbol, name, args: filled }
    }

    fn lambda(&mut self, scope: &mut Scope, params: &[Ty], result: &Ty, fuel: u32) -> Expr {
        let mut inner = scope.clone();
        let mut patterns = Vec::new();
        for ty in params {
            match ty {
                Ty::Tuple(parts) if params.len() == 1 && self.chance(50) => {
                    let plans: Vec<PatPlan> = parts.iter().map(|part| self.binding(part)).collect();
                    inner.locals.extend(plans.iter().flat_map(|plan| plan.locals.clone()));
                    patterns.push(Pat::Tuple(plans.into_iter().map(|plan| plan.pattern).collect()));
                }
                _ => {
                    let plan = self.binding(ty);
                    inner.locals.extend(plan.locals);
                    patterns.push(plan.pattern);
                }
            }
        }
        let body = self.expr(&mut inner, result, fuel);
        Expr::Lambda(patterns, Box::new(body))
    }

    /// A variable for a value of type `ty`, or `_`.
    fn binding(&mut self, ty: &Ty) -> PatPlan {
        if self.chance(10) {
            return PatPlan { pattern: Pat::Wild, locals: Vec::new() };
        }
        self.variable(ty)
    }

    fn variable(&mut self, ty: &Ty) -> PatPlan {
        let name = self.local_name(ty);
        let local = Local { name: name.clone(), ty: ty.clone(), known: false };
        PatPlan { pattern: Pat::Bind(name), locals: vec![local] }
    }

    /// A function value: a lambda, or a function of exactly this type.
    fn function_value(&mut self, scope: &mut Scope, params: &[Ty], result: &Ty, fuel: u32) -> Expr {
        if self.chance(25) {
            let fitting: Vec<SymbolId> = self
                .state
                .functions()
                .filter(|it| it.order < scope.order && it.generics == 0 && it.params.len() == params.len())
                .filter(|it| it.params.iter().zip(params).all(|(have, want)| !have.small && self.is(&have.ty, want)))
                .filter(|it| self.is(&it.result, result))
                .map(|it| it.symbol)
                .filter(|&symbol| self.can_use(scope.module, symbol, false))
                .collect();
            if let Some(symbol) = self.pick(&fitting)
                && self.costs.of(self.state, symbol) < CALL_COST / 10
            {
                self.require(scope.module, symbol, false);
                return Expr::FnRef(symbol);
            }
        }
        self.lambda(scope, params, result, fuel)
    }

    fn callable(&self, scope: &Scope, symbol: SymbolId, arguments: &[Option<Ty>]) -> bool {
        let Some(function) = self.state.function(symbol) else { return false };
        self.can_use(scope.module, symbol, false)
            && function.params.iter().all(|param| self.usable(scope.module, &param.ty.substitute(arguments)))
    }

    /// A call of a definition of lower order.
    fn call(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Option<Expr> {
        let mut candidates = Vec::new();
        for function in self.state.functions().filter(|it| it.order < scope.order) {
            let mut arguments = vec![None; usize::from(function.generics)];
            if unify(&function.result, ty, &mut arguments) {
                candidates.push((function.symbol, arguments));
            }
        }
        for _ in 0..3 {
            let (symbol, mut arguments) = self.pick(&candidates)?;
            for argument in arguments.iter_mut().filter(|argument| argument.is_none()) {
                *argument = Some(self.scalar());
            }
            if self.callable(scope, symbol, &arguments) && self.costs.of(self.state, symbol) < CALL_COST {
                return Some(self.call_to(scope, symbol, &arguments, fuel));
            }
        }
        None
    }

    /// A call of `symbol` with random arguments.
    fn call_to(&mut self, scope: &mut Scope, symbol: SymbolId, arguments: &[Option<Ty>], fuel: u32) -> Expr {
        self.require(scope.module, symbol, false);
        let params = self.state.function(symbol).map(|it| it.params.clone()).unwrap_or_default();
        let mut args = Vec::new();
        let mut names = false;
        let nameable = self.options.named_args && self.chance(20);
        for (index, param) in params.iter().enumerate() {
            if param.default.is_some() && self.chance(50) {
                names = true;
                continue;
            }
            let value = self.argument(scope, param, arguments, fuel);
            names |= nameable && index + 1 == params.len() && index > 0;
            args.push(Arg { name: names.then(|| param.name.clone()), value });
        }
        // Clauses with patterns have no parameter names to use.
        if let Some(function) = self.state.function(symbol)
            && !matches!(function.shape, Shape::Single(_))
        {
            args.iter_mut().for_each(|arg| arg.name = None);
        }
        Expr::Call(symbol, args)
    }

    pub(crate) fn argument(&mut self, scope: &mut Scope, param: &Param, arguments: &[Option<Ty>], fuel: u32) -> Expr {
        if param.small {
            return if self.chance(60) {
                Expr::Int(self.rng.i64(0..7))
            } else {
                Expr::Divide("%", Box::new(self.expr(scope, &Ty::Int, fuel.min(1))), 7)
            };
        }
        let ty = self.state.expand(&param.ty.substitute(arguments));
        self.require_types(scope.module, &ty);
        match &ty {
            Ty::Fn(params, result) => self.function_value(scope, params, result, fuel.min(1)),
            ty => self.expr(scope, ty, fuel),
        }
    }

    fn match_expr(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Option<Expr> {
        let mut locals: Vec<Local> = scope.locals.clone();
        locals.retain(|local| local.ty.is_data() && self.usable(scope.module, &local.ty));
        let (scrutinee, of) = match self.pick(&locals) {
            Some(local) => (Expr::Local(local.name), local.ty),
            None => {
                let of = self.data(scope.module, scope.order, 1);
                (self.call(scope, &of, fuel.min(1))?, of)
            }
        };
        let arms = self.arms(scope, &of, ty, fuel, false);
        Some(Expr::Match(Box::new(scrutinee), arms))
    }

    /// Arms that together cover `of`. `clause`: for the parameter of a function.
    fn arms(&mut self, scope: &mut Scope, of: &Ty, result: &Ty, fuel: u32, clause: bool) -> Vec<Arm> {
        self.require_types(scope.module, of);
        let of = self.state.expand(of);
        let plans = self.plans(scope.module, &of, clause);
        let last = plans.len() - 1;
        // A guard opens a hole that only an arm for everything closes.
        let closed = matches!(plans[last].pattern, Pat::Bind(_) | Pat::Wild);
        let mut arms = Vec::new();
        for (index, plan) in plans.into_iter().enumerate() {
            let mut inner = scope.clone();
            inner.locals.extend(plan.locals);
            let guard = if index < last && closed && self.chance(18) {
                Some(self.expr(&mut inner, &Ty::Bool, 1))
            } else {
                None
            };
            let body = self.expr(&mut inner, result, fuel.min(2));
            arms.push(Arm { pattern: plan.pattern, guard, body });
        }
        arms
    }

    /// Patterns for `of`, the last ones covering what the first leave open.
    fn plans(&mut self, module: ModuleId, of: &Ty, clause: bool) -> Vec<PatPlan> {
        let fixed = |pattern| PatPlan { pattern, locals: Vec::new() };
        match of {
            Ty::Int => {
                let mut plans = vec![fixed(Pat::Int(self.rng.i64(-2..4)))];
                if !clause && self.chance(30) {
                    let from = self.rng.i64(-5..5);
                    plans.push(fixed(Pat::Range { from, to: from + 4, inclusive: self.rng.bool() }));
                }
                if !clause && self.chance(25) {
                    plans.push(fixed(Pat::Or(vec![Pat::Int(7), Pat::Int(self.rng.i64(8..20))])));
                }
                plans.push(self.binding(of));
                plans
            }
            Ty::Str => vec![fixed(Pat::Str(WORDS[self.rng.usize(0..6)].to_owned())), self.binding(of)],
            Ty::Char => vec![fixed(Pat::Char(self.rng.char('a'..='f'))), self.binding(of)],
            Ty::Bool => vec![fixed(Pat::Bool(true)), fixed(Pat::Bool(false))],
            Ty::List(element) => {
                let mut plans = vec![fixed(Pat::List(Vec::new(), None))];
                if self.chance(30) {
                    let one = self.binding(element);
                    plans.push(PatPlan { pattern: Pat::List(vec![one.pattern], None), locals: one.locals });
                }
                let heads: Vec<PatPlan> = (0..self.rng.usize(1..=2)).map(|_| self.binding(element)).collect();
                let tail = self.binding(of);
                let two = heads.len() == 2;
                let locals = heads.iter().flat_map(|head| head.locals.clone()).chain(tail.locals).collect();
                let heads = heads.into_iter().map(|head| head.pattern).collect();
                plans.push(PatPlan { pattern: Pat::List(heads, Some(Box::new(tail.pattern))), locals });
                if two {
                    plans.push(fixed(Pat::Wild));
                }
                plans
            }
            Ty::Option(inner) => {
                let inner = self.binding(inner);
                vec![PatPlan { pattern: Pat::Some(Box::new(inner.pattern)), locals: inner.locals }, fixed(Pat::None)]
            }
            Ty::Tuple(parts) => {
                let mut plans = Vec::new();
                if let Some(Ty::Int) = parts.first()
                    && self.chance(40)
                {
                    let mut patterns = vec![Pat::Wild; parts.len()];
                    patterns[0] = Pat::Int(self.rng.i64(0..5));
                    plans.push(fixed(Pat::Tuple(patterns)));
                }
                let bound: Vec<PatPlan> = parts.iter().map(|part| self.binding(part)).collect();
                let locals = bound.iter().flat_map(|plan| plan.locals.clone()).collect();
                let patterns = bound.into_iter().map(|plan| plan.pattern).collect();
                plans.push(PatPlan { pattern: Pat::Tuple(patterns), locals });
                plans
            }
            Ty::Named(symbol, args) => self.constructor_plans(module, *symbol, args),
            Ty::Float | Ty::Fn(..) | Ty::Var(_) => vec![self.variable(of)],
        }
    }

    fn constructor_plans(&mut self, module: ModuleId, symbol: SymbolId, args: &[Ty]) -> Vec<PatPlan> {
        self.require(module, symbol, true);
        let arguments: Vec<Option<Ty>> = args.iter().cloned().map(Some).collect();
        let Some(def) = self.state.type_def(symbol).cloned() else {
            return vec![PatPlan { pattern: Pat::Wild, locals: Vec::new() }];
        };
        match def.kind {
            TypeKind::Record(fields) => {
                let name = self.state.symbol(symbol).name.clone();
                vec![self.constructor_plan(symbol, name, &fields, true, &arguments)]
            }
            TypeKind::Variant(constructors) => {
                let covered = if self.chance(30) { self.rng.usize(1..=constructors.len()) } else { constructors.len() };
                let mut plans: Vec<PatPlan> = constructors[..covered]
                    .iter()
                    .map(|it| self.constructor_plan(symbol, it.name.clone(), &it.fields, it.named, &arguments))
                    .collect();
                if covered < constructors.len() {
                    plans.push(PatPlan { pattern: Pat::Wild, locals: Vec::new() });
                }
                plans
            }
            TypeKind::Alias(_) => vec![PatPlan { pattern: Pat::Wild, locals: Vec::new() }],
        }
    }

    fn constructor_plan(
        &mut self,
        of: SymbolId,
        name: String,
        fields: &[Field],
        named: bool,
        arguments: &[Option<Ty>],
    ) -> PatPlan {
        let mut locals = Vec::new();
        let fields = if named && !fields.is_empty() && self.chance(35) {
            let mut chosen = Vec::new();
            for field in fields {
                if self.chance(60) {
                    let plan = self.variable(&field.ty.substitute(arguments));
                    locals.extend(plan.locals);
                    chosen.push((field.name.clone(), plan.pattern));
                }
            }
            let rest = chosen.len() < fields.len();
            PatFields::Braces { fields: chosen, rest }
        } else {
            let mut patterns = Vec::new();
            for field in fields {
                let plan = self.binding(&field.ty.substitute(arguments));
                locals.extend(plan.locals);
                patterns.push(plan.pattern);
            }
            PatFields::Positional(patterns)
        };
        PatPlan { pattern: Pat::Constructor { of, name, fields }, locals }
    }

    fn block(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Expr {
        let mut inner = scope.clone();
        let mut statements = Vec::new();
        for _ in 0..self.rng.usize(1..=2) {
            match self.rng.u32(0..100) {
                0..15 if self.options.closures => {
                    let name = self.state.fresh("step");
                    let param = self.local_name(&Ty::Int);
                    let result = self.scalar();
                    let mut body_scope = inner.clone();
                    body_scope.locals.push(Local { name: param.clone(), ty: Ty::Int, known: false });
                    let body = self.expr(&mut body_scope, &result, fuel.min(1));
                    statements.push(Stmt::LocalFn(name.clone(), vec![param], body));
                    let ty = Ty::Fn(vec![Ty::Int], Box::new(result));
                    inner.locals.push(Local { name, ty, known: true });
                }
                15..25 => {
                    let parts = vec![self.scalar(), self.scalar()];
                    let plans: Vec<PatPlan> = parts.iter().map(|part| self.variable(part)).collect();
                    let value = self.expr(&mut inner, &Ty::Tuple(parts), fuel.min(1));
                    inner.locals.extend(plans.iter().flat_map(|plan| plan.locals.clone()));
                    let pattern = Pat::Tuple(plans.into_iter().map(|plan| plan.pattern).collect());
                    statements.push(Stmt::Let(pattern, None, value));
                }
                _ => {
                    let ty = self.data(scope.module, scope.order, 1);
                    self.require_types(scope.module, &ty);
                    let value = self.expr(&mut inner, &ty, fuel.min(2));
                    let annotated = self.chance(25);
                    let known = annotated || self.known(&inner, &value);
                    let name = self.local_name(&ty);
                    inner.locals.push(Local { name: name.clone(), ty: ty.clone(), known });
                    statements.push(Stmt::Let(Pat::Bind(name), annotated.then_some(ty), value));
                }
            }
        }
        let result = self.expr(&mut inner, ty, fuel);
        Expr::Block(statements, Box::new(result))
    }

    /// A part of a local: tuple component, record field, result of a closure.
    fn projection(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Option<Expr> {
        let mut found = Vec::new();
        let deferred = self.options.deferred && self.chance(15);
        for local in &scope.locals {
            let base = || Box::new(Expr::Local(local.name.clone()));
            match self.state.expand(&local.ty) {
                Ty::Tuple(parts) if local.known || deferred => {
                    for (index, part) in parts.iter().enumerate() {
                        if self.is(part, ty) {
                            found.push((Expr::TupleGet(base(), index), Vec::new()));
                        }
                    }
                }
                Ty::Named(symbol, args) if local.known || deferred => {
                    let Some(TypeDef { kind: TypeKind::Record(fields), .. }) = self.state.type_def(symbol) else {
                        continue;
                    };
                    let args: Vec<Option<Ty>> = args.into_iter().map(Some).collect();
                    for field in fields {
                        if self.is(&field.ty.substitute(&args), ty) {
                            found.push((Expr::Field(base(), field.name.clone()), Vec::new()));
                        }
                    }
                }
                Ty::Fn(params, result) if self.is(&result, ty) => {
                    found.push((Expr::CallLocal(local.name.clone(), Vec::new()), params));
                }
                _ => {}
            }
        }
        match self.pick(&found)? {
            (Expr::CallLocal(name, _), params) => {
                let args = params.iter().map(|param| self.expr(scope, param, fuel.min(1))).collect();
                Some(Expr::CallLocal(name, args))
            }
            (expr, _) => Some(expr),
        }
    }

    /// Is the type of the expression clear to the checker without looking at its uses?
    fn known(&self, scope: &Scope, expr: &Expr) -> bool {
        match expr {
            Expr::Int(_) | Expr::Float(_) | Expr::Bool(_) | Expr::Str(_) | Expr::Char(_) => true,
            Expr::Local(name) => scope.locals.iter().any(|local| local.name == *name && local.known),
            Expr::Value(symbol) => {
                matches!(self.state.item(*symbol), Some(Item::Const(_)))
                    || matches!(self.state.item(*symbol), Some(Item::Value(value)) if value.annotated)
            }
            Expr::Call(symbol, args) => self.state.function(*symbol).is_some_and(|function| {
                (function.annotation == Annotation::Full && function.generics == 0)
                    || args.iter().all(|arg| self.known(scope, &arg.value))
            }),
            Expr::List(elements, None) => {
                !elements.is_empty() && elements.iter().all(|element| self.known(scope, element))
            }
            Expr::Construct { .. } | Expr::Update { .. } => true,
            Expr::Tuple(parts) => parts.iter().all(|part| self.known(scope, part)),
            Expr::TupleGet(base, _) | Expr::Field(base, _) => self.known(scope, base),
            _ => false,
        }
    }

    /// `receiver.name(rest)` where the receiver's type is clear, `name(receiver, rest)` otherwise.
    fn library(&mut self, scope: &Scope, name: &'static str, args: Vec<Expr>) -> Expr {
        let known = self.known(scope, &args[0]) || (self.options.deferred && self.chance(10));
        Expr::Library { name, method: known && self.chance(75), args }
    }

    /// Something specific to the type: operators, library functions, updates, trait methods.
    fn operator(&mut self, scope: &mut Scope, ty: &Ty, fuel: u32) -> Option<Expr> {
        if self.options.traits
            && self.chance(25)
            && let Some(call) = self.trait_call(scope, ty)
        {
            return Some(call);
        }
        let boxed = |expr| Box::new(expr);
        match ty {
            Ty::Int => Some(match self.rng.u32(0..100) {
                0..45 => {
                    let op = ["+", "-", "*"][self.rng.usize(0..3)];
                    let left = self.expr(scope, &Ty::Int, fuel);
                    Expr::Binary(op, boxed(left), boxed(self.expr(scope, &Ty::Int, fuel)))
                }
                45..55 => {
                    let op = if self.rng.bool() { "/" } else { "%" };
                    let left = self.expr(scope, &Ty::Int, fuel);
                    Expr::Divide(op, boxed(left), self.rng.i64(2..10))
                }
                55..70 => {
                    let of = if self.chance(30) { Ty::Str } else { Ty::list(self.scalar()) };
                    let value = self.expr(scope, &of, fuel);
                    self.library(scope, "length", vec![value])
                }
                70..78 => {
                    let list = self.expr(scope, &Ty::list(Ty::Int), fuel);
                    self.library(scope, "sum", vec![list])
                }
                78..90 => {
                    let element = self.scalar();
                    let list = self.expr(scope, &Ty::list(element.clone()), fuel);
                    let start = self.leaf(scope, &Ty::Int, 0);
                    let step = self.function_value(scope, &[Ty::Int, element], &Ty::Int, fuel.min(1));
                    self.library(scope, "fold", vec![list, start, step])
                }
                _ => {
                    let name = ["abs", "min", "max"][self.rng.usize(0..3)];
                    let mut args = vec![self.expr(scope, &Ty::Int, fuel)];
                    if name != "abs" {
                        args.push(self.leaf(scope, &Ty::Int, 0));
                    }
                    Expr::Library { name, method: false, args }
                }
            }),
            Ty::Float => {
                let op = ["+", "-", "*"][self.rng.usize(0..3)];
                let left = self.expr(scope, ty, fuel);
                Some(Expr::Binary(op, boxed(left), boxed(self.leaf(scope, ty, 0))))
            }
            Ty::Bool => Some(match self.rng.u32(0..100) {
                0..50 => {
                    let of = if self.chance(75) { Ty::Int } else { Ty::Str };
                    let op = ["==", "!=", "<", ">", "<=", ">="][self.rng.usize(0..6)];
                    let left = self.expr(scope, &of, fuel);
                    Expr::Binary(op, boxed(left), boxed(self.leaf(scope, &of, 0)))
                }
                50..70 => {
                    let op = if self.rng.bool() { "&&" } else { "||" };
                    let left = self.expr(scope, ty, fuel);
                    Expr::Binary(op, boxed(left), boxed(self.expr(scope, ty, fuel)))
                }
                70..80 => Expr::Not(boxed(self.expr(scope, ty, fuel))),
                80..90 => {
                    let element = self.scalar();
                    let list = self.expr(scope, &Ty::list(element.clone()), fuel);
                    let name = if self.rng.bool() { "any" } else { "all" };
                    let test = self.function_value(scope, &[element], &Ty::Bool, fuel.min(1));
                    self.library(scope, name, vec![list, test])
                }
                _ => {
                    let of = self.data(scope.module, scope.order, 1);
                    self.require_types(scope.module, &of);
                    let left = self.leaf(scope, &of, fuel);
                    Expr::Binary("==", boxed(left), boxed(self.leaf(scope, &of, fuel)))
                }
            }),
            Ty::Str => Some(match self.rng.u32(0..100) {
                0..45 => {
                    // One operand is short: texts must not double from call to call.
                    let word = Expr::Str(self.stem(WORDS).to_owned());
                    let long = self.expr(scope, ty, fuel);
                    let (left, right) = if self.rng.bool() { (word, long) } else { (long, word) };
                    Expr::Binary("++", boxed(left), boxed(right))
                }
                45..55 if self.options.interpolation => {
                    Expr::Interpolate("at".to_owned(), boxed(self.expr(scope, &Ty::Int, 0)))
                }
                _ => {
                    let of = [Ty::Int, Ty::Bool, Ty::Int][self.rng.usize(0..3)].clone();
                    let value = self.expr(scope, &of, fuel);
                    self.library(scope, "show", vec![value])
                }
            }),
            Ty::List(element) => self.list_operator(scope, ty, element, fuel),
            Ty::Named(symbol, _) => {
                let Some(TypeDef { kind: TypeKind::Record(fields), .. }) = self.state.type_def(*symbol).cloned() else {
                    return None;
                };
                let field = self.pick(&fields).filter(|field| field.ty.is_data())?;
                self.require(scope.module, *symbol, true);
                let base = self.expr(scope, ty, fuel.min(1));
                let value = self.leaf(scope, &field.ty, 0);
                let name = self.state.symbol(*symbol).name.clone();
                Some(Expr::Update { of: *symbol, name, base: boxed(base), fields: vec![(field.name, value)] })
            }
            Ty::Char | Ty::Option(_) | Ty::Tuple(_) | Ty::Fn(..) | Ty::Var(_) => None,
        }
    }

    fn list_operator(&mut self, scope: &mut Scope, ty: &Ty, element: &Ty, fuel: u32) -> Option<Expr> {
        Some(match self.rng.u32(0..100) {
            0..30 => {
                let from = self.scalar();
                let list = self.expr(scope, &Ty::list(from.clone()), fuel);
                let each = self.function_value(scope, &[from], element, fuel.min(1));
                self.library(scope, "map", vec![list, each])
            }
            30..50 => {
                let list = self.expr(scope, ty, fuel);
                let test = self.function_value(scope, std::slice::from_ref(element), &Ty::Bool, fuel.min(1));
                self.library(scope, "filter", vec![list, test])
            }
            50..62 => {
                let head = self.leaf(scope, element, 0);
                Expr::List(vec![head], Some(Box::new(self.expr(scope, ty, fuel))))
            }
            62..72 => {
                let left = self.expr(scope, ty, fuel);
                Expr::Binary("++", Box::new(left), Box::new(self.literal(scope, ty, 0)))
            }
            72..82 => {
                let list = self.expr(scope, ty, fuel);
                self.library(scope, "reverse", vec![list])
            }
            82..92 => {
                let name = if self.rng.bool() { "take" } else { "drop" };
                let list = self.expr(scope, ty, fuel);
                let count = Expr::Int(self.rng.i64(0..4));
                self.library(scope, name, vec![list, count])
            }
            _ if *element == Ty::Int => {
                let to = Expr::Int(self.rng.i64(0..6));
                Expr::Library { name: "range", method: false, args: vec![Expr::Int(0), to] }
            }
            _ => return None,
        })
    }

    /// A method of an implemented trait on a value built in place.
    fn trait_call(&mut self, scope: &mut Scope, ty: &Ty) -> Option<Expr> {
        let mut found = Vec::new();
        for (home, item) in self.state.items() {
            let Item::Impl(of) = item else { continue };
            let Some(Item::Trait(def)) = self.state.item(of.of_trait) else { continue };
            let seen = def.public || self.state.symbol(def.symbol).module == scope.module;
            let reached = home == scope.module || def.order < scope.order;
            if seen
                && reached
                && def.order < scope.order
                && self.usable(scope.module, &Ty::Named(of.for_type, Vec::new()))
            {
                for method in def.methods.iter().filter(|method| method.result == *ty) {
                    found.push((of.for_type, method.clone()));
                }
            }
        }
        let (for_type, method) = self.pick(&found)?;
        let receiver = self.construct(scope, for_type, &[], 0);
        let args = method.params.iter().map(|param| self.leaf(scope, &param.ty, 0)).collect();
        Some(Expr::TraitCall { method: method.name, receiver: Box::new(receiver), args })
    }
}

/// Stands for a function that has no symbol yet.
const UNNAMED: SymbolId = SymbolId(u32::MAX);

fn with_symbol(mut function: FnDef, symbol: SymbolId) -> FnDef {
    function.symbol = symbol;
    if let Shape::Countdown { next, .. } = &mut function.shape
        && *next == UNNAMED
    {
        *next = symbol;
    }
    function
}

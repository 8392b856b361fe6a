//! Collects the definitions of one file: an [`ItemTree`] and, beside it, where each definition stands.
//!
//! Input: the syntax tree of a file, also a broken one, and the name of its module. Output: items in source order with
//! nothing resolved, and a [`DefinitionIndex`]. Both come from one traversal, so that a name in the tree always has a
//! place in the index.
//!
//! Invariant: the item tree holds no position and nothing of a body, except which modules the bodies mention.

use std::sync::Arc;

use base_db::{DefKind, DefName, Name};
use rustc_hash::FxHashMap;
use syntax::{
    GreenNode, Leaf, Node, NodeOrToken, Parse, SyntaxKind, SyntaxNode, SyntaxNodePtr, Token, Tree,
    ast::{AstNode, borrowed as ast},
    literal::LiteralValue,
};

use crate::{
    body::{IntWidth, Literal},
    item_tree::{
        ConstItem, FieldItem, FunctionItem, ImplItem, ItemTree, ModuleItems, ParamItem, TraitItem, TypeBody, TypeItem,
        UseDecl, UseKind, ValueItem, VariantFields, VariantItem,
    },
    template::{self, Expansion, Failure, FileDefinitions, Scope},
    type_ref::{TypeParam, TypeRef},
};

/// Where the definitions of one file stand. Changes with every move; never part of a compared value.
#[derive(Debug, Default)]
pub struct DefinitionIndex {
    /// All clauses or blocks of a definition in source order. Of definitions that may occur once only, the first counts.
    pub definitions: FxHashMap<DefName, Vec<SyntaxNodePtr>>,
    /// For each module or block its `use` declarations, in the order of [`ModuleItems::uses`].
    pub uses: FxHashMap<Name, Vec<SyntaxNodePtr>>,
    /// The `module` blocks, all parts.
    pub modules: FxHashMap<Name, Vec<SyntaxNodePtr>>,
    /// Trees of definitions that templates produced, each with its place in the list of `definitions`, which holds the
    /// decorator.
    pub generated: FxHashMap<DefName, Vec<(usize, GreenNode)>>,
}

/// Item tree and index of one file.
#[derive(Debug, Default)]
pub struct Collected {
    /// The items.
    pub tree: Arc<ItemTree>,
    /// Their places.
    pub index: DefinitionIndex,
}

/// The items of a file that defines `module` and knows no other file, with their places.
pub fn lower_items(file: &Parse, module: &Name) -> Collected {
    collect(file, module, &FileDefinitions::of(&file.tree(), module))
}

/// The items of a file that defines `module`, with their places. Templates come from `scope`.
pub(crate) fn collect(file: &Parse, module: &Name, scope: &dyn Scope) -> Collected {
    let mut collector = Collector {
        scope,
        tree: ItemTree::default(),
        index: DefinitionIndex::default(),
        by_path: FxHashMap::default(),
        order: 0,
        origin: None,
        generations: 0,
    };
    let root = collector.module(module.clone());
    if let Some(file) = ast::File::cast(Node::new_root(file.green())) {
        collector.items(root, file.items());
    }
    let Collector { mut tree, index, .. } = collector;
    let mut mentioned = mentions(file.green());
    if !tree.mentions.is_empty() {
        mentioned.append(&mut tree.mentions);
        mentioned.sort_unstable();
        mentioned.dedup();
    }
    tree.mentions = mentioned;
    tree.templates_asked = scope.asked();
    Collected { tree: Arc::new(tree), index }
}

/// How often what a template produces may be decorated again.
const MAX_GENERATIONS: u32 = 8;

struct Collector<'a> {
    /// What templates may use.
    scope: &'a dyn Scope,
    /// Until the end, the mentions in it are those of what templates made.
    tree: ItemTree,
    index: DefinitionIndex,
    by_path: FxHashMap<Name, usize>,
    order: u32,
    /// The decorator that produced the items in progress.
    origin: Option<SyntaxNodePtr>,
    /// How many templates produced them, each from what the one before it had produced.
    generations: u32,
}

impl Collector<'_> {
    fn module(&mut self, path: Name) -> usize {
        let modules = &mut self.tree.modules;
        *self.by_path.entry(path.clone()).or_insert_with(|| {
            modules.push(Arc::new(ModuleItems { path, ..ModuleItems::default() }));
            modules.len() - 1
        })
    }

    fn items<'t>(&mut self, module: usize, items: impl Iterator<Item = ast::Item<'t>>) {
        for item in items {
            self.item(module, &item);
        }
    }

    fn here(&mut self, module: usize) -> &mut ModuleItems {
        Arc::make_mut(&mut self.tree.modules[module])
    }

    /// Notes the place of `def` and says how often it occurred before.
    fn occurrence<'t>(&mut self, def: &DefName, node: &impl AstNode<Node<'t>>) -> u32 {
        let index = &mut self.index;
        let places = index.definitions.entry(def.clone()).or_default();
        match &self.origin {
            Some(origin) => {
                let tree = node.syntax().to_green();
                index.generated.entry(def.clone()).or_default().push((places.len(), tree));
                places.push(*origin);
            }
            None => places.push(SyntaxNodePtr::new(node.syntax())),
        }
        (places.len() - 1) as u32
    }

    /// Applies the decorators of `item`, a definition in `module`.
    fn expand(&mut self, module: usize, item: GreenNode) -> Result<Expansion, Failure> {
        if self.generations >= MAX_GENERATIONS {
            return Err(Failure::new("templates produce decorated definitions without an end"));
        }
        let path = &self.tree.modules[module].path;
        // Templates look around in what they are given, and it may outlive the tree.
        let decorators = SyntaxNode::new_root(item.clone()).children().filter_map(syntax::ast::Decorator::cast);
        let decorators: Vec<syntax::ast::Decorator> = decorators.collect();
        let expansion = template::expand(&item, &decorators, self.scope, path)?;
        // Templates of other files name modules that this text does not.
        self.tree.mentions.extend(mentions(&expansion.item));
        Ok(expansion)
    }

    /// Collects what templates produced for an item whose first decorator is this one.
    fn beside(&mut self, module: usize, decorator: &ast::Decorator, produced: Vec<GreenNode>) {
        let outer = self.origin;
        self.origin.get_or_insert_with(|| SyntaxNodePtr::new(decorator.syntax()));
        self.generations += 1;
        for green in produced {
            self.tree.mentions.extend(mentions(&green));
            if let Some(item) = ast::Item::cast(Node::new_root(&green)) {
                self.item(module, &item);
            }
        }
        self.generations -= 1;
        self.origin = outer;
    }

    /// Like [`Self::occurrence`]; `true` for the first one, later ones are noted as duplicates.
    fn is_first<'t>(&mut self, module: usize, def: &DefName, node: &impl AstNode<Node<'t>>) -> bool {
        let occurrence = self.occurrence(def, node);
        if occurrence > 0 {
            self.here(module).duplicates.push((def.clone(), occurrence));
        }
        occurrence == 0
    }

    fn item(&mut self, module: usize, item: &ast::Item) {
        let path = self.here(module).path.clone();
        match item {
            ast::Item::Module(block) => self.block(module, &path, block),
            ast::Item::Use(decl) => self.use_decl(module, &path, decl),
            ast::Item::Type(def) => self.type_def(module, path, def),
            ast::Item::Trait(def) => self.trait_def(module, path, def),
            ast::Item::Impl(def) => self.impl_def(module, path, def),
            ast::Item::Fn(def) => {
                let Some(name) = def.name() else { return };
                let item = function(&path, DefKind::Function, &Name::default(), &name, &Head::of_fn(def));
                let is_first = self.occurrence(&item.def, def) == 0;
                merge_function(&mut self.here(module).functions, item, is_first);
                // A failure is reported with the body.
                if let Some(decorator) = def.decorators().next()
                    && let Ok(expansion) = self.expand(module, def.syntax().to_green())
                {
                    self.beside(module, &decorator, expansion.beside);
                }
            }
            ast::Item::Template(def) => {
                let Some(name) = def.name() else { return };
                let item = function(&path, DefKind::Template, &Name::default(), &name, &Head::of_template(def));
                let is_first = self.occurrence(&item.def, def) == 0;
                merge_function(&mut self.here(module).templates, item, is_first);
            }
            ast::Item::Mvar(def) => {
                let Some(name) = def.name() else { return };
                let id = DefName::new(path, DefKind::Mvar, name.text().into(), Name::default());
                if self.is_first(module, &id, def) {
                    let ty = def.ty().map(|ty| lower_type(&ty));
                    self.here(module).mvars.push(Arc::new(ValueItem { def: id, public: def.is_pub(), ty }));
                }
            }
            ast::Item::Const(def) => {
                let Some(name) = def.name() else { return };
                let id = DefName::new(path, DefKind::Const, name.text().into(), Name::default());
                if self.is_first(module, &id, def) {
                    let value = def.body().and_then(|value| const_literal(&value));
                    self.here(module).consts.push(Arc::new(ConstItem { def: id, public: def.is_pub(), value }));
                }
            }
            ast::Item::Binding(def) => {
                // Anything but a plain name on the left binds nothing; `validate_items` reports it.
                let Some(ast::Pattern::Name(pattern)) = def.pattern() else { return };
                let Some(name) = pattern.name() else { return };
                let id = DefName::new(path, DefKind::Value, name.text().into(), Name::default());
                if self.is_first(module, &id, def) {
                    let ty = def.ty().map(|ty| lower_type(&ty));
                    self.here(module).values.push(Arc::new(ValueItem { def: id, public: def.is_pub(), ty }));
                }
            }
            ast::Item::Test(def) => {
                let Some(name) = def.name() else { return };
                let text = syntax::literal::string_value(name.text());
                let id = DefName::new(path, DefKind::Test, text.into(), Name::default());
                if self.occurrence(&id, def) == 0 {
                    self.here(module).tests.push(id);
                }
            }
            ast::Item::ExternType(def) => {
                let Some(name) = def.name() else { return };
                let id = DefName::new(path, DefKind::Type, name.text().into(), Name::default());
                if self.is_first(module, &id, def) {
                    self.here(module).types.push(Arc::new(TypeItem {
                        def: id,
                        public: false,
                        mutable: false,
                        reactive: false,
                        params: Vec::new(),
                        body: TypeBody::Opaque,
                        decorators: Vec::new(),
                    }));
                }
            }
            // Foreign functions are read and ignored: nothing can be loaded yet.
            ast::Item::ExternFn(_) => {}
        }
    }

    fn block(&mut self, module: usize, path: &Name, block: &ast::ModuleDef) {
        let Some(name) = block.name() else { return };
        let name = Name::from(name.text());
        let full = join(path, &name);
        if !self.here(module).blocks.contains(&name) {
            self.here(module).blocks.push(name);
        }
        let child = self.module(full.clone());
        self.index.modules.entry(full).or_default().push(SyntaxNodePtr::new(block.syntax()));
        self.items(child, block.items());
    }

    fn use_decl(&mut self, module: usize, path: &Name, decl: &ast::UseDecl) {
        let Some(item) = lower_use(decl) else { return };
        self.here(module).uses.push(item);
        self.index.uses.entry(path.clone()).or_default().push(SyntaxNodePtr::new(decl.syntax()));
    }

    fn type_def(&mut self, module: usize, path: Name, def: &ast::TypeDef) {
        let Some(name) = def.name() else { return };
        let id = DefName::new(path, DefKind::Type, name.text().into(), Name::default());
        if !self.is_first(module, &id, def) {
            return;
        }
        let Some(decorator) = def.decorators().next() else {
            self.type_item(module, id, def);
            return;
        };
        match self.expand(module, def.syntax().to_green()) {
            Ok(expansion) => {
                let expanded = ast::TypeDef::cast(Node::new_root(&expansion.item));
                self.type_item(module, id, expanded.as_ref().unwrap_or(def));
                self.beside(module, &decorator, expansion.beside);
            }
            Err(failure) => {
                self.here(module).failed.push((id.clone(), failure));
                self.type_item(module, id, def);
            }
        }
    }

    fn type_item(&mut self, module: usize, id: DefName, def: &ast::TypeDef) {
        let body = match def.body() {
            Some(ast::TypeBody::Record(list)) => TypeBody::Record(fields(list.fields())),
            Some(ast::TypeBody::Variants(list)) => TypeBody::Variant(list.variants().filter_map(variant).collect()),
            Some(ast::TypeBody::Type(ty)) => TypeBody::Alias(lower_type(&ty)),
            None => TypeBody::Opaque,
        };
        self.here(module).types.push(Arc::new(TypeItem {
            def: id,
            public: def.is_pub(),
            mutable: def.is_var() || def.is_reactive(),
            reactive: def.is_reactive(),
            params: type_params(def.type_params()),
            body,
            decorators: decorators(def.decorators()),
        }));
    }

    fn trait_def(&mut self, module: usize, path: Name, def: &ast::TraitDef) {
        let Some(name) = def.name() else { return };
        let owner = Name::from(name.text());
        let id = DefName::new(path.clone(), DefKind::Trait, owner.clone(), Name::default());
        if !self.is_first(module, &id, def) {
            return;
        }
        let mut methods = Vec::new();
        for method in def.methods() {
            let Some(name) = method.name() else { continue };
            let item = function(&path, DefKind::DefaultMethod, &owner, &name, &Head::of_trait_method(&method));
            let is_first = self.occurrence(&item.def, &method) == 0;
            merge_function(&mut methods, item, is_first);
        }
        self.order += 1;
        let order = self.order;
        self.here(module).traits.push(Arc::new(TraitItem {
            def: id,
            public: def.is_pub(),
            supertraits: def.supertraits().map(|token| token.text().into()).collect(),
            methods,
            order,
        }));
    }

    fn impl_def(&mut self, module: usize, path: Name, def: &ast::ImplDef) {
        let (Some(target), Some(trait_name)) = (def.self_type(), def.trait_name()) else { return };
        let target = lower_type(&target);
        let owner = Name::from(format!("{target}:{}", trait_name.text()));
        let id = DefName::new(path.clone(), DefKind::Impl, owner.clone(), Name::default());
        self.occurrence(&id, def);
        let mut methods = Vec::new();
        for method in def.methods() {
            let Some(name) = method.name() else { continue };
            let item = function(&path, DefKind::Method, &owner, &name, &Head::of_fn(&method));
            let is_first = self.occurrence(&item.def, &method) == 0;
            methods.push((item, is_first));
        }
        let bounds = def
            .bounds()
            .filter_map(|bound| Some(TypeParam { name: bound.name()?.text().into(), bounds: names(bound.bounds()) }));
        self.order += 1;
        let order = self.order;
        let impls = &mut self.here(module).impls;
        let at = impls.iter().position(|item| item.def == id).unwrap_or_else(|| {
            impls.push(Arc::new(ImplItem {
                def: id,
                target,
                trait_name: trait_name.text().into(),
                bounds: Vec::new(),
                methods: Vec::new(),
                rivals: Vec::new(),
                order,
            }));
            impls.len() - 1
        });
        let (above, rest) = impls.split_at_mut(at);
        let item = Arc::make_mut(&mut rest[0]);
        for other in above {
            let shares = |(method, _): &(FunctionItem, bool)| {
                other.methods.iter().any(|known| known.def.name() == method.def.name())
            };
            if other.target == item.target && !item.rivals.contains(&other.def) && methods.iter().any(shares) {
                item.rivals.push(other.def.clone());
            }
        }
        for bound in bounds {
            if !item.bounds.contains(&bound) {
                item.bounds.push(bound);
            }
        }
        for (method, is_first) in methods {
            merge_function(&mut item.methods, method, is_first);
        }
    }
}

/// A `use` as data; `None` without a path.
pub(crate) fn lower_use<N: Tree>(decl: &syntax::ast::UseDecl<N>) -> Option<UseDecl> {
    let mut segments: Vec<N::Leaf> = decl.path()?.segments().collect();
    let text = |token: &N::Leaf| Name::from(token.text());
    let dotted = |segments: &[N::Leaf]| {
        let texts: Vec<&str> = segments.iter().map(Leaf::text).collect();
        Name::from(texts.join("."))
    };
    Some(if decl.is_glob() {
        UseDecl { path: dotted(&segments), kind: UseKind::Star }
    } else if let Some(list) = decl.list() {
        let items = list.items().filter_map(|item| Some((text(&item.name()?), item.alias().as_ref().map(text))));
        UseDecl { path: dotted(&segments), kind: UseKind::List(items.collect()) }
    } else if segments.len() < 2 {
        UseDecl { path: dotted(&segments), kind: UseKind::Bare }
    } else {
        let last = segments.pop()?;
        UseDecl { path: dotted(&segments), kind: UseKind::Single(text(&last), decl.alias().as_ref().map(text)) }
    })
}

/// `module.name`, or the name alone below the root module.
pub(crate) fn join(module: &str, name: &str) -> Name {
    if module.is_empty() { Name::from(name) } else { Name::from(format!("{module}.{name}")) }
}

/// What the kinds of functions have in common.
struct Head<'t> {
    public: bool,
    type_params: Option<ast::TypeParams<'t>>,
    params: Option<ast::ParamList<'t>>,
    result: Option<ast::RetType<'t>>,
    has_body: bool,
    decorators: Vec<Name>,
}

impl<'t> Head<'t> {
    fn of_fn(def: &ast::FnDef<'t>) -> Head<'t> {
        Head {
            public: def.is_pub(),
            type_params: def.type_params(),
            params: def.param_list(),
            result: def.ret_type(),
            has_body: true,
            decorators: decorators(def.decorators()),
        }
    }

    fn of_template(def: &ast::TemplateDef<'t>) -> Head<'t> {
        Head {
            public: false,
            type_params: def.type_params(),
            params: def.param_list(),
            result: def.ret_type(),
            has_body: true,
            decorators: Vec::new(),
        }
    }

    fn of_trait_method(def: &ast::TraitMethod<'t>) -> Head<'t> {
        Head {
            public: true,
            type_params: None,
            params: def.param_list(),
            result: def.ret_type(),
            has_body: def.body().is_some(),
            decorators: Vec::new(),
        }
    }
}

fn function(module: &Name, kind: DefKind, owner: &Name, name: &Token, head: &Head) -> FunctionItem {
    let params: Vec<ParamItem> = head
        .params
        .iter()
        .flat_map(|list| list.params())
        .map(|param| ParamItem {
            name: match param.pattern() {
                Some(ast::Pattern::Name(pattern)) => pattern.name().map(|token| token.text().into()),
                _ => None,
            },
            ty: param.ty().map(|ty| lower_type(&ty)),
            has_default: param.default().is_some(),
        })
        .collect();
    let mut key = String::new();
    for (n, param) in params.iter().enumerate() {
        if n > 0 {
            key.push(',');
        }
        match &param.ty {
            Some(ty) => key.push_str(&ty.to_string()),
            None => key.push('_'),
        }
    }
    FunctionItem {
        def: DefName::owned(module.clone(), kind, owner.clone(), name.text().into(), key.into()),
        public: head.public,
        type_params: type_params(head.type_params.clone()),
        params,
        result: head.result.as_ref().and_then(|ret| ret.ty()).map(|ty| lower_type(&ty)),
        has_body: head.has_body,
        decorators: head.decorators.clone(),
    }
}

/// Adds a clause to the function it belongs to.
fn merge_function(functions: &mut Vec<Arc<FunctionItem>>, clause: FunctionItem, is_first: bool) {
    // Clauses usually follow each other, so the search starts at the end.
    let earlier = if is_first { None } else { functions.iter_mut().rev().find(|item| item.def == clause.def) };
    let Some(item) = earlier else {
        functions.push(Arc::new(clause));
        return;
    };
    let item = Arc::make_mut(item);
    item.public |= clause.public;
    item.has_body |= clause.has_body;
    if item.type_params.is_empty() {
        item.type_params = clause.type_params;
    }
    if item.result.is_none() {
        item.result = clause.result;
    }
    for (param, other) in item.params.iter_mut().zip(clause.params) {
        if param.name.is_none() {
            param.name = other.name;
        }
        param.has_default |= other.has_default;
    }
    for decorator in clause.decorators {
        if !item.decorators.contains(&decorator) {
            item.decorators.push(decorator);
        }
    }
}

fn names(tokens: impl Iterator<Item = impl Leaf>) -> Vec<Name> {
    tokens.map(|token| token.text().into()).collect()
}

fn decorators<'t>(decorators: impl Iterator<Item = ast::Decorator<'t>>) -> Vec<Name> {
    decorators.filter_map(|decorator| Some(decorator.name()?.text().into())).collect()
}

/// Declared type parameters.
pub(crate) fn type_params(params: Option<ast::TypeParams>) -> Vec<TypeParam> {
    params
        .iter()
        .flat_map(|list| list.params())
        .filter_map(|param| Some(TypeParam { name: param.name()?.text().into(), bounds: names(param.bounds()) }))
        .collect()
}

fn fields<'t>(fields: impl Iterator<Item = ast::FieldDef<'t>>) -> Vec<FieldItem> {
    fields
        .filter_map(|field| {
            Some(FieldItem {
                name: field.name()?.text().into(),
                ty: field.ty().map_or(TypeRef::Error, |ty| lower_type(&ty)),
            })
        })
        .collect()
}

fn variant(variant: ast::Variant) -> Option<VariantItem> {
    let fields = if let Some(list) = variant.fields() {
        VariantFields::Named(fields(list.fields()))
    } else if let Some(types) = variant.types() {
        VariantFields::Positional(types.types().map(|ty| lower_type(&ty)).collect())
    } else {
        VariantFields::Unit
    };
    Some(VariantItem { name: variant.name()?.text().into(), fields })
}

/// A written type without its position.
pub fn lower_type<N: Tree>(ty: &syntax::ast::Type<N>) -> TypeRef {
    use syntax::ast;
    match ty {
        ast::Type::Named(named) => {
            let segments: Vec<N::Leaf> = named.segments().collect();
            let path = match segments.as_slice() {
                [] => return TypeRef::Error,
                [single] => Name::from(single.text()),
                many => Name::from(many.iter().map(Leaf::text).collect::<Vec<_>>().join(".")),
            };
            let args = named.type_args().iter().flat_map(|args| args.types()).map(|ty| lower_type(&ty)).collect();
            TypeRef::Named { path, args }
        }
        ast::Type::Fn(function) => TypeRef::Function {
            params: function.params().map(|ty| lower_type(&ty)).collect(),
            result: Box::new(function.ret().map_or(TypeRef::Error, |ty| lower_type(&ty))),
        },
        ast::Type::Unit(_) => TypeRef::Unit,
        ast::Type::Paren(paren) => paren.ty().map_or(TypeRef::Error, |ty| lower_type(&ty)),
        ast::Type::Tuple(tuple) => TypeRef::Tuple(tuple.types().map(|ty| lower_type(&ty)).collect()),
        ast::Type::List(list) => TypeRef::List(Box::new(list.ty().map_or(TypeRef::Error, |ty| lower_type(&ty)))),
        ast::Type::Record(record) => TypeRef::Record(
            record
                .fields()
                .filter_map(|field| {
                    Some((field.name()?.text().into(), field.ty().map_or(TypeRef::Error, |ty| lower_type(&ty))))
                })
                .collect(),
        ),
        ast::Type::Error(_) => TypeRef::Error,
    }
}

/// The literal of a token; `None` when it is out of range or damaged, which the parser has reported.
pub(crate) fn literal(value: Option<LiteralValue>) -> Option<Literal> {
    use syntax::literal::IntSuffix;
    Some(match value? {
        LiteralValue::Int(value) => Literal::Int(value),
        LiteralValue::TypedInt(suffix, value) => {
            let width = match suffix {
                IntSuffix::I8 => IntWidth::I8,
                IntSuffix::I16 => IntWidth::I16,
                IntSuffix::I32 => IntWidth::I32,
                IntSuffix::U8 => IntWidth::U8,
                IntSuffix::U16 => IntWidth::U16,
                IntSuffix::U32 => IntWidth::U32,
                IntSuffix::U64 => IntWidth::U64,
            };
            Literal::Sized(value, width)
        }
        LiteralValue::BigInt(digits) => Literal::BigInt(digits),
        LiteralValue::Float(value) => Literal::Float(value.to_bits()),
        LiteralValue::Float32(value) => Literal::Float32(value.to_bits()),
        LiteralValue::Decimal(digits) => Literal::Decimal(digits),
        LiteralValue::Char(value) => Literal::Char(value),
        LiteralValue::String(value) => Literal::String(value.into()),
        LiteralValue::Bool(value) => Literal::Bool(value),
    })
}

/// The negation of a numeric literal.
pub(crate) fn negated(literal: &Literal) -> Option<Literal> {
    Some(match literal {
        Literal::Int(value) => Literal::Int(value.checked_neg()?),
        Literal::Float(bits) => Literal::Float((-f64::from_bits(*bits)).to_bits()),
        Literal::Float32(bits) => Literal::Float32((-f32::from_bits(*bits)).to_bits()),
        Literal::BigInt(digits) => Literal::BigInt(format!("-{digits}")),
        Literal::Decimal(digits) => Literal::Decimal(format!("-{digits}")),
        _ => return None,
    })
}

/// The value of a constant: a literal, a negated number or a list of such.
fn const_literal(value: &ast::Expr) -> Option<Literal> {
    match value {
        ast::Expr::Literal(value) => literal(value.value()),
        ast::Expr::Paren(paren) => const_literal(&paren.expr()?),
        ast::Expr::Prefix(prefix) if prefix.op() == Some(ast::PrefixOp::Neg) => {
            negated(&const_literal(&prefix.expr()?)?)
        }
        ast::Expr::List(list) if list.tail().is_none() => {
            Some(Literal::List(list.exprs().map(|item| const_literal(&item)).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// The dotted paths before an upper-case name or a dot that could denote a module: `geo` of `geo.Pt(1)` and `Geo.Inner`
/// of `Geo.Inner.f()`. Sorted.
///
/// Module blocks and constructors may be named without a `use`, so these paths are edges of the module graph like
/// imports. Works on tokens: a path that is something else simply names no module.
fn mentions(root: &GreenNode) -> Vec<Name> {
    let mut found = Vec::new();
    let mut chain = String::new();
    let mut after_dot = false;
    let mut last_upper = false;
    let mut stack = vec![root.children()];
    while let Some(top) = stack.last_mut() {
        let Some(child) = top.next() else {
            stack.pop();
            continue;
        };
        let token = match child {
            NodeOrToken::Node(node) => {
                stack.push(node.children());
                continue;
            }
            NodeOrToken::Token(token) => token,
        };
        let kind = SyntaxKind::from_raw(token.kind().0);
        match kind {
            _ if kind.is_trivia() => {}
            SyntaxKind::DOT if !chain.is_empty() && !after_dot => {
                if last_upper {
                    found.push(Name::from(chain.as_str()));
                }
                after_dot = true;
            }
            SyntaxKind::IDENT | SyntaxKind::UPPER_IDENT => {
                last_upper = kind == SyntaxKind::UPPER_IDENT;
                if after_dot {
                    if last_upper {
                        found.push(Name::from(chain.as_str()));
                    }
                    chain.push('.');
                } else {
                    chain.clear();
                }
                chain.push_str(token.text());
                after_dot = false;
            }
            _ => {
                chain.clear();
                after_dot = false;
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

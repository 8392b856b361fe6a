//! The items of one file without bodies and positions, and the header: what the module graph and scopes need.
//!
//! Invariant: equal headers mean equal name resolution for importers; equal item trees mean equal signatures of all
//! annotated items. Add a field only if somebody reads it: each one lets more edits pass the barrier.

use std::sync::Arc;

use base_db::{DefName, Fingerprint, Name};
use serde::{Deserialize, Serialize};

use crate::{
    template::{Failure, TemplateQuestion},
    type_ref::{TypeParam, TypeRef},
};

/// Items of one file. `modules[0]` is the file's own module, the others are its blocks in order of first appearance;
/// a reopened block is one entry. Modules and items are shared with the queries that give out single ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ItemTree {
    /// The file's module and its blocks.
    pub modules: Vec<Arc<ModuleItems>>,
    /// Dotted paths in the text that may name a module without a `use`; see [`Header::mentions`].
    pub mentions: Vec<Name>,
    /// What the decorators of the file asked about templates of other files, sorted.
    pub templates_asked: Vec<TemplateQuestion>,
}

/// Items of one module or block, each list in source order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ModuleItems {
    /// Full dotted name; empty for the root.
    pub path: Name,
    /// Imports.
    pub uses: Vec<UseDecl>,
    /// Functions: one entry for all clauses with one name, arity and declared parameter types.
    pub functions: Vec<Arc<FunctionItem>>,
    /// Types.
    pub types: Vec<Arc<TypeItem>>,
    /// Traits.
    pub traits: Vec<Arc<TraitItem>>,
    /// Impl blocks; several blocks of one pair are one entry.
    pub impls: Vec<Arc<ImplItem>>,
    /// `x = e`.
    pub values: Vec<Arc<ValueItem>>,
    /// `const K = literal`.
    pub consts: Vec<Arc<ConstItem>>,
    /// `mvar m: T = e`.
    pub mvars: Vec<Arc<ValueItem>>,
    /// Templates.
    pub templates: Vec<Arc<FunctionItem>>,
    /// Tests.
    pub tests: Vec<DefName>,
    /// Names of direct child blocks (last component).
    pub blocks: Vec<Name>,
    /// Definitions that occur more than once where once is allowed, with the number of the occurrence; the first
    /// definition has number 0 and is not listed.
    pub duplicates: Vec<(DefName, u32)>,
    /// Types whose decorators could not be applied.
    pub failed: Vec<(DefName, Failure)>,
}

/// One `use`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UseDecl {
    /// Module path before `.*`, `.{…}` or the last segment, dots included. For a bare `use m`: `m`.
    pub path: Name,
    /// What is imported.
    pub kind: UseKind,
}

/// The forms of `use`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UseKind {
    /// `use m.*`.
    Star,
    /// `use m.{a, b as c}`: name and alias.
    List(Vec<(Name, Option<Name>)>),
    /// `use m.a` and `use m.a as b`; `m.a` may also be a module.
    Single(Name, Option<Name>),
    /// `use m`, which is an error.
    Bare,
}

/// A function (or template, or method): all clauses of one overload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FunctionItem {
    /// Identity; its key lists the declared parameter types.
    pub def: DefName,
    /// Any clause is `pub`.
    pub public: bool,
    /// Declared type parameters of the first clause that has some.
    pub type_params: Vec<TypeParam>,
    /// Parameters, arity many.
    pub params: Vec<ParamItem>,
    /// Declared result type of the first clause that has one.
    pub result: Option<TypeRef>,
    /// `false` for trait methods without a default body.
    pub has_body: bool,
    /// Names of decorators, outermost first.
    pub decorators: Vec<Name>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParamItem {
    /// The plain name, from the first clause that has one; `None` for patterns.
    pub name: Option<Name>,
    /// Declared type.
    pub ty: Option<TypeRef>,
    /// Whether it has a default. The expression itself belongs to the body.
    pub has_default: bool,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeItem {
    /// Identity.
    pub def: DefName,
    /// `pub`.
    pub public: bool,
    /// `var type` or `reactive`: fields can be assigned.
    pub mutable: bool,
    /// `reactive`.
    pub reactive: bool,
    /// Type parameters.
    pub params: Vec<TypeParam>,
    /// What it is.
    pub body: TypeBody,
    /// Names of decorators, outermost first.
    pub decorators: Vec<Name>,
}

/// Right side of a type declaration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeBody {
    /// `{ x: Int }`: one constructor with the type's name.
    Record(Vec<FieldItem>),
    /// `A | B(Int)`.
    Variant(Vec<VariantItem>),
    /// `= Type`.
    Alias(TypeRef),
    /// No body.
    Opaque,
}

/// A record field or named variant field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldItem {
    /// Field name.
    pub name: Name,
    /// Declared type.
    pub ty: TypeRef,
}

/// One constructor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VariantItem {
    /// Constructor name.
    pub name: Name,
    /// Its fields.
    pub fields: VariantFields,
}

/// Fields of a constructor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VariantFields {
    /// `A`.
    Unit,
    /// `A(Int, T)`.
    Positional(Vec<TypeRef>),
    /// `A{ n: Int }`.
    Named(Vec<FieldItem>),
}

/// A trait.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraitItem {
    /// Identity.
    pub def: DefName,
    /// `pub`.
    pub public: bool,
    /// Names of supertraits as written.
    pub supertraits: Vec<Name>,
    /// Methods; `def` of each has kind `DefaultMethod` and the trait as owner.
    pub methods: Vec<Arc<FunctionItem>>,
    /// Position among the file's items of kind trait and impl: "declared earlier" is decided by it.
    pub order: u32,
}

/// All `Type: Trait` blocks of one pair in one module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImplItem {
    /// Identity; its name is `Type:Trait` as written without blanks.
    pub def: DefName,
    /// The implementing type.
    pub target: TypeRef,
    /// The trait's name as written.
    pub trait_name: Name,
    /// `when t: Bound`.
    pub bounds: Vec<TypeParam>,
    /// Methods; `def` of each has kind `Method` and the impl's name as owner.
    pub methods: Vec<Arc<FunctionItem>>,
    /// Impls above this one in the module that give the same type a method of the same name.
    pub rivals: Vec<DefName>,
    /// See [`TraitItem::order`].
    pub order: u32,
}

/// A module value or mvar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ValueItem {
    /// Identity.
    pub def: DefName,
    /// `pub`.
    pub public: bool,
    /// Declared type.
    pub ty: Option<TypeRef>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConstItem {
    /// Identity.
    pub def: DefName,
    /// `pub`.
    pub public: bool,
    /// The literal; `None` when it is not one (a problem).
    pub value: Option<crate::body::Literal>,
}

/// What scopes and the module graph need of one file; small, and stored beside the unit's entry so that a restart
/// parses nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Header {
    /// In the order of [`ItemTree::modules`].
    pub modules: Vec<ModuleHeader>,
    /// Dotted paths in the text, sorted, that name a module if one of that name exists. Blocks and constructors need no
    /// `use`, hence these paths are edges of the module graph like imports.
    pub mentions: Vec<Name>,
    /// What the decorators of the file asked about templates of other files, with the answers. A stored header holds as
    /// long as they do; everything else in it is a fact of the text.
    pub templates: Vec<(TemplateQuestion, Fingerprint)>,
}

/// Names of one module or block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ModuleHeader {
    /// Full dotted name; empty for the root.
    pub path: Name,
    /// Imports.
    pub uses: Vec<UseDecl>,
    /// Functions, values, consts, mvars, templates, types, traits and impls: identity and `pub`, sorted by `DefName`.
    pub defs: Vec<HeaderDef>,
    /// Direct child blocks (last component).
    pub blocks: Vec<Name>,
}

/// One definition in a [`ModuleHeader`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeaderDef {
    /// Identity.
    pub def: DefName,
    /// `pub`; for functions, any overload of the name is.
    pub public: bool,
    /// Types: names of the constructors in order. Traits: names of the methods. Impls: `[head of the target type as
    /// written, trait name]`. Empty otherwise.
    pub members: Vec<Name>,
}

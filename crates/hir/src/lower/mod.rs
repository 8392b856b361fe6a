//! Lowers one definition to a [`Body`]: locals are resolved, sugar is removed.
//!
//! Input: the detached trees of all clauses, so that positions are relative to the clause and a move changes nothing;
//! the names of the module's mvars, because `x = e` means three things. Output: a body and, if asked for, its source map.
//!
//! What `x = e` and a name in a pattern mean, with the locals in scope:
//!
//! | the name is | `x = e` | in a destructuring | in an arm of `match`, `catch`, `receive` |
//! | --- | --- | --- | --- |
//! | new | binds | binds | binds |
//! | a `var` of this function | assigns | assigns | assigns |
//! | a `var` of an enclosing function | assigns | assigns | binds |
//! | immutable, of this function | error | error | compares |
//! | immutable, of an enclosing function | error | binds | binds |
//! | an mvar of the module and no local | assigns | assigns | binds |
//!
//! Parameters, `var` and loop variables always make a new local.
//!
//! Invariant: lowering is total, and linear in the size of the definition. Recursion follows the tree, whose depth the
//! parser bounds.

mod expr;
mod pat;
mod stmt;

use base_db::{DefName, Name};
use rustc_hash::{FxHashMap, FxHashSet};
use syntax::{
    GreenNode, Leaf, Node, TextRange, Token, Tree,
    ast::{AstNode, borrowed as ast},
};

use crate::{
    body::{Body, BodySourceMap, Clause, Expr, ExprId, Local, LocalId, Param, Pat, PatId, TypeId},
    collect::{lower_type, type_params},
    problem::{Anchor, Place, Problem},
    type_ref::TypeRef,
};

/// Lowers all clauses of `def`. `mvars` is sorted.
pub fn lower_body(def: &DefName, clauses: &[GreenNode], mvars: &[Name]) -> Body {
    lower(def, clauses, mvars, None).0
}

/// As [`lower_body`], with the places of all nodes: only who shows a problem needs them.
pub(crate) fn lower_with_places(def: &DefName, clauses: &[GreenNode], mvars: &[Name]) -> (Body, BodySourceMap) {
    let (body, map) = lower(def, clauses, mvars, Some(BodySourceMap::default()));
    (body, map.unwrap_or_default())
}

fn lower(
    def: &DefName,
    clauses: &[GreenNode],
    mvars: &[Name],
    map: Option<BodySourceMap>,
) -> (Body, Option<BodySourceMap>) {
    let mut lowering = Lowering {
        def,
        mvars,
        body: Body::default(),
        map,
        scope: Vec::new(),
        index: FxHashMap::default(),
        owner: None,
        pattern: Vec::new(),
        alternatives: Vec::new(),
        unbound: FxHashSet::default(),
        pending: Vec::new(),
    };
    for clause in clauses {
        lowering.clause(Node::new_root(clause));
    }
    // Bodies live long.
    let body = &mut lowering.body;
    body.exprs.shrink_to_fit();
    body.pats.shrink_to_fit();
    body.types.shrink_to_fit();
    body.locals.shrink_to_fit();
    (lowering.body, lowering.map)
}

/// How names in a pattern are treated; see the table of the module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Parameters: always new.
    Param,
    /// After `var`: always new, and mutable.
    Var,
    /// Left side of `=`.
    Let,
    /// Arms.
    Arm,
}

/// A visible local.
struct Visible {
    name: Name,
    local: LocalId,
    /// Local functions: least and greatest number of arguments.
    arity: Option<(usize, usize)>,
}

/// A name of the first alternative of an or-pattern.
struct Alternative {
    name: Name,
    local: LocalId,
    seen: bool,
}

struct Lowering<'a> {
    def: &'a DefName,
    mvars: &'a [Name],
    body: Body,
    /// `None`: nobody asks for places.
    map: Option<BodySourceMap>,
    /// Visible locals, innermost last.
    scope: Vec<Visible>,
    /// Places in `scope` by name, innermost last.
    index: FxHashMap<Name, Vec<usize>>,
    /// The lambda whose body is being lowered.
    owner: Option<ExprId>,
    /// Locals that the pattern in progress has bound.
    pattern: Vec<LocalId>,
    /// Names that later alternatives of the or-patterns in progress must bind again.
    alternatives: Vec<Alternative>,
    /// Local functions that are declared but whose binding is not reached yet. A lambda that captures one needs a cell,
    /// so such a local counts as assigned.
    unbound: FxHashSet<LocalId>,
    /// mvars that the destructuring in progress assigns, with the locals that hold their values meanwhile.
    pending: Vec<(Name, LocalId)>,
}

impl Lowering<'_> {
    // ---- Clauses ----

    fn clause(&mut self, node: Node) {
        let range = node.text_range();
        if let Some(map) = &mut self.map {
            map.starts.push((self.body.exprs.len(), self.body.pats.len(), self.body.types.len()));
            map.clauses.push(range);
        }
        if let Some(def) = ast::FnDef::cast(node) {
            self.note_name(def.name());
            self.note_type_params(def.type_params());
            self.function(def.param_list(), def.guard(), def.ret_type(), def.body(), range);
        } else if let Some(def) = ast::TemplateDef::cast(node) {
            self.note_name(def.name());
            self.note_type_params(def.type_params());
            self.function(def.param_list(), def.guard(), def.ret_type(), def.body(), range);
        } else if let Some(def) = ast::TraitMethod::cast(node) {
            self.note_name(def.name());
            // Default arguments of a method without a body are code as well.
            let has_defaults =
                def.param_list().is_some_and(|list| list.params().any(|param| param.default().is_some()));
            if def.body().is_some() || has_defaults {
                self.function(def.param_list(), None, def.ret_type(), def.body(), range);
            }
        } else if let Some(def) = ast::TopBinding::cast(node) {
            let name = match def.pattern() {
                Some(ast::Pattern::Name(pattern)) => pattern.name(),
                _ => None,
            };
            self.note_name(name);
            self.value(def.ty(), def.body(), range);
        } else if let Some(def) = ast::MvarDef::cast(node) {
            self.note_name(def.name());
            self.value(def.ty(), def.body(), range);
        } else if let Some(def) = ast::ConstDef::cast(node) {
            self.note_name(def.name());
            self.value(None, def.body(), range);
        } else if let Some(def) = ast::TestDef::cast(node) {
            self.note_name(def.name());
            self.value(None, def.body(), range);
        }
    }

    fn note_name(&mut self, name: Option<Token>) {
        if let Some(map) = &mut self.map
            && let [first] = map.clauses[..]
        {
            map.name = name.map_or(first, |token| token.text_range());
        }
    }

    fn note_type_params(&mut self, params: Option<ast::TypeParams>) {
        if self.body.type_params.is_empty() {
            self.body.type_params = type_params(params);
        }
    }

    fn function(
        &mut self,
        params: Option<ast::ParamList>,
        guard: Option<ast::Guard>,
        result: Option<ast::RetType>,
        body: Option<ast::Expr>,
        range: TextRange,
    ) {
        let mark = self.scope.len();
        let params = self.params(params.iter().flat_map(|list| list.params()));
        let guard = guard.map(|guard| self.expr_or_missing(guard.expr(), guard.syntax().text_range()));
        let result = self.ret_type(result);
        let value = self.expr_or_missing(body, range);
        self.leave(mark);
        self.body.clauses.push(Clause { params, guard, result, value });
    }

    fn value(&mut self, ty: Option<ast::Type>, body: Option<ast::Expr>, range: TextRange) {
        let result = ty.map(|ty| self.ty(&ty));
        let value = self.expr_or_missing(body, range);
        self.body.clauses.push(Clause { params: Vec::new(), guard: None, result, value });
    }

    fn params<'t>(&mut self, params: impl Iterator<Item = ast::Param<'t>>) -> Vec<Param> {
        let outer = std::mem::take(&mut self.pattern);
        let mut lowered = Vec::new();
        for param in params {
            let ty = param.ty().map(|ty| self.ty(&ty));
            // A default sees the parameters before it.
            let default = param.default().map(|default| self.expr(&default));
            let pat = match param.pattern() {
                Some(pattern) => self.pat(&pattern, Mode::Param),
                None => self.alloc_pat(Pat::Missing, param.syntax().text_range()),
            };
            lowered.push(Param { pat, ty, default });
        }
        self.pattern = outer;
        lowered
    }

    fn ret_type(&mut self, ret: Option<ast::RetType>) -> Option<TypeId> {
        ret.and_then(|ret| ret.ty()).map(|ty| self.ty(&ty))
    }

    // ---- Allocation, problems ----

    fn alloc(&mut self, expr: Expr, range: TextRange) -> ExprId {
        if let Some(map) = &mut self.map {
            map.exprs.push(range);
        }
        self.body.exprs.alloc(expr)
    }

    fn alloc_pat(&mut self, pat: Pat, range: TextRange) -> PatId {
        if let Some(map) = &mut self.map {
            map.pats.push(range);
        }
        self.body.pats.alloc(pat)
    }

    fn alloc_type(&mut self, ty: TypeRef, range: TextRange) -> TypeId {
        if let Some(map) = &mut self.map {
            map.types.push(range);
        }
        self.body.types.alloc(ty)
    }

    fn ty(&mut self, ty: &ast::Type) -> TypeId {
        self.alloc_type(lower_type(ty), ty.syntax().text_range())
    }

    fn place(&self, anchor: Anchor) -> Place {
        Place { module: self.def.module().clone(), def: Some(self.def.clone()), anchor }
    }

    fn report(&mut self, anchor: Anchor, problem: impl FnOnce(Place) -> Problem) {
        let place = self.place(anchor);
        self.body.problems.push(problem(place));
    }

    // ---- Locals ----

    fn new_local(&mut self, name: Name, mutable: bool) -> LocalId {
        let owner = self.owner;
        self.body.locals.alloc(Local { name, mutable, owner, captured: false, assigned: false })
    }

    fn declare(&mut self, local: LocalId, arity: Option<(usize, usize)>) {
        let name = self.body.locals[local].name.clone();
        self.index.entry(name.clone()).or_default().push(self.scope.len());
        self.scope.push(Visible { name, local, arity });
    }

    fn leave(&mut self, mark: usize) {
        for visible in self.scope.drain(mark..) {
            if let Some(places) = self.index.get_mut(&visible.name) {
                places.pop();
            }
        }
    }

    fn lookup(&self, name: &str) -> Option<LocalId> {
        let place = *self.index.get(name)?.last()?;
        Some(self.scope[place].local)
    }

    fn is_local_function(&self, name: &str) -> bool {
        self.index.get(name).and_then(|places| places.last()).is_some_and(|&place| self.scope[place].arity.is_some())
    }

    /// The local that a call with `args` arguments means. Local functions are chosen by arity: exactly that many
    /// parameters, else with defaults, else the innermost.
    fn lookup_callee(&self, name: &str, args: usize) -> Option<LocalId> {
        let places = self.index.get(name)?;
        let innermost = &self.scope[*places.last()?];
        let functions = || {
            let visible = places.iter().rev().map(|&place| &self.scope[place]);
            visible.map_while(|visible| Some((visible.local, visible.arity?)))
        };
        let exact = functions().find(|(_, (_, greatest))| *greatest == args);
        let fitting = || functions().find(|(_, (least, greatest))| *least <= args && args <= *greatest);
        Some(exact.or_else(fitting).map_or(innermost.local, |(local, _)| local))
    }

    /// Notes a use of `local` here.
    fn touch(&mut self, local: LocalId) -> LocalId {
        if self.body.locals[local].owner != self.owner {
            self.body.locals[local].captured = true;
            if self.unbound.contains(&local) {
                self.body.locals[local].assigned = true;
            }
        }
        local
    }

    fn assign(&mut self, local: LocalId) -> LocalId {
        self.body.locals[local].assigned = true;
        self.touch(local)
    }

    fn is_mvar(&self, name: &str) -> bool {
        self.mvars.binary_search_by(|mvar| mvar.as_str().cmp(name)).is_ok()
    }
}

fn expr_anchor(id: ExprId) -> Anchor {
    Anchor::Expr(id.into_raw().into_u32())
}

fn pat_anchor(id: PatId) -> Anchor {
    Anchor::Pat(id.into_raw().into_u32())
}

//! Snapshots of code, and the verifier over many forms.
//!
//! Inference is replaced by a small stand-in ([`Simple`]), so that this crate is tested alone: literals, annotated
//! parameters, operators and bindings have types, names mean the items of the file or natives, everything else is
//! dynamic.

use std::sync::Arc;

use base_db::{
    Change, Counters, DefId, DefKind, DefName, File, Fingerprint, ModuleId, Name, Options, Project, SourceDb,
};
use expect_test::{Expect, expect};
use hir::{
    HirDb,
    body::{Arg, BinaryOp, Body, Expr, ExprId, Literal, Pat, Stmt, UnaryOp},
    item_tree::{Header, ModuleItems, TypeBody, VariantFields},
    type_ref::TypeRef,
};
use types::{
    ArgPlan, Builtin, CallPlan, Callee, ConstructorDef, CtorRef, FieldAccess, Head, InferenceResult, Resolution, Ty,
    TypeDef,
};

use crate::{CompileInput, TypeSource, compile};

#[salsa::db]
#[derive(Clone)]
struct TestDb {
    storage: salsa::Storage<Self>,
    project: Option<Project>,
    counters: Arc<Counters>,
}

#[salsa::db]
impl salsa::Database for TestDb {}

#[salsa::db]
impl SourceDb for TestDb {
    fn project(&self) -> Project {
        self.project.expect("the project is made with the database")
    }
    fn load_text(&self, path: &str, _hash: Fingerprint) -> Arc<str> {
        unreachable!("{path} is given as text")
    }
    fn counters(&self) -> &Counters {
        &self.counters
    }
}

#[salsa::db]
impl HirDb for TestDb {
    fn stored_header(&self, _file: File) -> Option<Arc<Header>> {
        None
    }
}

/// Types and meanings of one body, simply.
struct Simple<'a> {
    items: &'a ModuleItems,
    body: &'a Body,
    result: InferenceResult,
}

struct Types(Vec<Arc<TypeDef>>);

impl TypeSource for Types {
    fn type_def(&self, def: &DefName) -> Option<Arc<TypeDef>> {
        self.0.iter().find(|ty| ty.def == *def).cloned()
    }
    fn inherited_default(&self, _method: &DefName, _index: usize) -> Option<DefName> {
        None
    }
}

fn builtin(builtin: Builtin) -> Ty {
    Ty::Con(Head::Builtin(builtin), [].into())
}

fn type_of(written: &TypeRef, items: &ModuleItems) -> Ty {
    match written {
        TypeRef::Named { path, .. } => match path.as_str() {
            "Int" => builtin(Builtin::Int),
            "Float" => builtin(Builtin::Float),
            "Bool" => builtin(Builtin::Bool),
            "String" => builtin(Builtin::String),
            name => match items.types.iter().find(|ty| ty.def.name() == name) {
                Some(ty) => Ty::Con(Head::Adt(ty.def.clone()), [].into()),
                None => Ty::Dyn,
            },
        },
        TypeRef::List(item) => Ty::Con(Head::Builtin(Builtin::List), [type_of(item, items)].into()),
        _ => Ty::Dyn,
    }
}

fn type_defs(items: &ModuleItems) -> Types {
    let constructor = |name: &Name, types: Vec<&TypeRef>, field_names: Vec<Name>| ConstructorDef {
        name: name.clone(),
        fields: types.into_iter().map(|ty| type_of(ty, items)).collect(),
        field_names,
    };
    let defs = items.types.iter().map(|item| {
        let constructors = match &item.body {
            TypeBody::Record(fields) => vec![constructor(
                item.def.name(),
                fields.iter().map(|field| &field.ty).collect(),
                fields.iter().map(|field| field.name.clone()).collect(),
            )],
            TypeBody::Variant(variants) => variants
                .iter()
                .map(|variant| match &variant.fields {
                    VariantFields::Unit => constructor(&variant.name, vec![], vec![]),
                    VariantFields::Positional(types) => constructor(&variant.name, types.iter().collect(), vec![]),
                    VariantFields::Named(fields) => constructor(
                        &variant.name,
                        fields.iter().map(|field| &field.ty).collect(),
                        fields.iter().map(|field| field.name.clone()).collect(),
                    ),
                })
                .collect(),
            _ => vec![],
        };
        Arc::new(TypeDef {
            def: item.def.clone(),
            public: true,
            params: vec![],
            constructors,
            record: matches!(item.body, TypeBody::Record(_)),
            mutable: item.mutable,
            reactive: item.reactive,
            alias: None,
        })
    });
    Types(defs.collect())
}

impl Simple<'_> {
    fn constructor(&self, name: &str) -> Option<CtorRef> {
        self.items.types.iter().find_map(|ty| {
            let index = match &ty.body {
                TypeBody::Record(_) => (ty.def.name() == name).then_some(0),
                TypeBody::Variant(variants) => variants.iter().position(|variant| variant.name == name),
                _ => None,
            }?;
            Some(CtorRef { ty: ty.def.clone(), index: index as u32 })
        })
    }

    fn name(&self, name: &Name) -> Resolution {
        let named = |def: &DefName| def.name() == name;
        if let Some(item) = self.items.functions.iter().find(|item| named(&item.def)) {
            Resolution::Function(item.def.clone())
        } else if let Some(item) = self.items.values.iter().find(|item| named(&item.def)) {
            Resolution::Value(item.def.clone())
        } else if let Some(item) = self.items.mvars.iter().find(|item| named(&item.def)) {
            Resolution::Mvar(item.def.clone())
        } else if let Some(ctor) = self.constructor(name) {
            Resolution::Constructor(ctor)
        } else {
            Resolution::Native(name.clone())
        }
    }

    fn args(&self, callee: &Callee, args: &[Arg], first: Option<ArgPlan>) -> Vec<ArgPlan> {
        let mut plan: Vec<ArgPlan> = first.into_iter().collect();
        plan.extend((0..args.len() as u32).map(ArgPlan::Arg));
        if let Callee::Function(def) = callee {
            plan.extend((plan.len() as u32..def.arity() as u32).map(ArgPlan::Default));
        }
        plan
    }

    fn infer(mut self) -> InferenceResult {
        self.result.expr_types = vec![Ty::Dyn; self.body.exprs.len()];
        self.result.local_types = vec![Ty::Dyn; self.body.locals.len()];
        for clause in &self.body.clauses {
            for param in &clause.params {
                if let (Pat::Bind(local), Some(ty)) = (&self.body.pats[param.pat], param.ty) {
                    self.result.local_types[local.into_raw().into_u32() as usize] =
                        type_of(&self.body.types[ty], self.items);
                }
            }
        }
        // Arenas are filled from the leaves up; a second round reaches locals bound after their use.
        for _ in 0..2 {
            for (id, expr) in self.body.exprs.iter() {
                let ty = self.expr(id, expr);
                self.result.expr_types[id.into_raw().into_u32() as usize] = ty;
            }
        }
        for (id, pat) in self.body.pats.iter() {
            match pat {
                Pat::Constructor { name, .. } => {
                    if let Some(ctor) = self.constructor(name) {
                        self.result.constructors.insert(id, ctor);
                    }
                }
                Pat::EqualName(name) => {
                    self.result.pinned.insert(id, self.name(name));
                }
                _ => {}
            }
        }
        self.result
    }

    fn ty(&self, expr: ExprId) -> Ty {
        self.result.expr_types[expr.into_raw().into_u32() as usize].clone()
    }

    fn expr(&mut self, id: ExprId, expr: &Expr) -> Ty {
        match expr {
            Expr::Literal(literal) => match literal {
                Literal::Int(_) => builtin(Builtin::Int),
                Literal::Float(_) => builtin(Builtin::Float),
                Literal::Bool(_) => builtin(Builtin::Bool),
                Literal::String(_) => builtin(Builtin::String),
                _ => Ty::Dyn,
            },
            Expr::Local(local) => self.result.local_types[local.into_raw().into_u32() as usize].clone(),
            Expr::Name(name) => {
                self.result.resolutions.insert(id, self.name(name));
                Ty::Dyn
            }
            Expr::Field { base, name } => {
                let access = match self.ty(*base) {
                    Ty::Con(Head::Adt(def), _) => self.items.types.iter().find(|ty| ty.def == def).and_then(|ty| {
                        let TypeBody::Record(fields) = &ty.body else { return None };
                        Some(FieldAccess::Index(fields.iter().position(|field| field.name == *name)? as u32))
                    }),
                    _ => None,
                };
                let access = access.unwrap_or_else(|| FieldAccess::Dynamic(name.clone()));
                self.result.resolutions.insert(id, Resolution::Field(access));
                Ty::Dyn
            }
            Expr::Call { callee, args, .. } => {
                let target = match &self.body.exprs[*callee] {
                    Expr::Name(name) => match self.name(name) {
                        Resolution::Function(def) => Callee::Function(def),
                        Resolution::Native(name) => Callee::Native(name),
                        _ => Callee::Value,
                    },
                    _ => Callee::Value,
                };
                let args = self.args(&target, args, None);
                self.result.calls.insert(id, CallPlan { callee: target, args });
                Ty::Dyn
            }
            Expr::MethodCall { name, args, receiver, .. } => {
                let mvar = matches!(&self.body.exprs[*receiver], Expr::Name(name)
                    if self.items.mvars.iter().any(|item| item.def.name() == name));
                let callee = match self.name(name) {
                    _ if mvar && name == "update" => {
                        let Expr::Name(name) = &self.body.exprs[*receiver] else { return Ty::Dyn };
                        let Resolution::Mvar(def) = self.name(name) else { return Ty::Dyn };
                        Callee::MvarUpdate(def)
                    }
                    Resolution::Function(def) => Callee::Function(def),
                    _ => Callee::Native(Name::from(format!("Prim.{name}"))),
                };
                let args = self.args(&callee, args, Some(ArgPlan::Receiver));
                self.result.calls.insert(id, CallPlan { callee, args });
                Ty::Dyn
            }
            Expr::Construct { path, args } => {
                let Some(ctor) = self.constructor(path) else { return Ty::Dyn };
                let ty = Ty::Con(Head::Adt(ctor.ty.clone()), [].into());
                let types = type_defs(self.items);
                let names = types.type_def(&ctor.ty).expect("found above").constructors[ctor.index as usize]
                    .field_names
                    .clone();
                let position = |arg: &Arg| names.iter().position(|name| Some(name) == arg.name.as_ref());
                let plan = if args.len() > 1 && args[0].name.is_none() && args[1].name.is_some() {
                    let fields = args[1..].iter().filter_map(position).map(|index| index as u32).collect();
                    CallPlan { callee: Callee::Update { ctor, fields }, args: ArgPlan::positions(args.len()) }
                } else {
                    let mut order: Vec<u32> = (0..args.len() as u32).collect();
                    order.sort_by_key(|&index| position(&args[index as usize]));
                    CallPlan { callee: Callee::Constructor(ctor), args: order.into_iter().map(ArgPlan::Arg).collect() }
                };
                self.result.calls.insert(id, plan);
                ty
            }
            Expr::Binary { op, left, right } => match op {
                BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                    builtin(Builtin::Bool)
                }
                _ if self.ty(*right) == builtin(Builtin::Float) => builtin(Builtin::Float),
                _ => self.ty(*left),
            },
            Expr::Unary { op: UnaryOp::Not, .. } | Expr::And(..) | Expr::Or(..) => builtin(Builtin::Bool),
            Expr::Unary { operand, .. } => self.ty(*operand),
            Expr::For { var, .. } => {
                self.result.local_types[var.into_raw().into_u32() as usize] = builtin(Builtin::Int);
                Ty::Dyn
            }
            Expr::Block { stmts, tail } => {
                for stmt in stmts {
                    if let Stmt::Let { pat, value, .. } = stmt
                        && let Pat::Bind(local) = self.body.pats[*pat]
                    {
                        self.result.local_types[local.into_raw().into_u32() as usize] = self.ty(*value);
                    }
                }
                tail.map_or(Ty::Dyn, |tail| self.ty(tail))
            }
            _ => Ty::Dyn,
        }
    }
}

/// Code of every function, value and mvar of `text`, verified.
fn code(text: &str) -> String {
    let mut change = Change::default();
    change.set_text("main.nos", text);
    let mut db = TestDb { storage: salsa::Storage::default(), project: None, counters: Arc::default() };
    db.project = Some(Project::with_files(&db, Options { single_file: true }, change.files));
    let parse = syntax::parse(text);
    assert_eq!(parse.errors(), &[], "the program parses");
    let items = hir::module_items(&db, ModuleId::new(&db, Name::default())).as_ref().expect("the module").clone();
    let types = type_defs(&items);
    let defs = items.functions.iter().map(|item| &item.def);
    let defs = defs.chain(items.values.iter().chain(&items.mvars).map(|item| &item.def));
    let mut out = String::new();
    for def in defs {
        let body = hir::query::body(&db, DefId::new(&db, def.clone()));
        assert_eq!(body.problems, &[], "{def} is lowered without problems");
        let inference = Simple { items: &items, body, result: InferenceResult::default() }.infer();
        let input = CompileInput { def, body, inference: &inference, types: &types };
        for chunk in compile(&input).expect("the function is not too large") {
            let text = bytecode::disassemble(&chunk);
            if let Err(error) = bytecode::verify(&chunk) {
                panic!("{error}\n{text}");
            }
            out.push_str(&text);
        }
    }
    out
}

/// Compares the code without anchors and headers.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let lines = code(text);
    let lines = lines.lines().filter(|line| !line.trim_start().starts_with("[e"));
    let mut out: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
    out.truncate(out.trim_end().len());
    out.push('\n');
    expected.assert_eq(&out);
}

#[test]
fn recursion_on_numbers() {
    check(
        "fib(n: Int) -> Int = if n < 2 then n else fib(n - 1) + fib(n - 2)",
        expect![[r#"
            chunk fib(Int)
            body 0 fib: 1 params, 5 registers
                0 JumpGeImm r0 2 @2
                1 Return r0
                2 AddIntImm r3 r0 -1
                3 Call x1 r2 s0 r3..  ; fib(Int)
                4 AddIntImm r4 r0 -2
                5 Call x1 r3 s0 r4..  ; fib(Int)
                6 Add r1 r2 r3
                7 Return r1
        "#]],
    );
}

#[test]
fn loops_over_lists_move_their_values() {
    check(
        r#"
mapOnto(xs: [Int], f, done: [Int]) = match xs {
  [] -> Prim.listReverse(done)
  [x | rest] -> mapOnto(rest, f, [f(x) | done])
}
"#,
        expect![[r#"
            chunk mapOnto([Int],_,[Int])
            body 0 mapOnto: 3 params, 10 registers
                0 JumpNotList r0 len=0 @5
                1 LoadNative r3 n0  ; Prim
                2 Take r4 r2
                3 CallNative x2 r5 n1 r3..  ; Prim.listReverse
                4 Return r5
                5 TakeCons r0 r3 @13
                6 Take r5 r4
                7 Move r6 r1
                8 Take r9 r3
                9 CallValue x1 r8 r1 r9..
               10 Take r7 r2
               11 Cons r7 r8 r7
               12 TailCall x3 s0 r5..  ; mapOnto([Int],_,[Int])
               13 FailMatch
        "#]],
    );
}

#[test]
fn clauses_with_literals_and_guards() {
    check(
        r#"
fact(0) = 1
fact(n) when n < 0 = throw("negative")
fact(n) = n * fact(n - 1)
"#,
        expect![[r#"
            chunk fact/1
            body 0 fact: 1 params, 5 registers
                0 JumpNeImm r0 0 @3
                1 LoadInt r1 1
                2 Return r1
                3 LoadInt r1 0
                4 JumpNotLt r0 r1 @7
                5 LoadConst r1 k0  ; Str("negative")
                6 Throw r1
                7 LoadInt r4 1
                8 Sub r3 r0 r4
                9 Call x1 r2 s0 r3..  ; fact/1
               10 Mul r1 r0 r2
               11 Return r1
        "#]],
    );
}

#[test]
fn variants_use_a_jump_table() {
    check(
        r#"
type Shape = Dot | Box{ w: Int, h: Int } | Seg(Int, Int)
area(Dot) = 0
area(Box{w, h: tall}) = w * tall
area(Seg(a, b)) = b - a
"#,
        expect![[r#"
            chunk area/1
            body 0 area: 1 params, 4 registers
                0 SwitchTag r0 t0  ; JumpTable { low: 0, targets: [1, 3, 7], default: 11 }
                1 LoadInt r1 0
                2 Return r1
                3 GetField r1 r0 index=0
                4 GetField r2 r0 index=1
                5 Mul r3 r1 r2
                6 Return r3
                7 GetField r1 r0 index=0
                8 GetField r2 r0 index=1
                9 Sub r3 r2 r1
               10 Return r3
               11 LoadConst r1 k0  ; Str("No clause matched for function 'area/_'")
               12 Throw r1
        "#]],
    );
}

#[test]
fn a_captured_var_is_a_cell() {
    check(
        r#"
tally() = { var n = 0; bump = () => { n = n + 1; n }; bump(); bump(); n }
"#,
        expect![[r#"
            chunk tally/0
            body 0 tally: 0 params, 3 registers
                0 LoadInt r1 0
                1 CellNew r0 r1
                2 MakeClosure r1 b1  ; bump
                3 CallValue x0 r2 r1 r2..
                4 CallValue x0 r2 r1 r2..
                5 CellGet r2 r0
                6 Return r2
            body 1 bump: 0 params, 2 registers
              captures [Register(0)]
                0 CaptureCellGet r1 ^0
                1 AddIntImm r0 r1 1
                2 CaptureCellSet ^0 r0
                3 CaptureCellGet r0 ^0
                4 Return r0
        "#]],
    );
}

#[test]
fn return_runs_finally() {
    check(
        r#"
f(x: Int) = { for i = 0 to x { try { return i } finally { println(i) } }; 9 }
"#,
        expect![[r#"
            chunk f(Int)
            body 0 f: 1 params, 12 registers
                0 LoadInt r1 0
                1 Take r2 r0
                2 JumpLeInt r2 r1 @20
                3 TryPush r5 @11
                4 Move r9 r1
                5 TryPop
                6 LoadInt r4 2
                7 Jump @13
                8 TryPop
                9 LoadInt r4 0
               10 Jump @13
               11 Take r8 r6
               12 LoadInt r4 1
               13 Move r10 r1
               14 CallNative x1 r11 n0 r10..  ; println
               15 JumpEqImm r4 0 @19
               16 JumpNeImm r4 2 @18
               17 Return r9
               18 Rethrow r8
               19 ForLoop r1 r2 @3
               20 LoadInt r1 9
               21 Return r1
        "#]],
    );
}

#[test]
fn defaults_are_chunks_of_their_own() {
    check(
        r#"
pad(s: String, width: Int = 8, fill = width + 1) = s
main() = pad("x")
"#,
        expect![[r#"
            chunk pad(String,Int,_)
            body 0 pad: 3 params, 3 registers
                0 Return r0
            chunk pad(String,Int,_)$default$1
            body 0 pad: 1 params, 2 registers
                0 LoadInt r1 8
                1 Return r1
            chunk pad(String,Int,_)$default$2
            body 0 pad: 2 params, 3 registers
                0 AddIntImm r2 r1 1
                1 Return r2
            chunk main/0
            body 0 main: 0 params, 5 registers
                0 LoadConst r0 k0  ; Str("x")
                1 Move r3 r0
                2 Call x1 r1 s0 r3..  ; pad(String,Int,_)$default$1
                3 Move r3 r0
                4 Move r4 r1
                5 Call x2 r2 s1 r3..  ; pad(String,Int,_)$default$2
                6 TailCall x3 s2 r0..  ; pad(String,Int,_)
        "#]],
    );
}

/// Every form once; the verifier is the judge.
#[test]
fn all_forms_verify() {
    code(
        r#"
type P = { x: Int, y: Int }
type T = A | B(Int) | C{ n: Int } | D(P, [Int])
mvar hits: Int = 0
mvar table: Map[String, Int] = %{}
limit = 10
floats(a: Float, n: Int) = a * 2 + n / a - -1.5 ** a
ints(a: Int, b: Int) = a + 1 - 3 * b / 4 % 5 - (a * b) / b % a + 100000 * a - 2
compare(a: Int, b: Int, c: Float) = a < b && !(a >= 3) || c <= 2.5 && c > c || a == b && a != 7 && "x" == "y"
logic(a: Bool, b) = { x = a && b; y = a || !b; (x, y, not x) }
update(p: P) = P(p, y: p.x, x: 3)
build() = [P(y: 1, x: 2), P(1, 2)]
short() = { t = (1, (2, "a")); (a, (b, _)) = t; a + t.1.0 + b }
strings(s) = match s { ["get " | path] -> path, "x" -> "y", _ -> "${s}: ${1 + 2}" }
ranges(n: Int) = match n { 0..10 -> 1, 10..=20 -> 2, -5 -> 3, 1 | 2 | 3 -> 4, _ -> 5 }
numbers(n: Int) = match n { 0 -> "a", 1 -> "b", 2 -> "c", 3 when n > 2 -> "d", x -> show(x) }
maps(m) = match m { %{"k": v, "w": 2} -> v, %{} -> 0, #{1, 2} -> 3, #{} -> 4 }
lists(xs: [Int]) = match xs { [] -> 0, [a] -> a, [a, b | rest] when a > b -> a, [1, 2, 3] -> 6, [_ | t] -> lists(t) }
variants(t: T) = match t { A -> 0, B(3) -> 3, B(n) -> n, C{n} when n > 1 -> n, D(P(a, b), [c | _]) -> a + b + c, _ -> 9 }
nested(t: T) = match t { B(1 | 2) -> 1, C(n: k) | B(k) -> k, _ -> 0 }
pins(x, y) = match y { ^x -> 1, (x, 2) -> 2, ^limit -> 3, _ -> 4 }
collatz(n: Int) = { var m = n; var steps = 0; while m != 1 { m = if m % 2 == 0 then m / 2 else 3 * m + 1; steps = steps + 1 }; steps }
search(xs) = { for i = 0 to 10 { if xs[i] > 5 then break i else continue }; -1 }
found(xs) = for i = 0 to 10 { if xs[i] > 5 then return xs[i] else () }
forever() = while true { break 5 }
closures(k) = { add = x => y => x + y + k; inc = add(1); fact(n) = if n < 2 then 1 else n * fact(n - 1); inc(fact(5)) }
deep(n) = { go(i) = { inner = () => go(i - 1); if i > 0 then inner() else n }; go(3) }
mutual(n) = { even(i) = if i == 0 then true else odd(i - 1); odd(i) = if i == 0 then false else even(i - 1); even(n) }
local(n) = { scale(x, by = n + 1) = x * by; scale(2, 3) + scale(4, 5) }
lambdas() = { f = (a, (b, c), [d | _]) => a + b + c + d; g = P(x, y) => x; f(1, (2, 3), [4]) }
tries(x) = try { x + 1 } catch { ("a", n) when n > 5 -> n, "b" -> 2, e -> throw(e) } finally { println("done") }
tail(x) = try { tries(x) } catch { _ -> tail(x) }
nestedTry(x) = { var n = 0; while n < 3 { n = n + 1; try { try { if n == 2 then continue else break } finally { println(n) } } catch { _ -> return n } finally { println("o") } }; n }
finallyOnly(x) = { r = try { x } finally { println(x) }; r }
catchOnly(x) = { try { throw(x) } catch { 1 -> 2 }; 3 }
mutate(xs, m) = { var ys = xs; ys[0] = 5; ys[1] = ys[0]; var mm = m; mm["a"]["b"] = 1; table["k"] = 2; a = newInt64Array(3); a[0] = 7; f = () => { ys[2] = 3 }; f(); ys }
counters() = { hits = hits + 1; hits.update(n => n + 1); hits = 3; hits = if hits > 2 { return 5 } else 7; hits }
processes() = { me = self(); spawn { me <- ("sum", 1) }; receive { ("sum", n) -> n  after 100 -> 0 } }
waiting(n: Int) = receive { k when k == n -> waiting(n - 1), "stop" -> 0 }
pipes(xs) = xs |> show |> println
values() = [limit, limit]
functions() = [ints, max2]
max2(a, b) = if a > b { a } else { b }
many() = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66 | []]
sets() = #{1, 2}
spreads() = [1..5]
literals() = (1u8, 2i16, 12n, 1.5d, 0.5f32, 'c', true, (), 9000000000)
empty() = {}
chained(n) = n.max2(3).max2(4)
conditional(n: Int) = { var x = 0; if n > 1 then x = 5 else x = 6; match n { 1 -> x = 2, _ -> () }; x }
swap(a: Int) = { var x = a; var y = x + { x = x + 1; x }; y }
"#,
    );
}

#[test]
fn code_does_not_depend_on_where_the_text_stands() {
    let text = "g(x: Int) = { y = x + 1; y * 2 }\n";
    assert_eq!(code(text), code(&format!("\n\n# moved\n{text}")));
}

/// The parser bounds the depth of the tree; what it accepts must fit an ordinary stack.
#[test]
fn deep_expressions_fit_the_stack() {
    for (open, close) in [("[", "]"), ("(1 + ", ")"), ("if true then 1 else ", ""), ("{ ", " }"), ("f(", ")")] {
        let mut depth = syntax::MAX_TREE_DEPTH;
        let text = loop {
            let text = format!("f(x) = {}x{}", open.repeat(depth), close.repeat(depth));
            if syntax::parse(&text).errors().is_empty() {
                break text;
            }
            depth -= 50;
        };
        assert!(depth > 100, "{open}: {depth}");
        code(&text);
    }
}

/// Definitions of kinds that have no code of their own are not asked for here.
#[test]
fn symbols_name_kind_and_module() {
    let def = DefName::new(Name::from("geo"), DefKind::Function, Name::from("area"), Name::from("_,Int"));
    assert_eq!(crate::lower::default_symbol(&def.to_string(), 1), "geo.area(_,Int)$default$1");
}

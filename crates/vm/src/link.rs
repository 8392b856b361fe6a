//! Linked chunks: a verified [`Chunk`] with its constants as values and its symbols resolved as they are first used.
//!
//! Input: chunks from a [`ChunkSource`]. Output: [`Unit`]s, kept by the machine until it dies, so that frames and call
//! caches may point at them.
//!
//! Invariant: a unit exists only for a chunk that passed the verifier; the interpreter relies on it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytecode::{
    Body, BodyBuilder, CallTarget, Candidate, Chunk, ChunkBuilder, Constant, ConstructorRef, Head, Instr, TypeDesc,
};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::block::Block;
use crate::collections::KeyRef;
use crate::failure::{Raise, Stop, Trap};
use crate::natives::{self, NativeDef};
use crate::number;
use crate::text::Str;
use crate::value::{Ctor, FunctionMeta, SizedKind, Value};

/// Why a function cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// Nobody defines the symbol.
    Unknown,
    /// The chunk is not usable; the text says why.
    Broken(String),
}

/// Where chunks come from. Asked once per symbol, at the first call.
pub trait ChunkSource {
    /// The chunk of a function, a module value or the initialiser of an mvar.
    fn chunk(&mut self, symbol: &str) -> Result<Arc<Chunk>, LinkError>;

    /// The declaration of a type by its full name, for reflection.
    fn type_desc(&mut self, name: &str) -> Option<TypeDesc> {
        let _ = name;
        None
    }
}

/// What a frame needs to run one body of a unit.
pub(crate) struct Entry {
    pub(crate) unit: Cell<*const Unit>,
    pub(crate) body: *const Body,
    pub(crate) code: *const Instr,
    pub(crate) params: u16,
    pub(crate) registers: u16,
    pub(crate) index: u16,
}

/// A linked chunk.
pub(crate) struct Unit {
    pub(crate) chunk: Arc<Chunk>,
    pub(crate) entries: Box<[Entry]>,
    pub(crate) constants: Box<[Value]>,
    /// Per symbol: the function's entry, null until the first call.
    pub(crate) calls: Box<[Cell<*const Entry>]>,
    /// Per symbol: slot of the module value or mvar, `NO_SLOT` until the first use.
    pub(crate) values: Box<[Cell<u32>]>,
    pub(crate) mvars: Box<[Cell<u32>]>,
    pub(crate) natives: Box<[&'static NativeDef]>,
    pub(crate) ctors: Box<[Rc<Ctor>]>,
    /// Values of the constructors without fields.
    pub(crate) nullary: Box<[OnceCell<Value>]>,
    pub(crate) sites: Box<[SiteCache]>,
}

pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What a site found for some heads.
#[derive(Clone, Copy)]
pub(crate) enum SiteTarget {
    Function(*const Entry),
    Native(&'static NativeDef),
}

/// Heads of the first two arguments and their number.
pub(crate) type SiteKey = [u64; 2];

/// Inline cache of one method site.
pub(crate) struct SiteCache {
    /// How many leading arguments the candidates look at.
    pub(crate) looks_at: usize,
    pub(crate) last: Cell<Option<(SiteKey, SiteTarget)>>,
    pub(crate) all: RefCell<Vec<(SiteKey, SiteTarget)>>,
}

/// Interned constructors and types of one machine.
#[derive(Default)]
pub(crate) struct Ctors {
    by_def: FxHashMap<ConstructorRef, Rc<Ctor>>,
    types: FxHashMap<bytecode::TypeRef, u32>,
}

impl Ctors {
    pub(crate) fn intern(&mut self, def: &ConstructorRef) -> Rc<Ctor> {
        if let Some(ctor) = self.by_def.get(def) {
            return Rc::clone(ctor);
        }
        let next = self.types.len() as u32;
        let type_id = *self.types.entry(def.ty.clone()).or_insert(next);
        let ctor = Rc::new(Ctor { type_id, def: def.clone() });
        self.by_def.insert(def.clone(), Rc::clone(&ctor));
        ctor
    }
}

impl Unit {
    /// Verifies and links a chunk. Callees are not touched.
    pub(crate) fn link(chunk: Arc<Chunk>, ctors: &mut Ctors) -> Result<Rc<Self>, LinkError> {
        bytecode::verify(&chunk).map_err(|error| LinkError::Broken(error.to_string()))?;
        let constants = chunk.constants.iter().map(constant).collect::<Result<_, _>>()?;
        let natives = chunk
            .natives
            .iter()
            .map(|name| natives::find(name).ok_or_else(|| LinkError::Broken(format!("no native `{name}`"))))
            .collect::<Result<_, _>>()?;
        let entries = (0u16..)
            .zip(&chunk.bodies)
            .map(|(index, body)| Entry {
                unit: Cell::new(std::ptr::null()),
                body,
                code: body.code.as_ptr(),
                params: body.params,
                registers: body.registers,
                index,
            })
            .collect();
        let sites = chunk
            .sites
            .iter()
            .map(|site| SiteCache {
                looks_at: site.candidates.iter().map(looks_at).max().unwrap_or(0),
                last: Cell::new(None),
                all: RefCell::default(),
            })
            .collect();
        let unit = Rc::new(Self {
            entries,
            constants,
            calls: chunk.symbols.iter().map(|_| Cell::new(std::ptr::null())).collect(),
            values: chunk.symbols.iter().map(|_| Cell::new(NO_SLOT)).collect(),
            mvars: chunk.symbols.iter().map(|_| Cell::new(NO_SLOT)).collect(),
            natives,
            ctors: chunk.constructors.iter().map(|def| ctors.intern(def)).collect(),
            nullary: chunk.constructors.iter().map(|_| OnceCell::new()).collect(),
            sites,
            chunk,
        });
        for entry in &unit.entries {
            entry.unit.set(Rc::as_ptr(&unit));
        }
        Ok(unit)
    }

    /// Forgets all resolved callees.
    pub(crate) fn unlink(&self) {
        for call in &self.calls {
            call.set(std::ptr::null());
        }
        for site in &self.sites {
            site.last.set(None);
            site.all.borrow_mut().clear();
        }
    }

    /// A body without captures as a function value.
    pub(crate) fn function(self: &Rc<Self>, body: u16) -> Value {
        Value::Closure(Block::new(FunctionMeta { unit: Rc::clone(self), body }, 0, std::iter::empty()))
    }

    /// The value of a constructor without fields.
    pub(crate) fn nullary(&self, index: usize) -> Value {
        self.nullary[index].get_or_init(|| Value::data(Rc::clone(&self.ctors[index]), Vec::new())).clone()
    }
}

/// How many leading arguments decide, as far as [`head_key`] tells them apart; more than any call has where it does not.
fn looks_at(candidate: &Candidate) -> usize {
    if candidate.heads.iter().any(|head| matches!(head, Head::Of(..))) {
        return usize::MAX;
    }
    candidate.heads.iter().rposition(|head| *head != Head::Any).map_or(0, |last| last + 1)
}

/// Whether the heads of the arguments satisfy the candidate, and their number fits.
pub(crate) fn fits(candidate: &Candidate, args: &[Value]) -> bool {
    let params = usize::from(candidate.params);
    args.len() <= params
        && args.len() + candidate.defaults.len() >= params
        && candidate.heads.iter().enumerate().all(|(index, head)| match args.get(index) {
            Some(arg) => head_fits(head, arg),
            // A parameter that is not given cannot decide.
            None => true,
        })
}

fn head_fits(head: &Head, arg: &Value) -> bool {
    match head {
        Head::Any => true,
        Head::Kind(kind) => arg.kind() == *kind,
        Head::Tuple(arity) => matches!(arg, Value::Tuple(items) if items.len() == usize::from(*arity)),
        Head::Function(params) => match arg {
            Value::Closure(function) => {
                let meta = function.meta();
                meta.unit.entries[usize::from(meta.body)].params == *params
            }
            Value::Constructor(ctor) => ctor.def.fields.len() == usize::from(*params),
            Value::Native(_) => true,
            _ => false,
        },
        Head::Type(ty) => arg.ctor().is_some_and(|ctor| ctor.def.ty == *ty),
        Head::Of(head, rows) => head_fits(head, arg) && parts_fit(rows, arg),
    }
}

/// Whether the parts of a value fit; those that it does not have do. The depth is bounded by the verifier.
fn parts_fit(rows: &[Vec<Head>], arg: &Value) -> bool {
    let row = arg.ctor().map_or(0, |ctor| usize::from(ctor.def.index));
    let Some(row) = rows.get(row) else { return true };
    let fit = |index: usize, part: Option<&Value>| match (row.get(index), part) {
        (Some(head), Some(part)) => head_fits(head, part),
        _ => true,
    };
    match arg {
        Value::List(..) => fit(0, arg.as_list().and_then(|items| items.head())),
        Value::Set(set) => fit(0, set.iter().next().map(KeyRef::to_value).as_ref()),
        Value::Map(map) => {
            map.iter().next().is_none_or(|(key, value)| fit(0, Some(&key.to_value())) && fit(1, Some(value)))
        }
        Value::Tuple(items) => items.iter().enumerate().all(|(index, item)| fit(index, Some(item))),
        Value::Data(fields) => fields.iter().enumerate().all(|(index, field)| fit(index, Some(field))),
        _ => true,
    }
}

/// A number for everything that [`head_fits`] can tell apart.
#[inline]
pub(crate) fn head_key(arg: &Value) -> u64 {
    match arg {
        Value::Data(data) => (u64::from(data.meta().type_id) << 8) | 0xff,
        Value::Reactive(object) => (u64::from(object.ctor.borrow().type_id) << 8) | 0xff,
        Value::Tuple(items) => ((items.len() as u64) << 8) | 0xfe,
        Value::Closure(function) => {
            let meta = function.meta();
            (u64::from(meta.unit.entries[usize::from(meta.body)].params) << 8) | 0xfd
        }
        Value::Constructor(ctor) => ((ctor.def.fields.len() as u64) << 8) | 0xfc,
        _ => arg.kind() as u64,
    }
}

/// A chunk that puts arguments where a candidate has them, computes the other parameters and calls it.
pub(crate) fn defaults_stub(name: &str, candidate: &Candidate, given: usize) -> Result<Chunk, LinkError> {
    let (argc, params) = (given as u16, candidate.params);
    let first: Vec<u16> = (0..argc).collect();
    let given = if candidate.given.is_empty() { &first } else { &candidate.given };
    let missing: Vec<u16> = (0..params).filter(|param| !given.contains(param)).collect();
    let defaults = &candidate.defaults[candidate.defaults.len() - missing.len()..];
    let mut chunk = ChunkBuilder::new(name);
    let mut body = BodyBuilder::new();
    // Behind the arguments all parameters, behind them a window.
    let window = argc + params;
    for (arg, param) in (0..argc).zip(given) {
        body.emit(Instr::Move { dst: argc + param, src: arg });
    }
    for (index, symbol) in missing.into_iter().zip(defaults) {
        for before in 0..index {
            body.emit(Instr::Move { dst: window + before, src: argc + before });
        }
        let symbol = chunk.symbol(symbol.clone());
        body.emit(Instr::Call { argc: index as u8, dst: argc + index, symbol, args: window });
    }
    match &candidate.target {
        CallTarget::Function(symbol) => {
            let symbol = chunk.symbol(symbol.clone());
            body.emit(Instr::TailCall { argc: params as u8, symbol, args: argc });
        }
        CallTarget::Native(native) => {
            let native = chunk.native(native);
            body.emit(Instr::CallNative { argc: params as u8, dst: 0, native, args: argc });
            body.emit(Instr::Return { src: 0 });
        }
    }
    chunk.set_body(0, name, argc, window + params + 1, Vec::new(), body);
    chunk.finish().map_err(|error| LinkError::Broken(error.to_string()))
}

fn constant(constant: &Constant) -> Result<Value, LinkError> {
    let sized = |kind, value| Value::Sized(kind, value);
    Ok(match constant {
        Constant::Unit | Constant::IntRange { .. } => Value::Unit,
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Int(value) => Value::Int(*value),
        Constant::Int8(value) => sized(SizedKind::Int8, i64::from(*value)),
        Constant::Int16(value) => sized(SizedKind::Int16, i64::from(*value)),
        Constant::Int32(value) => sized(SizedKind::Int32, i64::from(*value)),
        Constant::UInt8(value) => sized(SizedKind::UInt8, i64::from(*value)),
        Constant::UInt16(value) => sized(SizedKind::UInt16, i64::from(*value)),
        Constant::UInt32(value) => sized(SizedKind::UInt32, i64::from(*value)),
        Constant::UInt64(value) => sized(SizedKind::UInt64, *value as i64),
        Constant::Float(bits) => Value::Float(f64::from_bits(*bits)),
        Constant::Float32(bits) => Value::Float32(f32::from_bits(*bits)),
        Constant::BigInt(text) => {
            let value = number::parse_big(text).ok().flatten();
            number::big(value.ok_or_else(|| LinkError::Broken(format!("`{text}` is no BigInt")))?)
        }
        Constant::Decimal(text) => number::decimal(
            number::parse_decimal(text).ok_or_else(|| LinkError::Broken(format!("`{text}` is no Decimal")))?,
        ),
        Constant::Char(value) => Value::Char(*value),
        Constant::Str(text) => {
            let text = Str::from(text.as_str());
            text.chars_len();
            Value::Str(text)
        }
    })
}

/// The failure of a program that calls what cannot be loaded.
#[cold]
pub(crate) fn link_failure(symbol: &SmolStr, error: LinkError) -> Trap {
    Raise::Stop(Stop::Link(match error {
        LinkError::Unknown => format!("Link error: `{symbol}` is not defined"),
        LinkError::Broken(why) => format!("Link error: `{symbol}`: {why}"),
    }))
    .into()
}

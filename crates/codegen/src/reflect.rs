//! Types that reflection looks at while the program runs: they are told as text, as arguments behind all others.
//!
//! Input: [`told`](types::InferenceResult::told) and [`told_types`](types::InferenceResult::told_types). Output: code that
//! makes such texts and passes them on. Inside a function that is told types these live where locals do, so closures
//! capture them as locals.
//!
//! Invariant: a function has its usual number of parameters under its own symbol, whoever calls it.

use bytecode::Instr;
use hir::body::{ExprId, LocalId};
use la_arena::RawIdx;
use types::{Builtin, Head, Resolution, Ty};

use crate::{
    emit::Reg,
    lower::{Gen, Place},
};

/// Symbol of the code that takes types behind its parameters.
pub(crate) fn told_symbol(symbol: &str) -> String {
    format!("{symbol}$told")
}

/// What reflection reads where nobody knows the type.
const UNKNOWN: &str = "_";

impl<'a> Gen<'a> {
    /// What the function that `expr` calls or names is told.
    pub(crate) fn told(&self, expr: ExprId) -> &'a [Ty] {
        self.input.inference.told.get(&expr).map_or(&[], Vec::as_slice)
    }

    /// The local that holds the `place`-th type which this function is told: one that no text names.
    fn told_local(&self, place: usize) -> LocalId {
        LocalId::from_raw(RawIdx::from_u32((self.input.body.locals.len() + place) as u32))
    }

    /// The registers behind the `params` parameters hold types.
    pub(crate) fn declare_told(&mut self, params: usize) {
        for place in 0..self.input.inference.told_types.len() {
            let (local, register) = (self.told_local(place), (params + place) as Reg);
            self.frame().places.insert(local, Place::Register(register));
        }
    }

    /// The code under the function's own symbol: a call from where no types are known.
    pub(crate) fn call_untold(&mut self, params: usize, told: usize) {
        let args = self.code().alloc_many(params + told);
        for offset in 0..params as Reg {
            self.emit(Instr::Move { dst: args + offset, src: offset });
        }
        for offset in 0..told {
            self.told_type(&Ty::Dyn, args + (params + offset) as Reg);
        }
        let argc = self.argc(params + told);
        let symbol = self.chunk.symbol(told_symbol(self.input.def.symbol()));
        self.emit(Instr::TailCall { argc, symbol, args });
    }

    /// `dst` = a function together with what it is told.
    pub(crate) fn told_function(&mut self, expr: ExprId, resolution: &Resolution, told: &[Ty], dst: Reg) {
        let params = match self.ty(expr) {
            // A closure does not know the defaults of what it calls.
            Some(Ty::Fn(function)) if function.required as usize == function.params.len() => function.params.len(),
            _ => return self.resolution(resolution, dst),
        };
        let body = self.chunk.reserve_body();
        self.enter(params, None);
        let args = self.code().alloc_many(params + told.len());
        let argc = self.argc(params + told.len());
        match resolution {
            Resolution::Function(def) => {
                for offset in 0..params as Reg {
                    self.emit(Instr::Move { dst: args + offset, src: offset });
                }
                for (register, ty) in (args + params as Reg..).zip(told) {
                    self.told_type(ty, register);
                }
                let symbol = self.chunk.symbol(told_symbol(def.symbol()));
                self.emit(Instr::TailCall { argc, symbol, args });
                self.leave(body, def.name());
            }
            Resolution::Native(name) => {
                for (register, ty) in (args..).zip(told) {
                    self.told_type(ty, register);
                }
                for offset in 0..params as Reg {
                    self.emit(Instr::Move { dst: args + told.len() as Reg + offset, src: offset });
                }
                let (native, result) = (self.chunk.native(name), self.alloc());
                self.emit(Instr::CallNative { argc, dst: result, native, args });
                self.emit(Instr::Return { src: result });
                self.leave(body, name);
            }
            // Nothing else is told anything.
            _ => self.leave(body, UNKNOWN),
        }
        self.emit(Instr::MakeClosure { dst, body });
    }

    /// `dst` = the type as reflection reads it: `List[shop.Item]`, `(Int, String)`.
    pub(crate) fn told_type(&mut self, ty: &Ty, dst: Reg) {
        let mut pieces = vec![Piece::Text(String::new())];
        self.write(ty, &mut pieces);
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        match pieces.as_slice() {
            [piece] => self.piece(piece, dst),
            pieces => {
                let mark = self.code().mark();
                let start = self.code().alloc_many(pieces.len());
                for (register, piece) in (start..).zip(pieces) {
                    self.piece(piece, register);
                }
                self.emit(Instr::Interpolate { dst, start, count: pieces.len() as u16 });
                self.code().release(mark);
            }
        }
    }

    fn piece(&mut self, piece: &Piece, dst: Reg) {
        match piece {
            Piece::Text(text) => {
                let constant = self.chunk.str(text);
                self.emit(Instr::LoadConst { dst, constant });
            }
            Piece::Told(local) => self.read_local(*local, dst),
        }
    }

    fn write(&self, ty: &Ty, out: &mut Vec<Piece>) {
        match ty {
            Ty::Con(Head::Tuple, args) => self.write_list(("(", ")"), args, out),
            Ty::Con(Head::Builtin(Builtin::Unit), _) => push(out, "()"),
            Ty::Con(head, args) => {
                match head {
                    Head::Adt(def) => push(out, &def.qualified()),
                    head => push(out, head.name()),
                }
                if !args.is_empty() {
                    self.write_list(("[", "]"), args, out);
                }
            }
            Ty::Fn(_) => push(out, "Function"),
            Ty::Param(index) => match self.input.inference.told_types.iter().position(|told| told == index) {
                Some(place) if self.is_told() => out.push(Piece::Told(self.told_local(place))),
                _ => push(out, UNKNOWN),
            },
            Ty::Var(_) | Ty::Never | Ty::Dyn | Ty::Error => push(out, UNKNOWN),
        }
    }

    fn write_list(&self, (open, close): (&str, &str), types: &[Ty], out: &mut Vec<Piece>) {
        push(out, open);
        for (index, ty) in types.iter().enumerate() {
            push(out, if index == 0 { "" } else { ", " });
            self.write(ty, out);
        }
        push(out, close);
    }

    /// Whether the chunk is the one that is told types; defaults are not.
    fn is_told(&self) -> bool {
        self.frames.first().is_some_and(|frame| frame.places.get(self.told_local(0)).is_some())
    }
}

/// A part of the text of a type.
enum Piece {
    Text(String),
    Told(LocalId),
}

fn push(out: &mut Vec<Piece>, text: &str) {
    match out.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => out.push(Piece::Text(text.to_owned())),
    }
}

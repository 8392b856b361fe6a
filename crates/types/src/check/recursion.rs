//! Functions that call themselves as methods of a receiver that is not known yet.
//!
//! Input: a method call that came with the scheme of a function. Output: whether it is one that is being answered
//! already. The scheme of `f(x, n) = x.f(n - 1)` asks for `f` of its receiver, and so does the scheme that answers it.
//!
//! Invariant: at one expression each function answers each list of argument types once, and not more than
//! [`MAX_ANSWERS`] lists: those that follow are the same as the last.

use base_db::{DefName, Name};
use hir::body::ExprId;
use rustc_hash::FxHashMap;

use super::{Check, lookup::is_library, raw};
use crate::{infer::Callee, ty::Ty};

/// How many instances of one function the calls behind one expression may need.
const MAX_ANSWERS: usize = 64;

/// Calls by body, expression and function: receiver and arguments, and the result.
pub(super) type InheritedCalls = FxHashMap<(usize, usize, DefName), Vec<(Vec<Ty>, Ty)>>;

impl Check<'_, '_> {
    /// Whether the call of `callee` is one that is answered already; then it has the same result.
    pub(super) fn is_repeated(
        &mut self,
        at: ExprId,
        callee: &Callee,
        receiver: &Ty,
        args: &[(Option<Name>, Ty)],
        result: &Ty,
    ) -> bool {
        // Functions of the library call nothing of unknown type by its name again.
        let Callee::Function(def) = callee else { return false };
        if is_library(def) {
            return false;
        }
        let mut types = vec![self.table.resolve(receiver)];
        types.extend(args.iter().map(|(_, ty)| self.table.resolve(ty)));
        let key = (self.current, raw(at), def.clone());
        let known = self.inherited_calls.get(&key).map_or(&[][..], Vec::as_slice);
        let known: Vec<(Vec<Ty>, Ty)> = known.to_vec();
        for (before, answer) in &known {
            let before: Vec<Ty> = before.iter().map(|ty| self.table.resolve(ty)).collect();
            if before == types {
                self.expect(at, answer, result);
                return true;
            }
        }
        if known.len() < MAX_ANSWERS {
            self.inherited_calls.entry(key).or_default().push((types, result.clone()));
            return false;
        }
        if let Some((before, answer)) = known.last() {
            for (before, ty) in before.iter().zip(&types) {
                self.expect(at, before, ty);
            }
            self.expect(at, answer, result);
        }
        true
    }
}

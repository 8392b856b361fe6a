//! The instructions of the register machine, one `Copy` value of eight bytes each.
//!
//! Input: nothing. Output: [`Instr`], and [`Instr::operands`], from which the verifier and the disassembler work.
//!
//! How to read an instruction:
//!
//! - A body owns `registers` slots numbered from 0; the arguments arrive in `0..params`. The others hold some scalar that
//!   means nothing: write before you read.
//! - The type of a field tells its role: [`Dst`] is written, [`Src`] is read and keeps its value, [`InOut`] is read and
//!   written, [`Start`] is the first of several consecutive registers (a *window*).
//! - A window given to a call or a constructor is **consumed**: its registers hold `()` afterwards. Everything else in
//!   the frame is untouched by calls; windows may lie anywhere.
//! - `dst` may be equal to a source. `dst` may lie in the consumed window.
//! - Jumps: a [`Target`] is an absolute index into the body's code, an [`Offset`] is relative to the *next* instruction
//!   (0 means "no jump"). [`crate::BodyBuilder`] fills both in from labels and lengthens offsets that do not fit.
//! - Instructions named after a type (`AddInt`, `JumpLtFloat`) expect that type. They still look at the values and fail
//!   with `("TypeError", ..)` when they find another one, so a wrong chunk is never undefined behaviour.
//! - Instructions without a type in the name look at the values and work for every kind the language allows there.
//!
//! Invariant: nothing here names a position in a text, a compiler structure or a structure of the machine.

use serde::{Deserialize, Serialize};

use crate::Kind;

/// A register that is written.
pub type Dst = u16;
/// A register that is read and keeps its value.
pub type Src = u16;
/// A register that is read and then written.
pub type InOut = u16;
/// The first register of a window.
pub type Start = u16;
/// Number of registers in a window.
pub type Count = u16;
/// Number of arguments; the window starts at the `args` field.
pub type Argc = u8;
/// Index into [`crate::Chunk::constants`].
pub type ConstIx = u16;
/// Index into [`crate::Chunk::symbols`].
pub type SymbolIx = u16;
/// Index into [`crate::Chunk::natives`].
pub type NativeIx = u16;
/// Index into [`crate::Chunk::names`].
pub type NameIx = u16;
/// Index into [`crate::Chunk::constructors`].
pub type CtorIx = u16;
/// Index into [`crate::Chunk::sites`].
pub type SiteIx = u16;
/// Index into [`crate::Chunk::bodies`].
pub type BodyIx = u16;
/// Index into [`crate::Chunk::tables`].
pub type TableIx = u16;
/// Index into the captures of the running closure.
pub type CaptureIx = u16;
/// Absolute index of an instruction.
pub type Target = u32;
/// Distance from the next instruction.
pub type Offset = i16;
/// A small number that is part of the instruction.
pub type Imm = i16;
/// A number that is part of the instruction.
pub type Imm32 = i32;
/// A length, an arity, or the index of a field, tuple element or constructor.
pub type Plain = u16;

/// One operand with its role, as [`Instr::operands`] lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the type aliases of this module, documented there")]
pub enum Operand {
    Dst(u16),
    Src(u16),
    InOut(u16),
    Start(u16),
    Count(u16),
    Argc(u8),
    ConstIx(u16),
    SymbolIx(u16),
    NativeIx(u16),
    NameIx(u16),
    CtorIx(u16),
    SiteIx(u16),
    BodyIx(u16),
    TableIx(u16),
    CaptureIx(u16),
    Target(u32),
    Offset(i16),
    Imm(i16),
    Imm32(i32),
    Plain(u16),
    Kind(Kind),
    Bool(bool),
}

type Bool = bool;

macro_rules! instructions {
    ($( $(#[$doc:meta])* $name:ident $({ $($field:ident : $role:ident),* $(,)? })? ,)*) => {
        /// One instruction. The module documentation explains roles and windows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each variant documents its fields; their types name the roles")]
        pub enum Instr {
            $( $(#[$doc])* $name $({ $($field: $role),* })?, )*
        }

        impl Instr {
            /// Name of the variant, as the disassembler prints it.
            pub fn name(self) -> &'static str {
                match self {
                    $( Instr::$name $({ $($field: _),* })? => stringify!($name), )*
                }
            }

            /// Calls `visit` with every operand: field name and role, in order of declaration.
            pub fn operands(self, visit: &mut dyn FnMut(&'static str, Operand)) {
                match self {
                    $( Instr::$name $({ $($field),* })? => {
                        $( $( visit(stringify!($field), Operand::$role($field)); )* )?
                    } )*
                }
                let _ = visit;
            }

            /// The same instruction with its jump, if it has one, set to the given place. `Offset` fields take
            /// `offset`, `Target` fields take `target`.
            pub(crate) fn with_jump(self, target_to: u32, offset_to: i16) -> Self {
                match self {
                    $( Instr::$name $({ $($field),* })? =>
                        Instr::$name $({ $($field: set_jump!($role, $field, target_to, offset_to)),* })?, )*
                }
            }
        }
    };
}

macro_rules! set_jump {
    (Target, $old:ident, $target:ident, $offset:ident) => {{
        let _ = $old;
        $target
    }};
    (Offset, $old:ident, $target:ident, $offset:ident) => {{
        let _ = $old;
        $offset
    }};
    ($role:ident, $old:ident, $target:ident, $offset:ident) => {
        $old
    };
}

instructions! {
    // ---- Moves and constants -------------------------------------------------------------------------------------
    /// Does nothing.
    Nop,
    /// `dst = src`; both hold the value afterwards.
    Move { dst: Dst, src: Src },
    /// `dst = src` and `src = ()`. Use it for the last use of a temporary or a local: a value with one owner is
    /// updated in place by `Concat`, `Cons`, `SetIndex`, `SetField` and many natives.
    Take { dst: Dst, src: InOut },
    /// `dst = ()`. Also a good way to drop a large value early.
    LoadUnit { dst: Dst },
    /// `dst = true` or `false`.
    LoadBool { dst: Dst, value: Bool },
    /// `dst` = an Int that fits 32 bits.
    LoadInt { dst: Dst, value: Imm32 },
    /// `dst` = any constant except `Constant::IntRange`.
    LoadConst { dst: Dst, constant: ConstIx },
    /// `dst` = the named function as a value (no captures). Linked when first called.
    LoadFunction { dst: Dst, symbol: SymbolIx },
    /// `dst` = a native as a function value.
    LoadNative { dst: Dst, native: NativeIx },
    /// `dst` = a constructor as a function value of as many parameters as it has fields. For a constructor without
    /// fields use `Construct`, which gives the value itself.
    LoadConstructor { dst: Dst, ctor: CtorIx },
    /// `dst` = a closure over body `body` of this chunk. Its [`crate::Body::captures`] are read now from the registers
    /// and captures of the running body. A register that holds a cell is captured as the cell: that is how a `var` is
    /// shared.
    MakeClosure { dst: Dst, body: BodyIx },
    /// `dst` = the running closure itself (for recursion of local functions).
    LoadSelf { dst: Dst },
    /// `dst` = captured value number `index`; if it is a cell, the cell itself (to capture it again).
    LoadCapture { dst: Dst, index: CaptureIx },

    // ---- Cells: a captured `var` ---------------------------------------------------------------------------------
    /// `dst` = a new cell that holds the value of `src`. A second `CellNew` into the same register makes a fresh cell.
    CellNew { dst: Dst, src: Src },
    /// `dst` = content of the cell in register `cell`.
    CellGet { dst: Dst, cell: Src },
    /// Content of the cell in register `cell` = `src`.
    CellSet { cell: Src, src: Src },
    /// `dst` = content of the captured cell `index`.
    CaptureCellGet { dst: Dst, index: CaptureIx },
    /// Content of the captured cell `index` = `src`.
    CaptureCellSet { index: CaptureIx, src: Src },

    // ---- Module values and mvars ---------------------------------------------------------------------------------
    /// `dst` = value of the symbol's chunk (no parameters), run at most once per machine and remembered. A failure is
    /// not remembered. For the language's top-level bindings, which run at every use, use `Call` without arguments.
    LoadValue { dst: Dst, symbol: SymbolIx },
    /// `dst` = snapshot of the module variable. Fails if it was not initialised yet: whoever runs a program starts with
    /// the initialisers (the chunks of the same symbols, no parameters) in order.
    MvarGet { dst: Dst, symbol: SymbolIx },
    /// Module variable = `src`.
    MvarSet { symbol: SymbolIx, src: Src },
    /// Begins an update of the module variable: around `m = e` where `e` reads `m`. Inside, this process is not preempted,
    /// and while it waits nobody else writes the variable. Regions nest. Return, tail calls and leaving a try region are not allowed inside; a failure closes what its handler did not open.
    AtomicEnter { symbol: SymbolIx },
    /// Ends the region.
    AtomicLeave,

    // ---- Arithmetic ----------------------------------------------------------------------------------------------
    /// Int, wrapping.
    AddInt { dst: Dst, a: Src, b: Src },
    /// Int, wrapping.
    SubInt { dst: Dst, a: Src, b: Src },
    /// Int, wrapping.
    MulInt { dst: Dst, a: Src, b: Src },
    /// Int, toward zero; fails for `b == 0`.
    DivInt { dst: Dst, a: Src, b: Src },
    /// Int, sign of `a`; fails for `b == 0`.
    RemInt { dst: Dst, a: Src, b: Src },
    /// Int plus a small number (negative for subtraction), wrapping.
    AddIntImm { dst: Dst, a: Src, imm: Imm },
    /// Int times a small number, wrapping.
    MulIntImm { dst: Dst, a: Src, imm: Imm },
    /// Int divided by a small number other than 0, toward zero.
    DivIntImm { dst: Dst, a: Src, imm: Imm },
    /// Remainder of Int by a small number other than 0.
    RemIntImm { dst: Dst, a: Src, imm: Imm },
    /// Float.
    AddFloat { dst: Dst, a: Src, b: Src },
    /// Float.
    SubFloat { dst: Dst, a: Src, b: Src },
    /// Float.
    MulFloat { dst: Dst, a: Src, b: Src },
    /// Float, IEEE.
    DivFloat { dst: Dst, a: Src, b: Src },
    /// Any two numbers of one kind, or Int with Float, or Int with BigInt.
    Add { dst: Dst, a: Src, b: Src },
    /// As `Add`.
    Sub { dst: Dst, a: Src, b: Src },
    /// As `Add`.
    Mul { dst: Dst, a: Src, b: Src },
    /// As `Add`; integers, BigInt and Decimal fail for zero.
    Div { dst: Dst, a: Src, b: Src },
    /// Remainder of two numbers of one kind.
    Rem { dst: Dst, a: Src, b: Src },
    /// Power of two numbers of one kind.
    Pow { dst: Dst, a: Src, b: Src },
    /// Unary minus of any number.
    Neg { dst: Dst, src: Src },
    /// Bool negation.
    Not { dst: Dst, src: Src },
    /// Int to Float.
    IntToFloat { dst: Dst, src: Src },

    // ---- Comparison into a register ------------------------------------------------------------------------------
    /// Int equality.
    EqInt { dst: Dst, a: Src, b: Src },
    /// Int `<`. For `>` swap the operands.
    LtInt { dst: Dst, a: Src, b: Src },
    /// Int `<=`.
    LeInt { dst: Dst, a: Src, b: Src },
    /// Float `<`; false with NaN.
    LtFloat { dst: Dst, a: Src, b: Src },
    /// Float `<=`; false with NaN.
    LeFloat { dst: Dst, a: Src, b: Src },
    /// Structural equality of any two values.
    Eq { dst: Dst, a: Src, b: Src },
    /// Negation of `Eq`.
    Ne { dst: Dst, a: Src, b: Src },
    /// Order of numbers, Char, String, tuples, records, variants; others fail with `Lt: values are not comparable`.
    /// `a > b` is `Lt b a`.
    Lt { dst: Dst, a: Src, b: Src },
    /// As `Lt`. `a >= b` is `Le b a`.
    Le { dst: Dst, a: Src, b: Src },

    // ---- Jumps ---------------------------------------------------------------------------------------------------
    /// Goes to `target`.
    Jump { target: Target },
    /// Goes to `target` if the Bool `cond` is true.
    JumpIf { cond: Src, target: Target },
    /// Goes to `target` if the Bool `cond` is false.
    JumpIfNot { cond: Src, target: Target },
    /// Int `a == b`.
    JumpEqInt { a: Src, b: Src, offset: Offset },
    /// Int `a != b`.
    JumpNeInt { a: Src, b: Src, offset: Offset },
    /// Int `a < b`. For "not `a < b`" use `JumpLeInt b a`.
    JumpLtInt { a: Src, b: Src, offset: Offset },
    /// Int `a <= b`.
    JumpLeInt { a: Src, b: Src, offset: Offset },
    /// Int `a == imm`.
    JumpEqImm { a: Src, imm: Imm, offset: Offset },
    /// Int `a != imm`.
    JumpNeImm { a: Src, imm: Imm, offset: Offset },
    /// Int `a < imm`.
    JumpLtImm { a: Src, imm: Imm, offset: Offset },
    /// Int `a <= imm`.
    JumpLeImm { a: Src, imm: Imm, offset: Offset },
    /// Int `a > imm`.
    JumpGtImm { a: Src, imm: Imm, offset: Offset },
    /// Int `a >= imm`.
    JumpGeImm { a: Src, imm: Imm, offset: Offset },
    /// Float `a < b`.
    JumpLtFloat { a: Src, b: Src, offset: Offset },
    /// Float not `a < b` (also taken with NaN).
    JumpNotLtFloat { a: Src, b: Src, offset: Offset },
    /// Float `a <= b`.
    JumpLeFloat { a: Src, b: Src, offset: Offset },
    /// Float not `a <= b` (also taken with NaN).
    JumpNotLeFloat { a: Src, b: Src, offset: Offset },
    /// Structural equality. Also the test of `^x` and of bound names in patterns.
    JumpEq { a: Src, b: Src, offset: Offset },
    /// Structural inequality.
    JumpNe { a: Src, b: Src, offset: Offset },
    /// Generic `a < b`.
    JumpLt { a: Src, b: Src, offset: Offset },
    /// Generic not `a < b`.
    JumpNotLt { a: Src, b: Src, offset: Offset },
    /// Generic `a <= b`.
    JumpLe { a: Src, b: Src, offset: Offset },
    /// Generic not `a <= b`.
    JumpNotLe { a: Src, b: Src, offset: Offset },
    /// End of a `for` loop: Int `counter += 1`, then jump (backwards) while `counter < limit`. Enter the loop behind
    /// `JumpLeInt limit counter`. If the loop variable is captured or may be seen changed, copy the counter at the
    /// start of the loop's body.
    ForLoop { counter: InOut, limit: Src, offset: Offset },
    /// Jump table over an Int: entry `value - low`, `default` outside.
    SwitchInt { src: Src, table: TableIx },
    /// Jump table over the constructor index of a record or variant value; `low` must be 0.
    SwitchTag { src: Src, table: TableIx },

    // ---- Calls ---------------------------------------------------------------------------------------------------
    /// `dst` = result of the named function. The number of arguments must be its number of parameters.
    Call { argc: Argc, dst: Dst, symbol: SymbolIx, args: Start },
    /// Leaves this body with the result of the named function; the frame is reused.
    TailCall { argc: Argc, symbol: SymbolIx, args: Start },
    /// `dst` = result of the function value in register `callee`. A function of n >= 2 parameters called with one
    /// tuple of n elements gets them spread.
    CallValue { argc: Argc, dst: Dst, callee: Src, args: Start },
    /// Tail call of a function value.
    TailCallValue { argc: Argc, callee: Src, args: Start },
    /// `dst` = result of a native.
    CallNative { argc: Argc, dst: Dst, native: NativeIx, args: Start },
    /// `dst` = result of the candidate of the site that fits the run-time heads of the arguments ([`crate::MethodSite`]).
    CallMethod { argc: Argc, dst: Dst, site: SiteIx, args: Start },
    /// Tail call through a site.
    TailCallMethod { argc: Argc, site: SiteIx, args: Start },
    /// Leaves this body with the value of `src`. Not allowed inside try or atomic regions of this body.
    Return { src: Src },

    // ---- Strings and text ----------------------------------------------------------------------------------------
    /// `a ++ b` of two strings or two lists. With `dst == a` and one owner the left value grows in place.
    Concat { dst: Dst, a: Src, b: Src },
    /// `dst` = display form of any value, structurally (a user `Show` is the business of the compiler).
    Show { dst: Dst, src: Src },
    /// `dst` = one String of the display forms (top level: strings raw) of `count` values: interpolation. Consumes.
    Interpolate { dst: Dst, start: Start, count: Count },

    // ---- Tuples, lists, maps, sets -------------------------------------------------------------------------------
    /// Tuple of `count` (at least 2) values. Consumes the window.
    MakeTuple { dst: Dst, start: Start, count: Count },
    /// Element `index`; outside fails with `Index N out of bounds`.
    TupleGet { dst: Dst, src: Src, index: Plain },
    /// List of `count` values in order; 0 gives `[]`. Consumes the window.
    MakeList { dst: Dst, start: Start, count: Count },
    /// `[v1, .., vn | tail]`: `count` values and behind them the tail: a window of `count + 1`. Consumes it.
    MakeListTail { dst: Dst, start: Start, count: Count },
    /// `[head | tail]`. With `dst == tail` and one owner it is done in place.
    Cons { dst: Dst, head: Src, tail: Src },
    /// `[a..b]`, both ends included.
    MakeRange { dst: Dst, a: Src, b: Src },
    /// First element of a list known not to be empty.
    ListHead { dst: Dst, src: Src },
    /// All but the first `count` elements of a list known to have them.
    ListDrop { dst: Dst, src: Src, count: Plain },
    /// Element `index` of a list known to have it (patterns).
    ListGet { dst: Dst, src: Src, index: Plain },
    /// Map of `count` entries from a window of `2 * count` registers: key, value, key, value. Later keys win. Consumes.
    MakeMap { dst: Dst, start: Start, count: Count },
    /// Set of `count` values. Consumes the window.
    MakeSet { dst: Dst, start: Start, count: Count },
    /// `obj[key]` of list, tuple, string, map, set or typed array.
    Index { dst: Dst, obj: Src, key: Src },
    /// `obj[key] = src`: typed arrays change in place; for lists and maps register `obj` gets the updated copy (which
    /// is the same memory when it has one owner).
    SetIndex { obj: InOut, key: Src, src: Src },

    // ---- Records and variants ------------------------------------------------------------------------------------
    /// A record or variant value from a window of as many values as the constructor has fields, in declaration order.
    /// Consumes.
    Construct { dst: Dst, ctor: CtorIx, start: Start },
    /// Field `index` of a record or variant. Fails with a type error if there is no such field.
    GetField { dst: Dst, obj: Src, index: Plain },
    /// Field called `name` of a record, reactive record or variant of any type: generic code.
    GetFieldNamed { dst: Dst, obj: Src, name: NameIx },
    /// Register `obj` = the same record with field `index` replaced by `src` (a copy, unless it has one owner).
    /// `P(p, x: 9)` is `Move d p; SetField d 0 v`.
    SetField { obj: InOut, index: Plain, src: Src },
    /// As `SetField`, by name.
    SetFieldNamed { obj: InOut, name: NameIx, src: Src },
    /// Assignment `obj.name = src` to a reactive record; anything else fails with `Field at index N is not mutable`.
    AssignField { obj: Src, name: NameIx, src: Src },

    // ---- Pattern tests: jump when the value does not fit ---------------------------------------------------------
    /// Value is not of the kind.
    JumpNotKind { kind: Kind, src: Src, target: Target },
    /// Constructor index (among the siblings of its type) is not `tag`, or the value is no record or variant. For
    /// values whose type is known.
    JumpNotTag { src: Src, tag: Plain, offset: Offset },
    /// Value was not made by this very constructor; works for values of any type.
    JumpNotCtor { src: Src, ctor: CtorIx, offset: Offset },
    /// Not equal to the constant. `Constant::IntRange` tests for an Int inside the range.
    JumpNotConst { src: Src, constant: ConstIx, offset: Offset },
    /// Not a tuple of `arity` elements.
    JumpNotTuple { src: Src, arity: Plain, offset: Offset },
    /// Not a list of exactly `len` elements.
    JumpNotList { src: Src, len: Plain, offset: Offset },
    /// Not a list of at least `len` elements.
    JumpListShorter { src: Src, len: Plain, offset: Offset },
    /// `[h | t]` at once: for a list that is not empty `head` = first element and `head + 1` = the rest; otherwise,
    /// also for other kinds, jump.
    JumpNotCons { src: Src, head: Dst, offset: Offset },
    /// As `JumpNotCons`; without a jump, the list moves out of `src`, which holds `()` afterwards.
    TakeCons { src: InOut, head: Dst, offset: Offset },
    /// For a map that has the key in register `key`: register `key` = its value. Otherwise jump (register unchanged).
    JumpNotKey { src: Src, key: InOut, offset: Offset },
    /// Not a set that contains `item`.
    JumpNotMember { src: Src, item: Src, offset: Offset },
    /// Not a String that starts with the string constant.
    JumpNotPrefix { src: Src, constant: ConstIx, offset: Offset },
    /// `dst` = String `src` without the string constant it is known to start with.
    StripPrefix { dst: Dst, src: Src, constant: ConstIx },

    // ---- Failure -------------------------------------------------------------------------------------------------
    /// Raises the value.
    Throw { src: Src },
    /// Raises `Non-exhaustive match: no pattern matched`.
    FailMatch,
    /// Opens a try region. A failure inside, also in anything called from it, closes the region, puts the caught value
    /// into register `dst` and a token of the failure into `dst + 1`, and goes on at `handler`.
    TryPush { dst: Dst, handler: Target },
    /// Closes the innermost try region of this body.
    TryPop,
    /// Raises the failure of a token again, unchanged (same caught value, same uncaught text, same trace).
    Rethrow { token: Src },

    // ---- Processes -----------------------------------------------------------------------------------------------
    /// `dst` = Pid of a new process that calls the function value (no parameters). What it captured is copied.
    Spawn { dst: Dst, function: Src },
    /// Links the running process and `pid`: the failure or the killing of one ends the other.
    Link { pid: Src },
    /// The running process gets the message `("DOWN", pid, reason)` when `pid` ends. Only for processes it has spawned.
    Monitor { pid: Src },
    /// Appends a copy of `src` to the mailbox of `pid`.
    Send { pid: Src, src: Src },
    /// `dst` = own Pid.
    SelfPid { dst: Dst },
    /// `dst` = the next message; waits for one. A message that fits no arm is dropped: jump back here.
    Receive { dst: Dst },
    /// `dst` = moment `millis` (Int) from now, for `ReceiveUntil`.
    Deadline { dst: Dst, millis: Src },
    /// As `Receive`, but jumps when the moment comes and no message is there.
    ReceiveUntil { dst: Dst, deadline: Src, offset: Offset },
}

const _: () = assert!(size_of::<Instr>() == 8);

impl Instr {
    /// Whether control never goes on to the next instruction.
    pub fn is_terminator(self) -> bool {
        matches!(
            self,
            Instr::Jump { .. }
                | Instr::SwitchInt { .. }
                | Instr::SwitchTag { .. }
                | Instr::TailCall { .. }
                | Instr::TailCallValue { .. }
                | Instr::TailCallMethod { .. }
                | Instr::Return { .. }
                | Instr::Throw { .. }
                | Instr::FailMatch
                | Instr::Rethrow { .. }
        )
    }

    /// Whether the instruction holds an [`Offset`], [`Target`] or neither.
    pub(crate) fn jump_width(self) -> Option<JumpWidth> {
        let mut width = None;
        self.operands(&mut |_, operand| match operand {
            Operand::Target(_) => width = Some(JumpWidth::Wide),
            Operand::Offset(_) => width = Some(JumpWidth::Short),
            _ => {}
        });
        width
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JumpWidth {
    Short,
    Wide,
}

//! Arithmetic of all number types: wrap rules, mixed operands, conversions.

use std::ops::Deref;
use std::rc::Rc;
use std::str::FromStr as _;

use num_bigint::{BigInt, BigUint};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, MathematicalOps as _, ToPrimitive as _};

use crate::failure::{Raise, Trap, panic, type_error};
use crate::mem;
use crate::stop;
use crate::value::{SizedKind, Value};

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
}

/// A BigInt that is accounted for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Big(BigInt);

impl Big {
    fn bytes(value: &BigInt) -> usize {
        value.bits() as usize / 8
    }
}

impl Deref for Big {
    type Target = BigInt;

    fn deref(&self) -> &BigInt {
        &self.0
    }
}

impl Drop for Big {
    fn drop(&mut self) {
        mem::discharge(Self::bytes(&self.0));
    }
}

/// A BigInt value.
pub(crate) fn big(value: BigInt) -> Value {
    mem::charge(Big::bytes(&value));
    Value::BigInt(Rc::new(Big(value)))
}

/// A Decimal value.
pub(crate) fn decimal(value: Decimal) -> Value {
    Value::Decimal(Rc::new(value))
}

/// Parses the text of a decimal constant; more digits than fit are rounded.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_str(text)).ok()
}

/// `a op b` for numbers of one kind, Int with Float, Int with BigInt.
pub(crate) fn arith(op: Op, a: &Value, b: &Value) -> Result<Value, Trap> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(op, *a, *b).map(Value::Int),
        (Value::Float(a), Value::Float(b)) => Ok(Value::Float(float(op, *a, *b))),
        (Value::Int(a), Value::Float(b)) => Ok(Value::Float(float(op, *a as f64, *b))),
        (Value::Float(a), Value::Int(b)) => Ok(Value::Float(float(op, *a, *b as f64))),
        (Value::Float32(a), Value::Float32(b)) => Ok(Value::Float32(float32(op, *a, *b))),
        (Value::Sized(k, a), Value::Sized(l, b)) if k == l => sized(op, *k, *a, *b),
        (Value::BigInt(a), Value::BigInt(b)) => bigint(op, a, b),
        (Value::Int(a), Value::BigInt(b)) => bigint(op, &BigInt::from(*a), b),
        (Value::BigInt(a), Value::Int(b)) => bigint(op, a, &BigInt::from(*b)),
        (Value::Decimal(a), Value::Decimal(b)) => decimals(op, **a, **b),
        _ if is_number(a) => Err(type_error(a.kind_name(), b)),
        _ => Err(type_error("number", a)),
    }
}

/// Whether the value is of a number type.
pub(crate) fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::Float(_) | Value::Float32(_) | Value::Sized(..) | Value::BigInt(_) | Value::Decimal(_)
    )
}

fn int(op: Op, a: i64, b: i64) -> Result<i64, Trap> {
    Ok(match op {
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::Div | Op::Rem if b == 0 => return Err(Raise::DivisionByZero.into()),
        Op::Div => a.wrapping_div(b),
        Op::Rem => a.wrapping_rem(b),
        Op::Pow => {
            if b < 0 {
                return Err(panic("PowInt: negative exponent for Int"));
            }
            wrapping_pow(a, b as u64)
        }
    })
}

fn wrapping_pow(mut base: i64, mut exponent: u64) -> i64 {
    let mut result = 1i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

fn sized(op: Op, kind: SizedKind, a: i64, b: i64) -> Result<Value, Trap> {
    // Multiplication and addition modulo 2^64 agree for both signs; division of unsigned 64 bits does not.
    let value = match (kind, op) {
        (SizedKind::UInt64, Op::Div | Op::Rem) if b == 0 => return Err(Raise::DivisionByZero.into()),
        (SizedKind::UInt64, Op::Div) => ((a as u64) / (b as u64)) as i64,
        (SizedKind::UInt64, Op::Rem) => ((a as u64) % (b as u64)) as i64,
        (SizedKind::UInt64, Op::Pow) => wrapping_pow(a, b as u64),
        _ => int(op, a, b)?,
    };
    Ok(Value::Sized(kind, kind.wrap(value)))
}

fn float(op: Op, a: f64, b: f64) -> f64 {
    match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a % b,
        Op::Pow => a.powf(b),
    }
}

fn float32(op: Op, a: f32, b: f32) -> f32 {
    match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a % b,
        Op::Pow => a.powf(b),
    }
}

/// Results of more bits than this are refused instead of eating all memory and time.
const MAX_BITS: u64 = 1 << 27;

fn bigint(op: Op, a: &BigInt, b: &BigInt) -> Result<Value, Trap> {
    let zero = || b.sign() == num_bigint::Sign::NoSign;
    let room = |bits: u64| stop::room(bits as usize / 8);
    match op {
        Op::Add | Op::Sub => room(a.bits().max(b.bits()))?,
        Op::Mul => room((a.bits() + b.bits()).min(MAX_BITS))?,
        Op::Div | Op::Rem => room(a.bits())?,
        Op::Pow => {}
    }
    Ok(big(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul if a.bits() + b.bits() > MAX_BITS => return Err(panic("BigInt too large")),
        Op::Mul => multiply(a, b)?,
        Op::Div | Op::Rem if zero() => return Err(Raise::DivisionByZero.into()),
        Op::Div => BigInt::from_biguint(a.sign() * b.sign(), divide(a.magnitude(), b.magnitude())?.0),
        Op::Rem => BigInt::from_biguint(a.sign(), divide(a.magnitude(), b.magnitude())?.1),
        Op::Pow => {
            let Ok(exponent) = u32::try_from(b) else {
                return Err(panic(if b.sign() == num_bigint::Sign::Minus {
                    "PowInt: negative exponent for BigInt"
                } else {
                    "PowInt: exponent too large"
                }));
            };
            if a.bits().saturating_mul(u64::from(exponent)) > MAX_BITS {
                return Err(panic("PowInt: exponent too large"));
            }
            room(a.bits() * u64::from(exponent))?;
            power(a, exponent)?
        }
    }))
}

/// Products of smaller factors are left to the library: they take less than a millisecond.
const LEAF_BITS: u64 = 1 << 16;
/// The same for divisors, and for quotients by smaller ones.
const DIVISOR_BITS: u64 = 1 << 14;
/// The same for texts in decimal.
const LEAF_DIGITS: usize = 1 << 12;

/// `a * b` with its sign.
fn multiply(a: &BigInt, b: &BigInt) -> Result<BigInt, Trap> {
    Ok(BigInt::from_biguint(a.sign() * b.sign(), product(a.magnitude(), b.magnitude())?))
}

/// Karatsuba's recursion over the library's multiplication, so that an interrupt is seen between the parts.
fn product(a: &BigUint, b: &BigUint) -> Result<BigUint, Trap> {
    let (long, short) = if a.bits() < b.bits() { (b, a) } else { (a, b) };
    if long.bits() <= LEAF_BITS {
        return Ok(a * b);
    }
    stop::check()?;
    let half = long.bits() / 2;
    let (high, low) = halves(long, half);
    if short.bits() <= half {
        return Ok((product(&high, short)? << half) + product(&low, short)?);
    }
    let (short_high, short_low) = halves(short, half);
    let top = product(&high, &short_high)?;
    let bottom = product(&low, &short_low)?;
    let middle = product(&(high + low), &(short_high + short_low))? - &top - &bottom;
    Ok((top << (2 * half)) + (middle << half) + bottom)
}

/// `value` as `high << bits + low`.
fn halves(value: &BigUint, bits: u64) -> (BigUint, BigUint) {
    let high = value >> bits;
    let low = value - (&high << bits);
    (high, low)
}

fn power(base: &BigInt, mut exponent: u32) -> Result<BigInt, Trap> {
    let mut base = base.clone();
    let mut result = BigInt::from(1);
    loop {
        if exponent & 1 == 1 {
            result = multiply(&result, &base)?;
        }
        exponent >>= 1;
        if exponent == 0 {
            return Ok(result);
        }
        base = multiply(&base, &base)?;
    }
}

/// Quotient and rest; `b` is not zero.
///
/// Block by block as on paper, where a block is as long as the divisor; a block of two by one is divided as Burnikel and
/// Ziegler do, which takes little more than multiplying and can be interrupted.
fn divide(a: &BigUint, b: &BigUint) -> Result<(BigUint, BigUint), Trap> {
    if a.bits() <= 2 * DIVISOR_BITS {
        return Ok(divide_leaf(a, b));
    }
    // The divisor is shifted to fill a block, which can be halved down to leaves of whole digits.
    let parts = b.bits().div_ceil(DIVISOR_BITS).next_power_of_two();
    let block = b.bits().max(DIVISOR_BITS).div_ceil(parts * 64) * parts * 64;
    let shift = block - b.bits();
    let (a, b) = (a << shift, b << shift);
    let digits = a.to_u32_digits();
    let width = (block / 32) as usize;
    let mut quotient = vec![0; digits.len().next_multiple_of(width)];
    let mut rest = BigUint::ZERO;
    for (part, place) in digits.chunks(width).zip(quotient.chunks_mut(width)).rev() {
        let (digits, next) = divide_block(&((rest << block) + BigUint::from_slice(part)), &b, block)?;
        for (to, digit) in place.iter_mut().zip(digits.iter_u32_digits()) {
            *to = digit;
        }
        rest = next;
    }
    Ok((BigUint::new(quotient), rest >> shift))
}

fn divide_leaf(a: &BigUint, b: &BigUint) -> (BigUint, BigUint) {
    let quotient = a / b;
    let rest = a - &quotient * b;
    (quotient, rest)
}

/// `a / b` where `b` has exactly `bits` bits and `a < b << bits`.
fn divide_block(a: &BigUint, b: &BigUint, bits: u64) -> Result<(BigUint, BigUint), Trap> {
    stop::check()?;
    if bits <= DIVISOR_BITS {
        return Ok(divide_leaf(a, b));
    }
    let half = bits / 2;
    let (upper, low) = halves(a, half);
    let (high, rest) = divide_three_by_two(&upper, b, half)?;
    let (quotient, rest) = divide_three_by_two(&((rest << half) + low), b, half)?;
    Ok(((high << half) + quotient, rest))
}

/// `a / b` where `b` has `2 * half` bits and `a < b << half`.
fn divide_three_by_two(a: &BigUint, b: &BigUint, half: u64) -> Result<(BigUint, BigUint), Trap> {
    let (b_high, b_low) = halves(b, half);
    let (top, low) = halves(a, half);
    let (mut quotient, rest) = if &top >> half < b_high {
        divide_block(&top, &b_high, half)?
    } else {
        ((BigUint::from(1u32) << half) - 1u32, top + &b_high - (&b_high << half))
    };
    let missing = product(&quotient, &b_low)?;
    let mut rest = (rest << half) + low;
    // At most twice: the quotient by the upper half is that little too large.
    while rest < missing {
        quotient -= 1u32;
        rest += b;
    }
    Ok((quotient, rest - missing))
}

/// `10^LEAF_DIGITS` and its repeated squares, while they have at most half of `digits`.
fn powers_of_ten(digits: usize) -> Result<Vec<BigUint>, Trap> {
    let mut powers: Vec<BigUint> = Vec::new();
    while LEAF_DIGITS << powers.len() < digits {
        powers.push(match powers.last() {
            Some(last) => product(last, last)?,
            None => BigUint::from(10u32).pow(LEAF_DIGITS as u32),
        });
    }
    Ok(powers)
}

/// The digits of a BigInt.
pub(crate) fn big_text(value: &BigInt) -> Result<String, Trap> {
    // 1234 / 4096 is a little more than the logarithm of 2.
    let most = (value.bits() * 1234 / 4096) as usize + 1;
    let mut out = String::from(if value.sign() == num_bigint::Sign::Minus { "-" } else { "" });
    write_digits(&mut out, value.magnitude(), &powers_of_ten(most)?, false)?;
    Ok(out)
}

/// Appends `value`, which is below the square of the last power; `padded`: with all digits that this may have.
fn write_digits(out: &mut String, value: &BigUint, powers: &[BigUint], padded: bool) -> Result<(), Trap> {
    match powers.split_last() {
        None => {
            stop::room(out.len())?;
            let digits = value.to_string();
            let zeros = if padded { LEAF_DIGITS - digits.len() } else { 0 };
            out.extend(std::iter::repeat_n('0', zeros));
            out.push_str(&digits);
            Ok(())
        }
        Some((power, powers)) if !padded && value < power => write_digits(out, value, powers, false),
        Some((power, powers)) => {
            let (high, low) = divide(value, power)?;
            write_digits(out, &high, powers, padded)?;
            write_digits(out, &low, powers, true)
        }
    }
}

/// The BigInt of a text of digits with an optional sign; `None` if it is no such text.
pub(crate) fn parse_big(text: &str) -> Result<Option<BigInt>, Trap> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    if digits.len() as u64 > MAX_BITS / 3 {
        return Err(panic("BigInt too large"));
    }
    let value = BigInt::from(read_digits(digits, &powers_of_ten(digits.len())?)?);
    Ok(Some(if text.starts_with('-') { -value } else { value }))
}

fn read_digits(digits: &str, powers: &[BigUint]) -> Result<BigUint, Trap> {
    stop::check()?;
    match powers.split_last() {
        None => Ok(digits.parse().unwrap_or_default()),
        Some((power, powers)) => match digits.len().checked_sub(LEAF_DIGITS << powers.len()) {
            Some(place) if place > 0 => {
                let (high, low) = digits.split_at(place);
                Ok(product(&read_digits(high, powers)?, power)? + read_digits(low, powers)?)
            }
            _ => read_digits(digits, powers),
        },
    }
}

fn decimals(op: Op, a: Decimal, b: Decimal) -> Result<Value, Trap> {
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        Op::Div | Op::Rem if b.is_zero() => return Err(Raise::DivisionByZero.into()),
        Op::Div => a.checked_div(b).map(|quotient| with_scale_of(quotient, a, b)),
        Op::Rem => a.checked_rem(b),
        Op::Pow => a.checked_powd(b),
    };
    result.map(decimal).ok_or_else(|| panic("Decimal overflow"))
}

/// A quotient that comes out with fewer places than the operands together keeps that many: `10.0d / 4.0d` is `2.50`.
fn with_scale_of(mut quotient: Decimal, a: Decimal, b: Decimal) -> Decimal {
    let wanted = a.scale() + b.scale();
    if quotient.scale() < wanted {
        quotient.rescale(wanted);
    }
    quotient
}

/// Unary minus.
pub(crate) fn negate(value: &Value) -> Result<Value, Trap> {
    Ok(match value {
        Value::Int(value) => Value::Int(value.wrapping_neg()),
        Value::Float(value) => Value::Float(-value),
        Value::Float32(value) => Value::Float32(-value),
        Value::Sized(kind, value) => Value::Sized(*kind, kind.wrap(value.wrapping_neg())),
        Value::BigInt(value) => big(-&***value),
        Value::Decimal(value) => decimal(-**value),
        _ => return Err(type_error("number", value)),
    })
}

/// Absolute value in the same type.
pub(crate) fn absolute(value: &Value) -> Result<Value, Trap> {
    Ok(match value {
        Value::Int(value) => Value::Int(value.wrapping_abs()),
        Value::Float(value) => Value::Float(value.abs()),
        Value::Float32(value) => Value::Float32(value.abs()),
        Value::Sized(SizedKind::UInt64, _) => value.clone(),
        Value::Sized(kind, value) => Value::Sized(*kind, kind.wrap(value.wrapping_abs())),
        Value::BigInt(value) => big(BigInt::from(value.magnitude().clone())),
        Value::Decimal(value) => decimal(value.abs()),
        _ => return Err(type_error("number", value)),
    })
}

/// Number or Char to Int: integers as they are (UInt64 wraps), fractions cut and saturated, NaN 0.
pub(crate) fn to_int(value: &Value) -> Result<i64, Trap> {
    Ok(match value {
        Value::Int(value) | Value::Sized(_, value) => *value,
        Value::Float(value) => *value as i64,
        Value::Float32(value) => *value as i64,
        Value::Char(value) => i64::from(u32::from(*value)),
        Value::BigInt(value) => i64::try_from(&***value).map_err(|_| panic("BigInt too large for Int"))?,
        Value::Decimal(value) => value.trunc().to_i64().ok_or_else(|| panic("Decimal too large for Int"))?,
        _ => return Err(type_error("number", value)),
    })
}

/// Number to an integer of another width: integers wrap, fractions are cut and saturate.
pub(crate) fn to_sized(kind: SizedKind, value: &Value) -> Result<Value, Trap> {
    let bits = match value {
        Value::Float(_) | Value::Float32(_) => {
            let value = to_float(value)?;
            match kind {
                SizedKind::Int8 => i64::from(value as i8),
                SizedKind::Int16 => i64::from(value as i16),
                SizedKind::Int32 => i64::from(value as i32),
                SizedKind::UInt8 => i64::from(value as u8),
                SizedKind::UInt16 => i64::from(value as u16),
                SizedKind::UInt32 => i64::from(value as u32),
                SizedKind::UInt64 => value as u64 as i64,
            }
        }
        Value::BigInt(value) => {
            // Modulo 2^64 from the two's complement bytes.
            let bytes = value.to_signed_bytes_le();
            let fill = if value.sign() == num_bigint::Sign::Minus { 0xff } else { 0 };
            let mut low = [fill; 8];
            for (to, from) in low.iter_mut().zip(bytes) {
                *to = from;
            }
            i64::from_le_bytes(low)
        }
        _ => to_int(value)?,
    };
    Ok(Value::Sized(kind, kind.wrap(bits)))
}

/// Number to Float, nearest.
pub(crate) fn to_float(value: &Value) -> Result<f64, Trap> {
    Ok(match value {
        Value::Int(value) => *value as f64,
        Value::Sized(SizedKind::UInt64, value) => *value as u64 as f64,
        Value::Sized(_, value) => *value as f64,
        Value::Float(value) => *value,
        Value::Float32(value) => f64::from(*value),
        Value::BigInt(value) => big_to_float(value),
        Value::Decimal(value) => value.to_f64().unwrap_or(f64::NAN),
        _ => return Err(type_error("number", value)),
    })
}

fn big_to_float(value: &BigInt) -> f64 {
    if value.bits() > 1024 {
        return if value.sign() == num_bigint::Sign::Minus { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// Number to Float32, nearest.
pub(crate) fn to_float32(value: &Value) -> Result<f32, Trap> {
    Ok(match value {
        Value::Int(value) => *value as f32,
        Value::Float32(value) => *value,
        _ => to_float(value)? as f32,
    })
}

/// Number to BigInt; fractions are cut.
pub(crate) fn to_bigint(value: &Value) -> Result<BigInt, Trap> {
    Ok(match value {
        Value::BigInt(value) => BigInt::clone(value),
        Value::Sized(SizedKind::UInt64, value) => BigInt::from(*value as u64),
        Value::Float(_) | Value::Float32(_) => {
            let value = to_float(value)?;
            if value.is_finite() {
                BigInt::from_str(&format!("{:.0}", value.trunc())).unwrap_or_default()
            } else {
                BigInt::default()
            }
        }
        Value::Decimal(value) => BigInt::from_str(&value.trunc().to_string()).unwrap_or_default(),
        _ => BigInt::from(to_int(value)?),
    })
}

/// A whole or fractional JSON number as a Decimal.
pub(crate) fn decimal_from_float(value: f64) -> Option<Decimal> {
    Decimal::from_f64(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::display;

    #[track_caller]
    fn check(op: Op, a: Value, b: Value, expected: &str) {
        let text = match arith(op, &a, &b) {
            Ok(value) => display(&value),
            Err(Trap::Raise(raise)) => raise.text(),
            Err(_) => String::new(),
        };
        assert_eq!(text, expected);
    }

    fn dec(text: &str) -> Value {
        decimal(parse_decimal(text).unwrap())
    }

    #[test]
    fn integers_wrap_and_truncate() {
        let i8s = |value| Value::Sized(SizedKind::Int8, value);
        let u8s = |value| Value::Sized(SizedKind::UInt8, value);
        check(Op::Add, i8s(127), i8s(1), "-128");
        check(Op::Sub, u8s(0), u8s(1), "255");
        check(Op::Add, Value::Int(i64::MAX), Value::Int(1), "-9223372036854775808");
        check(Op::Div, Value::Int(-9), Value::Int(2), "-4");
        check(Op::Rem, Value::Int(-9), Value::Int(4), "-1");
        check(Op::Div, Value::Int(i64::MIN), Value::Int(-1), "-9223372036854775808");
        check(Op::Div, i8s(-128), i8s(-1), "-128");
        check(Op::Rem, Value::Int(1), Value::Int(0), "Panic: Uncaught exception: (DivisionByZero, Division by zero)");
        check(Op::Pow, Value::Int(2), Value::Int(-1), "Panic: PowInt: negative exponent for Int");
        check(Op::Add, i8s(1), Value::Int(1), "Type error: expected Int8, got Int");
    }

    #[test]
    #[cfg_attr(miri, ignore = "long, and nothing in it is unsafe")]
    fn large_products_are_those_of_the_library() {
        let factor = |seed: u32, bits: u32| -> BigInt { (BigInt::from(seed).pow(bits / seed.ilog2()) - 12_345) * 3 };
        for (a, b) in [(300_000, 290_000), (1_000_000, 70_000), (500_000, 20), (65_537, 65_535), (200_000, 200_000)] {
            let (a, b) = (factor(7, a), -factor(11, b));
            assert_eq!(multiply(&a, &b).ok(), Some(&a * &b));
        }
        assert_eq!(power(&BigInt::from(-7), 100_001).ok(), Some(BigInt::from(-7).pow(100_001)));
    }

    /// Quotients, rests and texts of all sizes around the leaves are those of the library.
    #[test]
    #[cfg_attr(miri, ignore = "long, and nothing in it is unsafe")]
    fn large_quotients_and_texts_are_those_of_the_library() {
        let number = |seed: u32, bits: u64| (BigUint::from(seed).pow(bits as u32 / seed.ilog2()) - 1u32) * 3u32;
        let bits = [20, 8_000, DIVISOR_BITS, DIVISOR_BITS + 1, 3 * DIVISOR_BITS - 7, 100_000, 300_001];
        for dividend in bits {
            for divisor in bits {
                // A divisor of all ones and one of a single one are the extreme first guesses.
                for b in [number(5, divisor), (BigUint::from(1u32) << divisor) - 1u32, BigUint::from(1u32) << divisor] {
                    for a in [number(7, dividend), (&b << (dividend / 2)) - 1u32] {
                        let Ok((quotient, rest)) = divide(&a, &b) else { panic!("not interrupted") };
                        assert!(rest < b && &quotient * &b + &rest == a, "{dividend} by {divisor} bits");
                    }
                }
            }
            let value = -BigInt::from(number(7, dividend));
            let text = value.to_string();
            assert_eq!(big_text(&value).ok().as_ref(), Some(&text));
            assert_eq!(parse_big(&text).ok(), Some(Some(value)));
        }
        let zeros = format!("1{}7", "0".repeat(3 * LEAF_DIGITS));
        let value = parse_big(&zeros).ok().flatten().unwrap();
        assert_eq!(big_text(&value).ok(), Some(zeros));
        check(Op::Div, big(BigInt::from(-9)), big(BigInt::from(2)), "-4");
        check(Op::Rem, big(BigInt::from(-9)), big(BigInt::from(4)), "-1");
        check(Op::Rem, big(BigInt::from(9)), big(BigInt::from(-4)), "1");
    }

    #[test]
    fn decimals_keep_their_scale() {
        check(Op::Add, dec("0.1"), dec("0.20"), "0.30");
        check(Op::Div, dec("10.0"), dec("4.0"), "2.50");
        check(Op::Div, dec("1"), dec("3"), "0.3333333333333333333333333333");
        check(Op::Mul, dec("1.50"), dec("2"), "3.00");
    }

    #[test]
    fn mixed_operands_widen() {
        check(Op::Add, Value::Int(1), Value::Float(0.5), "1.5");
        check(Op::Mul, Value::Int(2), big(BigInt::from(21)), "42");
        check(Op::Rem, Value::Float(7.5), Value::Float(2.0), "1.5");
    }
}

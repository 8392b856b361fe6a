//! Arithmetic of all number types: wrap rules, mixed operands, conversions.

use std::rc::Rc;
use std::str::FromStr as _;

use num_bigint::BigInt;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, MathematicalOps as _, ToPrimitive as _};

use crate::failure::{Raise, Trap, panic, type_error};
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

/// A BigInt value.
pub(crate) fn big(value: BigInt) -> Value {
    Value::BigInt(Rc::new(value))
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
    Ok(big(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul if a.bits() + b.bits() > MAX_BITS => return Err(panic("BigInt too large")),
        Op::Mul => multiply(a, b)?,
        Op::Div | Op::Rem if zero() => return Err(Raise::DivisionByZero.into()),
        Op::Div => a / b,
        Op::Rem => a % b,
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
            power(a, exponent)?
        }
    }))
}

/// Products of smaller factors are left to the library: they take less than a millisecond.
const LEAF_BITS: u64 = 1 << 16;

/// Karatsuba's recursion over the library's multiplication, so that an interrupt is seen between the parts.
fn multiply(a: &BigInt, b: &BigInt) -> Result<BigInt, Trap> {
    let (long, short) = if a.bits() < b.bits() { (b, a) } else { (a, b) };
    if long.bits() <= LEAF_BITS {
        return Ok(a * b);
    }
    stop::check()?;
    let half = long.bits() / 2;
    let (high, low) = halves(long, half);
    if short.bits() <= half {
        return Ok((multiply(&high, short)? << half) + multiply(&low, short)?);
    }
    let (short_high, short_low) = halves(short, half);
    let top = multiply(&high, &short_high)?;
    let bottom = multiply(&low, &short_low)?;
    let middle = multiply(&(high + low), &(short_high + short_low))? - &top - &bottom;
    Ok((top << (2 * half)) + (middle << half) + bottom)
}

/// `value` as `high << bits + low`; both have its sign.
fn halves(value: &BigInt, bits: u64) -> (BigInt, BigInt) {
    let high = BigInt::from_biguint(value.sign(), value.magnitude() >> bits);
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
        Value::BigInt(value) => big(-&**value),
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
        Value::BigInt(value) => i64::try_from(&**value).map_err(|_| panic("BigInt too large for Int"))?,
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
        Value::BigInt(value) => (**value).clone(),
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
    fn large_products_are_those_of_the_library() {
        let factor = |seed: u32, bits: u32| -> BigInt { (BigInt::from(seed).pow(bits / seed.ilog2()) - 12_345) * 3 };
        for (a, b) in [(300_000, 290_000), (1_000_000, 70_000), (500_000, 20), (65_537, 65_535), (200_000, 200_000)] {
            let (a, b) = (factor(7, a), -factor(11, b));
            assert_eq!(multiply(&a, &b).ok(), Some(&a * &b));
        }
        assert_eq!(power(&BigInt::from(-7), 100_001).ok(), Some(BigInt::from(-7).pow(100_001)));
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

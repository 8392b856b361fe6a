//! Encodings, hashes and identifiers.

use std::fmt::Write as _;

use sha2::Digest;

use crate::failure::{Trap, throw_text, type_error};
use crate::natives::{NativeCtx, NativeDef, int, list, native, outcome, string, text};
use crate::stop::{self, polled, until_stopped};
use crate::text::pieces;
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Base64.decode", 1, |_, args| Ok(outcome(base64_decode(string(&args[0])?).and_then(utf8)))),
    native("Base64.encode", 1, |ctx, args| {
        let bytes = string(&args[0])?.as_bytes();
        ctx.world.room(bytes.len() / 3 * 4)?;
        Ok(text(base64_encode(bytes)))
    }),
    native("Crypto.bcryptHash", 2, |ctx, args| {
        let salt = random_bytes(ctx, 16).try_into().unwrap_or_default();
        let cost = u32::try_from(int(&args[1])?).unwrap_or(u32::MAX);
        if !BCRYPT_COSTS.contains(&cost) {
            return Err(throw_text("Crypto.bcryptHash: the cost must be from 4 to 20"));
        }
        let password = string(&args[0])?.to_string();
        match stop::apart(move |_| bcrypt::hash_with_salt(password, cost, salt))? {
            Ok(hash) => Ok(text(hash.to_string())),
            Err(error) => Err(throw_text(&format!("Crypto.bcryptHash: {error}"))),
        }
    }),
    native("Crypto.bcryptVerify", 2, |_, args| {
        let hash = string(&args[1])?;
        let cost = hash.parse::<bcrypt::HashParts>().map(|parts| parts.get_cost());
        if !cost.is_ok_and(|cost| BCRYPT_COSTS.contains(&cost)) {
            return Ok(Value::Bool(false));
        }
        let (password, hash) = (string(&args[0])?.to_string(), hash.to_string());
        let verified = stop::apart(move |_| bcrypt::verify(password, &hash))?;
        Ok(Value::Bool(verified.unwrap_or(false)))
    }),
    native("Crypto.md5", 1, |_, args| digest::<md5::Md5>(&args[0])),
    native("Crypto.randomBytes", 1, |ctx, args| {
        let count = int(&args[0])?.clamp(0, 1 << 20) as usize;
        let bytes = random_bytes(ctx, count);
        Ok(text(hex(&bytes)))
    }),
    native("Crypto.sha256", 1, |_, args| digest::<sha2::Sha256>(&args[0])),
    native("Crypto.sha512", 1, |_, args| digest::<sha2::Sha512>(&args[0])),
    native("Encoding.fromBytes", 1, |_, args| {
        let bytes = polled(list(&args[0])?.iter()).map(|item| byte(item?)).collect::<Result<Vec<_>, _>>()?;
        let bytes = bytes.into_iter().collect::<Option<Vec<u8>>>();
        Ok(outcome(bytes.ok_or_else(|| "a number outside of 0 to 255".to_owned()).and_then(utf8)))
    }),
    native("Encoding.toBytes", 1, |ctx, args| {
        let bytes = string(&args[0])?.as_bytes();
        ctx.world.room(bytes.len() * size_of::<Value>())?;
        Ok(Value::list(until_stopped(bytes.iter()).map(|&byte| Value::Int(i64::from(byte))).collect()))
    }),
    native("Server.matchPath", 2, |_, args| {
        let pairs = match_path(string(&args[0])?, string(&args[1])?).unwrap_or_default();
        let pairs = pairs.into_iter().map(|(name, value)| Value::tuple(vec![Value::str(name), Value::str(value)]));
        Ok(Value::list(pairs.collect()))
    }),
    native("Url.decode", 1, |_, args| Ok(outcome(url_decode(string(&args[0])?).and_then(utf8)))),
    native("Url.encode", 1, |_, args| Ok(text(url_encode(string(&args[0])?)))),
    native("Uuid.isValid", 1, |_, args| Ok(Value::Bool(is_uuid(string(&args[0])?)))),
    native("Uuid.v4", 0, |ctx, _| {
        let mut bytes = random_bytes(ctx, 16);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hex(&bytes);
        Ok(text([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")))
    }),
];

/// Costs of password hashes. Each step doubles the time.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=20;

fn digest<D: Digest>(value: &Value) -> Result<Value, Trap> {
    let mut digest = D::new();
    for piece in pieces(string(value)?) {
        stop::check()?;
        digest.update(piece.as_bytes());
    }
    Ok(text(hex(&digest.finalize())))
}

fn byte(value: &Value) -> Result<Option<u8>, Trap> {
    match value {
        Value::Int(value) | Value::Sized(_, value) => Ok(u8::try_from(*value).ok()),
        other => Err(type_error("Int", other)),
    }
}

/// The `:name` parts of `pattern` with what stands there in `path`; `None` if the path does not fit.
fn match_path<'a>(pattern: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let segments = |text: &'a str| text.trim_matches('/').split('/');
    let (mut wanted, mut found) = (segments(pattern), segments(path.split('?').next().unwrap_or(path)));
    let mut pairs = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(pairs),
            (Some(wanted), Some(found)) => match wanted.strip_prefix(':') {
                Some(name) => pairs.push((name, found)),
                None if wanted == found => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "not valid UTF-8".to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Bytes for keys and salts: from the host, where it has a source, else from the seeded generator.
fn random_bytes(ctx: &mut NativeCtx<'_>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    if !ctx.world.host.fill_random(&mut bytes) {
        bytes.fill_with(|| (ctx.random() >> 56) as u8);
    }
    bytes
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in until_stopped(bytes.chunks(3)) {
        let bits = (u32::from(chunk[0]) << 16)
            | (u32::from(chunk.get(1).copied().unwrap_or(0)) << 8)
            | u32::from(chunk.get(2).copied().unwrap_or(0));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(BASE64[(bits >> (18 - 6 * place)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn base64_decode(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) || digits.len() % 4 == 1 {
        return Err("wrong length or padding".to_owned());
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let mut bits = 0u32;
    let mut count = 0;
    for byte in until_stopped(digits.bytes()) {
        let Some(value) = BASE64.iter().position(|&digit| digit == byte) else {
            return Err(format!("invalid character `{}`", char::from(byte).escape_default()));
        };
        bits = (bits << 6) | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Ok(out)
}

fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in until_stopped(text.as_bytes().iter()) {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn url_decode(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = until_stopped(text.bytes());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(if byte == b'+' { b' ' } else { byte });
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => return Err("incomplete percent encoding".to_owned()),
        }
    }
    Ok(out)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64_encode(plain.as_bytes()), coded);
            assert_eq!(base64_decode(coded).unwrap(), plain.as_bytes());
        }
        assert!(base64_decode("a").is_err());
        assert!(base64_decode("Zg=").is_err());
        assert!(base64_decode("Z*==").is_err());
    }

    #[test]
    fn percent_encoding_goes_both_ways() {
        assert_eq!(url_encode("a b&ä"), "a%20b%26%C3%A4");
        assert_eq!(url_decode("a%20b%26%C3%A4+").unwrap(), "a b&ä ".as_bytes());
        assert!(url_decode("%4").is_err());
    }
}

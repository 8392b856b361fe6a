//! 128-bit content hashes: of texts, of signatures, of answers.
//!
//! Bytes that come from outside (texts, records) are hashed with BLAKE3, whoever may have written them. Encodings of our
//! own values are hashed with XXH3: a cold build hashes some for every definition, nearly all shorter than one block of
//! BLAKE3, and nobody gains by two values with one fingerprint but the one whose build it spoils.

use std::{cmp::Ordering, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

use crate::codec;

/// 128 bits of a hash. Equal fingerprints are taken for equal content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// What is recorded for a question whose answer was "there is no such thing".
    pub const ABSENT: Fingerprint = Fingerprint([0; 16]);

    /// Fingerprint of raw bytes: the first 128 bits of their BLAKE3 hash.
    pub fn of_bytes(bytes: &[u8]) -> Fingerprint {
        let hash = blake3::hash(bytes);
        let mut out = [0; 16];
        out.copy_from_slice(&hash.as_bytes()[..16]);
        Fingerprint(out)
    }

    /// Fingerprint of a value through its canonical encoding ([`codec::encode`]).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Fingerprint {
        codec::with_encoding(value, Fingerprint::of_encoding)
    }

    /// Fingerprint of an encoding ([`codec::encode`]) that this process made.
    pub fn of_encoding(bytes: &[u8]) -> Fingerprint {
        Fingerprint(xxh3_128(bytes).to_le_bytes())
    }

    /// Fingerprint of a sequence; order counts.
    pub fn combine(parts: impl IntoIterator<Item = Fingerprint>) -> Fingerprint {
        let parts: Vec<u8> = parts.into_iter().flat_map(|part| part.0).collect();
        Fingerprint::of_encoding(&parts)
    }
}

/// The order of the bytes, compared as one number.
impl Ord for Fingerprint {
    fn cmp(&self, other: &Self) -> Ordering {
        u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
    }
}

impl PartialOrd for Fingerprint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As one number: an array of bytes would be written byte by byte.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u128(u128::from_le_bytes(self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Fingerprint(u128::deserialize(deserializer)?.to_le_bytes()))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..6] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A shared value with its fingerprint. Equality compares fingerprints only, which makes it a cheap cutoff.
#[derive(Debug)]
pub struct Stamped<T: ?Sized> {
    /// Fingerprint of `value`'s canonical encoding.
    pub fingerprint: Fingerprint,
    /// The value itself.
    pub value: Arc<T>,
}

impl<T: Serialize> Stamped<T> {
    /// Stamps `value` with the fingerprint of its encoding.
    pub fn new(value: T) -> Stamped<T> {
        Stamped { fingerprint: Fingerprint::of(&value), value: Arc::new(value) }
    }
}

impl<T: ?Sized> Clone for Stamped<T> {
    fn clone(&self) -> Self {
        Stamped { fingerprint: self.fingerprint, value: Arc::clone(&self.value) }
    }
}

impl<T: ?Sized> PartialEq for Stamped<T> {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl<T: ?Sized> Eq for Stamped<T> {}

impl<T: ?Sized> std::ops::Deref for Stamped<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

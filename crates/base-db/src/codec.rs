//! The one place that names the serialization format (bincode 2, fixed configuration).
//!
//! Encodings are canonical: equal values give equal bytes. Values that are encoded must therefore not contain hash
//! maps, and decoding is limited so that a forged length cannot allocate much.

use serde::{Serialize, de::DeserializeOwned};

/// Largest encoding that [`decode`] accepts, in bytes: 64 MiB.
pub const DECODE_LIMIT: usize = 64 << 20;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<DECODE_LIMIT>()
}

/// Encodes `value`. Cannot fail for the plain data of this project (no maps of unknown length).
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, config()).unwrap_or_default()
}

/// Decodes one value. `None`: truncated, damaged, left-over bytes or larger than [`DECODE_LIMIT`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, config()).ok()?;
    (used == bytes.len()).then_some(value)
}

//! The one place that names the serialization format (bincode 2, fixed configuration).
//!
//! Encodings are canonical: equal values give equal bytes. Values that are encoded must therefore not contain hash
//! maps, and decoding is limited so that a forged length cannot allocate much.

use std::cell::Cell;

use bincode::{enc::write::Writer, error::EncodeError};
use serde::{Serialize, de::DeserializeOwned};

/// Largest encoding that [`decode`] accepts, in bytes: 64 MiB.
pub const DECODE_LIMIT: usize = 64 << 20;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<DECODE_LIMIT>()
}

/// Encodes `value`. Cannot fail for the plain data of this project (no maps of unknown length).
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    with_encoding(value, <[u8]>::to_vec)
}

/// Shows the bytes of [`encode`] to `read`. Hundreds of thousands of small values are encoded only to be hashed, so
/// they share a buffer that has grown already.
pub(crate) fn with_encoding<T: Serialize + ?Sized, R>(value: &T, read: impl FnOnce(&[u8]) -> R) -> R {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut bytes = BUFFER.take();
    bytes.clear();
    if bincode::serde::encode_into_writer(value, Bytes(&mut bytes), config()).is_err() {
        bytes.clear();
    }
    let answer = read(&bytes);
    if bytes.capacity() <= KEPT {
        BUFFER.set(bytes);
    }
    answer
}

/// Most writes are of one byte (tags, short lengths), so they are a push and no copy.
struct Bytes<'a>(&'a mut Vec<u8>);

impl Writer for Bytes<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        match bytes {
            [byte] => self.0.push(*byte),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }
}

/// A buffer that grew larger is given back.
const KEPT: usize = 1 << 20;

/// Decodes one value. `None`: truncated, damaged, left-over bytes or larger than [`DECODE_LIMIT`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, config()).ok()?;
    (used == bytes.len()).then_some(value)
}

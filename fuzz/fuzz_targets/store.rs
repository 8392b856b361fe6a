//! The store reads any bytes in any of its files without a panic, a wait or a large allocation.
//!
//! Input: bytes of the fuzzer. They stand in a segment, a manifest, a journal and an export, as they are and with right
//! checksums. What a store answers to damage is compared elsewhere; here it only has to live.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| store::testing::read_as_every_file(input));

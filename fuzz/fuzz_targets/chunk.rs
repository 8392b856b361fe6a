//! Whatever bytecode the verifier accepts runs under limits without crashing the host.
//!
//! Input: bytes of the fuzzer, read as choices of a generator of chunks; many of these are damaged. Fails by a panic or
//! by what the address sanitizer finds in the unsafe code of the machine.

#![no_main]

#[path = "../../crates/vm/tests/common/mod.rs"]
mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    common::generate::run(&mut common::generate::Bytes(bytes), &mut 0);
});

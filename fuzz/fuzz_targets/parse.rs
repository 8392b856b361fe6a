//! Any text parses, to a tree whose text is the input.
//!
//! Input: bytes of the fuzzer; those that are no UTF-8 are skipped. Fails by a panic or a text that differs.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    assert_eq!(syntax::parse(text).syntax().text(), text);
});

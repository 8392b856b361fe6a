//! Any text parses, to a tree whose text is the input, and to the same tree each time.
//!
//! Input: bytes of the fuzzer; those that are no UTF-8 are skipped. Fails by a panic, a text that differs, a mistake
//! that lies outside of the text, or a second tree that is another one.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parse = syntax::parse(text);
    let read = syntax::text_of(parse.green());
    assert_eq!(read, text);
    for error in parse.errors() {
        assert!(usize::from(error.range.end()) <= text.len(), "{error:?}");
    }
    assert!(syntax::parse(&read) == parse, "the second tree differs");
});

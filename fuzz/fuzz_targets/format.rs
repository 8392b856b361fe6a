//! A text without mistakes has one layout, and that has itself as its layout.
//!
//! Input: bytes of the fuzzer; those that are no UTF-8 or no correct file are skipped. Fails by a panic, a layout that
//! changes the program (the formatter compares tokens and tree itself), or a second layout that differs.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus {
    let parse = syntax::parse(text);
    if !parse.errors().is_empty() {
        // Texts with mistakes lead nowhere: only what came from a correct file is worth changing further.
        return Corpus::Reject;
    }
    let once = syntax::format(&parse).expect("a correct file has a layout");
    let twice = syntax::format(&syntax::parse(&once)).expect("a layout is a correct file");
    assert_eq!(once, twice, "the second layout differs");
    Corpus::Keep
});

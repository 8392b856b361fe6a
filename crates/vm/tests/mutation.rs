//! Damaged bytecode: whatever the verifier accepts runs under limits without crashing the host.

mod common;

use common::generate::{Bytes, Outcome, Random, run};

#[test]
fn accepted_programs_never_crash_the_host() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut whole = 0;
    let programs = if cfg!(miri) { 60 } else { 20_000 };
    let outcomes: Vec<Outcome> = (0..programs).map(|_| run(&mut random, &mut whole)).collect();
    let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (finished, failed) = (count(Outcome::Finished), count(Outcome::Failed));
    assert!(
        whole * 20 > programs && (finished + failed) * 200 > programs && finished > 0 && failed > 0,
        "{whole} whole, {finished} finished, {failed} failed"
    );
}

/// Seeds of the fuzz target `chunk`, and all that ever made it fail.
#[test]
fn inputs_of_the_fuzzer_do_not_crash_the_host() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-data/fuzz/chunk");
    let mut inputs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    let mut finished = 0;
    for input in inputs {
        let bytes = std::fs::read(&input).unwrap();
        finished += usize::from(run(&mut Bytes(&bytes), &mut 0) == Outcome::Finished);
    }
    assert!(finished > 20, "{finished} finished");
}

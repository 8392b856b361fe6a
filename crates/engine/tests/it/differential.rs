//! Random programs give one answer: with and without optimisation, cold and warm, with and without limits.

use std::sync::{Arc, Mutex};

use ithaca::{Cache, Engine, Limits, OpenOptions, Output, RunError};
use test_fixture::{Options, Program};

/// Output, then the result or the failure with its trace.
fn run(engine: &mut Engine, limits: Limits) -> String {
    let captured = Arc::new(Mutex::new(String::new()));
    let limits = Limits { output: Output::Captured(Arc::clone(&captured)), ..limits };
    let end = match engine.run_main(None, Vec::new(), &limits) {
        Ok(value) => value.unwrap_or_default(),
        Err(RunError::Failed(failure)) => failure.to_string(),
        Err(error) => panic!("{error}: {:?}", engine.check()),
    };
    let printed = captured.lock().unwrap();
    format!("{printed}{end}")
}

fn check(name: &str, files: &[(String, String)]) -> String {
    let store = tempfile::tempdir().unwrap();
    let cached = OpenOptions { cache: Cache::Dir(store.path().to_path_buf()), threads: 1, ..OpenOptions::default() };
    let plain = OpenOptions { plain_code: true, ..cached.clone() };
    let generous = Limits { steps: Some(1 << 40), memory: Some(1 << 30), ..Limits::default() };

    let expected = run(&mut Engine::in_memory(files.to_vec()), Limits::default());
    let mut cold = Engine::in_memory_with(files.to_vec(), cached.clone());
    assert_eq!(run(&mut cold, generous.clone()), expected, "{name}: cold, under limits");
    cold.save().unwrap();
    let mut warm = Engine::in_memory_with(files.to_vec(), cached);
    assert_eq!(run(&mut warm, Limits::default()), expected, "{name}: warm");
    assert_eq!(warm.stats().units_computed, 0, "{name}");
    let mut warm = Engine::in_memory_with(files.to_vec(), plain.clone());
    assert_eq!(run(&mut warm, generous), expected, "{name}: warm, without optimisation, under limits");
    let mut cold = Engine::in_memory_with(files.to_vec(), OpenOptions { cache: Cache::Off, ..plain });
    assert_eq!(run(&mut cold, Limits::default()), expected, "{name}: without optimisation");
    expected
}

#[test]
fn random_programs_have_one_answer() {
    let mut answers = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let program = Program::with_options(seed, Options { traits: seed % 2 == 1, ..Options::default() });
        let files: Vec<(String, String)> =
            program.files().into_iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        answers.insert(check(&format!("seed {seed}"), &files));
    }
    assert!(answers.len() > 50, "the programs do different things: {} answers", answers.len());
}

/// The programs of the benchmark, which are made of loops that moves and typed instructions are for.
#[test]
fn benchmark_programs_have_one_answer() {
    for name in ["merge_sort", "closures", "traits", "strings", "interpreter", "ping_pong"] {
        let path = format!("{}/../../test-data/bench-vm/{name}.nos", env!("CARGO_MANIFEST_DIR"));
        // A hundredth of the work.
        let text = std::fs::read_to_string(path).unwrap().replace("00000", "000").replace("1500", "15");
        check(name, &[("main.nos".to_owned(), text)]);
    }
}

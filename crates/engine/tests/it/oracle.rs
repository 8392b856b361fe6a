//! Random programs, random edits: after every step a warm answer is the answer of a cold build.

use std::path::Path;

use fastrand::Rng;
use ithaca::{Cache, Engine, OpenOptions};
use test_fixture::{Options, Program};

use crate::run_text;

/// All that must be equal: output with diagnostics, and the bytes of interfaces and chunks.
fn answers(engine: &mut Engine) -> (String, Vec<String>) {
    let text = run_text(engine);
    (text, engine.dump().into_iter().map(|unit| format!("{unit:?}")).collect())
}

fn cold(program: &Program) -> (String, Vec<String>) {
    answers(&mut Engine::in_memory(program.files()))
}

#[track_caller]
fn assert_same(warm: &(String, Vec<String>), cold: &(String, Vec<String>), what: &str) {
    if warm == cold {
        return;
    }
    let difference = warm.1.iter().zip(&cold.1).find(|(a, b)| a != b);
    panic!(
        "{what}\n--- warm says\n{}\n--- cold says\n{}\n--- first unit that differs\nwarm {:?}\ncold {:?}",
        warm.0,
        cold.0,
        difference.map(|pair| pair.0),
        difference.map(|pair| pair.1)
    );
}

/// Steps of one kind; `ORACLE_STEPS` overrides. CI runs the default.
fn steps(default: usize) -> usize {
    std::env::var("ORACLE_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(default)
}

fn program(seed: u64) -> Program {
    Program::with_options(seed, Options { traits: true, ..Options::default() })
}

const STEPS_PER_PROGRAM: usize = 20;

#[test]
fn a_living_engine_answers_like_a_cold_one() {
    for seed in 0..(steps(1_000) / STEPS_PER_PROGRAM) as u64 {
        let mut program = program(seed);
        let mut rng = Rng::with_seed(seed);
        let mut warm = Engine::in_memory(program.files());
        answers(&mut warm);
        for step in 0..STEPS_PER_PROGRAM {
            let edit = program.random_edit(&mut rng);
            for change in &edit.changes {
                match &change.text {
                    Some(text) => warm.set_text(&change.path, text.clone()),
                    None => warm.remove(&change.path),
                }
            }
            assert_same(&answers(&mut warm), &cold(&program), &format!("seed {seed}, step {step}: {edit}"));
        }
    }
}

#[test]
fn a_restart_at_every_step_answers_like_a_cold_build() {
    for seed in 1_000..1_000 + (steps(1_000) / STEPS_PER_PROGRAM) as u64 {
        let store = tempfile::tempdir().unwrap();
        let options =
            OpenOptions { cache: Cache::Dir(store.path().to_path_buf()), threads: 1, ..OpenOptions::default() };
        let mut program = program(seed);
        let mut rng = Rng::with_seed(seed);
        for step in 0..STEPS_PER_PROGRAM {
            let edit = (step > 0).then(|| program.random_edit(&mut rng).to_string());
            let mut warm = Engine::in_memory_with(program.files(), options.clone());
            let got = answers(&mut warm);
            warm.save().unwrap();
            assert_same(&got, &cold(&program), &format!("seed {seed}, step {step}: {edit:?}"));
        }
    }
}

/// Files of the store go, are cut or changed between steps: only time may tell.
#[test]
fn a_restart_on_a_damaged_store_answers_like_a_cold_build() {
    for seed in 2_000..2_000 + (steps(400) / STEPS_PER_PROGRAM) as u64 {
        let store = tempfile::tempdir().unwrap();
        let options =
            OpenOptions { cache: Cache::Dir(store.path().to_path_buf()), threads: 1, ..OpenOptions::default() };
        let mut program = program(seed);
        let mut rng = Rng::with_seed(seed);
        // Not the generator of the edits: those must not depend on what is lost.
        let mut losses = Rng::with_seed(!seed);
        for step in 0..STEPS_PER_PROGRAM {
            let edit = (step > 0).then(|| program.random_edit(&mut rng).to_string());
            let lost = damage(store.path(), &mut losses);
            let mut warm = Engine::in_memory_with(program.files(), options.clone());
            let got = answers(&mut warm);
            warm.save().unwrap_or_else(|error| panic!("seed {seed}, step {step}: {error}"));
            warm.maintain();
            assert_same(&got, &cold(&program), &format!("seed {seed}, step {step}: {edit:?}, {lost:?}"));
        }
    }
}

/// Each file of the store is lost, cut or changed with some likelihood. Tells what happened.
fn damage(store: &Path, rng: &mut Rng) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![store.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    let mut done = Vec::new();
    for path in files {
        let mut bytes = std::fs::read(&path).unwrap();
        match rng.u8(..16) {
            0 => std::fs::remove_file(&path).unwrap(),
            1 => std::fs::write(&path, &bytes[..rng.usize(..=bytes.len())]).unwrap(),
            2 if !bytes.is_empty() => {
                let at = rng.usize(..bytes.len());
                bytes[at] ^= 1 << rng.u8(..8);
                std::fs::write(&path, bytes).unwrap();
            }
            _ => continue,
        }
        done.push(path.display().to_string());
    }
    done
}

//! S81–S87, S95: an engine that lives through edits, and how much an edit costs it.

use std::{fs, path::Path};

use ithaca::{Diagnostic, Engine};

use crate::project::{CHAIN, Project};

/// S81: blank lines above move the diagnostic, which stays one.
#[test]
fn s81_a_diagnostic_moves_with_its_text() {
    let mut project = Project::built(CHAIN, "86");
    project.edit("b.nos", "+ 1", "+ \"x\"");
    project.run().refused(&["project/b.nos:2"]);
    project.edit("b.nos", "use c.*\n", "use c.*\n\n\n\n");
    project.run().refused(&["project/b.nos:5"]).silent_about(&["project/b.nos:2"]);
    assert_eq!(project.living().check().len(), 1);
}

/// S82: fixed and broken ten times, the answers are exact each time.
#[test]
fn s82_fix_and_break_ten_times() {
    let mut project = Project::built(CHAIN, "86");
    for _ in 0..10 {
        project.edit("c.nos", "42", "\"x\"");
        project.run().refused(&["project/b.nos:2"]);
        assert_eq!(project.living().check().len(), 1);
        project.edit("c.nos", "\"x\"", "42");
        project.run().prints("86").recalls_all();
        assert_eq!(project.living().check(), []);
    }
}

/// S83–S85: what is private, what is not imported, what sorts later: one answer for all.
#[test]
fn s83_s84_s85_command_and_engine_say_the_same() {
    let mut project = Project::new(
        "
//- /a.nos
use z.*
pub one() = total
//- /z.nos
pub total = 1 + hidden()
hidden() = 1
//- /main.nos
use a.*
main() = one()
",
    );
    project.run().prints("2");
    project.edit("a.nos", "total", "z.hidden()");
    project.run().refused(&["project/a.nos:2", "private"]);
    project.edit("a.nos", "z.hidden()", "z.total");
    project.run().prints("2");
    project.edit("a.nos", "use z.*\n", "");
    project.run().refused(&["project/a.nos:1"]);
}

fn programs(dir: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|end| end == "nos")
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.push((path.display().to_string(), text));
        }
    }
}

fn words(diagnostics: Vec<Diagnostic>) -> Vec<String> {
    let one = |it: Diagnostic| {
        let at = it.location.map(|at| (at.line, at.column));
        format!("{at:?} {} {} {:?} {:?}", it.code, it.message, it.notes, it.help)
    };
    diagnostics.into_iter().map(one).collect()
}

/// S86: a text that came by edits says what it says at once. Every fifth program; all of them take a minute.
#[test]
fn s86_programs_of_the_suite_as_edits_of_an_empty_text() {
    let mut all = Vec::new();
    programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-data/suite"), &mut all);
    assert!(all.len() > 500, "{} programs", all.len());
    let mut engine = Engine::in_memory([("main.nos", "")]);
    for (path, text) in all.iter().step_by(5) {
        engine.set_text("main.nos", "");
        assert_eq!(engine.check(), []);
        let half = text.len() / 2;
        let half = (half..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        engine.set_text("main.nos", &text[..half]);
        engine.check();
        engine.set_text("main.nos", text.as_str());
        assert_eq!(words(engine.check()), words(Engine::in_memory([("main.nos", text.as_str())]).check()), "{path}");
    }
}

/// S95: twice the project is twice the work, and an edit is one function of any project.
#[test]
fn s95_work_grows_with_the_project_and_an_edit_does_not() {
    let built = |count: usize| -> (u64, u64) {
        let mut project = Project::new(&format!("//- /main.nos\nuse m{0}.*\nmain() = f{0}x0([{0}])\n", count - 1));
        for n in 0..count {
            let import = if n > 0 { format!("use m{}.*\n", n - 1) } else { String::new() };
            let functions = (0..20).map(|i| match n {
                0 => format!("pub f{n}x{i}[T](xs: [T]) -> [T] = xs.map(x => x)\n"),
                _ => format!("pub f{n}x{i}[T](xs: [T]) -> [T] = f{}x{i}(xs)\n", n - 1),
            });
            project.file(&format!("m{n}.nos"), &(import + &functions.collect::<String>()));
        }
        let cold = project.command("check", &[]);
        assert_eq!(cold.code, Some(0), "{}", cold.stderr);
        project.edit("m3.nos", "= f2x7(xs)", "= f2x7(xs).map(x => x)");
        project.command("check", &[]).computes(&["m3.nos"]).work(1, 1);
        (cold.count("bodies_inferred"), cold.count("chunks_compiled"))
    };
    let (small, large) = (built(15), built(30));
    assert!(large.0 <= 2 * small.0 + 2 && large.1 <= 2 * small.1 + 2, "{small:?} {large:?}");
}

//! A program that stays alive while its texts change: scenarios S34, S37, S45, S55, S78, S79 and what surrounds them.

use ithaca::{Engine, Installed, Limits, RunError, Value};

fn start(files: &[(&str, &str)]) -> (Engine, ithaca::Program) {
    let mut engine = Engine::in_memory(files.iter().copied());
    assert!(engine.check().is_empty(), "{:?}", engine.check());
    let program = engine.start(Limits::default()).unwrap();
    (engine, program)
}

fn message(error: RunError) -> String {
    match error {
        RunError::Failed(failure) => failure.message,
        other => other.to_string(),
    }
}

const COUNTER: &str = "mvar hits: Int = 0\nhit() = { hits = hits + 1; hits }\nmain() = hit()\n";

#[test]
fn s37_a_live_counter_survives_edits_and_is_reset_on_demand() {
    let (mut engine, mut program) = start(&[("main.nos", COUNTER)]);
    for n in 1..=5 {
        assert_eq!(program.call("main.hit", &[]).unwrap(), Value::Int(n));
    }
    engine.set_text("main.nos", format!("{COUNTER}other() = 1\n"));
    let report = program.install(&mut engine).unwrap();
    assert_eq!(report, Installed { changed: vec!["main.other/0".to_owned()], ..Installed::default() });
    assert_eq!(program.variable("main.hits"), Some(Value::Int(5)));

    engine.set_text("main.nos", COUNTER.replace("= 0", "= 100"));
    let report = program.install(&mut engine).unwrap();
    assert_eq!(report.kept, ["main.hits"]);
    assert!(report.initialised.is_empty());
    assert_eq!(program.variable("main.hits"), Some(Value::Int(5)));

    program.reset("main.hits").unwrap();
    assert_eq!(program.variable("main.hits"), Some(Value::Int(100)));
    assert_eq!(program.call("main.hit", &[]).unwrap(), Value::Int(101));
}

#[test]
fn s34_a_variable_whose_record_changes_is_initialised_again_and_reported() {
    let text = |field: &str, value: &str| {
        format!(
            "type P = {{ x: {field} }}\nmvar all: List[P] = [P({value})]\nmvar n: Int = 0\n\
             tally() = {{ n = n + 1; n }}\nfirst() = all[0].x\nmain() = tally()\n"
        )
    };
    let (mut engine, mut program) = start(&[("main.nos", &text("Int", "1"))]);
    program.call("main.tally", &[]).unwrap();
    assert_eq!(program.call("main.first", &[]).unwrap(), Value::Int(1));
    engine.set_text("main.nos", text("String", "\"new\""));
    let report = program.install(&mut engine).unwrap();
    assert_eq!(report.initialised, ["main.all"]);
    assert_eq!(program.call("main.first", &[]).unwrap(), Value::String("new".to_owned()));
    assert_eq!(program.variable("main.n"), Some(Value::Int(1)));
}

#[test]
fn s45_deleting_a_function_does_not_move_the_others() {
    let all = ["a", "b", "c", "d"].map(|name| format!("{name}() = \"{name}\"\n"));
    let (mut engine, mut program) = start(&[("main.nos", &format!("{}main() = ()\n", all.concat()))]);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(program.call(&format!("main.{name}"), &[]).unwrap(), Value::String(name.to_owned()));
    }
    engine.set_text("main.nos", format!("{}{}{}main() = ()\n", all[0], all[2], all[3]));
    assert_eq!(program.install(&mut engine).unwrap().changed, ["main.b/0"]);
    for name in ["a", "c", "d"] {
        assert_eq!(program.call(&format!("main.{name}"), &[]).unwrap(), Value::String(name.to_owned()));
    }
    assert_eq!(message(program.call("main.b", &[]).unwrap_err()), "no function `main.b` with 0 parameters");
}

/// What an editor's rename comes to: texts of several files, set at once. `f` stands in a text, a comment, as a local name
/// and in another module too.
#[test]
fn s55_a_rename_over_several_files_is_one_edit_and_reaches_true_references_only() {
    let lib =
        "# f is renamed\npub f() = 1\npub name() = \"f\"\npub local(n) = { f = n + 1; f }\npub twice() = f() * 2\n";
    let main = "use lib.{f, twice}\nuse other.{user}\nboth() = f() + twice()\nfar() = other.f()\nmain() = both()\n";
    let (mut engine, mut program) =
        start(&[("lib.nos", lib), ("main.nos", main), ("other.nos", "pub f() = 100\npub user() = f()\n")]);
    let value = |program: &mut ithaca::Program, name: &str| program.call(name, &[]).unwrap();
    assert_eq!(value(&mut program, "main.both"), Value::Int(3));

    // Half of it is refused, and nothing of that half is seen.
    engine.set_text("lib.nos", lib.replace("pub f()", "pub g()").replace("= f() * 2", "= g() * 2"));
    assert!(matches!(program.install(&mut engine), Err(RunError::Broken)));
    assert_eq!(value(&mut program, "main.both"), Value::Int(3));

    engine.set_text("main.nos", main.replace("{f, ", "{g, ").replace("= f() +", "= g() +"));
    let report = program.install(&mut engine).unwrap();
    assert_eq!(report.changed, ["lib.f/0", "lib.g/0", "lib.twice/0", "main.both/0"]);
    assert_eq!(value(&mut program, "main.both"), Value::Int(3));
    assert_eq!(value(&mut program, "main.far"), Value::Int(100));
    assert_eq!(value(&mut program, "lib.name"), Value::String("f".to_owned()));
    assert_eq!(program.call("lib.local", &[Value::Int(1)]).unwrap(), Value::Int(2));
    assert_eq!(message(program.call("lib.f", &[]).unwrap_err()), "no function `lib.f` with 0 parameters");
}

#[test]
fn a_closure_kept_in_a_variable_that_calls_a_deleted_function_fails_with_its_name() {
    let before = "gone() = 1\nmvar f: () -> Int = () => gone()\nrun() = f()\nmain() = run()\n";
    let after = "mvar f: () -> Int = () => 2\nrun() = f()\nmain() = run()\n";
    let (mut engine, mut program) = start(&[("main.nos", before)]);
    assert_eq!(program.call("main.run", &[]).unwrap(), Value::Int(1));
    engine.set_text("main.nos", after);
    assert_eq!(program.install(&mut engine).unwrap().kept, ["main.f"]);
    assert_eq!(message(program.call("main.run", &[]).unwrap_err()), "Link error: `main.gone/0` is not defined");
    program.reset("main.f").unwrap();
    assert_eq!(program.call("main.run", &[]).unwrap(), Value::Int(2));
}

#[test]
fn s78_s79_an_install_with_errors_changes_nothing() {
    let files = [("b.nos", "pub mid() = 2\n"), ("main.nos", "use b.*\ntop() = mid() * 2\nmain() = top()\n")];
    let (mut engine, mut program) = start(&files);
    engine.set_text("b.nos", "pub mid() = 3\npub bad() = 1 + \"x\"\n");
    assert!(matches!(program.install(&mut engine), Err(RunError::Broken)));
    assert_eq!(program.call("main.top", &[]).unwrap(), Value::Int(4));
    engine.set_text("b.nos", "pub mid() = 3\n");
    // Not installed yet, although some of the old code has not been loaded so far.
    assert_eq!(program.call("b.mid", &[]).unwrap(), Value::Int(2));
    program.install(&mut engine).unwrap();
    assert_eq!(program.call("main.top", &[]).unwrap(), Value::Int(6));
}

#[test]
fn code_that_was_not_loaded_before_an_edit_is_the_installed_one() {
    let (mut engine, mut program) = start(&[("main.nos", "f() = g()\ng() = 1\nmain() = f()\n")]);
    engine.set_text("main.nos", "f() = g()\ng() = 2\nmain() = f()\n");
    assert!(engine.check().is_empty());
    assert_eq!(engine.call("main.f", &[]).unwrap(), Value::Int(2));
    assert_eq!(program.call("main.f", &[]).unwrap(), Value::Int(1));
}

#[test]
fn a_failing_initialiser_undoes_the_install() {
    let (mut engine, mut program) = start(&[("main.nos", COUNTER)]);
    program.call("main.hit", &[]).unwrap();
    let text = "mvar hits: Int = 0\nspoil() = { hits = 77; throw(\"no\") }\nmvar more: Int = spoil()\n\
                hit() = { hits = hits + 1000; hits }\nmain() = hit()\n";
    engine.set_text("main.nos", text);
    assert_eq!(message(program.install(&mut engine).unwrap_err()), "Panic: Uncaught exception: no");
    assert_eq!(program.variable("main.more"), None);
    assert_eq!(program.call("main.hit", &[]).unwrap(), Value::Int(2));
}

#[test]
fn a_waiting_process_finishes_its_function_and_then_uses_new_code() {
    let text = |n: i32| {
        format!(
            "mvar log: String = \"\"\nstep() = {n}\nserve() = {{\n  got = receive {{ k -> k }}\n  \
             log = log ++ \"${{got}}:{n}:${{step()}} \"\n  serve()\n}}\n\
             mvar server: Pid = spawn {{ serve() }}\n\
             poke(k) = {{ server <- k; sleep(2) }}\nmain() = poke(0)\n"
        )
    };
    let (mut engine, mut program) = start(&[("main.nos", &text(1))]);
    program.call("main.poke", &[Value::Int(1)]).unwrap();
    engine.set_text("main.nos", text(2));
    program.install(&mut engine).unwrap();
    program.call("main.poke", &[Value::Int(2)]).unwrap();
    program.call("main.poke", &[Value::Int(3)]).unwrap();
    // The second message meets the old body, which calls the new `step`.
    assert_eq!(program.variable("main.log"), Some(Value::String("1:1:1 2:1:2 3:2:2 ".to_owned())));
}

#[test]
fn an_impl_added_elsewhere_reaches_loaded_callers() {
    let shapes = "pub trait Named\n  title(self) -> String\nend\npub type A = { n: Int }\npub type B = { n: Int }\n\
                  A: Named\n  title(self) = \"a\"\nend\n";
    let more = "use shapes.*\nB: Named\n  title(self) = \"b\"\nend\n";
    let main = |call: &str| format!("use shapes.*\ncaption(x) = x.title() ++ \"!\"\nmain() = {call}\n");
    let (mut engine, mut program) = start(&[("shapes.nos", shapes), ("main.nos", &main("caption(A(1))"))]);
    assert_eq!(program.call("main.main", &[]).unwrap(), Value::String("a!".to_owned()));
    engine.set_text("more.nos", more);
    engine.set_text("main.nos", main("caption(A(1)) ++ caption(B(1))"));
    program.install(&mut engine).unwrap();
    assert_eq!(program.call("main.main", &[]).unwrap(), Value::String("a!b!".to_owned()));
}

#[test]
fn lines_of_a_trace_are_those_of_the_installed_text_or_absent() {
    let text = "fail() = 1 / 0\nmain() = fail()\n";
    let (mut engine, mut program) = start(&[("main.nos", text)]);
    let trace = |program: &mut ithaca::Program| match program.call("main.fail", &[]) {
        Err(RunError::Failed(failure)) => failure.trace,
        other => panic!("{other:?}"),
    };
    assert_eq!(trace(&mut program), [("fail".to_owned(), Some("main.nos:1".to_owned()))]);
    engine.set_text("main.nos", format!("\n\n{text}"));
    assert!(engine.check().is_empty());
    assert_eq!(trace(&mut program), [("fail".to_owned(), None)]);
    assert_eq!(program.install(&mut engine).unwrap(), Installed::default());
    assert_eq!(trace(&mut program), [("fail".to_owned(), Some("main.nos:3".to_owned()))]);
}

#[test]
fn limits_are_counted_for_each_call_and_an_interrupted_program_goes_on() {
    let text = format!("{COUNTER}forever(n) = forever(n + 1)\nturns(n) = if n == 0 then 0 else turns(n - 1)\n");
    let mut engine = Engine::in_memory([("main.nos", text)]);
    let limits = Limits { steps: Some(50_000), ..Limits::default() };
    let mut program = engine.start(limits.clone()).unwrap();
    for n in 1..=10 {
        program.call("main.turns", &[Value::Int(20_000)]).unwrap();
        assert_eq!(program.call("main.hit", &[]).unwrap(), Value::Int(n));
    }
    assert_eq!(message(program.call("main.forever", &[Value::Int(0)]).unwrap_err()), "Step limit reached");
    limits.interrupt.interrupt();
    assert_eq!(message(program.call("main.turns", &[Value::Int(20_000)]).unwrap_err()), "Interrupted");
    limits.interrupt.clear();
    assert_eq!(program.call("main.hit", &[]).unwrap(), Value::Int(11));
}

#[test]
fn another_engine_cannot_install() {
    let (_, mut program) = start(&[("main.nos", COUNTER)]);
    let mut other = Engine::in_memory([("main.nos", COUNTER)]);
    assert_eq!(message(program.install(&mut other).unwrap_err()), "the program was started by another engine");
}

#[test]
fn a_thousand_installs_keep_no_old_code() {
    let (mut engine, mut program) = start(&[("main.nos", "f() = 0\nmain() = f()\n")]);
    for n in 1..=1000 {
        engine.set_text("main.nos", format!("f() = {n}\nmain() = f()\n"));
        program.install(&mut engine).unwrap();
        assert_eq!(program.call("main.main", &[]).unwrap(), Value::Int(n));
    }
    assert_eq!(program.loaded_functions(), 2);
}

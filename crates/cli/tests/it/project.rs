//! A project in a temporary folder, edited and run by the real command, and the three oracles of every scenario.
//!
//! Input: a fixture, edits, expectations. Each [`Project::run`] asks five parties about the same texts: the command with
//! the store of the runs before (`--verify` on), the command once more, the command in an empty folder, an engine kept
//! alive on the folder and one kept alive on texts. All must say the same; the counters are left to the caller.
//!
//! Paths on the command line are relative (`project`), so that what is printed does not name the temporary folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use ithaca::{Cache, Engine, Limits, OpenOptions, Output, RunError};
use serde_json::Value;
use tempfile::TempDir;
use test_fixture::Fixture;

/// `path → text`, relative to the project.
pub(crate) type Texts = BTreeMap<String, String>;

/// Each link uses the next one: `main`, `a.top`, `b.mid`, `c.base`.
pub(crate) const CHAIN: &str = "
//- /a.nos
use b.*
pub top() = b.mid() * 2
pub other() = 7
//- /b.nos
use c.*
pub mid() = c.base() + 1
//- /c.nos
pub base() = 42
//- /main.nos
use a.*
main() = top()
";

/// `main` uses `left` and `right`, both use `base`.
pub(crate) const DIAMOND: &str = "
//- /base.nos
pub origin() = 1
//- /left.nos
use base.*
pub leftSide() = origin() + 10
//- /right.nos
use base.*
pub rightSide() = origin() + 20
//- /main.nos
use left.*
use right.*
main() = leftSide() + rightSide()
";

/// Two modules that import each other.
pub(crate) const RING: &str = "
//- /even.nos
use odd.*
pub isEven(n: Int) -> Bool = if n == 0 then true else isOdd(n - 1)
//- /odd.nos
use even.*
pub isOdd(n: Int) -> Bool = if n == 0 then false else isEven(n - 1)
//- /main.nos
use even.*
main() = isEven(10)
";

/// A generic function used at two types.
pub(crate) const GEN: &str = "
//- /lib.nos
pub dup(x) = [x, x]
//- /user.nos
use lib.*
pub numbers() = dup(1)
pub words() = dup(\"w\")
//- /main.nos
use user.*
main() = (numbers(), words())
";

/// Two modules with the same last name.
pub(crate) const NEST: &str = "
//- /geo/shapes.nos
pub area(w: Int, h: Int) = w * h
//- /ui/shapes.nos
pub label(n: Int) = \"area \" ++ show(n)
//- /main.nos
use geo.shapes.*
use ui.shapes.*
main() = label(area(2, 3))
";

/// The folder of one project, with homes of its own so that tests do not meet in the user's cache.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        let dir = tempfile::tempdir().unwrap();
        for name in ["project", "cache", "home"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Folder { dir }
    }

    pub(crate) fn with(texts: &Texts) -> Folder {
        let folder = Folder::new();
        for (path, text) in texts {
            folder.write(path, text);
        }
        folder
    }

    /// A path below the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("project").join(path)
    }

    /// The folder around the project, in which the command runs.
    pub(crate) fn around(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the command with exactly these arguments.
    #[track_caller]
    pub(crate) fn ithaca(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command().args(args))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ithaca"));
        command.current_dir(self.dir.path());
        command.env("XDG_CACHE_HOME", self.dir.path().join("cache")).env("HOME", self.dir.path().join("home"));
        command
    }

    /// All files of the stores of this folder, sorted.
    /// An engine on the project and its store, which leaves the folder of the user who runs the tests alone.
    pub(crate) fn engine(&self) -> Engine {
        let cache = Cache::Dir(self.path(".ithaca"));
        Engine::open_with(self.path(""), OpenOptions { cache, ..OpenOptions::default() }).unwrap()
    }

    pub(crate) fn store_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(".ithaca"), self.dir.path().join("cache")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }
}

/// What one process said.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    /// Without the statistics and the summary of `-v`.
    pub(crate) stderr: String,
    /// `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    /// The object of `--stats=json`; `Null` if it was not asked for.
    pub(crate) stats: Value,
    /// Path and reason of each project file whose unit was computed, of `-v`.
    pub(crate) computed: Vec<(String, String)>,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Outcome {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command prints UTF-8");
        let mut outcome = Outcome {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code(),
            stats: Value::Null,
            computed: Vec::new(),
        };
        assert!(outcome.code.is_some(), "ended by a signal ({}): {}", output.status, outcome.stderr);
        assert!(!outcome.stderr.contains("panicked at"), "the command panicked: {}", outcome.stderr);
        outcome.take_statistics();
        outcome.take_summary();
        outcome
    }

    fn take_statistics(&mut self) {
        let text = self.stderr.trim_end_matches('\n');
        let last = text.rfind('\n').map_or(0, |at| at + 1);
        if let Ok(stats @ Value::Object(_)) = serde_json::from_str(&text[last..]) {
            self.stats = stats;
            self.stderr.truncate(last);
        }
    }

    fn take_summary(&mut self) {
        let lines: Vec<&str> = self.stderr.split_inclusive('\n').collect();
        let Some(at) = lines.iter().rposition(|line| line.ends_with(" modules recalled\n")) else { return };
        let item = |line: &&str| line.trim().split_once(": ").map(|(path, why)| (path.to_owned(), why.to_owned()));
        self.computed = lines[at + 1..].iter().filter_map(item).collect();
        self.stderr = lines[..at].concat();
    }

    #[track_caller]
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.stats[name].as_u64().unwrap_or_else(|| panic!("no counter `{name}` in {}", self.stats))
    }

    /// The program ran and printed exactly this, the final line break aside.
    #[track_caller]
    pub(crate) fn prints(&self, expected: &str) -> &Outcome {
        assert_eq!(self.code, Some(0), "exit code; standard error:\n{}", self.stderr);
        assert_eq!(self.stdout, format!("{expected}\n"), "standard output");
        self
    }

    /// Exit code 1, nothing of the program's output, and all these texts on standard error.
    #[track_caller]
    pub(crate) fn refused(&self, fragments: &[&str]) -> &Outcome {
        assert_eq!(self.stdout, "", "nothing runs; standard error:\n{}", self.stderr);
        self.fails(fragments)
    }

    /// Exit code 1 and all these texts on standard error.
    #[track_caller]
    pub(crate) fn fails(&self, fragments: &[&str]) -> &Outcome {
        assert_eq!(self.code, Some(1), "exit code; standard error:\n{}\noutput:\n{}", self.stderr, self.stdout);
        for fragment in fragments {
            assert!(self.stderr.contains(fragment), "`{fragment}` is not in:\n{}", self.stderr);
        }
        self
    }

    /// None of these texts is on standard error.
    #[track_caller]
    pub(crate) fn silent_about(&self, fragments: &[&str]) -> &Outcome {
        for fragment in fragments {
            assert!(!self.stderr.contains(fragment), "`{fragment}` is in:\n{}", self.stderr);
        }
        self
    }

    /// Exactly these project files belong to units that were computed.
    #[track_caller]
    pub(crate) fn computes(&self, expected: &[&str]) -> &Outcome {
        let found: Vec<&str> = self.computed.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(found, expected, "computed files; {:?}; {}", self.computed, self.stats);
        self
    }

    /// None of these project files belongs to a unit that was computed.
    #[track_caller]
    pub(crate) fn leaves(&self, files: &[&str]) -> &Outcome {
        for file in files {
            assert!(self.computed.iter().all(|(path, _)| path != file), "{file} was computed: {:?}", self.computed);
        }
        self
    }

    /// Bodies inferred and functions compiled.
    #[track_caller]
    pub(crate) fn work(&self, bodies: u64, chunks: u64) -> &Outcome {
        let found = (self.count("bodies_inferred"), self.count("chunks_compiled"));
        assert_eq!(found, (bodies, chunks), "bodies inferred, functions compiled; {:?}; {}", self.computed, self.stats);
        self
    }

    /// Files parsed.
    #[track_caller]
    pub(crate) fn parses(&self, files: u64) -> &Outcome {
        assert_eq!(self.count("parsed"), files, "files parsed; {}", self.stats);
        self
    }

    /// Nothing was parsed, inferred or compiled; everything came from entries.
    #[track_caller]
    pub(crate) fn recalls_all(&self) -> &Outcome {
        assert_eq!(self.count("units_computed"), 0, "units computed: {:?}", self.computed);
        assert!(self.count("units_recalled") > 0, "entries are hit: {}", self.stats);
        self.computes(&[]).parses(0).work(0, 0)
    }

    fn says(&self) -> (&str, &str, Option<i32>) {
        (&self.stdout, &self.stderr, self.code)
    }

    /// Same output, same diagnostics, same exit code.
    #[track_caller]
    pub(crate) fn same_as(&self, other: &Outcome, what: &str) {
        if self.says() != other.says() {
            panic!(
                "{what}\n--- found: {:?}\n{}{}\n--- expected: {:?}\n{}{}",
                self.code, self.stdout, self.stderr, other.code, other.stdout, other.stderr
            );
        }
    }
}

/// What an engine says: diagnostics, then output and result, then all bytes of the project's units.
#[derive(Clone, PartialEq, Eq)]
struct Answers {
    diagnostics: String,
    run: String,
    units: Vec<String>,
}

impl Answers {
    fn of(engine: &mut Engine, root: &str) -> Answers {
        let mut diagnostics = String::new();
        for found in engine.check() {
            // The text of the whole file is not of interest here.
            let at = found.location.as_ref().map(|at| (at.file.replace(root, ""), at.line, at.column, at.end));
            let related = found.related.iter().map(|(at, text)| (at.file.replace(root, ""), at.line, text));
            diagnostics.push_str(&format!(
                "{at:?} {} {}: {} [{}] {:?} {:?} {:?}\n",
                found.severity.as_str(),
                found.code,
                found.message,
                found.label,
                found.notes,
                related.collect::<Vec<_>>(),
                found.help
            ));
        }
        let run = run_text(engine).replace(root, "");
        let units = engine.dump().into_iter().filter(|unit| !unit.files[0].starts_with('<'));
        Answers { diagnostics, run, units: units.map(|unit| format!("{unit:?}")).collect() }
    }

    #[track_caller]
    fn same_as(&self, cold: &Answers, what: &str) {
        assert_eq!(self.diagnostics, cold.diagnostics, "{what}: diagnostics (left: found, right: cold)");
        assert_eq!(self.run, cold.run, "{what}: output (left: found, right: cold)");
        for (warm, cold) in self.units.iter().zip(&cold.units) {
            assert_eq!(warm, cold, "{what}: a unit (left: found, right: cold)");
        }
        assert_eq!(self.units.len(), cold.units.len(), "{what}: number of units");
    }
}

/// Output and result of `main`, or why there is none.
pub(crate) fn run_text(engine: &mut Engine) -> String {
    let captured = Arc::new(Mutex::new(String::new()));
    let output = Output::Captured(Arc::clone(&captured));
    let result = engine.run_main(None, Vec::new(), &Limits { output, ..Limits::default() });
    let mut text = captured.lock().unwrap().clone();
    match result {
        Ok(Some(value)) => text.push_str(&format!("{value}\n")),
        Ok(None) => {}
        Err(RunError::Failed(failure)) => text.push_str(&failure.to_string()),
        Err(error) => text.push_str(&format!("Error: {error}\n")),
    }
    text
}

/// A cold build of some texts.
#[derive(Clone)]
struct Cold {
    run: Outcome,
    answers: Answers,
}

/// A project, its history, and everybody who is asked about it.
pub(crate) struct Project {
    folder: Folder,
    texts: Texts,
    colds: BTreeMap<Texts, Cold>,
    /// Kept alive on the folder; looks at the disk before each answer.
    refreshed: Engine,
    /// Kept alive on texts that are set.
    told: Engine,
    /// Arguments of every run, before the path.
    options: Vec<String>,
}

const STATISTICS: [&str; 4] = ["--stats=json", "--color", "never", "-v"];

impl Project {
    /// A project with the files of a fixture; nothing is built yet.
    pub(crate) fn new(fixture: &str) -> Project {
        Project::with_options(fixture, &[])
    }

    /// As [`Project::new`], with more arguments for every run.
    pub(crate) fn with_options(fixture: &str, options: &[&str]) -> Project {
        let texts: Texts = Fixture::parse(fixture).into_files().into_iter().collect();
        let folder = Folder::with(&texts);
        let refreshed = Engine::open_with(
            folder.path(""),
            OpenOptions { cache: Cache::Default, threads: 1, ..OpenOptions::default() },
        )
        .unwrap();
        let told = Engine::in_memory(texts.clone());
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Project { folder, texts, colds: BTreeMap::new(), refreshed, told, options }
    }

    /// A project whose first build is done and printed `result`.
    #[track_caller]
    pub(crate) fn built(fixture: &str, result: &str) -> Project {
        let mut project = Project::new(fixture);
        project.run().prints(result);
        project
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Creates or replaces a file.
    pub(crate) fn file(&mut self, path: &str, text: &str) -> &mut Project {
        self.folder.write(path, text);
        self.told.set_text(path, text);
        self.texts.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Replaces the only occurrence of `from` in a file.
    #[track_caller]
    pub(crate) fn edit(&mut self, path: &str, from: &str, to: &str) -> &mut Project {
        let text = &self.texts[path];
        assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once in {path}:\n{text}");
        let text = text.replace(from, to);
        self.file(path, &text)
    }

    /// Removes a file.
    pub(crate) fn delete(&mut self, path: &str) -> &mut Project {
        fs::remove_file(self.folder.path(path)).unwrap();
        self.told.remove(path);
        self.texts.remove(path).unwrap();
        self
    }

    /// Gives a file another name.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> &mut Project {
        let text = self.texts[from].clone();
        self.delete(from);
        self.file(to, &text)
    }

    /// Runs the command on the project, with statistics and summary, and `extra` arguments.
    #[track_caller]
    pub(crate) fn command(&self, verb: &str, extra: &[&str]) -> Outcome {
        let mut command = self.folder.command();
        command.arg(verb).args(STATISTICS).args(&self.options).args(extra).arg("project");
        Outcome::of(&mut command)
    }

    /// What the command says about these texts where nothing was ever built.
    #[track_caller]
    pub(crate) fn cold(&mut self) -> Outcome {
        self.cold_answers().run.clone()
    }

    #[track_caller]
    fn cold_answers(&mut self) -> &Cold {
        let texts = &self.texts;
        self.colds.entry(texts.clone()).or_insert_with(|| {
            let folder = Folder::with(texts);
            let run = Outcome::of(folder.command().arg("run").args(STATISTICS).arg("project"));
            Cold { run, answers: Answers::of(&mut Engine::in_memory(texts.clone()), "") }
        })
    }

    /// Runs the program, and checks that everybody says what a cold build says. Gives the outcome of the first warm run.
    #[track_caller]
    pub(crate) fn run(&mut self) -> Outcome {
        let warm = self.command("run", &["--verify"]);
        let cold = self.cold_answers().clone();
        warm.same_as(&cold.run, "the command, warm and cold");
        let again = self.command("run", &[]);
        again.same_as(&cold.run, "the command, once more and cold");
        if cold.answers.diagnostics.is_empty() && warm.code == Some(0) {
            again.recalls_all();
        }
        self.refreshed.refresh();
        let root = format!("{}/", self.folder.path("").display()).replace("//", "/");
        Answers::of(&mut self.refreshed, &root).same_as(&cold.answers, "the engine kept alive on the folder");
        Answers::of(&mut self.told, "").same_as(&cold.answers, "the engine kept alive on texts");
        warm
    }

    /// The engine that is told each text, for questions that the command does not answer.
    pub(crate) fn living(&mut self) -> &mut Engine {
        &mut self.told
    }
}

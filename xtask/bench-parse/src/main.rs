//! Measures the front end: parsing, lowering, and parsing again after one keystroke; and other parsers beside it.
//!
//! Input: folders with sources, as arguments; none means generated text only. Output: tables on standard output, and
//! exit code 1 if a goal is missed or a text that should be correct is not.
//!
//! All times are processor time of one thread, so that other work on the machine disturbs little; a rate is that of
//! the median of [`RUNS`] runs, which take turns so that all see the same machine. Building a tree is measured,
//! dropping it is not. The allocator is the one of the command.

mod texts;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use base_db::DefName;
use ra_ap_syntax::{Edition, SourceFile, TextRange as RustRange, TextSize as RustSize};
use syntax::{GreenNode, Parse};
use texts::Language;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 15;
/// Groups of functions in a generated file of about 1,000 lines.
const GROUPS: usize = 27;
/// Generated files in a run.
const FILES: usize = 40;

/// Bytes that say something about a rate; smaller texts are shown, but measured against no goal.
const ENOUGH: usize = 500_000;

/// Bytes a second.
const PARSE_GOAL: f64 = 40e6;
/// Expressions a second.
const LOWER_GOAL: f64 = 1e6;
/// Seconds.
const KEYSTROKE_GOAL: f64 = 1e-3;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(folders: &[String]) -> Result<bool> {
    let mut rows = Vec::new();
    let mut met = true;
    let generated: Vec<String> = (0..FILES).map(|n| texts::file(Language::Nostos, GROUPS + n % 3)).collect();
    let mut corpora = vec![("generated".to_owned(), generated)];
    for folder in folders {
        let mut files = Vec::new();
        read_sources(Path::new(folder), &mut files)?;
        let name = Path::new(folder).file_name().map_or(folder.clone(), |name| name.to_string_lossy().into_owned());
        corpora.push((name, files));
    }
    for (name, files) in &corpora {
        let bytes: usize = files.iter().map(String::len).sum();
        let definitions = definitions(files);
        let expressions: usize = definitions.iter().map(lower).sum();
        let [parse, items, bodies] = medians([
            &mut || time(|| files.iter().map(|text| syntax::parse(text)).collect::<Vec<_>>()),
            &mut || {
                let trees: Vec<Parse> = files.iter().map(|text| syntax::parse(text)).collect();
                time(|| trees.iter().map(|tree| hir::lower_items(tree, &"main".into())).collect::<Vec<_>>())
            },
            &mut || time(|| definitions.iter().map(lower_kept).collect::<Vec<_>>()),
        ]);
        let (parse_rate, lower_rate) = (bytes as f64 / parse, expressions as f64 / bodies);
        met &= bytes < ENOUGH || parse_rate >= PARSE_GOAL && lower_rate >= LOWER_GOAL;
        rows.push(format!(
            "| {name} | {:.2} MB | {:.1} MB/s | {:.1} MB/s | {:.2} million/s |",
            bytes as f64 / 1e6,
            parse_rate / 1e6,
            bytes as f64 / items / 1e6,
            lower_rate / 1e6,
        ));
    }
    println!("| text | size | parse | items | expressions lowered |\n| --- | ---: | ---: | ---: | ---: |");
    println!("{}\n", rows.join("\n"));
    met &= compare()?;
    println!("goals: parse 40 MB/s, lower 1 million/s, keystroke 1 ms: {}", if met { "met" } else { "MISSED" });
    Ok(met)
}

/// Other parsers on the same program in their languages.
fn compare() -> Result<bool> {
    let [ours, js, rust] =
        [Language::Nostos, Language::JavaScript, Language::Rust].map(|language| texts::file(language, GROUPS));
    let edits = |text: &str, from: &str| Keystroke::new(text, from);
    let (our_edit, js_edit, rust_edit) = (
        edits(&ours, "total - order.id * 2")?,
        edits(&js, "total - order.id * 2")?,
        edits(&rust, "total - order.id * 2")?,
    );

    ensure!(
        syntax::parse(&ours).errors().is_empty(),
        "the generated text has errors: {:?}",
        syntax::parse(&ours).errors()
    );
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_javascript::LANGUAGE.into())?;
    let js_tree = parser.parse(&js, None).context("no tree of the JavaScript text")?;
    ensure!(!js_tree.root_node().has_error(), "the JavaScript text has errors");
    let mut js_edited = js_tree.clone();
    js_edited.edit(&js_edit.for_tree_sitter(&js));
    let mut second = tree_sitter::Parser::new();
    second.set_language(&tree_sitter_javascript::LANGUAGE.into())?;
    let rust_tree = SourceFile::parse(&rust, Edition::Edition2024);
    ensure!(rust_tree.errors().is_empty(), "the Rust text has errors");
    let rust_at = RustSize::new(u32::try_from(rust_edit.at)?);

    const TIMES: usize = 20;
    let [our_parse, js_parse, rust_parse, our_key, js_key, rust_key] = medians([
        &mut || time(|| (0..TIMES).map(|_| syntax::parse(&ours)).collect::<Vec<_>>()),
        &mut || time(|| (0..TIMES).map(|_| parser.parse(&js, None)).collect::<Vec<_>>()),
        &mut || time(|| (0..TIMES).map(|_| SourceFile::parse(&rust, Edition::Edition2024)).collect::<Vec<_>>()),
        &mut || time(|| (0..TIMES).map(|_| syntax::parse(&our_edit.text)).collect::<Vec<_>>()),
        &mut || time(|| (0..TIMES).map(|_| second.parse(&js_edit.text, Some(&js_edited))).collect::<Vec<_>>()),
        &mut || {
            time(|| {
                let reparse = || rust_tree.reparse(RustRange::empty(rust_at), "1", Edition::Edition2024);
                (0..TIMES).map(|_| reparse()).collect::<Vec<_>>()
            })
        },
    ]);
    println!(
        "| parser | text | lines | whole file | | after one keystroke |\n| --- | --- | ---: | ---: | ---: | ---: |"
    );
    let row = |name: &str, text: &str, parse: f64, key: f64| {
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            line,
            "| {name} | {:.1} kB | {} | {:.0} us | {:.1} MB/s | {:.0} us |",
            text.len() as f64 / 1e3,
            text.lines().count(),
            parse / TIMES as f64 * 1e6,
            text.len() as f64 / (parse / TIMES as f64) / 1e6,
            key / TIMES as f64 * 1e6,
        );
        println!("{line}");
    };
    row("ours", &ours, our_parse, our_key);
    row("tree-sitter, JavaScript", &js, js_parse, js_key);
    row("ra_ap_syntax, Rust", &rust, rust_parse, rust_key);
    println!();
    Ok(our_key / (TIMES as f64) < KEYSTROKE_GOAL)
}

/// One more digit in a number in the middle of a text.
struct Keystroke {
    at: usize,
    text: String,
}

impl Keystroke {
    /// Types `1` at the end of the middle occurrence of `what`.
    fn new(text: &str, what: &str) -> Result<Keystroke> {
        let middle = text.len() / 2;
        let found = text[middle..].find(what).context("the text has no place for the edit")?;
        let at = middle + found + what.len();
        Ok(Keystroke { at, text: format!("{}1{}", &text[..at], &text[at..]) })
    }

    fn for_tree_sitter(&self, before: &str) -> tree_sitter::InputEdit {
        let point = |at: usize| {
            let line = before[..at].rfind('\n').map_or(0, |feed| feed + 1);
            tree_sitter::Point::new(before[..at].matches('\n').count(), at - line)
        };
        let start = point(self.at);
        tree_sitter::InputEdit {
            start_byte: self.at,
            old_end_byte: self.at,
            new_end_byte: self.at + 1,
            start_position: start,
            old_end_position: start,
            new_end_position: tree_sitter::Point::new(start.row, start.column + 1),
        }
    }
}

/// A definition and the trees of its clauses, as queries hand them to lowering.
struct Definition {
    def: DefName,
    clauses: Vec<GreenNode>,
}

fn definitions(files: &[String]) -> Vec<Definition> {
    let mut definitions = Vec::new();
    for text in files {
        let parse = syntax::parse(text);
        let root = parse.syntax();
        let collected = hir::lower_items(&parse, &"main".into());
        for (def, places) in collected.index.definitions {
            let clauses = places.iter().filter_map(|place| Some(place.try_to_node(&root)?.green().into_owned()));
            definitions.push(Definition { def, clauses: clauses.collect() });
        }
    }
    definitions
}

fn lower_kept(definition: &Definition) -> hir::body::Body {
    hir::lower_body(&definition.def, &definition.clauses, &[])
}

/// Lowers, and counts the expressions.
fn lower(definition: &Definition) -> usize {
    lower_kept(definition).exprs.len()
}

fn read_sources(folder: &Path, files: &mut Vec<String>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "nos") {
            files.push(std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Seconds of processor time that `work` takes; what it returns is dropped afterwards.
fn time<T>(work: impl FnOnce() -> T) -> f64 {
    let now = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let start = now();
    let result = std::hint::black_box(work());
    let end = now();
    drop(result);
    end - start
}

/// Median of each measurement; they take turns.
fn medians<const N: usize>(mut work: [&mut dyn FnMut() -> f64; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..RUNS {
        for (work, times) in work.iter_mut().zip(&mut times) {
            times.push(work());
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

//! The command `ithaca`: arguments, printing, exit codes. Everything else is the engine's.
//!
//! Exit codes: 0 the program ran or the check found nothing, 1 errors of any kind, 3 a warm answer differs from a cold
//! one under `--verify`, 130 interrupted.

#[macro_use]
mod out;

mod cache;
mod files;
mod progress;
mod render;

use std::{io::IsTerminal, mem::ManuallyDrop, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ithaca::{Cache, Diagnostic, Engine, Limits, OpenOptions, RunError, Severity};

/// A cold build makes millions of small values; the system's allocator took a quarter of its time (see BENCHMARKS.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "ithaca", version, about = "An incremental, persistent compiler for the Nostos language")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a file or a project folder.
    Run {
        /// A file, or a folder with `main.nos` or `[[bin]]` entries in `nostos.toml`.
        path: PathBuf,
        /// Which `[[bin]]` of `nostos.toml` to run.
        #[arg(long, short, value_name = "NAME")]
        bin: Option<String>,
        #[command(flatten)]
        common: Common,
        /// Arguments of the program.
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Check a file or a project folder without running it.
    Check {
        /// A file or a folder.
        path: PathBuf,
        /// Print one JSON object per problem on standard output.
        #[arg(long)]
        json_errors: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Say why modules were recalled or computed.
    Why {
        /// A file or a folder.
        path: PathBuf,
        /// A module, or a definition as MODULE.NAME; all modules if absent.
        item: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Lay out source files in the standard way.
    Fmt {
        /// A file, or a folder with everything below it.
        path: PathBuf,
        /// Change nothing; exit code 1 if a file is not in the standard layout.
        #[arg(long)]
        check: bool,
    },
    /// Print what the compiler makes of one file.
    Parse {
        /// A source file.
        path: PathBuf,
        /// The lowered bodies instead of the syntax tree.
        #[arg(long)]
        body: bool,
    },
    /// Print the bytecode of a function.
    Disasm {
        /// A file or a folder.
        path: PathBuf,
        /// `MODULE.FUNCTION`, or `FUNCTION` of a single file.
        function: String,
        #[command(flatten)]
        common: Common,
    },
    /// Look at, check, move or remove the stored entries of a project.
    Cache {
        #[command(subcommand)]
        action: cache::Action,
    },
}

#[derive(Args, Clone)]
struct Common {
    /// Print what was done, as text or as one line of JSON, last on standard error.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    stats: Option<StatsFormat>,
    /// Compute everything cold beside the warm answer and compare; exit code 3 on a difference.
    #[arg(long)]
    verify: bool,
    /// Neither read nor write stored entries.
    #[arg(long)]
    no_cache: bool,
    /// Keep entries in this folder.
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Threads for large builds; 0 means all processors.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// When to use colors.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Print a summary of what was recalled and computed.
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum StatsFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Common {
    fn options(&self) -> OpenOptions {
        let cache = match (&self.cache_dir, self.no_cache) {
            (_, true) => Cache::Off,
            (Some(dir), false) => Cache::Dir(dir.clone()),
            (None, false) => Cache::Default,
        };
        OpenOptions { cache, threads: self.threads, progress: progress::bar(), ..OpenOptions::default() }
    }

    fn colored(&self) -> bool {
        match self.color {
            Color::Auto => std::io::stderr().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// After the work: entries, statistics, verification.
    fn finish(&self, engine: &mut Engine, code: u8) -> u8 {
        let mut code = code;
        engine.maintain();
        if self.verify {
            for difference in engine.verify() {
                errln!("Error: warm and cold differ: {difference}");
                code = 3;
            }
        }
        if self.verbose {
            let why = engine.why();
            let recalled = why.items.iter().filter(|item| item.recalled).count();
            errln!("{recalled} of {} modules recalled", why.items.len());
            for item in why.items.iter().filter(|item| !item.recalled) {
                errln!("  {}: {}", item.path, item.reason);
            }
        }
        if let Some(format) = self.stats {
            err!("{}", render::statistics(&engine.stats(), matches!(format, StatsFormat::Json)));
        }
        code
    }
}

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        // Help and version are no errors; everything else is code 1 like any bad argument.
        std::process::exit(i32::from(error.use_stderr()));
    });
    let code = match cli.command {
        Command::Run { path, bin, common, args } => run(&path, bin.as_deref(), &common, args),
        Command::Check { path, json_errors, common } => check(&path, json_errors, &common),
        Command::Why { path, item, json, common } => why(&path, item.as_deref(), json, &common),
        Command::Fmt { path, check } => files::format(&path, check),
        Command::Parse { path, body } => files::parse(&path, body),
        Command::Disasm { path, function, common } => disasm(&path, &function, &common),
        Command::Cache { action } => cache::run(&action),
    };
    std::process::exit(i32::from(code));
}

/// The engine is never dropped: the process ends with it, and taking a database apart costs time.
fn open(path: &PathBuf, common: &Common) -> Result<ManuallyDrop<Engine>, u8> {
    match Engine::open_with(path, common.options()) {
        Ok(engine) => Ok(ManuallyDrop::new(engine)),
        Err(error) => {
            errln!("Error: {error}");
            Err(1)
        }
    }
}

/// Prints problems; true if there are errors.
fn report(diagnostics: &[Diagnostic], json: bool, common: &Common) -> bool {
    let color = common.colored();
    for diagnostic in diagnostics {
        if json {
            outln!("{}", render::json(diagnostic));
        } else {
            err!("{}", render::framed(diagnostic, color));
        }
    }
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn warn(engine: &Engine) {
    for warning in engine.warnings() {
        errln!("Warning: {warning}");
    }
}

/// Keeps what is new; a failure is among the warnings.
fn save(engine: &mut Engine) {
    let _ = engine.save();
}

fn run(path: &PathBuf, bin: Option<&str>, common: &Common, args: Vec<String>) -> u8 {
    let mut engine = match open(path, common) {
        Ok(engine) => engine,
        Err(code) => return code,
    };
    let failed = report(&engine.check(), false, common);
    save(&mut engine);
    warn(&engine);
    if failed {
        return common.finish(&mut engine, 1);
    }
    let code = match engine.run_main(bin, args, &Limits::default()) {
        Ok(Some(text)) => {
            outln!("{text}");
            0
        }
        Ok(None) => 0,
        Err(RunError::Failed(failure)) => {
            err!("{failure}");
            1
        }
        Err(RunError::Broken) => {
            // Texts changed on disk after the check.
            report(&engine.check(), false, common);
            1
        }
        Err(error) => {
            errln!("Error: {error}");
            1
        }
    };
    // Entries that turned out to be damaged when the program called them were computed again.
    save(&mut engine);
    common.finish(&mut engine, code)
}

fn check(path: &PathBuf, json: bool, common: &Common) -> u8 {
    let mut engine = match open(path, common) {
        Ok(engine) => engine,
        Err(code) => return code,
    };
    let failed = report(&engine.check(), json, common);
    save(&mut engine);
    warn(&engine);
    common.finish(&mut engine, u8::from(failed))
}

fn why(path: &PathBuf, item: Option<&str>, json: bool, common: &Common) -> u8 {
    let mut engine = match open(path, common) {
        Ok(engine) => engine,
        Err(code) => return code,
    };
    let why = engine.why_last_run();
    let wanted = |path: &str| {
        let module = path.strip_suffix(".nos").unwrap_or(path).replace('/', ".");
        item.is_none_or(|item| item == module || item.strip_prefix(&module).is_some_and(|rest| rest.starts_with('.')))
    };
    let items: Vec<_> = why.items.iter().filter(|item| wanted(&item.path)).collect();
    if items.is_empty() {
        errln!("Error: no module `{}`", item.unwrap_or_default());
        return 1;
    }
    for item in items {
        let verb = if item.recalled { "recalled" } else { "computed" };
        if json {
            let (path, cause, reason) = (&item.path, &item.cause, &item.reason);
            outln!("{}", serde_json::json!({ "path": path, "outcome": verb, "cause": cause, "reason": reason }));
        } else {
            outln!("{}: {verb}: {}", item.path, item.reason);
        }
    }
    0
}

fn disasm(path: &PathBuf, function: &str, common: &Common) -> u8 {
    let mut engine = match open(path, common) {
        Ok(engine) => engine,
        Err(code) => return code,
    };
    report(&engine.check(), false, common);
    match engine.disassemble(function) {
        Ok(text) => {
            out!("{text}");
            0
        }
        Err(error) => {
            errln!("Error: {error}");
            1
        }
    }
}

//! For people who work on the language or on source text: formatting, trees, lowered bodies, bytecode.
//!
//! Input: texts, or definitions of an open project. Output: text.

use base_db::{DefId, DefKind, SourceDb};
use database::Workspace;

use crate::{Engine, RunError};

/// The text in its standard layout. `Err`: why it was left alone; a text with syntax errors is never touched.
pub fn format(text: &str) -> Result<String, String> {
    syntax::format(&syntax::parse(text)).map_err(|error| error.to_string())
}

/// The syntax tree of a text, one node or token a line, errors last.
pub fn syntax_tree(text: &str) -> String {
    syntax::dump(&syntax::parse(text))
}

impl Engine {
    /// The lowered bodies of all definitions of one file, sorted by name. Empty for an unknown path.
    pub fn lowered_bodies(&mut self, path: &str) -> String {
        self.update();
        self.workspace().settled(|workspace| {
            let db = workspace.database();
            let Some(file) = db.project().file(db, path) else { return String::new() };
            let mut out = String::new();
            for def in hir::header(db, file).modules.iter().flat_map(|module| &module.defs) {
                if matches!(def.def.kind(), DefKind::Function | DefKind::Value | DefKind::Mvar) {
                    let body = hir::query::body(db, DefId::new(db, def.def.clone()));
                    out.push_str(&format!("{}\n{body}\n", def.def));
                }
            }
            out
        })
    }

    /// The bytecode of a function: `geo.area`, or `area` of a single file; of all overloads, sorted.
    pub fn disassemble(&mut self, function: &str) -> Result<String, RunError> {
        let text = self.linked(|workspace| Ok(disassembled(workspace, function)))?;
        match text.is_empty() {
            true => Err(RunError::NotFound(format!("no function `{function}`"))),
            false => Ok(text),
        }
    }
}

fn disassembled(workspace: &mut Workspace, function: &str) -> String {
    let module = function.rsplit_once('.').map_or("", |(module, _)| module);
    let artifact = workspace.path_of_module(module).and_then(|path| workspace.artifact(&path));
    let items = artifact.iter().flat_map(|artifact| artifact.code_index().unwrap_or_default());
    let belongs = |symbol: &str| {
        symbol.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '(']))
    };
    let symbols: Vec<String> = items.map(|item| item.symbol.to_string()).filter(|symbol| belongs(symbol)).collect();
    let chunks = symbols.iter().filter_map(|symbol| workspace.chunk(symbol));
    chunks.map(|chunk| bytecode::disassemble(&chunk)).collect()
}

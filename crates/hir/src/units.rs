//! Units: strongly connected components of the module graph.
//!
//! Input: headers. Output: which files form a unit, and the units in topological order. Edges are facts of one file and
//! folded over shards, so that an edit revisits one shard; the graph is built again only when an edge changed. A host
//! that knows the units of an earlier run spares building it until then.
//!
//! Invariant: the order of units and files depends on names only, never on the order in which files were added.

use std::sync::Arc;

use base_db::{File, FileShard, Name, Project};
use rustc_hash::FxHashMap;

use crate::{
    HirDb,
    collect::join,
    item_tree::{Header, UseKind},
    query::header,
};

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its files, sorted by path.
    pub files: Vec<File>,
    /// Indices of the units that its files import, sorted, without itself. All are smaller than its own.
    pub dependencies: Vec<u32>,
}

/// All units. The index of a unit is its place in a topological order: dependencies come first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UnitGraph {
    /// The units.
    pub units: Vec<Unit>,
    unit_of: FxHashMap<File, u32>,
}

impl UnitGraph {
    /// The unit of `file`; `None` for a file that is not in the project.
    pub fn unit_of(&self, file: File) -> Option<u32> {
        self.unit_of.get(&file).copied()
    }
}

/// Modules that the text of a file may need by name: of imports as written and of paths that need no import. Not all of
/// them exist; each once.
pub fn imported_modules(header: &Header) -> impl Iterator<Item = Name> {
    let mut modules = header.mentions.clone();
    for module in &header.modules {
        for decl in &module.uses {
            modules.push(decl.path.clone());
            if let UseKind::Single(name, _) = &decl.kind {
                modules.push(join(&decl.path, name));
            }
        }
    }
    modules.sort_unstable();
    modules.dedup();
    modules.into_iter()
}

/// [`imported_modules`] of a file.
#[salsa::tracked]
fn import_names(db: &dyn HirDb, file: File) -> Arc<[Name]> {
    imported_modules(header(db, file)).collect()
}

type Imports = Arc<[Name]>;

/// The imports of all files of one shard, without their headers if the host knows them.
#[salsa::tracked(returns(deref))]
fn shard_imports(db: &dyn HirDb, shard: FileShard) -> Arc<[(File, Imports)]> {
    let _ = shard.outlines(db);
    let imports = |file| db.stored_imports(file).unwrap_or_else(|| Arc::clone(import_names(db, file)));
    shard.files(db).iter().map(|&file| (file, imports(file))).collect()
}

/// The units of the project.
pub fn unit_graph(db: &dyn HirDb) -> &Arc<UnitGraph> {
    project_units(db, db.project())
}

/// One pass over names; nothing is a query of its own.
#[salsa::tracked]
fn project_units(db: &dyn HirDb, project: Project) -> Arc<UnitGraph> {
    let _span = tracing::debug_span!("unit_graph").entered();
    let mut nodes: Vec<(File, &[Name])> = Vec::new();
    for &shard in project.shards(db) {
        nodes.extend(shard_imports(db, shard).iter().map(|(file, imports)| (*file, &**imports)));
    }
    nodes.sort_unstable_by(|a, b| a.0.path(db).cmp(b.0.path(db)));
    let mut index: FxHashMap<&str, u32> = FxHashMap::default();
    for (number, (file, _)) in nodes.iter().enumerate() {
        index.entry(file.module(db)).or_insert(number as u32);
    }
    let edges = edges(&nodes, &index);

    let mut graph = UnitGraph::default();
    let mut unit_of = vec![0u32; nodes.len()];
    for (unit, mut members) in components(&edges).into_iter().enumerate() {
        members.sort_unstable();
        for &member in &members {
            unit_of[member as usize] = unit as u32;
        }
        let mut dependencies: Vec<u32> = members
            .iter()
            .flat_map(|&member| &edges[member as usize])
            .map(|&target| unit_of[target as usize])
            .filter(|&other| other != unit as u32)
            .collect();
        dependencies.sort_unstable();
        dependencies.dedup();
        let files: Vec<File> = members.iter().map(|&member| nodes[member as usize].0).collect();
        graph.unit_of.extend(files.iter().map(|&file| (file, unit as u32)));
        graph.units.push(Unit { files, dependencies });
    }
    Arc::new(graph)
}

/// The files of the unit of `file`, sorted by path; the file alone if it is not in the project.
#[salsa::tracked]
pub fn unit_files(db: &dyn HirDb, file: File) -> Vec<File> {
    if db.project().grouped(db)
        && let Some(files) = db.stored_unit(file)
    {
        return files;
    }
    let graph = unit_graph(db);
    match graph.unit_of(file) {
        Some(unit) => graph.units[unit as usize].files.clone(),
        None => vec![file],
    }
}

/// For each file the files that it imports from, sorted, without itself.
///
/// A path that names no file module is a block of the file with the longest prefix of it, or nothing; an edge too many
/// makes a unit larger and is never wrong. Every module sees the prelude, which sees itself; so the prelude's files form
/// a ring and everybody imports it.
fn edges(nodes: &[(File, &[Name])], index: &FxHashMap<&str, u32>) -> Vec<Vec<u32>> {
    let target = |path: &str| {
        let shorter = path.rmatch_indices('.').map(|(at, _)| &path[..at]);
        std::iter::once(path).chain(shorter).find_map(|prefix| index.get(prefix).copied())
    };
    let prelude: Vec<u32> = stdlib::prelude().iter().filter_map(|&path| index.get(path).copied()).collect();
    let of_file = |(own, imports): (u32, &[Name])| {
        let mut targets: Vec<u32> = imports.iter().filter_map(|path| target(path)).collect();
        match prelude.iter().position(|&other| other == own) {
            Some(at) => targets.push(prelude[(at + 1) % prelude.len()]),
            None => targets.extend(prelude.first()),
        }
        targets.retain(|&other| other != own);
        targets.sort_unstable();
        targets.dedup();
        targets
    };
    nodes.iter().zip(0..).map(|((_, imports), own)| of_file((own, imports))).collect()
}

/// Strongly connected components, each after those it has edges to (Tarjan's algorithm with an explicit stack).
pub fn components(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    const UNSEEN: u32 = u32::MAX;
    let mut number = vec![UNSEEN; edges.len()];
    let mut low = vec![0u32; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut stack: Vec<u32> = Vec::new();
    let mut components = Vec::new();
    let mut count = 0;
    // Node and how many of its edges are done.
    let mut work: Vec<(u32, usize)> = Vec::new();
    for root in 0..edges.len() as u32 {
        if number[root as usize] != UNSEEN {
            continue;
        }
        work.push((root, 0));
        while let Some((node, done)) = work.last_mut() {
            let here = *node as usize;
            if *done == 0 && number[here] == UNSEEN {
                number[here] = count;
                low[here] = count;
                count += 1;
                stack.push(*node);
                open[here] = true;
            }
            if let Some(&target) = edges[here].get(*done) {
                *done += 1;
                if number[target as usize] == UNSEEN {
                    work.push((target, 0));
                } else if open[target as usize] {
                    low[here] = low[here].min(number[target as usize]);
                }
                continue;
            }
            work.pop();
            if let Some((parent, _)) = work.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[here]);
            }
            if low[here] == number[here] {
                let start = stack.iter().rposition(|&other| other as usize == here).unwrap_or(0);
                let component = stack.split_off(start);
                for &member in &component {
                    open[member as usize] = false;
                }
                components.push(component);
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_come_after_what_they_need() {
        // 0 → 1 ⇄ 2 → 3, 4 alone.
        let edges = vec![vec![1], vec![2], vec![1, 3], vec![], vec![]];
        let mut found = components(&edges);
        found.iter_mut().for_each(|component| component.sort_unstable());
        assert_eq!(found, vec![vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<Vec<u32>> = (0..200_000).map(|n| if n + 1 < 200_000 { vec![n + 1] } else { vec![] }).collect();
        assert_eq!(components(&edges).len(), 200_000);
    }
}

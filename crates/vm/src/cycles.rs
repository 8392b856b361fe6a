//! Release of rings: a captured `var` may hold a closure that captures the same `var`.
//!
//! Everything else is immutable and made from what was there before, so every ring goes through a cell whose content was
//! set. Such cells are noted; when there are many, the values that can be reached from them are walked once, and what
//! is referred to only from inside is let go.
//!
//! Input: cells that were set. Output: fewer values. Maps, sets and reactive records are not looked into: what they
//! refer to counts as in use.
//!
//! Invariant: a value is let go only if each of its references was found in a value that is let go as well. Not to look
//! into something keeps more alive, never less.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;

use crate::value::{CellObj, Value};

/// Noted cells before the first walk.
const FEW: usize = if cfg!(miri) { 50 } else { 2_000 };
/// Values that one walk looks into, for each noted cell.
const PER_CELL: usize = 32;

thread_local! {
    static NOTED: RefCell<Vec<Weak<CellObj>>> = const { RefCell::new(Vec::new()) };
    static NEXT_WALK: Cell<usize> = const { Cell::new(FEW) };
}

/// Remembers a cell whose content may close a ring.
#[cold]
pub(crate) fn note(cell: &Rc<CellObj>) {
    let noted = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        noted.push(Rc::downgrade(cell));
        noted.len()
    });
    if noted.is_ok_and(|noted| noted >= NEXT_WALK.get()) {
        collect();
    }
}

/// Lets go of all rings that nothing refers to.
pub(crate) fn collect() {
    let Ok(noted) = NOTED.try_with(RefCell::take) else { return };
    let cells: Vec<Rc<CellObj>> = noted.iter().filter_map(Weak::upgrade).collect();
    drop(noted);
    let mut graph = Graph::default();
    for cell in &cells {
        graph.node(&Value::Cell(Rc::clone(cell)));
    }
    drop(cells);
    graph.explore();
    let garbage = graph.garbage();
    let kept: Vec<Weak<CellObj>> = graph.noted().collect();
    NEXT_WALK.set(FEW.max(kept.len() * 2));
    // Nothing may be noted or walked while `NOTED` is borrowed: drops come last.
    let _ = NOTED.try_with(|noted| noted.borrow_mut().extend(kept));
    drop(graph);
    drop(garbage);
}

struct Node {
    /// The one reference that the graph itself holds.
    value: Value,
    /// References found in other nodes.
    inside: usize,
    edges: Vec<u32>,
    live: bool,
}

#[derive(Default)]
struct Graph {
    index: FxHashMap<usize, u32>,
    nodes: Vec<Node>,
}

impl Graph {
    /// The node of a value; `None` for values that are not looked into.
    fn node(&mut self, value: &Value) -> Option<u32> {
        let address = value.address()?;
        let next = self.nodes.len() as u32;
        let found = *self.index.entry(address).or_insert(next);
        if found == next {
            self.nodes.push(Node { value: value.clone(), inside: 0, edges: Vec::new(), live: false });
        }
        Some(found)
    }

    fn explore(&mut self) {
        let limit = self.nodes.len().max(FEW) * PER_CELL;
        let mut at = 0;
        while at < self.nodes.len().min(limit) {
            let value = self.nodes[at].value.clone();
            let mut edges = Vec::new();
            value.for_each_part(&mut |part| edges.extend(self.node(part)));
            for &edge in &edges {
                self.nodes[edge as usize].inside += 1;
            }
            self.nodes[at].edges = edges;
            at += 1;
        }
    }

    /// Contents of the cells that are referred to from garbage only. What stays is marked.
    fn garbage(&mut self) -> Vec<Value> {
        let outside = |node: &Node| node.value.references() > node.inside + 1;
        let roots = self.nodes.iter().zip(0u32..).filter(|(node, _)| outside(node)).map(|(_, index)| index);
        let mut work: Vec<u32> = roots.collect();
        while let Some(index) = work.pop() {
            let node = &mut self.nodes[index as usize];
            if !std::mem::replace(&mut node.live, true) {
                work.extend_from_slice(&node.edges);
            }
        }
        let dead = self.nodes.iter().filter(|node| !node.live);
        dead.filter_map(|node| if let Value::Cell(cell) = &node.value { Some(cell.take()) } else { None }).collect()
    }

    fn noted(&self) -> impl Iterator<Item = Weak<CellObj>> {
        self.nodes.iter().filter(|node| node.live).filter_map(|node| match &node.value {
            Value::Cell(cell) if cell.is_noted() => Some(Rc::downgrade(cell)),
            _ => None,
        })
    }
}

impl Value {
    /// Where the value lies, for kinds that are looked into.
    fn address(&self) -> Option<usize> {
        match self {
            Value::Cell(cell) => Some(Rc::as_ptr(cell) as usize),
            Value::Closure(function) if !function.is_empty() => Some(function.as_ptr() as usize),
            Value::Tuple(items) => Some(items.as_ptr() as usize),
            Value::Data(fields) if !fields.is_empty() => Some(fields.as_ptr() as usize),
            Value::List(_, Some(buf)) => Some(Rc::as_ptr(buf) as usize),
            _ => None,
        }
    }

    /// How many references exist to what lies there.
    fn references(&self) -> usize {
        match self {
            Value::Cell(cell) => Rc::strong_count(cell),
            Value::Closure(function) => function.references(),
            Value::Tuple(items) => items.references(),
            Value::Data(fields) => fields.references(),
            Value::List(_, Some(buf)) => Rc::strong_count(buf),
            _ => usize::MAX,
        }
    }

    fn for_each_part(&self, visit: &mut dyn FnMut(&Value)) {
        match self {
            Value::Cell(cell) => visit(&cell.get()),
            Value::Closure(function) => function.iter().for_each(visit),
            Value::Tuple(items) => items.iter().for_each(visit),
            Value::Data(fields) => fields.iter().for_each(visit),
            Value::List(_, Some(buf)) => buf.for_each_part(visit),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::live_bytes;

    /// A cell that holds a tuple that holds the cell.
    fn ring(extra: Value) -> Rc<CellObj> {
        let cell = Rc::new(CellObj::new(Value::Unit));
        CellObj::assign(&cell, Value::tuple(vec![Value::Cell(Rc::clone(&cell)), extra]));
        cell
    }

    #[test]
    fn rings_are_let_go_while_the_program_runs() {
        let before = live_bytes();
        for _ in 0..FEW * 20 {
            drop(ring(Value::Unit));
        }
        assert!(live_bytes() - before < FEW * 200, "{}", live_bytes() - before);
        collect();
        assert_eq!(live_bytes(), before);
    }

    #[test]
    fn what_is_referred_to_from_outside_stays_with_all_it_needs() {
        let before = live_bytes();
        let inner = ring(Value::list(vec![Value::Int(1), Value::Int(2)]));
        let outer = ring(Value::list(vec![Value::Cell(Rc::clone(&inner))]));
        drop(inner);
        collect();
        let Value::Tuple(items) = outer.get() else { panic!("a tuple") };
        let Value::Cell(inner) = items[1].as_list().unwrap().get(0).cloned().unwrap() else { panic!("a cell") };
        let Value::Tuple(inside) = inner.get() else { panic!("a tuple") };
        assert_eq!(crate::show::display(&inside[1]), "[1, 2]");
        drop((items, inner, inside));
        collect();
        assert!(live_bytes() > before);
        drop(outer);
        collect();
        assert_eq!(live_bytes(), before);
    }

    #[test]
    fn a_map_that_is_in_use_keeps_its_cells() {
        let cell = ring(Value::Unit);
        let map = crate::collections::MapObj::collect([(Value::Int(1), Value::Cell(cell))].into_iter());
        collect();
        let Value::Map(map) = map else { panic!("a map") };
        let Some(Value::Cell(cell)) = map.get(&Value::Int(1)) else { panic!("a cell") };
        assert!(matches!(cell.get(), Value::Tuple(_)));
        drop(cell.take());
    }
}

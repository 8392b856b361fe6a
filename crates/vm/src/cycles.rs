//! Release of rings: a captured `var` may hold a closure that captures the same `var`.
//!
//! Everything else is immutable and made from what was there before, so every ring goes through a cell whose content was
//! set. Such cells are noted; when there are many, the values that can be reached from them are walked once, and what
//! is referred to only from inside is let go.
//!
//! Input: cells that were set. Output: fewer values. A walk takes place between two instructions and looks at the
//! limits meanwhile. Reactive records are not looked into, nor are maps that may share nodes with
//! others: what they refer to counts as in use.
//!
//! Invariant: a value is let go only if each of its references was found in a value that is let go as well. Not to look
//! into something keeps more alive, never less.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;

use crate::failure::Trap;
use crate::mem;
use crate::stop;
use crate::value::{CellObj, Value};

/// Noted cells before the first walk.
const FEW: usize = if cfg!(miri) { 50 } else { 2_000 };
/// Values that one walk looks into, for each noted cell.
const PER_CELL: usize = 32;
/// Parts that are passed by in the time of looking into a value.
const PASSED: usize = 32;
/// Values between two looks at the limits.
const PERIOD: usize = 1 << 9;

thread_local! {
    static NOTED: RefCell<Vec<Weak<CellObj>>> = const { RefCell::new(Vec::new()) };
    static NEXT_WALK: Cell<usize> = const { Cell::new(FEW) };
}

/// Remembers a cell whose content may close a ring.
#[cold]
pub(crate) fn note(cell: &Rc<CellObj>) {
    let _ = NOTED.try_with(|noted| noted.borrow_mut().push(Rc::downgrade(cell)));
}

/// A turn of a process is over: lets go of rings if there may be many. Fails if the run has to end.
pub(crate) fn turn() -> Result<(), Trap> {
    if NOTED.with_borrow(Vec::len) >= NEXT_WALK.get() { collect() } else { Ok(()) }
}

/// Lets go of all rings that nothing refers to. Fails if the run has to end; the rest is for the next time.
pub(crate) fn collect() -> Result<(), Trap> {
    let Ok(mut noted) = NOTED.try_with(RefCell::take) else { return Ok(()) };
    let mut graph = Graph::new(noted.len());
    let done = graph.walk(&noted).and_then(|()| graph.let_go()).and_then(|()| {
        let kept = graph.sift(&mut noted);
        noted.extend(kept);
        NEXT_WALK.set(FEW.max(noted.len() * 2));
        stop::interrupted()
    });
    let _ = NOTED.try_with(|all| all.borrow_mut().append(&mut noted));
    mem::release(graph.nodes, 0);
    done
}

/// Looks at the limits now and then; to be told about each step.
#[derive(Default)]
struct Looks(usize);

impl Looks {
    fn step(&mut self) -> Result<(), Trap> {
        self.0 += 1;
        if self.0.is_multiple_of(PERIOD) { stop::interrupted() } else { Ok(()) }
    }
}

/// Values and what refers to what among them; a node is known by its number.
struct Graph {
    /// Nodes by address: several maps, of which one grows at a time.
    index: Vec<FxHashMap<usize, u32>>,
    /// The one reference that the graph itself holds.
    nodes: Vec<Value>,
    /// How many references were found in other nodes.
    inside: Vec<u32>,
    /// What the nodes refer to, one after the other.
    edges: Vec<u32>,
    /// Where in `edges` those of a node end, if it was looked into.
    ends: Vec<usize>,
    /// Whether anything outside leads to the node, once that is known of all.
    live: Vec<bool>,
    /// One for each part that was passed by.
    looks: Looks,
}

impl Graph {
    /// Room for so many cells and what is in them.
    fn new(cells: usize) -> Self {
        const SHARDS: usize = 1 << 8;
        Self {
            index: vec![FxHashMap::default(); if cells > FEW { SHARDS } else { 1 }],
            nodes: Vec::with_capacity(cells * 2),
            inside: Vec::with_capacity(cells * 2),
            edges: Vec::with_capacity(cells * 2),
            ends: Vec::with_capacity(cells * 2),
            live: Vec::new(),
            looks: Looks::default(),
        }
    }

    /// Finds out what can be reached from the cells, and what of that nothing outside refers to.
    fn walk(&mut self, noted: &[Weak<CellObj>]) -> Result<(), Trap> {
        for cell in noted.iter().filter_map(Weak::upgrade) {
            self.meet(&Value::Cell(cell))?;
        }
        self.explore()?;
        self.mark()
    }

    /// The node of a value; `None` for values that are not looked into.
    fn meet(&mut self, value: &Value) -> Result<Option<u32>, Trap> {
        self.looks.step()?;
        let Some(address) = value.address() else { return Ok(None) };
        let next = self.nodes.len() as u32;
        let shard = shard(address, self.index.len());
        let found = *self.index[shard].entry(address).or_insert(next);
        if found == next {
            self.nodes.push(value.clone());
            self.inside.push(0);
        }
        Ok(Some(found))
    }

    fn explore(&mut self) -> Result<(), Trap> {
        let limit = self.nodes.len().max(FEW) * PER_CELL;
        let enough = self.looks.0 + limit * PASSED;
        let mut at = 0;
        while at < self.nodes.len().min(limit) && self.looks.0 < enough {
            let value = self.nodes[at].clone();
            value.for_each_part(&mut |part| {
                if let Some(node) = self.meet(part)? {
                    self.edges.push(node);
                    self.inside[node as usize] += 1;
                }
                Ok(())
            })?;
            self.ends.push(self.edges.len());
            at += 1;
        }
        Ok(())
    }

    /// Marks what is referred to from outside, with all that it leads to.
    fn mark(&mut self) -> Result<(), Trap> {
        let mut work = Vec::new();
        let mut looks = Looks::default();
        for (at, (value, &inside)) in self.nodes.iter().zip(&self.inside).enumerate() {
            looks.step()?;
            if value.references() > inside as usize + 1 {
                work.push(at as u32);
            }
        }
        let mut live = vec![false; self.nodes.len()];
        while let Some(node) = work.pop() {
            looks.step()?;
            let at = node as usize;
            if !std::mem::replace(&mut live[at], true) {
                work.extend_from_slice(self.edges_of(at));
            }
        }
        self.live = live;
        Ok(())
    }

    fn edges_of(&self, node: usize) -> &[u32] {
        let Some(&end) = self.ends.get(node) else { return &[] };
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.edges[start..end]
    }

    /// Empties the cells that are referred to from garbage only.
    fn let_go(&self) -> Result<(), Trap> {
        let mut looks = Looks::default();
        for (value, live) in self.nodes.iter().zip(&self.live) {
            looks.step()?;
            if let (Value::Cell(cell), false) = (value, live) {
                drop(cell.take());
            }
        }
        Ok(())
    }

    /// Takes cells out, and gives back those that stay. What is not taken is for the next time.
    fn sift(&self, noted: &mut Vec<Weak<CellObj>>) -> Vec<Weak<CellObj>> {
        let mut looks = Looks::default();
        let mut kept = Vec::with_capacity(noted.len());
        while let Some(weak) = noted.pop() {
            let address = weak.as_ptr() as usize;
            let node = self.index[shard(address, self.index.len())].get(&address);
            if node.is_some_and(|&node| self.live[node as usize]) {
                kept.push(weak);
            }
            if looks.step().is_err() {
                break;
            }
        }
        kept
    }
}

/// Which of so many maps has an address.
fn shard(address: usize, shards: usize) -> usize {
    (address >> 4) % shards
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
            Value::Map(map) if map.0.is_alone() => Some(Rc::as_ptr(map) as usize),
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
            Value::Map(map) => Rc::strong_count(map),
            _ => usize::MAX,
        }
    }

    /// Visits what the value holds, until a visit fails.
    fn for_each_part(&self, visit: &mut dyn FnMut(&Value) -> Result<(), Trap>) -> Result<(), Trap> {
        match self {
            Value::Cell(cell) => visit(&cell.get()),
            Value::Closure(function) => function.iter().try_for_each(visit),
            Value::Tuple(items) => items.iter().try_for_each(visit),
            Value::Data(fields) => fields.iter().try_for_each(visit),
            Value::List(_, Some(buf)) => buf.for_each_part(visit),
            // There is no cell in a key.
            Value::Map(map) => map.iter().try_for_each(|(_, value)| visit(value)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::MapObj;
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
            assert!(turn().is_ok());
        }
        assert!(live_bytes() - before < FEW * 200, "{}", live_bytes() - before);
        assert!(collect().is_ok());
        assert_eq!(live_bytes(), before);
    }

    #[test]
    fn what_is_referred_to_from_outside_stays_with_all_it_needs() {
        let before = live_bytes();
        let inner = ring(Value::list(vec![Value::Int(1), Value::Int(2)]));
        let outer = ring(Value::list(vec![Value::Cell(Rc::clone(&inner))]));
        drop(inner);
        assert!(collect().is_ok());
        let Value::Tuple(items) = outer.get() else { panic!("a tuple") };
        let Value::Cell(inner) = items[1].as_list().unwrap().get(0).cloned().unwrap() else { panic!("a cell") };
        let Value::Tuple(inside) = inner.get() else { panic!("a tuple") };
        assert_eq!(crate::show::display(&inside[1]), "[1, 2]");
        drop((items, inner, inside));
        assert!(collect().is_ok());
        assert!(live_bytes() > before);
        drop(outer);
        assert!(collect().is_ok());
        assert_eq!(live_bytes(), before);
    }

    /// `m = %{1: f}`, where `f` captures `m`: the map is changed in place, or its copy is.
    #[test]
    fn rings_through_maps_are_let_go() {
        let before = live_bytes();
        for shared in [false, true] {
            let cell = Rc::new(CellObj::new(Value::Unit));
            let inside = Value::tuple(vec![Value::Cell(Rc::clone(&cell)), Value::Int(1)]);
            let map = MapObj::collect([(Value::Int(1), inside.clone())].into_iter());
            let Value::Map(mut map) = map else { panic!("a map") };
            let other = shared.then(|| Rc::clone(&map));
            Rc::make_mut(&mut map).0.insert(Value::str("two"), inside);
            CellObj::assign(&cell, Value::Map(map));
            drop(cell);
            assert!(collect().is_ok());
            // What is in a node of both may be in use by the other.
            assert_eq!(live_bytes() > before, shared);
            if let Some(other) = other {
                assert!(matches!(other.get(&Value::Int(1)), Some(Value::Tuple(_))));
                drop(other);
                assert!(collect().is_ok());
                assert_eq!(live_bytes(), before);
            }
        }
    }

    #[test]
    fn a_map_that_is_in_use_keeps_its_cells() {
        let cell = ring(Value::Unit);
        let map = MapObj::collect([(Value::Int(1), Value::Cell(cell))].into_iter());
        assert!(collect().is_ok());
        let Value::Map(map) = map else { panic!("a map") };
        let Some(Value::Cell(cell)) = map.get(&Value::Int(1)) else { panic!("a cell") };
        assert!(matches!(cell.get(), Value::Tuple(_)));
        drop(cell.take());
    }
}

//! Deep copies of what crosses a process boundary.
//!
//! Values are immutable but for captured `var` cells, typed arrays and buffers, so only structures that contain one of
//! these are copied; everything else is shared. Shared cells stay shared inside one copy.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::block::Block;
use crate::collections::MapObj;
use crate::stop::Steps;
use crate::value::{CellObj, Value};

/// A value that shares nothing mutable with the original. Stops early when the run has to end, see [`crate::stop`].
pub(crate) fn isolate(value: &Value) -> Value {
    if has_mutable(value) { copy(value) } else { value.clone() }
}

fn has_mutable(value: &Value) -> bool {
    if !value.is_heap() || matches!(value, Value::Str(_)) {
        return false;
    }
    let mut work = vec![value];
    let mut steps = Steps::default();
    while let Some(value) = work.pop() {
        if steps.step().is_err() {
            return false;
        }
        match value {
            Value::Cell(_) | Value::Array(_) | Value::Buffer(_) => return true,
            Value::Tuple(items) => work.extend(items.iter()),
            Value::Data(fields) => work.extend(fields.iter()),
            Value::Closure(function) => work.extend(function.iter()),
            Value::List(..) => {
                if let Some(items) = value.as_list() {
                    work.extend(items.iter().filter(|item| item.is_heap()));
                }
            }
            Value::Map(map) => work.extend(map.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    false
}

/// A container whose copy is under construction.
struct Job {
    shape: Value,
    /// Children that are still to copy, last one first.
    rest: Vec<Value>,
    done: Vec<Value>,
}

fn copy(value: &Value) -> Value {
    let mut seen = Seen::default();
    let mut jobs: Vec<Job> = Vec::new();
    let mut next = Some(value.clone());
    let mut finished = None;
    let mut steps = Steps::default();
    loop {
        if steps.step().is_err() {
            return Value::Unit;
        }
        if let Some(value) = next.take() {
            match seen.open(value) {
                Ok(value) => finished = Some(value),
                Err(job) => jobs.push(job),
            }
        }
        let Some(job) = jobs.last_mut() else { return finished.unwrap_or_default() };
        job.done.extend(finished.take());
        next = job.rest.pop();
        if next.is_none()
            && let Some(job) = jobs.pop()
        {
            finished = Some(seen.close(job));
        }
    }
}

/// Copies of what has identity.
#[derive(Default)]
struct Seen {
    cells: FxHashMap<*const CellObj, Rc<CellObj>>,
    others: FxHashMap<usize, Value>,
}

impl Seen {
    /// The copy of a value without children, or the job to copy its children.
    fn open(&mut self, value: Value) -> Result<Value, Job> {
        let mut rest: Vec<Value> = match &value {
            Value::Tuple(items) => items.to_vec(),
            Value::Data(fields) => fields.to_vec(),
            Value::Closure(function) if !function.is_empty() => function.to_vec(),
            Value::List(..) => value.as_list().map(|items| items.iter().cloned().collect()).unwrap_or_default(),
            Value::Map(map) => map.iter().map(|(_, value)| value.clone()).collect(),
            Value::Cell(cell) => {
                if let Some(copy) = self.cells.get(&Rc::as_ptr(cell)) {
                    return Ok(Value::Cell(Rc::clone(copy)));
                }
                // Known before its content is copied: a closure may sit in the cell that it captures.
                self.cells.insert(Rc::as_ptr(cell), Rc::new(CellObj::new(Value::Unit)));
                vec![cell.get()]
            }
            Value::Array(array) => {
                let copy = self.others.entry(Rc::as_ptr(array) as usize).or_insert_with(|| array.copy());
                return Ok(copy.clone());
            }
            Value::Buffer(buffer) => {
                return Ok(self.others.entry(Rc::as_ptr(buffer) as usize).or_insert_with(|| buffer.copy()).clone());
            }
            _ => Vec::new(),
        };
        if rest.is_empty() {
            return Ok(value);
        }
        rest.reverse();
        Err(Job { shape: value, done: Vec::with_capacity(rest.len()), rest })
    }

    fn close(&self, job: Job) -> Value {
        match job.shape {
            Value::Tuple(_) => Value::tuple(job.done),
            Value::Data(fields) => Value::data(Rc::clone(fields.meta()), job.done),
            Value::Closure(function) => {
                let len = job.done.len();
                Value::Closure(Block::new(function.meta().clone(), len, job.done.into_iter()))
            }
            Value::List(..) => Value::list(job.done),
            Value::Map(map) => MapObj::collect(map.iter().map(|(key, _)| key.to_value()).zip(job.done)),
            Value::Cell(cell) => match self.cells.get(&Rc::as_ptr(&cell)) {
                Some(copy) => {
                    CellObj::assign(copy, job.done.into_iter().next().unwrap_or_default());
                    Value::Cell(Rc::clone(copy))
                }
                None => Value::Unit,
            },
            other => other,
        }
    }
}

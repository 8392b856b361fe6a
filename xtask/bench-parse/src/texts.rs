//! One program in three languages, so that parsers of different languages read texts of the same shape.
//!
//! Input: a number of functions. Output: their text. The functions call each other, match, compute, build lists and
//! texts, and carry comments and annotations, in the proportions of ordinary programs.
//!
//! Invariant: the text is a function of the number; the languages differ only in how they write the same thing.

/// What a text is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Nostos,
    JavaScript,
    Rust,
}

const NOSTOS: &str = r#"
# What order {i} is made of.
pub type Order{i} = { id: Int, title: String, parts: [Int] }
type Step{i} = Idle{i} | Busy{i}(Int) | Done{i}(String, Int)

pub make{i}(n: Int) -> Order{i} = Order{i}(n, "part" ++ show(n), [n, n + 1, {i}])

# Every step leads to the next one.
pub next{i}(step: Step{i}) -> Step{i} = match step {
  Idle{i} -> Busy{i}(1)
  Busy{i}(n) when n > 3 -> Done{i}("over", n)
  Busy{i}(n) -> Busy{i}(n + 1)
  Done{i}(text, n) -> Done{i}(text ++ ".", n)
}

score{i}(order: Order{i}) -> Int = {
  total = order.parts.fold(0, (sum, x) => sum + x)
  if total > 100 && order.id != {i} then total - order.id * 2
  else if order.title.isEmpty() then 0
  else total + order.id
}

report{i}(orders: [Order{i}], limit: Int) = {
  var lines = []
  small = orders.filter(order => order.id < limit)
  for n = 0 to small.length() {
    order = small[n]
    lines = lines ++ ["${order.title}: ${score{i}(order) + n}"]
  }
  (lines, %{"count": lines.length(), "limit": limit})
}
"#;

const JAVASCRIPT: &str = r#"
// What order {i} is made of.
class Order{i} { constructor(id, title, parts) { this.id = id; this.title = title; this.parts = parts; } }
const Step{i} = { Idle: () => ["idle"], Busy: (n) => ["busy", n], Done: (text, n) => ["done", text, n] };

function make{i}(n) { return new Order{i}(n, "part" + show(n), [n, n + 1, {i}]); }

// Every step leads to the next one.
function next{i}(step) {
  switch (step[0]) {
    case "idle": return Step{i}.Busy(1);
    case "busy": if (step[1] > 3) { return Step{i}.Done("over", step[1]); } else { return Step{i}.Busy(step[1] + 1); }
    case "done": return Step{i}.Done(step[1] + ".", step[2]);
  }
}

function score{i}(order) {
  const total = order.parts.reduce((sum, x) => sum + x, 0);
  if (total > 100 && order.id != {i}) { return total - order.id * 2; }
  else if (order.title.isEmpty()) { return 0; }
  else { return total + order.id; }
}

function report{i}(orders, limit) {
  let lines = [];
  const small = orders.filter(order => order.id < limit);
  for (let n = 0; n < small.length; n = n + 1) {
    const order = small[n];
    lines = lines.concat([`${order.title}: ${score{i}(order) + n}`]);
  }
  return [lines, { "count": lines.length, "limit": limit }];
}
"#;

const RUST: &str = r#"
// What order {i} is made of.
pub struct Order{i} { id: i64, title: String, parts: Vec<i64> }
enum Step{i} { Idle, Busy(i64), Done(String, i64) }

pub fn make{i}(n: i64) -> Order{i} { Order{i} { id: n, title: concat("part", show(n)), parts: vec(n, n + 1, {i}) } }

// Every step leads to the next one.
pub fn next{i}(step: Step{i}) -> Step{i} {
    match step {
        Step{i}::Idle => Step{i}::Busy(1),
        Step{i}::Busy(n) if n > 3 => Step{i}::Done(text("over"), n),
        Step{i}::Busy(n) => Step{i}::Busy(n + 1),
        Step{i}::Done(text, n) => Step{i}::Done(concat(text, "."), n),
    }
}

fn score{i}(order: Order{i}) -> i64 {
    let total = order.parts.fold(0, |sum, x| sum + x);
    if total > 100 && order.id != {i} { total - order.id * 2 }
    else if order.title.is_empty() { 0 }
    else { total + order.id }
}

fn report{i}(orders: Vec<Order{i}>, limit: i64) -> Report {
    let mut lines = Vec::new();
    let small = orders.filter(|order| order.id < limit);
    for n in 0..small.len() {
        let order = small[n];
        lines = append(lines, format(order.title, ": ", score{i}(order) + n));
    }
    (lines, map(("count", lines.len()), ("limit", limit)))
}
"#;

/// A file with `groups` groups of functions.
pub(crate) fn file(language: Language, groups: usize) -> String {
    let group = match language {
        Language::Nostos => NOSTOS,
        Language::JavaScript => JAVASCRIPT,
        Language::Rust => RUST,
    };
    (0..groups).map(|n| group.replace("{i}", &n.to_string())).collect()
}

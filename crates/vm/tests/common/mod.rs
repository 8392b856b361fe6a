//! Programs made of hand-written chunks, and a host that remembers what was printed.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod generate;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use bytecode::{BodyBuilder, Chunk, ChunkBuilder, Instr};
use rustc_hash::FxHashMap;
use vm::{ChunkSource, Data, Host, HostError, Limits, LinkError, Machine, Task};

/// Chunks by symbol.
#[derive(Default)]
pub(crate) struct Program {
    chunks: FxHashMap<String, Arc<Chunk>>,
}

impl ChunkSource for Program {
    fn chunk(&mut self, symbol: &str) -> Result<Arc<Chunk>, LinkError> {
        self.chunks.get(symbol).cloned().ok_or(LinkError::Unknown)
    }
}

/// Remembers standard output; has a clock, and a file that can be read once somebody has asked whether it exists.
pub(crate) struct TestHost {
    out: Rc<RefCell<String>>,
    start: Instant,
    asked: Sender<()>,
    gate: Option<Receiver<()>>,
}

impl TestHost {
    pub(crate) fn new() -> Self {
        let (asked, gate) = mpsc::channel();
        Self { out: Rc::default(), start: Instant::now(), asked, gate: Some(gate) }
    }
}

impl Host for TestHost {
    fn write_stdout(&mut self, text: &str) {
        self.out.borrow_mut().push_str(text);
    }

    fn write_stderr(&mut self, text: &str) {
        self.out.borrow_mut().push_str(text);
    }

    fn monotonic(&mut self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn file_exists(&mut self, _: &str) -> bool {
        self.asked.send(()).is_ok()
    }

    fn file_read(&mut self, _: &str) -> Task<Vec<u8>> {
        let Some(gate) = self.gate.take() else { return Err(HostError::NotFound).into() };
        Task::later(move || match gate.recv_timeout(Duration::from_secs(20)) {
            Ok(()) => Ok(b"open".to_vec()),
            Err(_) => Err(HostError::NotFound),
        })
    }
}

impl Program {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a finished chunk.
    pub(crate) fn insert(&mut self, symbol: &str, chunk: Arc<Chunk>) {
        self.chunks.insert(symbol.to_owned(), chunk);
    }

    /// Adds a chunk whose bodies `build` sets.
    pub(crate) fn chunk(&mut self, symbol: &str, build: impl FnOnce(&mut ChunkBuilder)) {
        let mut chunk = ChunkBuilder::new(symbol);
        build(&mut chunk);
        self.chunks.insert(symbol.to_owned(), Arc::new(chunk.finish().unwrap()));
    }

    /// Adds a function without lambdas.
    pub(crate) fn function(
        &mut self,
        symbol: &str,
        params: u16,
        registers: u16,
        build: impl FnOnce(&mut ChunkBuilder, &mut BodyBuilder),
    ) {
        self.chunk(symbol, |chunk| {
            let mut body = BodyBuilder::new();
            build(chunk, &mut body);
            let name = symbol.split('/').next().unwrap_or(symbol);
            chunk.set_body(0, name, params, registers, Vec::new(), body);
        });
    }

    /// `fib(n) = if n < 2 then n else fib(n - 1) + fib(n - 2)`
    pub(crate) fn fib(&mut self) {
        self.function("fib/1", 1, 3, |chunk, body| {
            let itself = chunk.symbol("fib/1");
            let more = body.label();
            body.emit_jump(Instr::JumpGeImm { a: 0, imm: 2, offset: 0 }, more);
            body.emit(Instr::Return { src: 0 });
            body.bind(more);
            body.emit(Instr::AddIntImm { dst: 1, a: 0, imm: -1 });
            body.emit(Instr::Call { argc: 1, dst: 1, symbol: itself, args: 1 });
            body.emit(Instr::AddIntImm { dst: 2, a: 0, imm: -2 });
            body.emit(Instr::Call { argc: 1, dst: 2, symbol: itself, args: 2 });
            body.emit(Instr::AddInt { dst: 1, a: 1, b: 2 });
            body.emit(Instr::Return { src: 1 });
        });
    }

    pub(crate) fn machine_with(self, limits: Limits) -> (Machine, Rc<RefCell<String>>) {
        let host = TestHost::new();
        let out = Rc::clone(&host.out);
        (Machine::new(Box::new(self), Box::new(host), limits), out)
    }

    pub(crate) fn machine(self) -> (Machine, Rc<RefCell<String>>) {
        self.machine_with(Limits::default())
    }
}

/// The result of a call, as display form.
#[track_caller]
pub(crate) fn check(program: Program, symbol: &str, args: &[Data], expected: &str) {
    match program.machine().0.call(symbol, args) {
        Ok(value) => assert_eq!(vm::display(&value), expected),
        Err(failure) => panic!("{failure:?}"),
    }
}

/// The uncaught text of a call without arguments.
#[track_caller]
pub(crate) fn fails(program: Program, symbol: &str, expected: &str) {
    match program.machine().0.call(symbol, &[]) {
        Ok(value) => panic!("{}", vm::display(&value)),
        Err(failure) => assert_eq!(failure.text(), expected),
    }
}

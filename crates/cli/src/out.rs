//! Writing for people and other programs.
//!
//! Invariant: a reader that is gone ends nothing. What is asked of the command is done, and its exit code tells how it
//! went, also if `head` has seen enough; the macros of the standard library would panic.

/// Writes to a stream that may be closed.
macro_rules! emit {
    ($stream:ident, $write:ident, $($text:tt)*) => {{
        use std::io::Write as _;
        let _ = $write!(std::io::$stream().lock(), $($text)*);
    }};
}

/// As `println!`.
macro_rules! outln {
    ($($text:tt)*) => { emit!(stdout, writeln, $($text)*) };
}

/// As `print!`.
macro_rules! out {
    ($($text:tt)*) => { emit!(stdout, write, $($text)*) };
}

/// As `eprintln!`.
macro_rules! errln {
    ($($text:tt)*) => { emit!(stderr, writeln, $($text)*) };
}

/// As `eprint!`.
macro_rules! err {
    ($($text:tt)*) => { emit!(stderr, write, $($text)*) };
}

//! Writing for people and other programs.
//!
//! Invariant: a reader that is gone ends nothing. What is asked of the command is done, and its exit code tells how it
//! went, also if `head` has seen enough; the macros of the standard library would panic.

/// As `println!`, for a standard output that may be closed.
macro_rules! outln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}

/// As `print!`, for a standard output that may be closed.
macro_rules! out {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stdout().lock(), $($text)*);
    }};
}

/// As `eprintln!`, for a standard error that may be closed.
macro_rules! errln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($text)*);
    }};
}

/// As `eprint!`, for a standard error that may be closed.
macro_rules! err {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stderr().lock(), $($text)*);
    }};
}

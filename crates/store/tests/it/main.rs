//! The store through its public interface: on files in memory, on real ones, and on files that break.

mod basics;
mod common;
mod damage;
mod faults;
mod processes;
mod space;
mod transfer;

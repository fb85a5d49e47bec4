//! What the benchmarks measure with: generated stacks, loaded and planned as the command line does it, and remembered as if applied.
//!
//! Everything here panics when something does not work: a benchmark of a failure measures nothing.

pub mod remember;
pub mod sealing;
pub mod stack;

/// The numbers of resources that are measured. A choice of this project: what many stacks have, and what few have.
pub const SIZES: [usize; 2] = [1_000, 10_000];

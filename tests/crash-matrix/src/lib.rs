//! The real engine over the fake cloud, killed at every step: what survives must be the truth.
//!
//! A [`house::House`] is a world with one stack. [`recipe`] is what one run does in it, with the engine's own parts. A
//! [`scenario::Scenario`] says what was there and what is wanted; the [`matrix`] strikes each of its exchanges in every way and asks
//! afterwards: does the state tell the truth, is everything as wanted, and is there nothing left to do?

pub mod house;
pub mod matrix;
pub mod recipe;
pub mod scenario;
pub mod seeds;

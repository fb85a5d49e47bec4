//! The imperative shell of siac.

pub mod journal;
pub mod store;

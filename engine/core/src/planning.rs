//! Desired × remembered × observed → plan. Deterministic and without I/O: what planning needs to know, it asks.

pub mod compare;
pub mod questions;
pub mod request;

pub use request::{Goal, Options, Outcome, Request};

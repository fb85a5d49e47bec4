//! The embedded default: files, commands and real services on this machine.
//!
//! [`LocalProvider`] is both sides of the plugin `local`: its catalogue and its hands. Each kind lives in one file below `kinds`, with its
//! schema and what it does. What must outlive siac runs in a process of its own, the same binary started again: [`runner::main`] carries out
//! one command exactly once, [`supervisor::main`] keeps one service alive. [`secrets::LocalSecrets`] reads secrets from the environment and from files.
//!
//! This crate knows nothing of plans, journals or state; it keeps its own records below `.siac/`.

mod attributes;
mod components;
mod durable;
mod examine;
mod kind;
mod kinds;
mod logs;
mod machine;
mod moment;
mod process;
mod provider;
pub mod runner;
pub mod secrets;
pub mod supervisor;

pub use provider::LocalProvider;

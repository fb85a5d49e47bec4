//! The functional core of siac: everything that can be decided without touching the world.
//!
//! A tour, in the order in which data travels:
//!
//! 1. [`model`] holds the nouns: values with holes, addresses, schemas, stacks, snapshots, plans, events, diagnostics.
//! 2. [`language`] turns TOML text into a [`model::stack::Stack`] and evaluates expressions.
//! 3. [`planning`] compares what is wanted, remembered and observed, and answers with a [`model::plan::Plan`].
//! 4. [`deployment`] decides what may happen next while a plan is carried out, and folds what happened into a snapshot.
//! 5. [`serverless`] holds what a component is: a whole service, told the same way whoever runs it.
//! 6. [`ports`] holds every question asked of the world, as traits.
//!
//! This crate performs no I/O, reads no clock, draws no random number and names no resource kind.

pub mod deployment;
pub mod language;
pub mod model;
pub mod planning;
pub mod ports;
pub mod serverless;

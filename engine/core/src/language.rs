//! The stack language: TOML text → tree → stack, and expressions → values with holes.
//!
//! Nothing here reads a file: [`load`](load::load) and [`evaluate`](evaluate::evaluate) say which files they want, and are called again with them.
//! Parsing never panics and never stops at the first error.

pub mod convert;
pub mod early;
pub mod editor_schema;
pub mod evaluate;
pub mod format;
pub mod functions;
pub mod load;
pub mod parse_expression;
pub mod references;
pub(crate) mod rules;
pub mod scope;
pub mod tree;
pub mod write;

//! Systems Manager: its parameters.

pub mod parameter;

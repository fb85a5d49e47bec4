//! Model values as text for people. Every function here is pure: the same values give the same text.

pub mod compare;
pub mod diagnostics;
pub mod page;
pub mod plan;
pub mod style;
pub mod value;
pub mod words;

//! Model values as text for people. Every function here is pure: the same values give the same text.

pub mod compare;
pub mod components;
pub mod diagnostics;
pub mod diff;
pub mod discretion;
pub mod ending;
pub mod history;
pub mod html;
pub mod log;
pub mod outputs;
pub mod page;
pub mod plan;
pub mod services;
pub mod standing;
pub mod state;
pub mod style;
pub mod value;
pub mod words;

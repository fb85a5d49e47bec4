//! The edge of siac: what a user types and what a user reads.
//!
//! Everything here turns arguments into plain data, or model values into text. Nothing decides what a plan does.

pub mod adapters;
pub mod arguments;
pub mod browser;
pub mod commands;
pub mod confirm;
pub mod desk;
pub mod exit;
pub mod failure;
pub mod graph;
pub mod init;
pub mod interrupts;
pub mod json_stream;
pub mod progress;
pub mod project;
pub mod render;
pub mod sanitise;
pub mod secrets;
pub mod state;
pub mod subjects;
pub mod system;

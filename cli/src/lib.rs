//! The edge of siac: what a user types and what a user reads.
//!
//! Everything here turns arguments into plain data, or model values into text. Nothing decides what a plan does.

pub mod arguments;
pub mod confirm;
pub mod exit;
pub mod graph;
pub mod init;
pub mod json_stream;
pub mod progress;
pub mod render;
pub mod sanitise;
pub mod secrets;

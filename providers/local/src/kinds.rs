//! The kinds, one file each.

pub mod archive;
pub mod command;
pub mod directory;
pub mod file;
pub mod http;
pub mod random;
pub mod service;
pub mod value;

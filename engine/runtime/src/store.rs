//! The sealed store: everything siac keeps, so that a kill at any moment loses nothing, two runs never both win, and nobody
//! who has the bucket can read or change it.
//!
//! From the bytes upwards: an [`envelope`] seals one object; [`formats`] say what is inside.

pub mod envelope;
pub mod formats;
#[cfg(test)]
mod samples;

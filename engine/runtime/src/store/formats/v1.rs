//! Content version 1.
//!
//! Types here are never changed once a release has written them. Values, paths, addresses, expressions and the small records that the
//! model itself serialises are taken from it in their JSON form; the golden files of `tests/corpus` hold that form still.

pub(super) mod journal;
mod object;
pub(super) mod plan;
mod secrets;
pub(super) mod snapshot;

//! The sealed store in every place that many machines share: among processes that contend, that are killed, and that carry it to another place.
#![cfg(all(feature = "aws", feature = "azure"))]

mod contention;
mod migration;
mod places;
mod runs;

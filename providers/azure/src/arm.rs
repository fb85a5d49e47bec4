//! The one client of Azure Resource Manager.
//!
//! ARM is uniform: every resource of every service is put, read, changed and deleted at its id, with an api-version, and what takes long is
//! told by an operation that is polled. This module knows nothing of kinds; it knows ids, requests, answers, operations and what failures mean.

mod client;
mod document;
mod failure;
mod id;
mod operation;
mod token;

pub use client::{Answer, Arm, Audience, Connection, Method, Neighbour, Pace, Request};
pub use document::{at, child, put, remove};
pub use failure::Failure;
pub use id::{ResourceId, split_type};
pub use operation::{Operation, Progress, Standing, correlation};

//! Cloud Control: every type that CloudFormation knows, by the schema that it publishes.

mod document;
pub mod published;
pub mod requests;
pub mod resource;

pub use document::{from_json, to_json};

//! The nouns. Plain data with private invariants where a promise has to be kept; no behaviour that needs the world.

pub mod address;
pub mod diagnostic;
pub mod duration;
pub mod event;
pub mod expression;
pub mod finding;
pub mod identity;
pub mod inspection;
pub mod log;
pub mod number;
pub mod path;
pub mod plan;
pub mod recipe;
pub mod schema;
pub mod secret;
pub mod snapshot;
pub mod stack;
pub mod types;
pub mod value;

//! A double of Azure Resource Manager.
//!
//! No emulator of ARM exists that manages the types that siac does, so this stands in for it, honest by construction: what it knows of a type
//! is one entry of `types.toml`; how it answers is what Microsoft's own management clients expect and what recorded exchanges of the real ARM
//! show. It refuses what ARM refuses: no token, unknown api-versions and types, missing groups and parents, malformed names and bodies, names
//! that are taken, changes of what is fixed, a second operation while one goes on, stale ETags.
//!
//! Time is counted in looks, never in seconds: an operation goes on for as many polls as its type says, and stands still while it is held.

mod answers;
mod double;
mod http;
mod json;
mod path;
mod serve;
mod types;
mod world;

pub use double::{Double, Exchange, Trouble};
pub use types::{Told, told};

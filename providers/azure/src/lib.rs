//! Azure, through one client of Azure Resource Manager.
//!
//! [`AzureProvider`] is both sides of the plugin `azure`. The client below `arm` speaks to every service alike; `life` makes the calls of a
//! provider out of it, for every kind alike; a kind only says where its resources are and how their documents read. `azure_resource` is any
//! resource with the body that its API takes.
//!
//! This crate knows nothing of plans, journals or state.

mod arm;
mod data;
mod fields;
mod form;
mod generic;
mod kind;
mod kinds;
mod life;
mod likeness;
mod marks;
mod notes;
mod provider;
mod registration;
mod settings;
mod typed;

pub use arm::Pace;
pub use kind::{Described, Evidence, Write};
pub use provider::AzureProvider;

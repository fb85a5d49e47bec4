//! Components: whole services, told the same way whoever runs them.
//!
//! A component kind has a table of fields ([`schema`]). [`read`] makes of fields, once they are evaluated, a [`Component`]: an aggregate that keeps
//! its own promises, so that a provider which realises it need not check them again. [`project`] says what the project of a component tells
//! about it: where it starts, which Node.js it wants, what its build needs. [`Realisation`] is what a provider makes of a component,
//! and [`vocabulary`] the words in which it says so.
//!
//! This module knows no provider, no resource kind and no file system.

mod access;
mod component;
mod function;
mod gateway;
mod kinds;
mod measures;
pub mod project;
mod reading;
mod realisation;
mod runtime;
mod schema;
mod traffic;
pub mod vocabulary;
mod websocket;

#[cfg(test)]
mod tests;

pub use access::{Auth, Permission};
pub use component::{Component, Identity, RestApi, Service, WebSocket};
pub use function::{Alarms, Architecture, Code, Handler, Health, Network, Scaling, ServerlessFunction, Start};
pub use gateway::{ApiGateway, Cors};
pub use kinds::{absent, kinds, schema};
pub use measures::{Memory, Ratio, Refusal, Timeout};
pub use reading::{FieldProblem, read};
pub use realisation::{Part, Realisation};
pub use runtime::Runtime;
pub use schema::ComponentSchema;
pub use traffic::{Canary, Traffic};
pub use websocket::{Events, WebSocketApi};

//! The saga: what may happen next while a plan is carried out, and what the facts of it make of a snapshot.
//!
//! Everything here decides and nothing here acts. [`fold`] turns facts into the next snapshot, the same live and after a crash.
//! [`saga`] holds the aggregate that one apply is. [`resolve`] fills the holes of a step from what exists by then, and [`seal`] turns a
//! provider's answer into what may be recorded.

pub mod fold;
pub mod resolve;
pub mod saga;
pub mod seal;

pub use fold::{Ledger, OpenCall};
pub use saga::{Call, Deployment, Refused, Start, Task};

//! Real emulators of clouds for the tests.
//!
//! [`Emulator::start`] gives a test an account of its own on a MiniStack that this test process shares, and a [`Proxy`] of its own in front of it.
//! The proxy compares every signed request with the service's published model, as the cloud itself would, and makes trouble on demand:
//! throttling, latency, lost requests and lost answers. An emulator that saw a malformed request fails its test when it is dropped.
//!
//! ```no_run
//! # async fn test() {
//! use siac_emulators::{Emulator, Rule};
//! let emulator = Emulator::start().await;
//! emulator.proxy().add(Rule::on("s3.PutObject .*/HEAD").loses_answer().first(1));
//! // … a client with `emulator.endpoint()` and `emulator.credentials()` …
//! assert!(emulator.left().await.is_empty());
//! # }
//! ```
//!
//! What is installed is pinned by version, lies in `target/emulators` (or where `SIAC_EMULATORS` says) and is shared by all test processes.

mod azurite;
mod contract;
mod emulator;
mod install;
mod moto;
mod proxy;
mod python_server;

pub use azurite::Azurite;
pub use contract::{Contract, Verdict};
pub use emulator::{Credentials, Emulator, REGION};
pub use install::{install_all, python, python_with, sources};
pub use moto::Moto;
pub use proxy::{Gate, Proxy, Request, Rule, Seen};

//! What no emulator can show: the binary against a real cloud, with an account of yours. Nothing here runs unless it is asked to, and what it
//! makes is destroyed at its end. [`README.md`](README.md) says what it costs and how to ask.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[allow(dead_code, reason = "the sandbox of the tests against emulators serves more than is used here")]
#[path = "../../cli/tests/end_to_end/sandbox.rs"]
mod sandbox;

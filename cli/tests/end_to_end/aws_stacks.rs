//! The stacks for AWS as people deploy them: the binary, the emulator in the cloud's place, and real calls of what was deployed.

mod account;
mod identities;
mod kills;
mod permissions;
mod production;
mod refusals;
mod serving;
#[path = "../../../providers/aws/tests/conformance/serving/websocket.rs"]
mod websocket;

//! Networks, through Cloud Control: the SDK of EC2 alone would take as long to build as everything else.

pub mod network;
mod rules;
pub mod security_group;

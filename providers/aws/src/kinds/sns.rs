//! Simple Notification Service.

pub mod subscription;
pub mod topic;

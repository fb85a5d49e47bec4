//! EventBridge Scheduler.

pub mod schedule;

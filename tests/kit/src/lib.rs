//! The fake world of the tests, in memory and repeatable to the last step.
//!
//! A [`process::Process`] is one run of siac. It reaches the [`cloud::Cloud`] and the [`store::MemoryStore`] over one
//! [`network::Network`], which counts every exchange. So a test can kill the process at the k-th one: before the request leaves, after
//! its effect, while it travels, or lose only the answer. What has left takes effect even when its sender is gone.
//! [`process::live`] runs a process in a runtime of its own, whose clock moves only when everybody sleeps.

pub mod chance;
pub mod clock;
pub mod cloud;
pub mod keys;
pub mod network;
pub mod process;
pub mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a panic of another holder (a test makes some on purpose) leaves the data as usable as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

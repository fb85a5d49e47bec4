//! Amazon Web Services, through the AWS SDK for Rust.
//!
//! [`AwsProvider`] is both sides of the plugin `aws`: its catalogue and its hands. Each kind is a small file below `kinds` that makes single
//! calls ([`kind::Kind`]); `life` turns these into the calls of a provider, with ownership, retries and recovery the same for all. What AWS
//! answers when it does not do as asked is sorted in one place, `failure`.
//!
//! This crate knows nothing of plans, journals or state, and nothing outside it knows the SDK.

pub mod account;
mod connect;
pub mod failure;
pub mod fields;
pub mod kind;
pub mod kinds;
pub mod life;
pub mod likeness;
pub mod limits;
pub mod marks;
pub mod policy;
mod provider;
pub mod seen;
pub mod settings;
pub mod together;
pub mod wait;

pub use provider::AwsProvider;

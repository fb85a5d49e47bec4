//! Certificate Manager: certificates, and the wait for them.

pub mod certificate;
pub mod validation;

//! Key Management Service: keys, and names for them.

pub mod alias;
pub mod key;

//! State in Amazon Web Services, and in what speaks like them.
//!
//! [`s3`] keeps objects and the register in a bucket; [`lock_table`] keeps the register in DynamoDB instead; [`kms`] wraps data keys;
//! [`secrets`] reads secrets that others keep there; [`bootstrap`] makes the bucket and the table.

pub mod access;
pub mod bootstrap;
mod fault;
pub mod kms;
pub mod lock_table;
mod promises;
pub mod s3;
pub mod secrets;

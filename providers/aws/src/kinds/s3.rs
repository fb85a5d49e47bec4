//! Simple Storage Service.

pub mod bucket;
pub mod bucket_policy;
pub mod encryption;
pub mod lifecycle;
pub mod object;
pub mod public_access_block;
pub mod versioning;

use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;

/// The bucket that a setting is of.
fn bucket_attribute() -> Attribute {
    Attribute::required(Type::String, "the bucket's name").immutable()
}

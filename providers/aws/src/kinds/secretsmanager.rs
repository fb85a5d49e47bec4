//! Secrets Manager: secrets, and the values they have.

pub mod current;
pub mod secret;
pub mod secret_version;

use siac_core::model::secret::Secret;
use siac_core::model::value::{Known, Value};

/// A text as an attribute that nobody may see.
pub(super) fn sealed(text: impl Into<String>) -> Known {
    Value::Secret(Secret::new(Value::String(text.into())))
}

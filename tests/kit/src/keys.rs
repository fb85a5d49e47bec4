//! A key that costs nothing, so that tests may seal thousands of objects.

use std::collections::BTreeMap;

use async_trait::async_trait;
use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, KeyProvider, WrappedKey};

/// Wraps data keys by exclusive or with a digest of its own name and the stack. No protection, and none is needed here.
pub struct CheapKey {
    name: String,
}

impl CheapKey {
    /// The key of this name; another name is another key.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    fn masked(&self, stack: &StackUuid, bytes: &[u8; 32]) -> [u8; 32] {
        let mask = Digest::of(format!("{} {stack}", self.name).as_bytes()).0;
        std::array::from_fn(|at| bytes[at] ^ mask[at])
    }
}

#[async_trait]
impl KeyProvider for CheapKey {
    fn describe(&self) -> (String, String) {
        ("cheap".to_owned(), self.name.clone())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, _: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        let (method, key_id) = self.describe();
        // Hexadecimal digits of 32 bytes are base64, too.
        let wrapped = Digest(self.masked(stack, key.expose())).to_string();
        Ok(WrappedKey { method, key_id, wrapped, params: BTreeMap::new() })
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        if (key.method.clone(), key.key_id.clone()) != self.describe() {
            return Err(KeyFault::WrongKey("this is another key".to_owned()));
        }
        let wrapped: Digest =
            key.wrapped.parse().map_err(|_| KeyFault::Refused("this is no wrapped key".to_owned()))?;
        Ok(Secret::new(self.masked(stack, &wrapped.0)))
    }
}

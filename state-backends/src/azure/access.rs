//! By what right the state is read and written.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::secret::Secret;
use siac_core::ports::StoreFault;

use super::shared_key::SharedKey;

/// The variable with a key of the storage account. Who has it may do everything with the account.
pub const SHARED_KEY: &str = "AZURE_STORAGE_KEY";

/// By what right.
#[derive(Clone)]
pub enum Access {
    /// As someone that Entra ID knows, with the roles that they have.
    Identity(Arc<dyn TokenCredential>),
    /// With a key of the account, decoded.
    SharedKey(Secret<Vec<u8>>),
}

impl Access {
    /// With the key in [`SHARED_KEY`] where it is set, otherwise as whoever the environment says this is.
    ///
    /// # Errors
    /// When the key is not base64, or the environment names no identity.
    pub fn of_environment() -> Result<Self, StoreFault> {
        match std::env::var(SHARED_KEY).ok().filter(|key| !key.is_empty()) {
            Some(key) => Self::shared_key(&key),
            None => super::credential().map(Self::Identity).map_err(StoreFault::Failed),
        }
    }

    /// With a key of the account, in base64 as Azure shows it.
    ///
    /// # Errors
    /// When it is not base64.
    pub fn shared_key(key: &str) -> Result<Self, StoreFault> {
        match STANDARD.decode(key.trim()) {
            Ok(key) if !key.is_empty() => Ok(Self::SharedKey(Secret::new(key))),
            _ => Err(StoreFault::Failed(format!(
                "the key of the storage account in {SHARED_KEY} is not base64; copy it from `az storage account keys list`"
            ))),
        }
    }

    pub(super) fn credential(&self) -> Option<Arc<dyn TokenCredential>> {
        match self {
            Self::Identity(credential) => Some(credential.clone()),
            Self::SharedKey(_) => None,
        }
    }

    pub(super) fn policy(&self, account: &str) -> Option<Arc<dyn Policy>> {
        match self {
            Self::Identity(_) => None,
            Self::SharedKey(key) => Some(Arc::new(SharedKey::new(account, key.clone()))),
        }
    }
}

//! State in Azure Blob Storage.
//!
//! The register is a blob under a lease, written with the lease's id and the version that it replaces: the service itself refuses a holder
//! whose lease is gone, and whoever has an old view. All other objects are created only where there is none.
//!
//! Nothing is tried twice here. A write whose answer was lost is compared with what is stored; what cannot be told that way is told to the
//! caller, who tries again knowingly. The library would try again by itself, and then be refused because of its own first attempt.

mod access;
mod bootstrap;
mod faults;
pub mod key_vault;
mod management;
mod objects;
mod place;
mod register;
pub mod secrets;
mod shared_key;
mod vault;

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions, UserAgentOptions};
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use siac_core::ports::StoreFault;
use tokio::sync::Mutex;

pub use access::{Access, SHARED_KEY};
pub use bootstrap::{Bootstrapped, Keeping, bootstrap};
pub use management::{Kept, keep_more};
pub use place::{InvalidSettings, Settings};
pub use vault::VaultOptions;

/// For how long the service holds a lease that nobody renews: the longest that Blob Storage offers besides for ever.
const LEASE_TIME: Duration = Duration::from_secs(60);

/// How long one request about the register may take: half of the time between two renewals of the lease. A choice of this project.
const REGISTER_LIMIT: Duration = Duration::from_secs(8);

/// The state of one stack in a container.
#[derive(Clone)]
pub struct AzureBlobs {
    container: Arc<BlobContainerClient>,
    /// What all names of this stack begin with, ended by a slash.
    root: Arc<str>,
    /// The id of the lease that this is the holder by, or may have become the holder by.
    lease: Arc<Mutex<Option<String>>>,
    lease_time: Duration,
}

impl AzureBlobs {
    /// The state of a stack; nothing is asked of the service yet.
    ///
    /// # Errors
    /// When the settings name no place, or one that may not be reached this way: without TLS only on this machine, and with a shared key.
    pub fn open(settings: &Settings, stack: &str, access: &Access) -> Result<Self, StoreFault> {
        let failed = |error: InvalidSettings| StoreFault::Failed(error.to_string());
        let url = settings.container_url().map_err(failed)?;
        let container = BlobContainerClient::new(url, access.credential(), Some(options(settings, access)))
            .map_err(|error| StoreFault::Failed(error.to_string()))?;
        let root = match settings.prefix.as_str() {
            "" => format!("{stack}/"),
            prefix => format!("{prefix}/{stack}/"),
        };
        Ok(Self { container: Arc::new(container), root: root.into(), lease: Arc::default(), lease_time: LEASE_TIME })
    }

    /// The same with another time for which the service holds a lease that nobody renews: whole seconds from 15 to 60 (the service's bounds).
    #[must_use]
    pub fn leased_for(self, lease_time: Duration) -> Self {
        Self { lease_time, ..self }
    }

    fn blob(&self, name: &str) -> BlobClient {
        self.container.blob_client(&format!("{}{name}", self.root))
    }
}

/// The credential of whoever the environment says this is.
///
/// # Errors
/// When the environment names no identity.
pub fn credential() -> Result<Arc<dyn TokenCredential>, String> {
    siac_azure_credentials::credential().map_err(|error| error.to_string())
}

fn options(settings: &Settings, access: &Access) -> BlobContainerClientOptions {
    BlobContainerClientOptions { client_options: client_options(settings, access), ..Default::default() }
}

fn client_options(settings: &Settings, access: &Access) -> ClientOptions {
    ClientOptions {
        per_try_policies: access.policy(&settings.account).into_iter().collect(),
        retry: RetryOptions::none(),
        user_agent: UserAgentOptions { application_id: Some("siac".to_owned()) },
        ..ClientOptions::default()
    }
}

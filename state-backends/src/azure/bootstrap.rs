//! Making the container, and looking whether what is overwritten or deleted in it can be had back.

use azure_core::http::{RequestContent, XmlFormat};
use azure_storage_blob::models::{BlobServiceProperties, RetentionPolicy};
use azure_storage_blob::{BlobContainerClient, BlobServiceClient, BlobServiceClientOptions};
use siac_core::ports::StoreFault;

use super::management::{Kept, keep_more};
use super::{Access, Settings, client_options, faults, options};

/// For how long deleted and overwritten blobs are kept, in days. A choice of this project: longer than most holidays.
pub(super) const KEPT_DAYS: i32 = 30;

/// What there is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrapped {
    /// Whether the container was made; otherwise it was there.
    pub made_container: bool,
    /// What the account keeps besides.
    pub keeping: Keeping,
}

/// What the account keeps besides what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeping {
    /// Everything that siac wants it to; what was turned on for it, and what was on.
    Everything(Vec<Kept>),
    /// Deleted blobs, as far as a request to the blob service can see to it; `None` where that may not be seen either.
    DeletedBlobs {
        /// What is kept.
        kept: Option<Kept>,
        /// Why nothing was done about the rest.
        why: String,
    },
}

/// Makes the container when it is not there, and lets the account keep older versions and what is deleted when it does not yet.
///
/// # Errors
/// When the container is not there and cannot be made.
pub async fn bootstrap(settings: &Settings, access: &Access) -> Result<Bootstrapped, StoreFault> {
    let made_container = make_container(settings, access).await?;
    Ok(Bootstrapped { made_container, keeping: keep(settings, access).await })
}

/// Through Resource Manager for whoever it knows, otherwise as far as the blob service goes.
async fn keep(settings: &Settings, access: &Access) -> Keeping {
    let url = settings.service_url().ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    let managed = match access {
        Access::Identity(identity) => {
            let options = client_options(settings, access);
            keep_more(&settings.account, host, identity.clone(), options).await
        }
        Access::SharedKey(_) => Err("a key of the account opens nothing in Azure Resource Manager".to_owned()),
    };
    match managed {
        Ok(kept) => Keeping::Everything(kept),
        Err(why) => Keeping::DeletedBlobs { kept: keep_deleted(settings, access).await.ok(), why },
    }
}

async fn make_container(settings: &Settings, access: &Access) -> Result<bool, StoreFault> {
    let failed = |error: azure_core::Error| faults::of_write(&error);
    let url = settings.container_url().map_err(|error| StoreFault::Failed(error.to_string()))?;
    let container =
        BlobContainerClient::new(url, access.credential(), Some(options(settings, access))).map_err(failed)?;
    if container.exists().await.map_err(failed)? {
        return Ok(false);
    }
    match container.create(None).await {
        Ok(_) => Ok(true),
        // Another run was faster.
        Err(_) if container.exists().await.unwrap_or(false) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

async fn keep_deleted(settings: &Settings, access: &Access) -> azure_core::Result<Kept> {
    let options = BlobServiceClientOptions { client_options: client_options(settings, access), ..Default::default() };
    let url = settings
        .service_url()
        .map_err(|error| azure_core::Error::with_message(azure_core::error::ErrorKind::Other, error.to_string()))?;
    let service = BlobServiceClient::new(url, access.credential(), Some(options))?;
    let properties = service.get_properties(None).await?.into_model()?;
    match properties.delete_retention_policy {
        Some(RetentionPolicy { enabled: Some(true), days, .. }) => Ok(deleted(days.unwrap_or_default(), false)),
        _ => {
            let policy = RetentionPolicy { enabled: Some(true), days: Some(KEPT_DAYS), ..Default::default() };
            let wanted = BlobServiceProperties { delete_retention_policy: Some(policy), ..Default::default() };
            let content: RequestContent<BlobServiceProperties, XmlFormat> = wanted.try_into()?;
            service.set_properties(content, None).await?;
            Ok(deleted(KEPT_DAYS, true))
        }
    }
}

fn deleted(days: i32, is_changed: bool) -> Kept {
    Kept { what: format!("deleted blobs for {days} days"), is_changed }
}

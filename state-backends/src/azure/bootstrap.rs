//! Making the container, and looking whether what is overwritten or deleted in it can be had back.

use azure_core::http::{RequestContent, XmlFormat};
use azure_storage_blob::models::{BlobServiceProperties, RetentionPolicy};
use azure_storage_blob::{BlobContainerClient, BlobServiceClient, BlobServiceClientOptions};
use siac_core::ports::StoreFault;

use super::{Access, Settings, client_options, faults, options};

/// For how long deleted and overwritten blobs are kept, in days. A choice of this project: longer than most holidays.
const KEPT_DAYS: i32 = 30;

/// What there is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrapped {
    /// Whether the container was made; otherwise it was there.
    pub made_container: bool,
    /// Whether deleted blobs are kept for a while.
    pub soft_delete: SoftDelete,
}

/// Whether deleted blobs are kept for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftDelete {
    /// They were already, for so many days.
    Was(i32),
    /// They are from now on, for so many days.
    Set(i32),
    /// They may not be: the identity may not look at the account's settings, or not change them.
    Unknown,
}

/// Makes the container when it is not there, and lets the account keep deleted blobs when it does not yet.
///
/// # Errors
/// When the container is not there and cannot be made.
pub async fn bootstrap(settings: &Settings, access: &Access) -> Result<Bootstrapped, StoreFault> {
    Ok(Bootstrapped {
        made_container: make_container(settings, access).await?,
        soft_delete: keep_deleted(settings, access).await.unwrap_or(SoftDelete::Unknown),
    })
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

async fn keep_deleted(settings: &Settings, access: &Access) -> azure_core::Result<SoftDelete> {
    let options = BlobServiceClientOptions { client_options: client_options(settings, access), ..Default::default() };
    let url = settings
        .service_url()
        .map_err(|error| azure_core::Error::with_message(azure_core::error::ErrorKind::Other, error.to_string()))?;
    let service = BlobServiceClient::new(url, access.credential(), Some(options))?;
    let properties = service.get_properties(None).await?.into_model()?;
    match properties.delete_retention_policy {
        Some(RetentionPolicy { enabled: Some(true), days, .. }) => Ok(SoftDelete::Was(days.unwrap_or_default())),
        _ => {
            let policy = RetentionPolicy { enabled: Some(true), days: Some(KEPT_DAYS), ..Default::default() };
            let wanted = BlobServiceProperties { delete_retention_policy: Some(policy), ..Default::default() };
            let content: RequestContent<BlobServiceProperties, XmlFormat> = wanted.try_into()?;
            service.set_properties(content, None).await?;
            Ok(SoftDelete::Set(KEPT_DAYS))
        }
    }
}

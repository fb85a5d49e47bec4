//! Objects: created where there is none, read whole.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::BlobClient;
use azure_storage_blob::models::{BlobContainerClientListBlobsOptions, BlockBlobClientUploadOptions};
use futures::TryStreamExt;
use siac_core::ports::{Blobs, Put, StoreFault};

use super::faults::{self, Refusal};
use super::{AzureBlobs, REGISTER_LIMIT};
use crate::names;

/// The largest object that is read, in bytes. A choice of this project: four times the largest artifact.
const LARGEST: usize = 1024 * 1024 * 1024;

/// How long writing or reading an object may take, besides what its size needs. A choice of this project.
const LIMIT: Duration = Duration::from_secs(30);

/// The slowest network that an object is carried over, in bytes per second. A choice of this project.
const SLOWEST: u64 = 128 * 1024;

const NO_VERSION: &str = "the service answers without a version";

/// The register's own name.
pub(super) const HEAD: &str = "HEAD";

impl AzureBlobs {
    fn place(&self, name: &str) -> Result<BlobClient, StoreFault> {
        names::check(name)?;
        Ok(self.blob(name))
    }

    async fn names(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        let fault = |error: azure_core::Error| faults::of_read(&error);
        let prefix = Some(format!("{}{prefix}", self.root));
        let options = BlobContainerClientListBlobsOptions { prefix, ..Default::default() };
        let mut pages = self.container.list_blobs(Some(options)).map_err(fault)?;
        let mut names = Vec::new();
        while let Some(blob) = pages.try_next().await.map_err(fault)? {
            names.extend(blob.name.as_deref().and_then(|name| name.strip_prefix(&*self.root)).map(str::to_owned));
        }
        names.retain(|name| name != HEAD);
        names.sort();
        Ok(names)
    }
}

#[async_trait]
impl Blobs for AzureBlobs {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        let limit = LIMIT + time_for(LARGEST);
        Ok(download(&self.place(name)?, limit).await?.map(|(bytes, _)| bytes))
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        let (blob, limit) = (self.place(name)?, LIMIT + time_for(bytes.len()));
        let options = BlockBlobClientUploadOptions::default().if_not_exists();
        match upload(&blob, bytes, options, limit).await {
            Ok(_) => Ok(Put::Created),
            // Blocks that are put together answer with the condition that failed, a single request with the blob that is there.
            Err(Refused::By(Refusal::Exists | Refusal::Changed, _)) => Ok(Put::Exists),
            Err(refused) => Err(refused.fault()),
        }
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        let (blob, limit) = (self.place(name)?, LIMIT + time_for(bytes.len()));
        let replaced = upload(&blob, bytes, BlockBlobClientUploadOptions::default(), limit).await;
        replaced.map(drop).map_err(Refused::fault)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        self.names(prefix).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        match within(LIMIT, self.place(name)?.delete(None)).await {
            Ok(_) | Err(Refused::By(Refusal::NotThere, _)) => Ok(()),
            Err(refused) => Err(refused.fault()),
        }
    }
}

/// How long so many bytes may be under way.
fn time_for(bytes: usize) -> Duration {
    Duration::from_secs(u64::try_from(bytes).unwrap_or(u64::MAX) / SLOWEST)
}

/// Why a request was not carried out, or may not have been.
pub(super) enum Refused {
    /// The service, in its own words, and what they come to.
    By(Refusal, StoreFault),
    /// There was no answer in time.
    Late(StoreFault),
}

impl Refused {
    pub(super) fn fault(self) -> StoreFault {
        match self {
            Self::By(_, fault) | Self::Late(fault) => fault,
        }
    }
}

/// Sends a request that changes something, and waits for the answer no longer than so.
pub(super) async fn within<T>(
    limit: Duration,
    request: impl Future<Output = azure_core::Result<T>>,
) -> Result<T, Refused> {
    match tokio::time::timeout(limit, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Refused::By(Refusal::of(&error), faults::of_write(&error))),
        Err(_) => Err(Refused::Late(StoreFault::Ambiguous(faults::late(limit)))),
    }
}

/// Writes a blob and answers with its version.
pub(super) async fn upload(
    blob: &BlobClient,
    bytes: Vec<u8>,
    options: BlockBlobClientUploadOptions<'_>,
    limit: Duration,
) -> Result<Etag, Refused> {
    let written = within(limit, blob.upload(RequestContent::from(bytes), Some(options))).await?;
    let unnamed = || Refused::Late(StoreFault::Ambiguous(NO_VERSION.to_owned()));
    written.etag.ok_or_else(unnamed)
}

/// Reads a blob and its version; `None` when there is none.
pub(super) async fn download(blob: &BlobClient, limit: Duration) -> Result<Option<(Vec<u8>, Etag)>, StoreFault> {
    let fault = |error: azure_core::Error| match Refusal::of(&error) {
        Refusal::NotThere => None,
        _ => Some(faults::of_read(&error)),
    };
    let read = async {
        let answer = match blob.download(None).await {
            Ok(answer) => answer,
            Err(error) => return fault(error).map_or(Ok(None), Err),
        };
        let unnamed = || StoreFault::Transient(NO_VERSION.to_owned());
        let version = answer.properties.etag.ok_or_else(unnamed)?;
        let (mut bytes, mut body) = (Vec::new(), answer.body);
        while let Some(part) = body.try_next().await.map_err(|error| faults::of_read(&error))? {
            if bytes.len() + part.len() > LARGEST {
                return Err(StoreFault::Failed("the object is larger than 1 GiB".to_owned()));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Some((bytes, version)))
    };
    let late = || StoreFault::Transient(faults::late(limit));
    tokio::time::timeout(limit, read).await.unwrap_or_else(|_| Err(late()))
}

/// The register and its version; `None` when it was never written. An empty one was only made to be leased.
pub(super) async fn download_head(blob: &BlobClient) -> Result<Option<(Vec<u8>, Etag)>, StoreFault> {
    download(blob, REGISTER_LIMIT).await
}

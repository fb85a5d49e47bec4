//! The register: a blob under a lease.
//!
//! The lease is renewed by the holder's own signs of life, each of which is a write with [`Hold::Keep`]: a holder that hangs shows none, and
//! loses the lease, which a task that renews beside it would hide. The lease's id is drawn here and proposed, so that asking for it again
//! after a lost answer is the same request.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::Uuid;
use azure_core::http::Etag;
use azure_storage_blob::models::{
    BlobClientAcquireLeaseOptions, BlobClientBreakLeaseOptions, BlobClientGetPropertiesResultHeaders,
    BlockBlobClientUploadOptions,
};
use siac_core::ports::{Hold, Register, StoreFault, Version};

use super::faults::Refusal;
use super::objects::{HEAD, Refused, download_head, upload, within};
use super::{AzureBlobs, REGISTER_LIMIT};

/// The pauses after attempts to give a lease back. Others wait for it meanwhile, and a minute without it. A choice of this project.
const RELEASE_PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600), Duration::ZERO];

/// The metadata by which a write whose answer was lost is known again.
const MARK: &str = "siacwrite";

impl AzureBlobs {
    /// The version to be replaced. A register that was never written is made first, empty: only what is there can be leased.
    async fn version(&self, expected: Option<&Version>) -> Result<Etag, StoreFault> {
        if let Some(Version(version)) = expected {
            return Ok(Etag::from(version.as_str()));
        }
        let blob = self.blob(HEAD);
        let options = BlockBlobClientUploadOptions::default().if_not_exists();
        match upload(&blob, Vec::new(), options, REGISTER_LIMIT).await {
            Ok(version) => Ok(version),
            // Someone leases the empty one already, or has written it.
            Err(Refused::By(Refusal::Exists | Refusal::Leased, _)) => match download_head(&blob).await? {
                Some((content, version)) if content.is_empty() => Ok(version),
                _ => Err(StoreFault::Conflict),
            },
            Err(refused) => Err(refused.fault()),
        }
    }

    /// Leases the register at this version, and writes. What could not be written is leased no longer than need be.
    async fn take(&self, held: &mut Option<String>, version: &Etag, content: &[u8]) -> Result<Version, StoreFault> {
        let lease = held.get_or_insert_with(|| Uuid::new_v4().to_string()).clone();
        if let Err(fault) = self.acquire(&lease, version).await {
            // After any other fault the lease may be ours, and the caller asks again.
            held.take_if(|_| is_certain(&fault));
            return Err(fault);
        }
        let written = self.write(version, content, Some(&lease)).await;
        if written.as_ref().is_err_and(is_certain) {
            self.let_go(&lease).await;
            *held = None;
        }
        written
    }

    async fn acquire(&self, lease: &str, version: &Etag) -> Result<(), StoreFault> {
        let options = BlobClientAcquireLeaseOptions {
            if_match: Some(version.clone()),
            proposed_lease_id: Some(lease.to_owned()),
            ..Default::default()
        };
        let (blob, seconds) = (self.blob(HEAD), i32::try_from(self.lease_time.as_secs()).unwrap_or(i32::MAX));
        let acquired = within(REGISTER_LIMIT, blob.acquire_lease(seconds, Some(options))).await;
        match acquired {
            Ok(_) => Ok(()),
            // Whoever has seen a version has seen the register.
            Err(Refused::By(Refusal::NotThere, _)) => Err(StoreFault::Conflict),
            Err(refused) => Err(refused.fault()),
        }
    }

    /// Shows that the holder lives, and writes. A lease that ran out is renewed, too, as long as nobody took it meanwhile.
    async fn keep(&self, held: Option<&str>, version: &Etag, content: &[u8]) -> Result<Version, StoreFault> {
        let Some(lease) = held else { return self.write(version, content, None).await };
        let blob = self.blob(HEAD);
        let renewed = within(REGISTER_LIMIT, blob.renew_lease(lease.to_owned(), None)).await;
        renewed.map_err(Refused::fault)?;
        self.write(version, content, Some(lease)).await
    }

    async fn release(&self, held: &mut Option<String>, version: &Etag, content: &[u8]) -> Result<Version, StoreFault> {
        let written = self.keep(held.as_deref(), version, content).await?;
        if let Some(lease) = held.take() {
            self.let_go(&lease).await;
        }
        Ok(written)
    }

    async fn break_and_write(&self, version: &Etag, content: &[u8]) -> Result<Version, StoreFault> {
        let options = BlobClientBreakLeaseOptions {
            break_period: Some(0),
            if_match: Some(version.clone()),
            ..Default::default()
        };
        let blob = self.blob(HEAD);
        match within(REGISTER_LIMIT, blob.break_lease(Some(options))).await {
            Ok(_) | Err(Refused::By(Refusal::NoLease, _)) => self.write(version, content, None).await,
            Err(refused) => Err(refused.fault()),
        }
    }

    /// Gives a lease back. When the service cannot be reached for it, the lease runs out by itself.
    async fn let_go(&self, lease: &str) {
        let blob = self.blob(HEAD);
        for pause in RELEASE_PAUSES {
            match within(REGISTER_LIMIT, blob.release_lease(lease.to_owned(), None)).await.map_err(Refused::fault) {
                Err(StoreFault::Ambiguous(_) | StoreFault::Transient(_)) => tokio::time::sleep(pause).await,
                _ => return,
            }
        }
    }

    /// Writes when the register has this version, and is under this lease, or under none.
    async fn write(&self, version: &Etag, content: &[u8], lease: Option<&str>) -> Result<Version, StoreFault> {
        let mark = Uuid::new_v4().to_string();
        let options = BlockBlobClientUploadOptions {
            if_match: Some(version.clone()),
            lease_id: lease.map(str::to_owned),
            blob_content_type: Some("application/json".to_owned()),
            metadata: Some([(MARK.to_owned(), mark.clone())].into()),
            ..Default::default()
        };
        let fault = match upload(&self.blob(HEAD), content.to_vec(), options, REGISTER_LIMIT).await {
            Ok(written) => return Ok(Version(written.to_string())),
            Err(Refused::By(Refusal::NotThere, _)) => StoreFault::Conflict,
            Err(refused) => refused.fault(),
        };
        match fault {
            StoreFault::Ambiguous(_) => self.version_marked(&mark).await.ok_or(fault),
            fault => Err(fault),
        }
    }

    /// The version of the register when its last write bears this mark: then the write whose answer was lost was carried out.
    async fn version_marked(&self, mark: &str) -> Option<Version> {
        let blob = self.blob(HEAD);
        let present = within(REGISTER_LIMIT, blob.get_properties(None)).await.ok()?;
        let marks = present.metadata().ok()?;
        let version = present.etag().ok()??;
        marks.get(MARK).is_some_and(|present| present == mark).then(|| Version(version.to_string()))
    }
}

/// Whether it is known that nothing was done.
fn is_certain(fault: &StoreFault) -> bool {
    matches!(fault, StoreFault::Conflict | StoreFault::Held | StoreFault::Failed(_))
}

#[async_trait]
impl Register for AzureBlobs {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let head = download_head(&self.blob(HEAD)).await?.filter(|(content, _)| !content.is_empty());
        Ok(head.map(|(content, version)| (content, Version(version.to_string()))))
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, hold: Hold) -> Result<Version, StoreFault> {
        let mut held = self.lease.lock().await;
        let version = self.version(expected).await?;
        match hold {
            Hold::Take => self.take(&mut held, &version, &content).await,
            Hold::Keep => self.keep(held.as_deref(), &version, &content).await,
            Hold::Release => self.release(&mut held, &version, &content).await,
            Hold::Break => self.break_and_write(&version, &content).await,
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.lease_time)
    }

    fn keeps_others_out(&self) -> bool {
        true
    }
}

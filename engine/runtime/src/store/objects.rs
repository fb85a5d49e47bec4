//! Sealed objects by name: written once, with patience, and opened with checks.

use std::time::Duration;

use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::ports::{DataKey, Put, StoreFault, WrappedKey};

use super::envelope::{self, Expected, Header, Kind, Opened, Payload, Salt, Sealed};
use super::{CREATED_BY, Store, StoreError, fingerprint};

/// How long a write is tried again; as long as a holder without sign of life would start calls.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The data key of a run, and how others get at it.
#[derive(Clone)]
pub(super) struct Sealer {
    pub(super) uuid: StackUuid,
    pub(super) key: DataKey,
    pub(super) recipients: Vec<WrappedKey>,
}

/// Where an object stands, as its header tells.
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) epoch: u64,
    pub(super) serial: u64,
    pub(super) parent: Option<SnapshotId>,
    pub(super) wal_base: u64,
}

impl Store {
    /// Seals a content.
    pub(super) fn seal(&self, sealer: &Sealer, place: &Place, payload: &Payload) -> Result<Sealed, StoreError> {
        let header = Header {
            stack_uuid: sealer.uuid,
            stack_name: self.parts.stack.clone(),
            backend: fingerprint(&self.parts),
            kind: place.kind,
            epoch: place.epoch,
            serial: place.serial,
            parent_id: place.parent,
            wal_base: place.wal_base,
            unpacked_limit: 0,
            salt: Salt::draw(&*self.parts.entropy),
            created_by: CREATED_BY.to_owned(),
            time: self.parts.clock.now(),
        };
        envelope::seal(&header, payload, &sealer.key, &sealer.recipients).map_err(StoreError::sealed("a new object"))
    }

    /// Opens an object of this stack that was found at `name`.
    pub(super) async fn unseal(&self, name: &str, bytes: &[u8], expected: &Expected) -> Result<Opened, StoreError> {
        let object = envelope::parse(bytes).map_err(StoreError::sealed(name))?;
        let key = self.keyring.open(&expected.stack_uuid, object.recipients(), name).await?;
        object.open(&key, expected).map_err(StoreError::sealed(name))
    }

    /// What is expected of an object of this stack.
    pub(super) fn expect(&self, kind: Kind, uuid: StackUuid) -> Expected {
        Expected::new(kind, uuid, &self.parts.stack)
    }

    /// Writes an object that does not exist. The same bytes are tried until the outcome is known, for half a minute at most.
    ///
    /// [`Put::Exists`] may then also mean that an earlier attempt of this very call was carried out.
    pub(super) async fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreFault> {
        let clock = &self.parts.clock;
        let started = clock.monotonic();
        let mut pause = FIRST_PAUSE;
        loop {
            let fault = match self.parts.blobs.put_new(name, bytes.to_vec()).await {
                Err(fault @ (StoreFault::Transient(_) | StoreFault::Ambiguous(_))) => fault,
                answer => return answer,
            };
            if clock.monotonic().saturating_sub(started) + pause > PATIENCE {
                return Err(fault);
            }
            clock.sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// The bytes of an object.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.patiently(name, || self.parts.blobs.get(name)).await
    }

    /// The names that start with `prefix`, sorted.
    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.patiently(prefix, || self.parts.blobs.list(prefix)).await
    }

    /// Asks something that changes nothing until the store answers, a few times.
    async fn patiently<T, F>(&self, name: &str, ask: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreFault>>,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 0..5 {
            match ask().await {
                Err(StoreFault::Transient(_) | StoreFault::Ambiguous(_)) => self.parts.clock.sleep(pause).await,
                answer => return answer.map_err(StoreError::backend(format!("reading {name}"))),
            }
            pause *= 2;
        }
        ask().await.map_err(StoreError::backend(format!("reading {name}")))
    }
}

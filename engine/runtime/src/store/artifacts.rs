//! Artifacts: the files and folders that resources are made from, kept by digest so that a rollback finds the code again.

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siac_core::model::identity::{Digest, StackUuid, hex};
use siac_core::model::secret::Secret;
use siac_core::ports::{Artifacts, Fault};
use zeroize::Zeroizing;

use super::envelope::{Kind, Payload};
use super::objects::Place;
use super::session::Session;
use super::{Store, StoreError};

/// Where artifacts are.
pub(super) const FOLDER: &str = "artifacts/";

/// The name of an artifact's object: keyed, so that who sees names cannot look for a file that they know.
pub(super) fn object_name(stack_secret: &Secret<[u8; 32]>, digest: &Digest) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(stack_secret.expose()).expect("HMAC takes keys of any length");
    let name = mac.chain_update(b"siac1 artifact").chain_update(digest.0).finalize().into_bytes();
    format!("{FOLDER}{}.siac", hex(&name))
}

/// The artifacts of one state, as providers fetch them.
#[derive(Clone)]
pub struct StoredArtifacts {
    store: Store,
    uuid: StackUuid,
    stack_secret: Secret<[u8; 32]>,
}

impl StoredArtifacts {
    /// An artifact's bytes. Fails with [`StoreError::NoArtifact`] when the store has none.
    pub async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let name = object_name(&self.stack_secret, digest);
        let Some(bytes) = self.store.get(&name).await? else { return Err(StoreError::NoArtifact(digest.to_string())) };
        let expected = self.store.expect(Kind::Artifact, self.uuid);
        let opened = self.store.unseal(&name, &bytes, &expected).await?;
        let content = opened.payload.secret.to_vec();
        match Digest::of(&content) == *digest {
            true => Ok(content),
            false => Err(StoreError::Damaged(format!("{name} is not the artifact {digest}"))),
        }
    }

    /// Whether the store has an artifact.
    pub async fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        let name = object_name(&self.stack_secret, digest);
        Ok(self.store.list(&name).await?.contains(&name))
    }
}

#[async_trait]
impl Artifacts for StoredArtifacts {
    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Fault> {
        match self.get(digest).await {
            Err(error @ StoreError::Backend { .. }) => Err(Fault::transient(error.to_string())),
            answer => answer.map_err(|error| Fault::rejected(error.to_string())),
        }
    }
}

impl Store {
    /// The artifacts of the state with this uuid and secret; a snapshot knows both.
    pub fn artifacts(&self, uuid: StackUuid, stack_secret: &Secret<[u8; 32]>) -> StoredArtifacts {
        StoredArtifacts { store: self.clone(), uuid, stack_secret: stack_secret.clone() }
    }
}

impl Session {
    /// The artifacts of this state.
    pub fn artifacts(&self) -> StoredArtifacts {
        self.store.artifacts(self.uuid(), self.stack_secret())
    }

    /// Keeps an artifact, unless the store has it.
    pub async fn put_artifact(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let artifacts = self.artifacts();
        if artifacts.has(&digest).await? {
            return Ok(digest);
        }
        // Not compressed: nobody says what is in it.
        let payload = Payload { open: Vec::new(), secret: Zeroizing::new(bytes.to_vec()) };
        let place = Place { kind: Kind::Artifact, epoch: self.epoch(), serial: 0, parent: None, wal_base: 0 };
        let sealed = self.store.seal(&self.sealer, &place, &payload)?;
        let name = object_name(self.stack_secret(), &digest);
        self.store.put(&name, &sealed.bytes).await.map_err(StoreError::backend("keeping an artifact"))?;
        Ok(digest)
    }
}

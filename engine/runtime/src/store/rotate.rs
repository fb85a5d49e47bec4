//! Changing the keys of a state.
//!
//! In two steps, so that one present key opens everything at any moment: first every object is wrapped for the old and the new keys, and
//! only then for the new ones alone. Contents and ids do not change.

use std::sync::Arc;

use siac_core::ports::{Hold, KeyProvider};

use super::envelope;
use super::head::{Head, Purpose};
use super::keys::{self, Keyring};
use super::lock::{Wait, Waiting};
use super::session::{Leaving, Session};
use super::{Store, StoreError, artifacts, snapshots};

/// Everything that is sealed and kept.
pub(super) const FOLDERS: [&str; 4] = [snapshots::FOLDER, "wal/", artifacts::FOLDER, "audit/"];

impl Store {
    /// Changes the keys of a state to `new`, and answers with the number of objects that are sealed for them.
    ///
    /// This store's keys must open the state. An interrupted change is finished by doing it again, with the old and the new keys at hand.
    /// Afterwards the store must be opened with the new keys. Saved plans keep the keys they were made with.
    pub async fn rotate(
        &self,
        new: &[Arc<dyn KeyProvider>],
        wait: &Wait,
        on_wait: &mut (dyn FnMut(&Waiting) + Send),
    ) -> Result<usize, StoreError> {
        let Some(current) = self.read_head().await? else {
            return Err(StoreError::Refused("there is no state yet whose keys could change".to_owned()));
        };
        let head = &current.head;
        let mut added = Vec::new();
        for provider in new {
            // One that opens the state is among its keys already, maybe as another value.
            if !keys::opens(provider, &head.stack_uuid, &head.keys).await? {
                added.push(Arc::clone(provider));
            }
        }
        let both = Store { keyring: self.keyring.and(&added), changes_keys: true, ..self.clone() };
        let session = both.acquire(Purpose::RotateKeys, wait, on_wait).await?;
        both.rotate_with(session, Keyring::new(new.to_vec())).await
    }

    async fn rotate_with(&self, mut session: Session, wanted: Keyring) -> Result<usize, StoreError> {
        let rewrapped = async {
            self.rewrap_all(&session, &self.keyring).await?;
            let count = self.rewrap_all(&session, &wanted).await?;
            session.exchange_recipients(&wanted).await?;
            Ok(count)
        };
        let rewrapped = rewrapped.await;
        let released = session.release(Leaving::Clean).await;
        let count = rewrapped?;
        released.map(|()| count)
    }

    /// Wraps the data key of every object for these keys and no others.
    async fn rewrap_all(&self, session: &Session, wanted: &Keyring) -> Result<usize, StoreError> {
        let mut count = 0;
        for folder in FOLDERS {
            for name in self.list(folder).await? {
                session.check_standing().await?;
                self.rewrap(session, wanted, &name).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn rewrap(&self, session: &Session, wanted: &Keyring, name: &str) -> Result<(), StoreError> {
        let Some(bytes) = self.get(name).await? else { return Ok(()) };
        let object = envelope::parse(&bytes).map_err(StoreError::sealed(name))?;
        let (uuid, recipients) = (session.uuid(), object.recipients());
        if recipients.len() == wanted.count() && wanted.all_open(&uuid, recipients).await? {
            return Ok(());
        }
        let key = self.keyring.open(&uuid, recipients, name).await?;
        // The session's wrappings tell the salts in use, so that one derivation goes on to open everything.
        let recipients = wanted.wrap(&uuid, &key, &session.sealer.recipients).await?;
        let rewrapped = object.rewrap(&key, &recipients).map_err(StoreError::sealed(name))?;
        let fault = StoreError::backend(format!("writing {name}"));
        self.parts.blobs.replace(name, rewrapped).await.map_err(fault)
    }
}

impl Session {
    /// Lets HEAD name other recipients of this run's data key.
    async fn exchange_recipients(&mut self, wanted: &Keyring) -> Result<(), StoreError> {
        let known = &self.sealer.recipients;
        let recipients = wanted.wrap(&self.sealer.uuid, &self.sealer.key, known).await?;
        let keys = recipients.clone();
        self.change_head(|head| Head { keys, ..head }, Hold::Keep).await?;
        self.sealer.recipients = recipients;
        Ok(())
    }
}

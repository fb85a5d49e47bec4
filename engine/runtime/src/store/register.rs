//! Reading and changing HEAD.

use std::time::Duration;

use siac_core::model::identity::{Digest, OpId};
use siac_core::ports::{DataKey, Hold, StoreFault, Version, random_16};

use super::head::{FORMAT, Head, Holder, UnverifiedHead};
use super::{CREATED_BY, Store, StoreError};

/// How often a write whose outcome is not known is tried again.
const ATTEMPTS: u32 = 6;
/// The pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);

/// HEAD as it was read or written last.
#[derive(Debug, Clone)]
pub(super) struct Current {
    pub(super) head: Head,
    version: Version,
    hash: Digest,
}

/// Why HEAD was not changed.
#[derive(Debug)]
pub(super) enum SwapFault {
    /// Someone else changed it.
    Lost,
    /// The store knows that another holder lives.
    Held,
    /// Anything else.
    Other(StoreError),
}

impl From<StoreError> for SwapFault {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl Store {
    /// HEAD, authenticated, not older than what this machine has seen, and of a state that is still here.
    pub(super) async fn read_head(&self) -> Result<Option<Current>, StoreError> {
        match self.read_seen_head().await {
            // Another run of this machine may have published, and noted it, between the two looks. An old copy is still old then.
            Err(StoreError::RolledBack { .. }) => self.read_seen_head().await,
            read => read,
        }
    }

    async fn read_seen_head(&self) -> Result<Option<Current>, StoreError> {
        let current = self.read_any_head().await?;
        if let Some(to) = current.as_ref().and_then(|current| current.head.moved_to.as_deref()) {
            return Err(StoreError::Moved { to: to.to_owned() });
        }
        self.witness.check(current.as_ref().map(|current| &current.head))?;
        Ok(current)
    }

    /// HEAD, authenticated.
    pub(super) async fn read_any_head(&self) -> Result<Option<Current>, StoreError> {
        let Some((bytes, version)) = self.fetch_head().await? else { return Ok(None) };
        let unverified = UnverifiedHead::parse(&bytes)?;
        let claimed = unverified.claimed();
        let key = self.keyring.open(&claimed.stack_uuid, &claimed.keys, "HEAD of this stack").await?;
        let head = unverified.verify(&key, &self.parts.stack)?;
        Ok(Some(Current { head, version, hash: Digest::of(&bytes) }))
    }

    /// HEAD as it claims to be, read without a key: who holds the lock, and what counts. Anyone who can write to the store may
    /// have written it.
    pub async fn lock_status(&self) -> Result<Option<Head>, StoreError> {
        let Some((bytes, _)) = self.fetch_head().await? else { return Ok(None) };
        Ok(Some(UnverifiedHead::parse(&bytes)?.claimed().clone()))
    }

    /// Whether the holder that this HEAD names still lives; `None` where nobody can tell, or where the lock has changed hands since.
    pub async fn holder_lives(&self, head: &Head) -> Result<Option<bool>, StoreError> {
        let register = &self.parts.register;
        if head.holder.as_ref().is_some_and(Holder::has_ended) {
            return Ok(Some(false));
        }
        match register.is_held().await.map_err(StoreError::backend("looking at the lock"))? {
            None => Ok(None),
            Some(true) => Ok(Some(true)),
            // It may have been given back, or taken, between the two looks.
            Some(false) => {
                let now = self.lock_status().await?;
                let is_same = now.is_some_and(|now| (now.epoch, &now.holder) == (head.epoch, &head.holder));
                Ok(is_same.then_some(false))
            }
        }
    }

    /// Reads the register, patiently where that may help.
    async fn fetch_head(&self) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.parts.register.read().await {
                Err(StoreFault::Transient(_) | StoreFault::Ambiguous(_)) => self.parts.clock.sleep(pause).await,
                answer => return answer.map_err(StoreError::backend("reading HEAD")),
            }
            pause *= 2;
        }
        self.parts.register.read().await.map_err(StoreError::backend("reading HEAD"))
    }

    /// Replaces HEAD, when it still is `from`.
    ///
    /// An answer that was lost, or a refusal of a write that an earlier attempt carried out, is settled by reading: the writer knows its
    /// own write by the nonce of this call.
    pub(super) async fn swap(
        &self,
        from: Option<&Current>,
        next: Head,
        key: &DataKey,
        hold: Hold,
    ) -> Result<Current, SwapFault> {
        let next = Head {
            format: FORMAT,
            created_by: CREATED_BY.to_owned(),
            prev_hash: from.map(|from| from.hash),
            writer_nonce: OpId(random_16(&*self.parts.entropy)),
            ..next
        };
        let bytes = next.sign(key)?;
        let mut pause = PAUSE;
        for _ in 0..ATTEMPTS {
            let expected = from.map(|from| &from.version);
            match self.parts.register.cas(expected, bytes.clone(), hold).await {
                Ok(version) => return Ok(written(next, version, &bytes)),
                Err(StoreFault::Held) => return Err(SwapFault::Held),
                Err(fault @ StoreFault::Failed(_)) => return Err(StoreError::backend("writing HEAD")(fault).into()),
                Err(StoreFault::Conflict | StoreFault::Ambiguous(_) | StoreFault::Transient(_)) => {}
            }
            match self.settle(from, &next).await? {
                Settled::Mine(version) => return Ok(written(next, version, &bytes)),
                Settled::Lost => return Err(SwapFault::Lost),
                Settled::Unwritten => self.parts.clock.sleep(pause).await,
            }
            pause *= 2;
        }
        let fault = StoreFault::Ambiguous("the store does not say whether the write happened".to_owned());
        Err(StoreError::backend("writing HEAD")(fault).into())
    }

    /// What became of a write whose answer does not say.
    async fn settle(&self, from: Option<&Current>, mine: &Head) -> Result<Settled, StoreError> {
        let Some((bytes, version)) = self.fetch_head().await? else {
            return Ok(if from.is_none() { Settled::Unwritten } else { Settled::Lost });
        };
        if from.is_some_and(|from| from.version == version) {
            return Ok(Settled::Unwritten);
        }
        // A HEAD that does not parse was not written by us.
        let nonce = UnverifiedHead::parse(&bytes).ok().map(|head| head.claimed().writer_nonce);
        Ok(if nonce == Some(mine.writer_nonce) { Settled::Mine(version) } else { Settled::Lost })
    }
}

enum Settled {
    Mine(Version),
    Lost,
    Unwritten,
}

fn written(head: Head, version: Version, bytes: &[u8]) -> Current {
    Current { head, version, hash: Digest::of(bytes) }
}

//! The journals of the epochs: facts made durable one object after the other, and the seal that closes a journal for ever.
//!
//! The seal is the fence for provider calls: an intent is durable only when its object could be created, and a later holder takes
//! the next name before it reads. From then on the earlier holder cannot make an intent durable, so it starts no call.

use std::sync::Arc;

use async_trait::async_trait;
use siac_core::model::event::Fact;
use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::model::secret::Secret;
use siac_core::ports::Put;

use super::envelope::Kind;
use super::formats::{self, Entry};
use super::objects::{Place, Sealer};
use super::rescue;
use super::session::Session;
use super::{Store, StoreError};
use crate::journal::{Fence, Journal, JournalFault};

/// Where the journal of an epoch is.
pub(super) fn folder(epoch: u64) -> String {
    format!("wal/{epoch:016x}/")
}

/// The name of an object of a journal.
pub(super) fn object_name(epoch: u64, number: u64) -> String {
    format!("{}{number:08x}.siac", folder(epoch))
}

/// The journal of one epoch, as far as it was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) facts: Vec<Fact>,
    pub(super) stack_secret: Option<Secret<[u8; 32]>>,
    pub(super) is_sealed: bool,
    count: u64,
    last: Option<SnapshotId>,
}

/// Where the next object of the own journal goes.
#[derive(Debug, Default)]
pub(super) struct Writing {
    next: u64,
    last: Option<SnapshotId>,
    /// Facts whose write failed; the object may exist nevertheless.
    pending: Option<Pending>,
}

impl Writing {
    /// At the beginning of an epoch.
    pub(super) fn after(last: Option<SnapshotId>) -> Self {
        Self { last, ..Self::default() }
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.next == 0 && self.pending.is_none()
    }
}

#[derive(Debug)]
struct Pending {
    entry: Entry,
    bytes: Vec<u8>,
    id: SnapshotId,
}

impl Store {
    /// Closes the journal of an epoch that is over, and reads it.
    pub(super) async fn close_journal(&self, sealer: &Sealer, epoch: u64, by: u64) -> Result<Written, StoreError> {
        loop {
            let written = self.read_journal(sealer.uuid, epoch).await?;
            if written.is_sealed {
                return Ok(written);
            }
            let name = object_name(epoch, written.count);
            let object = self.seal_entry(sealer, epoch, written.count, written.last, &Entry::Seal { by })?;
            let put = self.put(&name, &object.1).await;
            match put.map_err(StoreError::backend(format!("closing the journal of epoch {epoch}")))? {
                Put::Created => return Ok(Written { is_sealed: true, ..written }),
                // Its holder was quicker, or an attempt of ours was carried out: look again.
                Put::Exists => {}
            }
        }
    }

    /// What holders did that no snapshot tells of yet, in order: as far as it is journaled, or was rescued on this machine. It is only read:
    /// a holder that lives may add to it.
    pub async fn unmerged(&self) -> Result<Vec<Fact>, StoreError> {
        let Some(current) = self.read_head().await? else { return Ok(Vec::new()) };
        let head = current.head;
        let mut rescued = self.rescued(head.stack_uuid).await?;
        let mut unmerged = Vec::new();
        for epoch in head.wal_merged_epoch + 1..=head.epoch {
            let mut facts = self.read_journal(head.stack_uuid, epoch).await?.facts;
            for file in rescued.extract_if(.., |file| file.epoch == epoch) {
                rescue::add(&mut facts, file.facts);
            }
            unmerged.extend(facts);
        }
        Ok(unmerged)
    }

    /// The journal of an epoch: every object in order, each naming the one before.
    pub(super) async fn read_journal(&self, uuid: StackUuid, epoch: u64) -> Result<Written, StoreError> {
        let mut written = Written::default();
        for name in self.list(&folder(epoch)).await? {
            if name != object_name(epoch, written.count) || written.is_sealed {
                let expected = object_name(epoch, written.count);
                return Err(StoreError::Damaged(format!("the journal has {name} where {expected} belongs")));
            }
            self.read_journal_object(uuid, epoch, &name, &mut written).await?;
        }
        Ok(written)
    }

    async fn read_journal_object(
        &self,
        uuid: StackUuid,
        epoch: u64,
        name: &str,
        written: &mut Written,
    ) -> Result<(), StoreError> {
        let Some(bytes) = self.get(name).await? else {
            return Err(StoreError::Damaged(format!("the journal's object {name} is listed and not there")));
        };
        let expected = self.expect(Kind::Journal, uuid).epoch(epoch).serial(written.count);
        let opened = self.unseal(name, &bytes, &expected).await?;
        if written.count > 0 && opened.header.parent_id != written.last {
            return Err(StoreError::Damaged(format!("the journal's object {name} does not follow the one before it")));
        }
        match formats::read_entry(&opened.payload).map_err(StoreError::content(name))? {
            Entry::Born { stack_secret } => written.stack_secret = Some(stack_secret),
            Entry::Facts(facts) => written.facts.extend(facts),
            Entry::Seal { .. } => written.is_sealed = true,
        }
        written.count += 1;
        written.last = Some(opened.id);
        Ok(())
    }

    fn seal_entry(
        &self,
        sealer: &Sealer,
        epoch: u64,
        number: u64,
        parent: Option<SnapshotId>,
        entry: &Entry,
    ) -> Result<(SnapshotId, Vec<u8>), StoreError> {
        let name = object_name(epoch, number);
        let payload = formats::write_entry(entry).map_err(StoreError::content(&name))?;
        let place = Place { kind: Kind::Journal, epoch, serial: number, parent, wal_base: 0 };
        let sealed = self.seal(sealer, &place, &payload)?;
        Ok((sealed.id, sealed.bytes))
    }
}

impl Session {
    /// Makes an entry the next object of the own journal.
    pub(super) async fn write_entry(&mut self, entry: Entry) -> Result<(), JournalFault> {
        let (epoch, failed) = (self.epoch(), |error: StoreError| JournalFault::Failed(error.to_string()));
        let Writing { next, last, .. } = self.writing;
        let (id, bytes) = self.store.seal_entry(&self.sealer, epoch, next, last, &entry).map_err(failed)?;
        self.write(Pending { entry, bytes, id }).await
    }

    /// Writes an object, or keeps it for another attempt.
    async fn write(&mut self, pending: Pending) -> Result<(), JournalFault> {
        let name = object_name(self.epoch(), self.writing.next);
        let fault = match self.store.put(&name, &pending.bytes).await {
            Ok(Put::Created) => return self.advance(pending.id),
            Ok(Put::Exists) => match self.store.get(&name).await {
                Ok(Some(bytes)) if bytes == pending.bytes => return self.advance(pending.id),
                Ok(Some(_)) => {
                    // Only a later holder writes into this journal, and only its seal.
                    self.liveness.lose();
                    return Err(JournalFault::Fenced);
                }
                Ok(None) => format!("{name} exists and cannot be read"),
                Err(error) => error.to_string(),
            },
            Err(fault) => format!("writing the journal ({name}): {fault}"),
        };
        self.writing.pending = Some(pending);
        Err(JournalFault::Failed(fault))
    }

    fn advance(&mut self, id: SnapshotId) -> Result<(), JournalFault> {
        self.writing.next += 1;
        self.writing.last = Some(id);
        Ok(())
    }

    /// Writes what an earlier attempt could not, and answers with the facts that are still to be written.
    async fn catch_up<'a>(&mut self, facts: &'a [Fact]) -> Result<&'a [Fact], JournalFault> {
        let Some(pending) = self.writing.pending.take() else { return Ok(facts) };
        let included = match &pending.entry {
            Entry::Facts(written) if facts.starts_with(written) => written.len(),
            _ => 0,
        };
        self.write(pending).await?;
        Ok(&facts[included..])
    }
}

#[async_trait]
impl Journal for Session {
    async fn append(&mut self, facts: &[Fact]) -> Result<(), JournalFault> {
        if self.is_over() || self.liveness.is_lost() {
            return Err(JournalFault::Fenced);
        }
        let rest = self.catch_up(facts).await?;
        match rest.is_empty() {
            true => Ok(()),
            false => self.write_entry(Entry::Facts(rest.to_vec())).await,
        }
    }

    fn fence(&self) -> Arc<dyn Fence> {
        Arc::clone(&self.liveness) as Arc<dyn Fence>
    }
}

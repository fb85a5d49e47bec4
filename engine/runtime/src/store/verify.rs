//! Looking at everything: does each object open, and do they belong together?

use std::collections::BTreeSet;

use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::snapshot::HistoryEntry;

use super::head::Head;
use super::snapshots::Published;
use super::{Store, StoreError};

/// What [`Store::verify_all`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many snapshots were opened.
    pub snapshots: usize,
    /// How many snapshots are only a line in the history.
    pub pruned: usize,
    /// How many journals were read that no snapshot holds yet.
    pub journals: usize,
    /// How many artifacts were opened.
    pub artifacts: usize,
    /// What is wrong, one sentence each; empty when nothing is.
    pub problems: Vec<String>,
}

impl Verified {
    /// Keeps the answer, or what went wrong.
    fn note<T>(&mut self, answer: Result<T, StoreError>) -> Option<T> {
        answer.map_err(|error| self.problems.push(error.to_string())).ok()
    }
}

impl Store {
    /// Opens every snapshot that is kept, every artifact that one of them names, and every journal that no snapshot holds yet.
    ///
    /// Fails only when HEAD itself cannot be read or trusted; everything else is told in [`Verified::problems`]. Needs no lock; what another
    /// run prunes meanwhile may be told as missing.
    pub async fn verify_all(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let Some(current) = self.read_head().await? else { return Ok(verified) };
        let head = &current.head;
        let latest = self.published(head).await;
        if let Some(Some(latest)) = verified.note(latest) {
            self.verify_chain(&latest, &mut verified).await;
        }
        self.verify_journals(head, &mut verified).await;
        let beyond = self.refuse_higher_serials(head.serial).await;
        verified.note(beyond);
        Ok(verified)
    }

    /// Every kept snapshot, each naming the one before.
    async fn verify_chain(&self, latest: &Published, verified: &mut Verified) {
        let (uuid, history) = (latest.snapshot.uuid, latest.history());
        let mut digests = BTreeSet::new();
        let mut before: Option<&HistoryEntry> = None;
        for entry in &history {
            if entry.serial != before.map_or(1, |before| before.serial + 1) {
                verified.problems.push(format!("the history has serial {} out of turn", entry.serial));
            }
            match entry.pruned {
                true => verified.pruned += 1,
                false => digests.extend(self.verify_snapshot(uuid, entry, before, verified).await),
            }
            before = Some(entry);
        }
        self.verify_artifacts(latest, digests, verified).await;
    }

    /// One snapshot; answers with the artifacts that it names.
    async fn verify_snapshot(
        &self,
        uuid: StackUuid,
        entry: &HistoryEntry,
        before: Option<&HistoryEntry>,
        verified: &mut Verified,
    ) -> BTreeSet<Digest> {
        let opened = self.snapshot(uuid, entry.serial, entry.id).await;
        let Some(Published { snapshot, .. }) = verified.note(opened) else { return BTreeSet::new() };
        verified.snapshots += 1;
        if snapshot.parent != before.map(|before| before.id) {
            verified.problems.push(format!("snapshot {} does not follow the one before it", entry.serial));
        }
        let broken = snapshot.check();
        verified.problems.extend(broken.into_iter().map(|why| format!("snapshot {}: {why}", entry.serial)));
        snapshot.artifacts()
    }

    async fn verify_artifacts(&self, latest: &Published, digests: BTreeSet<Digest>, verified: &mut Verified) {
        let artifacts = self.artifacts(latest.snapshot.uuid, &latest.snapshot.stack_secret);
        for digest in digests {
            let opened = artifacts.get(&digest).await;
            verified.artifacts += usize::from(verified.note(opened).is_some());
        }
    }

    async fn verify_journals(&self, head: &Head, verified: &mut Verified) {
        for epoch in head.wal_merged_epoch + 1..=head.epoch {
            let read = self.read_journal(head.stack_uuid, epoch).await;
            verified.journals += usize::from(verified.note(read).is_some());
        }
    }
}

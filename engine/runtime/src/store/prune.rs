//! Deleting what nobody goes back to any more. The history keeps its lines, and the chain of ids stays whole.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::identity::SnapshotId;
use siac_core::model::snapshot::HistoryEntry;

use super::session::{After, Leaving, Session};
use super::snapshots::{self, Published};
use super::{StoreError, artifacts};

/// Which snapshots stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest so many, at least the latest; labelled ones do not count.
    pub last: usize,
    /// Those with a label.
    pub labelled: bool,
}

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Contents of snapshots.
    pub snapshots: usize,
    /// Artifacts that no kept snapshot names.
    pub artifacts: usize,
    /// Journal objects that a snapshot holds, and what interrupted publishings left.
    pub leftovers: usize,
}

impl Session {
    /// Deletes the content of old snapshots, then whatever no kept snapshot needs, and gives the lock back.
    ///
    /// The history says that a content is pruned before it is deleted, so an interrupted pruning leaves nothing that is missed; the next one
    /// goes on. Fails when an earlier run left something to settle.
    pub async fn prune(mut self, keep: Keep) -> Result<Pruned, StoreError> {
        let deleted = self.mark_and_sweep(keep).await;
        // The lock goes back whatever happened; what went wrong first is told first.
        let released = self.release(Leaving::Clean).await;
        let deleted = deleted?;
        released.map(|()| deleted)
    }

    async fn mark_and_sweep(&mut self, keep: Keep) -> Result<Pruned, StoreError> {
        self.refuse_unsettled()?;
        let mut history = self.base().map(Published::history).unwrap_or_default();
        let marked = mark(&mut history, keep);
        if marked > 0 {
            let summary = format!("{marked} old snapshots were pruned");
            self.publish_edit(history, summary, After::Continue).await?;
        }
        self.sweep().await
    }

    /// Deletes what nothing refers to.
    async fn sweep(&self) -> Result<Pruned, StoreError> {
        let kept: Vec<HistoryEntry> = self.base().map(Published::history).unwrap_or_default();
        let kept: Vec<HistoryEntry> = kept.into_iter().filter(|entry| !entry.pruned).collect();
        // What is kept must open before anything is deleted for not being named by it.
        let wanted = self.artifact_names(&kept).await?;
        let (snapshots, stray) = self.sweep_snapshots(&kept).await?;
        let artifacts = self.delete_all(artifacts::FOLDER, |name| !wanted.contains(name)).await?;
        let journals = self.sweep_journals().await?;
        Ok(Pruned { snapshots, artifacts, leftovers: stray + journals })
    }

    async fn artifact_names(&self, kept: &[HistoryEntry]) -> Result<BTreeSet<String>, StoreError> {
        let mut names = BTreeSet::new();
        for entry in kept {
            let published = self.store.kept(self.uuid(), entry).await?;
            let digests = published.snapshot.artifacts();
            names.extend(digests.iter().map(|digest| artifacts::object_name(self.stack_secret(), digest)));
        }
        Ok(names)
    }

    /// Deletes pruned contents, and what interrupted publishings left; counts both.
    async fn sweep_snapshots(&self, kept: &[HistoryEntry]) -> Result<(usize, usize), StoreError> {
        let kept: BTreeSet<(u64, SnapshotId)> = kept.iter().map(|entry| (entry.serial, entry.id)).collect();
        let history = self.base().map(Published::history).unwrap_or_default();
        let published: BTreeSet<(u64, SnapshotId)> = history.iter().map(|entry| (entry.serial, entry.id)).collect();
        let is = |set: &BTreeSet<(u64, SnapshotId)>, name: &str| {
            snapshots::parse_name(name).is_some_and(|name| set.contains(&name))
        };
        let pruned = |name: &str| is(&published, name) && !is(&kept, name);
        let contents = self.delete_all(snapshots::FOLDER, pruned).await?;
        let stray = |name: &str| snapshots::parse_name(name).is_some() && !is(&published, name);
        Ok((contents, self.delete_all(snapshots::FOLDER, stray).await?))
    }

    /// Deletes the journals that a snapshot holds, except the last object of each: it is the seal that fences a holder who sleeps still.
    async fn sweep_journals(&self) -> Result<usize, StoreError> {
        let merged = self.merged_epoch().await;
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        for name in self.store.list("wal/").await? {
            if let Some((epoch, _)) = name.rsplit_once('/') {
                last.insert(epoch.to_owned(), name.clone());
            }
        }
        let is_old = |name: &str| epoch_of(name).is_some_and(|epoch| epoch <= merged);
        self.delete_all("wal/", |name| is_old(name) && !last.values().any(|last| last == name)).await
    }

    /// Deletes the objects below a folder that are `superfluous`, and counts them.
    async fn delete_all(&self, folder: &str, superfluous: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
        let mut deleted = 0;
        for name in self.store.list(folder).await?.into_iter().filter(|name| superfluous(name)) {
            // Only who still holds the lock knows what is superfluous.
            self.check_standing().await?;
            let fault = StoreError::backend(format!("deleting {name}"));
            self.store.parts.blobs.delete(&name).await.map_err(fault)?;
            deleted += 1;
        }
        Ok(deleted)
    }
}

fn epoch_of(name: &str) -> Option<u64> {
    let (epoch, _) = name.strip_prefix("wal/")?.split_once('/')?;
    u64::from_str_radix(epoch, 16).ok()
}

/// Marks what goes, and counts it. The latest stays in any case: the snapshot to come is like it.
fn mark(history: &mut [HistoryEntry], keep: Keep) -> usize {
    let (mut kept, mut marked) = (0, 0);
    for entry in history.iter_mut().rev().filter(|entry| !entry.pruned) {
        if keep.labelled && entry.label.is_some() {
            continue;
        }
        match kept < keep.last.max(1) {
            true => kept += 1,
            false => {
                entry.pruned = true;
                marked += 1;
            }
        }
    }
    marked
}

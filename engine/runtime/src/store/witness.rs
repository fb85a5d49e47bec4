//! The newest state that this machine has seen, noted outside the store.
//!
//! Every object of a store is authentic, and so is every object of last month's copy of it. Only someone who remembers can tell them apart.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use siac_core::model::identity::{Digest, SnapshotId, StackUuid};

use super::head::Head;
use super::{StoreError, files};

/// Remembers, in one file per state.
pub(super) struct Witness {
    folder: Option<PathBuf>,
    stack: String,
    backend: Digest,
    accept_rollback: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    uuid: StackUuid,
    stack: String,
    backend: Digest,
    epoch: u64,
    serial: u64,
    snapshot: Option<SnapshotId>,
}

impl Witness {
    pub(super) fn new(folder: Option<PathBuf>, stack: &str, backend: Digest, accept_rollback: bool) -> Self {
        Self { folder, stack: stack.to_owned(), backend, accept_rollback }
    }

    /// Refuses a HEAD that is older than what was seen. No HEAD at all is older than any.
    pub(super) fn check(&self, head: Option<&Head>) -> Result<(), StoreError> {
        let seen = match (&self.folder, head) {
            (None, _) => return Ok(()),
            _ if self.accept_rollback => return Ok(()),
            (Some(folder), Some(head)) => self.read(&folder.join(head.stack_uuid.to_string()))?,
            (Some(folder), None) => self.seen_here(folder)?,
        };
        match seen {
            Some(seen) if seen.is_newer_than(head) => {
                Err(StoreError::RolledBack { seen: seen.to_string(), found: describe(head) })
            }
            _ => Ok(()),
        }
    }

    /// Notes a HEAD, unless a newer one is noted; an accepted rollback is noted too.
    pub(super) fn note(&self, head: &Head) -> Result<(), StoreError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(head.stack_uuid.to_string());
        let seen = Seen {
            uuid: head.stack_uuid,
            stack: self.stack.clone(),
            backend: self.backend,
            epoch: head.epoch,
            serial: head.serial,
            snapshot: head.snapshot_id,
        };
        let noted = self.read(&path)?;
        let newer = noted.as_ref().is_some_and(|noted| noted.is_newer_than(Some(head)));
        match (newer && !self.accept_rollback) || noted.as_ref() == Some(&seen) {
            true => Ok(()),
            false => files::write(&path, &serde_json::to_vec(&seen).unwrap_or_default()),
        }
    }

    fn read(&self, path: &std::path::Path) -> Result<Option<Seen>, StoreError> {
        let Some(bytes) = files::read(path)? else { return Ok(None) };
        let damaged = |error| {
            let why =
                format!("this note of the newest state seen is damaged: {error}. Delete it if you trust the store");
            StoreError::File { path: path.to_owned(), why }
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// What was seen of this stack in this store, when the store itself shows nothing.
    fn seen_here(&self, folder: &std::path::Path) -> Result<Option<Seen>, StoreError> {
        for path in files::list(folder)? {
            match self.read(&path)? {
                Some(seen) if seen.stack == self.stack && seen.backend == self.backend => return Ok(Some(seen)),
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Seen {
    fn is_newer_than(&self, head: Option<&Head>) -> bool {
        let Some(head) = head else { return self.serial > 0 };
        let forked = self.serial == head.serial && self.snapshot != head.snapshot_id;
        self.serial > head.serial || self.epoch > head.epoch || forked
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "serial {} in epoch {}", self.serial, self.epoch)
    }
}

fn describe(head: Option<&Head>) -> String {
    match head {
        None => "no state at all".to_owned(),
        Some(head) => format!("serial {} in epoch {}", head.serial, head.epoch),
    }
}

//! Rescue files: facts that the journal would not take, sealed beside it, so that the next run on this machine knows them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use siac_core::model::event::Fact;
use siac_core::model::identity::{StackUuid, hex};
use siac_core::ports::random_16;

use super::envelope::{self, Kind};
use super::formats::{self, Entry};
use super::objects::Place;
use super::session::Session;
use super::{Store, StoreError, files};

/// Facts from a rescue file.
#[derive(Debug)]
pub(super) struct Rescued {
    pub(super) path: PathBuf,
    pub(super) epoch: u64,
    pub(super) facts: Vec<Fact>,
}

impl Store {
    /// The same store with folders for rescue files, best on other disks than the state: they are written to the first that takes them,
    /// and looked for in all.
    #[must_use]
    pub fn with_rescue(self, folders: Vec<PathBuf>) -> Self {
        Self { rescue: folders.into(), ..self }
    }

    /// What earlier runs on this machine could not journal.
    pub(super) async fn rescued(&self, uuid: StackUuid) -> Result<Vec<Rescued>, StoreError> {
        let mut rescued = Vec::new();
        for folder in &*self.rescue {
            for path in files::list(folder)?.into_iter().filter(|path| is_rescue_of(path, uuid)) {
                rescued.push(self.open_rescue(uuid, path).await?);
            }
        }
        rescued.sort_by_key(|file| file.epoch);
        Ok(rescued)
    }

    async fn open_rescue(&self, uuid: StackUuid, path: PathBuf) -> Result<Rescued, StoreError> {
        let name = path.display().to_string();
        let bytes = files::read(&path)?.unwrap_or_default();
        let expected = self.expect(Kind::Rescue, uuid);
        let epoch = envelope::parse(&bytes).map_err(StoreError::sealed(&name))?.claimed().epoch;
        let opened = self.unseal(&name, &bytes, &expected.epoch(epoch)).await?;
        match formats::read_entry(&opened.payload).map_err(StoreError::content(&name))? {
            Entry::Facts(facts) => Ok(Rescued { path, epoch, facts }),
            Entry::Born { .. } | Entry::Seal { .. } => Err(StoreError::Damaged(format!("{name} holds no facts"))),
        }
    }
}

impl Session {
    /// Seals facts that the journal would not take into a file outside the store, and answers where it is. The next run on this machine
    /// that takes the lock reads them after the journal, and deletes the file once a snapshot holds them.
    ///
    /// Fails with the last folder's error when none takes it; then the facts are known to this process alone.
    pub fn write_rescue(&mut self, facts: &[Fact]) -> Result<PathBuf, StoreError> {
        let entry = Entry::Facts(facts.to_vec());
        let payload = formats::write_entry(&entry).map_err(StoreError::content("the rescue file"))?;
        let place = Place { kind: Kind::Rescue, epoch: self.epoch(), serial: 0, parent: None, wal_base: 0 };
        let sealed = self.store.seal(&self.sealer, &place, &payload)?;
        let number = hex(&random_16(&*self.store.parts.entropy));
        let mut failed = StoreError::Refused("no folder for rescue files is configured".to_owned());
        for folder in Arc::clone(&self.store.rescue).iter() {
            let path = folder.join(format!("{}{number}.siac", prefix(self.uuid())));
            match files::write(&path, &sealed.bytes) {
                Ok(()) => {
                    self.owe();
                    return Ok(path);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

fn prefix(uuid: StackUuid) -> String {
    format!("siac-rescue-{uuid}-")
}

fn is_rescue_of(path: &Path, uuid: StackUuid) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(&prefix(uuid)) && name.ends_with(".siac")
}

/// Adds rescued facts to those of their epoch's journal. The journal may hold the first of them: a write whose outcome was not known.
pub(super) fn add(journal: &mut Vec<Fact>, rescued: Vec<Fact>) {
    let longest = journal.len().min(rescued.len());
    let overlap = (0..=longest).rev().find(|length| journal.ends_with(&rescued[..*length])).unwrap_or(0);
    journal.extend(rescued.into_iter().skip(overlap));
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    #[test]
    fn what_the_journal_holds_is_not_added_again() {
        let added = |journal: &[&str], rescued: &[&str]| {
            let mut journal = facts(journal);
            add(&mut journal, facts(rescued));
            journal
        };
        assert_eq!(added(&["a", "b"], &["c"]), facts(&["a", "b", "c"]));
        assert_eq!(added(&["a", "b"], &["b", "c"]), facts(&["a", "b", "c"]));
        assert_eq!(added(&["a", "b"], &["a", "b"]), facts(&["a", "b"]));
        assert_eq!(added(&[], &["a"]), facts(&["a"]));
    }
}

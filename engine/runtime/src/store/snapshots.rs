//! Reading what is published: the latest snapshot, and any other that is kept.

use std::fmt;
use std::str::FromStr;

use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::model::snapshot::{HistoryEntry, Snapshot, Status};

use super::envelope::Kind;
use super::formats;
use super::head::Head;
use super::{Store, StoreError};

/// The shortest beginning of an id that names a snapshot.
const SHORTEST_ID: usize = 4;

/// A snapshot that counts or once counted, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// SHA-256 of the sealed object.
    pub id: SnapshotId,
}

impl Published {
    /// Its line in the history of later snapshots.
    pub fn entry(&self) -> HistoryEntry {
        let snapshot = &self.snapshot;
        HistoryEntry {
            serial: snapshot.serial,
            id: self.id,
            time: snapshot.time.clone(),
            label: snapshot.label.clone(),
            status: snapshot.status,
            deployment: snapshot.deployment,
            summary: snapshot.summary.clone(),
            who: snapshot.who.clone(),
            pruned: false,
        }
    }

    /// Every snapshot up to this one, this one included, oldest first.
    pub fn history(&self) -> Vec<HistoryEntry> {
        self.snapshot.history.iter().cloned().chain([self.entry()]).collect()
    }
}

/// How people name a snapshot: `17`, the beginning of an id, a label, `previous` or `latest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotName {
    /// The one that counts.
    Latest,
    /// The one before the last deployment. Edits of the record alone (labels, moves) and deployments that were undone are passed over: they
    /// left the world as it was.
    Previous,
    /// By serial.
    Serial(u64),
    /// By label, else by the beginning of its id.
    Text(String),
}

impl FromStr for SnapshotName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.parse()) {
            ("latest", _) => Self::Latest,
            ("previous", _) => Self::Previous,
            (_, Ok(serial)) => Self::Serial(serial),
            _ => Self::Text(text.to_owned()),
        })
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Previous => f.write_str("previous"),
            Self::Serial(serial) => write!(f, "{serial}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The line of the history that a name means.
pub(super) fn resolve<'a>(history: &'a [HistoryEntry], name: &SnapshotName) -> Result<&'a HistoryEntry, StoreError> {
    let found = match name {
        SnapshotName::Latest => history.last(),
        SnapshotName::Previous => previous(history),
        SnapshotName::Serial(serial) => history.iter().find(|entry| entry.serial == *serial),
        SnapshotName::Text(text) => by_text(history, text)?,
    };
    found.ok_or_else(|| {
        let known = history.iter().rev().take(5).map(|entry| entry.serial.to_string()).collect();
        StoreError::NoSnapshot { name: name.to_string(), known }
    })
}

fn previous(history: &[HistoryEntry]) -> Option<&HistoryEntry> {
    let changed_the_world = |entry: &HistoryEntry| !matches!(entry.status, Status::Edited | Status::RolledBack);
    let last_deployment = history.iter().rposition(changed_the_world)?;
    history[..last_deployment].iter().rfind(|entry| entry.status != Status::RolledBack)
}

/// The newest with this label, else the only one whose id starts so.
fn by_text<'a>(history: &'a [HistoryEntry], text: &str) -> Result<Option<&'a HistoryEntry>, StoreError> {
    if let Some(entry) = history.iter().rev().find(|entry| entry.label.as_deref() == Some(text)) {
        return Ok(Some(entry));
    }
    let of_id = |entry: &&HistoryEntry| text.len() >= SHORTEST_ID && entry.id.to_string().starts_with(text);
    let candidates: Vec<_> = history.iter().filter(of_id).collect();
    match candidates.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => {
            let candidates = several.iter().map(|entry| format!("{} ({})", entry.serial, entry.id)).collect();
            Err(StoreError::AmbiguousSnapshot { name: text.to_owned(), candidates })
        }
    }
}

/// The name of a snapshot's object.
pub(super) fn object_name(serial: u64, id: &SnapshotId) -> String {
    format!("{FOLDER}{serial:016x}-{id}.siac")
}

/// Where snapshots are.
pub(super) const FOLDER: &str = "snap/";

/// The serial and id in the name of a snapshot's object.
pub(super) fn parse_name(name: &str) -> Option<(u64, SnapshotId)> {
    let (serial, id) = name.strip_prefix(FOLDER)?.strip_suffix(".siac")?.split_once('-')?;
    Some((u64::from_str_radix(serial, 16).ok()?, id.parse().ok()?))
}

impl Store {
    /// The snapshot that counts; `None` before the first.
    pub async fn latest(&self) -> Result<Option<Published>, StoreError> {
        let Some(current) = self.read_head().await? else { return Ok(None) };
        let published = self.published(&current.head).await?;
        self.witness.note(&current.head)?;
        Ok(published)
    }

    /// The snapshot that this HEAD names.
    pub(super) async fn published(&self, head: &Head) -> Result<Option<Published>, StoreError> {
        match head.snapshot_id {
            None => Ok(None),
            Some(id) => self.snapshot(head.stack_uuid, head.serial, id).await.map(Some),
        }
    }

    /// A kept snapshot by its name.
    pub async fn find(&self, name: &SnapshotName) -> Result<Published, StoreError> {
        let latest = self.latest().await?;
        let history = latest.as_ref().map(Published::history).unwrap_or_default();
        let entry = resolve(&history, name)?;
        match latest {
            Some(latest) if latest.id == entry.id => Ok(latest),
            Some(latest) => self.kept(latest.snapshot.uuid, entry).await,
            None => Err(StoreError::NoSnapshot { name: name.to_string(), known: Vec::new() }),
        }
    }

    /// The snapshot of a line of the history. Its label is today's.
    pub(super) async fn kept(&self, uuid: StackUuid, entry: &HistoryEntry) -> Result<Published, StoreError> {
        if entry.pruned {
            return Err(StoreError::Pruned(entry.serial));
        }
        let mut published = self.snapshot(uuid, entry.serial, entry.id).await?;
        published.snapshot.label.clone_from(&entry.label);
        Ok(published)
    }

    /// Every snapshot that was ever published, oldest first; the content of some may be pruned.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, StoreError> {
        Ok(self.latest().await?.as_ref().map(Published::history).unwrap_or_default())
    }

    /// The snapshot with this serial and id.
    pub(super) async fn snapshot(&self, uuid: StackUuid, serial: u64, id: SnapshotId) -> Result<Published, StoreError> {
        let name = object_name(serial, &id);
        let Some(bytes) = self.get(&name).await? else {
            return Err(StoreError::Damaged(format!("the snapshot {serial} is missing ({name})")));
        };
        let opened = self.unseal(&name, &bytes, &self.expect(Kind::Snapshot, uuid).serial(serial)).await?;
        let snapshot = formats::read_snapshot(&opened.payload).map_err(StoreError::content(&name))?;
        let inside = (snapshot.uuid, snapshot.serial, snapshot.parent, snapshot.stack.as_str());
        let outside = (uuid, serial, opened.header.parent_id, self.parts.stack.as_str());
        match opened.id == id && inside == outside {
            true => Ok(Published { snapshot, id }),
            false => Err(StoreError::Damaged(format!("{name} does not hold the snapshot it is named for"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(serial: u64, status: Status, label: Option<&str>) -> HistoryEntry {
        let mut id = [u8::try_from(serial).unwrap(); 32];
        id[0] = 0xab;
        HistoryEntry {
            serial,
            id: SnapshotId(id),
            time: String::new(),
            label: label.map(str::to_owned),
            status,
            deployment: None,
            summary: String::new(),
            who: String::new(),
            pruned: false,
        }
    }

    fn history() -> Vec<HistoryEntry> {
        vec![
            entry(1, Status::Complete, None),
            entry(2, Status::Complete, Some("good")),
            entry(3, Status::Halted, None),
            entry(4, Status::Edited, Some("odd")),
        ]
    }

    fn serial(name: &str) -> Result<u64, StoreError> {
        resolve(&history(), &name.parse().unwrap()).map(|entry| entry.serial)
    }

    #[test]
    fn names_mean_snapshots() {
        assert_eq!(serial("latest").unwrap(), 4);
        assert_eq!(serial("previous").unwrap(), 2);
        assert_eq!(serial("3").unwrap(), 3);
        assert_eq!(serial("good").unwrap(), 2);
        assert_eq!(serial("ab0101").unwrap(), 1);
    }

    #[test]
    fn what_was_undone_is_nothing_to_go_back_from_or_to() {
        let told = |statuses: &[Status]| {
            let history: Vec<HistoryEntry> =
                (1..).zip(statuses).map(|(serial, status)| entry(serial, *status, None)).collect();
            previous(&history).map(|entry| entry.serial)
        };
        use Status::{Complete, Edited, Halted, RolledBack};
        assert_eq!(told(&[Complete, Complete, RolledBack]), Some(1));
        assert_eq!(told(&[Complete, Complete, RolledBack, Edited, RolledBack]), Some(1));
        assert_eq!(told(&[Complete, RolledBack, Complete]), Some(1));
        assert_eq!(told(&[Complete, Edited, Halted]), Some(2));
        assert_eq!(told(&[Complete, RolledBack]), None);
    }

    #[test]
    fn names_that_mean_nothing_or_too_much_are_refused() {
        assert!(matches!(serial("9"), Err(StoreError::NoSnapshot { .. })));
        assert!(matches!(serial("ab0"), Err(StoreError::NoSnapshot { .. })));
        let twins =
            vec![entry(1, Status::Complete, None), HistoryEntry { serial: 2, ..entry(1, Status::Complete, None) }];
        let twice = resolve(&twins, &SnapshotName::Text("ab01".into()));
        assert!(matches!(twice, Err(StoreError::AmbiguousSnapshot { .. })));
        assert!(matches!(resolve(&[], &SnapshotName::Latest), Err(StoreError::NoSnapshot { .. })));
    }

    #[test]
    fn object_names_are_read_again() {
        let id = SnapshotId([0xcd; 32]);
        assert_eq!(parse_name(&object_name(300, &id)), Some((300, id)));
        assert_eq!(parse_name("snap/x-y.siac"), None);
    }
}

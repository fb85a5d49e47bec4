//! Labels: what people call a snapshot besides its serial.

use siac_core::model::snapshot::{HistoryEntry, Snapshot, Status};

use super::StoreError;
use super::session::{After, Leaving, Session};
use super::snapshots::{self, Published, SnapshotName};

/// The longest label, in characters. A choice of this project.
const LONGEST: usize = 64;

impl Session {
    /// Gives a snapshot a label, or takes its label away, and gives the lock back. A label that another snapshot has moves to this one.
    ///
    /// Snapshots are never changed: the label is written into the history of a new one that is otherwise like the latest, so the answer is
    /// a snapshot of the next serial. Fails when the name means nothing, the label cannot be one, or an earlier run left something to settle.
    pub async fn label(mut self, name: &SnapshotName, label: Option<&str>) -> Result<Published, StoreError> {
        let published = self.publish_label(name, label).await;
        if published.is_err() && !self.is_over() {
            // What went wrong first is what is told.
            let _ = self.release(Leaving::Clean).await;
        }
        published
    }

    async fn publish_label(&mut self, name: &SnapshotName, label: Option<&str>) -> Result<Published, StoreError> {
        label.map_or(Ok(()), check_label)?;
        let mut history = self.base().map(Published::history).unwrap_or_default();
        let serial = snapshots::resolve(&history, name)?.serial;
        put_label(&mut history, serial, label);
        let summary = match label {
            Some(label) => format!("snapshot {serial} is called `{label}`"),
            None => format!("snapshot {serial} has no label any more"),
        };
        self.publish_edit(history, summary, After::Leave).await
    }

    /// Publishes a snapshot that is like the latest and has another history.
    pub(super) async fn publish_edit(
        &mut self,
        history: Vec<HistoryEntry>,
        summary: String,
        after: After,
    ) -> Result<Published, StoreError> {
        self.refuse_unsettled()?;
        let Some(latest) = self.base() else {
            return Err(StoreError::NoSnapshot { name: SnapshotName::Latest.to_string(), known: Vec::new() });
        };
        let edited = Snapshot {
            status: Status::Edited,
            deployment: None,
            label: None,
            summary,
            who: String::new(),
            ..latest.snapshot.clone()
        };
        self.publish_with(edited, history, after).await
    }

    /// Refuses to publish while facts of earlier runs are in no snapshot: publishing would drop them.
    pub(super) fn refuse_unsettled(&self) -> Result<(), StoreError> {
        match self.unmerged().is_empty() {
            true => Ok(()),
            false => {
                let why = "an earlier run of this stack left something to settle; run `siac recover` first";
                Err(StoreError::Refused(why.to_owned()))
            }
        }
    }
}

/// A label is a word that is no other name of a snapshot.
fn check_label(label: &str) -> Result<(), StoreError> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let is_taken = label == "latest" || label == "previous" || label.chars().all(|c| c.is_ascii_digit());
    let is_word = label.chars().all(is_plain) && label.starts_with(char::is_alphanumeric);
    match !is_taken && is_word && label.chars().count() <= LONGEST {
        true => Ok(()),
        false => Err(StoreError::Refused(format!(
            "`{}` cannot be a label: it takes letters, digits, `-`, `_` and `.`, at most {LONGEST}, and is neither a number nor \
             `latest` or `previous`",
            label.escape_debug()
        ))),
    }
}

fn put_label(history: &mut [HistoryEntry], serial: u64, label: Option<&str>) {
    for entry in history {
        if entry.serial == serial {
            entry.label = label.map(str::to_owned);
        } else if entry.label.as_deref() == label {
            entry.label = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words_that_mean_nothing_else() {
        for good in ["v1.2", "before-the-move", "größer", "a"] {
            check_label(good).unwrap();
        }
        let long = "x".repeat(65);
        for bad in ["", "17", "latest", "previous", "a b", "-x", "a\u{1b}[2J", "a/b", &long] {
            assert!(check_label(bad).is_err(), "{bad:?}");
        }
    }
}

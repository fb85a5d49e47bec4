//! What was deployed, when and by whom.

use siac_core::model::identity::SnapshotId;
use siac_core::model::snapshot::{HistoryEntry, Snapshot, Status};

use super::page::table;
use super::style::{Role, Style};

/// How many digits of an id are shown: enough to name a snapshot by.
pub const ID_DIGITS: usize = 8;

/// Every snapshot up to the given one, oldest first, that one included.
pub fn entries(latest: &Snapshot, id: &SnapshotId) -> Vec<HistoryEntry> {
    let mut all = latest.history.clone();
    if latest.serial > 0 {
        all.push(HistoryEntry {
            serial: latest.serial,
            id: *id,
            time: latest.time.clone(),
            label: latest.label.clone(),
            status: latest.status,
            deployment: latest.deployment,
            summary: latest.summary.clone(),
            who: latest.who.clone(),
            pruned: false,
        });
    }
    all
}

/// The entries as a table, newest first, at most `limit` of them.
pub fn history(entries: &[HistoryEntry], limit: Option<usize>, style: &Style) -> String {
    if entries.is_empty() {
        return "nothing was deployed yet\n".to_owned();
    }
    let rows: Vec<_> = entries.iter().rev().take(limit.unwrap_or(usize::MAX)).map(row).collect();
    table(&["serial", "id", "time", "status", "label", "who", "what"], &rows).write(style)
}

/// The snapshots whose content is kept, as a table, newest first.
pub fn snapshots(entries: &[HistoryEntry], limit: Option<usize>, style: &Style) -> String {
    let kept: Vec<HistoryEntry> = entries.iter().filter(|entry| !entry.pruned).cloned().collect();
    match kept.is_empty() {
        true => "no snapshot is kept yet\n".to_owned(),
        false => history(&kept, limit, style),
    }
}

fn row(entry: &HistoryEntry) -> Vec<(Role, String)> {
    let id = entry.id.to_string();
    let what = if entry.pruned { format!("{} (pruned)", entry.summary) } else { entry.summary.clone() };
    vec![
        (Role::Strong, entry.serial.to_string()),
        (Role::Plain, id[..ID_DIGITS.min(id.len())].to_owned()),
        (Role::Faint, entry.time.clone()),
        (status_role(entry.status), status_words(entry.status).to_owned()),
        (Role::Read, entry.label.clone().unwrap_or_default()),
        (Role::Plain, entry.who.clone()),
        (Role::Plain, what),
    ]
}

/// How a deployment ended, in a word or two.
pub fn status_words(status: Status) -> &'static str {
    match status {
        Status::Complete => "complete",
        Status::Halted => "halted",
        Status::RolledBack => "undone",
        Status::UndoIncomplete => "half undone",
        Status::Interrupted => "interrupted",
        Status::Edited => "edited",
    }
}

fn status_role(status: Status) -> Role {
    match status {
        Status::Complete => Role::Good,
        Status::Edited => Role::Plain,
        Status::RolledBack | Status::Interrupted => Role::Warning,
        Status::Halted | Status::UndoIncomplete => Role::Bad,
    }
}

//! What a supervisor says of itself, on request and in `status.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use siac_core::model::identity::OpId;
use siac_core::model::value::Known;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::durable::{self, Existing};
use crate::process::{Identity, memory_of, memory_of_groups};

/// Whether a service serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It does, or is being started again after a first failure.
    Running,
    /// It ended and is not started again, or keeps ending.
    Failing,
}

impl Health {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Failing => "failing",
        }
    }
}

/// The version of [`Status`]. Version 1 said nothing of releases; what it lacks is empty when it is read.
pub const FORMAT: u32 = 2;

/// What a supervisor says of itself, on request and in `status.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of this record, [`FORMAT`].
    pub format: u32,
    /// The supervisor's process.
    pub supervisor: Option<Identity>,
    /// When the supervisor began, in milliseconds since 1970; 0 when it did not say.
    #[serde(default)]
    pub since: u64,
    /// The memory that the supervisor itself holds, in bytes; only in answers, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Every process that it has started and that has not ended.
    pub children: Vec<Identity>,
    /// The operation whose release runs.
    pub op: Option<OpId>,
    /// The port it listens on.
    pub port: u16,
    /// Whether the service serves.
    pub health: Health,
    /// The digests of the unpacked files in use.
    pub digests: Vec<String>,
    /// The attributes of the release that runs, as far as they may be written down.
    pub shown: BTreeMap<String, Known>,
    /// Every release that runs: those that take connections, the newest first, then the one that is to take over, then those that leave.
    #[serde(default)]
    pub releases: Vec<ReleaseStatus>,
    /// The update that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
}

/// An update that is under way: a release that is to take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// The operation that asked for it.
    pub op: OpId,
    /// The share of new connections that it gets at each step, in percent; empty when it takes over at once.
    pub steps: Vec<u8>,
    /// The step it is at, from 1; 0 while it is being started.
    pub step: usize,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
}

/// How one release is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseStatus {
    /// The operation that asked for it.
    pub op: OpId,
    /// The digest of its unpacked files, when there are any.
    pub digest: Option<String>,
    /// How many of the new connections go to it, in percent; 0 when it only finishes what it has begun.
    pub weight: u8,
    /// Its processes.
    pub processes: Vec<ProcessStatus>,
    /// How many connections to it are open; where the front understands HTTP, how many requests and upgraded connections are under way.
    pub connections: u64,
    /// How many requests it has answered since it began, upgraded connections included; where the front does not understand HTTP, how
    /// many connections were passed on to it.
    pub requests: u64,
    /// How many of the answers were 500 and above, those of the front on its behalf included.
    #[serde(default)]
    pub failures: u64,
}

/// How one process of a release is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Its number, while there is a process.
    pub pid: Option<i32>,
    /// What it does.
    pub state: ProcessState,
    /// Since when it does that, in milliseconds since 1970.
    pub since: u64,
    /// How often it was started again after it had ended by itself.
    pub restarts: u32,
    /// How it ended the last time that it ended by itself, in words.
    pub last_exit: Option<String>,
    /// The memory that it and what it started hold, in bytes; only in answers, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessState {
    /// It was started and does not answer yet.
    Starting,
    /// It takes connections.
    Ready,
    /// It ended, and is started again after a pause.
    Pausing,
    /// It ended, and is not started again.
    Ended,
    /// It finishes what it has begun, or was told to stop.
    Leaving,
}

/// Where a supervisor writes its status down.
pub fn status_path(folder: &Path) -> PathBuf {
    folder.join("status.json")
}

/// Writes a status down.
pub fn write(folder: &Path, status: &Status) -> io::Result<()> {
    durable::write_file(&status_path(folder), &serde_json::to_vec(status)?, 0o600, Existing::Replace)
}

/// Writes each status down that comes, the latest when several have come meanwhile; elsewhere than on this thread, for a disk is slow
/// and connections are not to wait for it.
pub async fn keep_written(folder: PathBuf, mut statuses: watch::Receiver<Status>) {
    while statuses.changed().await.is_ok() {
        let (folder, status) = (folder.clone(), statuses.borrow_and_update().clone());
        // What cannot be written now is written at the next change; asking tells the truth meanwhile.
        let _ = spawn_blocking(move || write(&folder, &status)).await;
    }
}

/// What a supervisor has written down last; it may be dead since.
pub fn recorded(folder: &Path) -> Option<Status> {
    serde_json::from_slice(&std::fs::read(status_path(folder)).ok()?).ok()
}

impl Status {
    /// The same with what is only measured when somebody asks.
    #[must_use]
    pub fn measured(mut self) -> Self {
        self.memory = self.supervisor.as_ref().and_then(|own| memory_of(own.pid));
        let pids = self.releases.iter().flat_map(|release| &release.processes).filter_map(|process| process.pid);
        let held = memory_of_groups(&pids.collect());
        for process in self.releases.iter_mut().flat_map(|release| &mut release.processes) {
            process.memory = process.pid.and_then(|pid| held.get(&pid).copied());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_version_1_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let written = r#"{"format":1,"supervisor":null,"children":[{"pid":7,"started":"1","boot":""}],"op":null,"port":80,
            "health":"running","digests":["d"],"shown":{}}"#;
        std::fs::write(status_path(folder.path()), written).unwrap();
        let status = recorded(folder.path()).unwrap();
        assert_eq!((status.children[0].pid, status.digests), (7, vec!["d".to_owned()]));
        assert_eq!((status.since, status.releases, status.shift), (0, Vec::new(), None));
    }
}

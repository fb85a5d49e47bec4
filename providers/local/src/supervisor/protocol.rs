//! What is said over the control socket, and what a supervisor writes down about itself.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siac_core::model::identity::OpId;
use siac_core::model::value::Known;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::socket;
use crate::process::Identity;

/// The largest message, in bytes. A choice of this project.
const MAX_MESSAGE: u64 = 16 << 20;

/// When a child that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Whenever it ends.
    Always,
    /// When it ends with an exit code other than 0, or by a signal.
    OnFailure,
    /// Never.
    Never,
}

/// Where a service's output goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// The file, absolute.
    pub path: PathBuf,
    /// From this size on, in bytes, a new file is begun.
    pub max_bytes: u64,
    /// How many old files are kept.
    pub keep: usize,
}

/// A release of a service: everything that is needed to run it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Release {
    /// The operation that asks for it. Asking twice with the same one changes nothing.
    pub op: OpId,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The whole environment, `PORT` and `HOST` left out.
    pub environment: BTreeMap<String, String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// The digest of the unpacked files, when there are any.
    pub digest: Option<String>,
    /// The address that the supervisor listens on.
    pub host: String,
    /// The port that the supervisor listens on; 0 for any.
    pub port: u16,
    /// The path that answers when the child is ready; none: it is ready when it accepts connections.
    pub health: Option<String>,
    /// How long it may take until the child is ready.
    pub within: Duration,
    /// When it is started again.
    pub restart: Restart,
    /// How long connections may stay, and then how long the child may take to stop, before it is killed.
    pub grace: Duration,
    /// Where its output goes.
    pub log: LogFile,
    /// Texts that must not be written.
    pub secrets: Vec<String>,
    /// The resource's attributes as far as they may be written down.
    pub shown: BTreeMap<String, Known>,
}

/// What a supervisor is asked.
#[derive(Serialize, Deserialize)]
pub enum Request {
    /// To run this release from now on.
    Apply(Box<Release>),
    /// How it is.
    Status,
    /// To stop the service and end.
    Stop,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It is so.
    Status(Box<Status>),
    /// Nothing changed.
    Refused {
        /// Why.
        why: String,
        /// Whether an earlier release goes on serving.
        serving: bool,
    },
    /// The service is stopped.
    Stopped,
}

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
    /// Every release that runs, the one with the most of the new connections first.
    #[serde(default)]
    pub releases: Vec<ReleaseStatus>,
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
    /// How many connections to it are open.
    pub connections: u64,
    /// How many requests were passed on to it since it began.
    pub requests: u64,
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

/// What a supervisor has written down last; it may be dead since.
pub fn recorded(folder: &Path) -> Option<Status> {
    serde_json::from_slice(&std::fs::read(status_path(folder)).ok()?).ok()
}

/// Asks the supervisor of a folder and waits for its answer. Fails when nobody listens there or when it falls silent.
pub async fn ask(folder: &Path, request: &Request) -> io::Result<Reply> {
    let mut stream = socket::connect(folder).await?;
    send(&mut stream, request).await?;
    receive(&mut stream).await
}

/// Sends a message: one line of JSON.
pub async fn send(stream: &mut (impl AsyncWriteExt + Unpin), message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.flush().await
}

/// Receives a message.
pub async fn receive<T: for<'de> Deserialize<'de>>(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_MESSAGE)).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
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
        assert_eq!((status.since, status.releases), (0, Vec::new()));
    }
}

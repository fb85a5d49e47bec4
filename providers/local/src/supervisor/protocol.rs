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
use super::status::Status;

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

/// What the front understands of what it passes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Nothing: each connection is passed on as it is.
    #[default]
    Tcp,
    /// HTTP/1.1, request by request.
    Http,
}

/// How the front treats what goes to a release. Only a front that understands HTTP looks at more than the protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// What it understands.
    pub protocol: Protocol,
    /// How long an answer may take to begin.
    pub timeout: Option<Duration>,
    /// What it says to pages of other origins; none: the program says it itself.
    pub cors: Option<Cors>,
}

/// Which pages of other origins may ask, and what (cross-origin resource sharing).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// The origins, or `*`.
    pub origins: Vec<String>,
    /// The methods, or `*`.
    pub methods: Vec<String>,
    /// The request headers, or `*`.
    pub headers: Vec<String>,
    /// The response headers that a page may read, or `*`.
    pub expose_headers: Vec<String>,
    /// Whether cookies and the like may be sent along.
    pub credentials: bool,
    /// How long a browser may remember the answer.
    pub max_age: Option<Duration>,
}

/// How a release takes over from the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Traffic {
    /// Every new connection goes to it as soon as it is ready.
    #[default]
    AllAtOnce,
    /// In steps, each of which it must stand for a while.
    Canary {
        /// How many of the new connections it gets, in percent, step by step.
        steps: Vec<u8>,
        /// How long each step lasts.
        bake: Duration,
    },
    /// It gets a share, and the one before it keeps the rest until another update.
    Fixed {
        /// The share, in percent.
        share: u8,
    },
}

impl Traffic {
    /// How long all steps last together.
    pub fn together(&self) -> Duration {
        match self {
            Self::Canary { steps, bake } => bake.saturating_mul(u32::try_from(steps.len()).unwrap_or(u32::MAX)),
            _ => Duration::ZERO,
        }
    }
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
    /// How many equal processes it has.
    #[serde(default = "one")]
    pub processes: usize,
    /// How the front treats what goes to it.
    #[serde(default)]
    pub rules: Rules,
    /// How it takes over.
    #[serde(default)]
    pub traffic: Traffic,
    /// Where its output goes.
    pub log: LogFile,
    /// Texts that must not be written.
    pub secrets: Vec<String>,
    /// The resource's attributes as far as they may be written down.
    pub shown: BTreeMap<String, Known>,
}

fn one() -> usize {
    1
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
pub(super) mod tests {
    use super::*;

    /// A release that does nothing.
    pub fn release(op: u8) -> Release {
        Release {
            op: OpId([op; 16]),
            argv: vec!["true".to_owned()],
            environment: BTreeMap::new(),
            folder: PathBuf::from("/"),
            digest: None,
            host: "127.0.0.1".to_owned(),
            port: 0,
            health: None,
            within: Duration::from_secs(1),
            restart: Restart::Never,
            grace: Duration::from_secs(1),
            processes: 1,
            rules: Rules::default(),
            traffic: Traffic::default(),
            log: LogFile { path: PathBuf::from("/dev/null"), max_bytes: 1_024, keep: 0 },
            secrets: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    #[test]
    fn a_release_of_an_older_siac_is_one_process_that_takes_over_at_once() {
        let mut told = serde_json::to_value(release(1)).unwrap();
        for name in ["processes", "rules", "traffic"] {
            told.as_object_mut().unwrap().remove(name);
        }
        let read: Release = serde_json::from_value(told).unwrap();
        assert_eq!((read.processes, read.rules, read.traffic), (1, Rules::default(), Traffic::AllAtOnce));
    }
}

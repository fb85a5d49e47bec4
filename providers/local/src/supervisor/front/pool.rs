//! Connections to one process that wait for the next request.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::body::Upload;
use super::connect;
use super::http::{MAX_HEAD, MAX_HEADERS};
use crate::supervisor::upstream::Passage;

/// How long a connection may wait for its next request. Servers close idle ones after some seconds (Node.js: 5 s); a request that is
/// sent at that very moment would be lost, so this stays well below. A choice of this project.
const KEEP: Duration = Duration::from_secs(1);
/// How many connections may wait. A choice of this project.
const MOST: usize = 64;

/// A connection that can take a request.
pub type Line = SendRequest<Upload>;

/// The connections of one process that wait.
#[derive(Default)]
pub struct Pool(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    lines: Vec<(Line, Instant)>,
    is_closed: bool,
}

impl Pool {
    /// A connection that was used a moment ago, when there is one.
    pub fn take(&self) -> Option<Line> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.lines.retain(|(line, since)| since.elapsed() < KEEP && line.is_ready());
        idle.lines.pop().map(|(line, _)| line)
    }

    /// Keeps a connection for the next request.
    pub fn give(&self, line: Line) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.is_closed && idle.lines.len() < MOST {
            idle.lines.push((line, Instant::now()));
        }
    }

    /// Closes the connections that wait, and keeps none from now on.
    pub fn close(&self) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (idle.is_closed, idle.lines) = (true, Vec::new());
    }
}

/// A new connection to a process.
pub async fn open(passage: &Passage) -> io::Result<Line> {
    let stream = connect(passage).await?;
    let mut builder = Builder::new();
    builder.preserve_header_case(true).max_header_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let (line, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Whoever uses the line is told how the connection ends.
    tokio::spawn(connection.with_upgrades());
    Ok(line)
}

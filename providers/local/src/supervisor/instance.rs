//! One child process of a service: started on a private port, probed, stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::log::Scribe;
use super::protocol::Release;
use crate::process::{Identity, signal_group};
use crate::runner::missing_program;

/// How long one probe may take.
const PROBE: Duration = Duration::from_secs(5);
/// How long to wait between probes.
const PAUSE: Duration = Duration::from_millis(50);

/// A child that runs.
pub struct Instance {
    child: Child,
    group: i32,
    /// Who it is; `None` when it was dead before anybody could look.
    pub identity: Option<Identity>,
    /// The port on the loopback interface where it listens.
    pub port: u16,
    scribe: Scribe,
}

impl Instance {
    /// Starts a child. Fails with what was wrong and what to do about it.
    pub async fn start(release: &Release, scribe: Scribe) -> Result<Self, String> {
        let port = free_port().await.map_err(|error| format!("no port is free on the loopback interface: {error}"))?;
        let (program, arguments) =
            release.argv.split_first().ok_or("the command is empty; write a program and its arguments")?;
        if !release.folder.is_dir() {
            return Err(format!("there is no folder `{}` to run in", release.folder.display()));
        }
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&release.environment)
            .env("PORT", port.to_string())
            .env("HOST", Ipv4Addr::LOCALHOST.to_string())
            .current_dir(&release.folder)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{program}`: {error}; {}", missing_program(program, &error)))?;
        tokio::spawn(scribe.clone().follow(child.stdout.take()));
        tokio::spawn(scribe.clone().follow(child.stderr.take()));
        let group = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
        Ok(Self { child, group, identity: Identity::of(group), port, scribe })
    }

    /// Waits until it answers. Fails with the reason and its last lines when it ends before, or takes too long.
    pub async fn become_ready(&mut self, release: &Release) -> Result<(), String> {
        let deadline = Instant::now() + release.within;
        let mut last;
        loop {
            last = match probe(self.port, release.health.as_deref()).await {
                Ok(()) => return Ok(()),
                Err(why) => why,
            };
            tokio::select! {
                status = self.child.wait() => return Err(self.told(&format!("it ended before it was ready, {}", ending(status.ok())), true).await),
                () = sleep(PAUSE) => {}
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        let seconds = release.within.as_secs_f64();
        let remedy = "the command must listen on the port in the variable PORT";
        Err(self.told(&format!("it was not ready within {seconds} s ({last}); {remedy}"), false).await)
    }

    async fn told(&self, why: &str, ended: bool) -> String {
        if ended {
            // Its last words may still be in the pipe.
            sleep(PAUSE).await;
        }
        self.scribe.after(why)
    }

    /// Waits until it ends by itself. What it started and left behind is ended too.
    pub async fn wait(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        signal_group(self.group, Signal::KILL);
        status
    }

    /// Asks it to stop, and kills it when it takes longer than `grace`.
    pub async fn stop(mut self, grace: Duration) {
        signal_group(self.group, Signal::TERM);
        if timeout(grace, self.wait()).await.is_err() {
            signal_group(self.group, Signal::KILL);
            self.wait().await;
        }
    }
}

/// Whoever stops caring for a child ends it, and everything it started.
impl Drop for Instance {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            signal_group(self.group, Signal::KILL);
        }
    }
}

/// How a child ended, in words.
pub fn ending(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("with exit code {code}"),
        Some((None, Some(signal))) => format!("by signal {signal}"),
        _ => "in a way that nobody saw".to_owned(),
    }
}

/// A port that nobody listens on. Somebody else may take it before the child does; the child then ends and gets another one.
async fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port())
}

/// Whether a child on this port accepts a connection and, when there is a path, answers 200 to 399 there.
pub async fn probe(port: u16, path: Option<&str>) -> Result<(), String> {
    timeout(PROBE, answers(port, path)).await.unwrap_or_else(|_| Err("it did not answer a probe".to_owned()))
}

async fn answers(port: u16, path: Option<&str>) -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).await.map_err(|_| "it does not listen yet".to_owned())?;
    let Some(path) = path else { return Ok(()) };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: siac\r\nConnection: close\r\n\r\n");
    let broken = |error: std::io::Error| format!("a probe failed: {error}");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut head = Vec::new();
    stream.take(256).read_to_end(&mut head).await.map_err(broken)?;
    match status_of(&head) {
        Some(200..=399) => Ok(()),
        Some(status) => Err(format!("`{path}` answers {status}")),
        None => Err(format!("`{path}` does not answer in HTTP")),
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head.get(..12)?).ok()?;
    text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(status_of(b"HTTP/1.0 503 x\r\n"), Some(503));
        assert_eq!(status_of(b"SSH-2.0-OpenSSH_9.2"), None);
        assert_eq!(status_of(b""), None);
    }
}

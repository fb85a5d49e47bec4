//! One MiniStack process, which ends with this one.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::install::{self, Installed};

/// Our wrapper around MiniStack.
const WRAPPER: &str = include_str!("../ministack/run.py");

/// How long a start may take. It takes two seconds on an idle machine; tests of other crates may be running beside it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running MiniStack. Its standard input is a pipe that only this process holds: when this process ends in whatever way, MiniStack and the
/// handlers it runs end, too.
pub(crate) struct MiniStack {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl MiniStack {
    /// Starts one and waits until it is healthy.
    ///
    /// # Panics
    /// When it does not get there; with the end of its log.
    pub(crate) fn start(auth: bool) -> Self {
        let installed = install::ministack();
        let folder = install::fresh_folder();
        let child = command(&installed, &folder, auth).spawn().expect("the installed Python starts");
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut started = Self { child, folder, address: nowhere };
        started.await_health();
        started
    }

    fn await_health(&mut self) {
        let begin = Instant::now();
        loop {
            let port = fs::read_to_string(self.folder.join("port")).ok().and_then(|text| text.parse().ok());
            if let Some(port) = port {
                self.address.set_port(port);
                if self.ask("GET", "/_ministack/health").is_some_and(|status| status == 200) {
                    return;
                }
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "MiniStack ended with {ended:?}:\n{}", self.log());
            assert!(begin.elapsed() < PATIENCE, "MiniStack does not become healthy:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks one thing without a body; the status.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            self.address
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }

    /// The end of what it has said.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        // The end of its input ends it and what it has started; waiting makes sure that nothing is left behind.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Handlers inherit the environment, so it is an empty one but for what is needed.
fn command(installed: &Installed, folder: &PathBuf, auth: bool) -> Command {
    let wrapper = folder.join("run.py");
    fs::write(&wrapper, WRAPPER).expect("a file in a fresh folder");
    let log = fs::File::create(folder.join("log")).expect("a file in a fresh folder");
    let mut command = Command::new(&installed.python);
    command
        .arg(wrapper)
        .arg(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LOG_LEVEL", "WARNING")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("AUTH", if auth { "true" } else { "false" })
        .stdin(Stdio::piped())
        .stderr(log.try_clone().expect("a second handle"))
        .stdout(log);
    command
}

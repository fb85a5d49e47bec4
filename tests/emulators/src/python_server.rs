//! An emulator that is a Python program, and ends with this process.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::install;

/// How long a start may take. It takes two seconds on an idle machine; tests of other crates may be running beside it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running emulator. Its standard input is a pipe that only this process holds: when this process ends in whatever way, the emulator and
/// whatever it has started end, too.
pub(crate) struct PythonServer {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl PythonServer {
    /// Starts a wrapper, which is given a folder and writes its port there, and waits until a path answers with 200.
    ///
    /// # Panics
    /// When it does not get there; with the end of its log.
    pub(crate) fn start(python: &Path, wrapper: &str, health: &str, environment: &[(&str, &str)]) -> Self {
        let folder = install::fresh_folder();
        let mut command = command(python, wrapper, &folder);
        let child = command.envs(environment.iter().copied()).spawn().expect("the installed Python starts");
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut started = Self { child, folder, address: nowhere };
        started.await_health(health);
        started
    }

    fn await_health(&mut self, health: &str) {
        let begin = Instant::now();
        loop {
            let port = fs::read_to_string(self.folder.join("port")).ok().and_then(|text| text.parse().ok());
            if let Some(port) = port {
                self.address.set_port(port);
                if self.ask("GET", health).is_some_and(|status| status == 200) {
                    return;
                }
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "the emulator ended with {ended:?}:\n{}", self.log());
            assert!(begin.elapsed() < PATIENCE, "the emulator does not become healthy:\n{}", self.log());
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

impl Drop for PythonServer {
    fn drop(&mut self) {
        // The end of its input ends it and what it has started; waiting makes sure that nothing is left behind.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What an emulator runs for its users inherits its environment, so it is an empty one but for what is needed.
fn command(python: &Path, wrapper: &str, folder: &Path) -> Command {
    let file = folder.join("run.py");
    fs::write(&file, wrapper).expect("a file in a fresh folder");
    let log = fs::File::create(folder.join("log")).expect("a file in a fresh folder");
    let mut command = Command::new(python);
    command
        .arg(file)
        .arg(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stderr(log.try_clone().expect("a second handle"))
        .stdout(log);
    command
}

//! A service in Node.js behind a front that understands HTTP, and a client that sees every byte.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};

use crate::attributes;
use crate::bench::{Bench, with};

pub const KIND: &str = "local_service";

/// The longest that a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Whether there is Node.js on this machine; a test without it says so and passes.
pub fn has_node() -> bool {
    let found = std::process::Command::new("node").arg("--version").output().is_ok();
    if !found {
        println!("skipped: this test needs node on PATH");
    }
    found
}

/// A service that runs `servers/web.js` and answers with this word.
pub fn web(port: u16, word: &str) -> Known {
    attributes! {
        "command": ["node", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/web.js")],
        "port": port,
        "environment": { "WORD": word },
        "health": { "path": "/health", "within": "30s" },
        "stop_grace": "2s",
        "protocol": "http",
    }
}

/// The same with other variables.
pub fn variables(service: &Known, variables: Known) -> Known {
    let mut all = service.get("environment").unwrap().as_map().unwrap().clone();
    all.extend(variables.as_map().unwrap().clone());
    with(service, "environment", Value::Map(all))
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a server answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    /// Lines of the head after the first, as they came.
    pub headers: Vec<String>,
    pub body: String,
    pub trailers: Vec<String>,
}

impl Answer {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&String| line.split_once(": ").is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.headers.iter().find(named).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }
}

/// One connection.
pub struct Client(BufReader<TcpStream>);

impl Client {
    pub fn connect(port: u16) -> Self {
        Self::try_connect(port).expect("somebody listens")
    }

    pub fn try_connect(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Some(Self(BufReader::new(stream)))
    }

    pub fn send(&mut self, bytes: &str) {
        self.try_send(bytes).expect("the connection is open");
    }

    pub fn try_send(&mut self, bytes: &str) -> Option<()> {
        self.0.get_mut().write_all(bytes.as_bytes()).ok()
    }

    /// A line without its end; `None` when the other side has hung up.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).ok()?;
        (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned())
    }

    fn head(&mut self) -> Option<Answer> {
        let first = self.line()?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            match self.line()? {
                line if line.is_empty() => return Some(Answer { status, headers, ..Answer::default() }),
                line => headers.push(line),
            }
        }
    }

    /// The status of the next answer or interim answer, and its head.
    pub fn status(&mut self) -> Answer {
        self.head().expect("an answer")
    }

    /// A piece of a chunked body; empty at its end.
    pub fn piece(&mut self) -> Option<String> {
        let size = usize::from_str_radix(&self.line()?, 16).ok()?;
        let mut piece = vec![0; size];
        self.0.read_exact(&mut piece).ok()?;
        if size > 0 {
            self.line()?;
        }
        String::from_utf8(piece).ok()
    }

    /// The next answer, whole; `None` when the connection ends before.
    pub fn answer(&mut self, has_body: bool) -> Option<Answer> {
        let mut answer = self.head()?;
        if !has_body {
            return Some(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(piece) = Some(self.piece()?).filter(|piece| !piece.is_empty()) {
                answer.body.push_str(&piece);
            }
            while let Some(line) = Some(self.line()?).filter(|line| !line.is_empty()) {
                answer.trailers.push(line);
            }
        } else if let Some(length) = answer.header("content-length").and_then(|length| length.parse().ok()) {
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).ok()?;
            answer.body = String::from_utf8(body).ok()?;
        }
        Some(answer)
    }

    /// Asks, and waits for the answer.
    pub fn get(&mut self, path: &str) -> Option<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
    }

    /// Sends this, and waits for the answer.
    pub fn ask(&mut self, request: &str) -> Option<Answer> {
        self.try_send(request)?;
        self.answer(!request.starts_with("HEAD "))
    }

    /// Everything that still comes before the other side hangs up.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

/// Asks on a connection of its own.
pub fn get(port: u16, path: &str) -> Option<Answer> {
    Client::try_connect(port)?.ask(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"))
}

/// The word that a service answers with, asked on a connection of its own.
pub fn word(port: u16) -> Option<String> {
    get(port, "/").filter(|answer| answer.status == 200).map(|answer| first_word(&answer.body))
}

pub fn first_word(body: &str) -> String {
    body.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The number of the process that an answer names.
pub fn process(body: &str) -> i32 {
    body.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// An upgraded connection, after the greeting, and the greeting.
pub fn upgraded(port: u16) -> (Client, String) {
    let mut client = Client::connect(port);
    client.send(
        "GET /socket HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let answer = client.answer(false).unwrap();
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let greeting = client.line().unwrap();
    (client, greeting)
}

/// What the supervisor of a service says when it is asked; `None` when nobody answers.
pub fn try_status(bench: &Bench, made: &Object) -> Option<serde_json::Value> {
    let path = bench.path(&format!(".siac/services/{}/control", made.remote));
    let mut control = UnixStream::connect(path).ok()?;
    control.set_read_timeout(Some(PATIENCE)).unwrap();
    control.write_all(b"\"Status\"\n").ok()?;
    let mut answer = String::new();
    control.read_to_string(&mut answer).ok()?;
    Some(serde_json::from_str::<serde_json::Value>(&answer).ok()?["Status"].take())
}

pub fn status(bench: &Bench, made: &Object) -> serde_json::Value {
    try_status(bench, made).expect("the supervisor answers")
}

/// Looks until something is seen.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn is_alive(pid: i32) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

/// Kills a process; one that has just ended by itself is as dead.
pub fn kill(pid: i32) {
    let _ = rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL);
}

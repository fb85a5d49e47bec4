//! Switch-over under load: deployments, failing ones among them, and rollbacks, while requests go on and 200 WebSocket connections are open.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::sandbox::{eventually, free_port, project};

const CONNECTIONS: usize = 200;
/// How long the old release's connections may stay, as the stack says.
const GRACE: Duration = Duration::from_secs(2);
/// Ten deployments: what the service says, or that its release is broken.
const DEPLOYMENTS: [Option<&str>; 10] = [
    Some("two"),
    Some("three"),
    None,
    Some("four"),
    None,
    Some("five"),
    Some("six"),
    None,
    Some("seven"),
    Some("eight"),
];

const STACK: &str = r#"
[stack]
name = "load"

[variable.port]
type = "number"

[variable.welcome]
type    = "string"
default = "one"

[component.realtime]
kind        = "websocket"
profile     = "server"
provider    = "local"
source      = "../services/realtime"
build       = "npm ci"
environment = { WELCOME = "${var.welcome}" }
health      = { path = "/health", within = "20s" }
local       = { port = "${var.port}" }

[component.realtime.override.local_service.server]
stop_grace = "2s"
"#;

/// One GET request on an open connection; fails when the answer is anything but a whole 200.
fn get(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    stream.get_mut().write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(format!("answered {line:?}")));
    }
    let mut length = 0;
    let mut is_chunked = false;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let header = header.trim().to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some(("transfer-encoding", "chunked")) => is_chunked = true,
            _ if header.is_empty() => break,
            _ => {}
        }
    }
    match is_chunked {
        true => read_chunks(stream),
        false => stream.read_exact(&mut vec![0; length]),
    }
}

fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    loop {
        let mut size = String::new();
        stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        stream.read_exact(&mut vec![0; size + 2])?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn connect(port: u16) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(BufReader::new(stream))
}

/// Requests that go on until they are told to stop.
struct Requests {
    is_over: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Requests {
    /// Half of the clients keep their connection, half take a new one for each request.
    fn start(port: u16) -> Self {
        let mut requests =
            Self { is_over: Arc::default(), count: Arc::default(), failures: Arc::default(), threads: Vec::new() };
        for is_kept in [true, true, false, false] {
            let (is_over, count) = (requests.is_over.clone(), requests.count.clone());
            let failures = requests.failures.clone();
            requests.threads.push(thread::spawn(move || {
                let mut kept = None;
                while !is_over.load(Ordering::Relaxed) {
                    let asked = kept.take().map_or_else(|| connect(port), Ok).and_then(|mut stream| {
                        get(&mut stream)?;
                        Ok(stream)
                    });
                    match asked {
                        Ok(stream) => kept = is_kept.then_some(stream),
                        Err(error) => failures.lock().expect("no panic").push(error.to_string()),
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                }
            }));
        }
        requests
    }

    /// How many there were, and how those failed that did.
    fn stop(self) -> (usize, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let failures = self.failures.lock().expect("no panic").clone();
        (self.count.load(Ordering::Relaxed), failures)
    }
}

/// WebSocket connections that are opened again whenever one ends.
struct Sockets {
    is_over: Arc<AtomicBool>,
    open: Arc<AtomicUsize>,
    ends: Arc<Mutex<Vec<Instant>>>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Sockets {
    fn open(port: u16) -> Self {
        let sockets =
            Self { is_over: Arc::default(), open: Arc::default(), ends: Arc::default(), streams: Arc::default() };
        for _ in 0..CONNECTIONS {
            let (is_over, open) = (sockets.is_over.clone(), sockets.open.clone());
            let (ends, streams) = (sockets.ends.clone(), sockets.streams.clone());
            let live = move || {
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut stream) = handshake(port) else {
                        thread::sleep(Duration::from_millis(20));
                        continue;
                    };
                    streams
                        .lock()
                        .expect("no panic")
                        .push(stream.get_ref().try_clone().expect("a stream can be shared"));
                    open.fetch_add(1, Ordering::Relaxed);
                    read_to_close(&mut stream);
                    open.fetch_sub(1, Ordering::Relaxed);
                    ends.lock().expect("no panic").push(Instant::now());
                }
            };
            thread::Builder::new().stack_size(256 << 10).spawn(live).expect("a thread");
        }
        sockets
    }

    fn are_open(&self) -> bool {
        eventually(Duration::from_secs(30), || self.open.load(Ordering::Relaxed) == CONNECTIONS)
    }

    /// When connections ended since the last time this was asked.
    fn ends(&self) -> Vec<Instant> {
        std::mem::take(&mut self.ends.lock().expect("no panic"))
    }

    fn close(self) {
        self.is_over.store(true, Ordering::Relaxed);
        for stream in self.streams.lock().expect("no panic").iter() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn handshake(port: u16) -> io::Result<BufReader<TcpStream>> {
    let mut stream = connect(port)?;
    stream.get_mut().set_read_timeout(None)?;
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.get_mut().write_all(head.as_bytes())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 101") {
        return Err(io::Error::other(line));
    }
    while line.trim() != "" {
        line.clear();
        stream.read_line(&mut line)?;
    }
    Ok(stream)
}

/// Reads frames until one says goodbye or the connection ends.
fn read_to_close(stream: &mut BufReader<TcpStream>) {
    const CLOSE: u8 = 0x88;
    let mut head = [0; 2];
    while stream.read_exact(&mut head).is_ok() && head[0] != CLOSE {
        // The server's messages here are short: their length is in the head.
        if stream.read_exact(&mut vec![0; usize::from(head[1] & 0x7f)]).is_err() {
            return;
        }
    }
}

#[test]
fn no_request_fails_and_connections_end_only_with_the_grace_period() {
    let sandbox = project();
    sandbox.write("stacks/load.toml", STACK);
    let port = free_port();
    let port_var = format!("port={port}");
    let server = sandbox.project().join("services/realtime/server.js");
    let working = fs::read_to_string(&server).expect("the sample");
    let apply = |welcome: &str| {
        let welcome = format!("welcome={welcome}");
        sandbox.run(&["apply", "stacks/load.toml", "--auto-approve", "--var", &port_var, "--var", &welcome])
    };
    let first = apply("one");
    assert_eq!(first.code, 0, "{}", first.all());

    let (requests, sockets) = (Requests::start(port), Sockets::open(port));
    assert!(sockets.are_open(), "{CONNECTIONS} connections open");
    let (mut deployments, mut refusals, mut rollbacks) = (Vec::new(), Vec::new(), Vec::new());
    for release in DEPLOYMENTS {
        sockets.ends();
        let start = Instant::now();
        match release {
            Some(welcome) => {
                let run = apply(welcome);
                assert_eq!(run.code, 0, "{}", run.all());
                deployments.push(start.elapsed());
                ends_with_the_grace(&sockets, start);
            }
            None => {
                fs::write(&server, "throw new Error('broken release')\n").expect("it can break");
                let run = apply("broken");
                assert_eq!(run.code, 13, "{}", run.all());
                run.says("broken release");
                refusals.push(start.elapsed());
                thread::sleep(GRACE);
                assert_eq!(sockets.ends(), Vec::<Instant>::new(), "a release that fails takes nobody's connection");
                fs::write(&server, &working).expect("it can be repaired");
            }
        }
    }
    for _ in 0..2 {
        sockets.ends();
        let start = Instant::now();
        sandbox.succeed(&["rollback", "--to", "previous", "--stack", "stacks/load.toml", "--auto-approve"]);
        rollbacks.push(start.elapsed());
        ends_with_the_grace(&sockets, start);
    }
    let (count, failures) = requests.stop();
    sockets.close();
    println!("{count} requests; deployments {deployments:?}; refused {refusals:?}; rollbacks {rollbacks:?}");
    assert_eq!(failures, Vec::<String>::new(), "of {count} requests");
    assert!(count > 100, "there was a load");
    sandbox.succeed(&["destroy", "stacks/load.toml", "--auto-approve", "--var", &port_var]);
    assert!(eventually(Duration::from_secs(10), || sandbox.processes().is_empty()), "nothing is left running");
}

/// Waits until every connection has moved to the new release, and sees that none was ended before the grace period was over.
fn ends_with_the_grace(sockets: &Sockets, start: Instant) {
    let mut ends = Vec::new();
    let have_moved = eventually(Duration::from_secs(60), || {
        ends.extend(sockets.ends());
        ends.len() >= CONNECTIONS
    });
    assert!(have_moved, "{} connections have ended", ends.len());
    let early = ends.iter().filter(|end| end.duration_since(start) < GRACE).count();
    assert_eq!(early, 0, "no connection ends before the grace period");
    assert!(sockets.are_open(), "all connections are open again");
}

//! What the supervisor costs: the latency that its front adds to a request, and the memory that it holds.
//!
//! ```text
//! cargo run --release -p siac-provider-local --no-default-features --example front
//! ```
//!
//! One client asks the same small server directly, through a front of protocol `tcp`, and through one of protocol `http`, in turns, on a
//! connection that is kept and on a new one each time. Of all turns the least disturbed one counts, which other work on the machine has
//! falsified least. Then 200 connections are upgraded through the HTTP front, and the supervisor says what it holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use siac_core::model::address::ResourceAddress;
use siac_core::model::identity::{Digest, OpId, StackUuid};
use siac_core::model::inspection::Amount;
use siac_core::model::snapshot::Object;
use siac_core::model::stack::Lifecycle;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Artifacts, Call, Checkpoint, Fault, Observed, Provider};
use siac_provider_local::{LocalProvider, supervisor};

const KIND: &str = "local_service";
const TURNS: usize = 100;
const REQUESTS: usize = 500;
const SOCKETS: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("__supervisor") => supervisor::main(Path::new(&arguments[2])),
        Some("serve") => serve(),
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            runtime.block_on(measure());
            ExitCode::SUCCESS
        }
    }
}

/// Answers every request of every connection with a hundred bytes, and echoes on those that are upgraded.
fn serve() -> ExitCode {
    let port: u16 = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || attend(stream));
    }
    ExitCode::SUCCESS
}

fn attend(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}", "x".repeat(100));
    loop {
        let (mut line, mut is_upgrade) = (String::new(), false);
        while line != "\r\n" {
            line.clear();
            (reader.read_line(&mut line).ok()? > 0).then_some(())?;
            is_upgrade |= line.to_ascii_lowercase().starts_with("upgrade:");
        }
        if is_upgrade {
            stream.write_all(b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").ok()?;
            return std::io::copy(&mut reader, &mut stream).ok().map(|_| ());
        }
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

struct Nothing;

#[async_trait]
impl Checkpoint for Nothing {
    async fn save(&self, _: Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl Artifacts for Nothing {
    async fn fetch(&self, _: &Digest) -> Result<Vec<u8>, Fault> {
        Err(Fault::rejected("there are no artifacts here"))
    }
}

fn call(number: u8) -> Call {
    Call {
        op: OpId([number; 16]),
        stack: "front".to_owned(),
        uuid: StackUuid([1; 16]),
        address: ResourceAddress::managed(KIND, "it"),
        timeout: Duration::from_secs(60),
        resume: None,
        checkpoint: Arc::new(Nothing),
        artifacts: Arc::new(Nothing),
    }
}

/// A service that runs this program, and the port of its front.
struct Running {
    object: Object,
    port: u16,
}

async fn start(provider: &LocalProvider, number: u8, protocol: &str) -> Running {
    let program = std::env::current_exe().expect("this program has a path").display().to_string();
    let inputs: Known = Value::map([
        ("command", Value::List(vec![Value::String(program), Value::string("serve")])),
        ("port", Value::number(0_i64)),
        ("host", Value::string("127.0.0.1")),
        ("protocol", Value::string(protocol)),
        ("stop_grace", Value::string("1s")),
    ]);
    let made = provider.create(&call(number), &inputs).await.expect("the service starts");
    let url = made.outputs.get("url").and_then(Value::as_str).expect("a URL");
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    Running { object: object(number, &made), port }
}

fn object(number: u8, made: &Observed) -> Object {
    Object {
        provider: "local".to_owned(),
        remote: made.remote.clone(),
        op: OpId([number; 16]),
        configured: Value::Null,
        inputs: made.inputs.open(),
        sent: std::collections::BTreeMap::new(),
        outputs: made.outputs.open(),
        secrets: std::collections::BTreeMap::new(),
        private: Vec::new(),
        schema_version: 1,
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        tainted: false,
    }
}

fn connect(port: u16) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_nodelay(true).expect("a socket takes options");
    BufReader::new(stream)
}

fn ask(connection: &mut BufReader<TcpStream>) {
    connection.get_mut().write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("the connection is open");
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(connection.read_line(&mut line).expect("an answer") > 0, "the connection was closed");
    }
    connection.read_exact(&mut [0; 100]).expect("a whole answer");
}

/// The median and the 99th percentile of a turn, in microseconds.
fn turn(port: u16, is_kept: bool) -> (f64, f64) {
    let mut kept = connect(port);
    let mut times: Vec<Duration> = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        match is_kept {
            true => ask(&mut kept),
            false => ask(&mut connect(port)),
        }
        times.push(start.elapsed());
    }
    times.sort();
    let at = |part: usize| times[REQUESTS * part / 100].as_secs_f64() * 1e6;
    (at(50), at(99))
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().canonicalize().expect("a real path");
    let provider = LocalProvider::new(&root, root.join(".siac"));
    let (tcp, http) = (start(&provider, 1, "tcp").await, start(&provider, 2, "http").await);
    let bare = bare_server();
    println!("supervisor at rest: {}", memory(&provider, &http).await);
    for (what, is_kept) in [("a connection that is kept", true), ("a new connection each time", false)] {
        report(what, [("bare server", bare.1), ("tcp front", tcp.port), ("http front", http.port)], is_kept);
    }
    println!("supervisor after that: {}", memory(&provider, &http).await);
    let sockets: Vec<_> = (0..SOCKETS).map(|_| upgraded(http.port)).collect();
    println!("supervisor with {} upgraded connections: {}", sockets.len(), memory(&provider, &http).await);
    drop(sockets);
    for (number, running) in [(3, tcp), (4, http)] {
        provider.delete(&call(number), &running.object).await.expect("the service stops");
    }
    let mut server = bare.0;
    server.kill().and_then(|()| server.wait()).expect("the server ends");
}

fn bare_server() -> (std::process::Child, u16) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let program = std::env::current_exe().expect("this program has a path");
    let server = std::process::Command::new(program).arg("serve").env("PORT", port.to_string()).spawn();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    (server.expect("the server starts"), port)
}

fn report(what: &str, targets: [(&str, u16); 3], is_kept: bool) {
    let mut best = [(f64::MAX, f64::MAX); 3];
    for _ in 0..TURNS {
        for (best, (_, port)) in best.iter_mut().zip(targets) {
            let (median, p99) = turn(port, is_kept);
            *best = (best.0.min(median), best.1.min(p99));
        }
    }
    println!("{what}, in microseconds:");
    for ((median, p99), (name, _)) in best.iter().zip(targets) {
        let added = (median - best[0].0, p99 - best[0].1);
        println!("  {name:12} median {median:6.0} (+{:.0}), 99th percentile {p99:6.0} (+{:.0})", added.0, added.1);
    }
}

fn upgraded(port: u16) -> BufReader<TcpStream> {
    let mut connection = connect(port);
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    connection.get_mut().write_all(request).expect("the connection is open");
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(connection.read_line(&mut line).expect("an answer") > 0, "the connection was closed");
    }
    connection
}

/// The memory of a service's supervisor.
async fn memory(provider: &LocalProvider, running: &Running) -> String {
    let seen = provider.inspect(&call(9), &running.object).await.expect("it can be looked at").expect("a service runs");
    match seen.amount("supervisor memory") {
        Some(Amount::Bytes(bytes)) => format!("{:.1} MiB", *bytes as f64 / f64::from(1 << 20)),
        other => format!("{other:?}"),
    }
}

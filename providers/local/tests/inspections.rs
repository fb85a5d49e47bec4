//! What a service says of itself: while it runs, when it crashes, when its supervisor was killed; and its log, while it is written.

mod bench;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bench::{Bench, with};
use rustix::process::{Pid, Signal, kill_process};
use siac_core::model::inspection::{Amount, Health, Inspection, names};
use siac_core::model::log::{LogEnd, LogLine, LogNews, LogWish};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{LogReader, Provider};

const KIND: &str = "local_service";

fn serving() -> Known {
    attributes! {
        "command": [env!("CARGO_BIN_EXE_siac-local-process"), "serve"],
        "port": 0,
        "health": { "path": "/", "within": "10s" },
        "stop_grace": "2s",
    }
}

async fn inspected(bench: &Bench, object: &Object) -> Inspection {
    bench.provider.inspect(&bench.call(KIND, bench.op()), object).await.unwrap().unwrap()
}

/// Looks until it is so.
async fn until(bench: &Bench, object: &Object, is_so: impl Fn(&Inspection) -> bool) -> Inspection {
    let start = Instant::now();
    loop {
        let seen = inspected(bench, object).await;
        if is_so(&seen) {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain; last seen: {seen:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn text(inspection: &Inspection, name: &str) -> String {
    match inspection.amount(name) {
        Some(Amount::Text(text)) => text.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

/// The process that serves.
fn process(inspection: &Inspection) -> i32 {
    let instance = inspection.instances().next().unwrap();
    instance.name.strip_prefix("process ").unwrap().parse().unwrap()
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

/// Sends a request, and does not care for the answer.
fn ask(inspection: &Inspection, path: &str) {
    let url = text(inspection, names::URL);
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_says_how_it_is_doing() {
    let bench = Bench::new();
    let wanted = with(&serving(), "source", bench.folder(&[("word.txt", "x")]));
    let made = bench.create(KIND, bench.op(), &wanted).await.unwrap();
    let seen = inspected(&bench, &made).await;
    assert_eq!((seen.health, seen.summary.as_str()), (Health::Healthy, ""), "{seen:?}");
    assert!(seen.since.is_some() && seen.releases[0].name.len() == 64, "{seen:?}");
    assert!(matches!(seen.amount(names::MEMORY), Some(Amount::Bytes(bytes)) if *bytes > 100 << 10), "{seen:?}");
    ask(&seen, "/");
    let counted = |seen: &Inspection| matches!(seen.amount(names::REQUESTS), Some(Amount::Count(1..)));
    until(&bench, &made, counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_seen_and_so_is_its_reason() {
    let bench = Bench::new();
    let made = bench.create(KIND, bench.op(), &serving()).await.unwrap();
    let before = inspected(&bench, &made).await;
    kill(process(&before));
    let down = until(&bench, &made, |seen| seen.health == Health::Failing).await;
    assert!(down.summary.contains("by signal 9"), "{down:?}");
    let back = until(&bench, &made, |seen| seen.health == Health::Degraded).await;
    assert_eq!(back.amount(names::RESTARTS), Some(&Amount::Count(1)));
    assert!(text(&back, names::LAST_EXIT).contains("by signal 9"), "{back:?}");
    assert_ne!(process(&back), process(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_supervisor_leaves_a_service_that_is_gone_and_what_it_left_is_named() {
    let bench = Bench::new();
    let made = bench.create(KIND, bench.op(), &serving()).await.unwrap();
    let before = inspected(&bench, &made).await;
    kill(text(&before, "supervisor").parse().unwrap());
    let gone = until(&bench, &made, |seen| seen.health == Health::Gone).await;
    let left = format!("its supervisor was killed; process {} still runs", process(&before));
    assert!(gone.summary.starts_with(&left), "{gone:?}");
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert_eq!(inspected(&bench, &made).await.summary, "nothing of it is on this machine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_does_not_answer_is_no_reason_to_wait() {
    let bench = Bench::new();
    let made = bench.create(KIND, bench.op(), &serving()).await.unwrap();
    let supervisor: i32 = text(&inspected(&bench, &made).await, "supervisor").parse().unwrap();
    let signal = |signal| kill_process(Pid::from_raw(supervisor).unwrap(), signal).unwrap();
    signal(Signal::STOP);
    let seen = inspected(&bench, &made).await;
    signal(Signal::CONT);
    assert_eq!(seen.health, Health::Unknown);
    assert!(seen.summary.contains(&format!("(process {supervisor}) lives and does not answer")), "{seen:?}");
}

/// Remembers lines, and has enough after so many.
struct Ear {
    heard: Mutex<Vec<LogLine>>,
    enough: usize,
}

#[async_trait]
impl LogReader for Ear {
    async fn take(&self, news: LogNews) -> ControlFlow<()> {
        let mut heard = self.heard.lock().unwrap();
        if let LogNews::Line(line) = news {
            heard.push(line);
        }
        if heard.len() == self.enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_while_its_supervisor_rotates_it() {
    const LINES: usize = 400;
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_siac-local-process");
    let talks = format!("i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); done & exec '{program}' serve");
    let talking = with(&serving(), "command", Value::List(["sh", "-c", &talks].map(Value::string).to_vec()));
    let talking = with(&talking, "log", attributes! { "max_bytes": 4096, "keep": 9 });
    let made = bench.create(KIND, bench.op(), &talking).await.unwrap();
    // The service says one line of its own.
    let ear = Ear { heard: Mutex::default(), enough: LINES + 1 };
    let wish = LogWish { follow: true, ..LogWish::default() };
    let call = bench.call(KIND, bench.op());
    let told = bench.provider.logs(&call, &made, &wish, &ear);
    let end = tokio::time::timeout(Duration::from_secs(20), told).await.expect("every line is heard").unwrap();
    assert_eq!(end, LogEnd::Told);
    let heard = ear.heard.into_inner().unwrap();
    assert!(heard.iter().all(|line| line.time.is_some()), "{heard:?}");
    assert!(heard.is_sorted_by(|one, other| one.time <= other.time));
    let lines: Vec<&str> =
        heard.iter().map(|line| line.text.as_str()).filter(|text| text.starts_with("line ")).collect();
    assert_eq!(lines, (0..LINES).map(|number| format!("line {number}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nothing_that_runs_says_nothing() {
    let bench = Bench::new();
    let made = bench.create("local_value", bench.op(), &attributes! { "input": 1 }).await.unwrap();
    let call = bench.call("local_value", bench.op());
    assert_eq!(bench.provider.inspect(&call, &made).await, Ok(None));
    let ear = Ear { heard: Mutex::default(), enough: 1 };
    assert_eq!(bench.provider.logs(&call, &made, &LogWish::default(), &ear).await, Ok(LogEnd::NoLog));
}

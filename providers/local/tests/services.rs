//! Services stay up, are never two, change without dropping a connection, and leave nothing behind.

mod bench;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::{Bench, secret, with};
use rustix::process::{Pid, Signal, kill_process};
use siac_core::model::address::Mode;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Catalogue, Fault, Provider, Verdict};

const KIND: &str = "local_service";

/// A service that answers with `word`, its process number and the content of its file.
fn serving(port: u16, word: &str) -> Known {
    attributes! {
        "command": [env!("CARGO_BIN_EXE_siac-local-process"), "serve"],
        "port": port,
        "environment": { "WORD": word },
        "health": { "path": "/", "within": "10s" },
        "stop_grace": "2s",
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a server answers: the body after a status of 200; `None` when it does not.
fn ask(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

/// The word and the process number that a service answers with.
fn hello(port: u16) -> Option<(String, i32)> {
    let body = ask(port, "/")?;
    let mut words = body.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_alive(pid: i32) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

/// What the supervisor of a service has written down.
fn recorded(bench: &Bench, made: &Object) -> serde_json::Value {
    serde_json::from_str(&bench.text(&format!(".siac/services/{}/status.json", made.remote))).unwrap()
}

/// What the supervisor of a service says when it is asked.
fn status(bench: &Bench, made: &Object) -> serde_json::Value {
    let mut control = UnixStream::connect(bench.path(&format!(".siac/services/{}/control", made.remote))).unwrap();
    control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    control.write_all(b"\"Status\"\n").unwrap();
    let mut answer = String::new();
    control.read_to_string(&mut answer).unwrap();
    serde_json::from_str::<serde_json::Value>(&answer).unwrap()["Status"].take()
}

fn supervisor(bench: &Bench, made: &Object) -> i32 {
    let status = recorded(bench, made);
    i32::try_from(status["supervisor"]["pid"].as_i64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_answers_until_it_is_deleted() {
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    assert_eq!(made.outputs.get("url"), Some(&Value::String(format!("http://127.0.0.1:{port}"))));
    let (word, pid) = hello(port).unwrap();
    assert_eq!(word, "one");
    let supervisor = supervisor(&bench, &made);
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert!(hello(port).is_none() && !is_alive(pid) && !is_alive(supervisor));
    assert_eq!(std::fs::read_dir(bench.path(".siac/services")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_release_takes_over_and_the_old_one_finishes_what_it_has_begun() {
    let (bench, port) = (Bench::new(), free_port());
    let slow = with(&serving(port, "one"), "environment", attributes! { "WORD": "one", "SLOW": "1000" });
    let made = bench.create(KIND, bench.op(), &slow).await.unwrap();
    let (_, old) = hello(port).unwrap();
    let begun = std::thread::spawn(move || ask(port, "/slow"));
    std::thread::sleep(Duration::from_millis(200));
    let updated = bench.update(KIND, bench.op(), &made, &serving(port, "two")).await.unwrap();
    assert_eq!(hello(port).unwrap().0, "two");
    assert!(begun.join().unwrap().unwrap().starts_with("one "), "a connection stays with its release");
    until("the old release has ended", || (!is_alive(old)).then_some(()));
    assert_eq!(supervisor(&bench, &updated), supervisor(&bench, &made));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_not_healthy_changes_nothing_and_says_why() {
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    let before = hello(port).unwrap();
    let unwell = with(&serving(port, "two"), "health", attributes! { "path": "/unwell", "within": "300ms" });
    let unwell = with(&unwell, "environment", Value::map([("TOKEN", secret("hunter2-canary"))]));
    let fault = bench.update(KIND, bench.op(), &made, &unwell).await.unwrap_err();
    let Fault::Rejected { why } = fault else { panic!("{fault}") };
    assert!(why.contains("503") && why.contains("serving; the token is (sensitive value)"), "{why}");
    assert_eq!(hello(port).unwrap(), before, "the old release stays");
    let seen = bench.look(KIND, &made).await.unwrap();
    assert_eq!(bench.plan(KIND, Some(&seen), &serving(port, "one")).verdict, Verdict::Keep);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_start_leaves_nothing() {
    let (bench, port) = (Bench::new(), free_port());
    let dying = with(
        &serving(port, "one"),
        "command",
        attributes! { "c": ["sh", "-c", "echo last words; exit 7"] }.get("c").unwrap().clone(),
    );
    let fault = bench.create(KIND, bench.op(), &dying).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Rejected { why } if why.contains("exit code 7") && why.contains("last words")),
        "{fault}"
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert_eq!(std::fs::read_dir(bench.path(".siac/services")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_is_named() {
    let bench = Bench::new();
    let missing = with(
        &serving(0, "one"),
        "command",
        Value::List(vec![Value::string("no-such-node"), Value::string("server.js")]),
    );
    let fault = bench.create(KIND, bench.op(), &missing).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("install `no-such-node`")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_and_so_is_who_has_it() {
    let bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let fault = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap_err();
    let Fault::Rejected { why } = fault else { panic!("{fault}") };
    assert!(why.contains(&format!("port {port} on 127.0.0.1 is already in use")), "{why}");
    assert!(why.contains(&format!("(process {})", std::process::id())), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_dies_is_started_again() {
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    let (_, first) = hello(port).unwrap();
    kill(first);
    let (_, second) = until("it is back", || hello(port));
    assert_ne!(first, second);
    assert_eq!(bench.look(KIND, &made).await.unwrap().outputs, made.outputs);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_processes_share_plain_connections_and_a_canary_takes_over_from_them() {
    let (bench, port) = (Bench::new(), free_port());
    let two = |word| with(&serving(port, word), "processes", Value::number(2_i64));
    let made = bench.create(KIND, bench.op(), &two("one")).await.unwrap();
    let pids: std::collections::BTreeSet<i32> = (0..4).map(|_| hello(port).unwrap().1).collect();
    assert_eq!(pids.len(), 2, "both take connections");
    kill(*pids.first().unwrap());
    let answers: Vec<(String, i32)> = (0..4).filter_map(|_| hello(port)).collect();
    assert!(!answers.is_empty() && answers.iter().all(|(_, pid)| pid != pids.first().unwrap()), "{answers:?}");
    let canary = attributes! { "strategy": "canary", "steps": [50], "bake": "200ms" };
    bench.update(KIND, bench.op(), &made, &with(&two("two"), "traffic", canary)).await.unwrap();
    assert_eq!(hello(port).unwrap().0, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_tells_of_its_releases_and_their_processes() {
    let (bench, port) = (Bench::new(), free_port());
    let source = bench.folder(&[("word.txt", "first")]);
    let made = bench.create(KIND, bench.op(), &with(&serving(port, "one"), "source", source)).await.unwrap();
    let (_, first) = hello(port).unwrap();
    let told = status(&bench, &made);
    let release = &told["releases"][0];
    assert_eq!(told["format"], 2);
    assert!(told["since"].as_u64() > Some(1_700_000_000_000) && told["memory"].as_u64() > Some(100 << 10), "{told}");
    assert!(release["digest"].as_str().is_some_and(|digest| digest.len() == 64), "{told}");
    assert_eq!((&release["weight"], &release["requests"]), (&100.into(), &1.into()), "{told}");
    assert_eq!(release["processes"][0]["pid"], first);
    assert!(release["processes"][0]["memory"].as_u64() > Some(100 << 10), "{told}");
    kill(first);
    let (_, second) = until("it is back", || hello(port).filter(|(_, pid)| *pid != first));
    let process = &status(&bench, &made)["releases"][0]["processes"][0];
    assert_eq!((&process["pid"], &process["state"]), (&second.into(), &"ready".into()), "{process}");
    assert_eq!(process["restarts"], 1, "{process}");
    // Whether the connection of the first question is already gone is a matter of moments, and told.
    assert!(process["last_exit"].as_str().is_some_and(|exit| exit.starts_with("by signal 9")), "{process}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_restarted_fails_and_the_next_apply_starts_it() {
    let (bench, port) = (Bench::new(), free_port());
    let once = with(&serving(port, "one"), "restart", Value::string("never"));
    let made = bench.create(KIND, bench.op(), &once).await.unwrap();
    kill(hello(port).unwrap().1);
    let start = Instant::now();
    let seen = loop {
        let seen = bench.look(KIND, &made).await.unwrap();
        if seen.outputs.get("status") == Some(&Value::string("failing")) {
            break seen;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "its failure is never seen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(bench.plan(KIND, Some(&seen), &once).verdict, Verdict::Update);
    let mended = bench.update(KIND, bench.op(), &seen, &once).await.unwrap();
    assert_eq!(hello(port).unwrap().0, "one");
    assert_eq!(bench.plan(KIND, Some(&mended), &once).verdict, Verdict::Keep);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_supervisor_is_drift_and_its_child_does_not_outlive_the_next_apply() {
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    let (_, orphan) = hello(port).unwrap();
    kill(supervisor(&bench, &made));
    until("the supervisor is dead", || hello(port).is_none().then_some(()));
    assert!(is_alive(orphan));
    assert!(bench.look(KIND, &made).await.is_none(), "its absence is seen");
    let again = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    assert!(!is_alive(orphan), "never two");
    assert_ne!(hello(port).unwrap().1, orphan);
    assert_eq!(std::fs::read_dir(bench.path(".siac/services")).unwrap().count(), 1);
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert!(hello(port).is_some(), "deleting the one that is gone leaves the other alone");
    bench.delete(KIND, bench.op(), &again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_service_takes_the_child_of_a_killed_supervisor_with_it() {
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(port, "one")).await.unwrap();
    let (_, orphan) = hello(port).unwrap();
    kill(supervisor(&bench, &made));
    until("the supervisor is dead", || hello(port).is_none().then_some(()));
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert!(!is_alive(orphan));
}

/// The processes that carry the mark of a service.
#[cfg(target_os = "linux")]
fn marked(made: &Object) -> usize {
    let mark = format!("SIAC_SERVICE={}", made.remote);
    let environments = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
    environments.filter(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())).count()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_of_one_operation_make_one_service() {
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let op = bench.op();
    let call = |_| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.create(KIND, op, &serving(port, "one")).await })
    };
    let calls: Vec<_> = (0..6).map(call).collect();
    let mut made = None;
    for call in calls {
        made = Some(call.await.unwrap().unwrap());
    }
    assert_eq!(marked(&made.unwrap()), 1);
    assert!(hello(port).is_some());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_dies_leaves_one_service_that_is_found() {
    let (bench, port) = (Bench::new(), free_port());
    for patience in [1, 10, 30, 60, 120] {
        let op = bench.op();
        let wanted = serving(port, "one");
        let _ = tokio::time::timeout(Duration::from_millis(patience), bench.create(KIND, op, &wanted)).await;
        let made = bench.create(KIND, op, &wanted).await.unwrap();
        assert_eq!(marked(&made), 1, "after {patience} ms");
        assert_eq!(bench.find(KIND, op, &wanted).await.unwrap().len(), 1);
        bench.delete(KIND, bench.op(), &made).await.unwrap();
        assert_eq!(marked(&made), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_finds_the_very_files_again() {
    let bench = Bench::new();
    let (one, two) = (bench.folder(&[("word.txt", "first")]), bench.folder(&[("word.txt", "second")]));
    let of = |source: &Known| with(&serving(0, "x"), "source", source.clone());
    let made = bench.create(KIND, bench.op(), &of(&one)).await.unwrap();
    let url = made.outputs.get("url").unwrap().as_str().unwrap().to_owned();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let made = bench.update(KIND, bench.op(), &made, &of(&two)).await.unwrap();
    assert!(ask(port, "/").unwrap().ends_with("second"));
    let made = bench.update(KIND, bench.op(), &made, &of(&one)).await.unwrap();
    assert!(ask(port, "/").unwrap().ends_with("first"));
    assert_eq!(made.outputs.get("url").unwrap().as_str(), Some(url.as_str()), "any port stays the same one");
    assert_eq!(std::fs::read_dir(bench.path(".siac/releases")).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_can_move_to_another_port() {
    let (bench, old, new) = (Bench::new(), free_port(), free_port());
    let made = bench.create(KIND, bench.op(), &serving(old, "one")).await.unwrap();
    let planned = bench.plan(KIND, Some(&made), &serving(new, "one"));
    assert_eq!(planned.outputs.get("url").unwrap().as_str(), Some(format!("http://127.0.0.1:{new}").as_str()));
    let moved = bench.update(KIND, bench.op(), &made, &serving(new, "one")).await.unwrap();
    assert!(hello(new).is_some() && hello(old).is_none());
    let everywhere = with(&serving(new, "one"), "host", Value::string("0.0.0.0"));
    bench.update(KIND, bench.op(), &moved, &everywhere).await.unwrap();
    assert!(hello(new).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_stop_is_killed() {
    let (bench, port) = (Bench::new(), free_port());
    let program = env!("CARGO_BIN_EXE_siac-local-process");
    let stubborn = format!("trap '' TERM; '{program}' serve & wait; wait");
    let stubborn =
        with(&serving(port, "one"), "command", attributes! { "c": ["sh", "-c", stubborn] }.get("c").unwrap().clone());
    let stubborn = with(&stubborn, "stop_grace", Value::string("300ms"));
    let made = bench.create(KIND, bench.op(), &stubborn).await.unwrap();
    let (_, grandchild) = hello(port).unwrap();
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert!(!is_alive(grandchild), "the whole group has ended");
}

fn everything(folder: &std::path::Path, found: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => everything(&path, found),
            path => found.extend(std::fs::read(path).unwrap_or_default()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_service_are_written_nowhere() {
    let bench = Bench::new();
    let environment = Value::map([("TOKEN", secret("hunter2-canary"))]);
    let made = bench.create(KIND, bench.op(), &with(&serving(0, "x"), "environment", environment)).await.unwrap();
    let log = made.outputs.get("log_path").unwrap().as_str().unwrap().to_owned();
    until("the log says something", || bench.text(&log).contains("the token is (sensitive value)").then_some(()));
    let observed = bench.provider.read(&bench.call(KIND, bench.op()), &made).await.unwrap().unwrap();
    assert!(observed.inputs.get("environment").is_none(), "what holds a secret is left as remembered");
    let mut bytes = Vec::new();
    everything(&bench.root(), &mut bytes);
    assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
}

#[test]
fn what_cannot_be_probed_or_run_is_refused_early() {
    let bench = Bench::new();
    let wrong = [
        ("health", attributes! { "path": "health" }),
        ("health", attributes! { "within": "1d" }),
        ("stop_grace", Value::string("1h")),
        ("timeout", Value::string("1s")),
        ("cors", attributes! { "origins": ["*"] }),
        ("traffic", attributes! { "strategy": "canary", "bake": "30m" }),
    ];
    for (name, value) in wrong {
        let wanted = with(&serving(0, "x"), name, value);
        assert!(bench.provider.validate(Mode::Managed, KIND, &wanted.open()).has_errors());
    }
    assert!(!bench.provider.validate(Mode::Managed, KIND, &serving(0, "x").open()).has_errors());
}

/// The sample service of the repository, as an artifact.
fn hello_service(bench: &Bench) -> Known {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../services/hello/");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    bench.folder(&[("server.js", &read("server.js")), ("package.json", &read("package.json"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_service_runs() {
    if std::process::Command::new("node").arg("--version").output().is_err() {
        println!("skipped: this test needs node on PATH");
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let wanted = attributes! {
        "command": ["node", "server.js"],
        "port": port,
        "environment": { "GREETING": "good day" },
        "health": { "path": "/health", "within": "20s" },
    };
    let wanted = with(&wanted, "source", hello_service(&bench));
    let made = bench.create(KIND, bench.op(), &wanted).await.unwrap();
    assert!(ask(port, "/").unwrap().contains("good day"));
    let start = Instant::now();
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(8), "it stops when asked, and is not killed after its grace");
}

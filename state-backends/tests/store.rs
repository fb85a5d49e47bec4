//! The sealed store on real files, with real keys, among real processes that are really killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use siac_core::model::event::Fact;
use siac_core::model::snapshot::Snapshot;
use siac_core::ports::{Clock, Entropy};
use siac_engine::journal::Journal;
use siac_engine::store::{Parts, Purpose, Session, Store, StoreError, Takeover, Wait, Writer};
use siac_state_backends::key_file::KeyFile;
use siac_state_backends::local::LocalDirectory;

struct Machine(Instant);

#[async_trait]
impl Clock for Machine {
    fn now(&self) -> String {
        "2026-11-20T21:00:00.000Z".to_owned()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        // Whoever waits for the lock here waits for tests, not for people.
        tokio::time::sleep(duration / 20).await;
    }
}

impl Entropy for Machine {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the kernel gives random numbers");
    }
}

/// The store of the one stack below a folder; its key is made by whoever comes first.
fn open(folder: &Path) -> Store {
    let directory = LocalDirectory::open(folder.join("state"), true).expect("the folder opens");
    let key = folder.join("siac.key");
    let key = KeyFile::open(&key).or_else(|_| KeyFile::create(&key)).expect("there is a key");
    let machine = || Machine(Instant::now());
    Store::open(Parts {
        stack: "shop".into(),
        backend: folder.display().to_string(),
        register: Arc::new(directory.clone()),
        blobs: Arc::new(directory),
        keys: vec![Arc::new(key)],
        clock: Arc::new(machine()),
        entropy: Arc::new(machine()),
        writer: Writer { who: "test".into(), process: std::process::id(), ..Writer::default() },
        witness: Some(folder.join("witness")),
        accept_rollback: false,
    })
}

async fn acquire(store: &Store, seconds: u64) -> Result<Session, StoreError> {
    let wait = Wait { timeout: Duration::from_secs(seconds), takeover: Takeover::Automatic };
    store.acquire(Purpose::Apply, &wait, &mut |_| {}).await
}

fn fact(text: &str) -> Vec<Fact> {
    vec![Fact::UndoBegan { because: text.to_owned() }]
}

/// Another run of siac: this very test, told by its environment what to do.
struct Run(Child, BufReader<std::process::ChildStdout>);

const ROLE: &str = "SIAC_TEST_RUN";

impl Run {
    fn start(role: &str, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "another_run", "--nocapture", "--quiet"])
            .env(ROLE, format!("{role}\n{}", folder.display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self(child, output)
    }

    /// Waits until it says so.
    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.1.read_line(&mut line).expect("it can be read") > 0, "it ended without saying `{word}`");
        }
    }

    fn finish(mut self) {
        assert!(self.0.wait().expect("it ends").success());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs only as a process of its own, started by the tests below.
#[tokio::test]
async fn another_run() {
    let Ok(told) = std::env::var(ROLE) else { return };
    let (role, folder) = told.split_once('\n').expect("a role and a folder");
    let store = open(Path::new(folder));
    match role {
        "publish" => {
            for _ in 0..3 {
                let mut session = acquire(&store, 6_000).await.expect("the lock comes free");
                session.append(&fact("begun")).await.expect("the journal takes it");
                session.publish(Snapshot::empty("shop")).await.expect("it is published");
            }
        }
        _ => {
            let mut session = acquire(&store, 0).await.expect("the lock is free");
            session.append(&fact("intent")).await.expect("the journal takes it");
            writeln!(std::io::stdout().lock(), "\nappended").expect("someone listens");
            std::future::pending::<()>().await;
        }
    }
}

#[tokio::test]
async fn a_run_that_is_killed_is_succeeded_at_once_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for round in 1..=3_u64 {
        let mut run = Run::start("die", folder.path());
        run.wait_for("appended");
        assert!(matches!(acquire(&store, 0).await, Err(StoreError::Held { .. })), "it lives");
        drop(run);
        let started = Instant::now();
        let mut session = acquire(&store, 0).await.expect("the dead hold nothing");
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(session.unmerged(), fact("intent"));
        assert!(session.took_over().is_some());
        let published = session.publish(Snapshot::empty("shop")).await.expect("it is published");
        assert_eq!(published.snapshot.serial, round);
    }
    assert_eq!(store.verify_all().await.expect("HEAD is in order").problems, Vec::<String>::new());
}

#[tokio::test]
async fn many_runs_at_once_publish_one_after_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let runs: Vec<_> = (0..4).map(|_| Run::start("publish", folder.path())).collect();
    runs.into_iter().for_each(Run::finish);
    let history = store.history().await.expect("it can be read");
    assert_eq!(history.iter().map(|entry| entry.serial).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert_eq!(store.verify_all().await.expect("HEAD is in order").problems, Vec::<String>::new());
}

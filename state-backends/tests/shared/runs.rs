//! Other runs of siac: this very program, told by its environment what to do.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use siac_core::ports::{Clock, Entropy};

use crate::places::{Place, told};
use crate::{contention, migration};

/// What a run is told: a role, a number, and the places that it works with, as JSON.
const TASK: &str = "SIAC_TEST_TASK";

/// The clock and the dice of this machine.
pub struct Machine(pub Instant);

#[async_trait]
impl Clock for Machine {
    fn now(&self) -> String {
        "2026-11-21T12:00:00.000Z".to_owned()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Entropy for Machine {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the kernel gives random numbers");
    }
}

/// A process that does one task and is killed when it is dropped.
pub struct Run {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Run {
    pub fn start(role: &str, number: u64, places: &[&Place]) -> Self {
        let places: Vec<_> = places.iter().map(|place| place.words()).collect();
        let task = serde_json::json!({ "role": role, "number": number, "places": places });
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "runs::another_run", "--nocapture", "--quiet"])
            .env(TASK, task.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, output }
    }

    /// Everything that it says until it ends: what follows each of these words.
    pub fn hear(mut self, words: &[&str]) -> Vec<(String, String)> {
        let mut heard = Vec::new();
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("it can be read") > 0 {
            let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
            if words.contains(&word) {
                heard.push((word.to_owned(), rest.to_owned()));
            }
            line.clear();
        }
        heard
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the test that started this run.
pub fn say(words: &str) {
    writeln!(std::io::stdout().lock(), "\n{words}").expect("someone listens");
}

/// Ends this process as `kill -9` does.
pub fn die() -> ! {
    let killed = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    unreachable!("killed, and still there: {killed:?}");
}

/// Runs only as a process of its own.
#[tokio::test]
async fn another_run() {
    let Ok(task) = std::env::var(TASK) else { return };
    let task: serde_json::Value = serde_json::from_str(&task).expect("a task");
    let places: Vec<Place> = task["places"].as_array().expect("places").iter().map(told).collect();
    let number = task["number"].as_u64().expect("a number");
    match (task["role"].as_str(), &places[..]) {
        (Some("contend"), [place]) => contention::contend(place, number).await,
        (Some("migrate"), [from, to]) => migration::migrate_and_die(from, to, number).await,
        other => panic!("what is to be done? {other:?}"),
    }
}

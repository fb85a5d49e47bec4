//! Many processes and one register: each epoch has one winner.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use siac_core::ports::{Hold, StoreFault};

use super::Cloud;
use crate::places;

/// How many processes contend, and for how many epochs.
const PROCESSES: usize = 64;
const EPOCHS: u64 = 12;

/// Runs only as a process of its own, started by the test below: takes epochs until all are taken, and says which were its own.
#[tokio::test]
async fn taker() {
    let Ok(place) = std::env::var("SIAC_TEST_TAKE") else { return };
    let (register, _) = places::of(&place);
    let me = std::process::id();
    register.read().await.expect("the connection stands before the race begins");
    println!("\nready");
    std::io::stdin().read_line(&mut String::new()).expect("the start");
    loop {
        let read = register.read().await.expect("it can be read");
        let (bytes, version) = read.map_or((b"0 -".to_vec(), None), |(bytes, version)| (bytes, Some(version)));
        let text = String::from_utf8(bytes).expect("text");
        let epoch: u64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
        if epoch >= EPOCHS {
            return;
        }
        let next = format!("{} {me}", epoch + 1).into_bytes();
        match register.cas(version.as_ref(), next, Hold::Take).await {
            Ok(_) => println!("won {}", epoch + 1),
            Err(StoreFault::Conflict) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
}

/// A process that is ready to take.
fn start(place: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "aws::contention::taker", "--nocapture", "--quiet"])
        .env("SIAC_TEST_TAKE", place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while line.trim() != "ready" {
        line.clear();
        assert!(output.read_line(&mut line).expect("it can be read") > 0, "it ended before the start");
    }
    (child, output)
}

/// Epochs and how often each was won.
fn race(place: &str) -> BTreeMap<u64, usize> {
    let mut takers: Vec<_> = (0..PROCESSES).map(|_| start(place)).collect();
    for (child, _) in &mut takers {
        child.stdin.take().expect("a pipe").write_all(b"go\n").expect("it listens");
    }
    let mut won = BTreeMap::new();
    for (mut child, output) in takers {
        for line in output.lines() {
            let line = line.expect("it can be read");
            if let Some(epoch) = line.strip_prefix("won ") {
                *won.entry(epoch.parse().expect("a number")).or_default() += 1;
            }
        }
        assert!(child.wait().expect("it ends").success());
    }
    won
}

#[tokio::test]
async fn of_64_processes_one_wins_each_epoch() {
    let cloud = Cloud::new().await;
    for row in cloud.rows() {
        let won = race(row.place.as_deref().expect("words"));
        assert_eq!(won, (1..=EPOCHS).map(|epoch| (epoch, 1)).collect(), "{}", row.name);
    }
}

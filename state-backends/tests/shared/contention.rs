//! Sixty-four processes and one lock. Some are killed while they hold it.

use std::collections::BTreeSet;

use siac_core::model::event::Fact;
use siac_core::model::snapshot::Snapshot;
use siac_engine::journal::Journal;

use crate::places::{Place, World, acquire, fact};
use crate::runs::{Run, die, say};

/// How many contend, and every which of them is killed.
const RUNS: u64 = 64;
const KILLED: u64 = 8;

/// How long a run waits for the lock, in seconds. The last of them waits for all others.
const PATIENCE: u64 = 600;

/// Takes the lock once, says in which epoch and what others had left, and publishes; or is killed with an intent in its journal.
pub async fn contend(place: &Place, number: u64) {
    let mut session = acquire(&place.store(), PATIENCE).await.expect("the lock comes free");
    say(&format!("epoch {}", session.epoch()));
    for left in session.unmerged() {
        let Fact::UndoBegan { because } = left else { continue };
        say(&format!("found {because}"));
    }
    session.append(&[fact(&number.to_string())]).await.expect("the journal takes it");
    if number.is_multiple_of(KILLED) {
        die();
    }
    session.publish(Snapshot::empty("shop")).await.expect("it is published");
    say("published");
}

/// What all runs said, of one kind, as numbers.
fn numbers(heard: &[(String, String)], word: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> =
        heard.iter().filter(|(said, _)| said == word).map(|(_, rest)| rest.parse().expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn of_sixty_four_processes_one_wins_each_epoch_and_the_killed_hold_up_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(folder.path()).await;
    for place in &world.places {
        let begun = std::time::Instant::now();
        let runs: Vec<_> = (0..RUNS).map(|number| Run::start("contend", number, &[place])).collect();
        let heard: Vec<_> = runs.into_iter().flat_map(|run| run.hear(&["epoch", "found", "published"])).collect();
        println!("{}: {RUNS} processes, {} killed, {:.1} s", place.name, RUNS / KILLED, begun.elapsed().as_secs_f64());
        let epochs = numbers(&heard, "epoch");
        assert_eq!(epochs.len() as u64, RUNS, "{}", place.name);
        assert_eq!(epochs.iter().collect::<BTreeSet<_>>().len() as u64, RUNS, "{}: {epochs:?}", place.name);
        let last = acquire(&place.store(), 0).await.expect("nobody alive holds it");
        let left = last.unmerged().iter().filter(|fact| matches!(fact, Fact::UndoBegan { .. })).count() as u64;
        last.release(siac_engine::store::Leaving::Dirty).await.expect("it is given back");
        let found = numbers(&heard, "found");
        let distinct: BTreeSet<_> = found.iter().copied().collect();
        assert!(distinct.iter().all(|number| number.is_multiple_of(KILLED)), "{}: {found:?}", place.name);
        assert_eq!(distinct.len() as u64 + left, RUNS / KILLED, "{}: each intent of the killed is found", place.name);
        let published = heard.iter().filter(|(word, _)| word == "published").count() as u64;
        assert_eq!(published, RUNS - RUNS / KILLED, "{}", place.name);
        let history = place.store().history().await.expect("it can be read");
        assert_eq!(history.iter().map(|entry| entry.serial).collect::<Vec<_>>(), (1..=published).collect::<Vec<_>>());
        assert_eq!(place.store().verify_all().await.expect("HEAD is in order").problems, Vec::<String>::new());
    }
}

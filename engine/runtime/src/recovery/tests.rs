use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_test_kit::cloud::mishap::{Mishap, Mishaps};
use siac_test_kit::cloud::{CloudVerb, Effect};
use siac_test_kit::network::Strike;
use siac_test_kit::process::Life;

use crate::trial::{Trial, address, create, delete, inputs, plan, update};

const KINDS: [&str; 4] = ["fake_token", "fake_put", "fake_name", "fake_tag"];

/// Every way in which a run can die around one request.
fn deaths() -> [Strike; 4] {
    let seconds = Duration::from_secs;
    [Strike::Before, Strike::After, Strike::InFlight(seconds(2)), Strike::InFlight(seconds(25))]
}

/// A run dies at its only cloud call; recovery finds out what is true. Answers with how many objects exist.
fn die_and_recover(trial: &mut Trial, step: siac_core::model::plan::Step, death: Strike) -> usize {
    let life = trial.execute_struck(plan(vec![step]), [(0, death)]);
    assert!(matches!(life, Life::Died), "{death}");
    let recovered = trial.recover();
    assert!(recovered.is_settled(), "{death}: {:?}", recovered.open);
    assert!(recovered.unknown.is_empty(), "{death}");
    trial.network.settle();
    trial.cloud.assert_matches(&recovered.snapshot);
    assert!(trial.cloud.repeated_operations().is_empty(), "{death}");
    trial.cloud.objects().len()
}

#[test]
fn a_create_is_known_after_any_death() {
    for kind in KINDS {
        for death in deaths() {
            let mut trial = Trial::new();
            let objects = die_and_recover(&mut trial, create(kind, "a", inputs("a", 1), &[]), death);
            assert!(objects <= 1, "{kind}, {death}");
        }
    }
}

#[test]
fn an_update_and_a_delete_are_known_after_any_death() {
    for kind in KINDS {
        for death in deaths() {
            for step in [update(kind, "a", inputs("a", 2), &[]), delete(kind, "a", &[])] {
                let mut trial = Trial::new();
                let made = trial.execute(plan(vec![create(kind, "a", inputs("a", 1), &[])]));
                assert_eq!(made.status, Status::Complete);
                trial.paper.batches.lock().unwrap().clear();
                die_and_recover(&mut trial, step, death);
            }
        }
    }
}

#[test]
fn what_cannot_be_found_again_is_reported_and_never_repeated() {
    let mut trial = Trial::new();
    let life = trial.execute_struck(plan(vec![create("fake_nothing", "a", inputs("a", 1), &[])]), [(0, Strike::After)]);
    assert!(matches!(life, Life::Died));
    let recovered = trial.recover();
    assert_eq!((recovered.unknown.len(), recovered.is_settled()), (1, true));
    assert_eq!(recovered.snapshot.unsettled.len(), 1);
    let again = trial.recover();
    assert_eq!((again.found, again.unknown.len()), (0, 1), "it is settled, and still not known");
    let made = trial.cloud.log().iter().filter(|entry| entry.effect == Effect::Made).count();
    assert_eq!(made, 1);
}

#[test]
fn a_call_that_said_how_to_go_on_is_resumed() {
    let step = || create("fake_long", "a", inputs("a", 1), &[]);
    // The second exchange comes after the checkpoint: what the first one made is found through it.
    for death in deaths() {
        let mut trial = Trial::new();
        let life = trial.execute_struck(plan(vec![step()]), [(1, death)]);
        assert!(matches!(life, Life::Died), "{death}");
        let recovered = trial.recover();
        assert!(recovered.is_settled() && recovered.unknown.is_empty(), "{death}");
        assert!(recovered.snapshot.object(&address("fake_long", "a")).is_some());
        trial.cloud.assert_matches(&recovered.snapshot);
    }
    let mut trial = Trial::new();
    assert!(matches!(trial.execute_struck(plan(vec![step()]), [(0, Strike::After)]), Life::Died));
    assert_eq!(trial.recover().unknown.len(), 1, "without a checkpoint nobody can tell");
}

#[test]
fn a_cloud_that_does_not_answer_leaves_the_call_open_for_the_next_run() {
    let mut trial = Trial::new();
    let life = trial.execute_struck(plan(vec![create("fake_name", "a", inputs("a", 1), &[])]), [(0, Strike::After)]);
    assert!(matches!(life, Life::Died));
    let a = address("fake_name", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Find, 0, Mishap::Transient, 1_000));
    let recovered = trial.recover();
    assert!(!recovered.is_settled());
    assert!(recovered.open[0].1.contains("busy"), "{:?}", recovered.open);
    trial.cloud.set_mishaps(Mishaps::none());
    let recovered = trial.recover();
    assert!(recovered.is_settled());
    trial.cloud.assert_matches(&recovered.snapshot);
}

#[test]
fn many_open_calls_wait_for_the_drain_together() {
    let mut trial = Trial::new();
    let names: Vec<String> = (0..8).map(|number| format!("r{number}")).collect();
    let steps = names.iter().map(|name| create("fake_name", name, inputs(name, 1), &[])).collect();
    let life = trial.execute_struck(plan(steps), [(7, Strike::After)]);
    assert!(matches!(life, Life::Died));
    let before = trial.network.clock().elapsed();
    let recovered = trial.recover();
    assert_eq!(recovered.found, 8);
    trial.cloud.assert_matches(&recovered.snapshot);
    let waited = trial.network.clock().elapsed() - before;
    assert!(waited < Duration::from_secs(40), "{waited:?}");
}

#[test]
fn a_recovery_without_open_calls_asks_nothing() {
    let mut trial = Trial::new();
    trial.execute(plan(vec![create("fake_token", "a", inputs("a", 1), &[])]));
    let calls = trial.cloud.log().len();
    let appends = trial.paper.appends();
    let recovered = trial.recover();
    assert_eq!((recovered.found, trial.cloud.log().len(), trial.paper.appends()), (0, calls, appends));
}

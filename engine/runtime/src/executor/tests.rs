use std::sync::atomic::Ordering;
use std::time::Duration;

use siac_core::model::event::Fact;
use siac_core::model::snapshot::Status;
use siac_core::model::stack::OnFailure;
use siac_core::model::value::Value;
use siac_test_kit::cloud::mishap::{Mishap, Mishaps};
use siac_test_kit::cloud::{CloudVerb, Effect};
use siac_test_kit::process::Life;

use crate::journal::JournalFault;
use crate::stop::StopLevel;
use crate::trial::{Trial, address, create, delete, inputs, linked, plan, update};

/// Creates of these kinds, independent of each other.
fn creates(kinds: &[&str]) -> siac_core::model::plan::Plan {
    plan(kinds.iter().map(|kind| create(kind, "a", inputs("a", 1), &[])).collect())
}

#[test]
fn a_chain_is_made_in_order_and_its_links_are_filled_in() {
    let mut trial = Trial::new();
    let a = address("fake_token", "a");
    let steps = vec![create("fake_token", "a", inputs("a", 1), &[]), create("fake_name", "b", linked("b", &a), &[0])];
    let executed = trial.execute(plan(steps));
    assert_eq!((executed.status, executed.failures.len()), (Status::Complete, 0));
    trial.cloud.assert_matches(&trial.snapshot);
    let id = &trial.snapshot.object(&a).unwrap().remote;
    let b = trial.snapshot.object(&address("fake_name", "b")).unwrap();
    assert_eq!(b.inputs.get("link"), Some(&Value::string(id.clone())));
    assert_eq!(b.configured.holes().len(), 1, "what is wanted stays a reference");
}

#[test]
fn many_facts_share_an_append() {
    let mut trial = Trial::new();
    let names: Vec<String> = (0..200).map(|number| format!("r{number}")).collect();
    let steps = names.iter().map(|name| create("fake_token", name, inputs(name, 1), &[])).collect();
    trial.parallelism = 50;
    assert_eq!(trial.execute(plan(steps)).status, Status::Complete);
    let facts = trial.paper.facts();
    assert_eq!(facts.len(), 2 * 200 + 2, "an intent and an outcome each, a beginning and an end");
    assert!(trial.paper.appends() < 30, "{} appends", trial.paper.appends());
    trial.cloud.assert_matches(&trial.snapshot);
}

#[test]
fn an_intent_is_durable_before_the_cloud_hears_of_it() {
    let mut trial = Trial::new();
    trial.execute(creates(&["fake_token", "fake_put"]));
    let facts = trial.paper.facts();
    for entry in trial.cloud.log() {
        let is_intent = |fact: &&Fact| matches!(fact, Fact::Intended(intent) if intent.op == entry.op);
        assert_eq!(facts.iter().filter(is_intent).count(), 1, "{entry:?}");
    }
}

#[test]
fn lost_answers_are_settled_by_class_without_a_second_object() {
    let kinds = ["fake_token", "fake_put", "fake_name", "fake_tag", "fake_secret"];
    let mut trial = Trial::new();
    let lost = kinds.iter().fold(Mishaps::script(), |script, kind| {
        script.then(&address(kind, "a"), CloudVerb::Create, 0, Mishap::LostAnswer, 1)
    });
    trial.cloud.set_mishaps(lost);
    assert_eq!(trial.execute(creates(&kinds)).status, Status::Complete);
    trial.cloud.assert_matches(&trial.snapshot);
    assert_eq!(trial.cloud.objects().len(), kinds.len());
    assert!(trial.cloud.repeated_operations().is_empty());
}

#[test]
fn a_request_that_arrives_after_its_timeout_makes_no_second_object() {
    let kinds = ["fake_token", "fake_put", "fake_name", "fake_tag"];
    for kind in kinds {
        let mut trial = Trial::new();
        let late = Mishap::Late(Duration::from_secs(25));
        trial.cloud.set_mishaps(Mishaps::script().then(&address(kind, "a"), CloudVerb::Create, 0, late, 1));
        let executed = trial.execute(creates(&[kind]));
        assert_eq!(executed.status, Status::Complete, "{kind}: {:?}", executed.failures);
        trial.network.settle();
        trial.cloud.assert_matches(&trial.snapshot);
        assert_eq!(trial.cloud.objects().len(), 1, "{kind}");
    }
}

#[test]
fn updates_and_deletes_whose_answers_are_lost_are_settled() {
    for kind in ["fake_token", "fake_put", "fake_name", "fake_tag"] {
        let mut trial = Trial::new();
        let both = vec![create(kind, "a", inputs("a", 1), &[]), create(kind, "b", inputs("b", 1), &[])];
        trial.execute(plan(both));
        let (a, b) = (address(kind, "a"), address(kind, "b"));
        let lost = Mishaps::script().then(&a, CloudVerb::Update, 0, Mishap::LostAnswer, 1);
        trial.cloud.set_mishaps(lost.then(&b, CloudVerb::Delete, 0, Mishap::LostAnswer, 1));
        let steps = vec![update(kind, "a", inputs("a", 2), &[]), delete(kind, "b", &[])];
        let executed = trial.execute(plan(steps));
        assert_eq!(executed.status, Status::Complete, "{kind}: {:?}", executed.failures);
        trial.cloud.assert_matches(&trial.snapshot);
        assert_eq!(trial.cloud.objects().len(), 1);
    }
}

#[test]
fn what_cannot_be_found_again_stays_unknown_and_its_dependents_do_not_start() {
    let mut trial = Trial::new();
    let a = address("fake_nothing", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Create, 0, Mishap::LostAnswer, 1));
    let steps =
        vec![create("fake_nothing", "a", inputs("a", 1), &[]), create("fake_token", "b", linked("b", &a), &[0])];
    let executed = trial.execute(plan(steps));
    assert_eq!((executed.status, executed.unknown.len()), (Status::UndoIncomplete, 1));
    assert_eq!(trial.snapshot.unsettled.len(), 1);
    assert_eq!(trial.cloud.log().len(), 1, "nothing else was called");
}

#[test]
fn a_checkpoint_is_durable_before_the_call_goes_on_and_is_used_when_an_answer_is_lost() {
    let mut trial = Trial::new();
    let a = address("fake_long", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Read, 0, Mishap::LostAnswer, 1));
    let executed = trial.execute(creates(&["fake_long"]));
    assert_eq!(executed.status, Status::Complete, "{:?}", executed.failures);
    trial.cloud.assert_matches(&trial.snapshot);
    assert_eq!(trial.cloud.objects().len(), 1);
    let place = |is: fn(&Fact) -> bool| trial.paper.facts().iter().position(is);
    let saved = place(|fact| matches!(fact, Fact::Checkpointed { .. })).expect("a checkpoint is in the journal");
    assert!(Some(saved) < place(|fact| matches!(fact, Fact::Settled { .. })));
}

#[test]
fn throttling_and_passing_failures_are_waited_out_under_one_operation() {
    let mut trial = Trial::new();
    let a = address("fake_token", "a");
    let script = Mishaps::script().then(&a, CloudVerb::Create, 0, Mishap::Throttled, 2);
    let script = script.then(&a, CloudVerb::Create, 0, Mishap::NotYet, 1);
    trial.cloud.set_mishaps(script.then(&a, CloudVerb::Create, 0, Mishap::Transient, 1));
    assert_eq!(trial.execute(creates(&["fake_token"])).status, Status::Complete);
    let is_intent = |fact: &&Fact| matches!(fact, Fact::Intended(_));
    assert_eq!(trial.paper.facts().iter().filter(is_intent).count(), 1);
    trial.cloud.assert_matches(&trial.snapshot);
}

#[test]
fn patience_ends() {
    let mut trial = Trial::new();
    trial.cloud.set_mishaps(Mishaps::script().then_all(Mishap::Transient, 1_000));
    let executed = trial.execute(creates(&["fake_token"]));
    assert_eq!(executed.status, Status::RolledBack);
    assert!(executed.failures[0].why.contains("given up after 12 attempts"), "{:?}", executed.failures);
}

#[test]
fn a_provider_that_panics_or_hangs_fails_alone() {
    for mishap in [Mishap::Panic, Mishap::Hang] {
        let mut trial = Trial::new();
        let a = address("fake_token", "a");
        trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Create, 0, mishap, 1));
        let executed = trial.execute(creates(&["fake_token", "fake_put"]));
        assert_eq!(executed.status, Status::Complete, "{mishap:?}: {:?}", executed.failures);
        trial.cloud.assert_matches(&trial.snapshot);
    }
}

#[test]
fn a_failure_is_rolled_back() {
    let mut trial = Trial::new();
    trial.execute(plan(vec![create("fake_token", "a", inputs("a", 1), &[])]));
    let before = trial.snapshot.records.clone();
    let c = address("fake_token", "c");
    trial.cloud.set_mishaps(Mishaps::script().then(&c, CloudVerb::Create, 0, Mishap::Rejected, 1));
    let steps = vec![
        update("fake_token", "a", inputs("a", 2), &[]),
        create("fake_name", "b", inputs("b", 1), &[0]),
        create("fake_token", "c", inputs("c", 1), &[1]),
    ];
    let executed = trial.execute(plan(steps));
    assert_eq!((executed.status, executed.failures.len()), (Status::RolledBack, 1));
    trial.cloud.assert_matches(&trial.snapshot);
    let size = |records: &std::collections::BTreeMap<_, siac_core::model::snapshot::Record>| {
        records[&address("fake_token", "a")].object.as_ref().unwrap().inputs.clone()
    };
    assert_eq!(size(&trial.snapshot.records), size(&before));
    assert_eq!(trial.snapshot.records.len(), 1);
}

#[test]
fn a_half_made_object_is_recorded_and_undone() {
    let mut trial = Trial::new();
    let a = address("fake_token", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Create, 0, Mishap::Partial, 1));
    let halted = siac_core::model::plan::Plan { on_failure: OnFailure::Halt, ..creates(&["fake_token"]) };
    assert_eq!(trial.execute(halted).status, Status::Halted);
    assert!(trial.snapshot.object(&a).unwrap().tainted);
    trial.cloud.assert_matches(&trial.snapshot);
}

#[test]
fn a_journal_that_fails_once_stops_new_steps_and_loses_nothing() {
    let mut trial = Trial::new();
    trial.paper.fails_after.store(2, Ordering::SeqCst);
    trial.paper.failures.store(3, Ordering::SeqCst);
    let a = address("fake_token", "a");
    let steps = vec![create("fake_token", "a", inputs("a", 1), &[]), create("fake_token", "b", linked("b", &a), &[0])];
    let executed = trial.execute(plan(steps));
    assert_eq!((executed.status, executed.open.len()), (Status::Interrupted, 0));
    assert!(executed.unwritten.is_none());
    trial.cloud.assert_matches(&trial.snapshot);
    let made = trial.cloud.log().iter().filter(|entry| entry.effect == Effect::Made).count();
    assert_eq!(made, 1, "the second step did not start");
}

#[test]
fn a_journal_that_stays_broken_hands_its_facts_to_the_caller() {
    let mut trial = Trial::new();
    trial.paper.fails_after.store(1, Ordering::SeqCst);
    trial.paper.failures.store(usize::MAX, Ordering::SeqCst);
    let executed = trial.execute(creates(&["fake_token"]));
    let unwritten = executed.unwritten.expect("facts are left");
    assert!(matches!(unwritten.fault, JournalFault::Failed(_)));
    assert!(trial.network.clock().elapsed() >= Duration::from_secs(60));
    let written = trial.paper.facts();
    let facts = written.iter().chain(&unwritten.facts);
    let ledger = siac_core::deployment::Ledger::replay(siac_core::model::snapshot::Snapshot::empty("trial"), facts);
    trial.cloud.assert_matches(&ledger.snapshot);
    assert!(ledger.open.is_empty());
}

#[test]
fn a_run_that_was_taken_over_makes_no_further_call() {
    let mut trial = Trial::new();
    trial.paper.is_fenced.store(true, Ordering::SeqCst);
    let executed = trial.execute(creates(&["fake_token"]));
    assert!(matches!(executed.unwritten.unwrap().fault, JournalFault::Fenced));
    assert!(trial.cloud.log().is_empty());
}

#[test]
fn a_holder_without_a_sign_of_life_starts_nothing() {
    let mut trial = Trial::new();
    trial.paper.may_not_call.store(true, Ordering::SeqCst);
    let executed = trial.execute(creates(&["fake_token"]));
    assert_eq!(executed.status, Status::Interrupted);
    assert!(trial.cloud.log().is_empty());
}

#[test]
fn the_first_interrupt_lets_running_calls_finish() {
    let mut trial = Trial::new();
    let a = address("fake_token", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Create, 0, Mishap::Late(Duration::from_secs(6)), 1));
    let steps = vec![create("fake_token", "a", inputs("a", 1), &[]), create("fake_token", "b", linked("b", &a), &[0])];
    let life = trial.execute_while(plan(steps), [], |switch| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        switch.ask(StopLevel::Drain);
    });
    let Life::Finished(executed) = life else { panic!("{life:?}") };
    assert_eq!((executed.status, executed.open.len()), (Status::Interrupted, 0));
    trial.cloud.assert_matches(&trial.snapshot);
    assert_eq!(trial.cloud.objects().len(), 1);
}

#[test]
fn the_second_interrupt_leaves_calls_to_recovery() {
    let mut trial = Trial::new();
    let base = trial.snapshot.clone();
    let a = address("fake_name", "a");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Create, 0, Mishap::Late(Duration::from_secs(6)), 1));
    let life = trial.execute_while(creates(&["fake_name"]), [], |switch| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        switch.ask(StopLevel::Drain);
        switch.ask(StopLevel::Now);
    });
    let Life::Finished(executed) = life else { panic!("{life:?}") };
    assert_eq!((executed.status, executed.open.len()), (Status::Interrupted, 1));
    assert!(trial.network.clock().elapsed() < Duration::from_secs(3), "it stopped at once");
    trial.snapshot = base;
    let recovered = trial.recover();
    assert!(recovered.is_settled());
    assert_eq!(recovered.found, 1);
    trial.cloud.assert_matches(&recovered.snapshot);
    assert_eq!(trial.cloud.objects().len(), 1);
}

use super::*;
use crate::model::identity::Digest;
use crate::model::path::Path;
use crate::model::plan::StepId;
use crate::model::schema::RecoveryClass;
use crate::model::secret::Secret;
use crate::model::snapshot::Status;
use crate::model::stack::Lifecycle;
use crate::model::types::Type;
use crate::model::value::Known;

fn address(name: &str) -> ResourceAddress {
    ResourceAddress::managed("fake", name)
}

fn op(number: u8) -> OpId {
    OpId([number; 16])
}

fn intent(number: u8, name: &str, verb: Verb) -> Intent {
    Intent {
        op: op(number),
        step: StepId(0),
        undoing: false,
        address: address(name),
        provider: "fake".into(),
        verb,
        inputs: Value::map([("size", Value::number(1_i64))]),
        remote: None,
        deposed: None,
        becoming: Some(Becoming {
            configured: Value::map([("size", Value::number(1_i64))]),
            dependencies: Vec::new(),
            lifecycle: Lifecycle::default(),
            schema_version: 3,
        }),
        class: RecoveryClass::Token,
    }
}

fn observation(remote: &str) -> Observation {
    Observation {
        remote: remote.into(),
        inputs: Value::map([("size", Value::number(1_i64))]),
        sent: BTreeMap::new(),
        outputs: Value::map([("id", Value::string(remote))]),
        secrets: BTreeMap::new(),
        private: vec![7],
    }
}

fn settled(number: u8, outcome: Outcome) -> Fact {
    Fact::Settled { op: op(number), outcome: Box::new(outcome) }
}

fn noted(name: &str, bookkeeping: Bookkeeping) -> Fact {
    Fact::Noted { step: None, undoing: false, address: address(name), bookkeeping: Box::new(bookkeeping) }
}

fn replay(facts: &[Fact]) -> Ledger {
    Ledger::replay(Snapshot::empty("s"), facts)
}

fn created(number: u8, name: &str) -> [Fact; 2] {
    let present = Outcome::Present(observation(&format!("r{number}")));
    [Fact::Intended(Box::new(intent(number, name, Verb::Create))), settled(number, present)]
}

#[test]
fn a_created_object_is_recorded_with_what_it_is_to_be() {
    let ledger = replay(&created(1, "a"));
    let object = ledger.snapshot.object(&address("a")).unwrap();
    assert_eq!((object.remote.as_str(), object.op, object.schema_version), ("r1", op(1), 3));
    assert!(ledger.open.is_empty());
    assert_eq!(ledger.snapshot.check(), Vec::<String>::new());
}

#[test]
fn an_intent_without_outcome_stays_open_with_its_checkpoint() {
    let [intended, _] = created(1, "a");
    let ledger = replay(&[intended, Fact::Checkpointed { op: op(1), data: vec![1, 2] }]);
    assert_eq!(ledger.open[&op(1)].checkpoint, Some(vec![1, 2]));
    assert!(ledger.snapshot.records.is_empty());
}

#[test]
fn an_unknown_outcome_is_remembered_until_the_user_has_looked() {
    let [intended, present] = created(1, "a");
    let mut ledger = replay(&[intended, settled(1, Outcome::Unknown { why: "?".into() })]);
    assert!(ledger.open.is_empty());
    assert!(ledger.snapshot.unsettled.contains_key(&op(1)));
    ledger.evolve(&present);
    assert!(ledger.snapshot.unsettled.is_empty());
    assert!(ledger.snapshot.object(&address("a")).is_some());
}

#[test]
fn a_partial_create_is_tainted_and_a_partial_update_is_not() {
    let partial = || Outcome::Partial { observation: observation("r"), why: "half".into() };
    let [intended, _] = created(1, "a");
    let mut ledger = replay(&[intended, settled(1, partial())]);
    assert!(ledger.snapshot.object(&address("a")).unwrap().tainted);
    created(2, "b").iter().for_each(|fact| ledger.evolve(fact));
    ledger.evolve(&Fact::Intended(Box::new(intent(3, "b", Verb::Update))));
    ledger.evolve(&settled(3, partial()));
    let updated = ledger.snapshot.object(&address("b")).unwrap();
    assert!(!updated.tainted);
    assert_eq!(updated.op, op(2), "an update leaves the creating operation");
}

#[test]
fn a_replacement_keeps_the_old_object_until_it_is_deleted() {
    let mut ledger = replay(&created(1, "a"));
    ledger.evolve(&noted("a", Bookkeeping::Deposed));
    created(2, "a").iter().for_each(|fact| ledger.evolve(fact));
    let record = &ledger.snapshot.records[&address("a")];
    assert_eq!((record.object.as_ref().unwrap().op, record.deposed.len()), (op(2), 1));
    let delete = Intent { deposed: Some(op(1)), ..intent(3, "a", Verb::Delete) };
    ledger.evolve(&Fact::Intended(Box::new(delete)));
    ledger.evolve(&settled(3, Outcome::Absent));
    assert!(ledger.snapshot.records[&address("a")].deposed.is_empty());
}

#[test]
fn a_create_over_an_object_loses_nothing() {
    let mut ledger = replay(&created(1, "a"));
    created(2, "a").iter().for_each(|fact| ledger.evolve(fact));
    let record = &ledger.snapshot.records[&address("a")];
    assert_eq!(record.object.as_ref().unwrap().op, op(2));
    assert!(record.deposed.contains_key(&op(1)));
}

#[test]
fn a_failed_delete_changes_nothing_and_a_done_one_drops_the_record() {
    let mut ledger = replay(&created(1, "a"));
    ledger.evolve(&Fact::Intended(Box::new(intent(2, "a", Verb::Delete))));
    ledger.evolve(&settled(2, Outcome::Failed { why: "in use".into() }));
    assert!(ledger.snapshot.object(&address("a")).is_some());
    ledger.evolve(&Fact::Intended(Box::new(intent(3, "a", Verb::Delete))));
    ledger.evolve(&settled(3, Outcome::Absent));
    assert!(ledger.snapshot.records.is_empty());
}

#[test]
fn a_moved_object_has_its_sealed_attributes_at_the_new_address() {
    let mut ledger = replay(&created(1, "a"));
    let object = ledger.snapshot.records.get_mut(&address("a")).unwrap().object.as_mut().unwrap();
    let path = Path::attribute("token");
    let hole = super::super::seal::own_hole(&address("a"), &path, Type::String, Digest([9; 32]));
    object.outputs = Value::map([("token", hole)]);
    object.secrets = BTreeMap::from([(path.clone(), Secret::new(Known::string("t")))]);
    ledger.evolve(&noted("b", Bookkeeping::Moved { from: address("a") }));
    let moved = ledger.snapshot.object(&address("b")).unwrap();
    let origin = moved.outputs.origins().into_keys().next().unwrap();
    assert_eq!(origin, Origin::Attribute(address("b"), path));
    assert!(ledger.snapshot.object(&address("a")).is_none());
    assert!(moved.unsealed_outputs().is_ok());
}

#[test]
fn a_record_brought_up_to_date_keeps_the_secrets_whose_holes_stay() {
    let mut ledger = replay(&created(1, "a"));
    let hole = |byte| super::super::seal::own_hole(&address("a"), &Path::attribute("t"), Type::Any, Digest([byte; 32]));
    let object = ledger.snapshot.records.get_mut(&address("a")).unwrap().object.as_mut().unwrap();
    object.outputs = Value::map([("t", hole(1))]);
    object.secrets = BTreeMap::from([(Path::attribute("t"), Secret::new(Known::string("t")))]);
    let becoming = intent(1, "a", Verb::Create).becoming.unwrap();
    let recorded = |outputs| Bookkeeping::Recorded {
        inputs: Value::map([("size", Value::number(2_i64))]),
        outputs,
        becoming: becoming.clone(),
    };
    ledger.evolve(&noted("a", recorded(Value::map([("t", hole(1))]))));
    let object = ledger.snapshot.object(&address("a")).unwrap();
    assert_eq!((object.secrets.len(), object.inputs.get("size")), (1, Some(&Value::number(2_i64))));
    ledger.evolve(&noted("a", recorded(Value::map([("t", hole(2))]))));
    assert!(ledger.snapshot.object(&address("a")).unwrap().secrets.is_empty());
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut ledger = Ledger::new(Snapshot::empty("s"));
    let before = ledger.clone();
    ledger.evolve(&settled(9, Outcome::Absent));
    ledger.evolve(&Fact::Checkpointed { op: op(9), data: Vec::new() });
    ledger.evolve(&noted("a", Bookkeeping::Deposed));
    ledger.evolve(&noted("a", Bookkeeping::Moved { from: address("b") }));
    ledger.evolve(&noted("a", Bookkeeping::Lost));
    assert_eq!(ledger, before);
}

#[test]
fn a_lost_object_leaves_its_deposed_ones() {
    let mut ledger = replay(&created(1, "a"));
    ledger.evolve(&noted("a", Bookkeeping::Deposed));
    created(2, "a").iter().for_each(|fact| ledger.evolve(fact));
    ledger.evolve(&noted("a", Bookkeeping::Lost));
    let record = &ledger.snapshot.records[&address("a")];
    assert!(record.object.is_none() && record.deposed.contains_key(&op(1)));
}

#[test]
fn the_end_says_how_and_which_outputs() {
    let outputs = BTreeMap::from([(
        "o".to_owned(),
        crate::model::snapshot::OutputRecord { configured: Value::Null, value: Value::Null, sensitive: false },
    )]);
    let mut ledger = Ledger::new(Snapshot::empty("s"));
    ledger.evolve(&Fact::Finished { status: Status::Halted, outputs: Some(outputs.clone()) });
    assert_eq!((ledger.snapshot.status, &ledger.snapshot.outputs), (Status::Halted, &outputs));
    ledger.evolve(&Fact::Finished { status: Status::RolledBack, outputs: None });
    assert_eq!(ledger.snapshot.outputs, outputs);
}

//! A small stack's state, with a secret, a deposed object and a plan: what the tests of the store write and read.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Bookkeeping, Fact, Intent, Observation, Outcome, Verb};
use siac_core::model::identity::{DeploymentId, Digest, Fingerprint, OpId, SnapshotId, StackUuid};
use siac_core::model::path::Path;
use siac_core::model::plan::{
    Action, Base, Becoming, Change, Operation, OutputChange, Plan, PlanMode, Reason, Step, StepId, Undo,
};
use siac_core::model::schema::RecoveryClass;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::{
    HistoryEntry, Object, OutputRecord, ProviderPin, Record, Snapshot, Status, artifact_reference,
};
use siac_core::model::stack::{Lifecycle, OnFailure, SecretSource};
use siac_core::model::types::Type;
use siac_core::model::value::{Awaits, Hole, Known, Origin, Partial, Value};

/// What must never be seen outside the secret section.
pub(crate) const CANARY: &str = "hunter2-canary";

pub(crate) fn address(name: &str) -> ResourceAddress {
    ResourceAddress::managed("example_thing", name)
}

fn sealed_hole(origin: Origin) -> Partial {
    let fingerprint = Fingerprint { version: Some("v7".into()), digest: Digest::of(b"fingerprint") };
    Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::Sealed(fingerprint))))
}

pub(crate) fn object(op: u8, name: &str) -> Object {
    let password = Path::attribute("password");
    Object {
        provider: "example".into(),
        remote: format!("thing-{op}"),
        op: OpId([op; 16]),
        configured: Value::map([("size", Value::number(3_i64)), ("key", sealed_hole(Origin::Secret("db".into())))]),
        inputs: Value::map([
            ("size", Value::number(3_i64)),
            ("code", Value::string(artifact_reference(&Digest::of(b"code")))),
            ("key", sealed_hole(Origin::Secret("db".into()))),
        ]),
        sent: BTreeMap::from([(Path::attribute("key"), Digest::of(b"sent"))]),
        outputs: Value::map([
            ("id", Value::string(format!("thing-{op}"))),
            ("ratio", Value::Number("1.50".parse().unwrap())),
            ("password", sealed_hole(Origin::Attribute(address(name), password.clone()))),
        ]),
        secrets: BTreeMap::from([(password, Secret::new(secret_value()))]),
        private: format!("private {CANARY}").into_bytes(),
        schema_version: 2,
        dependencies: vec![address("other").with_key(Some("eu".into()))],
        lifecycle: Lifecycle { prevent_destroy: true, ..Lifecycle::default() },
        tainted: op % 2 == 1,
    }
}

fn secret_value() -> Known {
    Value::map([("user", Value::string("app")), ("text", Value::Secret(Secret::new(Value::string(CANARY))))])
}

/// The secret as it is read again: the whole is secret, so marks inside it are dropped.
pub(crate) fn secret_value_as_read() -> Known {
    Value::map([("user", Value::string("app")), ("text", Value::string(CANARY))])
}

fn pin() -> ProviderPin {
    ProviderPin {
        plugin: "example".into(),
        version: "0.1.0".into(),
        identity: Some("account-1".into()),
        config: BTreeMap::from([("region".into(), Value::string("eu-central-1"))]),
    }
}

pub(crate) fn output() -> OutputRecord {
    OutputRecord { configured: Value::string("up"), value: Value::string("up"), sensitive: false }
}

pub(crate) fn snapshot() -> Snapshot {
    let record =
        Record { object: Some(object(1, "main")), deposed: BTreeMap::from([(OpId([2; 16]), object(2, "main"))]) };
    Snapshot {
        uuid: StackUuid([7; 16]),
        serial: 2,
        parent: Some(SnapshotId([8; 32])),
        status: Status::Halted,
        time: "2026-11-20T21:00:00.000Z".into(),
        deployment: Some(DeploymentId([6; 16])),
        records: BTreeMap::from([(address("main"), record)]),
        unsettled: BTreeMap::from([(OpId([3; 16]), intent(3))]),
        outputs: BTreeMap::from([("state".into(), output())]),
        secrets: BTreeMap::from([("db".into(), SecretSource { scheme: "env".into(), reference: "DB".into() })]),
        providers: BTreeMap::from([("example".into(), pin())]),
        stack_secret: Secret::new([99; 32]),
        history: vec![HistoryEntry {
            serial: 1,
            id: SnapshotId([8; 32]),
            time: "2026-11-19T21:00:00.000Z".into(),
            label: Some("first".into()),
            status: Status::Complete,
            deployment: None,
            summary: "1 added".into(),
            who: "me@here".into(),
            pruned: true,
        }],
        label: Some("second".into()),
        summary: "1 replaced".into(),
        who: "me@here".into(),
        ..Snapshot::empty("shop")
    }
}

/// A snapshot as publishing takes it, whose one resource is made from this artifact.
pub(crate) fn snapshot_with_artifact(artifact: &Digest) -> Snapshot {
    let mut snapshot = snapshot_of(&[2]);
    for object in snapshot.records.values_mut().filter_map(|record| record.object.as_mut()) {
        object.inputs = Value::map([("code", Value::string(artifact_reference(artifact)))]);
    }
    snapshot
}

/// A snapshot as publishing takes it, with one resource for each operation.
pub(crate) fn snapshot_of(operations: &[u8]) -> Snapshot {
    let record = |op: &u8| {
        let name = format!("thing{op}");
        let record = Record { object: Some(object(*op, &name)), deposed: BTreeMap::new() };
        (address(&name), record)
    };
    Snapshot { records: operations.iter().map(record).collect(), ..Snapshot::empty("shop") }
}

fn becoming() -> Becoming {
    Becoming {
        configured: Value::map([("size", Value::number(3_i64))]),
        dependencies: vec![address("other")],
        lifecycle: Lifecycle::default(),
        schema_version: 2,
    }
}

pub(crate) fn intent(op: u8) -> Intent {
    Intent {
        op: OpId([op; 16]),
        step: StepId(4),
        undoing: false,
        address: address("main"),
        provider: "example".into(),
        verb: Verb::Create,
        inputs: Value::map([("key", sealed_hole(Origin::Secret("db".into())))]),
        remote: None,
        deposed: None,
        becoming: Some(becoming()),
        class: RecoveryClass::Tag,
    }
}

fn observation() -> Observation {
    let object = object(3, "main");
    Observation {
        remote: object.remote,
        inputs: object.inputs,
        sent: object.sent,
        outputs: object.outputs,
        secrets: object.secrets,
        private: object.private,
    }
}

fn settled(op: u8, outcome: Outcome) -> Fact {
    Fact::Settled { op: OpId([op; 16]), outcome: Box::new(outcome) }
}

fn noted(bookkeeping: Bookkeeping) -> Fact {
    Fact::Noted { step: Some(StepId(5)), undoing: true, address: address("main"), bookkeeping: Box::new(bookkeeping) }
}

/// One fact of every form.
pub(crate) fn facts() -> Vec<Fact> {
    let why = || "no such zone".to_owned();
    vec![
        Fact::Started {
            deployment: DeploymentId([6; 16]),
            plan: Digest::of(b"plan"),
            mode: PlanMode::Rollback { to: 3 },
            providers: BTreeMap::from([("example".into(), pin())]),
            secrets: BTreeMap::new(),
        },
        Fact::Intended(Box::new(intent(3))),
        Fact::Checkpointed { op: OpId([3; 16]), data: format!("checkpoint {CANARY}").into_bytes() },
        settled(3, Outcome::Present(observation())),
        settled(4, Outcome::Absent),
        settled(5, Outcome::Failed { why: why() }),
        settled(6, Outcome::Partial { observation: observation(), why: why() }),
        settled(7, Outcome::Unknown { why: why() }),
        noted(Bookkeeping::Deposed),
        noted(Bookkeeping::Reinstated { op: OpId([2; 16]) }),
        noted(Bookkeeping::Moved { from: address("former") }),
        noted(Bookkeeping::Lost),
        noted(Bookkeeping::Forgotten { deposed: None }),
        noted(Bookkeeping::Recorded {
            inputs: Value::map([("size", Value::number(4_i64))]),
            outputs: Value::map([("id", Value::string("x"))]),
            becoming: becoming(),
        }),
        noted(Bookkeeping::Restored { object: Box::new(object(2, "main")) }),
        Fact::UndoBegan { because: why() },
        Fact::Finished { status: Status::RolledBack, outputs: Some(BTreeMap::from([("state".into(), output())])) },
    ]
}

fn change() -> Change {
    Change {
        address: address("main"),
        moved_from: Some(address("former")),
        action: Action::ReplaceCreateFirst,
        reasons: vec![Reason::Immutable, Reason::Follows(address("other"))],
        before: Some(Value::map([("size", Value::number(3_i64))])),
        after: Some(Value::map([("key", sealed_hole(Origin::Secret("db".into())))])),
        replace_paths: vec![Path::attribute("size")],
        sensitive: BTreeSet::from(["key".into()]),
        deposed: None,
        importing: None,
        place: Some("stacks/shop.toml:3".into()),
    }
}

pub(crate) fn plan() -> Plan {
    let step = |operation, needs: &[u32], undo| Step {
        address: address("main"),
        provider: "example".into(),
        operation,
        needs: needs.iter().map(|id| StepId(*id)).collect(),
        undo,
        weight: 1_500,
    };
    let inputs = Value::map([("size", Value::number(4_i64))]);
    Plan {
        stack: "shop".into(),
        base: Base { uuid: Some(StackUuid([7; 16])), serial: 2, snapshot: Some(SnapshotId([8; 32])) },
        mode: PlanMode::Apply,
        configuration: Some(Digest::of(b"configuration")),
        on_failure: OnFailure::Rollback,
        providers: BTreeMap::from([("example".into(), pin())]),
        secrets: BTreeMap::new(),
        artifacts: BTreeSet::from([Digest::of(b"code")]),
        changes: vec![change()],
        unchanged: 4,
        drift: Vec::new(),
        outputs: vec![OutputChange { name: "state".into(), before: None, after: Some(output()) }],
        steps: vec![
            step(Operation::Depose, &[], Undo::Reinstate),
            step(Operation::Create { inputs, becoming: becoming() }, &[0], Undo::DeleteCreated),
        ],
        point_of_no_return: Some(StepId(1)),
        notes: Vec::new(),
    }
}

//! Hand-made values, and texts kept in files to compare with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use siac_core::model::address::ResourceAddress;
use siac_core::model::identity::{Digest, Fingerprint, OpId, SnapshotId, StackUuid};
use siac_core::model::path::Path;
use siac_core::model::plan::{
    Action, Base, Becoming, Change, Drift, Note, Operation, OutputChange, Plan, PlanMode, Reason, Step, StepId, Undo,
};
use siac_core::model::snapshot::OutputRecord;
use siac_core::model::stack::{Lifecycle, OnFailure};
use siac_core::model::types::Type;
use siac_core::model::value::{Awaits, Hole, Origin, Partial, Value};

/// Compares a text with one of `tests/screens/texts`.
pub fn assert_screen(name: &str, shown: &str) {
    assert_file(&format!("tests/screens/texts/{name}"), shown);
}

/// Compares a text with a file below this crate's folder; with `SIAC_UPDATE_SCREENS` set, writes the file instead.
pub fn assert_file(name: &str, shown: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("SIAC_UPDATE_SCREENS").is_some() {
        std::fs::write(&file, shown).expect("a text can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == shown, "{name} differs; SIAC_UPDATE_SCREENS=1 rewrites it. Now:\n{shown}\nkept:\n{kept}");
}

pub fn address(text: &str) -> ResourceAddress {
    text.parse().expect("an address")
}

pub fn text(text: &str) -> Partial {
    Value::string(text)
}

pub fn number(value: i64) -> Partial {
    Value::number(value)
}

pub fn texts(items: &[&str]) -> Partial {
    Value::List(items.iter().map(|item| text(item)).collect())
}

pub fn unknown(prefix: &str) -> Partial {
    let origin = Origin::Attribute(address("random_id.suffix"), Path::attribute("hex"));
    let mut hole = Hole::of(origin, Type::String, Awaits::Apply);
    prefix.clone_into(&mut hole.prefix);
    Value::Hole(Box::new(hole))
}

pub fn sealed(version: u8) -> Partial {
    let print = Fingerprint { version: None, digest: Digest([version; 32]) };
    Value::Hole(Box::new(Hole::of(Origin::Secret("database".into()), Type::String, Awaits::Sealed(print))))
}

pub fn change(at: &str, action: Action, before: Option<Partial>, after: Option<Partial>) -> Change {
    Change {
        address: address(at),
        moved_from: None,
        action,
        reasons: Vec::new(),
        before,
        after,
        replace_paths: Vec::new(),
        sensitive: BTreeSet::new(),
        deposed: None,
        importing: None,
        place: None,
    }
}

pub fn plan(changes: Vec<Change>) -> Plan {
    let steps = changes.iter().enumerate().map(|(at, change)| step(at, change)).collect();
    Plan {
        stack: "quickstart".into(),
        base: Base { uuid: Some(StackUuid([1; 16])), serial: 3, snapshot: Some(SnapshotId([3; 32])) },
        mode: PlanMode::Apply,
        configuration: None,
        on_failure: OnFailure::Rollback,
        providers: BTreeMap::new(),
        secrets: BTreeMap::new(),
        artifacts: BTreeSet::new(),
        changes,
        unchanged: 4,
        drift: Vec::new(),
        outputs: Vec::new(),
        steps,
        point_of_no_return: None,
        notes: Vec::new(),
    }
}

fn becoming() -> Becoming {
    Becoming { configured: Value::Null, dependencies: Vec::new(), lifecycle: Lifecycle::default(), schema_version: 1 }
}

fn step(at: usize, change: &Change) -> Step {
    let inputs = Value::Null;
    let (operation, undo) = match change.action {
        Action::Delete => {
            (Operation::Delete { deposed: None }, Undo::Impossible { why: "a command without an inverse ran".into() })
        }
        Action::Update => (Operation::Update { inputs, becoming: becoming() }, Undo::Restore),
        Action::Forget => (Operation::Forget { deposed: None }, Undo::Nothing),
        _ => (Operation::Create { inputs, becoming: becoming() }, Undo::DeleteCreated),
    };
    let needs = at.checked_sub(1).map(|before| StepId(u32::try_from(before).unwrap_or(u32::MAX))).into_iter().collect();
    Step { address: change.address.clone(), provider: "local".into(), operation, needs, undo, weight: 1 }
}

pub fn output(name: &str, before: Option<Partial>, after: Option<Partial>, sensitive: bool) -> OutputChange {
    let record = |value: Partial| OutputRecord { configured: value.clone(), value, sensitive };
    OutputChange { name: name.into(), before: before.map(record), after: after.map(record) }
}

/// A plan in which nearly everything happens that can happen.
pub fn eventful() -> Plan {
    let mut plan = plan(vec![created(), read(), updated(), replaced(), deleted(), forgotten(), moved(), left_behind()]);
    plan.drift = vec![
        Drift {
            address: address("local_file.greeting"),
            remembered: Value::map([("content", text("hello\n")), ("path", text("a.txt"))]),
            observed: Some(Value::map([("content", text("changed by hand\n")), ("path", text("a.txt"))])),
            sensitive: BTreeSet::new(),
        },
        Drift {
            address: address("local_file.gone"),
            remembered: Value::map([("path", text("gone.txt"))]),
            observed: None,
            sensitive: BTreeSet::new(),
        },
    ];
    plan.outputs = vec![
        output("password", Some(sealed(1)), Some(sealed(2)), true),
        output("same", Some(text("x")), Some(text("x")), false),
        output("url", None, Some(unknown("http://127.0.0.1:")), false),
    ];
    plan.notes = vec![Note {
        code: "secret-without-versions".into(),
        text: "the secret `database` comes from the environment, which has no versions: a rollback uses today's value"
            .into(),
        address: Some(address("local_service.api")),
    }];
    plan.point_of_no_return = Some(StepId(4));
    plan
}

fn created() -> Change {
    let after = Value::map([
        ("content", text("first\nsecond\n")),
        ("id", unknown("")),
        ("mode", text("0644")),
        ("path", unknown("site-")),
        ("labels", texts(&["a", "b"])),
        ("policy", text(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"]}]}"#)),
    ]);
    Change {
        place: Some("stacks/quickstart.toml:4".into()),
        ..change("local_file.new", Action::Create, None, Some(after))
    }
}

fn read() -> Change {
    let after = Value::map([("path", unknown("")), ("content", unknown(""))]);
    let reasons = vec![Reason::WaitsForApply];
    Change { reasons, ..change("data.local_file.readme", Action::Read, None, Some(after)) }
}

fn updated() -> Change {
    let rule = |name: &str, port: i64| Value::map([("name", text(name)), ("port", number(port))]);
    let environment =
        |greeting: &str| Value::map([("GREETING", text(greeting)), ("KEEP", text("x")), ("MORE", text("y"))]);
    let before = Value::map([
        ("command", texts(&["node", "server.js"])),
        ("database", sealed(1)),
        ("environment", environment("hello")),
        ("id", text("api-1")),
        ("rules", Value::List(vec![rule("http", 80), rule("admin", 9000), rule("https", 443)])),
        ("script", text("one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n")),
        ("policy", text(r#"{"a": 1, "b": [1, 2]}"#)),
        ("within", text("20s")),
    ]);
    let after = Value::map([
        ("command", texts(&["node", "server.js"])),
        ("database", sealed(2)),
        ("environment", environment("good morning")),
        ("id", text("api-1")),
        ("rules", Value::List(vec![rule("http", 80), rule("https", 8443), rule("metrics", 9100)])),
        ("script", text("one\ntwo\nthree\nfour\n5\nsix\nseven\neight\nnine\n")),
        ("policy", text(r#"{"a": 2, "b": [1, 2]}"#)),
        ("within", text("20s")),
    ]);
    change("local_service.api", Action::Update, Some(before), Some(after))
}

fn replaced() -> Change {
    let before =
        Value::map([("keepers", Value::map([("release", number(1))])), ("hex", text("a1b2")), ("length", number(4))]);
    let after =
        Value::map([("keepers", Value::map([("release", number(2))])), ("hex", unknown("")), ("length", number(4))]);
    Change {
        reasons: vec![Reason::Immutable],
        replace_paths: vec![Path::attribute("keepers").key("release")],
        place: Some("stacks/quickstart.toml:21".into()),
        ..change("random_id.suffix", Action::ReplaceCreateFirst, Some(before), Some(after))
    }
}

fn deleted() -> Change {
    let before = Value::map([("path", text("old.txt")), ("content", text("old")), ("password", text("never shown"))]);
    Change {
        reasons: vec![Reason::Removed(Some("stacks/quickstart.toml:30".into()))],
        sensitive: BTreeSet::from(["password".to_owned()]),
        ..change("local_file.old", Action::Delete, Some(before), None)
    }
}

fn forgotten() -> Change {
    let before = Value::map([("path", text("kept.txt"))]);
    Change { reasons: vec![Reason::NotDeclared], ..change("local_file.kept", Action::Forget, Some(before), None) }
}

fn moved() -> Change {
    let same = Value::map([("path", text("m.txt"))]);
    Change {
        moved_from: Some(address("local_file.before")),
        ..change(r#"module.web["eu"].local_file.after"#, Action::Record, Some(same.clone()), Some(same))
    }
}

fn left_behind() -> Change {
    Change {
        reasons: vec![Reason::LeftBehind],
        deposed: Some(OpId([0xab; 16])),
        ..change("local_file.z", Action::Delete, Some(Value::map([("path", text("z.txt"))])), None)
    }
}

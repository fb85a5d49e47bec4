//! Everything that is shown besides plans, compared with the texts in `texts/`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::support::{address, assert_screen, number, sealed, text};
use siac_cli::arguments::Detail;
use siac_cli::progress::{Failure, Tally};
use siac_cli::render::discretion::Discretion;
use siac_cli::render::ending::{Ending, ending};
use siac_cli::render::standing::{Check, Health, Latest, LockHolder, LockStatus, Standing, checks, lock, standing};
use siac_cli::render::style::Style;
use siac_cli::render::{diff, history, state};
use siac_core::model::identity::{DeploymentId, OpId, SnapshotId};
use siac_core::model::plan::PlanMode;
use siac_core::model::schema::{Attribute, KindSchema, ProviderSchema, RecoveryClass};
use siac_core::model::snapshot::{HistoryEntry, Object, OutputRecord, Record, Snapshot, Status};
use siac_core::model::stack::Lifecycle;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::{Catalogue, Catalogues};

struct Local(ProviderSchema);

impl Catalogue for Local {
    fn schema(&self) -> &ProviderSchema {
        &self.0
    }
}

fn catalogues() -> Catalogues {
    let kind = KindSchema {
        description: "A file.",
        version: 1,
        attributes: BTreeMap::from([
            ("path", Attribute::required(Type::String, "Where.")),
            ("password", Attribute::optional(Type::String, "Never shown.").sensitive()),
        ]),
        data_bearing: false,
        recovery: RecoveryClass::Token,
        drain: Duration::ZERO,
        timeout: Duration::from_secs(60),
        unique: None,
        typical: Duration::from_millis(1),
    };
    let schema = ProviderSchema {
        name: "local",
        version: "1.0.0",
        config: BTreeMap::new(),
        resources: BTreeMap::from([("local_file", kind)]),
        data: BTreeMap::new(),
    };
    Catalogues::new([Arc::new(Local(schema)) as Arc<dyn Catalogue>])
}

fn object(op: u8, inputs: Partial) -> Object {
    Object {
        provider: "local".into(),
        remote: "a.txt".into(),
        op: OpId([op; 16]),
        configured: inputs.clone(),
        inputs,
        sent: BTreeMap::new(),
        outputs: Value::map([("id", text("a.txt")), ("secret", sealed(1))]),
        secrets: BTreeMap::new(),
        private: Vec::new(),
        schema_version: 1,
        dependencies: vec![address("local_directory.d")],
        lifecycle: Lifecycle { prevent_destroy: true, ..Lifecycle::default() },
        tainted: op == 9,
    }
}

fn snapshot(serial: u64, records: &[(&str, Object)]) -> Snapshot {
    let record = |(at, object): &(&str, Object)| {
        (
            address(at),
            Record { object: Some(object.clone()), deposed: BTreeMap::from([(OpId([9; 16]), object.clone())]) },
        )
    };
    let output = |value: Partial, sensitive| OutputRecord { configured: value.clone(), value, sensitive };
    Snapshot {
        serial,
        time: "2026-11-20T12:00:00.000Z".into(),
        who: "ada@host".into(),
        summary: "1 added".into(),
        records: records.iter().map(record).collect(),
        outputs: BTreeMap::from([
            ("count".to_owned(), output(number(i64::try_from(serial).unwrap_or(0)), false)),
            ("password".to_owned(), output(sealed(u8::try_from(serial).unwrap_or(0)), true)),
        ]),
        ..Snapshot::empty("quickstart")
    }
}

fn file(path: &str, password: &str) -> Partial {
    Value::map([("path", text(path)), ("password", text(password))])
}

#[test]
fn a_record_is_shown_without_what_is_sensitive() {
    let snapshot = snapshot(1, &[("local_file.a", object(9, file("a.txt", "hunter2hunter2")))]);
    let catalogues = catalogues();
    let shown = |at: &str| {
        state::show(
            &address(at),
            &snapshot.records[&address("local_file.a")],
            Discretion::new(&catalogues, &snapshot),
            &Style::columns(80),
        )
    };
    assert_screen("state-show.txt", &shown("local_file.a"));
    let unknown = shown("unheard_of.a");
    assert!(!unknown.contains("hunter2") && !unknown.contains("path     = \"a.txt\""), "{unknown}");
}

#[test]
fn addresses_are_listed_by_prefix() {
    let snapshot =
        snapshot(1, &[("local_file.b", object(1, file("b", ""))), ("local_file.a", object(2, file("a", "")))]);
    assert_eq!(state::list(&snapshot, None, &Style::plain()), "local_file.a\nlocal_file.b\n");
    assert_eq!(state::list(&snapshot, Some("local_file.b"), &Style::plain()), "local_file.b\n");
}

#[test]
fn two_snapshots_side_by_side() {
    let before = snapshot(
        1,
        &[("local_file.a", object(1, file("a", "hunter2hunter2"))), ("local_file.gone", object(2, file("g", "")))],
    );
    let after = snapshot(
        2,
        &[("local_file.a", object(1, file("b", "hunter3hunter3"))), ("local_file.new", object(3, file("n", "")))],
    );
    let shown = diff::snapshots(&before, &after, &catalogues(), Detail::Normal, &Style::columns(80));
    assert_screen("diff.txt", &shown);
    assert!(!shown.contains("hunter"), "{shown}");
    let same = diff::snapshots(&before, &before, &catalogues(), Detail::Normal, &Style::plain());
    assert!(same.ends_with("No differences.\n"), "{same}");
}

#[test]
fn history_is_newest_first() {
    let entry = |serial: u8, status, label: Option<&str>| HistoryEntry {
        serial: u64::from(serial),
        id: SnapshotId([serial; 32]),
        time: "2026-11-20T12:00:00.000Z".into(),
        label: label.map(str::to_owned),
        status,
        deployment: None,
        summary: "3 added, 0 changed, 0 destroyed".into(),
        who: "ada@host".into(),
        pruned: serial == 1,
    };
    let mut latest = snapshot(4, &[]);
    latest.history = vec![
        entry(1, Status::Complete, None),
        entry(2, Status::RolledBack, Some("before-\x1b[2Jupgrade")),
        entry(3, Status::UndoIncomplete, None),
    ];
    let entries = history::entries(&latest, &SnapshotId([4; 32]));
    assert_screen("history.txt", &history::history(&entries, None, &Style::plain()));
    assert_eq!(history::history(&entries, Some(1), &Style::plain()).lines().count(), 2);
    assert_eq!(history::snapshots(&entries, None, &Style::plain()).lines().count(), 4);
    assert_eq!(history::history(&[], None, &Style::plain()), "nothing was deployed yet\n");
}

fn held() -> LockStatus {
    LockStatus {
        stack: "quickstart".into(),
        holder: Some(LockHolder {
            who: "ada@host".into(),
            host: "host".into(),
            process: Some(4711),
            run: "https://ci.example/run/7".into(),
            purpose: "apply".into(),
            since: "2026-11-20T12:00:00.000Z".into(),
            expires: Some("60 s after its last beat".into()),
        }),
        holder_lives: None,
        epoch: 7,
        serial: 3,
        dirty: true,
    }
}

#[test]
fn a_lock_names_its_holder() {
    assert_screen("lock-held.txt", &lock(&held(), &Style::columns(80)));
    let left = LockStatus { holder_lives: Some(false), dirty: false, ..held() };
    assert_screen("lock-left.txt", &lock(&left, &Style::columns(80)));
    let free = LockStatus { stack: "quickstart".into(), ..LockStatus::default() };
    assert!(lock(&free, &Style::plain()).starts_with("the lock of quickstart is free\n"));
}

#[test]
fn where_a_stack_stands() {
    let full = Standing {
        file: "stacks/quickstart.toml (the only file in stacks/)".into(),
        lock: held(),
        environment: Some("production".into()),
        latest: Some(Latest {
            serial: 3,
            id: SnapshotId([0x3f; 32]),
            status: Status::Complete,
            time: "2026-11-20T12:00:00.000Z".into(),
            who: "ada@host".into(),
            summary: "0 added, 1 changed, 0 destroyed".into(),
            label: Some("before-\x1b[2Jupgrade".into()),
            deployment: Some(DeploymentId([0x9f; 16])),
        }),
        resources: Some(12),
        pending: Some(("Plan: 1 to add, 0 to change, 0 to destroy.".into(), false)),
        unsettled: vec!["local_command.migrate".into()],
    };
    let now = "2026-11-20T14:05:07Z".parse().expect("a moment");
    assert_screen("standing.txt", &standing(&full, now, &Style::columns(80)));
}

#[test]
fn checks_say_what_to_do() {
    let check = |what: &str, health, found: &str, remedy: Option<&str>| Check {
        what: what.into(),
        health,
        found: found.into(),
        remedy: remedy.map(str::to_owned),
    };
    let all = [
        check("state", Health::Good, "readable", None),
        check("node", Health::Bad, "not found", Some("install Node 18 or later, or put it on PATH")),
        check("disk", Health::Warning, "12 MB left", Some("free some space")),
    ];
    assert_screen("doctor.txt", &checks(&all, &Style::columns(80)));
}

fn tally() -> Tally {
    Tally {
        added: 2,
        changed: 1,
        undone: 3,
        failures: vec![Failure {
            address: address("local_service.api"),
            doing: "creating",
            why: "port 8080 is taken by another process; stop it, or choose another port".into(),
            unknown: false,
        }],
        published: Some((4, "3f9c2a1b00".into())),
        elapsed: Duration::from_millis(2_300),
        ..Tally::default()
    }
}

#[test]
fn every_way_to_end_says_what_is_next() {
    let outputs = snapshot(1, &[]).outputs;
    let mut shown = String::new();
    for status in [
        Status::Complete,
        Status::Halted,
        Status::RolledBack,
        Status::UndoIncomplete,
        Status::Interrupted,
        Status::Edited,
    ] {
        let failed = !matches!(status, Status::Complete | Status::Edited);
        let tally = if failed { tally() } else { Tally { failures: Vec::new(), ..tally() } };
        let last =
            Ending { mode: PlanMode::Apply, status, tally: &tally, outputs: &outputs, before: 3, unsettled: false };
        shown.push_str(&ending(&last, &Style::columns(80)));
        shown.push_str("--------\n");
    }
    assert_screen("endings.txt", &shown);
}

#[test]
fn an_unknown_outcome_comes_first() {
    let (tally, outputs) = (tally(), BTreeMap::new());
    let last = Ending {
        mode: PlanMode::Destroy,
        status: Status::UndoIncomplete,
        tally: &tally,
        outputs: &outputs,
        before: 3,
        unsettled: true,
    };
    let shown = ending(&last, &Style::plain());
    assert!(shown.contains("\n  siac recover --help\n"), "{shown}");
    let names: BTreeSet<&str> = shown.split_whitespace().collect();
    assert!(names.contains("local_service.api:"), "{shown}");
}

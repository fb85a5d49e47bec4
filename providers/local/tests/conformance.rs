//! What every kind promises, kind by kind: the rows are kinds, the tests are promises.

mod bench;

use bench::{Bench, secret, with};
use siac_core::model::schema::RecoveryClass;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Catalogue, Fault, Verdict};

/// One kind: its attributes, how they may change in place, and what is left in the world by them.
struct Row {
    kind: &'static str,
    attributes: Known,
    /// Other attributes that the same object may get; `None` where every change makes a new object.
    changed: Option<Known>,
    /// Whether the object is more than a memory, so that its absence can be seen.
    is_real: bool,
    /// Whether it leaves files where people look.
    leaves_files: bool,
}

fn rows(bench: &Bench) -> Vec<Row> {
    let log = |word: &str| Value::String(format!("echo {word} >> effects; echo {word}"));
    let command = attributes! { "triggers": { "release": 1 }, "environment": { "A": "b" } };
    let command = ["create", "update", "delete"].iter().fold(command, |all, word| with(&all, word, log(word)));
    let (one, two) = (bench.folder(&[("a.txt", "one")]), bench.folder(&[("a.txt", "two"), ("b/c.txt", "three")]));
    let archive = |source: &Known| with(&attributes! { "path": "out/bundle.zip" }, "source", source.clone());
    let service = |source: &Known, word: &str| {
        let service = attributes! { "command": [env!("CARGO_BIN_EXE_siac-local-process"), "serve"], "port": 0, "health": { "path": "/" } };
        let environment = Value::map([("WORD", Value::string(word)), ("TOKEN", secret("hunter2"))]);
        with(&with(&service, "source", source.clone()), "environment", environment)
    };
    let file = |text: &str| with(&attributes! { "path": "made/copy" }, "source", bench.artifact(text.into()));
    vec![
        Row {
            kind: "local_value",
            attributes: attributes! { "input": { "a": [1, "b", null] } },
            changed: Some(attributes! { "input": "other" }),
            is_real: false,
            leaves_files: false,
        },
        Row {
            kind: "local_file",
            attributes: attributes! { "path": "a/b c/d.txt", "content": "one\n" },
            changed: Some(attributes! { "path": "a/b c/d.txt", "content": "two\n", "mode": "0600" }),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "local_file",
            attributes: attributes! { "path": "bytes", "content_base64": "AP8=" },
            changed: Some(attributes! { "path": "bytes", "content_base64": "AP8B" }),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "local_file",
            attributes: file("one"),
            changed: Some(file("two")),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "local_file",
            attributes: with(&attributes! { "path": "secret" }, "content", secret("hunter2")),
            changed: Some(with(&attributes! { "path": "secret" }, "content", secret("hunter3"))),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "local_directory",
            attributes: attributes! { "path": "x/y/z" },
            changed: Some(attributes! { "path": "x/y/z", "mode": "0700" }),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "local_archive",
            attributes: archive(&one),
            changed: Some(archive(&two)),
            is_real: true,
            leaves_files: true,
        },
        Row {
            kind: "random_id",
            attributes: attributes! { "byte_length": 8, "prefix": "p-" },
            changed: None,
            is_real: false,
            leaves_files: false,
        },
        Row {
            kind: "random_password",
            attributes: attributes! { "length": 20 },
            changed: None,
            is_real: false,
            leaves_files: false,
        },
        Row {
            kind: "local_command",
            attributes: command.clone(),
            changed: Some(with(&command, "triggers", attributes! { "release": 2 })),
            is_real: false,
            leaves_files: true,
        },
        Row {
            kind: "local_service",
            attributes: service(&one, "one"),
            changed: Some(service(&two, "two")),
            is_real: true,
            leaves_files: false,
        },
    ]
}

/// Every file below the project, with its content and mode; the provider's own folder left out.
fn world(bench: &Bench) -> Vec<(String, Vec<u8>, u32)> {
    fn walk(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>, u32)>) {
        use std::os::unix::fs::PermissionsExt;
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, mode) = (entry.path(), entry.metadata().unwrap().permissions().mode());
            if entry.file_name() == ".siac" {
                continue;
            }
            found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default(), mode));
            if path.is_dir() {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&bench.root(), &mut found);
    found.sort();
    found
}

#[tokio::test]
async fn what_is_made_reads_as_it_was_asked_for() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let made = bench.create(row.kind, bench.op(), &row.attributes).await.unwrap();
        let seen = bench.look(row.kind, &made).await.unwrap();
        assert_eq!(
            (&seen.inputs, &seen.outputs, &seen.remote),
            (&made.inputs, &made.outputs, &made.remote),
            "{}",
            row.kind
        );
        assert_eq!(bench.plan(row.kind, Some(&seen), &row.attributes).verdict, Verdict::Keep, "{}", row.kind);
    }
}

#[tokio::test]
async fn what_is_changed_reads_as_it_was_changed() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let Some(changed) = &row.changed else { continue };
        let made = bench.create(row.kind, bench.op(), &row.attributes).await.unwrap();
        let planned = bench.plan(row.kind, Some(&made), changed);
        assert_eq!(planned.verdict, Verdict::Update, "{}", row.kind);
        let updated = bench.update(row.kind, bench.op(), &made, changed).await.unwrap();
        let seen = bench.look(row.kind, &updated).await.unwrap();
        assert_eq!((&seen.inputs, &seen.outputs), (&updated.inputs, &updated.outputs), "{}", row.kind);
        assert_eq!(bench.plan(row.kind, Some(&seen), changed).verdict, Verdict::Keep, "{}", row.kind);
        for (name, known) in planned.outputs.as_map().unwrap() {
            assert_eq!(updated.outputs.get(name), Some(known), "{}: the plan said what `{name}` will be", row.kind);
        }
    }
}

#[tokio::test]
async fn a_plan_to_create_says_only_what_comes_true() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let planned = bench.plan(row.kind, None, &row.attributes);
        assert_eq!(planned.verdict, Verdict::Create, "{}", row.kind);
        let made = bench.create(row.kind, bench.op(), &row.attributes).await.unwrap();
        for (name, known) in planned.outputs.as_map().unwrap() {
            assert_eq!(made.outputs.get(name), Some(known), "{}: the plan said what `{name}` will be", row.kind);
        }
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_stays_gone() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let before = world(&bench);
        let made = bench.create(row.kind, bench.op(), &row.attributes).await.unwrap();
        assert_eq!(row.leaves_files, world(&bench) != before, "{}", row.kind);
        bench.delete(row.kind, bench.op(), &made).await.unwrap();
        if row.is_real {
            assert_eq!(world(&bench), before, "{}: nothing is left", row.kind);
            assert!(bench.look(row.kind, &made).await.is_none(), "{}", row.kind);
        }
        bench.delete(row.kind, bench.op(), &made).await.unwrap();
    }
}

#[tokio::test]
async fn an_operation_that_is_issued_again_has_one_effect() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let op = bench.op();
        let made = bench.create(row.kind, op, &row.attributes).await.unwrap();
        let after = world(&bench);
        let again = bench.create(row.kind, op, &row.attributes).await.unwrap();
        assert_eq!((again.remote, &again.outputs), (made.remote.clone(), &made.outputs), "{}", row.kind);
        assert_eq!(world(&bench), after, "{}", row.kind);
        if let Some(changed) = &row.changed {
            let op = bench.op();
            let updated = bench.update(row.kind, op, &made, changed).await.unwrap();
            let after = world(&bench);
            assert_eq!(
                bench.update(row.kind, op, &made, changed).await.unwrap().outputs,
                updated.outputs,
                "{}",
                row.kind
            );
            assert_eq!(world(&bench), after, "{}", row.kind);
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_again() {
    let bench = Bench::new();
    for row in rows(&bench) {
        let op = bench.op();
        let made = bench.create(row.kind, op, &row.attributes).await.unwrap();
        let found = bench.find(row.kind, op, &row.attributes).await.unwrap();
        assert_eq!(found.len(), 1, "{}", row.kind);
        let found = bench.record(row.kind, op, &found[0]);
        assert_eq!((found.remote, found.outputs), (made.remote, made.outputs), "{}", row.kind);
    }
}

#[tokio::test]
async fn what_was_never_made_is_not_found() {
    let bench = Bench::new();
    for row in rows(&bench).iter().filter(|row| row.is_real || row.kind == "local_command") {
        assert_eq!(bench.find(row.kind, bench.op(), &row.attributes).await.unwrap(), [], "{}", row.kind);
    }
}

#[test]
fn every_kind_says_how_it_recovers_and_how_long_it_takes() {
    let bench = Bench::new();
    let rows = rows(&bench);
    for (name, kind) in &bench.provider.schema().resources {
        assert_ne!(kind.recovery, RecoveryClass::Nothing, "{name}");
        assert!(kind.timeout >= kind.typical && !kind.typical.is_zero(), "{name}");
        assert!(kind.attributes.contains_key("id"), "{name}");
        let is_tested = rows.iter().any(|row| row.kind == *name);
        assert!(is_tested, "{name} has no row");
    }
}

#[tokio::test]
async fn a_kind_that_does_not_exist_is_refused() {
    let bench = Bench::new();
    let inputs = attributes! {};
    let made =
        siac_core::ports::Provider::create(&bench.provider, &bench.call("local_nothing", bench.op()), &inputs).await;
    assert!(matches!(made, Err(Fault::Rejected { why }) if why.contains("local_nothing")));
}

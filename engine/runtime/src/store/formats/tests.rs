use std::fs;
use std::path::PathBuf;

use siac_core::model::event::Outcome;
use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::model::path::Path;
use siac_core::model::value::Value;
use siac_core::ports::{DataKey, WrappedKey};

use super::*;
use crate::store::envelope::{self, Expected, Header, Kind, Salt};
use crate::store::samples::{self, CANARY};

fn saved_plan() -> SavedPlan {
    let code = b"code".to_vec();
    SavedPlan { plan: samples::plan(), artifacts: BTreeMap::from([(Digest::of(&code), code)]) }
}

fn entries() -> Vec<Entry> {
    let born = Entry::Born { stack_secret: Secret::new([99; 32]) };
    vec![born, Entry::Facts(samples::facts()), Entry::Seal { by: 12 }]
}

/// The sample, with its secret as it is read.
fn snapshot_as_read() -> Snapshot {
    let mut snapshot = samples::snapshot();
    for record in snapshot.records.values_mut() {
        for object in record.object.iter_mut().chain(record.deposed.values_mut()) {
            object.secrets.values_mut().for_each(|secret| *secret = Secret::new(samples::secret_value_as_read()));
        }
    }
    snapshot
}

fn facts_as_read() -> Vec<Fact> {
    let mut facts = samples::facts();
    for fact in &mut facts {
        let secrets = match fact {
            Fact::Settled { outcome, .. } => match &mut **outcome {
                Outcome::Present(observation) | Outcome::Partial { observation, .. } => &mut observation.secrets,
                _ => continue,
            },
            Fact::Noted { bookkeeping, .. } => match &mut **bookkeeping {
                siac_core::model::event::Bookkeeping::Restored { object } => &mut object.secrets,
                _ => continue,
            },
            _ => continue,
        };
        secrets.values_mut().for_each(|secret| *secret = Secret::new(samples::secret_value_as_read()));
    }
    facts
}

fn entries_as_read() -> Vec<Entry> {
    let mut entries = entries();
    entries[1] = Entry::Facts(facts_as_read());
    entries
}

#[test]
fn a_snapshot_survives() {
    let payload = write_snapshot(&samples::snapshot()).unwrap();
    assert_eq!(read_snapshot(&payload).unwrap(), snapshot_as_read());
}

#[test]
fn every_form_of_fact_survives() {
    for (entry, expected) in entries().iter().zip(entries_as_read()) {
        assert_eq!(read_entry(&write_entry(entry).unwrap()).unwrap(), expected);
    }
}

#[test]
fn a_plan_survives_with_its_artifacts() {
    assert_eq!(read_plan(&write_plan(&saved_plan()).unwrap()).unwrap(), saved_plan());
}

#[test]
fn secrets_are_only_in_the_secret_section() {
    let mut payloads: Vec<Payload> = entries().iter().map(|entry| write_entry(entry).unwrap()).collect();
    payloads.push(write_snapshot(&samples::snapshot()).unwrap());
    let private = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("private {CANARY}"));
    for payload in &payloads {
        let open = String::from_utf8(payload.open.clone()).unwrap();
        assert!(!open.contains(CANARY) && !open.contains(&private), "{open}");
    }
    assert!(payloads.iter().any(|payload| String::from_utf8_lossy(&payload.secret).contains(CANARY)));
}

#[test]
fn a_secret_in_the_wrong_place_is_refused() {
    let mut snapshot = samples::snapshot();
    let record = snapshot.records.values_mut().next().unwrap();
    record.object.as_mut().unwrap().inputs = Value::Secret(Secret::new(Value::string(CANARY)));
    let error = write_snapshot(&snapshot).unwrap_err();
    assert!(matches!(&error, FormatError::Unwritable { .. }), "{error}");
    assert!(!error.to_string().contains(CANARY));
}

#[test]
fn a_secret_without_its_object_is_noticed() {
    let mut payload = write_snapshot(&samples::snapshot()).unwrap();
    let secret = String::from_utf8(payload.secret.to_vec()).unwrap();
    *payload.secret = secret.replace("example_thing.main", "example_thing.elsewhere").into_bytes();
    assert!(matches!(read_snapshot(&payload), Err(FormatError::Malformed { .. })));
}

#[test]
fn a_newer_content_is_refused() {
    let mut payload = write_snapshot(&samples::snapshot()).unwrap();
    payload.open =
        String::from_utf8(payload.open).unwrap().replacen("siac-content 1", "siac-content 2", 1).into_bytes();
    let error = read_snapshot(&payload).unwrap_err();
    assert_eq!(error, FormatError::Newer { what: "snapshot", version: 2 });
}

#[test]
fn as_deep_as_allowed_is_read_again_and_deeper_is_not_written() {
    let nested = |levels| (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    let with_inputs = |inputs| {
        let mut snapshot = samples::snapshot();
        snapshot.records.values_mut().next().unwrap().object.as_mut().unwrap().inputs = inputs;
        write_snapshot(&snapshot)
    };
    assert!(read_snapshot(&with_inputs(nested(depth::MAX_DEPTH - 4)).unwrap()).is_ok());
    assert!(matches!(with_inputs(nested(depth::MAX_DEPTH)), Err(FormatError::Unwritable { .. })));
}

#[test]
fn a_changed_artifact_is_not_taken_from_a_plan() {
    let mut payload = write_plan(&saved_plan()).unwrap();
    payload.secret[0] ^= 1;
    assert!(matches!(read_plan(&payload), Err(FormatError::Malformed { .. })));
}

// What was written once stays readable.

fn corpus(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/state-v1").join(name)
}

fn corpus_key() -> DataKey {
    Secret::new([1; 32])
}

fn corpus_header(kind: Kind) -> Header {
    Header {
        stack_uuid: StackUuid([7; 16]),
        stack_name: "shop".into(),
        backend: Digest::of(b"corpus"),
        kind,
        epoch: 3,
        serial: 2,
        parent_id: Some(SnapshotId([8; 32])),
        wal_base: 3,
        unpacked_limit: 0,
        salt: Salt([4; 32]),
        created_by: "siac 0.1.0".into(),
        time: "2026-11-20T21:00:00.000Z".into(),
    }
}

fn corpus_files() -> Vec<(&'static str, Kind, Payload)> {
    let [born, facts, seal] = <[Entry; 3]>::try_from(entries()).unwrap();
    vec![
        ("snapshot.siac", Kind::Snapshot, write_snapshot(&samples::snapshot()).unwrap()),
        ("born.siac", Kind::Journal, write_entry(&born).unwrap()),
        ("facts.siac", Kind::Journal, write_entry(&facts).unwrap()),
        ("seal.siac", Kind::Journal, write_entry(&seal).unwrap()),
        ("plan.siac", Kind::Plan, write_plan(&saved_plan()).unwrap()),
    ]
}

fn read_corpus(name: &str, kind: Kind) -> Payload {
    let bytes = fs::read(corpus(name)).expect("the corpus is part of the repository");
    let expected = Expected::new(kind, StackUuid([7; 16]), "shop").epoch(3).serial(2);
    envelope::parse(&bytes).unwrap().open(&corpus_key(), &expected).unwrap().payload
}

#[test]
fn what_the_first_version_wrote_stays_readable() {
    assert_eq!(read_snapshot(&read_corpus("snapshot.siac", Kind::Snapshot)).unwrap(), snapshot_as_read());
    for (name, expected) in ["born.siac", "facts.siac", "seal.siac"].into_iter().zip(entries_as_read()) {
        assert_eq!(read_entry(&read_corpus(name, Kind::Journal)).unwrap(), expected, "{name}");
    }
    assert_eq!(read_plan(&read_corpus("plan.siac", Kind::Plan)).unwrap(), saved_plan());
}

#[test]
fn this_version_still_writes_the_same_content() {
    for (name, kind, payload) in corpus_files() {
        let stored = read_corpus(name, kind);
        let text = |payload: &Payload| String::from_utf8_lossy(&payload.open).into_owned();
        assert_eq!(text(&payload), text(&stored), "{name} changed: a content version of its own is needed");
    }
}

/// Writes the corpus of a version that was never released: `cargo test -p siac-engine write_the_corpus -- --ignored`.
#[test]
#[ignore = "writes the files that the other tests hold still"]
fn write_the_corpus() {
    fs::create_dir_all(corpus("")).unwrap();
    let method = || "corpus".to_owned();
    let recipient = WrappedKey { method: method(), key_id: method(), wrapped: String::new(), params: BTreeMap::new() };
    for (name, kind, payload) in corpus_files() {
        let sealed = envelope::seal(&corpus_header(kind), &payload, &corpus_key(), std::slice::from_ref(&recipient));
        fs::write(corpus(name), sealed.unwrap().bytes).unwrap();
    }
}

#[test]
fn secrets_stay_at_their_path() {
    let read = read_snapshot(&write_snapshot(&samples::snapshot()).unwrap()).unwrap();
    let object = read.object(&samples::address("main")).unwrap();
    assert_eq!(object.secret(&Path::attribute("password")).unwrap().expose(), &samples::secret_value_as_read());
    assert!(read.check().is_empty(), "{:?}", read.check());
}

use siac_core::model::event::{Observation, Outcome, Progress};
use siac_core::model::identity::{DeploymentId, Digest};
use siac_core::model::path::Path;
use siac_core::model::plan::PlanMode;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Status;
use siac_core::model::value::Value;

use super::*;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lines(&self) -> Vec<Json> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(text.chars().all(|c| c == '\n' || sanitise::is_harmless(c)), "{text:?}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn begun() -> (Shared, JsonStream) {
    let out = Shared::default();
    let stream = JsonStream::begin(Box::new(out.clone()), Redactor::default()).unwrap();
    (out, stream)
}

#[test]
fn the_stream_begins_with_its_version_and_ends_with_its_exit_code() {
    let (out, stream) = begun();
    stream.end(Exit::StalePlan).unwrap();
    let lines = out.lines();
    assert_eq!((&lines[0]["type"], &lines[0]["format"]), (&json!("version"), &json!(1)));
    assert_eq!((&lines[1]["type"], &lines[1]["exit_code"]), (&json!("end"), &json!(12)));
}

#[test]
fn every_kind_of_line_is_documented_and_nothing_else() {
    let page = include_str!("../../../docs/reference/json.md");
    let mut documented: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    let mut names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    documented.sort_unstable();
    names.sort_unstable();
    assert_eq!(documented, names);
}

#[test]
fn secrets_are_taken_out_wherever_they_stand() {
    let (out, stream) = begun();
    stream.redactor.add(&Secret::new("hunter2\"hunter2".to_owned()));
    stream.line(Kind::Message, json!({ "a\x1b": ["x hunter2\"hunter2 y"], "hunter2\"hunter2": 1 })).unwrap();
    let line = &out.lines()[1];
    assert_eq!(line["a\x1b"][0], "x (sensitive value) y");
    assert_eq!(line["(sensitive value)"], 1);
}

fn observation() -> Observation {
    Observation {
        remote: "id-1".into(),
        inputs: Value::Null,
        sent: BTreeMap::new(),
        outputs: Value::Null,
        secrets: BTreeMap::from([(Path::attribute("result"), Secret::new(Value::string("a fresh password")))]),
        private: b"secret bytes".to_vec(),
    }
}

#[test]
fn events_become_lines_of_their_own_kind() {
    let (out, stream) = begun();
    let stop = Arc::new(AtomicBool::new(false));
    let mut sink = stream.sink(Arc::clone(&stop));
    let address = ResourceAddress::managed("local_file", "a");
    let op = OpId([1; 16]);
    let events = [
        Event::Fact(Fact::Started {
            deployment: DeploymentId([2; 16]),
            plan: Digest([3; 32]),
            mode: PlanMode::Rollback { to: 3 },
            providers: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }),
        Event::Fact(Fact::Checkpointed { op, data: b"internal".to_vec() }),
        Event::Fact(Fact::Settled { op, outcome: Box::new(Outcome::Present(observation())) }),
        Event::Fact(Fact::UndoBegan { because: "it said: a fresh password".into() }),
        Event::Fact(Fact::Finished { status: Status::RolledBack, outputs: None }),
        Event::Progress(Progress::Retrying { address, why: "busy".into(), after: 1500, attempt: 2 }),
        Event::Progress(Progress::Published { serial: 4, id: "ab".into() }),
    ];
    for event in &events {
        assert_eq!(sink.emit(event), ControlFlow::Continue(()));
    }
    stop.store(true, Ordering::Relaxed);
    assert_eq!(sink.emit(&Event::Progress(Progress::Stopping { running: 1 })), ControlFlow::Break(StopRequested));
    let lines = out.lines();
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(
        kinds,
        [
            "version",
            "started",
            "checkpointed",
            "settled",
            "undo_began",
            "finished",
            "retrying",
            "published",
            "stopping"
        ]
    );
    assert_eq!(lines[1]["mode"], json!({ "rollback": { "to": 3 } }));
    assert_eq!(lines[3]["remote"], "id-1");
    assert_eq!(lines[4]["because"], "it said: (sensitive value)");
    assert_eq!(lines[5]["status"], "rolled-back");
    let all = format!("{lines:?}");
    assert!(!all.contains("secret bytes") && !all.contains("internal"), "{all}");
}

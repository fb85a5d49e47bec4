use std::collections::BTreeMap;

use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Intent, Observation, Verb};
use siac_core::model::identity::{Digest, OpId};
use siac_core::model::path::Path;
use siac_core::model::plan::StepId;
use siac_core::model::schema::RecoveryClass;
use siac_core::model::secret::Secret;
use siac_core::model::value::Value;

use super::*;

fn address() -> ResourceAddress {
    ResourceAddress::managed("local_file", "a")
}

fn intended(op: u8, verb: Verb, undoing: bool) -> Event {
    Event::Fact(Fact::Intended(Box::new(Intent {
        op: OpId([op; 16]),
        step: StepId(0),
        undoing,
        address: address(),
        provider: "local".into(),
        verb,
        inputs: Value::Null,
        remote: None,
        deposed: None,
        becoming: None,
        class: RecoveryClass::Token,
    })))
}

fn observation(remote: &str) -> Observation {
    Observation {
        remote: remote.into(),
        inputs: Value::Null,
        sent: BTreeMap::new(),
        outputs: Value::Null,
        secrets: BTreeMap::new(),
        private: Vec::new(),
    }
}

fn settled(op: u8, outcome: Outcome) -> Event {
    Event::Fact(Fact::Settled { op: OpId([op; 16]), outcome: Box::new(outcome) })
}

fn heard(tracker: &mut Tracker, event: &Event, now: Instant) -> String {
    tracker.hear(event, now).write(&Style::plain())
}

#[test]
fn a_build_is_announced_repeated_and_ended() {
    let start = Instant::now();
    let mut tracker = Tracker::new(None, start);
    let (identity, source) = (Digest([1; 32]), "services/api".to_owned());
    let began = News::BuildBegan { identity, source: source.clone(), command: "npm ci\nnpm test".into() };
    assert_eq!(heard(&mut tracker, &Event::Progress(began), start), "building services/api: npm ci\n");
    assert!(tracker.still_running(start + Duration::from_secs(9)).is_empty());
    let later = start + Duration::from_secs(20);
    let still = "building services/api: still running… [20s elapsed]\n";
    assert_eq!(tracker.still_running(later).write(&Style::plain()), still);
    let table = tracker.table(later, 80).write(&Style::plain());
    assert!(table.starts_with("  building services/api… [20s]\n"), "{table}");
    let awaited = News::BuildAwaited { identity, source: source.clone() };
    assert!(heard(&mut tracker, &Event::Progress(awaited), later).contains("another run is at it"));
    let ended = News::BuildEnded { identity, source, is_made: true };
    assert_eq!(heard(&mut tracker, &Event::Progress(ended), later), "building services/api: done [20s]\n");
    assert!(tracker.still_running(later + Duration::from_secs(60)).is_empty());
}

#[test]
fn a_call_is_announced_repeated_and_ended() {
    let start = Instant::now();
    let mut tracker = Tracker::new(None, start);
    assert_eq!(heard(&mut tracker, &intended(1, Verb::Create, false), start), "local_file.a: creating…\n");
    assert!(tracker.still_running(start + Duration::from_secs(9)).is_empty());
    let later = start + Duration::from_secs(10);
    assert_eq!(tracker.still_running(later).write(&Style::plain()), "local_file.a: still creating… [10s elapsed]\n");
    assert!(tracker.still_running(later + Duration::from_secs(9)).is_empty());
    let end = settled(1, Outcome::Present(observation("a.txt")));
    assert_eq!(heard(&mut tracker, &end, later + Duration::from_secs(2)), "local_file.a: created [12s] (id a.txt)\n");
    assert_eq!(tracker.tally(later).added, 1);
    assert!(tracker.still_running(later + Duration::from_secs(60)).is_empty());
}

#[test]
fn failures_are_said_and_kept() {
    let now = Instant::now();
    let mut tracker = Tracker::new(None, now);
    heard(&mut tracker, &intended(1, Verb::Update, false), now);
    let shown = heard(&mut tracker, &settled(1, Outcome::Failed { why: "no \x1b[1mspace".into() }), now);
    assert_eq!(shown, "local_file.a: updating failed [0.0s]: no \\x1b[1mspace\n");
    heard(&mut tracker, &intended(2, Verb::Delete, true), now);
    heard(&mut tracker, &settled(2, Outcome::Absent), now);
    heard(&mut tracker, &intended(3, Verb::Create, false), now);
    let shown = heard(&mut tracker, &settled(3, Outcome::Unknown { why: "no answer".into() }), now);
    assert_eq!(shown, "local_file.a: the outcome of creating is not known [0.0s]: no answer\n");
    let tally = tracker.tally(now);
    assert_eq!((tally.undone, tally.added, tally.failures.len()), (1, 0, 2));
    assert!(tally.failures[1].unknown);
}

#[test]
fn a_holder_of_the_lock_is_named_once() {
    let now = Instant::now();
    let mut tracker = Tracker::new(None, now);
    let event = Event::Progress(News::WaitingForLock { holder: "ada@host\nsince 12:00".into() });
    assert!(heard(&mut tracker, &event, now).contains("  ada@host\n  since 12:00\n"));
    assert_eq!(heard(&mut tracker, &event, now), "");
    assert_eq!(tracker.table(now, 80).write(&Style::plain()), "waiting for the lock [0.0s]\n");
}

#[test]
fn the_table_says_what_runs_and_fits_the_screen() {
    let now = Instant::now();
    let mut tracker = Tracker::new(None, now);
    for op in 0..20 {
        heard(&mut tracker, &intended(op, Verb::Create, false), now);
    }
    let shown = tracker.table(now + Duration::from_secs(3), 40).write(&Style::columns(40));
    assert_eq!(shown.lines().count(), 14);
    assert!(shown.starts_with("  local_file.a: creating… [3.0s]\n"), "{shown}");
    assert!(shown.contains("and 8 more"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 40), "{shown}");
}

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

#[test]
fn a_new_secret_is_not_repeated_in_the_same_breath() {
    let out = Shared::default();
    let stop = Arc::new(AtomicBool::new(false));
    let mut progress =
        Progress::plain(Box::new(out.clone()), None, Style::plain(), Redactor::default(), Arc::clone(&stop));
    assert_eq!(progress.emit(&intended(1, Verb::Create, false)), ControlFlow::Continue(()));
    let mut seen = observation("hunter2hunter2");
    seen.secrets.insert(Path::attribute("result"), Secret::new(Value::string("hunter2hunter2")));
    stop.store(true, Ordering::Relaxed);
    assert_eq!(progress.emit(&settled(1, Outcome::Present(seen))), ControlFlow::Break(StopRequested));
    assert_eq!(progress.finish().added, 1);
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("created [0.0s] (id (sensitive value))"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

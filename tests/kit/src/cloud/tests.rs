use siac_core::model::snapshot::{Object, Record, Snapshot};
use siac_core::model::stack::Lifecycle;
use siac_core::model::value::Value;
use siac_core::ports::{Artifacts, Call, Checkpoint, Fault, Observed};

use super::mishap::Mishap;
use super::*;
use crate::clock::VirtualClock;
use crate::network::Network;
use crate::process::{Life, live};

/// Keeps no checkpoints and no artifacts.
struct Nowhere;

#[async_trait::async_trait]
impl Checkpoint for Nowhere {
    async fn save(&self, _: Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl Artifacts for Nowhere {
    async fn fetch(&self, _: &siac_core::model::identity::Digest) -> Result<Vec<u8>, Fault> {
        Err(Fault::rejected("there are no artifacts here"))
    }
}

struct World {
    cloud: Arc<Cloud>,
    process: Arc<Process>,
}

impl World {
    fn new(mishaps: Mishaps) -> Self {
        let network = Network::new(Arc::new(VirtualClock::default()));
        Self { cloud: Cloud::with(mishaps), process: Process::new(&network) }
    }

    /// Runs a few calls, each as far as it comes within the time limit of an attempt.
    fn run<T>(&self, calls: impl AsyncFnOnce(&dyn Provider) -> T) -> T {
        let provider = self.cloud.provider(&self.process);
        match live(&self.process, Duration::from_secs(600), calls(&*provider)) {
            Life::Finished(end) => end,
            Life::Died | Life::Hung => panic!("the calls did not end"),
        }
    }
}

fn call(kind: &str, op: u8) -> Call {
    Call {
        op: OpId([op; 16]),
        stack: "test".into(),
        uuid: siac_core::model::identity::StackUuid([1; 16]),
        address: ResourceAddress::managed(kind, "a"),
        timeout: TIMEOUT,
        resume: None,
        checkpoint: Arc::new(Nowhere),
        artifacts: Arc::new(Nowhere),
    }
}

fn named(name: &str) -> Known {
    Value::map([("name", Value::string(name))])
}

fn object(op: u8, observed: &Observed) -> Object {
    Object {
        provider: PLUGIN.into(),
        remote: observed.remote.clone(),
        op: OpId([op; 16]),
        configured: observed.inputs.open(),
        inputs: observed.inputs.open(),
        sent: BTreeMap::new(),
        outputs: observed.outputs.open(),
        secrets: BTreeMap::new(),
        private: Vec::new(),
        schema_version: 1,
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        tainted: false,
    }
}

fn snapshot_of(objects: impl IntoIterator<Item = (ResourceAddress, Object)>) -> Snapshot {
    let record = |(address, object)| (address, Record { object: Some(object), deposed: BTreeMap::new() });
    Snapshot { records: objects.into_iter().map(record).collect(), ..Snapshot::empty("test") }
}

#[test]
fn each_class_repeats_a_create_in_its_own_way() {
    for (kind, live, again) in [
        ("fake_token", 1, true),
        ("fake_put", 1, true),
        ("fake_name", 1, false),
        ("fake_tag", 2, true),
        ("fake_nothing", 2, true),
    ] {
        let world = World::new(Mishaps::none());
        let repeated = world.run(async |provider| {
            provider.create(&call(kind, 1), &named("n")).await.unwrap();
            provider.create(&call(kind, 1), &named("n")).await
        });
        assert_eq!((world.cloud.objects().len(), repeated.is_ok()), (live, again), "{kind}");
        assert_eq!(world.cloud.repeated_operations().len(), live - 1, "{kind}");
    }
}

#[test]
fn a_stranger_s_name_is_not_touched() {
    for kind in ["fake_put", "fake_name", "fake_table"] {
        let world = World::new(Mishaps::none());
        world.cloud.plant(kind, [("name", Value::string("n"))]);
        let (made, found) = world.run(async |provider| {
            let made = provider.create(&call(kind, 1), &named("n")).await;
            (made, provider.find(&call(kind, 1), &named("n")).await)
        });
        assert!(matches!(made, Err(Fault::Rejected { .. })), "{kind}");
        assert_eq!(found, Ok(Vec::new()), "{kind}");
    }
}

#[test]
fn the_tag_index_lags() {
    let world = World::new(Mishaps::none());
    let (early, late) = world.run(async |provider| {
        provider.create(&call("fake_tag", 1), &named("n")).await.unwrap();
        let early = provider.find(&call("fake_tag", 1), &named("n")).await.unwrap();
        tokio::time::sleep(TAG_LAG).await;
        (early, provider.find(&call("fake_tag", 1), &named("n")).await.unwrap())
    });
    assert_eq!((early.len(), late.len()), (0, 1));
}

#[test]
fn a_spent_token_makes_nothing_more() {
    let world = World::new(Mishaps::none());
    let spent = world.run(async |provider| {
        let made = provider.create(&call("fake_token", 1), &named("n")).await.unwrap();
        provider.delete(&call("fake_token", 2), &object(1, &made)).await.unwrap();
        provider.delete(&call("fake_token", 2), &object(1, &made)).await.unwrap();
        provider.create(&call("fake_token", 1), &named("n")).await
    });
    assert!(matches!(spent, Err(Fault::Rejected { .. })), "{spent:?}");
    assert!(world.cloud.objects().is_empty());
}

#[test]
fn mishaps_do_what_they_say() {
    let late = Mishap::Late(Duration::from_secs(12));
    for (mishap, exists, ambiguous) in [
        (Mishap::LostAnswer, true, true),
        (Mishap::Partial, true, false),
        (Mishap::Throttled, false, false),
        (Mishap::Rejected, false, false),
        (late, true, false),
    ] {
        let world = World::new(Mishaps::script().then_all(mishap, 1));
        let answer = world.run(async |provider| provider.create(&call("fake_tag", 1), &named("n")).await);
        assert_eq!(world.cloud.objects().len(), usize::from(exists), "{mishap:?}");
        assert_eq!(matches!(answer, Err(Fault::Ambiguous { .. })), ambiguous, "{mishap:?}");
        assert_eq!(matches!(answer, Err(Fault::Partial { .. })), mishap == Mishap::Partial, "{mishap:?}");
        assert_eq!(answer.is_ok(), mishap == late, "{mishap:?}");
    }
}

#[test]
fn a_dropped_request_arrives_all_the_same() {
    let world = World::new(Mishaps::script().then_all(Mishap::Late(Duration::from_secs(20)), 1));
    world.run(async |provider| {
        let create = async { drop(provider.create(&call("fake_tag", 1), &named("n")).await) };
        assert!(tokio::time::timeout(TIMEOUT, create).await.is_err());
    });
    assert!(world.cloud.objects().is_empty());
    world.process.network().settle();
    assert_eq!(world.cloud.objects().len(), 1);
}

#[test]
fn the_audit_finds_each_lie() {
    let world = World::new(Mishaps::none());
    let made = world.run(async |provider| provider.create(&call("fake_tag", 1), &named("n")).await.unwrap());
    let address = ResourceAddress::managed("fake_tag", "a");
    let truth = snapshot_of([(address.clone(), object(1, &made))]);
    world.cloud.assert_matches(&truth);

    let says = |snapshot: &Snapshot, word: &str| {
        let wrong = world.cloud.violations(snapshot);
        assert!(wrong.iter().any(|line| line.starts_with(word)), "{word}: {wrong:?}");
    };
    says(&snapshot_of([]), "orphan");
    says(&snapshot_of([(address.clone(), object(2, &made))]), "stolen");
    world.cloud.meddle("fake_tag", &made.remote, "size", Value::number(3_i64));
    says(&truth, "stale");
    world.cloud.remove("fake_tag", &made.remote);
    says(&truth, "phantom");

    let world = World::new(Mishaps::none());
    world.run(async |provider| {
        provider.create(&call("fake_tag", 1), &named("n")).await.unwrap();
        provider.create(&call("fake_tag", 1), &named("n")).await.unwrap();
    });
    let wrong = world.cloud.violations(&snapshot_of([]));
    assert!(wrong.iter().any(|line| line.starts_with("duplicate")), "{wrong:?}");
}

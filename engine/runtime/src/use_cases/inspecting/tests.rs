use std::ops::ControlFlow;

use async_trait::async_trait;
use siac_core::model::identity::Digest;
use siac_core::model::inspection::Health;
use siac_core::model::log::{LogEnd, LogLine, LogNews, LogWish};
use siac_core::model::schema::ProviderSchema;
use siac_core::model::snapshot::{ProviderPin, Record};
use siac_core::model::value::Known;
use siac_core::ports::{Catalogue, Catalogues, Fault, LogReader, Observed};
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::clock::VirtualClock;

use super::*;
use crate::store::samples;

/// A provider whose kinds do what they are called.
struct Fake(ProviderSchema);

impl Catalogue for Fake {
    fn schema(&self) -> &ProviderSchema {
        &self.0
    }
}

fn unused<T>() -> Result<T, Fault> {
    Err(Fault::rejected("nobody asks for this"))
}

#[async_trait]
impl Provider for Fake {
    async fn configure(&self, _: &Known) -> Result<String, Fault> {
        Ok("here".to_owned())
    }

    async fn read(&self, _: &Call, _: &Object) -> Result<Option<Observed>, Fault> {
        unused()
    }

    async fn read_data(&self, _: &Call, _: &Known) -> Result<Known, Fault> {
        unused()
    }

    async fn create(&self, _: &Call, _: &Known) -> Result<Observed, Fault> {
        unused()
    }

    async fn update(&self, _: &Call, _: &Object, _: &Known) -> Result<Observed, Fault> {
        unused()
    }

    async fn delete(&self, _: &Call, _: &Object) -> Result<(), Fault> {
        unused()
    }

    async fn find(&self, _: &Call, _: &Known) -> Result<Vec<Observed>, Fault> {
        unused()
    }

    async fn import(&self, _: &Call, _: &str) -> Result<Observed, Fault> {
        unused()
    }

    async fn inspect(&self, call: &Call, object: &Object) -> Result<Option<Inspection>, Fault> {
        match call.address.kind.as_str() {
            "runs" => Ok(Some(Inspection::new(Health::Healthy, object.remote.clone()))),
            "hangs" => std::future::pending().await,
            "panics" => panic!("a defect"),
            _ => Ok(None),
        }
    }

    async fn logs(&self, call: &Call, _: &Object, wish: &LogWish, reader: &dyn LogReader) -> Result<LogEnd, Fault> {
        if call.address.kind != "runs" {
            return Ok(LogEnd::NoLog);
        }
        let line = LogLine { time: None, text: call.address.name.clone() };
        let heard =
            reader.take(LogNews::Line(line)).await.is_continue() && reader.take(LogNews::CaughtUp).await.is_continue();
        if wish.follow && heard {
            return std::future::pending().await;
        }
        Ok(LogEnd::Told)
    }
}

struct NoArtifacts;

#[async_trait]
impl Artifacts for NoArtifacts {
    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Fault> {
        Err(Fault::rejected(format!("there is no artifact {digest}")))
    }
}

fn site() -> Site {
    let schema = || ProviderSchema {
        name: "example",
        version: "1.0.0",
        config: BTreeMap::new(),
        resources: BTreeMap::new(),
        data: BTreeMap::new(),
    };
    Site {
        root: "/nowhere".into(),
        catalogues: Catalogues::new([]),
        connect: Arc::new(move |plugin| (plugin == "example").then(|| Arc::new(Fake(schema())) as Arc<dyn Provider>)),
        secret_stores: Vec::new(),
        redact: Arc::new(str::to_owned),
        clock: Arc::new(VirtualClock::default()),
        entropy: Arc::new(SeededEntropy::new(1)),
        version: "1.0.0",
        who: "somebody".into(),
    }
}

fn pin(plugin: &str, identity: &str) -> ProviderPin {
    ProviderPin {
        plugin: plugin.into(),
        version: "1.0.0".into(),
        identity: Some(identity.into()),
        config: BTreeMap::new(),
    }
}

/// A snapshot with objects of these kinds, and of an instance that acts elsewhere.
fn snapshot(kinds: &[&str]) -> Snapshot {
    let mut snapshot = Snapshot::empty("shop");
    for (op, kind) in (1..).zip(kinds) {
        let object = samples::object(op, "x");
        let record = Record { object: Some(object), deposed: BTreeMap::new() };
        snapshot.records.insert(ResourceAddress::managed(*kind, "it"), record);
    }
    snapshot.providers.insert("example".into(), pin("example", "here"));
    let elsewhere = Object { provider: "elsewhere".into(), ..samples::object(200, "x") };
    snapshot
        .records
        .insert(ResourceAddress::managed("runs", "far"), Record { object: Some(elsewhere), deposed: BTreeMap::new() });
    snapshot.providers.insert("elsewhere".into(), pin("example", "there"));
    snapshot
}

async fn looked_at(kinds: &[&str]) -> View {
    view(&site(), &snapshot(kinds), &|_| true, Arc::new(NoArtifacts)).await
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_seen_and_what_cannot_be_asked_says_why() {
    let view = looked_at(&["runs", "hangs", "panics", "lies_about"]).await;
    let seen: Vec<(String, Result<String, String>)> = view
        .inspect()
        .await
        .into_iter()
        .map(|seen| (seen.address.to_string(), seen.answer.map(|inspection| inspection.summary)))
        .collect();
    let names: Vec<&str> = seen.iter().map(|(address, _)| address.as_str()).collect();
    assert_eq!(names, ["hangs.it", "panics.it", "runs.it"], "what is nothing that runs is left out");
    assert!(seen[0].1.as_ref().unwrap_err().contains("no answer within 5 s"), "{seen:?}");
    assert!(seen[1].1.as_ref().unwrap_err().contains("defect of the provider"), "{seen:?}");
    assert_eq!(seen[2].1, Ok("thing-1".to_owned()));
}

#[tokio::test]
async fn an_instance_that_acts_elsewhere_is_set_aside() {
    let view = looked_at(&["runs"]).await;
    assert_eq!(view.inspect().await.len(), 1);
    let [unreachable] = view.unreachable.as_slice() else { panic!("{:?}", view.unreachable) };
    assert!(unreachable.why.contains("deployed to there"), "{}", unreachable.why);
    assert_eq!(unreachable.addresses, [ResourceAddress::managed("runs", "far")]);
}

#[tokio::test]
async fn only_what_is_chosen_is_looked_at() {
    let chosen = |address: &ResourceAddress| address.kind == "lies_about";
    let view = view(&site(), &snapshot(&["runs", "lies_about"]), &chosen, Arc::new(NoArtifacts)).await;
    assert!(view.inspect().await.is_empty() && view.unreachable.is_empty());
}

#[tokio::test]
async fn logs_end_when_they_are_told_or_when_the_taker_has_enough() {
    let view = looked_at(&["runs", "lies_about"]).await;
    let mut lines = Vec::new();
    let mut take = |told: Telling| {
        lines.push(told.line.text);
        ControlFlow::Continue(())
    };
    let report = view.logs(&LogWish::default(), &mut take).await;
    assert_eq!(report.told, [ResourceAddress::managed("runs", "it")]);
    assert_eq!(lines, ["it"]);
    let follow = LogWish { follow: true, ..LogWish::default() };
    let report = view.logs(&follow, &mut |_| ControlFlow::Break(())).await;
    assert_eq!(report, LogReport::default(), "a log that is followed ends with its reader");
}

//! Does the state tell the truth? Compares a snapshot with the cloud itself, by a list of its own.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::identity::OpId;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::model::value::Value;

use super::objects::stamp;
use super::{Cloud, Effect, LiveObject};

type Key = (String, String);

impl Cloud {
    /// What the snapshot says wrongly about the cloud, one sentence each; empty when it tells the truth.
    ///
    /// Calls that the snapshot itself calls unsettled are excused: what they were to do may be done or not.
    pub fn violations(&self, snapshot: &Snapshot) -> Vec<String> {
        let live: BTreeMap<Key, LiveObject> =
            self.objects().into_iter().map(|object| ((object.kind.clone(), object.remote.clone()), object)).collect();
        let recorded = recorded(snapshot);
        let mut wrong = snapshot.check();
        wrong.extend(orphans(&live, &recorded, snapshot));
        wrong.extend(duplicates(&live));
        let is_doubtful =
            |address: &ResourceAddress| snapshot.unsettled.values().any(|intent| intent.address == *address);
        for (key, (address, object)) in recorded.iter().filter(|(_, (address, _))| !is_doubtful(address)) {
            match live.get(key) {
                Some(live) => wrong.extend(differences(address, object, live)),
                None => wrong.push(format!("phantom: {address} is recorded as `{}`, which does not exist", key.1)),
            }
        }
        wrong
    }

    /// Asserts that the snapshot tells the truth.
    ///
    /// # Panics
    /// When it does not: with every violation.
    #[track_caller]
    pub fn assert_matches(&self, snapshot: &Snapshot) {
        let wrong = self.violations(snapshot);
        assert!(wrong.is_empty(), "the state does not tell the truth:\n{}", wrong.join("\n"));
    }

    /// Operations that made more than one object in their time, however many of those still exist.
    pub fn repeated_operations(&self) -> Vec<OpId> {
        let mut made = BTreeMap::<OpId, usize>::new();
        for entry in self.log().iter().filter(|entry| entry.effect == Effect::Made) {
            *made.entry(entry.op).or_default() += 1;
        }
        made.into_iter().filter(|(_, times)| *times > 1).map(|(op, _)| op).collect()
    }
}

fn recorded(snapshot: &Snapshot) -> BTreeMap<Key, (&ResourceAddress, &Object)> {
    let managed = snapshot.records.iter().filter(|(address, _)| address.mode == Mode::Managed);
    let objects = managed.flat_map(|(address, record)| {
        record.object.iter().chain(record.deposed.values()).map(move |object| (address, object))
    });
    objects.map(|(address, object)| ((address.kind.clone(), object.remote.clone()), (address, object))).collect()
}

/// Objects of ours that nobody remembers.
fn orphans(
    live: &BTreeMap<Key, LiveObject>,
    recorded: &BTreeMap<Key, (&ResourceAddress, &Object)>,
    snapshot: &Snapshot,
) -> Vec<String> {
    let is_excused = |object: &&LiveObject| object.op.is_none_or(|op| snapshot.unsettled.contains_key(&op));
    let lost = live.iter().filter(|(key, object)| !recorded.contains_key(*key) && !is_excused(object));
    lost.map(|(key, object)| format!("orphan: `{}` of {} is not recorded", key.1, tag(object))).collect()
}

/// Objects that share an operation.
fn duplicates(live: &BTreeMap<Key, LiveObject>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let again = live.values().filter(|object| object.op.is_some_and(|op| !seen.insert(op)));
    again.map(|object| format!("duplicate: `{}` is not the only object of its operation", object.remote)).collect()
}

fn tag(object: &LiveObject) -> String {
    object.address.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string)
}

/// Where a record and its object differ. What is sealed is not compared.
fn differences(address: &ResourceAddress, object: &Object, live: &LiveObject) -> Vec<String> {
    let mut wrong = Vec::new();
    if live.op.is_some_and(|op| op != object.op) {
        wrong.push(format!("stolen: {address} is recorded under an operation that did not make `{}`", live.remote));
    }
    for name in ["name", "size", "zone", "link"] {
        let there = live.attributes.get(name).unwrap_or(&Value::Null);
        let here = object.inputs.get(name).unwrap_or(&Value::Null);
        if here.close().is_some_and(|here| here != *there) {
            wrong.push(format!("stale: {address} has {name} = {there:?} and is recorded with {here:?}"));
        }
    }
    let revision = object.outputs.get("stamp").and_then(Value::as_str).unwrap_or_default();
    if revision != stamp(live) {
        wrong.push(format!("stale: {address} is at {} and is recorded at {revision:?}", stamp(live)));
    }
    wrong
}

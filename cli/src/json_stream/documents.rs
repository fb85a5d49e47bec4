//! Plans, snapshots and the like as JSON objects, without anything that must not be shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use siac_core::model::address::ResourceAddress;
use siac_core::model::path::Path;
use siac_core::model::plan::{Change, Drift, Operation, OutputChange, Plan, Step, Undo};
use siac_core::model::snapshot::{HistoryEntry, Object, OutputRecord, Record, Snapshot};
use siac_core::model::value::{Hole, Known, Partial, Value};
use siac_core::ports::Catalogues;

use crate::render::discretion::Discretion;
use crate::render::standing::{Check, Health, Latest, LockHolder, LockStatus, Standing};
use crate::render::value::{blanks, plain_json};

/// A value that may hold what is not known or must not be shown: `value` has `null` there, `unknown` and `sensitive` list the paths.
pub fn shown(value: &Partial, hidden: &BTreeSet<String>) -> Json {
    let (open, concealed) = parted(value, hidden);
    let mut sensitive = blanks(&open, Hole::is_secret, true);
    sensitive.extend(concealed.iter().map(|name| vec![Json::from(name.as_str())]));
    json!({
        "value": plain_json(&with_nulls(&open, &concealed)),
        "unknown": blanks(&open, |hole| !hole.is_secret(), false),
        "sensitive": sensitive,
    })
}

/// The value without its hidden attributes, and which of them it had.
fn parted(value: &Partial, hidden: &BTreeSet<String>) -> (Partial, BTreeSet<String>) {
    let Value::Map(entries) = value else { return (value.clone(), BTreeSet::new()) };
    let is_hidden = |name: &String, value: &Partial| hidden.contains(name) && !value.is_null();
    let concealed =
        entries.iter().filter(|(name, value)| is_hidden(name, value)).map(|(name, _)| name.clone()).collect();
    let open = entries.iter().filter(|(name, value)| !is_hidden(name, value));
    (Value::Map(open.map(|(name, value)| (name.clone(), value.clone())).collect()), concealed)
}

fn with_nulls(value: &Partial, names: &BTreeSet<String>) -> Partial {
    let Value::Map(entries) = value else { return value.clone() };
    let mut entries = entries.clone();
    entries.extend(names.iter().map(|name| (name.clone(), Value::Null)));
    Value::Map(entries)
}

fn path(path: &Path) -> Json {
    serde_json::to_value(path).unwrap_or(Json::Null)
}

/// A plan: what changes and why, what is done, and what undo would do.
pub fn plan(plan: &Plan) -> Json {
    json!({
        "stack": plan.stack,
        "mode": plan.mode,
        "base": plan.base,
        "empty": plan.is_empty(),
        "counts": plan.counts(),
        "summary": crate::render::plan::summary_line(plan),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "drift": plan.drift.iter().map(drifted).collect::<Vec<_>>(),
        "outputs": plan.outputs.iter().map(output_change).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "on_failure": plan.on_failure,
        "point_of_no_return": plan.point_of_no_return,
        "notes": plan.notes,
    })
}

fn change(change: &Change) -> Json {
    let side = |value: &Option<Partial>| value.as_ref().map(|value| shown(value, &change.sensitive));
    json!({
        "address": change.address,
        "moved_from": change.moved_from,
        "action": change.action,
        "reasons": change.reasons,
        "before": side(&change.before),
        "after": side(&change.after),
        "replace_paths": change.replace_paths.iter().map(path).collect::<Vec<_>>(),
        "deposed": change.deposed,
        "importing": change.importing,
        "place": change.place,
    })
}

/// What changed outside siac.
pub fn drift(drift: &[Drift]) -> Json {
    json!({ "drift": drift.iter().map(drifted).collect::<Vec<_>>() })
}

fn drifted(drift: &Drift) -> Json {
    json!({
        "address": drift.address,
        "remembered": shown(&drift.remembered, &drift.sensitive),
        "observed": drift.observed.as_ref().map(|observed| shown(observed, &drift.sensitive)),
    })
}

fn output_change(change: &OutputChange) -> Json {
    let before = change.before.as_ref().map(output);
    let after = change.after.as_ref().map(output);
    json!({ "name": change.name, "before": before, "after": after })
}

fn output(record: &OutputRecord) -> Json {
    match record.sensitive {
        true => json!({ "value": null, "unknown": [], "sensitive": [[]] }),
        false => shown(&record.value, &BTreeSet::new()),
    }
}

fn step(step: &Step) -> Json {
    let (undo, why) = match &step.undo {
        Undo::Nothing => ("nothing", None),
        Undo::DeleteCreated => ("delete_created", None),
        Undo::Restore => ("restore", None),
        Undo::Recreate => ("recreate", None),
        Undo::Reinstate => ("reinstate", None),
        Undo::Impossible { why } => ("impossible", Some(why)),
    };
    json!({
        "address": step.address,
        "provider": step.provider,
        "operation": operation(&step.operation),
        "needs": step.needs,
        "undo": undo,
        "undo_impossible_because": why,
    })
}

fn operation(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create { .. } => "create",
        Operation::Update { .. } => "update",
        Operation::Delete { .. } => "delete",
        Operation::Read { .. } => "read",
        Operation::Import { .. } => "import",
        Operation::Depose => "depose",
        Operation::Move { .. } => "move",
        Operation::Forget { .. } => "forget",
        Operation::Record { .. } => "record",
        Operation::Lost => "lost",
    }
}

/// The outputs of a stack by name.
pub fn outputs(outputs: &BTreeMap<String, OutputRecord>) -> Json {
    json!({ "outputs": output_values(outputs) })
}

/// One output with its secrets, for whoever asked to see them.
pub fn revealed(name: &str, value: &Known) -> Json {
    let value = serde_json::to_value(value).unwrap_or_default();
    json!({ "outputs": { name: { "value": value, "sensitive": [], "unknown": [] } } })
}

pub(super) fn output_values(outputs: &BTreeMap<String, OutputRecord>) -> Json {
    outputs.iter().map(|(name, record)| (name.clone(), output(record))).collect()
}

/// The history of a stack, oldest first.
pub fn history(entries: &[HistoryEntry]) -> Json {
    json!({ "entries": entries })
}

/// The addresses that a snapshot remembers; only those that start with `prefix`.
pub fn resources(snapshot: &Snapshot, prefix: Option<&str>) -> Json {
    let all = snapshot.records.keys().map(ToString::to_string);
    let addresses: Vec<String> = all.filter(|address| address.starts_with(prefix.unwrap_or(""))).collect();
    json!({ "serial": snapshot.serial, "addresses": addresses })
}

/// What is remembered of one resource.
pub fn resource(address: &ResourceAddress, record: &Record, discretion: Discretion<'_>) -> Json {
    let one = |object: &Object| object_json(address, object, discretion);
    json!({
        "address": address,
        "object": record.object.as_ref().map(one),
        "deposed": record.deposed.values().map(one).collect::<Vec<_>>(),
    })
}

fn object_json(address: &ResourceAddress, object: &Object, discretion: Discretion<'_>) -> Json {
    json!({
        "provider": object.provider,
        "remote": object.remote,
        "op": object.op,
        "dependencies": object.dependencies,
        "tainted": object.tainted,
        "schema_version": object.schema_version,
        "attributes": shown(&object.attributes(), &discretion.hidden(address, object)),
    })
}

/// What is new, gone and different between two snapshots.
pub fn differences(before: &Snapshot, after: &Snapshot, catalogues: &Catalogues) -> Json {
    let addresses: BTreeSet<&ResourceAddress> = before.records.keys().chain(after.records.keys()).collect();
    let side = |snapshot: &Snapshot, address: &ResourceAddress| {
        let object = snapshot.object(address)?;
        Some(object_json(address, object, Discretion::new(catalogues, snapshot)))
    };
    let is_different = |address: &&ResourceAddress| before.object(address) != after.object(address);
    let resource = |address: &ResourceAddress| json!({ "address": address, "before": side(before, address), "after": side(after, address) });
    json!({
        "from": before.serial,
        "to": after.serial,
        "resources": addresses.into_iter().filter(is_different).map(resource).collect::<Vec<_>>(),
        "outputs_before": output_values(&before.outputs),
        "outputs_after": output_values(&after.outputs),
    })
}

/// Who holds the lock.
pub fn lock(status: &LockStatus) -> Json {
    json!({
        "stack": status.stack,
        "holder": status.holder.as_ref().map(holder),
        "holder_lives": status.holder_lives,
        "epoch": status.epoch,
        "serial": status.serial,
        "dirty": status.dirty,
    })
}

fn holder(holder: &LockHolder) -> Json {
    let LockHolder { who, host, process, run, purpose, since, expires } = holder;
    json!({ "who": who, "host": host, "process": process, "run": run, "purpose": purpose, "since": since, "expires": expires })
}

/// Where a stack stands.
pub fn standing(standing: &Standing) -> Json {
    let pending = standing.pending.as_ref().map(|(summary, stale)| json!({ "summary": summary, "stale": stale }));
    let snapshot = standing.latest.as_ref().map(|latest| {
        let Latest { serial, id, status, time, who, summary, label, deployment } = latest;
        json!({
            "serial": serial, "id": id, "status": status, "time": time, "who": who, "summary": summary, "label": label,
            "deployment": deployment,
        })
    });
    json!({
        "file": standing.file,
        "environment": standing.environment,
        "lock": lock(&standing.lock),
        "latest": standing.latest.as_ref().map(Latest::dated_words),
        "snapshot": snapshot,
        "resources": standing.resources,
        "pending": pending,
        "unsettled": standing.unsettled,
    })
}

/// One check of `siac doctor`.
pub fn check(check: &Check) -> Json {
    let health = match check.health {
        Health::Good => "good",
        Health::Warning => "warning",
        Health::Bad => "bad",
    };
    json!({ "what": check.what, "health": health, "found": check.found, "remedy": check.remedy })
}

//! Facts to snapshot: one total function, the same while the deployment runs and when its journal is read after a crash.

use std::collections::BTreeMap;

use crate::model::address::{Mode, ResourceAddress};
use crate::model::event::{Bookkeeping, Fact, Intent, Observation, Outcome, Verb};
use crate::model::identity::OpId;
use crate::model::plan::Becoming;
use crate::model::snapshot::{Object, Record, Snapshot};
use crate::model::value::{Origin, Partial, Value};

/// A snapshot in the making, and the provider calls whose outcome is not in the journal yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Everything that the facts so far made true.
    pub snapshot: Snapshot,
    /// The calls that were intended and not settled.
    pub open: BTreeMap<OpId, OpenCall>,
}

/// A provider call whose outcome is not in the journal yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// What was about to be done.
    pub intent: Intent,
    /// How the provider can resume it, when it said so.
    pub checkpoint: Option<Vec<u8>>,
}

impl Ledger {
    /// A ledger that begins with a published snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, open: BTreeMap::new() }
    }

    /// The ledger after all these facts.
    pub fn replay<'a>(snapshot: Snapshot, facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        let mut ledger = Self::new(snapshot);
        facts.into_iter().for_each(|fact| ledger.evolve(fact));
        ledger
    }

    /// Takes one fact in. Every fact is possible in every state; what does not fit changes nothing, so that a journal is never unreadable.
    pub fn evolve(&mut self, fact: &Fact) {
        match fact {
            Fact::Started { deployment, providers, secrets, .. } => {
                self.snapshot.deployment = Some(*deployment);
                self.snapshot.providers.extend(providers.clone());
                self.snapshot.secrets.extend(secrets.clone());
            }
            Fact::Intended(intent) => {
                self.open.insert(intent.op, OpenCall { intent: (**intent).clone(), checkpoint: None });
            }
            Fact::Checkpointed { op, data } => {
                if let Some(open) = self.open.get_mut(op) {
                    open.checkpoint = Some(data.clone());
                }
            }
            Fact::Settled { op, outcome } => self.settle(op, outcome),
            Fact::Noted { address, bookkeeping, .. } => note(&mut self.snapshot, address, bookkeeping),
            Fact::UndoBegan { .. } => {}
            Fact::Finished { status, outputs } => {
                self.snapshot.status = *status;
                if let Some(outputs) = outputs {
                    self.snapshot.outputs.clone_from(outputs);
                }
            }
        }
    }

    fn settle(&mut self, op: &OpId, outcome: &Outcome) {
        let open = self.open.remove(op).map(|open| open.intent);
        let Some(intent) = open.or_else(|| self.snapshot.unsettled.remove(op)) else { return };
        match outcome {
            Outcome::Present(observation) => present(&mut self.snapshot, &intent, observation, false),
            Outcome::Partial { observation, .. } => present(&mut self.snapshot, &intent, observation, true),
            Outcome::Absent => absent(&mut self.snapshot, &intent),
            Outcome::Failed { .. } => {}
            Outcome::Unknown { .. } => {
                self.snapshot.unsettled.insert(*op, intent);
            }
        }
    }
}

/// An object exists, as a call found or left it.
fn present(snapshot: &mut Snapshot, intent: &Intent, observation: &Observation, unfinished: bool) {
    let record = entry(snapshot, &intent.address);
    match (intent.verb, &mut record.object) {
        (Verb::Update, Some(object)) => refresh(object, observation, intent.becoming.as_ref()),
        (Verb::Read, Some(object)) if intent.address.mode == Mode::Managed => {
            refresh(object, observation, intent.becoming.as_ref());
        }
        (Verb::Read, slot) => *slot = Some(made(intent, observation)),
        (Verb::Create | Verb::Import | Verb::Update, _) => {
            let object = Object { tainted: unfinished, ..made(intent, observation) };
            match intent.deposed {
                Some(_) => drop(record.deposed.insert(object.op, object)),
                None => put_in_use(record, object),
            }
        }
        // A delete that left something behind: what is left must still go.
        (Verb::Delete, _) => {
            if let Some(object) = in_question(record, intent) {
                refresh(object, observation, None);
                object.tainted |= unfinished;
            }
        }
    }
    drop_when_empty(snapshot, &intent.address);
}

/// An object does not exist, as a call found or left it.
fn absent(snapshot: &mut Snapshot, intent: &Intent) {
    let Some(record) = snapshot.records.get_mut(&intent.address) else { return };
    match (intent.verb, intent.deposed) {
        // It never came to be; what was there before is another object.
        (Verb::Create | Verb::Import, _) => {}
        (_, Some(op)) => drop(record.deposed.remove(&op)),
        (_, None) => record.object = None,
    }
    drop_when_empty(snapshot, &intent.address);
}

/// Something was only written down.
fn note(snapshot: &mut Snapshot, address: &ResourceAddress, bookkeeping: &Bookkeeping) {
    match bookkeeping {
        Bookkeeping::Moved { from } => relocate(snapshot, from, address),
        Bookkeeping::Restored { object } => put_in_use(entry(snapshot, address), (**object).clone()),
        Bookkeeping::Forgotten { deposed: None } => drop(snapshot.records.remove(address)),
        _ => {
            let Some(record) = snapshot.records.get_mut(address) else { return };
            note_in_record(record, bookkeeping);
            drop_when_empty(snapshot, address);
        }
    }
}

fn note_in_record(record: &mut Record, bookkeeping: &Bookkeeping) {
    match bookkeeping {
        Bookkeeping::Deposed => set_aside(record),
        Bookkeeping::Reinstated { op } => {
            if let Some(object) = record.deposed.remove(op) {
                put_in_use(record, object);
            }
        }
        Bookkeeping::Lost => record.object = None,
        Bookkeeping::Forgotten { deposed: Some(op) } => drop(record.deposed.remove(op)),
        Bookkeeping::Recorded { inputs, outputs, becoming } => {
            if let Some(object) = &mut record.object {
                rewrite(object, inputs, outputs, becoming);
            }
        }
        // These concern more than one record, and are seen to before.
        Bookkeeping::Moved { .. } | Bookkeeping::Restored { .. } | Bookkeeping::Forgotten { deposed: None } => {}
    }
}

/// The object that a call is about.
fn in_question<'a>(record: &'a mut Record, intent: &Intent) -> Option<&'a mut Object> {
    match intent.deposed {
        Some(op) => record.deposed.get_mut(&op),
        None => record.object.as_mut(),
    }
}

fn entry<'a>(snapshot: &'a mut Snapshot, address: &ResourceAddress) -> &'a mut Record {
    snapshot.records.entry(address.clone()).or_insert_with(|| Record { object: None, deposed: BTreeMap::new() })
}

fn drop_when_empty(snapshot: &mut Snapshot, address: &ResourceAddress) {
    let is_empty = |record: &Record| record.object.is_none() && record.deposed.is_empty();
    if snapshot.records.get(address).is_some_and(is_empty) {
        snapshot.records.remove(address);
    }
}

/// Another object in use is set aside rather than forgotten: nothing that exists is ever lost.
fn put_in_use(record: &mut Record, object: Object) {
    if record.object.as_ref().is_some_and(|other| other.op != object.op) {
        set_aside(record);
    }
    record.deposed.remove(&object.op);
    record.object = Some(object);
}

fn set_aside(record: &mut Record) {
    if let Some(object) = record.object.take() {
        record.deposed.insert(object.op, object);
    }
}

fn made(intent: &Intent, observation: &Observation) -> Object {
    let becoming = intent.becoming.clone().unwrap_or_else(|| Becoming {
        configured: intent.inputs.clone(),
        dependencies: Vec::new(),
        lifecycle: Default::default(),
        schema_version: 0,
    });
    Object {
        provider: intent.provider.clone(),
        remote: observation.remote.clone(),
        op: intent.op,
        configured: becoming.configured,
        inputs: observation.inputs.clone(),
        sent: observation.sent.clone(),
        outputs: observation.outputs.clone(),
        secrets: observation.secrets.clone(),
        private: observation.private.clone(),
        schema_version: becoming.schema_version,
        dependencies: becoming.dependencies,
        lifecycle: becoming.lifecycle,
        tainted: false,
    }
}

fn refresh(object: &mut Object, observation: &Observation, becoming: Option<&Becoming>) {
    object.remote.clone_from(&observation.remote);
    object.inputs.clone_from(&observation.inputs);
    object.sent.clone_from(&observation.sent);
    object.outputs.clone_from(&observation.outputs);
    object.secrets.clone_from(&observation.secrets);
    object.private.clone_from(&observation.private);
    if let Some(becoming) = becoming {
        adopt(object, becoming);
    }
}

fn adopt(object: &mut Object, becoming: &Becoming) {
    object.configured.clone_from(&becoming.configured);
    object.dependencies.clone_from(&becoming.dependencies);
    object.lifecycle.clone_from(&becoming.lifecycle);
    object.schema_version = becoming.schema_version;
}

/// Brings the record up to date without a call: digests and secrets stay where their hole stayed.
fn rewrite(object: &mut Object, inputs: &Partial, outputs: &Partial, becoming: &Becoming) {
    let (old_inputs, old_outputs) = (std::mem::take(&mut object.inputs), std::mem::take(&mut object.outputs));
    object.sent.retain(|path, _| old_inputs.at(path) == inputs.at(path));
    object.secrets.retain(|path, _| old_outputs.at(path) == outputs.at(path));
    super::seal::own_digests(inputs, &mut object.sent);
    object.inputs.clone_from(inputs);
    object.outputs.clone_from(outputs);
    adopt(object, becoming);
}

/// A record goes to another address; what may already be there is kept as deposed.
fn relocate(snapshot: &mut Snapshot, from: &ResourceAddress, to: &ResourceAddress) {
    let Some(moved) = snapshot.records.remove(from) else { return };
    let record = entry(snapshot, to);
    record.deposed.extend(moved.deposed.into_iter().map(|(op, object)| (op, readdressed(object, from, to))));
    if let Some(object) = moved.object {
        put_in_use(record, readdressed(object, from, to));
    }
}

/// The object with the holes that stand for its own attributes under its new address.
fn readdressed(mut object: Object, from: &ResourceAddress, to: &ResourceAddress) -> Object {
    object.inputs = rename_holes(&object.inputs, from, to);
    object.outputs = rename_holes(&object.outputs, from, to);
    object
}

fn rename_holes(value: &Partial, from: &ResourceAddress, to: &ResourceAddress) -> Partial {
    let renamed: Result<Partial, std::convert::Infallible> = value.try_fill(&mut |hole| {
        let Some((Origin::Attribute(address, path), awaits)) = hole.origins.first_key_value() else {
            return Ok(Value::Hole(hole.clone()));
        };
        if hole.origins.len() > 1 || address != from {
            return Ok(Value::Hole(hole.clone()));
        }
        let origin = Origin::Attribute(to.clone(), path.clone());
        Ok(Value::Hole(Box::new(crate::model::value::Hole::of(origin, hole.ty.clone(), awaits.clone()))))
    });
    renamed.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests;

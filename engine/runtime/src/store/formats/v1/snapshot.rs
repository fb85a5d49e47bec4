//! A snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::Intent;
use siac_core::model::identity::{DeploymentId, OpId, SnapshotId, StackUuid};
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::{self as model, HistoryEntry, OutputRecord, ProviderPin, Status};
use siac_core::model::stack::SecretSource;

use super::object::Object;
use super::secrets::{Confidential, KeyText, Secrets};
use crate::store::envelope::Payload;
use crate::store::formats::{FormatError, decode, encode};

const WHAT: &str = "snapshot";

/// An object's place: its address, and the operation when it is a deposed one.
type At = (ResourceAddress, Option<OpId>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<'a> {
    stack: Cow<'a, str>,
    uuid: StackUuid,
    serial: u64,
    parent: Option<SnapshotId>,
    status: Status,
    time: Cow<'a, str>,
    deployment: Option<DeploymentId>,
    label: Option<Cow<'a, str>>,
    summary: Cow<'a, str>,
    who: Cow<'a, str>,
    providers: Cow<'a, BTreeMap<String, ProviderPin>>,
    secrets: Cow<'a, BTreeMap<String, SecretSource>>,
    outputs: Cow<'a, BTreeMap<String, OutputRecord>>,
    records: Vec<Record<'a>>,
    unsettled: Cow<'a, BTreeMap<OpId, Intent>>,
    history: Cow<'a, [HistoryEntry]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    address: ResourceAddress,
    object: Option<Object<'a>>,
    deposed: BTreeMap<OpId, Object<'a>>,
}

pub(in crate::store::formats) fn write(snapshot: &model::Snapshot) -> Result<Payload, FormatError> {
    let mut secrets = Secrets::default();
    secrets.stack_secret = Some(KeyText(snapshot.stack_secret.clone()));
    for (address, record) in &snapshot.records {
        for (deposed, object) in objects(record) {
            secrets.add(&(address.clone(), deposed), &object.secrets, &object.private);
        }
    }
    encode(WHAT, &Snapshot::from(snapshot), &secrets)
}

pub(in crate::store::formats) fn read(payload: &Payload) -> Result<model::Snapshot, FormatError> {
    let (snapshot, mut secrets): (Snapshot<'static>, Secrets<At>) = decode(WHAT, payload)?;
    let Some(KeyText(stack_secret)) = secrets.stack_secret.take() else {
        return Err(FormatError::Malformed { what: WHAT, why: "the stack's secret is missing".to_owned() });
    };
    let mut own = secrets.sort();
    let snapshot = snapshot.with(stack_secret, &mut own);
    match own.keys().next() {
        None => Ok(snapshot),
        Some((address, _)) => {
            let why = format!("it holds secrets of {address}, which it does not hold");
            Err(FormatError::Malformed { what: WHAT, why })
        }
    }
}

fn objects(record: &model::Record) -> impl Iterator<Item = (Option<OpId>, &model::Object)> {
    let in_use = record.object.iter().map(|object| (None, object));
    in_use.chain(record.deposed.iter().map(|(op, object)| (Some(*op), object)))
}

impl<'a> From<&'a model::Snapshot> for Snapshot<'a> {
    fn from(snapshot: &'a model::Snapshot) -> Self {
        Self {
            stack: Cow::Borrowed(&snapshot.stack),
            uuid: snapshot.uuid,
            serial: snapshot.serial,
            parent: snapshot.parent,
            status: snapshot.status,
            time: Cow::Borrowed(&snapshot.time),
            deployment: snapshot.deployment,
            label: snapshot.label.as_deref().map(Cow::Borrowed),
            summary: Cow::Borrowed(&snapshot.summary),
            who: Cow::Borrowed(&snapshot.who),
            providers: Cow::Borrowed(&snapshot.providers),
            secrets: Cow::Borrowed(&snapshot.secrets),
            outputs: Cow::Borrowed(&snapshot.outputs),
            records: snapshot.records.iter().map(Record::from).collect(),
            unsettled: Cow::Borrowed(&snapshot.unsettled),
            history: Cow::Borrowed(&snapshot.history),
        }
    }
}

impl Snapshot<'_> {
    fn with(self, stack_secret: Secret<[u8; 32]>, own: &mut BTreeMap<At, Confidential>) -> model::Snapshot {
        model::Snapshot {
            stack: self.stack.into_owned(),
            uuid: self.uuid,
            serial: self.serial,
            parent: self.parent,
            status: self.status,
            time: self.time.into_owned(),
            deployment: self.deployment,
            records: self.records.into_iter().map(|record| record.with(own)).collect(),
            unsettled: self.unsettled.into_owned(),
            outputs: self.outputs.into_owned(),
            secrets: self.secrets.into_owned(),
            providers: self.providers.into_owned(),
            stack_secret,
            history: self.history.into_owned(),
            label: self.label.map(Cow::into_owned),
            summary: self.summary.into_owned(),
            who: self.who.into_owned(),
        }
    }
}

impl<'a> From<(&'a ResourceAddress, &'a model::Record)> for Record<'a> {
    fn from((address, record): (&'a ResourceAddress, &'a model::Record)) -> Self {
        Self {
            address: address.clone(),
            object: record.object.as_ref().map(Object::from),
            deposed: record.deposed.iter().map(|(op, object)| (*op, Object::from(object))).collect(),
        }
    }
}

impl Record<'_> {
    fn with(self, own: &mut BTreeMap<At, Confidential>) -> (ResourceAddress, model::Record) {
        let address = self.address;
        let mut take = |deposed| own.remove(&(address.clone(), deposed)).unwrap_or_default();
        let object = self.object.map(|object| object.with(take(None)));
        let deposed = self.deposed.into_iter().map(|(op, object)| (op, object.with(take(Some(op))))).collect();
        (address, model::Record { object, deposed })
    }
}

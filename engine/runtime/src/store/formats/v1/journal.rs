//! The objects of a journal.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{self, Intent};
use siac_core::model::identity::{DeploymentId, Digest, OpId};
use siac_core::model::plan::{Becoming, PlanMode, StepId};
use siac_core::model::snapshot::{OutputRecord, ProviderPin, Status};
use siac_core::model::stack::SecretSource;
use siac_core::model::value::Partial;

use super::object::{Object, Observation};
use super::secrets::{Confidential, KeyText, Secrets};
use crate::store::envelope::Payload;
use crate::store::formats::{self, FormatError, decode, encode};

pub(in crate::store::formats) const WHAT: &str = "journal object";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Entry<'a> {
    Born,
    Facts(Vec<Fact<'a>>),
    Seal { by: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Fact<'a> {
    Started {
        deployment: DeploymentId,
        plan: Digest,
        mode: PlanMode,
        providers: Cow<'a, BTreeMap<String, ProviderPin>>,
        secrets: Cow<'a, BTreeMap<String, SecretSource>>,
    },
    Intended(Cow<'a, Intent>),
    Checkpointed {
        op: OpId,
    },
    Settled {
        op: OpId,
        outcome: Outcome<'a>,
    },
    Noted {
        step: Option<StepId>,
        undoing: bool,
        address: Cow<'a, ResourceAddress>,
        bookkeeping: Bookkeeping<'a>,
    },
    UndoBegan {
        because: Cow<'a, str>,
    },
    Finished {
        status: Status,
        outputs: Option<Cow<'a, BTreeMap<String, OutputRecord>>>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Outcome<'a> {
    Present(Observation<'a>),
    Absent,
    Failed { why: Cow<'a, str> },
    Partial { observation: Observation<'a>, why: Cow<'a, str> },
    Unknown { why: Cow<'a, str> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Bookkeeping<'a> {
    Deposed,
    Reinstated { op: OpId },
    Moved { from: Cow<'a, ResourceAddress> },
    Lost,
    Forgotten { deposed: Option<OpId> },
    Recorded { inputs: Cow<'a, Partial>, outputs: Cow<'a, Partial>, becoming: Cow<'a, Becoming> },
    Restored { object: Box<Object<'a>> },
}

pub(in crate::store::formats) fn write(entry: &formats::Entry) -> Result<Payload, FormatError> {
    let mut secrets = Secrets::<usize>::default();
    let written = match entry {
        formats::Entry::Born { stack_secret } => {
            secrets.stack_secret = Some(KeyText(stack_secret.clone()));
            Entry::Born
        }
        formats::Entry::Seal { by } => Entry::Seal { by: *by },
        formats::Entry::Facts(facts) => {
            facts.iter().enumerate().for_each(|(at, fact)| set_apart(at, fact, &mut secrets));
            Entry::Facts(facts.iter().map(Fact::from).collect())
        }
    };
    encode(WHAT, &written, &secrets)
}

pub(in crate::store::formats) fn read(payload: &Payload) -> Result<formats::Entry, FormatError> {
    let (entry, mut secrets): (Entry<'static>, Secrets<usize>) = decode(WHAT, payload)?;
    let stack_secret = secrets.stack_secret.take();
    match (entry, stack_secret) {
        (Entry::Born, Some(KeyText(stack_secret))) => Ok(formats::Entry::Born { stack_secret }),
        (Entry::Seal { by }, None) => Ok(formats::Entry::Seal { by }),
        (Entry::Facts(facts), None) => {
            let mut own = secrets.sort();
            let take = |(at, fact): (usize, Fact<'_>)| fact.with(own.remove(&at).unwrap_or_default());
            Ok(formats::Entry::Facts(facts.into_iter().enumerate().map(take).collect()))
        }
        _ => Err(FormatError::Malformed { what: WHAT, why: "its secrets are not those of its kind".to_owned() }),
    }
}

/// Puts what a fact keeps to itself into the secret section.
fn set_apart(at: usize, fact: &event::Fact, secrets: &mut Secrets<usize>) {
    match fact {
        event::Fact::Checkpointed { data, .. } => secrets.add(&at, &BTreeMap::new(), data),
        event::Fact::Settled { outcome, .. } => {
            if let event::Outcome::Present(observation) | event::Outcome::Partial { observation, .. } = &**outcome {
                secrets.add(&at, &observation.secrets, &observation.private);
            }
        }
        event::Fact::Noted { bookkeeping, .. } => {
            if let event::Bookkeeping::Restored { object } = &**bookkeeping {
                secrets.add(&at, &object.secrets, &object.private);
            }
        }
        event::Fact::Started { .. }
        | event::Fact::Intended(_)
        | event::Fact::UndoBegan { .. }
        | event::Fact::Finished { .. } => {}
    }
}

impl<'a> From<&'a event::Fact> for Fact<'a> {
    fn from(fact: &'a event::Fact) -> Self {
        match fact {
            event::Fact::Started { deployment, plan, mode, providers, secrets } => Self::Started {
                deployment: *deployment,
                plan: *plan,
                mode: *mode,
                providers: Cow::Borrowed(providers),
                secrets: Cow::Borrowed(secrets),
            },
            event::Fact::Intended(intent) => Self::Intended(Cow::Borrowed(intent)),
            event::Fact::Checkpointed { op, .. } => Self::Checkpointed { op: *op },
            event::Fact::Settled { op, outcome } => Self::Settled { op: *op, outcome: Outcome::from(&**outcome) },
            event::Fact::Noted { step, undoing, address, bookkeeping } => Self::Noted {
                step: *step,
                undoing: *undoing,
                address: Cow::Borrowed(address),
                bookkeeping: Bookkeeping::from(&**bookkeeping),
            },
            event::Fact::UndoBegan { because } => Self::UndoBegan { because: Cow::Borrowed(because) },
            event::Fact::Finished { status, outputs } => {
                Self::Finished { status: *status, outputs: outputs.as_ref().map(Cow::Borrowed) }
            }
        }
    }
}

impl Fact<'_> {
    fn with(self, own: Confidential) -> event::Fact {
        match self {
            Self::Started { deployment, plan, mode, providers, secrets } => event::Fact::Started {
                deployment,
                plan,
                mode,
                providers: providers.into_owned(),
                secrets: secrets.into_owned(),
            },
            Self::Intended(intent) => event::Fact::Intended(Box::new(intent.into_owned())),
            Self::Checkpointed { op } => event::Fact::Checkpointed { op, data: own.private },
            Self::Settled { op, outcome } => event::Fact::Settled { op, outcome: Box::new(outcome.with(own)) },
            Self::Noted { step, undoing, address, bookkeeping } => event::Fact::Noted {
                step,
                undoing,
                address: address.into_owned(),
                bookkeeping: Box::new(bookkeeping.with(own)),
            },
            Self::UndoBegan { because } => event::Fact::UndoBegan { because: because.into_owned() },
            Self::Finished { status, outputs } => {
                event::Fact::Finished { status, outputs: outputs.map(Cow::into_owned) }
            }
        }
    }
}

impl<'a> From<&'a event::Outcome> for Outcome<'a> {
    fn from(outcome: &'a event::Outcome) -> Self {
        match outcome {
            event::Outcome::Present(observation) => Self::Present(observation.into()),
            event::Outcome::Absent => Self::Absent,
            event::Outcome::Failed { why } => Self::Failed { why: Cow::Borrowed(why) },
            event::Outcome::Partial { observation, why } => {
                Self::Partial { observation: observation.into(), why: Cow::Borrowed(why) }
            }
            event::Outcome::Unknown { why } => Self::Unknown { why: Cow::Borrowed(why) },
        }
    }
}

impl Outcome<'_> {
    fn with(self, own: Confidential) -> event::Outcome {
        match self {
            Self::Present(observation) => event::Outcome::Present(observation.with(own)),
            Self::Absent => event::Outcome::Absent,
            Self::Failed { why } => event::Outcome::Failed { why: why.into_owned() },
            Self::Partial { observation, why } => {
                event::Outcome::Partial { observation: observation.with(own), why: why.into_owned() }
            }
            Self::Unknown { why } => event::Outcome::Unknown { why: why.into_owned() },
        }
    }
}

impl<'a> From<&'a event::Bookkeeping> for Bookkeeping<'a> {
    fn from(bookkeeping: &'a event::Bookkeeping) -> Self {
        match bookkeeping {
            event::Bookkeeping::Deposed => Self::Deposed,
            event::Bookkeeping::Reinstated { op } => Self::Reinstated { op: *op },
            event::Bookkeeping::Moved { from } => Self::Moved { from: Cow::Borrowed(from) },
            event::Bookkeeping::Lost => Self::Lost,
            event::Bookkeeping::Forgotten { deposed } => Self::Forgotten { deposed: *deposed },
            event::Bookkeeping::Recorded { inputs, outputs, becoming } => Self::Recorded {
                inputs: Cow::Borrowed(inputs),
                outputs: Cow::Borrowed(outputs),
                becoming: Cow::Borrowed(becoming),
            },
            event::Bookkeeping::Restored { object } => Self::Restored { object: Box::new(Object::from(&**object)) },
        }
    }
}

impl Bookkeeping<'_> {
    fn with(self, own: Confidential) -> event::Bookkeeping {
        match self {
            Self::Deposed => event::Bookkeeping::Deposed,
            Self::Reinstated { op } => event::Bookkeeping::Reinstated { op },
            Self::Moved { from } => event::Bookkeeping::Moved { from: from.into_owned() },
            Self::Lost => event::Bookkeeping::Lost,
            Self::Forgotten { deposed } => event::Bookkeeping::Forgotten { deposed },
            Self::Recorded { inputs, outputs, becoming } => event::Bookkeeping::Recorded {
                inputs: inputs.into_owned(),
                outputs: outputs.into_owned(),
                becoming: becoming.into_owned(),
            },
            Self::Restored { object } => event::Bookkeeping::Restored { object: Box::new(object.with(own)) },
        }
    }
}

//! What has happened: durable facts, replayable, and fleeting progress.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::address::ResourceAddress;
use super::identity::{DeploymentId, Digest, OpId};
use super::path::Path;
use super::plan::{Becoming, PlanMode, StepId};
use super::schema::RecoveryClass;
use super::secret::Secret;
use super::snapshot::{OutputRecord, ProviderPin, Status};
use super::stack::SecretSource;
use super::value::{Known, Partial};

/// Something that happened in a deployment and is in the journal. Facts are enough to make the next snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A deployment began.
    Started {
        /// Which one.
        deployment: DeploymentId,
        /// SHA-256 of the plan's bytes.
        plan: Digest,
        /// What was asked for.
        mode: PlanMode,
        /// The provider instances in use.
        providers: BTreeMap<String, ProviderPin>,
        /// The declared secrets, by reference.
        secrets: BTreeMap<String, SecretSource>,
    },
    /// A provider call is about to be made.
    Intended(Box<Intent>),
    /// A provider call told how it can be resumed.
    Checkpointed {
        /// Which call.
        op: OpId,
        /// What only the provider understands.
        data: Vec<u8>,
    },
    /// A provider call ended. Also settles a call of [`super::snapshot::Snapshot::unsettled`], once the user has looked.
    Settled {
        /// Which call.
        op: OpId,
        /// How.
        outcome: Box<Outcome>,
    },
    /// Something was only written down.
    Noted {
        /// The step, when a plan asked for it.
        step: Option<StepId>,
        /// Whether this takes the step back.
        undoing: bool,
        /// Which resource.
        address: ResourceAddress,
        /// What.
        bookkeeping: Box<Bookkeeping>,
    },
    /// A step failed and what was done is being taken back.
    UndoBegan {
        /// Why.
        because: String,
    },
    /// A deployment ended.
    Finished {
        /// How.
        status: Status,
        /// The outputs now; `None` when they stay as they were.
        outputs: Option<BTreeMap<String, OutputRecord>>,
    },
}

/// A provider call that is about to be made: everything recovery needs to settle it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The call's identity.
    pub op: OpId,
    /// The step it carries out.
    pub step: StepId,
    /// Whether it takes the step back.
    pub undoing: bool,
    /// Which resource.
    pub address: ResourceAddress,
    /// The provider instance.
    pub provider: String,
    /// What is called.
    pub verb: Verb,
    /// The attributes to be sent; secrets are sealed holes.
    pub inputs: Partial,
    /// The identity of the object that is updated or deleted, or imported.
    pub remote: Option<String>,
    /// The deposed object that is deleted, by the operation that created it. For a create that takes such a delete back: the
    /// deposed object whose place the new one takes.
    pub deposed: Option<OpId>,
    /// What the record says besides, for create, update, read and import.
    pub becoming: Option<Becoming>,
    /// How the call is settled when its outcome is not known.
    pub class: RecoveryClass,
}

/// The provider's verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Make an object.
    Create,
    /// Change an object.
    Update,
    /// Delete an object.
    Delete,
    /// Read data.
    Read,
    /// Adopt an object.
    Import,
}

/// How a provider call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object exists and looks like this.
    Present(Observation),
    /// The object is deleted, or never came to be.
    Absent,
    /// Nothing changed.
    Failed {
        /// What the provider said, without secrets.
        why: String,
    },
    /// The object exists but was not finished; it is tainted.
    Partial {
        /// What there is.
        observation: Observation,
        /// What is missing.
        why: String,
    },
    /// Nobody can tell; the user is asked.
    Unknown {
        /// What is known.
        why: String,
    },
}

/// An object as the provider answered, in the form that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What the provider calls it.
    pub remote: String,
    /// The attributes as sent; secrets are sealed holes with the fingerprints of what was really sent.
    pub inputs: Partial,
    /// For each hole of `inputs`, the keyed digest of the value that was sent.
    pub sent: BTreeMap<Path, Digest>,
    /// What the provider answered; sensitive parts are sealed holes.
    pub outputs: Partial,
    /// The sensitive parts of `outputs`.
    pub secrets: BTreeMap<Path, Secret<Known>>,
    /// Bytes that only the provider understands.
    pub private: Vec<u8>,
}

/// Changes of the record that touch nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bookkeeping {
    /// The object in use was set aside.
    Deposed,
    /// A deposed object is in use again.
    Reinstated {
        /// The operation that created it.
        op: OpId,
    },
    /// The record was at another address.
    Moved {
        /// The former one.
        from: ResourceAddress,
    },
    /// The object in use is gone outside siac and was dropped; deposed objects stay.
    Lost,
    /// The record was dropped; the object was left alone.
    Forgotten {
        /// Only this deposed object; `None` for the whole record.
        deposed: Option<OpId>,
    },
    /// What is remembered was brought up to date.
    Recorded {
        /// The attributes as sent.
        inputs: Partial,
        /// What was observed.
        outputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// The whole object was put back as it was, to take a bookkeeping step back.
    Restored {
        /// The object.
        object: Box<super::snapshot::Object>,
    },
}

/// What the engine tells while it works: to the terminal, the JSON stream, the event bus.
#[derive(Debug, Clone)]
pub enum Event {
    /// A fact is durable.
    Fact(Fact),
    /// Something that nobody needs to remember.
    Progress(Progress),
}

/// Fleeting news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Files, secrets and resources are being read; so many questions in this batch.
    Answering {
        /// How many.
        questions: usize,
    },
    /// An artifact is being built.
    BuildBegan {
        /// The identity of what it is built from.
        identity: Digest,
        /// The folder that goes in, relative to the project root.
        source: String,
        /// The command that is run.
        command: String,
    },
    /// Another run builds the same artifact, or one that shares its lock; its end is awaited.
    BuildAwaited {
        /// The identity of what it is built from.
        identity: Digest,
        /// The folder that goes in, relative to the project root.
        source: String,
    },
    /// A build ended.
    BuildEnded {
        /// The identity of what it was built from.
        identity: Digest,
        /// The folder that went in, relative to the project root.
        source: String,
        /// Whether there is an artifact now.
        is_made: bool,
    },
    /// The lock is held by someone else.
    WaitingForLock {
        /// Who, since when, for what; one line each.
        holder: String,
    },
    /// What an earlier run left is being settled.
    Recovering {
        /// How many calls are open.
        open: usize,
    },
    /// Waiting until requests of a dead run can no longer arrive.
    Draining {
        /// How long, in milliseconds.
        milliseconds: u64,
    },
    /// A call waits for something to come to an end elsewhere.
    Waiting {
        /// Which resource.
        address: ResourceAddress,
        /// How things stand.
        standing: String,
    },
    /// A call is tried again.
    Retrying {
        /// Which resource.
        address: ResourceAddress,
        /// What went wrong.
        why: String,
        /// After how long, in milliseconds.
        after: u64,
        /// The number of the coming attempt, from 2.
        attempt: u32,
    },
    /// The journal cannot be written; nothing new starts, and writing is tried again.
    JournalFailing {
        /// What the store says.
        why: String,
    },
    /// No new step will start.
    Stopping {
        /// How many calls still run.
        running: usize,
    },
    /// A snapshot is published.
    Published {
        /// Its serial.
        serial: u64,
        /// Its id, in hexadecimal.
        id: String,
    },
}

/// The listener wants no new steps to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopRequested;

/// Someone who listens to a deployment.
pub trait EventSink: Send {
    /// Hears one event; `Break` asks the engine to start nothing new.
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested>;
}

/// Listens to nothing.
#[derive(Debug, Default)]
pub struct Silence;

impl EventSink for Silence {
    fn emit(&mut self, _: &Event) -> ControlFlow<StopRequested> {
        ControlFlow::Continue(())
    }
}

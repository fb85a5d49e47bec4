//! What is going to be done: plain data, the same bytes for the same inputs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::address::ResourceAddress;
use super::identity::{Digest, OpId, SnapshotId, StackUuid};
use super::path::Path;
use super::snapshot::{OutputRecord, ProviderPin};
use super::stack::{Lifecycle, OnFailure, SecretSource};
use super::value::Partial;

/// A plan: for people its changes, for the machine its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// What the plan was made from; it applies to nothing else.
    pub base: Base,
    /// What was asked for.
    pub mode: PlanMode,
    /// SHA-256 over the stack's sources and variables; `None` for a rollback, which reads no sources.
    pub configuration: Option<Digest>,
    /// What to do when a step fails.
    pub on_failure: OnFailure,
    /// The provider instances it uses.
    pub providers: BTreeMap<String, ProviderPin>,
    /// The secrets it needs, by reference.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The artifacts it needs.
    pub artifacts: BTreeSet<Digest>,
    /// What changes, in order of address.
    pub changes: Vec<Change>,
    /// How many resources stay as they are.
    pub unchanged: usize,
    /// What changed outside siac and matters here.
    pub drift: Vec<Drift>,
    /// What becomes of the outputs, in order of name; unchanged ones too.
    pub outputs: Vec<OutputChange>,
    /// What to do; a step's number is its index, and it needs only smaller ones.
    pub steps: Vec<Step>,
    /// The first step that cannot be undone, when there is one.
    pub point_of_no_return: Option<StepId>,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// The snapshot that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The identity of the state; `None` before the first deployment.
    pub uuid: Option<StackUuid>,
    /// Its serial; 0 before the first deployment.
    pub serial: u64,
    /// Its id; `None` before the first deployment.
    pub snapshot: Option<SnapshotId>,
}

/// What a plan was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// Make the world as the stack wants it.
    Apply,
    /// Delete everything.
    Destroy,
    /// Only record what the world looks like.
    RefreshOnly,
    /// Make the world as a kept snapshot remembers it.
    Rollback {
        /// The serial of that snapshot.
        to: u64,
    },
}

/// What happens to one resource, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which resource.
    pub address: ResourceAddress,
    /// Its address until now, when it moves.
    pub moved_from: Option<ResourceAddress>,
    /// What happens.
    pub action: Action,
    /// Why, where it is not obvious.
    pub reasons: Vec<Reason>,
    /// The attributes until now; sensitive parts are sealed holes.
    pub before: Option<Partial>,
    /// The attributes afterwards.
    pub after: Option<Partial>,
    /// The attributes whose change needs a new object.
    pub replace_paths: Vec<Path>,
    /// Top-level attributes that the schema marks as never shown, on either side.
    pub sensitive: BTreeSet<String>,
    /// The deposed object that is meant, when it is not the one in use.
    pub deposed: Option<OpId>,
    /// The identity under which an existing object is adopted.
    pub importing: Option<String>,
    /// `path:line` of the declaration.
    pub place: Option<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A new object.
    Create,
    /// Data are read during apply.
    Read,
    /// The object is changed in place.
    Update,
    /// The object is deleted, then created anew.
    ReplaceDestroyFirst,
    /// A new object is created, then the old one deleted.
    ReplaceCreateFirst,
    /// The object is deleted.
    Delete,
    /// The object is left alone and no longer remembered.
    Forget,
    /// Only the address, the dependencies or other remembered things change.
    Record,
}

/// Why something happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The stack no longer declares it.
    NotDeclared,
    /// Its `for_each` has no such key, or its `when` is false.
    NotAnInstance,
    /// A `[[removed]]` entry asks for it, at this `path:line`.
    Removed(Option<String>),
    /// The whole stack is destroyed.
    Destroying,
    /// Attributes that cannot change in place.
    Immutable,
    /// `--replace` names it.
    Requested,
    /// `replace_triggered_by` names this.
    TriggeredBy(String),
    /// Its creation did not finish.
    Tainted,
    /// An unfinished replacement left it.
    LeftBehind,
    /// It is gone outside siac.
    Vanished,
    /// It changed outside siac.
    Drifted,
    /// This dependency is replaced before it is destroyed, which this resource must follow.
    Follows(ResourceAddress),
    /// Its arguments are known only during apply.
    WaitsForApply,
    /// It holds data and is kept; `--allow-data-loss` would let it go.
    HoldsData,
}

/// A difference between what was remembered and what was observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which resource.
    pub address: ResourceAddress,
    /// What was remembered.
    pub remembered: Partial,
    /// What was observed; `None` when it is gone.
    pub observed: Option<Partial>,
    /// Top-level attributes never shown.
    pub sensitive: BTreeSet<String>,
}

/// What becomes of one output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// Its value until now.
    pub before: Option<OutputRecord>,
    /// Its value afterwards, holes included; `None` when it goes.
    pub after: Option<OutputRecord>,
}

/// Something the reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A stable name in kebab case.
    pub code: String,
    /// One or more sentences.
    pub text: String,
    /// What it is about.
    pub address: Option<ResourceAddress>,
}

/// The number of a step: its index in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which resource.
    pub address: ResourceAddress,
    /// The provider instance.
    pub provider: String,
    /// What to do.
    pub operation: Operation,
    /// The steps that must have succeeded before; all smaller.
    pub needs: Vec<StepId>,
    /// How it is taken back.
    pub undo: Undo,
    /// How long it and the longest chain of steps that need it usually take, in milliseconds.
    pub weight: u64,
}

/// One provider call, or one piece of bookkeeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Make a new object.
    Create {
        /// The attributes; holes are filled during apply.
        inputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// Change the object in use.
    Update {
        /// The attributes; holes are filled during apply.
        inputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// Delete the object in use, or a deposed one.
    Delete {
        /// Which deposed object; `None` for the one in use. [`Deposed::ByThisPlan`] names the one that a `Depose` step set aside.
        deposed: Option<Deposed>,
    },
    /// Read data.
    Read {
        /// The arguments; holes are filled during apply.
        inputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// Adopt an object that exists.
    Import {
        /// What the provider calls it.
        id: String,
        /// The attributes wanted, against which the next plan compares.
        inputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// Set the object in use aside, so that its replacement can be made before it is deleted.
    Depose,
    /// The record gets another address.
    Move {
        /// The former one.
        from: ResourceAddress,
    },
    /// The record is dropped, the object left alone.
    Forget {
        /// Which deposed object; `None` for the whole record.
        deposed: Option<OpId>,
    },
    /// Only what is remembered changes: wanted attributes, dependencies, what was observed.
    Record {
        /// The attributes as sent, when the observation or the configuration changed them without a call.
        inputs: Partial,
        /// The outputs as observed.
        outputs: Partial,
        /// What the record says besides.
        becoming: Becoming,
    },
    /// The object is gone outside siac: drop what is remembered of it.
    Lost,
}

/// Which deposed object a delete means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deposed {
    /// One that an earlier run left.
    Left(OpId),
    /// The one that this plan's `Depose` step sets aside.
    ByThisPlan,
}

/// What a record says beyond what the provider answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Becoming {
    /// The attributes as wanted.
    pub configured: Partial,
    /// Direct dependencies, in order.
    pub dependencies: Vec<ResourceAddress>,
    /// How it may change.
    pub lifecycle: Lifecycle,
    /// The version of the kind's schema.
    pub schema_version: u32,
}

/// How a step is taken back, decided when it is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// It did nothing to the world.
    Nothing,
    /// Delete what it created.
    DeleteCreated,
    /// Update back to the attributes before.
    Restore,
    /// Create it again from the attributes before: a new identity, so that what depends on it is evaluated again.
    Recreate,
    /// Put the object that was set aside back in its place.
    Reinstate,
    /// It cannot be taken back.
    Impossible {
        /// Why.
        why: String,
    },
}

impl Plan {
    /// Whether applying the plan would do nothing: no step, and every output stays.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.outputs.iter().all(|output| output.before == output.after)
    }

    /// A step by its number.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.0 as usize)
    }

    /// How many resources the plan adds, changes in place and destroys; a replacement adds one and destroys one.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Delete => counts.destroy += 1,
                Action::ReplaceDestroyFirst | Action::ReplaceCreateFirst => {
                    counts.add += 1;
                    counts.destroy += 1;
                    counts.replace += 1;
                }
                Action::Forget => counts.forget += 1,
                Action::Read => counts.read += 1,
                Action::Record => {}
            }
            counts.import += usize::from(change.importing.is_some());
        }
        counts
    }
}

/// How much a plan does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New objects, replacements included.
    pub add: usize,
    /// Objects changed in place.
    pub change: usize,
    /// Objects deleted, replacements included.
    pub destroy: usize,
    /// Replacements.
    pub replace: usize,
    /// Objects no longer remembered.
    pub forget: usize,
    /// Data read during apply.
    pub read: usize,
    /// Objects adopted.
    pub import: usize,
}

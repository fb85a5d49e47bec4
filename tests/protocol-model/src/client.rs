//! A run of siac: where it is, what it believes of each resource, and what it may do next.

use crate::head::{Head, Recorded, Snapshot};
use crate::identity::{Epoch, ObjectId, OpId, ResourceId};
use crate::journal::Record;
use crate::protocol::Class;

/// One run. What it knows dies with it: nothing of it survives a crash but what is in HEAD, the journals and the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    /// Where it is.
    pub phase: Phase,
    /// HEAD as it last read or wrote it; `None` before it looked and after it ended. Its own tenure is the epoch in there.
    pub view: Option<Head>,
    /// How many records it appended to the journal of its tenure.
    pub appended: u8,
    /// What it believes of each resource; empty until it has the journals.
    pub known: Vec<Status>,
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It has done nothing.
    Idle,
    /// It has read HEAD.
    Looked,
    /// It holds HEAD, and seals the journal of this tenure next; its own tenure, when all are sealed.
    Sealing(Epoch),
    /// It settles what earlier holders left open.
    Recovering,
    /// It makes the world as its configuration wants it, and may stop at any point.
    Working,
    /// It has published and released.
    Finished,
    /// It has released without publishing.
    Left,
    /// It found that it holds HEAD no more.
    Fenced,
    /// It is dead.
    Crashed,
}

/// What a run believes of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// There is no object.
    Absent,
    /// An earlier holder may have made an object with this operation.
    CreateOpen(OpId),
    /// The intent to create is durable, the call not made.
    CreateIntended(OpId),
    /// The create was sent.
    Creating(OpId),
    /// The cloud answered; that is not durable.
    Made(OpId, ObjectId),
    /// There is this object.
    Present(ObjectId),
    /// The intent to delete is durable; the call was perhaps made by an earlier holder, but not by this one.
    DeleteIntended(ObjectId),
    /// The delete was sent.
    Deleting(ObjectId),
    /// The cloud answered that it is gone; that is not durable.
    Gone(ObjectId),
    /// Nobody can tell what became of the operation.
    Unsettled(OpId),
}

/// What a run does next with one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Draw an operation and make the intent to create durable.
    IntendCreate,
    /// Send the create.
    Create(OpId),
    /// Recovery: look for what an earlier holder's operation made.
    LookFor(OpId),
    /// Recovery: remember the operation as unsettled.
    LeaveUnsettled(OpId),
    /// Make the outcome of the create durable.
    RecordCreated(OpId, ObjectId),
    /// Make the intent to delete durable.
    IntendDelete(ObjectId),
    /// Send the delete.
    Delete(ObjectId),
    /// Make the outcome of the delete durable.
    RecordDeleted(ObjectId),
}

impl Client {
    /// A run that has done nothing.
    pub fn new() -> Self {
        Self::ended(Phase::Idle)
    }

    /// A run that ended, and forgot everything.
    pub fn ended(phase: Phase) -> Self {
        Self { phase, view: None, appended: 0, known: Vec::new() }
    }

    /// Whether it will never do anything again.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Finished | Phase::Left | Phase::Fenced | Phase::Crashed)
    }

    /// Whether it took HEAD and is not over; it need not know that someone else took it since.
    pub fn believes_to_hold(&self) -> bool {
        matches!(self.phase, Phase::Sealing(_) | Phase::Recovering | Phase::Working)
    }

    /// Whether it may publish: nothing is open. Its work need not be done, because a run may be told to stop, or fail, after any call.
    pub fn may_publish(&self) -> bool {
        matches!(self.phase, Phase::Recovering | Phase::Working) && self.known.iter().all(Status::is_settled)
    }

    /// What it does next with a resource, if anything.
    pub fn next_step(&self, resource: ResourceId, wanted: bool, class: Class) -> Option<Step> {
        let status = *self.known.get(resource.index())?;
        match self.phase {
            Phase::Recovering => status.recovery_step(class),
            Phase::Working => status.recovery_step(class).or_else(|| status.planned_step(wanted)),
            _ => None,
        }
    }

    /// What it would publish.
    pub fn snapshot(&self) -> Snapshot {
        self.known.iter().map(|status| status.recorded()).collect()
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Status {
    /// Whether nothing is open.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Absent | Self::Present(_) | Self::Unsettled(_))
    }

    /// The step that finishes what is open.
    fn recovery_step(self, class: Class) -> Option<Step> {
        match self {
            Self::CreateOpen(op) => Some(settling_step(op, class)),
            Self::CreateIntended(op) => Some(Step::Create(op)),
            Self::Made(op, id) => Some(Step::RecordCreated(op, id)),
            Self::DeleteIntended(id) => Some(Step::Delete(id)),
            Self::Gone(id) => Some(Step::RecordDeleted(id)),
            Self::Absent | Self::Present(_) | Self::Unsettled(_) | Self::Creating(_) | Self::Deleting(_) => None,
        }
    }

    /// The step that brings a settled resource nearer to what is wanted.
    fn planned_step(self, wanted: bool) -> Option<Step> {
        match self {
            Self::Absent if wanted => Some(Step::IntendCreate),
            Self::Present(id) if !wanted => Some(Step::IntendDelete(id)),
            _ => None,
        }
    }

    fn recorded(self) -> Recorded {
        match self {
            Self::Present(id) => Recorded::Object(id),
            Self::Unsettled(op) => Recorded::Unsettled(op),
            _ => Recorded::Nothing,
        }
    }
}

/// How recovery settles a create whose outcome is not recorded.
fn settling_step(op: OpId, class: Class) -> Step {
    match class {
        Class::Token | Class::NothingHope => Step::Create(op),
        Class::TokenReadBack | Class::Name | Class::Tag => Step::LookFor(op),
        Class::NothingAsk => Step::LeaveUnsettled(op),
    }
}

/// What is known from a snapshot and the records that followed it.
pub fn fold<'a>(snapshot: &Snapshot, records: impl Iterator<Item = &'a Record>) -> Vec<Status> {
    let mut known: Vec<Status> = snapshot.iter().map(|recorded| recorded.status()).collect();
    for record in records {
        if let Some((resource, status)) = record.consequence() {
            known[resource.index()] = status;
        }
    }
    known
}

impl Recorded {
    fn status(self) -> Status {
        match self {
            Self::Nothing => Status::Absent,
            Self::Object(id) => Status::Present(id),
            Self::Unsettled(op) => Status::Unsettled(op),
        }
    }
}

impl Record {
    /// What a later holder believes after reading this record. The last record of a resource decides, so reading twice does no harm.
    fn consequence(&self) -> Option<(ResourceId, Status)> {
        match *self {
            Self::CreateIntended(op) => Some((op.resource, Status::CreateOpen(op))),
            Self::Created(op, id) => Some((op.resource, Status::Present(id))),
            Self::DeleteIntended(id) => Some((id.resource, Status::DeleteIntended(id))),
            Self::Deleted(id) => Some((id.resource, Status::Absent)),
            Self::Seal => None,
        }
    }
}

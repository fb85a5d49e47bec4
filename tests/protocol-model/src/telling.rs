//! Traces in words.

use std::fmt;

use crate::client::Step;
use crate::cloud::{Call, Request};
use crate::model::Action;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Look(run) => write!(f, "{run:?} reads HEAD"),
            Self::Acquire(run) => write!(f, "{run:?} tries to take HEAD"),
            Self::Seal(run, epoch) => write!(f, "{run:?} seals the journal of {epoch:?}"),
            Self::Recover(run) => write!(f, "{run:?} reads snapshot and journals, and looks at what they name"),
            Self::Step(run, resource, step) => match step {
                Step::IntendCreate => write!(f, "{run:?} makes its intent to create {resource:?} durable"),
                step => write!(f, "{run:?} {step}"),
            },
            Self::Publish(run) => write!(f, "{run:?} tries to publish"),
            Self::Leave(run) => write!(f, "{run:?} tries to give HEAD back without publishing"),
            Self::Arrive(request) => write!(f, "{request}"),
            Self::Crash(run) => write!(f, "{run:?} dies"),
            Self::Vanish(object) => write!(f, "an outsider deletes {object:?}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IntendCreate => write!(f, "makes its intent to create durable"),
            Self::Create(op) => write!(f, "sends the create of {op:?}"),
            Self::LookFor(op) => write!(f, "looks for what {op:?} made"),
            Self::LeaveUnsettled(op) => write!(f, "remembers {op:?} as unsettled"),
            Self::RecordCreated(op, id) => write!(f, "makes durable that {op:?} made {id:?}"),
            Self::IntendDelete(id) => write!(f, "makes its intent to delete {id:?} durable"),
            Self::Delete(id) => write!(f, "sends the delete of {id:?}"),
            Self::RecordDeleted(id) => write!(f, "makes durable that {id:?} is gone"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Call::Create(op) => write!(f, "the create of {op:?} that {:?} sent arrives", self.from),
            Call::Delete(id) => write!(f, "the delete of {id:?} that {:?} sent arrives", self.from),
        }
    }
}

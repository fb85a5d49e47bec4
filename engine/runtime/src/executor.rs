//! Carries a plan out. It never looks at configuration and never compares: what to do was decided when the plan was made.

mod dispatcher;
mod scribe;
mod throttle;

use std::sync::Arc;

use siac_core::deployment::Deployment;
use siac_core::deployment::saga::Failure;
use siac_core::model::event::{EventSink, Fact, Intent};
use siac_core::model::identity::{DeploymentId, Digest};
use siac_core::model::plan::Plan;
use siac_core::model::snapshot::{Snapshot, Status};
use tokio::sync::mpsc;

use crate::calling::Patience;
use crate::journal::{Journal, JournalFault};
use crate::stop::Stop;
use crate::world::World;

use dispatcher::Dispatcher;

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The deployment's identity.
    pub deployment: DeploymentId,
    /// SHA-256 of the plan's bytes.
    pub plan_digest: Digest,
    /// The most provider calls at once.
    pub parallelism: usize,
    /// How often and how long a call is tried again.
    pub patience: Patience,
}

/// The usual parallelism.
pub const PARALLELISM: usize = 10;

impl Execution {
    /// With the usual parallelism and patience.
    pub fn new(deployment: DeploymentId, plan_digest: Digest) -> Self {
        Self { deployment, plan_digest, parallelism: PARALLELISM, patience: Patience::default() }
    }
}

/// What came of a plan.
#[derive(Debug)]
pub struct Executed {
    /// The world as it is by all that is durable.
    pub snapshot: Snapshot,
    /// How the deployment ended.
    pub status: Status,
    /// Every step that failed, and every one that could not be taken back, in order.
    pub failures: Vec<Failure>,
    /// Calls whose outcome nobody can tell, earlier ones included; the snapshot remembers them as unsettled.
    pub unknown: Vec<Intent>,
    /// Calls whose outcome is not in the journal, and why. When there are any, the snapshot must not be published: the next run settles
    /// them first.
    pub open: Vec<(Intent, String)>,
    /// Why facts could not be written, and which. They belong into a rescue file: replayed after the journal they give the true snapshot.
    pub unwritten: Option<Unwritten>,
}

/// Facts that the journal did not take.
#[derive(Debug)]
pub struct Unwritten {
    /// Why.
    pub fault: JournalFault,
    /// The facts, in order.
    pub facts: Vec<Fact>,
}

/// Carries out a plan that was made from this snapshot, and answers with what is true afterwards.
///
/// The snapshot must have its stack secret. Dropping the future is a crash: intents are durable, and the next run recovers.
pub async fn execute(
    plan: Plan,
    snapshot: Snapshot,
    world: Arc<World>,
    journal: &mut dyn Journal,
    sink: &mut dyn EventSink,
    stop: Stop,
    execution: &Execution,
) -> Executed {
    let (batches, to_write) = mpsc::unbounded_channel();
    let (written, durable) = mpsc::unbounded_channel();
    let clock = world.clock.clone();
    let fence = journal.fence();
    let scribe = scribe::write(journal, to_write, written, &*clock);
    let deployment = Deployment::new(plan, snapshot);
    let dispatcher = Dispatcher::new(deployment, world, fence, execution, sink, stop, (batches, durable));
    tokio::select! {
        executed = dispatcher.run() => executed,
        never = scribe => match never {},
    }
}

#[cfg(test)]
mod tests;

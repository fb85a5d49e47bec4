//! A plan carried out: artifacts kept, steps done, the next snapshot published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use siac_core::deployment::resolve::Secrets;
use siac_core::deployment::saga::Failure;
use siac_core::model::event::{EventSink, Intent};
use siac_core::model::identity::{DeploymentId, Digest};
use siac_core::model::plan::{Operation, Plan};
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::model::value::{Origin, Partial};
use siac_core::ports::random_16;

use super::Failed;
use super::planning::Start;
use super::settling::{fetch_secrets, stamp, tell_published};
use crate::executor::{Executed, Execution, execute};
use crate::journal::JournalFault;
use crate::site::Site;
use crate::stop::Stop;
use crate::store::{Leaving, Published, Session, StoreError};
use crate::world::World;

/// A plan that is ready to be carried out.
pub struct Order {
    /// The plan.
    pub plan: Plan,
    /// Artifacts that the store may lack.
    pub artifacts: BTreeMap<Digest, Vec<u8>>,
    /// The most provider calls at once.
    pub parallelism: usize,
}

/// What came of an apply.
#[derive(Debug)]
pub struct Applied {
    /// How the deployment ended.
    pub status: Status,
    /// The snapshot that it published; `None` when something is left for the next run to settle.
    pub published: Option<Published>,
    /// Steps that failed, and undos that did.
    pub failures: Vec<Failure>,
    /// Calls whose outcome nobody can tell.
    pub unknown: Vec<Intent>,
    /// Calls that were running when this run stopped waiting; the next run settles them.
    pub open: Vec<(Intent, String)>,
}

/// Refuses a plan that was made from another state than the one that counts.
///
/// # Errors
/// With [`Failed::Stale`], naming what moved.
pub fn check_base(plan: &Plan, start: &Start) -> Result<(), Failed> {
    let snapshot = &start.snapshot;
    let same_state = plan.base.uuid.is_none_or(|uuid| uuid == snapshot.uuid || snapshot.serial == 0);
    if same_state && plan.base.serial == snapshot.serial && plan.base.snapshot == start.id {
        return Ok(());
    }
    let what = match same_state {
        false => "the plan was made from the state of another stack of this name".to_owned(),
        true => {
            format!("the plan was made from snapshot {}, and {} is the latest now", plan.base.serial, snapshot.serial)
        }
    };
    Err(Failed::Stale(what))
}

/// Carries out a plan with the lock held, and gives the lock back.
///
/// # Errors
/// When the plan does not fit the state, a provider or secret is not to be had, or the outcome cannot be published. Whatever happened is in
/// the journal then, and the next run settles it.
pub async fn apply(
    site: &Site,
    mut session: Session,
    start: Start,
    order: Order,
    world: World,
    sink: &mut dyn EventSink,
    stop: Stop,
) -> Result<Applied, Failed> {
    if let Err(failed) = prepare(&session, &start, &order).await {
        session.release(Leaving::Clean).await?;
        return Err(failed);
    }
    let bytes = serde_json::to_vec(&order.plan)
        .map_err(|error| Failed::Other(format!("the plan cannot be written: {error}")))?;
    let mut execution = Execution::new(DeploymentId(random_16(&*site.entropy)), Digest::of(&bytes));
    execution.parallelism = order.parallelism;
    let world = World { uuid: session.uuid(), artifacts: Arc::new(session.artifacts()), ..world };
    let summary = summary(&order.plan);
    let executed = execute(order.plan, start.snapshot, Arc::new(world), &mut session, sink, stop, &execution).await;
    conclude(site, session, executed, execution.deployment, summary, sink).await
}

async fn prepare(session: &Session, start: &Start, order: &Order) -> Result<(), Failed> {
    check_base(&order.plan, start)?;
    let stored = session.artifacts();
    for digest in &order.plan.artifacts {
        match order.artifacts.get(digest) {
            Some(bytes) => drop(session.put_artifact(bytes).await?),
            None if stored.has(digest).await? => {}
            None => return Err(StoreError::NoArtifact(digest.to_string()).into()),
        }
    }
    Ok(())
}

async fn conclude(
    site: &Site,
    mut session: Session,
    executed: Executed,
    deployment: DeploymentId,
    summary: String,
    sink: &mut dyn EventSink,
) -> Result<Applied, Failed> {
    let Executed { mut snapshot, status, failures, unknown, open, unwritten } = executed;
    if let Some(unwritten) = unwritten {
        let rescued = session.write_rescue(&unwritten.facts);
        return Err(lost(unwritten.fault, rescued));
    }
    if !open.is_empty() {
        session.release(Leaving::Dirty).await?;
        return Ok(Applied { status, published: None, failures, unknown, open });
    }
    let summary = ended(status, &summary);
    stamp(site, &mut snapshot, status, summary);
    snapshot.deployment = Some(deployment);
    let published = session.publish(snapshot).await?;
    tell_published(sink, &published);
    Ok(Applied { status, published: Some(published), failures, unknown, open })
}

fn lost(fault: JournalFault, rescued: Result<PathBuf, StoreError>) -> Failed {
    let advice = "Nothing new was started after that, and every call that was made is in the journal. Make the state writable again and run `siac recover`";
    match (fault, rescued) {
        (JournalFault::Fenced, _) => Failed::Store(StoreError::Fenced { by: None }),
        (JournalFault::Failed(why), Ok(path)) => Failed::Other(format!(
            "the state cannot be written: {why}. What came of the last calls is sealed in {}. {advice}",
            path.display()
        )),
        (JournalFault::Failed(why), Err(error)) => {
            Failed::Other(format!("the state cannot be written: {why}; nor can a rescue file: {error}. {advice}"))
        }
    }
}

/// What a plan does, in words.
pub fn summary(plan: &Plan) -> String {
    let counts = plan.counts();
    let parts = [
        (counts.add, "added"),
        (counts.change, "changed"),
        (counts.destroy, "destroyed"),
        (counts.import, "imported"),
        (counts.forget, "forgotten"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() { "only the record changed".to_owned() } else { told.join(", ") }
}

fn ended(status: Status, summary: &str) -> String {
    match status {
        Status::Complete | Status::Edited => summary.to_owned(),
        Status::Halted => format!("halted while: {summary}"),
        Status::RolledBack => format!("failed and taken back: {summary}"),
        Status::UndoIncomplete => format!("failed and not fully taken back: {summary}"),
        Status::Interrupted => format!("interrupted while: {summary}"),
    }
}

/// The secrets of a plan and of the state that it starts from, as they are today.
///
/// # Errors
/// When one that a step needs is not to be had. One that only an object that goes was made with may be missing.
pub async fn secrets_for(site: &Site, plan: &Plan, base: &Snapshot) -> Result<Secrets, Failed> {
    let mut sources = base.secrets.clone();
    sources.extend(plan.secrets.clone());
    let (secrets, missing) = fetch_secrets(site, &sources).await;
    let needed = needed_secrets(plan);
    match missing.into_iter().find(|(name, _)| needed.contains(name)) {
        None => Ok(secrets),
        Some((name, why)) => Err(Failed::Other(format!("`secret.{name}` is not to be had: {why}"))),
    }
}

fn needed_secrets(plan: &Plan) -> BTreeSet<String> {
    let inputs = plan.steps.iter().filter_map(|step| inputs_of(&step.operation));
    let outputs = plan.outputs.iter().filter_map(|output| output.after.as_ref()).map(|output| &output.configured);
    let origins = inputs.chain(outputs).flat_map(|value| value.origins().into_keys());
    origins
        .filter_map(|origin| match origin {
            Origin::Secret(name) => Some(name),
            Origin::Attribute(..) => None,
        })
        .collect()
}

fn inputs_of(operation: &Operation) -> Option<&Partial> {
    match operation {
        Operation::Create { inputs, .. }
        | Operation::Update { inputs, .. }
        | Operation::Read { inputs, .. }
        | Operation::Import { inputs, .. } => Some(inputs),
        _ => None,
    }
}

/// Refuses a plan whose providers are not those of this build or act elsewhere.
///
/// # Errors
/// With [`Failed::Stale`], naming the provider.
pub fn check_providers(plan: &Plan, connected: &super::connecting::Connected) -> Result<(), Failed> {
    for (name, pin) in &plan.providers {
        let Some(now) = connected.pins.get(name) else { continue };
        if now.version != pin.version {
            return Err(Failed::Stale(format!(
                "the plan was made with version {} of the provider `{name}`, and this is {}",
                pin.version, now.version
            )));
        }
        if now.identity != pin.identity {
            return Err(Failed::Stale(format!("the plan was made for another account of the provider `{name}`")));
        }
    }
    Ok(())
}

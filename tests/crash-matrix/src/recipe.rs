//! One run of siac with the engine's own parts: lock, recover, plan, apply, publish.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use siac_core::model::diagnostic::SourceMap;
use siac_core::model::event::{Event, EventSink, StopRequested};
use siac_core::model::identity::{DeploymentId, Digest, SnapshotId};
use siac_core::model::plan::{Action, Plan};
use siac_core::model::snapshot::{ProviderPin, Snapshot, Status};
use siac_core::planning::questions::Answers;
use siac_core::planning::{Goal, Options, Outcome, Request, plan};
use siac_core::ports::{Catalogues, Clock, Entropy, Provider, random_16};
use siac_engine::Patience;
use siac_engine::answering::Inquiry;
use siac_engine::executor::{Execution, execute};
use siac_engine::recovery::recover;
use siac_engine::stop::Stop;
use siac_engine::store::{Leaving, Purpose, Session, SnapshotName, Store, Wait};
use siac_engine::world::World;
use siac_test_kit::cloud::PLUGIN;

use crate::house::{STACK, Wish};

/// The adapters of one run.
pub struct Run {
    /// The state.
    pub store: Store,
    /// The cloud.
    pub provider: Arc<dyn Provider>,
    /// What the cloud offers.
    pub catalogues: Catalogues,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What is published at its end; [`Snapshot::empty`] while nothing is.
    pub snapshot: Snapshot,
    /// How many calls an earlier run had left open.
    pub recovered: usize,
    /// What the plan did, in order of address; empty when there was nothing to do.
    pub actions: Vec<Action>,
    /// How the deployment ended; `None` when there was nothing to do.
    pub status: Option<Status>,
    /// What went wrong.
    pub failures: Vec<String>,
    /// How many facts were made durable.
    pub facts: usize,
}

/// Carries a wish out.
///
/// # Errors
/// With why the run came to no end of its own: the state could not be read or written, a call could not be settled, the plan was refused.
pub async fn run(run: &Run, wish: &Wish) -> Result<Report, String> {
    let wait = Wait { timeout: Duration::from_secs(600), ..Wait::default() };
    let acquired = run.store.acquire(Purpose::Apply, &wait, &mut |_| {}).await;
    let mut session = acquired.map_err(told)?;
    let mut facts = FactCount::default();
    let recovered = settle(run, &mut session, &mut facts).await?;
    let start = snapshot_of(&session);
    let mut report =
        Report { snapshot: start, recovered, actions: Vec::new(), status: None, failures: Vec::new(), facts: 0 };
    if !matches!(wish, Wish::Recover) {
        deploy(run, wish, &mut session, &mut facts, &mut report).await?;
    }
    if report.status.is_none() {
        session.release(Leaving::Clean).await.map_err(told)?;
    }
    Ok(Report { facts: facts.0, ..report })
}

/// Settles what earlier runs left, and publishes what is true. Answers with how many calls were open.
async fn settle(run: &Run, session: &mut Session, sink: &mut dyn EventSink) -> Result<usize, String> {
    if session.unmerged().is_empty() {
        return Ok(0);
    }
    let facts = session.unmerged().to_vec();
    let (base, world) = (snapshot_of(session), world_of(run, session));
    let recovered = recover(base, &facts, world, session, sink, Stop::never(), Patience::default()).await;
    if !recovered.is_settled() {
        return Err(format!("not settled: {:?}, {:?}", recovered.open, recovered.unwritten));
    }
    let snapshot = Snapshot { status: Status::Interrupted, ..recovered.snapshot };
    session.publish_and_continue(snapshot).await.map_err(told)?;
    Ok(recovered.found)
}

/// Plans, carries the plan out, and publishes what is true then.
async fn deploy(
    run: &Run,
    wish: &Wish,
    session: &mut Session,
    sink: &mut dyn EventSink,
    report: &mut Report,
) -> Result<(), String> {
    let kept = match wish {
        Wish::Rollback(serial) => Some(run.store.find(&SnapshotName::Serial(*serial)).await.map_err(told)?.snapshot),
        _ => None,
    };
    let goal = match (wish, &kept) {
        (Wish::Stack(stack), _) => Goal::Stack(stack),
        (_, Some(kept)) => Goal::Snapshot(kept),
        (_, None) => Goal::Nothing,
    };
    let id = session.base().map(|base| base.id);
    let (plan, world) = ask(run, goal, report.snapshot.clone(), id, session, sink).await?;
    report.actions = plan.changes.iter().map(|change| change.action).collect();
    if plan.is_empty() {
        return Ok(());
    }
    let execution = Execution::new(DeploymentId(random_16(&*run.entropy)), Digest([0; 32]));
    let start = report.snapshot.clone();
    let executed = execute(plan, start, Arc::new(world), session, sink, Stop::never(), &execution).await;
    report.failures = executed.failures.iter().map(|failure| format!("{}: {}", failure.address, failure.why)).collect();
    if !executed.open.is_empty() || executed.unwritten.is_some() {
        return Err(format!("left open: {:?}, {:?}", executed.open, executed.unwritten));
    }
    report.status = Some(executed.status);
    report.snapshot = session.publish(executed.snapshot).await.map_err(told)?.snapshot;
    Ok(())
}

/// Asks the planner, answers what it asks, and asks again.
async fn ask(
    run: &Run,
    goal: Goal<'_>,
    snapshot: Snapshot,
    base_id: Option<SnapshotId>,
    session: &Session,
    sink: &mut dyn EventSink,
) -> Result<(Plan, World), String> {
    let world = World::clone(&world_of(run, session));
    let mut inquiry = Inquiry::new(world, Arc::new(snapshot));
    let snapshot = inquiry.snapshot.clone();
    let (sources, options) = (SourceMap::default(), Options::default());
    let request = Request {
        goal,
        snapshot: &snapshot,
        base_id,
        catalogues: &run.catalogues,
        sources: &sources,
        options: &options,
    };
    let mut answers = Answers::default();
    loop {
        match plan(&request, &answers) {
            Outcome::Asks(questions) => inquiry.answer(questions, &mut answers, sink).await,
            Outcome::Refused(diagnostics) => return Err(format!("refused: {diagnostics:?}")),
            Outcome::Done(mut plan, _) => {
                plan.providers = BTreeMap::from([(PLUGIN.to_owned(), pin())]);
                return Ok((*plan, inquiry.world));
            }
        }
    }
}

fn pin() -> ProviderPin {
    let (plugin, version) = (PLUGIN.to_owned(), "1.0.0".to_owned());
    ProviderPin { plugin, version, identity: Some("fake account".to_owned()), config: BTreeMap::new() }
}

/// What is published, or nothing yet; with the stack's secret in either case.
fn snapshot_of(session: &Session) -> Snapshot {
    let published = session.base().map(|base| base.snapshot.clone());
    let snapshot = published.unwrap_or_else(|| Snapshot { uuid: session.uuid(), ..Snapshot::empty(STACK) });
    Snapshot { stack_secret: session.stack_secret().clone(), ..snapshot }
}

fn world_of(run: &Run, session: &Session) -> Arc<World> {
    Arc::new(World {
        stack: STACK.to_owned(),
        uuid: session.uuid(),
        providers: BTreeMap::from([(PLUGIN.to_owned(), run.provider.clone())]),
        secrets: BTreeMap::new(),
        artifacts: Arc::new(session.artifacts()),
        clock: run.clock.clone(),
        entropy: run.entropy.clone(),
    })
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Counts the facts that became durable.
#[derive(Default)]
struct FactCount(usize);

impl EventSink for FactCount {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        self.0 += usize::from(matches!(event, Event::Fact(_)));
        ControlFlow::Continue(())
    }
}

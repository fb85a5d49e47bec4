//! One run of siac, as the command line puts it together from the use cases: lock and settle, plan, apply and publish.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use siac_core::model::event::{Event, EventSink, Progress, StopRequested};
use siac_core::model::plan::Action;
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::planning::Options;
use siac_engine::executor::PARALLELISM;
use siac_engine::site::Site;
use siac_engine::stop::Stop;
use siac_engine::store::{Leaving, Published, Purpose, Session, SnapshotName, Store, Wait};
use siac_engine::use_cases::applying::{Order, apply};
use siac_engine::use_cases::planning::{Planned, Start, Terms, Wish as Goal, plan};
use siac_engine::use_cases::settling::{Locked, lock};

use crate::house::Wish;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What is published at its end; [`Snapshot::empty`] while nothing is.
    pub snapshot: Snapshot,
    /// What the plan did, in order of address; empty when there was nothing to do.
    pub actions: Vec<Action>,
    /// How the deployment ended; `None` when there was nothing to do.
    pub status: Option<Status>,
    /// What went wrong.
    pub failures: Vec<String>,
    /// How many facts were made durable.
    pub facts: usize,
    /// How many calls of an earlier run were settled.
    pub settled: usize,
}

/// Carries a wish out.
///
/// # Errors
/// With why the run came to no end of its own: the state could not be read or written, a call could not be settled, the plan was refused.
pub async fn run(site: &Site, store: &Store, wish: &Wish) -> Result<Report, String> {
    let wait = Wait { timeout: Duration::from_secs(600), ..Wait::default() };
    let mut hearing = Hearing::default();
    let locked = lock(site, store, Purpose::Apply, &wait, &mut hearing, Stop::never()).await;
    let Locked { session, start, .. } = locked.map_err(told)?;
    let report = match wish {
        Wish::Recover => idle(session, start).await,
        _ => deploy(site, store, wish, session, start, &mut hearing).await,
    }?;
    Ok(Report { facts: hearing.facts, settled: hearing.settled, ..report })
}

/// Gives the lock back; nothing was to be done.
async fn idle(session: Session, start: Start) -> Result<Report, String> {
    session.release(Leaving::Clean).await.map_err(told)?;
    let snapshot = start.snapshot;
    Ok(Report { snapshot, actions: Vec::new(), status: None, failures: Vec::new(), facts: 0, settled: 0 })
}

/// Plans, carries the plan out, and publishes what is true then.
async fn deploy(
    site: &Site,
    store: &Store,
    wish: &Wish,
    session: Session,
    start: Start,
    sink: &mut dyn EventSink,
) -> Result<Report, String> {
    let kept = kept(store, wish).await?;
    let goal = match (wish, &kept) {
        (Wish::Stack(loaded), _) => Goal::Stack(loaded),
        (_, Some(kept)) => Goal::Snapshot(&kept.snapshot),
        (_, None) => Goal::Nothing,
    };
    let artifacts = Arc::new(session.artifacts());
    let terms = Terms { on_failure: None, artifacts, is_untrusted: false, stop: Stop::never() };
    let planned = plan(site, &start, goal, &Options::default(), terms, sink).await;
    let Planned { plan, artifacts, world, .. } = match planned {
        Ok(planned) => planned,
        Err(failed) => {
            session.release(Leaving::Clean).await.map_err(told)?;
            return Err(format!("{failed}: {failed:?}"));
        }
    };
    if plan.is_empty() {
        return idle(session, start).await;
    }
    let actions = plan.changes.iter().map(|change| change.action).collect();
    let order = Order { plan, artifacts, parallelism: PARALLELISM };
    let applied = apply(site, session, start, order, world, sink, Stop::never()).await.map_err(told)?;
    let published = applied.published.ok_or_else(|| format!("left open: {:?}", applied.open))?;
    let failures = applied.failures.iter().map(|failure| format!("{}: {}", failure.address, failure.why)).collect();
    let status = Some(applied.status);
    Ok(Report { snapshot: published.snapshot, actions, status, failures, facts: 0, settled: 0 })
}

/// The snapshot to go back to.
async fn kept(store: &Store, wish: &Wish) -> Result<Option<Published>, String> {
    match wish {
        Wish::Rollback(serial) => store.find(&SnapshotName::Serial(*serial)).await.map(Some).map_err(told),
        _ => Ok(None),
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Counts what it hears.
#[derive(Default)]
struct Hearing {
    facts: usize,
    settled: usize,
}

impl EventSink for Hearing {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        match event {
            Event::Fact(_) => self.facts += 1,
            Event::Progress(Progress::Recovering { open }) => self.settled += open,
            Event::Progress(_) => {}
        }
        ControlFlow::Continue(())
    }
}

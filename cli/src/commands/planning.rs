//! `siac plan`, and what every command that plans does with a plan.

use std::path::Path;
use std::sync::Arc;

use siac_core::model::plan::Plan;
use siac_core::model::stack::OnFailure;
use siac_core::planning::Options;
use siac_core::ports::Artifacts;
use siac_engine::stop::Stop;
use siac_engine::store::{Purpose, StoreError};
use siac_engine::use_cases::loading::LoadedStack;
use siac_engine::use_cases::planning::{self as use_case, Planned, Start, Terms, Wish};
use siac_engine::use_cases::{Failed, settling};

use super::common::{Opened, block_on, check_limits, drop_pending, open, pending_path, plan_options, warn};
use crate::arguments::{Cli, FailureChoice, LockOptions, PlanArgs, ScopeOptions, ViewOptions};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::{self, Interrupts};
use crate::json_stream::Kind;
use crate::render::{html, plan as render};

/// Shows what would change, and keeps the plan.
pub fn plan(arguments: &PlanArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), Some(&arguments.plan.scope.values), cli, desk)?;
    let options = plan_options(&arguments.plan);
    block_on(async {
        let loaded = match options.destroy {
            true => None,
            false => Some(opened.load(Some(&arguments.plan.scope.values), desk)?),
        };
        let wish = loaded.as_ref().map_or(Wish::Nothing, Wish::Stack);
        let manner = Manner::of(&arguments.plan.scope, arguments.on_failure);
        let planned = reading_plan(&opened, wish, &options, manner, &arguments.lock, desk).await?;
        warn_of(&planned, loaded.as_ref(), desk);
        show(&planned.plan, &arguments.view, desk)?;
        check_limits(&planned.plan, &arguments.plan.scope)?;
        keep(&opened, &planned, arguments.out.as_deref(), desk).await?;
        Ok(verdict(&planned.plan, arguments.detailed_exitcode))
    })
}

/// Shows what is probably not meant.
pub fn warn_of(planned: &Planned, loaded: Option<&LoadedStack>, desk: &Desk) {
    if let Some(loaded) = loaded {
        warn(desk, &planned.warnings, &loaded.sources);
    }
}

/// The exit code of a command that only plans.
pub fn verdict(plan: &Plan, detailed: bool) -> Exit {
    if detailed && !plan.is_empty() { Exit::Changes } else { Exit::Done }
}

/// How a plan is made, as the flags have it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    on_failure: Option<OnFailure>,
    is_untrusted: bool,
}

impl Manner {
    /// As these flags have it.
    pub fn of(scope: &ScopeOptions, on_failure: Option<FailureChoice>) -> Self {
        Self { on_failure: on_failure.map(Into::into), is_untrusted: scope.untrusted }
    }

    /// The same, where artifacts are and with what stops it.
    pub fn terms(self, artifacts: Arc<dyn Artifacts>, stop: Stop) -> Terms {
        Terms { on_failure: self.on_failure, artifacts, is_untrusted: self.is_untrusted, stop }
    }
}

/// Plans without holding the lock. What an earlier run left is settled first, under the lock; while another run works, the plan is made
/// from what was published last.
pub async fn reading_plan(
    opened: &Opened,
    wish: Wish<'_>,
    options: &Options,
    manner: Manner,
    lock: &LockOptions,
    desk: &Desk,
) -> Result<Planned, Failure> {
    let interrupts = listen()?;
    let mut listener = desk.listener(None, interrupts.asked.clone());
    let start = starting_point(opened, options, lock, &mut listener, interrupts.stop.clone(), desk).await?;
    let artifacts = Arc::new(opened.store.artifacts(start.snapshot.uuid, &start.snapshot.stack_secret));
    let terms = manner.terms(artifacts, interrupts.stop);
    let planned = use_case::plan(&opened.site, &start, wish, options, terms, &mut listener).await?;
    listener.finish();
    Ok(planned)
}

/// Signals, as the engine watches them.
pub fn listen() -> Result<Interrupts, Failure> {
    interrupts::listen().map_err(|error| Failure::new(format!("this system takes no signal handlers: {error}")))
}

async fn starting_point(
    opened: &Opened,
    options: &Options,
    lock: &LockOptions,
    listener: &mut crate::desk::Listener,
    stop: Stop,
    desk: &Desk,
) -> Result<Start, Failure> {
    if !options.offline && settling::is_unsettled(&opened.store).await? {
        match settling::lock(&opened.site, &opened.store, Purpose::Recover, &opened.wait(lock)?, listener, stop).await {
            Ok(locked) => {
                locked.session.release(siac_engine::store::Leaving::Clean).await?;
            }
            Err(Failed::Store(StoreError::Held { .. })) => {
                desk.say("another run is at work on this stack; the plan is made from what was published last");
            }
            Err(failed) => return Err(failed.into()),
        }
    }
    published(opened).await
}

/// The snapshot that was published last, or the empty one.
pub async fn published(opened: &Opened) -> Result<Start, Failure> {
    Ok(match opened.store.latest().await? {
        Some(published) => Start { snapshot: published.snapshot, id: Some(published.id) },
        None => Start { snapshot: siac_core::model::snapshot::Snapshot::empty(&opened.located.name), id: None },
    })
}

/// Shows a plan, and writes it as a page where that was asked for.
pub fn show(plan: &Plan, view: &ViewOptions, desk: &Desk) -> Result<(), Failure> {
    match &desk.json {
        Some(stream) => drop(stream.plan(plan)),
        None => desk.answer(|| render::plan(plan, &desk.out, view.into()), Kind::Message, || serde_json::Value::Null),
    }
    match &view.html {
        None => Ok(()),
        Some(path) => std::fs::write(path, html::plan(plan, view.detail))
            .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display()))),
    }
}

/// Keeps a plan: in a file, or as the pending plan of the project.
pub async fn keep(opened: &Opened, planned: &Planned, out: Option<&Path>, desk: &Desk) -> Result<(), Failure> {
    let path = out.map_or_else(|| pending_path(&opened.file), Path::to_owned);
    if out.is_none() {
        drop_pending(&opened.file.project);
        if planned.plan.is_empty() {
            return Ok(());
        }
    }
    opened.store.save_plan(&path, &planned.plan, &planned.artifacts).await?;
    match out {
        Some(out) => desk.say(&format!("\nthe plan is kept in {0}; apply it with\n  siac apply {0}", out.display())),
        None => desk.say("\nthe plan is kept; apply it with\n  siac apply"),
    }
    Ok(())
}

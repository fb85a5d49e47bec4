//! `siac apply`, `siac rollback`, `siac destroy`, `siac import`: a plan is shown, approved and carried out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use siac_core::model::diagnostic::Span;
use siac_core::model::expression::{Expression, Place};
use siac_core::model::identity::Digest;
use siac_core::model::plan::Plan;
use siac_core::model::snapshot::Status;
use siac_core::model::stack::Import;
use siac_core::model::value::Value;
use siac_core::planning::Options;
use siac_engine::stop::Stop;
use siac_engine::store::{Leaving, Purpose, Session};
use siac_engine::use_cases::applying::{self as use_case, Applied, Order};
use siac_engine::use_cases::connecting::{connect, planned};
use siac_engine::use_cases::loading::LoadedStack;
use siac_engine::use_cases::planning::{Planned, Start, Wish, plan};
use siac_engine::use_cases::settling::{self, Locked};
use siac_engine::world::World;

use super::common::{Opened, block_on, check_limits, judged, open, open_file, options, pending_path, plan_options};
use super::planning::{Manner, keep, listen, reading_plan, show, verdict, warn_of};
use super::reading::snapshot_name;
use crate::arguments::{
    ApplyArgs, ApplyOptions, Cli, DestroyArgs, ImportArgs, LockOptions, RollbackArgs, ScopeOptions, ViewOptions,
};
use crate::confirm::approval;
use crate::desk::{Desk, Listener};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::StackFile;
use crate::render::ending::{Ending, ending};

/// What is to be planned and applied in one go.
struct Job<'a> {
    opened: &'a Opened,
    wish: Wish<'a>,
    loaded: Option<&'a LoadedStack>,
    options: Options,
    scope: &'a ScopeOptions,
    manner: Manner,
    apply: &'a ApplyOptions,
    view: &'a ViewOptions,
    lock: &'a LockOptions,
    purpose: Purpose,
}

/// `siac apply`
pub fn apply(arguments: &ApplyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    match arguments.subject.as_deref() {
        Some(subject) if subject.ends_with(".siac") => saved(Path::new(subject), arguments, cli, desk),
        None if !arguments.plan.says_what_to_plan() => pending(arguments, cli, desk),
        subject => stack(subject, arguments, cli, desk),
    }
}

fn stack(subject: Option<&str>, arguments: &ApplyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let scope = &arguments.plan.scope;
    let opened = open(subject, Some(&scope.values), cli, desk)?;
    let options = plan_options(&arguments.plan);
    let loaded = if options.destroy { None } else { Some(opened.load(Some(&scope.values), desk)?) };
    let job = Job {
        opened: &opened,
        wish: loaded.as_ref().map_or(Wish::Nothing, Wish::Stack),
        loaded: loaded.as_ref(),
        options,
        scope,
        manner: Manner::of(scope, arguments.on_failure),
        apply: &arguments.apply,
        view: &arguments.view,
        lock: &arguments.lock,
        purpose: Purpose::Apply,
    };
    block_on(job.run(desk))
}

/// `siac destroy`
pub fn destroy(arguments: &DestroyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), Some(&arguments.scope.values), cli, desk)?;
    let job = Job {
        opened: &opened,
        wish: Wish::Nothing,
        loaded: None,
        options: Options { destroy: true, ..options(&arguments.scope) },
        scope: &arguments.scope,
        manner: Manner::of(&arguments.scope, arguments.on_failure),
        apply: &arguments.apply,
        view: &arguments.view,
        lock: &arguments.lock,
        purpose: Purpose::Destroy,
    };
    block_on(job.run(desk))
}

/// `siac import`
pub fn import(arguments: &ImportArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), Some(&arguments.scope.values), cli, desk)?;
    let mut loaded = opened.load(Some(&arguments.scope.values), desk)?;
    loaded.stack.imports.push(Import {
        to: arguments.address.clone(),
        id: Expression::literal(Value::string(&arguments.id)),
        place: Place(None::<Span>),
    });
    let targets = vec![arguments.address.clone().into()];
    let view = ViewOptions::default();
    let job = Job {
        opened: &opened,
        wish: Wish::Stack(&loaded),
        loaded: Some(&loaded),
        options: Options { targets, ..options(&arguments.scope) },
        scope: &arguments.scope,
        manner: Manner::of(&arguments.scope, None),
        apply: &arguments.apply,
        view: &view,
        lock: &arguments.lock,
        purpose: Purpose::Apply,
    };
    block_on(job.run(desk))
}

/// `siac rollback`
pub fn rollback(arguments: &RollbackArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), Some(&arguments.scope.values), cli, desk)?;
    let only_plans = arguments.plan_only || arguments.out.is_some();
    block_on(async {
        let target = opened.store.find(&snapshot_name(&arguments.to)).await?;
        let wish = Wish::Snapshot(&target.snapshot);
        if only_plans {
            let manner = Manner::of(&arguments.scope, arguments.on_failure);
            let planned =
                reading_plan(&opened, wish, &options(&arguments.scope), manner, &arguments.lock, desk).await?;
            show(&planned.plan, &arguments.view, desk)?;
            check_limits(&planned.plan, &arguments.scope)?;
            keep(&opened, &planned, arguments.out.as_deref(), desk).await?;
            return Ok(verdict(&planned.plan, arguments.detailed_exitcode));
        }
        let job = Job {
            opened: &opened,
            wish,
            loaded: None,
            options: options(&arguments.scope),
            scope: &arguments.scope,
            manner: Manner::of(&arguments.scope, arguments.on_failure),
            apply: &arguments.apply,
            view: &arguments.view,
            lock: &arguments.lock,
            purpose: Purpose::Rollback,
        };
        job.run(desk).await
    })
}

impl Job<'_> {
    async fn run(self, desk: &Desk) -> Result<Exit, Failure> {
        let interrupts = listen()?;
        let mut listener = desk.listener(None, interrupts.asked.clone());
        let wait = self.opened.wait(self.lock)?;
        let locked = settling::lock(
            &self.opened.site,
            &self.opened.store,
            self.purpose,
            &wait,
            &mut listener,
            interrupts.stop.clone(),
        )
        .await?;
        let Locked { session, start, .. } = locked;
        let terms = self.manner.terms(Arc::new(session.artifacts()), interrupts.stop.clone());
        let planned = plan(&self.opened.site, &start, self.wish, &self.options, terms, &mut listener).await;
        listener.finish();
        let planned = match planned {
            Ok(planned) => planned,
            Err(failed) => return give_back(session, failed.into()).await,
        };
        warn_of(&planned, self.loaded, desk);
        if let Err(failure) =
            show(&planned.plan, self.view, desk).and_then(|()| check_limits(&planned.plan, self.scope))
        {
            return give_back(session, failure).await;
        }
        if planned.plan.is_empty() {
            session.release(Leaving::Clean).await?;
            return Ok(Exit::Done);
        }
        if let Err(failure) = approved(&planned.plan, self.apply.auto_approve, interrupts.stop.clone(), desk).await {
            return give_back(session, failure).await;
        }
        let Planned { plan, artifacts, world, .. } = planned;
        carry_out(self.opened, session, start, Ready { plan, artifacts, world }, self.apply, interrupts, desk).await
    }
}

/// Gives the lock back before a failure is told.
async fn give_back(session: Session, failure: Failure) -> Result<Exit, Failure> {
    session.release(Leaving::Clean).await?;
    Err(failure)
}

/// Asks for an approval. Whoever interrupts the question is not kept waiting for an answer; its thread ends with the process.
async fn approved(plan: &Plan, auto_approve: bool, mut stop: Stop, desk: &Desk) -> Result<(), Failure> {
    let question = match plan.counts().destroy {
        0 => "Apply this plan?".to_owned(),
        destroyed => format!("Apply this plan, which destroys {destroyed}?"),
    };
    let asking = tokio::task::spawn_blocking(move || approval(&question, auto_approve));
    let answer = tokio::select! {
        biased;
        answer = asking => answer.map_err(std::io::Error::other).flatten(),
        _ = stop.raised() => {
            desk.say("");
            return Err(Failure::with_exit(Exit::Interrupted, "interrupted; nothing was changed"));
        }
    };
    judged(answer)
}

/// A plan and what it needs.
struct Ready {
    plan: Plan,
    artifacts: BTreeMap<Digest, Vec<u8>>,
    world: World,
}

async fn carry_out(
    opened: &Opened,
    session: Session,
    start: Start,
    ready: Ready,
    options: &ApplyOptions,
    interrupts: crate::interrupts::Interrupts,
    desk: &Desk,
) -> Result<Exit, Failure> {
    let Ready { plan, artifacts, mut world } = ready;
    let before = start.snapshot.serial;
    let mode = plan.mode;
    world.secrets = match use_case::secrets_for(&opened.site, &plan, &start.snapshot).await {
        Ok(secrets) => secrets,
        Err(failed) => return give_back(session, failed.into()).await,
    };
    world.secrets.values().for_each(|secret| desk.redactor.add(&secret.value));
    let mut listener = desk.listener(Some(&plan), interrupts.asked.clone());
    let order = Order { plan, artifacts, parallelism: options.parallelism.get() };
    let applied = use_case::apply(&opened.site, session, start, order, world, &mut listener, interrupts.stop).await;
    // The plan was used, whatever came of it.
    opened.store.discard_plan(&pending_path(&opened.file))?;
    tell(applied?, listener, mode, before, desk)
}

fn tell(
    applied: Applied,
    listener: Listener,
    mode: siac_core::model::plan::PlanMode,
    before: u64,
    desk: &Desk,
) -> Result<Exit, Failure> {
    let tally = listener.finish();
    let nothing = BTreeMap::new();
    let outputs = applied.published.as_ref().map_or(&nothing, |published| &published.snapshot.outputs);
    let unsettled = !applied.unknown.is_empty();
    let words = ending(&Ending { mode, status: applied.status, tally: &tally, outputs, before, unsettled }, &desk.err);
    if desk.json.is_none() {
        desk.show(&words);
    }
    for (intent, why) in &applied.open {
        desk.say(&format!("{} was still running: {why}; the next run settles it", intent.address));
    }
    Ok(match (applied.status, unsettled) {
        (Status::Interrupted, _) => Exit::Interrupted,
        (_, true) => Exit::OutcomeUnknown,
        (Status::Complete | Status::Edited, false) => Exit::Done,
        (Status::RolledBack, false) => Exit::RolledBack,
        (Status::UndoIncomplete, false) => Exit::UndoIncomplete,
        (Status::Halted, false) => Exit::UndoIncomplete,
    })
}

/// The pending plan of the stack that is meant; where none is pending, a new one.
fn pending(arguments: &ApplyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let file = super::common::stack_file(None, cli, desk)?;
    let path = pending_path(&file);
    match path.exists() {
        true => apply_saved(file, &path, arguments, true, cli, desk),
        false => stack(Some(&file.shown.clone()), arguments, cli, desk),
    }
}

fn saved(path: &Path, arguments: &ApplyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    if !path.is_file() {
        return Err(
            Failure::new(format!("there is no saved plan {}", path.display())).help("`siac plan --out FILE` keeps one")
        );
    }
    if arguments.plan.says_what_to_plan() {
        return Err(Failure::new("a saved plan is applied as it is; flags that say what to plan have no part in it")
            .help("leave them out, or plan again with them: `siac plan --out FILE`"));
    }
    let file = super::common::stack_file(None, cli, desk)?;
    apply_saved(file, path, arguments, false, cli, desk)
}

/// Applies exactly a kept plan, if nothing moved since.
fn apply_saved(
    file: StackFile,
    path: &Path,
    arguments: &ApplyArgs,
    is_pending: bool,
    cli: &Cli,
    desk: &Desk,
) -> Result<Exit, Failure> {
    let opened = open_file(file, Some(&arguments.plan.scope.values), cli, desk)?;
    block_on(async {
        let kept = opened.store.open_plan(path).await?;
        if is_pending && kept.plan.configuration.is_some() && kept.plan.configuration != opened.located.configuration {
            let why = "the stack files changed since it was made";
            return Err(Failure::with_exit(Exit::StalePlan, format!("the pending plan is stale: {why}"))
                .help("plan again: `siac plan`"));
        }
        show(&kept.plan, &arguments.view, desk)?;
        check_limits(&kept.plan, &arguments.plan.scope)?;
        let interrupts = listen()?;
        let mut listener = desk.listener(None, interrupts.asked.clone());
        let wait = opened.wait(&arguments.lock)?;
        let locked =
            settling::lock(&opened.site, &opened.store, Purpose::Apply, &wait, &mut listener, interrupts.stop.clone())
                .await?;
        listener.finish();
        let Locked { session, start, .. } = locked;
        match ready(&opened, &session, &start, kept, arguments, interrupts.stop.clone(), desk).await {
            Ok(ready) => carry_out(&opened, session, start, ready, &arguments.apply, interrupts, desk).await,
            Err(failure) => give_back(session, failure).await,
        }
    })
}

/// A kept plan, checked against the state and the providers of today.
async fn ready(
    opened: &Opened,
    session: &Session,
    start: &Start,
    kept: siac_engine::store::SavedPlan,
    arguments: &ApplyArgs,
    stop: Stop,
    desk: &Desk,
) -> Result<Ready, Failure> {
    let mut plan = kept.plan;
    use_case::check_base(&plan, start)?;
    let connected = connect(&opened.site, planned(&plan), &[&start.snapshot]).await?;
    use_case::check_providers(&plan, &connected)?;
    approved(&plan, arguments.apply.auto_approve, stop, desk).await?;
    if let Some(choice) = arguments.on_failure {
        plan.on_failure = choice.into();
    }
    let world = World {
        stack: opened.located.name.clone(),
        uuid: session.uuid(),
        providers: connected.providers,
        secrets: BTreeMap::new(),
        artifacts: Arc::new(session.artifacts()),
        clock: opened.site.clock.clone(),
        entropy: opened.site.entropy.clone(),
    };
    Ok(Ready { plan, artifacts: kept.artifacts, world })
}

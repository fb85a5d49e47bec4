//! A plan: questions and answers until there are none.

use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::model::diagnostic::{Diagnostics, SourceMap};
use siac_core::model::event::EventSink;
use siac_core::model::identity::{Digest, Fingerprint, SnapshotId};
use siac_core::model::plan::Plan;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Snapshot;
use siac_core::model::stack::OnFailure;
use siac_core::planning::questions::{Answers, DataAnswer, Question, ResourceAnswer};
use siac_core::planning::{self, Goal, Options, Outcome};
use siac_core::ports::{Artifacts, random_32};

use super::Failed;
use super::connecting::{Connected, connect, declared, remembered};
use super::loading::{LoadedStack, open_project};
use crate::answering::{Inquiry, Looking};
use crate::building::{self, Permission, Workshop};
use crate::project::Project;
use crate::site::Site;
use crate::stop::{Stop, StopLevel};
use crate::world::World;

/// How the world should be.
pub enum Wish<'a> {
    /// As this stack wants it.
    Stack(&'a LoadedStack),
    /// As this kept snapshot remembers it.
    Snapshot(&'a Snapshot),
    /// Empty.
    Nothing,
}

/// The state that a plan starts from.
#[derive(Debug, Clone)]
pub struct Start {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Its id; `None` before the first deployment.
    pub id: Option<SnapshotId>,
}

/// What a plan is made under, besides what it is to be.
pub struct Terms {
    /// What is done when a step fails, whatever the stack says.
    pub on_failure: Option<OnFailure>,
    /// Where artifacts are that are remembered.
    pub artifacts: Arc<dyn Artifacts>,
    /// Whether the project is not trusted, so that nothing of it is run (`--untrusted`).
    pub is_untrusted: bool,
    /// Ends the planning early: between two batches of questions, and in the midst of a build.
    pub stop: Stop,
}

/// A plan, and everything that an apply of it needs besides.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// The bytes of the artifacts that were packed for it.
    pub artifacts: BTreeMap<Digest, Vec<u8>>,
    /// The world that it was made in.
    pub world: World,
}

/// Plans.
///
/// # Errors
/// When a provider cannot be used, the planner refuses, or planning was interrupted.
pub async fn plan(
    site: &Site,
    start: &Start,
    wish: Wish<'_>,
    options: &Options,
    terms: Terms,
    sink: &mut dyn EventSink,
) -> Result<Planned, Failed> {
    let (loaded, goal) = match wish {
        Wish::Stack(loaded) => (Some(loaded), Goal::Stack(&loaded.stack)),
        Wish::Snapshot(snapshot) => (None, Goal::Snapshot(snapshot)),
        Wish::Nothing => (None, Goal::Nothing),
    };
    let mut snapshots = vec![&start.snapshot];
    if let Wish::Snapshot(snapshot) = wish {
        snapshots.push(snapshot);
    }
    let mut wanted = remembered(&snapshots);
    wanted.extend(loaded.map(declared).unwrap_or_default());
    let connected = match connect(site, wanted, &snapshots).await {
        Ok(connected) => connected,
        // What is wrong with the stack itself is told first: it may be why.
        Err(failed) => return Err(loaded.and_then(|loaded| rehearse(site, loaded).err()).unwrap_or(failed)),
    };
    let nowhere = SourceMap::default();
    let sources = loaded.map_or(&nowhere, |loaded| &loaded.sources);
    let mut inquiry = inquiry(site, start, loaded, options, &connected, &terms)?;
    let snapshot = inquiry.snapshot.clone();
    let request = planning::Request {
        goal,
        snapshot: &snapshot,
        base_id: start.id,
        catalogues: &site.catalogues,
        sources,
        options,
    };
    let (mut plan, warnings) = converse(&request, &mut inquiry, sink, &terms.stop).await?;
    let foreseen = inquiry.foresee(&plan).await;
    if foreseen.has_errors() {
        return Err(Failed::Problems { diagnostics: foreseen, sources: sources.clone() });
    }
    plan.providers = connected.pins;
    plan.on_failure = terms.on_failure.unwrap_or(plan.on_failure);
    Ok(Planned { plan, warnings, artifacts: inquiry.artifacts, world: inquiry.world })
}

/// Asks the planner, answers what it asks, and asks again.
async fn converse(
    request: &planning::Request<'_>,
    inquiry: &mut Inquiry,
    sink: &mut dyn EventSink,
    stop: &Stop,
) -> Result<(Plan, Diagnostics), Failed> {
    let mut answers = Answers::default();
    loop {
        match planning::plan(request, &answers) {
            Outcome::Done(plan, warnings) => return Ok((*plan, warnings)),
            Outcome::Asks(_) | Outcome::Refused(_) if stop.level() > StopLevel::No => return Err(Failed::Interrupted),
            Outcome::Asks(questions) => inquiry.answer(questions, &mut answers, sink).await,
            Outcome::Refused(diagnostics) => {
                return Err(Failed::Problems { diagnostics, sources: request.sources.clone() });
            }
        }
    }
}

fn inquiry(
    site: &Site,
    start: &Start,
    loaded: Option<&LoadedStack>,
    options: &Options,
    connected: &Connected,
    terms: &Terms,
) -> Result<Inquiry, Failed> {
    let snapshot = keyed(site, &start.snapshot);
    let world = World {
        stack: snapshot.stack.clone(),
        uuid: snapshot.uuid,
        providers: connected.providers.clone(),
        secrets: BTreeMap::new(),
        artifacts: terms.artifacts.clone(),
        clock: site.clock.clone(),
        entropy: site.entropy.clone(),
    };
    let mut inquiry = Inquiry::new(world, Arc::new(snapshot));
    inquiry.sources = site.secret_stores.clone();
    inquiry.looking = match (options.offline, options.refresh) {
        (true, _) => Looking::Offline,
        (false, false) => Looking::NotAtResources,
        (false, true) => Looking::Everything,
    };
    if loaded.is_some() {
        let project = open_project(site)?;
        let permission = permission(options, terms.is_untrusted);
        inquiry.workshop = Some(Workshop::new(project.clone(), permission, site.redact.clone(), terms.stop.clone()));
        inquiry.project = Some(project);
    }
    Ok(inquiry)
}

fn permission(options: &Options, is_untrusted: bool) -> Permission {
    match (options.offline, is_untrusted) {
        (_, true) => Permission::Denied("--untrusted"),
        (true, false) => Permission::Denied("--offline"),
        (false, false) => Permission::Granted,
    }
}

/// Before the first deployment there is no stack secret; fingerprints of its plan are keyed with one that nobody keeps. What is recorded
/// gets the fingerprints of the values that were really sent, under the key that is drawn with the lock.
fn keyed(site: &Site, snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    if snapshot.serial == 0 {
        snapshot.stack_secret = Secret::new(random_32(&*site.entropy));
    }
    snapshot
}

/// Plans without asking the world anything, from nothing: finds what only evaluation shows. Secrets and data stay unknown.
///
/// # Errors
/// When the planner refuses.
pub fn rehearse(site: &Site, loaded: &LoadedStack) -> Result<Diagnostics, Failed> {
    let project = open_project(site)?;
    let snapshot = Snapshot::empty(loaded.stack.name.clone());
    let options = Options { offline: true, refresh: false, ..Options::default() };
    let request = planning::Request {
        goal: Goal::Stack(&loaded.stack),
        snapshot: &snapshot,
        base_id: None,
        catalogues: &site.catalogues,
        sources: &loaded.sources,
        options: &options,
    };
    let mut answers = Answers::default();
    loop {
        match planning::plan(&request, &answers) {
            Outcome::Done(_, warnings) => return Ok(warnings),
            Outcome::Refused(diagnostics) => {
                return Err(Failed::Problems { diagnostics, sources: loaded.sources.clone() });
            }
            Outcome::Asks(questions) => {
                questions.into_iter().for_each(|question| rehearsed(&project, question, &mut answers))
            }
        }
    }
}

/// Files are read, and nothing is built; everything else is answered as if nobody could be reached.
fn rehearsed(project: &Project, question: Question, answers: &mut Answers) {
    let unseen = Fingerprint { version: None, digest: Digest([0; 32]) };
    match question {
        Question::File(question) => {
            let answer = project.answer(&question);
            answers.files.insert(question, answer);
        }
        Question::Artifact { path } => {
            let answer = project.pack(&path).map(|packed| packed.digest).map_err(|unreachable| unreachable.to_string());
            answers.artifacts.insert(path, answer);
        }
        Question::Source { recipe } => {
            let answer = building::identity(project, &recipe, &building::host());
            answers.sources.insert(recipe, answer);
        }
        // What is made of a source has some digest; nobody looks at this one.
        Question::Build { identity, .. } => drop(answers.builds.insert(identity, Ok(identity))),
        Question::Resource { address, deposed } => {
            drop(answers.resources.insert((address, deposed), ResourceAnswer::NotLooked))
        }
        Question::Data { address, inputs, .. } => drop(answers.data.insert(address, (inputs, DataAnswer::NotLooked))),
        Question::Import { address, .. } => {
            drop(answers.imports.insert(address, Err("nobody is asked while validating".to_owned())))
        }
        Question::Secret { name, .. } => drop(answers.secrets.insert(name, Ok(unseen))),
    }
}

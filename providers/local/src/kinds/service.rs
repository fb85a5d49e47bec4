//! `local_service`: a long-running process behind a supervisor that outlives siac.

mod attributes;
mod folder;
mod inspection;
mod release;
mod switching;
mod validation;
mod wanted;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::inspection::Inspection;
use siac_core::model::path::Path as ValuePath;
use siac_core::model::schema::{KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};
use tokio::time::timeout;

use super::command::announce;
use crate::kind::{Kind, blocking, schema};
use crate::machine::Machine;
use crate::supervisor::{FORMAT, Health, Release, Reply, Request, Status, Traffic, ask};
use folder::{await_end, bury_the_dead, ensure_supervisor, is_held, living, remove};
use switching::LONGEST_BAKE;

pub use release::unused as unused_releases;

/// The kind.
pub struct LocalService;

/// The longest that a service may take to become ready. A choice of this project.
const LONGEST_WITHIN: Duration = Duration::from_secs(600);
/// The longest that connections, and then the program, may be given to end. A choice of this project.
const LONGEST_GRACE: Duration = Duration::from_secs(240);
/// The longest that an answer may be waited for. A choice of this project.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3_600);
/// What an update needs besides becoming ready, and standing its steps. A choice of this project.
const MARGIN: Duration = Duration::from_secs(120);

#[async_trait]
impl Kind for LocalService {
    fn schema(&self) -> KindSchema {
        KindSchema {
            // The release before it may have to be brought back first.
            timeout: (LONGEST_WITHIN + MARGIN) * 2 + LONGEST_BAKE,
            typical: Duration::from_secs(2),
            unique: Some("port"),
            ..schema("a long-running process on this machine", RecoveryClass::Token, attributes::attributes())
        }
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        let failing = Some(&Value::string(Health::Failing.word()));
        if planned.verdict == Verdict::Keep && prior.is_some_and(|prior| prior.outputs.get("status") == failing) {
            // Nothing in the stack differs, yet the service does not serve: its release is started anew.
            planned.verdict = Verdict::Update;
            planned.changed = vec![ValuePath::attribute("status")];
        }
        if planned.verdict != Verdict::Keep {
            foresee(&mut planned);
        }
        planned
    }

    fn way(&self, planned: &Planned) -> Option<String> {
        switching::traffic(planned.inputs.get("traffic")?).ok()?.as_ref().and_then(switching::told)
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        validation::problems(desired)
    }

    async fn read(&self, machine: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        let folder = machine.services().join(&object.remote);
        let Some(status) = living(&folder).await? else { return Ok(None) };
        Ok(status.op.map(|_| observed(&object.remote, status.shown.clone(), &status)))
    }

    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let (machine_copy, own) = (machine.clone(), call.op);
        blocking(move || {
            bury_the_dead(&machine_copy, &own);
            Ok(())
        })
        .await?;
        self.converge(machine, call, &call.op.to_string(), inputs).await
    }

    async fn update(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        // A supervisor that is at it answers the same operation once it knows the end.
        announce(call).await?;
        let folder = machine.services().join(&object.remote);
        if !has_supervisor(&folder).await? {
            self.bring_back(machine, call, object, inputs).await?;
        }
        self.converge(machine, call, &object.remote, inputs).await
    }

    async fn delete(&self, machine: &Machine, _: &Call, object: &Object) -> Result<(), Fault> {
        let folder = machine.services().join(&object.remote);
        stop(&folder).await?;
        let machine = machine.clone();
        blocking(move || {
            remove(&folder)?;
            release::prune(&machine);
            Ok(())
        })
        .await
    }

    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let name = call.op.to_string();
        let Some(status) = living(&machine.services().join(&name)).await? else { return Ok(Vec::new()) };
        let entries = inputs.as_map().cloned().unwrap_or_default();
        Ok(status.op.map(|_| observed(&name, entries, &status)).into_iter().collect())
    }

    async fn inspect(&self, machine: &Machine, object: &Object) -> Result<Option<Inspection>, Fault> {
        inspection::inspect(machine, object).await.map(Some)
    }

    fn log(&self, machine: &Machine, object: &Object) -> Option<PathBuf> {
        // Absolute where it lies outside the project; joining keeps that.
        object.outputs.get("log_path").and_then(Value::as_str).map(|path| machine.root.join(path))
    }
}

impl LocalService {
    /// Makes the service of this name run what these attributes ask for.
    async fn converge(&self, machine: &Machine, call: &Call, name: &str, inputs: &Known) -> Result<Observed, Fault> {
        let release = wanted::release(machine, call, name, inputs).await?;
        let status = self.run(machine, &machine.services().join(name), release).await?;
        release::prune(machine);
        Ok(observed(name, inputs.as_map().cloned().unwrap_or_default(), &status))
    }

    /// Makes a service run a release, under a supervisor that is started when there is none.
    async fn run(&self, machine: &Machine, folder: &Path, release: Release) -> Result<Box<Status>, Fault> {
        ensure_supervisor(machine, folder).await?;
        let limit = release.within + release.traffic.together() + MARGIN;
        let silence = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
        match timeout(limit, ask(folder, &Request::Apply(Box::new(release)))).await.unwrap_or_else(|_| Err(silence())) {
            Ok(Reply::Status(status)) => Ok(status),
            Ok(Reply::Refused { why, serving }) => {
                if !serving {
                    await_end(folder).await?;
                    let folder = folder.to_owned();
                    blocking(move || remove(&folder)).await?;
                }
                Err(Fault::rejected(format!("the service was not changed: {why}")))
            }
            Ok(Reply::Stopped) => Err(Fault::transient("the service was stopped by somebody else at the same time")),
            // The same operation can be asked for again; the supervisor knows whether it has been done.
            Err(error) => Err(Fault::transient(format!("the supervisor of the service fell silent: {error}"))),
        }
    }

    /// Runs the release that is remembered again, so that a new one which fails finds it in its place.
    ///
    /// What cannot be brought back is given up: nothing serves then, and the new release can only be an improvement.
    async fn bring_back(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<(), Fault> {
        let Some(before) = filled(&object.inputs, inputs) else { return Ok(()) };
        let Ok(before) = wanted::release(machine, call, &object.remote, &before).await else { return Ok(()) };
        let before = Release { op: object.op, traffic: Traffic::AllAtOnce, ..before };
        match self.run(machine, &machine.services().join(&object.remote), before).await {
            Err(Fault::Rejected { .. }) | Ok(_) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// Whether a supervisor of today's kind lives in a folder. One of an older siac, which does not know what it may be asked, is stopped.
async fn has_supervisor(folder: &Path) -> Result<bool, Fault> {
    let Some(status) = living(folder).await? else { return Ok(false) };
    if status.format >= FORMAT {
        return Ok(true);
    }
    stop(folder).await?;
    Ok(false)
}

/// Stops the service of a folder, if it runs.
async fn stop(folder: &Path) -> Result<(), Fault> {
    if is_held(folder)? {
        // Silence, or a connection that breaks, is looked into below.
        let _ = timeout(LONGEST_WITHIN, ask(folder, &Request::Stop)).await;
        await_end(folder).await?;
    }
    Ok(())
}

/// Remembered attributes with their secrets, each taken from the attribute of the same name of today, as a rollback does it too;
/// `None` when there is none.
fn filled(remembered: &Partial, today: &Known) -> Option<Known> {
    let nothing = Value::Null;
    match remembered {
        Value::Hole(hole) if hole.is_secret() && matches!(today, Value::Secret(_)) => Some(today.clone()),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(name, entry)| Some((name.clone(), filled(entry, today.get(name).unwrap_or(&nothing))?)));
            entries.collect::<Option<_>>().map(Value::Map)
        }
        settled => settled.close(),
    }
}

/// What a successful change certainly leads to.
fn foresee(planned: &mut Planned) {
    let url = match (
        planned.inputs.get("host").and_then(Value::as_str),
        planned.inputs.get("port").and_then(Value::as_number),
    ) {
        (Some(host), Some(port)) if !port.is_zero() => {
            port.as_usize().and_then(|port| u16::try_from(port).ok()).map(|port| url(host, port))
        }
        _ => None,
    };
    if let Value::Map(outputs) = &mut planned.outputs {
        outputs.extend(url.map(|url| ("url".to_owned(), Value::String(url))));
        outputs.insert("status".to_owned(), Value::string(Health::Running.word()));
    }
}

fn url(host: &str, port: u16) -> String {
    match host {
        // What listens everywhere is reached here by the loopback address.
        "0.0.0.0" | "::" => format!("http://127.0.0.1:{port}"),
        host if host.contains(':') => format!("http://[{host}]:{port}"),
        host => format!("http://{host}:{port}"),
    }
}

fn observed(name: &str, inputs: BTreeMap<String, Known>, status: &Status) -> Observed {
    let host = status.shown.get("host").and_then(Value::as_str).unwrap_or("127.0.0.1");
    let log = status.shown.get("log_path").cloned().unwrap_or_default();
    let inputs: BTreeMap<_, _> = inputs.into_iter().filter(|(name, _)| name != "log_path").collect();
    Observed {
        remote: name.to_owned(),
        inputs: Value::Map(inputs),
        outputs: Value::map([
            ("url", Value::String(url(host, status.port))),
            ("log_path", log),
            ("status", Value::string(status.health.word())),
            ("id", Value::string(name)),
        ]),
        private: Vec::new(),
    }
}

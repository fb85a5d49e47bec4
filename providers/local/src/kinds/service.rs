//! `local_service`: a long-running process behind a supervisor that outlives siac.

mod inspection;
mod release;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::OpId;
use siac_core::model::inspection::Inspection;
use siac_core::model::path::Path as ValuePath;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::{Object, artifact_digest};
use siac_core::model::types::{Field, Type};
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};
use tokio::time::{Instant, sleep, timeout};

use super::command::announce;
use crate::attributes::{
    duration, duration_rule, exposed, holds_secret, needed_duration, secret_texts, size, text, text_map, texts,
};
use crate::durable;
use crate::kind::{Kind, blocking, schema};
use crate::machine::Machine;
use crate::process::{inherited_environment, start_detached};
use crate::supervisor::{self, Health, LogFile, MARK, Release, Reply, Request, Restart, Status, ask, recorded};

/// The kind.
pub struct LocalService;

/// The longest that a service may take to become ready. A choice of this project.
const LONGEST_WITHIN: Duration = Duration::from_secs(600);
/// The longest that connections, and then the program, may be given to end. A choice of this project.
const LONGEST_GRACE: Duration = Duration::from_secs(240);
/// How long a supervisor may take to say how it is.
const STATUS: Duration = Duration::from_secs(10);
/// How long a supervisor may hold its lock without answering.
const DYING: Duration = Duration::from_secs(2);
/// How long a supervisor may take to listen.
const START: Duration = Duration::from_secs(20);

#[async_trait]
impl Kind for LocalService {
    fn schema(&self) -> KindSchema {
        KindSchema {
            timeout: LONGEST_WITHIN + Duration::from_secs(120),
            typical: Duration::from_secs(2),
            unique: Some("port"),
            ..schema("a long-running process on this machine", RecoveryClass::Token, attributes())
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

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let health = |name: &str| desired.get("health").and_then(|health| health.get(name)).and_then(Value::as_str);
        let grace = desired.get("stop_grace").and_then(Value::as_str);
        let is_longer = |text: &str, bound: Duration| duration(text).is_none_or(|duration| duration > bound);
        let is_path =
            |path: &str| path.starts_with('/') && !path.contains(|c: char| c.is_whitespace() || c.is_control());
        let secret = desired.get("command").is_some_and(|command| command.holes().iter().any(|hole| hole.is_secret()));
        let problems = [
            secret.then_some((
                "malformed-command",
                "`command` holds a secret, which everybody on this machine could read in the list of processes",
                "pass the secret by `environment`",
            )),
            health("within").is_some_and(|within| is_longer(within, LONGEST_WITHIN)).then_some((
                "service-health",
                "`health.within` is no duration of at most 10 minutes",
                "write `30s` or `2m`",
            )),
            health("path").is_some_and(|path| !is_path(path)).then_some((
                "service-health",
                "`health.path` is not the path of a URL",
                "write `/health`",
            )),
            grace.is_some_and(|grace| is_longer(grace, LONGEST_GRACE)).then_some((
                "service-grace",
                "`stop_grace` is no duration of at most 4 minutes",
                "write `10s` or `1m`",
            )),
        ];
        let mut diagnostics = Diagnostics::new();
        let told = |(code, detail, help)| Diagnostic::error(code, "this cannot be run as a service", detail).help(help);
        diagnostics.extend(problems.into_iter().flatten().map(told));
        diagnostics
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
        self.converge(machine, call, &object.remote, inputs).await
    }

    async fn delete(&self, machine: &Machine, _: &Call, object: &Object) -> Result<(), Fault> {
        let folder = machine.services().join(&object.remote);
        if is_held(&folder)? {
            // Silence, or a connection that breaks, is looked into below.
            let _ = timeout(LONGEST_WITHIN, ask(&folder, &Request::Stop)).await;
            await_end(&folder).await?;
        }
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
    /// Makes the service of this name run this release, under a supervisor that is started when there is none.
    async fn converge(&self, machine: &Machine, call: &Call, name: &str, inputs: &Known) -> Result<Observed, Fault> {
        let folder = machine.services().join(name);
        let release = release(machine, call, name, inputs).await?;
        ensure_supervisor(machine, &folder).await?;
        let shown = inputs.as_map().cloned().unwrap_or_default();
        match ask(&folder, &Request::Apply(Box::new(release))).await {
            Ok(Reply::Status(status)) => {
                release::prune(machine);
                Ok(observed(name, shown, &status))
            }
            Ok(Reply::Refused { why, serving }) => {
                if !serving {
                    await_end(&folder).await?;
                    blocking(move || remove(&folder)).await?;
                }
                Err(Fault::rejected(format!("the service was not changed: {why}")))
            }
            Ok(Reply::Stopped) => Err(Fault::transient("the service was stopped by somebody else at the same time")),
            // The same operation can be asked for again; the supervisor knows whether it has been done.
            Err(error) => Err(Fault::transient(format!("the supervisor of the service fell silent: {error}"))),
        }
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let optional = |ty| Field { ty, optional: true };
    let health = Type::Object(BTreeMap::from([
        ("path".to_owned(), optional(Type::String)),
        ("within".to_owned(), optional(Type::String)),
    ]));
    let log = Type::Object(BTreeMap::from([
        ("path".to_owned(), optional(Type::String)),
        ("max_bytes".to_owned(), optional(Type::Number)),
        ("keep".to_owned(), optional(Type::Number)),
    ]));
    vec![
        (
            "command",
            Attribute::required(
                Type::list(Type::String),
                "the program and its arguments; it must listen on the port in the variable PORT",
            ),
        ),
        (
            "source",
            Attribute::optional(
                Type::String,
                "the folder of the project with the program's files; each release runs in a copy of its own",
            )
            .artifact(),
        ),
        (
            "working_directory",
            Attribute::optional(
                Type::String,
                "where it runs, relative to `source`, or to the project root when there is none",
            ),
        ),
        (
            "port",
            Attribute::required(Type::Number, "the port that siac listens on; 0 for any")
                .rule(Rule::Between(0, 65_535)),
        ),
        (
            "host",
            Attribute::optional(Type::String, "the address that siac listens on")
                .default(Value::string("127.0.0.1"))
                .rule(Rule::Length(1, 253)),
        ),
        (
            "environment",
            Attribute::optional(
                Type::map(Type::String),
                "variables for the program, besides PORT, HOST, PATH, HOME, LANG, TZ, TMPDIR, USER and SHELL",
            ),
        ),
        (
            "health",
            Attribute::optional(
                health,
                "`path`: what answers when it is ready (default: it accepts connections); `within`: how long that may take (default 30s)",
            ),
        ),
        (
            "restart",
            Attribute::optional(Type::String, "when it is started again: `always`, `on-failure` or `never`")
                .default(Value::string("on-failure"))
                .rule(Rule::OneOf(&["always", "on-failure", "never"])),
        ),
        (
            "stop_grace",
            Attribute::optional(
                Type::String,
                "how long its last connections, and then the program itself, may take to end",
            )
            .default(Value::string("10s"))
            .rule(duration_rule()),
        ),
        (
            "log",
            Attribute::optional(
                log,
                "`path`: the log file; `max_bytes`: when a new one is begun (default 10 MiB); `keep`: how many old ones are kept (default 3)",
            ),
        ),
        ("url", Attribute::computed(Type::String, "where it answers").follows(&["host", "port"])),
        ("log_path", Attribute::computed(Type::String, "the log file, relative to the project root").follows(&["log"])),
        (
            "status",
            Attribute::computed(Type::String, "`running`, or `failing` when it keeps ending or is not started again"),
        ),
        ("id", Attribute::computed(Type::String, "32 hexadecimal digits, new for each object").stays()),
    ]
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

fn is_held(folder: &Path) -> Result<bool, Fault> {
    supervisor::is_held(folder)
        .map_err(|error| Fault::transient(format!("cannot look at `{}`: {error}", folder.display())))
}

/// What the supervisor of a folder says of itself; `None` when none lives there.
async fn living(folder: &Path) -> Result<Option<Status>, Fault> {
    let start = Instant::now();
    while is_held(folder)? {
        match status(folder).await {
            Ok(status) => return Ok(Some(status)),
            // One that is coming to life or dying holds the lock and does not answer.
            Err(_) if start.elapsed() < DYING => sleep(Duration::from_millis(20)).await,
            Err(error) => {
                return Err(Fault::transient(format!(
                    "the supervisor in `{}` does not answer: {error}",
                    folder.display()
                )));
            }
        }
    }
    Ok(None)
}

async fn status(folder: &Path) -> io::Result<Status> {
    match timeout(STATUS, ask(folder, &Request::Status)).await?? {
        Reply::Status(status) => Ok(*status),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The release that these attributes ask for, its files unpacked.
async fn release(machine: &Machine, call: &Call, name: &str, inputs: &Known) -> Result<Release, Fault> {
    let command = inputs.get("command").unwrap_or(&Value::Null);
    if holds_secret(command) {
        return Err(Fault::rejected(
            "`command` holds a secret, which the list of processes would show; pass it by `environment`",
        ));
    }
    let argv = texts(command).filter(|argv| !argv.is_empty());
    let argv = argv.ok_or_else(|| {
        Fault::rejected("`command` is empty; write a program and its arguments, such as [\"node\", \"server.js\"]")
    })?;
    let digest = text(inputs, "source").and_then(artifact_digest);
    let folder = match &digest {
        Some(digest) => release::unpacked(machine, call, digest).await?,
        None => machine.root.clone(),
    };
    let port = size(inputs, "port").and_then(|port| u16::try_from(port).ok());
    let nothing = Value::Null;
    let health = inputs.get("health").map(exposed).unwrap_or(&nothing);
    let log = log_file(machine, call, inputs.get("log").map(exposed).unwrap_or(&nothing))?;
    let mut environment: BTreeMap<String, String> =
        inherited_environment().chain(text_map(inputs, "environment")).collect();
    environment.insert(MARK.to_owned(), name.to_owned());
    Ok(Release {
        op: call.op,
        argv,
        environment,
        folder: working_folder(folder, digest.is_some(), machine, inputs)?,
        digest: digest.map(|digest| digest.to_string()),
        host: text(inputs, "host").unwrap_or("127.0.0.1").to_owned(),
        port: port.ok_or_else(|| Fault::rejected("`port` is not between 0 and 65535"))?,
        health: text(health, "path").map(str::to_owned),
        within: needed_duration(health, "within", Duration::from_secs(30))?.min(LONGEST_WITHIN),
        restart: restart(inputs),
        grace: needed_duration(inputs, "stop_grace", Duration::from_secs(10))?.min(LONGEST_GRACE),
        secrets: secret_texts(inputs),
        shown: shown(machine, inputs, &log),
        log,
    })
}

fn working_folder(folder: PathBuf, is_release: bool, machine: &Machine, inputs: &Known) -> Result<PathBuf, Fault> {
    match text(inputs, "working_directory") {
        None => Ok(folder),
        Some(written) if !is_release => machine.resolve(written),
        Some(written) => {
            Machine { root: folder.clone(), state: folder.join(".siac"), ..machine.clone() }.resolve(written)
        }
    }
}

fn restart(inputs: &Known) -> Restart {
    match text(inputs, "restart") {
        Some("always") => Restart::Always,
        Some("never") => Restart::Never,
        _ => Restart::OnFailure,
    }
}

/// The log file; by default one that stays the same when the service is made anew.
fn log_file(machine: &Machine, call: &Call, log: &Known) -> Result<LogFile, Fault> {
    let path = match text(log, "path") {
        Some(written) => machine.resolve(written)?,
        None => {
            machine.logs().join(plain_name(&call.stack)).join(format!("{}.log", plain_name(&call.address.to_string())))
        }
    };
    let max_bytes = size(log, "max_bytes").unwrap_or(10 << 20).max(1_024) as u64;
    Ok(LogFile { path, max_bytes, keep: size(log, "keep").unwrap_or(3).min(100) })
}

/// A text as part of a file name.
fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    text.chars().map(plain).take(200).collect::<String>().trim_start_matches('.').to_owned()
}

/// The attributes that may be written down: those without secrets; and where the log is.
fn shown(machine: &Machine, inputs: &Known, log: &LogFile) -> BTreeMap<String, Known> {
    let entries = inputs.as_map().into_iter().flatten().filter(|(_, value)| !holds_secret(value));
    let mut shown: BTreeMap<String, Known> = entries.map(|(name, value)| (name.clone(), value.clone())).collect();
    let path = log.path.strip_prefix(&machine.root).unwrap_or(&log.path);
    shown.insert("log_path".to_owned(), Value::String(path.display().to_string()));
    shown
}

/// Sees to it that a supervisor listens in a folder.
async fn ensure_supervisor(machine: &Machine, folder: &Path) -> Result<(), Fault> {
    if is_held(folder)? && supervisor::is_listening(folder) {
        return Ok(());
    }
    durable::private_folder(folder).map_err(|error| durable::fault("make the folder", folder, &error))?;
    let mut child = start_detached(&machine.program, "__supervisor", folder)?;
    // It is told nothing by this pipe; everything goes over its socket.
    drop(child.stdin.take());
    let start = Instant::now();
    while !supervisor::is_listening(folder) {
        let is_over = matches!(child.try_wait(), Ok(Some(_)));
        if (is_over && !is_held(folder)?) || start.elapsed() > START {
            let remedy = "see whether the disk is full and the folder can be written";
            return Err(Fault::transient(format!("no supervisor came to life in `{}`; {remedy}", folder.display())));
        }
        sleep(Duration::from_millis(10)).await;
    }
    // While siac lives, the supervisor is its child; somebody must take note of its end.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Waits until no supervisor lives in a folder. One that has come late is told to stop, one that does not end is killed.
async fn await_end(folder: &Path) -> Result<(), Fault> {
    let start = Instant::now();
    while is_held(folder)? {
        if start.elapsed() > Duration::from_secs(1) && supervisor::is_listening(folder) {
            // Whether it has heard shows in the lock.
            let _ = timeout(Duration::from_secs(1), ask(folder, &Request::Stop)).await;
        }
        let stubborn = recorded(folder).filter(|_| start.elapsed() > Duration::from_secs(15));
        if let Some(supervisor) = stubborn.and_then(|status| status.supervisor) {
            supervisor.signal(Signal::KILL);
        }
        if start.elapsed() > Duration::from_secs(30) {
            return Err(Fault::ambiguous(format!("the supervisor in `{}` does not end", folder.display())));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Removes the folder of a service whose supervisor is gone, with whatever that has left running.
fn remove(folder: &Path) -> Result<(), Fault> {
    supervisor::end_leftovers(folder);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(durable::fault("delete the folder", folder, &error))
        }
        _ => Ok(()),
    }
}

/// Removes what supervisors that were killed have left behind. A service without a supervisor is gone, as far as anybody can tell.
fn bury_the_dead(machine: &Machine, own: &OpId) {
    let folders = fs::read_dir(machine.services()).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_dead = |folder: &PathBuf| {
        // One that has written nothing down yet is only just being born.
        recorded(folder).is_some()
            && !folder.ends_with(own.to_string())
            && matches!(supervisor::is_held(folder), Ok(false))
    };
    for folder in folders.filter(is_dead) {
        // What cannot be removed now is removed another time.
        let _ = remove(&folder);
    }
}

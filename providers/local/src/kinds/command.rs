//! `local_command`: commands that run exactly once for each operation, whatever happens to siac meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::{OpId, hex};
use siac_core::model::path::Path as ValuePath;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};

use super::value::remembered;
use crate::attributes::{
    duration, duration_rule, exposed, holds_secret, needed_duration, secret_texts, text, text_map, texts, visible,
};
use crate::durable;
use crate::kind::{Kind, blocking, schema};
use crate::machine::Machine;
use crate::process::{inherited_environment, start_detached, tail};
use crate::runner::{Exit, Job, Standing, standing};

/// The kind.
pub struct LocalCommand;

/// The attributes that hold a command.
const COMMANDS: [&str; 3] = ["create", "update", "delete"];
/// The longest time that a command may be given. A choice of this project.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// The time that a command is given when the stack does not say.
const USUAL_LIMIT: Duration = Duration::from_secs(600);

/// What is kept with a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The operation whose run is the latest; its folder is removed when it has been followed by another.
    run: Option<OpId>,
    /// A digest of the triggers, keyed with the operation that made the object.
    triggers: String,
    /// The operation that made the object.
    made: Option<OpId>,
}

#[async_trait]
impl Kind for LocalCommand {
    fn schema(&self) -> KindSchema {
        let command = |description| Attribute::optional(Type::Any, description);
        let attributes = [
            (
                "create",
                Attribute::required(
                    Type::Any,
                    "runs when the resource is made: a text for `sh -c`, or a list of a program and its arguments",
                ),
            ),
            ("update", command("runs when `triggers` change; without it, the resource is replaced")),
            ("delete", command("runs when the resource is deleted")),
            ("triggers", Attribute::optional(Type::map(Type::Any), "any values; a change runs `update`")),
            (
                "environment",
                Attribute::optional(
                    Type::map(Type::String),
                    "variables for the commands, besides PATH, HOME, LANG, TZ, TMPDIR, USER and SHELL",
                ),
            ),
            (
                "working_directory",
                Attribute::optional(
                    Type::String,
                    "where the commands run, relative to the project root; by default the root itself",
                ),
            ),
            (
                "timeout",
                Attribute::optional(Type::String, "how long each command may take, at most 6h")
                    .default(Value::string("10m"))
                    .rule(duration_rule()),
            ),
            (
                "output",
                Attribute::computed(
                    Type::String,
                    "what the last command wrote to its standard output, at most 64 KiB of it",
                )
                .follows(&["triggers"]),
            ),
            (
                "exit_code",
                Attribute::computed(Type::Number, "the exit code of the last command").follows(&["triggers"]),
            ),
            ("id", Attribute::computed(Type::String, "32 hexadecimal digits, new for each object").stays()),
        ];
        KindSchema {
            timeout: LONGEST + Duration::from_secs(60),
            typical: Duration::from_secs(1),
            ..schema("commands that run on this machine, each exactly once", RecoveryClass::Token, attributes)
        }
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        let cannot_update = desired.get("update").is_none_or(Value::is_null);
        if planned.verdict == Verdict::Update && cannot_update {
            let of_triggers = |path: &&ValuePath| path.root() == Some("triggers");
            planned.requires_replace = planned.changed.iter().filter(of_triggers).cloned().collect();
        }
        if !planned.requires_replace.is_empty() {
            planned.verdict = Verdict::Replace;
            planned.outputs = Value::Map(BTreeMap::new());
        }
        planned
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for name in COMMANDS {
            diagnostics.extend(desired.get(name).and_then(|command| malformed(name, command)));
        }
        let limit = desired.get("timeout").and_then(Value::as_str).and_then(duration);
        if limit.is_some_and(|limit| limit > LONGEST) {
            let detail = "`timeout` is longer than 6 hours";
            diagnostics.push(
                Diagnostic::error("command-timeout", "a command may not take that long", detail)
                    .help("give it at most `6h`"),
            );
        }
        diagnostics
    }

    async fn read(&self, _: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        Ok(Some(remembered(object)))
    }

    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let exit = run(machine, &call.op, job(machine, inputs, "create")?).await?;
        created(&call.op, inputs, &exit)
    }

    async fn update(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let kept = kept(object);
        let triggers = triggers_digest(kept.made.as_ref(), inputs);
        if triggers == kept.triggers || inputs.get("update").is_none_or(Value::is_null) {
            let private = Kept { triggers, ..kept };
            return Ok(Observed { inputs: inputs.clone(), private: encoded(&private), ..remembered(object) });
        }
        let job = job(machine, inputs, "update")?;
        announce(call).await?;
        let exit = run(machine, &call.op, job).await?;
        refuse_unstarted(&exit)?;
        if let Some(why) = failure(&exit) {
            // A tainted resource would be replaced, and its `delete` run: too much for an update that can be tried again.
            return Err(Fault::rejected(format!(
                "the `update` command failed, and the next apply runs it again: {why}"
            )));
        }
        forget_run(machine, kept.run.as_ref());
        let private = Kept { run: Some(call.op), triggers, ..kept };
        Ok(observed(&object.remote, inputs, &exit, &private))
    }

    async fn delete(&self, machine: &Machine, call: &Call, object: &Object) -> Result<(), Fault> {
        if object.inputs.get("delete").is_some_and(|command| !command.is_null()) {
            let inputs = with_sealed_variables(object)?;
            let exit = run(machine, &call.op, job(machine, &inputs, "delete")?).await?;
            refuse_unstarted(&exit)?;
            if let Some(why) = failure(&exit) {
                return Err(Fault::rejected(format!("the `delete` command failed, so the resource is kept: {why}")));
            }
        }
        forget_run(machine, kept(object).run.as_ref());
        Ok(())
    }

    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        match finished(&machine.run(&call.op)).await? {
            Some(exit) => Ok(vec![created(&call.op, inputs, &exit)?]),
            None => Ok(Vec::new()),
        }
    }
}

/// Leaves a checkpoint, so that recovery issues this very operation again. It could not see by looking whether the command ran.
pub async fn announce(call: &Call) -> Result<(), Fault> {
    match call.resume {
        Some(_) => Ok(()),
        None => call.checkpoint.save(b"announced".to_vec()).await,
    }
}

/// What is wrong with a command as it is written; holes are trusted until they are filled, unless they are secret.
fn malformed(name: &str, command: &Partial) -> Option<Diagnostic> {
    let secret = command.holes().iter().any(|hole| hole.is_secret());
    let is_text = |value: &Partial| matches!(value, Value::String(_) | Value::Hole(_));
    let detail = match command {
        _ if secret => {
            format!("`{name}` holds a secret, which everybody on this machine could read in the list of processes")
        }
        Value::Null | Value::Hole(_) => return None,
        Value::String(text) if !text.trim().is_empty() => return None,
        Value::List(items) if !items.is_empty() && items.iter().all(is_text) => return None,
        _ => format!("`{name}` is neither a text nor a list of texts"),
    };
    let help = match secret {
        true => "pass the secret by `environment` and write `\"$NAME\"` in the command",
        false => "write `\"make install\"`, or `[\"make\", \"install\"]`",
    };
    Some(Diagnostic::error("malformed-command", "this cannot be run", detail).help(help))
}

/// The program and arguments of a command.
fn argv(command: &Known, name: &str) -> Result<Vec<String>, Fault> {
    if holds_secret(command) {
        let remedy = "pass the secret by `environment` and write `\"$NAME\"` in the command";
        return Err(Fault::rejected(format!(
            "`{name}` holds a secret, which the list of processes would show; {remedy}"
        )));
    }
    let malformed =
        || Fault::rejected(format!("`{name}` is no command; write a text, or a list of a program and its arguments"));
    match command {
        Value::String(text) => Ok(["sh", "-c", text].map(str::to_owned).to_vec()),
        list => texts(list).filter(|argv| !argv.is_empty()).ok_or_else(malformed),
    }
}

fn job(machine: &Machine, inputs: &Known, name: &str) -> Result<Job, Fault> {
    let command = inputs.get(name).map(exposed).unwrap_or(&Value::Null);
    let argv = argv(inputs.get(name).unwrap_or(command), name)?;
    let folder =
        text(inputs, "working_directory").map_or(Ok(machine.root.clone()), |written| machine.resolve(written))?;
    let limit = needed_duration(inputs, "timeout", USUAL_LIMIT)?.min(LONGEST);
    let environment = inherited_environment().chain(text_map(inputs, "environment")).collect();
    Ok(Job { argv, environment, folder, limit, secrets: secret_texts(inputs) })
}

/// The attributes as recorded. Secrets are not recorded: what is sealed of `environment` is taken from siac's own environment.
fn with_sealed_variables(object: &Object) -> Result<Known, Fault> {
    let mut inputs = visible(&object.inputs);
    let recorded = object.inputs.get("environment").and_then(Value::as_map).into_iter().flatten();
    let variable = |(name, value): (&String, &Partial)| {
        let missing = || {
            Fault::rejected(format!(
                "the `delete` command needs `{name}`, a secret that siac does not keep; run siac again with {name} set in its environment"
            ))
        };
        let value = value.close().or_else(|| std::env::var(name).ok().map(Value::String)).ok_or_else(missing)?;
        Ok((name.clone(), value))
    };
    let environment = recorded.map(variable).collect::<Result<BTreeMap<_, _>, Fault>>()?;
    inputs.insert("environment".to_owned(), Value::Map(environment));
    Ok(Value::Map(inputs))
}

/// Runs a job under an operation, or waits for the run that is under way, or answers with the one that is over.
async fn run(machine: &Machine, op: &OpId, job: Job) -> Result<Exit, Fault> {
    let folder = machine.run(op);
    if let Some(exit) = finished(&folder).await? {
        return Ok(exit);
    }
    let (program, place) = (machine.program.clone(), folder.clone());
    let ended = blocking(move || start(&program, &place, &job)).await?;
    let mut pause = Duration::from_millis(4);
    loop {
        let is_over = ended.load(Ordering::Acquire);
        match finished(&folder).await? {
            Some(exit) => return Ok(exit),
            // It ended before it claimed the folder: nothing has happened.
            None if is_over => return Err(Fault::transient("the process that runs the command ended before it began")),
            None => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// How a run ended; waits while it is under way. `None` when it was never claimed.
async fn finished(folder: &Path) -> Result<Option<Exit>, Fault> {
    loop {
        let cannot =
            |error: std::io::Error| Fault::ambiguous(format!("cannot look at the run `{}`: {error}", folder.display()));
        match standing(folder).map_err(cannot)? {
            Standing::Unclaimed => return Ok(None),
            Standing::Finished(exit) => return Ok(Some(*exit)),
            Standing::Running => tokio::time::sleep(Duration::from_millis(20)).await,
            Standing::Lost => {
                let why = format!(
                    "the command was started and its runner died before it could record the end, so it is not repeated; \
                     see what it did, then settle it with `siac recover` (its run is `{}`)",
                    folder.display()
                );
                return Err(Fault::Unknowable { why });
            }
        }
    }
}

/// Starts a runner and hands it the job. Answers with what turns true when the runner has ended.
fn start(program: &Path, folder: &Path, job: &Job) -> Result<Arc<AtomicBool>, Fault> {
    durable::private_folder(folder).map_err(|error| durable::fault("make the folder", folder, &error))?;
    let mut child = start_detached(program, "__runner", folder)?;
    let bytes = serde_json::to_vec(job)
        .map_err(|error| Fault::rejected(format!("the command cannot be passed on: {error}")))?;
    // What does not arrive whole is not run; the caller sees the runner end.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(&bytes));
    let ended = Arc::new(AtomicBool::new(false));
    let signal = Arc::clone(&ended);
    std::thread::spawn(move || {
        // A child that cannot be waited for is as good as gone.
        let _ = child.wait();
        signal.store(true, Ordering::Release);
    });
    Ok(ended)
}

fn refuse_unstarted(exit: &Exit) -> Result<(), Fault> {
    exit.not_started.as_ref().map_or(Ok(()), |why| Err(Fault::rejected(why.clone())))
}

/// Why a command that ran has failed; `None` when it did not.
fn failure(exit: &Exit) -> Option<String> {
    let how = match (exit.timed_out, exit.code, exit.signal) {
        (false, Some(0), _) => return None,
        (true, ..) => "took longer than its `timeout` and was stopped".to_owned(),
        (_, Some(code), _) => format!("ended with exit code {code}"),
        (_, None, Some(signal)) => format!("was ended by signal {signal}"),
        (_, None, None) => "ended in a way that nobody saw".to_owned(),
    };
    let said = if exit.errors.trim().is_empty() { &exit.output } else { &exit.errors };
    let last = tail(said, 10, 2_000);
    Some(if last.is_empty() { format!("the command {how}") } else { format!("the command {how}:\n{last}") })
}

/// The answer to a create. A command that ran and failed may have done something, so there is something to delete.
fn created(op: &OpId, inputs: &Known, exit: &Exit) -> Result<Observed, Fault> {
    refuse_unstarted(exit)?;
    let kept = Kept { run: Some(*op), triggers: triggers_digest(Some(op), inputs), made: Some(*op) };
    let observed = observed(&op.to_string(), inputs, exit, &kept);
    match failure(exit) {
        Some(why) => Err(Fault::Partial { observed: Box::new(observed), why }),
        None => Ok(observed),
    }
}

fn observed(id: &str, inputs: &Known, exit: &Exit, kept: &Kept) -> Observed {
    let code = exit.code.map_or(Value::Null, |code| Value::number(i64::from(code)));
    Observed {
        remote: id.to_owned(),
        inputs: inputs.clone(),
        outputs: Value::map([("output", Value::string(&exit.output)), ("exit_code", code), ("id", Value::string(id))]),
        private: encoded(kept),
    }
}

fn kept(object: &Object) -> Kept {
    serde_json::from_slice(&object.private).unwrap_or_default()
}

fn encoded(kept: &Kept) -> Vec<u8> {
    serde_json::to_vec(kept).unwrap_or_default()
}

/// Tells triggers apart without keeping them, for they may hold secrets.
fn triggers_digest(made: Option<&OpId>, inputs: &Known) -> String {
    let triggers = inputs.get("triggers").map(plain).unwrap_or_default();
    let bytes = serde_json::to_vec(&triggers).unwrap_or_default();
    let key = made.map(|op| op.0).unwrap_or_default();
    Hmac::<Sha256>::new_from_slice(&key).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(&bytes);
            hex(&mac.finalize().into_bytes())
        },
    )
}

/// A value with its secrets in the open, only ever to be digested.
fn plain(value: &Known) -> Known {
    match exposed(value) {
        Value::List(items) => Value::List(items.iter().map(plain).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect()),
        other => other.clone(),
    }
}

/// Removes the folder of a run whose end has been recorded in the state for good.
fn forget_run(machine: &Machine, run: Option<&OpId>) {
    if let Some(op) = run {
        // What is left over harms nobody.
        let _ = fs::remove_dir_all(machine.run(op));
    }
}

//! What a supervisor is told to run: the release that the attributes ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use siac_core::model::snapshot::artifact_digest;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Call, Fault};

use super::switching::{self, Problem};
use super::{LONGEST_GRACE, LONGEST_WITHIN};
use crate::attributes::{exposed, holds_secret, needed_duration, secret_texts, size, text, text_map, texts};
use crate::machine::Machine;
use crate::process::inherited_environment;
use crate::supervisor::{LogFile, MARK, Protocol, Release, Restart, Rules};

/// The release that these attributes ask for, its files unpacked.
pub async fn release(machine: &Machine, call: &Call, name: &str, inputs: &Known) -> Result<Release, Fault> {
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
        Some(digest) => super::release::unpacked(machine, call, digest).await?,
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
        processes: size(inputs, "processes").unwrap_or(1).clamp(1, 64),
        rules: rules(inputs)?,
        traffic: switching::traffic(inputs.get("traffic").map(exposed).unwrap_or(&nothing))
            .map_err(refused)?
            .unwrap_or_default(),
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

fn rules(inputs: &Known) -> Result<Rules, Fault> {
    let protocol = match text(inputs, "protocol") {
        Some("http") => Protocol::Http,
        _ => Protocol::Tcp,
    };
    let timeout = text(inputs, "timeout").map(|_| needed_duration(inputs, "timeout", Duration::ZERO)).transpose()?;
    let cors = inputs.get("cors").map(exposed).map(switching::cors).transpose().map_err(refused)?.flatten();
    Ok(Rules { protocol, timeout, cors })
}

fn refused(problem: Problem) -> Fault {
    Fault::rejected(format!("{}; {}", problem.detail, problem.help))
}

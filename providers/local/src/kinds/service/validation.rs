//! What is wrong with a service beyond what the schema says.

use std::time::Duration;

use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::value::{Partial, Value};

use super::switching::{self, Problem};
use super::{LONGEST_GRACE, LONGEST_TIMEOUT, LONGEST_WITHIN};
use crate::attributes::duration;

/// Everything that is wrong; holes are trusted until they are filled.
pub fn problems(desired: &Partial) -> Diagnostics {
    let nothing = Value::Null;
    let attribute = |name: &str| desired.get(name).unwrap_or(&nothing);
    let found = [
        secret_command(desired),
        within(desired),
        health_path(desired),
        too_long(
            desired,
            "stop_grace",
            LONGEST_GRACE,
            "service-grace",
            "`stop_grace` is no duration of at most 4 minutes",
        ),
        too_long(desired, "timeout", LONGEST_TIMEOUT, "service-timeout", "`timeout` is no duration of at most 1 hour"),
        needs_http(desired, "timeout"),
        needs_http(desired, "cors"),
        switching::cors(attribute("cors")).err(),
        switching::traffic(attribute("traffic")).err(),
    ];
    let mut diagnostics = Diagnostics::new();
    let told = |problem: Problem| {
        Diagnostic::error(problem.code, "this cannot be run as a service", problem.detail).help(problem.help)
    };
    diagnostics.extend(found.into_iter().flatten().map(told));
    diagnostics
}

fn secret_command(desired: &Partial) -> Option<Problem> {
    let is_secret = desired.get("command")?.holes().iter().any(|hole| hole.is_secret());
    is_secret.then(|| {
        let detail = "`command` holds a secret, which everybody on this machine could read in the list of processes";
        Problem::new("malformed-command", detail, "pass the secret by `environment`")
    })
}

fn within(desired: &Partial) -> Option<Problem> {
    let within = desired.get("health")?.get("within")?.as_str()?;
    let detail = "`health.within` is no duration of at most 10 minutes";
    is_longer(within, LONGEST_WITHIN).then(|| Problem::new("service-health", detail, "write `30s` or `2m`"))
}

fn health_path(desired: &Partial) -> Option<Problem> {
    let path = desired.get("health")?.get("path")?.as_str()?;
    let is_path = path.starts_with('/') && !path.contains(|c: char| c.is_whitespace() || c.is_control());
    (!is_path).then(|| Problem::new("service-health", "`health.path` is not the path of a URL", "write `/health`"))
}

fn too_long(desired: &Partial, name: &str, bound: Duration, code: &'static str, detail: &str) -> Option<Problem> {
    let text = desired.get(name)?.as_str()?;
    is_longer(text, bound).then(|| Problem::new(code, detail, "write `10s` or `1m`"))
}

fn is_longer(text: &str, bound: Duration) -> bool {
    duration(text).is_none_or(|duration| duration > bound)
}

/// An attribute that only a front that understands HTTP can follow.
fn needs_http(desired: &Partial, name: &str) -> Option<Problem> {
    let is_set = desired.get(name).is_some_and(|value| !value.is_null());
    let protocol = desired.get("protocol");
    let is_tcp = protocol.is_none_or(|protocol| protocol.is_null() || protocol.as_str() == Some("tcp"));
    (is_set && is_tcp).then(|| {
        let detail = format!("`{name}` needs a front that understands HTTP");
        Problem::new("service-protocol", detail, "add `protocol = \"http\"`")
    })
}

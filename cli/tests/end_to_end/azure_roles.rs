//! The role of the guide, held against every request that was sent.

use std::fs;

use serde_json::Value as Json;
use siac_arm_double::Exchange;

use super::azure_project::AzureProject;
use super::sandbox::repository;

/// Asserts that the guide's role allows everything that was asked of the subscription so far.
pub fn assert_allowed(azure: &AzureProject) {
    let allowed = actions();
    let exchanges = azure.double.exchanges();
    let needed = exchanges.iter().filter_map(|exchange| Some((needed(exchange)?, &exchange.what)));
    for (action, what) in needed {
        assert!(allowed.iter().any(|pattern| fits(pattern, &action)), "the guide's role lacks {action} for {what}");
    }
}

/// The actions of the role that the guide defines.
fn actions() -> Vec<String> {
    let guide = fs::read_to_string(repository().join("docs/guides/azure.md")).expect("the guide is there");
    let mut blocks = guide.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let role = blocks.find(|block| block.contains("\"AssignableScopes\"")).expect("the guide has a role");
    let role: Json = serde_json::from_str(role).expect("the role is JSON");
    let actions = role["Actions"].as_array().expect("the role has actions").iter();
    actions.filter_map(Json::as_str).map(str::to_ascii_lowercase).collect()
}

/// Whether a pattern with `*` in it allows an action.
fn fits(pattern: &str, action: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == action,
        Some((before, after)) => {
            action.len() >= before.len() + after.len() && action.starts_with(before) && action.ends_with(after)
        }
    }
}

/// The action that a request is, in lower case; none for tokens.
///
/// Sources: "Azure permissions", by service, and "Kudu service overview", permissions.
fn needed(exchange: &Exchange) -> Option<String> {
    let lower = exchange.what.to_ascii_lowercase();
    let (method, path) = lower.split_once(' ')?;
    if path == "/msi/token" {
        return None;
    }
    if path.starts_with("/scm/") {
        return Some("microsoft.web/sites/publish/action".to_owned());
    }
    let verb = match method {
        "get" | "head" => "read",
        "put" | "patch" => "write",
        "delete" => "delete",
        _ => "action",
    };
    Some(match path.rsplit_once("/providers/") {
        Some((_, own)) => of_provider(own, verb),
        None => of_subscription(path, verb),
    })
}

fn of_subscription(path: &str, verb: &str) -> String {
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let types: String = words.iter().step_by(2).map(|word| format!("/{word}")).collect();
    format!("microsoft.resources{types}/{verb}")
}

fn of_provider(own: &str, verb: &str) -> String {
    let (namespace, rest) = own.split_once('/').unwrap_or((own, ""));
    // Whether a name is free is a thing to read for some services, and to do for others.
    if rest == "checknameavailability" {
        return format!("{namespace}/{rest}/read");
    }
    let words: Vec<&str> = rest.split('/').collect();
    let types: Vec<&str> = words.iter().copied().step_by(2).collect();
    format!("{namespace}/{}/{verb}", types.join("/"))
}

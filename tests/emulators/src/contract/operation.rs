//! Which operation a request asks for.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::model::{Model, Protocol, members, required, wire_name};
use super::query::pairs;
use crate::proxy::Request;

pub(super) fn of(model: &Model, request: &Request) -> Result<String, String> {
    let named = match model.protocol_of(request) {
        Protocol::Json => request.header("x-amz-target").and_then(|target| target.split('.').nth(1)).map(str::to_owned),
        Protocol::Cbor => request.path().rsplit('/').next().map(str::to_owned),
        Protocol::Query => action(request),
        Protocol::RestJson | Protocol::RestXml => by_path(model, request),
    };
    match named {
        Some(name) if model.has_operation(&name) => Ok(name),
        _ => Err(format!("no operation is meant by {} {} ({named:?})", request.method, request.target)),
    }
}

fn action(request: &Request) -> Option<String> {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let found = pairs(&body).into_iter().chain(pairs(request.query())).find(|(name, _)| name == "Action");
    found.map(|(_, action)| action)
}

/// Of the operations whose path fits, the one that says most about the request.
fn by_path(model: &Model, request: &Request) -> Option<String> {
    let fitting = model.operations().filter_map(|(name, operation)| {
        let score = score(model, name, operation, request)?;
        Some((score, name))
    });
    fitting.max_by_key(|(score, name)| (*score, std::cmp::Reverse((*name).clone()))).map(|(_, name)| name.clone())
}

/// How well an operation fits: literal parts of the path, then literal queries and required parameters that are there, then whether it is still meant to be used; none when it cannot be meant.
fn score(model: &Model, name: &str, operation: &Value, request: &Request) -> Option<(usize, usize, bool)> {
    let template = operation["http"]["requestUri"].as_str()?;
    if operation["http"]["method"].as_str()? != request.method {
        return None;
    }
    let (path, literal_query) = template.split_once('?').unwrap_or((template, ""));
    let literal = path_parts(path, request.path())?.iter().filter(|(label, _)| label.is_none()).count();
    let query = pairs(request.query());
    let asked = pairs(literal_query);
    let fits = |(name, value): &(String, String)| {
        query.iter().any(|(given, text)| given == name && (value.is_empty() || text == value))
    };
    if !asked.iter().all(fits) {
        return None;
    }
    let input = model.input(name);
    let needed: Vec<bool> = required(input).filter_map(|member| is_given(member, input, request)).collect();
    if needed.contains(&false) && model.protocol_of(request) == Protocol::RestXml {
        return None;
    }
    let is_current = operation["deprecated"].as_bool() != Some(true);
    Some((literal, asked.len() + needed.iter().filter(|given| **given).count(), is_current))
}

/// Whether a required parameter of the query or the head is there; none when it belongs elsewhere.
fn is_given(member: &str, input: &Value, request: &Request) -> Option<bool> {
    let (_, reference) = members(input).find(|(name, _)| name.as_str() == member)?;
    let name = wire_name(member, reference);
    match reference["location"].as_str()? {
        "querystring" => Some(pairs(request.query()).iter().any(|(given, _)| given == name)),
        "header" => Some(request.header(&name.to_ascii_lowercase()).is_some()),
        _ => None,
    }
}

/// The path along its template: (label, value) for each part, the label missing where the template is literal; none when they do not fit.
pub(super) fn path_parts(template: &str, path: &str) -> Option<Vec<(Option<String>, String)>> {
    let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
    let given: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut parts = Vec::new();
    for (at, want) in wanted.iter().enumerate() {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let label = want.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match label {
            Some(greedy) if greedy.ends_with('+') => {
                let rest = given.get(at..).filter(|rest| !rest.is_empty() && !rest[0].is_empty())?.join("/");
                parts.push((Some(greedy.trim_end_matches('+').to_owned()), decode(&rest)));
                return Some(parts);
            }
            Some(label) => parts.push((Some(label.to_owned()), decode(given.get(at).filter(|part| !part.is_empty())?))),
            None if given.get(at) == Some(want) => parts.push((None, (*want).to_owned())),
            None => return None,
        }
    }
    (given.len() == wanted.len()).then_some(parts)
}

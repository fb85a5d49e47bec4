//! Forms: the query protocol, and the queries of paths.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::input::scalar;
use super::model::{Model, members, wire_name};

/// The pairs of a query or form, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let given = text.split('&').filter(|part| !part.is_empty());
    given
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The input of an operation of the query protocol.
pub(super) fn input(model: &Model, shape: &Value, body: &[u8]) -> Value {
    let mut given = pairs(&String::from_utf8_lossy(body));
    given.retain(|(name, _)| name != "Action" && name != "Version");
    value(model, shape, "", &given).unwrap_or(Value::Object(Map::new()))
}

/// The value below a prefix; none when nothing is given for it.
fn value(model: &Model, shape: &Value, prefix: &str, given: &[(String, String)]) -> Option<Value> {
    let below = format!("{prefix}.");
    let is_given = prefix.is_empty() || given.iter().any(|(name, _)| name == prefix || name.starts_with(&below));
    if !is_given {
        return None;
    }
    match shape["type"].as_str()? {
        "structure" => Some(structure(model, shape, prefix, given)),
        "list" => Some(list(model, shape, prefix, given)),
        "map" => Some(map(model, shape, prefix, given)),
        _ => given.iter().find(|(name, _)| name == prefix).map(|(_, text)| scalar(shape, text)),
    }
}

fn structure(model: &Model, shape: &Value, prefix: &str, given: &[(String, String)]) -> Value {
    let below = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
    let mut map = Map::new();
    let mut known = Vec::new();
    for (name, reference) in members(shape) {
        let place = format!("{below}{}", wire_name(name, reference));
        if let Some(found) = value(model, model.target(reference), &place, given) {
            map.insert(name.clone(), found);
        }
        known.push(place);
    }
    for (name, text) in given.iter().filter(|(name, _)| name.starts_with(&below)) {
        let is_known = known.iter().any(|place| name == place || name.starts_with(&format!("{place}.")));
        if !is_known {
            map.insert(name.clone(), Value::String(text.clone()));
        }
    }
    Value::Object(map)
}

fn list(model: &Model, shape: &Value, prefix: &str, given: &[(String, String)]) -> Value {
    let element = model.target(&shape["member"]);
    let middle = match shape["flattened"].as_bool() {
        Some(true) => String::new(),
        _ => format!(".{}", wire_name("member", &shape["member"])),
    };
    let entries = (1..).map_while(|number| value(model, element, &format!("{prefix}{middle}.{number}"), given));
    Value::Array(entries.collect())
}

fn map(model: &Model, shape: &Value, prefix: &str, given: &[(String, String)]) -> Value {
    let middle = if shape["flattened"].as_bool() == Some(true) { "" } else { ".entry" };
    let (key_name, value_name) = (wire_name("key", &shape["key"]), wire_name("value", &shape["value"]));
    let entries = (1..).map_while(|number| {
        let place = format!("{prefix}{middle}.{number}");
        let key = given.iter().find(|(name, _)| *name == format!("{place}.{key_name}"))?.1.clone();
        let found = value(model, model.target(&shape["value"]), &format!("{place}.{value_name}"), given);
        Some((key, found.unwrap_or(Value::Null)))
    });
    Value::Object(entries.collect())
}

//! The input of an operation, gathered from path, query, head and body into one JSON value along its shape.

use serde_json::{Map, Value};

use super::model::{Model, Protocol, members, wire_name};
use super::operation::path_parts;
use super::query::pairs;
use super::{cbor, query, xml};
use crate::proxy::Request;

/// What stands for a payload that is passed on as it is.
const STREAM: &str = "";

pub(super) fn of(model: &Model, operation: &str, request: &Request) -> Result<Value, String> {
    let shape = model.input(operation);
    match model.protocol_of(request) {
        Protocol::Json => json(&request.body),
        Protocol::Cbor if request.body.is_empty() => Ok(Value::Object(Map::new())),
        Protocol::Cbor => cbor::parse(&request.body).ok_or_else(|| "the body is no CBOR".to_owned()),
        Protocol::Query => Ok(query::input(model, shape, &request.body)),
        Protocol::RestJson | Protocol::RestXml => rest(model, operation, request),
    }
}

fn json(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))
}

fn rest(model: &Model, operation: &str, request: &Request) -> Result<Value, String> {
    let shape = model.input(operation);
    let mut input = body(model, shape, request)?;
    let map = input.as_object_mut().ok_or("the body is no structure")?;
    let template = model.operations().find(|(name, _)| name.as_str() == operation);
    let template = template.and_then(|(_, operation)| operation["http"]["requestUri"].as_str()).unwrap_or_default();
    let (path, literal_query) = template.split_once('?').unwrap_or((template, ""));
    let labels = path_parts(path, request.path()).unwrap_or_default();
    let mut asked = pairs(request.query());
    // The SDK names the operation in the query; services ignore it.
    asked.retain(|(name, _)| name != "x-id" && !pairs(literal_query).iter().any(|(literal, _)| literal == name));
    for (name, reference) in members(shape) {
        let (called, target) = (wire_name(name, reference), model.target(reference));
        let found = match reference["location"].as_str() {
            Some("uri") => {
                labels.iter().find(|(label, _)| label.as_deref() == Some(called)).map(|(_, text)| scalar(target, text))
            }
            Some("querystring") => from_query(model, target, called, &mut asked),
            Some("header") => request.header(&called.to_ascii_lowercase()).map(|text| from_header(model, target, text)),
            Some("headers") => from_headers(called, request),
            _ => None,
        };
        map.extend(found.map(|found| (name.clone(), found)));
    }
    map.extend(asked.into_iter().map(|(name, text)| (format!("?{name}"), Value::String(text))));
    Ok(input)
}

/// The part of the input that the body holds.
fn body(model: &Model, shape: &Value, request: &Request) -> Result<Value, String> {
    let payload = shape["payload"].as_str().and_then(|payload| members(shape).find(|(name, _)| *name == payload));
    let text = || String::from_utf8_lossy(&request.body).into_owned();
    let parse = |target: &Value| match model.protocol_of(request) {
        Protocol::RestXml => xml::parse(&text()).map(|root| xml::value(model, target, &root)),
        _ => json(&request.body),
    };
    let Some((name, reference)) = payload else {
        // A body where the input has nothing for one is an empty one.
        return if request.body.is_empty() { Ok(Value::Object(Map::new())) } else { parse(shape) };
    };
    let target = model.target(reference);
    let found = match target["type"].as_str() {
        Some("structure" | "list" | "map") if request.body.is_empty() => None,
        Some("structure" | "list" | "map") => Some(parse(target)?),
        Some("string") => Some(Value::String(text())),
        _ => Some(Value::String(STREAM.to_owned())),
    };
    Ok(Value::Object(found.map(|found| (name.clone(), found)).into_iter().collect()))
}

fn from_query(model: &Model, shape: &Value, name: &str, asked: &mut Vec<(String, String)>) -> Option<Value> {
    if shape["type"] == "map" {
        return None;
    }
    let found: Vec<String> = asked.iter().filter(|(given, _)| given == name).map(|(_, text)| text.clone()).collect();
    asked.retain(|(given, _)| given != name);
    match shape["type"] == "list" {
        _ if found.is_empty() => None,
        true => Some(found.iter().map(|text| scalar(model.target(&shape["member"]), text)).collect()),
        false => Some(scalar(shape, &found[0])),
    }
}

fn from_header(model: &Model, shape: &Value, text: &str) -> Value {
    match shape["type"] == "list" {
        true => text.split(',').map(|part| scalar(model.target(&shape["member"]), part.trim())).collect(),
        false => scalar(shape, text),
    }
}

fn from_headers(prefix: &str, request: &Request) -> Option<Value> {
    let prefix = prefix.to_ascii_lowercase();
    let named = request.headers.iter().filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?.to_owned(), text)));
    let map: Map<String, Value> = named.map(|(name, text)| (name, Value::String(text.clone()))).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

/// A text as its shape means it; it stays a text when it cannot be that.
pub(super) fn scalar(shape: &Value, text: &str) -> Value {
    let parsed = match shape["type"].as_str() {
        Some("integer" | "long") => text.parse::<i64>().ok().map(Value::from),
        Some("float" | "double") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        // Moments come in many spellings; that one is there is all that is looked at.
        Some("timestamp") => Some(Value::from(0)),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

//! An input compared with its shape.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::model::{Model, Protocol, members, required, wire_name};

/// Everything that a service would refuse before it looks at the world.
pub(super) fn violations(model: &Model, protocol: Protocol, operation: &str, input: &Value) -> Vec<String> {
    let mut found = Found { model, protocol, violations: Vec::new() };
    let shape = model.input(operation);
    // What comes from path, query and head is keyed by the member's name; members of bodies by their name on the wire.
    found.structure(shape, input, "", true);
    found.violations
}

struct Found<'a> {
    model: &'a Model,
    protocol: Protocol,
    violations: Vec<String>,
}

impl Found<'_> {
    fn says(&mut self, at: &str, what: impl AsRef<str>) {
        let at = if at.is_empty() { "the input" } else { at };
        self.violations.push(format!("{at} {}", what.as_ref()));
    }

    fn value(&mut self, shape: &Value, value: &Value, at: &str) {
        match (shape["type"].as_str().unwrap_or_default(), value) {
            // A null is as if nothing were there; required members are told apart by the structure.
            (_, Value::Null) => {}
            // Whatever is a document may be anything.
            _ if shape["document"].as_bool() == Some(true) => {}
            ("structure", Value::Object(_)) => self.structure(shape, value, at, false),
            ("list", Value::Array(list)) => {
                self.range(shape, list.len() as f64, "entries", at);
                for (number, element) in list.iter().enumerate() {
                    self.value(self.model.target(&shape["member"]), element, &format!("{at}[{number}]"));
                }
            }
            ("map", Value::Object(map)) => {
                self.range(shape, map.len() as f64, "entries", at);
                for (key, element) in map {
                    self.text(self.model.target(&shape["key"]), key, &format!("{at} key {key:?}"));
                    self.value(self.model.target(&shape["value"]), element, &format!("{at}.{key}"));
                }
            }
            ("string" | "character", Value::String(text)) => self.text(shape, text, at),
            ("blob", Value::String(text)) => self.blob(shape, text, at),
            ("integer" | "long" | "float" | "double" | "bigdecimal", Value::Number(number)) => {
                self.range(shape, number.as_f64().unwrap_or_default(), "", at);
            }
            ("boolean", Value::Bool(_)) | ("timestamp", Value::Number(_) | Value::String(_)) => {}
            (wanted, found) => self.says(at, format!("must be a {wanted} and is {found}")),
        }
    }

    fn structure(&mut self, shape: &Value, value: &Value, at: &str, is_input: bool) {
        let Some(map) = value.as_object() else { return self.says(at, "must be a structure") };
        let dot = if at.is_empty() { "" } else { "." };
        let is_keyed_by_wire = matches!(self.protocol, Protocol::Json | Protocol::RestJson | Protocol::Cbor);
        let mut known = Vec::new();
        for (name, reference) in members(shape) {
            let is_located = is_input && (reference["location"].is_string() || shape["payload"] == **name);
            let key = if is_keyed_by_wire && !is_located { wire_name(name, reference) } else { name };
            known.push(key);
            let found = map.get(key).filter(|found| !found.is_null());
            let place = format!("{at}{dot}{name}");
            match found {
                Some(found) => self.value(self.model.target(reference), found, &place),
                None if required(shape).any(|required| required == name) => self.says(&place, "is required"),
                None => {}
            }
        }
        for (key, _) in map.iter().filter(|(key, found)| !known.contains(&key.as_str()) && !found.is_null()) {
            self.says(&format!("{at}{dot}{key}"), "is not known to the service");
        }
        let is_union = shape["union"].as_bool() == Some(true);
        if is_union && map.values().filter(|found| !found.is_null()).count() != 1 {
            self.says(at, "must have exactly one member");
        }
    }

    fn text(&mut self, shape: &Value, text: &str, at: &str) {
        self.range(shape, text.chars().count() as f64, "characters", at);
        if let Some(allowed) = shape["enum"].as_array()
            && !allowed.iter().any(|allowed| allowed == text)
        {
            self.says(at, format!("is {text:?}, which is none of its values"));
        }
        let pattern = shape["pattern"].as_str().and_then(|pattern| self.model.pattern(pattern));
        if let Some(pattern) = pattern.filter(|pattern| !pattern.is_match(text)) {
            self.says(at, format!("is {text:?}, which does not match {pattern}"));
        }
    }

    fn blob(&mut self, shape: &Value, text: &str, at: &str) {
        match STANDARD.decode(text) {
            // Of a payload that is passed on nothing was gathered.
            _ if shape["streaming"].as_bool() == Some(true) || text.is_empty() => {}
            Ok(bytes) => self.range(shape, bytes.len() as f64, "bytes", at),
            Err(_) => self.says(at, "is not base64"),
        }
    }

    fn range(&mut self, shape: &Value, value: f64, unit: &str, at: &str) {
        let bound = |name: &str| shape[name].as_f64();
        if bound("min").is_some_and(|least| value < least) || bound("max").is_some_and(|most| value > most) {
            let limit = |name: &str| shape[name].as_f64().map(|limit| limit.to_string()).unwrap_or_default();
            self.says(at, format!("has {value} {unit}, which is not within {} to {}", limit("min"), limit("max")));
        }
    }
}

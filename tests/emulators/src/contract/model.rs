//! A service's model.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;
use serde_json::Value;

use crate::proxy::Request;

/// How a service takes its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Json,
    RestJson,
    RestXml,
    Query,
    Cbor,
}

/// A model, as it is published.
pub(super) struct Model {
    json: Value,
    protocol: Protocol,
    patterns: Mutex<BTreeMap<String, Option<Arc<Regex>>>>,
}

impl Model {
    /// Reads the model of a service.
    ///
    /// # Panics
    /// When it is not there, or its protocol is not known.
    pub(super) fn read(folder: &Path, service: &str) -> Self {
        let path = folder.join(format!("{service}.json"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let json: Value = serde_json::from_slice(&bytes).expect("a model is JSON");
        let protocol = match json["metadata"]["protocol"].as_str() {
            Some("json") => Protocol::Json,
            Some("rest-json") => Protocol::RestJson,
            Some("rest-xml") => Protocol::RestXml,
            Some("query") => Protocol::Query,
            Some("smithy-rpc-v2-cbor") => Protocol::Cbor,
            other => panic!("{service} has the protocol {other:?}, which is not known here"),
        };
        Self { json, protocol, patterns: Mutex::default() }
    }

    /// The protocol of a request. A service that offers several leaves the choice to its clients.
    pub(super) fn protocol_of(&self, request: &Request) -> Protocol {
        match self.protocol {
            Protocol::RestJson | Protocol::RestXml => self.protocol,
            _ if request.path().contains("/operation/") => Protocol::Cbor,
            _ if request.header("x-amz-target").is_some() => Protocol::Json,
            _ => Protocol::Query,
        }
    }

    /// Every operation: its name and what the model says of it.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.json["operations"].as_object().into_iter().flatten()
    }

    pub(super) fn has_operation(&self, name: &str) -> bool {
        self.json["operations"].get(name).is_some()
    }

    /// The shape of an operation's input; an operation without one takes an empty structure.
    pub(super) fn input(&self, operation: &str) -> &Value {
        static NOTHING: std::sync::LazyLock<Value> =
            std::sync::LazyLock::new(|| serde_json::json!({ "type": "structure", "members": {} }));
        match self.json["operations"][operation]["input"]["shape"].as_str() {
            Some(name) => self.shape(name),
            None => &NOTHING,
        }
    }

    pub(super) fn shape(&self, name: &str) -> &Value {
        &self.json["shapes"][name]
    }

    /// The shape that a member, a list's element or a map's key or value refers to.
    pub(super) fn target(&self, reference: &Value) -> &Value {
        self.shape(reference["shape"].as_str().unwrap_or_default())
    }

    /// A pattern for whole texts; none when it uses what only Java knows.
    pub(super) fn pattern(&self, text: &str) -> Option<Arc<Regex>> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || Regex::new(&format!(r"\A(?:{text})\z")).ok().map(Arc::new);
        patterns.entry(text.to_owned()).or_insert_with(compile).clone()
    }
}

/// The members of a structure: name and reference.
pub(super) fn members(shape: &Value) -> impl Iterator<Item = (&String, &Value)> {
    shape["members"].as_object().into_iter().flatten()
}

/// The names of the members that must be there.
pub(super) fn required(shape: &Value) -> impl Iterator<Item = &str> {
    shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What a member is called on the wire.
pub(super) fn wire_name<'a>(name: &'a str, reference: &'a Value) -> &'a str {
    reference["locationName"].as_str().unwrap_or(name)
}

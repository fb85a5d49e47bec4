//! A component that is whole: what it is, who it is, and how it is realised.

use std::collections::BTreeMap;

use super::function::ServerlessFunction;
use super::gateway::ApiGateway;
use super::measures::Refusal;
use super::realisation::Part;
use super::websocket::WebSocketApi;
use crate::model::address::{Mode, ResourceAddress, ScopeStep};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Place;
use crate::model::identity::Digest;
use crate::model::path::Path;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// Who a component is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The scope of its parts: the modules around it, and itself last.
    pub scope: Vec<ScopeStep>,
    /// The stack's name.
    pub stack: String,
    /// The stack's environment, normalised: `development`, `staging`, `production`, or any other word.
    pub environment: Option<String>,
    /// The provider instance that realises it.
    pub provider: String,
}

/// A component, ready to be realised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub(super) identity: Identity,
    pub(super) service: Service,
    pub(super) settings: BTreeMap<String, Partial>,
    pub(super) places: BTreeMap<String, Place>,
}

/// What a component is, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// Kind `rest-api`: HTTP, answered request by request.
    RestApi(RestApi),
    /// Kind `websocket`: connections that stay.
    WebSocket(WebSocket),
}

/// A function behind an HTTP front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApi {
    pub(super) function: ServerlessFunction,
    pub(super) gateway: ApiGateway,
}

impl RestApi {
    /// What answers.
    pub fn function(&self) -> &ServerlessFunction {
        &self.function
    }

    /// What stands before it.
    pub fn gateway(&self) -> &ApiGateway {
        &self.gateway
    }
}

/// A function behind a WebSocket front, or a server with real sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSocket {
    pub(super) function: ServerlessFunction,
    pub(super) gateway: WebSocketApi,
}

impl WebSocket {
    /// What answers. Behind [`WebSocketApi::Events`] it starts with events, behind [`WebSocketApi::Server`] as a server.
    pub fn function(&self) -> &ServerlessFunction {
        &self.function
    }

    /// What stands before it.
    pub fn gateway(&self) -> &WebSocketApi {
        &self.gateway
    }
}

impl Component {
    /// What it is.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its name in the stack file.
    pub fn name(&self) -> &str {
        self.identity.scope.last().map_or("", |step| &step.name)
    }

    /// A setting that only its provider knows, as [`component_settings`](crate::ports::Catalogue::component_settings) declares it; with its default.
    pub fn setting(&self, name: &str) -> Option<&Partial> {
        self.settings.get(name)
    }

    /// A managed resource of it.
    pub fn part(&self, kind: &str, name: &str) -> Part {
        Part::new(self.address(Mode::Managed, kind, name))
    }

    /// A data source of it.
    pub fn data(&self, kind: &str, name: &str) -> Part {
        Part::new(self.address(Mode::Data, kind, name))
    }

    /// A reference to an attribute of a managed resource of it, wherever that stands among the parts: `outputs.url`, `endpoints[0]`.
    pub fn refer(&self, kind: &str, name: &str, attribute: &str) -> Partial {
        reference(&self.address(Mode::Managed, kind, name), attribute)
    }

    fn address(&self, mode: Mode, kind: &str, name: &str) -> ResourceAddress {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        ResourceAddress { scope: self.identity.scope.clone(), mode, kind, name, key: None }
    }

    /// A name for things that must be unique in an account: the stack, the modules, the component and its keys, with letters, digits and `-` only,
    /// in lower case, of at most `limit` bytes. What had to be left out is told apart by eight hexadecimal digits. The same
    /// component always has the same.
    pub fn unique_name(&self, limit: usize) -> String {
        let steps = self.identity.scope.iter().flat_map(|step| [Some(&step.name), step.key.as_ref()]);
        let words: Vec<&str> =
            [Some(&self.identity.stack)].into_iter().chain(steps).flatten().map(String::as_str).collect();
        let whole = words.join("-");
        let plain: String =
            whole.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        if plain == whole && plain.len() <= limit {
            return plain;
        }
        let digest = Digest::of(words.join("\0").as_bytes()).to_string();
        let room = limit.saturating_sub(9);
        format!("{}-{}", plain[..plain.len().min(room)].trim_end_matches('-'), &digest[digest.len() - 8..])
    }

    /// The error that this component cannot be realised, at the field that asks for what cannot be.
    pub fn refuse(&self, field: &str, refusal: Refusal) -> Diagnostic {
        let detail = format!("`{}`: {}", self.shown(), refusal.why);
        let problem = Diagnostic::error("unrealisable-component", "a component cannot be realised", detail);
        problem.at(self.places.get(field).and_then(|place| place.0)).help(refusal.remedy)
    }

    /// The warning that something of this component is probably not meant, at the field that asks for it.
    pub fn doubt(&self, field: &str, refusal: Refusal) -> Diagnostic {
        let detail = format!("`{}`: {}", self.shown(), refusal.why);
        let problem = Diagnostic::warning("doubtful-component", "a component is probably not meant like this", detail);
        problem.at(self.places.get(field).and_then(|place| place.0)).help(refusal.remedy)
    }

    fn shown(&self) -> String {
        self.identity.scope.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
    }
}

/// The hole that an attribute of a part is until it is applied.
pub(super) fn reference(address: &ResourceAddress, attribute: &str) -> Partial {
    let path = attribute.parse::<Path>().unwrap_or_else(|_| Path::attribute(attribute));
    Value::Hole(Box::new(Hole::of(Origin::Attribute(address.clone(), path), Type::Any, Awaits::Apply)))
}

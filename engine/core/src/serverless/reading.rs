//! Evaluated fields → a component that keeps its promises.

use std::collections::BTreeMap;
use std::time::Duration;

use super::access::{Auth, Permission};
use super::component::{Component, Identity, RestApi, Service, WebSocket};
use super::function::{Alarms, Architecture, Code, Handler, Health, Network, Scaling, ServerlessFunction, Start};
use super::gateway::{ApiGateway, Cors, METHODS};
use super::measures::{Memory, Ratio, Refusal, Timeout};
use super::runtime::Runtime;
use super::traffic::Traffic;
use super::websocket::{Events, WebSocketApi};
use crate::model::diagnostic::Diagnostic;
use crate::model::duration;
use crate::model::expression::Place;
use crate::model::number::Number;
use crate::model::value::{Partial, Value};

/// What is wrong with one field, or probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name.
    pub field: &'static str,
    /// What is the matter, without its place.
    pub problem: Diagnostic,
}

impl FieldProblem {
    /// Something that cannot be.
    pub(super) fn error(field: &'static str, refusal: Refusal) -> Self {
        let problem = Diagnostic::error("invalid-component", "a component cannot be like this", refusal.why);
        Self { field, problem: problem.help(refusal.remedy) }
    }

    /// Something that is probably not meant.
    pub(super) fn warning(field: &'static str, refusal: Refusal) -> Self {
        let problem =
            Diagnostic::warning("doubtful-component", "a component is probably not meant like this", refusal.why);
        Self { field, problem: problem.help(refusal.remedy) }
    }
}

/// Makes a component of fields that are normalised and known where its kind's schema says so. Everything that is wrong is told at once; the
/// component is there when nothing is.
///
/// `settings` are those of its provider, normalised; `places` say where each field is written.
pub fn read(
    kind: &str,
    identity: Identity,
    fields: &BTreeMap<String, Partial>,
    settings: BTreeMap<String, Partial>,
    places: BTreeMap<String, Place>,
) -> (Option<Component>, Vec<FieldProblem>) {
    let mut reader = Reader { fields, problems: Vec::new(), is_whole: true };
    let service = match kind {
        "rest-api" => reader.rest_api().map(Service::RestApi),
        "websocket" => reader.websocket().map(Service::WebSocket),
        _ => None,
    };
    let component =
        service.filter(|_| reader.is_whole).map(|service| Component { identity, service, settings, places });
    (component, reader.problems)
}

struct Reader<'a> {
    fields: &'a BTreeMap<String, Partial>,
    problems: Vec<FieldProblem>,
    is_whole: bool,
}

impl Reader<'_> {
    fn field(&self, name: &str) -> Option<&Partial> {
        set(self.fields.get(name))
    }

    fn refuse(&mut self, field: &'static str, refusal: Refusal) {
        self.is_whole = false;
        self.problems.push(FieldProblem::error(field, refusal));
    }

    /// The value, or the refusal told.
    fn taken<T>(&mut self, field: &'static str, outcome: Result<T, Refusal>) -> Option<T> {
        outcome.map_err(|refusal| self.refuse(field, refusal)).ok()
    }

    fn optional<T>(&mut self, field: &'static str, make: impl FnOnce(&Partial) -> Result<T, Refusal>) -> Option<T> {
        let outcome = make(self.field(field)?);
        self.taken(field, outcome)
    }

    fn rest_api(&mut self) -> Option<RestApi> {
        let start = self.start_of_rest_api();
        let function = self.function(start);
        let gateway = ApiGateway { cors: self.optional("cors", cors), auth: self.optional("auth", auth) };
        Some(RestApi { function: function?, gateway })
    }

    fn start_of_rest_api(&mut self) -> Option<Start> {
        let entry = text(self.field("entry")).map(str::to_owned);
        let handler = self.optional("handler", |handler| Handler::named(handler.as_str().unwrap_or_default()));
        match (entry, handler) {
            (Some(_), Some(_)) => {
                let why = "a component starts either with a server, `entry`, or with a function, `handler`";
                self.refuse("handler", Refusal::new(why, "remove one of them"));
                None
            }
            (Some(entry), None) => self.server(entry),
            (None, Some(handler)) => Some(Start::Handler(handler)),
            (None, None) if self.field("handler").is_some() => None,
            (None, None) => {
                self.refuse("entry", no_entry());
                None
            }
        }
    }

    fn server(&mut self, entry: String) -> Option<Start> {
        let is_inside = !entry.starts_with('/') && !entry.contains('\\') && entry.split('/').all(|part| part != "..");
        match is_inside {
            true => Some(Start::Server { entry }),
            false => {
                let why = format!("`entry` is a file inside `source`, not {entry:?}");
                self.refuse("entry", Refusal::new(why, "write it relative to `source`, such as `dist/server.js`"));
                None
            }
        }
    }

    fn websocket(&mut self) -> Option<WebSocket> {
        let is_events = text(self.field("profile")) == Some("events");
        let start = match is_events {
            true => self.events(),
            false => self.socket_server(),
        };
        let function = self.function(start);
        let auth = self.optional("auth", auth);
        let gateway = match is_events {
            true => WebSocketApi::Events { auth },
            false => {
                self.refuse_auth_of_server();
                self.doubt_scaled_sockets(function.as_ref());
                WebSocketApi::Server
            }
        };
        Some(WebSocket { function: function?, gateway })
    }

    fn events(&mut self) -> Option<Start> {
        if self.field("entry").is_some() {
            let why = "with `profile = \"events\"` functions are called, and no server is started";
            self.refuse("entry", Refusal::new(why, "write `handlers` instead, or `profile = \"server\"`"));
        }
        let Some(handlers) = self.field("handlers").cloned() else {
            let why = "with `profile = \"events\"` functions are called for what happens to a connection";
            let remedy = "write `handlers = { connect = \"connect.handler\", message = \"message.handler\" }`";
            self.refuse("handlers", Refusal::new(why, remedy));
            return None;
        };
        let mut named = |name: &str| {
            let handler = text(handlers.get(name)).map(Handler::named)?;
            self.taken("handlers", handler)
        };
        let (connect, disconnect, message) = (named("connect"), named("disconnect"), named("message"));
        Some(Start::Events(Events { connect, disconnect, message: message? }))
    }

    fn socket_server(&mut self) -> Option<Start> {
        if self.field("handlers").is_some() {
            let why = "with `profile = \"server\"` a server is started, and no functions are called";
            self.refuse("handlers", Refusal::new(why, "write `entry` instead, or `profile = \"events\"`"));
        }
        match text(self.field("entry")).map(str::to_owned) {
            Some(entry) => self.server(entry),
            None => {
                self.refuse("entry", no_entry());
                None
            }
        }
    }

    fn refuse_auth_of_server(&mut self) {
        if self.field("auth").is_some() {
            let why = "nothing stands before a server with real sockets that could check tokens";
            self.refuse("auth", Refusal::new(why, "let the server check them, or write `profile = \"events\"`"));
        }
    }

    fn doubt_scaled_sockets(&mut self, function: Option<&ServerlessFunction>) {
        let Some(scaling) = function.map(ServerlessFunction::scaling) else { return };
        if scaling.min() > 1 || scaling.max().is_some_and(|max| max > 1) {
            let why = "each instance knows only its own connections: what one of them is told does not reach the clients of another";
            let remedy = "write `max = 1`, unless the instances tell each other through a broker";
            self.problems.push(FieldProblem::warning("scaling", Refusal::new(why, remedy)));
        }
    }

    fn function(&mut self, start: Option<Start>) -> Option<ServerlessFunction> {
        let runtime = self.runtime();
        let memory = self.optional("memory", |memory| match memory.as_number() {
            Some(amount) => Memory::mebibytes(amount),
            None => Ok(Memory::DEFAULT),
        });
        let timeout = self.optional("timeout", |timeout| Timeout::new(lasting("timeout", timeout)?));
        let function = ServerlessFunction {
            memory,
            timeout,
            environment: self.environment(),
            permissions: self.optional("permissions", permissions).unwrap_or_default(),
            scaling: self.optional("scaling", scaling).unwrap_or_default(),
            health: self.optional("health", health),
            network: if text(self.field("network")) == Some("vpc") { Network::Vpc } else { Network::Private },
            traffic: self.optional("traffic", traffic).unwrap_or_default(),
            alarms: self.optional("alarms", alarms).unwrap_or_default(),
            code: Code {
                source: text(self.field("source"))?.to_owned(),
                build: text(self.field("build")).map(str::to_owned),
                runtime: runtime?,
                architecture: match text(self.field("architecture")) {
                    Some("arm64") => Some(Architecture::Arm64),
                    Some(_) => Some(Architecture::X64),
                    None => None,
                },
                start: start?,
            },
        };
        Some(function)
    }

    fn runtime(&mut self) -> Option<Runtime> {
        let runtime = self.optional("runtime", |name| Runtime::named(name.as_str().unwrap_or_default()))?;
        if let Some(since) = runtime.deprecated_since() {
            let why = format!("`{runtime}` has been out of support since {since}");
            let remedy = format!("write `runtime = \"{}\"`", Runtime::DEFAULT);
            self.problems.push(FieldProblem::warning("runtime", Refusal::new(why, remedy)));
        }
        Some(runtime)
    }

    fn environment(&mut self) -> BTreeMap<String, Partial> {
        let environment: BTreeMap<String, Partial> = match self.field("environment") {
            Some(Value::Map(entries)) => {
                entries.iter().filter(|(_, it)| !it.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
            }
            _ => BTreeMap::new(),
        };
        for name in environment.keys() {
            if let Err(refusal) = check_variable(name) {
                self.refuse("environment", refusal);
            }
        }
        environment
    }
}

fn set(value: Option<&Partial>) -> Option<&Partial> {
    value.filter(|value| !value.is_null())
}

fn text(value: Option<&Partial>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn no_entry() -> Refusal {
    Refusal::new(
        "nothing says which file starts the server: there is no `entry`, and no `main` in package.json",
        "write `entry = \"server.js\"`: a file that listens on the port in the variable PORT",
    )
}

/// A variable that a program may be given: a name of POSIX's portable form, none that the platform sets itself.
fn check_variable(name: &str) -> Result<(), Refusal> {
    let is_plain =
        name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    if name == "PORT" {
        return Err(Refusal::new(
            "`PORT` is set by whatever runs the program",
            "let the program listen on the port that it finds there",
        ));
    }
    match is_plain && !name.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(
            format!("{name:?} cannot be the name of a variable"),
            "use letters, digits and `_`, and begin with no digit",
        )),
    }
}

fn lasting(name: &str, value: &Partial) -> Result<Duration, Refusal> {
    let text = value.as_str().unwrap_or_default();
    duration::parse(text)
        .ok_or_else(|| Refusal::new(format!("`{name}` is no duration: {text:?}"), "write `500ms`, `30s`, `5m` or `1h`"))
}

fn texts(value: Option<&Partial>) -> Option<Vec<String>> {
    let items = set(value)?.as_list()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn cors(value: &Partial) -> Result<Cors, Refusal> {
    let max_age = set(value.get("max_age")).map(|age| lasting("max_age", age)).transpose()?;
    let cors = Cors {
        origins: value.get("origins").and_then(Value::as_list).unwrap_or_default().to_vec(),
        methods: texts(value.get("methods")).unwrap_or_else(|| METHODS.map(str::to_owned).to_vec()),
        headers: texts(value.get("headers")).unwrap_or_default(),
        expose_headers: texts(value.get("expose_headers")).unwrap_or_default(),
        credentials: value.get("credentials").and_then(Value::as_bool).unwrap_or_default(),
        max_age,
    };
    cors.checked()
}

fn auth(value: &Partial) -> Result<Auth, Refusal> {
    let part = |name: &str| value.get("jwt").and_then(|jwt| jwt.get(name)).cloned().unwrap_or_default();
    Auth::jwt(part("issuer"), part("audience"))
}

fn permissions(value: &Partial) -> Result<Vec<Permission>, Refusal> {
    let permission = |entry: &Partial| {
        Permission::new(texts(entry.get("allow")).unwrap_or_default(), entry.get("on").cloned().unwrap_or_default())
    };
    value.as_list().unwrap_or_default().iter().map(permission).collect()
}

fn scaling(value: &Partial) -> Result<Scaling, Refusal> {
    let number = |name: &str| value.get(name).and_then(Value::as_number);
    let target = number("target_utilization").map(|part| Ratio::new(part, "`target_utilization`")).transpose()?;
    Scaling::new(number("min"), number("max"), target)
}

fn health(value: &Partial) -> Result<Health, Refusal> {
    let within = set(value.get("within")).map(|within| lasting("within", within)).transpose()?;
    Health::new(text(value.get("path")).unwrap_or_default(), within.unwrap_or(Health::WITHIN))
}

fn alarms(value: &Partial) -> Result<Alarms, Refusal> {
    let rate = value.get("error_rate").and_then(Value::as_number);
    Ok(Alarms {
        error_rate: rate.map(|part| Ratio::new(part, "`error_rate`")).transpose()?,
        latency: set(value.get("latency")).map(|latency| lasting("latency", latency)).transpose()?,
    })
}

fn traffic(value: &Partial) -> Result<Traffic, Refusal> {
    let steps = || -> Vec<Number> {
        let items = value.get("steps").and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_number).cloned().collect()
    };
    let is_given = |name: &str| set(value.get(name)).is_some();
    let strategy = text(value.get("strategy")).unwrap_or_default();
    let foreign: &[&str] = match strategy {
        "all-at-once" => &["steps", "bake", "share"],
        "canary" => &["share"],
        "fixed" => &["steps", "bake"],
        other => {
            let why = format!("there is no `strategy` {other:?}");
            return Err(Refusal::new(why, "write `all-at-once`, `canary` or `fixed`"));
        }
    };
    if let Some(name) = foreign.iter().find(|name| is_given(name)) {
        return Err(Refusal::new(
            format!("`{name}` has no meaning for the strategy `{strategy}`"),
            format!("remove `{name}`"),
        ));
    }
    match strategy {
        "canary" => {
            let bake = set(value.get("bake")).ok_or_else(|| {
                Refusal::new(
                    "a canary without `bake` watches nothing",
                    "write how long each step is watched: `bake = \"2m\"`",
                )
            })?;
            Traffic::canary(&steps(), lasting("bake", bake)?)
        }
        "fixed" => match value.get("share").and_then(Value::as_number) {
            Some(share) => Traffic::fixed(share),
            None => Err(Refusal::new(
                "a fixed split has no `share`",
                "write the new release's share in percent: `share = 20`",
            )),
        },
        _ => Ok(Traffic::AllAtOnce),
    }
}

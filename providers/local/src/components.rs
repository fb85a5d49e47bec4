//! Components on this machine: a service behind a supervisor, unchanged.

use std::collections::BTreeMap;

use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::duration::{rule, written};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::serverless::vocabulary::{call, list, text, texts};
use siac_core::serverless::{
    Component, Cors, Network, Part, Realisation, Refusal, RestApi, ServerlessFunction, Service, Start, Traffic,
    WebSocket, WebSocketApi,
};

/// The kinds that run here.
pub const KINDS: &[&str] = &["rest-api", "websocket"];

/// The table `[component.NAME.local]`.
pub fn settings() -> BTreeMap<&'static str, Attribute> {
    BTreeMap::from([
        (
            "port",
            Attribute::optional(Type::Number, "the port that siac listens on; 0 for any")
                .default(Value::number(0_i64))
                .rule(Rule::Between(0, 65_535)),
        ),
        (
            "host",
            Attribute::optional(Type::String, "the address that siac listens on")
                .default(Value::string("127.0.0.1"))
                .rule(Rule::Length(1, 253)),
        ),
        (
            "stop_grace",
            Attribute::optional(
                Type::String,
                "how long the last connections of a release may take to end (default 10s)",
            )
            .rule(rule()),
        ),
    ])
}

/// What becomes of a component here.
///
/// # Errors
/// When it asks for what nobody on this machine can do.
pub fn realise(component: &Component) -> Result<Realisation, Diagnostics> {
    match component.service() {
        Service::RestApi(api) => rest_api(component, api),
        Service::WebSocket(socket) => websocket(component, socket),
    }
}

fn rest_api(component: &Component, api: &RestApi) -> Result<Realisation, Diagnostics> {
    let mut problems = Diagnostics::new();
    if api.gateway().auth().is_some() {
        let why = "nobody checks tokens on this machine";
        let remedy = "let the program check them; or give this field only where a gateway does, with `${stack.environment == …}`";
        problems.push(component.refuse("auth", Refusal::new(why, remedy)));
    }
    let function = api.function();
    match function.code().start() {
        Start::Server { entry } if problems.is_empty() => {
            let cors = api.gateway().cors().map(cors);
            Ok(service(function, server(component, function, entry).with_some("cors", cors)))
        }
        Start::Server { .. } => Err(problems),
        Start::Handler(_) | Start::Events(_) => {
            let why = "nobody calls single functions on this machine: here a server runs";
            let remedy = "write `entry`, a file that listens on the port in PORT, instead of `handler`";
            problems.push(component.refuse("handler", Refusal::new(why, remedy)));
            Err(problems)
        }
    }
}

fn websocket(component: &Component, socket: &WebSocket) -> Result<Realisation, Diagnostics> {
    let function = socket.function();
    match (socket.gateway(), function.code().start()) {
        (WebSocketApi::Server, Start::Server { entry }) => {
            let server = server(component, function, entry);
            let url = call("replace", [server.get("url"), Value::string("http://"), Value::string("ws://")]);
            Ok(service(function, server).output("url", url))
        }
        _ => {
            let why = "there is no managed front for WebSockets on this machine: here a server with real sockets runs";
            let remedy = "write `profile = \"server\"` with an `entry`; handlers behind a front run on a cloud";
            let mut problems = Diagnostics::new();
            problems.push(component.refuse("profile", Refusal::new(why, remedy)));
            Err(problems)
        }
    }
}

/// The service that every component becomes here.
fn server(component: &Component, function: &ServerlessFunction, entry: &str) -> Part {
    let setting = |name: &str| component.setting(name).cloned();
    let health = function.health().map(|health| {
        Value::map([("path", Value::string(health.path())), ("within", Value::string(written(health.within())))])
    });
    let processes = function.scaling().min();
    component
        .part("local_service", "server")
        .with("command", texts(["node", entry]))
        .with("source", function.code().recipe(None, []))
        .with("environment", Value::Map(environment(component, function)))
        .with("protocol", Value::string("http"))
        .with_some("port", setting("port"))
        .with_some("host", setting("host"))
        .with_some("stop_grace", setting("stop_grace"))
        .with_some("health", health)
        .with_some("processes", (processes > 1).then(|| Value::number(u64::from(processes))))
        .with_some("timeout", function.timeout().map(|timeout| Value::string(timeout.to_string())))
        .with_some("traffic", traffic(function.traffic()))
}

/// The whole component around its one service.
fn service(function: &ServerlessFunction, server: Part) -> Realisation {
    let url = server.get("url");
    let health = function.health().map(|health| text("{}{}", [url.clone(), Value::string(health.path())]));
    let realisation = Realisation::new().output("url", url).output("health_url", health.unwrap_or_default());
    notes(function).into_iter().fold(realisation.part(server), Realisation::note)
}

/// What has no effect here, and what has less.
fn notes(function: &ServerlessFunction) -> Vec<String> {
    let scaling = function.scaling();
    let processes = scaling.min().max(1);
    let told = [
        (!function.permissions().is_empty())
            .then(|| "`permissions` have no effect on this machine: the program may do what its user may".to_owned()),
        (function.network() == Network::Vpc).then(|| "`network = \"vpc\"` has no effect on this machine".to_owned()),
        (function.alarms().error_rate().is_some() || function.alarms().latency().is_some())
            .then(|| "`alarms` have no effect on this machine; `siac status` shows failures".to_owned()),
        scaling.max().filter(|max| *max > processes).map(|max| {
            format!(
                "on this machine the number of processes is fixed: {processes}, from `scaling.min`, not up to {max}"
            )
        }),
    ];
    told.into_iter().flatten().collect()
}

/// The program's variables. `NODE_ENV` is `production` unless the stack's environment is `development`, so that frameworks behave as they will on
/// a cloud; `memory` bounds the heap, as function services bound the whole. What the stack says wins.
fn environment(component: &Component, function: &ServerlessFunction) -> BTreeMap<String, Partial> {
    let is_development = component.identity().environment.as_deref() == Some("development");
    let mode = if is_development { "development" } else { "production" };
    let heap = function.memory().map(|memory| format!("--max-old-space-size={}", memory.in_mebibytes()));
    let own = [Some(("NODE_ENV", mode.to_owned())), heap.map(|heap| ("NODE_OPTIONS", heap))];
    let own = own.into_iter().flatten().map(|(name, value)| (name.to_owned(), Value::string(value)));
    own.chain(function.environment().iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

fn cors(cors: &Cors) -> Partial {
    let named = |items: &[String]| (!items.is_empty()).then(|| texts(items.iter().map(String::as_str)));
    let entries = [
        ("origins", Some(list(cors.origins().iter().cloned()))),
        ("methods", named(cors.methods())),
        ("headers", named(cors.headers())),
        ("expose_headers", named(cors.expose_headers())),
        ("credentials", cors.credentials().then_some(Value::Bool(true))),
        ("max_age", cors.max_age().map(|age| Value::string(written(age)))),
    ];
    Value::map(entries.into_iter().filter_map(|(name, value)| Some((name, value?))))
}

fn traffic(traffic: &Traffic) -> Option<Partial> {
    let strategy = |name: &str| ("strategy", Value::string(name));
    match traffic {
        Traffic::AllAtOnce => None,
        Traffic::Canary(canary) => {
            let steps = list(canary.steps().iter().map(|step| Value::number(u64::from(*step))));
            Some(Value::map([strategy("canary"), ("steps", steps), ("bake", Value::string(written(canary.bake())))]))
        }
        Traffic::Fixed { share } => Some(Value::map([strategy("fixed"), ("share", Value::number(u64::from(*share)))])),
    }
}

#[cfg(test)]
mod tests;

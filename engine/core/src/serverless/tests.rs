//! What components promise, field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use super::vocabulary::{call, json, list, text, texts};
use super::*;
use crate::model::address::{ResourceAddress, ScopeKind, ScopeStep};
use crate::model::diagnostic::Severity;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Known, Origin, Partial, Value};

fn identity() -> Identity {
    let step = |kind, name: &str, key: Option<&str>| ScopeStep { kind, name: name.into(), key: key.map(str::to_owned) };
    let scope = vec![step(ScopeKind::Module, "web", None), step(ScopeKind::Component, "rest-api", Some("eu"))];
    Identity { scope, stack: "shop".into(), environment: Some("production".into()), provider: "toy".into() }
}

/// The component of these fields, given as JSON, and what is said of it: each field and its words.
fn component(kind: &str, fields: serde_json::Value) -> (Option<Component>, Vec<(&'static str, String)>) {
    let fields: Known = serde_json::from_value(fields).unwrap();
    let Value::Map(fields) = fields.open() else { panic!("fields are a table") };
    let (component, problems) = read(kind, identity(), &fields, BTreeMap::new(), BTreeMap::new());
    let told = |it: FieldProblem| {
        assert!(it.problem.help.is_some(), "{:?} has a remedy", it.problem);
        (it.field, it.problem.detail)
    };
    (component, problems.into_iter().map(told).collect())
}

fn rest_api(fields: serde_json::Value) -> (Option<Component>, Vec<(&'static str, String)>) {
    let mut all = serde_json::json!({ "source": "api", "entry": "server.js", "runtime": "nodejs24" });
    let (Some(all_fields), Some(fields)) = (all.as_object_mut(), fields.as_object()) else { panic!("objects") };
    all_fields.extend(fields.clone());
    component("rest-api", all)
}

fn function(fields: serde_json::Value) -> ServerlessFunction {
    match rest_api(fields) {
        (Some(component), _) => match component.service() {
            Service::RestApi(api) => api.function().clone(),
            Service::WebSocket(_) => panic!("a REST API"),
        },
        (None, problems) => panic!("{problems:?}"),
    }
}

#[test]
fn fields_become_what_they_mean() {
    let function = function(serde_json::json!({
        "memory": 1024,
        "timeout": "30s",
        "scaling": { "min": 2, "max": 10, "target_utilization": "0.7" },
        "health": { "path": "/health", "within": "1m" },
        "traffic": { "strategy": "fixed", "share": 20 },
        "environment": { "A": "1", "B": null },
        "network": "vpc",
        "architecture": "arm64",
    }));
    assert_eq!(function.memory().unwrap().in_mebibytes(), 1024);
    assert_eq!(function.timeout().unwrap().duration(), Duration::from_secs(30));
    assert_eq!((function.scaling().min(), function.scaling().max()), (2, Some(10)));
    assert_eq!(function.health().unwrap().within(), Duration::from_secs(60));
    assert_eq!(*function.traffic(), Traffic::Fixed { share: 20 });
    assert_eq!(function.environment().keys().collect::<Vec<_>>(), ["A"]);
    assert_eq!(function.network(), Network::Vpc);
    assert_eq!(function.code().architecture(), Some(Architecture::Arm64));
    assert_eq!(function.code().recipe(None, []), Value::string("api"));
}

#[test]
fn a_build_makes_the_source_a_recipe() {
    let function = function(serde_json::json!({ "build": "npm ci" }));
    let recipe = function.code().recipe(Some("linux-x64"), [("run.sh", "#!/bin/sh\n")]);
    let expected = serde_json::json!({
        "path": "api", "build": "npm ci", "runtime": "nodejs24", "architecture": "linux-x64", "add": { "run.sh": "#!/bin/sh\n" },
    });
    assert_eq!(serde_json::to_value(recipe).unwrap(), expected);
    let packed = self::function(serde_json::json!({})).code().recipe(Some("linux-arm64"), []);
    assert_eq!(
        serde_json::to_value(packed).unwrap(),
        serde_json::json!({ "path": "api", "architecture": "linux-arm64" })
    );
}

#[test]
fn what_cannot_be_says_where_and_why() {
    for (fields, field, words) in [
        (serde_json::json!({ "memory": 64 }), "memory", "128 to 10240"),
        (serde_json::json!({ "timeout": "16m" }), "timeout", "1s to 15m"),
        (serde_json::json!({ "timeout": "soon" }), "timeout", "no duration"),
        (serde_json::json!({ "runtime": "ruby3" }), "runtime", "Node.js projects"),
        (serde_json::json!({ "handler": "index.handler" }), "handler", "either"),
        (serde_json::json!({ "entry": "../server.js" }), "entry", "inside"),
        (serde_json::json!({ "environment": { "PORT": "1" } }), "environment", "PORT"),
        (serde_json::json!({ "environment": { "a-b": "1" } }), "environment", "name of a variable"),
        (serde_json::json!({ "scaling": { "min": 3, "max": 2 } }), "scaling", "`max` is 2"),
        (serde_json::json!({ "scaling": { "target_utilization": 70 } }), "scaling", "part of a whole"),
        (serde_json::json!({ "health": { "path": "health" } }), "health", "begins with `/`"),
        (serde_json::json!({ "traffic": { "strategy": "slowly" } }), "traffic", "no `strategy`"),
        (serde_json::json!({ "traffic": { "strategy": "fixed", "share": 20, "bake": "1s" } }), "traffic", "no meaning"),
        (serde_json::json!({ "traffic": { "strategy": "canary", "steps": [100] } }), "traffic", "bake"),
        (serde_json::json!({ "alarms": { "error_rate": 2 } }), "alarms", "part of a whole"),
        (serde_json::json!({ "cors": { "origins": [] } }), "cors", "no origin"),
        (serde_json::json!({ "cors": { "origins": ["https://a/b"] } }), "cors", "without a path"),
        (serde_json::json!({ "cors": { "origins": ["*"], "credentials": true } }), "cors", "browsers refuse"),
        (serde_json::json!({ "permissions": [{ "allow": ["s3:*"], "on": "x" }] }), "permissions", "whatever there is"),
        (serde_json::json!({ "permissions": [{ "allow": ["s3:Get"], "on": "*" }] }), "permissions", "everything"),
        (serde_json::json!({ "auth": { "jwt": { "issuer": "http://a", "audience": ["b"] } } }), "auth", "https://"),
    ] {
        let (component, problems) = rest_api(fields.clone());
        assert_eq!(component, None, "{fields}");
        assert_eq!(problems.len(), 1, "{fields}: {problems:?}");
        assert_eq!(problems[0].0, field);
        assert!(problems[0].1.contains(words), "{fields}: {problems:?}");
    }
    let (component, problems) = component("rest-api", serde_json::json!({ "source": "a", "runtime": "nodejs24" }));
    assert_eq!((component, problems[0].0), (None, "entry"));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let (_, problems) = rest_api(serde_json::json!({ "memory": 1, "timeout": "1h", "environment": { "1": "" } }));
    assert_eq!(problems.iter().map(|(field, _)| *field).collect::<Vec<_>>(), ["memory", "timeout", "environment"]);
}

#[test]
fn a_deprecated_runtime_is_doubted_and_used() {
    let (component, problems) = rest_api(serde_json::json!({ "runtime": "nodejs20.x" }));
    assert!(component.is_some());
    assert!(problems[0].1.contains("2026-04-30"), "{problems:?}");
}

#[test]
fn a_websocket_has_either_a_server_or_handlers() {
    let socket = |fields: serde_json::Value| {
        let mut all = serde_json::json!({ "source": "rt", "runtime": "nodejs24" });
        if let (Some(all), Some(fields)) = (all.as_object_mut(), fields.as_object()) {
            all.extend(fields.clone());
        }
        component("websocket", all)
    };
    let handlers = serde_json::json!({ "connect": "on.connect", "message": "on.message" });
    let (events, problems) = socket(serde_json::json!({ "profile": "events", "handlers": handlers }));
    assert_eq!(problems, []);
    let Service::WebSocket(events) = events.unwrap().service().clone() else { panic!("a WebSocket") };
    let Start::Events(handlers) = events.function().code().start() else { panic!("events") };
    assert_eq!(handlers.connect().unwrap().to_string(), "on.connect");
    assert_eq!((handlers.disconnect(), handlers.message().export()), (None, "message"));
    let field = |fields| socket(fields).1[0].0;
    assert_eq!(field(serde_json::json!({ "profile": "events" })), "handlers");
    assert_eq!(field(serde_json::json!({ "profile": "server" })), "entry");
    assert_eq!(
        field(serde_json::json!({ "profile": "server", "entry": "a.js", "handlers": { "message": "a.b" } })),
        "handlers"
    );
    let auth = serde_json::json!({ "jwt": { "issuer": "https://a", "audience": ["b"] } });
    assert_eq!(field(serde_json::json!({ "profile": "server", "entry": "a.js", "auth": auth })), "auth");
    let (server, problems) =
        socket(serde_json::json!({ "profile": "server", "entry": "a.js", "scaling": { "max": 3 } }));
    assert!(server.is_some() && problems[0].1.contains("own connections"), "{problems:?}");
}

#[test]
fn names_are_unique_plain_and_short_enough() {
    let (component, _) = rest_api(serde_json::json!({}));
    let component = component.unwrap();
    assert_eq!(component.unique_name(64), "shop-web-rest-api-eu");
    let short = component.unique_name(16);
    assert!(short.len() <= 16 && short.starts_with("shop-we-"), "{short}");
    assert_eq!(short, component.unique_name(16));
}

#[test]
fn refusals_stand_at_their_field() {
    let (component, _) = rest_api(serde_json::json!({}));
    let component = component.unwrap();
    let refusal = component.refuse("auth", Refusal::new("nobody checks tokens", "do it yourself"));
    assert_eq!(refusal.severity, Severity::Error);
    assert_eq!(refusal.detail, "`module.web.component.rest-api[\"eu\"]`: nobody checks tokens");
    assert_eq!(component.doubt("auth", Refusal::new("a", "b")).severity, Severity::Warning);
}

/// A hole of an attribute that is known after apply, and one of a secret.
fn holes() -> (Partial, Partial) {
    let attribute = Origin::Attribute(ResourceAddress::managed("toy", "a"), crate::model::path::Path::attribute("arn"));
    let hole = |origin, awaits| Value::Hole(Box::new(Hole::of(origin, Type::Any, awaits)));
    (hole(attribute, Awaits::Apply), hole(Origin::Secret("s".into()), Awaits::ApplySecret))
}

#[test]
fn the_vocabulary_computes_what_is_known_and_keeps_the_rest() {
    assert_eq!(text("a/{}/{}", [Value::number(1_i64), Value::string("b")]), Value::string("a/1/b"));
    assert_eq!(text("{}", [Value::string("{}")]), Value::string("{}"));
    assert_eq!(json(texts(["a", "b"])), Value::string(r#"["a","b"]"#));
    assert_eq!(call("base64encode", [Value::string("a")]), Value::string("YQ=="));
    let (arn, secret) = holes();
    let policy = json(Value::map([("Resource", list([text("{}/*", [arn.clone()])])), ("Key", secret.clone())]));
    let Value::Hole(policy) = &policy else { panic!("it waits: {policy:?}") };
    assert_eq!(policy.ty, Type::String);
    assert!(policy.is_secret());
    assert_eq!(policy.origins.len(), 2);
    let Value::Hole(joined) = text("arn:{}", [arn]) else { panic!("it waits") };
    assert_eq!(joined.prefix, "arn:");
    assert!(!joined.is_secret());
}

#[test]
fn what_the_vocabulary_cannot_do_is_told_when_it_is_planned() {
    // A list has no place in a text; the hole that is left fails again where there is somebody to tell.
    assert!(matches!(text("a{}", [list([])]), Value::Hole(hole) if hole.origins.is_empty()));
}

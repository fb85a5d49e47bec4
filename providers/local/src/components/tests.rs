use serde_json::{Value as Json, json};
use siac_core::model::address::{ScopeKind, ScopeStep};
use siac_core::model::value::Known;
use siac_core::serverless::{Identity, read};

use super::*;

/// A component of these fields in a stack with this environment, and the settings' defaults.
fn component(kind: &str, environment: Option<&str>, fields: Json) -> Component {
    let scope = vec![ScopeStep { kind: ScopeKind::Component, name: "api".into(), key: None }];
    let environment = environment.map(str::to_owned);
    let identity = Identity { scope, stack: "shop".into(), environment, provider: "local".into() };
    let mut all = json!({ "source": "../api", "runtime": "nodejs24" });
    let (Some(known), Json::Object(fields)) = (all.as_object_mut(), fields) else { panic!("objects") };
    known.extend(fields);
    let fields: Known = serde_json::from_value(all).unwrap();
    let Value::Map(fields) = fields.open() else { panic!("a table") };
    let settings = settings().into_iter().filter_map(|(name, it)| Some((name.to_owned(), it.default?.open())));
    let (component, problems) = read(kind, identity, &fields, settings.collect(), BTreeMap::new());
    component.unwrap_or_else(|| panic!("{problems:?}"))
}

/// The service that a component becomes, as JSON, without what every one has.
fn server(component: &Component) -> Json {
    let realisation = realise(component).unwrap_or_else(|problems| panic!("{problems:?}"));
    let [part] = realisation.parts.as_slice() else { panic!("one service") };
    assert_eq!(part.address.to_string(), "component.api.local_service.server");
    serde_json::to_value(Value::Map(part.body.clone())).unwrap()
}

#[test]
fn a_rest_api_is_an_unchanged_server_behind_an_http_front() {
    let fields = json!({
        "entry": "dist/server.js",
        "build": "npm ci && npm run build",
        "memory": 512,
        "timeout": "30s",
        "environment": { "A": "1" },
        "cors": { "origins": ["https://app.example"], "methods": ["GET"], "credentials": true, "max_age": "600s" },
        "health": { "path": "/health", "within": "60s" },
        "scaling": { "min": 2 },
        "traffic": { "strategy": "canary", "steps": [10, 100], "bake": "2m" },
    });
    let expected = json!({
        "command": ["node", "dist/server.js"],
        "source": { "path": "../api", "build": "npm ci && npm run build", "runtime": "nodejs24" },
        "environment": { "A": "1", "NODE_ENV": "production", "NODE_OPTIONS": "--max-old-space-size=512" },
        "protocol": "http",
        "port": 0,
        "host": "127.0.0.1",
        "health": { "path": "/health", "within": "1m" },
        "processes": 2,
        "timeout": "30s",
        "cors": { "origins": ["https://app.example"], "methods": ["GET"], "credentials": true, "max_age": "10m" },
        "traffic": { "strategy": "canary", "steps": [10, 100], "bake": "2m" },
    });
    assert_eq!(server(&component("rest-api", Some("production"), fields)), expected);
}

#[test]
fn what_the_stack_says_of_the_environment_wins() {
    let environment = |stack: Option<&str>, own: Json| {
        let fields = json!({ "entry": "a.js", "memory": 256, "environment": own });
        server(&component("rest-api", stack, fields))["environment"].clone()
    };
    let heap = "--max-old-space-size=256";
    assert_eq!(environment(Some("development"), json!({})), json!({ "NODE_ENV": "development", "NODE_OPTIONS": heap }));
    assert_eq!(environment(Some("staging"), json!({}))["NODE_ENV"], json!("production"));
    assert_eq!(environment(None, json!({}))["NODE_ENV"], json!("production"));
    let own = json!({ "NODE_ENV": "test", "NODE_OPTIONS": "" });
    assert_eq!(environment(None, own.clone()), own);
}

#[test]
fn a_websocket_server_tells_where_clients_connect() {
    let fields = json!({ "profile": "server", "entry": "a.js", "health": { "path": "/up" } });
    let component = component("websocket", None, fields);
    assert_eq!(server(&component)["protocol"], json!("http"));
    let outputs = realise(&component).unwrap().outputs;
    let url = component.refer("local_service", "server", "url");
    assert_eq!(outputs["url"], call("replace", [url.clone(), Value::string("http://"), Value::string("ws://")]));
    assert_eq!(outputs["health_url"], text("{}/up", [url]));
}

#[test]
fn what_has_no_effect_here_is_noted() {
    let fields = json!({
        "entry": "a.js",
        "permissions": [{ "allow": ["s3:GetObject"], "on": "x" }],
        "network": "vpc",
        "alarms": { "latency": "1s" },
        "scaling": { "max": 4 },
    });
    let notes = realise(&component("rest-api", None, fields)).unwrap().notes;
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(realise(&component("rest-api", None, json!({ "entry": "a.js" }))).unwrap().notes.is_empty());
}

#[test]
fn what_nobody_here_does_is_refused_with_a_remedy() {
    let auth = json!({ "jwt": { "issuer": "https://a", "audience": ["b"] } });
    for (kind, fields) in [
        ("rest-api", json!({ "entry": "a.js", "auth": auth })),
        ("rest-api", json!({ "handler": "a.b" })),
        ("websocket", json!({ "profile": "events", "handlers": { "message": "a.b" } })),
    ] {
        let problems = realise(&component(kind, None, fields)).unwrap_err().sorted();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].help.is_some());
    }
}

#[test]
fn every_attribute_of_a_realisation_is_one_of_its_kind() {
    use siac_core::ports::Catalogue;
    let provider = crate::LocalProvider::with_program(".", ".siac", "siac");
    let fields = json!({ "entry": "a.js", "timeout": "1s", "health": { "path": "/" }, "scaling": { "min": 2 }, "cors": { "origins": ["*"] } });
    let kind = &provider.schema().resources["local_service"];
    for part in realise(&component("rest-api", None, fields)).unwrap().parts {
        part.body.keys().for_each(|name| assert!(kind.attributes[name.as_str()].is_settable(), "{name}"));
    }
}

//! The kinds of components: their fields and outputs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::schema::ComponentSchema;
use crate::model::duration;
use crate::model::schema::{Attribute, Rule};
use crate::model::types::{Field, Type};
use crate::model::value::Value;

/// Every kind that this version has.
static KINDS: LazyLock<BTreeMap<&'static str, ComponentSchema>> =
    LazyLock::new(|| BTreeMap::from([("rest-api", rest_api()), ("websocket", websocket())]));

/// Kinds that are known and not there, with what serves in their place.
const ABSENT: [(&str, &str); 5] = [
    ("queue", "on this machine run a broker as a `local_service`; on a cloud use its own queue kind as a resource"),
    ("topic", "on this machine run a broker as a `local_service`; on a cloud use its own topic kind as a resource"),
    (
        "table",
        "on this machine run a database as a `local_service`, for instance dynalite; on a cloud use its own table kind as a resource",
    ),
    (
        "schedule",
        "on this machine write a cron entry or a timer unit that calls the service; on a cloud use its own schedule kind as a resource",
    ),
    (
        "static-site",
        "on this machine serve the folder with a `local_service`; on a cloud use its own storage kinds as resources",
    ),
];

/// Every kind, by name.
pub fn kinds() -> &'static BTreeMap<&'static str, ComponentSchema> {
    &KINDS
}

/// What a kind takes and tells.
pub fn schema(kind: &str) -> Option<&'static ComponentSchema> {
    KINDS.get(kind)
}

/// What to use instead of a kind that is known and not there.
pub fn absent(kind: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(name, _)| *name == kind).map(|(_, instead)| *instead)
}

fn rest_api() -> ComponentSchema {
    let mut fields = function_fields();
    fields.extend([
        ("entry", entry()),
        (
            "handler",
            Attribute::optional(
                Type::String,
                "a function that is called for each request, as FILE.EXPORT; instead of `entry`",
            ),
        ),
        (
            "cors",
            Attribute::optional(
                cors(),
                "which pages of other origins may call; without it, that is left to the program",
            ),
        ),
        ("auth", auth()),
    ]);
    ComponentSchema {
        description: "An HTTP API: an existing Node.js server or a function, behind an HTTP front.",
        fields,
        carried: &[
            "environment.*",
            "permissions.*.on",
            "auth.jwt.issuer",
            "auth.jwt.audience",
            "auth.jwt.audience.*",
            "cors.origins.*",
        ],
        outputs: BTreeMap::from([
            ("url", "where it answers, without a `/` at the end"),
            ("health_url", "where it tells that it works; null without `health`"),
        ]),
    }
}

fn websocket() -> ComponentSchema {
    let handlers =
        object([("connect", Type::String), ("disconnect", Type::String), ("message", Type::String)], &["message"]);
    let mut fields = function_fields();
    fields.extend([
        (
            "profile",
            Attribute::required(
                Type::String,
                "`server`: an unchanged server with real sockets; `events`: functions behind a managed front",
            )
            .rule(Rule::OneOf(&["events", "server"])),
        ),
        ("entry", entry()),
        (
            "handlers",
            Attribute::optional(
                handlers,
                "profile `events`: the functions for `connect`, `disconnect` and `message`, each as FILE.EXPORT",
            ),
        ),
        ("auth", auth()),
    ]);
    ComponentSchema {
        description: "A WebSocket service: an existing Node.js server, or functions behind a managed front.",
        fields,
        carried: &["environment.*", "permissions.*.on", "auth.jwt.issuer", "auth.jwt.audience", "auth.jwt.audience.*"],
        outputs: BTreeMap::from([
            ("url", "where clients connect: `ws://…` or `wss://…`"),
            ("health_url", "where it tells over HTTP that it works; null without `health`"),
        ]),
    }
}

/// The fields that everything with code has.
fn function_fields() -> BTreeMap<&'static str, Attribute> {
    let health = object([("path", Type::String), ("within", Type::String)], &["path"]);
    let scaling = object([("min", Type::Number), ("max", Type::Number), ("target_utilization", Type::Number)], &[]);
    let alarms = object([("error_rate", Type::Number), ("latency", Type::String)], &[]);
    let permission = object([("allow", Type::list(Type::String)), ("on", Type::String)], &["allow", "on"]);
    BTreeMap::from([
        (
            "source",
            Attribute::required(Type::String, "the folder of the Node.js project, relative to the stack file")
                .rule(Rule::Length(1, 1_024)),
        ),
        (
            "build",
            Attribute::optional(
                Type::String,
                "the command that builds the project, run in a copy of it when something in it is new",
            )
            .rule(Rule::Length(1, 4_096)),
        ),
        (
            "runtime",
            Attribute::optional(Type::String, "the version of Node.js: `nodejs24` or `nodejs22`")
                .default(Value::string("nodejs24")),
        ),
        (
            "architecture",
            Attribute::optional(Type::String, "the processors: `x64` or `arm64`").rule(Rule::OneOf(&["arm64", "x64"])),
        ),
        (
            "memory",
            Attribute::optional(Type::Number, "the memory of one instance, in MiB: 128 to 10240")
                .rule(Rule::Between(128, 10_240)),
        ),
        (
            "timeout",
            Attribute::optional(Type::String, "how long one request may take: 1s to 15m").rule(duration::rule()),
        ),
        ("environment", Attribute::optional(Type::map(Type::String), "variables for the program, besides PORT")),
        (
            "permissions",
            Attribute::optional(
                Type::list(permission),
                "what the program may do to others: `allow` names actions of the cloud, `on` the one thing; nothing else is granted",
            ),
        ),
        (
            "scaling",
            Attribute::optional(
                scaling,
                "how many instances: `min`, `max`, and how busy they are meant to be, `target_utilization`, a part of 1",
            ),
        ),
        (
            "health",
            Attribute::optional(
                health,
                "`path`: what answers below 400 when it works; `within`: how long a new release may take for it (default 30s)",
            ),
        ),
        (
            "traffic",
            Attribute::optional(
                traffic(),
                "how a new release takes over: `strategy` is `all-at-once`, `canary` with `steps` in percent and `bake`, or `fixed` with `share` in percent",
            ),
        ),
        (
            "alarms",
            Attribute::optional(
                alarms,
                "when people are told: `error_rate`, a part of 1, and `latency`, how long 95 of 100 requests may take",
            ),
        ),
        (
            "network",
            Attribute::optional(
                Type::String,
                "`private`: access by identity, nothing public but the endpoint; `vpc`: in a network of its own",
            )
            .default(Value::string("private"))
            .rule(Rule::OneOf(&["private", "vpc"])),
        ),
    ])
}

fn entry() -> Attribute {
    let description = "the file that starts the server, relative to `source`; it listens on the port in the variable PORT; without it, `main` of package.json";
    Attribute::optional(Type::String, description).rule(Rule::Length(1, 1_024))
}

fn auth() -> Attribute {
    let jwt = object([("issuer", Type::String), ("audience", Type::list(Type::String))], &["issuer", "audience"]);
    let auth = object([("jwt", jwt)], &["jwt"]);
    let description = "how callers prove who they are: `jwt` with the `issuer` of tokens and their `audience`; without it, that is left to the program";
    Attribute::optional(auth, description)
}

fn cors() -> Type {
    let texts = || Type::list(Type::String);
    let fields = [
        ("origins", texts()),
        ("methods", texts()),
        ("headers", texts()),
        ("expose_headers", texts()),
        ("credentials", Type::Bool),
        ("max_age", Type::String),
    ];
    object(fields, &["origins"])
}

fn traffic() -> Type {
    let fields = [
        ("strategy", Type::String),
        ("steps", Type::list(Type::Number)),
        ("bake", Type::String),
        ("share", Type::Number),
    ];
    object(fields, &["strategy"])
}

fn object<const N: usize>(fields: [(&str, Type); N], required: &[&str]) -> Type {
    let field = |(name, ty): (&str, Type)| (name.to_owned(), Field { ty, optional: !required.contains(&name) });
    Type::Object(fields.into_iter().map(field).collect())
}

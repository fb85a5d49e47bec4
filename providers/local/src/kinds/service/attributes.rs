//! The attributes of `local_service`.

use std::collections::BTreeMap;

use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::{Field, Type};
use siac_core::model::value::Value;

use crate::attributes::duration_rule;

/// The most processes that a release may have. A choice of this project.
const MOST_PROCESSES: i64 = 64;

/// The attributes by name.
pub fn attributes() -> Vec<(&'static str, Attribute)> {
    let health = Type::Object(BTreeMap::from([
        ("path".to_owned(), optional(Type::String)),
        ("within".to_owned(), optional(Type::String)),
    ]));
    let log = Type::Object(BTreeMap::from([
        ("path".to_owned(), optional(Type::String)),
        ("max_bytes".to_owned(), optional(Type::Number)),
        ("keep".to_owned(), optional(Type::Number)),
    ]));
    vec![
        (
            "command",
            Attribute::required(
                Type::list(Type::String),
                "the program and its arguments; it must listen on the port in the variable PORT",
            ),
        ),
        (
            "source",
            Attribute::optional(
                Type::String,
                "the folder of the project with the program's files; each release runs in a copy of its own",
            )
            .artifact(),
        ),
        (
            "working_directory",
            Attribute::optional(
                Type::String,
                "where it runs, relative to `source`, or to the project root when there is none",
            ),
        ),
        (
            "port",
            Attribute::required(Type::Number, "the port that siac listens on; 0 for any")
                .rule(Rule::Between(0, 65_535)),
        ),
        (
            "host",
            Attribute::optional(Type::String, "the address that siac listens on")
                .default(Value::string("127.0.0.1"))
                .rule(Rule::Length(1, 253)),
        ),
        (
            "environment",
            Attribute::optional(
                Type::map(Type::String),
                "variables for the program, besides PORT, HOST, PATH, HOME, LANG, TZ, TMPDIR, USER and SHELL",
            ),
        ),
        (
            "health",
            Attribute::optional(
                health,
                "`path`: what answers when it is ready (default: it accepts connections); `within`: how long that may take (default 30s)",
            ),
        ),
        (
            "protocol",
            Attribute::optional(
                Type::String,
                "what the front understands: `tcp`, each connection as it is (the default), or `http`, HTTP/1.1 request by request",
            )
            .rule(Rule::OneOf(&["tcp", "http"])),
        ),
        (
            "processes",
            Attribute::optional(Type::Number, "how many equal processes share the connections (default 1)")
                .rule(Rule::Between(1, MOST_PROCESSES)),
        ),
        (
            "timeout",
            Attribute::optional(Type::String, "with `http`: a request whose answer does not begin in this time gets 504")
                .rule(duration_rule()),
        ),
        (
            "cors",
            Attribute::optional(
                cors(),
                "with `http`: the front answers browsers' questions of `origins`; `methods`, `headers`, `expose_headers`, `credentials` and `max_age` say what pages may do",
            ),
        ),
        (
            "traffic",
            Attribute::optional(
                traffic(),
                "how a release takes over: `strategy` is `all-at-once` (the default), `canary` (`steps` in percent, each for `bake`) or `fixed` (`share` in percent)",
            ),
        ),
        (
            "restart",
            Attribute::optional(Type::String, "when it is started again: `always`, `on-failure` or `never`")
                .default(Value::string("on-failure"))
                .rule(Rule::OneOf(&["always", "on-failure", "never"])),
        ),
        (
            "stop_grace",
            Attribute::optional(
                Type::String,
                "how long its last connections, and then the program itself, may take to end",
            )
            .default(Value::string("10s"))
            .rule(duration_rule()),
        ),
        (
            "log",
            Attribute::optional(
                log,
                "`path`: the log file; `max_bytes`: when a new one is begun (default 10 MiB); `keep`: how many old ones are kept (default 3)",
            ),
        ),
        ("url", Attribute::computed(Type::String, "where it answers").follows(&["host", "port"])),
        ("log_path", Attribute::computed(Type::String, "the log file, relative to the project root").follows(&["log"])),
        (
            "status",
            Attribute::computed(Type::String, "`running`, or `failing` when it keeps ending or is not started again"),
        ),
        ("id", Attribute::computed(Type::String, "32 hexadecimal digits, new for each object").stays()),
    ]
}

fn optional(ty: Type) -> Field {
    Field { ty, optional: true }
}

fn cors() -> Type {
    let lists = ["origins", "methods", "headers", "expose_headers"];
    let lists = lists.map(|name| (name.to_owned(), optional(Type::list(Type::String))));
    let others = [("credentials", Type::Bool), ("max_age", Type::String)];
    let others = others.map(|(name, ty)| (name.to_owned(), optional(ty)));
    Type::Object(lists.into_iter().chain(others).collect())
}

fn traffic() -> Type {
    Type::Object(BTreeMap::from([
        ("strategy".to_owned(), Field { ty: Type::String, optional: false }),
        ("steps".to_owned(), optional(Type::list(Type::Number))),
        ("bake".to_owned(), optional(Type::String)),
        ("share".to_owned(), optional(Type::Number)),
    ]))
}

//! The data source `http`: one request, for what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use crate::attributes::{duration_rule, needed_duration, needed_text, secret_texts, text, text_map};
use crate::kind::{Data, blocking, schema};
use crate::machine::Machine;
use crate::process::scrub;

/// The largest body that is taken, in bytes. A choice of this project.
const MAX_BODY: u64 = 8 << 20;

/// The data source.
pub struct Http;

#[async_trait]
impl Data for Http {
    fn schema(&self) -> KindSchema {
        let attributes = [
            (
                "url",
                Attribute::required(Type::String, "what is asked; `http://` or `https://`")
                    .rule(Rule::Matches("https?://.+", "a URL that starts with `http://` or `https://`")),
            ),
            (
                "method",
                Attribute::optional(Type::String, "GET, HEAD or POST")
                    .default(Value::string("GET"))
                    .rule(Rule::OneOf(&["GET", "HEAD", "POST"])),
            ),
            ("headers", Attribute::optional(Type::map(Type::String), "headers of the request; secrets are allowed")),
            ("request_body", Attribute::optional(Type::String, "the body of a POST request")),
            (
                "timeout",
                Attribute::optional(Type::String, "how long the whole request may take")
                    .default(Value::string("10s"))
                    .rule(duration_rule()),
            ),
            ("status_code", Attribute::computed(Type::Number, "the status of the answer")),
            ("body", Attribute::computed(Type::String, "the body of the answer, when that is UTF-8 text")),
            ("body_base64", Attribute::computed(Type::String, "the body of the answer, in base64")),
            (
                "response_headers",
                Attribute::computed(Type::map(Type::String), "the headers of the answer, names in lower case"),
            ),
            ("id", Attribute::computed(Type::String, "the URL")),
        ];
        KindSchema {
            timeout: Duration::from_secs(120),
            typical: Duration::from_millis(300),
            ..schema("what a web server answers", RecoveryClass::Nothing, attributes)
        }
    }

    async fn read(&self, _: &Machine, inputs: &Known) -> Result<Known, Fault> {
        let inputs = inputs.clone();
        blocking(move || ask(&inputs)).await
    }
}

fn ask(inputs: &Known) -> Result<Known, Fault> {
    let url = needed_text(inputs, "url")?;
    let timeout = needed_duration(inputs, "timeout", Duration::from_secs(10))?;
    let agent = Agent::new_with_config(
        Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).user_agent("siac").build(),
    );
    let method = text(inputs, "method").unwrap_or("GET");
    let headers = text_map(inputs, "headers");
    let request = headers
        .iter()
        .fold(Request::builder().method(method).uri(url), |request, (name, value)| request.header(name, value));
    let malformed = |error: ureq::http::Error| {
        Fault::rejected(format!("the request is malformed: {error}; look at `url` and `headers`"))
    };
    let sent = match text(inputs, "request_body") {
        Some(body) => agent.run(request.body(body.to_owned()).map_err(malformed)?),
        None => agent.run(request.body(()).map_err(malformed)?),
    };
    answer(url, sent.map_err(|error| failure(inputs, &error))?).map_err(|error| failure(inputs, &error))
}

fn answer(url: &str, mut response: Response<Body>) -> Result<Known, ureq::Error> {
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.to_string(), Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    let headers: BTreeMap<String, Known> = response.headers().iter().map(header).collect();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_BODY).read_to_vec()?;
    Ok(Value::map([
        ("status_code", Value::number(i64::from(status))),
        ("response_headers", Value::Map(headers)),
        ("body_base64", Value::String(STANDARD.encode(&body))),
        ("body", String::from_utf8(body).map_or(Value::Null, Value::String)),
        ("id", Value::string(url)),
    ]))
}

/// A request that asks is harmless, so what could pass is tried again; a POST is not.
fn failure(inputs: &Known, error: &ureq::Error) -> Fault {
    let url = text(inputs, "url").unwrap_or_default();
    let why = scrub(&format!("`{url}` did not answer: {error}"), &secret_texts(inputs));
    let may_pass = matches!(
        error,
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed | ureq::Error::HostNotFound
    );
    match may_pass && text(inputs, "method") != Some("POST") {
        true => Fault::transient(why),
        false => Fault::rejected(format!("{why}; look at `url` and at whether the server is up")),
    }
}

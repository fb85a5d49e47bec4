//! `aws_apigatewayv2_integration`.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{
    ConnectionType, ContentHandlingStrategy, Integration as Shown, IntegrationType, PassthroughBehavior, TlsConfigInput,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use super::{PERMISSIONS, api_attribute, pair};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Evidence, Kind, Task};
use crate::limits;
use crate::marks::{signed, signed_again, unsigned};
use crate::seen::{Seen, Told, filled, object};
use crate::settings::object_type;
use crate::together::Together;

/// The kind. AWS knows it by an id of its own; it carries no tags, so its mark is in its description.
#[derive(Default)]
pub struct Integration {
    integrations: Together<Vec<Shown>>,
}

#[async_trait]
impl Kind for Integration {
    fn describe(&self) -> Described {
        let mut described = Described::new("what answers calls of an API", RecoveryClass::Tag, attributes())
            .imported_by("`API/INTEGRATION`")
            .needs(PERMISSIONS);
        described.evidence = Evidence::Tags;
        described
    }

    fn validate(&self, check: &mut Check<'_>) {
        let ty = check.text("integration_type").unwrap_or_default();
        if ["AWS_PROXY", "HTTP", "HTTP_PROXY", "AWS"].contains(&ty)
            && !check.has("integration_uri")
            && !check.has("integration_subtype")
        {
            check.refuse(format!("an integration of the type `{ty}` needs `integration_uri`"), "say what it calls");
        }
        if check.text("connection_type") == Some("VPC_LINK") && !check.has("connection_id") {
            check.refuse("an integration over a VPC link needs `connection_id`", "name the link");
        }
    }

    /// Every integration of the API that carries the mark of the call.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, op) = (task.inputs.need("api_id")?, task.call.op.to_string());
        let integrations = self.integrations.ask(api, || all(task.aws, api)).await?;
        let ours = integrations.iter().filter(|it| unsigned(it.description()).1.get("siac-op") == Some(&op));
        Ok(ours.filter_map(|it| it.integration_id()).map(|id| format!("{api}/{id}")).collect())
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, id) = pair(remote)?;
        let integrations = self.integrations.ask(api, || all(aws, api)).await?;
        let Some(it) = integrations.iter().find(|it| it.integration_id() == Some(id)) else { return Ok(None) };
        let (description, marks) = unsigned(it.description());
        let tls = it.tls_config().and_then(|tls| tls.server_name_to_verify());
        let seen = Seen::new()
            .input("api_id", api)
            .input("integration_type", it.integration_type().map(IntegrationType::as_str))
            .input("integration_subtype", it.integration_subtype())
            .input("integration_uri", filled(it.integration_uri()))
            .input("integration_method", it.integration_method())
            .input("connection_type", it.connection_type().map_or("INTERNET", ConnectionType::as_str))
            .input("connection_id", filled(it.connection_id()))
            .input("content_handling_strategy", it.content_handling_strategy().map(ContentHandlingStrategy::as_str))
            .input("credentials_arn", filled(it.credentials_arn()))
            .input("description", description)
            .input("passthrough_behavior", it.passthrough_behavior().map(PassthroughBehavior::as_str))
            .input("payload_format_version", it.payload_format_version().unwrap_or("1.0"))
            .input("request_parameters", mapped(it.request_parameters()))
            .input("request_templates", mapped(it.request_templates()))
            .input("response_parameters", shown_responses(it.response_parameters()))
            .input("template_selection_expression", filled(it.template_selection_expression()))
            .input("timeout_milliseconds", it.timeout_in_millis())
            .input("tls_config", tls.map(|name| object([("server_name_to_verify", name.told())])))
            .output("id", id)
            .output("integration_response_selection_expression", it.integration_response_selection_expression())
            .tags(marks);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api) = (task.inputs, task.inputs.need("api_id")?);
        let call = task.aws.apigatewayv2().create_integration().api_id(api);
        let call = call
            .integration_type(IntegrationType::from(inputs.need("integration_type")?))
            .set_integration_subtype(inputs.owned("integration_subtype"))
            .set_integration_uri(inputs.owned("integration_uri"))
            .set_integration_method(inputs.owned("integration_method"))
            .set_connection_type(inputs.text("connection_type").map(ConnectionType::from))
            .set_connection_id(inputs.owned("connection_id"))
            .set_content_handling_strategy(inputs.text("content_handling_strategy").map(ContentHandlingStrategy::from))
            .set_credentials_arn(inputs.owned("credentials_arn"))
            .description(signed(inputs.text("description"), task.call))
            .set_passthrough_behavior(inputs.text("passthrough_behavior").map(PassthroughBehavior::from))
            .set_payload_format_version(inputs.owned("payload_format_version"))
            .set_request_parameters(hashed(inputs.map("request_parameters")))
            .set_request_templates(hashed(inputs.map("request_templates")))
            .set_response_parameters(responses(inputs))
            .set_template_selection_expression(inputs.owned("template_selection_expression"))
            .set_timeout_in_millis(inputs.int("timeout_milliseconds"))
            .set_tls_config(tls(inputs));
        let answer = call.send().await.of("apigateway:POST /apis/integrations")?;
        Ok(format!("{api}/{}", answer.integration_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let ((api, id), inputs) = (pair(remote)?, task.inputs);
        let now = seen.wish();
        let marks = seen.tags.clone().unwrap_or_default();
        let call = task.aws.apigatewayv2().update_integration().api_id(api).integration_id(id);
        let call = call
            .set_integration_uri(inputs.owned("integration_uri"))
            .set_integration_method(inputs.owned("integration_method"))
            .set_connection_type(inputs.text("connection_type").map(ConnectionType::from))
            .set_connection_id(inputs.owned("connection_id"))
            .set_content_handling_strategy(inputs.text("content_handling_strategy").map(ContentHandlingStrategy::from))
            .set_credentials_arn(cleared(inputs, Fields(&now), "credentials_arn"))
            .description(signed_again(inputs.text("description"), &marks, task.call))
            .set_passthrough_behavior(inputs.text("passthrough_behavior").map(PassthroughBehavior::from))
            .set_payload_format_version(inputs.owned("payload_format_version"))
            .set_request_parameters(hashed(emptied(inputs, Fields(&now), "request_parameters")))
            .set_request_templates(hashed(emptied(inputs, Fields(&now), "request_templates")))
            .set_response_parameters(responses(inputs))
            .set_template_selection_expression(cleared(inputs, Fields(&now), "template_selection_expression"))
            .set_timeout_in_millis(inputs.int("timeout_milliseconds"))
            .set_tls_config(tls(inputs));
        call.send().await.of("apigateway:PATCH /apis/integrations")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().delete_integration().api_id(api).integration_id(id);
        call.send().await.of("apigateway:DELETE /apis/integrations").or_gone()
    }
}

/// Every integration of an API; none where there is no such API.
async fn all(aws: &Account, api: &str) -> Result<Vec<Shown>, Fault> {
    let (mut integrations, mut next) = (Vec::new(), None);
    loop {
        let page = aws.apigatewayv2().get_integrations().api_id(api).max_results("100").set_next_token(next);
        let page = page.send().await.of("apigateway:GET /apis/integrations").or_absent()?;
        let Some(page) = page else { return Ok(integrations) };
        integrations.extend(page.items.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(integrations);
        }
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let text = |description| Attribute::optional(Type::String, description);
    let decided = |description| Attribute::optional_computed(Type::String, description);
    let response = object_type(&[("status_code", Type::String, true), ("mappings", Type::map(Type::String), true)]);
    vec![
        ("api_id", api_attribute()),
        (
            "integration_type",
            Attribute::required(Type::String, "how calls are passed on").immutable().rule(Rule::OneOf(&[
                "AWS",
                "AWS_PROXY",
                "HTTP",
                "HTTP_PROXY",
                "MOCK",
            ])),
        ),
        ("integration_uri", text("what is called: the invoke ARN of a function, a URL, the ARN of a listener")),
        ("integration_subtype", text("which service is called, without a function in between").immutable()),
        ("integration_method", decided("the HTTP method of the call; `POST` for functions")),
        (
            "connection_type",
            Attribute::optional(Type::String, "whether the call goes over the internet or a VPC link")
                .default(Value::string("INTERNET"))
                .rule(Rule::OneOf(&["INTERNET", "VPC_LINK"])),
        ),
        ("connection_id", text("the VPC link")),
        (
            "content_handling_strategy",
            text("how binary messages of a WebSocket API are handled")
                .rule(Rule::OneOf(&["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"])),
        ),
        ("credentials_arn", text("the role that the API takes on for the call").rule(limits::arn())),
        // 1,024 characters in the service model, less the mark.
        ("description", text("what it is for").rule(Rule::Length(0, 950))),
        (
            "passthrough_behavior",
            decided("what becomes of messages without a template").rule(Rule::OneOf(&[
                "WHEN_NO_MATCH",
                "NEVER",
                "WHEN_NO_TEMPLATES",
            ])),
        ),
        (
            "payload_format_version",
            Attribute::optional(Type::String, "the form of the event that a function gets: `2.0` is for HTTP APIs")
                .default(Value::string("1.0"))
                .rule(Rule::OneOf(&["1.0", "2.0"])),
        ),
        (
            "request_parameters",
            Attribute::optional(Type::map(Type::String), "what is added to, and changed in, the call"),
        ),
        ("request_templates", Attribute::optional(Type::map(Type::String), "templates of messages, by content type")),
        (
            "response_parameters",
            Attribute::optional(Type::set(response), "what is changed in answers of an HTTP API, by status"),
        ),
        ("template_selection_expression", text("what chooses the template")),
        (
            "timeout_milliseconds",
            // "Quotas for configuring and running an HTTP API" and "a WebSocket API" in the API Gateway Developer Guide.
            Attribute::optional_computed(
                Type::Number,
                "the longest the call may take: at most 30,000, of a WebSocket API 29,000",
            )
            .rule(Rule::Between(50, 30_000)),
        ),
        (
            "tls_config",
            Attribute::optional(
                object_type(&[("server_name_to_verify", Type::String, false)]),
                "the name in the certificate of what is called",
            ),
        ),
        (
            "integration_response_selection_expression",
            Attribute::computed(Type::String, "what chooses the answer's form").stays(),
        ),
    ]
}

fn tls(inputs: Fields<'_>) -> Option<TlsConfigInput> {
    let name = inputs.object("tls_config")?.owned("server_name_to_verify");
    Some(TlsConfigInput::builder().set_server_name_to_verify(name).build())
}

fn hashed(entries: Option<BTreeMap<String, String>>) -> Option<HashMap<String, String>> {
    entries.map(|entries| entries.into_iter().collect())
}

fn mapped(entries: Option<&HashMap<String, String>>) -> Known {
    let entries = entries.filter(|entries| !entries.is_empty());
    entries.map_or(Value::Null, |entries| entries.clone().into_iter().collect::<BTreeMap<_, _>>().told())
}

/// A text as it is to be sent: an empty one takes away what there was.
fn cleared(inputs: Fields<'_>, now: Fields<'_>, name: &str) -> Option<String> {
    inputs.owned(name).or_else(|| now.text(name).map(|_| String::new()))
}

/// Entries as they are to be sent: an empty value takes away an entry that there was.
fn emptied(inputs: Fields<'_>, now: Fields<'_>, name: &str) -> Option<BTreeMap<String, String>> {
    let wanted = inputs.map(name);
    let Some(there) = now.map(name) else { return wanted };
    let mut entries = wanted.unwrap_or_default();
    for key in there.into_keys() {
        entries.entry(key).or_default();
    }
    Some(entries)
}

fn responses(inputs: Fields<'_>) -> Option<HashMap<String, HashMap<String, String>>> {
    let responses = inputs.objects("response_parameters");
    let one = |it: Fields<'_>| Some((it.owned("status_code")?, hashed(it.map("mappings"))?));
    let all: HashMap<_, _> = responses.into_iter().filter_map(one).collect();
    (!all.is_empty()).then_some(all)
}

fn shown_responses(responses: Option<&HashMap<String, HashMap<String, String>>>) -> Known {
    let Some(responses) = responses.filter(|all| !all.is_empty()) else { return Value::Null };
    let by_status: BTreeMap<_, _> = responses.iter().collect();
    let one = |(status, mappings): (&String, &HashMap<String, String>)| {
        object([("status_code", status.told()), ("mappings", mapped(Some(mappings)))])
    };
    Value::List(by_status.into_iter().map(one).collect())
}

//! `aws_apigatewayv2_api`.

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{IpAddressType, ProtocolType};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{PERMISSIONS, cors, retag};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by an id of its own.
pub struct Api;

#[async_trait]
impl Kind for Api {
    fn describe(&self) -> Described {
        let decided = |description| Attribute::optional_computed(Type::String, description);
        let attributes = [
            // `StringWithLengthBetween1And128` in the API Gateway v2 service model.
            (
                "name",
                Attribute::required(Type::String, "its name; several may have the same").rule(Rule::Length(1, 128)),
            ),
            (
                "protocol_type",
                Attribute::required(Type::String, "what it speaks")
                    .immutable()
                    .rule(Rule::OneOf(&["HTTP", "WEBSOCKET"])),
            ),
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 1_024))),
            ("version", Attribute::optional(Type::String, "its version, for people").rule(Rule::Length(1, 64))),
            ("route_selection_expression", decided("what in a message names the route: `$request.body.action`")),
            ("api_key_selection_expression", decided("what in a message is the API key")),
            (
                "cors_configuration",
                Attribute::optional(cors::cors_type(), "which pages of other origins may call an HTTP API"),
            ),
            (
                "disable_execute_api_endpoint",
                Attribute::optional(Type::Bool, "whether it answers only under a domain of its own")
                    .default(Value::Bool(false)),
            ),
            ("ip_address_type", decided("whether it speaks IPv6 too").rule(Rule::OneOf(&["ipv4", "dualstack"]))),
            ("api_endpoint", Attribute::computed(Type::String, "its URL, without a stage").stays()),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            (
                "execution_arn",
                Attribute::computed(Type::String, "what begins the ARNs of its calls, for permissions").stays(),
            ),
        ];
        Described::new("an HTTP or WebSocket API", RecoveryClass::Tag, attributes)
            .tagged()
            .imported_by("its id")
            .needs(PERMISSIONS)
    }

    fn validate(&self, check: &mut Check<'_>) {
        cors::validate(check);
        let protocol = check.text("protocol_type");
        if protocol == Some("WEBSOCKET") && !check.has("route_selection_expression") {
            check.refuse(
                "a WebSocket API needs `route_selection_expression`",
                "say what in a message names the route, for instance `$request.body.action`",
            );
        }
        if protocol == Some("WEBSOCKET") && check.has("cors_configuration") {
            check.refuse("`cors_configuration` is for HTTP APIs", "remove it");
        }
    }

    /// Every API that carries a mark of the call.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let op = task.call.op.to_string();
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = task.aws.apigatewayv2().get_apis().max_results("100").set_next_token(next).send().await;
            let page = page.of("apigateway:GET /apis")?;
            let ours = page.items().iter().filter(|api| api.tags().and_then(|tags| tags.get("siac-op")) == Some(&op));
            found.extend(ours.filter_map(|api| api.api_id()).map(str::to_owned));
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.apigatewayv2().get_api().api_id(remote).send().await.of("apigateway:GET /apis");
        let Some(api) = answer.or_absent()? else { return Ok(None) };
        let seen = Seen::new()
            .input("name", api.name())
            .input("protocol_type", api.protocol_type().map(ProtocolType::as_str))
            .input("description", filled(api.description()))
            .input("version", filled(api.version()))
            .input("route_selection_expression", api.route_selection_expression())
            .input("api_key_selection_expression", api.api_key_selection_expression())
            .input("cors_configuration", api.cors_configuration().map(cors::shown))
            .input("disable_execute_api_endpoint", api.disable_execute_api_endpoint().unwrap_or(false))
            .input("ip_address_type", api.ip_address_type().map(IpAddressType::as_str))
            .output("api_endpoint", api.api_endpoint())
            .output("arn", arn(aws, remote))
            .output("execution_arn", aws.arn("execute-api", remote))
            .tags(api.tags().into_iter().flatten());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let call = task.aws.apigatewayv2().create_api().name(inputs.need("name")?);
        let call = call
            .protocol_type(ProtocolType::from(inputs.need("protocol_type")?))
            .set_description(inputs.owned("description"))
            .set_version(inputs.owned("version"))
            .set_route_selection_expression(inputs.owned("route_selection_expression"))
            .set_api_key_selection_expression(inputs.owned("api_key_selection_expression"))
            .set_cors_configuration(inputs.object("cors_configuration").map(cors::cors))
            .set_disable_execute_api_endpoint(inputs.flag("disable_execute_api_endpoint"))
            .set_ip_address_type(inputs.text("ip_address_type").map(IpAddressType::from))
            .set_tags(Some(task.tags().into_iter().collect()));
        let answer = call.send().await.of("apigateway:POST /apis")?;
        Ok(answer.api_id().unwrap_or_default().to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let (inputs, differing) = (task.inputs, task.differing(seen));
        let cors = inputs.object("cors_configuration").map(cors::cors);
        if differing.any(&["cors_configuration"]) && cors.is_none() {
            let call = task.aws.apigatewayv2().delete_cors_configuration().api_id(remote);
            call.send().await.of("apigateway:DELETE /apis/cors").or_gone()?;
        }
        if !differing.is_empty() {
            let call = task.aws.apigatewayv2().update_api().api_id(remote).set_name(inputs.owned("name"));
            let call = call
                .description(inputs.text("description").unwrap_or_default())
                .version(inputs.text("version").unwrap_or_default())
                .set_route_selection_expression(inputs.owned("route_selection_expression"))
                .set_api_key_selection_expression(inputs.owned("api_key_selection_expression"))
                .set_cors_configuration(cors)
                .set_disable_execute_api_endpoint(inputs.flag("disable_execute_api_endpoint"))
                .set_ip_address_type(inputs.text("ip_address_type").map(IpAddressType::from));
            call.send().await.of("apigateway:PATCH /apis")?;
        }
        retag(task, &arn(task.aws, remote), task.retagging(seen)).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.apigatewayv2().delete_api().api_id(remote).send().await.of("apigateway:DELETE /apis").or_gone()
    }
}

fn arn(aws: &Account, id: &str) -> String {
    format!("arn:{}:apigateway:{}::/apis/{id}", aws.partition(), aws.region)
}

/// Where an API answers, for its stages.
pub async fn endpoint(aws: &Account, id: &str) -> Result<Option<String>, Fault> {
    let answer = aws.apigatewayv2().get_api().api_id(id).send().await.of("apigateway:GET /apis").or_absent()?;
    Ok(answer.and_then(|api| api.api_endpoint))
}

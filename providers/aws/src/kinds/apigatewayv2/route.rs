//! `aws_apigatewayv2_route`.

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{AuthorizationType, Route as Shown};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{PERMISSIONS, api_attribute, pair};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, filled, texts};
use crate::together::Together;

/// The kind. AWS knows it by an id of its own; its key is unique in its API.
#[derive(Default)]
pub struct Route {
    routes: Together<Vec<Shown>>,
}

#[async_trait]
impl Kind for Route {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description);
        let attributes = [
            ("api_id", api_attribute()),
            (
                "route_key",
                // `CreateRoute` in the API Gateway v2 API reference.
                Attribute::required(
                    Type::String,
                    "what is routed: `GET /pets/{id}`, `$connect`, `$default`, or what the route selection finds",
                )
                .rule(Rule::Length(1, 1_024)),
            ),
            ("target", text("where to: `integrations/` and the integration's id")),
            (
                "authorization_type",
                Attribute::optional(Type::String, "who may call it")
                    .default(Value::string("NONE"))
                    .rule(Rule::OneOf(&["NONE", "AWS_IAM", "CUSTOM", "JWT"])),
            ),
            ("authorizer_id", text("the authorizer that is asked")),
            ("authorization_scopes", Attribute::optional(Type::set(Type::String), "what a token must allow")),
            (
                "api_key_required",
                Attribute::optional(Type::Bool, "whether messages need an API key").default(Value::Bool(false)),
            ),
            ("operation_name", text("its name, for people").rule(Rule::Length(1, 64))),
            ("model_selection_expression", text("what chooses the model of a message")),
            ("route_response_selection_expression", text("`$default`, where a WebSocket route answers")),
        ];
        Described::new("a route of an API", RecoveryClass::Name, attributes)
            .unique("route_key")
            .imported_by("`API/ROUTE`")
            .needs(PERMISSIONS)
    }

    fn validate(&self, check: &mut Check<'_>) {
        let needs_authorizer = matches!(check.text("authorization_type"), Some("CUSTOM" | "JWT"));
        if needs_authorizer && !check.has("authorizer_id") {
            check.refuse("a route whose callers are checked needs `authorizer_id`", "name the authorizer");
        }
        if check.text("target").is_some_and(|target| !target.starts_with("integrations/")) {
            check.refuse(
                "a route's `target` begins with `integrations/`",
                "write `integrations/${aws_apigatewayv2_integration.NAME.id}`",
            );
        }
    }

    /// The route of this key.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, key) = (task.inputs.need("api_id")?, task.inputs.text("route_key"));
        let routes = self.routes.ask(api, || all(task.aws, api)).await?;
        let ours = routes.iter().filter(|it| it.route_key() == key);
        Ok(ours.filter_map(|it| it.route_id()).map(|id| format!("{api}/{id}")).collect())
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, id) = pair(remote)?;
        let routes = self.routes.ask(api, || all(aws, api)).await?;
        let Some(it) = routes.iter().find(|it| it.route_id() == Some(id)) else { return Ok(None) };
        let seen = Seen::new()
            .input("api_id", api)
            .input("route_key", it.route_key())
            .input("target", filled(it.target()))
            .input("authorization_type", it.authorization_type().map_or("NONE", AuthorizationType::as_str))
            .input("authorizer_id", filled(it.authorizer_id()))
            .input("authorization_scopes", texts(it.authorization_scopes()))
            .input("api_key_required", it.api_key_required().unwrap_or(false))
            .input("operation_name", filled(it.operation_name()))
            .input("model_selection_expression", filled(it.model_selection_expression()))
            .input("route_response_selection_expression", filled(it.route_response_selection_expression()))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api) = (task.inputs, task.inputs.need("api_id")?);
        let call = task.aws.apigatewayv2().create_route().api_id(api).route_key(inputs.need("route_key")?);
        let call = call
            .set_target(inputs.owned("target"))
            .set_authorization_type(inputs.text("authorization_type").map(AuthorizationType::from))
            .set_authorizer_id(inputs.owned("authorizer_id"))
            .set_authorization_scopes(inputs.texts("authorization_scopes"))
            // HTTP APIs have no keys, and refuse to be told so.
            .set_api_key_required(inputs.flag("api_key_required").filter(|needed| *needed))
            .set_operation_name(inputs.owned("operation_name"))
            .set_model_selection_expression(inputs.owned("model_selection_expression"))
            .set_route_response_selection_expression(inputs.owned("route_response_selection_expression"));
        let answer = call.send().await.of("apigateway:POST /apis/routes").exists_on("ConflictException")?;
        Ok(format!("{api}/{}", answer.route_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let ((api, id), inputs, differing) = (pair(remote)?, task.inputs, task.differing(seen));
        let changed = |name: &str| differing.any(&[name]).then(|| inputs.owned(name).unwrap_or_default());
        let call = task.aws.apigatewayv2().update_route().api_id(api).route_id(id).set_route_key(changed("route_key"));
        let call = call
            .set_target(changed("target"))
            .set_authorization_type(inputs.text("authorization_type").map(AuthorizationType::from))
            .set_authorizer_id(changed("authorizer_id"))
            .set_authorization_scopes(
                differing
                    .any(&["authorization_scopes"])
                    .then(|| inputs.texts("authorization_scopes").unwrap_or_default()),
            )
            .set_api_key_required(inputs.flag("api_key_required").filter(|_| differing.any(&["api_key_required"])))
            .set_operation_name(changed("operation_name"))
            .set_model_selection_expression(changed("model_selection_expression"))
            .set_route_response_selection_expression(changed("route_response_selection_expression"));
        call.send().await.of("apigateway:PATCH /apis/routes")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().delete_route().api_id(api).route_id(id);
        call.send().await.of("apigateway:DELETE /apis/routes").or_gone()
    }
}

/// Every route of an API; none where there is no such API.
async fn all(aws: &Account, api: &str) -> Result<Vec<Shown>, Fault> {
    let (mut routes, mut next) = (Vec::new(), None);
    loop {
        let page = aws.apigatewayv2().get_routes().api_id(api).max_results("100").set_next_token(next);
        let Some(page) = page.send().await.of("apigateway:GET /apis/routes").or_absent()? else { return Ok(routes) };
        routes.extend(page.items.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(routes);
        }
    }
}

//! `aws_apigatewayv2_route_response`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{PERMISSIONS, api_attribute, triple};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::seen::{Seen, Told, filled};

/// The kind. AWS knows it by an id of its own; its key is unique in its route.
pub struct RouteResponse;

#[async_trait]
impl Kind for RouteResponse {
    fn describe(&self) -> Described {
        let attributes = [
            ("api_id", api_attribute()),
            ("route_id", Attribute::required(Type::String, "the id of the route").immutable()),
            ("route_response_key", Attribute::required(Type::String, "which answers: `$default`")),
            ("model_selection_expression", Attribute::optional(Type::String, "what chooses the model of an answer")),
            ("response_models", Attribute::optional(Type::map(Type::String), "models of answers, by key")),
        ];
        Described::new("the answer of a WebSocket route", RecoveryClass::Name, attributes)
            .unique("route_response_key")
            .imported_by("`API/ROUTE/RESPONSE`")
            .needs(PERMISSIONS)
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, route) = (task.inputs.need("api_id")?, task.inputs.need("route_id")?);
        let call = task.aws.apigatewayv2().get_route_responses().api_id(api).route_id(route).max_results("100");
        let page = call.send().await.of("apigateway:GET /apis/routes/routeresponses").or_absent()?;
        let all = page.and_then(|page| page.items).unwrap_or_default();
        let ours = all.iter().filter(|it| it.route_response_key() == task.inputs.text("route_response_key"));
        Ok(ours.filter_map(|it| it.route_response_id()).map(|id| format!("{api}/{route}/{id}")).collect())
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, route, id) = triple(remote)?;
        let call = aws.apigatewayv2().get_route_response().api_id(api).route_id(route).route_response_id(id);
        let answer = call.send().await.of("apigateway:GET /apis/routes/routeresponses").or_absent()?;
        let Some(it) = answer else { return Ok(None) };
        let models = it.response_models().filter(|models| !models.is_empty());
        let models = models.map(|all| all.clone().into_iter().collect::<std::collections::BTreeMap<_, _>>());
        let seen = Seen::new()
            .input("api_id", api)
            .input("route_id", route)
            .input("route_response_key", it.route_response_key())
            .input("model_selection_expression", filled(it.model_selection_expression()))
            .input("response_models", models.map_or(Value::Null, Told::told))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api, route) = (task.inputs, task.inputs.need("api_id")?, task.inputs.need("route_id")?);
        let call = task.aws.apigatewayv2().create_route_response().api_id(api).route_id(route);
        let call = call
            .route_response_key(inputs.need("route_response_key")?)
            .set_model_selection_expression(inputs.owned("model_selection_expression"))
            .set_response_models(inputs.map("response_models").map(|all| all.into_iter().collect()));
        let answer =
            call.send().await.of("apigateway:POST /apis/routes/routeresponses").exists_on("ConflictException")?;
        Ok(format!("{api}/{route}/{}", answer.route_response_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let ((api, route, id), inputs) = (triple(remote)?, task.inputs);
        let call = task.aws.apigatewayv2().update_route_response().api_id(api).route_id(route).route_response_id(id);
        let call = call
            .set_route_response_key(inputs.owned("route_response_key"))
            .set_model_selection_expression(inputs.owned("model_selection_expression"))
            .set_response_models(inputs.map("response_models").map(|all| all.into_iter().collect()));
        call.send().await.of("apigateway:PATCH /apis/routes/routeresponses")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, route, id) = triple(remote)?;
        let call = aws.apigatewayv2().delete_route_response().api_id(api).route_id(route).route_response_id(id);
        call.send().await.of("apigateway:DELETE /apis/routes/routeresponses").or_gone()
    }
}

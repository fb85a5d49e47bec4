//! `aws_apigatewayv2_integration_response`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::ContentHandlingStrategy;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{PERMISSIONS, api_attribute, triple};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::seen::{Seen, Told, filled};

/// The kind. AWS knows it by an id of its own; its key is unique in its integration.
pub struct IntegrationResponse;

#[async_trait]
impl Kind for IntegrationResponse {
    fn describe(&self) -> Described {
        let attributes = [
            ("api_id", api_attribute()),
            ("integration_id", Attribute::required(Type::String, "the id of the integration").immutable()),
            ("integration_response_key", Attribute::required(Type::String, "which answers: `$default`, or `/200/`")),
            (
                "content_handling_strategy",
                Attribute::optional(Type::String, "how binary answers are handled")
                    .rule(Rule::OneOf(&["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"])),
            ),
            ("response_templates", Attribute::optional(Type::map(Type::String), "templates of answers, by key")),
            ("template_selection_expression", Attribute::optional(Type::String, "what chooses the template")),
        ];
        Described::new("how an integration's answer is passed on by a WebSocket API", RecoveryClass::Name, attributes)
            .unique("integration_response_key")
            .imported_by("`API/INTEGRATION/RESPONSE`")
            .needs(PERMISSIONS)
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, integration) = (task.inputs.need("api_id")?, task.inputs.need("integration_id")?);
        let call = task
            .aws
            .apigatewayv2()
            .get_integration_responses()
            .api_id(api)
            .integration_id(integration)
            .max_results("100");
        let page = call.send().await.of("apigateway:GET /apis/integrations/integrationresponses").or_absent()?;
        let all = page.and_then(|page| page.items).unwrap_or_default();
        let ours =
            all.iter().filter(|it| it.integration_response_key() == task.inputs.text("integration_response_key"));
        Ok(ours.filter_map(|it| it.integration_response_id()).map(|id| format!("{api}/{integration}/{id}")).collect())
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, integration, id) = triple(remote)?;
        let call = aws.apigatewayv2().get_integration_response().api_id(api).integration_id(integration);
        let answer =
            call.integration_response_id(id).send().await.of("apigateway:GET /apis/integrations/integrationresponses");
        let Some(it) = answer.or_absent()? else { return Ok(None) };
        let templates = it.response_templates().filter(|all| !all.is_empty());
        let templates = templates.map(|all| all.clone().into_iter().collect::<BTreeMap<_, _>>());
        let seen = Seen::new()
            .input("api_id", api)
            .input("integration_id", integration)
            .input("integration_response_key", it.integration_response_key())
            .input("content_handling_strategy", it.content_handling_strategy().map(ContentHandlingStrategy::as_str))
            .input("response_templates", templates.map_or(Value::Null, Told::told))
            .input("template_selection_expression", filled(it.template_selection_expression()))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api, integration) =
            (task.inputs, task.inputs.need("api_id")?, task.inputs.need("integration_id")?);
        let call = task.aws.apigatewayv2().create_integration_response().api_id(api).integration_id(integration);
        let call = call
            .integration_response_key(inputs.need("integration_response_key")?)
            .set_content_handling_strategy(inputs.text("content_handling_strategy").map(ContentHandlingStrategy::from))
            .set_response_templates(inputs.map("response_templates").map(|all| all.into_iter().collect()))
            .set_template_selection_expression(inputs.owned("template_selection_expression"));
        let answer = call.send().await.of("apigateway:POST /apis/integrations/integrationresponses");
        let answer = answer.exists_on("ConflictException")?;
        Ok(format!("{api}/{integration}/{}", answer.integration_response_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let ((api, integration, id), inputs) = (triple(remote)?, task.inputs);
        let call = task.aws.apigatewayv2().update_integration_response().api_id(api).integration_id(integration);
        let call = call
            .integration_response_id(id)
            .set_integration_response_key(inputs.owned("integration_response_key"))
            .set_content_handling_strategy(inputs.text("content_handling_strategy").map(ContentHandlingStrategy::from))
            .set_response_templates(inputs.map("response_templates").map(|all| all.into_iter().collect()))
            .set_template_selection_expression(inputs.owned("template_selection_expression"));
        call.send().await.of("apigateway:PATCH /apis/integrations/integrationresponses")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, integration, id) = triple(remote)?;
        let call = aws.apigatewayv2().delete_integration_response().api_id(api).integration_id(integration);
        let deleted = call.integration_response_id(id).send().await;
        deleted.of("apigateway:DELETE /apis/integrations/integrationresponses").or_gone()
    }
}

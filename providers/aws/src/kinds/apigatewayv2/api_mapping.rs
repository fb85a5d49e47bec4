//! `aws_apigatewayv2_api_mapping`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{PERMISSIONS, pair};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::seen::{Seen, filled};

/// The kind. siac knows it by `DOMAIN/ID`.
pub struct ApiMapping;

#[async_trait]
impl Kind for ApiMapping {
    fn describe(&self) -> Described {
        let attributes = [
            ("domain_name", Attribute::required(Type::String, "the domain name").immutable()),
            ("api_id", Attribute::required(Type::String, "the id of the API that is served there")),
            ("stage", Attribute::required(Type::String, "the stage of it")),
            (
                "api_mapping_key",
                // "Mapping API stages to a custom domain name" in the API Gateway Developer Guide.
                Attribute::optional(Type::String, "the path below the domain, such as `v1`; otherwise all of it")
                    .rule(Rule::Length(1, 300))
                    .rule(Rule::Matches(
                        "[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*",
                        "a path without `/` at its ends",
                    )),
            ),
        ];
        Described::new("an API at a domain name of one's own", RecoveryClass::Name, attributes)
            .imported_by("`DOMAIN/ID`")
            .needs(PERMISSIONS)
    }

    /// The mapping of this path: a domain has one for each.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (domain, key) = (task.inputs.need("domain_name")?, task.inputs.text("api_mapping_key").unwrap_or_default());
        let mut next = None;
        loop {
            let page = task.aws.apigatewayv2().get_api_mappings().domain_name(domain).max_results("100");
            let page = page.set_next_token(next).send().await.of("apigateway:GET /domainnames/apimappings");
            let Some(page) = page.or_absent()? else { return Ok(Vec::new()) };
            let here = page.items().iter().find(|it| it.api_mapping_key().unwrap_or_default() == key);
            if let Some(id) = here.and_then(|it| it.api_mapping_id()) {
                return Ok(vec![format!("{domain}/{id}")]);
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(Vec::new());
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (domain, id) = pair(remote)?;
        let call = aws.apigatewayv2().get_api_mapping().domain_name(domain).api_mapping_id(id);
        let answer = call.send().await.of("apigateway:GET /domainnames/apimappings").or_absent()?;
        let Some(it) = answer else { return Ok(None) };
        let seen = Seen::new()
            .input("domain_name", domain)
            .input("api_id", it.api_id())
            .input("stage", it.stage())
            .input("api_mapping_key", filled(it.api_mapping_key()))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (domain, inputs) = (task.inputs.need("domain_name")?, task.inputs);
        let call = task.aws.apigatewayv2().create_api_mapping().domain_name(domain);
        let call = call
            .api_id(inputs.need("api_id")?)
            .stage(inputs.need("stage")?)
            .set_api_mapping_key(inputs.owned("api_mapping_key"));
        let answer = call.send().await.of("apigateway:POST /domainnames/apimappings");
        let answer = answer.exists_on("ConflictException")?;
        Ok(format!("{domain}/{}", answer.api_mapping_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let ((domain, id), inputs) = (pair(remote)?, task.inputs);
        let call = task.aws.apigatewayv2().update_api_mapping().domain_name(domain).api_mapping_id(id);
        let call = call
            .api_id(inputs.need("api_id")?)
            .stage(inputs.need("stage")?)
            .api_mapping_key(inputs.text("api_mapping_key").unwrap_or_default());
        call.send().await.of("apigateway:PATCH /domainnames/apimappings")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (domain, id) = pair(remote)?;
        let call = aws.apigatewayv2().delete_api_mapping().domain_name(domain).api_mapping_id(id);
        call.send().await.of("apigateway:DELETE /domainnames/apimappings").or_gone()
    }
}

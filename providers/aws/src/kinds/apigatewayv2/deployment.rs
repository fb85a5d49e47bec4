//! `aws_apigatewayv2_deployment`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::DeploymentStatus;
use siac_core::model::path::Path;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Fault, Planned, Verdict};

use super::{PERMISSIONS, api_attribute, pair};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Evidence, Kind, Task};
use crate::marks::{signed, signed_again, unsigned};
use crate::seen::Seen;
use crate::wait::{Standing, until};

/// The kind. AWS knows it by an id of its own; it carries no tags, so its mark is in its description.
pub struct Deployment;

/// How long a deployment may take. A choice of this project; AWS names seconds.
const WORKING: Duration = Duration::from_secs(120);

#[async_trait]
impl Kind for Deployment {
    fn describe(&self) -> Described {
        let attributes = [
            ("api_id", api_attribute()),
            // 1,024 characters in the service model, less the mark.
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 950))),
            (
                "triggers",
                Attribute::optional(Type::map(Type::String), "any values; when one changes, the API is deployed anew")
                    .write_only(),
            ),
            ("auto_deployed", Attribute::computed(Type::Bool, "whether API Gateway made it by itself").stays()),
        ];
        let mut described = Described::new("a state of an API that stages can serve", RecoveryClass::Tag, attributes)
            .settles(Duration::from_secs(2), Duration::from_secs(180))
            .imported_by("`API/DEPLOYMENT`")
            .needs(PERMISSIONS);
        described.evidence = Evidence::Tags;
        described
    }

    /// Other triggers are another deployment. Of one that was adopted they are not known, and so no reason to make it anew.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        let before = prior.and_then(|prior| prior.inputs.get("triggers")).filter(|triggers| !triggers.is_null());
        let changed = planned.changed.iter().filter(|path| path.root() == Some("triggers")).cloned();
        let changed: Vec<Path> = changed.filter(|_| before.is_some()).collect();
        if !changed.is_empty() {
            planned.verdict = Verdict::Replace;
            planned.requires_replace.extend(changed);
            planned.outputs = Partial::Map(BTreeMap::new());
        }
        planned
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, op) = (task.inputs.need("api_id")?, task.call.op.to_string());
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = task.aws.apigatewayv2().get_deployments().api_id(api).max_results("100").set_next_token(next);
            let Some(page) = page.send().await.of("apigateway:GET /apis/deployments").or_absent()? else {
                return Ok(found);
            };
            let ours = page.items().iter().filter(|it| unsigned(it.description()).1.get("siac-op") == Some(&op));
            found.extend(ours.filter_map(|it| it.deployment_id()).map(|id| format!("{api}/{id}")));
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().get_deployment().api_id(api).deployment_id(id);
        let Some(it) = call.send().await.of("apigateway:GET /apis/deployments").or_absent()? else { return Ok(None) };
        let (description, marks) = unsigned(it.description());
        let seen = Seen::new()
            .input("api_id", api)
            .input("description", description.map_or(Value::Null, Value::String))
            .output("auto_deployed", it.auto_deployed().unwrap_or(false))
            .output("id", id)
            .tags(marks);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let api = task.inputs.need("api_id")?;
        let call = task.aws.apigatewayv2().create_deployment().api_id(api);
        let call = call.description(signed(task.inputs.text("description"), task.call));
        let answer = call.send().await.of("apigateway:POST /apis/deployments")?;
        Ok(format!("{api}/{}", answer.deployment_id().unwrap_or_default()))
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let (api, id) = pair(remote)?;
        until(WORKING, || async {
            let call = task.aws.apigatewayv2().get_deployment().api_id(api).deployment_id(id);
            let it = call.send().await.of("apigateway:GET /apis/deployments")?;
            match it.deployment_status() {
                Some(DeploymentStatus::Deployed) => Ok(Standing::Ready(())),
                Some(DeploymentStatus::Failed) => Err(Fault::rejected(format!(
                    "the API could not be deployed: {}",
                    it.deployment_status_message().unwrap_or("no reason is given")
                ))),
                other => Ok(Standing::Waiting(other.map_or("PENDING", DeploymentStatus::as_str).to_owned())),
            }
        })
        .await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if !task.differing(seen).any(&["description"]) {
            return Ok(());
        }
        let (api, id) = pair(remote)?;
        let marks = seen.tags.clone().unwrap_or_default();
        let call = task.aws.apigatewayv2().update_deployment().api_id(api).deployment_id(id);
        let call = call.description(signed_again(task.inputs.text("description"), &marks, task.call));
        call.send().await.of("apigateway:PATCH /apis/deployments")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().delete_deployment().api_id(api).deployment_id(id);
        call.send().await.of("apigateway:DELETE /apis/deployments").or_gone()
    }
}

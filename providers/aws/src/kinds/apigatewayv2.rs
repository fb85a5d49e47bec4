//! API Gateway: HTTP and WebSocket APIs.
//!
//! Permissions of API Gateway are HTTP methods on paths, so its calls are named by both.

pub mod api;
pub mod api_mapping;
pub mod authorizer;
mod cors;
pub mod deployment;
pub mod domain_name;
pub mod integration;
pub mod integration_response;
pub mod route;
pub mod route_response;
pub mod stage;

use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use crate::failure::Answer;
use crate::kind::Task;
use crate::marks::Retagging;

/// What everything here needs.
const PERMISSIONS: &[&str] = &["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

/// The API that something is a part of.
fn api_attribute() -> Attribute {
    Attribute::required(Type::String, "the id of the API").immutable()
}

/// The parts of `API/PART`.
fn pair(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `API/ID`")))
}

/// The parts of `API/PART/PART`.
fn triple(remote: &str) -> Result<(&str, &str, &str), Fault> {
    let malformed = || Fault::rejected(format!("`{remote}` is not `API/ID/ID`"));
    let (api, rest) = pair(remote)?;
    let (one, two) = rest.split_once('/').ok_or_else(malformed)?;
    Ok((api, one, two))
}

/// Puts the tags of an API or a stage as they are wanted.
async fn retag(task: &Task<'_>, arn: &str, retagging: Retagging) -> Result<(), Fault> {
    if !retagging.set.is_empty() {
        let call = task.aws.apigatewayv2().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(retagging.set.into_iter().collect()));
        call.send().await.of("apigateway:POST /tags")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.apigatewayv2().untag_resource().resource_arn(arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("apigateway:DELETE /tags")?;
    }
    Ok(())
}

//! Lambda.

pub mod alias;
pub mod event_source_mapping;
pub mod function;
pub mod function_data;
pub mod function_url;
pub mod layer_version;
pub mod permission;
pub mod provisioned_concurrency;
mod runtimes;

use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure};
use crate::kind::Task;
use crate::marks::Retagging;

/// How API Gateway calls a function.
fn invoke_arn(aws: &Account, arn: &str) -> String {
    format!("arn:{}:apigateway:{}:lambda:path/2015-03-31/functions/{arn}/invocations", aws.partition(), aws.region)
}

/// The name of a function, from its name or its ARN, a qualifier left out.
fn bare_name(reference: &str) -> &str {
    let name = reference.rsplit_once(":function:").map_or(reference, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

/// Whether a role is too new to be used. Lambda has no code of its own for this; the words are those that Terraform's provider waits for, too.
fn role_is_new(failure: &Failure) -> bool {
    let words = ["cannot be assumed by Lambda", "does not have permissions to call"];
    failure.code() == "InvalidParameterValueException" && words.iter().any(|words| failure.why().contains(words))
}

/// Puts the tags of a function or an event source mapping as they are wanted.
async fn retag(task: &Task<'_>, arn: &str, retagging: Retagging) -> Result<(), Fault> {
    if !retagging.set.is_empty() {
        let call = task.aws.lambda().tag_resource().resource(arn).set_tags(Some(retagging.set.into_iter().collect()));
        call.send().await.of("lambda:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.lambda().untag_resource().resource(arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("lambda:UntagResource")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::bare_name;

    #[test]
    fn functions_are_named_in_several_ways() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:api:live";
        assert_eq!((bare_name(arn), bare_name("api:live"), bare_name("api")), ("api", "api", "api"));
    }
}

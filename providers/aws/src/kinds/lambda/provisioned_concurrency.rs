//! `aws_lambda_provisioned_concurrency_config`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_provisioned_concurrency_config::GetProvisionedConcurrencyConfigOutput;
use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum as Status;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use super::bare_name;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::Seen;
use crate::wait::{Standing, until};

/// How long Lambda may take to make environments ready. A choice of this project; Terraform's provider waits as long.
const WORKING: Duration = Duration::from_secs(15 * 60);

/// The kind. AWS knows it by `FUNCTION/QUALIFIER`.
pub struct ProvisionedConcurrency;

#[async_trait]
impl Kind for ProvisionedConcurrency {
    fn describe(&self) -> Described {
        let attributes = [
            ("function_name", Attribute::required(Type::String, "the name or ARN of the function").immutable()),
            (
                "qualifier",
                // `Qualifier` in the Lambda service model.
                Attribute::required(Type::String, "the version or alias whose environments are kept ready")
                    .immutable()
                    .rule(Rule::Length(1, 128))
                    .rule(Rule::Matches("[a-zA-Z0-9$_-]+", "a version or the name of an alias")),
            ),
            (
                "provisioned_concurrent_executions",
                // `PositiveInteger`; the account's own limit is below the upper bound.
                Attribute::required(Type::Number, "how many environments are kept ready")
                    .rule(Rule::Between(1, 2_147_483_647)),
            ),
            (
                "skip_destroy",
                Attribute::optional(Type::Bool, "whether it stays when siac lets go of it")
                    .default(Value::Bool(false))
                    .write_only(),
            ),
        ];
        Described::new("environments of a function that are kept ready", RecoveryClass::Put, attributes)
            .settles(Duration::from_secs(90), WORKING + Duration::from_secs(60))
            .imported_by("`FUNCTION/QUALIFIER`")
            .needs(&[
                "lambda:DeleteProvisionedConcurrencyConfig",
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:PutProvisionedConcurrencyConfig",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `PutProvisionedConcurrencyConfig` in the Lambda API reference.
        if check.text("qualifier") == Some("$LATEST") {
            check.refuse(
                "environments of `$LATEST` cannot be kept ready",
                "publish a version (`publish = true` at the function), and name it or its alias",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", bare_name(task.inputs.text("function_name")?), task.inputs.text("qualifier")?))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (function, qualifier) = parts(remote)?;
        let Some(config) = got(aws, remote).await? else { return Ok(None) };
        let before = remembered.and_then(|it| it.inputs.get("function_name")).and_then(Partial::as_str);
        let seen = Seen::new()
            .input("function_name", before.unwrap_or(function))
            .input("qualifier", qualifier)
            .input("provisioned_concurrent_executions", config.requested_provisioned_concurrent_executions());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`function_name` and `qualifier` are needed"))?;
        put(task, &remote).await?;
        Ok(remote)
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        until(WORKING, || async {
            let Some(config) = got(task.aws, remote).await? else {
                return Ok(Standing::Waiting("not visible".to_owned()));
            };
            let ready = config.available_provisioned_concurrent_executions().unwrap_or(0);
            let wanted = config.requested_provisioned_concurrent_executions().unwrap_or(0);
            match config.status() {
                Some(Status::Ready) => Ok(Standing::Ready(())),
                Some(Status::Failed) => Err(Fault::rejected(format!(
                    "Lambda could not keep environments of `{remote}` ready: {}",
                    config.status_reason().unwrap_or("no reason is given")
                ))),
                _ => Ok(Standing::Waiting(format!("starting environments ({ready} of {wanted})"))),
            }
        })
        .await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        Ok(put(task, remote).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        if object.inputs.get("skip_destroy").and_then(Partial::as_bool) == Some(true) {
            return Ok(());
        }
        let (function, qualifier) = parts(remote)?;
        let call = aws.lambda().delete_provisioned_concurrency_config().function_name(function).qualifier(qualifier);
        let deleted = call.send().await.of("lambda:DeleteProvisionedConcurrencyConfig");
        deleted.busy_on(&["ResourceConflictException"]).absent_on(&[ABSENT]).or_gone()
    }
}

/// The code of a configuration that is not there.
const ABSENT: &str = "ProvisionedConcurrencyConfigNotFoundException";

async fn put(task: &Task<'_>, remote: &str) -> Result<(), Failure> {
    let (function, qualifier) = parts(remote)?;
    let call = task.aws.lambda().put_provisioned_concurrency_config().function_name(function).qualifier(qualifier);
    let call = call.set_provisioned_concurrent_executions(task.inputs.int("provisioned_concurrent_executions"));
    // While an alias or the last change is on its way, Lambda takes no other one.
    call.send().await.of("lambda:PutProvisionedConcurrencyConfig").busy_on(&["ResourceConflictException"])?;
    Ok(())
}

async fn got(aws: &Account, remote: &str) -> Result<Option<GetProvisionedConcurrencyConfigOutput>, Fault> {
    let (function, qualifier) = parts(remote)?;
    let call = aws.lambda().get_provisioned_concurrency_config().function_name(function).qualifier(qualifier);
    call.send().await.of("lambda:GetProvisionedConcurrencyConfig").absent_on(&[ABSENT]).or_absent()
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `FUNCTION/QUALIFIER`")))
}

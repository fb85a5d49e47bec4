//! `aws_lambda_function`.

mod attributes;
pub mod code;
mod configuration;
mod versions;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use siac_core::model::schema::RecoveryClass;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial};
use siac_core::ports::Fault;

use super::{invoke_arn, role_is_new};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::Seen;
use crate::wait::{Standing, until};

/// The kind.
pub struct Function;

/// How long Lambda may take over a function. Functions in a VPC take longest. A choice of this project, beyond the SDK's waiters of five minutes.
const WORKING: Duration = Duration::from_secs(8 * 60);

#[async_trait]
impl Kind for Function {
    fn describe(&self) -> Described {
        Described::new("a function", RecoveryClass::Name, attributes::attributes())
            .named("function_name", 64)
            .tagged()
            .settles(Duration::from_secs(6), Duration::from_secs(10 * 60))
            .needs(&[
                "iam:PassRole",
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                "lambda:GetFunction",
                "lambda:ListVersionsByFunction",
                "lambda:PublishVersion",
                "lambda:PutFunctionConcurrency",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
                "s3:GetObject",
                "s3:PutObject",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        attributes::validate(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("function_name")
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(answer) = got(aws, remote).await? else { return Ok(None) };
        let Some(function) = answer.configuration() else { return Ok(None) };
        let published = versions::published(aws, remote).await?;
        let version = published.iter().rev().find(|version| versions::is_alike(version, function));
        let latest = version.or(published.last()).and_then(|version| version.version()).unwrap_or("$LATEST");
        let arn = function.function_arn().unwrap_or_default();
        let qualified = format!("{arn}:{latest}");
        let mut seen = configuration::shown(function)
            .input("reserved_concurrent_executions", reserved(&answer))
            .output("arn", arn)
            .output("invoke_arn", invoke_arn(aws, arn))
            .output("version", latest)
            .output("qualified_invoke_arn", invoke_arn(aws, &qualified))
            .output("qualified_arn", qualified)
            .tags(answer.tags().into_iter().flatten());
        let before = |name: &str| remembered.and_then(|object| object.inputs.get(name));
        if before("publish").and_then(Partial::as_bool) == Some(true) {
            // What was changed and not published is to be published.
            seen = seen.input("publish", version.is_some());
        }
        if let Some(reference) = code::shown(function, before("filename").and_then(Partial::as_str)) {
            seen = seen.input("filename", reference);
        }
        if let Some(image) = answer.code().and_then(|code| code.image_uri()) {
            seen = seen.input("image_uri", image);
        }
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("function_name")?;
        let call = task.aws.lambda().create_function().function_name(name).code(code::uploaded(task).await?);
        let call = configuration::created(call, task.inputs).set_tags(Some(task.tags().into_iter().collect()));
        let created = call.send().await.of("lambda:CreateFunction").exists_on("ResourceConflictException");
        created.map_err(|failure| not_yet(failure, task))?;
        Ok(name.to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        ready(task.aws, remote).await?;
        reserve(task, remote).await?;
        if task.inputs.is("publish") {
            versions::publish(task, remote).await?;
        }
        Ok(())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        ready(task.aws, remote).await?;
        let differing = task.differing(seen);
        if differing.any(&attributes::CONFIGURATION) {
            let call = task.aws.lambda().update_function_configuration().function_name(remote);
            let updated =
                configuration::updated(call, task.inputs).send().await.of("lambda:UpdateFunctionConfiguration");
            let updated = updated.busy_on(&["ResourceConflictException"]);
            updated.map_err(|failure| not_yet(failure, task))?;
            ready(task.aws, remote).await?;
        }
        if differing.any(&attributes::CODE) || code::place_changed(task) {
            let call = code::updating(task, remote).await?;
            call.send().await.of("lambda:UpdateFunctionCode").busy_on(&["ResourceConflictException"])?;
            ready(task.aws, remote).await?;
        }
        retag(task, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let deleted = aws.lambda().delete_function().function_name(remote).send().await.of("lambda:DeleteFunction");
        deleted.busy_on(&["ResourceConflictException"]).or_gone()
    }
}

/// A role takes some seconds until Lambda may take it on.
fn not_yet(failure: Failure, task: &Task<'_>) -> Failure {
    match role_is_new(&failure) {
        true => {
            let role = task.inputs.text("role").unwrap_or("?");
            Fault::NotYet { what: format!("Lambda cannot use the role {role} ({})", failure.why()) }.into()
        }
        false => failure,
    }
}

async fn got(aws: &Account, name: &str) -> Result<Option<GetFunctionOutput>, Fault> {
    aws.lambda().get_function().function_name(name).send().await.of("lambda:GetFunction").or_absent()
}

/// Concurrency that is set aside; -1 where none is.
fn reserved(answer: &GetFunctionOutput) -> i32 {
    answer.concurrency().and_then(|it| it.reserved_concurrent_executions()).unwrap_or(-1)
}

/// Waits until the function can be called and changed.
async fn ready(aws: &Account, name: &str) -> Result<(), Fault> {
    until(WORKING, || async {
        let answer = got(aws, name).await?;
        let Some(function) = answer.as_ref().and_then(|answer| answer.configuration()) else {
            return Ok(Standing::Waiting("not visible".to_owned()));
        };
        match (function.state(), function.last_update_status()) {
            (Some(State::Failed), _) => Err(failed(name, function.state_reason())),
            (_, Some(LastUpdateStatus::Failed)) => Err(failed(name, function.last_update_status_reason())),
            (Some(State::Pending), _) => {
                Ok(Standing::Waiting(format!("Pending ({})", function.state_reason().unwrap_or("being made"))))
            }
            (_, Some(LastUpdateStatus::InProgress)) => Ok(Standing::Waiting("taking over the last change".to_owned())),
            _ => Ok(Standing::Ready(())),
        }
    })
    .await
}

fn failed(name: &str, why: Option<&str>) -> Fault {
    Fault::rejected(format!("Lambda could not get `{name}` to work: {}", why.unwrap_or("no reason is given")))
}

async fn reserve(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let wanted: i32 = task.inputs.int("reserved_concurrent_executions").unwrap_or(-1);
    let now = got(task.aws, remote).await?.as_ref().map_or(-1, reserved);
    match wanted {
        _ if wanted == now => Ok(()),
        -1 => {
            let call = task.aws.lambda().delete_function_concurrency().function_name(remote);
            call.send().await.of("lambda:DeleteFunctionConcurrency").or_gone()
        }
        wanted => {
            let call = task.aws.lambda().put_function_concurrency().function_name(remote);
            let call = call.reserved_concurrent_executions(wanted);
            call.send().await.of("lambda:PutFunctionConcurrency").busy_on(&["ResourceConflictException"])?;
            Ok(())
        }
    }
}

async fn retag(task: &Task<'_>, seen: &Seen) -> Result<(), Fault> {
    let arn = seen.outputs.get("arn").and_then(Known::as_str).unwrap_or_default();
    super::retag(task, arn, task.retagging(seen)).await
}

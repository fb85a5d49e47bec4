//! Published versions. They stay, so that going back is moving an alias: code and configuration that were published once are not published
//! again, but found.

use aws_sdk_lambda::types::FunctionConfiguration;
use siac_core::ports::Fault;

use super::configuration::shown;
use super::ready;
use crate::account::Account;
use crate::failure::{Answer, Sorted};
use crate::kind::Task;

/// Every published version, oldest first.
pub async fn published(aws: &Account, name: &str) -> Result<Vec<FunctionConfiguration>, Fault> {
    let mut pages = aws.lambda().list_versions_by_function().function_name(name).into_paginator().send();
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.of("lambda:ListVersionsByFunction").or_absent()? else { return Ok(Vec::new()) };
        versions.extend(page.versions.unwrap_or_default().into_iter().filter(|it| it.version() != Some("$LATEST")));
    }
    versions.sort_by_key(|version| version.version().and_then(|number| number.parse::<u64>().ok()));
    Ok(versions)
}

/// Whether a version runs the same code with the same configuration. Its own description and time do not count.
pub fn is_alike(version: &FunctionConfiguration, function: &FunctionConfiguration) -> bool {
    let essence = |it: &FunctionConfiguration| {
        let mut inputs = shown(it).inputs;
        inputs.remove("description");
        (it.code_sha256().map(str::to_owned), inputs)
    };
    essence(version) == essence(function)
}

/// Publishes the function as it is, unless a version of old is just that.
pub async fn publish(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let call = task.aws.lambda().get_function().function_name(remote);
    let answer = call.send().await.of("lambda:GetFunction")?;
    let Some(function) = answer.configuration() else { return Ok(()) };
    if published(task.aws, remote).await?.iter().any(|version| is_alike(version, function)) {
        return Ok(());
    }
    // The digest and the revision guard against somebody else's change in between.
    let call = task.aws.lambda().publish_version().function_name(remote);
    let call = call.set_code_sha256(function.code_sha256().map(str::to_owned));
    let call = call.set_revision_id(function.revision_id().map(str::to_owned));
    let call = call.set_description(function.description().map(str::to_owned));
    let published = call.send().await.of("lambda:PublishVersion");
    published.busy_on(&["ResourceConflictException", "PreconditionFailedException"])?;
    ready(task.aws, remote).await
}

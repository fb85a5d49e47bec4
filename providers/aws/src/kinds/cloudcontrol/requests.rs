//! The requests of Cloud Control, and the wait until they are carried out.

use std::time::Duration;

use aws_sdk_cloudcontrol::types::{OperationStatus, ProgressEvent};
use serde_json::{Map, Value as Json};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, reported};
use crate::kind::Task;
use crate::wait::{Standing, until};

/// How long a request may take. Source: handlers may say up to 36 hours and say 2 by default, "Resource type schema" in the CloudFormation
/// CLI User Guide; an hour is a choice of this project, after which the request goes on and the next run takes it up.
pub const WORKING: Duration = Duration::from_secs(60 * 60);

/// What a checkpoint begins with that holds the token of a request.
const REQUEST: &str = "request:";

/// A resource as Cloud Control knows it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Its type.
    pub ty: &'a str,
    /// Its identifier.
    pub id: &'a str,
    /// The role to act as.
    pub role: Option<&'a str>,
}

/// Makes a resource; answers with its identifier. The token of the request is written down before it is waited for.
///
/// # Errors
/// When it is refused, or fails, or takes too long.
pub async fn create(
    task: &Task<'_>,
    ty: &str,
    role: Option<&str>,
    body: &Map<String, Json>,
) -> Result<String, Failure> {
    let call = task.aws.cloudcontrol().create_resource().type_name(ty).client_token(task.token());
    let call = call.set_role_arn(role.map(str::to_owned)).desired_state(Json::Object(body.clone()).to_string());
    let answer = busy(call.send().await.of("cloudformation:CreateResource"))?;
    let event = begun(answer.progress_event, "cloudformation:CreateResource")?;
    if let Some(token) = event.request_token().filter(|_| !is_over(&event)) {
        task.call.checkpoint.save(format!("{REQUEST}{token}").into_bytes()).await?;
    }
    identified(finished(task.aws, event, limit(task)).await?)
}

/// The identifier of what an earlier attempt asked for, from its checkpoint; `None` when the request is no longer known.
///
/// # Errors
/// As [`create`].
pub async fn resumed(task: &Task<'_>, saved: &str) -> Result<Option<String>, Failure> {
    let Some(token) = saved.strip_prefix(REQUEST) else { return Ok(None) };
    let call = task.aws.cloudcontrol().get_resource_request_status().request_token(token);
    let answer = call.send().await.of("cloudformation:GetResourceRequestStatus");
    let Some(answer) = answer.absent_on(&["RequestTokenNotFoundException"]).or_absent()? else { return Ok(None) };
    let event = begun(answer.progress_event, "cloudformation:GetResourceRequestStatus")?;
    identified(finished(task.aws, event, limit(task)).await?).map(Some)
}

/// Whether a checkpoint is that of a request that was not yet carried out.
pub fn is_request(saved: &str) -> bool {
    saved.starts_with(REQUEST)
}

/// Looks at a resource.
///
/// # Errors
/// When it cannot be looked at.
pub async fn shown(aws: &Account, place: Place<'_>) -> Result<Option<Map<String, Json>>, Fault> {
    let call = aws.cloudcontrol().get_resource().type_name(place.ty).identifier(place.id);
    let call = call.set_role_arn(place.role.map(str::to_owned));
    let answer = call.send().await.of("cloudformation:GetResource").or_absent()?;
    let text = answer.and_then(|answer| answer.resource_description).and_then(|it| it.properties);
    text.map(|text| properties(&text)).transpose()
}

/// The properties that a text holds.
///
/// # Errors
/// When it is no object.
pub fn properties(text: &str) -> Result<Map<String, Json>, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::rejected(format!("Cloud Control shows no properties: {error}")))
}

/// Changes a resource by a JSON patch.
///
/// # Errors
/// As [`create`].
pub async fn update(task: &Task<'_>, place: Place<'_>, patch: Vec<Json>) -> Result<(), Fault> {
    if patch.is_empty() {
        return Ok(());
    }
    let call = task.aws.cloudcontrol().update_resource().type_name(place.ty).identifier(place.id);
    let call = call.set_role_arn(place.role.map(str::to_owned)).patch_document(Json::Array(patch).to_string());
    let answer = busy(call.send().await.of("cloudformation:UpdateResource"))?;
    let event = begun(answer.progress_event, "cloudformation:UpdateResource")?;
    finished(task.aws, event, limit(task)).await?;
    Ok(())
}

/// Deletes a resource, and waits until it is gone.
///
/// # Errors
/// As [`create`].
pub async fn delete(aws: &Account, place: Place<'_>) -> Result<(), Fault> {
    let call = aws.cloudcontrol().delete_resource().type_name(place.ty).identifier(place.id);
    let call = call.set_role_arn(place.role.map(str::to_owned));
    let Some(answer) = busy(call.send().await.of("cloudformation:DeleteResource")).or_absent()? else { return Ok(()) };
    let event = begun(answer.progress_event, "cloudformation:DeleteResource")?;
    finished(aws, event, WORKING).await.or_gone()
}

/// Every resource of a type, as far as the list shows it: identifier and properties.
///
/// # Errors
/// When the type cannot be listed.
pub async fn listed(aws: &Account, ty: &str) -> Result<Vec<(String, Map<String, Json>)>, Fault> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let page = aws.cloudcontrol().list_resources().type_name(ty).max_results(100).set_next_token(next).send().await;
        let page = page.of("cloudformation:ListResources")?;
        for it in page.resource_descriptions() {
            let Some(id) = it.identifier() else { continue };
            found.push((id.to_owned(), it.properties().map(properties).transpose()?.unwrap_or_default()));
        }
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// One request at a time may be about a resource.
fn busy<T>(answer: Result<T, Failure>) -> Result<T, Failure> {
    answer.busy_on(&["ConcurrentOperationException", "ResourceConflictException", "NetworkFailureException"])
}

fn limit(task: &Task<'_>) -> Duration {
    task.call.timeout.mul_f64(0.8)
}

fn begun(event: Option<ProgressEvent>, action: &str) -> Result<ProgressEvent, Fault> {
    event.ok_or_else(|| Fault::ambiguous(format!("`{action}` was answered without an event")))
}

fn identified(event: ProgressEvent) -> Result<String, Failure> {
    let id = event.identifier.ok_or_else(|| Fault::ambiguous("Cloud Control made something and does not name it"));
    Ok(id?)
}

fn is_over(event: &ProgressEvent) -> bool {
    use OperationStatus::{CancelComplete, Failed, Success};
    matches!(event.operation_status(), Some(Success | Failed | CancelComplete))
}

/// Waits until a request is carried out.
async fn finished(aws: &Account, event: ProgressEvent, limit: Duration) -> Result<ProgressEvent, Failure> {
    let token = event.request_token().unwrap_or_default().to_owned();
    let last = match is_over(&event) {
        true => event,
        false => until(limit, || progress(aws, &token)).await?,
    };
    match last.operation_status() {
        Some(OperationStatus::Success) => Ok(last),
        status => {
            let why = last.status_message().or(status.map(OperationStatus::as_str)).unwrap_or("without a reason");
            let code = last.error_code().map_or("GeneralServiceException", |code| code.as_str());
            Err(reported(&format!("cloudformation:{}Resource", verb(&last)), code, why, &token))
        }
    }
}

async fn progress(aws: &Account, token: &str) -> Result<Standing<ProgressEvent>, Fault> {
    let answer = aws.cloudcontrol().get_resource_request_status().request_token(token).send().await;
    let event =
        begun(answer.of("cloudformation:GetResourceRequestStatus")?.progress_event, "GetResourceRequestStatus")?;
    Ok(match is_over(&event) {
        true => Standing::Ready(event),
        false => {
            let status = event.operation_status().map_or("PENDING", OperationStatus::as_str);
            let message = event.status_message().map(|message| format!(": {message}")).unwrap_or_default();
            Standing::Waiting(format!("{}Resource {status}{message}", verb(&event)))
        }
    })
}

fn verb(event: &ProgressEvent) -> &'static str {
    use aws_sdk_cloudcontrol::types::Operation;
    match event.operation() {
        Some(Operation::Update) => "Update",
        Some(Operation::Delete) => "Delete",
        _ => "Create",
    }
}

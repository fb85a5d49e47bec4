//! Names that are unique in all of Azure are asked for before they are used, so that a refusal says what to do.

use serde_json::{Value as Json, json};
use siac_core::ports::Fault;

use crate::arm::{Method, Request, child};
use crate::kind::Task;

/// Asks whether the name of a resource that is to be made may be had.
///
/// # Errors
/// When it may not, with the service's reason.
pub async fn check(task: &Task<'_>, namespace: &str, ty: &str, api: &str, by_region: bool) -> Result<(), Fault> {
    let name = task.inputs.need("name")?;
    let region = task.inputs.text("location").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
    let place = if by_region { format!("/locations/{region}") } else { String::new() };
    let subscription = &task.azure.subscription;
    let target =
        format!("/subscriptions/{subscription}/providers/{namespace}{place}/checkNameAvailability?api-version={api}");
    let body = json!({ "name": name, "type": ty });
    let request = Request { body: Some(&body), ..Request::on(Method::POST, target) };
    let answer = match task.azure.arm.send(&request).await {
        Ok(answer) => answer,
        // Not to be allowed to ask is no reason not to try.
        Err(failure) if failure.status == 403 => return Ok(()),
        Err(failure) => return Err(failure.into()),
    };
    if child(&answer.body, "nameAvailable").and_then(Json::as_bool) != Some(false) {
        return Ok(());
    }
    let why = child(&answer.body, "message").and_then(Json::as_str).unwrap_or("it is taken").trim_end_matches('.');
    Err(Fault::rejected(format!(
        "the name `{name}` cannot be had: {why}; names of this type are unique in all of Azure, so choose another one"
    )))
}

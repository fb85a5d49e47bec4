//! Names that are unique in all of Azure are asked for before they are used, so that a refusal says what to do.

use serde_json::{Value as Json, json};
use siac_core::ports::Fault;

use crate::arm::{Method, Request, child};
use crate::kind::{Account, Task};

/// Asks whether the name of a resource that is to be made may be had.
///
/// # Errors
/// When it may not, with the service's reason.
pub async fn check(task: &Task<'_>, namespace: &str, ty: &str, api: &str, by_region: bool) -> Result<(), Fault> {
    let name = task.inputs.need("name")?;
    let region = task.inputs.text("location").filter(|_| by_region);
    match refusal(task.azure, namespace, ty, api, name, region).await? {
        Some(why) => Err(Fault::rejected(why)),
        None => Ok(()),
    }
}

/// Why a name may not be had; `None` when it may. A service that keeps names by region is asked there.
///
/// # Errors
/// When the service cannot be asked.
pub async fn refusal(
    azure: &Account,
    namespace: &str,
    ty: &str,
    api: &str,
    name: &str,
    region: Option<&str>,
) -> Result<Option<String>, Fault> {
    let place = region.map(|region| format!("/locations/{}", region.replace(' ', "").to_ascii_lowercase()));
    let place = place.unwrap_or_default();
    let subscription = &azure.subscription;
    let target =
        format!("/subscriptions/{subscription}/providers/{namespace}{place}/checkNameAvailability?api-version={api}");
    let body = json!({ "name": name, "type": ty });
    let request = Request { body: Some(&body), ..Request::on(Method::POST, target) };
    let answer = match azure.arm.send(&request).await {
        Ok(answer) => answer,
        // Not to be allowed to ask is no reason not to try.
        Err(failure) if failure.status == 403 => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    if child(&answer.body, "nameAvailable").and_then(Json::as_bool) != Some(false) {
        return Ok(None);
    }
    let why = child(&answer.body, "message").and_then(Json::as_str).unwrap_or("it is taken").trim_end_matches('.');
    Ok(Some(format!(
        "the name `{name}` cannot be had: {why}; names of this type are unique in all of Azure, so choose another one"
    )))
}

//! Errors in the words of ARM.

use serde_json::json;

use crate::http::Response;

/// An error.
pub fn error(status: u16, code: &str, message: impl Into<String>) -> Response {
    Response::json(status, &json!({ "error": { "code": code, "message": message.into() } }))
}

/// There is no such resource.
pub fn not_found(ty: &str, name: &str, group: Option<&str>) -> Response {
    let group = group.map(|group| format!(" under resource group '{group}'")).unwrap_or_default();
    let message = format!(
        "The Resource '{ty}/{name}'{group} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    error(404, "ResourceNotFound", message).header("x-ms-failure-cause", "gateway")
}

/// There is no such group.
pub fn no_group(group: &str) -> Response {
    error(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
        .header("x-ms-failure-cause", "gateway")
}

/// There is nothing that it could be a part of.
pub fn no_parent(parent: &str) -> Response {
    let message = format!(
        "Failed to perform 'write' on resource(s) of type '{parent}', because the parent resource could not be found."
    );
    error(404, "ParentResourceNotFound", message).header("x-ms-failure-cause", "gateway")
}

/// The version is not spoken.
pub fn no_version(ty: &str, version: &str, versions: &[String]) -> Response {
    let message = format!(
        "No registered resource provider found for location 'westeurope' and API version '{version}' for type '{}'. The supported api-versions are '{}'.",
        ty.rsplit('/').next().unwrap_or_default(),
        versions.join(", ")
    );
    error(400, "NoRegisteredProviderFound", message).header("x-ms-failure-cause", "gateway")
}

//! What is no resource of the table: subscriptions, groups, providers, operations, deleted vaults, tokens and packages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use crate::answers::{error, no_group, no_version};
use crate::http::{Request, Response};
use crate::json::overlay;
use crate::path::Place;
use crate::serve::names;
use crate::types::{By, Course};
use crate::world::{End, Resource, TENANT, World, guid};

/// The versions that groups speak.
const GROUP_VERSIONS: [&str; 8] =
    ["2019-10-01", "2020-06-01", "2021-04-01", "2022-09-01", "2023-07-01", "2024-03-01", "2024-11-01", "2025-04-01"];

const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// The answer to what is special; `None` when the table answers.
pub fn answer(world: &mut World, request: &Request, place: &Place) -> Option<Response> {
    let lower = request.path.to_ascii_lowercase();
    let last = lower.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(number) = lower.split("/operationstatuses/").nth(1).and_then(|number| number.parse().ok()) {
        return Some(status(world, request, number));
    }
    if let Some(number) = lower.split("/operationresults/").nth(1).and_then(|number| number.parse().ok()) {
        return Some(result(world, request, number));
    }
    if last == "checknameavailability" {
        return Some(names::check(world, request));
    }
    if let Some(kept) = KEPT.iter().find(|kept| lower.contains(&format!("/{}", kept.collection.to_ascii_lowercase()))) {
        return Some(deleted(world, request, &lower, kept));
    }
    if place.ty.is_empty() {
        return group_or_subscription(world, request, place, &last);
    }
    match place.names.is_empty() && lower.matches('/').count() <= 5 {
        true => provider(world, request, place),
        false => None,
    }
}

/// `GET /subscriptions`.
pub fn subscriptions(world: &World) -> Response {
    let all: Vec<Json> = world.subscriptions.iter().map(|id| subscription(id)).collect();
    Response::json(200, &json!({ "value": all }))
}

fn subscription(id: &str) -> Json {
    json!({ "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": TENANT,
            "displayName": "the double's", "state": "Enabled", "authorizationSource": "RoleBased",
            "subscriptionPolicies": { "locationPlacementId": "Internal_2014-09-01", "quotaId": "Internal_2014-09-01", "spendingLimit": "Off" } })
}

fn group_or_subscription(world: &mut World, request: &Request, place: &Place, last: &str) -> Option<Response> {
    let version = request.query.get("api-version").map(String::as_str).unwrap_or_default();
    if last == "resources" {
        return Some(everything(world, &place.scope));
    }
    if last == "resourcegroups" {
        let groups = world.resources.values().filter(|resource| resource.ty == GROUP);
        let groups: Vec<Json> = groups.map(|resource| resource.document.clone()).collect();
        return Some(Response::json(200, &json!({ "value": groups })));
    }
    let Some(group) = &place.group else {
        return Some(Response::json(200, &subscription(&place.subscription)));
    };
    if !GROUP_VERSIONS.contains(&version) {
        return Some(no_version(GROUP, version, &GROUP_VERSIONS.map(str::to_owned)));
    }
    let id = format!("/subscriptions/{}/resourceGroups/{group}", place.subscription);
    Some(match request.method.as_str() {
        "PUT" => put_group(world, request, &id, group),
        "PATCH" => patch_group(world, request, &id, group),
        "DELETE" => delete_group(world, &id, group),
        "POST" => error(404, "NotFound", format!("There is no action '{last}'.")),
        "HEAD" if world.resource(&id).is_some() => Response::empty(204),
        _ => match world.seen(&id) {
            Some(resource) => Response::json(200, &resource.document),
            None => no_group(group),
        },
    })
}

fn everything(world: &World, scope: &str) -> Response {
    let inside = format!("{}/", scope.trim_end_matches("/resources").to_ascii_lowercase());
    let is_top = |resource: &Resource| resource.ty != GROUP && resource.ty.matches('/').count() == 1;
    let found = world.resources.iter().filter(|(id, resource)| id.starts_with(&inside) && is_top(resource));
    let shown = found.map(|(_, resource)| {
        let document = &resource.document;
        json!({ "id": resource.id, "name": document["name"], "type": resource.ty, "location": document["location"], "tags": document["tags"] })
    });
    Response::json(200, &json!({ "value": shown.collect::<Vec<_>>() }))
}

fn put_group(world: &mut World, request: &Request, id: &str, group: &str) -> Response {
    let Ok(body) = serde_json::from_slice::<Json>(&request.body) else {
        return error(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.");
    };
    if group.len() > 90 || group.ends_with('.') || !group.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c)) {
        return error(400, "InvalidResourceGroup", format!("The provided resource group name '{group}' is not valid."));
    }
    let Some(location) = body.get("location").and_then(Json::as_str) else {
        return error(400, "LocationRequired", "The location property is required for this definition.");
    };
    let before = world.resource(id).cloned();
    if let Some(before) = &before {
        if before.operation.is_some() {
            return error(
                409,
                "ResourceGroupBeingDeleted",
                format!("The resource group '{group}' is in deprovisioning state and cannot perform this operation."),
            );
        }
        let there = before.document["location"].as_str().unwrap_or_default().to_owned();
        if !there.eq_ignore_ascii_case(&location.replace(' ', "")) {
            let message = format!(
                "Invalid resource group location '{location}'. The Resource group already exists in location '{there}'."
            );
            return error(409, "InvalidResourceGroupLocation", message);
        }
    }
    let mut document = json!({ "id": id, "name": group, "type": GROUP, "location": location.replace(' ', "").to_ascii_lowercase(),
                               "properties": { "provisioningState": "Succeeded" } });
    if let Some(tags) = body.get("tags").filter(|tags| !tags.is_null()) {
        document["tags"] = tags.clone();
    }
    if let Some(managed) = body.get("managedBy").filter(|managed| !managed.is_null()) {
        document["managedBy"] = managed.clone();
    }
    let status = if before.is_some() { 200 } else { 201 };
    let version = before.map_or(1, |before| before.version + 1);
    let resource =
        Resource { id: id.to_owned(), ty: GROUP.to_owned(), document: document.clone(), version, operation: None };
    world.resources.insert(id.to_ascii_lowercase(), resource);
    Response::json(status, &document)
}

fn patch_group(world: &mut World, request: &Request, id: &str, group: &str) -> Response {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(resource) = world.resources.get_mut(&id.to_ascii_lowercase()) else { return no_group(group) };
    if let Some(tags) = body.get("tags") {
        resource.document["tags"] = tags.clone();
    }
    let mut rest = body.clone();
    crate::json::remove(&mut rest, "tags");
    overlay(&mut resource.document, &rest);
    Response::json(200, &resource.document)
}

fn delete_group(world: &mut World, id: &str, group: &str) -> Response {
    if world.resource(id).is_none() {
        return no_group(group);
    }
    let course = Course { status: 202, by: By::Location, polls: 2, state: None };
    let number = world.start(id, &course, End::Gone, "Deleting").unwrap_or_default();
    let subscription = id.split('/').nth(2).unwrap_or_default();
    let url = format!(
        "{}/subscriptions/{subscription}/operationresults/{number}?api-version=2022-09-01&t=1&s=signature",
        world.origin
    );
    Response::empty(202).header("location", url).header("retry-after", "0")
}

/// A resource provider of the subscription.
fn provider(world: &mut World, request: &Request, place: &Place) -> Option<Response> {
    let namespace = place.ty.as_str();
    let key = namespace.to_ascii_lowercase();
    let is_known = world.types.iter().any(|row| row.name.to_ascii_lowercase().starts_with(&format!("{key}/")));
    if !is_known {
        let message = format!("The resource namespace '{namespace}' is invalid.");
        return Some(error(404, "InvalidResourceNamespace", message));
    }
    let id = format!("/subscriptions/{}/providers/{namespace}", place.subscription);
    let answer = |state: &str| {
        let document = json!({ "id": id, "namespace": namespace, "registrationState": state, "resourceTypes": [], "registrationPolicy": "RegistrationRequired" });
        Some(Response::json(200, &document))
    };
    match (request.method.as_str(), place.rest.as_deref().map(str::to_ascii_lowercase).as_deref()) {
        ("GET", None) => match (world.passing.remove(&key), world.unregistered.contains(&key)) {
            (Some(state), _) => answer(state),
            (None, true) => answer("NotRegistered"),
            (None, false) => answer("Registered"),
        },
        ("POST", Some("register")) if !world.unregistered.contains(&key) => answer("Registered"),
        ("POST", Some("register")) => {
            world.unregistered.remove(&key);
            world.passing.insert(key, "Registering");
            answer("Registering")
        }
        ("POST", Some("unregister")) => {
            world.unregistered.insert(key.clone());
            world.passing.insert(key, "Unregistering");
            answer("Unregistering")
        }
        _ => None,
    }
}

/// `Azure-AsyncOperation`.
fn status(world: &mut World, request: &Request, number: u64) -> Response {
    let Some(operation) = world.look(number) else {
        return error(404, "NotFound", "The operation is not known.");
    };
    let row = world.resource(&operation.id).and_then(|it| world.row(&it.ty));
    let (running, is_terse) = row.map_or((None, false), |row| (Some(row.running), row.terse));
    let state = match (&operation.failure, operation.is_done) {
        (_, false) => running.as_deref().unwrap_or("InProgress"),
        (Some(_), true) => "Failed",
        (None, true) => "Succeeded",
    };
    let mut body = if is_terse {
        json!({ "status": state })
    } else {
        json!({ "id": request.path, "name": number.to_string(), "status": state,
                           "startTime": "2026-11-21T08:00:00Z" })
    };
    if let (Some((code, message)), true) = (&operation.failure, operation.is_done) {
        body["error"] = json!({ "code": code, "message": message });
    }
    Response::json(200, &body).header("retry-after", "0")
}

/// `Location`.
fn result(world: &mut World, request: &Request, number: u64) -> Response {
    let Some(operation) = world.look(number) else {
        return error(404, "NotFound", "The operation is not known.");
    };
    match (&operation.failure, operation.is_done) {
        (_, false) => {
            let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let url = format!("{}{}?{}", world.origin, request.path, query.join("&"));
            let response = match operation.end {
                End::Nothing => Response::json(202, &purge("NotStarted")),
                _ => Response::empty(202),
            };
            response.header("location", url).header("retry-after", "0")
        }
        (Some((code, message)), true) => error(409, code, message),
        (None, true) if operation.end == End::Nothing => Response::json(200, &purge("Succeeded")),
        (None, true) => match world.resource(&operation.id).cloned() {
            Some(resource) if operation.end == End::Ready => Response::json(200, &world.shown(&resource)),
            _ => Response::empty(200),
        },
    }
}

/// What a purge tells of itself.
fn purge(status: &str) -> Json {
    json!({ "createdDateTime": "2026-11-21 08:00:00Z", "status": status })
}

/// A type whose deleted resources are kept.
struct Kept {
    /// The type.
    ty: &'static str,
    /// Where they are listed.
    collection: &'static str,
    /// How the id of the resource itself is called there.
    id: &'static str,
    /// What is answered where there is none.
    missing: &'static str,
}

const KEPT: [Kept; 2] = [
    Kept {
        ty: "Microsoft.KeyVault/vaults",
        collection: "deletedVaults",
        id: "vaultId",
        missing: "DeletedVaultNotFound",
    },
    Kept {
        ty: "Microsoft.AppConfiguration/configurationStores",
        collection: "deletedConfigurationStores",
        id: "configurationStoreId",
        missing: "DeletedConfigurationStoreNotFound",
    },
];

/// Deleted vaults and stores.
fn deleted(world: &mut World, request: &Request, lower: &str, kept: &Kept) -> Response {
    let ty = kept.ty.to_ascii_lowercase();
    let collection = format!("/{}", kept.collection.to_ascii_lowercase());
    let mut parts = lower.split(&collection).nth(1).unwrap_or_default().split('/').filter(|part| !part.is_empty());
    let (name, action) = (parts.next(), parts.next());
    let Some(name) = name else {
        let all = world.deleted.iter().filter(|((other, _), _)| *other == ty);
        let all: Vec<Json> = all.map(|(_, resource)| shown_deleted(resource, kept)).collect();
        return Response::json(200, &json!({ "value": all }));
    };
    let key = (ty, name.to_owned());
    let Some(resource) = world.deleted.get(&key).cloned() else {
        return error(404, kept.missing, format!("The specified deleted resource does not exist: {name}."));
    };
    match (request.method.as_str(), action) {
        ("POST", Some("purge")) => {
            if resource.document["properties"]["enablePurgeProtection"] == json!(true) {
                return error(
                    400,
                    "MethodNotAllowed",
                    "Operation 'purge' is not allowed: the resource has purge protection.",
                );
            }
            world.deleted.remove(&key);
            let course = Course { status: 202, by: By::Location, polls: 1, state: None };
            let number = world.start(&resource.id, &course, End::Nothing, "Purging").unwrap_or_default();
            let (path, _) = request.path.split_at(lower.find(&collection).unwrap_or_default());
            let version = request.query.get("api-version").cloned().unwrap_or_default();
            let url = format!("{}{path}/operationResults/{number}?api-version={version}", world.origin);
            Response::empty(202).header("location", url).header("retry-after", "0")
        }
        _ => Response::json(200, &shown_deleted(&resource, kept)),
    }
}

fn shown_deleted(resource: &Resource, kept: &Kept) -> Json {
    let document = &resource.document;
    let name = document["name"].as_str().unwrap_or_default();
    let location = document["location"].as_str().unwrap_or_default();
    let subscription = resource.id.split('/').nth(2).unwrap_or_default();
    let namespace = kept.ty.split('/').next().unwrap_or_default();
    let place = format!("/subscriptions/{subscription}/providers/{namespace}/locations/{location}/{}", kept.collection);
    json!({ "id": format!("{place}/{name}"), "name": name, "type": format!("{namespace}/{}", kept.collection),
            "properties": { kept.id: resource.id, "location": location, "tags": document["tags"],
                            "deletionDate": "2026-11-21T08:00:00Z", "scheduledPurgeDate": "2027-02-19T08:00:00Z",
                            "purgeProtectionEnabled": document["properties"]["enablePurgeProtection"] } })
}

/// Whether the name of an account of Cosmos DB is taken; its service answers with nothing but a status.
pub fn account_name(world: &World, request: &Request) -> Option<Response> {
    let lower = request.path.to_ascii_lowercase();
    let name = lower.strip_prefix("/providers/microsoft.documentdb/databaseaccountnames/")?;
    let row = world.row("Microsoft.DocumentDB/databaseAccounts")?;
    Some(Response::empty(if world.is_taken(&row, name, "") { 200 } else { 404 }))
}

/// The identity endpoint of App Service.
pub fn token(request: &Request) -> Response {
    if request.header("x-identity-header") != Some("double") {
        return Response::json(400, &json!({ "statusCode": 400, "message": "the header X-IDENTITY-HEADER is wrong" }));
    }
    let claims = json!({ "oid": guid("the identity"), "appid": guid("the application"), "tid": TENANT });
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.x", part(&json!({ "alg": "none" })), part(&claims));
    let resource = request.query.get("resource").cloned().unwrap_or_default();
    Response::json(
        200,
        &json!({ "access_token": token, "expires_on": "4102444800", "resource": resource, "token_type": "Bearer" }),
    )
}

/// The management site of an app: `/scm/APP/api/publish`, and the state of what was deployed.
pub fn deploy(world: &mut World, request: &Request) -> Response {
    let mut parts = request.path.trim_start_matches("/scm/").splitn(2, '/');
    let (app, path) = (parts.next().unwrap_or_default().to_ascii_lowercase(), parts.next().unwrap_or_default());
    let site = world.resources.values().find(|resource| is_behind(resource, &app));
    let Some(site) = site.map(|site| site.id.clone()) else { return error(404, "NotFound", "There is no such app.") };
    match (request.method.as_str(), path) {
        ("POST", "api/publish" | "api/zipdeploy") if request.body.starts_with(b"PK") => {
            world.packages.insert(app.clone(), request.body.clone());
            let course = Course { status: 202, by: By::Status, polls: 2, state: None };
            let number = world.start(&site, &course, End::Nothing, "Succeeded").unwrap_or_default();
            let failure = world.next_deployment.take().map(|message| ("DeploymentFailed".to_owned(), message));
            if let Some(operation) = world.operations.get_mut(&number) {
                operation.failure = failure;
            }
            if let Some(site) = world.resources.get_mut(&site.to_ascii_lowercase()) {
                site.operation = None;
            }
            let url = format!("{}/scm/{app}/api/deployments/{number}", world.origin);
            Response::json(202, &json!(number.to_string())).header("location", url)
        }
        ("POST", "api/publish" | "api/zipdeploy") => error(400, "BadRequest", "The package is no zip archive."),
        ("GET", path) => {
            let number = path.trim_start_matches("api/deployments/").parse().unwrap_or_default();
            let Some(operation) = world.look(number) else {
                return error(404, "NotFound", "There is no such deployment.");
            };
            // 1 building, 3 failed, 4 successful.
            let status = match (operation.is_done, &operation.failure) {
                (false, _) => 1,
                (true, Some(_)) => 3,
                (true, None) => 4,
            };
            let text = operation.failure.map(|(_, message)| message).unwrap_or_default();
            Response::json(
                200,
                &json!({ "id": number.to_string(), "status": status, "status_text": text, "complete": operation.is_done }),
            )
        }
        _ => error(405, "MethodNotAllowed", "The method is not allowed here."),
    }
}

/// Whether an app or a slot has this host: a slot's begins with the app's name.
fn is_behind(resource: &Resource, host: &str) -> bool {
    let is_site = matches!(resource.ty.as_str(), "Microsoft.Web/sites" | "Microsoft.Web/sites/slots");
    let wanted = format!("{host}.azurewebsites.net");
    let name = resource.document["properties"]["defaultHostName"].as_str();
    is_site && name.is_some_and(|name| name.eq_ignore_ascii_case(&wanted))
}

/// What is inside a vault: `/kv/VAULT/secrets/NAME`, and the deleted ones beside.
pub fn inside_vault(world: &mut World, request: &Request) -> Response {
    let parts: Vec<String> = request.path.split('/').skip(2).map(str::to_ascii_lowercase).collect();
    let [vault, place, name, rest @ ..] = parts.as_slice() else {
        return error(404, "NotFound", "There is nothing here.");
    };
    let key = format!("{vault}/{name}");
    let id = format!("/vaults/{vault}/secrets/{name}");
    match (request.method.as_str(), place.as_str(), rest.first().map(String::as_str)) {
        ("DELETE", "secrets", None) => {
            let found = world.resources.keys().find(|other| other.ends_with(&id)).cloned();
            let Some(resource) = found.and_then(|found| world.resources.remove(&found)) else {
                return error(
                    404,
                    "SecretNotFound",
                    format!("A secret with (name/id) {name} was not found in this key vault."),
                );
            };
            world.deleted_secrets.insert(key.clone(), resource);
            Response::json(
                200,
                &json!({ "recoveryId": format!("https://{vault}.vault.azure.net/deletedsecrets/{name}") }),
            )
        }
        ("POST", "deletedsecrets", Some("recover")) => match world.deleted_secrets.remove(&key) {
            Some(resource) => {
                world.resources.insert(resource.id.to_ascii_lowercase(), resource);
                Response::json(200, &json!({}))
            }
            None => error(404, "SecretNotFound", format!("Deleted Secret not found: {name}")),
        },
        _ => error(405, "MethodNotAllowed", "The method is not allowed here."),
    }
}

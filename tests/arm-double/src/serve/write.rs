//! Puts, changes and deletes.

use serde_json::Value as Json;

use crate::answers::{error, no_parent, not_found};
use crate::http::{Request, Response};
use crate::json::at;
use crate::path::Place;
use crate::serve::{names, said};
use crate::types::{By, Course, Row};
use crate::world::{End, REGIONS, Resource, World, etag};

/// PUT.
pub fn put(world: &mut World, request: &Request, row: &Row, place: &Place) -> Response {
    let body = match document(request) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let before = world.resource(&place.id()).cloned();
    let refusal = misplaced(world, row, place)
        .or_else(|| malformed(row, place, &body, before.is_none()))
        .or_else(|| conflicting(world, request, row, place, &body, before.as_ref()));
    if let Some(refusal) = refusal {
        return refusal;
    }
    let recovered = recover(world, row, place, &body);
    let resource = world.keep(row, place, recovered.as_ref().unwrap_or(&body), false);
    let (course, status, state) = match before {
        None => (&row.create, 201, "Creating"),
        Some(_) => (&row.update, 200, "Updating"),
    };
    accepted(world, &resource.id, row, course, Usual { status, end: End::Ready, state, is_put: true })
}

/// PATCH.
pub fn patch(world: &mut World, request: &Request, row: &Row, place: &Place) -> Response {
    let body = match document(request) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(before) = world.resource(&place.id()).cloned() else {
        return not_found(&row.name, place.name(), place.group.as_deref());
    };
    if let Some(refusal) = conflicting(world, request, row, place, &body, Some(&before)) {
        return refusal;
    }
    let resource = world.keep(row, place, &body, true);
    let usual = Usual { status: 200, end: End::Ready, state: "Updating", is_put: false };
    accepted(world, &resource.id, row, &row.update, usual)
}

/// DELETE.
pub fn delete(world: &mut World, row: &Row, place: &Place) -> Response {
    let Some(resource) = world.resource(&place.id()).cloned() else { return Response::empty(204) };
    if !row.deletable {
        return error(405, "MethodNotAllowed", format!("A {} cannot be deleted.", row.name));
    }
    if resource.operation.is_some() {
        return busy(&resource.id);
    }
    let usual = Usual { status: 200, end: End::Gone, state: "Deleting", is_put: false };
    accepted(world, &resource.id, row, &row.delete, usual)
}

fn document(request: &Request) -> Result<Json, Response> {
    let body = serde_json::from_slice::<Json>(&request.body).ok().filter(Json::is_object);
    body.ok_or_else(|| {
        error(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
    })
}

/// Where it cannot stand.
fn misplaced(world: &World, row: &Row, place: &Place) -> Option<Response> {
    let namespace = row.name.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if world.unregistered.contains(&namespace) {
        let message = format!("The subscription is not registered to use namespace '{namespace}'.");
        return Some(error(409, "MissingSubscriptionRegistration", message));
    }
    if let Some(parent) = place.parent().filter(|parent| world.resource(parent).is_none()) {
        return Some(no_parent(&parent));
    }
    if row.scope == "group" && place.names.len() == 1 && place.group.is_none() {
        return Some(error(400, "InvalidResourceType", format!("A {} stands in a resource group.", row.name)));
    }
    if row.scope == "any" && place.scope.contains("/providers/") && world.resource(&place.scope).is_none() {
        return Some(no_parent(&place.scope));
    }
    None
}

/// What the service could not read.
fn malformed(row: &Row, place: &Place, body: &Json, is_new: bool) -> Option<Response> {
    if let Some(why) = names::wrong(row, place.name()) {
        return Some(error(400, "InvalidResourceName", why));
    }
    let location = at(body, "location").and_then(Json::as_str);
    if row.location && is_new && location.is_none() {
        return Some(error(400, "LocationRequired", "The location property is required for this definition."));
    }
    let plain = location.map(|location| location.replace(' ', "").to_ascii_lowercase());
    if plain.is_some_and(|location| !REGIONS.iter().any(|(region, _)| *region == location)) {
        let message = format!(
            "The provided location '{}' is not available for resource type '{}'.",
            location.unwrap_or_default(),
            row.name
        );
        return Some(error(400, "LocationNotAvailableForResourceType", message));
    }
    if !row.tags && at(body, "tags").is_some() {
        return Some(error(400, "InvalidRequestContent", format!("A {} has no tags.", row.name)));
    }
    if at(body, "tags").and_then(Json::as_object).is_some_and(|tags| tags.len() > 50) {
        return Some(error(400, "InvalidTagCount", "There are more than 50 tags."));
    }
    for path in &row.required {
        if at(body, path).is_none() {
            return Some(error(400, "InvalidParameter", format!("The required property '{path}' is missing.")));
        }
    }
    for (path, allowed) in &row.one_of {
        if let Some(value) = at(body, path).filter(|value| !allowed.contains(value)) {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let message = format!("The value {value} of '{path}' is not one of {}.", allowed.join(", "));
            return Some(error(400, "InvalidParameterValue", message));
        }
    }
    for (path, [least, most]) in &row.between {
        let number = at(body, path).and_then(Json::as_i64);
        if let Some(number) = number.filter(|number| number < least || number > most) {
            let message = format!("The value {number} of '{path}' is not between {least} and {most}.");
            return Some(error(400, "InvalidParameterValue", message));
        }
    }
    None
}

/// What goes against what there is.
fn conflicting(
    world: &World,
    request: &Request,
    row: &Row,
    place: &Place,
    body: &Json,
    before: Option<&Resource>,
) -> Option<Response> {
    let Some(before) = before else {
        if request.header("if-match").is_some_and(|etag| etag != "*") {
            return Some(error(412, "PreconditionFailed", "The resource does not exist."));
        }
        return taken(world, row, place, body);
    };
    if before.operation.is_some() {
        return Some(busy(&before.id));
    }
    let condition = request.header("if-match").filter(|wanted| row.etag && *wanted != "*");
    if condition.is_some_and(|wanted| wanted != etag(before)) {
        return Some(error(412, "PreconditionFailed", "The resource was changed since it was read."));
    }
    let plain = |json: &Json| json.as_str().unwrap_or_default().replace(' ', "").to_ascii_lowercase();
    if let Some(location) = at(body, "location") {
        let there = plain(&before.document["location"]);
        if plain(location) != there {
            let message = format!(
                "The resource '{}' already exists in location '{there}'. A resource with the same name cannot be created in location '{}'.",
                place.name(),
                plain(location)
            );
            return Some(error(409, "InvalidResourceLocation", message));
        }
    }
    for path in &row.fixed {
        let (now, wanted) = (at(&before.document, path), at(body, path));
        let is_same = match (now, wanted) {
            (Some(Json::String(a)), Some(Json::String(b))) => a.eq_ignore_ascii_case(b),
            (now, wanted) => now == wanted,
        };
        if wanted.is_some() && !is_same {
            return Some(error(409, "PropertyChangeNotAllowed", format!("Changing property '{path}' is not allowed.")));
        }
    }
    None
}

/// Names that are not to be had.
fn taken(world: &World, row: &Row, place: &Place, body: &Json) -> Option<Response> {
    let key = (row.name.to_ascii_lowercase(), place.name().to_ascii_lowercase());
    let mode = at(body, "properties.createMode").and_then(Json::as_str).unwrap_or_default();
    if world.deleted.contains_key(&key) && !mode.eq_ignore_ascii_case("recover") {
        let message = format!(
            "A resource with the same name '{}' already exists in deleted state. You need to either recover or purge it.",
            place.name()
        );
        return Some(error(409, "ConflictError", message));
    }
    let names: Vec<&str> = place.names.iter().map(String::as_str).collect();
    if row.name == "Microsoft.KeyVault/vaults/secrets"
        && world.deleted_secrets.contains_key(&names.join("/").to_ascii_lowercase())
    {
        let message = format!("Secret {} is currently in a deleted but recoverable state.", place.name());
        return Some(error(409, "ObjectIsDeletedButRecoverable", message));
    }
    if !row.unique || !world.is_taken(row, place.name(), &place.id()) {
        return None;
    }
    let (code, message) = match row.name.as_str() {
        "Microsoft.Storage/storageAccounts" => {
            ("StorageAccountAlreadyTaken", format!("The storage account named {} is already taken.", place.name()))
        }
        "Microsoft.KeyVault/vaults" => {
            ("VaultAlreadyExists", format!("The vault name '{}' is already in use.", place.name()))
        }
        "Microsoft.Web/sites" => ("Conflict", format!("Website with given name {} already exists.", place.name())),
        _ => ("NameUnavailable", format!("The name '{}' is already in use.", place.name())),
    };
    Some(error(409, code, message))
}

/// The document of a deleted resource that is brought back.
fn recover(world: &mut World, row: &Row, place: &Place, body: &Json) -> Option<Json> {
    let key = (row.name.to_ascii_lowercase(), place.name().to_ascii_lowercase());
    let kept = world.deleted.remove(&key)?;
    let mut document = kept.document;
    crate::json::overlay(&mut document, body);
    crate::json::remove(&mut document, "properties.createMode");
    Some(document)
}

fn busy(id: &str) -> Response {
    let message = format!("Another operation is in progress on {id}.");
    error(409, "AnotherOperationInProgress", message)
}

/// How a write goes where the table says nothing else.
struct Usual {
    status: u16,
    end: End,
    state: &'static str,
    is_put: bool,
}

/// The answer to a write, and what goes on.
fn accepted(world: &mut World, id: &str, row: &Row, course: &Course, usual: Usual) -> Response {
    // An operation that a test lets fail is told by a status where the type would be done at once.
    let by = if course.by == By::Nothing && world.next_failure.is_some() { By::Status } else { course.by };
    let number = world.start(id, course, usual.end, usual.state);
    let status = match (number, course.status) {
        (Some(_), 0) if by == By::Status => 202,
        (_, 0) => usual.status,
        (_, status) => status,
    };
    let response = match world.resource(id).cloned() {
        // Where no header tells of the operation, the document does.
        Some(resource) if (status != 202 || by == By::State) && status != 204 && usual.end != End::Gone => {
            said(world, row, status, &resource, usual.is_put)
        }
        _ => Response::empty(status),
    };
    let Some(number) = number else { return response };
    let namespace = row.name.split('/').next().unwrap_or_default();
    let subscription = id.split('/').nth(2).unwrap_or_default();
    let base = format!("{}/subscriptions/{subscription}/providers/{namespace}/locations/westeurope", world.origin);
    let tail = format!("{number}?api-version={}&t=639000000000000000&c=MII&s=signature", row.versions[0]);
    let (told, found) = (format!("{base}/operationStatuses/{tail}"), format!("{base}/operationResults/{tail}"));
    match by {
        By::Status => response.header("azure-asyncoperation", told).header("retry-after", "0"),
        By::Location => response.header("location", found).header("retry-after", "0"),
        By::Both => response.header("azure-asyncoperation", told).header("location", found).header("retry-after", "0"),
        By::State | By::Nothing => response,
    }
}

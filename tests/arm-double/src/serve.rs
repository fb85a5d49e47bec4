//! One request and its answer.

mod names;
mod special;
mod write;

use serde_json::{Value as Json, json};

use crate::answers::{error, no_group, no_version, not_found};
use crate::double::{Double, Exchange};
use crate::http::{Request, Response};
use crate::json::{at, filled};
use crate::path::Place;
use crate::types::Row;
use crate::world::{Resource, World, etag, guid, words};

/// Answers a request, and remembers it.
pub fn answer(world: &mut World, request: &Request) -> Response {
    if let Some(host) = request.header("host") {
        world.origin = format!("http://{host}");
    }
    let what = format!("{} {}", request.method, request.path);
    let trouble = world.troubles.iter_mut().find(|trouble| trouble.times > 0 && trouble.pattern.is_match(&what));
    let trouble = trouble.map(|trouble| {
        trouble.times -= 1;
        trouble.clone()
    });
    let response = match trouble {
        Some(trouble) => {
            if trouble.has_effect {
                respond(world, request);
            }
            let response = Response::json(trouble.status, &trouble.body);
            match trouble.retry_after {
                Some(seconds) => response.header("retry-after", seconds.to_string()),
                None => response,
            }
        }
        None => respond(world, request),
    };
    world.exchanges.push(Exchange {
        what,
        api: request.query.get("api-version").cloned().unwrap_or_default(),
        body: serde_json::from_slice(&request.body).unwrap_or_default(),
        client_request: request.header("x-ms-client-request-id").map(str::to_owned),
        if_match: request.header("if-match").map(str::to_owned),
        status: response.status,
    });
    let number = world.exchanges.len();
    response
        .header("x-ms-request-id", guid(&format!("request {number}")))
        .header("x-ms-correlation-request-id", guid(&format!("correlation {number}")))
        .header("x-ms-ratelimit-remaining-subscription-writes", "1199")
        .header("strict-transport-security", "max-age=31536000; includeSubDomains")
}

fn respond(world: &mut World, request: &Request) -> Response {
    if request.path == "/msi/token" {
        return special::token(request);
    }
    if let Some(refusal) = unauthenticated(request) {
        return refusal;
    }
    if request.path.starts_with("/scm/") {
        return special::deploy(world, request);
    }
    if request.path.starts_with("/kv/") {
        return special::inside_vault(world, request);
    }
    let Some(version) = request.query.get("api-version") else {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return error(400, "MissingApiVersionParameter", message);
    };
    if request.path.trim_end_matches('/').eq_ignore_ascii_case("/subscriptions") {
        return special::subscriptions(world);
    }
    if let Some(answer) = special::account_name(world, request) {
        return answer;
    }
    let Some(place) = Place::read(&request.path) else {
        return error(404, "InvalidResourceType", "The resource type could not be found.");
    };
    if !world.subscriptions.contains(&place.subscription.to_ascii_lowercase()) {
        let message = format!("The subscription '{}' could not be found.", place.subscription);
        return error(404, "SubscriptionNotFound", message);
    }
    special::answer(world, request, &place).unwrap_or_else(|| resource(world, request, &place, version))
}

fn unauthenticated(request: &Request) -> Option<Response> {
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let (code, message) = match token {
        None => ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
        Some(token) if token == Double::TOKEN || token.starts_with("eyJ") => return None,
        Some("expired") => {
            ("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.")
        }
        Some(_) => ("InvalidAuthenticationToken", "The access token is invalid."),
    };
    Some(
        error(401, code, message).header("www-authenticate", "Bearer authorization_uri=\"https://login.windows.net/\""),
    )
}

/// A resource of a type that the table has.
fn resource(world: &mut World, request: &Request, place: &Place, version: &str) -> Response {
    let mut place = place.clone();
    let mut row = world.row(&place.ty);
    let list = place.rest.as_ref().map(|rest| format!("{}/{rest}", place.ty));
    if let (Some(list), "GET") = (&list, request.method.as_str()) {
        row = world.row(list);
        place.ty.clone_from(list);
    }
    let Some(row) = row else {
        let (namespace, ty) = place.ty.split_once('/').unwrap_or((&place.ty, ""));
        let message = format!(
            "The resource type '{ty}' could not be found in the namespace '{namespace}' for api version '{version}'."
        );
        return error(404, "InvalidResourceType", message);
    };
    if !row.versions.iter().any(|known| known == version) {
        return no_version(&row.name, version, &row.versions);
    }
    if let Some(group) = place.group.as_ref().filter(|group| !world.has_group(&place.subscription, group)) {
        return no_group(group);
    }
    match (request.method.as_str(), &list) {
        ("GET", Some(_)) => listed(world, &row, &place),
        ("POST", Some(_)) => acted(world, &row, &place),
        ("GET" | "HEAD", None) => looked_at(world, &row, &place),
        ("PUT", None) => write::put(world, request, &row, &place),
        ("PATCH", None) => write::patch(world, request, &row, &place),
        ("DELETE", None) => write::delete(world, &row, &place),
        _ => error(405, "MethodNotAllowed", "The method is not allowed here."),
    }
}

fn looked_at(world: &mut World, row: &Row, place: &Place) -> Response {
    match world.seen(&place.id()).cloned() {
        Some(resource) => shown(world, 200, &resource),
        None => not_found(&row.name, place.name(), place.group.as_deref()),
    }
}

/// A document as an answer.
fn shown(world: &World, status: u16, resource: &Resource) -> Response {
    let response = Response::json(status, &world.shown(resource));
    match world.row(&resource.ty).is_some_and(|row| row.etag) {
        true => response.header("etag", etag(resource)),
        false => response,
    }
}

/// A document as the answer to a write.
fn said(world: &World, row: &Row, status: u16, resource: &Resource, is_put: bool) -> Response {
    let response = Response::json(status, &world.said(row, resource, is_put));
    if row.etag { response.header("etag", etag(resource)) } else { response }
}

fn listed(world: &World, row: &Row, place: &Place) -> Response {
    let parent = match place.names.is_empty() {
        true => place.scope.clone(),
        false => {
            let ty = place.ty.rsplit_once('/').map(|(above, _)| above.to_owned()).unwrap_or_default();
            Place { ty, rest: None, ..place.clone() }.id()
        }
    };
    let inside = format!("{}/", parent.to_ascii_lowercase());
    let found = world
        .resources
        .iter()
        .filter(|(id, resource)| id.starts_with(&inside) && resource.ty.eq_ignore_ascii_case(&row.name));
    let documents: Vec<Json> = found.map(|(_, resource)| world.shown(resource)).collect();
    Response::json(200, &json!({ "value": documents }))
}

fn acted(world: &World, row: &Row, place: &Place) -> Response {
    let Some(resource) = world.resource(&place.id()) else {
        return not_found(&row.name, place.name(), place.group.as_deref());
    };
    let wanted = place.rest.as_deref().unwrap_or_default();
    let action = row.actions.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    match action {
        None => error(404, "NotFound", format!("There is no action '{wanted}'.")),
        Some((_, template)) if template == "" => Response::empty(200),
        Some((_, template)) if template == "@self" => Response::json(200, &resource.document),
        Some((_, template)) => {
            let location = at(&resource.document, "location").and_then(Json::as_str).unwrap_or_default();
            Response::json(200, &filled(template, &words(place, &resource.id, location, &world.origin)))
        }
    }
}

//! Whether a name may be had.

use serde_json::{Value as Json, json};

use crate::answers::error;
use crate::http::{Request, Response};
use crate::types::Row;
use crate::world::World;

/// `checkNameAvailability`.
pub fn check(world: &World, request: &Request) -> Response {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
    let (name, ty) = (text("name"), text("type"));
    // Microsoft.Web asks with the short word.
    let ty = if ty.eq_ignore_ascii_case("Site") { "Microsoft.Web/sites" } else { ty };
    // Microsoft.ServiceBus has one type to ask for, which goes without saying.
    let is_bus = ty.is_empty() && request.path.to_ascii_lowercase().contains("/microsoft.servicebus/");
    let ty = if is_bus { "Microsoft.ServiceBus/namespaces" } else { ty };
    let Some(row) = world.row(ty) else {
        return error(400, "InvalidResourceType", format!("The type '{ty}' is not known here."));
    };
    if let Some(why) = wrong(&row, name) {
        let reason = if row.name.starts_with("Microsoft.Web") { "Invalid" } else { "AccountNameInvalid" };
        return Response::json(200, &json!({ "nameAvailable": false, "reason": reason, "message": why }));
    }
    let is_kept = world.deleted.contains_key(&(row.name.to_ascii_lowercase(), name.to_ascii_lowercase()));
    match world.is_taken(&row, name, "") || is_kept {
        true => {
            let message = format!("The name '{name}' is already in use.");
            Response::json(200, &json!({ "nameAvailable": false, "reason": "AlreadyExists", "message": message }))
        }
        false => Response::json(200, &json!({ "nameAvailable": true })),
    }
}

/// What is wrong with a name.
pub fn wrong(row: &Row, name: &str) -> Option<String> {
    let pattern = row.pattern.as_ref()?;
    let whole = regex::Regex::new(&format!("^(?:{pattern})$")).expect("a pattern of the table");
    (!whole.is_match(name)).then(|| format!("'{name}' is not a valid name; it must match {pattern}."))
}

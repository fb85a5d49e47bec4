//! How attributes and what stands in documents are made of each other.

use serde_json::{Value as Json, json};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};

use crate::arm::child;
use crate::fields::Fields;
use crate::form::{from_json, to_json};

/// How an attribute and what stands in the document are made of each other.
#[derive(Clone, Copy)]
pub struct Form {
    /// What to write; null for nothing.
    pub to: fn(&Known, &Type) -> Json,
    /// What is written there.
    pub from: fn(&Json, &Type) -> Known,
}

/// As it is, with the fields of objects in camel case.
pub const PLAIN: Form = Form { to: to_json, from: from_json };

/// The other way round: `local_auth_enabled` is `disableLocalAuth`.
pub const INVERTED: Form = Form { to: inverted_to, from: inverted_from };

/// Only written when true: services refuse to be told that it is false.
pub const WHEN_TRUE: Form = Form { to: when_true, from: from_json };

/// `Enabled` and `Disabled`.
pub const ENABLED: Form = Form { to: enabled_to, from: enabled_from };

/// An identity: its type, and the ids of those that users assigned.
pub const IDENTITY: Form = Form { to: identity_to, from: identity_from };

fn inverted_to(value: &Known, _: &Type) -> Json {
    value.as_bool().map_or(Json::Null, |value| Json::Bool(!value))
}

fn inverted_from(json: &Json, _: &Type) -> Known {
    json.as_bool().map_or(Value::Null, |value| Value::Bool(!value))
}

fn when_true(value: &Known, _: &Type) -> Json {
    if value.as_bool() == Some(true) { Json::Bool(true) } else { Json::Null }
}

fn enabled_to(value: &Known, _: &Type) -> Json {
    value.as_bool().map_or(Json::Null, |value| json!(if value { "Enabled" } else { "Disabled" }))
}

fn enabled_from(json: &Json, _: &Type) -> Known {
    json.as_str().map_or(Value::Null, |text| Value::Bool(text.eq_ignore_ascii_case("Enabled")))
}

fn identity_to(value: &Known, _: &Type) -> Json {
    let fields = Fields(value);
    let mut identity = json!({ "type": fields.text("type").unwrap_or("SystemAssigned") });
    if let Some(ids) = fields.texts("identity_ids") {
        identity["userAssignedIdentities"] = ids.into_iter().map(|id| (id, json!({}))).collect();
    }
    identity
}

fn identity_from(json: &Json, _: &Type) -> Known {
    let ids = child(json, "userAssignedIdentities").and_then(Json::as_object);
    let ids = ids.map(|ids| Value::List(ids.keys().map(Value::string).collect()));
    let ty = child(json, "type").and_then(Json::as_str).filter(|ty| *ty != "None");
    match ty {
        // The services write the two with and without a space between.
        Some(ty) => Value::map([
            ("type", Value::String(ty.replace(", ", ",").replace(',', ", "))),
            ("identity_ids", ids.unwrap_or_default()),
        ]),
        None => Value::Null,
    }
}

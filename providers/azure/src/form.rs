//! Attributes as ARM writes them, and back: `allowed_origins` is `allowedOrigins` there, and secrets are plain.

use serde_json::{Map, Value as Json};
use siac_core::model::number::Number;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};

use crate::arm::child;
use crate::fields::exposed;

/// Fields whose spelling does not follow from their words.
const SPELLED: [(&str, &str); 7] = [
    ("instance_memory_mb", "instanceMemoryMB"),
    ("daily_quota_gb", "dailyQuotaGb"),
    ("ftps_state", "ftpsState"),
    ("max_size_in_megabytes", "maxSizeInMegabytes"),
    ("http20_enabled", "http20Enabled"),
    ("http2_enabled", "http20Enabled"),
    ("webhook_properties", "webHookProperties"),
];

/// How ARM spells a field.
pub fn camel(field: &str) -> String {
    if let Some((_, spelled)) = SPELLED.iter().find(|(name, _)| *name == field) {
        return (*spelled).to_owned();
    }
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        text + &head.into_iter().chain(letters).collect::<String>()
    })
}

/// A value as ARM writes it. Fields of object types are spelled its way, keys of maps are the stack's own; nulls are left out.
pub fn to_json(value: &Known, ty: &Type) -> Json {
    match (exposed(value), ty) {
        (Value::Bool(value), _) => Json::Bool(*value),
        (Value::Number(number), _) => json_number(number),
        (Value::String(text), _) => Json::String(text.clone()),
        (Value::List(items), Type::List(element) | Type::Set(element)) => {
            Json::Array(items.iter().map(|item| to_json(item, element)).collect())
        }
        (Value::List(items), _) => Json::Array(items.iter().map(|item| to_json(item, &Type::Any)).collect()),
        (Value::Map(entries), ty) => {
            let set = entries.iter().filter(|(_, value)| !exposed(value).is_null());
            Json::Object(set.map(|(key, value)| entry_to_json(key, value, ty)).collect())
        }
        _ => Json::Null,
    }
}

fn entry_to_json(key: &str, value: &Known, ty: &Type) -> (String, Json) {
    match ty {
        Type::Object(fields) => {
            let ty = fields.get(key).map_or(&Type::Any, |field| &field.ty);
            (camel(key), to_json(value, ty))
        }
        Type::Map(element) => (key.to_owned(), to_json(value, element)),
        _ => (key.to_owned(), to_json(value, &Type::Any)),
    }
}

fn json_number(number: &Number) -> Json {
    match number.as_i64() {
        Some(integer) => Json::from(integer),
        None => serde_json::Number::from_f64(number.to_f64()).map_or(Json::Null, Json::Number),
    }
}

/// What ARM wrote, as the attributes say it. Of an object type only its fields are taken.
pub fn from_json(json: &Json, ty: &Type) -> Known {
    match (json, ty) {
        (Json::Null, _) => Value::Null,
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::Number(number), Type::String) => Value::String(number.to_string()),
        (Json::Number(number), _) => number.to_string().parse().map_or(Value::Null, Value::Number),
        (Json::String(text), _) => Value::String(text.clone()),
        (Json::Array(items), Type::List(element) | Type::Set(element)) => {
            Value::List(items.iter().map(|item| from_json(item, element)).collect())
        }
        (Json::Array(items), _) => Value::List(items.iter().map(|item| from_json(item, &Type::Any)).collect()),
        (Json::Object(_), Type::Object(fields)) => {
            let shown = fields.iter().filter_map(|(name, field)| Some((name, child(json, &camel(name))?, &field.ty)));
            Value::Map(shown.map(|(name, json, ty)| (name.clone(), from_json(json, ty))).collect())
        }
        (Json::Object(entries), Type::Map(element)) => map_from_json(entries, element),
        (Json::Object(entries), _) => map_from_json(entries, &Type::Any),
    }
}

fn map_from_json(entries: &Map<String, Json>, element: &Type) -> Known {
    Value::Map(entries.iter().map(|(key, value)| (key.clone(), from_json(value, element))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::types::Field;

    #[test]
    fn fields_are_spelled_as_arm_does() {
        assert_eq!(camel("allowed_origins"), "allowedOrigins");
        assert_eq!(camel("instance_memory_mb"), "instanceMemoryMB");
        assert_eq!(camel("name"), "name");
    }

    #[test]
    fn values_go_there_and_come_back() {
        let field = |ty| Field { ty, optional: true };
        let ty = Type::Object(
            [
                ("support_credentials".to_owned(), field(Type::Bool)),
                ("my_map".to_owned(), field(Type::map(Type::Number))),
            ]
            .into(),
        );
        let value: Known = Value::map([
            ("support_credentials", Value::Bool(true)),
            ("my_map", Value::map([("a_b", Value::number(1_i64))])),
        ]);
        let json = to_json(&value, &ty);
        assert_eq!(json, serde_json::json!({ "supportCredentials": true, "myMap": { "a_b": 1 } }));
        assert_eq!(from_json(&json, &ty), value);
    }
}

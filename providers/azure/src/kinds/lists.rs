//! Lists of texts that ARM writes as lists of objects of one field.

use serde_json::{Value as Json, json};
use siac_core::model::value::{Known, Value};

use crate::arm::child;
use crate::fields::exposed;
use crate::typed::Form;

/// Ids: `{ "id": … }`.
pub const IDS: Form = Form { to: |value, _| objects(value, "id"), from: |json, _| texts(json, "id") };

/// Names: `{ "name": … }`.
pub const NAMES: Form = Form { to: |value, _| objects(value, "name"), from: |json, _| texts(json, "name") };

/// Addresses: `{ "ipAddressOrRange": … }`.
pub const ADDRESSES: Form =
    Form { to: |value, _| objects(value, "ipAddressOrRange"), from: |json, _| texts(json, "ipAddressOrRange") };

fn objects(value: &Known, key: &str) -> Json {
    let items = exposed(value).as_list().unwrap_or_default();
    let texts = items.iter().filter_map(|item| exposed(item).as_str());
    Json::Array(texts.map(|text| json!({ key: text })).collect())
}

fn texts(json: &Json, key: &str) -> Known {
    let items = json.as_array().into_iter().flatten();
    let text = |item: &Json| child(item, key).and_then(Json::as_str).map(Value::string);
    Value::List(items.filter_map(text).collect())
}

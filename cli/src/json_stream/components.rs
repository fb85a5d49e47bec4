//! Components as JSON objects.

use serde_json::{Map, Value as Json, json};
use siac_core::model::address::Mode;
use siac_core::model::value::Known;
use siac_core::planning::expansion::Told;
use siac_core::serverless::Part;

use crate::render::components::{KindRow, Row};

/// A component of a stack, or one instance of it.
pub fn component(row: &Row) -> Json {
    json!({ "address": row.address, "kind": row.kind, "provider": row.provider, "source": row.source, "url": row.url.as_ref().and_then(Option::as_ref) })
}

/// A kind of component.
pub fn component_kind(kind: &KindRow) -> Json {
    json!({ "kind": kind.name, "description": kind.description, "providers": kind.providers })
}

/// What a component becomes: attributes as a stack would write them.
pub fn expansion(told: &Told) -> Json {
    let part = |part: &Part| {
        json!({
            "address": part.address,
            "mode": if part.address.mode == Mode::Data { "data" } else { "resource" },
            "attributes": object(told.written(part)),
            "depends_on": part.depends_on,
            "lifecycle": part.lifecycle,
        })
    };
    json!({
        "component": told.component,
        "kind": told.kind,
        "provider": told.provider,
        "parts": told.parts.iter().map(part).collect::<Vec<_>>(),
        "outputs": object(told.written_outputs()),
    })
}

fn object(values: impl IntoIterator<Item = (String, Known)>) -> Map<String, Json> {
    values.into_iter().map(|(name, value)| (name, serde_json::to_value(value).unwrap_or_default())).collect()
}

//! The JSON Schema of stack files, from which editors complete and check.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::model::address::MAX_NAME;
use crate::model::schema::{Attribute, KindSchema, Presence, ProviderSchema, Rule};
use crate::model::types::Type;
use crate::ports::Catalogues;
use crate::serverless::{self, ComponentSchema};

/// What an interpolated text looks like; it may stand wherever a value may.
const INTERPOLATION: &str = r"\$\{";

/// The schema (JSON Schema, draft 2020-12) of a stack file, with every kind that these catalogues offer.
pub fn editor_schema(catalogues: &Catalogues) -> Json {
    let providers: Vec<&ProviderSchema> = catalogues.iter().map(|catalogue| catalogue.schema()).collect();
    let resources = kinds(&providers, |provider| &provider.resources, resource_meta());
    let data = kinds(&providers, |provider| &provider.data, data_meta());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "siac stack",
        "description": "A stack of siac: what should exist, and how.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "extends": { "type": "array", "items": { "type": "string" }, "description": "Files that are merged underneath this one, left to right." },
            "stack": stack(),
            "state": state(),
            "provider": named(provider_instance(&providers), "Provider instances."),
            "variable": named(variable(), "Values that are given from outside."),
            "locals": { "type": "object", "description": "Values by name, for use in expressions." },
            "secret": named(secret(), "Secrets by reference; their values are never written down."),
            "flag": named(flag(), "Feature flags."),
            "data": { "type": "object", "additionalProperties": false, "properties": data, "description": "What is read but not managed." },
            "resource": { "type": "object", "additionalProperties": false, "properties": resources, "description": "What is created, changed and deleted." },
            "component": named(components(catalogues), "Whole services, made of resources by a provider."),
            "module": named(module(), "Reusable fragments."),
            "output": named(output(), "What the stack tells."),
            "moved": entries(json!({ "from": address(), "to": address() }), &["from", "to"], "Renames: the object known as `from` is now `to`."),
            "import": entries(json!({ "to": address(), "id": { "type": "string" } }), &["to", "id"], "Objects that exist and are adopted."),
            "removed": entries(json!({ "from": address(), "destroy": { "type": "boolean", "default": true } }), &["from"], "Resources to let go."),
            "policy": { "type": "object" },
            "events": { "type": "object" },
            "usage": { "type": "object" },
            "preview": { "type": "object" },
        },
    })
}

fn stack() -> Json {
    object(
        json!({
            "name": { "type": "string", "description": "The identity of the state; never inferred from the file name." },
            "environment": { "type": "string", "description": "development, staging, production, or any other word; dev and prod are aliases." },
            "siac": { "type": "string", "description": "The versions of siac that may apply the stack, for instance >=0.1." },
            "on_failure": { "enum": ["rollback", "halt"], "default": "rollback", "description": "What an apply does when a step fails." },
        }),
        &["name"],
    )
}

fn state() -> Json {
    let description = "Where the sealed state is kept; without it, under .siac/ beside the project.";
    json!({ "type": "object", "description": description, "properties": {
        "backend": { "type": "string", "default": "local" },
        "key": { "type": "string", "description": "What opens it: passphrase:env:NAME or key-file:PATH." },
    }})
}

fn provider_instance(providers: &[&ProviderSchema]) -> Json {
    let names: Vec<&str> = providers.iter().map(|provider| provider.name).collect();
    let mut properties = Map::from_iter([("plugin".to_owned(), json!({ "enum": names }))]);
    for provider in providers {
        properties
            .extend(provider.config.iter().map(|(name, attribute)| ((*name).to_owned(), attribute_schema(attribute))));
    }
    json!({ "type": "object", "properties": properties })
}

fn variable() -> Json {
    let rule = object(
        json!({ "condition": { "type": "string" }, "message": { "type": "string" } }),
        &["condition", "message"],
    );
    object(
        json!({
            "type": { "type": "string", "description": "A type constraint: string, number, bool, list(…), set(…), map(…), object({…}) or any." },
            "default": {},
            "description": { "type": "string" },
            "nullable": { "type": "boolean" },
            "validate": { "type": "array", "items": rule },
        }),
        &[],
    )
}

fn secret() -> Json {
    object(
        json!({ "from": { "type": "string", "description": "Where the value comes from: env:NAME or file:PATH." } }),
        &["from"],
    )
}

fn flag() -> Json {
    object(json!({ "default": { "type": "boolean" }, "description": { "type": "string" } }), &[])
}

fn module() -> Json {
    let mut properties = data_meta();
    properties.insert(
        "source".to_owned(),
        json!({ "type": "string", "description": "A folder or file with variables and outputs." }),
    );
    json!({ "type": "object", "properties": properties, "required": ["source"] })
}

/// One form for each kind of component; the kind tells them apart.
fn components(catalogues: &Catalogues) -> Json {
    let settings: Map<String, Json> = catalogues
        .iter()
        .filter(|catalogue| !catalogue.realises().is_empty())
        .map(|catalogue| {
            let settings = catalogue.component_settings();
            let properties: Map<String, Json> =
                settings.iter().map(|(name, attribute)| ((*name).to_owned(), attribute_schema(attribute))).collect();
            let described = format!("What only the provider {} knows.", catalogue.schema().name);
            let table = json!({ "type": "object", "additionalProperties": false, "properties": properties, "description": described });
            (catalogue.schema().name.to_owned(), table)
        })
        .collect();
    let kinds: Vec<Json> =
        serverless::kinds().iter().map(|(name, schema)| component(name, schema, &settings)).collect();
    json!({ "oneOf": kinds })
}

fn component(kind: &str, schema: &ComponentSchema, settings: &Map<String, Json>) -> Json {
    let part = json!({ "type": "object", "description": "Attributes that are merged into the part's." });
    let parts = json!({ "type": "object", "additionalProperties": { "type": "object", "additionalProperties": part } });
    let mut properties = data_meta();
    properties.insert("kind".to_owned(), json!({ "const": kind, "description": schema.description }));
    properties.insert("override".to_owned(), parts);
    properties.extend(settings.clone());
    let fields = schema.fields.iter().map(|(name, attribute)| ((*name).to_owned(), attribute_schema(attribute)));
    properties.extend(fields);
    let required = schema.fields.iter().filter(|(_, attribute)| attribute.presence == Presence::Required);
    let required: Vec<&str> = ["kind"].into_iter().chain(required.map(|(name, _)| *name)).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn output() -> Json {
    object(
        json!({ "value": {}, "description": { "type": "string" }, "sensitive": { "type": "boolean", "description": "Never shown." } }),
        &["value"],
    )
}

fn address() -> Json {
    json!({ "type": "string", "description": "A resource address, for instance local_file.page or module.web.local_file.page[\"eu\"]." })
}

fn object(properties: Json, required: &[&str]) -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn entries(properties: Json, required: &[&str], description: &str) -> Json {
    json!({ "type": "array", "items": object(properties, required), "description": description })
}

/// A table whose keys are names of the user's choice.
fn named(of: Json, description: &str) -> Json {
    let names = json!({ "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$", "maxLength": MAX_NAME });
    json!({ "type": "object", "propertyNames": names, "additionalProperties": of, "description": description })
}

/// What data sources, modules and resources share.
fn data_meta() -> Map<String, Json> {
    let addresses = json!({ "type": "array", "items": { "type": "string" }, "description": "What must be there first, beyond what is referred to." });
    Map::from_iter([
        ("for_each".to_owned(), json!({ "description": "One instance for each element of a list, set or map." })),
        ("when".to_owned(), json!({ "description": "False: not part of the stack." })),
        ("depends_on".to_owned(), addresses),
        ("provider".to_owned(), json!({ "type": "string", "description": "The provider instance." })),
    ])
}

fn resource_meta() -> Map<String, Json> {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let lifecycle = object(
        json!({
            "prevent_destroy": { "type": "boolean" },
            "create_before_destroy": { "type": "boolean" },
            "ignore_changes": texts,
            "replace_triggered_by": texts,
        }),
        &[],
    );
    let mut meta = data_meta();
    meta.insert("lifecycle".to_owned(), lifecycle);
    meta
}

/// One property for each kind: a table of resources by name.
fn kinds<'a>(
    providers: &[&'a ProviderSchema],
    of: impl Fn(&'a ProviderSchema) -> &'a BTreeMap<&'static str, KindSchema>,
    meta: Map<String, Json>,
) -> Map<String, Json> {
    let all = providers.iter().flat_map(|provider| of(provider));
    all.map(|(name, kind)| ((*name).to_owned(), named(kind_schema(kind, &meta), kind.description))).collect()
}

fn kind_schema(kind: &KindSchema, meta: &Map<String, Json>) -> Json {
    let mut properties = meta.clone();
    let settable = kind.attributes.iter().filter(|(_, attribute)| attribute.is_settable());
    properties.extend(settable.map(|(name, attribute)| ((*name).to_owned(), attribute_schema(attribute))));
    let required: Vec<&str> = kind
        .attributes
        .iter()
        .filter(|(_, attribute)| attribute.presence == Presence::Required)
        .map(|(name, _)| *name)
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn attribute_schema(attribute: &Attribute) -> Json {
    let mut schema = type_schema(&attribute.ty);
    for rule in &attribute.rules {
        apply_rule(&mut schema, rule);
    }
    let mut schema = match attribute.artifact {
        true => json!({ "anyOf": [schema, recipe()] }),
        false => or_interpolation(schema),
    };
    schema["description"] = Json::from(attribute.description);
    if let Some(default) = attribute.default.as_ref().and_then(|value| serde_json::to_value(value).ok()) {
        schema["default"] = default;
    }
    schema
}

/// How an artifact is made from a folder.
fn recipe() -> Json {
    let architecture = "The machines it is run on: x64 or arm64, with the system before it where it is another than here, as in linux-arm64.";
    object(
        json!({
            "path": { "type": "string", "description": "The folder that goes in, relative to this file." },
            "build": { "type": "string", "description": "The command that is run in a copy of the folder, when nobody has built the same before." },
            "runtime": { "type": "string", "description": "What the result is run by, for instance nodejs22." },
            "architecture": { "type": "string", "description": architecture },
            "add": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Files that are added to the result, by path." },
        }),
        &["path"],
    )
}

/// The schema of a literal; an interpolated text may stand for it.
fn or_interpolation(literal: Json) -> Json {
    let plain_text = literal == json!({ "type": "string" });
    let anything = literal.as_object().is_some_and(Map::is_empty);
    if plain_text || anything {
        literal
    } else {
        json!({ "anyOf": [literal, { "type": "string", "pattern": INTERPOLATION }] })
    }
}

fn type_schema(ty: &Type) -> Json {
    match ty {
        Type::Any => json!({}),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Number => json!({ "type": "number" }),
        Type::String => json!({ "type": "string" }),
        Type::List(element) => json!({ "type": "array", "items": or_interpolation(type_schema(element)) }),
        Type::Set(element) => {
            json!({ "type": "array", "uniqueItems": true, "items": or_interpolation(type_schema(element)) })
        }
        Type::Map(element) => {
            json!({ "type": "object", "additionalProperties": or_interpolation(type_schema(element)) })
        }
        Type::Object(fields) => {
            let properties: Map<String, Json> =
                fields.iter().map(|(name, field)| (name.clone(), or_interpolation(type_schema(&field.ty)))).collect();
            let required: Vec<&String> =
                fields.iter().filter(|(_, field)| !field.optional).map(|(name, _)| name).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
        }
    }
}

fn apply_rule(schema: &mut Json, rule: &Rule) {
    match rule {
        Rule::OneOf(words) => schema["enum"] = json!(words),
        Rule::Between(least, most) => {
            schema["minimum"] = json!(least);
            schema["maximum"] = json!(most);
        }
        Rule::Length(least, most) => {
            schema["minLength"] = json!(least);
            schema["maxLength"] = json!(most);
        }
        Rule::Matches(pattern, _) => schema["pattern"] = json!(format!("^(?:{pattern})$")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::schema::RecoveryClass;
    use crate::ports::Catalogue;

    struct Example(ProviderSchema);

    impl Catalogue for Example {
        fn schema(&self) -> &ProviderSchema {
            &self.0
        }
    }

    fn catalogues() -> Catalogues {
        let kind = KindSchema {
            description: "An example.",
            version: 1,
            attributes: BTreeMap::from([
                ("size", Attribute::required(Type::Number, "In MiB.").rule(Rule::Between(1, 9))),
                ("code", Attribute::optional(Type::String, "Its code.").artifact()),
                ("id", Attribute::computed(Type::String, "Its id.")),
            ]),
            data_bearing: false,
            recovery: RecoveryClass::Token,
            drain: Duration::ZERO,
            timeout: Duration::from_secs(1),
            unique: None,
            typical: Duration::ZERO,
        };
        let schema = ProviderSchema {
            name: "example",
            version: "0.1.0",
            config: BTreeMap::new(),
            resources: BTreeMap::from([("example_thing", kind)]),
            data: BTreeMap::new(),
        };
        let catalogue: Arc<dyn Catalogue> = Arc::new(Example(schema));
        Catalogues::new([catalogue])
    }

    #[test]
    fn each_kind_of_component_has_its_fields() {
        let schema = editor_schema(&catalogues());
        let kinds = schema["properties"]["component"]["additionalProperties"]["oneOf"].as_array().unwrap();
        let find = |kind: &str| kinds.iter().find(|it| it["properties"]["kind"]["const"] == json!(kind)).unwrap();
        assert_eq!(find("rest-api")["required"], json!(["kind", "source"]));
        assert_eq!(find("websocket")["required"], json!(["kind", "profile", "source"]));
        assert!(find("rest-api")["properties"].get("cors").is_some());
        assert!(find("websocket")["properties"].get("cors").is_none());
    }

    #[test]
    fn kinds_offer_what_may_be_set_and_nothing_else() {
        let schema = editor_schema(&catalogues());
        let thing = &schema["properties"]["resource"]["properties"]["example_thing"]["additionalProperties"];
        assert_eq!(thing["required"], json!(["size"]));
        assert_eq!(thing["additionalProperties"], json!(false));
        assert!(thing["properties"].get("id").is_none());
        assert_eq!(thing["properties"]["size"]["anyOf"][0], json!({ "type": "number", "minimum": 1, "maximum": 9 }));
        assert_eq!(thing["properties"]["size"]["anyOf"][1]["pattern"], json!(INTERPOLATION));
        assert!(thing["properties"].get("lifecycle").is_some());
        assert_eq!(thing["properties"]["code"]["anyOf"][0], json!({ "type": "string" }));
        let recipe = thing["properties"]["code"]["anyOf"][1]["properties"].as_object().unwrap();
        assert_eq!(recipe.keys().collect::<Vec<_>>(), crate::model::recipe::KEYS.iter().collect::<Vec<_>>());
    }
}

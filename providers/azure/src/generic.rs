//! `azure_resource`: any resource of any service, with the body that its API takes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::path::Path;
use siac_core::model::schema::{Attribute, KindSchema, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Fault, Planned, Verdict};

use crate::arm::{ResourceId, at, child, put, remove, split_type};
use crate::fields::Fields;
use crate::form::{from_json, to_json};
use crate::kind::{Evidence, Kind, Seen, Target, Task, Write, schema};
use crate::likeness::compared;

/// The kind.
pub struct AnyResource;

/// Parts of a document that are attributes of their own, or nobody's to set.
const NOT_BODY: [&str; 8] =
    ["id", "name", "type", "location", "tags", "etag", "systemData", "properties.provisioningState"];

/// The rule for types.
pub fn type_rule() -> Rule {
    Rule::Matches(
        r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+@[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?",
        "a type and its api-version, such as `Microsoft.Web/sites@2024-04-01`",
    )
}

impl Kind for AnyResource {
    fn schema(&self) -> KindSchema {
        let text = |description| Attribute::optional(Type::String, description);
        let flag = |description| Attribute::optional(Type::Bool, description).default(Value::Bool(false));
        let attributes = [
            ("type", Attribute::required(Type::String, "its type and the api-version to speak").rule(type_rule())),
            ("name", Attribute::required(Type::String, "its name").immutable()),
            (
                "parent",
                text("the id of what it is a part of: a resource group, another resource, or, when left out, the subscription")
                    .immutable(),
            ),
            ("location", text("the region, where the type has one").immutable()),
            (
                "body",
                Attribute::optional(Type::Any, "what its API takes: `properties`, `sku`, `kind`, `identity`; drift shows only in what stands here"),
            ),
            (
                "sensitive_body",
                Attribute::optional(Type::Any, "the part of the body that is secret; it is sent, never read, and never recorded")
                    .sensitive()
                    .write_only(),
            ),
            ("tags", Attribute::optional(Type::map(Type::String), "tags by key, besides the provider's `default_tags`")),
            (
                "taggable",
                Attribute::optional(Type::Bool, "whether the type has tags; such a resource is known as siac's by them")
                    .default(Value::Bool(true)),
            ),
            (
                "setting",
                flag("whether it always exists with its parent, so that it is only set and never deleted"),
            ),
            (
                "ignore",
                Attribute::optional(Type::set(Type::String), "places in the body whose drift does not matter, such as `properties.state`"),
            ),
            (
                "response_export_values",
                Attribute::optional(Type::map(Type::String), "what to tell as `output`: names, and places in what Azure shows"),
            ),
            (
                "update_method",
                text("how it is changed: put anew, read and put back with the changes, or only the changes sent")
                    .default(Value::string("put"))
                    .rule(Rule::OneOf(&["put", "merge", "patch"])),
            ),
            ("id", Attribute::computed(Type::String, "its id").stays()),
            ("output", Attribute::computed(Type::Any, "what `response_export_values` asks for")),
            ("tags_all", Attribute::computed(Type::map(Type::String), "all tags but siac's own marks").follows(&["tags"])),
        ];
        schema("any resource of any service of Azure", Duration::from_secs(10), attributes)
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = compared(schema, prior, desired);
        let place = Path::attribute("type");
        let is_another = prior.is_some_and(|prior| base_type(&prior.inputs) != base_type(&planned.inputs));
        if is_another && planned.changed.contains(&place) {
            planned.requires_replace.push(place);
            planned.verdict = Verdict::Replace;
            planned.outputs = Value::Map(BTreeMap::new());
        }
        planned
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for attribute in ["body", "sensitive_body"] {
            let Some(body) = desired.get(attribute).filter(|body| !body.is_null()) else { continue };
            if !matches!(body, Value::Map(_) | Value::Hole(_)) {
                let detail = format!("`{attribute}` is a {}", body.type_name());
                problems.push(Diagnostic::error("not-a-body", "a body is an object", detail).help("write a table"));
            }
            for own in ["name", "location", "tags", "id", "type"].iter().filter(|own| body.get(own).is_some()) {
                let detail = format!("`{own}` stands in `{attribute}`");
                let problem = Diagnostic::error("misplaced-attribute", "an attribute stands in the body", detail);
                problems.push(problem.help(format!("set `{own}` beside the body")));
            }
        }
        let is_set = |name: &str| desired.get(name).and_then(Partial::as_bool) == Some(true);
        let has_tags = desired.get("tags").is_some_and(|tags| !tags.is_null());
        if has_tags && (is_set("setting") || desired.get("taggable").and_then(Partial::as_bool) == Some(false)) {
            let detail = "`tags` are set, and the resource is said to have none";
            problems.push(Diagnostic::error("tags-without-place", "tags have no place", detail).help("remove `tags`"));
        }
        problems
    }

    fn target(&self, task: &Task<'_>) -> Result<Target, Fault> {
        let (ty, api) = typed(task.inputs)?;
        let parent = match task.inputs.text("parent") {
            Some(parent) => ResourceId::parse(parent)?,
            None => ResourceId::subscription(&task.azure.subscription)?,
        };
        Ok(Target { id: ResourceId::below(&parent, ty, task.inputs.need("name")?)?, api: api.to_owned() })
    }

    fn remembered(&self, remote: &str, object: Option<&Object>) -> Result<Target, Fault> {
        let id = ResourceId::parse(remote)?;
        let ty = object.and_then(|object| object.inputs.get("type")).and_then(Partial::as_str);
        match ty.and_then(split_type) {
            Some((_, api)) => Ok(Target { id, api: api.to_owned() }),
            None => {
                Err(Fault::rejected(format!("the record of {id} names no api-version; forget it and import it anew")))
            }
        }
    }

    fn imported(&self, id: &str) -> Result<Target, Fault> {
        let form = || {
            Fault::rejected(format!(
                "`{id}` has no api-version; write `ID@API-VERSION`, as in `/subscriptions/…/sites/app@2024-04-01`"
            ))
        };
        let (id, api) = id.rsplit_once('@').ok_or_else(form)?;
        Ok(Target { id: ResourceId::parse(id)?, api: api.to_owned() })
    }

    fn evidence(&self, inputs: Option<Fields<'_>>) -> Evidence {
        let is = |name: &str| inputs.and_then(|inputs| inputs.get(name)).and_then(Known::as_bool);
        match (is("setting"), is("taggable")) {
            (Some(true), _) => Evidence::Setting,
            (_, Some(false)) => Evidence::Absence,
            _ => Evidence::Tags,
        }
    }

    fn write(&self, inputs: Fields<'_>) -> Write {
        match inputs.text("update_method") {
            Some("merge") => Write::Merge,
            Some("patch") => Write::Patch,
            _ => Write::Put,
        }
    }

    fn body(&self, task: &Task<'_>) -> Result<Json, Fault> {
        let mut body = Json::Object(serde_json::Map::new());
        for part in ["body", "sensitive_body"] {
            if let Some(value) = task.inputs.get(part) {
                lay_over(&mut body, to_json(value, &Type::Any));
            }
        }
        if let Some(location) = task.inputs.text("location") {
            put(&mut body, "location", Json::String(location.to_owned()));
        }
        Ok(body)
    }

    fn seen(&self, document: &Json, inputs: Option<&Partial>) -> Seen {
        let mut seen = Seen::default();
        let id = child(document, "id").and_then(Json::as_str).and_then(|id| ResourceId::parse(id).ok());
        let mut body = document.clone();
        NOT_BODY.iter().for_each(|path| remove(&mut body, path));
        let ignored = inputs.and_then(|inputs| inputs.get("ignore")).and_then(Partial::as_list).unwrap_or_default();
        let body = from_json(&body, &Type::Any);
        let body = ignored.iter().filter_map(Partial::as_str).fold(body, |body, path| as_sent(body, path, inputs));
        seen.inputs.insert("body".to_owned(), Some(body));
        let location = at(document, "location").map(|location| from_json(location, &Type::String));
        seen.inputs.insert("location".to_owned(), location);
        if let Some(inputs) = inputs {
            seen.outputs.insert("output".to_owned(), exported(document, inputs));
        }
        seen.outputs.extend(id.map(|id| ("id".to_owned(), Value::string(id.as_str()))));
        seen
    }

    fn identity(&self, target: &Target) -> BTreeMap<String, Known> {
        let Target { id, api } = target;
        let mut told = BTreeMap::from([
            ("type".to_owned(), Value::string(format!("{}@{api}", id.resource_type()))),
            ("name".to_owned(), Value::string(id.name())),
        ]);
        let is_more = |parent: &ResourceId| parent.as_str().matches('/').count() > 2;
        if let Some(parent) = id.parent().filter(is_more) {
            told.insert("parent".to_owned(), Value::string(parent.as_str()));
        }
        told
    }
}

/// What `response_export_values` asks for.
fn exported(document: &Json, inputs: &Partial) -> Known {
    let wanted = inputs.get("response_export_values").and_then(Partial::as_map);
    let value = |(name, place): (&String, &Partial)| {
        let found = at(document, place.as_str()?).map(|json| from_json(json, &Type::Any));
        Some((name.clone(), found.unwrap_or_default()))
    };
    Value::Map(wanted.into_iter().flatten().filter_map(value).collect())
}

/// The body with what was sent in place of what is shown.
fn as_sent(body: Known, path: &str, inputs: Option<&Partial>) -> Known {
    let mut place = vec!["body"];
    place.extend(path.split('.'));
    let sent = place.iter().try_fold(inputs, |value, key| Some(value?.get(key)));
    match sent.flatten().and_then(Partial::close) {
        Some(sent) => replaced(body, &place[1..], sent),
        None => body,
    }
}

fn replaced(value: Known, path: &[&str], with: Known) -> Known {
    let Some((first, rest)) = path.split_first() else { return with };
    let mut entries = match value {
        Value::Map(entries) => entries,
        _ => BTreeMap::new(),
    };
    let inner = entries.remove(*first).unwrap_or_default();
    entries.insert((*first).to_owned(), replaced(inner, rest, with));
    Value::Map(entries)
}

/// One body over another, part by part.
fn lay_over(body: &mut Json, upper: Json) {
    match (body, upper) {
        (Json::Object(entries), Json::Object(upper)) => {
            for (key, value) in upper {
                lay_over(entries.entry(key).or_insert(Json::Null), value);
            }
        }
        (body, upper) => *body = upper,
    }
}

fn typed<'a>(inputs: Fields<'a>) -> Result<(&'a str, &'a str), Fault> {
    let text = inputs.need("type")?;
    split_type(text).ok_or_else(|| Fault::rejected(format!("`{text}` names no api-version; write `TYPE@API-VERSION`")))
}

fn base_type(inputs: &Partial) -> Option<String> {
    split_type(inputs.get("type")?.as_str()?).map(|(ty, _)| ty.to_ascii_lowercase())
}

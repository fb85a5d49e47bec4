//! `aws_resource`: any type of CloudFormation's registry.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use siac_core::model::path::{Path, Segment};
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Fault, Planned, Verdict};

use super::document::{all_at, from_json, lay_over, patch, projected, remove, stands_at, steps, to_json};
use super::published::{Facts, SOURCE, TagPlace};
use super::requests::{self, Place, WORKING};
use crate::account::Account;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::Seen;

/// The kind. siac knows it by `TYPE|IDENTIFIER`.
pub struct AnyResource;

#[async_trait]
impl Kind for AnyResource {
    fn describe(&self) -> Described {
        Described::new(
            "any resource of a type that CloudFormation knows, through the Cloud Control API",
            RecoveryClass::Token,
            attributes(),
        )
        .tagged()
        .settles(Duration::from_secs(20), WORKING)
        .imported_by("`TYPE|IDENTIFIER`, such as `AWS::SQS::Queue|https://…`")
        .needs(&[
            "cloudformation:CreateResource",
            "cloudformation:DeleteResource",
            "cloudformation:GetResource",
            "cloudformation:GetResourceRequestStatus",
            "cloudformation:ListResources",
            "cloudformation:UpdateResource",
        ])
    }

    /// As the schema of the kind says, and that of the type: what is fixed once it is made needs another resource.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        let Some(prior) = prior.filter(|_| planned.verdict == Verdict::Update) else { return planned };
        let facts = facts_of(&planned.inputs).ok().flatten().unwrap_or_default();
        let differs = |state: &str, place: &String| {
            let (before, after) = (prior.inputs.get(state), planned.inputs.get(state));
            // What the stack leaves open stays as it is.
            let after = all_at(after, &steps(place));
            !after.is_empty() && after != all_at(before, &steps(place))
        };
        let states = ["desired_state", "write_only_state"];
        let fixed = states.iter().flat_map(|state| {
            facts
                .fixed
                .iter()
                .filter(|place| differs(state, place))
                .map(|place| path_of(state, place))
                .collect::<Vec<_>>()
        });
        let fixed: Vec<Path> = fixed.collect();
        if !fixed.is_empty() {
            planned.requires_replace.extend(fixed);
            planned.verdict = Verdict::Replace;
            planned.outputs = Value::Map(BTreeMap::new());
        }
        planned
    }

    fn validate(&self, check: &mut Check<'_>) {
        for state in ["desired_state", "write_only_state"] {
            let value = check.get(state);
            if value.is_some_and(|value| !matches!(value, Value::Map(_) | Value::Hole(_))) {
                check.refuse(format!("`{state}` is no object"), "write a table of properties");
            }
        }
        match facts_of(check.wish) {
            Err(why) => check.refuse(why, "give the schema as CloudFormation publishes it, with `file(…)`"),
            Ok(Some(facts)) => refuse_misplaced(check, &facts),
            Ok(None) => {
                if let Some(name) = check.text("type_name").filter(|_| !check.has("schema")) {
                    let (name, file) = (name.to_owned(), name.replace("::", "-").to_lowercase());
                    check.refuse(
                        format!("siac does not know the schema of `{name}`"),
                        format!("save {SOURCE}/{file}.json beside the stack, and set `schema = \"${{file(\"{file}.json\")}}\"`"),
                    );
                }
            }
        }
    }

    /// What carries the mark of the call. Asked for only when the call cannot be repeated as it was.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (ty, role) = (task.inputs.need("type_name")?, task.inputs.text("role_arn"));
        let facts = facts(task.inputs)?;
        let Some(tags) = &facts.tags else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (id, listed) in requests::listed(task.aws, ty).await? {
            // Many types list no more than what identifies them.
            let whole = match listed.contains_key(&tags.property) {
                true => Some(listed),
                false => requests::shown(task.aws, Place { ty, id: &id, role }).await?,
            };
            let is_ours = |(key, value): &(String, String)| key == "siac-op" && *value == task.token();
            if whole.is_some_and(|whole| tags.read(&whole).iter().any(is_ours)) {
                found.push(format!("{ty}|{id}"));
            }
        }
        Ok(found)
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let place = place(remote, remembered)?;
        let Some(shown) = requests::shown(aws, place).await? else { return Ok(None) };
        let facts = match remembered {
            Some(object) => facts_of(&object.inputs).ok().flatten(),
            None => Facts::of_type(place.ty),
        };
        Ok(Some(seen(place, shown, &facts.unwrap_or_default(), remembered)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (ty, role) = (task.inputs.need("type_name")?, task.inputs.text("role_arn"));
        let facts = facts(task.inputs)?;
        let mut body = wanted(task.inputs);
        lay_over(&mut body, written(task.inputs, "write_only_state"));
        if let Some(tags) = &facts.tags {
            body.insert(tags.property.clone(), tags.written(task.tags()));
        }
        let made = requests::create(task, ty, role, &body).await;
        let id = made.map_err(|failure| taken(task, ty, failure))?;
        Ok(format!("{ty}|{id}"))
    }

    async fn resumed(&self, task: &Task<'_>, saved: &str) -> Result<String, Failure> {
        if !requests::is_request(saved) {
            return Ok(saved.to_owned());
        }
        match requests::resumed(task, saved).await? {
            Some(id) => Ok(format!("{}|{id}", task.inputs.need("type_name")?)),
            None => self.make(task).await,
        }
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let place = place(remote, task.object)?;
        let facts = facts(task.inputs)?;
        let gone = || Fault::rejected(format!("`{remote}` is gone; plan again"));
        let shown = requests::shown(task.aws, place).await?.ok_or_else(gone)?;
        let before = task.object.and_then(|object| object.inputs.get("desired_state"));
        let before = before.map(names_only).unwrap_or_default();
        let mut steps = patch(&shown, &wanted(task.inputs), &before);
        steps.retain(|step| !takes_away_fixed(step, &facts));
        steps.extend(facts.tags.as_ref().and_then(|tags| retagged(task, tags, seen)));
        // What AWS does not show is kept only when it is said again. Source: "Updating a resource" in the Cloud Control API User Guide.
        let hidden = written(task.inputs, "write_only_state");
        steps.extend(patch(&Map::new(), &hidden, &Map::new()));
        requests::update(task, place, steps).await
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        requests::delete(aws, place(remote, Some(object))?).await
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "type_name",
            // `TypeName` in the Cloud Control service model.
            Attribute::required(Type::String, "its type, such as `AWS::SQS::Queue`").immutable().rule(Rule::Matches(
                "[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}",
                "a type such as `AWS::SQS::Queue`",
            )),
        ),
        (
            "desired_state",
            Attribute::required(
                Type::Any,
                "its properties, named as in CloudFormation; drift shows only in what stands here",
            ),
        ),
        (
            "write_only_state",
            Attribute::optional(Type::Any, "the properties that AWS takes and never shows, such as passwords")
                .write_only(),
        ),
        (
            "schema",
            Attribute::optional(
                Type::String,
                "the schema of the type as CloudFormation publishes it, for types that siac does not know",
            )
            .write_only(),
        ),
        (
            "role_arn",
            Attribute::optional(Type::String, "a role for Cloud Control to act as").rule(limits::arn()).write_only(),
        ),
        ("identifier", Attribute::computed(Type::String, "what Cloud Control calls it").stays()),
        ("properties", Attribute::computed(Type::Any, "the properties that AWS decides, by name")),
    ]
}

/// What is known of the type of a wish: `None` when nothing is.
fn facts_of(wish: &Partial) -> Result<Option<Facts>, String> {
    let text = |name: &str| wish.get(name).and_then(Partial::as_str);
    match (text("type_name"), text("schema")) {
        (Some(name), Some(schema)) => Facts::of_schema(name, schema).map(Some),
        (Some(name), None) => Ok(Facts::of_type(name)),
        _ => Ok(None),
    }
}

fn facts(inputs: Fields<'_>) -> Result<Facts, Fault> {
    let name = inputs.need("type_name")?;
    match inputs.text("schema") {
        Some(schema) => Facts::of_schema(name, schema).map_err(Fault::rejected),
        None => Facts::of_type(name)
            .ok_or_else(|| Fault::rejected(format!("siac does not know the schema of `{name}`; set `schema`"))),
    }
}

/// What stands where AWS would refuse it, or siac would lose sight of it.
fn refuse_misplaced(check: &mut Check<'_>, facts: &Facts) {
    let stands = |state: &str, place: &String| check.get(state).is_some_and(|value| stands_at(value, &steps(place)));
    let mut wrong: Vec<(String, String)> = Vec::new();
    for place in facts.decided.iter().filter(|place| stands("desired_state", place)) {
        wrong.push((format!("AWS alone decides `{place}`"), "remove it from `desired_state`".to_owned()));
    }
    for place in facts.hidden.iter().filter(|place| stands("desired_state", place)) {
        wrong.push((format!("AWS never shows `{place}`"), "set it in `write_only_state`".to_owned()));
    }
    match &facts.tags {
        Some(tags) if stands("desired_state", &tags.property) => {
            wrong.push((format!("`{}` stands in `desired_state`", tags.property), "set `tags` beside it".to_owned()));
        }
        None if check.has("tags") => wrong.push(("the type takes no tags".to_owned(), "remove `tags`".to_owned())),
        _ => {}
    }
    let hidden = check.get("write_only_state").and_then(Partial::as_map);
    let is_hidden = |name: &String| facts.hidden.iter().any(|place| steps(place)[0] == name.as_str());
    for name in hidden.into_iter().flat_map(BTreeMap::keys).filter(|name| !is_hidden(name)) {
        wrong.push((format!("AWS shows `{name}`"), "set it in `desired_state`".to_owned()));
    }
    wrong.into_iter().for_each(|(detail, help)| check.refuse(detail, help));
}

fn path_of(state: &str, place: &str) -> Path {
    let before = steps(place).into_iter().take_while(|step| *step != "*");
    Path(std::iter::once(state).chain(before).map(|step| Segment::Key(step.to_owned())).collect())
}

fn place<'a>(remote: &'a str, object: Option<&'a Object>) -> Result<Place<'a>, Fault> {
    let (ty, id) = remote.split_once('|').ok_or_else(|| {
        Fault::rejected(format!("`{remote}` is not `TYPE|IDENTIFIER`, such as `AWS::SQS::Queue|https://…`"))
    })?;
    let role = object.and_then(|object| object.inputs.get("role_arn")).and_then(Partial::as_str);
    Ok(Place { ty, id, role })
}

fn written(inputs: Fields<'_>, state: &str) -> Map<String, Json> {
    let json = inputs.get(state).map(to_json);
    json.and_then(|json| json.as_object().cloned()).unwrap_or_default()
}

fn wanted(inputs: Fields<'_>) -> Map<String, Json> {
    written(inputs, "desired_state")
}

/// The names of a document, to know what was wanted before; what it hides stays hidden.
fn names_only(value: &Partial) -> Map<String, Json> {
    let entries = value.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let inner = |value: &Partial| if value.as_map().is_some() { Json::Object(names_only(value)) } else { Json::Null };
    entries.map(|(name, value)| (name.clone(), inner(value))).collect()
}

fn seen(place: Place<'_>, shown: Map<String, Json>, facts: &Facts, remembered: Option<&Object>) -> Seen {
    let tags = facts.tags.as_ref().map(|tags| tags.read(&shown));
    let mut settable = Json::Object(shown.clone());
    let own = facts.decided.iter().map(String::as_str).chain(facts.tags.iter().map(|tags| tags.property.as_str()));
    own.for_each(|place| remove(&mut settable, &steps(place)));
    let before = remembered.and_then(|object| object.inputs.get("desired_state"));
    let state = before.map_or_else(|| fixed_part(&settable, facts), |before| projected(before, &settable));
    let decided = |(name, _): &(&String, &Json)| facts.decided.iter().any(|place| steps(place)[0] == name.as_str());
    let decided = shown.iter().filter(decided).map(|(name, value)| (name.clone(), from_json(value)));
    let seen = Seen::new()
        .input("type_name", place.ty)
        .input("desired_state", state)
        .output("id", place.id)
        .output("identifier", place.id)
        .output("properties", Value::Map(decided.collect()));
    match tags {
        Some(tags) => seen.tags(tags),
        None => seen,
    }
}

/// Whether a step takes away what cannot be changed: what the stack no longer says of that stays.
fn takes_away_fixed(step: &Json, facts: &Facts) -> bool {
    let path = step["path"].as_str().unwrap_or_default();
    step["op"] == "remove" && facts.fixed.iter().any(|place| path.strip_prefix('/') == Some(place))
}

/// What is told of something that is adopted: what is fixed of it. Of the rest nobody knows what the stack will want.
fn fixed_part(shown: &Json, facts: &Facts) -> Known {
    let is_fixed = |name: &str| facts.fixed.iter().any(|place| steps(place)[0] == name);
    let entries = shown.as_object().into_iter().flatten().filter(|(name, _)| is_fixed(name));
    Value::Map(entries.map(|(name, value)| (name.clone(), from_json(value))).collect())
}

/// The patch that puts the tags as they are wanted. Tags that begin with `aws:` are not ours to send.
fn retagged(task: &Task<'_>, place: &TagPlace, seen: &Seen) -> Option<Json> {
    let retagging = task.retagging(seen);
    if retagging.is_empty() {
        return None;
    }
    let mut tags = seen.tags.clone().unwrap_or_default();
    tags.retain(|key, _| !key.starts_with("aws:") && !retagging.removed.contains(key));
    tags.extend(retagging.set);
    Some(serde_json::json!({ "op": "add", "path": format!("/{}", place.property), "value": place.written(tags) }))
}

/// What has the identifier already is not ours: a repeated call is known by its token.
fn taken(task: &Task<'_>, ty: &str, failure: Failure) -> Failure {
    if !failure.says_exists() {
        return failure;
    }
    let (why, address) = (failure.why(), &task.call.address);
    Fault::rejected(format!(
        "{why}; choose another name, or adopt it: [[import]] to = \"{address}\", id = \"{ty}|IDENTIFIER\""
    ))
    .into()
}

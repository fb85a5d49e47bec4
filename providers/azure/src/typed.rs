//! Kinds that are tables: which attribute stands where in which document.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::path::Path;
use siac_core::model::schema::{Attribute, KindSchema, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::{Field, Type};
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Fault, Planned, Verdict};

use crate::arm::{Failure, Method, Request, ResourceId, at, child, put};
use crate::fields::Fields;
use crate::form::{from_json, to_json};
use crate::kind::{Evidence, Kind, Occasion, Seen, Target, Task, Write, schema};
use crate::likeness::compared;

/// One attribute, and its place in the document.
pub struct Part {
    name: &'static str,
    attribute: Attribute,
    place: &'static str,
    form: Form,
}

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

impl Part {
    /// An attribute that stands at this place as it is.
    pub fn new(name: &'static str, place: &'static str, attribute: Attribute) -> Self {
        Self { name, attribute, place, form: PLAIN }
    }

    /// In another form.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

/// A text that must be set.
pub fn needed(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::required(Type::String, description))
}

/// A text that may be set.
pub fn text(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::String, description))
}

/// A text that the service decides when it is not set.
pub fn open_text(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional_computed(Type::String, description))
}

/// A text with a default.
pub fn usually(name: &'static str, place: &'static str, default: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::String, description).default(Value::string(default)))
}

/// A truth value with a default.
pub fn flag(name: &'static str, place: &'static str, default: bool, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::Bool, description).default(Value::Bool(default)))
}

/// An integer within bounds, which the service decides when it is not set.
pub fn number(name: &'static str, place: &'static str, least: i64, most: i64, description: &'static str) -> Part {
    let attribute = Attribute::optional_computed(Type::Number, description).rule(Rule::Between(least, most));
    Part::new(name, place, attribute)
}

/// An object, or a list or map, that may be set.
pub fn some(name: &'static str, place: &'static str, ty: Type, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(ty, description))
}

/// The identity of a resource.
pub fn identity() -> Part {
    let ty = object(&[("type", Type::String, true), ("identity_ids", Type::set(Type::String), false)]);
    let description = "who it is: `type` is SystemAssigned, UserAssigned or `SystemAssigned, UserAssigned`, with the ids of the assigned ones";
    some("identity", "identity", ty, description).form(IDENTITY)
}

impl Part {
    /// One of these texts.
    #[must_use]
    pub fn one_of(mut self, texts: &'static [&'static str]) -> Self {
        self.attribute = self.attribute.rule(Rule::OneOf(texts));
        self
    }

    /// Of this form, which the second text says in words.
    #[must_use]
    pub fn matches(mut self, pattern: &'static str, words: &'static str) -> Self {
        self.attribute = self.attribute.rule(Rule::Matches(pattern, words));
        self
    }

    /// An integer that is this when it is not set.
    #[must_use]
    pub fn default_number(mut self, number: i64) -> Self {
        self.attribute.presence = siac_core::model::schema::Presence::Optional;
        self.attribute = self.attribute.default(Value::number(number));
        self
    }

    /// A change needs a new object.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.attribute = self.attribute.immutable();
        self
    }

    /// Never shown, and never read back.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.attribute = self.attribute.sensitive().write_only();
        self
    }
}

/// An object type from its fields: name, type, whether it must be set.
pub fn object(fields: &[(&str, Type, bool)]) -> Type {
    let field =
        |(name, ty, needed): &(&str, Type, bool)| ((*name).to_owned(), Field { ty: ty.clone(), optional: !needed });
    Type::Object(fields.iter().map(field).collect())
}

/// Where a kind's resources stand.
#[derive(Clone, Copy)]
enum Place {
    /// In the subscription.
    Subscription,
    /// In a resource group that `resource_group_name` names.
    Group,
    /// In the resource whose id an attribute holds, or further down in what always exists in it.
    Below { attribute: &'static str, via: &'static str },
    /// On any scope; the name is made by the kind.
    Scope,
}

/// A computed attribute, and its place in the document.
struct Shown {
    name: &'static str,
    place: &'static str,
    ty: Type,
}

/// Keys, which an action answers with.
struct Keys {
    action: &'static str,
    /// The attribute that says whether there are keys to ask for; always when empty.
    when: &'static str,
    /// Attributes, and their places in the answer.
    outputs: Vec<(&'static str, &'static str)>,
}

/// A kind that is a table.
pub struct Typed {
    ty: &'static str,
    api: &'static str,
    schema: KindSchema,
    place: Place,
    name: &'static str,
    parts: Vec<Part>,
    shown: Vec<Shown>,
    fixed: Vec<(&'static str, Json)>,
    keys: Option<Keys>,
    evidence: Evidence,
    write: Write,
    has_etags: bool,
    special: Box<dyn Special>,
}

/// What a kind does that no table says. Every question has an answer that does nothing.
#[async_trait]
pub trait Special: Send + Sync {
    /// What is wrong with a wish beyond its schema.
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let _ = (desired, problems);
    }

    /// The attributes whose change needs a new object, among those that changed.
    fn replaces(&self, prior: &Partial, inputs: &Partial) -> Vec<&'static str> {
        let _ = (prior, inputs);
        Vec::new()
    }

    /// The name, for kinds that make it.
    ///
    /// # Errors
    /// When the attributes do not say it.
    fn name(&self, task: &Task<'_>) -> Result<Option<String>, Fault> {
        let _ = task;
        Ok(None)
    }

    /// Adds to the document what depends on more than one attribute.
    ///
    /// # Errors
    /// When the attributes make none.
    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        let _ = (task, document);
        Ok(())
    }

    /// As [`Kind::prepare`].
    ///
    /// # Errors
    /// When it cannot be made.
    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let _ = (task, target);
        Ok(None)
    }

    /// As [`Kind::settle`].
    ///
    /// # Errors
    /// When it does not succeed.
    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// As [`Kind::complete`].
    ///
    /// # Errors
    /// When it cannot be had.
    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let _ = (task, target, seen);
        Ok(())
    }

    /// As [`Kind::spare`].
    ///
    /// # Errors
    /// When it must not be deleted.
    async fn spare(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// Deletes it in another way than by ARM; whether it did.
    ///
    /// # Errors
    /// When it does not succeed.
    async fn delete(&self, task: &Task<'_>, target: &Target) -> Result<bool, Fault> {
        let _ = (task, target);
        Ok(false)
    }

    /// As [`Kind::bury`].
    ///
    /// # Errors
    /// When it does not succeed.
    async fn bury(&self, task: &Task<'_>, target: &Target, document: Option<&Json>) -> Result<(), Fault> {
        let _ = (task, target, document);
        Ok(())
    }

    /// As [`Kind::awaits`].
    fn awaits(&self, failure: &Failure) -> bool {
        let _ = failure;
        false
    }
}

/// Nothing special.
struct Nothing;

impl Special for Nothing {}

/// What most resources are usually made in. A judgement, refined by measurement.
const USUALLY: Duration = Duration::from_secs(5);

impl Typed {
    /// A kind of resources of this type, `TYPE@API-VERSION`, in a resource group.
    pub fn of(ty: &'static str, description: &'static str) -> Self {
        let (ty, api) = ty.split_once('@').unwrap_or((ty, ""));
        let id = Attribute::computed(Type::String, "its id").stays();
        Self {
            ty,
            api,
            schema: schema(description, USUALLY, [("id", id)]),
            place: Place::Group,
            name: "name",
            parts: Vec::new(),
            shown: Vec::new(),
            fixed: Vec::new(),
            keys: None,
            evidence: Evidence::Absence,
            write: Write::Merge,
            has_etags: false,
            special: Box::new(Nothing),
        }
    }

    /// With a name of this form, in a resource group.
    #[must_use]
    pub fn in_group(mut self, pattern: &'static str, words: &'static str) -> Self {
        let group = Attribute::required(Type::String, "the name of the resource group, or its id");
        self.schema.attributes.insert("resource_group_name", group.immutable());
        self.named(pattern, words)
    }

    /// With a name of this form, in the subscription.
    #[must_use]
    pub fn in_subscription(mut self, pattern: &'static str, words: &'static str) -> Self {
        self.place = Place::Subscription;
        self.named(pattern, words)
    }

    /// With a name of this form, as a part of the resource whose id an attribute holds.
    #[must_use]
    pub fn below(
        mut self,
        attribute: &'static str,
        via: &'static str,
        pattern: &'static str,
        words: &'static str,
    ) -> Self {
        self.place = Place::Below { attribute, via };
        let parent = Attribute::required(Type::String, "the id of what it is a part of");
        self.schema.attributes.insert(attribute, parent.immutable());
        self.named(pattern, words)
    }

    /// On any scope, with a name that is made.
    #[must_use]
    pub fn on_scope(mut self) -> Self {
        self.place = Place::Scope;
        let scope =
            Attribute::required(Type::String, "the id of what it is about: a subscription, a group or a resource");
        self.schema.attributes.insert("scope", scope.immutable());
        self
    }

    fn named(mut self, pattern: &'static str, words: &'static str) -> Self {
        let name = Attribute::required(Type::String, words).immutable().rule(Rule::Matches(pattern, words));
        self.schema.attributes.insert(self.name, name);
        self.schema.unique = Some(self.name);
        self
    }

    /// With a region.
    #[must_use]
    pub fn located(self) -> Self {
        self.part(needed("location", "location", "the region, such as `westeurope`").immutable())
    }

    /// With tags of its own, which also mark it as siac's.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.evidence = Evidence::Tags;
        let tags = Attribute::optional(Type::map(Type::String), "tags by key, besides the provider's `default_tags`");
        let all = Attribute::computed(Type::map(Type::String), "all tags but siac's own marks").follows(&["tags"]);
        self.schema.attributes.extend([("tags", tags), ("tags_all", all)]);
        self
    }

    /// With an attribute that stands in the document.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.schema.attributes.insert(part.name, part.attribute.clone());
        self.parts.push(part);
        self
    }

    /// With an attribute that does not stand in the document.
    #[must_use]
    pub fn aside(mut self, name: &'static str, attribute: Attribute) -> Self {
        self.schema.attributes.insert(name, attribute);
        self
    }

    /// With something in every document that no attribute says.
    #[must_use]
    pub fn fixed(mut self, place: &'static str, value: Json) -> Self {
        self.fixed.push((place, value));
        self
    }

    /// With a text that the service decides, once.
    #[must_use]
    pub fn shows(self, name: &'static str, place: &'static str, description: &'static str) -> Self {
        self.shows_as(name, place, Attribute::computed(Type::String, description).stays())
    }

    /// With something that the service decides.
    #[must_use]
    pub fn shows_as(mut self, name: &'static str, place: &'static str, attribute: Attribute) -> Self {
        self.shown.push(Shown { name, place, ty: attribute.ty.clone() });
        self.schema.attributes.insert(name, attribute);
        self
    }

    /// With keys, which an action tells where an attribute is true.
    #[must_use]
    pub fn keys(
        mut self,
        action: &'static str,
        when: &'static str,
        outputs: &[(&'static str, &'static str, &'static str)],
    ) -> Self {
        for (name, _, description) in outputs {
            let attribute = Attribute::computed(Type::String, description).sensitive();
            let attribute = if when.is_empty() { attribute.stays() } else { attribute };
            self.schema.attributes.insert(name, attribute);
        }
        let outputs = outputs.iter().map(|(name, place, _)| (*name, *place)).collect();
        self.keys = Some(Keys { action, when, outputs });
        self
    }

    /// Changed in this way.
    #[must_use]
    pub fn written(mut self, write: Write) -> Self {
        self.write = write;
        self
    }

    /// Honouring ETags.
    #[must_use]
    pub fn etags(mut self) -> Self {
        self.has_etags = true;
        self
    }

    /// Usually taking so many seconds.
    #[must_use]
    pub fn takes(mut self, seconds: u64) -> Self {
        self.schema.typical = Duration::from_secs(seconds);
        self
    }

    /// Holding data that siac cannot restore.
    #[must_use]
    pub fn holds_data(mut self) -> Self {
        self.schema.data_bearing = true;
        self
    }

    /// With what no table says.
    #[must_use]
    pub fn special(mut self, special: impl Special + 'static) -> Self {
        self.special = Box::new(special);
        self
    }

    fn parent(&self, task: &Task<'_>) -> Result<ResourceId, Fault> {
        let subscription = || ResourceId::subscription(&task.azure.subscription);
        match self.place {
            Place::Subscription => subscription(),
            Place::Group => match task.inputs.need("resource_group_name")? {
                id if id.starts_with('/') => ResourceId::parse(id),
                name => ResourceId::parse(&format!("{}/resourceGroups/{name}", subscription()?)),
            },
            Place::Below { attribute, via } => {
                let parent = task.inputs.need(attribute)?;
                ResourceId::parse(&if via.is_empty() { parent.to_owned() } else { format!("{parent}/{via}") })
            }
            Place::Scope => ResourceId::parse(task.inputs.need("scope")?),
        }
    }
}

#[async_trait]
impl Kind for Typed {
    fn schema(&self) -> KindSchema {
        self.schema.clone()
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = compared(schema, prior, desired);
        let Some(prior) = prior.filter(|_| planned.verdict == Verdict::Update) else { return planned };
        let replaced = self.special.replaces(&prior.inputs, &planned.inputs);
        let places = replaced.into_iter().map(Path::attribute);
        let changed: Vec<Path> = places.filter(|place| planned.changed.iter().any(|it| place.covers(it))).collect();
        if !changed.is_empty() {
            planned.requires_replace.extend(changed);
            planned.verdict = Verdict::Replace;
            planned.outputs = Value::Map(BTreeMap::new());
        }
        planned
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let mut problems = Diagnostics::new();
        self.special.validate(desired, &mut problems);
        problems
    }

    fn target(&self, task: &Task<'_>) -> Result<Target, Fault> {
        let parent = self.parent(task)?;
        let made = self.special.name(task)?;
        let name = match &made {
            Some(made) => made,
            None => task.inputs.need(self.name)?,
        };
        Ok(Target { id: ResourceId::below(&parent, self.ty, name)?, api: self.api.to_owned() })
    }

    fn remembered(&self, remote: &str, _: Option<&Object>) -> Result<Target, Fault> {
        Ok(Target { id: ResourceId::parse(remote)?, api: self.api.to_owned() })
    }

    fn imported(&self, id: &str) -> Result<Target, Fault> {
        let target = self.remembered(id, None)?;
        let ty = target.id.resource_type();
        match ty.eq_ignore_ascii_case(self.ty) {
            true => Ok(target),
            false => Err(Fault::rejected(format!("{id} is a {ty}, and a {} is wanted", self.ty))),
        }
    }

    fn evidence(&self, _: Option<Fields<'_>>) -> Evidence {
        self.evidence
    }

    fn write(&self, _: Fields<'_>) -> Write {
        self.write
    }

    fn has_etags(&self) -> bool {
        self.has_etags
    }

    fn body(&self, task: &Task<'_>) -> Result<Json, Fault> {
        let mut document = json!({});
        for (place, value) in &self.fixed {
            put(&mut document, place, value.clone());
        }
        for part in &self.parts {
            let written = task.inputs.get(part.name).map(|value| (part.form.to)(value, &part.attribute.ty));
            if let Some(value) = written.filter(|value| !value.is_null()) {
                put(&mut document, part.place, value);
            }
        }
        self.special.shape(task, &mut document)?;
        Ok(document)
    }

    fn seen(&self, document: &Json, _: Option<&Partial>) -> Seen {
        let mut seen = Seen::default();
        for part in &self.parts {
            let shown = at(document, part.place).map(|json| (part.form.from)(json, &part.attribute.ty));
            seen.inputs.insert(part.name.to_owned(), shown.filter(|value| !value.is_null()));
        }
        for shown in &self.shown {
            let value = at(document, shown.place).map_or(Value::Null, |json| from_json(json, &shown.ty));
            seen.outputs.insert(shown.name.to_owned(), value);
        }
        if let Some(id) = child(document, "id").and_then(Json::as_str) {
            seen.outputs.insert("id".to_owned(), Value::string(id));
        }
        seen
    }

    fn identity(&self, target: &Target) -> BTreeMap<String, Known> {
        let mut told = BTreeMap::new();
        let mut tell = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|_| self.schema.attributes.contains_key(name)) {
                told.insert(name.to_owned(), Value::string(value));
            }
        };
        if !matches!(self.place, Place::Scope) {
            tell(self.name, Some(target.id.name()));
        }
        let parent = target.id.parent();
        match self.place {
            Place::Group => tell("resource_group_name", parent.as_ref().map(ResourceId::name)),
            Place::Below { attribute, via } => {
                let above = parent.as_ref().map(ResourceId::as_str);
                let cut = |text: &str| text[..text.len().saturating_sub(via.len())].trim_end_matches('/').to_owned();
                tell(attribute, above.map(cut).as_deref());
            }
            Place::Scope => tell("scope", parent.as_ref().map(ResourceId::as_str)),
            Place::Subscription => {}
        }
        told
    }

    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        self.special.prepare(task, target).await
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        self.special.settle(task, target).await
    }

    async fn complete(
        &self,
        task: &Task<'_>,
        target: &Target,
        occasion: Occasion,
        seen: &mut Seen,
    ) -> Result<(), Fault> {
        self.special.complete(task, target, seen).await?;
        let Some(keys) = self.keys.as_ref().filter(|_| occasion == Occasion::Written) else { return Ok(()) };
        // Keys are secrets: a service that has none, or that may not tell them, is not asked.
        let is_shown = |name: &str| seen.inputs.get(name).and_then(Option::as_ref).and_then(Known::as_bool);
        if !keys.when.is_empty() && is_shown(keys.when) != Some(true) {
            seen.outputs.extend(keys.outputs.iter().map(|(name, _)| ((*name).to_owned(), Value::Null)));
            return Ok(());
        }
        let request = Request::about(Method::POST, &target.id, keys.action, &target.api);
        let answer = task.azure.arm.send(&request).await?;
        for (name, place) in &keys.outputs {
            let key = at(&answer.body, place).map_or(Value::Null, |json| from_json(json, &Type::String));
            seen.outputs.insert((*name).to_owned(), key);
        }
        Ok(())
    }

    async fn spare(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        self.special.spare(task, target).await
    }

    async fn delete(&self, task: &Task<'_>, target: &Target) -> Result<bool, Fault> {
        self.special.delete(task, target).await
    }

    async fn bury(&self, task: &Task<'_>, target: &Target, document: Option<&Json>) -> Result<(), Fault> {
        self.special.bury(task, target, document).await
    }

    fn awaits(&self, failure: &Failure) -> bool {
        self.special.awaits(failure)
    }
}

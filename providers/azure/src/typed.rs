//! Kinds that are tables: which attribute stands where in which document.

mod form;
mod part;
mod special;
mod table;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::identity::StackUuid;
use siac_core::model::path::Path;
use siac_core::model::schema::KindSchema;
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Fault, Planned, Verdict};

use crate::arm::{Failure, Method, Request, ResourceId, at, child, put};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Account, Described, Evidence, Kind, Occasion, Seen, Target, Task, Write};
use crate::kinds::names;
use crate::life::visible;
use crate::likeness::compared;

pub use form::{ENABLED, Form, INVERTED, WHEN_TRUE};
pub use part::{Part, flag, identity, needed, number, object, open, open_text, some, text, usually};
pub use special::Special;

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

/// How the service is asked whether a name may be had.
#[derive(Clone, Copy)]
struct NameCheck {
    /// Whether each region has names of its own.
    by_region: bool,
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
    name_check: Option<NameCheck>,
    evidence: Evidence,
    write: Write,
    has_etags: bool,
    special: Box<dyn Special>,
}

impl Typed {
    fn parent(&self, azure: &Account, inputs: Fields<'_>) -> Result<ResourceId, Fault> {
        let subscription = || ResourceId::subscription(&azure.subscription);
        match self.place {
            Place::Subscription => subscription(),
            Place::Group => match inputs.need("resource_group_name")? {
                id if id.starts_with('/') => ResourceId::parse(id),
                name => ResourceId::parse(&format!("{}/resourceGroups/{name}", subscription()?)),
            },
            Place::Below { attribute, via } => {
                let parent = inputs.need(attribute)?;
                ResourceId::parse(&if via.is_empty() { parent.to_owned() } else { format!("{parent}/{via}") })
            }
            Place::Scope => ResourceId::parse(inputs.need("scope")?),
        }
    }
}

#[async_trait]
impl Kind for Typed {
    fn schema(&self) -> KindSchema {
        self.schema.clone()
    }

    fn described(&self) -> Described {
        let (evidence, write, has_etags) = (self.evidence, self.write, self.has_etags);
        Described { speaks: Some((self.ty, self.api)), evidence, write, has_etags }
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
        let parent = self.parent(task.azure, task.inputs)?;
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

    async fn foresee(&self, azure: &Account, stack: StackUuid, inputs: &Partial) -> Option<String> {
        let known = visible(inputs);
        let fields = Fields(&known);
        if let Some(answer) = self.special.foresee(azure, stack, fields).await {
            return answer;
        }
        let NameCheck { by_region } = self.name_check?;
        let name = fields.text(self.name)?;
        let id = self.parent(azure, fields).and_then(|parent| ResourceId::below(&parent, self.ty, name));
        if let Ok(id) = id
            && azure.arm.get(&id, self.api).await.ok()?.is_some()
        {
            // Whose it is, and what becomes of it then, is for the making to say.
            return None;
        }
        let namespace = self.ty.split('/').next().unwrap_or_default();
        let region = fields.text("location").filter(|_| by_region);
        names::refusal(azure, namespace, self.ty, self.api, name, region).await.ok().flatten()
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

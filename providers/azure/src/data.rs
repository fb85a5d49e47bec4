//! Data: the subscription, who siac is, and any resource.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use siac_core::model::schema::{Attribute, KindSchema};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Call, Fault};

use crate::arm::{ResourceId, at, child, split_type};
use crate::fields::Fields;
use crate::form::from_json;
use crate::generic::type_rule;
use crate::kind::{Account, Data, schema};
use crate::marks::{tags_of, unmarked};

/// The api-version of subscriptions.
pub const SUBSCRIPTIONS_API: &str = "2022-12-01";

/// `azure_subscription`.
pub struct Subscription;

#[async_trait]
impl Data for Subscription {
    fn schema(&self) -> KindSchema {
        let text = |description| Attribute::computed(Type::String, description);
        let attributes = [
            (
                "subscription_id",
                Attribute::optional_computed(Type::String, "which; otherwise the one that is acted on"),
            ),
            ("id", text("`/subscriptions/ID`")),
            ("display_name", text("its name")),
            ("tenant_id", text("the tenant that it belongs to")),
            ("state", text("Enabled, Warned, PastDue, Disabled or Deleted")),
        ];
        schema("a subscription", Duration::from_millis(300), attributes)
    }

    async fn read(&self, azure: &Account, _: &Call, inputs: Fields<'_>) -> Result<Known, Fault> {
        let subscription = inputs.text("subscription_id").unwrap_or(&azure.subscription);
        let id = ResourceId::subscription(subscription)?;
        let Some(answer) = azure.arm.get(&id, SUBSCRIPTIONS_API).await? else {
            return Err(Fault::rejected(format!("there is no {id}, or this identity may not see it")));
        };
        let text = |name: &str| child(&answer.body, name).map_or(Value::Null, |json| from_json(json, &Type::String));
        Ok(Value::map([
            ("subscription_id", Value::string(subscription)),
            ("id", Value::string(id.as_str())),
            ("display_name", text("displayName")),
            ("tenant_id", text("tenantId")),
            ("state", text("state")),
        ]))
    }
}

/// `azure_client_config`.
pub struct ClientConfig;

#[async_trait]
impl Data for ClientConfig {
    fn schema(&self) -> KindSchema {
        let text = |description| Attribute::computed(Type::String, description);
        let attributes = [
            ("id", text("the subscription's id")),
            ("subscription_id", text("the subscription that is acted on")),
            ("tenant_id", text("its tenant")),
            ("object_id", text("the id of the identity that siac runs as, for role assignments")),
            ("client_id", text("the id of the application that it signed in with")),
        ];
        schema("who siac is in Azure", Duration::from_millis(10), attributes)
    }

    async fn read(&self, azure: &Account, _: &Call, _: Fields<'_>) -> Result<Known, Fault> {
        let claims = azure.arm.claims().await?;
        let claim = |names: &[&str]| {
            let found = names.iter().find_map(|name| claims.get(*name).and_then(Json::as_str));
            found.map_or(Value::Null, Value::string)
        };
        Ok(Value::map([
            ("id", Value::string(format!("/subscriptions/{}", azure.subscription))),
            ("subscription_id", Value::string(&azure.subscription)),
            ("tenant_id", Value::string(&azure.tenant)),
            ("object_id", claim(&["oid"])),
            ("client_id", claim(&["appid", "azp"])),
        ]))
    }
}

/// `azure_resource` as data.
pub struct AnyResourceData;

#[async_trait]
impl Data for AnyResourceData {
    fn schema(&self) -> KindSchema {
        let text = |description| Attribute::optional(Type::String, description);
        let attributes = [
            ("type", Attribute::required(Type::String, "its type and the api-version to speak").rule(type_rule())),
            ("resource_id", text("its id; or `name` and `parent`")),
            ("name", text("its name")),
            ("parent", text("the id of what it is a part of; otherwise the subscription")),
            (
                "must_exist",
                Attribute::optional(Type::Bool, "whether a missing one is an error").default(Value::Bool(true)),
            ),
            (
                "response_export_values",
                Attribute::optional(
                    Type::map(Type::String),
                    "what to tell as `output`: names, and places in what Azure shows",
                ),
            ),
            ("exists", Attribute::computed(Type::Bool, "whether there is such a resource")),
            ("id", Attribute::computed(Type::String, "its id")),
            ("location", Attribute::computed(Type::String, "the region")),
            ("tags", Attribute::computed(Type::map(Type::String), "all tags but siac's own marks")),
            (
                "output",
                Attribute::computed(Type::Any, "what `response_export_values` asks for, or else all that Azure shows"),
            ),
        ];
        schema("any resource of any service of Azure, only read", Duration::from_millis(300), attributes)
    }

    async fn read(&self, azure: &Account, _: &Call, inputs: Fields<'_>) -> Result<Known, Fault> {
        let written = inputs.need("type")?;
        let (ty, api) =
            split_type(written).ok_or_else(|| Fault::rejected(format!("`{written}` names no api-version")))?;
        let id = which(azure, inputs, ty)?;
        match azure.arm.get(&id, api).await? {
            Some(answer) => Ok(told(&answer.body, &id, inputs)),
            None if inputs.is("must_exist") => Err(Fault::rejected(format!(
                "there is no {id}; make it, or set `must_exist = false` and ask for `exists`"
            ))),
            None => Ok(Value::map([("exists", Value::Bool(false)), ("id", Value::string(id.as_str()))])),
        }
    }
}

fn which(azure: &Account, inputs: Fields<'_>, ty: &str) -> Result<ResourceId, Fault> {
    if let Some(id) = inputs.text("resource_id") {
        return ResourceId::parse(id);
    }
    let parent = match inputs.text("parent") {
        Some(parent) => ResourceId::parse(parent)?,
        None => ResourceId::subscription(&azure.subscription)?,
    };
    ResourceId::below(&parent, ty, inputs.need("name")?)
}

fn told(document: &Json, id: &ResourceId, inputs: Fields<'_>) -> Known {
    let output = match inputs.map("response_export_values") {
        None => from_json(document, &Type::Any),
        Some(wanted) => Value::Map(
            wanted
                .into_iter()
                .map(|(name, place)| {
                    (name, at(document, &place).map_or(Value::Null, |json| from_json(json, &Type::Any)))
                })
                .collect(),
        ),
    };
    let tags = unmarked(&tags_of(document)).into_iter().map(|(key, text)| (key, Value::String(text))).collect();
    Value::map([
        ("exists", Value::Bool(true)),
        ("id", Value::string(id.as_str())),
        ("location", child(document, "location").map_or(Value::Null, |json| from_json(json, &Type::String))),
        ("tags", Value::Map(tags)),
        ("output", output),
    ])
}

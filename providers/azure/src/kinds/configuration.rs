//! App Configuration: stores, and the keys and values in them.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::identity::StackUuid;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::arm::{put, remove};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Account, Target, Task, Write};
use crate::kinds::kept::{Kept, kept};
use crate::typed::{ENABLED, Form, INVERTED, Part, Special, Typed, flag, identity, number, some, text, usually};

/// `azure_app_configuration`.
pub fn app_configuration() -> Typed {
    let kind = Typed::of("Microsoft.AppConfiguration/configurationStores@2024-06-01", "a store of settings and feature flags")
        // Source: "Naming rules and restrictions for Azure resources", configurationStores.
        .in_group("[A-Za-z0-9][A-Za-z0-9-]{3,48}[A-Za-z0-9]", "its name, unique in all of Azure: 5 to 50 letters, digits and hyphens, no hyphen at either end")
        .located()
        .tagged()
        // Source: the pricing page of App Configuration.
        .part(usually("sku", "sku.name", "standard", "its size; free has 1,000 requests a day, and forgets what is deleted").one_of(&["free", "developer", "standard", "premium"]))
        .part(flag("local_auth_enabled", "properties.disableLocalAuth", false, "whether keys open it; otherwise only identities do").form(INVERTED))
        // Source: the REST specification, `dataPlaneProxy`.
        .part(usually("data_plane_proxy_mode", "properties.dataPlaneProxy.authenticationMode", "Pass-through", "by whose right `azure_app_configuration_key_value` is written: Pass-through is siac's own identity, which needs the role `App Configuration Data Owner`; Local is a key of the store").one_of(&["Pass-through", "Local"]))
        .part(flag("public_network_access", "properties.publicNetworkAccess", true, "whether it is reached from outside virtual networks").form(ENABLED))
        // Source: "Soft delete in Azure App Configuration": 1 to 7 days, never changed afterwards.
        .part(number("soft_delete_retention_days", "properties.softDeleteRetentionInDays", 1, 7, "how long it is kept when it was deleted, in days; not in free and developer").default_number(7).immutable())
        .part(flag("purge_protection", "properties.enablePurgeProtection", false, "whether nobody can shorten that; it cannot be taken back"))
        .part(identity())
        .shows("endpoint", "properties.endpoint", "where it answers")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "listKeys",
            "local_auth_enabled",
            &[
                ("primary_connection_string", "value.0.connectionString", "what applications are told, with the first key"),
                ("primary_read_connection_string", "value.2.connectionString", "the same, only to read"),
            ],
        )
        .takes(30)
        .holds_data()
        .asked_for(false)
        .special(Store);
    kept(
        kind,
        "whether a deleted store of this name that siac did not make is brought back; its own is in any case",
        "whether a deleted store is purged, so that its name is free and what was in it is lost at once",
    )
}

/// Deleted stores are kept.
const KEPT: Kept = Kept {
    namespace: "Microsoft.AppConfiguration",
    ty: "Microsoft.AppConfiguration/configurationStores",
    collection: "deletedConfigurationStores",
    api: "2024-06-01",
    mode: "Recover",
    what: "store",
    purge: "az appconfig purge",
};

struct Store;

#[async_trait]
impl Special for Store {
    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        let has_soft_delete = !matches!(task.inputs.text("sku"), Some("free" | "developer"));
        if !has_soft_delete {
            remove(document, "properties.softDeleteRetentionInDays");
            remove(document, "properties.enablePurgeProtection");
        }
        put(document, "properties.dataPlaneProxy.privateLinkDelegation", json!("Disabled"));
        Ok(())
    }

    async fn foresee(&self, azure: &Account, stack: StackUuid, inputs: Fields<'_>) -> Option<Option<String>> {
        KEPT.foresee(azure, stack, inputs).await
    }

    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        KEPT.prepare(task, target).await
    }

    async fn bury(&self, task: &Task<'_>, target: &Target, _: Option<&Json>) -> Result<(), Fault> {
        KEPT.bury(task, target).await
    }
}

/// What the name says is shown, and never written.
const SHOWN: Form = Form { to: |_, _| Json::Null, from: shown };

fn shown(json: &Json, ty: &Type) -> Known {
    match json.as_str() {
        None | Some("") => Value::Null,
        Some(_) => from_json(json, ty),
    }
}

/// `azure_app_configuration_key_value`.
pub fn key_value() -> Typed {
    let key = Attribute::required(
        Type::String,
        "its key, such as `app/greeting`; `.appconfig.featureflag/NAME` is a feature flag",
    );
    let label =
        Attribute::optional(Type::String, "what tells values of one key from each other, such as an environment");
    Typed::of("Microsoft.AppConfiguration/configurationStores/keyValues@2024-06-01", "a key and its value in a store")
        .within("configuration_store_id")
        .part(Part::new("key", "properties.key", key.immutable()).form(SHOWN))
        .part(Part::new("label", "properties.label", label.immutable()).form(SHOWN))
        .part(text("value", "properties.value", "the value"))
        .part(text("content_type", "properties.contentType", "what the value is; `application/vnd.microsoft.appconfig.keyvaultref+json;charset=utf-8` for a secret in Key Vault, `application/vnd.microsoft.appconfig.ff+json;charset=utf-8` for a feature flag"))
        .part(some("tags", "properties.tags", Type::map(Type::String), "tags of the value, by key"))
        .written(Write::Put)
        .takes(2)
        .special(KeyValue)
}

struct KeyValue;

#[async_trait]
impl Special for KeyValue {
    fn name(&self, task: &Task<'_>) -> Result<Option<String>, Fault> {
        let key = escaped(task.inputs.need("key")?);
        Ok(Some(match task.inputs.text("label") {
            Some(label) => format!("{key}${}", escaped(label)),
            None => key,
        }))
    }
}

/// A text as it stands in names of keys: `~2F` is a slash. Source: "Create an App Configuration store with an ARM template", the tip about
/// `keyValues`.
fn escaped(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b':' => char::from(byte).to_string(),
        other => format!("~{other:02X}"),
    };
    text.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_as_names_are() {
        assert_eq!(escaped(".appconfig.featureflag/beta"), ".appconfig.featureflag~2Fbeta");
        assert_eq!(escaped("a~b$c d:e"), "a~7Eb~24c~20d:e");
    }
}

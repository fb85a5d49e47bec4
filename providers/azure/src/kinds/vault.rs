//! Key Vault and its secrets.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::identity::StackUuid;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::arm::{Audience, Failure, Method, Request, at, put};
use crate::fields::Fields;
use crate::kind::{Account, Target, Task, Write};
use crate::kinds::kept::{Kept, kept};
use crate::settings::guid_rule;
use crate::typed::{
    ENABLED, Part, Special, Typed, WHEN_TRUE, flag, needed, number, object, open_text, some, text, usually,
};

/// The api-version of what is inside them.
const INSIDE: &str = "7.4";

/// `azure_key_vault`.
pub fn key_vault() -> Typed {
    let rules = object(&[
        ("default_action", Type::String, true),
        ("bypass", Type::String, false),
        ("ip_rules", Type::list(object(&[("value", Type::String, true)])), false),
        ("virtual_network_rules", Type::list(object(&[("id", Type::String, true)])), false),
    ]);
    let tenant =
        Attribute::optional_computed(Type::String, "the tenant whose identities open it; otherwise the subscription's");
    let kind = Typed::of("Microsoft.KeyVault/vaults@2023-07-01", "a vault of secrets, keys and certificates")
        // Source: "Naming rules and restrictions for Azure resources", vaults.
        .in_group(
            "[A-Za-z]([A-Za-z0-9]|-[A-Za-z0-9]){2,23}",
            "its name, unique in all of Azure: 3 to 24 letters, digits and single hyphens, a letter first",
        )
        .located()
        .tagged()
        .fixed("properties.sku.family", json!("A"))
        .part(Part::new("tenant_id", "properties.tenantId", tenant.rule(guid_rule())))
        .part(
            usually("sku", "properties.sku.name", "standard", "premium has hardware modules")
                .one_of(&["standard", "premium"]),
        )
        .part(flag(
            "rbac_authorization",
            "properties.enableRbacAuthorization",
            true,
            "whether roles say who may do what; otherwise access policies do",
        ))
        // Source: "Azure Key Vault soft-delete overview": 7 to 90 days, never changed afterwards.
        .part(
            number(
                "soft_delete_retention_days",
                "properties.softDeleteRetentionInDays",
                7,
                90,
                "how long it is kept when it was deleted, in days",
            )
            .default_number(90)
            .immutable(),
        )
        .part(
            flag(
                "purge_protection",
                "properties.enablePurgeProtection",
                false,
                "whether nobody can shorten that; it cannot be taken back",
            )
            .form(WHEN_TRUE),
        )
        .part(
            flag(
                "public_network_access",
                "properties.publicNetworkAccess",
                true,
                "whether it is reached from outside virtual networks",
            )
            .form(ENABLED),
        )
        .part(some(
            "network_rules",
            "properties.networkAcls",
            rules,
            "from where it is reached: `default_action` is Allow or Deny",
        ))
        .shows("vault_uri", "properties.vaultUri", "where it answers, with a slash at the end")
        .takes(20)
        .holds_data()
        .asked_for(false)
        .special(Vault);
    kept(
        kind,
        "whether a deleted vault of this name that siac did not make is brought back; its own is in any case",
        "whether a deleted vault is purged, so that its name is free and its secrets are lost at once",
    )
}

struct Vault;

/// Deleted vaults are kept.
const KEPT: Kept = Kept {
    namespace: "Microsoft.KeyVault",
    ty: "Microsoft.KeyVault/vaults",
    collection: "deletedVaults",
    api: "2023-07-01",
    mode: "recover",
    what: "vault",
    purge: "az keyvault purge",
};

#[async_trait]
impl Special for Vault {
    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        if task.inputs.get("tenant_id").is_none() {
            put(document, "properties.tenantId", json!(task.azure.tenant));
        }
        // Without roles, a vault has policies, if only none.
        if !task.inputs.is("rbac_authorization") && task.object.is_none() {
            put(document, "properties.accessPolicies", json!([]));
        }
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

/// `azure_key_vault_secret`.
pub fn key_vault_secret() -> Typed {
    Typed::of("Microsoft.KeyVault/vaults/secrets@2023-07-01", "a secret in a vault")
        // Source: "About keys, secrets, and certificates", object identifiers.
        .below("key_vault_id", "", "[A-Za-z0-9-]{1,127}", "its name: up to 127 letters, digits and hyphens")
        .tagged()
        .part(needed("value", "properties.value", "the secret itself; Azure never shows it here").secret())
        .part(text("content_type", "properties.contentType", "what it is, in words"))
        .part(open_text("expires_at", "properties.attributes.exp", "when it ends, in seconds since 1970").form(SECONDS))
        .part(flag("enabled", "properties.attributes.enabled", true, "whether it can be read"))
        .shows(
            "secret_uri",
            "properties.secretUri",
            "its address without a version, for `@Microsoft.KeyVault(SecretUri=…)`",
        )
        .shows_as(
            "secret_uri_with_version",
            "properties.secretUriWithVersion",
            Attribute::computed(Type::String, "the same with the version").follows(&["value"]),
        )
        .written(Write::Put)
        .takes(3)
        .special(Secret)
}

/// A moment in seconds since 1970, which ARM writes as a number.
const SECONDS: crate::typed::Form = crate::typed::Form {
    to: |value, _| {
        value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or(Json::Null, |seconds| json!(seconds))
    },
    from: |json, _| json.as_i64().map_or(Value::Null, |seconds| Value::String(seconds.to_string())),
};

struct Secret;

impl Secret {
    /// The address of the secret itself: ARM makes and shows secrets, and cannot delete them.
    async fn address(&self, task: &Task<'_>, target: &Target) -> Result<Option<String>, Fault> {
        let Some(vault) = target.id.parent() else { return Ok(None) };
        let Some(answer) = task.azure.arm.get(&vault, &target.api).await? else { return Ok(None) };
        let uri = at(&answer.body, "properties.vaultUri").and_then(Json::as_str).unwrap_or_default().to_owned();
        let base = match &task.azure.settings.vaults.instead {
            Some(instead) => format!("{}/{}/", instead.as_str().trim_end_matches('/'), vault.name()),
            None => uri,
        };
        Ok(Some(format!("{base}secrets/{}", target.id.name())))
    }
}

#[async_trait]
impl Special for Secret {
    async fn delete(&self, task: &Task<'_>, target: &Target) -> Result<bool, Fault> {
        let Some(address) = self.address(task, target).await? else { return Ok(true) };
        let request = Request::on(Method::DELETE, format!("{address}?api-version={INSIDE}"));
        match task.azure.arm.send(&Request { audience: Audience::Vault, ..request }).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_absent() => Ok(true),
            Err(failure) if failure.status == 403 => Err(failure
                .with_remedy("give the identity that siac runs as the role `Key Vault Secrets Officer` on the vault")
                .into()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// A deleted secret is kept, and its name with it: it is brought back before it is set anew.
    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let Some(address) = self.address(task, target).await? else { return Ok(None) };
        let place = address.replacen("/secrets/", "/deletedsecrets/", 1);
        let request = Request::on(Method::POST, format!("{place}/recover?api-version={INSIDE}"));
        match task.azure.arm.send(&Request { audience: Audience::Vault, ..request }).await {
            // Without a deleted one, or without a role inside the vault, there is nothing to bring back; the write says the rest.
            Ok(_) | Err(_) => Ok(None),
        }
    }

    fn awaits(&self, failure: &Failure) -> bool {
        failure.is(&["ObjectIsBeingRecovered", "ObjectIsBeingDeleted"])
    }
}

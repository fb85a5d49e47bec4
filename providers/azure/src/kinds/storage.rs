//! Storage accounts and their containers.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::arm::{Method, Request, ResourceId, at, child, put};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Seen, Target, Task, Write};
use crate::kinds::names;
use crate::typed::{ENABLED, Special, Typed, flag, object, open_text, some, usually};

/// `azure_storage_account`.
pub fn storage_account() -> Typed {
    let address = |name: &'static str, place: &'static str| (name, place);
    let rules = object(&[
        ("default_action", Type::String, true),
        ("bypass", Type::String, false),
        ("ip_rules", Type::list(object(&[("value", Type::String, true)])), false),
        ("virtual_network_rules", Type::list(object(&[("id", Type::String, true)])), false),
    ]);
    let kind = Typed::of("Microsoft.Storage/storageAccounts@2024-01-01", "a storage account of the general kind")
        // Source: "Storage account overview", storage account name.
        .in_group("[a-z0-9]{3,24}", "its name, unique in all of Azure: 3 to 24 lower-case letters and digits")
        .located()
        .tagged()
        .asked_for(false)
        .fixed("kind", json!("StorageV2"))
        .part(usually("sku", "sku.name", "Standard_LRS", "its redundancy").one_of(&[
            "Standard_LRS",
            "Standard_GRS",
            "Standard_RAGRS",
            "Standard_ZRS",
            "Standard_GZRS",
            "Standard_RAGZRS",
        ]))
        .part(open_text("access_tier", "properties.accessTier", "Hot, Cool or Cold").one_of(&["Hot", "Cool", "Cold"]))
        .part(flag("https_only", "properties.supportsHttpsTrafficOnly", true, "whether only https is spoken"))
        .part(
            usually("minimum_tls_version", "properties.minimumTlsVersion", "TLS1_2", "the oldest TLS that is spoken")
                .one_of(&["TLS1_2", "TLS1_3"]),
        )
        .part(flag("blob_public_access", "properties.allowBlobPublicAccess", false, "whether containers may be public"))
        .part(flag(
            "shared_key_access",
            "properties.allowSharedKeyAccess",
            false,
            "whether keys open it; otherwise only identities do",
        ))
        .part(
            flag(
                "public_network_access",
                "properties.publicNetworkAccess",
                true,
                "whether it is reached from outside virtual networks",
            )
            .form(ENABLED),
        )
        .part(flag("hierarchical_namespace", "properties.isHnsEnabled", false, "whether it is a data lake").immutable())
        .part(some(
            "network_rules",
            "properties.networkAcls",
            rules,
            "from where it is reached: `default_action` is Allow or Deny",
        ))
        .aside("static_website", Attribute::optional(website(), "the website that the container `$web` is, which Azure makes: `index_document` and `error_404_document`"))
        .keys(
            "listKeys",
            "shared_key_access",
            &[
                ("primary_access_key", "keys.0.value", "the first key"),
                ("secondary_access_key", "keys.1.value", "the second key"),
            ],
        )
        .takes(25)
        .holds_data()
        .special(Account);
    [
        address("primary_blob_endpoint", "properties.primaryEndpoints.blob"),
        address("primary_queue_endpoint", "properties.primaryEndpoints.queue"),
        address("primary_table_endpoint", "properties.primaryEndpoints.table"),
        address("primary_file_endpoint", "properties.primaryEndpoints.file"),
        address("primary_web_endpoint", "properties.primaryEndpoints.web"),
    ]
    .into_iter()
    .fold(kind, |kind, (name, place)| kind.shows(name, place, "where it answers, with a slash at the end"))
}

/// The api-version of the blob service, the first whose `staticWebsite` is a part of ARM.
const BLOB_SERVICE: &str = "2026-09-01";

/// The type of `static_website`.
fn website() -> Type {
    object(&[("index_document", Type::String, false), ("error_404_document", Type::String, false)])
}

struct Account;

/// The blob service of an account, which exists with it.
fn blob_service(target: &Target) -> Result<ResourceId, Fault> {
    ResourceId::parse(&format!("{}/blobServices/default", target.id))
}

#[async_trait]
impl Special for Account {
    /// A website is a setting of the blob service, whose other settings stay as they are.
    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let wanted = task.inputs.get("static_website");
        let had = task.object.and_then(|object| object.inputs.get("static_website"));
        if wanted.is_none() && had.is_none_or(Partial::is_null) {
            return Ok(());
        }
        let id = blob_service(target)?;
        let Some(now) = task.azure.arm.get(&id, BLOB_SERVICE).await? else {
            return Err(Fault::NotYet { what: format!("{id} exists") });
        };
        let mut body = json!({ "properties": child(&now.body, "properties").cloned().unwrap_or_else(|| json!({})) });
        put(&mut body, "properties.staticWebsite", wanted.map_or_else(|| json!({ "enabled": false }), written));
        let request = Request { body: Some(&body), ..Request::new(Method::PUT, &id, BLOB_SERVICE) };
        task.azure.arm.send(&request).await?;
        Ok(())
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let is_adopted = task.inputs.names().next().is_none();
        if task.inputs.get("static_website").is_some() || is_adopted {
            let answer = task.azure.arm.get(&blob_service(target)?, BLOB_SERVICE).await?;
            let shown = answer.and_then(|answer| at(&answer.body, "properties.staticWebsite").and_then(told));
            seen.inputs.insert("static_website".to_owned(), shown);
        }
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.Storage", "Microsoft.Storage/storageAccounts", "2024-01-01", false).await?;
        Ok(None)
    }
}

fn written(website: &Known) -> Json {
    let fields = Fields(website);
    let mut written = json!({ "enabled": true });
    for (name, place) in [("index_document", "indexDocument"), ("error_404_document", "errorDocument404Path")] {
        fields.text(name).into_iter().for_each(|text| put(&mut written, place, json!(text)));
    }
    written
}

/// A website that is there; `None` for one that is off.
fn told(website: &Json) -> Option<Known> {
    let text = |place: &str| child(website, place).map_or(Value::Null, |json| from_json(json, &Type::String));
    let is_on = child(website, "enabled").and_then(Json::as_bool) == Some(true);
    is_on.then(|| {
        Value::map([("index_document", text("indexDocument")), ("error_404_document", text("errorDocument404Path"))])
    })
}

/// `azure_storage_container`.
pub fn storage_container() -> Typed {
    Typed::of("Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01", "a container of blobs")
        // Source: "Naming and referencing containers, blobs, and metadata", container names.
        .below(
            "storage_account_id",
            "blobServices/default",
            r"\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62}",
            "its name: 3 to 63 lower-case letters, digits and single hyphens, or `$web`",
        )
        .part(usually("public_access", "properties.publicAccess", "None", "what anyone may read").one_of(&[
            "None",
            "Blob",
            "Container",
        ]))
        .part(some("metadata", "properties.metadata", Type::map(Type::String), "metadata by key"))
        .aside("url", Attribute::computed(Type::String, "where it answers").stays())
        .written(Write::Put)
        .takes(2)
        .holds_data()
        .special(Container)
}

struct Container;

#[async_trait]
impl Special for Container {
    /// The address follows from the account's, which the container's document does not show.
    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let account = target.id.parent().and_then(|service| service.parent());
        let Some(account) = account else { return Ok(()) };
        if let Some(answer) = task.azure.arm.get(&account, "2024-01-01").await? {
            let blob = at(&answer.body, "properties.primaryEndpoints.blob").and_then(|json| json.as_str());
            let url = blob.map(|blob| format!("{}/{}", blob.trim_end_matches('/'), target.id.name()));
            seen.outputs.insert("url".to_owned(), url.map_or(Known::Null, Value::String));
        }
        Ok(())
    }
}

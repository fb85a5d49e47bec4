//! Identities, and what they may do.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;
use uuid::Uuid;

use crate::arm::{Failure, at, put};
use crate::kind::{Seen, Target, Task, Write};
use crate::typed::{Special, Typed, needed, text, usually};

/// `azure_user_assigned_identity`.
pub fn user_assigned_identity() -> Typed {
    Typed::of("Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30", "an identity that resources can be given")
        // Source: "Naming rules and restrictions for Azure resources", userAssignedIdentities.
        .in_group("[A-Za-z0-9][A-Za-z0-9_-]{2,127}", "its name: 3 to 128 letters, digits, hyphens and underscores")
        .located()
        .tagged()
        .shows("principal_id", "properties.principalId", "the id by which roles are given to it")
        .shows("client_id", "properties.clientId", "the id by which code asks for its tokens")
        .shows("tenant_id", "properties.tenantId", "its tenant")
        .written(Write::Put)
        .takes(3)
}

/// Roles by name. Source: "Azure built-in roles", the ids of each.
const ROLES: [(&str, &str); 20] = [
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    ("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
    ("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    ("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"),
    ("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"),
    ("Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"),
    ("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
    ("Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),
    ("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6"),
    ("Azure Service Bus Data Owner", "090c5cfd-751d-490a-894a-3ce6f1109419"),
    ("Azure Service Bus Data Sender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"),
    ("Azure Service Bus Data Receiver", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"),
    ("EventGrid Data Sender", "d5a91429-5739-47e2-a06b-3470a27159e7"),
    ("Web PubSub Service Owner", "12cf5a90-567b-43ae-8102-96cf46c7d9b4"),
    ("SignalR App Server", "420fcaa2-552c-430f-98ca-3264be4806c7"),
    ("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb"),
    ("App Configuration Data Owner", "5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b"),
    ("App Configuration Data Reader", "516239f1-63e1-4d78-a4de-a74fb236a071"),
];

/// What names of role assignments are made in: a namespace of this project, drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d0c_9b7e_3f42_4c19_9a41_7c8e_1f6b_20d3);

/// `azure_role_assignment`.
pub fn role_assignment() -> Typed {
    let named = Attribute::optional(
        Type::String,
        "the role by its name, such as `Storage Blob Data Owner`; or `role_definition_id`",
    );
    let by_id =
        Attribute::optional(Type::String, "the role by its id: a GUID, or `/subscriptions/…/roleDefinitions/GUID`");
    Typed::of("Microsoft.Authorization/roleAssignments@2022-04-01", "a role that a principal has on a scope")
        .on_scope()
        .aside("role", named.immutable())
        .aside("role_definition_id", by_id.immutable())
        .part(needed("principal_id", "properties.principalId", "the id of who gets it").immutable())
        .part(
            usually(
                "principal_type",
                "properties.principalType",
                "ServicePrincipal",
                "what it is; told, a principal that was just made is found",
            )
            .one_of(&["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"])
            .immutable(),
        )
        .part(text("description", "properties.description", "why"))
        .part(text("condition", "properties.condition", "when it holds").immutable())
        .aside(
            "name",
            Attribute::computed(Type::String, "its name, a GUID that follows from scope, role, principal and stack")
                .stays(),
        )
        .written(Write::Put)
        .takes(4)
        .special(RoleAssignment)
}

struct RoleAssignment;

/// The GUID of a role.
fn role_guid(task: &Task<'_>) -> Result<String, Fault> {
    if let Some(id) = task.inputs.text("role_definition_id") {
        return Ok(id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase());
    }
    let name = task.inputs.need("role")?;
    let known = ROLES.iter().find(|(role, _)| role.eq_ignore_ascii_case(name));
    known.map(|(_, guid)| (*guid).to_owned()).ok_or_else(|| Fault::rejected(unknown_role(name)))
}

fn unknown_role(name: &str) -> String {
    let near = siac_core::model::diagnostic::did_you_mean(name, ROLES.iter().map(|(role, _)| *role));
    let near = near.map(|near| format!("write `{near}`, or ")).unwrap_or_default();
    format!(
        "siac does not know a role `{name}`; {near}set `role_definition_id` to the GUID that `az role definition list --name` shows"
    )
}

#[async_trait]
impl Special for RoleAssignment {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let is_set = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
        if is_set("role") == is_set("role_definition_id") {
            let detail = "exactly one of `role` and `role_definition_id` says the role";
            problems.push(
                Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help("keep one of them"),
            );
        }
        let name = desired.get("role").and_then(Partial::as_str);
        if let Some(name) = name.filter(|name| !ROLES.iter().any(|(role, _)| role.eq_ignore_ascii_case(name))) {
            problems.push(Diagnostic::error("unknown-role", "a role is not known", unknown_role(name)));
        }
    }

    /// The same wish always makes the same name, so that it is found again; another stack makes another one, so that it is ours by its name.
    fn name(&self, task: &Task<'_>) -> Result<Option<String>, Fault> {
        let (scope, principal) = (task.inputs.need("scope")?, task.inputs.need("principal_id")?);
        let wish = format!("{scope}|{}|{principal}|{}", role_guid(task)?, task.call.uuid).to_ascii_lowercase();
        Ok(Some(Uuid::new_v5(&NAMESPACE, wish.as_bytes()).to_string()))
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        let guid = role_guid(task)?;
        let id = format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
            task.azure.subscription
        );
        put(document, "properties.roleDefinitionId", json!(id));
        Ok(())
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        seen.outputs.insert("name".to_owned(), Value::string(target.id.name()));
        let is_adopted = task.inputs.names().next().is_none();
        if is_adopted {
            seen.inputs.extend(adopted_role(task, target).await?.into_iter().map(|(name, value)| (name, Some(value))));
        }
        Ok(())
    }

    fn awaits(&self, failure: &Failure) -> bool {
        failure.is(&["PrincipalNotFound"])
    }
}

/// How a stack would name the role of an assignment that is adopted.
async fn adopted_role(task: &Task<'_>, target: &Target) -> Result<BTreeMap<String, Known>, Fault> {
    let Some(answer) = task.azure.arm.get(&target.id, &target.api).await? else { return Ok(BTreeMap::new()) };
    let id = at(&answer.body, "properties.roleDefinitionId").and_then(Json::as_str).unwrap_or_default();
    let guid = id.rsplit('/').next().unwrap_or_default();
    let told = match ROLES.iter().find(|(_, known)| known.eq_ignore_ascii_case(guid)) {
        Some((role, _)) => ("role", Value::string(*role)),
        None => ("role_definition_id", Value::string(guid)),
    };
    Ok(BTreeMap::from([(told.0.to_owned(), told.1)]))
}

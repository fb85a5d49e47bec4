//! Resource groups.

use async_trait::async_trait;
use serde_json::Value as Json;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::arm::{Method, Request, child};
use crate::kind::{Target, Task};
use crate::marks::tags_of;
use crate::typed::{Special, Typed, text};

/// `azure_resource_group`.
pub fn resource_group() -> Typed {
    let description = "whether deleting the group deletes what is in it and is not siac's";
    // Source: "Naming rules and restrictions for Azure resources", resourceGroups.
    Typed::of("Microsoft.Resources/resourceGroups@2024-11-01", "a resource group")
        .in_subscription(
            r"[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]",
            "its name: up to 90 letters, digits, and `_ ( ) - .`, the last no dot",
        )
        .located()
        .tagged()
        .part(text("managed_by", "managedBy", "the id of the resource that manages it").immutable())
        .aside("delete_contents", Attribute::optional(Type::Bool, description).default(Value::Bool(false)))
        .takes(2)
        .special(Group)
}

struct Group;

#[async_trait]
impl Special for Group {
    /// Deleting a group deletes everything in it, whoever made it.
    async fn spare(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        if task.inputs.is("delete_contents") {
            return Ok(());
        }
        let request = Request::about(Method::GET, &target.id, "resources", &target.api);
        let answer = task.azure.arm.send(&request).await?;
        let uuid = task.call.uuid.to_string();
        // The list lags behind: what this stack made it has deleted before its group.
        let is_ours = |resource: &&Json| tags_of(resource).get("siac-state") == Some(&uuid);
        let all = child(&answer.body, "value").and_then(Json::as_array).into_iter().flatten();
        let others: Vec<&str> =
            all.filter(|it| !is_ours(it)).filter_map(|it| child(it, "id").and_then(Json::as_str)).collect();
        match others.is_empty() {
            true => Ok(()),
            false => Err(Fault::rejected(format!(
                "{} still holds what this stack did not make: {}; move or delete that first, or set `delete_contents = true` and apply before you delete the group",
                target.id,
                others.join(", ")
            ))),
        }
    }
}

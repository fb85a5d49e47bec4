//! Slots of function apps: another version of an app, with a host of its own.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use super::service::{configured, tell};
use super::site::{self, Way};
use crate::kind::{Seen, Target, Task};
use crate::typed::{Special, Typed, text};

/// `azure_function_app_slot`.
pub fn function_app_slot() -> Typed {
    let kind = Typed::of("Microsoft.Web/sites/slots@2024-04-01", "a slot of a function app; Flex Consumption has none")
        // Source: "Naming rules and restrictions for Azure resources", sites/slots.
        .below(
            "function_app_id",
            "",
            "[A-Za-z0-9][A-Za-z0-9-]{0,57}[A-Za-z0-9]",
            "its name: 2 to 59 letters, digits and hyphens, no hyphen at either end",
        )
        .located()
        .tagged()
        .fixed("kind", json!("functionapp,linux"))
        .part(text(
            "service_plan_id",
            "properties.serverFarmId",
            "the id of the plan that it runs on, otherwise the app's",
        ))
        .takes(60)
        .special(Slot);
    configured(site::site(kind))
}

struct Slot;

#[async_trait]
impl Special for Slot {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        site::validate(desired, problems);
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        site::shape(task, document);
        Ok(())
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        site::settle(task, target, Way::Zip).await
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let configuration = site::complete(task, target, seen).await?;
        tell(&configuration, seen);
        Ok(())
    }
}

//! Function apps and web apps, their slots, and the plans that they run on.

mod service;
mod site;
mod slot;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use self::site::Way;
use crate::arm::{Failure, at, put, remove};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Seen, Target, Task};
use crate::kinds::names;
use crate::typed::{Form, Part, Special, Typed, flag, needed, number, object, some, usually};

pub use self::service::app_service;
pub use self::slot::function_app_slot;

/// The api-version of plans and apps.
const API: &str = "2024-04-01";

/// `azure_service_plan`.
pub fn service_plan() -> Typed {
    Typed::of("Microsoft.Web/serverfarms@2024-04-01", "what apps run on")
        // Source: "Naming rules and restrictions for Azure resources", serverfarms.
        .in_group("[A-Za-z0-9-]{1,60}", "its name: up to 60 letters, digits and hyphens")
        .located()
        .tagged()
        .part(
            usually(
                "sku",
                "sku.name",
                "FC1",
                "its size: FC1 is Flex Consumption, EP1 to EP3 are Elastic Premium, B1 to P3v3 run all the time",
            )
            .matches("FC1|Y1|EP[1-3]|[BSP][0-9](v[2-4])?|P[0-9]mv[34]", "a size such as FC1, EP1, B1, S1 or P1v3"),
        )
        .part(number(
            "worker_count",
            "sku.capacity",
            0,
            100,
            "how many machines, for sizes that do not scale by themselves",
        ))
        .part(number(
            "maximum_elastic_workers",
            "properties.maximumElasticWorkerCount",
            1,
            100,
            "the most machines of an Elastic Premium plan",
        ))
        .part(flag("linux", "properties.reserved", true, "whether it runs Linux").immutable())
        .part(flag("zone_redundant", "properties.zoneRedundant", false, "whether its machines are spread over zones"))
        .shows_as("kind", "kind", Attribute::computed(Type::String, "what Azure calls its kind").follows(&["sku"]))
        .takes(10)
        .special(Plan)
}

struct Plan;

/// The tier of a size, where Azure has to be told.
fn tier(sku: &str) -> Option<&'static str> {
    match sku {
        "FC1" => Some("FlexConsumption"),
        "Y1" => Some("Dynamic"),
        _ if sku.starts_with("EP") => Some("ElasticPremium"),
        _ => None,
    }
}

impl Special for Plan {
    fn replaces(&self, prior: &Partial, inputs: &Partial) -> Vec<&'static str> {
        // Between tiers that scale by themselves and others there is no way in place.
        let tier = |wish: &Partial| wish.get("sku").and_then(Partial::as_str).and_then(tier);
        if tier(prior) == tier(inputs) { Vec::new() } else { vec!["sku"] }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        if let Some(tier) = task.inputs.text("sku").and_then(tier) {
            put(document, "sku.tier", json!(tier));
            put(document, "kind", json!(if tier == "ElasticPremium" { "elastic" } else { "functionapp" }));
        } else if task.inputs.is("linux") {
            put(document, "kind", json!("linux"));
        }
        Ok(())
    }
}

/// `azure_function_app`, on a Flex Consumption plan.
pub fn function_app() -> Typed {
    let runtime = object(&[("name", Type::String, true), ("version", Type::String, false)]);
    let deployment = object(&[("container_url", Type::String, true), ("identity_id", Type::String, false)]);
    let ready = object(&[("name", Type::String, true), ("instance_count", Type::Number, true)]);
    let hosting = Attribute::optional(
        Type::String,
        "where it runs: `flex` is Flex Consumption, `plan` is Elastic Premium or a plan that runs all the time, whose apps are told by `app_settings` what `runtime` and `deployment` say on Flex",
    );
    let hosting = hosting.default(Value::string("flex")).rule(Rule::OneOf(&["flex", "plan"]));
    let kind = Typed::of("Microsoft.Web/sites@2024-04-01", "a function app")
        // Source: "Naming rules and restrictions for Azure resources", sites.
        .in_group(
            "[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?",
            "its name, unique in all of Azure: 2 to 60 letters, digits and hyphens, no hyphen at either end",
        )
        .located()
        .tagged()
        .asked_for(false)
        .fixed("kind", json!("functionapp,linux"))
        .part(needed("service_plan_id", "properties.serverFarmId", "the id of the plan that it runs on"))
        .part(some("runtime", "properties.functionAppConfig.runtime", runtime, "what it is written in: `name` is node, python, java, powershell, dotnet-isolated or custom; and `version`"))
        .part(some("deployment", "properties.functionAppConfig.deployment.storage", deployment, "where packages are kept: the URL of a container, and the id of the identity that reads it, otherwise the app's own").form(DEPLOYMENT))
        // Source: "Flex Consumption plan hosting", instance sizes.
        .part(
            number("instance_memory_mb", "properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB", 512, 4_096, "the memory of an instance in megabytes: 512, 2048 or 4096")
                .default_number(2_048),
        )
        // Source: the same, scale: 1 to 1,000 instances.
        .part(
            number("maximum_instance_count", "properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount", 1, 1_000, "the most instances")
                .default_number(100),
        )
        .part(number("http_concurrency", "properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency", 1, 1_000, "how many requests an instance answers at once"))
        .part(some("always_ready", "properties.functionAppConfig.scaleAndConcurrency.alwaysReady", Type::list(ready), "instances that are always there: `name` is http, durable, blob or `function:NAME`"))
        // Source: the REST specification, `alwaysOn`.
        .part(Part::new("always_on", "properties.siteConfig.alwaysOn", Attribute::optional_computed(Type::Bool, "whether it is kept loaded; on a plan that runs all the time")))
        .aside("hosting", hosting.immutable())
        .takes(60)
        .special(FunctionApp);
    site::site(kind)
}

/// Whether it runs on Flex Consumption.
fn is_flex(inputs: Fields<'_>) -> bool {
    inputs.text("hosting") != Some("plan")
}

/// Where packages are kept, and by whose right they are read.
const DEPLOYMENT: Form = Form { to: deployment_to, from: deployment_from };

fn deployment_to(value: &Known, _: &Type) -> Json {
    let fields = Fields(value);
    let authentication = match fields.text("identity_id") {
        Some(id) => json!({ "type": "UserAssignedIdentity", "userAssignedIdentityResourceId": id }),
        None => json!({ "type": "SystemAssignedIdentity" }),
    };
    json!({ "type": "blobContainer", "value": fields.text("container_url"), "authentication": authentication })
}

fn deployment_from(json: &Json, _: &Type) -> Known {
    let text = |path: &str| at(json, path).map_or(Value::Null, |json| from_json(json, &Type::String));
    Value::map([
        ("container_url", text("value")),
        ("identity_id", text("authentication.userAssignedIdentityResourceId")),
    ])
}

struct FunctionApp;

/// Settings that Flex Consumption refuses. Source: "Flex Consumption plan", deprecated properties and settings.
const REFUSED: [&str; 7] = [
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
];

/// What functions are written in. Source: the REST specification of Web Apps, `RuntimeName`.
const RUNTIMES: [&str; 6] = ["node", "python", "java", "powershell", "dotnet-isolated", "custom"];

#[async_trait]
impl Special for FunctionApp {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let mut refuse = |detail: String, help: &str| {
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        };
        let is_flex = desired.get("hosting").and_then(Partial::as_str) != Some("plan");
        let memory = desired.get("instance_memory_mb").and_then(Partial::as_number).and_then(|number| number.as_i64());
        if let Some(memory) = memory.filter(|memory| ![512, 2_048, 4_096].contains(memory)) {
            refuse(format!("`instance_memory_mb` is {memory}"), "set it to 512, 2048 or 4096");
        }
        let runtime = desired.get("runtime").and_then(|runtime| runtime.get("name")).and_then(Partial::as_str);
        if let Some(runtime) = runtime.filter(|runtime| !RUNTIMES.contains(runtime)) {
            refuse(
                format!("`runtime` is `{runtime}`"),
                "its name is one of node, python, java, powershell, dotnet-isolated and custom",
            );
        }
        for name in desired.get("app_settings").and_then(Partial::as_map).into_iter().flatten().map(|(name, _)| name) {
            if is_flex && REFUSED.contains(&name.as_str()) {
                refuse(
                    format!("the setting `{name}` is refused on Flex Consumption"),
                    "remove it; `runtime` and `package` say what it said",
                );
            }
        }
        let is_set = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
        if !is_flex && (is_set("deployment") || is_set("always_ready")) {
            let detail = "`deployment` and `always_ready` are Flex Consumption's";
            refuse(detail.to_owned(), "remove them, or set `hosting` to flex");
        }
        if is_flex && is_set("package") && !is_set("deployment") {
            refuse("there is a `package`, and no `deployment` says where it is kept".to_owned(), "set `deployment`");
        }
        site::validate(desired, problems);
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        site::shape(task, document);
        if !is_flex(task.inputs) {
            remove(document, "properties.functionAppConfig");
            let runtime = task.inputs.get("runtime").map(|runtime| (site::RUNTIME.to)(runtime, &Type::Any));
            runtime.into_iter().for_each(|runtime| put(document, "properties.siteConfig.linuxFxVersion", runtime));
        }
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.Web", "Microsoft.Web/sites", API, false).await?;
        Ok(None)
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let way = if is_flex(task.inputs) { Way::Publish } else { Way::Zip };
        site::settle(task, target, way).await
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let configured = site::complete(task, target, seen).await?;
        // Only apps on Flex Consumption say how they scale, and what they are written in, in the document itself.
        let is_flex = matches!(seen.inputs.get("maximum_instance_count"), Some(Some(_)));
        let hosting = if is_flex { "flex" } else { "plan" };
        seen.inputs.insert("hosting".to_owned(), Some(Value::string(hosting)));
        if is_flex {
            return Ok(());
        }
        let runtime = at(&configured, "linuxFxVersion").map(|json| (site::RUNTIME.from)(json, &Type::Any));
        seen.inputs.insert("runtime".to_owned(), runtime.filter(|runtime| !runtime.is_null()));
        let always_on = at(&configured, "alwaysOn").map(|json| from_json(json, &Type::Bool));
        seen.inputs.insert("always_on".to_owned(), always_on);
        Ok(())
    }

    fn awaits(&self, failure: &Failure) -> bool {
        // The roles of an identity take minutes to reach storage.
        failure.is(&["StorageAuthenticationFailed", "LinkedAuthorizationFailed"])
    }
}

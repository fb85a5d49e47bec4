//! Web apps: what listens to HTTP or WebSockets all the time.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use super::site::{self, RUNTIME, Way, runtime};
use crate::arm::at;
use crate::form::from_json;
use crate::kind::{Seen, Target, Task};
use crate::kinds::names;
use crate::typed::{Part, Special, Typed, flag, needed, number, some, text, usually};

/// `azure_app_service`.
pub fn app_service() -> Typed {
    let kind = Typed::of("Microsoft.Web/sites@2024-04-01", "a web app on Linux, which listens all the time")
        // Source: "Naming rules and restrictions for Azure resources", sites.
        .in_group(
            "[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?",
            "its name, unique in all of Azure: 2 to 60 letters, digits and hyphens, no hyphen at either end",
        )
        .located()
        .tagged()
        .fixed("kind", json!("app,linux"))
        .part(needed("service_plan_id", "properties.serverFarmId", "the id of the plan that it runs on"))
        .part(flag(
            "client_affinity_enabled",
            "properties.clientAffinityEnabled",
            false,
            "whether a client stays with the machine that it met first",
        ))
        .takes(60)
        .asked_for(false)
        .special(Service);
    configured(site::site(kind))
}

/// What is in the configuration of web apps and of slots.
pub fn configured(kind: Typed) -> Typed {
    let always_on =
        Attribute::optional_computed(Type::Bool, "whether it is kept loaded when nobody calls; not in free sizes");
    kind.part(some("runtime", "properties.siteConfig.linuxFxVersion", runtime(), "what it is written in: `name` is node, python, php, dotnetcore, java or docker; and `version`, such as `22-lts`").form(RUNTIME))
        .part(text("app_command_line", "properties.siteConfig.appCommandLine", "how it is started, otherwise as the runtime does"))
        .part(flag("websockets_enabled", "properties.siteConfig.webSocketsEnabled", false, "whether WebSockets are let through"))
        .part(Part::new("always_on", "properties.siteConfig.alwaysOn", always_on))
        .part(flag("http2_enabled", "properties.siteConfig.http20Enabled", false, "whether HTTP/2 is spoken"))
        .part(usually("ftps_state", "properties.siteConfig.ftpsState", "Disabled", "whether files are taken by FTP").one_of(&["Disabled", "FtpsOnly", "AllAllowed"]))
        .part(text("health_check_path", "properties.siteConfig.healthCheckPath", "the path that machines are asked for, to know whether they are well"))
        // Source: "App Service limits", instances of a plan.
        .part(number("worker_count", "properties.siteConfig.numberOfWorkers", 1, 100, "on how many machines of the plan it runs"))
}

/// The attributes in the configuration of a site, their places there, and their types.
const CONFIGURED: [(&str, &str, Type); 7] = [
    ("app_command_line", "appCommandLine", Type::String),
    ("websockets_enabled", "webSocketsEnabled", Type::Bool),
    ("always_on", "alwaysOn", Type::Bool),
    ("http2_enabled", "http20Enabled", Type::Bool),
    ("ftps_state", "ftpsState", Type::String),
    ("health_check_path", "healthCheckPath", Type::String),
    ("worker_count", "numberOfWorkers", Type::Number),
];

/// What the configuration of a site says.
pub fn tell(configuration: &Json, seen: &mut Seen) {
    for (name, place, ty) in CONFIGURED {
        seen.inputs.insert(name.to_owned(), at(configuration, place).map(|json| from_json(json, &ty)));
    }
    let runtime = at(configuration, "linuxFxVersion").map(|json| (RUNTIME.from)(json, &Type::Any));
    seen.inputs.insert("runtime".to_owned(), runtime.filter(|runtime| !runtime.is_null()));
}

struct Service;

#[async_trait]
impl Special for Service {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        site::validate(desired, problems);
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        site::shape(task, document);
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.Web", "Microsoft.Web/sites", super::API, false).await?;
        Ok(None)
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        site::settle(task, target, Way::Web).await
    }

    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let configuration = site::complete(task, target, seen).await?;
        tell(&configuration, seen);
        Ok(())
    }
}

//! Function apps and the plans that they run on.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::Attribute;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::artifact_digest;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;
use tokio::time::{Instant, sleep};

use crate::arm::{Failure, Method, Operation, Progress, Request, Standing, at, child, put};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Seen, Target, Task};
use crate::kinds::names;
use crate::typed::{ENABLED, Form, Special, Typed, flag, identity, needed, number, object, some, text, usually};

/// The api-version of plans and apps.
const API: &str = "2024-04-01";

/// The step of a call that hands the package over, as checkpoints name it.
const DEPLOY: &str = "deploy";

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
    let cors =
        object(&[("allowed_origins", Type::list(Type::String), true), ("support_credentials", Type::Bool, false)]);
    let settings =
        Attribute::optional(Type::map(Type::String), "environment variables of the functions; secrets are allowed");
    let package =
        Attribute::optional(Type::String, "what runs: a folder or a zip archive of the project, deployed as it is")
            .artifact();
    let basic = Attribute::optional(Type::Bool, "whether user name and password may deploy, besides identities")
        .default(Value::Bool(false));
    Typed::of("Microsoft.Web/sites@2024-04-01", "a function app on a Flex Consumption plan")
        // Source: "Naming rules and restrictions for Azure resources", sites.
        .in_group(
            "[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?",
            "its name, unique in all of Azure: 2 to 60 letters, digits and hyphens, no hyphen at either end",
        )
        .located()
        .tagged()
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
        .part(flag("https_only", "properties.httpsOnly", true, "whether only https is spoken"))
        .part(usually("minimum_tls_version", "properties.siteConfig.minTlsVersion", "1.2", "the oldest TLS that is spoken").one_of(&["1.2", "1.3"]))
        .part(some("cors", "properties.siteConfig.cors", cors, "which other origins browsers may call it from; the platform answers their questions"))
        .part(flag("public_network_access", "properties.publicNetworkAccess", true, "whether it is reached from outside virtual networks").form(ENABLED))
        .part(text("virtual_network_subnet_id", "properties.virtualNetworkSubnetId", "the subnet that it calls out from"))
        .part(text("key_vault_identity_id", "properties.keyVaultReferenceIdentity", "the id of the identity that reads secrets that settings refer to"))
        .part(identity())
        .aside("app_settings", settings)
        .aside("package", package)
        .aside("basic_publishing", basic)
        .shows("default_hostname", "properties.defaultHostName", "the name of its host")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .shows_as("outbound_ip_addresses", "properties.outboundIpAddresses", Attribute::computed(Type::String, "the addresses that it calls out from, with commas between"))
        .aside("url", Attribute::computed(Type::String, "where it answers: `https://` and the host's name").stays())
        .takes(60)
        .special(FunctionApp)
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

#[async_trait]
impl Special for FunctionApp {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let mut refuse = |detail: String, help: &str| {
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        };
        let memory = desired.get("instance_memory_mb").and_then(Partial::as_number).and_then(|number| number.as_i64());
        if let Some(memory) = memory.filter(|memory| ![512, 2_048, 4_096].contains(memory)) {
            refuse(format!("`instance_memory_mb` is {memory}"), "set it to 512, 2048 or 4096");
        }
        for name in desired.get("app_settings").and_then(Partial::as_map).into_iter().flatten().map(|(name, _)| name) {
            if REFUSED.contains(&name.as_str()) {
                refuse(
                    format!("the setting `{name}` is refused on Flex Consumption"),
                    "remove it; `runtime` and `package` say what it said",
                );
            }
        }
        let is_set = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
        if is_set("package") && !is_set("deployment") {
            refuse("there is a `package`, and no `deployment` says where it is kept".to_owned(), "set `deployment`");
        }
        let origins = desired.get("cors").and_then(|cors| cors.get("allowed_origins")).and_then(Partial::as_list);
        let any = origins.is_some_and(|origins| origins.iter().any(|origin| origin.as_str() == Some("*")));
        let credentials =
            desired.get("cors").and_then(|cors| cors.get("support_credentials")).and_then(Partial::as_bool);
        if any && credentials == Some(true) {
            refuse("`cors` allows credentials from every origin, which browsers refuse".to_owned(), "name the origins");
        }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        let settings = task.inputs.map("app_settings").unwrap_or_default();
        let pairs: Vec<Json> =
            settings.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        put(document, "properties.siteConfig.appSettings", Json::Array(pairs));
        put(document, "properties.reserved", json!(true));
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.Web", "Microsoft.Web/sites", API, false).await?;
        Ok(None)
    }

    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let was_deploying = Standing::of(task.call).filter(|standing| standing.step == DEPLOY);
        if was_deploying.is_none() {
            allow_basic_publishing(task, target).await?;
        }
        let Some(package) = task.inputs.text("package").filter(|package| is_new(task, package)) else { return Ok(()) };
        if let Some(Standing { progress: Progress::Running(Operation::Result(url)), .. }) = was_deploying {
            return deployed(task, &url).await;
        }
        let digest = artifact_digest(package);
        let digest =
            digest.ok_or_else(|| Fault::rejected("`package` names no artifact; set it to a path of the project"))?;
        let archive = task.call.artifacts.fetch(&digest).await?;
        let url = handed_over(task, target, &archive).await?;
        Standing::at(DEPLOY, Progress::Running(Operation::Result(url.clone()))).save(task.call).await?;
        deployed(task, &url).await
    }

    /// What the document leaves out: the settings, and what is in the configuration of the site.
    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let host = seen.outputs.get("default_hostname").and_then(Known::as_str).map(|host| format!("https://{host}"));
        seen.outputs.insert("url".to_owned(), host.map_or(Value::Null, Value::String));
        let request = Request::about(Method::POST, &target.id, "config/appsettings/list", &target.api);
        let answer = task.azure.arm.send(&request).await?;
        let settings = child(&answer.body, "properties").map(|json| from_json(json, &Type::map(Type::String)));
        let own = task.inputs.get("app_settings").and_then(Known::as_map);
        seen.inputs.insert("app_settings".to_owned(), settings.map(|settings| discreet(settings, own)));
        let request = Request::about(Method::GET, &target.id, "config/web", &target.api);
        let answer = task.azure.arm.send(&request).await?;
        let tls = at(&answer.body, "properties.minTlsVersion").map(|json| from_json(json, &Type::String));
        let ty =
            object(&[("allowed_origins", Type::list(Type::String), true), ("support_credentials", Type::Bool, false)]);
        let cors = at(&answer.body, "properties.cors").map(|json| from_json(json, &ty));
        seen.inputs.extend([("minimum_tls_version".to_owned(), tls), ("cors".to_owned(), cors)]);
        Ok(())
    }

    fn awaits(&self, failure: &Failure) -> bool {
        // The roles of an identity take minutes to reach storage.
        failure.is(&["StorageAuthenticationFailed", "LinkedAuthorizationFailed"])
    }
}

/// Whether a package is another one than the one that runs.
fn is_new(task: &Task<'_>, package: &str) -> bool {
    let before = task.object.and_then(|object| object.inputs.get("package")).and_then(Partial::as_str);
    before != Some(package)
}

/// The values of settings that the stack does not know may be anybody's secrets.
fn discreet(settings: Known, own: Option<&std::collections::BTreeMap<String, Known>>) -> Known {
    let Value::Map(entries) = settings else { return settings };
    let hidden = |(name, value): (String, Known)| match own.is_some_and(|own| own.contains_key(&name)) {
        true => (name, value),
        false => (name, Value::Secret(Secret::new(value))),
    };
    Value::Map(entries.into_iter().map(hidden).collect())
}

/// Lets user name and password deploy, or not.
async fn allow_basic_publishing(task: &Task<'_>, target: &Target) -> Result<(), Fault> {
    let body = json!({ "properties": { "allow": task.inputs.is("basic_publishing") } });
    for way in ["scm", "ftp"] {
        let below = format!("basicPublishingCredentialsPolicies/{way}");
        let request = Request::about(Method::PUT, &target.id, &below, &target.api);
        task.azure.arm.send(&Request { body: Some(&body), ..request }).await?;
    }
    Ok(())
}

/// Hands a package to the app's management site; answers with where the deployment is told of.
async fn handed_over(task: &Task<'_>, target: &Target, archive: &[u8]) -> Result<String, Fault> {
    let base = management_site(task, target).await?;
    let request = Request::on(Method::POST, format!("{base}/api/publish?RemoteBuild=false&Deployer=siac"));
    let sent = task.azure.arm.send(&Request { archive: Some(archive), ..request }).await;
    let answer = match sent {
        Ok(answer) => answer,
        // The host of an app that was just made starts, and then knows its roles.
        Err(failure) if [401, 403, 404, 502, 503].contains(&failure.status) => return Err(failure.not_yet().into()),
        Err(failure) => return Err(failure.into()),
    };
    let id = answer.body.as_str().map(str::to_owned);
    let told = answer.location.or_else(|| Some(format!("{base}/api/deployments/{}", id?)));
    Ok(told.unwrap_or_else(|| format!("{base}/api/deployments/latest")))
}

/// The address of the management site: its host has a name of its own.
async fn management_site(task: &Task<'_>, target: &Target) -> Result<String, Fault> {
    if let Some(instead) = &task.azure.settings.apps.instead {
        return Ok(format!("{}/{}", instead.as_str().trim_end_matches('/'), target.id.name()));
    }
    let answer = task.azure.arm.get(&target.id, &target.api).await?;
    let hosts = answer.as_ref().and_then(|answer| at(&answer.body, "properties.hostNameSslStates")?.as_array());
    let is_management = |host: &&Json| child(host, "hostType").and_then(Json::as_str) == Some("Repository");
    let host = hosts.into_iter().flatten().find(is_management).and_then(|host| child(host, "name")?.as_str());
    let host = host.ok_or_else(|| Fault::NotYet { what: format!("the management site of {}", target.id) })?;
    Ok(format!("https://{host}"))
}

/// How a deployment stands, by its number. Source: Kudu's `DeployStatus`.
const FAILED: i64 = 3;
const SUCCESSFUL: i64 = 4;

/// Waits until a package runs.
async fn deployed(task: &Task<'_>, url: &str) -> Result<(), Fault> {
    let end = Instant::now() + task.call.timeout.saturating_sub(Duration::from_secs(5));
    loop {
        let answer = task.azure.arm.send(&Request::on(Method::GET, url.to_owned())).await;
        match answer {
            Ok(answer) => {
                let number = child(&answer.body, "status").and_then(Json::as_i64);
                let text = child(&answer.body, "status_text").and_then(Json::as_str).unwrap_or_default().to_owned();
                match number {
                    Some(SUCCESSFUL) => return Ok(()),
                    Some(FAILED) => return Err(failed(url, &text)),
                    _ => {}
                }
            }
            Err(failure) if [404, 502, 503].contains(&failure.status) => {}
            Err(failure) => return Err(failure.into()),
        }
        if Instant::now() + task.azure.arm.pace().poll > end {
            return Err(Fault::transient("the package is still being deployed; it is looked at again"));
        }
        sleep(task.azure.arm.pace().poll).await;
    }
}

fn failed(url: &str, text: &str) -> Fault {
    let place = url.split('?').next().unwrap_or_default();
    let text = if text.is_empty() { "no reason is given" } else { text };
    Fault::rejected(format!("the package was not deployed: {text}; its log is at {place}/log"))
}

//! What function apps, web apps and slots have alike: settings, the configuration of the site, and packages.

use std::time::Duration;

use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::Attribute;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::artifact_digest;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;
use tokio::time::{Instant, sleep};

use crate::arm::{Method, Operation, Progress, Request, Standing, at, child, put};
use crate::fields::Fields;
use crate::form::from_json;
use crate::kind::{Seen, Target, Task};
use crate::typed::{ENABLED, Form, Typed, flag, identity, object, some, text, usually};

/// The step of a call that hands the package over, as checkpoints name it.
const DEPLOY: &str = "deploy";

/// Where a package is handed over. Flex Consumption, web apps and other function apps have doors of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One deploy on Flex Consumption.
    Publish,
    /// One deploy of a web app. Source: "Deploy to App Service", the publish API.
    Web,
    /// Zip deployment. Source: "Zip push deployment for Azure Functions".
    Zip,
}

impl Way {
    /// The path and the query.
    fn path(self) -> &'static str {
        match self {
            Self::Publish => "api/publish?RemoteBuild=false&Deployer=siac",
            Self::Web => "api/publish?type=zip&async=true&clean=true&Deployer=siac",
            Self::Zip => "api/zipdeploy?isAsync=true&Deployer=siac",
        }
    }
}

/// The type of `cors`.
fn cors() -> Type {
    object(&[("allowed_origins", Type::list(Type::String), true), ("support_credentials", Type::Bool, false)])
}

/// The attributes that all of them have.
pub fn site(kind: Typed) -> Typed {
    let settings =
        Attribute::optional(Type::map(Type::String), "environment variables of what runs; secrets are allowed");
    let package =
        Attribute::optional(Type::String, "what runs: a folder or a zip archive of the project, deployed as it is")
            .artifact();
    let basic = Attribute::optional(Type::Bool, "whether user name and password may deploy, besides identities")
        .default(Value::Bool(false));
    kind.part(flag("https_only", "properties.httpsOnly", true, "whether only https is spoken"))
        .part(
            usually(
                "minimum_tls_version",
                "properties.siteConfig.minTlsVersion",
                "1.2",
                "the oldest TLS that is spoken",
            )
            .one_of(&["1.2", "1.3"]),
        )
        .part(some(
            "cors",
            "properties.siteConfig.cors",
            cors(),
            "which other origins browsers may call it from; the platform answers their questions",
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
        .part(text(
            "virtual_network_subnet_id",
            "properties.virtualNetworkSubnetId",
            "the subnet that it calls out from",
        ))
        .part(text(
            "key_vault_identity_id",
            "properties.keyVaultReferenceIdentity",
            "the id of the identity that reads secrets that settings refer to",
        ))
        .part(identity())
        .aside("app_settings", settings)
        .aside("package", package)
        .aside("basic_publishing", basic)
        .shows("default_hostname", "properties.defaultHostName", "the name of its host")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .shows_as(
            "outbound_ip_addresses",
            "properties.outboundIpAddresses",
            Attribute::computed(Type::String, "the addresses that it calls out from, with commas between"),
        )
        .aside("url", Attribute::computed(Type::String, "where it answers: `https://` and the host's name").stays())
}

/// What runs on Linux, in the words of the platform: `NODE|22-lts`.
pub const RUNTIME: Form = Form { to: runtime_to, from: runtime_from };

fn runtime_to(value: &Known, _: &Type) -> Json {
    let fields = Fields(value);
    let name = fields.text("name").unwrap_or_default().to_ascii_uppercase();
    json!(format!("{name}|{}", fields.text("version").unwrap_or_default()))
}

fn runtime_from(json: &Json, _: &Type) -> Known {
    match json.as_str().and_then(|text| text.split_once('|')) {
        Some((name, version)) => {
            Value::map([("name", Value::string(name.to_ascii_lowercase())), ("version", Value::string(version))])
        }
        None => Value::Null,
    }
}

/// The type of `runtime`.
pub fn runtime() -> Type {
    object(&[("name", Type::String, true), ("version", Type::String, false)])
}

/// What is wrong with any of them.
pub fn validate(desired: &Partial, problems: &mut Diagnostics) {
    let cors = desired.get("cors");
    let origins = cors.and_then(|cors| cors.get("allowed_origins")).and_then(Partial::as_list);
    let any = origins.is_some_and(|origins| origins.iter().any(|origin| origin.as_str() == Some("*")));
    let credentials = cors.and_then(|cors| cors.get("support_credentials")).and_then(Partial::as_bool);
    if any && credentials == Some(true) {
        let detail = "`cors` allows credentials from every origin, which browsers refuse";
        problems
            .push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help("name the origins"));
    }
}

/// What the document of each says that no attribute alone does.
pub fn shape(task: &Task<'_>, document: &mut Json) {
    let settings = task.inputs.map("app_settings").unwrap_or_default();
    let pairs: Vec<Json> = settings.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    put(document, "properties.siteConfig.appSettings", Json::Array(pairs));
    put(document, "properties.reserved", json!(true));
}

/// Says who may publish, and hands a new package over; waits until it runs.
pub async fn settle(task: &Task<'_>, target: &Target, way: Way) -> Result<(), Fault> {
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
    let url = handed_over(task, target, &archive, way).await?;
    Standing::at(DEPLOY, Progress::Running(Operation::Result(url.clone()))).save(task.call).await?;
    deployed(task, &url).await
}

/// What the document leaves out: the settings, and what is in the configuration of the site, which is the answer.
pub async fn complete(task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<Json, Fault> {
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
    let cors = at(&answer.body, "properties.cors").map(|json| from_json(json, &cors()));
    seen.inputs.extend([("minimum_tls_version".to_owned(), tls), ("cors".to_owned(), cors)]);
    Ok(child(&answer.body, "properties").cloned().unwrap_or_default())
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
async fn handed_over(task: &Task<'_>, target: &Target, archive: &[u8], way: Way) -> Result<String, Fault> {
    let base = management_site(task, target).await?;
    let request = Request::on(Method::POST, format!("{base}/{}", way.path()));
    let sent = task.azure.arm.send(&Request { archive: Some(archive), ..request }).await;
    let answer = match sent {
        Ok(answer) => answer,
        // The host of an app that was just made starts, and then knows its roles.
        Err(failure) if [401, 403].contains(&failure.status) => {
            return Err(failure.with_remedy(PUBLISHING).not_yet().into());
        }
        Err(failure) if [404, 502, 503].contains(&failure.status) => return Err(failure.not_yet().into()),
        // One deployment at a time.
        Err(failure) if failure.status == 409 => return Err(Fault::transient(failure.why())),
        Err(failure) => return Err(failure.into()),
    };
    let id = answer.body.as_str().map(str::to_owned);
    let told = answer.location.or_else(|| Some(format!("{base}/api/deployments/{}", id?)));
    Ok(told.unwrap_or_else(|| format!("{base}/api/deployments/latest")))
}

/// The address of the management site: its host has a name of its own.
async fn management_site(task: &Task<'_>, target: &Target) -> Result<String, Fault> {
    if let Some(instead) = &task.azure.settings.apps.instead {
        return Ok(format!("{}/{}", instead.as_str().trim_end_matches('/'), host_of(target)));
    }
    let answer = task.azure.arm.get(&target.id, &target.api).await?;
    let hosts = answer.as_ref().and_then(|answer| at(&answer.body, "properties.hostNameSslStates")?.as_array());
    let is_management = |host: &&Json| child(host, "hostType").and_then(Json::as_str) == Some("Repository");
    let host = hosts.into_iter().flatten().find(is_management).and_then(|host| child(host, "name")?.as_str());
    let host = host.ok_or_else(|| Fault::NotYet { what: format!("the management site of {}", target.id) })?;
    Ok(format!("https://{host}"))
}

/// What the name of its host begins with: a slot's has the app's before.
fn host_of(target: &Target) -> String {
    let app = target.id.parent().filter(|parent| parent.resource_type().eq_ignore_ascii_case("Microsoft.Web/sites"));
    app.map_or_else(|| target.id.name().to_owned(), |app| format!("{}-{}", app.name(), target.id.name()))
}

/// What deploying a package needs. Source: "Kudu service overview", permissions.
const PUBLISHING: &str = "the identity that siac runs as needs `Microsoft.Web/sites/publish/action` on the app, which Website Contributor has; a new role may take minutes";

/// How a deployment stands, by its number. Source: Kudu's `DeployStatus`, and what `az functionapp deployment` takes each for.
const CANCELLED: i64 = -1;
const FAILED: i64 = 3;
const SUCCESSFUL: i64 = 4;
const OVERTAKEN: i64 = 5;
const PARTLY_SUCCESSFUL: i64 = 6;

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
                    Some(FAILED | PARTLY_SUCCESSFUL) => return Err(failed(url, &text)),
                    Some(CANCELLED) => return Err(failed(url, "it was cancelled")),
                    Some(OVERTAKEN) => return Err(failed(url, "another deployment has overtaken it")),
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

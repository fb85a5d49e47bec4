//! What only Azure Resource Manager can set on a storage account: that it keeps older versions, and what was deleted for a while.
//!
//! A state's `[state]` table names the account and neither its subscription nor its group. The account is looked for among those that the
//! identity sees; nobody else has one of that name, because names of accounts are taken in all of Azure.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Context, Method, Pipeline, Request, Url};
use serde_json::{Value, json};

use super::bootstrap::KEPT_DAYS;

/// Versions of the interfaces, as the REST reference has them.
const SUBSCRIPTIONS: &str = "2022-12-01";
const STORAGE: &str = "2024-01-01";

/// How many pages of a list are read at most. A choice of this project: far more accounts than Azure lets a subscription have.
const PAGES: usize = 100;

/// How long all of it may take. A choice of this project: a list of a thousand accounts takes some seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// What is wanted: where it is in the settings, and what it is called for people.
const WANTED: [(&str, &str); 3] = [
    ("isVersioningEnabled", "older versions of blobs"),
    ("deleteRetentionPolicy", "deleted blobs"),
    ("containerDeleteRetentionPolicy", "deleted containers"),
];

/// What a storage account keeps besides what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub what: String,
    /// Whether it had to be turned on.
    pub is_changed: bool,
}

/// Resource Manager, asked by someone.
struct Manager {
    pipeline: Pipeline,
    endpoint: Url,
}

/// Lets the account of this name keep older versions, and deleted blobs and containers for a while. What is on already stays as it is.
///
/// # Errors
/// Why not, in words: the identity sees no such account, or may not change it.
pub async fn keep_more(
    account: &str,
    blob_host: Option<&str>,
    credential: Arc<dyn TokenCredential>,
    options: ClientOptions,
) -> Result<Vec<Kept>, String> {
    let told = |error: Error| match error.kind() {
        ErrorKind::HttpResponse { status, error_code, .. } => {
            format!("Azure answers {} {}", u16::from(*status), error_code.as_deref().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        _ => error.to_string(),
    };
    let manager = Manager::new(endpoint_of(blob_host), credential, options).map_err(told)?;
    let asked = async {
        match manager.find(account).await.map_err(told)? {
            Some(id) => manager.keep_more(&id).await.map_err(told),
            None => Err(format!("this identity sees no storage account `{account}` in any subscription")),
        }
    };
    let late = |_| Err(format!("Azure Resource Manager does not answer within {} s", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(late)
}

/// Resource Manager of the cloud that a blob service belongs to.
fn endpoint_of(blob_host: Option<&str>) -> &'static str {
    match blob_host {
        Some(host) if host.ends_with(".chinacloudapi.cn") => "https://management.chinacloudapi.cn",
        Some(host) if host.ends_with(".usgovcloudapi.net") => "https://management.usgovcloudapi.net",
        _ => "https://management.azure.com",
    }
}

impl Manager {
    fn new(endpoint: &str, credential: Arc<dyn TokenCredential>, options: ClientOptions) -> azure_core::Result<Self> {
        let token = BearerTokenAuthorizationPolicy::new(credential, [format!("{endpoint}/.default")]);
        let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        let pipeline = Pipeline::new(name, version, options, Vec::new(), vec![Arc::new(token)], None);
        Ok(Self { pipeline, endpoint: endpoint.parse()? })
    }

    async fn send(&self, method: Method, url: Url, body: Option<&Value>) -> azure_core::Result<Value> {
        let mut request = Request::new(url, method);
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body.to_string());
        }
        let answer = self.pipeline.send(&Context::new(), &mut request, None).await?;
        Ok(serde_json::from_slice(answer.body())?)
    }

    fn url(&self, path: &str, version: &str) -> azure_core::Result<Url> {
        let mut url = self.endpoint.join(path)?;
        url.query_pairs_mut().append_pair("api-version", version);
        Ok(url)
    }

    /// Every entry of a list.
    async fn list(&self, path: &str, version: &str) -> azure_core::Result<Vec<Value>> {
        let (mut next, mut all) = (Some(self.url(path, version)?), Vec::new());
        for _ in 0..PAGES {
            let Some(url) = next.take() else { break };
            let mut page = self.send(Method::Get, url, None).await?;
            if let Value::Array(entries) = page["value"].take() {
                all.extend(entries);
            }
            let link = page["nextLink"].as_str().and_then(|link| link.parse::<Url>().ok());
            // The token goes nowhere else.
            next = link.filter(|link| link.origin() == self.endpoint.origin());
        }
        Ok(all)
    }

    /// The account's id.
    async fn find(&self, account: &str) -> azure_core::Result<Option<String>> {
        for subscription in self.list("/subscriptions", SUBSCRIPTIONS).await? {
            let Some(id) = subscription["id"].as_str() else { continue };
            let accounts = self.list(&format!("{id}/providers/Microsoft.Storage/storageAccounts"), STORAGE).await?;
            let is_it = |found: &&Value| found["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(account));
            if let Some(found) = accounts.iter().find(is_it).and_then(|found| found["id"].as_str()) {
                return Ok(Some(found.to_owned()));
            }
        }
        Ok(None)
    }

    async fn keep_more(&self, account: &str) -> azure_core::Result<Vec<Kept>> {
        let url = self.url(&format!("{account}/blobServices/default"), STORAGE)?;
        let mut present = self.send(Method::Get, url.clone(), None).await?;
        let mut properties = present["properties"].take();
        let kept = turn_on(&mut properties);
        if kept.iter().any(|kept| kept.is_changed) {
            self.send(Method::Put, url, Some(&json!({ "properties": properties }))).await?;
        }
        Ok(kept)
    }
}

/// Turns on what is off.
fn turn_on(properties: &mut Value) -> Vec<Kept> {
    if !properties.is_object() {
        *properties = json!({});
    }
    let kept = WANTED.iter().map(|&(name, what)| {
        let place = &mut properties[name];
        let is_on = place.as_bool().or_else(|| place["enabled"].as_bool()).unwrap_or_default();
        let days = if is_on { place["days"].as_u64() } else { None };
        let what = match (name, days) {
            ("isVersioningEnabled", _) => what.to_owned(),
            (_, Some(days)) => format!("{what} for {days} days"),
            _ => format!("{what} for {KEPT_DAYS} days"),
        };
        if !is_on {
            *place = match name {
                "isVersioningEnabled" => json!(true),
                _ => json!({ "enabled": true, "days": KEPT_DAYS }),
            };
        }
        Kept { what, is_changed: !is_on }
    });
    kept.collect()
}

//! Requests and answers.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value as Json;
use siac_core::ports::Fault;

use super::failure::{Facts, Failure};
use super::id::ResourceId;
use super::token::Token;

pub use reqwest::Method;

/// How time is spent; tests own it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The hard limit of one request. At most 60 s, by which the drain of every kind is measured.
    pub request: Duration,
    /// How long to wait between two looks at an operation whose service does not say.
    pub poll: Duration,
    /// How long a request that was sent and never answered may still be accepted.
    pub drain: Duration,
    /// How long to wait before a write is repeated whose parent is not visible yet; it doubles.
    pub visibility: Duration,
}

impl Default for Pace {
    /// 60 s for a request as the engine's law of the drain has it, 2 s between polls, 90 s of drain; choices of this project.
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            poll: Duration::from_secs(2),
            drain: Duration::from_secs(90),
            visibility: Duration::from_secs(2),
        }
    }
}

/// How Azure is reached.
pub struct Connection {
    /// The endpoint of ARM: `https://management.azure.com`.
    pub endpoint: Url,
    /// What tokens are asked for, `https://management.azure.com/.default`.
    pub scope: String,
    /// Whom else its tokens are for: apps take packages by the same identity.
    pub apps: Neighbour,
    /// Key Vault, which takes tokens of its own.
    pub vaults: Neighbour,
    /// Who asks.
    pub credential: Arc<dyn TokenCredential>,
    /// How time is spent.
    pub pace: Pace,
}

/// Hosts beside ARM that are spoken to.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// What the names of its hosts end in, with the dot before: `.scm.azurewebsites.net`.
    pub suffix: &'static str,
    /// Where all of them are instead, for a double.
    pub instead: Option<Url>,
    /// What tokens are asked for.
    pub scope: String,
}

impl Neighbour {
    /// Whether a URL leads to one of them.
    fn has(&self, url: &Url) -> bool {
        match &self.instead {
            Some(instead) => is_within(url, instead),
            None => url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(self.suffix)),
        }
    }
}

/// Whose token a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// ARM, and the management sites of apps.
    Manager,
    /// Key Vault.
    Vault,
}

/// The client. One for each configured instance of the provider.
pub struct Arm {
    http: reqwest::Client,
    endpoint: Url,
    apps: Neighbour,
    vaults: Neighbour,
    token: Token,
    vault_token: Token,
    pace: Pace,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What is done.
    pub method: Method,
    /// To what: path and query, or the whole URL of an operation.
    pub target: String,
    /// With what.
    pub body: Option<&'a Json>,
    /// With what instead: a zip archive.
    pub archive: Option<&'a [u8]>,
    /// For whom the token is.
    pub audience: Audience,
    /// Only when the resource still has this ETag.
    pub if_match: Option<&'a str>,
    /// The identity of the caller's operation, the same for each of its attempts; Azure's support finds requests by it.
    pub correlation: Option<&'a str>,
}

impl Request<'_> {
    /// A request about a resource.
    pub fn new(method: Method, id: &ResourceId, api: &str) -> Self {
        Self::on(method, format!("{id}?api-version={api}"))
    }

    /// A request about something below a resource: an action, a list.
    pub fn about(method: Method, id: &ResourceId, below: &str, api: &str) -> Self {
        Self::on(method, format!("{id}/{below}?api-version={api}"))
    }

    /// A request with this target.
    pub fn on(method: Method, target: String) -> Self {
        Self {
            method,
            target,
            body: None,
            archive: None,
            audience: Audience::Manager,
            if_match: None,
            correlation: None,
        }
    }

    /// What is being done, in words for people: the query may hold signatures.
    fn words(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// What ARM answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null when there is none.
    pub body: Json,
    /// Where the operation that goes on is told of: `Azure-AsyncOperation`.
    pub operation: Option<String>,
    /// Where the result will be: `Location`.
    pub location: Option<String>,
    /// How long to wait before looking again.
    pub retry_after: Option<Duration>,
    /// The version of the resource, for conditional writes.
    pub etag: Option<String>,
}

impl Arm {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// When the endpoint would send tokens in the clear over a network, or TLS cannot be set up.
    pub fn new(connection: Connection) -> Result<Self, Fault> {
        let Connection { endpoint, scope, apps, vaults, credential, pace } = connection;
        let all = [Some(&endpoint), apps.instead.as_ref(), vaults.instead.as_ref()];
        if let Some(endpoint) = all.into_iter().flatten().find(|endpoint| !is_private(endpoint)) {
            return Err(Fault::rejected(format!(
                "the endpoint `{endpoint}` would send access tokens in the clear; use `https://`"
            )));
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("siac/", env!("CARGO_PKG_VERSION")))
            .timeout(pace.request)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Fault::rejected(format!("TLS cannot be set up: {error}")))?;
        let vault_token = Token::new(credential.clone(), vaults.scope.clone());
        Ok(Self { http, endpoint, apps, vaults, token: Token::new(credential, scope), vault_token, pace })
    }

    /// How time is spent.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The resource with this id; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, id: &ResourceId, api: &str) -> Result<Option<Answer>, Fault> {
        match self.send(&Request::new(Method::GET, id, api)).await {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.is_absent() => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends a request. A token that is refused is asked for anew, once; nothing else is repeated.
    ///
    /// # Errors
    /// The failure, sorted by what may be done next.
    pub async fn send(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let url = self.url(request)?;
        let first = self.attempt(request, &url).await;
        match first {
            Err(failure) if failure.status == StatusCode::UNAUTHORIZED.as_u16() => {
                self.token_for(request).forget().await;
                self.attempt(request, &url).await
            }
            other => other,
        }
    }

    /// What the access token says of its bearer. Only for telling who that is: nothing is decided by it.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn claims(&self) -> Result<Json, Fault> {
        let token = self.token.get().await?;
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        Ok(claims.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    async fn attempt(&self, request: &Request<'_>, url: &Url) -> Result<Answer, Failure> {
        let token = self.token_for(request).get().await?;
        let mut sending = self.http.request(request.method.clone(), url.clone());
        sending = sending.header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(correlation) = request.correlation {
            sending = sending.header("x-ms-client-request-id", correlation);
            sending = sending.header("x-ms-correlation-request-id", correlation);
        }
        if let Some(etag) = request.if_match {
            sending = sending.header(IF_MATCH, etag);
        }
        sending = match request.body {
            None if request.archive.is_some() => {
                let archive = request.archive.unwrap_or_default().to_owned();
                sending.header(CONTENT_TYPE, "application/zip").body(archive)
            }
            Some(body) => sending.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            // Some front ends refuse a POST or PUT without a length.
            None if !request.is_read() => sending.body(String::new()),
            None => sending,
        };
        match sending.send().await {
            Ok(response) => answered(request, response).await,
            Err(error) => Err(Failure::from(unanswered(request, &error))),
        }
    }

    fn token_for(&self, request: &Request<'_>) -> &Token {
        match request.audience {
            Audience::Manager => &self.token,
            Audience::Vault => &self.vault_token,
        }
    }

    /// The URL of a request. Tokens go to whom they are for and nowhere else: an operation's URL must lead there, too.
    fn url(&self, request: &Request<'_>) -> Result<Url, Fault> {
        let url = match request.target.starts_with('/') {
            true => self.endpoint.join(&request.target),
            false => Url::parse(&request.target),
        };
        let url = url.map_err(|error| Fault::rejected(format!("Azure was to be asked at no valid URL: {error}")))?;
        let is_known = match request.audience {
            Audience::Manager => is_within(&url, &self.endpoint) || self.apps.has(&url),
            Audience::Vault => self.vaults.has(&url),
        };
        match is_known {
            true => Ok(url),
            false => Err(Fault::rejected(format!(
                "Azure told of something at `{}`, which is none of its own endpoints; nothing was sent there",
                url.host_str().unwrap_or_default()
            ))),
        }
    }
}

/// Whether what is sent to a URL cannot be read on the way.
pub fn is_private(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// Whether a URL leads to the endpoint or to a region of it.
fn is_within(url: &Url, endpoint: &Url) -> bool {
    let (Some(host), Some(home)) = (url.host_str(), endpoint.host_str()) else { return false };
    let is_region = host.strip_suffix(home).is_some_and(|region| region.ends_with('.'));
    let is_same_port = url.port_or_known_default() == endpoint.port_or_known_default();
    url.scheme() == endpoint.scheme() && is_same_port && (host == home || is_region)
}

async fn answered(request: &Request<'_>, response: Response) -> Result<Answer, Failure> {
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.map_err(|error| match request.is_read() {
        true => Fault::transient(format!("the answer to {} broke off: {}", request.words(), chain(&error))),
        false => Fault::ambiguous(format!("the answer to {} broke off: {}", request.words(), chain(&error))),
    })?;
    if !status.is_success() {
        let facts = Facts {
            words: request.words(),
            is_read: request.is_read(),
            status: status.as_u16(),
            retry_after: retry_after(&headers),
            correlation: text(&headers, "x-ms-correlation-request-id").or_else(|| text(&headers, "x-ms-request-id")),
        };
        return Err(Failure::of(facts, &bytes));
    }
    Ok(Answer {
        status: status.as_u16(),
        // A body that is no JSON tells nothing that is asked for: some services answer a delete with text.
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        operation: text(&headers, "azure-asyncoperation"),
        location: text(&headers, LOCATION.as_str()),
        retry_after: retry_after(&headers),
        etag: text(&headers, ETAG.as_str()),
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `Retry-After` in seconds. ARM never sends a date there.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    text(headers, RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
}

/// A request without an answer: what never left did nothing, and reading does nothing at all.
fn unanswered(request: &Request<'_>, error: &reqwest::Error) -> Fault {
    let why = format!("{} got no answer: {}", request.words(), chain(error));
    match error.is_connect() || error.is_builder() || request.is_read() {
        true => Fault::transient(why),
        false => Fault::ambiguous(why),
    }
}

/// An error with its causes. The URL is left out: an operation's query holds a signature.
fn chain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    match texts.is_empty() {
        true if error.is_timeout() => "it took too long".to_owned(),
        true => "the connection failed".to_owned(),
        false => texts.join(": "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn tokens_go_nowhere_else() {
        let home = url("https://management.azure.com");
        assert!(is_within(&url("https://management.azure.com:443/x?t=1"), &home));
        assert!(is_within(&url("https://westeurope.management.azure.com/x"), &home));
        assert!(!is_within(&url("https://evilmanagement.azure.com/x"), &home));
        assert!(!is_within(&url("https://example.com/x"), &home));
        assert!(!is_within(&url("http://management.azure.com/x"), &home));
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        assert!(is_private(&url("http://127.0.0.1:1234")));
        assert!(is_private(&url("https://management.chinacloudapi.cn")));
        assert!(!is_private(&url("http://10.0.0.1")));
    }
}

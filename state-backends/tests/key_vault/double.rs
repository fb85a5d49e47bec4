//! A vault: RSA keys that really wrap, secrets with versions, and the challenge that clients must answer first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method, Request, RetryOptions, StatusCode, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use siac_state_backends::azure::VaultOptions;

/// What the credential hands out for the vault, and for nothing else.
const TOKEN: &str = "token-for-the-vault";
const SCOPE: &str = "https://vault.azure.net/.default";

/// A vault of this name.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    host: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: BTreeMap<String, Vec<(String, PrivateDecryptingKey)>>,
    secrets: BTreeMap<String, Vec<(String, String)>>,
    versions: u32,
    heard: Vec<String>,
    refusal: Option<(u16, &'static str)>,
}

/// An answer: its status and its body.
type Answer = (u16, Value);

impl Vault {
    pub fn new(name: &str) -> Self {
        Self(Arc::new(Inner { host: format!("{name}.vault.azure.net"), state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a key, or a new version of it.
    pub fn add_key(&self, name: &str) -> String {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
        let mut state = self.state();
        let version = state.next_version();
        state.keys.entry(name.to_owned()).or_default().push((version.clone(), key));
        version
    }

    /// Makes a secret, or a new version of it.
    pub fn add_secret(&self, name: &str, value: &str) -> String {
        let mut state = self.state();
        let version = state.next_version();
        state.secrets.entry(name.to_owned()).or_default().push((version.clone(), value.to_owned()));
        version
    }

    /// Refuses everything from now on.
    pub fn refuse(&self, status: u16, code: &'static str) {
        self.state().refusal = Some((status, code));
    }

    /// Every body that was sent.
    pub fn heard(&self) -> String {
        self.state().heard.join("\n")
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.state().heard.len()
    }

    pub fn credential(&self) -> Arc<dyn TokenCredential> {
        Arc::new(Identity)
    }

    /// Lets a client talk to this vault, and never try again by itself.
    pub fn options(&self) -> VaultOptions {
        let transport = Transport::new(Arc::new(Line(self.clone())));
        VaultOptions { transport: Some(transport), retry: RetryOptions::none(), ..VaultOptions::default() }
    }

    /// Asks without any client.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.answer(method, path, body)
    }

    fn answer(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut state = self.state();
        state.heard.push(body.to_owned());
        if let Some((status, code)) = state.refusal {
            return refused(status, code);
        }
        let host = &self.0.host;
        match (method, &path.trim_matches('/').split('/').collect::<Vec<_>>()[..]) {
            ("POST", ["keys", name, "wrapkey"]) => state.wrap(host, name, None, body),
            ("POST", ["keys", name, version, "wrapkey"]) => state.wrap(host, name, Some(version), body),
            ("POST", ["keys", name, version, "unwrapkey"]) => state.unwrap(host, name, version, body),
            ("GET", ["secrets", name]) => state.secret(host, name, None),
            ("GET", ["secrets", name, version]) => state.secret(host, name, Some(version)),
            _ => refused(404, "NotFound"),
        }
    }
}

fn refused(status: u16, code: &str) -> Answer {
    (status, json!({ "error": { "code": code, "message": "The vault says no." } }))
}

/// The one of this version, or the newest; an empty version means none, as Microsoft's clients send it.
fn pick<'a, T>(versions: Option<&'a Vec<(String, T)>>, version: Option<&str>) -> Option<&'a (String, T)> {
    match version.filter(|version| !version.is_empty()) {
        None => versions?.last(),
        Some(version) => versions?.iter().find(|(own, _)| own == version),
    }
}

impl State {
    fn next_version(&mut self) -> String {
        self.versions += 1;
        format!("{:032x}", self.versions)
    }

    /// The value of an operation's parameters, when the algorithm is one that this key has.
    fn value(body: &str) -> Option<Vec<u8>> {
        let parameters: Value = serde_json::from_str(body).ok()?;
        let is_known = parameters["alg"] == "RSA-OAEP-256";
        URL_SAFE_NO_PAD.decode(parameters["value"].as_str().filter(|_| is_known)?).ok()
    }

    fn wrap(&self, host: &str, name: &str, version: Option<&str>, body: &str) -> Answer {
        let Some((version, key)) = pick(self.keys.get(name), version) else { return refused(404, "KeyNotFound") };
        let key = OaepPublicEncryptingKey::new(key.public_key()).expect("a key");
        let mut wrapped = vec![0; key.ciphertext_size()];
        let value = Self::value(body).filter(|value| value.len() <= key.max_plaintext_size(&OAEP_SHA256_MGF1SHA256));
        let Some(value) = value else { return refused(400, "BadParameter") };
        key.encrypt(&OAEP_SHA256_MGF1SHA256, &value, &mut wrapped, None).expect("it fits");
        operated(host, name, version, &wrapped)
    }

    fn unwrap(&self, host: &str, name: &str, version: &str, body: &str) -> Answer {
        let found = pick(self.keys.get(name), Some(version));
        let Some((version, key)) = found else { return refused(404, "KeyNotFound") };
        let key = OaepPrivateDecryptingKey::new(key.clone()).expect("a key");
        let mut opened = vec![0; key.min_output_size()];
        let value = Self::value(body).unwrap_or_default();
        match key.decrypt(&OAEP_SHA256_MGF1SHA256, &value, &mut opened, None) {
            Ok(opened) => operated(host, name, version, opened),
            Err(_) => refused(400, "BadParameter"),
        }
    }

    fn secret(&self, host: &str, name: &str, version: Option<&str>) -> Answer {
        let found = pick(self.secrets.get(name), version);
        let Some((version, value)) = found else { return refused(404, "SecretNotFound") };
        let id = format!("https://{host}/secrets/{name}/{version}");
        let attributes = json!({ "enabled": true, "created": 1_493_938_410, "updated": 1_493_938_410 });
        (200, json!({ "value": value, "id": id, "attributes": attributes }))
    }
}

fn operated(host: &str, name: &str, version: &str, value: &[u8]) -> Answer {
    let kid = format!("https://{host}/keys/{name}/{version}");
    (200, json!({ "kid": kid, "value": URL_SAFE_NO_PAD.encode(value) }))
}

/// Which fields an answer has, and of what kind each is.
pub fn shape(answer: &Value) -> BTreeMap<&str, &'static str> {
    let kind = |value: &Value| match value {
        Value::String(text) if text.starts_with("https://") => "address",
        Value::String(_) => "text",
        Value::Object(_) => "object",
        _ => "other",
    };
    answer.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), kind(value))).collect()
}

/// Has a token for vaults and for nothing else.
#[derive(Debug)]
struct Identity;

#[async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        match scopes {
            [SCOPE] => Ok(AccessToken::new(TOKEN, OffsetDateTime::now_utc() + Duration::hours(1))),
            _ => Err(Error::with_message(ErrorKind::Credential, format!("no token for {scopes:?}"))),
        }
    }
}

/// The way from a client to a vault.
struct Line(Vault);

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

#[async_trait]
impl HttpClient for Line {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        assert_eq!((url.scheme(), url.host_str()), ("https", Some(self.0.0.host.as_str())), "another place was asked");
        let mut headers = Headers::new();
        headers.insert("content-type", "application/json");
        let token = request.headers().get_optional_str(&"authorization".into());
        if token != Some(format!("Bearer {TOKEN}").as_str()) {
            let challenge = "Bearer authorization=\"https://login.microsoftonline.com/tenant\", resource=\"https://vault.azure.net\"";
            headers.insert("www-authenticate", challenge);
            return Ok(response(refused(401, "Unauthorized"), headers));
        }
        if !url.query_pairs().any(|(name, _)| name == "api-version") {
            return Ok(response(refused(400, "BadParameter"), headers));
        }
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => panic!("no request of these clients is a stream"),
        };
        let method = if request.method() == Method::Get { "GET" } else { "POST" };
        Ok(response(self.0.answer(method, url.path(), &body), headers))
    }
}

fn response((status, body): Answer, headers: Headers) -> AsyncRawResponse {
    AsyncRawResponse::from_bytes(StatusCode::from(status), headers, body.to_string())
}

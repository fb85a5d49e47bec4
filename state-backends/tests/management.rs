//! What a storage account keeps, set through Resource Manager; a double stands for it, with the forms of the REST reference.
#![cfg(feature = "azure")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, Method, Request, RetryOptions, StatusCode, Transport,
};
use azure_core::time::{Duration, OffsetDateTime};
use serde_json::{Value, json};
use siac_state_backends::azure::keep_more;

/// Where the account of the tests is.
const ACCOUNT: &str = "/subscriptions/2/resourceGroups/ops/providers/Microsoft.Storage/storageAccounts/acmestate";

#[derive(Debug, Clone)]
struct Manager(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    blob_service: Value,
    may_write: bool,
    heard: Vec<String>,
}

impl Manager {
    fn new(properties: Value) -> Self {
        let state = State { blob_service: properties, may_write: true, heard: Vec::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics inside").heard)
    }

    fn answer(&self, method: Method, path_and_query: &str, body: &str) -> (u16, Value) {
        let mut state = self.0.lock().expect("no test panics inside");
        state.heard.push(format!("{method} {path_and_query}"));
        let base = "https://management.azure.com";
        let account = |id: &str| json!({ "id": id, "name": id.rsplit('/').next(), "location": "westeurope" });
        let blob_service = format!("{ACCOUNT}/blobServices/default?api-version=2024-01-01");
        let accounts = |number: u32| {
            format!("/subscriptions/{number}/providers/Microsoft.Storage/storageAccounts?api-version=2024-01-01")
        };
        match (method, path_and_query) {
            (Method::Get, "/subscriptions?api-version=2022-12-01") => {
                (200, json!({ "value": [{ "id": "/subscriptions/1" }, { "id": "/subscriptions/2" }] }))
            }
            (Method::Get, path) if path == accounts(1) => (200, json!({ "value": [] })),
            (Method::Get, path) if path == accounts(2) => {
                let next = format!("{base}/subscriptions/2/more?api-version=2024-01-01");
                (200, json!({ "value": [account("/subscriptions/2/other")], "nextLink": next }))
            }
            (Method::Get, "/subscriptions/2/more?api-version=2024-01-01") => {
                (200, json!({ "value": [account(ACCOUNT)], "nextLink": "https://evil.example/more" }))
            }
            (Method::Get, path) if path == blob_service => {
                (200, json!({ "name": "default", "properties": state.blob_service }))
            }
            (Method::Put, path) if path == blob_service && state.may_write => {
                let body: Value = serde_json::from_str(body).expect("JSON");
                state.blob_service = body["properties"].clone();
                (200, body)
            }
            (Method::Put, _) => (403, json!({ "error": { "code": "AuthorizationFailed", "message": "No." } })),
            _ => (404, json!({ "error": { "code": "NotFound", "message": "There is nothing." } })),
        }
    }
}

#[async_trait]
impl HttpClient for Manager {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        assert_eq!((url.scheme(), url.host_str()), ("https", Some("management.azure.com")), "another place was asked");
        assert_eq!(request.headers().get_optional_str(&"authorization".into()), Some("Bearer token"));
        let Body::Bytes(body) = request.body() else { panic!("no request is a stream") };
        let body = String::from_utf8_lossy(body).into_owned();
        let (status, answer) = self.answer(request.method(), &request.path_and_query(), &body);
        let mut headers = Headers::new();
        headers.insert("content-type", "application/json");
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(status), headers, answer.to_string()))
    }
}

#[derive(Debug)]
struct Identity;

#[async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        match scopes {
            ["https://management.azure.com/.default"] => {
                Ok(AccessToken::new("token", OffsetDateTime::now_utc() + Duration::hours(1)))
            }
            _ => Err(Error::with_message(ErrorKind::Credential, format!("no token for {scopes:?}"))),
        }
    }
}

async fn ask(manager: &Manager, account: &str) -> Result<Vec<(String, bool)>, String> {
    let transport = Some(Transport::new(Arc::new(manager.clone())));
    let options = ClientOptions { transport, retry: RetryOptions::none(), ..ClientOptions::default() };
    let kept = keep_more(account, Some("acmestate.blob.core.windows.net"), Arc::new(Identity), options).await?;
    Ok(kept.into_iter().map(|kept| (kept.what, kept.is_changed)).collect())
}

fn told(changed: [bool; 3], days: [u32; 2]) -> Vec<(String, bool)> {
    let [blobs, containers] = days;
    let what = [
        "older versions of blobs".to_owned(),
        format!("deleted blobs for {blobs} days"),
        format!("deleted containers for {containers} days"),
    ];
    what.into_iter().zip(changed).collect()
}

#[tokio::test]
async fn an_account_learns_to_keep_more_once_and_what_is_on_stays_as_it_is() {
    let cors = json!({ "corsRules": [{ "allowedOrigins": ["https://acme.example"] }] });
    let manager = Manager::new(json!({ "cors": cors, "deleteRetentionPolicy": { "enabled": true, "days": 7 } }));
    assert_eq!(ask(&manager, "acmestate").await, Ok(told([true, false, true], [7, 30])));
    assert_eq!(manager.heard().iter().filter(|heard| heard.starts_with("PUT")).count(), 1);
    assert_eq!(ask(&manager, "ACMESTATE").await, Ok(told([false; 3], [7, 30])));
    assert!(manager.heard().iter().all(|heard| heard.starts_with("GET")), "nothing is changed again");
    let state = manager.0.lock().expect("no test panics inside");
    assert_eq!(state.blob_service["isVersioningEnabled"], json!(true));
    assert_eq!(state.blob_service["cors"], cors, "what others set is left alone");
    assert_eq!(state.blob_service["deleteRetentionPolicy"], json!({ "enabled": true, "days": 7 }));
}

#[tokio::test]
async fn why_nothing_was_set_is_told() {
    let manager = Manager::new(json!({}));
    let Err(why) = ask(&manager, "elsewhere").await else { panic!("there is no such account") };
    assert!(why.contains("sees no storage account `elsewhere`"), "{why}");
    manager.0.lock().expect("no test panics inside").may_write = false;
    let Err(why) = ask(&manager, "acmestate").await else { panic!("it was changed") };
    assert_eq!(why, "Azure answers 403 AuthorizationFailed");
    assert_eq!(manager.0.lock().expect("no test panics inside").blob_service, json!({}));
}

//! Requests signed with a key of the storage account, which Microsoft's library for Rust leaves to its users.
//!
//! The rules are those of "Authorize with Shared Key" in the REST reference of Azure Storage, version 2015-02-21 and later.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, Url};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siac_core::model::secret::Secret;

/// Headers that are signed by their value alone, in this order, after the length and before what begins with `x-ms-`.
const SIGNED: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Signs each attempt.
pub(super) struct SharedKey {
    account: String,
    key: Secret<Vec<u8>>,
}

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedKey({})", self.account)
    }
}

impl SharedKey {
    pub(super) fn new(account: &str, key: Secret<Vec<u8>>) -> Self {
        Self { account: account.to_owned(), key }
    }

    fn authorization(&self, request: &Request) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose()).expect("HMAC takes keys of any length");
        mac.update(self.text_to_sign(request).as_bytes());
        format!("SharedKey {}:{}", self.account, STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn text_to_sign(&self, request: &Request) -> String {
        let headers: BTreeMap<String, &str> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_str().trim()))
            .collect();
        let length = request.body().len().filter(|length| *length > 0).map(|length| length.to_string());
        let mut text = request.method().to_string();
        for name in SIGNED {
            text.push('\n');
            match name {
                "content-length" => text.push_str(length.as_deref().unwrap_or_default()),
                name => text.push_str(headers.get(name).copied().unwrap_or_default()),
            }
        }
        text.push('\n');
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
            text.push_str(&format!("{name}:{value}\n"));
        }
        text + &self.resource(request.url())
    }

    /// The account, the path as it is sent, and each part of the query by its decoded name and value.
    fn resource(&self, url: &Url) -> String {
        let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            query.entry(name.to_ascii_lowercase()).or_default().push(value.into_owned());
        }
        let mut resource = format!("/{}{}", self.account, url.path());
        for (name, mut values) in query {
            values.sort();
            resource.push_str(&format!("\n{name}:{}", values.join(",")));
        }
        resource
    }
}

#[async_trait]
impl Policy for SharedKey {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        request.insert_header("x-ms-date", now);
        let authorization = self.authorization(request);
        request.insert_header("authorization", authorization);
        next[0].send(context, request, &next[1..]).await
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::Method;

    use super::*;

    fn signer() -> SharedKey {
        SharedKey::new("myaccount", Secret::new(vec![7; 64]))
    }

    /// The example of the REST reference, "Get Container Metadata", with its canonical form spelled out there.
    #[test]
    fn the_example_of_the_reference_is_signed_as_it_says() {
        let url = "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20";
        let mut request = Request::new(url.parse().unwrap(), Method::Get);
        request.insert_header("x-ms-version", "2015-02-21");
        request.insert_header("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
        let expected = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
                        /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20";
        assert_eq!(signer().text_to_sign(&request), expected);
    }

    #[test]
    fn a_write_is_signed_with_its_length_conditions_and_encoded_path() {
        let url = "https://myaccount.blob.core.windows.net/c/shop%2FHEAD";
        let mut request = Request::new(url.parse().unwrap(), Method::Put);
        request.insert_header("content-type", "application/octet-stream");
        request.insert_header("if-match", "\"0x1\"");
        request.insert_header("x-ms-blob-type", "BlockBlob");
        request.set_body(vec![0; 12]);
        let expected = "PUT\n\n\n12\n\napplication/octet-stream\n\n\n\"0x1\"\n\n\n\nx-ms-blob-type:BlockBlob\n\
                        /myaccount/c/shop%2FHEAD";
        assert_eq!(signer().text_to_sign(&request), expected);
    }

    #[test]
    fn the_key_is_in_no_debug_output() {
        assert_eq!(format!("{:?}", signer()), "SharedKey(myaccount)");
    }
}

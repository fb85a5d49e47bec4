//! The identity that GitHub Actions vouches for.

use azure_core::credentials::Secret;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{ClientMethodOptions, ClientOptions, Context, Method, Pipeline, Request, Url};
use azure_identity::ClientAssertion;

/// What GitHub sets in a job with `permissions: id-token: write`.
pub(crate) const VARIABLES: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/// The audience that Entra ID expects of a federated token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Asks GitHub to vouch for the job.
#[derive(Debug)]
pub(crate) struct GithubAssertion {
    url: Url,
    token: Secret,
    pipeline: Pipeline,
}

impl GithubAssertion {
    /// Asks at this address, with this token.
    pub(crate) fn new(url: &str, token: String) -> azure_core::Result<Self> {
        let mut url: Url = url
            .parse()
            .map_err(|_| Error::with_message(ErrorKind::Credential, format!("{} is not an address", VARIABLES[0])))?;
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
        let pipeline =
            Pipeline::new(option_env!("CARGO_PKG_NAME"), None, ClientOptions::default(), Vec::new(), Vec::new(), None);
        Ok(Self { url, token: Secret::new(token), pipeline })
    }
}

#[async_trait::async_trait]
impl ClientAssertion for GithubAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut request = Request::new(self.url.clone(), Method::Get);
        request.insert_header("authorization", format!("Bearer {}", self.token.secret()));
        let response = self.pipeline.send(&Context::default(), &mut request, None).await?;
        let answer: serde_json::Value = serde_json::from_slice(response.body())?;
        match answer.get("value").and_then(serde_json::Value::as_str) {
            Some(assertion) => Ok(assertion.to_owned()),
            None => Err(Error::with_message(ErrorKind::Credential, "GitHub answered without a token")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn github_is_asked_for_the_audience_of_entra() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            let body = r#"{"count":1,"value":"vouched"}"#;
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
            String::from_utf8(request).unwrap()
        });
        let assertion = GithubAssertion::new(&format!("http://{address}/token?api=2"), "job-token".into()).unwrap();
        assert_eq!(assertion.secret(None).await.unwrap(), "vouched");
        let request = asked.join().unwrap();
        assert!(
            request.starts_with("GET /token?api=2&audience=api%3A%2F%2FAzureADTokenExchange HTTP/1.1"),
            "{request}"
        );
        assert!(request.to_ascii_lowercase().contains("authorization: bearer job-token"), "{request}");
        assert!(!format!("{assertion:?}").contains("job-token"));
    }
}

//! The access token: asked for once, kept until shortly before it expires.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::time::OffsetDateTime;
use siac_core::ports::Fault;
use tokio::sync::Mutex;

/// How long before its end a token is renewed. A choice of this project: longer than any request may take.
const EARLY: Duration = Duration::from_secs(300);

/// The token for one audience.
pub struct Token {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    kept: Mutex<Option<AccessToken>>,
}

impl Token {
    /// Tokens of this credential, for this scope.
    pub fn new(credential: Arc<dyn TokenCredential>, scope: String) -> Self {
        Self { credential, scope, kept: Mutex::new(None) }
    }

    /// A token that is still good for a while.
    ///
    /// # Errors
    /// When the credential has none to give: it says why, and what to do.
    pub async fn get(&self) -> Result<String, Fault> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.expires_on > OffsetDateTime::now_utc() + EARLY) {
            return Ok(token.token.secret().to_owned());
        }
        let asked = self.credential.get_token(&[&self.scope], None).await;
        let refused = |error| format!("Azure does not know who this is: {}", siac_azure_credentials::why(&error));
        let token = asked.map_err(|error| Fault::rejected(refused(error)))?;
        let text = token.token.secret().to_owned();
        *kept = Some(token);
        Ok(text)
    }

    /// Forgets the token, because it was refused.
    pub async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

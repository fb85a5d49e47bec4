//! The first of several credentials that has a token.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};

use crate::{Identity, why};

/// How long one credential is asked. A machine outside Azure has nobody who answers for its identity, and may wait for long. A choice of this
/// project: `az` takes some seconds on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first of several credentials that has a token; from then on only that one is asked.
#[derive(Debug)]
pub(crate) struct Chain {
    identities: Vec<Identity>,
    found: OnceLock<Arc<dyn TokenCredential>>,
}

impl Chain {
    pub(crate) fn new(identities: &[Identity]) -> Self {
        Self { identities: identities.to_vec(), found: OnceLock::new() }
    }

    async fn ask(
        identity: &Identity,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> Result<(Arc<dyn TokenCredential>, AccessToken), String> {
        let credential = identity.credential().map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, credential.get_token(scopes, options)).await {
            Ok(Ok(token)) => Ok((credential, token)),
            Ok(Err(error)) => Err(format!("{identity}: {}", why(&error))),
            Err(_) => Err(format!("{identity}: no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

#[async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if let Some(found) = self.found.get() {
            return found.get_token(scopes, options).await;
        }
        let mut refusals = Vec::new();
        for identity in &self.identities {
            match Self::ask(identity, scopes, options.clone()).await {
                Ok((credential, token)) => {
                    // Another caller may have found one at the same time: either is good.
                    let _ = self.found.set(credential);
                    return Ok(token);
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(Error::with_message(
            ErrorKind::Credential,
            format!(
                "nothing identifies this run; {}. Asked were {}",
                remedy(is_set("GITHUB_ACTIONS")),
                refusals.join("; ")
            ),
        ))
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// What helps where this runs: a workflow has nobody who could sign in.
fn remedy(is_workflow: bool) -> &'static str {
    match is_workflow {
        true => "give the job `permissions: id-token: write`, and set AZURE_TENANT_ID and AZURE_CLIENT_ID",
        false => "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_told_what_workflows_need() {
        assert!(remedy(true).contains("id-token: write") && !remedy(true).contains("az login"));
        assert!(remedy(false).contains("az login"));
    }
}

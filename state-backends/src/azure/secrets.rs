//! Secrets that Azure Key Vault keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_security_keyvault_secrets::models::SecretClientGetSecretOptions;
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::ports::{Fault, FetchedSecret, SecretStore};

use super::vault::{Named, Refusal, VaultOptions};

/// The scheme that is resolved here.
pub const SCHEME: &str = "azure-key-vault";

/// Makes a credential when the first secret is asked for.
type Credential = Box<dyn Fn() -> Result<Arc<dyn TokenCredential>, String> + Send + Sync>;

/// Secrets by `azure-key-vault:VAULT/NAME`, or `…/NAME/VERSION` for one that stays as it is.
pub struct VaultSecrets {
    credential: Credential,
    options: VaultOptions,
    clients: Mutex<BTreeMap<String, Arc<SecretClient>>>,
}

impl VaultSecrets {
    /// The secrets that an identity may read.
    pub fn new(
        credential: impl Fn() -> Result<Arc<dyn TokenCredential>, String> + Send + Sync + 'static,
        options: VaultOptions,
    ) -> Self {
        Self { credential: Box::new(credential), options, clients: Mutex::default() }
    }

    /// The secrets that whoever this environment says this is may read.
    pub fn of_environment() -> Self {
        Self::new(super::credential, VaultOptions::default())
    }

    fn client(&self, endpoint: &str) -> Result<Arc<SecretClient>, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(endpoint) {
            return Ok(client.clone());
        }
        let options = SecretClientOptions { client_options: self.options.clone(), ..SecretClientOptions::default() };
        let client = SecretClient::new(endpoint, (self.credential)()?, Some(options));
        let client = Arc::new(client.map_err(|error| error.to_string())?);
        clients.insert(endpoint.to_owned(), client.clone());
        Ok(client)
    }
}

#[async_trait]
impl SecretStore for VaultSecrets {
    fn schemes(&self) -> &'static [&'static str] {
        &[SCHEME]
    }

    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault> {
        let reference = &source.reference;
        let doing = format!("the secret `{reference}` of Key Vault cannot be read");
        let named =
            Named::parse(reference).ok_or_else(|| Fault::rejected(format!("{doing}: write `{SCHEME}:VAULT/NAME`")))?;
        let client = self.client(&named.endpoint).map_err(|why| Fault::rejected(format!("{doing}: {why}")))?;
        let options = SecretClientGetSecretOptions { secret_version: named.version.clone(), ..Default::default() };
        let fault = |error: azure_core::Error| match Refusal::of(&error) {
            Refusal::No { why, .. } => Fault::rejected(format!("{doing}: {why}")),
            Refusal::Later(why) => Fault::transient(format!("{doing}: {why}")),
        };
        let answer = client.get_secret(&named.name, Some(options)).await.map_err(fault)?.into_model().map_err(fault)?;
        let version = answer.id.as_deref().and_then(|id| id.rsplit('/').next()).map(str::to_owned);
        match answer.value {
            Some(value) => Ok(FetchedSecret { value: Secret::new(value), version }),
            None => Err(Fault::rejected(format!("{doing}: it has no value"))),
        }
    }
}

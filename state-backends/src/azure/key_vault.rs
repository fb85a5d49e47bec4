//! A key of Azure Key Vault.
//!
//! The key never leaves the vault. It is an RSA key, the only kind that every vault has; it wraps a key of 256 bits that is drawn for each
//! wrapping, and that one wraps the data key, bound to the stack: RSA-OAEP has nothing to bind it to.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::RequestContent;
use azure_security_keyvault_keys::models::{EncryptionAlgorithm, KeyClientWrapKeyOptions, KeyOperationParameters};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, KeyProvider, WrappedKey};

use super::vault::{Named, Refusal, VaultOptions};
use crate::wrapping;

/// The method's name in wrapped keys.
pub const METHOD: &str = "azure-key-vault";

/// Parameters of a wrapping: the wrapped wrapping key, and the version of the vault's key.
const KEK: &str = "kek";
const VERSION: &str = "version";

/// The longest wrapped key that is sent to the vault, in bytes: that of an RSA key of 4096 bits, the longest that vaults have.
const LONGEST: usize = 512;

/// A key of a vault.
pub struct VaultKey {
    name: String,
    named: Named,
    client: KeyClient,
}

impl VaultKey {
    /// A key by `VAULT/KEY`, or `VAULT/KEY/VERSION` to wrap with that version instead of the newest.
    ///
    /// # Errors
    /// When the name is no such thing.
    pub fn new(name: &str, credential: Arc<dyn TokenCredential>, options: VaultOptions) -> Result<Self, KeyFault> {
        let named = Named::parse(name).ok_or_else(|| {
            KeyFault::Refused(format!("{name:?} is no key of a vault: write `azure-key-vault:VAULT/KEY`"))
        })?;
        let options = KeyClientOptions { client_options: options, ..KeyClientOptions::default() };
        let client = KeyClient::new(&named.endpoint, credential, Some(options))
            .map_err(|error| KeyFault::Refused(format!("the vault of {name}: {error}")))?;
        Ok(Self { name: format!("{}/{}", named.endpoint.trim_start_matches("https://"), named.name), named, client })
    }

    fn fault(&self, doing: &str, refusal: Refusal) -> KeyFault {
        let name = &self.name;
        match refusal {
            // The vault cannot open what its key did not wrap, and calls that a bad parameter.
            Refusal::No { code, .. } if doing == "opened" && code == "BadParameter" => {
                KeyFault::WrongKey(format!("the key {name} is not the one that the state is sealed with"))
            }
            Refusal::No { why, .. } | Refusal::Later(why) => {
                KeyFault::Unavailable(format!("the data key cannot be {doing} with the key {name}: {why}"))
            }
        }
    }

    /// The version at the end of a key's address, when the address is that of this key.
    fn version_of(&self, kid: &str) -> Option<String> {
        let rest = kid.strip_prefix(&self.named.endpoint)?.strip_prefix("/keys/")?.strip_prefix(&self.named.name)?;
        rest.strip_prefix('/').filter(|version| is_version(version)).map(str::to_owned)
    }
}

fn is_version(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn parameters(value: Vec<u8>) -> Result<RequestContent<KeyOperationParameters>, KeyFault> {
    let parameters = KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(value),
        ..KeyOperationParameters::default()
    };
    parameters.try_into().map_err(|error: azure_core::Error| KeyFault::Refused(error.to_string()))
}

#[async_trait]
impl KeyProvider for VaultKey {
    fn describe(&self) -> (String, String) {
        (METHOD.to_owned(), self.name.clone())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, _: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        let mut kek = [0; 32];
        getrandom::fill(&mut kek)
            .map_err(|error| KeyFault::Unavailable(format!("the kernel gives no random numbers: {error}")))?;
        let kek = Secret::new(kek);
        let options = KeyClientWrapKeyOptions { key_version: self.named.version.clone(), ..Default::default() };
        let content = parameters(kek.expose().to_vec())?;
        let answer = self.client.wrap_key(&self.named.name, content, Some(options)).await;
        let fault = |error: azure_core::Error| self.fault("wrapped", Refusal::of(&error));
        let answer = answer.map_err(fault)?.into_model().map_err(fault)?;
        let version = answer.kid.as_deref().and_then(|kid| self.version_of(kid));
        let (Some(version), Some(wrapped)) = (version, answer.result) else {
            return Err(KeyFault::Unavailable(format!("the vault answers for another key than {}", self.name)));
        };
        let params = [(KEK.to_owned(), STANDARD.encode(wrapped)), (VERSION.to_owned(), version)];
        wrapping::wrap(&kek, self.describe(), stack, key, BTreeMap::from(params))
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        let malformed = || KeyFault::Refused("the state names a key that cannot be read: it is malformed".to_owned());
        let version = key.params.get(VERSION).filter(|version| is_version(version)).ok_or_else(malformed)?;
        let wrapped = key.params.get(KEK).and_then(|text| STANDARD.decode(text).ok());
        let wrapped = wrapped.filter(|wrapped| wrapped.len() <= LONGEST).ok_or_else(malformed)?;
        let answer = self.client.unwrap_key(&self.named.name, version, parameters(wrapped)?, None).await;
        let fault = |error: azure_core::Error| self.fault("opened", Refusal::of(&error));
        let answer = answer.map_err(fault)?.into_model().map_err(fault)?;
        let kek = answer.result.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(malformed)?;
        let wrong =
            format!("the wrapped key was made for another stack than this one, or not with the key {}", self.name);
        wrapping::unwrap(&Secret::new(kek), stack, key, &wrong)
    }
}

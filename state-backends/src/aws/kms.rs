//! A key of the AWS Key Management Service.
//!
//! The key never leaves the service: it encrypts and decrypts the data key. Every call carries the stack's uuid as its encryption context, so that a
//! wrapped key of another stack does not open, and the service's log says which stack each call was for.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::identity::{StackUuid, hex};
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, KeyProvider, WrappedKey};
use tokio::sync::OnceCell;

use super::access::{Access, Connection};
use super::fault::Failure;

/// The method's name in wrapped keys.
pub const METHOD: &str = "aws-kms";

/// The name of the context's only entry.
const CONTEXT: &str = "siac:stack";

/// The longest wrapped key that is sent to the service, in bytes: the service's own limit for Decrypt.
const LONGEST: usize = 6144;

/// A key of the service.
pub struct KmsKey {
    key: String,
    connection: Connection,
    client: OnceCell<Client>,
}

impl KmsKey {
    /// A key by its id, ARN, `alias/NAME` or the alias's ARN. An ARN says the region.
    pub fn new(key: impl Into<String>, access: Access) -> Self {
        let key = key.into();
        let region = access.region.or_else(|| region_of(&key));
        Self { key, connection: Connection::new(Access { region, ..access }), client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Client, KeyFault> {
        let connect = || async { Ok(Client::new(self.connection.config().await?)) };
        let client: Result<&Client, String> = self.client.get_or_try_init(connect).await;
        client.map_err(|why| KeyFault::Unavailable(format!("the KMS key {} cannot be reached: {why}", self.key)))
    }

    fn remedy(&self, failure: &Failure) -> String {
        let key = &self.key;
        match failure.code.as_str() {
            "NotFoundException" => {
                format!("there is no key `{key}` in that region; correct `key = \"aws-kms:…\"` in `[state]`")
            }
            "DisabledException" => "enable the key".to_owned(),
            "KMSInvalidStateException" => "the key is disabled or about to be deleted; cancel that".to_owned(),
            "AccessDeniedException" => "give these credentials kms:Encrypt and kms:Decrypt on the key".to_owned(),
            _ => String::new(),
        }
    }
}

/// The region of an ARN.
fn region_of(key: &str) -> Option<String> {
    let mut parts = key.strip_prefix("arn:")?.split(':');
    parts.nth(2).filter(|region| !region.is_empty()).map(str::to_owned)
}

fn context(stack: &StackUuid) -> String {
    hex(&stack.0)
}

#[async_trait]
impl KeyProvider for KmsKey {
    fn describe(&self) -> (String, String) {
        (METHOD.to_owned(), self.key.clone())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, _: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        let request = self.client().await?.encrypt().key_id(&self.key).encryption_context(CONTEXT, context(stack));
        let answer = request.plaintext(Blob::new(key.expose().as_slice())).send().await.map_err(|error| {
            let failure = Failure::of(&error);
            let remedy = self.remedy(&failure);
            failure.of_key(&format!("the data key cannot be wrapped with the KMS key {}", self.key), &remedy)
        })?;
        let wrapped = answer.ciphertext_blob().map(|blob| STANDARD.encode(blob.as_ref())).unwrap_or_default();
        let (method, key_id) = self.describe();
        Ok(WrappedKey { method, key_id, wrapped, params: BTreeMap::new() })
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        let malformed = || KeyFault::Refused("the state names a key that cannot be read: it is malformed".to_owned());
        let bytes = STANDARD.decode(&key.wrapped).ok().filter(|bytes| bytes.len() <= LONGEST).ok_or_else(malformed)?;
        // Naming the key keeps a stranger's key from being used in its place.
        let request = self.client().await?.decrypt().key_id(&self.key).encryption_context(CONTEXT, context(stack));
        let answer = request.ciphertext_blob(Blob::new(bytes)).send().await.map_err(|error| {
            let failure = Failure::of(&error);
            let doing = format!("the data key cannot be opened with the KMS key {}", self.key);
            match failure.is(&["InvalidCiphertextException", "IncorrectKeyException"]) {
                true => {
                    KeyFault::WrongKey(failure.told(&doing, "it was wrapped with another key, or for another stack"))
                }
                false => {
                    let remedy = self.remedy(&failure);
                    failure.of_key(&doing, &remedy)
                }
            }
        })?;
        let opened = answer.plaintext().and_then(|blob| <[u8; 32]>::try_from(blob.as_ref()).ok());
        opened.map(Secret::new).ok_or_else(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn an_arn_says_the_region() {
        assert_eq!(region_of("arn:aws:kms:eu-west-1:1:key/a").as_deref(), Some("eu-west-1"));
        assert_eq!(region_of("arn:aws-us-gov:kms:us-gov-west-1:1:alias/a").as_deref(), Some("us-gov-west-1"));
        assert_eq!(region_of("alias/state"), None);
        assert_eq!(region_of("arn:aws:kms::1:key/a"), None);
    }
}
